"""Part of one's own account: what one is told of by mail."""

from __future__ import annotations

from datetime import datetime

import streamlit as st
from sqlmodel import Session

from webcare import alerting
from webcare.alerting import Notice
from webcare.console import safe, words
from webcare.console.acting import act
from webcare.console.desk import desk, now
from webcare.console.notify_words import KINDS
from webcare.console.tongue import _
from webcare.domain import Actor
from webcare.people import Permission, may

_KINDS = "account_notices"


def show(me: Actor, place: str) -> None:
    """Draw the choice; refusals are said at `place`."""
    with desk().store.read() as session:
        mine = alerting.my_choice(session, by=me, now=now())
    safe.draw(safe.el("h2", _("Notifications"), cls="wc-part"))
    if not mine.email:
        told = _("No e-mail address is known of you, so nothing is mailed. Who manages the people here can add one.")
        safe.draw(safe.el("p", told, cls="wc-soft"))
        return
    st.pills(
        _("Mail me about"),
        [kind.value for kind in Notice],
        selection_mode="multi",
        default=[kind.value for kind in Notice if kind in mine.kinds],
        format_func=lambda kind: words.word(KINDS, kind),
        key=_KINDS,
        on_change=act,
        args=(place, _choose),
    )
    whose = _("Deadlines of all cases.") if may(me, Permission.SEE_REPORTS) else _("Deadlines of the cases you have.")
    where = _("Mail goes to {address}.").format(address=mine.email)
    safe.draw(safe.el("p", safe.line(where), " ", whose, cls="wc-soft"))


def _choose(session: Session, by: Actor, moment: datetime) -> None:
    chosen = st.session_state.get(_KINDS) or []
    alerting.choose(session, [Notice(kind) for kind in chosen], by=by, now=moment)
