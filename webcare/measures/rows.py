"""The rows that the histories of one batch of cases are made of, in as many queries for one case as for hundreds.

No text leaves this module: whether a message or an answer has personal data is looked up here, and only where an
answer was moved to private.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, select
from sqlmodel import Session, col

from webcare.channels import channel_class
from webcare.domain import DeliveryState, MentionKind, ReplyWay, Role
from webcare.errors import WebcareError
from webcare.guard.asking import asks_for_anything
from webcare.measures.after import Contacts, contacts_of
from webcare.personal import find_personal
from webcare.store.marks import only_a_mark
from webcare.store.mentions import chunks
from webcare.store.tables import (
    AccountRow,
    AgentRow,
    CaseEventRow,
    CaseRow,
    DeliveryRow,
    GuardFindingRow,
    JokeOutcomeRow,
    MentionRow,
    TriageRow,
)
from webcare.store.tables_alerts import CaseLookRow
from webcare.store.tables_desk import HandoverRow, PromiseRow
from webcare.store.tables_quality import SurveyAnswerRow, SurveyRow

PRIVATE = MentionKind.DIRECT_MESSAGE.value
#: Columns of a case that its facts are grouped by.
DIMS = ("channel", "topic", "urgency", "language", "sentiment")

Grouped = Mapping[int, Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Part:
    """The rows of one batch of cases, by case."""

    cases: Sequence[Row[Any]]
    mentions: Grouped
    labels: Grouped  #: by mention
    deliveries: Grouped
    said: Mapping[int, bool | None]  #: whether a message has personal data, where an answer was moved to private
    replied: Mapping[int, bool | None]  #: the same of what was sent
    outside: Grouped  #: by thread
    events: Grouped
    questions: Grouped
    promises: Grouped
    jokes: Grouped
    findings: Grouped
    surveys: Grouped
    marks: Grouped  #: by survey
    looks: Mapping[int, Any]
    contacts: Contacts
    machines: frozenset[int]
    public: Mapping[str, bool]  #: whether a network takes public answers


def read_rows(session: Session, ids: Sequence[int]) -> Part:
    """Everything about these cases; at most some hundreds at a time."""
    cases = list(session.execute(_cases(ids)))
    mentions = _by_case(session, _mentions(ids))
    deliveries = {case_id: _sent(found) for case_id, found in _by_case(session, _deliveries(ids)).items()}
    moved = [case.id for case in cases if _moved(mentions.get(case.id, ()), deliveries.get(case.id, ()))]
    mention_ids = [row.id for found in mentions.values() for row in found]
    looks = select(col(CaseLookRow.case_id), col(CaseLookRow.at)).where(col(CaseLookRow.case_id).in_(ids))
    return Part(
        cases=cases,
        mentions=mentions,
        labels=_labels(session, mention_ids),
        deliveries=deliveries,
        said=_personal(session, MentionRow, moved),
        replied=_personal(session, DeliveryRow, moved, asks=True),
        outside=_outside(session, sorted({case.thread_id for case in cases})),
        events=_by_case(session, _rows(CaseEventRow, ids, "id", "at", "kind", "actor_id", "detail")),
        questions=_by_case(session, _questions(ids)),
        promises=_by_case(session, _rows(PromiseRow, ids, "id", "found_at", "due_at", "state", "settled_at")),
        jokes=_by_case(session, _jokes(ids)),
        findings=_by_case(
            session, _rows(GuardFindingRow, ids, "id", "at", "agent_id", "check_name", "level", "outcome")
        ),
        surveys=_by_case(session, _surveys(ids)),
        marks=_marks(session, ids),
        looks={row.case_id: row.at for row in session.execute(looks)},
        contacts=contacts_of(session, cases),
        machines=frozenset(session.execute(_machines()).scalars()),
        public={channel: _takes_public(channel) for channel in {case.channel for case in cases}},
    )


def _rows(table: Any, ids: Sequence[int], *names: str) -> Select[Any]:
    columns = [getattr(table, name) for name in ("case_id", *names)]
    return select(*columns).where(table.case_id.in_(ids)).order_by(table.id)


def _cases(ids: Sequence[int]) -> Select[Any]:
    names = ("id", "thread_id", "account_id", "queue", "customer_id", "opened_at", "first_posted_at", *DIMS)
    columns = [getattr(CaseRow, name) for name in names]
    account = [col(AccountRow.key).label("account"), col(AccountRow.market)]
    query = select(*columns, *account).join(AccountRow, col(AccountRow.id) == col(CaseRow.account_id))
    return query.where(col(CaseRow.id).in_(ids)).order_by(col(CaseRow.id))


def _mentions(ids: Sequence[int]) -> Select[Any]:
    names = ("external_id", "thread_id", "kind", "posted_at", "collected_at", "deleted_at")
    query = _rows(MentionRow, ids, "id", *names)
    return query.where(col(MentionRow.is_ours).is_(False), col(MentionRow.is_repost).is_(False), ~only_a_mark())


def _labels(session: Session, mention_ids: Sequence[int]) -> Grouped:
    names = ("mention_id", "id", "decided_at", "model_version", "reason", "confidence", "sentiment", "urgency")
    columns = [getattr(TriageRow, name) for name in (*names, "topic", "line", "language", "needs_reply")]
    found: dict[int, list[Any]] = defaultdict(list)
    for part in chunks(mention_ids):
        query = select(*columns).where(col(TriageRow.mention_id).in_(part)).order_by(col(TriageRow.id))
        for row in session.execute(query):
            found[row.mention_id].append(row)
    return found


def _deliveries(ids: Sequence[int]) -> Select[Any]:
    names = ("id", "created_at", "posted_at", "author_id", "approver_id", "way", "by_hand", "retracted_at")
    # Narrowed to what was sent further on: SQLite would read every reply that ever was, by their state.
    return _rows(DeliveryRow, ids, *names, "follows_id", "state").where(col(DeliveryRow.survey).is_(False))


def _sent(rows: Sequence[Any]) -> Sequence[Any]:
    return [row for row in rows if row.state == DeliveryState.SENT.value and row.posted_at is not None]


def _outside(session: Session, thread_ids: Sequence[int]) -> Grouped:
    """Our own posts in these threads that no reply of the desk became, by thread."""
    names = ("thread_id", "id", "parent_external_id", "kind", "posted_at", "collected_at")
    sent = (
        select(col(DeliveryRow.id))
        .where(
            col(DeliveryRow.account_id) == col(MentionRow.account_id),
            col(DeliveryRow.external_id) == col(MentionRow.external_id),
        )
        .correlate(MentionRow)
    )
    columns = [getattr(MentionRow, name) for name in names]
    query = (
        select(*columns)
        .where(col(MentionRow.thread_id).in_(thread_ids), col(MentionRow.is_ours), ~sent.exists())
        .order_by(col(MentionRow.posted_at), col(MentionRow.id))
    )
    found: dict[int, list[Any]] = defaultdict(list)
    for row in session.execute(query):
        found[row.thread_id].append(row)
    return found


def _moved(mentions: Sequence[Any], sent: Sequence[Any]) -> bool:
    private = any(row.way == ReplyWay.PRIVATE.value for row in sent)
    return private and any(row.kind != PRIVATE for row in mentions)


def _personal(session: Session, table: Any, case_ids: Sequence[int], *, asks: bool = False) -> dict[int, bool | None]:
    """Which texts of these cases have personal data; None where no words are left.

    `asks`: naming such data, as a question for an order number does, is enough.
    """
    query = (
        select(table.id, table.text, CaseRow.language)  # type: ignore[call-overload]
        .join(CaseRow, col(CaseRow.id) == table.case_id)
        .where(table.case_id.in_(case_ids))
    )
    return {
        row.id: _has_personal(row.text, row.language or None, asks) if row.text else None
        for row in (session.execute(query) if case_ids else ())
    }


def _has_personal(text: str, language: str | None, asks: bool) -> bool:
    return bool(find_personal(text, language)) or (asks and asks_for_anything(text, language))


def _questions(ids: Sequence[int]) -> Select[Any]:
    query = _rows(HandoverRow, ids, "id", "asked_at", "asked_by", "closed_at", "closed_by", "outcome")
    # Facts that nobody asked for hang on a hand-over without a question.
    return query.where(col(HandoverRow.question) != "")


def _jokes(ids: Sequence[int]) -> Select[Any]:
    query = _rows(JokeOutcomeRow, ids, "delivery_id", "sentiment", "answered_at").add_columns(
        col(DeliveryRow.posted_at)
    )
    return query.join(DeliveryRow, col(DeliveryRow.id) == col(JokeOutcomeRow.delivery_id))


def _surveys(ids: Sequence[int]) -> Select[Any]:
    names = ("id", "resolved_at", "considered_at", "left_out", "asked_at", "agent_id", "delivery_id")
    return _rows(SurveyRow, ids, *names)


def _marks(session: Session, ids: Sequence[int]) -> Grouped:
    """The marks that customers gave, by survey; a wish for no more questions is none."""
    found: dict[int, list[Any]] = defaultdict(list)
    query = _rows(SurveyAnswerRow, ids, "id", "survey_id", "mention_id", "score", "at")
    for row in session.execute(query.where(col(SurveyAnswerRow.score).is_not(None))):
        found[row.survey_id].append(row)
    return found


def _machines() -> Select[Any]:
    return select(col(AgentRow.id)).where(col(AgentRow.role) == Role.SYSTEM.value)


def _by_case(session: Session, query: Select[Any]) -> Grouped:
    found: dict[int, list[Any]] = defaultdict(list)
    for row in session.execute(query):
        found[row.case_id].append(row)
    return found


def _takes_public(channel: str) -> bool:
    try:
        return channel_class(channel).capabilities.reply_public
    except WebcareError:
        # A network that is not installed any more: its old cases are counted all the same.
        return True
