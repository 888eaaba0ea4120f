"""Reading a newest-first list so that nothing is missed: high-water mark, overlap, page budget, where to go on.

A network shows posts late, out of order and in short pages. So every walk reads again some of what lies under the
mark (the store drops what it knows), the mark moves only when the walk came to its end, and where the network itself
stops before the mark the walk says so as a gap. Pure but for the `fetch` it is given.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from webcare.channels.base import AccountConfig, BadPost, Gap, PollResult, RateState
from webcare.channels.wording import clean_raw
from webcare.domain import Mention
from webcare.errors import ChannelError, ChannelProtocolError, ChannelThrottled, SettingsError

log = logging.getLogger(__name__)

#: How far every poll reads again under the mark: so long after its date may a post show up late.
OVERLAP = timedelta(minutes=15)
#: On a quiet account the overlap reaches back over this many posts, but never further than a day.
OVERLAP_POSTS = 100
OVERLAP_AT_MOST = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Place:
    """How far one list has been read. All times aware UTC.

    `since`: when collecting began, nothing older is ever given. `mark`: everything up to here has been read.
    `floor`: where a walk may stop, at or under the mark. The rest is set only while a walk is unfinished: `token` or
    `below` (an id) say where it goes on, `top` and `reached` are the newest and oldest dates it saw, `slots` is how
    many posts it asked for so far.
    """

    since: datetime
    mark: datetime
    floor: datetime
    token: str = ""
    below: str = ""
    top: datetime | None = None
    reached: datetime | None = None
    slots: int = 0

    @classmethod
    def start(cls, moment: datetime) -> Place:
        """A list nobody has read, from `moment` on."""
        return cls(moment, moment, moment)

    @property
    def unfinished(self) -> bool:
        """Whether an earlier walk ran out of its budget on the way."""
        return bool(self.token or self.below)

    def as_json(self) -> dict[str, Any]:
        """The place as plain values, without what is empty."""
        plain = {name: getattr(self, name) for name in _PLACE_FIELDS if getattr(self, name)}
        return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in plain.items()}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Place:
        """Read `as_json` back. Raises ValueError, KeyError or TypeError for anything else."""
        since, mark, floor = (_aware(plain[name]) for name in ("since", "mark", "floor"))
        top, reached = (_aware(plain[name]) if plain.get(name) else None for name in ("top", "reached"))
        token, below = (str(plain.get(name) or "") for name in ("token", "below"))
        return cls(since, mark, floor, token, below, top, reached, int(plain.get("slots") or 0))


_PLACE_FIELDS = tuple(one.name for one in fields(Place))


@dataclass(frozen=True, slots=True)
class Page:
    """One answer of a list, newest first. `next_token` is empty on the last page, however short pages are."""

    mentions: tuple[Mention, ...]
    bad: tuple[BadPost, ...] = ()
    next_token: str = ""
    rate: RateState | None = None


@dataclass(frozen=True, slots=True)
class Walk:
    """What one walk brought, and the place the next one starts from."""

    place: Place
    mentions: tuple[Mention, ...] = ()
    bad: tuple[BadPost, ...] = ()
    complete: bool = True
    gap: Gap | None = None
    rate: RateState | None = None


def walk(
    fetch: Callable[[Place, str], Page],
    place: Place,
    *,
    now: Callable[[], datetime],
    max_pages: int,
    page_size: int,
    history: int = 0,
    by_id: bool = False,
) -> Walk:
    """Read from the newest post down to `place.floor`, or on from where the last walk stopped.

    `fetch(place, token)` gives one page; an error on the first one is raised, a later one ends the walk unfinished.
    `now` is asked after the last page.
    `history` is how many posts the network shows at all (0 = no such limit); ending there above the mark is a gap.
    `by_id`: a later walk goes on under the oldest id seen, because this network's tokens do not keep.
    """
    pages: list[Page] = []
    token, arrived = place.token, False
    refused: RateState | None = None
    while not arrived:
        try:
            page = fetch(place, token)
        except ChannelError as error:
            if pages:
                log.warning("reading stopped after %s pages, the next poll goes on there: %s", len(pages), error)
                # The next poll need not meet the same refusal to know how long this list rests.
                if isinstance(error, ChannelThrottled):
                    refused = RateState(remaining=0, reset_at=error.retry_at)
                break
            if not (token and isinstance(error, ChannelProtocolError)):
                raise
            # A stored token the network no longer takes: read from the top again rather than never again.
            token = ""
            continue
        pages.append(page)
        token = page.next_token
        arrived = not token or _is_under(page, place.floor)
        if len(pages) >= max_pages or (page.rate and page.rate.remaining == 0):
            break
    seen = _seen(place, pages, page_size, now())
    gap = _gap(seen, history) if arrived and not token else None
    return Walk(
        place=_arrived(seen, pages) if arrived else _unfinished(seen, pages, token, by_id),
        mentions=_given(pages, place.since),
        bad=tuple(post for page in pages for post in page.bad),
        complete=arrived,
        gap=gap,
        rate=refused or pages[-1].rate,
    )


def bad_post(payload: Any, error: Exception) -> BadPost:
    """A post that could not be read, kept as the network wrote it."""
    return BadPost(json.dumps(clean_raw(payload), ensure_ascii=False, sort_keys=True)[:20_000], str(error))


def read_posts(payloads: Iterable[Any], read: Callable[[Any], Mention]) -> tuple[list[Mention], list[BadPost]]:
    """Read each post for itself, so that one bad post never costs its page."""
    mentions, bad = [], []
    for payload in payloads:
        try:
            mentions.append(read(payload))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            bad.append(bad_post(payload, error))
    return mentions, bad


def backfill(config: AccountConfig) -> timedelta:
    """How far the first poll looks back: option `backfill_min`, 0 = begin at now. Raises SettingsError."""
    value = config.options.get("backfill_min", 0)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 7 * 24 * 60:
        raise SettingsError(f"accounts.{config.key}.options.backfill_min must be minutes between 0 and 10080.")
    return timedelta(minutes=value)


def read_places(cursor: str) -> dict[str, Place]:
    """The places a stored cursor holds, by list. Raises ChannelProtocolError when it is not one of ours."""
    try:
        return {str(name): Place.from_json(plain) for name, plain in json.loads(cursor).items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ChannelProtocolError(
            "The stored place of this account cannot be read; empty the account's cursor to begin afresh from now."
        ) from error


def write_places(places: Mapping[str, Place]) -> str:
    """The cursor to store."""
    return json.dumps({name: place.as_json() for name, place in places.items()})


def poll_result(places: Mapping[str, Place], walks: Mapping[str, Walk], *, complete: bool = True) -> PollResult:
    """What one poll came to: its walks together; lists that were not walked keep their place.

    `complete=False`: some list could not be walked at all.
    """
    unique = {mention.external_id: mention for one in walks.values() for mention in one.mentions}
    return PollResult(
        mentions=in_order(unique.values()),
        cursor=write_places({**places, **{name: one.place for name, one in walks.items()}}),
        complete=complete and all(one.complete for one in walks.values()),
        bad=tuple(post for one in walks.values() for post in one.bad),
        gaps=tuple(replace(one.gap, source=name) for name, one in walks.items() if one.gap),
        rates={name: one.rate for name, one in walks.items() if one.rate},
    )


def in_order(mentions: Iterable[Mention]) -> tuple[Mention, ...]:
    """Oldest first; posts of one second by id."""
    return tuple(sorted(mentions, key=lambda one: (one.posted_at, len(one.external_id), one.external_id)))


def _dates(pages: list[Page]) -> list[datetime]:
    return [mention.posted_at for page in pages for mention in page.mentions]


def _seen(place: Place, pages: list[Page], page_size: int, now: datetime) -> Place:
    """The place with what this walk saw added; dates count up to now, so that a wrong one hides no later post."""
    dates = [min(date, now) for date in _dates(pages)]
    top = max([*dates, *([place.top] if place.top else [])], default=None)
    reached = min([*dates, *([place.reached] if place.reached else [])], default=None)
    return replace(place, top=top, reached=reached, slots=place.slots + len(pages) * page_size)


def _arrived(seen: Place, pages: list[Page]) -> Place:
    """The mark moves to the newest post seen; the floor follows it."""
    mark = max(seen.mark, seen.top or seen.mark)
    newest_first = sorted(_dates(pages), reverse=True)
    hundredth = newest_first[OVERLAP_POSTS - 1] if len(newest_first) >= OVERLAP_POSTS else seen.floor
    floor = min(mark - OVERLAP, max(hundredth, mark - OVERLAP_AT_MOST))
    return Place(seen.since, mark, max(seen.since, floor))


def _unfinished(seen: Place, pages: list[Page], token: str, by_id: bool) -> Place:
    ids = [mention.external_id for page in pages for mention in page.mentions]
    below = ids[-1] if ids else seen.below
    return replace(seen, token="" if by_id and below else token, below=below)


def _gap(seen: Place, history: int) -> Gap | None:
    """Whether the network's history ended before all was seen that may still have shown up late under the mark.

    A resumed walk cannot count what came in on top meanwhile and pushed older posts out, so it needs the proof too;
    only a desk that has just begun has no post to prove it with.
    """
    if not history or seen.reached is None:
        return None
    settled = max(seen.floor, seen.mark - OVERLAP)
    if seen.reached <= settled or (seen.slots < history and (seen.reached <= seen.mark or not _resumed(seen))):
        return None
    return Gap(settled, seen.reached, f"the network shows no more than its {history} newest posts")


def _resumed(seen: Place) -> bool:
    return seen.unfinished and seen.mark > seen.since


def _is_under(page: Page, floor: datetime) -> bool:
    return bool(page.mentions) and page.mentions[-1].posted_at < floor


def _given(pages: list[Page], since: datetime) -> tuple[Mention, ...]:
    """Each post once, oldest first, none from before collecting began."""
    unique = {mention.external_id: mention for page in pages for mention in page.mentions}
    wanted = [mention for mention in unique.values() if mention.posted_at >= since]
    return in_order(wanted)


def _aware(value: Any) -> datetime:
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError("a place without a time zone")
    return moment.astimezone(UTC)
