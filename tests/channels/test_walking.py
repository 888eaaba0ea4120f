"""How a newest-first list is read: overlap, budget, going on, gaps. A list in memory plays the network."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webcare.channels.base import AccountConfig, BadPost, RateState
from webcare.channels.walking import (
    OVERLAP,
    Page,
    Place,
    backfill,
    bad_post,
    in_order,
    poll_result,
    read_places,
    read_posts,
    walk,
    write_places,
)
from webcare.domain import Author, Mention
from webcare.errors import ChannelProtocolError, ChannelThrottled, ChannelUnavailable, SettingsError

NOW = datetime(2026, 2, 10, 11, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def post(number: int, at: datetime) -> Mention:
    return Mention("x", str(number), str(number), Author("1"), f"post {number}", at)


@dataclass
class Timeline:
    """A network that shows posts newest first, in pages, as X does."""

    posts: list[Mention] = field(default_factory=list)
    page_size: int = 10
    shown: int = 10_000
    asked: list[str] = field(default_factory=list)
    remaining: int | None = None

    def add(self, count: int, *, start: datetime, every: timedelta = MINUTE) -> None:
        first = len(self.posts) + 1
        self.posts += [post(first + n, start + every * n) for n in range(count)]

    def fetch(self, place: Place, token: str) -> Page:
        self.asked.append(token or place.below)
        newest = sorted(self.posts, key=lambda one: int(one.external_id), reverse=True)[: self.shown]
        wanted = [one for one in newest if one.posted_at >= place.floor]
        if token:
            wanted = [one for one in wanted if int(one.external_id) < int(token)]
        elif place.below:
            wanted = [one for one in wanted if int(one.external_id) < int(place.below)]
        page, rest = wanted[: self.page_size], wanted[self.page_size :]
        rate = RateState(300, self.remaining, None) if self.remaining is not None else None
        return Page(tuple(page), (), page[-1].external_id if rest else "", rate)

    def poll(self, place: Place, *, max_pages: int = 10, history: int = 0, by_id: bool = True):  # type: ignore[no-untyped-def]
        return walk(
            self.fetch,
            place,
            now=lambda: NOW,
            max_pages=max_pages,
            page_size=self.page_size,
            history=history,
            by_id=by_id,
        )


def ids(mentions: tuple[Mention, ...]) -> list[int]:
    return [int(one.external_id) for one in mentions]


def test_a_first_walk_gives_everything_since_it_began_oldest_first() -> None:
    network = Timeline()
    network.add(25, start=NOW - 30 * MINUTE)
    found = network.poll(Place.start(NOW - 20 * MINUTE))
    assert ids(found.mentions) == list(range(11, 26))
    assert found.complete
    assert found.place.mark == NOW - 6 * MINUTE


def test_nothing_from_before_the_beginning_is_ever_given_even_in_the_overlap() -> None:
    network = Timeline()
    network.add(30, start=NOW - 30 * MINUTE)
    place = Place.start(NOW - 5 * MINUTE)
    for _ in range(3):
        found = network.poll(place)
        place = found.place
        assert min(one.posted_at for one in found.mentions) == NOW - 5 * MINUTE


def test_a_post_that_shows_up_late_under_the_mark_is_seen() -> None:
    network = Timeline()
    network.add(20, start=NOW - 60 * MINUTE)
    place = network.poll(Place.start(NOW - 90 * MINUTE)).place
    late = post(15_000, place.mark - 14 * MINUTE)
    network.posts.append(late)
    assert late in network.poll(place).mentions


def test_on_a_quiet_account_the_overlap_reaches_back_over_a_hundred_posts() -> None:
    network = Timeline(page_size=100)
    network.add(90, start=NOW - 900 * MINUTE, every=10 * MINUTE)
    place = network.poll(Place.start(NOW - 1000 * MINUTE)).place
    late = post(5000, NOW - 800 * MINUTE)
    network.posts.append(late)
    assert late in network.poll(place).mentions


def test_the_overlap_never_reaches_back_further_than_a_day() -> None:
    network = Timeline(page_size=100)
    network.add(50, start=NOW - timedelta(days=40), every=timedelta(hours=19))
    place = network.poll(Place.start(NOW - timedelta(days=50))).place
    assert place.floor == place.mark - timedelta(days=1)


def test_on_a_busy_account_the_overlap_is_fifteen_minutes() -> None:
    network = Timeline(page_size=100)
    network.add(400, start=NOW - 40 * MINUTE, every=timedelta(seconds=6))
    place = network.poll(Place.start(NOW - 60 * MINUTE)).place
    assert place.floor == place.mark - 15 * MINUTE


def test_a_short_or_empty_page_does_not_end_paging_only_a_missing_token_does() -> None:
    pages = {
        "": Page((post(9, NOW),), (), "a"),
        "a": Page((), (), "b"),
        "b": Page((), (BadPost("{}", "no text"),), "c"),
        "c": Page((post(1, NOW - MINUTE),), (), ""),
    }
    found = walk(
        lambda place, token: pages[token], Place.start(NOW - 9 * MINUTE), now=lambda: NOW, max_pages=10, page_size=5
    )
    assert ids(found.mentions) == [1, 9]
    assert len(found.bad) == 1
    assert found.complete


def test_when_the_budget_ends_the_mark_stays_and_the_next_poll_goes_on_below() -> None:
    network = Timeline()
    network.add(35, start=NOW - 40 * MINUTE)
    start = Place.start(NOW - 60 * MINUTE)
    first = network.poll(start, max_pages=2)
    assert not first.complete
    assert first.place.mark == start.mark
    assert ids(first.mentions) == list(range(16, 36))
    network.add(3, start=NOW - 3 * MINUTE)
    second = network.poll(Place.from_json(json.loads(json.dumps(first.place.as_json()))), max_pages=2)
    assert ids(second.mentions) == list(range(1, 16))
    assert second.complete
    assert second.place.mark == NOW - 6 * MINUTE, "not further than the posts of this walk"
    assert ids(network.poll(second.place).mentions)[-3:] == [36, 37, 38]


def test_an_error_on_the_first_page_is_raised_and_one_later_keeps_what_was_read() -> None:
    network = Timeline()
    network.add(30, start=NOW - 30 * MINUTE)
    calls = iter([None, None, ChannelThrottled("wait")])

    def fetch(place: Place, token: str) -> Page:
        if (error := next(calls, None)) is not None:
            raise error
        return network.fetch(place, token)

    found = walk(fetch, Place.start(NOW - 60 * MINUTE), now=lambda: NOW, max_pages=9, page_size=10, by_id=True)
    assert ids(found.mentions) == list(range(11, 31))
    assert not found.complete
    assert ids(network.poll(found.place).mentions) == list(range(1, 11))
    with pytest.raises(ChannelUnavailable):
        walk(_raises(ChannelUnavailable()), Place.start(NOW), now=lambda: NOW, max_pages=9, page_size=10)


def test_reading_stops_when_the_network_says_that_nothing_is_left_of_the_limit() -> None:
    network = Timeline(remaining=0)
    network.add(30, start=NOW - 30 * MINUTE)
    found = network.poll(Place.start(NOW - 60 * MINUTE))
    assert len(found.mentions) == 10
    assert not found.complete


def test_a_stored_token_the_network_no_longer_takes_begins_again_at_the_top() -> None:
    network = Timeline()
    network.add(30, start=NOW - 30 * MINUTE)

    def fetch(place: Place, token: str) -> Page:
        if token == "stale":
            raise ChannelProtocolError("Invalid cursor")
        return network.fetch(place, token)

    place = Place(NOW - 60 * MINUTE, NOW - 60 * MINUTE, NOW - 60 * MINUTE, token="stale")
    found = walk(fetch, place, now=lambda: NOW, max_pages=9, page_size=10)
    assert ids(found.mentions) == list(range(1, 31))
    assert found.complete


def test_a_network_that_only_gives_empty_pages_is_gone_on_with_at_its_token() -> None:
    pages = [Page((), (), f"t{n}") for n in range(1, 9)]
    asked: list[str] = []

    def fetch(place: Place, token: str) -> Page:
        asked.append(token)
        return pages.pop(0)

    first = walk(fetch, Place.start(NOW), now=lambda: NOW, max_pages=2, page_size=5, by_id=True)
    walk(fetch, first.place, now=lambda: NOW, max_pages=2, page_size=5, by_id=True)
    assert asked == ["", "t1", "t2", "t3"]


def test_the_end_of_the_networks_history_above_the_mark_is_a_gap() -> None:
    network = Timeline(page_size=100, shown=800)
    network.add(10, start=NOW - 300 * MINUTE)
    place = network.poll(Place.start(NOW - 400 * MINUTE), history=800).place
    network.add(1000, start=NOW - 200 * MINUTE, every=timedelta(seconds=10))
    found = network.poll(place, history=800)
    assert found.gap is not None
    assert (found.gap.since, found.gap.until) == (place.mark - OVERLAP, found.mentions[0].posted_at)
    assert "800" in found.gap.reason
    assert len(found.mentions) == 800
    assert network.poll(found.place, history=800).gap is None


def test_many_new_posts_that_reach_under_the_mark_are_no_gap() -> None:
    network = Timeline(page_size=100, shown=800)
    network.add(10, start=NOW - 300 * MINUTE, every=2 * MINUTE)
    place = network.poll(Place.start(NOW - 400 * MINUTE), history=800).place
    network.add(780, start=NOW - 200 * MINUTE, every=timedelta(seconds=10))
    found = network.poll(place, history=800)
    assert found.gap is None
    assert len(found.mentions) >= 780


def test_posts_pushed_out_of_the_history_between_two_polls_of_one_walk_are_a_gap() -> None:
    network = Timeline(page_size=100, shown=800)
    network.add(10, start=NOW - 300 * MINUTE)
    place = network.poll(Place.start(NOW - 400 * MINUTE), history=800).place
    network.add(700, start=NOW - 200 * MINUTE, every=timedelta(seconds=5))
    first = network.poll(place, max_pages=3, history=800)
    network.add(600, start=NOW - 100 * MINUTE, every=timedelta(seconds=5))
    second = network.poll(first.place, max_pages=3, history=800)
    assert second.complete
    assert second.gap is not None
    assert second.gap.since == place.mark - OVERLAP


def test_a_post_that_shows_up_late_and_is_pushed_out_of_the_history_before_it_was_read_lies_in_a_gap() -> None:
    network = Timeline(page_size=100, shown=800)
    network.add(10, start=NOW - 300 * MINUTE)
    place = network.poll(Place.start(NOW - 400 * MINUTE), history=800).place
    network.add(790, start=NOW - 20 * MINUTE, every=timedelta(seconds=1))
    late = network.posts.pop(20)
    first = network.poll(place, history=800)
    assert late.posted_at < first.place.mark
    network.posts.append(late)
    network.add(100, start=NOW - 6 * MINUTE, every=timedelta(seconds=1))
    second = network.poll(first.place, history=800)
    assert late not in (*first.mentions, *second.mentions)
    assert second.gap is not None
    assert second.gap.since <= late.posted_at <= second.gap.until


def test_one_post_from_the_future_does_not_hide_later_ones() -> None:
    network = Timeline()
    network.add(3, start=NOW - 3 * MINUTE)
    network.posts.append(post(4, NOW + timedelta(days=900)))
    found = network.poll(Place.start(NOW - 9 * MINUTE))
    assert len(found.mentions) == 4
    assert found.place.mark == NOW


def test_a_pinned_old_post_on_top_does_not_end_the_walk() -> None:
    pages = {
        "": Page((post(1, NOW - timedelta(days=9)), post(9, NOW), post(8, NOW - MINUTE)), (), "a"),
        "a": Page((post(7, NOW - 2 * MINUTE),), (), ""),
    }
    found = walk(
        lambda place, token: pages[token], Place.start(NOW - 9 * MINUTE), now=lambda: NOW, max_pages=9, page_size=3
    )
    assert ids(found.mentions) == [7, 8, 9]


def test_duplicates_and_disorder_inside_a_page_come_out_once_and_in_order() -> None:
    page = Page((post(2, NOW - MINUTE), post(10, NOW), post(2, NOW - MINUTE), post(9, NOW), post(1, NOW)), (), "")
    found = walk(lambda place, token: page, Place.start(NOW - 9 * MINUTE), now=lambda: NOW, max_pages=9, page_size=5)
    assert ids(found.mentions) == [2, 1, 9, 10]


@settings(max_examples=60, deadline=None)
@given(
    arrivals=st.lists(st.tuples(st.integers(0, 25), st.integers(0, 14)), min_size=1, max_size=12),
    page_size=st.integers(1, 7),
    max_pages=st.integers(1, 4),
)
def test_no_post_that_shows_up_within_fifteen_minutes_is_ever_missed(
    arrivals: list[tuple[int, int]], page_size: int, max_pages: int
) -> None:
    """Each step some posts are made; each becomes visible `late` minutes after its date; one poll a minute."""
    network, hidden, seen, made = Timeline(page_size=page_size), [], set(), 0
    place = Place.start(NOW - timedelta(hours=10))
    clock = NOW - timedelta(hours=9)
    for count, late in [*arrivals, *[(0, 0)] * 30]:
        clock += MINUTE
        for n in range(count):
            made += 1
            hidden.append((clock + late * MINUTE, post(made, clock + timedelta(seconds=n))))
        network.posts += [one for visible, one in hidden if visible <= clock]
        hidden = [(visible, one) for visible, one in hidden if visible > clock]
        for _ in range(40):
            found = network.poll(place, max_pages=max_pages)
            place = Place.from_json(json.loads(json.dumps(found.place.as_json())))
            seen |= set(ids(found.mentions))
            if found.complete:
                break
    assert seen == set(range(1, made + 1))


def test_one_unreadable_post_does_not_cost_its_page() -> None:
    def read(value: int) -> Mention:
        if value == 2:
            raise ValueError("no date: None")
        return post(value, NOW)

    mentions, bad = read_posts([1, 2, 3], read)
    assert [one.external_id for one in mentions] == ["1", "3"]
    assert bad == [BadPost("2", "no date: None")]


def test_a_bad_post_is_kept_as_storable_text_of_bounded_length() -> None:
    kept = bad_post({"text": "a\x00b\ud800" + "x" * 50_000, "id": None}, ValueError("no id: None"))
    assert "\x00" not in kept.raw
    kept.raw.encode()
    assert len(kept.raw) == 20_000


@pytest.mark.parametrize(
    "text", ["", "null", "[]", "3", '{"mentions": 4}', '{"mentions": {"since": "2026-02-10"}}', "{"]
)
def test_a_cursor_that_is_not_ours_is_told_and_never_taken_for_a_first_start(text: str) -> None:
    with pytest.raises(ChannelProtocolError, match="empty the account's cursor"):
        read_places(text)


def test_a_cursor_survives_being_stored() -> None:
    places = {
        "mentions": Place.start(NOW),
        "own": Place(NOW, NOW, NOW - MINUTE, "tok", "9", NOW + MINUTE, NOW - MINUTE, 200),
    }
    assert read_places(write_places(places)) == places


def test_several_lists_make_one_result() -> None:
    walked = Timeline(posts=[post(1, NOW)]).poll(Place.start(NOW - MINUTE))
    other = Timeline(posts=[post(1, NOW), post(2, NOW - MINUTE)]).poll(Place.start(NOW - MINUTE))
    result = poll_result({"a": Place.start(NOW), "idle": Place.start(NOW)}, {"a": walked, "b": other})
    assert ids(result.mentions) == [2, 1]
    assert set(read_places(result.cursor)) == {"a", "b", "idle"}
    assert result.complete
    assert not poll_result({}, {"a": walked}, complete=False).complete


def test_posts_of_one_second_stand_in_the_order_of_their_ids() -> None:
    assert ids(in_order([post(100, NOW), post(99, NOW), post(5, NOW + MINUTE)])) == [99, 100, 5]


@pytest.mark.parametrize("value", [-1, "15", True, 10_081, None])
def test_a_wrong_backfill_is_a_settings_error(value: object) -> None:
    with pytest.raises(SettingsError, match=r"accounts\.k\.options\.backfill_min"):
        backfill(AccountConfig("k", "1", options={"backfill_min": value}))
    assert backfill(AccountConfig("k", "1", options={"backfill_min": 15})) == 15 * MINUTE


def _raises(error: Exception):  # type: ignore[no-untyped-def]
    def fetch(place: Place, token: str) -> Page:
        raise error

    return fetch


def test_a_refusal_on_a_later_page_says_how_long_the_list_rests() -> None:
    until = NOW + timedelta(hours=1)

    def fetch(place: Place, token: str) -> Page:
        if token:
            raise ChannelThrottled("slow down", retry_at=until)
        return Page((post(1, NOW + MINUTE),), next_token="more", rate=RateState(450, 12, until))

    found = walk(fetch, Place.start(NOW), now=lambda: until, max_pages=9, page_size=1)
    assert not found.complete
    assert found.rate == RateState(remaining=0, reset_at=until)
