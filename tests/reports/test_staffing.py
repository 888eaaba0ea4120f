"""Who the coming week takes, on weeks whose rhythm is known."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from webcare import policies
from webcare.domain import Role
from webcare.reports.staffing import Staffing, staffing
from webcare.store import Store
from webcare.store.tables import DeliveryRow, MentionRow
from webcare.testing import NOON, Desk, make_desk

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
#: NOON is a Tuesday; this is the Wednesday before, at ten in Amsterdam.
WEDNESDAY = datetime(2026, 2, 4, 9, tzinfo=UTC)


@pytest.fixture
def desk(store: Store) -> Desk:
    return make_desk(store)


def weeks_of(desk: Desk, counts: list[int], *, answered: float = 1.0) -> None:
    """So many messages in one hour on each of the last Wednesdays, the last one last, answered by one person."""
    desk.now = WEDNESDAY - timedelta(weeks=len(counts) - 1, days=2)
    case = desk.open_case()
    with desk.store.write() as session:
        first = session.get_one(MentionRow, 1)
        for week, count in enumerate(counts):
            began = WEDNESDAY - timedelta(weeks=len(counts) - week - 1)
            for number in range(count):
                at, name = began + timedelta(minutes=number % 60), f"m{week}-{number}"
                session.add(
                    MentionRow(
                        account_id=1, channel="x", external_id=name, thread_id=first.thread_id, case_id=case.id,
                        author_external_id="c", text="?", posted_at=at, collected_at=at,
                    )
                )  # fmt: skip
                if number < count * answered:
                    session.add(
                        DeliveryRow(
                            case_id=case.id, account_id=1, target_external_id=name, state="sent", kind="mention",
                            thread_external_id="t", text="!", fingerprint="f", rules_version="r", posted_at=at,
                            author_id=desk.first.id, approver_id=desk.first.id, created_at=at, not_before=at,
                        )
                    )  # fmt: skip


def found(desk: Desk, queue: str = "") -> Staffing:
    with desk.store.read() as session:
        return staffing(session, now=NOON, zone=AMSTERDAM, queue=queue)


def test_a_day_is_the_median_of_the_same_weekday_with_the_least_and_the_most(desk: Desk):
    weeks_of(desk, [12, 10, 40, 11])
    days = {f"{one.day:%a}": one for one in found(desk).days}
    assert (days["Wed"].median, days["Wed"].low, days["Wed"].high) == (11.5, 10, 40)
    assert days["Fri"].median == 0
    assert [f"{one.day:%d}" for one in found(desk).days][:2] == ["10", "11"], "from today on"


def test_who_it_takes_comes_from_what_one_person_does_in_an_hour(desk: Desk):
    weeks_of(desk, [30, 30, 30, 30], answered=0.5)
    told = found(desk)
    assert told.per_person_hour == 15.0
    assert told.answers_per_message == pytest.approx(60 / 121)
    assert [one.people for one in told.days if one.people] == [1]


def test_a_young_desk_has_no_forecast_and_no_quiet_weeks_before_it_began(desk: Desk):
    weeks_of(desk, [10, 10])
    told = found(desk)
    assert told.weeks == 2
    assert all(one.median is None for one in told.days)


def test_another_queue_has_its_own_numbers(desk: Desk):
    weeks_of(desk, [30, 30, 30, 30])
    assert found(desk, "second_line").weeks == 0
    assert found(desk, "first_line").weeks == 4


def hours(desk: Desk, name: str, *holidays: str) -> None:
    """Opening hours with these closed days, decided before the first message."""
    week = {str(day): [["09:00", "17:00"]] for day in range(1, 6)}
    closed = [{"date": day, "name": f"Feast {day[-2:]}"} for day in holidays]
    value = {"timezone": "Europe/Amsterdam", "week": week, "holidays": closed}
    began = WEDNESDAY - timedelta(weeks=20)
    with desk.store.write() as session:
        policies.decide(session, f"hours:{name}", value, valid_from=began, by=desk.people[Role.MANAGER], now=began)


def test_a_holiday_of_the_opening_hours_is_no_witness_and_has_no_forecast(desk: Desk):
    hours(desk, "all", "2026-01-28", "2026-02-12")
    weeks_of(desk, [12, 10, 400, 11])
    told = found(desk)
    days = {f"{one.day:%a}": one for one in told.days}
    assert (days["Wed"].median, days["Wed"].high, days["Wed"].holiday) == (11, 12, "")
    assert (days["Thu"].median, days["Thu"].holiday, days["Thu"].closed) == (None, "Feast 12", True)
    assert {one.day.day for one in told.hours} == {10, 11, 13, 14, 15, 16}


def test_a_holiday_of_one_queue_leaves_the_forecast_of_the_others(desk: Desk):
    hours(desk, "all")
    hours(desk, "second_line", "2026-01-28", "2026-02-11")
    weeks_of(desk, [12, 10, 400, 11])
    every, first, second = (
        next(one for one in found(desk, queue).days if f"{one.day:%a}" == "Wed")
        for queue in ("", "first_line", "second_line")
    )
    assert (every.median, every.holiday, every.closed) == (11, "Feast 11", False)
    assert (first.median, first.high, first.holiday) == (11.5, 400, "")
    assert (second.holiday, second.closed) == ("Feast 11", True)
