"""How many people the coming week takes: what `measures.forecast` expects, and what one person does in an hour.

A day is the median of the same weekday in the weeks before, which is not the sum of its hours: where hours bring one
message or none, the median of each is none. Says how many it takes to keep up, not how long customers wait.

Days that the opening hours in force called a holiday are no witnesses. A day ahead that is a holiday of every queue
asked about has no forecast; one that is a holiday of some has that of an ordinary day, and its name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from math import ceil
from statistics import median
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from webcare.cases.clocks import InForce
from webcare.domain import DeliveryState
from webcare.hours import OpeningHours
from webcare.measures.forecast import FEWEST, WEEKS, BackTest, Expected, Volumes, back_test, volumes, week_ahead
from webcare.store.tables import CaseRow, DeliveryRow
from webcare.targets import Targets

_HOURS = range(24)


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the coming week; None where fewer than FEWEST weeks can say."""

    day: date
    median: float | None
    low: int
    high: int
    people: int | None  #: what its busiest hour takes; None where nobody knows how much one person does
    holiday: str = ""  #: what the opening hours call it, of one queue at least
    closed: bool = False  #: of every queue asked about: nothing is expected of it


@dataclass(frozen=True, slots=True)
class Staffing:
    """The coming week from today, and how far to believe it."""

    days: tuple[Day, ...]
    hours: tuple[Expected, ...]
    weeks: int  #: whole weeks with messages, WEEKS at most; below FEWEST there is no forecast
    tested: BackTest
    answers_per_message: float | None
    per_person_hour: float | None  #: answers of one person in an hour in which they answered at all, median


def staffing(session: Session, *, now: datetime, zone: ZoneInfo, queue: str = "") -> Staffing:
    """The forecast of one queue, or of all."""
    known = _since_the_first(volumes(session, now=now, zone=zone, where={"queue": (queue,)} if queue else {}))
    answers = _answers(session, known, zone, queue)
    total = sum(known.counts.values())
    per_message = len(answers) / total if total else None
    per_hour = _per_person_hour(answers, zone)
    closures = _closures(session, known, queue, now)
    free = frozenset(closures)
    hours = tuple(one for one in week_ahead(known, without=free) if not closures.get(one.day, _OPEN).everywhere)
    takes = {hour: _people(hour, per_message, per_hour) for hour in hours}
    return Staffing(
        days=tuple(_day(known, known.last + timedelta(days=number), takes, closures) for number in range(1, 8)),
        hours=hours,
        weeks=min(WEEKS, ((known.last - known.first).days + 1) // 7) if total else 0,
        tested=back_test(known, without=free),
        answers_per_message=per_message,
        per_person_hour=per_hour,
    )


def _since_the_first(known: Volumes) -> Volumes:
    """Without the time before the first message: a desk that was not there saw no quiet weeks."""
    first = min((day for day, _ in known.counts), default=known.first)
    # The first day may have begun in the middle.
    return Volumes(known.counts, max(known.first, min(first + timedelta(days=1), known.last)), known.last, known.blind)


@dataclass(frozen=True, slots=True)
class _Closure:
    """A holiday."""

    name: str
    everywhere: bool  #: in every queue asked about


_OPEN = _Closure("", everywhere=False)


def _closures(session: Session, known: Volumes, queue: str, now: datetime) -> dict[date, _Closure]:
    """The holidays from the first day known until a week ahead: by the hours of now, and by those in force then."""
    in_force, found = InForce(session), dict[date, _Closure]()
    current = in_force.at(now)
    for number in range((known.last - known.first).days + 8):
        day = known.first + timedelta(days=number)
        # Noon in UTC is the same day in every market.
        then = in_force.at(min(datetime.combine(day, time(12), UTC), now))
        names = [one.holidays.get(day) for one in _hours(current, queue)]
        before = [one.holidays.get(day) for one in _hours(then, queue)] if then is not current else []
        if told := sorted({name for name in (*names, *before) if name is not None}):
            found[day] = _Closure(", ".join(told), everywhere=None not in names)
    return found


def _hours(targets: Targets, queue: str) -> list[OpeningHours]:
    """Those of one queue, or all there are."""
    found = [targets.hours_of(queue)] if queue else [*targets.hours.values()]
    return [one for one in found if one is not None]


def _day(known: Volumes, day: date, takes: Mapping[Expected, int | None], closures: Mapping[date, _Closure]) -> Day:
    closure = closures.get(day, _OPEN)
    before = (day - timedelta(weeks=number) for number in range(1, WEEKS + 1))
    counts = [count for one in before if one not in closures and (count := _total(known, one)) is not None]
    people = max((need for hour, need in takes.items() if hour.day == day and need), default=None)
    if len(counts) < FEWEST or closure.everywhere:
        return Day(day, None, 0, 0, people, closure.name, closure.everywhere)
    return Day(day, float(median(counts)), min(counts), max(counts), people, closure.name)


def _total(known: Volumes, day: date) -> int | None:
    """What a day brought; None where an hour of it is no witness."""
    hours = [known.of(day, hour) for hour in _HOURS]
    return None if any(one is None for one in hours) else sum(one for one in hours if one is not None)


def _people(hour: Expected, per_message: float | None, per_hour: float | None) -> int | None:
    return ceil(hour.median * per_message / per_hour) if per_message is not None and per_hour else None


def _answers(session: Session, known: Volumes, zone: ZoneInfo, queue: str) -> Sequence[tuple[int, datetime]]:
    since = datetime.combine(known.first, time(), zone).astimezone(UTC)
    until = datetime.combine(known.last + timedelta(days=1), time(), zone).astimezone(UTC)
    query = select(DeliveryRow.author_id, DeliveryRow.posted_at).where(
        DeliveryRow.state == DeliveryState.SENT.value,
        col(DeliveryRow.posted_at) >= since,
        col(DeliveryRow.posted_at) < until,
        col(DeliveryRow.follows_id).is_(None),
        col(DeliveryRow.survey).is_(False),
    )
    if queue:
        query = query.join(CaseRow, col(CaseRow.id) == col(DeliveryRow.case_id)).where(CaseRow.queue == queue)
    return [(author, at) for author, at in session.exec(query) if at is not None]


def _per_person_hour(answers: Iterable[tuple[int, datetime]], zone: ZoneInfo) -> float | None:
    hours: Counter[tuple[int, str]] = Counter()
    for author, at in answers:
        hours[author, at.astimezone(zone).strftime("%Y-%m-%d %H")] += 1
    return float(median(hours.values())) if hours else None
