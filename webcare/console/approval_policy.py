"""The form that decides which replies wait for a colleague's yes."""

from __future__ import annotations

from datetime import datetime

import streamlit as st
from sqlmodel import Session

from webcare.cases.approval_rules import JokePolicy, decide_approval, policy_at
from webcare.console import words
from webcare.console.acting import change
from webcare.console.desk import desk, now
from webcare.console.tongue import N_, _
from webcare.console.trouble import say
from webcare.domain import Actor, Role, Topic, Urgency

_JOKES = {
    JokePolicy.NEVER.value: N_("No joke waits"),
    JokePolicy.UPSET.value: N_("Jokes to upset or urgent customers"),
    JokePolicy.ALWAYS.value: N_("Every joke"),
}
#: Who sends replies, and so may send one in spite of the guard.
_SENDERS = (Role.FIRST_LINE.value, Role.TEAM_LEAD.value)


def show_policy(place: str) -> None:
    """Draw the form; what is decided counts from now on."""
    with desk().store.read() as session:
        stands = policy_at(session, now=now())
    with st.form("approval_policy", border=False):
        st.selectbox(
            _("Jokes"), list(_JOKES), index=list(_JOKES).index(stands.jokes.value), key="approval_jokes",
            format_func=lambda code: words.word(_JOKES, code),
        )  # fmt: skip
        st.multiselect(
            _("Every reply on these topics"), [one.value for one in Topic], default=sorted(stands.crisis_topics),
            key="approval_topics", format_func=lambda code: words.word(words.TOPICS, code),
            placeholder=_("none chosen"),
        )  # fmt: skip
        st.multiselect(
            _("Every reply of this urgency"), [one.value for one in Urgency], default=sorted(stands.crisis_urgencies),
            key="approval_urgencies", format_func=lambda code: words.word(words.URGENCIES, code),
            placeholder=_("none chosen"),
        )  # fmt: skip
        st.text_input(
            _("Every reply on cases with one of these tags"), value=", ".join(sorted(stands.crisis_tags)),
            key="approval_tags", help=_("Separated by commas"),
        )  # fmt: skip
        st.multiselect(
            _("Who needs a yes to send in spite of what the guard holds"), list(_SENDERS),
            default=[role for role in _SENDERS if role in stands.override_roles], key="approval_roles",
            format_func=lambda code: words.word(words.ROLES, code), placeholder=_("none chosen"),
        )  # fmt: skip
        st.form_submit_button(_("Decide this"), on_click=_save, args=(place,))


def _save(place: str) -> None:
    given = st.session_state
    tags = [tag.strip() for tag in str(given["approval_tags"]).split(",")]
    value = {
        "jokes": given["approval_jokes"],
        "crisis_topics": given["approval_topics"],
        "crisis_urgencies": given["approval_urgencies"],
        "crisis_tags": [tag for tag in tags if tag],
        "override_roles": given["approval_roles"],
    }

    def decide(session: Session, me: Actor, moment: datetime) -> None:
        decide_approval(session, value, by=me, now=moment)

    if change(place, decide):
        say(place, "good", _("Decided. It counts for every reply from now on."))
