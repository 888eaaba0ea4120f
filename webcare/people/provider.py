"""People whom an identity provider (OpenID Connect) lets in: who that is here, and with which role.

The provider says who somebody is and in which groups; the desk's settings say which role a group has, at every
sign-in anew. What a browser is signed in with afterwards is our own sign-in, like any other.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from webcare import audit
from webcare.domain import Actor, Role
from webcare.errors import AccountExists, SignInRefused
from webcare.people.administration import MAX_NAME, NewPerson, insert
from webcare.people.directory import actor_of, by_username, subject_of
from webcare.people.signing_in import end_sign_ins, open_sign_in
from webcare.store import Store
from webcare.store.tables import AgentRow

_PROVIDER = Actor.system("identity provider")
_NO_GROUP = "Your organisation knows you, but none of your groups works at this desk. Ask an administrator."
_CLOSED = "Your account at this desk is closed. Ask an administrator."


@dataclass(frozen=True, slots=True)
class Identity:
    """What a provider said of somebody, already checked to be said by it."""

    subject: str  #: issuer and the provider's own id for the person: no other provider can claim it
    name: str
    username: str = ""
    email: str = ""
    email_verified: bool = False
    groups: frozenset[str] = frozenset()


def sign_in_known(
    store: Store, who: Identity, *, roles: Mapping[str, Role], now: datetime, lasts: timedelta, browser: str = ""
) -> tuple[str, Actor]:
    """Open a sign-in for somebody the provider knows; gives the cookie's token and the person.

    They are found by subject, else by verified e-mail, else made. `roles` maps groups to roles, the first that fits
    counts. Raises SignInRefused, in words, for a person without a role or with a closed account; whoever has no role
    any more is signed out everywhere.
    """
    role = next((role for group, role in roles.items() if group in who.groups), None)
    try:
        return _enter(store, who, role, now, lasts, browser)
    except (IntegrityError, AccountExists):
        # Two browsers of a new person at the same moment: the other one made the account meanwhile.
        return _enter(store, who, role, now, lasts, browser)


def _enter(
    store: Store, who: Identity, role: Role | None, now: datetime, lasts: timedelta, browser: str
) -> tuple[str, Actor]:
    with store.write() as session:
        row = _find(session, who)
        if role is None or (row is not None and not row.active):
            _shut_out(session, row, now)
        else:
            row = row or _made(session, who, role, now)
            _keep_up(session, row, who, role, now)
            token = open_sign_in(session, row, now=now, lasts=lasts, browser=browser, method="oidc")
            return token, actor_of(row)
    raise SignInRefused(_NO_GROUP if role is None else _CLOSED)


def _find(session: Session, who: Identity) -> AgentRow | None:
    row = session.exec(select(AgentRow).where(AgentRow.subject == who.subject).with_for_update()).first()
    email = who.email.strip().lower()
    if row is not None or not email or not who.email_verified:
        return row
    # Somebody else's subject on that account: an address that was given to another person since.
    query = select(AgentRow).where(AgentRow.email == email, AgentRow.subject == "").with_for_update()
    found = list(session.exec(query))
    return found[0] if len(found) == 1 else None


def _made(session: Session, who: Identity, role: Role, now: datetime) -> AgentRow:
    name = " ".join(who.name.split())[:MAX_NAME] or who.username or "Colleague"
    email = who.email.strip().lower() if who.email_verified and not _taken(session, who.email) else ""
    new = NewPerson(_free_name(session, who), name, role, email=email)
    insert(session, new, by=_PROVIDER, now=now, subject=who.subject)
    row = by_username(session, new.username)
    assert row is not None
    return row


def _keep_up(session: Session, row: AgentRow, who: Identity, role: Role, now: datetime) -> None:
    """Bring role and link up to date; another role ends the sign-ins made with the old one."""
    before = {"role": row.role, "linked": bool(row.subject)}
    row.subject, row.role = who.subject, role.value
    after = {"role": row.role, "linked": True}
    session.add(row)
    if before == after:
        return
    if before["role"] != after["role"] and row.id is not None:
        end_sign_ins(session, row.id, now=now)
    what = "role_changed" if before["role"] != after["role"] else "person_linked"
    old, new = audit.difference(before, after)
    audit.record(session, what, by=_PROVIDER, now=now, subject=subject_of(row), before=old, after=new)


def _shut_out(session: Session, row: AgentRow | None, now: datetime) -> None:
    if row is not None and row.id is not None and (ended := end_sign_ins(session, row.id, now=now)):
        after = {"signed_out": ended}
        audit.record(session, "person_shut_out", by=_PROVIDER, now=now, subject=subject_of(row), after=after)


def _taken(session: Session, email: str) -> bool:
    query = select(AgentRow.id).where(AgentRow.email == email.strip().lower())
    return session.exec(query).first() is not None


def _free_name(session: Session, who: Identity) -> str:
    wished = (who.username or who.email.partition("@")[0] or who.name).lower()
    base = re.sub(r"[^\w.-]+", "", wished)[: MAX_NAME - 4] or "colleague"
    names = [base, *(f"{base}{number}" for number in range(2, 1000))]
    return next(name for name in names if by_username(session, name) is None)
