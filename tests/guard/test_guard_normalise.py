"""Tokens survive disguise and keep their place in the text as written."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webcare.guard.normalise import fold, tokens
from webcare.guard.numerals import NUMERALS


def words(text: str) -> list[str]:
    return [token.text for token in tokens(text)]


SAME = [
    ("De KLANT héeft gelijk", "de klant heeft gelijk"),
    ("k l a n t", "klant"),
    ("k.l.a.n.t", "klant"),
    ("b o o s  e n  m o e", "boos en moe"),
    ("klant\u200bnummer", "klantnummer"),
    ("soft\u00adhyphen", "softhyphen"),
    ("кlаnt", "klant"),
    ("ｋｌａｎｔ", "klant"),
    ("𝓴𝓵𝓪𝓷𝓽", "klant"),
    ("ⓚⓛⓐⓝⓣ", "klant"),
    ("A\u030angström", "angstrom"),
    ("Größe", "GRÖSSE"),
    ("smørbrød", "smorbrod"),
    ("2.300 stuks", "2300 stuks"),
    ("2 300 stuks", "2300 stuks"),
    ("2\u202f300 stuks", "2300 stuks"),
    ("1'000'000", "1000000"),
    ("49,00 euro", "49 euro"),
    ("14:30", "14,30"),
    ("50euro", "50 euro"),
    ("№ 07", "no 7"),
    ("٣ keer", "3 keer"),
]


@pytest.mark.parametrize(("disguised", "plain"), SAME)
def test_a_disguised_text_gives_the_tokens_of_the_plain_one(disguised: str, plain: str) -> None:
    assert words(disguised) == words(plain) != []


NUMBERS = [
    ("drie", "3"),
    ("één", "1"),
    ("vijfentwintig", "25"),
    ("driehonderd", "300"),
    ("twenty five", "25"),
    ("twenty-five", "25"),
    ("two hundred", "200"),
    ("tjugofem", "25"),
    ("två hundra", "200"),
    ("åtta", "8"),
    ("femogtyve", "25"),
    ("enogtredive", "31"),
    ("halvfjerds", "70"),
    ("tjuefem", "25"),
    ("sytti", "70"),
    ("fünfundzwanzig", "25"),
    ("dreißig", "30"),
    ("zweihundert", "200"),
    ("tweeduizend", "2000"),
]


@pytest.mark.parametrize(("written", "digits"), NUMBERS)
def test_number_words_become_digits(written: str, digits: str) -> None:
    assert words(written) == [digits]


def test_number_words_are_spelled_as_folding_leaves_them() -> None:
    assert [word for word in NUMERALS if fold(word) != word] == []


def test_links_and_mail_addresses_are_one_token_without_closing_punctuation() -> None:
    text = "Zie https://hemlund.example/retour?x=1. Of mail jan@hemlund.example!"
    assert [text[t.start : t.end] for t in tokens(text)][1::3] == [
        "https://hemlund.example/retour?x=1",
        "jan@hemlund.example",
    ]


def test_single_letters_of_ordinary_text_stay_apart() -> None:
    assert words("i a") == ["i", "a"]
    assert words("vitamine a en b") == ["vitamine", "a", "1", "b"]


def test_a_token_points_at_the_characters_it_came_from() -> None:
    text = "Hoi 👋 h\u200be\u200bé\u200bft ﬁjn"
    assert [text[t.start : t.end] for t in tokens(text)] == ["Hoi", "h\u200be\u200bé\u200bft", "ﬁjn"]


@given(st.text(max_size=400))
def test_tokens_lie_in_order_inside_any_text(text: str) -> None:
    start = 0
    for token in tokens(text):
        assert start <= token.start < token.end <= len(text)
        assert token.text
        start = token.start


@given(st.text(alphabet=st.characters(max_codepoint=0x17F, exclude_characters="ĿŀŉĲĳ"), max_size=80))
def test_case_and_canonical_form_make_no_difference(text: str) -> None:
    assert words(unicodedata.normalize("NFD", text)) == words(unicodedata.normalize("NFC", text))
