"""Adds up what a question asks: whole days from the sums, the ends of the period and finer questions from the facts.

The sums are of the report zone's days and of one dimension. A period that begins or ends inside such a day takes those
hours from the facts; so any period in any zone is exact. What two dimensions ask together, or what groups by days or
hours of another zone, is counted from the facts alone: just as right, and slower with the length of the period.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy import Text, cast, func, select
from sqlmodel import Session, col

from webcare.hours import midnight
from webcare.measures.keeping import BY_HOUR, COMMON, Record
from webcare.measures.sums import Sum, merge_into
from webcare.measures.values import OPEN, Query
from webcare.store.tables_measures import FigureDayRow, FigureFactRow

Key = tuple[str, int]  #: measure and version
Group = tuple[str, ...]

#: Groups of time; the first four follow from the day.
OF_DAY = ("day", "week", "month", "weekday")
OF_TIME = (*OF_DAY, "hour")
#: What is read of the sum of a day.
_OF_A_DAY = ("measure", "version", "name", "day", "parts", "open", "total", "places", "business_places")
#: The group of everybody who keeps their figures to themselves.
OTHERS = "others"


@dataclass(slots=True)
class Gathered:
    """What belongs to one group: sums as they are stored, and what was added up on top of them."""

    more: Sum = field(default_factory=Sum)
    places: list[bytes] = field(default_factory=list)
    business_places: list[bytes] = field(default_factory=list)
    hidden: set[str] = field(default_factory=set)  #: whose figures are in it unnamed


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with what it takes to answer it."""

    query: Query
    keys: Collection[Key]
    kept: ZoneInfo  #: whose days the sums are of
    visible: Collection[str] | None = None  #: the people who may be named; None = no matter

    @property
    def dims(self) -> frozenset[str]:
        """What it filters or groups by, without what follows from the day."""
        return frozenset({*self.query.where, *self.query.by}) - set(OF_DAY)

    @property
    def dim(self) -> str:
        """The one of them by which the sums of a day are read; empty for those of everything."""
        return next(iter(self.dims), "")

    @property
    def from_sums(self) -> bool:
        """Whether whole days can be taken from the sums."""
        if len(self.dims) > 1:
            return False
        if "hour" in self.dims and not {measure for measure, _ in self.keys} <= BY_HOUR:
            return False
        return self.same_days or not set(OF_TIME) & {*self.query.by, *self.query.where}

    @property
    def same_days(self) -> bool:
        """Whether its zone's days are those of the sums."""
        return self.query.zone.key == self.kept.key

    @property
    def rows(self) -> Hashable:
        """Questions that have this in common are answered by the same rows."""
        kept = frozenset((name, values) for name, values in self.query.where.items() if name not in OF_DAY)
        return self.dims, kept, self.from_sums, self.kept.key, self.same_days


Found = dict[tuple[Key, Group], Gathered]


@dataclass(frozen=True, slots=True)
class Part:
    """A question about one stretch of time [since, until), and what was found."""

    asked: Asked
    since: datetime
    until: datetime
    found: Found = field(default_factory=lambda: defaultdict(Gathered))


def gather(session: Session, parts: Iterable[Part]) -> None:
    """Everything in these stretches of time, by measure and group. Rows that several of them want are read once."""
    days: dict[Hashable, list[tuple[Part, str, str]]] = defaultdict(list)
    spans: dict[tuple[Hashable, datetime, datetime], list[Part]] = defaultdict(list)
    for part in parts:
        ends = [(part.since, part.until)]
        first, last = _whole_days(part.since, part.until, part.asked.kept)
        if part.asked.from_sums and first < last:
            days[part.asked.rows].append((part, first.isoformat(), last.isoformat()))
            kept = part.asked.kept
            ends = [(part.since, midnight(first, kept)), (midnight(last, kept), part.until)]
        for start, end in ends:
            if start < end:
                spans[part.asked.rows, start, end].append(part)
    for alike in days.values():
        _add_days(session, alike)
    for (_, start, end), those in spans.items():
        _add_facts(session, those, start, end)


