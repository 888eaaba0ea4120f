"""The questions pages ask: frozen values out, never rows, so that a page can keep them between two clicks.

Reads only. Every list is bounded; queue pages go forward by the last item seen (keyset), never by a count to skip,
because skipping 20,000 cases costs more each page.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeVar

from sqlalchemy import CompoundSelect, Integer, Row, Select, Subquery, bindparam, func, select, tuple_, union_all
from sqlalchemy.orm import aliased
from sqlmodel import Session, col
from sqlmodel.sql.sqltypes import UTCDateTime

from webcare.domain import ACTIVE_STATES, QUEUES, DeliveryState, Media
from webcare.errors import CaseNotFound, WebcareError
from webcare.store.facts import FactView, facts_of
from webcare.store.tables import (
    AccountRow,
    AgentRow,
    CaseEventRow,
    CaseRow,
    DeliveryRow,
    JobRunRow,
    MentionRow,
    NoteRow,
    ThreadRow,
    TriageRow,
)
from webcare.store.views import (
    AccountView,
    CaseDetail,
    CaseView,
    Counters,
    DeliveryView,
    EventView,
    MentionView,
    NoteView,
    QueueItem,
    QueuePage,
    RunView,
    TriageView,
)

__all__ = [
    "FILTERS",
    "MAX_PAGE",
    "AccountView",
    "CaseDetail",
    "CaseView",
    "Counters",
    "DeliveryView",
    "EventView",
    "FactView",
    "MentionView",
    "NoteView",
    "QueueItem",
    "QueuePage",
    "RunView",
    "TriageView",
    "accounts",
    "case_view",
    "cases_by_id",
    "counters",
    "last_runs",
    "queue_page",
]

MAX_PAGE = 500
#: Columns a queue page can be narrowed by.
FILTERS = ("channel", "urgency", "sentiment", "topic", "language", "assignee_id")
#: A thread of a storm can hold thousands of posts; the case page shows the newest of them.
MAX_POSTS = 400
#: Newest events, notes and deliveries of one case.
MAX_HISTORY = 1000

View = TypeVar("View")


def queue_page(
    session: Session,
    *,
    queue: str | None = None,
    states: Sequence[str] = ACTIVE_STATES,
    assignee_id: int | None = None,
    only: Mapping[str, str | None] | None = None,
    after: str | None = None,
    limit: int = 50,
) -> QueuePage:
    """Cases in these states, most urgent first, then by deadline; `after` is the `next` of the page before.

    `only` narrows the page to one value of each named FILTERS column; `{"assignee_id": None}` gives the cases nobody
    has. At most 500 a page. Raises WebcareError when `after` is not a mark that we gave, ValueError for another column.
    """
    limit = max(1, min(limit, MAX_PAGE))
    mark = None if after is None else _read_mark(after)
    wanted = _filters(queue, assignee_id, only or {})
    if not states:
        return QueuePage((), None)
    empty = frozenset(name for name, value in wanted.items() if value is None)
    statement = _page(tuple(dict.fromkeys(states)), tuple(wanted), empty, mark is not None)
    values: dict[str, Any] = {f"only_{name}": value for name, value in wanted.items() if value is not None}
    values |= dict(zip(_MARK_NAMES, mark or (), strict=False)) | {"limit": limit + 1}
    found = session.execute(statement, values).all()
    items = tuple(QueueItem(*row) for row in found[:limit])
    return QueuePage(items, _write_mark(items[-1]) if len(found) > limit else None)


def cases_by_id(session: Session, case_ids: Sequence[int]) -> tuple[QueueItem, ...]:
    """The lines of these cases in the order asked for; those that do not exist are left out. At most 500."""
    wanted = list(dict.fromkeys(case_ids))[:MAX_PAGE]
    query = (
        _select(QueueItem, CaseRow)
        .join(AccountRow, col(AccountRow.id) == col(CaseRow.account_id))
        .outerjoin(AgentRow, col(AgentRow.id) == col(CaseRow.assignee_id))
        .where(col(CaseRow.id).in_(wanted))
    )
    found = {row.id: QueueItem(*row) for row in session.execute(query)}
    return tuple(found[case_id] for case_id in wanted if case_id in found)


def counters(session: Session, now: datetime, *, agent_id: int | None = None) -> Counters:
    """Active and overdue cases per queue at `now`, those of one agent, and replies that wait for a person."""
    active = col(CaseRow.state).in_(ACTIVE_STATES)
    late = func.count().filter(col(CaseRow.respond_by) < now)
    rows = session.execute(select(col(CaseRow.queue), func.count(), late).where(active).group_by(col(CaseRow.queue)))
    by_queue, overdue = dict.fromkeys(QUEUES, 0), dict.fromkeys(QUEUES, 0)
    for queue, count, late_count in rows:
        by_queue[queue], overdue[queue] = count, late_count
    mine = session.execute(select(func.count(), late).where(active, col(CaseRow.assignee_id) == agent_id)).one()
    stuck = select(func.count()).where(col(DeliveryRow.state) == DeliveryState.NEEDS_HUMAN.value)
    return Counters(by_queue, overdue, mine[0], mine[1], session.execute(stuck).scalar_one())


def case_view(session: Session, case_id: int) -> CaseView:
    """One case with its thread, notes, deliveries, events and newest triage. Raises CaseNotFound."""
    found = session.execute(
        _select(CaseDetail, CaseRow).join(ThreadRow).outerjoin(AgentRow).where(_is(CaseRow, case_id))
    )
    row = found.first()
    if row is None:
        raise CaseNotFound(f"case {case_id} does not exist (any more)")
    case = CaseDetail(*row)
    mentions = _thread(session, case.thread_id)
    return CaseView(
        case=case,
        account=_account(session, case.account_id),
        mentions=mentions,
        earlier_mentions=_left_out(session, case.thread_id, len(mentions)),
        notes=_history(session, NoteView, _select(NoteView, NoteRow).where(col(NoteRow.case_id) == case_id), NoteRow),
        deliveries=_deliveries(session, case_id),
        events=_history(
            session,
            EventView,
            _select(EventView, CaseEventRow).where(col(CaseEventRow.case_id) == case_id),
            CaseEventRow,
        ),
        facts=facts_of(session, case_id),
        triage=_newest_triage(session, [mention.id for mention in mentions]),
    )


def accounts(session: Session) -> tuple[AccountView, ...]:
    """Every account, by its key."""
    found = session.execute(_select(AccountView, AccountRow).order_by(col(AccountRow.key)))
    return tuple(AccountView(*row) for row in found)


def last_runs(session: Session) -> tuple[RunView, ...]:
    """The newest run of every job and key, by job and key."""
    newest = select(func.max(col(JobRunRow.id))).group_by(col(JobRunRow.job), col(JobRunRow.key))
    query = _select(RunView, JobRunRow).where(col(JobRunRow.id).in_(newest))
    return tuple(RunView(*row) for row in session.execute(query.order_by(col(JobRunRow.job), col(JobRunRow.key))))


# --- queue pages ------------------------------------------------------------------------------------

_Mark = tuple[int, datetime, int]
_MARK_NAMES = ("seen_priority", "seen_respond_by", "seen_id")


def _filters(queue: str | None, assignee_id: int | None, only: Mapping[str, str | None]) -> dict[str, int | str | None]:
    """The columns a page is narrowed by and their values."""
    if unknown := set(only) - set(FILTERS):
        raise ValueError(f"a queue page cannot be narrowed by {', '.join(sorted(unknown))}")
    named = {"queue": queue, "assignee_id": assignee_id}
    return dict(only) | {name: value for name, value in named.items() if value is not None}


@lru_cache(maxsize=256)
def _page(states: tuple[str, ...], names: tuple[str, ...], empty: frozenset[str], marked: bool) -> Select[Any]:
    """The statement of a page of this shape; building one takes three times as long as running it."""
    # One run per state: with `state IN (...)` the database would sort the whole queue to find fifty cases.
    runs: list[Select[Any]] = [select(_run(state, names, empty, marked)) for state in states]
    merged: Select[Any] | CompoundSelect[Any] = runs[0] if len(runs) == 1 else union_all(*runs)
    page = merged.subquery("page")
    return (
        _select(QueueItem, CaseRow)
        .join(page, page.c.id == col(CaseRow.id))
        .join(AccountRow, col(AccountRow.id) == col(CaseRow.account_id))
        .outerjoin(AgentRow, col(AgentRow.id) == col(CaseRow.assignee_id))
        .order_by(page.c.priority, page.c.respond_by, page.c.id)
        .limit(bindparam("limit", type_=Integer))
    )


def _run(state: str, names: tuple[str, ...], empty: frozenset[str], marked: bool) -> Subquery:
    """The next cases of one state in page order, straight from an index."""
    order = (col(CaseRow.priority), col(CaseRow.respond_by), col(CaseRow.id))
    query = select(*order).where(col(CaseRow.state) == state)
    for name in names:
        column = getattr(CaseRow, name)
        query = query.where(column.is_(None) if name in empty else column == bindparam(f"only_{name}"))
    if marked:
        kinds: tuple[Any, ...] = (Integer, UTCDateTime, Integer)
        seen = [bindparam(name, type_=kind) for name, kind in zip(_MARK_NAMES, kinds, strict=True)]
        query = query.where(tuple_(*order) > tuple_(*seen))
    return query.order_by(*order).limit(bindparam("limit", type_=Integer)).subquery()


def _write_mark(item: QueueItem) -> str:
    text = json.dumps([item.priority, item.respond_by.isoformat(), item.id])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read_mark(mark: str) -> _Mark:
    try:
        text = base64.urlsafe_b64decode(mark.encode() + b"=" * (-len(mark) % 4))
        priority, respond_by, last = json.loads(text)
        moment = datetime.fromisoformat(respond_by)
        if moment.tzinfo is None or not -(2**31) <= int(priority) < 2**31 or not 0 <= int(last) < 2**31:
            raise ValueError(mark)
        return int(priority), moment, int(last)
    except (ValueError, TypeError) as error:
        raise WebcareError("the page mark in the address is not valid; open the queue from its start") from error


# --- one case ---------------------------------------------------------------------------------------

_Author, _Approver = aliased(AgentRow), aliased(AgentRow)

#: Fields of views that are not columns of the row they are made from.
_ELSEWHERE: dict[str, Any] = {
    "account_key": col(AccountRow.key),
    "assignee_name": func.coalesce(col(AgentRow.name), ""),
    "thread_external_id": col(ThreadRow.external_id),
    "thread_url": col(ThreadRow.url),
    "author_name": col(_Author.name),
    "approver_name": col(_Approver.name),
}


def _select(view: type[Any], row: type[Any]) -> Select[Any]:
    """The columns of `row` that `view` takes, in the order it takes them."""
    names = [part.name for part in fields(view)]
    columns = [getattr(row, name) if hasattr(row, name) else _ELSEWHERE[name].label(name) for name in names]
    return select(*columns).select_from(row)


def _is(row: type[Any], id_: int) -> Any:
    return row.id == id_


def _thread(session: Session, thread_id: int) -> tuple[MentionView, ...]:
    newest_first = (col(MentionRow.posted_at).desc(), col(MentionRow.id).desc())
    query = _select(MentionView, MentionRow).where(col(MentionRow.thread_id) == thread_id)
    found = session.execute(query.order_by(*newest_first).limit(MAX_POSTS)).all()
    return tuple(_mention(row) for row in reversed(found))


def _mention(row: Row[Any]) -> MentionView:
    values = row._asdict()
    media = tuple(Media(one.get("kind", ""), one.get("url", "")) for one in values["media"])
    return MentionView(**values | {"media": media})


def _left_out(session: Session, thread_id: int, shown: int) -> int:
    if shown < MAX_POSTS:
        return 0
    count = select(func.count()).where(col(MentionRow.thread_id) == thread_id)
    total: int = session.execute(count).scalar_one()
    return total - shown


def _newest_triage(session: Session, mention_ids: Sequence[int]) -> dict[int, TriageView]:
    newest = (
        select(func.max(col(TriageRow.id)))
        .where(col(TriageRow.mention_id).in_(mention_ids))
        .group_by(col(TriageRow.mention_id))
    )
    found = session.execute(_select(TriageView, TriageRow).where(col(TriageRow.id).in_(newest)))
    return {row.mention_id: _triage(row) for row in found}


def _triage(row: Row[Any]) -> TriageView:
    values = row._asdict()
    return TriageView(**values | {"words": tuple((str(word), float(weight)) for word, weight in values["words"])})


def _deliveries(session: Session, case_id: int) -> tuple[DeliveryView, ...]:
    query = (
        _select(DeliveryView, DeliveryRow)
        .join(_Author, col(_Author.id) == col(DeliveryRow.author_id))
        .join(_Approver, col(_Approver.id) == col(DeliveryRow.approver_id))
        .where(col(DeliveryRow.case_id) == case_id)
    )
    found = session.execute(query.order_by(col(DeliveryRow.id).desc()).limit(MAX_HISTORY)).all()
    return tuple(_delivery(row) for row in reversed(found))


def _delivery(row: Row[Any]) -> DeliveryView:
    values = row._asdict()
    return DeliveryView(**values | {"attachments": tuple(values["attachments"])})


def _history(session: Session, view: type[View], query: Select[Any], row: type[Any]) -> tuple[View, ...]:
    """The newest rows of a case's history, oldest first."""
    found = session.execute(query.order_by(row.id.desc()).limit(MAX_HISTORY)).all()
    return tuple(view(*values) for values in reversed(found))


def _account(session: Session, account_id: int) -> AccountView:
    found = session.execute(_select(AccountView, AccountRow).where(_is(AccountRow, account_id)))
    return AccountView(*found.one())
