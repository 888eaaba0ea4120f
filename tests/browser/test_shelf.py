"""Saved replies and suggestions in real Chromium: found, taken into the reply, sent by nobody but a person."""

import numpy as np
import pytest
from filling import ANSWERS
from sqlmodel import select

from tests.browser.conftest import Watched, eventually
from webcare.cases.saved_replies import Wanted, all_saved, save
from webcare.cases.suggesting import remember
from webcare.domain import Author
from webcare.guard.base import Score
from webcare.guard.learned.service import Service
from webcare.store.tables import DeliveryRow
from webcare.testing import Desk

WIDTH = 64


class Words:
    """Near by shared words; answers for the encoder, which these tests have no time to load."""

    version = "words-1"

    def scores(self, draft, notes, public) -> tuple[Score, ...]:
        return ()

    def embed(self, texts):
        rows = np.full((len(texts), WIDTH), 0.01, np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in text.casefold().split():
                row[sum(map(ord, word)) % WIDTH] += 1
        return self.version, rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture(scope="session")
def texts(desk: Desk) -> None:
    with desk.store.write() as session:
        for wanted in (
            Wanted(
                "Openingstijden",
                {"nl": "Hoi {naam}, we zijn open tot {tijd}.", "en": "Hi {name}, until {time}."},
                "store",
            ),
            Wanted("Bezorging te laat", {"nl": "Hoi {naam}, wat vervelend dat je moet wachten!"}, "delivery"),
            Wanted("Cadeaukaart", {"nl": "Een cadeaukaart blijft twee jaar geldig."}, "payment"),
        ):
            save(session, wanted, by=desk.first, now=desk.now)


def open_case(desk: Desk, text: str, name: str) -> int:
    case = desk.open_case(text, author=Author(name.casefold(), f"{name} de Vries", name.casefold()))
    assert case.id is not None
    return case.id


def unfold(watched: Watched, kind: str) -> None:
    watched.page.locator(".st-key-shelf_open button", has_text=kind).click()
    watched.page.wait_for_selector(".shelf .card, .shelf .empty")


def reply_of(watched: Watched, case_id: int) -> str:
    return watched.page.locator(f".st-key-reply_{case_id} textarea").input_value()


@pytest.mark.usefixtures("texts")
def test_a_saved_reply_is_found_by_typing_and_taken_by_keyboard(desk: Desk, signed_in):
    case_id = open_case(desk, "Hoe laat gaan jullie dicht op zondag?", "Fenna")
    watched = signed_in("noor", f"/case?case={case_id}")
    page = watched.page
    unfold(watched, "Saved replies")
    page.locator(".shelf .search").fill("open tot")
    eventually(lambda: page.locator(".shelf .card").count() == 1)
    # The desk takes this customer for an English one; the other language is one click away.
    assert page.locator(".shelf .text").inner_text() == "Hi Fenna, until {time}."
    assert page.locator(".shelf mark").inner_text() == "{time}"
    page.locator(".shelf .language", has_text="NL").click()
    page.locator(".shelf .search").press("ArrowDown")
    page.keyboard.press("Enter")
    eventually(lambda: reply_of(watched, case_id) == "Hoi Fenna, we zijn open tot {tijd}.")
    # An open placeholder is held: it says so before anybody presses Send, and nothing has left.
    page.wait_for_selector("text=/was not filled in/i")
    with desk.store.read() as session:
        assert session.exec(select(DeliveryRow).where(DeliveryRow.case_id == case_id)).first() is None
    assert watched.errors == []
    assert watched.foreign() == []


@pytest.mark.usefixtures("texts")
def test_suggestions_load_by_themselves_and_go_into_the_reply_only(desk: Desk, signed_in):
    asked = open_case(desk, "Kan ik mijn oude matras bij de winkel in Haarlem inleveren?", "Joris")
    delivery = desk.reply(asked, ANSWERS["nl"])
    with desk.store.write() as session:
        row = session.get(DeliveryRow, delivery.id)
        row.state, row.posted_at = "sent", desk.now
        row.text = "Hoi Joris! Ja hoor, je oude matras nemen we in Haarlem gratis in."
        session.add(row)
    words = Words()
    remember(desk.store, words, now=desk.now, reviewer=desk.reviewer)
    case_id = open_case(desk, "Kan ik mijn oude matras bij jullie in de winkel in Haarlem inleveren?", "Fenna")
    serving = Service(words, desk.store.path.parent)
    assert serving.start()
    try:
        watched = signed_in("noor", f"/case?case={case_id}")
        page = watched.page
        page.locator(".st-key-shelf_open button", has_text="Suggestions").click()
        page.wait_for_selector(".shelf .source")
        assert page.locator(".shelf .text").first.inner_text().startswith("Hoi Fenna! Ja hoor")
        assert "Noor Smeets" in page.locator(".shelf .source").first.inner_text()
        assert "never sent by themselves" in page.locator(".shelf .foot").inner_text()
        assert reply_of(watched, case_id) == ""
        page.locator(".shelf .insert").first.click()
        eventually(lambda: reply_of(watched, case_id).startswith("Hoi Fenna! Ja hoor"))
    finally:
        serving.close()
    with desk.store.read() as session:
        assert session.exec(select(DeliveryRow).where(DeliveryRow.case_id == case_id)).first() is None
    assert watched.errors == []


@pytest.mark.usefixtures("texts")
def test_without_an_encoder_the_shelf_says_so_and_all_else_works(desk: Desk, signed_in):
    case_id = open_case(desk, "Waar blijft mijn kast?", "Noa")
    watched = signed_in("noor", f"/case?case={case_id}")
    watched.page.locator(".st-key-shelf_open button", has_text="Suggestions").click()
    watched.page.wait_for_selector(".shelf .empty")
    assert "Suggestions rest" in watched.page.locator(".shelf .empty").inner_text()


@pytest.mark.usefixtures("texts")
def test_the_guard_speaks_while_a_saved_reply_is_written(desk: Desk, signed_in):
    watched = signed_in("noor", "/texts")
    page = watched.page
    page.wait_for_selector(".texts .row")
    page.get_by_role("button", name="New text").click()
    page.get_by_label("Name", exact=True).fill("Begroeting")
    page.locator(".st-key-texts_box_nl textarea").click()
    page.keyboard.type("Hej {naam}, welkom!")
    # Nobody leaves the box: what is typed is looked at when the typing rests.
    page.wait_for_selector(".wc-text-check .wc-alert")
    assert "(NL)" in page.locator(".wc-text-check .wc-alert").first.inner_text()
    assert page.locator(".st-key-texts_box_nl textarea").input_value() == "Hej {naam}, welkom!"
    page.locator(".st-key-texts_box_nl textarea").fill("Hoi {naam}, welkom!")
    page.wait_for_selector("text=finds nothing to say")
    page.get_by_role("button", name="Save the text").click()
    page.wait_for_selector("text=everybody can answer with it")

    def kept() -> bool:
        with desk.store.read() as session:
            return "Begroeting" in {one.name for one in all_saved(session, by=desk.first, now=desk.now)}

    eventually(kept)
    assert watched.errors == []
