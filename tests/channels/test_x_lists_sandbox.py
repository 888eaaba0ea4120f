"""The lists of X over real HTTP, against the sandbox: each has a place of its own; one that fails costs no other."""

import json
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from stub_network import Clock, connect_x

from webcare.channels.base import Budget, Filled, Gap, PollResult, Refreshed
from webcare.channels.walking import read_places, write_places
from webcare.channels.x import X
from webcare.channels.x_lists import WATCHED, read_cursor
from webcare.domain import Mention, MentionKind
from webcare.errors import ChannelProtocolError, ChannelThrottled, ChannelUnavailable
from webcare.sandbox.server import Sandbox

BUDGET = Budget()
SMALL = Budget(max_pages=1, page_size=10)


def texts(result: PollResult, *, ours: bool = False) -> list[str]:
    return [one.text for one in result.mentions if ours or not one.is_ours]


def by_id(result: PollResult) -> dict[str, Mention]:
    return {one.external_id: one for one in result.mentions}


def old(cursor: str, *names: str, **by: float) -> str:
    """The cursor with the places of these lists moved into the past."""
    places, back = (
        read_places(json.dumps({k: v for k, v in json.loads(cursor).items() if k != "notes"})),
        timedelta(**by),
    )
    moved = {
        name: replace(one, since=one.since - back, mark=one.mark - back, floor=one.floor - back)
        for name, one in places.items()
        if name in names
    }
    return write_places({**places, **moved})


def test_a_first_start_gives_nothing_old_on_any_list(box: Sandbox, clock: Clock) -> None:
    ours = box.world.post_x("Winteractie!", author="hemlund")
    box.world.post_x("mijn #hemlund kast", author="anna")
    box.world.post_x("mooi", author="bo", in_reply_to=ours.id)
    box.world.message_x("hoi", sender="anna", to="hemlund")
    clock.later(minutes=5)
    x = connect_x(box, listen=["#hemlund"])
    first = x.poll(None, BUDGET)
    second = x.poll(first.cursor, BUDGET)
    assert first.mentions == second.mentions == ()
    assert set(read_cursor(second.cursor)[0]) == {"mentions", "own", "own_posts", "listen:#hemlund", "messages"}
    clock.later(minutes=2)
    box.world.post_x("weer een #hemlund kast", author="anna")
    box.world.post_x("nog mooier", author="bo", in_reply_to=ours.id)
    box.world.message_x("ben je daar?", sender="anna", to="hemlund")
    found = x.poll(second.cursor, BUDGET)
    assert sorted(texts(found)) == ["@hemlund nog mooier", "ben je daar?", "weer een #hemlund kast"]
    assert found.troubles == {}


def test_a_search_that_listens_finds_what_names_nobody(box: Sandbox, clock: Clock) -> None:
    wanted = {"any": ["hem lund", "hemlundkast"], "none": ["vacature"], "languages": ["nl", "sv"]}
    x = connect_x(box, listen=["#hemlund -from:hemlund", wanted], backfill_min=15)
    for text, lang in [
        ("mijn #hemlund wankelt", "nl"),
        ("die hem lund weer", "nl"),
        ("hemlundkast trasig", "sv"),
        ("hemlundkast kaputt", "de"),
        ("vacature bij hem lund", "nl"),
        ("iets anders", "nl"),
    ]:
        box.world.post_x(text, author="anna", lang=lang)
    box.world.post_x("onze #hemlund", author="hemlund")
    result = x.poll(None, BUDGET)
    assert sorted(texts(result)) == ["die hem lund weer", "hemlundkast trasig", "mijn #hemlund wankelt"]
    assert {one.kind for one in result.mentions if not one.is_ours} == {MentionKind.MENTION}
    assert result.rates["search"].limit == 300
    assert {one.what: one.count for one in result.spent} == {"owned_read": 1, "post_read": 3, "user_read": 1}


def test_what_is_said_under_our_posts_and_quoted_of_them_is_collected_without_our_name(
    box: Sandbox, box_x: X, clock: Clock
) -> None:
    ours = box.world.post_x("Wie wint de kast?", author="hemlund")
    cursor = box_x.poll(None, BUDGET).cursor
    clock.later(minutes=1)
    first = box.world.post_x("ik!", author="anna", in_reply_to=ours.id)
    under = box.world.post_x("nee ik", author="bo", in_reply_to=first.id)
    under.mentions = ("anna",)
    box.world.x.by_mention["hemlund"].remove(under.id)
    quote = box.world.post_x("wat een actie", author="cas", quote=ours.id)
    found = by_id(box_x.poll(cursor, BUDGET))
    assert {str(first.id), str(under.id), str(quote.id)} <= set(found)
    assert found[str(under.id)].thread_id == str(ours.id)


