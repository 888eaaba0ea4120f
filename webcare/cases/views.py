"""Saved views: a queue with its filters, search and order under a name, of one person or of everybody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_
from sqlmodel import Session, col, select

from webcare import audit
from webcare.domain import Actor
from webcare.errors import NotAllowed, WebcareError
from webcare.people import Permission, may, person_id, require
from webcare.store.bulk import storable
from webcare.store.tables_desk import SavedViewRow

#: The parts of a queue's address that a view keeps.
PARTS = ("queue", "q", "channel", "urgency", "topic", "sentiment", "language", "tag", "assignee", "skill", "sort")
#: Longest name and longest part in characters, and most views of one person (or of everybody).
MAX_NAME, MAX_PART, MAX_VIEWS = 60, 200, 50


@dataclass(frozen=True, slots=True)
class SavedView:
    """One saved view."""

    id: int
    name: str
    query: Mapping[str, str]
    shared: bool  #: everybody has it


def views_of(session: Session, *, me: Actor) -> tuple[SavedView, ...]:
    """What this person can open: their own views, then those of everybody, each in the order they were made."""
    require(me, Permission.SEE_CASES)
    query = select(SavedViewRow).where(or_(col(SavedViewRow.agent_id) == me.id, col(SavedViewRow.agent_id).is_(None)))
    rows = session.exec(query.order_by(col(SavedViewRow.position), col(SavedViewRow.id)))
    return tuple(sorted((_view(row) for row in rows), key=lambda view: view.shared))


def save_view(
    session: Session, name: str, query: Mapping[str, str], *, shared: bool = False, by: Actor, now: datetime
) -> SavedView:
    """Keep parts of a queue's address under a name; the same name again replaces what it stood for.

    A view for everybody needs EDIT_POLICIES and is written in the audit log. Raises NotAllowed, and WebcareError for
    an empty or long name, a part that is none of PARTS, or too many views.
    """
    name, kept = _name(name), _parts(query)
    _may_change(by, shared)
    owner = None if shared else person_id(by)
    row = _named(session, name, owner)
    before = dict(row.query) if row else {}
    if row is None:
        position = _count(session, owner)
        if position >= MAX_VIEWS:
            raise WebcareError("There are {most} views already; delete one first.", most=MAX_VIEWS)
        row = SavedViewRow(agent_id=owner, name=name, query={}, position=position, created_at=now)
    row.query = kept
    session.add(row)
    session.flush()
    _tell(session, "view_saved", row, by, now, before, kept)
    return _view(row)


def rename_view(session: Session, view_id: int, name: str, *, by: Actor, now: datetime) -> SavedView:
    """Give a view another name. Raises NotAllowed, WebcareError for a bad or taken name or a view that is gone."""
    row = _mine_to_change(session, view_id, by)
    name, before = _name(name), row.name
    other = _named(session, name, row.agent_id)
    if other is not None and other.id != row.id:
        raise WebcareError("There already is a view called {name}.", name=name)
    row.name = name
    session.add(row)
    session.flush()
    _tell(session, "view_renamed", row, by, now, {"name": before}, {"name": name})
    return _view(row)


def delete_view(session: Session, view_id: int, *, by: Actor, now: datetime) -> None:
    """Forget a view. Raises NotAllowed, WebcareError for one that is gone."""
    row = _mine_to_change(session, view_id, by)
    session.delete(row)
    session.flush()
    _tell(session, "view_deleted", row, by, now, dict(row.query), {})


def may_share(me: Actor) -> bool:
    """Whether this person's views can be for everybody."""
    return may(me, Permission.EDIT_POLICIES)


def _may_change(by: Actor, shared: bool) -> None:
    require(by, Permission.EDIT_POLICIES if shared else Permission.SEE_CASES)


def _mine_to_change(session: Session, view_id: int, by: Actor) -> SavedViewRow:
    row = session.get(SavedViewRow, view_id)
    if row is None:
        raise WebcareError("This view does not exist (any more).")
    _may_change(by, row.agent_id is None)
    if row.agent_id not in (None, by.id):
        raise NotAllowed("This view belongs to a colleague.")
    return row


def _name(typed: str) -> str:
    name = " ".join(storable(typed).split())
    if not name or len(name) > MAX_NAME:
        raise WebcareError("A view needs a name of at most {most} characters.", most=MAX_NAME)
    return name


def _parts(query: Mapping[str, str]) -> dict[str, str]:
    if unknown := set(query) - set(PARTS):
        raise WebcareError("A view cannot keep {part}.", part=min(unknown))
    kept = {part: storable(str(query[part])).strip() for part in PARTS if query.get(part)}
    if any(len(value) > MAX_PART for value in kept.values()):
        raise WebcareError("A part of this view is longer than {most} characters.", most=MAX_PART)
    return {part: value for part, value in kept.items() if value}


def _named(session: Session, name: str, owner: int | None) -> SavedViewRow | None:
    rows = session.exec(select(SavedViewRow).where(col(SavedViewRow.agent_id) == owner))
    return next((row for row in rows if row.name.casefold() == name.casefold()), None)


def _count(session: Session, owner: int | None) -> int:
    return session.exec(select(func.count()).where(col(SavedViewRow.agent_id) == owner)).one()


def _tell(
    session: Session,
    what: str,
    row: SavedViewRow,
    by: Actor,
    now: datetime,
    before: Mapping[str, str],
    after: Mapping[str, str],
) -> None:
    """What everybody sees is on record; a view of one's own is nobody else's business."""
    if row.agent_id is not None:
        return
    # Somebody's search may hold a customer's name, which never goes in the log.
    old, new = ({part: value for part, value in parts.items() if part != "q"} for parts in (before, after))
    audit.record(session, what, by=by, now=now, subject=f"view:{row.id}", before=old, after=new)


def _view(row: SavedViewRow) -> SavedView:
    assert row.id is not None
    return SavedView(row.id, row.name, dict(row.query), row.agent_id is None)
