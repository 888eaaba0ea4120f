"""Tab of the desk: how soon an answer is due."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import streamlit as st
from sqlmodel import Session

from webcare import deciding
from webcare.console import safe, words
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
from webcare.console.tongue import N_, _
from webcare.console.trouble import say
from webcare.domain import Actor, Urgency

_QUEUE, _CHANNEL, _DAY, _SHOWN = "targets_queue", "targets_channel", "targets_day", "targets_shown"
_TIMES: Mapping[str, str] = {"first": N_("First answer"), "next": N_("Next answer"), "resolution": N_("Solved")}


def show() -> None:
    """Draw the targets of one queue and network, and what changes with them."""
    titles = queue_titles()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(
            _("Queue"),
            ["", *titles],
            format_func=lambda name: safe.line(titles.get(name, _("Every queue"))),
            key=_QUEUE,
        )
        st.selectbox(
            _("Network"),
            ["", *words.CHANNELS],
            format_func=lambda code: words.word(words.CHANNELS, code) if code else _("Every network"),
            key=_CHANNEL,
        )
        first_day(_DAY)
    _bring()
    for urgency in Urgency:
        _row(urgency)
    before, after = _told(_rows_before()), _told(_rows_after())
    found = changes(before, after)
    draw_changes(found)
    st.button(_("Save the targets"), key="targets_save", type="primary", on_click=_save, disabled=not found)
    history("targets")


def _row(urgency: Urgency) -> None:
    name, *times, always = st.columns([1.1, 2, 2, 2, 1.7], vertical_alignment="center")
    with name:
        default = words.duration(desk().settings.routing.within(urgency.value))
        told = safe.el("strong", words.word(words.URGENCIES, urgency.value))
        soft = safe.el("div", _("settings: {time}").format(time=default), cls="wc-soft")
        safe.draw(safe.el("div", told, soft))
    for column, (time, title) in zip(times, _TIMES.items(), strict=True):
        with column:
            st.number_input(
                f"{safe.label(_(title))} · {safe.label(words.word(words.URGENCIES, urgency.value))}",
                min_value=1,
                max_value=527_040,
                value=None,
                step=5,
                placeholder=_("minutes"),
                key=_key(urgency, time),
            )
    with always:
        st.checkbox(_("Also outside opening hours"), key=_key(urgency, "always"))


def _key(urgency: Urgency, what: str) -> str:
    return f"target_{urgency.value}_{what}"


def _scope() -> tuple[str, str]:
    return st.session_state.get(_QUEUE, ""), st.session_state.get(_CHANNEL, "")


def _bring() -> None:
    """Fill the fields with what counts for the chosen cases, once: what somebody types there stays."""
    wanted = (*_scope(), chosen_day(_DAY))
    if st.session_state.get(_SHOWN) == wanted:
        return
    st.session_state[_SHOWN] = wanted
    rows = {row["urgency"]: row for row in _rows_before() if _of(row) == _scope()}
    for urgency in Urgency:
        row = rows.get(urgency.value, {})
        for time in _TIMES:
            st.session_state[_key(urgency, time)] = int(row[time]) if row.get(time) else None
        st.session_state[_key(urgency, "always")] = bool(row.get("round_the_clock"))


def _of(row: Mapping[str, Any]) -> tuple[str, str]:
    return row.get("queue", ""), row.get("channel", "")


def _rows_before() -> list[dict[str, Any]]:
    return list(value_on("targets", chosen_day(_DAY)).get("rows", []))


def _rows_after() -> list[dict[str, Any]]:
    queue, channel = _scope()
    made = []
    for urgency in Urgency:
        times = {time: st.session_state.get(_key(urgency, time)) for time in _TIMES}
        if not any(times.values()):
            continue
        row: dict[str, Any] = {"urgency": urgency.value, **{time: value for time, value in times.items() if value}}
        row |= {name: value for name, value in (("queue", queue), ("channel", channel)) if value}
        made.append(row | ({"round_the_clock": True} if st.session_state.get(_key(urgency, "always")) else {}))
    return [*(row for row in _rows_before() if _of(row) != _scope()), *made]


def _told(rows: list[dict[str, Any]]) -> dict[str, str]:
    titles = queue_titles()
    found = {}
    for row in rows:
        queue, channel = _of(row)
        name = [words.word(words.URGENCIES, row["urgency"])]
        name += [titles.get(queue, queue)] if queue else []
        name += [words.word(words.CHANNELS, channel)] if channel else []
        said = [f"{_(title)} {_exactly(row[time])}" for time, title in _TIMES.items() if row.get(time)]
        said += [_("also outside opening hours")] if row.get("round_the_clock") else []
        found[" · ".join(name)] = ", ".join(said)
    return found


def _exactly(minutes: float) -> str:
    """A time in hours or days where that loses nothing: a changed minute must show."""
    told = words.duration(timedelta(minutes=minutes))
    whole = minutes % 60 == 0 if minutes >= 24 * 60 else minutes % 1 == 0
    return told if whole else _("{minutes} min").format(minutes=f"{minutes:g}")


def _save() -> None:
    value, day = {"rows": _rows_after()}, chosen_day(_DAY)

    def verb(session: Session, by: Actor, moment: datetime) -> None:
        deciding.decide_targets(session, value, first_day=day, zone=desk_zone(), by=by, now=moment)

    if change(PLACE, verb):
        say(PLACE, "good", _("Saved; the targets count from {day} on.").format(day=day.isoformat()))
