"""Who has a case: claim, assign, hand to the second line and back."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from webcare.cases.notes import write_note
from webcare.cases.record import EventKind, changed, load_to_change, typed_text
from webcare.domain import Actor, CaseState, Line
from webcare.errors import CaseStateRefused
from webcare.people import Permission, find_agent, person_id
from webcare.store.tables import CaseRow


def claim(session: Session, case_id: int, *, by: Actor, now: datetime, version: int | None = None) -> CaseRow:
    """Take the case on oneself. Raises CaseStateRefused, naming the colleague, when somebody else has it."""
    case = load_to_change(session, case_id, by=by, needs=Permission.WORK_CASES, version=version)
    me = person_id(by)
    if case.assignee_id not in (None, me):
        holder = find_agent(session, case.assignee_id)
        raise CaseStateRefused(f"{holder.name} already works on this case.")
    case.assignee_id = me
    start_work(case)
    return changed(session, case, EventKind.CLAIMED, by=by, now=now)


def assign(
    session: Session, case_id: int, *, to: int | None, by: Actor, now: datetime, version: int | None = None
) -> CaseRow:
    """Give the case to a colleague, or with None back to its queue."""
    case = load_to_change(session, case_id, by=by, needs=Permission.WORK_CASES, version=version)
    name = find_agent(session, to).name if to is not None else ""
    case.assignee_id = to
    if to is not None:
        start_work(case)
    elif case.state == CaseState.OPEN:
        case.state = CaseState.NEW.value
    return changed(session, case, EventKind.ASSIGNED, by=by, now=now, detail={"to": to, "to_name": name})


def hand_over(
    session: Session, case_id: int, *, question: str, by: Actor, now: datetime, version: int | None = None
) -> CaseRow:
    """Put the case in the second line's queue with a question, kept as an internal note."""
    question = typed_text(question, "question to the second line")
    case = load_to_change(session, case_id, by=by, needs=Permission.HAND_OVER, version=version)
    if case.line == Line.SECOND_LINE:
        raise CaseStateRefused("This case already is with the second line.")
    return _pass_on(session, case, Line.SECOND_LINE, EventKind.HANDED_OVER, question, by, now)


def hand_back(
    session: Session, case_id: int, *, answer: str, by: Actor, now: datetime, version: int | None = None
) -> CaseRow:
    """Put the case back in the first line's queue with the answer, kept as an internal note."""
    answer = typed_text(answer, "answer to the first line")
    case = load_to_change(session, case_id, by=by, needs=Permission.HAND_OVER, version=version)
    if case.line == Line.FIRST_LINE:
        raise CaseStateRefused("This case already is with the first line.")
    return _pass_on(session, case, Line.FIRST_LINE, EventKind.HANDED_BACK, answer, by, now)


def _pass_on(
    session: Session, case: CaseRow, line: Line, kind: EventKind, text: str, by: Actor, now: datetime
) -> CaseRow:
    note = write_note(session, case, text=text, by=by, now=now)
    case.line = case.queue = line.value
    case.assignee_id = None
    case.handovers += 1
    if case.state != CaseState.RESOLVED:
        case.state = CaseState.NEW.value
    return changed(session, case, kind, by=by, now=now, detail={"note_id": note.id})


def start_work(case: CaseRow) -> None:
    """A case somebody has is open, no longer new."""
    if case.state == CaseState.NEW:
        case.state = CaseState.OPEN.value
