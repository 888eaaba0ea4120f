"""Incidents: something that went wrong for many at once, from the alarm to the last customer who was told the outcome.

A job looks out for more cases than are usual (`rhythm`, `spikes`), gathers those that say the same (`clusters`) and
raises one alarm (`noticing`). A person opens the incident; from then on `mode`, `hit`, `texts` and `holding` keep who
is hit, what they are told and when. `reading` shows it.
"""
