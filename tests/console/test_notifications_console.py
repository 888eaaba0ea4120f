"""What one is mailed about, messages that did not arrive, and the clock of the solution on the page of a case."""

import csv
import re
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import select

from tests.console.conftest import OpenPage, html_of
from webcare import alerting, audit, deciding
from webcare.alerting import Notice
from webcare.console import figures_export
from webcare.domain import Role
from webcare.measures.rollup import catch_up, counting
from webcare.store.tables import AgentRow
from webcare.store.tables_alerts import NotificationRow, NotificationSendRow
from webcare.testing import Desk

ZONE = ZoneInfo("Europe/Amsterdam")


def dead(desk: Desk, *errors: str) -> None:
    with desk.store.write() as session:
        row = NotificationRow(kind="incident", subject="Alarm <img src=x>", created_at=desk.now, spread_at=desk.now)
        session.add(row)
        session.flush()
        for number, error in enumerate(errors):
            place = f"place:team{number}"
            session.add(
                NotificationSendRow(
                    notification_id=row.id or 0, place=place, state="dead", not_before=desk.now, error=error
                )
            )


def states(desk: Desk) -> dict[str, str]:
    with desk.store.read() as session:
        return {row.place: row.state for row in session.exec(select(NotificationSendRow))}


def test_without_an_address_nothing_can_be_chosen(open_page: OpenPage):
    page = open_page("account")
    assert "No e-mail address is known of you" in html_of(page)
    assert len(page.get("pills")) == 0


@pytest.mark.parametrize(("role", "whose"), [(Role.FIRST_LINE, "the cases you have"), (Role.TEAM_LEAD, "all cases")])
def test_what_one_chooses_counts_at_once(open_page: OpenPage, desk: Desk, role: Role, whose: str):
    with desk.store.write() as session:
        person = session.exec(select(AgentRow).where(AgentRow.role == role.value)).one()
        person.email = "<b>me</b>@hemlund.example"
    page = open_page("account", role)
    assert f"Deadlines of {whose}." in html_of(page)
    assert "&lt;b&gt;me&lt;/b&gt;@hemlund.example" in html_of(page)
    page.pills(key="account_notices").set_value(["deadline_near", "digest"]).run()
    assert not page.exception
    with desk.store.read() as session:
        assert alerting.my_choice(session, by=desk.people[role], now=desk.now).kinds == {
            Notice.DEADLINE_NEAR,
            Notice.DIGEST,
        }
        assert audit.entries(session)[0].what == "notifications_chosen"


def test_what_did_not_arrive_is_sent_again_or_let_go(open_page: OpenPage, desk: Desk):
    page = open_page("desk", Role.MANAGER, tab="notifications")
    assert "Everything that was sent arrived." in html_of(page)
    assert "<td>22:00–07:00</td><td>Incidents</td>" in html_of(page)
    assert "Messages hold no link" in html_of(page)
    dead(desk, "not_delivered", "cut_off")
    page.run()
    told = html_of(page)
    assert "Alarm &lt;img src=x&gt;" in told
    assert "the process ended while it was leaving, so it may have arrived" in told
    page.button(key="letters_again").click().run()
    assert states(desk) == {"place:team0": "dead", "place:team1": "pending"}
    page.button(key="letters_drop").click().run()
    assert states(desk) == {"place:team0": "dropped", "place:team1": "pending"}
    assert not page.exception
    assert "Everything that was sent arrived." in html_of(page)


