"""What the pages of figures share: the way between them, the period in the address, tiles, gaps, and small print."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

import streamlit as st

from webcare.console import chrome, safe, words
from webcare.console.desk import now, zone
from webcare.console.tongue import N_, _
from webcare.domain import Actor
from webcare.people import Permission, may
from webcare.reports import GapView

#: By days, as the address has them. Whole days and weeks, so that the period before has the same hours and weekdays.
PERIODS: Mapping[str, str] = {"1": N_("24 hours"), "7": N_("7 days"), "28": N_("28 days"), "91": N_("91 days")}
USUAL = "7"
#: How often figures are read again by themselves, in seconds.
EVERY_S = 30


@dataclass(frozen=True, slots=True)
class Period:
    """What the page shows; `name` is its word in the address, the number of days."""

    name: str
    since: datetime
    until: datetime

    @property
    def days(self) -> float:
        """Its length."""
        return (self.until - self.since) / timedelta(days=1)


def head(title: str, me: Actor) -> None:
    """The name of the page, and links to the other pages of figures that this person may open."""
    with st.container(horizontal=True, vertical_alignment="center", key="wc_figures_nav", gap="small"):
        safe.draw(safe.el("h1", title, cls="wc-page"), width="content")
        for file, name, needs in _PAGES:
            if may(me, needs):
                st.page_link(file, label=_(name))


#: The pages beside each other, as the links show them.
_PAGES = (
    (chrome.MANAGER, N_("Overview"), Permission.SEE_REPORTS),
    (chrome.WALLBOARD, N_("Wallboard"), Permission.SEE_CASES),
    (chrome.TONE, N_("Tone"), Permission.SEE_REPORTS),
    (chrome.STAFFING, N_("Staffing"), Permission.SEE_REPORTS),
    (chrome.MINE, N_("My figures"), Permission.SEE_CASES),
)


def choose_period(usual: str = USUAL) -> str:
    """Let the person choose how many days, a key of PERIODS; the address keeps it."""
    chosen = st.segmented_control(
        _("Period"),
        list(PERIODS),
        format_func=lambda days: _(PERIODS[days]),
        required=True,
        key=_held("days", PERIODS, usual),
        label_visibility="collapsed",
        on_change=_put,
        args=("days", usual),
    )
    return chosen or usual


def period(days: str) -> Period:
    """So many days up to now."""
    until = now()
    return Period(days, until - timedelta(days=int(days)), until)


def choose(name: str, codes: Mapping[str, str], title: str, everything: str, *, width: int = 168) -> str:
    """A filter in the address; empty for everything. `codes` have their words, own queues' titles among them."""
    chosen = st.selectbox(
        title,
        list(codes),
        index=None,
        format_func=lambda code: safe.label(words.word(codes, code)),
        key=_held(name, codes, None),
        placeholder=everything,
        label_visibility="collapsed",
        width=width,
        on_change=_put,
        args=(name, None),
    )
    return chosen or ""


def choose_one(name: str, titles: Mapping[str, str], title: str, usual: str, *, width: int = 210) -> str:
    """One of some, in the address; `titles` are words for a label already."""
    chosen = st.selectbox(
        title,
        list(titles),
        format_func=lambda code: titles[code],
        key=_held(name, titles, usual),
        label_visibility="collapsed",
        width=width,
        on_change=_put,
        args=(name, usual),
    )
    return chosen or usual


def _held(name: str, codes: Iterable[str], usual: str | None) -> str:
    """The key of a widget that shows what the address says, which holds codes and never words of a language."""
    told, key = st.query_params.get(name), f"figures_{name}"
    value = told if told in set(codes) else usual
    if st.session_state.get(key) != value:
        st.session_state[key] = value
    return key


def _put(name: str, usual: str | None) -> None:
    """A widget was changed: the address follows, from the first page on."""
    value = st.session_state.get(f"figures_{name}")
    st.query_params.pop("after", None)
    if value is None or value == usual:
        st.query_params.pop(name, None)
    else:
        st.query_params[name] = value


def address(path: str, **parts: str) -> str:
    """A page of ours with what it should show; empty parts stay out."""
    query = urlencode({name: value for name, value in parts.items() if value})
    return f"/{path}?{query}" if query else f"/{path}"


def percent(value: float | None) -> str:
    """ "42 %"; a dash for none."""
    return "–" if value is None else f"{round(100 * value)} %"


def between(interval: tuple[float, float] | None) -> str:
    """ "36–49 %"; empty for none."""
    return f"{round(100 * interval[0])}–{round(100 * interval[1])} %" if interval else ""


def seconds(value: float | None) -> str:
    """A length of time in seconds as people say it; a dash for none. Sums know whole minutes, so 0 is less than one."""
    if value == 0:
        return _("< 1 min")
    return words.duration(None if value is None else timedelta(seconds=value))


def small_print(*lines: str) -> safe.Html:
    """What a figure means, below it."""
    return safe.el("p", *_spaced(lines), cls="wc-small")


def zone_line(shown: Period) -> safe.Html:
    """Which time this is about, said once on every page."""
    locals_ = (at.astimezone(zone()) for at in (shown.since, shown.until))
    since, until = (f"{words.day(local.date(), now=now())} {local:%H:%M}" for local in locals_)
    told = _("{since} to {until}, time zone {zone}.")
    return safe.el("span", told.format(since=since, until=until, zone=str(zone())), cls="wc-soft")


def missing(gaps: Iterable[GapView]) -> safe.Html:
    """What any figures of a time have to say of posts that may not be in them; nothing when there is nothing."""
    lines = [safe.el("li", _gap(one)) for one in gaps]
    if not lines:
        return safe.Html("")
    told = _("Posts may be missing from these figures:")
    return safe.el("div", told, safe.el("ul", *lines), cls="wc-alert wc-warn", role="status")


def _gap(gap: GapView) -> safe.Html:
    network = safe.join((words.word(words.CHANNELS, gap.channel), " ", safe.name(gap.account_name or gap.account_key)))
    where = safe.join((network, f" ({gap.source})")) if gap.source else network
    since, until = (words.clock_time(at, now=now()) for at in (gap.since, gap.until))
    told = safe.filled(
        _("{where}, {since} to {until}: {reason}"), where=where, since=since, until=until, reason=safe.line(gap.reason)
    )
    if not gap.closed_by:
        return told
    return safe.join((told, ", ", safe.filled(_("accepted by {name}"), name=safe.line(gap.closed_by, limit=60))))


def _spaced(lines: Iterable[str]) -> Iterable[str]:
    for number, line in enumerate(lines):
        if number:
            yield " "
        yield line
