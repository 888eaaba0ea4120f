"""How long Webcare takes to start: `python benchmarks/startup.py [--rounds 15]`.

Each start is a fresh process; the kinds take turns in every round, so that a busy machine slows all of them alike.
The figure that counts is the ratio to Python's own start.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time

STARTS = {
    "python alone": ["-c", "pass"],
    "import webcare": ["-c", "import webcare"],
    "webcare --version": ["-m", "webcare.cli", "--version"],
    "import webcare.app (all the desk, no model)": ["-c", "import webcare.app"],
    "webcare guard --json, one line": ["-m", "webcare.cli", "guard", "--json"],
    "webcare triage --json, one line (word lists)": ["-m", "webcare.cli", "triage", "--json"],
}
LINE = b'{"id": 1, "lang": "nl", "text": "Waar blijft mijn kast?", "mention": "", "notes": [], "draft": "Dag Anna!"}\n'


def start(arguments: list[str], folder: str) -> float:
    """Seconds from start to end of one process."""
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, *arguments],
        input=LINE,
        cwd=folder,
        env={**os.environ, "WEBCARE_TRIAGE__ENGINE": "keywords"},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return time.perf_counter() - began


def main() -> None:
    """Print the median of each start and its ratio to Python's own."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    seconds: dict[str, list[float]] = {name: [] for name in STARTS}
    with tempfile.TemporaryDirectory() as folder:
        for arguments in STARTS.values():
            start(arguments, folder)  # fills the caches of the disk and of compiled files
        for _ in range(rounds):
            for name, arguments in STARTS.items():
                seconds[name].append(start(arguments, folder))
    bare = statistics.median(seconds["python alone"])
    print(f"{'':<46} {'median':>8} {'over python':>12} {'ratio':>7}")
    for name, times in seconds.items():
        median = statistics.median(times)
        print(f"{name:<46} {median * 1000:>5.0f} ms {(median - bare) * 1000:>9.0f} ms {median / bare:>7.1f}")


if __name__ == "__main__":
    main()
