"""The figures against an independent count: `python benchmarks/measures.py [--cases N]`. Goal: 0 differences.

Hypothesis makes up lives of cases (changes of the clock, holidays, hours and targets changed in between, reopenings,
reassignments, leavers, programs and posts from outside, answers taken back, thanks); the real figures and the slow
reference of `tests/measures/reference.py` count each of them, at a moment after or amid it. Then the same number of
cases is counted by the real figures alone, to see how fast they are.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from pathlib import Path
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.measures.comparing import differences
from tests.measures.made_up import made_up_clocks, made_up_history
from webcare.measures.facts import facts_of

#: Sets of decisions about hours and targets; each has its own minutes for the reference.
DECISIONS = 64


def compare(cases: int) -> tuple[int, int, Counter[str]]:
    """(cases, facts compared, cases that differ by measure)."""
    counted = Counter[str]()
    wrong = Counter[str]()

    @settings(max_examples=cases, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(chance=st.randoms(use_true_random=False), number=st.integers(0, DECISIONS - 1))
    def one(chance: Random, number: int) -> None:
        ours, theirs, facts = differences(chance, number)
        counted.update(cases=1, facts=facts)
        wrong.update({row[0] for row in (*ours, *theirs)})

    one()
    return counted["cases"], counted["facts"], wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=10_000)
    wanted = parser.parse_args().cases
    start = time.perf_counter()
    cases, facts, wrong = compare(wanted)
    print(f"{cases} cases, {facts} facts compared in {time.perf_counter() - start:.0f} s")
    print(f"differences: {sum(wrong.values())} (goal 0)", *(f"{name}: {count}" for name, count in wrong.items()))
    made = [made_up_history(Random(number), number % DECISIONS) for number in range(min(wanted, 2_000))]
    start = time.perf_counter()
    for number, (history, at) in enumerate(made):
        facts_of(history, made_up_clocks(number % DECISIONS), at=at)
    print(f"the real figures take {(time.perf_counter() - start) / len(made) * 1e6:.0f} microseconds a case")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
