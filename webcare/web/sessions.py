"""The session cookie, and the checks that a form was sent by our own page."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection
from starlette.responses import Response

#: Holds the random token of `people.sign_in`; page scripts cannot read it (HttpOnly).
COOKIE = "webcare_session"
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
