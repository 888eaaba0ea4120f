"""The case page by keyboard, and links to other cases that open in the same page.

Letters count only while nobody types. They press the buttons that stand on the page, so that what a key does is what
the button does, its permission and its refusal included.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from webcare.console import case_actions, chrome
from webcare.console.acting import draw_everything_next
from webcare.console.components import mount
from webcare.console.tongue import N_, _

KEY = "case_keys"
_FOCUS = "case_focus"
#: What `?do=` may ask for.
_PLACES = ("note", "reply", "handover", "assign")
_HELP = (
    ("R", N_("Write the reply")),
    ("N", N_("Write a note")),
    ("E", N_("Hand over")),
    ("A", N_("Assign")),
    ("Z", N_("Undo the last step, or a reply that has not left")),
    ("J", N_("Next case of the list you came from")),
    ("K", N_("Case before it")),
    ("U", N_("Back to the queue")),
    ("?", N_("This help")),
)


def listen(case_id: int) -> None:
    """Put the listener on the page."""
    after, before = _neighbours(case_id)
    mount.case_keys()(
        key=KEY,
        data={
            "case": case_id,
            "next": after,
            "before": before,
            "focus": _wanted(case_id),
            "title": _("Keys on this page"),
            "close": _("Close"),
            "no_more": _("That was the last case of the list."),
            "help": [[key, _(said)] for key, said in _HELP],
        },
        on_open_change=_open,
        on_undo_change=_undo,
    )


def _wanted(case_id: int) -> list[Any]:
    """The place `?do=` asks to begin at and a number that tells one asking from the next; taken from the address."""
    place = st.query_params.get("do", "")
    if place:
        del st.query_params["do"]
    if place in _PLACES:
        turn = st.session_state.get(_FOCUS, (0, "", 0))[2] + 1
        st.session_state[_FOCUS] = (case_id, place, turn)
    asked = st.session_state.get(_FOCUS, (0, "", 0))
    return [asked[1], asked[2]] if asked[0] == case_id else ["", 0]


def _neighbours(case_id: int) -> tuple[int, int]:
    """The cases after and before this one in the list one came from; 0 where there is none."""
    shown = st.session_state.get("queue_shown")
    ids = [item.id for item in shown.items] if shown is not None else []
    if case_id not in ids:
        return 0, 0
    at = ids.index(case_id)
    return (ids[at + 1] if at + 1 < len(ids) else 0), (ids[at - 1] if at else 0)


def _open() -> None:
    case_id = _asked("open")
    if isinstance(case_id, int) and 0 < case_id < 10**15:
        case_actions.gone_from(st.query_params.get("case", ""), chrome.me_or_stop())
        st.query_params["case"] = str(case_id)
        draw_everything_next()


def _undo() -> None:
    case_id = _asked("undo")
    if isinstance(case_id, int) and str(case_id) == st.query_params.get("case"):
        case_actions.undo_last(case_id)


def _asked(name: str) -> object:
    return st.session_state[KEY].get(name)
