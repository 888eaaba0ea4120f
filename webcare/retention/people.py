"""One person across networks: what is known about them, and erasing it on their request."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, tuple_
from sqlmodel import Session, col, func, select

from webcare import audit
from webcare.cases.record import EventKind, changed
from webcare.domain import UNSETTLED_DELIVERIES, Actor, CaseState, Resolution
from webcare.errors import WebcareError
from webcare.people import Permission, require
from webcare.retention.stripping import strip_case, strip_elsewhere
from webcare.store import Store
from webcare.store.erased import digest, remember_erased
from webcare.store.tables import BadPostRow, CaseRow, DeliveryRow, MentionRow, NoteRow, TriageRow
from webcare.store.tables_desk import ApprovalRow, CaseTagRow, CustomerIdentityRow, HandoverRow, PromiseRow
from webcare.store.tables_incidents import IncidentCaseRow, IncidentRow
from webcare.store.tables_quality import (
    DefectCaseRow,
    DefectRow,
    FeedbackRow,
    SurveyAnswerRow,
    SurveyOptOutRow,
    SurveyRow,
)


@dataclass(frozen=True, slots=True)
class Person:
    """One author of one network."""

    channel: str
    external_id: str
    name: str = ""
    handle: str = ""


@dataclass(frozen=True, slots=True)
class Trace:
    """How much the desk holds of a person."""

    people: tuple[Person, ...]  #: the author asked for, and those linked to them
    cases: int
    open_cases: int
    messages: int
    notes: int
    replies: int
    on_its_way: int  #: replies that nobody can take back any more


def find_person(session: Session, channel: str, wanted: str, *, by: Actor) -> Person | None:
    """An author by the network's id, or by their handle as it was last seen. Raises NotAllowed."""
    require(by, Permission.EDIT_POLICIES)
    wanted = wanted.strip().lstrip("@")
    if not wanted:
        return None
    matches = (col(MentionRow.author_external_id) == wanted) | (
        func.lower(col(MentionRow.author_handle)).in_([wanted.lower(), f"@{wanted.lower()}"])
    )
    query = (
        select(MentionRow)
        .where(MentionRow.channel == channel, col(MentionRow.is_ours).is_(False), matches)
        .order_by(col(MentionRow.id).desc())
    )
    row = session.exec(query).first()
    return Person(channel, row.author_external_id, row.author_name, row.author_handle) if row else None


def trace(session: Session, person: Person, *, by: Actor) -> Trace:
    """How much the desk holds of a person, their linked identities included. Raises NotAllowed."""
    require(by, Permission.EDIT_POLICIES)
    people = _linked(session, person)
    cases = list(session.exec(select(CaseRow).where(_of(people))))
    ids = [case.id for case in cases]

    def count(table: Any, *conditions: Any) -> int:
        return int(session.exec(select(func.count()).select_from(table).where(*conditions)).one())

    unsettled = col(DeliveryRow.state).in_(UNSETTLED_DELIVERIES)
    return Trace(
        people=people,
        cases=len(cases),
        open_cases=sum(case.state != CaseState.RESOLVED for case in cases),
        messages=count(MentionRow, _wrote(people), MentionRow.text != ""),
        notes=count(NoteRow, col(NoteRow.case_id).in_(ids)),
        replies=count(DeliveryRow, col(DeliveryRow.case_id).in_(ids)),
        on_its_way=count(DeliveryRow, col(DeliveryRow.case_id).in_(ids), unsettled),
    )


def erase_person(store: Store, person: Person, *, by: Actor, now: datetime) -> Trace:
    """Erase a person across networks, open cases included, and keep old posts of theirs out for ever.

    Open cases are closed, because there is nothing left to answer. Goes on where it was broken off when done again.
    Gives what there was. Raises NotAllowed, or WebcareError while a reply to them is on its way.
    """
    with store.write() as session:
        found = trace(session, person, by=by)
        if found.on_its_way:
            raise WebcareError("A reply to this person is on its way; wait until it is settled, then erase.")
        remember_erased(session, _keys(found.people), now=now)
        ids = list(session.exec(select(CaseRow.id).where(_of(found.people))))
    for case_id in ids:
        with store.write() as session:
            _erase_case(session, case_id, by, now)
    with store.write() as session:
        for one in found.people:
            strip_elsewhere(session, one.channel, one.external_id, now=now)
        _forget(session, found.people)
        told = {"cases": found.cases, "messages": found.messages, "identities": len(found.people)}
        subject = f"person:{digest(person.channel, person.external_id)[:12]}"
        audit.record(session, "person_erased", by=by, now=now, subject=subject, after=told)
    return found


