"""X through tweepy: what posts mean, which refusal is which of our errors, and how the lists are read.

tweepy signs and addresses requests. Its models are not used: one odd date or missing field in them costs a whole page.
Its waiting is never used either: it would sleep for minutes inside a job.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, ClassVar

import requests
import tweepy

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
from webcare.channels.transport import CallFailed, NetworkSession, announced_limits, json_object, server_time
from webcare.channels.walking import Page, Place, Walk, backfill, poll_result, read_places, walk, write_places
from webcare.channels.wording import X_LIMIT, clean, identifier, x_weight
from webcare.channels.x_posts import (
    NEW_NAMES,
    WEB,
    answers,
    names_us,
    post_url,
    read_page,
    references,
    written_at,
)
from webcare.channels.x_refusals import CLOSED, READING, SENDING, SUMMON, listen
from webcare.domain import MentionKind, Posted, Reply
from webcare.errors import ChannelError, ChannelProtocolError, ChannelUnavailable, OutcomeUnknown, ReplyRejected

log = logging.getLogger(__name__)

#: Where tweepy sends its requests; signatures are made over this address even when they go to a stand-in.
ORIGIN = "https://api.twitter.com"
#: X shows at most this many posts that mention somebody: docs.x.com, "user mention timeline".
MENTIONS_SHOWN = 800
#: Pages read back when looking for a reply of ours.
_READ_BACK_PAGES = 10
#: How far the clocks of X and of this machine may differ when a reply is looked for.
_SKEW = timedelta(seconds=30)

_FIELDS: Mapping[str, Any] = {
    "tweet_fields": [
        "attachments",
        "author_id",
        "conversation_id",
        "created_at",
        "edit_history_tweet_ids",
        "entities",
        "in_reply_to_user_id",
        "lang",
        "note_tweet",
        "referenced_tweets",
        "reply_settings",
    ],
    "expansions": ["author_id", "attachments.media_keys"],
    "user_fields": ["name", "username"],
    "media_fields": ["preview_image_url", "type", "url"],
}


def _in_new_names(params: dict[str, Any]) -> dict[str, Any]:
    """A request's parameters in the names of API description 2.167, before they are signed."""

    def renamed(value: Any) -> Any:
        words = str(value).split(",")
        return ",".join(".".join(NEW_NAMES.get(part, part) for part in word.split(".")) for word in words)

    changed = ("tweet.fields", "expansions")
    return {NEW_NAMES.get(name, name): renamed(value) if name in changed else value for name, value in params.items()}


