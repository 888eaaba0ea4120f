"""The shelf below a reply: what it offers, what it puts into the reply, and what it says when it has nothing."""

from typing import Any

import numpy as np
import pytest
from filling import ANSWERS
from sqlmodel import select
from streamlit.testing.v1 import AppTest

from tests.console.conftest import OpenPage, component, components
from webcare import cases
from webcare.app import App
from webcare.cases.saved_replies import Wanted, save
from webcare.cases.suggesting import remember, suggestions
from webcare.domain import Author, Resolution, Role
from webcare.errors import ModelMissing
from webcare.store.tables import AgentRow, CaseRow, DeliveryRow, MentionRow, ThreadRow
from webcare.testing import Desk, make_mention

HOURS = Wanted(
    "Opening hours", {"en": "Hi {name}, we are open until {time}. ^{initials}", "nl": "Hoi {naam}!"}, "store"
)
LATE = Wanted("Delivery is late", {"nl": "Hoi {naam}, wat vervelend!"}, "delivery")


class Alike:
    """Every text is about the same."""

    def embed(self, texts):
        return "alike-1", np.tile(np.eye(1, 8, dtype=np.float32), (len(texts), 1))


class Never:
    """Nobody may be asked while the page is drawn."""

    def embed(self, texts):
        raise AssertionError("the page waited for the encoder")

    def scores(self, draft, notes, public):
        raise ModelMissing("not here")


class Nobody:
    def embed(self, texts):
        raise ModelMissing("no process with the encoder runs")


@pytest.fixture
def case(desk: Desk) -> CaseRow:
    return desk.open_case("How late are you open on Sunday?", author=Author("c1", "Emma Stone", "emma"))


def keep(desk: Desk, *wanted: Wanted) -> list[int]:
    with desk.store.write() as session:
        return [save(session, one, by=desk.first, now=desk.now) for one in wanted]


def answered(desk: Desk, text: str, question: str) -> None:
    case = desk.open_case(question, author=Author("c2", "Fenna de Vries", "fenna"))
    delivery = desk.reply(case.id, ANSWERS["en"])
    with desk.store.write() as session:
        row = session.get(DeliveryRow, delivery.id)
        row.state, row.text, row.posted_at = "sent", text, desk.now
        session.add(row)


def unfold(page: AppTest, kind: str) -> AppTest:
    return page.segmented_control(key="shelf_open").set_value(kind).run()


def test_the_shelf_is_closed_at_first_and_stays_away_from_those_who_do_not_send(open_page: OpenPage, case: CaseRow):
    page = open_page("case", case=case.id)
    assert page.segmented_control(key="shelf_open").value is None
    assert "shelf" not in components(page)
    second = open_page("case", Role.SECOND_LINE, case=case.id)
    assert [one for one in second.segmented_control if one.key == "shelf_open"] == []


def test_saved_replies_are_filled_from_the_case_in_the_customers_language(
    open_page: OpenPage, desk: Desk, case: CaseRow
):
    late, hours = keep(desk, LATE, HOURS)
    page = unfold(open_page("case", case=case.id), "saved")
    assert not page.exception
    items = component(page, "shelf")["items"]
    assert {item["id"] for item in items} == {late, hours}
    item = next(item for item in items if item["id"] == hours)
    assert (item["language"], item["topic"]) == ("en", "Store")
    [english] = [text for text in item["texts"] if text["code"] == "en"]
    assert english["pieces"] == [["Hi Emma, we are open until ", False], ["{time}", True], [". ^NS", False]]
    assert [text["code"] for text in item["texts"]] == ["nl", "en"]


def test_an_order_number_is_filled_only_where_the_customer_alone_reads_it(
    open_page: OpenPage, desk: Desk, case: CaseRow
):
    keep(desk, Wanted("Order", {"en": "Order {order} is on its way."}))
    with desk.store.write() as session:
        row = session.exec(select(MentionRow).where(MentionRow.case_id == case.id)).one()
        row.text = "Where is order 20261122?"
        session.add(row)
    page = unfold(open_page("case", case=case.id), "saved")
    pieces = component(page, "shelf")["items"][0]["texts"][0]["pieces"]
    assert pieces == [["Order ", False], ["{order}", True], [" is on its way.", False]]


