"""What X would charge for: posts, people and messages read, each once a day, and what was written.

The prices are those of August 2026, in millionths of a dollar; a desk's own book of what it spent can be held against
this one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any

PRICES = {
    "post_read": 5_000,
    "owned_read": 1_000,
    "user_read": 10_000,
    "dm_read": 10_000,
    "post_create": 15_000,
    "post_create_url": 200_000,
    "summoned_reply": 10_000,
    "dm_create": 15_000,
}


class Meter:
    """Counts per account and UTC day. Lock the world around it."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str], Counter[str]] = {}
        self._seen: dict[str, set[str]] = {}
        self._spent: Counter[str] = Counter()

    def read(self, account: str, what: str, ids: Iterable[str], now: datetime) -> None:
        """Count things read; the same one again on the same UTC day is free."""
        day = now.date().isoformat()
        if day not in self._seen:
            self._seen = {day: set()}
        seen = self._seen[day]
        fresh = [one for one in ids if f"{account} {what} {one}" not in seen]
        seen.update(f"{account} {what} {one}" for one in fresh)
        self._add(account, day, what, len(fresh))

    def wrote(self, account: str, what: str, now: datetime) -> None:
        """Count one thing written."""
        self._add(account, now.date().isoformat(), what, 1)

    def _add(self, account: str, day: str, what: str, count: int) -> None:
        if count:
            self._counts.setdefault((account, day), Counter())[what] += count
            self._spent[account] += PRICES[what] * count

    def posts_of_month(self, account: str, now: datetime) -> int:
        """How many posts an account has read in this calendar month."""
        month = now.date().isoformat()[:7]
        return sum(
            counts["post_read"] + counts["owned_read"]
            for (key, day), counts in self._counts.items()
            if key == account and day.startswith(month)
        )

    def spent(self, account: str) -> int:
        """Everything charged so far, in millionths of a dollar."""
        return self._spent[account]

    def listed(self) -> list[dict[str, Any]]:
        """Counts and cost per account and day."""
        return [
            {
                "account": account,
                "day": day,
                "counts": dict(counts),
                "micros": sum(PRICES[what] * count for what, count in counts.items()),
            }
            for (account, day), counts in sorted(self._counts.items())
        ]
