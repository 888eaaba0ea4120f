"""The case page: what stands there, the two composers, and what happens to somebody's text when things go wrong."""

import re
from datetime import timedelta

import pytest
from sqlmodel import select
from streamlit.testing.v1 import AppTest

from tests.cases.networks import Network, act, on_network
from tests.console.conftest import OpenPage, component, components, html_of, open_menu
from webcare import cases
from webcare.app import App
from webcare.channels.base import Capabilities
from webcare.channels.base import Permission as ReplyPermission
from webcare.channels.x import X
from webcare.domain import (
    Author,
    CaseState,
    DeliveryState,
    Line,
    MentionKind,
    ReplyWay,
    Resolution,
    Role,
    Sentiment,
    Urgency,
)
from webcare.store.tables import CaseRow, DeliveryRow, NoteRow, TriageRow
from webcare.testing import Desk, FakeClassifier, make_mention, make_triage

REPLY = "Sorry about that. We asked the warehouse and write to you here as soon as they answer."


def case_now(desk: Desk, case: CaseRow) -> CaseRow:
    with desk.store.read() as session:
        return cases.load(session, case.id or 0)


def notes_of(desk: Desk, case: CaseRow) -> list[str]:
    with desk.store.read() as session:
        return list(session.exec(select(NoteRow.text).where(NoteRow.case_id == case.id)))


def deliveries_of(desk: Desk, case: CaseRow) -> list[DeliveryRow]:
    with desk.store.read() as session:
        return list(session.exec(select(DeliveryRow).where(DeliveryRow.case_id == case.id).order_by(DeliveryRow.id)))


def draft_of(desk: Desk, case: CaseRow, kind: str, role: Role = Role.FIRST_LINE) -> str:
    with desk.store.read() as session:
        return cases.draft_of(session, case.id, kind=kind, by=desk.people[role])


def add_note(desk: Desk, case: CaseRow, text: str) -> None:
    with desk.store.write() as session:
        cases.add_note(session, case.id, text=text, by=desk.second, now=desk.now)


def write_and_send(test: AppTest, case: CaseRow, text: str) -> None:
    test.text_area(key=f"reply_{case.id}").set_value(text)
    test.button(key=f"send_{case.id}").click().run()


# --- what stands there ------------------------------------------------------------------------------


def test_the_thread_the_reasons_and_the_history_stand_on_the_page(open_page: OpenPage, desk: Desk):
    triage = make_triage(urgency=Urgency.HIGH, words=(("sofa", 1.0),), confidence={"urgency": 0.87, "topic": 0.6})
    desk.classifier = FakeClassifier(lambda text: triage)
    case = desk.open_case("Where is my sofa? Third week now.")
    test = open_page("case", case=case.id)
    page = html_of(test)
    assert 'Where is my <mark class="wc-weighed">sofa</mark>? Third week now.' in page
    assert "High: a deadline or a loss is at stake. The model read the urgency as high, 87 % sure." in page
    assert "87 %" in page
    assert '<bdi class="wc-chip">sofa</bdi>' in page
    test.session_state["beside"] = "History"
    test.run()
    page = html_of(test)
    assert "Case opened" in page
    assert "Where is my sofa? Third week now." in page


@pytest.mark.parametrize("number", ["", "abc", "-1", "999999", "1e9", "9" * 40, "١٢"])
def test_an_address_without_a_case_says_so(open_page: OpenPage, number: str):
    test = open_page("case", case=number)
    assert not test.exception
    assert "Back to the queues" in html_of(test)


def test_text_of_a_customer_is_never_markup(open_page: OpenPage, desk: Desk):
    nasty = "<script>alert(1)</script> ![x](http://evil.example/p.png) :red[SYSTEM] **bold** \u202eevil"
    case = desk.open_case(nasty)
    test = open_page("case", case=case.id)
    assert "<script>" not in html_of(test)
    assert (
        "&lt;script&gt;alert(1)&lt;/script&gt; ![x](http://evil.example/p.png) :red[SYSTEM] **bold** evil"
        in html_of(test)
    )
    assert not test.markdown


