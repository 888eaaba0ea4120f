"""Days on a page and on an Instagram account with faults in between: whatever was said is collected in the end.

The moves are drawn from a seed; a failure names the seed and what was missed.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from instagram_desk import US, connect_ig
from stub_network import Clock, connect_fb

from webcare.channels.base import Budget
from webcare.errors import ChannelError
from webcare.sandbox.server import Sandbox

FAULTS = ("unavailable_html", "error_before", "cut_before", "malformed_json", "empty_200", "rate_limited")
LATE = (0, 0, 0, 30, 400)
MOVES = 50
EDGES = ("*", "*/comments", "*/messages", "*/conversations", "*/feed", "*/media", "*/tagged")


class Town:
    """People who write, and what they wrote."""

    def __init__(self, box: Sandbox, clock: Clock, seed: int) -> None:
        self.box, self.clock, self.dice = box, clock, random.Random(seed)
        self.said: set[str] = set()
        self.posts: list[str] = []

    def keep(self, made: Any, name: str = "") -> Any:
        self.said.add(name or made.id)
        return made

    @property
    def who(self) -> str:
        return f"p{self.dice.randrange(12)}"

    @property
    def late(self) -> float:
        return self.dice.choice(LATE)

    def fault(self) -> None:
        """Let the next few requests to some list fail."""
        kind: Any = self.dice.choice(FAULTS)
        self.box.faults.add(f"GET /graph/{self.dice.choice(EDGES)}", kind, count=self.dice.randrange(1, 4))

    def on_facebook(self) -> None:
        world, number = self.box.world, len(self.said)
        match self.dice.randrange(9):
            case 0:
                self.posts.append(world.post_fb(f"post {number}", kind="post").id)
            case 1:
                made = world.post_fb(f"bezoek {number}", author=self.who, visible_after=self.late)
                self.posts.append(self.keep(made).id)
            case 2:
                self.posts.append(self.keep(world.review_fb(f"review {number}", author=self.who, positive=True)).id)
            case 3:
                self.keep(world.post_fb(f"tag {number}", author=self.who, kind="tagged", visible_after=self.late))
            case 4:
                self.keep(world.inbox.receive(f"vraag {number}", author=self.who, visible_after=self.late))
            case _:
                self._comments(world.comment_fb)

    def on_instagram(self) -> None:
        instagram, number = self.box.world.instagram, len(self.said)
        match self.dice.randrange(7):
            case 0:
                self.posts.append(instagram.post(f"foto {number}", author=instagram.user(US)).id)
            case 1:
                made = instagram.post(f"tag {number}", author=self.who, tags=[US], visible_after=self.late)
                self.keep(made, f"media:{made.id}")
            case 2:
                made = self.box.world.inbox.receive(f"vraag {number}", author=self.who, platform="instagram")
                self.keep(made)
            case _:
                self._comments(instagram.comment)

    def _comments(self, comment: Callable[..., Any]) -> None:
        """Some comments under one post or under a comment, more often under new ones."""
        if not self.posts:
            return
        under = self.posts[-1] if self.dice.random() < 0.4 else self.dice.choice(self.posts)
        for number in range(self.dice.choice((1, 1, 2, 3, 25))):
            text = f"reactie {len(self.said)} {number}"
            made = self.keep(comment(text, under=under, author=self.who, visible_after=self.late))
            if self.dice.random() < 0.2:
                self.keep(comment(f"antwoord {text}", under=made.id, author=self.who))


def collect(town: Town, channel: Any, move: Callable[[], None]) -> set[str]:
    """Let people write, the network fail and the desk poll; then let all of them rest until everything can be seen."""
    cursor, seen = channel.poll(None, Budget()).cursor, set()
    town.clock.later(minutes=1)
    for _ in range(MOVES):
        for _ in range(town.dice.randrange(5)):
            move()
            town.clock.later(seconds=town.dice.randrange(60))
        if town.dice.random() < 0.3:
            town.fault()
        budget = Budget(town.dice.choice((1, 2, 10)), town.dice.choice((10, 50, 100)))
        try:
            result = channel.poll(cursor, budget)
        except ChannelError:
            continue
        cursor, seen = result.cursor, seen | {one.external_id for one in result.mentions}
        town.clock.later(seconds=town.dice.choice((1, 20, 60, 60, 3600)))
    town.box.faults.clear()
    town.clock.later(minutes=8)
    for _ in range(35):
        result = channel.poll(cursor, Budget())
        cursor, seen = result.cursor, seen | {one.external_id for one in result.mentions}
        town.clock.later(minutes=1)
    assert not result.troubles
    return seen


@pytest.mark.parametrize("seed", range(2))
def test_nothing_said_to_a_page_is_missed(box: Sandbox, clock: Clock, seed: int) -> None:
    town = Town(box, clock, seed)
    fb = connect_fb(box, watch_posts=5, older_posts=12)
    assert sorted(town.said - collect(town, fb, town.on_facebook)) == []
    assert len(town.said) > 80


@pytest.mark.parametrize("seed", range(2))
def test_nothing_said_to_an_instagram_account_is_missed(box: Sandbox, clock: Clock, seed: int) -> None:
    town = Town(box, clock, seed)
    ig = connect_ig(box, watch_posts=5, older_posts=12)
    assert sorted(town.said - collect(town, ig, town.on_instagram)) == []
    assert len(town.said) > 80


def test_a_quiet_account_is_one_whose_last_word_was_read(box: Sandbox, clock: Clock) -> None:
    fb = connect_fb(box, backfill_min=15)
    box.world.post_fb("laatste woord", author="anna", at=clock.now - timedelta(minutes=5))
    cursor, found = None, []
    for _ in range(3):
        result = fb.poll(cursor, Budget())
        cursor, found = result.cursor, [*found, *(one.text for one in result.mentions)]
        clock.later(days=2)
    assert set(found) == {"laatste woord"}
