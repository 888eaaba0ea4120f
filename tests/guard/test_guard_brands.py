"""A changed brand file counts without a restart; a broken one does not, and is named."""

import os
from pathlib import Path

import pytest

from webcare.errors import SettingsError
from webcare.guard import ReviewContext, review
from webcare.guard.rules.brands import Brands, folder_name

RULE = """\
extends: existence
level: error
reason: brand_word
message: "'%s' is not ours."
tokens: [{word}]
tests: {{block: ["Een {word} hier."], pass: ["Iets anders."]}}
"""


class Clock:
    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def brand(tmp_path: Path) -> Path:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "words.yml").write_text(RULE.format(word="snufje"), encoding="utf-8")
    file = tmp_path / "brand.yaml"
    file.write_text("name: Eigen\nrules: [rules]\n", encoding="utf-8")
    return file


def held(brands: Brands, name: Path, draft: str) -> bool:
    found = brands.get(str(name))
    context = ReviewContext(channel="x", lang="nl", brand=found.profile, rules=found.rules)
    return any(one.reason == "brand_word" for one in review(draft, context).findings)


def test_a_changed_rule_and_a_changed_profile_count_within_a_second(brand: Path, tmp_path: Path):
    clock = Clock()
    brands = Brands(tmp_path / "own", clock=clock)
    assert held(brands, brand, "Een snufje geduld.")
    before = brands.get(str(brand)).rules.version
    (tmp_path / "rules" / "words.yml").write_text(RULE.format(word="flesje"), encoding="utf-8")
    assert held(brands, brand, "Een snufje geduld.")  # not looked at again yet
    clock.at += 1.1
    assert not held(brands, brand, "Een snufje geduld.")
    assert held(brands, brand, "Een flesje geduld.")
    assert brands.get(str(brand)).rules.version != before
    brand.write_text("name: Eigen\nrules: [rules]\nlexicon: {nl: {geduld: tijd}}\n", encoding="utf-8")
    brands.look_again()
    assert held(brands, brand, "Even geduld.")


def test_files_that_did_not_change_are_not_read_again(brand: Path, tmp_path: Path):
    clock = Clock()
    brands = Brands(tmp_path / "own", clock=clock)
    first = brands.get(str(brand))
    clock.at += 5
    assert brands.get(str(brand)) is first


def test_a_file_broken_by_hand_is_named_and_the_rules_of_before_stay(brand: Path, tmp_path: Path):
    brands = Brands(tmp_path / "own")
    brands.get(str(brand))
    file = tmp_path / "rules" / "words.yml"
    file.write_text("extends: existence\ntokens: [x\n", encoding="utf-8")
    brands.look_again()
    assert held(brands, brand, "Een snufje geduld.")
    assert "words.yml, line" in brands.problems()[str(brand)]
    file.write_text(RULE.format(word="snufje"), encoding="utf-8")
    os.utime(file, (1, 1))
    brands.look_again()
    assert held(brands, brand, "Een snufje geduld.")
    assert brands.problems() == {}


def test_a_brand_file_that_goes_away_is_named_and_the_brand_stays(brand: Path, tmp_path: Path):
    brands = Brands(tmp_path / "own")
    brands.get(str(brand))
    brand.unlink()
    brands.look_again()
    assert held(brands, brand, "Een snufje geduld.")
    assert "there is no brand" in brands.problems()[str(brand)]


def test_a_brand_that_never_could_be_read_is_refused(tmp_path: Path):
    with pytest.raises(SettingsError, match="there is no brand"):
        Brands(tmp_path).get("nobody")


def test_rules_of_the_desks_own_hold_beside_those_of_the_brand_file(brand: Path, tmp_path: Path):
    brands = Brands(tmp_path / "own")
    assert not held(brands, brand, "Een flesje geduld.")
    own = brands.own_folder(str(brand))
    own.mkdir(parents=True)
    (own / "mine.yml").write_text(RULE.format(word="flesje"), encoding="utf-8")
    brands.look_again()
    assert held(brands, brand, "Een flesje geduld.")
    assert held(brands, brand, "Een snufje geduld.")
    (own / "mine.yml").unlink()
    brands.look_again()
    assert not held(brands, brand, "Een flesje geduld.")


def test_each_brand_has_a_folder_of_its_own():
    assert folder_name("hemlund") == "hemlund"
    assert folder_name("My-Brand/nl.yaml") == "my-brand-nl-yaml"
    assert folder_name("../..") == "hemlund"
