"""At the composer: the reply that waits for a colleague's yes, or one's own that came back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import streamlit as st
from sqlmodel import Session

from webcare.cases.approval_rules import Reason
from webcare.cases.approval_views import ApprovalView, approval_on, approvers
from webcare.cases.approvals import OVERTAKEN, PENDING, withdraw_reply
from webcare.console import chrome, reply_panel, safe, waiting, words
from webcare.console.acting import change, draw_everything_next
from webcare.console.desk import desk, now
from webcare.console.tongue import N_, _
from webcare.console.trouble import show_news
from webcare.domain import Actor
from webcare.people import Permission, may
from webcare.store.queries import CaseView

PLACE = "approval"
REASONS: Mapping[str, str] = {
    Reason.NEW_COLLEAGUE.value: N_("Works under supervision"),
    Reason.JOKE.value: N_("A joke"),
    Reason.CRISIS.value: N_("Crisis"),
    Reason.OVERRIDE.value: N_("In spite of the guard"),
}
#: How many names are told before it is "a colleague".
_NAMES = 2
_LOOKING_AT = "approval_opened"


def show(view: CaseView, me: Actor) -> None:
    """Draw what waits on this case; nothing where nothing does."""
    show_news(PLACE)
    with desk().store.read() as session:
        found = approval_on(session, view.case.id, me)
        names = approvers(session, found.author_id) if found is not None and found.state == PENDING else ()
    if found is None or _is_answered(found, view):
        return
    if found.state == PENDING:
        _waits(found, names, me)
    else:
        _came_back(found)


def opened() -> int | None:
    """The waiting reply somebody came from the case page for, once."""
    asked = st.session_state.pop(_LOOKING_AT, None)
    return asked if isinstance(asked, int) else None


def reasons(codes: tuple[str, ...]) -> list[safe.Html]:
    """Why it waits, as marks."""
    return [safe.el("span", words.word(REASONS, code), cls="wc-chip wc-chip-violet") for code in codes]


def clock(found: ApprovalView, moment: datetime) -> safe.Html:
    """The customer's clock, which runs on while a reply waits."""
    if found.waiting_since is None:
        return safe.Html("")
    if found.respond_by <= moment:
        late = _("{time} late").format(time=words.duration(moment - found.respond_by))
        return safe.el("span", late, cls="wc-chip wc-chip-red")
    span = (found.respond_by - found.waiting_since).total_seconds()
    used = (moment - found.waiting_since).total_seconds() / max(span, 1.0)
    left = _("{time} left to answer").format(time=words.duration(found.respond_by - moment))
    return safe.el("span", left, cls=f"wc-chip wc-chip-{'orange' if used >= 0.8 else 'green'}")


def _waits(found: ApprovalView, names: tuple[str, ...], me: Actor) -> None:
    moment, mine = now(), found.author_id == me.id
    waited = words.duration(moment - found.asked_at)
    told = safe.filled(_("Waits for {who}, {time}"), who=_whose(names), time=waited)
    by = safe.filled(_("written by {name}"), name=safe.name(_("you") if mine else found.author_name))
    head = safe.el("div", safe.el("strong", told), *reasons(found.reasons), clock(found, moment), cls="wc-waiting-head")
    with st.container(key="wc_waiting", gap="xsmall"):
        since = _("The customer wrote after this was asked.")
        safe.draw(
            head,
            safe.said(found.text),
            safe.el("small", by, cls="wc-soft"),
            *([safe.el("p", since, cls="wc-waits")] if found.wrote_since else []),
        )
        with st.container(horizontal=True, gap="xsmall"):
            if mine:
                st.button(
                    _("Take it back and change it"), key=f"withdraw_{found.id}", on_click=_withdraw,
                    args=(found.id, found.case_id, found.text),
                )  # fmt: skip
            elif may(me, Permission.APPROVE_REPLY) and st.button(
                _("Look at it and decide"), key=f"decide_{found.id}", type="primary"
            ):
                st.session_state[_LOOKING_AT] = found.id
                st.switch_page(chrome.APPROVALS)


def _whose(names: tuple[str, ...]) -> safe.Html:
    if not names:
        return safe.el("span", _("a yes, and nobody here may give it"), cls="wc-waits")
    if len(names) > _NAMES:
        return safe.text(_("a colleague's yes"))
    first = [safe.name(one.split()[0]) for one in names]
    if len(first) == 1:
        return safe.filled(_("{name}'s yes"), name=first[0])
    return safe.filled(_("{name}'s or {other}'s yes"), name=first[0], other=first[1])


def _came_back(found: ApprovalView) -> None:
    if found.state == OVERTAKEN:
        told = safe.text(_("Your reply did not go out: the customer was answered meanwhile."))
    else:
        told = safe.filled(_("{name} did not let this reply go out:"), name=safe.name(found.decided_by))
    with st.container(key="wc_came_back", gap="xsmall"):
        safe.draw(safe.el("strong", told), *([safe.el("q", found.words)] if found.words else []), safe.said(found.text))
        st.button(
            _("Put this text in my reply"), key=f"again_{found.id}", on_click=reply_panel.put_text,
            args=(found.case_id, found.text),
        )  # fmt: skip


def _is_answered(found: ApprovalView, view: CaseView) -> bool:
    """Whether its author went on since: what came back is told until then."""
    decided = found.decided_at
    return decided is not None and any(
        one.author_id == found.author_id and one.created_at > decided for one in view.deliveries
    )


def _withdraw(approval_id: int, case_id: int, text: str) -> None:
    def withdraw(session: Session, me: Actor, moment: datetime) -> None:
        withdraw_reply(session, approval_id, by=me, now=moment)

    if change(PLACE, withdraw):
        waiting.forget_counts()
        reply_panel.put_text(case_id, text)
    draw_everything_next()
