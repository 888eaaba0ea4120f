"""The check between a draft and the public: may exactly this text go to exactly this place?

`review` is pure: no clock, no file, no database, no network. It runs while people type and again in the
transaction that starts the sending, and gives the same verdict both times.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from webcare.domain import Decision, Finding, Level, ReplyWay, Verdict
from webcare.guard.answering import Unanswered
from webcare.guard.base import Check, MayMiss, ReviewContext
from webcare.guard.binding import seen_of
from webcare.guard.branded import BrandRules, joined
from webcare.guard.copied import CopiedFromNote
from webcare.guard.days import StaleDay
from webcare.guard.hidden import HiddenCharacters
from webcare.guard.jokes import Jokes
from webcare.guard.language import Language
from webcare.guard.learned import NoteLike, SaidAgain
from webcare.guard.length import Length
from webcare.guard.links import Links
from webcare.guard.markers import InternalMarkers
from webcare.guard.names import WrongName
from webcare.guard.personal_data import PersonalData
from webcare.guard.platform import Platform
from webcare.guard.spelling import Spelling

__all__ = ["CHECKS", "RULES_VERSION", "Check", "ReviewContext", "fingerprint", "review"]

#: Stored with every verdict; raise it with any change that can alter one, so that older verdicts fall void.
RULES_VERSION = "guard-16"

#: Every check, in the order they run. The verdict does not depend on the order.
CHECKS: tuple[Check, ...] = (
    CopiedFromNote(),
    InternalMarkers(),
    Length(),
    HiddenCharacters(),
    BrandRules(),
    Jokes(),
    WrongName(),
    StaleDay(),
    Unanswered(),
    PersonalData(),
    Links(),
    Platform(),
    Spelling(),
    Language(),
    SaidAgain(),
    NoteLike(),
)

_FINGERPRINT_LABEL = b"webcare reply v2"


def review(draft: str, context: ReviewContext) -> Verdict:
    """Judge `draft`: BLOCK with any error, WARN with any warning, else PASS.

    Findings are sorted by place. Takes any text and never raises because of it.
    """
    told = joined(finding for check in CHECKS for finding in check.review(draft, context))
    found = sorted(told, key=_place)
    seen = seen_of(draft, context, RULES_VERSION)
    missing = tuple(one for check in CHECKS if isinstance(check, MayMiss) for one in check.missing(draft, context))
    return Verdict(_decide(found), tuple(found), fingerprint(draft, context), RULES_VERSION, missing, seen=seen)


def fingerprint(draft: str, context: ReviewContext) -> str:
    """sha256, in hex, over the text, where it goes, who can read it there and what is attached.

    Every field carries its length, so no two different replies can give the same bytes.
    """
    way = ReplyWay.PRIVATE if context.private else ReplyWay.PUBLIC
    fields = [context.channel, context.account, context.target_id, way.value, draft, *context.attachments]
    digest = hashlib.sha256(_FINGERPRINT_LABEL)
    digest.update(len(context.attachments).to_bytes(8, "big"))
    for field in fields:
        # surrogatepass: a draft with half a character in it is held, but must still have a fingerprint.
        encoded = field.encode("utf-8", "surrogatepass")
        digest.update(len(encoded).to_bytes(8, "big"))
        digest.update(encoded)
    return digest.hexdigest()


def _place(finding: Finding) -> tuple[int, int, str, str, str]:
    return (finding.start, finding.end, finding.check, finding.reason, finding.message)


def _decide(findings: Iterable[Finding]) -> Decision:
    levels = {finding.level for finding in findings}
    if Level.ERROR in levels:
        return Decision.BLOCK
    return Decision.WARN if Level.WARNING in levels else Decision.PASS
