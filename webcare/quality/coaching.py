"""Coaching: words of one colleague to another about their work, read by these two and by nobody else whatever they are.

There is one way to read a note, `my_notes`, and it asks whose it is in the query itself. No role opens it, no export
has it, and the audit log says only that one was written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import sqrt
from statistics import fmean
from typing import Any

from sqlalchemy import or_
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from webcare import audit
from webcare.domain import Actor
from webcare.errors import NotAllowed, WebcareError
from webcare.people import Permission, person_id, require
from webcare.people.directory import find_agent
from webcare.quality import scorecards
from webcare.quality.results import Mean, mean_of, t_95, variance
from webcare.quality.reviewing import KEPT
from webcare.quality.sampling import RANDOM
from webcare.quality.texts import typed
from webcare.store.tables import AgentRow, DeliveryRow
from webcare.store.tables_quality import CoachingNoteRow, ReplyReviewRow

#: How long before and after a note replies are compared.
SPAN = timedelta(days=90)
#: Notes on one's list.
_LISTED = 100


@dataclass(frozen=True, slots=True)
class CoachingNote:
    """One note as one of its two readers sees it."""

    id: int
    author_id: int
    author: str
    agent_id: int
    agent: str
    case_id: int | None
    question: str
    text: str
    created_at: datetime
    read_at: datetime | None
    answers_id: int | None


@dataclass(frozen=True, slots=True)
class Improvement:
    """Scores of replies posted before and after a note; the difference with its 95 % interval where both have two."""

    before: Mean
    after: Mean
    difference: float | None = None
    low: float | None = None
    high: float | None = None


def write_coaching_note(
    session: Session,
    to: int,
    text: str,
    *,
    delivery_id: int | None = None,
    question: str = "",
    by: Actor,
    now: datetime,
) -> int:
    """Write a note to a colleague; gives its id. `question` is a key of the scorecard, `delivery_id` a reply of theirs.

    Raises NotAllowed without REVIEW_REPLIES, WebcareError for oneself, a reply that is not theirs or an empty text.
    """
    require(by, Permission.REVIEW_REPLIES)
    if to == person_id(by):
        raise WebcareError("A coaching note goes to somebody else.")
    text, agent = typed(text), find_agent(session, to)
    delivery = session.get(DeliveryRow, delivery_id) if delivery_id is not None else None
    if delivery_id is not None and (delivery is None or delivery.author_id != to):
        raise WebcareError("{name} did not write this reply.", name=agent.name)
    if question and question not in {one.key for one in scorecards.current(session).questions}:
        raise WebcareError("The scorecard has no such question.")
    row = CoachingNoteRow(
        author_id=person_id(by),
        agent_id=to,
        case_id=delivery.case_id if delivery else None,
        delivery_id=delivery_id,
        question=question,
        text=text,
        created_at=now,
    )
    return _add(session, row, by, now)


def answer_coaching_note(session: Session, note_id: int, text: str, *, by: Actor, now: datetime) -> int:
    """Answer the other one of the two; gives the id of the answer. Raises NotAllowed for anybody else."""
    require(by, Permission.SEE_CASES)
    me, note = person_id(by), session.get(CoachingNoteRow, note_id)
    if note is None or me not in (note.author_id, note.agent_id):
        raise NotAllowed("This note is between two colleagues.")
    other = note.agent_id if me == note.author_id else note.author_id
    row = CoachingNoteRow(
        author_id=me,
        agent_id=other,
        case_id=note.case_id,
        delivery_id=note.delivery_id,
        question=note.question,
        answers_id=note.answers_id or note.id,
        text=typed(text),
        created_at=now,
    )
    return _add(session, row, by, now)


def my_notes(session: Session, *, by: Actor) -> tuple[CoachingNote, ...]:
    """The notes one wrote or got, newest conversation first and each in its order. Raises NotAllowed for a job."""
    require(by, Permission.SEE_CASES)
    author, agent = aliased(AgentRow), aliased(AgentRow)
    query = (
        select(CoachingNoteRow, author.name, agent.name)
        .join(author, col(author.id) == col(CoachingNoteRow.author_id))
        .join(agent, col(agent.id) == col(CoachingNoteRow.agent_id))
        .where(_mine(by))
        .order_by(col(CoachingNoteRow.id).desc())
        .limit(_LISTED)
    )
    notes = [_note(*row) for row in session.exec(query)]
    newest = {one.answers_id or one.id: one.id for one in reversed(notes)}
    return tuple(sorted(notes, key=lambda one: (-newest[one.answers_id or one.id], one.id)))


def read_coaching_notes(session: Session, *, by: Actor, now: datetime) -> int:
    """Say that one has read what one got; gives how many were new. Only one's own; nothing else changes."""
    require(by, Permission.SEE_CASES)
    query = select(CoachingNoteRow).where(
        CoachingNoteRow.agent_id == person_id(by), col(CoachingNoteRow.read_at).is_(None)
    )
    rows = list(session.exec(query))
    for row in rows:
        row.read_at = now
        session.add(row)
    session.flush()
    return len(rows)


