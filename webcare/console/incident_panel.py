"""On a case: the incident that hit its customer, what they were told, and one press to put the case on the list."""

from __future__ import annotations

import time
from datetime import datetime

import streamlit as st
from sqlmodel import Session

from webcare.console import safe, words
from webcare.console.acting import Verb, act
from webcare.console.desk import desk, now
from webcare.console.incident_words import HOLDING, chip, title
from webcare.console.tongue import _
from webcare.console.trouble import show_news
from webcare.domain import Actor
from webcare.incidents import hit
from webcare.incidents.case import OnCase, on_case
from webcare.incidents.reading import Incident, open_now
from webcare.people import Permission, may
from webcare.store.incident_mode import OPEN
from webcare.store.queries import CaseView

PLACE = "incident_of_case"
#: How often it is looked at whether any incident stands, in seconds, however many cases are opened.
_EVERY_S = 5.0
#: Incidents offered to put a case on.
_OFFERED = 3
_known: tuple[float, str, tuple[Incident, ...]] = (0.0, "", ())


def show(view: CaseView, me: Actor) -> None:
    """Draw the incidents of the case; nothing, and no query, while none stands at the desk."""
    show_news(PLACE)
    if not (standing := _standing()):
        return
    with desk().store.read() as session:
        mine = on_case(session, view.case.id, language=view.case.language)
    if mine:
        safe.draw(safe.el("div", *(_line(one) for one in mine), cls="wc-learned"))
        _not_part(view.case.id, mine, me)
    if may(me, Permission.WORK_CASES):
        _offer(view.case.id, standing, {one.incident.id for one in mine})


def look_again() -> None:
    """An incident was opened or closed here; look anew."""
    global _known
    _known = (0.0, "", ())


def _standing() -> tuple[Incident, ...]:
    global _known
    until, url, found = _known
    if time.monotonic() < until and url == desk().store.url:
        return found
    with desk().store.read() as session:
        found = open_now(session)
    _known = (time.monotonic() + _EVERY_S, desk().store.url, found)
    return found


def _line(one: OnCase) -> safe.Html:
    name = safe.el(
        "a", safe.line(title(one.incident), limit=80), href=f"/incidents?incident={one.incident.id}", target="_self"
    )
    parts = [chip(one.incident), " ", safe.el("strong", name), safe.el("div", *_told(one))]
    if one.text and not one.holding and one.told_at is None and not one.left_out:
        parts.append(safe.el("div", safe.el("span", _("Approved holding text:"), cls="wc-soft"), safe.said(one.text)))
    if one.incident.outcome and one.told_at is None and not one.left_out:
        said = safe.el("span", _("The outcome to tell:"), cls="wc-soft")
        parts.append(safe.el("div", said, safe.said(one.incident.outcome)))
    return safe.el("div", *parts)


def _told(one: OnCase) -> list[safe.Html | str]:
    if one.left_out:
        return [safe.el("span", _("left out: {why}").format(why=safe.line(one.left_out, limit=120)), cls="wc-soft")]
    if one.told_at is not None:
        told = _("told {time}").format(time=words.clock_time(one.told_at, now=now()))
        return [safe.el("span", told, cls="wc-chip wc-chip-green")]
    if one.incident.state != OPEN:
        return [safe.el("span", _("Nobody decided yet whether it is an incident."), cls="wc-soft")]
    pieces: list[safe.Html | str] = [safe.el("span", _("to be told"), cls="wc-chip wc-chip-orange")]
    if one.holding:
        got = _("Holding text: {state}").format(state=words.word(HOLDING, one.holding))
        pieces += [" ", safe.el("span", got, cls="wc-soft")]
    return pieces


def _not_part(case_id: int, mine: tuple[OnCase, ...], me: Actor) -> None:
    out = [one for one in mine if one.told_at is None and not one.left_out]
    if not out or not may(me, Permission.RUN_INCIDENTS):
        return
    for one in out:
        label = _("Not part of it: {name}").format(name=title(one.incident)) if len(out) > 1 else _("Not part of it")
        st.button(
            safe.label(label, limit=80), key=f"incident_not_{one.incident.id}", type="tertiary",
            icon=":material/remove_circle:", on_click=act, args=(PLACE, _leave(one.incident.id, case_id)),
        )  # fmt: skip


def _offer(case_id: int, standing: tuple[Incident, ...], known: set[int]) -> None:
    for one in [one for one in standing if one.state == OPEN and one.id not in known][:_OFFERED]:
        label = _("Part of the incident {name}").format(name=title(one))
        st.button(
            safe.label(label, limit=110), key=f"incident_put_{one.id}", type="tertiary", icon=":material/add_circle:",
            on_click=act, args=(PLACE, _put(one.id, case_id)),
        )  # fmt: skip


def _leave(incident_id: int, case_id: int) -> Verb:
    def verb(session: Session, me: Actor, moment: datetime) -> None:
        hit.leave_out(session, incident_id, [case_id], reason=_("Not part of the incident"), by=me, now=moment)

    return verb


def _put(incident_id: int, case_id: int) -> Verb:
    def verb(session: Session, me: Actor, moment: datetime) -> None:
        hit.link(session, incident_id, [case_id], by=me, now=moment)

    return verb
