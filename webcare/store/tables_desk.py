"""The tables of working together: who looks at what, customers across networks, saved texts, hand-overs, approvals.

The same rules as in `tables`: rows do not validate, times are aware UTC, enums are plain values.
(No `from __future__ import annotations` here either.)
"""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Index, LargeBinary, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from webcare.domain import ReplyWay


def _json() -> Any:
    return Column(JSON, nullable=False)


class PresenceRow(SQLModel, table=True):
    """Somebody who has a case on the screen right now; rows older than a minute mean nothing."""

    __tablename__ = "presence"

    case_id: int = Field(foreign_key="desk_case.id", primary_key=True)
    agent_id: int = Field(foreign_key="agent.id", primary_key=True)
    agent_name: str
    seen_at: datetime
    typing: str = ""  #: "reply" or "note" while they type, else empty
    typing_at: datetime | None = None


class CustomerIdentityRow(SQLModel, table=True):
    """One author on one network, known to be the same person as the others with this `customer_id`; linked by hand."""

    __tablename__ = "customer_identity"
    __table_args__ = (
        UniqueConstraint("channel", "external_id"),
        Index("ix_customer_identity_customer", "customer_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    customer_id: str  #: random, the same for all identities of one person
    channel: str
    external_id: str
    name: str = ""
    handle: str = ""
    linked_by: int = Field(foreign_key="agent.id")
    linked_at: datetime


class CaseTagRow(SQLModel, table=True):
    """A word of the team's own on a case."""

    __tablename__ = "case_tag"
    __table_args__ = (Index("ix_case_tag_tag", "tag", "case_id"),)

    case_id: int = Field(foreign_key="desk_case.id", primary_key=True)
    tag: str = Field(primary_key=True)


class SavedViewRow(SQLModel, table=True):
    """A queue with its filters under a name; of one person, or of everybody when `agent_id` is None."""

    __tablename__ = "saved_view"

    id: int | None = Field(default=None, primary_key=True)
    agent_id: int | None = Field(default=None, foreign_key="agent.id")
    name: str
    query: dict[str, str] = Field(default_factory=dict, sa_column=_json())  #: parts of the queue's address
    position: int = 0
    created_at: datetime


class SavedReplyRow(SQLModel, table=True):
    """A text to answer with, in one or more languages (`saved_reply_text`)."""

    __tablename__ = "saved_reply"

    id: int | None = Field(default=None, primary_key=True)
    name: str
    topic: str = ""  #: Topic, or empty for all
    owner_id: int = Field(foreign_key="agent.id")
    expires_at: datetime | None = None
    active: bool = True
    campaign: bool = False  #: part of a campaign: not offered while an incident is open
    version: int = 1
    created_at: datetime
    updated_at: datetime


class SavedReplyTextRow(SQLModel, table=True):
    """A saved reply in one language; `{name}` and the like must be filled before it can be sent."""

    __tablename__ = "saved_reply_text"
    __table_args__ = (UniqueConstraint("saved_reply_id", "language"),)

    id: int | None = Field(default=None, primary_key=True)
    saved_reply_id: int = Field(foreign_key="saved_reply.id", ondelete="CASCADE")
    language: str
    text: str = Field(sa_column=Column(Text, nullable=False))


class AnswerMemoryRow(SQLModel, table=True):
    """A message that was answered well, as a vector, to find the answer again for a similar message."""

    __tablename__ = "answer_memory"
    __table_args__ = (
        UniqueConstraint("delivery_id"),
        Index("ix_answer_memory_mention", "mention_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    delivery_id: int = Field(foreign_key="delivery.id")
    mention_id: int = Field(foreign_key="mention.id", ondelete="CASCADE")
    language: str
    topic: str
    vector: bytes = Field(sa_column=Column(LargeBinary, nullable=False))  #: unit length, float32, little endian
    model_version: str
    made_at: datetime


class HandoverRow(SQLModel, table=True):
    """A question to the second line, and what came of it."""

    __tablename__ = "handover"
    __table_args__ = (
        # One open question per case.
        Index(
            "uq_handover_open",
            "case_id",
            unique=True,
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
        # The job that brings back what nobody answered.
        Index("ix_handover_due", "closed_at", "return_by"),
        Index("ix_handover_case", "case_id", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="desk_case.id")
    question: str = Field(sa_column=Column(Text, nullable=False))
    note_id: int | None = Field(default=None, foreign_key="note.id")
    skill: str = ""  #: what it takes, e.g. "store:utrecht"; empty for anybody
    asked_by: int = Field(foreign_key="agent.id")
    asked_at: datetime
    return_by: datetime  #: then the case goes back to the one who asked, answered or not
    warned_at: datetime | None = None  #: when it was said that the answer is nearly due
    taken_by: int | None = Field(default=None, foreign_key="agent.id")
    taken_at: datetime | None = None
    closed_by: int | None = Field(default=None, foreign_key="agent.id")
    closed_at: datetime | None = None
    outcome: str = ""  #: "answered", "returned" (nobody answered in time), "withdrawn" or "replied" by the specialist


class HandoverFactRow(SQLModel, table=True):
    """One fact that came back from the second line."""

    __tablename__ = "handover_fact"
    __table_args__ = (Index("ix_handover_fact_handover", "handover_id", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    handover_id: int = Field(foreign_key="handover.id")
    text: str = Field(sa_column=Column(Text, nullable=False))
    source: str = ""
    valid_until: datetime | None = None
    public: bool = False  #: the customer may be told
    fact_id: int | None = Field(default=None, foreign_key="shareable_fact.id")  #: the mark that lets it through


class ApprovalRow(SQLModel, table=True):
    """A reply that waits for a colleague's yes."""

    __tablename__ = "approval"
    __table_args__ = (
        # Several pending replies on one case cannot both go.
        Index(
            "uq_approval_pending",
            "case_id",
            unique=True,
            sqlite_where=text("state = 'pending'"),
            postgresql_where=text("state = 'pending'"),
        ),
        Index("ix_approval_state", "state", "asked_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="desk_case.id")
    text: str = Field(sa_column=Column(Text, nullable=False))  #: as the author wrote it
    way: str = ReplyWay.PUBLIC.value
    target_external_id: str = ""
    reasons: list[str] = Field(default_factory=list, sa_column=_json())  #: codes: new_colleague, joke, crisis, override
    verdict: dict[str, Any] = Field(default_factory=dict, sa_column=_json())
    overrides: dict[str, str] = Field(default_factory=dict, sa_column=_json())
    case_version: int = 0
    author_id: int = Field(foreign_key="agent.id")
    asked_at: datetime
    state: str = "pending"  #: pending, approved, refused, withdrawn or overtaken
    decided_by: int | None = Field(default=None, foreign_key="agent.id")
    decided_at: datetime | None = None
    decided_text: str = Field(default="", sa_column=Column(Text, nullable=False))  #: as it was let go
    words: str = ""  #: why it was refused or changed
    delivery_id: int | None = Field(default=None, foreign_key="delivery.id")


class PromiseRow(SQLModel, table=True):
    """Something we said would happen by a time, found in a reply that was sent."""

    __tablename__ = "promise"
    __table_args__ = (
        Index("ix_promise_due", "state", "due_at", "id"),
        Index("ix_promise_case", "case_id", "id"),
        UniqueConstraint("delivery_id", "start"),
    )

    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="desk_case.id")
    delivery_id: int = Field(foreign_key="delivery.id")
    start: int  #: where the words stand in the reply, in characters
    words: str  #: e.g. "binnen 2 dagen"
    sentence: str = Field(sa_column=Column(Text, nullable=False))
    due_at: datetime
    found_at: datetime
    state: str = "open"  #: open, kept, broken (past due and not kept) or dropped (never was a promise)
    moved_from: datetime | None = None  #: when it was due first, where somebody agreed on a later time
    reason: str = ""  #: why it was moved
    settled_by: int | None = Field(default=None, foreign_key="agent.id")
    settled_at: datetime | None = None


class PolicyDraftRow(SQLModel, table=True):
    """A decision that somebody is still writing; it counts for nothing."""

    __tablename__ = "policy_draft"
    __table_args__ = (UniqueConstraint("agent_id", "name"),)

    id: int | None = Field(default=None, primary_key=True)
    agent_id: int = Field(foreign_key="agent.id")
    name: str
    value: dict[str, Any] = Field(default_factory=dict, sa_column=_json())
    updated_at: datetime


class PolicyRow(SQLModel, table=True):
    """One version of something the desk decides in the browser; append-only.

    The newest row of a name whose `valid_from` has come is in force, so that changing it today leaves last month alone.
    """

    __tablename__ = "policy"
    __table_args__ = (Index("ix_policy_name", "name", "valid_from", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    name: str  #: "targets", "hours:<queue>", "routing", "queues", "retention" ...
    valid_from: datetime
    value: dict[str, Any] = Field(default_factory=dict, sa_column=_json())
    agent_id: int | None = Field(default=None, foreign_key="agent.id")
    agent_name: str
    changed_at: datetime


class AuditRow(SQLModel, table=True):
    """Who changed what at the desk; append-only, each row sealed with the one before. No customer text."""

    __tablename__ = "audit"
    __table_args__ = (Index("ix_audit_what", "what", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    at: datetime
    agent_id: int | None = Field(default=None, foreign_key="agent.id")
    agent_name: str
    what: str  #: e.g. "person_added", "role_changed", "policy_changed"
    subject: str = ""  #: what it was done to, e.g. "person:4"
    before: dict[str, Any] = Field(default_factory=dict, sa_column=_json())
    after: dict[str, Any] = Field(default_factory=dict, sa_column=_json())
    seal: str  #: sha256 over this row and the seal before it


class AccountSecretRow(SQLModel, table=True):
    """A secret of a network account, entered in the browser and sealed with the desk's key."""

    __tablename__ = "account_secret"
    __table_args__ = (UniqueConstraint("account_key", "name"),)

    id: int | None = Field(default=None, primary_key=True)
    account_key: str
    name: str
    sealed: str
    changed_by: int = Field(foreign_key="agent.id")
    changed_at: datetime


class ErasedPersonRow(SQLModel, table=True):
    """Somebody whose words were erased on request, by a hash: collecting old posts again does not bring them back."""

    __tablename__ = "erased_person"

    digest: str = Field(primary_key=True)  #: see webcare.store.erased
    erased_at: datetime
