"""Habits of a network that make a fine text look odd there, or be refused."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from webcare.domain import N_, Finding, Level, Override, Said
from webcare.guard.base import ReviewContext

#: A reply with more hashtags than this reads as advertising.
_HASHTAGS = 2
_HASHTAG = re.compile(r"(?<![\w&/#])[#＃](?=\w{0,100}[^\W\d_])\w{2,100}")
_LEADING = re.compile(r"\s*(?:[@＠]\w{1,50}\b[\s,:]*)+")
#: X refuses posts with these: docs.x.com, twitter-text, "invalid characters".
_REFUSED = re.compile("[\ufffe\uffff\ufeff]+")
_X = "x"

_TAGS = N_("There are {count} hashtags. A reply to one person reads better with {most} at most.")
_NAMES = N_("X puts the name of whom you answer before a reply by itself; it need not stand here.")
_CHARACTER = N_("X refuses posts with the invisible character that stands here. Delete it.")


class Platform:
    """Points at what a network does differently: names before a reply, hashtags, characters it refuses."""

    name = "platform"

    def review(self, draft: str, context: ReviewContext) -> Iterable[Finding]:
        """Suggestions, but for characters that X refuses."""
        if context.channel == _X:
            yield from self._refused(draft)
            yield from self._leading(draft, context)
        tags = list(_HASHTAG.finditer(draft))
        if len(tags) > _HASHTAGS and not context.private:
            message = Said(_TAGS, count=len(tags), most=_HASHTAGS)
            yield self._say("hashtags", message, tags[_HASHTAGS].start(), tags[-1].end())

    def _leading(self, draft: str, context: ReviewContext) -> Iterator[Finding]:
        match = _LEADING.match(draft)
        answers = bool(context.target_id or context.mention)
        if match is not None and answers and not context.private and match.end() < len(draft):
            yield self._say("leading_name", Said(_NAMES), 0, match.end(), fixes=("",))

    def _refused(self, draft: str) -> Iterator[Finding]:
        for match in _REFUSED.finditer(draft):
            start, end = match.span()
            yield Finding(
                self.name,
                Level.ERROR,
                "refused_character",
                Said(_CHARACTER),
                start,
                end,
                fixes=("",),
                override=Override.NONE,
            )

    def _say(self, reason: str, message: str, start: int, end: int, *, fixes: tuple[str, ...] = ()) -> Finding:
        return Finding(
            self.name, Level.SUGGESTION, reason, message, start, end, fixes=fixes, override=Override.ACKNOWLEDGE
        )
