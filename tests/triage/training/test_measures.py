from __future__ import annotations

import numpy as np
import pytest

from webcare.triage.training.calibrate import (
    choose_threshold,
    coverage_curve,
    fit_alarm,
    fit_temperature,
    softmax,
)
from webcare.triage.training.measures import (
    calibration_error,
    confusion,
    f1_scores,
    macro_f1,
    reliability,
    sure_within,
    weighted_kappa,
)


def ints(*values: int) -> np.ndarray:
    return np.array(values)


def test_f1_is_counted_by_label_and_averaged_over_those_that_occur() -> None:
    truth, said = ints(0, 0, 1, 1, 2), ints(0, 1, 1, 1, 2)

    assert confusion(truth, said, 4).tolist() == [[1, 1, 0, 0], [0, 2, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0]]
    assert f1_scores(truth, said, 3) == pytest.approx([2 / 3, 0.8, 1.0])
    assert macro_f1(truth, said, 4) == pytest.approx((2 / 3 + 0.8 + 1) / 3)
    assert np.isnan(macro_f1(ints(), ints(), 3))


def test_kappa_is_one_for_agreement_zero_for_chance_and_lower_for_far_misses() -> None:
    truth = ints(0, 1, 2, 3, 0, 1, 2, 3)

    assert weighted_kappa(truth, truth, 4) == 1.0
    assert weighted_kappa(truth, np.full(8, 2), 4) == pytest.approx(0.0)
    near, far = (
        weighted_kappa(truth, ints(1, 1, 2, 3, 0, 1, 2, 3), 4),
        weighted_kappa(truth, ints(3, 1, 2, 3, 0, 1, 2, 3), 4),
    )
    assert 1 > near > far > 0


def test_calibration_error_is_the_gap_between_being_sure_and_being_right() -> None:
    assert calibration_error([0.95] * 20, [True] * 19 + [False]) == pytest.approx(0.0, abs=1e-9)
    assert calibration_error([0.9] * 10, [False] * 10) == pytest.approx(0.9)
    assert calibration_error([1.0, 0.05], [True, False]) == pytest.approx(0.025)
    assert reliability([0.91, 0.93, 0.2], [True, False, False]) == [
        (pytest.approx(0.2), 0.0, 1),
        (pytest.approx(0.92), 0.5, 2),
    ]


def test_a_small_slice_gets_a_wide_interval() -> None:
    small, large = sure_within(19, 20), sure_within(1900, 2000)

    assert small[0] < large[0] < 0.95 < large[1] < small[1] <= 1
    assert sure_within(0, 0) == (0.0, 1.0)


def test_the_fitted_temperature_undoes_overconfidence() -> None:
    chance = np.random.default_rng(2)
    honest = chance.normal(size=(4_000, 4)) * 1.5
    truth = np.array([chance.choice(4, p=odds) for odds in softmax(honest)])

    assert fit_temperature(honest * 3, truth) == pytest.approx(3, rel=0.1)
    assert fit_temperature(honest, truth) == pytest.approx(1, rel=0.1)


def test_the_alarm_is_set_so_that_critical_mentions_are_caught_and_no_lower() -> None:
    chance = np.random.default_rng(4)
    truth = chance.choice(4, size=2_000, p=[0.1, 0.2, 0.4, 0.3])
    logits = chance.normal(size=(2_000, 4))
    logits[np.arange(2_000), truth] += 3.0
    logits[:, 0] -= 1.0  # a network that is shy of the rare label
    urgency = softmax(logits)
    safety = np.where(truth == 0, chance.uniform(0, 1, 2_000), chance.uniform(0, 0.02, 2_000))

    alarm = fit_alarm(urgency, safety, truth)

    plain = urgency.argmax(axis=1)
    loud = np.where((plain > 1) & (urgency[:, 0] + alarm.share * safety >= alarm.bar), 1, plain)
    assert (plain[truth == 0] <= 1).mean() < 0.93
    assert (loud[truth == 0] <= 1).mean() >= 0.96
    assert weighted_kappa(truth, loud, 4) > weighted_kappa(truth, plain, 4) - 0.02
    assert alarm.share > 0
    floored = np.where((plain == 3) & (urgency[:, 0] + alarm.share * safety >= alarm.floor), 2, loud)
    lifted = np.where(loud == 1, 1, floored)
    assert alarm.floor <= alarm.bar
    assert ((lifted == 3) & (truth == 0)).sum() <= ((loud == 3) & (truth == 0)).sum()
    assert weighted_kappa(truth, lifted, 4) >= weighted_kappa(truth, loud, 4) - 0.005


def test_the_threshold_leaves_to_people_what_is_least_sure() -> None:
    curve = coverage_curve([0.3, 0.6, 0.8, 0.9, 0.95, 0.97, 0.98, 0.99, 0.99, 0.99], [False, False] + [True] * 8)

    assert (curve[0].covered, curve[0].right) == (1.0, 0.8)
    assert choose_threshold(curve) == 0.6
    assert choose_threshold(curve, at_least_covered=0.75) == 0.8
    assert next(point for point in curve if point.threshold == 0.65).right == 1.0
