"""Ids in order of time, so that one page of a list costs what the page holds, not what the whole list holds."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from datetime import UTC, datetime

Key = tuple[datetime, str]
#: Before and behind everything there is.
FIRST: Key = (datetime.min.replace(tzinfo=UTC), "")
LAST: Key = (datetime.max.replace(tzinfo=UTC), "\uffff")


def just_behind(key: Key) -> Key:
    """The smallest key greater than this one."""
    return key[0], key[1] + "\0"


class Timeline:
    """Keys of moment and id, sorted. Lock around it yourself, and do not change it while walking."""

    def __init__(self) -> None:
        self._keys: list[Key] = []

    def __len__(self) -> int:
        return len(self._keys)

    def add(self, key: Key) -> None:
        """Put a key in its place."""
        insort(self._keys, key)

    def discard(self, key: Key) -> None:
        """Take a key out, if it is there."""
        place = bisect_left(self._keys, key)
        if place < len(self._keys) and self._keys[place] == key:
            del self._keys[place]

    def walk(self, low: Key = FIRST, high: Key = LAST, *, newest_first: bool = False) -> Iterator[Key]:
        """The keys from `low` (inclusive) to `high` (exclusive), in the order asked for."""
        start, end = bisect_left(self._keys, low), bisect_left(self._keys, high)
        places = range(end - 1, start - 1, -1) if newest_first else range(start, end)
        for place in places:
            yield self._keys[place]
