"""One person's own card: how they sound, how fast they answer. Only they see it, until they share it.

Shared, it may be opened by those who see reports; nobody is compared with anybody on it.
"""

from __future__ import annotations

import streamlit as st
from sqlmodel import Session

from webcare.console import figure_tiles, figures_parts, safe, tone_parts
from webcare.console.acting import act
from webcare.console.chrome import me_or_stop
from webcare.console.desk import desk, now, zone
from webcare.console.tongue import _
from webcare.console.trouble import alert, show_news
from webcare.domain import Actor
from webcare.people import Permission, may, person_id, require
from webcare.people.card_sharing import card_is_shared, share_card, shared_cards
from webcare.reports.tone import Wanted, tone_report

PLACE = "own_figures"
_USUAL = "28"
_SHARED, _WHOSE = "own_shared", "person"
#: What is shown of one person; all of it is credited to who really wrote, checked or approved.
MEASURES = ("handled", "first_response", "next_response", "promises_kept", "recovery", "first_contact")


def show() -> None:
    """Draw the page; a card that is not shared is refused in words."""
    me = me_or_stop()
    require(me, Permission.SEE_CASES)
    figures_parts.head(_("My figures"), me)
    show_news(PLACE)
    with desk().store.read() as session:
        others = dict(shared_cards(session, by=me)) if may(me, Permission.SEE_REPORTS) else {}
        shared = card_is_shared(session, person_id(me))
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        name = figures_parts.choose_period(_USUAL)
        whose = _whose(me, {id_: other for id_, other in others.items() if id_ != me.id})
        if whose == me.id:
            st.toggle(
                _("Share with those who see reports"), value=shared, key=_SHARED, on_change=act, args=(PLACE, _share)
            )
    _say_who_sees(whose == me.id, shared, others.get(whose, ""))
    if whose == me.id:
        told = _("What reviewers say of your replies")
        safe.draw(safe.el("p", safe.el("a", told, href="/quality?tab=mine", target="_self")))
    _card(me, whose, name)


def _whose(me: Actor, others: dict[int, str]) -> int:
    """Whose card: one's own, or a colleague's who shares it."""
    mine = str(person_id(me))
    asked = st.query_params.get(_WHOSE, "") or mine
    if asked != mine and asked not in {str(id_) for id_ in others}:
        alert("bad", _("These figures are not shared with you."))
        st.stop()
    if others:
        names = {mine: _("My own"), **{str(id_): safe.label(name) for id_, name in others.items()}}
        asked = figures_parts.choose_one(_WHOSE, names, _("Whose figures"), mine)
    return int(asked)


def _share(session: Session, me: Actor, moment: object) -> None:
    share_card(session, shared=bool(st.session_state.get(_SHARED)), by=me, now=now())


def _say_who_sees(mine: bool, shared: bool, name: str) -> None:
    if not mine:
        alert(
            "info", safe.filled(_("{name} shares these figures. Whoever sees reports sees them."), name=safe.name(name))
        )
    elif shared:
        alert("info", _("You share this page: whoever sees reports sees it too, until you switch that off."))
    else:
        alert("good", _("Only you see this page. Nobody else does, not your team lead and not an administrator."))


def _card(me: Actor, agent_id: int, name: str) -> None:
    shown = figures_parts.period(name)
    with desk().store.read() as session:
        report = tone_report(
            session, since=shown.since, until=shown.until, zone=zone(), wanted=Wanted(author_id=agent_id)
        )
        tiles = figure_tiles.of_person(session, shown, agent_id, MEASURES, viewer=me)
    safe.draw(figures_parts.zone_line(shown), tiles)
    safe.draw(safe.el("h2", _("How it sounds"), cls="wc-part"), tone_parts.tiles(report))
    left, right = st.columns(2, gap="large")
    with left:
        tone_parts.trend(report)
        safe.draw(tone_parts.signs(report))
    with right:
        safe.draw(safe.el("h2", _("Examples"), cls="wc-part"), tone_parts.legend())
        safe.draw(tone_parts.examples(report.examples, named=False))
    safe.draw(tone_parts.what_counts(report))
