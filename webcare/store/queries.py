"""The questions pages ask: frozen values out, never rows, so that a page can keep them between two clicks.

Reads only. Every list is bounded. Pages of a queue are in `queue`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import Integer, Row, Select, bindparam, func, select
from sqlmodel import Session, col

from webcare.domain import ACTIVE_STATES, QUEUES, DeliveryState, Media
from webcare.errors import CaseNotFound
from webcare.store.columns import Approver, Author, select_view
from webcare.store.facts import FactView, facts_of
from webcare.store.prepared import run
from webcare.store.queue import FILTERS, MAX_PAGE, SORTS, cases_by_id, queue_page
from webcare.store.rates import resting_until
from webcare.store.tables import (
    AccountRow,
    AgentRow,
    CaseEventRow,
    CaseRow,
    DeliveryRow,
    JobRunRow,
    MentionRow,
    MentionVersionRow,
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
    VersionView,
)

__all__ = [
    "FILTERS",
    "MAX_PAGE",
    "SORTS",
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
    "VersionView",
    "accounts",
    "case_view",
    "cases_by_id",
    "counters",
    "events_after",
    "held_by",
    "last_runs",
    "queue_page",
]

#: A thread of a storm can hold thousands of posts; the case page shows the newest of them.
MAX_POSTS = 400
#: Newest events, notes and deliveries of one case.
MAX_HISTORY = 1000

View = TypeVar("View")


def counters(session: Session, now: datetime, *, agent_id: int | None = None) -> Counters:
    """Active and overdue cases per queue at `now`, those of one agent, and replies that wait for a person."""
    active = col(CaseRow.state).in_(ACTIVE_STATES)
    late = func.count().filter(col(CaseRow.respond_by) < now)
    rows = session.execute(select(col(CaseRow.queue), func.count(), late).where(active).group_by(col(CaseRow.queue)))
    by_queue, overdue = dict.fromkeys(QUEUES, 0), dict.fromkeys(QUEUES, 0)
    for queue, count, late_count in rows:
        by_queue[queue], overdue[queue] = count, late_count
    mine = held_by(session, now, agent_id=agent_id)
    stuck = select(func.count()).where(col(DeliveryRow.state) == DeliveryState.NEEDS_HUMAN.value)
    return Counters(by_queue, overdue, *mine, session.execute(stuck).scalar_one())


def held_by(session: Session, now: datetime, *, agent_id: int | None) -> tuple[int, int]:
    """Active and overdue cases of one agent at `now`."""
    found = run(session, _held(), agent_id=agent_id, now=now).one()
    return found[0], found[1]


@cache
def _held() -> Select[int, int]:
    late = func.count().filter(col(CaseRow.respond_by) < bindparam("now"))
    held = col(CaseRow.state).in_(ACTIVE_STATES), col(CaseRow.assignee_id) == bindparam("agent_id")
    return select(func.count(), late).where(*held)


def case_view(session: Session, case_id: int, *, newest_events: int = MAX_HISTORY) -> CaseView:
    """One case with its thread, notes, deliveries, its newest events and newest triage. Raises CaseNotFound."""
    row = run(session, _case(), case_id=case_id).first()
    if row is None:
        raise CaseNotFound("case {number} does not exist (any more)", number=case_id)
    case = CaseDetail(*row)
    mentions = _thread(session, case.thread_id)
    return CaseView(
        case=case,
        account=_account_view(run(session, _account(), account_id=case.account_id).one()),
        mentions=mentions,
        earlier_mentions=_left_out(session, case.thread_id, len(mentions)),
        notes=_history(session, NoteView, _notes(), case_id),
        deliveries=_deliveries(session, case_id),
        events=_history(session, EventView, _events(), case_id, newest_events, after=0),
        facts=facts_of(session, case_id),
        triage=_newest_triage(session, [mention.id for mention in mentions if mention.deleted_at is None]),
        versions=_versions(session, [mention.id for mention in mentions if mention.edited_at is not None]),
    )


def version_of(session: Session, case_id: int) -> int:
    """How often a case was changed; raises CaseNotFound."""
    version: int | None = run(session, _version(), case_id=case_id).scalar()
    if version is None:
        raise CaseNotFound("Case {number} does not exist (any more).", number=case_id)
    return version


def events_after(session: Session, case_id: int, event_id: int) -> tuple[EventView, ...]:
    """What happened to a case after one event, oldest first."""
    return _history(session, EventView, _events(), case_id, after=event_id)


def accounts(session: Session) -> tuple[AccountView, ...]:
    """Every account, by its key."""
    found = session.execute(_accounts().order_by(col(AccountRow.key)))
    return tuple(_account_view(row) for row in found)


def last_runs(session: Session) -> tuple[RunView, ...]:
    """The newest run of every job and key, by job and key."""
    newest = select(func.max(col(JobRunRow.id))).group_by(col(JobRunRow.job), col(JobRunRow.key))
    query = select_view(RunView, JobRunRow).where(col(JobRunRow.id).in_(newest))
    return tuple(RunView(*row) for row in session.execute(query.order_by(col(JobRunRow.job), col(JobRunRow.key))))


# --- one case ---------------------------------------------------------------------------------------


def _thread(session: Session, thread_id: int) -> tuple[MentionView, ...]:
    found = run(session, _posts(), thread_id=thread_id, newest=MAX_POSTS).all()
    return tuple(_mention(row) for row in reversed(found))


def _mention(row: Row[Any]) -> MentionView:
    values = list(row)
    place = _place(MentionView, "media")
    values[place] = tuple(Media(one.get("kind", ""), one.get("url", "")) for one in values[place])
    return MentionView(*values)


def _left_out(session: Session, thread_id: int, shown: int) -> int:
    if shown < MAX_POSTS:
        return 0
    count = select(func.count()).where(col(MentionRow.thread_id) == thread_id)
    total: int = session.execute(count).scalar_one()
    return total - shown


def _newest_triage(session: Session, mention_ids: Sequence[int]) -> dict[int, TriageView]:
    if not mention_ids:
        return {}
    found = run(session, _triages(), mention_ids=mention_ids)
    return {row.mention_id: _triage(row) for row in found}


def _versions(session: Session, mention_ids: Sequence[int]) -> dict[int, tuple[VersionView, ...]]:
    """What edited posts said before, oldest first; a version nobody saw has nothing to show."""
    if not mention_ids:
        return {}
    query = (
        select_view(VersionView, MentionVersionRow)
        .add_columns(col(MentionVersionRow.mention_id))
        .where(col(MentionVersionRow.mention_id).in_(mention_ids), col(MentionVersionRow.text) != "")
        .order_by(col(MentionVersionRow.posted_at), col(MentionVersionRow.id))
    )
    found: dict[int, tuple[VersionView, ...]] = {}
    for *values, mention_id in session.execute(query):
        found[mention_id] = (*found.get(mention_id, ()), VersionView(*values))
    return found


def _triage(row: Row[Any]) -> TriageView:
    values = list(row)
    place = _place(TriageView, "words")
    values[place] = tuple((str(word), float(weight)) for word, weight in values[place])
    return TriageView(*values)


def _deliveries(session: Session, case_id: int) -> tuple[DeliveryView, ...]:
    found = run(session, _replies(), case_id=case_id, newest=MAX_HISTORY).all()
    return tuple(_delivery(row) for row in reversed(found))


def _delivery(row: Row[Any]) -> DeliveryView:
    values = list(row)
    place = _place(DeliveryView, "attachments")
    values[place] = tuple(values[place])
    return DeliveryView(*values)


def _history(
    session: Session, view: type[View], query: Select[Any], case_id: int, newest: int = MAX_HISTORY, **values: Any
) -> tuple[View, ...]:
    """The newest rows of a case's history, oldest first."""
    found = run(session, query, case_id=case_id, newest=newest, **values).all()
    return tuple(view(*row) for row in reversed(found))


