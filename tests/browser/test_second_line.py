"""A question to the second line and back in real Chromium: two people, two browsers, one case, no mouse needed."""

from collections.abc import Callable
from datetime import UTC, datetime

from sqlmodel import select

from tests.browser.conftest import Watched, eventually
from webcare import cases
from webcare.domain import Role
from webcare.store.tables import AgentRow, CaseRow, DeliveryRow
from webcare.testing import Desk

REPLY_BOX = "Write the public reply"


def assignee(desk: Desk, case: CaseRow) -> int | None:
    with desk.store.read() as session:
        return cases.load(session, case.id or 0).assignee_id


def test_a_question_goes_out_comes_back_as_facts_and_becomes_a_draft(
    signed_in: Callable[..., Watched], desk: Desk
) -> None:
    case = desk.open_case("Is the hinge of my Bolma still made?")
    with desk.store.write() as session:
        row = session.get_one(AgentRow, desk.people[Role.SECOND_LINE].id)
        row.skills = ["topic:product_fault"]
        session.add(row)
    first = signed_in("noor", f"/case?case={case.id}")
    asker = first.page
    asker.get_by_role("button", name="Take this case").click()
    asker.wait_for_selector("text=you have it")
    asker.get_by_role("button", name="Ask second line").click()
    asker.get_by_role("textbox", name="Your question to the second line").fill("Do we still get the hinge, and when?")
    asker.get_by_role("button", name="Hand to the second line").click()
    asker.wait_for_selector(".wc-question:has-text('Do we still get the hinge')")
    asker.wait_for_selector("text=Goes back by itself in")

    second = signed_in("elin", f"/case?case={case.id}")
    specialist = second.page
    specialist.wait_for_selector(".wc-question:has-text('Do we still get the hinge')")
    specialist.get_by_label("What you know").fill("The hinge is back in the shops on Tuesday")
    specialist.get_by_label("Known from").first.fill("warehouse")
    specialist.get_by_text("The customer may be told", exact=True).click()
    specialist.get_by_role("button", name="Another fact").click()
    specialist.get_by_label("And also").fill("We lost forty of them in March")
    specialist.get_by_label("Remark for colleagues only").fill("Ring me if she wants two.")
    specialist.get_by_role("button", name="Answer the first line").click()
    specialist.wait_for_selector("text=The first line has your answer.")
    assert assignee(desk, case) == desk.first.id

    asker.get_by_role("button", name="Show what is new").click()
    asker.get_by_role("button", name="Make a reply of these facts").click()
    box = asker.get_by_placeholder(REPLY_BOX)
    eventually(lambda: "The hinge is back in the shops on Tuesday." in box.input_value())
    assert "forty" not in box.input_value()
    with desk.store.read() as session:
        assert session.exec(select(DeliveryRow).where(DeliveryRow.case_id == case.id)).all() == []
    asker.get_by_role("button", name="Send reply").click()
    asker.wait_for_selector("text=Leaves in")
    assert first.errors == second.errors == []


def test_facts_half_written_survive_a_reload(signed_in: Callable[..., Watched], desk: Desk) -> None:
    case = desk.open_case("And the screws?")
    with desk.store.write() as session:
        cases.hand_over(session, case.id, question="Screws?", by=desk.first, now=datetime.now(UTC))
    page = signed_in("elin", f"/case?case={case.id}").page
    page.get_by_label("What you know").fill("Four of them are in the bag")
    page.get_by_label("Remark for colleagues only").click()

    def kept() -> str:
        with desk.store.read() as session:
            return cases.draft_of(session, case.id, kind="facts", by=desk.people[Role.SECOND_LINE])

    eventually(lambda: "Four of them" in kept())
    page.reload()
    page.wait_for_selector(".st-key-wc_handover")
    eventually(lambda: page.get_by_label("What you know").input_value() == "Four of them are in the bag")


def test_the_panel_fits_a_small_laptop_and_a_tablet_in_light_and_dark(
    signed_in: Callable[..., Watched], desk: Desk
) -> None:
    case = desk.open_case("And the paint?")
    with desk.store.write() as session:
        cases.hand_over(session, case.id, question="word " * 200 + "a" * 900, by=desk.first, now=datetime.now(UTC))
    page = signed_in("elin", f"/case?case={case.id}", scheme="dark").page
    for width, height, scheme in ((1280, 720, "dark"), (820, 1180, "light")):
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=scheme)
        page.wait_for_selector(".st-key-wc_handover .wc-question")
        page.get_by_role("button", name="Answer the first line").wait_for()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
