"""Lists of the Graph side: pages hold everything once in either direction, and cost what they hold."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webcare.sandbox.graph_errors import GraphError
from webcare.sandbox.graph_lists import Lister, Listing, part_of
from webcare.sandbox.timeline import Key, Timeline, just_behind

START = datetime(2026, 11, 20, 8, tzinfo=UTC)


def key(second: int, number: int) -> Key:
    return START + timedelta(seconds=second), f"1_{number}"


def line_of(seconds: list[int]) -> Timeline:
    line = Timeline()
    for number, second in enumerate(seconds):
        line.add(key(second, number))
    return line


def page(line: Timeline, asked: Listing, hidden: set[str], *, newest_first: bool) -> tuple[list[str], str, str]:
    """The ids of one page, and the cursors to go on with in both directions (empty at an end)."""
    part = part_of(line, asked, lambda one: None if one in hidden else one, newest_first=newest_first)
    written = Lister("v26.0", "token", 1e9).written(part, asked, (), path="x", write=lambda one: {"id": one})
    paging = written.get("paging", {})
    cursors = paging.get("cursors", {})
    after = cursors["after"] if "next" in paging else ""
    before = cursors["before"] if "previous" in paging else ""
    return [one["id"] for one in written["data"]], after, before


def walked(line: Timeline, limit: int, hidden: set[str], *, newest_first: bool) -> list[list[str]]:
    pages, after = [], ""
    while True:
        found, after, _ = page(line, Listing(limit, after=after or None), hidden, newest_first=newest_first)
        pages.append(found)
        if not after:
            return pages


@given(
    seconds=st.lists(st.integers(0, 20), max_size=30),
    hidden=st.sets(st.integers(0, 29), max_size=10),
    limit=st.integers(1, 7),
    newest_first=st.booleans(),
)
def test_pages_hold_everything_once_and_lead_back(
    seconds: list[int], hidden: set[int], limit: int, newest_first: bool
) -> None:
    line, unseen = line_of(seconds), {f"1_{number}" for number in hidden}
    expected = [one for _, one in sorted((key(s, n) for n, s in enumerate(seconds)), reverse=newest_first)]
    expected = [one for one in expected if one not in unseen]
    pages = walked(line, limit, unseen, newest_first=newest_first)
    assert [one for found in pages for one in found] == expected
    assert all(len(found) == limit for found in pages[:-1])
    if len(pages) > 1:
        found, after, _ = page(line, Listing(limit), unseen, newest_first=newest_first)
        second, _, before = page(line, Listing(limit, after=after), unseen, newest_first=newest_first)
        back, again, _ = page(line, Listing(limit, before=before), unseen, newest_first=newest_first)
        assert (back, second) == (found, pages[1])
        assert page(line, Listing(limit, after=again), unseen, newest_first=newest_first)[0] == second


@given(seconds=st.lists(st.integers(0, 20), max_size=30), since=st.integers(0, 20), until=st.integers(0, 20))
def test_a_span_holds_both_its_ends(seconds: list[int], since: int, until: int) -> None:
    asked = Listing(100, since=START + timedelta(seconds=since), until=START + timedelta(seconds=until))
    found, _, _ = page(line_of(seconds), asked, set(), newest_first=True)
    assert sorted(found) == sorted(f"1_{n}" for n, second in enumerate(seconds) if since <= second <= until)


def test_a_page_costs_what_it_holds_and_not_what_the_list_holds() -> None:
    line, looked = line_of(list(range(20_000))), list[str]()

    def show(one: str) -> str:
        looked.append(one)
        return one

    middle = part_of(line, Listing(100), show).found[-1][0]
    assert len(looked) == 101
    looked.clear()
    part_of(line, Listing(100, since=middle[0] - timedelta(seconds=500), until=middle[0]), show)
    assert len(looked) == 101


def test_keys_can_be_taken_out_and_neighbours_stay() -> None:
    line = line_of([1, 1, 2])
    line.discard(key(1, 1))
    line.discard(key(7, 7))
    assert [one for _, one in line.walk()] == ["1_0", "1_2"]
    assert len(line) == 2
    assert key(1, 0) < just_behind(key(1, 0)) < key(1, 1)


def test_a_made_up_cursor_is_refused() -> None:
    for cursor in ("nonsense", "abc-def", ""):
        with pytest.raises(GraphError):
            part_of(line_of([1]), Listing(1, after=cursor), lambda one: one)
