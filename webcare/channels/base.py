"""What a channel is: the one door between Webcare and a network.

A channel object serves one account. It never sleeps, never retries by itself, never touches the database, and
raises only the closed set of `ChannelError`s. Every call has a timeout. Secrets never reach messages or logs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Protocol

from webcare.domain import Mention, MentionKind, Posted, Reply


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What this network lets a desk do."""

    reply_public: bool = True
    reply_private: bool = False
    thread: bool = True
    hide: bool = False
    like: bool = False
    delete_own: bool = False
    needs_summon: bool = False  #: replies are only allowed to people who addressed us
    settle_s: float = 5.0  #: how long a fresh post may stay invisible to read-back, in seconds


@dataclass(frozen=True, slots=True)
class Budget:
    """How much one poll may spend on each list the network keeps (mentions, own timeline, visitor posts, ...)."""

    max_pages: int = 10
    page_size: int = 100


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch of time in which posts may be missing."""

    since: datetime
    until: datetime
    reason: str


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
class PollResult:
    """One poll: posts oldest first, and the mark to store with them in one transaction."""

    mentions: tuple[Mention, ...]
    cursor: str  #: opaque to everybody but the channel; JSON text
    complete: bool = True  #: False: the page budget ended before the mark was reached; poll again
    bad: tuple[BadPost, ...] = ()
    gap: Gap | None = None
    rate: RateState | None = None


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
    raw: Mapping[str, Any] = field(default_factory=dict)  #: the post as the network gave it, where we still have it


@dataclass(frozen=True, slots=True)
class Permission:
    """Whether a reply may be written at all; asked before an agent writes."""

    allowed: bool
    reason: str = ""  #: in the agent's words
    open_url: str = ""  #: where to answer by hand instead


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
    def length(cls, text: str) -> Length:
        """Count `text` by the network's own rule. Pure: needs no account."""

    def poll(self, cursor: str | None, budget: Budget) -> PollResult:
        """Fetch what is new since `cursor`, with overlap. None = first start: begin at now, answer nothing old."""

    def can_reply(self, target: ReplyTarget) -> Permission:
        """Say whether the network would take a reply, without a network call where possible."""

    def send(self, reply: Reply) -> Posted:
        """Post once. Raises ChannelError; OutcomeUnknown whenever it might have been posted."""

    def verify_sent(self, reply: Reply, *, since: datetime) -> tuple[Posted, ...]:
        """Read our own recent posts back: those answering the same target with the same text, oldest first.

        `since` is when the first attempt began; raises ChannelError when the read-back itself failed.
        """

    def health(self) -> Health:
        """One cheap signed-in request; never raises ChannelError, it describes it."""
