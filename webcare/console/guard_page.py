"""How the guard fares, for managers: which check points at what, how often it was right, and what slipped out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

import streamlit as st
from sqlmodel import Session

from webcare import cases, reports
from webcare.console import profile_panel, rules_panel, safe, words
from webcare.console.acting import Verb, act, draw_everything_if_asked
from webcare.console.chrome import me_or_stop
from webcare.console.desk import desk, now
from webcare.console.tongue import N_, _, counted, kept
from webcare.console.trouble import show_news
from webcare.domain import Actor, FindingOutcome, Grade
from webcare.guard.reported import open_slips
from webcare.guard.rules.escaped import Slip
from webcare.people import Permission, require
from webcare.reports import CheckMarks, GuardReport, ReportedSlip, ShownFinding

PLACE = "guard"
_PERIODS: Mapping[str, float] = {
    N_("24 hours"): 1,
    N_("7 days"): 7,
    N_("30 days"): 30,
    N_("90 days"): 90,
}
#: Findings with buttons on the page.
_JUDGED = 15
_OUTCOMES: Mapping[str, str] = {
    FindingOutcome.CHANGED.value: N_("the text was changed"),
    FindingOutcome.OVERRIDDEN.value: N_("sent in spite of it"),
    FindingOutcome.SENT.value: N_("sent as it was"),
    "": N_("not sent yet"),
}
_GRADES: Mapping[str, str] = {
    Grade.RIGHT.value: N_("right"),
    Grade.WRONG.value: N_("wrong"),
    "": N_("not judged"),
}


def show() -> None:
    """Draw the page; raises NotAllowed for a role without reports."""
    require(me_or_stop(), Permission.SEE_REPORTS)
    safe.draw(safe.el("h1", _("Guard"), cls="wc-page"))
    period = st.segmented_control(
        _("Period"),
        list(_PERIODS),
        format_func=_,
        default="30 days",
        required=True,
        key="guard_period",
        label_visibility="collapsed",
    )
    show_news(PLACE)
    st.fragment(_marks)(_PERIODS[period or "30 days"])
    rules_panel.show()
    profile_panel.show()


def _marks(days: float) -> None:
    draw_everything_if_asked()
    require(me_or_stop(), Permission.SEE_REPORTS)
    with desk().store.read() as session:
        report = reports.guard_report(session, now=now(), days=days)
    safe.draw(_table(report.checks), _jokes(report))
    safe.draw(safe.el("h2", _("What it pointed at")))
    for finding in report.recent[:_JUDGED]:
        _to_judge(finding)
    if not report.recent:
        safe.draw(safe.el("p", _("Nothing yet in this period."), cls="wc-soft"))
    safe.draw(_slips(report.slips, open_slips(desk().slips_dir)))


def _table(checks: Iterable[CheckMarks]) -> safe.Html:
    names = (
        _("Check"),
        _("Pointed at"),
        _("Text changed"),
        _("Overridden"),
        _("Sent"),
        _("Right"),
        _("Wrong"),
        _("Precision (95 %)"),
    )
    head = safe.el("tr", *(safe.el("th", name, cls="wc-num" if at else None) for at, name in enumerate(names)))
    rows = [_row(one) for one in checks]
    nothing = safe.el("tr", safe.el("td", _("Nothing yet in this period."), colspan=str(len(names)), cls="wc-soft"))
    explained = _(
        "Precision: found right among the findings a person judged below. Nothing else counts for or against."
    )
    caption = safe.el("caption", _("Checks"))
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
    jokes = report.jokes
    if not sum(jokes.values()):
        return safe.Html("")
    told = ", ".join(f"{words.word(words.SENTIMENTS, one).lower()} {jokes[one]}" for one in jokes if one)
    said = _("Jokes and the customer's next message: {moods}; no answer yet {open}.")
    return safe.el("p", said.format(moods=told, open=jokes[""]))


def _to_judge(finding: ShownFinding) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        safe.draw(_shown(finding))
        with st.container(horizontal=True, width="content", gap="xsmall"):
            st.button(_("Right"), key=f"right_{finding.id}", on_click=act, args=(PLACE, _grade(finding.id, True)))
            st.button(_("Wrong"), key=f"wrong_{finding.id}", on_click=act, args=(PLACE, _grade(finding.id, False)))


def _grade(finding_id: int, right: bool) -> Verb:
    def grade(session: Session, by: Actor, moment: datetime) -> None:
        cases.grade_finding(session, finding_id, right=right, by=by, now=moment)

    return grade


def _shown(finding: ShownFinding) -> safe.Html:
    when = words.clock_time(finding.at, now=now())
    case = safe.el("a", when, href=f"/case?case={finding.case_id}", target="_self")
    why = " " + _("Reason given: “{words}”").format(words=safe.line(finding.words)) if finding.words else ""
    state = f"{_(_OUTCOMES.get(finding.outcome, ''))}; {_(_GRADES.get(finding.grade, ''))}"
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
        safe.el("div", safe.line(kept(finding.message), limit=300), why, cls="wc-soft", dir="auto"),
    )


def _slips(slips: Iterable[ReportedSlip], waiting: tuple[Slip, ...]) -> safe.Html:
    still = {slip.id for slip in waiting}
    rows = [_slip(one, still) for one in slips]
    nothing = safe.el("tr", safe.el("td", _("Nobody reported one."), colspan="4", cls="wc-soft"))
    heads = (_("Reported"), _("By"), _("What should have been held"), _("Now"))
    head = safe.el("tr", *(safe.el("th", name) for name in heads))
    table = safe.el("table", safe.el("caption", _("Slips")), head, *(rows or [nothing]), cls="wc-table")
    told = counted(
        "{count} slip is held by nothing yet: write a rule below.",
        "{count} slips are held by nothing yet: write a rule below.",
        len(waiting),
    )
    open_ = safe.el("p", told) if waiting else safe.Html("")
    return safe.join((table, open_))


def _slip(one: ReportedSlip, still_open: set[str]) -> safe.Html:
    when = words.clock_time(one.at, now=now())
    return safe.el(
        "tr",
        safe.el("td", safe.el("a", when, href=f"/case?case={one.case_id}", target="_self")),
        safe.el("td", safe.name(one.by)),
        safe.el("td", safe.line(one.words, limit=300), dir="auto"),
        safe.el("td", _("held by nothing yet") if one.slip_id in still_open else _("held")),
    )
