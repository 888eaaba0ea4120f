"""The notes of all cases in one process, kept up to date from the database."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from typing import Any

from sqlmodel import Session, col, select

from webcare.guard.index import NoteIndex
from webcare.store.tables import MentionRow, NoteRow, ShareableFactRow

_AT_ONCE = 5_000
#: On PostgreSQL a transaction may commit a smaller id after a larger one was seen; so many are looked at again.
_OVERLAP = 200


class StoredNotes:
    """What every case's notes say and what we said in public, for the check against notes of other cases.

    The first refresh reads everything (about half a second for each 10,000 notes); later ones only what is new.
    """

    def __init__(self, public: Iterable[str] = ()) -> None:
        self._index = NoteIndex()
        self._index.add_public(text for text in public if text)
        self._notes, self._posts, self._facts = _Reached(), _Reached(), _Reached()
        self._lock = threading.Lock()

    def refresh(self, session: Session) -> None:
        """Learn what was written since the last time."""
        with self._lock:
            ours = (col(MentionRow.is_ours),)
            for texts in self._posts.new_texts(session, MentionRow, *ours):
                self._index.add_public(texts)
            for texts in self._facts.new_texts(session, ShareableFactRow):
                self._index.add_public(texts)
            for texts in self._notes.new_texts(session, NoteRow):
                self._index.add_notes(texts)

    def near(self, draft: str) -> tuple[str, ...]:
        """The few notes that share a telling run of words with the draft."""
        return self._index.near(draft)

    def __len__(self) -> int:
        return len(self._index)


class _Reached:
    """How far one table was read."""

    def __init__(self) -> None:
        self._last = 0
        self._recent: set[int] = set()

    def new_texts(self, session: Session, table: Any, *only: Any) -> Iterator[list[str]]:
        """The texts that were not read before, some thousands at a time, oldest first."""
        query = select(table.id, table.text).where(table.id > self._last - _OVERLAP, *only).order_by(table.id)
        for rows in iter(session.exec(query).partitions(_AT_ONCE)):
            fresh = [(id_, text) for id_, text in rows if id_ not in self._recent]
            self._last = max(self._last, rows[-1][0])
            self._recent |= {id_ for id_, _ in fresh}
            self._recent = {id_ for id_ in self._recent if id_ > self._last - _OVERLAP}
            if fresh:
                yield [text for _, text in fresh]
