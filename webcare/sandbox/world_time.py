"""The world's own time: it goes with another clock until somebody sets it, moves it on, holds it or makes it run."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from webcare.sandbox.values import Clock, SandboxError

#: A hundred years would leave the numbers ids are made of; ten thousand times is a simulated day in nine seconds.
MOST_AHEAD = timedelta(days=36_525)
FASTEST = 10_000.0


class WorldTime:
    """A clock that only goes forward. May be read and changed from any thread."""

    def __init__(self, base: Clock) -> None:
        self._base = base
        self._lock = Lock()
        #: What the base showed, and what we showed, when our speed was last changed; None: both are the same.
        self._since: tuple[datetime, datetime] | None = None
        self.speed = 1.0

    def __call__(self) -> datetime:
        """The world's present, aware UTC."""
        with self._lock:
            return self._now(self._base())

    def _now(self, base: datetime) -> datetime:
        if self._since is None:
            return base
        base_then, then = self._since
        return then + (base - base_then) * self.speed

    def set(self, moment: datetime) -> datetime:
        """Make it this time now. Raises SandboxError if that lies in the world's past or out of reach."""
        if moment.tzinfo is None:
            raise SandboxError("a time needs its zone, e.g. 2026-11-01T08:00:00Z")
        with self._lock:
            base = self._base()
            if not self._now(base) <= moment <= base + MOST_AHEAD:
                raise SandboxError(f"time only goes forward here, and at most a hundred years; it is {self._now(base)}")
            self._since = (base, moment)
            return moment

    def advance(self, seconds: float) -> datetime:
        """Move on by so many seconds at once. Raises SandboxError for a number below 0 or out of reach."""
        if not math.isfinite(seconds) or not 0 <= seconds <= MOST_AHEAD.total_seconds():
            raise SandboxError(f"time moves on by 0 seconds or more, not by {seconds}")
        with self._lock:
            base = self._base()
            moment = self._now(base) + timedelta(seconds=seconds)
            if moment > base + MOST_AHEAD:
                raise SandboxError("that is more than a hundred years ahead")
            self._since = (base, moment)
            return moment

    def run(self, speed: float) -> None:
        """Let it go so many times as fast from now on; 0 holds it. Raises SandboxError for a speed out of reach."""
        if not math.isfinite(speed) or not 0 <= speed <= FASTEST:
            raise SandboxError(f"the clock's speed lies between 0 and {FASTEST:.0f}, not at {speed}")
        with self._lock:
            base = self._base()
            self._since = (base, self._now(base))
            self.speed = speed

    def dump(self) -> dict[str, Any]:
        """How it differs from its base, as plain data."""
        with self._lock:
            base = self._base()
            return {"ahead_s": (self._now(base) - base).total_seconds(), "speed": self.speed}

    def load(self, saved: dict[str, Any]) -> None:
        """Be ahead, and run, as it was saved."""
        if saved.get("ahead_s"):
            self.advance(max(0.0, float(saved["ahead_s"])))
        if saved.get("speed", 1.0) != 1.0:
            self.run(float(saved["speed"]))
