from collections.abc import Callable

import pytest

from webcare.store import Store
from webcare.testing import Desk, make_desk


@pytest.fixture
def desk(store: Store) -> Desk:
    """A small desk on every database we support."""
    return make_desk(store)


@pytest.fixture
def quiet_desk(sqlite_store: Store) -> Callable[[], Desk]:
    """Gives one small desk on SQLite, as a function: a desk in the report of a failed example fills a screen."""
    desk = make_desk(sqlite_store)
    return lambda: desk
