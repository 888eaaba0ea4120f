"""The wallboard: what waits and for how long, who is there, what is wrong. Read from across the room; nothing to click.

It refreshes itself, shows no words of customers and counts nobody's work by name.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import streamlit as st

from webcare import hours
from webcare.cases.at_work import Colleague, at_work_rule
from webcare.console import figures_parts, safe, words
from webcare.console.chrome import me_or_stop
from webcare.console.desk import desk, now, zone
from webcare.console.own_queues import own_titles
from webcare.console.tongue import _, counted
from webcare.deciding import current
from webcare.domain import Role
from webcare.people import Permission, require
from webcare.reports.wallboard import OpenIncident, Standing, Wallboard, wallboard

#: How often it is read again, in seconds.
_EVERY_S = 10
#: Colleagues named; of more, how many.
_NAMED = 24
#: Characters that fit in the largest size.
_SHORT = 6
_FIRST_LINE = (Role.FIRST_LINE, Role.TEAM_LEAD)


def show() -> None:
    """Draw the page."""
    me = me_or_stop()
    require(me, Permission.SEE_CASES)
    figures_parts.head(_("Wallboard"), me)
    st.fragment(_board, run_every=_EVERY_S)()


def _board() -> None:
    require(me_or_stop(), Permission.SEE_CASES)
    moment = now()
    midnight = moment.astimezone(zone()).replace(hour=0, minute=0, second=0, microsecond=0)
    with desk().store.read() as session:
        board = wallboard(session, now=moment, day_began=midnight, rule=at_work_rule(desk().settings))
        targets = current.standing(session, at=moment).targets
    closed = {one.queue: _closed(targets.hours_of(one.queue), moment) for one in board.queues}
    safe.draw(
        safe.el(
            "div",
            *(_incident(one, moment) for one in board.incidents),
            _total(board, moment),
            _queues(board, closed, moment),
            _beside(board, moment),
            _people(board.at_work),
            safe.el("p", _("As of {time}.").format(time=f"{moment.astimezone(zone()):%H:%M:%S}"), cls="wc-wall-at"),
            cls="wc-wall",
        )
    )


def _closed(opening: hours.OpeningHours | None, moment: datetime) -> str:
    """When a queue that is closed now opens again; empty while it is open."""
    if opening is None or opening.is_open(moment):
        return ""
    return words.clock_time(opening.next_opening(moment), now=moment)


def _incident(one: OpenIncident, moment: datetime) -> safe.Html:
    said = _("Possible incident: {name}") if one.alarm else _("Incident: {name}")
    since = _("since {time}").format(time=words.clock_time(one.since, now=moment))
    hit = counted("{count} customer", "{count} customers", one.hit)
    return safe.el(
        "div",
        safe.el("strong", safe.filled(said, name=safe.line(_incident_name(one.name), limit=60))),
        safe.el("span", f"{since} · {hit}"),
        cls="wc-wall-incident",
        role="alert",
    )


def _incident_name(name: str) -> str:
    kind, _sep, code = name.partition(":")
    return words.word(words.TOPICS, code) if kind == "topic" else code or name


def _total(board: Wallboard, moment: datetime) -> safe.Html:
    total = board.total
    age = words.duration(moment - total.oldest) if total.oldest else "–"
    big = (
        _big(str(total.waiting), _("waiting"), ""),
        _big(str(total.overdue), _("past their target"), "wc-wall-red" if total.overdue else "wc-wall-calm"),
        _big(str(total.soon), _("due within 15 min"), "wc-wall-orange" if total.soon else "wc-wall-calm"),
        _big(age, _("waits longest"), ""),
        _big(str(board.answered), _("answered today"), ""),
    )
    return safe.el("section", *big, cls="wc-wall-top", aria_label=_("All queues"))


def _big(value: str, name: str, tone: str) -> safe.Html:
    # A length of time such as "2 d 4 h" does not fit in the size of a number.
    size = "wc-wall-long" if len(value) > _SHORT else None
    return safe.el("div", safe.el("b", value, cls=size), safe.el("span", name), cls=f"wc-wall-big {tone}".strip())


def _queues(board: Wallboard, closed: dict[str, str], moment: datetime) -> safe.Html:
    names = (_("Queue"), _("Waiting"), _("Late"), _("Nobody has it"), _("Waits longest"), _("Next is due"))
    head = safe.el("tr", safe.el("th", names[0], scope="col"), *(_number_head(name) for name in names[1:]))
    rows = (_row_of(one, closed.get(one.queue, ""), moment) for one in board.queues)
    return safe.el("table", safe.el("thead", head), safe.el("tbody", *rows), cls="wc-wall-queues")


def _number_head(name: str) -> safe.Html:
    return safe.el("th", name, scope="col", cls="wc-num")


def _row_of(one: Standing, closed: str, moment: datetime) -> safe.Html:
    title = words.word({**words.QUEUES, **own_titles()}, one.queue)
    shut = safe.el("small", _("closed until {time}").format(time=closed)) if closed else safe.Html("")
    cells = (
        str(one.waiting),
        str(one.overdue),
        str(one.untaken),
        words.duration(moment - one.oldest) if one.oldest else "–",
        _due(one, moment),
    )
    tone = "wc-wall-late" if one.overdue else "wc-wall-soon" if one.soon else None
    number = (safe.el("td", cell, cls="wc-num") for cell in cells)
    return safe.el("tr", safe.el("th", title, " ", shut, scope="row"), *number, cls=tone)


def _due(one: Standing, moment: datetime) -> str:
    if one.next_due is None:
        return "–"
    left = words.duration(one.next_due - moment)
    return _("{time} late").format(time=left) if one.next_due < moment else _("in {time}").format(time=left)


def _beside(board: Wallboard, moment: datetime) -> safe.Html:
    """What waits beside the queues, where something does."""
    return safe.el("p", *(safe.el("span", told) for told in _waits(board, moment)), cls="wc-wall-beside")


def _waits(board: Wallboard, moment: datetime) -> Iterator[str]:
    if board.questions and board.question_since:
        told = counted(
            "{count} question with the second line", "{count} questions with the second line", board.questions
        )
        yield _("{what}, the oldest {time}").format(what=told, time=words.duration(moment - board.question_since))
    if board.approvals and board.approval_since:
        told = counted("{count} reply waits for a yes", "{count} replies wait for a yes", board.approvals)
        yield _("{what}, the oldest {time}").format(what=told, time=words.duration(moment - board.approval_since))
    if board.promises_late:
        yield counted("{count} promise is late", "{count} promises are late", board.promises_late)
    if board.promises_today:
        yield counted("{count} promise is due today", "{count} promises are due today", board.promises_today)
    if board.stuck:
        yield counted("{count} reply needs a look", "{count} replies need a look", board.stuck)


def _people(there: tuple[Colleague, ...]) -> safe.Html:
    first = [one for one in there if one.role in _FIRST_LINE]
    second = [one for one in there if one.role is Role.SECOND_LINE]
    lines = ((_("First line"), first), (_("Second line"), second))
    return safe.el(
        "section", *(_line(name, who) for name, who in lines), cls="wc-wall-people", aria_label=_("Who is in")
    )


def _line(name: str, who: list[Colleague]) -> safe.Html:
    told = [safe.name(one.name) for one in who[:_NAMED]]
    more = [f"+{len(who) - _NAMED}"] if len(who) > _NAMED else []
    named = [safe.el("span", one) for one in (*told, *more)] or [safe.el("span", _("nobody is in"), cls="wc-wall-none")]
    return safe.el("div", safe.el("strong", f"{name} · {len(who)}"), *named)
