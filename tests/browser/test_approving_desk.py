"""A colleague's yes in two real browsers: asked, seen in the bar, changed, sent; given back with words; a promise."""

from collections.abc import Callable, Iterator

import pytest
from filling import write_again
from sqlmodel import select

from tests.browser.conftest import Watched, eventually
from tests.browser.test_desk import deliveries
from webcare import cases
from webcare.cases.promises import promises_of
from webcare.domain import Role
from webcare.incidents import reading
from webcare.incidents.noticing import link_cases
from webcare.quality import scorecards
from webcare.store.tables import AgentRow
from webcare.store.tables_incidents import IncidentRow
from webcare.store.tables_quality import DefectRow, ReplyReviewRow
from webcare.testing import Desk

pytestmark = pytest.mark.browser

TEXT = "Sorry about that. We asked the warehouse and write to you here as soon as they answer."


@pytest.fixture
def supervised(desk: Desk) -> Iterator[None]:
    """Noor works under supervision for the length of one test; the desk is shared by all of them."""
    _supervise(desk, True)
    yield
    _supervise(desk, False)


def _supervise(desk: Desk, is_new: bool) -> None:
    with desk.store.write() as session:
        session.get_one(AgentRow, desk.first.id).supervised = is_new


def asks(page, text: str = TEXT) -> None:
    page.get_by_placeholder("Write the public reply").fill(text)
    page.get_by_role("button", name="Send reply").click()
    page.wait_for_selector(".wc-waiting-head")


@pytest.mark.usefixtures("supervised")
def test_asked_changed_and_sent_by_two_people(signed_in: Callable[..., Watched], desk: Desk):
    case = desk.open_case("Where is my wardrobe?")
    noor = signed_in("noor", f"/case?case={case.id}")
    asks(noor.page)
    assert deliveries(desk, case.id) == []

    bram = signed_in("bram", f"/case?case={case.id}")
    bram.page.get_by_role("button", name="Look at it and decide").click()
    box = bram.page.get_by_label("The reply as it goes out")
    eventually(lambda: box.input_value() == TEXT)
    assert bram.page.get_by_role("link", name="Approvals · 1").count() == 1
    box.fill(TEXT.replace("write to you", "call you"))
    box.press("Control+Enter")
    bram.page.wait_for_selector(".wc-changed ins:has-text('call')")
    bram.page.get_by_role("button", name="Approve and send").click()
    bram.page.wait_for_selector("text=Approved.")
    assert deliveries(desk, case.id) == ["pending"]
    noor.page.get_by_role("button", name="Show what is new").click()
    noor.page.wait_for_selector("text=Leaves in")
    assert noor.errors == bram.errors == []


@pytest.mark.usefixtures("supervised")
def test_given_back_with_words_and_asked_again_by_keyboard(signed_in: Callable[..., Watched], desk: Desk):
    case = desk.open_case("Where is my mirror?")
    noor = signed_in("noor", f"/case?case={case.id}").page
    asks(noor)
    write_again(desk, case.id, "And the frame?")
    bram = signed_in("bram", f"/case?case={case.id}").page
    bram.get_by_role("button", name="Look at it and decide").click()
    bram.get_by_role("button", name="Give it back").focus()
    bram.keyboard.press("Enter")
    bram.get_by_label("What should change?").fill("They ask about the frame too.")
    bram.get_by_role("button", name="Give it back with these words").focus()
    bram.keyboard.press("Enter")
    bram.wait_for_selector("text=Given back.")
    noor.get_by_role("button", name="Show what is new").click()
    noor.wait_for_selector("q:has-text('They ask about the frame too.')")
    # Her text is offered again, and she loses nothing by it.
    noor.get_by_role("button", name="Put this text in my reply").click()
    eventually(lambda: noor.get_by_placeholder("Write the public reply").input_value() == TEXT)


def test_a_promise_is_kept_from_the_list(signed_in: Callable[..., Watched], desk: Desk):
    case = desk.open_case("When do you call me back?")
    desk.reply(case.id, "Sorry about that. A colleague of the warehouse rings you tomorrow.")
    desk.later(seconds=11)
    desk.deliver()
    watched = signed_in("noor", "/promises")
    page = watched.page
    page.locator(f"a[href='/case?case={case.id}']").click()
    page.wait_for_selector(".wc-promise mark:has-text('tomorrow')")
    page.get_by_role("button", name="Kept", exact=True).click()
    eventually(lambda: page.locator(".wc-promise").count() == 0)
    with desk.store.read() as session:
        assert promises_of(session, case.id) == ()
        assert cases.load(session, case.id).state == "waiting"
    assert watched.errors == []