class X:
    """One account on X, signed in with OAuth 1.0a.

    Options: `dialect` ("tweet" or "post"), `backfill_min` (minutes to look back at the first start, 0),
    `needs_summon` (false for enterprise access), `read_own` (false: do not read our own timeline), `web_base`.
    """

    name: ClassVar[str] = "x"
    title: ClassVar[str] = "X"
    capabilities: ClassVar[Capabilities] = Capabilities(needs_summon=True)
    secret_names: ClassVar[tuple[str, ...]] = ("api_key", "api_secret", "access_token", "access_token_secret")

    def __init__(self, config: AccountConfig) -> None:
        """Build it without a network call. Raises SettingsError."""
        require(config, self.secret_names, title=self.title)
        self._config = config
        self._web = str(config.options.get("web_base") or WEB).rstrip("/")
        self._needs_summon = bool(config.options.get("needs_summon", self.capabilities.needs_summon))
        self._session = NetworkSession(
            origin=ORIGIN,
            api_base=config.api_base,
            timeout_s=config.timeout_s,
            secrets=config.secrets.values(),
            rename=_in_new_names if config.options.get("dialect") == "post" else None,
        )
        secrets = [config.secrets[name] for name in self.secret_names]
        self._client = tweepy.Client(None, *secrets, return_type=requests.Response, wait_on_rate_limit=False)
        self._client.session = self._session
        self._explain = Explainer(
            title=self.title,
            keys=variables(config, self.secret_names),
            listen=partial(listen, hide=self._session.redactor.hide),
            reading=READING,
            sending=SENDING,
        )
        self._backfill = backfill(config)
        self._told: set[str] = set()

    @classmethod
    def connect(cls, config: AccountConfig) -> X:
        """Build the channel without a network call. Raises SettingsError for a missing id or secret."""
        return cls(config)

    @classmethod
    def length(cls, text: str) -> Length:
        """Count by X's own rule: a link is 23, most emoji 2, leading @names of a reply are free."""
        return Length(x_weight(text), X_LIMIT)

    def poll(self, cursor: str | None, budget: Budget) -> PollResult:
        """Read the mentions, and our own timeline so that answers given elsewhere are known."""
        if cursor is None:
            self._ask(self._client.get_me)
            places = {"mentions": Place.start(self._now() - self._backfill)}
            if not self._backfill:
                return PollResult((), write_places(places))
        else:
            places = read_places(cursor)
        mentions = places.get("mentions")
        if mentions is None:
            raise ChannelProtocolError("The stored place of this account is not one of X.")
        walks = {"mentions": self._walk(self._client.get_users_mentions, mentions, budget, MENTIONS_SHOWN)}
        if self._config.options.get("read_own", True):
            own = self._own(places.get("own") or Place.start(mentions.since), budget)
            walks |= {"own": own} if own else {}
        return poll_result(places, walks)

    def can_reply(self, target: ReplyTarget) -> Permission:
        """Apply X's rules to what is known of the post, without asking X."""
        url = post_url(target.external_id, web=self._web)
        if target.kind is MentionKind.DIRECT_MESSAGE:
            return Permission(False, "Direct messages on X cannot be answered here yet.", url)
        named = names_us(target.raw, handle=self._config.handle, ours=self._config.external_id)
        if self._needs_summon and not (
            target.summons_us if named is None else named or "quoted" in references(target.raw)
        ):
            return Permission(False, SUMMON, url)
        if named is False and target.raw.get("reply_settings") not in (None, "everyone"):
            return Permission(False, CLOSED, url)
        return Permission(True)

    def send(self, reply: Reply) -> Posted:
        """Post one answer. Raises ChannelError; OutcomeUnknown whenever it may stand there."""
        if reply.kind is MentionKind.DIRECT_MESSAGE or reply.attachments:
            raise ReplyRejected("Direct messages and attachments cannot be sent to X here yet.")
        try:
            response = self._client.create_tweet(text=reply.text, in_reply_to_tweet_id=reply.target_id)
            data = (json_object(response) or {}).get("data")
            external_id = identifier(data.get("id") if isinstance(data, Mapping) else None)
        except CallFailed as failure:
            raise self._explain.send_error(failure) from failure
        except ValueError as error:
            raise OutcomeUnknown("X answered our post with something we cannot read.") from error
        at = written_at(external_id, self._now())
        return Posted(external_id, at, post_url(external_id, self._config.handle, self._web))

    def verify_sent(self, reply: Reply, *, since: datetime) -> tuple[Posted, ...]:
        """Read our own timeline back for `reply`. Raises ChannelError when it could not be read to its end."""
        earliest, token, found = since - _SKEW, None, []
        for _ in range(_READ_BACK_PAGES):
            payload = self._ask(
                self._client.get_users_tweets,
                self._config.external_id,
                user_auth=True,
                max_results=100,
                start_time=earliest,
                pagination_token=token,
                **_FIELDS,
            )
            page = read_page(payload, ours=self._config.external_id, web=self._web)
            raw = {mention.external_id: mention for mention in page.mentions if mention.posted_at >= earliest}
            found += [one for one in raw.values() if answers(one.raw, reply, ours=self._config.external_id)]
            token = page.next_token
            if not token:
                break
        else:
            raise ChannelUnavailable("Our timeline on X is too long to say whether the reply stands there.")
        found.sort(key=lambda one: one.posted_at)
        return tuple(Posted(one.external_id, one.posted_at, one.url) for one in found)

    def health(self) -> Health:
        """Ask X who we are."""
        try:
            payload = self._ask(self._client.get_me)
        except ChannelError as error:
            return Health(health_state(error), str(error))
        user = payload.get("data")
        if not isinstance(user, Mapping) or not user.get("id"):
            return Health(HealthState.UNREACHABLE, "X did not say who we are.")
        found, handle = str(user["id"]), clean(user.get("username"))
        if found != self._config.external_id:
            message = f"The keys belong to @{handle} ({found}), not to the account {self._config.external_id}."
            return Health(HealthState.DISCONNECTED, message, found, handle)
        return Health(HealthState.OK, f"Signed in as @{handle}.", found, handle)

    # --- asking X ---------------------------------------------------------------------------------

    def _walk(self, method: Callable[..., requests.Response], place: Place, budget: Budget, shown: int) -> Walk:
        size = min(100, max(5, budget.page_size))

        def fetch(place: Place, token: str) -> Page:
            payload = self._ask(
                method,
                self._config.external_id,
                user_auth=True,
                max_results=size,
                start_time=place.floor,
                pagination_token=token or None,
                until_id=None if token else place.below or None,
                **_FIELDS,
            )
            page = read_page(payload, ours=self._config.external_id, web=self._web)
            return Page(page.mentions, page.bad, page.next_token, announced_limits(self._session.answer.headers))

        return walk(
            fetch,
            place,
            now=self._now,
            max_pages=budget.max_pages,
            page_size=size,
            history=shown,
            by_id=True,
        )

    def _own(self, place: Place, budget: Budget) -> Walk | None:
        """Our own posts are good to have; that they cannot be read now must not cost the mentions."""
        try:
            return self._walk(self._client.get_users_tweets, place, budget, 0)
        except ChannelError as error:
            if str(error) not in self._told:
                self._told.add(str(error))
                log.warning("%s: our own timeline cannot be read: %s", self._config.key, error)
            return None

    def _ask(self, method: Callable[..., requests.Response], *args: Any, **params: Any) -> dict[str, Any]:
        """One read. Raises ChannelError."""
        try:
            payload = json_object(method(*args, **params))
            if payload is None:
                raise CallFailed("no JSON object", status=200)
        except CallFailed as failure:
            raise self._explain.read_error(failure) from failure
        return payload

    def _now(self) -> datetime:
        """The present by X's own clock, as of the last answer."""
        return server_time(self._session.answer.headers) or datetime.now(UTC)
