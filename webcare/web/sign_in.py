"""The sign-in page: plain HTML, no script, works before anything of Streamlit is loaded."""

from __future__ import annotations

from html import escape
from pathlib import Path
from string import Template
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from webcare.errors import SignInRefused, WebcareError
from webcare.web.doorkeeper import Doorkeeper
from webcare.web.headers import sha256_source
from webcare.web.sessions import clear_token, from_our_page, own_path, set_token, token_of

_HERE = Path(__file__).parent
_PAGE = Template((_HERE / "sign_in.html").read_text(encoding="utf-8"))
_STYLE = (_HERE / "sign_in.css").read_text(encoding="utf-8")
_POLICY = (
    f"default-src 'none'; style-src {sha256_source(_STYLE)}; img-src 'self' data:; font-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
#: A name and a password fit easily; more is not a sign-in form.
_MAX_FORM = 8_192
_FOREIGN_FORM = "This form was not sent from the sign-in page. Open the page again and try once more."
_SIGNED_OUT = "You are signed out."


class SignIn:
    """The three handlers around the session cookie."""

    def __init__(self, doorkeeper: Doorkeeper) -> None:
        self._doorkeeper = doorkeeper

    async def show(self, request: Request) -> Response:
        """GET /sign-in"""
        wanted = own_path(request.query_params.get("next", "/"))
        news = _SIGNED_OUT if "out" in request.query_params else ""
        return self._page(wanted, news=news)

    async def enter(self, request: Request) -> Response:
        """POST /sign-in"""
        if not from_our_page(request):
            return self._page("/", problem=_FOREIGN_FORM, status=403)
        form = await _form(request)
        wanted, username = own_path(form.get("next", "/")), form.get("username", "")
        try:
            token = await run_in_threadpool(self._doorkeeper.let_in, username, form.get("password", ""))
        except SignInRefused as refusal:
            return self._page(wanted, problem=str(refusal), username=username, status=401)
        except WebcareError as error:
            return trouble_page(str(error))
        response = RedirectResponse(wanted, 303)
        set_token(response, token, lasts=self._doorkeeper.lasts, secure=self._doorkeeper.secure_cookie)
        return response

    async def leave(self, request: Request) -> Response:
        """POST /sign-out"""
        if not from_our_page(request):
            return self._page("/", problem=_FOREIGN_FORM, status=403)
        try:
            await run_in_threadpool(self._doorkeeper.let_out, token_of(request))
        except WebcareError as error:
            return trouble_page(str(error))
        response = RedirectResponse("/sign-in?out=1", 303)
        clear_token(response, secure=self._doorkeeper.secure_cookie)
        return response

    def _page(
        self, wanted: str, *, problem: str = "", news: str = "", username: str = "", status: int = 200
    ) -> HTMLResponse:
        message = _message(problem, "alert") if problem else _message(news, "status")
        body = _PAGE.substitute(
            brand=escape(self._doorkeeper.brand),
            style=_STYLE,
            message=message,
            next=escape(wanted),
            username=escape(username[:100]),
        )
        return _html(body, status)


def trouble_page(sentence: str) -> HTMLResponse:
    """A page for a desk that cannot be used right now, in words."""
    body = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Webcare</title><style>{_STYLE}</style>'
        f"</head><body><main><h1>Webcare cannot be used right now</h1>{_message(sentence, 'alert')}"
        "<p>Your texts are kept. Reload this page in a moment; if it stays, tell your administrator.</p>"
        "</main></body></html>"
    )
    return _html(body, 503)


def _message(text: str, role: str) -> str:
    return f'<p class="{role}" role="{role}">{escape(text)}</p>' if text else ""


def _html(body: str, status: int) -> HTMLResponse:
    headers = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-store"}
    return HTMLResponse(body, status, headers)


async def _form(request: Request) -> dict[str, str]:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_FORM:
            return {}
    fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=10)
    return {name: values[0] for name, values in fields.items()}
