"""How fast and how well answers to like messages are found.

    python benchmarks/suggesting.py speed [--count 100000] [--postgres URL]
    python benchmarks/suggesting.py quality

`speed` fills an empty database with that many remembered answers (random directions around a few hundred centres) and
searches it: on SQLite over the copy in memory, with `--postgres` by pgvector. What it finds is compared with the exact
answer. `quality` asks the shipped encoder about pairs of messages judged by hand (suggesting_pairs.jsonl: would an
answer to the one help whoever answers the other?): what share of the offered is of use at each threshold; and how often
the nearest message of data/labels has the same topic.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
from sqlalchemy import insert, text
from sqlmodel import Session, SQLModel

from webcare.cases.suggesting import THRESHOLD, shared_words
from webcare.store import Store, open_store
from webcare.store.tables import AccountRow, AgentRow, CaseRow, DeliveryRow, MentionRow, ThreadRow
from webcare.store.tables_desk import AnswerMemoryRow
from webcare.store.vectors import Nearest, bring_over, packed, prepare
from webcare.testing import NOON

ROOT = Path(__file__).parents[1]
WIDTH, CENTRES, SEARCHES = 384, 400, 60
MODEL = "bench-1"


def main() -> None:
    """Run what was asked for and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("speed", "quality"))
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--postgres", default="")
    options = parser.parse_args()
    if options.what == "quality":
        quality()
        return
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(options.postgres or f"sqlite:///{folder}/desk.db")
        store.upgrade()
        speed(store, options.count)
        store.dispose()


# --- speed ------------------------------------------------------------------------------------------


def speed(store: Store, count: int) -> None:
    """Fill, then search for messages like those that are there."""
    vectors = _vectors(count)
    began = time.perf_counter()
    _fill(store, vectors)
    print(f"{count:,} answers stored in {time.perf_counter() - began:.0f} s")
    began = time.perf_counter()
    while _bring(store):
        pass
    print(f"brought over to pgvector in {time.perf_counter() - began:.0f} s")
    nearest, random = Nearest(), np.random.default_rng(5)
    began = time.perf_counter()
    _search(store, nearest, vectors[0])
    print(f"first search, which reads them all: {time.perf_counter() - began:.1f} s")
    took, work, hits = [], [], 0
    for at in random.choice(count, SEARCHES):
        query = _unit(vectors[at] + 0.02 * random.normal(size=WIDTH).astype(np.float32))
        began, worked = time.perf_counter(), time.process_time()
        found = _search(store, nearest, query)
        took.append(1000 * (time.perf_counter() - began))
        work.append(1000 * (time.process_time() - worked))
        hits += len({one - 1 for one in found} & set(np.argsort(-(vectors @ query))[: len(found)].tolist()))
    took.sort()
    print(f"a search: p50 {statistics.median(took):.1f} ms, p95 {took[int(0.95 * len(took))]:.1f} ms")
    print(f"of that this process worked: p50 {statistics.median(work):.1f} ms")
    print(f"of the exact 20 nearest found: {hits / (20 * SEARCHES):.3f}")


def _vectors(count: int) -> np.ndarray:
    random = np.random.default_rng(1)
    centres = random.normal(size=(CENTRES, WIDTH)).astype(np.float32)
    found = centres[random.integers(CENTRES, size=count)] + 0.7 * random.normal(size=(count, WIDTH)).astype(np.float32)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def _unit(vector: np.ndarray) -> np.ndarray:
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def _search(store: Store, nearest: Nearest, query: np.ndarray) -> list[int]:
    with store.read() as session:
        return [one.memory_id for one in nearest.nearest(session, query, model=MODEL, accounts=(1,), limit=20)]


def _bring(store: Store) -> bool:
    with store.write() as session:
        return prepare(session, WIDTH) and bring_over(session, MODEL) > 0


def _fill(store: Store, vectors: np.ndarray) -> None:
    with store.write() as session:
        session.add(AccountRow(id=1, key="x", channel="x", external_id="1"))
        session.add(AgentRow(id=1, username="noor", name="Noor", created_at=NOON))
        session.flush()
        session.add(ThreadRow(id=1, account_id=1, external_id="t"))
        session.flush()
        session.add(_case())
        session.flush()
        session.add_all(_first())
        session.flush()
        for row in (MentionRow, DeliveryRow):
            _copy(session, row, len(vectors))
    for start in range(0, len(vectors), 5_000):
        with store.write() as session:
            session.execute(insert(AnswerMemoryRow), [_memory(at, vectors[at]) for at in _part(start, len(vectors))])


def _part(start: int, count: int) -> range:
    return range(start, min(start + 5_000, count))


def _copy(session: Session, row: type[SQLModel], count: int) -> None:
    """Make `count` rows of a table's first, with ids of their own."""
    names = [column.name for column in row.__table__.columns]  # type: ignore[attr-defined]
    values = {"id": "n.i", "external_id": "CAST(n.i AS text)", "target_external_id": "CAST(n.i AS text)"}
    numbers = "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < :count)"
    picked = ", ".join(values.get(name, f"t.{name}") for name in names)
    table = row.__tablename__
    copied = f"INSERT INTO {table} ({', '.join(names)}) {numbers} SELECT {picked} FROM {table} t, n WHERE t.id = 1"
    session.execute(text(copied), {"count": count})


