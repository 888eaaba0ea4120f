"""Doing something for the person at the screen: one short write, and every refusal in words where it happened.

Buttons of a case work through callbacks, never through the value they return: when somebody clicks right after typing,
Streamlit may run only the part of the page with the text box, and a value returned elsewhere would be lost. Callbacks
always run; they ask for the whole page to be drawn, and whichever part runs next sees to it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import streamlit as st
from sqlmodel import Session

from webcare.console.desk import ask_again, desk, now, person
from webcare.console.trouble import attempt
from webcare.domain import Actor
from webcare.errors import NotAllowed

_AFRESH = "draw_everything"

Verb = Callable[[Session, Actor, datetime], object]


def change(place: str, verb: Verb) -> bool:
    """Run one verb of the desk in one transaction; what refuses it is said at `place`. Gives whether it was done."""
    return attempt(place, lambda: _write(verb))


def act(place: str, verb: Verb) -> None:
    """`change` as a widget's callback: the whole page is drawn after it."""
    change(place, verb)
    draw_everything_next()


def draw_everything_next() -> None:
    """Ask for the whole page to be drawn; callbacks cannot do it themselves."""
    st.session_state[_AFRESH] = True
    ask_again()


def everything_is_drawn() -> None:
    """The whole page is being drawn; whatever was asked is answered by that."""
    st.session_state.pop(_AFRESH, None)


def draw_everything_if_asked() -> None:
    """First thing in a part of a page that runs by itself: draw the whole page now if a callback asked for it."""
    if st.session_state.pop(_AFRESH, False):
        st.rerun(scope="app")


def _write(verb: Verb) -> None:
    me = person()
    if me is None:
        raise NotAllowed("You are signed out; sign in again. What was kept as your draft is still there.")
    with desk().store.write() as session:
        verb(session, me, now())
    ask_again()
