"""The one place where Webcare talks HTTP to a network: a session that client libraries use without knowing.

It sends what a library addresses to the public API to `api_base` instead when there is one, gives every request a
time limit, follows no redirect, retries nothing, keeps no cookies, and turns whatever is not a plain success into one
`CallFailed` that says whether the request can have reached the network. It never writes a secret into a message.
"""

from __future__ import annotations

import ipaddress
import json
import logging
import re
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import quote, urlsplit

import requests
import urllib3
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError, ProxyError

from webcare.channels.base import RateState
from webcare.channels.leaving import may_leave
from webcare.errors import SettingsError

#: Longest wait for a connection, in seconds; the rest of an account's `timeout_s` is for the answer.
CONNECT_WITHIN_S = 5.0
#: Larger answers are refused: a page of 100 posts is about 0.3 MB.
MOST_BYTES = 32 * 1024 * 1024
_CHUNK = 64 * 1024
#: 4xx statuses after which a write may still have been accepted: the server gave up on the request, not on its content.
_UNCLEAR = frozenset({408, 409, 425})
_MASK = "***"
#: Shorter texts are no secrets, and hiding them would garble every answer.
_SHORTEST = 6
_SECRET_SHAPES = re.compile(
    r"(?i)((?:access_token|appsecret_proof|client_secret|oauth_\w+)[\"']?\s*(?:=|:|%3D)\s*[\"']?|(?:bearer|oauth)\s+)"
    r"[\w.~+/%|-]{12,}=*"
)
#: Loggers of libraries that write whole headers, signatures and addresses when somebody turns on DEBUG.
_TALKATIVE = ("tweepy.client", "requests_oauthlib.oauth1_auth", "oauthlib.oauth1.rfc5849", "urllib3.connectionpool")


class CallFailed(Exception):
    """A request that brought no usable success. Internal: each channel turns it into a ChannelError.

    `status` is None when no answer came. `never_left` is True only when the network certainly heard nothing.
    """

    def __init__(
        self,
        text: str,
        *,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
        payload: Mapping[str, Any] | None = None,
        never_left: bool = False,
    ) -> None:
        super().__init__(text)
        self.status = status
        self.headers: Mapping[str, str] = headers if headers is not None else {}
        self.payload: Mapping[str, Any] = payload if payload is not None else {}
        self.never_left = never_left

    @property
    def may_have_landed(self) -> bool:
        """Whether a write that failed this way can stand on the network all the same."""
        if self.status is None:
            return not self.never_left
        return not 400 <= self.status < 500 or self.status in _UNCLEAR

    @property
    def no_answer(self) -> bool:
        """Whether the network is not there or not well, rather than unwilling."""
        return self.status is None or self.status >= 500 or self.status in _UNCLEAR


