"""The server around the pages, asked over real HTTP: who gets in, who is turned away, and what every answer carries."""

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

import pytest
import uvicorn
from filling import PASSWORD, token_for
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from webcare import console, web
from webcare.app import App
from webcare.domain import Role
from webcare.people import MAX_FAILED_LOGINS
from webcare.testing import Desk

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True)
class Server:
    """A console server with one page behind the gate."""

    port: int

    def ask(
        self, method: str, path: str, *, body: str = "", cookie: str = "", **headers: str
    ) -> http.client.HTTPResponse:
        """One request; a form comes from our own page unless the headers say otherwise."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        sent = {"Origin": f"http://127.0.0.1:{self.port}", **FORM} if method == "POST" else {}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        sent |= {"Cookie": f"{web.COOKIE}={cookie}"} if cookie else {}
        connection.request(method, path, body or None, {name: value for name, value in sent.items() if value})
        return connection.getresponse()

    def sign_in(self, username: str = "noor", password: str = PASSWORD, next: str = "/") -> http.client.HTTPResponse:
        """Send the form."""
        return self.ask("POST", "/sign-in", body=urlencode({"username": username, "password": password, "next": next}))


@pytest.fixture
def server(app: App) -> Iterator[Server]:
    async def page(request: object) -> PlainTextResponse:
        return PlainTextResponse("the page")

    names = ("/", "/case", "/_stcore/health", "/static/app.js")
    served = Starlette(
        routes=[*web.routes(app), *(Route(name, page) for name in names)],
        middleware=web.middleware(app, index=console.INDEX),
    )
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        running = uvicorn.Server(uvicorn.Config(served, log_level="warning", lifespan="off"))
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            while not running.started:
                time.sleep(0.01)
            yield Server(listener.getsockname()[1])
        finally:
            running.should_exit = True
            thread.join()


def token_in(response: http.client.HTTPResponse) -> str:
    cookie = response.getheader("Set-Cookie", "")
    return cookie.split(";")[0].removeprefix(f"{web.COOKIE}=")


def test_a_stranger_is_sent_to_sign_in_and_comes_back_to_the_page_asked_for(server: Server):
    turned_away = server.ask("GET", "/case?case=12")
    assert turned_away.status == 303
    assert turned_away.getheader("Location") == "/sign-in?next=%2Fcase%3Fcase%3D12"
    form = server.ask("GET", turned_away.getheader("Location")).read().decode()
    assert 'name="next" value="/case?case=12"' in form
    back = server.sign_in(next="/case?case=12")
    assert (back.status, back.getheader("Location")) == (303, "/case?case=12")
    assert server.ask("GET", "/case?case=12", cookie=token_in(back)).read() == b"the page"


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(server: Server):
    cookie = server.sign_in().getheader("Set-Cookie", "")
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/" in cookie
    assert "Secure" not in cookie  # the setting is off here: plain HTTP on loopback


def test_the_cookie_goes_over_https_only_where_the_setting_says_so(server: Server, app: App):
    app.settings = app.settings.model_copy(
        update={"console": app.settings.console.model_copy(update={"secure_cookie": True})}
    )
    assert "Secure" in server.sign_in().getheader("Set-Cookie", "")


@pytest.mark.parametrize(("username", "password"), [("noor", "wrong"), ("nobody", PASSWORD), ("", "")])
def test_a_wrong_name_or_password_is_told_in_the_same_words(server: Server, username: str, password: str):
    refused = server.sign_in(username, password)
    page = refused.read().decode()
    assert refused.status == 401
    assert "The user name or the password is not right." in page
    assert password == "" or password not in page
    assert refused.getheader("Set-Cookie") is None


def test_a_name_typed_wrongly_comes_back_escaped(server: Server):
    page = server.sign_in('"><script>alert(1)</script>', "x").read().decode()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_too_many_wrong_passwords_lock_the_account_and_say_so(server: Server):
    for _ in range(MAX_FAILED_LOGINS):
        server.sign_in(password="wrong")
    locked = server.sign_in()
    assert locked.status == 401
    assert "locked for a few minutes" in locked.read().decode()


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
)
@pytest.mark.parametrize("path", ["/sign-in", "/sign-out"])
def test_a_form_of_another_site_is_refused(server: Server, desk: Desk, path: str, headers: dict[str, str]):
    token = token_for(desk, Role.FIRST_LINE)
    body = urlencode({"username": "noor", "password": PASSWORD})
    refused = server.ask("POST", path, body=body, cookie=token, **headers)
    assert refused.status == 403
    assert refused.getheader("Set-Cookie") is None
    assert server.ask("GET", "/", cookie=token).status == 200


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:x", "/a/b"]
)
def test_signing_in_never_leads_to_another_site(server: Server, elsewhere: str):
    assert server.sign_in(next=elsewhere).getheader("Location") == "/"


def test_signing_out_ends_the_session_for_every_copy_of_the_cookie(server: Server, desk: Desk):
    token = token_for(desk, Role.FIRST_LINE)
    out = server.ask("POST", "/sign-out", cookie=token)
    assert out.getheader("Location") == "/sign-in?out=1"
    assert 'webcare_session=""' in out.getheader("Set-Cookie", "")
    assert server.ask("GET", "/", cookie=token).status == 303
    assert "You are signed out." in server.ask("GET", "/sign-in?out=1").read().decode()


def test_a_form_of_any_size_is_not_read(server: Server):
    assert server.ask("POST", "/sign-in", body="username=" + "a" * 100_000).status == 401


def test_only_page_loads_are_held_at_the_gate(server: Server):
    assert server.ask("GET", "/_stcore/health").status == 200
    assert server.ask("GET", "/static/app.js").status == 200
    assert server.ask("GET", "/").status == 303


@pytest.mark.parametrize("path", ["/sign-in", "/static/app.js", "/healthz", "/"])
def test_every_answer_carries_the_security_headers(server: Server, path: str):
    answer = server.ask("GET", path)
    policy = answer.getheader("Content-Security-Policy", "")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-eval" not in policy
    assert "script-src 'unsafe-inline'" not in policy
    assert answer.getheader("X-Content-Type-Options") == "nosniff"
    assert answer.getheader("Referrer-Policy") == "same-origin"
    assert answer.getheader("X-Frame-Options") == "DENY"


def test_health_says_ok_and_says_trouble_without_details(server: Server, app: App, desk: Desk):
    assert json.loads(server.ask("GET", "/healthz").read()) == {"status": "ok"}
    app.store.dispose()
    assert app.store.path is not None
    app.store.path.rename(app.store.path.with_suffix(".away"))
    sick = server.ask("GET", "/healthz")
    assert sick.status == 503
    assert set(json.loads(sick.read())) == {"status", "reason"}


def test_a_desk_without_its_database_says_so_in_words_instead_of_letting_anybody_in(
    server: Server, app: App, desk: Desk
):
    token = token_for(desk, Role.FIRST_LINE)
    app.store.dispose()
    assert app.store.path is not None
    app.store.path.rename(app.store.path.with_suffix(".away"))
    page = server.ask("GET", "/", cookie=token)
    assert page.status == 503
    assert "Webcare cannot be used right now" in page.read().decode()
    assert server.sign_in().status == 503
