"""A Facebook page through facebook-sdk: which lists are read, which error code is which of our errors.

Of the library only `request` is used. It knows no Graph version after 3.1, drops status and headers, takes an HTTP 500
for success, and would put the token into addresses; the session below it answers for all of that.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, ClassVar
from urllib.parse import quote

import facebook

from webcare.channels.base import (
    AccountConfig,
    Budget,
    Capabilities,
    Health,
    HealthState,
    Length,
    Permission,
    PollResult,
    ReplyTarget,
)
from webcare.channels.explain import Explainer, health_state, require, variables
from webcare.channels.facebook_posts import (
    COMMENT_FIELDS,
    NO_STORY,
    POST_FIELDS,
    RATING_FIELDS,
    WEB,
    answers,
    comment_to_mention,
    items_of,
    next_token,
    page_of,
    post_to_mention,
    rating_to_mention,
    watched_posts,
)
from webcare.channels.facebook_refusals import READING, SENDING, listen, usage
from webcare.channels.transport import CallFailed, NetworkSession, server_time
from webcare.channels.walking import (
    Page,
    Place,
    Walk,
    backfill,
    bad_post,
    poll_result,
    read_places,
    walk,
    write_places,
)
from webcare.channels.wording import clean, identifier, parse_moment
from webcare.domain import Mention, MentionKind, Posted, Reply
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

#: facebook-sdk writes this address into itself with a slash at the end.
ORIGIN = "https://graph.facebook.com"
#: The newest version of the Graph API this was written against; it is served until 2028 at least.
GRAPH_VERSION = "v26.0"
COMMENT_LIMIT = 8000
#: Comments that come along with each watched post; where more are new, further pages follow.
_COMMENTS_AT_ONCE = 25
_READ_BACK_PAGES = 10
_SKEW = timedelta(seconds=30)

_COMMENTS = "comments:"
#: Stands for a post whose comments did not come along.
_NOT_ASKED = object()
_Watched = list[tuple[str, bool, Any]]


class Facebook:
    """One Facebook page, read and answered with its page token.

    Options: `watch_posts` (how many of the newest posts have their comments read, 25), `backfill_min` (minutes to look
    back at the first start, 0), `graph_version`.
    """

    name: ClassVar[str] = "facebook"
    title: ClassVar[str] = "Facebook"
    capabilities: ClassVar[Capabilities] = Capabilities(settle_s=5.0)
    secret_names: ClassVar[tuple[str, ...]] = ("page_token", "app_secret")

    def __init__(self, config: AccountConfig) -> None:
        """Build it without a network call. Raises SettingsError."""
        require(config, self.secret_names, title=self.title)
        self._config = config
        self._watch = _watch_posts(config)
        self._backfill = backfill(config)
        token, secret = config.secrets["page_token"], config.secrets["app_secret"]
        self._proof = hmac.new(secret.encode(), token.encode(), hashlib.sha256).hexdigest()
        self._session = NetworkSession(
            origin=ORIGIN,
            api_base=config.api_base,
            timeout_s=config.timeout_s,
            secrets=(token, secret, self._proof),
            bearer=token,
        )
        self._graph = facebook.GraphAPI(access_token=None, session=self._session, timeout=config.timeout_s)
        # The constructor refuses every version after 3.1.
        self._graph.version = str(config.options.get("graph_version") or GRAPH_VERSION)
        self._explain = Explainer(
            title=self.title,
            keys=variables(config, self.secret_names),
            listen=partial(listen, hide=self._session.redactor.hide),
            reading=READING,
            sending=SENDING,
        )
        self._comments_at_once = _COMMENTS_AT_ONCE
        self._told: set[str] = set()

    @classmethod
    def connect(cls, config: AccountConfig) -> Facebook:
        """Build the channel without a network call. Raises SettingsError for a missing id or secret."""
        return cls(config)

    @classmethod
    def length(cls, text: str) -> Length:
        """Count characters; a comment takes 8000."""
        return Length(len(text.strip()), COMMENT_LIMIT)

    # --- reading ----------------------------------------------------------------------------------

    def poll(self, cursor: str | None, budget: Budget) -> PollResult:
        """Read the page's posts, visitors' posts, comments on the newest of both, tags and reviews."""
        if cursor is None:
            self._of_page("", fields="id,name")
            places = {"feed": Place.start(self._now() - self._backfill)}
            if not self._backfill:
                return PollResult((), write_places(places))
        else:
            places = read_places(cursor)
        if "feed" not in places:
            raise ChannelProtocolError("The stored place of this account is not one of Facebook.")
        start = Place.start(places["feed"].since)
        walks, watched = self._posts(places, start, budget)
        of_comments, all_read = self._comments(watched, places, start, budget)
        walks |= of_comments | self._extras(places, start, budget)
        watched_lists = {f"{_COMMENTS}{post_id}" for post_id, _, _ in watched}
        kept = {name: one for name, one in places.items() if not name.startswith(_COMMENTS) or name in watched_lists}
        return poll_result(kept, walks, complete=all_read)

    def _posts(self, places: Mapping[str, Place], start: Place, budget: Budget) -> tuple[dict[str, Walk], _Watched]:
        """The page's feed and its visitors' posts, and which of them to watch for comments.

        Both lists are read because they may disagree; the newest comments come along with the feed.
        """
        top = self._feed_top()
        fed: list[Any] = []
        visitors: list[Any] = []

        def feed(place: Place, token: str) -> Page:
            payload = self._list("feed", _feed_fields(self._comments_at_once), self._watch, token) if token else top
            fed.extend(items_of(payload))
            return self._page(payload, partial(post_to_mention, page_id=self._config.external_id))

        def visitor_posts(place: Place, token: str) -> Page:
            payload = self._list("visitor_posts", POST_FIELDS, budget.page_size, token)
            visitors.extend(items_of(payload))
            return self._page(payload, partial(post_to_mention, page_id=self._config.external_id))

        walks = {
            "feed": self._walk(feed, places["feed"], budget),
            "visitor_posts": self._walk(visitor_posts, places.get("visitor_posts") or start, budget),
        }
        if places["feed"].unfinished:
            fed.extend(items_of(top))
        along = {str(post.get("id")): post.get("comments") for post in fed if isinstance(post, Mapping)}
        # In a rush, or after an outage, more posts are new than are watched; each is looked under at least once.
        floor = min(places["feed"].floor, (places.get("visitor_posts") or start).floor)
        watched = watched_posts([*fed, *visitors], page_id=self._config.external_id, limit=self._watch, since=floor)
        return walks, [(post_id, by_page, along.get(post_id, _NOT_ASKED)) for post_id, by_page in watched]

    def _comments(
        self, watched: _Watched, places: Mapping[str, Place], start: Place, budget: Budget
    ) -> tuple[dict[str, Walk], bool]:
        """The comments under each watched post, and whether all of them could be read."""
        walks: dict[str, Walk] = {}
        for post_id, by_page, along in watched:
            name = f"{_COMMENTS}{post_id}"
            read = partial(comment_to_mention, page_id=self._config.external_id, post_id=post_id, on_brand_post=by_page)
            fetch = partial(self._comment_page, post_id=post_id, along=along, size=budget.page_size, read=read)
            try:
                walks[name] = self._walk(fetch, places.get(name) or start, budget)
            except TargetGone:
                log.info("%s: post %s is gone, and its comments with it", self._config.key, post_id)
            except ChannelProtocolError as error:
                # One odd post must not keep all others from being read; the store shows it to people.
                walks[name] = Walk(places.get(name) or start, bad=(bad_post({"post": post_id}, error),))
            except (ChannelThrottled, ChannelUnavailable) as error:
                log.warning("%s: comments could not all be read, the next poll does: %s", self._config.key, error)
                return walks, False
        return walks, True

    def _comment_page(
        self, place: Place, token: str, *, post_id: str, along: Any, size: int, read: Callable[[Any], Mention]
    ) -> Page:
        if token or along is _NOT_ASKED:
            return self._page(self._get(f"{post_id}/comments", **_stream(size, token)), read)
        # Facebook leaves the list out where there are no comments.
        return self._page(along if isinstance(along, Mapping) else {"data": []}, read)

    def _extras(self, places: Mapping[str, Place], start: Place, budget: Budget) -> dict[str, Walk]:
        """Tags and reviews need permissions of their own; that they cannot be read must not cost the rest."""
        page_id = self._config.external_id
        lists: dict[str, tuple[str, Callable[[Any], Mention]]] = {
            "tagged": (POST_FIELDS, partial(post_to_mention, page_id=page_id, tagged=True)),
            "ratings": (RATING_FIELDS, partial(rating_to_mention, page_id=page_id)),
        }
        walks: dict[str, Walk] = {}
        for name, (fields, read) in lists.items():
            fetch = partial(self._extra_page, name=name, fields=fields, size=budget.page_size, read=read)
            try:
                walks[name] = self._walk(fetch, places.get(name) or start, budget)
            except ChannelError as error:
                if name not in self._told:
                    self._told.add(name)
                    log.warning("%s: %s cannot be read: %s", self._config.key, name, error)
        return walks

    def _extra_page(
        self, place: Place, token: str, *, name: str, fields: str, size: int, read: Callable[[Any], Mention]
    ) -> Page:
        return self._page(self._list(name, fields, size, token), read)

    def _feed_top(self) -> dict[str, Any]:
        try:
            return self._list("feed", _feed_fields(self._comments_at_once), self._watch, "")
        except ChannelUnavailable as error:
            if "reduce the amount of data" in str(error):
                # Facebook gives up on large answers; the next poll asks for less of each post.
                self._comments_at_once = max(1, self._comments_at_once // 2)
            raise

    # --- answering --------------------------------------------------------------------------------

    def can_reply(self, target: ReplyTarget) -> Permission:
        """Say no where Facebook is known to refuse, without asking it."""
        url = f"{WEB}/{target.external_id}"
        if target.kind is MentionKind.DIRECT_MESSAGE:
            return Permission(False, "Messages cannot be answered here yet.", url)
        if target.external_id.startswith(NO_STORY):
            return Permission(False, "Facebook lets nobody answer this review from outside.", self._reviews_url())
        if target.raw.get("can_comment") is False:
            there = clean(target.raw.get("permalink_url")) or url
            return Permission(False, "Facebook does not let the page comment here.", there)
        return Permission(True)

    def send(self, reply: Reply) -> Posted:
        """Comment once under what we answer. Raises ChannelError; OutcomeUnknown whenever it may stand there."""
        if reply.kind is MentionKind.DIRECT_MESSAGE or reply.attachments:
            raise ReplyRejected("Messages and attachments cannot be sent to Facebook here yet.")
        if reply.target_id.startswith(NO_STORY):
            raise ReplyRejected("Facebook lets nobody answer this review from outside.")
        values = {"message": reply.text, "appsecret_proof": self._proof}
        try:
            payload = self._call(f"{_path(reply.target_id)}/comments", post_args=values, method="POST")
            external_id = identifier(payload.get("id"))
        except CallFailed as failure:
            raise self._explain.send_error(failure) from failure
        except ValueError as error:
            raise OutcomeUnknown("Facebook answered our comment with something we cannot read.") from error
        return Posted(external_id, self._now(), f"{WEB}/{external_id}")

    def verify_sent(self, reply: Reply, *, since: datetime) -> tuple[Posted, ...]:
        """Read the thread back for `reply`. Raises ChannelError when it could not be read far enough."""
        earliest, token = since - _SKEW, ""
        found: list[tuple[datetime, Any]] = []
        under = self._under(reply)
        for _ in range(_READ_BACK_PAGES):
            payload = self._get(f"{_path(reply.thread_id)}/comments", **_stream(100, token))
            dated = _dated(items_of(payload))
            found += [(at, one) for at, one in dated if at >= earliest]
            token = next_token(payload)
            if not token or (dated and dated[-1][0] < earliest):
                break
        else:
            raise ChannelUnavailable("The thread on Facebook is too long to say whether the reply stands there.")
        matches = [pair for pair in found if answers(pair[1], reply, page_id=self._config.external_id, under=under)]
        return tuple(_posted(one, at) for at, one in sorted(matches, key=lambda pair: pair[0]))

    def _under(self, reply: Reply) -> frozenset[str]:
        """What our answer may stand under: Facebook has two levels, so an answer to an answer joins the first one."""
        if reply.target_id == reply.thread_id:
            return frozenset((reply.target_id, ""))
        try:
            parent = self._get(_path(reply.target_id), fields="parent{id}").get("parent")
        except TargetGone:
            return frozenset((reply.target_id, reply.thread_id))
        above = parent.get("id") if isinstance(parent, Mapping) else None
        return frozenset((reply.target_id, str(above))) if above else frozenset((reply.target_id,))

    def health(self) -> Health:
        """Ask Facebook whose token this is."""
        try:
            payload = self._get("me", fields="id,name")
        except ChannelError as error:
            return Health(health_state(error), str(error))
        found, name = str(payload.get("id") or ""), clean(payload.get("name"))
        if not found:
            return Health(HealthState.UNREACHABLE, "Facebook did not say whose token this is.")
        if found != self._config.external_id:
            message = f"The token belongs to {name} ({found}), not to the page {self._config.external_id}."
            return Health(HealthState.DISCONNECTED, message, found, name)
        return Health(HealthState.OK, f"Signed in as the page {name}.", found, name)

    # --- asking Facebook --------------------------------------------------------------------------

    def _walk(self, fetch: Callable[[Place, str], Page], place: Place, budget: Budget) -> Walk:
        return walk(fetch, place, now=self._now, max_pages=budget.max_pages, page_size=budget.page_size)

    def _list(self, edge: str, fields: str, size: int, token: str) -> dict[str, Any]:
        """One page of one of the page's own lists. Raises ChannelError."""
        return self._of_page(f"/{edge}", fields=fields, limit=min(100, size), after=token or None)

    def _of_page(self, edge: str, **params: Any) -> dict[str, Any]:
        """Something of the page itself; that it is not there means that the account is set up wrongly."""
        try:
            return self._get(f"{_path(self._config.external_id)}{edge}", **params)
        except TargetGone as error:
            raise AccountDisconnected(
                "Facebook finds no page with our id, or the token may not see it; check external_id in the settings."
            ) from error

    def _page(self, payload: Mapping[str, Any], read: Callable[[Any], Mention]) -> Page:
        page = page_of(payload, read)
        return replace(page, rate=usage(self._session.answer.headers, self._now()))

    def _get(self, path: str, **params: Any) -> dict[str, Any]:
        """One read. Raises ChannelError."""
        args = {name: value for name, value in params.items() if value is not None}
        try:
            return self._call(path, args={**args, "appsecret_proof": self._proof})
        except CallFailed as failure:
            raise self._explain.read_error(failure) from failure

    def _call(self, path: str, **how: Any) -> dict[str, Any]:
        """One request through facebook-sdk. Raises CallFailed for anything but a JSON object without an error."""
        try:
            payload = self._graph.request(f"{self._graph.version}/{path}", **how)
        except facebook.GraphAPIError as error:
            told = error.result if isinstance(error.result, dict) else None
            scrubbed = self._session.redactor.scrub(error)
            raise CallFailed("an error in a success", status=400 if told else 200, payload=told) from scrubbed
        except (KeyError, ValueError, TypeError, AttributeError, RecursionError) as error:
            raise CallFailed("no JSON object", status=200) from self._session.redactor.scrub(error)
        if not isinstance(payload, dict) or "mime-type" in payload:
            raise CallFailed("no JSON object", status=200)
        return payload

    def _reviews_url(self) -> str:
        return f"{WEB}/{self._config.external_id}/reviews"

    def _now(self) -> datetime:
        """The present by Facebook's own clock, as of the last answer."""
        return server_time(self._session.answer.headers) or datetime.now(UTC)


