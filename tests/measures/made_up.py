"""Random lives of cases, and random decisions about hours and targets: everything the figures must stand.

The lives are wilder than a desk's: messages cross answers, clocks of networks run late, things happen in the same
minute, cases are closed, reopened, undone, reassigned; people leave, programs and colleagues post outside Webcare.
All moments are whole minutes, so that the reference can count them.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from webcare.domain import Urgency
from webcare.hours import OpeningHours
from webcare.measures.clocks import Clocks, Decided
from webcare.measures.lives import (
    Answer,
    CaseHistory,
    Contact,
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
from webcare.targets import Target

#: Two changes of the clock, Christmas, and an ordinary week.
STARTS = (
    datetime(2026, 3, 26, 7, tzinfo=UTC),
    datetime(2026, 10, 22, 7, tzinfo=UTC),
    datetime(2026, 12, 22, 7, tzinfo=UTC),
    datetime(2026, 5, 4, 7, tzinfo=UTC),
)
ZONES = ("Europe/Amsterdam", "Europe/Stockholm", "Australia/Lord_Howe", "America/St_Johns")
QUEUES = ("first_line", "second_line", "nordics")
HOLIDAYS = {
    date(2026, 12, 25): "Eerste kerstdag",
    date(2026, 12, 26): "Tweede kerstdag",
    date(2026, 5, 5): "Bevrijdingsdag",
    date(2026, 3, 27): "Inventory",
    date(2026, 10, 26): "Inventory",
}
URGENCIES = ("critical", "high", "normal", "low")
MOODS = ("negative", "neutral", "positive")
PEOPLE, MACHINE = (1, 2, 3, 4, 5), 9


def made_up_hours(chance: Random) -> OpeningHours | None:
    """Hours of a queue; sometimes taken away, sometimes with a night in them."""
    if chance.random() < 0.12:
        return None
    week: dict[int, tuple[tuple[int, int], ...]] = {}
    for day in range(1, 8):
        if chance.random() < (0.9 if day < 6 else 0.35):
            opens = chance.choice((0, 60, 120, 420, 480, 540, 547))
            noon, closes = chance.choice((720, 733)), chance.choice((1020, 1050, 1320, 1440))
            parts = ((opens, noon), (noon + chance.choice((0, 30, 45)), closes))
            week[day] = parts if chance.random() < 0.5 else ((opens, closes),)
    week = week or {1: ((540, 1020),)}
    days = {day: name for day, name in HOLIDAYS.items() if chance.random() < 0.7}
    return OpeningHours(ZoneInfo(chance.choice(ZONES)), week, days)


def made_up_targets(chance: Random) -> tuple[Target, ...]:
    """Rows of targets; some for one queue or network only, some round the clock."""
    rows = {}
    for urgency in URGENCIES:
        for queue in ("", "first_line"):
            for channel in ("", "x"):
                if chance.random() < 0.35:
                    first, next_ = (chance.choice((None, 15, 45, 240, 1500)) for _ in range(2))
                    solved = chance.choice((None, 1500, 4321))
                    if first or next_ or solved:
                        times = (timedelta(minutes=one) if one else None for one in (first, next_, solved))
                        rows[urgency, queue, channel] = Target(
                            Urgency(urgency), queue, channel, *times, round_the_clock=chance.random() < 0.2
                        )
    return tuple(rows.values())


@cache
def made_up_clocks(number: int) -> Clocks:
    """Decisions over time, the same for the same number; kept, since working hours out minute by minute takes long."""
    chance = Random(number)
    start = STARTS[number % len(STARTS)]

    def versions(make: Any) -> tuple[Decided, ...]:
        found = [Decided(start - timedelta(days=90), make(chance))] if chance.random() < 0.8 else []
        for _ in range(chance.choice((0, 1, 1, 2))):
            found.append(Decided(start + timedelta(minutes=chance.randrange(0, 14 * 1440)), make(chance)))
        return tuple(sorted(found, key=lambda one: one.since))

    hours = {name: versions(made_up_hours) for name in ("all", "first_line", "second_line") if chance.random() < 0.75}
    return Clocks(hours, versions(made_up_targets), repeat_days=chance.choice((1, 3, 3, 5)))


class Life:
    """One case as it comes about, minute by minute."""

    def __init__(self, chance: Random, number: int) -> None:
        self.chance = chance
        self.now = STARTS[number % len(STARTS)] + timedelta(minutes=chance.randrange(0, 3 * 1440))
        self.start = self.now
        self.ids = 0
        self.messages: list[Message] = []
        self.answers: list[Answer] = []
        self.outside: list[Outside] = []
        self.events: list[Happened] = []
        self.questions: list[Question] = []
        self.approvals: list[Yes] = []
        self.promises: list[Promise] = []
        self.jokes: list[Joke] = []
        self.findings: list[Seen] = []
        self.slips: list[Slip] = []
        self.contacts: list[Contact] = []
        self.surveys: list[Survey] = []

    def id(self) -> int:
        self.ids += 1
        return self.ids

    def minutes(self, most: int) -> timedelta:
        return timedelta(minutes=self.chance.randrange(0, most))

    def maybe(self, share: float) -> bool:
        return self.chance.random() < share

    def event(self, kind: str, *, person: bool = True, **detail: Any) -> None:
        actor = self.chance.choice(PEOPLE) if person else None
        self.events.append(Happened(self.id(), self.now, kind, actor, detail))

    def label(self, at: datetime, *, by_person: bool = False, taken_back: bool = False) -> Label:
        values = {
            "sentiment": self.chance.choice(MOODS),
            "urgency": self.chance.choice(URGENCIES),
            "topic": self.chance.choice(("delivery", "order")),
            "line": self.chance.choice(("first_line", "second_line")),
            "language": "nl",
            "needs_reply": "no" if self.maybe(0.25) else "yes",
        }
        return Label(at, by_person, values, {"sentiment": 0.5 + self.chance.randrange(0, 6) / 10}, taken_back)

    # --- what may happen ---

    def message(self) -> None:
        posted = self.now - (self.minutes(200) if self.maybe(0.5) else timedelta(minutes=-1 if self.maybe(0.1) else 0))
        labels = [] if self.maybe(0.07) else [self.label(self.now)]
        personal = self.chance.choice((True, False, False, None))
        private = self.maybe(0.3)
        self.messages.append(Message(self.id(), posted, self.now, private, None, tuple(labels), personal))
        resolved = [event for event in self.events if event.kind in ("resolved", "reopened")][-1:]
        back = bool(resolved) and resolved[0].kind == "resolved"
        self.event("reopened" if back else "joined" if len(self.messages) > 1 else "opened", person=False)

    def answer(self) -> None:
        by_hand = self.maybe(0.15)
        posted = self.now - self.minutes(90) if by_hand else self.now + self.minutes(12)
        author = MACHINE if self.maybe(0.06) else self.chance.choice(PEOPLE)
        approver = self.chance.choice(PEOPLE) if self.maybe(0.3) else author
        one = Answer(
            id=self.id(),
            created_at=self.now,
            posted_at=posted,
            author_id=author,
            approver_id=approver,
            private=self.maybe(0.3),
            by_hand=by_hand,
            by_person=author != MACHINE,
            personal=self.chance.choice((True, False, False, None)),
        )
        parts = tuple(self.id() for _ in range(self.chance.choice((0, 0, 1, 2))))
        self.answers.append(
            Answer(**{name: getattr(one, name) for name in one.__slots__} | {"parts": (one.id, *parts)})
        )
        self.event("reply_approved")
        self.now = max(self.now, posted)
        if self.maybe(0.3):
            due = self.now + self.minutes(4000)
            self.promises.append(Promise(self.id(), self.now, due, "open"))
        if self.maybe(0.15):
            self.jokes.append(Joke(one.id, posted))

    def resolve(self) -> None:
        if self.maybe(0.85):
            kinds = ("answered", "answered", "no_reply_needed", "solved_elsewhere", "spam", "duplicate", "target_gone")
            self.event("resolved", person=self.maybe(0.9), resolution=self.chance.choice(kinds))

    def reopen(self) -> None:
        self.event("reopened")

    def act(self) -> None:
        self.event(self.chance.choice(("claimed", "assigned", "noted", "tagged", "given_back")), person=self.maybe(0.8))

    def undo(self) -> None:
        standing = [at for at, event in enumerate(self.events) if event.undone_at is None and event.actor_id]
        if standing:
            self.change(self.events, standing[-1], undone_at=self.now)

    def retract(self) -> None:
        standing = [at for at, one in enumerate(self.answers) if one.retracted_at is None]
        if standing:
            self.change(self.answers, self.chance.choice(standing), retracted_at=self.now)
            self.event("reply_retracted", person=False)

    def post_outside(self) -> None:
        self.outside.append(Outside(self.id(), self.now - self.minutes(60), self.now, self.maybe(0.3)))

    def gone(self) -> None:
        standing = [at for at, one in enumerate(self.messages) if one.gone_at is None]
        if standing:
            self.change(self.messages, self.chance.choice(standing), gone_at=self.now)

    def correct(self) -> None:
        at = self.chance.randrange(len(self.messages))
        labels = self.messages[at].labels
        if not labels:
            return
        back = len(labels) > 1 and labels[-1].by_person and not labels[-1].taken_back and self.maybe(0.4)
        if back:
            old = labels[-2]
            new = Label(self.now, True, old.values, old.confidence, True)
        else:
            new = self.label(self.now, by_person=self.maybe(0.85))
        self.change(self.messages, at, labels=(*labels, new))
        self.event("corrected")

    def ask(self) -> None:
        if self.questions and self.questions[-1].closed_at is None:
            ends = ("answered", "answered", "replied", "returned", "withdrawn")
            outcome = self.chance.choice(ends)
            by = None if outcome == "returned" else self.chance.choice(PEOPLE)
            self.change(self.questions, -1, closed_at=self.now, closed_by=by, outcome=outcome)
            self.event("handed_back")
        else:
            self.questions.append(Question(self.id(), self.now, self.chance.choice(PEOPLE)))
            self.event("handed_over")

    def approval(self) -> None:
        if self.approvals and self.approvals[-1].decided_at is None:
            self.change(self.approvals, -1, decided_at=self.now)
        else:
            self.approvals.append(Yes(self.id(), self.now))

    def settle(self) -> None:
        standing = [at for at, one in enumerate(self.promises) if one.state == "open"]
        if standing:
            at, state = standing[0], self.chance.choice(("kept", "kept", "broken", "dropped"))
            self.change(self.promises, at, state=state, settled_at=self.now)
            if state == "broken":
                self.event("promise_broken", person=self.maybe(0.5))

    def laugh(self) -> None:
        standing = [at for at, one in enumerate(self.jokes) if one.answered_at is None]
        if standing:
            self.change(self.jokes, standing[0], answered_at=self.now, sentiment=self.chance.choice(MOODS))

    def find(self) -> None:
        level = self.chance.choice(("error", "warning", "suggestion"))
        outcome = self.chance.choice(("", "changed", "overridden", "sent"))
        self.findings.append(Seen(self.id(), self.now, self.chance.choice(PEOPLE), "note_leak", level, outcome))

    def slip(self) -> None:
        if self.answers:
            self.slips.append(Slip(self.chance.choice(self.chance.choice(self.answers).parts), self.now))

    def elsewhere(self) -> None:
        posted = self.now - self.minutes(30)
        self.contacts.append(Contact(77, self.id(), posted, self.now, self.maybe(0.6)))

    def survey(self) -> None:
        """A customer is considered, the question leaves, a mark comes: in time, twice, or late."""
        if not self.surveys:
            why = self.chance.choice(("", "", "", "survey_angry", "survey_not_sent"))
            asked = None if why or self.maybe(0.2) else self.now + self.minutes(30)
            agent = self.chance.choice((None, *PEOPLE))
            closed = self.now - self.minutes(90)
            self.surveys.append(Survey(self.id(), closed, self.now, why, asked, agent, self.id()))
        elif self.surveys[0].asked_at is not None:
            at = self.surveys[0].asked_at + self.minutes(4 * 1440)
            mark = Mark(self.id(), at, self.chance.randrange(1, 6))
            marks = sorted((*self.surveys[0].marks, mark), key=lambda one: one.at)
            self.change(self.surveys, 0, marks=tuple(marks))

    def odd(self) -> None:
        self.event(self.chance.choice(("edited", "reply_failed", "message_gone")), person=False)

    def change(self, things: list[Any], at: int, **values: Any) -> None:
        one = things[at]
        things[at] = type(one)(**{name: getattr(one, name) for name in one.__slots__} | values)


_STEPS = (
    (Life.message, 5),
    (Life.answer, 6),
    (Life.resolve, 4),
    (Life.act, 3),
    (Life.ask, 3),
    (Life.approval, 2),
    (Life.survey, 2),
    *((step, 1) for step in (Life.reopen, Life.undo, Life.retract, Life.post_outside, Life.gone, Life.correct)),
    *((step, 1) for step in (Life.settle, Life.laugh, Life.find, Life.slip, Life.elsewhere, Life.odd)),
)


def made_up_history(chance: Random, number: int) -> tuple[CaseHistory, datetime]:
    """A case under the decisions of this number, and the moment at which to count it: mostly after, sometimes amid."""
    life = Life(chance, number)
    if chance.random() < 0.98:
        life.message()
    steps, weights = zip(*_STEPS, strict=True)
    for _ in range(chance.randrange(0, 16)):
        life.now += timedelta(minutes=chance.choice((0, 1, 7, 20, 90, 300, 1000, 2500)) + chance.randrange(0, 5))
        step = chance.choices(steps, weights)[0]
        if life.messages or step is not Life.correct:
            step(life)
    looked = life.start + life.minutes(3000) if chance.random() < 0.5 else None
    history = CaseHistory(
        case_id=number,
        first_posted_at=min((one.posted_at for one in life.messages), default=life.start),
        opened_at=life.start,
        queue=chance.choice(QUEUES),
        channel=chance.choice(("x", "facebook")),
        public_way=chance.random() < 0.9,
        dims={"queue": "first_line", "urgency": chance.choice(URGENCIES), "topic": "order", "sentiment": "neutral"},
        messages=tuple(sorted(life.messages, key=lambda one: (one.collected_at, one.posted_at, one.id))),
        answers=tuple(sorted(life.answers, key=lambda one: (one.posted_at, one.id))),
        outside=tuple(life.outside),
        events=tuple(life.events),
        questions=tuple(life.questions),
        approvals=tuple(life.approvals),
        promises=tuple(life.promises),
        jokes=tuple(life.jokes),
        findings=tuple(life.findings),
        slips=tuple(life.slips),
        contacts=tuple(life.contacts),
        surveys=tuple(life.surveys),
        first_look=looked,
    )
    late = chance.random() < 0.7
    at = life.now + life.minutes(8 * 1440) if late else life.start + timedelta(minutes=chance.randrange(0, 6000))
    return history, at
