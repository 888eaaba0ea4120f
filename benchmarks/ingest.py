"""How fast collected posts are stored: `python benchmarks/ingest.py [--posts 20000]`.

Ours: the real `ingest.poll_account` (dedup, threads, cases, events, search index, cursor) with posts that are already
in memory and labels that cost nothing. Bare: the very rows that run wrote, put into a second empty database by plain
sqlite3 `executemany`, in batches of the same size, with the same durability and the same search index. Both runs
alternate; the figure that counts is the ratio.
"""

from __future__ import annotations

import argparse
import gc
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from webcare.channels.base import Budget
from webcare.ingest import poll_account
from webcare.store import Store, open_store
from webcare.testing import Desk, FakeClassifier, make_desk, make_mention, make_triage

#: Posts one poll brings, and so the rows of each table in one transaction, ours and bare.
BATCH = Budget().max_pages * Budget().page_size
TABLES = ("thread", "desk_case", "mention", "triage", "case_event")
TEXT = "Mijn SOLVIKA bank zou vandaag komen maar niemand heeft gebeld, kunnen jullie even kijken? Bestelling van mei."


def new_store(directory: Path, name: str) -> Store:
    store = open_store(f"sqlite:///{directory / name}")
    store.upgrade()
    return store


def ours(desk: Desk, posts: int) -> float:
    mentions = [make_mention(f"{TEXT} #{number}", raw={"id": str(number), "text": TEXT}) for number in range(posts)]
    desk.channel.inbox.extend(mentions)
    label = make_triage()
    desk.classifier = FakeClassifier(lambda text: label)
    # The posts waiting in memory are the benchmark's; a real poll has none for the collector to walk over.
    gc.collect()
    gc.freeze()
    start = time.perf_counter()
    stored = 0
    while stored < posts:
        stored += poll_account(
            desk.store, desk.channel, desk.classifier, desk.settings.routing,
            account_key=desk.account_key, now=desk.now, budget=Budget(), unsorted_below=0.45,
        ).stored  # fmt: skip
    return time.perf_counter() - start


def rows_of(path: Path) -> Iterator[tuple[str, list[tuple[object, ...]]]]:
    with closing(sqlite3.connect(path)) as connection:
        for table in TABLES:
            yield table, connection.execute(f"SELECT * FROM {table} ORDER BY rowid").fetchall()


def bare(path: Path, rows: list[tuple[str, list[tuple[object, ...]]]]) -> float:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", "cache_size=-32000"):
            connection.execute(f"PRAGMA {pragma}")
        start = time.perf_counter()
        for first in range(0, max(len(values) for _, values in rows), BATCH):
            connection.execute("BEGIN IMMEDIATE")
            for table, values in rows:
                if part := values[first : first + BATCH]:
                    marks = ",".join("?" * len(part[0]))
                    connection.executemany(f"INSERT INTO {table} VALUES ({marks})", part)
            connection.execute("COMMIT")
        return time.perf_counter() - start


def one_pair(posts: int) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        desk = make_desk(new_store(directory, "ours.db"))
        ours_s = ours(desk, posts)
        desk.store.dispose()
        rows = list(rows_of(directory / "ours.db"))
        plain = make_desk(new_store(directory, "bare.db"))
        plain.store.dispose()
        return ours_s, bare(directory / "bare.db", rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=int, default=20_000)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    pairs = [one_pair(options.posts) for _ in range(options.runs)]
    print(f"{options.posts} posts, {options.runs} pairs   posts/s ours   posts/s bare   ours/bare")
    for name, pick in (("min", min), ("median", statistics.median), ("max", max)):
        rates = [pick([options.posts / pair[side] for pair in pairs]) for side in (0, 1)]
        ratio = pick([bare_s / ours_s for ours_s, bare_s in pairs])
        print(f"{name:>26} {rates[0]:14.0f} {rates[1]:14.0f} {ratio:11.2f}")


if __name__ == "__main__":
    main()
