"""The values that travel between the steps of the desk. Frozen; of ours they know the errors only.

Nothing here reads a file, a clock, a database or a network. All datetimes are aware UTC; `__post_init__`
refuses naive ones, because a naive time is how response times come out an hour wrong in summer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from webcare.errors import WebcareError


class Sentiment(StrEnum):
    """How the writer feels toward the brand."""

    NEGATIVE = "negative"
    NEUTRAL = "neutral"
    POSITIVE = "positive"


class Urgency(StrEnum):
    """How soon a first answer is due, by consequence and deadline, never by anger."""

    CRITICAL = "critical"
    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"

    @property
    def priority(self) -> int:
        """1 for the most urgent level .. 4 for the least."""
        return list(Urgency).index(self) + 1


class Topic(StrEnum):
    """The one thing that must be solved."""

    DELIVERY = "delivery"
    ORDER = "order"
    PAYMENT = "payment"
    RETURN = "return"
    PRODUCT_FAULT = "product_fault"
    PRODUCT_ADVICE = "product_advice"
    AVAILABILITY = "availability"
    STORE = "store"
    WEBSITE_APP = "website_app"
    SAFETY_LEGAL = "safety_legal"
    BRAND = "brand"
    OTHER = "other"


#: Languages the desk is built for, as ISO 639-1 codes; `nb` stands for written Norwegian.
LANGUAGES = ("nl", "en", "sv", "nb", "da", "de")


class Line(StrEnum):
    """Who answers: the voice of the brand, or the people with the facts."""

    FIRST_LINE = "first_line"
    SECOND_LINE = "second_line"


class AgentText(StrEnum):
    """What a sentence of an agent is: said to the customer, or about the customer and to colleagues."""

    PUBLIC_REPLY = "public_reply"
    INTERNAL_NOTE = "internal_note"


class SaidAgain(StrEnum):
    """Whether a sentence of a reply gives away what an internal note says."""

    NO = "no"
    YES = "yes"


class Humour(StrEnum):
    """Whether a reply jokes."""

    NONE = "none"
    JOKE = "joke"


#: The queue for mentions the classifier is not sure about; first line sorts it by hand.
UNSORTED = "unsorted"
#: The queues every desk has. A queue is a name; later desks add their own.
QUEUES = (Line.FIRST_LINE.value, Line.SECOND_LINE.value, UNSORTED)


class Role(StrEnum):
    """What a colleague is at the desk; `people.py` says what each may do."""

    FIRST_LINE = "first_line"
    SECOND_LINE = "second_line"
    TEAM_LEAD = "team_lead"
    MANAGER = "manager"
    ADMIN = "admin"
    SYSTEM = "system"  #: jobs; never signs in


class MentionKind(StrEnum):
    """What sort of post it is on its network."""

    MENTION = "mention"  #: a post that names the brand
    REPLY = "reply"  #: an answer inside a thread
    COMMENT = "comment"  #: a comment under a brand post
    VISITOR_POST = "visitor_post"  #: a post on the brand's own page
    REVIEW = "review"
    DIRECT_MESSAGE = "direct_message"


class ReplyWay(StrEnum):
    """Who can read an answer."""

    PUBLIC = "public"
    PRIVATE = "private"  #: a direct message, or the one private reply a network allows to a public post


class CaseState(StrEnum):
    """NEW -> OPEN -> WAITING -> RESOLVED; a new message of the customer reopens it."""

    NEW = "new"  #: nobody has it yet
    OPEN = "open"  #: somebody works on it
    WAITING = "waiting"  #: we answered; the customer may come back
    SNOOZED = "snoozed"  #: put aside until a time
    RESOLVED = "resolved"


#: States in which a case stands in a queue.
ACTIVE_STATES = (CaseState.NEW.value, CaseState.OPEN.value)


class Resolution(StrEnum):
    """Why a case was closed."""

    ANSWERED = "answered"
    NO_REPLY_NEEDED = "no_reply_needed"
    SOLVED_ELSEWHERE = "solved_elsewhere"
    DUPLICATE = "duplicate"
    SPAM = "spam"
    TARGET_GONE = "target_gone"


class DeliveryState(StrEnum):
    """The attempt to post one approved reply."""

    PENDING = "pending"  #: approved, waiting for the undo window or its turn
    SENDING = "sending"  #: claimed; the network may be hearing it right now
    SENT = "sent"  #: the network proved it
    FAILED = "failed"  #: the network refused it for good
    UNCONFIRMED = "unconfirmed"  #: nobody knows yet; read back before anything else
    NEEDS_HUMAN = "needs_human"  #: read-back did not settle it
    CANCELLED = "cancelled"  #: taken back inside the undo window


#: While one of these exists for a target, no second reply to it may be queued.
UNSETTLED_DELIVERIES = (
    DeliveryState.PENDING.value,
    DeliveryState.SENDING.value,
    DeliveryState.UNCONFIRMED.value,
    DeliveryState.NEEDS_HUMAN.value,
)


class Level(StrEnum):
    """How hard a guard finding bites."""

    ERROR = "error"  #: Send is held
    WARNING = "warning"  #: must be acknowledged
    SUGGESTION = "suggestion"


class Decision(StrEnum):
    """What the guard says of a whole draft."""

    PASS = "pass"  # noqa: S105 - a verdict, not a secret
    WARN = "warn"
    BLOCK = "block"


def _require_aware(moment: datetime, name: str) -> None:
    if moment.tzinfo is None:
        raise ValueError(f"{name} has no time zone: {moment.isoformat()}")


@dataclass(frozen=True, slots=True)
class Author:
    """Who wrote a post, as far as the network tells; both names may be empty."""

    external_id: str
    name: str = ""
    handle: str = ""


@dataclass(frozen=True, slots=True)
class Media:
    """An attachment by type and address; never fetched until a person asks."""

    kind: str
    url: str


@dataclass(frozen=True, slots=True)
class Mention:
    """One post as a network gave it. `external_id` and `thread_id` are the network's own ids."""

    channel: str
    external_id: str
    thread_id: str
    author: Author
    text: str
    posted_at: datetime
    kind: MentionKind = MentionKind.MENTION
    parent_id: str | None = None
    url: str = ""
    lang: str | None = None  #: the network's own guess, ISO 639-1; the classifier decides
    is_ours: bool = False  #: written by one of our own accounts
    is_repost: bool = False  #: a retweet or share without words of its own
    root_id: str | None = None  #: first version's id when this is an edit
    media: tuple[Media, ...] = ()
    raw: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _require_aware(self.posted_at, "posted_at")


