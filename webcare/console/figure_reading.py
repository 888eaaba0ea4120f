"""Asking for figures as the address says, and the words for what they are grouped by."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from babel.dates import get_day_names

from webcare.console import figures_parts, words
from webcare.console.desk import zone
from webcare.console.figures_parts import Period
from webcare.console.own_queues import own_titles
from webcare.console.tongue import N_, _, speaking
from webcare.measures import Query

#: What people may narrow figures by, as the address calls it.
FILTERS: Mapping[str, str] = {
    "channel": N_("Every network"),
    "queue": N_("Every queue"),
    "topic": N_("Every topic"),
    "language": N_("Every language"),
}
_GROUPS: Mapping[str, str] = {
    "queue": N_("Queue"),
    "channel": N_("Network"),
    "topic": N_("Topic"),
    "language": N_("Language"),
    "sentiment": N_("Mood"),
    "urgency": N_("Urgency"),
    "agent": N_("Person"),
    "day": N_("Day"),
    "week": N_("Week"),
    "hour": N_("Hour"),
    "weekday": N_("Weekday"),
}


def groups() -> Mapping[str, str]:
    """What figures may be shown by."""
    return _GROUPS


def query(
    shown: Period, where: Mapping[str, str] | None = None, by: tuple[str, ...] = (), version: int | None = None
) -> Query:
    """A question for `webcare.measures`; empty filters do not narrow."""
    narrowed = {name: (value,) for name, value in (where or {}).items() if value}
    return Query(shown.since, shown.until, zone(), where=narrowed, by=by, definition=version)


def address(measure: str, shown: Period, where: Mapping[str, str] | None = None, **more: str) -> str:
    """The page of one figure."""
    return figures_parts.address("figure", measure=measure, days=shown.name, **{**(where or {}), **more})


def chosen_filters() -> dict[str, str]:
    """Draw the filters; gives what the address says."""
    codes = {
        "channel": words.CHANNELS,
        "queue": {**words.QUEUES, **own_titles()},
        "topic": words.TOPICS,
        "language": words.LANGUAGES,
    }
    return {name: figures_parts.choose(name, codes[name], _(_GROUPS[name]), _(FILTERS[name])) for name in FILTERS}


def group_name(by: str, code: str, people: Mapping[str, str] | None = None) -> str:
    """What a group is called."""
    if by == "agent":
        return (people or {}).get(code) or _("colleagues who share nothing")
    if by == "day":
        return words.day_and_month(date.fromisoformat(code))
    if by == "week":
        year, week = code.split("-W")
        return words.day_and_month(date.fromisocalendar(int(year), int(week), 1))
    if by == "weekday":
        return weekday(int(code))
    if by == "hour":
        return f"{int(code):02}:00"
    return words.word({**_CODES.get(by, {}), **(own_titles() if by == "queue" else {})}, code)


def weekday(number: int) -> str:
    """ "Mon" for 1."""
    return str(get_day_names("abbreviated", locale=speaking())[number - 1])


_CODES: Mapping[str, Mapping[str, str]] = {
    "queue": words.QUEUES,
    "channel": words.CHANNELS,
    "topic": words.TOPICS,
    "language": words.LANGUAGES,
    "sentiment": words.SENTIMENTS,
    "urgency": words.URGENCIES,
}
