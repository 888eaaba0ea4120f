"""Tab of quality: notes between oneself and one colleague, and what came of them. Nobody else's are ever asked for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from itertools import groupby

import streamlit as st
from sqlmodel import Session

from webcare.console import safe, waiting, words
from webcare.console.acting import act, change
from webcare.console.desk import desk, now
from webcare.console.quality_parts import PLACE, number
from webcare.console.tongue import _
from webcare.console.trouble import say
from webcare.domain import Actor
from webcare.people import Permission, colleagues, may
from webcare.quality import coaching, scorecards
from webcare.quality.coaching import CoachingNote, Improvement
from webcare.quality.reviewing import Review

#: Conversations with a box to answer in, the newest.
_ANSWERABLE = 8


def show(me: Actor) -> None:
    """Draw one's notes, and for reviewers the form for a new one."""
    with desk().store.read() as session:
        notes = coaching.my_notes(session, by=me)
        texts = {one.key: one.text for one in scorecards.current(session).questions}
        came = {
            one.id: coaching.improvement(session, one.id, by=me, now=now())
            for one in notes
            if one.answers_id is None and may_change(one)
        }
    if may(me, Permission.REVIEW_REPLIES):
        _new(me)
    if not notes:
        told = _("No notes yet.")
        safe.draw(safe.nothing_here(told))
        return
    for place, (_first, some) in enumerate(groupby(notes, key=lambda one: one.answers_id or one.id)):
        _conversation(list(some), texts, came, me, answerable=place < _ANSWERABLE)
    if any(one.read_at is None and one.agent_id == me.id for one in notes):
        change(PLACE, lambda session, by, moment: coaching.read_coaching_notes(session, by=by, now=moment))
        waiting.forget_counts()


def may_change(one: CoachingNote) -> bool:
    """Whether so much time has passed that something may have come of a note: a day."""
    return (now() - one.created_at).days >= 1


def write_about(review: Review) -> None:
    """The form for a note to the writer of a reply that is being reviewed."""
    item = review.item
    with st.expander(
        _("Coaching note to {name}").format(name=safe.label(item.author)), key=f"coach_{item.id}", on_change="rerun"
    ) as box:
        if box.open:
            safe.draw(safe.el("p", _("Only the two of you can ever read it."), cls="wc-soft"))
            texts = {one.key: one.text for one in review.card.questions}
            _form(f"coach_{item.id}", texts, lambda: item.agent_id, item.delivery_id)


def _new(me: Actor) -> None:
    with st.expander(_("A new note"), key="coach_new", on_change="rerun") as box:
        if not box.open:
            return
        with desk().store.read() as session:
            people = {one.id: one.name for one in colleagues(session) if one.id != me.id}
            texts = {one.key: one.text for one in scorecards.current(session).questions}
        st.selectbox(_("To"), list(people), format_func=lambda id_: safe.label(people[id_]), key="coach_to", width=320)
        _form("coach_new_note", texts, lambda: st.session_state["coach_to"], None)


def _form(key: str, texts: dict[str, str], to: Callable[[], int], delivery: int | None) -> None:
    st.selectbox(
        _("About"), ["", *texts], key=f"{key}_about",
        format_func=lambda one: safe.label(_(texts[one]), limit=120) if one else _("All of it"),
        help=_("What scores are compared on before and after."),
    )  # fmt: skip
    st.text_area(_("Your note"), key=f"{key}_text", height=90, max_chars=4000)
    st.button(_("Send the note"), key=f"{key}_send", on_click=_send, args=(key, to, delivery))


def _send(key: str, to: Callable[[], int], delivery: int | None) -> None:
    text, about = st.session_state.get(f"{key}_text", ""), st.session_state.get(f"{key}_about", "")

    def send(session: Session, me: Actor, moment: datetime) -> None:
        coaching.write_coaching_note(session, to(), text, delivery_id=delivery, question=about, by=me, now=moment)

    if change(PLACE, send):
        st.session_state[f"{key}_text"] = ""
        say(PLACE, "good", _("Sent. Only the two of you can read it, under Quality, Coaching."))


def _conversation(
    notes: list[CoachingNote], texts: dict[str, str], came: dict[int, Improvement], me: Actor, *, answerable: bool
) -> None:
    first = notes[0]
    lines = [_note(one, me) for one in notes]
    other = first.agent if first.author_id == me.id else first.author
    head = [safe.el("h2", safe.filled(_("You and {name}"), name=safe.name(other)))]
    if first.question in texts:
        head.append(safe.el("span", _(texts[first.question]), cls="wc-chip"))
    if first.case_id is not None:
        head.append(safe.el("a", _("Open the case"), href=f"/case?case={first.case_id}", target="_self"))
    with st.container(key=f"wc_coaching_{first.id}", gap="xsmall"):
        safe.draw(safe.el("div", *head, cls="wc-head"), *lines)
        if first.id in came:
            safe.draw(_came(came[first.id]))
        if answerable:
            with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
                key = f"coach_answer_{first.id}"
                st.text_input(_("Answer"), key=key, max_chars=4000, label_visibility="collapsed",
                              placeholder=_("Your answer"))  # fmt: skip
                st.button(_("Answer"), key=f"{key}_send", on_click=_answer, args=(first.id, key))


def _answer(note_id: int, key: str) -> None:
    def answer(session: Session, me: Actor, moment: datetime) -> None:
        coaching.answer_coaching_note(session, note_id, st.session_state.get(key, ""), by=me, now=moment)
        st.session_state[key] = ""

    act(PLACE, answer)


def _note(one: CoachingNote, me: Actor) -> safe.Html:
    moment = now()
    who = _("you") if one.author_id == me.id else one.author
    parts = [safe.el("strong", safe.name(who)), safe.el("span", words.clock_time(one.created_at, now=moment))]
    if one.author_id == me.id:
        parts.append(safe.el("span", _("read") if one.read_at else _("not read yet")))
    elif one.read_at is None:
        parts.append(safe.el("span", _("new"), cls="wc-chip wc-chip-blue"))
    return safe.el("div", safe.el("header", *parts), safe.said(one.text), cls="wc-coach")


def _came(found: Improvement) -> safe.Html:
    told = safe.filled(
        _("Scores in the 90 days before: {before} over {n}. Since: {after} over {m}."),
        before=number(found.before.mean), n=str(found.before.n), after=number(found.after.mean), m=str(found.after.n),
    )  # fmt: skip
    if found.difference is None or found.low is None or found.high is None:
        why = _("Too few replies on one side to say what came of it.")
    elif found.low <= 0 <= found.high:
        why = _("Difference {difference} ({low} to {high}): it may be chance.")
    else:
        why = _("Difference {difference} ({low} to {high}): more than chance explains.")
    if found.difference is not None:
        why = why.format(difference=f"{found.difference:+.0f}", low=f"{found.low:+.0f}", high=f"{found.high:+.0f}")
    return safe.el("p", told, " ", why, cls="wc-soft")
