"""May a candidate take the place of the model in force? Two classifiers, the same texts, one stated rule.

The rule, all of it on the frozen gold set unless it says otherwise:

1. No fewer critical mentions are caught (tagged high or critical), and no more of them are tagged low.
2. In no language is any question answered significantly worse (exact McNemar test, one-sided, p < 0.01; thirty-six
   tests at 0.05 would refuse every second candidate that is no worse at all).
3. Over all languages no question is answered significantly worse (the same test, p < 0.05).
4. Sentiment, urgency and topic together are significantly better (paired bootstrap over scenarios, 95 %), or they are
   not worse and the held-out corrections are answered significantly better (sign test, one-sided, p < 0.05).

Held-out corrections alone prove little: they were collected because the model of the time erred on them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray

from webcare.domain import LANGUAGES
from webcare.triage.training.data import Row
from webcare.triage.training.evaluate import Answers
from webcare.triage.transformer import HEADS

#: What the desk lives by; these three decide together.
TOGETHER = ("sentiment", "urgency", "topic")
WORSE_IN_A_LANGUAGE, WORSE_OVERALL, BETTER = 0.01, 0.05, 0.05
_RESAMPLES = 2_000


@dataclass(frozen=True, slots=True)
class Duel:
    """One question in one part of the text: shares right, texts won and lost, and the chance of losing so by luck."""

    part: str
    head: str
    texts: int
    before: float
    after: float
    won: int
    lost: int
    p_worse: float


@dataclass(frozen=True, slots=True)
class Exam:
    """The outcome: every duel, and why the candidate is refused; no reason means that it passed."""

    duels: tuple[Duel, ...]
    refused: tuple[str, ...]
    gain: tuple[float, float, float]  #: mean and 95 % interval of the gain in right answers of three
    critical: tuple[int, int, int, int, int]  #: of so many caught before, after; tagged low before, after
    corrections: tuple[int, int, int]  #: held-out answers, won, lost

    @property
    def passed(self) -> bool:
        """Whether the candidate may go live."""
        return not self.refused


def examine(before: Answers, after: Answers, held_before: Answers, held_after: Answers) -> Exam:
    """Compare two classifiers' answers to the gold set and to held-out corrections; rows stand in the same order."""
    duels = tuple(
        _duel(part, head, before, after, mask) for part, mask in _parts(before.rows) for head in HEADS if mask.any()
    )
    gain = _gain(before, after)
    critical = _critical(before, after)
    won, lost = _held_out(held_before, held_after)
    held = sum(int((held_before.truth[head] >= 0).sum()) for head in HEADS)
    refused = [*_critical_reasons(critical), *_worse(duels), *_not_better(gain, won, lost)]
    return Exam(duels, tuple(refused), gain, critical, (held, won, lost))


def chance_of(wins: int, losses: int) -> float:
    """The chance that of so many even bets so many or more are lost."""
    bets = wins + losses
    return float(sum(comb(bets, at) for at in range(losses, bets + 1)) / 2**bets)


def _parts(rows: Sequence[Row]) -> list[tuple[str, NDArray[np.bool_]]]:
    langs = np.array([row.lang for row in rows])
    return [("all", np.ones(len(rows), dtype=bool)), *((lang, langs == lang) for lang in LANGUAGES)]


def _right(answers: Answers, head: str) -> NDArray[np.bool_]:
    return np.asarray((answers.truth[head] == answers.said[head]) & (answers.truth[head] >= 0))


def _duel(part: str, head: str, before: Answers, after: Answers, mask: NDArray[np.bool_]) -> Duel:
    known = mask & (before.truth[head] >= 0)
    ours, theirs = _right(after, head)[known], _right(before, head)[known]
    won, lost = int((ours & ~theirs).sum()), int((theirs & ~ours).sum())
    count = max(1, int(known.sum()))
    shares = float(theirs.sum() / count), float(ours.sum() / count)
    return Duel(part, head, int(known.sum()), *shares, won, lost, chance_of(won, lost))


