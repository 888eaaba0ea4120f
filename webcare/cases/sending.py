"""Send, as everybody presses it: read the draft, keep what was found, approve it if nothing stands in the way.

One call for the console, for many cases at once and for programs. The learned heads read outside of any session.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from webcare import guard
from webcare.cases.binding import changes_since
from webcare.cases.grading import keep_findings, settle_findings
from webcare.cases.overrides import ticked, uncovered
from webcare.cases.record import load, typed_text
from webcare.cases.replies import send_reply
from webcare.cases.surroundings import PLAIN, Reviewer, surroundings
from webcare.domain import Actor, Finding, Verdict
from webcare.errors import Change
from webcare.guard.binding import seen_of
from webcare.people import Permission, require
from webcare.store import Store


@dataclass(frozen=True, slots=True)
class Outcome:
    """What pressing Send came to."""

    verdict: Verdict
    in_the_way: tuple[Finding, ...]  #: findings that nobody answered for
    changes: tuple[Change, ...]  #: since the verdict the person had before them; its overrides do not count
    delivery_id: int | None  #: None = nothing was approved


def check_and_send(
    store: Store,
    case_id: int,
    *,
    text: str,
    by: Actor,
    now: datetime,
    undo: timedelta,
    reviewer: Reviewer = PLAIN,
    before: Verdict | None = None,
    overrides: Mapping[str, str] | None = None,
    acknowledged: bool = False,
    version: int | None = None,
    target_id: str | None = None,
) -> Outcome:
    """Read `text` with everything known now and approve it unless something stands in the way.

    `overrides` were given on the verdict `before`: they count only if nothing it saw has changed. Every finding shown
    is kept for the guard's own marks. Raises what `send_reply` raises.
    """
    text = typed_text(text, "reply")
    require(by, Permission.SEND_REPLY)
    with store.read() as session:
        case = load(session, case_id)
        context = surroundings(session, case, now=now, reviewer=reviewer, target_id=target_id)
        seen = seen_of(text, context, guard.RULES_VERSION)
        changes = changes_since(session, case, before.seen, seen, context, text) if before is not None else ()
    verdict = guard.review(text, context)
    given = dict(overrides or {}) if not changes else {}
    covers = {**(ticked(verdict.findings) if acknowledged else {}), **given}
    left = uncovered(verdict.findings, covers)
    with store.write() as session:
        keep_findings(session, case_id, verdict, text, by=by, now=now)
        if left or (changes and overrides):
            return Outcome(verdict, left, changes, None)
        delivery = send_reply(
            session,
            case_id,
            text=text,
            verdict=verdict,
            by=by,
            now=now,
            undo=undo,
            version=version,
            overrides=covers,
            target_id=target_id,
            reviewer=reviewer,
        )
        settle_findings(session, case_id, by=by)
        return Outcome(verdict, (), changes, delivery.id)
