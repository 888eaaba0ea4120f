"""The rows a specialist writes facts in: what, from where, until when, and whether the customer may be told.

What stands in them is kept on the server as it is typed, all rows together, so that a reload loses nothing.
"""

from __future__ import annotations

import json
from datetime import date, datetime, time, timedelta
from typing import Any

import streamlit as st
from sqlmodel import Session

from webcare import cases
from webcare.cases import Fact
from webcare.cases.handing_over import MAX_FACT
from webcare.console.acting import change
from webcare.console.desk import desk, now, zone
from webcare.console.tongue import _, day_format
from webcare.domain import Actor

_PLACE = "handover_typing"
#: Rows one can have on the screen; an answer that needs more wants a document.
_MOST = 8
_PARTS = ("text", "source", "until", "public")


def remark_key(case_id: int) -> str:
    """The key of the box for the remark."""
    return f"pass_text_{case_id}"


def start(case_id: int, me: Actor) -> None:
    """Before the form is drawn: fill it with what was kept."""
    # Streamlit forgets boxes that are not drawn, so the box of the remark tells whether the form was left.
    if remark_key(case_id) in st.session_state and _count(case_id) in st.session_state:
        return
    with desk().store.read() as session:
        kept = cases.draft_of(session, case_id, kind="facts", by=me)
    found: dict[str, Any] = json.loads(kept) if kept else {}
    rows = found.get("rows", [])[:_MOST]
    st.session_state[_count(case_id)] = max(len(rows), 1)
    st.session_state.setdefault(remark_key(case_id), found.get("remark", ""))
    for number, row in enumerate(rows):
        st.session_state[_key(case_id, number, "text")] = row.get("text", "")
        st.session_state[_key(case_id, number, "source")] = row.get("source", "")
        st.session_state[_key(case_id, number, "public")] = row.get("public", False)
        until = date.fromisoformat(row["until"]) if row.get("until") else None
        # A day that is over by now cannot be chosen any more.
        st.session_state[_key(case_id, number, "until")] = until if until and until >= _today() else None


def draw(case_id: int) -> None:
    """Draw the rows and the button for one more."""
    count: int = st.session_state.get(_count(case_id), 1)
    for number in range(count):
        _row(case_id, number)
    if count < _MOST:
        st.button(_("Another fact"), key=f"more_facts_{case_id}", icon=":material/add:", type="tertiary",
                  on_click=_more, args=(case_id,))  # fmt: skip


def facts(case_id: int) -> list[Fact]:
    """The rows that say something."""
    found = []
    for number in range(st.session_state.get(_count(case_id), 1)):
        text, source, until, public = (st.session_state.get(_key(case_id, number, part)) for part in _PARTS)
        if text and text.strip():
            found.append(Fact(text, bool(public), source or "", _end_of(until) if until else None))
    return found


def remark(case_id: int) -> str:
    """What stands in the box for the remark."""
    return st.session_state.get(remark_key(case_id)) or ""


def forget(case_id: int) -> None:
    """Empty the form; the answer has left."""
    for number in range(_MOST):
        for part in _PARTS:
            st.session_state.pop(_key(case_id, number, part), None)
    st.session_state.pop(_count(case_id), None)
    st.session_state[remark_key(case_id)] = ""


def keep(case_id: int) -> None:
    """Keep the whole form as this person's draft."""
    rows = [
        {part: st.session_state.get(_key(case_id, number, part)) or "" for part in _PARTS}
        for number in range(st.session_state.get(_count(case_id), 1))
    ]
    said = remark(case_id) or any(row["text"] or row["source"] for row in rows)
    text = json.dumps({"remark": remark(case_id), "rows": rows}, default=str, ensure_ascii=False) if said else ""

    def save(session: Session, me: Actor, moment: datetime) -> None:
        cases.save_draft(session, case_id, kind="facts", text=text, by=me, now=moment)

    change(_PLACE, save)


def _row(case_id: int, number: int) -> None:
    again: dict[str, Any] = {"on_change": keep, "args": (case_id,)}
    with st.container(key=f"wc_fact_{number}", gap="xsmall"):
        st.text_area(
            _("What you know") if not number else _("And also"),
            key=_key(case_id, number, "text"),
            height=68,
            max_chars=MAX_FACT,
            placeholder=_("One fact, as the customer could be told it"),
            **again,
        )
        with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
            st.text_input(
                _("Known from"), key=_key(case_id, number, "source"), max_chars=200,
                placeholder=_("warehouse, carrier, terms …"), **again,
            )  # fmt: skip
            st.date_input(
                _("Holds until"),
                value=None,
                min_value=_today(),
                format=day_format(),
                key=_key(case_id, number, "until"),
                **again,
            )
            st.toggle(_("The customer may be told"), key=_key(case_id, number, "public"), **again)


def _more(case_id: int) -> None:
    st.session_state[_count(case_id)] = st.session_state.get(_count(case_id), 1) + 1


def _count(case_id: int) -> str:
    return f"fact_rows_{case_id}"


def _key(case_id: int, number: int, part: str) -> str:
    return f"fact_{part}_{case_id}_{number}"


def _today() -> date:
    return now().astimezone(zone()).date()


def _end_of(day: date) -> datetime:
    # The named day still counts whole.
    return datetime.combine(day + timedelta(days=1), time(0), tzinfo=zone())
