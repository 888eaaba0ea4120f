"""A question to the second line and the facts that come back: the case stays one contact, the first line the voice.

A hand-over carries one question and stays open until it is answered, withdrawn, answered in public by the specialist,
or comes back by itself because its time is over. Each end is one event whose detail says what reports need: who asked,
how long it took, how it ended. Nothing here touches what the customer waits for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from webcare.cases.assignment import give, put_back
from webcare.cases.at_work import DEFAULT, AtWork, is_in
from webcare.cases.facts import mark
from webcare.cases.notes import write_note
from webcare.cases.record import EventKind, changed, load_to_change, note_event, typed_text
from webcare.cases.skills import is_skill
from webcare.domain import ACTIVE_STATES, Actor, CaseState, FactKind, Line, Role
from webcare.errors import CaseStateRefused, WebcareError
from webcare.people import Permission, person_id
from webcare.settings import ReturnSettings, SecondLineSettings
from webcare.store.bulk import storable
from webcare.store.tables import CaseRow, NoteRow
from webcare.store.tables_desk import HandoverFactRow, HandoverRow

#: Most facts in one answer, and the longest one, in characters.
MAX_FACTS, MAX_FACT = 20, 1_000
#: From so many hand-overs on a case is said to go to and fro.
PING_PONG = 3
ANSWERED, RETURNED, WITHDRAWN, REPLIED = "answered", "returned", "withdrawn", "replied"
#: As defaults.toml has them, for callers without settings.
TIMES = SecondLineSettings(warn_at=0.75, return_min=ReturnSettings(critical=10, high=30, normal=120, low=720))
_WITH_SECOND = "This case already is with the second line."


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing the specialist knows."""

    text: str
    public: bool = False  #: the customer may be told
    source: str = ""
    valid_until: datetime | None = None
    kind: FactKind = FactKind.OTHER


def hand_over(
    session: Session,
    case_id: int,
    *,
    question: str,
    by: Actor,
    now: datetime,
    version: int | None = None,
    skill: str | None = None,
    answer_by: datetime | None = None,
    settings: SecondLineSettings = TIMES,
) -> CaseRow:
    """Ask the second line; the question is kept as an internal note too.

    `skill` is what it takes to answer: "" = anybody, None = what the case takes. Without `answer_by` the time of the
    case's urgency counts. Raises CaseStateRefused when the case is with the second line already or the time is over.
    """
    question = typed_text(question, "question to the second line")
    case = load_to_change(session, case_id, by=by, needs=Permission.HAND_OVER, version=version)
    if case.line == Line.SECOND_LINE or open_question(session, case_id) is not None:
        raise CaseStateRefused(_WITH_SECOND)
    if answer_by is not None and answer_by <= now:
        raise CaseStateRefused("Choose a time in the future for the answer.")
    if skill is not None:
        case.skill = _known(skill)
    note = write_note(session, case, text=question, by=by, now=now)
    answer_by = answer_by or now + settings.answer_within(case.urgency)
    row = HandoverRow(
        case_id=case_id,
        question=note.text,
        note_id=note.id,
        skill=case.skill,
        asked_by=person_id(by),
        asked_at=now,
        return_by=answer_by,
    )
    session.add(row)
    session.flush()
    _move(session, case, Line.SECOND_LINE)
    detail = {"note_id": note.id, "handover_id": row.id, "skill": row.skill, "answer_by": answer_by.isoformat()}
    return changed(session, case, EventKind.HANDED_OVER, by=by, now=now, detail=detail)


def hand_back(
    session: Session,
    case_id: int,
    *,
    by: Actor,
    now: datetime,
    answer: str = "",
    facts: Sequence[Fact] = (),
    version: int | None = None,
    rule: AtWork = DEFAULT,
) -> CaseRow:
    """Give the first line the answer: facts, an internal remark, or both; kept as one internal note too.

    A public fact is marked as what the customer may be told, by the rules of such marks. The case goes to whoever
    asked, when they are in, else to the first line's queue. An answer that comes after the question went back by
    itself is added where the case is. Raises WebcareError for an answer with nothing in it, CaseStateRefused when
    nobody asked.
    """
    facts = _checked(facts, now)
    if not facts or answer.strip():
        answer = typed_text(answer, "answer to the first line")
    case = load_to_change(session, case_id, by=by, needs=Permission.HAND_OVER, version=version)
    row = open_question(session, case_id, lock=True)
    late = row is None and case.line == Line.FIRST_LINE
    if late and (row := _returned(session, case_id)) is None:
        raise CaseStateRefused("This case already is with the first line.")
    if row is None and facts:
        row = _nobody_asked(session, case, by, now)
    note = _note_answer(session, case, answer, facts, by, now)
    detail: dict[str, Any] = {"note_id": note.id, "facts": len(facts), "public": sum(fact.public for fact in facts)}
    if row is not None:
        _keep_facts(session, case, row, note, facts, by, now)
        detail |= _close(session, row, ANSWERED, by=by, now=now)
    if late:
        detail["late"] = True
    else:
        detail["to"] = _to_asker(session, case, row, now, rule)
    return changed(session, case, EventKind.HANDED_BACK, by=by, now=now, detail=detail)


