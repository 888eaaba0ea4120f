"""Menus and folded parts whose inside is made when somebody first opens them: most never are, and a page has many.

What was opened once stays made while it is closed again, so that nothing chosen or typed in it is lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import streamlit as st

_OPENED = "opened_menus"


@contextmanager
def menu(
    name: str, *, key: str, type: Literal["secondary", "tertiary"] = "secondary", icon: str | None = None
) -> Iterator[bool]:
    """A menu behind a button; gives whether its inside has to be drawn."""
    with st.popover(name, key=key, type=type, icon=icon, on_change="rerun") as place:
        yield _is_made(key, now_open=bool(place.open))


@contextmanager
def folded(name: str, *, key: str) -> Iterator[bool]:
    """A part of a page that is folded at first; gives whether its inside has to be drawn."""
    with st.expander(name, key=key, on_change="rerun") as place:
        yield _is_made(key, now_open=bool(place.open))


def _is_made(key: str, *, now_open: bool) -> bool:
    opened: frozenset[str] = st.session_state.get(_OPENED, frozenset())
    if now_open and key not in opened:
        st.session_state[_OPENED] = opened | {key}
    return now_open or key in opened
