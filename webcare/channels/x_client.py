"""tweepy as this desk uses it: it signs and addresses requests, and nothing else.

Its models are not used: one odd date or missing field in them costs a whole page. Its waiting is never used either: it
would sleep for minutes inside a job.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import requests
import tweepy

from webcare.channels.base import AccountConfig, RateState
from webcare.channels.explain import Explainer, require, variables
from webcare.channels.transport import CallFailed, NetworkSession, announced_limits, json_object, server_time
from webcare.channels.x_posts import NEW_NAMES, WEB
from webcare.channels.x_refusals import READING, SENDING, listen
from webcare.domain import MentionKind, Reply, ReplyWay

#: Where tweepy sends its requests; signatures are made over this address even when they go to a stand-in.
ORIGIN = "https://api.twitter.com"
#: What is asked of every post.
FIELDS: Mapping[str, Any] = {
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
    "user_fields": ["name", "receives_your_dm", "username"],
    "media_fields": ["preview_image_url", "type", "url"],
}
Method = Callable[..., requests.Response]


def in_new_names(params: dict[str, Any]) -> dict[str, Any]:
    """A request's parameters in the names of API description 2.167, before they are signed."""

    def renamed(value: Any) -> Any:
        words = str(value).split(",")
        return ",".join(".".join(NEW_NAMES.get(part, part) for part in word.split(".")) for word in words)

    changed = ("tweet.fields", "expansions")
    return {NEW_NAMES.get(name, name): renamed(value) if name in changed else value for name, value in params.items()}


class XClient:
    """The signed connection of one account. Raises SettingsError for a missing id or secret."""

    def __init__(self, config: AccountConfig, secret_names: tuple[str, ...]) -> None:
        require(config, secret_names, title="X")
        self.config = config
        self.ours = config.external_id
        self.handle = config.handle.lstrip("@")
        self.web = str(config.options.get("web_base") or WEB).rstrip("/")
        self.session = NetworkSession(
            origin=ORIGIN,
            api_base=config.api_base,
            timeout_s=config.timeout_s,
            secrets=config.secrets.values(),
            rename=in_new_names if config.options.get("dialect") == "post" else None,
        )
        secrets = [config.secrets[name] for name in secret_names]
        self.api = tweepy.Client(None, *secrets, return_type=requests.Response, wait_on_rate_limit=False)
        self.api.session = self.session
        self._ahead: timedelta | None = None
        self.explain = Explainer(
            title="X",
            keys=variables(config, secret_names),
            listen=partial(listen, hide=self.session.redactor.hide),
            reading=READING,
            sending=SENDING,
        )

    def ask(self, method: Method, *args: Any, **params: Any) -> dict[str, Any]:
        """One read. Raises ChannelError."""
        try:
            payload = json_object(method(*args, **params))
            if payload is None:
                raise CallFailed("no JSON object", status=200)
        except CallFailed as failure:
            raise self.explain.read_error(failure) from failure
        told = server_time(self.session.answer.headers)
        self._ahead = self._ahead if told is None else told - datetime.now(UTC)
        return payload

    def limits(self) -> RateState | None:
        """What X said about its limits in the last answer."""
        return announced_limits(self.session.answer.headers)

    def now(self) -> datetime:
        """The present by X's own clock, as of this thread's last answer or by what another one heard; else by ours."""
        try:
            told = server_time(self.session.answer.headers)
        except LookupError:
            told = None
        return told or datetime.now(UTC) + (self._ahead or timedelta(0))

    @property
    def knows_the_time(self) -> bool:
        """Whether X has told its time."""
        return self._ahead is not None


def is_private(reply: Reply) -> bool:
    """Whether `reply` goes out as a direct message."""
    return reply.kind is MentionKind.DIRECT_MESSAGE or reply.way is ReplyWay.PRIVATE
