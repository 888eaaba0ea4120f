"""The three clocks of a case and what each waits for: our first answer, our next answer, the solution.

An answer is not the solution, so each runs by itself:

* **first** and **next** run from the first message of the customer that nobody answered until our reply stands on the
  network. They never pause: not while a case is put aside, asked about elsewhere or given to somebody else.
* **resolution** runs from the customer's first message until the case is closed, for the target in force when it
  began. It pauses only while it is the customer's turn: from a reply of ours that left nothing unanswered until the
  customer writes, or until somebody takes the case up again or puts it aside. It does not pause while we owe something,
  that is, while a promise of ours or a question to the second line is open. Where a case moves to another queue, the
  stricter target of the two counts. Only the customer can start it anew, by writing after the case was closed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache, cached_property
from typing import Any

from sqlalchemy import Executable
from sqlmodel import Session, col, select

from webcare.cases.record import EventKind
from webcare.deciding.current import HOURS, TARGETS, standing
from webcare.domain import CaseState, DeliveryState, Urgency
from webcare.hours import OpeningHours
from webcare.store.marks import only_a_mark
from webcare.store.prepared import run
from webcare.store.tables import CaseEventRow, CaseRow, DeliveryRow, MentionRow
from webcare.store.tables_desk import HandoverRow, PolicyRow, PromiseRow
from webcare.targets import Target, Targets

Stretch = tuple[datetime, datetime | None]  #: from and until; None = it goes on


class ClockKind(StrEnum):
    """What a clock waits for."""

    FIRST = "first"
    NEXT = "next"
    RESOLUTION = "resolution"


@dataclass(frozen=True, slots=True)
class Clock:
    """One running clock of one case. `deadline` and `near_at` are None while it pauses."""

    case_id: int
    kind: ClockKind
    since: datetime
    deadline: datetime | None
    near_at: datetime | None  #: from then on the deadline is near

    def is_near(self, now: datetime) -> bool:
        """Whether people should be warned: near the deadline and not past it."""
        return self.near_at is not None and self.near_at <= now and not self.is_late(now)

    def is_late(self, now: datetime) -> bool:
        """Whether the deadline has passed."""
        return self.deadline is not None and self.deadline <= now


class InForce:
    """The targets and hours by the moment from which they counted; each version is read once."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._read: dict[int, Targets] = {}

    def at(self, moment: datetime) -> Targets:
        """What counted at a moment."""
        version = bisect_right(self._changes, moment)
        if version not in self._read:
            known = standing(self._session, at=self._changes[version - 1]).targets if version else Targets()
            self._read[version] = known
        return self._read[version]

    @cached_property
    def _changes(self) -> list[datetime]:
        """When something of it began to count, oldest first."""
        return sorted(set(run(self._session, _beginnings()).scalars()))

    @cached_property
    def shortest_resolution(self) -> timedelta | None:
        """The shortest target any version ever set for a solution; None where none does."""
        values = run(self._session, _target_values()).scalars()
        minutes = [row["resolution"] for value in values for row in value.get("rows", []) if row.get("resolution")]
        return timedelta(minutes=min(minutes)) if minutes else None


def answer_clock(case: CaseRow, in_force: InForce, part: float) -> Clock | None:
    """The clock of the answer owed now; None where nothing waits. `part` of its time may pass without a warning."""
    if case.waiting_since is None or case.state == CaseState.RESOLVED or case.id is None:
        return None
    kind = ClockKind.FIRST if case.first_response_at is None else ClockKind.NEXT
    targets = in_force.at(case.waiting_since)
    hours = _hours(targets, _row(targets, case, case.queue), case.queue)
    near = near_at(case.waiting_since, case.respond_by, hours, part)
    return Clock(case.id, kind, case.waiting_since, case.respond_by, near)


def near_at(since: datetime, deadline: datetime, hours: OpeningHours | None, part: float) -> datetime:
    """When `part` (0..1) of the time until a deadline is used up; of its open time where there are hours."""
    open_time = hours.between(since, deadline) if hours is not None else timedelta()
    if hours is None or not open_time:
        return since + (deadline - since) * part
    return min(hours.add(since, open_time * part), deadline)


