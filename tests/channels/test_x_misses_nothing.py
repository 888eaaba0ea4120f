"""An hour of an account on X with everything going wrong at random: what was written is collected, on every list.

Posts show up late and in any order, pages are few and short, endpoints fail and run out of requests, and the channel
begins again from its stored place in between.
"""

from __future__ import annotations

import random

import pytest
from stub_network import Clock, connect_x

from webcare.channels.base import Budget, PollResult
from webcare.channels.x import X
from webcare.errors import ChannelError
from webcare.sandbox.server import Sandbox
from webcare.sandbox.values import XPost

LISTS = (
    "GET /x/2/users/*/mentions",
    "GET /x/2/users/*/tweets",
    "GET /x/2/tweets/search/recent",
    "GET /x/2/dm_events",
)
FAULTS = (
    "unavailable_html",
    "cut_before",
    "malformed_json",
    "empty_200",
    "errors_only_200",
    "rate_limited",
    "short_page",
)
#: Less than the overlap: so late may a post show up.
LATEST_S = 14 * 60


class Hours:
    """One account's hours, from one seed."""

    def __init__(self, box: Sandbox, clock: Clock, seed: int) -> None:
        self.random = random.Random(seed)
        self.box, self.clock = box, clock
        self.ours = [str(box.world.post_x("Actie!", author="hemlund").id)]
        self.wanted: dict[str, str] = {}
        self.answers: list[int] = []
        self.seen: set[str] = set()
        self.x = self.connect()
        self.cursor = self.x.poll(None, Budget()).cursor

    def connect(self) -> X:
        return connect_x(self.box, listen=["#hemlund"], backfill_min=60, own_posts=40)

    def write(self) -> None:
        """One thing by somebody, or a new post of ours."""
        late = self.random.choice((0.0, 0.0, self.random.uniform(0, LATEST_S)))
        number, author = len(self.wanted), f"person{self.random.randrange(9)}"
        what = self.random.choice(("mention", "mention", "search", "answer", "under", "quote", "message", "ours"))
        world, post = self.box.world, self.random.choice(self.ours[-8:])
        if what == "message":
            made = f"dm:{world.message_x(f'm{number}', sender=author, to='hemlund', visible_after=late).id}"
        elif what == "ours":
            made = str(world.post_x(f"Actie {number}", author="hemlund", visible_after=late).id)
            self.ours.append(made)
        elif what == "under" and self.answers:
            # To somebody who answered us, so that only the conversation says that it is about us.
            under = world.post_x(f"u{number}", author=author, in_reply_to=self.answers[-1], visible_after=late)
            self.unname(under)
            made = str(under.id)
        elif what in ("answer", "under"):
            answer = world.post_x(f"a{number}", author=author, in_reply_to=post, visible_after=late)
            if self.random.random() < 0.7:  # Whoever answers may take our name out.
                self.unname(answer)
            self.answers.append(answer.id)
            made = str(answer.id)
        elif what == "quote":
            made = str(world.post_x(f"q{number}", author=author, quote=post, visible_after=late).id)
        else:
            name = "@hemlund" if what == "mention" else "#hemlund"
            made = str(world.post_x(f"{name} {number}", author=author, visible_after=late).id)
        self.wanted[made] = what

    def unname(self, post: XPost) -> None:
        """Take our name out of an answer."""
        if post.id in self.box.world.x.by_mention["hemlund"]:
            self.box.world.x.by_mention["hemlund"].remove(post.id)
        post.mentions = tuple(name for name in post.mentions if name != "hemlund")

    def poll(self, budget: Budget) -> PollResult | None:
        """One poll from the stored place, sometimes by a process that has just begun."""
        if self.random.random() < 0.2:
            self.x = self.connect()
        try:
            result = self.x.poll(self.cursor, budget)
        except ChannelError:
            return None
        self.cursor = result.cursor
        self.seen |= {one.external_id for one in result.mentions}
        assert result.gaps == ()
        return result

    def live(self, minutes: int) -> None:
        """Minute after minute: somebody writes, something fails, somebody polls."""
        for _ in range(minutes):
            self.clock.later(seconds=self.random.uniform(30, 90))
            for _ in range(self.random.choice((0, 1, 1, 3, 12))):
                self.clock.later(milliseconds=self.random.randrange(900))
                self.write()
            if self.random.random() < 0.4:
                where, kind = self.random.choice(LISTS), self.random.choice(FAULTS)
                self.box.faults.add(where, kind, count=self.random.randrange(1, 4))  # type: ignore[arg-type]
            self.poll(Budget(max_pages=self.random.choice((1, 2, 5)), page_size=self.random.choice((5, 10, 40))))

    def settle(self) -> None:
        """Nothing more happens; everything becomes visible, and polls go on until they are done."""
        for _ in range(40):
            self.clock.later(minutes=2)
            self.poll(Budget())


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("seed", "limits"), [(1, 1.0), (2, 1.0), (3, 0.2), (4, 0.2)])
def test_nothing_written_is_missed_whatever_fails(clock: Clock, seed: int, limits: float) -> None:
    with Sandbox(clock=clock, limit_scale=limits) as box:
        hours = Hours(box, clock, seed)
        hours.live(minutes=60)
        hours.settle()
    missing = {what: id_ for id_, what in hours.wanted.items() if id_ not in hours.seen}
    assert len(hours.wanted) > 100
    assert missing == {}
