"""One poll of a Graph account: many lists, none of which may cost another, and the cursor that holds all their places.

A list that cannot be read keeps its place and is told in `troubles`. When the limits are nearly used, or the network
is not there at all, the rest is left for the next poll.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from webcare.channels.base import Budget, Gap, PollResult, RateState
from webcare.channels.graph_refusals import lacks_permission, never_answered
from webcare.channels.graph_transport import GraphTransport
from webcare.channels.walking import OVERLAP, Page, Place, Walk, bad_post, poll_result, read_places, walk, write_places
from webcare.errors import (
    AccountDisconnected,
    ChannelError,
    ChannelProtocolError,
    ChannelThrottled,
    ChannelUnavailable,
    TargetGone,
)

log = logging.getLogger(__name__)

#: Stands in the cursor beside the lists' places; no list can be called so.
_EXTRA = "#"


def read_cursor(cursor: str) -> tuple[dict[str, Place], dict[str, Any]]:
    """The places of all lists and what else is kept. Raises ChannelProtocolError when it is not one of ours."""
    try:
        plain = json.loads(cursor)
        extra = plain.pop(_EXTRA, {})
        places = read_places(json.dumps(plain))
        if not isinstance(extra, dict) or not places:
            raise ValueError(cursor)
    except (ValueError, AttributeError, TypeError) as error:
        raise ChannelProtocolError(
            "The stored place of this account cannot be read; empty the account's cursor to begin afresh from now."
        ) from error
    return places, extra


def first_cursor(name: str, moment: datetime) -> str:
    """The cursor of an account that begins to collect at `moment`; `name` is the list the others take it from."""
    return write_places({name: Place.start(moment)})


@dataclass(slots=True)
class Round:
    """One poll under way. `places` is how far each list was read before.

    `shared` are the kinds of lists that use up one limit together: Meta counts what is written in conversations apart
    from all else.
    """

    graph: GraphTransport
    key: str
    places: Mapping[str, Place]
    start: Place  #: for a list nobody has read yet
    budget: Budget
    shared: tuple[tuple[str, ...], ...] = ()
    walks: dict[str, Walk] = field(default_factory=dict)
    troubles: dict[str, str] = field(default_factory=dict)
    gaps: list[Gap] = field(default_factory=list)
    denied: set[str] = field(default_factory=set)  #: lists the token may not read
    skipped: Mapping[str, str] = field(default_factory=dict)  #: lists that are not asked for now, and why
    stopped: bool = False  #: nothing more is asked in this poll
    _errors: list[ChannelError] = field(default_factory=list)
    _rates: dict[str, RateState] = field(default_factory=dict)
    _used_up: set[str] = field(default_factory=set)
    _hurried: bool = False

    def place(self, name: str) -> Place:
        """Where a list is read from."""
        return self.places.get(name) or self.start

    def may_read(self, name: str) -> bool:
        """Whether this list may be asked now; the part before a colon is its kind."""
        kind = family(name)
        if kind in self.skipped:
            self.troubles.setdefault(kind, self.skipped[kind])
            return False
        return not self.stopped and kind not in self.budget.closed and kind not in self._used_up

    def read(
        self,
        name: str,
        fetch: Callable[[Place, str], Page],
        place: Place | None = None,
        *,
        page_size: int = 0,
        odd: Any = None,
    ) -> Walk | None:
        """Read one list down to what was read before; None when it could not be. Raises TargetGone.

        `odd` is kept for people as a bad post when the network answers something we do not understand: one odd list
        of many must not trouble the account for ever.
        """
        if not self.may_read(name):
            return None
        begin = place or self.place(name)
        size = page_size or self.budget.page_size
        try:
            found = walk(fetch, begin, now=self.graph.now, max_pages=self.budget.max_pages, page_size=size)
        except TargetGone:
            raise
        except ChannelError as error:
            if odd is None or not isinstance(error, ChannelProtocolError):
                self.fail(name, error)
                return None
            found = Walk(begin, bad=(bad_post(odd, error),))
        self.walks[name] = found
        self._note(family(name))
        return found

    def ask(self, name: str, request: Callable[[], dict[str, Any]]) -> dict[str, Any] | None:
        """One request beside the walks; None when it failed, which is told under `name`."""
        if not self.may_read(name):
            return None
        try:
            answer = request()
        except ChannelError as error:
            self.fail(name, error)
            return None
        self._note(family(name))
        return answer

    def fail(self, name: str, error: ChannelError) -> None:
        """Note that a list could not be read. Raises the error when it concerns the whole account."""
        permission = lacks_permission(error)
        if isinstance(error, AccountDisconnected) and not permission:
            raise error
        self._errors.append(error)
        if permission:
            self.denied.add(family(name))
        self.troubles.setdefault(family(name), str(error))
        if isinstance(error, ChannelThrottled):
            self._close(family(name), RateState(100, 0, error.retry_at))
        if isinstance(error, ChannelThrottled) or never_answered(error):
            self.stopped = True
        if ":" in name and isinstance(error, (ChannelThrottled, ChannelUnavailable)):
            self._hurried = True
        log.log(logging.INFO if permission else logging.WARNING, "%s: %s not read: %s", self.key, name, error)

    def _note(self, kind: str) -> None:
        rate = self.graph.rate
        if rate is not None and self.graph.pressed:
            self._close(kind, rate)
        elif rate is not None:
            self._rates[kind] = rate

    def _close(self, kind: str, rate: RateState) -> None:
        """Nothing is left for reading: lists that share the limit rest with it until it is open again."""
        together = next((kinds for kinds in self.shared if kind in kinds), (kind,))
        self._used_up.update(together)
        self._rates |= dict.fromkeys(together, rate)

    def result(self, kept: Mapping[str, Place], extra: Mapping[str, Any] | None = None) -> PollResult:
        """What the poll came to; `kept` are the places of passing lists ("comments:<post>") that are still needed.

        Raises ChannelError when no list could be read at all.
        """
        if self._errors and not self.walks:
            raise self._errors[0]
        lasting = {name: place for name, place in self.places.items() if ":" not in name}
        lasting |= {name: one.place for name, one in self.walks.items() if ":" not in name}
        found = poll_result({}, self.walks, complete=not (self._hurried or self._cut_off))
        stored = json.loads(write_places({**lasting, **kept})) | ({_EXTRA: dict(extra)} if extra else {})
        return replace(
            found,
            cursor=json.dumps(stored),
            gaps=(*found.gaps, *self.gaps),
            rates=self._rates,
            troubles=self.troubles,
        )

    @property
    def _cut_off(self) -> bool:
        """Whether an error, and not the limits, ended the poll before all lists were asked."""
        return self.stopped and bool(self._errors)


def family(name: str) -> str:
    """What sort of list this is: "comments" for the comments under any post."""
    return name.partition(":")[0]


def between_visits(start: Place, since: datetime) -> Place:
    """The place for a list that was last read completely at `since`, and of which nothing was kept."""
    mark = max(start.since, since)
    return Place(start.since, mark, max(start.since, mark - OVERLAP))


def to_keep(before: Place | None, found: Walk) -> Place | None:
    """The place to keep of a list that is not looked at in every poll, None where it need not be remembered.

    After a walk that took several polls the list is read once more from the top: what came in meanwhile lies there.
    """
    if not found.complete:
        return found.place
    if before is not None and before.unfinished:
        return replace(found.place, floor=found.place.mark)
    return None
