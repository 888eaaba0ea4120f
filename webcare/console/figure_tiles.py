"""One figure as people read it: in its unit, with its interval or its spread, and against the period before."""

from __future__ import annotations

from collections.abc import Iterable

from sqlmodel import Session

from webcare.console import figure_reading, figures_parts, safe
from webcare.console.figures_parts import Period
from webcare.console.tongue import _
from webcare.domain import Actor
from webcare.measures import DEFINITIONS, Definition, Figure, definition
from webcare.measures.asking import figures

#: Below so many cases nobody's figures are compared, and no share is a percentage.
FEW = 20
#: A change of a length of time smaller than this part of it is no change.
_SAME = 0.02


def tiles(found: Iterable[Figure], shown: Period, where: dict[str, str]) -> safe.Html:
    """A row of tiles that open to the cases in them."""
    made = [tile(one, figure_reading.address(one.measure, shown, where)) for one in found]
    return safe.el("div", *made, cls="wc-tiles wc-figure-tiles")


def tile(one: Figure, href: str | None = None) -> safe.Html:
    """Value, name, the same in opening hours, spread or interval, count, change; a link where `href` is given."""
    meant = definition(one.measure, one.version)
    lines = [safe.el("b", value(one, meant)), safe.el("span", _(meant.title))]
    lines += [safe.el("small", line) for line in _beneath(one, meant)]
    lines.append(change(one, meant))
    return safe.el("a" if href else "div", *lines, cls="wc-tile", href=href, target="_self" if href else None)


def value(one: Figure, meant: Definition) -> str:
    """The one number of a figure."""
    if meant.unit == "s":
        return figures_parts.seconds(one.median)
    if meant.unit == "share":
        return (
            figures_parts.percent(one.share)
            if one.n >= FEW
            else f"{_count((one.share or 0) * one.n)} / {_count(one.n)}"
        )
    if meant.unit == "score":
        return "–" if one.total is None or not one.n else f"{one.total / one.n:+.2f}"
    return _count(one.total if one.total is not None else one.n)


def _beneath(one: Figure, meant: Definition) -> Iterable[str]:
    if meant.unit == "s" and one.median is not None:
        yield _("9 of 10 within {time}").format(time=figures_parts.seconds(one.p90))
        if one.business_median is not None:
            told = _("opening hours: {median}, 9 of 10 within {p90}")
            yield told.format(
                median=figures_parts.seconds(one.business_median), p90=figures_parts.seconds(one.business_p90)
            )
    elif meant.unit == "share" and one.n >= FEW:
        yield _("95 % interval {interval}").format(interval=figures_parts.between(one.interval))
    counts = [_("of {count}").format(count=_count(one.n))] if meant.unit != "count" else []
    counts += [_("{count} still open").format(count=one.open)] if one.open else []
    counts += [_("{count} left out").format(count=out)] if (out := sum(one.left_out.values())) else []
    if counts:
        yield " · ".join(counts)


def change(one: Figure, meant: Definition) -> safe.Html:
    """Against the period before, in words and in colour; said only where both have enough."""
    told, rise = _change(one, meant)
    better = rise and meant.better and (rise > 0) == (meant.better == "high")
    tone = "wc-better" if better else "wc-worse" if rise and meant.better else None
    return safe.el("small", told, cls=tone)


def _change(one: Figure, meant: Definition) -> tuple[str, int]:
    """The words, and whether it rose (1), fell (-1) or stayed (0)."""
    before = one.before
    if before is None or not before.n or not one.n:
        return (_("nothing before to compare with") if before is not None else ""), 0
    if meant.unit != "count" and min(one.n, before.n) < FEW:
        return _("too few before to compare with"), 0
    if meant.unit == "share":
        points = round(100 * ((one.share or 0) - (before.share or 0)))
        return (_("{points} points").format(points=f"{points:+d}") if points else _("as before")), _sign(points)
    now_, then = _size(one, meant), _size(before, meant)
    if now_ is None or not then or abs(now_ - then) <= _SAME * then:
        return _("as before"), 0
    percent = f"{round(100 * (now_ - then) / then):+d} %"
    was = value(before, meant)
    return _("{percent} (before: {value})").format(percent=percent, value=was), _sign(now_ - then)


def _size(one: Figure, meant: Definition) -> float | None:
    if meant.unit == "s":
        return one.median
    if meant.unit == "score":
        return None if one.total is None else one.total / one.n
    return one.total if one.total is not None else one.n


def _sign(value_: float) -> int:
    return (value_ > 0) - (value_ < 0)


def of_person(session: Session, shown: Period, agent_id: int, names: Iterable[str], *, viewer: Actor) -> safe.Html:
    """The tiles of one person's card; raises NotAllowed where they keep it to themselves."""
    names = tuple(names)
    asked = figure_reading.query(shown, {"agent": str(agent_id)})
    found = figures(session, asked, measures=names, viewer=viewer)
    here = (found.of(name) for name in names)
    return safe.el("div", *(tile(one) for one in here if one is not None), cls="wc-tiles wc-figure-tiles")


def about(meant: Definition) -> safe.Html:
    """What a measure means: its sentence, its version, and by which moment it is dated."""
    dated = {
        "cohort": _("Dated by when the customer wrote or the case began (cohort)."),
        "event": _("Dated by when it happened (event)."),
    }[meant.dating]
    version = _("Definition {version}.").format(version=meant.version)
    return figures_parts.small_print(_(meant.sentence), dated, version)


def title(measure: str) -> str:
    """What a measure is called."""
    return _(DEFINITIONS[measure].title)


def _count(number: float) -> str:
    return f"{number:.0f}" if abs(number - round(number)) < 0.05 else f"{number:.1f}"
