"""What a page says on its way to the browser travels in bunches, and none of it is dropped on the way.

Streamlit 1.67 hands each element of a page to the server's loop by itself: for every one of ninety it wakes the loop,
which then looks through the queues of everybody at work and goes to sleep again. With a hundred people that takes more
of the processor than the pages themselves. Here what a run says is gathered, and handed over when the run ends, or
when the first of it has waited `LONGEST_S`: sooner than anybody sees, and late enough for most runs to need it once.
All of it, elements and what else a run tells (it has begun, it has ended, it failed), keeps its order.

Streamlit drops what a run said and the browser has not been told yet as soon as the next run begins, for that will say
it anew. It does not say anew that a field was given another value: the server believes that the browser has it, the
browser goes on with the old one, and its next word is taken for a change that somebody made. On a busy machine a text
that was sent came back into its box in this way, and a chosen order was gone. So nothing is dropped.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial, wraps
from typing import Any

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.scriptrunner import ScriptRunner, ScriptRunnerEvent

#: How long an element waits for others at most: two pictures of a screen.
LONGEST_S = 0.03


class Bunch:
    """What one session's runs told and the server has not taken yet; a run's thread uses `say` and `tell`."""

    def __init__(self) -> None:
        self._told: deque[Callable[[AppSession], bool]] = deque()
        self._awaited = False

    def say(self, session: AppSession, runner: ScriptRunner | None, message: ForwardMsg) -> None:
        """One more element."""
        self._told.append(partial(_queued, runner=runner, message=message))
        if not self._awaited:
            self._awaited = True
            session._call_soon_on_event_loop(partial(self._later, session))

    def tell(self, session: AppSession, what: Callable[[AppSession], None]) -> None:
        """Something else, which is done at once, and after what was said before."""
        self._told.append(partial(_done, what=what))
        session._call_soon_on_event_loop(partial(self.hand_over, session))

    def _later(self, session: AppSession) -> None:
        session._event_loop.call_later(LONGEST_S, self.hand_over, session)

    def hand_over(self, session: AppSession) -> None:
        """Take all of it, in its order, and wake the server once for what is now queued for the browser."""
        self._awaited = False  # before the first is taken: what is said meanwhile has itself awaited again
        queued = False
        while self._told:
            queued = self._told.popleft()(session) or queued
        if queued and session._message_enqueued_callback:
            session._message_enqueued_callback()


def go_together() -> None:
    """Have every session of this process gather what its runs say and drop none of it, once."""
    if not hasattr(AppSession._on_scriptrunner_event, "__wrapped__"):
        AppSession._on_scriptrunner_event = _gathered(AppSession._on_scriptrunner_event)  # type: ignore[method-assign]
        AppSession._create_scriptrunner = _heard_out(AppSession._create_scriptrunner)  # type: ignore[method-assign]
        AppSession._clear_queue = _keep  # type: ignore[method-assign, assignment]


def _queued(session: AppSession, *, runner: ScriptRunner | None, message: ForwardMsg) -> bool:
    """Whether it is still wanted: of a run that another one has taken the place of, nothing is."""
    wanted = runner is session._scriptrunner
    if wanted:
        session._browser_queue.enqueue(message)
    return wanted


def _done(session: AppSession, *, what: Callable[[AppSession], None]) -> bool:
    what(session)
    return False


def _bunch_of(session: AppSession) -> Bunch:
    bunch: Bunch = session.__dict__.setdefault("_bunch", Bunch())
    return bunch


def _heard_out(create: Any) -> Any:
    """Before another runner takes the place of one, what that said is taken: afterwards nothing of it is wanted."""

    @wraps(create)
    def hear_out(session: AppSession, *given: Any, **named: Any) -> None:
        _bunch_of(session).hand_over(session)
        create(session, *given, **named)

    return hear_out


def _keep(session: AppSession, fragment_ids_this_run: list[str] | None = None) -> None:
    """A run begins: what waits for the browser goes on waiting, and nothing that is said now takes its place."""
    session._browser_queue._delta_index_map = {}


def _gathered(on_event: Any) -> Any:
    @wraps(on_event)
    def gather(
        session: AppSession,
        sender: ScriptRunner | None,
        event: ScriptRunnerEvent,
        forward_msg: ForwardMsg | None = None,
        exception: BaseException | None = None,
        **about: Any,
    ) -> None:
        bunch = _bunch_of(session)
        if event is ScriptRunnerEvent.ENQUEUE_FORWARD_MSG and forward_msg is not None:
            bunch.say(session, sender, forward_msg)
        else:
            handle = AppSession._handle_scriptrunner_event_on_event_loop
            bunch.tell(session, lambda session: handle(session, sender, event, forward_msg, exception, **about))

    return gather
