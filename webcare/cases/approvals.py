"""Replies that wait for a colleague's yes: asked, approved (with or without changes), refused, withdrawn, overtaken.

Asking goes through the guard like sending, but queues nothing for delivery. The yes goes through the gate anew, on
exactly the text that leaves: its author stays the author, whoever says yes is the approver, and never both. Every end
is a compare-and-set on the waiting row, so that two people who decide at once cannot both have decided.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from webcare import guard
from webcare.cases.approval_rules import Reason
from webcare.cases.assignment import start_work
from webcare.cases.binding import changes_since, require_bound
from webcare.cases.drafts import discard_draft, draft_of, save_draft, set_aside
from webcare.cases.grading import keep_findings, settle_findings
from webcare.cases.handing_over import close_as_replied
from webcare.cases.overrides import require_covered, ticked, uncovered
from webcare.cases.parts import parts_from
from webcare.cases.record import EventKind, changed, load, load_to_change, note_event, typed_text
from webcare.cases.replies import Approval, approve
from webcare.cases.surroundings import PLAIN, Reviewer, surroundings
from webcare.domain import Actor, Finding, Level, Override, ReplyWay, Verdict
from webcare.errors import CaseStateRefused, Change, NotAllowed, ReplyPending
from webcare.guard.base import ReviewContext
from webcare.guard.binding import Part, Seen, seen_of
from webcare.guard.days import days_counted_from_today
from webcare.people import Permission, find_agent, person_id, require
from webcare.store import Store, incident_mode
from webcare.store.bulk import storable
from webcare.store.tables import AgentRow, CaseRow, DeliveryRow, MentionRow
from webcare.store.tables_desk import ApprovalRow

PENDING, APPROVED, REFUSED, WITHDRAWN, OVERTAKEN = "pending", "approved", "refused", "withdrawn", "overtaken"
#: What became of a waiting reply, in a sentence for whoever comes too late to decide.
_TOO_LATE: Mapping[str, str] = {
    APPROVED: "{name} approved this reply already.",
    REFUSED: "{name} gave this reply back already.",
    WITHDRAWN: "{name} took this reply back to change it.",
    OVERTAKEN: "This customer has been answered already, so this reply waits no more.",
}


@dataclass(frozen=True, slots=True)
class Yes:
    """What pressing Approve came to."""

    verdict: Verdict
    in_the_way: tuple[Finding, ...]  #: findings that nobody answered for
    changes: tuple[Change, ...]  #: since it was asked, or since the verdict the approver had before them
    delivery_id: int | None  #: None = nothing was approved


def ask_approval(
    session: Session,
    case_id: int,
    approval: Approval,
    reasons: Sequence[Reason],
    *,
    by: Actor,
    now: datetime,
    reviewer: Reviewer = PLAIN,
) -> ApprovalRow:
    """Keep a reply that passed the guard until a colleague says yes; nothing of it can leave before.

    The customer's clock runs on. Raises what `send_reply` raises; ReplyPending while another reply of the case waits.
    """
    text = storable(typed_text(approval.text, "reply"))
    case = load_to_change(session, case_id, by=by, needs=Permission.SEND_REPLY, version=approval.version)
    context = surroundings(
        session, case, now=now, reviewer=reviewer.recalling(), target_id=approval.target_id, way=approval.way
    )
    now_says = guard.review(text, context)
    require_bound(session, case, approval.verdict, now_says, context, text)
    covers = {**(ticked(now_says.findings) if approval.acknowledged else {}), **(approval.overrides or {})}
    require_covered(now_says.findings, covers)
    row = ApprovalRow(
        case_id=case_id,
        text=text,
        way=(ReplyWay.PRIVATE if context.private else ReplyWay.PUBLIC).value,
        target_external_id=context.target_id,
        reasons=[reason.value for reason in reasons],
        verdict=asdict(now_says),
        overrides={found.key: covers[found.key] for found in now_says.findings if found.key in covers},
        case_version=case.version + 1,
        author_id=person_id(by),
        asked_at=now,
    )
    _add(session, row)
    if case.assignee_id is None:
        case.assignee_id = person_id(by)
    start_work(case)
    discard_draft(session, case_id, kind="reply", by=by, used=text)
    detail = {"approval_id": row.id, "reasons": row.reasons, "way": row.way}
    changed(session, case, EventKind.APPROVAL_ASKED, by=by, now=now, detail=detail)
    return row


def approve_reply(
    store: Store,
    approval_id: int,
    *,
    text: str,
    by: Actor,
    now: datetime,
    undo: timedelta,
    reviewer: Reviewer = PLAIN,
    before: Verdict | None = None,
    overrides: Mapping[str, str] | None = None,
    acknowledged: bool = False,
    same_text: timedelta = timedelta(minutes=5),
) -> Yes:
    """Say yes to exactly this text, which may differ from what its author wrote; it leaves as any reply does.

    The guard reads it now. What its author answered for counts where their text is unchanged; `overrides` are the
    approver's own, given on the verdict `before`. Whatever changed since it was asked (or since `before`) is given
    back first instead of sending. The holding text of an incident waits for its turn: `same_text` lies between two who
    get the same. Raises CaseStateRefused when somebody decided already, NotAllowed for its author.
    """
    text = storable(typed_text(text, "reply"))
    require(by, Permission.APPROVE_REPLY)
    with store.read() as session:
        row = _waiting(session, approval_id, by)
        case = load(session, row.case_id)
        context = _context(session, case, row, now, reviewer)
        seen = seen_of(text, context, guard.RULES_VERSION)
        old: Seen = before.seen if before is not None else row.verdict.get("seen", ())
        changes = tuple(one for one in changes_since(session, case, old, seen, context, text) if one.part != Part.TEXT)
    verdict = guard.review(text, context)
    given = dict(overrides or {}) if before is not None and before.fingerprint == verdict.fingerprint else {}
    theirs = row.overrides if text == row.text else {}
    stale = _stale_days(text, row, context, now, reviewer)
    ticks = ticked((*verdict.findings, *stale)) if acknowledged else {}
    covers = {**theirs, **ticks, **given}
    left = uncovered((*stale, *verdict.findings), covers)
    with store.write() as session:
        keep_findings(session, row.case_id, verdict, text, by=by, now=now)
        if left or changes:
            return Yes(replace(verdict, findings=(*stale, *verdict.findings)), left, changes, None)
        approval = Approval(
            text, verdict, covers, target_id=row.target_external_id, way=ReplyWay(row.way), approver=by,
            approver_overrides=frozenset({**ticks, **given}),
        )  # fmt: skip
        delivery = _let_go(session, row, approval, by=by, now=now, undo=undo, same_text=same_text, reviewer=reviewer)
        return Yes(verdict, (), (), delivery.id)


def refuse_reply(session: Session, approval_id: int, *, words: str, by: Actor, now: datetime) -> ApprovalRow:
    """Give a waiting reply back to its author, with a reason they see. Raises CaseStateRefused when too late."""
    words = typed_text(words, "reason")
    require(by, Permission.APPROVE_REPLY)
    row = _waiting(session, approval_id, by)
    case = load_to_change(session, row.case_id, by=by, needs=Permission.APPROVE_REPLY)
    _decide(session, row, REFUSED, by=by, now=now, words=storable(words))
    _give_text_back(session, row, now)
    detail = {"approval_id": row.id, "words": words, "author_id": row.author_id}
    changed(session, case, EventKind.APPROVAL_REFUSED, by=by, now=now, detail=detail)
    return row


def withdraw_reply(session: Session, approval_id: int, *, by: Actor, now: datetime) -> ApprovalRow:
    """Take one's own waiting reply back to change it; its text is the draft again."""
    require(by, Permission.SEND_REPLY)
    row = _row(session, approval_id)
    if row.author_id != person_id(by):
        raise NotAllowed("{name} did not write this reply; its author can take it back.", name=by.name)
    case = load_to_change(session, row.case_id, by=by, needs=Permission.SEND_REPLY)
    _decide(session, row, WITHDRAWN, by=by, now=now)
    _give_text_back(session, row, now)
    changed(session, case, EventKind.APPROVAL_WITHDRAWN, by=by, now=now, detail={"approval_id": row.id})
    return row


