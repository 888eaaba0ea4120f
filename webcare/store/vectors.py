"""The answered messages that are nearest to another message, out of up to some hundred thousand.

On PostgreSQL with pgvector the database searches; everywhere else this process does, over a copy of the vectors in
eight bits (38 MB for 100,000). The copy only chooses whom to look at: what it finds is compared again by the vectors
as they were stored. Nothing here reads a text.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, col, func, select

from webcare.store.tables import DeliveryRow
from webcare.store.tables_desk import AnswerMemoryRow

_log = logging.getLogger(__name__)
Floats = NDArray[np.float32]

#: Rows of the copy that are widened at a time: they stay in the processor's cache.
_BLOCK = 4_096
#: The copy errs by less than this on a cosine, so a few more are looked at again.
_SPARE = 24
_AT_ONCE = 5_000
#: On PostgreSQL a transaction may commit a smaller id after a larger one was seen; so many are looked at again.
_OVERLAP = 200
#: How many neighbours the index keeps in view; its recall on 100,000 vectors is in benchmarks/suggesting.py.
_IN_VIEW = 120


@dataclass(frozen=True, slots=True)
class Near:
    """One answered message and its cosine with the one asked for."""

    memory_id: int
    cosine: float


class Vectors(Protocol):
    """Where the vectors are searched."""

    def nearest(
        self,
        session: Session,
        query: Floats,
        *,
        model: str,
        accounts: Collection[int],
        language: str = "",
        limit: int = 20,
    ) -> list[Near]:
        """The nearest answered messages of these accounts, nearest first; `language` empty for all.

        `query` (H,) has length 1. Only vectors of the same model are compared.
        """


def packed(vector: Floats) -> bytes:
    """A vector (H,) as it is stored."""
    return np.ascontiguousarray(vector, dtype="<f4").tobytes()


def unpacked(stored: bytes) -> Floats:
    """A stored vector (H,)."""
    return np.frombuffer(stored, dtype="<f4").astype(np.float32)


class Nearest:
    """Searches the fastest way this database allows. One for each process and database; safe for threads."""

    def __init__(self) -> None:
        self._here = InMemory()
        self._in_database = False

    def nearest(
        self,
        session: Session,
        query: Floats,
        *,
        model: str,
        accounts: Collection[int],
        language: str = "",
        limit: int = 20,
    ) -> list[Near]:
        """As in `Vectors`."""
        if not self._in_database and session.get_bind().dialect.name == "postgresql":
            # The process with the encoder makes the table, perhaps after this one has begun.
            self._in_database = _is_prepared(session)
            self._here = InMemory() if self._in_database else self._here
        way: Vectors = InDatabase() if self._in_database else self._here
        return way.nearest(session, query, model=model, accounts=accounts, language=language, limit=limit)


# --- in this process --------------------------------------------------------------------------------


class InMemory:
    """Searches a copy of the vectors in this process, brought up to date before each search. Safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._forget()

    def nearest(
        self,
        session: Session,
        query: Floats,
        *,
        model: str,
        accounts: Collection[int],
        language: str = "",
        limit: int = 20,
    ) -> list[Near]:
        """As in `Vectors`."""
        with self._lock:
            self._refresh(session, model)
            ids = self._likeliest(query, accounts, language, limit + _SPARE)
        return _compared(session, query, ids)[:limit]

    def __len__(self) -> int:
        return self._count

    def _forget(self) -> None:
        self._model = ""
        self._count = 0
        self._known: set[int] = set()
        self._last = 0
        self._ids: NDArray[np.int64] = np.zeros(0, np.int64)
        self._accounts: NDArray[np.int64] = np.zeros(0, np.int64)
        self._languages: NDArray[np.str_] = np.zeros(0, "<U8")
        self._scales: Floats = np.zeros(0, np.float32)
        self._small: NDArray[np.int8] = np.zeros((0, 0), np.int8)

    def _refresh(self, session: Session, model: str) -> None:
        if model != self._model:
            self._forget()
            self._model = model
        self._read_new(session, model)
        # Fewer than were read: something was taken away, perhaps at a customer's wish. It may not stay here either.
        # Counting all rows reads an index only; rows of another model are gone as soon as this one is in use.
        if session.exec(select(func.count()).select_from(AnswerMemoryRow)).one() < len(self._known):
            self._forget()
            self._model = model
            self._read_new(session, model)

    def _read_new(self, session: Session, model: str) -> None:
        query = (
            select(AnswerMemoryRow.id, AnswerMemoryRow.delivery_id, AnswerMemoryRow.language, AnswerMemoryRow.vector)
            .where(AnswerMemoryRow.model_version == model, col(AnswerMemoryRow.id) > self._last - _OVERLAP)
            .order_by(col(AnswerMemoryRow.id))
        )
        for rows in session.exec(query).partitions(_AT_ONCE):
            fresh = [row for row in rows if row[0] not in self._known]
            # Not joined: SQLite would begin at all deliveries to find the few that are new.
            whose = select(DeliveryRow.id, DeliveryRow.account_id).where(
                col(DeliveryRow.id).in_([row[1] for row in fresh])
            )
            accounts = dict(session.exec(whose).all()) if fresh else {}
            self._learn([(id_, accounts[delivery], language, vector) for id_, delivery, language, vector in fresh])

    def _learn(self, rows: Sequence[tuple[int | None, int, str, bytes]]) -> None:
        self._known.update(id_ for id_, *_ in rows if id_ is not None)
        self._last = max(self._known, default=0) if rows else self._last
        usable = [
            (id_, account, language, unpacked(vector)) for id_, account, language, vector in rows if id_ and vector
        ]
        if not usable:
            return
        vectors = np.stack([vector for *_, vector in usable])
        scales = np.abs(vectors).max(axis=1) / 127
        small = np.round(vectors / scales[:, None]).astype(np.int8)
        start, self._count = self._count, self._count + len(usable)
        self._grow(self._count, vectors.shape[1])
        here = slice(start, self._count)
        self._ids[here], self._accounts[here] = [one[0] for one in usable], [one[1] for one in usable]
        self._languages[here] = [one[2] for one in usable]
        self._scales[here], self._small[here] = scales, small

    def _grow(self, count: int, width: int) -> None:
        if count <= len(self._ids) and self._small.shape[1] == width:
            return
        room = max(1_024, count, len(self._ids) * 3 // 2)
        for name in ("_ids", "_accounts", "_languages", "_scales"):
            old = getattr(self, name)
            made = np.zeros(room, old.dtype)
            made[: len(old)] = old
            setattr(self, name, made)
        small = np.zeros((room, width), np.int8)
        if self._small.size:
            small[: len(self._small)] = self._small
        self._small = small

    def _likeliest(self, query: Floats, accounts: Collection[int], language: str, limit: int) -> list[int]:
        wanted = np.isin(self._accounts[: self._count], list(accounts))
        if language:
            wanted &= self._languages[: self._count] == language
        if not wanted.any():
            return []
        cosines = np.where(wanted, self._cosines(query), -2.0)
        limit = min(limit, int(wanted.sum()))
        best = np.argpartition(-cosines, limit - 1)[:limit]
        return [int(id_) for id_ in self._ids[best]]

    def _cosines(self, query: Floats) -> Floats:
        found = np.empty(self._count, np.float32)
        for start in range(0, self._count, _BLOCK):
            block = slice(start, min(start + _BLOCK, self._count))
            np.dot(self._small[block].astype(np.float32), query, out=found[block])
        return found * self._scales[: self._count]


def _compared(session: Session, query: Floats, ids: Sequence[int]) -> list[Near]:
    """These by the vectors as they were stored, nearest first; of equal ones the newest."""
    rows = select(AnswerMemoryRow.id, AnswerMemoryRow.vector).where(col(AnswerMemoryRow.id).in_(ids))
    found = [Near(id_, float(unpacked(vector) @ query)) for id_, vector in session.exec(rows) if id_ and vector]
    return sorted(found, key=lambda near: (-near.cosine, -near.memory_id))


# --- in PostgreSQL ----------------------------------------------------------------------------------


class InDatabase:
    """Lets pgvector search; `prepare` made its table."""

    def nearest(
        self,
        session: Session,
        query: Floats,
        *,
        model: str,
        accounts: Collection[int],
        language: str = "",
        limit: int = 20,
    ) -> list[Near]:
        """As in `Vectors`."""
        # What the index brings is filtered afterwards; without this a small brand would find nobody among a large one.
        session.execute(text("SET LOCAL hnsw.iterative_scan = strict_order"))
        session.execute(text(f"SET LOCAL hnsw.ef_search = {_IN_VIEW}"))
        values = {"query": _literal(query), "model": model, "accounts": list(accounts), "language": language}
        found = session.execute(text(_NEAREST), values | {"limit": limit})
        near = [Near(int(id_), float(cosine)) for id_, cosine in found]
        return sorted(near, key=lambda one: (-one.cosine, -one.memory_id))


_NEAREST = """
SELECT memory_id, -(embedding <#> CAST(:query AS vector)) FROM answer_vector
WHERE model = :model AND account_id = ANY(:accounts) AND (:language = '' OR language = :language)
ORDER BY embedding <#> CAST(:query AS vector) LIMIT :limit
"""
_MISSING = """
SELECT m.id, d.account_id, m.language, m.vector FROM answer_memory m JOIN delivery d ON d.id = m.delivery_id
WHERE m.model_version = :model AND length(m.vector) > 0
AND NOT EXISTS (SELECT 1 FROM answer_vector v WHERE v.memory_id = m.id) ORDER BY m.id LIMIT :most
"""
_BRING = """
INSERT INTO answer_vector (memory_id, account_id, language, model, embedding)
VALUES (:id, :account, :language, :model, CAST(:vector AS vector))
"""
_TABLE = """
CREATE TABLE answer_vector (
    memory_id integer PRIMARY KEY REFERENCES answer_memory ON DELETE CASCADE,
    account_id integer NOT NULL, language text NOT NULL, model text NOT NULL, embedding vector({width}) NOT NULL)
"""
_INDEX = "CREATE INDEX ix_answer_vector_near ON answer_vector USING hnsw (embedding vector_ip_ops)"
_WIDTH = """
SELECT atttypmod FROM pg_attribute
WHERE attrelid = to_regclass('answer_vector') AND attname = 'embedding' AND NOT attisdropped
"""


def prepare(session: Session, width: int) -> bool:
    """Make what pgvector searches in, where this is PostgreSQL and has it; False where it has not.

    In a transaction that may write. A table for vectors of another width is made anew.
    """
    if session.get_bind().dialect.name != "postgresql":
        return False
    if session.execute(text(_WIDTH)).scalar() == width:
        return True
    try:
        with session.begin_nested():
            session.execute(text("CREATE EXTENSION IF NOT EXISTS vector"))
            session.execute(text("DROP TABLE IF EXISTS answer_vector"))
            session.execute(text(_TABLE.format(width=int(width))))
            session.execute(text(_INDEX))
    except DBAPIError as error:
        _log.info("answers are searched in this process, the database has no pgvector: %s", type(error.orig).__name__)
        return False
    return True


def bring_over(session: Session, model: str) -> int:
    """Copy vectors that pgvector does not have yet to where it searches; gives how many. After `prepare` only."""
    session.execute(text("DELETE FROM answer_vector WHERE model <> :model"), {"model": model})
    missing = session.execute(text(_MISSING), {"model": model, "most": _AT_ONCE})
    rows = [
        {"id": id_, "account": account, "language": language, "model": model, "vector": _literal(unpacked(vector))}
        for id_, account, language, vector in missing
    ]
    if rows:
        session.execute(text(_BRING), rows)
    return len(rows)


def _is_prepared(session: Session) -> bool:
    return session.execute(text(_WIDTH)).scalar() is not None


def _literal(vector: Floats) -> str:
    return "[" + ",".join(f"{value:.8g}" for value in vector.tolist()) + "]"
