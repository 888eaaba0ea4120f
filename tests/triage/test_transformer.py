from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.triage.tiny import SENTENCES, write_tiny
from webcare.domain import Triage
from webcare.encoder import Card, Encoded, Encoder, Weight
from webcare.encoder.decision import probabilities
from webcare.errors import ModelMissing, ModelUnusable
from webcare.settings import TriageSettings
from webcare.triage import load_classifier
from webcare.triage.keywords import KeywordClassifier
from webcare.triage.transformer import HEADS, TransformerClassifier, decide, strongest_words

AUTO = TriageSettings(engine="auto", unsorted_below=0.45, batch_size=16)


@pytest.fixture(scope="module")
def classifier(tiny_encoder: Encoder) -> TransformerClassifier:
    return TransformerClassifier(tiny_encoder)


def outputs(**chosen: list[float]) -> Encoded:
    logits = {head: np.zeros(len(names), dtype=np.float32) for head, names in HEADS.items()}
    logits |= {head: np.array(values, dtype=np.float32) for head, values in chosen.items()}
    return Encoded(np.zeros(32, dtype=np.float32), logits)


def test_every_text_gets_labels_probabilities_and_its_own_words(classifier: TransformerClassifier) -> None:
    found = classifier.classify(SENTENCES)

    for text, labels in zip(SENTENCES, found, strict=True):
        assert labels.model_version == "tiny-1" == classifier.version
        assert set(labels.confidence) == {*HEADS, "critical", "high"}
        assert all(0 <= value <= 1 for value in labels.confidence.values())
        assert labels.words
        assert all(word in text for word, _ in labels.words)
        assert [weight for _, weight in labels.words] == sorted((w for _, w in labels.words), reverse=True)


def test_labels_do_not_depend_on_company_or_order(classifier: TransformerClassifier) -> None:
    texts = [*SENTENCES, "", "👍", "kast " * 300]
    together = classifier.classify(texts)

    assert together == [classifier.classify([text])[0] for text in texts]
    assert together[::-1] == classifier.classify(texts[::-1])


@pytest.mark.parametrize("text", ["", "   ", "\x00", "\ud800", "...", "?!", "👍", "a" * 10_000, "\u200b" * 50, "你好"])
def test_hostile_text_is_labelled_without_a_fuss(classifier: TransformerClassifier, text: str) -> None:
    found = classifier.classify([text])[0]

    assert isinstance(found, Triage)
    for word, _ in found.words:
        assert len(word.encode("utf-8")) <= 160


def test_a_text_that_says_nothing_is_left_to_a_person(classifier: TransformerClassifier) -> None:
    found = classifier.classify(["", "...", " \n", "\u200b"])

    assert all((labels.language, labels.confidence["route"] < 0.45) == ("und", True) for labels in found)


def test_temperature_softens_without_changing_the_order() -> None:
    sharp, soft = probabilities(np.array([2.0, 1.0, -1.0]), 1.0), probabilities(np.array([2.0, 1.0, -1.0]), 2.0)

    assert sharp.argmax() == soft.argmax() == 0
    assert sharp[0] > soft[0]
    assert soft.sum() == pytest.approx(1)
    assert probabilities(np.array([3e38, -3e38], dtype=np.float32), 0.1).tolist() == [1.0, 0.0]


def test_costs_make_a_likely_enough_critical_win_over_a_likelier_normal(classifier: TransformerClassifier) -> None:
    costs = ((0.0, 4.0, 10.0, 20.0), (1.0, 0.0, 1.0, 2.0), (1.0, 0.5, 0.0, 0.5), (1.5, 1.0, 0.5, 0.0))
    card = classifier.encoder.card
    unsure = outputs(urgency=[1.0, 0.0, 1.6, 0.0])

    plain, weighed = decide(card, "x", unsure), decide(replace(card, costs={"urgency": costs}), "x", unsure)

    assert (plain.urgency, weighed.urgency) == ("normal", "critical")
    assert weighed.confidence["urgency"] == weighed.confidence["critical"] < plain.confidence["urgency"]


def test_what_is_urgent_needs_an_answer(classifier: TransformerClassifier) -> None:
    card = classifier.encoder.card

    assert decide(card, "x", outputs(urgency=[0.0, 5.0, 0.0, 0.0], needs_reply=[5.0, 0.0])).needs_reply
    assert not decide(card, "x", outputs(urgency=[0.0, 0.0, 0.0, 5.0], needs_reply=[5.0, 0.0])).needs_reply


def test_pieces_of_a_word_are_weighed_together() -> None:
    text = "Een brandwond, echt!"
    weights = [Weight(0, 3, 0.2), Weight(3, 9, 0.5), Weight(9, 13, 0.4), Weight(13, 14, 0.0), Weight(14, 19, -0.3)]

    assert strongest_words(text, weights) == (("brandwond", 0.9), ("Een", 0.2))


def test_a_model_that_answers_other_questions_is_refused(tmp_path: Path) -> None:
    heads = {**HEADS, "urgency": ("now", "later")}
    write_tiny(tmp_path, heads=heads)

    with pytest.raises(ModelUnusable, match="urgency; triage needs"):
        TransformerClassifier.load(tmp_path)


def test_auto_takes_the_trained_model_when_it_is_there(tiny_models: Path) -> None:
    assert load_classifier(AUTO, tiny_models).version == "tiny-1"


def test_auto_works_by_word_lists_without_a_model_and_says_why(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        found = load_classifier(AUTO, tmp_path)

    assert isinstance(found, KeywordClassifier)
    assert "word lists" in caplog.text
    assert "does not exist" in caplog.text


def test_auto_works_by_word_lists_when_the_model_is_broken(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_tiny(tmp_path)
    (tmp_path / "tiny-1" / "labels.json").unlink()

    assert isinstance(load_classifier(AUTO, tmp_path), KeywordClassifier)
    assert "labels.json is missing" in caplog.text


def test_a_desk_that_insists_on_the_model_hears_what_is_wrong(tmp_path: Path) -> None:
    insists = AUTO.model_copy(update={"engine": "transformer"})

    with pytest.raises(ModelMissing):
        load_classifier(insists, tmp_path)
    (tmp_path / "CURRENT").write_text("nowhere")
    with pytest.raises(ModelUnusable):
        load_classifier(insists, tmp_path)


def test_a_desk_may_choose_the_word_lists(tiny_models: Path) -> None:
    assert isinstance(load_classifier(AUTO.model_copy(update={"engine": "keywords"}), tiny_models), KeywordClassifier)


def test_a_card_needs_every_head(tiny_encoder: Encoder) -> None:
    card: Card = replace(tiny_encoder.card, labels={"sentiment": HEADS["sentiment"]})

    other = Encoder(card, tiny_encoder._network, tiny_encoder._tokenizer, precision="fp32", batch_size=1)
    with pytest.raises(ModelUnusable, match="None for language"):
        TransformerClassifier(other)
