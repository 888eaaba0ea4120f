"""The figures of a day or week as one page to read or mail: no scripts, no pictures, everything escaped.

Figures only: it holds no customer's words and no colleague's name, so it may go wherever mail goes. Each figure says by
which version of its definition it was made, and the period before stands beside it.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from webcare import wording
from webcare.domain import N_, Said
from webcare.errors import WebcareError
from webcare.languages import ENGLISH, Speech
from webcare.measures.definitions import DIMENSIONS, VERSIONS
from webcare.measures.values import Definition, Figure
from webcare.settings import DigestSettings

#: What the page tells first, in this order; what has nothing in it is left out.
HEADLINES = (
    *("volume", "handled", "first_response", "service_first", "next_response", "service_next"),
    *("resolution_first", "service_resolution", "reopened", "backlog_age", "collecting_lag", "taking_up"),
    *("first_contact", "handovers", "question_answered", "promises_kept", "recovery", "moved_needlessly"),
    *("guard_caught", "slips", "retraction", "csat", "csat_response"),
)
#: What is shown again by queue and by network.
APART = ("first_response", "service_first", "volume")
#: A median of fewer says little.
_FEW = 20
_WEEK = re.compile(r"(\d{4})-?W?(\d{1,2})")
_HEADS = (
    "",
    "",
    N_("Half within"),
    N_("90 % within"),
    N_("Half, in opening hours"),
    N_("Still open"),
    N_("Period before"),
)
_NOTHING = N_("Nothing happened in this period.")
_MISSING = N_("Posts may be missing: {gap}")
#: What the groups that figures stand apart by are called, and their headings.
_BY = {"queue": N_("By queue"), "channel": N_("By network")}
_GROUPS = {**wording.QUEUES, **wording.CHANNELS}
_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;color:#1d2330;background:#fff;max-width:56rem;margin:2rem auto;"
    "padding:0 1rem}h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:2rem 0 .5rem}p{margin:.25rem 0}"
    ".soft{color:#555e6e}.gap{background:#fff4d6;padding:.5rem .75rem;border-left:4px solid #b07a00}"
    "table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.35rem .6rem;"
    "border-bottom:1px solid #dfe3ea;vertical-align:top}td.n,th.n{text-align:right;"
    "font-variant-numeric:tabular-nums}td:first-child{min-width:11rem}td.n span{display:block;"
    "white-space:nowrap;font-size:.85em}dt{font-weight:600;margin-top:.6rem}dd{margin:0}"
)


class Html(str):
    """Markup of ours; plain strings beside it are escaped."""


@dataclass(frozen=True, slots=True)
class Period:
    """A day or week by the clock of a zone, as moments: [since, until)."""

    kind: str  #: "daily" or "weekly"
    first: date
    zone: ZoneInfo

    @property
    def days(self) -> int:
        """How many."""
        return 7 if self.kind == "weekly" else 1

    @property
    def since(self) -> datetime:
        """Its first midnight."""
        return datetime.combine(self.first, time(), self.zone).astimezone(UTC)

    @property
    def until(self) -> datetime:
        """The midnight after it."""
        return datetime.combine(self.first + timedelta(days=self.days), time(), self.zone).astimezone(UTC)

    @property
    def key(self) -> str:
        """The same for the same period, whoever asks; names its file."""
        if self.kind == "weekly":
            year, week, _ = self.first.isocalendar()
            return f"weekly-{year}-W{week:02}"
        return f"daily-{self.first.isoformat()}"

    def title(self, speech: Speech = ENGLISH) -> str:
        """For people."""
        if self.kind == "daily":
            return speech.long_day(self.first)
        year, week, _ = self.first.isocalendar()
        last = self.first + timedelta(days=6)
        return speech.said(
            Said("Week {week} of {year}, {first} to {last}", week=week, year=str(year), first=self.first, last=last)
        )


@dataclass(frozen=True, slots=True)
class Digest:
    """Everything that stands on the page."""

    brand: str
    period: Period
    made_at: datetime
    figures: Sequence[Figure]  #: of everything, with the period before
    apart: Mapping[str, Sequence[Figure]]  #: by dimension, one group value each
    gaps: Sequence[str] = ()
    waiting: int = 0  #: cases that changed and are not counted yet
    queues: Mapping[str, object] = field(default_factory=dict)  #: titles of the desk's own, as `languages.Each`


def week_of(text: str, zone: ZoneInfo) -> Period:
    """The ISO week that a person means by 2026-46 or 2026-W46. Raises WebcareError."""
    found = _WEEK.fullmatch(text.strip())
    try:
        assert found is not None
        return Period("weekly", date.fromisocalendar(int(found[1]), int(found[2]), 1), zone)
    except (AssertionError, ValueError) as error:
        raise WebcareError("“{text}” is not a week; write it like 2026-46.", text=text[:20]) from error


def day_of(text: str, zone: ZoneInfo) -> Period:
    """The day that a person means by 2026-11-21. Raises WebcareError."""
    try:
        return Period("daily", date.fromisoformat(text.strip()), zone)
    except ValueError as error:
        raise WebcareError("“{text}” is not a day; write it like 2026-11-21.", text=text[:20]) from error


def due_period(settings: DigestSettings, zone: ZoneInfo, *, now: datetime) -> tuple[Period, datetime] | None:
    """The newest period whose digest is due by now, and since when; None where none is wanted.

    The time is that of the clock on the wall: where the change to summer time leaves it out, the digest is due when
    the clock has passed it, and where it comes twice, the first time.
    """
    if settings.every == "off":
        return None
    local = now.astimezone(zone)
    day = local.date()
    while True:
        moment = datetime.combine(day, time.fromisoformat(settings.at), zone).astimezone(UTC)
        wanted = settings.every == "daily" or day.isoweekday() == settings.weekday
        if wanted and moment <= now:
            return _before(settings.every, day, zone), moment
        day -= timedelta(days=1)


def _before(kind: str, day: date, zone: ZoneInfo) -> Period:
    if kind == "daily":
        return Period(kind, day - timedelta(days=1), zone)
    return Period(kind, day - timedelta(days=day.isoweekday() - 1 + 7), zone)


def page(digest: Digest, speech: Speech = ENGLISH) -> str:
    """The whole page in one language, by the clock of the period's zone."""
    speech = Speech(speech.language, digest.period.zone)
    title = f"{digest.brand}: {digest.period.title(speech)}"
    made = Said("Made {moment}. Times in {zone}.", moment=digest.made_at, zone=digest.period.zone.key)
    parts: list[Html] = [el("h1", title), el("p", speech.said(made), cls="soft")]
    parts += [el("p", _missing(gap, speech), cls="gap") for gap in digest.gaps]
    if digest.waiting:
        told = Said("Cases that changed and are not counted yet: {count}.", count=digest.waiting)
        parts.append(el("p", speech.said(told), cls="gap"))
    parts += [el("h2", speech.text(N_("At a glance"))), _overall(digest.figures, speech)]
    for dimension, figures in digest.apart.items():
        if figures:
            heading = _BY.get(dimension) or DIMENSIONS.get(dimension, dimension)
            parts += [el("h2", speech.text(heading)), _by(figures, digest.queues, speech)]
    parts += [el("h2", speech.text(N_("What the figures mean"))), _meanings(digest, speech)]
    head = el("head", Html('<meta charset="utf-8">'), el("title", title), el("style", Html(_STYLE)))
    return f'<!DOCTYPE html>\n<html lang="{speech.language}">{head}{el("body", *parts)}</html>\n'


