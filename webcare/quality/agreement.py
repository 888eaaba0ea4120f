"""Do reviewers mean the same by a mark? Exact agreement, and Krippendorff's alpha for any number of them.

Alpha after K. Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011): 1 is perfect, 0 what chance alone
would give, below 0 is systematic disagreement. Units with fewer than two marks say nothing and are left out.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

Metric = Literal["nominal", "ordinal", "interval"]
#: The marks that one reply got, from whoever marked it.
Unit = Sequence[int]
#: Krippendorff's own limits: below the first, draw no conclusions; from the second on, rely on it.
TENTATIVE, RELIABLE = 0.667, 0.8


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far reviewers agree on one question."""

    units: int  #: replies with two marks or more
    pairs: int  #: pairs of marks on the same reply
    exact: float | None  #: share of the pairs that are equal
    near: float | None  #: share of the pairs at most one mark apart
    alpha: float | None  #: None where nothing varies, so that chance cannot be told from agreement


def agreement(units: Sequence[Unit], metric: Metric = "ordinal") -> Agreement:
    """Exact share and alpha over these units; those with fewer than two marks do not count."""
    paired = [unit for unit in units if len(unit) > 1]
    pairs = [pair for unit in paired for pair in combinations(unit, 2)]
    return Agreement(
        units=len(paired),
        pairs=len(pairs),
        exact=_share(sum(one == two for one, two in pairs), len(pairs)),
        near=_share(sum(abs(one - two) <= 1 for one, two in pairs), len(pairs)),
        alpha=alpha(paired, metric),
    )


def alpha(units: Sequence[Unit], metric: Metric = "ordinal") -> float | None:
    """Krippendorff's alpha = 1 - observed / expected disagreement; None where all marks are the same or none pairs."""
    coincidences = _coincidences(units)
    totals: dict[int, float] = defaultdict(float)
    for (one, _), count in coincidences.items():
        totals[one] += count
    n = sum(totals.values())
    distance = _distance(metric, totals)
    observed = sum(count * distance(one, two) for (one, two), count in coincidences.items())
    expected = sum(totals[one] * totals[two] * distance(one, two) for one in totals for two in totals)
    return 1 - (n - 1) * observed / expected if expected else None


def _coincidences(units: Sequence[Unit]) -> dict[tuple[int, int], float]:
    """Each ordered pair of marks on one unit, weighted so that a unit counts for as many as it has marks."""
    found: dict[tuple[int, int], float] = {}
    for unit in units:
        marks = Counter(unit)
        if (several := len(unit)) < 2:
            continue
        for one, count in marks.items():
            for two, other in marks.items():
                pairs = count * (other - (one == two))
                found[one, two] = found.get((one, two), 0.0) + pairs / (several - 1)
    return found


def _distance(metric: Metric, totals: Mapping[int, float]) -> Callable[[int, int], float]:
    if metric == "nominal":
        return lambda one, two: float(one != two)
    if metric == "interval":
        return lambda one, two: float(one - two) ** 2
    ranks = sorted(totals)

    def ordinal(one: int, two: int) -> float:
        low, high = sorted((ranks.index(one), ranks.index(two)))
        between = sum(totals[rank] for rank in ranks[low : high + 1])
        return (between - (totals[one] + totals[two]) / 2) ** 2

    return ordinal


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
