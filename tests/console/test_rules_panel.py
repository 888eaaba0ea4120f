"""Managers write rules on the guard's page; nobody else does, and nothing broken is saved."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.console.conftest import OpenPage, html_of
from webcare.app import App
from webcare.domain import Role
from webcare.guard.reported import open_slips, save_slip
from webcare.guard.rules.escaped import Slip

RULE = """\
extends: existence
level: error
reason: promise
message: "'%s' promises what nobody can keep."
tokens: [beyond doubt]
tests:
  block: ["It comes beyond doubt."]
"""


@pytest.fixture(autouse=True)
def files(app: App, tmp_path: Path) -> Path:
    app.settings.desk.__dict__["data_dir"] = tmp_path
    return tmp_path / "guard"


def fill(page: AppTest, name: str, text: str) -> AppTest:
    page.text_input(key="rules_name").set_value(name)
    page.text_area(key="rules_text").set_value(text)
    return page


def test_only_managers_and_administrators_see_the_editor(open_page: OpenPage):
    for role, sees in ((Role.MANAGER, True), (Role.ADMIN, True), (Role.TEAM_LEAD, False)):
        page = open_page("guard", role)
        assert not page.exception
        assert ("Rules of your own" in html_of(page)) is sees


def test_a_rule_is_tried_saved_shown_again_and_deleted(open_page: OpenPage, files: Path):
    page = open_page("guard", Role.MANAGER)
    fill(page, "doubt", RULE).button(key="rules_try").click().run()
    assert "The rule is good" in html_of(page)
    assert not (files / "rules").exists()
    fill(page, "doubt", RULE).button(key="rules_save").click().run()
    assert "Saved and in force" in html_of(page)
    assert (files / "rules" / "hemlund" / "doubt.yml").read_text(encoding="utf-8") == RULE
    assert page.selectbox(key="rules_which").value == "doubt"
    assert page.text_area(key="rules_text").value == RULE
    assert "<bdi>doubt</bdi>: saved by <bdi>Ingrid Moe</bdi>, " in html_of(page)
    page.button(key="rules_delete").click().run()
    assert "The rule is taken away" in html_of(page)
    assert not (files / "rules" / "hemlund" / "doubt.yml").exists()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (RULE.replace("level: error", "level: loud"), "bad.yml, line 2"),
        (RULE.replace("It comes beyond doubt.", "It comes."), "bad.yml, line 7"),
        ("extends: [", "bad.yml, line"),
    ],
)
def test_what_is_wrong_is_told_with_file_and_line_and_the_text_stays(
    open_page: OpenPage, files: Path, text: str, why: str
):
    page = fill(open_page("guard", Role.MANAGER), "bad", text)
    page.button(key="rules_save").click().run()
    assert why in html_of(page)
    assert page.text_area(key="rules_text").value == text
    assert not (files / "rules").exists()


def test_saving_settles_the_slip_that_was_open_and_then_guards_it(open_page: OpenPage, files: Path):
    slip = Slip("reported-1", "en", "uk", "When is it here?", (), "Beyond doubt on Friday.", "block", "", "Hemlund")
    save_slip(files / "slips", slip, held=False)
    page = fill(open_page("guard", Role.MANAGER), "doubt", RULE)
    page.button(key="rules_save").click().run()
    assert "1 reported slip is held now" in html_of(page)
    assert open_slips(files / "slips") == ()
    page.button(key="rules_delete").click().run()
    assert "would pass again: reported-1" in html_of(page)
    assert (files / "rules" / "hemlund" / "doubt.yml").exists()


def test_a_file_broken_by_hand_is_told_to_whoever_reads_the_page(open_page: OpenPage, app: App, files: Path):
    page = fill(open_page("guard", Role.MANAGER), "doubt", RULE)
    page.button(key="rules_save").click().run()
    (files / "rules" / "hemlund" / "doubt.yml").write_text("extends: nothing\n", encoding="utf-8")
    app.brands.look_again()
    app.brand_of("")
    told = html_of(open_page("guard", Role.TEAM_LEAD))
    assert "are not in force" in told
    assert "doubt.yml, line 1" in told