def test_a_customers_name_cannot_dress_up_a_button(open_page: OpenPage, desk: Desk):
    author = Author("c1", "![x](http://evil/p.png) :red[An] **K**", "anna")
    mention = make_mention("Hi", posted_at=desk.now, author=author)
    desk.receive(mention)
    case = desk.case_of(mention)
    label = open_page("case", case=case.id).button(key=f"send_{case.id}").label
    assert label == "Send reply to x http evil p png red An K on X"
    assert not re.search(r"[:\[\]()*!<>$`]", label)


# --- two composers ----------------------------------------------------------------------------------


def test_the_note_composer_writes_notes_and_has_no_way_to_send(open_page: OpenPage, desk: Desk):
    case = desk.open_case()
    test = open_page("case", case=case.id)
    test.text_area(key=f"note_{case.id}").set_value("Customer called twice already.").run()
    test.button(key=f"save_note_{case.id}").click().run()
    assert notes_of(desk, case) == ["Customer called twice already."]
    assert deliveries_of(desk, case) == []
    assert "Customer called twice already." in html_of(test)
    assert test.text_area(key=f"note_{case.id}").value == ""
    senders = [button.label for button in test.button if "send" in button.label.lower()]
    assert senders == [f"Send reply to {case.customer_name} on X"]


def test_the_reply_button_names_who_and_where(open_page: OpenPage, desk: Desk):
    case = desk.open_case()
    test = open_page("case", case=case.id)
    assert test.button(key=f"send_{case.id}").label == f"Send reply to {case.customer_name} on X"
    assert test.button(key=f"save_note_{case.id}").label == "Save internal note"


def test_what_is_typed_is_kept_as_a_draft_and_comes_back(open_page: OpenPage, desk: Desk):
    case = desk.open_case()
    test = open_page("case", case=case.id)
    test.text_area(key=f"reply_{case.id}").set_value("Half a rep").run()
    test.text_area(key=f"note_{case.id}").set_value("Half a note").run()
    assert (draft_of(desk, case, "reply"), draft_of(desk, case, "note")) == ("Half a rep", "Half a note")
    again = open_page("case", case=case.id)
    assert again.text_area(key=f"reply_{case.id}").value == "Half a rep"
    assert again.text_area(key=f"note_{case.id}").value == "Half a note"
    colleague = open_page("case", Role.TEAM_LEAD, case=case.id)
    assert colleague.text_area(key=f"reply_{case.id}").value == ""


@pytest.mark.parametrize("role", [Role.SECOND_LINE, Role.MANAGER])
def test_who_may_not_post_sees_no_reply_composer(open_page: OpenPage, desk: Desk, role: Role):
    case = desk.open_case()
    test = open_page("case", role, case=case.id)
    assert all("Send reply" not in button.label for button in test.button)
    assert all(area.key != f"reply_{case.id}" for area in test.text_area)
    assert ("The first line writes the reply" in html_of(test)) is (role is Role.SECOND_LINE)


def test_the_count_follows_the_networks_own_rule(open_page: OpenPage, desk: Desk):
    case = desk.open_case()
    test = open_page("case", case=case.id)
    test.text_area(key=f"reply_{case.id}").set_value("See https://hemlund.com/" + "a" * 300).run()
    assert "27 of 280 characters" in html_of(test)
    test.text_area(key=f"reply_{case.id}").set_value("a" * 300).run()
    assert "300 of 280 characters, 20 too many" in html_of(test)


# --- sending ----------------------------------------------------------------------------------------


def test_a_good_reply_waits_in_sight_and_can_be_taken_back(open_page: OpenPage, desk: Desk):
    case = desk.open_case()
    test = open_page("case", case=case.id)
    write_and_send(test, case, REPLY)
    (waiting,) = deliveries_of(desk, case)
    assert (waiting.text, waiting.state) == (REPLY, DeliveryState.PENDING.value)
    assert test.text_area(key=f"reply_{case.id}").value == ""
    countdown = component(test, "countdown")
    assert 0 < countdown["left_s"] <= countdown["of_s"] == desk.settings.delivery.undo_s
    assert "About to leave" in html_of(test)
    test.button(key=f"undo_{waiting.id}").click().run()
    assert deliveries_of(desk, case)[0].state == DeliveryState.CANCELLED.value
    assert test.text_area(key=f"reply_{case.id}").value == REPLY
    assert "Taken back. Nothing was posted" in html_of(test)
    assert "countdown" not in components(test)


