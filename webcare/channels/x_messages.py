"""X's direct messages: what its events mean, and which of them is an answer of ours. Pure.

X numbers messages and posts from one range. So that nobody looks a message up as a post and finds it deleted, a
message's id is `dm:` and X's number.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from webcare.channels.walking import Page, read_posts
from webcare.channels.wording import clean, clean_raw, comparable, expand_links, identifier, parse_moment, unescape
from webcare.channels.x_posts import WEB, Includes, error_only, media_of
from webcare.domain import Author, Mention, MentionKind, Reply
from webcare.errors import ChannelProtocolError

PREFIX = "dm:"
#: What is asked of every message.
MESSAGE_FIELDS: Mapping[str, Any] = {
    "dm_event_fields": [
        "attachments",
        "created_at",
        "dm_conversation_id",
        "entities",
        "event_type",
        "id",
        "sender_id",
        "text",
    ],
    "expansions": ["attachments.media_keys", "sender_id"],
    "media_fields": ["preview_image_url", "type", "url"],
    "user_fields": ["name", "username"],
}


def read_messages(payload: Mapping[str, Any], *, ours: str, web: str = WEB) -> Page:
    """One answer of a list of events, without joining and leaving. Raises ChannelError for what is no such list.

    X gives a token for the next page even after the last one; only a page without events is the end.
    """
    meta = payload.get("meta")
    meta = meta if isinstance(meta, Mapping) else {}
    events = payload.get("data")
    if events is None and meta.get("result_count") != 0:
        raise error_only(payload)
    if not isinstance(events, list | None):
        raise ChannelProtocolError("X answered with a list of messages that is no list.")
    includes = Includes.of(payload)
    written = [one for one in events or [] if not isinstance(one, Mapping) or one.get("event_type") == "MessageCreate"]
    mentions, bad = read_posts(written, partial(to_message, includes=includes, ours=ours, web=web))
    token = meta.get("next_token") if events else ""
    return Page(tuple(mentions), tuple(bad), token if isinstance(token, str) else "")


def to_message(event: Any, includes: Includes, *, ours: str, web: str = WEB) -> Mention:
    """One message. `ours` is our own user id. Raises ValueError saying what is wrong with it."""
    if not isinstance(event, Mapping):
        raise ValueError("the message is not an object")
    sender, conversation = identifier(event.get("sender_id")), identifier(event.get("dm_conversation_id"))
    user = includes.users.get(sender, {})
    media = media_of(event, includes)
    text = event.get("text")
    if not isinstance(text, str) and not media:
        raise ValueError(f"no text: {text!r}"[:200])
    return Mention(
        channel="x",
        external_id=PREFIX + identifier(event.get("id")),
        thread_id=conversation,
        author=Author(sender, clean(user.get("name")), clean(user.get("username"))),
        text=clean(unescape(text if isinstance(text, str) else "")),
        posted_at=parse_moment(event.get("created_at")),
        kind=MentionKind.DIRECT_MESSAGE,
        url=conversation_url(conversation, web),
        is_ours=sender == ours,
        media=media,
        raw=clean_raw(dict(event)),
    )


def is_answer(message: Mention, reply: Reply, *, since: datetime) -> bool:
    """Whether `message`, of the right conversation, is `reply`: by us, not before `since`, in the same words."""
    if not message.is_ours or message.posted_at < since:
        return False
    # Posts and messages write their links down in different places.
    told = message.raw.get("entities")
    urls = message.raw.get("urls") or (told.get("urls") if isinstance(told, Mapping) else None)
    text = message.raw.get("text")
    return comparable(expand_links(text if isinstance(text, str) else "", urls)) == comparable(reply.text)


def conversation_url(conversation: str, web: str = WEB) -> str:
    """Where our own people see the conversation when they are signed in on X."""
    return f"{web}/messages/{conversation}"
