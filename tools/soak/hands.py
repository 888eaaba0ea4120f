"""The desk's processes in the soak, and how they are killed, frozen and started again."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tools.soak.worker import serve

#: Started once with everything imported, so that a killed process is back in a few milliseconds.
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tools.soak.worker"])
#: No round takes longer than this, in real seconds; more means that a process hangs.
_HANGS_S = 120.0


class Hangs(RuntimeError):
    """A process of the desk did not come back."""


@dataclass(slots=True)
class Hand:
    """One process of the desk, whichever one it is at the moment."""

    role: str
    config: Path
    env: Mapping[str, str]
    clock_file: Path
    kills: int = 0
    told: Counter[str] = field(default_factory=Counter)
    usual_s: float = 0.3  #: how long a round takes, in real seconds; kills fall anywhere in it
    _process: multiprocessing.process.BaseProcess | None = None
    _orders: multiprocessing.connection.Connection | None = None
    _since: float = 0.0

    def order(self) -> None:
        """Let it begin a round."""
        if self._process is None:
            self._start()
        assert self._orders is not None
        self._since = time.monotonic()
        self._orders.send(True)

    def finish(self, kill_after: float | None = None) -> None:
        """Wait for the round to end, or kill it `kill_after` real seconds after it began."""
        assert self._orders is not None
        left = _HANGS_S if kill_after is None else max(0.0, self._since + kill_after - time.monotonic())
        if self._orders.poll(left):
            self.told.update(self._orders.recv())
            self.usual_s += 0.1 * (time.monotonic() - self._since - self.usual_s)
        elif kill_after is None:
            raise Hangs(f"the {self.role} did not finish a round; see {self.config.with_name(self.role)}.log")
        else:
            self.kill()

    def kill(self) -> None:
        """Kill -9; the next order starts another."""
        process = self._process
        self._signal(signal.SIGKILL)
        assert process is not None
        process.join()
        self._forget()
        self.kills += 1

    def freeze(self, after: float) -> None:
        """Stop it `after` real seconds into its round, if it still runs."""
        time.sleep(after)
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def dismiss(self) -> None:
        """End it in peace."""
        if self._process is not None and self._orders is not None:
            with suppress(BrokenPipeError):
                self._orders.send(False)
            self._process.join(timeout=30)
            self._forget()

    def _start(self) -> None:
        ours, theirs = _CONTEXT.Pipe()
        args = (self.role, self.config, dict(self.env), self.clock_file, theirs)
        process = _CONTEXT.Process(target=serve, args=args, name=f"soak-{self.role}", daemon=True)
        process.start()
        theirs.close()
        self._process, self._orders = process, ours

    def _signal(self, number: signal.Signals) -> None:
        pid = self._process.pid if self._process is not None else None
        assert pid is not None
        os.kill(pid, number)

    def _forget(self) -> None:
        assert self._orders is not None
        self._orders.close()
        self._process = self._orders = None
