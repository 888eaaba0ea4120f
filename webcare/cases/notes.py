"""Internal notes and the texts people are still writing. Nothing here can reach a network."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlmodel import Session, delete, select

from webcare.cases.facts import mark
from webcare.cases.record import MAX_TEXT, EventKind, changed, load, load_to_change, typed_text
from webcare.domain import Actor, FactKind
from webcare.errors import WebcareError
from webcare.people import Permission, person_id, require
from webcare.store.bulk import storable
from webcare.store.tables import CaseRow, DraftRow, NoteRow

DraftKind = Literal["reply", "note"]


@dataclass(frozen=True, slots=True)
class Shareable:
    """The part of a new note that the customer may be told."""

    text: str
    kind: FactKind = FactKind.OTHER
    source: str = ""
    valid_until: datetime | None = None


def add_note(
    session: Session, case_id: int, *, text: str, by: Actor, now: datetime, shareable: Shareable | None = None
) -> NoteRow:
    """Write an internal note. Two colleagues may note at once, so no version is asked.

    `shareable` is added to the text and marked as what the customer may be told; it may be the whole note.
    """
    part = shareable.text.strip() if shareable else ""
    text = typed_text(f"{text.strip()}\n{part}" if part else text, "note")
    case = load_to_change(session, case_id, by=by, needs=Permission.WORK_CASES)
    note = write_note(session, case, text=text, by=by, now=now)
    discard_draft(session, case_id, kind="note", by=by)
    changed(session, case, EventKind.NOTED, by=by, now=now, detail={"note_id": note.id})
    if shareable is not None and part:
        kind, source, until = shareable.kind, shareable.source, shareable.valid_until
        mark(session, case, note, part, kind=kind, source=source, valid_until=until, by=by, now=now)
    return note


def write_note(session: Session, case: CaseRow, *, text: str, by: Actor, now: datetime) -> NoteRow:
    """Store the note row itself; the caller writes the event."""
    assert case.id is not None
    note = NoteRow(case_id=case.id, agent_id=person_id(by), agent_name=by.name, text=storable(text), created_at=now)
    session.add(note)
    session.flush()
    return note


def save_draft(session: Session, case_id: int, *, kind: DraftKind, text: str, by: Actor, now: datetime) -> None:
    """Keep what somebody is typing; an empty text discards it. Raises WebcareError when it is too long to keep."""
    require(by, Permission.WORK_CASES)
    if len(text) > MAX_TEXT:
        raise WebcareError(f"The text has {len(text)} characters; at most {MAX_TEXT} can be kept.")
    load(session, case_id)
    if not text.strip():
        discard_draft(session, case_id, kind=kind, by=by)
        return
    row = _draft(session, case_id, kind, by) or DraftRow(
        case_id=case_id, agent_id=person_id(by), kind=kind, text="", updated_at=now
    )
    row.text, row.updated_at = storable(text), now
    session.add(row)
    session.flush()


def draft_of(session: Session, case_id: int, *, kind: DraftKind, by: Actor) -> str:
    """What this person was writing on this case; empty when nothing is kept."""
    row = _draft(session, case_id, kind, by)
    return row.text if row else ""


def discard_draft(session: Session, case_id: int, *, kind: DraftKind, by: Actor) -> None:
    """Forget what this person was writing."""
    session.exec(
        delete(DraftRow).where(
            DraftRow.case_id == case_id,  # type: ignore[arg-type]
            DraftRow.agent_id == person_id(by),  # type: ignore[arg-type]
            DraftRow.kind == kind,  # type: ignore[arg-type]
        )
    )


def _draft(session: Session, case_id: int, kind: str, by: Actor) -> DraftRow | None:
    query = select(DraftRow).where(
        DraftRow.case_id == case_id, DraftRow.agent_id == person_id(by), DraftRow.kind == kind
    )
    return session.exec(query).first()
