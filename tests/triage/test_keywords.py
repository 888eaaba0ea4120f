from __future__ import annotations

import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webcare.domain import LANGUAGES, Topic
from webcare.triage.keywords import LEXICON, KeywordClassifier, default_classifier
from webcare.triage.lexicon import WordList, split_words

KEYWORDS = default_classifier()

# text, language, sentiment, urgency, topic, needs_reply, line; None where a word list cannot be expected to know
TABLE = [
    ("Waar blijft mijn pakket? Het zou gisteren bezorgd worden.", "nl", None, "normal", "delivery", True, "first_line"),
    ("Mijn dochter heeft brandwonden door jullie lamp, we zitten in het ziekenhuis", "nl", "negative", "critical",
     "safety_legal", True, "second_line"),
    ("Wat een prachtige kast, zo blij mee! Dank je wel 😍", "nl", "positive", "low", "brand", False, "first_line"),
    ("Ik heb nu al drie keer gemaild en nog steeds geen reactie over mijn geld terug", "nl", "negative", "high",
     "payment", True, "second_line"),
    ("Do you still have the oak table in stock?", "en", "neutral", "normal", "availability", True, "first_line"),
    ("My solicitor will be in touch about the burns on my son's arm", "en", "negative", "critical", "safety_legal",
     True, "second_line"),
    ("Absolutely love my new sofa, thank you so much!", "en", "positive", "low", "brand", False, "first_line"),
    ("This is not good, the drawer arrived broken", "en", "negative", "normal", "product_fault", True, "first_line"),
    ("När öppnar butiken på söndag?", "sv", "neutral", "normal", "store", True, "first_line"),
    ("Glas i maten! Min dotter blödde ur munnen, vi åkte till akuten", "sv", "negative", "critical", "safety_legal",
     True, "second_line"),
    ("Älskar min nya hylla, tack för toppen service", "sv", "positive", "low", "brand", False, "first_line"),
    ("Hvor er pakken min? Den skulle vært levert på mandag", "nb", None, "normal", "delivery", True, "first_line"),
    ("Lampen begynte å brenne og jeg fikk brannskader på hånden", "nb", "negative", "critical", "safety_legal", True,
     "second_line"),
    ("Tusen takk for hyggelig hjelp, veldig fornøyd", "nb", "positive", "low", "brand", False, "first_line"),
    ("Hvornår kommer min levering? Jeg har ikke modtaget noget", "da", None, "normal", "delivery", True, "first_line"),
    ("Min søn fik glasskår i munden, vi sidder på skadestuen", "da", "negative", "critical", None, True, "second_line"),
    ("Mange tak for hjælpen, I er bare så søde", "da", "positive", "low", "brand", False, "first_line"),
    ("Wann wird mein Paket geliefert? Ich warte noch auf die Sendung", "de", None, "normal", "delivery", True,
     "first_line"),
    ("Der Schrank ist umgekippt, meine Tochter ist verletzt im Krankenhaus", "de", "negative", "critical", None, True,
     "second_line"),
    ("Vielen Dank, das Regal ist wunderschön, sehr zufrieden", "de", "positive", "low", "brand", False, "first_line"),
]  # fmt: skip

HOSTILE = ["", " ", "\n\t", "\x00\x01\x02", "?", "!!!!", "👍", "a" * 10_000, "é" * 500, "שלום", "你好",
           "'" * 50, "1234567890", "a\u0301" * 300, "\u202egnirts", "*" * 20, "\ud800", "tack " * 9_000]  # fmt: skip


@pytest.mark.parametrize(("text", "language", "sentiment", "urgency", "topic", "needs_reply", "line"), TABLE)
def test_plain_words_are_read_as_a_colleague_would(
    text: str, language: str, sentiment: str | None, urgency: str, topic: str | None, needs_reply: bool, line: str
) -> None:
    found = KEYWORDS.classify([text])[0]

    assert (found.language, found.urgency, found.needs_reply, found.line) == (language, urgency, needs_reply, line)
    assert sentiment in (None, found.sentiment)
    assert topic in (None, found.topic)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_labelled_without_a_fuss(text: str) -> None:
    found = KEYWORDS.classify([text], ["xx"])[0]

    assert set(found.confidence) == {"language", "sentiment", "urgency", "topic", "needs_reply", "route"}
    assert all(0 <= value <= 1 for value in found.confidence.values())


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300), st.sampled_from([None, "nl", "da", "fr", ""]))
def test_any_text_is_labelled(text: str, hint: str | None) -> None:
    found = KEYWORDS.classify([text], [hint])[0]

    assert found.model_version == "keywords-1"
    assert len(found.words) <= 6


def test_a_text_without_a_known_word_is_too_unsure_for_a_queue() -> None:
    found = KEYWORDS.classify(["Zxqv blorp nnngh", "", "你好"])

    assert all(labels.confidence["route"] < 0.45 for labels in found)


def test_no_label_claims_to_be_surer_than_word_lists_can_be() -> None:
    found = KEYWORDS.classify([row[0] for row in TABLE])

    assert all(labels.confidence[head] <= 0.75 for labels in found for head in ("sentiment", "urgency", "topic"))


def test_the_words_that_weighed_are_the_customers_own() -> None:
    found = KEYWORDS.classify(["The lamp started SMOKING and burned my hand"])[0]

    assert found.words[0][0] == "SMOKING"
    assert found.words[0][1] == max(weight for _, weight in found.words)


def test_a_denied_good_word_counts_as_bad() -> None:
    good, bad = KEYWORDS.classify(["Ik ben blij met de kast", "Ik ben niet blij met de kast"])

    assert (good.sentiment, bad.sentiment) == ("positive", "negative")


@pytest.mark.parametrize(
    ("text", "hint", "expected"),
    [("hej", "da", "da"), ("super", "de", "de"), ("Hvad koster den?", "nb", "da"), ("hello there", "xx", "en"),
     ("", "sv", "sv"), ("", None, "und"), ("12345", None, "und"), ("Dank je wel", "en", "nl")],
)  # fmt: skip
def test_the_networks_hint_helps_only_where_the_text_does_not_tell(text: str, hint: str | None, expected: str) -> None:
    assert KEYWORDS.language(text, hint)[0] == expected


def test_results_do_not_depend_on_company_or_order() -> None:
    texts = [row[0] for row in TABLE]
    together = KEYWORDS.classify(texts)

    assert together == [KEYWORDS.classify([text])[0] for text in texts]
    assert together[::-1] == KEYWORDS.classify(texts[::-1])


def test_every_language_has_a_list_for_every_topic_and_no_entry_is_empty() -> None:
    raw = tomllib.loads(LEXICON.read_text(encoding="utf-8"))

    for language in LANGUAGES:
        assert set(raw[language]["topic"]) == {topic.value for topic in Topic}
        listed = [*raw[language]["topic"].values(), *(v for v in raw[language].values() if isinstance(v, str))]
        assert all(entry.strip() for text in listed for entry in text.split(","))


def test_a_beginning_finds_compounds_and_a_phrase_needs_all_its_words() -> None:
    listed = WordList({"a": ["lever*"], "b": ["track & trace"], "c": ["t-shirt"]})

    assert [hit.label for hit in listed.find(split_words("Levering: Track & Trace T-SHIRT track"))] == ["a", "b", "c"]


def test_a_classifier_made_anew_gives_the_same_labels() -> None:
    assert KeywordClassifier().classify([TABLE[0][0]]) == KEYWORDS.classify([TABLE[0][0]])
