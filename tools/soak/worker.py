"""A process of the desk in the soak: runs the desk's own jobs by the soak's clock, a round at a time.

It is the real desk: settings from a file, the real channels over HTTP, the real database, the same runner with leases
and heartbeats that `scheduler.py` uses. Only the waiting between two rounds is the soak's.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path

from tools.soak.clock import FileClock
from webcare.app import build_app
from webcare.jobs.registry import JobSpec
from webcare.jobs.runner import Runner
from webcare.jobs.tasks import JOBS
from webcare.settings import load_settings

#: The two processes and what each does; the others' jobs go with the poller.
SENDING = frozenset({"send", "reconcile", "act"})
_LEFT_OUT = frozenset({"heads"})
#: A job that says that more is waiting is asked again so often at most in one round.
_TURNS = 40
#: How long, in real seconds, a round waits for a lease that a killed process left behind.
_PATIENCE_S = 3.0


def serve(role: str, config: Path, env: Mapping[str, str], clock_file: Path, orders: Connection) -> None:
    """Do a round for each order until told to stop; answers each with what the round came to."""
    logging.basicConfig(filename=config.with_name(f"{role}.log"), level=logging.WARNING, force=True)
    app = build_app(load_settings(config, env={}), env)
    clock = FileClock(clock_file)
    runner = Runner(app, clock=clock)
    rounds = _Rounds(runner, clock, [job for job in JOBS if (job.name in SENDING) == (role == "sender")], app)
    while orders.recv():
        orders.send(rounds.one())
    runner.close()
    app.store.dispose()


class _Rounds:
    """Runs every job that is due by the clock, as often as it asks to."""

    def __init__(self, runner: Runner, clock: FileClock, jobs: list[JobSpec], app: object) -> None:
        self._runner = runner
        self._clock = clock
        self._jobs = [job for job in jobs if job.name not in _LEFT_OUT]
        self._app = app
        self._last: dict[tuple[str, str], datetime] = {}

    def one(self) -> Counter[str]:
        """One round; counts how the runs ended, by job."""
        told: Counter[str] = Counter()
        for job in self._jobs:
            for key in job.keys(self._app):  # type: ignore[arg-type]
                if self._is_due(job, key):
                    self._last[job.name, key] = self._clock()
                    told.update(self._run(job, key))
        return told

    def _is_due(self, job: JobSpec, key: str) -> bool:
        every = timedelta(seconds=job.every_s(self._app.settings))  # type: ignore[attr-defined]
        last = self._last.get((job.name, key))
        return last is None or self._clock() - last >= every

    def _run(self, job: JobSpec, key: str) -> Counter[str]:
        told: Counter[str] = Counter()
        patience = time.monotonic() + _PATIENCE_S
        for _ in range(_TURNS):
            run = self._runner.run(job, key)
            told[f"{job.name}:{run.outcome}"] += 1
            if run.outcome == "busy" and time.monotonic() < patience:
                time.sleep(0.1)
                continue
            if not run.again or run.outcome != "ok":
                break
        return told
