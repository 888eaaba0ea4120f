"""The head of a case and what can be done with it as a whole: take, give, hand over, put aside, close."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta

import streamlit as st
from sqlmodel import Session

from webcare import cases
from webcare.console import chrome, safe, words
from webcare.console.acting import Verb, act, draw_everything_next
from webcare.console.desk import desk, now, zone
from webcare.console.news import seen_version
from webcare.domain import ACTIVE_STATES, Actor, CaseState, Line, Resolution
from webcare.people import Permission, colleagues, may
from webcare.store.queries import CaseDetail, CaseView

PLACE = "case"
_NOBODY = 0
_LEAVING = "leaving_case"


def show_head(view: CaseView, me: Actor) -> None:
    """Draw who it is about, how it stands, and the buttons this person may use."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        with st.container(horizontal=True, vertical_alignment="center", width="content", gap="small"):
            st.button("Queues", key="back", icon=":material/arrow_back:", type="tertiary", on_click=_leave)
            safe.draw(_head(view, me), width="content")
        if may(me, Permission.WORK_CASES):
            with st.container(horizontal=True, width="content", gap="xsmall", key="wc_actions"):
                _buttons(view.case, me)


def leave_if_asked() -> None:
    """Go back to the queue, with the filters it had, when the button for it was clicked."""
    if st.session_state.pop(_LEAVING, False):
        st.switch_page(chrome.QUEUE, query_params=st.session_state.get("queue_address", {}))


def _leave() -> None:
    st.session_state[_LEAVING] = True
    draw_everything_next()


def _head(view: CaseView, me: Actor) -> safe.Html:
    case = view.case
    who = case.customer_name or case.customer_handle or "Somebody"
    handle = f"@{case.customer_handle}" if case.customer_handle and case.customer_name else ""
    network = words.word(words.CHANNELS, case.channel)
    return safe.el(
        "div",
        safe.el("span", network[:1].replace("F", "f"), cls=f"wc-net wc-net-{case.channel}", title=network),
        safe.el("h1", safe.name(who)),
        safe.el("span", safe.name(handle), cls="wc-soft"),
        _clock(case),
        safe.el("span", words.word(words.STATES, case.state), cls="wc-chip wc-chip-blue"),
        safe.el("span", words.word(words.QUEUES, case.queue), cls="wc-chip"),
        safe.el("span", _with_whom(case, me), cls="wc-soft"),
        cls="wc-head",
    )


def _clock(case: CaseDetail) -> safe.Html:
    if case.state not in ACTIVE_STATES or case.waiting_since is None:
        return safe.Html("")
    moment, start = now(), case.waiting_since
    used = (moment - start) / max(case.respond_by - start, timedelta(seconds=1))
    if used >= 1:
        return safe.el("span", f"{words.duration(moment - case.respond_by)} late", cls="wc-chip wc-chip-red")
    look = "orange" if used >= 0.8 else "green"
    return safe.el("span", f"{words.duration(case.respond_by - moment)} left to answer", cls=f"wc-chip wc-chip-{look}")


def _with_whom(case: CaseDetail, me: Actor) -> safe.Html:
    if case.assignee_id is None:
        return safe.text("nobody has it")
    if case.assignee_id == me.id:
        return safe.text("you have it")
    return safe.join(("with ", safe.name(case.assignee_name)))


def _buttons(case: CaseDetail, me: Actor) -> None:
    active = case.state in ACTIVE_STATES
    if active and case.assignee_id is None:
        _button("Take this case", "claim", case, _claim(case.id), primary=True)
    if case.state != CaseState.RESOLVED:
        _assign(case, me)
        if may(me, Permission.HAND_OVER):
            _pass_on(case)
        _snooze(case)
        _resolve(case)
    if not active:
        closed = case.state == CaseState.RESOLVED
        _button("Reopen", "reopen", case, _reopen(case.id), primary=closed)


def _button(name: str, key: str, case: CaseDetail, verb: Verb, *, primary: bool = False) -> None:
    st.button(
        name,
        key=f"{key}_{case.id}",
        type="primary" if primary else "secondary",
        on_click=act,
        args=(PLACE, verb),
    )


