"""The blue composer: what stands in public once it is sent. Nothing written here is ever a note.

Send lets the guard read the text. What it holds cannot be sent, what it warns of must be ticked, and what it lets
pass waits a few seconds in which it can be taken back.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import streamlit as st
from sqlmodel import Session

from webcare import cases, guard
from webcare.channels import channel_class
from webcare.console import chrome, safe, verdict_panel, words
from webcare.console.acting import act, change, draw_everything_if_asked, draw_everything_next
from webcare.console.components import mount
from webcare.console.desk import desk, now
from webcare.console.news import seen_version
from webcare.console.trouble import attempt, say, show_news
from webcare.console.verdict_panel import Shown, Surface
from webcare.domain import (
    UNSETTLED_DELIVERIES,
    Actor,
    CaseState,
    DeliveryState,
    Finding,
    MentionKind,
    Role,
)
from webcare.errors import WebcareError
from webcare.people import Permission, may
from webcare.store.queries import CaseView, DeliveryView

PLACE = "reply"
_DOUBLE_CLICK_S = 2.0
#: A text shorter than this, in characters, is not looked at while somebody types.
_WORTH_A_LOOK = 12


@dataclass(frozen=True, slots=True)
class Composer:
    """What the composer of one case needs to draw itself again without the rest of the page."""

    case_id: int
    customer: str
    network: str
    channel: str
    private: bool
    notes: tuple[tuple[int, str], ...]
    marks: int
    waiting: tuple[tuple[int, str], ...]
    needs_second: bool

    @property
    def surface(self) -> Surface:
        """Where the guard's word is shown."""
        return Surface(self.case_id, PLACE, self.notes, _mend, self.marks, self.waiting, self.needs_second)


def key_of(case_id: int) -> str:
    """The key of the text box, by which the browser finds it too."""
    return f"reply_{case_id}"


def show(view: CaseView, me: Actor) -> None:
    """Draw the replies on their way, and the composer for those who may send."""
    for delivery in view.deliveries:
        if delivery.state in UNSETTLED_DELIVERIES:
            _on_its_way(view.case.id, delivery, me)
    show_news(PLACE)
    if not may(me, Permission.SEND_REPLY):
        if may(me, Permission.WORK_CASES):
            safe.draw(
                safe.el("p", "The first line writes the reply; tell them what you know in a note.", cls="wc-soft")
            )
        return
    if view.case.state == CaseState.RESOLVED:
        safe.draw(safe.el("p", "This case is resolved. Reopen it to write another reply.", cls="wc-soft"))
        return
    composer = Composer(
        view.case.id,
        _customer(view),
        words.word(words.CHANNELS, view.case.channel),
        view.case.channel,
        _private(view),
        tuple((note.id, note.text) for note in view.notes),
        len(view.facts),
        tuple((fact.note_id, fact.text) for fact in view.facts if fact.waits),
        me.role is Role.FIRST_LINE,
    )
    _start_with_draft(composer.case_id, me)
    with st.container(key="wc_reply", gap="xsmall"):
        st.fragment(_compose)(composer)


def _compose(composer: Composer) -> None:
    draw_everything_if_asked()
    chrome.me_or_stop()
    safe.draw(_title(composer))
    key = key_of(composer.case_id)
    st.text_area(
        "Reply that everybody can read" if not composer.private else "Private answer to the customer",
        key=key,
        height=128,
        label_visibility="collapsed",
        placeholder=f"Write the {'private answer' if composer.private else 'public reply'} to the customer …",
        on_change=_keep_draft,
        args=(composer.case_id,),
    )
    text: str = st.session_state.get(key, "")
    _guard_says(composer, text.strip())
    show_news(f"{PLACE}_typing")
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        safe.draw(_count(composer.channel, text))
        st.button(
            f"Send reply to {safe.label(composer.customer)} on {safe.label(composer.network)}",
            key=f"send_{composer.case_id}",
            type="primary",
            on_click=_send,
            args=(composer,),
        )


def _title(composer: Composer) -> safe.Html:
    where = "only the customer can read this" if composer.private else f"everybody can read this on {composer.network}"
    who = safe.join(("Reply to ", safe.name(composer.customer)))
    return safe.el("div", safe.el("span", who), safe.el("small", where), cls="wc-title")


def _count(channel: str, text: str) -> safe.Html:
    length = channel_class(channel).length(text.strip())
    over = length.used > length.limit
    told = f"{length.used} of {length.limit} characters" + (f", {length.used - length.limit} too many" if over else "")
    return safe.el("span", told, cls="wc-count wc-over" if over else "wc-count")


def _keep_draft(case_id: int) -> None:
    text: str = st.session_state.get(key_of(case_id), "")

    def keep(session: Session, me: Actor, moment: datetime) -> None:
        cases.save_draft(session, case_id, kind="reply", text=text, by=me, now=moment)

    change(f"{PLACE}_typing", keep)


def _guard_says(composer: Composer, text: str) -> None:
    shown = _shown(composer.case_id, text)
    if shown is not None:
        verdict_panel.show(shown, composer.surface)
    elif len(text) >= _WORTH_A_LOOK:
        # While somebody types only the quick checks run; Send asks all of them.
        found = _read(composer.case_id, text, quick=True)
        if found is not None:
            verdict_panel.hints(found, composer.surface)


