import pytest

from webcare.store import Store
from webcare.testing import Desk, make_desk


@pytest.fixture
def desk(store: Store) -> Desk:
    """A small desk on every database we support."""
    return make_desk(store)
