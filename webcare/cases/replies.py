"""From draft to approved reply: check it, approve it, take it back. The only door into the outbox."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from webcare import guard
from webcare.cases.assignment import start_work
from webcare.cases.binding import missing_since, require_bound
from webcare.cases.jokes import JOKE
from webcare.cases.notes import discard_draft, draft_of, save_draft
from webcare.cases.overrides import overridden, record_overrides, require_covered, ticked
from webcare.cases.record import EventKind, changed, customer_messages, load, load_to_change, typed_text
from webcare.cases.surroundings import PLAIN, Reviewer, find_target, surroundings
from webcare.domain import Actor, DeliveryState, MentionKind, Override, Verdict
from webcare.errors import ReplyPending, UndoTooLate
from webcare.guard.base import ReviewContext
from webcare.guard.binding import Part, Seen, changed_parts, marks_of, sentence
from webcare.guard.jokes import jokes
from webcare.people import Permission, find_agent, person_id, require
from webcare.store.bulk import storable
from webcare.store.tables import AgentRow, CaseRow, DeliveryRow, MentionRow, ThreadRow


def review_reply(
    session: Session,
    case_id: int,
    *,
    text: str,
    now: datetime,
    reviewer: Reviewer = PLAIN,
    target_id: str | None = None,
) -> Verdict:
    """Let the guard read a draft against everything it may not give away on this case.

    `target_id` is the external id of the message answered; None = the customer's newest. With learned heads use
    `check_and_send`, which lets go of the session while they think. Raises CaseNotFound, or CaseStateRefused when
    there is nothing to answer.
    """
    context = surroundings(session, load(session, case_id), now=now, reviewer=reviewer, target_id=target_id)
    return guard.review(text.strip(), context)


def draft_surroundings(session: Session, case_id: int, *, now: datetime, reviewer: Reviewer = PLAIN) -> ReviewContext:
    """What `guard.review` needs to read a draft on this case once the session is closed.

    Raises CaseNotFound, or CaseStateRefused when there is nothing to answer.
    """
    return surroundings(session, load(session, case_id), now=now, reviewer=reviewer)


def send_reply(
    session: Session,
    case_id: int,
    *,
    text: str,
    verdict: Verdict,
    by: Actor,
    now: datetime,
    undo: timedelta,
    version: int | None = None,
    overrides: Mapping[str, str] | None = None,
    acknowledged: bool = False,
    target_id: str | None = None,
    reviewer: Reviewer = PLAIN,
) -> DeliveryRow:
    """Approve exactly the text the verdict saw; it leaves after `undo`.

    `overrides` says in spite of which findings (`Finding.key`) and why; `acknowledged` ticks all that a tick is enough
    for. Raises VerdictOutdated, with what changed, when anything is not as the verdict saw it; GuardBlocked when a
    finding is not covered; ReplyPending when an answer to this message is on its way.
    """
    text = typed_text(text, "reply")
    case = load_to_change(session, case_id, by=by, needs=Permission.SEND_REPLY, version=version)
    quick = reviewer.recalling()
    context = surroundings(session, case, now=now, reviewer=quick, target_id=target_id)
    # The verdict a caller brings is never trusted alone: the text is read again under the rules in force.
    now_says = guard.review(text, context)
    require_bound(session, case, verdict, now_says, context, text)
    covers = {**(ticked(now_says.findings) if acknowledged else {}), **(overrides or {})}
    require_covered(now_says.findings, covers)
    delivery = _queue(session, case, context, text, now_says, by, now, undo)
    in_spite_of = record_overrides(session, delivery, now_says.findings, covers, by=by, now=now)
    discard_draft(session, case_id, kind="reply", by=by)
    if case.assignee_id is None:
        case.assignee_id = person_id(by)
    start_work(case)
    detail = {"delivery_id": delivery.id, "fingerprint": verdict.fingerprint, "in_spite_of": in_spite_of}
    changed(session, case, EventKind.REPLY_APPROVED, by=by, now=now, detail=detail)
    return delivery


def take_back(session: Session, delivery_id: int, *, by: Actor, now: datetime) -> DeliveryRow:
    """Stop a reply that has not left yet; its text becomes the person's draft again. Raises UndoTooLate."""
    require(by, Permission.SEND_REPLY)
    taken = session.execute(
        update(DeliveryRow)
        .where(
            col(DeliveryRow.id) == delivery_id,
            col(DeliveryRow.state) == DeliveryState.PENDING.value,
            col(DeliveryRow.attempt) == 0,
        )
        .values(state=DeliveryState.CANCELLED.value)
    )
    row = session.get(DeliveryRow, delivery_id, populate_existing=True)
    if row is None or taken.rowcount != 1:  # type: ignore[attr-defined]
        raise UndoTooLate()
    case = load_to_change(session, row.case_id, by=by, needs=Permission.SEND_REPLY)
    _give_text_back(session, row, by, now)
    changed(session, case, EventKind.REPLY_CANCELLED, by=by, now=now, detail={"delivery_id": delivery_id})
    return row


