"""The tables of targets and of what the desk tells people outside of it: breaches, warnings, notifications.

The same rules as in `tables`: rows do not validate, times are aware UTC, enums are plain values.
(No `from __future__ import annotations` here either.)
"""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Index, Text, UniqueConstraint
from sqlmodel import Field, SQLModel


def _json() -> Any:
    return Column(JSON, nullable=False)


class CaseLookRow(SQLModel, table=True):
    """When a case was first opened by somebody who may work on it; written once, never changed."""

    __tablename__ = "case_look"

    case_id: int = Field(foreign_key="desk_case.id", primary_key=True)
    agent_id: int = Field(foreign_key="agent.id")
    at: datetime


class DeadlineAlertRow(SQLModel, table=True):
    """A clock of a case that came near its deadline or passed it; append-only, and told once."""

    __tablename__ = "deadline_alert"
    __table_args__ = (
        # Whoever notices the same again, beside us or after a restart, must find it said.
        Index("uq_deadline_alert_deadline", "case_id", "clock", "kind", "deadline", unique=True),
        # A deadline that is moved while the same message waits is no second matter.
        Index("uq_deadline_alert_since", "case_id", "clock", "kind", "since", unique=True),
        # What happened in a period.
        Index("ix_deadline_alert_noticed", "kind", "noticed_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="desk_case.id")
    clock: str  #: "first", "next" or "resolution"
    kind: str  #: "warning" or "breach"
    since: datetime  #: when the clock began
    deadline: datetime
    noticed_at: datetime
    queue: str
    channel: str
    urgency: str
    assignee_id: int | None = Field(default=None, foreign_key="agent.id")  #: who had the case then


class NotificationRow(SQLModel, table=True):
    """Something people outside the console should hear of. Never a customer's words: those are read when it leaves."""

    __tablename__ = "notification"
    __table_args__ = (Index("ix_notification_spread", "spread_at", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    subject: str  #: a template where `subject_with` fills its places
    subject_with: dict[str, Any] = Field(default_factory=dict, sa_column=_json())
    lines: list[Any] = Field(default_factory=list, sa_column=_json())  #: texts, or sentences as `languages.packed`
    language: str = ""  #: what it is written in, and then only for those who read that; empty = said to each in theirs
    html: str = Field(default="", sa_column=Column(Text, nullable=False))  #: the same as a page, for mail
    case_id: int | None = Field(default=None, foreign_key="desk_case.id")
    agent_id: int | None = Field(default=None, foreign_key="agent.id")  #: whose case it is, where it is about one
    created_at: datetime
    spread_at: datetime | None = None  #: when it was decided who gets it


class NotificationSendRow(SQLModel, table=True):
    """One notification on its way to one place or person."""

    __tablename__ = "notification_send"
    __table_args__ = (
        UniqueConstraint("notification_id", "place"),
        # The sender: what is due.
        Index("ix_notification_send_due", "state", "not_before", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    notification_id: int = Field(foreign_key="notification.id")
    place: str  #: "place:<name in the settings>" or "person:<id>"
    state: str = "pending"  #: pending, sending, sent, dead or dropped
    not_before: datetime
    attempts: int = 0
    claimed_at: datetime | None = None
    error: str = ""  #: a code of ours; what a server said may hold the secret address
    sent_at: datetime | None = None


class NotifyChoiceRow(SQLModel, table=True):
    """What somebody wants to hear of by mail, where it is not as usual for their role."""

    __tablename__ = "notify_choice"

    agent_id: int = Field(foreign_key="agent.id", primary_key=True)
    kind: str = Field(primary_key=True)
    wanted: bool
    changed_at: datetime


class DigestRunRow(SQLModel, table=True):
    """A digest that was made, so that no second one is."""

    __tablename__ = "digest_run"

    period: str = Field(primary_key=True)  #: e.g. "weekly:2026-W46" or "daily:2026-11-21"
    made_at: datetime
    file: str
