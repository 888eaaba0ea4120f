"""Internal notes. Nothing here can reach a network."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from webcare.cases.drafts import discard_draft
from webcare.cases.facts import mark
from webcare.cases.record import EventKind, changed, load_to_change, typed_text
from webcare.domain import Actor, FactKind
from webcare.people import Permission, person_id
from webcare.store.bulk import storable
from webcare.store.tables import CaseRow, NoteRow


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
    written, text = text, typed_text(f"{text.strip()}\n{part}" if part else text, "note")
    case = load_to_change(session, case_id, by=by, needs=Permission.WORK_CASES)
    note = write_note(session, case, text=text, by=by, now=now)
    discard_draft(session, case_id, kind="note", by=by, used=written)
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