class Redactor:
    """Takes secrets out of any text: the account's own, and everything that looks like one."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        spellings = {
            form for secret in secrets if len(secret) >= _SHORTEST for form in (secret, quote(secret, safe=""))
        }
        # Longest first, so that a secret containing another one leaves no tail behind.
        self._spellings = sorted(spellings, key=len, reverse=True)

    def hide(self, text: str) -> str:
        """`text` with every secret replaced by ***."""
        for spelling in self._spellings:
            text = text.replace(spelling, _MASK)
        return _SECRET_SHAPES.sub(lambda match: match.group(1) + _MASK, text)

    def hide_in_body(self, body: bytes) -> bytes:
        """An answer's body without the account's own secrets; JSON stays JSON."""
        for spelling in self._spellings:
            body = body.replace(spelling.encode(), _MASK.encode())
        return body

    def scrub(self, error: BaseException) -> BaseException:
        """Rewrite the texts of `error` and of all errors behind it, so that a logged traceback holds no secret."""
        behind: BaseException | None = error
        seen: set[int] = set()
        waiting = [behind]
        while waiting:
            behind = waiting.pop()
            if behind is None or id(behind) in seen:
                continue
            seen.add(id(behind))
            waiting += [behind.__cause__, behind.__context__]
            waiting += [inner for inner in behind.args if isinstance(inner, BaseException)]
            if (safe := self.hide(str(behind))) != str(behind):
                behind.args = (safe,)
        return error


class NetworkSession(requests.Session):
    """A requests session bound to one public API, for libraries that bring their own addresses.

    `rename` maps query parameters before they are signed. Raises CallFailed instead of any requests error.
    """

    def __init__(
        self,
        *,
        origin: str,
        api_base: str,
        timeout_s: float,
        secrets: Iterable[str] = (),
        bearer: str = "",
        rename: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
    ) -> None:
        super().__init__()
        _quieten_libraries()
        self.redactor = Redactor(secrets)
        self._timeout_s = timeout_s
        self._rename = rename
        self._bearer = bearer
        self._local = threading.local()
        # Environment proxies are for the real network; a stand-in on this machine is reached directly.
        self.trust_env = not api_base
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        # With an auth of our own in place, requests does not put credentials from ~/.netrc over our header.
        self.auth = self._authorise
        self.adapters.clear()
        self.mount("https://", _ClosedDoor(origin))
        self.mount("http://", _ClosedDoor(origin))
        self.mount(origin, _Door(origin, checked_base(api_base) or origin))

    @property
    def answer(self) -> requests.Response:
        """The last successful answer that this thread received. Raises LookupError before the first."""
        try:
            answer: requests.Response = self._local.answer
        except AttributeError as error:
            raise LookupError("no request was made yet") from error
        return answer

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        """Send one request and read its whole answer within the time limit. Raises CallFailed."""
        deadline = time.monotonic() + self._timeout_s
        connect_s = min(CONNECT_WITHIN_S, self._timeout_s)
        kwargs.update(allow_redirects=False, stream=True, timeout=(connect_s, self._timeout_s))
        if self._rename is not None and kwargs.get("params"):
            kwargs["params"] = self._rename(dict(kwargs["params"]))
        try:
            response = super().request(method, url, *args, **kwargs)
            # Facebook writes the token into every page's `paging.next`; from here on nobody can pass it on.
            response._content = self.redactor.hide_in_body(_read_body(response, deadline))
            response._content_consumed = True  # type: ignore[attr-defined]
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, _TooSlow) as error:
            raise CallFailed(_why(error), never_left=never_left(error)) from self.redactor.scrub(error)
        if not 200 <= response.status_code < 300:
            raise self._refusal(response)
        self._local.answer = response
        return response

    def _authorise(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        # In a header rather than in the address, where proxies, logs and error messages would keep it.
        if self._bearer:
            request.headers["Authorization"] = f"Bearer {self._bearer}"
        return request

    def _refusal(self, response: requests.Response) -> CallFailed:
        payload = json_object(response) or {}
        text = f"HTTP {response.status_code} {response.reason or ''}".strip()
        return CallFailed(text, status=response.status_code, headers=response.headers, payload=payload)


class _Door(HTTPAdapter):
    """Rewrites the address; gives every write a connection of its own.

    A kept connection that the server has just closed looks like a lost answer, and a write with a lost answer costs a
    read-back. Reads may be repeated, so they use the pool.
    """

    def __init__(self, origin: str, base: str) -> None:
        self._origin = origin.rstrip("/")
        self._base = base.rstrip("/")
        super().__init__(max_retries=0)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any) -> None:
        super().init_poolmanager(connections, maxsize, block, **pool_kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **proxy_kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **proxy_kwargs)
        manager.pool_classes_by_scheme = _POOLS
        return manager

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        moved = request.copy()
        moved.url = self._base + str(request.url).removeprefix(self._origin)
        if moved.method == "GET":
            return super().send(moved, *args, **kwargs)
        own = _Door(self._base, self._base)
        try:
            return HTTPAdapter.send(own, moved, *args, **kwargs)
        finally:
            own.close()


class _ClosedDoor(BaseAdapter):
    """Refuses every host but the channel's own, so that a token cannot be sent elsewhere by mistake."""

    def __init__(self, origin: str) -> None:
        super().__init__()
        self._origin = origin

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        raise requests.exceptions.InvalidURL(f"this channel only talks to {self._origin}")

    def close(self) -> None:
        """Nothing is open."""


class _PlainConnection(urllib3.connection.HTTPConnection):
    def connect(self) -> None:
        _connect(super().connect, self)

    def send(self, data: Any) -> None:
        _leave(self)
        super().send(data)


class _TlsConnection(urllib3.connection.HTTPSConnection):
    def connect(self) -> None:
        _connect(super().connect, self)

    def send(self, data: Any) -> None:
        _leave(self)
        super().send(data)


def _leave(connection: urllib3.connection.HTTPConnection) -> None:
    """Connect, which may take a while, then look at the clock: head and body, for half a request is none."""
    if connection.sock is None:
        connection.connect()
    if not may_leave():
        raise NewConnectionError(connection, "nothing was sent: this process was asleep for too long")


