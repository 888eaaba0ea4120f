"""What a channel is: the one door between Webcare and a network.

A channel object serves one account. It never sleeps, never retries by itself, never touches the database, and
raises only the closed set of `ChannelError`s. Every call has a timeout. Secrets never reach messages or logs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Protocol

from webcare.domain import Mention, MentionKind, Posted, Reply, ReplyWay


class Action(StrEnum):
    """What a desk can do to a post beside answering it. Doing one twice is as doing it once."""

    HIDE = "hide"
    UNHIDE = "unhide"
    LIKE = "like"
    UNLIKE = "unlike"
    DELETE = "delete"  #: only what we posted ourselves


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What this network lets a desk do."""

    reply_public: bool = True
    reply_private: bool = False  #: ReplyWay.PRIVATE: a message to the writer of a public post, or in a conversation
    thread: bool = True
    actions: frozenset[Action] = frozenset()
    parts: int = 1  #: how many posts one public answer may be cut into, each answering the one before
    refresh: int = 0  #: how many posts one `refresh` call may look up; 0: it cannot
    backfill: bool = False  #: whether `backfill` can go back for what a gap may hide
    needs_summon: bool = False  #: replies are only allowed to people who addressed us
    takes_once: bool = False  #: the network refuses the same answer a second time, or takes it by a key of ours
    settle_s: float = 5.0  #: how long a fresh post may stay invisible to read-back, in seconds
    #: Posts of others that name us come by webhook only: `read_named` reads one of them.
    webhook: bool = False


@dataclass(frozen=True, slots=True)
class Budget:
    """How much one poll may spend on each list the network keeps (mentions, own timeline, visitor posts, ...)."""

    max_pages: int = 10
    page_size: int = 100
    #: Lists, by their names in `PollResult.rates`, that have no request left for now: not asked, their place is kept.
    closed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch of time in which posts may be missing."""

    since: datetime
    until: datetime
    reason: str
    source: str = ""  #: the list it was found in, in the channel's own name for it: "mentions", "feed", ...


@dataclass(frozen=True, slots=True)
class BadPost:
    """A post we could not read: the raw text of it and why. Stored, never dropped."""

    raw: str
    error: str


@dataclass(frozen=True, slots=True)
class RateState:
    """What the network said about its limits in the last answer."""

    limit: int | None = None
    remaining: int | None = None
    reset_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Spend:
    """What the network will charge for: how many of one kind of thing were read or written."""

    what: str  #: a name of the price table in settings: "post_read", "owned_read", "dm_read", ...
    count: int
    #: External ids of the posts read, where the network charges each of them once a day; empty: all of `count` count.
    ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PollResult:
    """One poll: posts oldest first, and the mark to store with them in one transaction."""

    mentions: tuple[Mention, ...]
    cursor: str  #: opaque to everybody but the channel; JSON text
    complete: bool = True  #: False: the page budget ended before the mark was reached; poll again
    bad: tuple[BadPost, ...] = ()
    gaps: tuple[Gap, ...] = ()
    gone: tuple[str, ...] = ()  #: ids of posts the network said were deleted
    rates: Mapping[str, RateState] = field(default_factory=dict)  #: by endpoint, in the channel's own names
    spent: tuple[Spend, ...] = ()
    troubles: Mapping[str, str] = field(default_factory=dict)  #: lists that could not be read this time, and why


class GoneReason(StrEnum):
    """Why a post may not be shown any more."""

    DELETED = "deleted"
    PROTECTED = "protected"  #: the writer shows posts to followers only
    SUSPENDED = "suspended"  #: the network closed the writer's account
    UNSEEN = "unseen"  #: the network does not say more than that we may not see it


@dataclass(frozen=True, slots=True)
class Refreshed:
    """How posts stand on the network now. Ids that were asked for and are in neither could not be looked up."""

    mentions: tuple[Mention, ...] = ()  #: an edited one has its new text, and the author the present name and handle
    gone: Mapping[str, GoneReason] = field(default_factory=dict)
    rates: Mapping[str, RateState] = field(default_factory=dict)
    spent: tuple[Spend, ...] = ()


@dataclass(frozen=True, slots=True)
class Filled:
    """One step of a backfill, newest posts first. `token` empty: the stretch has been read to its end."""

    mentions: tuple[Mention, ...] = ()
    token: str = ""
    bad: tuple[BadPost, ...] = ()
    left: tuple[Gap, ...] = ()  #: what cannot be brought back any more, e.g. older than the network searches
    rates: Mapping[str, RateState] = field(default_factory=dict)
    spent: tuple[Spend, ...] = ()


@dataclass(frozen=True, slots=True)
class ReplyTarget:
    """The message an agent wants to answer, as much of it as a network's rules ask about."""

    external_id: str
    thread_id: str
    author_id: str
    kind: MentionKind
    posted_at: datetime
    summons_us: bool = True  #: it names the brand or quotes it
    last_customer_message_at: datetime | None = None
    private_reply_sent: bool = False  #: we wrote to this person privately about this very post before
    gone: bool = False  #: it was seen to be deleted or hidden from us
    automated: bool = False  #: no person writes this one, so windows that are open to people only do not count
    raw: Mapping[str, Any] = field(default_factory=dict)  #: the post as the network gave it, where we still have it


