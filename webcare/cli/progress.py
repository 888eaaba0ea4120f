"""What a starting desk shows a person: one line for each part."""

from __future__ import annotations

import sys
import time


class Progress:
    """One line for each part that starts: kept up to date on a terminal, told once elsewhere."""

    def __init__(self) -> None:
        self._live = sys.stdout.isatty()
        self._label = ""
        self._began = time.monotonic()

    def begin(self, label: str) -> None:
        """Close the part before and name the one that starts now."""
        self._close()
        self._label, self._began = label, time.monotonic()
        self.tick()

    def tick(self) -> None:
        """Show how long it has taken so far."""
        if self._live:
            print(f"\r\033[K  starting {self._label} ... {time.monotonic() - self._began:.0f} s", end="", flush=True)

    def leave(self, text: str) -> None:
        """Close the part before and say something."""
        self._close()
        if text:
            print(text, flush=True)

    def _close(self) -> None:
        start = "\r\033[K" if self._live else ""
        if self._label:
            print(f"{start}  {self._label}: ready after {time.monotonic() - self._began:.1f} s", flush=True)
        self._label = ""
