"""How long customers wait for an answer, what lies in that time, and whether it was in time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from webcare.measures.lives import Answer
from webcare.measures.reading import Of, Reading, names, of_message, of_wait, seconds, way
from webcare.measures.values import Fact
from webcare.measures.waits import End, Wait


def volume(case: Reading) -> Iterator[Fact]:
    """Messages, and how long the collector took to bring them."""
    for message in case.history.messages:
        dims = of_message(message) | {"way": "private" if message.private else "public"}
        of: Of = {"dims": dims, "events": names(message)}
        yield case.fact("volume", message.posted_at, 1.0, **of)
        lag = seconds(message.collected_at - message.posted_at)
        if lag < 0:
            yield case.left_out("collecting_lag", message.collected_at, "late_source", **of)
        else:
            yield case.fact("collecting_lag", message.collected_at, lag, **of)


def responses(case: Reading) -> Iterator[Fact]:
    """First and next response; what is no answer, or needs none, is left out with its reason."""
    measure = "first_response"
    if not case.history.messages:
        yield case.left_out(measure, case.history.first_posted_at, "no_customer")
    for wait in case.waits:
        yield _response(case, wait, measure)
        if wait.first:
            measure = "next_response"
    yield from _no_answers(case)


def _response(case: Reading, wait: Wait, measure: str) -> Fact:
    of: Of = {"dims": of_wait(wait), "events": names(*wait.messages, wait.answer, wait.closing)}
    if wait.end is End.OPEN:
        return case.open(measure, wait.start, **of)
    if wait.answer is None or wait.ended_at is None:
        return case.left_out(measure, wait.start, wait.end.value, **of)
    of["dims"] = of_wait(wait) | way(wait.answer)
    return case.span(measure, wait.start, wait.ended_at, agent_id=wait.answer.author_id, **of)


def _no_answers(case: Reading) -> Iterator[Fact]:
    """What somebody may take for an answer, or for a message that waits, and is none."""
    found: list[tuple[datetime, str, object]] = [
        (one.posted_at, "needs_no_reply", one) for one in case.history.messages if not one.needs_reply
    ]
    found += [(one.posted_at, "outside", one) for one in case.history.outside]
    found += [(one.posted_at, _why_not(one), one) for one in case.history.answers if not one.stands]
    for at, reason, what in found:
        first = case.is_first(at)
        dims = {"wait": "first" if first else "next"}
        measure = "first_response" if first else "next_response"
        yield case.left_out(measure, at, reason, dims=dims, events=names(what))


def _why_not(answer: Answer) -> str:
    return "retracted" if answer.by_person else "machine"


def first_response_1(case: Reading) -> Iterator[Fact]:
    """First response as it was counted before version 2."""
    at = case.history.first_posted_at
    answer = min(case.history.answers, key=lambda one: (one.posted_at, one.id), default=None)
    if answer is None:
        yield case.open("first_response", at, version=1)
        return
    credit = {"agent_id": answer.author_id, "events": names(answer), "dims": way(answer)}
    yield case.span("first_response", at, answer.posted_at, version=1, **credit)


def three_clocks(case: Reading) -> Iterator[Fact]:
    """From collected to opened by a person, and from there to the answer."""
    for wait in case.waits:
        yield from _clocks_of(case, wait)


def _clocks_of(case: Reading, wait: Wait) -> Iterator[Fact]:
    of: Of = {"dims": of_wait(wait), "events": names(*wait.messages, wait.answer, wait.closing)}
    answered = wait.answer
    if answered is not None and answered.posted_at < wait.collected_at:
        for measure in ("taking_up", "answering"):
            yield case.left_out(measure, wait.start, "answered_before_collected", **of)
        return
    opened = _opened(case, wait)
    if opened is not None:
        yield case.span("taking_up", wait.collected_at, opened, at=wait.start, **of)
    elif wait.end is End.OPEN:
        yield case.open("taking_up", wait.start, **of)
    else:
        yield case.left_out("taking_up", wait.start, wait.end.value, **of)
    if answered is not None and opened is not None:
        by = {"agent_id": answered.author_id}
        yield case.span("answering", opened, answered.posted_at, at=wait.start, **of, **by)
    elif wait.end is End.OPEN:
        yield case.open("answering", wait.start, **of)
    else:
        yield case.left_out("answering", wait.start, wait.end.value, **of)


def _opened(case: Reading, wait: Wait) -> datetime | None:
    """The first look or act of a person after the desk had the message, and before the end of its wait."""
    acts = [event.at for event in case.history.events if event.actor_id is not None]
    if case.history.first_look is not None:
        acts.append(case.history.first_look)
    if wait.answer is not None:
        acts.append(wait.answer.created_at)
    until = wait.known_at or case.at
    found = min((at for at in acts if wait.collected_at <= at <= until), default=None)
    if found is not None and wait.answer is not None:
        return min(found, wait.answer.posted_at)
    return found


def service(case: Reading) -> Iterator[Fact]:
    """Whether each wait ended in time; what was closed or removed after its target was late all the same."""
    kind = "first"
    for wait in case.waits:
        yield _service(case, wait, kind)
        if wait.first:
            kind = "next"


def _service(case: Reading, wait: Wait, kind: str) -> Fact:
    measure = f"service_{kind}"
    of: Of = {"dims": of_wait(wait), "events": names(*wait.messages, wait.answer, wait.closing)}
    due = _due(case, wait, kind)
    if due is None:
        return case.left_out(measure, wait.start, "no_target", **of)
    if wait.answer is not None:
        in_time = wait.answer.posted_at <= due
        return case.fact(measure, wait.start, float(in_time), agent_id=wait.answer.author_id, **of)
    if (wait.ended_at or case.at) >= due:
        return case.fact(measure, wait.start, 0.0, **of)
    if wait.end is End.OPEN:
        return case.open(measure, wait.start, changes_at=due, **of)
    return case.left_out(measure, wait.start, wait.end.value, **of)


def _due(case: Reading, wait: Wait, kind: str) -> datetime | None:
    """The strictest of its messages: a more urgent one brings its own target."""
    history = case.history
    found = [
        case.clocks.due(
            kind, message.label("urgency") or history.dims["urgency"], history.queue, history.channel, message.posted_at
        )
        for message in wait.messages
    ]
    return min((due for due in found if due is not None), default=None)


def backlog(case: Reading) -> Iterator[Fact]:
    """The customer who waits at this moment, and for how long."""
    for wait in case.waits:
        if wait.end is End.OPEN:
            of: Of = {"dims": of_wait(wait), "events": names(*wait.messages)}
            yield case.span("backlog_age", wait.start, case.at, **of)
