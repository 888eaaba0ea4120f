"""Mounting our own components: their script and style come from the files beside this one."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

_HERE = Path(__file__).parent


def case_list() -> ComponentRenderer:
    """Rows of cases; triggers `open` (case id), `refresh` and `turn` ("next" or "back")."""
    return _component("case_list", '<div class="list"></div>')


def tabs() -> ComponentRenderer:
    """The queues; trigger `queue` (key)."""
    return _component("tabs", '<nav class="tabs" aria-label="Queues"></nav>')


def countdown() -> ComponentRenderer:
    """Seconds until a reply leaves; trigger `over`."""
    return _component(
        "countdown",
        '<div class="countdown" role="timer"><span class="words"></span>'
        '<div class="track"><div class="bar"></div></div></div>',
    )


def as_typed() -> ComponentRenderer:
    """Hands over text boxes as somebody types; shows nothing."""
    return _component("as_typed", "<span></span>")


@cache
def _text(name: str) -> str:
    path = _HERE / name
    return path.read_text(encoding="utf-8") if path.is_file() else ""


@cache
def _component(name: str, html: str) -> ComponentRenderer:
    css = _text(f"{name}.css")
    return st.components.v2.component(f"webcare.{name}", html=html, css=css or None, js=_text(f"{name}.js"))