def el(tag: str, *children: str, cls: str = "") -> Html:
    """One element of ours; children that are not Html themselves are escaped."""
    inside = "".join(child if isinstance(child, Html) else html.escape(child) for child in children)
    return Html(f'<{tag} class="{html.escape(cls)}">{inside}</{tag}>' if cls else f"<{tag}>{inside}</{tag}>")


def short_lines(digest: Digest, speech: Speech = ENGLISH) -> list[str]:
    """The page in a few lines, for places that take no pages."""
    speech = Speech(speech.language, digest.period.zone)
    lines = [_line(one, speech) for one in _sorted(digest.figures)]
    return [*lines, *(_missing(gap, speech) for gap in digest.gaps)] or [speech.text(_NOTHING)]


def rounded(seconds: float | None) -> timedelta | str:
    """A length of time in whole minutes, from one minute on; a dash for none."""
    if seconds is None:
        return "–"
    return timedelta(seconds=seconds if seconds < 30 else max(1, round(seconds / 60)) * 60)


def _line(one: Figure, speech: Speech) -> str:
    unit = _unit(one)
    told: str = Said("{count} open", count=one.open)
    if one.n and unit == "s":
        told = Said("half within {half}, 90 % within {most}", half=rounded(one.median), most=rounded(one.p90))
    elif one.n:
        told = _amount(one, unit, speech)
    earlier = _earlier(one, unit, speech)
    return speech.said(Said("{title}: {told} (before: {earlier})", title=_titled(one), told=told, earlier=earlier))


def _missing(gap: str, speech: Speech) -> str:
    return speech.said(Said(_MISSING, gap=gap))


def _overall(figures: Iterable[Figure], speech: Speech) -> Html:
    rows = [_row(speech.said(_titled(one)), one, speech) for one in _sorted(figures)]
    if not rows:
        return el("p", speech.text(_NOTHING), cls="soft")
    return _table(_HEADS, rows, speech)


