"""What reports are told: the same from the sums as from a recount, opened to its facts, private and honest."""

from __future__ import annotations

import random
import re
import statistics
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event, text
from sqlmodel import select

from tests.measures.killing import RULE
from tests.measures.wandering import anything, label
from webcare import cases
from webcare.domain import Resolution, Role, Topic
from webcare.errors import NotAllowed
from webcare.measures import DEFINITIONS, Ask, Figures, Query, answers, figures, opened
from webcare.measures.rollup import catch_up
from webcare.measures.sums import PARTS, decoded, encoded, gathered, place_of, quantile, value_at, wilson
from webcare.people.card_sharing import share_card
from webcare.reports.recent import percentile
from webcare.store import Store
from webcare.store.tables import GapRow
from webcare.store.tables_measures import FigureFactRow
from webcare.testing import Desk, FakeClassifier, make_desk

AMSTERDAM, TOKYO = ZoneInfo("Europe/Amsterdam"), ZoneInfo("Asia/Tokyo")
GROUPS = ((), ("topic",), ("channel", "urgency"), ("day",), ("week", "language"), ("agent",), ("hour",), ("way",))


def worked(store: Store, *, acts: int = 120, seed: int = 900) -> Desk:
    """A desk on which a lot happened, counted."""
    desk = make_desk(store)
    desk.classifier = FakeClassifier(label)
    for number in range(seed, seed + acts):
        anything(desk, number)
    catch_up(store, RULE, now=desk.now)
    return desk


def test_whatever_is_asked_the_sums_say_what_a_recount_says(store: Store) -> None:
    desk, chance = worked(store), random.Random(3)
    told, asks, alone = 0, list[Ask](), list[Figures]()
    with store.read() as session:
        for by in GROUPS:
            zone = chance.choice((AMSTERDAM, TOKYO))
            since = desk.now - timedelta(days=chance.randint(5, 60), seconds=chance.randrange(86_400))
            where = chance.choice(({}, {"topic": ("delivery",)}, {"weekday": ("1", "2", "3")}))
            query = Query(since, desk.now, zone, where, by)
            told_fast = figures(session, query, viewer=desk.first)
            told_slowly = figures(session, query, viewer=desk.first, recount=True)
            assert told_fast.figures == told_slowly.figures, query
            told += len(told_fast.figures)
            asks.append(Ask(query))
            alone.append(told_fast)
        assert list(answers(session, asks, viewer=desk.first)) == alone
    assert told > 100


def test_what_is_asked_together_is_read_once(store: Store) -> None:
    desk = worked(store, acts=40)
    query = Query(desk.now - timedelta(days=20), desk.now, AMSTERDAM)
    days, networks = replace(query, by=("day",)), replace(query, by=("channel",))
    few, one = ("volume", "first_response", "resolution_last"), ("first_response",)
    asks = [Ask(query, few), Ask(days, ("volume",)), Ask(days, one, compare=False), Ask(networks, one)]
    with store.read() as session:
        statements = list[str]()
        event.listen(session.get_bind(), "before_cursor_execute", lambda *told: statements.append(told[2]))
        together = answers(session, asks)
        once = len([one for one in statements if "figure_" in one])
        alone = [figures(session, one.query, measures=one.measures, compare=one.compare) for one in asks]
    assert list(together) == alone
    assert all(one.figures for one in together)
    # The sums by nothing and by network, the facts of three ends and the middle for each, what was counted and waits.
    assert once <= 12 < len([one for one in statements if "figure_" in one]) - once


def answered(desk: Desk, minutes: list[int], *, topic: Topic | None = None) -> None:
    """Cases answered after so many minutes each."""
    for wait in minutes:
        case = desk.open_case()
        desk.later(minutes=wait)
        with desk.store.write() as session:
            if topic is not None:
                cases.correct_triage(session, case.id or 0, topic=topic, by=desk.first, now=desk.now)
        desk.reply(case.id or 0, f"Thanks for asking, this is answer {case.id}.")
        desk.later(seconds=desk.settings.delivery.undo_s)
        desk.deliver()


def ask(desk: Desk, *measures: str, days: float = 30, by: tuple[str, ...] = (), **more: Any) -> Figures:
    catch_up(desk.store, RULE, now=desk.now)
    where = more.pop("where", {})
    with desk.store.read() as session:
        query = Query(desk.now - timedelta(days=days), desk.now + timedelta(seconds=1), AMSTERDAM, where, by)
        return figures(session, query, measures=measures or None, **more)


def test_an_unanswered_case_is_open_and_never_zero(sqlite_store: Store) -> None:
    desk = make_desk(sqlite_store)
    answered(desk, [10, 20, 60])
    desk.open_case()
    found = ask(desk, "first_response").of("first_response")
    assert found is not None
    assert (found.n, found.open) == (3, 1)
    assert (found.median, found.p90) == (20 * 60, 60 * 60)


def test_the_period_before_stands_beside_it(sqlite_store: Store) -> None:
    desk = make_desk(sqlite_store)
    answered(desk, [10, 10, 10])
    desk.later(days=8)
    answered(desk, [30])
    found = ask(desk, "first_response", days=7).of("first_response")
    assert found is not None
    assert found.before is not None
    assert (found.n, found.median) == (1, 1800)
    assert (found.before.n, found.before.median) == (3, 600)


