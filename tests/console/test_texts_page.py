"""The page of saved replies: the list, the editor with the guard's word, files, and who may what."""

from datetime import UTC, date, timedelta

import pytest
from sqlmodel import col, select

from tests.console.conftest import OpenPage, component, html_of
from webcare.app import App
from webcare.cases.saved_replies import SavedReply, Wanted, all_saved, save
from webcare.domain import Role
from webcare.store.tables import AgentRow
from webcare.testing import Desk

LATE = Wanted("Delivery is late", {"nl": "Hoi {naam}, wat vervelend!", "en": "Hi {name}, sorry!"}, "delivery")


@pytest.fixture
def kept(desk: Desk) -> int:
    with desk.store.write() as session:
        return save(session, LATE, by=desk.first, now=desk.now)


def stored(desk: Desk) -> dict[str, SavedReply]:
    with desk.store.read() as session:
        return {one.name: one for one in all_saved(session, by=desk.first, now=desk.now)}


def opened(open_page: OpenPage, saved_id: int, role: Role = Role.FIRST_LINE):
    page = open_page("texts", role)
    page.session_state["texts_chosen"] = saved_id
    return page.run()


def test_an_empty_page_says_what_to_do(open_page: OpenPage):
    page = open_page("texts")
    assert not page.exception
    listed = component(page, "text_list")
    assert listed["items"] == []
    assert "Write the first one" in listed["empty"]


def test_a_text_is_written_saved_and_listed(open_page: OpenPage, desk: Desk):
    page = open_page("texts")
    page.text_input(key="texts_name").set_value("Opening hours")
    page.selectbox(key="texts_topic").set_value("store")
    page.text_area(key="texts_box_nl").set_value("We zijn open tot {tijd}.").run()
    page.segmented_control(key="texts_language").set_value("sv").run()
    page.text_area(key="texts_box_sv").set_value("Vi har öppet till kl. {tid}.").run()
    page.button(key="texts_save").click().run()
    assert "Saved; everybody can answer with it" in html_of(page)
    one = stored(desk)["Opening hours"]
    assert one.texts == {"nl": "We zijn open tot {tijd}.", "sv": "Vi har öppet till kl. {tid}."}
    assert (one.topic, one.owner_id) == ("store", desk.first.id)
    [row] = component(page, "text_list")["items"]
    assert (row["name"], row["languages"], row["owner"]) == ("Opening hours", ["NL", "SV"], "you")
    assert component(page, "text_list")["chosen"] == one.id


def test_hej_for_dutch_customers_is_told_while_somebody_writes(open_page: OpenPage):
    page = open_page("texts")
    page.text_area(key="texts_box_nl").set_value("Hej {naam}, je bestelling is onderweg.").run()
    told = html_of(page)
    assert "(NL)" in told
    assert "Hej&#x27; is not how we greet and thank Dutch customers" in told
    assert "As a customer would read it" in told
    page.segmented_control(key="texts_language").set_value("sv").run()
    page.text_area(key="texts_box_sv").set_value("Hej {namn}, din beställning är på väg.").run()
    assert "The guard finds nothing to say about it." in html_of(page)


def test_gaps_the_case_cannot_fill_are_named(open_page: OpenPage):
    page = open_page("texts")
    page.text_area(key="texts_box_nl").set_value("Hoi {naam}, we zijn er op {dag}. {medewerker}").run()
    told = html_of(page)
    assert "Whoever answers fills in: dag" in told
    assert "Hoi Sanne, we zijn er op …. Noor" in told


def test_what_cannot_be_saved_is_said_and_nothing_typed_is_lost(open_page: OpenPage, desk: Desk):
    page = open_page("texts")
    page.text_area(key="texts_box_nl").set_value("Bel ons op 06 12345678.").run()
    page.button(key="texts_save").click().run()
    assert "needs a name" in html_of(page)
    page.text_input(key="texts_name").set_value("Phone")
    page.button(key="texts_save").click().run()
    assert "looks like personal data" in html_of(page)
    assert page.text_area(key="texts_box_nl").value == "Bel ons op 06 12345678."
    assert stored(desk) == {}


