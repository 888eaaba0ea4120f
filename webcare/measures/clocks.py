"""Calendar and business time, by the hours and targets that were in force at each moment. Read once per run; pure then.

A decision counts from its first day on and never before, so hours that change today leave last month as it was. A
stretch of time that spans a change is counted in parts. Where nobody set hours for a queue every minute counts.
"""

from __future__ import annotations

import logging
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from webcare.deciding.current import HOURS, QUEUES_NAME, TARGETS
from webcare.domain import QUEUES, Urgency
from webcare.errors import WebcareError
from webcare.hours import OpeningHours, midnight, read_hours
from webcare.routing_rules import read_queues
from webcare.store.tables_desk import PolicyRow
from webcare.targets import EVERY_QUEUE, Target, Targets, read_targets

log = logging.getLogger(__name__)
T = TypeVar("T")

#: How far the open stretches are worked out at once, in days.
_AT_ONCE = timedelta(days=120)
#: Longest wait for an opening that is believed, as in `webcare.hours`.
_LONGEST = timedelta(days=800)
_EVER = datetime.min.replace(tzinfo=UTC)
#: First answers by urgency, in minutes, as defaults.toml has them, for callers without settings.
DEFAULTS: Mapping[str, timedelta] = {
    "critical": timedelta(minutes=15),
    "high": timedelta(minutes=60),
    "normal": timedelta(minutes=240),
    "low": timedelta(minutes=1440),
}


@dataclass(frozen=True, slots=True)
class Decided:
    """One version of something decided: from when it counts, and what it says."""

    since: datetime
    value: Any


