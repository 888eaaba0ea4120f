"""The tables of incidents: what went wrong for many at once, and who is hit.

The same rules as in `tables`: rows do not validate, times are aware UTC, enums are plain values.
(No `from __future__ import annotations` here either.)
"""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Index, LargeBinary, Text, UniqueConstraint
from sqlmodel import Field, SQLModel


def _json() -> Any:
    return Column(JSON, nullable=False)


class IncidentSignalRow(SQLModel, table=True):
    """A new case as the look-out for incidents sees it; kept for three days, then dropped. No words of the customer."""

    __tablename__ = "incident_signal"
    __table_args__ = (
        # What came lately, and what is old enough to be dropped.
        Index("ix_incident_signal_posted", "posted_at", "case_id"),
        Index("ix_incident_signal_mention", "mention_id"),
    )

    case_id: int = Field(foreign_key="desk_case.id", primary_key=True)
    mention_id: int = Field(foreign_key="mention.id", ondelete="CASCADE")
    posted_at: datetime  #: when the customer's first message stood on the network
    seen_at: datetime  #: when it was looked at here
    language: str
    series: list[str] = Field(default_factory=list, sa_column=_json())  #: what it counts for; empty = for nothing
    vector: bytes = Field(sa_column=Column(LargeBinary, nullable=False))  #: unit length, float32; empty without a model
    model_version: str


class IncidentCountRow(SQLModel, table=True):
    """How many cases counted for one series in one hour (UTC): the rhythm that a spike is measured against."""

    __tablename__ = "incident_count"

    hour: datetime = Field(primary_key=True)
    series: str = Field(primary_key=True)
    count: int = 0


class IncidentRow(SQLModel, table=True):
    """Something that went wrong for many at once: an alarm, and what people made of it."""

    __tablename__ = "incident"
    __table_args__ = (Index("ix_incident_state", "state", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    state: str = "alarm"  #: alarm, open, closed or false_alarm
    name: str = ""  #: as people call it; empty = as the alarm says
    series: str = ""  #: what rose, e.g. "topic:payment"; empty where a person opened it by hand
    words: list[str] = Field(default_factory=list, sa_column=_json())  #: what the messages have in common
    count: int = 0  #: cases in the window of the alarm
    expected: float = 0.0  #: how many are usual in such a window at that time
    window_s: int = 0
    centre: bytes = Field(default=b"", sa_column=Column(LargeBinary, nullable=False))  #: of the cluster's vectors
    model_version: str = ""
    found_at: datetime
    opened_at: datetime | None = None
    opened_by: int | None = Field(default=None, foreign_key="agent.id")
    jokes: str = ""  #: where jokes are held while it is open: "cases", "desk" or empty
    defect: str = ""  #: what it comes from, as people refer to it elsewhere
    outcome: str = Field(default="", sa_column=Column(Text, nullable=False))
    outcome_at: datetime | None = None
    closed_at: datetime | None = None
    closed_by: int | None = Field(default=None, foreign_key="agent.id")
    reason: str = ""  #: why it was a false alarm
    version: int = 1


class IncidentCaseRow(SQLModel, table=True):
    """A case that an incident hit. It stays on the list until its customer was told the outcome."""

    __tablename__ = "incident_case"
    __table_args__ = (Index("ix_incident_case_case", "case_id"),)

    incident_id: int = Field(foreign_key="incident.id", primary_key=True)
    case_id: int = Field(foreign_key="desk_case.id", primary_key=True)
    linked_at: datetime
    linked_by: int | None = Field(default=None, foreign_key="agent.id")  #: None = it belongs to the cluster
    left_out: str = ""  #: why its customer need not be told
    left_out_by: int | None = Field(default=None, foreign_key="agent.id")
    left_out_at: datetime | None = None


class IncidentTextRow(SQLModel, table=True):
    """One wording of the holding text, in one language."""

    __tablename__ = "incident_text"
    __table_args__ = (Index("ix_incident_text_incident", "incident_id", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    incident_id: int = Field(foreign_key="incident.id")
    language: str
    text: str = Field(sa_column=Column(Text, nullable=False))
    author_id: int = Field(foreign_key="agent.id")
    written_at: datetime
    approved_by: int | None = Field(default=None, foreign_key="agent.id")
    approved_at: datetime | None = None
    withdrawn_at: datetime | None = None


class IncidentUseRow(SQLModel, table=True):
    """Which wording went to which customer, and when: nobody beside them gets the same for a while."""

    __tablename__ = "incident_use"
    __table_args__ = (
        UniqueConstraint("incident_id", "case_id"),
        Index("ix_incident_use_text", "text_id", "channel", "at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    incident_id: int = Field(foreign_key="incident.id")
    case_id: int = Field(foreign_key="desk_case.id")
    text_id: int = Field(foreign_key="incident_text.id")
    channel: str
    at: datetime
    delivery_id: int | None = Field(default=None, foreign_key="delivery.id")
    approval_id: int | None = Field(default=None, foreign_key="approval.id")