def unread_by_reader(session: Session) -> dict[int, int]:
    """How many notes each colleague has not read; numbers only, for the bar of each."""
    query = select(CoachingNoteRow.agent_id).where(col(CoachingNoteRow.read_at).is_(None))
    return dict(Counter(session.exec(query)))


def improvement(session: Session, note_id: int, *, by: Actor, now: datetime) -> Improvement:
    """Scores of whom a note is for, before and after it, on its question. For its two readers; raises NotAllowed."""
    require(by, Permission.SEE_CASES)
    note = session.exec(select(CoachingNoteRow).where(CoachingNoteRow.id == note_id, _mine(by))).first()
    if note is None:
        raise NotAllowed("This note is between two colleagues.")
    before = _scores(session, note, note.created_at - SPAN, note.created_at)
    return compared(before, _scores(session, note, note.created_at, min(now, note.created_at + SPAN)))


def compared(before: Sequence[float], after: Sequence[float]) -> Improvement:
    """Both means, and Welch's interval of their difference."""
    one, two = mean_of(before), mean_of(after)
    if min(one.n, two.n) < 2 or one.mean is None or two.mean is None:
        return Improvement(one, two)
    spread = [variance(scores) / len(scores) for scores in (before, after)]
    difference, both = two.mean - one.mean, sum(spread)
    freedom = both**2 / sum(part**2 / (len(some) - 1) for part, some in zip(spread, (before, after), strict=True)) \
        if both else 1.0  # fmt: skip
    half = t_95(freedom) * sqrt(both)
    return Improvement(one, two, difference, difference - half, difference + half)


def _scores(session: Session, note: CoachingNoteRow, since: datetime, until: datetime) -> list[float]:
    """One score a reply, of those drawn at random; a question's share of its scale where the note is about one."""
    query = select(ReplyReviewRow).where(
        ReplyReviewRow.agent_id == note.agent_id,
        ReplyReviewRow.state == KEPT,
        ReplyReviewRow.why == RANDOM,
        ReplyReviewRow.posted_at >= since,
        ReplyReviewRow.posted_at < until,
    )
    by_reply: dict[int, list[float]] = {}
    cards: dict[int | None, scorecards.Card] = {}
    for row in session.exec(query):
        card = cards.setdefault(row.scorecard_id, scorecards.card_of(session, row.scorecard_id))
        if (score := _on(card, row, note.question)) is not None:
            by_reply.setdefault(row.delivery_id, []).append(score)
    return [fmean(scores) for scores in by_reply.values()]


def _on(card: scorecards.Card, row: ReplyReviewRow, question: str) -> float | None:
    if not question:
        return row.score
    found = next((one for one in card.questions if one.key == question), None)
    mark = row.scores.get(question)
    return 100 * mark / found.top if found and mark is not None else None


def _mine(by: Actor) -> Any:
    me = person_id(by)
    return or_(CoachingNoteRow.author_id == me, CoachingNoteRow.agent_id == me)  # type: ignore[arg-type]


def _add(session: Session, row: CoachingNoteRow, by: Actor, now: datetime) -> int:
    session.add(row)
    session.flush()
    assert row.id is not None
    # Whom it is for stays between the two as well.
    audit.record(session, "coaching_note_written", by=by, now=now, subject=f"coaching_note:{row.id}")
    return row.id


def _note(row: CoachingNoteRow, author: str, agent: str) -> CoachingNote:
    assert row.id is not None
    return CoachingNote(
        id=row.id,
        author_id=row.author_id,
        author=author,
        agent_id=row.agent_id,
        agent=agent,
        case_id=row.case_id,
        question=row.question,
        text=row.text,
        created_at=row.created_at,
        read_at=row.read_at,
        answers_id=row.answers_id,
    )
