"""What a good password is, and changing one's own."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.people.conftest import PASSWORD, Staff
from webcare import people
from webcare.errors import SignInRefused, WebcareError
from webcare.people import passwords
from webcare.testing import NOON

NEW = "zebra koffie trein"


@pytest.mark.parametrize(
    ("password", "says"),
    [
        ("short", "too short"),
        ("x" * 501, "too long"),
        ("wachtwoord", "tried first"),
        ("Welkom2026!!", "tried first"),
        ("P4ssw0rd!!!!", "tried first"),
        ("sommarsommar", "tried first"),
        ("1234567890", "tried first"),
        ("aaaaaaaaaaaa", "tried first"),
        ("noor.smeets", "no password"),
        ("Smeets123456", "no password"),
    ],
)
def test_a_bad_password_is_refused_in_words(password: str, says: str) -> None:
    with pytest.raises(WebcareError, match=says):
        passwords.check_password(password, username="noor.smeets", name="Noor Smeets")


@pytest.mark.parametrize("password", [NEW, "hemlund-demo", "Tr0ub4dor&3-en-nog-wat", "sommar i Göteborg 1987"])
def test_words_of_ones_own_are_good(password: str) -> None:
    passwords.check_password(password, username="noor.smeets", name="Noor Smeets")


def test_the_list_holds_a_thousand_common_passwords_each_once() -> None:
    listed = Path(passwords.__file__).with_name("common_passwords.txt").read_text(encoding="utf-8").split("\n")
    assert listed.pop() == ""
    assert len(listed) >= 1000
    assert len(set(listed)) == len(listed)
    assert all(word == word.casefold().strip() and word for word in listed)


def test_a_password_for_once_is_good_enough_and_never_the_same() -> None:
    made = {passwords.one_time_password() for _ in range(50)}
    assert len(made) == 50
    for password in made:
        passwords.check_password(password, username="noor", name="Noor")


def change(staff: Staff, old: str = PASSWORD, new: str = NEW, token: str = "") -> None:
    people.change_password(staff.store, old=old, new=new, by=staff.noor, now=NOON, token=token)


def test_changing_ones_password_signs_out_every_other_browser(staff: Staff) -> None:
    here, there = staff.token(staff.noor.id), staff.token(staff.noor.id)
    someone = staff.token(staff.admin.id)
    change(staff, token=here)
    assert [staff.is_in(token) for token in (here, there, someone)] == [True, False, True]
    assert people.sign_in(staff.store, "noor", NEW, now=NOON, lasts=timedelta(hours=1))
    with pytest.raises(SignInRefused):
        people.sign_in(staff.store, "noor", PASSWORD, now=NOON, lasts=timedelta(hours=1))
    (entry,) = staff.log()
    assert (entry.what, entry.agent_name, entry.after) == ("password_changed", "Noor", {"signed_out": 1})


def test_the_old_password_is_needed_and_guessing_it_locks_the_account(staff: Staff) -> None:
    for _ in range(people.MAX_FAILED_LOGINS):
        with pytest.raises(SignInRefused, match="old password"):
            change(staff, old="not the old one")
    with pytest.raises(SignInRefused, match="locked"):
        change(staff)
    assert [entry.what for entry in staff.log()] == ["account_locked"]


@pytest.mark.parametrize(("new", "says"), [(PASSWORD, "already"), ("Noor123456", "no password"), ("abc", "too short")])
def test_a_new_password_must_be_new_and_good(staff: Staff, new: str, says: str) -> None:
    before = staff.row(staff.noor.id).password_hash
    with pytest.raises(WebcareError, match=says):
        change(staff, new=new)
    assert staff.row(staff.noor.id).password_hash == before


def test_a_password_somebody_else_set_lets_nobody_work_before_it_is_changed(staff: Staff) -> None:
    given = people.reset_password(staff.store, staff.noor.id or 0, by=staff.admin, now=NOON)
    token, _ = people.sign_in(staff.store, "noor", given, now=NOON, lasts=timedelta(hours=1))
    with staff.store.read() as session:
        found = people.standing(session, token, now=NOON)
        assert found is not None
        assert found.must_change
        assert people.actor_for_token(session, token, now=NOON) is None
    change(staff, old=given, token=token)
    assert staff.is_in(token)


def test_whoever_signs_in_through_the_organisation_has_no_password_here(staff: Staff) -> None:
    with staff.store.write() as session:
        row = session.get_one(type(staff.row(1)), staff.noor.id)
        row.password_hash = ""
        session.add(row)
    with pytest.raises(SignInRefused, match="user name or the password"):
        people.sign_in(staff.store, "noor", "", now=NOON, lasts=timedelta(hours=1))
    with pytest.raises(WebcareError, match="organisation"):
        change(staff)
