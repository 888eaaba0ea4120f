"""Tab of the desk: which cases take a colleague with a skill."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import streamlit as st
from sqlmodel import Session

from webcare import deciding
from webcare.cases.skills import DEFAULT, POLICY, decide_skills, is_skill, skill_holders
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
    row,
    value_on,
)
from webcare.console.second_line import skill_text
from webcare.console.tongue import N_, _, counted
from webcare.console.trouble import say
from webcare.domain import LANGUAGES, Actor, Topic

_DAY, _SHOWN = "skills_day", "skills_shown"
_TOPICS = tuple(topic.value for topic in Topic)
#: Part of the policy -> its title and what can be chosen.
_PARTS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "topics": (N_("Topics that take somebody who knows them"), _TOPICS),
    "store_topics": (N_("Topics on which a shop's name means that shop"), _TOPICS),
    "markets": (N_("Markets whose cases take somebody of the market"), LANGUAGES),
}
_ALWAYS = N_("Skills asked for even while nobody has them")


def show() -> None:
    """Draw which skills are asked for, who has them, and what changes."""
    first_day(_DAY)
    _bring()
    left, right = st.columns(2)
    for column, part in zip((left, left, right), _PARTS, strict=True):
        title, choices = _PARTS[part]
        with column:
            st.multiselect(
                _(title), list(choices), format_func=_word_of(part), key=_key(part), placeholder=_("none chosen")
            )
    with right:
        st.text_input(
            _(_ALWAYS),
            key=_key("always"),
            max_chars=600,
            placeholder=_("e.g. store:utrecht, topic:payment, market:sv"),
            help=_("Separated by commas"),
        )
    if holders := _holders(_after()):
        safe.draw(holders)
    found = changes(_told(_before()), _told(_after()))
    draw_changes(found)
    st.button(_("Save the skills"), key="skills_save", type="primary", on_click=_save, disabled=not found)
    history(POLICY)


def _word_of(part: str) -> Any:
    table = words.LANGUAGES if part == "markets" else words.TOPICS
    return lambda code: words.word(table, code)


def _key(part: str) -> str:
    return f"skills_{part}"


def _bring() -> None:
    """Fill the fields with what counts on the day, once: what somebody chooses there stays."""
    day = chosen_day(_DAY)
    if st.session_state.get(_SHOWN) == day:
        return
    st.session_state[_SHOWN] = day
    kept = _before()
    for part in _PARTS:
        st.session_state[_key(part)] = list(kept[part])
    st.session_state[_key("always")] = ", ".join(kept["always"])


def _before() -> dict[str, list[str]]:
    usual = {part: list(getattr(DEFAULT, part)) for part in (*_PARTS, "always")}
    kept = value_on(POLICY, chosen_day(_DAY))
    return usual | {part: list(value) for part, value in kept.items() if part in usual}


def _after() -> dict[str, list[str]]:
    chosen = {part: list(st.session_state.get(_key(part)) or []) for part in _PARTS}
    typed = str(st.session_state.get(_key("always")) or "").lower().replace(";", ",").split(",")
    return chosen | {"always": [word.strip() for word in typed if word.strip()]}


def _told(value: Mapping[str, list[str]]) -> dict[str, str]:
    found = {}
    for part, (title, _choices) in _PARTS.items():
        if value[part]:
            found[_(title)] = ", ".join(_word_of(part)(code) for code in value[part])
    if value["always"]:
        found[_(_ALWAYS)] = ", ".join(map(_skill, value["always"]))
    return found


def _skill(skill: str) -> str:
    return skill_text(skill) if is_skill(skill) else safe.line(skill, limit=70)


def _holders(value: Mapping[str, list[str]]) -> safe.Html:
    """Each topic, market and named skill, how many colleagues have it, and what that means."""
    with desk().store.read() as session:
        holders = skill_holders(session)
    stores = [f"store:{name}" for name in desk().settings.routing.stores] if value["store_topics"] else []
    asked = [f"topic:{one}" for one in value["topics"]] + [f"market:{one}" for one in value["markets"]] + stores
    head = row("th", _("Skill"), _("Colleagues who have it"), _("What that means"))
    rows = [
        row("td", _skill(skill), str(holders.get(skill, 0)), _meaning(skill, holders.get(skill, 0), value["always"]))
        for skill in dict.fromkeys([*asked, *value["always"]])
    ]
    return safe.el("table", head, *rows, cls="wc-table") if rows else safe.Html("")


def _meaning(skill: str, holders: int, always: list[str]) -> str:
    if holders:
        return counted("its cases wait for this {count} colleague", "its cases wait for one of these {count}", holders)
    return _("its cases wait until somebody has it") if skill in always else _("not asked for: anybody may answer")


def _save() -> None:
    value, day = _after(), chosen_day(_DAY)

    def verb(session: Session, by: Actor, moment: datetime) -> None:
        start = deciding.from_day(day, desk_zone(), now=moment)
        decide_skills(session, value, valid_from=start, by=by, now=moment)

    if change(PLACE, verb):
        say(PLACE, "good", _("Saved; these skills are asked for from {day} on.").format(day=day.isoformat()))
