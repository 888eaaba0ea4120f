"""Colleagues: who may do what, and who is signed in.

Roles are checked here and in the services, never only by hiding a page. Password hashing (about 0.3 s of argon2id)
always happens outside a database transaction. Tokens are random; only their SHA-256 is stored.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache

from pwdlib import PasswordHash
from sqlmodel import Session, col, delete, select

from webcare.domain import Actor, Role
from webcare.errors import NotAllowed, SignInRefused, WebcareError
from webcare.store import Store
from webcare.store.tables import AgentRow, SignInRow

#: Wrong passwords in a row before an account is locked for LOCKED_FOR.
MAX_FAILED_LOGINS = 5
LOCKED_FOR = timedelta(minutes=10)
MIN_PASSWORD = 10


class Permission(StrEnum):
    """One thing a person may be allowed to do."""

    SEE_CASES = "see_cases"
    WORK_CASES = "work_cases"  #: claim, note, draft, snooze, resolve, reopen
    SEND_REPLY = "send_reply"
    HAND_OVER = "hand_over"
    CORRECT_TRIAGE = "correct_triage"
    SEE_REPORTS = "see_reports"
    EDIT_RULES = "edit_rules"  #: the brand rules of the guard
    MANAGE_PEOPLE = "manage_people"
    MANAGE_ACCOUNTS = "manage_accounts"
    RUN_JOBS = "run_jobs"


_DESK = frozenset({Permission.SEE_CASES, Permission.WORK_CASES, Permission.HAND_OVER, Permission.CORRECT_TRIAGE})
_VOICE = _DESK | {Permission.SEND_REPLY}
_MANAGING = frozenset({Permission.SEE_CASES, Permission.SEE_REPORTS})

#: Second line has the facts, first line the voice: a specialist advises in notes and does not post.
PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    Role.FIRST_LINE: _VOICE,
    Role.SECOND_LINE: _DESK,
    Role.TEAM_LEAD: _VOICE | _MANAGING,
    Role.MANAGER: _MANAGING | {Permission.EDIT_RULES},
    Role.ADMIN: frozenset(Permission),
    Role.SYSTEM: frozenset({Permission.SEE_CASES, Permission.RUN_JOBS}),
}


def may(actor: Actor, permission: Permission) -> bool:
    """Whether this person's role includes the permission."""
    return permission in PERMISSIONS[actor.role]


def require(actor: Actor, permission: Permission) -> None:
    """Raise NotAllowed, naming the role and what it lacks, unless the actor holds the permission."""
    if not may(actor, permission):
        role, wish = (str(value).replace("_", " ") for value in (actor.role, permission))
        raise NotAllowed(f"{actor.name} ({role}) may not {wish}.")


def person_id(actor: Actor) -> int:
    """The id of the person behind an act; raises NotAllowed for a job, which cannot own work."""
    if actor.id is None:
        raise NotAllowed(f"{actor.name} is a job; only a person can do this.")
    return actor.id


def add_agent(store: Store, *, username: str, name: str, role: Role, password: str, by: Actor, now: datetime) -> int:
    """Make an account for a colleague and return its id.

    Raises NotAllowed without MANAGE_PEOPLE (the system actor of `webcare init` may make the first one), and
    WebcareError for an empty or taken user name or a short password.
    """
    if by.role is not Role.SYSTEM:
        require(by, Permission.MANAGE_PEOPLE)
    username = username.strip().lower()
    if not username or not name.strip():
        raise WebcareError("A colleague needs a user name and a name.")
    if len(password) < MIN_PASSWORD:
        raise WebcareError(f"The password of {username} is too short; use at least {MIN_PASSWORD} characters.")
    hashed = _hasher().hash(password)
    with store.write() as session:
        if _by_username(session, username) is not None:
            raise WebcareError(f"There already is a colleague with the user name {username}.")
        row = AgentRow(username=username, name=name.strip(), role=role.value, password_hash=hashed, created_at=now)
        session.add(row)
        session.flush()
        assert row.id is not None
        return row.id


