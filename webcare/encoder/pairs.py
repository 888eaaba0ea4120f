"""How two texts are read as one, for the question whether the second gives the first away."""

from __future__ import annotations

#: Stands between a note and the sentence that is read behind it.
BETWEEN = " ||| "
_MOST_OF_A_NOTE = 300


def beside(note: str, sentence: str) -> str:
    """What the encoder reads to say whether a sentence gives a note away."""
    return f"{note.strip()[:_MOST_OF_A_NOTE]}{BETWEEN}{sentence.strip()}"
