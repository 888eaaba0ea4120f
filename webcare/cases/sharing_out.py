"""Giving out cases by itself: to people who are in, below their limit and know what it takes, in turn.

The policy "sharing_out" says for each queue whether and how; nothing is given out where nobody decided so. Who gets
what is planned without the database (`plan`), then done case by case: each in a transaction of its own that looks
again whether the case still waits and the person still can, so that two workers never give one case twice.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from webcare import policies
from webcare.cases.assignment import give, put_back
from webcare.cases.at_work import DEFAULT, AtWork, Colleague, colleagues_at_work, locked
from webcare.cases.record import EventKind, changed, load_to_change
from webcare.cases.skills import can_answer
from webcare.domain import ACTIVE_STATES, Actor, CaseState, Line, Role
from webcare.errors import CaseChanged, CaseNotFound, WebcareError
from webcare.people import Permission
from webcare.policies import Policy
from webcare.store import Store
from webcare.store.tables import CaseRow

POLICY = "sharing_out"
#: Most cases of one queue looked at in one run; the most urgent ones.
_AT_ONCE = 200
_JOB = Actor.system("sharing_out")
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class SharingWrong(WebcareError):
    """This policy of sharing out cannot be used; the message says which part and why."""


class Mode(StrEnum):
    """How a queue is given out."""

    OFF = "off"
    ROUND_ROBIN = "round_robin"  #: the most urgent case first, to whoever got none for longest
    SKILL_FIRST = "skill_first"  #: the same, but what takes a skill before what anybody can answer


@dataclass(frozen=True, slots=True)
class QueueRule:
    """How one queue is given out."""

    mode: Mode = Mode.OFF
    most: int = 0  #: open cases one person may have before getting more; 0 = only their own capacity counts
    roles: tuple[Role, ...] = (Role.FIRST_LINE,)

    def limit(self, person: Taker) -> int:
        """Most open cases this person may have; 0 = no limit."""
        limits = [one for one in (self.most, person.capacity) if one]
        return min(limits, default=0)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A case nobody has."""

    id: int
    version: int
    skill: str = ""


@dataclass(slots=True)
class Taker:
    """Somebody who is in."""

    id: int
    skills: Collection[str] = ()
    capacity: int = 0
    open: int = 0
    given_at: datetime | None = None
    turn: int = field(default=0, compare=False)  #: how late in this plan they last got a case

    @property
    def order(self) -> tuple[int, datetime, int]:
        """Whoever got no case for longest comes first."""
        return self.turn, self.given_at or _LONG_AGO, self.id


def plan(
    waiting: Sequence[Waiting], people: Sequence[Taker], rule: QueueRule, known: Collection[str] = ()
) -> list[tuple[Waiting, int]]:
    """Who gets which case, in the order they are given; cases that nobody can take are left out.

    `waiting` is in the order of the queue, `people` are those who are in. `known` are the skills that anybody working
    this queue has, in or not: a case that takes another one can be given to anybody.
    """
    if rule.mode is Mode.OFF:
        return []
    people = [Taker(one.id, one.skills, one.capacity, one.open, one.given_at) for one in people]
    known = {*known, *(skill for one in people for skill in one.skills)}
    if rule.mode is Mode.SKILL_FIRST:
        waiting = sorted(waiting, key=lambda case: not (case.skill and case.skill in known))
    given: list[tuple[Waiting, int]] = []
    for case in waiting:
        takes = case.skill if case.skill in known else ""
        able = [one for one in people if can_answer(one.skills, takes) and _has_room(one, rule)]
        if not able:
            continue
        taker = min(able, key=lambda one: one.order)
        given.append((case, taker.id))
        taker.open, taker.turn = taker.open + 1, len(given)
    return given


def _has_room(person: Taker, rule: QueueRule) -> bool:
    limit = rule.limit(person)
    return not limit or person.open < limit


# --- the policy -----------------------------------------------------------------------------------------


def sharing_rules(session: Session, *, at: datetime) -> dict[str, QueueRule]:
    """The queues that are given out at a moment, and how."""
    policy = policies.in_force(session, POLICY, at=at)
    rules = read_sharing(policy.value) if policy else {}
    return {queue: rule for queue, rule in rules.items() if rule.mode is not Mode.OFF}


def decide_sharing(
    session: Session, value: Mapping[str, Any], *, valid_from: datetime, by: Actor, now: datetime
) -> Policy:
    """Decide which queues are given out. Raises NotAllowed without EDIT_POLICIES, SharingWrong for a bad value."""
    read_sharing(value)
    return policies.decide(session, POLICY, value, valid_from=valid_from, by=by, now=now)


def read_sharing(value: Mapping[str, Any]) -> dict[str, QueueRule]:
    """The policy as it is kept. Raises SharingWrong naming what is wrong.

    `{"queues": {"second_line": {"mode": "skill_first", "most": 8, "roles": ["second_line"]}}}`; all but the mode may
    be left out.
    """
    queues = value.get("queues", {})
    if set(value) - {"queues"} or not isinstance(queues, Mapping):
        raise SharingWrong("Sharing out has one part, the queues and how each is given out.")
    return {str(queue): _rule(str(queue), one) for queue, one in queues.items()}