def _account_view(row: Row[Any]) -> AccountView:
    values = row._asdict()
    rates = values.pop("resting_until")
    seen = values["last_polled_at"]
    resting = resting_until(rates, use="poll", now=seen) if seen else None
    missing = tuple(values["missing_permissions"])
    return AccountView(**values | {"missing_permissions": missing, "resting_until": resting})


# --- the statements, made once ----------------------------------------------------------------------


@cache
def _place(view: type[Any], name: str) -> int:
    return [part.name for part in fields(view)].index(name)


@cache
def _case() -> Select[Any]:
    wanted = col(CaseRow.id) == bindparam("case_id")
    return select_view(CaseDetail, CaseRow).join(ThreadRow).outerjoin(AgentRow).where(wanted)


@cache
def _version() -> Select[Any]:
    return select(col(CaseRow.version)).where(col(CaseRow.id) == bindparam("case_id"))


@cache
def _posts() -> Select[Any]:
    newest_first = (col(MentionRow.posted_at).desc(), col(MentionRow.id).desc())
    query = select_view(MentionView, MentionRow).where(col(MentionRow.thread_id) == bindparam("thread_id"))
    return query.order_by(*newest_first).limit(bindparam("newest", type_=Integer))


@cache
def _triages() -> Select[Any]:
    newest = (
        select(func.max(col(TriageRow.id)))
        .where(col(TriageRow.mention_id).in_(bindparam("mention_ids", expanding=True)))
        .group_by(col(TriageRow.mention_id))
    )
    return select_view(TriageView, TriageRow).where(col(TriageRow.id).in_(newest))


@cache
def _replies() -> Select[Any]:
    query = (
        select_view(DeliveryView, DeliveryRow)
        .join(Author, col(Author.id) == col(DeliveryRow.author_id))
        .join(Approver, col(Approver.id) == col(DeliveryRow.approver_id))
        .where(col(DeliveryRow.case_id) == bindparam("case_id"))
    )
    return query.order_by(col(DeliveryRow.id).desc()).limit(bindparam("newest", type_=Integer))


@cache
def _notes() -> Select[Any]:
    query = select_view(NoteView, NoteRow).where(col(NoteRow.case_id) == bindparam("case_id"))
    return query.order_by(col(NoteRow.id).desc()).limit(bindparam("newest", type_=Integer))


@cache
def _events() -> Select[Any]:
    query = select_view(EventView, CaseEventRow).where(
        col(CaseEventRow.case_id) == bindparam("case_id"), col(CaseEventRow.id) > bindparam("after")
    )
    return query.order_by(col(CaseEventRow.id).desc()).limit(bindparam("newest", type_=Integer))


@cache
def _account() -> Select[Any]:
    return _accounts().where(col(AccountRow.id) == bindparam("account_id"))


@cache
def _accounts() -> Select[Any]:
    return select_view(AccountView, AccountRow)