def test_more_than_fit_are_found_by_searching(open_page: OpenPage, desk: Desk, case: CaseRow):
    keep(desk, *(Wanted(f"Text {number}", {"en": f"Number {number}."}) for number in range(15)))
    page = unfold(open_page("case", case=case.id), "saved")
    data = component(page, "shelf")
    assert (len(data["items"]), data["foot"]) == (12, "3 more: search to find them.")
    page.session_state[f"shelf_words_{case.id}"] = "number 14"
    data = component(page.run(), "shelf")
    assert ([item["title"] for item in data["items"]], data["foot"]) == (["Text 14"], "")
    page.session_state[f"shelf_words_{case.id}"] = "giraffe"
    assert component(page.run(), "shelf")["empty"] == "No saved reply has these words."


def test_suggestions_come_after_the_page_with_a_skeleton_first(open_page: OpenPage, app: App, case: CaseRow):
    app.__dict__["learned"] = Never()
    page = unfold(open_page("case", case=case.id), "suggested")
    assert not page.exception
    data = component(page, "shelf")
    assert (data["wait"], data["items"]) == (True, [])
    assert data["mark"].startswith(f"{case.id}-")


def found_by(page: AppTest, app: App, desk: Desk, case: CaseRow, learned: object) -> dict[str, Any]:
    """What the shelf shows once the browser has asked: AppTest has no browser, so the search is run beside it."""
    mark = component(unfold(page, "suggested"), "shelf")["mark"]
    found = suggestions(app.store, app.nearest, learned, case.id, by=desk.first, reviewer=app.reviewer)
    page.session_state["shelf_found"] = (mark, found)
    return component(page.run(), "shelf")


def test_a_suggestion_is_shown_with_its_source_and_never_with_the_other_customers_name(
    open_page: OpenPage, app: App, desk: Desk, case: CaseRow
):
    answered(desk, "Hi Fenna, on Sundays until five. ^RF", "How late are you open on Sunday? I am Fenna")
    assert remember(app.store, Alike(), now=desk.now, reviewer=app.reviewer) == 1
    data = found_by(open_page("case", case=case.id), app, desk, case, Alike())
    [item] = data["items"]
    assert item["texts"][0]["pieces"] == [["Hi Emma, on Sundays until five. ^NS", False]]
    assert item["source"].startswith("Noor Smeets answered this on X, ")
    assert "How late are you open on Sunday?" in item["title"]
    assert "Fenna" not in str(data)
    assert "never sent by themselves" in data["foot"]


def test_without_an_encoder_the_shelf_says_so_calmly(open_page: OpenPage, app: App, desk: Desk, case: CaseRow):
    data = found_by(open_page("case", case=case.id), app, desk, case, Nobody())
    assert data["items"] == []
    assert data["empty"].startswith("Suggestions rest:")


def test_a_new_message_of_the_customer_asks_for_other_suggestions(
    open_page: OpenPage, app: App, desk: Desk, case: CaseRow
):
    page = open_page("case", case=case.id)
    before = found_by(page, app, desk, case, Alike())
    assert "wait" not in before
    more = {"thread_id": thread_of(desk, case), "author": Author("c1", "Emma Stone", "emma")}
    desk.receive(make_mention("And on Monday?", posted_at=desk.later(seconds=1), **more))
    after = component(page.run(), "shelf")
    assert after["wait"]
    assert after["mark"] != before["mark"]


def thread_of(desk: Desk, case: CaseRow) -> str:
    with desk.store.read() as session:
        return session.get(ThreadRow, case.thread_id).external_id


def test_a_resolved_case_has_no_shelf(open_page: OpenPage, desk: Desk, case: CaseRow):
    with desk.store.write() as session:
        cases.resolve(session, case.id, resolution=Resolution.NO_REPLY_NEEDED, by=desk.first, now=desk.now)
    page = open_page("case", case=case.id)
    assert [one for one in page.segmented_control if one.key == "shelf_open"] == []


def test_who_switched_suggestions_off_is_offered_none(open_page: OpenPage, desk: Desk, case: CaseRow):
    def kinds() -> list[str]:
        page = open_page("case", case=case.id)
        assert not page.exception
        return list(page.segmented_control(key="shelf_open").options)

    assert kinds() == ["Saved replies", "Suggestions"]
    with desk.store.write() as session:
        person = session.get_one(AgentRow, desk.first.id)
        person.suggestions = False
        session.add(person)
    assert kinds() == ["Saved replies"]
