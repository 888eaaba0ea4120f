"""The page of staffing."""

from datetime import UTC, datetime, timedelta

from sqlmodel import select

from tests.console.conftest import OpenPage, html_of
from webcare.domain import Role
from webcare.store.tables import MentionRow
from webcare.testing import Desk


def test_a_young_desk_is_told_what_a_forecast_needs(open_page: OpenPage, desk: Desk):
    desk.open_case()
    assert "A forecast needs 3 whole weeks of messages; there are 0 so far." in html_of(
        open_page("staffing", Role.MANAGER)
    )


def test_next_week_is_shown_by_day_and_hour_with_how_far_it_was_off(open_page: OpenPage, desk: Desk):
    case = desk.open_case()
    with desk.store.write() as session:
        first = session.exec(select(MentionRow)).one()
        for number in range(24 * 7 * 7):
            at = datetime.now(UTC) - timedelta(hours=number)
            session.add(
                MentionRow(
                    account_id=1, channel="x", external_id=f"h{number}", thread_id=first.thread_id, case_id=case.id,
                    author_external_id="c", text="?", posted_at=at, collected_at=at,
                )
            )  # fmt: skip
    test = open_page("staffing", Role.TEAM_LEAD)
    page = html_of(test)
    assert "The coming seven days" in page
    assert page.count("<b>24</b>") == 7
    assert "100 % of the hours lay within their range" in page
    assert len(test.get("vega_lite_chart")) == 1
