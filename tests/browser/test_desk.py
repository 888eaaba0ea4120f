"""A day at the desk in a real browser: from the queue to the case, two composers, and a text nobody loses."""

import socket
import time
from collections.abc import Callable

import pytest

from tests.browser.conftest import Watched, eventually, serving
from webcare import cases
from webcare.domain import DeliveryState, Urgency
from webcare.store.queries import case_view
from webcare.testing import Desk, FakeClassifier, make_triage

pytestmark = pytest.mark.browser

REPLY = "Sorry about that. We asked the warehouse and write to you here as soon as they answer."


def draft(desk: Desk, case_id: int | None, kind: str = "reply") -> str:
    with desk.store.read() as session:
        return cases.draft_of(session, case_id, kind=kind, by=desk.first)


def deliveries(desk: Desk, case_id: int | None) -> list[str]:
    with desk.store.read() as session:
        return [delivery.state for delivery in case_view(session, case_id or 0).deliveries]


def test_a_click_in_the_queue_opens_the_case_and_the_way_back_keeps_the_queue(
    signed_in: Callable[..., Watched], desk: Desk
) -> None:
    case = desk.open_case("The lamp hums when it is off")
    watched = signed_in("noor", "/?queue=first_line")
    page = watched.page
    page.click(f".list a[data-id='{case.id}']")
    page.wait_for_selector(".wc-thread:has-text('The lamp hums when it is off')")
    assert page.url == f"{watched.base}/case?case={case.id}"
    page.get_by_role("button", name="Queues").click()
    page.wait_for_selector(".list a.row")
    assert "queue=first_line" in page.url
    assert watched.errors == []
    assert watched.foreign() == []


def test_the_queue_is_walked_with_the_keyboard(signed_in: Callable[..., Watched], desk: Desk):
    desk.open_case("First of two")
    desk.open_case("Second of two")
    page = signed_in().page
    page.wait_for_selector(".list a.row")
    page.keyboard.press("j")
    first = page.evaluate("document.activeElement.shadowRoot.activeElement.dataset.id")
    page.keyboard.press("j")
    second = page.evaluate("document.activeElement.shadowRoot.activeElement.dataset.id")
    assert first != second
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/case?case={second}")


def test_a_new_case_does_not_move_what_one_reads(signed_in: Callable[..., Watched], desk: Desk):
    desk.open_case("An ordinary question")
    page = signed_in().page
    page.wait_for_selector(".list a.row")
    before = page.locator(".list a.row").evaluate_all("rows => rows.map(row => row.dataset.id)")
    usual = desk.classifier
    desk.classifier = FakeClassifier(lambda text: make_triage(urgency=Urgency.HIGH))
    urgent = desk.open_case("My child is locked in the wardrobe")
    desk.classifier = usual
    page.wait_for_selector(".list .pill:has-text('new case')")
    assert page.locator(".list a.row").evaluate_all("rows => rows.map(row => row.dataset.id)") == before
    page.click(".list .pill")
    page.wait_for_selector(f".list a[data-id='{urgent.id}']")


def test_what_is_typed_is_kept_without_leaving_the_box_and_survives_a_crash_of_the_server(
    signed_in: Callable[..., Watched], desk: Desk
) -> None:
    case = desk.open_case("Do you still have the VAXE candle?")
    page = signed_in("noor", f"/case?case={case.id}").page
    box = page.get_by_placeholder("Write the public reply")
    box.click()
    page.keyboard.type("We have it in Utrecht", delay=10)
    eventually(lambda: draft(desk, case.id) == "We have it in Utrecht")
    page.keyboard.type(" and Ghent")
    eventually(lambda: draft(desk, case.id) == "We have it in Utrecht and Ghent")
    assert box.evaluate("box => box === document.activeElement")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    # Another process of the console: what the first one knew is gone, what it kept is not.
    with serving(desk, port) as other:
        page.goto(f"{other}/case?case={case.id}")
        page.wait_for_selector(".wc-me")
        assert page.get_by_placeholder("Write the public reply").input_value() == "We have it in Utrecht and Ghent"


def test_the_two_composers_cannot_be_taken_for_each_other(signed_in: Callable[..., Watched], desk: Desk):
    case = desk.open_case("Where do I park?")
    page = signed_in("noor", f"/case?case={case.id}").page
    page.wait_for_selector(".st-key-wc_reply")
    colour = "box => getComputedStyle(box).backgroundColor"
    reply, notes = page.locator(".st-key-wc_reply"), page.locator(".st-key-wc_notes")
    red, green, blue = _rgb(reply.evaluate(colour))
    assert blue > red  # blue
    assert blue > green
    red, green, blue = _rgb(notes.evaluate(colour))
    assert red > blue + 20  # yellow
    assert green > blue + 20
    assert notes.get_by_role("button").all_inner_texts() == ["Save internal note"]
    assert reply.get_by_role("button").all_inner_texts() == [f"Send reply to {case.customer_name} on X"]


def _rgb(colour: str) -> tuple[int, int, int]:
    red, green, blue = colour.removeprefix("rgb(").removesuffix(")").split(",")
    return int(red), int(green), int(blue)