def withdraw_question(
    session: Session, case_id: int, *, by: Actor, now: datetime, version: int | None = None
) -> CaseRow:
    """Take a question back before it was answered; the case comes to whoever withdraws it."""
    case = load_to_change(session, case_id, by=by, needs=Permission.HAND_OVER, version=version)
    row = open_question(session, case_id, lock=True)
    if row is None:
        raise CaseStateRefused("No question of this case waits for an answer.")
    detail = _close(session, row, WITHDRAWN, by=by, now=now)
    _move(session, case, Line.FIRST_LINE)
    if case.state in ACTIVE_STATES:
        give(session, case, person_id(by), now=now)
    return changed(session, case, EventKind.QUESTION_WITHDRAWN, by=by, now=now, detail=detail)


def close_as_replied(session: Session, case: CaseRow, *, by: Actor, now: datetime) -> dict[str, Any]:
    """A reply was approved: if its author is the specialist, the question is answered by it; gives that for the event.

    A holding answer of the first line leaves the question open.
    """
    if case.line != Line.SECOND_LINE or case.id is None:
        return {}
    row = open_question(session, case.id, lock=True)
    if row is None or by.id is None or not (by.id == row.taken_by or by.role is Role.SECOND_LINE):
        return {}
    return _close(session, row, REPLIED, by=by, now=now)


def open_question(session: Session, case_id: int, *, lock: bool = False) -> HandoverRow | None:
    """The question of a case that waits for its answer."""
    query = select(HandoverRow).where(HandoverRow.case_id == case_id, col(HandoverRow.closed_at).is_(None))
    return session.exec(query.with_for_update() if lock else query).first()


# --- by the clock ---------------------------------------------------------------------------------------

_JOB = Actor.system("second_line")


def questions_due(session: Session, *, now: datetime, limit: int = 200) -> list[int]:
    """The cases whose question's time is over, or that were closed meanwhile; oldest first."""
    query = (
        select(HandoverRow.case_id)
        .join(CaseRow, col(CaseRow.id) == col(HandoverRow.case_id))
        .where(
            col(HandoverRow.closed_at).is_(None),
            (col(HandoverRow.return_by) <= now) | (col(CaseRow.state) == CaseState.RESOLVED.value),
        )
        .order_by(col(HandoverRow.return_by), col(HandoverRow.id))
        .limit(limit)
    )
    return list(session.exec(query))


def return_question(session: Session, case_id: int, *, now: datetime, rule: AtWork = DEFAULT) -> bool:
    """Bring one unanswered question back to whoever asked; False when somebody was faster or its time came later.

    The end of the question and the way back are one transaction, so a crash leaves either both or none.
    """
    case = load_to_change(session, case_id, by=_JOB, needs=Permission.RUN_JOBS)
    row = open_question(session, case_id, lock=True)
    if row is None or (row.return_by > now and case.state != CaseState.RESOLVED):
        return False
    done = case.state == CaseState.RESOLVED
    detail = _close(session, row, WITHDRAWN if done else RETURNED, by=_JOB, now=now)
    if case.line == Line.SECOND_LINE:
        detail["to"] = _to_asker(session, case, row, now, rule)
    kind = EventKind.QUESTION_WITHDRAWN if done else EventKind.QUESTION_RETURNED
    changed(session, case, kind, by=_JOB, now=now, detail=detail)
    return True


