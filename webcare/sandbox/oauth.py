"""Checking that a request to the X API is signed by an account: OAuth 1.0a (RFC 5849) or a bearer token.

A client that was redirected here at transport level signs the address it meant to call, so the signature is
checked over `https://api.twitter.com` (or `https://api.x.com`) plus the path, never over our own address.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import time
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Literal
from urllib.parse import parse_qsl, quote, unquote

from webcare.sandbox.values import BrandAccount

HOSTS = ("https://api.twitter.com", "https://api.x.com")
#: How far the client's clock may be off, in seconds.
CLOCK_SLACK_S = 300
_PAIR = re.compile(r'([A-Za-z0-9_]+)="([^"]*)"')
Kind = Literal["user", "app"]


class Refused(Exception):
    """The request is not signed by anybody we know."""


class Nonces:
    """The nonces lately seen; a second use is a replay."""

    def __init__(self, keep: int = 20_000) -> None:
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._keep = keep

    def use(self, nonce: str) -> bool:
        """Remember `nonce`; False if it was used before."""
        if nonce in self._seen:
            return False
        self._seen[nonce] = None
        if len(self._seen) > self._keep:
            self._seen.popitem(last=False)
        return True


def identify(
    header: str,
    *,
    method: str,
    path: str,
    query: str,
    form: str,
    accounts: Iterable[BrandAccount],
    nonces: Nonces,
    own: Sequence[str] = (),
) -> tuple[BrandAccount, Kind]:
    """Who signed this request, and whether as a user or as an app. Raises Refused.

    `path` is the path of the real API ("/2/tweets"), `query` the raw query string, `form` a form-encoded body; `own`
    are addresses of ours that may stand before the path, for clients that were told to call us.
    """
    scheme, _, rest = header.partition(" ")
    if scheme.lower() == "bearer":
        return _by_bearer(rest.strip(), list(accounts))
    if scheme.lower() != "oauth":
        raise Refused("no credentials")
    oauth = {name: unquote(value) for name, value in _PAIR.findall(rest)}
    account = _by_token(oauth, accounts)
    if abs(time.time() - _number(oauth.get("oauth_timestamp", ""))) > CLOCK_SLACK_S:
        raise Refused("timestamp out of bounds")
    signature = oauth.pop("oauth_signature", "")
    pairs = [*oauth.items(), *parse_qsl(query, keep_blank_values=True), *parse_qsl(form, keep_blank_values=True)]
    expected = (sign(method, host + path, pairs, account.secrets) for host in (*HOSTS, *own))
    if not any(hmac.compare_digest(signature.encode(), one.encode()) for one in expected):
        raise Refused("signature does not match")
    if not nonces.use(f"{oauth.get('oauth_token')} {oauth.get('oauth_nonce')}"):
        raise Refused("nonce used before")
    return account, "user"


def sign(method: str, url: str, pairs: Sequence[tuple[str, str]], secrets: dict[str, str]) -> str:
    """The HMAC-SHA1 signature of a request, as RFC 5849 section 3.4 builds it."""
    encoded = sorted((_encoded(name), _encoded(value)) for name, value in pairs)
    joined = "&".join(f"{name}={value}" for name, value in encoded)
    base = "&".join((method.upper(), _encoded(url), _encoded(joined)))
    key = f"{_encoded(secrets['api_secret'])}&{_encoded(secrets['access_token_secret'])}"
    return base64.b64encode(hmac.new(key.encode(), base.encode(), hashlib.sha1).digest()).decode()


def _encoded(text: str) -> str:
    return quote(text, safe="-._~")


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0


def user_token(account: BrandAccount) -> str:
    """The OAuth 2.0 token of an account, with which a client acts as its user."""
    return "sbx-user-" + hashlib.sha256(f"webcare sandbox user token {account.key}".encode()).hexdigest()[:40]


def _by_bearer(token: str, accounts: Sequence[BrandAccount]) -> tuple[BrandAccount, Kind]:
    for account in accounts:
        known = account.secrets.get("bearer_token", "")
        if known and hmac.compare_digest(token.encode(), known.encode()):
            return account, "app"
        if hmac.compare_digest(token.encode(), user_token(account).encode()):
            return account, "user"
    raise Refused("unknown bearer token")


def _by_token(oauth: dict[str, str], accounts: Iterable[BrandAccount]) -> BrandAccount:
    for account in accounts:
        known = account.secrets
        if oauth.get("oauth_token") == known.get("access_token") and oauth.get("oauth_consumer_key") == known.get(
            "api_key"
        ):
            return account
    raise Refused("unknown token or key")