@dataclass(frozen=True, slots=True)
class Permission:
    """Whether a reply may be written at all; asked before an agent writes."""

    allowed: bool
    reason: str = ""  #: in the agent's words
    open_url: str = ""  #: where to answer by hand instead
    until: datetime | None = None  #: when the window closes in which the network takes it; None: it does not close


@dataclass(frozen=True, slots=True)
class Length:
    """Characters used by the network's own rule, and how many it takes."""

    used: int
    limit: int

    @property
    def fits(self) -> bool:
        """Whether the network would take it."""
        return 0 < self.used <= self.limit


class HealthState(StrEnum):
    """How the account's connection stands."""

    OK = "ok"
    THROTTLED = "throttled"
    DISCONNECTED = "disconnected"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Health:
    """One look at the connection, in words an operator can act on."""

    state: HealthState
    message: str = ""
    external_id: str = ""  #: the network's id of the account we are signed in as
    name: str = ""
    token_expires_at: datetime | None = None  #: None: it does not expire, or the network does not say
    missing: tuple[str, ...] = ()  #: permissions it lacks, by the network's own names


@dataclass(frozen=True, slots=True)
class AccountConfig:
    """What a channel is built from. `secrets` come from the environment only and are never printed."""

    key: str
    external_id: str
    handle: str = ""
    api_base: str = ""  #: empty = the real network; else e.g. http://127.0.0.1:8600 (the sandbox)
    timeout_s: float = 20.0
    options: Mapping[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


class Channel(Protocol):
    """One account on one network."""

    #: The name used in settings and tables, e.g. "x".
    name: ClassVar[str]
    #: Shown to people, e.g. "X".
    title: ClassVar[str]
    capabilities: ClassVar[Capabilities]
    #: Names of the secrets it needs; the environment holds them as WEBCARE_SECRET_<ACCOUNT KEY>_<NAME>.
    secret_names: ClassVar[tuple[str, ...]]

    @classmethod
    def connect(cls, config: AccountConfig) -> Channel:
        """Build the channel without any network call. Raises SettingsError for a missing id or secret."""

    @classmethod
    def length(cls, text: str, way: ReplyWay = ReplyWay.PUBLIC) -> Length:
        """Count `text` by the network's own rule for who can read it. Pure: needs no account."""

    def poll(self, cursor: str | None, budget: Budget) -> PollResult:
        """Fetch what is new since `cursor`, with overlap. None = first start: begin at now, answer nothing old."""

    def can_reply(self, target: ReplyTarget, way: ReplyWay = ReplyWay.PUBLIC) -> Permission:
        """Say whether the network would take a reply, without a network call where possible.

        Windows are measured by the channel's own clock: that of the network's last answer.
        """

    def send(self, reply: Reply) -> Posted:
        """Post once. Raises ChannelError; OutcomeUnknown whenever it might have been posted."""

    def verify_sent(self, reply: Reply, *, since: datetime) -> tuple[Posted, ...]:
        """Read our own recent posts back: those answering the same target with the same text, oldest first.

        `since` is when the first attempt began; raises ChannelError when the read-back itself failed.
        """

    def health(self) -> Health:
        """One cheap signed-in request; never raises ChannelError, it describes it."""


class Refreshes(Protocol):
    """A channel whose `capabilities.refresh` is not 0."""

    def refresh(self, external_ids: Sequence[str]) -> Refreshed:
        """Look posts up again, at most `capabilities.refresh` of them: edits, deletions, renames. Raises ChannelError.

        A post is named gone only when the network said so of this very post.
        """


class Backfills(Protocol):
    """A channel whose `capabilities.backfill` is true."""

    def backfill(self, gap: Gap, token: str, budget: Budget) -> Filled:
        """Read the stretch of `gap` again, on from `token` (empty: from its newest end). Raises ChannelError."""


class ReadsNamed(Protocol):
    """A channel whose `capabilities.webhook` is true."""

    def read_named(self, *, media_id: str, comment_id: str) -> Refreshed:
        """Read what a webhook named: a comment, or without `comment_id` a picture by its caption. Raises ChannelError.

        Without a mention in it: the network does not show it to us (any more, or not yet).
        """


class Acts(Protocol):
    """A channel whose `capabilities.actions` is not empty."""

    def act(self, action: Action, external_id: str) -> None:
        """Do it to one post; may be repeated safely. Raises ChannelError, TargetGone when it is not there."""
