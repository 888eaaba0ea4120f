"""The page of incidents, its banner, and the report, as people of each role meet them."""

from datetime import timedelta
from typing import Any

from tests.console.conftest import OpenPage, html_of
from webcare.console import banner, incident_report
from webcare.domain import Role
from webcare.incidents import hit, holding, mode, reading, texts
from webcare.incidents.noticing import link_cases
from webcare.store.tables_incidents import IncidentRow
from webcare.testing import Desk

SORRY = "Sorry about the double charge. We are finding out what happened and write to you here."


def alarm(desk: Desk, cases: int = 3) -> int:
    found = [desk.open_case(f"Charged twice by the app, order {number}").id or 0 for number in range(cases)]
    with desk.store.write() as session:
        row = IncidentRow(
            series="topic:payment", words=["twice", "charged"], count=cases, expected=0.4, window_s=1200,
            found_at=desk.now,
        )  # fmt: skip
        session.add(row)
        session.flush()
        assert row.id is not None
        link_cases(session, row.id, found, now=desk.now)
        banner.look_again()
        return row.id


def opened(desk: Desk, cases: int = 3) -> int:
    incident = alarm(desk, cases)
    with desk.store.write() as session:
        lead = desk.people[Role.TEAM_LEAD]
        mode.open_incident(session, incident_id=incident, name="Double charge", by=lead, now=desk.now)
    banner.look_again()
    return incident


def state_of(desk: Desk, incident: int) -> Any:
    with desk.store.read() as session:
        return reading.whole(session, incident, by=desk.first)


def test_without_any_it_says_so(open_page: OpenPage) -> None:
    page = open_page("incidents", Role.MANAGER)
    assert "Nothing is wrong for many at once." in html_of(page)


def test_an_alarm_is_opened_from_the_page_and_the_banner_tells(open_page: OpenPage, desk: Desk) -> None:
    incident = alarm(desk)
    page = open_page("incidents", Role.TEAM_LEAD)
    shown = html_of(page)
    assert "3 cases in 20 min; 0.4 would be usual." in shown
    assert "twice" in shown
    assert "Alarm: Payment, 3 cases" in shown
    page.text_input("incident_name").set_value("Double charge").run()
    page.button("incident_open").click().run()
    assert state_of(desk, incident).incident.state == "open"
    assert "Incident: Double charge, 3 cases." in html_of(page)


def test_a_false_alarm_takes_a_reason_and_is_counted(open_page: OpenPage, desk: Desk) -> None:
    incident = alarm(desk)
    page = open_page("incidents", Role.MANAGER)
    page.button("incident_false").click().run()
    assert state_of(desk, incident).incident.state == "alarm"
    page.text_input("incident_reason").set_value("Our own campaign").run()
    page.button("incident_false").click().run()
    assert state_of(desk, incident).incident.state == "false_alarm"
    assert "Alarms of 90 days: 0 right, 1 false (0 % right)." in html_of(page)


def test_the_first_line_sees_it_and_decides_nothing(open_page: OpenPage, desk: Desk) -> None:
    alarm(desk)
    page = open_page("incidents", Role.FIRST_LINE)
    assert "Payment" in html_of(page)
    assert {"incident_open", "incident_false"} & {button.key for button in page.button} == set()


def test_a_wording_is_written_approved_and_sent(open_page: OpenPage, desk: Desk) -> None:
    incident = opened(desk, cases=1)
    page = open_page("incidents", Role.TEAM_LEAD)
    with desk.store.read() as session:
        assert reading.open_now(session)[0].id == incident
    text_id = texts.write_text(
        desk.store, incident, language="en", text=SORRY, by=desk.first, now=desk.now, reviewer=desk.reviewer
    )
    page.session_state["incident_tabs"] = "Holding text"
    page.run()
    assert SORRY in html_of(page)
    page.button("incident_text_yes").click().run()
    assert state_of(desk, incident).texts[0].id == text_id
    assert state_of(desk, incident).texts[0].approved_by == "Bram de Wit"
    page.session_state["incident_tabs"] = "Who is hit"
    page.run()
    page.button("incident_send").click().run()
    assert state_of(desk, incident).hit[0].holding in ("pending", "waits")


