"""The report's pictures: reliability curves, confusion matrices, coverage against accuracy. Needs matplotlib."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from webcare.domain import LANGUAGES
from webcare.triage.training.calibrate import Coverage
from webcare.triage.training.evaluate import Answers
from webcare.triage.training.measures import calibration_error, confusion, reliability
from webcare.triage.transformer import HEADS

_DPI = 120
_BLUE, _GREY = "#1f5f99", "0.65"


def draw(answers: Answers, curves: Mapping[str, Sequence[Coverage]], threshold: float, folder: Path) -> list[Path]:
    """Draw everything into a folder; gives the files. `curves` are named by classifier, the model's own first."""
    import matplotlib

    matplotlib.use("Agg")
    folder.mkdir(parents=True, exist_ok=True)
    made = [_reliability(answers, head, folder / f"reliability-{head}.png") for head in HEADS]
    made += [_confusion(answers, head, folder / f"confusion-{head}.png") for head in HEADS]
    return [*made, _coverage(curves, threshold, folder / "coverage.png")]


def _saved(figure: Any, path: Path) -> Path:
    from matplotlib import pyplot

    figure.savefig(path, dpi=_DPI)
    pyplot.close(figure)
    return path


def _reliability(answers: Answers, head: str, path: Path) -> Path:
    """All languages in a large panel, each by itself in a small one."""
    from matplotlib import pyplot

    figure = pyplot.figure(figsize=(11, 5), layout="constrained")
    grid = figure.add_gridspec(2, 5)
    _curve(figure.add_subplot(grid[:, :2]), answers, head, "all languages", bins=10)
    for at, lang in enumerate(LANGUAGES):
        part = answers.only(lambda row, lang=lang: row.lang == lang)  # type: ignore[misc]
        _curve(figure.add_subplot(grid[at // 3, 2 + at % 3]), part, head, lang, bins=5)
    figure.suptitle(f"{head}: probability given (across) and share that was right (up); area of a dot = texts")
    return _saved(figure, path)


def _curve(axes: Any, answers: Answers, head: str, title: str, *, bins: int) -> None:
    truth, said, sure = answers.of(head)
    right = (truth == said).tolist()
    points = reliability(sure.tolist(), right, bins=bins)
    across, up, counts = ([point[at] for point in points] for at in range(3))
    axes.plot([0, 1], [0, 1], color=_GREY, linewidth=1)
    axes.plot(across, up, color=_BLUE, linewidth=1)
    axes.scatter(across, up, s=[12 + 260 * count / max(1, len(truth)) for count in counts], color=_BLUE, alpha=0.8)
    error = calibration_error(sure.tolist(), right)  # in ten bins, as the tables have it
    axes.set(xlim=(0, 1.03), ylim=(0, 1.03), title=f"{title}: {len(truth)} texts, ECE {error:.3f}")
    axes.title.set_fontsize(9)
    axes.set_xticks([0, 0.5, 1])
    axes.set_yticks([0, 0.5, 1])
    axes.grid(alpha=0.25)


def _confusion(answers: Answers, head: str, path: Path) -> Path:
    """Counts by true label (rows) and said label (columns), coloured by the share of their row."""
    from matplotlib import pyplot

    truth, said, _ = answers.of(head)
    names = list(HEADS[head])
    if (said < 0).any():  # a word list may know no language at all
        names, said = [*names, "none"], np.where(said < 0, len(names), said)
    table = confusion(truth, said, len(names))[: len(HEADS[head])]
    size = 2.6 + 0.52 * len(names)
    figure, axes = pyplot.subplots(figsize=(size + 0.6, size), layout="constrained")
    axes.imshow(table / np.maximum(table.sum(axis=1, keepdims=True), 1), cmap="Blues", vmin=0, vmax=1)
    axes.set(xlabel="said", ylabel="true", title=f"{head} ({len(truth)} texts)")
    axes.set_xticks(range(len(names)), names, rotation=50, ha="right")
    axes.set_yticks(range(len(table)), [f"{name} ({count})" for name, count in zip(names, table.sum(1), strict=False)])
    for (row, column), count in np.ndenumerate(table):
        if count:
            dark = count > 0.5 * table[row].sum()
            axes.text(column, row, count, ha="center", va="center", color="w" if dark else "k", fontsize=9)
    return _saved(figure, path)


def _coverage(curves: Mapping[str, Sequence[Coverage]], threshold: float, path: Path) -> Path:
    """How much each classifier may decide by itself, and how much of that is right; the desk's threshold is ringed."""
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(6.5, 4.5), layout="constrained")
    for name, curve in curves.items():
        kept = [point for point in curve if point.covered > 0]
        axes.plot([point.covered for point in kept], [point.right for point in kept], marker=".", label=name)
    ours = min(next(iter(curves.values())), key=lambda point: abs(point.threshold - threshold))
    axes.scatter([ours.covered], [ours.right], s=160, facecolors="none", edgecolors="k", zorder=3)
    arrow = {"arrowstyle": "-", "color": _GREY}
    axes.annotate(f"the desk's threshold, {threshold:.2f}", (ours.covered, ours.right), xytext=(-30, -45),
                  textcoords="offset points", ha="right", arrowprops=arrow)  # fmt: skip
    axes.set(xlabel="share of mentions decided", ylabel="share of those in the right line", xlim=(0, 1.02))
    axes.grid(alpha=0.25)
    axes.legend(loc="center left")
    return _saved(figure, path)
