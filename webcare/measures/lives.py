"""What happened to a case, as plain values that figures are counted from; no text of anybody is in them.

A history tells what is known now. `as_of` gives what was known at an earlier moment, as far as the desk keeps it:
labels, answers, questions and closings by their times; who a customer is linked to, and a moved promise, as now.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Label:
    """One decision about a message; the newest counts."""

    at: datetime
    by_person: bool
    values: Mapping[str, str]  #: sentiment, urgency, topic, line, language; needs_reply: "yes" or "no"
    confidence: Mapping[str, float] = field(default_factory=dict)
    taken_back: bool = False  #: the correction before it was taken back, and this says the old thing again


@dataclass(frozen=True, slots=True)
class Message:
    """A message of the customer that belongs to the case."""

    id: int
    posted_at: datetime
    collected_at: datetime
    private: bool = False
    gone_at: datetime | None = None
    labels: tuple[Label, ...] = ()  #: oldest first
    personal: bool | None = None  #: has personal data; None = not looked, or no words are left

    @property
    def needs_reply(self) -> bool:
        """By its newest label; one without a label does."""
        return not self.labels or self.labels[-1].values["needs_reply"] == "yes"

    def label(self, name: str) -> str:
        """Its newest label; empty without one."""
        return self.labels[-1].values[name] if self.labels else ""


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply that the network confirmed; one in parts is one answer, dated by its first part."""

    id: int  #: of the first delivery
    created_at: datetime  #: when it was let go, or recorded where it was given by hand
    posted_at: datetime
    author_id: int
    approver_id: int
    private: bool = False
    by_hand: bool = False
    by_person: bool = True
    retracted_at: datetime | None = None
    personal: bool | None = None
    parts: tuple[int, ...] = ()  #: the deliveries it went out in, this one first

    @property
    def stands(self) -> bool:
        """Whether it is an answer of a person that was not taken back."""
        return self.by_person and self.retracted_at is None


@dataclass(frozen=True, slots=True)
class Outside:
    """A post of ours that answers the customer and was not made with Webcare."""

    id: int
    posted_at: datetime
    collected_at: datetime
    private: bool = False


@dataclass(frozen=True, slots=True)
class Happened:
    """One event of the case."""

    id: int
    at: datetime
    kind: str
    actor_id: int | None
    detail: Mapping[str, Any] = field(default_factory=dict)
    undone_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """A question to the second line."""

    id: int
    asked_at: datetime
    asked_by: int
    closed_at: datetime | None = None
    closed_by: int | None = None
    outcome: str = ""


@dataclass(frozen=True, slots=True)
class Yes:
    """A reply that waited for a colleague's yes."""

    id: int
    asked_at: datetime
    decided_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Promise:
    """What an answer said would happen."""

    id: int
    found_at: datetime
    due_at: datetime
    state: str
    settled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Joke:
    """A joke that stands in public."""

    delivery_id: int
    posted_at: datetime
    sentiment: str = ""
    answered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """A finding of the guard that somebody was shown."""

    id: int
    at: datetime
    agent_id: int
    check: str
    level: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Slip:
    """An answer that should have been held."""

    delivery_id: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Mark:
    """What a customer said of our help, 1..5."""

    mention_id: int
    at: datetime  #: when it was collected
    score: int


@dataclass(frozen=True, slots=True)
class Survey:
    """Whether the customer was asked how we helped them, and what they said."""

    id: int
    resolved_at: datetime  #: the closing it asks about
    considered_at: datetime
    left_out: str = ""  #: why they are not asked; empty when they are
    asked_at: datetime | None = None  #: when the question stood on the network
    agent_id: int | None = None  #: who wrote the newest answer by then
    delivery_id: int | None = None
    marks: tuple[Mark, ...] = ()  #: oldest first; the newest counts


@dataclass(frozen=True, slots=True)
class Contact:
    """A message of the same customer in another case."""

    case_id: int
    message_id: int
    posted_at: datetime
    collected_at: datetime
    needs_reply: bool


