"""Bluesky through atproto: one file and one entry point, as any network comes in.

atproto names the methods, keeps the session and finds what links and names in a text are. Its models of answers are not
used: one odd post in them costs its whole page. Requests go out through our own session, so nothing waits or repeats.
A post's id is its `at://` address. Replies carry a name made from what they answer and say: the account's own data
server takes a record of one name once, so that even a repeated request cannot post twice.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, ClassVar
from urllib.parse import urlsplit

import regex
from atproto_client import Client, Session, SessionEvent
from atproto_client.models.dot_dict import DotDict
from atproto_client.request import RequestBase, Response
from atproto_client.utils.facet_detection import detect_facets, detect_mentions
from atproto_core.exceptions import AtProtocolError

from webcare.channels.base import (
    AccountConfig,
    Action,
    Budget,
    Capabilities,
    Filled,
    Gap,
    GoneReason,
    Health,
    HealthState,
    Length,
    Permission,
    PollResult,
    RateState,
    Refreshed,
    ReplyTarget,
)
from webcare.channels.explain import Explainer, Refusal, Said, health_state, require, variables
from webcare.channels.transport import (
    CallFailed,
    NetworkSession,
    Redactor,
    json_object,
    moment,
    server_time,
    whole_number,
)
from webcare.channels.walking import (
    Page,
    Place,
    Walk,
    backfill,
    in_order,
    poll_result,
    read_places,
    read_posts,
    walk,
    write_places,
)
from webcare.channels.wording import clean, clean_raw, comparable, identifier, parse_moment
from webcare.domain import Author, Media, Mention, MentionKind, Posted, Reply, ReplyWay
from webcare.errors import (
    AccountDisconnected,
    ChannelError,
    ChannelProtocolError,
    ChannelThrottled,
    ChannelUnavailable,
    DuplicateReply,
    OutcomeUnknown,
    ReplyRejected,
    SettingsError,
    TargetGone,
)

log = logging.getLogger(__name__)

SERVICE = "https://bsky.social"
WEB = "https://bsky.app"
POST, LIKE, GATE = "app.bsky.feed.post", "app.bsky.feed.like", "app.bsky.feed.threadgate"
#: Lexicon app.bsky.feed.post: a text has at most 300 graphemes and 3000 bytes.
LIMIT, LIMIT_BYTES = 300, 3000
#: Lexicon app.bsky.feed.getPosts.
_AT_ONCE = 25
#: The search service pages no deeper (bluesky-social/indigo, "can't paginate so deep").
_SEARCH_SHOWN = 10_000
_READ_BACK_PAGES = 10
_SKEW = timedelta(seconds=30)
_REASONS = ("mention", "reply", "quote")
_LISTEN, _JSON = "listen:", "application/json"
_ENDED = ("ExpiredToken", "InvalidToken")

_BLOCKED = "One of the two accounts blocks the other on Bluesky, so an answer would not be shown."
_CLOSED = "The writer limits who may answer this conversation on Bluesky, and we are not among them."
_ALWAYS = (
    Refusal(ChannelThrottled, "Bluesky asks us to wait before the next request.", statuses=(429,)),
    Refusal(
        AccountDisconnected,
        "Bluesky has closed or paused our account: {said} Sign in on bsky.app to see what it asks for.",
        words=("accounttakedown", "accountdeactivated", "accountsuspended", "could not find user info"),
    ),
    Refusal(
        AccountDisconnected,
        "Bluesky no longer accepts our app password. Make a new one in Bluesky's settings (Privacy and security, App "
        "passwords) and set {keys}.",
        statuses=(401, 403),
    ),
    Refusal(
        AccountDisconnected,
        "Bluesky no longer accepts our session. Make a new app password in Bluesky's settings and set {keys}.",
        words=("invalidtoken", "authmissing", "authfactortokenrequired"),
    ),
    Refusal(
        ChannelUnavailable, "Our session with Bluesky ended; the next request begins one.", words=("expiredtoken",)
    ),
)
_GONE = "The post was deleted or can no longer be seen on Bluesky."
_READING = (
    *_ALWAYS,
    Refusal(TargetGone, _GONE, statuses=(400,), words=("recordnotfound",)),
    Refusal(ChannelProtocolError, "Bluesky did not understand our request: {said}"),
)
_SENDING = (
    *_ALWAYS,
    Refusal(DuplicateReply, "Bluesky says this reply stands there already.", words=("already exist",)),
    Refusal(ReplyRejected, "Bluesky says the reply is too long.", words=("grapheme too big", "string too big")),
    Refusal(
        ChannelUnavailable,
        "Bluesky does not know the address we posted to; check api_base. Nothing was posted.",
        statuses=(404,),
    ),
    Refusal(ReplyRejected, "Bluesky refuses this reply: {said}"),
)
_ACTING = (
    *_ALWAYS,
    Refusal(ChannelUnavailable, "Somebody changed the same thing at the same time; try again.", words=("invalidswap",)),
    Refusal(ReplyRejected, "Bluesky refuses this: {said}"),
)


# --- what Bluesky's values mean: pure ------------------------------------------------------------------


def to_mention(view: Any, *, ours: str) -> Mention:
    """A post as the network shows it. `ours` is our own DID. Raises ValueError saying what is wrong with it."""
    if not isinstance(view, Mapping) or not isinstance(view.get("record"), Mapping):
        raise ValueError("the post has no record")
    uri, record, who = identifier(view.get("uri")), view["record"], _mapping(view.get("author"))
    author = Author(identifier(who.get("did")), clean(who.get("displayName")), clean(who.get("handle")))
    reply = _mapping(record.get("reply"))
    root, parent = (_mapping(reply.get(name)).get("uri") for name in ("root", "parent"))
    return Mention(
        channel="bluesky",
        external_id=uri,
        thread_id=str(root or uri),
        author=author,
        text=_text(record),
        posted_at=_shown_at(view, record),
        kind=MentionKind.REPLY if reply else MentionKind.MENTION,
        parent_id=str(parent) if parent else None,
        url=web_url(uri),
        lang=_lang(record.get("langs")),
        is_ours=author.external_id == ours,
        media=tuple(_media(_mapping(view.get("embed")))),
        raw=clean_raw(dict(view)),
    )


def web_url(uri: str) -> str:
    """Where people see a post. The DID stands in it rather than the handle, because handles change."""
    parts = uri.removeprefix("at://").split("/")
    return f"{WEB}/profile/{parts[0]}/post/{parts[2]}" if len(parts) == 3 else f"{WEB}/profile/{parts[0]}"


def name_of(reply: Reply, repo: str) -> str:
    """The record name of a reply: a TID (13 letters) that is always the same for the same words to the same post."""
    spread = hashlib.sha256("\n".join((repo, reply.target_id, reply.text)).encode("utf-8", "replace")).digest()
    began = _micros(reply.target_id.rpartition("/")[2])
    number = (began + 1 + int.from_bytes(spread[:4]) % 1_000_000) << 10 | int.from_bytes(spread[4:6]) & 0x3FF
    return "".join(_TID[number >> shift & 31] for shift in range(60, -1, -5))


_TID = "234567abcdefghijklmnopqrstuvwxyz"
_SOME_TIME = 1_700_000_000_000_000


def _micros(name: str) -> int:
    """When a record was named, in microseconds since 1970; a fixed time where its name does not say."""
    if len(name) != 13 or name[0] not in _TID[:16] or any(letter not in _TID for letter in name):
        return _SOME_TIME
    number = 0
    for letter in name:
        number = number << 5 | _TID.index(letter)
    return number >> 10


def _shown_at(view: Mapping[str, Any], record: Mapping[str, Any]) -> datetime:
    """The date Bluesky sorts by: when the writer says it was written, but not later than it was first seen."""
    seen = parse_moment(view.get("indexedAt"))
    with suppress(ValueError):
        return min(seen, parse_moment(record.get("createdAt")))
    return seen


def _text(record: Mapping[str, Any]) -> str:
    """The text with the whole addresses of links: a post shows them shortened, or under other words."""
    if not isinstance(record.get("text"), str):
        raise ValueError(f"no text: {record.get('text')!r}"[:200])
    told, end = record["text"].encode("utf-8", "replace"), len(record["text"].encode("utf-8", "replace"))
    for start, stop, uri in sorted(_links(record.get("facets")), reverse=True):
        if 0 <= start < stop <= end:
            shown = told[start:stop].decode(errors="replace")
            bare = shown.removesuffix("...").removesuffix("…")
            whole = uri if bare.removeprefix("https://").removeprefix("http://") in uri else f"{shown} ({uri})"
            told, end = told[:start] + whole.encode("utf-8", "replace") + told[stop:], start
    return clean(told.decode(errors="replace"))


def _links(facets: Any) -> Iterable[tuple[int, int, str]]:
    for facet in facets if isinstance(facets, list) else []:
        index, features = _mapping(_mapping(facet).get("index")), _mapping(facet).get("features")
        start, stop = index.get("byteStart"), index.get("byteEnd")
        uris = [_mapping(one).get("uri") for one in features] if isinstance(features, list) else []
        if type(start) is int and type(stop) is int:
            yield from ((start, stop, uri) for uri in uris[:1] if isinstance(uri, str))


def _media(embed: Mapping[str, Any]) -> Iterable[Media]:
    """What is attached: pictures, a video, a link, a quoted post; by type and address, nothing is fetched."""
    images, external = embed.get("images"), _mapping(embed.get("external"))
    found = [("photo", _mapping(one).get("fullsize")) for one in images] if isinstance(images, list) else []
    found += [("video", embed.get("playlist")), ("link", external.get("uri"))]
    quoted = _mapping(embed.get("record"))
    uri = quoted.get("uri") or _mapping(quoted.get("record")).get("uri")
    found += [("post", web_url(uri) if isinstance(uri, str) else None)]
    yield from (Media(kind, clean(url)) for kind, url in found if isinstance(url, str) and url.startswith("http"))
    if isinstance(embed.get("media"), Mapping):
        yield from _media({**embed["media"], "media": None})


def _lang(langs: Any) -> str | None:
    told = str(langs[0]).partition("-")[0].lower() if isinstance(langs, list) and langs else ""
    return "nb" if told == "no" else told if len(told) == 2 and told.isalpha() else None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _why_closed(view: Mapping[str, Any]) -> str:
    """Why an answer to this post would not be shown; empty where nothing speaks against it."""
    us = _mapping(_mapping(view.get("author")).get("viewer"))
    if us.get("blockedBy") or us.get("blocking") or us.get("blockingByList"):
        return _BLOCKED
    return _CLOSED if _mapping(view.get("viewer")).get("replyDisabled") else ""


def _with_ties(told: Any, asked: str) -> str:
    """The token for the next page of notifications, whose tokens are times.

    The network goes on strictly before that time, and would pass over posts of the same millisecond; a millisecond
    later reads those again. Where that leads back to the same page, its own token is taken.
    """
    if not isinstance(told, str) or not told:
        return ""
    with suppress(ValueError, OverflowError):
        later = _iso(parse_moment(told) + timedelta(milliseconds=1))
        return told if later == asked else later
    return told


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _limits(headers: Mapping[str, str]) -> RateState | None:
    told = [whole_number(headers.get(f"ratelimit-{name}")) for name in ("limit", "remaining", "reset")]
    return None if told == [None, None, None] else RateState(told[0], told[1], moment(told[2]))


def _listen(failure: CallFailed, hide: Callable[[str], str]) -> Said:
    """What Bluesky said about a refusal: the name of the error and its words."""
    words = [clean(failure.payload.get(name)) for name in ("error", "message")]
    wait, retry_at = whole_number(failure.headers.get("retry-after")), None
    if (state := _limits(failure.headers)) and state.reset_at:
        retry_at = state.reset_at
    elif wait is not None:
        retry_at = (server_time(failure.headers) or datetime.now(UTC)) + timedelta(seconds=max(0, wait))
    return Said(failure.status or 0, frozenset(), hide(": ".join(word for word in words if word))[:500], retry_at)


#: Posts of one page, what was announced with them, and the token of the next page.
_Posts = tuple[list[Any], RateState | None, str]


# --- the way to the network ----------------------------------------------------------------------------


class _Wire(RequestBase):  # type: ignore[misc]
    """What atproto sends with: a NetworkSession for the service, and one for the server where the account lives."""

    def __init__(self, config: AccountConfig, service: str) -> None:
        super().__init__()
        self._config, self._service = config, service
        self._sessions: dict[str, NetworkSession] = {}

    def get(self, **call: Any) -> Response:
        """One read. Raises CallFailed for anything but a JSON object."""
        return self._send("GET", **call)

    def post(self, **call: Any) -> Response:
        """One write. Raises CallFailed for anything but a JSON object."""
        return self._send("POST", **call)

    def _send(self, method: str, *, url: str, **call: Any) -> Response:
        parts = urlsplit(url)
        # With a stand-in, everything goes there, whatever address it says the account has.
        origin = self._service if self._config.api_base else f"{parts.scheme}://{parts.netloc}"
        content, headers = call.get("content"), self.get_headers(call.get("headers"))
        given = {"params": call.get("params"), "data": content.encode() if isinstance(content, str) else content}
        answer = self._session(origin).request(method, f"{origin}{parts.path}", headers=headers, **given)
        payload = json_object(answer)
        if payload is None:
            raise CallFailed("no JSON object", status=answer.status_code, headers=answer.headers)
        return Response(True, answer.status_code, payload, answer.headers)

    def _session(self, origin: str) -> NetworkSession:
        if origin not in self._sessions:
            if not origin.startswith("https://"):
                raise CallFailed("the account's server has no https address", never_left=True)
            config = self._config
            self._sessions[origin] = NetworkSession(
                origin=origin, api_base=config.api_base, timeout_s=config.timeout_s, secrets=config.secrets.values()
            )
        return self._sessions[origin]


class Bluesky:
    """One account on Bluesky, signed in with an app password.

    Options: `service` (where the account signs in, https://bsky.social), `listen` (searches whose posts are collected
    too), `backfill_min` (minutes to look back at the first start, 0), `read_own` (false: do not read our own posts).
    """

    name: ClassVar[str] = "bluesky"
    title: ClassVar[str] = "Bluesky"
    capabilities: ClassVar[Capabilities] = Capabilities(
        actions=frozenset(Action), parts=5, refresh=_AT_ONCE, backfill=True, settle_s=10.0, takes_once=True
    )
    secret_names: ClassVar[tuple[str, ...]] = ("app_password",)

    def __init__(self, config: AccountConfig) -> None:
        """Build it without a network call. Raises SettingsError."""
        require(config, self.secret_names, title=self.title)
        if not config.external_id.startswith("did:"):
            raise SettingsError(f"accounts.{config.key}.external_id must be the account's DID, as did:plc:...")
        self._config, self._did = config, config.external_id
        self._service = _service(config)
        self._searches = _searches(config)
        self._backfill = backfill(config)
        self._client: Client | None = None
        self._signing_in = threading.Lock()
        self._heard = threading.local()
        self._redactor = Redactor(config.secrets.values())
        self._explain = Explainer(
            title=self.title,
            keys=variables(config, self.secret_names),
            listen=lambda failure: _listen(failure, self._redactor.hide),
            reading=_READING,
            sending=_SENDING,
        )
        self._read = partial(read_posts, read=partial(to_mention, ours=self._did))

    @classmethod
    def connect(cls, config: AccountConfig) -> Bluesky:
        """Build the channel without a network call. Raises SettingsError for a missing id or secret."""
        return cls(config)

    @classmethod
    def length(cls, text: str, way: ReplyWay = ReplyWay.PUBLIC) -> Length:
        """Count what people see as characters; very long ones count more, because bytes are limited too."""
        text = text.strip()
        used, size = len(regex.findall(r"\X", text)), len(text.encode("utf-8", "replace"))
        return Length(used if size <= LIMIT_BYTES else max(used, -(-size * LIMIT // LIMIT_BYTES)), LIMIT)

    # --- reading ----------------------------------------------------------------------------------

    def poll(self, cursor: str | None, budget: Budget) -> PollResult:
        """Read who named, answered or quoted us, our own posts, and what our searches find."""
        if cursor is None:
            self._still_open()
            places = {"mentions": Place.start(self._now() - self._backfill)}
            if not self._backfill:
                return PollResult((), write_places(places))
        else:
            places = read_places(cursor)
        if "mentions" not in places:
            raise ChannelProtocolError("The stored place of this account is not one of Bluesky.")
        start = Place.start(places["mentions"].since)
        lists = ["mentions", *(["own"] if self._config.options.get("read_own", True) else []), *self._searches]
        walks, troubles = {}, {}
        for name in lists:
            if name in budget.closed:
                continue
            try:
                walks[name] = self._walk(name, places.get(name) or start, budget)
            except ChannelError as error:
                if name == "mentions":
                    raise
                # Our own posts and searches are good to have; that they cannot be read must not cost the mentions.
                troubles[name] = str(error)
        if troubles:
            # To an account that was closed the network shows empty lists, as if nobody said anything.
            with suppress(ChannelThrottled, ChannelUnavailable, ChannelProtocolError):
                self._still_open()
        kept = {name: place for name, place in places.items() if name in lists}
        return replace(poll_result(kept, walks), troubles=troubles)

    def refresh(self, external_ids: Sequence[str]) -> Refreshed:
        """Look posts up again. One that is not shown is gone where its writer's server says so too."""
        asked = [one for one in external_ids if one.startswith("at://")][:_AT_ONCE]
        if not asked:
            return Refreshed()
        posts = _list(self._ask("app.bsky.feed.getPosts", uris=asked), "posts")
        rates = {"refresh": rate} if (rate := _limits(self._headers)) else {}
        mentions, bad = self._read(posts)
        if bad:
            log.warning("%s: %s posts could not be read again: %s", self._config.key, len(bad), bad[0].error)
        shown = {str(_mapping(one).get("uri")) for one in posts}
        missing = {uri: self._why_gone(uri) for uri in asked if uri not in shown}
        return Refreshed(tuple(mentions), {uri: why for uri, why in missing.items() if why}, rates)

    def backfill(self, gap: Gap, token: str, budget: Budget) -> Filled:
        """Read a stretch again, newest first. Raises ChannelError."""
        source = gap.source or "mentions"
        if source not in ("mentions", "own", *self._searches):
            return Filled(left=(replace(gap, reason=f"{gap.reason}; it is no longer listened to"),))
        if source == "mentions" and not token:
            token = _iso(gap.until + timedelta(milliseconds=1))
        place = replace(Place.start(gap.since), top=gap.until)
        pages: list[Page] = []
        for _ in range(budget.max_pages):
            pages.append(self._page(source, place, token, budget.page_size))
            asked, token = token, pages[-1].next_token
            if not token or (pages[-1].mentions and pages[-1].mentions[-1].posted_at < gap.since):
                token = ""
                break
        shown = {one.external_id: one for page in pages for one in page.mentions}
        wanted = [one for one in shown.values() if gap.since <= one.posted_at <= gap.until]
        oldest = min((one.posted_at for one in wanted), default=gap.until)
        left: tuple[Gap, ...] = ()
        if not token and source in self._searches and _is_deep(asked, budget.page_size) and gap.since < oldest:
            left = (replace(gap, until=oldest, reason=f"a search shows no more than {_SEARCH_SHOWN} posts"),)
        return Filled(
            tuple(sorted(wanted, key=lambda one: one.posted_at, reverse=True)),
            token,
            tuple(post for page in pages for post in page.bad),
            left,
            {source: rate} if (rate := pages[-1].rate) else {},
        )

    def _walk(self, name: str, place: Place, budget: Budget) -> Walk:
        size = min(100, budget.page_size)
        shown = _SEARCH_SHOWN if name in self._searches else 0
        fetch = partial(self._page, name, size=size)
        return walk(fetch, place, now=self._now, max_pages=budget.max_pages, page_size=size, history=shown)

    def _still_open(self) -> dict[str, Any]:
        """The session as our own server sees it. Raises ChannelError, AccountDisconnected for a closed account."""
        session = self._ask("com.atproto.server.getSession")
        if session.get("active") is False:
            raise AccountDisconnected(
                "Bluesky has closed or paused our account ({why}). Sign in on bsky.app to see what it asks for.",
                why=clean(session.get("status")) or "no reason given",
            )
        return session

    def _page(self, name: str, place: Place, token: str, size: int) -> Page:
        """One page of one of the account's lists. Raises ChannelError."""
        size = min(100, size)
        if name == "mentions":
            posts, rate, token = self._mentions_page(token, size)
        elif name == "own":
            posts, rate, token = self._own_page(token, size)
        else:
            posts, rate, token = self._search_page(name, place, token, size)
        mentions, bad = self._read(posts)
        return Page(tuple(mentions), tuple(bad), token, rate)

    def _mentions_page(self, token: str, size: int) -> _Posts:
        # Without `priority` some accounts are only shown the people they follow.
        told = {"reasons": _REASONS, "priority": "false", "limit": size, "cursor": token or None}
        payload = self._ask("app.bsky.notification.listNotifications", **told)
        rate = _limits(self._headers)
        return self._whole(_list(payload, "notifications")), rate, _with_ties(payload.get("cursor"), token)

    def _own_page(self, token: str, size: int) -> _Posts:
        told = {"actor": self._did, "filter": "posts_with_replies", "limit": size, "cursor": token or None}
        payload = self._ask("app.bsky.feed.getAuthorFeed", **told)
        # What carries a reason stands there for another time than its own: a repost, a pinned post.
        items = [one for one in map(_mapping, _list(payload, "feed")) if not one.get("reason")]
        return [one.get("post") for one in items], _limits(self._headers), clean(payload.get("cursor"))

    def _search_page(self, name: str, place: Place, token: str, size: int) -> _Posts:
        told = {"q": self._searches[name], "sort": "latest", "since": _iso(place.floor), "limit": size}
        if place.top and not place.unfinished:
            told["until"] = _iso(place.top)
        payload = self._ask("app.bsky.feed.searchPosts", cursor=token or None, **told)
        further = "" if _is_deep(token, size) else clean(payload.get("cursor"))
        return _list(payload, "posts"), _limits(self._headers), further

    def _whole(self, notifications: list[Any]) -> list[Any]:
        """Notifications as posts: with what is attached, and with who may answer, where the network shows that too."""
        uris = [str(_mapping(one).get("uri")) for one in notifications]
        views: dict[str, Mapping[str, Any]] = {}
        asked = [one for one in dict.fromkeys(uris) if one.startswith("at://")]
        try:
            for start in range(0, len(asked), _AT_ONCE):
                posts = _list(self._ask("app.bsky.feed.getPosts", uris=asked[start : start + _AT_ONCE]), "posts")
                views |= {str(_mapping(one).get("uri")): _mapping(one) for one in posts}
        except (ChannelUnavailable, ChannelProtocolError) as error:
            log.warning("%s: posts are kept without their attachments: %s", self._config.key, error)
        return [
            {**one, **views.get(uri, {}), "indexedAt": one.get("indexedAt")} if isinstance(one, Mapping) else one
            for uri, one in zip(uris, notifications, strict=True)
        ]

    def _why_gone(self, uri: str) -> GoneReason | None:
        """Why a post is not shown, by its record; None where the record stands there or nobody can say."""
        try:
            self._record(uri)
        except TargetGone:
            return GoneReason.DELETED
        except ChannelThrottled:
            raise
        except ChannelError as error:
            said = str(error).lower()
            return GoneReason.SUSPENDED if "could not find repo" in said or "takendown" in said else None
        return None

    # --- answering --------------------------------------------------------------------------------

    def can_reply(self, target: ReplyTarget, way: ReplyWay = ReplyWay.PUBLIC) -> Permission:
        """Apply what is known of the post, without asking Bluesky."""
        url = web_url(target.external_id) if target.external_id.startswith("at://") else f"{WEB}/messages"
        if way is ReplyWay.PRIVATE or target.kind is MentionKind.DIRECT_MESSAGE:
            return Permission(False, "Direct messages on Bluesky cannot be answered here.", f"{WEB}/messages")
        if target.gone:
            return Permission(False, _GONE, url)
        if why := _why_closed(target.raw):
            return Permission(False, why, url)
        return Permission(True)

    def send(self, reply: Reply) -> Posted:
        """Post one answer. Raises ChannelError; OutcomeUnknown whenever it may stand there."""
        if reply.kind is MentionKind.DIRECT_MESSAGE or reply.way is ReplyWay.PRIVATE or reply.attachments:
            raise ReplyRejected("Direct messages and attachments cannot be sent to Bluesky here.")
        parent = self._post(reply.target_id)
        if why := _why_closed(parent):
            # The network would take it and show it to nobody.
            raise ReplyRejected(why)
        here = {"uri": parent["uri"], "cid": parent["cid"]}
        root = _mapping(_mapping(parent["record"].get("reply")).get("root")) or here
        facets, at = self._facets(reply.text), self._now()
        record: dict[str, Any] = {"$type": POST, "createdAt": _iso(at), "text": reply.text}
        record |= {"reply": {"root": root, "parent": here}} | ({"facets": facets} if facets else {})
        try:
            made = self._write("createRecord", POST, name_of(reply, self._did), record=record)
            uri = identifier(made.get("uri"))
        except CallFailed as failure:
            self._forget_session(failure)
            raise self._explain.send_error(failure) from failure
        except ValueError as error:
            raise OutcomeUnknown("Bluesky answered our post with something we cannot read.") from error
        return Posted(uri, at, web_url(uri))

    def verify_sent(self, reply: Reply, *, since: datetime) -> tuple[Posted, ...]:
        """Look for `reply` under its own name, and through our newest posts. Raises ChannelError when that failed."""
        found: dict[str, Mention] = {}
        with suppress(TargetGone):
            own = self._record(f"at://{self._did}/{POST}/{name_of(reply, self._did)}")
            view = {"uri": own.get("uri"), "record": own.get("value"), "author": {"did": self._did}}
            written = _mapping(own.get("value")).get("createdAt")
            found |= {one.external_id: one for one in self._read([{**view, "indexedAt": written}])[0]}
        place, token = Place.start(since - _SKEW), ""
        for _ in range(_READ_BACK_PAGES):
            page = self._page("own", place, token, 100)
            found |= {one.external_id: one for one in page.mentions if one.posted_at >= place.since}
            token = page.next_token
            if not token or (page.mentions and page.mentions[-1].posted_at < place.since):
                break
        else:
            raise ChannelUnavailable("We posted too much on Bluesky since to say whether the reply stands there.")
        same = in_order(one for one in found.values() if _is(one, reply))
        return tuple(Posted(one.external_id, one.posted_at, one.url) for one in same)

    def act(self, action: Action, external_id: str) -> None:
        """Do it to one post; may be repeated safely. Raises ChannelError."""
        try:
            match action:
                case Action.LIKE | Action.UNLIKE:
                    self._like(external_id, wanted=action is Action.LIKE)
                case Action.HIDE | Action.UNHIDE:
                    self._hide(external_id, wanted=action is Action.HIDE)
                case Action.DELETE:
                    self._delete(external_id)
        except CallFailed as failure:
            self._forget_session(failure)
            raise replace(self._explain, reading=_ACTING).read_error(failure) from failure

    def health(self) -> Health:
        """Ask Bluesky who we are."""
        try:
            session = self._still_open()
        except ChannelError as error:
            return Health(health_state(error), str(error))
        found, handle = clean(session.get("did")), clean(session.get("handle"))
        if not found:
            return Health(HealthState.UNREACHABLE, "Bluesky did not say who we are.")
        if found != self._did:
            message = f"The app password belongs to @{handle} ({found}), not to the account {self._did}."
            return Health(HealthState.DISCONNECTED, message, found, handle)
        return Health(HealthState.OK, f"Signed in as @{handle}.", found, handle)

    def _like(self, uri: str, *, wanted: bool) -> None:
        post = self._post(uri)
        like = _mapping(post.get("viewer")).get("like")
        if wanted and not like:
            record = {"$type": LIKE, "createdAt": _iso(self._now()), "subject": {"uri": uri, "cid": post["cid"]}}
            self._write("createRecord", LIKE, None, record=record)
        elif like and not wanted:
            self._write("deleteRecord", LIKE, str(like).rpartition("/")[2])

    def _hide(self, uri: str, *, wanted: bool) -> None:
        """Hide an answer in a thread that we began: the thread's gate is ours, and names what is hidden."""
        root = _mapping(_mapping(self._post(uri)["record"].get("reply")).get("root")).get("uri")
        if not isinstance(root, str) or not root.startswith(f"at://{self._did}/"):
            raise ReplyRejected("On Bluesky only answers under our own posts can be hidden.")
        name, before = root.rpartition("/")[2], {}
        with suppress(TargetGone):
            before = self._record(f"at://{self._did}/{GATE}/{name}")
        gate = dict(_mapping(before.get("value"))) or {"$type": GATE, "createdAt": _iso(self._now()), "post": root}
        hidden = gate.get("hiddenReplies")
        hidden = [one for one in hidden if one != uri] if isinstance(hidden, list) else []
        gate["hiddenReplies"] = [*hidden, uri] if wanted else hidden
        if gate != before.get("value"):
            self._write("putRecord", GATE, name, record=gate, swapRecord=before.get("cid"))

    def _delete(self, uri: str) -> None:
        repo, _, name = uri.removeprefix("at://").partition(f"/{POST}/")
        if repo != self._did or not name:
            raise ReplyRejected("Only posts of our own can be deleted on Bluesky.")
        self._write("deleteRecord", POST, name)

    def _post(self, uri: str) -> dict[str, Any]:
        """One post as the network shows it. Raises ChannelError, TargetGone."""
        shown = _list(self._ask("app.bsky.feed.getPosts", uris=[uri]), "posts")
        found = _mapping(shown[0]) if shown else {}
        if not shown and uri.startswith(f"at://{self._did}/"):
            # The network learns of our own posts seconds later than our own server.
            own = self._record(uri)
            found = {"cid": own.get("cid"), "record": own.get("value")}
        elif not shown:
            raise TargetGone(_GONE)
        if not isinstance(found.get("cid"), str) or not isinstance(found.get("record"), Mapping):
            raise ChannelProtocolError("Bluesky answered with a post that we cannot read.")
        return {**found, "uri": uri}

    def _record(self, uri: str) -> dict[str, Any]:
        """A record by its address. Raises ChannelError, TargetGone."""
        repo, collection, name = (*uri.removeprefix("at://").split("/"), "", "")[:3]
        return self._ask("com.atproto.repo.getRecord", repo=repo, collection=collection, rkey=name)

    def _facets(self, text: str) -> list[dict[str, Any]]:
        """What of a text is a link, a tag or somebody's name. A name that nobody has stays plain text."""
        found = [one.model_dump(exclude_none=True, by_alias=True) for one in detect_facets(text)]
        for name in detect_mentions(text):
            try:
                did = self._ask("com.atproto.identity.resolveHandle", handle=name.handle.lower()).get("did")
            except (ChannelUnavailable, ChannelProtocolError, TargetGone) as error:
                log.info("%s: a name in a reply stays plain text: %s", self._config.key, error)
                continue
            feature = {"$type": "app.bsky.richtext.facet#mention", "did": did}
            index = {"byteStart": name.byte_start, "byteEnd": name.byte_end}
            found.append({"$type": "app.bsky.richtext.facet", "index": index, "features": [feature]})
        return sorted(found, key=lambda facet: int(facet["index"]["byteStart"]))

    # --- asking Bluesky ---------------------------------------------------------------------------

    def _ask(self, method: str, **params: Any) -> dict[str, Any]:
        """One read; where our session turns out to have ended, a new one asks it. Raises ChannelError."""
        asked = DotDict({name: value for name, value in params.items() if value is not None})
        try:
            try:
                return self._call(method, lambda client: client.invoke_query(method, params=asked))
            except CallFailed as failure:
                if not self._forget_session(failure):
                    raise
                return self._call(method, lambda client: client.invoke_query(method, params=asked))
        except CallFailed as failure:
            raise self._explain.read_error(failure) from failure

    def _write(self, verb: str, collection: str, name: str | None, **more: Any) -> dict[str, Any]:
        """One change of our own records. Raises CallFailed."""
        method, body = f"com.atproto.repo.{verb}", {"repo": self._did, "collection": collection, "rkey": name, **more}
        given = DotDict({key: value for key, value in body.items() if value is not None})
        return self._call(method, lambda client: client.invoke_procedure(method, data=given, input_encoding=_JSON))

    def _call(self, method: str, ask: Callable[[Client], Response]) -> dict[str, Any]:
        answer = ask(self._signed_in())
        self._heard.headers = answer.headers
        return dict(answer.content) if isinstance(answer.content, Mapping) else {}

    def _signed_in(self) -> Client:
        """The client with its session, which is kept: a data server takes 30 sign-ins in five minutes. CallFailed."""
        with self._signing_in:
            if self._client is None:
                client = Client(self._service, request=_Wire(self._config, self._service))
                client.on_session_change(self._remember)
                try:
                    client.login(self._did, self._config.secrets["app_password"], fetch_bsky_profile=False)
                except (AtProtocolError, ValueError, TypeError, KeyError, AttributeError) as error:
                    raise CallFailed("no session", status=200) from error
                self._client = client
            return self._client

    def _remember(self, event: SessionEvent, session: Session) -> None:
        """The session's tokens are secrets too. Raises ValueError for a session that says no end."""
        self._redactor = Redactor((*self._config.secrets.values(), session.access_jwt, session.refresh_jwt))
        if not session.access_jwt_payload.exp:
            raise ValueError("a session without an end")

    def _forget_session(self, failure: CallFailed) -> bool:
        """Whether the network refused our session; the next request then signs in again."""
        if failure.payload.get("error") not in _ENDED:
            return False
        self._client = None
        return True

    @property
    def _headers(self) -> Mapping[str, str]:
        """The headers of the last answer that this thread received."""
        return getattr(self._heard, "headers", {})

    def _now(self) -> datetime:
        """The present by the network's own clock, as of the last answer."""
        return server_time(self._headers) or datetime.now(UTC)