def _rule(queue: str, value: Any) -> QueueRule:
    if not isinstance(value, Mapping) or set(value) - {"mode", "most", "roles"}:
        raise SharingWrong("Queue {queue} needs a mode, and may have most and roles.", queue=queue)
    mode, most = value.get("mode"), value.get("most", 0)
    if str(mode) not in set(Mode):
        raise SharingWrong("Queue {queue} is given out in no way called {mode}.", queue=queue, mode=str(mode)[:40])
    if not isinstance(most, int) or isinstance(most, bool) or most < 0:
        raise SharingWrong("The most cases of queue {queue} must be a whole number.", queue=queue)
    return QueueRule(Mode(str(mode)), most, _roles(queue, value.get("roles")))


def _roles(queue: str, value: Any) -> tuple[Role, ...]:
    if value is None:
        return (Role.SECOND_LINE,) if queue == Line.SECOND_LINE else (Role.FIRST_LINE,)
    working = {Role.FIRST_LINE, Role.SECOND_LINE, Role.TEAM_LEAD, Role.ADMIN}
    if not isinstance(value, Sequence) or isinstance(value, str) or not value or set(map(str, value)) - working:
        raise SharingWrong("Queue {queue} can be given to first line, second line, team lead or admin.", queue=queue)
    return tuple(Role(one) for one in value)


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a way of giving out would do with a queue at this moment."""

    waiting: int  #: cases that nobody has
    people: int  #: colleagues of its roles who are in
    given: int  #: cases they would get at once


def outlook(session: Session, queue: str, queue_rule: QueueRule, *, now: datetime, rule: AtWork = DEFAULT) -> Outlook:
    """Look what would be given out now; nothing is."""
    there = [one for one in colleagues_at_work(session) if one.role in queue_rule.roles and one.is_in(now, rule)]
    given = _planned(session, queue, queue_rule, now, rule)
    return Outlook(len(_waiting(session, queue)), len(there), len(given))


# --- done at the desk -----------------------------------------------------------------------------------


def share_out(store: Store, *, now: datetime, rule: AtWork = DEFAULT) -> int:
    """Give out what waits in the queues that are given out; gives how many cases. Harmless side by side."""
    given = 0
    with store.read() as session:
        rules = sharing_rules(session, at=now)
    for queue, queue_rule in rules.items():
        with store.read() as session:
            planned = _planned(session, queue, queue_rule, now, rule)
        given += sum(_give(store, queue, queue_rule, case, to, now, rule) for case, to in planned)
    return given


def _planned(
    session: Session, queue: str, queue_rule: QueueRule, now: datetime, rule: AtWork
) -> list[tuple[Waiting, int]]:
    waiting = _waiting(session, queue)
    if not waiting:
        return []
    members = [one for one in colleagues_at_work(session) if one.active and one.role in queue_rule.roles]
    known = {skill for one in members for skill in one.skills}
    return plan(waiting, [_taker(one) for one in members if one.is_in(now, rule)], queue_rule, known)


def _waiting(session: Session, queue: str) -> list[Waiting]:
    query = (
        select(col(CaseRow.id), col(CaseRow.version), col(CaseRow.skill))
        .where(
            col(CaseRow.queue) == queue,
            col(CaseRow.state) == CaseState.NEW.value,
            col(CaseRow.assignee_id).is_(None),
        )
        .order_by(col(CaseRow.priority), col(CaseRow.respond_by), col(CaseRow.id))
        .limit(_AT_ONCE)
    )
    return [Waiting(*row) for row in session.execute(query)]


def _taker(one: Colleague) -> Taker:
    return Taker(one.id, one.skills, one.capacity, one.open, one.given_at)


def _give(store: Store, queue: str, queue_rule: QueueRule, case: Waiting, to: int, now: datetime, rule: AtWork) -> bool:
    """Give one case, if it still waits and the person still can take it; False is no harm, the next run plans anew."""
    try:
        with store.write() as session:
            row = load_to_change(session, case.id, by=_JOB, needs=Permission.RUN_JOBS, version=case.version)
            person = locked(session, to)
            if person is None or not person.is_in(now, rule) or not _has_room(_taker(person), queue_rule):
                return False
            give(session, row, to, now=now)
            detail = {"to": to, "to_name": person.name, "mode": queue_rule.mode.value, "queue": queue}
            changed(session, row, EventKind.SHARED_OUT, by=_JOB, now=now, detail=detail)
    except (CaseChanged, CaseNotFound):
        return False
    return True


def take_from_absent(store: Store, *, now: datetime, rule: AtWork = DEFAULT) -> int:
    """Put the open cases of people who left or are gone for long back in their queues; gives how many cases."""
    with store.read() as session:
        gone = [one.id for one in colleagues_at_work(session) if one.open and one.is_gone(now, rule)]
        query = select(col(CaseRow.id), col(CaseRow.assignee_id)).where(
            col(CaseRow.assignee_id).in_(gone), col(CaseRow.state).in_(ACTIVE_STATES)
        )
        held = [(case_id, agent_id) for case_id, agent_id in session.execute(query.order_by(col(CaseRow.id)))]
    return sum(_take(store, case_id, agent_id, now, rule) for case_id, agent_id in held)


def _take(store: Store, case_id: int, agent_id: int, now: datetime, rule: AtWork) -> bool:
    with store.write() as session:
        case = load_to_change(session, case_id, by=_JOB, needs=Permission.RUN_JOBS)
        person = locked(session, agent_id)
        why = person.is_gone(now, rule) if person is not None else ""
        if not why or person is None or case.assignee_id != agent_id or case.state not in ACTIVE_STATES:
            return False
        put_back(session, case)
        detail = {"from": agent_id, "from_name": person.name, "why": why}
        changed(session, case, EventKind.GIVEN_BACK, by=_JOB, now=now, detail=detail)
        return True