@dataclass(frozen=True, slots=True)
class CaseHistory:
    """Everything the figures need to know of one case. Each tuple is in order of time."""

    case_id: int
    first_posted_at: datetime
    opened_at: datetime
    queue: str  #: the one it was opened in; its hours and targets count, wherever it goes later
    channel: str
    public_way: bool = True  #: whether the network takes public answers
    dims: Mapping[str, str] = field(default_factory=dict)
    messages: tuple[Message, ...] = ()  #: by collected_at, posted_at, id
    answers: tuple[Answer, ...] = ()  #: by posted_at, id
    outside: tuple[Outside, ...] = ()
    events: tuple[Happened, ...] = ()
    questions: tuple[Question, ...] = ()
    approvals: tuple[Yes, ...] = ()
    promises: tuple[Promise, ...] = ()
    jokes: tuple[Joke, ...] = ()
    findings: tuple[Seen, ...] = ()
    slips: tuple[Slip, ...] = ()
    contacts: tuple[Contact, ...] = ()
    surveys: tuple[Survey, ...] = ()
    first_look: datetime | None = None

    def as_of(self, at: datetime) -> CaseHistory:
        """What was known at a moment."""
        if not self.known_after(at):
            return self
        return replace(
            self,
            messages=tuple(_message(one, at) for one in self.messages if one.collected_at <= at),
            answers=tuple(
                replace(one, retracted_at=_until(one.retracted_at, at))
                for one in self.answers
                if one.posted_at <= at and one.created_at <= at
            ),
            outside=tuple(one for one in self.outside if one.collected_at <= at),
            events=tuple(replace(one, undone_at=_until(one.undone_at, at)) for one in self.events if one.at <= at),
            questions=tuple(_question(one, at) for one in self.questions if one.asked_at <= at),
            approvals=tuple(
                replace(one, decided_at=_until(one.decided_at, at)) for one in self.approvals if one.asked_at <= at
            ),
            promises=tuple(_promise(one, at) for one in self.promises if one.found_at <= at),
            jokes=tuple(_joke(one, at) for one in self.jokes if one.posted_at <= at),
            findings=tuple(one for one in self.findings if one.at <= at),
            slips=tuple(one for one in self.slips if one.at <= at),
            contacts=tuple(one for one in self.contacts if one.collected_at <= at),
            surveys=tuple(_survey(one, at) for one in self.surveys if one.considered_at <= at),
            first_look=_until(self.first_look, at),
        )

    def known_after(self, at: datetime) -> bool:
        """Whether anything of this was not known yet at a moment."""
        return any(moment is not None and moment > at for moment in self.moments())

    def moments(self) -> Iterable[datetime | None]:
        """Every moment at which something of this became known; None for what has not happened."""
        yield self.first_look
        for message in self.messages:
            yield from (message.collected_at, message.gone_at, *(label.at for label in message.labels))
        for answer in self.answers:
            yield from (answer.posted_at, answer.created_at, answer.retracted_at)
        for event in self.events:
            yield from (event.at, event.undone_at)
        for question in self.questions:
            yield from (question.asked_at, question.closed_at)
        for approval in self.approvals:
            yield from (approval.asked_at, approval.decided_at)
        for promise in self.promises:
            yield from (promise.found_at, promise.settled_at)
        for joke in self.jokes:
            yield from (joke.posted_at, joke.answered_at)
        for survey in self.surveys:
            yield from (survey.considered_at, survey.asked_at, *(mark.at for mark in survey.marks))
        yield from (outside.collected_at for outside in self.outside)
        yield from (contact.collected_at for contact in self.contacts)
        yield from (seen.at for seen in self.findings)
        yield from (slip.at for slip in self.slips)


def _until(moment: datetime | None, at: datetime) -> datetime | None:
    return None if moment is None or moment > at else moment


def _message(one: Message, at: datetime) -> Message:
    known = tuple(label for label in one.labels if label.at <= at)
    # The first label is of the moment it was collected, whatever the clocks say.
    return replace(one, gone_at=_until(one.gone_at, at), labels=known or one.labels[:1])


def _question(one: Question, at: datetime) -> Question:
    if one.closed_at is None or one.closed_at <= at:
        return one
    return replace(one, closed_at=None, closed_by=None, outcome="")


def _promise(one: Promise, at: datetime) -> Promise:
    if one.settled_at is None or one.settled_at <= at:
        return one
    return replace(one, settled_at=None, state="open")


def _survey(one: Survey, at: datetime) -> Survey:
    marks = tuple(mark for mark in one.marks if mark.at <= at)
    return replace(one, asked_at=_until(one.asked_at, at), marks=marks)


def _joke(one: Joke, at: datetime) -> Joke:
    return one if one.answered_at is None or one.answered_at <= at else replace(one, answered_at=None, sentiment="")
