"""What the tabs of the desk's page share: queues by their titles, the first day, what changes, and the history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import streamlit as st

from webcare import deciding, policies
from webcare.console import safe, tongue, words
from webcare.console.desk import desk, now
from webcare.console.tongue import _
from webcare.policies import Policy

PLACE = "desk"
_VERSIONS = 8


def queue_titles() -> dict[str, str]:
    """Every queue there is and its title in the reader's language."""
    with desk().store.read() as session:
        own = deciding.own_queues(session, at=now())
    titles = {name: words.word(words.QUEUES, name) for name in words.QUEUES}
    return titles | {one.name: one.titles.get(tongue.speaking()) or one.titles["en"] for one in own}


def desk_zone() -> ZoneInfo:
    """The zone in which the desk's days begin."""
    return ZoneInfo(desk().settings.desk.timezone)


def first_day(key: str) -> None:
    """Ask from which day on a decision counts."""
    today = now().astimezone(desk_zone()).date()
    st.date_input(_("First day"), value=today, min_value=today, key=key, format=tongue.day_format(), width=180)


def chosen_day(key: str) -> date:
    """The day that was asked for."""
    found = st.session_state.get(key)
    return found if isinstance(found, date) else now().astimezone(desk_zone()).date()


def value_on(name: str, day: date) -> Mapping[str, Any]:
    """What would count on a day if nothing were decided now."""
    at = max(now(), datetime.combine(day, datetime.min.time(), desk_zone()))
    with desk().store.read() as session:
        return deciding.standing_value(session, name, at=at)


def changes(before: Mapping[str, str], after: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """What is not the same: name, before, after; a dash for nothing."""
    names = [*before, *(name for name in after if name not in before)]
    return [
        (name, before.get(name, "–"), after.get(name, "–")) for name in names if before.get(name) != after.get(name)
    ]


def draw_changes(found: Sequence[tuple[str, str, str]]) -> None:
    """The changes as a table, or that there is none."""
    if not found:
        safe.draw(safe.el("p", _("Nothing changes yet."), cls="wc-soft"))
        return
    head = row("th", _("What changes"), _("Now"), _("Then"))
    safe.draw(safe.el("table", head, *(row("td", *one) for one in found), cls="wc-table"))


def history(name: str) -> None:
    """Who decided what and from when; the newest first."""
    with desk().store.read() as session:
        found = policies.versions(session, name)[:_VERSIONS]
    if found:
        head = row("th", _("Counts from"), _("Decided by"), _("Decided"))
        rows = [row("td", *_told(one)) for one in found]
        caption = safe.el("caption", _("History"))
        safe.draw(safe.el("table", caption, head, *rows, cls="wc-table"))


def row(cell: str, *values: str) -> safe.Html:
    """One row of a table."""
    return safe.el("tr", *(safe.el(cell, value) for value in values))


def _told(one: Policy) -> tuple[str, ...]:
    moment = now()
    start = one.valid_from.astimezone(desk_zone())
    return (
        f"{words.long_day(start.date())} {start:%H:%M}",
        safe.name(one.agent_name),
        words.clock_time(one.changed_at, now=moment),
    )
