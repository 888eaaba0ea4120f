"""Brand profiles: three notations, one meaning; what is wrong is named with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from webcare.errors import SettingsError
from webcare.guard.profile import DEFAULT, find_profile, load_profile
from webcare.guard.rules.brands import load_brand
from webcare.settings import Settings, load_settings

YAML = """
name: Hemlund
domains: [hemlund.example]
address: {nl: informal, no: formal}
lexicon: {no: {hejsan: heisann, tack: }}
limits: {characters: 600}
tone: {humour: playful}
spelling: {nl: [Bolma], any: [Klarna]}
order_numbers: ['HL-[0-9]{8}']
rules: [rules]
"""


def test_a_yaml_profile_is_read_and_norway_is_no_falsehood(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    file = tmp_path / "brand.yaml"
    file.write_text(YAML, encoding="utf-8")
    profile = load_profile(file)
    assert profile.address == {"nl": "informal", "no": "formal"}
    assert profile.lexicon == {"no": {"hejsan": "heisann", "tack": ""}}
    assert (profile.limits, profile.tone) == ({"characters": 600}, {"humour": "playful"})
    assert profile.words("nl") == ("Hemlund", "Klarna", "Bolma")
    assert profile.rules == (tmp_path / "rules",)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("colour: red", "line 1: unknown key 'colour'"),
        ("name: x\nproducts: Bolma", "line 2: products must be a list of texts"),
        ("address: {nl: rude}", "line 1: address of nl must be one of informal, formal"),
        ("address: {Dutch: formal}", "line 1: address goes by market or language"),
        ("lexicon: {nl: [hej]}", "line 1: lexicon of nl must name each word"),
        ("limits: {characters: many}", "line 1: limits of characters must be a whole number"),
        ("limits: {words: 3}", "line 1: unknown limit 'words'"),
        ("tone: {humour: always}", "line 1: humour must be one of"),
        ("tone: {mood: good}", "line 1: unknown tone 'mood'"),
        ("order_numbers: ['(']", "line 1: '(' is not a regular expression"),
        ("\nrules: [nowhere]", "line 2: there is no folder"),
        ("[a, b]", "line 1: a brand file holds named values, not list"),
        ("name: a\n---\nname: b", "line 3: a brand file holds one brand"),
        ("name: a\nname: b", "line 2: 'name' stands here twice"),
        ("name: [", "is not valid YAML"),
    ],
)
def test_a_broken_profile_is_named_with_its_line(tmp_path: Path, text: str, why: str) -> None:
    file = tmp_path / "brand.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load_profile(file)
    assert str(file) in str(caught.value)
    assert why in str(caught.value)


def test_a_brand_goes_by_name_or_by_path(tmp_path: Path) -> None:
    assert find_profile(DEFAULT).name == "brand.yaml"
    (tmp_path / "own.toml").write_text('name = "Own"', encoding="utf-8")
    assert load_brand("own.toml", tmp_path).profile.name == "Own"
    with pytest.raises(SettingsError, match=r"there is no brand 'nobody'.*hemlund"):
        find_profile("nobody")


def test_each_account_speaks_as_its_own_brand(tmp_path: Path) -> None:
    from webcare.app import App

    own = tmp_path / "own.yaml"
    own.write_text("name: Own", encoding="utf-8")
    account = {"channel": "x", "external_id": "1"}
    shipped = load_settings(env={}).model_dump()
    accounts = {"a": {**account, "brand": str(own)}, "b": account, "c": {**account, "brand": "nobody"}}
    app = App(Settings.model_validate({**shipped, "accounts": accounts}))
    assert app.brand_of("a").profile.name == "Own"
    assert app.brand_of("b").profile.name == "Hemlund"
    with pytest.raises(SettingsError, match="brand of account c"):
        app.brand_of("c")
