"""How many cases are usual in an hour: the rhythm of hours and weekdays, learnt from the weeks before. Pure.

A cell is one hour of one weekday where the desk is. Its rate is the mean of the same cell in past weeks, with what
stands out cut off, and it leans on the same hour of other days where there are few weeks, and on an ordinary day of
people where there are few days. A series with few cases leans on its share of all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from statistics import median

ALL = "all"
#: Weeks that are looked back on.
WEEKS = 8
HOUR = timedelta(hours=1)
#: How busy an hour of the day is where nothing is known yet; 1 on average.
_ORDINARY = (
    0.35, 0.2, 0.15, 0.1, 0.1, 0.2, 0.45, 0.8, 1.15, 1.35, 1.45, 1.5,
    1.5, 1.4, 1.35, 1.3, 1.3, 1.35, 1.4, 1.5, 1.6, 1.45, 1.15, 0.7,
)  # fmt: skip
#: Cases an hour of a desk nobody knows anything about.
_UNKNOWN = 1.0
#: What a cell leans on counts as so many weeks, what a day leans on as so many days.
_LEAN_WEEKS, _LEAN_DAYS = 2.0, 2.0
#: A new series is taken for this share of all, with the weight of so many cases.
_SHARE, _SHARE_WEIGHT = 0.04, 20.0
#: Cases of its own in a cell from which on a series' own rhythm counts for half.
_OWN = 10.0
#: The spread of a rate around its mean that nobody measured, and the least that is believed (variance / mean squared).
_SPREAD, _LEAST_SPREAD = 0.25, 0.2
#: From here on a stretch of time is summed up once.
_LONG = timedelta(hours=4)
#: Hours in the spread that nobody measured.
_SPREAD_WEIGHT = 60.0

Counts = Mapping[datetime, int]


@dataclass
class Rhythm:
    """The counts of past hours by series, and what they make usual. Hours are UTC, aware, on the full hour."""

    counts: Mapping[str, Counts]
    since: datetime  #: the first hour that was counted
    until: datetime  #: the hour after the last that was counted
    zone: tzinfo = UTC
    _rates: dict[tuple[str, datetime], float] = field(default_factory=dict)
    _sums: dict[tuple[str, datetime, datetime], float] = field(default_factory=dict)
    _spreads: dict[str, float] = field(default_factory=dict)
    _shares: dict[str, float] = field(default_factory=dict)

    @property
    def weeks(self) -> float:
        """How many weeks were counted."""
        return max(0.0, (self.until - self.since) / timedelta(weeks=1))

    def rate(self, series: str, hour: datetime) -> float:
        """Cases that are usual for a series in this hour."""
        known = self._rates.get((series, hour))
        if known is None:
            known = self._rates[series, hour] = self._overall(hour) if series == ALL else self._of(series, hour)
        return known

    def expected(self, series: str, since: datetime, until: datetime) -> float:
        """Cases that are usual for a series in a stretch of time."""
        total, hour = 0.0, since.replace(minute=0, second=0, microsecond=0)
        whole, last = hour + HOUR, until.replace(minute=0, second=0, microsecond=0)
        if last - whole > _LONG:
            return (
                self.expected(series, since, whole) + self._hours(series, whole, last)
                + self.expected(series, last, until)
            )  # fmt: skip
        while hour < until:
            part = (min(until, hour + HOUR) - max(since, hour)) / HOUR
            total += part * self.rate(series, hour)
            hour += HOUR
        return total

    def _hours(self, series: str, since: datetime, until: datetime) -> float:
        """Cases that are usual in many whole hours; asked again and again for the same."""
        known = self._sums.get((series, since, until))
        if known is None:
            hours = int((until - since) / HOUR)
            known = sum(self.rate(series, since + at * HOUR) for at in range(hours))
            self._sums[series, since, until] = known
        return known

    def spread(self, series: str) -> float:
        """How far the rate of a series strays from what is usual: variance of the rate over its square."""
        known = self._spreads.get(series)
        if known is None:
            known = self._spreads[series] = self._spread(series)
        return known

    def seen(self, series: str) -> int:
        """Cases of a series that were counted."""
        return sum(self.counts.get(series, {}).values())

    # --- parts ---------------------------------------------------------------------------------------

    def _overall(self, hour: datetime) -> float:
        weeks = self._same_cell(ALL, hour)
        days = self._same_hour(ALL, hour)
        ordinary = self._level() * _ORDINARY[hour.astimezone(self.zone).hour]
        day = (sum(days) + _LEAN_DAYS * ordinary) / (len(days) + _LEAN_DAYS)
        return (sum(weeks) + _LEAN_WEEKS * day) / (len(weeks) + _LEAN_WEEKS)

    def _of(self, series: str, hour: datetime) -> float:
        by_share = self._share(series) * self.rate(ALL, hour)
        weeks = self._same_cell(series, hour)
        if not weeks:
            return by_share
        own = sum(weeks)
        weight = own / (own + _OWN)
        return weight * own / len(weeks) + (1 - weight) * by_share

    def _level(self) -> float:
        """Cases an hour, over all hours."""
        counted = self.counts.get(ALL, {})
        hours = max(0.0, (self.until - self.since) / HOUR)
        # A desk's first hours say little of its nights.
        return (sum(counted.values()) + 6 * _UNKNOWN) / (hours + 6)

    def _share(self, series: str) -> float:
        known = self._shares.get(series)
        if known is None:
            own = self.counts.get(series, {})
            most = 3 + 3 * sum(own.values()) / max(1.0, (self.until - self.since) / HOUR)
            cut = sum(min(count, most) for count in own.values())
            known = (cut + _SHARE_WEIGHT * _SHARE) / (self.seen(ALL) + _SHARE_WEIGHT)
            self._shares[series] = known
        return known

    def _same_cell(self, series: str, hour: datetime) -> list[float]:
        return _calm([self._count(series, at) for at in self._back(hour, 7, WEEKS)])

    def _same_hour(self, series: str, hour: datetime) -> list[float]:
        weekend = hour.astimezone(self.zone).weekday() >= 5
        back = [at for at in self._back(hour, 1, 14) if (at.astimezone(self.zone).weekday() >= 5) == weekend]
        return _calm([self._count(series, at) for at in back])

    def _back(self, hour: datetime, days: int, times: int) -> list[datetime]:
        """The same hour by the clock on the wall, so many days before, as far as it was counted."""
        local = hour.astimezone(self.zone)
        back = (
            (local.replace(tzinfo=None) - timedelta(days=days * n)).replace(tzinfo=self.zone).astimezone(UTC)
            for n in range(1, times + 1)
        )
        return [at for at in back if self.since <= at < self.until]

    def _count(self, series: str, hour: datetime) -> int:
        return self.counts.get(series, {}).get(hour, 0)

    def _spread(self, series: str) -> float:
        hours = int(min(28 * 24.0, (self.until - self.since) / HOUR - 7 * 24))
        above, square = 0.0, 0.0
        for back in range(1, max(0, hours) + 1):
            hour = self.until - back * HOUR
            usual = self.rate(series, hour)
            came = min(self._count(series, hour), 4 * usual + 6)
            above += (came - usual) ** 2 - usual
            square += usual**2
        weight = min(float(max(0, hours)), square)
        measured = above / square if square else _SPREAD
        return max(_LEAST_SPREAD, (weight * measured + _SPREAD_WEIGHT * _SPREAD) / (weight + _SPREAD_WEIGHT))


def _calm(values: Sequence[int]) -> list[float]:
    """Counts with what stands out cut off."""
    if not values:
        return []
    most = 2 * median(values) + 3
    return [min(float(value), most) for value in values]
