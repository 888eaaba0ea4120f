"""The log of what people change about the desk itself: append-only, each row sealed with the one before.

Customer text never goes in here, so that removing a customer's words leaves the chain of seals whole.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text
from sqlmodel import Session, col, select

from webcare.domain import Actor
from webcare.store.tables_desk import AuditRow

#: What stands in place of a seal before the first row.
_FIRST = "0" * 64


@dataclass(frozen=True, slots=True)
class Entry:
    """One change. `before` and `after` hold only what changed."""

    id: int
    at: datetime
    agent_name: str
    what: str
    subject: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]


def record(
    session: Session,
    what: str,
    *,
    by: Actor,
    now: datetime,
    subject: str = "",
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Append one change, in the transaction that makes it. Values must be plain JSON and no customer's words."""
    if session.get_bind().dialect.name == "postgresql":
        # Two transactions must not seal their rows with the same row before.
        session.execute(text("LOCK TABLE audit IN EXCLUSIVE MODE"))
    row = AuditRow(
        at=now,
        agent_id=by.id,
        agent_name=by.name,
        what=what,
        subject=subject,
        before=dict(before or {}),
        after=dict(after or {}),
        seal="",
    )
    row.seal = _seal(row, _last_seal(session))
    session.add(row)
    session.flush()


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which changes to look for; empty parts do not narrow."""

    person: str = ""  #: the name of who did it, whole
    what: str = ""
    subject: str = ""
    since: datetime | None = None
    until: datetime | None = None


def entries(
    session: Session, *, limit: int = 200, before_id: int | None = None, wanted: Wanted = Wanted()
) -> list[Entry]:
    """The newest changes first; `before_id` pages on."""
    query = select(AuditRow).order_by(col(AuditRow.id).desc()).limit(limit)
    if before_id is not None:
        query = query.where(col(AuditRow.id) < before_id)
    for column, value in (
        (AuditRow.agent_name, wanted.person),
        (AuditRow.what, wanted.what),
        (AuditRow.subject, wanted.subject),
    ):
        if value:
            query = query.where(col(column) == value)
    if wanted.since is not None:
        query = query.where(col(AuditRow.at) >= wanted.since)
    if wanted.until is not None:
        query = query.where(col(AuditRow.at) < wanted.until)
    return [_entry(row) for row in session.exec(query)]


def choices(session: Session) -> tuple[list[str], list[str]]:
    """Whose changes and what sorts of change the log holds, each by name."""
    names = session.exec(select(AuditRow.agent_name).distinct())
    kinds = session.exec(select(AuditRow.what).distinct())
    return sorted(names), sorted(kinds)


@dataclass(frozen=True, slots=True)
class Chain:
    """How the seals of the log fit."""

    rows: int
    broken_at: int | None  #: the id of the first row whose seal does not fit; None when the chain is whole
    head: str  #: the seal of the newest row
    has_seal: bool = True  #: whether the seal one kept from an earlier look is still among them


def chain(session: Session, *, kept: str = "") -> Chain:
    """Work every seal out again; with a seal kept elsewhere (`kept`), rows cut off at the end are noticed too."""
    seal, rows, found = _FIRST, 0, not kept
    query = select(AuditRow).order_by(col(AuditRow.id)).execution_options(yield_per=1000)
    for row in session.exec(query):
        seal, rows = _seal(row, seal), rows + 1
        if row.seal != seal:
            return Chain(rows, row.id, row.seal, found)
        found = found or seal == kept
    return Chain(rows, None, seal, found)


def broken_at(session: Session) -> int | None:
    """The id of the first row whose seal does not fit; None when the chain is whole."""
    return chain(session).broken_at


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Both sides of what is not the same in two states of one thing."""
    names: Sequence[str] = sorted({*before, *after})
    changed = [name for name in names if before.get(name) != after.get(name)]
    return (
        {name: before[name] for name in changed if name in before},
        {name: after[name] for name in changed if name in after},
    )


def _last_seal(session: Session) -> str:
    return session.exec(select(AuditRow.seal).order_by(col(AuditRow.id).desc()).limit(1)).first() or _FIRST


def _seal(row: AuditRow, before: str) -> str:
    said = [
        before,
        row.at.astimezone(UTC).isoformat(),
        row.agent_id,
        row.agent_name,
        row.what,
        row.subject,
        row.before,
        row.after,
    ]
    return hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _entry(row: AuditRow) -> Entry:
    assert row.id is not None
    return Entry(row.id, row.at, row.agent_name, row.what, row.subject, row.before, row.after)
