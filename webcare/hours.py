"""Opening hours: which stretches of time are open, and how long something takes in open time. Pure; no clock, no file.

A stretch is open when the clock on the wall there says so: an hour that the change to summer time leaves out is not
open, one that the change to winter time repeats is open twice. All moments given and returned are aware; results UTC.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from webcare.errors import WebcareError

DAY_MIN = 24 * 60
#: Longest wait for an opening that is believed; hours that stay shut for longer are a mistake in the holidays.
_LONGEST = timedelta(days=800)
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)|24:00")
_HALF_SECOND = timedelta(milliseconds=500)

Range = tuple[int, int]  #: minutes after midnight on the wall, from and until


class HoursWrong(WebcareError):
    """These opening hours cannot be used; the message says which part and why."""


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """When a queue is worked on. `week` is by ISO weekday, 1 = Monday; a day that is not there is closed."""

    zone: ZoneInfo
    week: Mapping[int, tuple[Range, ...]]
    holidays: Mapping[date, str] = field(default_factory=dict)  #: closed days and their names
    market: str = ""

    def is_open(self, moment: datetime) -> bool:
        """Whether this very moment is open."""
        local = moment.astimezone(self.zone)
        minute = local.hour * 60 + local.minute
        return any(start <= minute < end for start, end in self._ranges(local.date()))

    def intervals(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The open stretches from `start` until `end`, oldest first, cut to them."""
        day = start.astimezone(self.zone).date()
        last = end.astimezone(self.zone).date()
        while day <= last:
            for opens, closes in self._of_day(day):
                opens, closes = max(opens, start.astimezone(UTC)), min(closes, end.astimezone(UTC))
                if opens < closes:
                    yield opens, closes
            day += timedelta(days=1)

    def between(self, start: datetime, end: datetime) -> timedelta:
        """How much of the time from `start` until `end` is open; nothing where `end` is not later."""
        return sum((closes - opens for opens, closes in self.intervals(start, end)), timedelta())

    def add(self, start: datetime, span: timedelta) -> datetime:
        """The first moment by which `span` of open time has passed since `start`.

        Nothing to add gives `start`. Raises HoursWrong where it never opens for that long.
        """
        left = span
        if left <= timedelta():
            return start.astimezone(UTC)
        for opens, closes in self.intervals(start, start + _LONGEST + 8 * span):
            if closes - opens >= left:
                return opens + left
            left -= closes - opens
        raise HoursWrong("These hours are closed for more than two years; look at the holidays.")

    def next_opening(self, moment: datetime) -> datetime:
        """The moment itself where it is open, else when it opens next. Raises HoursWrong where it never does."""
        for opens, _ in self.intervals(moment, moment + _LONGEST):
            return opens
        raise HoursWrong("These hours are closed for more than two years; look at the holidays.")

    def _ranges(self, day: date) -> tuple[Range, ...]:
        return () if day in self.holidays else self.week.get(day.isoweekday(), ())

    def _of_day(self, day: date) -> Iterator[tuple[datetime, datetime]]:
        ranges = self._ranges(day)
        if not ranges:
            return
        for begins, ends, offset in _parts(day, self.zone):
            midnight = datetime.combine(day, time(), UTC) - offset
            for start, end in ranges:
                opens = max(begins, midnight + timedelta(minutes=start))
                closes = min(ends, midnight + timedelta(minutes=end))
                if opens < closes:
                    yield opens, closes


