"""What one case adds to every measure. Pure: the same history, clocks and moment always give the same facts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from datetime import datetime

from webcare.measures import contact, machinery, resolutions, responses, satisfaction, tone, working
from webcare.measures.clocks import Clocks
from webcare.measures.definitions import DEFINITIONS
from webcare.measures.lives import CaseHistory
from webcare.measures.reading import Reading
from webcare.measures.values import Fact

Family = Callable[[Reading], Iterator[Fact]]
Keys = Collection[tuple[str, int]]


def _keys(*names: str) -> frozenset[tuple[str, int]]:
    return frozenset(DEFINITIONS[name].key for name in names)


#: Which function counts which measures, in which version.
FAMILIES: tuple[tuple[Family, frozenset[tuple[str, int]]], ...] = (
    (responses.volume, _keys("volume", "collecting_lag")),
    (responses.responses, _keys("first_response", "next_response")),
    (responses.first_response_1, frozenset({("first_response", 1)})),
    (responses.three_clocks, _keys("taking_up", "answering")),
    (responses.service, _keys("service_first", "service_next")),
    (resolutions.resolutions, _keys("resolution_first", "resolution_last", "reopened", "service_resolution")),
    (
        resolutions.waiting,
        _keys("waiting_customer", "waiting_first_line", "waiting_second_line", "waiting_approval", "waiting_closed"),
    ),
    (contact.first_contact, _keys("first_contact", "first_contact_alone")),
    (working.handled, _keys("handled")),
    (working.questions, _keys("handovers", "ping_pong", "question_answered")),
    (working.promises, _keys("promises_kept")),
    (working.slips, _keys("slips", "retraction")),
    (tone.sentiment, _keys("recovery", "sentiment_shift")),
    (tone.moves, _keys("moved_private", "moved_needlessly")),
    (tone.jokes, _keys("jokes_liked", "jokes_disliked")),
    (machinery.guard, _keys("guard_caught", "guard_overridden")),
    (machinery.corrections, _keys("corrected")),
    (satisfaction.satisfaction, _keys("csat", "csat_response")),
)
#: Measures of a moment, which `backlog` counts, and a meaning from before anybody was asked.
ELSEWHERE = _keys("backlog_age") | {("csat", 1)}


def facts_of(history: CaseHistory, clocks: Clocks, *, at: datetime, wanted: Keys | None = None) -> tuple[Fact, ...]:
    """Everything a case adds by what was known at a moment, the left out with their reasons.

    `wanted` are (name, version) of the measures to count; None = all as they are meant now.
    """
    keys = {one.key for one in DEFINITIONS.values()} if wanted is None else set(wanted)
    case = Reading(history, clocks, at)
    return tuple(
        fact
        for family, gives in FAMILIES
        if not gives.isdisjoint(keys)
        for fact in family(case)
        if (fact.measure, fact.version) in keys
    )


def backlog(history: CaseHistory, clocks: Clocks, *, at: datetime) -> tuple[Fact, ...]:
    """The age of what waits in this case at a moment, also a past one; nothing where nobody waits."""
    return tuple(responses.backlog(Reading(history, clocks, at)))
