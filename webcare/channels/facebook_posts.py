"""What a Facebook page's posts, comments and reviews mean: from Graph JSON to our values. Pure.

A thread is one customer's matter: a visitor's post with all under it, or one comment under a brand post with the
answers to it. A brand post with three hundred comments is three hundred threads.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from webcare.channels.wording import clean, clean_raw, comparable, identifier, parse_moment
from webcare.domain import Author, Media, Mention, MentionKind, Reply

WEB = "https://www.facebook.com"
#: Names of the fields asked for; a field that is not asked for is not answered.
COMMENT_FIELDS = (
    "id,message,from,created_time,parent{id},permalink_url,"
    "can_comment,can_hide,can_reply_privately,is_hidden,attachment"
)
POST_FIELDS = (
    "id,message,story,from,created_time,permalink_url,status_type,is_hidden,can_reply_privately,"
    "attachments{media_type,type,url,media}"
)
RATING_FIELDS = "created_time,has_rating,has_review,rating,recommendation_type,review_text,reviewer,open_graph_story"
#: Begins the id that a review gets here when Facebook gives it none; such a review cannot be answered by API.
NO_STORY = "review:"
#: Stands for the date of what Facebook gives none.
UNDATED = datetime.min.replace(tzinfo=UTC)


def post_to_mention(post: Any, *, page_id: str, tagged: bool = False) -> Mention:
    """A post on the page, or (`tagged`) one elsewhere that names it. Raises ValueError saying what is wrong with it."""
    fields = _object(post, "post")
    external_id = identifier(fields.get("id"))
    author = _author(fields)
    ours = author.external_id == page_id
    return Mention(
        channel="facebook",
        external_id=external_id,
        thread_id=external_id,
        author=author,
        text=_text(fields),
        posted_at=parse_moment(fields.get("created_time")),
        kind=MentionKind.MENTION if ours or tagged else MentionKind.VISITOR_POST,
        url=_url(fields, external_id),
        is_ours=ours,
        is_repost=_is_bare_share(fields),
        media=_media(fields),
        raw=clean_raw({name: value for name, value in fields.items() if name != "comments"}),
    )


def comment_to_mention(comment: Any, *, page_id: str, post_id: str, on_brand_post: bool) -> Mention:
    """A comment, or an answer to one, under the post `post_id`. Raises ValueError saying what is wrong with it."""
    fields = _object(comment, "comment")
    external_id = identifier(fields.get("id"))
    parent = fields.get("parent")
    answered = identifier(parent.get("id")) if isinstance(parent, Mapping) else ""
    author = _author(fields)
    top = answered or external_id
    return Mention(
        channel="facebook",
        external_id=external_id,
        thread_id=top if on_brand_post else post_id,
        author=author,
        text=_text(fields),
        posted_at=parse_moment(fields.get("created_time")),
        kind=MentionKind.COMMENT if on_brand_post and not answered else MentionKind.REPLY,
        parent_id=answered or post_id,
        url=_url(fields, external_id),
        is_ours=author.external_id == page_id,
        media=_media(fields),
        raw=clean_raw(fields),
    )


def rating_to_mention(rating: Any, *, page_id: str) -> Mention:
    """A review. Graph gives it no id: that of its story is used, or one made from its author and time."""
    fields = _object(rating, "review")
    reviewer = fields.get("reviewer")
    author = _person(reviewer)
    story = fields.get("open_graph_story")
    posted_at = parse_moment(fields.get("created_time"))
    told = story.get("id") if isinstance(story, Mapping) else None
    digest = hashlib.sha256(f"{author.external_id} {posted_at.isoformat()}".encode()).hexdigest()[:24]
    external_id = identifier(told) if told else f"{NO_STORY}{digest}"
    text = fields.get("review_text")
    if not isinstance(text, str) and not (fields.get("has_rating") or fields.get("recommendation_type")):
        raise ValueError("no text and no rating")
    return Mention(
        channel="facebook",
        external_id=external_id,
        thread_id=external_id,
        author=author,
        text=clean(text),
        posted_at=posted_at,
        kind=MentionKind.REVIEW,
        url=f"{WEB}/{external_id}" if told else f"{WEB}/{page_id}/reviews",
        is_ours=author.external_id == page_id,
        raw=clean_raw(fields),
    )


def story_to_mention(story: Any, *, page_id: str) -> Mention:
    """A review looked up by the id of its story. Raises ValueError saying what is wrong with it."""
    fields = _object(story, "review")
    external_id, author = identifier(fields.get("id")), _author(fields)
    return Mention(
        channel="facebook",
        external_id=external_id,
        thread_id=external_id,
        author=author,
        text=clean(fields.get("message")),
        posted_at=parse_moment(fields.get("created_time")),
        kind=MentionKind.REVIEW,
        url=f"{WEB}/{external_id}",
        is_ours=author.external_id == page_id,
        raw=clean_raw(fields),
    )


def by_page(post: Mapping[str, Any], page_id: str) -> bool:
    """Whether the page itself wrote this."""
    writer = post.get("from")
    return isinstance(writer, Mapping) and str(writer.get("id")) == page_id


def story_of(rating: Mapping[str, Any]) -> str:
    """The id under which a review can be commented on, empty where Facebook gives none."""
    story = rating.get("open_graph_story")
    return str(story.get("id") or "") if isinstance(story, Mapping) else ""


def watched_posts(posts: Iterable[Any], *, page_id: str, limit: int, since: datetime) -> list[tuple[str, bool]]:
    """The posts to read comments under, each once, newest first, as (id, whether the page itself wrote it).

    These are the `limit` newest and every other one that was made at `since` or later.
    """
    found: dict[str, tuple[datetime, bool]] = {}
    for post in (one for one in posts if isinstance(one, Mapping) and one.get("id")):
        found.setdefault(str(post["id"]), (made_at(post), by_page(post, page_id)))
    newest = sorted(found.items(), key=lambda item: item[1][0], reverse=True)
    return [(id_, ours) for number, (id_, (made, ours)) in enumerate(newest) if number < limit or made >= since]


def made_at(post: Mapping[str, Any]) -> datetime:
    """When it was made; the beginning of time where Facebook does not say."""
    try:
        return parse_moment(post.get("created_time"))
    except (ValueError, TypeError):
        return UNDATED


def answers(comment: Any, reply: Reply, *, page_id: str, under: frozenset[str]) -> bool:
    """Whether this comment is `reply`: by the page, under one of the ids `under`, in the same words."""
    writer = comment.get("from") if isinstance(comment, Mapping) else None
    if not isinstance(writer, Mapping) or str(writer.get("id")) != page_id:
        return False
    parent = comment.get("parent")
    answered = str(parent.get("id")) if isinstance(parent, Mapping) else ""
    text = comment.get("message")
    return answered in under and isinstance(text, str) and comparable(text) == comparable(reply.text)


def _object(value: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError(f"the {what} is not an object")
    return value


def _author(fields: Mapping[str, Any]) -> Author:
    """Who wrote it. Facebook leaves `from` out where the page may not know; what is there but broken is refused."""
    return _person(fields["from"]) if "from" in fields else Author("")


def _person(value: Any) -> Author:
    if value is None:
        return Author("")
    if not isinstance(value, Mapping):
        raise ValueError(f"no author: {value!r}"[:200])
    return Author(identifier(value.get("id")), clean(value.get("name")))


def _text(fields: Mapping[str, Any]) -> str:
    """The words; a photo or sticker has none, and Facebook's own `story` line stands in for a post without."""
    text = fields.get("message")
    if text is None and any(fields.get(name) for name in ("attachment", "attachments", "story")):
        return clean(fields.get("story"))
    if not isinstance(text, str):
        raise ValueError(f"no text: {text!r}"[:200])
    return clean(text)


def _url(fields: Mapping[str, Any], external_id: str) -> str:
    return clean(fields.get("permalink_url")) or f"{WEB}/{external_id}"


def _is_bare_share(fields: Mapping[str, Any]) -> bool:
    return fields.get("status_type") == "shared_story" and not fields.get("message")


def _media(fields: Mapping[str, Any]) -> tuple[Media, ...]:
    posts = fields.get("attachments")
    found = posts.get("data") if isinstance(posts, Mapping) else [fields.get("attachment")]
    entries = [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []
    media = (Media(clean(one.get("media_type") or one.get("type")), _address(one)) for one in entries)
    return tuple(one for one in media if one.url)


def _address(attachment: Mapping[str, Any]) -> str:
    media = attachment.get("media")
    image = media.get("image") if isinstance(media, Mapping) else None
    source = image.get("src") if isinstance(image, Mapping) else None
    return clean(source) or clean(attachment.get("url"))
