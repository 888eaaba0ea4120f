"""The two composers in a real browser: what stands where, what is said while one types, and what the keys do."""

import time
from collections.abc import Callable

import pytest
from filling import PASSWORD, write_again
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests.browser.conftest import Watched, eventually, type_and_enter
from tests.browser.test_desk import deliveries, draft
from tests.browser.test_no_lost_typing import LONG_S, NOTE, PUBLIC, REPLY, box, opened, stands
from webcare import cases
from webcare.domain import DeliveryState
from webcare.testing import Desk

pytestmark = pytest.mark.browser

SECRET = "Driver says the lady was rude to him twice. No voucher without Bram."
ACTIVE = "document.activeElement"


def note(desk: Desk, case_id: int | None, text: str = SECRET) -> None:
    with desk.store.write() as session:
        cases.add_note(session, case_id or 0, text=text, by=desk.second, now=desk.now)


def focused(page, words: str) -> None:
    eventually(lambda: page.evaluate(f"{ACTIVE}.innerText || {ACTIVE}.placeholder || ''").startswith(words), LONG_S)


def paste(page, text: str) -> None:
    """Copy and paste as somebody does it, with the keyboard."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.evaluate("(text) => navigator.clipboard.writeText(text)", text)
    page.keyboard.press("Control+V")


@pytest.mark.parametrize(
    "pasted", [SECRET, "driver SAYS  the\nlady was   rude to him twice"], ids=["as it is", "changed"]
)
def test_words_of_a_note_are_recognised_when_pasted_and_typing_goes_on(
    signed_in: Callable[..., Watched], desk: Desk, pasted: str
) -> None:
    case = desk.open_case("What did he say?")
    note(desk, case.id)
    watched = opened(signed_in, case.id)
    page = watched.page
    box(page).click()
    page.keyboard.type("Hi! ")
    paste(page, pasted)
    page.wait_for_selector(".wc-copied:has-text('You pasted words of an internal note')")
    page.keyboard.type(" Bye")
    assert box(page).evaluate("box => box === document.activeElement")
    stands(page, f"Hi! {pasted} Bye")
    page.get_by_role("button", name="Take these words out").click()
    eventually(lambda: "rude to him" not in box(page).input_value(), LONG_S)
    assert box(page).input_value().startswith("Hi!")
    assert box(page).input_value().endswith("Bye")
    assert deliveries(desk, case.id) == []
    assert watched.errors == []


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (820, 1180)])
def test_hints_come_while_one_types_and_move_nothing(
    signed_in: Callable[..., Watched], desk: Desk, width: int, height: int
) -> None:
    case = desk.open_case("Is it coming this week?")
    page = opened(signed_in, case.id, width=width, height=height).page
    page.wait_for_selector(".st-key-wc_below")
    box(page).click()
    before = box(page).bounding_box()
    send = page.get_by_role("button", name="Send reply").bounding_box()
    page.keyboard.type("Sorry about that. We asked tehm and definately write to you here: see https://hemlund.com/x")
    page.get_by_role("button", name="Change to definitely").wait_for()
    page.wait_for_selector(".st-key-wc_reply :text('Draft kept')")
    assert box(page).bounding_box() == before
    assert page.get_by_role("button", name="Send reply").bounding_box() == send
    assert box(page).evaluate("box => box === document.activeElement")


def test_a_hint_clicked_after_more_was_typed_corrects_only_its_own_words(
    signed_in: Callable[..., Watched], desk: Desk
) -> None:
    case = desk.open_case("Is it coming next week?")
    page = opened(signed_in, case.id).page
    box(page).click()
    page.keyboard.type("We definately write to you here")
    fix = page.get_by_role("button", name="Change to definitely")
    fix.wait_for()
    page.keyboard.press("Home")
    page.keyboard.type("Hello! ")
    page.keyboard.press("End")
    page.keyboard.type(" tomorrow.")
    fix.click()
    stands(page, "Hello! We definitely write to you here tomorrow.")


def test_held_means_do_not_send_is_under_the_finger_and_the_way_back_is_escape(
    signed_in: Callable[..., Watched], desk: Desk
) -> None:
    case = desk.open_case("What does the driver say?")
    note(desk, case.id)
    page = opened(signed_in, case.id).page
    box(page).click()
    page.keyboard.type(f"Hi! {SECRET}")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".wc-held mark.wc-error")
    focused(page, "Don't send")
    page.keyboard.press("Escape")
    page.locator(".wc-held").wait_for(state="detached")
    focused(page, PUBLIC)
    page.keyboard.press("Control+Enter")
    focused(page, "Don't send")
    page.keyboard.press("Enter")
    page.locator(".wc-held").wait_for(state="detached")
    stands(page, f"Hi! {SECRET}")
    assert deliveries(desk, case.id) == []


def test_control_enter_sends_a_reply_once_and_never_a_note(signed_in: Callable[..., Watched], desk: Desk) -> None:
    case = desk.open_case("Anybody there?")
    page = opened(signed_in, case.id).page
    box(page, NOTE).click()
    page.keyboard.type("This one is difficult.")
    page.keyboard.press("Control+Enter")
    eventually(lambda: draft(desk, case.id, "note") == "This one is difficult.", LONG_S)
    box(page).click()
    page.keyboard.type(REPLY)
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("text=Leaves in")
    stands(page, "")
    assert deliveries(desk, case.id) == [DeliveryState.PENDING.value]
    assert box(page, NOTE).input_value() == "This one is difficult."


def test_who_reads_it_never_changes_by_itself(signed_in: Callable[..., Watched], desk: Desk) -> None:
    case = desk.open_case("Which of my two cards was it?")
    page = opened(signed_in, case.id).page
    page.get_by_text(f"Only {case.customer_name}").click()
    secret = "Write the private answer"
    box(page, secret).click()
    page.keyboard.type("It was the first card, we definately know it.")
    page.get_by_role("button", name="Change to definitely").click()
    private = "It was the first card, we definitely know it."
    stands(page, private, secret)
    page.reload()
    stands(page, private, secret)
    write_again(desk, case.id, "Hello?")
    page.get_by_role("button", name="Show what is new").click()
    page.wait_for_selector(".wc-since:has-text('Hello?')")
    stands(page, private, secret)
    assert deliveries(desk, case.id) == []


def test_what_the_customer_wrote_since_is_shown_before_anything_is_sent(
    signed_in: Callable[..., Watched], desk: Desk
) -> None:
    case = desk.open_case("Where is my wardrobe?")
    page = opened(signed_in, case.id).page
    box(page).click()
    page.keyboard.type(REPLY)
    eventually(lambda: draft(desk, case.id) == REPLY, LONG_S)
    write_again(desk, case.id, "Never mind, it just came!")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".wc-since:has-text('Never mind, it just came!')")
    focused(page, "Don't send")
    assert deliveries(desk, case.id) == []
    page.get_by_role("button", name="Don't send").click()
    page.locator(".wc-since").wait_for(state="detached")
    stands(page, REPLY)


def test_the_preview_is_folded_and_shows_the_post_as_the_network_will(
    signed_in: Callable[..., Watched], desk: Desk
) -> None:
    case = desk.open_case("Where can I read more?")
    page = opened(signed_in, case.id).page
    assert not page.locator(".wc-preview").is_visible()
    page.get_by_text("Preview: as it will stand on X").click()
    box(page).click()
    page.keyboard.type("Here: https://www.hemlund.com/help/delivery/what-happens-when")
    page.wait_for_selector(".wc-preview:has-text('hemlund.com/help/delivery/')")
    said = page.locator(".wc-preview").inner_text()
    assert "@hemlund" in said
    assert f"Replying to @{case.customer_handle}" in said
    assert "what-happens-when" not in said  # X shows the beginning of a long address
    page.wait_for_selector("text=1 link counts as 23 characters")


def test_a_colleague_who_types_a_reply_is_told_of_before_one_starts(
    signed_in: Callable[..., Watched], desk: Desk
) -> None:
    case = desk.open_case("Two of you?")
    noor = opened(signed_in, case.id).page
    bram = signed_in("bram", f"/case?case={case.id}").page
    box(bram).click()
    bram.keyboard.type("I answer this one")
    noor.wait_for_selector(".wc-writing:has-text('Bram de Wit is writing a reply to this customer right now')")
    assert box(noor).input_value() == ""


def loses_an_empty_text(page) -> list[str]:
    """Between server and browser: once a text box is not told that it is empty, as when two runs follow closely."""
    lost: list[str] = []

    def told(socket):
        server = socket.connect_to_server()

        def on(message):
            forward = ForwardMsg()
            forward.ParseFromString(message)
            area = forward.delta.new_element.text_area
            if not lost and area.set_value and area.value == "" and "public" in area.placeholder:
                lost.append(area.id)
                area.set_value = False
                message = forward.SerializeToString()
            socket.send(message)

        server.on_message(on)

    page.route_web_socket("**/_stcore/stream", told)
    return lost


def test_a_reply_that_left_leaves_the_box_though_the_browser_was_not_told(
    open_browser: Callable[..., Watched], desk: Desk
) -> None:
    case = desk.open_case("Where is my parcel?")
    watched = open_browser()
    page = watched.page
    lost = loses_an_empty_text(page)
    page.goto(f"{watched.base}/case?case={case.id}")
    type_and_enter(watched, "noor", PASSWORD)
    box(page).click()
    page.keyboard.type(REPLY)
    page.get_by_role("button", name="Send reply").click()
    page.wait_for_selector("text=Leaves in")
    # Playwright hands messages on only while it waits itself, so nothing else may be waited for here.
    until = time.monotonic() + LONG_S
    while box(page).input_value():
        assert time.monotonic() < until, "the reply that was sent stays in the box"
        page.wait_for_timeout(100)
    assert lost
    assert deliveries(desk, case.id) == [DeliveryState.PENDING]
    page.wait_for_timeout(1500)
    while draft(desk, case.id):
        assert time.monotonic() < until, "the reply that was sent is kept as a draft"
        page.wait_for_timeout(100)
    assert box(page).input_value() == ""
