"""What Meta tells by webhook: signed deliveries to one address, again and again until it says that they arrived.

Somebody who names a brand's Instagram account in a caption or comment elsewhere makes a `mentions` delivery, a comment
under the brand's own pictures a `comments` one. As at Meta the first holds numbers only.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import logging
import queue
import secrets
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlencode, urlsplit

from webcare.sandbox.values import BrandAccount, IgItem, SandboxError

if TYPE_CHECKING:
    from webcare.sandbox.world import World

logger = logging.getLogger(__name__)

#: Meta tries for 36 hours, more and more seldom; here it is minutes.
_WAITS_S = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 60.0)
_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery, as it was signed."""

    body: bytes
    signature: str


class Webhooks:
    """The subscription of one address, and the deliveries on their way to it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._url: SplitResult | None = None
        self._waiting: queue.SimpleQueue[Delivery | None] = queue.SimpleQueue()  #: None: no more will come
        self.delivered: list[Delivery] = []  #: those that were acknowledged, in their order
        self.refused = 0  #: attempts that were not
        world.told, world.subscribe = self.tell, self.subscribe

    def point_at(self, url: str) -> None:
        """Send deliveries there from now on, unasked. Raises SandboxError for no address on this machine."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or parts.hostname not in ("127.0.0.1", "::1", "localhost"):
            raise SandboxError(f"a webhook goes to an address like http://127.0.0.1:8501/hooks/meta, not to {url!r}")
        self._url = parts

    def subscribe(self, url: str, verify_token: str) -> None:
        """Ask the address, as Meta does, whether it wants them. Raises SandboxError where it does not."""
        before, challenge = self._url, secrets.token_hex(8)
        self.point_at(url)
        asked = {"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": verify_token}
        try:
            status, answer = self._ask("GET", query=urlencode(asked))
        except OSError as error:
            self._url = before
            raise SandboxError(f"the address {url} cannot be reached: {error}") from error
        if status != 200 or answer.decode("utf-8", "replace") != challenge:
            self._url = before
            raise SandboxError(f"the address {url} does not know the verify token (it answered {status})")

    def tell(self, item: IgItem) -> None:
        """Put what a new picture or comment is worth telling on its way. The world is locked meanwhile."""
        if self._url is None:
            return
        for account, change in self._changes(item):
            at = int(item.posted_at.timestamp())
            entry = {"id": account.user_id, "time": at, "changes": [change]}
            self._waiting.put(signed({"object": "instagram", "entry": [entry]}, account.secrets.get("app_secret", "")))

    def _changes(self, item: IgItem) -> Iterator[tuple[BrandAccount, dict[str, Any]]]:
        world = self._world
        owner, author = world.instagram.owner(item), world.instagram.author(item)
        for account in world.brands("instagram"):
            if author.id == account.user_id:
                continue
            if item.kind == "comment" and owner.id == account.user_id:
                yield account, {"field": "comments", "value": _comment(world, item)}
            elif account.user_id in item.mentions:
                ids = {"media_id": item.media_id, **({"comment_id": item.id} if item.kind == "comment" else {})}
                yield account, {"field": "mentions", "value": ids}

    def run(self, stopping: threading.Event) -> None:
        """Deliver, one after the other, until told to stop."""
        while (delivery := self._waiting.get()) is not None and not stopping.is_set():
            for wait_s in _WAITS_S:
                if self.deliver(delivery) or stopping.wait(wait_s):
                    break
            else:
                logger.warning("a webhook was given up: nobody took it")

    def close(self) -> None:
        """Let `run` end."""
        self._waiting.put(None)

    def deliver(self, delivery: Delivery) -> bool:
        """One attempt; whether it was acknowledged."""
        headers = {"Content-Type": "application/json", "X-Hub-Signature-256": delivery.signature}
        try:
            status, _ = self._ask("POST", body=delivery.body, headers=headers)
        except (OSError, http.client.HTTPException):
            status = 0
        if status != 200:
            self.refused += 1
            return False
        self.delivered.append(delivery)
        return True

    def _ask(
        self, method: str, *, query: str = "", body: bytes = b"", headers: dict[str, str] | None = None
    ) -> tuple[int, bytes]:
        assert self._url is not None
        assert self._url.hostname is not None
        kind = http.client.HTTPSConnection if self._url.scheme == "https" else http.client.HTTPConnection
        connection = kind(self._url.hostname, self._url.port, timeout=_TIMEOUT_S)
        try:
            path = self._url.path or "/"
            connection.request(method, f"{path}?{query}" if query else path, body or None, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read(10_000)
        finally:
            connection.close()


def signed(plain: dict[str, Any], app_secret: str) -> Delivery:
    """A delivery with the signature of an app."""
    # Meta escapes everything beyond ASCII, and signs what it escaped.
    body = json.dumps(plain).encode()
    return Delivery(body, "sha256=" + hmac.new(app_secret.encode(), body, hashlib.sha256).hexdigest())


def _comment(world: World, item: IgItem) -> dict[str, Any]:
    author = world.instagram.author(item)
    found = {
        "id": item.id,
        "from": {"id": author.id, "username": author.handle},
        "media": {"id": item.media_id, "media_product_type": "FEED"},
        "text": item.text,
    }
    return {**found, "parent_id": item.parent_id} if item.parent_id else found
