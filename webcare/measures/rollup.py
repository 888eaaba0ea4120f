"""Keeps the figures up to date: takes the cases that changed, counts them anew, replaces what they said before.

Each step is one transaction, so whenever the process dies the figures are those of before the step or after it, and
the next step takes the same cases again. What changed is known from three places: `figure_change`, written by triggers
in the transaction of the change itself; `figure_case.changes_at`, for what time alone changes; and a digest of what the
figures mean. In between cases are counted outside of the writing transaction; a change that comes meanwhile has a line
of its own in `figure_change` and is counted in the next step.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import delete, func, insert, select, update
from sqlmodel import Session, col

from webcare.measures.after import same_customer
from webcare.measures.clocks import DEFAULTS, Clocks, read_clocks
from webcare.measures.definitions import VERSIONS
from webcare.measures.facts import facts_of
from webcare.measures.history import histories
from webcare.measures.keeping import Record, change_of, record_of, replace_facts
from webcare.store import Store
from webcare.store.bulk import insert_rows
from webcare.store.mentions import chunks
from webcare.store.tables import CaseRow
from webcare.store.tables_desk import PolicyRow
from webcare.store.tables_measures import (
    FigureCaseRow,
    FigureChangeRow,
    FigureDayRow,
    FigureFactRow,
    FigureStateRow,
)

#: Cases of one step: SQLite has one writer, and nobody at the desk should notice that it counts.
AT_ONCE = 100
#: The same where so many wait that it is a recount: what many cases add to one sum is written once.
MANY = 500
#: Changes looked at for them; one case mostly has several.
_LOOKED_AT = 20 * AT_ONCE
#: Rows a recount from nothing takes away in one step.
_CLEARED = 10_000
_ONE = 1


@dataclass(frozen=True, slots=True)
class Counting:
    """What the figures are counted by, besides the cases."""

    zone: ZoneInfo  #: whose days the sums are of
    defaults: Mapping[str, timedelta]  #: targets of first answers where nobody decided any

    @property
    def meaning(self) -> str:
        """A digest of all that changes the figures of every case at once."""
        said = [
            str(self.zone),
            sorted(map(list, VERSIONS)),
            {name: span.total_seconds() for name, span in self.defaults.items()},
        ]
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Step:
    """What one step came to."""

    counted: int = 0  #: cases counted, or rows cleared
    again: bool = False  #: more is waiting


@dataclass(frozen=True, slots=True)
class _Work:
    """What a step found to do, as it stood when it looked."""

    turn: int
    changes: tuple[int, ...]  #: lines of `figure_change` that this step settles
    cases: tuple[int, ...]
    policies: tuple[int, ...]
    again: bool


def counting(zone: ZoneInfo, defaults: Mapping[str, timedelta] = DEFAULTS) -> Counting:
    """By a zone and the targets of the settings."""
    return Counting(zone, defaults)


def waits(session: Session, rule: Counting, *, now: datetime) -> bool:
    """Whether there is anything to count. Two looks at an index."""
    state = session.get(FigureStateRow, _ONE)
    if state is None or state.clearing or state.meaning != rule.meaning:
        return True
    if session.execute(select(col(FigureChangeRow.id)).limit(1)).first() is not None:
        return True
    return session.execute(_due(now).limit(1)).first() is not None


def step(store: Store, rule: Counting, *, now: datetime) -> Step:
    """Count some of what changed. Harmless to repeat, to run beside another one, and to break off anywhere."""
    with store.read() as session:
        state = session.get(FigureStateRow, _ONE)
        if state is None or state.clearing or state.meaning != rule.meaning:
            work = None
        else:
            work = _look(session, state.turn, now)
            records, until = _count(session, work.cases, rule, now)
            # Made out before the writing: nobody at the desk waits for it, and the turn tells if it is still right.
            change = change_of(session, work.cases, records)
    if work is None:
        return _prepare(store, rule)
    if not work.changes and not work.cases:
        return Step()
    with store.write() as session:
        if not _take_turn(session, work.turn, now=now):
            return Step(again=True)
        replace_facts(session, change)
        _remember(session, work.cases, until, now)
        _mark_decided(session, work.policies)
        for part in chunks(work.changes):
            session.execute(delete(FigureChangeRow).where(col(FigureChangeRow.id).in_(part)))
    return Step(len(work.cases), work.again)


def catch_up(store: Store, rule: Counting, *, now: datetime) -> int:
    """Count until nothing waits; gives how many cases were counted."""
    counted = 0
    while True:
        done = step(store, rule, now=now)
        counted += done.counted
        if not done.again:
            return counted


def recount(store: Store, rule: Counting, *, now: datetime) -> int:
    """Throw all figures away and count every case from nothing. Broken off, the job goes on with it by itself."""
    with store.write() as session:
        state = _state(session)
        state.clearing, state.turn = True, state.turn + 1
        session.add(state)
    return catch_up(store, rule, now=now)


def kept_state(session: Session) -> FigureStateRow | None:
    """In which zone and when the figures were counted; None before anything was."""
    return session.get(FigureStateRow, _ONE)


def behind(session: Session) -> int:
    """How many cases changed and are not counted yet."""
    query = select(func.count(func.distinct(col(FigureChangeRow.case_id)))).where(col(FigureChangeRow.case_id) > 0)
    return int(session.execute(query).scalar() or 0)


# --- what to count ------------------------------------------------------------------------------------------


def _due(now: datetime) -> Any:
    query = select(col(FigureCaseRow.case_id)).where(col(FigureCaseRow.changes_at) <= now)
    return query.order_by(col(FigureCaseRow.changes_at), col(FigureCaseRow.case_id))


def _look(session: Session, turn: int, now: datetime) -> _Work:
    # The newest first: while a recount of everything is on its way, today's cases do not wait for it.
    query = select(col(FigureChangeRow.id), col(FigureChangeRow.case_id)).order_by(col(FigureChangeRow.id).desc())
    found = session.execute(query.limit(_LOOKED_AT)).all()
    waiting = list(dict.fromkeys(case_id for _, case_id in found))
    picked = waiting[: MANY if len(waiting) >= MANY else AT_ONCE]
    # All of their changes that can be seen here, by number: one that is still being written has a line of its own.
    theirs = select(col(FigureChangeRow.id)).where(col(FigureChangeRow.case_id).in_(picked))
    due = session.execute(_due(now).limit(AT_ONCE)).scalars().all()
    cases = same_customer(session, [case_id for case_id in picked if case_id > 0]) | set(due)
    return _Work(
        turn=turn,
        changes=tuple(session.execute(theirs).scalars()),
        cases=tuple(sorted(cases)),
        policies=tuple(-case_id for case_id in picked if case_id < 0),
        again=bool(found) or len(due) == AT_ONCE,
    )


def _count(
    session: Session, case_ids: Sequence[int], rule: Counting, now: datetime
) -> tuple[list[Record], dict[int, datetime | None]]:
    """The facts of these cases now, and until when each case's hold."""
    records: list[Record] = []
    until: dict[int, datetime | None] = {}
    clocks = read_clocks(session, defaults=rule.defaults) if case_ids else Clocks()
    for history in histories(session, case_ids):
        facts = facts_of(history, clocks, at=now, wanted=VERSIONS.keys())
        records += [record_of(fact, rule.zone) for fact in facts]
        # Moments of what is written already may come later too: another machine's clock goes ahead of ours.
        moments = [fact.changes_at for fact in facts] + list(history.moments())
        until[history.case_id] = min((one for one in moments if one is not None and one > now), default=None)
    return records, until


