"""What each person wants to hear of, and what became of messages that did not arrive."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, func, select

from webcare import audit
from webcare.alerting.notifying import subject_in
from webcare.alerting.receivers import wanted
from webcare.alerting.rules import kinds_of_role
from webcare.domain import Actor
from webcare.errors import WebcareError
from webcare.languages import ENGLISH, Speech
from webcare.people import Permission, person_id, require
from webcare.settings import Notice
from webcare.store.tables import AgentRow
from webcare.store.tables_alerts import NotificationRow, NotificationSendRow, NotifyChoiceRow

#: Messages shown in one list.
_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Choice:
    """What one person hears of by mail, and where it goes; an empty address means nowhere."""

    kinds: frozenset[Notice]
    email: str


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that did not arrive, or may not have. Where it was to go is a name, never an address."""

    id: int
    kind: str
    subject: str
    to: str  #: a place's name, or a colleague's
    attempts: int
    error: str  #: no_address, bad_address, not_delivered, fault or cut_off
    created_at: datetime


def my_choice(session: Session, *, by: Actor, now: datetime) -> Choice:
    """What I hear of: as is usual for my role, and what I chose otherwise. Raises NotAllowed for a job."""
    require(by, Permission.SEE_CASES)
    me = session.get_one(AgentRow, person_id(by))
    rows = session.exec(select(NotifyChoiceRow).where(NotifyChoiceRow.agent_id == me.id))
    choices = {Notice(row.kind): row.wanted for row in rows if row.kind in set(Notice)}
    return Choice(wanted(kinds_of_role(session, by.role, at=now), choices), me.email)


def choose(session: Session, kinds: Collection[Notice], *, by: Actor, now: datetime) -> None:
    """Hear of exactly these kinds from now on, whatever is usual for one's role. Raises NotAllowed for a job."""
    require(by, Permission.SEE_CASES)
    before = my_choice(session, by=by, now=now).kinds
    for kind in Notice:
        key = (person_id(by), kind.value)
        row = session.get(NotifyChoiceRow, key) or NotifyChoiceRow(
            agent_id=key[0], kind=key[1], wanted=False, changed_at=now
        )
        row.wanted, row.changed_at = kind in kinds, now
        session.add(row)
    old, new = audit.difference({"kinds": sorted(before)}, {"kinds": sorted(kinds)})
    if new:
        subject = f"person:{person_id(by)}"
        audit.record(session, "notifications_chosen", by=by, now=now, subject=subject, before=old, after=new)


def dead_letters(session: Session, *, by: Actor, speech: Speech = ENGLISH) -> list[DeadLetter]:
    """Messages that did not arrive, the newest first, as `speech` says them.

    Raises NotAllowed without EDIT_POLICIES.
    """
    require(by, Permission.EDIT_POLICIES)
    query = (
        select(NotificationSendRow, NotificationRow)
        .join(NotificationRow, col(NotificationRow.id) == col(NotificationSendRow.notification_id))
        .where(NotificationSendRow.state == "dead")
        .order_by(col(NotificationSendRow.id).desc())
        .limit(_SHOWN)
    )
    rows = list(session.exec(query))
    names = {f"person:{id_}": name for id_, name in session.exec(select(AgentRow.id, AgentRow.name))}
    return [_letter(send, told, names, speech) for send, told in rows]


def dead_count(session: Session) -> int:
    """How many messages did not arrive and wait for somebody to look."""
    return int(session.exec(select(func.count()).where(NotificationSendRow.state == "dead")).one())


def send_again(session: Session, letter_id: int, *, by: Actor, now: datetime) -> None:
    """Try a message once more from the start. Raises NotAllowed, WebcareError where it is not dead (any more)."""
    _settle(session, letter_id, "pending", by=by, now=now)


def drop(session: Session, letter_id: int, *, by: Actor, now: datetime) -> None:
    """Let a message go. Raises NotAllowed, WebcareError where it is not dead (any more)."""
    _settle(session, letter_id, "dropped", by=by, now=now)


def _settle(session: Session, letter_id: int, state: str, *, by: Actor, now: datetime) -> None:
    require(by, Permission.EDIT_POLICIES)
    row = session.get(NotificationSendRow, letter_id, with_for_update=True, populate_existing=True)
    if row is None or row.state != "dead":
        raise WebcareError("This message does not wait for anybody any more.")
    row.state, row.not_before, row.attempts, row.error = state, now, 0, ""
    session.add(row)
    what = "notification_sent_again" if state == "pending" else "notification_dropped"
    audit.record(session, what, by=by, now=now, subject=f"notification:{row.id}", after={"place": row.place})


def _letter(send: NotificationSendRow, told: NotificationRow, names: dict[str, str], speech: Speech) -> DeadLetter:
    assert send.id is not None
    to = names.get(send.place, send.place.partition(":")[2])
    return DeadLetter(send.id, told.kind, subject_in(speech, told), to, send.attempts, send.error, told.created_at)