def add_record(asked: Asked, record: Record, found: Found) -> None:
    """Count one fact (a row of `figure_fact`) if it is asked for."""
    group = _group(asked, record)
    if group is not None:
        into = found[(record["measure"], record["version"]), group]
        into.more.add(record)
        _note_hidden(asked, str(record["agent_id"]), into)


# --- whole days ---------------------------------------------------------------------------------------------


def _whole_days(since: datetime, until: datetime, zone: ZoneInfo) -> tuple[date, date]:
    """The first whole day of a period and the day after its last."""
    first = since.astimezone(zone).date()
    if midnight(first, zone) < since:
        first += timedelta(days=1)
    return first, until.astimezone(zone).date()


def _add_days(session: Session, parts: Sequence[tuple[Part, str, str]]) -> None:
    """The sums of whole days: each part with its first day and the day after its last."""
    keys = _keys(part for part, _, _ in parts)
    for row in session.execute(_days(parts[0][0].asked, keys, min(p[1] for p in parts), max(p[2] for p in parts))):
        key, day = (row.measure, row.version), row.day
        for part, first, last in parts:
            if first <= day < last and key in part.asked.keys:
                _add_day(part, key, row)


def _days(asked: Asked, keys: Collection[Key], first: str, last: str) -> Any:
    dim = asked.dim
    columns = [getattr(FigureDayRow, name) for name in _OF_A_DAY]
    # As text: nearly all of them are empty, and reading JSON takes longer than all the rest of a row.
    columns.append(cast(FigureDayRow.left_out, Text).label("left_out"))
    query = select(*columns).where(
        *_of_keys(FigureDayRow, keys),
        col(FigureDayRow.dim) == dim,
        col(FigureDayRow.day) >= first,
        col(FigureDayRow.day) < last,
    )
    wanted = asked.query.where.get(dim) if dim else ("",)
    return query if wanted is None else query.where(col(FigureDayRow.name).in_(wanted))


def _keys(parts: Iterable[Part]) -> frozenset[Key]:
    return frozenset(key for part in parts for key in part.asked.keys)


def _of_keys(table: Any, keys: Collection[Key]) -> tuple[Any, Any]:
    """Conditions that an index serves; of measures with several versions more may come than was asked."""
    versions = sorted({version for _, version in keys})
    return table.measure.in_(sorted({measure for measure, _ in keys})), table.version.in_(versions)


def _add_day(part: Part, key: Key, row: Any) -> None:
    asked, dim = part.asked, part.asked.dim
    if not _days_fit(asked, row.day):
        return
    shown = _shown(asked, dim, row.name)
    group = tuple(_of_day(name, row.day) if name in OF_DAY else shown for name in asked.query.by)
    into = part.found[key, group]
    into.places.append(row.places)
    into.business_places.append(row.business_places)
    more = into.more
    more.parts, more.open, more.total = more.parts + row.parts, more.open + row.open, more.total + row.total
    if row.left_out != "{}":
        merge_into(more.left_out, orjson.loads(row.left_out))
    if dim == "agent":
        _note_hidden(asked, row.name, into)


# --- facts --------------------------------------------------------------------------------------------------


def _add_facts(session: Session, parts: Sequence[Part], start: datetime, end: datetime) -> None:
    for record in _facts(session, parts, start, end):
        for part in parts:
            if (record["measure"], record["version"]) in part.asked.keys:
                add_record(part.asked, record, part.found)


def _facts(session: Session, parts: Sequence[Part], start: datetime, end: datetime) -> Iterator[dict[str, Any]]:
    """Facts that are alike in all that counts, together in one record."""
    columns: dict[str, Any] = {}
    for part in parts:
        columns |= _columns(part.asked)
    alike = [
        *columns.values(),
        col(FigureFactRow.measure),
        col(FigureFactRow.version),
        col(FigureFactRow.counted),
        col(FigureFactRow.reason),
        col(FigureFactRow.place),
        col(FigureFactRow.business_place),
    ]
    query = select(*alike, func.sum(FigureFactRow.parts), func.sum(FigureFactRow.total), func.count()).where(
        *_of_keys(FigureFactRow, _keys(parts)),
        col(FigureFactRow.at) >= start,
        col(FigureFactRow.at) < end,
        *filters(parts[0].asked.query.where),
    )
    for row in session.execute(query.group_by(*alike)):
        groups = dict(zip(columns, row[: len(columns)], strict=True))
        record = dict(zip(_ALIKE, row[len(columns) :], strict=True))
        value = None if record["reason"] == OPEN else 0.0
        # PostgreSQL adds whole numbers up to decimals.
        record |= {"parts": int(record["parts"]), "total": int(record["total"])}
        yield {"more": {}, "agent_id": None, "value": value, **groups, **record}


