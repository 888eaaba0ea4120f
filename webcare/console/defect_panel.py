"""On a case: the defects its customer met, and the form to register or link one, or to pass on a wish or praise."""

from __future__ import annotations

from datetime import datetime

import streamlit as st
from sqlmodel import Session

from webcare.console import safe, words
from webcare.console.acting import act
from webcare.console.defects_page import KINDS, department_text, department_word, known_departments, status_chip
from webcare.console.desk import desk
from webcare.console.tongue import N_, _, counted
from webcare.console.trouble import say, show_news
from webcare.domain import Actor
from webcare.people import Permission, may
from webcare.quality import defects, feedback
from webcare.quality.defects import Defect
from webcare.quality.feedback import Feedback, FeedbackKind
from webcare.store.queries import CaseView

PLACE = "learning"
_WHAT = {"defect": N_("Defect"), **KINDS}
_NEW = 0


def show(view: CaseView, me: Actor) -> None:
    """Draw what the case is linked to; the form is made only when somebody opens it."""
    case_id = view.case.id
    with desk().store.read() as session:
        linked = defects.defects_of(session, case_id, by=me)
        passed = feedback.feedback(session, case_id=case_id, by=me)
    show_news(PLACE)
    if linked or passed:
        safe.draw(safe.el("div", *map(_defect, linked), *map(_feedback, passed), cls="wc-learned"))
    if not may(me, Permission.WORK_CASES):
        return
    with st.expander(_("Defect, wish or praise"), key=f"learning_{case_id}", on_change="rerun") as box:
        if box.open:
            _form(case_id, linked, me)


def _defect(one: Defect) -> safe.Html:
    hits = counted("{count} customer", "{count} customers", one.customers)
    parts = [status_chip(one.status), " ", safe.el("strong", safe.line(one.title)), " ", hits]
    if one.mended_at is not None:
        parts.append(safe.el("div", _("It is mended: tell the customer, if nobody did."), cls="wc-waits"))
    return safe.el("div", *parts)


def _feedback(one: Feedback) -> safe.Html:
    chip = safe.el("span", words.word(KINDS, one.kind), cls="wc-chip")
    whose = safe.filled(_("for {department}"), department=department_text(one.department))
    outcome = safe.said(one.outcome) if one.outcome else safe.el("span", _("waits for the department"), cls="wc-soft")
    words_said = safe.el("q", safe.line(one.text, limit=160))
    return safe.el("div", chip, " ", whose, " ", words_said, " ", outcome)


def _form(case_id: int, linked: tuple[Defect, ...], me: Actor) -> None:
    what = st.segmented_control(
        _("What is it"), list(_WHAT), format_func=lambda key: _(_WHAT[key]), default="defect", required=True,
        key=f"learning_what_{case_id}", label_visibility="collapsed",
    )  # fmt: skip
    if what == "defect":
        _defect_form(case_id, linked, me)
    else:
        _feedback_form(case_id, FeedbackKind(what or FeedbackKind.WISH))


def _defect_form(case_id: int, linked: tuple[Defect, ...], me: Actor) -> None:
    with desk().store.read() as session:
        living = defects.defects(session, living=True, by=me)
    known = {one.id for one in linked}
    others = {one.id: one for one in living if one.id not in known}
    chosen = st.selectbox(
        _("Which defect"), [_NEW, *others], key=f"learning_which_{case_id}_{len(linked)}",
        format_func=lambda id_: safe.label(others[id_].title, limit=80) if id_ else _("A new one"),
    )  # fmt: skip
    if chosen:
        st.button(
            _("Link this case to it"), key=f"learning_link_{case_id}", type="primary", on_click=_link,
            args=(case_id, chosen),
        )  # fmt: skip
    else:
        _new_form(case_id)
    if linked:
        with st.container(horizontal=True, gap="xsmall"):
            for one in linked:
                st.button(
                    _("Unlink {title}").format(title=safe.label(one.title)), type="tertiary",
                    key=f"learning_unlink_{case_id}_{one.id}", on_click=_unlink, args=(case_id, one.id),
                )  # fmt: skip


def _new_form(case_id: int) -> None:
    st.text_input(
        _("What is it called"), key=f"learning_title_{case_id}", max_chars=defects.MAX_TITLE,
        placeholder=_("e.g. the app logs customers out"),
    )  # fmt: skip
    st.text_area(_("What goes wrong"), key=f"learning_about_{case_id}", height=68, max_chars=4000)
    _department(case_id, ["", *known_departments()])
    st.button(
        _("Register the defect"), key=f"learning_register_{case_id}", type="primary", on_click=_register,
        args=(case_id,),
    )  # fmt: skip


def _feedback_form(case_id: int, kind: FeedbackKind) -> None:
    st.text_area(_("What the department should hear"), key=f"learning_text_{case_id}", height=68, max_chars=4000)
    _department(case_id, list(known_departments()))
    st.button(_("Pass it on"), key=f"learning_pass_{case_id}", type="primary", on_click=_pass_on, args=(case_id, kind))


def _department(case_id: int, choices: list[str]) -> None:
    st.selectbox(_("Department"), choices, format_func=department_word, key=f"learning_department_{case_id}")


def _register(case_id: int) -> None:
    known, state = known_departments(), st.session_state

    def register(session: Session, me: Actor, moment: datetime) -> None:
        defects.register_defect(
            session, case_id, state.get(f"learning_title_{case_id}", ""), state.get(f"learning_about_{case_id}", ""),
            department=state.get(f"learning_department_{case_id}", ""), known=known, by=me, now=moment,
        )  # fmt: skip
        say(PLACE, "good", _("Registered; further cases can be linked to it."))

    act(PLACE, register)


def _link(case_id: int, defect_id: int) -> None:
    def link(session: Session, me: Actor, moment: datetime) -> None:
        defects.link_case(session, case_id, defect_id, by=me, now=moment)

    act(PLACE, link)


def _unlink(case_id: int, defect_id: int) -> None:
    def unlink(session: Session, me: Actor, moment: datetime) -> None:
        defects.unlink_case(session, case_id, defect_id, by=me, now=moment)

    act(PLACE, unlink)


def _pass_on(case_id: int, kind: FeedbackKind) -> None:
    known, state = known_departments(), st.session_state

    def pass_on(session: Session, me: Actor, moment: datetime) -> None:
        feedback.pass_on(
            session, case_id, kind, state.get(f"learning_text_{case_id}", ""),
            department=state.get(f"learning_department_{case_id}", ""), known=known, by=me, now=moment,
        )  # fmt: skip
        state[f"learning_text_{case_id}"] = ""
        say(PLACE, "good", _("Passed on; what comes of it will be told here."))

    act(PLACE, pass_on)
