"""Labels mentions with the trained encoder: calibrated probabilities, danger heard, words that weighed most."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from webcare.domain import LANGUAGES, Line, Sentiment, Topic, Triage, Urgency
from webcare.encoder import Card, Encoded, Encoder, Weight
from webcare.encoder.decision import choose_all, probabilities
from webcare.errors import ModelUnusable
from webcare.triage.keywords import UNKNOWN_LANGUAGE
from webcare.triage.lexicon import shown
from webcare.triage.spoken import weighed

#: What each head must answer; a model with other labels is of no use here.
HEADS: Mapping[str, tuple[str, ...]] = {
    "language": LANGUAGES,
    "sentiment": tuple(Sentiment),
    "urgency": tuple(Urgency),
    "topic": tuple(Topic),
    "needs_reply": ("false", "true"),
    "route": tuple(Line),
}
#: The heads whose words are shown: what is wrong, how bad, and how the writer feels.
_EXPLAINED = ("sentiment", "urgency", "topic")
_MOST_WORDS = 6
_UNREAD = 0.3  # below the usual threshold of the unsorted lane


class TransformerClassifier:
    """A `Classifier` on the shipped encoder. Safe to share between threads."""

    def __init__(self, encoder: Encoder) -> None:
        check_labels(encoder.card)
        self.encoder = encoder

    @classmethod
    def load(cls, models_dir: Path, *, batch_size: int = 32) -> TransformerClassifier:
        """Load the model in force. Raises ModelMissing or ModelUnusable."""
        return cls(Encoder.load(models_dir, batch_size=batch_size))

    @property
    def version(self) -> str:
        """The version on the model's card."""
        return self.encoder.card.version

    def classify(self, texts: Sequence[str], langs: Sequence[str | None] | None = None) -> list[Triage]:
        """Label each text; result i belongs to texts[i]. The network's language hints are not needed here.

        Texts longer than the model reads keep their start and their end. Never raises on any text.
        """
        encoded = self.encoder.encode(texts, explain=_EXPLAINED)
        return [decide(self.encoder.card, text, one) for text, one in zip(texts, encoded, strict=True)]


def check_labels(card: Card) -> None:
    """Raise ModelUnusable unless the model answers what triage asks."""
    for head, wanted in HEADS.items():
        names = card.labels.get(head)
        if names is None or set(names) != set(wanted):
            raise ModelUnusable(f"model {card.version} has labels {names} for {head}; triage needs {tuple(wanted)}")


def decide(card: Card, text: str, encoded: Encoded) -> Triage:
    """Turn the network's outputs for one text into labels."""
    if not any(unicodedata.category(letter)[0] in "LNS" for letter in text):
        return _nothing_said(card)
    odds = {head: probabilities(encoded.logits[head], card.temperatures.get(head, 1.0)) for head in HEADS}
    odds["language"] = weighed(odds["language"], card.labels["language"], text)
    said = {head: int(place) for head, place in choose_all(card, odds).items()}
    names = {head: card.labels[head][at] for head, at in said.items()}
    confidence = {head: float(odds[head][at]) for head, at in said.items()}
    for level in (Urgency.CRITICAL, Urgency.HIGH):
        confidence[level.value] = float(odds["urgency"][card.labels["urgency"].index(level.value)])
    return Triage(
        language=names["language"],
        sentiment=Sentiment(names["sentiment"]),
        urgency=Urgency(names["urgency"]),
        topic=Topic(names["topic"]),
        # Nobody in danger or at a loss is left without an answer, whatever the head for it says.
        needs_reply=names["needs_reply"] == "true" or names["urgency"] in (Urgency.CRITICAL, Urgency.HIGH),
        line=Line(names["route"]),
        confidence=confidence,
        model_version=card.version,
        words=strongest_words(text, encoded.weights),
    )


def strongest_words(text: str, weights: Iterable[Weight]) -> tuple[tuple[str, float], ...]:
    """Join the weights of a word's pieces and give the words that spoke most for the labels, strongest first."""
    words: dict[str, float] = {}
    for start, end, weight in _whole_words(text, weights):
        written = shown(text[start:end].strip(" \t\n.,;:!?\"'()…"))
        if written and weight > 0:
            words[written] = max(words.get(written, 0.0), weight)
    ranked = sorted(words.items(), key=lambda word: -word[1])[:_MOST_WORDS]
    return tuple((word, round(weight, 3)) for word, weight in ranked)


def _whole_words(text: str, weights: Iterable[Weight]) -> list[tuple[int, int, float]]:
    merged: list[tuple[int, int, float]] = []
    for piece in weights:
        if merged and not any(letter.isspace() for letter in text[merged[-1][1] - 1 : piece.start + 1]):
            start, _, weight = merged[-1]
            merged[-1] = (start, max(piece.end, merged[-1][1]), weight + piece.weight)
        else:
            merged.append((piece.start, piece.end, piece.weight))
    return merged


def _nothing_said(card: Card) -> Triage:
    """A text without a letter, digit or sign: often a picture alone. A person looks at it."""
    return Triage(
        language=UNKNOWN_LANGUAGE,
        sentiment=Sentiment.NEUTRAL,
        urgency=Urgency.LOW,
        topic=Topic.OTHER,
        needs_reply=False,
        line=Line.FIRST_LINE,
        confidence=dict.fromkeys(HEADS, _UNREAD) | {"language": 0.0},
        model_version=card.version,
    )
