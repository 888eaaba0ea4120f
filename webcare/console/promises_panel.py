"""Promises of ours: on the case they were made in, and all of them on a page, the earliest due first."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import streamlit as st
from sqlmodel import Session

from webcare.cases.promises import (
    BROKEN,
    PromiseView,
    break_promise,
    drop_promise,
    keep_promise,
    move_promise,
    promise_list,
    promises_of,
)
from webcare.console import chrome, menus, safe, waiting, words
from webcare.console.acting import act
from webcare.console.desk import desk, now, zone
from webcare.console.tongue import N_, _, counted, day_format
from webcare.console.trouble import show_news
from webcare.domain import Actor, DeliveryState
from webcare.people import Permission, may, require
from webcare.store.queries import CaseView

PLACE = "promises"
#: Promises with buttons on a case; more of them is a case somebody should close.
_BUTTONS = 6
_DAY_ENDS = time(23, 59)
_EVERYBODY, _MINE, _LATE = N_("Everybody's"), N_("On my cases"), N_("Late")

_ACTS = {"kept": N_("Kept"), "unkept": N_("Not kept"), "drop": N_("Not a promise")}

Settle = Callable[..., object]


def show(view: CaseView, me: Actor) -> None:
    """Draw the open promises of a case with what can be done about them; nothing where there is none."""
    if not any(one.state == DeliveryState.SENT for one in view.deliveries):
        return
    with desk().store.read() as session:
        found = promises_of(session, view.case.id)
    if not found:
        return
    with st.container(key="wc_promises", gap="xsmall"):
        told = _("what we said would happen by when")
        safe.draw(
            safe.el("div", safe.el("span", _("Promises")), safe.el("small", told), cls="wc-title"),
        )
        show_news(PLACE)
        for one in found[:_BUTTONS]:
            safe.draw(_said(one))
            if may(me, Permission.WORK_CASES):
                _buttons(one)


def show_page() -> None:
    """Draw every open or broken promise of the desk as one table."""
    me = chrome.me_or_stop()
    require(me, Permission.SEE_CASES)
    with desk().store.read() as session:
        found = promise_list(session)
    late = [one for one in found if one.late(now())]
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        told = counted("{count} late", "{count} late", len(late)) if late else ""
        safe.draw(
            safe.el(
                "div", safe.el("h1", _("Promises")), safe.el("span", told, cls="wc-chip wc-chip-red"), cls="wc-head"
            )
            if told
            else safe.el("div", safe.el("h1", _("Promises")), cls="wc-head"),
            width="content",
        )
        whose = st.segmented_control(
            _("Whose promises"), [_EVERYBODY, _MINE, _LATE], format_func=_, default=_EVERYBODY, required=True,
            key="promises_whose", label_visibility="collapsed",
        )  # fmt: skip
    show_news(PLACE)
    if whose == _MINE:
        found = tuple(one for one in found if one.assignee_id == me.id)
    elif whose == _LATE:
        found = tuple(late)
    safe.draw(_table(found))


def _table(found: tuple[PromiseView, ...]) -> safe.Html:
    if not found:
        told = _("No promise is open.")
        why = _("What a sent reply says will happen by a time comes here until somebody says that it did.")
        return safe.nothing_here(told, why)
    heads = [safe.el("th", name) for name in (_("Due"), _("What we said"), _("To"), _("Said by"), _("Kept?"))]
    rows = [
        safe.el(
            "tr",
            safe.el("td", _due(one)),
            safe.el("td", _sentence(one)),
            safe.el(
                "td",
                safe.el("a", safe.name(one.customer or "?"), href=f"/case?case={one.case_id}", target="_self"),
                safe.el("small", " ", words.word(words.CHANNELS, one.channel), cls="wc-soft"),
            ),
            safe.el("td", safe.name(one.author)),
            safe.el("td", _("We wrote again; look whether that settled it") if one.written_since else "–"),
        )
        for one in found
    ]
    return safe.el("table", safe.el("tr", *heads), *rows, cls="wc-table wc-promise-table")


def _said(one: PromiseView) -> safe.Html:
    parts = [_due(one), " ", _sentence(one)]
    if one.moved_from is not None:
        told = _("moved from {time}: {reason}").format(
            time=words.clock_time(one.moved_from, now=now()), reason=safe.line(one.reason)
        )
        parts.append(safe.el("small", told, cls="wc-soft"))
    if one.written_since is not None:
        asks = _("We wrote again at {time}. Kept?").format(time=words.clock_time(one.written_since, now=now()))
        parts.append(safe.el("div", asks, cls="wc-waits"))
    return safe.el("div", *parts, cls="wc-promise")


def _sentence(one: PromiseView) -> safe.Html:
    start = one.sentence.find(one.words)
    marks = [(start, start + len(one.words), "wc-shareable")] if start >= 0 else []
    return safe.marked(one.sentence, marks)


def _due(one: PromiseView) -> safe.Html:
    moment = now()
    when = _when(one.due_at, moment)
    if one.late(moment):
        gone = words.duration(moment - one.due_at)
        told = _("Broken {time} ago") if one.state == BROKEN else _("{time} late")
        return safe.el("span", told.format(time=gone), cls="wc-chip wc-chip-red", title=when)
    soon = one.due_at - moment < timedelta(hours=4)
    told = _("due {time}").format(time=when)
    return safe.el("span", told, cls=f"wc-chip wc-chip-{'orange' if soon else 'green'}")


def _when(due: datetime, moment: datetime) -> str:
    """The day and, where it is not merely the end of it, the time; where days end is the desk's matter."""
    at_the_desk = due.astimezone(ZoneInfo(desk().settings.desk.timezone))
    local = due.astimezone(zone())
    if at_the_desk.time() >= _DAY_ENDS:
        return words.day(at_the_desk.date(), now=moment)
    return f"{words.day(local.date(), now=moment)} {local:%H:%M}"


def _buttons(one: PromiseView) -> None:
    with st.container(horizontal=True, gap="xsmall"):
        _button("kept", one, keep_promise, primary=one.written_since is not None)
        if one.state != BROKEN and one.due_at < now():
            _button("unkept", one, break_promise)
        _move(one)
        _button("drop", one, drop_promise)


def _button(code: str, one: PromiseView, verb: Settle, *, primary: bool = False) -> None:
    def settle(session: Session, me: Actor, moment: datetime) -> None:
        verb(session, one.id, by=me, now=moment)
        waiting.forget_counts()

    st.button(
        words.word(_ACTS, code), key=f"{code}_{one.id}", type="primary" if primary else "secondary", on_click=act,
        args=(PLACE, settle),
    )  # fmt: skip


def _move(one: PromiseView) -> None:
    with menus.menu(_("Move"), key=f"move_menu_{one.id}") as is_made:
        if not is_made:
            return
        day_key, why_key = f"move_day_{one.id}", f"move_why_{one.id}"
        today = now().astimezone(zone()).date()
        st.date_input(
            _("New day, agreed with the customer"),
            key=day_key,
            value=today + timedelta(days=1),
            min_value=today,
            format=day_format(),
        )
        st.text_input(_("Why"), key=why_key)

        def move(session: Session, me: Actor, moment: datetime) -> None:
            due = datetime.combine(st.session_state[day_key], _DAY_ENDS, tzinfo=ZoneInfo(desk().settings.desk.timezone))
            move_promise(session, one.id, due_at=due, reason=st.session_state[why_key], by=me, now=moment)
            waiting.forget_counts()

        st.button(_("Move it"), key=f"move_{one.id}", on_click=act, args=(PLACE, move))