def test_our_older_posts_are_watched_from_the_beginning_and_new_ones_from_when_they_were_made(
    box: Sandbox, clock: Clock
) -> None:
    posts = [box.world.post_x(f"Actie {n}", author="hemlund", at=clock.now - timedelta(days=20 - n)) for n in range(15)]
    x = connect_x(box)
    result = x.poll(x.poll(None, BUDGET).cursor, BUDGET)
    watched = read_cursor(result.cursor)[1].watched
    assert watched == tuple(str(post.id) for post in reversed(posts))[:WATCHED]
    clock.later(minutes=1)
    fresh = box.world.post_x("Nieuwe actie", author="hemlund")
    box.world.post_x("bedankt", author="hemlund", in_reply_to=fresh.id)
    result = x.poll(result.cursor, BUDGET)
    watched = read_cursor(result.cursor)[1].watched
    assert watched is not None
    assert watched[0] == str(fresh.id)
    assert len(watched) == WATCHED


@pytest.mark.parametrize(("option", "lists"), [(False, set()), (0, set()), (3, {"own_posts"}), (True, {"own_posts"})])
def test_watching_our_posts_can_be_switched_off_or_limited(
    box: Sandbox, clock: Clock, option: object, lists: set[str]
) -> None:
    x = connect_x(box, own_posts=option, direct_messages=False)
    cursor = x.poll(x.poll(None, BUDGET).cursor, BUDGET).cursor
    assert set(read_cursor(cursor)[0]) == {"mentions", "own"} | lists


def test_an_answer_found_while_our_timeline_could_not_be_read_is_not_lost(box: Sandbox, box_x: X, clock: Clock) -> None:
    cursor = box_x.poll(None, BUDGET).cursor
    clock.later(minutes=1)
    ours = box.world.post_x("Actie!", author="hemlund")
    clock.later(minutes=1)
    answer = _nameless(box, "leuk", ours.id)
    box.faults.add("GET /x/2/users/*/tweets", "unavailable_html", count=30)
    for _ in range(30):
        clock.later(minutes=1)
        box.world.post_x("@hemlund hoi", author="bo")
        result = box_x.poll(cursor, BUDGET)
        cursor = result.cursor
        assert result.troubles["own"].startswith("Our own timeline cannot be read:")
    assert answer in by_id(box_x.poll(cursor, BUDGET))


def test_a_post_of_ours_seen_late_is_watched_from_when_it_was_made(box: Sandbox, clock: Clock) -> None:
    x = connect_x(box, direct_messages=False)
    known = box.world.post_x("Actie!", author="hemlund")
    cursor = x.poll(x.poll(None, BUDGET).cursor, BUDGET).cursor
    late = box.world.post_x("Nieuwe actie!", author="hemlund", visible_after=40 * 60)
    first = box.world.post_x("mooi", author="bo", in_reply_to=late.id)
    under = box.world.post_x("vind ik niet", author="cas", in_reply_to=first.id)
    box.world.x.by_mention["hemlund"].remove(under.id)
    under.mentions = ("bo",)
    for n in range(50):
        clock.later(minutes=1)
        for _ in range(6):  # So many that the overlap is a quarter of an hour.
            _nameless(box, f"leuk {n}", known.id)
        result = x.poll(cursor, BUDGET)
        cursor = result.cursor
        assert result.troubles == {}
        if str(under.id) in by_id(result):
            break
    assert n == 39
    assert under.posted_at < read_cursor(cursor)[0]["own_posts"].mark - timedelta(minutes=30)


def test_several_searches_under_our_posts_end_in_several_polls_and_miss_nothing(box: Sandbox, clock: Clock) -> None:
    posts = [box.world.post_x(f"Actie {n}", author="hemlund", at=clock.now - timedelta(days=9 - n)) for n in range(9)]
    x = connect_x(box, direct_messages=False)
    cursor = x.poll(x.poll(None, BUDGET).cursor, BUDGET).cursor
    wanted = set()
    for n in range(60):
        clock.later(seconds=5)
        wanted.add(_nameless(box, f"antwoord {n}", posts[n % 9].id))
    seen, polls, complete = set(), 0, False
    while not complete:
        result = x.poll(cursor, SMALL)
        cursor, complete = result.cursor, result.complete
        seen |= set(by_id(result))
        polls += 1
        if polls == 3:  # More comes in while the walk is on its way.
            wanted.add(_nameless(box, "ertussen", posts[8].id))
        clock.later(seconds=5)
    seen |= set(by_id(x.poll(cursor, BUDGET)))
    assert polls > 4
    assert wanted <= seen