def _parts(day: date, zone: ZoneInfo) -> Sequence[tuple[datetime, datetime, timedelta]]:
    """A day in the pieces between which its clock is set, each with its distance from UTC."""
    begins, ends = midnight(day, zone), midnight(day + timedelta(days=1), zone)
    first, last = _offset(begins, zone), _offset(ends - timedelta(seconds=1), zone)
    if first == last:
        return ((begins, ends, first),)
    low, high = begins, ends
    while high - low > _HALF_SECOND:
        middle = low + (high - low) / 2
        low, high = (middle, high) if _offset(middle, zone) == first else (low, middle)
    change = (low + _HALF_SECOND).replace(microsecond=0)
    return ((begins, change, first), (change, ends, last))


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """When a day of this zone begins, in UTC."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()


# --- as they are kept -----------------------------------------------------------------------------------


def read_hours(value: Mapping[str, Any]) -> OpeningHours:
    """Hours as a policy keeps them. Raises HoursWrong naming what is wrong.

    `{"timezone": "Europe/Amsterdam", "market": "nl", "week": {"1": [["09:00", "17:30"]]},
    "holidays": [{"date": "2026-12-25", "name": "Eerste kerstdag"}]}`
    """
    if unknown := sorted(set(value) - {"timezone", "market", "week", "holidays"}):
        raise HoursWrong("Hours have no part called {name}.", name=unknown[0])
    week = value.get("week")
    if not isinstance(week, Mapping):
        raise HoursWrong("Hours need their weekdays.")
    days = {_weekday(key): _day(key, ranges) for key, ranges in week.items()}
    if not any(days.values()):
        raise HoursWrong("These hours never open: give at least one weekday a range such as 09:00-17:30.")
    return OpeningHours(
        zone=_zone(value.get("timezone")),
        week={day: ranges for day, ranges in days.items() if ranges},
        holidays=_holidays(value.get("holidays", [])),
        market=str(value.get("market", "")),
    )


def read_ranges(text: str) -> list[list[str]]:
    """What a person types for one day: "09:00-12:30, 13:00-17:30"; empty is closed. Raises HoursWrong."""
    ranges = []
    for part in filter(None, (one.strip() for one in re.split(r"[,;]", text))):
        found = re.fullmatch(r"(\d{1,2}[:.]\d\d)\s*(?:-|–|to|tot)\s*(\d{1,2}[:.]\d\d)", part)
        if found is None:
            raise HoursWrong("“{part}” is not a range of time; write it like 09:00-17:30.", part=part[:40])
        ranges.append([clock.replace(".", ":").rjust(5, "0") for clock in found.groups()])
    return ranges


def _zone(name: Any) -> ZoneInfo:
    try:
        return ZoneInfo(str(name))
    except (KeyError, ValueError, OSError) as error:
        raise HoursWrong(
            "“{name}” is not a time zone; write one like Europe/Amsterdam.", name=str(name)[:40]
        ) from error


def _weekday(key: Any) -> int:
    if str(key) not in set("1234567"):
        raise HoursWrong("“{key}” is not a weekday; they are 1 (Monday) to 7 (Sunday).", key=str(key)[:20])
    return int(key)


def _day(key: Any, ranges: Any) -> tuple[Range, ...]:
    if not isinstance(ranges, Sequence) or isinstance(ranges, str):
        raise HoursWrong("Weekday {key} needs a list of ranges.", key=str(key))
    found = sorted(_range(one) for one in ranges)
    for (_, until), (start, _) in pairwise(found):
        if start < until:
            raise HoursWrong("Two ranges of weekday {key} overlap.", key=str(key))
    return tuple(found)


def _range(value: Any) -> Range:
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) != 2:
        raise HoursWrong("A range of time is its start and its end.")
    start, end = (_minute(str(one)) for one in value)
    if start >= end:
        raise HoursWrong("A range must end after it starts: {start}-{end}.", start=str(value[0]), end=str(value[1]))
    return start, end


def _minute(clock: str) -> int:
    if not _CLOCK.fullmatch(clock):
        raise HoursWrong("“{clock}” is not a time of day; write it like 09:00.", clock=clock[:20])
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def _holidays(value: Any) -> dict[date, str]:
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise HoursWrong("Holidays are a list of a date and a name each.")
    found: dict[date, str] = {}
    for one in value:
        day, name = _holiday(one)
        if day in found:
            raise HoursWrong("The holiday {day} stands there twice.", day=day.isoformat())
        found[day] = name
    return found


def _holiday(value: Any) -> tuple[date, str]:
    given = value if isinstance(value, Mapping) else {}
    try:
        day = date.fromisoformat(str(given.get("date")))
    except ValueError as error:
        wrong = str(given.get("date", value))[:40]
        raise HoursWrong("“{day}” is not a date; write it like 2026-12-25.", day=wrong) from error
    name = str(given.get("name", "")).strip()
    if not name:
        raise HoursWrong("The holiday {day} needs a name.", day=day.isoformat())
    return day, name
