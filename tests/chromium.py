"""Chromium for the tests that look at pages: one for the whole run, since two cannot live in one process."""

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


@contextmanager
def launched() -> Iterator["Browser"]:
    """This machine's Chromium; skips where there is none, fails where CI must not skip."""
    found = os.environ.get("WEBCARE_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
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
