"""Work from the list: who looks, tags, views, the window for many cases, and states of trouble."""

import pytest
from streamlit.testing.v1 import AppTest

from tests.console.conftest import OpenPage, component, html_of
from webcare import cases
from webcare.cases.presence import look
from webcare.cases.tagging import tag_case
from webcare.cases.views import save_view
from webcare.console import queue_acts, queue_bulk
from webcare.domain import Role, Urgency
from webcare.errors import StoreUnavailable
from webcare.store.tables import AgentRow
from webcare.testing import Desk, FakeClassifier, make_triage

WORDS = (
    "Sorry, our website is down. We are working on it and tell you here when it is back.",
    "Our shop is not reachable right now, apologies! We post here as soon as you can order again.",
)


def rows(test: AppTest) -> list[dict[str, object]]:
    found: list[dict[str, object]] = component(test, "case_list")["rows"]
    return found


def asked(test: AppTest, kind: str, ids: list[int], to: int | None = None) -> AppTest:
    """The page as it is once the browser has asked for something to be done to these cases."""
    test.session_state["queue_bulk"] = queue_bulk.Asked(kind, tuple(ids), to)
    return test.run()


@pytest.mark.usefixtures("unhurried")
def test_a_row_tells_its_tags_and_who_looks(open_page: OpenPage, desk: Desk):
    case = desk.open_case()
    with desk.store.write() as session:
        tag_case(session, case.id or 0, add=["recall lamp", "a", "b", "c"], by=desk.first, now=desk.now)
        look(session, case.id or 0, by=desk.second, now=desk.now, typing="reply")
        look(session, case.id or 0, by=desk.first, now=desk.now)
    (row,) = rows(open_page())
    assert row["labels"] == ["a", "b", "c", "+1"]
    assert row["lookers"] == [{"told": "Elin Sandberg is typing", "short": "Elin is typing", "typing": True}]


def test_the_address_holds_order_tag_assignee_and_skill(open_page: OpenPage, desk: Desk):
    first, second, third = (desk.open_case(f"Question {number}") for number in range(3))
    with desk.store.write() as session:
        tag_case(session, first.id or 0, add=["press"], by=desk.first, now=desk.now)
        cases.claim(session, second.id or 0, by=desk.first, now=desk.now)
        row = cases.load(session, third.id or 0)
        row.skill = "store:utrecht"
        session.add(row)
        agent = session.get_one(AgentRow, desk.second.id)
        agent.skills = ["store:utrecht"]
        session.add(agent)

    def ids(**query: str) -> list[object]:
        return [row["id"] for row in rows(open_page(**query))]

    assert ids(tag="press") == [first.id]
    assert ids(assignee="me") == ids(assignee=str(desk.first.id)) == [second.id]
    assert ids(assignee="nobody") == [first.id, third.id]
    assert ids(skill="store:utrecht") == [third.id]
    assert ids(skill="mine") == [first.id, second.id]
    assert ids(sort="newest") == ids()[::-1]
    assert ids(sort="nonsense", tag="no such tag", assignee="999") == ids()


def test_a_filter_chosen_in_a_widget_stands_in_the_address_as_a_code(open_page: OpenPage, desk: Desk):
    desk.open_case()
    test = open_page()
    test.selectbox(key="urgency").select("High").run()
    test.selectbox(key="sort").select("Oldest first").run()
    assert (test.query_params["urgency"], test.query_params["sort"]) == ("high", "oldest")
    test.button(key="clear_filters").click().run()
    assert "urgency" not in test.query_params
    assert len(rows(test)) == 1


def test_saved_views_are_in_the_menu_and_the_open_one_is_named(open_page: OpenPage, desk: Desk):
    with desk.store.write() as session:
        query = {"queue": "first_line", "urgency": "high"}
        save_view(session, "Urgent <b>", query, by=desk.first, now=desk.now)
        save_view(session, "All old", {"sort": "oldest"}, shared=True, by=desk.people[Role.MANAGER], now=desk.now)
    menu = component(open_page(queue="first_line", urgency="high"), "tabs")
    assert [(view["name"], view["shared"], view["mine"], view["chosen"]) for view in menu["views"]] == [
        ("Urgent <b>", False, True, True),
        ("All old", True, False, False),
    ]
    assert (menu["view"], menu["can_share"]) == ("Urgent <b>", False)
    assert component(open_page("queue", Role.MANAGER), "tabs")["can_share"]


