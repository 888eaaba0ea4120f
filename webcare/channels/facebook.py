"""A Facebook page as a channel: its posts, comments, tags, reviews and Messenger conversations.

The parts: `facebook_reading` (polls), `facebook_replies` (answers), `facebook_posts` (what Graph JSON means); what a
page shares with Instagram begins with `graph_`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import ClassVar

from webcare.channels.base import (
    AccountConfig,
    Action,
    Budget,
    Capabilities,
    Filled,
    Gap,
    Health,
    Length,
    Permission,
    PollResult,
    Refreshed,
    ReplyTarget,
)
from webcare.channels.explain import require
from webcare.channels.facebook_posts import NO_STORY, by_page, comment_to_mention
from webcare.channels.facebook_reading import COMMENTS, FEED, RATINGS, TAGGED, VISITORS, PageReading, Watching
from webcare.channels.facebook_refresh import PageRefresh
from webcare.channels.facebook_refusals import MESSAGES, READS, TABLES, WRITES
from webcare.channels.facebook_replies import COMMENT_LIMIT, MESSAGE_LIMIT, PageReplies
from webcare.channels.graph_fill import Stretch, fill
from webcare.channels.graph_health import look
from webcare.channels.graph_inbox import CONVERSATIONS, Inbox
from webcare.channels.graph_inbox import MESSAGES as IN_CONVERSATION
from webcare.channels.graph_lookup import AT_ONCE
from webcare.channels.graph_rules import Windows, count, switch
from webcare.channels.graph_transport import PAGE_AT_MOST, SECRETS, GraphTransport, step
from webcare.channels.walking import Page, backfill
from webcare.domain import Posted, Reply, ReplyWay
from webcare.errors import ChannelProtocolError, ReplyRejected, TargetGone


class Facebook:
    """One Facebook page, read and answered with its page token.

    Options: `watch_posts` (how many of the newest posts, and of our own newest, are looked under in every poll, 25),
    `older_posts` (how many older ones besides, in turn, 5; 0 = none), `older_days` (how old those may be, 365),
    `messages` (whether Messenger is read and answered, true), `human_agent` (the app has Meta's Human Agent feature:
    people may answer for seven days, false), `backfill_min` (minutes to look back at the first start, 0), `app_id`
    (with it `health` can ask how long the token lasts), `graph_version`.

    Comments under posts older than `older_days` are not seen, and with `older_posts = 0` none under a post that is no
    longer among the newest: Graph has no list of a page's new comments.
    """

    name: ClassVar[str] = "facebook"
    title: ClassVar[str] = "Facebook"
    capabilities: ClassVar[Capabilities] = Capabilities(
        reply_private=True, actions=frozenset(Action), refresh=AT_ONCE, backfill=True, settle_s=5.0
    )
    secret_names: ClassVar[tuple[str, ...]] = SECRETS

    def __init__(self, config: AccountConfig) -> None:
        """Build it without a network call. Raises SettingsError."""
        require(config, self.secret_names, title=self.title)
        self._page_id = config.external_id
        self._graph = GraphTransport(config, title=self.title, tables=TABLES)
        self._missing: tuple[str, ...] = ()
        with_messages = switch(config, "messages", default=True)
        self._needed = (*READS, *WRITES, *(MESSAGES if with_messages else ()))
        inbox = Inbox(
            self._graph,
            channel=self.name,
            title=self.title,
            platform="messenger",
            node=self._page_id,
            own_ids=frozenset((self._page_id,)),
            longest=MESSAGE_LIMIT,
        )
        self._inbox = inbox
        self._reading = PageReading(
            self._graph,
            page_id=self._page_id,
            key=config.key,
            watching=_watching(config),
            inbox=inbox if with_messages else None,
        )
        human_agent = switch(config, "human_agent", default=False)
        windows = Windows(self.title, human_agent=human_agent, needed=MESSAGES[:1])
        self._replies = PageReplies(self._graph, self._page_id, self._reading, inbox, windows)
        self._refresh = PageRefresh(self._graph, self._page_id, self._reading)

    @classmethod
    def connect(cls, config: AccountConfig) -> Facebook:
        """Build the channel without a network call. Raises SettingsError for a missing id or secret."""
        return cls(config)

    @classmethod
    def length(cls, text: str, way: ReplyWay = ReplyWay.PUBLIC) -> Length:
        """Count characters; a comment takes 8000, a message 2000."""
        return Length(len(text.strip()), COMMENT_LIMIT if way is ReplyWay.PUBLIC else MESSAGE_LIMIT)

    def poll(self, cursor: str | None, budget: Budget) -> PollResult:
        """Read what was said to the page, each list for itself; what failed is told in `troubles`."""
        return self._reading.poll(cursor, budget)

    def refresh(self, external_ids: Sequence[str]) -> Refreshed:
        """Look posts and comments up again. Raises ChannelError.

        Messages are left alone: Graph calls an older message deleted when it is only too old to be shown. So are
        reviews without an id of Facebook's own.
        """
        return self._refresh.look_up(external_ids)

    def backfill(self, gap: Gap, token: str, budget: Budget) -> Filled:
        """Read the stretch of `gap` again in the list it was found in. Raises ChannelError."""
        kind, _, of = gap.source.partition(":")
        if kind in (CONVERSATIONS, IN_CONVERSATION):
            return self._inbox.fill(gap, token, budget)
        try:
            fetch = partial(self._page_back, kind=kind, of=of, size=budget.page_size)
            return fill(self._graph, gap, token, budget, fetch, spans=kind in (FEED, VISITORS))
        except TargetGone:
            # The post is gone, and with it what stood under it.
            return Filled()

    def _page_back(self, stretch: Stretch, *, kind: str, of: str, size: int) -> Page:
        reading, after = self._reading, stretch.after
        if kind in (FEED, VISITORS):
            page = reading.posts_page(kind, min(25, size), after, **stretch.params())
            return self._graph.page(page, reading.reader(kind))
        if kind in (TAGGED, RATINGS):
            return self._graph.page(reading.extra_page(kind, size, after), reading.reader(kind))
        if kind != COMMENTS or not of:
            raise ChannelProtocolError("A Facebook page has no list {kind!r}.", kind=kind)
        ours = by_page(self._graph.get(step(of), fields="from"), self._page_id)
        read = partial(comment_to_mention, page_id=self._page_id, post_id=of, on_brand_post=ours)
        return self._graph.page(reading.comments_page(of, min(PAGE_AT_MOST, size), after), read)

    def can_reply(self, target: ReplyTarget, way: ReplyWay = ReplyWay.PUBLIC) -> Permission:
        """Say no where Facebook is known to refuse, without asking it."""
        return self._replies.may(target, way, self._missing)

    def send(self, reply: Reply) -> Posted:
        """Post once: a comment, a private reply, or a message. Raises ChannelError; OutcomeUnknown if it may stand."""
        return self._replies.send(reply)

    def verify_sent(self, reply: Reply, *, since: datetime) -> tuple[Posted, ...]:
        """Read the place back where `reply` would stand. Raises ChannelError when it could not be read far enough."""
        return self._replies.verify(reply, since)

    def act(self, action: Action, external_id: str) -> None:
        """Hide, like or delete. Raises ChannelError; TargetGone when it is not there. Deleting twice is no error."""
        if external_id.startswith(NO_STORY):
            raise ReplyRejected("Facebook gives this review no id, so nothing can be done to it from here.")
        path = step(external_id)
        match action:
            case Action.HIDE | Action.UNHIDE:
                self._graph.act("POST", path, {"is_hidden": "true" if action is Action.HIDE else "false"})
            case Action.LIKE | Action.UNLIKE:
                self._graph.act("POST" if action is Action.LIKE else "DELETE", f"{path}/likes")
            case Action.DELETE:
                self._delete(path)

    def _delete(self, path: str) -> None:
        try:
            if not by_page(self._graph.get(path, fields="from"), self._page_id):
                raise ReplyRejected("Only what the page itself wrote is deleted from here; hide this instead.")
            self._graph.act("DELETE", path)
        except TargetGone:
            return

    def health(self) -> Health:
        """Ask Facebook whose token this is, how long it lasts and what it may do."""
        found = look(
            self._graph,
            node="me",
            fields="id,name",
            wanted_id=self._page_id,
            title=self.title,
            needed=self._needed,
            what="page",
        )
        self._missing = found.missing
        return found


def _watching(config: AccountConfig) -> Watching:
    return Watching(
        posts=count(config, "watch_posts", default=25, least=1, most=100),
        older=count(config, "older_posts", default=5, least=0, most=50),
        older_within=timedelta(days=count(config, "older_days", default=365, least=1, most=3650)),
        look_back=backfill(config),
    )