def _nameless(box: Sandbox, text: str, under: int) -> str:
    """An answer that does not name us, as when somebody takes our name out of it."""
    post = box.world.post_x(text, author="anna", in_reply_to=under)
    box.world.x.by_mention["hemlund"].remove(post.id)
    post.mentions = ()
    return str(post.id)


# --- lists that fail, and limits ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "name", "words"),
    [
        (
            "GET /x/2/tweets/search/recent",
            "listen:#hemlund",
            "The search #hemlund cannot be read: X could not be reached",
        ),
        ("GET /x/2/dm_events", "messages", "The direct messages cannot be read"),
        ("GET /x/2/users/*/tweets", "own", "Our own timeline cannot be read"),
    ],
)
def test_a_list_that_fails_costs_no_other_and_keeps_its_place(
    box: Sandbox, clock: Clock, path: str, name: str, words: str
) -> None:
    x = connect_x(box, listen=["#hemlund"])
    cursor = x.poll(x.poll(None, BUDGET).cursor, BUDGET).cursor
    before = read_cursor(cursor)[0][name]
    clock.later(minutes=1)
    box.world.post_x("@hemlund hoi", author="anna")
    box.world.post_x("mijn #hemlund", author="anna")
    box.world.message_x("hallo", sender="anna", to="hemlund")
    box.faults.add(path, "unavailable_html", count=2 if "search" in path else 1)
    result = x.poll(cursor, BUDGET)
    assert "@hemlund hoi" in texts(result)
    assert words in result.troubles[name]
    assert read_cursor(result.cursor)[0][name] == before
    clock.later(minutes=1)
    both = {*by_id(result), *by_id(x.poll(result.cursor, BUDGET))}
    assert len(both) == 3


def test_when_only_the_mentions_fail_the_messages_come_once_and_then_the_fault_is_told(
    box: Sandbox, box_x: X, clock: Clock
) -> None:
    cursor = box_x.poll(None, BUDGET).cursor
    clock.later(minutes=1)
    box.world.message_x("hallo", sender="anna", to="hemlund")
    box.faults.add("GET /x/2/users/*/mentions", "unavailable_html")
    result = box_x.poll(cursor, BUDGET)
    assert texts(result) == ["hallo"]
    assert "The mentions cannot be read" in result.troubles["mentions"]
    clock.later(minutes=1)
    with pytest.raises(ChannelUnavailable):
        box_x.poll(result.cursor, BUDGET)


def test_an_endpoint_whose_requests_are_used_up_stops_only_its_own_lists(clock: Clock) -> None:
    with Sandbox(clock=clock, limit_scale=0.1) as box:  # one request for messages, 30 for searches
        x = connect_x(box, listen=["#hemlund"])
        cursor = x.poll(x.poll(None, BUDGET).cursor, BUDGET).cursor
        clock.later(minutes=1)
        box.world.post_x("mijn #hemlund", author="anna")
        box.world.message_x("hallo", sender="anna", to="hemlund")
        result = x.poll(cursor, BUDGET)
        assert texts(result) == ["mijn #hemlund"]
        assert result.rates["messages"].remaining == 0
        assert result.rates["messages"].reset_at is not None
        assert result.complete
        clock.now = result.rates["messages"].reset_at + timedelta(seconds=1)
        assert "hallo" in texts(x.poll(result.cursor, BUDGET))


def test_lists_the_desk_closes_are_not_asked_and_keep_their_place(box: Sandbox, clock: Clock) -> None:
    x = connect_x(box, listen=["#hemlund"])
    cursor = x.poll(x.poll(None, BUDGET).cursor, BUDGET).cursor
    clock.later(minutes=1)
    box.world.post_x("@hemlund #hemlund", author="anna")
    box.world.message_x("hallo", sender="anna", to="hemlund")
    result = x.poll(cursor, replace(BUDGET, closed=frozenset({"mentions", "search", "messages"})))
    assert texts(result) == []
    assert set(result.rates) == {"own"}
    before, after = read_cursor(cursor)[0], read_cursor(result.cursor)[0]
    assert all(after[name] == before[name] for name in ("mentions", "own_posts", "listen:#hemlund", "messages"))
    everything = frozenset({"mentions", "own", "search", "messages"})
    nothing = x.poll(result.cursor, replace(BUDGET, closed=everything))
    assert (nothing.mentions, nothing.complete, nothing.rates) == ((), True, {})
    assert read_cursor(nothing.cursor) == read_cursor(result.cursor)


