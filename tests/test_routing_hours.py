"""Opening hours against a slow reference that looks at the clock on the wall minute by minute, summer time included."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webcare.hours import HoursWrong, OpeningHours, read_hours, read_ranges

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
MINUTE = timedelta(minutes=1)
OFFICE = {"timezone": "Europe/Amsterdam", "week": {str(day): [["09:00", "17:30"]] for day in range(1, 6)}}
#: Around both changes of the clock, around Christmas, and in plain weeks.
STARTS = [
    datetime(2026, 3, 27, 12, tzinfo=UTC),
    datetime(2026, 3, 28, 22, tzinfo=UTC),
    datetime(2026, 10, 23, 12, tzinfo=UTC),
    datetime(2026, 10, 24, 22, tzinfo=UTC),
    datetime(2026, 12, 24, 10, tzinfo=UTC),
    datetime(2026, 6, 10, 7, tzinfo=UTC),
]


def wall_open(hours: OpeningHours, moment: datetime) -> bool:
    local = moment.astimezone(hours.zone)
    minute = local.hour * 60 + local.minute
    if local.date() in hours.holidays:
        return False
    return any(start <= minute < end for start, end in hours.week.get(local.isoweekday(), ()))


@st.composite
def any_hours(draw: st.DrawFn) -> OpeningHours:
    week = {}
    for day in draw(st.sets(st.integers(1, 7), min_size=1)):
        edges = sorted(draw(st.sets(st.integers(0, 96), min_size=2, max_size=6)))
        week[day] = tuple((start * 15, end * 15) for start, end in zip(edges[::2], edges[1::2], strict=False))
    # The hours in which the clock is set, often.
    if draw(st.booleans()):
        week[7] = draw(st.sampled_from([((60, 150),), ((135, 165),), ((0, 1440),), ((105, 120), (180, 200))]))
    days = draw(st.sets(st.sampled_from([date(2026, 3, 29), date(2026, 10, 25), date(2026, 12, 25)])))
    return OpeningHours(AMSTERDAM, week, dict.fromkeys(days, "holiday"))


moments = st.builds(lambda start, minutes: start + minutes * MINUTE, st.sampled_from(STARTS), st.integers(0, 2000))


@settings(max_examples=60, deadline=None)
@given(any_hours(), moments, st.integers(0, 3000))
def test_open_time_between_two_moments_is_what_the_wall_says(hours: OpeningHours, start: datetime, minutes: int):
    end = start + minutes * MINUTE
    counted = sum(wall_open(hours, start + at * MINUTE) for at in range(minutes))
    assert hours.between(start, end) == counted * MINUTE


@settings(max_examples=60, deadline=None)
@given(any_hours(), moments, st.integers(1, 900))
def test_adding_open_time_ends_where_the_wall_has_counted_it(hours: OpeningHours, start: datetime, minutes: int):
    moment, left = start, minutes
    while left:
        left -= wall_open(hours, moment)
        moment += MINUTE
    assert hours.add(start, minutes * MINUTE) == moment


@settings(max_examples=60, deadline=None)
@given(any_hours(), moments, st.integers(1, 900))
def test_adding_and_counting_agree(hours: OpeningHours, start: datetime, minutes: int):
    span = minutes * MINUTE + timedelta(seconds=17)
    assert hours.between(start, hours.add(start, span)) == span


@pytest.mark.parametrize(
    ("start", "minutes", "expected"),
    [
        # Friday 16:45 and half an hour end on Friday; an hour ends on Monday morning.
        (datetime(2026, 2, 13, 15, 45, tzinfo=UTC), 30, datetime(2026, 2, 13, 16, 15, tzinfo=UTC)),
        (datetime(2026, 2, 13, 15, 45, tzinfo=UTC), 60, datetime(2026, 2, 16, 8, 15, tzinfo=UTC)),
        # A deadline may fall on closing time itself.
        (datetime(2026, 2, 13, 15, 45, tzinfo=UTC), 45, datetime(2026, 2, 13, 16, 30, tzinfo=UTC)),
        # Over the change to summer time: nine on Monday is seven UTC.
        (datetime(2026, 3, 27, 16, 30, tzinfo=UTC), 15, datetime(2026, 3, 30, 7, 15, tzinfo=UTC)),
    ],
)
def test_deadlines_a_planner_would_expect(start: datetime, minutes: int, expected: datetime):
    assert read_hours(OFFICE).add(start, minutes * MINUTE) == expected


def test_a_holiday_is_closed_and_the_next_opening_is_after_it():
    hours = read_hours(OFFICE | {"holidays": [{"date": "2026-12-25", "name": "Eerste kerstdag"}]})
    christmas = datetime(2026, 12, 25, 10, tzinfo=UTC)
    assert not hours.is_open(christmas)
    assert hours.next_opening(christmas) == datetime(2026, 12, 28, 8, tzinfo=UTC)


def test_hours_that_never_open_again_say_so():
    days = [date(2026, 1, 1) + timedelta(days=at) for at in range(1200)]
    shut = OpeningHours(AMSTERDAM, {1: ((540, 600),)}, dict.fromkeys(days, "closed"))
    with pytest.raises(HoursWrong, match="more than two years"):
        shut.add(datetime(2026, 1, 2, tzinfo=UTC), MINUTE)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"timezone": "Europe/Amsterdm"}, "not a time zone"),
        ({"week": {"8": [["09:00", "17:00"]]}}, "not a weekday"),
        ({"week": {"1": [["9", "17:00"]]}}, "not a time of day"),
        ({"week": {"1": [["17:00", "09:00"]]}}, "must end after it starts"),
        ({"week": {"1": [["09:00", "12:00"], ["11:00", "13:00"]]}}, "overlap"),
        ({"week": {"1": []}}, "never open"),
        ({"holidays": [{"date": "25-12-2026", "name": "x"}]}, "not a date"),
        ({"holidays": [{"date": "2026-12-25", "name": " "}]}, "needs a name"),
        ({"holidays": [{"date": "2026-12-25", "name": "a"}, {"date": "2026-12-25", "name": "b"}]}, "twice"),
        ({"weeks": {}}, "no part called weeks"),
    ],
)
def test_what_is_wrong_with_hours_is_said(change: dict[str, object], why: str):
    with pytest.raises(HoursWrong, match=why):
        read_hours(OFFICE | change)


def test_ranges_as_a_person_types_them():
    assert read_ranges(" 9:00-12:30, 13.00 – 17:30 ") == [["09:00", "12:30"], ["13:00", "17:30"]]
    assert read_ranges("") == []
    with pytest.raises(HoursWrong, match="not a range of time"):
        read_ranges("nine to five")
