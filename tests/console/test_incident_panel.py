"""On a case: the incident that hit its customer, and one press to put the case on the list or take it off."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import event

from tests.console.conftest import OpenPage, html_of
from tests.console.test_incidents_page import SORRY, opened, state_of
from webcare.console import incident_panel
from webcare.domain import Role
from webcare.incidents import mode, reading, texts
from webcare.incidents.case import on_case
from webcare.testing import Desk


@pytest.fixture(autouse=True)
def looked_anew() -> Iterator[None]:
    incident_panel.look_again()
    yield
    incident_panel.look_again()


def test_the_case_says_what_incident_it_is_of_and_what_to_tell(open_page: OpenPage, desk: Desk) -> None:
    incident = opened(desk, cases=1)
    case_id = state_of(desk, incident).hit[0].case_id
    lead = desk.people[Role.TEAM_LEAD]
    text_id = texts.write_text(
        desk.store, incident, language="en", text=SORRY, by=desk.first, now=desk.now, reviewer=desk.reviewer
    )
    shown = html_of(open_page("case", case=case_id))
    assert "Double charge" in shown
    assert f"/incidents?incident={incident}" in shown
    assert SORRY not in shown, "nobody said yes to it"
    with desk.store.write() as session:
        texts.approve_text(session, text_id, by=lead, now=desk.now)
        mode.tell_outcome(session, incident, outcome="Everybody has their money back.", by=lead, now=desk.now)
    shown = html_of(open_page("case", case=case_id))
    assert SORRY in shown
    assert "Everybody has their money back." in shown


def test_one_press_puts_a_case_on_the_list_and_one_takes_it_off(open_page: OpenPage, desk: Desk) -> None:
    incident = opened(desk, cases=1)
    other = desk.open_case("Paid two times, and the app is silent").id
    page = open_page("case", Role.TEAM_LEAD, case=other)
    page.button(f"incident_put_{incident}").click().run()
    assert other in {one.case_id for one in state_of(desk, incident).hit}
    page.button(f"incident_not_{incident}").click().run()
    assert {one.case_id: one.left_out for one in state_of(desk, incident).hit}[other] == "Not part of the incident"
    assert f"incident_not_{incident}" not in {button.key for button in page.button}


def test_without_an_incident_nothing_is_asked_or_shown(open_page: OpenPage, desk: Desk) -> None:
    case = desk.open_case("Where is my lamp?")
    assert "wc-learned" not in html_of(open_page("case", case=case.id))
    with desk.store.read() as session:
        assert reading.open_now(session) == ()


def test_one_query_tells_the_same_as_the_list(desk: Desk) -> None:
    incident = opened(desk, cases=2)
    first, second = (one.case_id for one in state_of(desk, incident).hit)
    lead = desk.people[Role.TEAM_LEAD]
    with desk.store.write() as session:
        mode.tell_outcome(session, incident, outcome="Repaired.", by=lead, now=desk.now)
    desk.later(seconds=1)
    desk.reply(first, "It is repaired, and your money is back.")
    desk.later(minutes=1)
    desk.deliver()
    asked: list[Any] = []
    with desk.store.read() as session:
        bind = session.get_bind()
        event.listen(bind, "before_cursor_execute", lambda *args: asked.append(args[2]))
        found = [on_case(session, case_id, language="en") for case_id in (first, second)]
    assert sum(statement.startswith("SELECT") for statement in asked) == 2
    listed = {one.case_id: one.told_at for one in state_of(desk, incident).hit}
    assert listed[first] is not None
    assert [one[0].told_at for one in found] == [listed[first], listed[second]]
