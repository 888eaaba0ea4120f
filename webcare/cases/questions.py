"""What pages show of questions to the second line: those of a case with their facts, and whose turn it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Integer, Select, bindparam, func, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col
from sqlmodel.sql.sqltypes import UTCDateTime

from webcare.cases.handing_over import ANSWERED, RETURNED, warn_at
from webcare.domain import ACTIVE_STATES, Line
from webcare.store.facts import FactView
from webcare.store.tables import AgentRow, CaseRow
from webcare.store.tables_desk import HandoverFactRow, HandoverRow

#: Most questions shown in one place.
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class GivenFact:
    """A fact of an answer."""

    text: str
    source: str
    valid_until: datetime | None
    public: bool


@dataclass(frozen=True, slots=True)
class Question:
    """One hand-over, open or over."""

    id: int
    question: str  #: "" where a specialist gave facts that nobody asked for
    skill: str
    asked_by: int
    asked_name: str
    asked_at: datetime
    answer_by: datetime
    taken_by: int | None
    taken_name: str
    closed_at: datetime | None
    closed_name: str
    outcome: str
    facts: tuple[GivenFact, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether it waits for its answer."""
        return self.closed_at is None

    def is_nearly_due(self, now: datetime, part: float) -> bool:
        """Whether the answer is wanted soon, or was; `part` as in the settings."""
        return self.is_open and now >= warn_at(self.asked_at, self.answer_by, part)

    def may_be_told(self, marks: tuple[FactView, ...], now: datetime) -> tuple[str, ...]:
        """Its facts that the customer may be told now, by the marks of the case as they stand."""
        counting = {mark.text for mark in marks if mark.counts(now)}
        return tuple(fact.text for fact in self.facts if fact.public and fact.text in counting)


@dataclass(frozen=True, slots=True)
class Turn:
    """A case that a question makes somebody's turn."""

    case_id: int
    customer: str
    excerpt: str
    at: datetime  #: when it came back, or by when the answer is wanted
    outcome: str  #: "" while the question is open


def questions_of(session: Session, case_id: int) -> tuple[Question, ...]:
    """The hand-overs of a case with their facts, the newest first."""
    found = session.execute(_asked(), {"case_id": case_id}).all()
    facts = _facts(session, [row.id for row in found])
    values: list[list[Any]] = [list(row) for row in found]
    return tuple(Question(*[*one, facts.get(one[0], ())]) for one in values)


def came_back(session: Session, agent_id: int) -> tuple[Turn, ...]:
    """Cases whose question of theirs was answered, or came back, and whose customer still waits; oldest first."""
    return tuple(Turn(*row) for row in session.execute(_came_back(), {"agent_id": agent_id}))


def nearly_due(session: Session, agent_id: int, *, now: datetime) -> tuple[Turn, ...]:
    """Open questions on this specialist's desk of which it was said that their answer is nearly due."""
    return tuple(Turn(*row) for row in session.execute(_nearly_due(), {"agent_id": agent_id, "now": now}))


# --- the statements, made once: building one takes longer than running it -------------------------------


@cache
def _asked() -> Select[Any]:
    asked, taken, closed = aliased(AgentRow), aliased(AgentRow), aliased(AgentRow)
    row = HandoverRow
    columns: tuple[Any, ...] = (
        *(col(row.id), col(row.question), col(row.skill), col(row.asked_by), col(asked.name).label("asked_name")),
        *(col(row.asked_at), col(row.return_by), col(row.taken_by), func.coalesce(taken.name, "").label("taken_name")),
        *(col(row.closed_at), func.coalesce(closed.name, "").label("closed_name"), col(row.outcome)),
    )
    return (
        select(*columns)
        .join(asked, col(asked.id) == col(row.asked_by))
        .outerjoin(taken, col(taken.id) == col(row.taken_by))
        .outerjoin(closed, col(closed.id) == col(row.closed_by))
        .where(col(row.case_id) == bindparam("case_id", type_=Integer))
        .order_by(col(row.id).desc())
        .limit(_SHOWN)
    )


@cache
def _came_back() -> Select[Any]:
    newest = select(func.max(col(HandoverRow.id))).where(col(HandoverRow.case_id) == col(CaseRow.id)).correlate(CaseRow)
    return (
        _turns(col(HandoverRow.closed_at))
        .where(
            col(CaseRow.assignee_id) == bindparam("agent_id", type_=Integer),
            col(CaseRow.state).in_(ACTIVE_STATES),
            col(CaseRow.line) == Line.FIRST_LINE.value,
            col(CaseRow.handovers) > 0,
            col(CaseRow.waiting_since).is_not(None),
            col(HandoverRow.outcome).in_([ANSWERED, RETURNED]),
            col(HandoverRow.id) == newest.scalar_subquery(),
        )
        .order_by(col(HandoverRow.closed_at))
        .limit(_SHOWN)
    )


@cache
def _nearly_due() -> Select[Any]:
    return (
        _turns(col(HandoverRow.return_by))
        .where(
            col(HandoverRow.closed_at).is_(None),
            col(HandoverRow.warned_at).is_not(None),
            col(HandoverRow.return_by) > bindparam("now", type_=UTCDateTime),
            col(CaseRow.assignee_id) == bindparam("agent_id", type_=Integer),
        )
        .order_by(col(HandoverRow.return_by))
        .limit(_SHOWN)
    )


@cache
def _facts_given() -> Select[Any]:
    row = HandoverFactRow
    columns: tuple[Any, ...] = (row.handover_id, row.text, row.source, row.valid_until, row.public)
    return select(*columns).where(col(row.handover_id).in_(bindparam("ids", expanding=True))).order_by(col(row.id))


def _turns(moment: Any) -> Select[Any]:
    return select(
        col(CaseRow.id),
        func.coalesce(func.nullif(CaseRow.customer_name, ""), CaseRow.customer_handle),
        col(CaseRow.excerpt),
        moment,
        col(HandoverRow.outcome),
    ).join(HandoverRow, col(HandoverRow.case_id) == col(CaseRow.id))


def _facts(session: Session, ids: Sequence[int]) -> dict[int, tuple[GivenFact, ...]]:
    found: dict[int, tuple[GivenFact, ...]] = {}
    if not ids:
        return found
    for handover_id, *values in session.execute(_facts_given(), {"ids": list(ids)}):
        found[handover_id] = (*found.get(handover_id, ()), GivenFact(*values))
    return found
