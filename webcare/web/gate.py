"""Sends a browser without a valid session to the sign-in page, before Streamlit loads anything.

It also meets those who come back from the identity provider: what Streamlit's login left in the browser is turned into
a sign-in of ours and taken away, so that ending our sign-in is enough to end everything.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from webcare.errors import SignInRefused, WebcareError
from webcare.web.doorkeeper import Doorkeeper
from webcare.web.identity import Login
from webcare.web.pages import Telling, sign_in_page, trouble_page
from webcare.web.sessions import WANTED, forget_wanted, own_path, set_token, token_of, wanted_of
from webcare.web.words import Say, as_written, language_of

_OPEN = ("/sign-in", "/sign-out", "/new-password", "/healthz", "/oauth2callback")


class Gate:
    """Middleware that looks at page loads only; data travels over the websocket, where the script checks again."""

    def __init__(
        self, app: ASGIApp, *, doorkeeper: Doorkeeper, login: Login | None = None, say: Say = as_written
    ) -> None:
        self._app = app
        self._doorkeeper = doorkeeper
        self._login = login
        self._say = say

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let everything through that is not a page load by somebody unknown."""
        answer = await self._turn_away(Request(scope)) if _is_page_load(scope) else None
        await (answer or self._app)(scope, receive, send)

    async def _turn_away(self, request: Request) -> Response | None:
        claims = self._login.arrived(request.cookies) if self._login is not None else None
        try:
            if claims is not None:
                return await self._welcome(request, claims)
            found = await run_in_threadpool(self._doorkeeper.standing, token_of(request))
        except WebcareError as error:
            return trouble_page(str(error))
        if found is None:
            return self._to_sign_in(request)
        return RedirectResponse(f"/new-password{_next(request)}", 303) if found.must_change else None

    async def _welcome(self, request: Request, claims: Mapping[str, Any]) -> Response:
        """Make a sign-in of ours for somebody the provider sent back, or say why not; its cookies go either way."""
        keeper = self._doorkeeper
        response: Response
        try:
            token = await run_in_threadpool(keeper.let_in_known, claims, request.headers.get("user-agent", ""))
        except SignInRefused as refusal:
            tell = Telling(language_of(request), self._say, problem=refusal)
            response = sign_in_page(tell, brand=keeper.brand, oidc=keeper.oidc, wanted=wanted_of(request), status=403)
        else:
            response = RedirectResponse(wanted_of(request), 303)
            set_token(response, token, lasts=keeper.provider_lasts, secure=keeper.secure_cookie)
        forget_wanted(response)
        for name in self._login.leftovers(request.cookies) if self._login is not None else ():
            response.delete_cookie(name, path="/")
        return response

    def _to_sign_in(self, request: Request) -> Response:
        if WANTED in request.cookies and request.url.path == "/":
            # They went to the provider and came back without its word: refused there, given up, or too late.
            response = RedirectResponse("/sign-in?unfinished=1", 303)
            forget_wanted(response)
            return response
        return RedirectResponse(f"/sign-in{_next(request)}", 303)


def _next(request: Request) -> str:
    query = f"?{request.url.query}" if request.url.query else ""
    wanted = own_path(request.url.path + query)
    return "" if wanted == "/" else f"?next={quote(wanted, safe='')}"


def _is_page_load(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
        return False
    path: str = scope["path"]
    # Pages are one word; files have an extension, Streamlit's own addresses a second part.
    return path not in _OPEN and path.count("/") == 1 and "." not in path
