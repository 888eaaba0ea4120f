"""What X's posts and answers mean: from its JSON, in either dialect, to our values. Pure.

Description 2.167 of the API renamed some fields (`referenced_tweets` became `referenced_posts`); both names are read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from webcare.channels.walking import Page, read_posts
from webcare.channels.wording import (
    clean,
    clean_raw,
    comparable,
    expand_links,
    identifier,
    parse_moment,
    unescape,
)
from webcare.domain import Author, Media, Mention, MentionKind, Reply
from webcare.errors import AccountDisconnected, ChannelError, ChannelProtocolError

WEB = "https://x.com"
#: Where a post's raw form keeps what X says of its author's `receives_your_dm`.
RECEIVES = "author_receives_your_dm"
#: X's ids hold, above their lowest 22 bits, the milliseconds since 4 November 2010, 01:42:54.657 UTC.
_SNOWFLAKE_EPOCH_MS = 1_288_834_974_657
#: What API description 2.167 calls things differently, in requests and in answers.
NEW_NAMES = {
    "tweet.fields": "post.fields",
    "edit_history_tweet_ids": "edit_history_post_ids",
    "note_tweet": "note_post",
    "referenced_tweets": "referenced_posts",
}


@dataclass(frozen=True, slots=True)
class Includes:
    """The people and media that an answer's posts speak of, by id and key."""

    users: Mapping[str, Mapping[str, Any]]
    media: Mapping[str, Mapping[str, Any]]

    @classmethod
    def of(cls, payload: Mapping[str, Any]) -> Includes:
        """Read an answer's `includes`; whatever is malformed in it is left out."""
        includes = payload.get("includes")
        includes = includes if isinstance(includes, Mapping) else {}
        return cls(_by_key(includes.get("users"), "id"), _by_key(includes.get("media"), "media_key"))


def to_mention(post: Any, includes: Includes, *, ours: str, web: str = WEB) -> Mention:
    """One post, in either dialect. `ours` is our own user id. Raises ValueError saying what is wrong with it."""
    if not isinstance(post, Mapping):
        raise ValueError("the post is not an object")
    external_id, author_id = identifier(post.get("id")), identifier(post.get("author_id"))
    user = includes.users.get(author_id, {})
    author = Author(author_id, clean(user.get("name")), clean(user.get("username")))
    pointers = references(post)
    return Mention(
        channel="x",
        external_id=external_id,
        thread_id=str(post.get("conversation_id") or external_id),
        author=author,
        text=_text(post),
        posted_at=parse_moment(post.get("created_at")),
        kind=MentionKind.REPLY if "replied_to" in pointers else MentionKind.MENTION,
        parent_id=pointers.get("replied_to"),
        url=post_url(external_id, author.handle, web),
        lang=_lang(post.get("lang")),
        is_ours=author_id == ours,
        is_repost="retweeted" in pointers,
        root_id=_first_version(post, external_id),
        media=media_of(post, includes),
        raw=clean_raw({**post, **_takes_messages(user)}),
    )


def read_page(payload: Mapping[str, Any], *, ours: str, web: str = WEB) -> Page:
    """One answer of a list. Raises ChannelError for an answer that is no list, or that only holds errors."""
    meta = payload.get("meta")
    meta = meta if isinstance(meta, Mapping) else None
    posts = payload.get("data")
    if posts is None:
        if meta is None or meta.get("result_count") != 0:
            raise error_only(payload)
        posts = []
    if not isinstance(posts, list):
        raise ChannelProtocolError("X answered with a list of posts that is no list.")
    includes = Includes.of(payload)
    mentions, bad = read_posts(posts, partial(to_mention, includes=includes, ours=ours, web=web))
    token = (meta or {}).get("next_token")
    return Page(tuple(mentions), tuple(bad), token if isinstance(token, str) else "")


def error_only(payload: Mapping[str, Any]) -> ChannelError:
    """What a 200 without posts says; it must never be read as "no mentions"."""
    said = said_in(payload)
    if any(word in said.lower() for word in ("resource-not-found", "not-authorized-for-resource")):
        return AccountDisconnected(
            "X finds no account with our id; check external_id in the settings. X says: {said}", said=said
        )
    if said:
        return ChannelProtocolError("X answered with an error instead of posts: {said}", said=said)
    return ChannelProtocolError("X answered without posts and without saying that there are none.")


