"""`webcare rules`: tests what is in use, the desk's own slips included; saves and deletes only what frees no slip."""

import json
from pathlib import Path

import pytest

from tests.test_cli import webcare

RULE = """\
extends: existence
level: error
reason: promise
message: "'%s' promises what nobody can keep."
tokens: [zonder twijfel]
tests: {block: ["Hij komt zonder twijfel morgen."], pass: ["Hij komt morgen."]}
"""
SLIP = {"id": "reported-9", "lang": "nl", "market": "nl", "mention": "Komt mijn bank morgen?", "notes": [],
        "draft": "Zonder twijfel staat hij er.", "must": "block", "reason": ""}  # fmt: skip


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    slips = tmp_path / "data" / "guard" / "slips"
    (slips / "open").mkdir(parents=True)
    (tmp_path / "mine.yml").write_text(RULE, encoding="utf-8")
    return tmp_path


def put(desk: Path, *, held: bool) -> None:
    folder = desk / "data" / "guard" / "slips"
    file = (folder if held else folder / "open") / "reported.jsonl"
    file.write_text(json.dumps(SLIP) + "\n", encoding="utf-8")


def run(desk: Path, *arguments: str, stdin: str = "") -> tuple[int, str]:
    # An empty folder of models: nothing here needs the encoder, and it takes seconds.
    done = webcare(desk, "rules", *arguments, stdin=stdin.encode(), WEBCARE_DESK__MODELS_DIR=str(desk / "models"))
    return done.returncode, (done.stdout + done.stderr).decode()


def test_the_desks_own_slips_and_the_shipped_ones_are_tried_without_being_named(desk: Path):
    code, told = run(desk, "test")
    assert code == 0, told
    assert "brand hemlund: " in told
    assert "0 recorded slips in data/guard/slips are caught" in told
    assert told.count("recorded slips in") == 2
    put(desk, held=True)
    code, told = run(desk, "test")
    assert code == 2
    assert "would pass again: reported-9" in told


def test_a_rule_is_saved_settles_the_open_slip_and_cannot_be_taken_away_again(desk: Path):
    put(desk, held=False)
    code, told = run(desk, "save", "mine.yml")
    assert code == 0, told
    assert "1 reported slips that nothing held are held now" in told
    assert (desk / "data" / "guard" / "rules" / "hemlund" / "mine.yml").read_text(encoding="utf-8") == RULE
    assert run(desk, "test")[0] == 0
    code, told = run(desk, "delete", "mine")
    assert code == 2
    assert "would pass again: reported-9" in told


def test_a_broken_rule_is_named_with_file_and_line_and_not_saved(desk: Path):
    code, told = run(desk, "save", "-", "--name", "mine", stdin=RULE.replace("level: error", "level: loud"))
    assert code == 2
    assert "mine.yml, line 2" in told
    assert not (desk / "data" / "guard" / "rules").exists()


def test_every_brand_in_use_is_tested_with_its_own_rules(desk: Path):
    (desk / "ours").mkdir()
    (desk / "ours" / "a.yml").write_text(
        RULE.replace("tokens: [zonder twijfel]", "tokens: [beslist]"), encoding="utf-8"
    )
    (desk / "ours.yaml").write_text("name: Ours\nrules: [ours]\n", encoding="utf-8")
    (desk / "webcare.toml").write_text('[accounts.a]\nchannel = "x"\nexternal_id = "1"\nbrand = "ours.yaml"\n')
    code, told = run(desk, "test")
    assert code == 1
    assert "brand ours.yaml: 1 rules, 2 tests, 1 wrong" in told
    assert "a.yml, line 6" in told
    assert "brand hemlund: " in told


def test_guard_by_lines_holds_the_words_of_a_brand_file(desk: Path):
    (desk / "b.json").write_text(
        '{"name": "Ours", "lexicon": {"nl": {"klant": "gast"}}, "rules": []}', encoding="utf-8"
    )
    line = json.dumps({"id": 1, "lang": "nl", "mention": "Hoi", "notes": [], "draft": "Elke klant krijgt antwoord."})
    done = webcare(desk, "guard", "--json", "--no-model", "--brand", "b.json", stdin=line.encode())
    (found,) = [one for one in json.loads(done.stdout)["findings"] if one["reason"] == "brand_word"]
    assert (found["level"], found["start"], found["end"]) == ("error", 5, 10)
