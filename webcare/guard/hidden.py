"""Characters a reader cannot see but a network, a screen or a colleague may trip over."""

from __future__ import annotations

import re
from collections.abc import Iterable

from webcare.domain import N_, Finding, Level, Said
from webcare.guard.base import ReviewContext

_SURROGATE = re.compile("[\ud800-\udfff]+")
_DIRECTION = re.compile("[\u202a-\u202e\u2066-\u2069\u061c]+")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029]+")
# Joiners between emoji and in scripts that need them are fine; between Latin letters nobody types them.
_INVISIBLE = re.compile(
    "[\u200b\u2060\ufeff\u00ad]+|(?<=[A-Za-z])[\u200c\u200d]+(?=[A-Za-z])|"
    # Flags of England, Scotland and Wales are a black flag followed by invisible tag letters.
    "(?<![\U0001f3f4\U000e0020-\U000e007f])[\U000e0020-\U000e007f]+"
)

_RULES = (
    (_SURROGATE, Level.ERROR, "unreadable_character", "Half a character stands here; no network takes it. Delete it."),
    (
        _DIRECTION,
        Level.WARNING,
        "direction_override",
        N_("An invisible mark here can turn the order of the text around. Delete it unless you meant it."),
    ),
    (
        _CONTROL,
        Level.WARNING,
        "control_character",
        N_("An invisible control character stands here, often from pasting. Delete it."),
    ),
    (
        _INVISIBLE,
        Level.WARNING,
        "invisible_character",
        N_("An invisible character stands here, often from pasting. Delete it."),
    ),
)


class HiddenCharacters:
    """Warns of control characters, direction overrides and invisible letters."""

    name = "hidden"

    def review(self, draft: str, context: ReviewContext) -> Iterable[Finding]:
        """One finding per stretch of such characters; only half characters are errors."""
        for pattern, level, reason, message in _RULES:
            for match in pattern.finditer(draft):
                yield Finding(self.name, level, reason, Said(message), match.start(), match.end())
