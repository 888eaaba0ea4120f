"""Whether one answer was enough: first contact completion."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from webcare.measures.lives import Answer
from webcare.measures.reading import Of, Reading, names, of_wait, way
from webcare.measures.values import Fact


def first_contact(case: Reading) -> Iterator[Fact]:
    """Both measures of it: for the company, where asking the second line is allowed, and without help."""
    wait = case.first
    if wait is None or wait.answer is None:
        at = wait.start if wait is not None else case.history.first_posted_at
        for measure in ("first_contact", "first_contact_alone"):
            yield case.left_out(measure, at, "no_answer")
        return
    answer = wait.answer
    consulted = any(one.asked_at <= answer.created_at for one in case.history.questions)
    dims = of_wait(wait) | way(answer) | {"consulted": "yes" if consulted else "no"}
    until = case.clocks.of(case.history.queue).day_closes(answer.posted_at, case.clocks.repeat_days)
    repeat = _repeat(case, answer, until)
    of: Of = {"agent_id": answer.author_id, "dims": dims, "events": (*names(answer), *repeat)}
    yield _fact(case, "first_contact", answer, until, came_back=bool(repeat), **of)
    yield _fact(case, "first_contact_alone", answer, until, came_back=bool(repeat) or consulted, **of)


def _fact(case: Reading, measure: str, answer: Answer, until: datetime, *, came_back: bool, **of: Any) -> Fact:
    if came_back:
        return case.fact(measure, answer.posted_at, 0.0, **of)
    if case.at >= until:
        return case.fact(measure, answer.posted_at, 1.0, **of)
    return case.open(measure, answer.posted_at, changes_at=until, **of)


def _repeat(case: Reading, answer: Answer, until: datetime) -> tuple[str, ...]:
    """The first message with which the customer came back in time; thanks is none."""
    here = [(one.posted_at, one.id) for one in case.history.messages if one.needs_reply]
    elsewhere = [(one.posted_at, one.message_id) for one in case.history.contacts if one.needs_reply]
    back = min((one for one in (*here, *elsewhere) if answer.posted_at < one[0] < until), default=None)
    return (f"mention:{back[1]}",) if back is not None else ()
