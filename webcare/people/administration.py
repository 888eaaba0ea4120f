"""What administrators do about people: add, change, close, reopen, give a new password, sign out.

Whatever takes rights away signs the person out everywhere in the same transaction. Nobody changes their own rights,
nobody gives rights they do not have, and the last administrator stays one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from webcare import audit
from webcare.domain import Actor, Role
from webcare.errors import AccountExists, NotAllowed, WebcareError
from webcare.people.directory import by_username, plain_username, subject_of
from webcare.people.own_account import Hours, checked_hours
from webcare.people.passwords import check_password, hash_password, one_time_password
from webcare.people.permissions import Permission, require, rights
from webcare.people.signing_in import end_sign_ins
from webcare.store import Store
from webcare.store.tables import AgentRow

MAX_NAME = 80
_MAX_SKILLS = 50


@dataclass(frozen=True, slots=True)
class NewPerson:
    """Somebody to be added. `hours` as in own_account; `skills` like "topic:delivery", "market:nl", "store:utrecht"."""

    username: str
    name: str
    role: Role
    email: str = ""
    grants: frozenset[str] = frozenset()
    supervised: bool = False
    skills: tuple[str, ...] = ()
    capacity: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """What to change about somebody; None leaves it as it is."""

    name: str | None = None
    email: str | None = None
    role: Role | None = None
    grants: frozenset[str] | None = None
    supervised: bool | None = None
    skills: tuple[str, ...] | None = None
    capacity: int | None = None
    hours: Hours | None = None


def add_agent(store: Store, *, username: str, name: str, role: Role, password: str, by: Actor, now: datetime) -> int:
    """Make an account with a password of one's choice and return its id.

    Raises NotAllowed without MANAGE_PEOPLE (the system actor of `webcare init` may make the first one), and
    WebcareError for an empty or taken user name or a password that is no good.
    """
    if by.role is not Role.SYSTEM:
        require(by, Permission.MANAGE_PEOPLE)
        _may_give(by, role, frozenset())
    new = checked(NewPerson(username, name, role))
    check_password(password, username=new.username, name=new.name)
    hashed = hash_password(password)
    with store.write() as session:
        return insert(session, new, by=by, now=now, password_hash=hashed)


def add_person(store: Store, new: NewPerson, *, by: Actor, now: datetime) -> tuple[int, str]:
    """Make an account; gives its id and the password for the first sign-in, which is kept nowhere.

    Raises NotAllowed without MANAGE_PEOPLE or for rights one does not have, WebcareError for what is wrong.
    """
    require(by, Permission.MANAGE_PEOPLE)
    _may_give(by, new.role, new.grants)
    new = checked(new)
    password = one_time_password()
    hashed = hash_password(password)
    with store.write() as session:
        return insert(session, new, by=by, now=now, password_hash=hashed, must_change=True), password


def change_person(session: Session, agent_id: int, change: Change, *, by: Actor, now: datetime) -> None:
    """Change what is given; a person whose rights changed is signed out everywhere.

    Raises NotAllowed without MANAGE_PEOPLE, for one's own rights, for rights one does not have and for the last
    administrator; WebcareError for values that cannot be.
    """
    require(by, Permission.MANAGE_PEOPLE)
    administrators = _administrators(session)
    row = _load(session, agent_id)
    before = _state(row)
    after = {**before, **_values(change)}
    changed = {name for name in after if after[name] != before[name]}
    if not changed:
        return
    if changed & {"role", "grants", "supervised"}:
        _check_rights(row, Role(after["role"]), frozenset(after["grants"]), by, administrators)
        end_sign_ins(session, agent_id, now=now)
    for name in changed:
        setattr(row, name, after[name])
    session.add(row)
    what = "role_changed" if "role" in changed else "person_changed"
    old, new = audit.difference(before, after)
    audit.record(session, what, by=by, now=now, subject=subject_of(row), before=old, after=new)


def close_person(session: Session, agent_id: int, *, by: Actor, now: datetime) -> None:
    """Close an account: signed out everywhere, no sign-in any more; the name stays on what was done.

    Raises NotAllowed without MANAGE_PEOPLE, for oneself and for the last administrator.
    """
    require(by, Permission.MANAGE_PEOPLE)
    administrators = _administrators(session)
    row = _load(session, agent_id)
    if agent_id == by.id:
        raise NotAllowed("You cannot close your own account; another administrator can.")
    _may_touch(row, by)
    _not_the_last(row, administrators)
    if not row.active:
        raise WebcareError("The account of {name} is closed already.", name=row.name)
    row.active = False
    session.add(row)
    ended = end_sign_ins(session, agent_id, now=now)
    audit.record(session, "person_closed", by=by, now=now, subject=subject_of(row), after={"signed_out": ended})


def reopen_person(session: Session, agent_id: int, *, by: Actor, now: datetime) -> None:
    """Open a closed account again, with the role and password it had. Raises NotAllowed, WebcareError."""
    require(by, Permission.MANAGE_PEOPLE)
    row = _load(session, agent_id)
    _may_touch(row, by)
    if row.active:
        raise WebcareError("The account of {name} is open already.", name=row.name)
    row.active, row.failed_logins, row.locked_until = True, 0, None
    session.add(row)
    audit.record(session, "person_reopened", by=by, now=now, subject=subject_of(row))


def reset_password(store: Store, agent_id: int, *, by: Actor, now: datetime) -> str:
    """Give somebody a password for one sign-in, which ends all others and any lock; gives that password.

    Raises NotAllowed without MANAGE_PEOPLE or for somebody with more rights, WebcareError for a closed account.
    """
    require(by, Permission.MANAGE_PEOPLE)
    password = one_time_password()
    hashed = hash_password(password)
    with store.write() as session:
        row = _load(session, agent_id)
        _may_touch(row, by)
        if not row.active:
            raise WebcareError("The account of {name} is closed; open it first.", name=row.name)
        row.password_hash, row.must_change, row.failed_logins, row.locked_until = hashed, True, 0, None
        session.add(row)
        ended = end_sign_ins(session, agent_id, now=now)
        audit.record(session, "password_reset", by=by, now=now, subject=subject_of(row), after={"signed_out": ended})
    return password


def sign_out_everywhere(session: Session, agent_id: int, *, by: Actor, now: datetime) -> int:
    """Sign somebody out of every browser; gives of how many. Raises NotAllowed without MANAGE_PEOPLE."""
    require(by, Permission.MANAGE_PEOPLE)
    row = _load(session, agent_id)
    ended = end_sign_ins(session, agent_id, now=now)
    audit.record(session, "signed_out_everywhere", by=by, now=now, subject=subject_of(row), after={"browsers": ended})
    return ended


def checked(new: NewPerson) -> NewPerson:
    """The same person as it is kept; raises WebcareError saying what is missing or cannot be."""
    username, name = plain_username(new.username), _name(new.name)
    if not username or len(username) > MAX_NAME or any(char.isspace() or not char.isprintable() for char in username):
        raise WebcareError("A colleague needs a user name, in one word, and a name.")
    if new.role is Role.SYSTEM:
        raise WebcareError("The role of the jobs is for no person.")
    values = _values(
        Change(email=new.email, grants=new.grants, skills=new.skills, capacity=new.capacity, supervised=new.supervised)
    )
    return replace(
        new,
        username=username,
        name=name,
        email=values["email"],
        skills=tuple(values["skills"]),
        grants=frozenset(values["grants"]),
    )


def insert(session: Session, new: NewPerson, *, by: Actor, now: datetime, password_hash: str = "", **more: Any) -> int:
    """Write a checked person down, with its audit row; raises AccountExists for a taken user name or address."""
    if by_username(session, new.username) is not None:
        raise AccountExists("There already is a colleague with the user name {username}.", username=new.username)
    if new.email and session.exec(select(AgentRow.id).where(AgentRow.email == new.email)).first() is not None:
        raise AccountExists("There already is a colleague with the address {email}.", email=new.email)
    row = AgentRow(
        username=new.username,
        name=new.name,
        role=new.role.value,
        email=new.email,
        grants=sorted(new.grants),
        supervised=new.supervised,
        skills=list(new.skills),
        capacity=new.capacity,
        password_hash=password_hash,
        created_at=now,
        **more,
    )
    session.add(row)
    session.flush()
    assert row.id is not None
    after = {"username": new.username, "name": new.name, "role": new.role.value, "grants": sorted(new.grants)}
    audit.record(session, "person_added", by=by, now=now, subject=subject_of(row), after=after)
    return row.id


def _load(session: Session, agent_id: int) -> AgentRow:
    row = session.get(AgentRow, agent_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise WebcareError("This account does not exist (any more).")
    return row


def _state(row: AgentRow) -> dict[str, Any]:
    names = ("name", "email", "role", "grants", "supervised", "skills", "capacity", "hours")
    return {name: getattr(row, name) for name in names}


def _values(change: Change) -> Mapping[str, Any]:
    """The columns a change sets, checked."""
    values: dict[str, Any] = {}
    if change.name is not None:
        values["name"] = _name(change.name)
    if change.email is not None:
        values["email"] = _email(change.email)
    if change.role is not None:
        values["role"] = change.role.value
    if change.grants is not None:
        values["grants"] = _grants(change.grants)
    if change.supervised is not None:
        values["supervised"] = change.supervised
    if change.skills is not None:
        values["skills"] = _skills(change.skills)
    if change.capacity is not None:
        values["capacity"] = _capacity(change.capacity)
    if change.hours is not None:
        values["hours"] = checked_hours(change.hours)
    return values


def _check_rights(
    row: AgentRow, role: Role, grants: frozenset[str], by: Actor, administrators: frozenset[int | None]
) -> None:
    if row.id == by.id:
        raise NotAllowed("You cannot change your own rights; another administrator can.")
    if role is Role.SYSTEM:
        raise WebcareError("The role of the jobs is for no person.")
    _may_touch(row, by)
    _may_give(by, role, grants)
    if role is not Role.ADMIN:
        _not_the_last(row, administrators)


def _may_give(by: Actor, role: Role, grants: frozenset[str]) -> None:
    beyond = rights(role, grants) - rights(by.role, by.grants)
    if beyond:
        wishes = ", ".join(sorted(beyond)).replace("_", " ")
        raise NotAllowed("You cannot give rights that you do not have yourself: {wishes}.", wishes=wishes)


def _may_touch(row: AgentRow, by: Actor) -> None:
    """Somebody with more rights than oneself is not for oneself to close, change or give a password."""
    if rights(Role(row.role), frozenset(row.grants)) - rights(by.role, by.grants):
        raise NotAllowed("{name} may do more than you; an administrator can do this.", name=row.name)


def _administrators(session: Session) -> frozenset[int | None]:
    # All of them locked, before anybody's row: two who demote each other at the same moment must not both succeed.
    query = select(AgentRow).where(col(AgentRow.active), AgentRow.role == Role.ADMIN.value).order_by(col(AgentRow.id))
    return frozenset(row.id for row in session.exec(query.with_for_update()))


def _not_the_last(row: AgentRow, administrators: frozenset[int | None]) -> None:
    if administrators == {row.id}:
        raise NotAllowed("{name} is the last administrator; make somebody else one first.", name=row.name)


def _name(typed: str) -> str:
    name = " ".join(typed.split())
    if not name or len(name) > MAX_NAME:
        raise WebcareError("A colleague needs a user name and a name of at most {count} characters.", count=MAX_NAME)
    return name


def _email(typed: str) -> str:
    email = typed.strip().lower()
    box, sign, host = email.partition("@")
    if email and not (box and sign and "." in host and " " not in email and len(email) <= 254):
        raise WebcareError("“{email}” is no e-mail address.", email=email[:80])
    return email


def _grants(wished: frozenset[str]) -> list[str]:
    unknown = wished - {permission.value for permission in Permission}
    if unknown:
        raise WebcareError("There is no right called {names}.", names=", ".join(sorted(unknown)))
    return sorted(wished)


def _skills(wished: tuple[str, ...]) -> list[str]:
    skills = sorted({" ".join(skill.split()).lower() for skill in wished} - {""})
    if len(skills) > _MAX_SKILLS or any(len(skill) > MAX_NAME for skill in skills):
        raise WebcareError("At most {count} skills of {length} characters fit.", count=_MAX_SKILLS, length=MAX_NAME)
    return skills


def _capacity(wished: int) -> int:
    if not 0 <= wished <= 1000:
        raise WebcareError("The most cases at once is a number from 0 (no limit) to 1000.")
    return wished
