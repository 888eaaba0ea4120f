"""The server around the pages, asked over real HTTP: who gets in, who is turned away, and what every answer carries."""

import http.client
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
from filling import PASSWORD, token_for
from sqlmodel import select
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from tests.listening import listening
from webcare import console, people, web
from webcare.app import App
from webcare.domain import Role
from webcare.errors import SettingsError, SignInRefused
from webcare.people import MAX_FAILED_LOGINS
from webcare.settings import OidcSettings, load_settings
from webcare.store.tables import SignInRow
from webcare.testing import Desk
from webcare.web import pages, throttle
from webcare.web.identity import Once, identity

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
    with listening(served) as port:
        yield Server(port)


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


def test_a_password_somebody_else_set_is_changed_before_anything_else(server: Server, desk: Desk):
    given = people.reset_password(desk.store, desk.first.id or 0, by=desk.people[Role.ADMIN], now=datetime.now(UTC))
    token = token_in(server.sign_in(password=given))
    turned = server.ask("GET", "/case?case=12", cookie=token)
    assert (turned.status, turned.getheader("Location")) == (303, "/new-password?next=%2Fcase%3Fcase%3D12")
    form = server.ask("GET", turned.getheader("Location"), cookie=token).read().decode()
    assert 'value="/case?case=12"' in form
    assert 'autocomplete="new-password"' in form
    new = "zebra koffie trein"
    fields = {"old": given, "new": new, "again": new, "next": "/case?case=12"}
    for wrong, says in (
        ({"again": "other"}, "not the same"),
        ({"old": "wrong"}, "old password is not right"),
        ({"new": "welkom12345", "again": "welkom12345"}, "tried first"),
    ):
        refused = server.ask("POST", "/new-password", body=urlencode(fields | wrong), cookie=token)
        assert refused.status == 400
        assert says in refused.read().decode()
    done = server.ask("POST", "/new-password", body=urlencode(fields), cookie=token)
    assert (done.status, done.getheader("Location")) == (303, "/case?case=12")
    assert server.ask("GET", "/case?case=12", cookie=token).read() == b"the page"


def test_the_page_for_a_new_password_is_for_those_who_need_it(server: Server, desk: Desk):
    assert server.ask("GET", "/new-password").getheader("Location") == "/sign-in"
    token = token_for(desk, Role.FIRST_LINE)
    assert server.ask("GET", "/new-password?next=%2Fqueue", cookie=token).getheader("Location") == "/queue"
    foreign = server.ask(
        "POST", "/new-password", body="old=a&new=b&again=b", cookie=token, Origin="https://evil.example"
    )
    assert foreign.status == 403


def test_many_names_from_one_address_have_to_wait(server: Server, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(throttle, "MAX_FAILURES", 3)
    for name in ("ann", "ben", "cas"):
        assert server.sign_in(name, "wrong").status == 401
    told = server.sign_in()
    assert told.status == 429
    assert "from this address" in told.read().decode()


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "6.6.6.6", "9.9.9.9"),
        (1, "6.6.6.6, 1.2.3.4", "1.2.3.4"),
        (2, "6.6.6.6, 1.2.3.4, 5.6.7.8", "1.2.3.4"),
        (2, "1.2.3.4", "9.9.9.9"),
        (1, "nonsense", "9.9.9.9"),
        (1, "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
    ],
)
def test_nobody_makes_up_the_address_they_come_from(proxies: int, forwarded: str, address: str):
    scope = {"type": "http", "client": ("9.9.9.9", 1), "headers": [(b"x-forwarded-for", forwarded.encode())]}
    assert throttle.address_of(Request(scope), proxies=proxies) == address


def test_failures_from_an_address_are_forgotten_after_a_while(desk: Desk):
    brake = throttle.Throttle()
    for _ in range(throttle.MAX_FAILURES):
        brake.failed("1.2.3.4", desk.now)
    assert brake.is_full("1.2.3.4", desk.now)
    assert not brake.is_full("1.2.3.5", desk.now)
    assert not brake.is_full("1.2.3.4", desk.now + throttle.WITHIN)