def _case() -> CaseRow:
    return CaseRow(
        id=1, thread_id=1, account_id=1, channel="x", queue="first_line", line="first_line", priority=3,
        respond_by=NOON, first_respond_by=NOON, sentiment="neutral", urgency="normal", topic="order",
        language="nl", customer_id="c",
        opened_at=NOON, first_posted_at=NOON, last_posted_at=NOON,
    )  # fmt: skip


def _first() -> list[SQLModel]:
    return [
        MentionRow(
            id=1, account_id=1, channel="x", external_id="1", thread_id=1, case_id=1, author_external_id="c",
            text="Vraag", posted_at=NOON, collected_at=NOON,
        ),
        DeliveryRow(
            id=1, case_id=1, account_id=1, target_external_id="1", thread_external_id="t", kind="reply",
            text="Antwoord", fingerprint="f", rules_version="r", author_id=1, approver_id=1, created_at=NOON,
            not_before=NOON, state="sent",
        ),
    ]  # fmt: skip


def _memory(at: int, vector: np.ndarray) -> dict[str, object]:
    ids = {"id": at + 1, "delivery_id": at + 1, "mention_id": at + 1}
    about = {"language": "nl", "topic": "order", "model_version": MODEL, "made_at": NOON}
    return {**ids, **about, "vector": packed(vector)}


# --- quality ----------------------------------------------------------------------------------------


def quality() -> None:
    """Judge the shipped encoder with shared words on the repository's own messages."""
    # Here, so that `speed` does not wait for the encoder.
    from webcare.encoder import Encoder
    from webcare.guard.learned.inprocess import InProcess

    models = ROOT / "models"
    reader = InProcess.load(Encoder.load(models), models)
    stories = _stories()
    labelled = {row["id"]: row for file in sorted((ROOT / "data" / "labels").glob("*.jsonl")) for row in _lines(file)}
    memory = [row for row in labelled.values() if row["needs_reply"]]
    known = np.concatenate(
        [reader.embed([row["text"] for row in memory[at : at + 512]])[1] for at in range(0, len(memory), 512)]
    )
    _topics(reader, stories, memory, known)
    _pairs(reader, stories, memory, known)


def _topics(
    reader: object, stories: dict[str, dict[str, str]], memory: list[dict[str, str]], known: np.ndarray
) -> None:
    asked = [row for row in stories.values() if row["needs_reply"]]
    _, rows = reader.embed([row["text"] for row in asked])  # type: ignore[attr-defined]
    best = (rows @ known.T).argmax(axis=1)
    same = np.mean([memory[at]["topic"] == row["topic"] for at, row in zip(best, asked, strict=True)])
    own = known @ known.T
    np.fill_diagonal(own, -2)
    nearest = own.argmax(axis=1)
    topic = np.mean([memory[at]["topic"] == row["topic"] for at, row in zip(nearest, memory, strict=True)])
    scenario = np.mean([memory[at]["scenario"] == row["scenario"] for at, row in zip(nearest, memory, strict=True)])
    print(f"data/labels: the nearest has the same topic {topic:.3f}, the same scenario {scenario:.3f}")
    print(f"demo: the nearest of data/labels has the same topic {same:.3f}")


def _pairs(reader: object, stories: dict[str, dict[str, str]], memory: list[dict[str, str]], known: np.ndarray) -> None:
    places = {row["id"]: at for at, row in enumerate(memory)}
    useful, scores = [], []
    for pair in _lines(Path(__file__).with_name("suggesting_pairs.jsonl")):
        text = stories[pair["asked"]]["text"]
        _, [row] = reader.embed([text])  # type: ignore[attr-defined]
        cosines = known @ row
        pool = [places[pair["like"]], *np.argsort(-cosines)[:60].tolist()]
        words = shared_words(text, [memory[at]["text"] for at in pool])[0]
        useful.append(pair["useful"])
        scores.append(float(cosines[pool[0]]) + words)
    found, score = np.array(useful), np.array(scores)
    print(f"{len(found)} pairs judged by hand; without a threshold {found.mean():.2f} are of use")
    for threshold in (0.8, 0.85, 0.9, 0.95, 1.0, 1.05):
        kept = score >= threshold
        mark = " <- in use" if threshold == THRESHOLD else ""
        right, share = found[kept].mean(), found[kept].sum() / found.sum()
        print(
            f"  from {threshold:.2f}: {kept.sum():3} offered, {right:.2f} of use, {share:.2f} of what is of use{mark}"
        )


def _stories() -> dict[str, dict[str, str]]:
    folder = ROOT / "webcare" / "sandbox" / "stories"
    labels = {row["id"]: row for row in _lines(folder / "labels.jsonl")}
    rows = [row for lang in ("nl", "en", "sv", "nb", "da", "de") for row in _lines(folder / f"{lang}.jsonl")]
    return {row["id"]: {**row, **labels[row["id"]]} for row in rows if row["id"] in labels}


def _lines(file: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]


if __name__ == "__main__":
    main()
