"""A very small real model: a random BERT, real heads and a tokenizer made on the spot, written as a release is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from webcare.encoder import Card, Shape
from webcare.encoder.artefact import set_current, write_artefact
from webcare.encoder.network import Network
from webcare.triage.transformer import HEADS

SENTENCES = (
    "Waar blijft mijn bestelling? Ik wacht al drie weken op de kast.",
    "The lamp you sold me started to smoke and burned my hand.",
    "Tack för snabb hjälp i butiken idag, ni är bäst!",
    "Hvor lenge må jeg vente på svar fra dere om refusjonen?",
    "Jeg har fået en forkert vare, hvad gør jeg nu?",
    "Der Schrank wackelt und zwei Schrauben fehlen in der Lieferung.",
)


@cache
def tiny_tokenizer() -> Tokenizer:
    """A unigram tokenizer of every word and letter of the sentences, marking the start and end of a text."""
    written = [*SENTENCES, "a < b / c > d"]
    words = sorted({f"▁{word}" for sentence in written for word in sentence.split() if len(word) < 7})
    letters = sorted({letter for sentence in written for letter in sentence if not letter.isspace()})
    pieces = [(word, -5.0 - len(word) / 10) for word in words] + [(letter, -8.0) for letter in ["▁", *letters]]
    special = [(mark, 0.0) for mark in ("<s>", "<pad>", "</s>", "<unk>")]
    tokenizer = Tokenizer(models.Unigram(special + pieces, unk_id=3))
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    return tokenizer


def tiny_network(vocabulary: int, heads: Mapping[str, tuple[str, ...]] = HEADS) -> tuple[Card, Network]:
    """A card and a seeded random network that fit each other."""
    torch.manual_seed(7)
    shape = Shape(vocabulary, 32, 2, 4, 64, 128, 2, 1e-12, 1)
    network = Network(shape, {head: len(names) for head, names in heads.items()})
    for head in network.heads.values():
        torch.nn.init.normal_(head.weight, std=0.5)
        torch.nn.init.normal_(head.query, std=0.5)
    card = Card("tiny-1", shape, max_tokens=64, labels=heads, temperatures=dict.fromkeys(heads, 1.5), base="random")
    return card, network.eval()


def tensors_of(network: Network) -> dict[str, np.ndarray]:
    return {name: tensor.detach().numpy() for name, tensor in network.state_dict().items()}


def write_tiny(models_dir: Path, *, heads: Mapping[str, tuple[str, ...]] = HEADS, **changes: object) -> Network:
    """Write a tiny model and put it in force; `changes` replace fields of its card."""
    tokenizer = tiny_tokenizer()
    card, network = tiny_network(tokenizer.get_vocab_size(), heads)
    card = replace(card, **changes)
    write_artefact(models_dir, card, tensors_of(network), tokenizer.to_str(), extra={"card.md": "# tiny\n"})
    set_current(models_dir, card.version)
    return network
