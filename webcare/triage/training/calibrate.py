"""Makes the network's probabilities honest and its mistakes cheap, on text it was not trained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from webcare.domain import Urgency
from webcare.encoder import Alarm
from webcare.encoder.decision import raised
from webcare.triage.training.measures import weighted_kappa

Floats = NDArray[np.float64]

#: Share of critical mentions that must be tagged high or critical on the dev part before agreement counts at all. It
#: has some fifty of them: to catch the last three there, one in ten harmless mentions everywhere would become high.
_CRITICAL_CAUGHT = 0.94
#: Where the floor may lie, and what of the agreement it may cost that no critical mention is called low.
_FLOORS = (0.01, 0.015, 0.02, 0.03, 0.05, 0.08, 0.12)
_FLOOR_COSTS = 0.005


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a threshold on the confidence does: how much is decided, and how much of that is right."""

    threshold: float
    covered: float
    right: float


def softmax(logits: NDArray[np.floating], temperature: float = 1.0) -> Floats:
    """Probabilities of each row."""
    scaled = logits.astype(np.float64) / temperature
    odds: Floats = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    odds /= odds.sum(axis=1, keepdims=True)
    return odds


def fit_temperature(logits: NDArray[np.floating], truth: NDArray[np.integer]) -> float:
    """The divisor that makes the true labels likeliest; between 0.25 and 4, to four digits."""

    def surprise(power: float) -> float:
        odds = softmax(logits, float(np.exp(power)))
        return float(-np.log(odds[np.arange(len(truth)), truth] + 1e-12).mean())

    low, high = np.log(0.25), np.log(4.0)
    golden = (np.sqrt(5) - 1) / 2
    for _ in range(60):
        left, right = high - golden * (high - low), low + golden * (high - low)
        low, high = (low, right) if surprise(left) < surprise(right) else (left, high)
    return round(float(np.exp((low + high) / 2)), 4)


def fit_alarm(urgency: Floats, safety: Floats, truth: NDArray[np.integer]) -> Alarm:
    """When a text becomes high because it may be dangerous, chosen on held-out text.

    `urgency` (N, 4) and `safety` (N,) are probabilities, `truth` (N,) places in `Urgency`. Missing a critical mention
    costs far more than a false alarm: among rules that catch enough of them the one with the best weighted kappa is
    taken; where none does, the one that catches most. The floor under which a text may be called low is the lowest that
    costs next to no agreement.
    """
    ranked = []
    for share in (0.0, 0.3, 0.5, 0.8, 1.0, 1.5):
        for bar in np.arange(2, 31) / 100:
            alarm = Alarm(share, round(float(bar), 2))
            said = _raised(alarm, urgency, safety)
            caught, agreed = _caught(truth, said), weighted_kappa(truth, said, len(Urgency))
            enough = caught >= _CRITICAL_CAUGHT
            ranked.append(((enough, agreed if enough else caught, agreed), alarm))
    (_, _, agreed), best = max(ranked, key=lambda one: one[0])
    floors = [replace(best, floor=floor) for floor in (*_FLOORS, best.bar) if floor <= best.bar]
    kappas = [weighted_kappa(truth, _raised(alarm, urgency, safety), len(Urgency)) for alarm in floors]
    return next(alarm for alarm, kappa in zip(floors, kappas, strict=True) if kappa >= agreed - _FLOOR_COSTS)


def _raised(alarm: Alarm, urgency: Floats, safety: Floats) -> NDArray[np.intp]:
    """The likeliest urgency of each text (N,), raised by the alarm."""
    high, normal, low = (list(Urgency).index(level) for level in (Urgency.HIGH, Urgency.NORMAL, Urgency.LOW))
    danger = urgency[:, 0] + alarm.share * safety
    return raised(alarm, urgency.argmax(axis=1), danger, high=high, normal=normal, low=low)


def _caught(truth: NDArray[np.integer], said: NDArray[np.integer]) -> float:
    critical = truth == 0
    return float((said[critical] <= 1).mean()) if critical.any() else 1.0


def coverage_curve(confidence: Sequence[float], right: Sequence[bool]) -> list[Coverage]:
    """What each threshold from 0 to 0.95 would decide, and how often rightly."""
    sure, good = np.array(confidence), np.array(right, dtype=float)
    curve = []
    for threshold in np.arange(20) / 20:
        taken = sure >= threshold
        curve.append(
            Coverage(round(float(threshold), 2), float(taken.mean()), float(good[taken].mean()) if taken.any() else 1.0)
        )
    return curve


def choose_threshold(curve: Sequence[Coverage], *, at_least_covered: float = 0.9) -> float:
    """The highest threshold that still decides most mentions: what it leaves to people is where it errs most."""
    kept = [point.threshold for point in curve if point.covered >= at_least_covered]
    return max(kept, default=0.0)


def fit_temperatures(
    logits: Mapping[str, NDArray[np.floating]], truth: Mapping[str, NDArray[np.integer]]
) -> dict[str, float]:
    """A temperature for each head; rows whose truth is negative have no label there. 1.0 where no row has one."""
    known = {head: truth[head] >= 0 for head in logits}
    return {
        head: fit_temperature(values[known[head]], truth[head][known[head]]) if known[head].any() else 1.0
        for head, values in logits.items()
    }
