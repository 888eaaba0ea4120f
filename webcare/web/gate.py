"""Sends a browser without a valid session to the sign-in page, before Streamlit loads anything."""

from __future__ import annotations

from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from webcare.errors import WebcareError
from webcare.web.doorkeeper import Doorkeeper
from webcare.web.sessions import own_path, token_of
from webcare.web.sign_in import trouble_page

_OPEN = ("/sign-in", "/sign-out", "/healthz")


class Gate:
    """Middleware that looks at page loads only; data travels over the websocket, where the script checks again."""

    def __init__(self, app: ASGIApp, *, doorkeeper: Doorkeeper) -> None:
        self._app = app
        self._doorkeeper = doorkeeper

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let everything through that is not a page load by somebody unknown."""
        answer = await self._turn_away(Request(scope)) if _is_page_load(scope) else None
        await (answer or self._app)(scope, receive, send)

    async def _turn_away(self, request: Request) -> Response | None:
        try:
            known = await run_in_threadpool(self._doorkeeper.knows, token_of(request))
        except WebcareError as error:
            return trouble_page(str(error))
        if known:
            return None
        query = f"?{request.url.query}" if request.url.query else ""
        wanted = own_path(request.url.path + query)
        return RedirectResponse("/sign-in" if wanted == "/" else f"/sign-in?next={quote(wanted, safe='')}", 303)


def _is_page_load(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
        return False
    path: str = scope["path"]
    # Pages are one word; files have an extension, Streamlit's own addresses a second part.
    return path not in _OPEN and path.count("/") == 1 and "." not in path
