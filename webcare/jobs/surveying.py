"""The job that asks customers how they found our help."""

from __future__ import annotations

from datetime import datetime

from webcare.cases import survey_asking
from webcare.jobs.registry import Clock, Desk, Done, JobSpec

_EVERY_S = 60.0


def survey(desk: Desk, _: str, clock: Clock) -> Done:
    """Queue the questions that are due, or write down why they are not asked."""
    return Done(survey_asking.ask_due(desk.store, desk.channels, now=clock(), reviewer=desk.reviewer))


def _somebody_may_be_asked(desk: Desk, _: str, now: datetime) -> bool:
    with desk.store.read() as session:
        return bool(survey_asking.due(session, now=now))


SURVEY = JobSpec("survey", survey, lambda settings: _EVERY_S, "collect", has_work=_somebody_may_be_asked)