def test_a_note_goes_nowhere_whatever_is_pressed(signed_in: Callable[..., Watched], desk: Desk):
    case = desk.open_case("Is anybody there?")
    page = signed_in("noor", f"/case?case={case.id}").page
    box = page.get_by_placeholder("Write an internal note")
    box.click()
    page.keyboard.type("This customer threatened the driver.")
    for keys in ("Control+Enter", "Control+Shift+Enter", "Alt+Enter", "Meta+Enter"):
        page.keyboard.press(keys)
    eventually(lambda: draft(desk, case.id, "note") == "This customer threatened the driver.")
    page.get_by_role("button", name="Save internal note").click()
    page.wait_for_selector(".wc-note:has-text('threatened the driver')")
    assert deliveries(desk, case.id) == []
    assert draft(desk, case.id, "reply") == ""


def test_a_reply_typed_and_sent_in_one_go_leaves_whole_and_can_be_taken_back(
    signed_in: Callable[..., Watched], desk: Desk
) -> None:
    case = desk.open_case("My parcel never came")
    watched = signed_in("noor", f"/case?case={case.id}")
    page = watched.page
    page.get_by_placeholder("Write the public reply").click()
    page.keyboard.type(REPLY)
    page.get_by_role("button", name="Send reply").click()
    page.wait_for_selector("text=Leaves in")
    assert deliveries(desk, case.id) == [DeliveryState.PENDING.value]
    page.get_by_role("button", name="Undo").click()
    page.wait_for_selector("text=Taken back. Nothing was posted")
    assert deliveries(desk, case.id) == [DeliveryState.CANCELLED.value]
    eventually(lambda: page.get_by_placeholder("Write the public reply").input_value() == REPLY)
    assert watched.errors == []


def test_a_double_click_sends_once_and_complains_about_nothing(signed_in: Callable[..., Watched], desk: Desk):
    case = desk.open_case("My table wobbles")
    page = signed_in("noor", f"/case?case={case.id}").page
    page.get_by_placeholder("Write the public reply").fill(REPLY)
    page.get_by_role("button", name="Send reply").dblclick()
    page.wait_for_selector("text=Leaves in")
    page.wait_for_timeout(1500)
    assert deliveries(desk, case.id) == [DeliveryState.PENDING.value]
    assert page.locator(".wc-bad").count() == 0


def test_a_click_elsewhere_right_after_typing_is_not_lost(signed_in: Callable[..., Watched], desk: Desk):
    case = desk.open_case("My table wobbles again")
    page = signed_in("noor", f"/case?case={case.id}").page
    page.get_by_placeholder("Write the public reply").click()
    page.keyboard.type("Half an answer")
    page.get_by_role("button", name="Take this case").click()
    page.wait_for_selector("text=you have it")
    page.get_by_placeholder("Write an internal note").click()
    page.keyboard.type("Half a note")
    page.get_by_role("button", name="Queues").click()
    page.wait_for_selector(".list a.row")
    kept = ("Half an answer", "Half a note")
    eventually(lambda: (draft(desk, case.id), draft(desk, case.id, "note")) == kept)


def test_a_reply_that_left_is_shown_as_posted_by_itself(signed_in: Callable[..., Watched], desk: Desk):
    case = desk.open_case("And my chair?")
    page = signed_in("noor", f"/case?case={case.id}").page
    page.get_by_placeholder("Write the public reply").fill(REPLY)
    page.get_by_role("button", name="Send reply").click()
    page.wait_for_selector("text=Leaves in")
    desk.later(minutes=5)
    assert desk.deliver() >= 1
    page.wait_for_selector(".wc-ours footer:has-text('Posted by Noor Smeets')")
    # The thread and the row with Undo are parts of the page that are drawn one after the other.
    page.get_by_role("button", name="Undo").wait_for(state="detached")


def test_a_held_reply_shows_where_and_why(signed_in: Callable[..., Watched], desk: Desk):
    case = desk.open_case("What did the driver say?")
    with desk.store.write() as session:
        cases.add_note(
            session, case.id, text="Driver says the lady was rude to him twice.", by=desk.second, now=desk.now
        )
    page = signed_in("noor", f"/case?case={case.id}").page
    page.get_by_placeholder("Write the public reply").fill("Hi! The driver says the lady was rude to him twice.")
    page.get_by_role("button", name="Send reply").click()
    page.wait_for_selector(".wc-held mark.wc-error")
    assert "rude to him twice" in page.locator(".wc-held mark.wc-error").inner_text()
    assert deliveries(desk, case.id) == []


def test_a_colleagues_note_is_announced_without_moving_the_page(signed_in: Callable[..., Watched], desk: Desk):
    case = desk.open_case("Two people, one case")
    page = signed_in("noor", f"/case?case={case.id}").page
    box = page.get_by_placeholder("Write the public reply")
    box.click()
    page.keyboard.type("I am still typing")
    with desk.store.write() as session:
        cases.add_note(session, case.id, text="I have them on the phone.", by=desk.second, now=desk.now)
    page.wait_for_selector("text=Note written (Elin Sandberg")
    page.keyboard.type(" and go on")
    assert box.input_value() == "I am still typing and go on"
    page.get_by_role("button", name="Show what is new").click()
    page.wait_for_selector(".wc-note:has-text('I have them on the phone.')")
    assert box.input_value() == "I am still typing and go on"


def test_the_desk_fits_a_small_laptop_and_a_tablet(signed_in: Callable[..., Watched], desk: Desk):
    case = desk.open_case("word " * 300 + "a" * 3000)
    for width, height in ((1280, 720), (820, 1180)):
        watched = signed_in("noor", "/", width=width, height=height)
        watched.page.wait_for_selector(".list a.row")
        assert watched.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        watched.page.goto(f"{watched.base}/case?case={case.id}")
        watched.page.wait_for_selector(".wc-thread")
        time.sleep(0.3)
        assert watched.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
