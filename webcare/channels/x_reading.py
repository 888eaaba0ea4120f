"""One poll of an X account: its lists, each with a place of its own, so that one that fails costs no other.

Mentions, our own timeline, searches that listen, what is said under our posts, and direct messages. Lists of one
endpoint share its limits; the caller says which endpoints are left alone this time.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from webcare.channels.base import Budget, PollResult, RateState, Spend
from webcare.channels.walking import Page, Place, Walk, poll_result, walk
from webcare.channels.x_client import FIELDS, Method, XClient
from webcare.channels.x_lists import (
    LISTEN,
    MENTIONS,
    MESSAGES,
    OWN,
    SEARCH,
    STILL_COMING,
    UNDER_OURS,
    Notes,
    Wants,
    begins_a_thread,
    in_words,
    newest_threads,
    reaching,
    under_ours,
    with_notes,
)
from webcare.channels.x_messages import MESSAGE_FIELDS, read_messages
from webcare.channels.x_posts import read_page
from webcare.errors import AccountDisconnected, ChannelError, ChannelProtocolError, ChannelThrottled, ChannelUnavailable

log = logging.getLogger(__name__)

#: X shows at most this many posts that mention somebody: docs.x.com, "user mention timeline".
MENTIONS_SHOWN = 800
#: Of the 15 looks at messages in 15 minutes, those kept for reading answers of ours back.
_FOR_READ_BACK = 3
#: How long a list that X refuses us is left alone.
_REFUSED_FOR = timedelta(hours=1)
#: What an endpoint's posts cost, by the names of the price table.
_PRICES = {MENTIONS: "owned_read", OWN: "owned_read", SEARCH: "post_read", MESSAGES: "dm_read"}


class Reading:
    """One poll. `told` remembers from poll to poll which failures the log has already."""

    def __init__(self, x: XClient, wants: Wants, places: dict[str, Place], notes: Notes, told: set[str]) -> None:
        self._x = x
        self._wants = wants
        self._places = places
        self._told = told
        self._walks: dict[str, Walk] = {}
        self._rates: dict[str, RateState] = {}
        self._read: dict[str, dict[str, None]] = {}
        self._failed: dict[str, ChannelError] = {}
        self._refused = dict(notes.refused)
        self._watched = notes.watched

    def poll(self, budget: Budget) -> PollResult:
        """Read every list that may be read now. Raises ChannelError when nothing could be, or the mentions could not
        be and no other list had anything new."""
        self._budget = budget
        self._try(MENTIONS, MENTIONS, self._mentions)
        if self._wants.own:
            self._try(OWN, OWN, self._own)
        if self._wants.under_ours:
            self._try(UNDER_OURS, SEARCH, self._under_ours)
        for query in self._wants.listen:
            self._try(LISTEN + query.text, SEARCH, partial(self._search, query.text))
        if self._wants.messages:
            self._try(MESSAGES, MESSAGES, self._messages)
        self._raise_where_nothing_came()
        return self._result()

    # --- the lists --------------------------------------------------------------------------------

    def _mentions(self, place: Place) -> Walk:
        return self._timeline(MENTIONS, self._x.api.get_users_mentions, place, MENTIONS_SHOWN)

    def _own(self, place: Place) -> Walk:
        if self._wants.under_ours and self._watched is None:
            self._look_up_watched()
        found = self._timeline(OWN, self._x.api.get_users_tweets, place, 0)
        self._watch(found)
        return found

    def _timeline(self, endpoint: str, method: Method, place: Place, shown: int) -> Walk:
        size = min(100, max(5, self._budget.page_size))

        def fetch(place: Place, token: str) -> Page:
            return self._posts(
                endpoint,
                method,
                self._x.ours,
                max_results=size,
                start_time=place.floor,
                pagination_token=token or None,
                until_id=None if token else place.below or None,
            )

        return self._walk(fetch, place, size, history=shown, by_id=True)

    def _search(self, query: str, place: Place) -> Walk:
        size = min(100, max(10, self._budget.page_size))

        def fetch(place: Place, token: str) -> Page:
            return self._found(query, place.floor, token, size, until_id=None if token else place.below or None)

        return self._walk(fetch, place, size, by_id=True)

    def _under_ours(self, place: Place) -> Walk:
        """What others write to us, about our posts and under them, read as one list: one search after the other."""
        queries = under_ours(self._x.ours, self._x.handle, self._watched or ())
        size = min(100, max(10, self._budget.page_size))

        def fetch(place: Place, token: str) -> Page:
            number, begun, inner = _read_token(token, self._x.now())
            page = self._found(queries[min(number, len(queries) - 1)], place.floor, inner, size)
            # The first search was read a while ago: what came in since belongs to the next walk.
            newest = begun if number else datetime.max.replace(tzinfo=UTC)
            kept = tuple(one for one in page.mentions if place.floor <= one.posted_at <= newest)
            following = (number, page.next_token) if page.next_token else (number + 1, "")
            more = following[0] < len(queries)
            token = f"{following[0]}|{begun.isoformat()}|{following[1]}" if more else ""
            return replace(page, mentions=kept, next_token=token)

        return self._walk(fetch, place, size)

    def _messages(self, place: Place) -> Walk:
        size = min(100, self._budget.page_size)

        def fetch(_: Place, token: str) -> Page:
            payload = self._x.ask(
                self._x.api.get_direct_message_events,
                user_auth=True,
                max_results=size,
                pagination_token=token or None,
                **MESSAGE_FIELDS,
            )
            return self._heard(MESSAGES, read_messages(payload, ours=self._x.ours, web=self._x.web))

        return self._walk(fetch, place, size)

    def _found(self, query: str, start: datetime, token: str, size: int, **more: Any) -> Page:
        return self._posts(
            SEARCH,
            self._x.api.search_recent_tweets,
            query,
            max_results=size,
            start_time=min(start, self._x.now() - STILL_COMING),
            next_token=token or None,
            **more,
        )

    def _posts(self, endpoint: str, method: Method, *args: Any, **params: Any) -> Page:
        payload = self._x.ask(method, *args, user_auth=True, **params, **FIELDS)
        return self._heard(endpoint, read_page(payload, ours=self._x.ours, web=self._x.web))

    def _heard(self, endpoint: str, page: Page) -> Page:
        self._read.setdefault(_PRICES[endpoint], {}).update(dict.fromkeys(one.external_id for one in page.mentions))
        rate = self._x.limits()
        if rate is not None:
            rate = _without_reserve(rate) if endpoint == MESSAGES else rate
            self._rates[endpoint] = rate
        return replace(page, rate=rate)

    def _walk(
        self, fetch: Callable[[Place, str], Page], place: Place, size: int, *, history: int = 0, by_id: bool = False
    ) -> Walk:
        return walk(
            fetch,
            place,
            now=self._x.now,
            max_pages=self._budget.max_pages,
            page_size=size,
            history=history,
            by_id=by_id,
        )

    # --- our own posts ----------------------------------------------------------------------------

    def _look_up_watched(self) -> None:
        """Our newest posts from before collecting began: people still answer them."""
        count = self._wants.under_ours
        page = self._posts(
            OWN,
            self._x.api.get_users_tweets,
            self._x.ours,
            exclude=["replies", "retweets"],
            max_results=max(5, count),
        )
        self._watched = newest_threads([one.thread_id for one in page.mentions], count)

    def _watch(self, found: Walk) -> None:
        """Watch new posts of ours too, from when they were made, however late they were seen."""
        if self._watched is None:
            return
        known, fresh = self._watched, {one.thread_id: one.posted_at for one in found.mentions if begins_a_thread(one)}
        self._watched = newest_threads([*known, *fresh], self._wants.under_ours)
        dates = [at for thread, at in fresh.items() if thread in self._watched and thread not in known]
        if dates:
            place = self._place(UNDER_OURS)
            floor = max(place.since, min(place.floor, *dates))
            # The searches are others now, so one that is on its way begins again.
            self._places[UNDER_OURS] = replace(place, token="", below="", floor=floor)

    # --- what may be read, and what came of it ----------------------------------------------------

    def _try(self, name: str, endpoint: str, read: Callable[[Place], Walk]) -> None:
        if not self._is_open(name, endpoint):
            return
        place, gap = self._place(name), None
        if self._x.knows_the_time:
            place, gap = reaching(place, endpoint, self._x.now())
        try:
            found = read(place)
        except ChannelError as error:
            if name == MENTIONS and isinstance(error, AccountDisconnected):
                raise
            self._fail(name, endpoint, error)
        else:
            self._refused.pop(name, None)
            self._walks[name] = replace(found, gap=gap or found.gap)

    def _place(self, name: str) -> Place:
        known = self._places.get(name)
        if known is None:
            # Our own posts are never answered, so reading them from the beginning does no harm.
            known = Place.start(self._places[MENTIONS].since if name == OWN else self._x.now())
            self._places[name] = known
        return known

    def _is_open(self, name: str, endpoint: str) -> bool:
        rate, refused = self._rates.get(endpoint), self._refused.get(name)
        unreachable = [one for one in self._failed.values() if isinstance(one, ChannelUnavailable)]
        return not (
            endpoint in self._budget.closed
            or (rate is not None and rate.remaining == 0)
            or (refused is not None and refused[0] > self._x.now())
            or len(unreachable) > 1  # The network is down rather than one list of it.
        )

    def _fail(self, name: str, endpoint: str, error: ChannelError) -> None:
        self._failed[name] = error
        if isinstance(error, ChannelThrottled) and error.retry_at is not None:
            self._rates[endpoint] = RateState(None, 0, error.retry_at)
        if isinstance(error, AccountDisconnected):
            self._refused[name] = (self._x.now() + _REFUSED_FOR, str(error))
        if name != MENTIONS and (words := f"{in_words(name)} cannot be read: {error}") not in self._told:
            self._told.add(words)
            log.warning("%s: %s", self._x.config.key, words)

    def _raise_where_nothing_came(self) -> None:
        if not self._failed:
            return
        news = any(one.place.mark > self._place(name).mark for name, one in self._walks.items())
        if not self._walks or (MENTIONS in self._failed and not news):
            raise self._failed.get(MENTIONS) or next(iter(self._failed.values()))

    def _result(self) -> PollResult:
        # The place of a search that is no longer wanted is forgotten: wanted again, it begins at that time.
        places = {name: place for name, place in self._places.items() if name in (OWN, *self._wants.lists)}
        result = poll_result(places, self._walks)
        refused = {name: one for name, one in self._refused.items() if name in self._wants.lists}
        troubles = {name: why for name, (_, why) in refused.items()} | {
            name: str(error) for name, error in self._failed.items()
        }
        return replace(
            result,
            cursor=with_notes(result.cursor, Notes(self._watched, refused)),
            rates=self._rates,
            spent=self._spent(),
            troubles={name: f"{_sentence(in_words(name))} cannot be read: {why}" for name, why in troubles.items()},
        )

    def _spent(self) -> tuple[Spend, ...]:
        """What was read, each post once: X counts it once a day, whichever list it came with."""
        spent, counted = [], set[str]()
        for what in sorted(self._read):  # "owned_read" before "post_read", which costs more.
            ids = tuple(one for one in self._read[what] if one not in counted)
            counted.update(ids)
            spent += [Spend(what, len(ids), ids)] if ids else []
        return tuple(spent)


def _without_reserve(rate: RateState) -> RateState:
    left = rate.remaining
    return rate if left is None else replace(rate, remaining=max(0, left - _FOR_READ_BACK))


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def _read_token(token: str, now: datetime) -> tuple[int, datetime, str]:
    """Which of several searches goes on, when the first one began, and X's own token. Raises ChannelProtocolError."""
    if not token:
        return 0, now, ""
    try:
        number, begun, inner = token.split("|", 2)
        return int(number), datetime.fromisoformat(begun).astimezone(UTC), inner
    except ValueError as error:
        raise ChannelProtocolError(
            "The stored place of a search cannot be read; it is read from the top again."
        ) from error
