"""Looking out: one step of the job. New cases are counted, what is more than usual becomes one alarm, and what says the
same as an alarm or an open incident joins it instead of raising another.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select as select_many
from sqlmodel import Session, col, select

from webcare import audit
from webcare.cases.suggesting import Embedder
from webcare.domain import Actor
from webcare.incidents import clusters, counting
from webcare.incidents.counting import Names
from webcare.incidents.rhythm import ALL, WEEKS, Rhythm
from webcare.incidents.spikes import Spike, find_spikes
from webcare.personal import redacted
from webcare.store import Store
from webcare.store.tables import CaseRow, MentionRow
from webcare.store.tables_incidents import IncidentCaseRow, IncidentRow, IncidentSignalRow
from webcare.store.vectors import packed, unpacked

Floats = NDArray[np.float32]
#: Tells people that an alarm was raised: (session, incident id, series, cases, now). No words of customers.
Tell = Callable[[Session, int, str, int, datetime], None]

JOB = Actor.system("incidents")
#: Cases that came so lately may join an alarm that stands.
_NEARBY = timedelta(hours=3)
#: Around an alarm those are gathered that came in so many of its windows, or in this time.
_AROUND, _LEAST_AROUND = 3, timedelta(minutes=6)
#: Cases of the series that rose, so long before and after the alarm, are likely to belong to it.
_SAME = timedelta(minutes=60)
#: An alarm that nobody opened takes no more cases after this; its series may alarm anew.
STANDS_FOR = timedelta(hours=12)
#: After a person called it a false alarm, or closed it, the same series is quiet for a while.
_QUIET = timedelta(hours=6)
#: How far back cases say how busy these days are.
_LATELY = timedelta(hours=28)


@dataclass(frozen=True, slots=True)
class Lookout:
    """How one desk looks out."""

    names: Names = field(default_factory=Names)
    zone: tzinfo | None = None
    budget: float = 0.5  #: false alarms a month that are put up with, over all series
    order_numbers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """What one look came to."""

    looked_at: int = 0
    joined: int = 0
    alarms: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Signal:
    """One recent case as it is compared with the others."""

    case_id: int
    mention_id: int
    posted_at: datetime
    customer: tuple[str, str]
    language: str
    series: tuple[str, ...]
    vector: bytes
    model: str


def look(store: Store, embedder: Embedder, lookout: Lookout, *, now: datetime, tell: Tell | None = None) -> Seen:
    """Take in new cases, let them join what is known, and raise an alarm where there are too many of a kind."""
    counting.fill_history(store, lookout.names, now=now)
    looked_at = counting.take_in(store, embedder, lookout.names, now=now)
    with store.read() as session:
        signals = _signals(session, now)
        active = _active(session, now)
        cores = _cores(session, active)
        linked = _linked(session, active)
        rhythm = _rhythm(store, session, lookout, now)
        first = min((one.posted_at for one in signals), default=now)
        quiet = _quiet(session, now)
    joining = _joining(signals, active, linked, cores, now)
    for cases in joining.values():
        linked |= set(cases)
    joined = _join(store, joining, now)
    alarms: list[int] = []
    while (spike := _worst(signals, linked, quiet, rhythm, lookout, now, first)) is not None:
        members, centre, model = gather_around([one for one in signals if one.case_id not in linked], spike, now)
        words = _words(store, signals, members, lookout)
        alarms.append(_raise(store, spike, members, centre, model, words, now=now, tell=tell))
        linked |= {one.case_id for one in members}
        quiet |= {spike.series}
    return Seen(looked_at, joined, tuple(alarms))


# --- reading ----------------------------------------------------------------------------------------


def _signals(session: Session, now: datetime) -> list[Signal]:
    query = (
        select_many(IncidentSignalRow, col(CaseRow.channel), col(CaseRow.customer_id))
        .join(CaseRow, col(CaseRow.id) == col(IncidentSignalRow.case_id))
        .where(col(IncidentSignalRow.posted_at) > now - _LATELY)
        .order_by(col(IncidentSignalRow.posted_at), col(IncidentSignalRow.case_id))
    )
    return [
        Signal(
            row.case_id, row.mention_id, row.posted_at, (channel, customer), row.language, tuple(row.series),
            row.vector, row.model_version,
        )
        for row, channel, customer in session.execute(query)
        if row.series
    ]  # fmt: skip


def _active(session: Session, now: datetime) -> list[IncidentRow]:
    query = select(IncidentRow).where(
        (col(IncidentRow.state) == "open")
        | ((col(IncidentRow.state) == "alarm") & (col(IncidentRow.found_at) > now - STANDS_FOR))
    )
    return list(session.exec(query.order_by(col(IncidentRow.id))))


def _linked(session: Session, active: Sequence[IncidentRow]) -> set[int]:
    query = select(IncidentCaseRow.case_id).where(col(IncidentCaseRow.incident_id).in_([row.id for row in active]))
    return set(session.exec(query))


def _cores(session: Session, active: Sequence[IncidentRow]) -> dict[int, set[int]]:
    """The cases that say what each incident is about, by its id: the first ones, and those that people put there.

    What joined later does not count: one that is a little beside the matter would draw the next ones after it.
    """
    found: dict[int, set[int]] = {}
    began = {row.id: row.found_at for row in active}
    query = select(IncidentCaseRow).where(
        col(IncidentCaseRow.incident_id).in_(list(began)), IncidentCaseRow.left_out == ""
    )
    for one in session.exec(query):
        if one.linked_by is not None or one.linked_at < began[one.incident_id] + _SAME:
            found.setdefault(one.incident_id, set()).add(one.case_id)
    return found


def _quiet(session: Session, now: datetime) -> set[str]:
    """Series that may raise no alarm now: one stands, or a person judged one a moment ago."""
    query = select(IncidentRow.series).where(
        (col(IncidentRow.state) == "open")
        | ((col(IncidentRow.state) == "alarm") & (col(IncidentRow.found_at) > now - STANDS_FOR))
        | (col(IncidentRow.closed_at) > now - _QUIET)
    )
    return set(session.exec(query))


_rhythms: dict[tuple[str, datetime], Rhythm] = {}
_reading = threading.Lock()


def _rhythm(store: Store, session: Session, lookout: Lookout, now: datetime) -> Rhythm:
    """The rhythm up to the hour that runs now; read once an hour."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    with _reading:
        known = _rhythms.get((store.url, hour))
        if known is None:
            since = max(hour - timedelta(weeks=WEEKS), counting.first_hour(session) or hour)
            counts = counting.counts_since(session, since, hour)
            known = Rhythm(counts, since, hour, lookout.zone or UTC)
            _rhythms.clear()
            _rhythms[store.url, hour] = known
        return known


