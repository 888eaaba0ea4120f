"""The yellow composer: internal notes. It has no way to send anything, and imports nothing that has."""

from __future__ import annotations

from datetime import datetime

import streamlit as st
from sqlmodel import Session

from webcare import cases
from webcare.console import chrome, safe, words
from webcare.console.acting import change, draw_everything_if_asked, draw_everything_next
from webcare.console.desk import desk, now
from webcare.console.trouble import show_news
from webcare.domain import Actor
from webcare.people import Permission, may
from webcare.store.queries import CaseView, NoteView

PLACE = "notes"


def key_of(case_id: int) -> str:
    """The key of the text box, by which the browser finds it too."""
    return f"note_{case_id}"


def show(view: CaseView, me: Actor) -> None:
    """Draw the notes and, for those who work cases, the box to write one."""
    with st.container(key="wc_notes", gap="xsmall"):
        safe.draw(
            safe.el(
                "div", safe.el("span", "Internal notes"), safe.el("small", "never leave this desk"), cls="wc-title"
            ),
            safe.el("div", *_list(view.notes), cls="wc-notelist"),
        )
        show_news(PLACE)
        if may(me, Permission.WORK_CASES):
            _start_with_draft(view.case.id, me)
            st.fragment(_compose)(view.case.id)


def _compose(case_id: int) -> None:
    draw_everything_if_asked()
    chrome.me_or_stop()
    st.text_area(
        "Internal note",
        key=key_of(case_id),
        height=80,
        label_visibility="collapsed",
        placeholder="Write an internal note for colleagues …",
        on_change=_keep_draft,
        args=(case_id,),
    )
    show_news(f"{PLACE}_typing")
    st.button("Save internal note", key=f"save_note_{case_id}", on_click=_save, args=(case_id,))


def _list(notes: tuple[NoteView, ...]) -> list[safe.Html]:
    if not notes:
        return [safe.el("div", "No notes yet.", cls="wc-note")]
    moment = now()
    return [
        safe.el(
            "div",
            safe.el(
                "header", safe.el("strong", safe.name(note.agent_name)), words.clock_time(note.created_at, now=moment)
            ),
            safe.said(note.text),
            cls="wc-note",
        )
        for note in reversed(notes)
    ]


def _keep_draft(case_id: int) -> None:
    text: str = st.session_state.get(key_of(case_id), "")

    def keep(session: Session, me: Actor, moment: datetime) -> None:
        cases.save_draft(session, case_id, kind="note", text=text, by=me, now=moment)

    change(f"{PLACE}_typing", keep)


def _save(case_id: int) -> None:
    text: str = st.session_state.get(key_of(case_id), "")
    if change(PLACE, lambda session, me, moment: cases.add_note(session, case_id, text=text, by=me, now=moment)):
        st.session_state[key_of(case_id)] = ""
    draw_everything_next()


def _start_with_draft(case_id: int, me: Actor) -> None:
    if key_of(case_id) not in st.session_state:
        with desk().store.read() as session:
            st.session_state[key_of(case_id)] = cases.draft_of(session, case_id, kind="note", by=me)
