"""The page of channels: how collecting fares on every account, what it costs, what may be missing, what to do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import streamlit as st
from sqlmodel import Session

from webcare import collecting, reports
from webcare.console import access_panel, safe, words
from webcare.console.acting import Verb, act, draw_everything_if_asked, everything_is_drawn
from webcare.console.chrome import me_or_stop
from webcare.console.desk import desk, now
from webcare.console.tongue import N_, _, counted, kept, said
from webcare.console.trouble import alert, show_news
from webcare.domain import Actor, Said
from webcare.people import Permission, require
from webcare.reports import AccountHealth, Advice, GapView, ListLimit
from webcare.store.gaps import BACKFILL, latest_gaps

PLACE = "channels"
_EVERY_S = 15
_USES = {"poll": N_("new posts"), "refresh": N_("the sweep"), "backfill": N_("the backfill")}


def show() -> None:
    """Draw the page; raises NotAllowed for a role without reports."""
    require(me_or_stop(), Permission.SEE_REPORTS)
    everything_is_drawn()
    show_news(PLACE)
    st.fragment(_page, run_every=_EVERY_S)()


def _page() -> None:
    draw_everything_if_asked()
    require(me_or_stop(), Permission.SEE_REPORTS)
    moment = now()
    safe.draw(safe.el("h1", _("Channels"), cls="wc-page"))
    with desk().store.read() as session:
        found = reports.collection(session, desk().settings, now=moment, receiving=bool(desk().hook_token))
        gaps = latest_gaps(session)
    if not found:
        alert("info", _("No network is connected yet; an administrator adds accounts in webcare.toml."))
    for account in found:
        _account(account, moment)
    _gaps(gaps, moment)
    safe.draw(
        safe.el(
            "p",
            _(
                "Lag runs from the moment a customer's post stood on the network until it stood in a queue here; posts "
                "that a gap held back are not counted. Money is what the price table of the settings says; your "
                "contract decides. Days are those of the networks, in UTC."
            ),
            cls="wc-soft",
        )
    )


def _account(account: AccountHealth, moment: datetime) -> None:
    network = words.word(words.CHANNELS, account.channel)
    safe.draw(safe.el("h2", network, " ", safe.name(account.name)))
    for one in account.advice:
        alert(one.tone, *_told(one))
    safe.draw(_facts(account, moment), _limits(account.limits, moment))
    access_panel.show(account)


def _told(advice: Advice) -> tuple[str, ...]:
    todo = (
        (" ", safe.el("strong", _("What to do:")), " ", safe.line(said(advice.todo), limit=400)) if advice.todo else ()
    )
    what = said(advice.what) if isinstance(advice.what, Said) else kept(advice.what)
    return (safe.line(what, limit=400), *todo)


def _facts(account: AccountHealth, moment: datetime) -> safe.Html:
    tiles = (
        (_("Last success"), _when(account.last_success_at, moment), account.last_success_at is None),
        (_("Lag, median of a day"), words.duration(account.lag_median), False),
        (_("Lag, 99 of 100"), words.duration(account.lag_p99), False),
        (_("Access"), _access(account), account.tone == "bad"),
        (_("Spent today"), _money(account, account.spending.today), account.spending.today >= account.cap_micros > 0),
        (_("Today will come to"), _money(account, account.spending.day_forecast), False),
        (_("Spent this month"), _money(account, account.spending.month), False),
        (_("This month will come to"), _money(account, account.spending.month_forecast), False),
    )
    return safe.el("div", *(_tile(*tile) for tile in tiles), cls="wc-tiles")


def _tile(name: str, value: str, late: bool) -> safe.Html:
    return safe.el("div", safe.el("b", value), safe.el("span", name), cls="wc-tile wc-late" if late else "wc-tile")


def _access(account: AccountHealth) -> str:
    if account.token_days is None:
        return _("does not end") if account.checked_at else _("not looked at yet")
    if account.token_days < 0:
        return _("ended")
    return counted("{count} day left", "{count} days left", account.token_days)


def _money(account: AccountHealth, micros: int) -> str:
    return reports.money(micros, account.currency)


def _limits(limits: Sequence[ListLimit], moment: datetime) -> safe.Html:
    if not limits:
        return safe.Html("")
    head = _row("th", _("List"), _("For"), _("Left"), _("Of"), _("New window"), _("Asked again"))
    rows = [
        _row(
            "td",
            safe.line(one.name),
            _(_USES.get(one.use, one.use)),
            _number(one.remaining),
            _number(one.limit),
            _when(one.reset_at, moment),
            _when(one.opens_at, moment) if one.opens_at and one.opens_at > moment else _("now"),
        )
        for one in limits
    ]
    return safe.el("table", safe.el("caption", _("Requests left")), head, *rows, cls="wc-table")


def _gaps(gaps: Iterable[GapView], moment: datetime) -> None:
    safe.draw(safe.el("h2", _("Stretches of time in which posts may be missing")))
    shown = list(gaps)
    for gap in shown:
        _gap(gap, moment)
    if not shown:
        safe.draw(safe.el("p", _("None was ever found."), cls="wc-soft"))


def _gap(gap: GapView, moment: datetime) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        safe.draw(_gap_told(gap, moment))
        if gap.is_open:
            st.button(_("Close it"), key=f"close_gap_{gap.id}", on_click=act, args=(PLACE, _close(gap.id)))


def _gap_told(gap: GapView, moment: datetime) -> safe.Html:
    since, until = (words.clock_time(at, now=moment) for at in (gap.since, gap.until))
    when = _("{since} to {until}").format(since=since, until=until)
    where = safe.join((words.word(words.CHANNELS, gap.channel), " ", safe.name(gap.account_name or gap.account_key)))
    source = f" ({safe.line(gap.source, limit=60)})" if gap.source else ""
    first = safe.el("div", safe.el("strong", when), " ", where, source, ": ", safe.line(gap.reason))
    return safe.el("div", first, safe.el("div", _state(gap, moment), cls="wc-soft"))


def _state(gap: GapView, moment: datetime) -> safe.Html:
    brought = counted("{count} post brought back", "{count} posts brought back", gap.recovered)
    if gap.closed_at is not None:
        when = words.clock_time(gap.closed_at, now=moment)
        if gap.closed_by == BACKFILL:
            return safe.filled(_("read again to its end {when}; {brought}"), when=when, brought=brought)
        told = _("accepted by {name} {when}; {brought}")
        return safe.filled(told, name=safe.name(gap.closed_by), when=when, brought=brought)
    if gap.lost_at is not None:
        told = _("the network does not show it any more; {brought}. Look there, then close it.")
        return safe.filled(told, brought=brought)
    if gap.error:
        told = _("could not be read again yet: {error}; {brought}")
        return safe.filled(told, error=safe.line(kept(gap.error)), brought=brought)
    return safe.filled(_("waits to be read again, or is being read; {brought}"), brought=brought)


def _close(gap_id: int) -> Verb:
    def close(session: Session, by: Actor, moment: datetime) -> None:
        collecting.close_gap(session, gap_id, by=by, now=moment)

    return close


def _row(cell: str, *values: str) -> safe.Html:
    return safe.el("tr", *(safe.el(cell, value) for value in values))


def _number(value: int | None) -> str:
    return "–" if value is None else str(value)


def _when(at: datetime | None, moment: datetime) -> str:
    return "–" if at is None else words.clock_time(at, now=moment)
