"""`webcare evaluate triage`: one folder that says how good a classifier is, for whom, and where it fails.

`triage.md` with intervals, pictures beside it, and the same figures in `triage.json`. Every text quoted is our own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from webcare.domain import LANGUAGES, UNSORTED, Author, Mention
from webcare.routing import route
from webcare.settings import Settings
from webcare.triage.base import Classifier
from webcare.triage.training import public
from webcare.triage.training.calibrate import Coverage
from webcare.triage.training.drawings import draw
from webcare.triage.training.evaluate import GOALS, Answers, figures
from webcare.triage.training.measures import calibration_error, f1_scores, macro_f1, weighted_kappa
from webcare.triage.training.pipeline import route_curve
from webcare.triage.transformer import HEADS

Ints = NDArray[np.integer]
#: figure -> (value, lower, upper end of the 95 % interval)
Sure = Mapping[str, tuple[float, float, float]]

_MOST_ERRORS = 20
_SHORT, _LONG = 60, 200
_LEAST_OF_A_SLICE = 5
#: The routing rules look at labels only; a mention needs some time all the same.
_AT = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Booklet:
    """What goes into the report. `classifiers` are named; the first is the one it is about."""

    classifiers: Mapping[str, Classifier]
    answers: Mapping[str, Answers]
    settings: Settings
    set_name: str
    public: Path | None = None
    resamples: int = 1_000  #: of the bootstrap; slices get a third

    @property
    def main(self) -> Answers:
        """The answers that the report is about."""
        return next(iter(self.answers.values()))

    @property
    def threshold(self) -> float:
        """Below this probability of the line the desk leaves a mention to people."""
        return self.settings.triage.unsorted_below


def write(booklet: Booklet, folder: Path) -> str:
    """Write the folder; gives the words of `triage.md`."""
    curves = {name: route_curve(answers) for name, answers in booklet.answers.items()}
    draw(booklet.main, curves, booklet.threshold, folder)
    heads = {head: _by_part(booklet.main, head, booklet.resamples) for head in HEADS}
    summaries = {name: sure_figures(answers, figures, booklet.resamples) for name, answers in booklet.answers.items()}
    cut = {
        name: (len(part.rows), sure_figures(part, figures, booklet.resamples // 3))
        for name, part in _slices(booklet.main)
        if len(part.rows) >= _LEAST_OF_A_SLICE
    }
    lines = [
        *_opening(booklet, summaries),
        *(line for head in HEADS for line in _head_section(head, heads[head])),
        *_slice_section(cut),
        *_coverage_section(booklet, next(iter(curves.values()))),
        *_missed_section(booklet.main),
        *_error_section(booklet.main),
        *_public_section(booklet),
    ]
    words = "\n".join(lines) + "\n"
    kept = {"set": booklet.set_name, "overall": summaries, "heads": heads, "slices": cut}
    (folder / "triage.json").write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    (folder / "triage.md").write_text(words, encoding="utf-8")
    return words


# --- figures with intervals -------------------------------------------------------------------------


def sure_figures(
    answers: Answers, measure: Callable[[Answers], Mapping[str, float]], resamples: int
) -> dict[str, tuple[float, float, float]]:
    """Each figure with its 95 % bootstrap interval; whole scenarios are drawn, as their texts hang together."""
    points = measure(answers)
    names, place = np.unique([row.scenario or row.id for row in answers.rows], return_inverse=True)
    members = [np.flatnonzero(place == at) for at in range(len(names))]
    chance = np.random.default_rng(11)
    drawn = []
    for _ in range(resamples):
        picks = chance.integers(len(names), size=len(names))
        drawn.append(measure(_taken(answers, np.concatenate([members[at] for at in picks]))))
    return {name: (value, *_interval([one[name] for one in drawn])) for name, value in points.items()}


def _interval(values: Sequence[float]) -> tuple[float, float]:
    real = [value for value in values if not np.isnan(value)]
    return (float(np.quantile(real, 0.025)), float(np.quantile(real, 0.975))) if real else (float("nan"), float("nan"))


def _taken(answers: Answers, order: Ints) -> Answers:
    """Some texts' answers, also twice; without their rows, which no figure reads."""
    truth, said = ({head: part[head][order] for head in HEADS} for part in (answers.truth, answers.said))
    return Answers((), truth, said, {head: answers.sure[head][order] for head in HEADS})