def test_nobody_is_put_in_an_order_under_twenty(sqlite_store: Store) -> None:
    desk = make_desk(sqlite_store)
    answered(desk, [5] * 20)
    answered(desk, [1] * 3, topic=Topic.STORE)
    found = ask(desk, "first_response", by=("topic",))
    ranked, others = found.ranking("first_response")
    assert [one.group for one in ranked] == [("delivery",)]
    assert [(one.group, one.n) for one in others] == [(("store",), 3.0)]


def test_the_facts_behind_a_number_are_as_many_as_it_says(store: Store) -> None:
    desk = worked(store, acts=80)
    with store.read() as session:
        query = Query(desk.now - timedelta(days=300), desk.now, AMSTERDAM)
        for one in figures(session, query).figures:
            told = opened_all(session, one.measure, query, counted=True)
            left_out = opened_all(session, one.measure, query, counted=False)
            assert len([fact for fact in told if fact.is_open]) == one.open
            assert sum(fact.share for fact in told if not fact.is_open) == pytest.approx(one.n)
            assert set(one.left_out) == {fact.reason for fact in left_out}
            assert len(left_out) == sum(one.left_out.values())
            assert [fact.at for fact in left_out] == sorted((fact.at for fact in left_out), reverse=True)


def opened_all(session: Any, measure: str, query: Query, *, counted: bool) -> list[Any]:
    facts: list[Any] = []
    after = None
    while True:
        page = opened(session, measure, query, counted=counted, after=after, limit=7)
        facts += page.facts
        after = page.after
        if after is None:
            return facts
        assert len(page.facts) == 7


# --- people -------------------------------------------------------------------------------------------------


def test_a_card_is_private_until_it_is_shared(sqlite_store: Store) -> None:
    desk = make_desk(sqlite_store)
    answered(desk, [5, 6])
    me, lead = desk.first, desk.people[Role.TEAM_LEAD]
    mine = {"agent": (str(me.id),)}
    assert ask(desk, "handled", where=mine, viewer=me).of("handled") is not None
    for nosy in (lead, desk.second, None):
        with pytest.raises(NotAllowed):
            ask(desk, "handled", where=mine, viewer=nosy)
    assert ask(desk, "handled", by=("agent",), viewer=lead).figures == ()
    with sqlite_store.write() as session:
        share_card(session, shared=True, by=me, now=desk.now)
    assert [one.group for one in ask(desk, "handled", by=("agent",), viewer=lead).figures] == [(str(me.id),)]
    with pytest.raises(NotAllowed):
        ask(desk, "handled", where=mine, viewer=desk.second)


def test_those_who_share_nothing_are_one_group_of_at_least_two(sqlite_store: Store) -> None:
    desk = make_desk(sqlite_store)
    answered(desk, [5])
    case = desk.open_case()
    with sqlite_store.write() as session:
        cases.claim(session, case.id or 0, by=desk.people[Role.TEAM_LEAD], now=desk.now)
    desk.people[Role.FIRST_LINE], before = desk.people[Role.TEAM_LEAD], desk.first
    answered(desk, [7])
    manager = desk.people[Role.MANAGER]
    found = ask(desk, "handled", by=("agent",), viewer=manager)
    assert [(one.group, one.n) for one in found.figures] == [(("others",), 2.0)]
    found = ask(desk, "handled", by=("agent",), viewer=before)
    assert [(one.group, one.n) for one in found.figures] == [((str(before.id),), 1.0)]


def test_an_opened_fact_names_nobody_who_keeps_their_figures_private(sqlite_store: Store) -> None:
    desk = make_desk(sqlite_store)
    answered(desk, [5])
    catch_up(sqlite_store, RULE, now=desk.now)
    query = Query(desk.now - timedelta(days=1), desk.now + timedelta(seconds=1), AMSTERDAM)
    with sqlite_store.read() as session:
        (mine,) = opened(session, "handled", query, viewer=desk.first).facts
        (seen,) = opened(session, "handled", query, viewer=desk.people[Role.MANAGER]).facts
    assert (mine.agent_id, seen.agent_id) == (desk.first.id, None)


# --- what is missing, what waits, who waits -----------------------------------------------------------------


def test_a_gap_is_told_on_what_it_touches(sqlite_store: Store) -> None:
    desk = make_desk(sqlite_store)
    answered(desk, [5])
    since, until = desk.now - timedelta(hours=2), desk.now - timedelta(hours=1)
    with sqlite_store.write() as session:
        session.add(GapRow(account_id=1, since=since, until=until, reason="r", found_at=desk.now))
    found = ask(desk, "volume", by=("channel",))
    assert [gap.account_key for gap in found.gaps] == ["x_hemlund"]
    assert found.gaps_on(found.figures[0]) == found.gaps
    assert found.gaps_before == ()
    assert ask(desk, "volume", where={"channel": ("facebook",)}).gaps == ()
    assert ask(desk, "volume", days=0.01).gaps == ()


