"""More cases than are usual: how unlikely what came is, and from when on that is an alarm. Pure.

Cases of a series are taken to come as in a negative binomial: by chance around a rate that itself strays. Windows of
several lengths end now; a window is a spike when so many or more would come by chance less often than the budget of
false alarms allows over all series, windows and minutes of a month.

Where all other cases come faster than usual too (a campaign, a slow morning that ends), more are usual for one series.
A desk that is too young to know its weeks goes by that alone: by the share a series has of all.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from webcare.incidents.rhythm import ALL, Rhythm

#: Lengths of the windows, in minutes; each has the same part of the budget.
WINDOWS = (2, 6, 20, 60, 180)
#: Fewer cases than this are never an alarm, and in a few minutes it takes more.
LEAST, _LEAST_SOON, _SOON = 5, 8, 10
_MONTH_MIN = 30 * 24 * 60
#: Windows that slide are looked at more often than they are new; so many times over.
_SLIDING = 2.0
#: What came lately says how busy these days are: so far back, this close to the window, with the weight of so many.
_LATELY, _GAP, _WEIGHT = timedelta(hours=24), timedelta(minutes=10), 10.0
#: A desk without weeks behind it only knows the last hours; what did not come in them may be half a case.
_LATELY_NEW, _HALF = timedelta(hours=3), 0.5
#: How far these days may stray from the weeks before, and how much faster all other cases may come.
_CALMEST, _BUSIEST = 0.9, 3.0
#: So many other cases must have come before shares of them mean anything.
_OTHERS = 30
#: Weeks from which on the rhythm of the hours is known.
SETTLED = 1.0


@dataclass(frozen=True, slots=True)
class Spike:
    """More cases of one series in one window than chance brings."""

    series: str
    window: timedelta
    count: int
    expected: float
    chance: float  #: of so many or more


def find_spikes(
    came: Mapping[str, Sequence[datetime]],
    rhythm: Rhythm,
    *,
    now: datetime,
    since: datetime,
    budget: float,
    known: Collection[str] = (),
    only: Collection[str] | None = None,
) -> list[Spike]:
    """The spikes of this moment, the least likely first, at most one for each series.

    `came` are the moments of the last day's cases by series, in order; `since` is the first moment that was looked at,
    `budget` the false alarms a month that are put up with, `known` the series that are counted beside those that came.
    `only` are those that a case came for since the last look, where that is known: the others cannot have risen.
    """
    many = len({*came, *known})
    looked_at = [series for series in came if only is None or series in only]
    share = budget / max(1, many)
    found = (_of_series(series, came, rhythm, now=now, since=since, budget=share) for series in looked_at)
    return sorted((spike for spike in found if spike is not None), key=lambda spike: spike.chance)


def allowed_chance(budget: float, window: timedelta) -> float:
    """How unlikely one window of a series must be, so that chance makes `budget` alarms a month in that series."""
    return budget / (len(WINDOWS) * _SLIDING * timedelta(minutes=_MONTH_MIN) / window)


def _of_series(
    series: str,
    came: Mapping[str, Sequence[datetime]],
    rhythm: Rhythm,
    *,
    now: datetime,
    since: datetime,
    budget: float,
) -> Spike | None:
    best: Spike | None = None
    for minutes in WINDOWS:
        window = timedelta(minutes=minutes)
        count = len(came[series]) - bisect_left(came[series], now - window)
        if count < (_LEAST_SOON if minutes < _SOON else LEAST) or count <= _CALMEST * rhythm.expected(
            series, now - window, now
        ):
            continue
        known = usual(series, came, rhythm, window=window, now=now, since=since)
        if known is None or count <= known[0]:
            continue
        chance = tail(count, *known)
        if chance <= allowed_chance(budget, window) and (best is None or chance < best.chance):
            best = Spike(series, window, count, known[0], chance)
    return best


def usual(
    series: str,
    came: Mapping[str, Sequence[datetime]],
    rhythm: Rhythm,
    *,
    window: timedelta,
    now: datetime,
    since: datetime,
) -> tuple[float, float] | None:
    """How many cases are usual in the window that ends now, and the spread; None where nothing is known yet."""
    settled = rhythm.weeks >= SETTLED
    until = now - window - min(_GAP, window)
    start = max(since, until - (_LATELY if settled else _LATELY_NEW))
    if start >= until and not settled:
        return None
    own, every = came[series], came.get(ALL, ())
    lately, others = _between(own, start, until), _between(every, start, until) - _between(own, start, until)
    others_now = _between(every, now - window, now) - _between(own, now - window, now)
    if not settled:
        if series == ALL or others < _OTHERS:
            return None
        expected = (lately + _HALF) * (others_now + 1) / (others + 1)
        return expected, rhythm.spread(series) + 1 / (lately + _HALF) + 1 / (others_now + 1)
    level = (lately + _WEIGHT) / (rhythm.expected(series, start, until) + _WEIGHT)
    usual_now = rhythm.expected(series, now - window, now)
    busy = 1.0
    if series != ALL:
        usual_others = max(0.0, rhythm.expected(ALL, now - window, now) - usual_now)
        busy = min(_BUSIEST, max(1.0, (others_now + _HALF) / (usual_others + 2)))
    # What was never seen may be anything; every case that was makes the rate surer.
    unsure = 1 / (_WEIGHT + lately + rhythm.seen(series) / 10)
    return min(_BUSIEST, max(_CALMEST, level)) * busy * usual_now, rhythm.spread(series) + unsure


def _between(moments: Sequence[datetime], since: datetime, until: datetime) -> int:
    return bisect_left(moments, until) - bisect_left(moments, since) if since < until else 0


def tail(count: int, mean: float, spread: float) -> float:
    """The chance of `count` or more in a negative binomial with this mean and variance mean + spread · mean²."""
    if mean <= 0:
        return 0.0 if count > 0 else 1.0
    shape = 1 / spread
    log_q = math.log(mean / (mean + shape))
    term = math.exp(
        math.lgamma(count + shape) - math.lgamma(shape) - math.lgamma(count + 1)
        + shape * math.log(shape / (shape + mean)) + count * log_q
    )  # fmt: skip
    total, k = 0.0, count
    while term > total * 1e-12 and k < count + 10_000:
        total += term
        term *= (k + shape) / (k + 1) * math.exp(log_q)
        k += 1
    # Below the mean the terms grow at first; the sum is a chance all the same.
    return min(1.0, total)
