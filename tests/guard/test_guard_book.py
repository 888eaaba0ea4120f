"""The rules managers write: tested, tried against slips, saved, on record; open slips settle."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from webcare.errors import SettingsError
from webcare.guard.beside import checks_beside, unread
from webcare.guard.profile import Profile
from webcare.guard.reported import open_slips, save_slip
from webcare.guard.rules.book import RuleBook, slip_folders
from webcare.guard.rules.escaped import Slip

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
RULE = """\
extends: existence
level: error
reason: promise
message: "'%s' promises what nobody can keep."
tokens: [{word}]
tests: {{block: ["That is {word} for you."], pass: ["We will see."]}}
"""


def slip(number: int, draft: str, **values: str) -> Slip:
    about = {"lang": "en", "market": "uk", "mention": "Is it here yet?", "must": "block", "reason": ""}
    return Slip(id=f"reported-{number}", draft=draft, notes=(), **{**about, **values})


@pytest.fixture
def book(tmp_path: Path) -> RuleBook:
    return RuleBook(tmp_path / "rules", brand="Own", slips=(tmp_path / "slips",))


def test_a_rule_is_tried_without_being_saved(book: RuleBook):
    assert book.test("mine", RULE.format(word="done")) == 0
    assert book.names() == ()
    with pytest.raises(SettingsError, match=r"mine\.yml, line 6: .*should be found and is not"):
        book.test("mine", RULE.format(word="done").replace("That is done", "That is not"))


def test_saving_settles_the_open_slips_it_holds_and_leaves_the_others(book: RuleBook, tmp_path: Path):
    for one in (slip(1, "It is done!"), slip(2, "It is somewhere."), slip(3, "All done.", brand="Another")):
        save_slip(tmp_path / "slips", one, held=False)
    kept = book.save("mine", RULE.format(word="done"), by="Ingrid", now=NOW)
    assert (kept.settled, kept.still_open) == (1, 1)
    assert [one.id for one in open_slips(tmp_path / "slips")] == ["reported-2", "reported-3"]
    assert [one.id for one in book.recorded()] == ["reported-1"]


def test_a_change_that_frees_a_slip_is_refused_and_the_old_rule_stays(book: RuleBook, tmp_path: Path):
    save_slip(tmp_path / "slips", slip(1, "It is done!"), held=False)
    book.save("mine", RULE.format(word="done"), by="Ingrid", now=NOW)
    with pytest.raises(SettingsError, match="would pass again: reported-1"):
        book.save("mine", RULE.format(word="certain"), by="Ingrid", now=NOW)
    with pytest.raises(SettingsError, match="would pass again: reported-1"):
        book.delete("mine", by="Ingrid", now=NOW)
    assert book.text("mine") == RULE.format(word="done")


def test_every_change_is_on_record(book: RuleBook):
    book.save("mine", RULE.format(word="done"), by="Ingrid", now=NOW)
    book.save("mine", RULE.format(word="certain"), by="Jonas", now=NOW)
    book.delete("mine", by="Ingrid", now=NOW)
    assert [(row["did"], row["by"]) for row in book.history()] == [
        ("saved", "Ingrid"),
        ("saved", "Jonas"),
        ("deleted", "Ingrid"),
    ]
    assert book.history()[-1]["text"] == RULE.format(word="certain")
    with pytest.raises(SettingsError, match="there is no such rule"):
        book.text("mine")


@pytest.mark.parametrize("name", ["", "../out", "a b", "x" * 80])
def test_a_rule_is_named_in_letters_and_digits(book: RuleBook, name: str):
    with pytest.raises(SettingsError, match="cannot name a rule"):
        book.save(name, RULE.format(word="done"), by="Ingrid", now=NOW)


def test_other_checks_and_the_brands_lexicon_hold_slips_too(tmp_path: Path):
    profile = Profile(name="Own", lexicon={"uk": {"purchase": "buy"}})
    others = checks_beside(profile)
    book = RuleBook(tmp_path / "rules", slips=(tmp_path / "slips",), others=others)
    save_slip(tmp_path / "slips", slip(1, "You can purchase it here."), held=False)
    save_slip(tmp_path / "slips", slip(2, "INTERN: he shouted at Bea."), held=False)
    assert book.settle() == (2, 0)
    assert book.test("mine", RULE.format(word="done")) == 2


def test_it_is_said_that_the_learned_part_cannot_be_asked():
    assert unread(None).startswith("said_again")


def test_slips_of_two_folders_count_once_each(tmp_path: Path):
    shipped = tmp_path / "shipped"
    shipped.mkdir()
    assert slip_folders(tmp_path / "own", shipped) == (tmp_path / "own", shipped)
    assert slip_folders(shipped, shipped / ".." / "shipped") == (shipped,)
    assert slip_folders(tmp_path / "own", tmp_path / "nowhere") == (tmp_path / "own",)