def _feed_fields(comments: int) -> str:
    inner = f"comments.filter(stream).order(reverse_chronological).limit({comments}){{{COMMENT_FIELDS}}}"
    return f"{POST_FIELDS},{inner}"


def _stream(size: int, token: str) -> dict[str, Any]:
    """The parameters for all comments under something, newest first, answers to comments among them."""
    return {
        "fields": COMMENT_FIELDS,
        "filter": "stream",
        "order": "reverse_chronological",
        "limit": min(100, size),
        "after": token or None,
    }


def _dated(comments: Iterable[Any]) -> list[tuple[datetime, Any]]:
    dated = []
    for one in comments:
        try:
            dated.append((parse_moment(one.get("created_time")), one))
        except (ValueError, AttributeError):
            log.info("a comment without a date was passed over while looking for a reply of ours")
    return dated


def _posted(comment: Mapping[str, Any], at: datetime) -> Posted:
    external_id = identifier(comment.get("id"))
    return Posted(external_id, at, clean(comment.get("permalink_url")) or f"{WEB}/{external_id}")


def _path(external_id: str) -> str:
    """An id as a step of an address; ids come from the network."""
    return quote(external_id, safe="")


def _watch_posts(config: AccountConfig) -> int:
    value = config.options.get("watch_posts", 25)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 100:
        raise SettingsError(f"accounts.{config.key}.options.watch_posts must be a number between 1 and 100.")
    return value
