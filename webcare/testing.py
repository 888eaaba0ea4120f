"""Stand-ins and makers for tests, shipped so that authors of channels and classifiers can use them too.

They keep the protocols' promises (order, dedup by the caller, the closed set of errors); nothing in the running desk
imports this module.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from sqlmodel import col, select

from webcare import cases
from webcare.cases.surroundings import PLAIN, Reviewer
from webcare.channels.base import (
    AccountConfig,
    Budget,
    Capabilities,
    Health,
    HealthState,
    Length,
    Permission,
    PollResult,
    ReplyTarget,
)
from webcare.delivery import reconcile_due, send_due
from webcare.domain import (
    Actor,
    Author,
    Line,
    Mention,
    Posted,
    Reply,
    ReplyWay,
    Role,
    Sentiment,
    Topic,
    Triage,
    Urgency,
)
from webcare.errors import ChannelError
from webcare.ingest import PollSummary, poll_account
from webcare.settings import Settings, load_settings
from webcare.store import Store
from webcare.store.tables import AccountRow, AgentRow, CaseEventRow, CaseRow, DeliveryRow, MentionRow, MentionVersionRow

#: A Tuesday morning in winter, so that nobody's test depends on today.
NOON = datetime(2026, 2, 10, 11, 0, tzinfo=UTC)

_numbers = itertools.count(1)


def make_mention(text: str = "Where is my sofa?", **changes: object) -> Mention:
    """A customer's post on X with a fresh id; `changes` replace any field."""
    number = next(_numbers)
    mention = Mention(
        channel="x",
        external_id=f"{10_000 + number}",
        thread_id=f"{10_000 + number}",
        author=Author(f"c{number}", f"Customer {number}", f"customer{number}"),
        text=text,
        posted_at=NOON,
    )
    return replace(mention, **changes)  # type: ignore[arg-type]


def make_triage(**changes: object) -> Triage:
    """A sure, ordinary decision: a normal first-line question about a delivery."""
    triage = Triage(
        language="en",
        sentiment=Sentiment.NEUTRAL,
        urgency=Urgency.NORMAL,
        topic=Topic.DELIVERY,
        needs_reply=True,
        line=Line.FIRST_LINE,
        confidence=dict.fromkeys(("language", "sentiment", "urgency", "topic", "needs_reply", "route"), 0.95),
        model_version="fake-1",
    )
    return replace(triage, **changes)  # type: ignore[arg-type]


class FakeClassifier:
    """Labels by a function you give; by default everything is `make_triage()`."""

    version = "fake-1"

    def __init__(self, decide: Callable[[str], Triage] = lambda text: make_triage()) -> None:
        self._decide = decide

    def classify(self, texts: Sequence[str], langs: Sequence[str | None] | None = None) -> list[Triage]:
        """Label each text; result i belongs to texts[i]."""
        return [self._decide(text) for text in texts]


@dataclass
class FakeChannel:
    """A network in memory: posts you put in `inbox` are polled, replies land in `timeline`.

    `faults` is consumed one per send: an error raised before the reply lands, or, wrapped in `Landed`, after it.
    """

    name: ClassVar[str] = "x"
    title: ClassVar[str] = "X"
    # What it took shows at once, so that it is not there may be believed at once.
    capabilities: ClassVar[Capabilities] = Capabilities(settle_s=0.0, takes_once=True)
    secret_names: ClassVar[tuple[str, ...]] = ()

    inbox: list[Mention] = field(default_factory=list)
    timeline: list[tuple[Posted, Reply]] = field(default_factory=list)
    faults: list[ChannelError | Exception | Landed | None] = field(default_factory=list)
    unreadable: ChannelError | None = None
    poll_error: ChannelError | None = None
    state: HealthState = HealthState.OK
    clock: Callable[[], datetime] = lambda: NOON

    @classmethod
    def connect(cls, config: AccountConfig) -> FakeChannel:
        """A fresh network."""
        return cls()

    @classmethod
    def length(cls, text: str, way: ReplyWay = ReplyWay.PUBLIC) -> Length:
        """Plain characters, at most 280."""
        return Length(len(text), 280)

    def poll(self, cursor: str | None, budget: Budget) -> PollResult:
        """Everything in the inbox from the cursor's index on, with an overlap of one, oldest first."""
        if self.poll_error is not None:
            raise self.poll_error
        start = max(0, int(cursor or 0) - 1)
        page = self.inbox[start : start + budget.max_pages * budget.page_size]
        return PollResult(tuple(page), str(start + len(page)), complete=start + len(page) == len(self.inbox))

    def can_reply(self, target: ReplyTarget, way: ReplyWay = ReplyWay.PUBLIC) -> Permission:
        """Always."""
        return Permission(True)

    def send(self, reply: Reply) -> Posted:
        """Post, unless the next fault says otherwise."""
        fault = self.faults.pop(0) if self.faults else None
        if isinstance(fault, Landed):
            self._land(reply)
            raise fault.error
        if fault is not None:
            raise fault
        return self._land(reply)

    def verify_sent(self, reply: Reply, *, since: datetime) -> tuple[Posted, ...]:
        """Our posts with this text under this target."""
        if self.unreadable is not None:
            raise self.unreadable
        earliest = since - timedelta(seconds=30)
        return tuple(
            posted
            for posted, sent in self.timeline
            if (sent.target_id, sent.text) == (reply.target_id, reply.text) and posted.posted_at >= earliest
        )

    def health(self) -> Health:
        """The state you set."""
        return Health(self.state)

    def _land(self, reply: Reply) -> Posted:
        posted = Posted(f"r{next(_numbers)}", self.clock(), "https://network.example/post")
        self.timeline.append((posted, reply))
        return posted


