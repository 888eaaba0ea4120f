"""The manager's figures."""

from datetime import UTC, datetime

from tests.console.conftest import OpenPage, html_of
from webcare.domain import Role
from webcare.testing import Desk


def answer_one(desk: Desk) -> None:
    case = desk.open_case("Where is my sofa?")
    desk.reply(case.id or 0, "It comes on Tuesday.")
    desk.later(seconds=desk.settings.delivery.undo_s + 1)
    desk.deliver()


def test_the_figures_show_cases_answers_and_times(open_page: OpenPage, desk: Desk):
    answer_one(desk)
    desk.now = datetime.now(UTC)
    desk.open_case("And my chair?")
    page = html_of(open_page("manager", Role.MANAGER))
    assert "<b>2</b><span>Cases</span>" in page
    assert "<b>1 (50 %)</b><span>Answered</span>" in page
    assert "<b>11 s</b><span>First response, median</span>" in page
    assert "It comes on Tuesday." in page
    assert "<bdi>Noor Smeets</bdi>" in page


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


def test_the_period_is_chosen_and_kept_in_the_address(open_page: OpenPage, desk: Desk):
    answer_one(desk)
    test = open_page("manager", Role.MANAGER, period="24 hours")
    assert "It comes on Tuesday." in html_of(test)
    assert not open_page("manager", Role.MANAGER, period="nonsense").exception
