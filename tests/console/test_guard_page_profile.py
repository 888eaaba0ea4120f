"""Managers say how the brand speaks; nothing that fails a test or frees a slip is saved."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.console.conftest import OpenPage, html_of
from webcare import audit
from webcare.app import App
from webcare.domain import Role
from webcare.guard.reported import save_slip
from webcare.guard.rules.escaped import Slip
from webcare.testing import Desk


@pytest.fixture(autouse=True)
def own_files(app: App, tmp_path: Path) -> Path:
    app.settings.desk.__dict__["data_dir"] = tmp_path
    return tmp_path / "guard"


def editor(open_page: OpenPage, market: str = "nl") -> AppTest:
    page = open_page("guard", Role.MANAGER)
    return page.selectbox(key="profile_market").set_value(market).run()


def test_only_those_who_may_edit_rules_see_how_the_brand_speaks(open_page: OpenPage):
    for role, sees in ((Role.MANAGER, True), (Role.TEAM_LEAD, False)):
        page = open_page("guard", role)
        assert not page.exception
        assert ("How the brand speaks" in html_of(page)) is sees


def test_a_word_is_tried_saved_in_force_and_in_the_audit_log(
    open_page: OpenPage, app: App, desk: Desk, own_files: Path
):
    page = editor(open_page)
    page.text_area(key="profile_words").set_value("tjo = hoi")
    page.text_area(key="profile_held").set_value("Tjo Anna, we zoeken het uit.")
    page.text_area(key="profile_passes").set_value("Hoi Anna, we zoeken het uit.")
    page.button(key="profile_try").click().run()
    assert "It is not saved yet" in html_of(page)
    assert "tjo" not in app.brand_of("").profile.lexicon["nl"]
    page.button(key="profile_save").click().run()
    assert "Saved and in force" in html_of(page)
    profile = app.brand_of("").profile
    assert profile.lexicon["nl"]["tjo"] == "hoi"
    assert profile.lexicon["nl"]["hej"] == "hoi"  # of the brand file
    with desk.store.read() as session:
        entry = audit.entries(session)[0]
    assert (entry.what, dict(entry.after)) == ("profile_changed", {"lexicon": {"nl": {"tjo": "hoi"}}})
    again = editor(open_page)
    assert again.text_area(key="profile_words").value == "tjo = hoi"
    assert again.text_area(key="profile_held").value == "Tjo Anna, we zoeken het uit."
    assert editor(open_page, "se").text_area(key="profile_words").value == ""


def test_a_failing_test_keeps_it_from_being_saved_and_the_text_stays(open_page: OpenPage, app: App):
    page = editor(open_page)
    page.text_area(key="profile_words").set_value("tjo = hoi")
    page.text_area(key="profile_held").set_value("Hoi Anna, we zoeken het uit.")
    page.button(key="profile_save").click().run()
    assert "should be held, and nothing holds it" in html_of(page)
    assert page.text_area(key="profile_words").value == "tjo = hoi"
    assert "tjo" not in app.brand_of("").profile.lexicon["nl"]


def test_tests_of_other_markets_are_tried_with_every_change(open_page: OpenPage):
    page = editor(open_page)
    page.selectbox(key="profile_jokes").set_value("never")
    page.text_area(key="profile_held").set_value("Hej Anna, we zoeken het uit.")
    page.button(key="profile_save").click().run()
    assert "Saved and in force" in html_of(page)
    page = editor(open_page, "se")
    page.text_area(key="profile_passes").set_value("Hej Anna, vi tar reda på det.")
    page.button(key="profile_save").click().run()
    assert "All 2 drafts are judged as you say" in html_of(page)


def test_a_slip_that_would_pass_again_blocks_saving(open_page: OpenPage, app: App, own_files: Path):
    page = editor(open_page)
    page.text_area(key="profile_words").set_value("tjo = hoi")
    page.button(key="profile_save").click().run()
    slip = Slip("reported-7", "nl", "nl", "Waar is mijn kast?", (), "Tjo, we zoeken het uit.", "block", "", "Hemlund")
    save_slip(own_files / "slips", slip, held=True)
    page = editor(open_page)
    page.text_area(key="profile_words").set_value("")
    page.button(key="profile_save").click().run()
    assert "would pass again: reported-7" in html_of(page)
    assert app.brand_of("").profile.lexicon["nl"]["tjo"] == "hoi"


def test_what_is_no_profile_is_told_in_words(open_page: OpenPage):
    page = editor(open_page)
    page.text_area(key="profile_words").set_value("= hoi")
    page.button(key="profile_save").click().run()
    assert "lexicon of nl" in html_of(page)


def test_saving_a_rule_stands_in_the_audit_log(open_page: OpenPage, desk: Desk):
    page = open_page("guard", Role.MANAGER)
    page.text_input(key="rules_name").set_value("buy")
    page.button(key="rules_save").click().run()
    with desk.store.read() as session:
        entry = audit.entries(session)[0]
    assert (entry.what, dict(entry.after)) == ("rule_saved", {"rule": "buy"})


def test_a_sign_off_is_asked_for_and_no_more(open_page: OpenPage, own_files: Path):
    page = editor(open_page)
    page.button(key="profile_sign").click().run()
    assert "asks for a tick now" in html_of(page)
    assert "sign_off" in (own_files / "rules" / "hemlund" / "sign-off.yml").read_text(encoding="utf-8")
    page.button(key="profile_sign").click().run()
    assert not (own_files / "rules" / "hemlund" / "sign-off.yml").exists()
