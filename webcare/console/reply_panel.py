"""The composer of replies: blue for what everybody reads, violet for what only the customer does. Never a note.

The network is asked before anybody writes. Send lets the guard read the text: what it holds cannot be sent, what it
warns of must be ticked, and what it lets pass waits a few seconds in which it can be taken back. Where the network
takes nothing from here, the same text is recorded as answered there. What comes while somebody types stands below the
text box, so that it never moves.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import streamlit as st

from webcare.console import (
    asking,
    by_hand_panel,
    chrome,
    reply_drafts,
    reply_preview,
    reply_sending,
    reply_since,
    safe,
    verdict_panel,
    words,
)
from webcare.console.acting import draw_everything_if_asked, draw_everything_next
from webcare.console.asking import Way
from webcare.console.components import mount
from webcare.console.desk import now
from webcare.console.reply_drafts import Box
from webcare.console.reply_preview import Face
from webcare.console.reply_sending import PLACE, Pressed
from webcare.console.tongue import _
from webcare.console.trouble import show_news
from webcare.console.verdict_panel import Surface
from webcare.domain import Actor, CaseState, Level, ReplyWay, Role
from webcare.people import Permission, may
from webcare.store.queries import CaseView

#: A text shorter than this, in characters, is not looked at while somebody types.
_WORTH_A_LOOK = 12


@dataclass(frozen=True, slots=True)
class Composer:
    """What the composer of one case needs to draw itself again without the rest of the page."""

    case_id: int
    customer: str
    network: str
    channel: str
    ways: tuple[Way, ...]
    notes: tuple[tuple[int, str], ...]
    marks: int
    waiting: tuple[tuple[int, str], ...]
    needs_second: bool
    face: Face
    since: tuple[safe.Html, ...] = ()  #: what was written while somebody typed

    @property
    def box(self) -> Box:
        """Its text box."""
        return Box(self.case_id, "reply")

    @property
    def surface(self) -> Surface:
        """Where the guard's word is shown."""
        mend = reply_sending.mend
        return Surface(self.case_id, PLACE, self.notes, mend, self.marks, self.waiting, self.needs_second)


def key_of(case_id: int) -> str:
    """The key of the text box, by which the browser finds it too."""
    return Box(case_id, "reply").key


def put_text(case_id: int, text: str) -> None:
    """Put a text of the desk's into the reply; it is never sent by that. Only from a widget's callback.

    What somebody has typed is not replaced without being asked about.
    """
    box = Box(case_id, "reply")
    if reply_drafts.text_in(box).strip() in ("", text.strip()):
        reply_drafts.put(box, text)
        reply_drafts.focus(box)
    else:
        st.session_state[_offer(case_id)] = text
    draw_everything_next()


def show_leaving(view: CaseView, me: Actor) -> None:
    """Draw the replies on their way, and what became of the last one."""
    reply_sending.show_leaving(view, me)
    show_news(PLACE)


def show(view: CaseView, me: Actor) -> None:
    """Draw the composer for those who may send."""
    if not may(me, Permission.SEND_REPLY):
        if may(me, Permission.WORK_CASES):
            told = _("The first line writes the reply; tell them what you know in a note.")
            safe.draw(safe.el("p", told, cls="wc-soft"))
        return
    box = Box(view.case.id, "reply")
    reply_drafts.start(box, me)
    reply_drafts.start_way(view.case.id, me, asking.key_of(view.case.id))
    if view.case.state == CaseState.RESOLVED:
        _closed(box)
        return
    since = reply_since.look(view, me, writing=bool(reply_drafts.text_in(box).strip()))
    with st.container(key="wc_reply", gap="xsmall"):
        st.fragment(_compose)(_composer(view, me, since))


def _composer(view: CaseView, me: Actor, since: tuple[safe.Html, ...]) -> Composer:
    case, account, network = view.case, view.account, words.word(words.CHANNELS, view.case.channel)
    customer = case.customer_name or case.customer_handle or _("the customer")
    face = Face(
        case.channel, network, account.name or account.handle or account.key, account.handle,
        customer, case.customer_handle,
    )  # fmt: skip
    return Composer(
        case.id,
        customer,
        network,
        case.channel,
        asking.ways(view),
        tuple((note.id, note.text) for note in view.notes),
        len(view.facts),
        tuple((fact.note_id, fact.text) for fact in view.facts if fact.waits),
        me.role is Role.FIRST_LINE,
        face,
        since,
    )


