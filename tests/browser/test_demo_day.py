"""`make demo` as a visitor lives it: a customer writes, an agent answers, the manager sees it. Real Chromium."""

import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.test_cli_demo import Command

NOTE = "Bezorger Kees zegt dat klant de deur dichtgooide, geen vergoeding geven"
QUESTION = "@hemlund mijn BOKLUND is zonder schroefjes geleverd, kunnen jullie die opsturen?"
SIZE = {"width": 1280, "height": 720}
ANSWER = "Hoi Fenna, wat vervelend! Stuur ons je bestelnummer in een privébericht, dan sturen we de schroefjes op."


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """A running demo: the console's and the sandbox page's addresses."""
    command = Command(tmp_path, "demo")
    try:
        command.wait_until_up()
        console, public = re.findall(r"http://127\.0\.0\.1:\d+", command.printed)[:2]
        yield console, public
    finally:
        command.process.send_signal(signal.SIGINT)
        assert command.process.wait(timeout=30) == 0, command.printed
        assert command.living() == []


def sign_in(page: Page, console: str, username: str) -> None:
    page.goto(console)
    page.get_by_label("User name").fill(username)
    page.get_by_label("Password").fill("hemlund-demo")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible(timeout=20_000)


def post_as_customer(page: Page, public: str) -> None:
    page.goto(public)
    page.get_by_label("Your name").fill("Fenna de Jong")
    page.get_by_label("Message").fill(QUESTION)
    page.get_by_role("button", name="Post").click()
    expect(page.get_by_text(QUESTION)).to_be_visible()


def show_news_until(page: Page, row: Locator) -> None:
    """New cases wait behind a button, so that nothing moves under the mouse; press it until the case is there."""
    news = page.get_by_role("button", name=re.compile("new case"))
    deadline = time.monotonic() + 60
    while not row.is_visible():
        assert time.monotonic() < deadline, f"the case did not reach the queue:\n{page.locator('body').aria_snapshot()}"
        if news.is_visible():
            news.click()
        page.wait_for_timeout(250)


def film(page: Page, folder: Path, name: str) -> None:
    page.screenshot(path=folder / f"{name}.png", full_page=True)


@pytest.mark.browser
@pytest.mark.timeout(300)
def test_a_customers_question_is_answered_in_public_and_counted(
    demo: tuple[str, str], browser: Browser, tmp_path: Path
) -> None:
    console, public = demo
    film_folder = tmp_path / "film"
    context = browser.new_context(viewport=SIZE)
    # The recording can be walked through with `playwright show-trace`.
    context.tracing.start(screenshots=True, snapshots=True)
    agent, street = context.new_page(), browser.new_context().new_page()

    sign_in(agent, console, "sanne")
    posted = time.monotonic()
    post_as_customer(street, public)
    row = agent.get_by_text("Fenna de Jong").first
    show_news_until(agent, row)
    print(f"from posting to standing in the queue on screen: {time.monotonic() - posted:.1f} s")
    film(agent, film_folder, "1-queue")

    row.click()
    expect(agent.get_by_text("zonder schroefjes geleverd")).to_be_visible(timeout=20_000)
    note = agent.get_by_label("Internal note")
    note.fill(NOTE)
    agent.get_by_role("button", name="Save internal note").click()
    # In the list of notes: for a moment the text stands in the box as well.
    expect(agent.locator(".wc-note").get_by_text(NOTE)).to_be_visible(timeout=20_000)

    reply = agent.get_by_label("Reply that everybody can read")
    reply.fill(f"Hoi Fenna! {NOTE}.")
    agent.get_by_role("button", name="Send reply to Fenna de Jong on X").click()
    expect(agent.get_by_text("Held: this reply does not go out like this")).to_be_visible(timeout=20_000)
    expect(agent.get_by_text("also stands in an internal note")).to_be_visible()
    film(agent, film_folder, "2-held")
    expect(agent.get_by_role("button", name=re.compile("Undo"))).to_have_count(0)

    reply.fill(ANSWER)
    agent.get_by_role("button", name="Send reply to Fenna de Jong on X").click()
    expect(agent.get_by_role("button", name="Undo")).to_be_visible(timeout=20_000)
    film(agent, film_folder, "3-undo")

    street.goto(public)
    expect(street.get_by_text(ANSWER)).to_be_visible(timeout=40_000)
    expect(street.get_by_text(NOTE)).to_have_count(0)
    film(street, film_folder, "4-public")

    manager = browser.new_context(viewport=SIZE).new_page()
    sign_in(manager, console, "jonas")
    manager.get_by_role("link", name="Figures").click()
    expect(manager.get_by_text("Stuur ons je bestelnummer", exact=False).first).to_be_visible(timeout=30_000)
    film(manager, film_folder, "5-manager")
    context.tracing.stop(path=film_folder / "agent.zip")
