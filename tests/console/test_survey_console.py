"""Deciding who is asked how we helped, and what a case says of it."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from sqlmodel import select

from tests.console.conftest import OpenPage, html_of
from webcare import cases
from webcare.cases import survey_asking
from webcare.cases.survey_policy import TEXTS, decide_survey, policy_at
from webcare.domain import Author, MentionKind, Resolution, Role
from webcare.store.tables_desk import PolicyRow
from webcare.testing import Desk, make_mention


def test_the_survey_is_off_and_decided_on_the_desk_page(open_page: OpenPage, desk: Desk) -> None:
    page = open_page("desk", Role.MANAGER, tab="survey")
    assert not page.exception
    assert page.toggle(key="survey_on").value is False
    assert "Nothing changes yet" in html_of(page)
    page.toggle(key="survey_on").set_value(True).run()
    assert page.text_area(key="survey_text_nl").value == TEXTS["nl"]
    page.number_input(key="survey_days").set_value(30)
    page.text_area(key="survey_text_nl").set_value("Hoe deden we het? <b>Geef een cijfer.").run()
    assert page.button(key="survey_save").disabled
    assert "has to say that it asks for a number from 1 to 5" in html_of(page)
    page.text_area(key="survey_text_nl").set_value("Hoe deden we het, van 1 tot 5? <b> Na STOP is het stil.").run()
    assert "&lt;b&gt;" in html_of(page)
    page.button(key="survey_save").click().run()
    assert not page.exception
    assert "Saved; it counts for cases closed from" in html_of(page)
    with desk.store.read() as session:
        row = session.exec(select(PolicyRow).where(PolicyRow.name == "survey")).one()
        found = policy_at(session, now=row.valid_from)
    assert (found.on, found.once_in_days) == (True, 30)
    assert dict(found.own_texts) == {"nl": "Hoe deden we het, van 1 tot 5? <b> Na STOP is het stil."}
    again = open_page("desk", Role.MANAGER, tab="survey")
    assert again.toggle(key="survey_on").value is True
    assert again.number_input(key="survey_days").value == 30


def test_a_case_says_what_its_customer_gave(open_page: OpenPage, desk: Desk) -> None:
    by = desk.people[Role.MANAGER]
    zone = ZoneInfo(desk.settings.desk.timezone)
    with desk.store.write() as session:
        today = desk.now.astimezone(zone).date()
        decide_survey(session, {"on": True}, first_day=today, zone=zone, by=by, now=desk.now)
    anna = Author("c77", "Anna Visser", "annavisser")

    def write(text: str) -> int:
        mention = make_mention(text, author=anna, thread_id="dm1", posted_at=desk.now, kind=MentionKind.DIRECT_MESSAGE)
        desk.receive(mention)
        return desk.case_of(mention).id or 0

    case_id = write("Where is my sofa?")
    desk.reply(case_id)
    desk.later(minutes=1)
    assert desk.deliver() == 1
    with desk.store.write() as session:
        cases.resolve(session, case_id, resolution=Resolution.ANSWERED, by=desk.first, now=desk.now)
    desk.later(minutes=61)
    assert (
        survey_asking.ask_due(desk.store, {desk.account_key: desk.channel}, now=desk.now, reviewer=desk.reviewer) == 1
    )
    assert desk.deliver() == 1
    page = open_page("case", Role.FIRST_LINE, case=str(case_id))
    assert not page.exception
    assert "the customer was asked" in html_of(page)
    assert f"Asked by Webcare, in words that {by.name} decided" in html_of(page)
    desk.now += timedelta(minutes=5)
    write("★★★★☆")
    page = open_page("case", Role.FIRST_LINE, case=str(case_id))
    assert "How we helped: the customer gave 4 of 5" in html_of(page)