def export_person(session: Session, person: Person, *, by: Actor, now: datetime) -> dict[str, Any]:
    """Everything the desk knows about a person, as plain values for JSON, and a line of it in the audit log.

    Internal notes are part of it, because they are about the person. Raises NotAllowed.
    """
    found = trace(session, person, by=by)
    cases = list(session.exec(select(CaseRow).where(_of(found.people)).order_by(col(CaseRow.id))))
    exported = {
        "exported_at": now.isoformat(),
        "identities": [asdict(one) for one in found.people],
        "asks_for_no_surveys": any(session.get(SurveyOptOutRow, key) is not None for key in _keys(found.people)),
        "cases": [_case(session, case) for case in cases],
    }
    subject = f"person:{digest(person.channel, person.external_id)[:12]}"
    audit.record(session, "person_exported", by=by, now=now, subject=subject, after={"cases": len(cases)})
    return exported


def _linked(session: Session, person: Person) -> tuple[Person, ...]:
    mine = select(CustomerIdentityRow.customer_id).where(
        CustomerIdentityRow.channel == person.channel, CustomerIdentityRow.external_id == person.external_id
    )
    rows = session.exec(select(CustomerIdentityRow).where(col(CustomerIdentityRow.customer_id).in_(mine)))
    found = {(row.channel, row.external_id): Person(row.channel, row.external_id, row.name, row.handle) for row in rows}
    return tuple({(person.channel, person.external_id): person, **found}.values())


def _keys(people: Iterable[Person]) -> list[tuple[str, str]]:
    return [(one.channel, one.external_id) for one in people]


def _of(people: Sequence[Person]) -> Any:
    return tuple_(col(CaseRow.channel), col(CaseRow.customer_id)).in_(_keys(people))


def _wrote(people: Sequence[Person]) -> Any:
    return tuple_(col(MentionRow.channel), col(MentionRow.author_external_id)).in_(_keys(people))


def _erase_case(session: Session, case_id: int | None, by: Actor, now: datetime) -> None:
    case = session.get_one(CaseRow, case_id, with_for_update=True, populate_existing=True)
    messages = strip_case(session, case, now=now)
    changed(session, case, EventKind.GONE, by=by, now=now, detail={"why": "erased", "messages": messages})
    if case.state != CaseState.RESOLVED:
        case.state, case.resolution = CaseState.RESOLVED.value, Resolution.TARGET_GONE.value
        case.resolved_at, case.waiting_since, case.snoozed_until = now, None, None
        closed = {"resolution": Resolution.TARGET_GONE.value}
        changed(session, case, EventKind.RESOLVED, by=by, now=now, detail=closed)


def _forget(session: Session, people: Sequence[Person]) -> None:
    for one in people:
        session.execute(
            delete(CustomerIdentityRow).where(
                col(CustomerIdentityRow.channel) == one.channel, col(CustomerIdentityRow.external_id) == one.external_id
            )
        )
        session.execute(
            delete(SurveyOptOutRow).where(
                col(SurveyOptOutRow.channel) == one.channel, col(SurveyOptOutRow.customer_id) == one.external_id
            )
        )
        # What could not be read may name anybody; the id in quotes is how every network writes it.
        quoted = f'"{one.external_id}"'
        session.execute(delete(BadPostRow).where(col(BadPostRow.raw).contains(quoted, autoescape=True)))


