"""One case on its way to being counted: its history up to a moment, its waits, and how its facts are made."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from webcare.measures.clocks import Clocks
from webcare.measures.definitions import DEFINITIONS
from webcare.measures.lives import Answer, CaseHistory, Message
from webcare.measures.values import OPEN, Fact
from webcare.measures.waits import Wait, waits_of

#: Further parts of a fact, by name.
Of = dict[str, Any]
#: Labels of a message that its facts can be grouped by.
_OF_MESSAGE = ("sentiment", "urgency", "topic", "language")


@dataclass(slots=True)
class Reading:
    """What every family of measures starts from."""

    history: CaseHistory
    clocks: Clocks
    at: datetime
    waits: tuple[Wait, ...] = field(init=False)
    first: Wait | None = field(init=False)  #: the wait of the first response

    def __post_init__(self) -> None:
        """Cut the history to the moment, and find the waits."""
        self.history = self.history.as_of(self.at)
        self.waits = waits_of(self.history)
        self.first = next((wait for wait in self.waits if wait.first), None)

    def fact(self, measure: str, at: datetime, value: float | None, *, version: int | None = None, **more: Any) -> Fact:
        """A fact of this case; dimensions in `more` go on top of the case's own."""
        dims = dict(self.history.dims) | more.pop("dims", {})
        number = version or DEFINITIONS[measure].version
        return Fact(measure, number, self.history.case_id, at, value, dims=dims, **more)

    def span(self, measure: str, start: datetime, end: datetime, **more: Any) -> Fact:
        """A length of time, dated at its start unless `at` is given; never below zero, whatever the clocks say."""
        end = max(start, end)
        business = self.clocks.business(self.history.queue, start, end)
        return self.fact(measure, more.pop("at", start), seconds(end - start), business=business, **more)

    def open(self, measure: str, at: datetime, **more: Any) -> Fact:
        """Counted, without a value yet."""
        return self.fact(measure, at, None, reason=OPEN, **more)

    def left_out(self, measure: str, at: datetime, reason: str, **more: Any) -> Fact:
        """Not counted, and why."""
        return self.fact(measure, at, None, counted=False, reason=reason, **more)

    def is_first(self, moment: datetime) -> bool:
        """Whether something at this moment belongs to the first response: nothing was answered before it."""
        return self.first is None or self.first.ended_at is None or moment <= self.first.ended_at


def seconds(span: timedelta) -> float:
    """A length of time as a number."""
    return span.total_seconds()


def of_message(message: Message) -> dict[str, str]:
    """The labels of a message as dimensions; those it has not are the case's."""
    return {name: message.label(name) for name in _OF_MESSAGE if message.labels}


def of_wait(wait: Wait) -> dict[str, str]:
    """The labels of the message that began a wait, and whether it is the first."""
    return of_message(wait.opener) | {"wait": "first" if wait.first else "next"}


def names(*things: object) -> tuple[str, ...]:
    """What a fact was made of, as the drill-down knows it: "mention:7"."""
    return tuple(f"{_KINDS.get(type(one).__name__, 'event')}:{one.id}" for one in things if one is not None)  # type: ignore[attr-defined]


_KINDS = {
    "Message": "mention",
    "Outside": "mention",
    "Answer": "delivery",
    "Question": "handover",
    "Yes": "approval",
    "Promise": "promise",
    "Seen": "finding",
}


def way(answer: Answer) -> dict[str, str]:
    """Whether an answer was public, as a dimension."""
    return {"way": "private" if answer.private else "public"}