def _connect(connect: Callable[[], None], connection: urllib3.connection.HTTPConnection) -> None:
    """Tell a failure while connecting (TLS included) apart from one after the request was sent."""
    try:
        connect()
    except ConnectTimeoutError:
        raise
    except (OSError, ssl.SSLError, urllib3.exceptions.HTTPError) as error:
        raise NewConnectionError(connection, f"no connection was made: {error}") from error


class _PlainPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _TlsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


_POOLS = {"http": _PlainPool, "https": _TlsPool}


class _TooSlow(Exception):
    """The answer began in time but did not end in time, or is larger than any answer should be."""


def never_left(error: BaseException) -> bool:
    """Whether this error proves that the network heard nothing: no address, no connection, no handshake."""
    if isinstance(error, (requests.exceptions.ConnectTimeout, requests.exceptions.InvalidURL)):
        return True
    inner = error.args[0] if error.args else None
    reason = inner.reason if isinstance(inner, MaxRetryError) else inner
    if isinstance(reason, ProxyError):
        reason = reason.original_error
    return isinstance(reason, (ConnectTimeoutError, NewConnectionError, urllib3.exceptions.ClosedPoolError))


def checked_base(api_base: str) -> str:
    """`api_base` without a slash at its end; empty stays empty.

    Raises SettingsError when it is no address, or would send secrets unencrypted over the internet.
    """
    if not api_base:
        return ""
    parts = urlsplit(api_base)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise SettingsError(f"api_base {api_base!r} is not an address like http://127.0.0.1:8600/x")
    if parts.scheme == "http" and not _is_nearby(parts.hostname):
        raise SettingsError(f"api_base {api_base!r} would send secrets unencrypted; use https")
    return api_base.rstrip("/")


def json_object(response: requests.Response) -> dict[str, Any] | None:
    """The answer's JSON object, or None when it is anything else (HTML, a list, nothing)."""
    try:
        found = json.loads(response.content)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def server_time(headers: Mapping[str, str]) -> datetime | None:
    """The network's own present by its Date header (whole seconds, aware UTC), None when it did not say."""
    try:
        moment = parsedate_to_datetime(headers.get("date", ""))
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, TypeError, OverflowError):
        return None


def whole_number(text: str | None) -> int | None:
    """A header's value as a number, None when it is none."""
    try:
        return int(str(text).strip()) if text is not None else None
    except ValueError:
        return None


def moment(epoch_s: int | None) -> datetime | None:
    """A Unix time as an aware datetime; None when it is missing or out of range."""
    try:
        return None if epoch_s is None else datetime.fromtimestamp(epoch_s, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def announced_limits(headers: Mapping[str, str]) -> RateState | None:
    """The window that `x-rate-limit-*` headers describe, None without them."""
    limit, remaining, reset = (whole_number(headers.get(f"x-rate-limit-{part}")) for part in _WINDOW)
    if limit is None and remaining is None and reset is None:
        return None
    return RateState(limit, remaining, moment(reset))


_WINDOW = ("limit", "remaining", "reset")


def _read_body(response: requests.Response, deadline: float) -> bytes:
    """Read piece by piece against the deadline: the read timeout alone lets a dripping server hold us for ever."""
    parts, size = [], 0
    while piece := response.raw.read1(_CHUNK, decode_content=True):
        parts.append(piece)
        size += len(piece)
        if size > MOST_BYTES:
            raise _TooSlow("the answer is larger than 32 MB")
        if time.monotonic() > deadline:
            raise _TooSlow("the answer did not end in time")
    response.raw.release_conn()
    return b"".join(parts)


def _why(error: BaseException) -> str:
    if isinstance(error, (requests.exceptions.Timeout, ConnectTimeoutError, urllib3.exceptions.ReadTimeoutError)):
        return "no answer in time"
    if isinstance(error, _TooSlow):
        return str(error)
    return "no connection" if never_left(error) else "the connection broke"


def _is_nearby(host: str) -> bool:
    """This machine, a private address, or a bare container name."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "." not in host or host.endswith(".localhost")
    return address.is_loopback or address.is_private


class _NoDebug(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno > logging.DEBUG


_no_debug = _NoDebug()


def _quieten_libraries() -> None:
    for name in _TALKATIVE:
        logging.getLogger(name).addFilter(_no_debug)
