"""Running a long command so that a person sees that it moves, and how long it has taken. Standard library only."""

from __future__ import annotations

import os
import queue
import re
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

QUIET_LINE_S = 15.0

_DOWNLOAD = re.compile(r"^\s*Downloading (\S+?)(?: \(([\d.]+) ([kMG]?)B\))?\s*$")
_COLLECT = re.compile(r"^\s*(?:Collecting|Processing|Obtaining) (\S+)")
_UNIT_MB = {"": 1e-6, "k": 1e-3, "M": 1.0, "G": 1e3}


def say(text: str, *, end: str = "\n") -> None:
    """Print at once, also into a pipe."""
    sys.stdout.write(text + end)
    sys.stdout.flush()


def clock(seconds: float) -> str:
    """Seconds as a person reads them: `42 s` or `1 min 42 s`."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


class Step:
    """One line of progress: a terminal's line keeps itself up to date, elsewhere a line comes every 15 s."""

    def __init__(self, label: str) -> None:
        self.label = label
        self.began = time.monotonic()
        self.detail = ""
        self.megabytes = 0.0
        self._live = sys.stdout.isatty()
        self._said = self.began
        if not self._live:
            say(f"{label} ...")

    def see(self, line: str) -> None:
        """Take one line of pip's output."""
        if match := _DOWNLOAD.match(line):
            self.megabytes += float(match[2] or 0) * _UNIT_MB[match[3] or ""]
            self.detail = f"downloading {_package(match[1])}"
        elif match := _COLLECT.match(line):
            self.detail = f"looking at {_package(match[1])}"
        elif line.startswith("Installing collected packages"):
            count = line.count(",") + 1
            self.detail = f"unpacking {count} package{'s' if count > 1 else ''}"

    def tick(self) -> None:
        """Show where it stands."""
        now = time.monotonic()
        text = f"{self.label} ... {clock(now - self.began)}" + (f", {self.detail}" if self.detail else "")
        if self._live:
            say("\r\033[K" + text[: shutil.get_terminal_size().columns - 1], end="")
        elif now - self._said >= QUIET_LINE_S:
            self._said = now
            say(f"  {text}")

    def done(self) -> None:
        """Leave the closing line."""
        start = "\r\033[K" if self._live else "  "
        extra = f", {self.megabytes:.0f} MB downloaded" if self.megabytes >= 1 else ""
        say(f"{start}{self.label}: {clock(time.monotonic() - self.began)}{extra}")


def _package(spec: str) -> str:
    name = spec.rstrip("/").split("/")[-1]
    return re.split(r"[\[<>=!~;(]|-\d", name)[0][:30]


def run_step(step: Step, command: list[str], log: Path, *, keep_open: tuple[int, ...] = ()) -> tuple[int, str]:
    """Run `command`, feed its lines to `step` and to the file `log`; give its exit code and all that it printed.

    `keep_open`: file descriptors the command inherits.
    """
    env = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PYTHONHOME")}
    env.update(PYTHONUTF8="1", PYTHONUNBUFFERED="1", PIP_USER="0", PIP_DISABLE_PIP_VERSION_CHECK="1", PIP_NO_INPUT="1")
    child = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=env,
        pass_fds=keep_open,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    lines: queue.Queue[str | None] = queue.Queue()
    threading.Thread(target=_pump, args=(child, lines), daemon=True).start()
    try:
        printed = _follow(step, lines, log)
        return child.wait(), printed
    except BaseException:
        _end(child)
        raise


def _pump(child: subprocess.Popen[str], lines: queue.Queue[str | None]) -> None:
    for line in child.stdout or ():
        lines.put(line)
    lines.put(None)


def _follow(step: Step, lines: queue.Queue[str | None], log: Path) -> str:
    printed: list[str] = []
    with log.open("a", encoding="utf-8") as file:
        while True:
            try:
                line = lines.get(timeout=0.5)
            except queue.Empty:
                step.tick()
                continue
            if line is None:
                return "".join(printed)
            printed.append(line)
            file.write(line)
            step.see(line)


def _end(child: subprocess.Popen[str]) -> None:
    if child.poll() is None:
        child.terminate()
    try:
        child.wait(timeout=20)
    except subprocess.TimeoutExpired:
        child.kill()
