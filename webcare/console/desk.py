"""The desk this console process serves. Set once at start; pages ask for it here and keep nothing of it."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import streamlit as st

from webcare import people
from webcare.app import App
from webcare.domain import Actor

_app: App | None = None
_cookie = ""


def start(app: App, *, cookie: str) -> None:
    """Tell the pages which desk they show and which cookie names the person."""
    global _app, _cookie
    _app, _cookie = app, cookie


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
