"""The page of staffing: what the coming week will bring, who it takes, and how far the forecast was off before."""

from __future__ import annotations

from collections.abc import Iterator

from webcare import reports
from webcare.console import charts, figure_reading, figures_parts, safe, words
from webcare.console.chrome import me_or_stop
from webcare.console.desk import desk, now, zone
from webcare.console.own_queues import own_titles
from webcare.console.tongue import _, counted
from webcare.console.trouble import alert
from webcare.measures.forecast import FEWEST, WEEKS
from webcare.people import Permission, require
from webcare.reports.staffing import Day, Staffing, staffing


def show() -> None:
    """Draw the page; raises NotAllowed for a role without reports."""
    me = me_or_stop()
    require(me, Permission.SEE_REPORTS)
    figures_parts.head(_("Staffing"), me)
    queue = figures_parts.choose("queue", {**words.QUEUES, **own_titles()}, _("Queue"), _("Every queue"))
    back = figures_parts.period(str(7 * WEEKS))
    with desk().store.read() as session:
        found = staffing(session, now=now(), zone=zone(), queue=queue)
        gaps = reports.gaps_within(session, back.since, back.until)
    if gaps:
        safe.draw(figures_parts.missing(gaps))
    if found.weeks < FEWEST:
        told = _("A forecast needs {needed} whole weeks of messages; there are {weeks} so far.")
        alert("info", told.format(needed=FEWEST, weeks=found.weeks))
        return
    safe.draw(safe.el("h2", _("The coming seven days"), cls="wc-part"), _days(found))
    _map(found)
    safe.draw(figures_parts.small_print(*_said(found)))


def _days(found: Staffing) -> safe.Html:
    return safe.el("div", *(_day(one) for one in found.days), cls="wc-tiles wc-week")


def _day(one: Day) -> safe.Html:
    most = counted("{count} person at most", "{count} people at most", one.people) if one.people else ""
    spread = _("{low} to {high}").format(low=one.low, high=one.high) if one.median is not None else ""
    name = f"{figure_reading.weekday(one.day.isoweekday())} {words.day_and_month(one.day)}"
    number = "–" if one.median is None else _number(one.median)
    holiday = _("Holiday: {name}").format(name=safe.line(one.holiday, limit=60)) if one.holiday else ""
    beneath = (safe.el("small", told) for told in (spread, holiday, most) if told)
    lines = (safe.el("b", number), safe.el("span", name), *beneath)
    return safe.el("div", *lines, cls="wc-tile")


def _map(found: Staffing) -> None:
    most = max((one.median for one in found.hours), default=0.0)
    if not most:
        safe.draw(safe.el("p", _("Too few messages to tell the hours of a day apart."), cls="wc-soft"))
        return
    rows: list[charts.Row] = [
        {
            "x": f"{one.hour:02}",
            "day": f"{figure_reading.weekday(one.day.isoweekday())} {words.day_and_month(one.day)}",
            "y": one.median,
            "most": most,
            "told": _number(one.median) if one.median else "",
            "spread": f"{one.low}–{one.high}",
        }
        for one in found.hours
    ]
    told = _("The median of the same hour and weekday in the last {weeks} weeks.").format(weeks=found.weeks)
    charts.hours_map(rows, title=_("Messages expected by hour"), x=_("Hour"), y=_("Messages"), sentence=told)


def _said(found: Staffing) -> Iterator[str]:
    yield _(
        "Messages of customers by the time they were posted, time zone {zone}. Days that the opening hours call a "
        "holiday say nothing of ordinary days; campaigns are not known to the forecast."
    ).format(zone=str(zone()))
    if found.tested.share is not None and found.tested.off is not None:
        told = _(
            "Tried on the last four weeks: {inside} of the hours lay within their range; half of them were off by "
            "{off} messages at most."
        )
        yield told.format(inside=figures_parts.percent(found.tested.share), off=_number(found.tested.off))
    if found.per_person_hour and found.answers_per_message is not None:
        told = _(
            "People: a message brought {answers} answers, and somebody who answers posts {each} an hour (median). It "
            "says how many it takes to keep up, not how long customers wait."
        )
        yield told.format(answers=f"{found.answers_per_message:.2f}", each=_number(found.per_person_hour))


def _number(value: float) -> str:
    return f"{value:.0f}" if value == int(value) or value >= 10 else f"{value:.1f}"
