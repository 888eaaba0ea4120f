"""Mastodon, and servers that speak its API, through Mastodon.py: what a status means, how lists are read and written.

Of the library only the requests are used: its reading of answers raises for odd headers after a post was taken, and its
waiting would hold up a job. Statuses reach us from many servers, late and out of order by date; so lists are read in
the order in which our own server got them.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, ClassVar

import regex
import requests
from mastodon import Mastodon as Client

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
from webcare.channels.climbing import (
    Batch,
    Climb,
    Entry,
    Position,
    begin,
    climb,
    descend,
    order,
    poll_result,
    read_positions,
)
from webcare.channels.explain import Explainer, Refusal, Said, health_state, require, variables
from webcare.channels.markup import plain_text
from webcare.channels.transport import CallFailed, NetworkSession, checked_base, moment, server_time, whole_number
from webcare.channels.walking import backfill as looking_back
from webcare.channels.walking import bad_post
from webcare.channels.wording import clean, clean_raw, comparable, identifier, parse_moment
from webcare.domain import Author, Media, Mention, MentionKind, Posted, Reply, ReplyWay
from webcare.errors import (
    AccountDisconnected,
    ChannelError,
    ChannelProtocolError,
    ChannelThrottled,
    ChannelUnavailable,
    OutcomeUnknown,
    ReplyRejected,
    SettingsError,
    TargetGone,
)

log = logging.getLogger(__name__)

#: What Mastodon takes where an operator did not change it; a link of any length counts as 23.
LIMIT = 500
_LINK = 23
#: Longest pages the server gives; it silently cuts what asks for more.
_PAGES = {"notifications": 80}
_PAGE = 40
#: From the widest to the narrowest circle of readers; whatever else a server knows ("limited", "local") counts as last.
_CIRCLES = ("public", "unlisted", "private", "direct")
#: Rights of a token, by Mastodon's names, without which a desk cannot work.
_RIGHTS = ("read:accounts", "read:notifications", "read:statuses", "write:statuses", "write:favourites")
_ROOTS_KEPT = 20_000
#: Polls in a row that ask for one thread before its answers are held together by what they answer alone.
_THREAD_TRIES = 3
_READ_BACK_PAGES = 10
_SKEW = timedelta(seconds=30)

_URL = re.compile(r"(?i)\bhttps?://[^\s<>\"]*[^\s<>\"'.,;:!?()\[\]{}]")
_NAME = re.compile(r"(?<![\w/@])@(\w+)(?:@[\w.-]+\w)?")
_LEADING = re.compile(r"^(?:@\w+(?:[.-]\w+)*(?:@[\w.-]+)?\s+)+")
_HASHTAG = re.compile(r"\w*[^\W\d]\w*")
_ID = re.compile(r"[\w-]{1,64}")

_ALWAYS = (
    Refusal(
        AccountDisconnected,
        "{title} no longer accepts our token. Make a new one under Preferences, Development, and set {keys}.",
        statuses=(401,),
    ),
    Refusal(ChannelThrottled, "{title} asks us to wait before the next request.", statuses=(429,)),
    Refusal(
        AccountDisconnected,
        "Our token lacks a right on {title}: {said} Give the application read and write rights and set {keys} anew.",
        statuses=(403,),
        words=("outside the authorized scopes",),
    ),
    Refusal(
        AccountDisconnected,
        "{title} has closed our account: {said} Sign in there to see what it asks for.",
        statuses=(403,),
        words=("login is currently disabled", "account is suspended", "pending approval", "confirmed e-mail"),
    ),
)
READING = (
    *_ALWAYS,
    Refusal(AccountDisconnected, "{title} does not let us read this: {said}", statuses=(403,)),
    Refusal(ChannelProtocolError, "{title} did not understand our request: {said}"),
)
#: About one post: a proxy's own 404 names no record, and nothing may count as deleted because of it.
POST = (
    *_ALWAYS,
    Refusal(TargetGone, "This post was deleted or we may no longer see it.", (404, 410), words=("not found", "record")),
    Refusal(ChannelProtocolError, "{title} does not know the address we asked; check instance and api_base.", (404,)),
    Refusal(ReplyRejected, "{title} does not allow this: {said}", statuses=(403, 422)),
    Refusal(ChannelProtocolError, "{title} did not understand our request: {said}"),
)
SENDING = (
    *_ALWAYS,
    Refusal(
        TargetGone,
        "The post you answer was deleted or can no longer be seen.",
        statuses=(404, 410, 422),
        words=("reply to does not", "record not found"),
    ),
    Refusal(ChannelUnavailable, "{title} does not know the address we posted to; check api_base.", (404,)),
    Refusal(ReplyRejected, "{title} says the reply is too long.", words=("character limit", "too long")),
    Refusal(ReplyRejected, "{title} refuses this reply: {said}"),
)


# --- what a status means ------------------------------------------------------------------------------------


def to_mention(status: Any, *, ours: str, thread: str, web: str) -> Mention:
    """One status. `ours` is our account's id, `web` our server's address. Raises ValueError saying what is wrong."""
    if not isinstance(status, Mapping) or not isinstance(status.get("account"), Mapping):
        raise ValueError("the status is not an object with an account")
    external_id, writer = identifier(status.get("id")), status["account"]
    author_id, handle = identifier(writer.get("id")), clean(writer.get("acct"))
    parent, is_ours = status.get("in_reply_to_id"), author_id == ours
    return Mention(
        channel="mastodon",
        external_id=external_id,
        thread_id=thread,
        parent_id=identifier(parent) if parent else None,
        author=Author(author_id, clean(writer.get("display_name")) or clean(writer.get("username")), handle),
        text=text_of(status, named=not (is_ours and parent)),
        posted_at=parse_moment(status.get("created_at")),
        kind=_kind(status),
        url=post_url(external_id, handle, web),
        lang=_lang(status.get("language")),
        is_ours=is_ours,
        is_repost=isinstance(status.get("reblog"), Mapping),
        media=tuple(_media(status)),
        raw=clean_raw(dict(status)),
    )


def text_of(status: Mapping[str, Any], *, named: bool = True) -> str:
    """What people read: the content warning, the words with their links, a poll's choices. Shortcodes stay as written.

    `named=False` leaves out the names in front, which an answer only has so that the people are told.
    """
    warning, poll = clean(status.get("spoiler_text")).strip(), status.get("poll")
    titles = [clean(one.get("title")) for one in _objects(poll.get("options") if isinstance(poll, Mapping) else None)]
    words = words_of(status)
    parts = [f"CW: {warning}" if warning else "", words if named else without_names(words)]
    return "\n\n".join(part for part in [*parts, "\n".join(f"- {title}" for title in titles if title)] if part)


def words_of(status: Mapping[str, Any]) -> str:
    """The words of a status as plain text. Raises ValueError when it has none to read."""
    content = status.get("content")
    if not isinstance(content, str):
        raise ValueError(f"no text: {content!r}"[:200])
    return clean(plain_text(content, named=_is_name))


def without_names(text: str) -> str:
    """A reply without the names in front of it, which are there only so that the people are told."""
    return _LEADING.sub("", text.lstrip() + " ").strip() if text.lstrip().startswith("@") else text


def post_url(external_id: str, handle: str, web: str) -> str:
    """Where our own people see the post, signed in at their own server."""
    return f"{web}/@{handle}/{external_id}" if handle else f"{web}/web/statuses/{external_id}"


def readers_of(target: Mapping[str, Any], *, ours: str) -> dict[str, str]:
    """Whom a reply must name so that they are told, by id: the writer, or under a post of ours those it named."""
    writer = target.get("account")
    if isinstance(writer, Mapping) and str(writer.get("id")) != ours:
        people = [writer]
    else:
        people = [one for one in _objects(target.get("mentions")) if str(one.get("id")) != ours]
    return {str(one.get("id")): clean(one.get("acct")) for one in people if one.get("acct")}


def circle_of(status: Mapping[str, Any]) -> str:
    """Who may read it: one of four circles; one we do not know counts as the narrowest."""
    found = status.get("visibility")
    return found if found in _CIRCLES else _CIRCLES[-1]


def narrower(*circles: str) -> str:
    """The narrowest of these circles of readers."""
    return max(circles, key=_CIRCLES.index)


def characters(text: str) -> int:
    """How long a status is by Mastodon's rule: graphemes after NFC, links as 23, names without their server."""
    text = unicodedata.normalize("NFC", text).strip()
    text = _NAME.sub(r"@\1", _URL.sub("x" * _LINK, text))
    return len(text) if text.isascii() else sum(1 for _ in regex.finditer(r"\X", text))


