"""Defects, and what customers wish or praise: how many it hits, whose it is, what becomes of it, who is to be told."""

from __future__ import annotations

from datetime import datetime

import streamlit as st
from sqlmodel import Session

from webcare.console import safe, second_line, words
from webcare.console.acting import act, change, everything_is_drawn
from webcare.console.chrome import me_or_stop
from webcare.console.desk import desk, now
from webcare.console.desk_parts import history
from webcare.console.own_queues import queue_name
from webcare.console.tongue import N_, _, counted
from webcare.console.trouble import say, show_news
from webcare.domain import Actor
from webcare.people import Permission, may, require
from webcare.quality import defects, departments, feedback
from webcare.quality.defects import Defect, DefectStatus, LinkedCase
from webcare.quality.feedback import Feedback, FeedbackKind

PLACE = "defects"
_CHOSEN, _WHAT = "defect_chosen", "defects_tab"
#: Defects to choose from at once.
_LISTED = 60
STATUSES = {
    DefectStatus.OPEN.value: N_("Open"),
    DefectStatus.ACCEPTED.value: N_("Accepted"),
    DefectStatus.BEING_MENDED.value: N_("Being mended"),
    DefectStatus.MENDED.value: N_("Mended"),
    DefectStatus.WILL_STAY.value: N_("Will stay"),
}
_LOOKS = {"open": "orange", "accepted": "blue", "being_mended": "blue", "mended": "green", "will_stay": ""}
KINDS = {FeedbackKind.WISH.value: N_("Wish"), FeedbackKind.PRAISE.value: N_("Praise")}
_TABS = {
    "defects": N_("Open defects"),
    "all": N_("All defects"),
    "feedback": N_("Wishes and praise"),
    "departments": N_("Departments"),
}


def show() -> None:
    """Draw the tab that was chosen."""
    me = me_or_stop()
    require(me, Permission.SEE_CASES)
    everything_is_drawn()
    tabs = [tab for tab in _TABS if tab != "departments" or may(me, Permission.EDIT_POLICIES)]
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        safe.draw(safe.el("h1", _("Defects"), cls="wc-page"), width="content")
        tab = st.segmented_control(
            _("What to look at"), tabs, format_func=lambda key: _(_TABS[key]), default="defects", required=True,
            key=_WHAT, label_visibility="collapsed",
        )  # fmt: skip
    show_news(PLACE)
    if tab == "feedback":
        _feedback(me)
    elif tab == "departments":
        _departments()
    else:
        _defects(me, living=tab != "all")


def department_text(department: str) -> str:
    """A department in words."""
    kind, _colon, name = department.partition(":")
    if not department:
        return _("nobody's yet")
    if kind == "own":
        return safe.line(name, limit=60)
    return queue_name(name) if kind == "queue" else second_line.skill_text(department)


def department_word(department: str) -> str:
    """A department in words, fit for a widget's label."""
    return safe.label(department_text(department).replace(": ", " · "), limit=60)


def known_departments() -> tuple[str, ...]:
    """Every department there is now."""
    with desk().store.read() as session:
        return departments.departments(session, desk().settings.routing.stores, at=now())


def status_chip(status: str) -> safe.Html:
    """How a defect stands."""
    look = _LOOKS.get(status, "")
    return safe.el("span", words.word(STATUSES, status), cls=f"wc-chip wc-chip-{look}" if look else "wc-chip")


# --- defects ------------------------------------------------------------------------------------------------


def _defects(me: Actor, *, living: bool) -> None:
    with desk().store.read() as session:
        found = defects.defects(session, living=living, by=me)[:_LISTED]
    if not found:
        told = _("No defect is open.") if living else _("No defect was ever registered.")
        why = _("What goes wrong for customers again and again is registered on their case and counted here.")
        safe.draw(safe.nothing_here(told, why))
        return
    left, right = st.columns([1, 2.1], gap="medium")
    with left:
        chosen = _choose(found)
    with right:
        _one(next(one for one in found if one.id == chosen), me)


