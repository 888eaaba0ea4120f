"""Machine step: ask the customers of resolved cases how we helped them, through the same gate as every reply.

The question goes out as a private message in a conversation that the customer began, while the network lets machines
write there. Its words were approved with the policy, and the guard reads them for each case all the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import exists
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from webcare import guard
from webcare.cases.answering import ask, target_of
from webcare.cases.overrides import ticked, uncovered
from webcare.cases.record import EventKind, load, note_event
from webcare.cases.replies import Approval, approve
from webcare.cases.surroundings import PLAIN, Reviewer, surroundings
from webcare.cases.survey_policy import ASK_WITHIN, Asked, SurveyPolicy, policy_at
from webcare.cases.surveys import ASKER, HELPED, LeftOut, newest_answer, why_left_out
from webcare.channels.base import Channel, ReplyTarget
from webcare.domain import Actor, CaseState, MentionKind, ReplyWay, Role, Verdict
from webcare.errors import WebcareError
from webcare.guard.base import ReviewContext
from webcare.people import Permission
from webcare.store import Store
from webcare.store.engine import LOCKED
from webcare.store.tables import AccountRow, CaseRow, MentionRow
from webcare.store.tables_quality import SurveyRow

#: Most cases looked at in one run, so that a job stays short.
AT_ONCE = 50
#: No network lets machines write later than this after a person's last message; some end sooner and say so.
_CONVERSATION = timedelta(hours=24)
_NO_EMPATHY = ("tone", "no_empathy")
_PRIVATE = MentionKind.DIRECT_MESSAGE.value


@dataclass(frozen=True, slots=True)
class _Question:
    """A question as it would go out."""

    case_id: int
    resolved_at: datetime
    asked_in: int
    account_key: str
    target: ReplyTarget
    text: str
    context: ReviewContext


def due(session: Session, *, now: datetime) -> tuple[int, ...]:
    """Cases whose customers may be asked now, the one closed longest ago first."""
    policy = policy_at(session, now=now)
    if not policy.on or policy.since is None:
        return ()
    known = exists().where(
        col(SurveyRow.case_id) == col(CaseRow.id),
        (col(SurveyRow.resolved_at) == col(CaseRow.resolved_at)) | (col(SurveyRow.left_out) == ""),
    )
    query = (
        select(CaseRow.id)
        .where(
            col(CaseRow.resolved_at) >= max(policy.since, now - ASK_WITHIN),
            col(CaseRow.resolved_at) <= now - timedelta(minutes=policy.wait_min),
            CaseRow.state == CaseState.RESOLVED.value,
            col(CaseRow.resolution).in_(HELPED),
            _has_conversation(policy, now),
            ~known,
        )
        .order_by(col(CaseRow.resolved_at), col(CaseRow.id))
        .limit(AT_ONCE)
    )
    return tuple(id_ for id_ in session.exec(query) if id_ is not None)


def ask_due(store: Store, channels: Mapping[str, Channel], *, now: datetime, reviewer: Reviewer = PLAIN) -> int:
    """Ask, or write down why not, for every case that is due; gives how many questions were queued."""
    with store.read() as session:
        cases = due(session, now=now)
    return sum(_consider(store, case_id, channels, now, reviewer) for case_id in cases)


def _consider(store: Store, case_id: int, channels: Mapping[str, Channel], now: datetime, reviewer: Reviewer) -> bool:
    """Read in one short session, ask network and guard outside of any, then queue under the case's lock."""
    with store.read() as session:
        policy, case = policy_at(session, now=now), load(session, case_id)
        found = why_left_out(session, case, policy, now=now) or _question(session, case, policy, now, reviewer)
    if isinstance(found, LeftOut):
        return _leave_out(store, case_id, found, now)
    channel = _connected(channels, found.account_key)
    if channel is None or not ask(channel, found.target, ReplyWay.PRIVATE).allowed:
        return _leave_out(store, case_id, LeftOut.NOT_SENT, now)
    verdict = guard.review(found.text, found.context)
    if uncovered(verdict.findings, _ticked(verdict, policy)):
        return _leave_out(store, case_id, LeftOut.NOT_SENT, now)
    try:
        return _let_go(store, found, verdict, policy, now, reviewer)
    except WebcareError:
        # The guard saw something else by now, a colleague has to say yes, or an answer is on its way there.
        return _leave_out(store, case_id, LeftOut.NOT_SENT, now)


def _connected(channels: Mapping[str, Channel], key: str) -> Channel | None:
    try:
        return channels.get(key)
    except WebcareError:
        # Its secrets are missing or its plugin is not installed; the page Channels says so.
        return None


def _question(
    session: Session, case: CaseRow, policy: SurveyPolicy, now: datetime, reviewer: Reviewer
) -> _Question | LeftOut:
    message = _message(session, case, policy, now)
    if message is None or message.case_id is None:
        return LeftOut.TOO_LATE
    home = load(session, message.case_id)
    if home.state != CaseState.RESOLVED:
        return LeftOut.STILL_WRITING
    text, private = policy.text(case.language), ReplyWay.PRIVATE
    context = surroundings(session, home, now=now, reviewer=reviewer, target_id=message.external_id, way=private)
    target = target_of(session, message, automated=True)
    key = session.get_one(AccountRow, home.account_id).key
    assert case.id is not None
    assert case.resolved_at is not None
    return _Question(case.id, case.resolved_at, message.case_id, key, target, text, context)


