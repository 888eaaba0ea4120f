"""Every table of the desk, as SQLModel rows.

Rows do not validate (validate in `domain`); enums are stored as their plain value. All times are aware UTC.
Notes and deliveries are different tables and different types on purpose: no column of `note` is ever read by
`delivery`. (No `from __future__ import annotations` here: it breaks SQLModel relationships.)
"""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Index, MetaData, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from webcare.domain import CaseState, DeliveryState, MentionKind, ReplyWay, Role

# Alembic's batch mode can only rebuild constraints that have a name.
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
METADATA: MetaData = SQLModel.metadata

_UNSETTLED = "state IN ('pending', 'sending', 'unconfirmed', 'needs_human')"


def _json() -> Any:
    return Column(JSON, nullable=False)


class AccountRow(SQLModel, table=True):
    """One brand handle on one channel, with the place its poller has reached."""

    __tablename__ = "account"
    __table_args__ = (UniqueConstraint("key"),)

    id: int | None = Field(default=None, primary_key=True)
    key: str  #: the name used in webcare.toml, e.g. "x_hemma"
    channel: str
    external_id: str
    name: str = ""
    handle: str = ""
    market: str = ""  #: where it speaks, two letters; empty = by the language of each customer
    brand: str = ""  #: whose rules it goes by, as in the settings
    active: bool = True
    cursor: str | None = None  #: the channel's own opaque mark; None before the first poll
    last_polled_at: datetime | None = None
    last_success_at: datetime | None = None
    not_before: datetime | None = None  #: throttled until
    last_error: str = ""
    disconnected_at: datetime | None = None
    token_expires_at: datetime | None = None
    missing_permissions: list[str] = Field(default_factory=list, sa_column=_json())
    rates: dict[str, Any] = Field(default_factory=dict, sa_column=_json())  #: limits by endpoint, as last announced
    lag_s: float | None = None  #: seconds from posted to collected, median of the last poll that brought something
    capped_at: datetime | None = None  #: since when the spending cap slows the polling
    checked_at: datetime | None = None  #: last `health` of the channel
    paused_at: datetime | None = None  #: a person switched it off in the browser; `active` is False then