def _same(text: str) -> str:
    """The form in which a reply and its copy on the network are equal; servers shorten the names in it."""
    return comparable(_NAME.sub(r"@\1", without_names(unicodedata.normalize("NFC", text))))


def _kind(status: Mapping[str, Any]) -> MentionKind:
    if circle_of(status) == "direct":
        return MentionKind.DIRECT_MESSAGE
    return MentionKind.REPLY if status.get("in_reply_to_id") else MentionKind.MENTION


def _is_name(link: Mapping[str, str]) -> bool:
    return not {"mention", "hashtag"}.isdisjoint(link.get("class", "").split())


def _media(status: Mapping[str, Any]) -> Iterable[Media]:
    for one in _objects(status.get("media_attachments")):
        url = clean(one.get("url") or one.get("remote_url") or one.get("preview_url"))
        if url.startswith(("https://", "http://")):
            yield Media(clean(one.get("type")) or "unknown", url)


def _lang(value: object) -> str | None:
    lang = value.lower().partition("-")[0] if isinstance(value, str) else ""
    return "nb" if lang == "no" else lang if len(lang) == 2 and lang.isalpha() else None


# --- what the server says ---------------------------------------------------------------------------------


def listen(failure: CallFailed, hide: Callable[[str], str]) -> Said:
    """What the server said about a refusal; `hide` takes secrets out of its words."""
    words = [failure.payload.get(name) for name in ("error", "error_description")]
    said = " ".join(clean(word) for word in words if isinstance(word, str))[:500]
    limits, wait = announced_limits(failure.headers), whole_number(failure.headers.get("retry-after"))
    retry_at = limits.reset_at if limits else None
    if retry_at is None and wait is not None:
        retry_at = (server_time(failure.headers) or datetime.now(UTC)) + timedelta(seconds=max(0, wait))
    return Said(failure.status or 0, frozenset(), hide(said), retry_at)


