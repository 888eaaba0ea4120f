"""A candidate grown from the model in force: corrections of staff, with much of our own text read again beside them.

It starts from the shipped weights, keeps close to the shipped sentence embeddings, is calibrated like any version, and
is then examined against the model in force as both would run. Only one that passes is written into `models/`.
"""

from __future__ import annotations

import hashlib
import json
import logging
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path

from webcare.encoder import set_current
from webcare.encoder.artefact import current_folder, read_card
from webcare.encoder.network import Network
from webcare.errors import SettingsError
from webcare.triage.training import exam, export
from webcare.triage.training.agent_text import read_agent_text
from webcare.triage.training.base import Base
from webcare.triage.training.data import DEV, TRAIN, Row, bare, only, read_file, read_labels
from webcare.triage.training.evaluate import Report, ask, report
from webcare.triage.training.force import put_in_force
from webcare.triage.training.gold import frozen
from webcare.triage.training.pipeline import route_curve
from webcare.triage.training.shipped import keep_goals, shipped
from webcare.triage.training.train import GOALS, Plan, train
from webcare.triage.transformer import TransformerClassifier

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """What `webcare train triage --from-corrections` is told."""

    corrections: Path
    labels: Path
    models: Path
    work: Path
    now: datetime
    version: str = ""  #: left empty, the version in force and a number
    agent_text: Path | None = None
    replay: float = 0.5  #: share of our own training text that is read beside the corrections
    weight: float = 2.0  #: of a correction against a row of our own text
    plan: Plan = field(default_factory=lambda: Plan(epochs=2, learning_rate=2e-5, head_rate=2e-4))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it: the exam, its words, and the folder in `models/`, None for a candidate that was refused."""

    version: str
    exam: exam.Exam
    words: str
    folder: Path | None


def grow(job: Job) -> Outcome:
    """Train, calibrate and examine a candidate; put it in force if it passes, and leave all as it was if not.

    Raises SettingsError without corrections or gold set, ModelMissing or ModelUnusable without a model to start from.
    """
    current = current_folder(job.models).name
    own = read_labels(job.labels)
    gold = frozen(job.labels, own)
    staff = read_corrections(job.corrections, apart_from=gold)
    agents = read_agent_text(job.agent_text) if job.agent_text and job.agent_text.is_dir() else []
    job = replace(job, version=job.version or _next_version(job.models, current))
    if (job.models / job.version).exists():
        raise SettingsError(f"{job.models / job.version} already exists; give the candidate another --version")
    rows = _taught(job, staff, only(own + agents, part=TRAIN))
    network, base = _trained(job, rows)
    card = export.plain_card(base, job.version)
    card = export.calibrated(card, export.encoder_of(network, base, card), only(own + agents, part=DEV))
    # What a mistake costs is the desk's choice and not learned from corrections; probabilities are fitted anew.
    before = read_card(job.models / current)
    card = replace(card, costs=before.costs, alarm=before.alarm if before.alarm or before.costs else card.alarm)
    shelf = job.work / "candidates" / f"{job.version}-{_digest(rows, job.plan)}"
    if not (shelf / job.version).exists():
        export.release(shelf, card, network, base, words="", metrics={})
    set_current(shelf, job.version)
    result, found = _examined(job, shelf, gold, [row for row in staff if row.part != TRAIN])
    words = exam.markdown(result, before=current, after=job.version)
    (shelf / "exam.md").write_text(words, encoding="utf-8")
    if not result.passed:
        return Outcome(job.version, result, words, None)
    candidate = TransformerClassifier.load(shelf)
    curve = route_curve(ask(candidate, only(own, part=DEV)))
    text = export.card_words(card, rows, found, curve) + f"\nGrown from {current} with corrections of staff.\n\n{words}"
    metrics: dict[str, object] = {
        "test": asdict(found),
        "grown from": current,
        "exam": asdict(result),
        "plans": [asdict(job.plan)],
    }
    folder = export.release(job.models, card, network, base, words=text, metrics=metrics)
    put_in_force(job.models, job.version, now=job.now, why=f"passed its exam against {current}")
    return Outcome(job.version, result, words, folder)


def read_corrections(file: Path, *, apart_from: Sequence[Row] = ()) -> list[Row]:
    """Corrections as `webcare train corrections` writes them; each answers only what a person touched.

    Texts that also stand in `apart_from` (the gold set) are left out. Raises SettingsError for a file without rows.
    """
    if not file.is_file():
        raise SettingsError(f"{file} does not exist; `webcare train corrections --out FILE` writes one")
    held = {bare(row.text) for row in apart_from}
    rows = []
    for row in read_file(file):
        touched = {head: row.labels[head] for head in row.corrected if head in row.labels}
        if touched and bare(row.text) not in held:
            # A quarter stays out of training; dev and test alike are there to be examined on.
            rows.append(replace(row, labels=touched, source="corrections"))
    if not rows:
        raise SettingsError(f"{file} holds no corrections to learn from")
    return rows


def _taught(job: Job, staff: Sequence[Row], own: Sequence[Row]) -> list[Row]:
    again = random.Random(job.plan.seed).sample(list(own), round(len(own) * job.replay))
    return [replace(row, weight=job.weight) for row in staff if row.part == TRAIN] + again


def _trained(job: Job, rows: list[Row]) -> tuple[Network, Base]:
    work = job.work / "growing" / f"{job.version}-{_digest(rows, job.plan)}"
    # The candidate keeps to the sentence embeddings of the model it comes from.
    keep_goals(job.models, [row.text for row in rows], work / GOALS)
    base, state = shipped(job.models)
    return train(base, rows, job.plan, work, start=state), base


def _examined(job: Job, shelf: Path, gold: Sequence[Row], held: Sequence[Row]) -> tuple[exam.Exam, Report]:
    before, after = TransformerClassifier.load(job.models), TransformerClassifier.load(shelf)
    answers = ask(before, gold), ask(after, gold)
    return exam.examine(*answers, ask(before, held), ask(after, held)), report(job.version, answers[1])


def _next_version(models: Path, current: str) -> str:
    stem = current.rpartition("-c")[0] or current if current.rpartition("-c")[2].isdigit() else current
    numbers = (at for at in range(1, 10_000) if not (models / f"{stem}-c{at}").exists())
    return f"{stem}-c{next(numbers)}"


def _digest(rows: Sequence[Row], plan: Plan) -> str:
    written = json.dumps([[row.text, sorted(row.labels.items()), row.weight] for row in rows] + [[asdict(plan)]])
    return hashlib.sha256(written.encode("utf-8")).hexdigest()[:12]
