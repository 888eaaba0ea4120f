"""Writing collected posts, many at a time, in the caller's session; never commits, never opens cases."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import select, update
from sqlmodel import Session, col

from webcare.domain import Mention, Triage
from webcare.store.bulk import insert_rows, reserve_ids, storable
from webcare.store.tables import BadPostRow, MentionRow, ThreadRow

#: SQLite refuses statements with very many parameters; 500 ids stay far below every limit.
_IN_CHUNK = 500

T = TypeVar("T")


def chunks(values: Sequence[T], size: int = _IN_CHUNK) -> Iterator[Sequence[T]]:
    """Cut a sequence into pieces of at most `size`."""
    for start in range(0, len(values), size):
        yield values[start : start + size]


def known_ids(session: Session, account_id: int, external_ids: Iterable[str]) -> set[str]:
    """Which of these posts of one account are stored already."""
    known: set[str] = set()
    for part in chunks(list(external_ids)):
        query = select(col(MentionRow.external_id)).where(
            col(MentionRow.account_id) == account_id, col(MentionRow.external_id).in_(part)
        )
        known.update(session.execute(query).scalars())
    return known


def ensure_threads(session: Session, account_id: int, external_ids: Iterable[str]) -> tuple[dict[str, int], set[int]]:
    """Ids of the threads with these external ids, made where they are missing, and which of the ids are new."""
    wanted = list(dict.fromkeys(external_ids))
    found = _thread_ids(session, account_id, wanted)
    missing = [name for name in wanted if name not in found]
    ids = reserve_ids(session, ThreadRow, len(missing))
    rows = [
        {"id": id_, "account_id": account_id, "external_id": name, "url": ""}
        for id_, name in zip(ids, missing, strict=True)
    ]
    insert_rows(session, ThreadRow, rows)
    found.update(zip(missing, ids, strict=True))
    return found, set(ids)


def threads_of_mentions(session: Session, account_id: int, external_ids: Iterable[str]) -> dict[str, str]:
    """External thread id of each stored post; edits use it to stay in the thread of their first version."""
    result: dict[str, str] = {}
    for part in chunks(list(external_ids)):
        query = (
            select(col(MentionRow.external_id), col(ThreadRow.external_id))
            .join(ThreadRow, col(ThreadRow.id) == col(MentionRow.thread_id))
            .where(col(MentionRow.account_id) == account_id, col(MentionRow.external_id).in_(part))
        )
        result.update((mention, thread) for mention, thread in session.execute(query))
    return result


def mention_values(
    mention: Mention, *, account_id: int, thread_id: int, case_id: int | None, now: datetime
) -> dict[str, Any]:
    """The column values of one mention. NUL is dropped from texts: PostgreSQL cannot store it."""
    return {
        "account_id": account_id,
        "channel": mention.channel,
        "external_id": mention.external_id,
        "thread_id": thread_id,
        "case_id": case_id,
        "parent_external_id": mention.parent_id,
        "root_external_id": mention.root_id,
        "kind": mention.kind.value,
        "author_external_id": mention.author.external_id,
        "author_name": storable(mention.author.name),
        "author_handle": storable(mention.author.handle),
        "text": storable(mention.text),
        "posted_at": mention.posted_at,
        "collected_at": now,
        "url": mention.url,
        "is_ours": mention.is_ours,
        "is_repost": mention.is_repost,
        "media": [{"kind": media.kind, "url": media.url} for media in mention.media],
        "raw": mention.raw,
    }


def insert_mentions(session: Session, rows: Sequence[dict[str, Any]]) -> list[int]:
    """Insert mention rows; gives each its `id` and returns them in the same order."""
    ids = reserve_ids(session, MentionRow, len(rows))
    for id_, row in zip(ids, rows, strict=True):
        row["id"] = id_
    insert_rows(session, MentionRow, rows)
    return ids


def triage_values(
    triage: Triage, *, mention_id: int, reason: str, now: datetime, agent_id: int | None = None
) -> dict[str, Any]:
    """The column values of one triage decision."""
    return {
        "mention_id": mention_id,
        "language": triage.language,
        "sentiment": triage.sentiment.value,
        "urgency": triage.urgency.value,
        "topic": triage.topic.value,
        "needs_reply": triage.needs_reply,
        "line": triage.line.value,
        "reason": reason,
        "confidence": dict(triage.confidence),
        "words": [list(pair) for pair in triage.words],
        "model_version": triage.model_version,
        "agent_id": agent_id,
        "decided_at": now,
    }


def save_bad_posts(session: Session, account_id: int, bad: Iterable[tuple[str, str]], *, now: datetime) -> int:
    """Keep (raw, error) pairs that could not be read; a pair seen before is not doubled. Gives how many were new."""
    rows = {}
    for raw, error in bad:
        digest = hashlib.sha256(f"{account_id}\n{raw}".encode("utf-8", "surrogatepass")).hexdigest()
        rows[digest] = {
            "account_id": account_id,
            "seen_at": now,
            "error": storable(error),
            "raw": storable(raw),
            "digest": digest,
        }
    for part in chunks(list(rows)):
        for digest in session.execute(select(col(BadPostRow.digest)).where(col(BadPostRow.digest).in_(part))).scalars():
            del rows[digest]
    insert_rows(session, BadPostRow, list(rows.values()))
    return len(rows)


def _thread_ids(session: Session, account_id: int, external_ids: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in chunks(external_ids):
        query = select(col(ThreadRow.external_id), col(ThreadRow.id)).where(
            col(ThreadRow.account_id) == account_id, col(ThreadRow.external_id).in_(part)
        )
        found.update((name, id_) for name, id_ in session.execute(query) if id_ is not None)
    return found


def set_case(session: Session, account_id: int, external_id: str, case_id: int) -> None:
    """Put a stored post with a case."""
    session.execute(
        update(MentionRow)
        .where(col(MentionRow.account_id) == account_id, col(MentionRow.external_id) == external_id)
        .values(case_id=case_id)
    )
