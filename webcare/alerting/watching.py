"""The job that looks at the clocks of open cases: it warns once, and keeps and tells each breach once.

Whoever looks first keeps it, in one transaction with the message that tells it; a second process, or this one after it
was killed, finds it kept. Reassigning, putting aside and labelling anew change none of that.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, exists
from sqlmodel import Session, col, select

from webcare import wording
from webcare.alerting.notifying import notify
from webcare.cases.clocks import Clock, ClockKind, InForce, answer_clock, resolution_clocks
from webcare.cases.deadlines import BREACH, WARNING, AlertKind, keep_alert
from webcare.deciding import own_queues
from webcare.domain import ACTIVE_STATES, N_, CaseState, DeliveryState, Said
from webcare.languages import Each
from webcare.settings import AlertSettings, Notice
from webcare.store import Store
from webcare.store.engine import LOCKED
from webcare.store.mentions import chunks
from webcare.store.tables import AgentRow, CaseRow, DeliveryRow
from webcare.store.tables_alerts import DeadlineAlertRow
from webcare.store.tables_desk import HandoverRow, PromiseRow

#: Alerts kept in one transaction, so that nobody waits long for the database.
_AT_ONCE = 50
#: Cases whose history is read in one go.
_HISTORIES = 300
#: A breach this old is kept but not told: the jobs were down for long, or the targets were set just now.
_TOLD_WITHIN = timedelta(hours=12)
#: A reply in one of these states may stand there already.
_MAY_STAND = (DeliveryState.SENDING.value, DeliveryState.UNCONFIRMED.value, DeliveryState.NEEDS_HUMAN.value)
#: What is said of each clock: near its deadline, and past it.
_SUBJECTS = {
    ClockKind.FIRST: (N_("Case {case}: the first answer is due soon"), N_("Case {case}: the first answer is late")),
    ClockKind.NEXT: (N_("Case {case}: the next answer is due soon"), N_("Case {case}: the next answer is late")),
    ClockKind.RESOLUTION: (N_("Case {case}: the solution is due soon"), N_("Case {case}: the solution is late")),
}

Found = tuple[Clock, AlertKind]


def watch(store: Store, settings: AlertSettings, *, now: datetime) -> int:
    """Keep what is near or late now and was not kept before, and queue its messages; gives how many were kept."""
    with store.read() as session:
        in_force = InForce(session)
        found = [*_answers(session, in_force, settings, now), *_solutions(session, in_force, settings, now)]
    kept = 0
    for part in chunks(found, _AT_ONCE):
        with store.write() as session:
            kept += sum(_keep(session, clock, kind, settings, now) for clock, kind in part)
    return kept


def _answers(session: Session, in_force: InForce, settings: AlertSettings, now: datetime) -> Iterable[Found]:
    late = col(CaseRow.respond_by) <= now
    waiting = col(CaseRow.waiting_since)
    query = select(CaseRow).where(
        col(CaseRow.state) != CaseState.RESOLVED.value,
        waiting.is_not(None),
        (late & ~_kept(BREACH, waiting)) | (~late & ~_kept(WARNING, waiting)),
    )
    found = [
        (clock, kind)
        for case in session.exec(query)
        if (clock := answer_clock(case, in_force, settings.warn_at)) and (kind := _kind(clock, now))
    ]
    unsure = _on_its_way(session, [clock.case_id for clock, kind in found if kind == BREACH])
    return [
        (clock, kind)
        for clock, kind in found
        if kind == WARNING or clock.deadline is None or not any(at <= clock.deadline for at in unsure(clock.case_id))
    ]


def _solutions(session: Session, in_force: InForce, settings: AlertSettings, now: datetime) -> Iterable[Found]:
    shortest = in_force.shortest_resolution
    if shortest is None:
        return []
    owed = exists().where(col(PromiseRow.case_id) == col(CaseRow.id), col(PromiseRow.state) == "open") | exists().where(
        col(HandoverRow.case_id) == col(CaseRow.id), col(HandoverRow.closed_at).is_(None)
    )
    query = select(CaseRow).where(
        # While it is the customer's turn and nothing is owed the clock stands still.
        col(CaseRow.state).in_([*ACTIVE_STATES, CaseState.SNOOZED.value])
        | ((col(CaseRow.state) == CaseState.WAITING.value) & owed),
        col(CaseRow.first_posted_at) <= now - shortest * settings.warn_at,
        # The solution of a case that came back has a clock that began later.
        (col(CaseRow.reopened) > 0) | ~_kept(BREACH, col(CaseRow.first_posted_at), ClockKind.RESOLUTION),
    )
    found: list[Found] = []
    for part in chunks(list(session.exec(query)), _HISTORIES):
        known = _known_solutions(session, part)
        for clock in resolution_clocks(session, part, in_force, part=settings.warn_at).values():
            kind = _kind(clock, now)
            if kind and (clock.case_id, kind, clock.since) not in known:
                found.append((clock, kind))
    return found


def _kind(clock: Clock, now: datetime) -> AlertKind | None:
    return BREACH if clock.is_late(now) else WARNING if clock.is_near(now) else None


def _kept(kind: AlertKind, since: Any, clock: ClockKind | None = None) -> ColumnElement[bool]:
    row = DeadlineAlertRow
    clocks = [clock.value] if clock else [ClockKind.FIRST.value, ClockKind.NEXT.value]
    return exists().where(
        col(row.case_id) == col(CaseRow.id), col(row.clock).in_(clocks), col(row.kind) == kind, col(row.since) == since
    )


def _known_solutions(session: Session, cases: Sequence[CaseRow]) -> set[tuple[int, str, datetime]]:
    query = select(DeadlineAlertRow.case_id, DeadlineAlertRow.kind, DeadlineAlertRow.since).where(
        col(DeadlineAlertRow.case_id).in_([case.id for case in cases]),
        DeadlineAlertRow.clock == ClockKind.RESOLUTION.value,
    )
    return set(session.exec(query))


class _Unsure(dict[int, list[datetime]]):
    """When replies of a case began to leave that nobody knows the end of."""

    def __call__(self, case_id: int) -> list[datetime]:
        return self.get(case_id, [])


def _on_its_way(session: Session, case_ids: Sequence[int]) -> _Unsure:
    """A reply that may stand there since before its deadline must not be called late before that is known."""
    found = _Unsure()
    for part in chunks(case_ids):
        query = select(DeliveryRow.case_id, DeliveryRow.attempt_started_at).where(
            col(DeliveryRow.case_id).in_(part), col(DeliveryRow.state).in_(_MAY_STAND)
        )
        for case_id, at in session.exec(query):
            if at is not None:
                found.setdefault(case_id, []).append(at)
    return found


def _keep(session: Session, clock: Clock, kind: AlertKind, settings: AlertSettings, now: datetime) -> bool:
    """Look once more, now that nobody can change the case, then keep it and queue the message."""
    case = session.get(CaseRow, clock.case_id, with_for_update=LOCKED, populate_existing=True)
    if case is None or case.state == CaseState.RESOLVED:
        return False
    if clock.kind is not ClockKind.RESOLUTION and case.waiting_since != clock.since:
        return False
    if not keep_alert(session, case, clock, kind, now=now):
        return False
    assert clock.deadline is not None
    if now - clock.deadline < _TOLD_WITHIN:
        _tell(session, case, clock, kind, now)
    return True


def _tell(session: Session, case: CaseRow, clock: Clock, kind: AlertKind, now: datetime) -> None:
    late = kind == BREACH
    lines = [
        Said("Due {moment}", moment=clock.deadline),
        Said(
            "Network {network}, queue {queue}, urgency {urgency}",
            network=Said(wording.CHANNELS.get(case.channel, case.channel)),
            queue=_queue_said(session, case.queue, now),
            urgency=Said(wording.URGENCIES.get(case.urgency, case.urgency)),
        ),
        _with_whom(session, case),
    ]
    notice = Notice.DEADLINE_MISSED if late else Notice.DEADLINE_NEAR
    subject = Said(_SUBJECTS[clock.kind][late], case=str(case.id))
    notify(session, notice, subject, lines, now=now, case_id=case.id, agent_id=case.assignee_id)


def _queue_said(session: Session, name: str, now: datetime) -> object:
    own = {queue.name: queue for queue in own_queues(session, at=now)}
    return Each(own[name].titles) if name in own else Said(wording.QUEUES.get(name, name))


def _with_whom(session: Session, case: CaseRow) -> Said:
    person = session.get(AgentRow, case.assignee_id) if case.assignee_id is not None else None
    return Said("With {name}", name=person.name) if person is not None else Said("Nobody has it")
