"""The waits of a customer: from the first unanswered message to what ended it. Everything about answers starts here.

An answer ends the wait of every message that the desk had when the answer was let go; a closing ends what is left
unanswered. What ends a message's wait is whatever came first. A closing that the next reopening shows to have been
wrong, by a person or because our answer was taken back, never was one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from webcare.cases.record import EventKind
from webcare.measures.lives import Answer, CaseHistory, Happened, Message


class End(StrEnum):
    """How a wait ended."""

    ANSWERED = "answered"
    CLOSED = "closed_unanswered"
    GONE = "message_gone"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Wait:
    """Messages that waited together, in the order in which the desk got them."""

    messages: tuple[Message, ...]
    end: End
    ended_at: datetime | None  #: on the network, where it was an answer
    known_at: datetime | None  #: when the desk let the answer go, closed, or saw the message gone
    answer: Answer | None = None
    closing: Happened | None = None
    first: bool = False  #: the one our first answer ended, or will end; those before it were left unanswered

    @property
    def start(self) -> datetime:
        """When the first of them stood on the network."""
        return min(message.posted_at for message in self.messages)

    @property
    def collected_at(self) -> datetime:
        """When the desk had the first of them."""
        return self.messages[0].collected_at

    @property
    def opener(self) -> Message:
        """The message that began it."""
        return min(self.messages, key=lambda message: (message.posted_at, message.id))


#: What ended one message's wait: when the desk knew, a rank for the same moment, how, and by which.
_Ending = tuple[datetime, int, End, Answer | Happened | Message]


def waits_of(history: CaseHistory) -> tuple[Wait, ...]:
    """The waits of a case, in the order in which they began."""
    answers = sorted((one for one in history.answers if one.stands), key=lambda one: (one.created_at, one.id))
    closings = tuple(closings_of(history.events))
    groups: dict[tuple[str, int], list[Message]] = {}
    endings: dict[tuple[str, int], _Ending | None] = {}
    for message in history.messages:
        if message.needs_reply:
            ending = _ending(message, answers, closings)
            key = (ending[2].value, ending[3].id) if ending is not None else (End.OPEN.value, 0)
            groups.setdefault(key, []).append(message)
            endings[key] = ending
    return tuple(_marked([_wait(tuple(messages), endings[key]) for key, messages in groups.items()]))


def closings_of(events: Sequence[Happened]) -> Iterator[Happened]:
    """The closings that count: not undone, and not followed by a reopening that shows they were wrong."""
    back: Happened | None = None
    found = []
    for event in reversed(events):
        if event.undone_at is not None:
            continue
        if event.kind in (EventKind.REOPENED, EventKind.REPLY_RETRACTED):
            back = event
        elif event.kind == EventKind.RESOLVED and not _was_wrong(back):
            found.append(event)
    yield from reversed(found)


def _was_wrong(back: Happened | None) -> bool:
    return back is not None and (back.kind == EventKind.REPLY_RETRACTED or back.actor_id is not None)


def _ending(message: Message, answers: Sequence[Answer], closings: Sequence[Happened]) -> _Ending | None:
    found: list[_Ending] = []
    answer = next((one for one in answers if _answers(one, message)), None)
    if answer is not None:
        found.append((answer.created_at, 0, End.ANSWERED, answer))
    closing = next((one for one in closings if one.at >= message.collected_at), None)
    if closing is not None:
        found.append((closing.at, 2, End.CLOSED, closing))
    if message.gone_at is not None:
        found.append((message.gone_at, 1, End.GONE, message))
    return min(found, key=lambda one: one[:2], default=None)


def _answers(answer: Answer, message: Message) -> bool:
    """Whether the desk had the message when it let the answer go; one given by hand may be older than it says."""
    known = answer.created_at >= message.collected_at
    return known and (not answer.by_hand or answer.posted_at >= message.posted_at)


def _wait(messages: tuple[Message, ...], ending: _Ending | None) -> Wait:
    if ending is None:
        return Wait(messages, End.OPEN, None, None)
    known_at, _, end, what = ending
    if isinstance(what, Answer):
        return Wait(messages, end, what.posted_at, known_at, answer=what)
    return Wait(messages, end, known_at, known_at, closing=what if isinstance(what, Happened) else None)


def _marked(waits: Sequence[Wait]) -> Iterator[Wait]:
    seen = False
    for wait in waits:
        first = not seen and wait.end in (End.ANSWERED, End.OPEN)
        seen = seen or first
        yield Wait(wait.messages, wait.end, wait.ended_at, wait.known_at, wait.answer, wait.closing, first)
