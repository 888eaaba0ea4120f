"""One's own figures: private until shared."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from figures_filling import weeks_of_work
from sqlmodel import select

from tests.console.conftest import OpenPage, html_of
from webcare.domain import Role
from webcare.measures.rollup import catch_up, counting
from webcare.people.card_sharing import card_is_shared, share_card
from webcare.store.tables_desk import AuditRow
from webcare.testing import Desk


def test_a_person_sees_their_answers_and_how_they_sound(open_page: OpenPage, desk: Desk):
    weeks_of_work(desk, days=10)
    catch_up(desk.store, counting(ZoneInfo("Europe/Amsterdam")), now=datetime.now(UTC))
    test = open_page("mine", Role.FIRST_LINE)
    assert not test.exception
    page = html_of(test)
    assert "Only you see this page." in page
    assert "<span>Answers</span>" in page
    assert '<mark class="wc-voice-inviting">wat vervelend</mark>' in page


def test_sharing_is_a_switch_that_the_audit_log_keeps(open_page: OpenPage, desk: Desk):
    test = open_page("mine", Role.FIRST_LINE)
    test.toggle(key="own_shared").set_value(True).run()
    assert "You share this page" in html_of(test)
    with desk.store.read() as session:
        assert card_is_shared(session, desk.first.id)
        assert [row.what for row in session.exec(select(AuditRow))] == ["card_sharing_changed"]
    test.toggle(key="own_shared").set_value(False).run()
    assert "Only you see this page." in html_of(test)


def test_nobody_opens_what_is_not_shared_not_even_an_administrator(open_page: OpenPage, desk: Desk):
    for role in (Role.ADMIN, Role.SECOND_LINE):
        page = html_of(open_page("mine", role, person=str(desk.first.id)))
        assert "These figures are not shared with you." in page
        assert "Only you see this page." not in page


def test_what_is_shared_is_open_to_those_who_see_reports_only(open_page: OpenPage, desk: Desk):
    with desk.store.write() as session:
        share_card(session, shared=True, by=desk.first, now=desk.now)
    assert "shares these figures" in html_of(open_page("mine", Role.TEAM_LEAD, person=str(desk.first.id)))
    assert "not shared with you" in html_of(open_page("mine", Role.SECOND_LINE, person=str(desk.first.id)))


def test_the_way_there_is_in_the_bar_for_everybody_at_the_desk(open_page: OpenPage):
    assert "My figures" in [link.proto.label for link in open_page("queue", Role.FIRST_LINE).get("page_link")]


def test_ones_figures_and_what_reviewers_say_lead_to_each_other(open_page: OpenPage) -> None:
    assert 'href="/quality?tab=mine"' in html_of(open_page("mine"))
    assert 'href="/my-figures"' in html_of(open_page("quality", tab="mine"))