def test_a_copied_note_is_held_and_pointed_at(open_page: OpenPage, desk: Desk):
    case = desk.open_case()
    add_note(desk, case, "The driver says that nobody opened the door and he left at once.")
    test = open_page("case", case=case.id)
    text = "Hello! The driver says that nobody opened the door and he left at once."
    write_and_send(test, case, text)
    assert deliveries_of(desk, case) == []
    page = html_of(test)
    assert "Held: this reply does not go out like this" in page
    assert re.search(r'<mark class="wc-error">[^<]*nobody opened the door', page)
    assert test.text_area(key=f"reply_{case.id}").value == text
    test.text_area(key=f"reply_{case.id}").set_value(REPLY).run()
    assert "Held:" not in html_of(test)


def test_a_reply_longer_than_the_network_takes_is_held(open_page: OpenPage, desk: Desk):
    case = desk.open_case()
    test = open_page("case", case=case.id)
    write_and_send(test, case, "a" * 300)
    assert deliveries_of(desk, case) == []
    assert "Held:" in html_of(test)


def test_sending_nothing_says_so(open_page: OpenPage, desk: Desk):
    case = desk.open_case()
    test = open_page("case", case=case.id)
    write_and_send(test, case, "   ")
    assert "The reply is empty." in html_of(test)
    test.button(key=f"save_note_{case.id}").click().run()
    assert "The note is empty." in html_of(test)


def test_after_undo_came_too_late_it_says_so(open_page: OpenPage, desk: Desk):
    case = desk.open_case()
    test = open_page("case", case=case.id)
    write_and_send(test, case, REPLY)
    (waiting,) = deliveries_of(desk, case)
    desk.later(seconds=desk.settings.delivery.undo_s + 60)
    assert desk.deliver() == 1
    test.button(key=f"undo_{waiting.id}").click().run()
    assert "The reply has already left" in html_of(test)
    assert deliveries_of(desk, case)[0].state == DeliveryState.SENT.value


def test_a_second_reply_to_the_same_message_waits_and_keeps_its_text(open_page: OpenPage, desk: Desk):
    case = desk.open_case()
    desk.reply(case.id or 0)
    test = open_page("case", case=case.id)
    write_and_send(test, case, REPLY)
    assert "already on its way" in html_of(test)
    assert test.text_area(key=f"reply_{case.id}").value == REPLY
    assert len(deliveries_of(desk, case)) == 1


def test_a_colleague_who_was_quicker_is_seen_before_anything_is_sent(open_page: OpenPage, desk: Desk):
    case = desk.open_case()
    test = open_page("case", case=case.id)
    add_note(desk, case, "I am on the phone with this customer.")
    write_and_send(test, case, REPLY)
    page = html_of(test)
    assert deliveries_of(desk, case) == []
    assert "This case changed while you had it open: Elin Sandberg" in page
    assert "I am on the phone with this customer." in page
    assert test.text_area(key=f"reply_{case.id}").value == REPLY
    test.button(key=f"send_{case.id}").click().run()
    assert len(deliveries_of(desk, case)) == 1


def test_a_case_closed_by_a_colleague_meanwhile_keeps_the_text(open_page: OpenPage, desk: Desk):
    case = desk.open_case()
    test = open_page("case", case=case.id)
    test.text_area(key=f"reply_{case.id}").set_value(REPLY).run()
    with desk.store.write() as session:
        cases.resolve(session, case.id, resolution=Resolution.SPAM, by=desk.second, now=desk.now)
    test.button(key=f"send_{case.id}").click().run()
    assert not test.exception
    assert deliveries_of(desk, case) == []
    assert draft_of(desk, case, "reply") == REPLY


def test_a_reply_nobody_is_sure_about_is_settled_by_a_person(open_page: OpenPage, desk: Desk):
    case = desk.open_case()
    delivery = desk.reply(case.id or 0)
    with desk.store.write() as session:
        row = session.get(DeliveryRow, delivery.id)
        assert row is not None
        row.state = DeliveryState.NEEDS_HUMAN.value
        session.add(row)
    test = open_page("case", case=case.id)
    assert "Nobody could find out" in test.text[0].value
    test.button(key=f"stands_{delivery.id}").click().run()
    assert deliveries_of(desk, case)[0].state == DeliveryState.SENT.value


# --- the case as a whole ----------------------------------------------------------------------------


