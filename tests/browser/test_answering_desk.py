"""Answering where a network has its rules, in a real browser: refused and recorded by hand, in private, taken back."""

import os
import socket
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from tests.browser.conftest import RESTS, Watched, eventually, serving
from tests.cases.networks import Network, act
from webcare.store.queries import DeliveryView, case_view
from webcare.testing import Desk

pytestmark = pytest.mark.browser

REPLY = "Sorry about that. We asked the warehouse and write to you here as soon as they answer."
LONG = " ".join(f"This is sentence number {number} of all that we have to say to you." for number in "123456789")
#: A post that a listening search found: it does not name the brand.
FOUND = {"text": "my new sofa squeaks", "entities": {}, "reply_settings": "everyone"}
CONNECTED = {
    "WEBCARE_ACCOUNTS__X_HEMLUND__CHANNEL": "x",
    "WEBCARE_ACCOUNTS__X_HEMLUND__EXTERNAL_ID": "3300000001",
    "WEBCARE_ACCOUNTS__X_HEMLUND__HANDLE": "hemlund",
    **{
        f"WEBCARE_SECRET_X_HEMLUND_{name}": "x"
        for name in ("API_KEY", "API_SECRET", "ACCESS_TOKEN", "ACCESS_TOKEN_SECRET")
    },
}


@pytest.fixture(scope="module")
def connected(desk: Desk) -> Iterator[str]:
    """A console whose account on X is connected, so that X's own rules are asked; it never calls X."""
    with socket.socket() as probe, pytest.MonkeyPatch.context() as patch:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        for name, value in CONNECTED.items():
            patch.setitem(os.environ, name, value)
        with serving(desk, port) as address:
            yield address


@pytest.fixture
def network(desk: Desk) -> Iterator[Network]:
    """What the jobs beside the console talk to."""
    before, made = desk.channel, Network(clock=desk.clock)
    made.inbox = list(before.inbox)
    desk.channel = made
    yield made
    before.inbox[:] = made.inbox
    desk.channel = before


def deliveries(desk: Desk, case_id: int | None) -> list[DeliveryView]:
    with desk.store.read() as session:
        return list(case_view(session, case_id or 0).deliveries)


def opened(signed_in: Callable[..., Watched], address: str, case_id: int | None) -> Watched:
    watched = signed_in()
    watched.base = address
    watched.page.goto(f"{address}/case?case={case_id}")
    watched.page.wait_for_selector(".st-key-wc_reply")
    return watched


def colour(watched: Watched) -> tuple[int, int, int]:
    box = watched.page.locator(".st-key-wc_reply")
    look = "box => getComputedStyle(box).backgroundColor"
    eventually(lambda: box.evaluate(look).startswith("rgb("))  # before its style has come it is transparent
    said = box.evaluate(look)
    red, green, blue = said.removeprefix("rgb(").removesuffix(")").split(",")
    return int(red), int(green), int(blue)


def test_a_reply_that_x_refuses_is_written_here_given_there_and_recorded(
    signed_in: Callable[..., Watched], connected: str, desk: Desk
) -> None:
    case = desk.open_case("My new sofa squeaks", raw=FOUND, url="https://x.com/customer/status/77")
    watched = opened(signed_in, connected, case.id)
    page = watched.page
    page.wait_for_selector(".wc-refused:has-text('X takes no answer from here.')")
    link = page.get_by_role("link", name="Open the post on X")
    assert link.get_attribute("target") == "_blank"
    assert (link.get_attribute("href") or "").startswith("https://x.com/")
    box = page.get_by_placeholder("Write the public reply")
    box.click()
    page.keyboard.type(REPLY)
    page.get_by_label("Link to it, if you have it").fill("https://x.com/hemlund/status/1790000000000000077")
    page.get_by_label("Link to it, if you have it").press("Tab")
    page.get_by_role("button", name="Record the answer given on X").click()
    page.wait_for_selector(".wc-post:has-text('recorded here')")
    (one,) = deliveries(desk, case.id)
    assert (one.state, one.by_hand, one.external_id, one.text) == ("sent", True, "1790000000000000077", REPLY)
    eventually(lambda: box.input_value() == "")
    assert watched.errors == []
    # Signing in was with the console beside this one.
    assert [url for url in watched.foreign() if "127.0.0.1" not in url] == []


def test_private_looks_like_nothing_else_and_keeps_what_was_typed(
    signed_in: Callable[..., Watched], connected: str, desk: Desk, network: Network
) -> None:
    case = desk.open_case("Which card did you charge?")
    watched = opened(signed_in, connected, case.id)
    page = watched.page
    public = colour(watched)
    page.get_by_placeholder("Write the public reply").click()
    page.keyboard.type(REPLY)
    page.get_by_text(f"Only {case.customer_name}").click()
    page.wait_for_selector(".wc-title.wc-private:has-text('only the customer can read this')")
    private = colour(watched)
    assert private != public
    assert private[0] > public[0]  # violet has more red than blue has
    assert page.get_by_placeholder("Write the private answer").input_value() == REPLY
    page.get_by_role("button", name=f"Send private answer to {case.customer_name} on X").click()
    page.wait_for_selector("text=Leaves in")
    (one,) = deliveries(desk, case.id)
    assert (one.way, one.text) == ("private", REPLY)
    assert watched.errors == []


def test_a_long_answer_is_seen_as_the_posts_it_becomes(
    signed_in: Callable[..., Watched], connected: str, desk: Desk
) -> None:
    case = desk.open_case("Tell me everything")
    page = opened(signed_in, connected, case.id).page
    box = page.get_by_placeholder("Write the public reply")
    box.fill(LONG)
    box.blur()
    page.wait_for_selector(".wc-parts li")
    assert " ".join(page.locator(".wc-parts li").all_inner_texts()).split() == LONG.split()


def test_a_post_is_hidden_and_a_reply_is_retracted(
    signed_in: Callable[..., Watched], connected: str, desk: Desk, network: Network
) -> None:
    case = desk.open_case("You are all crooks!")
    desk.reply(case.id or 0, REPLY)
    desk.later(seconds=desk.settings.delivery.undo_s + 1)
    assert desk.deliver() >= 1
    watched = opened(signed_in, connected, case.id)
    page = watched.page
    page.get_by_role("button", name="Hide, like or retract").click()
    page.get_by_role("textbox", name="Why it has to go").fill("It names the wrong shop.")
    page.get_by_role("button", name="Retract this reply").click()
    page.wait_for_selector(".wc-post:has-text('being retracted')")
    eventually(lambda: page.get_by_placeholder("Write the public reply").input_value() == REPLY)
    desk.now += timedelta(minutes=5)
    assert act(desk) == 1
    page.goto(f"{connected}/case?case={case.id}")
    page.wait_for_selector(".wc-gone:has-text('Retracted: It names the wrong shop.')")
    page.wait_for_selector(RESTS, state="attached")
    page.get_by_role("button", name="Hide, like or retract").click()
    page.get_by_role("button", name="Hide this post").click()
    page.wait_for_selector(".wc-post:has-text('being hidden')")
    desk.now += timedelta(minutes=5)
    assert act(desk) == 1
    page.goto(f"{connected}/case?case={case.id}")
    page.wait_for_selector(".wc-post:has-text('hidden by Noor Smeets')")
    assert [action.value for action, _ in network.acts] == ["delete", "hide"]
    assert watched.errors == []
