"""What the weights in `models/` must do; the trained model is part of the release, not of every checkout."""

from __future__ import annotations

from pathlib import Path

import pytest

from webcare.encoder.artefact import CURRENT, current_folder
from webcare.triage.transformer import TransformerClassifier

MODELS = Path(__file__).parents[2] / "models"

pytestmark = pytest.mark.skipif(not (MODELS / CURRENT).exists(), reason="no trained weights in models/ yet")

CLEAR = [
    ("Waar blijft mijn bank? Hij zou dinsdag bezorgd worden.", "nl", "delivery", ("normal", "high")),
    ("The lamp caught fire and burned my daughter's arm, we are in A&E now", "en", "safety_legal", ("critical",)),
    ("Tusen takk for god hjelp i butikken i dag, dere er fantastiske!", "nb", "brand", ("low",)),
    ("Hvornår åbner I på søndag?", "da", "store", ("normal", "low")),
    ("Ihr habt mir den Betrag zweimal abgebucht und keiner antwortet!", "de", "payment", ("high",)),
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


@pytest.mark.xfail(strict=True, reason="triage-2026.11 says store: the town weighs more than the stock")
def test_the_shipped_model_tells_stock_in_a_shop_from_the_shop_itself(classifier: TransformerClassifier) -> None:
    assert classifier.classify(["Finns hyllan Lerum i lager i Malmö?"])[0].topic == "availability"


def test_the_shipped_model_is_small_and_says_what_it_was_made_from() -> None:
    folder = current_folder(MODELS)

    assert sum(file.stat().st_size for file in folder.iterdir()) <= 50_000_000
    assert "licence" in (folder / "card.md").read_text(encoding="utf-8").lower()


def test_the_shipped_models_labels_do_not_depend_on_company(classifier: TransformerClassifier) -> None:
    texts = [row[0] for row in CLEAR] * 3

    assert classifier.classify(texts) == [classifier.classify([text])[0] for text in texts]
