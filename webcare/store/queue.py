"""Pages of a queue: in any of four orders, narrowed by filters, each straight from an index.

Pages go forward by the last item seen (keyset), never by a count to skip, because skipping 20,000 cases costs more
each page.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    CompoundSelect,
    Integer,
    Select,
    String,
    Subquery,
    bindparam,
    exists,
    func,
    select,
    tuple_,
    union_all,
)
from sqlmodel import Session, col
from sqlmodel.sql.sqltypes import UTCDateTime

from webcare.domain import ACTIVE_STATES
from webcare.errors import WebcareError
from webcare.store.columns import select_view
from webcare.store.tables import AccountRow, AgentRow, CaseRow
from webcare.store.tables_desk import CaseTagRow
from webcare.store.views import QueueItem, QueuePage

MAX_PAGE = 500
#: What a queue page can be narrowed by: columns of a case, and a tag of the team's own.
FILTERS = ("channel", "urgency", "sentiment", "topic", "language", "assignee_id", "skill", "tag")
#: From this many cases with a tag on, a page looks for the tag at each case instead of for the cases of the tag.
_MANY_TAGGED = 2_000


@dataclass(frozen=True, slots=True)
class _Order:
    columns: tuple[str, ...]
    down: bool = False


#: The orders a page can come in. `priority`: most urgent first, then by deadline.
SORTS: Mapping[str, _Order] = {
    "priority": _Order(("priority", "respond_by", "id")),
    "deadline": _Order(("respond_by", "id")),
    "newest": _Order(("last_posted_at", "id"), down=True),
    "oldest": _Order(("last_posted_at", "id")),
}
_KINDS: Mapping[str, Any] = {
    "priority": Integer,
    "respond_by": UTCDateTime,
    "last_posted_at": UTCDateTime,
    "id": Integer,
}


@dataclass(frozen=True, slots=True)
class _Shape:
    """What decides the text of a page's statement; the values come later."""

    states: tuple[str, ...]
    names: tuple[str, ...]
    empty: frozenset[str]
    marked: bool
    sort: str
    skilled: bool
    few_tagged: bool


def queue_page(
    session: Session,
    *,
    queue: str | None = None,
    states: Sequence[str] = ACTIVE_STATES,
    assignee_id: int | None = None,
    only: Mapping[str, str | int | None] | None = None,
    skills: Collection[str] | None = None,
    sort: str = "priority",
    after: str | None = None,
    limit: int = 50,
) -> QueuePage:
    """Cases in these states in the order of `sort`, a key of SORTS; `after` is the `next` of the page before.

    `only` narrows the page to one value of each named FILTERS; `{"assignee_id": None}` gives the cases nobody has.
    `skills` leaves out what takes a skill that is not among them. At most 500 a page. Raises WebcareError when `after`
    is not a mark that we gave for this order, ValueError for another filter or order.
    """
    limit = max(1, min(limit, MAX_PAGE))
    if sort not in SORTS:
        raise ValueError(f"a queue page cannot be sorted by {sort}")
    mark = None if after is None else _read_mark(after, sort)
    wanted = wanted_values(queue, assignee_id, only or {})
    if not states:
        return QueuePage((), None)
    empty = frozenset(name for name, value in wanted.items() if value is None)
    few = "tag" in wanted and few_have(session, str(wanted["tag"]))
    shape = _Shape(tuple(dict.fromkeys(states)), tuple(wanted), empty, mark is not None, sort, skills is not None, few)
    values = filter_values(wanted) | {f"seen_{name}": value for name, value in (mark or {}).items()}
    values |= {"limit": limit + 1} | ({"skills": ["", *skills]} if skills is not None else {})
    found = session.execute(_page(shape), values).all()
    items = tuple(QueueItem(*row) for row in found[:limit])
    return QueuePage(items, _write_mark(items[-1], sort) if len(found) > limit else None)


def cases_by_id(session: Session, case_ids: Sequence[int]) -> tuple[QueueItem, ...]:
    """The lines of these cases in the order asked for; those that do not exist are left out. At most 500."""
    wanted = list(dict.fromkeys(case_ids))[:MAX_PAGE]
    found = {row.id: QueueItem(*row) for row in session.execute(_items().where(col(CaseRow.id).in_(wanted)))}
    return tuple(found[case_id] for case_id in wanted if case_id in found)


def wanted_values(
    queue: str | None, assignee_id: int | None, only: Mapping[str, str | int | None]
) -> dict[str, int | str | None]:
    """The columns a page is narrowed by and their values. Raises ValueError for what it cannot be narrowed by."""
    if unknown := set(only) - set(FILTERS):
        raise ValueError(f"a queue page cannot be narrowed by {', '.join(sorted(unknown))}")
    named = {"queue": queue, "assignee_id": assignee_id}
    return dict(only) | {name: value for name, value in named.items() if value is not None}


