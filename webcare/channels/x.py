"""X through tweepy: one account's posts, mentions, searches and direct messages.

Which lists there are is in `x_lists.py`, how they are read in `x_reading.py` and again in `x_again.py`, how writing
works in `x_sending.py`, what X's answers mean in `x_posts.py`, `x_messages.py` and `x_refusals.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import ClassVar

from webcare.channels import x_again, x_rules, x_sending
from webcare.channels.base import (
    AccountConfig,
    Action,
    Budget,
    Capabilities,
    Filled,
    Gap,
    Health,
    HealthState,
    Length,
    Permission,
    PollResult,
    Refreshed,
    ReplyTarget,
    Spend,
)
from webcare.channels.explain import health_state
from webcare.channels.walking import Place, backfill, write_places
from webcare.channels.wording import X_LIMIT, clean, x_weight
from webcare.channels.x_client import XClient
from webcare.channels.x_lists import WATCHED, Notes, Wants, read_cursor
from webcare.channels.x_reading import Reading
from webcare.channels.x_search import searches
from webcare.domain import Posted, Reply, ReplyWay
from webcare.errors import ChannelError, SettingsError

#: What the access level of our keys lets us do, as X announces it with every answer.
_MAY_WRITE = "write"
_MAY_MESSAGE = "directmessages"
OPTIONS = (
    "backfill_min",
    "dialect",
    "direct_messages",
    "listen",
    "needs_summon",
    "own_posts",
    "read_own",
    "search_chars",
    "web_base",
)

#: Characters one direct message takes: docs.x.com, "Manage Direct Messages".
MESSAGE_LIMIT = 10_000


class X:
    """One account on X, signed in with OAuth 1.0a.

    Options: `listen` (searches to collect, as texts or tables: see `x_search.py`), `search_chars` (512; enterprise
    access takes 4096), `own_posts` (true: collect what is said under our 12 newest posts; or how many, at most 50),
    `direct_messages` (true), `read_own` (true: read our own timeline), `dialect` ("tweet" or "post"), `backfill_min`
    (minutes to look back at the first start, 0), `needs_summon` (false for enterprise access), `web_base`.
    """

    name: ClassVar[str] = "x"
    title: ClassVar[str] = "X"
    capabilities: ClassVar[Capabilities] = Capabilities(
        reply_private=True,
        actions=frozenset(Action),
        takes_once=True,
        parts=5,
        refresh=x_again.AT_ONCE,
        backfill=True,
        needs_summon=True,
    )
    secret_names: ClassVar[tuple[str, ...]] = ("api_key", "api_secret", "access_token", "access_token_secret")

    def __init__(self, config: AccountConfig) -> None:
        """Build it without a network call. Raises SettingsError."""
        self._config = config
        self._x = XClient(config, self.secret_names)
        self._needs_summon = bool(config.options.get("needs_summon", self.capabilities.needs_summon))
        self._wants = _wants(config)
        self._backfill = backfill(config)
        self._told: set[str] = set()

    @classmethod
    def connect(cls, config: AccountConfig) -> X:
        """Build the channel without a network call. Raises SettingsError for a missing id, secret or wrong search."""
        return cls(config)

    @classmethod
    def length(cls, text: str, way: ReplyWay = ReplyWay.PUBLIC) -> Length:
        """Count by X's own rule: in a post a link is 23, most emoji 2, leading @names of a reply are free."""
        if way is ReplyWay.PRIVATE:
            return Length(len(text), MESSAGE_LIMIT)
        return Length(x_weight(text), X_LIMIT)

    # --- reading ----------------------------------------------------------------------------------

    def poll(self, cursor: str | None, budget: Budget) -> PollResult:
        """Read the mentions and, each for itself, our own timeline, what is said under our posts, the searches that
        listen, and direct messages."""
        if cursor is not None:
            places, notes = read_cursor(cursor)
            return Reading(self._x, self._wants, places, notes, self._told).poll(budget)
        self._x.ask(self._x.api.get_me)
        start = Place.start(self._x.now() - self._backfill)
        places = dict.fromkeys(self._wants.lists, start)
        asked = Spend("user_read", 1, (self._x.ours,))
        if not self._backfill:
            return PollResult((), write_places(places), spent=(asked,))
        found = Reading(self._x, self._wants, places, Notes(), self._told).poll(budget)
        return replace(found, spent=(*found.spent, asked))

    def refresh(self, external_ids: Sequence[str]) -> Refreshed:
        """Look posts up again, at most 100; ids of direct messages are left out. Raises ChannelError."""
        return x_again.refresh(self._x, external_ids)

    def backfill(self, gap: Gap, token: str, budget: Budget) -> Filled:
        """Read what a gap may hide, by search as far as X searches back: seven days. Raises ChannelError."""
        return x_again.backfill(self._x, gap, token, budget)

    # --- writing ----------------------------------------------------------------------------------

    def can_reply(self, target: ReplyTarget, way: ReplyWay = ReplyWay.PUBLIC) -> Permission:
        """Apply X's rules to what is known of the post, without asking X."""
        return x_rules.permission(
            target,
            way,
            ours=self._x.ours,
            handle=self._x.handle,
            needs_summon=self._needs_summon,
            web=self._x.web,
        )

    def send(self, reply: Reply) -> Posted:
        """Post an answer or write a direct message. Raises ChannelError; OutcomeUnknown whenever it may stand there."""
        return x_sending.send(self._x, reply)

    def verify_sent(self, reply: Reply, *, since: datetime) -> tuple[Posted, ...]:
        """Read our timeline, or the conversation, back for `reply`. Raises ChannelError when that did not succeed."""
        return x_sending.verify_sent(self._x, reply, since)

    def act(self, action: Action, external_id: str) -> None:
        """Hide a reply under our post, like a post, delete our own post or message, or undo it. Raises ChannelError."""
        x_sending.act(self._x, action, external_id)

    # --- health -----------------------------------------------------------------------------------

    def health(self) -> Health:
        """Ask X who we are and what our keys may do. Keys of OAuth 1.0a do not expire."""
        try:
            payload = self._x.ask(self._x.api.get_me)
        except ChannelError as error:
            return Health(health_state(error), str(error))
        user = payload.get("data")
        if not isinstance(user, dict) or not user.get("id"):
            return Health(HealthState.UNREACHABLE, "X did not say who we are.")
        found, handle = str(user["id"]), clean(user.get("username"))
        if found != self._x.ours:
            message = f"The keys belong to @{handle} ({found}), not to the account {self._x.ours}."
            return Health(HealthState.DISCONNECTED, message, found, handle)
        missing = self._missing()
        return Health(HealthState.OK, _signed_in(handle, self._x.handle, missing), found, handle, missing=missing)

    def _missing(self) -> tuple[str, ...]:
        """Permissions the desk uses and our keys lack; none where X does not say."""
        level = self._x.session.answer.headers.get("x-access-level", "").lower()
        needed = [("Read and write", _MAY_WRITE), ("Direct message", _MAY_MESSAGE)]
        wanted = needed if self._wants.messages else needed[:1]
        return tuple(name for name, part in wanted if level and part not in level)