def test_without_the_permission_for_messages_the_rest_comes_and_the_reason_stays_in_sight(
    box: Sandbox, box_x: X, clock: Clock
) -> None:
    cursor = box_x.poll(None, BUDGET).cursor
    box.faults.add("GET /x/2/dm_events", "refused", count=1, status=403)
    for minute in range(3):
        clock.later(minutes=1)
        box.world.post_x(f"@hemlund {minute}", author="anna")
        result = box_x.poll(cursor, BUDGET)
        cursor = result.cursor
        assert f"@hemlund {minute}" in texts(result)
        assert "The direct messages cannot be read" in result.troubles["messages"]
    box.world.message_x("hallo", sender="anna", to="hemlund")
    clock.later(hours=1)
    result = box_x.poll(cursor, BUDGET)
    assert "hallo" in texts(result)
    assert result.troubles == {}


# --- how far back -----------------------------------------------------------------------------------------


def test_a_search_older_than_x_looks_back_is_told_as_a_gap(box: Sandbox, clock: Clock) -> None:
    x = connect_x(box, listen=["#hemlund"])
    cursor = x.poll(x.poll(None, BUDGET).cursor, BUDGET).cursor
    mark = read_cursor(cursor)[0]["listen:#hemlund"].mark
    clock.later(days=3)
    box.world.post_x("verloren #hemlund", author="anna")
    clock.later(days=7)
    box.world.post_x("nieuw #hemlund", author="anna")
    result = x.poll(cursor, BUDGET)
    assert texts(result) == ["nieuw #hemlund"]
    gaps = {gap.source: gap for gap in result.gaps}
    assert set(gaps) == {"own_posts", "listen:#hemlund"}
    gap = gaps["listen:#hemlund"]
    assert gap.since == mark
    assert timedelta(days=6, hours=23) < clock.now - gap.until < timedelta(days=7)
    assert "seven days" in gap.reason
    assert x.poll(result.cursor, BUDGET).gaps == ()


def test_messages_older_than_x_shows_are_told_as_a_gap(box: Sandbox, box_x: X, clock: Clock) -> None:
    cursor = box_x.poll(None, BUDGET).cursor
    clock.later(days=40)
    box.world.message_x("nieuw", sender="anna", to="hemlund")
    result = box_x.poll(cursor, BUDGET)
    assert "nieuw" in texts(result)
    (gap,) = (gap for gap in result.gaps if gap.source == "messages")
    assert clock.now - gap.until == timedelta(days=30)


def test_a_late_post_under_the_mark_of_a_search_is_not_missed(box: Sandbox, clock: Clock) -> None:
    x = connect_x(box, listen=["#hemlund"])
    cursor = x.poll(x.poll(None, BUDGET).cursor, BUDGET).cursor
    clock.later(minutes=20)
    box.world.post_x("laat #hemlund", author="anna", visible_after=600)
    clock.later(seconds=30)
    box.world.post_x("eerder #hemlund", author="bo")
    second = x.poll(cursor, BUDGET)
    assert texts(second) == ["eerder #hemlund"]
    clock.later(minutes=11)
    assert "laat #hemlund" in texts(x.poll(second.cursor, BUDGET))


def test_a_search_is_read_in_several_polls_when_the_budget_is_small(box: Sandbox, clock: Clock) -> None:
    x = connect_x(box, listen=["#hemlund"], own_posts=False, direct_messages=False)
    cursor = x.poll(x.poll(None, BUDGET).cursor, BUDGET).cursor
    wanted = set()
    for n in range(45):
        clock.later(seconds=1)
        wanted.add(str(box.world.post_x(f"{n} #hemlund", author=f"person{n % 7}").id))
    seen, polls, complete = set(), 0, False
    while not complete:
        result = x.poll(cursor, SMALL)
        cursor, complete = result.cursor, result.complete
        seen |= set(by_id(result))
        polls += 1
    assert seen == wanted
    assert polls == 5
    assert result.gaps == ()


