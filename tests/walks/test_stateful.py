"""Hypothesis drives the real desk; and each fault that desks like this are known for is planted and must be found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy import update

from tests.walks.desk_machine import DeskMachine
from webcare.cases import outcomes
from webcare.channels import walking
from webcare.channels.base import Channel
from webcare.domain import Posted, Reply
from webcare.errors import OutcomeUnknown
from webcare.store.tables import DeliveryRow

QUIET = settings(
    max_examples=12,
    stateful_step_count=25,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
#: A planted fault has to be found, not made small.
SEEK = settings(QUIET, max_examples=200, phases=[Phase.generate], report_multiple_bugs=False)


@pytest.fixture
def machine(sqlite_template: Path) -> type[DeskMachine]:
    return type("Machine", (DeskMachine,), {"template": sqlite_template})


@pytest.mark.timeout(600)
def test_the_desk_keeps_its_promises_whatever_happens(machine: type[DeskMachine]) -> None:
    run_state_machine_as_test(machine, settings=QUIET)


class Impatient:
    """Sends again when the network did not answer: what nearly every such tool does."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def __getattr__(self, name: str) -> Any:
        return getattr(self._channel, name)

    def send(self, reply: Reply) -> Posted:
        try:
            return self._channel.send(reply)
        except OutcomeUnknown:
            return self._channel.send(reply)


@pytest.mark.timeout(600)
def test_a_second_try_after_a_timeout_is_found(machine: type[DeskMachine]) -> None:
    machine.wrap = staticmethod(Impatient)  # type: ignore[assignment]
    found = failure_of(machine)
    assert "posted more than once" in found or "stands 2 times" in found


@pytest.mark.timeout(600)
def test_a_mark_moved_before_the_walk_arrived_is_found(
    machine: type[DeskMachine], monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_early(seen: walking.Place, pages: list[walking.Page], token: str, by_id: bool) -> walking.Place:
        return walking._arrived(seen, pages)

    monkeypatch.setattr(walking, "_unfinished", too_early)
    assert "missing" in failure_of(machine)


@pytest.mark.timeout(600)
def test_a_missing_fence_is_found(machine: type[DeskMachine], monkeypatch: pytest.MonkeyPatch) -> None:
    def unfenced(session: Any, delivery_id: int, attempt: int, state: Any, allowed: Any, **values: Any) -> Any:
        row = update(DeliveryRow).where(DeliveryRow.id == delivery_id)  # type: ignore[arg-type]
        session.execute(row.values(state=state.value, **values))
        return session.get(DeliveryRow, delivery_id, populate_existing=True)

    monkeypatch.setattr(outcomes, "_settle", unfenced)
    found = failure_of(machine)
    assert "posted more than once" in found or "stands" in found


def failure_of(machine: type[DeskMachine]) -> str:
    """What a run of the machine stumbles over. Fails when it finds nothing."""
    with pytest.raises(AssertionError) as error:
        run_state_machine_as_test(machine, settings=SEEK)
    return str(error.value)
