"""The tables of figures: what each case adds to each measure, and sums of it by day.

Nothing here holds a word of anybody. Triggers write `figure_change`, so that whatever changes a case, by a verb or
past all of them, is counted again; see the migrations 0006 and 0010 for what they watch.

The same rules as in `tables`: rows do not validate, times are aware UTC, enums are plain values.
(No `from __future__ import annotations` here either.)
"""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Index, Integer, LargeBinary, text
from sqlmodel import Field, SQLModel


def _json() -> Any:
    return Column(JSON, nullable=False)


_COVERED = ("counted", "reason", "place", "business_place", "parts", "total", "channel", "queue", "topic")


def _long() -> Any:
    # The 2,000,000,000 of a plain number would be used up on PostgreSQL within years, and then the desk stands still.
    return Column(BigInteger().with_variant(Integer(), "sqlite"), primary_key=True)


class FigureFactRow(SQLModel, table=True):
    """What one case adds to one measure, or why it adds nothing; see `webcare.measures.values.Fact`."""

    __tablename__ = "figure_fact"
    __table_args__ = (
        # Replacing what a case says.
        Index("ix_figure_fact_case", "case_id"),
        # The facts behind a number, and the parts of days at the ends of a period.
        # With all that the usual figures need of a fact, so that the hours at the ends of a period read nothing else.
        Index("ix_figure_fact_measure", "measure", "version", "at", "id", *_COVERED),
        # Who waits right now: few among millions.
        Index(
            "ix_figure_fact_open",
            "measure",
            "version",
            "at",
            sqlite_where=text("reason = 'open'"),
            postgresql_where=text("reason = 'open'"),
        ),
    )

    id: int | None = Field(default=None, sa_column=_long())
    # No foreign key: a case is never deleted, and ten million checks of one are dear.
    case_id: int
    measure: str
    version: int
    at: datetime
    day: str  #: the local day of `at` in the report zone, 2026-11-22
    hour: str  #: the local hour, "00" to "23"
    value: float | None = None
    business: float | None = None
    place: int | None = None  #: of `value` in a sum's values, see `webcare.measures.sums`
    business_place: int | None = None
    agent_id: int | None = None
    parts: int  #: the share of the credit in 2520ths
    total: int = Field(
        default=0, sa_column=Column(BigInteger, nullable=False)
    )  #: thousandths of the value, times parts
    counted: bool
    reason: str = ""
    account: str = ""
    channel: str = ""
    market: str = ""
    queue: str = ""
    topic: str = ""
    urgency: str = ""
    language: str = ""
    sentiment: str = ""
    more: dict[str, str] = Field(default_factory=dict, sa_column=_json())  #: the other dimensions
    events: list[str] = Field(default_factory=list, sa_column=_json())


class FigureDayRow(SQLModel, table=True):
    """The facts of one measure on one local day, by one dimension; `dim` and `name` are empty for all of them."""

    __tablename__ = "figure_day"

    measure: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    dim: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    day: str = Field(primary_key=True)
    parts: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))  #: of facts with a value, in 2520ths
    open: int = 0  #: facts without a value yet
    total: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    left_out: dict[str, int] = Field(default_factory=dict, sa_column=_json())  #: facts by reason
    places: bytes = Field(sa_column=Column("places", LargeBinary, nullable=False))  #: see `webcare.measures.sums`
    business_places: bytes = Field(sa_column=Column("business_places", LargeBinary, nullable=False))


class FigureCaseRow(SQLModel, table=True):
    """A case that was counted."""

    __tablename__ = "figure_case"
    __table_args__ = (
        # Whose figures change with time alone, and whose were counted since a decision.
        Index("ix_figure_case_changes", "changes_at"),
        Index("ix_figure_case_counted", "counted_at"),
    )

    case_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    counted_at: datetime
    changes_at: datetime | None = None  #: its facts hold until then if nothing happens; None = for good


class FigureChangeRow(SQLModel, table=True):
    """Something that figures are made of changed and was not counted yet. Written by triggers only.

    No mark that a reader keeps could do this: on PostgreSQL a lower id may become visible after a higher one.
    """

    __tablename__ = "figure_change"
    __table_args__ = (Index("ix_figure_change_case", "case_id"),)

    id: int | None = Field(default=None, sa_column=_long())
    case_id: int  #: or a policy's id, negative


class FigureStateRow(SQLModel, table=True):
    """How the counting stands; one row."""

    __tablename__ = "figure_state"

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    turn: int = 0  #: raised by each step, so that a step that slept through another one is thrown away
    zone: str = ""  #: whose days the sums are of
    meaning: str = ""  #: digest of everything but the cases that the facts depend on
    clearing: bool = False  #: a recount from nothing is taking the old figures away
    counted_at: datetime | None = None
