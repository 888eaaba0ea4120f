"""How the guard fares, for managers: which check points at what, how often it was right, and what slipped out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

import streamlit as st
from sqlmodel import Session

from webcare import cases, reports
from webcare.console import rules_panel, safe, words
from webcare.console.acting import Verb, act, draw_everything_if_asked
from webcare.console.chrome import me_or_stop
from webcare.console.desk import desk, now
from webcare.console.trouble import show_news
from webcare.domain import Actor, FindingOutcome, Grade
from webcare.guard.reported import open_slips
from webcare.guard.rules.escaped import Slip
from webcare.people import Permission, require
from webcare.reports import CheckMarks, GuardReport, ReportedSlip, ShownFinding

PLACE = "guard"
_PERIODS: Mapping[str, float] = {"24 hours": 1, "7 days": 7, "30 days": 30, "90 days": 90}
#: Findings with buttons on the page.
_JUDGED = 15
_OUTCOMES: Mapping[str, str] = {
    FindingOutcome.CHANGED.value: "the text was changed",
    FindingOutcome.OVERRIDDEN.value: "sent in spite of it",
    FindingOutcome.SENT.value: "sent as it was",
    "": "not sent yet",
}
_GRADES: Mapping[str, str] = {Grade.RIGHT.value: "right", Grade.WRONG.value: "wrong", "": "not judged"}


def show() -> None:
    """Draw the page; raises NotAllowed for a role without reports."""
    require(me_or_stop(), Permission.SEE_REPORTS)
    period = st.segmented_control(
        "Period", list(_PERIODS), default="30 days", required=True, key="guard_period", label_visibility="collapsed"
    )
    show_news(PLACE)
    st.fragment(_marks)(_PERIODS[period or "30 days"])
    rules_panel.show()


def _marks(days: float) -> None:
    draw_everything_if_asked()
    require(me_or_stop(), Permission.SEE_REPORTS)
    with desk().store.read() as session:
        report = reports.guard_report(session, now=now(), days=days)
    safe.draw(_table(report.checks), _jokes(report))
    safe.draw(safe.el("h2", "What it pointed at"))
    for finding in report.recent[:_JUDGED]:
        _to_judge(finding)
    if not report.recent:
        safe.draw(safe.el("p", "Nothing yet in this period.", cls="wc-soft"))
    safe.draw(_slips(report.slips, open_slips(desk().slips_dir)))


def _table(checks: Iterable[CheckMarks]) -> safe.Html:
    names = ("Check", "Pointed at", "Text changed", "Overridden", "Sent", "Right", "Wrong", "Precision (95 %)")
    head = safe.el("tr", *(safe.el("th", name, cls="wc-num" if at else None) for at, name in enumerate(names)))
    rows = [_row(one) for one in checks]
    nothing = safe.el("tr", safe.el("td", "Nothing yet in this period.", colspan=str(len(names)), cls="wc-soft"))
    explained = "Precision: found right among the findings a person judged below. Nothing else counts for or against."
    caption = safe.el("caption", "Checks")
    table = safe.el("table", caption, head, *(rows or [nothing]), cls="wc-table")
    return safe.join((table, safe.el("p", explained, cls="wc-soft")))


def _row(one: CheckMarks) -> safe.Html:
    numbers = (one.fired, one.changed, one.overridden, one.sent, one.right, one.wrong)
    cells = [safe.el("td", str(number), cls="wc-num") for number in numbers]
    return safe.el(
        "tr", safe.el("td", words.word(words.CHECKS, one.check)), *cells, safe.el("td", _precision(one), cls="wc-num")
    )


def _precision(one: CheckMarks) -> str:
    if one.precision is None or one.interval is None:
        return "–"
    low, high = (round(100 * edge) for edge in one.interval)
    return f"{round(100 * one.precision)} % ({low}–{high})"


def _jokes(report: GuardReport) -> safe.Html:
    counted = report.jokes
    if not sum(counted.values()):
        return safe.Html("")
    told = ", ".join(f"{words.word(words.SENTIMENTS, one).lower()} {counted[one]}" for one in counted if one)
    return safe.el("p", f"Jokes and the customer's next message: {told}; no answer yet {counted['']}.")


def _to_judge(finding: ShownFinding) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        safe.draw(_shown(finding))
        with st.container(horizontal=True, width="content", gap="xsmall"):
            st.button("Right", key=f"right_{finding.id}", on_click=act, args=(PLACE, _grade(finding.id, True)))
            st.button("Wrong", key=f"wrong_{finding.id}", on_click=act, args=(PLACE, _grade(finding.id, False)))


def _grade(finding_id: int, right: bool) -> Verb:
    def grade(session: Session, by: Actor, moment: datetime) -> None:
        cases.grade_finding(session, finding_id, right=right, by=by, now=moment)

    return grade


def _shown(finding: ShownFinding) -> safe.Html:
    when = words.clock_time(finding.at, now=now())
    case = safe.el("a", when, href=f"/case?case={finding.case_id}", target="_self")
    why = f" Reason given: “{safe.line(finding.words)}”" if finding.words else ""
    state = f"{_OUTCOMES.get(finding.outcome, '')}; {_GRADES.get(finding.grade, '')}"
    return safe.el(
        "div",
        safe.el(
            "div",
            case,
            " ",
            safe.el("strong", words.word(words.CHECKS, finding.check)),
            " ",
            safe.name(finding.agent),
            f": {state}.",
        ),
        safe.el("div", safe.line(finding.message, limit=300), why, cls="wc-soft", dir="auto"),
    )


def _slips(slips: Iterable[ReportedSlip], waiting: tuple[Slip, ...]) -> safe.Html:
    still = {slip.id for slip in waiting}
    rows = [_slip(one, still) for one in slips]
    nothing = safe.el("tr", safe.el("td", "Nobody reported one.", colspan="4", cls="wc-soft"))
    head = safe.el("tr", *(safe.el("th", name) for name in ("Reported", "By", "What should have been held", "Now")))
    table = safe.el("table", safe.el("caption", "Slips"), head, *(rows or [nothing]), cls="wc-table")
    told = words.plural(len(waiting), "slip is", "slips are")
    open_ = safe.el("p", f"{told} held by nothing yet: write a rule below.") if waiting else safe.Html("")
    return safe.join((table, open_))


def _slip(one: ReportedSlip, still_open: set[str]) -> safe.Html:
    when = words.clock_time(one.at, now=now())
    return safe.el(
        "tr",
        safe.el("td", safe.el("a", when, href=f"/case?case={one.case_id}", target="_self")),
        safe.el("td", safe.name(one.by)),
        safe.el("td", safe.line(one.words, limit=300), dir="auto"),
        safe.el("td", "held by nothing yet" if one.slip_id in still_open else "held"),
    )
