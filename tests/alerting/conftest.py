from collections.abc import Iterator

import pytest

from tests.alerting.post import Hook, Mail, running
from webcare.store import Store
from webcare.testing import Desk, make_desk


@pytest.fixture
def desk(store: Store) -> Desk:
    """A small desk on every database we support."""
    return make_desk(store)


@pytest.fixture
def sqlite_desk(sqlite_store: Store) -> Desk:
    """A small desk on SQLite, for what the database has no say in."""
    return make_desk(sqlite_store)


@pytest.fixture
def hook() -> Iterator[Hook]:
    with running(Hook()) as server:
        yield server


@pytest.fixture
def mail() -> Iterator[Mail]:
    with running(Mail()) as server:
        yield server
