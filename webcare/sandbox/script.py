"""The story player: customers who write, wait, thank, lose patience and come back, all day long.

A simulated day runs at a chosen speed; posts carry the sandbox's own time. Follow-ups depend on the desk: one marked
"reply" waits for an answer of the brand, one marked "no_reply" comes only if there was none by then. After the last
story the day begins again with the same people and fresh ids.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from webcare.sandbox.storybook import OPENING_MIN, Author, BrandPost, Step, Stories, Story
from webcare.sandbox.values import SandboxError
from webcare.sandbox.world import World

#: Quiet hours are cut short to so many real seconds without anything new.
MAX_QUIET_S = 20.0
#: A customer who was answered comes back after at most so many simulated minutes.
ANSWERS_WITHIN_MIN = 10.0
TICK_S = 0.25


class Player:
    """Plays stories into a world. `advance` moves simulated time; `run` does so by the real clock."""

    def __init__(self, world: World, stories: Stories, *, speed: float | None = None, seed: int = 0) -> None:
        self._world = world
        self._stories = stories
        self._by_id = {story.id: story for story in stories.stories}
        self._random = random.Random(seed)
        self._lock = threading.RLock()
        self.speed = stories.mean_speed if speed is None else speed
        self.paused = False
        #: Where the play stands; plain data, kept with the world's state.
        self._state: dict[str, Any] = world.script or self._fresh()
        self._state["threads"] = [one for one in self._state["threads"] if one["story"] in self._by_id]
        world.script = self._state

    def _fresh(self) -> dict[str, Any]:
        return {"day": 0, "minute": None, "next": 0, "next_post": 0, "posts": {}, "threads": [], "played": 0}

    @property
    def minute(self) -> float:
        """The simulated minute since the play began, over all days."""
        return float(self._state["minute"] or 0.0)

    def progress(self) -> dict[str, Any]:
        """How far the play is, for people and tests."""
        with self._lock:
            day_min = self._stories.day_min
            return {
                "day": self._state["day"] + 1,
                "minute": round(self.minute % day_min, 2),
                "day_min": day_min,
                "speed": round(self.speed, 4),
                "paused": self.paused,
                "played": self._state["played"],
                "stories": len(self._stories.stories),
                "open_threads": len(self._state["threads"]),
            }

    def open(self) -> None:
        """Put the first stories there, as if written in the last quarter of an hour. Does nothing after a restart."""
        with self._lock, self._world.lock:
            if self._state["minute"] is not None:
                return
            minute, reach = self._stories.opening()
            now = self._world.now()
            self._state["minute"] = minute
            for post in self._stories.brand_posts:
                if post.at_min <= minute:
                    self._post_as_brand(post, at=now - timedelta(minutes=minute - post.at_min))
                    self._state["next_post"] += 1
            for story in self._stories.stories:
                if story.at_min > minute:
                    break
                self._state["next"] += 1
                if story.at_min > minute - reach:
                    at = now - min(timedelta(minutes=minute - story.at_min), timedelta(minutes=OPENING_MIN))
                    self._begin(story, self.minute - (minute - story.at_min), at=at)

    def run(self, stop: threading.Event) -> None:
        """Play until `stop` is set."""
        self.open()
        before = time.monotonic()
        while not stop.wait(TICK_S):
            now = time.monotonic()
            if not self.paused and self.speed > 0:
                quiet = self.quiet_min() - MAX_QUIET_S * self.speed
                self.advance(max((now - before) * self.speed, quiet))
            before = now

    def advance(self, minutes: float) -> int:
        """Let so much simulated time pass; returns how much was posted."""
        with self._lock, self._world.lock:
            self.open()
            before, until = self._state["played"], self.minute + minutes
            self._notice_answers()
            while self._next_due() <= until:
                self._state["minute"] = max(self.minute, self._next_due())
                self._play_next()
            self._state["minute"] = until
            return int(self._state["played"] - before)

    def quiet_min(self) -> float:
        """Simulated minutes until something is due."""
        with self._lock:
            return self._next_due() - self.minute

    # --- what comes next -----------------------------------------------------------------------------

    def _next_due(self) -> float:
        steps = [self._step_due(thread)[0] for thread in self._state["threads"]]
        return min([self._story_due(), self._brand_due(), *steps])

    def _day_start(self) -> float:
        return float(self._state["day"] * self._stories.day_min)

    def _story_due(self) -> float:
        if self._state["next"] >= len(self._stories.stories):
            return self._day_start() + self._stories.day_min
        at_min: float = self._stories.stories[self._state["next"]].at_min
        return self._day_start() + at_min

    def _brand_due(self) -> float:
        if self._state["next_post"] >= len(self._stories.brand_posts):
            return float("inf")
        at_min: float = self._stories.brand_posts[self._state["next_post"]].at_min
        return self._day_start() + at_min

    def _step_due(self, thread: Mapping[str, Any]) -> tuple[float, int]:
        """When the next follow-up of a thread is due, and which one it is."""
        then = self._by_id[thread["story"]].then
        due = [(thread["started"] + then[step].after_min, step) for step in thread["timed"]]
        if thread["reply_due"] is not None:
            due.append((thread["reply_due"], thread["replies"][0]))
        return min(due, default=(float("inf"), -1))

    def _play_next(self) -> None:
        due = self._next_due()
        if self._brand_due() == due:
            self._post_as_brand(self._stories.brand_posts[self._state["next_post"]])
            self._state["next_post"] += 1
        elif self._story_due() == due:
            self._play_story()
        else:
            thread = next(one for one in self._state["threads"] if self._step_due(one)[0] == due)
            self._follow_up(thread, self._step_due(thread)[1])

    def _play_story(self) -> None:
        if self._state["next"] >= len(self._stories.stories):
            self._state |= {"day": self._state["day"] + 1, "next": 0, "next_post": 0, "posts": {}}
            return
        story = self._stories.stories[self._state["next"]]
        self._state["next"] += 1
        self._begin(story, self.minute)

    # --- posting -------------------------------------------------------------------------------------

    def _post_as_brand(self, post: BrandPost, *, at: datetime | None = None) -> str:
        if post.id in self._state["posts"]:
            return str(self._state["posts"][post.id])
        brand = self._world.brands(post.network)[0].user_id
        if post.network == "x":
            author = self._world.users[("x", brand)]
            made = str(self._world.post_x(post.text, author=author, at=at, lang=post.lang, origin="script").id)
        else:
            made = self._world.post_fb(post.text, kind="post", page_id=brand, at=at, origin="script").id
        self._state["posts"][post.id] = made
        return made

    def _begin(self, story: Story, started: float, *, at: datetime | None = None) -> None:
        author = self._world.user(story.network, story.author.handle, story.author.name)
        if story.network == "x":
            root = str(self._world.post_x(story.text, author=author, at=at, lang=story.lang, origin="script").id)
        elif story.kind == "review":
            made = self._world.review_fb(story.text, author=author, positive=story.positive, at=at, origin="script")
            root = made.id
        elif story.kind == "comment":
            under = self._brand_post_for(story, at)
            root = self._world.comment_fb(story.text, under=under, author=author, at=at, origin="script").id
        else:
            root = self._world.post_fb(story.text, author=author, at=at, origin="script").id
        self._state["played"] += 1
        self._remember(story, root, started)

    def _brand_post_for(self, story: Story, at: datetime | None) -> str:
        mine = [post for post in self._stories.brand_posts if post.network == "facebook"]
        wanted = [post for post in mine if post.id == story.under]
        same_language = [post for post in mine if post.lang == story.lang and post.at_min <= story.at_min]
        choice = (wanted or same_language[-1:] or mine)[:1]
        if not choice:
            raise SandboxError(f"story {story.id} is a comment, but there is no post of the brand to comment on")
        return self._post_as_brand(choice[0], at=at - timedelta(minutes=5) if at else None)

    def _remember(self, story: Story, root: str, started: float) -> None:
        thread = {
            "story": story.id,
            "root": root,
            "started": started,
            "heard": 0,
            "timed": [n for n, step in enumerate(story.then) if step.on != "reply"],
            "replies": [n for n, step in enumerate(story.then) if step.on == "reply"],
            "reply_due": None,
        }
        if story.then:
            self._state["threads"].append(thread)

    def _follow_up(self, thread: dict[str, Any], number: int) -> None:
        story = self._by_id[thread["story"]]
        step = story.then[number]
        if number in thread["timed"]:
            thread["timed"].remove(number)
        else:
            thread["replies"].remove(number)
            thread["reply_due"] = None
        answers = self._answers(story, thread)
        if not (step.on == "no_reply" and answers):
            self._write(story, thread, step, answers)
        if not thread["timed"] and not thread["replies"]:
            self._state["threads"].remove(thread)

    def _write(self, story: Story, thread: dict[str, Any], step: Step, answers: Sequence[str]) -> None:
        who = step.author or (story.author if step.by == "customer" else self._somebody_else(story))
        author = self._world.user(story.network, who.handle, who.name)
        under = answers[-1] if answers and step.by == "customer" else thread["root"]
        try:
            if story.network == "x":
                self._world.post_x(step.text, author=author, in_reply_to=under, lang=story.lang, origin="script")
            else:
                self._world.comment_fb(step.text, under=thread["root"], author=author, origin="script")
        except SandboxError:
            # the post was deleted meanwhile: on the real networks, too, nobody can answer it any more
            thread["timed"], thread["replies"] = [], []
            return
        self._state["played"] += 1
        if step.by == "customer":
            thread["heard"] = len(answers)

    def _somebody_else(self, story: Story) -> Author:
        others = [one.author for one in self._stories.stories if one.lang == story.lang and one.id != story.id]
        return self._random.choice(others) if others else Author("A passer-by", "passer_by")

    # --- noticing the desk ---------------------------------------------------------------------------

    def _answers(self, story: Story, thread: Mapping[str, Any]) -> list[str]:
        """The ids of the brand's answers in a thread, oldest first."""
        if story.network == "x":
            root = self._world.x.posts.get(int(thread["root"]))
            found = self._world.x.answers(root.conversation_id) if root else []
            return [str(post.id) for post in found if post.id != int(thread["root"])]
        item = self._world.facebook.items.get(thread["root"])
        answers = self._world.facebook.answers(self._world.facebook.thread_of(item)) if item else []
        return [answer.id for answer in answers]

    def _notice_answers(self) -> None:
        for thread in list(self._state["threads"]):
            if self.minute - thread["started"] > self._stories.day_min:
                self._state["threads"].remove(thread)
            elif thread["replies"] and thread["reply_due"] is None:
                self._notice(thread)

    def _notice(self, thread: dict[str, Any]) -> None:
        story = self._by_id[thread["story"]]
        if len(self._answers(story, thread)) > thread["heard"]:
            wait = min(story.then[thread["replies"][0]].after_min, ANSWERS_WITHIN_MIN)
            thread["reply_due"] = self.minute + wait
