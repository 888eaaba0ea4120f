"""How soon an answer is due: the desk's targets by urgency, queue and network, in clock time or opening hours. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from webcare.domain import Urgency
from webcare.errors import WebcareError
from webcare.hours import OpeningHours

#: The name in `hours:<queue>` for queues without hours of their own.
EVERY_QUEUE = "all"
#: Nobody means a target of more than a year.
_MOST_MIN = 366 * 24 * 60
_TIMES = ("first", "next", "resolution")
_KEYS = frozenset({"urgency", "queue", "channel", "round_the_clock", *_TIMES})


class TargetsWrong(WebcareError):
    """These targets cannot be used; the message says which row and why."""


@dataclass(frozen=True, slots=True)
class Target:
    """One row: for whom, and how long each of the three may take; None where it sets no target."""

    urgency: Urgency
    queue: str = ""  #: empty = every queue
    channel: str = ""  #: empty = every network
    first: timedelta | None = None
    next: timedelta | None = None
    resolution: timedelta | None = None
    round_the_clock: bool = False  #: also outside opening hours


@dataclass(frozen=True, slots=True)
class Targets:
    """All rows in force, and the hours they are counted in."""

    rows: tuple[Target, ...] = ()
    hours: Mapping[str, OpeningHours] = field(default_factory=dict)  #: by queue; EVERY_QUEUE for the others

    def of(self, urgency: Urgency, queue: str, channel: str) -> Target | None:
        """The row that counts: one for the queue and network before one for the queue, the network, or all."""
        fits = [
            row
            for row in self.rows
            if row.urgency is urgency and row.queue in ("", queue) and row.channel in ("", channel)
        ]
        return max(fits, key=lambda row: (row.queue != "", row.channel != ""), default=None)

    def hours_of(self, queue: str) -> OpeningHours | None:
        """When a queue is worked on; None where nobody set hours, so that every minute counts."""
        return self.hours.get(queue) or self.hours.get(EVERY_QUEUE)

    def due(self, start: datetime, span: timedelta, queue: str, *, round_the_clock: bool = False) -> datetime:
        """When `span` is over that began at `start`, in the queue's opening hours unless it runs round the clock."""
        hours = None if round_the_clock else self.hours_of(queue)
        return start + span if hours is None else hours.add(start, span)

    def respond_by(
        self, urgency: Urgency, queue: str, channel: str, *, start: datetime, default: timedelta, answered: bool = False
    ) -> datetime:
        """When an answer to what was written at `start` is due; `answered`: it is not our first one.

        `default` counts where no row sets the time.
        """
        row = self.of(urgency, queue, channel)
        first = (row and row.first) or default
        span = (row and row.next) or first if answered else first
        return self.due(start, span, queue, round_the_clock=row is not None and row.round_the_clock)


def read_targets(value: Mapping[str, Any], queues: Sequence[str]) -> tuple[Target, ...]:
    """Targets as a policy keeps them: `{"rows": [{"urgency": "high", "first": 60, "next": 120}]}`, in minutes.

    Raises TargetsWrong naming what is wrong.
    """
    rows = value.get("rows", [])
    if set(value) - {"rows"} or not isinstance(rows, Sequence) or isinstance(rows, str):
        raise TargetsWrong("Targets are a list of rows.")
    found = [_target(number, row, queues) for number, row in enumerate(rows, start=1)]
    seen: set[tuple[str, str, str]] = set()
    for number, row in enumerate(found, start=1):
        key = (row.urgency.value, row.queue, row.channel)
        if key in seen:
            raise TargetsWrong("Row {number} says again what an earlier row says for the same cases.", number=number)
        seen.add(key)
    return tuple(found)


def _target(number: int, row: Any, queues: Sequence[str]) -> Target:
    if not isinstance(row, Mapping) or set(row) - _KEYS:
        raise TargetsWrong("Row {number} of the targets has a part that is not known.", number=number)
    urgency, queue = str(row.get("urgency", "")), str(row.get("queue", ""))
    if urgency not in set(Urgency):
        raise TargetsWrong("Row {number}: “{urgency}” is not an urgency.", number=number, urgency=urgency[:30])
    if queue and queue not in queues:
        raise TargetsWrong("Row {number}: there is no queue “{queue}”.", number=number, queue=queue[:40])
    times = {name: _minutes(number, row.get(name)) for name in _TIMES}
    if not any(times.values()):
        raise TargetsWrong("Row {number} sets no target; fill one in or take the row out.", number=number)
    if times["first"] and times["resolution"] and times["resolution"] < times["first"]:
        raise TargetsWrong("Row {number}: solving cannot be due before the first answer.", number=number)
    return Target(Urgency(urgency), queue, str(row.get("channel", "")), **times, round_the_clock=_flag(row))


def _flag(row: Mapping[str, Any]) -> bool:
    return bool(row.get("round_the_clock", False))


def _minutes(number: int, value: Any) -> timedelta | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= _MOST_MIN:
        raise TargetsWrong("Row {number}: a target is a number of minutes above 0, a year at most.", number=number)
    return timedelta(minutes=value)