def announced_limits(headers: Mapping[str, str]) -> RateState | None:
    """The window that the headers describe, None without them. Its end is a date, or seconds on GoToSocial."""
    limit, remaining = (whole_number(headers.get(f"x-ratelimit-{part}")) for part in ("limit", "remaining"))
    told = headers.get("x-ratelimit-reset")
    try:
        reset: datetime | None = parse_moment(told)
    except ValueError:
        reset = moment(whole_number(told))
    return None if limit is None and remaining is None and reset is None else RateState(limit, remaining, reset)


def _with_filtered(params: dict[str, Any]) -> dict[str, Any]:
    """Ask for what the server would hold back: messages of strangers are what a desk is for.

    Mastodon.py has no parameter for it in the plain list of notifications.
    """
    return {**params, "include_filtered": "true"} if "types[]" in params else params


class Mastodon:
    """One account on one server.

    Options: `instance` (the server, where `handle` does not end in it), `hashtags` (listened to besides),
    `visibility` (the widest circle of our public answers: "public" or "unlisted"), `quotes` (false: only mentions),
    `read_own` (false: do not read our own statuses), `backfill_min` (minutes to look back at the first start, 0).
    """

    name: ClassVar[str] = "mastodon"
    title: ClassVar[str] = "Mastodon"
    capabilities: ClassVar[Capabilities] = Capabilities(
        reply_private=True,
        actions=frozenset({Action.LIKE, Action.UNLIKE, Action.DELETE}),
        parts=4,
        takes_once=True,
        refresh=20,
        backfill=True,
    )
    secret_names: ClassVar[tuple[str, ...]] = ("access_token",)

    def __init__(self, config: AccountConfig) -> None:
        """Build it without a network call. Raises SettingsError."""
        require(config, self.secret_names, title=self.title)
        self._config, self._ours, self._web = config, config.external_id.strip(), _instance(config)
        self._tags = _hashtags(config)
        self._widest = _one_of(config, "visibility", ("public", "unlisted"))
        self._types = ["mention", "quote"] if config.options.get("quotes", True) else ["mention"]
        self._look_back = looking_back(config)
        self._reader = _client(config, self._web, config.timeout_s)
        # A reply takes two requests, which together must end within the account's time limit.
        self._writer = _client(config, self._web, config.timeout_s / 2)
        keys, hide = variables(config, self.secret_names), self._session(self._reader).redactor.hide
        said = partial(listen, hide=hide)
        self._lists = Explainer(self.title, keys, said, READING, SENDING)
        self._posts = Explainer(self.title, keys, said, POST, SENDING)
        self._roots: dict[str, str] = {}
        self._noticed: dict[str, str] = {}
        self._failed: Counter[str] = Counter()
        self._told: set[str] = set()

    @classmethod
    def connect(cls, config: AccountConfig) -> Mastodon:
        """Build the channel without a network call. Raises SettingsError for a missing id, server or secret."""
        return cls(config)

    @classmethod
    def length(cls, text: str, way: ReplyWay = ReplyWay.PUBLIC) -> Length:
        """Count by Mastodon's usual rule. The name in front of a reply comes on top; `send` counts it."""
        return Length(characters(text), LIMIT)

    # --- collecting -----------------------------------------------------------------------------------

    def poll(self, cursor: str | None, budget: Budget) -> PollResult:
        """Read who mentioned us, our own statuses so that answers given elsewhere are known, and the hashtags."""
        if cursor is None:
            self._who_we_are()
        positions = {} if cursor is None else read_positions(cursor)
        if cursor is not None and "notifications" not in positions:
            raise ChannelProtocolError("The stored place of this account is not one of Mastodon.")
        climbs: dict[str, Climb] = {}
        gaps: list[Gap] = []
        troubles: dict[str, str] = {}
        for name in self._watched():
            if name in budget.closed and (name in positions or name != "notifications"):
                continue
            try:
                if name not in positions:
                    positions[name], lost = self._begin(name, budget)
                    gaps += lost
                if cursor is not None or self._look_back:
                    climbs[name] = self._climb(name, positions[name], budget)
            except ChannelError as error:
                if name == "notifications":
                    raise
                # What else we listen to must not cost the mentions.
                troubles[name] = str(error)
                self._tell(name, error)
        return poll_result(positions, climbs, gaps=gaps, troubles=troubles)

    def backfill(self, gap: Gap, token: str, budget: Budget) -> Filled:
        """Read a stretch of one list again, downwards. `token` is the id to go on below."""
        name = gap.source or "notifications"
        if name not in self._watched():
            return Filled(left=(gap,))
        if token and not _ID.fullmatch(token):
            raise ChannelProtocolError("The place where this backfill should go on cannot be read.")
        return descend(partial(self._below, name), replace(gap, source=name), token, budget)

    def refresh(self, external_ids: Sequence[str]) -> Refreshed:
        """Look posts up again: together, and each that is missing from the answer by itself."""
        wanted = [one for one in dict.fromkeys(external_ids) if _ID.fullmatch(one)]
        if not wanted:
            return Refreshed()
        found = self._together(wanted)
        rate = announced_limits(self._session(self._reader).answer.headers) if found else None
        mentions: list[Mention] = []
        gone: dict[str, GoneReason] = {}
        try:
            for external_id in wanted:
                self._refresh_one(external_id, found.get(external_id), mentions, gone)
        except ChannelError:
            # What is known by now counts; the others could not be looked up this time.
            if not mentions and not gone:
                raise
        return Refreshed(tuple(mentions), gone, {"statuses": rate} if rate else {})

    def _refresh_one(self, external_id: str, status: Any, mentions: list[Mention], gone: dict[str, GoneReason]) -> None:
        try:
            mentions.append(self._mention(status or self._look_up(external_id)))
        except TargetGone:
            gone[external_id] = GoneReason.UNSEEN
        except (ValueError, TypeError, AttributeError) as error:
            log.warning("%s: status %s cannot be read: %s", self._config.key, external_id, error)

    # --- answering ------------------------------------------------------------------------------------

    def can_reply(self, target: ReplyTarget, way: ReplyWay = ReplyWay.PUBLIC) -> Permission:
        """Mastodon lets anybody answer what they see; only what is gone cannot be answered."""
        if not target.gone:
            return Permission(True)
        writer = target.raw.get("account")
        handle = clean(writer.get("acct")) if isinstance(writer, Mapping) else ""
        url = post_url(target.external_id, handle, self._web)
        return Permission(False, "This post was deleted, or its writer no longer lets us see it.", url)

    def send(self, reply: Reply) -> Posted:
        """Look at the post answered, then answer it once. Raises ChannelError; OutcomeUnknown if it may stand there."""
        if reply.attachments:
            raise ReplyRejected("Attachments cannot be sent to Mastodon here yet.")
        target = self._look_up(reply.target_id, self._writer)
        private = reply.way is ReplyWay.PRIVATE or reply.kind is MentionKind.DIRECT_MESSAGE
        circle = narrower(self._widest, circle_of(target), "direct" if private else self._widest)
        warning = clean(target.get("spoiler_text"))
        text = self._on_the_wire(reply, target, warning, private=circle == "direct")
        try:
            status = self._call(
                self._writer,
                "status_post",
                text,
                in_reply_to_id=reply.target_id,
                visibility=circle,
                spoiler_text=warning or None,
                idempotency_key=self._once(reply, text, circle),
            )
            return self._posted(status)
        except CallFailed as failure:
            raise self._posts.send_error(failure) from failure
        except ValueError as error:
            raise OutcomeUnknown("Mastodon answered our post with something we cannot read.") from error

    def verify_sent(self, reply: Reply, *, since: datetime) -> tuple[Posted, ...]:
        """Read our own statuses back for `reply`. Raises ChannelError when they could not be read to their end."""
        earliest, below, found = since - _SKEW, "", []
        for _ in range(_READ_BACK_PAGES):
            statuses = self._list("own", _PAGE, **({"max_id": below} if below else {}))
            readable = [one for one in statuses if isinstance(one, Mapping) and one.get("id")]
            ids = [str(one["id"]) for one in readable]
            fresh = [one for one in readable if _written_since(one, earliest)]
            found += [self._posted(one) for one in fresh if self._answers(one, reply)]
            if not ids or not fresh:
                break
            below = min(ids, key=order)
        else:
            raise ChannelUnavailable("Our statuses on Mastodon are too many to say whether the reply stands there.")
        return tuple(sorted(found, key=lambda one: one.posted_at))

    def act(self, action: Action, external_id: str) -> None:
        """Favourite, take that back, or delete a status of ours. Raises ChannelError."""
        method = {Action.LIKE: "status_favourite", Action.UNLIKE: "status_unfavourite", Action.DELETE: "status_delete"}
        if action not in method:
            raise ReplyRejected("Mastodon cannot {action} a post.", action=action)
        self._object(self._posts, self._writer, method[action], _checked(external_id))

    def health(self) -> Health:
        """Ask the server who we are and what our token may do."""
        try:
            user = self._object(self._lists, self._reader, "account_verify_credentials")
        except ChannelError as error:
            return Health(health_state(error), str(error))
        found, handle = str(user.get("id") or ""), clean(user.get("acct"))
        if found != self._ours:
            message = f"The token belongs to @{handle} ({found}), not to the account {self._ours}."
            return Health(HealthState.DISCONNECTED, message, found, handle)
        missing = self._missing_rights()
        lack = f" Its token lacks: {', '.join(missing)}." if missing else ""
        return Health(HealthState.OK, f"Signed in as @{handle} on {self._web}.{lack}", found, handle, missing=missing)

    # --- lists ----------------------------------------------------------------------------------------

    def _watched(self) -> list[str]:
        own = ["own"] if self._config.options.get("read_own", True) else []
        return ["notifications", *own, *(f"tag:{tag}" for tag in self._tags)]

    def _climb(self, name: str, position: Position, budget: Budget) -> Climb:
        def fetch(after: str) -> Batch:
            return self._page(name, budget.page_size, min_id=after)

        return climb(fetch, position, now=self._now, max_pages=budget.max_pages)

    def _begin(self, name: str, budget: Budget) -> tuple[Position, tuple[Gap, ...]]:
        """Where a list begins that was never read: at its newest entry, or as far back as the settings say."""
        since = self._now() - self._look_back
        page = partial(self._below, name)
        return begin(page, since=since, look_back=bool(self._look_back), budget=budget, name=name)

    def _below(self, name: str, size: int, max_id: str) -> Batch:
        return self._page(name, size, **({"max_id": max_id} if max_id else {}))

    def _page(self, name: str, size: int, **place: str) -> Batch:
        """One page of a list, each status with its thread. Raises ChannelError."""
        items = self._list(name, size, **place)
        rate = announced_limits(self._session(self._reader).answer.headers)
        entries, bad = [], []
        for item in items:
            try:
                entries.append(self._entry(item, notified=name == "notifications"))
            except (ValueError, TypeError, AttributeError) as error:
                bad.append(bad_post(item, error))
        return Batch(tuple(entries), tuple(bad), rate)

    def _list(self, name: str, size: int, **place: str) -> list[Any]:
        asked: dict[str, Any] = {**place, "limit": max(1, min(size, _PAGES.get(name, _PAGE)))}
        kind, _, tag = name.partition(":")
        match kind:
            case "notifications":
                found = self._ask(self._lists, self._reader, "notifications", types=self._types, **asked)
            case "own":
                found = self._ask(
                    self._lists, self._reader, "account_statuses", self._ours, exclude_reblogs=True, **asked
                )
            case _:
                found = self._ask(self._lists, self._reader, "timeline_hashtag", tag, **asked)
        if not isinstance(found, list):
            raise ChannelProtocolError("Mastodon answered with something else than a list of posts.")
        return found

    def _entry(self, item: Any, *, notified: bool) -> Entry:
        """One thing of a list. Raises ValueError when there is not even an id, ChannelError when its thread fails."""
        id_ = identifier(item.get("id"))
        status = item.get("status") if notified else item
        try:
            at = parse_moment(item.get("created_at"))
            if status is None:
                return Entry(id_, at, gone=self._noticed.get(id_, ""))
            mention = self._mention(status)
        except (ValueError, TypeError, AttributeError) as error:
            return Entry(id_, self._now(), bad=bad_post(item, error))
        if notified:
            _remember(self._noticed, id_, mention.external_id)
        return Entry(id_, at, mention)

    def _mention(self, status: Any) -> Mention:
        return to_mention(status, ours=self._ours, thread=self._root(status), web=self._web)

    def _root(self, status: Any) -> str:
        """The status that began the thread; Mastodon names only the one that is answered."""
        external_id, parent = identifier(status.get("id")), status.get("in_reply_to_id")
        if not parent:
            _remember(self._roots, external_id, external_id)
        elif external_id not in self._roots:
            known = self._roots.get(identifier(parent))
            self._learn(external_id, identifier(parent), known)
        return self._roots[external_id]

    def _learn(self, external_id: str, parent: str, root: str | None) -> None:
        """Find the root of a thread and remember it for every post in it, so that a long one is asked for once."""
        family: list[Mapping[str, Any]] = []
        if root is None:
            try:
                context = self._object(self._posts, self._reader, "status_context", external_id)
                above, below = (_objects(context.get(name)) for name in ("ancestors", "descendants"))
                family = [*above, *below]
                first = above[0] if above else {}
                root = str(first.get("in_reply_to_id") or first.get("id") or parent)
            except TargetGone:
                root = parent
            except (ChannelUnavailable, ChannelProtocolError):
                # A thread that the server never shows again must not hold up the list for ever.
                self._failed[external_id] += 1
                if self._failed[external_id] < _THREAD_TRIES:
                    raise
                root = parent
        for one in (*(str(one["id"]) for one in family if one.get("id")), external_id):
            _remember(self._roots, one, root)
        self._failed.pop(external_id, None)

    # --- posts ----------------------------------------------------------------------------------------

    def _look_up(self, external_id: str, client: Client | None = None) -> dict[str, Any]:
        """One status as it stands. Raises TargetGone only when the server says so of this very one."""
        status = self._object(self._posts, client or self._reader, "status", _checked(external_id))
        if str(status.get("id")) != external_id:
            raise ChannelProtocolError("Mastodon gave another post than the one we asked for.")
        return status

    def _together(self, external_ids: list[str]) -> dict[str, dict[str, Any]]:
        """Those posts that one request gives; servers before 4.3 know no such request, and give none."""
        try:
            found = self._ask(self._lists, self._reader, "statuses", external_ids)
        except ChannelProtocolError:
            return {}
        return {str(one.get("id")): dict(one) for one in _objects(found) if str(one.get("id")) in external_ids}

    def _on_the_wire(self, reply: Reply, target: Mapping[str, Any], warning: str, *, private: bool) -> str:
        """The text with the names in front without which nobody is told.

        Raises ReplyRejected when it is too long, or would be private no more because of whom it names.
        """
        readers = readers_of(target, ours=self._ours)
        if private and reply.to_id:
            readers = {id_: name for id_, name in readers.items() if id_ == reply.to_id}
        names = [name.lower() for name in readers.values()]
        written = {name.lower() for name in re.findall(r"(?<![\w/@])@(\w+(?:@[\w.-]+\w)?)", reply.text)}
        if private and (others := sorted(written.difference(names))):
            raise ReplyRejected(
                "Whoever is named can read a private answer; take out @{names}.", names=", @".join(others)
            )
        if private and not readers:
            raise ReplyRejected("Nobody would see this private answer: the post was not written by who is to read it.")
        missing = [name for name in readers.values() if name.lower() not in written]
        text = " ".join([*(f"@{name}" for name in missing), reply.text])
        if (used := characters(text) + characters(warning)) > LIMIT and used > (limit := self._limit()):
            raise ReplyRejected(
                "With the name in front and the writer's content warning the reply has {used} characters, "
                "and {server} takes {limit}. Shorten it by {over}.",
                used=used,
                server=self._web,
                limit=limit,
                over=used - limit,
            )
        return text

    def _limit(self) -> int:
        """How many characters this server takes; asked for only where it matters."""
        found: Any = self._object(self._lists, self._writer, "instance_v2")
        for name in ("configuration", "statuses", "max_characters"):
            found = found.get(name) if isinstance(found, Mapping) else None
        return found if isinstance(found, int) and found > 0 else LIMIT

    def _once(self, reply: Reply, text: str, circle: str) -> str:
        """The same for every attempt at one delivery: within an hour the server posts each key once.

        The words are part of it, so that no other reply can be swallowed by a key that was used before.
        """
        parts = (reply.key, self._ours, reply.target_id, circle, text)
        return hashlib.sha256("\x00".join(parts).encode()).hexdigest()

    def _answers(self, status: Mapping[str, Any], reply: Reply) -> bool:
        if str(status.get("in_reply_to_id")) != reply.target_id or not isinstance(status.get("content"), str):
            return False
        private = reply.way is ReplyWay.PRIVATE
        return _same(words_of(status)) == _same(reply.text) and (not private or circle_of(status) == "direct")

    def _posted(self, status: Any) -> Posted:
        """The proof. Raises ValueError when there is none."""
        if not isinstance(status, Mapping):
            raise ValueError("the status is not an object")
        external_id, writer = identifier(status.get("id")), status.get("account")
        handle = clean(writer.get("acct")) if isinstance(writer, Mapping) else ""
        return Posted(external_id, parse_moment(status.get("created_at")), post_url(external_id, handle, self._web))

    # --- asking ---------------------------------------------------------------------------------------

    def _who_we_are(self) -> None:
        user = self._object(self._lists, self._reader, "account_verify_credentials")
        if str(user.get("id")) != self._ours:
            raise AccountDisconnected(
                "The token belongs to @{handle}, whose id is {number}; accounts.{key}.external_id says {ours}.",
                handle=clean(user.get("acct")),
                number=user.get("id"),
                key=self._config.key,
                ours=self._ours,
            )

    def _missing_rights(self) -> tuple[str, ...]:
        """Rights our token lacks; servers before 4.3 do not say which it has."""
        try:
            scopes = self._object(self._lists, self._reader, "app_verify_credentials").get("scopes")
        except ChannelError as error:
            log.debug("%s: the rights of our token cannot be read: %s", self._config.key, error)
            return ()
        if not isinstance(scopes, list):
            return ()
        return tuple(right for right in _RIGHTS if right not in scopes and right.partition(":")[0] not in scopes)

    def _object(self, explain: Explainer, client: Client, method: str, *args: Any) -> dict[str, Any]:
        found = self._ask(explain, client, method, *args)
        if not isinstance(found, dict):
            raise ChannelProtocolError("Mastodon answered with something else than it was asked for.")
        return found

    def _ask(self, explain: Explainer, client: Client, method: str, *args: Any, **params: Any) -> Any:
        """One request whose repeating does no harm. Raises ChannelError."""
        try:
            return self._call(client, method, *args, **params)
        except CallFailed as failure:
            raise explain.read_error(failure) from failure
        except ValueError as error:
            raise ChannelProtocolError("Mastodon answered something that is no JSON.") from error

    def _call(self, client: Client, method: str, *args: Any, **params: Any) -> Any:
        """The JSON of an answer. Raises CallFailed, ValueError for an answer that is none.

        The library raises errors of its own for odd headers and fields; once an answer is here, only that counts.
        """
        session = self._session(client)
        before = session.last_answer
        try:
            getattr(client, method)(*args, **params)
        except Exception as error:
            if isinstance(error.__context__, CallFailed):
                raise error.__context__ from None
            if session.last_answer is before:
                raise
            log.debug("%s: Mastodon.py could not read the answer: %s", method, type(error).__name__)
        try:
            return json.loads(session.answer.content)
        except RecursionError as error:
            raise ValueError("the answer is nested too deep") from error

    def _session(self, client: Client) -> _Session:
        session = client.session
        assert isinstance(session, _Session)
        return session

    def _now(self) -> datetime:
        """The present by the server's own clock, as of the last answer."""
        answer = self._session(self._reader).last_answer
        return (server_time(answer.headers) if answer is not None else None) or datetime.now(UTC)

    def _tell(self, what: str, error: ChannelError) -> None:
        if str(error) not in self._told:
            self._told.add(str(error))
            log.warning("%s: %s cannot be read: %s", self._config.key, what, error)


