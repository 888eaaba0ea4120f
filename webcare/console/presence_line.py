"""Who else has the case open and what they are typing, at the head of the case and above the reply.

Both places are reserved when the page is drawn, so that nothing moves when somebody comes or goes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from webcare.cases import presence
from webcare.cases.presence import Looker
from webcare.console import safe
from webcare.console.desk import desk
from webcare.console.tongue import _, counted
from webcare.domain import Actor
from webcare.errors import StoreUnavailable

#: Colleagues told by name; of more, how many.
_NAMED = 3
_LOOKING_AT = "looking_at"


@dataclass(frozen=True, slots=True)
class Places:
    """Where it is said; empty for a page without that place."""

    head: DeltaGenerator
    reply: DeltaGenerator


def reserve(key: str) -> DeltaGenerator:
    """A line of its own height, here, that `show` fills."""
    with st.container(key=key):
        return st.empty()


def show(others: Sequence[Looker], places: Places) -> None:
    """Say who else looks at the case."""
    with places.head:
        safe.draw(safe.el("div", *_people(others), cls="wc-presence", role="status"))
    writing = [one for one in others if one.typing == "reply"]
    with places.reply:
        safe.draw(safe.el("div", *_warning(writing), cls="wc-presence wc-writing"))


def left_elsewhere(case_id: int | None, me: Actor) -> None:
    """The screen shows this case now, or none: whichever it showed before is left."""
    before: int | None = st.session_state.get(_LOOKING_AT)
    st.session_state[_LOOKING_AT] = case_id
    if before is None or before == case_id:
        return
    try:
        with desk().store.write() as session:
            presence.leave(session, before, by=me)
    except StoreUnavailable:
        # A look fades by itself; nobody should be kept from their work by it.
        return


def look(case_id: int, me: Actor, moment: datetime) -> tuple[Looker, ...]:
    """Say that this person looks at the case; gives who else does."""
    store = desk().store
    with store.read() as session:
        others = presence.others(session, [case_id], me=me, now=moment).get(case_id, ())
        known = presence.is_known(session, case_id, by=me, now=moment)
    if not known:
        try:
            with store.write() as session:
                presence.look(session, case_id, by=me, now=moment)
        except StoreUnavailable:
            # Who looks on is worth no error in the middle of somebody's answer.
            return others
    return others


def still_there(case_id: int, me: Actor, moment: datetime) -> tuple[Looker, ...] | None:
    """`look` for a page that is open already; None, and nothing is said, once this person left the case.

    So a question on its way while somebody goes elsewhere does not bring them back.
    """
    with desk().store.read() as session:
        if presence.last_said(session, case_id, by=me, now=moment) is None:
            return None
    return look(case_id, me, moment)


def _people(others: Sequence[Looker]) -> list[safe.Html]:
    if not others:
        return []
    told = [_person(one) for one in sorted(others, key=lambda one: not one.typing)[:_NAMED]]
    if len(others) > _NAMED:
        told.append(safe.el("span", counted("and {count} more", "and {count} more", len(others) - _NAMED)))
    return told


def _person(one: Looker) -> safe.Html:
    said = {
        "reply": _("{name} is writing a reply"),
        "note": _("{name} is writing a note"),
        "": _("{name} has this case open too"),
    }[one.typing]
    look = "wc-looker wc-typing" if one.typing else "wc-looker"
    return safe.el("span", safe.el("i", "", aria_hidden="true"), safe.filled(said, name=safe.name(one.name)), cls=look)


def _warning(writing: Sequence[Looker]) -> list[safe.Html]:
    if not writing:
        return []
    said = _("{name} is writing a reply to this customer right now.")
    return [safe.el("span", safe.filled(said, name=safe.name(writing[0].name)))]
