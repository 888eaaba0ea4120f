"""The queue in a real browser: by keyboard, many at once, with views of one's own; nothing moves under the reader."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlmodel import col, select

from tests.browser.conftest import Watched, eventually
from tests.browser.test_no_lost_typing import LONG_S
from webcare import cases
from webcare.cases.presence import look
from webcare.cases.tagging import tag_case, tags_of
from webcare.domain import Role
from webcare.store.tables import AgentRow, CaseRow, DeliveryRow
from webcare.testing import Desk

pytestmark = pytest.mark.browser

SignIn = Callable[..., Watched]
FOCUSED = "document.activeElement.shadowRoot?.activeElement?.dataset.id"


def opened(desk: Desk, tag: str, count: int) -> list[int]:
    """Cases under a tag of their own, so that the other tests' cases are not among them."""
    ids = [desk.open_case(f"{tag}, question {number}").id or 0 for number in range(count)]
    with desk.store.write() as session:
        for case_id in ids:
            tag_case(session, case_id, add=[tag], by=desk.second, now=desk.now)
    return ids


def at(sign_in: SignIn, tag: str, **options: object) -> Watched:
    watched = sign_in("noor", f"/?tag={tag}", **options)
    watched.page.wait_for_selector(".list a.row")
    return watched


def case_of(desk: Desk, case_id: int) -> CaseRow:
    with desk.store.read() as session:
        return cases.load(session, case_id)


def test_a_case_is_assigned_and_taken_back_without_a_mouse(signed_in: SignIn, desk: Desk):
    first, second = opened(desk, "keys", 2)
    watched = at(signed_in, "keys")
    page = watched.page
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert page.evaluate(FOCUSED) == str(second)
    page.keyboard.press("a")
    page.wait_for_selector(".menu .item:focus")
    for letter in "br":  # the menu has the letters while it is open
        page.keyboard.press(letter)
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowDown")
    assert page.locator(".menu .item:focus").inner_text() == "Bram de Wit"
    page.keyboard.press("Enter")
    page.wait_for_selector(f".line[data-id='{second}'] .holder:has-text('Bram de Wit')")
    assert case_of(desk, second).assignee_id == desk.people[Role.TEAM_LEAD].id
    eventually(lambda: page.evaluate(FOCUSED) == str(second))
    page.keyboard.press("z")
    page.wait_for_selector(f".line[data-id='{second}'] .holder.nobody")
    assert case_of(desk, second).assignee_id is None
    assert case_of(desk, first).assignee_id is None
    assert watched.errors == []


@pytest.mark.parametrize(
    ("key", "what", "label"),
    [
        ("n", "note", "Internal note"),
        ("r", "reply", "Reply that everybody can read"),
        ("e", "handover", "Your question to the second line"),
    ],
)
def test_a_letter_opens_the_case_where_one_wants_to_be(
    signed_in: SignIn, desk: Desk, key: str, what: str, label: str
) -> None:
    (case_id,) = opened(desk, f"open-{what}", 1)
    page = at(signed_in, f"open-{what}").page
    page.keyboard.press("j")
    page.keyboard.press(key)
    page.wait_for_selector(f".wc-thread:has-text('open-{what}')")
    # What was asked for is done once: it leaves the address, and the cursor stands where it was wanted.
    page.wait_for_url(f"**/case?case={case_id}")
    eventually(lambda: page.evaluate("document.activeElement?.ariaLabel") == label, LONG_S)


def test_letters_do_nothing_while_somebody_types(signed_in: SignIn, desk: Desk):
    (case_id,) = opened(desk, "typing", 1)
    page = at(signed_in, "typing").page
    page.wait_for_selector(
        ".st-key-q input"
    )  # Streamlit fetches the code of each kind of field when the first is drawn
    page.keyboard.press("j")
    page.keyboard.press("/")
    page.keyboard.type("jxanrez?")
    assert page.locator(".st-key-q input").input_value() == "jxanrez?"
    assert page.locator(".menu, dialog[open], .line.picked").count() == 0
    assert "/case" not in page.url
    assert case_of(desk, case_id).assignee_id is None