class _Session(NetworkSession):
    """The session that Mastodon.py speaks through.

    The library would make objects of its own out of every field of an answer, which takes 20 ms for each status, about
    twenty times as long as our reading. So it is given an empty list to read, and the answer itself is read by us.
    """

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        """Send one request. Raises CallFailed."""
        response = super().request(method, url, *args, **kwargs)
        response.json = lambda **options: []  # type: ignore[method-assign]
        return response

    @property
    def last_answer(self) -> requests.Response | None:
        """The last successful answer of this thread."""
        try:
            return self.answer
        except LookupError:
            return None


def _client(config: AccountConfig, origin: str, timeout_s: float) -> Client:
    token = config.secrets["access_token"]
    session = _Session(
        origin=origin, api_base=config.api_base, timeout_s=timeout_s, secrets=[token], rename=_with_filtered
    )
    client = Client(api_base_url=origin, session=session, ratelimit_method="throw", user_agent="webcare")
    # Given to the constructor, a token that is also the name of a file would be read from there.
    client.access_token = token
    return client


def _instance(config: AccountConfig) -> str:
    """The server's address. Raises SettingsError when nothing says which it is."""
    named = str(
        config.options.get("instance") or config.handle.lstrip("@").partition("@")[2] or config.api_base
    ).strip()
    if not named:
        raise SettingsError(
            f"accounts.{config.key} does not say on which server it is; write it as options.instance, "
            "or as a handle like brand@social.example."
        )
    return checked_base(named if "://" in named else f"https://{named}")


