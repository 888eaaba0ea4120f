"""Tab of the desk: which queues are given out by themselves, to whom, and how many cases at most."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import streamlit as st
from sqlmodel import Session

from webcare import deciding
from webcare.cases.at_work import at_work_rule
from webcare.cases.sharing_out import POLICY, Mode, decide_sharing, outlook, read_sharing
from webcare.console import safe, words
from webcare.console.acting import change
from webcare.console.desk import desk, now
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
from webcare.domain import Actor, Line, Role

_QUEUE, _MODE, _MOST, _ROLES = "sharing_queue", "sharing_mode", "sharing_most", "sharing_roles"
_DAY, _SHOWN = "sharing_day", "sharing_shown"
_MODES: Mapping[str, str] = {
    Mode.OFF.value: N_("Not given out"),
    Mode.ROUND_ROBIN.value: N_("In turn"),
    Mode.SKILL_FIRST.value: N_("In turn, cases that take a skill first"),
}
_WORKING = (Role.FIRST_LINE.value, Role.SECOND_LINE.value, Role.TEAM_LEAD.value, Role.ADMIN.value)


def show() -> None:
    """Draw how one queue is given out, what that would do now, and what changes."""
    titles = queue_titles()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(_("Queue"), list(titles), format_func=lambda name: safe.line(titles[name]), key=_QUEUE)
        first_day(_DAY)
    _bring()
    st.segmented_control(
        _("How it is given out"), list(_MODES), format_func=lambda mode: _(_MODES[mode]), required=True, key=_MODE
    )
    if st.session_state.get(_MODE) != Mode.OFF.value:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.multiselect(
                _("To whom"),
                list(_WORKING),
                format_func=lambda role: words.word(words.ROLES, role),
                key=_ROLES,
                placeholder=_("none chosen"),
            )
            st.number_input(
                _("Most open cases of one person"),
                min_value=1,
                max_value=500,
                value=None,
                step=1,
                placeholder=_("as many as they can have"),
                key=_MOST,
            )
        _look()
    found = changes(_told(_before()), _told(_after()))
    draw_changes(found)
    ready = bool(found) and bool(st.session_state.get(_MODE) == Mode.OFF.value or st.session_state.get(_ROLES))
    st.button(_("Save how it is given out"), key="sharing_save", type="primary", on_click=_save, disabled=not ready)
    history(POLICY)


def _look() -> None:
    """What it would do at this moment."""
    if not st.session_state.get(_ROLES):
        safe.draw(safe.el("p", _("Choose at least one role that gets cases."), cls="wc-soft"))
        return
    queue = st.session_state[_QUEUE]
    rule = read_sharing({"queues": {queue: _rule()}})[queue]
    with desk().store.read() as session:
        found = outlook(session, queue, rule, now=now(), rule=at_work_rule(desk().settings))
    told = _("Waiting right now: {waiting}. Colleagues who are in: {people}. Given out at once: {given}.")
    safe.draw(
        safe.el("p", told.format(waiting=found.waiting, people=found.people, given=found.given), cls="wc-alert wc-info")
    )


def _bring() -> None:
    """Fill the fields with what counts for the queue, once: what somebody chooses there stays."""
    wanted = (st.session_state.get(_QUEUE, ""), chosen_day(_DAY))
    if st.session_state.get(_SHOWN) == wanted:
        return
    st.session_state[_SHOWN] = wanted
    kept = _before().get(wanted[0], {})
    usual = Role.SECOND_LINE if wanted[0] == Line.SECOND_LINE.value else Role.FIRST_LINE
    st.session_state[_MODE] = str(kept.get("mode", Mode.OFF.value))
    st.session_state[_MOST] = kept.get("most") or None
    st.session_state[_ROLES] = list(kept.get("roles") or [usual.value])


def _before() -> dict[str, Any]:
    return dict(value_on(POLICY, chosen_day(_DAY)).get("queues", {}))


def _after() -> dict[str, Any]:
    queue = st.session_state[_QUEUE]
    others = {name: rule for name, rule in _before().items() if name != queue}
    return others if st.session_state.get(_MODE) == Mode.OFF.value else others | {queue: _rule()}


def _rule() -> dict[str, Any]:
    most = st.session_state.get(_MOST)
    made = {"mode": st.session_state.get(_MODE), "roles": list(st.session_state.get(_ROLES) or [])}
    return made | ({"most": int(most)} if most else {})


def _told(queues: Mapping[str, Any]) -> dict[str, str]:
    titles, found = queue_titles(), {}
    for queue, rule in queues.items():
        roles = ", ".join(words.word(words.ROLES, role) for role in rule.get("roles") or ())
        said = [_(_MODES.get(str(rule.get("mode")), "")), *([roles] if roles else [])]
        said += [_("at most {count} a person").format(count=rule["most"])] if rule.get("most") else []
        found[safe.line(titles.get(queue, queue))] = " · ".join(said)
    return found


def _save() -> None:
    value, day = {"queues": _after()}, chosen_day(_DAY)

    def verb(session: Session, by: Actor, moment: datetime) -> None:
        start = deciding.from_day(day, desk_zone(), now=moment)
        decide_sharing(session, value, valid_from=start, by=by, now=moment)

    if change(PLACE, verb):
        say(PLACE, "good", _("Saved; cases are given out like this from {day} on.").format(day=day.isoformat()))
