"""Quality over time, drawn: the marks by question and week, and how far reviewers agree.

Means of the whole desk only; nobody is compared with anybody here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

import streamlit as st

from webcare.console import charts, safe, words
from webcare.console.quality_parts import number
from webcare.console.tongue import _
from webcare.quality import agreement
from webcare.quality.results import ENOUGH, Calibrated, Course

_WHOLE = ""


def improvement(courses: Sequence[Course]) -> None:
    """The whole score, or one question of the card, by week with its interval."""
    by_key = {one.key: one for one in courses}
    if not by_key[_WHOLE].weeks:
        return
    titles = {one.key: safe.label(_(one.text), limit=90) if one.key else _("The whole score") for one in courses}
    chosen = st.selectbox(
        _("Question"), list(by_key), format_func=lambda key: titles[key], key="quality_course", width=420,
        label_visibility="collapsed",
    )  # fmt: skip
    course = by_key[chosen or _WHOLE]
    told = _(
        "Replies drawn at random, by the week they were posted, with the interval of 95 %. A week with fewer than "
        "{count} replies says little by itself."
    ).format(count=ENOUGH)
    charts.lines(list(_weeks(course)), title=_("Over time"), x=_("Week of"), y=_("Mean, of 100"), sentence=told)


def _weeks(course: Course) -> Iterator[charts.Row]:
    for week, one in course.weeks:
        if one.mean is not None:
            yield {
                **_place(week),
                "y": round(one.mean, 2),
                "low": one.low,
                "high": one.high,
                "told": f"{number(one.mean)} ({one.n})",
                "spread": f"{number(one.low)}–{number(one.high)}" if one.low is not None else "–",
            }


def agreement_over_time(found: Iterable[tuple[str, tuple[Calibrated, ...]]]) -> None:
    """Alpha by question and four weeks, and the line from which marks can be relied on."""
    stretches = [(week, {one.key: one for one in some}) for week, some in found]
    titles = {one.key: safe.label(_(one.text), limit=90) for _week, some in stretches for one in some.values()}
    if not titles:
        return
    key = st.selectbox(
        _("Question"), list(titles), format_func=lambda key: titles[key], key="quality_alpha", width=420,
        label_visibility="collapsed",
    )  # fmt: skip
    rows = [row for week, some in stretches for row in _stretch(week, some[key or next(iter(titles))])]
    told = _("Krippendorff's alpha by four weeks, named by their first. Below {count} replies chance weighs a lot.")
    charts.lines(
        rows,
        title=_("Agreement over time"),
        x=_("Week of"),
        y=_("Alpha"),
        unit="alpha",
        sentence=told.format(count=ENOUGH),
    )


def _stretch(week: str, one: Calibrated) -> Iterator[charts.Row]:
    alpha = one.agreement.alpha
    if alpha is not None:
        yield {**_place(week), "y": round(alpha, 3), "told": f"{alpha:.2f} ({one.agreement.units})",
               "series": _("alpha")}  # fmt: skip
        yield {**_place(week), "y": agreement.RELIABLE, "told": f"{agreement.RELIABLE}", "series": _("reliable from")}


def _place(week: str) -> Mapping[str, str]:
    monday = date.fromisocalendar(int(week[:4]), int(week[-2:]), 1)
    return {"x": monday.isoformat(), "label": words.day_and_month(monday)}
