"""Asking X again: how posts stand now, and what a gap may hide."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from webcare.channels.base import BadPost, Budget, Filled, Gap, GoneReason, RateState, Refreshed, Spend
from webcare.channels.walking import Page
from webcare.channels.x_client import FIELDS, XClient
from webcare.channels.x_lists import (
    LISTEN,
    MENTIONS,
    MESSAGES,
    MESSAGES_SHOWN,
    OWN,
    SEARCH,
    SEARCHED,
    STILL_COMING,
    UNDER_OURS,
    WATCHED,
    newest_threads,
    under_ours,
)
from webcare.channels.x_messages import MESSAGE_FIELDS, read_messages
from webcare.channels.x_posts import problems, read_page, said_in, versions
from webcare.domain import Mention
from webcare.errors import ChannelProtocolError

#: Posts one look-up takes: docs.x.com, "post lookup".
AT_ONCE = 100
LOOKED_UP = "lookup"
_ID = re.compile(r"\d{1,19}")
_TOKEN = re.compile(r"(\d+)\|(\d*)")


# --- how posts stand ------------------------------------------------------------------------------


def refresh(x: XClient, external_ids: Sequence[str]) -> Refreshed:
    """Look posts up again, an edited one in its newest version. Messages cannot be looked up. Raises ChannelError."""
    asked = [one for one in dict.fromkeys(external_ids) if _ID.fullmatch(one)][:AT_ONCE]
    if not asked:
        return Refreshed()
    found, gone = _look_up(x, asked)
    latest = {one.external_id: last for one in found if (last := versions(one.raw)[-1]) != one.external_id}
    newest, _ = _look_up(x, list(dict.fromkeys(latest.values()))) if latest else ([], {})
    there = {one.external_id for one in newest}
    kept = [one for one in found if latest.get(one.external_id) not in there]
    read = tuple(dict.fromkeys(one.external_id for one in (*found, *newest)))
    rate = x.limits()
    return Refreshed(
        mentions=tuple({one.external_id: one for one in (*kept, *newest)}.values()),
        gone=gone,
        rates={LOOKED_UP: rate} if rate else {},
        spent=(Spend("post_read", len(read), read),) if read else (),
    )


def _look_up(x: XClient, ids: list[str]) -> tuple[list[Mention], dict[str, GoneReason]]:
    payload = x.ask(x.api.get_tweets, ids, user_auth=True, **FIELDS)
    gone = gone_in(payload, ids)
    if "data" in payload:
        return list(read_page(payload, ours=x.ours, web=x.web).mentions), gone
    if not gone:
        raise ChannelProtocolError(
            "X answered a look-up with neither posts nor a reason: {said}", said=said_in(payload)
        )
    return [], gone


def gone_in(payload: Mapping[str, Any], asked: Iterable[str]) -> dict[str, GoneReason]:
    """The posts of which X itself says that we may not see them. What it says of people beside posts does not count."""
    shown = payload.get("data")
    there = {str(one.get("id")) for one in shown if isinstance(one, Mapping)} if isinstance(shown, list) else set()
    wanted = set(asked) - there
    found: dict[str, GoneReason] = {}
    for one in problems(payload)[1:]:
        number = str(one.get("resource_id") or one.get("value"))
        about_post = one.get("resource_type") == "tweet" and one.get("parameter") in ("id", "ids")
        if about_post and number in wanted and (reason := _reason(one)):
            found[number] = reason
    return found


def _reason(problem: Mapping[str, Any]) -> GoneReason | None:
    kind, words = str(problem.get("type")).rpartition("/")[2], str(problem.get("detail")).lower()
    if "suspended" in words:
        return GoneReason.SUSPENDED
    return {
        "resource-not-found": GoneReason.DELETED,
        "not-authorized-for-resource": GoneReason.PROTECTED,
        "resource-unavailable": GoneReason.UNSEEN,
        "disallowed-resource": GoneReason.UNSEEN,
    }.get(kind)


# --- what a gap may hide --------------------------------------------------------------------------


def backfill(x: XClient, gap: Gap, token: str, budget: Budget) -> Filled:
    """Read the stretch of `gap` again, as many pages as the budget has. Raises ChannelError."""
    # How far X searches is counted by its clock, and its last answer may be hours old. Who we are costs once a day.
    x.ask(x.api.get_me)
    filling = _Filling(x, gap, budget)
    if gap.source == MESSAGES:
        return filling.messages(token)
    if gap.source == OWN:
        return filling.timeline(token)
    return filling.searches(token)


class _Filling:
    """One step. X's own tokens do not keep, so ours say which search goes on and under which post.

    Only messages cannot be asked for in another way than by X's token.
    """

    def __init__(self, x: XClient, gap: Gap, budget: Budget) -> None:
        self._x = x
        self._gap = gap
        self._budget = budget
        self._mentions: dict[str, Mention] = {}
        self._bad: list[BadPost] = []
        self._rate: RateState | None = None
        self._pages = 0

    def searches(self, token: str) -> Filled:
        """Mentions, listening searches and what is said under our posts, all by search."""
        oldest = self._x.now() - SEARCHED
        since, until = max(self._gap.since, oldest), min(self._gap.until, self._x.now() - STILL_COMING)
        left = self._lost(oldest, "X searches no further back than seven days")
        if until <= since:
            return self._filled("", left, "post_read", SEARCH)
        queries = self._queries()
        number, below = _at(token)
        while number < len(queries) and not self._spent:
            lowest = self._search(queries[number], since, until, below)
            number, below = (number + 1, "") if lowest is None else (number, lowest)
        return self._filled(f"{number}|{below}" if number < len(queries) else "", left, "post_read", SEARCH)

    def timeline(self, token: str) -> Filled:
        """Our own posts."""
        _, below = _at(token)
        end: dict[str, Any] = {"until_id": below} if below else {"end_time": self._gap.until}

        def ask(inner: str) -> dict[str, Any]:
            return self._x.ask(
                self._x.api.get_users_tweets,
                self._x.ours,
                user_auth=True,
                max_results=min(100, max(5, self._budget.page_size)),
                start_time=self._gap.since,
                pagination_token=inner or None,
                **end,
                **FIELDS,
            )

        lowest = self._read_on(ask, below)
        return self._filled("" if lowest is None else f"0|{lowest}", (), "owned_read", OWN)

    def messages(self, token: str) -> Filled:
        """Direct messages: from the newest on, because X takes no dates there."""
        left = self._lost(self._x.now() - MESSAGES_SHOWN, "X shows messages of 30 days only")
        while not self._spent:
            try:
                page = self._messages(token)
            except ChannelProtocolError:
                if not token or self._pages:
                    raise
                page = self._messages("")  # X takes the stored token no longer: from the newest on again.
            token = page.next_token
            if not token or any(one.posted_at < self._gap.since for one in page.mentions):
                token = ""
                break
        return self._filled(token, left, "dm_read", MESSAGES)

    def _messages(self, token: str) -> Page:
        payload = self._x.ask(
            self._x.api.get_direct_message_events,
            user_auth=True,
            max_results=min(100, self._budget.page_size),
            pagination_token=token or None,
            **MESSAGE_FIELDS,
        )
        return self._take(read_messages(payload, ours=self._x.ours, web=self._x.web))

    def _queries(self) -> list[str]:
        source, x = self._gap.source, self._x
        if source.startswith(LISTEN):
            return [source.removeprefix(LISTEN)]
        if source == UNDER_OURS:
            payload = x.ask(
                x.api.get_users_tweets,
                x.ours,
                user_auth=True,
                exclude=["replies", "retweets"],
                max_results=WATCHED,
                **FIELDS,
            )
            page = read_page(payload, ours=x.ours, web=x.web)
            return under_ours(x.ours, x.handle, newest_threads((one.thread_id for one in page.mentions), WATCHED))
        if source not in ("", MENTIONS):
            raise ChannelProtocolError("X has no list {source!r} to read again.", source=source)
        return [f"(@{x.handle} OR to:{x.ours}) -from:{x.ours}" if x.handle else f"to:{x.ours} -from:{x.ours}"]

    def _search(self, query: str, since: datetime, until: datetime, below: str) -> str | None:
        end: dict[str, Any] = {"until_id": below} if below else {"end_time": until}

        def ask(token: str) -> dict[str, Any]:
            return self._x.ask(
                self._x.api.search_recent_tweets,
                query,
                user_auth=True,
                max_results=min(100, max(10, self._budget.page_size)),
                start_time=since,
                next_token=token or None,
                **end,
                **FIELDS,
            )

        return self._read_on(ask, below)

    def _read_on(self, ask: Callable[[str], dict[str, Any]], below: str) -> str | None:
        """Read while there are pages and budget. The id of the oldest post seen, to go on under; None at the end."""
        token = ""
        while True:
            page = self._take(read_page(ask(token), ours=self._x.ours, web=self._x.web))
            below = min((one.external_id for one in page.mentions), key=int, default=below)
            token = page.next_token
            if not token:
                return None
            if self._spent:
                return below

    def _take(self, page: Page) -> Page:
        self._pages += 1
        self._rate = self._x.limits()
        self._mentions |= {one.external_id: one for one in page.mentions}
        self._bad += page.bad
        return page

    @property
    def _spent(self) -> bool:
        return self._pages >= self._budget.max_pages or (self._rate is not None and self._rate.remaining == 0)

    def _lost(self, oldest: datetime, why: str) -> tuple[Gap, ...]:
        gap = self._gap
        return (Gap(gap.since, min(gap.until, oldest), why, gap.source),) if gap.since < oldest else ()

    def _filled(self, token: str, left: tuple[Gap, ...], what: str, endpoint: str) -> Filled:
        read = tuple(self._mentions)
        inside = [one for one in self._mentions.values() if self._gap.since <= one.posted_at <= self._gap.until]
        newest_first = sorted(
            inside, key=lambda one: (one.posted_at, len(one.external_id), one.external_id), reverse=True
        )
        return Filled(
            mentions=tuple(newest_first),
            token=token,
            bad=tuple(self._bad),
            left=() if token else left,
            rates={endpoint: self._rate} if self._rate else {},
            spent=(Spend(what, len(read), read),) if read else (),
        )


def _at(token: str) -> tuple[int, str]:
    """Which search goes on, and under which post. Raises ChannelProtocolError for what is not such a place."""
    if not token:
        return 0, ""
    found = _TOKEN.fullmatch(token)
    if found is None:
        raise ChannelProtocolError("The stored place of this backfill cannot be read; begin it again.")
    return int(found[1]), found[2]
