"""Approvals and promises on their pages, on the case and in the bar."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import select

from tests.console.conftest import OpenPage, html_of, open_menu
from tests.console.test_manager_page import count
from webcare import cases
from webcare.cases.approvals import refuse_reply
from webcare.cases.promises import mark_broken
from webcare.cases.sending import check_and_send
from webcare.console import waiting
from webcare.domain import Actor, DeliveryState, Role
from webcare.store.tables import AgentRow, CaseRow, DeliveryRow
from webcare.store.tables_desk import ApprovalRow, PolicyRow, PromiseRow
from webcare.testing import Desk

TEXT = "Sorry about that. We asked the warehouse and write to you here as soon as they answer."
OTHER = "Sorry about that. We asked the warehouse and call you here as soon as they answer."
PROMISE = "Sorry about that. A colleague of the warehouse rings you tomorrow."


@pytest.fixture(autouse=True)
def _counted_anew() -> None:
    waiting.forget_counts()


@pytest.fixture
def newcomer(desk: Desk) -> Actor:
    with desk.store.write() as session:
        session.get_one(AgentRow, desk.first.id).supervised = True
    return replace(desk.first, supervised=True)


def ask(desk: Desk, case: CaseRow, by: Actor, text: str = TEXT) -> int:
    outcome = check_and_send(
        desk.store, case.id or 0, text=text, by=by, now=desk.now, undo=timedelta(0), acknowledged=True,
        reviewer=desk.reviewer,
    )  # fmt: skip
    assert outcome.approval_id is not None
    waiting.forget_counts()
    return outcome.approval_id


def the_approval(desk: Desk) -> ApprovalRow:
    with desk.store.read() as session:
        return session.exec(select(ApprovalRow)).one()


def sent(desk: Desk) -> list[DeliveryRow]:
    with desk.store.read() as session:
        return list(session.exec(select(DeliveryRow)))


def test_a_newcomer_sends_and_the_page_says_that_it_waits(open_page: OpenPage, desk: Desk, newcomer: Actor):
    case = desk.open_case()
    test = open_page("case", case=case.id)
    test.text_area(key=f"reply_{case.id}").set_value(TEXT)
    test.button(key=f"send_{case.id}").click().run()
    assert not test.exception
    assert sent(desk) == []
    page = html_of(test)
    assert "Works under supervision" in page
    assert "Waits for" in page
    assert test.button(key=f"withdraw_{the_approval(desk).id}").label == "Take it back and change it"


def test_the_lead_sees_the_count_reads_all_of_it_and_says_yes(open_page: OpenPage, desk: Desk, newcomer: Actor):
    case = desk.open_case("Where is my <b>sofa</b>?")
    with desk.store.write() as session:
        cases.add_note(session, case.id or 0, text="The carrier lost the label.", by=desk.second, now=desk.now)
    approval = ask(desk, case, newcomer)
    assert "Approvals · 1" in [link.proto.label for link in open_page("queue", Role.TEAM_LEAD).get("page_link")]
    test = open_page("approvals", Role.TEAM_LEAD)
    page = html_of(test)
    assert "Where is my &lt;b&gt;sofa&lt;/b&gt;?" in page
    assert "The carrier lost the label." in page
    assert "left to answer" in page
    test.button(key=f"approve_{approval}").click().run()
    (row,) = sent(desk)
    assert (row.text, row.state) == (TEXT, DeliveryState.PENDING)
    assert (row.author_id, row.approver_id) == (newcomer.id, desk.people[Role.TEAM_LEAD].id)
    assert "Approved." in html_of(test)
    assert "Nothing waits for a yes." in html_of(test)


def test_what_the_approver_changes_stands_there_word_by_word(open_page: OpenPage, desk: Desk, newcomer: Actor):
    approval = ask(desk, desk.open_case(), newcomer)
    test = open_page("approvals", Role.TEAM_LEAD)
    test.text_area(key=f"approve_text_{approval}").set_value(OTHER).run()
    assert "<del>write to</del> <ins>call</ins>" in html_of(test)
    test.button(key=f"approve_{approval}").click().run()
    assert [row.text for row in sent(desk)] == [OTHER]


def test_a_customers_message_is_shown_before_it_can_go(open_page: OpenPage, desk: Desk, newcomer: Actor):
    from filling import write_again

    case = desk.open_case()
    approval = ask(desk, case, newcomer)
    write_again(desk, case.id or 0, "Never mind, it came!")
    test = open_page("approvals", Role.TEAM_LEAD)
    test.button(key=f"approve_{approval}").click().run()
    assert sent(desk) == []
    assert "newest message changed since this was checked" in html_of(test).lower()
    test.button(key=f"approve_{approval}").click().run()
    assert len(sent(desk)) == 1


def test_a_no_comes_back_to_its_author_with_the_words(open_page: OpenPage, desk: Desk, newcomer: Actor):
    case = desk.open_case()
    approval = ask(desk, case, newcomer)
    test = open_page("approvals", Role.TEAM_LEAD)
    test.text_area(key=f"refuse_words_{approval}").set_value("Ask for <i>the</i> number.")
    test.button(key=f"refuse_{approval}").click().run()
    assert "Given back." in html_of(test)
    again = open_page("case", case=case.id)
    page = html_of(again)
    assert "did not let this reply go out" in page
    assert "Ask for &lt;i&gt;the&lt;/i&gt; number." in page
    assert again.text_area(key=f"reply_{case.id}").value == TEXT


def test_the_author_takes_it_back(open_page: OpenPage, desk: Desk, newcomer: Actor):
    case = desk.open_case()
    approval = ask(desk, case, newcomer)
    test = open_page("case", case=case.id)
    test.button(key=f"withdraw_{approval}").click().run()
    assert the_approval(desk).state == "withdrawn"
    assert test.text_area(key=f"reply_{case.id}").value == TEXT


def test_only_those_who_may_say_yes_have_the_page(open_page: OpenPage, desk: Desk, newcomer: Actor):
    ask(desk, desk.open_case(), newcomer)
    links = [link.proto.label for link in open_page("queue").get("page_link")]
    assert not any(label.startswith("Approvals") for label in links)


def test_a_late_decision_is_told_in_words(open_page: OpenPage, desk: Desk, newcomer: Actor):
    approval = ask(desk, desk.open_case(), newcomer)
    test = open_page("approvals", Role.TEAM_LEAD)
    with desk.store.write() as session:
        refuse_reply(session, approval, words="Shorter, please.", by=desk.people[Role.ADMIN], now=desk.now)
    test.button(key=f"approve_{approval}").click().run()
    assert "Jonas Holm gave this reply back already." in html_of(test)
    assert sent(desk) == []


def test_the_manager_decides_what_waits(open_page: OpenPage, desk: Desk):
    test = open_page("approvals", Role.MANAGER)
    test.selectbox(key="approval_jokes").set_value("always")
    test.text_input(key="approval_tags").set_value("crisis, recall")
    test.button[-1].click().run()
    with desk.store.read() as session:
        (row,) = session.exec(select(PolicyRow).where(PolicyRow.name == "approval")).all()
    assert (row.value["jokes"], row.value["crisis_tags"]) == ("always", ["crisis", "recall"])


# --- promises ------------------------------------------------------------------------------------------------


def promised(desk: Desk, text: str = PROMISE) -> tuple[CaseRow, PromiseRow]:
    case = desk.open_case()
    desk.reply(case.id or 0, text)
    desk.later(seconds=11)
    assert desk.deliver() == 1
    with desk.store.read() as session:
        return case, session.exec(select(PromiseRow).where(PromiseRow.case_id == case.id)).one()


def test_a_promise_stands_on_its_case_and_is_kept_by_one_click(open_page: OpenPage, desk: Desk):
    case, promise = promised(desk)
    test = open_page("case", case=case.id)
    assert "rings you <mark" in html_of(test)
    test.button(key=f"kept_{promise.id}").click().run()
    assert not test.exception, test.exception[0].stack_trace
    with desk.store.read() as session:
        assert session.get_one(PromiseRow, promise.id).state == "kept"
    assert "rings you <mark" not in html_of(test)


def test_a_promise_is_moved_with_a_reason(open_page: OpenPage, desk: Desk):
    case, promise = promised(desk)
    test = open_page("case", case=case.id)
    open_menu(test, f"move_menu_{promise.id}").text_input(key=f"move_why_{promise.id}").set_value("Away until Friday.")
    test.button(key=f"move_{promise.id}").click().run()
    with desk.store.read() as session:
        row = session.get_one(PromiseRow, promise.id)
    assert (row.moved_from, row.reason) == (promise.due_at, "Away until Friday.")
    assert "moved from" in html_of(test)


def test_the_page_lists_what_is_open_and_the_bar_counts_what_is_late(open_page: OpenPage, desk: Desk):
    promised(desk)
    case, promise = promised(desk)
    with desk.store.write() as session:
        session.get_one(PromiseRow, promise.id).due_at = desk.now - timedelta(hours=2, minutes=5)
    with desk.store.write() as session:
        assert mark_broken(session, now=desk.now) == 1
    waiting.forget_counts()
    test = open_page("promises")
    page = html_of(test)
    assert "Broken 2 h" in page
    assert page.index(f"/case?case={case.id}") < page.index("/case?case=1")
    assert "Promises · 1" in [link.proto.label for link in test.get("page_link")]


def test_an_empty_page_says_what_comes_here(open_page: OpenPage):
    assert "No promise is open." in html_of(open_page("promises"))


def test_the_manager_sees_how_many_were_not_kept(open_page: OpenPage, desk: Desk):
    desk.later(hours=-1)
    _, promise = promised(desk)
    with desk.store.write() as session:
        row = session.get_one(PromiseRow, promise.id)
        row.due_at, row.state = desk.now - timedelta(hours=2), "broken"
    count(desk)
    page = html_of(open_page("manager", Role.MANAGER))
    assert "<b>0 / 1</b><span>Promises kept</span>" in page
