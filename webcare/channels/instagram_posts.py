"""What an Instagram account's pictures and comments mean: from Graph JSON to our values. Pure.

A thread is one comment under one of our pictures with the answers to it, or one picture of somebody else that names
us. What can only be answered as a mention has an id that says so: `media:<id>` for a picture, `comment:<id>` for a
comment under somebody else's; everything else has Instagram's own number.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from webcare.channels.wording import clean, clean_raw, comparable, identifier, parse_moment
from webcare.domain import Author, Media, Mention, MentionKind, Reply

WEB = "https://www.instagram.com"
COMMENT_FIELDS = "id,text,timestamp,username,from,hidden,parent_id,media{id,permalink}"
MEDIA_FIELDS = "id,caption,timestamp,username,owner,permalink,media_type,media_url,comments_count,is_comment_enabled"
#: Begin the ids of what is answered as a mention.
MEDIA, COMMENT = "media:", "comment:"


@dataclass(frozen=True, slots=True)
class Us:
    """Our own account: Instagram tells writers by id, by name, or both."""

    id: str
    handle: str

    def wrote(self, fields: Mapping[str, Any]) -> bool:
        """Whether this is ours."""
        for name in ("from", "owner"):
            writer = fields.get(name)
            if isinstance(writer, Mapping) and writer.get("id"):
                return str(writer["id"]) == self.id
        return bool(self.handle) and clean(fields.get("username")).lower() == self.handle

    def named_in(self, caption: str) -> bool:
        """Whether a caption names us; Instagram may leave the @ out."""
        return bool(self.handle) and bool(re.search(rf"(?<![\w.]){re.escape(self.handle)}(?![\w.])", caption.lower()))


def media_to_mention(media: Any, *, us: Us, elsewhere: bool = False) -> Mention:
    """A picture of ours, or (`elsewhere`) of somebody who marked or named us. Raises ValueError: what is wrong."""
    fields = _object(media, "picture")
    number = identifier(fields.get("id"))
    ours = not elsewhere or us.wrote(fields)
    external_id = number if ours else f"{MEDIA}{number}"
    address = clean(fields.get("media_url"))
    return Mention(
        channel="instagram",
        external_id=external_id,
        thread_id=external_id,
        author=_author(fields, "owner"),
        text=clean(fields.get("caption")),
        posted_at=parse_moment(fields.get("timestamp")),
        kind=MentionKind.MENTION,
        url=clean(fields.get("permalink")) or WEB,
        is_ours=ours,
        media=(Media(clean(fields.get("media_type")).lower() or "image", address),) if address else (),
        raw=clean_raw({name: value for name, value in fields.items() if name != "comments"}),
    )


def comment_to_mention(comment: Any, *, us: Us, media_id: str, url: str = "", above: str = "") -> Mention:
    """A comment under our picture `media_id`, or an answer to the comment `above`. Raises ValueError."""
    fields = _object(comment, "comment")
    external_id = identifier(fields.get("id"))
    if not isinstance(fields.get("text"), str):
        raise ValueError(f"no text: {fields.get('text')!r}"[:200])
    media = fields.get("media")
    link = clean(media.get("permalink")) if isinstance(media, Mapping) else ""
    parent = identifier(fields["parent_id"]) if fields.get("parent_id") else above
    return Mention(
        channel="instagram",
        external_id=external_id,
        thread_id=parent or external_id,
        author=_author(fields, "from"),
        text=clean(fields["text"]),
        posted_at=parse_moment(fields.get("timestamp")),
        kind=MentionKind.REPLY if parent else MentionKind.COMMENT,
        parent_id=parent or media_id,
        url=url or link or WEB,
        is_ours=us.wrote(fields),
        raw=clean_raw(
            {**{name: value for name, value in fields.items() if name != "replies"}, "permalink": url or link}
        ),
    )


def mentioned_comment_to_mention(comment: Any, *, us: Us) -> Mention:
    """A comment under somebody else's picture that names us. Raises ValueError saying what is wrong with it."""
    fields = _object(comment, "comment")
    media = fields.get("media")
    media_id = identifier(media.get("id")) if isinstance(media, Mapping) else ""
    plain = comment_to_mention(fields, us=us, media_id=media_id)
    return Mention(
        channel="instagram",
        external_id=f"{COMMENT}{plain.external_id}",
        thread_id=f"{MEDIA}{identifier(media_id)}",
        author=plain.author,
        text=plain.text,
        posted_at=plain.posted_at,
        kind=MentionKind.MENTION,
        parent_id=f"{MEDIA}{media_id}",
        url=plain.url,
        is_ours=plain.is_ours,
        raw=plain.raw,
    )


def stands_under_ours(comment: Any, us: Us) -> bool:
    """Whether a comment stands under a picture of ours; Instagram tells the owner only of one's own."""
    media = comment.get("media") if isinstance(comment, Mapping) else None
    owner = media.get("owner") if isinstance(media, Mapping) else None
    return isinstance(owner, Mapping) and str(owner.get("id") or "") == us.id


def answers(comment: Any, reply: Reply, us: Us) -> bool:
    """Whether this comment is `reply`: ours, in the same words."""
    if not isinstance(comment, Mapping) or not us.wrote(comment):
        return False
    text = comment.get("text")
    return isinstance(text, str) and comparable(text) == comparable(reply.text)


def _object(value: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError(f"the {what} is not an object")
    return value


def _author(fields: Mapping[str, Any], name: str) -> Author:
    """Who wrote it; Instagram names some people by their handle only."""
    writer = fields.get(name)
    if writer is not None and not isinstance(writer, Mapping):
        raise ValueError(f"no author: {writer!r}"[:200])
    writer = writer or {}
    handle = clean(writer.get("username")) or clean(fields.get("username"))
    return Author(identifier(writer["id"]) if writer.get("id") else "", handle, handle)
