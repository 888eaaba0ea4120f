"""Words that people type into reviews, coaching notes and defects."""

from __future__ import annotations

from webcare.errors import WebcareError
from webcare.store.bulk import storable

#: Longest text, in characters.
MAX_WORDS = 4_000


def typed(text: str, *, may_be_empty: bool = False, most: int = MAX_WORDS) -> str:
    """A text as it is kept, trimmed. Raises WebcareError when it is empty or too long."""
    text = storable(text).strip()
    if not text and not may_be_empty:
        raise WebcareError("Write something first.")
    if len(text) > most:
        raise WebcareError("This text has {count} characters; at most {most} fit.", count=len(text), most=most)
    return text
