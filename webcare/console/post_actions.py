"""What can be done to a post of the thread beside answering it: hide, like, and retract what we posted ourselves.

Only what the network offers is shown, and only to those who speak for the brand.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import streamlit as st
from sqlmodel import Session

from webcare import cases
from webcare.cases.acting import DONE, PENDING, ActionView
from webcare.cases.parts import is_made_up
from webcare.channels import channel_class
from webcare.channels.base import Action
from webcare.console import menus, safe
from webcare.console.acting import Verb, act
from webcare.console.tongue import N_, _
from webcare.console.trouble import show_news
from webcare.domain import Actor
from webcare.people import Permission, may
from webcare.store.queries import CaseView, MentionView

PLACE = "posts"
#: The newest posts that can be chosen.
_CHOICE = 20
_NAMES: Mapping[Action, str] = {
    Action.HIDE: N_("Hide this post"),
    Action.UNHIDE: N_("Show this post again"),
    Action.LIKE: N_("Like this post"),
    Action.UNLIKE: N_("Take our like back"),
}
_PAIRS = ((Action.HIDE, Action.UNHIDE), (Action.LIKE, Action.UNLIKE))


def show(view: CaseView, done: Mapping[str, tuple[ActionView, ...]], me: Actor) -> None:
    """Draw the menu under the thread, where there is something to do."""
    show_news(PLACE)
    offered = channel_class(view.case.channel).capabilities.actions
    posts = {one.external_id: one for one in _posts(view, offered)}
    if not posts or not may(me, Permission.SEND_REPLY):
        return
    case_id = view.case.id
    with menus.menu(
        _("Hide, like or retract") if Action.HIDE in offered else _("Like or retract"),
        key=f"posts_{case_id}",
        type="tertiary",
    ) as is_made:
        if not is_made:
            return
        key = f"post_{case_id}"
        st.selectbox(_("Post"), list(posts), format_func=lambda id_: _line(posts[id_], view), key=key)
        post = posts[st.session_state.get(key) or next(iter(posts))]
        if post.is_ours:
            _retract(case_id, post, done.get(post.external_id, ()))
        else:
            _do(case_id, post, done.get(post.external_id, ()), offered)


def _posts(view: CaseView, offered: frozenset[Action]) -> list[MentionView]:
    """The posts something can be done to, newest first."""
    theirs = bool(offered - {Action.DELETE})
    standing = [one for one in reversed(view.mentions) if one.deleted_at is None and not is_made_up(one.external_id)]
    return [one for one in standing if (Action.DELETE in offered if one.is_ours else theirs)][:_CHOICE]


def _line(post: MentionView, view: CaseView) -> str:
    who = view.account.name or _("We") if post.is_ours else post.author_name or post.author_handle or _("Somebody")
    return f"{safe.line(who, limit=40)}: {safe.line(post.text, limit=60)}"


def _do(case_id: int, post: MentionView, done: tuple[ActionView, ...], offered: frozenset[Action]) -> None:
    with st.container(horizontal=True, gap="xsmall"):
        for there, back in _PAIRS:
            newest = next((one for one in done if one.action in (there, back)), None)
            # What a failed one left is how it was before.
            action = back if newest is not None and (newest.action, newest.state) == (there, DONE) else there
            if action not in offered:
                continue
            st.button(
                _(_NAMES[action]),
                key=f"{there.value}_{case_id}_{post.id}",
                disabled=newest is not None and newest.state == PENDING,
                on_click=act,
                args=(PLACE, _asked(case_id, post.external_id, action)),
            )


def _asked(case_id: int, external_id: str, action: Action) -> Verb:
    def ask(session: Session, by: Actor, moment: datetime) -> None:
        cases.ask_action(session, case_id, action=action, external_id=external_id, by=by, now=moment)

    return ask


def _retract(case_id: int, post: MentionView, done: tuple[ActionView, ...]) -> None:
    key = f"retract_why_{case_id}_{post.id}"
    st.text_input(
        _("Why it has to go"),
        key=key,
        max_chars=500,
        help=_("Kept with the case and told to the managers. The text becomes a draft, so that you can correct it."),
    )

    def take_off(session: Session, by: Actor, moment: datetime) -> None:
        reason = st.session_state.get(key, "")
        cases.retract(session, case_id, external_id=post.external_id, reason=reason, by=by, now=moment)
        # What was retracted is the draft now, unless somebody writes already.
        reply = f"reply_{case_id}"
        if not st.session_state.get(reply, "").strip():
            st.session_state[reply] = cases.draft_of(session, case_id, kind="reply", by=by)

    st.button(
        _("Retract this reply"),
        key=f"retract_{case_id}_{post.id}",
        disabled=any(one.state == PENDING for one in done),
        on_click=act,
        args=(PLACE, take_off),
    )
