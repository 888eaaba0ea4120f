"""An Instagram account as a channel: comments, answers, tags, mentions and conversations, by way of its Facebook page.

The parts: `instagram_reading` (polls), `instagram_replies` (answers), `instagram_posts` (what Graph JSON means); what
it shares with a Facebook page begins with `graph_`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, ClassVar

from webcare.channels.base import (
    AccountConfig,
    Action,
    Budget,
    Capabilities,
    Filled,
    Gap,
    GoneReason,
    Health,
    Length,
    Permission,
    PollResult,
    Refreshed,
    ReplyTarget,
)
from webcare.channels.explain import require
from webcare.channels.graph_fill import Stretch, fill
from webcare.channels.graph_health import look
from webcare.channels.graph_inbox import CONVERSATIONS, Inbox
from webcare.channels.graph_inbox import MESSAGES as IN_CONVERSATION
from webcare.channels.graph_lookup import AT_ONCE, Lookup
from webcare.channels.graph_refusals import says_invalid
from webcare.channels.graph_rules import Windows, count, switch
from webcare.channels.graph_transport import SECRETS, GraphTransport, items_of, next_token, step
from webcare.channels.instagram_posts import (
    COMMENT,
    COMMENT_FIELDS,
    MEDIA,
    MEDIA_FIELDS,
    Us,
    comment_to_mention,
    media_to_mention,
    mentioned_comment_to_mention,
    stands_under_ours,
)
from webcare.channels.instagram_reading import COMMENTS, PICTURES, TAGS, AccountReading, Watching
from webcare.channels.instagram_refusals import MESSAGES, READS, TABLES, WRITES
from webcare.channels.instagram_replies import COMMENT_LIMIT, MESSAGE_BYTES, AccountReplies
from webcare.channels.walking import Page, backfill, read_posts
from webcare.domain import Mention, Posted, Reply, ReplyWay
from webcare.errors import ChannelProtocolError, ReplyRejected, SettingsError, TargetGone

_TAG_PAGES = 4


class Instagram:
    """One professional Instagram account, read and answered with the token of the page it is linked to.

    Options: `watch_posts` (how many of the newest pictures have their comments read in every poll, 25), `older_posts`
    (requests per poll for going through all comments and their answers in turn, 5; 0 = none), `older_days` (how old
    those pictures may be, 365), `messages` (whether conversations are read and answered, true), `human_agent` (the app
    has Meta's Human Agent feature: people may answer for seven days, false), `page_id` (the linked page; without it the
    token says), `backfill_min` (minutes to look back at the first start, 0), `app_id`, `graph_version`.

    Limits of Instagram's own: captions and comments of others that name us are told by webhook only, so a poll finds
    tags but no mentions; `read_named` reads one whose id a webhook brought. Comments on advertisements and on stories
    are not in these lists. An answer to an old comment is seen when the round over all comments comes by.
    """

    name: ClassVar[str] = "instagram"
    title: ClassVar[str] = "Instagram"
    capabilities: ClassVar[Capabilities] = Capabilities(
        reply_private=True,
        actions=frozenset((Action.HIDE, Action.UNHIDE, Action.DELETE)),
        refresh=AT_ONCE,
        backfill=True,
        settle_s=5.0,
        webhook=True,
    )
    secret_names: ClassVar[tuple[str, ...]] = SECRETS

    def __init__(self, config: AccountConfig) -> None:
        """Build it without a network call. Raises SettingsError."""
        require(config, self.secret_names, title=self.title)
        self._us = Us(config.external_id, config.handle.lstrip("@").lower())
        self._graph = GraphTransport(config, title=self.title, tables=TABLES)
        self._missing: tuple[str, ...] = ()
        with_messages = switch(config, "messages", default=True)
        self._needed = (*READS, *WRITES, *(MESSAGES if with_messages else ()))
        self._inbox = Inbox(
            self._graph,
            channel=self.name,
            title=self.title,
            platform="instagram",
            node=_page_id(config) or "me",
            own_ids=frozenset((self._us.id,)),
            longest=MESSAGE_BYTES,
            length=_bytes,
        )
        self._reading = AccountReading(
            self._graph,
            us=self._us,
            key=config.key,
            watching=_watching(config),
            inbox=self._inbox if with_messages else None,
        )
        human_agent = switch(config, "human_agent", default=False)
        windows = Windows(self.title, human_agent=human_agent, needed=MESSAGES[:1])
        self._replies = AccountReplies(self._graph, self._us, self._reading, self._inbox, windows)

    @classmethod
    def connect(cls, config: AccountConfig) -> Instagram:
        """Build the channel without a network call. Raises SettingsError for a missing id or secret."""
        return cls(config)

    @classmethod
    def length(cls, text: str, way: ReplyWay = ReplyWay.PUBLIC) -> Length:
        """Count characters, of which a comment takes 2200; of a message the bytes, of which it takes 1000."""
        text = text.strip()
        if way is ReplyWay.PRIVATE:
            return Length(len(text.encode("utf-8", "replace")), MESSAGE_BYTES)
        return Length(len(text), COMMENT_LIMIT)

    def poll(self, cursor: str | None, budget: Budget) -> PollResult:
        """Read what was said to the account, each list for itself; what failed is told in `troubles`."""
        return self._reading.poll(cursor, budget)

    def can_reply(self, target: ReplyTarget, way: ReplyWay = ReplyWay.PUBLIC) -> Permission:
        """Say no where Instagram is known to refuse, without asking it."""
        return self._replies.may(target, way, self._missing)

    def send(self, reply: Reply) -> Posted:
        """Post once: an answer, a private reply, or a message. Raises ChannelError; OutcomeUnknown if it may stand."""
        return self._replies.send(reply)

    def verify_sent(self, reply: Reply, *, since: datetime) -> tuple[Posted, ...]:
        """Read the place back where `reply` would stand. Raises ChannelError when it could not be read far enough."""
        return self._replies.verify(reply, since)

    def act(self, action: Action, external_id: str) -> None:
        """Hide or delete a comment; deleting twice is no error. Raises ChannelError, TargetGone when it is gone."""
        if external_id.startswith((MEDIA, COMMENT)):
            raise ReplyRejected("This stands under somebody else's picture, so only they can do that.")
        path = step(external_id)
        match action:
            case Action.HIDE | Action.UNHIDE:
                self._graph.act("POST", path, {"hide": "true" if action is Action.HIDE else "false"})
            case Action.DELETE:
                self._delete(path)
            case _:
                raise ReplyRejected("Instagram lets no program like a comment.")

    def _delete(self, path: str) -> None:
        try:
            if not self._us.wrote(self._graph.get(path, fields="from,username")):
                raise ReplyRejected("Only what the account itself wrote is deleted from here; hide this instead.")
            self._graph.act("DELETE", path)
        except TargetGone:
            return

    def health(self) -> Health:
        """Ask Instagram for our account, how long the token lasts and what it may do."""
        found = look(
            self._graph,
            node=self._us.id,
            fields="id,username",
            wanted_id=self._us.id,
            title=self.title,
            needed=self._needed,
            what="account",
        )
        self._missing = found.missing
        return found

    # --- looking again ----------------------------------------------------------------------------------

    def refresh(self, external_ids: Sequence[str]) -> Refreshed:
        """Look comments, pictures, tags and mentions up again. Raises ChannelError. Messages are left alone."""
        ids = list(dict.fromkeys(external_ids))
        lookup = Lookup(self._graph)
        lookup.ask([one for one in ids if one.isdecimal()], (COMMENT_FIELDS, MEDIA_FIELDS))
        lookup.confirm(lambda: self._reading.pictures_page(1, ""))
        mentions, _ = read_posts(lookup.found.values(), self._read)
        gone = dict.fromkeys(sorted(lookup.gone), GoneReason.DELETED)
        tagged, untagged = self._tagged({one for one in ids if one.startswith(MEDIA)})
        named = [self.mentioned(comment_id=one.removeprefix(COMMENT)) for one in ids if one.startswith(COMMENT)]
        rates = {"refresh": self._graph.rate} if ids and self._graph.rate else {}
        return Refreshed(
            (*mentions, *tagged, *(one for one in named if one is not None)),
            {**gone, **dict.fromkeys(sorted(untagged), GoneReason.UNSEEN)},
            rates,
        )

    def _read(self, fields: Mapping[str, Any]) -> Mention:
        if "comments_count" in fields or "permalink" in fields:
            return media_to_mention(fields, us=self._us)
        media = fields.get("media")
        media_id = str(media.get("id") or "") if isinstance(media, Mapping) else ""
        return comment_to_mention(fields, us=self._us, media_id=media_id)

    def _tagged(self, wanted: set[str]) -> tuple[list[Mention], set[str]]:
        """Pictures of others can be read in the list of tags only; what is in none of its pages is out of our sight."""
        found: dict[str, Mention] = {}
        token = ""
        for _ in range(_TAG_PAGES if wanted else 0):
            payload = self._reading.tags_page(token)
            mentions, _ = read_posts(items_of(payload), partial(media_to_mention, us=self._us, elsewhere=True))
            found |= {one.external_id: one for one in mentions if one.external_id in wanted}
            if wanted <= set(found):
                break
            if not (token := next_token(payload)):
                # Also mentions by caption are no tags: one that can still be read is not gone.
                return self._named(wanted, found)
        return list(found.values()), set()

    def _named(self, wanted: set[str], found: dict[str, Mention]) -> tuple[list[Mention], set[str]]:
        named = {one: self.mentioned(media_id=one.removeprefix(MEDIA)) for one in sorted(wanted - set(found))}
        kept = [*found.values(), *(one for one in named.values() if one is not None)]
        return kept, {one for one, mention in named.items() if mention is None}

    def mentioned(self, *, media_id: str = "", comment_id: str = "") -> Mention | None:
        """A caption or comment that names us, by the id a webhook brought; None when we may not see it (any more)."""
        kind, number, read = ("comment", comment_id, mentioned_comment_to_mention) if comment_id else _BY_CAPTION
        number = number or media_id
        inner = _NAMED_COMMENT if comment_id else MEDIA_FIELDS
        try:
            answer = self._graph.get(step(self._us.id), fields=f"mentioned_{kind}.{kind}_id({number}){{{inner}}}")
        except TargetGone:
            return None
        except ChannelProtocolError as error:
            if says_invalid(error):
                return None
            raise
        try:
            found = answer.get(f"mentioned_{kind}")
            if comment_id and stands_under_ours(found, self._us):
                # Polls read it as a comment of ours, in its thread; as a mention it would be a second case.
                return self._read(self._graph.get(step(comment_id), fields=COMMENT_FIELDS))
            return read(found, us=self._us)
        except ValueError as error:
            raise ChannelProtocolError(
                "Instagram told a mention in a way we do not understand: {why}", why=error
            ) from error

    def read_named(self, *, media_id: str, comment_id: str) -> Refreshed:
        """Read what a webhook named; without a mention in it where we may not see that. Raises ChannelError."""
        found = self.mentioned(media_id=media_id, comment_id=comment_id)
        rates = {"refresh": self._graph.rate} if self._graph.rate else {}
        return Refreshed((found,) if found is not None else (), rates=rates)

    def backfill(self, gap: Gap, token: str, budget: Budget) -> Filled:
        """Read the stretch of `gap` again in the list it was found in. Raises ChannelError."""
        kind, _, of = gap.source.partition(":")
        if kind in (CONVERSATIONS, IN_CONVERSATION):
            return self._inbox.fill(gap, token, budget)
        try:
            fetch = partial(self._page_back, kind=kind, of=of)
            return fill(self._graph, gap, token, budget, fetch, spans=kind == PICTURES)
        except TargetGone:
            # The picture is gone, and with it what stood under it.
            return Filled()

    def _page_back(self, stretch: Stretch, *, kind: str, of: str) -> Page:
        reading, after = self._reading, stretch.after
        if kind == PICTURES:
            page = reading.pictures_page(25, after, **stretch.params())
            return self._graph.page(page, partial(media_to_mention, us=self._us))
        if kind == TAGS:
            return self._graph.page(reading.tags_page(after), partial(media_to_mention, us=self._us, elsewhere=True))
        if kind != COMMENTS or not of:
            raise ChannelProtocolError("An Instagram account has no list {kind!r}.", kind=kind)
        return reading.with_answers(reading.comments_page(of, 50, after), of)


_NAMED_COMMENT = COMMENT_FIELDS.replace("from,hidden,parent_id,", "").replace("permalink}", "permalink,owner}")
_BY_CAPTION: tuple[str, str, Callable[..., Mention]] = ("media", "", partial(media_to_mention, elsewhere=True))


def _bytes(text: str) -> int:
    return len(text.strip().encode())


def _watching(config: AccountConfig) -> Watching:
    return Watching(
        posts=count(config, "watch_posts", default=25, least=1, most=100),
        older=count(config, "older_posts", default=5, least=0, most=50),
        older_within=timedelta(days=count(config, "older_days", default=365, least=1, most=3650)),
        look_back=backfill(config),
    )


def _page_id(config: AccountConfig) -> str:
    value = config.options.get("page_id", "")
    if isinstance(value, bool) or not isinstance(value, (str, int)) or not (str(value) + "0").isdecimal():
        raise SettingsError(f"accounts.{config.key}.options.page_id must be the number of the linked page.")
    return str(value)
