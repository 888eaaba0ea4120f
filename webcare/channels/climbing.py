"""Reading a list upwards by id, oldest first: for networks that give what comes after an id, page by page.

The counterpart of walking.py. Each reading begins under its mark, so that what shows up late is seen; the mark only
moves over what was read; a list that ends its pages early is read on next time. Pure but for the `fetch` it is given.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from webcare.channels.base import BadPost, Budget, Filled, Gap, PollResult, RateState
from webcare.channels.walking import OVERLAP, OVERLAP_AT_MOST, OVERLAP_POSTS, in_order
from webcare.domain import Mention
from webcare.errors import ChannelError, ChannelProtocolError

log = logging.getLogger(__name__)

#: The overlap never reaches over more entries than this: each costs a part of a page at every poll.
OVERLAP_ENTRIES = 400
#: Single entries vanish when somebody deletes a post; when so many are gone together, the list itself was cleared.
_CLEARED = 3


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing in a list, under the list's own id and date. At most one of the last three is set."""

    id: str
    at: datetime
    mention: Mention | None = None
    bad: BadPost | None = None
    gone: str = ""  #: the post that stood here and was deleted


@dataclass(frozen=True, slots=True)
class Batch:
    """One answer: entries in any order. An empty one is the end of the list; a short one is not."""

    entries: tuple[Entry, ...]
    bad: tuple[BadPost, ...] = ()  #: what has not even an id to go on from
    rate: RateState | None = None


