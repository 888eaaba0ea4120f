"""The desk this console process serves. Set once at start; pages ask for it here and keep nothing of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import streamlit as st

from webcare import people
from webcare.app import App
from webcare.console.trouble import keep_customers_out_of_the_log
from webcare.domain import Actor
from webcare.errors import WebcareError

_app: App | None = None
_cookie = ""


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
    """The zone times are shown in."""
    return ZoneInfo(desk().settings.desk.timezone)


def read_session_token() -> str:
    """The token of the browser's cookie, as it was when its websocket opened."""
    return str(st.context.cookies.get(_cookie, ""))


def person() -> Actor | None:
    """Who is signed in, asked of the database on every run: a sign-out or a new role counts at once."""
    token = read_session_token()
    if not token:
        return None
    with desk().store.read() as session:
        return people.actor_for_token(session, token, now=now())
