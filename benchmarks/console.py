"""How long somebody at the desk waits for a click, over 200,000 cases: `python benchmarks/console.py [--cases N]`.

Fills a database as benchmarks/store.py does, starts the real console on it and clicks in real Chromium, one person.
A page counts as finished at its last change before a tenth of a second without any. Beside it the time that the
page's script itself takes, in Streamlit's test harness. Goal: half of the clicks within 150 ms, 95 of 100 within 300.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.sync_api import Page, sync_playwright
from sqlmodel import select
from store import fill
from streamlit.testing.v1 import AppTest

from webcare import console, people
from webcare.app import App
from webcare.console import desk as console_desk
from webcare.domain import Actor, Role
from webcare.settings import load_settings
from webcare.store import open_store
from webcare.store.tables import AccountRow

ROOT = Path(__file__).parents[1]
PASSWORD = "a-password-of-the-benchmark"
BROWSERS = ("chromium-headless-shell", "chromium", "google-chrome")
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking")
#: Clicks, then waits until nothing changed for QUIET ms; gives the ms from the click to the last change.
UNTIL_QUIET = """
(act) => new Promise((done) => {
  const QUIET = 100
  const start = performance.now()
  const seen = new WeakSet()
  let last = start
  const observer = new MutationObserver(() => { last = performance.now() })
  const watch = (root) => {
    if (seen.has(root)) return
    seen.add(root)
    observer.observe(root, { subtree: true, childList: true })
  }
  const find = (selector, root = document) => {
    watch(root)
    const inner = [...root.querySelectorAll('*')].map((n) => n.shadowRoot).filter(Boolean)
    return root.querySelector(selector) || inner.map((shadow) => find(selector, shadow)).find(Boolean)
  }
  find(act.click).click()
  const tick = setInterval(() => {
    const now = performance.now()
    const there = find(act.until)
    if ((there && now - last > QUIET) || now - start > 20000) {
      clearInterval(tick)
      observer.disconnect()
      done(there ? last - start : NaN)
    }
  }, 10)
})
"""


def main() -> None:
    """Fill, serve, click, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=200_000)
    parser.add_argument("--active", type=float, default=0.05, help="share of the cases that stand in a queue")
    parser.add_argument("--rounds", type=int, default=30)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'desk.db'}"
        prepare(url, options.cases, options.active)
        print(f"{options.cases} cases, {options.active:.0%} in queues, {os.cpu_count()} cores")
        print(f"{'':44}{'p50 ms':>9}{'p95 ms':>9}")
        with serving(url, folder) as (address, process):
            clicks(address, options.rounds)
            print(f"{'memory of the console process':44}{resident_mb(process):9.0f} MB")
        scripts(url, options.rounds)


def prepare(url: str, cases: int, active: float) -> None:
    """The cases of benchmarks/store.py, a healthy account and one person with a password."""
    store = open_store(url)
    store.upgrade()
    fill(store, cases, active)
    now = datetime.now(UTC)
    people.add_agent(
        store, username="noor", name="Noor", role=Role.TEAM_LEAD, password=PASSWORD, by=Actor.system("bench"), now=now
    )
    with store.write() as session:
        for account in session.exec(select(AccountRow)):
            account.last_polled_at = now
    store.dispose()


def clicks(address: str, rounds: int) -> None:
    """One person, one browser."""
    with sync_playwright() as playwright:
        found = os.environ.get("WEBCARE_CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        page.goto(address)
        page.fill("#username", "noor")
        page.fill("#password", PASSWORD)
        page.click("button[type=submit]")
        page.wait_for_selector(".list a.row")
        tell("first paint, nothing cached in the browser", [first_paint(browser.new_context(), page, address)])
        tell("first paint, browser has the files", [reload(page) for _ in range(3)])
        there, back, tab = [], [], []
        for _ in range(rounds):
            there.append(click(page, "a.row:nth-of-type(3), .list a.row", ".st-key-wc_notes textarea"))
            back.append(click(page, ".st-key-back button", ".list a.row"))
            tab.append(click(page, "[data-queue=unsorted]", "[data-queue=unsorted][aria-current]"))
            click(page, "[data-queue=first_line]", "[data-queue=first_line][aria-current]")
        tell("click on a row until the case stands", there)
        tell("back until the queue stands", back)
        tell("another queue", tab)
        tell("all three", there + back + tab)
        browser.close()


def click(page: Page, selector: str, until: str) -> float:
    """Milliseconds from the click to the finished page."""
    time.sleep(0.15)
    taken: float = page.evaluate(UNTIL_QUIET, {"click": selector, "until": until})
    return taken


def first_paint(context: object, signed_in: Page, address: str) -> float:
    """Milliseconds until the queue stands in a browser that never was here, with the other one's cookie."""
    context.add_cookies(signed_in.context.cookies())  # type: ignore[attr-defined]
    page = context.new_page()  # type: ignore[attr-defined]
    start = time.perf_counter()
    page.goto(address)
    page.wait_for_selector(".list a.row")
    return (time.perf_counter() - start) * 1000


def reload(page: Page) -> float:
    """The same in the browser that was here before."""
    start = time.perf_counter()
    page.reload()
    page.wait_for_selector(".list a.row")
    return (time.perf_counter() - start) * 1000


def scripts(url: str, rounds: int) -> None:
    """The pages' scripts alone."""
    app = console.start(lambda: App(load_settings(env={"WEBCARE_DESK__DATABASE_URL": url})), cookie="benchmark")
    now = datetime.now(UTC)
    token, _person = people.sign_in(app.store, "noor", PASSWORD, now=now, lasts=timedelta(hours=8))
    console_desk.read_session_token = lambda: token
    test = AppTest.from_file(str(console.SCRIPT), default_timeout=60).run()
    tell("script of the queue page", timed(test.run, rounds))
    test.switch_page("screens/case.py")
    test.query_params["case"] = "199"
    test.run()
    tell("script of the case page", timed(test.run, rounds))
    app.store.dispose()


def timed(act: Callable[[], object], rounds: int) -> list[float]:
    """Milliseconds of each of some runs."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        act()
        times.append((time.perf_counter() - start) * 1000)
    return times


def tell(name: str, times: list[float]) -> None:
    """One line of the table."""
    worst = statistics.quantiles(times, n=20)[18] if len(times) > 2 else max(times)
    print(f"{name:44}{statistics.median(times):9.0f}{worst:9.0f}", flush=True)


@contextmanager
def serving(url: str, folder: str) -> Iterator[tuple[str, int]]:
    """The console on this database; gives its address and process id."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    env = os.environ | {"WEBCARE_DESK__DATABASE_URL": url, "WEBCARE_POLLING__EVERY_S": "3600"}
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "streamlit_app.py")]
    command += [f"--server.port={port}", "--server.address=127.0.0.1"]
    with (Path(folder) / "console.log").open("ab") as log:
        server = subprocess.Popen(command, cwd=ROOT, env=env, stdout=log, stderr=subprocess.STDOUT)
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(address, server)
        yield address, server.pid
    finally:
        server.terminate()
        server.wait(20)


def wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    """Until the console answers."""
    for _ in range(300):
        if server.poll() is not None:
            raise SystemExit("the console did not start")
        try:
            urllib.request.urlopen(f"{address}/healthz", timeout=2).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)


def resident_mb(process: int) -> float:
    """Memory of a process in MB, on Linux."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    main()
