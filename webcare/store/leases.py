"""Who may run a named piece of work right now: a lease with a time limit and a fence.

Times are the database's clock, so that hosts whose clocks differ agree. A lease that ran out may be taken by
anybody; the fence grows with every taking, and work that was overtaken is known by its old fence. Rows are never
deleted, because a fence that starts again at 1 would make an old holder look like the new one.
"""

from __future__ import annotations

from sqlalchemy import CursorResult, Float, cast, extract, func, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql import ColumnElement
from sqlmodel import Session, col

from webcare.store.engine import Store
from webcare.store.tables import LeaseRow

#: The Julian day of 1970-01-01; SQLite tells parts of a second only in Julian days on all its versions.
_EPOCH_DAY = 2440587.5


def acquire(store: Store, name: str, *, ttl_s: float, holder: str) -> int | None:
    """Take the lease for `ttl_s` seconds and return its fence; None while anybody, also `holder`, still has it."""
    with store.write() as session:
        now = _now(session)
        insert = postgresql.insert if store.dialect == "postgresql" else sqlite.insert
        fresh = insert(LeaseRow).values(name=name, holder=holder, fence=1, expires=now + ttl_s)
        taken = fresh.on_conflict_do_update(
            index_elements=["name"],
            set_={"holder": holder, "fence": LeaseRow.fence + 1, "expires": now + ttl_s},
            where=col(LeaseRow.expires) <= now,
        )
        return session.execute(taken.returning(col(LeaseRow.fence))).scalar()


def renew(store: Store, name: str, *, fence: int, holder: str, ttl_s: float) -> bool:
    """Keep the lease for another `ttl_s` seconds from now; False when it ran out or was taken: stop working."""
    return _change(store, name, fence=fence, holder=holder, ttl_s=ttl_s)


def release(store: Store, name: str, *, fence: int, holder: str) -> bool:
    """Give the lease back; False when it was no longer ours."""
    return _change(store, name, fence=fence, holder=holder, ttl_s=0.0)


def holds(session: Session, name: str, *, fence: int, holder: str) -> bool:
    """Whether the lease is still ours, inside a `write()`: nobody can take it before that transaction ends."""
    mine = select(col(LeaseRow.name)).where(*_ours(session, name, fence=fence, holder=holder)).with_for_update()
    return session.execute(mine).first() is not None


def _change(store: Store, name: str, *, fence: int, holder: str, ttl_s: float) -> bool:
    with store.write() as session:
        ours = _ours(session, name, fence=fence, holder=holder)
        changed = session.execute(update(LeaseRow).where(*ours).values(expires=_now(session) + ttl_s))
        return isinstance(changed, CursorResult) and changed.rowcount == 1


def _ours(session: Session, name: str, *, fence: int, holder: str) -> tuple[ColumnElement[bool], ...]:
    row = LeaseRow
    return (
        col(row.name) == name,
        col(row.fence) == fence,
        col(row.holder) == holder,
        col(row.expires) > _now(session),
    )


def _now(session: Session) -> ColumnElement[float]:
    """Seconds since 1970 by the database's clock, at the moment of the statement and not of the transaction."""
    if session.get_bind().dialect.name == "postgresql":
        return cast(extract("epoch", func.clock_timestamp()), Float)
    return (func.julianday("now", type_=Float) - literal(_EPOCH_DAY)) * 86400.0
