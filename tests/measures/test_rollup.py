"""The figures that are kept step by step equal a recount from nothing, whatever happens and wherever it is cut off."""

from __future__ import annotations

import os
import random
import re
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlmodel import col, select

from tests.measures.killing import RULE, figures_as_kept, killed_and_compared
from tests.measures.wandering import ACTS, anything, label
from webcare import cases
from webcare.domain import Topic
from webcare.jobs import JOBS, Runner
from webcare.jobs.counting import FIGURES
from webcare.measures import keeping, rollup
from webcare.measures.history import histories
from webcare.measures.rollup import Step, catch_up, counting, recount, step, waits
from webcare.store import Store, open_store
from webcare.store.tables import METADATA
from webcare.store.tables_measures import FigureDayRow, FigureFactRow
from webcare.testing import Desk, FakeClassifier, make_desk

#: The many that Hypothesis should try are tried with WEBCARE_ROLLUP_EXAMPLES=500; here a few of them.
EXAMPLES = int(os.environ.get("WEBCARE_ROLLUP_EXAMPLES", "6"))
#: Tables that know a case and of which no figure is made.
NOT_COUNTED = {
    "case_tag", "channel_action", "coaching_note", "deadline_alert", "defect_case", "draft", "feedback",
    "figure_case", "figure_change",
    "figure_fact", "incident_case", "incident_signal", "incident_use", "note", "notification", "presence",
    "reply_override",
    "reply_review", "shareable_fact",
}  # fmt: skip
#: Rows that triggers of their own keep from ever changing.
APPEND_ONLY = {"case_event", "survey_answer", "triage", "policy", "case_look"}
#: A trigger that is taken away, and a change that only it tells of.
PLANTED = {
    "desk_case_figures_update": "UPDATE desk_case SET language = 'nb'",
    "account_figures_update": "UPDATE account SET market = 'se'",
    "mention_figures_update": "UPDATE mention SET posted_at = '2026-02-10 10:00:00.000000' WHERE NOT is_ours",
}
MANY = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
SEEDS = st.lists(st.integers(0, 2**32), min_size=10, max_size=40)


def same_as_a_recount(desk: Desk) -> dict[str, list[Any]]:
    catch_up(desk.store, RULE, now=desk.now)
    kept = figures_as_kept(desk.store)
    recount(desk.store, RULE, now=desk.now)
    counted = figures_as_kept(desk.store)
    for part in ("facts", "cases", "days"):
        missing, surplus = Counter(counted[part]) - Counter(kept[part]), Counter(kept[part]) - Counter(counted[part])
        assert not missing, (part, list(missing)[:3])
        assert not surplus, (part, list(surplus)[:3])
    return kept


def a_desk(store: Store) -> Desk:
    desk = make_desk(store)
    desk.classifier = FakeClassifier(label)
    return desk


@pytest.fixture
def fresh(sqlite_template: Path, tmp_path: Path) -> Callable[[], Desk]:
    """Makes empty desks, each in a file of its own."""

    def make() -> Desk:
        path = tmp_path / f"{os.urandom(4).hex()}.db"
        shutil.copyfile(sqlite_template, path)
        return a_desk(open_store(f"sqlite:///{path}"))

    return make


def wander(desk: Desk, seeds: list[int]) -> list[str]:
    """Let things happen, and count now and then between them, some steps of it only."""
    done = []
    for seed in seeds:
        done.append(anything(desk, seed))
        if seed % 3 == 0:
            step(desk.store, RULE, now=desk.now)
    return done


@MANY
@given(seeds=SEEDS)
def test_counting_step_by_step_equals_a_recount(fresh: Callable[[], Desk], seeds: list[int]) -> None:
    desk = fresh()
    wander(desk, seeds)
    same_as_a_recount(desk)
    desk.later(days=9)
    same_as_a_recount(desk)
    desk.store.dispose()


