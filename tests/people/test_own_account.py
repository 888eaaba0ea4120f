"""What people change about themselves, and the browsers they are signed in with."""

from datetime import timedelta

import pytest

from tests.people.conftest import Staff
from webcare import people
from webcare.errors import WebcareError
from webcare.people import Taste
from webcare.people.signing_in import browser_name
from webcare.testing import NOON

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile Safari/604.1"


def test_ones_own_browsers_are_told_apart_and_ended_one_by_one(staff: Staff) -> None:
    here, there = staff.token(staff.noor.id, CHROME), staff.token(staff.noor.id, SAFARI)
    foreign = staff.token(staff.admin.id)
    with staff.store.read() as session:
        listed = people.my_sign_ins(session, by=staff.noor, now=NOON, token=here)
        (other,) = people.my_sign_ins(session, by=staff.admin, now=NOON)
    assert [(one.browser, one.is_this) for one in listed] == [("Chrome on Linux", True), ("Safari on iPhone", False)]
    staff.write(people.end_my_sign_in, listed[1].mark, by=staff.noor)
    assert [staff.is_in(token) for token in (here, there, foreign)] == [True, False, True]
    for mark in (listed[1].mark, other.mark, "", "%"):
        with pytest.raises(WebcareError, match="already"):
            staff.write(people.end_my_sign_in, mark, by=staff.noor)
    assert staff.is_in(foreign)


def test_signing_out_everywhere_else_leaves_this_browser(staff: Staff) -> None:
    tokens = [staff.token(staff.noor.id) for _ in range(3)]
    assert staff.write(people.end_my_other_sign_ins, by=staff.noor, token=tokens[1]) == 2
    assert [staff.is_in(token) for token in tokens] == [False, True, False]


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (CHROME, "Chrome on Linux"),
        (SAFARI, "Safari on iPhone"),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140 Safari/537.36 Edg/140.0",
            "Edge on Windows",
        ),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on macOS"),
        ("curl/8.0", ""),
        ("", ""),
    ],
)
def test_a_browser_is_called_by_its_name(agent: str, name: str) -> None:
    assert browser_name(agent) == name


def test_being_seen_is_written_on_both_the_browser_and_the_person(staff: Staff) -> None:
    token = staff.token(staff.noor.id)
    later = NOON + timedelta(minutes=5)
    with staff.store.write() as session:
        people.seen(session, token, now=later)
        people.seen(session, "unknown", now=later)
    with staff.store.read() as session:
        (one,) = people.my_sign_ins(session, by=staff.noor, now=later)
    assert one.seen_at == staff.row(staff.noor.id).seen_at == later


def test_language_zone_and_density_are_kept_and_nonsense_is_not(staff: Staff) -> None:
    with staff.store.write() as session:
        people.set_taste(session, Taste("nl", "Europe/Oslo", "compact", suggestions=False), by=staff.noor)
    row = staff.row(staff.noor.id)
    assert (row.language, row.timezone, row.density, row.suggestions) == ("nl", "Europe/Oslo", "compact", False)
    for taste in (Taste(language="xx"), Taste(timezone="Mars/Base"), Taste(density="huge")):
        with staff.store.write() as session, pytest.raises(WebcareError):
            people.set_taste(session, taste, by=staff.noor)


def test_hours_are_read_as_people_type_them(staff: Staff) -> None:
    typed = {"2": people.read_hours("13:00–17:30, 9-12:30"), "1": people.read_hours("")}
    staff.write(people.set_my_hours, typed, by=staff.noor)
    hours = staff.row(staff.noor.id).hours
    assert hours == {"2": [["09:00", "12:30"], ["13:00", "17:30"]]}
    assert people.write_hours(hours["2"]) == "09:00-12:30, 13:00-17:30"
    (entry,) = staff.log()
    assert (entry.what, entry.before) == ("hours_changed", {"hours": {}})


@pytest.mark.parametrize("text", ["nine to five", "25:00-26:00", "09:00", "09:60-10:00", "9-10-11"])
def test_what_are_no_hours_is_refused(text: str) -> None:
    with pytest.raises(WebcareError, match="no hours"):
        people.read_hours(text)


@pytest.mark.parametrize(
    "hours", [{"1": [["10:00", "09:00"]]}, {"1": [["09:00", "12:00"], ["11:00", "13:00"]]}, {"8": []}]
)
def test_hours_that_cannot_be_are_refused(staff: Staff, hours: dict[str, list[list[str]]]) -> None:
    with pytest.raises(WebcareError):
        staff.write(people.set_my_hours, hours, by=staff.noor)


def test_being_away_ends_and_only_in_the_future(staff: Staff) -> None:
    until = NOON + timedelta(days=1)
    staff.write(people.set_away, until, by=staff.noor)
    assert staff.row(staff.noor.id).away_until == until
    with pytest.raises(WebcareError, match="future"):
        staff.write(people.set_away, NOON, by=staff.noor)
    staff.write(people.set_away, None, by=staff.noor)
    staff.write(people.set_away, None, by=staff.noor)
    assert [entry.what for entry in staff.log()] == ["away_changed", "away_changed"]
