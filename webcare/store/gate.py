"""The write gate: one writer at a time on an SQLite file, over threads and processes, in turn.

SQLite's own waiting is a sleep with growing pauses, which starves; and SQLite before 3.51.3 can damage a file in
WAL mode when two connections commit and checkpoint at the same instant. Standing in line outside cures both.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import ClassVar

from filelock import BaseFileLock, FileLock, Timeout

from webcare.errors import StoreUnavailable

#: How often a waiting process looks at the lock file; it bounds the pause between two writers.
POLL_S = 0.002


class NoGate:
    """PostgreSQL orders its writers itself."""

    def held(self, wait_s: float) -> AbstractContextManager[None]:
        """A block that needs no turn."""
        return nullcontext()


class WriteGate:
    """Held by at most one thread of one process per database file."""

    _known: ClassVar[dict[Path, WriteGate]] = {}
    _knowing: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, path: Path) -> None:
        self._path = path
        self._threads = threading.Lock()
        self._owner: int | None = None
        # Whoever waits for `gate` holds `turn`, so a process that writes without pause cannot pass it by.
        self._turn = _file_lock(path.with_name(path.name + ".turn.lock"))
        self._file = _file_lock(path.with_name(path.name + ".lock"))

    @classmethod
    def beside(cls, path: Path) -> WriteGate:
        """The gate of this file; all stores of a process that open the same file share it."""
        with cls._knowing:
            if path not in cls._known:
                cls._known[path] = cls(path)
            return cls._known[path]

    @classmethod
    def forget(cls) -> None:
        """Start afresh in a forked child: its copies of the locks may be held by threads it does not have."""
        cls._known, cls._knowing = {}, threading.Lock()

    @contextmanager
    def held(self, wait_s: float) -> Iterator[None]:
        """Hold the gate for the block; StoreUnavailable when it is not our turn within `wait_s` seconds."""
        if self._owner == threading.get_ident():
            raise RuntimeError("write() inside write(): pass the session on instead of opening a second one")
        deadline = time.monotonic() + wait_s
        if not self._threads.acquire(timeout=wait_s):
            raise self._too_long(wait_s)
        try:
            self._owner = threading.get_ident()
            self._pass_processes(deadline, wait_s)
            try:
                yield
            finally:
                self._file.release()
        finally:
            self._owner = None
            self._threads.release()

    def _pass_processes(self, deadline: float, wait_s: float) -> None:
        try:
            with self._turn.acquire(timeout=_left(deadline), poll_interval=POLL_S):
                self._file.acquire(timeout=_left(deadline), poll_interval=POLL_S)
        except Timeout as error:
            raise self._too_long(wait_s) from error
        except OSError as error:
            raise StoreUnavailable(
                "the database {path} cannot be written: its lock file in {folder} cannot be used ({why})",
                path=self._path,
                folder=self._path.parent,
                why=error.strerror,
            ) from error

    def _too_long(self, wait_s: float) -> StoreUnavailable:
        return StoreUnavailable(
            "the database {path} is busy: another write has not finished within {seconds:g} seconds; "
            "nothing was saved, try again in a moment",
            path=self._path,
            seconds=wait_s,
        )


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=WriteGate.forget)


def _file_lock(path: Path) -> BaseFileLock:
    return FileLock(path, thread_local=False, mode=0o600)


def _left(deadline: float) -> float:
    return max(0.0, deadline - time.monotonic())
