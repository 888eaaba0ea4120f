"""The list of cases as a table to take away; a customer's name and words only where somebody asks for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, select
from sqlmodel import Session, col

from webcare.domain import Actor
from webcare.people import Permission, require
from webcare.reports.exporting import About, Column, Kind, Table
from webcare.store import Store
from webcare.store.gaps import gaps_within
from webcare.store.tables import AccountRow, AgentRow, CaseRow
from webcare.store.tables_alerts import CaseLookRow

_BATCH = 2000
#: Before anything was collected.
_EVER = datetime(2000, 1, 1, tzinfo=UTC)
_COLUMNS: tuple[tuple[str, Kind, Any], ...] = (
    ("Case", "whole", CaseRow.id),
    ("Network", "text", CaseRow.channel),
    ("Account", "text", AccountRow.key),
    ("Queue", "text", CaseRow.queue),
    ("State", "text", CaseRow.state),
    ("Urgency", "text", CaseRow.urgency),
    ("Sentiment", "text", CaseRow.sentiment),
    ("Topic", "text", CaseRow.topic),
    ("Language", "text", CaseRow.language),
    ("Needs a reply", "flag", CaseRow.needs_reply),
    ("With", "text", AgentRow.name),
    ("Posted", "time", CaseRow.first_posted_at),
    ("Collected", "time", CaseRow.opened_at),
    ("First opened by a person", "time", CaseLookRow.at),
    ("First answer due", "time", CaseRow.first_respond_by),
    ("First answer", "time", CaseRow.first_response_at),
    ("Waiting since", "time", CaseRow.waiting_since),
    ("Answer due", "time", CaseRow.respond_by),
    ("Resolved", "time", CaseRow.resolved_at),
    ("Resolution", "text", CaseRow.resolution),
    ("Came back", "whole", CaseRow.reopened),
    ("Handed over", "whole", CaseRow.handovers),
)
_CUSTOMER: tuple[tuple[str, Kind, Any], ...] = (
    ("Customer", "text", CaseRow.customer_name),
    ("Handle", "text", CaseRow.customer_handle),
    ("Newest message", "text", CaseRow.excerpt),
)


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """Which cases; empty parts do not narrow. The times are those of the customer's first message."""

    since: datetime | None = None
    until: datetime | None = None
    queue: str = ""
    channel: str = ""
    state: str = ""
    topic: str = ""

    def told(self) -> dict[str, str]:
        """The parts that narrow."""
        values = ((part.name, getattr(self, part.name)) for part in fields(self))
        return {name: getattr(value, "isoformat", lambda value=value: value)() for name, value in values if value}


def case_table(
    store: Store, wanted: CaseFilter, *, zone: ZoneInfo, by: Actor, now: datetime, customer: bool = False
) -> AbstractContextManager[Table]:
    """The cases as a table whose rows can be read while the block lasts. Raises NotAllowed without SEE_REPORTS.

    With `customer` the customer's name and newest words are in it, which takes SEE_CASES too and is in the audit log.
    """
    require(by, Permission.SEE_REPORTS)
    if customer:
        require(by, Permission.SEE_CASES)
    return _opened(store, wanted, zone, now, customer)


@contextmanager
def _opened(store: Store, wanted: CaseFilter, zone: ZoneInfo, now: datetime, customer: bool) -> Iterator[Table]:
    columns = (*_COLUMNS, *(_CUSTOMER if customer else ()))
    with store.read() as session:
        until = wanted.until or now
        gaps = [_gap(one) for one in gaps_within(session, wanted.since or _EVER, until)]
        filters = {**wanted.told(), **({"customer_text": "yes"} if customer else {})}
        about = About("Cases", zone, filters, gaps=gaps)
        heads = [Column(title, kind) for title, kind, _ in columns]
        yield Table("cases", heads, _rows(session, _query(wanted, [column for *_, column in columns])), about)


def _rows(session: Session, query: Select[Any]) -> Iterator[Sequence[Any]]:
    for row in session.execute(query.execution_options(yield_per=_BATCH)):
        yield tuple(row)


def _query(wanted: CaseFilter, columns: Sequence[Any]) -> Select[Any]:
    query = (
        select(*(col(column) for column in columns))
        .select_from(CaseRow)
        .join(AccountRow, col(AccountRow.id) == col(CaseRow.account_id))
        .outerjoin(AgentRow, col(AgentRow.id) == col(CaseRow.assignee_id))
        .outerjoin(CaseLookRow, col(CaseLookRow.case_id) == col(CaseRow.id))
        .order_by(col(CaseRow.id))
    )
    for name in ("queue", "channel", "state", "topic"):
        if value := getattr(wanted, name):
            query = query.where(getattr(CaseRow, name) == value)
    if wanted.since is not None:
        query = query.where(col(CaseRow.first_posted_at) >= wanted.since)
    if wanted.until is not None:
        query = query.where(col(CaseRow.first_posted_at) < wanted.until)
    return query


def _gap(gap: Any) -> str:
    return f"{gap.account_key}: {gap.since.isoformat()} to {gap.until.isoformat()}"
