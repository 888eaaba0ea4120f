"""A manager's decisions in a real browser: rules after a look at last week, a queue, hours by keyboard, both widths."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.browser.conftest import Watched, eventually
from webcare.measures.rollup import catch_up, counting
from webcare.testing import Desk

pytestmark = pytest.mark.browser


def test_a_manager_writes_a_rule_looks_at_last_week_and_saves_it(signed_in: Callable[..., Watched], desk: Desk):
    desk.open_case("Waar is mijn pakketje gebleven? <img src=https://evil.example/x.png>")
    watched = signed_in("ingrid", "/desk")
    page = watched.page
    page.get_by_role("textbox", name="Name of the rule").fill("Parcels first")
    page.get_by_role("textbox", name="Words in the message, any of them").fill("pakket*")
    page.get_by_role("textbox", name="Tags").fill("parcel")
    page.get_by_role("textbox", name="Skill").fill("topic:delivery")
    page.get_by_role("button", name="Add the rule to the list").click()
    page.wait_for_selector("table:has-text('Parcels first')")
    save = page.get_by_role("button", name="Save the rules")
    assert save.is_disabled()
    page.get_by_role("button", name="What would happen to last week").click()
    page.wait_for_selector("text=What each rule had a say in")
    eventually(save.is_enabled)
    save.click()
    page.wait_for_selector("text=the rules count for every message from now on")
    assert watched.foreign() == []
    assert watched.errors == []


def test_the_tabs_stand_in_the_address_and_work_by_keyboard(signed_in: Callable[..., Watched]):
    watched = signed_in("ingrid", "/desk?tab=hours", width=820, height=1180)
    page = watched.page
    monday = page.get_by_role("textbox", name="Monday")
    monday.click()
    page.keyboard.type("09:00-17:30")
    page.keyboard.press("Tab")
    page.wait_for_selector("td:has-text('09:00-17:30')")
    page.get_by_role("radio", name="Targets").or_(page.get_by_role("button", name="Targets")).first.click()
    page.wait_for_selector("text=How soon an answer is due")
    assert "tab=targets" in page.url
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 1
    assert watched.errors == []


def test_a_chart_is_drawn_from_here_and_kept_as_a_picture_and_a_number_opens(
    signed_in: Callable[..., Watched], desk: Desk
):
    desk.open_case("Waar is mijn bank gebleven?")
    catch_up(desk.store, counting(ZoneInfo("Europe/Amsterdam")), now=datetime.now(UTC))
    watched = signed_in("ingrid", "/figures")
    page = watched.page
    chart = page.get_by_test_id("stVegaLiteChart").first
    chart.locator("canvas, svg.marks").first.wait_for()
    described = page.locator("[role=graphics-document]").first
    assert "Messages of customers" in (described.get_attribute("aria-label") or "")
    chart.hover()
    with page.expect_download() as kept:
        page.get_by_role("button", name="Download as PNG").first.click()
    assert Path(kept.value.path()).read_bytes().startswith(b"\x89PNG")
    page.locator("a.wc-tile", has_text="Messages of customers").click()
    page.wait_for_selector("h1:has-text('Figure')")
    page.wait_for_selector("text=Every message of a customer that became part of a case")
    assert watched.foreign() == []
    assert watched.errors == []
