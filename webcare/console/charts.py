"""Charts for people who look rather than read: one look for all, colours that everybody can tell apart, words beside.

A chart is made by Altair once per kind and language and kept; what changes is its rows. Vega draws it in the browser
with what Streamlit brings along: nothing is fetched from elsewhere. The buttons over a chart keep it as a picture.
Every chart has its rows as a table below it, for those who cannot see it and those who want the figures.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import altair as alt
import streamlit as st

from webcare.console import safe
from webcare.console.tongue import _, speaking

#: After Okabe and Ito, told apart with every kind of colour vision; each 3:1 at least against both backgrounds.
COLOURS = ("#2a78c5", "#c96a12", "#12896a", "#b3568f", "#8a7a10", "#6f6fd0")
#: The period before, and what is not counted.
PALE = "#8593a1"
#: Steps of one colour, light to dark, for maps of hours; no step says more than its number.
STEPS = ("#d9e8f8", "#9cc3ea", "#5c99d6", "#2a6fb8", "#123f73")
_DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3])
_MARKS = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down")
_HEIGHT = 240
#: How numbers on an axis are written, by unit; others in full or in thousands.
_FORMATS = {"%": "%", "alpha": ".1f"}

Row = Mapping[str, str | int | float | None]


def lines(rows: Sequence[Row], *, title: str, x: str, y: str, unit: str = "", sentence: str = "") -> None:
    """Lines over time: rows have `x` (a day, ISO), `label` (it in words), `y`, `series`, and perhaps `low`, `high`.

    Series differ in dashes and marks as well as in colour; between `low` and `high` lies the interval of 95 %.
    """
    _chart("lines", rows, title=title, x=x, y=y, unit=unit, sentence=sentence)


def bars(rows: Sequence[Row], *, title: str, x: str, y: str, unit: str = "", sentence: str = "") -> None:
    """Bars beside their names: rows have `x` (a name), `y`, and `before` for a tick at the period before."""
    _chart("bars", rows, title=title, x=x, y=y, unit=unit, sentence=sentence)


def columns(rows: Sequence[Row], *, title: str, x: str, y: str, unit: str = "", sentence: str = "") -> None:
    """Columns over hours or ages: rows have `x` (a name, in their order), `y`, and `before` for a tick."""
    _chart("columns", rows, title=title, x=x, y=y, unit=unit, sentence=sentence)


def hours_map(rows: Sequence[Row], *, title: str, x: str, y: str, unit: str = "", sentence: str = "") -> None:
    """Weekdays by hours: rows have `x` (the hour), `day`, `y` (a count); the number stands in each field."""
    _chart("hours_map", rows, title=title, x=x, y=y, unit=unit, sentence=sentence)


def _chart(kind: str, rows: Sequence[Row], *, title: str, x: str, y: str, unit: str, sentence: str) -> None:
    safe.draw(safe.el("h3", title, cls="wc-chart-title"))
    if not rows:
        safe.draw(safe.el("p", _("Nothing yet in this period."), cls="wc-soft"))
        return
    orders = _orders(kind, rows)
    spec = _spec(kind, speaking(), x, y, unit, orders, any(row.get("low") is not None for row in rows))
    spec = {**spec, "data": {"values": [dict(row) for row in rows]}}
    st.vega_lite_chart(spec, width="stretch", alt=f"{title}. {sentence}".strip())
    safe.draw(_table(rows, title, x, y, sentence))


def _orders(kind: str, rows: Sequence[Row]) -> tuple[tuple[str, ...], ...]:
    """The names on the axes in the order of the rows; what differs makes a chart of its own."""
    days = tuple(dict.fromkeys(str(row.get("day") or row.get("series") or "") for row in rows))
    if kind == "lines":
        rows = sorted(rows, key=lambda row: str(row["x"]))
    return tuple(dict.fromkeys(str(row.get("label") or row["x"]) for row in rows)), days


@lru_cache(maxsize=256)
def _spec(
    kind: str, tongue: str, x: str, y: str, unit: str, orders: tuple[tuple[str, ...], ...], spread: bool
) -> Mapping[str, Any]:
    names, days = orders
    data = alt.NamedData(name="rows")
    chart = {
        "lines": lambda: _lines(data, x, y, unit, names, days, spread),
        "bars": lambda: _bars(data, x, y, names),
        "columns": lambda: _columns(data, x, y, names),
        "hours_map": lambda: _hours_map(data, x, y, names, days),
    }[kind]()
    made: dict[str, Any] = chart.to_dict()
    return made


def _lines(
    data: alt.NamedData, x: str, y: str, unit: str, names: tuple[str, ...], series: tuple[str, ...], spread: bool
) -> Any:
    several = len(series) > 1
    legend = alt.Legend(
        orient="top", columns=2, title=None, labelLimit=240, symbolOpacity=1, symbolType="square", symbolStrokeWidth=0
    )
    colour = alt.Color("series:N", scale=alt.Scale(domain=list(series), range=list(COLOURS)), legend=legend)
    base = alt.Chart(data, height=_HEIGHT + 60 * several).encode(
        x=alt.X("label:O", title=x, sort=list(names), axis=alt.Axis(labelAngle=0, labelOverlap=True)),
        color=colour if several else alt.value(COLOURS[0]),
    )
    if spread:
        # Side by side, so that the intervals of several series do not hide each other.
        beside = alt.XOffset("series:N", sort=list(series), scale=alt.Scale(paddingOuter=0.9))
        base = base.encode(xOffset=beside)
    value = alt.Y("y:Q", title=y, scale=_scale(unit), axis=alt.Axis(format=_FORMATS.get(unit, "~r")))
    tips = [alt.Tooltip("series:N", title=" "), alt.Tooltip("label:N", title=x), alt.Tooltip("told:N", title=y)]
    dash = alt.StrokeDash("series:N", scale=alt.Scale(domain=list(series), range=_DASHES), legend=None)
    shape = alt.Shape("series:N", scale=alt.Scale(domain=list(series), range=_MARKS), legend=None)
    drawn = [
        base.mark_line(strokeWidth=2).encode(y=value, strokeDash=dash),
        base.mark_point(filled=True, size=70, opacity=1).encode(y=value, tooltip=tips, shape=shape),
    ]
    if spread:
        drawn.insert(0, base.mark_rule(strokeWidth=2, opacity=0.45).encode(y=alt.Y("low:Q", title=y), y2="high:Q"))
    return alt.layer(*drawn)


def _bars(data: alt.NamedData, x: str, y: str, names: tuple[str, ...]) -> Any:
    place = alt.Y("x:N", title=None, sort=list(names), axis=alt.Axis(labelLimit=170))
    tips = [
        alt.Tooltip("x:N", title=x),
        alt.Tooltip("told:N", title=y),
        alt.Tooltip("told_before:N", title=_("Before")),
    ]
    base = alt.Chart(data, height=alt.Step(26)).encode(y=place)
    bar = base.mark_bar(color=COLOURS[0], height=15, cornerRadiusEnd=2).encode(x=alt.X("y:Q", title=y), tooltip=tips)
    tick = base.mark_tick(color=PALE, thickness=3, size=21).encode(x="before:Q", tooltip=tips)
    return alt.layer(bar, tick)


def _columns(data: alt.NamedData, x: str, y: str, names: tuple[str, ...]) -> Any:
    place = alt.X("x:N", title=x, sort=list(names), axis=alt.Axis(labelAngle=0, labelOverlap=True))
    tips = [
        alt.Tooltip("x:N", title=x),
        alt.Tooltip("told:N", title=y),
        alt.Tooltip("told_before:N", title=_("Before")),
    ]
    base = alt.Chart(data, height=_HEIGHT).encode(x=place)
    bar = base.mark_bar(color=COLOURS[0], cornerRadiusEnd=2).encode(y=alt.Y("y:Q", title=y), tooltip=tips)
    tick = base.mark_tick(color=PALE, thickness=3).encode(y="before:Q", tooltip=tips)
    return alt.layer(bar, tick)


def _hours_map(data: alt.NamedData, x: str, y: str, hours: tuple[str, ...], days: tuple[str, ...]) -> Any:
    base = alt.Chart(data, height=alt.Step(24)).encode(
        x=alt.X("x:N", title=x, sort=list(hours), axis=alt.Axis(labelAngle=0, labelOverlap=True)),
        y=alt.Y("day:N", title=None, sort=list(days)),
        tooltip=[alt.Tooltip("day:N", title=" "), alt.Tooltip("x:N", title=x), alt.Tooltip("told:N", title=y)],
    )
    field = base.mark_rect().encode(
        color=alt.Color("y:Q", title=y, legend=None, scale=alt.Scale(range=list(STEPS), interpolate="rgb", domainMin=0))
    )
    dark = "datum.y > 0.55 * datum.most"
    number = base.mark_text(fontSize=11).encode(
        text="told:N", color=alt.condition(dark, alt.value("#ffffff"), alt.value("#12202e"))
    )
    return alt.layer(field, number)


def _scale(unit: str) -> alt.Scale:
    return alt.Scale(domain=[0, 1]) if unit == "%" else alt.Scale(zero=True)


def _table(rows: Sequence[Row], title: str, x: str, y: str, sentence: str) -> safe.Html:
    """The same in words and figures, folded away."""
    series, days = any(row.get("series") for row in rows), any(row.get("day") for row in rows)
    spread, before = any(row.get("spread") for row in rows), any(row.get("told_before") for row in rows)
    names = [*([""] if series or days else []), x, y]
    names += [_("95 % interval")] if spread else []
    names += [_("Before")] if before else []
    head = safe.el("tr", *(safe.el("th", name, scope="col") for name in names))
    shown = (_cells(row, series or days, spread, before) for row in rows)
    body = (safe.el("tr", *(safe.el("td", cell) for cell in cells)) for cells in shown)
    table = safe.el("table", safe.el("caption", title), head, *body, cls="wc-table")
    told = [safe.el("p", sentence, cls="wc-small")] if sentence else []
    return safe.join(
        (*told, safe.el("details", safe.el("summary", _("This chart as a table")), table, cls="wc-chart-table"))
    )


def _cells(row: Row, named: bool, spread: bool, before: bool) -> Iterable[str]:
    if named:
        yield str(row.get("series") or row.get("day") or "")
    yield str(row.get("label") or row.get("x") or "")
    yield str(row.get("told") or "–")
    if spread:
        yield str(row.get("spread") or "–")
    if before:
        yield str(row.get("told_before") or "–")