def _gain(before: Answers, after: Answers) -> tuple[float, float, float]:
    """Mean gain a text in right answers of three, with its interval; scenarios are drawn whole."""
    gains = sum(_right(after, head).astype(float) - _right(before, head) for head in TOGETHER)
    names, place = np.unique([row.scenario or row.id for row in before.rows], return_inverse=True)
    sums, sizes = np.bincount(place, weights=gains), np.bincount(place)
    drawn = np.random.default_rng(11).integers(len(names), size=(_RESAMPLES, len(names)))
    means = sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    return float(np.mean(gains)), float(np.quantile(means, 0.025)), float(np.quantile(means, 0.975))


def _critical(before: Answers, after: Answers) -> tuple[int, int, int, int, int]:
    mask = before.truth["urgency"] == 0
    was, now = before.said["urgency"][mask], after.said["urgency"][mask]
    return int(mask.sum()), int((was <= 1).sum()), int((now <= 1).sum()), int((was == 3).sum()), int((now == 3).sum())


def _held_out(before: Answers, after: Answers) -> tuple[int, int]:
    pairs = [(_right(after, head), _right(before, head)) for head in HEADS]
    return sum(int((a & ~b).sum()) for a, b in pairs), sum(int((b & ~a).sum()) for a, b in pairs)


def _critical_reasons(critical: tuple[int, int, int, int, int]) -> list[str]:
    _, caught, catches, low, lows = critical
    reasons = [f"it catches {catches} critical mentions, the model in force {caught}"] if catches < caught else []
    return reasons + ([f"it tags {lows} critical mentions low, the model in force {low}"] if lows > low else [])


def _worse(duels: Sequence[Duel]) -> list[str]:
    limits = [(duel, WORSE_OVERALL if duel.part == "all" else WORSE_IN_A_LANGUAGE) for duel in duels]
    return [
        f"{duel.head} is significantly worse in {duel.part}: {duel.before:.3f} → {duel.after:.3f}, p {duel.p_worse:.4f}"
        for duel, limit in limits
        if duel.p_worse < limit
    ]


def _not_better(gain: tuple[float, float, float], won: int, lost: int) -> list[str]:
    mean, low, high = gain
    if low > 0:
        return []
    span = f"{mean:+.4f} right answers a text, 95 % {low:+.4f} to {high:+.4f}"
    if mean < 0:
        return [f"sentiment, urgency and topic together are worse ({span})"]
    if chance_of(lost, won) < BETTER:  # the mirrored question: so many won by luck
        return []
    return [f"it is not significantly better: {span}; held-out corrections {won} won, {lost} lost"]


def markdown(exam: Exam, *, before: str, after: str) -> str:
    """The whole comparison as tables, the verdict first."""
    count, *caught = exam.critical
    held, won, lost = exam.corrections
    verdict = "passed: it may go live" if exam.passed else "refused"
    lines = [f"# {after} against {before}: {verdict}", "", *(f"- {reason}" for reason in exam.refused)]
    lines += [""] if exam.refused else []
    lines += [
        f"Gold set: {exam.duels[0].texts} texts. Sentiment, urgency and topic together: {exam.gain[0]:+.4f} right "
        f"answers a text (95 % {exam.gain[1]:+.4f} to {exam.gain[2]:+.4f}).",
        f"Critical mentions caught: {caught[0]} → {caught[1]} of {count}; tagged low: {caught[2]} → {caught[3]}.",
        f"Held-out corrections: {held} answers, {won} won, {lost} lost "
        f"(p {chance_of(lost, won):.4f} of winning so by luck).",
        "",
        "| part | texts | question | before | after | won | lost | p worse |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {duel.part} | {duel.texts} | {duel.head} | {duel.before:.3f} | {duel.after:.3f} | {duel.won} | {duel.lost} "
        f"| {duel.p_worse:.4f} |"
        for duel in exam.duels
    ]
    return "\n".join(lines) + "\n"
