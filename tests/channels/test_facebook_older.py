"""Comments under posts that are no longer among the newest: read in turn, none missed, within the budget."""

from __future__ import annotations

from datetime import timedelta

import pytest
from stub_network import Clock, connect_fb

from webcare.channels.base import Budget, PollResult
from webcare.channels.facebook import Facebook
from webcare.errors import SettingsError
from webcare.sandbox.server import Sandbox

BUDGET = Budget()


def old_posts(box: Sandbox, clock: Clock, number: int) -> list[str]:
    return [
        box.world.post_fb(f"post {n}", kind="post", at=clock.now - timedelta(days=number - n)).id for n in range(number)
    ]


def polls(fb: Facebook, cursor: str, clock: Clock, number: int, budget: Budget = BUDGET) -> list[PollResult]:
    results = []
    for _ in range(number):
        clock.later(minutes=1)
        results.append(fb.poll(cursor, budget))
        cursor = results[-1].cursor
    return results


def texts(results: list[PollResult]) -> set[str]:
    return {one.text for result in results for one in result.mentions}


def test_comments_under_old_posts_are_found_within_one_round(box: Sandbox, clock: Clock) -> None:
    fb = connect_fb(box, watch_posts=2, older_posts=3)
    posts = old_posts(box, clock, 14)
    cursor = fb.poll(None, BUDGET).cursor
    clock.later(minutes=5)
    for post in posts:
        box.world.comment_fb(f"onder {post}", under=post, author="lies")
    assert texts(polls(fb, cursor, clock, 8)) == {f"onder {post}" for post in posts}


def test_a_comment_that_comes_while_the_round_is_under_way_is_found_by_the_next_one(box: Sandbox, clock: Clock) -> None:
    fb = connect_fb(box, watch_posts=1, older_posts=2)
    posts = old_posts(box, clock, 9)
    first = polls(fb, fb.poll(None, BUDGET).cursor, clock, 7)
    for number, post in enumerate(posts):
        box.world.comment_fb(f"onder {number}", under=post, author="lies")
        first += polls(fb, first[-1].cursor, clock, 1)
    assert texts(polls(fb, first[-1].cursor, clock, 18)) | texts(first) == {f"onder {n}" for n in range(9)}


def test_going_through_older_posts_costs_one_request_in_a_quiet_poll(box: Sandbox, clock: Clock) -> None:
    fb, without = connect_fb(box, watch_posts=2, older_posts=5), connect_fb(box, watch_posts=2, older_posts=0)
    for post in old_posts(box, clock, 30):
        box.world.comment_fb("mooi", under=post, author="lies")
    cursor, other = fb.poll(None, BUDGET).cursor, without.poll(None, BUDGET).cursor
    rule = box.faults.add("GET /graph/*", "slow", seconds=0)
    polls(without, other, clock, 12)
    plain, rule.struck = rule.struck, 0
    polls(fb, cursor, clock, 12)
    assert rule.struck == plain + 12


def test_many_new_comments_under_an_old_post_are_read_over_several_polls(box: Sandbox, clock: Clock) -> None:
    fb = connect_fb(box, watch_posts=1, older_posts=1)
    old, _ = old_posts(box, clock, 2)
    cursor = fb.poll(None, BUDGET).cursor
    clock.later(minutes=5)
    for number in range(300):
        box.world.comment_fb(f"ook {number}", under=old, author=f"p{number}", at=clock.later(seconds=1))
    results = polls(fb, cursor, clock, 20, Budget(max_pages=3, page_size=50))
    assert texts(results) == {f"ook {n}" for n in range(300)}
    assert f"comments:{old}" not in results[-1].cursor


def test_comments_under_an_old_post_while_the_desk_was_down_are_all_read(box: Sandbox, clock: Clock) -> None:
    fb = connect_fb(box, watch_posts=1, older_posts=2)
    old, _ = old_posts(box, clock, 2)
    cursor = polls(fb, fb.poll(None, BUDGET).cursor, clock, 4)[-1].cursor
    for number in range(60):
        box.world.comment_fb(f"ook {number}", under=old, author=f"p{number}", at=clock.later(minutes=4))
    assert texts(polls(fb, cursor, clock, 8)) == {f"ook {n}" for n in range(60)}


def test_an_answer_under_an_older_review_is_found(box: Sandbox, clock: Clock) -> None:
    fb = connect_fb(box, watch_posts=1, older_posts=2)
    review = box.world.review_fb("nooit meer", author="guus", positive=False, at=clock.now - timedelta(days=40))
    cursor = fb.poll(None, BUDGET).cursor
    clock.later(minutes=1)
    answer = box.world.comment_fb("nog steeds niet", under=review.id, author="guus")
    found = {one.external_id: one for result in polls(fb, cursor, clock, 4) for one in result.mentions}
    assert found[answer.id].thread_id == review.id


def test_posts_older_than_the_option_says_are_left_alone_and_none_at_all_where_it_is_off(
    box: Sandbox, clock: Clock
) -> None:
    posts = old_posts(box, clock, 12)
    near, off = (
        connect_fb(box, watch_posts=1, older_posts=2, older_days=5),
        connect_fb(box, watch_posts=1, older_posts=0),
    )
    cursors = [near.poll(None, BUDGET).cursor, off.poll(None, BUDGET).cursor]
    clock.later(minutes=1)
    for number, post in enumerate(posts):
        box.world.comment_fb(f"onder {number}", under=post, author="lies")
    seen = texts(polls(near, cursors[0], clock, 20))
    assert {f"onder {n}" for n in range(8, 12)} <= seen
    assert "onder 0" not in seen
    assert texts(polls(off, cursors[1], clock, 20)) == {"onder 11"}


def test_what_falls_out_of_the_newest_while_it_cannot_be_read_is_read_later(box: Sandbox, clock: Clock) -> None:
    fb = connect_fb(box, watch_posts=1, older_posts=0)
    (post,) = old_posts(box, clock, 1)
    cursor = fb.poll(fb.poll(None, BUDGET).cursor, BUDGET).cursor
    clock.later(minutes=1)
    for number in range(30):
        box.world.comment_fb(f"ook {number}", under=post, author=f"p{number}", at=clock.later(seconds=1))
    box.faults.add("GET /graph/*/comments", "unavailable_html", count=1)
    first = fb.poll(cursor, BUDGET)
    box.world.post_fb("nieuw", kind="post", at=clock.later(seconds=5))
    assert texts([first, *polls(fb, first.cursor, clock, 3)]) >= {f"ook {n}" for n in range(30)}


@pytest.mark.parametrize(("option", "value"), [("older_posts", -1), ("older_posts", "5"), ("older_days", 0)])
def test_wrong_numbers_for_older_posts_are_settings_errors(box: Sandbox, option: str, value: object) -> None:
    with pytest.raises(SettingsError, match=rf"options\.{option}"):
        connect_fb(box, **{option: value})