class Timeline:
    """The open stretches of one queue, oldest first, worked out as far as somebody asked."""

    def __init__(self, versions: Sequence[tuple[datetime, OpeningHours | None]]) -> None:
        """`versions`: from when, and which hours then; None = every minute. The first is from ever."""
        self._versions = versions
        self._starts: list[datetime] = []
        self._ends: list[datetime] = []
        self._before: list[timedelta] = []  #: open time before each stretch
        self._from = self._to = _EVER

    def between(self, start: datetime, end: datetime) -> timedelta:
        """How much of the time from `start` until `end` was open; nothing where `end` is not later."""
        if end <= start:
            return timedelta()
        self._reach(start, end)
        return self._open_until(end) - self._open_until(start)

    def add(self, start: datetime, span: timedelta) -> datetime | None:
        """The first moment by which `span` of open time has passed since `start`; None where it never does."""
        end, latest = start + max(span, timedelta(days=7)), start + _LONGEST + 8 * span
        while self.between(start, end) < span:
            if end >= latest:
                return None
            end = min(end + (end - start), latest)
        wanted = self._open_until(start) + span
        place = bisect_right(self._before, wanted) - 1
        # What ends exactly with a stretch ends there, not when the next one opens.
        while place and self._before[place] == wanted:
            place -= 1
        return self._starts[place] + (wanted - self._before[place])

    def stretches(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The open stretches from `start` until `end`, cut to them."""
        if end <= start:
            return
        self._reach(start, end)
        place = max(bisect_right(self._starts, start) - 1, 0)
        while place < len(self._starts) and self._starts[place] < end:
            opens, closes = max(self._starts[place], start), min(self._ends[place], end)
            if opens < closes:
                yield opens, closes
            place += 1

    def day_closes(self, moment: datetime, days: int) -> datetime:
        """Midnight at the end of the `days`-th day, after the one of this moment, on which the queue opens."""
        zone = self.zone(moment)
        day = moment.astimezone(zone).date()
        for _ in range(_LONGEST.days):
            day += timedelta(days=1)
            begins, ends = midnight(day, zone), midnight(day + timedelta(days=1), zone)
            days -= self.between(begins, ends) > timedelta()
            if not days:
                return ends
        return moment + _LONGEST

    def zone(self, moment: datetime) -> ZoneInfo:
        """In whose zone the days of a moment run; UTC where nobody set hours."""
        hours = self._versions[bisect_right([since for since, _ in self._versions], moment) - 1][1]
        return hours.zone if hours is not None else ZoneInfo("UTC")

    def _open_until(self, moment: datetime) -> timedelta:
        place = bisect_right(self._starts, moment) - 1
        if place < 0:
            return timedelta()
        return self._before[place] + min(moment, self._ends[place]) - self._starts[place]

    def _reach(self, start: datetime, end: datetime) -> None:
        if self._from <= start and end <= self._to:
            return
        if self._from == self._to:
            self._from, self._to = start - _AT_ONCE, end + _AT_ONCE
        else:
            self._from, self._to = min(self._from, start - _AT_ONCE), max(self._to, end + _AT_ONCE)
        self._starts, self._ends, self._before = [], [], []
        opened = timedelta()
        for opens, closes in self._work_out():
            if self._ends and self._ends[-1] == opens:
                self._ends[-1] = closes
            else:
                self._starts.append(opens)
                self._ends.append(closes)
                self._before.append(opened)
            opened += closes - opens

    def _work_out(self) -> Iterator[tuple[datetime, datetime]]:
        ends = [since for since, _ in self._versions[1:]] + [self._to]
        for (since, hours), until in zip(self._versions, ends, strict=True):
            start, end = max(since, self._from), min(until, self._to)
            if start < end:
                yield from hours.intervals(start, end) if hours is not None else ((start, end),)


@dataclass(frozen=True, slots=True)
class Clocks:
    """The hours and targets of every moment. Build it with `read_clocks`, or from versions of one's own."""

    hours: Mapping[str, Sequence[Decided]] = field(default_factory=dict)  #: by queue or EVERY_QUEUE, oldest first
    targets: Sequence[Decided] = ()  #: tuples of Target, oldest first
    defaults: Mapping[str, timedelta] = field(default_factory=lambda: DEFAULTS)  #: first answers where no row says
    repeat_days: int = 3  #: business days within which a customer who comes back is a repeat
    _timelines: dict[str, Timeline] = field(default_factory=dict, compare=False, repr=False)

    def of(self, queue: str) -> Timeline:
        """The open stretches of a queue."""
        found = self._timelines.get(queue)
        if found is None:
            found = self._timelines[queue] = Timeline(self._versions(queue))
        return found

    def business(self, queue: str, start: datetime, end: datetime) -> float:
        """Seconds of opening hours from `start` until `end`."""
        return self.of(queue).between(start, end).total_seconds()

    def due(self, kind: str, urgency: str, queue: str, channel: str, start: datetime) -> datetime | None:
        """When an answer ("first", "next") or the solution ("resolution") of what began at `start` is due.

        By the targets in force at `start` and the hours in force at each moment after it. None without a target.
        """
        row = Targets(in_force(self.targets, start) or ()).of(Urgency(urgency), queue, channel) if urgency else None
        span = self._span(row, kind, urgency)
        if span is None:
            return None
        return start + span if row is not None and row.round_the_clock else self.of(queue).add(start, span)

    def _span(self, row: Target | None, kind: str, urgency: str) -> timedelta | None:
        if kind == "resolution":
            return row.resolution if row is not None else None
        first = (row.first if row is not None else None) or self.defaults.get(urgency)
        return (row.next if row is not None else None) or first if kind == "next" else first

    def _versions(self, queue: str) -> list[tuple[datetime, OpeningHours | None]]:
        own, every = self.hours.get(queue, ()), self.hours.get(EVERY_QUEUE, ())
        moments = sorted({_EVER, *(one.since for one in (*own, *every))})
        found = [(moment, in_force(own, moment) or in_force(every, moment)) for moment in moments]
        return [found[0], *(after for before, after in pairwise(found) if after[1] is not before[1])]


def in_force(versions: Sequence[Decided], at: datetime) -> Any:
    """What counts at a moment: the newest whose time has come; None where nothing was decided yet."""
    return next((one.value for one in reversed(versions) if one.since <= at), None)


def read_clocks(session: Session, *, defaults: Mapping[str, timedelta] = DEFAULTS) -> Clocks:
    """Every version of the hours and targets, in one query.

    A decision that cannot be read any more counts as none and is said in the log, as when mentions are routed.
    """
    wanted = col(PolicyRow.name).in_([TARGETS, QUEUES_NAME]) | col(PolicyRow.name).startswith(HOURS, autoescape=True)
    query = select(PolicyRow).where(wanted).order_by(col(PolicyRow.valid_from), col(PolicyRow.id))
    rows = list(session.exec(query))
    names = _queue_names(row.value for row in rows if row.name == QUEUES_NAME)
    hours: dict[str, list[Decided]] = {}
    for row in rows:
        if row.name.startswith(HOURS):
            value = _read(row.name, read_hours, row.value) if row.value else None
            hours.setdefault(row.name.removeprefix(HOURS), []).append(Decided(row.valid_from, value))
    targets = [
        Decided(row.valid_from, _read(row.name, lambda value: read_targets(value, names), row.value))
        for row in rows
        if row.name == TARGETS
    ]
    return Clocks(hours, targets, defaults)


def _queue_names(values: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Every queue there ever was: old targets name queues that are gone."""
    found = [queue.name for value in values for queue in _read(QUEUES_NAME, read_queues, value) or ()]
    return tuple(dict.fromkeys((*QUEUES, *found)))


def _read(name: str, read: Callable[[Mapping[str, Any]], T], value: Mapping[str, Any]) -> T | None:
    try:
        return read(value)
    except WebcareError as error:
        log.warning("a version of the policy %s cannot be read and does not count: %s", name, error)
        return None
