"""Reviewing one reply: read as it was sent, with the guard's verdict, marked by the scorecard, with a comment.

What is begun is kept as a draft. A kept review stays as it is, so that nobody adjusts their marks to somebody else's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from webcare import audit
from webcare.cases.parts import whole_text
from webcare.domain import Actor
from webcare.errors import NotAllowed, WebcareError
from webcare.people import Permission, person_id, require
from webcare.quality import scorecards
from webcare.quality.scorecards import Card
from webcare.quality.texts import typed
from webcare.store.engine import LOCKED
from webcare.store.tables import AgentRow, CaseRow, DeliveryRow, GuardSlipRow, ReplyOverrideRow
from webcare.store.tables_quality import ReplyReviewRow

WAITING, DRAFT, KEPT = "waiting", "draft", "kept"
#: Reviews on one's list.
_LISTED = 100


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """One line of a reviewer's list."""

    id: int
    delivery_id: int
    case_id: int
    agent_id: int
    author: str
    channel: str
    posted_at: datetime
    week: str
    why: str
    calibration: bool
    state: str


@dataclass(frozen=True, slots=True)
class Overridden:
    """A finding in spite of which the reply was sent."""

    check: str
    reason: str
    words: str  #: why, as the writer said; empty for a tick


@dataclass(frozen=True, slots=True)
class Review:
    """One reply in front of its reviewer."""

    item: ReviewItem
    text: str  #: as it was sent
    way: str
    by_hand: bool
    retracted_at: datetime | None
    decision: str  #: of the guard; empty where it is not kept any more
    findings: tuple[tuple[str, str, str], ...]  #: check, level, message
    overridden: tuple[Overridden, ...]
    slips: tuple[str, ...]  #: why it should have been held
    card: Card
    marks: Mapping[str, int | None]
    comment: str
    score: float | None


def my_reviews(session: Session, *, by: Actor) -> tuple[ReviewItem, ...]:
    """What waits for this reviewer, begun ones first, then the oldest week. Raises NotAllowed."""
    require(by, Permission.REVIEW_REPLIES)
    mine = (ReplyReviewRow.reviewer_id == person_id(by), col(ReplyReviewRow.state) != KEPT)
    query = _items().where(*mine).order_by(col(ReplyReviewRow.state), col(ReplyReviewRow.week), col(ReplyReviewRow.id))
    return tuple(_item(*row) for row in session.exec(query.limit(_LISTED)))


def waiting_by_reviewer(session: Session) -> dict[int, int]:
    """How many reviews each reviewer has not kept yet."""
    return dict(Counter(session.exec(select(ReplyReviewRow.reviewer_id).where(col(ReplyReviewRow.state) != KEPT))))


def read_review(session: Session, review_id: int, *, by: Actor) -> Review:
    """One of this reviewer's own reviews with all there is to judge by. Raises NotAllowed for somebody else's."""
    require(by, Permission.REVIEW_REPLIES)
    found = session.exec(_items().where(ReplyReviewRow.id == review_id)).first()
    if found is None or found[0].reviewer_id != person_id(by):
        raise NotAllowed("This review is not yours.")
    row = found[0]
    delivery = session.get_one(DeliveryRow, row.delivery_id)
    verdict: Mapping[str, Any] = delivery.verdict
    overridden = session.exec(select(ReplyOverrideRow).where(ReplyOverrideRow.delivery_id == row.delivery_id))
    slips = session.exec(select(GuardSlipRow.words).where(GuardSlipRow.delivery_id == row.delivery_id))
    return Review(
        item=_item(*found),
        text=whole_text(delivery),
        way=delivery.way,
        by_hand=delivery.by_hand,
        retracted_at=delivery.retracted_at,
        decision=str(verdict.get("decision", "")),
        findings=tuple((one["check"], one["level"], one["message"]) for one in verdict.get("findings", ())),
        overridden=tuple(Overridden(one.check_name, one.reason, one.words) for one in overridden),
        slips=tuple(slips),
        card=scorecards.card_of(session, row.scorecard_id) if row.scorecard_id else scorecards.current(session),
        marks=dict(row.scores),
        comment=row.comment,
        score=row.score,
    )


def save_review_draft(
    session: Session, review_id: int, marks: Mapping[str, int | None], *, comment: str, by: Actor, now: datetime
) -> None:
    """Keep what is filled in so far. Raises NotAllowed, WebcareError for an unknown mark or a kept review."""
    row, card = _to_change(session, review_id, by, now)
    row.scores = scorecards.checked_marks(card, marks, all_of_them=False)
    row.comment = typed(comment, may_be_empty=True)
    row.state, row.scorecard_id, row.updated_at = DRAFT, card.id, now
    session.add(row)
    session.flush()


def keep_review(
    session: Session, review_id: int, marks: Mapping[str, int | None], *, comment: str, by: Actor, now: datetime
) -> float:
    """Keep the review for good; gives its score (0..100). That it happened is in the audit log, no mark and no word.

    Raises NotAllowed, WebcareError where a question lacks its mark.
    """
    row, card = _to_change(session, review_id, by, now)
    row.scores = scorecards.checked_marks(card, marks, all_of_them=True)
    row.comment = typed(comment, may_be_empty=True)
    score = scorecards.score(card, row.scores)
    assert score is not None
    row.state, row.scorecard_id, row.score, row.updated_at = KEPT, card.id, score, now
    session.add(row)
    session.flush()
    told = {"version": card.version, "why": row.why}
    audit.record(session, "reply_reviewed", by=by, now=now, subject=f"delivery:{row.delivery_id}", after=told)
    return score


def _to_change(session: Session, review_id: int, by: Actor, now: datetime) -> tuple[ReplyReviewRow, Card]:
    require(by, Permission.REVIEW_REPLIES)
    row = session.get(ReplyReviewRow, review_id, with_for_update=LOCKED, populate_existing=True)
    if row is None or row.reviewer_id != person_id(by):
        raise NotAllowed("This review is not yours.")
    if row.state == KEPT:
        raise WebcareError("This review was kept already; it stays as it is.")
    # The card a review was begun with is the one it is finished with, or its marks would lose their questions.
    card = scorecards.card_of(session, row.scorecard_id) if row.scorecard_id else scorecards.kept(session, now=now)
    return row, card


def _items() -> Any:
    return (
        select(ReplyReviewRow, AgentRow.name, CaseRow.channel)
        .join(AgentRow, col(AgentRow.id) == col(ReplyReviewRow.agent_id))
        .join(CaseRow, col(CaseRow.id) == col(ReplyReviewRow.case_id))
    )


def _item(row: ReplyReviewRow, author: str, channel: str) -> ReviewItem:
    assert row.id is not None
    return ReviewItem(
        row.id,
        row.delivery_id,
        row.case_id,
        row.agent_id,
        author,
        channel,
        row.posted_at,
        row.week,
        row.why,
        row.calibration,
        row.state,
    )