# --- deciding ---------------------------------------------------------------------------------------


def _worst(
    signals: Sequence[Signal],
    linked: set[int],
    quiet: set[str],
    rhythm: Rhythm,
    lookout: Lookout,
    now: datetime,
    first: datetime,
) -> Spike | None:
    free = [one for one in signals if one.case_id not in linked]
    # What was judged, or stands already, may not alarm again under a wider name; a single shop or product may.
    wide = moments([one for one in free if not quiet & {*one.series} - {ALL}])
    narrow = moments(free)
    came = {series: at for series, at in wide.items() if not _is_narrow(series)}
    came |= {series: at for series, at in narrow.items() if _is_narrow(series)}
    found = find_spikes(came, rhythm, now=now, since=first, budget=lookout.budget, known=tuple(rhythm.counts))
    return next((spike for spike in found if spike.series not in quiet), None)


def _is_narrow(series: str) -> bool:
    return series.startswith(("store:", "product:"))


def moments(signals: Sequence[Signal]) -> dict[str, list[datetime]]:
    """When cases of each series came, in order; a customer counts once an hour."""
    found: dict[str, list[datetime]] = {}
    last: dict[tuple[str, str], datetime] = {}
    for one in signals:
        before = last.get(one.customer)
        if before is not None and one.posted_at - before < timedelta(hours=1):
            continue
        last[one.customer] = one.posted_at
        for series in one.series:
            found.setdefault(series, []).append(one.posted_at)
    return found


def gather_around(signals: Sequence[Signal], spike: Spike, now: datetime) -> tuple[list[Signal], bytes, str]:
    """The cases of a spike that say the same, with those nearby that say it too; the middle of them, and the model.

    Without vectors these are all cases of the series in its window.
    """
    began = now - spike.window
    inside = [one for one in signals if spike.series in one.series and one.posted_at >= began]
    model = inside[-1].model if inside else ""
    around = now - min(_NEARBY, max(_AROUND * spike.window, _LEAST_AROUND))
    nearby = [one for one in signals if one.vector and one.model == model and one.posted_at >= around][-clusters.MOST :]
    seeds = [place for place, one in enumerate(nearby) if spike.series in one.series and one.posted_at >= began]
    if len(seeds) < 2:
        return inside, b"", ""
    ground = _ground(signals, {one.case_id for one in inside}, model, spike.series)
    cluster = clusters.gather(_stacked(nearby), seeds, ground)
    return [nearby[place] for place in cluster.members], packed(cluster.centre), model


