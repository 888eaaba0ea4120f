"""Nothing pressed is dropped: what Streamlit would drop on a busy machine, made to happen each time."""

from collections.abc import Callable

import pytest
from filling import PASSWORD
from streamlit.proto.BackMsg_pb2 import BackMsg

from tests.browser.conftest import RESTS, Watched, eventually, type_and_enter
from tests.browser.test_desk import deliveries, draft
from tests.browser.test_no_lost_typing import LONG_S, REPLY, box, opened, stands
from webcare.domain import DeliveryState
from webcare.testing import Desk

pytestmark = pytest.mark.browser

#: Press Send, and so many milliseconds later go to the queues.
_SEND_AND_LEAVE = """(after) => {
  document.querySelector('.st-key-wc_reply button[kind=primary]').click()
  const link = [...document.querySelectorAll('.st-key-wc_bar a')].find((a) => /Queues/.test(a.textContent))
  setTimeout(() => link.click(), after)
}"""


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
