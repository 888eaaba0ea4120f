"""What people wait for goes before what counts and compares, where both want the processors of one process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from webcare.jobs.registry import JobSpec

#: How long a job that can wait does, in seconds: a poll of a slow network may take a minute.
AT_MOST_S = 1.0


class Precedence:
    """Who goes first among the jobs of one process. Holds nobody up for longer than `at_most_s`."""

    def __init__(self, at_most_s: float = AT_MOST_S) -> None:
        self._at_most_s = at_most_s
        self._first = 0
        self._changed = threading.Condition()

    @contextmanager
    def of(self, job: JobSpec) -> Iterator[None]:
        """Let `job` run, after those that go first if it can wait."""
        if job.precedence == "last":
            with self._changed:
                self._changed.wait_for(lambda: self._first == 0, self._at_most_s)
        with self._counted(job.precedence == "first"):
            yield

    @contextmanager
    def _counted(self, first: bool) -> Iterator[None]:
        with self._changed:
            self._first += first
        try:
            yield
        finally:
            with self._changed:
                self._first -= first
                self._changed.notify_all()
