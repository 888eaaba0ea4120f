"""Fits small networks on rows of features. Seeded, on one thread: the same rows give the same numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from webcare.guard.learned.features import Floats
from webcare.guard.learned.parameters import Net, rounded

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Plan:
    """One network of a head: what it reads and how it learns. `hidden` 0 is a plain logistic regression."""

    inputs: str
    hidden: int
    epochs: int = 14
    members: int = 3  #: networks from different seeds, added up
    decay: float = 0.05
    drop: float = 0.5
    strength: float = 0.02  #: inverse of the penalty on a plain regression


_BATCH = 128
_RATE = 4e-3


def fit_nets(plans: Sequence[Plan], inputs: dict[str, Floats], wanted: Flags, weights: Floats, seed: int) -> list[Net]:
    """Train every network of a head; their scores come out centred on the training rows."""
    nets = []
    for plan in plans:
        rows = inputs[plan.inputs]
        if plan.hidden == 0:
            nets.append(_centred(plan, [_regression(plan, rows, wanted, weights)], rows))
        else:
            for member in range(plan.members):
                nets.append(_centred(plan, _network(plan, rows, wanted, weights, seed + member), rows))
    return nets


def _centred(plan: Plan, layers: list[tuple[Floats, Floats]], rows: Floats) -> Net:
    kept = tuple((rounded(weight), rounded(bias)) for weight, bias in layers)
    scores = Net(plan.inputs, kept, 0.0, 1.0)(rows)
    return Net(plan.inputs, kept, float(scores.mean()), float(scores.std()) or 1.0)


def _regression(plan: Plan, rows: Floats, wanted: Flags, weights: Floats) -> tuple[Floats, Floats]:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=plan.strength, max_iter=2000, class_weight="balanced")
    model.fit(rows, wanted, sample_weight=weights)
    return np.asarray(model.coef_, dtype=np.float32), np.asarray(model.intercept_, dtype=np.float32)


def _network(plan: Plan, rows: Floats, wanted: Flags, weights: Floats, seed: int) -> list[tuple[Floats, Floats]]:
    import torch
    from torch import nn

    torch.manual_seed(seed)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    net = nn.Sequential(
        nn.Dropout(0.1),
        nn.Linear(rows.shape[1], plan.hidden),
        nn.ReLU(),
        nn.Dropout(plan.drop),
        nn.Linear(plan.hidden, 1),
    )
    loss_of = nn.BCEWithLogitsLoss(reduction="none", pos_weight=torch.tensor(float((~wanted).sum() / wanted.sum())))
    features, truth, worth = (torch.from_numpy(np.asarray(one, dtype=np.float32)) for one in (rows, wanted, weights))
    steps = plan.epochs * (len(rows) // _BATCH + 1)
    optimiser = torch.optim.AdamW(net.parameters(), lr=_RATE, weight_decay=plan.decay)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimiser, _RATE, total_steps=steps)
    net.train()
    for _ in range(plan.epochs):
        for batch in torch.split(torch.randperm(len(rows)), _BATCH):
            loss = (loss_of(net(features[batch])[:, 0], truth[batch]) * worth[batch]).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            rate.step()
    torch.set_num_threads(threads)
    return [
        (layer.weight.detach().numpy(), layer.bias.detach().numpy()) for layer in net if isinstance(layer, nn.Linear)
    ]


def summed(nets: Sequence[Net], inputs: dict[str, Floats]) -> Floats:
    """What the networks say together, before calibration."""
    return np.asarray(np.mean([net(inputs[net.inputs]) for net in nets], axis=0), dtype=np.float32)


def crossed(
    groups: Sequence[str], folds: Sequence[frozenset[str]], score: Callable[[Flags, Flags], Floats]
) -> tuple[Floats, Flags]:
    """Scores by networks that never saw a row's group, and which rows have one: those of the groups in the folds.

    `score(learn, judge)` gives the scores of `judge`.
    """
    found, has = np.zeros(len(groups), dtype=np.float32), np.zeros(len(groups), dtype=bool)
    for fold in folds:
        judged = np.array([group in fold for group in groups])
        if judged.any() and not judged.all():
            found[judged], has[judged] = score(~judged, judged), True
    return found, has


def line_of(totals: Floats, opinions: Floats, wanted: Flags) -> tuple[float, float, float]:
    """Slope, weight of the opinion and offset that make calibrated probabilities (Platt's method, of two scores).

    An opinion that would speak against itself beside the networks is left out.
    """
    from sklearn.linear_model import LogisticRegression

    both = LogisticRegression(C=100.0).fit(np.column_stack([totals, opinions]), wanted)
    if both.coef_[0, 1] >= 0:
        return float(both.coef_[0, 0]), float(both.coef_[0, 1]), float(both.intercept_[0])
    alone = LogisticRegression(C=100.0).fit(totals[:, None], wanted)
    return float(alone.coef_[0, 0]), 0.0, float(alone.intercept_[0])