def _claim(case_id: int) -> Verb:
    return lambda session, me, moment: cases.claim(session, case_id, by=me, now=moment, version=seen_version(case_id))


def _reopen(case_id: int) -> Verb:
    return lambda session, me, moment: cases.reopen(session, case_id, by=me, now=moment, version=seen_version(case_id))


def _assign(case: CaseDetail, me: Actor) -> None:
    with st.popover("Assign", key=f"assign_menu_{case.id}"):
        with desk().store.read() as session:
            people = {person.id or _NOBODY: person.name for person in colleagues(session)}
        names = {_NOBODY: "Nobody: back to the queue"} | {
            key: _plain(name, key == me.id) for key, name in people.items()
        }
        key = f"assign_to_{case.id}"
        st.selectbox("Give this case to", list(names), format_func=names.__getitem__, key=key)

        def give(session: Session, by: Actor, moment: datetime) -> None:
            to = st.session_state[key] or None
            cases.assign(session, case.id, to=to, by=by, now=moment, version=seen_version(case.id))

        _button("Give it", "assign", case, give)


def _plain(name: str, is_me: bool) -> str:
    return f"{safe.label(name)} (you)" if is_me else safe.label(name)


def _pass_on(case: CaseDetail) -> None:
    back = case.line == Line.SECOND_LINE
    with st.popover("Hand back" if back else "Hand over", key=f"pass_menu_{case.id}"):
        key = f"pass_text_{case.id}"
        st.text_area(
            "Your answer to the first line" if back else "Your question to the second line",
            key=key,
            height=110,
            help="Kept as an internal note; the customer never sees it.",
        )

        def pass_on(session: Session, by: Actor, moment: datetime) -> None:
            text, version = st.session_state.get(key, ""), seen_version(case.id)
            if back:
                cases.hand_back(session, case.id, answer=text, by=by, now=moment, version=version)
            else:
                cases.hand_over(session, case.id, question=text, by=by, now=moment, version=version)
            st.session_state[key] = ""

        _button("Hand back with this answer" if back else "Hand to the second line", "pass_on", case, pass_on)


def _snooze(case: CaseDetail) -> None:
    with st.popover("Put aside", key=f"snooze_menu_{case.id}"):
        key = f"snooze_until_{case.id}"
        st.selectbox("Back in the queue", list(_UNTIL), key=key)

        def put_aside(session: Session, by: Actor, moment: datetime) -> None:
            until = _until(st.session_state[key], moment)
            cases.snooze(session, case.id, until=until, by=by, now=moment, version=seen_version(case.id))

        _button("Put aside", "snooze", case, put_aside)


#: Hours from now, or days from now at nine in the desk's zone.
_UNTIL: Mapping[str, tuple[str, int]] = {
    "In an hour": ("hours", 1),
    "In four hours": ("hours", 4),
    "Tomorrow at 9:00": ("days", 1),
    "In two days at 9:00": ("days", 2),
    "In a week at 9:00": ("days", 7),
}


def _until(choice: str, moment: datetime) -> datetime:
    unit, count = _UNTIL[choice]
    if unit == "hours":
        return moment + timedelta(hours=count)
    day = moment.astimezone(zone()).date() + timedelta(days=count)
    return datetime.combine(day, time(9), tzinfo=zone()).astimezone(moment.tzinfo)


def _resolve(case: CaseDetail) -> None:
    with st.popover("Resolve", key=f"resolve_menu_{case.id}"):
        answered = Resolution.ANSWERED if case.first_response_at else Resolution.NO_REPLY_NEEDED
        choices = [resolution.value for resolution in Resolution]
        key = f"resolution_{case.id}"
        st.selectbox(
            "Why is this done?",
            choices,
            index=choices.index(answered.value),
            format_func=words.RESOLUTIONS.__getitem__,
            key=key,
        )

        def close(session: Session, by: Actor, moment: datetime) -> None:
            reason, version = Resolution(st.session_state[key]), seen_version(case.id)
            cases.resolve(session, case.id, resolution=reason, by=by, now=moment, version=version)

        _button("Resolve this case", "resolve", case, close)
