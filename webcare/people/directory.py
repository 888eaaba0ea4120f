"""Who works at the desk, as colleagues see each other and as an administrator sees everybody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlmodel import Session, col, func, select

from webcare.domain import Actor, Role
from webcare.errors import WebcareError
from webcare.people.permissions import Permission, person_id, require
from webcare.store.tables import AgentRow, SignInRow


@dataclass(frozen=True, slots=True)
class Person:
    """Everything an administrator sees of one colleague; no password, no token."""

    id: int
    username: str
    name: str
    role: Role
    active: bool
    email: str
    from_provider: bool  #: signs in through the identity provider, which then decides on the role
    has_password: bool
    must_change: bool
    locked_until: datetime | None
    language: str
    timezone: str
    density: str
    suggestions: bool
    grants: frozenset[str]
    supervised: bool
    skills: tuple[str, ...]
    capacity: int
    hours: Mapping[str, Any]
    away_until: datetime | None
    created_at: datetime
    seen_at: datetime | None
    sign_ins: int = 0  #: browsers signed in now


def colleagues(session: Session) -> list[Actor]:
    """Everybody who can be given a case, by name."""
    rows = session.exec(select(AgentRow).where(col(AgentRow.active)).order_by(col(AgentRow.name)))
    return [actor_of(row) for row in rows]


def find_agent(session: Session, agent_id: int) -> Actor:
    """The colleague with this id; raises WebcareError when there is none or the account is closed."""
    row = session.get(AgentRow, agent_id)
    if row is None or not row.active:
        raise WebcareError("This colleague does not work at the desk (any more).")
    return actor_of(row)


def everybody(session: Session, *, by: Actor, now: datetime) -> list[Person]:
    """Everybody, those who left last, each part by name. Raises NotAllowed without MANAGE_PEOPLE."""
    require(by, Permission.MANAGE_PEOPLE)
    open_now = (
        select(SignInRow.agent_id, func.count())
        .where(col(SignInRow.revoked_at).is_(None), SignInRow.expires_at > now)
        .group_by(col(SignInRow.agent_id))
    )
    browsers: dict[int, int] = dict(session.exec(open_now).all())
    rows = session.exec(select(AgentRow).order_by(col(AgentRow.active).desc(), func.lower(AgentRow.name)))
    return [person_of(row, browsers.get(row.id or 0, 0)) for row in rows]


def myself(session: Session, *, by: Actor) -> Person:
    """One's own account; raises WebcareError when it is gone."""
    row = session.get(AgentRow, person_id(by))
    if row is None:
        raise WebcareError("This colleague does not work at the desk (any more).")
    return person_of(row)


def names_of(session: Session) -> dict[str, str]:
    """Everybody's name by what the audit log calls them, those who left too."""
    return {f"person:{id_}": name for id_, name in session.exec(select(AgentRow.id, AgentRow.name))}


def actor_of(row: AgentRow | Row[Any]) -> Actor:
    """The person behind a row (or a result with its columns), as every verb takes them."""
    return Actor(
        row.id,
        row.name,
        Role(row.role),
        grants=frozenset(row.grants),
        supervised=row.supervised,
        language=row.language,
        timezone=row.timezone,
        density=row.density,
        suggestions=row.suggestions,
    )


def person_of(row: AgentRow, sign_ins: int = 0) -> Person:
    """The whole of a row that may be shown."""
    assert row.id is not None
    return Person(
        id=row.id,
        username=row.username,
        name=row.name,
        role=Role(row.role),
        active=row.active,
        email=row.email,
        from_provider=bool(row.subject),
        has_password=bool(row.password_hash),
        must_change=row.must_change,
        locked_until=row.locked_until,
        language=row.language,
        timezone=row.timezone,
        density=row.density,
        suggestions=row.suggestions,
        grants=frozenset(row.grants),
        supervised=row.supervised,
        skills=tuple(row.skills),
        capacity=row.capacity,
        hours=row.hours,
        away_until=row.away_until,
        created_at=row.created_at,
        seen_at=row.seen_at,
        sign_ins=sign_ins,
    )


def by_username(session: Session, username: str) -> AgentRow | None:
    """The row of a user name, as it is typed."""
    return session.exec(select(AgentRow).where(AgentRow.username == plain_username(username))).first()


def plain_username(typed: str) -> str:
    """A user name as it is kept: without spaces around it, in small letters."""
    return typed.strip().lower()


def subject_of(row: AgentRow) -> str:
    """How the audit log names somebody."""
    return f"person:{row.id}"
