"""The things that exist on the stand-in networks: people, brand accounts, posts, and how their ids are made.

Plain records without rules; `x_network.py` and `facebook_network.py` hold the rules. Every datetime is aware UTC.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from webcare.errors import WebcareError

Clock = Callable[[], datetime]
Network = Literal["x", "facebook", "instagram"]
FbKind = Literal["post", "visitor_post", "tagged", "comment", "review"]
IgKind = Literal["media", "comment"]
Platform = Literal["messenger", "instagram"]
Dialect = Literal["tweet", "post"]

#: What can be taken away from a brand account's token.
RIGHTS = ("read", "reply", "hide", "like", "delete", "read_messages", "message", "human_agent")
#: Snowflake ids count milliseconds from here (4 November 2010, 01:42:54.657 UTC).
SNOWFLAKE_EPOCH_MS = 1_288_834_974_657


class SandboxError(WebcareError):
    """The sandbox cannot do this; the message says why."""


def names(text: str) -> frozenset[str]:
    """The names in a text, parted by spaces."""
    return frozenset(text.split())


def utc_now() -> datetime:
    """The real time, aware UTC."""
    return datetime.now(UTC)


def clean(text: str) -> str:
    """Text that can be written as UTF-8: halves of surrogate pairs become question marks."""
    return text.encode("utf-8", "replace").decode()


def to_ms(moment: datetime) -> int:
    """Whole milliseconds since 1970."""
    return round(moment.timestamp() * 1000)


def snowflake(moment: datetime, sequence: int = 0) -> int:
    """The X id of something made at `moment`; `sequence` (0..4194303) tells posts of one millisecond apart."""
    return ((to_ms(moment) - SNOWFLAKE_EPOCH_MS) << 22) | sequence


def snowflake_time(post_id: int) -> datetime:
    """When the post with this X id was made."""
    return datetime.fromtimestamp(((post_id >> 22) + SNOWFLAKE_EPOCH_MS) / 1000, UTC)


@dataclass(slots=True)
class User:
    """A person or a brand on one network. `handle` is the @name on X and Instagram; on Facebook only a key for us."""

    id: str
    network: Network
    handle: str
    name: str
    created_at: datetime
    protected: bool = False
    suspended: bool = False
    #: Facebook: the page may not see who this is, so `from` is left out.
    unseen: bool = False
    #: X: takes direct messages of people they never wrote to.
    takes_messages: bool = False


@dataclass(slots=True)
class BrandAccount:
    """A brand's handle on a network, with what a client needs to sign in as it."""

    key: str
    network: Network
    user_id: str
    secrets: dict[str, str]
    #: "" = connected; "expired", "revoked" or "password_changed": the token is refused from now on.
    disconnected: str = ""
    #: What the token may not do; some of RIGHTS.
    denied: set[str] = field(default_factory=set)
    #: Facebook: the app demands `appsecret_proof` on every call.
    require_proof: bool = False
    #: Instagram: the id of the Facebook page through which it is reached.
    linked: str = ""
    #: Facebook and Instagram: when the token stops working; None: it does not expire.
    expires_at: datetime | None = None


