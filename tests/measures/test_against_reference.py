"""The figures of random lives of cases equal those of an independent, slow count of the same definitions."""

from __future__ import annotations

from datetime import timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.measures.comparing import differences
from tests.measures.made_up import made_up_clocks, made_up_history
from webcare.measures import VERSIONS
from webcare.measures.facts import ELSEWHERE, facts_of


@settings(max_examples=200, deadline=None)
@given(chance=st.randoms(use_true_random=False), number=st.integers(0, 15))
def test_the_figures_equal_the_reference(chance: Random, number: int) -> None:
    ours, theirs, _ = differences(chance, number)
    assert (ours, theirs) == ({}, {})


@settings(max_examples=100, deadline=None)
@given(chance=st.randoms(use_true_random=False), number=st.integers(0, 15))
def test_shares_sum_to_one_and_parts_of_a_wait_to_the_whole(chance: Random, number: int) -> None:
    history, at = made_up_history(chance, number)
    facts = facts_of(history, made_up_clocks(number), at=at)
    for answer in history.answers:
        shares = [
            fact.share
            for fact in facts
            if fact.measure == "handled" and fact.counted and fact.events[0] == f"delivery:{answer.id}"
        ]
        assert not shares or abs(sum(shares) - 1) < 1e-9
    waited = sum(fact.value or 0 for fact in facts if fact.measure in _OURS and fact.value is not None)
    whole = sum(
        fact.value or 0
        for fact in facts
        if fact.measure in ("first_response", "next_response") and fact.value is not None
    )
    closed = [fact for fact in facts if fact.measure == "waiting_closed" and fact.value is not None]
    answered = [
        fact for fact in facts if fact.measure in ("first_response", "next_response") and fact.value is not None
    ]
    if len(closed) == len(answered):
        assert abs(waited - whole) < 1e-6


_OURS = ("waiting_first_line", "waiting_second_line", "waiting_approval", "waiting_closed")


@settings(max_examples=100, deadline=None)
@given(chance=st.randoms(use_true_random=False), number=st.integers(0, 15))
def test_a_fact_holds_until_the_moment_it_names(chance: Random, number: int) -> None:
    """Roll-ups keep facts and count them anew at `changes_at`; in between nothing may move."""
    history, at = made_up_history(chance, number)
    clocks = made_up_clocks(number)
    history = history.as_of(at)
    facts = facts_of(history, clocks, at=at)
    moves = min((fact.changes_at for fact in facts if fact.changes_at is not None), default=at + timedelta(days=60))
    assert moves > at
    assert facts_of(history, clocks, at=max(at, moves - timedelta(minutes=1))) == facts
    if any(fact.changes_at is not None for fact in facts):
        assert facts_of(history, clocks, at=moves) != facts


def test_every_measure_and_version_is_counted_somewhere() -> None:
    found = set()
    for number in range(600):
        history, at = made_up_history(Random(number), number % 16)
        found |= {
            (fact.measure, fact.version)
            for fact in facts_of(history, made_up_clocks(number % 16), at=at, wanted=VERSIONS)
            if fact.value is not None
        }
    assert found == set(VERSIONS) - ELSEWHERE
    assert set(VERSIONS) >= ELSEWHERE