def test_a_sign_in_remembers_the_browser_and_when_it_was_last_seen(server: Server, desk: Desk):
    form = urlencode({"username": "noor", "password": PASSWORD})
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    token = token_in(server.ask("POST", "/sign-in", body=form, User_Agent=agent))
    early = datetime.now(UTC) - timedelta(hours=1)
    with desk.store.write() as session:
        row = session.exec(select(SignInRow)).one()
        assert row.browser == "Firefox on Linux"
        row.created_at = early
        session.add(row)
    assert server.ask("GET", "/", cookie=token).status == 200
    with desk.store.read() as session:
        seen = session.exec(select(SignInRow.seen_at)).one()
    assert seen is not None
    assert seen > early


def test_the_pages_before_the_desk_speak_the_browsers_language(app: App):
    said: list[tuple[str, str]] = []
    tell = pages.Telling("nl-NL", lambda message, language: said.append((message, language)) or f"<{message}>")
    page = pages.sign_in_page(tell, brand="Hemlund", oidc=app.settings.oidc, wanted="/").body.decode()
    assert 'lang="nl"' in page
    assert "&lt;User name&gt;" in page
    assert ("Password", "nl-NL") in said
    assert console.in_language("Password", "xx") == "Password"


def only_the_provider(app: App) -> OidcSettings:
    return app.settings.oidc.model_copy(update={"issuer": "https://id.example", "name": "<Brand>", "only": True})


def test_a_desk_without_passwords_of_its_own_takes_none(server: Server, app: App):
    app.settings = app.settings.model_copy(update={"oidc": only_the_provider(app)})
    page = server.ask("GET", "/sign-in?next=%2Fcase").read().decode()
    assert "password" not in page.lower()
    assert 'href="/sign-in/provider?next=%2Fcase"' in page
    assert "Sign in with &lt;Brand&gt;" in page
    refused = server.sign_in()
    assert refused.status == 403
    assert refused.getheader("Set-Cookie") is None


CLAIMS = {"iss": "https://id.example/", "sub": "7", "name": "Kai", "is_logged_in": True}


@pytest.mark.parametrize(
    ("claims", "groups"),
    [
        ({"groups": ["a", 3]}, {"a"}),
        ({"groups": "a"}, {"a"}),
        ({"groups": None}, set()),
        ({}, set()),
        ({"realm": {"roles": ["b"]}}, set()),
    ],
)
def test_groups_are_read_strictly(app: App, claims: dict[str, object], groups: set[str]):
    assert identity(CLAIMS | claims, only_the_provider(app)).groups == groups
    inside = only_the_provider(app).model_copy(update={"groups_claim": "realm.roles"})
    assert identity(CLAIMS | claims, inside).groups == ({"b"} if "realm" in claims else set())


@pytest.mark.parametrize("wrong", [{"iss": "https://other.example"}, {"sub": ""}, {"sub": 7}])
def test_the_word_of_another_provider_or_of_nobody_opens_nothing(app: App, wrong: dict[str, object]):
    with pytest.raises(SignInRefused):
        identity(CLAIMS | wrong, only_the_provider(app))


def test_a_word_of_the_provider_counts_once_and_only_while_it_is_fresh(desk: Desk):
    once, now = Once(), desk.now
    claims = CLAIMS | {"iat": now.timestamp(), "nonce": "n"}
    once.take(claims, now)
    for again in (claims, CLAIMS | {"iat": now.timestamp() - 3600}, CLAIMS | {"iat": "soon"}, CLAIMS):
        with pytest.raises(SignInRefused):
            once.take(again, now)
    once.take(claims | {"nonce": "m"}, now)


def test_a_provider_without_its_secret_ends_the_start_with_one_sentence(app: App):
    app.settings = app.settings.model_copy(update={"oidc": only_the_provider(app)})
    with pytest.raises(SystemExit, match="WEBCARE_SECRET_OIDC_CLIENT_SECRET"):
        console.login_of(app)


@pytest.mark.parametrize(
    ("env", "says"),
    [
        ({"WEBCARE_OIDC__ISSUER": "https://id.example"}, "client_id, address, roles"),
        ({"WEBCARE_OIDC__ONLY": "true"}, "nobody in"),
        ({"WEBCARE_OIDC__ROLES__X": "system"}, "jobs"),
        ({"WEBCARE_OIDC__ROLES__X": "boss"}, "oidc.roles"),
    ],
)
def test_a_provider_that_is_half_described_is_told(env: dict[str, str], says: str):
    with pytest.raises(SettingsError, match=says):
        load_settings(env=env)