#: What `_facts` reads after the groups.
_ALIKE = ("measure", "version", "counted", "reason", "place", "business_place", "parts", "total", "count")


def _columns(asked: Asked) -> dict[str, Any]:
    """What the groups are made of, by the name it has in a record."""
    found: dict[str, Any] = {}
    for name in dict.fromkeys((*asked.query.by, *asked.query.where)):
        if name not in OF_TIME:
            found[name if name != "agent" else "agent_id"] = dimension(name)
        elif not asked.same_days:
            found["at"] = col(FigureFactRow.at)
        else:
            part = "hour" if name == "hour" else "day"
            found[part] = getattr(FigureFactRow, part)
    return found


def dimension(name: str) -> Any:
    """The column, or part of one, that holds a dimension of a fact."""
    if name == "agent":
        return col(FigureFactRow.agent_id)
    return getattr(FigureFactRow, name) if name in COMMON else col(FigureFactRow.more)[name].as_string()


def filters(where: Mapping[str, tuple[str, ...]]) -> Iterable[Any]:
    """The conditions of a filter, but for those of time."""
    for name, values in where.items():
        if name == "agent":
            yield col(FigureFactRow.agent_id).in_([int(value) for value in values])
        elif name not in OF_TIME:
            yield dimension(name).in_(values)


# --- groups -------------------------------------------------------------------------------------------------


def _group(asked: Asked, record: Record) -> Group | None:
    """Its group; None where it is not asked for, or has no part in what is grouped by."""
    for name, values in asked.query.where.items():
        if named(asked, record, name) not in values:
            return None
    group = [named(asked, record, name) for name in asked.query.by]
    if any(name is None for name in group):
        return None
    return tuple(_shown(asked, dim, name or "") for dim, name in zip(asked.query.by, group, strict=True))


def named(asked: Asked, record: Record, name: str) -> str | None:
    """What a fact is called in a dimension or group of time; None where it has no part in it."""
    if name == "agent":
        return None if record["agent_id"] is None else str(record["agent_id"])
    if name in OF_TIME:
        return _of_time(asked, record, name)
    if name in record:
        return record[name]  # type: ignore[no-any-return]
    return record["more"].get(name)  # type: ignore[no-any-return]


def _of_time(asked: Asked, record: Record, name: str) -> str:
    if asked.same_days and "day" in record and name != "hour":
        return _of_day(name, record["day"])
    if asked.same_days and "hour" in record and name == "hour":
        return str(record["hour"])
    local = record["at"].astimezone(asked.query.zone)
    return f"{local.hour:02}" if name == "hour" else _of_day(name, local.date().isoformat())


def _of_day(name: str, day: str) -> str:
    if name == "day":
        return day
    if name == "month":
        return day[:7]
    year, week, weekday = date.fromisoformat(day).isocalendar()
    return str(weekday) if name == "weekday" else f"{year}-W{week:02}"


def _days_fit(asked: Asked, day: str) -> bool:
    return not asked.query.where or all(
        _of_day(name, day) in values for name, values in asked.query.where.items() if name in OF_DAY
    )


def _shown(asked: Asked, dim: str, name: str) -> str:
    if dim == "agent" and asked.visible is not None and name not in asked.visible:
        return OTHERS
    return name


def _note_hidden(asked: Asked, agent: str, into: Gathered) -> None:
    if "agent" in asked.query.by and asked.visible is not None and agent not in asked.visible:
        into.hidden.add(agent)
