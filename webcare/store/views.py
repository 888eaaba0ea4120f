"""What pages are given to show: frozen, plain values that outlive the session they were read in."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from webcare.domain import Media
from webcare.store.facts import FactView


@dataclass(frozen=True, slots=True)
class QueueItem:
    """One line of a queue page."""

    id: int
    channel: str
    account_key: str
    state: str
    queue: str
    line: str
    priority: int  #: 1 most urgent .. 4
    respond_by: datetime
    sentiment: str
    urgency: str
    topic: str
    language: str
    needs_reply: bool
    customer_id: str
    customer_name: str
    customer_handle: str
    excerpt: str
    assignee_id: int | None
    assignee_name: str  #: "" when nobody has it
    opened_at: datetime
    last_posted_at: datetime
    waiting_since: datetime | None
    first_response_at: datetime | None
    snoozed_until: datetime | None
    resolved_at: datetime | None
    reopened: int
    handovers: int
    version: int
    skill: str = ""


@dataclass(frozen=True, slots=True)
class QueuePage:
    """Some lines of a queue, most urgent first; `next` is the mark of the page after this one, None at the end."""

    items: tuple[QueueItem, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class Counters:
    """How much stands in the queues; every known queue has a key."""

    by_queue: dict[str, int]  #: active cases
    overdue_by_queue: dict[str, int]  #: of those, past their respond_by
    mine: int = 0  #: active cases of the agent asked for
    mine_overdue: int = 0
    needs_human: int = 0  #: replies of which nobody knows whether they were posted

    @property
    def total(self) -> int:
        """Active cases in all queues."""
        return sum(self.by_queue.values())

    @property
    def overdue(self) -> int:
        """Overdue cases in all queues."""
        return sum(self.overdue_by_queue.values())


@dataclass(frozen=True, slots=True)
class CaseDetail:
    """Everything a case row says."""

    id: int
    thread_id: int
    thread_external_id: str
    thread_url: str
    account_id: int
    channel: str
    state: str
    queue: str
    line: str
    priority: int
    respond_by: datetime
    first_respond_by: datetime
    sentiment: str
    urgency: str
    topic: str
    language: str
    needs_reply: bool
    route_reason: str
    customer_id: str
    customer_name: str
    customer_handle: str
    excerpt: str
    assignee_id: int | None
    assignee_name: str
    opened_at: datetime
    first_posted_at: datetime
    last_posted_at: datetime
    waiting_since: datetime | None
    first_response_at: datetime | None
    snoozed_until: datetime | None
    resolved_at: datetime | None
    resolution: str
    reopened: int
    handovers: int
    version: int
    skill: str = ""


@dataclass(frozen=True, slots=True)
class VersionView:
    """What an edited post said before; `text` is "" for a version nobody saw."""

    external_id: str
    text: str
    posted_at: datetime
    replaced_at: datetime


@dataclass(frozen=True, slots=True)
class MentionView:
    """One post of the thread, ours or a customer's; `case_id` may be an earlier case of the same thread."""

    id: int
    external_id: str
    case_id: int | None
    parent_external_id: str | None
    root_external_id: str | None
    kind: str
    author_external_id: str
    author_name: str
    author_handle: str
    text: str
    posted_at: datetime
    collected_at: datetime
    url: str
    is_ours: bool
    is_repost: bool
    deleted_at: datetime | None
    media: tuple[Media, ...]
    gone_reason: str = ""
    edited_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class TriageView:
    """What was decided about one mention, by the classifier or a colleague (`model_version` "person")."""

    mention_id: int
    language: str
    sentiment: str
    urgency: str
    topic: str
    needs_reply: bool
    line: str
    reason: str
    confidence: dict[str, float]
    words: tuple[tuple[str, float], ...]
    model_version: str
    agent_id: int | None
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class NoteView:
    """An internal note."""

    id: int
    agent_id: int
    agent_name: str
    text: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """One approved reply and how its posting went."""

    id: int
    target_external_id: str
    kind: str
    text: str
    attachments: tuple[str, ...]
    author_id: int
    author_name: str
    approver_id: int
    approver_name: str
    created_at: datetime
    state: str
    not_before: datetime
    attempt: int
    attempt_started_at: datetime | None
    reconcile_after: datetime | None
    external_id: str | None
    posted_at: datetime | None
    url: str
    error_code: str
    error: str
    way: str  #: ReplyWay
    follows_id: int | None  #: the part before, where one answer is several posts
    by_hand: bool
    retracted_at: datetime | None
    retract_reason: str
    survey: bool  #: asks how we helped


@dataclass(frozen=True, slots=True)
class EventView:
    """One thing that happened to a case."""

    id: int
    at: datetime
    actor_id: int | None
    actor_name: str
    kind: str
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True)
class AccountView:
    """One brand handle and how its poller fares."""

    id: int
    key: str
    channel: str
    external_id: str
    name: str
    handle: str
    active: bool
    last_polled_at: datetime | None
    last_success_at: datetime | None
    not_before: datetime | None
    last_error: str
    disconnected_at: datetime | None
    token_expires_at: datetime | None = None
    missing_permissions: tuple[str, ...] = ()
    capped_at: datetime | None = None
    resting_until: datetime | None = None  #: when a network that has no request left for us is asked again


@dataclass(frozen=True, slots=True)
class RunView:
    """The newest run of one job and key."""

    id: int
    job: str
    key: str
    started_at: datetime
    finished_at: datetime | None
    outcome: str
    handled: int
    error: str


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case with all that stands around it; posts, notes, deliveries and events oldest first."""

    case: CaseDetail
    account: AccountView
    mentions: tuple[MentionView, ...]  #: the whole thread, at most MAX_POSTS newest posts
    earlier_mentions: int  #: posts of the thread left out because there are too many
    notes: tuple[NoteView, ...]
    deliveries: tuple[DeliveryView, ...]
    events: tuple[EventView, ...]
    facts: tuple[FactView, ...] = ()  #: sentences of its notes that were marked as what the customer may be told
    triage: dict[int, TriageView] = field(default_factory=dict)  #: newest decision by mention id
    versions: dict[int, tuple[VersionView, ...]] = field(default_factory=dict)  #: earlier texts by mention id
