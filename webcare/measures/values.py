"""The values of the figures: what a measure means, what one case adds to it, what is asked, and what comes back.

Frozen, no database. Times are aware UTC, lengths of time are seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

Unit = Literal["s", "share", "count", "score"]
#: Cohort: dated when the customer wrote (or the case began). Event: dated when the thing itself happened.
Dating = Literal["cohort", "event"]

#: The reason of a fact that has no value yet. It counts as one that is open, never as zero.
OPEN = "open"


@dataclass(frozen=True, slots=True)
class Definition:
    """What one version of a measure says. A changed meaning is a new version; the old one stays computable."""

    name: str
    version: int
    unit: Unit
    dating: Dating
    title: str  #: marked with N_
    sentence: str  #: marked with N_
    better: Literal["low", "high", ""] = ""

    @property
    def key(self) -> tuple[str, int]:
        """Name and version."""
        return self.name, self.version


@dataclass(frozen=True, slots=True)
class Fact:
    """What one case adds to one measure, or why it adds nothing.

    Three kinds: a value (`value` is a number); open (`value` None, `counted`, `reason` "open"); left out (not
    `counted`, `reason` says why, one of `definitions.REASONS`).
    """

    measure: str
    version: int
    case_id: int
    at: datetime  #: the moment it is dated at, see `Definition.dating`
    value: float | None  #: seconds of calendar time, 0 or 1 of a share, a count, or a score
    business: float | None = None  #: seconds of opening hours; None where that says nothing
    agent_id: int | None = None  #: who is credited; None = nobody in particular
    share: float = 1.0  #: part of the credit that is this person's; those of one thing sum to 1
    counted: bool = True
    reason: str = ""
    dims: Mapping[str, str] = field(default_factory=dict)  #: see `definitions.DIMENSIONS`
    events: tuple[str, ...] = ()  #: what it was made of: "mention:7", "delivery:3", "event:41", ...
    changes_at: datetime | None = None  #: it says this until then even if nothing happens; None = for good

    @property
    def is_open(self) -> bool:
        """Whether it counts and has no value yet."""
        return self.counted and self.value is None


@dataclass(frozen=True, slots=True)
class Query:
    """What a report asks: a stretch of time [since, until), filters, and what to group by.

    `where` takes dimension -> the values that count; `by` names dimensions, and may have "agent", "day", "week",
    "month", "hour" and "weekday" (in `zone`). `definition` asks for another version of the measures that have it.
    """

    since: datetime
    until: datetime
    zone: ZoneInfo
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    by: tuple[str, ...] = ()
    definition: int | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """One measure for one group. Shares of a person weigh: `n` is their sum and need not be whole."""

    measure: str
    version: int
    group: tuple[str, ...]  #: one value per name in Query.by
    n: float  #: facts with a value
    open: int  #: still without one
    left_out: Mapping[str, int]  #: by reason
    median: float | None = None
    p90: float | None = None
    business_median: float | None = None
    business_p90: float | None = None
    total: float | None = None  #: sum of the values
    share: float | None = None
    interval: tuple[float, float] | None = None  #: Wilson's at 95 %, of the share
    before: Figure | None = None  #: the same for the period of the same length before
