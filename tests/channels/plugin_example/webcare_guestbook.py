"""The guestbook of a shop's website as a channel: its API gives numbered entries, oldest first, and takes answers."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, ClassVar

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
from webcare.channels.explain import Explainer, Refusal, Said, health_state, require, variables
from webcare.channels.transport import CallFailed, NetworkSession, json_object
from webcare.channels.walking import in_order, read_posts
from webcare.channels.wording import clean, clean_raw, comparable, identifier, parse_moment
from webcare.domain import Author, Mention, Posted, Reply, ReplyWay
from webcare.errors import (
    AccountDisconnected,
    ChannelError,
    ChannelProtocolError,
    ChannelThrottled,
    OutcomeUnknown,
    ReplyRejected,
    TargetGone,
)

ORIGIN = "https://guestbook.example"
REREAD = 50  # entries below the mark read again each time: some are held back for moderation and show up late
ALWAYS = (
    Refusal(AccountDisconnected, "The guestbook no longer accepts our token. Set {keys}.", statuses=(401, 403)),
    Refusal(ChannelThrottled, "The guestbook asks us to wait.", statuses=(429,)),
)
READING = (*ALWAYS, Refusal(ChannelProtocolError, "The guestbook did not understand us: {said}"))
SENDING = (
    *ALWAYS,
    Refusal(TargetGone, "This entry was taken down.", statuses=(404, 410)),
    Refusal(ReplyRejected, "The guestbook refuses this answer: {said}"),
)


def to_mention(entry: Mapping[str, Any], *, shop: str) -> Mention:
    """One entry. Raises ValueError saying what is wrong with it."""
    if not isinstance(entry.get("text"), str):
        raise ValueError("no text")
    number, writer = identifier(entry.get("number")), identifier(entry.get("writer_id"))
    return Mention(
        channel="guestbook",
        external_id=number,
        thread_id=identifier(entry.get("answers") or number),
        parent_id=identifier(entry["answers"]) if entry.get("answers") else None,
        author=Author(writer, clean(entry.get("writer"))),
        text=clean(entry["text"]),
        posted_at=parse_moment(entry.get("written")),
        url=f"{ORIGIN}/#{number}",
        is_ours=writer == shop,
        raw=clean_raw(entry),
    )


def listen(failure: CallFailed) -> Said:
    """What the guestbook said about a refusal."""
    return Said(failure.status or 0, frozenset(), clean(failure.payload.get("reason")))


class Guestbook:
    """One shop's guestbook."""

    name: ClassVar[str] = "guestbook"
    title: ClassVar[str] = "Guestbook"
    capabilities: ClassVar[Capabilities] = Capabilities(settle_s=1.0)
    secret_names: ClassVar[tuple[str, ...]] = ("token",)

    def __init__(self, config: AccountConfig) -> None:
        require(config, self.secret_names, title=self.title)
        token, keys = config.secrets["token"], variables(config, self.secret_names)
        self._shop = config.external_id
        self._explain = Explainer(self.title, keys, listen, READING, SENDING)
        self._session = NetworkSession(
            origin=ORIGIN, api_base=config.api_base, timeout_s=config.timeout_s, secrets=[token], bearer=token
        )

    @classmethod
    def connect(cls, config: AccountConfig) -> "Guestbook":
        return cls(config)

    @classmethod
    def length(cls, text: str, way: ReplyWay = ReplyWay.PUBLIC) -> Length:
        return Length(len(text.strip()), 1000)

    def poll(self, cursor: str | None, budget: Budget) -> PollResult:
        if cursor is None:
            newest = self._entries(after=None, limit=1)
            return PollResult((), json.dumps(int(newest[-1]["number"]) if newest else 0))
        mark = self._mark(cursor)
        entries = self._entries(after=max(0, mark - REREAD), limit=REREAD + budget.page_size)
        mentions, bad = read_posts(entries, partial(to_mention, shop=self._shop))
        reached = max([mark, *(int(one.external_id) for one in mentions)])
        complete = len(entries) < REREAD + budget.page_size
        return PollResult(in_order(mentions), json.dumps(reached), complete, tuple(bad))

    def can_reply(self, target: ReplyTarget, way: ReplyWay = ReplyWay.PUBLIC) -> Permission:
        reason = "The guestbook knows no private answers." if way is ReplyWay.PRIVATE else ""
        reason = "This entry was taken down." if target.gone else reason
        return Permission(not reason, reason, f"{ORIGIN}/#{target.external_id}")

    def send(self, reply: Reply) -> Posted:
        body = {"answers": reply.target_id, "text": reply.text}
        try:
            response = self._session.request("POST", f"{ORIGIN}/api/entries", json=body)
            entry = json_object(response) or {}
            return Posted(identifier(entry.get("number")), parse_moment(entry.get("written")), f"{ORIGIN}/#answers")
        except CallFailed as failure:
            raise self._explain.send_error(failure) from failure
        except ValueError as error:
            raise OutcomeUnknown("The guestbook answered with something we cannot read.") from error

    def verify_sent(self, reply: Reply, *, since: datetime) -> tuple[Posted, ...]:
        entries = self._entries(answering=reply.target_id, limit=100)
        mentions, _ = read_posts(entries, partial(to_mention, shop=self._shop))
        earliest = since.astimezone(UTC) - timedelta(seconds=30)
        ours = [one for one in mentions if one.is_ours and one.posted_at >= earliest]
        same = [one for one in ours if comparable(one.text) == comparable(reply.text)]
        return tuple(Posted(one.external_id, one.posted_at, one.url) for one in in_order(same))

    def health(self) -> Health:
        try:
            self._entries(limit=1)
        except ChannelError as error:
            return Health(health_state(error), str(error))
        return Health(HealthState.OK, "The guestbook answers.", self._shop)

    def _entries(self, **asked: Any) -> list[Any]:
        try:
            payload = json_object(self._session.request("GET", f"{ORIGIN}/api/entries", params=asked))
        except CallFailed as failure:
            raise self._explain.read_error(failure) from failure
        if payload is None or not isinstance(payload.get("entries"), list):
            raise ChannelProtocolError("The guestbook answered without entries.")
        return list(payload["entries"])

    def _mark(self, cursor: str) -> int:
        try:
            return int(json.loads(cursor))
        except (ValueError, TypeError) as error:
            raise ChannelProtocolError("The stored place of this account cannot be read.") from error