def sign_in(store: Store, username: str, password: str, *, now: datetime, lasts: timedelta) -> tuple[str, Actor]:
    """Check a password and open a sign-in; gives the cookie's token and the person.

    Raises SignInRefused for an unknown name, a wrong password, a closed or a locked account, in the same words and
    after the same work for the first three, so that nobody can find out which names exist.
    """
    username = username.strip().lower()
    with store.read() as session:
        row = _by_username(session, username)
        hashed = row.password_hash if row else _dummy_hash()
        locked = bool(row and row.locked_until and row.locked_until > now)
    right = _hasher().verify(password, hashed)
    if locked:
        raise SignInRefused("Too many wrong passwords; this account is locked for a few minutes.")
    if row is None or not row.active or not right:
        if row is not None:
            _count_failure(store, username, now)
        raise SignInRefused("The user name or the password is not right.")
    return _open_sign_in(store, username, now, lasts)


def actor_for_token(session: Session, token: str, *, now: datetime) -> Actor | None:
    """The person a cookie's token stands for; None when it is unknown, expired, revoked or the account is closed."""
    query = (
        select(AgentRow, SignInRow)
        .join(SignInRow, col(SignInRow.agent_id) == col(AgentRow.id))
        .where(SignInRow.token_hash == _digest(token))
    )
    found = session.exec(query).first()
    if found is None:
        return None
    agent, signed_in = found
    if not agent.active or signed_in.revoked_at is not None or signed_in.expires_at <= now:
        return None
    return _actor(agent)


def sign_out(store: Store, token: str, *, now: datetime) -> None:
    """End the sign-in a token stands for; an unknown token is nothing to do."""
    with store.write() as session:
        row = session.get(SignInRow, _digest(token))
        if row is not None and row.revoked_at is None:
            row.revoked_at = now
            session.add(row)


def prune_sign_ins(session: Session, *, now: datetime) -> int:
    """Delete sign-ins that ended; gives how many."""
    result = session.exec(delete(SignInRow).where(col(SignInRow.expires_at) <= now))
    return int(result.rowcount)


def colleagues(session: Session) -> list[Actor]:
    """Everybody who can be given a case, by name."""
    rows = session.exec(select(AgentRow).where(col(AgentRow.active)).order_by(col(AgentRow.name)))
    return [_actor(row) for row in rows]


def find_agent(session: Session, agent_id: int) -> Actor:
    """The colleague with this id; raises WebcareError when there is none or the account is closed."""
    row = session.get(AgentRow, agent_id)
    if row is None or not row.active:
        raise WebcareError("This colleague does not work at the desk (any more).")
    return _actor(row)


def _actor(row: AgentRow) -> Actor:
    return Actor(row.id, row.name, Role(row.role))


def _by_username(session: Session, username: str) -> AgentRow | None:
    return session.exec(select(AgentRow).where(AgentRow.username == username)).first()


def _count_failure(store: Store, username: str, now: datetime) -> None:
    with store.write() as session:
        row = _by_username(session, username)
        if row is None:
            return
        row.failed_logins += 1
        if row.failed_logins >= MAX_FAILED_LOGINS:
            row.failed_logins, row.locked_until = 0, now + LOCKED_FOR
        session.add(row)


def _open_sign_in(store: Store, username: str, now: datetime, lasts: timedelta) -> tuple[str, Actor]:
    token = secrets.token_urlsafe(32)
    with store.write() as session:
        row = _by_username(session, username)
        if row is None or row.id is None:
            raise SignInRefused("The user name or the password is not right.")
        row.failed_logins, row.locked_until = 0, None
        session.add(row)
        session.add(SignInRow(token_hash=_digest(token), agent_id=row.id, created_at=now, expires_at=now + lasts))
        return token, _actor(row)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


@cache
def _hasher() -> PasswordHash:
    return PasswordHash.recommended()


@cache
def _dummy_hash() -> str:
    # An unknown name costs as much time as a wrong password.
    return _hasher().hash(secrets.token_urlsafe(16))