def test_what_a_role_is_told_of_is_decided_on_the_desk(open_page: OpenPage, desk: Desk):
    page = open_page("desk", Role.MANAGER, tab="notifications")
    assert "<td>Team lead, by mail</td><td>Deadlines missed, Incidents</td>" in html_of(page)
    assert page.button(key="notices_save").disabled
    page.selectbox(key="notices_who").set_value("roles:team_lead").run()
    assert page.multiselect(key="notices_kinds").value == ["deadline_missed", "incident"]
    page.multiselect(key="notices_kinds").set_value(["digest"])
    page.time_input(key="notices_until").set_value(time(8, 30)).run()
    assert "Figures of the day or week · quiet from 22:00 to 08:30 · except Incidents" in html_of(page)
    page.button(key="notices_save").click().run()
    assert not page.exception
    lead = desk.people[Role.TEAM_LEAD]
    with desk.store.read() as session:
        assert alerting.my_choice(session, by=lead, now=datetime.now(UTC)).kinds == {Notice.DIGEST}
        assert audit.entries(session)[0].subject == "policy:notifications"
    assert "<td>Team lead, by mail</td><td>Figures of the day or week</td><td>22:00–08:30</td>" in html_of(page)


def test_the_page_of_a_case_says_how_long_is_left_to_solve(open_page: OpenPage, desk: Desk):
    desk.now -= timedelta(hours=20)
    boss, today = desk.people[Role.MANAGER], desk.now.astimezone(ZONE).date()
    with desk.store.write() as session:
        rows = [{"urgency": "normal", "resolution": 600}]
        deciding.decide_targets(session, {"rows": rows}, first_day=today, zone=ZONE, by=boss, now=desk.now)
    late = desk.open_case()
    desk.later(hours=20)
    fresh = desk.open_case()
    assert re.search(r"solution 10 h \d+ min late|solution 10 h late", html_of(open_page("case", case=str(late.id))))
    assert re.search(r"\d+ h( \d+ min)? left to solve", html_of(open_page("case", case=str(fresh.id))))


def test_figures_and_cases_are_taken_away_with_a_trace(
    open_page: OpenPage, desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    desk.open_case("Secret words")
    made: dict[str, Callable[[], bytes]] = {}
    monkeypatch.setattr(
        figures_export, "_button", lambda title, name, form, make: made.update({f"{name}.{form.value}": make})
    )
    page = open_page("manager", Role.TEAM_LEAD)
    assert not page.exception
    assert {name: make()[:2] for name, make in made.items()} == {"figures.xlsx": b"PK", "cases.xlsx": b"PK"}
    page.segmented_control(key="figures_export_form").set_value("csv").run()
    lines = made["cases.csv"]().decode("utf-8-sig").splitlines()
    assert len(lines) >= 2
    assert "Secret words" not in "".join(lines)
    with desk.store.read() as session:
        assert [entry.subject for entry in audit.entries(session)] == ["export:cases", "export:cases", "export:figures"]


def test_what_a_figure_is_made_of_is_taken_away_with_what_is_left_out(
    open_page: OpenPage, desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(figures_export, "_AT_ONCE", 1)
    desk.later(hours=-2)
    first, second = desk.open_case(), desk.open_case()
    desk.reply(first.id or 0, "It comes on Tuesday.")
    desk.later(minutes=5)
    desk.deliver()
    catch_up(desk.store, counting(ZONE), now=datetime.now(UTC))
    made: dict[str, Callable[[], bytes]] = {}
    monkeypatch.setattr(
        figures_export, "_button", lambda title, name, form, make: made.update({f"{name}.{form.value}": make})
    )
    page = open_page("figure", Role.TEAM_LEAD, measure="recovery")
    page.segmented_control(key="figures_export_form").set_value("csv").run()
    rows = list(csv.DictReader(made["facts.csv"]().decode("utf-8-sig").splitlines()))
    assert {row["Measure"] for row in rows} == {"recovery"}
    assert all(row["Reason"] for row in rows if row["Counted"] == "no")
    page = open_page("figure", Role.TEAM_LEAD, measure="first_response")
    page.segmented_control(key="figures_export_form").set_value("csv").run()
    rows = list(csv.DictReader(made["facts.csv"]().decode("utf-8-sig").splitlines()))
    assert sorted(int(row["Case"]) for row in rows) == sorted([first.id, second.id])
