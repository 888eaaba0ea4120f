"""Whether and how a message may be answered on its network: asked before an agent writes, and again before it goes."""

from __future__ import annotations

import logging
from datetime import datetime
from functools import cache

from sqlalchemy import Executable, bindparam, func
from sqlmodel import Session, col, select

from webcare.channels.base import Capabilities, Channel, ReplyTarget
from webcare.channels.base import Permission as ReplyPermission
from webcare.domain import UNSETTLED_DELIVERIES, DeliveryState, MentionKind, ReplyWay, Said
from webcare.errors import ChannelError, TargetGone
from webcare.store.prepared import run
from webcare.store.tables import DeliveryRow, MentionRow, ThreadRow

log = logging.getLogger(__name__)

#: A private reply in one of these states uses up the one that a network allows.
_USED = (*UNSETTLED_DELIVERIES, DeliveryState.SENT.value)
_GONE = "The customer deleted this message, or the network does not show it any more."


def way_of(kind: str) -> ReplyWay:
    """The way a message came in, which is how it is answered unless somebody chooses otherwise."""
    return ReplyWay.PRIVATE if kind == MentionKind.DIRECT_MESSAGE.value else ReplyWay.PUBLIC


def ways_offered(capabilities: Capabilities, kind: str) -> tuple[ReplyWay, ...]:
    """The ways a network has of answering such a message, the way it came in first."""
    if way_of(kind) is ReplyWay.PRIVATE:
        return (ReplyWay.PRIVATE,)
    private = (ReplyWay.PRIVATE,) if capabilities.reply_private else ()
    return (ReplyWay.PUBLIC, *private) if capabilities.reply_public else private


def message_to_answer(session: Session, case_id: int) -> MentionRow | None:
    """The customer's newest message that stands; the newest that is gone where none does, None where there is none."""
    found: MentionRow | None = session.execute(_to_answer(), {"case_id": case_id}).scalar()
    return found


def target_of(
    session: Session, message: MentionRow, *, itself: DeliveryRow | None = None, automated: bool = False
) -> ReplyTarget:
    """What a network's rules ask about a message. `itself` is the reply in question, where it is approved already.

    `automated`: no person writes it.
    """
    thread: str = run(session, _thread(), thread_id=message.thread_id).scalar_one()
    return ReplyTarget(
        external_id=message.external_id,
        thread_id=thread,
        author_id=message.author_external_id,
        kind=MentionKind(message.kind),
        posted_at=message.posted_at,
        last_customer_message_at=_last_heard(session, message),
        private_reply_sent=_wrote_privately(session, message, itself),
        gone=message.deleted_at is not None,
        automated=automated or (itself is not None and itself.survey),
        raw=dict(message.raw),
    )


def ask(channel: Channel, target: ReplyTarget, way: ReplyWay) -> ReplyPermission:
    """Ask the channel, outside of any transaction. A network that cannot be asked now takes it until it says no."""
    if target.gone:
        return ReplyPermission(False, _GONE)
    try:
        return channel.can_reply(target, way)
    except TargetGone as error:
        return ReplyPermission(False, Said.of(error))
    except ChannelError:
        # The reply waits in the outbox for the network anyway, and is asked about again before it goes.
        return ReplyPermission(True)
    except Exception:  # a fault in a channel's rules must keep nobody from writing and no reply from leaving
        log.exception("%s could not say whether it takes a reply", channel.title)
        return ReplyPermission(True)


def heard_at(session: Session, delivery: DeliveryRow) -> datetime | None:
    """When the person that a private reply goes to last wrote; None for a public one."""
    if delivery.way == ReplyWay.PUBLIC.value:
        return None
    query = select(MentionRow).where(
        MentionRow.account_id == delivery.account_id, MentionRow.external_id == delivery.target_external_id
    )
    message = session.exec(query).first()
    return _last_heard(session, message) if message is not None else None


def _last_heard(session: Session, message: MentionRow) -> datetime:
    """When this customer wrote last in this thread; networks count their windows from it."""
    found = run(session, _heard(), thread_id=message.thread_id, author_id=message.author_external_id)
    return max(found.scalar() or message.posted_at, message.posted_at)


def _wrote_privately(session: Session, message: MentionRow, itself: DeliveryRow | None) -> bool:
    """Whether a private reply to this very post was sent or is on its way; a conversation takes many."""
    if message.kind == MentionKind.DIRECT_MESSAGE.value:
        return False
    found = run(session, _private(), account_id=message.account_id, target=message.external_id)
    return any(itself is None or id_ != itself.id for id_ in found.scalars())


# --- the statements, made once ----------------------------------------------------------------------------


@cache
def _to_answer() -> Executable:
    return (
        select(MentionRow)
        .where(MentionRow.case_id == bindparam("case_id"), col(MentionRow.is_ours).is_(False))
        .order_by(col(MentionRow.deleted_at).is_not(None), col(MentionRow.posted_at).desc(), col(MentionRow.id).desc())
        .limit(1)
    )


@cache
def _thread() -> Executable:
    return select(ThreadRow.external_id).where(ThreadRow.id == bindparam("thread_id"))


@cache
def _heard() -> Executable:
    return select(func.max(col(MentionRow.posted_at))).where(
        col(MentionRow.thread_id) == bindparam("thread_id"),
        col(MentionRow.author_external_id) == bindparam("author_id"),
        col(MentionRow.is_ours).is_(False),
    )


@cache
def _private() -> Executable:
    return select(DeliveryRow.id).where(
        DeliveryRow.account_id == bindparam("account_id"),
        DeliveryRow.target_external_id == bindparam("target"),
        DeliveryRow.way == ReplyWay.PRIVATE.value,
        col(DeliveryRow.state).in_(_USED),
    )
