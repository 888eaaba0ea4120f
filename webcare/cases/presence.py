"""Who has a case on the screen right now, and who is typing in it.

What one says here is forgotten within half a minute, so it is no event of the case; only the first look at a case by
somebody who may work on it is kept. Writes are rare: saying again what the desk knows already, within a few seconds,
writes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Literal

from sqlalchemy import Executable, Row, bindparam, select
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, delete

from webcare.domain import Actor
from webcare.people import Permission, may, person_id, require
from webcare.store.bulk import insert_into
from webcare.store.prepared import run
from webcare.store.tables_alerts import CaseLookRow
from webcare.store.tables_desk import PresenceRow

Typing = Literal["", "reply", "note"]

#: Somebody who was not seen for this long has left, whether they said so or not.
SEEN_FOR = timedelta(seconds=30)
#: Somebody whose last letter is this long ago no longer types.
TYPED_FOR = timedelta(seconds=15)
#: Saying the same again within this time writes nothing.
FRESH_FOR = timedelta(seconds=8)
#: Rows this old are deleted.
KEPT_FOR = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Looker:
    """A colleague who has a case open, and what they are typing in it ("" for nothing)."""

    agent_id: int
    name: str
    typing: Typing = ""


def look(session: Session, case_id: int, *, by: Actor, now: datetime, typing: Typing = "") -> bool:
    """Say that this person has the case open, and types a reply or a note when `typing` says so.

    Gives whether anything was written. Looking without typing does not end what was typed: that fades by itself.
    """
    require(by, Permission.SEE_CASES)
    row = session.get(PresenceRow, (case_id, person_id(by)))
    if row is not None and _is_fresh(row, typing, now):
        return False
    if row is None and may(by, Permission.WORK_CASES):
        _first_look(session, case_id, person_id(by), now)
    row = row or PresenceRow(case_id=case_id, agent_id=person_id(by), agent_name=by.name, seen_at=now)
    row.agent_name, row.seen_at = by.name, now
    if typing:
        row.typing, row.typing_at = typing, now
    return _put(session, row)


def is_known(session: Session, case_id: int, *, by: Actor, now: datetime, typing: Typing = "") -> bool:
    """Whether `look` would write nothing; asked first, it spares taking the lock of the database."""
    row = session.get(PresenceRow, (case_id, person_id(by)))
    return row is not None and _is_fresh(row, typing, now)


def last_said(session: Session, case_id: int, *, by: Actor, now: datetime) -> datetime | None:
    """When this person last said that they have the case open; None for whoever has not, or left."""
    row = session.get(PresenceRow, (case_id, person_id(by)))
    return row.seen_at if row is not None and row.seen_at > now - SEEN_FOR else None


def leave(session: Session, case_id: int, *, by: Actor) -> None:
    """Say that this person no longer has the case open."""
    require(by, Permission.SEE_CASES)
    session.exec(
        delete(PresenceRow).where(col(PresenceRow.case_id) == case_id, col(PresenceRow.agent_id) == person_id(by))
    )


def others(
    session: Session, case_ids: Collection[int], *, me: Actor, now: datetime
) -> Mapping[int, tuple[Looker, ...]]:
    """Who else has these cases open, by case, by name; cases nobody else looks at are left out. One query."""
    require(me, Permission.SEE_CASES)
    if not case_ids:
        return {}
    found: dict[int, tuple[Looker, ...]] = {}
    for row in run(session, _others(), case_ids=list(case_ids), me=me.id or 0, since=now - SEEN_FOR):
        found[row.case_id] = (*found.get(row.case_id, ()), Looker(row.agent_id, row.agent_name, _typing(row, now)))
    return found


@cache
def _others() -> Executable:
    return (
        select(*PresenceRow.__table__.c)  # type: ignore[attr-defined]
        .where(
            col(PresenceRow.case_id).in_(bindparam("case_ids", expanding=True)),
            col(PresenceRow.agent_id) != bindparam("me"),
            col(PresenceRow.seen_at) > bindparam("since"),
        )
        .order_by(col(PresenceRow.agent_name), col(PresenceRow.agent_id))
    )


def prune(session: Session, *, now: datetime) -> int:
    """Delete what means nothing any more; gives how many rows."""
    result = session.exec(delete(PresenceRow).where(col(PresenceRow.seen_at) <= now - KEPT_FOR))
    return int(result.rowcount)


def _first_look(session: Session, case_id: int, agent_id: int, now: datetime) -> None:
    """Keep for ever who of those who may work on a case opened it first; whoever comes later changes nothing."""
    look = insert_into(session, CaseLookRow).values(case_id=case_id, agent_id=agent_id, at=now)
    session.execute(look.on_conflict_do_nothing(index_elements=["case_id"]))


def _is_fresh(row: PresenceRow, typing: Typing, now: datetime) -> bool:
    """Whether the row says this already, recently enough."""
    seen = now - row.seen_at < FRESH_FOR
    if not typing:
        return seen
    typed = row.typing_at is not None and now - row.typing_at < FRESH_FOR
    return seen and typed and row.typing == typing


def _typing(row: Row[Any], now: datetime) -> Typing:
    if row.typing_at is None or now - row.typing_at >= TYPED_FOR:
        return ""
    return "note" if row.typing == "note" else "reply" if row.typing == "reply" else ""


def _put(session: Session, row: PresenceRow) -> bool:
    """Store the row; a second tab of the same person may be first, which says the same."""
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        return False
    return True