@dataclass(frozen=True)
class Landed:
    """A fault that hits after the network accepted the reply."""

    error: Exception


@dataclass
class Desk:
    """A small desk in a real database: one account on X and one colleague per role."""

    store: Store
    channel: FakeChannel
    classifier: FakeClassifier
    settings: Settings
    people: dict[Role, Actor]
    now: datetime = NOON
    account_key: str = "x_hemlund"
    reviewer: Reviewer = PLAIN  #: what the guard reads with; a console on the same desk must have the same

    @property
    def first(self) -> Actor:
        """The first-line colleague."""
        return self.people[Role.FIRST_LINE]

    @property
    def second(self) -> Actor:
        """The second-line colleague."""
        return self.people[Role.SECOND_LINE]

    def clock(self) -> datetime:
        """The desk's own time; move it with `later`."""
        return self.now

    def later(self, **delta: float) -> datetime:
        """Let time pass, e.g. `desk.later(seconds=20)`; gives the new time."""
        self.now += timedelta(**delta)
        return self.now

    def receive(self, *mentions: Mention) -> PollSummary:
        """Put posts on the network and poll once."""
        self.channel.inbox.extend(mentions)
        return self.poll()

    def poll(self) -> PollSummary:
        """Poll the account once with the fakes."""
        return poll_account(
            self.store,
            self.channel,
            self.classifier,
            self.settings.routing,
            account_key=self.account_key,
            now=self.now,
            budget=Budget(),
            unsorted_below=self.settings.triage.unsorted_below,
        )

    def case_of(self, mention: Mention) -> CaseRow:
        """The case a post landed in; an older version of an edited post finds it too."""
        with self.store.read() as session:
            older = select(MentionVersionRow.mention_id).where(MentionVersionRow.external_id == mention.external_id)
            query = select(MentionRow).where(
                (col(MentionRow.external_id) == mention.external_id) | col(MentionRow.id).in_(older)
            )
            row = session.exec(query).one()
            assert row.case_id is not None
            return cases.load(session, row.case_id)

    def open_case(self, text: str = "Where is my sofa?", **changes: object) -> CaseRow:
        """Receive one post and give its case."""
        mention = make_mention(text, posted_at=self.now, **changes)
        self.receive(mention)
        return self.case_of(mention)

    def reply(self, case_id: int, text: str = "It arrives tomorrow between nine and noon.") -> DeliveryRow:
        """Check and send a reply as the first line, with the settings' undo window."""
        undo = timedelta(seconds=self.settings.delivery.undo_s)
        with self.store.write() as session:
            verdict = cases.review_reply(session, case_id, text=text, now=self.now, reviewer=self.reviewer)
            return cases.send_reply(
                session,
                case_id,
                text=text,
                verdict=verdict,
                by=self.first,
                now=self.now,
                undo=undo,
                acknowledged=True,
                reviewer=self.reviewer,
            )

    def deliver(self) -> int:
        """Send what is due now."""
        channels = {self.account_key: self.channel}
        return send_due(self.store, channels, self.settings.delivery, clock=self.clock, reviewer=self.reviewer)

    def reconcile(self) -> int:
        """Read back what is doubtful now."""
        return reconcile_due(self.store, {self.account_key: self.channel}, self.settings.delivery, clock=self.clock)

    def delivery(self, delivery_id: int | None) -> DeliveryRow:
        """A reply as it stands now."""
        with self.store.read() as session:
            return session.exec(select(DeliveryRow).where(DeliveryRow.id == delivery_id)).one()

    def events(self, case_id: int | None) -> list[str]:
        """The kinds of a case's events, oldest first."""
        with self.store.read() as session:
            query = select(CaseEventRow.kind).where(CaseEventRow.case_id == case_id).order_by(col(CaseEventRow.id))
            return list(session.exec(query))


def make_desk(store: Store) -> Desk:
    """Fill an empty, upgraded database with an account and people. Their rows have no usable password."""
    people: dict[Role, Actor] = {}
    with store.write() as session:
        session.add(
            AccountRow(key="x_hemlund", channel="x", external_id="3300000001", name="Hemlund", handle="hemlund")
        )
        for role in (role for role in Role if role is not Role.SYSTEM):
            row = AgentRow(username=role.value, name=f"Robin {role.value}", role=role.value, created_at=NOON)
            session.add(row)
            session.flush()
            people[role] = Actor(row.id, row.name, role)
    desk = Desk(store, FakeChannel(), FakeClassifier(), load_settings(env={}), people)
    desk.channel.clock = desk.clock
    return desk
