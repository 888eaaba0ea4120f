"""The overview of the figures: what came, how fast it was answered, what waits; every number opens to its cases.

Figures only; no cases are changed here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial

import streamlit as st
from sqlmodel import Session

from webcare import reports
from webcare.console import figure_charts, figure_reading, figure_tiles, figures_export, figures_parts, safe, words
from webcare.console.chrome import me_or_stop
from webcare.console.desk import desk, now
from webcare.console.figures_parts import Period
from webcare.console.tongue import N_, _, counted
from webcare.domain import Actor
from webcare.measures import Ask, Figures, answers
from webcare.people import Permission, require
from webcare.reports import RecentReply, Retraction, backlog

#: The numbers on top, in the order in which people ask for them.
TILES = (
    *("volume", "handled", "first_response", "service_first", "next_response", "resolution_first"),
    *("first_contact", "recovery", "promises_kept", "slips", "csat", "csat_response"),
)
#: What messages can be counted by.
_VOLUME: Mapping[str, str] = {
    "day": N_("by day"),
    "hour": N_("by hour"),
    "weekday": N_("by weekday"),
    "topic": N_("by topic"),
    "channel": N_("by network"),
    "language": N_("by language"),
}
#: How often the figures are read again, in seconds.
_EVERY_S = 60


def show() -> None:
    """Draw the page; raises NotAllowed for a role without reports."""
    me = me_or_stop()
    require(me, Permission.SEE_REPORTS)
    figures_parts.head(_("Overview"), me)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        days = figures_parts.choose_period()
        where = figure_reading.chosen_filters()
        figures_export.show(figures_parts.period(days), where)
    st.fragment(_page, run_every=_EVERY_S)(days, where)


def _page(days: str, where: dict[str, str]) -> None:
    me = me_or_stop()
    require(me, Permission.SEE_REPORTS)
    shown = figures_parts.period(days)
    top = st.container()
    charts = [column for _row in range(2) for column in st.columns(2, gap="large")]
    with charts[0]:
        by = figures_parts.choose_one("volume", {code: _(name) for code, name in _VOLUME.items()}, _("Messages"), "day")
    over = "week" if shown.days > 30 else "day"
    with desk().store.read() as session:
        found, volume, times, by_network = _ask(session, me, shown, where, by, over)
        waits = backlog.ages(session, now=shown.until, where=where)
    with top:
        _tiles(found, shown, where)
    with charts[0]:
        figure_charts.volume(volume, by)
    with charts[1]:
        # As high as the chooser beside it, so that both charts begin on one line.
        safe.draw(safe.el("div", "", cls="wc-beside-chooser"))
        figure_charts.response_over_time(times, over)
    with charts[2]:
        figure_charts.backlog(waits)
    with charts[3]:
        figure_charts.response_by(by_network, "channel")
    _lists(shown)


def _ask(
    session: Session, me: Actor, shown: Period, where: Mapping[str, str], by: str, over: str
) -> tuple[Figures, ...]:
    """All that the page shows in one ask: the tiles, then its charts."""
    query = partial(figure_reading.query, shown, where)
    asks = [
        Ask(query(), TILES),
        Ask(query((by,)), ("volume",), compare=figure_charts.compares(by)),
        Ask(query((over,)), ("first_response",), compare=False),
        Ask(query(("channel",)), ("first_response",)),
    ]
    return answers(session, asks, viewer=me)


def _tiles(found: Figures, shown: Period, where: dict[str, str]) -> None:
    safe.draw(
        figures_parts.missing(found.gaps),
        safe.el("div", figures_parts.zone_line(shown), " ", counted_at(found), cls="wc-as-of"),
        figure_tiles.tiles((one for name in TILES if (one := found.of(name)) is not None), shown, where),
    )


def counted_at(found: Figures) -> safe.Html:
    """As of when the figures are, and what is not in them yet."""
    if found.counted_at is None:
        return safe.el("span", _("The figures were not counted yet; the jobs do that."), cls="wc-worse")
    told = _("Counted at {time}.").format(time=words.clock_time(found.counted_at, now=now()))
    if found.waiting:
        told += " " + counted("{count} case changed since.", "{count} cases changed since.", found.waiting)
    return safe.el("span", told, cls="wc-soft")


def _lists(shown: Period) -> None:
    with desk().store.read() as session:
        replies = reports.recent_replies(session, shown.since)
        taken_off = reports.retractions(session, since=shown.since)
    safe.draw(_replies(replies))
    if taken_off:
        safe.draw(_retractions(taken_off))


def _replies(replies: Iterable[RecentReply]) -> safe.Html:
    names = (_("Posted"), _("Network"), _("By"), _("To"), _("Reply"))
    head = safe.el("tr", *(safe.el("th", name) for name in names), safe.el("th", _("After"), cls="wc-num"))
    rows = [_reply(reply) for reply in replies]
    return safe.el("table", safe.el("caption", _("Replies")), head, *(rows or [_nothing(6)]), cls="wc-table")


def _reply(reply: RecentReply) -> safe.Html:
    posted = words.clock_time(reply.posted_at, now=now())
    case = safe.el("a", posted, href=f"/case?case={reply.case_id}", target="_self")
    return safe.el(
        "tr",
        safe.el("td", case),
        safe.el("td", words.word(words.CHANNELS, reply.channel)),
        safe.el("td", safe.name(reply.author)),
        safe.el("td", safe.name(reply.customer)),
        safe.el("td", safe.line(reply.text), cls="wc-clip", dir="auto"),
        safe.el("td", words.duration(reply.took), "" if reply.first else f" ({_('follow-up')})", cls="wc-num"),
    )


def _retractions(taken_off: Iterable[Retraction]) -> safe.Html:
    names = (_("Retracted"), _("Network"), _("By"), _("To"), _("Reply"), _("Why"))
    head = safe.el("tr", *(safe.el("th", name) for name in names), safe.el("th", _("Stood for"), cls="wc-num"))
    rows = [_retraction(one) for one in taken_off]
    return safe.el("table", safe.el("caption", _("Retracted replies")), head, *rows, cls="wc-table")


def _retraction(one: Retraction) -> safe.Html:
    when = safe.el("a", words.clock_time(one.at, now=now()), href=f"/case?case={one.case_id}", target="_self")
    return safe.el(
        "tr",
        safe.el("td", when),
        safe.el("td", words.word(words.CHANNELS, one.channel)),
        safe.el("td", safe.name(one.asked_by)),
        safe.el("td", safe.name(one.customer)),
        safe.el("td", safe.line(one.text), cls="wc-clip", dir="auto"),
        safe.el("td", safe.line(one.reason), cls="wc-clip", dir="auto"),
        safe.el("td", words.duration(one.stood), cls="wc-num"),
    )


def _nothing(columns: int) -> safe.Html:
    return safe.el("tr", safe.el("td", _("Nothing yet in this period."), colspan=str(columns), cls="wc-soft"))
