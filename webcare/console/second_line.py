"""What the second line's work puts before people outside a case: whose turn it is, what nobody there can answer, away.

Drawn on top of the queues. Each strip is one element; where there is nothing to say, nothing is drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

import streamlit as st
from sqlmodel import Session

from webcare import people
from webcare.cases.at_work import at_work_rule, away_until, colleagues_at_work
from webcare.cases.handing_over import RETURNED
from webcare.cases.questions import Turn, came_back, nearly_due
from webcare.cases.skills import uncovered
from webcare.console import safe, words
from webcare.console.acting import Verb, act, draw_everything_if_asked
from webcare.console.chrome import me_or_stop
from webcare.console.desk import desk, now, zone
from webcare.console.tongue import N_, _, counted
from webcare.console.trouble import show_news
from webcare.console.watching import answers, digest, read_or_watch, shared, watch
from webcare.domain import Actor, Role
from webcare.people import Permission, may

PLACE = "second_line"
#: How often the strip looks for what came back, and how old its "due in 5 min" may be, in seconds.
_EVERY_S, _OLD_S = 10.0, 60.0
_WATCHED = "turns"
_KINDS = {"store": N_("Shop: {name}"), "topic": N_("Topic: {name}"), "market": N_("Market: {name}")}
#: Minutes from now, or until tomorrow at nine.
_AWAY = {N_("15 minutes"): 15, N_("30 minutes"): 30, N_("An hour"): 60, N_("Until tomorrow at 9:00"): 0}


def skill_text(skill: str) -> str:
    """A skill in words."""
    kind, _colon, name = skill.partition(":")
    if kind == "topic":
        name = words.word(words.TOPICS, name)
    elif kind == "market":
        name = words.word(words.LANGUAGES, name)
    else:
        store = desk().settings.routing.stores.get(name)
        name = store.names[0] if store else words.word({}, name)
    return _(_KINDS.get(kind, "{name}")).format(name=safe.line(name, limit=30)) if skill else _("Anybody")


def skill_word(skill: str) -> str:
    """A skill in words, fit for a widget's label: a colon would be taken for a directive there."""
    return safe.label(skill_text(skill).replace(": ", " · "))


def show_notices(me: Actor) -> None:
    """Draw what waits for this person, and for a team lead what waits for a skill that nobody present has."""
    if may(me, Permission.WORK_CASES):
        st.fragment(_notices)()


@dataclass(frozen=True, slots=True)
class _Notices:
    """What the strip says."""

    back: tuple[Turn, ...]
    due: tuple[Turn, ...]
    missing: dict[str, int]  #: cases by skill that nobody present has


def _notices() -> None:
    draw_everything_if_asked()
    me, moment = me_or_stop(), now()
    found = read_or_watch(_WATCHED, _EVERY_S, lambda: _read(me, moment))
    watch(_WATCHED, digest(found), every_s=_EVERY_S, at_most_s=_OLD_S if found.due else 0)
    show_news(PLACE)
    if found.back or found.due:
        safe.draw(safe.el("div", *_turns(found.back, moment), *_turns(found.due, moment), cls="wc-turns"))
    if found.missing:
        safe.draw(safe.el("div", *_uncovered(found.missing), cls="wc-alert wc-warn", role="status"))


def _read(me: Actor, moment: datetime) -> _Notices:
    with desk().store.read() as session:
        back = came_back(session, me.id or 0)
        due = nearly_due(session, me.id or 0, now=moment)
        return _Notices(back, due, _missing(session, me, moment))


@answers(_WATCHED)
def _mark(me: Actor, _argument: str, moment: datetime) -> str:
    return digest(_read(me, moment))


def _missing(session: Session, me: Actor, moment: datetime) -> dict[str, int]:
    if me.role not in (Role.TEAM_LEAD, Role.ADMIN):
        return {}

    def read() -> dict[str, int]:
        rule = at_work_rule(desk().settings)
        return uncovered(session, [one.skills for one in colleagues_at_work(session) if one.is_in(moment, rule)])

    # It counts all that is open, and is the same for whoever may see it.
    return shared("uncovered", _EVERY_S, read)


def _turns(turns: Sequence[Turn], moment: datetime) -> list[safe.Html]:
    return [_turn(turn, moment) for turn in turns]


def _turn(turn: Turn, moment: datetime) -> safe.Html:
    look, told = _state(turn, moment)
    return safe.el(
        "a",
        safe.el("span", told, cls=f"wc-chip wc-chip-{look}"),
        safe.el("strong", safe.name(turn.customer)),
        safe.el("span", safe.line(turn.excerpt, limit=90), cls="wc-soft", dir="auto"),
        href=f"/case?case={turn.case_id}",
        target="_self",
        cls="wc-turn",
    )


def _state(turn: Turn, moment: datetime) -> tuple[str, str]:
    if not turn.outcome:
        return "orange", _("Answer due in {time}").format(time=words.duration(turn.at - moment))
    if turn.outcome == RETURNED:
        return "orange", _("Came back without an answer")
    return "green", _("Answer came back")


def _uncovered(missing: dict[str, int]) -> list[str]:
    each = [
        f"{skill_text(skill)} ({counted('{count} case', '{count} cases', count)})" for skill, count in missing.items()
    ]
    return [_("Nobody who is in can answer: {skills}.").format(skills=", ".join(each))]


def show_away(me: Actor) -> None:
    """Draw the small menu with which a person says that they are away, or back."""
    with desk().store.read() as session:
        away = away_until(session, me.id or 0)
    if away is not None and away > now():
        until = words.clock_time(away, now=now())
        told = _("No cases for you until {time}").format(time=until)
        safe.draw(safe.el("span", told, cls="wc-chip wc-chip-orange"), width="content")
        st.button(_("I am back"), key="be_back", on_click=act, args=(PLACE, _away()))
        return
    with st.popover(_("Away"), key="away_menu", icon=":material/schedule:"):
        key = "away_for"
        st.selectbox(_("No cases for me for"), list(_AWAY), format_func=_, key=key)
        st.button(_("I am away"), key="be_away", on_click=act, args=(PLACE, _away(key)))


def _away(key: str = "") -> Verb:
    def be_away(session: Session, me: Actor, moment: datetime) -> None:
        until = _until(_AWAY[st.session_state[key]], moment) if key else None
        people.set_away(session, until, by=me, now=moment)

    return be_away


def _until(minutes: int, moment: datetime) -> datetime:
    if minutes:
        return moment + timedelta(minutes=minutes)
    day = moment.astimezone(zone()).date() + timedelta(days=1)
    return datetime.combine(day, time(9), tzinfo=zone()).astimezone(moment.tzinfo)