def _hashtags(config: AccountConfig) -> list[str]:
    found = config.options.get("hashtags", [])
    tags = [str(one).strip().lstrip("#") for one in found] if isinstance(found, (list, tuple)) else [""]
    if not all(_HASHTAG.fullmatch(tag) for tag in tags):
        raise SettingsError(
            f"accounts.{config.key}.options.hashtags must be a list of hashtags: letters, digits, _; not digits alone."
        )
    return list(dict.fromkeys(tag.lower() for tag in tags))


def _one_of(config: AccountConfig, option: str, allowed: tuple[str, ...]) -> str:
    value = config.options.get(option, allowed[0])
    if value not in allowed:
        raise SettingsError(f"accounts.{config.key}.options.{option} must be one of: {', '.join(allowed)}.")
    return str(value)


def _checked(external_id: str) -> str:
    """An id that may become part of an address. Raises ReplyRejected."""
    if not _ID.fullmatch(external_id):
        raise ReplyRejected("No post on Mastodon can have the id {number!r}.", number=external_id[:64])
    return external_id


def _remember(kept: dict[str, str], key: str, value: str) -> None:
    """Keep the newest; what is dropped is only asked for again."""
    kept.pop(key, None)
    kept[key] = value
    while len(kept) > _ROOTS_KEPT:
        kept.pop(next(iter(kept)))


def _objects(found: Any) -> list[Mapping[str, Any]]:
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def _written_since(status: Any, earliest: datetime) -> bool:
    try:
        return parse_moment(status.get("created_at")) >= earliest
    except (ValueError, AttributeError):
        return False
