"""Marking what a note says as something the customer may be told. The only way past a held leak.

A mark stands under somebody's name and stays on record. First-line staff are the voice, not the source: their mark
counts only when a colleague seconds it. Nothing is ever changed: seconding and withdrawing add a row.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from webcare.cases.record import EventKind, changed, load_to_change
from webcare.domain import Actor, FactKind, Role
from webcare.errors import CaseStateRefused, NotAllowed, WebcareError
from webcare.guard.normalise import tokens
from webcare.guard.weights import sentences
from webcare.people import Permission, person_id
from webcare.store.facts import facts_of
from webcare.store.tables import CaseRow, NoteRow, ShareableFactRow

_GONE = "A colleague changed this mark a moment ago; look at the note again."


def mark_shareable(
    session: Session,
    note_id: int,
    sentence: str,
    *,
    kind: FactKind,
    by: Actor,
    now: datetime,
    source: str = "",
    valid_until: datetime | None = None,
) -> ShareableFactRow:
    """Say that the customer may be told this sentence of a note, under one's own name.

    A mark of first-line staff counts only after `second_fact`. Raises WebcareError when the note does not say this,
    CaseStateRefused when it is marked already or the time is over.
    """
    note = _note(session, note_id)
    case = load_to_change(session, note.case_id, by=by, needs=Permission.WORK_CASES)
    return mark(session, case, note, sentence, kind=kind, source=source, valid_until=valid_until, by=by, now=now)


def mark(
    session: Session,
    case: CaseRow,
    note: NoteRow,
    sentence: str,
    *,
    kind: FactKind,
    source: str,
    valid_until: datetime | None,
    by: Actor,
    now: datetime,
) -> ShareableFactRow:
    """`mark_shareable` for a case and note that are loaded already."""
    sentence = _spaced(sentence)
    if not sentence or sentence not in _spaced(note.text):
        raise WebcareError("The note does not say this; mark words that stand in it.")
    if valid_until is not None and valid_until <= now:
        raise CaseStateRefused("This may be told until a time that is over; choose one in the future.")
    assert note.id is not None
    assert case.id is not None
    standing = (fact for fact in facts_of(session, case.id) if fact.waits or fact.counts(now))
    if any(fact.text == sentence and fact.note_id == note.id for fact in standing):
        raise CaseStateRefused("This sentence is marked already.")
    row = ShareableFactRow(
        note_id=note.id,
        case_id=case.id,
        text=sentence,
        kind=kind.value,
        source=" ".join(source.split())[:200],
        valid_until=valid_until,
        marked_by=person_id(by),
        needs_second=by.role is Role.FIRST_LINE,
        created_at=now,
    )
    return _keep(session, case, row, EventKind.MARKED_SHAREABLE, by, now)


def second_fact(session: Session, fact_id: int, *, by: Actor, now: datetime) -> ShareableFactRow:
    """Agree with a colleague's mark, so that it counts. Raises NotAllowed for one's own mark."""
    old, case = _current(session, fact_id, by)
    if not old.needs_second or old.seconded_by is not None:
        raise CaseStateRefused("This mark needs no second person.")
    if old.marked_by == person_id(by):
        raise NotAllowed("You marked this sentence yourself; a colleague has to second it.")
    row = _next(old, now, seconded_by=person_id(by))
    return _keep(session, case, row, EventKind.FACT_SECONDED, by, now)


def withdraw_fact(session: Session, fact_id: int, *, by: Actor, now: datetime) -> ShareableFactRow:
    """Take a mark back: the sentence is internal again from now on."""
    old, case = _current(session, fact_id, by)
    if old.withdrawn_by is not None:
        raise CaseStateRefused("This mark was taken back already.")
    row = _next(old, now, withdrawn_by=person_id(by))
    return _keep(session, case, row, EventKind.FACT_WITHDRAWN, by, now)


def counting_facts(session: Session, case_id: int, *, now: datetime) -> tuple[str, ...]:
    """The sentences of this case's notes that the customer may be told at `now`."""
    return tuple(fact.text for fact in facts_of(session, case_id) if fact.counts(now))


def note_sentences(text: str) -> tuple[str, ...]:
    """The sentences of a note, as they can be marked."""
    found = tokens(text)
    parts = [part for part in sentences(text, found) if part]
    starts = [part[0].start for part in parts] + [len(text)]
    cut = (text[(0 if at == 0 else start) : starts[at + 1]] for at, start in enumerate(starts[:-1]))
    return tuple(filter(None, map(_spaced, cut)))


def sentence_behind(stretch: str, notes: Sequence[tuple[int, str]]) -> tuple[int, str] | None:
    """The note (id, text) and its sentence that share most words with a stretch of a draft; None when none does."""
    said = {token.text for token in tokens(stretch)}
    scored = [
        (len(said & {token.text for token in tokens(sentence)}), -len(sentence), note_id, sentence)
        for note_id, text in notes
        for sentence in note_sentences(text)
    ]
    best = max(scored, default=(0, 0, 0, ""))
    return (best[2], best[3]) if best[0] else None


def _note(session: Session, note_id: int) -> NoteRow:
    note = session.get(NoteRow, note_id)
    if note is None:
        raise WebcareError("This note does not exist.")
    return note


def _current(session: Session, fact_id: int, by: Actor) -> tuple[ShareableFactRow, CaseRow]:
    row = session.get(ShareableFactRow, fact_id)
    if row is None:
        raise WebcareError("This mark does not exist.")
    case = load_to_change(session, row.case_id, by=by, needs=Permission.WORK_CASES)
    if all(fact.id != fact_id for fact in facts_of(session, row.case_id)):
        raise CaseStateRefused(_GONE)
    return row, case


def _next(old: ShareableFactRow, now: datetime, **values: Any) -> ShareableFactRow:
    kept = old.model_dump(exclude={"id", "replaces", "created_at"})
    return ShareableFactRow(**kept | values, replaces=old.id, created_at=now)


def _keep(
    session: Session, case: CaseRow, row: ShareableFactRow, kind: EventKind, by: Actor, now: datetime
) -> ShareableFactRow:
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError as error:
        raise CaseStateRefused(_GONE) from error
    detail = {"fact_id": row.id, "note_id": row.note_id, "text": row.text, "kind": row.kind}
    until = row.valid_until.isoformat() if row.valid_until else None
    changed(session, case, kind, by=by, now=now, detail={**detail, "source": row.source, "valid_until": until})
    return row


def _spaced(text: str) -> str:
    return " ".join(text.split())
