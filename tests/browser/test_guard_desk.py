"""The guard at the desk, in a real browser: held, marked by the second line, sent; a correction by one click."""

from collections.abc import Callable

import pytest
from filling import write_again

from tests.browser.conftest import Watched, eventually
from tests.browser.test_desk import deliveries
from webcare import cases
from webcare.testing import Desk

pytestmark = pytest.mark.browser

NOTE = "Shouted at Bea on the phone. The carrier brings the cabinet on Friday between nine and noon. No voucher."
LEAK = "Hi! The carrier brings the cabinet on Friday between nine and noon."


def held(page) -> None:
    page.get_by_role("button", name="Send reply").click()
    page.wait_for_selector(".wc-held mark.wc-error")


def test_held_then_marked_shareable_by_the_second_line_then_sent(signed_in: Callable[..., Watched], desk: Desk):
    case = desk.open_case("When does my cabinet come?")
    with desk.store.write() as session:
        cases.add_note(session, case.id, text=NOTE, by=desk.second, now=desk.now)
    noor = signed_in("noor", f"/case?case={case.id}").page
    noor.get_by_placeholder("Write the public reply").fill(LEAK)
    held(noor)
    assert noor.get_by_role("button", name="May the customer know this?").count() >= 1

    elin = signed_in("elin", f"/case?case={case.id}").page
    elin.get_by_role("button", name="Let the customer know").first.click()
    elin.get_by_label("Sentence the customer may be told").click()
    elin.get_by_role("option", name="The carrier brings the cabinet").click()
    elin.get_by_role("button", name="Mark as shareable").click()
    elin.wait_for_selector(".wc-fact:has-text('May be told')")
    assert "Friday between nine and noon" in elin.locator("mark.wc-shareable").inner_text()

    noor.wait_for_selector("text=Sentence marked as shareable")
    noor.get_by_role("button", name="Show what is new").click()
    noor.wait_for_selector(".wc-fact:has-text('May be told')")
    noor.get_by_role("button", name="Send reply").click()
    noor.wait_for_selector("text=Leaves in")
    assert deliveries(desk, case.id) == ["pending"]


def test_a_mark_of_the_first_line_waits_for_a_colleague(signed_in: Callable[..., Watched], desk: Desk):
    case = desk.open_case("And when does my wardrobe come?")
    with desk.store.write() as session:
        cases.add_note(session, case.id, text=NOTE, by=desk.second, now=desk.now)
    noor = signed_in("noor", f"/case?case={case.id}").page
    noor.get_by_placeholder("Write the public reply").fill(LEAK)
    held(noor)
    noor.get_by_role("button", name="May the customer know this?").first.click()
    noor.get_by_role("button", name="Mark the sentence as shareable").click()
    noor.wait_for_selector(".wc-fact:has-text('Waits for a colleague')")
    # The menu is gone, so that it hides nothing, and pressing Send again says what is waited for.
    noor.wait_for_selector("text=Marked already: it may be sent once a colleague agrees.")
    held(noor)
    elin = signed_in("elin", f"/case?case={case.id}").page
    elin.get_by_role("button", name="The customer may know this").click()
    elin.wait_for_selector(".wc-fact:has-text('marked by Noor Smeets and Elin Sandberg')")


def test_a_correction_by_one_click(signed_in: Callable[..., Watched], desk: Desk):
    case = desk.open_case("Is my chair coming this week?")
    watched = signed_in("noor", f"/case?case={case.id}")
    page = watched.page
    box = page.get_by_placeholder("Write the public reply")
    box.click()
    page.keyboard.type("Sorry about that. We asked the warehouse and tehy write to you here definately.")
    fix = page.get_by_role("button", name="Change to definitely")
    fix.click()
    eventually(lambda: "definitely" in box.input_value() and "definately" not in box.input_value())
    assert watched.errors == []


def test_managers_judge_what_the_guard_found_and_see_the_marks(signed_in: Callable[..., Watched], desk: Desk):
    case = desk.open_case("What did they say of my cabinet?")
    with desk.store.write() as session:
        cases.add_note(session, case.id, text=NOTE, by=desk.second, now=desk.now)
    noor = signed_in("noor", f"/case?case={case.id}").page
    noor.get_by_placeholder("Write the public reply").fill("Hi! You shouted at Bea on the phone, so no voucher.")
    held(noor)
    ingrid = signed_in("ingrid", "/guard").page
    ingrid.wait_for_selector("table:has-text('copied')")
    ingrid.get_by_role("button", name="Right").first.click()
    ingrid.wait_for_selector("text=100 % (")


def test_a_slip_is_reported_from_its_case(signed_in: Callable[..., Watched], desk: Desk):
    case = desk.open_case("Who brings my lamp?")
    desk.reply(case.id, "Hi! We asked the warehouse and write to you here as soon as they answer.")
    desk.later(minutes=5)
    desk.deliver()
    page = signed_in("noor", f"/case?case={case.id}").page
    page.get_by_text("This should have been held").click()
    page.get_by_label("What should have been held, and why").fill("It promises an answer that nobody gives.")
    page.get_by_role("button", name="Report it").click()
    page.wait_for_selector("text=Reported.")


def test_what_changed_since_the_check_is_shown_and_earlier_ticks_do_not_count(
    signed_in: Callable[..., Watched], desk: Desk
):
    case = desk.open_case("When does my lamp come?")
    page = signed_in("noor", f"/case?case={case.id}").page
    page.get_by_placeholder("Write the public reply").fill("Hi! It comes tomorrow, we guarantee it.")
    page.get_by_role("button", name="Send reply").click()
    page.wait_for_selector(".wc-held mark.wc-warning")
    write_again(desk, case.id, "When does my lamp come? And is the blue one cheaper?")
    page.get_by_text("I have read this and want to send it as it is").first.click()
    page.get_by_role("button", name="Show what is new").click()
    page.get_by_role("button", name="Send reply").click()
    page.wait_for_selector(".wc-changed:has-text('newest message changed since this was checked')")
    assert page.locator(".wc-changed ins").inner_text() == "And is the blue one cheaper?"
    assert deliveries(desk, case.id) == []
    page.get_by_text("I have read this and want to send it as it is").first.click()
    page.get_by_role("button", name="Send reply").click()
    page.wait_for_selector("text=Leaves in")


def test_a_manager_writes_a_rule_that_holds_the_next_reply(signed_in: Callable[..., Watched], desk: Desk):
    case = desk.open_case("Where can I get this lamp?")
    page = signed_in("ingrid", "/guard").page
    rule = page.get_by_label("The rule, as YAML")
    page.get_by_label("Name of the rule").fill("buy")
    eventually(lambda: rule.input_value() != "")  # the field is there before its text
    good = rule.input_value()
    rule.fill(good.replace("level: error", "level: loud"))
    page.get_by_role("button", name="Save the rule").click()
    page.wait_for_selector(".wc-bad:has-text('buy.yml, line 2')")
    rule.fill(good)
    page.get_by_role("button", name="Save the rule").click()
    page.wait_for_selector("text=Saved and in force")
    noor = signed_in("noor", f"/case?case={case.id}").page
    noor.get_by_placeholder("Write the public reply").fill("Hi! You can purchase it in our shop in Gouda.")
    held(noor)
    assert noor.locator(".wc-held mark.wc-error").inner_text() == "purchase"
    page.get_by_role("button", name="Delete the rule").click()
    page.wait_for_selector("text=The rule is taken away")