def overtake(session: Session, case_id: int, *, by: Actor, now: datetime, answer: Mapping[str, object]) -> bool:
    """The customer has an answer of ours: whatever still waits on this case does not go out any more.

    Called when a reply stands on the network, however it came there; `answer` says which, for the history. Gives
    whether one waited. Its text is set aside for its author.
    """
    query = select(ApprovalRow).where(ApprovalRow.case_id == case_id, ApprovalRow.state == PENDING)
    row = session.exec(query).first()
    if row is None or not _settle(session, row, OVERTAKEN, by=by, now=now):
        return False
    if (author := _active(session, row.author_id)) is not None:
        set_aside(session, case_id, kind="reply", text=row.text, by=author, now=now)
    detail = {"approval_id": row.id, "author_id": row.author_id, **answer}
    note_event(session, load(session, case_id), EventKind.APPROVAL_OVERTAKEN, by=by, now=now, detail=detail)
    return True


def overtake_by_posts(session: Session, account_id: int, answered: Sequence[str], *, by: Actor, now: datetime) -> int:
    """Posts of ours were collected that answer these messages (external ids): nobody needs to answer them again.

    A colleague on the network itself or another program wrote them. Gives how many waiting replies that ends.
    """
    if not answered:
        return 0
    waiting = (
        select(MentionRow.case_id, MentionRow.external_id)
        .join(ApprovalRow, col(ApprovalRow.case_id) == col(MentionRow.case_id))
        .where(
            ApprovalRow.state == PENDING,
            MentionRow.account_id == account_id,
            col(MentionRow.external_id).in_(list(answered)[:_AT_ONCE]),
        )
    )
    found = {case_id: external_id for case_id, external_id in session.exec(waiting) if case_id is not None}
    return sum(overtake(session, case_id, by=by, now=now, answer={"post": post}) for case_id, post in found.items())


