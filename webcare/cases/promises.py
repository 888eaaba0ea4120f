"""Promises: what a reply of ours said would happen by a time, until somebody says that it did.

Found when a reply stands on the network (`promise_words`), settled by people, marked broken once by a job when the
time has passed and nobody wrote to the customer again. Nothing here talks to a network.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, update
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from webcare import policies
from webcare.cases.closing import back_in_queue
from webcare.cases.parts import SPAN, whole_text
from webcare.cases.promise_words import ZONE, Workday, promises_in, weekdays_only
from webcare.cases.record import EventKind, changed, load_to_change, typed_text
from webcare.domain import Actor, CaseState, DeliveryState
from webcare.errors import CaseStateRefused
from webcare.hours import HoursWrong, OpeningHours, read_hours
from webcare.people import Permission, person_id
from webcare.store.bulk import storable
from webcare.store.tables import AgentRow, CaseRow, DeliveryRow
from webcare.store.tables_desk import PromiseRow

OPEN, KEPT, BROKEN, DROPPED = "open", "kept", "broken", "dropped"
KEEPER = Actor.system("promises")
#: Promises one run of the job marks, so that a long absence does not hold the writer up.
_AT_ONCE = 200
#: Longest sentence kept, in characters; the reply itself has all of it.
_LONGEST = 400
#: Promises on the list.
_LISTED = 200
_SENT = DeliveryState.SENT.value


@dataclass(frozen=True, slots=True)
class PromiseView:
    """One promise with what a list needs of its case."""

    id: int
    case_id: int
    delivery_id: int
    words: str
    sentence: str
    due_at: datetime
    found_at: datetime
    state: str
    moved_from: datetime | None
    reason: str
    customer: str
    channel: str
    author: str  #: who wrote the reply
    assignee_id: int | None
    written_since: datetime | None  #: our next reply in the case that was sent after it; it may have settled it

    def late(self, now: datetime) -> bool:
        """Whether its time has passed and it was not kept."""
        return self.state == BROKEN or (self.state == OPEN and self.due_at < now)


# --- found --------------------------------------------------------------------------------------------------


def note_promises(session: Session, case: CaseRow, delivery: DeliveryRow, *, posted_at: datetime, now: datetime) -> int:
    """Keep what this reply, which stands on the network now, promises; gives how many. Again is harmless."""
    assert delivery.id is not None
    start, end = delivery.verdict.get(SPAN, (0, None))
    found = promises_in(
        whole_text(delivery),
        case.language,
        said_at=posted_at,
        zone=str(delivery.verdict.get(ZONE, "UTC")),
        workday=_workdays(session, case.queue, posted_at),
    )
    known = set(session.exec(select(PromiseRow.start).where(PromiseRow.delivery_id == delivery.id)))
    rows = [
        PromiseRow(
            case_id=delivery.case_id,
            delivery_id=delivery.id,
            start=one.start - start,
            words=one.words,
            sentence=one.sentence[:_LONGEST],
            due_at=one.due_at,
            found_at=now,
        )
        for one in found
        if one.start >= start and (end is None or one.start < end) and one.start - start not in known
    ]
    session.add_all(rows)
    return len(rows)


def drop_retracted(session: Session, delivery_id: int, *, now: datetime) -> int:
    """The reply was taken off the network: its promises with it. Gives how many were open."""
    done = session.execute(
        update(PromiseRow)
        .where(col(PromiseRow.delivery_id) == delivery_id, col(PromiseRow.state) == OPEN)
        .values(state=DROPPED, settled_at=now)
    )
    return int(done.rowcount)  # type: ignore[attr-defined]


def _workdays(session: Session, queue: str, at: datetime) -> Workday:
    """The days on which the desk works: by the hours decided for this queue, else Monday to Friday."""
    found = policies.in_force(session, f"hours:{queue}", at=at)
    if found is None:
        return weekdays_only
    try:
        hours = read_hours(found.value)
    except HoursWrong:
        return weekdays_only
    return lambda day: _opens(hours, day)


def _opens(hours: OpeningHours, day: date) -> bool:
    return day not in hours.holidays and bool(hours.week.get(day.isoweekday()))


# --- settled by people ----------------------------------------------------------------------------------------


def keep_promise(session: Session, promise_id: int, *, by: Actor, now: datetime) -> PromiseRow:
    """It was kept, in time or late. Raises CaseStateRefused when it is settled already."""
    return _settled(session, promise_id, KEPT, EventKind.PROMISE_KEPT, by=by, now=now)


def drop_promise(session: Session, promise_id: int, *, by: Actor, now: datetime) -> PromiseRow:
    """These words promise nothing; they count nowhere from now on."""
    return _settled(session, promise_id, DROPPED, EventKind.PROMISE_DROPPED, by=by, now=now)


def break_promise(session: Session, promise_id: int, *, by: Actor, now: datetime) -> PromiseRow:
    """It was not kept, whatever we wrote since. Raises CaseStateRefused before its time has passed."""
    row, case = _to_settle(session, promise_id, by, allowed=(OPEN,))
    if row.due_at > now:
        raise CaseStateRefused("This promise is not due yet.")
    row.state, row.settled_by, row.settled_at = BROKEN, person_id(by), now
    session.add(row)
    changed(session, case, EventKind.PROMISE_BROKEN, by=by, now=now, detail=_detail(row))
    return row


def move_promise(
    session: Session, promise_id: int, *, due_at: datetime, reason: str, by: Actor, now: datetime
) -> PromiseRow:
    """Another time was agreed on with the customer; the first one is kept beside it. `due_at` is aware and ahead."""
    reason = typed_text(reason, "reason")
    if due_at.tzinfo is None or due_at <= now:
        raise CaseStateRefused("Choose a time in the future for this promise.")
    row, case = _to_settle(session, promise_id, by, allowed=(OPEN, BROKEN))
    detail = {**_detail(row), "due_at": due_at.isoformat(), "reason": reason}
    row.moved_from, row.due_at, row.reason = row.moved_from or row.due_at, due_at, storable(reason)
    row.state, row.settled_by, row.settled_at = OPEN, None, None
    session.add(row)
    changed(session, case, EventKind.PROMISE_MOVED, by=by, now=now, detail=detail)
    return row


def _settled(session: Session, promise_id: int, state: str, kind: EventKind, *, by: Actor, now: datetime) -> PromiseRow:
    row, case = _to_settle(session, promise_id, by, allowed=(OPEN, BROKEN))
    row.state, row.settled_by, row.settled_at = state, person_id(by), now
    session.add(row)
    changed(session, case, kind, by=by, now=now, detail=_detail(row))
    return row


def _to_settle(session: Session, promise_id: int, by: Actor, *, allowed: Sequence[str]) -> tuple[PromiseRow, CaseRow]:
    found = session.get(PromiseRow, promise_id)
    if found is None:
        raise CaseStateRefused("This promise does not exist (any more).")
    # The case first: two people who settle at once wait for each other here.
    case = load_to_change(session, found.case_id, by=by, needs=Permission.WORK_CASES)
    row = session.get(PromiseRow, promise_id, populate_existing=True)
    assert row is not None
    if row.state not in allowed:
        raise CaseStateRefused("A colleague settled this promise already.")
    return row, case


def _detail(row: PromiseRow) -> dict[str, Any]:
    return {"promise_id": row.id, "words": row.words, "due_at": row.due_at.isoformat()}


# --- broken -----------------------------------------------------------------------------------------------------


def somebody_waits(session: Session, *, now: datetime) -> bool:
    """Whether the job has anything to mark; one look at an index."""
    return session.exec(_due_unanswered(now).limit(1)).first() is not None


def mark_broken(session: Session, *, now: datetime) -> int:
    """Mark what is past due, each once, and put its case back before people; gives how many.

    Where we wrote again since, the desk asks "kept?" instead: only a person knows what that reply settled.
    """
    rows = list(session.exec(_due_unanswered(now).order_by(col(PromiseRow.due_at)).limit(_AT_ONCE)))
    broken = 0
    for row in rows:
        case = load_to_change(session, row.case_id, by=KEEPER, needs=Permission.SEE_CASES)
        done = session.execute(
            update(PromiseRow)
            .where(col(PromiseRow.id) == row.id, col(PromiseRow.state) == OPEN, col(PromiseRow.due_at) < now)
            .values(state=BROKEN)
        )
        if done.rowcount != 1:  # type: ignore[attr-defined]
            continue
        broken += 1
        if case.state in (CaseState.WAITING, CaseState.RESOLVED):
            back_in_queue(case)
            # What was promised is owed by then; no message of the customer says so.
            case.respond_by = row.due_at
        changed(session, case, EventKind.PROMISE_BROKEN, by=KEEPER, now=now, detail=_detail(row))
    return broken


def _due_unanswered(now: datetime) -> Any:
    return select(PromiseRow).where(PromiseRow.state == OPEN, col(PromiseRow.due_at) < now, ~_later(_LATER.id).exists())


def _later(*what: Any) -> Any:
    """Replies of ours in the same case that were sent after the one that promised; goes with PromiseRow."""
    said = aliased(DeliveryRow)
    return (
        select(*what)
        .select_from(_LATER)
        .join(said, col(said.id) == col(PromiseRow.delivery_id))
        .where(
            col(_LATER.case_id) == col(PromiseRow.case_id),
            col(_LATER.state) == _SENT,
            col(_LATER.retracted_at).is_(None),
            col(_LATER.posted_at) > col(said.posted_at),
            # Further parts of the same answer were made with it: they are no later word.
            col(_LATER.created_at) > col(said.created_at),
        )
        .correlate(PromiseRow)
    )


_LATER = aliased(DeliveryRow)


# --- shown ------------------------------------------------------------------------------------------------------


def promises_of(session: Session, case_id: int) -> tuple[PromiseView, ...]:
    """The promises of one case that are open or broken, the earliest first."""
    query = _views().where(col(PromiseRow.case_id) == case_id, col(PromiseRow.state).in_((OPEN, BROKEN)))
    return _read(session, query)


def promise_list(session: Session, *, assignee_id: int | None = None) -> tuple[PromiseView, ...]:
    """Every promise that is open or broken, the earliest due first; of one person's cases where `assignee_id` says."""
    query = _views().where(col(PromiseRow.state).in_((OPEN, BROKEN)))
    if assignee_id is not None:
        query = query.where(col(CaseRow.assignee_id) == assignee_id)
    return _read(session, query.limit(_LISTED))