def _signed_in(handle: str, expected: str, missing: Sequence[str]) -> str:
    parts = [f"Signed in as @{handle}."]
    if missing:
        parts.append(
            f"The keys lack the permission {' and '.join(missing)}: give it to the app in the X developer console, "
            "make a new access token there and set it here; permissions count for new tokens only."
        )
    if expected and expected.lower() != handle.lower():
        parts.append(f"The settings still call the account @{expected}; write {handle} there as its handle.")
    return " ".join(parts)


def _wants(config: AccountConfig) -> Wants:
    """Which lists the options ask for. Raises SettingsError."""
    name, options = f"accounts.{config.key}.options", config.options
    if unknown := sorted(set(options) - set(OPTIONS)):
        raise SettingsError(f"{name}.{unknown[0]} is no option of X. There are: {', '.join(OPTIONS)}.")
    if options.get("dialect", "tweet") not in ("tweet", "post"):
        raise SettingsError(f'{name}.dialect must be "tweet" or "post".')
    for switch in ("read_own", "direct_messages", "needs_summon"):
        if not isinstance(options.get(switch, True), bool):
            raise SettingsError(f"{name}.{switch} must be true or false.")
    watched = options.get("own_posts", True)
    count = watched if isinstance(watched, int) and not isinstance(watched, bool) else WATCHED * bool(watched)
    if not isinstance(watched, int) or not 0 <= count <= 50:
        raise SettingsError(f"{name}.own_posts must be true, false, or a number of posts up to 50.")
    return Wants(options.get("read_own", True), count, options.get("direct_messages", True), searches(config))
