"""Incidents: alarms that wait for a look and incidents that are open; one of them is looked at beside the list."""

from __future__ import annotations

from datetime import datetime, timedelta

import streamlit as st
from sqlmodel import Session

from webcare.console import banner, chrome, incident_open, safe
from webcare.console.acting import Verb, act
from webcare.console.desk import desk, now
from webcare.console.incident_words import JOKES, STATES, about, chip, risen, title
from webcare.console.tongue import _, counted
from webcare.console.trouble import show_news
from webcare.console.words import duration, word
from webcare.domain import Actor
from webcare.incidents import mode, reading
from webcare.incidents.reading import Incident, Whole
from webcare.people import Permission, may, require

PLACE = "incidents"
_CHOSEN, _NAME, _JOKES, _REASON = "incident_chosen", "incident_name", "incident_jokes", "incident_reason"
_NEW_NAME, _NEW_CASES = "incident_new_name", "incident_new_cases"
#: Alarms of so long say how often they are right.
_JUDGED = timedelta(days=90)


def show() -> None:
    """Draw the list, and the one that is looked at."""
    me = chrome.me_or_stop()
    require(me, Permission.SEE_CASES)
    with desk().store.read() as session:
        found = reading.incidents(session, by=me)
        right = reading.precision(session, since=now() - _JUDGED)
    _head(right, me)
    show_news(PLACE)
    if not found:
        told = _("Nothing is wrong for many at once.")
        why = _("When more customers than usual write about the same, an alarm comes here by itself.")
        safe.draw(safe.nothing_here(told, why))
        return
    left, right_side = st.columns([1, 2.6], gap="medium")
    with left:
        chosen = _choose(found)
    with right_side:
        with desk().store.read() as session:
            whole = reading.whole(session, chosen, by=me)
        _one(whole, me)


def _head(right: reading.Precision, me: Actor) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        safe.draw(
            safe.el(
                "div", safe.el("h1", _("Incidents")), safe.el("span", _judged(right), cls="wc-soft"), cls="wc-head"
            ),
            width="content",
        )
        if may(me, Permission.RUN_INCIDENTS):
            with st.popover(_("Open one by hand"), icon=":material/add_alert:", key="incident_by_hand"):
                st.text_input(_("What is wrong, in a few words"), key=_NEW_NAME, max_chars=mode.MAX_NAME)
                st.text_input(
                    _("Cases that are hit"), key=_NEW_CASES, placeholder="1204, 1207",
                    help=_("Numbers of cases, if you know some already."),
                )  # fmt: skip
                st.button(
                    _("Open the incident"),
                    key="incident_open_new",
                    type="primary",
                    on_click=act,
                    args=(PLACE, _open_new),
                )


def _judged(right: reading.Precision) -> str:
    if right.share is None:
        return _("No alarm was judged yet.")
    told = _("Alarms of 90 days: {right} right, {false} false ({share} % right).")
    return told.format(right=right.right, false=right.false, share=round(100 * right.share))


def _choose(found: tuple[Incident, ...]) -> int:
    ids = [one.id for one in found]
    asked = st.query_params.pop("incident", "")
    if asked.isascii() and asked.isdigit() and int(asked) in ids:
        st.session_state[_CHOSEN] = int(asked)
    if st.session_state.get(_CHOSEN) not in ids:
        st.session_state[_CHOSEN] = ids[0]
    names = {one.id: safe.label(title(one), limit=80) for one in found}
    with st.container(key="wc_approvals"):
        st.radio(
            _("Alarms and incidents, those that need somebody first"), ids, format_func=names.__getitem__, key=_CHOSEN,
            captions=[_caption(one) for one in found], width="stretch",
        )  # fmt: skip
    return int(st.session_state[_CHOSEN])


def _caption(one: Incident) -> str:
    cases = counted("{count} case", "{count} cases", one.hit)
    ago = _("{time} ago").format(time=duration(now() - one.found_at))
    return safe.label(f"{word(STATES, one.state)} · {ago} · {cases}", limit=120)


def _one(whole: Whole, me: Actor) -> None:
    one = whole.incident
    safe.draw(
        safe.el("div", safe.el("h2", safe.line(title(one), limit=80)), chip(one), cls="wc-head"),
        safe.el("p", risen(one), cls="wc-soft") if risen(one) else safe.Html(""),
        _in_common(one),
    )
    if one.state == mode.ALARM:
        if may(me, Permission.RUN_INCIDENTS):
            _judge(one)
        safe.draw(incident_open.people(whole))
        return
    if one.state == mode.FALSE_ALARM:
        told = _("A false alarm: {why}").format(why=safe.line(one.reason, limit=300))
        safe.draw(safe.el("p", told), incident_open.people(whole))
        return
    incident_open.show(whole, me, PLACE)


def _in_common(one: Incident) -> safe.Html:
    if not one.words:
        return safe.Html("")
    chips = [safe.el("span", safe.line(found, limit=40), cls="wc-chip") for found in one.words]
    return safe.el("div", safe.el("span", _("What they have in common:"), cls="wc-soft"), *chips, cls="wc-head")


def _judge(one: Incident) -> None:
    if st.session_state.get("incident_named") != one.id:
        st.session_state["incident_named"], st.session_state[_NAME] = one.id, about(one.series)
    st.text_input(_("Name of the incident"), key=_NAME, max_chars=mode.MAX_NAME)
    st.segmented_control(
        _("Hold jokes while it is open"), list(JOKES), format_func=lambda code: _(JOKES[code]),
        default="cases", required=True, key=_JOKES,
    )  # fmt: skip
    with st.container(horizontal=True, gap="small"):
        st.button(
            _("Open the incident"), key="incident_open", type="primary", on_click=act, args=(PLACE, _open(one.id))
        )
        with st.popover(_("False alarm"), key="incident_false_menu"):
            st.text_input(_("Why"), key=_REASON, max_chars=200)
            st.button(_("It was a false alarm"), key="incident_false", on_click=act, args=(PLACE, _false(one.id)))


def _open(incident_id: int) -> Verb:
    def verb(session: Session, me: Actor, moment: datetime) -> None:
        state = st.session_state
        mode.open_incident(
            session, incident_id=incident_id, name=state[_NAME], jokes=state.get(_JOKES) or "", by=me, now=moment
        )
        banner.look_again()

    return verb


def _false(incident_id: int) -> Verb:
    def verb(session: Session, me: Actor, moment: datetime) -> None:
        mode.call_false(session, incident_id, reason=st.session_state[_REASON], by=me, now=moment)
        banner.look_again()

    return verb


def _open_new(session: Session, me: Actor, moment: datetime) -> None:
    state = st.session_state
    made = mode.open_incident(
        session, name=state[_NEW_NAME], case_ids=incident_open.numbers(state[_NEW_CASES]), by=me, now=moment
    )
    state[_CHOSEN] = made
    state[_NEW_NAME] = state[_NEW_CASES] = ""
    banner.look_again()
