"""The case: what the customer wrote, what we answered, what colleagues know, and the two places to write.

Left is public (the thread and, in blue, the reply), right is ours alone (in yellow the notes; below them why the case
is here, who the customer is, and what happened). What refreshes by itself stands in places reserved for it.
"""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from webcare import cases
from webcare.cases.clocks import solution_clock
from webcare.cases.presence import Looker
from webcare.cases.tagging import tags_of
from webcare.console import (
    approval_panel,
    case_actions,
    case_keys,
    case_why,
    chrome,
    customer_panel,
    defect_panel,
    handover_panel,
    incident_panel,
    notes_panel,
    post_actions,
    presence_line,
    promises_panel,
    reply_panel,
    reply_shelf,
    safe,
    slip_panel,
    thread,
    timeline_panel,
)
from webcare.console.acting import draw_everything_if_asked, draw_everything_next, everything_is_drawn
from webcare.console.desk import desk, now
from webcare.console.news import news_after, remember_seen, seen_of
from webcare.console.presence_line import Places
from webcare.console.tongue import _, refusal
from webcare.console.trouble import alert, show_news
from webcare.console.watching import answers, digest, read_or_watch, watch
from webcare.domain import UNSETTLED_DELIVERIES, Actor
from webcare.errors import CaseNotFound
from webcare.people import Permission, require
from webcare.store.queries import MAX_HISTORY, CaseView, case_view, version_of

PLACE = "case"
#: How often the page looks whether the case changed, in seconds: oftener while a reply is on its way, seldomer while
#: it is behind another, where it still counts as open (`presence.SEEN_FOR`).
_LOOK_S, _LOOK_CLOSELY_S, _LOOK_HIDDEN_S = 4.0, 1.5, 20.0
_BESIDE = "beside"


def show() -> None:
    """Draw the case named in the address."""
    me = chrome.me_or_stop()
    require(me, Permission.SEE_CASES)
    everything_is_drawn()
    case_actions.leave_if_asked(me)
    view = _view_in_address()
    presence_line.left_elsewhere(view.case.id if view else None, me)
    if view is None:
        return
    remember_seen(view)
    case_actions.show_head(view, me)
    head = _standing(view, me)
    show_news(PLACE)
    left, right = st.columns([1.45, 1], gap="medium")
    with left, st.container(key="wc_left", gap="small"):
        reply = _public_side(view, me)
    with right, st.container(key="wc_right", gap="small"):
        _our_side(view, me)
    _watch(view, Places(head, reply))
    case_keys.listen(view.case.id)


def _view_in_address() -> CaseView | None:
    try:
        number = _number_in(st.query_params.get("case", ""))
        with desk().store.read() as session:
            # One event tells what was seen; all of them take longer than the rest, and only one tab shows them.
            newest = MAX_HISTORY if st.session_state.get(_BESIDE) == _("History") else 1
            return case_view(session, number, newest_events=newest)
    except CaseNotFound as error:
        alert("info", refusal(error), " ", safe.el("a", _("Back to the queues"), href="/", target="_self"))
        return None


def _number_in(told: str) -> int:
    if not (told.isascii() and told.isdigit() and len(told) < 16):
        raise CaseNotFound(_("The address of this page names no case."))
    return int(told)


def _standing(view: CaseView, me: Actor) -> st.delta_generator.DeltaGenerator:
    """How the case stands, and beside it the place for who else looks at it."""
    with desk().store.read() as session:
        tags = tags_of(session, [view.case.id]).get(view.case.id, ())
        solution = solution_clock(session, view.case.id, part=desk().settings.alerts.warn_at)
    with st.container(
        key="wc_standing", horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
    ):
        safe.draw(case_actions.standing(view, me, tags, solution), width="content")
        return presence_line.reserve("wc_here")


def _public_side(view: CaseView, me: Actor) -> st.delta_generator.DeltaGenerator:
    with desk().store.read() as session:
        done = cases.actions_of(session, view.case.id)
    with st.container(key="wc_conversation"):
        thread.show(view, done, case_why.weighing(view) if _explains() else {})
    with st.container(key="wc_between", horizontal=True, vertical_alignment="center"):
        post_actions.show(view, done, me)
        place = presence_line.reserve("wc_writing")
    # What comes and goes has a place of its own: otherwise what stands below would be another part of the page each
    # time, made anew under somebody's hands.
    with st.container(gap="small"):
        approval_panel.show(view, me)
    with st.container(gap="small"):
        reply_panel.show_leaving(view, me)
    reply_panel.show(view, me)
    reply_shelf.show(view, me)
    return place


def _our_side(view: CaseView, me: Actor) -> None:
    with st.container(gap="small"):
        incident_panel.show(view, me)
        handover_panel.show(view, me)
        promises_panel.show(view, me)
    notes_panel.show(view, me)
    tabs = st.tabs([_("Why it is here"), _("Customer"), _("History")], key=_BESIDE, on_change="rerun")
    for tab, panel in zip(tabs, (case_why.show, customer_panel.show, timeline_panel.show), strict=True):
        # Only what is open is made.
        if tab.open:
            with tab, st.container(key="wc_panel", gap="xsmall"):
                panel(view, me)
    defect_panel.show(view, me)
    slip_panel.show(view)


def _explains() -> bool:
    """Whether the tab with the reasons, the first one, is open."""
    return st.session_state.get(_BESIDE) in (None, _("Why it is here"))


def _watch(view: CaseView, places: Places) -> None:
    moving = any(delivery.state in UNSETTLED_DELIVERIES for delivery in view.deliveries)
    st.fragment(_look)(view.case.id, places, _LOOK_CLOSELY_S if moving else _LOOK_S)


def _look(case_id: int, places: Places, every_s: float) -> None:
    """Say who is here and what is new without moving what somebody reads; only our own reply's progress is drawn."""
    draw_everything_if_asked()
    me, question = chrome.me_or_stop(), f"case {case_id}"
    others, version = read_or_watch(question, every_s, lambda: _standing_now(case_id, me))
    watch(question, digest(others, version), every_s=every_s, hidden_s=_LOOK_HIDDEN_S)
    presence_line.show(others, places)
    with desk().store.read() as session:
        news = news_after(session, case_id, seen_of(case_id), me, now=now())
    if news is None:
        return
    if news.only_our_reply:
        st.rerun(scope="app")
    with st.container(horizontal=True, vertical_alignment="center", key="wc_fresh"):
        alert("info", *news.words)
        st.button(_("Show what is new"), key="show_news", on_click=draw_everything_next)


def _standing_now(case_id: int, me: Actor) -> tuple[tuple[Looker, ...], int]:
    others = presence_line.look(case_id, me, now())
    with desk().store.read() as session:
        return others, version_of(session, case_id)


@answers("case")
def _mark(me: Actor, argument: str, moment: datetime) -> str:
    """Who else is there and how often the case was changed; also says that this person still has it open."""
    case_id = _number_in(argument)
    others = presence_line.still_there(case_id, me, moment)
    with desk().store.read() as session:
        return digest(others, version_of(session, case_id))