def _choose(found: tuple[Defect, ...]) -> int:
    ids = [one.id for one in found]
    if st.session_state.get(_CHOSEN) not in ids:
        st.session_state[_CHOSEN] = ids[0]
    lines = {one.id: safe.label(one.title, limit=120) for one in found}
    with st.container(key="wc_approvals"):
        st.radio(
            _("Those that hit most customers first"), ids, format_func=lines.__getitem__, key=_CHOSEN,
            captions=[_caption(one) for one in found], width="stretch",
        )  # fmt: skip
    return int(st.session_state[_CHOSEN])


def _caption(one: Defect) -> str:
    parts = [counted("{count} customer", "{count} customers", one.customers), words.word(STATUSES, one.status)]
    parts += [department_word(one.department)] if one.department else []
    return " · ".join(parts)


def _one(found: Defect, me: Actor) -> None:
    with desk().store.read() as session:
        linked = defects.linked_cases(session, found.id, by=me)
    moment = now()
    by = safe.filled(
        _("registered by {name}, {time}"), name=safe.name(found.registered_by),
        time=words.clock_time(found.registered_at, now=moment),
    )  # fmt: skip
    safe.draw(
        safe.el("div", safe.el("h2", safe.line(found.title)), status_chip(found.status), cls="wc-head"),
        safe.el("p", department_text(found.department), " · ", by, cls="wc-soft"),
        *([safe.said(found.what)] if found.what else []),
        _tiles(found),
    )
    if may(me, Permission.SETTLE_DEFECTS):
        _settle(found)
    safe.draw(_cases(linked))


def _tiles(found: Defect) -> safe.Html:
    pairs = [(_("Customers hit"), found.customers, False), (_("Cases"), found.cases, False)]
    if found.mended_at is not None:
        pairs.append((_("Still to be told"), found.to_tell, found.to_tell > 0))
    made = [
        safe.el("div", safe.el("b", str(count)), safe.el("span", name), cls="wc-tile wc-late" if late else "wc-tile")
        for name, count, late in pairs
    ]
    return safe.el("div", *made, cls="wc-tiles")


def _settle(found: Defect) -> None:
    known = known_departments()
    choices = list(dict.fromkeys(["", found.department, *known]))
    status, owner = f"defect_status_{found.id}_{found.status}", f"defect_owner_{found.id}_{found.department}"
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.selectbox(
            _("How it stands"), list(STATUSES), index=list(STATUSES).index(found.status),
            format_func=lambda code: _(STATUSES[code]), key=status, width=200,
        )  # fmt: skip
        st.selectbox(
            _("Department"), choices, index=choices.index(found.department), format_func=department_word, key=owner,
            width=260,
        )  # fmt: skip
        st.button(
            _("Save"), key=f"defect_save_{found.id}", type="primary", on_click=_save, args=(found.id, status, owner)
        )


def _save(defect_id: int, status: str, owner: str) -> None:
    wanted, known, told = DefectStatus(st.session_state[status]), known_departments(), [0]

    def settle(session: Session, me: Actor, moment: datetime) -> None:
        told[0] = defects.settle_defect(
            session, defect_id, status=wanted, department=st.session_state[owner], known=known, by=me, now=moment
        )

    if change(PLACE, settle):
        said = _("Saved.")
        if told[0]:
            told_to = counted("{count} case was told", "{count} cases were told", told[0])
            said = f"{said} {told_to}; " + _("write to their customers and they leave the list.")
        say(PLACE, "good", said)


def _cases(linked: tuple[LinkedCase, ...]) -> safe.Html:
    moment = now()
    mended = any(one.told is not None for one in linked)
    names = [_("Customer"), _("State"), _("Linked"), *([_("Told that it is mended")] if mended else [])]
    rows = [
        safe.el(
            "tr",
            safe.el(
                "td",
                safe.el("a", safe.name(one.customer or "?"), href=f"/case?case={one.case_id}", target="_self"),
                safe.el("small", " ", words.word(words.CHANNELS, one.channel), cls="wc-soft"),
            ),
            safe.el("td", words.word(words.STATES, one.state)),
            safe.el("td", words.clock_time(one.linked_at, now=moment)),
            *([safe.el("td", _told(one))] if mended else []),
        )
        for one in linked
    ]
    head = safe.el("tr", *(safe.el("th", name) for name in names))
    caption = safe.el("caption", _("Cases"))
    return safe.el("table", caption, head, *rows, cls="wc-table")


