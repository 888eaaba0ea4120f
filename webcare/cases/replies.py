"""From draft to approved reply: check it, approve it, take it back. The only door into the outbox."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from webcare import guard
from webcare.cases.answering import way_of
from webcare.cases.approval_rules import reasons_now
from webcare.cases.assignment import start_work
from webcare.cases.binding import require_bound
from webcare.cases.drafts import choose_way, discard_draft, draft_of, save_draft, set_aside
from webcare.cases.handing_over import close_as_replied
from webcare.cases.jokes import JOKE
from webcare.cases.overrides import record_overrides, require_covered, ticked
from webcare.cases.parts import all_parts, beside_verdict, parts_from, placeholder, text_from
from webcare.cases.promise_words import ZONE, zone_of
from webcare.cases.record import EventKind, changed, customer_messages, load, load_to_change, typed_text
from webcare.cases.surroundings import PLAIN, Reviewer, find_target, surroundings
from webcare.domain import Actor, DeliveryState, MentionKind, ReplyWay, Verdict
from webcare.errors import ApprovalNeeded, ReplyPending, UndoTooLate
from webcare.guard.base import ReviewContext
from webcare.guard.jokes import jokes
from webcare.guard.parts import cut
from webcare.people import Permission, find_agent, person_id, require
from webcare.store.bulk import storable
from webcare.store.tables import AgentRow, CaseRow, DeliveryRow, MentionRow, ThreadRow


@dataclass(frozen=True, slots=True)
class Approval:
    """What a person approves: a text, the verdict they saw, and what they answered for."""

    text: str
    verdict: Verdict
    overrides: Mapping[str, str] | None = None  #: in spite of which findings (`Finding.key`), and why
    acknowledged: bool = False  #: ticks all that a tick is enough for
    target_id: str | None = None  #: external id of the message answered; None = the customer's newest
    way: ReplyWay | None = None  #: None = the way that message came
    version: int | None = None  #: of the case, as the person saw it
    approver: Actor | None = None  #: the colleague who said yes, where one had to
    approver_overrides: frozenset[str] = frozenset()  #: of the overrides, those that are the approver's
    survey: bool = False  #: asks how we helped: nobody wrote it just now


def review_reply(
    session: Session,
    case_id: int,
    *,
    text: str,
    now: datetime,
    reviewer: Reviewer = PLAIN,
    target_id: str | None = None,
    way: ReplyWay | None = None,
) -> Verdict:
    """Let the guard read a draft against everything it may not give away on this case.

    `target_id` is the external id of the message answered; None = the customer's newest. With learned heads use
    `check_and_send`, which lets go of the session while they think. Raises CaseNotFound, or CaseStateRefused when
    there is nothing to answer.
    """
    case = load(session, case_id)
    context = surroundings(session, case, now=now, reviewer=reviewer, target_id=target_id, way=way)
    return guard.review(text.strip(), context)


def draft_surroundings(
    session: Session, case_id: int, *, now: datetime, reviewer: Reviewer = PLAIN, way: ReplyWay | None = None
) -> ReviewContext:
    """What `guard.review` needs to read a draft on this case once the session is closed.

    Raises CaseNotFound, or CaseStateRefused when there is nothing to answer.
    """
    return surroundings(session, load(session, case_id), now=now, reviewer=reviewer, way=way)


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
    way: ReplyWay | None = None,
    reviewer: Reviewer = PLAIN,
) -> DeliveryRow:
    """Approve exactly the text the verdict saw; it leaves after `undo`, in parts where it is longer than one post.

    `overrides` says in spite of which findings (`Finding.key`) and why; `acknowledged` ticks all that a tick is enough
    for. Gives the (first) delivery. Raises VerdictOutdated, with what changed, when anything is not as the verdict saw
    it; GuardBlocked when a finding is not covered; ReplyPending when an answer to this message is on its way;
    ApprovalNeeded when a colleague has to say yes first.
    """
    approval = Approval(text, verdict, overrides, acknowledged, target_id, way, version)
    return send_approved(session, case_id, approval, by=by, now=now, undo=undo, reviewer=reviewer)


def send_approved(
    session: Session,
    case_id: int,
    approval: Approval,
    *,
    by: Actor,
    now: datetime,
    undo: timedelta,
    reviewer: Reviewer = PLAIN,
) -> DeliveryRow:
    """`send_reply` with everything a person approves in one value."""
    case, delivery, in_spite_of = approve(session, case_id, approval, by=by, now=now, undo=undo, reviewer=reviewer)
    if case.assignee_id is None:
        case.assignee_id = person_id(by)
    start_work(case)
    detail = {"delivery_id": delivery.id, "fingerprint": delivery.fingerprint, "in_spite_of": in_spite_of}
    detail |= {"way": delivery.way, "parts": len(parts_from(session, delivery))}
    detail |= close_as_replied(session, case, by=by, now=now)
    changed(session, case, EventKind.REPLY_APPROVED, by=by, now=now, detail=detail)
    return delivery


def approve(
    session: Session,
    case_id: int,
    approval: Approval,
    *,
    by: Actor,
    now: datetime,
    undo: timedelta,
    reviewer: Reviewer = PLAIN,
    in_parts: bool = True,
) -> tuple[CaseRow, DeliveryRow, list[str]]:
    """The gate: read the text under the rules in force and make its rows, for what is longer than one post `in_parts`.

    Gives the case, the first row, and in spite of which findings. The caller writes the event. Raises what `send_reply`
    raises.
    """
    text = storable(typed_text(approval.text, "reply"))
    case = load_to_change(session, case_id, by=by, needs=Permission.SEND_REPLY, version=approval.version)
    quick = reviewer.recalling()
    target_id, way = approval.target_id, approval.way
    context = surroundings(session, case, now=now, reviewer=quick, target_id=target_id, way=way)
    # The verdict a caller brings is never trusted alone: the text is read again under the rules in force.
    now_says = guard.review(text, context)
    require_bound(session, case, approval.verdict, now_says, context, text)
    covers = {**(ticked(now_says.findings) if approval.acknowledged else {}), **(approval.overrides or {})}
    require_covered(now_says.findings, covers)
    beside = {JOKE: any(jokes(text, context)), ZONE: zone_of(context.market, reviewer.zone)}
    # What a colleague posted by hand stands there already: a yes would come too late.
    if in_parts and approval.approver is None:
        _require_no_yes(session, case, by, now_says, covers, joke=beside[JOKE] is True, now=now)
    spans = _spans(text, context) if in_parts else ((0, len(text)),)
    approval = replace(approval, text=text, verdict=now_says)
    delivery = _queue(session, case, context, approval, spans, beside, by, now, undo)
    in_spite_of = _record_overrides(session, delivery, approval, covers, by, now)
    if approval.approver is not None or approval.survey:
        # Whatever its author writes by now is another text.
        return case, delivery, in_spite_of
    discard_draft(session, case_id, kind="reply", by=by, used=text)
    return case, delivery, in_spite_of


def _require_no_yes(
    session: Session,
    case: CaseRow,
    by: Actor,
    verdict: Verdict,
    covers: Mapping[str, str],
    *,
    joke: bool,
    now: datetime,
) -> None:
    if reasons_now(session, case, by, verdict, covers, joke=joke, now=now):
        raise ApprovalNeeded()


def _record_overrides(
    session: Session, delivery: DeliveryRow, approval: Approval, covers: Mapping[str, str], by: Actor, now: datetime
) -> list[str]:
    """Keep each override under the name of whoever gave it."""
    keys: list[str] = []
    for person, theirs in ((by, False), (approval.approver, True)):
        found = [one for one in approval.verdict.findings if (one.key in approval.approver_overrides) is theirs]
        if person is not None:
            keys += record_overrides(session, delivery, found, covers, by=person, now=now)
    return keys


def take_back(session: Session, delivery_id: int, *, by: Actor, now: datetime) -> DeliveryRow:
    """Stop a reply that has not left yet; its text becomes the person's draft again. Raises UndoTooLate.

    Of an answer in parts every part is taken back that has not left.
    """
    require(by, Permission.SEND_REPLY)
    row = session.get(DeliveryRow, delivery_id)
    if row is None:
        raise UndoTooLate()
    waiting = [one for one in all_parts(session, row) if one.state == DeliveryState.PENDING and not one.attempt]
    taken = session.execute(
        update(DeliveryRow)
        .where(
            col(DeliveryRow.id).in_([one.id for one in waiting]),
            col(DeliveryRow.state) == DeliveryState.PENDING.value,
            col(DeliveryRow.attempt) == 0,
        )
        .values(state=DeliveryState.CANCELLED.value)
    )
    if row not in waiting or taken.rowcount != len(waiting):  # type: ignore[attr-defined]
        raise UndoTooLate()
    for one in waiting:
        session.refresh(one)
    case = load_to_change(session, row.case_id, by=by, needs=Permission.SEND_REPLY)
    _give_text_back(session, waiting[0], by, now)
    changed(session, case, EventKind.REPLY_CANCELLED, by=by, now=now, detail={"delivery_id": delivery_id})
    return row


def restore_draft(session: Session, delivery: DeliveryRow, *, now: datetime) -> None:
    """Give the author the text of a reply that did not go out, unless they are writing something else already.

    Of an answer in parts that is the text from this part on.
    """
    row = session.get(AgentRow, delivery.author_id)
    if row is None or not row.active:
        return
    _give_text_back(session, delivery, find_agent(session, delivery.author_id), now)


def _give_text_back(session: Session, delivery: DeliveryRow, to: Actor, now: datetime) -> None:
    text = text_from(delivery)
    if draft_of(session, delivery.case_id, kind="reply", by=to):
        set_aside(session, delivery.case_id, kind="reply", text=text, by=to, now=now)
    else:
        save_draft(session, delivery.case_id, kind="reply", text=text, by=to, now=now)
        choose_way(session, delivery.case_id, way=ReplyWay(delivery.way), by=to, now=now)


def _queue(
    session: Session,
    case: CaseRow,
    context: ReviewContext,
    approval: Approval,
    spans: Sequence[tuple[int, int]],
    beside: Mapping[str, object],
    by: Actor,
    now: datetime,
    undo: timedelta,
) -> DeliveryRow:
    """Make the rows, one for each part; gives the first."""
    author, text, verdict = person_id(by), approval.text, approval.verdict
    approver = person_id(approval.approver) if approval.approver is not None else author
    assert case.id is not None
    target = find_target(customer_messages(session, case.id), context.target_id)
    rows: list[DeliveryRow] = []
    checked = {**asdict(verdict), **beside}
    for number, (start, end) in enumerate(spans):
        row = DeliveryRow(
            case_id=case.id,
            account_id=case.account_id,
            target_external_id=placeholder(rows[-1]) if rows else target.external_id,
            thread_external_id=_thread_id(session, target),
            kind=_reply_kind(target).value,
            text=text[start:end],
            fingerprint=verdict.fingerprint,
            rules_version=verdict.rules_version,
            # One joke is waited for once, with the part that answers the customer.
            verdict={**checked, JOKE: beside[JOKE] and not rows, **beside_verdict(text, spans, number)},
            author_id=author,
            approver_id=approver,
            created_at=now,
            not_before=now + undo,
            way=(ReplyWay.PRIVATE if context.private else ReplyWay.PUBLIC).value,
            to_external_id=target.author_external_id,
            follows_id=rows[-1].id if rows else None,
            survey=approval.survey,
        )
        rows.append(_added(session, row))
    return rows[0]


def _added(session: Session, row: DeliveryRow) -> DeliveryRow:
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError as error:
        raise ReplyPending("A reply to this message is already on its way; wait for it or cancel it first.") from error
    return row


def _spans(text: str, context: ReviewContext) -> tuple[tuple[int, int], ...]:
    """Where its parts begin and end; one that cannot be cut is as it is, the guard has had its say."""
    one = ((0, len(text)),)
    if context.parts <= 1 or context.length is None:
        return one
    return cut(text, context.length, context.parts) or one


def _reply_kind(target: MentionRow) -> MentionKind:
    """How a network files our answer: as a message in a conversation, or below a post."""
    return MentionKind.DIRECT_MESSAGE if way_of(target.kind) is ReplyWay.PRIVATE else MentionKind.REPLY


def _thread_id(session: Session, target: MentionRow) -> str:
    thread = session.get(ThreadRow, target.thread_id)
    assert thread is not None
    return thread.external_id
