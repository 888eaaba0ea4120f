"""Whether a list of cases, or the counts above it, would be drawn otherwise now: read once for all who see the same."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session

from webcare.cases import presence, tagging
from webcare.console import queue_rows, words
from webcare.console.desk import desk
from webcare.console.own_queues import own_titles
from webcare.console.queue_filters import ME, Chosen
from webcare.console.queue_rows import QUEUE_STATES
from webcare.console.watching import answers, digest, shared, watch
from webcare.domain import ACTIVE_STATES, Actor
from webcare.store.queries import Counters, QueuePage, counters, held_by, queue_page

#: How long one answer holds for all who ask, in seconds.
_SHARED_S = 2.0
#: Lists remembered; who looks at one forgotten has it drawn once more, which brings it back.
_MOST = 1000
#: Reads who looks at a case, and is nobody who could be left out of that.
_NOBODY = Actor.system("queue")

_lists: dict[str, Chosen] = {}
_lock = threading.Lock()


def queues() -> tuple[str, ...]:
    """The keys of the queues, the desk's own ones last."""
    return (*words.QUEUES, *own_titles())


def page_of(session: Session, chosen: Chosen) -> QueuePage:
    """The cases of a list as they stand."""
    return queue_page(
        session,
        queue=chosen.tab if chosen.tab in queues() else None,
        states=QUEUE_STATES.get(chosen.tab, ACTIVE_STATES),
        assignee_id=chosen.me if chosen.tab == "mine" else None,
        only=chosen.filters(),
        skills=chosen.skills,
        sort=chosen.sort,
        after=chosen.after,
        limit=queue_rows.PAGE,
    )


def watch_list(chosen: Chosen, mark: str, *, every_s: float, at_most_s: float = 0.0) -> None:
    """Draw the list again when it has another mark; see `watching.watch`."""
    mine = chosen.tab == "mine" or chosen.assignee == ME
    name = digest(chosen.place, chosen.me if mine else None)
    with _lock:
        _lists.pop(name, None)
        _lists[name] = chosen
        while len(_lists) > _MOST:
            _lists.pop(next(iter(_lists)))
    watch(f"list {name}", mark, every_s=every_s, at_most_s=at_most_s)


def mark_of(session: Session, page: QueuePage, moment: datetime) -> str:
    """The mark of a list: its cases, their tags, and who looks at them or types."""
    ids = [item.id for item in page.items]
    looking = presence.others(session, ids, me=_NOBODY, now=moment)
    return digest(page.items, sorted(tagging.tags_of(session, ids).items()), sorted(looking.items()))


@answers("list")
def _mark(_me: Actor, name: str, moment: datetime) -> str:
    chosen = _lists.get(name)
    return "" if chosen is None else shared(f"list {name}", _SHARED_S, lambda: _read(chosen, moment))


def _read(chosen: Chosen, moment: datetime) -> str:
    with desk().store.read() as session:
        return mark_of(session, page_of(session, chosen), moment)


def mark_of_tabs(known: Counters) -> str:
    """The mark of what the tabs count."""
    return digest(known.by_queue, known.overdue_by_queue, known.mine, known.mine_overdue)


@answers("tabs")
def _mark_tabs(me: Actor, _argument: str, moment: datetime) -> str:
    """The desk's cases counted once for everybody, only one's own each time."""
    known = shared("counters", _SHARED_S, lambda: _count(moment))
    with desk().store.read() as session:
        mine, late = held_by(session, moment, agent_id=me.id)
    return mark_of_tabs(replace(known, mine=mine, mine_overdue=late))


def _count(moment: datetime) -> Counters:
    with desk().store.read() as session:
        return counters(session, moment)
