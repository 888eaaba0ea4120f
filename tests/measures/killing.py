"""Kills the process that counts, at random moments, and compares what is left with a recount.

Run as a program it is that process: `python -m tests.measures.killing ADDRESS MOMENT` counts until nothing waits, and
prints a line after each step.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import select

from tests.measures.wandering import anything, label
from webcare.measures import rollup
from webcare.measures.rollup import catch_up, counting, recount, step
from webcare.store import Store, open_store
from webcare.store.tables_measures import FigureCaseRow, FigureDayRow, FigureFactRow
from webcare.testing import FakeClassifier, make_desk

ROOT = Path(__file__).parents[2]
RULE = counting(ZoneInfo("Europe/Amsterdam"))
_READY = "ready"


@dataclass(frozen=True)
class Done:
    """How it went."""

    kills: int
    inside: int  #: kills that came between the first step and the last
    facts: int


def figures_as_kept(store: Store) -> dict[str, list[Any]]:
    """All that the figures are, in an order of their own, without the numbers of rows."""
    with store.read() as session:
        facts = [row.model_dump(exclude={"id"}) for row in session.exec(select(FigureFactRow))]
        days = [row.model_dump() for row in session.exec(select(FigureDayRow))]
        cases = [(row.case_id, row.changes_at) for row in session.exec(select(FigureCaseRow))]
    return {"facts": sorted(map(repr, facts)), "days": sorted(map(repr, days)), "cases": sorted(map(repr, cases))}


def killed_and_compared(folder: Path, *, kills: int, seed: int) -> Done:
    """Let a desk work, start counting, kill that, start again; after each kill the rest is counted and compared."""
    chance = random.Random(seed)
    store = open_store(f"sqlite:///{folder / 'killed.db'}")
    store.upgrade()
    desk = make_desk(store)
    desk.classifier = FakeClassifier(label)
    inside, took = 0, 0.0
    for _ in range(kills):
        for _ in range(25):
            anything(desk, chance.randrange(2**32))
        if chance.random() < 0.3:
            _mark_everything(store)
        began = time.monotonic()
        counting_process = _start(store, desk.now)
        # Somewhere in what the last undisturbed count took; the first time, in half a second.
        done = _kill_within(counting_process, chance.random() * (took or 0.5))
        inside += not done
        before = time.monotonic()
        catch_up(store, RULE, now=desk.now)
        took = max(0.05, time.monotonic() - before) if not done else max(took, time.monotonic() - began)
        kept = figures_as_kept(store)
        recount(store, RULE, now=desk.now)
        assert kept == figures_as_kept(store), f"after {seed} and {desk.now}"
    store.dispose()
    return Done(kills, inside, len(kept["facts"]))


def _mark_everything(store: Store) -> None:
    with store.write() as session:
        state = rollup.kept_state(session)
        if state is not None:
            state.meaning = "another"
            session.add(state)


def _start(store: Store, now: datetime) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.measures.killing", store.url, now.isoformat()]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline().strip() == _READY
    return process


def _kill_within(process: subprocess.Popen[str], seconds: float) -> bool:
    """Kill it after so long; whether it had come to its end before."""
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.kill(process.pid, signal.SIGKILL)
    ended = process.wait() == 0
    assert process.stdout is not None
    process.stdout.close()
    return ended


def main() -> None:
    """Count in small steps until nothing waits."""
    store, now = open_store(sys.argv[1]), datetime.fromisoformat(sys.argv[2])
    rollup.AT_ONCE = 3  # many steps, so that a kill finds one
    print(_READY, flush=True)
    while step(store, RULE, now=now).again:
        continue


if __name__ == "__main__":
    main()
