"""The second line on the pages: asking, answering with facts, a reply made of them, and whose turn it is."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import select
from streamlit.testing.v1 import AppTest

from tests.console.conftest import OpenPage, component, html_of, open_menu
from webcare import cases
from webcare.app import App
from webcare.cases import Fact
from webcare.cases.handing_over import open_question, return_question
from webcare.console import watching
from webcare.domain import Role
from webcare.people import Permission
from webcare.store.tables import AgentRow, CaseRow, DeliveryRow
from webcare.store.tables_desk import HandoverFactRow, HandoverRow
from webcare.testing import Desk, FakeClassifier, make_triage

NASTY = "<script>alert(1)</script> ![x](http://evil.example/p.png) :red[SYSTEM]"


def change_person(desk: Desk, role: Role, **changes: Any) -> None:
    with desk.store.write() as session:
        row = session.get_one(AgentRow, desk.people[role].id)
        for name, value in changes.items():
            setattr(row, name, value)
        session.add(row)


def asked(desk: Desk, question: str = "Is part 12 in stock?", **options: Any) -> CaseRow:
    case = desk.open_case()
    with desk.store.write() as session:
        cases.claim(session, case.id, by=desk.first, now=desk.now)
        cases.hand_over(session, case.id, question=question, by=desk.first, now=desk.now, **options)
    return case


def answered(desk: Desk, *facts: Fact, remark: str = "") -> CaseRow:
    case = asked(desk)
    change_person(desk, Role.FIRST_LINE, seen_at=desk.now)
    with desk.store.write() as session:
        cases.hand_back(session, case.id, answer=remark, facts=facts, by=desk.second, now=desk.now)
    return case


def question_of(desk: Desk, case: CaseRow) -> HandoverRow | None:
    with desk.store.read() as session:
        return open_question(session, case.id or 0)


def facts_of(desk: Desk) -> Sequence[HandoverFactRow]:
    with desk.store.read() as session:
        return session.exec(select(HandoverFactRow).order_by(HandoverFactRow.id)).all()


def fill(test: AppTest, case: CaseRow, number: int, text: str, source: str, *, public: bool) -> None:
    test.text_area(key=f"fact_text_{case.id}_{number}").set_value(text)
    test.text_input(key=f"fact_source_{case.id}_{number}").set_value(source)
    test.toggle(key=f"fact_public_{case.id}_{number}").set_value(public)


# --- asking ---------------------------------------------------------------------------------------------


def test_a_question_is_asked_of_those_who_know_with_a_time(open_page: OpenPage, desk: Desk):
    change_person(desk, Role.SECOND_LINE, skills=["store:utrecht", "topic:product_fault", "market:sv"])
    case = desk.open_case()
    test = open_page("case", case=case.id)
    who = open_menu(test, f"pass_menu_{case.id}").selectbox(key=f"pass_skill_{case.id}")
    assert who.options == ["Anybody", "Market · Swedish", "Shop · Utrecht", "Topic · Product fault"]
    test.text_area(key=f"pass_text_{case.id}").set_value("Open on Sunday?")
    who.set_value("store:utrecht")
    test.selectbox(key=f"pass_when_{case.id}").set_value("In an hour")
    test.button(key=f"pass_on_{case.id}").click().run()
    row = question_of(desk, case)
    assert row is not None
    assert (row.question, row.skill) == ("Open on Sunday?", "store:utrecht")
    assert timedelta(minutes=59) < row.return_by - row.asked_at <= timedelta(minutes=60)
    page = html_of(test)
    assert "Open on Sunday?" in page
    assert "Shop: Utrecht" in page
    assert component(test, "countdown")["before"] == "Goes back by itself in"


def test_a_question_half_typed_is_there_again(open_page: OpenPage, desk: Desk):
    case = desk.open_case()
    test = open_page("case", case=case.id)
    open_menu(test, f"pass_menu_{case.id}").text_area(key=f"pass_text_{case.id}").set_value("Is it").run()
    again = open_menu(open_page("case", case=case.id), f"pass_menu_{case.id}")
    assert again.text_area(key=f"pass_text_{case.id}").value == "Is it"
    again.button(key=f"pass_on_{case.id}").click().run()
    with desk.store.read() as session:
        assert cases.draft_of(session, case.id, kind="question", by=desk.first) == ""


def test_whoever_asked_can_withdraw_and_writes_no_facts(open_page: OpenPage, desk: Desk):
    case = asked(desk)
    test = open_page("case", case=case.id)
    assert f"fact_text_{case.id}_0" not in [area.key for area in test.text_area]
    test.button(key=f"withdraw_question_{case.id}").click().run()
    assert question_of(desk, case) is None
    assert "Withdrawn by <bdi>Noor Smeets</bdi>" in html_of(test)


# --- answering ------------------------------------------------------------------------------------------


def test_the_specialist_sees_the_question_and_answers_with_facts(open_page: OpenPage, desk: Desk):
    case = asked(desk)
    test = open_page("case", Role.SECOND_LINE, case=case.id)
    assert "Is part 12 in stock?" in html_of(test)
    fill(test, case, 0, "Part 12 is back on Tuesday", "warehouse", public=True)
    until = datetime.now().astimezone().date() + timedelta(days=3)
    test.date_input(key=f"fact_until_{case.id}_0").set_value(until)
    test.button(key=f"more_facts_{case.id}").click().run()
    fill(test, case, 1, "The supplier owes us forty", "", public=False)
    test.text_area(key=f"pass_text_{case.id}").set_value("Call me.")
    test.button(key=f"pass_on_{case.id}").click().run()
    first, second = facts_of(desk)
    assert (first.text, first.source, first.public) == ("Part 12 is back on Tuesday", "warehouse", True)
    assert first.valid_until is not None
    assert first.valid_until > desk.now + timedelta(days=2)
    assert (second.text, second.public, second.valid_until) == ("The supplier owes us forty", False, None)
    page = html_of(test)
    assert "The first line has your answer." in page
    assert "may be told until" in page
    assert "stays inside" in page


def test_an_empty_answer_is_refused_and_a_full_form_survives_a_reload(open_page: OpenPage, desk: Desk):
    case = asked(desk)
    test = open_page("case", Role.SECOND_LINE, case=case.id)
    test.button(key=f"pass_on_{case.id}").click().run()
    assert "The answer to the first line is empty." in html_of(test)
    fill(test, case, 0, "Back on Tuesday", "warehouse", public=True)
    test.button(key=f"more_facts_{case.id}").click().run()
    test.text_area(key=f"fact_text_{case.id}_1").set_value("Forty of them").run()
    again = open_page("case", Role.SECOND_LINE, case=case.id)
    assert again.text_area(key=f"fact_text_{case.id}_0").value == "Back on Tuesday"
    assert again.text_input(key=f"fact_source_{case.id}_0").value == "warehouse"
    assert again.toggle(key=f"fact_public_{case.id}_0").value is True
    assert again.text_area(key=f"fact_text_{case.id}_1").value == "Forty of them"


def test_an_answer_after_a_colleagues_is_refused_and_kept(open_page: OpenPage, desk: Desk):
    case = asked(desk)
    test = open_page("case", Role.SECOND_LINE, case=case.id)
    test.text_area(key=f"pass_text_{case.id}").set_value("No.")
    with desk.store.write() as session:
        cases.hand_back(session, case.id, answer="Yes.", by=desk.people[Role.TEAM_LEAD], now=desk.now)
    test.button(key=f"pass_on_{case.id}").click().run()
    assert "Bram de Wit (handed back)" in html_of(test)
    with desk.store.read() as session:
        assert "No." in cases.draft_of(session, case.id, kind="facts", by=desk.second)


def test_what_colleagues_and_specialists_write_is_never_markup(open_page: OpenPage, desk: Desk):
    case = asked(desk, question=NASTY)
    with desk.store.write() as session:
        cases.hand_back(session, case.id, facts=[Fact(NASTY, source=NASTY)], by=desk.second, now=desk.now)
    test = open_page("case", case=case.id)
    assert "<script>" not in html_of(test)
    assert "&lt;script&gt;alert(1)" in html_of(test)
    assert not test.markdown


# --- a reply made of facts ------------------------------------------------------------------------------


def test_one_click_makes_a_draft_of_what_may_be_told_and_sends_nothing(open_page: OpenPage, desk: Desk):
    desk.classifier = FakeClassifier(lambda text: make_triage(language="nl"))
    case = answered(desk, Fact("dinsdag is hij er weer", public=True), Fact("De leverancier is er veertig kwijt"))
    test = open_page("case", case=case.id)
    test.button(key=f"use_facts_{case.id}").click().run()
    written = test.text_area(key=f"reply_{case.id}").value
    assert written == "Hoi Customer,\nWe hebben het voor je nagevraagd. Dinsdag is hij er weer."
    with desk.store.read() as session:
        assert session.exec(select(DeliveryRow)).all() == []
        assert cases.draft_of(session, case.id, kind="reply", by=desk.first) == written


def test_what_somebody_has_typed_is_not_overwritten_by_facts(open_page: OpenPage, desk: Desk):
    case = answered(desk, Fact("It is back on Tuesday", public=True))
    test = open_page("case", case=case.id)
    test.text_area(key=f"reply_{case.id}").set_value("Half a reply").run()
    test.button(key=f"use_facts_{case.id}").click().run()
    assert test.text_area(key=f"reply_{case.id}").value == "Half a reply"


def test_a_fact_whose_time_is_over_is_put_into_no_reply(open_page: OpenPage, desk: Desk, app: App):
    case = answered(desk, Fact("It is back on Tuesday", public=True, valid_until=desk.now + timedelta(seconds=1)))
    with desk.store.write() as session:
        # Its last second has passed by the time anybody looks.
        row = session.exec(select(HandoverFactRow)).one()
        row.valid_until = desk.now - timedelta(minutes=1)
        session.add(row)
    from webcare.console import desk as console_desk

    later = desk.now + timedelta(minutes=5)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("webcare.console.handover_panel.now", lambda: later)
        test = open_page("case", case=case.id)
    assert console_desk.desk() is app
    assert f"use_facts_{case.id}" not in [button.key for button in test.button]
    assert "over since" in html_of(test)


def test_inner_facts_alone_offer_no_reply(open_page: OpenPage, desk: Desk):
    case = answered(desk, Fact("The supplier owes us forty"))
    assert f"use_facts_{case.id}" not in [button.key for button in open_page("case", case=case.id).button]


def test_a_specialist_answers_the_customer_only_where_they_may(open_page: OpenPage, desk: Desk):
    case = asked(desk)
    assert f"send_{case.id}" not in [button.key for button in open_page("case", Role.SECOND_LINE, case=case.id).button]
    change_person(desk, Role.SECOND_LINE, grants=[Permission.SEND_REPLY.value])
    test = open_page("case", Role.SECOND_LINE, case=case.id)
    test.text_area(key=f"reply_{case.id}").set_value("It is back on Tuesday. Sorry for the wait!")
    test.button(key=f"send_{case.id}").click().run()
    with desk.store.read() as session:
        sent = session.exec(select(DeliveryRow.text)).all()
        row = session.exec(select(HandoverRow)).one()
    assert sent == ["It is back on Tuesday. Sorry for the wait!"], html_of(test)
    assert (row.outcome, row.closed_by) == ("replied", desk.second.id)


def test_going_to_and_fro_is_said_from_the_third_time_on(open_page: OpenPage, desk: Desk):
    case = answered(desk, remark="Yes.")
    assert "Handed over" not in html_of(open_page("case", case=case.id))
    with desk.store.write() as session:
        cases.hand_over(session, case.id, question="And part 13?", by=desk.first, now=desk.now)
    page = html_of(open_page("case", case=case.id))
    assert "Handed over 3 times" in page
    assert "1 earlier question" in page
    [row] = [
        row for row in component(open_page("queue", Role.SECOND_LINE), "case_list")["rows"] if row["id"] == case.id
    ]
    assert row["tags"] == ["question", "handed over 3 times"]


# --- whose turn it is -----------------------------------------------------------------------------------


def test_what_came_back_stands_on_top_for_whoever_asked_until_it_is_answered(open_page: OpenPage, desk: Desk):
    case = answered(desk, remark="Yes.")
    page = html_of(open_page("queue"))
    assert f'href="/case?case={case.id}"' in page
    assert "Answer came back" in page
    assert "Answer came back" not in html_of(open_page("queue", Role.TEAM_LEAD))
    desk.reply(case.id or 0, "Sorry about that. It is back on Tuesday.")
    desk.later(minutes=1)
    desk.deliver()
    assert "Answer came back" not in html_of(open_page("queue"))


def test_a_question_nobody_answered_says_so_on_top(open_page: OpenPage, desk: Desk):
    case = asked(desk)
    change_person(desk, Role.FIRST_LINE, seen_at=desk.now + timedelta(hours=2))
    with desk.store.write() as session:
        assert return_question(session, case.id or 0, now=desk.now + timedelta(hours=2))
    assert "Came back without an answer" in html_of(open_page("queue"))


def test_the_team_lead_is_told_of_skills_that_nobody_present_has(open_page: OpenPage, desk: Desk):
    change_person(desk, Role.SECOND_LINE, skills=["store:utrecht"], seen_at=desk.now - timedelta(hours=1))
    asked(desk, skill="store:utrecht")
    told = "Nobody who is in can answer: Shop: Utrecht (1 case)."
    assert told in html_of(open_page("queue", Role.TEAM_LEAD))
    assert told not in html_of(open_page("queue"))
    change_person(desk, Role.SECOND_LINE, seen_at=desk.now)
    watching.forget("uncovered")  # as after ten seconds
    assert told not in html_of(open_page("queue", Role.TEAM_LEAD))


def test_one_says_oneself_that_one_is_away_and_back(open_page: OpenPage, desk: Desk):
    test = open_page("queue", Role.SECOND_LINE)
    test.selectbox(key="away_for").set_value("An hour")
    test.button(key="be_away").click().run()
    with desk.store.read() as session:
        until = session.get_one(AgentRow, desk.second.id).away_until
    assert until is not None
    assert timedelta(minutes=55) < until - desk.now < timedelta(minutes=75)
    test.button(key="be_back").click().run()
    with desk.store.read() as session:
        assert session.get_one(AgentRow, desk.second.id).away_until is None
