"""Does the draft fit, by the network's own way of counting?"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable

from webcare.domain import Finding, Level
from webcare.guard.base import ReviewContext

#: Blank to the eye although Unicode calls them letters or symbols (Hangul fillers, blank Braille).
_BLANK = frozenset("\u115f\u1160\u3164\uffa0\u2800")
_UNSEEN = ("C", "Z", "M")


class Length:
    """Holds empty drafts and those longer than the network takes."""

    name = "length"

    def review(self, draft: str, context: ReviewContext) -> Iterable[Finding]:
        """At most one finding; for a long draft it covers what is too much."""
        if not any(map(_is_seen, draft)):
            if not context.attachments or draft:
                message = "The reply is empty. Write something before you send it."
                yield Finding(self.name, Level.ERROR, "empty", message, 0, len(draft))
            return
        if context.length is None:
            return
        used, limit = context.length(draft)
        if used > limit:
            message = f"The reply is too long: {used} of {limit} characters. Shorten it by {used - limit}."
            start = _fitting(draft, context.length)
            yield Finding(self.name, Level.ERROR, "too_long", message, start, len(draft))


def _is_seen(character: str) -> bool:
    return character not in _BLANK and unicodedata.category(character)[0] not in _UNSEEN


def _fitting(draft: str, length: Callable[[str], tuple[int, int]]) -> int:
    """How many characters from the start fit, by halving; about a dozen counts for any draft."""
    fits, exceeds = 0, len(draft)
    while exceeds - fits > 1:
        middle = (fits + exceeds) // 2
        used, limit = length(draft[:middle])
        fits, exceeds = (middle, exceeds) if used <= limit else (fits, middle)
    return fits
