"""The queues: what is listed, in which order, what the address chooses and what a click does."""

from datetime import timedelta

import pytest
from streamlit.testing.v1 import AppTest

from tests.console.conftest import OpenPage, component, html_of
from webcare import cases, policies
from webcare.console import queue_rows, queue_watch
from webcare.console.queue_filters import Chosen
from webcare.console.queue_rows import Shown, as_it_is_now, pieces_of, where_to
from webcare.domain import Line, Resolution, Role, Sentiment, Topic, Urgency
from webcare.store.queries import QueuePage, cases_by_id
from webcare.store.search import Snippet
from webcare.testing import Desk, FakeClassifier, make_triage


def names(test: AppTest) -> list[str]:
    return [row["customer"] for row in component(test, "case_list")["rows"]]


def labelled(desk: Desk, **labels: object) -> None:
    desk.classifier = FakeClassifier(lambda text: make_triage(**labels))


def test_the_most_urgent_stands_on_top_with_all_its_marks(open_page: OpenPage, desk: Desk):
    desk.open_case("Where is my sofa?")
    labelled(desk, urgency=Urgency.HIGH, sentiment=Sentiment.NEGATIVE, topic=Topic.STORE, language="nl")
    desk.open_case("De kast viel op mijn kind!")
    rows = component(open_page(), "case_list")["rows"]
    assert [row["urgency_word"] for row in rows] == ["High", "Normal"]
    top = rows[0]
    assert top["pieces"] == [["De kast viel op mijn kind!", False]]
    assert (top["topic"], top["sentiment_word"], top["language"], top["network"]) == ("Store", "Negative", "nl", "X")
    assert top["assignee"] == ""
    assert top["by"] > top["from"]


def test_the_list_is_one_element_however_many_cases_wait(open_page: OpenPage, desk: Desk):
    before = len(open_page().main)
    for number in range(30):
        desk.open_case(f"Question {number}")
    test = open_page()
    assert len(component(test, "case_list")["rows"]) == 30
    assert len(test.main) == before


def test_the_tabs_count_what_waits_and_what_is_late(open_page: OpenPage, desk: Desk):
    case = desk.open_case()
    with desk.store.write() as session:
        cases.claim(session, case.id, by=desk.first, now=desk.now)
    labelled(desk, line=Line.SECOND_LINE)
    desk.now -= timedelta(days=2)
    desk.open_case("Is the spare part in stock?")
    tabs = {tab["key"]: tab for tab in component(open_page(), "tabs")["tabs"]}
    assert (tabs["first_line"]["count"], tabs["first_line"]["late"]) == ("1", "")
    assert (tabs["second_line"]["count"], tabs["second_line"]["late"]) == ("1", "1 late")
    assert tabs["mine"]["count"] == "1"
    assert tabs["first_line"]["chosen"]


@pytest.mark.parametrize(("role", "tab"), [(Role.FIRST_LINE, "first_line"), (Role.SECOND_LINE, "second_line")])
def test_everybody_starts_at_their_own_queue(open_page: OpenPage, role: Role, tab: str):
    chosen = [one["key"] for one in component(open_page("queue", role), "tabs")["tabs"] if one["chosen"]]
    assert chosen == [tab]


def test_the_address_chooses_the_queue(open_page: OpenPage, desk: Desk):
    answered, resolved, mine = desk.open_case("A"), desk.open_case("B"), desk.open_case("C")
    with desk.store.write() as session:
        cases.snooze(session, answered.id, until=desk.now + timedelta(hours=3), by=desk.first, now=desk.now)
        cases.resolve(session, resolved.id, resolution=Resolution.SPAM, by=desk.first, now=desk.now)
        cases.claim(session, mine.id, by=desk.first, now=desk.now)
    assert names(open_page(queue="aside")) == [answered.customer_name]
    assert names(open_page(queue="done")) == [resolved.customer_name]
    assert names(open_page(queue="mine")) == [mine.customer_name]
    assert names(open_page(queue="no_such_queue")) == [mine.customer_name]


@pytest.mark.parametrize(
    ("name", "value", "label"),
    [
        ("urgency", "high", {"urgency": Urgency.HIGH}),
        ("topic", "product_fault", {"topic": Topic.PRODUCT_FAULT}),
        ("sentiment", "negative", {"sentiment": Sentiment.NEGATIVE}),
        ("language", "da", {"language": "da"}),
    ],
)
def test_the_address_holds_the_filters(
    open_page: OpenPage, desk: Desk, name: str, value: str, label: dict[str, object]
):
    desk.open_case("An ordinary question")
    labelled(desk, **label)
    wanted = desk.open_case("The one we look for")
    assert names(open_page(**{name: value})) == [wanted.customer_name]
    test = open_page()
    test.selectbox(key=name).select(value).run()
    assert names(test) == [wanted.customer_name]


def test_a_search_finds_words_in_every_queue_and_shows_where(open_page: OpenPage, desk: Desk):
    desk.open_case("The armrest of my BOKLUND came loose")
    labelled(desk, line=Line.SECOND_LINE)
    desk.open_case("When do you open on Sunday?")
    found = component(open_page(q="sunday"), "case_list")["rows"]
    assert [row["tags"] for row in found] == [["Second line"]]
    assert found[0]["pieces"] == [["When do you open on ", False], ["Sunday", True], ["?", False]]
    assert component(open_page(q="waterbed"), "case_list")["empty"].startswith("No message matches")