def resolution_clocks(
    session: Session, cases: Sequence[CaseRow], in_force: InForce, *, part: float
) -> dict[int, Clock]:
    """The clocks of the solution of these cases, by case; closed ones and those without a target have none."""
    open_cases = [case for case in cases if case.state != CaseState.RESOLVED]
    if not open_cases or in_force.shortest_resolution is None:
        return {}
    pasts = _pasts(session, open_cases)
    found = (_resolution(case, pasts[case.id or 0], in_force, part) for case in open_cases)
    return {clock.case_id: clock for clock in found if clock is not None}


def solution_clock(session: Session, case_id: int, *, part: float) -> Clock | None:
    """The clock of the solution of one case, for its page; None where none runs or it pauses."""
    in_force = InForce(session)
    if in_force.shortest_resolution is None or (case := session.get(CaseRow, case_id)) is None:
        return None
    clock = resolution_clocks(session, [case], in_force, part=part).get(case_id)
    return clock if clock is not None and clock.deadline is not None else None


def spent(start: datetime, span: timedelta, pauses: Iterable[Stretch], hours: OpeningHours | None) -> datetime | None:
    """When `span` of (open) time is over that began at `start` and stood still in `pauses`, oldest first.

    None while it stands still.
    """
    left, at = span, start
    for begins, ends in pauses:
        begins = max(begins, at)
        used = hours.between(at, begins) if hours is not None else begins - at
        if used >= left:
            break
        if ends is None:
            return None
        left, at = left - used, max(ends, at)
    return at + left if hours is None else hours.add(at, left)


# --- what the history of a case says ------------------------------------------------------------------------


@dataclass(slots=True)
class _Past:
    """What the clock of the solution asks of a case's history."""

    queue: str  #: where it was when it was opened
    since: datetime | None = None  #: when the customer brought it back after it was closed
    wrote: list[tuple[datetime, datetime]] = field(default_factory=list)  #: the customer: posted, collected
    replied: list[tuple[datetime, datetime]] = field(default_factory=list)  #: we: posted, approved
    taken_up: list[datetime] = field(default_factory=list)  #: our turn again though the customer wrote nothing
    owed: list[Stretch] = field(default_factory=list)  #: a promise or a question of ours was open

    def pauses(self) -> list[Stretch]:
        """When it was the customer's turn, oldest first."""
        found: list[Stretch] = []
        for posted, approved in sorted(self.replied):
            if any(wrote <= posted and collected > approved for wrote, collected in self.wrote):
                continue
            ours = [wrote for wrote, _ in self.wrote if wrote > posted]
            ours += [moment for moment in self.taken_up if moment >= posted]
            end = min(ours, default=None)
            if not found or found[-1][1] is not None:
                start = max(posted, found[-1][1]) if found and found[-1][1] is not None else posted
                found += [(start, end)] if end is None or start < end else []
        return _without(found, self.owed)


def _resolution(case: CaseRow, past: _Past, in_force: InForce, part: float) -> Clock | None:
    """By the stricter of the targets of the queue where the case began and of the one where it is."""
    assert case.id is not None
    since = past.since or case.first_posted_at
    targets, pauses, clocks = in_force.at(since), past.pauses(), []
    for queue in dict.fromkeys((past.queue, case.queue)):
        row = _row(targets, case, queue)
        if row is None or row.resolution is None:
            continue
        hours = _hours(targets, row, queue)
        deadline = spent(since, row.resolution, pauses, hours)
        near = spent(since, row.resolution * part, pauses, hours) if deadline is not None else None
        clocks.append(Clock(case.id, ClockKind.RESOLUTION, since, deadline, near))
    # One that pauses cannot be late, so it is the one that counts only where both pause.
    return min(clocks, key=lambda clock: (clock.deadline is None, clock.deadline or since), default=None)


def _row(targets: Targets, case: CaseRow, queue: str) -> Target | None:
    return targets.of(Urgency(case.urgency), queue, case.channel)


def _hours(targets: Targets, row: Target | None, queue: str) -> OpeningHours | None:
    return None if row is not None and row.round_the_clock else targets.hours_of(queue)