def test_a_case_is_taken_handed_over_and_handed_back(open_page: OpenPage, desk: Desk):
    case = desk.open_case()
    test = open_page("case", case=case.id)
    test.button(key=f"claim_{case.id}").click().run()
    assert case_now(desk, case).assignee_id == desk.first.id
    assert "you have it" in html_of(test)
    open_menu(test, f"pass_menu_{case.id}").text_area(key=f"pass_text_{case.id}").set_value("Is part 12 in stock?")
    test.button(key=f"pass_on_{case.id}").click().run()
    assert case_now(desk, case).line == Line.SECOND_LINE
    assert "Is part 12 in stock?" in html_of(test)
    back = open_page("case", Role.SECOND_LINE, case=case.id)
    back.text_area(key=f"pass_text_{case.id}").set_value("Yes, from Tuesday.")
    back.button(key=f"pass_on_{case.id}").click().run()
    assert case_now(desk, case).line == Line.FIRST_LINE
    assert notes_of(desk, case) == ["Is part 12 in stock?", "Yes, from Tuesday."]


def test_an_empty_question_is_refused_in_words(open_page: OpenPage, desk: Desk):
    case = desk.open_case()
    test = open_page("case", case=case.id)
    open_menu(test, f"pass_menu_{case.id}").button(key=f"pass_on_{case.id}").click().run()
    assert "The question to the second line is empty." in html_of(test)
    assert case_now(desk, case).line == Line.FIRST_LINE


def test_a_case_is_put_aside_closed_and_taken_up_again(open_page: OpenPage, desk: Desk):
    case = desk.open_case()
    test = open_page("case", case=case.id)
    open_menu(test, f"more_menu_{case.id}", f"resolve_menu_{case.id}")
    test.selectbox(key=f"snooze_until_{case.id}").select("In four hours").run()
    test.button(key=f"snooze_{case.id}").click().run()
    aside = case_now(desk, case)
    assert aside.state == CaseState.SNOOZED
    assert aside.snoozed_until is not None
    assert abs(aside.snoozed_until - desk.now - timedelta(hours=4)) < timedelta(minutes=2)
    test.button(key=f"reopen_{case.id}").click().run()
    test.selectbox(key=f"resolution_{case.id}").select("spam").run()
    test.button(key=f"resolve_{case.id}").click().run()
    closed = case_now(desk, case)
    assert (closed.state, closed.resolution) == (CaseState.RESOLVED, Resolution.SPAM)
    assert all("Send reply" not in button.label for button in test.button)


def test_a_case_is_given_to_a_colleague_and_back_to_the_queue(open_page: OpenPage, desk: Desk):
    case = desk.open_case()
    test = open_page("case", case=case.id)
    lead = desk.people[Role.TEAM_LEAD]
    open_menu(test, f"assign_menu_{case.id}").selectbox(key=f"assign_to_{case.id}").set_value(lead.id).run()
    test.button(key=f"assign_{case.id}").click().run()
    assert case_now(desk, case).assignee_id == lead.id
    assert "with <bdi>Bram de Wit</bdi>" in html_of(test)
    test.selectbox(key=f"assign_to_{case.id}").set_value(0).run()
    test.button(key=f"assign_{case.id}").click().run()
    assert case_now(desk, case).assignee_id is None


def test_a_wrong_label_is_corrected_by_one_click_and_kept_beside_the_models(open_page: OpenPage, desk: Desk):
    case = desk.open_case()
    test = open_page("case", case=case.id)
    for field, code in (("sentiment", "negative"), ("urgency", "high"), ("needs_reply", "no")):
        menu = test.menu_button(key=f"correct_{field}_{case.id}")
        menu.click(code).run()
    mended = case_now(desk, case)
    assert (mended.sentiment, mended.urgency, mended.needs_reply) == (Sentiment.NEGATIVE, Urgency.HIGH, False)
    with desk.store.read() as session:
        versions = list(session.exec(select(TriageRow.model_version).order_by(TriageRow.id)))
    assert versions == ["fake-1", "person", "person", "person"]
    assert "Corrected by a colleague" in html_of(test)
    open_menu(test, f"more_menu_{case.id}").button(key=f"undo_step_{case.id}").click().run()
    assert case_now(desk, case).needs_reply is True
    assert "Undone: Labels corrected." in html_of(test)