def to_review(desk: Desk, case_id: int | None) -> int:
    """A sent reply in front of the team lead."""
    sent = desk.reply(case_id or 0, "It comes on Tuesday between nine and noon.")
    desk.later(seconds=11)
    desk.deliver()
    with desk.store.write() as session:
        row = ReplyReviewRow(
            delivery_id=sent.id, case_id=case_id, agent_id=desk.first.id, reviewer_id=desk.people[Role.TEAM_LEAD].id,
            posted_at=desk.now, week="2026-W01", why="random", drawn_at=desk.now,
        )  # fmt: skip
        session.add(row)
        session.flush()
        return row.id or 0


def marked(desk: Desk, review_id: int) -> ReplyReviewRow:
    with desk.store.read() as session:
        return session.get_one(ReplyReviewRow, review_id)


def test_a_reply_is_reviewed_and_its_writer_reads_it_and_registers_a_defect(
    signed_in: Callable[..., Watched], desk: Desk
):
    case = desk.open_case("Your app logs me out all the time.")
    review = to_review(desk, case.id)
    bram = signed_in("bram", "/quality")
    page = bram.page
    first, *others = scorecards.DEFAULT.questions
    page.locator(f".st-key-mark_{review}_{first.key} button").nth(4).click()
    eventually(lambda: marked(desk, review).scores == {first.key: 4})
    # What was begun is there again on another day.
    page.reload()
    page.wait_for_selector("text=Kept as a draft")
    for number, one in enumerate(others, start=2):
        page.locator(f".st-key-mark_{review}_{one.key} button").nth(1).press("Enter")
        eventually(lambda number=number: len(marked(desk, review).scores) == number)
    page.get_by_role("textbox", name="What was good").fill("The answer comes first.")
    page.get_by_role("button", name="Keep this review").click()
    page.wait_for_selector("text=of 100.")
    assert (marked(desk, review).state, marked(desk, review).comment) == ("kept", "The answer comes first.")

    noor = signed_in("noor", "/quality")
    noor.page.wait_for_selector("text=The answer comes first.")
    noor.page.goto(f"{noor.base}/case?case={case.id}")
    noor.page.get_by_text("Defect, wish or praise").click()
    noor.page.get_by_label("What is it called").fill("The app logs customers out")
    noor.page.get_by_role("button", name="Register the defect").click()
    noor.page.wait_for_selector(".wc-learned strong:has-text('The app logs customers out')")
    with desk.store.read() as session:
        assert session.exec(select(DefectRow.title)).all() == ["The app logs customers out"]
    assert bram.errors == noor.errors == []


def test_an_alarm_becomes_an_incident_and_two_people_send_its_holding_text(
    signed_in: Callable[..., Watched], desk: Desk
):
    case = desk.open_case("Charged twice by your app!")
    with desk.store.write() as session:
        row = IncidentRow(series="topic:payment", count=9, expected=0.4, window_s=1200, found_at=desk.now)
        session.add(row)
        session.flush()
        incident = row.id or 0
        link_cases(session, incident, [case.id or 0], now=desk.now)
    bram = signed_in("bram", f"/incidents?incident={incident}")
    bram.page.get_by_label("Name of the incident").fill("Double charge")
    bram.page.get_by_role("button", name="Open the incident").last.click()
    bram.page.wait_for_selector("text=Campaigns rest while it is open.")

    noor = signed_in("noor", f"/incidents?incident={incident}")
    noor.page.get_by_role("tab", name="Holding text").click()
    noor.page.get_by_text("English", exact=True).click()
    noor.page.get_by_label("One more wording").fill(TEXT)
    noor.page.get_by_role("button", name="Save the wording").click()
    noor.page.wait_for_selector("td:has-text('waits for a yes')")

    # The mouse still stands where the form was, which is by now over the help of a button.
    bram.page.mouse.move(0, 0)
    bram.page.get_by_role("tab", name="Holding text").click()
    bram.page.get_by_role("button", name="Say yes").click()
    bram.page.wait_for_selector(".wc-chip-green:has-text('Bram de Wit')")
    bram.page.get_by_role("tab", name="Who is hit").click()
    bram.page.get_by_role("button", name="Send the holding text to 1").click()
    bram.page.wait_for_selector("text=1 reply is on its way.")
    assert deliveries(desk, case.id) == ["pending"]
    with desk.store.read() as session:
        assert reading.whole(session, incident, by=desk.first).hit[0].holding == "pending"
    assert noor.errors == bram.errors == []