def test_the_window_shows_what_happens_to_each_case_and_then_what_became_of_it(open_page: OpenPage, desk: Desk):
    ids = [desk.open_case(f"Question {number}").id or 0 for number in range(3)]
    with desk.store.write() as session:
        cases.claim(session, ids[1], by=desk.second, now=desk.now)
    test = asked(open_page(), "assign", ids, desk.second.id)
    shown = html_of(test)
    assert "2 cases will change. 1 is left out" in shown
    assert "From nobody to Elin Sandberg" in shown
    assert "Left out: Elin Sandberg has this case already." in shown
    test.button(key="bulk_yes").click().run()
    assert "2 cases assigned. 1 was left out." in html_of(test)
    test.button(key="bulk_undo").click().run()
    with desk.store.read() as session:
        assert [cases.load(session, id_).assignee_id for id_ in ids] == [None, desk.second.id, None]
    test.button(key="bulk_close").click().run()
    assert "queue_bulk" not in test.session_state


def test_an_answer_to_many_asks_for_a_second_wording(open_page: OpenPage, desk: Desk):
    ids = [desk.open_case(f"Question {number}").id or 0 for number in range(3)]
    test = asked(open_page(), "answer", ids)
    test.text_area(key="wording_0").set_value(WORDS[0]).run()
    assert "at least two wordings that really differ" in html_of(test)
    test.text_area(key="wording_1").set_value(WORDS[1]).run()
    assert all(html_of(test).count(words) for words in WORDS)
    test.button(key="bulk_yes").click().run()
    assert "3 answers are on their way." in html_of(test)


def test_resolving_many_is_confirmed_with_its_reason(open_page: OpenPage, desk: Desk):
    case = desk.open_case()
    test = asked(open_page(), "resolve", [case.id or 0])
    test.selectbox(key="bulk_reason").select("Spam").run()
    assert "Resolved: Spam" in html_of(test)
    test.button(key="bulk_cancel").click().run()
    with desk.store.read() as session:
        assert cases.load(session, case.id or 0).state == "new"


def test_the_last_thing_done_is_told_under_the_list_and_can_be_undone(open_page: OpenPage, desk: Desk):
    case = desk.open_case()
    test = open_page()
    test.session_state["queue_did"] = queue_acts.Did("1 case assigned.")
    data = component(test.run(), "case_list")
    assert (data["did"], data["can_undo"]) == ("1 case assigned.", False)
    assert data["people"][0] == {"id": desk.first.id, "name": "You", "note": "Noor Smeets"}
    assert {person["id"] for person in data["people"]} >= {0, desk.second.id}
    assert rows(test)[0]["id"] == case.id


def test_who_only_watches_cannot_pick(open_page: OpenPage, desk: Desk):
    desk.open_case()
    data = component(open_page("queue", Role.MANAGER), "case_list")
    assert (data["can_work"], data["can_send"], data["people"]) == (False, False, [])


def test_a_database_that_does_not_answer_is_told_in_the_list(
    open_page: OpenPage, desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    def gone(*args: object, **more: object) -> None:
        raise StoreUnavailable("The database does not answer.")

    monkeypatch.setattr("webcare.console.queue_watch.queue_page", gone)
    test = open_page()
    assert not test.exception
    assert component(test, "case_list")["error"] == "The database does not answer."


def test_the_next_case_needs_a_skill_and_room(open_page: OpenPage, desk: Desk):
    desk.classifier = FakeClassifier(lambda text: make_triage(urgency=Urgency.HIGH))
    special = desk.open_case("Only for Utrecht")
    with desk.store.write() as session:
        row = cases.load(session, special.id or 0)
        row.skill = "store:utrecht"
        session.add(row)
    test = open_page()
    test.button(key="take_next").click().run()
    assert "Nothing in First line waits for somebody to take it." in html_of(test)


def test_compact_rows_are_asked_for_by_the_person(open_page: OpenPage, desk: Desk):
    with desk.store.write() as session:
        agent = session.get_one(AgentRow, desk.first.id)
        agent.density = "compact"
        session.add(agent)
    assert component(open_page(), "case_list")["compact"]
    assert not component(open_page("queue", Role.TEAM_LEAD), "case_list")["compact"]
