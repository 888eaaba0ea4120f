"""What a note says that the customer may be told: the marks of a case as they stand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Executable, Row, bindparam, func, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from webcare.store.prepared import run
from webcare.store.tables import AgentRow, ShareableFactRow


@dataclass(frozen=True, slots=True)
class FactView:
    """One marked sentence, as its newest row says."""

    id: int
    note_id: int
    text: str
    kind: str
    source: str
    valid_until: datetime | None
    marked_by: int
    marked_name: str
    needs_second: bool
    seconded_by: int | None
    seconded_name: str
    withdrawn: bool
    created_at: datetime

    @property
    def waits(self) -> bool:
        """Whether a second person still has to look at it."""
        return self.needs_second and self.seconded_by is None and not self.withdrawn

    def counts(self, now: datetime) -> bool:
        """Whether the customer may be told this at `now`."""
        in_time = self.valid_until is None or now < self.valid_until
        return in_time and not self.withdrawn and not self.waits


def facts_of(session: Session, case_id: int) -> tuple[FactView, ...]:
    """Every sentence of the case's notes that was ever marked, each as it stands now, oldest first."""
    rows = run(session, _marks(), case_id=case_id).all()
    replaced = {row.replaces for row in rows}
    return tuple(_view(row) for row in rows if row.id not in replaced)


def _view(row: Row[Any]) -> FactView:
    return FactView(
        id=row.id,
        note_id=row.note_id,
        text=row.text,
        kind=row.kind,
        source=row.source,
        valid_until=row.valid_until,
        marked_by=row.marked_by,
        marked_name=row.marked_name,
        needs_second=row.needs_second,
        seconded_by=row.seconded_by,
        seconded_name=row.seconded_name,
        withdrawn=row.withdrawn_by is not None,
        created_at=row.created_at,
    )


@cache
def _marks() -> Executable:
    marked, seconded, row = aliased(AgentRow), aliased(AgentRow), ShareableFactRow
    columns = (
        *(col(row.id), col(row.note_id), col(row.text), col(row.kind), col(row.source), col(row.valid_until)),
        *(col(row.marked_by), func.coalesce(marked.name, "").label("marked_name"), col(row.needs_second)),
        *(col(row.seconded_by), func.coalesce(seconded.name, "").label("seconded_name"), col(row.withdrawn_by)),
        *(col(row.created_at), col(row.replaces)),
    )
    return (
        select(*columns)
        .outerjoin(marked, col(marked.id) == col(row.marked_by))
        .outerjoin(seconded, col(seconded.id) == col(row.seconded_by))
        .where(col(row.case_id) == bindparam("case_id"))
        .order_by(col(row.id))
    )