def test_a_text_is_changed_expires_and_is_deleted(open_page: OpenPage, desk: Desk, kept: int):
    page = opened(open_page, kept)
    assert page.text_area(key="texts_box_nl").value == LATE.texts["nl"]
    page.date_input(key="texts_expires").set_value(date(2027, 1, 31))
    page.text_area(key="texts_box_nl").set_value("Hoi {naam}, excuses!").run()
    page.button(key="texts_save").click().run()
    one = stored(desk)["Delivery is late"]
    assert (one.texts["nl"], one.version) == ("Hoi {naam}, excuses!", 2)
    assert one.expires_at is not None
    assert one.expires_at.astimezone(UTC).date() == date(2027, 1, 31)
    assert "Hoi {naam}, wat vervelend!" in html_of(page)
    assert "until 31 Jan 2027" in component(page, "text_list")["items"][0]["owner"]
    page.button(key="texts_delete").click().run()
    assert "Deleted." in html_of(page)
    assert stored(desk) == {}


def test_a_colleague_who_saved_meanwhile_is_not_overwritten(open_page: OpenPage, desk: Desk, kept: int):
    page = opened(open_page, kept)
    with desk.store.write() as session:
        save(session, LATE, by=desk.first, now=desk.now, saved_id=kept)
    page.text_area(key="texts_box_nl").set_value("Mijn tekst").run()
    page.button(key="texts_save").click().run()
    assert "A colleague changed" in html_of(page)
    assert page.text_area(key="texts_box_nl").value == "Mijn tekst"


def test_the_owner_is_told_in_the_list_and_finds_theirs_first(open_page: OpenPage, desk: Desk, kept: int):
    lead = desk.people[Role.TEAM_LEAD]
    with desk.store.write() as session:
        past = desk.now - timedelta(days=1)
        save(session, Wanted("Zomer", {"nl": "Tot in de zomer!"}, expires_at=past), by=desk.first, now=desk.now)
        save(session, Wanted("Aa", {"nl": "Tekst"}, owner_id=lead.id), by=desk.first, now=desk.now)
        session.exec(select(AgentRow).where(col(AgentRow.id) == lead.id)).one().active = False
    listed = component(open_page("texts"), "text_list")
    assert listed["told"] == "1 text of yours is not offered any more."
    assert [(row["name"], row["problem"]) for row in listed["items"]] == [
        ("Zomer", "Expired"),
        ("Aa", "Owner has left"),
        ("Delivery is late", ""),
    ]


def test_who_may_not_write_texts_has_no_such_page(open_page: OpenPage, kept: int):
    with pytest.raises(ValueError, match="texts"):
        open_page("texts", Role.SECOND_LINE)
    assert not open_page("texts", Role.MANAGER).exception


def test_a_file_is_brought_in_and_what_is_wrong_with_it_is_told(open_page: OpenPage, desk: Desk, kept: int):
    page = open_page("texts")
    uploader = page.get("file_uploader")[0]
    uploader.upload("texts.yaml", b"- name: Lamp\n  texts: {dutch: Ja}\n", "application/yaml").run()
    assert "line 2: unknown language" in html_of(page)
    uploader = page.get("file_uploader")[0]
    uploader.upload("more.csv", b"name,language,text\nLamp,nl,Een grote fitting.\n", "text/csv").run()
    assert "1 added, 0 changed, 0 the same already." in html_of(page)
    assert set(stored(desk)) == {"Delivery is late", "Lamp"}


def test_untrusted_names_and_texts_are_only_text(open_page: OpenPage, desk: Desk):
    bad = "![x](https://evil.example/p.png) <img src=x onerror=alert(1)>"
    with desk.store.write() as session:
        saved_id = save(session, Wanted(bad, {"en": bad}), by=desk.first, now=desk.now)
    page = opened(open_page, saved_id)
    assert not page.exception
    assert "<img" not in html_of(page)


def test_the_page_draws_with_a_thousand_texts(open_page: OpenPage, app: App, desk: Desk):
    with desk.store.write() as session:
        for number in range(1_000):
            save(session, Wanted(f"Text {number:04}", {"nl": "Tekst", "en": "Text"}), by=desk.first, now=desk.now)
    listed = component(open_page("texts"), "text_list")
    assert len(listed["items"]) == 200