def head_figures(answers: Answers, head: str) -> dict[str, float]:
    """What is worth knowing about one question."""
    truth, said, sure = answers.of(head)
    if not len(truth):
        return {}
    count = len(HEADS[head])
    # An answer that is no label at all (an unknown language, say) is a miss of the true label.
    heard = np.where(said < 0, (truth + 1) % count, said)
    found = {"right": float((truth == said).mean())}
    if head != "language":  # within one language it would speak of labels that are not there
        found["macro-F1"] = macro_f1(truth, heard, count)
    if head == "needs_reply":
        found["F1 of true"] = float(f1_scores(truth, heard, count)[1])
    if head == "urgency":
        found["kappa"] = weighted_kappa(truth, heard, count)
        critical = heard[truth == 0]
        found["critical caught"] = float((critical <= 1).mean()) if len(critical) else float("nan")
        found["critical as low"] = float((critical == 3).mean()) if len(critical) else float("nan")
    found["ECE"] = calibration_error(sure.tolist(), (truth == said).tolist())
    return found


def _by_part(answers: Answers, head: str, resamples: int) -> dict[str, tuple[int, Sure]]:
    parts = {"all": answers} | {lang: _of_language(answers, lang) for lang in LANGUAGES}
    return {
        name: (len(part.rows), sure_figures(part, lambda found: head_figures(found, head), resamples))
        for name, part in parts.items()
        if part.rows
    }


def _of_language(answers: Answers, lang: str) -> Answers:
    return answers.only(lambda row: row.lang == lang)


def _slices(answers: Answers) -> Iterator[tuple[str, Answers]]:
    for tag in ("sarcasm", "hard", "pair"):
        yield tag, answers.only(lambda row, tag=tag: tag in row.tags)  # type: ignore[misc]
    yield f"short (under {_SHORT} letters)", answers.only(lambda row: len(row.text) < _SHORT)
    yield "of middle length", answers.only(lambda row: _SHORT <= len(row.text) <= _LONG)
    yield f"long (over {_LONG} letters)", answers.only(lambda row: len(row.text) > _LONG)
    for field in ("network", "industry"):
        for value in sorted({getattr(row, field) for row in answers.rows if getattr(row, field)}):
            mine = answers.only(lambda row, field=field, value=value: getattr(row, field) == value)  # type: ignore[misc]
            yield f"{field} {value}", mine


# --- the words ----------------------------------------------------------------------------------------


def _opening(booklet: Booklet, summaries: Mapping[str, Sure]) -> Iterator[str]:
    name = next(iter(summaries))
    yield from (f"# Triage: how good is {name}?", "")
    yield f"{len(booklet.main.rows)} labelled mentions that no model here was trained on ({booklet.set_name})."
    yield "Intervals are 95 %, from a bootstrap that draws whole scenarios. **Bold** misses its goal."
    yield from ("", "| figure | goal | " + " | ".join(summaries) + " |", "|---|---|" + "---|" * len(summaries))
    for figure, (goal, more) in GOALS.items():
        cells = " | ".join(_cell(figure, found[figure]) for found in summaries.values())
        yield f"| {figure} | {'≥' if more else '≤'} {goal:.2f} | {cells} |"


def _head_section(head: str, parts: Mapping[str, tuple[int, Sure]]) -> Iterator[str]:
    names = list(next(iter(parts.values()))[1])
    yield from ("", f"## {head}", "", "| part | texts | " + " | ".join(names) + " |", "|---|---|" + "---|" * len(names))
    for part, (count, found) in parts.items():
        yield f"| {part} | {count} | " + " | ".join(_span(found[name]) for name in names) + " |"
    yield from ("", f"![Reliability of {head}](reliability-{head}.png)", "")
    yield f"![Confusion of {head}](confusion-{head}.png)"


def _slice_section(cut: Mapping[str, tuple[int, Sure]]) -> Iterator[str]:
    yield from ("", "## Slices", "", "| slice | texts | " + " | ".join(GOALS) + " |", "|---|---|" + "---|" * len(GOALS))
    for name, (count, found) in cut.items():
        yield f"| {name} | {count} | " + " | ".join(_cell(figure, found[figure]) for figure in GOALS) + " |"


