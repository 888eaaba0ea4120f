"""What becomes of the question how we helped: it stood on the network, it did not, or the customer answered it.

Nothing here brings a case back or stops a clock: the question is no answer of ours, and a mark asks for none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any

from sqlalchemy import Executable, bindparam, or_
from sqlmodel import Session, col, select

from webcare.cases.record import EventKind, load, note_event
from webcare.cases.survey_policy import ANSWER_WITHIN, ASK_WITHIN, SurveyPolicy, policy_at
from webcare.cases.survey_reading import Rated
from webcare.domain import Actor, CaseState, DeliveryState, Mention, Resolution, Sentiment, Topic, Urgency
from webcare.store.mentions import chunks
from webcare.store.prepared import run
from webcare.store.tables import AccountRow, AgentRow, CaseRow, DeliveryRow, MentionRow, TriageRow
from webcare.store.tables_desk import CaseTagRow, CustomerIdentityRow
from webcare.store.tables_incidents import IncidentCaseRow, IncidentRow
from webcare.store.tables_quality import SurveyAnswerRow, SurveyOptOutRow, SurveyRow

ASKER = Actor.system("survey")
#: Closed in one of these ways a case was about something that we could help with.
HELPED = (Resolution.ANSWERED.value, Resolution.SOLVED_ELSEWHERE.value)


class LeftOut(StrEnum):
    """Why a customer is not asked. The figures say the same codes in words."""

    CRITICAL = "survey_critical"
    ANGRY = "survey_angry"
    INCIDENT = "survey_incident"
    OURS = "survey_ours"
    ASKED_BEFORE = "survey_asked_before"
    OPTED_OUT = "survey_opted_out"
    NO_ANSWER = "survey_no_answer"
    LANGUAGE = "survey_language"
    STILL_WRITING = "survey_still_writing"
    TOO_LATE = "survey_too_late"
    NOT_SENT = "survey_not_sent"


def why_left_out(session: Session, case: CaseRow, policy: SurveyPolicy, *, now: datetime) -> LeftOut | None:
    """Why the customer of a resolved case is not asked; None when they may be."""
    if case.urgency == Urgency.CRITICAL or case.topic == Topic.SAFETY_LEGAL:
        return LeftOut.CRITICAL
    if _in_incident(session, case):
        return LeftOut.INCIDENT
    if _is_ours(session, case, policy):
        return LeftOut.OURS
    people = authors_of(session, case.channel, case.customer_id)
    if _opted_out(session, people):
        return LeftOut.OPTED_OUT
    if _asked_since(session, people, case, policy, now):
        return LeftOut.ASKED_BEFORE
    answered = newest_answer(session, case)
    if answered is None:
        return LeftOut.NO_ANSWER
    if _is_angry(session, case, policy, answered.posted_at or now):
        return LeftOut.ANGRY
    return None if policy.text(case.language) else LeftOut.LANGUAGE


def why_stopped(session: Session, delivery: DeliveryRow, *, now: datetime) -> str:
    """Why a question that is about to leave must not after all, in words; empty for what is no question of ours."""
    if not delivery.survey:
        return ""
    row = _of_delivery(session, delivery)
    case = load(session, row.case_id) if row is not None else None
    if row is None or case is None or case.state != CaseState.RESOLVED or case.resolved_at != row.resolved_at:
        return "The case came back before the customer was asked about it."
    if load(session, delivery.case_id).state != CaseState.RESOLVED:
        return "The customer wrote again before they were asked."
    if not policy_at(session, now=now).on or now > row.resolved_at + ASK_WITHIN:
        return "Nobody is asked any more."
    if _in_incident(session, case) or _opted_out(session, authors_of(session, case.channel, case.customer_id)):
        return "This customer is not asked any more."
    return ""


def question_sent(session: Session, delivery: DeliveryRow, *, now: datetime) -> None:
    """The network proved the question: from then on a mark counts."""
    row = _of_delivery(session, delivery)
    if row is None:
        return
    row.asked_at = delivery.posted_at
    session.add(row)
    detail = {"delivery_id": delivery.id, "url": delivery.url}
    note_event(session, load(session, row.case_id), EventKind.SURVEY_SENT, by=ASKER, now=now, detail=detail)


def question_failed(session: Session, delivery: DeliveryRow, *, error: str, now: datetime) -> None:
    """The question does not go out; nobody has to do anything about it."""
    row = _of_delivery(session, delivery)
    if row is None:
        return
    row.left_out = LeftOut.NOT_SENT.value
    session.add(row)
    detail = {"delivery_id": delivery.id, "error": error}
    note_event(session, load(session, row.case_id), EventKind.SURVEY_FAILED, by=ASKER, now=now, detail=detail)


# --- what the customer says -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Open:
    """A question that stands in a conversation."""

    survey_id: int
    case_id: int  #: the one asked about
    asked_at: datetime
    answered_at: datetime | None  #: when we wrote anything else in this conversation after it

    def takes(self, mention: Mention) -> bool:
        """Whether a message may be an answer to it: in time, and to nothing that we wrote later."""
        in_time = self.asked_at <= mention.posted_at <= self.asked_at + ANSWER_WITHIN
        return in_time and (self.answered_at is None or mention.posted_at < self.answered_at)


def open_questions(session: Session, case_ids: Iterable[int]) -> Mapping[int, Open]:
    """The newest question that stands in each of these conversations, by their case."""
    found: dict[int, Open] = {}
    for part in chunks(sorted(set(case_ids))):
        query = (
            select(SurveyRow)
            .where(col(SurveyRow.asked_in_id).in_(part), col(SurveyRow.asked_at).is_not(None))
            .order_by(col(SurveyRow.asked_at), col(SurveyRow.id))
        )
        for row in list(session.exec(query)):
            assert row.id is not None
            assert row.asked_in_id is not None
            assert row.asked_at is not None
            later = _later_answer(session, row.asked_in_id, row.asked_at)
            found[row.asked_in_id] = Open(row.id, row.case_id, row.asked_at, later)
    return found


def keep_answer(
    session: Session, asked: Open, rated: Rated, mention: Mention, mention_id: int, *, now: datetime
) -> None:
    """Keep what a customer said to the question, and that they want no more of them."""
    session.add(
        SurveyAnswerRow(
            survey_id=asked.survey_id,
            case_id=asked.case_id,
            mention_id=mention_id,
            score=rated.score,
            only=rated.only,
            at=now,
        )
    )
    key = (mention.channel, mention.author.external_id)
    if rated.stop and session.get(SurveyOptOutRow, key) is None:
        session.add(SurveyOptOutRow(channel=key[0], customer_id=key[1], at=now))
    kind = EventKind.SURVEY_STOPPED if rated.stop else EventKind.RATED
    detail: dict[str, Any] = {"post": mention.external_id} | ({} if rated.score is None else {"score": rated.score})
    note_event(session, load(session, asked.case_id), kind, by=ASKER, now=now, detail=detail)


def authors_of(session: Session, channel: str, customer_id: str) -> tuple[tuple[str, str], ...]:
    """This author and those known to be the same person, as (network, id)."""
    mine = select(CustomerIdentityRow.customer_id).where(
        CustomerIdentityRow.channel == channel, CustomerIdentityRow.external_id == customer_id
    )
    linked = select(CustomerIdentityRow.channel, CustomerIdentityRow.external_id).where(
        col(CustomerIdentityRow.customer_id).in_(mine)
    )
    return tuple({(channel, customer_id), *((row[0], row[1]) for row in session.exec(linked))})


def newest_answer(session: Session, case: CaseRow) -> DeliveryRow | None:
    """The newest answer of ours that stands; questions how we helped are none."""
    query = (
        select(DeliveryRow)
        .where(
            DeliveryRow.case_id == case.id,
            DeliveryRow.state == DeliveryState.SENT.value,
            col(DeliveryRow.retracted_at).is_(None),
            col(DeliveryRow.survey).is_(False),
        )
        .order_by(col(DeliveryRow.posted_at).desc(), col(DeliveryRow.id).desc())
    )
    return session.exec(query).first()


def _of_delivery(session: Session, delivery: DeliveryRow) -> SurveyRow | None:
    return session.exec(select(SurveyRow).where(SurveyRow.delivery_id == delivery.id)).first()


def _later_answer(session: Session, case_id: int, asked_at: datetime) -> datetime | None:
    query = (
        select(MentionRow.posted_at)
        .join(
            DeliveryRow,
            (col(DeliveryRow.account_id) == col(MentionRow.account_id))
            & (col(DeliveryRow.external_id) == col(MentionRow.external_id)),
            isouter=True,
        )
        .where(
            MentionRow.case_id == case_id,
            col(MentionRow.is_ours),
            col(MentionRow.posted_at) > asked_at,
            or_(col(DeliveryRow.id).is_(None), col(DeliveryRow.survey).is_(False)),
        )
        .order_by(col(MentionRow.posted_at))
    )
    return session.exec(query).first()


def _in_incident(session: Session, case: CaseRow) -> bool:
    query = (
        select(IncidentCaseRow.case_id)
        .join(IncidentRow, col(IncidentRow.id) == col(IncidentCaseRow.incident_id))
        .where(IncidentCaseRow.case_id == case.id, col(IncidentRow.state).in_(("alarm", "open")))
    )
    return session.exec(query).first() is not None


def _is_ours(session: Session, case: CaseRow, policy: SurveyPolicy) -> bool:
    """An account of the brand, a colleague by name, or a case whose tag says that it is no customer's."""
    account = select(AccountRow.id).where(
        AccountRow.channel == case.channel, AccountRow.external_id == case.customer_id
    )
    if session.exec(account).first() is not None:
        return True
    tags = set(session.exec(select(CaseTagRow.tag).where(CaseTagRow.case_id == case.id)))
    if policy.never_tags & tags:
        return True
    staff = {name.casefold() for pair in session.exec(select(AgentRow.name, AgentRow.username)) for name in pair}
    return bool(staff & {name.casefold() for name in (case.customer_name, case.customer_handle) if name})


