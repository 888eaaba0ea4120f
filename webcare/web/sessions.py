"""The session cookie, and the checks that a form was sent by our own page."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import quote, unquote, urlsplit

from starlette.requests import HTTPConnection
from starlette.responses import Response

#: Holds the random token of `people.sign_in`; page scripts cannot read it (HttpOnly).
COOKIE = "webcare_session"
#: Where a browser on its way to the identity provider wanted to go.
WANTED = "webcare_wanted"
_WANTED_FOR = timedelta(minutes=10)
#: Longer values are not ours; they are not even looked up.
_MAX_TOKEN = 128
# Only our own page paths: one slash, no second one, no scheme, no backslash.
_OWN_PATH = re.compile(r"/[a-z-]{0,40}(\?[A-Za-z0-9=&_%.+-]{0,300})?")


def token_of(connection: HTTPConnection) -> str:
    """The session token a request carries; empty when there is none."""
    token = connection.cookies.get(COOKIE, "")
    return token if len(token) <= _MAX_TOKEN else ""


def set_token(response: Response, token: str, *, lasts: timedelta, secure: bool) -> None:
    """Give the browser its token."""
    response.set_cookie(
        COOKIE, token, max_age=int(lasts.total_seconds()), path="/", httponly=True, samesite="lax", secure=secure
    )


def clear_token(response: Response, *, secure: bool) -> None:
    """Take the token back."""
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax", secure=secure)


def keep_wanted(response: Response, wanted: str, *, secure: bool) -> None:
    """Let a browser remember which page it wanted while it is at the identity provider."""
    age = int(_WANTED_FOR.total_seconds())
    response.set_cookie(
        WANTED, quote(wanted, safe=""), max_age=age, path="/", httponly=True, samesite="lax", secure=secure
    )


def wanted_of(connection: HTTPConnection) -> str:
    """The page a browser wanted before it went to the identity provider; the start page when it did not say."""
    return own_path(unquote(connection.cookies.get(WANTED, "")))


def forget_wanted(response: Response) -> None:
    """The browser is back."""
    response.delete_cookie(WANTED, path="/", httponly=True, samesite="lax")


def from_our_page(connection: HTTPConnection) -> bool:
    """Whether a form was sent by a page of this server and not by another site.

    Browsers send `Sec-Fetch-Site` or `Origin` with every form; a request with neither is refused.
    """
    site = connection.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = connection.headers.get("origin", "")
    return bool(urlsplit(origin).netloc) and urlsplit(origin).netloc == connection.headers.get("host", "")


def own_path(wanted: str) -> str:
    """Where to go after signing in: one of our own pages, or the start page for anything else."""
    return wanted if _OWN_PATH.fullmatch(wanted) else "/"
