"""What happened to a case since the person at the screen last saw it drawn."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import streamlit as st
from sqlmodel import Session

from webcare.console import safe, words
from webcare.console.tongue import _, counted
from webcare.domain import Actor
from webcare.store.queries import CaseView, EventView, events_after, version_of

_SEEN = "seen_cases"
_OUR_REPLY = ("reply_sent", "reply_unconfirmed", "reply_requeued", "reply_failed", "reply_needs_human")
#: Happenings told by name; a longer list says only how many more.
_TOLD = 3


#: A case's version and its last event, as they were when it was drawn.
Seen = tuple[int, int]


@dataclass(frozen=True, slots=True)
class CaseNews:
    """What is new, ready to be shown."""

    words: tuple[str, ...]
    only_our_reply: bool  #: nothing but the progress of a reply of ours


def remember_seen(view: CaseView) -> None:
    """Note which version of the case is on the screen, and the last event that belongs to it."""
    last = max((event.id for event in view.events), default=0)
    st.session_state[_SEEN] = {view.case.id: (view.case.version, last)}


def seen_version(case_id: int) -> int | None:
    """The version of the case the person last saw; verbs compare it, so nobody acts on what they have not seen."""
    seen = seen_of(case_id)
    return seen[0] if seen is not None else None


def seen_of(case_id: int) -> Seen | None:
    """What `remember_seen` noted of this case; None when the screen shows another one."""
    known: dict[int, Seen] = st.session_state.get(_SEEN, {})
    return known.get(case_id)


def news_after(session: Session, case_id: int, seen: Seen | None, me: Actor, *, now: datetime) -> CaseNews | None:
    """What happened after what was seen; None when nothing did."""
    if seen is None or version_of(session, case_id) == seen[0]:
        return None
    fresh = events_after(session, case_id, seen[1])
    told = [_told(event, me, now) for event in fresh[-_TOLD:]]
    beyond = len(fresh) - _TOLD
    more = [counted(" and {count} more change", " and {count} more changes", beyond)] if beyond > 0 else []
    only_reply = bool(fresh) and all(event.kind in _OUR_REPLY for event in fresh)
    return CaseNews((safe.el("strong", _("New: ")), *_separated(told), *more), only_reply)


def _told(event: EventView, me: Actor, now: datetime) -> safe.Html:
    who = _("you, elsewhere") if event.actor_id is not None and event.actor_id == me.id else event.actor_name
    when = words.clock_time(event.at, now=now)
    return safe.join((words.word(words.EVENTS, event.kind), " (", safe.name(who), f", {when})"))


def _separated(parts: list[safe.Html]) -> list[str]:
    return [piece for part in parts for piece in (", ", part)][1:]
