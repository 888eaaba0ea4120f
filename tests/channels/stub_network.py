"""A small real HTTP server for what no well-behaved network does: broken answers, cut connections, silence.

Answers are queued per method and path; the last one of a queue is given again and again. Every request is kept.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from webcare.channels.base import AccountConfig
from webcare.channels.facebook import Facebook
from webcare.channels.x import X
from webcare.sandbox.server import Sandbox

X_SECRETS = {
    "api_key": "key-0123456789",
    "api_secret": "keysecret/0123+456789",
    "access_token": "3300000001-token0123456789",
    "access_token_secret": "tokensecret0123456789",
}
FB_SECRETS = {"page_token": "EAAB|token/0123+456789", "app_secret": "appsecret0123456789"}


def x_config(base: str, **options: object) -> AccountConfig:
    return AccountConfig("x_hemlund", "3300000001", "hemlund", base, 2.0, options, X_SECRETS)


def fb_config(base: str, **options: object) -> AccountConfig:
    return AccountConfig("fb_hemlund", "1100000001", "hemlund", base, 2.0, options, FB_SECRETS)


def connect_x(box: Sandbox, **options: object) -> X:
    secrets = box.credentials("x_hemlund")
    return X.connect(AccountConfig("x_hemlund", "3300000001", "hemlund", box.x_base, 15.0, options, secrets))


def connect_fb(box: Sandbox, **options: object) -> Facebook:
    secrets = box.credentials("fb_hemlund")
    return Facebook.connect(
        AccountConfig("fb_hemlund", "1100000001", "hemlund", box.graph_base, 15.0, options, secrets)
    )


class Clock:
    """The sandbox's time; it moves only when a test says so."""

    def __init__(self) -> None:
        self.now = datetime(2026, 2, 10, 11, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def later(self, **delta: float) -> datetime:
        self.now += timedelta(**delta)
        return self.now


#: The stub's own present, unless an answer brings another Date.
NOW = "Tue, 10 Feb 2026 11:00:00 GMT"


@dataclass(frozen=True)
class Heard:
    """One request as it arrived."""

    method: str
    path: str
    query: dict[str, list[str]]
    target: str  #: path and query, as written on the wire
    headers: Mapping[str, str]
    body: str
    client_port: int


@dataclass(frozen=True)
class Answer:
    """What to do with one request. `act` replaces everything: it gets the handler and owns the connection."""

    status: int = 200
    body: Any = None
    text: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    act: Callable[[Handler], None] | None = None


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  #: head and body in one packet, or each answer takes 40 ms
    server: StubServer

    def _serve(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        parts = urlsplit(self.path)
        heard = Heard(
            self.command,
            parts.path,
            parse_qs(parts.query),
            self.path,
            dict(self.headers),
            self.rfile.read(length).decode(),
            self.client_address[1],
        )
        stub = self.server.stub
        stub.heard.append(heard)
        answer = stub.next_answer(heard)
        if answer.act is not None:
            answer.act(self)
            self.close_connection = True
            return
        data = (answer.text if answer.text is not None else json.dumps(answer.body)).encode()
        headers = {"content-type": "application/json; charset=utf-8", "date": NOW, "content-length": str(len(data))}
        self.send_response_only(answer.status)
        for name, value in (headers | {name.lower(): value for name, value in answer.headers.items()}).items():
            if value:
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)
        self.wfile.flush()

    do_GET = do_POST = do_DELETE = do_PUT = _serve

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


class StubServer(ThreadingHTTPServer):
    daemon_threads = True
    stub: Stub

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is part of the tests."""


class Stub:
    """The server with its script; use as a context manager."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []
        self._answers: dict[tuple[str, str, frozenset[tuple[str, str]]], list[Answer]] = defaultdict(list)
        self._otherwise = Answer(404, text="<html>nothing here</html>", headers={"content-type": "text/html"})
        self._server = StubServer(("127.0.0.1", 0), Handler)
        self._server.stub = self

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def on(self, method: str, path: str, *answers: Answer, when: Mapping[str, str] | None = None) -> Self:
        """Queue answers; a path may end with * to stand for every path that begins so.

        `when`: only for requests with these query parameters; such answers go before those without.
        """
        self._answers[(method, path, frozenset((when or {}).items()))] += answers
        return self

    def otherwise(self, answer: Answer) -> Self:
        """What every other request gets."""
        self._otherwise = answer
        return self

    def next_answer(self, heard: Heard) -> Answer:
        asked = {(name, value) for name, values in heard.query.items() for value in values}
        for (method, path, when), queue in sorted(self._answers.items(), key=lambda one: -len(one[0][2])):
            fits = heard.path.startswith(path[:-1]) if path.endswith("*") else heard.path == path
            if method == heard.method and fits and when <= asked and queue:
                return queue.pop(0) if len(queue) > 1 else queue[0]
        return self._otherwise

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def reset(handler: Handler) -> None:
    """Cut the connection after the request was read, as a load balancer that dies does."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()


def close(handler: Handler) -> None:
    """Close the connection politely without a word."""
    handler.connection.shutdown(socket.SHUT_RDWR)
    handler.connection.close()


def silence(seconds: float) -> Callable[[Handler], None]:
    """Say nothing for a while."""

    def act(handler: Handler) -> None:
        time.sleep(seconds)
        close(handler)

    return act


def drip(handler: Handler) -> None:
    """Promise a long answer and send it letter by letter, each in time."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 4000\r\n\r\n")
    for _ in range(200):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.05)


def cut_short(handler: Handler) -> None:
    """Promise more than is sent."""
    handler.wfile.write(b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 400\r\n\r\n{"data":')
    handler.wfile.flush()
    close(handler)


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