def _message(session: Session, case: CaseRow, policy: SurveyPolicy, now: datetime) -> MentionRow | None:
    """The newest private message of the customer to whom a question can be put while the conversation is open."""
    query = (
        select(MentionRow)
        .where(
            MentionRow.account_id == case.account_id,
            MentionRow.author_external_id == case.customer_id,
            col(MentionRow.deleted_at).is_(None),
            col(MentionRow.is_ours).is_(False),
            MentionRow.kind == _PRIVATE,
            col(MentionRow.posted_at) > now - _CONVERSATION,
        )
        .order_by(col(MentionRow.posted_at).desc(), col(MentionRow.id).desc())
    )
    theirs = select(CaseRow.id).where(
        CaseRow.channel == case.channel, CaseRow.customer_id == case.customer_id, CaseRow.account_id == case.account_id
    )
    wanted = [case.id] if policy.who is Asked.PRIVATE else list(session.exec(theirs))
    return session.exec(query.where(col(MentionRow.case_id).in_(wanted))).first()


def _has_conversation(policy: SurveyPolicy, now: datetime) -> Any:
    """The condition for a case that the customer, or one of their cases, has private messages."""
    private = exists().where(
        col(MentionRow.case_id) == col(CaseRow.id), col(MentionRow.kind) == _PRIVATE, ~col(MentionRow.is_ours)
    )
    if policy.who is Asked.PRIVATE:
        return private
    other = aliased(CaseRow)
    elsewhere = exists().where(
        col(other.channel) == col(CaseRow.channel),
        col(other.customer_id) == col(CaseRow.customer_id),
        col(other.account_id) == col(CaseRow.account_id),
        col(MentionRow.case_id) == col(other.id),
        col(MentionRow.kind) == _PRIVATE,
        ~col(MentionRow.is_ours),
        col(MentionRow.posted_at) > now - _CONVERSATION,
    )
    return private | elsewhere


def _let_go(
    store: Store, asked: _Question, verdict: Verdict, policy: SurveyPolicy, now: datetime, reviewer: Reviewer
) -> bool:
    with store.write() as session:
        case = session.get_one(CaseRow, asked.case_id, with_for_update=LOCKED, populate_existing=True)
        if case.state != CaseState.RESOLVED or case.resolved_at != asked.resolved_at or _known(session, case):
            return False
        covers = _ticked(verdict, policy)
        approval = Approval(
            asked.text, verdict, covers, target_id=asked.target.external_id, way=ReplyWay.PRIVATE, survey=True
        )
        _, delivery, _ = approve(
            session, asked.asked_in, approval, by=_approver(policy), now=now, undo=timedelta(0), reviewer=reviewer
        )
        answer = newest_answer(session, case)
        row = _row(session, case, now)
        row.left_out, row.delivery_id, row.asked_in_id = "", delivery.id, asked.asked_in
        row.agent_id, row.language = answer.author_id if answer is not None else None, case.language
        session.add(row)
        detail = {"delivery_id": delivery.id}
        note_event(session, case, EventKind.SURVEY_ASKED, by=ASKER, now=now, detail=detail)
        return True


def _ticked(verdict: Verdict, policy: SurveyPolicy) -> dict[str, str]:
    """What whoever decided to ask customers who were angry has answered for: a question begins with no empathy."""
    if not policy.after_anger:
        return {}
    return dict.fromkeys(ticked(one for one in verdict.findings if (one.check, one.reason) == _NO_EMPATHY), "")


def _approver(policy: SurveyPolicy) -> Actor:
    """Who stands behind the words: the person who decided them, for this one thing and no other right of theirs."""
    return Actor(policy.by[0], policy.by[1], Role.SYSTEM, frozenset({Permission.SEND_REPLY.value}))


def _leave_out(store: Store, case_id: int, why: LeftOut, now: datetime) -> bool:
    with store.write() as session:
        case = load(session, case_id)
        if case.state == CaseState.RESOLVED and not _known(session, case):
            row = _row(session, case, now)
            row.left_out = why.value
            session.add(row)
    return False


def _known(session: Session, case: CaseRow) -> bool:
    """Whether this closing was considered, or the customer asked about the case before."""
    row = session.exec(select(SurveyRow).where(SurveyRow.case_id == case.id)).first()
    return row is not None and (row.left_out == "" or row.resolved_at == case.resolved_at)


def _row(session: Session, case: CaseRow, now: datetime) -> SurveyRow:
    row = session.exec(select(SurveyRow).where(SurveyRow.case_id == case.id)).first()
    assert case.id is not None
    assert case.resolved_at is not None
    if row is None:
        row = SurveyRow(
            case_id=case.id,
            resolved_at=case.resolved_at,
            channel=case.channel,
            customer_id=case.customer_id,
            considered_at=now,
        )
    row.resolved_at, row.considered_at = case.resolved_at, now
    return row
