"""People whose words were erased on request, known by a hash only.

The hash keeps a second collecting (a backfill, a poll with overlap) from bringing old posts back. Whoever has both the
database and a list of all ids of a network could find out who it was; nobody else can.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from webcare.domain import Mention
from webcare.store.mentions import chunks
from webcare.store.tables_desk import ErasedPersonRow


def digest(channel: str, external_id: str) -> str:
    """What stands for one author of one network."""
    return hashlib.sha256(f"webcare: erased person\n{channel}\n{external_id}".encode()).hexdigest()


def remember_erased(session: Session, people: Iterable[tuple[str, str]], *, now: datetime) -> None:
    """Keep posts of these (channel, author) written up to now out of the desk for ever."""
    for channel, external_id in people:
        key = digest(channel, external_id)
        row = session.get(ErasedPersonRow, key) or ErasedPersonRow(digest=key, erased_at=now)
        row.erased_at = now
        session.add(row)


def not_erased(session: Session, mentions: Sequence[Mention]) -> list[Mention]:
    """Those of the posts that may come in: not of an erased person, or written after the erasure."""
    keys = {digest(one.channel, one.author.external_id) for one in mentions}
    erased: dict[str, datetime] = {}
    for part in chunks(sorted(keys)):
        rows = session.exec(select(ErasedPersonRow).where(col(ErasedPersonRow.digest).in_(part)))
        erased.update((row.digest, row.erased_at) for row in rows)
    if not erased:
        return list(mentions)

    def may_come(one: Mention) -> bool:
        at = erased.get(digest(one.channel, one.author.external_id))
        return at is None or one.is_ours or one.posted_at > at

    return [one for one in mentions if may_come(one)]
