"""A web server and a mail server on loopback that keep what they are given, for tests."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Hook(ThreadingHTTPServer):
    """Keeps the JSON it is posted; answers with the next of `answers`, then 200. 0 = never answers."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _HookHandler)
        self.posted: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.answers: list[int] = []
        self.hung = threading.Event()

    @property
    def url(self) -> str:
        return f"json://127.0.0.1:{self.server_address[1]}/hooks/s3cr3t-token"


class _HookHandler(BaseHTTPRequestHandler):
    server: Hook

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status = self.server.answers.pop(0) if self.server.answers else 200
        self.server.paths.append(self.path)
        if status == 0:
            self.server.hung.wait(60)
            return
        if status == 200:
            self.server.posted.append(body)
        self.send_response(status)
        if 300 <= status < 400:
            self.send_header("Location", f"http://127.0.0.1:{self.server.server_address[1]}/elsewhere")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing on standard error."""


class Mail(socketserver.ThreadingTCPServer):
    """A mail server that speaks just enough SMTP; refuses recipients while `refusing`."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _MailHandler)
        self.letters: list[tuple[list[str], EmailMessage]] = []
        self.refusing = False

    @property
    def url(self) -> str:
        port = self.server_address[1]
        return f"mailto://desk:s3cr3t-password@127.0.0.1:{port}?smtp=127.0.0.1&from=desk@hemlund.example&mode=insecure"


class _MailHandler(socketserver.StreamRequestHandler):
    server: Mail

    def handle(self) -> None:
        to: list[str] = []
        self._say("220 loopback")
        while line := self.rfile.readline():
            verb = line.decode().strip()
            upper = verb.upper()
            if upper.startswith("EHLO"):
                self.wfile.write(b"250-loopback\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME\r\n")
            elif upper.startswith("AUTH"):
                self._say("235 welcome")
            elif upper.startswith("RCPT"):
                if self.server.refusing:
                    self._say("550 no such person")
                    continue
                to.append(verb.partition("<")[2].rstrip(">"))
                self._say("250 ok")
            elif upper.startswith("DATA"):
                self._take(to)
                to = []
            elif upper.startswith("QUIT"):
                self._say("221 bye")
                return
            else:
                self._say("250 ok")

    def _take(self, to: list[str]) -> None:
        self._say("354 go on")
        lines: list[bytes] = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line[1:] if line.startswith(b"..") else line)
        letter = message_from_bytes(b"".join(lines), policy=policy.default)
        assert isinstance(letter, EmailMessage)
        self.server.letters.append((to, letter))
        self._say("250 kept")

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


@contextmanager
def running(server: Any) -> Iterator[Any]:
    """A server in a thread of its own until the block ends."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        if isinstance(server, Hook):
            server.hung.set()
        server.shutdown()
        server.server_close()
        thread.join()
