"""Stands in front of the networks and lets the rules of `faults.py` strike."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from webcare.sandbox.fault_answers import failure
from webcare.sandbox.faults import Event, Fault, Faults
from webcare.sandbox.values import Clock

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Cut = Callable[[Scope], None]
#: Failures that come although the request was carried out.
_AFTER = ("error_after_commit", "cut_after_commit", "malformed_json", "slow_after_commit")


class FaultyNetworks:
    """The networks behind the rules.

    `act` carries out what is to happen to the world at a time; `page_id` stands in the limits Facebook announces.
    """

    def __init__(
        self, app: App, faults: Faults, cut: Cut, *, clock: Clock, act: Callable[[Event], None], page_id: str
    ) -> None:
        self._app = app
        self._page_id = page_id
        self._faults = faults
        self._cut = cut
        self._clock = clock
        self._act = act

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or make it fail."""
        if scope["type"] == "http":
            for event in self._faults.due():
                self._act(event)
        path = scope.get("path", "")
        if scope["type"] != "http" or not path.startswith(("/x/", "/graph/")):
            return await self._app(scope, receive, send)
        fault = self._faults.strike(scope["method"], path)
        if fault is None:
            return await self._app(scope, receive, send)
        return await self._fail(fault, scope, receive, send)

    async def _fail(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        if fault.kind in ("slow", "delay_visibility", "short_page"):
            return await self._bent(fault, scope, receive, send)
        answer: list[Message] = []
        if fault.kind in _AFTER:
            await self._app(scope, receive, _into(answer))
        if fault.kind == "slow_after_commit":
            await asyncio.sleep(fault.seconds)
            for message in answer:
                await send(message)
            return None
        if fault.kind in ("cut_before", "cut_after_commit"):
            self._cut(scope)
            await asyncio.sleep(0.01)  # lets the loop notice that the connection is gone before we return
            return None
        is_x = scope["path"].startswith("/x/")
        return await _send(send, *failure(fault, is_x=is_x, answer=answer, now=self._clock(), page_id=self._page_id))

    async def _bent(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer rightly, but late or in another way."""
        if fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
        if fault.kind == "delay_visibility":
            scope.setdefault("state", {})["visible_after"] = fault.seconds
        if fault.kind == "short_page":
            scope.setdefault("state", {})["page_size"] = fault.size
        return await self._app(scope, receive, send)


def _into(answer: list[Message]) -> Send:
    async def send(message: Message) -> None:
        answer.append(message)

    return send


async def _send(send: Send, status: int, headers: dict[str, str], body: bytes) -> None:
    pairs = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    pairs.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": body})