def test_what_is_not_counted_yet_is_said(sqlite_store: Store) -> None:
    desk = make_desk(sqlite_store)
    answered(desk, [5])
    assert ask(desk, "volume").waiting == 0
    desk.open_case()
    with sqlite_store.read() as session:
        found = figures(session, Query(desk.now - timedelta(days=1), desk.now, AMSTERDAM), measures=["volume"])
    assert found.waiting == 1
    assert found.counted_at is not None


def test_the_backlog_is_as_old_as_those_who_wait(sqlite_store: Store) -> None:
    desk = make_desk(sqlite_store)
    case = desk.open_case()
    desk.later(hours=2)
    other = desk.open_case()
    desk.later(hours=1)
    found = ask(desk, "backlog_age")
    query = Query(desk.now - timedelta(days=9), desk.now, AMSTERDAM)
    assert [(one.n, one.median, one.p90) for one in found.figures] == [(2, 3600, 3 * 3600)]
    with sqlite_store.read() as session:
        first, second = opened(session, "backlog_age", query, limit=1), None
        second = opened(session, "backlog_age", query, limit=1, after=first.after)
    assert [fact.case_id for fact in (*first.facts, *second.facts)] == [case.id, other.id]
    with sqlite_store.write() as session:
        cases.resolve(session, other.id or 0, resolution=Resolution.SPAM, by=desk.first, now=desk.now)
    assert [one.n for one in ask(desk, "backlog_age").figures] == [1]


# --- sums ---------------------------------------------------------------------------------------------------

VALUES = st.lists(st.floats(0, 40 * 86_400), min_size=1, max_size=60)


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(values=VALUES)
def test_a_median_from_sums_is_the_true_one_rounded_to_its_place(values: list[float]) -> None:
    for share in (0.5, 0.9):
        true = percentile([timedelta(seconds=value) for value in values], share)
        assert true is not None
        exact = sorted(values)[max(1, -(-len(values) * round(share * 1000) // 1000)) - 1]
        counts: dict[int, int] = {}
        for value in values:
            counts[place_of(value, "s")] = counts.get(place_of(value, "s"), 0) + PARTS
        told = quantile(*gathered([encoded(counts)]), share, "s")
        assert told == value_at(place_of(exact, "s"), "s")
        off = 30 if exact < 86_400 else 300 if exact < 604_800 else 1800
        assert abs(told - exact) <= off
        assert abs(true.total_seconds() - exact) < 0.001
    assert decoded(encoded(counts)) == counts


def test_places_never_fall() -> None:
    for unit, top in (("s", 10**7), ("count", 500), ("score", 5)):
        values = sorted(random.Random(1).uniform(0 if unit != "score" else -5, top) for _ in range(2000))
        places = [place_of(value, unit) for value in values]  # type: ignore[arg-type]
        assert places == sorted(places)


def test_wilson_is_the_one_of_the_books() -> None:
    # Newcombe 1998, table I: 81 of 263, 15 of 148, 0 of 20 and 1 of 29.
    for hits, n, low, high in ((81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611)):
        found = wilson(hits / n, n)
        assert found is not None
        assert found == pytest.approx((low, high), abs=0.0001)
    assert wilson(0.0, 0) is None


# --- what other programs may read -----------------------------------------------------------------------------


def test_the_views_say_what_the_figures_say_and_nothing_of_anybody(store: Store) -> None:
    desk = worked(store, acts=60)
    secret = "Where is my sofa"
    with store.read() as session:
        for view in ("figures_cases", "figures_facts", "figures_days", "figures_gaps", "figures_waiting"):
            rows = session.execute(text(f"SELECT * FROM {view}")).mappings().all()
            assert rows or view == "figures_gaps"
            said = repr(rows)
            assert secret not in said
            assert "Customer" not in said
            assert "agent" not in {name for row in rows for name in row}
        query = Query(datetime(2026, 1, 1, tzinfo=UTC), desk.now, AMSTERDAM)
        mine = figures(session, query, measures=["first_response", "volume"], compare=False)
        version = DEFINITIONS["first_response"].version
        values = session.execute(
            text("SELECT value FROM figures_facts WHERE standing = 'counted' AND measure = 'first_response' "
                 "AND version = :version"), {"version": version}
        ).scalars().all()  # fmt: skip
        days = session.execute(
            text("SELECT sum(counted), sum(total) FROM figures_days WHERE measure = 'volume' AND dimension = ''")
        ).one()
    first, volume = mine.of("first_response"), mine.of("volume")
    assert first is not None
    assert volume is not None
    assert len(values) == first.n
    assert first.median == pytest.approx(statistics.median_low(values), abs=1800)
    assert [float(one) for one in days] == [volume.n, volume.total]


def test_facts_hold_no_words_of_customers(sqlite_store: Store) -> None:
    worked(sqlite_store, acts=60)
    with sqlite_store.read() as session:
        rows = repr([row.model_dump() for row in session.exec(select(FigureFactRow))])
    assert "sofa" not in rows
    assert re.search(r"Customer|customer\d|'c\d'", rows) is None
