"""The language of a text: the network's word and the words' own, together."""

import numpy as np
import pytest

from webcare.domain import LANGUAGES
from webcare.triage.spoken import weighed

UNDECIDED = np.full(len(LANGUAGES), 1 / len(LANGUAGES))


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("Hvor meget koster det nu?", "da"),
        ("Hvor mye koster det nå?", "nb"),
        ("Hur mycket kostar det nu?", "sv"),
        ("Hoeveel kost het nu?", "nl"),
        ("Wie viel kostet das jetzt?", "de"),
        ("How much is it now?", "en"),
        ("HVOR MEGET KOSTER DET NU? @hvormyemaaler #nå https://example.no/hva/mye", "da"),
        ("Hvad’ med jer?", "da"),
    ],
)
def test_where_the_network_cannot_tell_the_words_do(text: str, lang: str) -> None:
    odds = weighed(UNDECIDED, LANGUAGES, text)
    assert odds.sum() == pytest.approx(1)
    assert LANGUAGES[int(odds.argmax())] == lang


def test_a_word_that_all_share_leaves_it_to_the_network() -> None:
    unsure = np.array([0.6 if lang == "nb" else 0.3 if lang == "da" else 0.025 for lang in LANGUAGES])
    assert LANGUAGES[int(weighed(unsure, LANGUAGES, "jeg er her").argmax())] == "nb"


@pytest.mark.parametrize("text", ["", "😀 !!!", "@handle #tag", "12 345"])
def test_without_a_word_nothing_changes(text: str) -> None:
    odds = np.array([0.5, 0.2, 0.1, 0.1, 0.05, 0.05])
    np.testing.assert_allclose(weighed(odds, LANGUAGES, text), odds)


def test_a_sure_zero_and_an_endless_text_stay_numbers() -> None:
    odds = weighed(np.array([1.0, 0, 0, 0, 0, 0]), LANGUAGES, "det " * 100_000)
    assert np.isfinite(odds).all()
    assert odds.sum() == pytest.approx(1)
