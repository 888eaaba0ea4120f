"""The files of a trained model: how they are written, checked and read. Knows numpy, not torch.

`models/CURRENT` names the folder in force; each version has its own folder, so going back is writing one name:

    models/CURRENT                    triage-2026.11
    models/triage-2026.11/model.json  format, version, shape of the encoder, and the checksum of every other file
                          labels.json the labels of each head, in the order of its outputs
                          calibration.json  temperatures and costs
                          tokenizer.json weights.safetensors card.md metrics.json

Matrices are stored small, as `name` (bytes) and `name.scale`, and widened when loaded; see `packing`.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from webcare.encoder.packing import can_pack, pack, unpack
from webcare.errors import ModelMissing, ModelUnusable

FORMAT = 1
CURRENT = "CURRENT"
SCALE = ".scale"
WEIGHTS, TOKENIZER, LABELS, CALIBRATION = "weights.safetensors", "tokenizer.json", "labels.json", "calibration.json"
_MODEL = "model.json"
_NEEDED = (WEIGHTS, TOKENIZER, LABELS, CALIBRATION)

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Shape:
    """The encoder's dimensions, in the words of BERT's own configuration."""

    vocab_size: int
    hidden_size: int
    num_hidden_layers: int
    num_attention_heads: int
    intermediate_size: int
    max_position_embeddings: int
    type_vocab_size: int
    layer_norm_eps: float
    pad_token_id: int


@dataclass(frozen=True, slots=True)
class Alarm:
    """At which P(critical) + share · P(safety_legal) a text is at least high (`bar`), and at least normal (`floor`)."""

    share: float
    bar: float
    floor: float = 1.0


@dataclass(frozen=True, slots=True)
class Card:
    """What a trained model says of itself."""

    version: str
    shape: Shape
    max_tokens: int
    labels: Mapping[str, tuple[str, ...]]  #: head -> labels in the order of its outputs
    temperatures: Mapping[str, float] = field(default_factory=dict)  #: head -> divisor of its logits
    costs: Mapping[str, tuple[tuple[float, ...], ...]] = field(default_factory=dict)  #: head -> cost[true][said]
    alarm: Alarm | None = None
    base: str = ""


@dataclass(frozen=True, slots=True)
class Artefact:
    """A model read from disk: `tensors` are widened to fp32, `tokenizer` is the text of tokenizer.json."""

    card: Card
    tensors: dict[str, Floats]
    tokenizer: str


def current_folder(models_dir: Path) -> Path:
    """The folder of the model in force. Raises ModelMissing or ModelUnusable."""
    pointer = models_dir / CURRENT
    try:
        name = pointer.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        raise ModelMissing(f"no trained model: {pointer} does not exist") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ModelUnusable(f"{pointer} cannot be read: {error}") from error
    if not name or Path(name).name != name:
        raise ModelUnusable(f"{pointer} must hold the name of a folder beside it, not {name!r}")
    if not (models_dir / name).is_dir():
        raise ModelUnusable(f"{pointer} names {name}, but there is no such folder in {models_dir}")
    return models_dir / name


def read_artefact(models_dir: Path) -> Artefact:
    """Read and check the model in force. Raises ModelMissing or ModelUnusable, naming file and fault."""
    folder = current_folder(models_dir)
    card = read_card(folder)
    tensors = _read_tensors(folder / WEIGHTS)
    _check_heads(folder, card, tensors)
    return Artefact(card, tensors, _read_text(folder / TOKENIZER))


def read_card(folder: Path) -> Card:
    """Read the card of one version and check that its files are whole."""
    model = _read_json(folder / _MODEL)
    if model.get("format") != FORMAT:
        raise ModelUnusable(f"{folder / _MODEL} has format {model.get('format')!r}; this Webcare reads format {FORMAT}")
    for name in _NEEDED:
        _check_file(folder / name, model.get("files", {}).get(name, {}))
    labels, calibration = _read_json(folder / LABELS), _read_json(folder / CALIBRATION)
    try:
        return Card(
            version=str(model["version"]),
            shape=Shape(**model["shape"]),
            max_tokens=int(model["max_tokens"]),
            labels={head: tuple(names) for head, names in labels.items()},
            temperatures={head: float(value) for head, value in calibration["temperatures"].items()},
            costs={head: tuple(tuple(row) for row in rows) for head, rows in calibration.get("costs", {}).items()},
            alarm=Alarm(**calibration["alarm"]) if calibration.get("alarm") else None,
            base=str(model.get("base", "")),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelUnusable(f"the description of the model in {folder} is incomplete: {error!r}") from error


def _calibration(card: Card) -> dict[str, Any]:
    found: dict[str, Any] = {"temperatures": dict(card.temperatures), "costs": dict(card.costs)}
    return found | ({"alarm": asdict(card.alarm)} if card.alarm else {})


def write_artefact(
    models_dir: Path,
    card: Card,
    tensors: Mapping[str, Floats],
    tokenizer: str,
    *,
    extra: Mapping[str, str] | None = None,
) -> Path:
    """Write one version's folder, complete or not at all; `extra` holds further text files (card.md).

    Raises ModelUnusable when that version already stands there: versions are never overwritten.
    """
    target = models_dir / card.version
    if target.exists():
        raise ModelUnusable(f"{target} already exists; give the new model another version")
    partial = models_dir / f".{card.version}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    save_file(_narrow_all(tensors), partial / WEIGHTS)
    _write(partial / TOKENIZER, tokenizer)
    _write(partial / LABELS, _json({head: list(names) for head, names in card.labels.items()}))
    _write(partial / CALIBRATION, _json(_calibration(card)))
    for name, text in (extra or {}).items():
        _write(partial / name, text)
    _write(partial / _MODEL, _json(_description(card, partial)))
    os.replace(partial, target)
    return target


def set_current(models_dir: Path, version: str) -> None:
    """Put one version in force, in one step. Raises ModelUnusable when its files are not whole."""
    if not (models_dir / version).is_dir():
        raise ModelUnusable(f"there is no model {version} in {models_dir}")
    read_card(models_dir / version)
    partial = models_dir / f".{CURRENT}.partial"
    _write(partial, f"{version}\n")
    os.replace(partial, models_dir / CURRENT)


def _narrow_all(tensors: Mapping[str, Floats]) -> dict[str, NDArray[Any]]:
    stored: dict[str, NDArray[Any]] = {}
    for name, tensor in tensors.items():
        whole = np.ascontiguousarray(tensor, dtype=np.float32)
        if can_pack(whole) and not name.startswith("heads."):
            stored[name], stored[name + SCALE] = pack(whole)
        else:  # vectors and heads are small, and the labels hang on them
            stored[name] = whole
    return stored


def _read_tensors(path: Path) -> dict[str, Floats]:
    try:
        stored = load_file(path)
    except (OSError, SafetensorError, ValueError) as error:
        raise ModelUnusable(f"{path} cannot be read as weights: {error}") from error
    names = [name for name in stored if not name.endswith(SCALE)]
    try:
        return {name: _taken(stored, name) for name in names}
    except KeyError as error:
        raise ModelUnusable(f"{path} has a matrix without its scales: {error}") from error
    except ValueError as error:
        raise ModelUnusable(f"{path} has a matrix that its scales do not fit: {error}") from error


def _taken(stored: dict[str, NDArray[Any]], name: str) -> Floats:
    """One tensor, widened; what it was made from is let go at once, so that memory never holds both sets whole."""
    tensor = stored.pop(name)
    return unpack(tensor, stored.pop(name + SCALE)) if tensor.dtype == np.uint8 else tensor


def _check_heads(folder: Path, card: Card, tensors: Mapping[str, Floats]) -> None:
    for head, names in card.labels.items():
        bias = tensors.get(f"heads.{head}.bias")
        if bias is None or len(bias) != len(names):
            raise ModelUnusable(f"{folder / LABELS} lists {len(names)} labels for {head}; the weights do not fit that")


def _description(card: Card, folder: Path) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "version": card.version,
        "base": card.base,
        "shape": asdict(card.shape),
        "max_tokens": card.max_tokens,
        "files": {name: _facts(folder / name) for name in _NEEDED},
    }


def _facts(path: Path) -> dict[str, Any]:
    return {"bytes": path.stat().st_size, "sha256": file_digest(path)}


def file_digest(path: Path) -> str:
    """sha256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_file(path: Path, facts: Mapping[str, Any]) -> None:
    if not path.exists():
        raise ModelUnusable(f"{path} is missing")
    size = path.stat().st_size
    if size != facts.get("bytes"):
        raise ModelUnusable(f"{path} has {size} bytes instead of {facts.get('bytes')}; it was cut short or changed")
    if file_digest(path) != facts.get("sha256"):
        raise ModelUnusable(f"{path} was changed since it was made (its checksum differs)")


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ModelUnusable(f"{path} cannot be read: {error}") from error


def _read_json(path: Path) -> dict[str, Any]:
    if not path.exists():
        raise ModelUnusable(f"{path} is missing")
    try:
        found = json.loads(_read_text(path))
    except ValueError as error:
        raise ModelUnusable(f"{path} is not valid JSON: {error}") from error
    if not isinstance(found, dict):
        raise ModelUnusable(f"{path} does not hold a JSON object")
    return found


def _json(content: Mapping[str, Any]) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _write(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
