"""Agreement of reviewers, against examples worked out in the literature and against a slow count of pairs."""

import random
from itertools import permutations
from statistics import fmean

import pytest

from webcare.quality.agreement import agreement, alpha
from webcare.quality.results import Mean, mean_of, t_95


def units(*observers: str) -> list[list[int]]:
    """One text an observer, a mark a unit; "." where they gave none."""
    return [[int(mark, 16) for mark in unit if mark != "."] for unit in zip(*observers, strict=True)]


# K. Krippendorff, "Computing Krippendorff's Alpha-Reliability", 2011: its examples A, B and C.
BINARY = units("0100000010", "1110010000")
NOMINAL = units("aabbdcccedda", "babbbccceddd")
MANY = units("1233214 12...".replace(" ", ""), "1233224125.3", ".3332342251.", "12332441251.")


@pytest.mark.parametrize(
    ("metric", "marks", "published"),
    [
        ("nominal", BINARY, 0.095),
        ("ordinal", BINARY, 0.095),
        ("nominal", NOMINAL, 0.692),
        ("nominal", MANY, 0.743),
        ("ordinal", MANY, 0.815),
        ("interval", MANY, 0.849),
    ],
)
def test_alpha_is_what_krippendorff_worked_out(metric, marks, published):
    found = alpha(marks, metric)
    assert found is not None
    assert round(found, 3) == published


def slow_interval_alpha(marks: list[list[int]]) -> float:
    """One minus the mean squared difference within units over the one between all pairable marks."""
    pairable = [unit for unit in marks if len(unit) > 1]
    values = [mark for unit in pairable for mark in unit]
    within = sum(
        sum((one - two) ** 2 for one, two in permutations(unit, 2)) / (len(unit) - 1) for unit in pairable
    ) / len(values)
    return 1 - within / fmean((one - two) ** 2 for one, two in permutations(values, 2))


def test_alpha_equals_a_slow_count_of_pairs_on_random_marks():
    chance = random.Random(7)
    for _ in range(60):
        marks = [[chance.randrange(5) for _ in range(chance.randrange(4))] for _ in range(12)]
        if len({mark for unit in marks if len(unit) > 1 for mark in unit}) < 2:
            continue
        assert alpha(marks, "interval") == pytest.approx(slow_interval_alpha(marks))


def test_shares_count_pairs_of_marks_and_single_marks_say_nothing():
    found = agreement([[4, 4], [4, 3], [0, 4], [2]])
    assert (found.units, found.pairs, found.exact, found.near) == (3, 3, 1 / 3, 2 / 3)
    three = agreement([[4, 4, 3]])
    assert (three.pairs, three.exact, three.near) == (3, 1 / 3, 1.0)


def test_marks_that_never_vary_have_no_alpha_and_no_marks_have_no_share():
    same = agreement([[4, 4], [4, 4]])
    assert (same.exact, same.alpha) == (1.0, None)
    none = agreement([[1], []])
    assert (none.units, none.exact, none.alpha) == (0, None, None)


def test_means_come_with_students_interval():
    # Worked by hand: mean 60, standard deviation 10, n 4: 60 +- 3.182 * 5.
    found = mean_of([50.0, 50.0, 70.0, 70.0])
    spread = (4 * 100 / 3) ** 0.5 / 2
    assert found == Mean(4, 60.0, pytest.approx(60 - 3.182 * spread), pytest.approx(60 + 3.182 * spread))
    assert mean_of([80.0]) == Mean(1, 80.0)
    assert mean_of([]) == Mean(0)
    assert mean_of([100.0] * 19 + [0.0]).high == 100.0
    assert not mean_of([90.0] * 19).enough
    assert mean_of([90.0] * 20).enough


@pytest.mark.parametrize(("freedom", "published"), [(1, 12.706), (9, 2.262), (30, 2.042), (60, 2.000), (120, 1.980)])
def test_the_table_of_student_is_the_published_one(freedom, published):
    assert t_95(freedom) == pytest.approx(published, abs=0.002)
