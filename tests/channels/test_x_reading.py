"""What one poll of X is made of: places and notes, what is out of reach, the searches under our posts."""

import json
import re
import tomllib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stub_network import Answer, Stub, x_config

from webcare.channels.base import HealthState
from webcare.channels.walking import Place, write_places
from webcare.channels.x import OPTIONS, X
from webcare.channels.x_again import gone_in
from webcare.channels.x_lists import Notes, newest_threads, reaching, read_cursor, under_ours, with_notes
from webcare.channels.x_search import SELF_SERVE_CHARS, XQuery
from webcare.errors import SettingsError

NOW = datetime(2026, 2, 10, 11, 0, tzinfo=UTC)
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@settings(max_examples=100, deadline=None)
@given(
    st.none() | st.lists(st.from_regex(r"\d{1,19}", fullmatch=True)).map(tuple),
    st.dictionaries(st.text(min_size=1), st.tuples(MOMENTS, st.text())),
)
def test_notes_come_back_as_they_were_stored(watched: tuple[str, ...] | None, refused: dict[str, object]) -> None:
    notes = Notes(watched, refused)  # type: ignore[arg-type]
    places = {"mentions": Place.start(NOW), "notes of somebody": Place.start(NOW)}
    assert read_cursor(with_notes(write_places(places), notes)) == (places, notes)


def test_a_cursor_without_notes_is_a_cursor_of_before() -> None:
    places = {"mentions": Place.start(NOW), "own": Place.start(NOW - timedelta(days=1))}
    assert read_cursor(write_places(places)) == (places, Notes())
    assert "notes" not in json.loads(with_notes(write_places(places), Notes()))


@pytest.mark.parametrize(
    ("endpoint", "days", "mark_days", "gap_days"),
    [
        ("mentions", 100, 100, None),
        ("own", 100, 100, None),
        ("search", 6.9, 6.9, None),
        ("search", 7.5, 6.5, None),
        ("search", 9, 9, 2),
        ("messages", 29, 29, None),
        ("messages", 33, 33, 3),
    ],
)
def test_what_x_shows_no_more_is_a_gap(endpoint: str, days: float, mark_days: float, gap_days: float | None) -> None:
    floor, mark = NOW - timedelta(days=days), NOW - timedelta(days=mark_days)
    place, gap = reaching(Place(floor, mark, floor), endpoint, NOW)
    assert (gap is None) is (gap_days is None)
    if gap is not None and gap_days is not None:
        assert gap.since == mark
        assert abs(gap.until - gap.since - timedelta(days=gap_days)) < timedelta(minutes=3)
        assert place.mark == place.floor == gap.until
    assert place.since == floor
    assert place.floor <= place.mark


def test_an_unfinished_walk_out_of_reach_begins_again_at_what_x_still_shows() -> None:
    at = NOW - timedelta(days=20)
    place, gap = reaching(Place(at, at, at, below="1", top=at + timedelta(days=1), slots=100), "search", NOW)
    assert gap is not None
    assert not place.unfinished
    assert place.slots == 0


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(10**17, 10**19 - 1).map(str), max_size=50).map(tuple), st.sampled_from(["", "hemlund"]))
def test_every_search_under_our_posts_is_one_x_takes(watched: tuple[str, ...], handle: str) -> None:
    queries = under_ours("3300000001", handle, watched)
    assert all(XQuery.read(one).text == one for one in queries)
    assert all(len(one) <= SELF_SERVE_CHARS for one in queries)
    found = " ".join(queries)
    assert all(f"conversation_id:{one}" in found and f"quotes_of_tweet_id:{one}" in found for one in watched)


def test_the_newest_conversations_are_those_with_the_highest_numbers() -> None:
    assert newest_threads(["9", "10", "8", "10", "x"], 2) == ("10", "9")
    assert newest_threads([], 2) == ()


# --- settings ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"own_posts": "yes"}, "own_posts must be"),
        ({"own_posts": 51}, "up to 50"),
        ({"own_posts": -1}, "up to 50"),
        ({"direct_messages": 1}, "direct_messages must be true or false"),
        ({"read_own": "no"}, "read_own must be true or false"),
        ({"needs_summon": "no"}, "needs_summon must be true or false"),
        ({"dialect": "v2"}, 'dialect must be "tweet" or "post"'),
        ({"own_post": False}, "own_post is no option of X. There are: backfill_min"),
        ({"listen": ["-kast"]}, "listen, number 1: The search -kast"),
    ],
)
def test_a_wrong_option_is_told_when_the_account_is_set_up(options: dict[str, object], says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        X.connect(x_config("", **options))


def test_the_account_in_the_documentation_can_be_set_up_and_every_option_stands_there() -> None:
    told = (Path(__file__).resolve().parents[2] / "docs" / "x.md").read_text("utf-8")
    example = re.search(r"```toml\n(.*?)```", told, re.DOTALL)
    assert example is not None
    options = tomllib.loads(example[1])["accounts"]["x_main"]["options"]
    X.connect(x_config("", **options))
    assert set(re.findall(r"^\| `(\w+)` \|", told, re.MULTILINE)) == set(OPTIONS) - {"web_base"}


# --- look-ups ---------------------------------------------------------------------------------------------

NOT_FOUND = {
    "resource_id": "1",
    "resource_type": "tweet",
    "parameter": "ids",
    "type": "https://api.twitter.com/2/problems/resource-not-found",
    "detail": "Could not find tweet with ids: [1].",
}


@pytest.mark.parametrize(
    ("changes", "gone"),
    [
        ({}, True),
        ({"parameter": "id"}, True),
        ({"resource_id": "2"}, False),
        ({"resource_type": "user"}, False),
        ({"resource_type": "media"}, False),
        ({"parameter": "referenced_tweets.id"}, False),
        ({"parameter": "edit_history_tweet_ids"}, False),
        ({"type": "https://api.twitter.com/2/problems/invalid-request"}, False),
        ({"type": None, "detail": None}, False),
    ],
)
def test_a_post_is_gone_only_when_x_says_so_of_this_very_post(changes: dict[str, object], gone: bool) -> None:
    payload = {"errors": [NOT_FOUND | changes, "odd", None]}
    assert bool(gone_in(payload, ["1"])) is gone
    assert gone_in({**payload, "data": [{"id": "1"}]}, ["1"]) == {}


# --- health -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("level", "options", "missing"),
    [
        ("read-write-directmessages", {}, ()),
        ("read-write", {}, ("Direct message",)),
        ("read-write", {"direct_messages": False}, ()),
        ("read", {}, ("Read and write", "Direct message")),
        ("", {}, ()),
    ],
)
def test_health_names_the_permissions_our_keys_lack(
    stub: Stub, level: str, options: dict[str, object], missing: tuple[str, ...]
) -> None:
    me = {"data": {"id": "3300000001", "name": "Hemlund", "username": "hemlund"}}
    stub.on("GET", "/x/2/users/me", Answer(body=me, headers={"x-access-level": level}))
    health = X.connect(x_config(f"{stub.url}/x", **options)).health()
    assert (health.state, health.missing, health.token_expires_at) == (HealthState.OK, missing, None)
    assert all(name in health.message for name in missing)
    assert ("new access token" in health.message) is bool(missing)


def test_health_tells_that_the_account_goes_by_another_name_now(stub: Stub) -> None:
    stub.on("GET", "/x/2/users/me", Answer(body={"data": {"id": "3300000001", "username": "hemlund_nl"}}))
    health = X.connect(replace(x_config(f"{stub.url}/x"), handle="@hemlund")).health()
    assert "@hemlund; write hemlund_nl" in health.message
