"""People, for administrators; and the audit log."""

import re
from pathlib import Path

import pytest
from sqlmodel import select

import webcare
from tests.console.conftest import OpenPage, html_of
from webcare import audit, people
from webcare.console.audit_page import WHAT
from webcare.domain import Role
from webcare.people import Change
from webcare.people.passwords import fits
from webcare.store.tables import AgentRow
from webcare.testing import Desk


def row_of(desk: Desk, username: str) -> AgentRow:
    with desk.store.read() as session:
        return session.exec(select(AgentRow).where(AgentRow.username == username)).one()


def _button(test, label: str):
    return next(one for one in test.button if one.label == label)


def test_somebody_is_added_and_their_password_shown_once(open_page: OpenPage, desk: Desk):
    test = open_page("people", Role.ADMIN)
    test.segmented_control(key="do").set_value("add").run()
    test.text_input(key="n_username").input("Kai")
    test.text_input(key="n_name").input("Kai <i>Berg</i>")
    test.selectbox(key="n_role").set_value("team_lead")
    _button(test, "Add").click().run()
    row = row_of(desk, "kai")
    assert (row.role, row.must_change) == ("team_lead", True)
    shown = html_of(test)
    password = shown.partition('class="wc-once">')[2].partition("<")[0]
    assert fits(password, row.password_hash)
    assert "Kai &lt;i&gt;Berg&lt;/i&gt;" in shown
    test.button(key="people_noted").click().run()
    assert password not in html_of(test)


def test_what_cannot_be_added_is_told(open_page: OpenPage, desk: Desk):
    test = open_page("people", Role.ADMIN)
    test.segmented_control(key="do").set_value("add").run()
    test.text_input(key="n_username").input("noor")
    test.text_input(key="n_name").input("Noor")
    _button(test, "Add").click().run()
    assert "There already is a colleague with the user name noor." in html_of(test)


def test_role_rights_skills_and_hours_are_changed(open_page: OpenPage, desk: Desk):
    noor = row_of(desk, "noor").id
    test = open_page("people", Role.ADMIN)
    test.selectbox(key="who").set_value(noor).run()
    test.selectbox(key=f"p_role_{noor}").set_value("second_line")
    test.multiselect(key=f"p_grants_{noor}").set_value(["see_reports"])
    test.text_input(key=f"p_{noor}_skills").input("topic:delivery, store:utrecht")
    test.text_input(key=f"p_{noor}_day_1").input("9-17")
    _button(test, "Keep").click().run()
    assert "Kept." in html_of(test)
    row = row_of(desk, "noor")
    assert (row.role, row.grants, row.skills) == ("second_line", ["see_reports"], ["store:utrecht", "topic:delivery"])
    assert row.hours == {"1": [["09:00", "17:00"]]}
    with desk.store.read() as session:
        assert [entry.what for entry in audit.entries(session)] == ["role_changed"]


def test_an_account_is_closed_opened_given_a_password_and_signed_out(open_page: OpenPage, desk: Desk):
    noor = row_of(desk, "noor").id
    test = open_page("people", Role.ADMIN)
    test.selectbox(key="who").set_value(noor).run()
    test.button(key="p_reset").click().run()
    assert row_of(desk, "noor").must_change
    test.button(key="p_out").click().run()
    assert "Signed out of 0 browsers." in html_of(test)
    test.button(key="p_close").click().run()
    assert not row_of(desk, "noor").active
    assert "closed</span>" in html_of(test)
    test.button(key="p_reopen").click().run()
    assert row_of(desk, "noor").active


def test_an_administrator_does_not_close_their_own_account(open_page: OpenPage, desk: Desk):
    test = open_page("people", Role.ADMIN)
    test.selectbox(key="who").set_value(row_of(desk, "jonas").id).run()
    test.button(key="p_close").click().run()
    assert "You cannot close your own account" in html_of(test)
    assert row_of(desk, "jonas").active


def test_a_table_is_brought_in_and_bad_lines_are_named(open_page: OpenPage, desk: Desk):
    test = open_page("people", Role.ADMIN)
    test.segmented_control(key="do").set_value("import").run()
    test.text_area(key="people_table").input("username,name,role\nkai,Kai,boss\n").run()
    test.button(key="people_import").click().run()
    assert "Line 2: “boss” is no role" in html_of(test)
    assert "Nobody was added" in html_of(test)
    test.text_area(key="people_table").input("username,name,role\nkai,Kai,manager\n").run()
    test.button(key="people_import").click().run()
    assert row_of(desk, "kai").role == "manager"
    assert "Line 2" not in html_of(test)
    assert 'class="wc-once"' in html_of(test)


@pytest.mark.parametrize(
    ("page", "role"),
    [("people", role) for role in Role if role not in (Role.ADMIN, Role.SYSTEM)]
    + [("audit", role) for role in (Role.FIRST_LINE, Role.SECOND_LINE, Role.TEAM_LEAD)],
)
def test_people_and_the_log_are_not_there_for_others(open_page: OpenPage, page: str, role: Role):
    with pytest.raises(ValueError, match=page):
        open_page(page, role)


def fill(desk: Desk, count: int) -> None:
    admin = desk.people[Role.ADMIN]
    noor = row_of(desk, "noor").id or 0
    with desk.store.write() as session:
        for number in range(count):
            people.change_person(session, noor, Change(capacity=number + 1), by=admin, now=desk.now)
        people.change_person(session, noor, Change(name="<script>x</script>"), by=admin, now=desk.now)


def test_the_log_tells_who_changed_what_from_what_to_what(open_page: OpenPage, desk: Desk):
    fill(desk, 1)
    shown = html_of(open_page("audit", Role.MANAGER))
    assert "<dt>capacity</dt><dd><del>0</del> → <ins>1</ins></dd>" in shown
    assert "&lt;script&gt;x&lt;/script&gt;" in shown
    assert "<bdi>Jonas Holm</bdi>" in shown
    assert "Person changed" in shown


def test_the_log_turns_pages_and_is_narrowed(open_page: OpenPage, desk: Desk):
    fill(desk, 120)
    with desk.store.write() as session:
        audit.record(session, "rule_saved", by=desk.people[Role.MANAGER], now=desk.now, subject="rule:tone")
    test = open_page("audit", Role.ADMIN)
    assert html_of(test).count('class="wc-when"') == 100
    test.button(key="audit_older").click().run()
    assert html_of(test).count('class="wc-when"') == 22
    test.selectbox(key="audit_what").set_value("rule_saved").run()
    assert html_of(test).count('class="wc-when"') == 1
    assert "rule:tone" in html_of(test)
    test.selectbox(key="audit_what").set_value("")
    test.selectbox(key="audit_person").set_value("Jonas Holm").run()
    assert "rule:tone" not in html_of(test)


def test_the_log_is_checked_on_the_page(open_page: OpenPage, desk: Desk):
    fill(desk, 2)
    test = open_page("audit", Role.ADMIN)
    test.button(key="audit_check").click().run()
    assert "The log is whole: 3 entries" in html_of(test)


def test_every_change_that_is_recorded_has_a_word_for_people():
    found = set()
    for file in Path(webcare.__file__).parent.rglob("*.py"):
        found |= set(re.findall(r'audit\.record\(\s*\w+,\s*"(\w+)"', file.read_text(encoding="utf-8")))
    assert len(found) > 10
    assert sorted(found - WHAT.keys()) == []
