"""The case: what the customer wrote, what we answered, what colleagues know, and the two places to write.

Left is public (the thread and, in blue, the reply), right is ours alone (in yellow the notes, then why it is here).
"""

from __future__ import annotations

import streamlit as st

from webcare.console import case_actions, case_why, chrome, notes_panel, reply_panel, safe, slip_panel, thread
from webcare.console.acting import draw_everything_if_asked, draw_everything_next, everything_is_drawn
from webcare.console.components import mount
from webcare.console.desk import desk, now
from webcare.console.news import news_after, remember_seen, seen_of
from webcare.console.trouble import alert, show_news
from webcare.domain import UNSETTLED_DELIVERIES, Actor
from webcare.errors import CaseNotFound
from webcare.people import Permission, require
from webcare.store.queries import CaseView, case_view

PLACE = "case"
#: How often the page looks whether the case changed, in seconds: oftener while a reply is on its way.
_LOOK_S, _LOOK_CLOSELY_S = 5.0, 1.5


def show() -> None:
    """Draw the case named in the address."""
    me = chrome.me_or_stop()
    require(me, Permission.SEE_CASES)
    everything_is_drawn()
    case_actions.leave_if_asked()
    view = _view_in_address()
    if view is None:
        return
    remember_seen(view)
    case_actions.show_head(view, me)
    show_news(PLACE)
    _watch(view)
    left, right = st.columns([1.45, 1], gap="medium")
    with left:
        thread.show(view)
        reply_panel.show(view, me)
    with right:
        notes_panel.show(view, me)
        case_why.show(view, me)
        slip_panel.show(view)
    _hand_over_as_typed(view.case.id)


def _view_in_address() -> CaseView | None:
    number = st.query_params.get("case", "")
    try:
        if not (number.isascii() and number.isdigit() and len(number) < 16):
            raise CaseNotFound("The address of this page names no case.")
        with desk().store.read() as session:
            return case_view(session, int(number))
    except CaseNotFound as error:
        alert("info", str(error), " ", safe.el("a", "Back to the queues", href="/", target="_self"))
        return None


def _watch(view: CaseView) -> None:
    moving = any(delivery.state in UNSETTLED_DELIVERIES for delivery in view.deliveries)
    st.fragment(_look, run_every=_LOOK_CLOSELY_S if moving else _LOOK_S)(view.case.id)


def _look(case_id: int) -> None:
    """Say what is new without moving what somebody reads; only our own reply's progress is drawn at once."""
    draw_everything_if_asked()
    me: Actor = chrome.me_or_stop()
    with desk().store.read() as session:
        news = news_after(session, case_id, seen_of(case_id), me, now=now())
    if news is None:
        return
    if news.only_our_reply:
        st.rerun(scope="app")
    with st.container(horizontal=True, vertical_alignment="center"):
        alert("info", *news.words)
        st.button("Show what is new", key="show_news", on_click=draw_everything_next)


def _hand_over_as_typed(case_id: int) -> None:
    mount.as_typed()(key="as_typed", data={"keys": [reply_panel.key_of(case_id), notes_panel.key_of(case_id)]})
