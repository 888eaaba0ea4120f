"""Send, as everybody presses it: read the draft, keep what was found, approve it if nothing stands in the way.

One call for the console, for many cases at once and for programs. The learned heads read outside of any session.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from webcare import guard
from webcare.cases.approval_rules import Reason, reasons_now
from webcare.cases.approvals import ask_approval
from webcare.cases.binding import changes_since
from webcare.cases.by_hand import ByHand, record_answer
from webcare.cases.grading import keep_findings, settle_findings
from webcare.cases.overrides import ticked, uncovered
from webcare.cases.record import load, typed_text
from webcare.cases.replies import Approval, send_approved
from webcare.cases.surroundings import PLAIN, Reviewer, surroundings
from webcare.domain import Actor, Finding, ReplyWay, Verdict
from webcare.errors import Change
from webcare.guard.binding import seen_of
from webcare.guard.jokes import jokes
from webcare.people import Permission, require
from webcare.store import Store


@dataclass(frozen=True, slots=True)
class Outcome:
    """What pressing Send came to."""

    verdict: Verdict
    in_the_way: tuple[Finding, ...]  #: findings that nobody answered for
    changes: tuple[Change, ...]  #: since the verdict the person had before them; its overrides do not count
    delivery_id: int | None  #: None = nothing was approved
    approval_id: int | None = None  #: of the reply as it waits for a colleague's yes; None = it does not
    reasons: tuple[Reason, ...] = ()  #: why it waits


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
    way: ReplyWay | None = None,
    by_hand: ByHand | None = None,
) -> Outcome:
    """Read `text` with everything known now and approve it unless something stands in the way.

    `overrides` were given on the verdict `before`: they count only if nothing it saw has changed. Every finding shown
    is kept for the guard's own marks. Where a colleague has to say yes first, the reply waits for that and nothing is
    queued. `by_hand`: it stands on the network already, so it is recorded instead of sent.
    Raises what `send_reply` raises.
    """
    text = typed_text(text, "reply")
    require(by, Permission.SEND_REPLY)
    with store.read() as session:
        case = load(session, case_id)
        context = surroundings(session, case, now=now, reviewer=reviewer, target_id=target_id, way=way)
        seen = seen_of(text, context, guard.RULES_VERSION)
        changes = changes_since(session, case, before.seen, seen, context, text) if before is not None else ()
    verdict = guard.review(text, context)
    joke = any(jokes(text, context))
    given = dict(overrides or {}) if not changes else {}
    covers = {**(ticked(verdict.findings) if acknowledged else {}), **given}
    left = uncovered(verdict.findings, covers)
    with store.write() as session:
        keep_findings(session, case_id, verdict, text, by=by, now=now)
        if left or (changes and overrides):
            return Outcome(verdict, left, changes, None)
        approval = Approval(text, verdict, covers, target_id=target_id, way=way, version=version)
        case = load(session, case_id)
        reasons = reasons_now(session, case, by, verdict, covers, joke=joke, now=now) if by_hand is None else ()
        if reasons:
            asked = ask_approval(session, case_id, approval, reasons, by=by, now=now, reviewer=reviewer)
            return Outcome(verdict, (), changes, None, asked.id, reasons)
        if by_hand is not None:
            delivery = record_answer(session, case_id, approval, by_hand, by=by, now=now, reviewer=reviewer)
        else:
            delivery = send_approved(session, case_id, approval, by=by, now=now, undo=undo, reviewer=reviewer)
        settle_findings(session, case_id, by=by)
        return Outcome(verdict, (), changes, delivery.id)
