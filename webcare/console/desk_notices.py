"""Part of the desk's tab of notifications: what each role and place is told of, and when it is left in peace."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time
from typing import Any

import streamlit as st
from sqlmodel import Session

from webcare import alerting, deciding
from webcare.alerting.rules import POLICY, NoticeRule, NoticeRules, with_usual
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
    value_on,
)
from webcare.console.notify_words import KINDS
from webcare.console.tongue import _
from webcare.console.trouble import say
from webcare.domain import Actor, Role
from webcare.settings import Notice

_WHO, _KINDS, _LOUD = "notices_who", "notices_kinds", "notices_loud"
_FROM, _UNTIL, _DAY, _SHOWN = "notices_from", "notices_until", "notices_day", "notices_shown"


def show() -> None:
    """Draw what one role or place is told of, and what changes."""
    titles = _titles()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(_("Who"), list(titles), format_func=lambda who: titles.get(who, "–"), key=_WHO)
        first_day(_DAY)
    _bring()
    kinds = [kind.value for kind in Notice]
    st.multiselect(_("Is told of"), kinds, format_func=_kind, key=_KINDS, placeholder=_("none chosen"))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.time_input(_("Quiet from"), key=_FROM, width=130, step=900)
        st.time_input(_("Quiet until"), key=_UNTIL, width=130, step=900)
        st.multiselect(
            _("Does not wait for the morning"), kinds, format_func=_kind, key=_LOUD, placeholder=_("none chosen")
        )
    told = _("By the clock of whoever is told; twice the same time means never quiet. One's own choice goes first.")
    safe.draw(safe.el("p", told, cls="wc-soft"))
    found = changes(_told(_before()), _told(_after()))
    draw_changes(found)
    st.button(_("Save who is told of what"), key="notices_save", type="primary", on_click=_save, disabled=not found)
    history(POLICY)


def _kind(kind: str) -> str:
    return words.word(KINDS, kind)


def _titles() -> dict[str, str]:
    """Every role and place, as people call them."""
    mailed = {f"roles:{role}": _("{role}, by mail").format(role=_(title)) for role, title in words.ROLES.items()}
    return mailed | {f"places:{name}": safe.line(name) for name in desk().settings.notifications.places}


def _bring() -> None:
    """Fill the fields with what counts for the role or place, once: what somebody chooses there stays."""
    wanted = (st.session_state.get(_WHO, ""), chosen_day(_DAY))
    if st.session_state.get(_SHOWN) == wanted:
        return
    st.session_state[_SHOWN] = wanted
    rule = _rules(_before())[wanted[0]]
    st.session_state[_KINDS] = [kind.value for kind in Notice if kind in rule.kinds]
    st.session_state[_LOUD] = [kind.value for kind in Notice if kind in rule.loud]
    st.session_state[_FROM] = time.fromisoformat(rule.quiet_from)
    st.session_state[_UNTIL] = time.fromisoformat(rule.quiet_until)


def _before() -> dict[str, Any]:
    return dict(value_on(POLICY, chosen_day(_DAY)))


def _after() -> dict[str, Any]:
    part, _colon, name = st.session_state[_WHO].partition(":")
    before = _before()
    state = st.session_state
    rule = NoticeRule(
        frozenset(map(Notice, state.get(_KINDS) or ())),
        f"{state[_FROM] or time():%H:%M}",
        f"{state[_UNTIL] or time():%H:%M}",
        frozenset(map(Notice, state.get(_LOUD) or ())),
    )
    if rule == _rules(before)[f"{part}:{name}"]:
        return before
    return before | {part: {**before.get(part, {}), name: rule.value}}


def _rules(value: Mapping[str, Any]) -> dict[str, NoticeRule]:
    """What each is told of, by the names of the list."""
    found: NoticeRules = with_usual(value, desk().settings.notifications)
    roles = {f"roles:{role.value}": rule for role, rule in found.roles.items() if role is not Role.SYSTEM}
    return roles | {f"places:{name}": rule for name, rule in found.places.items()}


def _told(value: Mapping[str, Any]) -> dict[str, str]:
    titles = _titles()
    return {titles[who]: said(rule) for who, rule in _rules(value).items() if who in titles}


def said(rule: NoticeRule) -> str:
    """A rule in a few words."""
    kinds = names(rule.kinds) or _("nothing")
    if rule.quiet_from == rule.quiet_until:
        return kinds
    quiet = _("quiet from {begin} to {end}").format(begin=rule.quiet_from, end=rule.quiet_until)
    return " · ".join((kinds, quiet, *([_("except {kinds}").format(kinds=names(rule.loud))] if rule.loud else [])))


def names(kinds: frozenset[Notice]) -> str:
    """Kinds of notices, as people call them."""
    return ", ".join(words.word(KINDS, kind.value) for kind in Notice if kind in kinds)


def rules_now() -> dict[str, tuple[str, NoticeRule]]:
    """What counts at this moment, by the names of the list: how each is called, and its rule."""
    titles, found = _titles(), _rules(value_on(POLICY, now().astimezone(desk_zone()).date()))
    return {who: (titles[who], rule) for who, rule in found.items() if who in titles}


def _save() -> None:
    value, day = _after(), chosen_day(_DAY)

    def verb(session: Session, by: Actor, moment: datetime) -> None:
        start = deciding.from_day(day, desk_zone(), now=moment)
        alerting.decide_notices(session, value, valid_from=start, by=by, now=moment)

    if change(PLACE, verb):
        say(PLACE, "good", _("Saved; it counts from {day} on.").format(day=words.long_day(day)))
