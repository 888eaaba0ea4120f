"""`webcare train guard` and `webcare evaluate guard`: the guard's own workshop."""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from webcare.encoder.pairs import beside
from webcare.errors import ModelMissing, ModelUnusable, WebcareError

if TYPE_CHECKING:
    from webcare.guard.base import Customer
    from webcare.guard.evaluation import Case, Setting
    from webcare.guard.learned.inprocess import InProcess
    from webcare.triage.transformer import TransformerClassifier


def run(options: argparse.Namespace) -> int:
    """Hand the rest of the line on. Raises WebcareError where a library of the workshop is not installed."""
    rest = list(options.rest)
    if options.command == "evaluate":
        return _evaluate(rest)
    try:
        from webcare.guard.learned.training.pipeline import run as train

        return train(rest)
    except ModuleNotFoundError as error:
        raise WebcareError(f"{error.name} is not installed; `pip install 'webcare[train]'` adds it") from error


def _evaluate(rest: Sequence[str]) -> int:
    from webcare.guard.evaluation import figures, judge, read_cases, report

    options = _parser().parse_args(rest)
    empty = _memory_mb() or 0.0
    cases, missing = read_cases(options.labels)
    # The frequency lists, which tell the common corrections, are the guard's own; a few megabytes of texts come along.
    lists = (_memory_mb() or 0.0) - empty
    notes = [f"no set {name} in {options.labels}" for name in missing]
    classifier = None if options.no_model else _classifier(options.models, notes)
    if classifier is not None:
        # What the encoder needs to read, also behind a note, is its own; only what comes after is the guard's.
        classifier.classify([case.draft for case in cases])
        behind = (beside(note, case.draft) for case in cases for note in case.notes)
        deque(classifier.encoder.encode(behind, for_labels=False), maxlen=0)
    now = _memory_mb()
    before = None if now is None else now - lists
    setting = _setting(options, classifier, notes)
    table = judge(cases, setting)
    notes += _costs(cases, setting, classifier, options.models, before)
    if not options.quick and setting.learned is not None:
        notes += _without_a_language(options, classifier)
    text = report(table, notes)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "guard.md").write_text(text, encoding="utf-8")
    (options.out / "guard.json").write_text(json.dumps(figures(table), indent=1) + "\n", encoding="utf-8")
    print(text)
    print(f"written to {options.out / 'guard.md'}", file=sys.stderr)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="webcare evaluate guard", description="How good the guard is on held-out text."
    )
    parser.add_argument("--labels", type=Path, default=Path("data/guard"), help="folder with the labelled texts")
    parser.add_argument("--models", type=Path, default=Path("models"), help="folder of the models")
    parser.add_argument("--brand", default="hemlund", help="brand file or shipped brand")
    parser.add_argument("--out", type=Path, default=Path("build/evaluation"), help="folder of the report")
    parser.add_argument("--no-model", action="store_true", help="the deterministic checks alone")
    parser.add_argument("--quick", action="store_true", help="without training again for each language left out")
    return parser


def _classifier(models: Path, notes: list[str]) -> TransformerClassifier | None:
    from webcare.triage.transformer import TransformerClassifier

    try:
        return TransformerClassifier.load(models)
    except (ModelMissing, ModelUnusable) as error:
        notes.append(f"without the model: {error}")
        return None


def _heads(classifier: TransformerClassifier, models: Path) -> InProcess:
    from webcare.guard.learned.inprocess import InProcess

    return InProcess.load(classifier.encoder, models)


def _setting(options: argparse.Namespace, classifier: TransformerClassifier | None, notes: list[str]) -> Setting:
    from webcare.channels import channel_class
    from webcare.guard.evaluation import Setting
    from webcare.guard.rules.brands import load_brand

    count = channel_class("x").length
    heads = None
    if classifier is not None:
        try:
            heads = _heads(classifier, options.models)
        except (ModelMissing, ModelUnusable) as error:
            notes.append(f"without the learned heads: {error}")
    return Setting(
        brand=load_brand(options.brand),
        learned=heads,
        customers_of=_customers_of(classifier) if classifier else None,
        length=lambda text: ((length := count(text)).used, length.limit),
    )


def _customers_of(classifier: TransformerClassifier) -> Callable[[Sequence[str]], Sequence[Customer]]:
    from webcare.guard.base import Customer

    def customers_of(mentions: Sequence[str]) -> Sequence[Customer]:
        return [
            Customer(sentiment=found.sentiment.value, urgency=found.urgency.value, topic=found.topic.value)
            for found in classifier.classify(mentions)
        ]

    return customers_of


def _costs(
    cases: Sequence[Case],
    setting: Setting,
    classifier: TransformerClassifier | None,
    models: Path,
    before: float | None,
) -> list[str]:
    from webcare.guard.evaluation import send_times, typing_times

    fresh = (lambda: _heads(classifier, models)) if classifier and setting.learned else None
    notes = [
        f"typing, deterministic checks: {_times(typing_times(cases, setting))}; goal p95 < 20 ms "
        "(with 100,000 notes indexed: `python benchmarks/guard.py`)",
        f"full check on Send, 280 characters, ten notes: {_times(send_times(cases, setting, fresh))}; "
        "goal p95 < 150 ms",
    ]
    after = _memory_mb()
    if before is not None and after is not None:
        notes.append(f"memory of the guard beside the encoder: {after - before:.0f} MB; goal < 200 MB")
    return notes


def _times(times: Sequence[float]) -> str:
    if len(times) < 2:
        return "too few drafts to say"
    return f"p50 {statistics.median(times):.1f} ms, p95 {statistics.quantiles(times, n=20)[-1]:.1f} ms"


def _memory_mb() -> float | None:
    """Memory of this process; None where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return None
    return pages * 4096 / 1e6


def _without_a_language(options: argparse.Namespace, classifier: TransformerClassifier | None) -> list[str]:
    assert classifier is not None
    try:
        from webcare.guard.learned.training.pipeline import left_out
    except ModuleNotFoundError as error:
        return [f"no language was left out: {error.name} is not installed (pip install 'webcare[train]')"]
    heads = _heads(classifier, options.models)
    return [
        f"heads trained without {lang}: {text}" for lang, text in left_out(classifier.encoder, options.labels, heads)
    ]
