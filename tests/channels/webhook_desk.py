"""A desk with accounts at the sandbox and its own web server on loopback: for the tests of webhooks beside it."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlmodel import col, select
from starlette.applications import Starlette

from tests.listening import listening
from webcare import console, web
from webcare.app import App
from webcare.jobs import JobSpec, Run, Runner
from webcare.sandbox.hooks import signed
from webcare.sandbox.server import Sandbox
from webcare.settings import load_settings
from webcare.store import Store
from webcare.store.tables import MentionRow
from webcare.store.tables_hooks import HookAccountRow, HookNoticeRow
from webcare.testing import FakeClassifier
from webcare.web import hooks

KEY, PAGE = "ig_hemlund", "fb_hemlund"
IG_ID, PAGE_ID = "17841400000000001", "1100000001"
TOKEN = "a token that nobody guesses"


def environment(box: Sandbox, *, token: str = TOKEN) -> dict[str, str]:
    """Settings and secrets of a desk with both accounts of the sandbox's brand."""
    made = {"WEBCARE_SECRET_META_WEBHOOK_VERIFY_TOKEN": token} if token else {}
    for key, channel, number in ((KEY, "instagram", IG_ID), (PAGE, "facebook", PAGE_ID)):
        account = f"WEBCARE_ACCOUNTS__{key.upper()}"
        made |= {f"{account}__CHANNEL": channel, f"{account}__EXTERNAL_ID": number, f"{account}__HANDLE": "hemlund"}
        made |= {f"{account}__API_BASE": box.graph_base, f"{account}__TIMEOUT_S": "5"}
        made |= {f"WEBCARE_SECRET_{key}_{name}".upper(): value for name, value in box.credentials(key).items()}
    return made


@dataclass
class Clock:
    """The time of the jobs; the receiver and the sandbox go by the real one."""

    ahead: timedelta = field(default_factory=timedelta)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def later(self, **span: float) -> None:
        self.ahead += timedelta(**span)


@dataclass
class HookDesk:
    """The desk, its server's port, and the sandbox it listens to."""

    app: App
    box: Sandbox
    port: int = 0
    clock: Clock = field(default_factory=Clock)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{hooks.PATH}"

    def ask(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body, dict(headers or {}))
            self.said = connection.getresponse()
            self.text = self.said.read().decode()
            return self.said.status
        finally:
            connection.close()

    def deliver(self, plain: Any, *, key: str = KEY, body: bytes | None = None, signature: str = "") -> int:
        """Send a delivery signed with an account's app secret; the status."""
        made = signed(plain, self.box.credentials(key)["app_secret"])
        headers = {"X-Hub-Signature-256": signature or made.signature, "Content-Type": "application/json"}
        return self.ask("POST", hooks.PATH, made.body if body is None else body, headers)

    def notices(self) -> list[HookNoticeRow]:
        with self.app.store.read() as session:
            return list(session.exec(select(HookNoticeRow).order_by(col(HookNoticeRow.id))))

    def heard(self) -> list[HookAccountRow]:
        with self.app.store.read() as session:
            return list(session.exec(select(HookAccountRow)))

    def mentions(self) -> list[str]:
        """The ids of the customers' posts in the desk, oldest first."""
        with self.app.store.read() as session:
            query = select(MentionRow.external_id).where(col(MentionRow.is_ours).is_(False)).order_by(MentionRow.id)
            return list(session.exec(query))

    def run(self, job: JobSpec, key: str = KEY) -> Run:
        runner = Runner(self.app, clock=self.clock)
        try:
            return runner.run(job, key)
        finally:
            runner.close()


def make_hook_desk(store: Store, box: Sandbox, *, token: str = TOKEN) -> HookDesk:
    """A desk on this database, without a server."""
    env = environment(box, token=token)
    app = App(load_settings(env=env), env)
    app.store, app.classifier = store, FakeClassifier()
    app.register_accounts()
    return HookDesk(app, box)


@contextmanager
def served(desk: HookDesk, *, max_waiting: int = hooks.MAX_WAITING) -> Iterator[HookDesk]:
    """Its web server, with the gate and the headers in front as in a real console."""
    others = [route for route in web.routes(desk.app) if getattr(route, "path", "") != hooks.PATH]
    routes = [*others, *hooks.hook_routes(desk.app, max_waiting=max_waiting)]
    app = Starlette(routes=routes, middleware=web.middleware(desk.app, index=console.INDEX))
    with listening(app) as desk.port:
        yield desk


def until(true: Any, within_s: float = 60.0) -> None:
    """Wait for something another thread or process does."""
    deadline = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


def naming(*ids: tuple[str, str], account: str = IG_ID) -> dict[str, Any]:
    """A delivery of Meta's about mentions; each a picture's number and a comment's, or none."""
    values = [{"media_id": media, **({"comment_id": comment} if comment else {})} for media, comment in ids]
    changes = [{"field": "mentions", "value": value} for value in values]
    return {"object": "instagram", "entry": [{"id": account, "time": 1763800000, "changes": changes}]}


def as_json(plain: Any) -> bytes:
    return json.dumps(plain).encode()