def _without(stretches: Sequence[Stretch], owed: Sequence[Stretch]) -> list[Stretch]:
    """The stretches less the times in which something was owed."""
    left = list(stretches)
    for begins, ends in owed:
        cut: list[Stretch] = []
        for start, end in left:
            if start < begins and (end is None or begins < end):
                cut.append((start, begins))
            elif end is not None and end <= begins:
                cut.append((start, end))
            if ends is not None and (end is None or ends < end):
                cut.append((max(start, ends), end))
        left = cut
    return sorted(set(left), key=lambda stretch: stretch[0])


def _pasts(session: Session, cases: Sequence[CaseRow]) -> Mapping[int, _Past]:
    pasts = {case.id or 0: _Past(case.queue) for case in cases}
    ids = list(pasts)
    _read_events(session, pasts, ids)
    wrote = select(MentionRow.case_id, MentionRow.posted_at, MentionRow.collected_at).where(
        col(MentionRow.case_id).in_(ids),
        col(MentionRow.is_ours).is_(False),
        col(MentionRow.is_repost).is_(False),
        ~only_a_mark(),
    )
    for case_id, posted, collected in session.exec(wrote):
        pasts[case_id or 0].wrote.append((posted, collected))
    replied = select(DeliveryRow.case_id, DeliveryRow.posted_at, DeliveryRow.created_at).where(
        col(DeliveryRow.case_id).in_(ids),
        DeliveryRow.state == DeliveryState.SENT.value,
        col(DeliveryRow.retracted_at).is_(None),
        col(DeliveryRow.survey).is_(False),
    )
    for case_id, sent, approved in session.exec(replied):
        if sent is not None:
            # What is recorded by hand was approved after it stood there.
            pasts[case_id].replied.append((sent, min(approved, sent)))
    _read_owed(session, pasts, ids)
    return pasts


#: After these it is our turn, whatever we answered before.
_OURS = frozenset({EventKind.REOPENED, EventKind.SNOOZED, EventKind.PROMISE_BROKEN, EventKind.WOKEN})


def _read_events(session: Session, pasts: Mapping[int, _Past], ids: Sequence[int]) -> None:
    kinds = [kind.value for kind in (*_OURS, EventKind.OPENED, EventKind.RESOLVED, EventKind.UNDONE)]
    query = (
        select(CaseEventRow)
        .where(col(CaseEventRow.case_id).in_(ids), col(CaseEventRow.kind).in_(kinds))
        .order_by(col(CaseEventRow.case_id), col(CaseEventRow.id))
    )
    closed: dict[int, bool] = defaultdict(bool)
    for event in session.exec(query):
        past = pasts[event.case_id]
        if event.kind == EventKind.OPENED:
            past.queue = str(event.detail.get("queue") or past.queue)
        elif event.kind == EventKind.REOPENED and closed[event.case_id] and event.actor_id is None:
            past.since = _written_at(session, event)
        if event.kind in _OURS:
            past.taken_up.append(event.at)
        closed[event.case_id] = event.kind == EventKind.RESOLVED


def _written_at(session: Session, event: CaseEventRow) -> datetime:
    """When the message stood there that brought a case back."""
    query = select(MentionRow.posted_at).where(
        MentionRow.case_id == event.case_id, MentionRow.external_id == str(event.detail.get("post", ""))
    )
    return session.exec(query).first() or event.at


def _read_owed(session: Session, pasts: Mapping[int, _Past], ids: Sequence[int]) -> None:
    promised = select(PromiseRow.case_id, PromiseRow.found_at, PromiseRow.settled_at).where(
        col(PromiseRow.case_id).in_(ids), PromiseRow.state != "dropped"
    )
    asked = select(HandoverRow.case_id, HandoverRow.asked_at, HandoverRow.closed_at).where(
        col(HandoverRow.case_id).in_(ids)
    )
    rows: Iterable[Any] = [*session.exec(promised), *session.exec(asked)]
    for case_id, begins, ends in rows:
        pasts[case_id].owed.append((begins, ends))


@cache
def _beginnings() -> Executable:
    hours = col(PolicyRow.name).startswith(HOURS, autoescape=True)
    return select(PolicyRow.valid_from).where((col(PolicyRow.name) == TARGETS) | hours)


@cache
def _target_values() -> Executable:
    return select(PolicyRow.value).where(PolicyRow.name == TARGETS)
