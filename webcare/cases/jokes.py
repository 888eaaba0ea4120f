"""What came of a joke: the customer's next message, and how it sounded.

The guard knows a joke when it reads one, held or let pass; whether it was welcome only the customer can tell.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from webcare.store.mentions import chunks
from webcare.store.tables import CaseRow, DeliveryRow, JokeOutcomeRow

#: Beside the verdict of a delivery: whether the reply holds a joke.
JOKE = "joke"


@dataclass(frozen=True, slots=True)
class Answer:
    """The first thing a customer wrote after a joke."""

    mention_id: int
    sentiment: str
    posted_at: datetime


def remember_joke(session: Session, case: CaseRow, delivery: DeliveryRow) -> None:
    """Wait for the customer's answer if this reply, now in public, holds a joke."""
    if not delivery.verdict.get(JOKE):
        return
    assert delivery.id is not None
    known = select(JokeOutcomeRow.id).where(JokeOutcomeRow.delivery_id == delivery.id)
    if session.exec(known).first() is None:
        session.add(JokeOutcomeRow(delivery_id=delivery.id, case_id=delivery.case_id, sentiment_before=case.sentiment))


def answer_jokes(session: Session, answers: Mapping[int, Answer]) -> None:
    """Customers wrote again, by case id: keep it with the jokes of those cases that wait for an answer."""
    for part in chunks(list(answers)):
        query = select(JokeOutcomeRow, DeliveryRow.posted_at).join(
            DeliveryRow, col(DeliveryRow.id) == col(JokeOutcomeRow.delivery_id)
        )
        waiting = query.where(col(JokeOutcomeRow.case_id).in_(part), col(JokeOutcomeRow.mention_id).is_(None))
        for row, joked_at in session.exec(waiting):
            answer = answers[row.case_id]
            if joked_at is None or answer.posted_at >= joked_at:
                row.mention_id, row.sentiment, row.answered_at = answer.mention_id, answer.sentiment, answer.posted_at
                session.add(row)
