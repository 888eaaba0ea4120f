"""Who is signed in where. Tokens are random; only their SHA-256 is kept, and each use is checked against the table."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import Executable, bindparam
from sqlalchemy import select as sql_select
from sqlmodel import Session, col, delete, select

from webcare import audit
from webcare.domain import Actor
from webcare.errors import SignInRefused, WebcareError
from webcare.people.directory import actor_of, by_username, plain_username, subject_of
from webcare.people.passwords import fits
from webcare.people.permissions import person_id
from webcare.store import Store
from webcare.store.prepared import run
from webcare.store.tables import AgentRow, SignInRow

#: Wrong passwords in a row before an account is locked for LOCKED_FOR.
MAX_FAILED_LOGINS = 5
LOCKED_FOR = timedelta(minutes=10)
#: How old "last seen" may be before it is written again: a write per click would be waste.
SEEN_EVERY = timedelta(minutes=2)
#: Length of what names a sign-in to its owner: the beginning of its token's hash.
_MARK = 16
_WRONG = "The user name or the password is not right."
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("CriOS/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


@dataclass(frozen=True, slots=True)
class Standing:
    """Who a browser's token stands for, and what has to happen before they may work."""

    actor: Actor
    username: str
    must_change: bool  #: the password was set by somebody else
    seen_at: datetime  #: as it is written down; see SEEN_EVERY


@dataclass(frozen=True, slots=True)
class SignInView:
    """One signed-in browser, as its owner sees it."""

    mark: str
    created_at: datetime
    seen_at: datetime
    browser: str
    method: str  #: "password" or "oidc"
    is_this: bool


def sign_in(
    store: Store, username: str, password: str, *, now: datetime, lasts: timedelta, browser: str = ""
) -> tuple[str, Actor]:
    """Check a password and open a sign-in; gives the cookie's token and the person.

    Raises SignInRefused for an unknown name, a wrong password, a closed or a locked account, in the same words and
    after the same work for the first three, so that nobody can find out which names exist.
    """
    with store.read() as session:
        row = by_username(session, username)
    right = fits(password, row.password_hash if row else "")
    if row and row.locked_until and row.locked_until > now:
        raise SignInRefused("Too many wrong passwords; this account is locked for a few minutes.")
    if row is None or not row.active or not right:
        if row is not None:
            count_failure(store, plain_username(username), now)
        raise SignInRefused(_WRONG)
    with store.write() as session:
        fresh = session.get(AgentRow, row.id, with_for_update=True)
        # Closed, or given another password, while this one was being checked.
        if fresh is None or not fresh.active or fresh.password_hash != row.password_hash:
            raise SignInRefused(_WRONG)
        fresh.failed_logins, fresh.locked_until = 0, None
        session.add(fresh)
        return open_sign_in(session, fresh, now=now, lasts=lasts, browser=browser, method="password"), actor_of(fresh)


def standing(session: Session, token: str, *, now: datetime) -> Standing | None:
    """Who a cookie's token stands for; None when it is unknown, expired, revoked or the account is closed."""
    found = run(session, _signed_in(), token_hash=_digest(token)).first()
    if found is None or not found.active or found.sign_in_revoked_at is not None or found.sign_in_expires_at <= now:
        return None
    must_change = found.must_change and found.sign_in_method == "password"
    return Standing(actor_of(found), found.username, must_change, found.sign_in_seen_at or found.sign_in_created_at)


@cache
def _signed_in() -> Executable:
    # Asked at every click, so by columns: whole objects take several times as long.
    person, opened = AgentRow.__table__.c, SignInRow.__table__.c  # type: ignore[attr-defined]
    names = ("method", "revoked_at", "expires_at", "seen_at", "created_at")
    return (
        sql_select(*person, *(opened[name].label(f"sign_in_{name}") for name in names))
        .join_from(AgentRow, SignInRow, opened.agent_id == person.id)
        .where(opened.token_hash == bindparam("token_hash"))
    )


def actor_for_token(session: Session, token: str, *, now: datetime) -> Actor | None:
    """The person who may work in this browser; None also while they still have to choose a password of their own."""
    found = standing(session, token, now=now)
    return None if found is None or found.must_change else found.actor


def owner_of(session: Session, token: str) -> Actor | None:
    """Whose sign-in a token is or was, ended or not: to know whose texts a browser holds, never to let anybody in."""
    row = session.get(SignInRow, _digest(token))
    agent = session.get(AgentRow, row.agent_id) if row is not None else None
    return actor_of(agent) if agent is not None else None


