"""The trained numbers of the heads: small networks in numpy, kept beside the encoder's weights in `guard.json`.

They belong to one version of the encoder and say so; with any other they are refused.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from webcare.errors import ModelMissing, ModelUnusable
from webcare.guard.base import HOLDS, WARNS

Floats = NDArray[np.float32]

FILE = "guard.json"
FORMAT = 2
#: What is judged, and so the names of the heads.
NOTE_LIKE, LEAK, HUMOUR = "note_like", "leak", "humour"
HEADS = (NOTE_LIKE, LEAK, HUMOUR)


@dataclass(frozen=True, slots=True)
class Net:
    """A network of one hidden layer, or of none: rows (N, inputs) to scores (N,)."""

    inputs: str  #: which features it reads, see `features.INPUTS`
    layers: tuple[tuple[Floats, Floats], ...]  #: weight (outputs, inputs) and bias (outputs,) of each
    mean: float  #: of its scores in training; scores leave it centred and scaled,
    spread: float  #: so that networks of different kinds can be added up

    def __call__(self, rows: Floats) -> Floats:
        """Scores in units of their own spread."""
        values = rows
        for at, (weight, bias) in enumerate(self.layers):
            values = values @ weight.T + bias
            if at + 1 < len(self.layers):
                values = np.maximum(values, 0.0)
        return np.asarray((values[:, 0] - self.mean) / self.spread, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Head:
    """Networks that are added up, and how their sum and the encoder's own opinion make a probability."""

    nets: tuple[Net, ...]
    slope: float
    opinion: float  #: what a log-odd of the encoder's own head counts
    offset: float
    errors_from: float  #: probability that holds a draft
    warns_from: float  #: probability that must be acknowledged

    def total(self, inputs: Mapping[str, Floats]) -> Floats:
        """What the networks say together (N,), for features by name, each (N, inputs)."""
        return np.asarray(np.mean([net(inputs[net.inputs]) for net in self.nets], axis=0), dtype=np.float32)

    def scores(self, total: Floats, opinion: Floats) -> Floats:
        """Scores (N,): HOLDS stands where a draft is held, WARNS where it is warned of, 1 for certainty."""
        marks = (0.0, self.warns_from, self.errors_from, 1.0)
        found = self.probability(total, opinion)
        return np.asarray(np.interp(found, marks, (0.0, WARNS, HOLDS, 1.0)), dtype=np.float32)

    def probability(self, total: Floats, opinion: Floats) -> Floats:
        """Calibrated probabilities (N,)."""
        odds = self.slope * total + self.opinion * opinion + self.offset
        return np.asarray(1.0 / (1.0 + np.exp(-odds)), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Parameters:
    """Everything `webcare train guard` found out."""

    encoder: str  #: version of the encoder it belongs to
    weights_sha256: str  #: of that encoder's weights
    centre: Floats  #: mean embedding, taken off before anything else
    means: Floats  #: of the features that count and compare words
    spreads: Floats
    heads: Mapping[str, Head]
    figures: Mapping[str, Any] = field(default_factory=dict)

    @property
    def version(self) -> str:
        """Changes with the encoder and with any number of the heads."""
        return f"{self.encoder}+{_digest(_arrays(self))[:12]}"


def save(parameters: Parameters, folder: Path) -> Path:
    """Write the file of a version's folder, complete or not at all."""
    arrays = _arrays(parameters)
    content = {
        "format": FORMAT,
        "encoder": {"version": parameters.encoder, "weights_sha256": parameters.weights_sha256},
        "sha256": _digest(arrays),
        "thresholds": {
            name: {"error": head.errors_from, "warning": head.warns_from} for name, head in parameters.heads.items()
        },
        "figures": dict(parameters.figures),
        "heads": {name: _head_as_json(head) for name, head in parameters.heads.items()},
        "arrays": {name: _packed(array) for name, array in arrays.items()},
    }
    target, partial = folder / FILE, folder / f".{FILE}.partial"
    partial.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    os.replace(partial, target)
    return target


def load(folder: Path) -> Parameters:
    """Read the heads of a version's folder. Raises ModelMissing without the file, ModelUnusable when it is broken."""
    path = folder / FILE
    if not path.exists():
        raise ModelMissing(f"{path} is missing; `webcare train guard` makes it")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            raise ModelUnusable(f"{path} has format {content['format']}; this version of Webcare reads {FORMAT}")
        arrays = {name: _unpacked(packed) for name, packed in content["arrays"].items()}
        found = _parameters(content, arrays)
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise ModelUnusable(f"{path} cannot be used: {error!r}") from error
    if _digest(arrays) != content["sha256"]:
        raise ModelUnusable(f"{path} was changed since it was made (its checksum differs)")
    return found


def _parameters(content: Mapping[str, Any], arrays: Mapping[str, Floats]) -> Parameters:
    heads = {name: _head(name, found, content["thresholds"][name], arrays) for name, found in content["heads"].items()}
    return Parameters(
        encoder=content["encoder"]["version"],
        weights_sha256=content["encoder"]["weights_sha256"],
        centre=arrays["centre"],
        means=arrays["means"],
        spreads=arrays["spreads"],
        heads=heads,
        figures=content["figures"],
    )


def _head(name: str, found: Mapping[str, Any], limits: Mapping[str, float], arrays: Mapping[str, Floats]) -> Head:
    nets = []
    for at, net in enumerate(found["nets"]):
        layers = tuple(
            (arrays[f"{name}.{at}.{layer}.weight"], arrays[f"{name}.{at}.{layer}.bias"])
            for layer in range(int(net["layers"]))
        )
        nets.append(Net(net["inputs"], layers, float(net["mean"]), float(net["spread"])))
    slope, opinion, offset = (float(found[part]) for part in ("slope", "opinion", "offset"))
    return Head(tuple(nets), slope, opinion, offset, float(limits["error"]), float(limits["warning"]))


def _head_as_json(head: Head) -> dict[str, Any]:
    nets = [
        {"inputs": net.inputs, "layers": len(net.layers), "mean": net.mean, "spread": net.spread} for net in head.nets
    ]
    return {"nets": nets, "slope": head.slope, "opinion": head.opinion, "offset": head.offset}


def _arrays(parameters: Parameters) -> dict[str, Floats]:
    found = {"centre": parameters.centre, "means": parameters.means, "spreads": parameters.spreads}
    for name, head in parameters.heads.items():
        for at, net in enumerate(head.nets):
            for layer, (weight, bias) in enumerate(net.layers):
                found[f"{name}.{at}.{layer}.weight"] = weight
                found[f"{name}.{at}.{layer}.bias"] = bias
    return found


def rounded(array: Floats) -> Floats:
    """An array as the file will hold it: what is kept in half precision is used in half precision from the start."""
    return np.asarray(array, dtype=np.float16).astype(np.float32)


def _packed(array: Floats) -> dict[str, Any]:
    narrow = np.ascontiguousarray(array, dtype="<f2")
    return {"shape": list(narrow.shape), "f16": base64.b64encode(narrow.tobytes()).decode("ascii")}


def _unpacked(packed: Mapping[str, Any]) -> Floats:
    shape: Sequence[int] = packed["shape"]
    return np.frombuffer(base64.b64decode(packed["f16"]), dtype="<f2").reshape(shape).astype(np.float32)


def _digest(arrays: Mapping[str, Floats]) -> str:
    digest = hashlib.sha256()
    for name in sorted(arrays):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(arrays[name], dtype="<f2").tobytes())
    return digest.hexdigest()
