"""A shipped model as something that training can go on from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor

from webcare.encoder import Encoder
from webcare.encoder.artefact import Artefact, read_artefact
from webcare.triage.training.base import Base


def shipped(models: Path) -> tuple[Base, Mapping[str, Tensor]]:
    """The version in force as a base, and its weights, heads included, as a network's state.

    Raises ModelMissing or ModelUnusable.
    """
    artefact = read_artefact(models)
    return base_of(artefact), state_of(artefact)


def keep_goals(models: Path, texts: Sequence[str], cache: Path) -> None:
    """Write the version in force's own sentence embeddings (N, H) where `train` looks for what to keep to.

    It reads texts without the prefix of the base it once came from. A file that is there already is left alone.
    """
    cache.parent.mkdir(parents=True, exist_ok=True)
    if not cache.exists():
        np.save(cache, Encoder.load(models, precision="fp32").embed(texts).astype(np.float16))


def base_of(artefact: Artefact) -> Base:
    """A shipped model as something that training can start from."""
    raw = json.loads(artefact.tokenizer)
    pieces = tuple((piece, float(score)) for piece, score in raw["model"]["vocab"])
    prefix = "bert."
    tensors = {name.removeprefix(prefix): found for name, found in artefact.tensors.items() if name.startswith(prefix)}
    normalizer = Tokenizer.from_str(artefact.tokenizer).normalizer
    return Base(artefact.card.base, artefact.card.shape, tensors, pieces, normalizer)


def state_of(artefact: Artefact) -> Mapping[str, Tensor]:
    """The shipped weights, heads included, as a network's state."""
    return {name: torch.from_numpy(np.array(found, dtype=np.float32)) for name, found in artefact.tensors.items()}