def late_count(session: Session, *, now: datetime) -> int:
    """How many promises are late: broken, or due and not settled."""
    late = (col(PromiseRow.state) == BROKEN) | ((col(PromiseRow.state) == OPEN) & (col(PromiseRow.due_at) < now))
    return int(session.exec(select(func.count()).select_from(PromiseRow).where(late)).one())


def _views() -> Any:
    return (
        select(PromiseRow, CaseRow, AgentRow.name, _later(func.min(_LATER.posted_at)).scalar_subquery())
        .join(CaseRow, col(CaseRow.id) == col(PromiseRow.case_id))
        .join(DeliveryRow, col(DeliveryRow.id) == col(PromiseRow.delivery_id))
        .join(AgentRow, col(AgentRow.id) == col(DeliveryRow.author_id))
        .order_by(col(PromiseRow.due_at), col(PromiseRow.id))
    )


def _read(session: Session, query: Any) -> tuple[PromiseView, ...]:
    return tuple(_view(row, case, author, written) for row, case, author, written in session.exec(query))


def _view(row: PromiseRow, case: CaseRow, author: str, written: datetime | None) -> PromiseView:
    assert row.id is not None
    return PromiseView(
        id=row.id,
        case_id=row.case_id,
        delivery_id=row.delivery_id,
        words=row.words,
        sentence=row.sentence,
        due_at=row.due_at,
        found_at=row.found_at,
        state=row.state,
        moved_from=row.moved_from,
        reason=row.reason,
        customer=case.customer_name or case.customer_handle,
        channel=case.channel,
        author=author,
        assignee_id=case.assignee_id,
        written_since=written,
    )
