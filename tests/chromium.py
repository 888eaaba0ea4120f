"""Chromium for the tests that look at pages: one for the whole run, since two cannot live in one process.

Where there is Chromium's own shell without a window (Debian's `chromium-headless-shell`, the same engine of the same
build), that is taken: a window's tabs and buttons, which nobody looks at, take a second of the processor each.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

#: Quiet, in a container, as root, without asking anybody on the network.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
#: What the browser may be called, the best first.
NAMES = ("chromium-headless-shell", "chromium", "google-chrome")


@contextmanager
def launched() -> Iterator["Browser"]:
    """This machine's Chromium; skips where there is none, fails where CI must not skip."""
    found = os.environ.get("WEBCARE_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        _absent("playwright is not installed")
    if not found:
        _absent("no Chromium on this machine; install it or name it in WEBCARE_CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        browser.close()


def _absent(why: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(f"{why}, and CI must not skip the browser tests")
    pytest.skip(f"the browser tests need Chromium: {why}")
