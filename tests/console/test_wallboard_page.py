"""The wallboard."""

from datetime import UTC, datetime, timedelta

from sqlmodel import select

from tests.console.conftest import OpenPage, html_of
from webcare import cases
from webcare.domain import Role
from webcare.store.tables import AgentRow, CaseRow
from webcare.store.tables_incidents import IncidentRow
from webcare.testing import Desk


def seen(desk: Desk, *roles: Role) -> None:
    with desk.store.write() as session:
        for row in session.exec(select(AgentRow)):
            row.seen_at = datetime.now(UTC) if Role(row.role) in roles else None


def test_it_shows_what_waits_in_each_queue_and_for_how_long(open_page: OpenPage, desk: Desk):
    desk.now = datetime.now(UTC) - timedelta(hours=3)
    desk.open_case("Where is my sofa?")
    desk.now = datetime.now(UTC)
    second = desk.open_case("And my chair?")
    with desk.store.write() as session:
        cases.claim(session, second.id, by=desk.first, now=desk.now)
        overdue = session.exec(select(CaseRow).where(CaseRow.id != second.id)).one()
        overdue.respond_by = datetime.now(UTC) - timedelta(hours=1, minutes=10)
    page = html_of(open_page("wallboard"))
    assert "<b>2</b><span>waiting</span>" in page
    assert "<b>1</b><span>past their target</span>" in page
    assert '<b class="wc-wall-long">3 h</b>' in page or "<b>3 h</b><span>waits longest</span>" in page
    assert 'scope="row">First line <' in page or 'scope="row">First line ' in page
    assert "1 h 10 min late" in page
    assert "Where is my sofa?" not in page, "a wall shows no words of customers"


def test_a_reply_posted_today_is_counted_and_the_case_waits_no_more(open_page: OpenPage, desk: Desk):
    case = desk.open_case("Where is my sofa?")
    desk.reply(case.id or 0)
    desk.channel.clock = lambda: datetime.now(UTC)
    desk.later(seconds=desk.settings.delivery.undo_s + 1)
    assert desk.deliver() == 1
    page = html_of(open_page("wallboard"))
    assert "<b>0</b><span>waiting</span>" in page
    assert "<b>1</b><span>answered today</span>" in page


def test_it_names_who_is_in_and_says_where_nobody_is(open_page: OpenPage, desk: Desk):
    seen(desk, Role.FIRST_LINE)
    page = html_of(open_page("wallboard"))
    assert "First line · 1</strong><span><bdi>Noor Smeets</bdi>" in page
    assert "Second line · 0</strong>" in page
    assert "nobody is in" in page


def test_an_incident_stands_on_top_until_it_is_closed(open_page: OpenPage, desk: Desk):
    with desk.store.write() as session:
        session.add(
            IncidentRow(state="open", name="<b>App</b> is down", count=12, found_at=desk.now, opened_at=desk.now)
        )
    page = html_of(open_page("wallboard"))
    assert "<strong>Incident: &lt;b&gt;App&lt;/b&gt; is down</strong>" in page
    assert page.count("is down") == 1, "the line under the bar does not say it again"
    assert html_of(open_page("promises")).count("is down") == 1
    with desk.store.write() as session:
        session.exec(select(IncidentRow)).one().state = "closed"
    assert "wc-wall-incident" not in html_of(open_page("wallboard"))


def test_the_second_line_may_look_at_the_wall_too(open_page: OpenPage):
    test = open_page("wallboard", Role.SECOND_LINE)
    assert not test.exception
    assert "Wallboard" in html_of(test)
