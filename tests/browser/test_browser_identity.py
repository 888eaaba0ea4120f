"""Signing in through an identity provider, in real Chromium, against one that runs on loopback."""

import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from joserfc.jwk import RSAKey
from sqlmodel import select

from tests.browser.conftest import Watched, serving, type_and_enter, watch
from tests.console.filling import PASSWORD, small_desk
from tests.identity_provider import CLIENT, SECRET, Provider, identity_provider
from webcare import people
from webcare.domain import Role
from webcare.store import open_store
from webcare.store.tables import AgentRow, SignInRow
from webcare.testing import Desk

pytestmark = pytest.mark.browser

KAI = {"sub": "kai-1", "name": "Kai Berg", "preferred_username": "kai", "email": "kai@example.org"}


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with identity_provider() as running:
        yield running


@pytest.fixture(scope="module")
def desk(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    path = tmp_path_factory.mktemp("identity") / "desk.db"
    shutil.copyfile(sqlite_template, path)
    store = open_store(f"sqlite:///{path}")
    yield small_desk(store)
    store.dispose()


@pytest.fixture(scope="module")
def base(desk: Desk, provider: Provider) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {
        "WEBCARE_SECRET_OIDC_CLIENT_SECRET": SECRET,
        "WEBCARE_OIDC__ISSUER": provider.address,
        "WEBCARE_OIDC__NAME": "Hemlund",
        "WEBCARE_OIDC__CLIENT_ID": CLIENT,
        "WEBCARE_OIDC__ADDRESS": f"http://127.0.0.1:{port}",
        "WEBCARE_OIDC__ROLES__LEADS": "team_lead",
        "WEBCARE_OIDC__ROLES__CARE": "first_line",
    }
    with serving(desk, port, settings) as address:
        yield address


@pytest.fixture
def arrive(open_browser: Callable[..., Watched], provider: Provider) -> Callable[..., Watched]:
    """A browser that signs in through the provider as somebody: `arrive({"sub": ...}, "/case?case=3")`."""

    def go(person: dict[str, object] | None, path: str = "/", watched: Watched | None = None) -> Watched:
        provider.person = person
        watched = watched or open_browser()
        watched.page.goto(watched.base + path)
        watched.page.get_by_role("link", name="Sign in with Hemlund").click()
        return watched

    return go


def row_of(desk: Desk, subject: str) -> AgentRow:
    with desk.store.read() as session:
        return session.exec(select(AgentRow).where(AgentRow.subject.endswith(f" {subject}"))).one()  # type: ignore[attr-defined]


def test_somebody_of_the_organisation_comes_in_with_their_groups_role(
    arrive: Callable[..., Watched], desk: Desk, provider: Provider
):
    case = desk.open_case("A matter for Kai")
    watched = arrive({**KAI, "groups": ["care"]}, f"/case?case={case.id}")
    watched.page.wait_for_selector(".wc-thread:has-text('A matter for Kai')")
    watched.page.wait_for_selector(".wc-me:has-text('Kai Berg')")
    assert "First line" in watched.page.locator(".wc-me").inner_text()
    asked = provider.asked[-1]
    assert asked["code_challenge_method"] == "S256"
    assert asked["scope"].split() == ["openid", "email", "profile"]
    cookies = {cookie["name"]: cookie for cookie in watched.page.context.cookies()}
    assert [name for name in cookies if name.startswith("_streamlit_user")] == []
    assert cookies["webcare_session"]["httpOnly"]
    watched.page.reload()
    watched.page.wait_for_selector(".wc-me:has-text('Kai Berg')")
    with desk.store.read() as session:
        found = session.exec(select(SignInRow).where(SignInRow.agent_id == row_of(desk, "kai-1").id)).all()
    assert {row.method for row in found} == {"oidc"}
    assert watched.errors == []


def test_the_role_follows_the_groups_and_what_was_opened_with_the_old_one_ends(
    arrive: Callable[..., Watched], desk: Desk
):
    case = desk.open_case("Promoted meanwhile")
    first = arrive({**KAI, "sub": "kai-2", "groups": ["care"]}, f"/case?case={case.id}")
    first.page.wait_for_selector(".wc-thread")
    second = arrive({**KAI, "sub": "kai-2", "groups": ["leads", "care"]})
    second.page.wait_for_selector(".wc-me:has-text('Team lead')")
    first.page.get_by_role("button", name="Take this case").click()
    first.page.wait_for_selector("text=You are signed out.")
    assert desk.events(case.id) == ["opened"]


def test_without_a_group_nobody_comes_in_and_is_told_why(arrive: Callable[..., Watched], desk: Desk):
    inside = arrive({**KAI, "sub": "kai-3", "groups": ["care"]})
    inside.page.wait_for_selector(".wc-me")
    outside = arrive({**KAI, "sub": "kai-3", "groups": []})
    outside.page.wait_for_selector("text=none of your groups works at this desk")
    assert [cookie["name"] for cookie in outside.page.context.cookies() if "user" in cookie["name"]] == []
    inside.page.reload()
    inside.page.wait_for_selector("text=Sign in with Hemlund")


def test_a_closed_account_is_out_at_once_and_stays_out(arrive: Callable[..., Watched], desk: Desk):
    watched = arrive({**KAI, "sub": "kai-4", "groups": ["care"]})
    watched.page.wait_for_selector(".wc-me")
    with desk.store.write() as session:
        people.close_person(session, row_of(desk, "kai-4").id or 0, by=desk.people[Role.ADMIN], now=desk.now)
    watched.page.reload()
    again = arrive({**KAI, "sub": "kai-4", "groups": ["care"]}, watched=watched)
    again.page.wait_for_selector("text=Your account at this desk is closed.")


def test_whoever_cancels_at_the_provider_is_told_and_may_try_again(arrive: Callable[..., Watched]):
    watched = arrive(None)
    watched.page.wait_for_selector("text=The sign-in was not finished. Try it once more.")
    watched.page.wait_for_selector("text=Sign in with Hemlund")


def test_a_word_signed_by_another_key_opens_nothing(arrive: Callable[..., Watched], provider: Provider, desk: Desk):
    provider.signing = RSAKey.generate_key(2048, parameters={"kid": "k1"})
    try:
        watched = arrive({**KAI, "sub": "forged", "groups": ["leads"]})
        watched.page.wait_for_selector("text=The sign-in was not finished.")
    finally:
        provider.signing = None
    with desk.store.read() as session:
        assert [one for one in session.exec(select(AgentRow.subject)) if one.endswith("forged")] == []


def test_both_ways_stand_side_by_side(open_browser: Callable[..., Watched], base: str):
    watched = open_browser()
    watched.page.goto(base)
    assert watched.page.get_by_role("link", name="Sign in with Hemlund").is_visible()
    type_and_enter(watched, "noor", PASSWORD)
    watched.page.wait_for_selector(".wc-me:has-text('Noor Smeets')")


def test_signing_out_ends_every_tab_of_somebody_of_the_organisation(arrive: Callable[..., Watched], desk: Desk):
    watched = arrive({**KAI, "sub": "kai-5", "groups": ["care"]})
    watched.page.wait_for_selector(".wc-me")
    other = watch(watched.page.context.new_page(), watched.base)
    other.page.goto(watched.base)
    other.page.wait_for_selector(".wc-me")
    watched.page.click("text=Sign out")
    watched.page.wait_for_selector("text=You are signed out.")
    other.page.reload()
    other.page.wait_for_selector("text=Sign in with Hemlund")


def test_a_copy_of_what_the_provider_left_is_no_second_key(
    arrive: Callable[..., Watched], open_browser: Callable[..., Watched]
):
    kept: list[dict[str, object]] = []
    watched = open_browser()
    # What Streamlit's login hands the browser, caught on its way.
    watched.page.on("response", lambda answer: kept.extend(_handed(answer, watched.base)))
    arrive({**KAI, "sub": "kai-6", "groups": ["care"]}, watched=watched)
    watched.page.wait_for_selector(".wc-me")
    assert any(cookie["name"] == "_streamlit_user" for cookie in kept)
    thief = open_browser()
    thief.page.context.add_cookies(kept)  # type: ignore[arg-type]
    thief.page.goto(thief.base)
    thief.page.wait_for_selector("text=The sign-in was not finished.")


def _handed(answer: object, base: str) -> list[dict[str, object]]:
    if "/oauth2callback" not in answer.url:  # type: ignore[attr-defined]
        return []
    lines = [header["value"] for header in answer.headers_array() if header["name"].lower() == "set-cookie"]  # type: ignore[attr-defined]
    pairs = [line.partition(";")[0].partition("=") for line in lines]
    return [{"name": name, "value": value.strip('"'), "url": base} for name, _, value in pairs if value.strip('"')]