def test_the_keys_are_told_on_a_page_of_their_own(signed_in: SignIn, desk: Desk):
    opened(desk, "help", 1)
    page = at(signed_in, "help").page
    page.keyboard.press("j")
    page.keyboard.press("?")
    page.wait_for_selector("dialog.help[open]")
    told = page.locator("dialog.help dt kbd").all_inner_texts()
    assert told == ["J", "K", "Enter", "X", "A", "R", "N", "E", "Z", "/", "Esc", "?"]
    page.keyboard.press("a")
    assert page.locator(".menu").count() == 0
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog.help", state="detached")
    assert page.evaluate(FOCUSED)


def test_picked_cases_are_resolved_together_as_the_preview_said(signed_in: SignIn, desk: Desk):
    ids = opened(desk, "bulk", 4)
    desk.reply(ids[2])
    watched = at(signed_in, "bulk")
    page = watched.page
    page.locator(".pick input").nth(1).click()
    page.locator(".pick input").nth(4).click(modifiers=["Shift"])
    assert page.locator(".rows .line.picked").count() == 4
    page.get_by_role("button", name="Resolve", exact=True).click()
    page.wait_for_selector("text=3 cases will change. 1 is left out")
    page.wait_for_selector("text=A reply of this case is still on its way")
    assert {case_of(desk, case_id).state for case_id in ids} <= {"new", "open"}
    page.get_by_role("button", name="Resolve 3 cases").click()
    page.wait_for_selector("text=3 cases resolved.")
    assert [case_of(desk, case_id).state == "resolved" for case_id in ids] == [True, True, False, True]
    page.get_by_test_id("stDialog").get_by_role("button", name="Undo").click()
    eventually(lambda: all(case_of(desk, case_id).state != "resolved" for case_id in ids))
    page.get_by_test_id("stDialog").get_by_role("button", name="Close").last.click()
    page.get_by_test_id("stDialog").wait_for(state="detached")
    assert watched.errors == []


def test_the_same_answer_goes_out_in_two_wordings(signed_in: SignIn, desk: Desk):
    ids = opened(desk, "outage", 3)
    page = at(signed_in, "outage").page
    page.locator(".head .pick input").click()
    page.get_by_role("button", name="Answer").click()
    boxes = page.get_by_test_id("stDialog").locator("textarea")
    boxes.nth(0).fill("Sorry, our website is down. We are working on it and tell you here when it is back.")
    boxes.nth(1).click()
    page.wait_for_selector("text=Write at least two wordings that really differ")
    boxes.nth(1).fill("Our shop is not reachable right now, apologies! We post here as soon as you can order again.")
    boxes.nth(1).blur()
    page.get_by_role("button", name="Send 3 answers").click()
    page.wait_for_selector("text=3 answers are on their way.")
    with desk.store.read() as session:
        texts = list(session.exec(select(DeliveryRow.text).where(col(DeliveryRow.case_id).in_(ids))))
    assert (len(texts), len(set(texts))) == (3, 2)


def test_tags_are_put_on_many(signed_in: SignIn, desk: Desk):
    ids = opened(desk, "tagging", 2)
    page = at(signed_in, "tagging").page
    page.locator(".head .pick input").click()
    page.get_by_role("button", name="Tag", exact=True).click()
    box = page.get_by_test_id("stDialog").get_by_role("combobox").first
    box.click()
    box.press_sequentially("Recall lamp")
    page.get_by_role("option").first.wait_for()
    box.press("Enter")
    box.press("Tab")  # what is behind an open menu is hidden from readers of the screen, and from us
    page.get_by_role("button", name="Tag 2 cases").click()
    page.wait_for_selector("text=2 cases tagged.")
    with desk.store.read() as session:
        assert tags_of(session, ids) == dict.fromkeys(ids, ("recall lamp", "tagging"))