def _case(session: Session, case: CaseRow) -> dict[str, Any]:
    messages = session.exec(
        select(MentionRow).where(MentionRow.case_id == case.id).order_by(col(MentionRow.posted_at), col(MentionRow.id))
    )
    kept = ("id", "channel", "state", "topic", "sentiment", "urgency", "language", "queue", "resolution")
    return {
        **{name: getattr(case, name) for name in kept},
        "customer": {"id": case.customer_id, "name": case.customer_name, "handle": case.customer_handle},
        "opened_at": case.opened_at.isoformat(),
        "resolved_at": case.resolved_at.isoformat() if case.resolved_at else None,
        "tags": list(session.exec(select(CaseTagRow.tag).where(CaseTagRow.case_id == case.id))),
        "messages": [_message(session, row) for row in messages],
        "notes": _texts(session, NoteRow, case),
        "replies": _texts(session, DeliveryRow, case),
        **_said_inside(session, case),
        "incidents": _incidents(session, case),
        **_learned(session, case),
        "marks": _marks(session, case),
    }


def _said_inside(session: Session, case: CaseRow) -> dict[str, Any]:
    """Replies that waited for a yes, sent or not; what was promised; and what the second line was asked."""

    def of(table: Any) -> Iterable[Any]:
        return session.exec(select(table).where(table.case_id == case.id).order_by(table.id))

    return {
        "approvals": [
            {"text": row.text, "decided_text": row.decided_text, "words": row.words, "at": row.asked_at.isoformat()}
            for row in of(ApprovalRow)
        ],
        "promises": [
            {"words": row.words, "sentence": row.sentence, "due_at": row.due_at.isoformat(), "reason": row.reason}
            for row in of(PromiseRow)
        ],
        "questions": [{"question": row.question} for row in of(HandoverRow)],
    }


def _learned(session: Session, case: CaseRow) -> dict[str, Any]:
    """What was passed on of the case. Reviews and coaching are about colleagues, and read by nobody but them."""
    met = select(DefectCaseRow.defect_id).where(DefectCaseRow.case_id == case.id)
    defects = session.exec(select(DefectRow).where(col(DefectRow.id).in_(met)).order_by(col(DefectRow.id)))
    passed = session.exec(select(FeedbackRow).where(FeedbackRow.case_id == case.id).order_by(col(FeedbackRow.id)))
    return {
        "defects": [{"title": row.title, "what": row.what, "status": row.status} for row in defects],
        "feedback": [
            {"kind": row.kind, "text": row.text, "at": row.passed_at.isoformat(), "outcome": row.outcome}
            for row in passed
        ],
    }


def _marks(session: Session, case: CaseRow) -> list[dict[str, Any]]:
    """When they were asked how we helped, and what they said."""
    query = (
        select(SurveyRow.asked_at, SurveyAnswerRow.score, SurveyAnswerRow.at)
        .join(SurveyAnswerRow, col(SurveyAnswerRow.survey_id) == col(SurveyRow.id), isouter=True)
        .where(SurveyRow.case_id == case.id, col(SurveyRow.asked_at).is_not(None))
        .order_by(col(SurveyAnswerRow.id))
    )
    return [
        {"asked_at": asked.isoformat() if asked else None, "score": score, "at": at.isoformat() if at else None}
        for asked, score, at in session.exec(query)
    ]


def _incidents(session: Session, case: CaseRow) -> list[dict[str, str]]:
    query = (
        select(IncidentRow.name, IncidentCaseRow.left_out)
        .join(IncidentCaseRow, col(IncidentCaseRow.incident_id) == col(IncidentRow.id))
        .where(IncidentCaseRow.case_id == case.id)
        .order_by(col(IncidentRow.id))
    )
    return [{"name": name, "left_out": left_out} for name, left_out in session.exec(query)]


def _message(session: Session, row: MentionRow) -> dict[str, Any]:
    labels = session.exec(
        select(TriageRow).where(TriageRow.mention_id == row.id).order_by(col(TriageRow.id).desc())
    ).first()
    return {
        "id": row.external_id,
        "kind": row.kind,
        "from_us": row.is_ours,
        "author": {"id": row.author_external_id, "name": row.author_name, "handle": row.author_handle},
        "posted_at": row.posted_at.isoformat(),
        "url": row.url,
        "text": row.text,
        "media": row.media,
        "labels": {name: getattr(labels, name) for name in ("sentiment", "urgency", "topic")} if labels else {},
    }


def _texts(session: Session, table: Any, case: CaseRow) -> list[dict[str, str]]:
    rows = session.exec(select(table).where(table.case_id == case.id).order_by(table.id))
    return [{"text": row.text, "at": row.created_at.isoformat()} for row in rows]
