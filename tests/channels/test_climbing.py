"""Reading a list upwards by id: nothing is missed, nothing is read for ever, and what was cleared is a gap."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webcare.channels.base import Budget, Gap, RateState
from webcare.channels.climbing import (
    OVERLAP_ENTRIES,
    Batch,
    Entry,
    Position,
    begin,
    climb,
    descend,
    order,
    read_positions,
    write_positions,
)
from webcare.domain import Author, Mention
from webcare.errors import ChannelProtocolError, ChannelUnavailable

START = datetime(2026, 2, 10, 11, 0, tzinfo=UTC)


@dataclass
class Network:
    """A list that grows upwards, in ids of its own."""

    now: datetime = START
    listed: dict[int, datetime] = field(default_factory=dict)
    size: int = 5
    fails: int = 0
    spelling: Callable[[int], str] = str
    asked: int = 0

    def add(self, id_: int) -> None:
        self.listed[id_] = self.now

    def entry(self, id_: int) -> Entry:
        name, at = self.spelling(id_), self.listed[id_]
        return Entry(name, at, Mention("test", name, name, Author("a"), "hello", at))

    def up(self, after: str) -> Batch:
        self.asked += 1
        if self.fails:
            self.fails -= 1
            raise ChannelUnavailable("down")
        above = [one for one in sorted(self.listed) if order(self.spelling(one)) > order(after)]
        return Batch(tuple(self.entry(one) for one in reversed(above[: self.size])))

    def down(self, size: int, below: str) -> Batch:
        under = [one for one in sorted(self.listed, reverse=True) if not below or order(str(one)) < order(below)]
        return Batch(tuple(self.entry(one) for one in under[:size]))

    def climb(self, position: Position, *, max_pages: int = 50) -> tuple[set[str], Position, bool, Gap | None]:
        done = climb(self.up, position, now=lambda: self.now, max_pages=max_pages)
        return {one.id for one in done.entries}, done.position, done.complete, done.gap


def at_start() -> Position:
    return Position("0", START, "0")


@given(
    sizes=st.lists(st.integers(0, 40), min_size=1, max_size=12),
    pages=st.integers(1, 4),
    size=st.integers(1, 9),
    minutes=st.integers(0, 40),
    spelling=st.sampled_from([str, lambda id_: f"01J{id_:012d}", lambda id_: str(id_ * 7919)]),
)
@settings(deadline=None, max_examples=150)
def test_everything_is_given_however_small_the_budget_and_wherever_it_fails(
    sizes: list[int], pages: int, size: int, minutes: int, spelling: Callable[[int], str]
) -> None:
    network, seen, next_id = Network(size=size, spelling=spelling), set[str](), 1
    position = Position("0" * len(spelling(1)), START, "0" * len(spelling(1)))
    for count in sizes:
        for _ in range(count):
            network.add(next_id)
            next_id += 1
        network.now += timedelta(minutes=minutes)
        given_now, position, _, gap = network.climb(position, max_pages=pages)
        assert gap is None
        seen |= given_now
        position = read_positions(write_positions({"a": position}))["a"]
    complete = False
    while not complete:
        given_now, position, complete, _ = network.climb(position, max_pages=pages)
        seen |= given_now
    assert seen == {spelling(one) for one in network.listed}


@given(late=st.lists(st.integers(1, 60), min_size=1, max_size=15), pages=st.integers(1, 6), quiet=st.integers(0, 14))
@settings(deadline=None)
def test_what_shows_up_late_under_the_mark_is_given_too(late: list[int], pages: int, quiet: int) -> None:
    network, position, seen = Network(), at_start(), set[str]()
    shown_late = {one * 10 for one in late}
    for id_ in range(10, 620, 10):
        if id_ not in shown_late:
            network.add(id_)
    complete = False
    while not complete:
        given_now, position, complete, _ = network.climb(position, max_pages=pages)
        seen |= given_now
    network.now += timedelta(minutes=quiet)
    for id_ in shown_late:
        network.listed[id_] = START
    complete = False
    while not complete:
        given_now, position, complete, _ = network.climb(position, max_pages=pages)
        seen |= given_now
    assert {str(one) for one in network.listed} <= seen


def test_the_overlap_is_bounded_on_a_busy_list_and_reaches_back_on_a_quiet_one() -> None:
    network, position = Network(size=80), at_start()
    for id_ in range(1, 2001):
        network.add(id_)
    _, position, _, _ = network.climb(position)
    assert position.held == OVERLAP_ENTRIES
    assert position.floor == str(2000 - OVERLAP_ENTRIES)
    network.now += timedelta(hours=6)
    network.add(2001)
    _, position, _, _ = network.climb(position)
    assert position.held == 100
    network.now += timedelta(days=2)
    network.add(2002)
    _, position, _, _ = network.climb(position)
    assert (position.held, position.floor) == (1, "2001")
    before = network.asked
    network.climb(position)
    assert network.asked - before == 2, "a quiet list costs two requests: its overlap and the empty page above"


def test_a_network_that_ignores_the_place_is_told_and_not_asked_for_ever() -> None:
    network = Network()
    for id_ in range(1, 9):
        network.add(id_)

    def newest_page(after: str) -> Batch:
        network.asked += 1
        return Batch(tuple(network.entry(one) for one in (8, 7, 6)))

    with pytest.raises(ChannelProtocolError, match="again"):
        climb(newest_page, Position("7", START, "7"), now=lambda: START, max_pages=50)
    first = climb(newest_page, at_start(), now=lambda: START, max_pages=50)
    assert not first.complete
    assert network.asked == 3


def test_an_error_on_the_first_page_is_raised_and_a_later_one_leaves_the_rest_for_next_time() -> None:
    network = Network(size=3)
    for id_ in range(1, 9):
        network.add(id_)
    network.fails = 1
    with pytest.raises(ChannelUnavailable):
        network.climb(at_start())

    def second_fails(after: str) -> Batch:
        if after == "3":
            raise ChannelUnavailable("down")
        return network.up(after)

    half = climb(second_fails, at_start(), now=lambda: START, max_pages=9)
    assert (half.complete, half.position.mark, [one.id for one in half.entries]) == (False, "3", ["1", "2", "3"])
    rest, position, complete, _ = network.climb(half.position)
    assert (rest, complete, position.mark) == ({"4", "5", "6", "7", "8"}, True, "8")
    assert position.floor == "0", "the overlap reaches over both halves"


def test_reading_stops_when_no_request_is_left() -> None:
    network = Network(size=1)
    for id_ in range(1, 9):
        network.add(id_)

    def with_limit(after: str) -> Batch:
        return Batch(network.up(after).entries, rate=RateState(300, 2 - network.asked, None))

    done = climb(with_limit, at_start(), now=lambda: START, max_pages=50)
    assert (network.asked, done.complete, done.rate) == (2, False, RateState(300, 0, None))


@pytest.mark.parametrize("new", [[], [90, 91]])
def test_a_cleared_list_is_a_gap_that_is_told_once(new: list[int]) -> None:
    network, position = Network(), at_start()
    for id_ in range(1, 8):
        network.add(id_)
    _, position, _, _ = network.climb(position)
    network.listed.clear()
    network.now += timedelta(minutes=10)
    for id_ in new:
        network.add(id_)
    _, position, complete, gap = network.climb(position)
    assert complete
    assert gap is not None
    assert (gap.since, gap.until) == (START, network.now)
    assert network.climb(position)[3] is None


def test_a_single_deleted_post_is_no_gap() -> None:
    network, position = Network(), at_start()
    network.add(1)
    network.add(2)
    _, position, _, _ = network.climb(position)
    network.listed.clear()
    network.add(3)
    assert network.climb(position)[3] is None


@pytest.mark.parametrize("page_size", [1, 3, 40])
def test_a_backfill_reads_exactly_its_stretch_newest_first(page_size: int) -> None:
    network = Network()
    for id_ in range(1, 31):
        network.add(id_)
        network.now += timedelta(minutes=1)
    gap = Gap(START + timedelta(minutes=5), START + timedelta(minutes=14), "test", "list")
    found, token = [], ""
    for _ in range(40):
        step = descend(network.down, gap, token, Budget(max_pages=1, page_size=page_size))
        found += [one.external_id for one in step.mentions]
        token = step.token
        assert not step.left
        if not token:
            break
    assert found == [str(id_) for id_ in range(15, 5, -1)]


def test_a_backfill_that_comes_to_the_end_of_the_list_says_what_is_lost() -> None:
    network = Network(now=START + timedelta(minutes=10))
    network.add(1)
    gap = Gap(START, START + timedelta(minutes=20), "test", "list")
    step = descend(network.down, gap, "", Budget())
    assert [(one.since, one.until) for one in step.left] == [(START, START + timedelta(minutes=10))]
    assert [one.external_id for one in step.mentions] == ["1"]


@pytest.mark.parametrize(("pages", "gaps", "floor"), [(10, 0, "4"), (1, 1, "8")])
def test_a_beginning_that_looks_back_starts_at_the_first_post_it_may_give(pages: int, gaps: int, floor: str) -> None:
    network = Network()
    for id_ in range(1, 11):
        network.add(id_)
        network.now += timedelta(minutes=1)
    since = START + timedelta(minutes=4, seconds=30)
    budget = Budget(max_pages=pages, page_size=2)
    position, lost = begin(network.down, since=since, look_back=True, budget=budget, name="list")
    assert position.floor == floor
    assert len(lost) == gaps
    given_now, _, _, _ = network.climb(position)
    assert {str(one) for one in range(9, 11)} <= given_now


def test_a_beginning_without_looking_back_starts_at_the_newest_and_of_an_empty_list_at_its_first() -> None:
    network = Network()
    empty, _ = begin(network.down, since=START, look_back=False, budget=Budget(), name="list")
    network.add(7)
    assert network.climb(empty)[0] == {"7"}
    newest, _ = begin(network.down, since=START, look_back=False, budget=Budget(), name="list")
    assert network.climb(newest)[0] == set()


@pytest.mark.parametrize(
    "cursor", ["", "[]", "{", '{"a": {}}', '{"a": {"mark": "1", "at": "2026-02-10", "floor": "1"}}']
)
def test_a_stored_place_of_another_kind_is_told(cursor: str) -> None:
    with pytest.raises(ChannelProtocolError, match="stored place"):
        read_positions(cursor)