def test_a_view_is_saved_opened_renamed_and_deleted(signed_in: SignIn, desk: Desk):
    opened(desk, "views", 1)
    watched = signed_in("ingrid", "/?queue=unsorted&sort=oldest")
    page = watched.page
    page.wait_for_selector(".tabs .views")
    page.click(".tabs .views")
    page.get_by_placeholder("Name of the view").fill("<b>Oldest</b> first")
    page.get_by_label("For everybody").check()
    page.keyboard.press("Enter")
    page.locator(".panel .save").click()
    page.wait_for_selector(".tabs .views:has-text('<b>Oldest</b> first')")
    other = signed_in("noor").page
    other.click(".tabs .views")
    other.click(".panel .open")
    other.wait_for_selector("[data-queue=unsorted][aria-current]")
    assert "sort=oldest" in other.url
    other.click(".tabs .views")
    assert other.locator(".panel .view .small").count() == 0  # not hers to change
    page.click(".tabs .views")
    page.get_by_label("Rename: <b>Oldest</b> first").click()
    page.locator(".view .field").fill("Oldest")
    page.keyboard.press("Enter")
    page.wait_for_selector(".tabs .views:has-text('Oldest'):not(:has-text('first'))")
    page.click(".tabs .views")
    page.get_by_label("Delete: Oldest").click()
    page.wait_for_selector(".tabs .views:has-text('Views')")
    assert watched.errors == []


def test_a_scrolled_list_stays_where_it_is_when_news_comes(signed_in: SignIn, desk: Desk):
    ids = opened(desk, "scroll", 30)
    page = at(signed_in, "scroll").page
    page.locator(f"a.row[data-id='{ids[20]}']").scroll_into_view_if_needed()
    page.locator(f"a.row[data-id='{ids[20]}']").focus()
    top = page.locator(".list .table").evaluate("table => table.scrollTop")
    assert top > 0
    with desk.store.write() as session:
        look(session, ids[21], by=desk.second, now=datetime.now(UTC), typing="reply")
        cases.claim(session, ids[20], by=desk.second, now=datetime.now(UTC))
    page.wait_for_selector(f".line[data-id='{ids[20]}'] .holder:has-text('Elin')")
    assert page.locator(".list .table").evaluate("table => table.scrollTop") == top
    assert page.evaluate(FOCUSED) == str(ids[20])
    assert page.locator(".rows .line").evaluate_all("all => all.map((one) => Number(one.dataset.id))") == ids


def test_who_looks_is_shown_beside_who_has_it(signed_in: SignIn, desk: Desk):
    (case_id,) = opened(desk, "looking", 1)
    page = at(signed_in, "looking").page
    typing = page.locator(f".line[data-id='{case_id}'] .looker.typing:has-text('Elin is typing')")

    def told() -> bool:
        # Typing is told for some seconds only, and a slow machine takes longer to draw a list.
        with desk.store.write() as session:
            look(session, case_id, by=desk.second, now=datetime.now(UTC), typing="note")
        return typing.is_visible()

    eventually(told, 60)


def test_compact_rows_are_low_and_everything_fits(signed_in: SignIn, desk: Desk):
    opened(desk, "compact", 3)
    set_density(desk, "elin", "compact")
    try:
        for width, height in ((1280, 720), (820, 1180)):
            watched = signed_in("elin", "/?queue=first_line&tag=compact", width=width, height=height)
            watched.page.wait_for_selector(".list.compact a.row")
            heights = watched.page.locator(".rows .line").evaluate_all("all => all.map((one) => one.offsetHeight)")
            assert heights
            assert max(heights) <= 30
            assert watched.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    finally:
        set_density(desk, "elin", "")


def set_density(desk: Desk, username: str, density: str) -> None:
    with desk.store.write() as session:
        row = session.exec(select(AgentRow).where(AgentRow.username == username)).one()
        row.density = density
        session.add(row)


def test_the_wide_page_and_the_tablet_show_every_column(signed_in: SignIn, desk: Desk):
    opened(desk, "columns", 1)
    for width, height in ((1280, 720), (820, 1180)):
        page = at(signed_in, "columns", width=width, height=height).page
        for cell in ("net", "clock", "urgency", "message", "topic", "mood", "lang", "age", "who"):
            assert page.locator(f".rows .line .{cell}").first.is_visible(), f"{cell} at {width}"
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_search_is_narrowed_by_filters_and_marks_what_it_found(signed_in: SignIn, desk: Desk):
    opened(desk, "needle", 2)
    desk.open_case("needle without a tag")
    page = signed_in("noor", "/?q=needle&tag=needle").page
    page.wait_for_selector(".list mark")
    assert page.locator(".rows .line").count() == 2
    assert set(page.locator(".list mark").all_inner_texts()) == {"needle"}
    page.get_by_role("button", name="Clear").click()
    page.wait_for_selector(".list .pill, .list .rows .line:nth-child(3)")
    assert page.locator(".st-key-q input").input_value() == ""
