"""Where Meta delivers what it tells by webhook. Off unless a verify token is among the secrets.

A delivery is checked, written down and acknowledged; nothing is asked of the network while Meta waits. The poller of
the account reads what was named.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import threading
import time
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime

from sqlmodel import Session, col, select
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from webcare.app import App, Channels
from webcare.channels.graph_hooks import CHANNELS, SIGNATURE, Told, is_signed, told
from webcare.errors import ChannelProtocolError, SettingsError, StoreUnavailable
from webcare.store.hooks import Named, keep_heard
from webcare.store.tables import AccountRow

_log = logging.getLogger(__name__)

PATH = "/hooks/meta"
#: Meta puts a thousand changes into one delivery at most, each of a few hundred bytes.
MAX_BODY = 1_048_576
#: How long a delivery may take to come in, in seconds.
_BODY_S = 10.0
#: Notices of one account that may wait; what comes beyond is turned away, and Meta delivers it again for 36 hours.
MAX_WAITING = 10_000
#: How long secrets are believed before they are looked up again, in seconds.
_SECRETS_S = 5.0
#: Between two lines in the log about deliveries that are not signed as they should be, in seconds.
_WARN_S = 60.0
_LONGEST_CHALLENGE = 500


def hook_routes(app: App, *, max_waiting: int = MAX_WAITING) -> list[BaseRoute]:
    """The receiver's address, or nothing where no verify token is set."""
    if not app.hook_token:
        return []
    hooks = MetaHooks(app, max_waiting=max_waiting)
    return [Route(PATH, hooks.verify, methods=["GET"]), Route(PATH, hooks.receive, methods=["POST"])]


class MetaHooks:
    """The handlers of the two requests Meta makes."""

    def __init__(self, app: App, *, max_waiting: int = MAX_WAITING) -> None:
        self._app = app
        self._token = app.hook_token
        self._max_waiting = max_waiting
        self._lock = threading.Lock()
        self._secrets: dict[str, str] = {}
        self._looked = self._warned = float("-inf")

    async def verify(self, request: Request) -> Response:
        """GET: show that this address is ours, to whoever knows the token."""
        asked = request.query_params
        given, challenge = asked.get("hub.verify_token", ""), asked.get("hub.challenge", "")
        known = hmac.compare_digest(given.encode("utf-8", "replace"), self._token.encode("utf-8", "replace"))
        if not known or asked.get("hub.mode") != "subscribe" or not 0 < len(challenge) <= _LONGEST_CHALLENGE:
            return PlainTextResponse("forbidden", 403)
        _log.info("Meta subscribed its webhooks to this desk")
        return PlainTextResponse(challenge)

    async def receive(self, request: Request) -> Response:
        """POST: write down what a signed delivery names."""
        signature = request.headers.get(SIGNATURE, "")
        if not signature:
            return self._unsigned()
        try:
            async with asyncio.timeout(_BODY_S):
                body = await _body(request)
        except TimeoutError:
            return PlainTextResponse("too slow", 408)
        except ClientDisconnect:
            return PlainTextResponse("cut off", 400)
        if body is None:
            return PlainTextResponse("too large", 413)
        return await run_in_threadpool(self._take, body, signature)

    def _take(self, body: bytes, signature: str) -> Response:
        secrets = self._secrets_now()
        signed = {secret for secret in set(secrets.values()) if is_signed(body, signature, secret)}
        if not signed:
            return self._unsigned()
        # An app may only speak of the accounts that are connected through it.
        keys = frozenset(key for key, secret in secrets.items() if secret in signed)
        try:
            kept = self._keep(told(body), keys)
        except ChannelProtocolError as error:
            _log.warning("a webhook was not understood: %s", error)
            return PlainTextResponse("not understood", 400)
        except StoreUnavailable as error:
            _log.error("a webhook could not be written down: %s", error)
            return PlainTextResponse("try again", 503)
        return PlainTextResponse("ok") if kept else PlainTextResponse("too much is waiting", 503)

    def _keep(self, heard: Iterable[Told], keys: frozenset[str]) -> bool:
        """Write down what is about accounts of these keys, in one transaction; False when something has to wait."""
        by_account: dict[tuple[str, str], list[Told]] = defaultdict(list)
        for one in heard:
            by_account[one.channel, one.external_id].append(one)
        if not by_account:
            return True
        now = datetime.now(UTC)
        with self._app.store.write() as session:
            known = _accounts(session, keys)
            kept = [
                keep_heard(
                    session,
                    known[account],
                    [Named(one.media_id, one.comment_id) for one in all_of_it if one.names_us],
                    poll=not all(one.names_us for one in all_of_it),
                    now=now,
                    at_most=self._max_waiting,
                )
                for account, all_of_it in sorted(by_account.items())
                if account in known
            ]
        if strangers := len(by_account) - len(kept):
            _log.info("a webhook told about %d account(s) that are not connected here", strangers)
        return all(kept)

    def _secrets_now(self) -> dict[str, str]:
        """The app secrets by account key; kept a while, so that strangers cost no question to the database."""
        with self._lock:
            if time.monotonic() - self._looked < _SECRETS_S:
                return self._secrets
            channels = self._app.channels
            assert isinstance(channels, Channels)
            found: dict[str, str] = {}
            for key, account in self._app.settings.accounts.items():
                if account.channel not in CHANNELS.values():
                    continue
                try:
                    secret = channels.secrets_of(key).get("app_secret", "")
                except SettingsError as error:
                    _log.error("the app secret of %s cannot be read: %s", key, error)
                    continue
                if secret:
                    found[key] = secret
            self._secrets, self._looked = found, time.monotonic()
            return found

    def _unsigned(self) -> Response:
        with self._lock:
            told_lately = time.monotonic() - self._warned < _WARN_S
            if not told_lately:
                self._warned = time.monotonic()
        if not told_lately:
            _log.warning("a webhook was not signed with the app secret of any account; it was refused")
        return PlainTextResponse("forbidden", 403)


def _accounts(session: Session, keys: frozenset[str]) -> dict[tuple[str, str], int]:
    """Ids of the accounts in use, by channel and the network's number; paused ones too: their posts wait."""
    in_use = col(AccountRow.active) | col(AccountRow.paused_at).is_not(None)
    rows = session.exec(select(AccountRow).where(col(AccountRow.key).in_(keys), in_use))
    return {(row.channel, row.external_id): row.id for row in rows if row.id is not None}


async def _body(request: Request) -> bytes | None:
    """The bytes sent; None when they are more than a delivery ever has. No more than that is ever held."""
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length[:20]) > MAX_BODY:
        return None
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MAX_BODY:
            return None
    return bytes(body)