def written_at(external_id: str, now: datetime) -> datetime:
    """When a post of ours was made: X's ids count milliseconds; `now` where this one cannot be such an id."""
    try:
        told = datetime.fromtimestamp(((int(external_id) >> 22) + _SNOWFLAKE_EPOCH_MS) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return now
    return told if abs(told - now) < timedelta(minutes=5) else now


def post_url(external_id: str, handle: str = "", web: str = WEB) -> str:
    """Where people see the post."""
    return f"{web}/{handle or 'i/web'}/status/{external_id}"


def answers(post: Any, reply: Reply, *, ours: str) -> bool:
    """Whether this post of our timeline is `reply`: by us, to the same post, in the same words."""
    if not isinstance(post, Mapping) or str(post.get("author_id") or ours) != ours:
        return False
    if references(post).get("replied_to") != reply.target_id:
        return False
    return comparable(_full_text(post)) == comparable(reply.text)


def names_us(raw: Mapping[str, Any], *, handle: str, ours: str) -> bool | None:
    """Whether the post mentions the account; None when there is no post to tell.

    X leaves out what is empty, so a post that lists nobody is looked at for the @name in its text.
    """
    handle = handle.lower().lstrip("@")
    entities = raw.get("entities")
    mentioned = entities.get("mentions") if isinstance(entities, Mapping) else None
    if isinstance(mentioned, list):
        people = [one for one in mentioned if isinstance(one, Mapping)]
        return any(str(one.get("id")) == ours or str(one.get("username")).lower() == handle for one in people)
    text = _note(raw).get("text") or raw.get("text")
    if not isinstance(text, str) or not handle:
        return None
    return re.search(rf"(?<!\w)@{re.escape(handle)}(?!\w)", text.lower()) is not None


def _text(post: Mapping[str, Any]) -> str:
    return clean(unescape(_note(post).get("text") or _plain(post)))


def _full_text(post: Mapping[str, Any]) -> str:
    """The text with the addresses its author wrote instead of X's short ones."""
    note = _note(post)
    source = note if note.get("text") else post
    entities = source.get("entities")
    urls = entities.get("urls") if isinstance(entities, Mapping) else None
    text = source.get("text")
    return expand_links(text if isinstance(text, str) else "", urls)


def _plain(post: Mapping[str, Any]) -> str:
    text = post.get("text")
    if not isinstance(text, str):
        raise ValueError(f"no text: {text!r}"[:200])
    return text


def _note(post: Mapping[str, Any]) -> Mapping[str, Any]:
    """The whole of a text over 280 characters, of which `text` only holds the beginning."""
    note = _either(post, "note_tweet")
    return note if isinstance(note, Mapping) and isinstance(note.get("text"), str) else {}


def _either(post: Mapping[str, Any], name: str) -> Any:
    return post.get(name) if name in post else post.get(NEW_NAMES[name])


def references(post: Mapping[str, Any]) -> dict[str, str]:
    """The posts this one points at, by how: `replied_to`, `quoted`, `retweeted`."""
    found = _either(post, "referenced_tweets")
    pairs = [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []
    return {str(one.get("type")): str(one.get("id")) for one in pairs if one.get("id")}


def versions(post: Mapping[str, Any]) -> list[str]:
    """The ids of all versions of a post, the first one first; of an unedited one its own."""
    history = _either(post, "edit_history_tweet_ids")
    ids = {str(one) for one in history if str(one).isdecimal()} if isinstance(history, list) else set()
    return sorted(ids, key=int) or [str(post.get("id"))]


def _first_version(post: Mapping[str, Any], external_id: str) -> str | None:
    first = versions(post)[0]
    return first if first != external_id else None


def media_of(post: Mapping[str, Any], includes: Includes) -> tuple[Media, ...]:
    """Pictures and films by type and address."""
    attachments = post.get("attachments")
    keys = attachments.get("media_keys") if isinstance(attachments, Mapping) else None
    found = [includes.media[key] for key in keys if key in includes.media] if isinstance(keys, list) else []
    media = (Media(clean(one.get("type")), clean(one.get("url") or one.get("preview_image_url"))) for one in found)
    return tuple(one for one in media if one.url)


def _takes_messages(user: Mapping[str, Any]) -> dict[str, bool]:
    """Whether its author takes direct messages of ours, where X says so; kept beside the post."""
    told = user.get("receives_your_dm")
    return {RECEIVES: told} if isinstance(told, bool) else {}


def quotes_us(raw: Mapping[str, Any], *, handle: str, ours: str) -> bool | None:
    """Whether the post quotes one of ours, by the address of it that X writes into it; None without that address."""
    quoted = references(raw).get("quoted")
    if quoted is None:
        return False
    entities = raw.get("entities")
    urls = entities.get("urls") if isinstance(entities, Mapping) else None
    told = [str(one.get("expanded_url")) for one in urls if isinstance(one, Mapping)] if isinstance(urls, list) else []
    split = [url.partition("?")[0].split("/") for url in told]
    whose = {parts[-3].lower() for parts in split if len(parts) > 2 and parts[-2:] == ["status", quoted]}
    # An address may also name nobody: x.com/i/web/status/1
    named = whose - {"i", "web"}
    return bool(named & {handle.lower(), ours}) if named else None


def _lang(value: object) -> str | None:
    """X writes `no` for Norwegian, and codes of three letters for what is no language."""
    lang = value.lower() if isinstance(value, str) else ""
    return "nb" if lang == "no" else lang if len(lang) == 2 and lang.isalpha() else None


def _by_key(found: Any, key: str) -> dict[str, Mapping[str, Any]]:
    items = [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []
    return {str(one.get(key)): one for one in items if one.get(key)}


def problems(payload: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The answer's own problem and those in `errors`, whatever shape they come in."""
    errors = payload.get("errors")
    inner = [one for one in errors if isinstance(one, Mapping)] if isinstance(errors, list) else []
    return [payload, *inner]


def said_in(payload: Mapping[str, Any]) -> str:
    """X's own words about what is wrong, at most 500 characters; empty when it says nothing."""
    names = ("detail", "message", "reason", "type")
    words = [one.get(name) for one in problems(payload) for name in names]
    told = [word for word in words if isinstance(word, str) and word and word != "about:blank"]
    return clean(" ".join(dict.fromkeys(told)))[:500]