#: Answers of ours looked up in one query; a batch of collected posts has at most a few hundred.
_AT_ONCE = 900


def _let_go(
    session: Session,
    row: ApprovalRow,
    approval: Approval,
    *,
    by: Actor,
    now: datetime,
    undo: timedelta,
    same_text: timedelta,
    reviewer: Reviewer,
) -> DeliveryRow:
    author = find_agent(session, row.author_id)
    # The case first, as everybody does: two people who decide at once wait for each other here.
    load_to_change(session, row.case_id, by=by, needs=Permission.APPROVE_REPLY)
    row = _waiting(session, row.id or 0, by)
    _decide(session, row, APPROVED, by=by, now=now)
    undo = incident_mode.holding_turn(session, row.id or 0, earliest=now + undo, window=same_text) - now
    edited = approval.text != row.text
    case, delivery, in_spite_of = approve(
        session, row.case_id, approval, by=author, now=now, undo=undo, reviewer=reviewer
    )
    row.decided_text, row.delivery_id = approval.text, delivery.id
    session.add(row)
    incident_mode.holding_left(session, row.id or 0, delivery.id or 0)
    settle_findings(session, row.case_id, by=author)
    settle_findings(session, row.case_id, by=by)
    detail: dict[str, object] = {"approval_id": row.id, "delivery_id": delivery.id, "fingerprint": delivery.fingerprint}
    detail |= {"author_id": row.author_id, "author_name": author.name, "in_spite_of": in_spite_of}
    detail |= {"way": delivery.way, "parts": len(parts_from(session, delivery))}
    detail |= close_as_replied(session, case, by=author, now=now)
    kind = EventKind.APPROVAL_GIVEN_EDITED if edited else EventKind.APPROVAL_GIVEN
    changed(session, case, kind, by=by, now=now, detail=detail)
    return delivery