def _told(one: LinkedCase) -> safe.Html:
    if one.told:
        return safe.el("span", _("We wrote since"), cls="wc-chip wc-chip-green")
    return safe.el("span", _("Not yet"), cls="wc-chip wc-chip-orange")


# --- wishes and praise --------------------------------------------------------------------------------------


def _feedback(me: Actor) -> None:
    with desk().store.read() as session:
        found = feedback.feedback(session, by=me)
    if not found:
        told = _("Nothing was passed on yet.")
        why = _("What customers wish or praise is passed on from their case; what came of it is said here.")
        safe.draw(safe.nothing_here(told, why))
        return
    waiting = [one for one in found if one.acknowledged_at is None]
    if waiting and may(me, Permission.SETTLE_DEFECTS):
        _acknowledge(waiting)
    safe.draw(feedback_table(found))


def _acknowledge(waiting: list[Feedback]) -> None:
    lines = {one.id: f"{words.word(KINDS, one.kind)} · {safe.label(one.text, limit=70)}" for one in waiting}
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.selectbox(
            _("Waits for an answer"), list(lines), format_func=lines.__getitem__, key="feedback_which", width=360
        )
        st.text_input(_("What came of it"), key="feedback_outcome", max_chars=1000)
        st.button(_("Acknowledge"), key="feedback_save", type="primary", on_click=act, args=(PLACE, _keep_outcome))


def _keep_outcome(session: Session, me: Actor, moment: datetime) -> None:
    state = st.session_state
    feedback.acknowledge(session, state["feedback_which"], state["feedback_outcome"], by=me, now=moment)
    state["feedback_outcome"] = ""
    state.pop("feedback_which", None)


def feedback_table(found: tuple[Feedback, ...]) -> safe.Html:
    """Wishes and praise with what came of them, as one table."""
    moment = now()
    names = (_("What"), _("For"), _("From"), _("Passed on"), _("What came of it"))
    rows = [
        safe.el(
            "tr",
            safe.el("td", _kind(one), safe.said(one.text)),
            safe.el("td", department_text(one.department)),
            safe.el(
                "td", safe.el("a", safe.name(one.customer or "?"), href=f"/case?case={one.case_id}", target="_self")
            ),
            safe.el("td", safe.name(one.passed_by), ", ", words.clock_time(one.passed_at, now=moment)),
            safe.el("td", _outcome(one, moment)),
        )
        for one in found
    ]
    head = safe.el("tr", *(safe.el("th", name) for name in names))
    return safe.el("table", head, *rows, cls="wc-table")


def _kind(one: Feedback) -> safe.Html:
    look = "green" if one.kind == FeedbackKind.PRAISE.value else "blue"
    return safe.el("span", words.word(KINDS, one.kind), cls=f"wc-chip wc-chip-{look}")


def _outcome(one: Feedback, moment: datetime) -> safe.Html:
    if one.acknowledged_at is None:
        return safe.el("span", _("waits for the department"), cls="wc-waits")
    who = safe.el(
        "small", safe.name(one.acknowledged_by), ", ", words.clock_time(one.acknowledged_at, now=moment), cls="wc-soft"
    )
    return safe.join((safe.said(one.outcome), who))


# --- departments --------------------------------------------------------------------------------------------


def _departments() -> None:
    with desk().store.read() as session:
        known = departments.departments(session, desk().settings.routing.stores, at=now())
    own = [one.removeprefix(departments.OWN) for one in known if one.startswith(departments.OWN)]
    others = [department_text(one) for one in known if not one.startswith(departments.OWN)]
    told = _("Queues, shops and skills of the desk are departments already: {names}.").format(names=", ".join(others))
    safe.draw(safe.el("p", told, cls="wc-soft"))
    st.text_area(
        _("Names of your own, one a line"), value="\n".join(own), key="departments_names", height=160, width=420
    )
    st.button(_("Save"), key="departments_save", type="primary", on_click=act, args=(PLACE, _keep_departments))
    history(departments.POLICY)


def _keep_departments(session: Session, me: Actor, moment: datetime) -> None:
    names = [line for line in st.session_state["departments_names"].splitlines() if line.strip()]
    departments.decide_departments(session, names, by=me, now=moment)
    say(PLACE, "good", _("Saved."))