def seen(session: Session, token: str, *, now: datetime) -> None:
    """Write down that a browser and its owner are here; an ended sign-in is not touched."""
    row = session.get(SignInRow, _digest(token))
    if row is None or row.revoked_at is not None:
        return
    row.seen_at = now
    agent = session.get_one(AgentRow, row.agent_id)
    agent.seen_at = now
    session.add(row)
    session.add(agent)


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


def my_sign_ins(session: Session, *, by: Actor, now: datetime, token: str = "") -> list[SignInView]:
    """One's own signed-in browsers, the one last used first; `token` tells which of them is asking."""
    query = (
        select(SignInRow)
        .where(
            SignInRow.agent_id == person_id(by), col(SignInRow.revoked_at).is_(None), col(SignInRow.expires_at) > now
        )
        .order_by(col(SignInRow.created_at).desc())
    )
    mine = _digest(token)
    found = [
        SignInView(
            row.token_hash[:_MARK],
            row.created_at,
            row.seen_at or row.created_at,
            row.browser,
            row.method,
            row.token_hash == mine,
        )
        for row in session.exec(query)
    ]
    return sorted(found, key=lambda one: (one.is_this, one.seen_at), reverse=True)


def end_my_sign_in(session: Session, mark: str, *, by: Actor, now: datetime) -> None:
    """Sign oneself out of one browser. Raises WebcareError when that sign-in ended already."""
    me = person_id(by)
    if len(mark) != _MARK or not _end(session, me, now, mark=mark):
        raise WebcareError("This browser is signed out already.")
    audit.record(session, "signed_out_elsewhere", by=by, now=now, subject=f"person:{by.id}", after={"browsers": 1})


def end_my_other_sign_ins(session: Session, *, by: Actor, now: datetime, token: str) -> int:
    """Sign oneself out everywhere but in the browser with this token; gives in how many."""
    ended = _end(session, person_id(by), now, but=_digest(token))
    if ended:
        audit.record(
            session, "signed_out_elsewhere", by=by, now=now, subject=f"person:{by.id}", after={"browsers": ended}
        )
    return ended


def end_sign_ins(session: Session, agent_id: int, *, now: datetime, but_token: str = "") -> int:
    """End all sign-ins of somebody, one token's excepted, in the transaction that makes it necessary."""
    return _end(session, agent_id, now, but=_digest(but_token))


def open_sign_in(session: Session, row: AgentRow, *, now: datetime, lasts: timedelta, browser: str, method: str) -> str:
    """Begin a sign-in of somebody whose identity was checked; gives the cookie's token."""
    assert row.id is not None
    token = secrets.token_urlsafe(32)
    session.add(
        SignInRow(
            token_hash=_digest(token),
            agent_id=row.id,
            created_at=now,
            expires_at=now + lasts,
            browser=browser_name(browser),
            method=method,
        )
    )
    # Whoever signs in is at work from that moment on, not from the first time stamp a minute later.
    row.seen_at = now
    session.add(row)
    return token


def count_failure(store: Store, username: str, now: datetime) -> None:
    """Count a wrong password, and lock the account after MAX_FAILED_LOGINS in a row."""
    with store.write() as session:
        row = by_username(session, username)
        if row is None:
            return
        row.failed_logins += 1
        if row.failed_logins >= MAX_FAILED_LOGINS:
            row.failed_logins, row.locked_until = 0, now + LOCKED_FOR
            session.flush()
            until = {"until": row.locked_until.isoformat()}
            by = Actor.system("sign-in")
            audit.record(session, "account_locked", by=by, now=now, subject=subject_of(row), after=until)
        session.add(row)


def browser_name(agent: str) -> str:
    """What a person calls the program behind a User-Agent header: "Firefox on Linux"; empty where nothing is told."""
    program = next((name for sign, name in _BROWSERS if sign in agent), "")
    system = next((name for sign, name in _SYSTEMS if sign in agent), "")
    return " on ".join(part for part in (program, system) if part)


def _end(session: Session, agent_id: int, now: datetime, *, mark: str = "", but: str = "") -> int:
    query = select(SignInRow).where(
        SignInRow.agent_id == agent_id, col(SignInRow.revoked_at).is_(None), col(SignInRow.expires_at) > now
    )
    rows = [row for row in session.exec(query) if row.token_hash.startswith(mark) and row.token_hash != but]
    for row in rows:
        row.revoked_at = now
        session.add(row)
    return len(rows)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
