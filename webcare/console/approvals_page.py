"""Approvals: replies that wait for a yes, the longest first. One is read at a time, with all that its author saw.

The text may be changed before it goes; what changed stands below it word by word, and the guard reads exactly what
leaves. A no takes words, which its author reads beside the text that comes back.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import streamlit as st
from sqlmodel import Session

from webcare import cases
from webcare.cases.approval_views import ApprovalView, waiting_approvals
from webcare.cases.approvals import approve_reply, refuse_reply
from webcare.console import approval_panel, chrome, safe, thread, verdict_panel, waiting, words
from webcare.console.acting import change
from webcare.console.approval_policy import show_policy
from webcare.console.desk import desk, now
from webcare.console.tongue import _, counted, kept
from webcare.console.trouble import attempt, say, show_news
from webcare.console.verdict_panel import Shown, Surface
from webcare.domain import Actor, Finding, ReplyWay
from webcare.people import Permission, may, require
from webcare.store.queries import CaseView, case_view

PLACE = "approvals"
_CHOSEN = "approval_chosen"


def show() -> None:
    """Draw what waits, and the one that is looked at."""
    me = chrome.me_or_stop()
    require(me, Permission.APPROVE_REPLY)
    with desk().store.read() as session:
        waiting = waiting_approvals(session)
    _head(waiting, me)
    show_news(PLACE)
    if not waiting:
        told = _("Nothing waits for a yes.")
        why = _("Replies of colleagues under supervision, jokes and answers in a crisis come here before they go out.")
        safe.draw(safe.nothing_here(told, why))
        return
    left, right = st.columns([1, 2.4], gap="medium")
    with left:
        chosen = _choose(waiting, me)
    with right:
        _one(next(one for one in waiting if one.id == chosen), me)


def _head(waiting: tuple[ApprovalView, ...], me: Actor) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        told = counted("{count} reply waits", "{count} replies wait", len(waiting)) if waiting else ""
        safe.draw(
            safe.el("div", safe.el("h1", _("Approvals")), safe.el("span", told, cls="wc-soft"), cls="wc-head"),
            width="content",
        )
        if may(me, Permission.EDIT_POLICIES):
            with st.popover(_("What waits"), icon=":material/tune:", key="approval_policy_menu"):
                show_policy(PLACE)


def _choose(waiting: tuple[ApprovalView, ...], me: Actor) -> int:
    """The one to read: what somebody came for, what they chose, else the one that waits longest and is not theirs."""
    ids = [one.id for one in waiting]
    others = [one.id for one in waiting if one.author_id != me.id]
    if (asked := approval_panel.opened()) in ids:
        st.session_state[_CHOSEN] = asked
    if st.session_state.get(_CHOSEN) not in ids:
        st.session_state[_CHOSEN] = (others or ids)[0]
    lines = {one.id: _line(one) for one in waiting}
    with st.container(key="wc_approvals"):
        st.radio(
            _("Replies that wait, the longest first"), ids, format_func=lines.__getitem__, key=_CHOSEN,
            captions=[_caption(one) for one in waiting], width="stretch",
        )  # fmt: skip
    return int(st.session_state[_CHOSEN])


def _line(one: ApprovalView) -> str:
    who, whom = safe.label(one.author_name), safe.label(one.customer or _("the customer"))
    return _("{author} to {customer}").format(author=who, customer=whom)


def _caption(one: ApprovalView) -> str:
    moment = now()
    waits = _("waits {time}").format(time=words.duration(moment - one.asked_at))
    why = ", ".join(words.word(approval_panel.REASONS, code) for code in one.reasons)
    late = [_("late")] if one.waiting_since is not None and one.respond_by < moment else []
    since = [_("customer wrote since")] if one.wrote_since else []
    return safe.label(" · ".join([waits, why, *late, *since]), limit=120)


def _one(found: ApprovalView, me: Actor) -> None:
    with desk().store.read() as session:
        view = case_view(session, found.case_id)
        done = cases.actions_of(session, found.case_id)
    moment = now()
    network = words.word(words.CHANNELS, found.channel)
    where = (
        _("only the customer will read it")
        if found.way == ReplyWay.PRIVATE.value
        else _("everybody on {network} will read it").format(network=network)
    )
    safe.draw(
        safe.el(
            "div",
            safe.el("span", network[:1].replace("F", "f"), cls=f"wc-net wc-net-{found.channel}", title=network),
            safe.el("h2", safe.name(found.customer or _("the customer"))),
            approval_panel.clock(found, moment),
            *approval_panel.reasons(found.reasons),
            safe.el("span", where, cls="wc-soft"),
            safe.el("a", _("Open the case"), href=f"/case?case={found.case_id}", target="_self"),
            cls="wc-head",
        )
    )
    thread.show(view, done, {})
    _notes(view)
    _answered_for(found)
    if found.author_id == me.id:
        safe.draw(safe.said(found.text), safe.el("p", _("You wrote this; a colleague decides."), cls="wc-waits"))
        return
    _decide(found, view)


def _notes(view: CaseView) -> None:
    if not view.notes:
        return
    notes = [
        safe.el(
            "div",
            safe.el(
                "header", safe.el("strong", safe.name(note.agent_name)), words.clock_time(note.created_at, now=now())
            ),
            safe.said(note.text),
            cls="wc-note",
        )
        for note in view.notes
    ]
    told = counted("{count} internal note", "{count} internal notes", len(view.notes))
    safe.draw(safe.el("details", safe.el("summary", told), *notes, cls="wc-notes-aside"))


def _answered_for(found: ApprovalView) -> None:
    """What the guard pointed at and its author sent it in spite of."""
    if not found.overridden:
        return
    lines = [
        safe.el("li", kept(message), *([" ", safe.el("q", said)] if said else [])) for message, said in found.overridden
    ]
    told = safe.filled(_("{name} read this and asks in spite of it:"), name=safe.name(found.author_name))
    safe.draw(safe.el("div", safe.el("strong", told), safe.el("ul", *lines), cls="wc-changed"))


def _decide(found: ApprovalView, view: CaseView) -> None:
    key = _text_key(found.id)
    if key not in st.session_state:
        st.session_state[key] = found.text
    with st.container(key="wc_reply", gap="xsmall"):
        title = safe.filled(_("Reply by {name}"), name=safe.name(found.author_name))
        small = _("change it here if you like; it goes out in their name and with your yes")
        safe.draw(safe.el("div", safe.el("span", title), safe.el("small", small), cls="wc-title"))
        st.text_area(_("The reply as it goes out"), key=key, height=120, label_visibility="collapsed")
        text = str(st.session_state[key]).strip()
        if text != found.text.strip():
            told = safe.el("strong", _("What you changed:"))
            safe.draw(safe.el("div", told, verdict_panel.difference(found.text, text), cls="wc-changed"))
        shown: Shown | None = st.session_state.get(_verdict_key(found.id))
        surface = _surface(found, view)
        if shown is not None and shown.text == text:
            verdict_panel.show(shown, surface)
        with st.container(horizontal=True, horizontal_alignment="distribute"):
            _no(found)
            st.button(
                _("Approve and send"), key=f"approve_{found.id}", type="primary", on_click=_yes, args=(found, surface)
            )


def _no(found: ApprovalView) -> None:
    with st.popover(_("Give it back"), key=f"refuse_menu_{found.id}"):
        key = f"refuse_words_{found.id}"
        st.text_area(
            _("What should change? {name} reads this.").format(name=safe.label(found.author_name)), key=key, height=90
        )
        st.button(_("Give it back with these words"), key=f"refuse_{found.id}", on_click=_refuse, args=(found, key))


def _surface(found: ApprovalView, view: CaseView) -> Surface:
    notes = tuple((note.id, note.text) for note in view.notes)

    def mend(case_id: int, text: str, finding: Finding, fix: str) -> None:
        stands = str(st.session_state.get(_text_key(found.id), ""))
        if stands[finding.start : finding.end] == text[finding.start : finding.end]:
            st.session_state[_text_key(found.id)] = stands[: finding.start] + fix + stands[finding.end :]

    return Surface(found.case_id, PLACE, notes, mend)


def _yes(found: ApprovalView, surface: Surface) -> None:
    attempt(PLACE, lambda: _approve(found, surface))
    waiting.forget_counts()


def _approve(found: ApprovalView, surface: Surface) -> None:
    text = str(st.session_state.get(_text_key(found.id), "")).strip()
    before: Shown | None = st.session_state.get(_verdict_key(found.id))
    same = before is not None and before.text == text
    yes = approve_reply(
        desk().store,
        found.id,
        text=text,
        by=chrome.me_or_stop(),
        now=now(),
        undo=timedelta(seconds=desk().settings.delivery.undo_s),
        same_text=timedelta(minutes=desk().settings.incidents.same_text_min),
        reviewer=desk().reviewer,
        before=before.verdict if before is not None else None,
        overrides=verdict_panel.overrides(before, surface) if before is not None and same else None,
    )
    if yes.delivery_id is None:
        turn = (before.round if before else 0) + bool(yes.changes)
        st.session_state[_verdict_key(found.id)] = Shown(text, yes.verdict, yes.in_the_way, yes.changes, turn)
        return
    for key in (_verdict_key(found.id), _text_key(found.id)):
        st.session_state.pop(key, None)
    told = _("Approved. It leaves in {count} s; until then it can be taken back on the case.")
    say(PLACE, "good", told.format(count=round(desk().settings.delivery.undo_s)))


def _refuse(found: ApprovalView, key: str) -> None:
    said = str(st.session_state.get(key, ""))

    def refuse(session: Session, me: Actor, moment: datetime) -> None:
        refuse_reply(session, found.id, words=said, by=me, now=moment)

    if change(PLACE, refuse):
        name = safe.line(found.author_name, limit=60)
        say(PLACE, "good", _("Given back. {name} sees your words beside the text.").format(name=name))
    waiting.forget_counts()


def _text_key(approval_id: int) -> str:
    return f"approve_text_{approval_id}"


def _verdict_key(approval_id: int) -> str:
    return f"approve_verdict_{approval_id}"
