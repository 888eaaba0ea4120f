"""What administrators do about people, what stops them, and what the audit log says of it."""

import threading

import pytest

from tests.people.conftest import PASSWORD, Staff
from webcare import people
from webcare.domain import Actor, Role
from webcare.errors import NotAllowed, WebcareError
from webcare.people import Change, NewPerson, TableRefused
from webcare.store.tables import AgentRow
from webcare.testing import NOON


def add(staff: Staff, username: str = "bram", role: Role = Role.TEAM_LEAD, by: Actor | None = None, **more: object):
    new = NewPerson(username, username.title(), role, **more)  # type: ignore[arg-type]
    return people.add_person(staff.store, new, by=by or staff.admin, now=NOON)


def test_somebody_added_signs_in_once_with_the_password_shown_and_must_change_it(staff: Staff) -> None:
    made, password = add(staff, email="Bram@Example.org", skills=("topic:delivery",), capacity=30)
    row = staff.row(made)
    assert (row.username, row.email, row.must_change, row.capacity) == ("bram", "bram@example.org", True, 30)
    assert password not in row.password_hash
    (entry,) = staff.log()
    assert (entry.what, entry.subject) == ("person_added", f"person:{made}")
    assert entry.after == {"username": "bram", "name": "Bram", "role": "team_lead", "grants": []}
    assert password not in str(entry)


@pytest.mark.parametrize(
    ("new", "says"),
    [
        (NewPerson("noor", "N", Role.ADMIN), "already"),
        (NewPerson("two words", "N", Role.ADMIN), "one word"),
        (NewPerson("n", " ", Role.ADMIN), "name"),
        (NewPerson("n", "N", Role.SYSTEM), "jobs"),
        (NewPerson("n", "N", Role.ADMIN, email="nowhere"), "e-mail"),
        (NewPerson("n", "N", Role.ADMIN, grants=frozenset({"fly"})), "fly"),
        (NewPerson("n", "N", Role.ADMIN, capacity=-1), "number"),
    ],
)
def test_what_cannot_be_is_refused_in_words(staff: Staff, new: NewPerson, says: str) -> None:
    with pytest.raises((WebcareError, NotAllowed), match=says):
        people.add_person(staff.store, new, by=staff.admin, now=NOON)
    assert staff.log() == []


def test_another_role_ends_every_sign_in_at_once_and_stands_in_the_log(staff: Staff) -> None:
    token = staff.token(staff.noor.id)
    staff.write(people.change_person, staff.noor.id, Change(role=Role.TEAM_LEAD))
    assert not staff.is_in(token)
    (entry,) = staff.log()
    assert (entry.what, entry.before, entry.after) == ("role_changed", {"role": "first_line"}, {"role": "team_lead"})


def test_what_takes_no_rights_leaves_people_signed_in_and_nothing_changed_is_not_logged(staff: Staff) -> None:
    token = staff.token(staff.noor.id)
    change = Change(
        name=" Noor  Smeets ", skills=("Topic:Delivery", " "), capacity=12, hours={"1": [["09:00", "17:00"]]}
    )
    staff.write(people.change_person, staff.noor.id, change)
    staff.write(people.change_person, staff.noor.id, change)
    assert staff.is_in(token)
    row = staff.row(staff.noor.id)
    assert (row.name, row.skills, row.hours) == ("Noor Smeets", ["topic:delivery"], {"1": [["09:00", "17:00"]]})
    assert [entry.what for entry in staff.log()] == ["person_changed"]


def test_closing_an_account_ends_every_sign_in_and_reopening_needs_a_new_one(staff: Staff) -> None:
    token = staff.token(staff.noor.id)
    staff.write(people.close_person, staff.noor.id)
    assert not staff.is_in(token)
    with staff.store.write() as session, pytest.raises(WebcareError, match="closed already"):
        people.close_person(session, staff.noor.id or 0, by=staff.admin, now=NOON)
    staff.write(people.reopen_person, staff.noor.id)
    assert not staff.is_in(token)
    assert [entry.what for entry in staff.log()] == ["person_reopened", "person_closed"]


def test_signing_somebody_out_everywhere_ends_their_browsers_only(staff: Staff) -> None:
    tokens = [staff.token(staff.noor.id), staff.token(staff.noor.id), staff.token(staff.admin.id)]
    assert staff.write(people.sign_out_everywhere, staff.noor.id) == 2
    assert [staff.is_in(token) for token in tokens] == [False, False, True]


def test_nobody_changes_their_own_rights_nor_closes_their_own_account(staff: Staff) -> None:
    add(staff, "second", Role.ADMIN)
    for verb in (
        lambda session: people.close_person(session, staff.admin.id or 0, by=staff.admin, now=NOON),
        lambda session: people.change_person(
            session, staff.admin.id or 0, Change(role=Role.MANAGER), by=staff.admin, now=NOON
        ),
    ):
        with staff.store.write() as session, pytest.raises(NotAllowed, match="your own"):
            verb(session)


def test_the_last_administrator_stays_one(staff: Staff) -> None:
    command_line = Actor(None, "root at the command line", Role.ADMIN)
    for verb, args in ((people.close_person, ()), (people.change_person, (Change(role=Role.MANAGER),))):
        with pytest.raises(NotAllowed, match="last administrator"):
            staff.write(verb, staff.admin.id, *args, by=command_line)
    assert staff.row(staff.admin.id).role == "admin"


