"""The story player: what comes when, what waits for the desk, and that a day begins again."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from webcare.sandbox import SandboxError, World
from webcare.sandbox.script import ANSWERS_WITHIN_MIN, Player
from webcare.sandbox.storybook import OPENING_MIN, OPENING_STORIES, load_stories

START = datetime(2026, 11, 21, 9, tzinfo=UTC)


class Clock:
    """A clock that moves when told."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


def story(number: int, at_min: float, **more: Any) -> dict[str, Any]:
    author = {"name": f"Person {number}", "handle": f"person_{number}"}
    base = {"id": f"s{number}", "lang": "nl", "network": "x", "at_min": at_min, "kind": "mention", "author": author}
    return {**base, "text": f"@hemlund bericht {number}", **more}


def step(after_min: float, on: str, text: str, *, by: str = "customer") -> dict[str, Any]:
    return {"after_min": after_min, "on": on, "by": by, "text": text}


Make = Callable[..., tuple[World, Player]]


@pytest.fixture
def play(tmp_path: Path) -> Make:
    """A player for stories given as rows; the clock runs along at a minute a minute."""

    def make(*rows: dict[str, Any], brand_posts: tuple[dict[str, Any], ...] = ()) -> tuple[World, Player]:
        (tmp_path / "nl.jsonl").write_text("\n".join(json.dumps(row) for row in rows), "utf-8")
        (tmp_path / "brand_posts.jsonl").write_text("\n".join(json.dumps(row) for row in brand_posts), "utf-8")
        world = World(clock=Clock())
        return world, Player(world, load_stories(tmp_path))

    return make


def advance(world: World, player: Player, minutes: float) -> int:
    assert isinstance(world.clock, Clock)
    world.clock.now += timedelta(minutes=minutes)
    return player.advance(minutes)


def texts(world: World) -> list[str]:
    return [world.x.posts[number].written for number in world.x.ids]


def answer(world: World, number: int = 0, text: str = "Hoi!") -> None:
    posts = [world.x.posts[one] for one in world.x.ids if not world.is_brand("x", world.x.posts[one].author_id)]
    world.post_x(text, author=world.handles[("x", "hemlund")], in_reply_to=posts[number].id)


# Two stories: with so few, the player opens after the second one.
FILLER = story(99, 0.5)


def test_stories_come_at_their_minute(play: Make) -> None:
    world, player = play(story(0, 0), FILLER, *(story(n, 10 * n) for n in range(1, 14)))
    player.open()
    assert len(texts(world)) == OPENING_STORIES
    assert advance(world, player, 9) == 0
    assert advance(world, player, 11) == 2
    assert texts(world)[-2:] == ["@hemlund bericht 11", "@hemlund bericht 12"]


def test_the_opening_looks_like_the_last_quarter_of_an_hour(play: Make) -> None:
    world, player = play(*(story(n, 3 * n) for n in range(20)))
    player.open()
    ages = [START - world.x.posts[number].posted_at for number in world.x.ids]
    assert timedelta() <= min(ages) <= max(ages) <= timedelta(minutes=OPENING_MIN)
    player.open()
    assert len(world.x.ids) == len(ages)


def test_a_customer_thanks_only_when_answered(play: Make) -> None:
    thanks = step(5, "reply", "Dank!")
    world, player = play(story(0, 0, then=[thanks]), story(1, 1, then=[thanks]))
    player.open()
    advance(world, player, 30)
    assert "Dank!" not in texts(world)
    answer(world)
    advance(world, player, 0.1)
    assert advance(world, player, 4) == 0
    assert advance(world, player, 2) == 1
    assert texts(world)[-1] == "Dank!"
    last = world.x.posts[world.x.ids[-1]]
    assert world.is_brand("x", world.x.posts[last.in_reply_to or 0].author_id)
    assert "hemlund" in last.mentions


def test_a_thank_you_does_not_take_longer_than_people_do(play: Make) -> None:
    world, player = play(story(0, 0, then=[step(200, "reply", "Dank!")]), FILLER)
    player.open()
    answer(world)
    advance(world, player, 0.1)
    advance(world, player, ANSWERS_WITHIN_MIN + 0.1)
    assert texts(world)[-1] == "Dank!"


def test_an_impatient_customer_comes_back_only_unanswered(play: Make) -> None:
    hello = step(20, "no_reply", "Hallo??")
    world, player = play(story(0, 0, then=[hello]), story(1, 0.5, then=[hello]))
    player.open()
    answer(world)
    advance(world, player, 25)
    impatient = [post for post in world.x.posts.values() if post.written == "Hallo??"]
    assert [world.x.author(post).handle for post in impatient] == ["person_1"]
    assert "hemlund" in impatient[0].mentions  # it reaches the desk although it does not name the brand itself


def test_a_second_answer_is_needed_for_the_second_follow_up(play: Make) -> None:
    then = [step(2, "reply", "Nummer 12"), step(2, "reply", "Top, dank")]
    world, player = play(story(0, 0, then=then), FILLER)
    player.open()
    answer(world, text="Wat is je nummer?")
    advance(world, player, 0.1)
    advance(world, player, 30)
    assert texts(world)[-1] == "Nummer 12"
    answer(world, text="Gevonden!")
    advance(world, player, 0.1)
    advance(world, player, 3)
    assert texts(world)[-1] == "Top, dank"
    assert player.progress()["open_threads"] == 0


