"""Figures drawn: messages, response times, and what waits by how long."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta

from webcare.console import charts, figure_reading, figures_parts, safe, words
from webcare.console.tongue import _, counted
from webcare.measures import Figure
from webcare.measures.asking import Figures
from webcare.reports.backlog import Age

#: Groups drawn; the table below a chart has all of them.
_DRAWN = 14
#: From here on a chart counts in hours instead of minutes, in seconds.
_IN_HOURS = 3 * 3600
_IN_TIME = ("day", "week", "hour", "weekday")


def volume(found: Figures, by: str) -> None:
    """Messages of customers by one thing, with the period before as a tick."""
    every = found.all_of("volume")
    figures = every if by in _IN_TIME else sorted(every, key=lambda one: -(one.total or 0))[:_DRAWN]
    compare = compares(by)
    rows = [_counted(one, by, compare) for one in figures]
    title = _("Messages of customers")
    told = _("Dated by when they were posted (event).")
    if compare:
        told += " " + _("The grey mark is the period before.")
    draw = charts.columns if by in _IN_TIME else charts.bars
    draw(rows, title=title, x=_(figure_reading.groups()[by]), y=_("Messages"), sentence=told)


def compares(by: str) -> bool:
    """Whether groups have themselves in the period before: days and weeks have not."""
    return by not in ("day", "week")


def _counted(one: Figure, by: str, compare: bool) -> charts.Row:
    total = one.total or 0
    row: dict[str, str | int | float | None] = {
        "x": figure_reading.group_name(by, one.group[0]),
        "y": total,
        "told": f"{total:.0f}",
    }
    if compare and one.before is not None:
        row |= {"before": one.before.total or 0, "told_before": f"{one.before.total or 0:.0f}"}
    return row


def response_over_time(found: Figures, by: str) -> None:
    """Median and nine of ten of the first response, on the clock and in opening hours."""
    figures = [one for one in found.all_of("first_response") if one.median is not None]
    factor, unit = _unit(figures)
    # Open day and night, or never closed in that time: the same line twice says nothing.
    both = any((one.business_median, one.business_p90) != (one.median, one.p90) for one in figures)
    rows = [row for figure in figures for row in _lines(figure, by, factor, both=both)]
    told = _("Dated by when the customer wrote (cohort). Who has no answer yet is not in it, and counts as late.")
    charts.lines(rows, title=_("First response"), x=_(figure_reading.groups()[by]), y=unit, unit=unit, sentence=told)


def _lines(figure: Figure, by: str, factor: float, *, both: bool) -> Iterator[charts.Row]:
    series = [(_("median"), figure.median), (_("9 of 10 within"), figure.p90)]
    if both:
        series.append((_("median, opening hours"), figure.business_median))
        series.append((_("9 of 10, opening hours"), figure.business_p90))
    for name, seconds in series:
        if seconds is not None:
            yield {
                "x": figure.group[0],
                "label": figure_reading.group_name(by, figure.group[0]),
                "y": round(seconds / factor, 3),
                "series": name,
                "told": f"{figures_parts.seconds(seconds)} ({figure.n:.0f})",
            }


def response_by(found: Figures, by: str) -> None:
    """The median of the first response by one thing, the period before as a tick."""
    figures = [one for one in found.all_of("first_response") if one.median is not None]
    factor, unit = _unit(figures)
    rows = [_median(one, by, factor) for one in figures]
    told = _("Median, dated by when the customer wrote (cohort).") + " " + _("The grey mark is the period before.")
    title = _("First response by {what}").format(what=_(figure_reading.groups()[by]).lower())
    charts.bars(rows, title=title, x=_(figure_reading.groups()[by]), y=unit, sentence=told)


def _median(one: Figure, by: str, factor: float) -> charts.Row:
    before = one.before.median if one.before is not None else None
    return {
        "x": figure_reading.group_name(by, one.group[0]),
        "y": round((one.median or 0) / factor, 3),
        "told": f"{figures_parts.seconds(one.median)} ({one.n:.0f})",
        "before": None if before is None else round(before / factor, 3),
        "told_before": figures_parts.seconds(before),
    }


def _unit(figures: Iterable[Figure]) -> tuple[float, str]:
    longest = max((one.p90 or one.median or 0 for one in figures), default=0)
    return (3600.0, _("hours")) if longest > _IN_HOURS else (60.0, _("minutes"))


def backlog(waits: Iterable[Age]) -> None:
    """What waits at this moment by how long, and how much of it is past its target."""
    waits = tuple(waits)
    rows = [_age(one) for one in waits]
    total = sum(one.cases for one in waits)
    told = counted("{count} case waits at this moment.", "{count} cases wait at this moment.", total)
    charts.columns(rows if total else [], title=_("What waits, by how long"), x=_("Waits"), y=_("Cases"), sentence=told)
    safe.draw(safe.el("p", safe.el("a", _("Open the queue, the longest first"), href="/?sort=oldest", target="_self")))


def _age(one: Age) -> charts.Row:
    late = _("{cases}, {late} past their target").format(cases=one.cases, late=one.overdue)
    return {"x": _span(one.longer_than, one.up_to), "y": one.cases, "told": late if one.overdue else str(one.cases)}


def _span(longer: timedelta, up_to: timedelta | None) -> str:
    if up_to is None:
        return _("over {time}").format(time=words.duration(longer))
    return _("up to {time}").format(time=words.duration(up_to))
