"""A small way to fill an empty desk with rows, without the layers above the store."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session

from webcare.store import Store
from webcare.store.tables import AccountRow, AgentRow, CaseRow, MentionRow, SQLModel, ThreadRow

NOON = datetime(2026, 2, 10, 11, 0, tzinfo=UTC)


class Filler:
    """Adds rows with sensible defaults; every keyword replaces a column."""

    noon = NOON

    def __init__(self, store: Store) -> None:
        self.store = store
        self._numbers = itertools.count(1)

    def add(self, row: SQLModel) -> int:
        with self.store.write() as session:
            return self._add(session, row)

    def account(self, key: str = "x_hemlund") -> int:
        return self.add(AccountRow(key=key, channel="x", external_id="3300000001", name="Hemlund", handle="hemlund"))

    def agent(self, username: str = "robin") -> int:
        return self.add(AgentRow(username=username, name=username.title(), created_at=NOON))

    def thread(self, account_id: int) -> int:
        return self.add(ThreadRow(account_id=account_id, external_id=f"t{next(self._numbers)}"))

    def case(self, thread_id: int, account_id: int, **changes: Any) -> int:
        values: dict[str, Any] = {
            "thread_id": thread_id,
            "account_id": account_id,
            "channel": "x",
            "queue": "first_line",
            "line": "first_line",
            "priority": 3,
            "respond_by": NOON + timedelta(hours=4),
            "first_respond_by": NOON + timedelta(hours=4),
            "sentiment": "neutral",
            "urgency": "normal",
            "topic": "delivery",
            "language": "en",
            "customer_id": "c1",
            "opened_at": NOON,
            "first_posted_at": NOON,
            "last_posted_at": NOON,
        }
        return self.add(CaseRow(**values | changes))

    def mention(self, thread_id: int, account_id: int, text: str = "Where is my sofa?", **changes: Any) -> int:
        number = next(self._numbers)
        values: dict[str, Any] = {
            "account_id": account_id,
            "channel": "x",
            "external_id": f"m{number}",
            "thread_id": thread_id,
            "author_external_id": "c1",
            "author_name": "Sanne de Wit",
            "text": text,
            "posted_at": NOON + timedelta(seconds=number),
            "collected_at": NOON + timedelta(seconds=number + 30),
        }
        return self.add(MentionRow(**values | changes))

    @staticmethod
    def _add(session: Session, row: SQLModel) -> int:
        session.add(row)
        session.flush()
        made: int = row.id  # type: ignore[attr-defined]
        return made


@pytest.fixture
def fill(store: Store) -> Filler:
    """Fills the desk of the `store` fixture."""
    return Filler(store)


@pytest.fixture
def make_filler() -> type[Filler]:
    """Fills the desk of any other store."""
    return Filler