def filter_values(wanted: Mapping[str, int | str | None]) -> dict[str, Any]:
    """The values of the parameters that `narrowed` leaves in a statement."""
    return {f"only_{name}": value for name, value in wanted.items() if value is not None}


def narrowed(query: Select[Any], names: Collection[str], empty: Collection[str], *, few_tagged: bool) -> Select[Any]:
    """A statement over cases with one condition for each named filter; `empty` ones want no value at all."""
    for name in names:
        if name == "tag":
            query = query.where(_has_tag(few_tagged))
        else:
            column = getattr(CaseRow, name)
            query = query.where(column.is_(None) if name in empty else column == bindparam(f"only_{name}"))
    return query


def few_have(session: Session, tag: str) -> bool:
    """Whether few cases have this tag, so that it is quicker to begin with them."""
    some = select(col(CaseTagRow.case_id)).where(col(CaseTagRow.tag) == tag).limit(_MANY_TAGGED).subquery()
    count: int = session.execute(select(func.count()).select_from(some)).scalar_one()
    return count < _MANY_TAGGED


def _has_tag(few: bool) -> Any:
    tagged = select(col(CaseTagRow.case_id)).where(col(CaseTagRow.tag) == bindparam("only_tag", type_=String))
    if few:
        return col(CaseRow.id).in_(tagged)
    return exists(tagged.where(col(CaseTagRow.case_id) == col(CaseRow.id)))


def _items() -> Select[Any]:
    return (
        select_view(QueueItem, CaseRow)
        .join(AccountRow, col(AccountRow.id) == col(CaseRow.account_id))
        .outerjoin(AgentRow, col(AgentRow.id) == col(CaseRow.assignee_id))
    )


@lru_cache(maxsize=256)
def _page(shape: _Shape) -> Select[Any]:
    """The statement of a page of this shape; building one takes three times as long as running it."""
    # One run per state: with `state IN (...)` the database would sort the whole queue to find fifty cases.
    runs: list[Select[Any]] = [select(_run(state, shape)) for state in shape.states]
    merged: Select[Any] | CompoundSelect[Any] = runs[0] if len(runs) == 1 else union_all(*runs)
    page = merged.subquery("page")
    order = [page.c[name].desc() if SORTS[shape.sort].down else page.c[name] for name in SORTS[shape.sort].columns]
    return (
        select_view(QueueItem, CaseRow)
        .join(page, page.c.id == col(CaseRow.id))
        .join(AccountRow, col(AccountRow.id) == col(CaseRow.account_id))
        .outerjoin(AgentRow, col(AgentRow.id) == col(CaseRow.assignee_id))
        .order_by(*order)
        .limit(bindparam("limit", type_=Integer))
    )


def _run(state: str, shape: _Shape) -> Subquery:
    """The next cases of one state in page order, straight from an index."""
    names, down = SORTS[shape.sort].columns, SORTS[shape.sort].down
    columns = [getattr(CaseRow, name) for name in names]
    query = select(*columns).where(col(CaseRow.state) == state)
    query = narrowed(query, shape.names, shape.empty, few_tagged=shape.few_tagged)
    if shape.skilled:
        query = query.where(col(CaseRow.skill).in_(bindparam("skills", expanding=True)))
    if shape.marked:
        here = tuple_(*columns)
        seen = tuple_(*(bindparam(f"seen_{name}", type_=_KINDS[name]) for name in names))
        query = query.where(here < seen if down else here > seen)
    order = [column.desc() for column in columns] if down else columns
    return query.order_by(*order).limit(bindparam("limit", type_=Integer)).subquery()


def _write_mark(item: QueueItem, sort: str) -> str:
    values = [getattr(item, name) for name in SORTS[sort].columns]
    told = [value.isoformat() if isinstance(value, datetime) else value for value in values]
    text = json.dumps(told if sort == "priority" else [sort, *told])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read_mark(mark: str, sort: str) -> dict[str, Any]:
    try:
        values = json.loads(base64.urlsafe_b64decode(mark.encode() + b"=" * (-len(mark) % 4)))
        if sort != "priority" and values.pop(0) != sort:
            raise ValueError(mark)
        return {name: _value(name, value) for name, value in zip(SORTS[sort].columns, values, strict=True)}
    except (ValueError, TypeError, AttributeError, IndexError) as error:
        raise WebcareError("the page mark in the address is not valid; open the queue from its start") from error


def _value(name: str, told: Any) -> datetime | int:
    if _KINDS[name] is UTCDateTime:
        moment = datetime.fromisoformat(told)
        if moment.tzinfo is None:
            raise ValueError(told)
        return moment
    number = int(told)
    if not (-(2**31) if name == "priority" else 0) <= number < 2**31:
        raise ValueError(told)
    return number
