"""The head of a case and what can be done with it as a whole: take, give, hand over, close; the rest under More."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta

import streamlit as st
from sqlmodel import Session

from webcare import cases
from webcare.cases import presence, tagging, undoing
from webcare.cases.clocks import Clock
from webcare.console import chrome, handover_panel, menus, safe, words
from webcare.console.acting import Verb, act, change, draw_everything_next
from webcare.console.desk import desk, now, zone
from webcare.console.lists import lists_of
from webcare.console.news import seen_version
from webcare.console.own_queues import queue_name
from webcare.console.tongue import N_, _
from webcare.console.trouble import say
from webcare.domain import ACTIVE_STATES, Actor, CaseState, Resolution
from webcare.people import Permission, may
from webcare.store.queries import CaseDetail, CaseView

PLACE = "case"
_NOBODY = 0
_LEAVING = "leaving_case"


def show_head(view: CaseView, me: Actor) -> None:
    """Draw who it is about and the buttons this person may use."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key="wc_head"):
        with st.container(horizontal=True, vertical_alignment="center", width="content", gap="small"):
            st.button(_("Queues"), key="back", icon=":material/arrow_back:", type="tertiary", on_click=_leave)
            safe.draw(_who(view), width="content")
        if may(me, Permission.WORK_CASES):
            with st.container(horizontal=True, width="content", gap="xsmall", key="wc_actions"):
                _buttons(view.case, me)


def leave_if_asked(me: Actor) -> None:
    """Go back to the queue, with the filters it had, when the button for it was clicked."""
    if st.session_state.pop(_LEAVING, False):
        gone_from(st.query_params.get("case", ""), me)
        st.switch_page(chrome.QUEUE, query_params=st.session_state.get("queue_address", {}))


def gone_from(case: str, me: Actor) -> None:
    """Tell colleagues that this person no longer has the case (its number, as the address has it) open."""
    if case.isascii() and case.isdigit() and len(case) < 16:
        change(PLACE, lambda session, by, moment: presence.leave(session, int(case), by=me))


def _leave() -> None:
    st.session_state[_LEAVING] = True
    draw_everything_next()


def undo_last(case_id: int) -> None:
    """Take back this person's last step on the case, as a widget's callback."""

    def undo(session: Session, by: Actor, moment: datetime) -> None:
        step = undoing.undo(session, case_id, by=by, now=moment, version=seen_version(case_id))
        say(PLACE, "good", _("Undone: {step}.").format(step=words.word(words.EVENTS, step.kind)))

    act(PLACE, undo)


def _who(view: CaseView) -> safe.Html:
    case = view.case
    who = case.customer_name or case.customer_handle or _("Somebody")
    handle = f"@{case.customer_handle}" if case.customer_handle and case.customer_name else ""
    network = words.word(words.CHANNELS, case.channel)
    return safe.el(
        "div",
        safe.el("span", network[:1].replace("F", "f"), cls=f"wc-net wc-net-{case.channel}", title=network),
        safe.el("h1", safe.name(who)),
        safe.el("span", safe.name(handle), cls="wc-soft wc-handle"),
        safe.el("span", words.own_name(case.language), cls="wc-chip wc-lang", lang=case.language),
        cls="wc-head",
    )


def standing(view: CaseView, me: Actor, tags: tuple[str, ...], solution: Clock | None = None) -> safe.Html:
    """How the case stands: its clocks, state, queue, who has it, and its tags."""
    case = view.case
    return safe.el(
        "div",
        _clock(case),
        _solution(solution),
        safe.el("span", words.word(words.STATES, case.state), cls="wc-chip wc-chip-blue"),
        safe.el("span", queue_name(case.queue), cls="wc-chip"),
        safe.el("span", _with_whom(case, me), cls="wc-soft"),
        *(safe.el("span", "#", safe.line(tag, limit=tagging.MAX_TAG), cls="wc-tag") for tag in tags),
        cls="wc-head wc-standing",
    )


def _clock(case: CaseDetail) -> safe.Html:
    if case.state not in ACTIVE_STATES or case.waiting_since is None:
        return safe.Html("")
    moment, start = now(), case.waiting_since
    used = (moment - start) / max(case.respond_by - start, timedelta(seconds=1))
    if used >= 1:
        return safe.el(
            "span", _("{time} late").format(time=words.duration(moment - case.respond_by)), cls="wc-chip wc-chip-red"
        )
    look = "orange" if used >= 0.8 else "green"
    left = _("{time} left to answer").format(time=words.duration(case.respond_by - moment))
    return safe.el("span", left, cls=f"wc-chip wc-chip-{look}")


def _solution(clock: Clock | None) -> safe.Html:
    """An answer is not the solution, which has a time of its own."""
    if clock is None or clock.deadline is None:
        return safe.Html("")
    moment = now()
    if clock.is_late(moment):
        told = _("solution {time} late").format(time=words.duration(moment - clock.deadline))
        return safe.el("span", told, cls="wc-chip wc-chip-red")
    told = _("{time} left to solve").format(time=words.duration(clock.deadline - moment))
    return safe.el("span", told, cls="wc-chip wc-chip-orange" if clock.is_near(moment) else "wc-chip")


