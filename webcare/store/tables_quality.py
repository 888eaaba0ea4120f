"""The tables of quality and learning: scorecards, reviews, coaching, defects, wishes and praise, ratings.

The same rules as in `tables`: rows do not validate, times are aware UTC, enums are plain values.
(No `from __future__ import annotations` here either.)
"""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Index, Text, UniqueConstraint
from sqlmodel import Field, SQLModel


def _json() -> Any:
    return Column(JSON, nullable=False)


class ScorecardRow(SQLModel, table=True):
    """One version of the questions replies are reviewed by; append-only, so that an old score keeps its questions."""

    __tablename__ = "scorecard"
    __table_args__ = (UniqueConstraint("version"),)

    id: int | None = Field(default=None, primary_key=True)
    version: int
    name: str
    questions: list[dict[str, Any]] = Field(default_factory=list, sa_column=_json())  #: key, text, weight, top
    made_by: int | None = Field(default=None, foreign_key="agent.id")
    made_at: datetime


class ReplyReviewRow(SQLModel, table=True):
    """One sent reply in front of one reviewer: waiting, begun (draft) or kept. Kept ones never change."""

    __tablename__ = "reply_review"
    __table_args__ = (
        # Never the same reply twice for one reviewer.
        UniqueConstraint("delivery_id", "reviewer_id"),
        # What waits for one reviewer; the results of one author; the replies of one week.
        Index("ix_reply_review_reviewer", "reviewer_id", "state", "id"),
        Index("ix_reply_review_agent", "agent_id", "state", "posted_at"),
        Index("ix_reply_review_week", "week", "delivery_id"),
        Index("ix_reply_review_case", "case_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    delivery_id: int = Field(foreign_key="delivery.id")
    case_id: int = Field(foreign_key="desk_case.id")
    agent_id: int = Field(foreign_key="agent.id")  #: who wrote the reply
    reviewer_id: int = Field(foreign_key="agent.id")
    posted_at: datetime  #: of the reply
    week: str  #: of the reply, as "2026-W47", in the desk's zone
    why: str  #: random, override or slip
    calibration: bool = False  #: given to more than one reviewer
    drawn_at: datetime
    state: str = "waiting"  #: waiting, draft or kept
    scorecard_id: int | None = Field(default=None, foreign_key="scorecard.id")
    scores: dict[str, int | None] = Field(default_factory=dict, sa_column=_json())  #: by question; None: not asked
    score: float | None = None  #: 0..100, by the weights of the card
    comment: str = Field(default="", sa_column=Column(Text, nullable=False))
    updated_at: datetime | None = None


class CoachingNoteRow(SQLModel, table=True):
    """Words of one colleague to another about their work; only these two ever read them."""

    __tablename__ = "coaching_note"
    __table_args__ = (
        Index("ix_coaching_note_agent", "agent_id", "id"),
        Index("ix_coaching_note_author", "author_id", "id"),
        Index("ix_coaching_note_case", "case_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    author_id: int = Field(foreign_key="agent.id")
    agent_id: int = Field(foreign_key="agent.id")  #: whom it is for
    case_id: int | None = Field(default=None, foreign_key="desk_case.id")
    delivery_id: int | None = Field(default=None, foreign_key="delivery.id")
    question: str = ""  #: of the scorecard, by key: what to get better at; empty for all of it
    answers_id: int | None = Field(default=None, foreign_key="coaching_note.id")
    text: str = Field(sa_column=Column(Text, nullable=False))
    created_at: datetime
    read_at: datetime | None = None


class DefectRow(SQLModel, table=True):
    """Something of ours that goes wrong for customers again and again (Tier 3), and what becomes of it."""

    __tablename__ = "defect"
    __table_args__ = (Index("ix_defect_status", "status", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    title: str
    what: str = Field(sa_column=Column(Text, nullable=False))
    status: str = "open"  #: open, accepted, being_mended, mended or will_stay
    department: str = ""  #: whose it is, e.g. "queue:logistics", "store:utrecht" or "own:Web shop"
    registered_by: int = Field(foreign_key="agent.id")
    registered_at: datetime
    changed_at: datetime
    mended_at: datetime | None = None


class DefectCaseRow(SQLModel, table=True):
    """A case whose customer met a defect; linked by hand."""

    __tablename__ = "defect_case"
    __table_args__ = (Index("ix_defect_case_case", "case_id"),)

    defect_id: int = Field(foreign_key="defect.id", primary_key=True)
    case_id: int = Field(foreign_key="desk_case.id", primary_key=True)
    customer_no: int  #: cases of one customer share it, so that the count outlives their names
    linked_by: int = Field(foreign_key="agent.id")
    linked_at: datetime


class FeedbackRow(SQLModel, table=True):
    """A wish or praise of a customer, passed on to a department, and what came of it."""

    __tablename__ = "feedback"
    __table_args__ = (
        Index("ix_feedback_waiting", "acknowledged_at", "id"),
        Index("ix_feedback_case", "case_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="desk_case.id")
    kind: str  #: wish or praise
    text: str = Field(sa_column=Column(Text, nullable=False))
    department: str
    passed_by: int = Field(foreign_key="agent.id")
    passed_at: datetime
    acknowledged_by: int | None = Field(default=None, foreign_key="agent.id")
    acknowledged_at: datetime | None = None
    outcome: str = Field(default="", sa_column=Column(Text, nullable=False))  #: what came of it


class SurveyRow(SQLModel, table=True):
    """Whether the customer of a resolved case was asked how they found our help; one for each case."""

    __tablename__ = "survey"
    __table_args__ = (
        UniqueConstraint("case_id"),
        # Ingest: what was asked in the conversation that a message came in.
        Index("ix_survey_asked_in", "asked_in_id", "asked_at"),
        # When this customer was asked last.
        Index("ix_survey_customer", "channel", "customer_id", "considered_at"),
        Index("ix_survey_delivery", "delivery_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="desk_case.id")
    resolved_at: datetime  #: the closing it asks about
    channel: str
    customer_id: str
    considered_at: datetime
    left_out: str = ""  #: why they are not asked, as a code; empty when they are
    delivery_id: int | None = Field(default=None, foreign_key="delivery.id", ondelete="SET NULL")
    asked_in_id: int | None = Field(default=None, foreign_key="desk_case.id")  #: the case of the conversation
    agent_id: int | None = Field(default=None, foreign_key="agent.id")  #: who wrote the newest answer by then
    language: str = ""
    asked_at: datetime | None = None  #: when the question stood on the network


class SurveyAnswerRow(SQLModel, table=True):
    """A message of a customer that rates our help, or asks us not to ask again."""

    __tablename__ = "survey_answer"
    __table_args__ = (
        UniqueConstraint("mention_id"),
        Index("ix_survey_answer_survey", "survey_id", "id"),
        Index("ix_survey_answer_case", "case_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    survey_id: int = Field(foreign_key="survey.id", ondelete="CASCADE")
    case_id: int = Field(foreign_key="desk_case.id")  #: the case that is rated
    mention_id: int = Field(foreign_key="mention.id", ondelete="CASCADE")
    score: int | None = None  #: 1..5; None where they only want no more questions
    only: bool  #: it says nothing else, so nobody has to answer it
    at: datetime  #: when it was collected


class SurveyOptOutRow(SQLModel, table=True):
    """A customer who does not want to be asked again."""

    __tablename__ = "survey_opt_out"

    channel: str = Field(primary_key=True)
    customer_id: str = Field(primary_key=True)
    at: datetime
