"""One's own account and other people's, as browsers see them: what ends where, and when."""

import re
from collections.abc import Callable

import pytest
from sqlmodel import select

from tests.browser.conftest import Watched, eventually, type_and_enter
from tests.console.filling import PASSWORD
from webcare import people
from webcare.domain import Role
from webcare.people import NewPerson
from webcare.store.tables import AgentRow
from webcare.testing import Desk

pytestmark = pytest.mark.browser

NEW = "zebra koffie trein"


@pytest.fixture
def somebody(desk: Desk) -> Callable[[str], int]:
    """Adds a first-line colleague with everybody's password, so that tests do not end each other's sign-ins."""

    def add(username: str) -> int:
        new = NewPerson(username, username.title(), Role.FIRST_LINE)
        made, _ = people.add_person(desk.store, new, by=desk.people[Role.ADMIN], now=desk.now)
        with desk.store.write() as session:
            row = session.get_one(AgentRow, made)
            known = session.exec(select(AgentRow).where(AgentRow.username == "noor")).one()
            row.password_hash, row.must_change = known.password_hash, False
            session.add(row)
        return made

    return add


def test_a_sign_in_ended_elsewhere_is_told_calmly_and_what_was_typed_is_there(
    signed_in: Callable[..., Watched], desk: Desk, somebody: Callable[[str], int]
):
    agent = somebody("ada")
    case = desk.open_case("Ended from elsewhere")
    page = signed_in("ada", f"/case?case={case.id}").page
    box = page.locator(f".st-key-reply_{case.id} textarea")
    box.wait_for()
    with desk.store.write() as session:
        people.sign_out_everywhere(session, agent, by=desk.people[Role.ADMIN], now=desk.now)
    box.fill("These words came a moment too late.")
    page.wait_for_selector("text=You are signed out.")
    page.wait_for_selector("text=These words came a moment too late.")
    assert desk.events(case.id) == ["opened"]
    page.get_by_role("link", name="Sign in again").click()
    page.wait_for_selector("#username")


def test_a_new_password_ends_the_other_browser_and_keeps_this_one(
    signed_in: Callable[..., Watched], somebody: Callable[[str], int]
):
    somebody("bo")
    here, there = signed_in("bo", "/account").page, signed_in("bo").page
    here.get_by_label("Old password").fill(PASSWORD)
    here.get_by_label("New password", exact=True).fill(NEW)
    here.get_by_label("New password, once more").fill(NEW)
    here.get_by_role("button", name="Change my password").click()
    here.wait_for_selector("text=Your password is changed.")
    here.reload()
    here.wait_for_selector(".wc-me:has-text('Bo')")
    there.reload()
    there.wait_for_selector("#username")


def test_another_browser_is_signed_out_from_my_account(
    signed_in: Callable[..., Watched], somebody: Callable[[str], int]
):
    somebody("cy")
    there, here = signed_in("cy").page, signed_in("cy", "/account").page
    here.wait_for_selector("text=Chrome on Linux")
    here.get_by_role("button", name="Sign out there").click()
    here.wait_for_selector("text=That browser is signed out.")
    there.reload()
    there.wait_for_selector("#username")
    here.reload()
    here.wait_for_selector(".wc-me:has-text('Cy')")


def test_somebody_added_in_the_browser_chooses_a_password_before_anything_else(
    signed_in: Callable[..., Watched], open_browser: Callable[..., Watched], base: str
):
    admin = signed_in("jonas", "/people")
    admin.page.get_by_text("Add somebody").click()
    admin.page.get_by_label("User name").fill("dee")
    admin.page.get_by_label("Name", exact=True).fill("Dee Dekker")
    admin.page.get_by_role("button", name="Add", exact=True).click()
    given = admin.page.locator(".wc-once").inner_text()
    assert re.fullmatch(r"([a-z2-9]{4}-){3}[a-z2-9]{4}", given)

    watched = open_browser()
    page = watched.page
    page.goto(f"{base}/account")
    type_and_enter(watched, "dee", given)
    page.wait_for_selector("text=Your password was set by somebody else.")
    page.goto(f"{base}/account")
    page.wait_for_selector("#new")
    for field, value in (("old", given), ("new", NEW), ("again", NEW)):
        page.fill(f"#{field}", value)
    page.get_by_role("button", name="Use this password").click()
    page.wait_for_selector(".wc-me:has-text('Dee Dekker')")
    admin.page.get_by_role("button", name="I have noted them").click()
    eventually(lambda: admin.page.locator(".wc-once").count() == 0)
    assert admin.errors == []
    assert watched.errors == []


def test_the_log_is_exported_by_its_button(signed_in: Callable[..., Watched], somebody: Callable[[str], int]):
    somebody("eve")
    page = signed_in("ingrid", "/audit").page
    page.wait_for_selector(".wc-log")
    with page.expect_download() as download:
        page.get_by_role("button", name="Export as CSV").click()
    text = download.value.path().read_text(encoding="utf-8-sig")
    assert text.startswith("id,at,by,what,subject,before,after")
    assert "person_added" in text


@pytest.mark.parametrize("path", ["/account", "/people", "/audit"])
@pytest.mark.parametrize(("width", "height"), [(1280, 720), (820, 1180)])
def test_the_pages_fit_their_window_and_load_nothing_from_elsewhere(
    signed_in: Callable[..., Watched], path: str, width: int, height: int
):
    watched = signed_in("jonas", path, width=width, height=height)
    watched.page.wait_for_selector("h1.wc-page")
    assert watched.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert watched.foreign() == []
    assert watched.errors == []