@pytest.mark.parametrize("typed", ['" OR 1=1 --', "*", "NEAR(", "AND", "💥", "a" * 200, "'; DROP TABLE mention"])
def test_nothing_typed_into_the_search_breaks_the_page(open_page: OpenPage, desk: Desk, typed: str):
    desk.open_case()
    assert not open_page(q=typed).exception


def test_a_long_queue_is_turned_page_by_page(open_page: OpenPage, desk: Desk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(queue_rows, "PAGE", 2)
    for number in range(5):
        desk.open_case(f"Question {number}")
    first = open_page()
    data = component(first, "case_list")
    assert (len(data["rows"]), data["back"], data["more"]) == (2, False, True)
    mark = first.session_state["queue_shown"].next
    second = component(open_page(after=mark), "case_list")
    assert (len(second["rows"]), second["back"], second["more"]) == (2, True, True)
    assert not {row["id"] for row in second["rows"]} & {row["id"] for row in data["rows"]}


def test_a_broken_page_mark_is_told_in_words(open_page: OpenPage, desk: Desk):
    desk.open_case()
    test = open_page(after="%%%")
    assert not test.exception
    assert "page mark in the address is not valid" in component(test, "case_list")["error"]


def test_taking_the_next_gives_the_most_urgent_case_nobody_has(open_page: OpenPage, desk: Desk):
    ordinary = desk.open_case("Where is my sofa?")
    labelled(desk, urgency=Urgency.HIGH)
    taken, urgent = desk.open_case("Somebody has this"), desk.open_case("Nobody has this")
    with desk.store.write() as session:
        cases.claim(session, taken.id, by=desk.people[Role.TEAM_LEAD], now=desk.now)
    open_page().button(key="take_next").click().run()
    with desk.store.read() as session:
        assert cases.load(session, urgent.id).assignee_id == desk.first.id
        assert cases.load(session, ordinary.id).assignee_id is None


def test_taking_the_next_of_an_empty_queue_says_so(open_page: OpenPage):
    test = open_page()
    test.button(key="take_next").click().run()
    assert "Nothing in First line waits for somebody to take it." in html_of(test)
    assert component(test, "case_list")["empty"].startswith("Nothing waits here.")


def test_who_only_watches_gets_no_button_to_take(open_page: OpenPage):
    assert [button.key for button in open_page("queue", Role.MANAGER).button] == []


def test_rows_stay_where_they_are_and_only_what_comes_after_them_is_added(open_page: OpenPage, desk: Desk):
    old, taken = desk.open_case("Where is my sofa?"), desk.open_case("And my chair?")
    chosen = Chosen("first_line", (), "", None, desk.first.id or 0)
    first = page_of(desk)
    shown = Shown(chosen, first.items, first.next)
    labelled(desk, urgency=Urgency.HIGH)
    urgent = desk.open_case("My child is locked in the wardrobe")
    labelled(desk, urgency=Urgency.LOW)
    later = desk.open_case("Nice shop")
    with desk.store.write() as session:
        cases.hand_over(session, taken.id, question="Is it in stock?", by=desk.first, now=desk.now)
    page = page_of(desk)
    with desk.store.read() as session:
        known = cases_by_id(session, [item.id for item in shown.items])
    kept = as_it_is_now(shown, known, page)
    assert [item.id for item in kept.items] == [old.id, taken.id, later.id]
    assert urgent.id in {item.id for item in page.items}
    assert [where_to(item, chosen, ("first_line", "second_line")) for item in kept.items] == ["", "Second line", ""]


def test_a_full_page_does_not_grow(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(queue_rows, "PAGE", 2)
    desk.open_case("One"), desk.open_case("Two")
    chosen = Chosen("first_line", (), "", None, desk.first.id or 0)
    first = page_of(desk)
    desk.open_case("Three")
    kept = as_it_is_now(Shown(chosen, first.items, None), first.items, page_of(desk))
    assert kept.items == first.items


def page_of(desk: Desk) -> QueuePage:
    with desk.store.read() as session:
        return queue_watch.queue_page(session, queue="first_line")


def test_hits_are_marked_where_the_search_found_them():
    snippet = Snippet("two sofas and a sofa", ((4, 9), (16, 20)), cut_before=True)
    assert pieces_of(snippet) == [
        ("… ", False),
        ("two ", False),
        ("sofas", True),
        (" and a ", False),
        ("sofa", True),
    ]


def test_the_clock_of_the_solution_is_sent_where_it_presses(open_page: OpenPage, desk: Desk):
    desk.later(hours=-30)
    old = desk.open_case("It broke")
    assert "solve" not in component(open_page(), "case_list")["rows"][0], "nobody set a target"
    desk.later(hours=20)
    asleep = desk.open_case("Another one")
    rows = [{"urgency": urgency.value, "resolution": 24 * 60} for urgency in Urgency]
    since = desk.now - timedelta(days=30)
    with desk.store.write() as session:
        policies.decide(session, "targets", {"rows": rows}, valid_from=since, by=desk.people[Role.MANAGER], now=since)
    found = {row["id"]: row for row in component(open_page(), "case_list")["rows"]}
    assert found[old.id]["solve"] == (old.first_posted_at + timedelta(hours=24)).isoformat()
    assert found[old.id]["solve_near"] < found[old.id]["solve"]
    assert "solve" not in found[asleep.id], "ten hours of a day passed"
