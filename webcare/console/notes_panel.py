"""The yellow composer: internal notes. It has no way to send anything, and imports nothing that has.

A note has two parts: what stays inside, and what the customer may be told, with a source and a last day. Marked
sentences are shown green once they count.
"""

from __future__ import annotations

from datetime import datetime

import streamlit as st
from sqlmodel import Session

from webcare import cases
from webcare.cases.facts import note_sentences
from webcare.cases.notes import Shareable
from webcare.console import chrome, fact_form, menus, reply_drafts, safe, words
from webcare.console.acting import Verb, act, change, draw_everything_if_asked, draw_everything_next
from webcare.console.desk import now
from webcare.console.reply_drafts import Box
from webcare.console.tongue import _
from webcare.console.trouble import show_news
from webcare.domain import Actor, Role
from webcare.people import Permission, may
from webcare.store.queries import CaseView, FactView, NoteView

PLACE = "notes"
#: Notes whose sentences can be marked from here, the newest ones; every menu costs the page time.
_MARKABLE = 12


def key_of(case_id: int) -> str:
    """The key of the text box, by which the browser finds it too."""
    return Box(case_id, "note").key


def show(view: CaseView, me: Actor) -> None:
    """Draw the notes and, for those who work cases, the box to write one."""
    with st.container(key="wc_notes", gap="xsmall"):
        safe.draw(
            safe.el(
                "div",
                safe.el("span", _("Internal notes")),
                safe.el("small", _("never leave this desk")),
                cls="wc-title",
            )
        )
        with st.container(gap="xsmall"):
            _list(view, me)
            show_news(PLACE)
        if may(me, Permission.WORK_CASES):
            reply_drafts.start(Box(view.case.id, "note"), me)
            st.fragment(_compose)(view.case.id)


def _compose(case_id: int) -> None:
    draw_everything_if_asked()
    me, box = chrome.me_or_stop(), Box(case_id, "note")
    st.text_area(
        _("Internal note"),
        key=box.key,
        height=80,
        label_visibility="collapsed",
        placeholder=_("Write an internal note for colleagues …"),
        on_change=reply_drafts.keep,
        args=(box,),
    )
    with menus.folded(_("Add what the customer may be told"), key=f"share_part_{case_id}") as is_made:
        if is_made:
            st.text_area(_("Part of this note that the customer may be told"), key=f"share_text_{case_id}", height=68)
            fact_form.draw(f"{case_id}")
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.button(_("Save internal note"), key=f"save_note_{case_id}", on_click=_save, args=(case_id,))
        reply_drafts.listen(box, me)
    show_news(box.place)
    reply_drafts.show_versions(box, me)


def _list(view: CaseView, me: Actor) -> None:
    if not view.notes:
        safe.draw(safe.el("div", safe.el("div", _("No notes yet."), cls="wc-note"), cls="wc-notelist"))
    with st.container(key="wc_notelist", gap=None):
        for place, note in enumerate(reversed(view.notes)):
            facts = [fact for fact in view.facts if fact.note_id == note.id and not fact.withdrawn]
            safe.draw(_note(note, facts))
            if may(me, Permission.WORK_CASES):
                _waiting(facts, me)
                if place < _MARKABLE:
                    _marking(note, facts, needs_second=me.role is Role.FIRST_LINE)


def _note(note: NoteView, facts: list[FactView]) -> safe.Html:
    moment = now()
    when = words.clock_time(note.created_at, now=moment)
    header = safe.el("header", safe.el("strong", safe.name(note.agent_name)), when)
    spans = [span for fact in facts if fact.counts(moment) for span in _places(note.text, fact.text)]
    return safe.el("div", header, safe.marked(note.text, spans), *map(_fact, facts), cls="wc-note")


def _places(text: str, sentence: str) -> list[tuple[int, int, str]]:
    start = text.find(sentence)
    return [(start, start + len(sentence), "wc-shareable")] if start >= 0 else []


def _fact(fact: FactView) -> safe.Html:
    moment = now()
    until = _("until {time}").format(time=words.clock_time(fact.valid_until, now=moment)) if fact.valid_until else ""
    waits = _("Waits for a colleague to agree") if fact.waits else _("No longer to be told")
    state = " ".join(filter(None, (_("May be told") if fact.counts(moment) else waits, until)))
    marked, seconded = safe.name(fact.marked_name), safe.name(fact.seconded_name) if fact.seconded_name else ""
    by = (
        safe.filled(_("marked by {first} and {second}"), first=marked, second=seconded)
        if seconded
        else safe.filled(_("marked by {first}"), first=marked)
    )
    source = f" ({safe.line(fact.source, limit=80)})" if fact.source else ""
    look = "wc-fact" if fact.counts(moment) else "wc-fact wc-waits"
    return safe.el("footer", f"{state}: “{safe.line(fact.text, limit=90)}”{source}", ", ", by, cls=look)


def _waiting(facts: list[FactView], me: Actor) -> None:
    for fact in facts:
        with st.container(horizontal=True, gap="xsmall"):
            if fact.waits and fact.marked_by != me.id:
                st.button(
                    _("The customer may know this"), key=f"second_{fact.id}", icon=":material/done_all:",
                    on_click=act, args=(PLACE, _second(fact.id)),
                )  # fmt: skip
            st.button(_("Keep inside after all"), key=f"withdraw_{fact.id}", type="tertiary", on_click=act,
                      args=(PLACE, _withdraw(fact.id)))  # fmt: skip


def _second(fact_id: int) -> Verb:
    return lambda session, me, moment: cases.second_fact(session, fact_id, by=me, now=moment)


def _withdraw(fact_id: int) -> Verb:
    return lambda session, me, moment: cases.withdraw_fact(session, fact_id, by=me, now=moment)


def _marking(note: NoteView, facts: list[FactView], *, needs_second: bool) -> None:
    marked = {fact.text for fact in facts}
    sentences = [one for one in note_sentences(note.text) if one not in marked]
    if not sentences:
        return
    # A mark makes another menu of it, which is closed.
    with menus.menu(_("Let the customer know …"), key=f"mark_menu_{note.id}_{len(facts)}", type="tertiary") as is_made:
        if not is_made:
            return
        name = f"n{note.id}"
        key = f"mark_{note.id}"
        st.selectbox(_("Sentence the customer may be told"), sentences, format_func=safe.line, key=key)
        fact_form.draw(name)

        def mark(session: Session, by: Actor, moment: datetime) -> None:
            cases.mark_shareable(session, note.id, st.session_state[key], by=by, now=moment, **fact_form.answers(name))

        if needs_second:
            st.text(_("A colleague has to agree before it counts."))
        st.button(_("Mark as shareable"), key=f"share_{note.id}", on_click=act, args=(PLACE, mark))


def _save(case_id: int) -> None:
    box = Box(case_id, "note")
    text = reply_drafts.text_in(box)
    part: str = st.session_state.get(f"share_text_{case_id}", "")
    shareable = Shareable(part, **fact_form.answers(f"{case_id}")) if part.strip() else None

    def save(session: Session, me: Actor, moment: datetime) -> None:
        cases.add_note(session, case_id, text=text, by=me, now=moment, shareable=shareable)

    if change(PLACE, save):
        reply_drafts.empty(box)
        st.session_state[f"share_text_{case_id}"] = ""
        fact_form.forget(f"{case_id}")
    draw_everything_next()
