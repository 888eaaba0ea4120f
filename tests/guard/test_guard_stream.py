"""`webcare guard --json`: a verdict per line, in order, whatever the lines hold."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webcare.errors import SettingsError
from webcare.guard.profile import Profile, load_profile
from webcare.guard.stream import guard_lines

GOOD = {
    "id": "7",
    "lang": "nl",
    "mention": "Waar blijft mijn kast?",
    "notes": [],
    "draft": "Hoi Anna, hij is onderweg!",
}


def line(**changes: object) -> str:
    return json.dumps({**GOOD, **changes})


def answers(*lines: str | bytes, brand: Profile | None = None) -> list[dict[str, object]]:
    """The answers without what could not be checked, which differs from machine to machine."""
    return [{key: value for key, value in row.items() if key != "missing"} for row in guard_lines(lines, brand=brand)]


def test_heads_that_are_not_there_are_named() -> None:
    (answer,) = guard_lines([line(notes=["Eerder gebeld."])])
    assert {"said_again: no trained model is at hand", "note_like: no trained model is at hand"} <= set(
        answer["missing"]
    )


def test_a_line_gives_its_id_verdict_and_findings() -> None:
    draft = "Hoi [naam], je kast komt eraan"
    assert answers(line(), line(id=8, draft=draft)) == [
        {"id": "7", "verdict": "pass", "findings": []},
        {
            "id": 8,
            "verdict": "block",
            "findings": [
                {
                    "check": "markers",
                    "reason": "placeholder",
                    "level": "error",
                    "start": 4,
                    "end": 10,
                    "message": "“[naam]” was not filled in. Fill it in or take it out.",
                }
            ],
        },
    ]


def test_a_note_in_the_draft_blocks() -> None:
    note = "Vervoerder raakte pallet kwijt bij overslag Tilburg"
    (answer,) = answers(line(notes=["Eerder gebeld.", note], draft=f"Sorry! {note}"))
    assert answer["verdict"] == "block"


def test_notes_mention_and_language_may_be_left_out_or_null() -> None:
    assert answers('{"id": "a", "draft": "Hoi!"}', line(notes=None, mention=None, lang=None, channel=None)) == [
        {"id": "a", "verdict": "pass", "findings": []},
        {"id": "7", "verdict": "pass", "findings": []},
    ]


def test_one_note_as_plain_text_counts_as_one_note() -> None:
    note = "Vervoerder raakte pallet kwijt bij overslag Tilburg"
    assert answers(line(notes=note, draft=note))[0]["verdict"] == "block"


BAD = [
    ("{nope", "the line is not valid JSON: Expecting property name enclosed in double quotes at character 2"),
    ("[]", "the line must be a JSON object with id, lang, mention, notes and draft"),
    ("null", "the line must be a JSON object with id, lang, mention, notes and draft"),
    ('{"draft": "Hoi"}', "id must be a text or a whole number"),
    ('{"id": true, "draft": "Hoi"}', "id must be a text or a whole number"),
    ('{"id": "1"}', "draft must be a text"),
    ('{"id": "1", "draft": 3}', "draft must be a text"),
    ('{"id": "1", "draft": "x", "notes": [1]}', "notes must be a text or a list of texts"),
    ('{"id": "1", "draft": "x", "mention": {}}', "mention must be a text"),
    ('{"id": "1", "draft": "x", "lang": 1}', "lang must be a text"),
    (b'{"id": "\xff"}', "the line is not UTF-8 text: invalid start byte at byte 8"),
    ("[" * 100_000, "the line holds JSON that is too deep or too large"),
]


@pytest.mark.parametrize(("bad", "error"), BAD, ids=[error[:40] for _, error in BAD])
def test_a_bad_line_says_what_is_wrong_and_the_rest_goes_on(bad: str | bytes, error: str) -> None:
    first, second, third = answers(line(), bad, line(id="9"))
    assert (first["verdict"], third["id"], third["verdict"]) == ("pass", "9", "pass")
    assert (second["line"], second["error"]) == (2, error)


def test_a_bad_line_with_an_id_keeps_it() -> None:
    assert answers('{"id": "x1", "draft": null}') == [{"id": "x1", "line": 1, "error": "draft must be a text"}]


def test_blank_lines_are_passed_over_but_counted() -> None:
    assert answers("", "  \n", "nonsense")[0]["line"] == 3


def test_bytes_and_a_byte_order_mark_are_read() -> None:
    assert answers(b"\xef\xbb\xbf" + line().encode(), "\ufeff" + line())[0]["verdict"] == "pass"


def test_the_rule_of_the_channel_is_asked_for_by_name() -> None:
    def length_of(channel: str) -> Callable[[str], tuple[int, int]] | None:
        if channel == "telex":
            raise SettingsError("there is no channel called 'telex'")
        return (lambda text: (len(text), 10)) if channel == "x" else None

    rows = [line(channel="x"), line(channel="facebook"), line(channel="telex"), line()]
    got = list(guard_lines(rows, length_of=length_of))
    assert got[0]["findings"][0]["reason"] == "too_long"
    assert got[1]["verdict"] == "pass"
    assert got[2] == {"id": "7", "line": 3, "error": "there is no channel called 'telex'"}
    assert got[3]["verdict"] == "pass"


def test_answers_come_before_the_next_line_is_read() -> None:
    read = []

    def lines() -> object:
        for number in range(3):
            read.append(number)
            yield line(id=number)

    stream = guard_lines(lines())  # type: ignore[arg-type]
    assert next(stream)["id"] == 0
    assert read == [0]


@given(st.text(max_size=200) | st.binary(max_size=200))
def test_any_line_gives_at_most_one_answer_that_can_be_written_as_json(text: str | bytes) -> None:
    got = answers(text)
    assert len(got) <= 1
    json.dumps(got)


# --- brand files ------------------------------------------------------------------------------------

TOML = """
name = "Hemlund"
colleagues = ["Sanne de Vries", "svries"]
queues = ["finance-nl"]
internal_hosts = ["desk.hemlund.example"]
shareable = ["Terugroepactie betreft fluitketels met partijnummer 8812."]
"""


def test_a_brand_file_adds_colleagues_queues_hosts_and_facts(tmp_path: Path) -> None:
    file = tmp_path / "brand.toml"
    file.write_text(TOML, encoding="utf-8")
    brand = load_profile(file)
    note = "Terugroepactie betreft fluitketels met partijnummer 8812"
    drafts = ["Vraag het @svries", "Sta je in finance-nl?", "Zie desk.hemlund.example", f"Klopt! {note}."]
    rows = [line(draft=draft, notes=[note]) for draft in drafts]
    assert [answer["verdict"] for answer in answers(*rows, brand=brand)] == ["block", "block", "block", "pass"]
    assert [answer["verdict"] for answer in answers(*rows)] == ["pass", "pass", "pass", "block"]


def test_a_brand_file_may_be_json_and_may_be_empty(tmp_path: Path) -> None:
    file = tmp_path / "brand.json"
    file.write_text('{"name": "Hemlund", "queues": ["finance-nl"]}', encoding="utf-8")
    assert load_profile(file) == Profile(name="Hemlund", queues=("finance-nl",))
    file.write_text("{}", encoding="utf-8")
    assert load_profile(file) == Profile()


BROKEN = [
    ("brand.toml", "a = 1\nb = oops\n", "line 2 is not valid TOML"),
    ("brand.toml", 'name = "Hemlund"\nqueues = [', "line 2 is not valid TOML: Invalid value"),
    ("brand.toml", 'name = "Hemlund"\nqueue = []', "line 2: unknown key 'queue'"),
    ("brand.toml", 'name = "Hemlund"\n\nqueues = "finance"', "line 3: queues must be a list of texts"),
    ("brand.toml", "name = 3", "line 1: name must be a text"),
    ("brand.json", '{\n"name": "Hemlund",\n}', "line 3 is not valid JSON"),
    ("brand.json", "[]", "line 1: a brand file holds named values, not list"),
    ("brand.json", "[" * 100_000, "nested too deeply"),
]


@pytest.mark.parametrize(("name", "text", "error"), BROKEN)
def test_a_broken_brand_file_is_named_with_its_line(tmp_path: Path, name: str, text: str, error: str) -> None:
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load_profile(file)
    assert str(file) in str(caught.value)
    assert error in str(caught.value)


def test_a_brand_file_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read as text"):
        load_profile(tmp_path / "missing.toml")
    file = tmp_path / "latin.toml"
    file.write_bytes(b'name = "\xe9"')
    with pytest.raises(SettingsError, match="cannot be read as text"):
        load_profile(file)


def test_a_fault_of_ours_in_one_line_is_named_and_costs_no_other_answer() -> None:
    def length_of(channel: str) -> Callable[[str], tuple[int, int]]:
        def count(text: str) -> tuple[int, int]:
            if "boom" in text:
                raise RuntimeError("boom")
            return len(text), 280

        return count

    lines = [json.dumps({"id": n, "draft": draft, "channel": "x"}) for n, draft in enumerate(("Hi!", "boom", "Hello!"))]
    answers = list(guard_lines(lines, length_of=length_of))
    assert [answer["id"] for answer in answers] == [0, 1, 2]
    assert answers[1]["line"] == 2
    assert "a fault of ours (RuntimeError); do not send the draft" in answers[1]["error"]
    assert "verdict" not in answers[1]