def _context(session: Session, case: CaseRow, row: ApprovalRow, now: datetime, reviewer: Reviewer) -> ReviewContext:
    return surroundings(
        session, case, now=now, reviewer=reviewer, target_id=row.target_external_id, way=ReplyWay(row.way)
    )


def _stale_days(
    text: str, row: ApprovalRow, context: ReviewContext, now: datetime, reviewer: Reviewer
) -> tuple[Finding, ...]:
    """A "tomorrow" that was written yesterday means another day now."""
    asked_on, today = (moment.astimezone(reviewer.zone).date() for moment in (row.asked_at, now))
    words = days_counted_from_today(text, context.lang) if asked_on != today and text == row.text else ()
    if not words:
        return ()
    start = text.find(words[0])
    message = f"“{words[0]}” was written on {asked_on:%d-%m}; today it means another day."
    end = start + len(words[0])
    found = Finding("days", Level.WARNING, "asked_before_today", message, start, end, override=Override.ACKNOWLEDGE)
    return (found,)


def _waiting(session: Session, approval_id: int, by: Actor) -> ApprovalRow:
    """The waiting reply, for somebody who may decide about it."""
    row = _row(session, approval_id)
    if row.author_id == by.id:
        raise NotAllowed("Somebody else has to say yes to your own reply.")
    if by.supervised:
        raise NotAllowed("{name} works under supervision and cannot approve replies.", name=by.name)
    if row.state != PENDING:
        raise _too_late(session, row)
    return row


def _row(session: Session, approval_id: int) -> ApprovalRow:
    row = session.get(ApprovalRow, approval_id)
    if row is None:
        raise CaseStateRefused("This reply does not wait for anybody.")
    return row


def _decide(session: Session, row: ApprovalRow, state: str, *, by: Actor, now: datetime, words: str = "") -> None:
    if not _settle(session, row, state, by=by, now=now, words=words):
        session.refresh(row)
        raise _too_late(session, row)


def _settle(session: Session, row: ApprovalRow, state: str, *, by: Actor, now: datetime, words: str = "") -> bool:
    """End the waiting, unless somebody else just did."""
    done = session.execute(
        update(ApprovalRow)
        .where(col(ApprovalRow.id) == row.id, col(ApprovalRow.state) == PENDING)
        .values(state=state, decided_by=by.id, decided_at=now, words=words)
        .execution_options(synchronize_session=False)
    )
    if done.rowcount != 1:  # type: ignore[attr-defined]
        return False
    session.refresh(row)
    return True


def _too_late(session: Session, row: ApprovalRow) -> CaseStateRefused:
    agent = session.get(AgentRow, row.decided_by) if row.decided_by is not None else None
    name = agent.name if agent is not None else "Somebody"
    return CaseStateRefused(_TOO_LATE.get(row.state, "This reply does not wait for anybody."), name=name)


def _add(session: Session, row: ApprovalRow) -> None:
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError as error:
        raise ReplyPending("A reply on this case already waits for a colleague's yes.") from error


def _give_text_back(session: Session, row: ApprovalRow, now: datetime) -> None:
    """The author's draft again; where they write something else already it is set aside and offered."""
    author = _active(session, row.author_id)
    if author is None:
        return
    if draft_of(session, row.case_id, kind="reply", by=author):
        set_aside(session, row.case_id, kind="reply", text=row.text, by=author, now=now)
    else:
        save_draft(session, row.case_id, kind="reply", text=row.text, by=author, now=now)


def _active(session: Session, agent_id: int) -> Actor | None:
    agent = session.get(AgentRow, agent_id)
    return find_agent(session, agent_id) if agent is not None and agent.active else None
