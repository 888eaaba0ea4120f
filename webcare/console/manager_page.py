"""The manager's page: how fast customers were answered, where, and by whom. Figures only; no cases are changed here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import streamlit as st

from webcare import reports
from webcare.console import safe, words
from webcare.console.chrome import me_or_stop
from webcare.console.desk import desk, now
from webcare.people import Permission, require
from webcare.reports import Overview, RecentReply, ResponseTimes

_PERIODS: Mapping[str, float] = {"24 hours": 1, "7 days": 7, "30 days": 30, "90 days": 90}
#: How often the figures are read again, in seconds.
_EVERY_S = 15


def show() -> None:
    """Draw the page; raises NotAllowed for a role without reports."""
    require(me_or_stop(), Permission.SEE_REPORTS)
    period = st.segmented_control(
        "Period",
        list(_PERIODS),
        default="7 days",
        required=True,
        key="period",
        label_visibility="collapsed",
        bind="query-params",
    )
    st.fragment(_figures, run_every=_EVERY_S)(_PERIODS[period or "7 days"])


def _figures(days: float) -> None:
    require(me_or_stop(), Permission.SEE_REPORTS)
    with desk().store.read() as session:
        figures = reports.overview(session, now=now(), days=days)
    safe.draw(_tiles(figures))
    left, right = st.columns(2, gap="large")
    with left:
        safe.draw(_times("By queue", figures.by_queue, words.QUEUES))
        safe.draw(_times("By network", figures.by_channel, words.CHANNELS))
        safe.draw(_times("By mood", figures.by_sentiment, words.SENTIMENTS))
    with right:
        safe.draw(_times("By topic", figures.by_topic, words.TOPICS))
    safe.draw(_replies(figures.replies))
    safe.draw(
        safe.el(
            "p",
            "Response time runs from the moment a customer's message stood on the network until our first reply stood "
            "there. Cases count in the period in which they began. Late: answered after the target, or still "
            "unanswered past it. p90: nine of ten were answered within this time.",
            cls="wc-soft",
        )
    )


def _tiles(figures: Overview) -> safe.Html:
    total = figures.total
    tiles = (
        ("Cases", str(total.cases), False),
        ("Answered", f"{total.answered} ({_share(total.answered, total.cases)})", False),
        ("First response, median", words.duration(total.median), False),
        ("First response, p90", words.duration(total.p90), False),
        ("Past their target", str(total.late), total.late > 0),
        ("Waiting now", str(figures.waiting), False),
        ("Waiting past their target", str(figures.overdue), figures.overdue > 0),
    )
    return safe.el("div", *(_tile(*tile) for tile in tiles), cls="wc-tiles")


def _tile(name: str, value: str, late: bool) -> safe.Html:
    return safe.el("div", safe.el("b", value), safe.el("span", name), cls="wc-tile wc-late" if late else "wc-tile")


def _times(title: str, groups: Iterable[ResponseTimes], names: Mapping[str, str]) -> safe.Html:
    head = _row("th", "", "Cases", "Answered", "Late", "Median", "p90")
    rows = [
        _row(
            "td",
            words.word(names, one.group),
            str(one.cases),
            _share(one.answered, one.cases),
            str(one.late),
            words.duration(one.median),
            words.duration(one.p90),
        )
        for one in groups
    ]
    return safe.el("table", safe.el("caption", title), head, *(rows or [_nothing(6)]), cls="wc-table wc-times")


def _replies(replies: Iterable[RecentReply]) -> safe.Html:
    names = ("Posted", "Network", "By", "To", "Reply")
    head = safe.el("tr", *(safe.el("th", name) for name in names), safe.el("th", "After", cls="wc-num"))
    rows = [_reply(reply) for reply in replies]
    return safe.el("table", safe.el("caption", "Replies"), head, *(rows or [_nothing(6)]), cls="wc-table")


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
        safe.el("td", words.duration(reply.took), "" if reply.first else " (follow-up)", cls="wc-num"),
    )


def _row(cell: str, first: str, *numbers: str) -> safe.Html:
    return safe.el("tr", safe.el(cell, first), *(safe.el(cell, number, cls="wc-num") for number in numbers))


def _nothing(columns: int) -> safe.Html:
    return safe.el("tr", safe.el("td", "Nothing yet in this period.", colspan=str(columns), cls="wc-soft"))


def _share(part: int, whole: int) -> str:
    return f"{round(100 * part / whole)} %" if whole else "–"
