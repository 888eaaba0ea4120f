"""Figures, and the facts behind one, as tables to take away."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from webcare.measures.definitions import VERSIONS
from webcare.measures.values import Fact, Figure, Query
from webcare.reports.exporting import About, Column, Table

_NUMBERS = (
    "Cases",
    "Still open",
    "Left out",
    "Median",
    "90th percentile",
    "Median, business time",
    "90th percentile, business time",
    "Total",
    "Share",
    "Share, lowest",
    "Share, highest",
    "Before: cases",
    "Before: median",
    "Before: 90th percentile",
    "Before: share",
)
_OF_A_FACT = ("Value", "Value, business time", "Part of the credit")


def figures_table(query: Query, found: Iterable[Figure], *, gaps: Sequence[str] = ()) -> Table:
    """Figures as rows, one for each measure, version and group. Lengths of time are in seconds."""
    figures = list(found)
    groups = [Column(name.capitalize()) for name in query.by]
    heads = [Column("Measure"), Column("Version", "whole"), Column("Unit"), *groups]
    rows = [(one.measure, one.version, _unit(one.measure, one.version), *one.group, *_numbers(one)) for one in figures]
    used = dict.fromkeys((one.measure, one.version) for one in figures)
    return Table("figures", [*heads, *(Column(title, "number") for title in _NUMBERS)], rows, _about(query, used, gaps))


def facts_table(query: Query, facts: Iterable[Fact], *, gaps: Sequence[str] = ()) -> Table:
    """The facts behind a figure, those left out with their reasons."""
    known = list(facts)
    dims = sorted({name for fact in known for name in fact.dims})
    heads = [Column("Measure"), Column("Version", "whole"), Column("Case", "whole"), Column("Dated", "time")]
    heads += [Column(title, "number") for title in _OF_A_FACT]
    heads += [Column("Counted", "flag"), Column("Reason"), Column("Colleague", "whole"), Column("Made of")]
    rows = [
        (
            *(fact.measure, fact.version, fact.case_id, fact.at, fact.value, fact.business, fact.share),
            *(fact.counted, fact.reason, fact.agent_id, " ".join(fact.events)),
            *(fact.dims.get(name) for name in dims),
        )
        for fact in known
    ]
    used = dict.fromkeys((fact.measure, fact.version) for fact in known)
    return Table("facts", [*heads, *(Column(name.capitalize()) for name in dims)], rows, _about(query, used, gaps))


def _numbers(one: Figure) -> tuple[float | None, ...]:
    low, high = one.interval or (None, None)
    before = one.before
    then = (before.n, before.median, before.p90, before.share) if before is not None else (None,) * 4
    times = (one.median, one.p90, one.business_median, one.business_p90)
    return (one.n, one.open, sum(one.left_out.values()), *times, one.total, one.share, low, high, *then)


def _unit(measure: str, version: int) -> str:
    known = VERSIONS.get((measure, version))
    return known.unit if known is not None else ""


def _about(query: Query, used: Iterable[tuple[str, int]], gaps: Sequence[str]) -> About:
    filters = {
        "from": query.since.astimezone(query.zone).isoformat(),
        "until": query.until.astimezone(query.zone).isoformat(),
        **{name: ", ".join(values) for name, values in query.where.items()},
        **({"grouped by": ", ".join(query.by)} if query.by else {}),
    }
    known = [VERSIONS[key] for key in used if key in VERSIONS]
    said = [(one.name, one.version, f"{one.sentence} Dated by {one.dating}, in {one.unit}.") for one in known]
    return About("Figures", query.zone, filters, said, gaps)