def _by(figures: Iterable[Figure], queues: Mapping[str, object], speech: Speech) -> Html:
    known = sorted(_sorted(figures), key=lambda one: one.group)
    rows = [_row(f"{_named(one, queues, speech)}: {speech.said(_titled(one))}", one, speech) for one in known]
    return _table(_HEADS, rows, speech)


def _named(one: Figure, queues: Mapping[str, object], speech: Speech) -> str:
    """The group's queue or network as people call it."""
    words = [queues.get(name) or Said(_GROUPS.get(name, "")) or name.replace("_", " ") for name in one.group]
    return ", ".join(speech.said(word) for word in words) or "–"


def _row(name: str, one: Figure, speech: Speech) -> Html:
    unit = _unit(one)
    few = 0 < one.n < _FEW
    title = el("td", name, *([el("span", " " + speech.text(N_("(few)")), cls="soft")] if few else []))
    still = speech.number(one.open) if one.open else ""
    cells = [_cell(one, unit, speech), *_times(one, unit, speech), still, _before_cell(one, unit, speech)]
    return el("tr", title, *(el("td", cell, cls="n") for cell in cells))


def _times(one: Figure, unit: str, speech: Speech) -> tuple[str, str, str]:
    if unit != "s":
        return "", "", ""
    business = speech.said(rounded(one.business_median)) if one.business_median is not None else ""
    return speech.said(rounded(one.median)), speech.said(rounded(one.p90)), business


def _amount(one: Figure, unit: str, speech: Speech) -> str:
    value, more = _parts(one, unit, speech)
    return f"{value} {more}" if more else value


def _parts(one: Figure, unit: str, speech: Speech) -> tuple[str, str]:
    """The value, and how sure and of how many it is."""
    of = speech.said(Said("of {count}", count=one.n))
    if unit == "share":
        return _percent(one.share, speech), f"{_between(one.interval, speech)}{of}"
    if unit == "count" and one.total is not None:
        return speech.number(one.total), ""
    if unit == "score" and one.median is not None:
        return speech.signed(one.median), of
    return speech.number(one.n), ""


def _cell(one: Figure, unit: str, speech: Speech) -> Html:
    """A share in two lines: the value, and under it how sure and of how many."""
    if unit != "share":
        return Html(html.escape(_amount(one, unit, speech)))
    value, more = _parts(one, unit, speech)
    return Html(html.escape(value) + el("span", more, cls="soft"))


def _before_cell(one: Figure, unit: str, speech: Speech) -> Html:
    before = one.before
    if unit != "share" or before is None or not before.n:
        return Html(html.escape(_earlier(one, unit, speech)))
    return _cell(before, unit, speech)


def _earlier(one: Figure, unit: str, speech: Speech) -> str:
    before = one.before
    if before is None or not before.n:
        return "–"
    return speech.said(rounded(before.median)) if unit == "s" else _amount(before, unit, speech)


def _percent(share: float | None, speech: Speech) -> str:
    return "–" if share is None else speech.percent(share, exact=0 < share < 0.1)


def _between(interval: tuple[float, float] | None, speech: Speech) -> str:
    return f"({100 * interval[0]:.0f}–{speech.percent(interval[1])}) " if interval else ""


def _table(heads: Sequence[str], rows: Sequence[Html], speech: Speech) -> Html:
    head = el("tr", *(el("th", speech.text(name), cls="n" if place else "") for place, name in enumerate(heads)))
    return el("table", el("thead", head), el("tbody", *rows))


def _meanings(digest: Digest, speech: Speech) -> Html:
    every = [*digest.figures, *(one for group in digest.apart.values() for one in group)]
    used = dict.fromkeys((one.measure, one.version) for one in every if one.n or one.open)
    parts: list[Html] = []
    for one in (VERSIONS[key] for key in used if key in VERSIONS):
        name = Said("{title}, version {version}", title=Said(one.title), version=one.version)
        sentence = f"{speech.text(one.sentence)} {speech.text(_dated(one))}"
        parts += [el("dt", speech.said(name)), el("dd", sentence)]
    few = Said(
        "“few” marks fewer than {count} cases. A range in brackets is a 95 % interval. "
        "Still open: no answer or end yet.",
        count=_FEW,
    )
    return el("div", el("dl", *parts), el("p", speech.said(few), cls="soft"))


def _dated(one: Definition) -> str:
    return N_("Dated when the customer wrote.") if one.dating == "cohort" else N_("Dated when it happened.")


def _sorted(figures: Iterable[Figure]) -> list[Figure]:
    """Those with something in them, in the order of the page."""
    return sorted((one for one in figures if one.n or one.open), key=lambda one: HEADLINES.index(one.measure))


def _unit(one: Figure) -> str:
    known = _defined(one)
    return known.unit if known is not None else "count"


def _defined(one: Figure) -> Definition | None:
    return VERSIONS.get((one.measure, one.version))


def _titled(one: Figure) -> str:
    known = _defined(one)
    return Said(known.title) if known is not None else one.measure
