"""Tab of the desk: when queues are open."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import streamlit as st
from sqlmodel import Session

from webcare import deciding
from webcare.console import safe
from webcare.console.acting import change
from webcare.console.desk import desk
from webcare.console.desk_parts import (
    PLACE,
    changes,
    chosen_day,
    desk_zone,
    draw_changes,
    first_day,
    history,
    queue_titles,
    value_on,
)
from webcare.console.tongue import N_, _, refusal
from webcare.console.trouble import alert, say
from webcare.domain import Actor
from webcare.errors import WebcareError
from webcare.hours import read_hours, read_ranges
from webcare.targets import EVERY_QUEUE

_QUEUE, _DAY, _SHOWN = "hours_queue", "hours_day", "hours_shown"
_ZONE, _MARKET, _HOLIDAYS = "hours_zone", "hours_market", "hours_holidays"
_WEEK: Mapping[str, str] = {
    "1": N_("Monday"),
    "2": N_("Tuesday"),
    "3": N_("Wednesday"),
    "4": N_("Thursday"),
    "5": N_("Friday"),
    "6": N_("Saturday"),
    "7": N_("Sunday"),
}


def show() -> None:
    """Draw the hours of one queue, and what changes with them."""
    titles = {EVERY_QUEUE: _("Every queue without its own"), **queue_titles()}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(_("Queue"), list(titles), format_func=lambda name: safe.line(titles[name]), key=_QUEUE)
        first_day(_DAY)
    _bring()
    left, right = st.columns([1, 1])
    with left:
        for day, name in _WEEK.items():
            st.text_input(safe.label(_(name)), key=_day(day), placeholder=_("closed"), max_chars=120)
    with right:
        with st.container(horizontal=True):
            st.text_input(_("Time zone"), key=_ZONE, max_chars=40)
            st.text_input(_("Market"), key=_MARKET, max_chars=20, placeholder=_("e.g. nl"))
        st.text_area(
            _("Holidays, one a line: date and name"),
            key=_HOLIDAYS,
            height=340,
            placeholder=_("2026-12-25 Christmas Day"),
        )
    found = _preview()
    with st.container(horizontal=True, gap="small"):
        st.button(_("Save the hours"), key="hours_save", type="primary", on_click=_save, disabled=not found)
        if value_on(_name(), chosen_day(_DAY)):
            st.button(_("Always open"), key="hours_none", type="tertiary", on_click=_save, args=(True,))
    history(_name())


def _preview() -> bool:
    if not any(st.session_state.get(_day(day), "").strip() for day in _WEEK):
        told = _("No weekday has hours, so every minute counts. Write them like 09:00-12:30, 13:00-17:30.")
        safe.draw(safe.el("p", told, cls="wc-soft"))
        return False
    try:
        after = _value()
        read_hours(after)
    except WebcareError as error:
        alert("warn", refusal(error))
        return False
    found = changes(_told(value_on(_name(), chosen_day(_DAY))), _told(after))
    draw_changes(found)
    return bool(found)


def _name() -> str:
    return f"hours:{st.session_state.get(_QUEUE, EVERY_QUEUE)}"


def _day(day: str) -> str:
    return f"hours_day_{day}"


def _bring() -> None:
    """Fill the fields with what counts for the chosen queue, once: what somebody types there stays."""
    wanted = (_name(), chosen_day(_DAY))
    if st.session_state.get(_SHOWN) == wanted:
        return
    st.session_state[_SHOWN] = wanted
    value = value_on(*wanted)
    week = value.get("week", {})
    for day in _WEEK:
        st.session_state[_day(day)] = _ranges(week.get(day, []))
    st.session_state[_HOLIDAYS] = "\n".join(f"{one['date']} {one['name']}" for one in value.get("holidays", []))
    st.session_state[_ZONE] = value.get("timezone") or desk().settings.desk.timezone
    st.session_state[_MARKET] = value.get("market", "")


def _ranges(ranges: list[list[str]]) -> str:
    return ", ".join(f"{start}-{end}" for start, end in ranges)


def _value() -> dict[str, Any]:
    """The hours as typed. Raises HoursWrong."""
    days = {day: read_ranges(st.session_state.get(_day(day), "")) for day in _WEEK}
    lines = filter(None, (line.strip() for line in st.session_state.get(_HOLIDAYS, "").splitlines()))
    holidays = [{"date": date, "name": name.strip()} for date, _space, name in (line.partition(" ") for line in lines)]
    value: dict[str, Any] = {
        "timezone": st.session_state.get(_ZONE, "").strip(),
        "week": {day: ranges for day, ranges in days.items() if ranges},
        "holidays": sorted(holidays, key=lambda one: one["date"]),
    }
    market = st.session_state.get(_MARKET, "").strip().lower()
    return value | ({"market": market} if market else {})


def _told(value: Mapping[str, Any]) -> dict[str, str]:
    if not value:
        return {}
    week = value.get("week", {})
    told = {_(name): _ranges(week[day]) for day, name in _WEEK.items() if week.get(day)}
    told |= {one["date"]: _("closed: {name}").format(name=one["name"]) for one in value.get("holidays", [])}
    told[_("Time zone")] = str(value.get("timezone", ""))
    return told | ({_("Market"): str(value["market"])} if value.get("market") else {})


def _save(none: bool = False) -> None:
    queue, day = st.session_state[_QUEUE], chosen_day(_DAY)

    def verb(session: Session, by: Actor, moment: datetime) -> None:
        value = {} if none else _value()
        deciding.decide_hours(session, queue, value, first_day=day, zone=desk_zone(), by=by, now=moment)

    if change(PLACE, verb):
        st.session_state.pop(_SHOWN, None)
        say(PLACE, "good", _("Saved; the hours count from {day} on.").format(day=day.isoformat()))
