"""The desk's people in the soak: they answer some of the cases, through the same door as the console."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlmodel import col, select

from webcare import cases
from webcare.app import App
from webcare.domain import Actor, DeliveryState
from webcare.errors import WebcareError
from webcare.store.tables import CaseRow, DeliveryRow

_UNDO = timedelta(seconds=10)


@dataclass(slots=True)
class People:
    """Approve a share of the new cases' replies; every text names its case and turn, so that it can be found."""

    app: App
    by: Actor
    clock: Callable[[], datetime]
    dice: random.Random
    share: float
    seen: int = 0  #: the newest case they looked at
    approved: dict[int, str] = field(default_factory=dict)  #: text by delivery
    refused: Counter[str] = field(default_factory=Counter)

    def work(self) -> None:
        """Answer some of the cases that are new since the last round."""
        with self.app.store.read() as session:
            fresh = list(session.exec(select(CaseRow.id).where(col(CaseRow.id) > self.seen).order_by(col(CaseRow.id))))
        for case_id in fresh:
            assert case_id is not None
            self.seen = case_id
            if self.dice.random() < self.share:
                self._answer(case_id)

    def _answer(self, case_id: int) -> None:
        text = f"Hi! Thanks for asking, we look into it right away. Your reference is {case_id}."
        try:
            outcome = cases.check_and_send(
                self.app.store, case_id, text=text, by=self.by, now=self.clock(), undo=_UNDO, acknowledged=True,
                reviewer=self.app.reviewer,
            )  # fmt: skip
        except WebcareError as error:
            self.refused[type(error).__name__] += 1
            return
        if outcome.delivery_id is None:
            self.refused.update(finding.reason for finding in outcome.in_the_way)
        else:
            self.approved[outcome.delivery_id] = text

    def unsettled(self) -> int:
        """Replies whose fate is open."""
        states = [DeliveryState.PENDING.value, DeliveryState.SENDING.value, DeliveryState.UNCONFIRMED.value]
        with self.app.store.read() as session:
            return len(session.exec(select(DeliveryRow.id).where(col(DeliveryRow.state).in_(states))).all())
