"""The tone page."""

import pytest
from figures_filling import a_colleague_answers, weeks_of_work

from tests.console.conftest import OpenPage, html_of
from webcare.domain import Role
from webcare.errors import NotAllowed
from webcare.testing import Desk


def test_signs_are_counted_and_marked_in_the_answers(open_page: OpenPage, desk: Desk):
    weeks_of_work(desk, days=14)
    test = open_page("tone", Role.MANAGER, days="28")
    assert not test.exception
    page = html_of(test)
    assert '<mark class="wc-voice-personal">Hoi</mark>' in page
    assert '<mark class="wc-voice-inviting">wat vervelend</mark>' in page
    assert '<mark class="wc-voice-formal">Hierbij</mark>' in page
    assert "What counts" in page
    assert "version 1" in page
    charts = test.get("vega_lite_chart")
    assert len(charts) == 1
    assert "This chart as a table" in page


def test_nobody_is_named_on_it(open_page: OpenPage, desk: Desk):
    a_colleague_answers(desk, Role.TEAM_LEAD)
    page = html_of(open_page("tone", Role.MANAGER))
    assert "we look into it" in page
    assert "Bram de Wit" not in page.replace("Bram de Wit <small>", "")


def test_a_filter_of_the_address_narrows_the_answers(open_page: OpenPage, desk: Desk):
    weeks_of_work(desk, days=7)
    page = html_of(open_page("tone", Role.TEAM_LEAD, days="28", language="de"))
    assert "tut uns leid" in page
    assert "wat vervelend" not in page


def test_few_answers_are_shown_as_counts_and_nothing_as_a_dash(open_page: OpenPage, desk: Desk):
    assert "<b>0 / 0</b>" in html_of(open_page("tone", Role.MANAGER))
    a_colleague_answers(desk, Role.TEAM_LEAD)
    assert "<b>1 / 1</b><span>Personalisation</span>" in html_of(open_page("tone", Role.MANAGER))


def test_an_answer_that_looks_like_markup_is_only_text(open_page: OpenPage, desk: Desk):
    a_colleague_answers(desk, Role.TEAM_LEAD, "Hi <img src=x onerror=alert(1)> **you**")
    page = html_of(open_page("tone", Role.MANAGER))
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    assert "<img" not in page


@pytest.mark.parametrize("role", [Role.FIRST_LINE, Role.SECOND_LINE])
def test_it_is_for_those_who_see_reports(open_page: OpenPage, role: Role):
    with pytest.raises((NotAllowed, ValueError)):
        open_page("tone", role)
