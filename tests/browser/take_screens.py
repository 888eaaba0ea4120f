"""Takes the screenshots of docs/screens anew: `python tests/browser/take_screens.py [FOLDER]`.

A desk filled with the demo's stories, the real console, Chromium at 1280x720. Look at them before you commit them.
"""

from __future__ import annotations

import socket
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "console"), str(HERE.parents[1])]

from conftest import serving  # noqa: E402 - after the path
from filling import PASSWORD, busy_desk, write_again  # noqa: E402
from playwright.sync_api import Browser, Page, sync_playwright  # noqa: E402
from sqlmodel import select  # noqa: E402

from tests.chromium import FLAGS  # noqa: E402
from webcare import cases  # noqa: E402
from webcare.domain import Role  # noqa: E402
from webcare.jobs.counting import counting_rule  # noqa: E402
from webcare.measures.rollup import catch_up  # noqa: E402
from webcare.store import open_store  # noqa: E402
from webcare.store.queries import queue_page  # noqa: E402
from webcare.store.tables import AccountRow  # noqa: E402
from webcare.testing import Desk, FakeClassifier, make_triage  # noqa: E402

NOTE = "Rit 47: volgens Kees deed niemand open. Vergoeding pas na overleg met Bram."
SLIP = "Hoi Dennis! Volgens Kees deed niemand open. Vergoeding pas na overleg met Bram. Sorry!"
ASKED = "Wanneer komt mijn kast?"
PROMISE = "Hoi! Hij komt gegarandeerd morgen, dat beloven we."
GOOD = "Hoi Dennis, dat is een vervelend begin van je dag. Stuur je ons je ordernummer in een privébericht? ^NS"


def main() -> None:
    """Fill a desk, serve it, walk through it."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/screens")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place, socket.socket() as probe:
        store = open_store(f"sqlite:///{place}/desk.db")
        store.upgrade()
        desk = busy_desk(store)
        # Some replies leave when their undo window is over, a few seconds from now.
        catch_up(store, counting_rule(desk.settings), now=datetime.now(UTC) + timedelta(minutes=1))
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        with serving(desk, port) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
            _walk(browser, desk, address, folder)
            browser.close()
        store.dispose()


def _walk(browser: Browser, desk: Desk, address: str, folder: Path) -> None:
    page = _sign_in(browser, address, "noor", folder=folder)
    _shot(page, folder, "queue", ".list a.row")
    case_id = _dennis(desk)
    page.goto(f"{address}/case?case={case_id}")
    page.wait_for_selector(".st-key-wc_reply")
    _shot(page, folder, "case", ".wc-thread")
    box = page.get_by_placeholder("Write the public reply")
    box.fill(SLIP)
    page.get_by_role("button", name="Send reply").click()
    _shot(page, folder, "held", ".wc-held")
    box.fill(GOOD)
    page.get_by_role("button", name="Send reply").click()
    _shot(page, folder, "undo", "text=Leaves in")
    dark = _sign_in(browser, address, "elin", scheme="dark")
    _shot(dark, folder, "queue-dark", ".list a.row")
    dark.goto(f"{address}/case?case={case_id}")
    _shot(dark, folder, "case-dark", ".wc-thread")
    manager = _sign_in(browser, address, "ingrid")
    manager.get_by_role("link", name="Figures").click()
    _shot(manager, folder, "manager", "text=This chart as a table")
    _changed(_sign_in(browser, address, "noor"), desk, address, folder)
    _rules(manager, address, folder)
    _running_the_desk(browser, address, folder)
    _elsewhere(browser, desk, address, folder)


def _running_the_desk(browser: Browser, address: str, folder: Path) -> None:
    """Texts, people and routing, as an administrator sees them."""
    admin = _sign_in(browser, address, "jonas")
    for name, ready in (("texts", "text=New text"), ("people", "text=5 colleagues"), ("desk", "text=Your own rules")):
        admin.goto(f"{address}/{name}")
        _shot(admin, folder, name, ready)


def _elsewhere(browser: Browser, desk: Desk, address: str, folder: Path) -> None:
    """Another language, and a tablet held upright."""
    dutch = _sign_in(browser, address, "noor", locale="nl-NL")
    _shot(dutch, folder, "queue-nl", ".list a.row")
    tablet = _sign_in(browser, address, "bram", locale="sv-SE", width=820, height=1180)
    tablet.goto(f"{address}/case?case={_dennis(desk)}")
    _shot(tablet, folder, "case-sv-tablet", ".wc-thread")


def _rules(manager: Page, address: str, folder: Path) -> None:
    """The guard's marks, and a rule that was tried."""
    manager.set_viewport_size({"width": 1280, "height": 1180})
    manager.goto(f"{address}/guard")
    manager.get_by_label("Name of the rule").fill("buy")
    manager.locator(".st-key-rules_try button").click()
    _shot(manager, folder, "guard", "text=The rule is good")


def _changed(page: Page, desk: Desk, address: str, folder: Path) -> None:
    """A check that is void, because the customer wrote again."""
    with desk.store.write() as session:
        # The stories came over another fake network; this one is read from its beginning.
        for row in session.exec(select(AccountRow)):
            row.cursor = None
    desk.classifier = FakeClassifier(lambda text: make_triage(language="nl"))
    case = desk.open_case(ASKED)
    page.goto(f"{address}/case?case={case.id}")
    page.get_by_placeholder("Write the public reply").fill(PROMISE)
    page.get_by_role("button", name="Send reply").click()
    page.wait_for_selector(".wc-held mark")
    write_again(desk, case.id or 0, f"{ASKED} En kan hij ook op zaterdag?")
    page.get_by_text("I have read this and want to send it as it is").first.click()
    page.get_by_role("button", name="Show what is new").click()
    page.get_by_role("button", name="Send reply").click()
    _shot(page, folder, "changed", ".wc-changed")


def _sign_in(
    browser: Browser,
    address: str,
    name: str,
    *,
    scheme: str = "light",
    folder: Path | None = None,
    locale: str = "en-GB",
    width: int = 1280,
    height: int = 720,
) -> Page:
    look = {"viewport": {"width": width, "height": height}, "color_scheme": scheme, "locale": locale}
    page = browser.new_context(**look).new_page()
    page.goto(address)
    if folder is not None:
        _shot(page, folder, "sign-in", "form")
    page.fill("#username", name)
    page.fill("#password", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_selector(".list a.row")
    return page


def _dennis(desk: Desk) -> int:
    """A case with something in every panel."""
    with desk.store.read() as session:
        found = queue_page(session, queue="first_line", only={"language": "nl", "urgency": "high"}).items
    case_id = found[0].id
    with desk.store.write() as session:
        cases.claim(session, case_id, by=desk.first, now=desk.now)
        cases.add_note(session, case_id, text=NOTE, by=desk.people[Role.SECOND_LINE], now=desk.now)
    return case_id


def _shot(page: Page, folder: Path, name: str, when: str) -> None:
    page.wait_for_selector(when)
    page.wait_for_timeout(1200)
    page.screenshot(path=folder / f"{name}.png")


if __name__ == "__main__":
    main()
