"""From draft to approved reply: check it, approve it, take it back. The only door into the outbox."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from webcare import guard
from webcare.cases.assignment import start_work
from webcare.cases.notes import discard_draft, draft_of, save_draft
from webcare.cases.record import EventKind, changed, customer_messages, load, load_to_change, typed_text
from webcare.channels import channel_class
from webcare.domain import Actor, Decision, DeliveryState, MentionKind, Verdict
from webcare.errors import CaseStateRefused, GuardBlocked, ReplyPending, UndoTooLate, VerdictOutdated
from webcare.guard.base import ReviewContext
from webcare.people import Permission, find_agent, person_id, require
from webcare.store.bulk import storable
from webcare.store.tables import AccountRow, AgentRow, CaseRow, DeliveryRow, MentionRow, NoteRow, ThreadRow


def review_reply(session: Session, case_id: int, *, text: str, target_id: str | None = None) -> Verdict:
    """Let the guard read a draft against everything it may not give away on this case.

    `target_id` is the external id of the message answered; None = the customer's newest. Raises CaseNotFound, or
    CaseStateRefused when there is nothing to answer.
    """
    case = load(session, case_id)
    return guard.review(text.strip(), _context(session, case, _target(session, case, target_id)))


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
    acknowledged: bool = False,
    target_id: str | None = None,
) -> DeliveryRow:
    """Approve exactly the text the verdict saw; it leaves after `undo`.

    Raises VerdictOutdated when text, target, account or rules are not what was checked, GuardBlocked when the guard
    holds the text or its warnings were not acknowledged, ReplyPending when an answer to this message is on its way.
    """
    text = typed_text(text, "reply")
    case = load_to_change(session, case_id, by=by, needs=Permission.SEND_REPLY, version=version)
    target = _target(session, case, target_id)
    context = _context(session, case, target)
    _require_passed(text, verdict, context, acknowledged=acknowledged)
    delivery = _queue(session, case, target, text, verdict, by, now, undo)
    discard_draft(session, case_id, kind="reply", by=by)
    if case.assignee_id is None:
        case.assignee_id = person_id(by)
    start_work(case)
    detail = {"delivery_id": delivery.id, "fingerprint": verdict.fingerprint, "acknowledged": acknowledged}
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


def recheck(session: Session, delivery: DeliveryRow) -> Verdict:
    """The guard's word on an approved reply now: notes and public texts may have changed since.

    Delivery asks this right before a text leaves, on the rules in force at that moment.
    """
    case = load(session, delivery.case_id)
    context = _context(session, case, None, target_id=delivery.target_external_id, attachments=delivery.attachments)
    return guard.review(delivery.text, context)


def restore_draft(session: Session, delivery: DeliveryRow, *, now: datetime) -> None:
    """Give the author the text of a reply that did not go out, unless they are writing something else already."""
    row = session.get(AgentRow, delivery.author_id)
    if row is None or not row.active:
        return
    _give_text_back(session, delivery, find_agent(session, delivery.author_id), now)


def _give_text_back(session: Session, delivery: DeliveryRow, to: Actor, now: datetime) -> None:
    if not draft_of(session, delivery.case_id, kind="reply", by=to):
        save_draft(session, delivery.case_id, kind="reply", text=delivery.text, by=to, now=now)


def _require_passed(text: str, verdict: Verdict, context: ReviewContext, *, acknowledged: bool) -> None:
    # The verdict a caller brings is never trusted alone: the text is read again under the rules in force.
    now_says = guard.review(text, context)
    if (verdict.fingerprint, verdict.rules_version) != (now_says.fingerprint, now_says.rules_version):
        raise VerdictOutdated()
    held = next((found for found in now_says.findings if now_says.decision is Decision.BLOCK), None)
    if verdict.decision is Decision.BLOCK or held is not None:
        raise GuardBlocked(held.message if held else "")
    if now_says.decision is Decision.WARN and not acknowledged:
        raise GuardBlocked("The guard has warnings about this reply; read them and tick that you did.")


def _queue(
    session: Session,
    case: CaseRow,
    target: MentionRow,
    text: str,
    verdict: Verdict,
    by: Actor,
    now: datetime,
    undo: timedelta,
) -> DeliveryRow:
    author = person_id(by)
    assert case.id is not None
    row = DeliveryRow(
        case_id=case.id,
        account_id=case.account_id,
        target_external_id=target.external_id,
        thread_external_id=_thread_id(session, target),
        kind=_reply_kind(target).value,
        text=storable(text),
        fingerprint=verdict.fingerprint,
        rules_version=verdict.rules_version,
        verdict=asdict(verdict),
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


def _target(session: Session, case: CaseRow, target_id: str | None) -> MentionRow:
    assert case.id is not None
    messages = customer_messages(session, case.id)
    if target_id is not None:
        messages = [message for message in messages if message.external_id == target_id]
    if not messages:
        raise CaseStateRefused("There is no message of the customer left to answer.")
    # An edit is a new post on some networks: the newest version is the one to answer.
    return messages[-1]


def _reply_kind(target: MentionRow) -> MentionKind:
    private = target.kind == MentionKind.DIRECT_MESSAGE
    return MentionKind.DIRECT_MESSAGE if private else MentionKind.REPLY


def _thread_id(session: Session, target: MentionRow) -> str:
    thread = session.get(ThreadRow, target.thread_id)
    assert thread is not None
    return thread.external_id


def _context(
    session: Session,
    case: CaseRow,
    target: MentionRow | None,
    *,
    target_id: str = "",
    attachments: list[str] | None = None,
) -> ReviewContext:
    assert case.id is not None
    account = session.get(AccountRow, case.account_id)
    assert account is not None
    messages = customer_messages(session, case.id)
    newest = target or (messages[-1] if messages else None)
    rule = channel_class(case.channel).length

    def length(text: str) -> tuple[int, int]:
        counted = rule(text)
        return counted.used, counted.limit

    return ReviewContext(
        channel=case.channel,
        account=account.key,
        target_id=target.external_id if target else target_id,
        attachments=tuple(attachments or ()),
        lang=case.language,
        mention=newest.text if newest else "",
        notes=_notes(session, case.id),
        public_texts=_public_texts(session, case),
        colleagues=_staff(session),
        length=length,
    )


def _notes(session: Session, case_id: int) -> tuple[str, ...]:
    return tuple(session.exec(select(NoteRow.text).where(NoteRow.case_id == case_id)))


def _public_texts(session: Session, case: CaseRow) -> tuple[str, ...]:
    query = select(MentionRow.text).where(
        MentionRow.thread_id == case.thread_id,
        col(MentionRow.deleted_at).is_(None),
        MentionRow.kind != MentionKind.DIRECT_MESSAGE.value,
    )
    return tuple(session.exec(query))


def _staff(session: Session) -> tuple[str, ...]:
    query = select(AgentRow.username, AgentRow.name).where(col(AgentRow.active))
    return tuple(name for pair in session.exec(query) for name in pair)
