"""One case and two people at it, in real Chromium: seeing each other, keys, other cases, and a page that fits."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlmodel import select

from tests.browser.conftest import Watched, eventually
from tests.browser.test_no_lost_typing import LONG_S
from webcare import cases
from webcare.domain import Author, Media
from webcare.store.tables import CaseRow
from webcare.testing import Desk, make_mention

pytestmark = pytest.mark.browser


def case_now(desk: Desk, case: CaseRow) -> CaseRow:
    with desk.store.read() as session:
        return cases.load(session, case.id or 0)


def open_at(signed_in: Callable[..., Watched], name: str, path: str, **size: int) -> Watched:
    watched = signed_in(name, path, **size)
    watched.page.wait_for_selector(".wc-thread")
    # The keys are listened to a moment after the page stands there.
    watched.page.wait_for_selector("html[data-case-keys]", state="attached")
    return watched


def test_two_people_on_one_case_see_each_other_look_type_and_leave(signed_in: Callable[..., Watched], desk: Desk):
    case = desk.open_case("Two of you at once?")
    noor = open_at(signed_in, "noor", f"/case?case={case.id}").page
    bram = open_at(signed_in, "bram", f"/case?case={case.id}").page
    noor.wait_for_selector(".wc-presence:has-text('Bram de Wit has this case open too')")
    bram.wait_for_selector(".wc-presence:has-text('Noor Smeets has this case open too')")
    top = noor.locator(".st-key-wc_reply").bounding_box()
    bram.get_by_placeholder("Write the public reply").click()
    bram.keyboard.type("Hello there, we are on it")
    noor.wait_for_selector(".wc-writing:has-text('Bram de Wit is writing a reply to this customer right now')")
    assert noor.locator(".st-key-wc_reply").bounding_box() == top
    bram.get_by_role("button", name="Queues").click()
    noor.locator(".wc-presence:has-text('Bram de Wit')").first.wait_for(state="detached")
    assert noor.locator(".st-key-wc_reply").bounding_box() == top


def leaves_the_boxes(page) -> None:
    """Have the cursor where letters are keys. While a page is drawn anew, the thread of before stands there too."""
    thread = page.locator(".wc-thread")
    eventually(lambda: thread.count() == 1, LONG_S)
    thread.focus()


def test_letters_do_what_the_buttons_do_and_never_while_typing(signed_in: Callable[..., Watched], desk: Desk):
    case = desk.open_case("Keys, please")
    watched = open_at(signed_in, "noor", f"/case?case={case.id}")
    page = watched.page
    page.wait_for_selector("text=nobody has it")
    page.keyboard.press("r")
    reply = page.get_by_placeholder("Write the public reply")
    eventually(lambda: reply.evaluate("box => box === document.activeElement"))
    page.keyboard.type("ranzeu?")
    assert reply.input_value() == "ranzeu?"
    leaves_the_boxes(page)
    page.keyboard.press("n")
    note = page.get_by_placeholder("Write an internal note")
    eventually(lambda: note.evaluate("box => box === document.activeElement"))
    leaves_the_boxes(page)
    page.keyboard.press("?")
    page.wait_for_selector("dialog[open]:has-text('Hand over')")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Take this case").click()
    page.wait_for_selector("text=you have it")
    leaves_the_boxes(page)
    page.keyboard.press("z")
    page.wait_for_selector("text=Undone: Taken.")
    assert case_now(desk, case).assignee_id is None
    leaves_the_boxes(page)
    page.keyboard.press("e")
    eventually(lambda: page.evaluate("document.activeElement.tagName") == "TEXTAREA")
    page.keyboard.press("Escape")
    leaves_the_boxes(page)
    page.keyboard.press("u")
    page.wait_for_url(lambda url: "/case" not in url)
    assert watched.errors == []
    assert watched.foreign() == []


def test_the_address_says_where_to_begin_once(signed_in: Callable[..., Watched], desk: Desk):
    case = desk.open_case("Begin with a note")
    page = open_at(signed_in, "noor", f"/case?case={case.id}&do=note").page
    note = page.get_by_placeholder("Write an internal note")
    eventually(lambda: note.evaluate("box => box === document.activeElement"))
    assert "do=" not in page.url


def test_another_case_of_the_customer_opens_with_one_click(signed_in: Callable[..., Watched], desk: Desk):
    author = Author("c-twice", "Mo Jansen", "mojansen")
    first, second = (
        make_mention(text, author=author, posted_at=desk.now - timedelta(days=days))
        for text, days in (("My first lamp", 3), ("My second lamp", 1))
    )
    desk.receive(first, second)
    old, new = desk.case_of(first), desk.case_of(second)
    page = open_at(signed_in, "noor", f"/case?case={new.id}").page
    page.get_by_role("tab", name="Customer").click()
    page.click(".wc-cases a:has-text('My first lamp')")
    page.wait_for_selector(".wc-thread:has-text('My first lamp')")
    assert page.url.endswith(f"/case?case={old.id}")
    page.wait_for_selector(".wc-cases a:has-text('My second lamp')")


def test_an_attachment_is_a_name_until_it_is_clicked(signed_in: Callable[..., Watched], desk: Desk):
    photo = Media("photo", "https://pictures.example/lamp.jpg")
    case = desk.case_of(received(desk, make_mention("Look at this", posted_at=desk.now, media=(photo,))))
    watched = open_at(signed_in, "noor", f"/case?case={case.id}")
    link = watched.page.get_by_role("link", name="photo 1 pictures.example")
    assert (link.get_attribute("target"), "noreferrer" in (link.get_attribute("rel") or "")) == ("_blank", True)
    assert watched.foreign() == []


def received(desk: Desk, mention):
    desk.receive(mention)
    return mention


def test_thread_and_reply_share_the_screen_of_a_small_laptop(signed_in: Callable[..., Watched], desk: Desk):
    start = make_mention("My wardrobe came without doors", posted_at=desk.now - timedelta(hours=40))
    desk.receive(start)
    more = [
        make_mention(
            f"Day {day}: still no doors, and nobody says anything. " * 3,
            author=start.author,
            thread_id=start.thread_id,
            posted_at=start.posted_at + timedelta(hours=day),
        )
        for day in range(1, 12)
    ]
    desk.receive(*more)
    with desk.store.read() as session:
        assert len(session.exec(select(CaseRow).where(CaseRow.customer_id == start.author.external_id)).all()) == 1
    case = desk.case_of(start)
    for width, height in ((1280, 720), (820, 1180)):
        page = open_at(signed_in, "noor", f"/case?case={case.id}", width=width, height=height).page
        page.wait_for_selector(".wc-thread:has-text('Day 11')")
        thread = page.locator(".wc-thread").bounding_box()
        send = page.get_by_role("button", name="Send reply").bounding_box()
        assert thread["height"] >= 100
        assert send["y"] + send["height"] <= height
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        buttons = page.locator(".st-key-wc_actions button").evaluate_all(
            "all => all.map(b => b.getBoundingClientRect().top)"
        )
        assert max(buttons) - min(buttons) < 2
