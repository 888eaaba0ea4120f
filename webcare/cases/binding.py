"""What changed since a reply was checked, with the words before and after where words changed."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session

from webcare.cases.surroundings import text_of
from webcare.domain import Said, Verdict
from webcare.errors import Change, VerdictOutdated
from webcare.guard.base import ReviewContext
from webcare.guard.binding import Part, Seen, changed_parts, id_in, marks_of, sentence
from webcare.store.tables import CaseRow

#: The parts whose mark names a text that can be read again.
_TEXTS = (Part.TARGET, Part.CUSTOMER, Part.OURS)


def changes_since(
    session: Session, case: CaseRow, before: Seen, after: Seen, context: ReviewContext, text: str
) -> tuple[Change, ...]:
    """What is not as the verdict with the marks `before` saw it; `after`, `context` and `text` are how it is now."""
    now_says = {
        Part.TEXT: text,
        Part.TARGET: context.mention,
        Part.CUSTOMER: context.newest_message[1],
        Part.OURS: context.newest_reply[1],
    }
    old = marks_of(before)
    return tuple(
        Change(part.value, _before(session, case, part, old.get(part.value, "")), now_says.get(part, ""))
        for part in changed_parts(before, after)
    )


def require_bound(
    session: Session, case: CaseRow, verdict: Verdict, now_says: Verdict, context: ReviewContext, text: str
) -> None:
    """Raise VerdictOutdated, saying what changed, unless both verdicts saw the same."""
    if (verdict.fingerprint, verdict.seen) != (now_says.fingerprint, now_says.seen):
        changes = changes_since(session, case, verdict.seen, now_says.seen, context, text)
        raise VerdictOutdated(sentence(Part(change.part) for change in changes) if changes else "", changes)
    if verdict.rules_version != now_says.rules_version:
        raise VerdictOutdated(sentence([Part.RULES]), (Change(Part.RULES.value),))
    if unread := missing_since(verdict.missing, now_says.missing):
        why = Said("This reply has to be checked again: {unread} could not read it just now.", unread=unread)
        raise VerdictOutdated(why)


def missing_since(before: Sequence[str], after: Sequence[str]) -> str:
    """The checks that ran then and could not run now, for a sentence; empty when there are none.

    What is missing is told as "check: why"; a check that misses for another reason than before is no news.
    """
    then = {_check(told) for told in before}
    return ", ".join(dict.fromkeys(_check(told) for told in after if _check(told) not in then))


def _check(told: str) -> str:
    return told.partition(":")[0]


def _before(session: Session, case: CaseRow, part: Part, mark: str) -> str:
    return text_of(session, case, id_in(mark)) if part in _TEXTS and mark else ""