@dataclass(frozen=True, slots=True)
class Triage:
    """The classifier's labels. Confidences are calibrated probabilities in [0, 1]."""

    language: str
    sentiment: Sentiment
    urgency: Urgency
    topic: Topic
    needs_reply: bool
    line: Line
    confidence: Mapping[str, float]  #: keys: language sentiment urgency topic needs_reply route
    model_version: str
    words: tuple[tuple[str, float], ...] = ()  #: the words that weighed most, strongest first


@dataclass(frozen=True, slots=True)
class Route:
    """Where a mention goes and why. `priority` 1 is the most urgent, 4 the least."""

    queue: str
    line: Line
    priority: int
    respond_within: timedelta
    reason: str
    next_within: timedelta | None = None  #: for an answer after our first one; None = as `respond_within`
    skill: str = ""  #: what it takes to answer, e.g. "store:utrecht"
    tags: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()  #: names of the desk's own rules that had a say


class Override(StrEnum):
    """What it takes to send a draft in spite of a finding."""

    NONE = "none"  #: nothing does; the text has to change
    SHAREABLE = "shareable"  #: the sentence of the note is marked shareable, under one's name
    JUSTIFICATION = "justification"  #: a reason in one's own words
    ACKNOWLEDGE = "acknowledge"  #: a tick


class FactKind(StrEnum):
    """What sort of thing a note says that the customer may be told."""

    DATE = "date"
    SLOT = "slot"  #: a stretch of time, e.g. between nine and noon
    POLICY = "policy"
    PRICE = "price"
    OTHER = "other"


def N_(message: str) -> str:
    """Mark a sentence for the catalogues of the console without translating it."""
    return message