# --- stored places -----------------------------------------------------------------------------------------


def test_a_place_from_before_the_other_lists_is_read_and_they_begin_now(box: Sandbox, clock: Clock) -> None:
    box.world.post_x("oude #hemlund", author="anna")
    box.world.message_x("oud bericht", sender="anna", to="hemlund")
    clock.later(minutes=3)
    x = connect_x(box, listen=["#hemlund"])
    since = (clock.now - timedelta(days=60)).isoformat()
    mark, floor = clock.now - timedelta(minutes=2), clock.now - timedelta(minutes=17)
    place = {"since": since, "mark": mark.isoformat(), "floor": floor.isoformat()}
    result = x.poll(json.dumps({"mentions": place, "own": place}), BUDGET)
    assert result.mentions == ()
    clock.later(minutes=2)
    box.world.message_x("nieuw bericht", sender="anna", to="hemlund")
    assert texts(x.poll(result.cursor, BUDGET)) == ["nieuw bericht"]


def test_the_place_of_a_search_no_longer_wanted_is_forgotten(box: Sandbox, clock: Clock) -> None:
    cursor = connect_x(box, listen=["#hemlund"]).poll(None, BUDGET).cursor
    assert "listen:#hemlund" in read_cursor(cursor)[0]
    cursor = connect_x(box).poll(cursor, BUDGET).cursor
    assert "listen:#hemlund" not in read_cursor(cursor)[0]
    box.world.post_x("intussen #hemlund", author="anna")
    clock.later(minutes=1)
    assert connect_x(box, listen=["#hemlund"]).poll(cursor, BUDGET).mentions == ()


@pytest.mark.parametrize("notes", ["x", [], {"watched": 3}, {"refused": {"messages": "x"}}, {"refused": {"a": [1, 2]}}])
def test_notes_of_somebody_else_are_told(box_x: X, notes: object, clock: Clock) -> None:
    at = clock.now.isoformat()
    cursor = json.dumps({"mentions": {"since": at, "mark": at, "floor": at}, "notes": notes})
    with pytest.raises(ChannelProtocolError):
        box_x.poll(cursor, BUDGET)


# --- filling gaps ------------------------------------------------------------------------------------------


def test_a_gap_in_the_mentions_is_filled_by_search_step_by_step(box: Sandbox, box_x: X, clock: Clock) -> None:
    box.world.post_x("@hemlund before", author="anna")
    cursor = box_x.poll(None, BUDGET).cursor
    clock.later(minutes=30)
    box.world.bulk_x(900, start=clock.now - timedelta(minutes=10), every=timedelta(milliseconds=500))
    result = box_x.poll(cursor, BUDGET)
    (gap,) = result.gaps
    found, token, steps = set(by_id(result)), "", 0
    clock.later(minutes=1)
    while True:
        filled = box_x.backfill(gap, token, Budget(max_pages=2, page_size=30))
        found |= {one.external_id for one in filled.mentions}
        dates = [one.posted_at for one in filled.mentions]
        assert dates == sorted(dates, reverse=True)
        assert filled.left == ()
        token, steps = filled.token, steps + 1
        if not token:
            break
    assert steps > 1
    assert len([one for one in found if not one.startswith("dm:")]) == 901


def test_what_lies_more_than_seven_days_back_stays_lost(box: Sandbox, box_x: X, clock: Clock) -> None:
    box.world.post_x("@hemlund verloren", author="anna")
    clock.later(days=5)
    box.world.post_x("@hemlund gevonden", author="anna")
    clock.later(days=4)
    gap = Gap(clock.now - timedelta(days=10), clock.now - timedelta(days=1), "test", "mentions")
    filled = box_x.backfill(gap, "", BUDGET)
    assert [one.text for one in filled.mentions] == ["@hemlund gevonden"]
    (left,) = filled.left
    assert (left.since, left.source) == (gap.since, "mentions")
    assert timedelta(days=6, hours=23) < clock.now - left.until < timedelta(days=7)


