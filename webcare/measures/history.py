"""The histories of many cases, read in a few queries however many there are in a batch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Row
from sqlmodel import Session

from webcare.cases.corrections import TAKEN_BACK
from webcare.cases.labels import PERSON
from webcare.cases.record import EventKind
from webcare.domain import ReplyWay
from webcare.measures.lives import (
    Answer,
    CaseHistory,
    Happened,
    Joke,
    Label,
    Mark,
    Message,
    Outside,
    Promise,
    Question,
    Seen,
    Slip,
    Survey,
    Yes,
)
from webcare.measures.rows import DIMS, PRIVATE, Part, read_rows
from webcare.store.mentions import chunks

#: How the wait for a colleague's yes ends.
_DECIDED = frozenset(
    {EventKind.APPROVAL_GIVEN, EventKind.APPROVAL_GIVEN_EDITED, EventKind.APPROVAL_REFUSED}
    | {EventKind.APPROVAL_WITHDRAWN, EventKind.APPROVAL_OVERTAKEN}
)


def histories(session: Session, case_ids: Iterable[int]) -> Iterator[CaseHistory]:
    """The histories of these cases in the order of their ids; cases that do not exist are left out."""
    for part in chunks(sorted(set(case_ids))):
        rows = read_rows(session, part)
        for case in rows.cases:
            yield _history(case, rows)


def _history(case: Row[Any], rows: Part) -> CaseHistory:
    events = tuple(_events(rows.events.get(case.id, ())))
    answers = _answers(rows.deliveries.get(case.id, ()), rows)
    mentions = rows.mentions.get(case.id, ())
    messages = [_message(row, rows) for row in mentions]
    queue = _opening_queue(case, events)
    dims = {name: getattr(case, name) for name in ("account", "market", *DIMS)} | {"queue": queue}
    return CaseHistory(
        case_id=case.id,
        first_posted_at=case.first_posted_at,
        opened_at=case.opened_at,
        queue=queue,
        channel=case.channel,
        public_way=rows.public[case.channel],
        dims=dims,
        messages=tuple(sorted(messages, key=lambda one: (one.collected_at, one.posted_at, one.id))),
        answers=tuple(sorted(answers, key=lambda one: (one.posted_at, one.id))),
        outside=tuple(_outsiders(rows.outside.get(case.thread_id, ()), mentions)),
        events=events,
        questions=tuple(
            Question(row.id, row.asked_at, row.asked_by, row.closed_at, row.closed_by, row.outcome)
            for row in rows.questions.get(case.id, ())
        ),
        approvals=tuple(_approvals(events)),
        promises=tuple(
            Promise(row.id, row.found_at, row.due_at, row.state, row.settled_at)
            for row in rows.promises.get(case.id, ())
        ),
        jokes=tuple(
            Joke(row.delivery_id, row.posted_at, row.sentiment, row.answered_at) for row in rows.jokes.get(case.id, ())
        ),
        findings=tuple(
            Seen(row.id, row.at, row.agent_id, row.check_name, row.level, row.outcome or "")
            for row in rows.findings.get(case.id, ())
        ),
        slips=tuple(
            Slip(int(one.detail["delivery_id"]), one.at) for one in events if one.kind == EventKind.SLIP_REPORTED
        ),
        contacts=rows.contacts.of(case, max(answer.posted_at for answer in answers)) if answers else (),
        surveys=tuple(_survey(row, rows) for row in rows.surveys.get(case.id, ())),
        first_look=rows.looks.get(case.id),
    )


def _survey(row: Any, rows: Part) -> Survey:
    return Survey(
        id=row.id,
        resolved_at=row.resolved_at,
        considered_at=row.considered_at,
        left_out=row.left_out,
        asked_at=row.asked_at,
        agent_id=row.agent_id,
        delivery_id=row.delivery_id,
        marks=tuple(Mark(one.mention_id, one.at, one.score) for one in rows.marks.get(row.id, ())),
    )


def _events(rows: Sequence[Any]) -> Iterator[Happened]:
    undone = {
        row.detail["event_id"]: row.at for row in rows if row.kind == EventKind.UNDONE and "event_id" in row.detail
    }
    for row in rows:
        if row.kind != EventKind.UNDONE:
            yield Happened(row.id, row.at, row.kind, row.actor_id, row.detail, undone.get(row.id))


def _approvals(events: Sequence[Happened]) -> Iterator[Yes]:
    """Replies that waited for a yes; their own table is not kept by case."""
    decided = {int(one.detail["approval_id"]): one.at for one in events if one.kind in _DECIDED}
    for event in events:
        if event.kind == EventKind.APPROVAL_ASKED:
            id_ = int(event.detail["approval_id"])
            yield Yes(id_, event.at, decided.get(id_))


def _message(row: Any, rows: Part) -> Message:
    return Message(
        id=row.id,
        posted_at=row.posted_at,
        collected_at=row.collected_at,
        private=row.kind == PRIVATE,
        gone_at=row.deleted_at,
        labels=tuple(_label(one) for one in rows.labels.get(row.id, ())),
        personal=rows.said.get(row.id),
    )


def _label(row: Any) -> Label:
    values = {name: getattr(row, name) for name in ("sentiment", "urgency", "topic", "line", "language")}
    values["needs_reply"] = "yes" if row.needs_reply else "no"
    confidence = dict(row.confidence)
    if "route" in confidence:
        confidence["line"] = confidence.pop("route")
    taken_back = row.reason == TAKEN_BACK
    return Label(row.decided_at, row.model_version == PERSON or taken_back, values, confidence, taken_back)


def _answers(sent: Sequence[Any], rows: Part) -> list[Answer]:
    """Answers that stood on the network, those in parts as one."""
    parts: dict[int, list[int]] = {}
    for row in sent:
        # A part is made after the one it follows, so that one is known by now.
        whole = parts.get(row.follows_id, [])
        whole.append(row.id)
        parts[row.id] = whole
    return [
        Answer(
            id=row.id,
            created_at=row.created_at,
            posted_at=row.posted_at,
            author_id=row.author_id,
            approver_id=row.approver_id,
            private=row.way == ReplyWay.PRIVATE.value,
            by_hand=row.by_hand,
            by_person=row.author_id not in rows.machines,
            retracted_at=row.retracted_at,
            personal=_any(rows.replied.get(part) for part in parts[row.id]),
            parts=tuple(parts[row.id]),
        )
        for row in sent
        if row.follows_id is None
    ]


def _outsiders(rows: Sequence[Any], mentions: Sequence[Any]) -> Iterator[Outside]:
    """Those that answer this customer: a reply to one of their messages, or a private message in their thread."""
    theirs = {row.external_id for row in mentions}
    private = any(row.kind == PRIVATE for row in mentions)
    for row in rows:
        if row.parent_external_id in theirs or (private and row.kind == PRIVATE):
            yield Outside(row.id, row.posted_at, row.collected_at, row.kind == PRIVATE)


def _any(found: Iterable[bool | None]) -> bool | None:
    known = list(found)
    return True if True in known else None if None in known else False


def _opening_queue(case: Row[Any], events: Sequence[Happened]) -> str:
    first = next((event for event in events if event.kind == EventKind.OPENED), None)
    return str(first.detail.get("queue") or case.queue) if first is not None else str(case.queue)