def test_two_administrators_who_demote_each_other_at_once_leave_one(staff: Staff) -> None:
    other_id, _ = add(staff, "second", Role.ADMIN)
    other = Actor(other_id, "Second", Role.ADMIN)
    go, refused = threading.Barrier(2), []

    def demote(by: Actor, whom: int | None) -> None:
        go.wait(20)
        try:
            with staff.store.write() as session:
                people.change_person(session, whom or 0, Change(role=Role.MANAGER), by=by, now=NOON)
        except NotAllowed as error:
            refused.append(str(error))

    threads = [
        threading.Thread(target=demote, args=args) for args in ((staff.admin, other_id), (other, staff.admin.id))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
    assert sorted(staff.row(agent).role for agent in (staff.admin.id, other_id)) == ["admin", "manager"]


def test_nobody_gives_rights_they_do_not_have_nor_touches_those_who_have_more(staff: Staff) -> None:
    helper = Actor(staff.noor.id, "Noor", Role.FIRST_LINE, grants=frozenset({"manage_people", "settle_defects"}))
    with pytest.raises(NotAllowed, match="rights that you do not have"):
        add(staff, "evil", Role.ADMIN, by=helper)
    with pytest.raises(NotAllowed, match="rights that you do not have"):
        add(staff, "evil", Role.SECOND_LINE, by=helper, grants=frozenset({"see_audit"}))
    for verb in (people.close_person, people.reopen_person):
        with pytest.raises(NotAllowed, match="more than you"):
            staff.write(verb, staff.admin.id, by=helper)
    with pytest.raises(NotAllowed, match="more than you"):
        people.reset_password(staff.store, staff.admin.id or 0, by=helper, now=NOON)
    assert add(staff, "fine", Role.SECOND_LINE, by=helper)


def test_a_grant_beyond_the_role_counts_at_the_next_sign_in(staff: Staff) -> None:
    staff.write(people.change_person, staff.noor.id, Change(grants=frozenset({"see_audit"})))
    token = staff.token(staff.noor.id)
    with staff.store.read() as session:
        actor = people.actor_for_token(session, token, now=NOON)
        assert actor is not None
        assert people.may(actor, people.Permission.SEE_AUDIT)
        assert people.read_log(session, people.Wanted(), by=actor)


def test_a_table_of_people_is_read_whatever_its_separator_and_everybody_gets_a_password(staff: Staff) -> None:
    table = (
        "\ufeffUsername;Name;Role;email;skills;supervised\r\nelin;Elin S;Second line;e@x.org;store:utrecht;yes\r\n\r\n"
    )
    (added,) = people.add_people(staff.store, table, by=staff.admin, now=NOON)
    assert people.passwords.fits(added.password, staff.row(3).password_hash)
    row = staff.row(3)
    assert (row.role, row.skills, row.supervised, row.must_change) == ("second_line", ["store:utrecht"], True, True)


def test_every_bad_line_of_a_table_is_named_and_nobody_is_added(staff: Staff) -> None:
    table = (
        "username,name,role,capacity\nnoor,N,first_line,1\nbram,Bram,boss,1\nelin,,first_line,1\n"
        "kai,Kai,first_line,many\nok,Okke,first_line,\nok,Okke,first_line,\n"
    )
    with pytest.raises(TableRefused) as refused:
        people.add_people(staff.store, table, by=staff.admin, now=NOON)
    told = {one.line: one.text for one in refused.value.problems}
    assert sorted(told) == [2, 3, 4, 5, 7]
    assert "taken" in told[2]
    assert "boss" in told[3]
    assert "whole number" in told[5]
    assert staff.log() == []


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ("", "missing"),
        ("username,name\na,b\n", "role"),
        ("username,name,role,salary\n", "salary"),
        ("username,name,role\n", "no people"),
    ],
)
def test_a_table_that_is_none_says_what_it_lacks(staff: Staff, table: str, says: str) -> None:
    with pytest.raises(TableRefused, match=says):
        people.add_people(staff.store, table, by=staff.admin, now=NOON)


def test_a_password_given_anew_ends_a_lock(staff: Staff) -> None:
    from datetime import timedelta

    from webcare.errors import SignInRefused

    for _ in range(people.MAX_FAILED_LOGINS):
        with pytest.raises(SignInRefused):
            people.sign_in(staff.store, "noor", "wrong", now=NOON, lasts=timedelta(hours=1))
    given = people.reset_password(staff.store, staff.noor.id or 0, by=staff.admin, now=NOON)
    assert given != PASSWORD
    assert people.sign_in(staff.store, "noor", given, now=NOON, lasts=timedelta(hours=1))


def test_everybody_is_listed_with_their_browsers_for_administrators_only(staff: Staff) -> None:
    staff.token(staff.noor.id)
    with staff.store.read() as session:
        listed = people.everybody(session, by=staff.admin, now=NOON)
        assert [(one.username, one.sign_ins) for one in listed] == [("jonas", 0), ("noor", 1)]
        with pytest.raises(NotAllowed):
            people.everybody(session, by=staff.noor, now=NOON)
    assert AgentRow.__tablename__ == "agent"
