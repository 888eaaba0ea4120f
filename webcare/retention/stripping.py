"""One case without what is about its customer. The caller's transaction; nothing here decides whether it may be."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import delete, update
from sqlmodel import Session, SQLModel, col, select

from webcare.personal import redacted
from webcare.store.tables import (
    CaseRow,
    DeliveryRow,
    DraftRow,
    GuardFindingRow,
    GuardSlipRow,
    MentionRow,
    MentionVersionRow,
    NoteRow,
    ReplyOverrideRow,
    ShareableFactRow,
    TriageRow,
)
from webcare.store.tables_desk import (
    AnswerMemoryRow,
    ApprovalRow,
    CustomerIdentityRow,
    HandoverFactRow,
    HandoverRow,
    PromiseRow,
)
from webcare.store.tables_incidents import IncidentCaseRow, IncidentSignalRow
from webcare.store.tables_quality import (
    CoachingNoteRow,
    DefectCaseRow,
    DefectRow,
    FeedbackRow,
    ReplyReviewRow,
    SurveyRow,
)

#: Why a message has no words any more, beside what networks tell.
REMOVED = "removed"
#: What stands in place of a customer's id: the same for all rows of a case, and of nothing else.
_NOBODY = "removed-"
#: Tables with texts of colleagues that may name the customer: the columns that are read through.
_COLLEAGUES: tuple[tuple[type[SQLModel], tuple[str, ...]], ...] = (
    (NoteRow, ("text",)),
    (DeliveryRow, ("text", "retract_reason")),
    (GuardSlipRow, ("words",)),
    (GuardFindingRow, ("message", "stretch")),
    (HandoverRow, ("question",)),
    (ApprovalRow, ("text", "decided_text", "words")),
    (PromiseRow, ("sentence", "words", "reason")),
    (IncidentCaseRow, ("left_out",)),
    (ReplyReviewRow, ("comment",)),
    (CoachingNoteRow, ("text",)),
    (FeedbackRow, ("text", "outcome")),
)


def nobody(case_id: int) -> str:
    """The id that stands in place of the customer's in a stripped case."""
    return f"{_NOBODY}{case_id}"


def strip_case(session: Session, case: CaseRow, *, now: datetime) -> int:
    """Take words, names, ids and pictures of the customer out of a case; gives how many messages lost theirs.

    What colleagues wrote stays, without the customer's name and without telephone numbers, addresses and the like.
    """
    assert case.id is not None
    messages = list(session.exec(select(MentionRow).where(MentionRow.case_id == case.id)))
    names = _names(case, messages)
    clean = _cleaner(case.language, names)
    stripped = 0
    for row in messages:
        stripped += _strip_message(session, row, case.id, clean, now)
    _strip_colleagues(session, case.id, clean)
    _drop_what_was_theirs(session, case.id, [row.id for row in messages if row.id is not None])
    who = (case.channel, case.customer_id)
    case.excerpt = case.customer_name = case.customer_handle = ""
    case.customer_id = nobody(case.id)
    session.add(case)
    session.flush()
    _forget_identity(session, *who)
    return stripped


def strip_elsewhere(session: Session, channel: str, author_id: str, *, now: datetime) -> int:
    """Blank messages of an author that belong to no case of theirs; gives how many."""
    rows = list(
        session.exec(
            select(MentionRow).where(MentionRow.channel == channel, MentionRow.author_external_id == author_id)
        )
    )
    for row in rows:
        _strip_message(session, row, row.case_id or 0, _cleaner("", []), now)
        _drop_what_was_theirs(session, None, [row.id or 0])
    return len(rows)


def _names(case: CaseRow, messages: Iterable[MentionRow]) -> list[str]:
    found = {case.customer_name, case.customer_handle, case.customer_id}
    for row in messages:
        if not row.is_ours:
            found |= {row.author_name, row.author_handle, row.author_external_id}
    parts = {part for name in found for part in name.split() if len(part) > 2}
    return sorted({*filter(None, found), *parts}, key=len, reverse=True)


def _cleaner(language: str, names: list[str]) -> Callable[[str], str]:
    return lambda text: redacted(text, language or None, names=names) if text else text


def _strip_message(session: Session, row: MentionRow, case_id: int, clean: Callable[[str], str], now: datetime) -> bool:
    row.raw, row.media = {}, []
    if row.is_ours:
        row.text = clean(row.text)
        session.add(row)
        return False
    had_words = bool(row.text)
    row.text = row.author_name = row.author_handle = row.url = ""
    row.author_external_id = nobody(case_id)
    # A message that is gone is never taken in again, so collecting it once more brings no word back.
    row.deleted_at, row.gone_reason = row.deleted_at or now, row.gone_reason or REMOVED
    session.add(row)
    return had_words


def _strip_colleagues(session: Session, case_id: int, clean: Callable[[str], str]) -> None:
    for table, columns in _COLLEAGUES:
        for row in session.exec(select(table).where(table.case_id == case_id)):  # type: ignore[attr-defined]
            for name in columns:
                setattr(row, name, clean(getattr(row, name)))
            session.add(row)
    asked = select(HandoverRow.id).where(HandoverRow.case_id == case_id)
    for fact in session.exec(select(HandoverFactRow).where(col(HandoverFactRow.handover_id).in_(asked))):
        fact.text, fact.source = clean(fact.text), clean(fact.source)
        session.add(fact)
    met = select(DefectCaseRow.defect_id).where(DefectCaseRow.case_id == case_id)
    for defect in session.exec(select(DefectRow).where(col(DefectRow.id).in_(met))):
        defect.title, defect.what = clean(defect.title), clean(defect.what)
        session.add(defect)
    _empty(session, DeliveryRow, case_id, verdict={}, attachments=[], to_external_id="", error="")
    _empty(session, ApprovalRow, case_id, verdict={}, overrides={})
    _empty(session, SurveyRow, case_id, customer_id=nobody(case_id))
    # Append-only but for their texts, which may be emptied and nothing else.
    _empty(session, ReplyOverrideRow, case_id, words="", stretch="")
    _empty(session, ShareableFactRow, case_id, text="")


def _empty(session: Session, table: Any, case_id: int, **values: Any) -> None:
    session.execute(update(table).where(table.case_id == case_id).values(**values))


def _drop_what_was_theirs(session: Session, case_id: int | None, mention_ids: list[int]) -> None:
    if case_id is not None:
        session.execute(delete(DraftRow).where(col(DraftRow.case_id) == case_id))
    session.execute(delete(MentionVersionRow).where(col(MentionVersionRow.mention_id).in_(mention_ids)))
    session.execute(delete(AnswerMemoryRow).where(col(AnswerMemoryRow.mention_id).in_(mention_ids)))
    session.execute(delete(IncidentSignalRow).where(col(IncidentSignalRow.mention_id).in_(mention_ids)))
    session.execute(update(TriageRow).where(col(TriageRow.mention_id).in_(mention_ids)).values(words=[]))


def _forget_identity(session: Session, channel: str, external_id: str) -> None:
    """A link to an author of whom no word is left says nothing any more."""
    left = select(CaseRow.id).where(CaseRow.channel == channel, CaseRow.customer_id == external_id).limit(1)
    if session.exec(left).first() is None:
        session.execute(
            delete(CustomerIdentityRow).where(
                col(CustomerIdentityRow.channel) == channel, col(CustomerIdentityRow.external_id) == external_id
            )
        )
