"""The lists of the X side as properties: whatever was posted, edited, deleted or hidden, no page loses or repeats any.

The lists are read from indexes; here each is compared with a look at every post there is.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from sandbox_clients import HEMLUND_X

from webcare.sandbox import World, x_query, x_read
from webcare.sandbox.values import XPost
from webcare.sandbox.x_call import Answer, Call

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)
WORDS = ("bank", "kast", "stoel", "@hemlund", "#laat")
PEOPLE = ("jan", "piet", "anna")
TEXTS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join)
POSTS = st.tuples(
    TEXTS,
    st.sampled_from(PEOPLE),
    st.integers(0, 9 * 24 * 60),  #: minutes ago
    st.sampled_from(["show", "late", "edit", "delete", "answer"]),
)
QUERIES = st.sampled_from(
    [
        "bank",
        "bank OR kast",
        "bank kast OR stoel",
        "(bank OR #laat) -kast",
        "@hemlund OR from:jan",
        "from:piet bank",
        '"bank kast" OR "kast bank"',
        "#laat is:reply",
        "bank -is:reply OR stoel",
    ]
)


def told(made: list[tuple[str, str, int, str]]) -> World:
    world = World(clock=lambda: NOW)
    for text, author, minutes, act in made:
        at = NOW - timedelta(minutes=minutes)
        earlier = list(world.x.posts)
        answered = earlier[len(text) % len(earlier)] if act == "answer" and earlier else None
        if answered is not None and world.x.posts[answered].deleted:
            answered = None
        late = 60.0 if act == "late" else None
        post = world.post_x(text, author=author, at=at, visible_after=late, in_reply_to=answered)
        if act == "edit":
            world.edit_x(post.id, f"{text} nu", at=at + timedelta(seconds=30))
        if act == "delete":
            world.delete_x(post.id)
    return world


def read(world: World, handler: Callable[[Call], Answer], size: int, **params: str) -> list[int]:
    """Every id of a list, page by page."""
    found: list[int] = []
    token = ""
    for _ in range(200):
        given: dict[str, str] = {"max_results": str(size), **params, **({"pagination_token": token} if token else {})}
        call = Call(world, world.account("x_hemlund"), "user", given, {"id": HEMLUND_X}, {}, None)
        answer: dict[str, Any] = handler(call)[1]
        found += [int(post["id"]) for post in answer.get("data", [])]
        token = answer["meta"].get("next_token", "")
        if not token:
            return found
    raise AssertionError("the pages do not end")


def shown(world: World, fits: Callable[[XPost], bool]) -> list[int]:
    """The ids of all posts a stranger sees in lists and that fit, newest first, without any index."""
    hidden = {user.id for user in world.users.values() if user.protected or user.suspended}
    posts = sorted(world.x.posts.values(), key=lambda post: post.id, reverse=True)
    return [
        post.id
        for post in posts
        if not post.deleted
        and post.visible_at <= NOW
        and post.history[-1] == post.id
        and post.author_id not in hidden
        and fits(post)
    ]


@settings(max_examples=60, deadline=None)
@given(made=st.lists(POSTS, max_size=40), size=st.integers(5, 20), closed=st.sampled_from(["", *PEOPLE]))
def test_mentions_page_by_page_are_all_there_are(made: list[tuple[str, str, int, str]], size: int, closed: str) -> None:
    world = told(made)
    if closed:
        world.user("x", closed)
        world.set_user("x", closed, protected=True)
    assert read(world, x_read.mentions, size) == shown(world, lambda post: "hemlund" in post.mentions)


@settings(max_examples=60, deadline=None)
@given(made=st.lists(POSTS, min_size=1, max_size=40), since=st.integers(0, 39), until=st.integers(0, 39))
def test_marks_cut_a_list_where_they_say(made: list[tuple[str, str, int, str]], since: int, until: int) -> None:
    world = told(made)
    ids = sorted(world.x.posts)
    low, high = ids[since % len(ids)], ids[until % len(ids)]
    found = read(world, x_read.mentions, 5, since_id=str(low), until_id=str(high))
    assert found == shown(world, lambda post: "hemlund" in post.mentions and low < post.id < high)


@settings(max_examples=100, deadline=None)
@given(made=st.lists(POSTS, max_size=40), query=QUERIES, size=st.integers(10, 25))
def test_search_finds_what_a_look_at_every_post_finds(
    made: list[tuple[str, str, int, str]], query: str, size: int
) -> None:
    world = told(made)
    fits = x_query.parse(query, world.x).test
    week = NOW - timedelta(days=7)
    assert read(world, x_read.search, size, query=query) == shown(
        world, lambda post: post.posted_at >= week and fits(post)
    )
