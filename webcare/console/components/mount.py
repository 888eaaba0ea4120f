"""Mounting our own components: their script and style come from the files beside this one."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

_HERE = Path(__file__).parent


def case_list() -> ComponentRenderer:
    """Rows of cases.

    Triggers: `open` ({id, do}), `refresh`, `turn` ("next" or "back"), `assign` ({ids, to}), `bulk` ({action, ids}),
    `undo` and `hush`.
    """
    bones = "<i></i>" * 9
    html = f'<div class="list"><div class="skeleton" aria-hidden="true">{bones}</div></div><div class="over"></div>'
    return _component("case_list", html, "case_list_picking", "case_list_keys")


def tabs() -> ComponentRenderer:
    """The queues and the menu of saved views.

    Triggers: `queue` (key), `view` and `delete` (id of a view), `rename` ({id, name}) and `save` ({name, shared}).
    """
    return _component("tabs", '<nav class="tabs"></nav><div class="over"></div>')


def countdown() -> ComponentRenderer:
    """Time until a reply leaves, or until a network takes none; trigger `over`."""
    return _component(
        "countdown",
        '<div class="countdown" role="timer"><span class="words"></span>'
        '<div class="track"><div class="bar"></div></div></div>',
    )


def as_typed() -> ComponentRenderer:
    """Hands over one text box as somebody types, and says that it is kept.

    Triggers: `found` ({text, seen}: words that never arrived), `pasted` (text) and `untold` (mark of a text that should
    stand in the box and does not).
    """
    return _component("as_typed", '<span class="kept" aria-hidden="true"></span>')


def case_keys() -> ComponentRenderer:
    """The keys of the case page and links to other cases; triggers `open` (case id) and `undo` (case id)."""
    return _component("case_keys", '<dialog></dialog><div class="said" role="status"></div>')


def shelf() -> ComponentRenderer:
    """Texts to answer with; triggers `insert` ({id, language}), `search` (words) and `load` (mark)."""
    return _component("shelf", '<div class="shelf"></div>')


def text_list() -> ComponentRenderer:
    """The saved replies, and the hand-over of the one being written; triggers `open` (id, 0 = new) and `search`."""
    return _component("text_list", '<div class="texts"></div>')


def watch() -> ComponentRenderer:
    """Nothing to be seen; trigger `changed` (the mark as it is now) when what a part shows has another mark."""
    return _component("watch", "<i></i>")


@cache
def _text(name: str) -> str:
    path = _HERE / name
    return path.read_text(encoding="utf-8") if path.is_file() else ""


@cache
def _component(name: str, html: str, *parts: str) -> ComponentRenderer:
    """One component; `parts` are further scripts that belong to the first."""
    css = _text(f"{name}.css")
    js = "\n".join(_text(f"{part}.js") for part in (name, *parts))
    return st.components.v2.component(f"webcare.{name}", html=html, css=css or None, js=js)
