"""Posts that may not be shown any more: their words leave the desk, their cases are told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from webcare.cases.joining import standing_excerpt
from webcare.cases.record import EventKind, changed, customer_messages
from webcare.channels.base import GoneReason
from webcare.domain import UNSETTLED_DELIVERIES, Actor, CaseState, Resolution
from webcare.store import mentions as stored
from webcare.store.tables import CaseRow, DeliveryRow, DraftRow, MentionRow, MentionVersionRow, NoteRow, TriageRow
from webcare.store.tables_desk import AnswerMemoryRow

_COLLECTOR = Actor.system("ingest")


def remove_gone(session: Session, account_id: int, gone: Mapping[str, GoneReason], *, now: datetime) -> int:
    """Take the words of these posts out of the desk, search included; gives how many were still standing.

    What we wrote ourselves keeps its words. A new case whose only message is gone is closed, unless somebody works on
    it. Ids nobody knows are left out, so repeating is harmless.
    """
    known = stored.known_posts(session, account_id, gone)
    standing = {found.mention_id: gone[id_] for id_, found in known.items() if not found.is_gone}
    return sum(_remove(session, mention_id, standing[mention_id], now) for mention_id in sorted(standing))


def _remove(session: Session, mention_id: int, why: GoneReason, now: datetime) -> bool:
    row = session.get(MentionRow, mention_id, with_for_update=True, populate_existing=True)
    if row is None or row.deleted_at is not None:
        return False
    row.deleted_at, row.gone_reason, row.checked_at = now, why.value, now
    if not row.is_ours:
        row.text, row.media, row.raw = "", [], {}
        session.execute(delete(MentionVersionRow).where(col(MentionVersionRow.mention_id) == mention_id))
        session.execute(delete(AnswerMemoryRow).where(col(AnswerMemoryRow.mention_id) == mention_id))
        session.execute(update(TriageRow).where(col(TriageRow.mention_id) == mention_id).values(words=[]))
    session.add(row)
    session.flush()
    if row.case_id is not None:
        _tell_case(session, row, why, now)
    return True


def _tell_case(session: Session, row: MentionRow, why: GoneReason, now: datetime) -> None:
    case = session.get(CaseRow, row.case_id, with_for_update=True, populate_existing=True)
    assert case is not None
    case.excerpt = standing_excerpt(session, case)
    detail = {"post": row.external_id, "why": why.value, "ours": row.is_ours}
    changed(session, case, EventKind.GONE, by=_COLLECTOR, now=now, detail=detail)
    if not row.is_ours and not _anything_left(session, case) and not _somebody_works_on(session, case):
        case.state, case.resolution = CaseState.RESOLVED.value, Resolution.TARGET_GONE.value
        case.resolved_at, case.waiting_since, case.snoozed_until = now, None, None
        closed = {"resolution": Resolution.TARGET_GONE.value}
        changed(session, case, EventKind.RESOLVED, by=_COLLECTOR, now=now, detail=closed)


def _anything_left(session: Session, case: CaseRow) -> bool:
    assert case.id is not None
    return bool(customer_messages(session, case.id))


def _somebody_works_on(session: Session, case: CaseRow) -> bool:
    """Whether a person would be surprised to find the case closed: only an untouched new one is nobody's."""
    if case.state != CaseState.NEW or case.assignee_id is not None:
        return True
    unsettled = select(DeliveryRow.id).where(
        DeliveryRow.case_id == case.id, col(DeliveryRow.state).in_(UNSETTLED_DELIVERIES)
    )
    notes = select(NoteRow.id).where(NoteRow.case_id == case.id)
    drafts = select(DraftRow.id).where(DraftRow.case_id == case.id, DraftRow.text != "")
    return any(session.exec(query.limit(1)).first() is not None for query in (unsettled, notes, drafts))
