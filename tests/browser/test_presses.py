"""Nothing pressed is dropped: what Streamlit would drop on a busy machine, made to happen each time."""

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from filling import PASSWORD
from streamlit.proto.BackMsg_pb2 import BackMsg

from tests.browser.conftest import RESTS, Watched, eventually, type_and_enter
from tests.browser.test_desk import deliveries, draft
from tests.browser.test_no_lost_typing import LONG_S, REPLY, box, opened, stands
from webcare.cases import views
from webcare.domain import DeliveryState
from webcare.testing import NOON, Desk

pytestmark = pytest.mark.browser

#: Press Send, and so many milliseconds later go to the queues.
_SEND_AND_LEAVE = """(after) => {
  document.querySelector('.st-key-wc_reply button[kind=primary]').click()
  const link = [...document.querySelectorAll('.st-key-wc_bar a')].find((a) => /Queues/.test(a.textContent))
  setTimeout(() => link.click(), after)
}"""

#: The pause our script makes between two presses takes no time, so that Streamlit sends both in one request.
_NO_PAUSE = """(() => {
  const later = window.setTimeout
  window.setTimeout = (act, ...after) => (after.length ? later(act, ...after) : queueMicrotask(act))
})()"""


def pressed_on_a_part_that_moved(page) -> list[str]:
    """Have everything that is pressed come from a part of the page that the server knows no more; gives which."""
    moved: list[str] = []

    def asked(socket):
        server = socket.connect_to_server()

        def on(message):
            back = BackMsg()
            back.ParseFromString(message)
            ours = back.rerun_script
            if ours.fragment_id and not ours.is_auto_rerun:
                moved.append(ours.fragment_id)
                ours.fragment_id = "gone"
                message = back.SerializeToString()
            server.send(message)

        socket.on_message(on)

    page.route_web_socket("**/_stcore/stream", asked)
    return moved


def test_what_is_pressed_on_a_part_that_has_moved_since_is_done(open_browser: Callable[..., Watched], desk: Desk):
    case = desk.open_case("Where is my parcel?")
    watched = open_browser()
    page = watched.page
    moved = pressed_on_a_part_that_moved(page)
    page.goto(f"{watched.base}/case?case={case.id}")
    type_and_enter(watched, "noor", PASSWORD)
    box(page).click()
    page.keyboard.type(REPLY)
    page.wait_for_selector("text=Draft kept")
    page.get_by_role("button", name="Send reply").click()
    page.wait_for_selector("text=Leaves in")
    assert deliveries(desk, case.id) == [DeliveryState.PENDING]
    assert box(page).input_value() == ""
    assert moved


@pytest.mark.parametrize("after_ms", [15, 60, 150])
def test_send_counts_though_one_leaves_the_page_at_once(
    signed_in: Callable[..., Watched], desk: Desk, after_ms: int
) -> None:
    case = desk.open_case("Where is my bed?")
    page = opened(signed_in, case.id).page
    box(page).click()
    page.keyboard.type(REPLY)
    eventually(lambda: draft(desk, case.id) == REPLY, LONG_S)
    page.evaluate(_SEND_AND_LEAVE, after_ms)
    page.wait_for_selector(".tabs")
    eventually(lambda: deliveries(desk, case.id) == [DeliveryState.PENDING], LONG_S)
    eventually(lambda: draft(desk, case.id) == "", LONG_S)
    page.go_back()
    page.wait_for_selector("text=Leaves in")
    stands(page, "")


def test_a_reply_taken_back_at_once_stays_in_the_box(signed_in: Callable[..., Watched], desk: Desk):
    case = desk.open_case("Where is my sofa?")
    page = opened(signed_in, case.id).page
    for _time in range(3):
        box(page).fill(REPLY)
        page.get_by_role("button", name="Send reply").click()
        page.get_by_role("button", name="Undo").wait_for()
        page.locator(RESTS).wait_for()
        page.get_by_role("button", name="Undo").click()
        page.wait_for_selector("text=Taken back. Nothing was posted; your text is below.")
        stands(page, REPLY)
        page.wait_for_timeout(500)  # longer than the box waits before it mends itself
        stands(page, REPLY)
    eventually(lambda: draft(desk, case.id) == REPLY, LONG_S)
    assert set(deliveries(desk, case.id)) == {DeliveryState.CANCELLED}


@pytest.mark.parametrize("case_first", [False, True])
def test_a_view_is_renamed_though_one_opens_a_case_at_once(
    signed_in: Callable[..., Watched], desk: Desk, case_first: bool
) -> None:
    case = desk.open_case("Where is my lamp?")
    with desk.store.write() as session:
        view = views.save_view(session, f"old {case.id}", {"queue": "unsorted"}, shared=False, by=desk.first, now=NOON)
    page = signed_in().page
    page.click(".tabs .views")
    page.get_by_label(f"Rename: old {case.id}").click()
    page.locator(".view .field").fill(f"new {case.id}")
    presses = [page.locator(".view .save"), page.locator(f"a.row[data-id='{case.id}']")]
    both = [one.element_handle() for one in (reversed(presses) if case_first else presses)]
    page.evaluate("all => all.forEach((one) => one.click())", both)
    page.wait_for_selector("text=Where is my lamp?")
    page.wait_for_url(f"**/case?case={case.id}")
    eventually(lambda: view_name(desk, view.id) == f"new {case.id}", LONG_S)


def view_name(desk: Desk, view_id: int) -> str:
    with desk.store.read() as session:
        return next(one.name for one in views.views_of(session, me=desk.first) if one.id == view_id)


@pytest.mark.parametrize("one_request", [False, True])
def test_parts_of_a_page_that_change_at_once_are_all_drawn(
    open_browser: Callable[..., Watched], desk: Desk, one_request: bool
) -> None:
    """As at a busy desk: whenever the page asks, everything on it has changed."""
    watched = open_browser()
    page = watched.page
    if one_request:
        page.add_init_script(_NO_PAUSE)
    page.goto(watched.base)
    type_and_enter(watched, "noor", PASSWORD)
    page.wait_for_selector(".tabs")
    asked: list[list[str]] = []

    def changed(route):
        questions = parse_qs(urlsplit(route.request.url).query)["q"]
        asked.append(questions)
        route.fulfill(json={"marks": {question: f"changed {len(asked)}" for question in questions}})

    page.route("**/desk/news?*", changed)
    case = desk.open_case("Where is my rug?")
    shown = page.locator(f"a.row[data-id='{case.id}']").or_(page.get_by_role("button", name="1 new case"))
    shown.first.wait_for(timeout=30_000)
    kinds = {question.partition(" ")[0] for question in asked[0]}
    assert kinds >= {"tabs", "list", "turns", "health"}