def _opted_out(session: Session, people: Iterable[tuple[str, str]]) -> bool:
    return any(session.get(SurveyOptOutRow, key) is not None for key in people)


def _asked_since(
    session: Session, people: Iterable[tuple[str, str]], case: CaseRow, policy: SurveyPolicy, now: datetime
) -> bool:
    """Whether they were asked, or are being asked, about another case of theirs in the last so many days."""
    for channel, customer_id in people:
        query = select(SurveyRow.asked_at, SurveyRow.considered_at).where(
            SurveyRow.channel == channel,
            SurveyRow.customer_id == customer_id,
            SurveyRow.left_out == "",
            SurveyRow.case_id != case.id,
        )
        if any((now - (asked or considered)).days < policy.once_in_days for asked, considered in session.exec(query)):
            return True
    return False


def _is_angry(session: Session, case: CaseRow, policy: SurveyPolicy, answered_at: datetime) -> bool:
    """Whether their newest message is negative; one from before our answer only where the desk minds those too."""
    query = (
        select(MentionRow.posted_at, TriageRow.sentiment)
        .join(TriageRow, col(TriageRow.mention_id) == col(MentionRow.id))
        .where(MentionRow.case_id == case.id, col(MentionRow.is_ours).is_(False))
        .order_by(col(MentionRow.posted_at).desc(), col(MentionRow.id).desc(), col(TriageRow.id).desc())
    )
    newest = session.exec(query).first()
    if newest is None or newest[1] != Sentiment.NEGATIVE:
        return False
    return newest[0] > answered_at or not policy.after_anger


@dataclass(frozen=True, slots=True)
class Heard:
    """How a case stands with the question how we helped."""

    asked_at: datetime | None  #: None: the question is on its way, or nobody is asked
    left_out: str  #: why not, as in `LeftOut`
    score: int | None  #: the newest mark, 1..5
    at: datetime | None  #: when it came


def heard_of(session: Session, case_id: int) -> Heard | None:
    """What came of asking about a case; None where nobody thought of asking."""
    row = run(session, _heard(), case_id=case_id).first()
    return Heard(*row) if row is not None else None


@cache
def _heard() -> Executable:
    return (
        select(SurveyRow.asked_at, SurveyRow.left_out, SurveyAnswerRow.score, SurveyAnswerRow.at)
        .join(
            SurveyAnswerRow,
            (col(SurveyAnswerRow.survey_id) == col(SurveyRow.id)) & col(SurveyAnswerRow.score).is_not(None),
            isouter=True,
        )
        .where(SurveyRow.case_id == bindparam("case_id"))
        .order_by(col(SurveyAnswerRow.id).desc())
    )
