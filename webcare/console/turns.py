"""Runs of a page take turns, so that a room full of people waits less.

Python runs one thread at a time. Two runs side by side take no less work than one after the other, but each of them
asks the database some forty times, and after every answer waits until the other lets go: ten people who click within
the same moment all wait for the tenth. One after the other, the first has the page when a tenth of that is over.

Whoever takes long (a report, a database that does not answer) keeps nobody: after `LONGEST_S` the next one goes on
beside it. With 100 people at work 95 of 100 runs end within 75 ms this way, and within 140 ms without
(`benchmarks/crowd.py`).
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

from streamlit.runtime.scriptrunner.script_runner import ScriptRunner

#: A run of the pages people work in takes a fifth of this.
LONGEST_S = 0.15
#: Whoever stands further back looks this often, at most, whether the line has moved on.
_LOOK_S = 0.01


class Turns:
    """Who may run now: one at a time, in the order they came, each for `longest_s` at most; then the next one joins."""

    def __init__(self, longest_s: float) -> None:
        self._longest_s = longest_s
        self._lock = threading.Lock()
        self._line: deque[threading.Event] = deque()
        self._has: threading.Event | None = None
        self._until = 0.0

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for one's turn, and give it on afterwards."""
        mine = threading.Event()  # set when the one before has finished
        with self._lock:
            self._line.append(mine)
        while (left := self._left(mine)) is not None:
            mine.wait(max(left, _LOOK_S))
        try:
            yield
        finally:
            self._finish(mine)

    def _left(self, mine: threading.Event) -> float | None:
        """None when it is one's turn now, and it is taken; else seconds until it is worth looking again."""
        with self._lock:
            now = time.monotonic()
            if self._line[0] is mine and (self._has is None or now >= self._until):
                self._line.popleft()
                self._has, self._until = mine, now + self._longest_s
                return None
            return self._until - now

    def _finish(self, mine: threading.Event) -> None:
        with self._lock:
            if self._has is mine:
                self._has = None
                if self._line:
                    self._line[0].set()


_turns = Turns(LONGEST_S)


def take_turns() -> None:
    """Have every run of a page in this process wait for its turn."""
    if hasattr(ScriptRunner._run_script, "__wrapped__"):
        return
    run = ScriptRunner._run_script

    @wraps(run)
    def in_turn(runner: ScriptRunner, rerun_data: Any) -> None:
        with _turns.turn():
            run(runner, rerun_data)

    ScriptRunner._run_script = in_turn  # type: ignore[assignment,method-assign]