def _joining(
    signals: Sequence[Signal],
    active: Sequence[IncidentRow],
    linked: set[int],
    cores: Mapping[int, set[int]],
    now: datetime,
) -> dict[int, list[int]]:
    """Cases that say what an alarm or an open incident says, by its id."""
    found: dict[int, list[int]] = {}
    taken = set(linked)
    for row in active:
        nearby = [
            one for one in signals if one.vector and one.model == row.model_version and one.posted_at > now - _NEARBY
        ][-clusters.MOST :]
        if not row.centre or not any(one.case_id not in taken for one in nearby):
            continue
        risen = [_rose_with(row, one) for one in nearby]
        beside = linked | {one.case_id for one, rose in zip(nearby, risen, strict=True) if rose}
        core = [one for one in signals if one.case_id in cores.get(row.id or 0, ()) and one.model == row.model_version]
        middle = _stacked([one for one in core if one.vector]) if core else unpacked(row.centre)[None]
        ground = _ground(signals, beside, row.model_version, row.series)
        near = (nearby[place].case_id for place in clusters.belong(_stacked(nearby), middle, risen, ground))
        if fresh := [case_id for case_id in near if case_id not in taken]:
            found[row.id or 0] = fresh
            taken |= set(fresh)
    return found


def _rose_with(row: IncidentRow, one: Signal) -> bool:
    return row.series in one.series and abs(one.posted_at - row.found_at) < _SAME


def _ground(signals: Sequence[Signal], beside: Collection[int], model: str, series: str) -> clusters.Ground:
    """What cases usually say: the newest ones, without those that may be about the incident itself."""
    known = [one for one in signals if one.vector and one.model == model and one.case_id not in beside]
    usual = known[-clusters.ENOUGH :]
    return clusters.Ground.of(_stacked(usual), [series in one.series for one in usual])


def _stacked(signals: Sequence[Signal]) -> Floats:
    if not signals:
        return np.zeros((0, 1), np.float32)
    return np.stack([unpacked(one.vector) for one in signals])


def _words(store: Store, signals: Sequence[Signal], members: Sequence[Signal], lookout: Lookout) -> list[str]:
    inside = {one.mention_id for one in members}
    beside = [one.mention_id for one in signals if one.mention_id not in inside][-200:]
    languages = {one.mention_id: one.language for one in members[-100:]}
    with store.read() as session:
        texts = _impersonal(session, [*languages, *beside], lookout)
    mine = [(language, texts[mention]) for mention, language in languages.items() if mention in texts]
    return list(clusters.shared_words(mine, [texts[mention] for mention in beside if mention in texts]))


def _impersonal(session: Session, mention_ids: Sequence[int], lookout: Lookout) -> Mapping[int, str]:
    query: Any = (
        select_many(col(MentionRow.id), col(MentionRow.text), col(MentionRow.author_name), col(CaseRow.language))
        .join(CaseRow, col(CaseRow.id) == col(MentionRow.case_id))
        .where(col(MentionRow.id).in_(mention_ids), col(MentionRow.deleted_at).is_(None))
    )
    return {
        id_: redacted(text, language, names=[name, *name.split()], order_numbers=lookout.order_numbers)
        for id_, text, name, language in session.execute(query)
    }


# --- writing ----------------------------------------------------------------------------------------


def _join(store: Store, joining: Mapping[int, Sequence[int]], now: datetime) -> int:
    if not joining:
        return 0
    with store.write() as session:
        return sum(link_cases(session, incident, cases, now=now) for incident, cases in joining.items())


def link_cases(
    session: Session, incident_id: int, case_ids: Sequence[int], *, now: datetime, agent_id: int | None = None
) -> int:
    """Put cases on the list of the hit; gives how many were not there."""
    there = select(IncidentCaseRow.case_id).where(
        IncidentCaseRow.incident_id == incident_id, col(IncidentCaseRow.case_id).in_(case_ids)
    )
    fresh = [case_id for case_id in dict.fromkeys(case_ids) if case_id not in set(session.exec(there))]
    for case_id in fresh:
        session.add(IncidentCaseRow(incident_id=incident_id, case_id=case_id, linked_at=now, linked_by=agent_id))
    session.flush()
    return len(fresh)


def _raise(
    store: Store,
    spike: Spike,
    members: Sequence[Signal],
    centre: bytes,
    model: str,
    words: list[str],
    *,
    now: datetime,
    tell: Tell | None,
) -> int:
    with store.write() as session:
        row = IncidentRow(
            series=spike.series,
            words=words,
            count=spike.count,
            expected=round(spike.expected, 2),
            window_s=int(spike.window.total_seconds()),
            centre=centre,
            model_version=model,
            found_at=now,
        )
        session.add(row)
        session.flush()
        assert row.id is not None
        link_cases(session, row.id, [one.case_id for one in members], now=now)
        after = {"series": spike.series, "count": spike.count, "expected": round(spike.expected, 2)}
        subject = f"incident:{row.id}"
        audit.record(session, "incident_alarm", by=JOB, now=now, subject=subject, after=after)
        if tell is not None:
            tell(session, row.id, spike.series, spike.count, now)
        return row.id