def test_others_join_in_under_their_own_name(play: Make) -> None:
    other = {**step(3, "always", "Hier ook!", by="other"), "author": {"name": "Miranda", "handle": "miranda"}}
    world, player = play(story(0, 0, then=[other, step(4, "always", "Ik ook", by="other")]), FILLER)
    player.open()
    advance(world, player, 10)
    handles = [world.x.author(world.x.posts[number]).handle for number in world.x.ids[-2:]]
    assert handles == ["miranda", "person_99"]


def test_a_deleted_story_is_not_followed_up_under_nothing(play: Make) -> None:
    rows = [story(0, 0, network="facebook", kind="visitor_post", then=[step(5, "always", "Nog iets")]), FILLER]
    world, player = play(*rows)
    player.open()
    root = next(iter(world.facebook.items))
    world.delete_fb(root)
    assert advance(world, player, 10) == 0
    assert player.progress()["open_threads"] == 0


def test_facebook_stories_stand_where_they_belong(play: Make) -> None:
    brand = {"id": "bp", "network": "facebook", "lang": "nl", "at_min": 0, "text": "Nieuw!"}
    world, player = play(
        story(0, 1, network="facebook", kind="comment", under="bp", then=[step(4, "reply", "Dank")]),
        story(1, 2, network="facebook", kind="visitor_post"),
        story(2, 3, network="facebook", kind="review", positive=True),
        brand_posts=(brand,),
    )
    player.open()
    kinds = {item.kind: item for item in world.facebook.items.values()}
    assert set(kinds) == {"post", "comment", "visitor_post", "review"}
    assert kinds["comment"].post_id == kinds["post"].id
    assert kinds["review"].positive
    world.comment_fb("Hoi", under=kinds["comment"].id)
    advance(world, player, 0.1)
    advance(world, player, 5)
    newest = list(world.facebook.items.values())[-1]
    assert (newest.message, newest.parent_id) == ("Dank", kinds["comment"].id)


def test_the_day_begins_again_with_the_same_people_and_fresh_ids(play: Make) -> None:
    brand = {"id": "bp", "network": "x", "lang": "nl", "at_min": 5, "text": "Goedemorgen"}
    world, player = play(story(0, 0), story(1, 10), brand_posts=(brand,))
    player.open()
    first = dict(world.x.posts)
    advance(world, player, 610)
    again = [post for number, post in world.x.posts.items() if number not in first]
    assert {post.written for post in again} == {post.written for post in first.values()}
    assert {post.author_id for post in again} == {post.author_id for post in first.values()}
    assert player.progress()["day"] == 2


def test_the_play_goes_on_where_a_saved_world_stands(play: Make, tmp_path: Path) -> None:
    world, player = play(story(0, 0, then=[step(5, "reply", "Dank!")]), story(1, 1), story(2, 30))
    player.open()
    advance(world, player, 3)
    world.save(tmp_path / "state" / "world.json")
    later = World(clock=world.clock)
    later.load(tmp_path / "state" / "world.json")
    resumed = Player(later, load_stories(tmp_path))
    before = len(later.x.ids)
    answer(later)
    advance(later, resumed, 0.1)
    advance(later, resumed, 6)
    assert texts(later)[-1] == "Dank!"
    assert len(later.x.ids) == before + 2


def test_a_pause_and_speed_zero_keep_still(play: Make) -> None:
    world, player = play(story(0, 0), story(1, 1), story(2, 2))
    player.open()
    assert advance(world, player, 0) == 0
    assert player.quiet_min() > 0


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"network": "myspace"}, "myspace"),
        ({"kind": "review"}, "review"),
        ({"at_min": "noon"}, "noon"),
        ({"then": [step(1, "maybe", "x")]}, "maybe"),
        ({"author": None}, "nl.jsonl line 2"),
        ({"under": "no-such-post"}, "s1"),
        ({"id": "s0"}, "used twice"),
    ],
)
def test_a_story_that_is_wrong_is_named(play: Make, change: dict[str, Any], named: str) -> None:
    with pytest.raises(SandboxError, match=named):
        play(story(0, 0), {**story(1, 1), **change})


def test_a_folder_without_stories_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match="no stories"):
        load_stories(tmp_path)


# --- the packaged stories ------------------------------------------------------------------------------


def test_the_packaged_day_opens_full_and_many_voiced() -> None:
    world = World(clock=Clock())
    player = Player(world, load_stories())
    player.open()
    customers = [post for post in world.x.posts.values() if not world.is_brand("x", post.author_id)]
    items = [item for item in world.facebook.items.values() if item.author_id != item.page_id]
    assert OPENING_STORIES <= len(customers) + len(items) <= 3 * OPENING_STORIES
    assert customers
    assert items
    assert len({post.lang for post in customers}) >= 3


def test_the_packaged_day_plays_to_its_end_and_on() -> None:
    world = World(clock=Clock())
    stories = load_stories()
    player = Player(world, stories)
    player.open()
    for _ in range(130):
        advance(world, player, 10)
    roots = [post for post in world.x.posts.values() if post.conversation_id == post.id and post.origin == "script"]
    assert player.progress()["day"] >= 2
    assert len(roots) >= sum(1 for one in stories.stories if one.network == "x")
    assert 3 <= 1 / (len(stories.stories) / stories.day_min * stories.mean_speed) <= 8


def test_nobody_answers_a_post_that_is_gone(play: Make) -> None:
    world, player = play(story(0, 0, then=[step(5, "always", "Nog iets")]), FILLER)
    player.open()
    world.delete_x(world.x.ids[0])
    assert advance(world, player, 10) == 0
    with pytest.raises(SandboxError, match="deleted"):
        world.post_x("hoi", author="jan", in_reply_to=world.x.ids[0])
