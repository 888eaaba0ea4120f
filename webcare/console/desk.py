"""The desk this console process serves. Set once at start; pages ask for it here and keep nothing of it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import cache
from types import MappingProxyType
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, available_timezones

import streamlit as st

from webcare import people
from webcare.app import App
from webcare.console import bunches, presses, quicker, turns
from webcare.console.trouble import keep_customers_out_of_the_log
from webcare.domain import Actor
from webcare.errors import StoreUnavailable, WebcareError

_log = logging.getLogger(__name__)
_app: App | None = None
_cookie = ""
_ZONE = "zone"
#: The parts of one page ask the same several times; what the first was told holds for the run, in seconds.
_ONE_RUN_S = 0.25
_answers: ContextVar[Mapping[str, tuple[float, Any]]] = ContextVar("answers", default=MappingProxyType({}))
T = TypeVar("T")


def start(build: Callable[[], App], *, cookie: str) -> App:
    """Build the desk the pages show; `cookie` is the one that names the person.

    Ends the process with one sentence when the settings cannot be used: no page could say it.
    """
    global _app, _cookie
    try:
        _app, _cookie = build(), cookie
    except WebcareError as error:
        raise SystemExit(f"The console cannot start: {error}") from error
    keep_customers_out_of_the_log()
    presses.lose_none()
    quicker.save_work()
    turns.take_turns()
    bunches.go_together()
    return _app


def desk() -> App:
    """The desk; a page that runs without one was started by hand instead of through streamlit_app.py."""
    if _app is None:
        raise RuntimeError("start the console with `streamlit run streamlit_app.py` or `webcare run`")
    return _app


def now() -> datetime:
    """This moment, aware UTC."""
    return datetime.now(UTC)


def zone() -> ZoneInfo:
    """The zone times are shown in: what the person chose, else their browser's, else the desk's."""
    return ZoneInfo(st.session_state.get(_ZONE) or desk().settings.desk.timezone)


def show_times_in(chosen: str) -> None:
    """Show times in the zone a person chose; empty for that of their browser."""
    for name in (chosen, st.context.timezone or ""):
        if name in _zones():
            st.session_state[_ZONE] = name
            return
    st.session_state.pop(_ZONE, None)


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def read_session_token() -> str:
    """The token of the browser's cookie, as it was when its websocket opened."""
    return str(st.context.cookies.get(_cookie, ""))


def person() -> Actor | None:
    """Who is signed in, asked of the database on every run: a sign-out or a new role counts at once."""
    token = read_session_token()
    if not token:
        return None
    return once(f"person {token}", lambda: _ask(token))


def once(question: str, ask: Callable[[], T]) -> T:
    """What `ask` gives, asked once for all parts of a page that are drawn together; None is asked for again."""
    answers, moment = _answers.get(), time.monotonic()
    until, answer = answers.get(question, (0.0, None))
    if answer is not None and moment < until:
        known: T = answer
        return known
    found = ask()
    _answers.set({**answers, question: (moment + _ONE_RUN_S, found)})
    return found


def ask_again() -> None:
    """Something was changed here; the next questions go to the database."""
    _answers.set(MappingProxyType({}))


def _ask(token: str) -> Actor | None:
    with desk().store.read() as session:
        found = people.standing(session, token, now=now())
    if found is None or found.must_change:
        return None
    if now() - found.seen_at > people.SEEN_EVERY:
        _still_here(token)
    return found.actor


def _still_here(token: str) -> None:
    try:
        with desk().store.write() as session:
            people.seen(session, token, now=now())
    except StoreUnavailable as error:
        # A page that can be read must not fail over a time stamp.
        _log.warning("when somebody was last seen is not written down: %s", type(error).__name__)
