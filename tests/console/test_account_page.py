"""My account: what a person changes about themself, and what happens to their browsers."""

from datetime import UTC, datetime, timedelta

from filling import PASSWORD, token_for
from sqlmodel import select

from tests.console.conftest import OpenPage, html_of
from webcare import audit, people
from webcare.console import desk as console_desk
from webcare.domain import Role
from webcare.store.tables import AgentRow
from webcare.testing import Desk

NEW = "zebra koffie trein"


def me(desk: Desk, role: Role = Role.FIRST_LINE) -> AgentRow:
    with desk.store.read() as session:
        return session.exec(select(AgentRow).where(AgentRow.role == role.value)).one()


def test_language_zone_and_density_count_at_once(open_page: OpenPage, desk: Desk):
    test = open_page("account")
    test.selectbox(key="account_language").set_value("nl").run()
    test.selectbox(key="account_zone").set_value("Europe/Oslo").run()
    test.toggle(key="account_density").set_value(True).run()
    test.toggle(key="account_suggestions").set_value(False).run()
    row = me(desk)
    assert (row.language, row.timezone, row.density, row.suggestions) == ("nl", "Europe/Oslo", "compact", False)
    assert not test.exception


def test_changing_the_password_keeps_this_browser_and_ends_the_others(open_page: OpenPage, desk: Desk):
    other = token_for(desk, Role.FIRST_LINE)
    test = open_page("account")
    for key, value in (("account_old", PASSWORD), ("account_new", NEW), ("account_again", NEW)):
        test.text_input(key=key).input(value)
    _button(test, "Change my password").click().run()
    assert "Your password is changed." in html_of(test)
    assert NEW not in html_of(test)
    with desk.store.read() as session:
        assert people.actor_for_token(session, other, now=desk.now) is None
        assert people.actor_for_token(session, console_desk.read_session_token(), now=desk.now) is not None
        assert [entry.what for entry in audit.entries(session)] == ["password_changed"]


def test_a_new_password_typed_twice_differently_changes_nothing(open_page: OpenPage, desk: Desk):
    before = me(desk).password_hash
    test = open_page("account")
    for key, value in (("account_old", PASSWORD), ("account_new", NEW), ("account_again", NEW + "!")):
        test.text_input(key=key).input(value)
    _button(test, "Change my password").click().run()
    assert "The two new passwords are not the same." in html_of(test)
    assert me(desk).password_hash == before


def test_other_browsers_are_listed_and_signed_out_one_by_one_or_all(open_page: OpenPage, desk: Desk):
    tokens = [token_for(desk, Role.FIRST_LINE) for _ in range(3)]
    test = open_page("account")
    assert html_of(test).count("Unknown browser") == 4
    assert html_of(test).count("now, this browser") == 1
    test.button(key="account_out_there").click().run()
    assert "That browser is signed out." in html_of(test)
    assert sum(_is_in(desk, token) for token in tokens) == 2
    test.button(key="account_out_elsewhere").click().run()
    assert "2 other browsers are signed out." in html_of(test)
    assert sum(_is_in(desk, token) for token in tokens) == 0
    assert "My account" in html_of(test)


def test_hours_are_kept_and_what_are_none_is_told(open_page: OpenPage, desk: Desk):
    test = open_page("account")
    test.text_input(key="account_day_1").input("9-12:30, 13:00-17:30")
    _button(test, "Keep these hours").click().run()
    assert me(desk).hours == {"1": [["09:00", "12:30"], ["13:00", "17:30"]]}
    test.text_input(key="account_day_2").input("all day")
    _button(test, "Keep these hours").click().run()
    assert "“all day” are no hours" in html_of(test)
    assert set(me(desk).hours) == {"1"}


def test_being_away_is_said_and_ended(open_page: OpenPage, desk: Desk):
    test = open_page("account")
    test.button(key="account_away").click().run()
    until = me(desk).away_until
    assert until is not None
    assert timedelta(0) < until - datetime.now(UTC) < timedelta(days=3)
    assert "You are away until" in html_of(test)
    test.button(key="account_back").click().run()
    assert me(desk).away_until is None


def test_whoever_comes_through_the_organisation_sees_no_password_form(open_page: OpenPage, desk: Desk):
    with desk.store.write() as session:
        row = session.exec(select(AgentRow).where(AgentRow.role == "first_line")).one()
        row.password_hash, row.subject = "", "https://id.example 1"
        session.add(row)
    test = open_page("account")
    assert "through your organisation" in html_of(test)
    assert [one for one in test.text_input if one.key == "account_old"] == []


def test_what_was_typed_after_the_sign_in_ended_is_shown_and_not_lost(open_page: OpenPage, desk: Desk):
    case = desk.open_case()
    test = open_page("case", case=case.id)
    test.text_area(key=f"reply_{case.id}").input("Kept in time.").run()
    people.sign_out(desk.store, console_desk.read_session_token(), now=desk.now)
    test.text_area(key=f"reply_{case.id}").input("Kept in time. And <b>this</b> came after.").run()
    for _ in range(2):
        assert "You are signed out." in html_of(test)
        assert "And &lt;b&gt;this&lt;/b&gt; came after." in html_of(test)
        test.run()


def test_a_kept_draft_is_not_shown_to_whoever_sits_there_next(open_page: OpenPage, desk: Desk):
    case = desk.open_case()
    test = open_page("case", case=case.id)
    test.text_area(key=f"reply_{case.id}").input("Kept in time.").run()
    people.sign_out(desk.store, console_desk.read_session_token(), now=desk.now)
    test.run()
    assert "You are signed out." in html_of(test)
    assert "Kept in time." not in html_of(test)


def _is_in(desk: Desk, token: str) -> bool:
    with desk.store.read() as session:
        return people.actor_for_token(session, token, now=desk.now) is not None


def _button(test, label: str):
    return next(one for one in test.button if one.label == label)
