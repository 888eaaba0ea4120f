"""Keeps what is said between the Bluesky channel and the network in a box, as the samples of the contract test.

A proxy stands between the channel and the box and keeps what is said. Dates are moved to the stub's present; accounts,
tokens and mail addresses become made-up ones. What no healthy network answers (pages for people, half a post) is the
recording with the fault put in; such a situation says so.
"""

from __future__ import annotations

import base64
import contextlib
import json
import re
import struct
import threading
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bluesky_box import Box, Person

from webcare.channels.base import AccountConfig
from webcare.channels.bluesky import Bluesky
from webcare.errors import ChannelError

SAMPLES = Path(__file__).with_name("samples") / "bluesky"
#: The stub's present, and when its windows open again.
NOW, RESET = datetime(2026, 2, 10, 11, 0, tzinfo=UTC), "1770721800"
LIST, POSTS = "/xrpc/app.bsky.notification.listNotifications", "/xrpc/app.bsky.feed.getPosts"
FEED, RECORD = "/xrpc/app.bsky.feed.getAuthorFeed", "/xrpc/com.atproto.repo.getRecord"
SIGN_IN, CREATE = "/xrpc/com.atproto.server.createSession", "/xrpc/com.atproto.repo.createRecord"
HTML = {"status": 200, "text": "<html><body>We are back soon.</body></html>", "headers": {"content-type": "text/html"}}
WORDS = "Hej Anna! Vi kollar & återkommer: https://hemlund.example/leverans"
_KEPT = ("ratelimit-limit", "ratelimit-remaining", "ratelimit-reset", "ratelimit-policy", "retry-after")
_DATE = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)")
_TOKEN = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+")


class Proxy(BaseHTTPRequestHandler):
    """Passes everything on to the box and keeps what was said."""

    said: list[dict[str, Any]]
    target: str

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0)) or None
        headers = {name: one for name, one in self.headers.items() if name.lower() in ("authorization", "content-type")}
        asked = urllib.request.Request(self.target + self.path, body, headers, method=self.command)
        try:
            answer = urllib.request.urlopen(asked, timeout=30)
        except urllib.error.HTTPError as error:
            answer = error
        data = answer.read()
        kept = {name.lower(): one for name, one in answer.headers.items() if name.lower() in _KEPT}
        exchange = {"method": self.command, "path": urlsplit(self.path).path, "status": answer.status, "headers": kept}
        self.said.append({**exchange, "body": json.loads(data)})
        self.send_response(answer.status)
        for name in ("content-type", "date", *_KEPT):
            if answer.headers.get(name) and name != "date":
                self.send_header(name, answer.headers[name])
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = _pass_on

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


class Recorder:
    """Keeps situations as files."""

    def __init__(self, box: Box) -> None:
        self.box = box
        self.people: dict[str, Person] = {}
        self.names: dict[str, str] = {}  #: record names of our replies, as the made-up account would give them
        self._said: list[dict[str, Any]] = []
        handler = type("Tape", (Proxy,), {"said": self._said, "target": box.url})
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{server.server_address[1]}"

    def person(self, name: str) -> Person:
        self.people[name] = self.box.person(name)
        return self.people[name]

    def channel(self, person: Person, password: str = "") -> Bluesky:
        secrets = {"app_password": password or person.password}
        return Bluesky.connect(AccountConfig("account", person.did, person.handle, self.url, 20.0, {}, secrets))

    @contextlib.contextmanager
    def tape(self) -> Iterator[list[dict[str, Any]]]:
        """What was said in the meantime."""
        self._said.clear()
        told: list[dict[str, Any]] = []
        yield told
        told += deepcopy(self._said)

    def situation(
        self, name: str, about: str, do: str, act: Callable[[], Any], expect: dict[str, Any], **more: Any
    ) -> list[dict[str, Any]]:
        """Do it, keep what was said, and what must come of it. Gives the exchanges."""
        with self.tape() as told:
            result: Any = None
            try:
                result = act()
            except ChannelError as error:
                if type(error).__name__ != expect.get("error"):
                    raise
            else:
                assert "error" not in expect, (name, result)
        self.write(name, about, do, told, expect, **more)
        return told

    def write(
        self, name: str, about: str, do: str, told: list[dict[str, Any]], expect: dict[str, Any], **more: Any
    ) -> None:
        given = [one for one in told if one["path"] != SIGN_IN or one["status"] != 200]
        self._keep(name, {"about": about, "do": do, **more, "exchanges": given, "expect": expect})

    def account(self, told: Mapping[str, Any]) -> None:
        self._keep("account", told)

    def _keep(self, name: str, told: Mapping[str, Any]) -> None:
        text = self._made_up(json.dumps(told, ensure_ascii=False))
        written = json.dumps(json.loads(text), ensure_ascii=False, indent=2) + "\n"
        written = re.sub("[\ud800-\udfff]", lambda half: f"\\u{ord(half[0]):04x}", written)
        (SAMPLES / f"{name}.json").write_text(written, encoding="utf-8")

    def _made_up(self, text: str) -> str:
        """The recording with made-up accounts, and with its dates moved to the stub's present."""
        for name, person in self.people.items():
            text = text.replace(person.did, made_up_did(name))
        for real, made in self.names.items():
            text = text.replace(real, made)
        text = re.sub(r'("ratelimit-reset": ")\d+"', rf'\g<1>{RESET}"', text)
        text = re.sub(r'("retry-after": ")\d+"', r'\g<1>600"', text)
        text = _TOKEN.sub(lambda found: made_up_token("refresh" in _scope(found[0])), text)
        moved = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=1) - NOW

        def earlier(found: re.Match[str]) -> str:
            at = datetime.fromisoformat(found[0])
            if abs(at - datetime.now(UTC)) > timedelta(days=2):
                return found[0]
            return (at - moved).isoformat(timespec="milliseconds").replace("+00:00", "Z")

        return _DATE.sub(earlier, text)


def made_up_did(name: str) -> str:
    return f"did:plc:{name:2<24}"


def made_up_token(refresh: bool) -> str:
    """A token in the network's form, signed by nobody, good until 2100."""

    def part(plain: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode().rstrip("=")

    scope = "com.atproto.refresh" if refresh else "com.atproto.access"
    return ".".join((part({"alg": "HS256"}), part({"scope": scope, "iat": 1770721200, "exp": 4102444800}), "made-up"))


def _scope(token: str) -> str:
    middle = token.split(".")[1]
    return base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)).decode(errors="replace")


def faulty(told: list[dict[str, Any]], path: str, **fault: Any) -> list[dict[str, Any]]:
    """A recording with another answer at one place."""
    kept = [one for one in told if one["path"] != path]
    method = "POST" if path == CREATE else "GET"
    return [*kept, {"method": method, "path": path, **fault}]


def picture() -> bytes:
    """A picture of one point."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0\xb0\x20\x20"))
        + chunk(b"IEND", b"")
    )


def link(text: str, shown: str, uri: str) -> dict[str, Any]:
    start = len(text[: text.index(shown)].encode())
    feature = {"$type": "app.bsky.richtext.facet#link", "uri": uri}
    return {"index": {"byteStart": start, "byteEnd": start + len(shown.encode())}, "features": [feature]}
