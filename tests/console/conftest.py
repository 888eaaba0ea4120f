"""Pages in Streamlit's own test harness, on a real database filled through the real services."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from filling import small_desk, token_for
from streamlit.testing.v1 import AppTest

from webcare import console
from webcare.app import App
from webcare.cases import presence
from webcare.console import desk as console_desk
from webcare.domain import Role
from webcare.settings import Settings, load_settings
from webcare.store import Store
from webcare.testing import Desk

OpenPage = Callable[..., AppTest]


@pytest.fixture
def desk(sqlite_store: Store) -> Desk:
    """A small desk in real time."""
    return small_desk(sqlite_store)


@pytest.fixture
def app(desk: Desk) -> Iterator[App]:
    """The desk as the console's process has it."""
    made = console.start(lambda: App(_settings(desk.store.url)), cookie="webcare_session")
    desk.reviewer = made.reviewer
    yield made
    made.store.dispose()


@pytest.fixture
def open_page(app: App, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> OpenPage:
    """Opens a page as somebody of a role: `open_page("case", Role.FIRST_LINE, case=12)`."""

    def open_(page: str = "queue", role: Role | None = Role.FIRST_LINE, **query: object) -> AppTest:
        token = token_for(desk, role) if role is not None else ""
        monkeypatch.setattr(console_desk, "read_session_token", lambda: token)
        test = AppTest.from_file(str(console.SCRIPT), default_timeout=20)
        if page != "queue" and role is not None:
            # Pages are known to the harness only after a first run; it refuses one that the role does not have.
            test.run().switch_page(f"screens/{page}.py")
        for name, value in query.items():
            test.query_params[name] = str(value)
        return test.run()

    return open_


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who types is told for as long as a slow machine takes to draw a page."""
    monkeypatch.setattr(presence, "TYPED_FOR", timedelta(hours=1))
    monkeypatch.setattr(presence, "SEEN_FOR", timedelta(hours=1))


def _settings(url: str) -> Settings:
    return load_settings(env={"WEBCARE_DESK__DATABASE_URL": url, "WEBCARE_DESK__BRAND": "Hemlund"})


def open_menu(test: AppTest, *keys: str) -> AppTest:
    """Opens menus and folded parts by their keys; their inside is made only then."""
    for key in keys:
        test.session_state[key] = True
    return test.run()


def html_of(test: AppTest) -> str:
    """Everything the page wrote through the one safe door; the style sheet is not among it."""
    return "\n".join(body for body in (element.proto.body for element in test.get("html")) if "<style>" not in body)


def component(test: AppTest, name: str) -> dict[str, Any]:
    """What one of our browser components was given."""
    found = [
        element.proto for element in test.get("bidi_component") if element.proto.component_name == f"webcare.{name}"
    ]
    assert len(found) == 1, f"one {name} expected, {len(found)} found"
    data: dict[str, Any] = json.loads(found[0].json)
    return data


def components(test: AppTest) -> list[str]:
    """The names of our browser components on the page."""
    return [element.proto.component_name.removeprefix("webcare.") for element in test.get("bidi_component")]