def read_again(session: Session, delivery: DeliveryRow, *, now: datetime, reviewer: Reviewer = PLAIN) -> ReviewContext:
    """The surroundings of an approved reply as they are now; notes and public texts may have changed since."""
    return surroundings(session, load(session, delivery.case_id), now=now, reviewer=reviewer, delivery=delivery)


def why_held(session: Session, delivery: DeliveryRow, context: ReviewContext, verdict: Verdict) -> str:
    """Why an approved reply may not leave after all, in words; empty when it may.

    Delivery asks this right before a text leaves, on the rules in force at that moment. Whatever the verdict of the
    approval was bound to must be as it was, but for notes: a new one is read against the reply instead, because
    people note what they just answered.
    """
    if verdict.fingerprint != delivery.fingerprint:
        return "It is not the reply that was checked."
    approved = delivery.verdict
    if parts := _void_parts(approved.get("seen", ()), approved.get("missing", ()), verdict):
        return sentence(parts)
    assert delivery.id is not None
    known = overridden(session, delivery.id)
    coverable = (None, Override.ACKNOWLEDGE, Override.JUSTIFICATION)
    for finding in verdict.findings:
        if finding.asks not in coverable or (finding.asks is not None and finding.key not in known):
            return finding.message
    return ""


def _void_parts(approved: Seen, missing: Sequence[str], verdict: Verdict) -> list[Part]:
    parts = set(changed_parts(approved, verdict.seen))
    heads_then, heads_now = (marks_of(seen).get(Part.HEADS, "") for seen in (approved, verdict.seen))
    if not (heads_then and heads_now):
        parts.discard(Part.HEADS)
    if not heads_then or (heads_now and not missing_since(missing, verdict.missing)):
        # The new notes were read by all that read the reply then.
        parts -= {Part.NOTES, Part.FACTS}
    return sorted(parts, key=list(Part).index)


def restore_draft(session: Session, delivery: DeliveryRow, *, now: datetime) -> None:
    """Give the author the text of a reply that did not go out, unless they are writing something else already."""
    row = session.get(AgentRow, delivery.author_id)
    if row is None or not row.active:
        return
    _give_text_back(session, delivery, find_agent(session, delivery.author_id), now)


def _give_text_back(session: Session, delivery: DeliveryRow, to: Actor, now: datetime) -> None:
    if not draft_of(session, delivery.case_id, kind="reply", by=to):
        save_draft(session, delivery.case_id, kind="reply", text=delivery.text, by=to, now=now)


def _queue(
    session: Session,
    case: CaseRow,
    context: ReviewContext,
    text: str,
    verdict: Verdict,
    by: Actor,
    now: datetime,
    undo: timedelta,
) -> DeliveryRow:
    author = person_id(by)
    assert case.id is not None
    target = find_target(customer_messages(session, case.id), context.target_id)
    row = DeliveryRow(
        case_id=case.id,
        account_id=case.account_id,
        target_external_id=target.external_id,
        thread_external_id=_thread_id(session, target),
        kind=_reply_kind(target).value,
        text=storable(text),
        fingerprint=verdict.fingerprint,
        rules_version=verdict.rules_version,
        verdict={**asdict(verdict), JOKE: any(jokes(text, context))},
        author_id=author,
        approver_id=author,
        created_at=now,
        not_before=now + undo,
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError as error:
        raise ReplyPending() from error
    return row


def _reply_kind(target: MentionRow) -> MentionKind:
    private = target.kind == MentionKind.DIRECT_MESSAGE
    return MentionKind.DIRECT_MESSAGE if private else MentionKind.REPLY


def _thread_id(session: Session, target: MentionRow) -> str:
    thread = session.get(ThreadRow, target.thread_id)
    assert thread is not None
    return thread.external_id
