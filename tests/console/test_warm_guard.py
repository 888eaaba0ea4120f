"""The console makes the guard ready beside its pages, for the markets of its accounts and no others."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest

from webcare.app import App
from webcare.guard import dictionaries
from webcare.settings import Settings, load_settings
from webcare.web.server import lifespan

ACCOUNT = {"channel": "x", "external_id": "1"}


def desk(**accounts: dict[str, Any]) -> App:
    shipped = load_settings(env={}).model_dump()
    return App(Settings.model_validate({**shipped, "accounts": accounts}))


def test_the_words_of_the_markets_are_read_before_anybody_types(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    monkeypatch.setattr(dictionaries, "_READ", {})
    monkeypatch.setattr(dictionaries, "_read", read.append)  # gives None: no dictionary here
    desk(a={**ACCOUNT, "market": "se"}, b={**ACCOUNT, "market": "nl"}, c={**ACCOUNT, "market": "se"}).warm_guard()
    assert sorted(read) == ["nl", "sv"]


def test_a_broken_brand_stops_nobody(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    monkeypatch.setattr(dictionaries, "_READ", {})
    monkeypatch.setattr(dictionaries, "_read", read.append)
    with caplog.at_level(logging.WARNING):
        desk(a={**ACCOUNT, "market": "nl", "brand": "nobody"}, b={**ACCOUNT, "market": "no"}).warm_guard()
    assert "the guard is not ready for market nl" in caplog.text
    assert read == ["nb"]


def test_the_pages_do_not_wait_for_it() -> None:
    begun, go_on = Event(), Event()

    def warm_guard() -> None:
        begun.set()
        go_on.wait(10)

    app: Any = SimpleNamespace(
        settings=SimpleNamespace(jobs=SimpleNamespace(embedded=False)),
        store=SimpleNamespace(dispose=lambda: None),
        warm_guard=warm_guard,
    )

    async def start() -> bool:
        async with lifespan(app)(None):
            return await asyncio.to_thread(begun.wait, 10) and not go_on.is_set()

    # In a thread of its own: the browser tests leave a loop running in this one.
    with ThreadPoolExecutor(1) as alone:
        assert alone.submit(asyncio.run, start()).result(30)
        go_on.set()
