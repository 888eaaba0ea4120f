"""Cases by the words of their posts, narrowed like a queue: each case once, at its newest post that holds the words."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select
from sqlmodel import Session, col

from webcare.errors import WebcareError
from webcare.store.queue import cases_by_id, few_have, filter_values, narrowed, wanted_values
from webcare.store.search import Snippet, found_ids, held_in, snippets_of
from webcare.store.tables import CaseRow
from webcare.store.views import QueueItem

#: Posts looked at first and in each further go, and goes for one page, which then says "go on".
_FIRST, _STRIDE, _STRIDES = 120, 500, 5


@dataclass(frozen=True, slots=True)
class FoundCase:
    """A case and the words around the hit."""

    item: QueueItem
    snippet: Snippet


@dataclass(frozen=True, slots=True)
class FoundPage:
    """Some cases, newest hit first; `next` is the mark of the page after this one, None at the end."""

    cases: tuple[FoundCase, ...]
    next: str | None


def search_cases(
    session: Session,
    query: str,
    *,
    only: Mapping[str, str | int | None] | None = None,
    skills: Collection[str] | None = None,
    after: str | None = None,
    limit: int = 50,
) -> FoundPage:
    """Cases in which somebody wrote all the words of `query`, in any queue and state; filters as in `queue_page`.

    `skills` leaves out what takes a skill that is not among them. Where few of many hits pass the filters a page may
    hold less than `limit` and still have a `next`. Raises WebcareError when `after` is not a mark that we gave.
    """
    wanted = wanted_values(None, None, only or {})
    found: dict[int, int] = {}
    before = _read_mark(after)
    first = before
    for go in range(_STRIDES):
        stride = min(_FIRST, _STRIDE) if go == 0 else _STRIDE
        hits = found_ids(session, query, limit=stride, before_id=before)
        fresh = {case_id: id_ for id_, case_id in reversed(hits) if case_id is not None and case_id not in found}
        passing = _passing(session, _not_shown_before(session, query, fresh, first), wanted, skills)
        for case_id, mention_id in sorted(fresh.items(), key=lambda pair: -pair[1]):
            if case_id in passing:
                found[case_id] = mention_id
                if len(found) == limit:
                    return FoundPage(_cases(session, query, found), str(mention_id))
        if len(hits) < stride:
            return FoundPage(_cases(session, query, found), None)
        before = hits[-1][0]
    return FoundPage(_cases(session, query, found), str(before))


def _read_mark(after: str | None) -> int | None:
    if after is None:
        return None
    if not (after.isascii() and after.isdigit() and len(after) < 16):
        raise WebcareError("the page mark in the address is not valid; open the queue from its start")
    return int(after)


def _not_shown_before(session: Session, query: str, fresh: Mapping[int, int], first: int | None) -> list[int]:
    """Without the cases whose newest hit stood on an earlier page."""
    if first is None or not fresh:
        return list(fresh)
    earlier = held_in(session, query, list(fresh), from_id=first)
    return [case_id for case_id in fresh if case_id not in earlier]


def _passing(
    session: Session, case_ids: Sequence[int], wanted: Mapping[str, Any], skills: Collection[str] | None
) -> set[int]:
    if not case_ids or (not wanted and skills is None):
        return set(case_ids)
    empty = [name for name, value in wanted.items() if value is None]
    few = "tag" in wanted and few_have(session, str(wanted["tag"]))
    ids = select(col(CaseRow.id)).where(col(CaseRow.id).in_(bindparam("ids", expanding=True)))
    query = narrowed(ids, list(wanted), empty, few_tagged=few)
    if skills is not None:
        query = query.where(col(CaseRow.skill).in_(["", *skills]))
    return set(session.execute(query, filter_values(wanted) | {"ids": list(case_ids)}).scalars())


def _cases(session: Session, query: str, found: Mapping[int, int]) -> tuple[FoundCase, ...]:
    snippets = snippets_of(session, query, list(found.values()))
    items = cases_by_id(session, list(found))
    return tuple(FoundCase(item, snippets[found[item.id]]) for item in items)
