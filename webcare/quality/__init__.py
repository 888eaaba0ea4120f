"""Quality and learning: reviews of sent replies, coaching between two people, defects, and what customers wish.

Nothing here changes a case or sends anything. Scores say how replies are, never who is best: they are shown with their
number and their interval, of a team to its reviewers and of a person to that person and whoever reviews or leads them.
"""