def _list(payload: Mapping[str, Any], name: str) -> list[Any]:
    """The list an answer holds. Raises ChannelProtocolError for an answer without one: it is never "nothing new"."""
    if not isinstance(payload.get(name), list):
        raise ChannelProtocolError("Bluesky answered without a list of {name}.", name=name)
    return list(payload[name])


def _is_deep(token: str, size: int) -> bool:
    return token.isdecimal() and int(token) + size >= _SEARCH_SHOWN


def _is(mention: Mention, reply: Reply) -> bool:
    """Whether this post of ours is `reply`: to the same post, in the same words."""
    written = clean(_mapping(mention.raw.get("record")).get("text"))
    return mention.is_ours and mention.parent_id == reply.target_id and comparable(written) == comparable(reply.text)


def _service(config: AccountConfig) -> str:
    service = str(config.options.get("service") or SERVICE).rstrip("/")
    if not service.startswith("https://") or urlsplit(service).path:
        raise SettingsError(f"accounts.{config.key}.options.service must be an address like {SERVICE}.")
    return service


def _searches(config: AccountConfig) -> dict[str, str]:
    """What is listened to, by the name of its list. Raises SettingsError."""
    told = config.options.get("listen", [])
    told = [told] if isinstance(told, str) else told
    if not isinstance(told, list) or not all(isinstance(one, str) and one.strip() for one in told):
        raise SettingsError(f"accounts.{config.key}.options.listen must be a list of searches, each some words.")
    return {f"{_LISTEN}{one.strip()}": one.strip() for one in told}
