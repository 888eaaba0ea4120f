"""What the weights in `models/` must do; the trained model is part of the release, not of every checkout."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import torch

from webcare.domain import Triage
from webcare.encoder import Encoder
from webcare.encoder.artefact import CURRENT, current_folder
from webcare.triage.transformer import TransformerClassifier

MODELS = Path(__file__).parents[2] / "models"
LABELS = Path(__file__).parents[2] / "data" / "labels"
PLAIN = Path(__file__).parents[2] / "data" / "plain"
PLAIN_LANGUAGES = ("nl", "en", "sv", "nb", "da", "de")

pytestmark = pytest.mark.skipif(not (MODELS / CURRENT).exists(), reason="no trained weights in models/ yet")

CLEAR = [
    ("Waar blijft mijn bank? Hij zou dinsdag bezorgd worden.", "nl", "delivery", ("normal", "high")),
    ("The lamp caught fire and burned my daughter's arm, we are in A&E now", "en", "safety_legal", ("critical",)),
    ("Tusen takk for god hjelp i butikken i dag, dere er fantastiske!", "nb", "brand", ("low",)),
    ("Finns hyllan Lerum i lager i Malmö?", "sv", "availability", ("normal", "low")),
    ("Hvornår åbner I på søndag?", "da", "store", ("normal", "low")),
    ("Ihr habt mir den Betrag zweimal abgebucht und keiner antwortet!", "de", "payment", ("high",)),
    ("De bezorger was een topper, dank hoor", "nl", "brand", ("low",)),
    ("Love everything about this shop", "en", "brand", ("low",)),
    ("Ni har gjort min dag, tack!", "sv", "brand", ("low",)),
    ("Veldig bra kundeservice, kommer til å handle her igjen", "nb", "brand", ("low",)),
    ("Det gik bare så godt i dag hos jer, tusind tak for det hele", "da", "brand", ("low",)),
    ("Danke an das Team in Ulm, das war wirklich spitze heute", "de", "brand", ("low",)),
]


@pytest.fixture(scope="module")
def classifier() -> TransformerClassifier:
    return TransformerClassifier.load(MODELS)


@pytest.mark.parametrize(("text", "language", "topic", "urgency"), CLEAR)
def test_the_shipped_model_reads_a_clear_mention(
    classifier: TransformerClassifier, text: str, language: str, topic: str, urgency: tuple[str, ...]
) -> None:
    found = classifier.classify([text])[0]

    assert (found.language, found.topic) == (language, topic)
    assert found.urgency in urgency


def test_short_everyday_mentions_by_another_hand_are_read_right(classifier: TransformerClassifier) -> None:
    """Each limit a few texts under what was measured (`data/plain/README.md`)."""
    rows = [line.split("\t") for line in (PLAIN / "mentions.tsv").read_text(encoding="utf-8").splitlines()]
    texts = [(lang, row[:3], text) for row in rows for lang, text in zip(PLAIN_LANGUAGES, row[5:], strict=True)]
    read = classifier.classify([text for _, _, text in texts])

    def share(right: Callable[[str, list[str], Triage], bool], lang: str = "") -> float:
        met = [right(*one[:2], found) for one, found in zip(texts, read, strict=True) if lang in ("", one[0])]
        return sum(met) / len(met)

    assert len(texts) == 432
    assert share(lambda lang, _, found: found.language == lang) >= 0.98
    assert share(lambda lang, _, found: found.language == lang, "da") >= 0.93
    assert share(lambda _, labels, found: found.sentiment == labels[0]) >= 0.90
    assert share(lambda _, labels, found: found.urgency == labels[1]) >= 0.83
    assert share(lambda _, labels, found: found.topic == labels[2]) >= 0.86


def test_the_shipped_model_is_small_and_says_what_it_was_made_from() -> None:
    folder = current_folder(MODELS)

    assert sum(file.stat().st_size for file in folder.iterdir()) <= 50_000_000
    assert "licence" in (folder / "card.md").read_text(encoding="utf-8").lower()


def sample(count: int) -> list[str]:
    """Our own texts, evenly from all languages and files."""
    rows = [line for file in sorted(LABELS.glob("*.jsonl")) for line in file.read_text(encoding="utf-8").splitlines()]
    return [json.loads(row)["text"] for row in rows[:: max(1, len(rows) // count)]][:count]


def said(found: Sequence[Triage]) -> list[tuple[object, ...]]:
    return [(one.language, one.sentiment, one.urgency, one.topic, one.needs_reply, one.line) for one in found]


def test_the_shipped_models_labels_do_not_depend_on_company_or_order(classifier: TransformerClassifier) -> None:
    texts = sample(64)
    together = classifier.classify(texts)
    order = random.Random(2).sample(range(len(texts)), len(texts))
    shuffled = classifier.classify([texts[at] for at in order])

    assert [together[at] for at in order] == shuffled
    assert together[:20] == [classifier.classify([text])[0] for text in texts[:20]]
    assert together == [one for at in range(0, 64, 7) for one in classifier.classify(texts[at : at + 7])]


def test_the_shipped_models_labels_do_not_depend_on_threads(classifier: TransformerClassifier) -> None:
    texts, before = sample(48), torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        one = classifier.classify(texts)
        torch.set_num_threads(2)
        two = classifier.classify(texts)
    finally:
        torch.set_num_threads(before)

    assert said(one) == said(two)
    # Some processors add up in another order with another number of threads: the tenth digit may differ, no label.
    for alone, shared in zip(one, two, strict=True):
        assert alone.confidence == pytest.approx(shared.confidence, abs=1e-6)


def test_the_shipped_labels_are_those_of_full_precision(classifier: TransformerClassifier) -> None:
    if classifier.encoder.precision == "fp32":
        pytest.skip("this processor does not multiply in bf16; the desk reads in fp32")
    texts = sample(640)
    exact = TransformerClassifier(Encoder.load(MODELS, precision="fp32", device="cpu"))
    pairs = zip(said(classifier.classify(texts)), said(exact.classify(texts)), strict=True)

    assert sum(one != other for one, other in pairs) <= 0.005 * len(texts)
