"""What waits for a colleague's yes, as pages show it: the list, the one on a case, who may say yes. Reads only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Executable, bindparam
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from webcare.cases.approvals import OVERTAKEN, PENDING, REFUSED
from webcare.domain import Actor, Finding, Level, Override
from webcare.people import Permission, colleagues, may
from webcare.store.prepared import run
from webcare.store.tables import AgentRow, CaseRow
from webcare.store.tables_desk import ApprovalRow

#: Replies on the list; a desk with more waiting has another trouble.
_LISTED = 100


@dataclass(frozen=True, slots=True)
class ApprovalView:
    """A reply that waits, or what became of it, with what a list needs of its case."""

    id: int
    case_id: int
    text: str
    way: str
    reasons: tuple[str, ...]
    author_id: int
    author_name: str
    asked_at: datetime
    state: str
    decided_by: str  #: name; empty while it waits, or when a machine ended it
    decided_at: datetime | None
    words: str
    customer: str
    channel: str
    urgency: str
    excerpt: str
    respond_by: datetime
    waiting_since: datetime | None
    wrote_since: bool  #: the customer wrote after it was asked
    overridden: tuple[tuple[str, str], ...]  #: what its author answered for: the finding's sentence and their words
    findings: tuple[Finding, ...] = ()


def waiting_approvals(session: Session) -> tuple[ApprovalView, ...]:
    """Everything that waits, the longest first."""
    query = _views().where(ApprovalRow.state == PENDING).order_by(col(ApprovalRow.asked_at), col(ApprovalRow.id))
    return tuple(_view(*row) for row in session.exec(query.limit(_LISTED)))


def approval_on(session: Session, case_id: int, me: Actor) -> ApprovalView | None:
    """What stands at the composer: the reply that waits, else one's own last that came back and was not answered to."""
    newest = run(session, _newest(), case_id=case_id).first()
    if newest is None:
        return None
    came_back = newest.state in (REFUSED, OVERTAKEN) and newest.author_id == me.id
    if newest.state != PENDING and not came_back:
        return None
    return _view(*session.exec(_views().where(ApprovalRow.id == newest.id)).one())


def waiting_authors(session: Session) -> tuple[int, ...]:
    """Who wrote what waits, one for each; a count that leaves out one's own needs no more."""
    return tuple(session.exec(select(ApprovalRow.author_id).where(ApprovalRow.state == PENDING)))


def approvers(session: Session, author_id: int) -> tuple[str, ...]:
    """The names of those who may say yes to this author's replies."""
    return tuple(
        one.name
        for one in colleagues(session)
        if may(one, Permission.APPROVE_REPLY) and not one.supervised and one.id != author_id
    )


def _views() -> Any:
    decider = aliased(AgentRow)
    return (
        select(ApprovalRow, CaseRow, AgentRow.name, decider.name)
        .join(CaseRow, col(CaseRow.id) == col(ApprovalRow.case_id))
        .join(AgentRow, col(AgentRow.id) == col(ApprovalRow.author_id))
        .outerjoin(decider, col(decider.id) == col(ApprovalRow.decided_by))
    )


@cache
def _newest() -> Executable:
    row = ApprovalRow
    query = select(row.id, row.state, row.author_id).where(row.case_id == bindparam("case_id"))
    return query.order_by(col(row.id).desc()).limit(1)


def _view(row: ApprovalRow, case: CaseRow, author: str, decider: str | None) -> ApprovalView:
    assert row.id is not None
    findings = tuple(map(_finding, row.verdict.get("findings", ())))
    return ApprovalView(
        id=row.id,
        case_id=row.case_id,
        text=row.text,
        way=row.way,
        reasons=tuple(row.reasons),
        author_id=row.author_id,
        author_name=author,
        asked_at=row.asked_at,
        state=row.state,
        decided_by=decider or "",
        decided_at=row.decided_at,
        words=row.words,
        customer=case.customer_name or case.customer_handle,
        channel=case.channel,
        urgency=case.urgency,
        excerpt=case.excerpt,
        respond_by=case.respond_by,
        waiting_since=case.waiting_since,
        wrote_since=case.last_posted_at > row.asked_at,
        overridden=tuple((one.message, row.overrides[one.key]) for one in findings if one.key in row.overrides),
        findings=findings,
    )


def _finding(kept: Mapping[str, Any]) -> Finding:
    return Finding(
        kept["check"],
        Level(kept["level"]),
        kept["reason"],
        kept["message"],
        kept["start"],
        kept["end"],
        tuple(kept["fixes"]),
        Override(kept["override"]),
    )
