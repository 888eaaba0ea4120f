"""How long 100,000 rows of 20 columns take as CSV, Excel and Parquet, and how much memory the process needed at most.

python -m benchmarks.exports [--rows 100000]
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from webcare.domain import Actor, Role
from webcare.reports.exporting import About, Column, Format, Kind, Table, export
from webcare.store import open_store

KINDS: tuple[Kind, ...] = ("whole", *["text"] * 9, *["time"] * 6, *["number"] * 4)  # type: ignore[assignment]
START = datetime(2026, 1, 1, tzinfo=UTC)


def rows(count: int) -> Iterator[tuple[Any, ...]]:
    for n in range(count):
        times = [START + timedelta(minutes=n + p) for p in range(6)]
        yield (n, *[f"text {n} of column {p}" for p in range(9)], *times, *[n / 7] * 4)


def one(form: Format, count: int, folder: Path) -> None:
    """Write one file in this process and say what it took."""
    store = open_store(f"sqlite:///{folder / 'desk.db'}")
    store.upgrade()
    columns = [Column(f"Column {number}", kind) for number, kind in enumerate(KINDS)]
    table = Table("long", columns, rows(count), About("Long", ZoneInfo("Europe/Amsterdam")))
    began = time.perf_counter()
    with open(folder / f"long.{form.value}", "wb") as out:
        export(store, out, form, table, by=Actor(None, "benchmark", Role.ADMIN), now=START)
    seconds = time.perf_counter() - began
    size = (folder / f"long.{form.value}").stat().st_size / 1e6
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{form.value:8} {seconds:6.1f} s  {size:6.1f} MB  {memory:5.0f} MiB of memory at most")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--one", type=Format)
    options = parser.parse_args()
    if options.one:
        with tempfile.TemporaryDirectory() as folder:
            one(options.one, options.rows, Path(folder))
        return
    for form in Format:
        # A process each: memory only ever grows in one.
        given = ["--rows", str(options.rows), "--one", form.value]
        subprocess.run([sys.executable, "-m", "benchmarks.exports", *given], check=True)


if __name__ == "__main__":
    main()
