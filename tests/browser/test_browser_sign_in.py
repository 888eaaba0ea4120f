"""Signing in and out, as a browser sees it."""

from collections.abc import Callable

import pytest

from tests.browser.conftest import Watched, type_and_enter, watch
from webcare.testing import Desk

pytestmark = pytest.mark.browser


def test_a_sign_in_survives_a_refresh_and_a_second_tab(signed_in: Callable[..., Watched]):
    watched = signed_in()
    page = watched.page
    page.reload()
    page.wait_for_selector(".wc-me:has-text('Noor Smeets')")
    second = watch(page.context.new_page(), watched.base)
    second.page.goto(watched.base)
    second.page.wait_for_selector(".wc-me:has-text('Noor Smeets')")
    assert "webcare_session" not in page.evaluate("document.cookie")
    assert watched.errors == []


def test_a_wrong_password_is_told_and_the_name_stays(open_browser: Callable[..., Watched], base: str):
    watched = open_browser()
    watched.page.goto(base)
    type_and_enter(watched, "noor", "not the password")
    watched.page.wait_for_selector("text=The user name or the password is not right.")
    assert watched.page.input_value("#username") == "noor"
    assert watched.page.input_value("#password") == ""


def test_signing_out_ends_every_tab(signed_in: Callable[..., Watched], desk: Desk):
    case = desk.open_case("A matter of the two tabs")
    watched = signed_in()
    other = watch(watched.page.context.new_page(), watched.base)
    other.page.goto(f"{watched.base}/case?case={case.id}")
    other.page.wait_for_selector(".wc-thread")
    watched.page.click("text=Sign out")
    watched.page.wait_for_selector("text=You are signed out.")
    other.page.get_by_role("button", name="Take this case").click()
    other.page.wait_for_selector("text=You are signed out. What you wrote on your cases is kept.")
    assert desk.events(case.id) == ["opened"]
    assert other.page.locator(".wc-thread").count() == 0


def test_an_address_sent_by_a_colleague_opens_after_signing_in(signed_in: Callable[..., Watched], desk: Desk):
    case = desk.open_case("Look at this one please")
    watched = signed_in("noor", f"/case?case={case.id}")
    watched.page.wait_for_selector(".wc-thread:has-text('Look at this one please')")
    # The page stands in its surroundings even when it is the first thing a browser asks for.
    assert watched.page.locator(".wc-me").inner_text().startswith("Noor Smeets")


def test_a_page_beside_the_rights_of_a_role_is_not_there(signed_in: Callable[..., Watched]):
    watched = signed_in("noor", "/figures")
    watched.page.wait_for_selector(".tabs")
    assert watched.page.locator("text=First response, median").count() == 0
