"""Signing in, and what it refuses."""

from datetime import timedelta

import pytest
from sqlmodel import select

from webcare import people
from webcare.domain import Actor, Role
from webcare.errors import NotAllowed, SignInRefused, WebcareError
from webcare.store import Store
from webcare.store.tables import AgentRow, SignInRow
from webcare.testing import NOON

PASSWORD = "a long enough phrase"
WEEK = timedelta(days=7)
INIT = Actor.system("init")


@pytest.fixture
def desk(sqlite_store: Store) -> Store:
    people.add_agent(
        sqlite_store, username="Sanne", name="Sanne", role=Role.FIRST_LINE, password=PASSWORD, by=INIT, now=NOON
    )
    return sqlite_store


def who(store: Store, token: str, now=NOON) -> Actor | None:
    with store.read() as session:
        return people.actor_for_token(session, token, now=now)


def test_the_right_password_opens_a_sign_in_that_ends(desk: Store) -> None:
    token, actor = people.sign_in(desk, " sanne ", PASSWORD, now=NOON, lasts=WEEK)
    assert (actor.name, actor.role) == ("Sanne", Role.FIRST_LINE)
    assert who(desk, token) == actor
    assert who(desk, token, NOON + WEEK) is None
    assert who(desk, "another token") is None


def test_neither_password_nor_token_stands_in_the_database(desk: Store) -> None:
    token, _ = people.sign_in(desk, "sanne", PASSWORD, now=NOON, lasts=WEEK)
    with desk.read() as session:
        stored = [session.exec(select(SignInRow)).one().token_hash, session.exec(select(AgentRow)).one().password_hash]
    assert all(token not in value and PASSWORD not in value for value in stored)


def test_signing_out_ends_it_at_once(desk: Store) -> None:
    token, _ = people.sign_in(desk, "sanne", PASSWORD, now=NOON, lasts=WEEK)
    people.sign_out(desk, token, now=NOON)
    people.sign_out(desk, "never existed", now=NOON)
    assert who(desk, token) is None


@pytest.mark.parametrize(("name", "password"), [("sanne", "wrong"), ("nobody", PASSWORD), ("", "")])
def test_unknown_names_and_wrong_passwords_read_the_same(desk: Store, name: str, password: str) -> None:
    with pytest.raises(SignInRefused, match="user name or the password"):
        people.sign_in(desk, name, password, now=NOON, lasts=WEEK)


def test_too_many_wrong_passwords_lock_the_account_for_a_while(desk: Store) -> None:
    for _ in range(people.MAX_FAILED_LOGINS):
        with pytest.raises(SignInRefused):
            people.sign_in(desk, "sanne", "wrong", now=NOON, lasts=WEEK)
    with pytest.raises(SignInRefused, match="locked"):
        people.sign_in(desk, "sanne", PASSWORD, now=NOON, lasts=WEEK)
    later = NOON + people.LOCKED_FOR + timedelta(seconds=1)
    assert people.sign_in(desk, "sanne", PASSWORD, now=later, lasts=WEEK)


def test_a_closed_account_cannot_sign_in_and_its_open_browsers_end(desk: Store) -> None:
    token, _ = people.sign_in(desk, "sanne", PASSWORD, now=NOON, lasts=WEEK)
    with desk.write() as session:
        row = session.exec(select(AgentRow)).one()
        row.active = False
        session.add(row)
    assert who(desk, token) is None
    with pytest.raises(SignInRefused):
        people.sign_in(desk, "sanne", PASSWORD, now=NOON, lasts=WEEK)


@pytest.mark.parametrize(
    ("username", "password", "says"),
    [("sanne", PASSWORD, "already"), ("new", "short", "too short"), (" ", PASSWORD, "user name")],
)
def test_an_account_that_cannot_be_made_says_why(desk: Store, username: str, password: str, says: str) -> None:
    with pytest.raises(WebcareError, match=says):
        people.add_agent(desk, username=username, name="N", role=Role.ADMIN, password=password, by=INIT, now=NOON)


def test_only_those_who_manage_people_make_accounts(desk: Store) -> None:
    sanne = Actor(1, "Sanne", Role.FIRST_LINE)
    with pytest.raises(NotAllowed, match="Sanne"):
        people.add_agent(desk, username="x", name="X", role=Role.ADMIN, password=PASSWORD, by=sanne, now=NOON)


def test_old_sign_ins_are_cleared_away(desk: Store) -> None:
    people.sign_in(desk, "sanne", PASSWORD, now=NOON, lasts=timedelta(hours=1))
    with desk.write() as session:
        assert people.prune_sign_ins(session, now=NOON) == 0
        assert people.prune_sign_ins(session, now=NOON + timedelta(hours=2)) == 1
