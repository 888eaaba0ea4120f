"""What a note says that the customer may be told: the marks of a case as they stand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

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
    query = select(ShareableFactRow).where(ShareableFactRow.case_id == case_id).order_by(col(ShareableFactRow.id))
    rows = list(session.exec(query))
    replaced = {row.replaces for row in rows}
    people = {row.marked_by for row in rows} | {row.seconded_by for row in rows if row.seconded_by is not None}
    names = dict(session.exec(select(AgentRow.id, AgentRow.name).where(col(AgentRow.id).in_(people))).all())
    return tuple(_view(row, names) for row in rows if row.id not in replaced)


def _view(row: ShareableFactRow, names: dict[int | None, str]) -> FactView:
    assert row.id is not None
    return FactView(
        id=row.id,
        note_id=row.note_id,
        text=row.text,
        kind=row.kind,
        source=row.source,
        valid_until=row.valid_until,
        marked_by=row.marked_by,
        marked_name=names.get(row.marked_by, ""),
        needs_second=row.needs_second,
        seconded_by=row.seconded_by,
        seconded_name=names.get(row.seconded_by, ""),
        withdrawn=row.withdrawn_by is not None,
        created_at=row.created_at,
    )
