"""Sums of facts from which a median can still be told: how often each value came up. Pure; no clock, no database.

Values are kept at places: whole minutes below a day, ten minutes below a week, whole hours above; counts as they are,
scores in hundredths. A median or 90th percentile is one of the values, so the one told from a sum is exactly the true
one rounded to its place: off by at most 30 seconds below a day, 5 minutes below a week, 30 minutes above.

Credit is kept in 2520ths, which halves, thirds and so on up to tenths divide without a rest, so that sums that are
added to and taken from for years stay exact.
"""

from __future__ import annotations

import math
import struct
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import starmap
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from webcare.measures.values import Unit

#: What one fact weighs whose credit nobody shares.
PARTS = 2520
#: 97.5 % of a normal distribution lie below it.
_Z = 1.959963984540054
_DAY_S, _WEEK_S = 86_400, 604_800
_DAY_PLACES = _DAY_S // 60
_WEEK_PLACES = _DAY_PLACES + (_WEEK_S - _DAY_S) // 600
_LAST = 2**16 - 1
#: Scores may be below zero, places not.
_ZERO_SCORE = 2**15
_STORED = np.dtype([("place", "<u2"), ("parts", "<u4")])
#: The same for a few of them, where making an array takes longer than all the rest.
_PAIR = struct.Struct("<HI")

Name = TypeVar("Name", str, int)
Places = npt.NDArray[np.int64]


def place_of(value: float, unit: Unit) -> int:
    """Where a value is kept. It never falls as the value rises, so the order of values stays."""
    if unit == "s":
        return _place_of_time(value)
    if unit == "score":
        return min(max(_rounded(value * 100) + _ZERO_SCORE, 0), _LAST)
    return min(max(_rounded(value), 0), _LAST)


def value_at(place: int, unit: Unit) -> float:
    """The value of a place."""
    if unit == "score":
        return (place - _ZERO_SCORE) / 100
    if unit != "s":
        return float(place)
    if place <= _DAY_PLACES:
        return place * 60.0
    if place <= _WEEK_PLACES:
        return _DAY_S + (place - _DAY_PLACES) * 600.0
    return _WEEK_S + (place - _WEEK_PLACES) * 3600.0


def _place_of_time(value: float) -> int:
    if value < _DAY_S:
        return max(_rounded(value / 60), 0)
    if value < _WEEK_S:
        return _DAY_PLACES + _rounded((value - _DAY_S) / 600)
    return min(_WEEK_PLACES + _rounded((value - _WEEK_S) / 3600), _LAST)


def _rounded(value: float) -> int:
    # round() takes halves to the even side, and 0.5 and 1.5 minutes would change their distance.
    return math.floor(value + 0.5)


@dataclass(slots=True)
class Sum:
    """Facts of one measure and one group, added up."""

    parts: int = 0  #: of facts with a value
    open: int = 0
    total: int = 0  #: thousandths of the values, times parts
    left_out: dict[str, int] = field(default_factory=dict)  #: facts by reason
    places: dict[int, int] = field(default_factory=dict)  #: parts by place
    business_places: dict[int, int] = field(default_factory=dict)

    def add(self, record: Mapping[str, Any], sign: int = 1) -> None:
        """Count a fact (a row of `figure_fact`), or take it away again. `count` of it are alike, one unless it says."""
        count_in((self,), record, sign)

    def merge(self, other: Sum) -> None:
        """Add another sum to this one."""
        self.parts += other.parts
        self.open += other.open
        self.total += other.total
        merge_into(self.left_out, other.left_out)
        merge_into(self.places, other.places)
        merge_into(self.business_places, other.business_places)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left of it."""
        counted = self.parts or self.open or self.total
        return not counted and not any(self.left_out.values())


def count_in(sums: Iterable[Sum], record: Mapping[str, Any], sign: int = 1) -> None:
    """Count one fact in each of these sums, as `Sum.add` does in one."""
    if not record["counted"]:
        reason, times = record["reason"], sign * record.get("count", 1)
        for one in sums:
            one.left_out[reason] = one.left_out.get(reason, 0) + times
    elif record["value"] is None:
        times = sign * record.get("count", 1)
        for one in sums:
            one.open += times
    else:
        _count_value(sums, record, sign)


def _count_value(sums: Iterable[Sum], record: Mapping[str, Any], sign: int) -> None:
    parts, total = sign * record["parts"], sign * record["total"]
    place, business = record["place"], record["business_place"]
    for one in sums:
        one.parts += parts
        one.total += total
        if place is not None:
            one.places[place] = one.places.get(place, 0) + parts
        if business is not None:
            one.business_places[business] = one.business_places.get(business, 0) + parts


def merge_into(mine: dict[Name, int], theirs: Mapping[Name, int]) -> None:
    """Add counts to counts; what falls below zero stays, as a difference may have it."""
    for name, count in theirs.items():
        mine[name] = mine.get(name, 0) + count


def encoded(places: Mapping[int, int]) -> bytes:
    """Parts by place as they are stored: pairs of place (2 bytes) and parts (4 bytes), by place, none of nothing."""
    kept = sorted(pair for pair in places.items() if pair[1])
    return b"".join(starmap(_PAIR.pack, kept))


def decoded(stored: bytes) -> dict[int, int]:
    """What `encoded` made."""
    return dict(_PAIR.iter_unpack(stored))


def gathered(stored: Iterable[bytes], more: Iterable[Mapping[int, int]] = ()) -> tuple[Places, Places]:
    """Many sums' places in one: the places in order, and the parts of each."""
    found = np.frombuffer(b"".join(stored), dtype=_STORED)
    extra = Counter[int]()
    for one in more:
        extra.update(one)
    places = np.concatenate([found["place"].astype(np.int64), np.fromiter(extra.keys(), np.int64, len(extra))])
    parts = np.concatenate([found["parts"].astype(np.int64), np.fromiter(extra.values(), np.int64, len(extra))])
    if not len(places):
        return places, parts
    # Whole numbers below 2**53, so adding them as floats loses nothing.
    weights = np.bincount(places, weights=parts).astype(np.int64)
    there = np.flatnonzero(weights)
    return there, weights[there]


def quantile(places: Places, parts: Places, share: float, unit: Unit) -> float | None:
    """The smallest value that at least `share` (0..1] of the weight does not exceed; None of nothing."""
    if not len(places):
        return None
    upto = np.cumsum(parts)
    wanted = -(-int(upto[-1]) * round(share * 1000) // 1000)
    return value_at(int(places[int(np.searchsorted(upto, wanted))]), unit)


def wilson(share: float, n: float) -> tuple[float, float] | None:
    """The 95 % interval of a share seen in `n` things; None of none."""
    if n <= 0:
        return None
    middle = share + _Z**2 / (2 * n)
    spread = _Z * math.sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2))
    below = 1 + _Z**2 / n
    return max(0.0, (middle - spread) / below), min(1.0, (middle + spread) / below)
