"""The conversations of a page (Messenger) or of an Instagram account: reading them, writing into them, reading back.

A conversation is a thread, each message in it a mention, ours too. Graph lists conversations by their last message and
knows no time span for them, so each poll reads the list down to where it was, and in every conversation that moved the
messages down to there.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from webcare.channels.base import Budget, Filled, Gap
from webcare.channels.graph_fill import Stretch, fill
from webcare.channels.graph_poll import Round, to_keep
from webcare.channels.graph_rules import Windows
from webcare.channels.graph_transport import GraphTransport, items_of, posted_id, step
from webcare.channels.walking import Page, Place, Walk
from webcare.channels.wording import clean, clean_raw, comparable, identifier, parse_moment
from webcare.domain import Author, Media, Mention, MentionKind, Posted, Reply
from webcare.errors import ChannelUnavailable, ReplyRejected, TargetGone

CONVERSATIONS, MESSAGES = "conversations", "messages"
MESSAGE_FIELDS = (
    "id,created_time,from,to,message,sticker,shares{link,name},"
    "attachments{id,mime_type,name,size,image_data,video_data,file_url}"
)
_THREAD_FIELDS = "id,updated_time,link,can_reply,participants"
#: Graph tells of so many of the newest messages of a conversation, and no more than the ids of older ones.
READABLE = 20
#: Conversations per page, and messages that come along with each.
_THREADS, _ALONG = 25, READABLE // 2
_SKEW = timedelta(seconds=30)
#: Asking when a person last wrote must not delay an answer for longer: the outbox counts on the time a call takes.
_ASK_WITHIN_S = 2.0
_WEB = "https://www.facebook.com"


@dataclass(frozen=True, slots=True)
class Inbox:
    """All conversations of one account on one platform.

    `node` is whose edges are asked (the page), `own_ids` who we are in the messages; `length` counts a text message
    and `longest` is how much it may hold.
    """

    graph: GraphTransport
    channel: str
    title: str
    platform: str
    node: str
    own_ids: frozenset[str]
    longest: int
    length: Callable[[str], int] = len

    # --- reading --------------------------------------------------------------------------------------

    def read(self, poll: Round) -> dict[str, Place]:
        """Read what is new into `poll`; gives the places of conversations that must be kept."""
        before = poll.place(CONVERSATIONS)
        threads: dict[str, Mapping[str, Any]] = {}
        found = poll.read(CONVERSATIONS, partial(self._threads, seen=threads))
        if found is not None:
            # The markers only told how far to read.
            poll.walks[CONVERSATIONS] = replace(found, mentions=())
        moved = {id_: one for id_, one in threads.items() if _updated(one) is None or _at(one) >= before.floor}
        waiting = {name.partition(":")[2] for name in poll.places if name.startswith(f"{MESSAGES}:")}
        kept: dict[str, Place] = {}
        for id_ in [*moved, *sorted(waiting - set(moved))]:
            name = f"{MESSAGES}:{id_}"
            place = poll.places.get(name) or Place(before.since, before.mark, before.floor)
            walked = self._messages_of(poll, name, place, moved.get(id_, {"id": id_}))
            # What could not be read now stands in the cursor until it was.
            if (still := place if walked is None else to_keep(place, walked)) is not None:
                kept[name] = still
        return kept

    def _threads(self, place: Place, token: str, *, seen: dict[str, Mapping[str, Any]]) -> Page:
        payload = self.graph.listing(
            f"{step(self.node)}/conversations",
            name=CONVERSATIONS,
            size=_THREADS,
            fields=f"{_THREAD_FIELDS},messages.limit({_ALONG}){{{MESSAGE_FIELDS}}}",
            after=token,
            platform=self.platform,
        )
        seen.update({str(one["id"]): one for one in items_of(payload) if isinstance(one, Mapping) and one.get("id")})
        return self.graph.page(payload, self._marker)

    def _marker(self, thread: Any) -> Mention:
        """A conversation as a point in time, so that it can be walked. Raises ValueError."""
        if not isinstance(thread, Mapping):
            raise ValueError("the conversation is not an object")
        id_ = identifier(thread.get("id"))
        return Mention(self.channel, id_, id_, Author(""), "", parse_moment(thread.get("updated_time")))

    def _messages_of(self, poll: Round, name: str, place: Place, thread: Mapping[str, Any]) -> Walk | None:
        cut: list[bool] = []
        fetch = partial(self._messages, thread=thread, cut=cut)
        try:
            found = poll.read(name, fetch, place, page_size=_ALONG)
        except TargetGone:
            return Walk(place)
        if found is None or not cut:
            return found
        dates = [one.posted_at for one in found.mentions] + ([place.reached] if place.reached else [])
        if dates and min(dates) > place.mark:
            reason = f"{self.title} gives no more than the {READABLE} newest messages of a conversation"
            poll.gaps.append(Gap(place.mark, min(dates), reason, name))
        return found

    def _messages(self, place: Place, token: str, *, thread: Mapping[str, Any], cut: list[bool]) -> Page:
        along = thread.get("messages")
        if token or not isinstance(along, Mapping):
            path = f"{step(str(thread['id']))}/messages"
            along = self.graph.listing(path, name=MESSAGES, size=_ALONG, fields=MESSAGE_FIELDS, after=token)
        page = self.graph.page(along, partial(self.to_mention, thread=thread))
        if token and page.next_token:
            # Past what Graph tells of, a message is only an id.
            cut.append(True)
            return replace(page, next_token="")
        return page

    def to_mention(self, message: Any, thread: Mapping[str, Any]) -> Mention:
        """One message. Raises ValueError saying what is wrong with it."""
        if not isinstance(message, Mapping):
            raise ValueError("the message is not an object")
        writer = message.get("from")
        if writer is not None and not isinstance(writer, Mapping):
            raise ValueError(f"no author: {writer!r}"[:200])
        author_id = identifier(writer.get("id")) if writer else ""
        media = _media(message)
        text = message.get("message")
        if not isinstance(text, str) and not media:
            raise ValueError(f"no text: {text!r}"[:200])
        about = {name: thread[name] for name in ("id", "can_reply", "link") if name in thread}
        return Mention(
            channel=self.channel,
            external_id=identifier(message.get("id")),
            thread_id=identifier(thread.get("id")),
            author=Author(author_id, *_names(writer)),
            text=clean(text),
            posted_at=parse_moment(message.get("created_time")),
            kind=MentionKind.DIRECT_MESSAGE,
            url=self.url(thread),
            is_ours=author_id in self.own_ids,
            media=media,
            raw=clean_raw({**message, "conversation": about}),
        )

    def url(self, thread: Mapping[str, Any]) -> str:
        """Where a person reads this conversation."""
        link = clean(thread.get("link"))
        return f"{_WEB}{link}" if link.startswith("/") else f"{_WEB}/messages"

    # --- writing --------------------------------------------------------------------------------------

    def answer(self, reply: Reply, windows: Windows) -> Posted:
        """Answer in a conversation, declared as its window wants it. Raises what `send` raises."""
        kind, tag = windows.messaging(self._heard_at(reply, windows), self.graph.now())
        return self.send(reply, kind=kind, tag=tag)

    def _heard_at(self, reply: Reply, windows: Windows) -> datetime | None:
        """When the person last wrote, as far as it matters: only who has two windows must know which it is in."""
        if reply.heard_at is not None or not windows.human_agent:
            return reply.heard_at
        began = time.monotonic()
        found = self.last_heard(reply.thread_id)
        if time.monotonic() - began > _ASK_WITHIN_S:
            raise ChannelUnavailable(
                "{title} is too slow to say when the person last wrote; nothing was sent.", title=self.title
            )
        return found

    def send(self, reply: Reply, *, kind: str, tag: str = "") -> Posted:
        """Write into a conversation. Raises ChannelError; OutcomeUnknown whenever it may stand there."""
        if not reply.to_id:
            raise ReplyRejected("{title} does not say who wrote this, so nobody can be written to.", title=self.title)
        more = {"messaging_type": kind, **({"tag": tag} if tag else {})}
        return self._send({"id": reply.to_id}, reply, more)

    def send_about(self, reply: Reply, recipient: Mapping[str, str]) -> Posted:
        """The one private reply to a public post or comment. Raises ChannelError."""
        return self._send(recipient, reply, {"messaging_type": "RESPONSE"})

    def _send(self, recipient: Mapping[str, str], reply: Reply, more: Mapping[str, str]) -> Posted:
        if self.length(reply.text) > self.longest:
            raise ReplyRejected(
                "A message on {title} is too long ({most} at the most); shorten it.",
                title=self.title,
                most=self.longest,
            )
        values = {"recipient": json.dumps(dict(recipient)), "message": json.dumps({"text": reply.text}), **more}
        answer = self.graph.post(f"{step(self.node)}/messages", values)
        return Posted(posted_id(answer, "message_id", self.title), self.graph.answered_at(), f"{_WEB}/messages")

    def verify(self, reply: Reply, since: datetime, thread_id: str) -> tuple[Posted, ...]:
        """Our messages in a conversation with the words of `reply`, oldest first. Raises ChannelError."""
        page = self.newest(thread_id)
        found = [one for one in page.mentions if one.posted_at >= since - _SKEW]
        if page.next_token and len(found) == len(page.mentions):
            raise ChannelUnavailable(
                "The conversation on {title} is too busy to say whether the reply is there.", title=self.title
            )
        ours = [one for one in found if one.is_ours and comparable(one.text) == comparable(reply.text)]
        return tuple(Posted(one.external_id, one.posted_at, one.url) for one in sorted(ours, key=_when))

    def with_person(self, person_id: str) -> str:
        """The id of our conversation with somebody, empty where there is none. Raises ChannelError."""
        payload = self.graph.listing(
            f"{step(self.node)}/conversations",
            name="with",
            size=1,
            fields="id",
            platform=self.platform,
            user_id=person_id,
        )
        first = next((one for one in items_of(payload) if isinstance(one, Mapping)), {})
        return str(first.get("id") or "")

    def last_heard(self, thread_id: str) -> datetime | None:
        """When somebody else last wrote in a conversation; None where that is not among the newest messages."""
        return max((one.posted_at for one in self.newest(thread_id).mentions if not one.is_ours), default=None)

    def newest(self, thread_id: str) -> Page:
        """All messages of a conversation that Graph tells of. Raises ChannelError."""
        path = f"{step(thread_id)}/messages"
        payload = self.graph.listing(path, name=MESSAGES, size=READABLE, fields=MESSAGE_FIELDS)
        return self.graph.page(payload, partial(self.to_mention, thread={"id": thread_id}))

    # --- going back -----------------------------------------------------------------------------------

    def fill(self, gap: Gap, token: str, budget: Budget) -> Filled:
        """One step of a backfill: of one conversation ("messages:<id>"), or of all that moved. Raises ChannelError."""
        kind, _, thread_id = gap.source.partition(":")
        if kind == CONVERSATIONS:
            return fill(self.graph, gap, token, budget, self._page_back, spans=False)
        page = self.newest(thread_id)
        given = sorted((one for one in page.mentions if gap.since <= one.posted_at <= gap.until), key=_when)
        oldest = min((one.posted_at for one in page.mentions), default=gap.until)
        left = (replace(gap, until=oldest),) if page.next_token and oldest > gap.since else ()
        rates = {MESSAGES: page.rate} if page.rate else {}
        return Filled(tuple(reversed(given)), "", page.bad, left, rates)

    def _page_back(self, stretch: Stretch) -> Page:
        seen: dict[str, Mapping[str, Any]] = {}
        page = self._threads(Place.start(stretch.since), stretch.after, seen=seen)
        moved = [one for one in seen.values() if _updated(one) is None or _at(one) >= stretch.since]
        given = [mention for thread in moved for mention in self._back_to(stretch.since, thread)]
        # A conversation that last moved before the stretch ends the list; the markers themselves are no messages.
        past = bool(page.mentions) and page.mentions[-1].posted_at < stretch.since
        return Page(tuple(given), page.bad, "" if past else page.next_token, page.rate)

    def _back_to(self, since: datetime, thread: Mapping[str, Any]) -> list[Mention]:
        found = self.newest(str(thread["id"])).mentions
        return sorted((one for one in found if one.posted_at >= since), key=_when, reverse=True)


def _when(mention: Mention) -> datetime:
    return mention.posted_at


def _updated(thread: Mapping[str, Any]) -> datetime | None:
    try:
        return parse_moment(thread.get("updated_time"))
    except ValueError:
        return None


def _at(thread: Mapping[str, Any]) -> datetime:
    return parse_moment(thread.get("updated_time"))


def _names(writer: Mapping[str, Any] | None) -> tuple[str, str]:
    """The name of a person on Messenger, the handle on Instagram."""
    return (clean(writer.get("name")), clean(writer.get("username"))) if writer else ("", "")


def _media(message: Mapping[str, Any]) -> tuple[Media, ...]:
    """Pictures, films, files, shared posts and stickers, by type and address."""
    found = [Media(_sort(one), _source(one)) for one in _entries(message.get("attachments"))]
    found += [Media("share", clean(one.get("link"))) for one in _entries(message.get("shares"))]
    found += [Media("sticker", clean(message.get("sticker")))]
    return tuple(one for one in found if one.url)


def _entries(value: Any) -> list[Mapping[str, Any]]:
    entries = value.get("data") if isinstance(value, Mapping) else None
    return [one for one in entries if isinstance(one, Mapping)] if isinstance(entries, list) else []


def _sort(attachment: Mapping[str, Any]) -> str:
    return clean(attachment.get("mime_type")).partition("/")[0] or "file"


def _source(attachment: Mapping[str, Any]) -> str:
    for name in ("image_data", "video_data"):
        data = attachment.get(name)
        if isinstance(data, Mapping) and clean(data.get("url")):
            return clean(data.get("url"))
    return clean(attachment.get("file_url"))
