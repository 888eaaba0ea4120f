"""The real console server in a process of its own, and real Chromium looking at it."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import col, update

sys.path.insert(0, str(Path(__file__).parents[1] / "console"))

from filling import PASSWORD, small_desk

from webcare.app import App
from webcare.domain import ACTIVE_STATES, CaseState
from webcare.settings import load_settings
from webcare.store import open_store
from webcare.store.tables import CaseRow
from webcare.testing import Desk

ROOT = Path(__file__).parents[2]
#: A page whose run has ended. While it is being drawn, what a mouse was pressed on may move away under it.
RESTS = "[data-test-script-state=notRunning]"
#: Starting Python, Streamlit and the desk on a slow machine, in seconds.
START_S = 60


@dataclass
class Watched:
    """A browser page, and everything it asked the network for or complained about."""

    page: "Page"  # noqa: F821 - playwright may be absent; then no test here runs
    base: str
    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def complain(self, text: str) -> None:
        """Keep an error; one of a missing file is told better by its address, see `answered`."""
        if "Failed to load resource" not in text:
            self.errors.append(text)

    def answered(self, status: int, url: str) -> None:
        """Keep what our server refused; Streamlit looks for its own address by trying more than one."""
        if status >= 400 and not url.endswith(("/_stcore/health", "/_stcore/host-config")):
            self.errors.append(f"{status} {url}")

    def foreign(self) -> list[str]:
        """Requests to anybody but our own server."""
        ours = (self.base, self.base.replace("http", "ws", 1), "data:", "blob:")
        return [url for url in self.requests if not url.startswith(ours)]


@pytest.fixture(scope="session")
def desk(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """The desk the server shows; tests fill it through the services from this process."""
    path = tmp_path_factory.mktemp("browser") / "desk.db"
    shutil.copyfile(sqlite_template, path)
    store = open_store(f"sqlite:///{path}")
    yield small_desk(store)
    store.dispose()


@pytest.fixture(autouse=True)
def _on_time(desk: Desk) -> None:
    """The console goes by the clock on the wall; whatever ran before, this process starts a test at the same time."""
    desk.now = datetime.now(UTC)


@pytest.fixture(autouse=True, scope="module")
def _nobody_waits(desk: Desk) -> None:
    """What other files left in the queues is done: a list shows so many cases and no more."""
    with desk.store.write() as session:
        left = col(CaseRow.state).in_(ACTIVE_STATES)
        session.exec(update(CaseRow).where(left).values(state=CaseState.RESOLVED.value, resolved_at=datetime.now(UTC)))


@pytest.fixture(scope="session")
def base(desk: Desk) -> Iterator[str]:
    """The address of the running console."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with serving(desk, port) as address:
        yield address


@contextmanager
def serving(desk: Desk, port: int, more: dict[str, str] | None = None) -> Iterator[str]:
    """Run streamlit_app.py on the desk's database until the block ends; `more` are further settings."""
    assert desk.store.path is not None
    settings = {
        "WEBCARE_DESK__DATABASE_URL": desk.store.url,
        "WEBCARE_DESK__DATA_DIR": str(desk.store.path.parent),
        "WEBCARE_DESK__BRAND": "Hemlund",
        "WEBCARE_POLLING__EVERY_S": "3600",
    }
    env = os.environ | settings | (more or {})
    desk.reviewer = App(load_settings(env=settings)).reviewer
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "streamlit_app.py")]
    command += [f"--server.port={port}", "--server.address=127.0.0.1"]
    log = desk.store.path.with_name("console.log")
    address = f"http://127.0.0.1:{port}"
    with log.open("ab") as out:
        server = subprocess.Popen(command, cwd=ROOT, env=env, stdout=out, stderr=subprocess.STDOUT)
    try:
        _wait_until_it_answers(server, address, log)
        yield address
    finally:
        server.terminate()
        server.wait(20)


def _wait_until_it_answers(server: subprocess.Popen[bytes], address: str, log: Path) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until and server.poll() is None:
        try:
            urllib.request.urlopen(f"{address}/healthz", timeout=2).close()
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
        else:
            return
    raise AssertionError(f"the console did not start:\n{log.read_text()[-4000:]}")


_FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Remember which test failed: what its pages showed is told with it."""
    outcome = yield
    report = outcome.get_result()
    item.stash[_FAILED] = item.stash.get(_FAILED, False) or report.failed


@pytest.fixture
def open_browser(
    browser: "Browser",  # noqa: F821 - as above
    base: str,
    request: pytest.FixtureRequest,
) -> Iterator[Callable[..., Watched]]:
    """Opens browsers that share nothing: each call is another computer."""
    contexts = []

    def open_(*, scheme: str = "light", width: int = 1280, height: int = 720, locale: str | None = None) -> Watched:
        size = {"width": width, "height": height}
        context = browser.new_context(viewport=size, color_scheme=scheme, locale=locale)
        context.set_default_timeout(60_000)
        contexts.append(context)
        return watch(context.new_page(), base)

    yield open_
    for context in contexts:
        if request.node.stash.get(_FAILED, False):
            for page in context.pages:
                print(f"{page.url} showed:\n{page.locator('body').aria_snapshot()[-2500:]}")
        context.close()


def watch(page: "Page", base: str) -> Watched:  # noqa: F821 - as above
    """Keep what a page asks for and complains about."""
    watched = Watched(page, base)
    page.on("request", lambda request: watched.requests.append(request.url))
    page.on("console", lambda message: watched.complain(message.text) if message.type == "error" else None)
    page.on("response", lambda response: watched.answered(response.status, response.url))
    page.on("pageerror", lambda error: watched.errors.append(str(error)))
    page.on("dialog", lambda dialog: (watched.errors.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    return watched


@pytest.fixture
def signed_in(open_browser: Callable[..., Watched]) -> Callable[..., Watched]:
    """A browser in which somebody signed in: `signed_in("noor", "/case?case=3")`."""

    def sign_in(username: str = "noor", path: str = "/", **options: object) -> Watched:
        watched = open_browser(**options)
        watched.page.goto(watched.base + path)
        type_and_enter(watched, username, PASSWORD)
        watched.page.wait_for_selector(".wc-me")
        return watched

    return sign_in


def type_and_enter(watched: Watched, username: str, password: str) -> None:
    """Fill the sign-in form and send it."""
    watched.page.fill("#username", username)
    watched.page.fill("#password", password)
    watched.page.click("button[type=submit]")


def eventually(check: Callable[[], object], within_s: float = 10.0) -> None:
    """Wait until something is true; what a browser does is done a moment later."""
    until = time.monotonic() + within_s
    while not check():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.05)