def warn_of_questions(session: Session, settings: SecondLineSettings, *, now: datetime, limit: int = 200) -> int:
    """Say of each open question once that its answer is nearly due; gives of how many.

    No version is raised: whoever is typing the answer at that moment must not be stopped by the warning.
    """
    query = (
        select(HandoverRow, CaseRow)
        .join(CaseRow, col(CaseRow.id) == col(HandoverRow.case_id))
        .where(
            col(HandoverRow.closed_at).is_(None),
            col(HandoverRow.warned_at).is_(None),
            col(HandoverRow.return_by) > now,
        )
        .order_by(col(HandoverRow.return_by))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    warned = 0
    for row, case in session.exec(query):
        if now < warn_at(row.asked_at, row.return_by, settings.warn_at):
            continue
        row.warned_at = now
        session.add(row)
        detail = {"handover_id": row.id, "answer_by": row.return_by.isoformat()}
        note_event(session, case, EventKind.QUESTION_DUE, by=_JOB, now=now, detail=detail)
        warned += 1
    session.flush()
    return warned


def warn_at(asked_at: datetime, return_by: datetime, part: float) -> datetime:
    """The moment from which an answer is nearly due."""
    return asked_at + (return_by - asked_at) * part


# --- parts of the verbs ---------------------------------------------------------------------------------


def _move(session: Session, case: CaseRow, line: Line) -> None:
    """Put a case in the queue of a line, with nobody."""
    put_back(session, case)
    case.line = case.queue = line.value
    case.handovers += 1
    if case.state != CaseState.RESOLVED:
        case.state, case.snoozed_until = CaseState.NEW.value, None


def _to_asker(session: Session, case: CaseRow, row: HandoverRow | None, now: datetime, rule: AtWork) -> int | None:
    """Bring a case back to the first line: on the desk of whoever asked if they are in; gives who that is."""
    _move(session, case, Line.FIRST_LINE)
    asked = row is not None and bool(row.question) and is_in(session, row.asked_by, now=now, rule=rule)
    if row is None or not asked or case.state not in ACTIVE_STATES:
        return None
    give(session, case, row.asked_by, now=now)
    return row.asked_by


def _close(session: Session, row: HandoverRow, outcome: str, *, by: Actor, now: datetime) -> dict[str, Any]:
    """End a question; gives what reports need of it."""
    row.closed_at, row.closed_by, row.outcome = now, by.id, outcome
    session.add(row)
    session.flush()
    return {
        "handover_id": row.id,
        "outcome": outcome,
        "asked_by": row.asked_by,
        "taken_by": row.taken_by,
        "waited_s": int((now - row.asked_at).total_seconds()),
    }


def _returned(session: Session, case_id: int) -> HandoverRow | None:
    """The newest question of a case, if it went back by itself."""
    query = select(HandoverRow).where(HandoverRow.case_id == case_id).order_by(col(HandoverRow.id).desc())
    row = session.exec(query.limit(1).with_for_update()).first()
    return row if row is not None and row.outcome == RETURNED else None


def _nobody_asked(session: Session, case: CaseRow, by: Actor, now: datetime) -> HandoverRow:
    """Facts on a case that came to the second line by its route: they hang on a hand-over without a question."""
    assert case.id is not None
    me = person_id(by)
    row = HandoverRow(case_id=case.id, question="", skill=case.skill, asked_by=me, asked_at=now, return_by=now)
    session.add(row)
    session.flush()
    return row


def _note_answer(
    session: Session, case: CaseRow, answer: str, facts: Sequence[Fact], by: Actor, now: datetime
) -> NoteRow:
    lines = [answer, *(f"• {fact.text}" + (f" ({fact.source})" if fact.source else "") for fact in facts)]
    return write_note(session, case, text="\n".join(filter(None, lines)), by=by, now=now)


def _keep_facts(
    session: Session,
    case: CaseRow,
    row: HandoverRow,
    note: NoteRow,
    facts: Sequence[Fact],
    by: Actor,
    now: datetime,
) -> None:
    assert row.id is not None
    for fact in facts:
        marked = None
        if fact.public:
            marked = mark(
                session,
                case,
                note,
                fact.text,
                kind=fact.kind,
                source=fact.source,
                valid_until=fact.valid_until,
                by=by,
                now=now,
            )
        session.add(
            HandoverFactRow(
                handover_id=row.id,
                text=fact.text,
                source=fact.source,
                valid_until=fact.valid_until,
                public=fact.public,
                fact_id=marked.id if marked else None,
            )
        )
    session.flush()


def _checked(facts: Sequence[Fact], now: datetime) -> tuple[Fact, ...]:
    """The facts with their blanks tidied. Raises WebcareError for too many, too long, the same twice, or one over."""
    tidy = tuple(
        Fact(_line(fact.text), fact.public, _line(fact.source)[:200], fact.valid_until, fact.kind) for fact in facts
    )
    if len(tidy) > MAX_FACTS:
        raise WebcareError("An answer holds at most {most} facts.", most=MAX_FACTS)
    texts = [fact.text for fact in tidy]
    if not all(texts):
        raise WebcareError("One of the facts is empty.")
    if len(set(texts)) < len(texts):
        raise WebcareError("The same fact stands there twice.")
    if any(len(text) > MAX_FACT for text in texts):
        raise WebcareError("A fact has at most {most} characters; split it.", most=MAX_FACT)
    if any(fact.valid_until is not None and fact.valid_until <= now for fact in tidy):
        raise CaseStateRefused("This may be told until a time that is over; choose one in the future.")
    return tidy


def _line(text: str) -> str:
    return " ".join(storable(text).split())


def _known(skill: str) -> str:
    if skill and not is_skill(skill):
        raise WebcareError("“{skill}” is not a skill.", skill=skill[:40])
    return skill
