"""From a trained network to the files in `models/`: calibrated, packed, described, checked."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from webcare.domain import Topic
from webcare.encoder import Card, Encoder
from webcare.encoder.artefact import Floats, write_artefact
from webcare.encoder.network import Network
from webcare.triage.training.agent_text import TRAINED_HEADS
from webcare.triage.training.base import Base
from webcare.triage.training.calibrate import Coverage, fit_alarm, fit_temperatures, softmax
from webcare.triage.training.data import PUBLIC, Row
from webcare.triage.training.evaluate import Report
from webcare.triage.transformer import TransformerClassifier

MAX_TOKENS = 256


def tensors_of(network: Network) -> dict[str, Floats]:
    """The network's state as the artefact holds it."""
    return {name: tensor.detach().float().numpy() for name, tensor in network.state_dict().items()}


def encoder_of(network: Network, base: Base, card: Card) -> Encoder:
    """The network in full precision behind the interface the desk uses, without going through files."""
    return Encoder(card, network.eval(), base.tokenizer(), precision="fp32", batch_size=32)


def plain_card(base: Base, version: str) -> Card:
    """A card without calibration."""
    plain = dict.fromkeys(TRAINED_HEADS, 1.0)
    most = min(MAX_TOKENS, base.shape.max_position_embeddings)
    return Card(version, base.shape, most, dict(TRAINED_HEADS), plain, base=base.name)


def calibrated(card: Card, encoder: Encoder, rows: Sequence[Row]) -> Card:
    """The card with temperatures and alarm fitted on rows the network was not trained on."""
    encoded = list(encoder.encode([row.text for row in rows]))
    logits = {head: np.stack([one.logits[head] for one in encoded]) for head in TRAINED_HEADS}
    truth = {head: np.array([_place(row, head) for row in rows]) for head in TRAINED_HEADS}
    temperatures = fit_temperatures(logits, truth)
    known = truth["urgency"] >= 0
    urgency, topic = (softmax(logits[head][known], temperatures[head]) for head in ("urgency", "topic"))
    safety = topic[:, TRAINED_HEADS["topic"].index(Topic.SAFETY_LEGAL.value)]
    return replace(card, temperatures=temperatures, alarm=fit_alarm(urgency, safety, truth["urgency"][known]))


def _place(row: Row, head: str) -> int:
    label = row.labels.get(head)
    return -1 if label is None else TRAINED_HEADS[head].index(label)


def flips(one: TransformerClassifier, other: TransformerClassifier, texts: Sequence[str]) -> dict[str, float]:
    """The share of texts to which two classifiers give different labels, by head and in any of them."""
    pairs = list(zip(one.classify(texts), other.classify(texts), strict=True))
    heads = ("language", "sentiment", "urgency", "topic", "needs_reply", "line")
    found = {head: float(np.mean([getattr(a, head) != getattr(b, head) for a, b in pairs])) for head in heads}
    found["any"] = float(np.mean([any(getattr(a, head) != getattr(b, head) for head in heads) for a, b in pairs]))
    return found


def retrieval_kept(before: NDArray[np.float32], after: NDArray[np.float32]) -> tuple[float, float]:
    """How much of the base's sense of likeness is left: rank correlation of cosines, and shared nearest neighbour."""
    ours, theirs = after @ after.T, before @ before.T
    np.fill_diagonal(ours, -1)
    np.fill_diagonal(theirs, -1)
    upper = np.triu_indices(len(before), 1)
    ranks = [np.argsort(np.argsort(found[upper])) for found in (ours, theirs)]
    correlation = float(np.corrcoef(ranks[0], ranks[1])[0, 1])
    return correlation, float((ours.argmax(axis=1) == theirs.argmax(axis=1)).mean())


def release(
    models_dir: Path, card: Card, network: Network, base: Base, *, words: str, metrics: dict[str, object]
) -> Path:
    """Write the version's folder with its card (`words`, Markdown) and its figures. Does not put it in force."""
    extra = {"card.md": words, "metrics.json": json.dumps(metrics, indent=1, ensure_ascii=False) + "\n"}
    return write_artefact(models_dir, card, tensors_of(network), base.tokenizer().to_str(), extra=extra)


def card_words(card: Card, rows: Sequence[Row], found: Report, curve: Sequence[Coverage], *, weak: str = "") -> str:
    """The model card: what it is, what it was made from under which licences, how good, how to read its doubts."""
    counts = Counter((row.source, row.lang) for row in rows)
    licences = dict.fromkeys(("own", "agent text"), "written for this project, Apache-2.0") | {
        one.name: one.licence for one in PUBLIC
    }
    licences["corrections"] = "the desk's own mentions, personal data removed; not to be passed on"
    lines = [
        f"# {card.version}",
        "",
        f"A multilingual encoder ({card.shape.num_hidden_layers} layers, {card.shape.hidden_size} wide, "
        f"{card.shape.vocab_size:,} pieces) with a head for each of: {', '.join(card.labels)}.",
        f"Base: {card.base}, licence MIT. Weights are stored in twelve bits, word embeddings in four; training kept "
        "these on the grid of four bits, so that storing them loses nothing.",
        "",
        "## Text it was trained on",
        "",
        "| set | licence | " + " | ".join(card.labels["language"]) + " |",
        "|---|---|" + "---|" * len(card.labels["language"]),
    ]
    for source in sorted({source for source, _ in counts}):
        cells = " | ".join(str(counts[source, lang]) for lang in card.labels["language"])
        lines.append(f"| {source} | {licences.get(source.removesuffix('_semeval25'), _licence(source))} | {cells} |")
    lines += ["", "## How good", "", "| figure | value |", "|---|---|"]
    lines += [f"| {name} | {value:.3f} |" for name, value in found.overall.items()]
    lines += ["", "## How much it decides by itself", "", "| sure of the line | decided | right |", "|---|---|---|"]
    lines += [f"| {point.threshold:.2f} | {point.covered:.3f} | {point.right:.3f} |" for point in curve]
    return "\n".join(lines) + (f"\n\n## Where it is weak\n\n{weak}\n" if weak else "\n")


def _licence(source: str) -> str:
    return next((one.licence for one in PUBLIC if one.name.startswith(source)), "unknown")
