"""What customers said when they were asked how we helped them, and how many said anything."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from webcare.measures.lives import Survey
from webcare.measures.reading import Of, Reading
from webcare.measures.values import Fact

#: A mark counts if it comes within so long of the question.
ANSWER_WITHIN = timedelta(hours=72)
#: From this mark on a customer is satisfied.
_GOOD = 4


def satisfaction(case: Reading) -> Iterator[Fact]:
    """Each customer who was considered: the mark, none yet, none at all, or why they were not asked."""
    for survey in case.history.surveys:
        yield from _facts(case, survey)


def _facts(case: Reading, survey: Survey) -> Iterator[Fact]:
    at, until = survey.resolved_at, survey.asked_at and survey.asked_at + ANSWER_WITHIN
    of: Of = {"agent_id": survey.agent_id, "events": _made_of(survey)}
    if survey.left_out:
        yield case.left_out("csat", at, survey.left_out, **of)
    elif until is None:
        return
    elif survey.marks:
        yield case.fact("csat", at, float(survey.marks[-1].score >= _GOOD), **of)
        yield case.fact("csat_response", at, 1.0, **of)
    elif case.at < until:
        yield case.open("csat", at, changes_at=until, **of)
        yield case.open("csat_response", at, changes_at=until, **of)
    else:
        yield case.left_out("csat", at, "no_rating", **of)
        yield case.fact("csat_response", at, 0.0, **of)


def _made_of(survey: Survey) -> tuple[str, ...]:
    question = (f"delivery:{survey.delivery_id}",) if survey.delivery_id is not None else ()
    return question + tuple(f"mention:{mark.mention_id}" for mark in survey.marks[-1:])