@dataclass(slots=True)
class XPost:
    """A post on X. `text` is as the API tells it, `written` as its author typed it."""

    id: int
    author_id: str
    text: str
    written: str
    posted_at: datetime
    visible_at: datetime
    conversation_id: int
    lang: str = "und"
    mentions: tuple[str, ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    in_reply_to: int | None = None
    quoted: int | None = None
    retweeted: int | None = None
    #: All versions of this post, oldest first; the last one is what lists show.
    history: tuple[int, ...] = ()
    reply_settings: str = "everyone"
    origin: str = "test"
    deleted: bool = False
    hidden: bool = False
    likes: set[str] = field(default_factory=set)
    reply_count: int = 0
    #: Pictures and films: kind ("photo", "video" or "animated_gif") and where they lie.
    media: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class XMessage:
    """A direct message on X. `text` is as the API tells it, `written` as its author typed it."""

    id: int
    conversation_id: str
    sender_id: str
    participants: tuple[str, ...]
    text: str
    written: str
    sent_at: datetime
    visible_at: datetime
    links: tuple[tuple[str, str], ...] = ()
    #: Posts it shows.
    posts: tuple[int, ...] = ()
    origin: str = "test"
    deleted: bool = False


@dataclass(slots=True)
class FbItem:
    """A post, comment or review on Facebook."""

    id: str
    kind: FbKind
    page_id: str
    author_id: str
    message: str
    posted_at: datetime
    updated_at: datetime
    visible_at: datetime
    #: The post a comment stands under; a post's own id otherwise.
    post_id: str
    #: The comment a comment answers.
    parent_id: str | None = None
    positive: bool | None = None
    origin: str = "test"
    deleted: bool = False
    hidden: bool = False
    likes: set[str] = field(default_factory=set)
    #: The page wrote to its author about it; Meta lets it do so once.
    replied_privately: bool = False
    #: Lists that do not show it, though they should: Meta's feeds disagree now and then.
    left_out: set[str] = field(default_factory=set)
    #: Pictures and films: kind ("photo" or "video") and where they lie.
    media: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class IgItem:
    """A picture or a comment on Instagram."""

    id: str
    kind: IgKind
    author_id: str
    text: str
    posted_at: datetime
    updated_at: datetime
    visible_at: datetime
    #: The picture a comment stands under; a picture's own id otherwise.
    media_id: str
    #: The top comment that a comment answers.
    parent_id: str | None = None
    #: Ids of the brand accounts marked on the picture, and of those named in the text.
    tags: tuple[str, ...] = ()
    mentions: tuple[str, ...] = ()
    origin: str = "test"
    deleted: bool = False
    hidden: bool = False
    likes: set[str] = field(default_factory=set)
    replied_privately: bool = False


@dataclass(slots=True)
class Conversation:
    """All messages between one person and one page, on Messenger or on Instagram."""

    id: str
    platform: Platform
    page_id: str
    person_id: str
    #: The time of the newest message that shows.
    updated_at: datetime
    #: When the person wrote last; None: never, the page began with a private reply.
    heard_at: datetime | None = None
    unread: int = 0


@dataclass(slots=True)
class MetaMessage:
    """One message in a conversation. `author_id` is the person's, the page's or the Instagram account's."""

    id: str
    conversation_id: str
    author_id: str
    text: str
    posted_at: datetime
    visible_at: datetime
    #: The comment or post a private reply answers.
    answers: str = ""
    tag: str = ""
    origin: str = "test"
    deleted: bool = False
    media: tuple[tuple[str, str], ...] = ()


_SECRET_NAMES: dict[Network, tuple[tuple[str, str], ...]] = {
    "x": (
        ("api_key", "sbx-key-"),
        ("api_secret", "sbx-keysecret-"),
        ("access_token", ""),
        ("access_token_secret", "sbx-tokensecret-"),
        ("bearer_token", "sbx-bearer-"),
    ),
    "facebook": (("page_token", "SBXEAA"), ("app_secret", "")),
    "instagram": (("page_token", "SBXEAA"), ("app_secret", "")),
}


def secrets_for(key: str, *, network: Network, user_id: str) -> dict[str, str]:
    """The made-up secrets of an account: the same for the same key, so a restarted sandbox still knows them."""

    def word(name: str) -> str:
        return hashlib.sha256(f"webcare sandbox {key} {name}".encode()).hexdigest()[:32]

    found = {name: prefix + word(name) for name, prefix in _SECRET_NAMES[network]}
    if network == "x":
        # tweepy reads the id of the signed-in user from the part before the dash
        found["access_token"] = f"{user_id}-{found['access_token']}"
    return found
