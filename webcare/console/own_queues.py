"""The desk's own queues by their titles, asked of the database every few seconds at most."""

from __future__ import annotations

import time
from collections.abc import Mapping

from webcare import deciding
from webcare.console import tongue, words
from webcare.console.desk import desk, now
from webcare.routing_rules import Queue

_EVERY_S = 5.0
_known: tuple[float, object, tuple[Queue, ...]] = (0.0, None, ())


def own_titles() -> Mapping[str, str]:
    """Each queue of the desk's own and its title in the reader's language."""
    return {one.name: one.titles.get(tongue.speaking()) or one.titles["en"] for one in _own()}


def queue_name(queue: str) -> str:
    """What a queue is called, be it one that every desk has or one of this desk's own."""
    return own_titles().get(queue) or words.word(words.QUEUES, queue)


def look_again() -> None:
    """Ask the database next time: somebody just changed the queues here."""
    global _known
    _known = (0.0, None, ())


def _own() -> tuple[Queue, ...]:
    global _known
    until, store, queues = _known
    if store is not desk().store or time.monotonic() > until:
        with desk().store.read() as session:
            queues = deciding.own_queues(session, at=now())
        _known = (time.monotonic() + _EVERY_S, desk().store, queues)
    return queues
