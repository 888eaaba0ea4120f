"""Seven boxes for the hours somebody works, one a day; on one's own account and among people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from webcare.console import safe
from webcare.console.tongue import N_, _
from webcare.people import read_hours, write_hours

WEEKDAYS: Mapping[str, str] = {
    "1": N_("Monday"),
    "2": N_("Tuesday"),
    "3": N_("Wednesday"),
    "4": N_("Thursday"),
    "5": N_("Friday"),
    "6": N_("Saturday"),
    "7": N_("Sunday"),
}


def show_days(place: str, hours: Mapping[str, Any]) -> None:
    """Draw the boxes, filled with the hours as they are; `place` keeps two such forms apart."""
    left, right = st.columns(2, gap="small")
    for number, day in enumerate(WEEKDAYS):
        # Weekdays go down the first column, so that the keyboard visits them in their order.
        (left if number < 4 else right).text_input(
            _(WEEKDAYS[day]), value=write_hours(hours.get(day, ())), key=f"{place}_day_{day}", max_chars=60
        )
    told = _("Write hours like 09:00-12:30, 13:00-17:30; an empty day is free, seven empty days mean always.")
    safe.draw(safe.el("p", told, cls="wc-soft"))


def read_days(place: str) -> dict[str, list[list[str]]]:
    """What stands in the boxes, by weekday; raises WebcareError for what are no hours."""
    return {day: read_hours(st.session_state.get(f"{place}_day_{day}", "")) for day in WEEKDAYS}
