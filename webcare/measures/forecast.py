"""How many messages to expect in each hour of the coming week: what the same hour of the last weeks brought.

The median of the same weekday and hour on the clock of the report's zone, with the least and the most of them as the
interval: of n weeks it holds the next one in (n - 1) / (n + 1) of the cases as long as weeks are alike, whatever the
counts look like. Hours in which posts may be missing, or in which the clock is changed, are no witnesses; nor are the
days named, such as the holidays of the opening hours. Nothing here knows of a campaign next week.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from statistics import median
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlmodel import Session, col

from webcare.store.gaps import gaps_within
from webcare.store.tables import CaseRow, MentionRow

#: Weeks looked back, and the fewest that say anything.
WEEKS, FEWEST = 8, 3
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
#: Columns of a case by which the messages can be narrowed.
NARROWED = ("channel", "queue", "topic", "language", "account_id")

Slot = tuple[date, int]  #: a day and an hour on the clock of the report's zone
Stretch = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Expected:
    """What one hour of the week will bring."""

    day: date
    hour: int
    median: float
    low: int
    high: int
    weeks: int  #: how many earlier weeks say so

    @property
    def holds(self) -> float:
        """In how many of 1 cases the interval holds the truth, where weeks are alike."""
        return (self.weeks - 1) / (self.weeks + 1)


@dataclass(frozen=True, slots=True)
class BackTest:
    """How the same forecast would have done over weeks that are known by now."""

    hours: int
    inside: int  #: of them, those whose count lay in the interval
    off: float | None  #: median distance from the median, in messages; None where nothing was forecast

    @property
    def share(self) -> float | None:
        """The share inside; None where nothing was forecast."""
        return self.inside / self.hours if self.hours else None


@dataclass(frozen=True, slots=True)
class Volumes:
    """Messages by slot over a stretch of days, and the slots that are no witnesses."""

    counts: Mapping[Slot, int]
    first: date
    last: date  #: the last whole day
    blind: frozenset[Slot]

    def of(self, day: date, hour: int) -> int | None:
        """How many came; None where nobody can say."""
        if not self.first <= day <= self.last or (day, hour) in self.blind:
            return None
        return self.counts.get((day, hour), 0)


def volumes(
    session: Session, *, now: datetime, zone: ZoneInfo, weeks: int = 2 * WEEKS, where: Mapping[str, Sequence[str]] = {}
) -> Volumes:
    """Messages of customers by hour over the last whole days, dated when they were posted.

    `where` narrows by a column of their cases, see NARROWED.
    """
    last = now.astimezone(zone).date() - _DAY
    first = last - timedelta(days=7 * weeks - 1)
    since, until = _moment(first, 0, zone), _moment(last + _DAY, 0, zone)
    query = (
        select(col(MentionRow.posted_at))
        .join(CaseRow, col(CaseRow.id) == col(MentionRow.case_id))
        .where(
            col(MentionRow.posted_at) >= since,
            col(MentionRow.posted_at) < until,
            col(MentionRow.is_ours).is_(False),
            col(MentionRow.is_repost).is_(False),
            *(getattr(CaseRow, name).in_(values) for name, values in where.items() if name in NARROWED),
        )
    )
    local = (posted.astimezone(zone) for posted in session.execute(query).scalars())
    counts = Counter((moment.date(), moment.hour) for moment in local)
    gaps = [(gap.since, gap.until) for gap in gaps_within(session, since, until)]
    return Volumes(counts, first, last, frozenset(blind_slots(gaps, first, last, zone)))


def blind_slots(gaps: Sequence[Stretch], first: date, last: date, zone: ZoneInfo) -> Iterator[Slot]:
    """The slots that a gap touches, and those in which the clock is changed."""
    for slot in _slots(first, last):
        start, end = _moment(*slot, zone), _moment(slot[0], slot[1] + 1, zone)
        if end - start != _HOUR or any(since < end and start <= until for since, until in gaps):
            yield slot


def expected(
    known: Volumes, day: date, hour: int, *, weeks: int = WEEKS, without: Collection[date] = ()
) -> Expected | None:
    """What a slot will bring by the same slot of the weeks before it; None where fewer than FEWEST can say."""
    before = [day - timedelta(days=7 * number) for number in range(1, weeks + 1)]
    found = [known.of(one, hour) for one in before if one not in without]
    counts = [count for count in found if count is not None]
    if len(counts) < FEWEST:
        return None
    return Expected(day, hour, float(median(counts)), min(counts), max(counts), len(counts))


def week_ahead(known: Volumes, *, weeks: int = WEEKS, without: Collection[date] = ()) -> tuple[Expected, ...]:
    """The seven days from today, hour by hour; hours that nobody can say are left out."""
    today = known.last + _DAY
    slots = _slots(today, today + timedelta(days=6))
    found = (expected(known, day, hour, weeks=weeks, without=without) for day, hour in slots)
    return tuple(one for one in found if one is not None)


def back_test(known: Volumes, *, days: int = 28, weeks: int = WEEKS, without: Collection[date] = ()) -> BackTest:
    """Forecast the last `days` days from what was known before each, and compare."""
    off: list[float] = []
    inside = 0
    for day, hour in _slots(max(known.first, known.last - timedelta(days=days - 1)), known.last):
        was = known.of(day, hour) if day not in without else None
        one = expected(known, day, hour, weeks=weeks, without=without)
        if was is not None and one is not None:
            off.append(abs(was - one.median))
            inside += one.low <= was <= one.high
    return BackTest(len(off), inside, median(off) if off else None)


def _slots(first: date, last: date) -> Iterator[Slot]:
    for number in range((last - first).days + 1):
        for hour in range(24):
            yield first + timedelta(days=number), hour


def _moment(day: date, hour: int, zone: ZoneInfo) -> datetime:
    """When a slot begins; hour 24 is the next midnight."""
    return datetime.combine(day + timedelta(days=hour // 24), time(hour % 24), zone).astimezone(UTC)
