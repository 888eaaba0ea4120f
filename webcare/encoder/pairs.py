"""Texts of agents: how the encoder reads a note and a sentence as one, and whose texts it never learned from.

A head over the encoder must be judged on hands that neither has met, so both name the authors from here.
"""

from __future__ import annotations

#: Authors of `data/guard` are ways of writing; a test author writes like nobody in the training part.
TEST_AUTHORS = frozenset("efhmpv")
#: Authors whose texts neither the encoder nor the guard's heads learn from: what a score means is read off theirs.
FRESH_AUTHORS = frozenset("jtwK")
#: The same for jokes, whose authors have letters of their own; whose are the test part is said in each row.
FRESH_JOKERS = frozenset("n")
#: The rounds in which pairs were written, as their files begin.
ROUNDS = ("pairs", "pairs2", "pairs3", "pairs4")
#: Stands between a note and the sentence that is read behind it.
BETWEEN = " ||| "
_MOST_OF_A_NOTE = 300


def beside(note: str, sentence: str) -> str:
    """What the encoder reads to say whether a sentence gives a note away."""
    return f"{note.strip()[:_MOST_OF_A_NOTE]}{BETWEEN}{sentence.strip()}"
