"""Business time and targets by what was in force at each moment."""

from __future__ import annotations

import logging
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webcare.domain import Urgency
from webcare.hours import OpeningHours
from webcare.measures.clocks import DEFAULTS, Clocks, Decided, read_clocks
from webcare.settings import load_settings
from webcare.store import Store
from webcare.store.tables_desk import PolicyRow
from webcare.targets import Target

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
OFFICE = OpeningHours(AMSTERDAM, dict.fromkeys(range(1, 6), ((540, 1020),)), {date(2026, 12, 25): "Kerst"})
LATE = OpeningHours(AMSTERDAM, dict.fromkeys(range(1, 8), ((600, 1320),)))
EVER = datetime(2020, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def at(day: int, hour: int, minute: int = 0, month: int = 2) -> datetime:
    """A moment of 2026 on the wall in Amsterdam."""
    return datetime(2026, month, day, hour, minute, tzinfo=AMSTERDAM).astimezone(UTC)


def clocks(*versions: tuple[datetime, OpeningHours | None], queue: str = "all") -> Clocks:
    return Clocks({queue: [Decided(since, hours) for since, hours in versions]})


def test_a_stretch_across_a_change_is_counted_in_parts() -> None:
    both = clocks((EVER, OFFICE), (at(11, 12), LATE))
    assert both.business("first_line", at(11, 9), at(11, 20)) == 11 * 3600
    assert both.business("first_line", at(10, 8), at(10, 20)) == 8 * 3600
    assert both.business("first_line", at(12, 8), at(12, 20)) == 10 * 3600
    assert both.business("first_line", at(12, 20), at(12, 8)) == 0


def test_a_change_today_moves_nothing_before_it() -> None:
    before, after = clocks((EVER, OFFICE)), clocks((EVER, OFFICE), (at(20, 0), LATE), (at(21, 0), None))
    for start, end in ((at(2, 8), at(19, 23, 59)), (at(6, 16, 45), at(9, 9, 15))):
        assert after.business("first_line", start, end) == before.business("first_line", start, end)
    assert after.business("first_line", at(21, 0), at(22, 0)) == 24 * 3600


def test_days_on_which_the_clock_changes_have_23_and_25_hours() -> None:
    whole = clocks((EVER, OpeningHours(AMSTERDAM, dict.fromkeys(range(1, 8), ((0, 1440),)))))
    assert whole.business("x", at(29, 0, month=3), at(30, 0, month=3)) == 23 * 3600
    assert whole.business("x", at(25, 0, month=10), at(26, 0, month=10)) == 25 * 3600


def test_a_queue_with_hours_of_its_own_goes_by_them_until_they_are_taken_away() -> None:
    hours = {"all": [Decided(EVER, OFFICE)], "nordics": [Decided(EVER, LATE), Decided(at(12, 0), None)]}
    own = Clocks(hours)
    assert [own.business("nordics", at(day, 0), at(day, 23)) / 3600 for day in (11, 12)] == [12, 8]
    assert own.business("first_line", at(11, 0), at(11, 23)) / 3600 == 8


def test_without_hours_every_minute_counts_and_days_are_those_of_utc() -> None:
    nothing = Clocks()
    assert nothing.business("x", at(7, 3), at(8, 3)) == 86_400
    assert nothing.of("x").day_closes(datetime(2026, 2, 7, 3, tzinfo=UTC), 3) == datetime(2026, 2, 11, tzinfo=UTC)


def test_a_friday_evening_runs_on_into_monday() -> None:
    office = clocks((EVER, OFFICE))
    office = Clocks(office.hours, [Decided(EVER, (Target(Urgency.NORMAL, first=timedelta(minutes=30)),))])
    assert office.due("first", "normal", "first_line", "x", at(6, 16, 45)) == at(9, 9, 15)
    assert office.due("first", "normal", "first_line", "x", at(6, 16, 30)) == at(6, 17)
    # Three business days after a Wednesday before Christmas: Thursday, Monday, Tuesday.
    assert office.of("x").day_closes(at(23, 15, month=12), 3) == at(30, 0, month=12)


def test_targets_are_those_in_force_when_the_customer_wrote() -> None:
    old, new = (Target(Urgency.HIGH, first=HOUR),), (Target(Urgency.HIGH, next=HOUR / 2, resolution=9 * HOUR),)
    wall = Target(Urgency.LOW, "first_line", first=HOUR, round_the_clock=True)
    both = Clocks({"all": [Decided(EVER, OFFICE)]}, [Decided(at(2, 0), old), Decided(at(10, 0), (*new, wall))])
    assert both.due("first", "high", "q", "x", at(9, 12)) == at(9, 13)
    assert both.due("resolution", "high", "q", "x", at(9, 12)) is None
    assert both.due("next", "high", "q", "x", at(10, 12)) == at(10, 12, 30)
    assert both.due("first", "high", "q", "x", at(10, 12)) == at(10, 12) + DEFAULTS["high"]
    assert both.due("resolution", "high", "q", "x", at(10, 16)) == at(11, 17)
    assert both.due("first", "low", "first_line", "x", at(11, 22)) == at(11, 23)
    assert Clocks(defaults={}).due("first", "low", "q", "x", at(11, 22)) is None


def test_hours_that_never_open_again_have_no_due_time() -> None:
    ended = Clocks({"all": [Decided(EVER, OpeningHours(AMSTERDAM, {}))]})
    assert ended.due("first", "high", "q", "x", at(9, 12)) is None


def test_the_defaults_are_those_of_the_settings() -> None:
    routing = load_settings(env={}).routing
    assert {urgency.value: routing.within(urgency) for urgency in Urgency} == DEFAULTS


@settings(max_examples=60, deadline=None)
@given(
    start=st.datetimes(datetime(2026, 3, 20), datetime(2026, 4, 2)),  # noqa: DTZ001 - made aware below
    minutes=st.integers(1, 6000),
    days=st.dictionaries(st.integers(1, 7), st.tuples(st.integers(0, 700), st.integers(701, 1440)), min_size=1),
)
def test_one_version_counts_as_the_hours_themselves_do(
    start: datetime, minutes: int, days: dict[int, tuple[int, int]]
) -> None:
    hours = OpeningHours(AMSTERDAM, {day: (part,) for day, part in days.items()})
    timeline = clocks((EVER, hours)).of("x")
    begins, span = start.replace(tzinfo=UTC), timedelta(minutes=minutes)
    assert timeline.between(begins, begins + span) == hours.between(begins, begins + span)
    assert timeline.add(begins, span) == hours.add(begins, span)
    assert list(timeline.stretches(begins, begins + span)) == list(hours.intervals(begins, begins + span))


def test_every_version_is_read_at_once_and_one_that_cannot_be_read_counts_as_none(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    office = {"timezone": "Europe/Amsterdam", "week": {"1": [["09:00", "17:00"]]}}
    rows = {"rows": [{"urgency": "low", "queue": "repairs", "first": 5}]}
    kept: list[tuple[str, datetime, dict[str, object]]] = [
        ("queues", EVER, {"queues": [{"name": "repairs", "titles": {"en": "Repairs"}, "line": "first_line"}]}),
        ("queues", at(1, 0), {"queues": []}),
        ("targets", EVER, rows),
        ("hours:all", EVER, office),
        ("hours:all", at(10, 0), office | {"timezone": "Mars/Olympus"}),
        ("hours:all", at(20, 0), {}),
    ]
    with store.write() as session:
        for name, since, value in kept:
            session.add(PolicyRow(name=name, valid_from=since, value=value, agent_name="Sam", changed_at=since))
    with store.read() as session, caplog.at_level(logging.WARNING):
        found = read_clocks(session)
    assert "hours:all" in caplog.text
    assert [one.value is None for one in found.hours["all"]] == [False, True, True]
    assert found.due("first", "low", "repairs", "x", at(2, 9)) == at(2, 9, 5)
