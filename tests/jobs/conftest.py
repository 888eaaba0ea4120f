"""A desk for jobs: real settings and a real database, no accounts unless a test adds them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from webcare.cases.surroundings import PLAIN, Reviewer
from webcare.channels.base import Channel
from webcare.settings import Settings, load_settings
from webcare.store import Store
from webcare.triage.base import Classifier


@dataclass
class SmallDesk:
    """What jobs ask of a desk."""

    settings: Settings
    store: Store
    channels: Mapping[str, Channel] = field(default_factory=dict)
    classifier: Classifier = None  # type: ignore[assignment]
    reviewer: Reviewer = PLAIN
    heads_settled: bool = True


class Clock:
    """A clock that moves when a test says so."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **span: float) -> None:
        self.now += timedelta(**span)


def settings_with(**environment: str) -> Settings:
    return load_settings(env={f"WEBCARE_{name}": value for name, value in environment.items()})


@pytest.fixture
def desk(store: Store) -> SmallDesk:
    """A desk on each database in turn; its leases are short so that tests need not wait long."""
    return SmallDesk(settings_with(JOBS__LEASE_S="2"), store)


@pytest.fixture
def sqlite_desk(sqlite_store: Store) -> SmallDesk:
    """The same on SQLite only, where the database cannot make a difference."""
    return SmallDesk(settings_with(JOBS__LEASE_S="2"), sqlite_store)


@pytest.fixture
def clock() -> Clock:
    return Clock()
