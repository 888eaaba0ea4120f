"""One figure opened to its cases."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from figures_filling import a_colleague_answers, weeks_of_work

from tests.console.conftest import OpenPage, html_of
from webcare.domain import Role
from webcare.measures.rollup import catch_up, counting
from webcare.people.card_sharing import share_card
from webcare.store.tables import AccountRow, GapRow
from webcare.testing import Desk


@pytest.fixture
def worked(desk: Desk) -> Desk:
    weeks_of_work(desk, days=6, every_h=7)
    catch_up(desk.store, counting(ZoneInfo("Europe/Amsterdam")), now=datetime.now(UTC))
    return desk


def test_it_says_what_it_means_in_which_version_and_shows_the_earlier_one_beside(open_page: OpenPage, worked: Desk):
    page = html_of(open_page("figure", Role.MANAGER, measure="first_response"))
    assert "From the customer&#x27;s first message that needs an answer" in page
    assert "Definition 2." in page
    assert "Definition 1." in page
    assert "(cohort)" in page


def test_the_cases_in_it_are_listed_and_lead_to_the_case(open_page: OpenPage, worked: Desk):
    page = html_of(open_page("figure", Role.MANAGER, measure="first_response"))
    assert 'href="/case?case=1"' in page
    assert "in opening hours" in page or "9 min" in page
    assert "mention:" in page
    assert "still open" in page


def test_what_is_left_out_is_listed_with_its_reason(open_page: OpenPage, worked: Desk):
    page = html_of(open_page("figure", Role.MANAGER, measure="recovery", list="out"))
    assert "the customer did not write again" in page
    assert "Left out: " in page


def test_it_splits_by_what_is_chosen_and_each_part_opens(open_page: OpenPage, worked: Desk):
    page = html_of(open_page("figure", Role.MANAGER, measure="first_response", by="topic"))
    assert 'href="/figure?measure=first_response&amp;days=7&amp;topic=delivery"' in page
    narrowed = html_of(open_page("figure", Role.MANAGER, measure="first_response", topic="availability"))
    assert "Availability" in narrowed
    assert "· Delivery" not in narrowed


def test_people_are_named_only_where_they_share_and_not_measured_by_a_handful(open_page: OpenPage, worked: Desk):
    a_colleague_answers(worked, Role.TEAM_LEAD)
    page = html_of(open_page("figure", Role.MANAGER, measure="handled", by="agent"))
    assert "Noor Smeets" not in page
    with worked.store.write() as session:
        share_card(session, shared=True, by=worked.first, now=datetime.now(UTC))
    page = html_of(open_page("figure", Role.MANAGER, measure="handled", by="agent"))
    assert "<td><bdi>Noor Smeets</bdi></td>" in page
    assert "fewer than 20" in page


def test_a_gap_of_collection_is_printed_on_what_it_touches(open_page: OpenPage, worked: Desk):
    with worked.store.write() as session:
        account = session.get_one(AccountRow, 1)
        since = datetime.now(UTC) - timedelta(hours=30)
        session.add(
            GapRow(
                account_id=account.id, since=since, until=since + timedelta(hours=1), reason="the network was down",
                found_at=since,
            )
        )  # fmt: skip
    assert "the network was down" in html_of(open_page("figure", Role.MANAGER, channel="x"))
    assert "the network was down" not in html_of(open_page("figure", Role.MANAGER, channel="facebook"))


def test_an_address_made_up_shows_the_usual_figure(open_page: OpenPage, worked: Desk):
    test = open_page("figure", Role.MANAGER, measure="nonsense", by="nonsense", list="nonsense", queue="<b>")
    assert not test.exception
    assert "First response" in html_of(test)