def test_it_closes_from_the_page_once_everybody_is_settled(open_page: OpenPage, desk: Desk) -> None:
    incident = opened(desk, cases=1)
    page = open_page("incidents", Role.TEAM_LEAD)
    page.session_state["incident_tabs"] = "Outcome"
    page.run()
    page.text_area("incident_it_outcome").set_value("Everybody has their money back.").run()
    page.button("incident_outcome").click().run()
    page.button("incident_close").click().run()
    assert "1 on the list were not told" in html_of(page)
    with desk.store.write() as session:
        case_id = state_of(desk, incident).hit[0].case_id
        lead = desk.people[Role.TEAM_LEAD]
        hit.leave_out(session, incident, [case_id], reason="Told in the shop", by=lead, now=desk.now)
    page.button("incident_close").click().run()
    assert state_of(desk, incident).incident.state == "closed"


def test_the_report_names_nobody_unless_it_is_asked_to(open_page: OpenPage, desk: Desk) -> None:
    incident = opened(desk, cases=2)
    customer = state_of(desk, incident).hit[0].customer
    page = open_page("incidents", Role.TEAM_LEAD)
    page.session_state["incident_tabs"] = "Report"
    page.run()
    report = html_of(page).split("wc-report")[1]
    assert "Everyone who was hit" in report
    assert customer not in report
    now = desk.now + timedelta(hours=1)
    with desk.store.write() as session:
        lead = desk.people[Role.TEAM_LEAD]
        plain = incident_report.document(reading.report(session, incident, by=lead, now=now))
        named = incident_report.document(reading.report(session, incident, by=lead, now=now, with_names=True))
    assert customer in named
    assert customer not in plain
    assert plain.startswith("<!doctype html>")
    assert "incident_reported" in {entry.what for entry in state_of(desk, incident).timeline}


def test_the_report_tells_what_was_posted_who_waits_and_what_was_begun_in_vain(desk: Desk) -> None:
    incident = opened(desk, cases=2)
    wording = "Sorry about the double charge.\n\nWe are finding out what happened and write to you here."
    first, second = (one.case_id for one in state_of(desk, incident).hit)
    lead = desk.people[Role.TEAM_LEAD]
    text_id = texts.write_text(desk.store, incident, language="en", text=wording, by=desk.first, now=desk.now)
    with desk.store.write() as session:
        texts.approve_text(session, text_id, by=lead, now=desk.now)
    holding.send_holding(
        desk.store, incident, [first], by=desk.first, now=desk.now, undo=timedelta(seconds=20), window=timedelta(0)
    )
    desk.later(minutes=2)
    desk.deliver()
    with desk.store.write() as session:
        texts.withdraw_text(session, text_id, by=lead, now=desk.now)
        for outcome in ("Nothing yet.", "Everybody has their money back."):
            mode.tell_outcome(session, incident, outcome=outcome, by=lead, now=desk.now)
    desk.later(seconds=1)
    desk.reply(second, "It is repaired, and your money is back.")
    desk.later(minutes=1)
    desk.deliver()
    desk.later(hours=3)
    with desk.store.read() as session:
        found = reading.report(session, incident, by=lead, now=desk.now)
    assert [(one.text, one.count) for one in found.posted] == [(wording, 1)]
    assert (found.false_starts.withdrawn, found.false_starts.outcomes, found.false_starts.failed) == (1, 1, 0)
    assert found.waits[0] >= timedelta(hours=3) > found.waits[1]
    page = incident_report.document(found)
    assert wording in page
    assert "1 of 2 customers told. 1 still waits" in page
    assert "1 wording taken out of use" in page
