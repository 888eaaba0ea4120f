"""The manager's figures."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from tests.cases.networks import act, on_network
from tests.console.conftest import OpenPage, html_of
from webcare import cases
from webcare.domain import Role
from webcare.measures.rollup import catch_up, counting
from webcare.testing import Desk


def answer_one(desk: Desk, *, after_s: float = 300) -> None:
    case = desk.open_case("Where is my sofa?")
    desk.later(seconds=after_s)
    desk.reply(case.id or 0, "It comes on Tuesday.")
    desk.later(seconds=desk.settings.delivery.undo_s + 1)
    desk.deliver()


def count(desk: Desk) -> None:
    """What the job of the figures does."""
    catch_up(desk.store, counting(ZoneInfo("Europe/Amsterdam")), now=datetime.now(UTC))


def test_an_answer_within_half_a_minute_took_less_than_a_minute_not_no_time(open_page: OpenPage, desk: Desk):
    desk.later(hours=-1)
    answer_one(desk, after_s=5)
    count(desk)
    page = html_of(open_page("manager", Role.MANAGER))
    assert "<b>&lt; 1 min</b><span>First response</span>" in page
    assert "9 of 10 within &lt; 1 min" in page


def test_the_figures_show_messages_answers_and_times(open_page: OpenPage, desk: Desk):
    desk.later(hours=-1)
    answer_one(desk)
    desk.open_case("And my chair?")
    count(desk)
    test = open_page("manager", Role.MANAGER)
    page = html_of(test)
    assert "<b>2</b><span>Messages of customers</span>" in page
    assert "<b>5 min</b><span>First response</span>" in page
    assert "1 still open" in page
    assert "<b>1</b><span>Answers</span>" in page
    assert "It comes on Tuesday." in page
    assert "<bdi>Noor Smeets</bdi>" in page
    assert "Counted at" in page
    assert len(test.get("vega_lite_chart")) == 4
    assert page.count("This chart as a table") == 4


def test_a_tile_opens_to_its_cases_with_the_period_and_the_filters(open_page: OpenPage, desk: Desk):
    desk.later(hours=-1)
    answer_one(desk)
    count(desk)
    page = html_of(open_page("manager", Role.MANAGER, days="28", channel="x"))
    assert 'href="/figure?measure=first_response&amp;days=28&amp;channel=x"' in page


def test_a_filter_of_the_address_narrows_the_numbers(open_page: OpenPage, desk: Desk):
    desk.later(hours=-1)
    answer_one(desk)
    count(desk)
    assert "<b>1</b><span>Messages of customers</span>" in html_of(open_page("manager", Role.MANAGER, topic="delivery"))
    page = html_of(open_page("manager", Role.MANAGER, topic="return"))
    assert "<span>Messages of customers</span>" not in page
    assert not open_page("manager", Role.MANAGER, days="nonsense", topic="nonsense").exception


def test_what_changed_since_the_counting_is_said(open_page: OpenPage, desk: Desk):
    assert "were not counted yet" in html_of(open_page("manager", Role.MANAGER))
    desk.later(hours=-1)
    answer_one(desk)
    count(desk)
    assert "changed since" not in html_of(open_page("manager", Role.MANAGER))
    answer_one(desk)
    assert "1 case changed since." in html_of(open_page("manager", Role.MANAGER))


def test_an_empty_desk_has_figures_too(open_page: OpenPage):
    test = open_page("manager", Role.TEAM_LEAD)
    assert not test.exception
    assert "Nothing yet in this period." in html_of(test)


def test_a_reply_that_looks_like_markup_is_only_text(open_page: OpenPage, desk: Desk):
    case = desk.open_case("Hi")
    desk.reply(case.id or 0, "<img src=x onerror=alert(1)> **done**")
    desk.later(seconds=desk.settings.delivery.undo_s + 1)
    desk.deliver()
    page = html_of(open_page("manager", Role.ADMIN))
    assert "&lt;img src=x onerror=alert(1)&gt; **done**" in page
    assert "<img" not in page


def test_a_retracted_reply_is_told_to_the_manager_with_its_reason(
    open_page: OpenPage, desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    network = on_network(desk, monkeypatch)
    case = desk.open_case("What does it cost?")
    desk.reply(case.id or 0, "It costs nine euro.")
    desk.later(seconds=desk.settings.delivery.undo_s + 1)
    assert desk.deliver() == 1
    posted, _ = network.timeline[0]
    desk.later(seconds=90)
    with desk.store.write() as session:
        cases.retract(
            session, case.id, external_id=posted.external_id, reason="The price is <b>wrong</b>.", by=desk.first,
            now=desk.now,
        )  # fmt: skip
    assert act(desk) == 1
    page = html_of(open_page("manager", Role.MANAGER))
    assert "Retracted replies" in page
    assert "The price is &lt;b&gt;wrong&lt;/b&gt;." in page
    assert "It costs nine euro." in page
    assert "1 min" in page