@dataclass(frozen=True, slots=True)
class Position:
    """How far a list has been read.

    `mark` is the id of the newest entry read and `at` its date (aware UTC). A reading begins after `floor`, with `held`
    entries between the two. While a reading is unfinished, `trail` holds ids and dates of its newest entries so far,
    oldest first, and it goes on after the last of them.
    """

    mark: str
    at: datetime
    floor: str
    held: int = 0
    trail: tuple[tuple[str, datetime], ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The position as plain values."""
        trail = [[id_, at.isoformat()] for id_, at in self.trail]
        plain = {"mark": self.mark, "at": self.at.isoformat(), "floor": self.floor, "held": self.held}
        return plain | ({"trail": trail} if trail else {})

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Position:
        """Read `as_json` back. Raises ValueError, KeyError or TypeError for anything else."""
        trail = tuple((str(id_), _aware(at)) for id_, at in plain.get("trail", ()))
        return cls(str(plain["mark"]), _aware(plain["at"]), str(plain["floor"]), int(plain.get("held", 0)), trail)


@dataclass(frozen=True, slots=True)
class Climb:
    """What one reading brought, and the position the next one starts from."""

    position: Position
    entries: tuple[Entry, ...] = ()
    bad: tuple[BadPost, ...] = ()
    complete: bool = True
    gap: Gap | None = None
    rate: RateState | None = None


def climb(fetch: Callable[[str], Batch], position: Position, *, now: Callable[[], datetime], max_pages: int) -> Climb:
    """Read upwards from `position` until a page is empty or the budget is used up.

    `fetch(after)` gives the entries right above that id; an error on the first page is raised, a later one leaves the
    reading unfinished. Raises ChannelProtocolError when the network gives entries that are not above it.
    """
    read: list[Entry] = []
    bad: list[BadPost] = []
    rate, gap, arrived = None, None, False
    after = position.trail[-1][0] if position.trail else position.floor
    for page in range(max_pages):
        try:
            batch = fetch(after)
            entries = _above(after, batch.entries)
        except ChannelError as error:
            if not page:
                raise
            log.warning("reading stopped after %s pages, the next poll goes on there: %s", page, error)
            break
        if not page and not position.trail:
            gap = _cleared(position, entries, now)
        rate, arrived = batch.rate or rate, not entries
        read += entries
        bad += batch.bad
        after = entries[-1].id if entries else after
        if arrived or (rate and rate.remaining == 0):
            break
    return Climb(_moved(position, read, arrived), tuple(read), tuple(bad), arrived, gap, rate)


def begin(
    page: Callable[..., Batch], *, since: datetime, look_back: bool, budget: Budget, name: str
) -> tuple[Position, tuple[Gap, ...]]:
    """Where a list begins that was never read: at its newest entry, or with `look_back` at the first one after `since`.

    `page(size, max_id)` gives entries below that id, the newest ones for "". Raises ChannelError. Gives a gap too when
    the budget ends on the way.
    """
    low = min(page(1, "").entries, key=lambda one: order(one.id), default=None)
    if low is None:
        return Position("0", since, "0"), ()
    for _ in range(budget.max_pages if look_back and low.at >= since else 0):
        entries = page(budget.page_size, low.id).entries
        if not entries:
            return Position("0", since, "0"), ()
        low = min(entries, key=lambda one: order(one.id))
        if low.at < since:
            break
    missed = look_back and low.at > since
    lost = Gap(since, low.at, "there was more than the first poll may read", name)
    return Position(low.id, low.at, low.id), (lost,) if missed else ()


def descend(page: Callable[..., Batch], gap: Gap, token: str, budget: Budget) -> Filled:
    """One step of a backfill: read downwards, on below the id `token`, until `gap` begins. Raises ChannelError."""
    found: list[Entry] = []
    bad: list[BadPost] = []
    rate, oldest, ended = None, gap.until, False
    for _ in range(budget.max_pages):
        batch = page(budget.page_size, token)
        entries = sorted(batch.entries, key=lambda one: order(one.id), reverse=True)
        found += [one for one in entries if gap.since <= one.at <= gap.until]
        bad += batch.bad
        rate, ended = batch.rate or rate, not entries
        token, oldest = (entries[-1].id, entries[-1].at) if entries else ("", oldest)
        if ended or oldest < gap.since:
            token = ""
            break
    lost = Gap(gap.since, min(oldest, gap.until), "the network keeps nothing older in this list", gap.source)
    unique = {one.mention.external_id: one.mention for one in found if one.mention}
    return Filled(
        mentions=tuple(sorted(unique.values(), key=lambda one: one.posted_at, reverse=True)),
        token=token,
        bad=(*bad, *(one.bad for one in found if one.bad)),
        left=(lost,) if ended and lost.since < lost.until else (),
        rates={gap.source: rate} if rate else {},
    )


def order(id_: str) -> tuple[int, str]:
    """A key that sorts ids as their networks do: numbers by value, ids of one length by their letters."""
    return len(id_), id_


def read_positions(cursor: str) -> dict[str, Position]:
    """The positions a stored cursor holds, by list. Raises ChannelProtocolError when it is not one of ours."""
    try:
        return {str(name): Position.from_json(plain) for name, plain in json.loads(cursor).items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ChannelProtocolError(
            "The stored place of this account cannot be read; empty the account's cursor to begin afresh from now."
        ) from error


def write_positions(positions: Mapping[str, Position]) -> str:
    """The cursor to store."""
    return json.dumps({name: position.as_json() for name, position in positions.items()})


def poll_result(
    positions: Mapping[str, Position],
    climbs: Mapping[str, Climb],
    *,
    gaps: Iterable[Gap] = (),
    troubles: Mapping[str, str] | None = None,
) -> PollResult:
    """What one poll came to. Lists that were not read keep their position; `gaps` are added to those found."""
    entries = [entry for one in climbs.values() for entry in one.entries]
    unique = {entry.mention.external_id: entry.mention for entry in entries if entry.mention}
    gone = dict.fromkeys(entry.gone for entry in entries if entry.gone)
    return PollResult(
        mentions=in_order(unique.values()),
        cursor=write_positions({**positions, **{name: one.position for name, one in climbs.items()}}),
        complete=all(one.complete for one in climbs.values()),
        bad=(*(post for one in climbs.values() for post in one.bad), *(one.bad for one in entries if one.bad)),
        gaps=(*gaps, *(replace(one.gap, source=name) for name, one in climbs.items() if one.gap)),
        gone=tuple(gone),
        rates={name: one.rate for name, one in climbs.items() if one.rate},
        troubles=troubles or {},
    )


def _above(after: str, entries: Iterable[Entry]) -> list[Entry]:
    """The page in upward order; it must lie above `after`, or the same page would be read for ever."""
    upward = sorted(entries, key=lambda one: order(one.id))
    if upward and order(upward[0].id) <= order(after):
        raise ChannelProtocolError("The network gave posts again that lie before the place we asked from.")
    return upward


def _cleared(position: Position, entries: list[Entry], now: Callable[[], datetime]) -> Gap | None:
    """A gap when nothing is left of what was read before: whatever came in meanwhile may have gone with it."""
    left = any(order(entry.id) <= order(position.mark) for entry in entries)
    if position.held < _CLEARED or left:
        return None
    until = max(entries[0].at if entries else now(), position.at + timedelta(seconds=1))
    return Gap(position.at, until, "the posts read before are no longer in this list; somebody may have cleared it")


def _moved(position: Position, read: list[Entry], arrived: bool) -> Position:
    trail = [*position.trail, *((entry.id, entry.at) for entry in read)][-OVERLAP_ENTRIES - 1 :]
    mark, at = max([(position.mark, position.at), *trail], key=lambda one: order(one[0]))
    if not arrived:
        return replace(position, mark=mark, at=at, trail=tuple(trail))
    below, held = _overlap(trail)
    return Position(mark, at, trail[below - 1][0] if below else position.floor, held)


def _overlap(trail: list[tuple[str, datetime]]) -> tuple[int, int]:
    """How many entries of the trail lie under the overlap, and how many in it."""
    if not trail:
        return 0, 0
    newest, held = max(at for _, at in trail), 0
    for _, at in reversed(trail):
        enough = held >= OVERLAP_POSTS and at < newest - OVERLAP
        if enough or held >= OVERLAP_ENTRIES or at < newest - OVERLAP_AT_MOST:
            break
        held += 1
    return len(trail) - held, held


def _aware(value: Any) -> datetime:
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError("a position without a time zone")
    return moment.astimezone(UTC)
