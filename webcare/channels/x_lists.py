"""The lists of an X account: which there are, what is stored of them, and how far back X shows them. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from webcare.channels.base import Gap
from webcare.channels.walking import Place, read_places
from webcare.channels.x_search import XQuery, in_batches
from webcare.domain import Mention
from webcare.errors import ChannelProtocolError

MENTIONS, OWN, UNDER_OURS, MESSAGES, SEARCH = "mentions", "own", "own_posts", "messages", "search"
LISTEN = "listen:"
#: How far back X searches, and shows messages; a little less, for clocks that differ.
SEARCHED = timedelta(days=7) - timedelta(minutes=2)
MESSAGES_SHOWN = timedelta(days=30)
#: X takes no search that begins or ends in its last ten seconds, and finds nothing of the last thirty.
STILL_COMING = timedelta(seconds=30)
#: Under how many of our newest posts is read what others write there.
WATCHED = 12
_NOTES = "notes"


@dataclass(frozen=True, slots=True)
class Wants:
    """Which lists an account reads."""

    own: bool = True
    under_ours: int = WATCHED  #: how many of our newest posts are watched; 0: none
    messages: bool = True
    listen: tuple[XQuery, ...] = ()

    @property
    def lists(self) -> tuple[str, ...]:
        """Their names."""
        own, under = [OWN] if self.own else [], [UNDER_OURS] if self.under_ours else []
        messages = [MESSAGES] if self.messages else []
        return (MENTIONS, *own, *under, *(LISTEN + query.text for query in self.listen), *messages)


@dataclass(frozen=True, slots=True)
class Notes:
    """What is stored beside the places.

    `watched`: the conversations of our newest posts, None before they were looked up. `refused`: lists X does not let
    us read, until when they are left alone, and why.
    """

    watched: tuple[str, ...] | None = None
    refused: Mapping[str, tuple[datetime, str]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The notes as plain values, without what is empty."""
        refused = {name: [until.isoformat(), why] for name, (until, why) in self.refused.items()}
        watched = {} if self.watched is None else {"watched": list(self.watched)}
        return watched | ({"refused": refused} if refused else {})

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Notes:
        """Read `as_json` back. Raises ValueError, TypeError or AttributeError for anything else."""
        watched = plain.get("watched")
        refused = {
            str(name): (datetime.fromisoformat(until).astimezone(UTC), str(why))
            for name, (until, why) in plain.get("refused", {}).items()
        }
        return cls(None if watched is None else tuple(str(one) for one in watched), refused)


def read_cursor(cursor: str) -> tuple[dict[str, Place], Notes]:
    """The places and notes of a stored cursor. Raises ChannelProtocolError when it is not one of X."""
    try:
        plain = json.loads(cursor)
        notes = Notes.from_json(plain.pop(_NOTES, {}))
    except (ValueError, TypeError, AttributeError):
        # Not ours; the reader of places says so in words.
        return read_places(cursor), Notes()
    places = read_places(json.dumps(plain))
    if MENTIONS not in places:
        raise ChannelProtocolError("The stored place of this account is not one of X.")
    return places, notes


def with_notes(cursor: str, notes: Notes) -> str:
    """The cursor with the notes in it."""
    told = notes.as_json()
    return json.dumps({**json.loads(cursor), _NOTES: told}) if told else cursor


def reaching(place: Place, endpoint: str, now: datetime) -> tuple[Place, Gap | None]:
    """The place moved up to where X's searches and messages begin, and what lies lost between."""
    reach = {SEARCH: SEARCHED, MESSAGES: MESSAGES_SHOWN}.get(endpoint)
    if reach is None or place.floor >= now - reach:
        return place, None
    oldest = now - reach
    moved = replace(place, mark=max(place.mark, oldest), floor=oldest)
    if place.mark >= oldest:
        return moved, None
    what = "searches no further back than seven days" if endpoint == SEARCH else "shows messages of 30 days only"
    # Where an unfinished walk had come to is out of reach too; what it saw on top has been given.
    return replace(Place.start(oldest), since=place.since), Gap(place.mark, oldest, f"X {what}")


def under_ours(ours: str, handle: str, watched: tuple[str, ...]) -> list[str]:
    """The searches that find what others, without naming us, answer us, quote of us, and say under these posts."""
    to_us = [f"to:{ours}", *([f'url:"{handle}/status"'] if handle else [])]
    under = [term for one in watched for term in (f"conversation_id:{one}", f"quotes_of_tweet_id:{one}")]
    # What names us comes with the mentions, which cost a fifth.
    others = f"-from:{ours} -@{handle}" if handle else f"-from:{ours}"
    return [*in_batches(to_us, suffix=others), *in_batches(under, suffix=others)]


def begins_a_thread(mention: Mention) -> bool:
    """Whether it is a post of ours that answers nobody."""
    return mention.is_ours and not mention.parent_id and not mention.is_repost


def in_words(name: str) -> str:
    """A list as people call it."""
    if name.startswith(LISTEN):
        return f"the search {name.removeprefix(LISTEN)}"
    return {
        MENTIONS: "the mentions",
        OWN: "our own timeline",
        UNDER_OURS: "what is said under our posts",
        MESSAGES: "the direct messages",
    }.get(name, name)


def newest_threads(threads: Iterable[str], count: int) -> tuple[str, ...]:
    """The newest of these conversations, newest first."""
    numbers = {one for one in threads if one.isdecimal()}
    return tuple(sorted(numbers, key=int, reverse=True)[:count])
