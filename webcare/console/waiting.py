"""What waits for somebody, counted for the bar on every page: a few seconds old at most, asked once per process."""

from __future__ import annotations

import time
from collections import Counter

from webcare.cases.approval_views import waiting_authors
from webcare.cases.promises import late_count
from webcare.console.desk import desk, now
from webcare.domain import Actor
from webcare.quality.coaching import unread_by_reader
from webcare.quality.reviewing import waiting_by_reviewer

#: How old the counts may be, in seconds.
_OLD_S = 3.0
#: The counts and when they were made, by the address of the desk: one process may serve more than one in tests.
_kept: dict[str, tuple[float, tuple[int, ...], int, Counter[int]]] = {}


def waiting_for(me: Actor) -> int:
    """How many replies of others this person could say yes to; a few seconds old at most."""
    authors, _late, _quality = _counts()
    return sum(1 for author in authors if author != me.id)


def late_promises() -> int:
    """How many promises are late on the whole desk; a few seconds old at most."""
    return _counts()[1]


def for_quality(me: Actor) -> int:
    """How many replies this person is to review, and coaching notes they have not read; a few seconds old at most."""
    return _counts()[2][me.id or 0]


def forget_counts() -> None:
    """Count anew at the next drawing: something was just decided."""
    _kept.clear()


def _counts() -> tuple[tuple[int, ...], int, Counter[int]]:
    store, moment = desk().store, time.monotonic()
    made, authors, late, quality = _kept.get(store.url, (-_OLD_S, (), 0, Counter()))
    if moment - made >= _OLD_S:
        with store.read() as session:
            authors, late = waiting_authors(session), late_count(session, now=now())
            quality = Counter(waiting_by_reviewer(session)) + Counter(unread_by_reader(session))
        _kept[store.url] = (moment, authors, late, quality)
    return authors, late, quality
