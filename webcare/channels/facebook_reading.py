"""What one poll of a Facebook page reads: its posts and visitors' posts with the comments under them, tags, reviews,
conversations, and in turn the comments under older posts.

A comment on an old post moves no list. So the newest posts have their comments read in every poll, and a few older
ones in each, round and round; each round reads down to where the one before began.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from webcare.channels.base import Budget, PollResult
from webcare.channels.facebook_posts import (
    COMMENT_FIELDS,
    POST_FIELDS,
    RATING_FIELDS,
    UNDATED,
    by_page,
    comment_to_mention,
    made_at,
    post_to_mention,
    rating_to_mention,
    story_of,
    watched_posts,
)
from webcare.channels.graph_inbox import CONVERSATIONS, MESSAGES, Inbox
from webcare.channels.graph_poll import Round, between_visits, first_cursor, read_cursor, to_keep
from webcare.channels.graph_transport import GraphTransport, items_of, next_token, step
from webcare.channels.walking import Page, Place
from webcare.domain import Mention
from webcare.errors import AccountDisconnected, ChannelProtocolError, TargetGone

log = logging.getLogger(__name__)

FEED, VISITORS, OWN, TAGGED, RATINGS, COMMENTS, OLDER = (
    "feed",
    "visitor_posts",
    "published_posts",
    "tagged",
    "ratings",
    "comments",
    "older",
)
#: Lists whose entries can be old and still get new comments, in the order in which they are gone through.
_ROUNDS = (FEED, VISITORS, RATINGS)
#: Lists that use up one limit of Meta's together.
LIMITS = ((FEED, VISITORS, OWN, COMMENTS, TAGGED, RATINGS, OLDER), (CONVERSATIONS, MESSAGES))
#: Comments that come along with each watched post; where more are new, further pages follow.
_COMMENTS_AT_ONCE = 25
#: A list the token may not read is asked again after this time, in case the permission was given meanwhile.
_ASK_AGAIN = timedelta(hours=1)
#: Stands for a post whose comments did not come along.
_NOT_ASKED = object()


@dataclass(frozen=True, slots=True)
class Watching:
    """How much is looked at: the newest posts in every poll, `older` further ones per poll, none past `older_within`.

    `look_back` is how far the first start goes back.
    """

    posts: int
    older: int
    older_within: timedelta
    look_back: timedelta


@dataclass(frozen=True, slots=True)
class Older:
    """How far the round over older posts has come. `before` is when the round before this one began."""

    before: datetime
    began: datetime
    edge: str = FEED
    token: str = ""

    @classmethod
    def of(cls, kept: Any, start: datetime, now: datetime) -> Older:
        """Read `as_json` back; anything else is a first round."""
        try:
            before, began = (datetime.fromisoformat(kept[name]) for name in ("before", "began"))
            edge = kept["edge"] if kept["edge"] in _ROUNDS else FEED
            return cls(before, began, edge, str(kept.get("token") or ""))
        except (TypeError, KeyError, ValueError, AttributeError):
            return cls(start, now)

    def as_json(self) -> dict[str, str]:
        """As plain values."""
        return {
            "before": self.before.isoformat(),
            "began": self.began.isoformat(),
            "edge": self.edge,
            "token": self.token,
        }

    def onward(self, now: datetime) -> Older:
        """The next list, or after the last one the next round."""
        place = _ROUNDS.index(self.edge) + 1
        if place < len(_ROUNDS):
            return replace(self, edge=_ROUNDS[place], token="")
        return Older(self.began, now)


@dataclass(frozen=True, slots=True)
class _Post:
    """A post to read comments under; `along` are those that came with it."""

    id: str
    ours: bool
    along: Any = _NOT_ASKED


class PageReading:
    """Reads one page. Keeps in memory only what saves requests."""

    def __init__(self, graph: GraphTransport, *, page_id: str, key: str, watching: Watching, inbox: Inbox | None):
        self._graph = graph
        self._page_id = page_id
        self._key = key
        self._watching = watching
        self._inbox = inbox
        self._denied: dict[str, tuple[datetime, str]] = {}
        self._ours: dict[str, bool] = {}

    def poll(self, cursor: str | None, budget: Budget) -> PollResult:
        """Everything said to the page since `cursor`. Raises ChannelError when nothing could be read."""
        extra: dict[str, Any] = {}
        if cursor is None:
            self.ask_for_page(lambda: self._graph.get(step(self._page_id), fields="id,name"))
            # Posts carry whole seconds; a start between two would lose what was said in the first of them.
            begin = self._graph.answered_at() - self._watching.look_back
            if not self._watching.look_back:
                return PollResult((), first_cursor(FEED, begin))
            places = {FEED: Place.start(begin)}
        else:
            places, extra = read_cursor(cursor)
        if FEED not in places:
            raise ChannelProtocolError("The stored place of this account is not one of Facebook.")
        poll = Round(self._graph, self._key, places, Place.start(places[FEED].since), budget, LIMITS)
        watched = self._posts(poll)
        poll.skipped = self._skipped()
        kept = self._comments(poll, watched)
        if self._inbox is not None:
            kept |= self._inbox.read(poll)
        self._extras(poll)
        older = self._older(poll, Older.of(extra.get(OLDER), places[FEED].since, self._graph.now()), watched, kept)
        self._denied |= {name: (self._graph.now() + _ASK_AGAIN, poll.troubles[name]) for name in poll.denied}
        return poll.result(kept, {OLDER: older.as_json()})

    def _skipped(self) -> dict[str, str]:
        """Lists that are not asked for because the token may not read them."""
        self._denied = {name: one for name, one in self._denied.items() if one[0] > self._graph.now()}
        return {name: why for name, (_, why) in self._denied.items()}

    def ask_for_page(self, request: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Something of the page itself; that it is not there means that the account is set up wrongly."""
        try:
            return request()
        except TargetGone as error:
            raise AccountDisconnected(
                "Facebook finds no page with our id, or the token may not see it; check external_id in the settings."
            ) from error

    # --- posts and the comments under them -------------------------------------------------------------

    def _posts(self, poll: Round) -> list[_Post]:
        """The page's feed and its visitors' posts, and which of them to watch for comments.

        Both lists are read because they may disagree; the newest comments come along with each post. On a busy page
        visitors push the brand's own posts out of both within the hour, and most comments stand under those: the
        newest of them are watched as well.
        """
        seen = [*self._post_list(poll, FEED), *self._post_list(poll, VISITORS)]
        own = self._own_posts(poll)
        # In a rush, or after an outage, more posts are new than are watched; each is looked under at least once.
        floor = min(poll.place(FEED).floor, poll.place(VISITORS).floor)
        watched = watched_posts(seen, page_id=self._page_id, limit=self._watching.posts, since=floor)
        watched += [
            one for one in watched_posts(own, page_id=self._page_id, limit=len(own), since=floor) if one not in watched
        ]
        along = {str(post.get("id")): post.get("comments") for post in (*own, *seen) if isinstance(post, Mapping)}
        return [_Post(post_id, ours, along.get(post_id, _NOT_ASKED)) for post_id, ours in watched]

    def _own_posts(self, poll: Round) -> list[Any]:
        payload = poll.ask(OWN, lambda: self.ask_for_page(lambda: self.posts_page(OWN, self._watching.posts, "")))
        return list(payload["data"]) if payload and isinstance(payload.get("data"), list) else []

    def _post_list(self, poll: Round, name: str) -> list[Any]:
        seen: list[Any] = []

        def ask(token: str) -> dict[str, Any]:
            payload = self.ask_for_page(lambda: self.posts_page(name, self._watching.posts, token))
            seen.extend(items_of(payload))
            return payload

        def fetch(place: Place, token: str) -> Page:
            return self._graph.page(ask(token), self.reader(name))

        poll.read(name, fetch)
        if poll.place(name).unfinished:
            # The walk went on in the middle; the newest posts may have new comments all the same.
            poll.ask(name, lambda: ask(""))
        return seen

    def posts_page(self, name: str, size: int, token: str, **more: Any) -> dict[str, Any]:
        """One page of a list of posts, the newest comments with each. Raises ChannelError."""
        path = f"{step(self._page_id)}/{name}"
        return self._graph.listing(path, name=name, size=size, fields=_post_fields, after=token, **more)

    def reader(self, name: str) -> Callable[[Any], Mention]:
        """What reads one entry of the page's list `name`."""
        if name == RATINGS:
            return partial(rating_to_mention, page_id=self._page_id)
        return partial(post_to_mention, page_id=self._page_id, tagged=name == TAGGED)

    def _comments(self, poll: Round, watched: list[_Post]) -> dict[str, Place]:
        """The comments under each watched post, and under those of which something is still to be read."""
        kept: dict[str, Place] = {}
        for post in watched:
            name = f"{COMMENTS}:{post.id}"
            kept |= self._under(poll, post, poll.place(name), always=True)
        waiting = [name for name in poll.places if name.startswith(f"{COMMENTS}:") and name not in kept]
        for name in waiting:
            post_id = name.partition(":")[2]
            if post_id not in {post.id for post in watched}:
                kept |= self._waiting(poll, post_id, poll.places[name])
        return kept

    def _waiting(self, poll: Round, post_id: str, place: Place) -> dict[str, Place]:
        ours = self._is_ours(poll, post_id)
        if ours is None:
            return {f"{COMMENTS}:{post_id}": place}
        return self._under(poll, _Post(post_id, ours), place)

    def _is_ours(self, poll: Round, post_id: str) -> bool | None:
        """Whether the page wrote this post; None when that cannot be asked now."""
        if post_id not in self._ours:
            found = poll.ask(f"{COMMENTS}:{post_id}", lambda: _or_empty(self._graph, post_id))
            if found is None:
                return None
            self._ours[post_id] = by_page(found, self._page_id)
        return self._ours[post_id]

    def _under(self, poll: Round, post: _Post, place: Place, *, always: bool = False) -> dict[str, Place]:
        """Read the comments under one post; gives its place where it must be kept."""
        name = f"{COMMENTS}:{post.id}"
        fetch = partial(self._comment_page, post=post, size=poll.budget.page_size)
        try:
            found = poll.read(name, fetch, place, odd={"post": post.id})
        except TargetGone:
            log.info("%s: post %s is gone, and its comments with it", self._key, post.id)
            return {}
        if found is None:
            return {name: place}
        kept = found.place if always else to_keep(poll.places.get(name), found)
        return {name: kept} if kept else {}

    def _comment_page(self, place: Place, token: str, *, post: _Post, size: int) -> Page:
        read = partial(comment_to_mention, page_id=self._page_id, post_id=post.id, on_brand_post=post.ours)
        if token or post.along is _NOT_ASKED:
            return self._graph.page(self.comments_page(post.id, size, token), read)
        # Facebook leaves the list out where there are no comments.
        return self._graph.page(post.along if isinstance(post.along, Mapping) else {"data": []}, read)

    def comments_page(self, post_id: str, size: int, token: str) -> dict[str, Any]:
        """All comments under something, newest first, answers to comments among them. Raises ChannelError."""
        return self._graph.listing(
            f"{step(post_id)}/comments",
            name=COMMENTS,
            size=size,
            fields=COMMENT_FIELDS,
            after=token,
            filter="stream",
            order="reverse_chronological",
        )

    # --- tags, reviews, older posts ----------------------------------------------------------------------

    def _extras(self, poll: Round) -> None:
        for name in (TAGGED, RATINGS):
            poll.read(name, partial(self._extra_page, name=name, size=poll.budget.page_size))

    def _extra_page(self, place: Place, token: str, *, name: str, size: int) -> Page:
        return self._graph.page(self.ask_for_page(lambda: self.extra_page(name, size, token)), self.reader(name))

    def extra_page(self, name: str, size: int, token: str) -> dict[str, Any]:
        """One page of tags or reviews. Raises ChannelError."""
        fields = RATING_FIELDS if name == RATINGS else POST_FIELDS
        return self._graph.listing(f"{step(self._page_id)}/{name}", name=name, size=size, fields=fields, after=token)

    def _older(self, poll: Round, round_: Older, watched: list[_Post], kept: dict[str, Place]) -> Older:
        """Look under a few older posts or reviews; adds to `kept` and says where the next poll goes on."""
        if not self._watching.older or not poll.may_read(OLDER):
            return round_
        payload = poll.ask(OLDER, lambda: self._older_page(round_))
        if payload is None:
            # A cursor may have grown too old; the list is begun again, what lies before it was read already.
            return replace(round_, token="")
        done = {post.id for post in watched}
        for entry in (one for one in payload["data"] if isinstance(one, Mapping)):
            post = self._older_post(entry, round_.edge)
            if post is not None and post.id not in done and f"{COMMENTS}:{post.id}" not in kept:
                kept |= self._under(poll, post, between_visits(poll.start, round_.before))
        oldest = self._graph.now() - self._watching.older_within
        dates = [made_at(one) for one in payload["data"] if isinstance(one, Mapping)]
        token = next_token(payload)
        if not token or any(UNDATED < date < oldest for date in dates):
            return round_.onward(self._graph.now())
        return replace(round_, token=token)

    def _older_page(self, round_: Older) -> dict[str, Any]:
        fields = RATING_FIELDS if round_.edge == RATINGS else _post_fields
        path = f"{step(self._page_id)}/{round_.edge}"
        payload = self._graph.listing(path, name=OLDER, size=self._watching.older, fields=fields, after=round_.token)
        items_of(payload), next_token(payload)
        return payload

    def _older_post(self, entry: Mapping[str, Any], edge: str) -> _Post | None:
        if edge == RATINGS:
            story = story_of(entry)
            return _Post(story, ours=False) if story else None
        post_id = str(entry.get("id") or "")
        return _Post(post_id, by_page(entry, self._page_id), entry.get("comments")) if post_id else None


def _post_fields(part: int) -> str:
    comments = max(1, _COMMENTS_AT_ONCE // part)
    inner = f"comments.filter(stream).order(reverse_chronological).limit({comments}){{{COMMENT_FIELDS}}}"
    return f"{POST_FIELDS},{inner}"


def _or_empty(graph: GraphTransport, post_id: str) -> dict[str, Any]:
    """Who wrote a post; nothing where it is gone."""
    try:
        return graph.get(step(post_id), fields="from")
    except TargetGone:
        return {}
