"""When cases were closed, how often they came back, and who was waited for in between."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from webcare.cases.record import EventKind
from webcare.domain import Resolution
from webcare.measures.lives import CaseHistory, Happened
from webcare.measures.reading import Of, Reading, names, of_wait
from webcare.measures.values import Fact
from webcare.measures.waits import End, Wait

#: Closings by which the matter was dealt with.
SOLVED = frozenset({Resolution.ANSWERED, Resolution.NO_REPLY_NEEDED, Resolution.SOLVED_ELSEWHERE})
#: What brings a closed case back, whoever did it.
_BACK = frozenset({EventKind.REOPENED, EventKind.EDITED, EventKind.REPLY_FAILED})


@dataclass(slots=True)
class Closings:
    """What a case's closings came to."""

    first: Happened | None = None  #: the first by which it was dealt with
    last: Happened | None = None  #: the one that still holds
    any: bool = False
    back: int = 0  #: how often it came back


def closings(history: CaseHistory) -> Closings:
    """Go through the events of a case."""
    found = Closings()
    for event in history.events:
        if event.undone_at is not None:
            continue
        if event.kind == EventKind.RESOLVED:
            found.any, found.last = True, event
            if found.first is None and _solved(event):
                found.first = event
        elif found.last is not None and _comes_back(history, event):
            found.last, found.back = None, found.back + 1
    return found


def resolutions(case: Reading) -> Iterator[Fact]:
    """First and final resolution, how often it came back, and whether it was solved in time."""
    done, start = closings(case.history), case.history.first_posted_at
    yield _resolution(case, "resolution_first", start, done.first, done)
    yield _resolution(case, "resolution_last", start, done.last, done)
    if done.any:
        yield case.fact("reopened", start, float(done.back))
    else:
        yield case.open("reopened", start)
    yield _in_time(case, start, done)


def _resolution(case: Reading, measure: str, start: datetime, closing: Happened | None, done: Closings) -> Fact:
    if closing is not None and _solved(closing):
        return case.span(measure, start, closing.at, **_of(closing))
    if done.last is not None:
        return case.left_out(measure, start, "not_solved", **_of(done.last))
    return case.open(measure, start)


def _in_time(case: Reading, start: datetime, done: Closings) -> Fact:
    history = case.history
    opener = min(history.messages, key=lambda one: (one.posted_at, one.id), default=None)
    urgency = (opener.label("urgency") if opener is not None else "") or history.dims["urgency"]
    due = case.clocks.due("resolution", urgency, history.queue, history.channel, start)
    if due is None:
        return case.left_out("service_resolution", start, "no_target")
    if done.first is not None:
        return case.fact("service_resolution", start, float(done.first.at <= due), **_of(done.first))
    if done.last is not None:
        return case.left_out("service_resolution", start, "not_solved", **_of(done.last))
    if case.at >= due:
        return case.fact("service_resolution", start, 0.0)
    return case.open("service_resolution", start, changes_at=due)


def _of(closing: Happened) -> Of:
    dims = {"resolution": str(closing.detail.get("resolution", ""))}
    return {"agent_id": closing.actor_id, "dims": dims, "events": names(closing)}


def _solved(event: Happened) -> bool:
    return event.detail.get("resolution") in SOLVED


def _comes_back(history: CaseHistory, event: Happened) -> bool:
    if event.kind == EventKind.PROMISE_BROKEN:
        # The desk puts it back before people; a person who says so has it before them.
        return event.actor_id is None
    if event.kind == EventKind.REPLY_RETRACTED:
        return _waits_again(history, event.at)
    return event.kind in _BACK


def _waits_again(history: CaseHistory, at: datetime) -> bool:
    """Whether a message is unanswered now that an answer was taken back; as the desk itself sees it."""
    standing = [
        one.created_at
        for one in history.answers
        if one.posted_at <= at and (one.retracted_at is None or one.retracted_at > at)
    ]
    until = max(standing, default=None)
    return any(
        one.collected_at <= at
        and (one.gone_at is None or one.gone_at > at)
        and (until is None or one.collected_at > until)
        for one in history.messages
    )


# --- who was waited for ---------------------------------------------------------------------------------------

_OURS = ("waiting_first_line", "waiting_second_line", "waiting_approval", "waiting_closed")


def waiting(case: Reading) -> Iterator[Fact]:
    """Each wait of a customer cut into whom it waited for, and the time between waits, which is the customer's."""
    for number, wait in enumerate(case.waits):
        yield from _ours(case, wait)
        if wait.answer is not None:
            following = case.waits[number + 1] if number + 1 < len(case.waits) else None
            yield _customers(case, wait, following)


def _ours(case: Reading, wait: Wait) -> Iterator[Fact]:
    of: Of = {"dims": of_wait(wait), "events": names(*wait.messages, wait.answer, wait.closing)}
    if wait.end is End.GONE:
        yield from (case.left_out(measure, wait.start, "message_gone", **of) for measure in _OURS)
        return
    if wait.ended_at is None:
        yield from (case.open(measure, wait.start, **of) for measure in _OURS)
        return
    parts = _parts(case, wait.start, max(wait.start, wait.ended_at))
    for measure in _OURS:
        yield case.fact(measure, wait.ended_at, parts[measure], **of)


def _parts(case: Reading, start: datetime, end: datetime) -> dict[str, float]:
    """Seconds by whom was waited for; they sum to the whole."""
    history, queue = case.history, case.history.queue
    approvals = [(one.asked_at, one.decided_at or end) for one in history.approvals]
    questions = [(one.asked_at, one.closed_at or end) for one in history.questions]
    cuts = sorted({start, end, *(at for pair in (*approvals, *questions) for at in pair if start < at < end)})
    parts = dict.fromkeys(_OURS, 0.0)
    for since, until in pairwise(cuts):
        opened = case.clocks.business(queue, since, until)
        parts["waiting_closed"] += (until - since).total_seconds() - opened
        if _within(approvals, since):
            parts["waiting_approval"] += opened
        elif _within(questions, since):
            parts["waiting_second_line"] += opened
        else:
            parts["waiting_first_line"] += opened
    return parts


def _within(stretches: list[tuple[datetime, datetime]], moment: datetime) -> bool:
    return any(start <= moment < end for start, end in stretches)


def _customers(case: Reading, wait: Wait, following: Wait | None) -> Fact:
    """From an answer to the customer's next message that needs one, or to the closing."""
    assert wait.answer is not None
    start = wait.answer.posted_at
    ends = [following.start] if following is not None else []
    ends += [one.at for one in case.history.events if _closes(one) and one.at >= start]
    of: Of = {"dims": of_wait(wait), "events": names(wait.answer)}
    if not ends:
        return case.open("waiting_customer", start, **of)
    end = max(start, min(ends))
    return case.fact("waiting_customer", end, (end - start).total_seconds(), **of)


def _closes(event: Happened) -> bool:
    return event.kind == EventKind.RESOLVED and event.undone_at is None
