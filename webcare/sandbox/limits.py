"""Counting requests per window, the way both networks announce their limits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Window:
    """What is left of one window after a request was counted."""

    limit: int
    used: int
    reset_at: datetime

    @property
    def remaining(self) -> int:
        """Requests left, never below zero."""
        return max(0, self.limit - self.used)

    @property
    def exceeded(self) -> bool:
        """Whether this request was one too many."""
        return self.used > self.limit

    @property
    def percent(self) -> int:
        """How much of the limit is used, in percent."""
        return round(100 * self.used / self.limit)


class Windows:
    """Fixed windows by name: the first request opens one, and it closes `lasts` later. Lock around it yourself."""

    def __init__(self) -> None:
        self._open: dict[str, tuple[datetime, int]] = {}

    def take(self, name: str, *, limit: int, lasts: timedelta, now: datetime) -> Window:
        """Count one request against the window `name`."""
        reset_at, used = self._open.get(name, (now, 0))
        if now >= reset_at or reset_at - now > lasts:
            reset_at, used = now + lasts, 0
        self._open[name] = (reset_at, used + 1)
        return Window(limit=max(1, limit), used=used + 1, reset_at=reset_at)

    def clear(self) -> None:
        """Forget every window, as if the limits had just been reset."""
        self._open.clear()
