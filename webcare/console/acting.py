"""Doing something for the person at the screen: one short write, and every refusal in words where it happened."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import streamlit as st
from sqlmodel import Session

from webcare.console.desk import desk, now, person
from webcare.console.trouble import attempt
from webcare.domain import Actor
from webcare.errors import NotAllowed

_AFRESH = "draw_everything"

Verb = Callable[[Session, Actor, datetime], object]


def change(place: str, verb: Verb) -> bool:
    """Run one verb of the desk in one transaction; what refuses it is said at `place`. Gives whether it was done."""
    return attempt(place, lambda: _write(verb))


def act(place: str, verb: Verb) -> None:
    """`change` as a widget's callback."""
    change(place, verb)


def draw_everything_next() -> None:
    """Ask the part of the page that runs by itself to have the whole page drawn; callbacks cannot do it themselves."""
    st.session_state[_AFRESH] = True


def everything_is_drawn() -> None:
    """The whole page is being drawn; whatever was asked is answered by that."""
    st.session_state.pop(_AFRESH, None)


def draw_everything_if_asked() -> None:
    """Inside such a part: draw the whole page now if a callback asked for it."""
    if st.session_state.pop(_AFRESH, False):
        st.rerun(scope="app")


def _write(verb: Verb) -> None:
    me = person()
    if me is None:
        raise NotAllowed("You are signed out; sign in again. What was kept as your draft is still there.")
    with desk().store.write() as session:
        verb(session, me, now())