class AgentRow(SQLModel, table=True):
    """A colleague who signs in."""

    __tablename__ = "agent"
    __table_args__ = (
        UniqueConstraint("username"),
        Index(
            "uq_agent_subject",
            "subject",
            unique=True,
            sqlite_where=text("subject <> ''"),
            postgresql_where=text("subject <> ''"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    username: str
    name: str
    role: str = Role.FIRST_LINE.value
    password_hash: str = ""
    active: bool = True
    failed_logins: int = 0
    locked_until: datetime | None = None
    created_at: datetime
    email: str = ""
    subject: str = ""  #: who this is at the identity provider; empty for a local account
    must_change: bool = False  #: the password was set by somebody else
    language: str = ""  #: of the interface; empty = as the browser asks
    timezone: str = ""  #: empty = as the browser says
    density: str = ""  #: "compact" or empty
    suggestions: bool = True  #: whether answers given before are offered to them
    grants: list[str] = Field(default_factory=list, sa_column=_json())  #: Permissions beyond the role's own
    supervised: bool = False  #: replies wait for a colleague's yes
    skills: list[str] = Field(
        default_factory=list, sa_column=_json()
    )  #: "topic:delivery", "market:nl", "store:utrecht"
    capacity: int = 0  #: most cases at once; 0 = no limit
    hours: dict[str, Any] = Field(default_factory=dict, sa_column=_json())  #: weekday "1".."7" -> [["09:00", "17:30"]]
    away_until: datetime | None = None
    seen_at: datetime | None = None  #: last sign of life in the console
    given_at: datetime | None = None  #: when they last got a case, of themselves or given


class SignInRow(SQLModel, table=True):
    """One signed-in browser. Only the hash of its token is kept."""

    __tablename__ = "sign_in"

    token_hash: str = Field(primary_key=True)
    agent_id: int = Field(foreign_key="agent.id", ondelete="CASCADE")
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None
    seen_at: datetime | None = None
    browser: str = ""  #: e.g. "Firefox on Linux", so that a person knows it again
    method: str = "password"  #: or "oidc"


class ThreadRow(SQLModel, table=True):
    """The network's conversation."""

    __tablename__ = "thread"
    __table_args__ = (UniqueConstraint("account_id", "external_id"),)

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id")
    external_id: str
    url: str = ""


class CaseRow(SQLModel, table=True):
    """Our unit of work: one customer's matter in one thread."""

    # "case" is a reserved word in SQL, so the table is called desk_case.
    __tablename__ = "desk_case"
    __table_args__ = (
        # Page of one queue, one ordered run per state: WHERE queue = ? AND state = ? ORDER BY priority, respond_by, id.
        Index("ix_desk_case_queue_page", "queue", "state", "priority", "respond_by", "id"),
        # Page of all queues, the same way; `queue` at the end makes the counters read nothing but this index.
        Index("ix_desk_case_state_page", "state", "priority", "respond_by", "id", "queue"),
        # The same two by deadline, and by the customer's newest message in both directions.
        Index("ix_desk_case_queue_deadline", "queue", "state", "respond_by", "id"),
        Index("ix_desk_case_state_deadline", "state", "respond_by", "id"),
        Index("ix_desk_case_queue_posted", "queue", "state", "last_posted_at", "id"),
        Index("ix_desk_case_state_posted", "state", "last_posted_at", "id"),
        # "My cases" page, the same way.
        Index("ix_desk_case_assignee", "assignee_id", "state", "priority", "respond_by", "id"),
        # Ingest: the newest case of a thread.
        Index("ix_desk_case_thread", "thread_id", "id"),
        # The other cases of a customer.
        Index("ix_desk_case_customer", "channel", "customer_id", "id"),
        # Authors on other networks who are called the same.
        Index("ix_desk_case_handle", "customer_handle"),
        Index("ix_desk_case_name", "customer_name"),
        # The job that wakes snoozed cases.
        Index("ix_desk_case_snoozed", "state", "snoozed_until"),
        # The job that asks customers how they found our help.
        Index("ix_desk_case_resolved", "resolved_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    thread_id: int = Field(foreign_key="thread.id")
    account_id: int = Field(foreign_key="account.id")
    channel: str
    state: str = CaseState.NEW.value
    queue: str
    line: str
    priority: int  #: 1 most urgent .. 4
    respond_by: datetime  #: deadline of the answer owed now
    first_respond_by: datetime  #: deadline of the case's first answer; kept for reports
    sentiment: str
    urgency: str
    topic: str
    language: str
    needs_reply: bool = True
    route_reason: str = ""
    customer_id: str  #: external id of the customer who opened it
    customer_name: str = ""
    customer_handle: str = ""
    excerpt: str = ""  #: start of the newest customer message, at most 200 characters
    assignee_id: int | None = Field(default=None, foreign_key="agent.id")
    opened_at: datetime  #: when the case was made here
    first_posted_at: datetime  #: when the customer's first message stood on the network
    last_posted_at: datetime  #: newest customer message
    waiting_since: datetime | None = None  #: first customer message not answered yet
    first_response_at: datetime | None = None  #: first reply of ours that the network confirmed
    snoozed_until: datetime | None = None
    resolved_at: datetime | None = None
    resolution: str = ""
    reopened: int = 0  #: how often a resolved or waiting case came back
    handovers: int = 0
    skill: str = ""  #: what it takes to answer, e.g. "store:utrecht"; empty for anybody
    version: int = 1  #: raised by every verb; a stale one raises CaseChanged


class MentionRow(SQLModel, table=True):
    """One post, ours or a customer's, as collected."""

    __tablename__ = "mention"
    __table_args__ = (
        UniqueConstraint("account_id", "external_id"),
        # The thread on the case page, oldest first.
        Index("ix_mention_thread", "thread_id", "posted_at", "id"),
        Index("ix_mention_case", "case_id", "posted_at"),
        # The sweep: which posts were not compared with the network for longest.
        Index("ix_mention_sweep", "account_id", "deleted_at", "checked_at", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id")
    channel: str
    external_id: str
    thread_id: int = Field(foreign_key="thread.id")
    case_id: int | None = Field(default=None, foreign_key="desk_case.id")
    parent_external_id: str | None = None
    root_external_id: str | None = None  #: first version, when this row is an edit
    kind: str = MentionKind.MENTION.value
    author_external_id: str
    author_name: str = ""
    author_handle: str = ""
    text: str = Field(sa_column=Column(Text, nullable=False))
    posted_at: datetime
    collected_at: datetime
    url: str = ""
    is_ours: bool = False
    is_repost: bool = False
    deleted_at: datetime | None = None
    gone_reason: str = ""  #: GoneReason; the text is emptied then
    edited_at: datetime | None = None  #: when we saw a newer version; the older ones are in mention_version
    checked_at: datetime | None = None  #: when it was last compared with the network
    media: list[dict[str, str]] = Field(default_factory=list, sa_column=_json())
    raw: dict[str, Any] = Field(default_factory=dict, sa_column=_json())


class MentionVersionRow(SQLModel, table=True):
    """An earlier text of an edited post, with the id it had then; the mention row has the newest."""

    __tablename__ = "mention_version"
    __table_args__ = (
        Index("ix_mention_version_mention", "mention_id", "id"),
        # Ingest: a version seen before is not new.
        Index("ix_mention_version_external", "account_id", "external_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    mention_id: int = Field(foreign_key="mention.id", ondelete="CASCADE")
    account_id: int = Field(foreign_key="account.id")
    external_id: str
    text: str = Field(sa_column=Column(Text, nullable=False))
    posted_at: datetime
    replaced_at: datetime


class GapRow(SQLModel, table=True):
    """A stretch of time in which posts of one account may be missing, until a backfill or a person closes it."""

    __tablename__ = "gap"
    __table_args__ = (Index("ix_gap_account", "account_id", "closed_at", "since"),)

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id")
    source: str = ""
    since: datetime
    until: datetime
    reason: str
    found_at: datetime
    fill_token: str = ""  #: where an unfinished backfill goes on
    filled_at: datetime | None = None  #: last step of a backfill
    recovered: int = 0  #: posts the backfill brought
    error: str = ""  #: why the last step failed
    lost_at: datetime | None = (
        None  #: when the network turned out to show this stretch no more; only a person closes it
    )
    closed_at: datetime | None = None
    closed_by: str = ""  #: "backfill", or the name of the person who accepted it


class SpendRow(SQLModel, table=True):
    """What one account used of one priced thing on one day of the network (UTC)."""

    __tablename__ = "spend"
    __table_args__ = (UniqueConstraint("account_id", "day", "what"),)

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id")
    day: str  #: 2026-11-22
    what: str
    count: int = 0
    micros: int = 0  #: price in millionths of the price table's currency


class ChannelActionRow(SQLModel, table=True):
    """Something a person did to a post on its network (hide, like, delete own); safe to repeat until it is done."""

    __tablename__ = "channel_action"
    __table_args__ = (
        Index("ix_channel_action_due", "state", "not_before", "id"),
        Index("ix_channel_action_case", "case_id", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="desk_case.id")
    account_id: int = Field(foreign_key="account.id")
    target_external_id: str
    action: str
    agent_id: int = Field(foreign_key="agent.id")
    agent_name: str
    created_at: datetime
    not_before: datetime
    state: str = "pending"  #: pending, done or failed
    attempts: int = 0
    done_at: datetime | None = None
    error: str = ""


class TriageRow(SQLModel, table=True):
    """What was decided about a mention, by whom; append-only. The newest row of a mention counts."""

    __tablename__ = "triage"
    __table_args__ = (Index("ix_triage_mention", "mention_id", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    mention_id: int = Field(foreign_key="mention.id", ondelete="CASCADE")
    language: str
    sentiment: str
    urgency: str
    topic: str
    needs_reply: bool
    line: str
    reason: str
    confidence: dict[str, float] = Field(default_factory=dict, sa_column=_json())
    words: list[Any] = Field(default_factory=list, sa_column=_json())
    model_version: str  #: "person" when a colleague corrected it
    agent_id: int | None = Field(default=None, foreign_key="agent.id")
    decided_at: datetime


class CaseEventRow(SQLModel, table=True):
    """What happened to a case; append-only (triggers refuse UPDATE and DELETE)."""

    __tablename__ = "case_event"
    __table_args__ = (Index("ix_case_event_case", "case_id", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="desk_case.id")
    at: datetime
    actor_id: int | None = Field(default=None, foreign_key="agent.id")
    actor_name: str
    kind: str
    detail: dict[str, Any] = Field(default_factory=dict, sa_column=_json())


class NoteRow(SQLModel, table=True):
    """An internal note. Nothing that talks to a network reads this table."""

    __tablename__ = "note"
    __table_args__ = (Index("ix_note_case", "case_id", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="desk_case.id")
    agent_id: int = Field(foreign_key="agent.id")
    agent_name: str
    text: str = Field(sa_column=Column(Text, nullable=False))
    created_at: datetime


class DraftRow(SQLModel, table=True):
    """Text somebody is writing: one per case, person and kind, so the two composers never share a text."""

    __tablename__ = "draft"
    __table_args__ = (UniqueConstraint("case_id", "agent_id", "kind"),)

    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="desk_case.id")
    agent_id: int = Field(foreign_key="agent.id")
    kind: str  #: "reply" or "note"
    text: str = Field(sa_column=Column(Text, nullable=False))
    updated_at: datetime


class DeliveryRow(SQLModel, table=True):
    """One approved reply and the attempt to post it (the outbox)."""

    __tablename__ = "delivery"
    __table_args__ = (
        # At most one unsettled reply per target, so that read-back by text and target is unambiguous.
        Index(
            "uq_delivery_unsettled_target",
            "account_id",
            "target_external_id",
            unique=True,
            sqlite_where=text(_UNSETTLED),
            postgresql_where=text(_UNSETTLED),
        ),
        # The sender: what is due.
        Index("ix_delivery_due", "state", "not_before", "id"),
        Index("ix_delivery_case", "case_id", "id"),
        # Ingest adopts our own posts when a poller sees them.
        Index("ix_delivery_external", "account_id", "external_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="desk_case.id")
    account_id: int = Field(foreign_key="account.id")
    target_external_id: str
    thread_external_id: str
    kind: str
    text: str = Field(sa_column=Column(Text, nullable=False))
    attachments: list[str] = Field(default_factory=list, sa_column=_json())
    fingerprint: str  #: of the verdict this reply was approved with
    rules_version: str
    verdict: dict[str, Any] = Field(default_factory=dict, sa_column=_json())
    author_id: int = Field(foreign_key="agent.id")
    approver_id: int = Field(foreign_key="agent.id")
    created_at: datetime
    state: str = DeliveryState.PENDING.value
    not_before: datetime  #: end of the undo window, or when a throttled network may be asked again
    attempt: int = 0  #: raised by each claim; the fence of the second transaction
    attempt_started_at: datetime | None = None
    reconcile_after: datetime | None = None  #: earliest moment a read-back may be trusted
    absent_checks: int = 0  #: read-backs in a row that did not find it
    external_id: str | None = None
    posted_at: datetime | None = None
    url: str = ""
    error_code: str = ""
    error: str = ""
    way: str = ReplyWay.PUBLIC.value
    to_external_id: str = ""  #: the person answered
    follows_id: int | None = None  #: the delivery of the part before, which this one answers
    by_hand: bool = False  #: posted by a person on the network, recorded here
    retracted_at: datetime | None = None  #: taken off the network again
    retract_reason: str = ""  #: why, in the words of the person who retracted it
    survey: bool = False  #: asks how the customer found our help; it answers nothing


class ShareableFactRow(SQLModel, table=True):
    """A sentence of a note that the customer may be told; append-only. The newest row of a chain counts.

    Seconding and withdrawing write a new row that names the one before in `replaces`.
    """

    __tablename__ = "shareable_fact"
    __table_args__ = (
        # One answer to each row, so that two colleagues cannot second and withdraw the same mark.
        UniqueConstraint("replaces"),
        Index("ix_shareable_fact_case", "case_id", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    note_id: int = Field(foreign_key="note.id")
    case_id: int = Field(foreign_key="desk_case.id")
    text: str = Field(sa_column=Column(Text, nullable=False))
    kind: str  #: FactKind
    source: str = ""  #: where it comes from, e.g. "carrier" or "price list"
    valid_until: datetime | None = None
    marked_by: int = Field(foreign_key="agent.id")
    needs_second: bool = False  #: the marker's role is not enough alone
    seconded_by: int | None = Field(default=None, foreign_key="agent.id")
    withdrawn_by: int | None = Field(default=None, foreign_key="agent.id")
    replaces: int | None = Field(default=None, foreign_key="shareable_fact.id")
    created_at: datetime


class ReplyOverrideRow(SQLModel, table=True):
    """A finding in spite of which a person sent a reply; append-only."""

    __tablename__ = "reply_override"
    __table_args__ = (Index("ix_reply_override_delivery", "delivery_id", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    delivery_id: int = Field(foreign_key="delivery.id")
    case_id: int = Field(foreign_key="desk_case.id")
    finding: str  #: Finding.key, by which the same finding is known again
    check_name: str
    reason: str  #: the finding's own, machine-readable
    policy: str  #: Override
    words: str = Field(sa_column=Column(Text, nullable=False))  #: why, in the person's words; empty for a tick
    stretch: str = Field(sa_column=Column(Text, nullable=False))  #: what it pointed at
    agent_id: int = Field(foreign_key="agent.id")
    at: datetime
    fingerprint: str


class GuardFindingRow(SQLModel, table=True):
    """One finding that a person saw when they pressed Send, what became of it, and whether it was right."""

    __tablename__ = "guard_finding"
    __table_args__ = (
        Index("ix_guard_finding_case", "case_id", "id"),
        Index("ix_guard_finding_at", "at", "check_name"),
    )

    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="desk_case.id")
    agent_id: int = Field(foreign_key="agent.id")
    finding: str  #: Finding.key
    check_name: str
    reason: str
    level: str
    message: str
    stretch: str = Field(sa_column=Column(Text, nullable=False))
    rules_version: str
    at: datetime
    outcome: str | None = None  #: "changed", "overridden" or "sent"; None while nothing was sent
    grade: str | None = None  #: "right" or "wrong", by a person
    graded_by: int | None = Field(default=None, foreign_key="agent.id")
    graded_at: datetime | None = None


class JokeOutcomeRow(SQLModel, table=True):
    """A joke that stands in public, and how the customer answered it; the answer is None until it comes."""

    __tablename__ = "joke_outcome"
    __table_args__ = (
        UniqueConstraint("delivery_id"),
        # Ingest: the jokes of these cases that still wait for an answer.
        Index("ix_joke_outcome_case", "case_id", "mention_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    delivery_id: int = Field(foreign_key="delivery.id")
    case_id: int = Field(foreign_key="desk_case.id")
    sentiment_before: str  #: how the case stood when the joke was sent
    mention_id: int | None = Field(default=None, foreign_key="mention.id", ondelete="SET NULL")
    sentiment: str = ""
    answered_at: datetime | None = None


class GuardSlipRow(SQLModel, table=True):
    """A reply that went out and should have been held; its text, without personal data, is a file of regressions."""

    __tablename__ = "guard_slip"

    id: int | None = Field(default=None, primary_key=True)
    delivery_id: int = Field(foreign_key="delivery.id")
    case_id: int = Field(foreign_key="desk_case.id")
    reported_by: int = Field(foreign_key="agent.id")
    words: str = Field(sa_column=Column(Text, nullable=False))  #: what should have been held
    file: str  #: name of the file in the folder of slips
    held_now: bool  #: whether the rules in force at the report hold it
    rules_version: str
    at: datetime


class BadPostRow(SQLModel, table=True):
    """A post the network gave us that we could not read; kept so that nothing is lost."""

    __tablename__ = "bad_post"

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id")
    seen_at: datetime
    error: str
    raw: str = Field(sa_column=Column(Text, nullable=False))
    digest: str = Field(unique=True)  #: sha256 of account and raw, so that a re-read does not double it


class LeaseRow(SQLModel, table=True):
    """Who may run a named piece of work right now. Times are epoch seconds of the database's clock."""

    __tablename__ = "lease"

    name: str = Field(primary_key=True)
    holder: str
    fence: int
    expires: float


class JobRunRow(SQLModel, table=True):
    """One run of a job: what `webcare doctor` and the console's banner read."""

    __tablename__ = "job_run"
    # The newest run of each job and key.
    __table_args__ = (Index("ix_job_run_job", "job", "key", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    job: str
    key: str
    started_at: datetime
    finished_at: datetime | None = None
    outcome: str = ""  #: "ok", "error" or "crashed"
    handled: int = 0
    error: str = ""
