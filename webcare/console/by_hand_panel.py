"""Where a network takes no answer from here: why, the way to the post there, and the record of what was answered."""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from webcare import cases
from webcare.console import safe
from webcare.console.asking import Way
from webcare.console.desk import now, zone
from webcare.console.tongue import _, day_format


def show_why(way: Way, network: str) -> None:
    """Say why, and where it can be answered."""
    there = safe.web_address(way.open_url)
    link = (
        safe.el(
            "a",
            _("Open the post on {network}").format(network=network),
            href=there,
            target="_blank",
            rel="noopener noreferrer",
        )
        if there
        else safe.Html("")
    )
    steps = _("Write the answer here so that it is checked, post it there, and record it.")
    safe.draw(
        safe.el(
            "div",
            safe.el("strong", _("{network} takes no answer from here.").format(network=network)),
            " ",
            _(way.reason) or _("{network} does not say why.").format(network=network),
            safe.el("p", link, " ", safe.el("span", steps, cls="wc-soft")),
            cls="wc-alert wc-warn wc-refused",
            role="alert",
        )
    )


def show_fields(case_id: int) -> None:
    """When it was given, and where it stands."""
    with st.container(horizontal=True):
        st.datetime_input(
            _("When it was posted there"),
            value=now().astimezone(zone()).replace(tzinfo=None, second=0, microsecond=0),
            key=_at(case_id),
            step=60,
            format=day_format(),
        )
        st.text_input(_("Link to it, if you have it"), key=_link(case_id), max_chars=2000)


def given(case_id: int) -> cases.ByHand:
    """What the fields say."""
    moment = now()
    at: datetime | None = st.session_state.get(_at(case_id))
    if at is not None:
        at = at.replace(tzinfo=zone()).astimezone(moment.tzinfo)
    # The field shows minutes: the one of this very moment began before it.
    return cases.ByHand(at or moment, st.session_state.get(_link(case_id), ""))


def forget(case_id: int) -> None:
    """Empty the fields for the next answer."""
    for key in (_at(case_id), _link(case_id)):
        st.session_state.pop(key, None)


def _at(case_id: int) -> str:
    return f"by_hand_at_{case_id}"


def _link(case_id: int) -> str:
    return f"by_hand_link_{case_id}"
