"""The learned part of the guard: heads over the shipped encoder's embeddings, in this process or asked of another.

Importing this package loads neither torch nor any weights.
"""

from webcare.guard.learned.checks import NoteLike, SaidAgain

__all__ = ["NoteLike", "SaidAgain"]
