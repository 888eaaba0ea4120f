"""Writing collected posts, many at a time, in the caller's session; never commits, never opens cases."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import delete, select, update
from sqlmodel import Session, col

from webcare.domain import Mention, Triage
from webcare.store.bulk import insert_rows, reserve_ids, storable
from webcare.store.tables import BadPostRow, MentionRow, MentionVersionRow, ThreadRow

#: SQLite refuses statements with very many parameters; 500 ids stay far below every limit.
_IN_CHUNK = 500

T = TypeVar("T")


def chunks(values: Sequence[T], size: int = _IN_CHUNK) -> Iterator[Sequence[T]]:
    """Cut a sequence into pieces of at most `size`."""
    for start in range(0, len(values), size):
        yield values[start : start + size]


@dataclass(frozen=True, slots=True)
class Known:
    """A stored post, found by one of the ids it ever had."""

    mention_id: int
    external_id: str  #: the one it has now
    text: str  #: what it said under the id it was found by; "" for a version that was never seen
    is_newest: bool  #: whether that is the one it has now
    is_ours: bool
    is_gone: bool


def known_posts(session: Session, account_id: int, external_ids: Iterable[str]) -> dict[str, Known]:
    """The stored posts of one account by the ids asked for; older versions of edited posts are found too."""
    wanted = list(dict.fromkeys(external_ids))
    known: dict[str, Known] = {}
    columns = (col(MentionRow.id), col(MentionRow.external_id), col(MentionRow.is_ours), col(MentionRow.deleted_at))
    for part in chunks(wanted):
        newest = select(*columns, col(MentionRow.text)).where(
            col(MentionRow.account_id) == account_id, col(MentionRow.external_id).in_(part)
        )
        for id_, now_id, ours, deleted_at, text in session.execute(newest):
            known[now_id] = Known(id_, now_id, text, True, ours, deleted_at is not None)
        older = (
            select(*columns, col(MentionVersionRow.external_id), col(MentionVersionRow.text))
            .join(MentionRow, col(MentionRow.id) == col(MentionVersionRow.mention_id))
            .where(col(MentionVersionRow.account_id) == account_id, col(MentionVersionRow.external_id).in_(part))
        )
        for id_, now_id, ours, deleted_at, then_id, text in session.execute(older):
            known.setdefault(then_id, Known(id_, now_id, text, False, ours, deleted_at is not None))
    return known


def newest_id(session: Session, account_id: int, external_id: str) -> str:
    """The id a post has now that was once known by this one; the same id when nobody changed it."""
    found = known_posts(session, account_id, [external_id]).get(external_id)
    return found.external_id if found else external_id


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
        "checked_at": now,
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


def prune_bad_posts(session: Session, *, before: datetime) -> int:
    """Delete what could not be read and was seen before this moment; gives how many."""
    found = session.execute(delete(BadPostRow).where(col(BadPostRow.seen_at) < before))
    return int(found.rowcount)  # type: ignore[attr-defined]


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
