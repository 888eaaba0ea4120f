"""What a page says reaches the browser in bunches: all of it, in its order, and nothing waits long."""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue

from webcare.console import bunches
from webcare.console.bunches import Bunch

RUNNER, ANOTHER = object(), object()


@dataclass
class Server:
    """As much of a session as a bunch touches: a real loop and queue for the browser, and how often it was woken."""

    _event_loop: asyncio.AbstractEventLoop
    _browser_queue: ForwardMsgQueue = field(default_factory=ForwardMsgQueue)
    _scriptrunner: object = RUNNER
    woken: list[float] = field(default_factory=list)

    def _call_soon_on_event_loop(self, callback: Callable[[], None]) -> None:
        self._event_loop.call_soon_threadsafe(callback)

    def _message_enqueued_callback(self) -> None:
        self.woken.append(time.monotonic())

    def paths(self) -> list[int]:
        """Where the elements stand that the browser would get now."""
        return [one.metadata.delta_path[0] for one in self._browser_queue.flush()]


def element(place: int) -> ForwardMsg:
    made = ForwardMsg()
    made.metadata.delta_path.append(place)
    made.delta.new_element.markdown.body = f"{place}"
    return made


def while_served(run: Callable[[Server, Bunch], None]) -> Server:
    """Do something in the thread of a run, while the server's loop is at work, and wait for all of it."""

    async def serve() -> Server:
        server = Server(asyncio.get_running_loop())
        await asyncio.to_thread(run, server, Bunch())
        await asyncio.sleep(3 * bunches.LONGEST_S)
        return server

    # A thread of its own: in this one a browser's loop may run, left by another test.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, serve()).result()


def test_what_is_said_together_wakes_the_server_once():
    def run(server: Server, bunch: Bunch) -> None:
        for place in range(90):
            bunch.say(server, RUNNER, element(place))
        bunch.tell(server, lambda session: session._browser_queue.enqueue(element(90)))

    server = while_served(run)
    assert server.paths() == list(range(91))
    assert len(server.woken) == 1


def test_what_a_run_tells_keeps_its_place_among_what_it_says():
    """That a run begins empties the queue: what it says is not to come before that, nor what was said before after."""
    blocked = threading.Event()

    def run(server: Server, bunch: Bunch) -> None:
        server._call_soon_on_event_loop(partial(blocked.wait, 10))  # the loop is busy until everything was told
        bunch.say(server, RUNNER, element(1))
        bunch.tell(server, lambda session: session._browser_queue.clear())
        for place in (2, 3):
            bunch.say(server, RUNNER, element(place))
        blocked.set()

    assert while_served(run).paths() == [2, 3]


def test_a_run_that_goes_on_is_seen_meanwhile():
    seen: list[list[int]] = []

    def run(server: Server, bunch: Bunch) -> None:
        bunch.say(server, RUNNER, element(1))
        end = time.monotonic() + 10
        while not server.woken and time.monotonic() < end:
            time.sleep(0.001)
        seen.append(server.paths())
        bunch.say(server, RUNNER, element(2))

    assert while_served(run).paths() == [2]
    assert seen == [[1]]


def test_of_a_run_that_another_took_the_place_of_nothing_is_wanted():
    def run(server: Server, bunch: Bunch) -> None:
        bunch.say(server, ANOTHER, element(1))
        bunch.say(server, RUNNER, element(2))
        bunch.say(server, ANOTHER, element(3))

    assert while_served(run).paths() == [2]


def test_nothing_is_lost_when_two_threads_meet():
    """The loop takes while the run still says."""

    def run(server: Server, bunch: Bunch) -> None:
        for place in range(20_000):
            bunch.say(server, RUNNER, element(place))
            if place % 500 == 0:
                bunch.tell(server, lambda _session: None)

    assert while_served(run).paths() == list(range(20_000))


def test_what_the_browser_was_not_told_yet_is_told_though_another_run_begins():
    """Both values of a field, the first before the second: the server counts on the first having been heard."""
    bunches.go_together()

    def run(server: Server, bunch: Bunch) -> None:
        bunch.say(server, RUNNER, element(1))
        bunch.tell(server, AppSession._clear_queue)
        for place in (1, 2, 2):
            bunch.say(server, RUNNER, element(place))

    assert while_served(run).paths() == [1, 1, 2]


def test_a_runner_is_heard_out_before_another_takes_its_place():
    made = bunches._heard_out(lambda session: setattr(session, "_scriptrunner", ANOTHER))

    def run(server: Server, bunch: Bunch) -> None:
        server._bunch = bunch
        bunch.say(server, RUNNER, element(1))
        made(server)
        bunch.say(server, RUNNER, element(2))
        bunch.say(server, ANOTHER, element(3))

    assert while_served(run).paths() == [1, 3]


def test_every_session_gathers_once():
    bunches.go_together()
    once = AppSession._on_scriptrunner_event
    bunches.go_together()
    assert AppSession._on_scriptrunner_event is once
    assert hasattr(once, "__wrapped__")
