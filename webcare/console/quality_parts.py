"""What the tabs of quality share: the period, and means with their number and interval."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import streamlit as st

from webcare.console import safe
from webcare.console.desk import desk, now
from webcare.console.tongue import N_, _
from webcare.quality.results import ENOUGH, Mean, Results

PLACE = "quality"
#: Weeks back.
_PERIODS: Mapping[str, int] = {N_("4 weeks"): 4, N_("13 weeks"): 13, N_("52 weeks"): 52}


def zone() -> ZoneInfo:
    """The zone in which the desk's weeks begin."""
    return ZoneInfo(desk().settings.desk.timezone)


def period(key: str) -> tuple[datetime, datetime]:
    """Ask for a stretch of time up to now."""
    chosen = st.segmented_control(
        _("Period"), list(_PERIODS), format_func=_, default="13 weeks", required=True, key=key,
        label_visibility="collapsed",
    )  # fmt: skip
    until = now()
    return until - timedelta(weeks=_PERIODS[chosen or "13 weeks"]), until


def means(title: str, rows: Iterable[tuple[str, Mean]], *, of: str) -> safe.Html:
    """A table of means: name, how many, the mean, and a bar from end to end of its interval."""
    heads = (safe.el("th", of), _num("th", _("Replies")), _num("th", _("Mean")), safe.el("th", _("95 % interval")))
    lines = [
        safe.el(
            "tr",
            safe.el("td", name),
            _num("td", str(one.n)),
            _num("td", number(one.mean)),
            safe.el("td", _interval(one)),
        )
        for name, one in rows
    ]
    if not lines:
        lines = [safe.el("tr", safe.el("td", _("Nothing reviewed yet in this period."), colspan="4", cls="wc-soft"))]
    caption = safe.el("caption", title)
    return safe.el("table", caption, safe.el("tr", *heads), *lines, cls="wc-table wc-means")


def tiles(found: Results) -> safe.Html:
    """The mean of all, how many replies it rests on, and how sure it is."""
    one = found.total
    sure = f"{number(one.low)} – {number(one.high)}" if one.low is not None else "–"
    pairs = ((_("Mean score, of 100"), number(one.mean)), (_("95 % interval"), sure), (_("Replies drawn at random"),
             str(one.n)), (_("Looked at for a reason, not in the mean"), str(found.for_a_reason)))  # fmt: skip
    made = [safe.el("div", safe.el("b", value), safe.el("span", name), cls="wc-tile") for name, value in pairs]
    return safe.el("div", *made, cls="wc-tiles")


def about(found: Results) -> safe.Html:
    """What has to be known to read the figures."""
    told = [
        _(
            "A score is the mean of all marks by their weights, as a share of the most a reply could get. Only replies "
            "drawn at random count; a reply that several reviewed counts once. Replies count in the week they were "
            "posted."
        )
    ]
    if found.total.n < ENOUGH:
        told.append(_("Fewer than {count} replies: too few to compare with anything.").format(count=ENOUGH))
    if found.versions:
        versions = ", ".join(map(str, found.versions))
        told.append(_("Scorecard version: {versions}.").format(versions=versions))
    return safe.el("p", " ".join(told), cls="wc-soft")


def number(value: float | None) -> str:
    """A score without decimals; a dash for none."""
    return "–" if value is None else f"{value:.0f}"


def _interval(one: Mean) -> safe.Html:
    if one.low is None or one.high is None or one.mean is None:
        return safe.el("span", _("too few"), cls="wc-soft")
    band = safe.el("i", "", style=f"left:{one.low:.1f}%;width:{max(one.high - one.low, 0.8):.1f}%")
    middle = safe.el("b", "", style=f"left:{one.mean:.1f}%")
    bar = safe.el("div", band, middle, cls="wc-span" if one.enough else "wc-span wc-few", aria_hidden="true")
    return safe.el("div", bar, safe.el("span", f"{number(one.low)} – {number(one.high)}"), cls="wc-interval")


def _num(cell: str, value: str) -> safe.Html:
    return safe.el(cell, value, cls="wc-num")