def test_who_only_watches_can_change_nothing(open_page: OpenPage, desk: Desk):
    case = desk.open_case()
    test = open_page("case", Role.MANAGER, case=case.id)
    assert [button.key for button in test.button] == ["back"]
    assert not test.text_area
    assert "Where is my sofa?" in html_of(test)


def test_news_of_a_colleague_is_told_without_moving_the_page(open_page: OpenPage, desk: Desk):
    from webcare.console import news

    case = desk.open_case()
    test = open_page("case", case=case.id)
    version, last = test.session_state["seen_cases"][case.id]
    add_note(desk, case, "On the phone with them.")
    with desk.store.read() as session:
        told = news.news_after(session, case.id or 0, (version, last), desk.first, now=desk.now)
    assert told is not None
    assert not told.only_our_reply
    assert "Note written (<bdi>Elin Sandberg</bdi>" in "".join(told.words)
    desk.reply(case.id or 0)
    with desk.store.read() as session:
        seen = (case_now(desk, case).version, 10**9)
        assert news.news_after(session, case.id or 0, seen, desk.first, now=desk.now) is None


# --- what the network says before anybody writes ----------------------------------------------------


@pytest.fixture
def network(app: App, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Network:
    """A network that offers everything, connected to the console too."""
    made = on_network(desk, monkeypatch)
    app.channels = {desk.account_key: made}
    return made


def test_a_refused_reply_says_why_and_is_recorded_as_answered_by_hand(
    open_page: OpenPage, desk: Desk, network: Network
):
    there = "https://x.com/customer/status/42"
    network.permit = lambda target, way: ReplyPermission(False, "X takes an answer only where we are named.", there)
    case = desk.open_case()
    desk.later(minutes=-1)
    test = open_page("case", case=case.id)
    page = html_of(test)
    assert "X takes no answer from here." in page
    assert "X takes an answer only where we are named." in page
    assert f'href="{there}"' in page
    assert "Open the post on X" in page
    button = test.button(key=f"send_{case.id}")
    assert button.label == "Record the answer given on X"
    test.text_input(key=f"by_hand_link_{case.id}").set_value("https://x.com/hemlund/status/1790000000000000009")
    write_and_send(test, case, REPLY)
    (row,) = deliveries_of(desk, case)
    assert (row.state, row.by_hand, row.external_id) == ("sent", True, "1790000000000000009")
    assert "Recorded as answered on X." in html_of(test)
    assert "Answered on X by Noor Smeets, recorded here" in html_of(test)
    assert case_now(desk, case).waiting_since is None
    assert network.timeline == []


def test_the_guard_reads_an_answer_given_by_hand(open_page: OpenPage, desk: Desk, network: Network):
    network.permit = lambda target, way: ReplyPermission(False, "Not here.")
    case = desk.open_case()
    add_note(desk, case, "The driver says that nobody opened the door and he left at once.")
    test = open_page("case", case=case.id)
    write_and_send(test, case, "Hello! The driver says that nobody opened the door and he left at once.")
    assert deliveries_of(desk, case) == []
    assert "Held: this reply does not go out like this" in html_of(test)


def test_a_window_that_closes_is_counted_down(open_page: OpenPage, desk: Desk, network: Network):
    until = desk.now + timedelta(hours=3)
    network.permit = lambda target, way: ReplyPermission(True, until=until if way is ReplyWay.PUBLIC else None)
    case = desk.open_case()
    test = open_page("case", case=case.id)
    window = component(test, "countdown")
    assert 10_000 < window["left_s"] <= 10_800
    assert window["before"] == "X takes this answer for"
    test.radio(key=f"way_{case.id}").set_value("private").run()
    assert "countdown" not in components(test)


def test_a_window_that_closed_while_somebody_typed_sends_nothing(open_page: OpenPage, desk: Desk, network: Network):
    case = desk.open_case()
    test = open_page("case", case=case.id)
    test.text_area(key=f"reply_{case.id}").set_value(REPLY).run()
    network.permit = lambda target, way: ReplyPermission(False, "The conversation was closed.")
    test.button(key=f"send_{case.id}").click().run()
    page = html_of(test)
    assert "Not sent: The conversation was closed." in page
    assert "takes no answer from here" in page
    assert deliveries_of(desk, case) == []
    assert test.text_area(key=f"reply_{case.id}").value == REPLY


def test_the_way_is_told_and_changed_before_sending(open_page: OpenPage, desk: Desk, network: Network):
    case = desk.open_case()
    test = open_page("case", case=case.id)
    assert test.radio(key=f"way_{case.id}").value == "public"
    assert "everybody can read this on X" in html_of(test)
    test.radio(key=f"way_{case.id}").set_value("private").run()
    assert 'class="wc-title wc-private"' in html_of(test)
    assert "only the customer can read this" in html_of(test)
    assert test.button(key=f"send_{case.id}").label == f"Send private answer to {case.customer_name} on X"
    write_and_send(test, case, REPLY)
    (row,) = deliveries_of(desk, case)
    assert (row.way, row.state) == ("private", "pending")


def test_a_direct_message_is_answered_privately_and_nowhere_else(open_page: OpenPage, desk: Desk, network: Network):
    case = desk.open_case("Between us", kind=MentionKind.DIRECT_MESSAGE)
    test = open_page("case", case=case.id)
    assert not test.radio
    assert "Send private answer" in test.button(key=f"send_{case.id}").label


def test_a_long_answer_is_shown_as_the_posts_it_becomes(open_page: OpenPage, desk: Desk, network: Network):
    case = desk.open_case()
    test = open_page("case", case=case.id)
    long = " ".join(f"This is sentence number {name} of our answer to you." for name in ("one", "two", "three") * 3)
    test.text_area(key=f"reply_{case.id}").set_value(long).run()
    page = html_of(test)
    assert "Goes out as 2 posts" in page
    assert "characters in 2 posts" in page
    test.button(key=f"send_{case.id}").click().run()
    assert len(deliveries_of(desk, case)) == 2
    assert len([button for button in test.button if button.label == "Undo"]) == 1


# --- doing something to a post ----------------------------------------------------------------------


def test_a_post_is_hidden_from_under_the_thread(open_page: OpenPage, desk: Desk, network: Network):
    case = desk.open_case("You are all crooks!")
    test = open_page("case", case=case.id)
    open_menu(test, f"posts_{case.id}")
    next(button for button in test.button if button.label == "Hide this post").click().run()
    assert "being hidden" in html_of(test)
    desk.later(minutes=1)
    assert act(desk) == 1
    again = open_page("case", case=case.id)
    assert "hidden by Noor Smeets" in html_of(again)
    open_menu(again, f"posts_{case.id}")
    assert any(button.label == "Show this post again" for button in again.button)


def test_a_reply_of_ours_is_retracted_with_a_reason_and_comes_back_as_a_draft(
    open_page: OpenPage, desk: Desk, network: Network
):
    case = desk.open_case()
    desk.reply(case.id or 0, REPLY)
    desk.later(seconds=desk.settings.delivery.undo_s + 1)
    assert desk.deliver() == 1
    test = open_page("case", case=case.id)
    open_menu(test, f"posts_{case.id}").selectbox(key=f"post_{case.id}").select_index(0).run()
    next(button for button in test.button if button.label == "Retract this reply").click().run()
    assert "The reason is empty." in html_of(test)
    next(one for one in test.text_input if one.label == "Why it has to go").set_value("Wrong shop.").run()
    next(button for button in test.button if button.label == "Retract this reply").click().run()
    assert test.text_area(key=f"reply_{case.id}").value == REPLY
    assert "being retracted" in html_of(test)
    desk.later(minutes=1)
    assert act(desk) == 1
    assert "Retracted: Wrong shop." in html_of(open_page("case", case=case.id))


@pytest.mark.parametrize("role", [Role.SECOND_LINE, Role.MANAGER])
def test_who_does_not_speak_for_the_brand_does_nothing_to_posts(
    open_page: OpenPage, desk: Desk, network: Network, role: Role
):
    case = desk.open_case()
    test = open_menu(open_page("case", role, case=case.id), f"posts_{case.id}")
    labels = [button.label for button in test.button]
    assert not [label for label in labels if label.startswith(("Hide", "Like", "Retract"))]


def test_a_network_that_offers_nothing_has_no_menu(open_page: OpenPage, desk: Desk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(X, "capabilities", Capabilities())
    case = desk.open_case()
    test = open_menu(open_page("case", case=case.id), f"posts_{case.id}")
    assert not [button.label for button in test.button if button.label.startswith(("Hide", "Like", "Retract"))]
    assert not test.radio
