"""Answers what a report asks of the figures, and opens every number to the facts behind it and those left out.

Nobody is put in an order who has fewer than 20, and nobody's own figures are named to others unless they share them
(`webcare.people.card_sharing`: they decide, in the audit log). Gaps of collection come with the figures they touch.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlmodel import Session, col

from webcare.domain import Actor
from webcare.errors import NotAllowed
from webcare.measures.backlog import backlog_facts, opened_backlog
from webcare.measures.clocks import DEFAULTS, Clocks, read_clocks
from webcare.measures.definitions import DEFINITIONS, VERSIONS, definition
from webcare.measures.facts import backlog, facts_of
from webcare.measures.gathering import Asked, Found, Gathered, Key, Part, add_record, gather
from webcare.measures.history import histories
from webcare.measures.keeping import record_of
from webcare.measures.lives import CaseHistory
from webcare.measures.opening import Opened, opened_facts
from webcare.measures.rollup import behind, kept_state
from webcare.measures.sums import PARTS, gathered, quantile, wilson
from webcare.measures.values import Fact, Figure, Query
from webcare.people import Permission, may
from webcare.people.card_sharing import shared_cards
from webcare.store.gaps import GapView, gaps_within
from webcare.store.mentions import chunks
from webcare.store.tables import CaseRow
from webcare.store.tables_measures import FigureStateRow

#: Below this nobody and nothing is put in an order: the order would be chance.
RANKED_FROM = 20
BACKLOG = "backlog_age"
#: How old the end of a period may be for the backlog of the roll-ups to be its backlog.
_NOW = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Ask:
    """One of several questions that are asked together."""

    query: Query
    measures: tuple[str, ...] | None = None  #: None = all
    compare: bool = True  #: beside the period before


@dataclass(frozen=True, slots=True)
class Figures:
    """The answer to a query."""

    query: Query
    figures: tuple[Figure, ...]  #: by measure and group, never by value
    gaps: tuple[GapView, ...] = ()  #: of the period
    gaps_before: tuple[GapView, ...] = ()  #: of the period before
    waiting: int = 0  #: cases that changed and are not counted yet
    counted_at: datetime | None = None  #: when the roll-up ran last; None for a recount

    def of(self, measure: str, *group: str) -> Figure | None:
        """One of the figures; None where nothing at all is known of it."""
        return next((one for one in self.figures if one.measure == measure and one.group == group), None)

    def all_of(self, measure: str) -> tuple[Figure, ...]:
        """The groups of one measure."""
        return tuple(one for one in self.figures if one.measure == measure)

    def ranking(self, measure: str) -> tuple[tuple[Figure, ...], tuple[Figure, ...]]:
        """The groups with at least RANKED_FROM in order, the best first; and the others, in no order of merit."""
        every = self.all_of(measure)
        better = VERSIONS[measure, every[0].version].better if every else ""
        ranked = [one for one in every if better and one.n >= RANKED_FROM and _merit(one) is not None]
        ranked.sort(key=lambda one: _merit(one) or 0.0, reverse=better == "high")
        return tuple(ranked), tuple(one for one in every if one not in ranked)

    def gaps_on(self, figure: Figure) -> tuple[GapView, ...]:
        """The gaps that touch one figure: those of its network or account where it is of one."""
        said = {name: (value,) for name, value in zip(self.query.by, figure.group, strict=True)} | dict(
            self.query.where
        )
        return tuple(gap for gap in self.gaps if _touches(gap, said))


def figures(
    session: Session,
    query: Query,
    *,
    measures: Iterable[str] | None = None,
    viewer: Actor | None = None,
    compare: bool = True,
    recount: bool = False,
    defaults: Mapping[str, timedelta] = DEFAULTS,
) -> Figures:
    """Every measure asked for (None = all) by the groups of the query, beside the period before.

    From the roll-ups; `recount` counts all cases from their histories instead, by what was known at the last roll-up,
    which takes as long as it takes. The age of the backlog is that of `query.until`, and from the roll-ups only told
    where that is not long past. `viewer` is who looks: with "agent" in `query.by` only they and those who share their
    card are named, all others are one group. Raises NotAllowed for a filter on somebody who shares nothing.
    """
    ask = Ask(query, None if measures is None else tuple(measures), compare)
    (found,) = answers(session, [ask], viewer=viewer, recount=recount, defaults=defaults)
    return found


def answers(
    session: Session,
    asks: Sequence[Ask],
    *,
    viewer: Actor | None = None,
    recount: bool = False,
    defaults: Mapping[str, timedelta] = DEFAULTS,
) -> tuple[Figures, ...]:
    """As `figures`, of several questions at once: what more than one of them needs is read once."""
    state = kept_state(session)
    asked = [_asked(session, ask.query, ask.measures, viewer, state) for ask in asks]
    now = [Part(one, one.query.since, one.query.until) for one in asked]
    before = [Part(one, *_before(one.query)) if ask.compare else None for ask, one in zip(asks, asked, strict=True)]
    count = _recount if recount else _roll_up
    count(session, [*now, *(part for part in before if part is not None)], state, defaults)
    gaps = _Gaps(session)
    waiting = 0 if recount else behind(session)
    return tuple(
        Figures(
            query=part.asked.query,
            figures=_figures(part.found, earlier.found if earlier else {}),
            gaps=gaps.of(part),
            gaps_before=gaps.of(earlier) if earlier else (),
            waiting=waiting,
            counted_at=None if recount or state is None else state.counted_at,
        )
        for part, earlier in zip(now, before, strict=True)
    )


def opened(
    session: Session,
    measure: str,
    query: Query,
    *,
    counted: bool = True,
    after: str | None = None,
    limit: int = 50,
    viewer: Actor | None = None,
) -> Opened:
    """The facts behind a number, newest first; `counted` False gives those left out, each with its reason.

    `after` is the mark of the page before. Who is credited is told only of those the viewer may see. Raises NotAllowed
    as `figures` does.
    """
    asked = _asked(session, query, [measure], viewer, kept_state(session))
    shown = _visible(session, viewer)
    (key,) = asked.keys
    if measure == BACKLOG:
        return opened_backlog(session, asked, after=after, limit=limit, shown=shown) if counted else Opened((), None)
    return opened_facts(session, asked, key, counted=counted, after=after, limit=limit, shown=shown)


def _before(query: Query) -> tuple[datetime, datetime]:
    return query.since - (query.until - query.since), query.since


def _asked(
    session: Session,
    query: Query,
    measures: Iterable[str] | None,
    viewer: Actor | None,
    state: FigureStateRow | None,
) -> Asked:
    names = tuple(DEFINITIONS if measures is None else dict.fromkeys(measures))
    visible: frozenset[str] | None = None
    if "agent" in {*query.by, *query.where}:
        visible = _visible(session, viewer)
        if not set(query.where.get("agent", ())) <= visible:
            raise NotAllowed("These are the figures of a colleague who keeps them to themselves.")
    kept = ZoneInfo(state.zone) if state is not None and state.zone else query.zone
    return Asked(query, tuple(_key(name, query.definition) for name in names), kept, visible)


def _key(name: str, version: int | None) -> Key:
    return definition(name, version).key if (name, version) in VERSIONS else DEFINITIONS[name].key


def _visible(session: Session, viewer: Actor | None) -> frozenset[str]:
    """The people whose figures somebody may see by name."""
    if viewer is None or viewer.id is None:
        return frozenset()
    shared = shared_cards(session, by=viewer) if may(viewer, Permission.SEE_REPORTS) else ()
    return frozenset({str(viewer.id), *(str(agent_id) for agent_id, _ in shared)})


# --- counting -----------------------------------------------------------------------------------------------


def _roll_up(
    session: Session, parts: Sequence[Part], state: FigureStateRow | None, defaults: Mapping[str, timedelta]
) -> None:
    """From the sums and the facts as they are kept."""
    # The same found under another question: the measure of one moment is none of a period.
    gather(session, [replace(one, asked=replace(one.asked, keys=_of_periods(one.asked.keys))) for one in parts])
    for one in parts:
        query = one.asked.query
        if _of_now(one) and _counted_at(state, one.until) - one.until <= _NOW:
            for fact in backlog_facts(session, read_clocks(session, defaults=defaults), query.where, at=one.until):
                add_record(one.asked, record_of(fact, query.zone), one.found)


def _recount(
    session: Session, parts: Sequence[Part], state: FigureStateRow | None, defaults: Mapping[str, timedelta]
) -> None:
    """From the histories of all cases."""
    clocks = read_clocks(session, defaults=defaults)
    for cases in chunks(session.execute(select(col(CaseRow.id)).order_by(col(CaseRow.id))).scalars().all()):
        for history in histories(session, cases):
            for one in parts:
                at, zone = _counted_at(state, one.asked.query.until), one.asked.query.zone
                same = replace(one.asked, kept=zone)
                for fact in _facts(history, clocks, one, at):
                    add_record(same, record_of(fact, zone), one.found)


def _facts(history: CaseHistory, clocks: Clocks, part: Part, at: datetime) -> Iterator[Fact]:
    for fact in facts_of(history, clocks, at=at, wanted=_of_periods(part.asked.keys)):
        if part.since <= fact.at < part.until:
            yield fact
    if _of_now(part):
        yield from backlog(history, clocks, at=part.until)


def _of_now(part: Part) -> bool:
    """Whether the measure of one moment is asked for, and this period ends at it."""
    return DEFINITIONS[BACKLOG].key in part.asked.keys and part.until == part.asked.query.until


def _counted_at(state: FigureStateRow | None, until: datetime) -> datetime:
    """The moment whose knowledge the figures are of: that of the last roll-up, or the end of the period."""
    return until if state is None or state.counted_at is None else max(until, state.counted_at)


def _of_periods(keys: Collection[Key]) -> tuple[Key, ...]:
    """Without the measure of one moment."""
    return tuple(key for key in keys if key[0] != BACKLOG)


# --- figures ------------------------------------------------------------------------------------------------


def _figures(now: Found, before: Found) -> tuple[Figure, ...]:
    found = []
    for (key, group), one in sorted(now.items()):
        if len(one.hidden) == 1:
            continue  # "the others" of one person are that person
        earlier = before.get((key, group))
        made = _figure(key, group, one)
        found.append(replace(made, before=_figure(key, group, earlier)) if _may_show(earlier) and earlier else made)
    return tuple(found)


def _may_show(one: Gathered | None) -> bool:
    return one is not None and len(one.hidden) != 1


def _figure(key: Key, group: Sequence[str], one: Gathered) -> Figure:
    unit = VERSIONS[key].unit
    places = gathered(one.places, [one.more.places])
    business = gathered(one.business_places, [one.more.business_places])
    n, total = one.more.parts / PARTS, one.more.total / 1000 / PARTS
    share = total / n if unit == "share" and n else None
    return Figure(
        measure=key[0],
        version=key[1],
        group=tuple(group),
        n=n,
        open=one.more.open,
        left_out={reason: count for reason, count in sorted(one.more.left_out.items()) if count},
        median=quantile(*places, 0.5, unit),
        p90=quantile(*places, 0.9, unit),
        business_median=quantile(*business, 0.5, "s"),
        business_p90=quantile(*business, 0.9, "s"),
        total=total,
        share=share,
        interval=wilson(share, n) if share is not None else None,
    )


def _merit(one: Figure) -> float | None:
    return one.share if one.share is not None else one.median


class _Gaps:
    """The gaps of some stretches of time, each read once."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._known: dict[tuple[datetime, datetime], tuple[GapView, ...]] = {}

    def of(self, part: Part) -> tuple[GapView, ...]:
        """Those that touch what was asked."""
        span = (part.since, part.until)
        if span not in self._known:
            self._known[span] = gaps_within(self._session, *span)
        return tuple(gap for gap in self._known[span] if _touches(gap, part.asked.query.where))


def _touches(gap: GapView, said: Mapping[str, tuple[str, ...]]) -> bool:
    accounts, channels = said.get("account"), said.get("channel")
    return (accounts is None or gap.account_key in accounts) and (channels is None or gap.channel in channels)


__all__ = ["RANKED_FROM", "Ask", "Figures", "Opened", "answers", "figures", "opened"]