class Said(str):
    """A sentence made of a template and what is filled in, so that the console can say it in the reader's language.

    Anywhere else it is the English sentence.
    """

    template: str
    values: Mapping[str, object]

    def __new__(cls, template: str, **values: object) -> Said:
        """Fill in."""
        said = super().__new__(cls, template.format(**values) if values else template)
        said.template, said.values = template, values
        return said

    @classmethod
    def of(cls, error: Exception) -> Said:
        """What an error says, by its template where it has one."""
        told = error.template if isinstance(error, WebcareError) else next(iter(error.args), "")
        if isinstance(told, Said):
            return told
        return cls(told, **error.values) if isinstance(error, WebcareError) and told else cls(str(error))

    @classmethod
    def joined(cls, sentences: Sequence[str], between: str) -> Said:
        """Several sentences as one; each is still said in the reader's language."""
        places = {f"part{number}": sentence for number, sentence in enumerate(sentences)}
        return cls(between.join(f"{{{name}}}" for name in places), **places)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing the guard saw. `start`/`end` are character offsets into the draft."""

    check: str
    level: Level
    reason: str  #: machine-readable: note_leak, internal_language, too_long, ...
    message: str  #: one sentence for the writer
    start: int = 0
    end: int = 0
    fixes: tuple[str, ...] = ()  #: texts that may stand in place of the stretch, best first
    override: Override = Override.NONE

    @property
    def key(self) -> str:
        """The same for the same finding of the same text; what an override names."""
        return f"{self.check}/{self.reason}/{self.start}-{self.end}"

    @property
    def asks(self) -> Override | None:
        """What it takes to send in spite of it: None = nothing. A warning always may be sent after a tick."""
        if self.level is Level.SUGGESTION:
            return None
        if self.level is Level.WARNING and self.override in (Override.NONE, Override.SHAREABLE):
            return Override.ACKNOWLEDGE
        return self.override


class FindingOutcome(StrEnum):
    """What became of a finding that somebody saw."""

    CHANGED = "changed"  #: the text was changed, or what it pointed at was marked shareable
    OVERRIDDEN = "overridden"  #: sent in spite of it, on record
    SENT = "sent"  #: a suggestion that nobody had to answer for


class Grade(StrEnum):
    """Whether a person later found a finding right."""

    RIGHT = "right"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the guard says of exactly these bytes, going to exactly this place."""

    decision: Decision
    findings: tuple[Finding, ...]
    fingerprint: str  #: sha256 over text, channel, account, target, way and attachments
    rules_version: str
    missing: tuple[str, ...] = ()  #: checks that could not run, said instead of skipped silently
    #: What it looked at, as (part, mark): two verdicts with the same marks saw the same (guard/binding.py).
    seen: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """An approved text on its way to one place on one network."""

    target_id: str  #: external id of the message we answer
    thread_id: str
    text: str
    kind: MentionKind = MentionKind.REPLY  #: DIRECT_MESSAGE in a conversation, else REPLY
    attachments: tuple[str, ...] = ()
    way: ReplyWay = ReplyWay.PUBLIC
    to_id: str = ""  #: external id of the person answered; a private answer needs it
    key: str = ""  #: the same for every attempt at one delivery, for networks that take each key once
    heard_at: datetime | None = None  #: when this person last wrote in the conversation; None: not known


@dataclass(frozen=True, slots=True)
class Posted:
    """The network's proof that a reply stands there."""

    external_id: str
    posted_at: datetime
    url: str = ""

    def __post_init__(self) -> None:
        _require_aware(self.posted_at, "posted_at")


@dataclass(frozen=True, slots=True)
class Actor:
    """The person (or job) on whose behalf something is done. `id` is None for jobs only."""

    id: int | None
    name: str
    role: Role
    grants: frozenset[str] = frozenset()  #: Permissions beyond those of the role
    supervised: bool = False  #: their replies wait for a colleague's yes
    language: str = ""  #: of the interface, as they chose; empty = as the browser asks
    timezone: str = ""  #: in which they read times; empty = as the browser says
    density: str = ""  #: "compact", or empty
    suggestions: bool = True  #: whether answers given before are offered to them

    @classmethod
    def system(cls, job: str) -> Actor:
        """The actor of a machine step, so that every event has somebody's name on it."""
        return cls(None, job, Role.SYSTEM)