# --- writing ------------------------------------------------------------------------------------------------


def _take_turn(session: Session, seen: int, *, now: datetime) -> bool:
    """Whether nobody else counted since we looked. Holds the turn until the transaction ends."""
    mine = update(FigureStateRow).where(col(FigureStateRow.id) == _ONE, col(FigureStateRow.turn) == seen)
    return bool(session.execute(mine.values(turn=seen + 1, counted_at=now)).rowcount)  # type: ignore[attr-defined]


def _state(session: Session) -> FigureStateRow:
    state = session.get(FigureStateRow, _ONE, with_for_update=True, populate_existing=True)
    if state is None:
        state = FigureStateRow(id=_ONE)
        session.add(state)
        session.flush()
    return state


def _remember(session: Session, case_ids: Collection[int], until: Mapping[int, datetime | None], now: datetime) -> None:
    for part in chunks(sorted(case_ids)):
        session.execute(delete(FigureCaseRow).where(col(FigureCaseRow.case_id).in_(part)))
    rows = [{"case_id": one, "counted_at": now, "changes_at": moment} for one, moment in sorted(until.items())]
    insert_rows(session, FigureCaseRow, rows)


def _mark_decided(session: Session, policy_ids: Collection[int]) -> None:
    """Mark the cases that decisions may move: those not final yet, and those counted since it counts.

    A decision never counts from before it was made, so what was final by then stays as it is.
    """
    if not policy_ids:
        return
    query = select(func.min(PolicyRow.valid_from)).where(col(PolicyRow.id).in_(sorted(policy_ids)))
    since = session.execute(query).scalar()
    moved = select(col(FigureCaseRow.case_id)).where(
        col(FigureCaseRow.changes_at).is_not(None) | (col(FigureCaseRow.counted_at) >= since)
    )
    session.execute(insert(FigureChangeRow).from_select(["case_id"], moved))


def _prepare(store: Store, rule: Counting) -> Step:
    """One step towards figures of this meaning: clear the old ones where a recount wants that, then mark every case."""
    with store.write() as session:
        state = _state(session)
        state.turn += 1
        session.add(state)
        if state.clearing and (cleared := _clear(session)):
            return Step(cleared, again=True)
        session.execute(
            insert(FigureChangeRow).from_select(["case_id"], select(col(CaseRow.id)).order_by(col(CaseRow.id)))
        )
        state.clearing, state.zone, state.meaning = False, str(rule.zone), rule.meaning
    return Step(again=True)


def _clear(session: Session) -> int:
    """Take some of the old figures away; 0 when none are left."""
    gone = 0
    for key in (col(FigureFactRow.id), col(FigureCaseRow.case_id)):
        some = select(key).limit(_CLEARED)
        gone += session.execute(delete(key.class_).where(key.in_(some))).rowcount  # type: ignore[attr-defined]
    sums = (col(FigureDayRow.measure), col(FigureDayRow.version))
    first = session.execute(select(*sums).limit(1)).first()
    if first is not None:
        session.execute(delete(FigureDayRow).where(*(one == value for one, value in zip(sums, first, strict=True))))
    return gone + int(first is not None)