@pytest.mark.parametrize("seed", range(max(2, EXAMPLES // 6)))
def test_counting_step_by_step_equals_a_recount_on_postgres(postgres_store: Store, seed: int) -> None:
    desk, chance = a_desk(postgres_store), random.Random(seed)
    wander(desk, [chance.randrange(2**32) for _ in range(40)])
    kept = same_as_a_recount(desk)
    assert kept["facts"]
    assert kept["days"]


def test_a_long_walk_meets_every_act_and_most_measures(fresh: Callable[[], Desk]) -> None:
    desk = fresh()
    done = [anything(desk, seed) for seed in range(2000, 2250)]
    catch_up(desk.store, RULE, now=desk.now)
    assert set(done) == {act.__name__ for act in ACTS}
    with desk.store.read() as session:
        facts = session.exec(select(FigureFactRow.measure).where(col(FigureFactRow.value).is_not(None)).distinct())
        assert len(set(facts)) >= 20
    same_as_a_recount(desk)


@pytest.mark.parametrize(("trigger", "change"), PLANTED.items())
def test_a_change_that_is_not_told_is_found(fresh: Callable[[], Desk], trigger: str, change: str) -> None:
    desk = fresh()
    desk.open_case()
    catch_up(desk.store, RULE, now=desk.now)
    with desk.store.write() as session:
        session.execute(text(f"DROP TRIGGER {trigger}"))
        session.execute(text(change))
    with pytest.raises(AssertionError):
        same_as_a_recount(desk)


def test_a_counting_process_that_is_killed_leaves_what_a_recount_finds(tmp_path: Path) -> None:
    done = killed_and_compared(tmp_path, kills=3, seed=5)
    assert done.facts > 100


def test_every_table_that_knows_its_case_is_watched_or_named_here(sqlite_store: Store) -> None:
    with sqlite_store.read() as session:
        named = text("SELECT tbl_name FROM sqlite_master WHERE type = 'trigger' AND name LIKE '%figures%'")
        watched = set(session.execute(named).scalars())
    of_cases = {table.name for table in METADATA.tables.values() if "case_id" in table.columns}
    assert of_cases - watched == set(NOT_COUNTED)
    assert watched - of_cases == {"account", "agent", "customer_identity", "desk_case", "policy", "triage"}


def test_what_is_read_of_a_watched_table_is_watched_column_by_column(sqlite_store: Store) -> None:
    """Every column that a history is made of fires the trigger of its table when it changes."""
    desk = a_desk(sqlite_store)
    for seed in range(2000, 2060):
        anything(desk, seed)
    read: set[tuple[str, str]] = set()

    def note(act: int, table: str | None, column: str | None, *_: Any) -> int:
        if act == sqlite3.SQLITE_READ and table and column:
            read.add((table, column))
        return sqlite3.SQLITE_OK

    with sqlite_store.read() as session:
        raw = session.connection().connection.driver_connection
        assert raw is not None
        raw.set_authorizer(note)
        assert list(histories(session, range(1, 9)))
        raw.set_authorizer(None)
        made = dict(session.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")).all())
    assert {"mention", "delivery", "desk_case", "case_event", "triage", "customer_identity"} <= {one for one, _ in read}
    for table, column in sorted(one for one in read if one[1] != "id"):
        fires = re.search(r"UPDATE OF (.*?) ON", made.get(f"{table}_figures_update", ""))
        if fires is None:
            assert table in APPEND_ONLY, table
        else:
            assert column in fires[1].split(", "), f"{table}.{column} changes and nobody counts again"


# --- one step -----------------------------------------------------------------------------------------------


def test_nothing_to_count_is_seen_without_counting(store: Store) -> None:
    desk = a_desk(store)
    desk.open_case()
    with store.read() as session:
        assert waits(session, RULE, now=desk.now)
    assert catch_up(store, RULE, now=desk.now) >= 1
    with store.read() as session:
        assert not waits(session, RULE, now=desk.now)
    assert step(store, RULE, now=desk.now) == Step()


def test_time_alone_makes_an_unanswered_case_late(store: Store) -> None:
    desk = a_desk(store)
    desk.classifier = FakeClassifier()
    desk.open_case()
    catch_up(store, RULE, now=desk.now)
    assert late(store) == [None]
    desk.later(hours=5)
    with store.read() as session:
        assert waits(session, RULE, now=desk.now)
    catch_up(store, RULE, now=desk.now)
    assert late(store) == [0.0]


def late(store: Store) -> list[float | None]:
    with store.read() as session:
        return list(session.exec(select(FigureFactRow.value).where(FigureFactRow.measure == "service_first")))


def test_a_step_that_slept_through_another_is_thrown_away(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = a_desk(store)
    case_id = desk.open_case().id or 0
    catch_up(store, RULE, now=desk.now)
    real = keeping.replace_facts
    with store.write() as session:
        cases.claim(session, case_id, by=desk.first, now=desk.now)
    written: list[int] = []

    def noting(session: Any, change: keeping.Change) -> int:
        written.append(len(change.new))
        return real(session, change)

    def counted_beside(session: Any, ids: Any, rule: Any, now: Any) -> Any:
        monkeypatch.setattr(rollup, "_count", count)
        catch_up(store, RULE, now=desk.now)
        return count(session, ids, rule, now)

    count = rollup._count
    monkeypatch.setattr(rollup, "replace_facts", noting)
    monkeypatch.setattr(rollup, "_count", counted_beside)
    assert step(store, RULE, now=desk.now) == Step(again=True)
    assert len(written) == 1


def test_a_change_while_its_case_is_counted_is_counted_next(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = a_desk(store)
    desk.classifier = FakeClassifier()
    case_id = desk.open_case().id or 0
    count = rollup._count

    def changed_meanwhile(session: Any, ids: Any, rule: Any, now: Any) -> Any:
        found = count(session, ids, rule, now)
        if case_id in ids:
            monkeypatch.setattr(rollup, "_count", count)
            with store.write() as other:
                cases.correct_triage(other, case_id, topic=Topic.STORE, by=desk.first, now=desk.now)
        return found

    monkeypatch.setattr(rollup, "_count", changed_meanwhile)
    while step(store, RULE, now=desk.now).again:
        continue
    with store.read() as session:
        topics = set(session.exec(select(FigureFactRow.topic)))
    assert topics == {"store"}


def test_another_zone_moves_every_fact_to_its_own_day(store: Store) -> None:
    desk = a_desk(store)
    desk.now = desk.now.replace(hour=23, minute=30)
    desk.open_case()
    catch_up(store, RULE, now=desk.now)
    assert days(store) == {"2026-02-11"}
    west = counting(ZoneInfo("America/New_York"))
    catch_up(store, west, now=desk.now)
    assert days(store) == {"2026-02-10"}


def days(store: Store) -> set[str]:
    with store.read() as session:
        return set(session.exec(select(FigureDayRow.day)))


def test_the_job_counts_what_changed(sqlite_store: Store) -> None:
    desk = a_desk(sqlite_store)
    desk.open_case()
    runner = Runner(desk, clock=desk.clock)  # type: ignore[arg-type]
    while runner.run(FIGURES).again:
        continue
    assert runner.run(FIGURES).outcome == "idle"
    runner.close()
    assert FIGURES in JOBS
    assert days(sqlite_store)
