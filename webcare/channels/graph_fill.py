"""Going back over a stretch of time in a Graph list, step by step; a token says where the next step goes on."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from webcare.channels.base import BadPost, Budget, Filled, Gap
from webcare.channels.graph_poll import family
from webcare.channels.graph_transport import GraphTransport
from webcare.channels.walking import Page
from webcare.domain import Mention
from webcare.errors import ChannelError, ChannelProtocolError

#: Graph refuses spans of time longer than six months.
SPAN = timedelta(days=180)


@dataclass(frozen=True, slots=True)
class Stretch:
    """What is still to be read, newest first: from `until` down to `since`, or on after a cursor."""

    since: datetime
    until: datetime
    after: str = ""

    @property
    def begin(self) -> datetime:
        """The older end of the span that may be asked for at once."""
        return max(self.since, self.until - SPAN)

    def params(self) -> dict[str, int]:
        """The span as Graph wants it, in Unix seconds; its ends belong to it."""
        return {"since": int(self.begin.timestamp()), "until": int(self.until.timestamp()) + 1}

    def token(self) -> str:
        """Where to go on."""
        return json.dumps({"until": self.until.isoformat(), "after": self.after})

    @classmethod
    def of(cls, gap: Gap, token: str) -> Stretch:
        """Read `token` back; empty begins at the newest end. Raises ChannelProtocolError."""
        if not token:
            return cls(gap.since, gap.until)
        try:
            told = json.loads(token)
            until = datetime.fromisoformat(told["until"])
            if until.tzinfo is None or not isinstance(told["after"], str):
                raise ValueError(token)
            return cls(gap.since, until, told["after"])
        except (ValueError, TypeError, KeyError) as error:
            raise ChannelProtocolError("The place where the backfill stopped cannot be read.") from error


def fill(
    graph: GraphTransport, gap: Gap, token: str, budget: Budget, fetch: Callable[[Stretch], Page], *, spans: bool
) -> Filled:
    """One step of a backfill, `budget.max_pages` long. `spans`: the list knows since and until. Raises ChannelError.

    An error after the first page ends the step; what was read is given and the next step goes on there.
    """
    stretch: Stretch | None = Stretch.of(gap, token)
    mentions: dict[str, Mention] = {}
    bad: list[BadPost] = []
    for number in range(budget.max_pages):
        if stretch is None or (number and graph.pressed):
            break
        try:
            page = fetch(stretch)
        except ChannelError:
            if not number:
                raise
            break
        mentions |= {one.external_id: one for one in page.mentions if gap.since <= one.posted_at <= gap.until}
        bad += page.bad
        stretch = _onward(stretch, page, spans)
    rates = {family(gap.source): graph.rate} if graph.rate else {}
    newest_first = sorted(mentions.values(), key=lambda one: one.posted_at, reverse=True)
    return Filled(tuple(newest_first), stretch.token() if stretch else "", tuple(bad), rates=rates)


def _onward(stretch: Stretch, page: Page, spans: bool) -> Stretch | None:
    under = bool(page.mentions) and page.mentions[-1].posted_at < stretch.since
    if page.next_token and not under:
        return replace(stretch, after=page.next_token)
    if spans and stretch.begin > stretch.since:
        return Stretch(stretch.since, stretch.begin)
    return None