def _coverage_section(booklet: Booklet, curve: Sequence[Coverage]) -> Iterator[str]:
    yield from ("", "## What it decides by itself", "", "![Coverage and accuracy](coverage.png)", "")
    yield from ("| sure of the line | decided | of those right |", "|---|---|---|")
    shown = [point for at, point in enumerate(curve) if at == 0 or point.covered < curve[at - 1].covered]
    for point in shown:
        mark = (
            f" (does what the desk's {booklet.threshold:.2f} does)"
            if point.threshold == _in_force(shown, booklet)
            else ""
        )
        yield f"| ≥ {point.threshold:.2f}{mark} | {point.covered:.3f} | {point.right:.3f} |"
    yield from ("", _desk_rule(booklet))


def _in_force(curve: Sequence[Coverage], booklet: Booklet) -> float:
    """The row of the table that does what the desk's threshold does."""
    return max((point.threshold for point in curve if point.threshold <= booklet.threshold), default=0.0)


def _desk_rule(booklet: Booklet) -> str:
    """What the routing rules make of the same texts: urgent mentions never wait in the unsorted lane."""
    rows = booklet.main.rows
    decided, right, doubtful_right = 0, 0, 0
    found = next(iter(booklet.classifiers.values())).classify([row.text for row in rows])
    for row, triage in zip(rows, found, strict=True):
        mention = Mention("x", row.id, row.id, Author("0", "", ""), row.text, _AT)
        way = route(mention, triage, booklet.settings.routing, unsorted_below=booklet.threshold)
        fits = triage.line.value == row.labels["route"]
        if way.queue == UNSORTED:
            doubtful_right += fits
        else:
            decided += 1
            right += way.line.value == row.labels["route"]
    unsorted = len(rows) - decided
    return (
        f"With all routing rules (urgent mentions never wait): {unsorted} of {len(rows)} go to the unsorted lane, "
        f"where the model's line would have been right for {doubtful_right}; of {decided} decided, {right} stand in "
        f"the right line ({right / max(1, decided):.1%}; what may be critical goes to second line on purpose)."
    )


def _missed_section(answers: Answers) -> Iterator[str]:
    truth, said = answers.truth["urgency"], answers.said["urgency"]
    missed = [int(at) for at in np.flatnonzero((truth == 0) & (said > 1))]
    yield from ("", "## Critical mentions it missed", "")
    yield f"{len(missed)} of {int((truth == 0).sum())} critical mentions are tagged normal or low."
    yield ""
    for at in missed:
        yield f"- {answers.rows[at].lang}, tagged {HEADS['urgency'][said[at]]}: “{quoted(answers.rows[at].text)}”"


def _error_section(answers: Answers) -> Iterator[str]:
    wrong = [
        (float(answers.sure[head][at]), int(at), head)
        for head in HEADS
        if head != "language"  # its few errors are all nearly sure, and its matrix shows them
        for at in np.flatnonzero((answers.truth[head] >= 0) & (answers.truth[head] != answers.said[head]))
    ]
    yield from ("", f"## The {_MOST_ERRORS} errors it was surest of", "", "| question | said | sure | true | text |")
    yield "|---|---|---|---|---|"
    for sure, at, head in sorted(wrong, key=lambda one: (-one[0], one[1]))[:_MOST_ERRORS]:
        row, said = answers.rows[at], answers.said[head][at]
        heard = HEADS[head][said] if said >= 0 else "none"
        yield f"| {head} | {heard} | {sure:.2f} | {row.labels[head]} | {row.lang}: {quoted(row.text)} |"


def _public_section(booklet: Booklet) -> Iterator[str]:
    if booklet.public is not None:
        yield from ("", "## Public sentiment test sets", "")
        yield "Macro-F1 and macro-recall of the sentiment; training leaves out rows that say the same as one here."
        yield ""
        yield from public.markdown(booklet.classifiers, booklet.public)


def quoted(text: str, most: int = 220) -> str:
    """A text on one line that Markdown shows as it is."""
    short = " ".join(text.split())
    short = short if len(short) <= most else short[: most - 1] + "…"
    return re.sub(r"([\\`*_\[\]<>|#~])", r"\\\1", short)


def _span(found: tuple[float, float, float]) -> str:
    value, low, high = found
    return "–" if np.isnan(value) else f"{value:.3f} ({low:.2f}–{high:.2f})"


def _cell(figure: str, found: tuple[float, float, float]) -> str:
    goal, more = GOALS[figure]
    if np.isnan(found[0]):
        return "–"
    met = found[0] >= goal if more else found[0] <= goal
    return _span(found) if met else f"**{found[0]:.3f}** ({found[1]:.2f}–{found[2]:.2f})"