def _read(case_id: int, text: str, *, quick: bool) -> Shown | None:
    """The guard's word on a text nobody is sending yet; None when there is nothing to answer any more."""
    reviewer = desk().reviewer
    try:
        with desk().store.read() as session:
            context = cases.draft_surroundings(
                session, case_id, now=now(), reviewer=reviewer.recalling() if quick else reviewer
            )
    except WebcareError:
        return None
    return Shown(text, guard.review(text, replace(context, learned=None) if quick else context))


def _mend(case_id: int, text: str, finding: Finding, fix: str) -> None:
    """Put a correction in place of what a finding points at, and read the text again."""
    mended = text[: finding.start] + fix + text[finding.end :]
    was_shown = _shown(case_id, text) is not None
    st.session_state[key_of(case_id)] = mended
    _keep_draft(case_id)
    if was_shown:
        st.session_state[f"verdict_{case_id}"] = _read(case_id, mended.strip(), quick=False)


def _send(composer: Composer) -> None:
    text: str = st.session_state.get(key_of(composer.case_id), "").strip()
    attempt(PLACE, lambda: _check_and_send(composer, text))
    draw_everything_next()


def _check_and_send(composer: Composer, text: str) -> None:
    case_id = composer.case_id
    if not text:
        # The second half of a double click finds the box emptied by the first.
        if time.monotonic() - st.session_state.get(f"sent_{case_id}", -_DOUBLE_CLICK_S) < _DOUBLE_CLICK_S:
            return
        raise WebcareError("The reply is empty.")
    before = _shown(case_id, text)
    sent = cases.check_and_send(
        desk().store,
        case_id,
        text=text,
        by=chrome.me_or_stop(),
        now=now(),
        undo=timedelta(seconds=desk().settings.delivery.undo_s),
        reviewer=desk().reviewer,
        before=before.verdict if before else None,
        overrides=verdict_panel.overrides(before, composer.surface) if before else None,
        version=seen_version(case_id),
    )
    if sent.delivery_id is None:
        turn = (before.round if before else 0) + bool(sent.changes)
        st.session_state[f"verdict_{case_id}"] = Shown(text, sent.verdict, sent.in_the_way, sent.changes, turn)
        return
    _forget(case_id)
    if sent.verdict.missing:
        told = ", ".join(map(words.unread, sent.verdict.missing))
        say(PLACE, "warn", f"On its way. Not everything could be checked: {told}.")


def _shown(case_id: int, text: str) -> Shown | None:
    """The verdict on the screen, as long as the text is still the one it was given on."""
    shown: Shown | None = st.session_state.get(f"verdict_{case_id}")
    return shown if shown is not None and shown.text == text.strip() else None


def _forget(case_id: int) -> None:
    st.session_state[key_of(case_id)] = ""
    st.session_state[f"sent_{case_id}"] = time.monotonic()
    st.session_state.pop(f"verdict_{case_id}", None)


def _on_its_way(case_id: int, delivery: DeliveryView, me: Actor) -> None:
    if delivery.state == DeliveryState.PENDING and delivery.attempt == 0:
        _can_be_undone(case_id, delivery, me)
    elif delivery.state == DeliveryState.NEEDS_HUMAN:
        _ask_person(delivery, me)


def _can_be_undone(case_id: int, delivery: DeliveryView, me: Actor) -> None:
    left = max(0.0, (delivery.not_before - now()).total_seconds())
    with st.container(key="wc_undo", horizontal=True, vertical_alignment="center", border=True):
        mount.countdown()(
            key=f"countdown_{delivery.id}",
            data={"left_s": left, "of_s": desk().settings.delivery.undo_s, "after": "On its way …"},
            on_over_change=lambda: None,
        )
        if may(me, Permission.SEND_REPLY):
            st.button(
                "Undo",
                key=f"undo_{delivery.id}",
                icon=":material/undo:",
                on_click=_undo,
                args=(case_id, delivery.id),
            )


def _undo(case_id: int, delivery_id: int) -> None:
    draw_everything_next()
    if not change(PLACE, lambda session, me, moment: cases.take_back(session, delivery_id, by=me, now=moment)):
        return
    say(PLACE, "good", "Taken back. Nothing was posted; your text is below.")
    me = chrome.me_or_stop()
    if not st.session_state.get(key_of(case_id), "").strip():
        with desk().store.read() as session:
            st.session_state[key_of(case_id)] = cases.draft_of(session, case_id, kind="reply", by=me)


def _ask_person(delivery: DeliveryView, me: Actor) -> None:
    with st.container(border=True):
        st.text("Nobody could find out whether this reply was posted. Look on the network, then say what you see.")
        if not may(me, Permission.SEND_REPLY):
            return
        with st.container(horizontal=True):
            st.button("It stands there", key=f"stands_{delivery.id}", on_click=_settle, args=(delivery.id, True))
            st.button("It is not there", key=f"absent_{delivery.id}", on_click=_settle, args=(delivery.id, False))


def _settle(delivery_id: int, posted: bool) -> None:
    act(PLACE, lambda session, me, moment: cases.settle_by_hand(session, delivery_id, posted=posted, by=me, now=moment))


def _start_with_draft(case_id: int, me: Actor) -> None:
    if key_of(case_id) not in st.session_state:
        with desk().store.read() as session:
            st.session_state[key_of(case_id)] = cases.draft_of(session, case_id, kind="reply", by=me)


def _customer(view: CaseView) -> str:
    return view.case.customer_name or view.case.customer_handle or "the customer"


def _private(view: CaseView) -> bool:
    theirs = [mention for mention in view.mentions if not mention.is_ours]
    return bool(theirs) and theirs[-1].kind == MentionKind.DIRECT_MESSAGE