def _closed(box: Box) -> None:
    safe.draw(safe.el("p", _("This case is resolved. Reopen it to write another reply."), cls="wc-soft"))
    if typed := reply_drafts.text_in(box).strip():
        safe.draw(safe.el("div", safe.el("strong", _("Your draft is kept:")), safe.said(typed), cls="wc-version"))


def _compose(composer: Composer) -> None:
    draw_everything_if_asked()
    me = chrome.me_or_stop()
    way = asking.chosen(composer.case_id, composer.ways)
    safe.draw(_title(composer, way))
    _switch(composer)
    _window(composer, way)
    if not way.allowed:
        by_hand_panel.show_why(way, composer.network)
    _text_box(composer, way)
    text = reply_drafts.text_in(composer.box).strip()
    asked = _asks_first(composer, text)
    if not way.allowed:
        by_hand_panel.show_fields(composer.case_id)
    _buttons(composer, way, text, me, asked=asked)
    _below(composer, way, text, me, asked=asked)


def _text_box(composer: Composer, way: Way) -> None:
    st.text_area(
        _("Private answer to the customer") if way.is_private else _("Reply that everybody can read"),
        key=composer.box.key,
        height=128,
        label_visibility="collapsed",
        placeholder=_("Write the private answer to the customer …")
        if way.is_private
        else _("Write the public reply to the customer …"),
        on_change=reply_drafts.keep,
        args=(composer.box,),
    )


def _asks_first(composer: Composer, text: str) -> bool:
    """Draw what has to be looked at before Send is pressed (again); gives whether there is anything."""
    shown = reply_sending.shown(composer.case_id, text)
    since = reply_since.show(composer.case_id, composer.since)
    return (shown is not None and verdict_panel.show(shown, composer.surface)) or since