def _with_whom(case: CaseDetail, me: Actor) -> safe.Html:
    if case.assignee_id is None:
        return safe.text(_("nobody has it"))
    if case.assignee_id == me.id:
        return safe.text(_("you have it"))
    return safe.filled(_("with {name}"), name=safe.name(case.assignee_name))


def _buttons(case: CaseDetail, me: Actor) -> None:
    active = case.state in ACTIVE_STATES
    if active and case.assignee_id is None:
        _button(_("Take this case"), "claim", case, _claim(case.id), primary=True)
    if not active:
        closed = case.state == CaseState.RESOLVED
        _button(_("Reopen"), "reopen", case, _reopen(case.id), primary=closed)
    if case.state != CaseState.RESOLVED:
        _assign(case, me)
        if may(me, Permission.HAND_OVER):
            handover_panel.menu(case, me)
        _resolve(case)
    _more(case, me)


def _more(case: CaseDetail, me: Actor) -> None:
    with menus.menu(_("More"), key=f"more_menu_{case.id}") as is_made:
        if not is_made:
            return
        if case.state != CaseState.RESOLVED:
            _snooze(case)
        _tags(case)
        with desk().store.read() as session:
            step = undoing.last_step(session, case.id, by=me, now=now())
        what = words.word(words.EVENTS, step.kind) if step else ""
        st.button(
            _("Undo: {step}").format(step=safe.label(what)) if step else _("Nothing to undo"),
            key=f"undo_step_{case.id}",
            icon=":material/undo:",
            disabled=step is None,
            on_click=undo_last,
            args=(case.id,),
        )


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
    with menus.menu(_("Assign"), key=f"assign_menu_{case.id}") as is_made:
        if not is_made:
            return
        names = {_NOBODY: _("Nobody: back to the queue")} | {
            id_: _plain(name, id_ == me.id) for id_, name in lists_of().colleagues
        }
        key = f"assign_to_{case.id}"
        st.selectbox(_("Give this case to"), list(names), format_func=names.__getitem__, key=key)

        def give(session: Session, by: Actor, moment: datetime) -> None:
            to = st.session_state[key] or None
            cases.assign(session, case.id, to=to, by=by, now=moment, version=seen_version(case.id))

        _button(_("Give it"), "assign", case, give)


def _plain(name: str, is_me: bool) -> str:
    return _("{name} (you)").format(name=safe.label(name)) if is_me else safe.label(name)


def _snooze(case: CaseDetail) -> None:
    key = f"snooze_until_{case.id}"
    st.selectbox(_("Back in the queue"), list(_UNTIL), format_func=_, key=key)

    def put_aside(session: Session, by: Actor, moment: datetime) -> None:
        until = _until(st.session_state[key], moment)
        cases.snooze(session, case.id, until=until, by=by, now=moment, version=seen_version(case.id))

    _button(_("Put aside"), "snooze", case, put_aside)


def _tags(case: CaseDetail) -> None:
    with desk().store.read() as session:
        has = tagging.tags_of(session, [case.id]).get(case.id, ())
    key = f"tags_{case.id}_{'_'.join(has)}"

    def put(session: Session, by: Actor, moment: datetime) -> None:
        wanted = st.session_state[key]
        added, removed = [one for one in wanted if one not in has], [one for one in has if one not in wanted]
        tagging.tag_case(session, case.id, add=added, remove=removed, by=by, now=moment)

    st.multiselect(
        _("Tags"),
        sorted({*has, *lists_of().tags}),
        default=list(has),
        key=key,
        accept_new_options=True,
        max_selections=tagging.MAX_TAGS,
        placeholder=_("Choose one or type a new one"),
        on_change=act,
        args=(PLACE, put),
    )


#: Hours from now, or days from now at nine in the desk's zone.
_UNTIL: Mapping[str, tuple[str, int]] = {
    N_("In an hour"): ("hours", 1),
    N_("In four hours"): ("hours", 4),
    N_("Tomorrow at 9:00"): ("days", 1),
    N_("In two days at 9:00"): ("days", 2),
    N_("In a week at 9:00"): ("days", 7),
}


def _until(choice: str, moment: datetime) -> datetime:
    unit, count = _UNTIL[choice]
    if unit == "hours":
        return moment + timedelta(hours=count)
    day = moment.astimezone(zone()).date() + timedelta(days=count)
    return datetime.combine(day, time(9), tzinfo=zone()).astimezone(moment.tzinfo)


def _resolve(case: CaseDetail) -> None:
    with menus.menu(_("Resolve"), key=f"resolve_menu_{case.id}") as is_made:
        if not is_made:
            return
        answered = Resolution.ANSWERED if case.first_response_at else Resolution.NO_REPLY_NEEDED
        choices = [resolution.value for resolution in Resolution]
        key = f"resolution_{case.id}"
        st.selectbox(
            _("Why is this done?"),
            choices,
            index=choices.index(answered.value),
            format_func=lambda code: words.word(words.RESOLUTIONS, code),
            key=key,
        )

        def close(session: Session, by: Actor, moment: datetime) -> None:
            reason, version = Resolution(st.session_state[key]), seen_version(case.id)
            cases.resolve(session, case.id, resolution=reason, by=by, now=moment, version=version)

        _button(_("Resolve this case"), "resolve", case, close)
