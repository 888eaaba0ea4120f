"""The figures a classifier is judged by. Pure functions over labels as whole numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.integer]


def confusion(truth: Ints, said: Ints, labels: int) -> NDArray[np.int64]:
    """Counts [true][said]."""
    table = np.zeros((labels, labels), dtype=np.int64)
    np.add.at(table, (truth.astype(np.int64), said.astype(np.int64)), 1)
    return table


def f1_scores(truth: Ints, said: Ints, labels: int) -> NDArray[np.float64]:
    """F1 of each label; nan for a label that neither stands there nor was said."""
    table = confusion(truth, said, labels)
    hits, spoken, real = np.diag(table), table.sum(axis=0), table.sum(axis=1)
    with np.errstate(invalid="ignore"):
        return np.asarray(2 * hits / (spoken + real), dtype=np.float64)


def macro_f1(truth: Ints, said: Ints, labels: int) -> float:
    """The mean F1 of the labels that stand in the text or were said."""
    scores = f1_scores(truth, said, labels)
    return float(np.nanmean(scores)) if len(truth) else float("nan")


def weighted_kappa(truth: Ints, said: Ints, labels: int) -> float:
    """Cohen's kappa with squared distances: 1 is full agreement, 0 what chance would give."""
    table = confusion(truth, said, labels).astype(float)
    if not table.sum():
        return float("nan")
    scale = np.arange(labels)
    apart = (scale[:, None] - scale[None, :]) ** 2
    chance = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    expected = float((apart * chance).sum())
    return 1.0 - float((apart * table).sum()) / expected if expected else 1.0


def calibration_error(confidence: Sequence[float], right: Sequence[bool], *, bins: int = 10) -> float:
    """Expected calibration error over equally wide bins: how far confidence and accuracy lie apart on average."""
    sure, good = np.asarray(confidence, dtype=float), np.asarray(right, dtype=float)
    if not len(sure):
        return float("nan")
    place = np.minimum((sure * bins).astype(int), bins - 1)
    gaps = [
        abs(sure[place == at].mean() - good[place == at].mean()) * (place == at).mean()
        for at in range(bins)
        if (place == at).any()
    ]
    return float(sum(gaps))


def reliability(
    confidence: Sequence[float], right: Sequence[bool], *, bins: int = 10
) -> list[tuple[float, float, int]]:
    """(mean confidence, accuracy, count) of each bin that holds anything."""
    sure, good = np.asarray(confidence, dtype=float), np.asarray(right, dtype=float)
    place = np.minimum((sure * bins).astype(int), bins - 1)
    filled = [place == at for at in range(bins) if (place == at).any()]
    return [(float(sure[mine].mean()), float(good[mine].mean()), int(mine.sum())) for mine in filled]


def sure_within(hits: int, count: int, *, z: float = 1.96) -> tuple[float, float]:
    """Wilson's interval of a share, so that a small slice is not read as more than it is."""
    if not count:
        return 0.0, 1.0
    share, square = hits / count, z * z
    centre = (share + square / (2 * count)) / (1 + square / count)
    half = z * np.sqrt(share * (1 - share) / count + square / (4 * count * count)) / (1 + square / count)
    return float(centre - half), float(centre + half)
