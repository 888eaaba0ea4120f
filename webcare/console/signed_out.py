"""What somebody sees whose sign-in ended: calmly, with the way back, and with what they typed that was not kept yet."""

from __future__ import annotations

import re

import streamlit as st

from webcare import cases, people
from webcare.console import desk as console_desk
from webcare.console import safe
from webcare.console.desk import desk
from webcare.console.tongue import _

_BOX = re.compile(r"(reply|note)_(\d+)")
_UNKEPT = "unkept"


def show() -> None:
    """Draw it."""
    back = safe.el("a", _("Sign in again"), href="/sign-in", target="_self")
    said = _("You are signed out. What you wrote on your cases is kept.")
    safe.draw(safe.el("div", said, " ", back, cls="wc-alert wc-info", role="alert"))
    # Text boxes forget what stands in them once they are not drawn any more.
    st.session_state[_UNKEPT] = {**st.session_state.get(_UNKEPT, {}), **_unkept()}
    texts: dict[str, str] = st.session_state[_UNKEPT]
    if texts:
        safe.draw(
            safe.el("h2", _("Not kept yet"), cls="wc-part"),
            safe.el("p", _("This was typed after the sign-in ended. Copy it before you sign in again."), cls="wc-soft"),
            *(safe.el("pre", text, cls="wc-unkept", tabindex="0") for text in texts.values()),
        )


def _unkept() -> dict[str, str]:
    """What stands in this browser's boxes and is not its owner's draft already."""
    typed = {}
    for key, value in st.session_state.items():
        if isinstance(value, str) and value.strip() and (box := _BOX.fullmatch(str(key))):
            typed[str(key)] = (box[1], int(box[2]), value)
    if not typed:
        return {}
    with desk().store.read() as session:
        owner = people.owner_of(session, console_desk.read_session_token())
        kept = {
            key: cases.draft_of(session, case_id, kind=kind, by=owner) if owner is not None else ""  # type: ignore[arg-type]
            for key, (kind, case_id, _text) in typed.items()
        }
    return {key: value for key, (_kind, _id, value) in typed.items() if value.strip() != kept[key].strip()}
