"""Signing in and out over plain HTTP: with a password, through the identity provider, and choosing a new password."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from webcare.domain import N_
from webcare.errors import SignInRefused, WebcareError
from webcare.web.doorkeeper import Doorkeeper
from webcare.web.identity import Login
from webcare.web.pages import Telling, new_password_page, sign_in_page, trouble_page
from webcare.web.sessions import (
    clear_token,
    from_our_page,
    keep_wanted,
    own_path,
    set_token,
    token_of,
)
from webcare.web.throttle import Throttle, address_of
from webcare.web.words import Say, as_written, language_of

#: A name and a password fit easily; more is not a sign-in form.
_MAX_FORM = 8_192
_FOREIGN_FORM = N_("This form was not sent from the sign-in page. Open the page again and try once more.")
_SIGNED_OUT = N_("You are signed out.")
_UNFINISHED = N_("The sign-in was not finished. Try it once more.")
_TOO_MANY = N_("Too many wrong passwords came from this address; wait a few minutes and try again.")
_NO_PASSWORDS = N_("This desk has no passwords of its own; sign in with your organisation.")
_NOT_THE_SAME = N_("The two new passwords are not the same.")


class SignIn:
    """The handlers around the session cookie."""

    def __init__(self, doorkeeper: Doorkeeper, *, login: Login | None = None, say: Say = as_written) -> None:
        self._doorkeeper = doorkeeper
        self._login = login
        self._say = say
        self._throttle = Throttle()

    async def show(self, request: Request) -> Response:
        """GET /sign-in"""
        wanted = own_path(request.query_params.get("next", "/"))
        news = _SIGNED_OUT if "out" in request.query_params else ""
        problem = _UNFINISHED if "unfinished" in request.query_params else ""
        return self._page(request, wanted, news=news, problem=problem)

    async def enter(self, request: Request) -> Response:
        """POST /sign-in"""
        if refused := self._refused(request):
            return refused
        form = await _form(request)
        wanted, username = own_path(form.get("next", "/")), form.get("username", "")
        now, address = datetime.now(UTC), address_of(request, proxies=self._doorkeeper.proxies)
        if self._throttle.is_full(address, now):
            return self._page(request, wanted, problem=_TOO_MANY, username=username, status=429)
        browser = request.headers.get("user-agent", "")
        try:
            token = await run_in_threadpool(self._doorkeeper.let_in, username, form.get("password", ""), browser)
        except SignInRefused as refusal:
            self._throttle.failed(address, now)
            return self._page(request, wanted, problem=refusal, username=username, status=401)
        except WebcareError as error:
            return trouble_page(str(error))
        response = RedirectResponse(wanted, 303)
        set_token(response, token, lasts=self._doorkeeper.lasts, secure=self._doorkeeper.secure_cookie)
        return response

    async def go(self, request: Request) -> Response:
        """GET /sign-in/provider"""
        if self._login is None:
            return RedirectResponse("/sign-in", 303)
        response = RedirectResponse(self._login.address(), 303, {"Cache-Control": "no-store"})
        wanted = own_path(request.query_params.get("next", "/"))
        keep_wanted(response, wanted, secure=self._doorkeeper.secure_cookie)
        return response

    async def leave(self, request: Request) -> Response:
        """POST /sign-out"""
        if not from_our_page(request):
            return self._page(request, "/", problem=_FOREIGN_FORM, status=403)
        try:
            await run_in_threadpool(self._doorkeeper.let_out, token_of(request))
        except WebcareError as error:
            return trouble_page(str(error))
        response = RedirectResponse("/sign-in?out=1", 303)
        clear_token(response, secure=self._doorkeeper.secure_cookie)
        return response

    async def show_new_password(self, request: Request) -> Response:
        """GET /new-password"""
        return await self._new_password(request, own_path(request.query_params.get("next", "/")))

    async def take_new_password(self, request: Request) -> Response:
        """POST /new-password"""
        if not from_our_page(request):
            return self._page(request, "/", problem=_FOREIGN_FORM, status=403)
        form = await _form(request)
        wanted, old, new = own_path(form.get("next", "/")), form.get("old", ""), form.get("new", "")
        if new != form.get("again", ""):
            return await self._new_password(request, wanted, _NOT_THE_SAME, 400)
        try:
            await run_in_threadpool(self._doorkeeper.change_password, token_of(request), old, new)
        except WebcareError as error:
            return await self._new_password(request, wanted, error, 400)
        return RedirectResponse(wanted, 303)

    def _refused(self, request: Request) -> Response | None:
        if not from_our_page(request):
            return self._page(request, "/", problem=_FOREIGN_FORM, status=403)
        if self._doorkeeper.oidc.only:
            return self._page(request, "/", problem=_NO_PASSWORDS, status=403)
        return None

    async def _new_password(
        self, request: Request, wanted: str, problem: str | WebcareError = "", status: int = 200
    ) -> Response:
        try:
            found = await run_in_threadpool(self._doorkeeper.standing, token_of(request))
        except WebcareError as error:
            return trouble_page(str(error))
        if found is None:
            return RedirectResponse("/sign-in", 303)
        if not found.must_change:
            return RedirectResponse(wanted, 303)
        tell = Telling(language_of(request), self._say, problem=problem)
        return new_password_page(tell, name=found.actor.name, username=found.username, wanted=wanted, status=status)

    def _page(
        self,
        request: Request,
        wanted: str,
        *,
        problem: str | WebcareError = "",
        news: str = "",
        username: str = "",
        status: int = 200,
    ) -> Response:
        tell = Telling(language_of(request), self._say, problem=problem, news=news)
        keeper = self._doorkeeper
        return sign_in_page(tell, brand=keeper.brand, oidc=keeper.oidc, wanted=wanted, username=username, status=status)


async def _form(request: Request) -> dict[str, str]:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_FORM:
            return {}
    fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=10)
    return {name: values[0] for name, values in fields.items()}