@pytest.mark.parametrize("source", ["listen:#hemlund", "own_posts", "own", "messages"])
def test_every_list_can_be_read_again(box: Sandbox, clock: Clock, source: str) -> None:
    ours = box.world.post_x("Actie!", author="hemlund")
    clock.later(minutes=1)
    wanted = {
        "listen:#hemlund": str(box.world.post_x("mijn #hemlund", author="anna").id),
        "own_posts": _nameless(box, "leuk", ours.id),
        "own": str(ours.id),
        "messages": f"dm:{box.world.message_x('hallo', sender='anna', to='hemlund').id}",
    }
    clock.later(hours=2)
    box.world.message_x("later", sender="anna", to="hemlund")
    gap = Gap(clock.now - timedelta(hours=3), clock.now - timedelta(hours=1), "test", source)
    filled = connect_x(box).backfill(gap, "", BUDGET)
    assert [one.external_id for one in filled.mentions] == [wanted[source]]
    assert filled.token == ""
    assert sum(one.count for one in filled.spent) >= 1


def test_messages_are_read_again_step_by_step_and_from_the_newest_where_a_token_is_not_kept(
    box: Sandbox, box_x: X, clock: Clock
) -> None:
    wanted = []
    for n in range(25):
        clock.later(minutes=1)
        wanted.append(f"dm:{box.world.message_x(f'hoi {n}', sender='anna', to='hemlund').id}")
    gap = Gap(
        clock.now - timedelta(minutes=22, seconds=30), clock.now - timedelta(minutes=2, seconds=30), "t", "messages"
    )
    small = Budget(max_pages=1, page_size=10)
    first = box_x.backfill(gap, "", small)
    second = box_x.backfill(gap, first.token, small)
    third = box_x.backfill(gap, second.token, small)
    found = [one.external_id for step in (first, second, third) for one in step.mentions]
    assert found == list(reversed(wanted[2:22]))
    assert [bool(step.token) for step in (first, second, third)] == [True, True, False]
    again = box_x.backfill(gap, "a token of long ago", small)
    assert again.mentions == first.mentions


def test_a_backfill_reaches_to_the_present_however_old_the_last_answer_is(box: Sandbox, box_x: X, clock: Clock) -> None:
    box_x.poll(None, BUDGET)
    clock.later(hours=5)
    box.world.post_x("@hemlund intussen", author="anna")
    clock.later(minutes=1)
    gap = Gap(clock.now - timedelta(hours=6), clock.now, "test", "mentions")
    assert [one.text for one in box_x.backfill(gap, "", BUDGET).mentions] == ["@hemlund intussen"]


def test_a_backfill_out_of_requests_says_until_when(clock: Clock) -> None:
    with Sandbox(clock=clock, limit_scale=0.004) as box:  # one search per window
        x = connect_x(box)
        box.world.bulk_x(30, start=clock.now - timedelta(minutes=20))
        gap = Gap(clock.now - timedelta(minutes=30), clock.now - timedelta(minutes=1), "test", "mentions")
        first = x.backfill(gap, "", Budget(page_size=10))
        assert first.token
        assert first.rates["search"].remaining == 0
        with pytest.raises(ChannelThrottled) as caught:
            x.backfill(gap, first.token, Budget(page_size=10))
        assert caught.value.retry_at is not None


def test_what_was_read_is_counted_as_x_charges_for_it(box: Sandbox, clock: Clock) -> None:
    x = connect_x(box, listen=["#hemlund -@hemlund"])
    counted: set[tuple[str, str]] = set()

    def count(result: PollResult | Refreshed | Filled) -> None:
        counted.update((one.what, id_) for one in result.spent for id_ in one.ids)
        assert all(one.count == len(one.ids) for one in result.spent)

    ours = box.world.post_x("Actie!", author="hemlund")
    first = x.poll(None, BUDGET)
    count(first)
    cursor = first.cursor
    for minute in range(6):
        clock.later(minutes=2)
        box.world.post_x(f"@hemlund {minute}", author="anna")
        box.world.post_x(f"mijn #hemlund {minute}", author="bo")
        box.world.message_x(f"hoi {minute}", sender="anna", to="hemlund")
        _nameless(box, f"leuk {minute}", ours.id)
        result = x.poll(cursor, BUDGET)
        count(result)
        cursor = result.cursor
    count(x.refresh([str(ours.id)]))
    clock.later(minutes=2)
    count(x.backfill(Gap(clock.now - timedelta(minutes=30), clock.now, "test", "mentions"), "", BUDGET))
    (charged,) = box.world.x.meter.listed()
    mine = Counter(what for what, _ in counted)
    assert mine == charged["counts"]
    assert mine == {"owned_read": 7, "post_read": 19, "dm_read": 6, "user_read": 1}
