"""Send and Undo, as they are pressed on the case page: what stood in the way, what became of it, and the way back."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import timedelta

import streamlit as st

from webcare import cases, guard
from webcare.console import asking, by_hand_panel, chrome, reply_drafts, reply_since, verdict_panel, words
from webcare.console.acting import act, change, draw_everything_next
from webcare.console.asking import Way
from webcare.console.components import mount
from webcare.console.desk import desk, now
from webcare.console.news import seen_version
from webcare.console.reply_drafts import Box
from webcare.console.tongue import _
from webcare.console.trouble import attempt, say
from webcare.console.verdict_panel import Shown, Surface
from webcare.domain import UNSETTLED_DELIVERIES, Actor, DeliveryState, Finding, ReplyWay
from webcare.errors import CaseChanged, WebcareError
from webcare.people import Permission, may
from webcare.store.queries import CaseView, DeliveryView, case_view

PLACE = "reply"
_DOUBLE_CLICK_S = 2.0


@dataclass(frozen=True, slots=True)
class Pressed:
    """What Send was pressed on."""

    case_id: int
    network: str
    way: Way
    surface: Surface


def give_up_key(case_id: int) -> str:
    """The key of the button that does not send."""
    return f"keep_writing_{case_id}"


def send(pressed: Pressed) -> None:
    """Check the text in the box and send it, unless something stands in the way."""
    box = Box(pressed.case_id, "reply")
    attempt(PLACE, lambda: _check_and_send(pressed, box, reply_drafts.text_in(box).strip()))
    draw_everything_next()


def do_not_send(case_id: int) -> None:
    """Back to writing: the verdict goes, the text stays."""
    st.session_state.pop(_verdict(case_id), None)
    reply_since.seen(case_id)
    reply_drafts.focus(Box(case_id, "reply"))
    draw_everything_next()


def shown(case_id: int, text: str) -> Shown | None:
    """The verdict on the screen, as long as the text is still the one it was given on."""
    found: Shown | None = st.session_state.get(_verdict(case_id))
    return found if found is not None and found.text == text.strip() else None


def read(case_id: int, text: str, way: ReplyWay | None, *, quick: bool) -> Shown | None:
    """The guard's word on a text nobody is sending yet; None when there is nothing to answer any more.

    `quick` asks only the checks that take no thinking.
    """
    reviewer = desk().reviewer
    try:
        with desk().store.read() as session:
            context = cases.draft_surroundings(
                session, case_id, now=now(), reviewer=reviewer.recalling() if quick else reviewer, way=way
            )
    except WebcareError:
        return None
    return Shown(text, guard.review(text, replace(context, learned=None) if quick else context))


def mend(case_id: int, text: str, finding: Finding, fix: str) -> None:
    """Put a correction in place of what a finding in `text` points at, wherever that stands by now."""
    box = Box(case_id, "reply")
    stands = reply_drafts.text_in(box)
    place = found_again(text[finding.start : finding.end], finding.start, text, stands)
    if place is None:
        say(reply_drafts.PLACES["reply"], "info", _("These words have changed by now; nothing was replaced."))
        return
    was_shown = shown(case_id, stands) is not None
    mended = stands[:place] + fix + stands[place + finding.end - finding.start :]
    reply_drafts.correct(box, mended)
    if was_shown:
        wish = st.session_state.get(asking.key_of(case_id))
        way = ReplyWay(wish) if wish else None
        st.session_state[_verdict(case_id)] = read(case_id, mended.strip(), way, quick=False)


def found_again(words_: str, start: int, before: str, stands: str) -> int | None:
    """Where words that stood at `start` of the text before stand now: the place nearest to it, None for nowhere."""
    if stands[start : start + len(words_)] == words_ and stands[:start] == before[:start]:
        return start
    if not words_:
        return None
    places = [at for at in range(len(stands)) if stands.startswith(words_, at)]
    return min(places, key=lambda at: abs(at - start), default=None)


def _check_and_send(pressed: Pressed, box: Box, text: str) -> None:
    case_id, way = pressed.case_id, pressed.way
    if not text:
        # The second half of a double click finds the box emptied by the first.
        if time.monotonic() - st.session_state.get(f"sent_{case_id}", -_DOUBLE_CLICK_S) < _DOUBLE_CLICK_S:
            return
        raise WebcareError(_("The reply is empty."))
    _still_taken(case_id, way)
    before = shown(case_id, text)
    try:
        sent = cases.check_and_send(
            desk().store,
            case_id,
            text=text,
            by=chrome.me_or_stop(),
            now=now(),
            undo=timedelta(seconds=desk().settings.delivery.undo_s),
            reviewer=desk().reviewer,
            before=before.verdict if before else None,
            overrides=verdict_panel.overrides(before, pressed.surface) if before else None,
            version=seen_version(case_id),
            way=way.way,
            by_hand=None if way.allowed else by_hand_panel.given(case_id),
        )
    except CaseChanged:
        reply_drafts.focus(box, give_up_key(case_id))
        raise
    waits = sent.approval_id is not None
    if sent.delivery_id is None and not waits:
        turn = (before.round if before else 0) + bool(sent.changes)
        st.session_state[_verdict(case_id)] = Shown(text, sent.verdict, sent.in_the_way, sent.changes, turn)
        reply_drafts.focus(box, give_up_key(case_id))
        return
    _sent(pressed, box, sent.verdict.missing, waits=waits)


def _sent(pressed: Pressed, box: Box, missing: tuple[str, ...], *, waits: bool) -> None:
    """The text left the box: posted soon, recorded, or waiting for a colleague."""
    case_id = pressed.case_id
    reply_drafts.empty(box)
    reply_since.seen(case_id)
    st.session_state[f"sent_{case_id}"] = time.monotonic()
    st.session_state.pop(_verdict(case_id), None)
    if waits:
        say(PLACE, "info", _("Not sent yet: it waits for a colleague to say yes."))
        return
    if not pressed.way.allowed:
        by_hand_panel.forget(case_id)
        say(PLACE, "good", _("Recorded as answered on {network}.").format(network=pressed.network))
        return
    if missing:
        told = ", ".join(map(words.unread, missing))
        say(PLACE, "warn", _("On its way. Not everything could be checked: {checks}.").format(checks=told))


def _still_taken(case_id: int, way: Way) -> None:
    """Raise WebcareError when the network would not take it any more: a window may have closed while somebody typed."""
    if not way.allowed:
        return
    with desk().store.read() as session:
        view = case_view(session, case_id)
    found = next((one for one in asking.ways(view) if one.way is way.way), None)
    if found is not None and not found.allowed:
        raise WebcareError("Not sent: {reason}", reason=found.reason)


def _verdict(case_id: int) -> str:
    return f"verdict_{case_id}"


# --- replies on their way ---------------------------------------------------------------------------


def show_leaving(view: CaseView, me: Actor) -> None:
    """Draw the replies that can still be taken back, and those a person has to settle."""
    waiting = {one.id for one in view.deliveries if one.state == DeliveryState.PENDING}
    for delivery in view.deliveries:
        # Further parts of an answer are taken back with the first that waits.
        if delivery.state not in UNSETTLED_DELIVERIES or delivery.follows_id in waiting:
            continue
        if delivery.state == DeliveryState.PENDING and delivery.attempt == 0:
            _can_be_undone(view.case.id, delivery, me)
        elif delivery.state == DeliveryState.NEEDS_HUMAN:
            _ask_person(delivery, me)


def undo(case_id: int, delivery_id: int) -> None:
    """Take a reply back that has not left; its text is in the box again. A callback."""
    draw_everything_next()
    if not change(PLACE, lambda session, me, moment: cases.take_back(session, delivery_id, by=me, now=moment)):
        return
    box = Box(case_id, "reply")
    typed = reply_drafts.text_in(box).strip()
    reply_drafts.read_again(box, chrome.me_or_stop())
    if not typed:
        reply_drafts.read_way_again(case_id, chrome.me_or_stop(), asking.key_of(case_id))
    reply_drafts.focus(box)
    told = _("Taken back. Nothing was posted; your text is below.")
    if typed:
        told = _("Taken back. Nothing was posted; its text is kept beside what you are typing.")
    say(PLACE, "good", told)


def _can_be_undone(case_id: int, delivery: DeliveryView, me: Actor) -> None:
    left = max(0.0, (delivery.not_before - now()).total_seconds())
    with st.container(key="wc_undo", horizontal=True, vertical_alignment="center", border=True):
        mount.countdown()(
            key=f"countdown_{delivery.id}",
            data={
                "left_s": left,
                "of_s": desk().settings.delivery.undo_s,
                "before": _("Leaves in"),
                "after": _("On its way …"),
            },
            on_over_change=lambda: None,
        )
        if may(me, Permission.SEND_REPLY):
            st.button(
                _("Undo"),
                key=f"undo_{delivery.id}",
                icon=":material/undo:",
                on_click=undo,
                args=(case_id, delivery.id),
            )


def _ask_person(delivery: DeliveryView, me: Actor) -> None:
    with st.container(border=True):
        st.text(_("Nobody could find out whether this reply was posted. Look on the network, then say what you see."))
        if not may(me, Permission.SEND_REPLY):
            return
        with st.container(horizontal=True):
            st.button(_("It stands there"), key=f"stands_{delivery.id}", on_click=_settle, args=(delivery.id, True))
            st.button(_("It is not there"), key=f"absent_{delivery.id}", on_click=_settle, args=(delivery.id, False))


def _settle(delivery_id: int, posted: bool) -> None:
    act(PLACE, lambda session, me, moment: cases.settle_by_hand(session, delivery_id, posted=posted, by=me, now=moment))