def _buttons(composer: Composer, way: Way, text: str, me: Actor, *, asked: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        with st.container(horizontal=True, vertical_alignment="center", width="content", gap="small"):
            safe.draw(reply_preview.count(composer.channel, text, way), width="content")
            reply_drafts.listen(
                composer.box,
                me,
                send=_send_key(composer.case_id),
                give_up=reply_sending.give_up_key(composer.case_id) if asked else "",
            )
        with st.container(horizontal=True, vertical_alignment="center", width="content", gap="small"):
            if asked:
                st.button(
                    _("Don't send"),
                    key=reply_sending.give_up_key(composer.case_id),
                    on_click=reply_sending.do_not_send,
                    args=(composer.case_id,),
                )
            st.button(
                _("Record the answer given on {network}").format(network=safe.label(composer.network))
                if not way.allowed
                else _("Send private answer to {customer} on {network}").format(
                    customer=safe.label(composer.customer), network=safe.label(composer.network)
                )
                if way.is_private
                else _("Send reply to {customer} on {network}").format(
                    customer=safe.label(composer.customer), network=safe.label(composer.network)
                ),
                key=_send_key(composer.case_id),
                type="primary",
                help=_("Ctrl+Enter in the text box"),
                on_click=reply_sending.send,
                args=(Pressed(composer.case_id, composer.network, way, composer.surface),),
            )


def _below(composer: Composer, way: Way, text: str, me: Actor, *, asked: bool) -> None:
    """Everything that comes and goes while somebody types, in a place of its own height."""
    with st.container(key="wc_below", gap="xsmall"):
        # A container with nothing in it would not be there, and its height with it.
        safe.draw(safe.el("i", "", cls="wc-room"))
        show_news(composer.box.place)
        _show_offer(composer)
        if not asked and len(text) >= _WORTH_A_LOOK:
            _hints(composer, way, text)
        reply_drafts.show_versions(composer.box, me)
        _show_parts(composer, way, text)
    reply_preview.show(composer.case_id, composer.face, way, text)


def _show_parts(composer: Composer, way: Way, text: str) -> None:
    if way.allowed and len(spans := reply_preview.parts(composer.channel, way, text)) > 1:
        posts = [safe.el("li", safe.said(text[start:end])) for start, end in spans]
        told = _("Goes out as {count} posts, each answering the one before:").format(count=len(spans))
        safe.draw(safe.el("div", safe.el("small", told), safe.el("ol", *posts), cls="wc-parts"))


def _hints(composer: Composer, way: Way, text: str) -> None:
    """What the quick checks say; Send asks all of them."""
    found = reply_sending.read(composer.case_id, text, way.way, quick=True)
    if found is None:
        return
    copied = [one for one in found.verdict.findings if one.reason == "note_leak" and one.level is Level.ERROR]
    if copied:
        verdict_panel.copied(found, copied, composer.surface, pasted=reply_drafts.pasted(composer.box))
    verdict_panel.hints(found, composer.surface, but=copied)


def _show_offer(composer: Composer) -> None:
    offered = st.session_state.get(_offer(composer.case_id))
    if offered is None:
        return
    safe.draw(
        safe.el(
            "div",
            safe.el("strong", _("You have typed something already. Use this text instead?")),
            safe.said(offered),
            cls="wc-version",
            role="status",
        )
    )
    with st.container(horizontal=True, gap="xsmall"):
        case_id, answer = composer.case_id, _answer_offer
        st.button(_("Use it instead"), key=f"offer_instead_{case_id}", on_click=answer, args=(case_id, "instead"))
        st.button(_("Add it below"), key=f"offer_below_{case_id}", on_click=answer, args=(case_id, "below"))
        st.button(_("Keep mine"), key=f"offer_mine_{case_id}", on_click=answer, args=(case_id, "mine"))


def _answer_offer(case_id: int, answer: str) -> None:
    box = Box(case_id, "reply")
    offered = st.session_state.pop(_offer(case_id), None)
    if offered is None or answer == "mine":
        return
    typed = reply_drafts.text_in(box).rstrip()
    reply_drafts.put(box, offered if answer == "instead" else f"{typed}\n\n{offered}")
    reply_drafts.focus(box)


def _title(composer: Composer, way: Way) -> safe.Html:
    where = (
        _("only the customer can read this")
        if way.is_private
        else _("everybody can read this on {network}").format(network=composer.network)
    )
    said = _("Private answer to {name}") if way.is_private else _("Reply to {name}")
    look = "wc-title wc-private" if way.is_private else "wc-title"
    return safe.el(
        "div", safe.el("span", safe.filled(said, name=safe.name(composer.customer))), safe.el("small", where), cls=look
    )


def _switch(composer: Composer) -> None:
    if len(composer.ways) < 2:
        return
    names = {
        ReplyWay.PUBLIC.value: _("Everybody on {network}").format(network=safe.label(composer.network)),
        ReplyWay.PRIVATE.value: _("Only {customer}").format(customer=safe.label(composer.customer)),
    }
    st.radio(
        _("Who can read it"),
        [one.way.value for one in composer.ways],
        format_func=names.__getitem__,
        key=asking.key_of(composer.case_id),
        horizontal=True,
        label_visibility="collapsed",
        on_change=reply_drafts.keep_way,
        args=(composer.case_id, asking.key_of(composer.case_id)),
    )


def _window(composer: Composer, way: Way) -> None:
    if way.until is None or not way.allowed:
        return
    left = max(0.0, (way.until - now()).total_seconds())
    mount.countdown()(
        key=f"window_{composer.case_id}_{way.way.value}",
        data={
            "left_s": left,
            "of_s": max(left, timedelta(hours=24).total_seconds()),
            "before": _("{network} takes this answer for").format(network=composer.network),
            "after": _("{network} takes this answer no longer.").format(network=composer.network),
        },
        on_over_change=draw_everything_next,
    )


def _send_key(case_id: int) -> str:
    return f"send_{case_id}"


def _offer(case_id: int) -> str:
    return f"offered_{case_id}"
