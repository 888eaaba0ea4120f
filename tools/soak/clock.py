"""One clock for several processes: a file of eight bytes that the soak moves on."""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

#: When every soak begins; a fixed day, so that a seed makes the same posts on every run.
BEGIN = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class FileClock:
    """Tells what the file says; calling it gives aware UTC."""

    path: Path

    @classmethod
    def at(cls, path: Path, moment: datetime) -> FileClock:
        """A clock in a new file."""
        clock = cls(path)
        path.touch()
        clock.set(moment)
        return clock

    def __call__(self) -> datetime:
        """The moment in the file."""
        (micros,) = struct.unpack("<q", self.path.read_bytes())
        return datetime.fromtimestamp(micros / 1_000_000, UTC)

    def set(self, moment: datetime) -> None:
        """Move it to `moment`, for every process at once."""
        partial = self.path.with_suffix(".new")
        partial.write_bytes(struct.pack("<q", round(moment.timestamp() * 1_000_000)))
        os.replace(partial, self.path)

    def advance(self, by: timedelta) -> datetime:
        """Move it on; gives the new moment."""
        self.set(self() + by)
        return self()
