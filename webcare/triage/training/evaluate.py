"""How good a classifier is on labelled text: one report, per language, per question and per slice.

Works on any `Classifier`, so the trained model, the word lists and the floors are read the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from webcare.domain import LANGUAGES, Triage
from webcare.triage.base import Classifier
from webcare.triage.training.data import Row
from webcare.triage.training.measures import (
    calibration_error,
    f1_scores,
    macro_f1,
    weighted_kappa,
)
from webcare.triage.transformer import HEADS

Ints = NDArray[np.integer]

#: name of a figure -> (goal, whether more is better); from the issue that asked for the model
GOALS: Mapping[str, tuple[float, bool]] = {
    "sentiment F1": (0.80, True),
    "urgency kappa": (0.75, True),
    "critical caught": (0.95, True),
    "critical as low": (0.0, False),
    "topic F1": (0.72, True),
    "needs_reply F1": (0.85, True),
    "route F1": (0.80, True),
    "sentiment ECE": (0.05, False),
    "urgency ECE": (0.05, False),
    "language": (0.97, True),
}


@dataclass(frozen=True, slots=True)
class Answers:
    """A classifier's answers to labelled rows, head by head; -1 where a row has no label."""

    rows: Sequence[Row]
    truth: Mapping[str, Ints]
    said: Mapping[str, Ints]
    sure: Mapping[str, NDArray[np.float64]]

    def only(self, wanted: Callable[[Row], bool]) -> Answers:
        """The answers to some rows."""
        keep = np.array([wanted(row) for row in self.rows], dtype=bool)
        rows = [row for row, kept in zip(self.rows, keep, strict=True) if kept]
        cut = [{head: values[keep] for head, values in part.items()} for part in (self.truth, self.said, self.sure)]
        return Answers(rows, *cut)

    def of(self, head: str) -> tuple[Ints, Ints, NDArray[np.float64]]:
        """Truth, answers and confidences of the rows that have a label for a head."""
        known = self.truth[head] >= 0
        return self.truth[head][known], self.said[head][known], self.sure[head][known]


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of one classifier: overall, by language and by slice."""

    name: str
    overall: Mapping[str, float]
    languages: Mapping[str, Mapping[str, float]]
    slices: Mapping[str, Mapping[str, float]]
    counts: Mapping[str, int] = field(default_factory=dict)


def ask(classifier: Classifier, rows: Sequence[Row]) -> Answers:
    """Let a classifier label the rows; it gets no language hints."""
    found = classifier.classify([row.text for row in rows])
    truth = {head: np.array([_place(head, row.labels.get(head)) for row in rows]) for head in HEADS}
    said = {head: np.array([_place(head, answer_of(triage, head)) for triage in found]) for head in HEADS}
    sure = {head: np.array([triage.confidence[head] for triage in found], dtype=float) for head in HEADS}
    return Answers(rows, truth, said, sure)


def answer_of(triage: Triage, head: str) -> str:
    """A head's label in the words of HEADS."""
    if head == "needs_reply":
        return str(triage.needs_reply).lower()
    if head == "route":
        return triage.line.value
    return str(getattr(triage, head))


def _place(head: str, label: str | None) -> int:
    names = HEADS[head]
    return names.index(label) if label in names else -1


def report(name: str, answers: Answers) -> Report:
    """All figures of one classifier's answers."""
    slices: dict[str, Callable[[Row], bool]] = {
        "sarcasm": lambda row: "sarcasm" in row.tags,
        "short (under 60 letters)": lambda row: len(row.text) < 60,
        "long (over 200 letters)": lambda row: len(row.text) > 200,
    }
    for network in sorted({row.network for row in answers.rows if row.network}):
        slices[f"network {network}"] = lambda row, network=network: row.network == network  # type: ignore[misc]
    cut = {label: answers.only(wanted) for label, wanted in slices.items()}
    by_language = {lang: answers.only(lambda row, lang=lang: row.lang == lang) for lang in LANGUAGES}  # type: ignore[misc]
    counts = {label: len(part.rows) for label, part in {"all": answers, **by_language, **cut}.items()}
    return Report(
        name,
        figures(answers),
        {lang: figures(part) for lang, part in by_language.items() if part.rows},
        {label: figures(part) for label, part in cut.items() if part.rows},
        counts,
    )


def figures(answers: Answers) -> dict[str, float]:
    """The figures the goals speak of; nan where no row has a label for them."""
    found = {f"{head} F1": _macro(answers, head) for head in ("sentiment", "topic", "route")}
    truth, said, _ = answers.of("urgency")
    found["urgency kappa"] = weighted_kappa(truth, np.maximum(said, 0), len(HEADS["urgency"]))
    critical = truth == 0
    found["critical caught"] = float((said[critical] <= 1).mean()) if critical.any() else float("nan")
    found["critical as low"] = float((said[critical] == 3).mean()) if critical.any() else float("nan")
    needs, answered, _ = answers.of("needs_reply")
    found["needs_reply F1"] = float(f1_scores(needs, answered, 2)[1]) if len(needs) else float("nan")
    for head in ("sentiment", "urgency"):
        real, spoken, sure = answers.of(head)
        found[f"{head} ECE"] = calibration_error(sure.tolist(), (real == spoken).tolist())
    real, spoken, _ = answers.of("language")
    found["language"] = float((real == spoken).mean()) if len(real) else float("nan")
    return {name: found[name] for name in GOALS}


def _macro(answers: Answers, head: str) -> float:
    truth, said, _ = answers.of(head)
    # An answer that is no label at all (an unknown language, say) is a miss of the true label.
    return macro_f1(truth, np.where(said < 0, (truth + 1) % len(HEADS[head]), said), len(HEADS[head]))


# --- the report as Markdown ------------------------------------------------------------


def markdown(reports: Sequence[Report]) -> str:
    """Tables of all reports; the first is the one the others are compared with."""
    main = reports[0]
    lines = ["# Triage: how good", "", f"{main.counts['all']} labelled mentions that no model was trained on.", ""]
    lines += ["| figure | goal | " + " | ".join(found.name for found in reports) + " |"]
    lines += ["|---|---|" + "---|" * len(reports)]
    for name, (goal, more) in GOALS.items():
        cells = " | ".join(_cell(name, found.overall[name]) for found in reports)
        lines.append(f"| {name} | {'≥' if more else '≤'} {goal:.2f} | {cells} |")
    lines += ["", f"## {main.name} by language", "", *_table(main, main.languages)]
    lines += ["", f"## {main.name} by slice", "", *_table(main, main.slices)]
    return "\n".join(lines) + "\n"


def _table(main: Report, parts: Mapping[str, Mapping[str, float]]) -> list[str]:
    lines = ["| part | texts | " + " | ".join(GOALS) + " |", "|---|---|" + "---|" * len(GOALS)]
    for label, found in parts.items():
        cells = " | ".join(_cell(name, found[name]) for name in GOALS)
        lines.append(f"| {label} | {main.counts[label]} | {cells} |")
    return lines


def _cell(name: str, value: float) -> str:
    if np.isnan(value):
        return "–"
    goal, more = GOALS[name]
    met = value >= goal if more else value <= goal
    return f"{value:.3f}" if met else f"**{value:.3f}**"
