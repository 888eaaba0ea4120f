"""Does the draft fit, by the network's own way of counting and by the brand's own measure?"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator

from webcare.domain import N_, Finding, Level, Override, Said
from webcare.guard.base import ReviewContext
from webcare.guard.parts import cut

#: (used, limit) of a text.
_Count = Callable[[str], tuple[int, int]]
#: Blank to the eye although Unicode calls them letters or symbols (Hangul fillers, blank Braille).
_BLANK = frozenset("\u115f\u1160\u3164\uffa0\u2800")
_UNSEEN = ("C", "Z", "M")
_SENTENCE_END = re.compile(r"[.!?…]+[\"'”’)]*(?=\s)")
#: More parts than this are no conversation any more.
_PARTS = 4

_TOO_LONG = N_("The reply is too long: {used} of {limit} characters. Shorten it by {over}.")
_TOO_LONG_IN_PARTS = N_(
    "The reply is too long: {used} of {limit} characters. Shorten it by {over}. "
    "Or send it as {parts} replies, the first up to “{words}”."
)
_BRAND = N_("The brand keeps replies to {limit} characters; this one has {used}. Shorten it by {over}.")


class Length:
    """Holds empty drafts and those longer than the network takes, in parts where it takes parts, or the brand."""

    name = "length"

    def review(self, draft: str, context: ReviewContext) -> Iterable[Finding]:
        """At most one finding; for a long draft it covers what is too much."""
        if not any(map(_is_seen, draft)):
            if not context.attachments or draft:
                message = Said("The reply is empty. Write something before you send it.")
                yield Finding(self.name, Level.ERROR, "empty", message, 0, len(draft))
            return
        found = list(self._by_network(draft, context))
        yield from found or self._by_brand(draft, context)

    def _by_network(self, draft: str, context: ReviewContext) -> Iterator[Finding]:
        if context.length is None:
            return
        used, limit = context.length(draft)
        if used > limit and not (context.parts > 1 and cut(draft, context.length, context.parts)):
            start = _fitting(draft, context.length)
            message = _too_long(draft, start, used, limit)
            yield Finding(self.name, Level.ERROR, "too_long", message, start, len(draft))

    def _by_brand(self, draft: str, context: ReviewContext) -> Iterator[Finding]:
        """The brand's limit for public replies, counted as the network counts."""
        limit = context.brand.limits.get("characters", 0)
        if not limit or context.private:
            return
        count = _counting(context.length, limit)
        used, _ = count(draft)
        if used > limit:
            message = Said(_BRAND, limit=limit, used=used, over=used - limit)
            yield Finding(
                self.name,
                Level.ERROR,
                "over_brand_limit",
                message,
                _fitting(draft, count),
                len(draft),
                override=Override.JUSTIFICATION,
            )


def _counting(network: _Count | None, limit: int) -> _Count:
    if network is None:
        return lambda text: (len(unicodedata.normalize("NFC", text)), limit)
    return lambda text: (network(text)[0], limit)


def _too_long(draft: str, fits: int, used: int, limit: int) -> Said:
    """With advice to send several replies, where there is a sentence to break after and two to four would do."""
    ends = [match.end() for match in _SENTENCE_END.finditer(draft[: fits + 1])]
    parts = math.ceil(used / limit) if limit > 0 else 0
    if not ends or not 1 < parts <= _PARTS:
        return Said(_TOO_LONG, used=used, limit=limit, over=used - limit)
    words = " ".join(draft[: ends[-1]].split()[-3:])
    return Said(_TOO_LONG_IN_PARTS, used=used, limit=limit, over=used - limit, parts=parts, words=words)


def _is_seen(character: str) -> bool:
    return character not in _BLANK and unicodedata.category(character)[0] not in _UNSEEN


def _fitting(draft: str, length: _Count) -> int:
    """How many characters from the start fit, by halving; about a dozen counts for any draft."""
    fits, exceeds = 0, len(draft)
    while exceeds - fits > 1:
        middle = (fits + exceeds) // 2
        used, limit = length(draft[:middle])
        fits, exceeds = (middle, exceeds) if used <= limit else (fits, middle)
    return fits
