"""How the desk works, decided in the browser, one tab at a time: routing, queues, targets, hours, skills and more."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import streamlit as st

from webcare.console import (
    desk_hours,
    desk_notifications,
    desk_queues,
    desk_retention,
    desk_routing,
    desk_sharing,
    desk_skills,
    desk_survey,
    desk_targets,
    safe,
)
from webcare.console.chrome import me_or_stop
from webcare.console.desk_parts import PLACE
from webcare.console.tongue import N_, _
from webcare.console.trouble import show_news
from webcare.people import Permission, require

_TAB = "desk_tab"


class _Tab(NamedTuple):
    title: str
    about: str
    show: Callable[[], None]


_TABS: Mapping[str, _Tab] = {
    "routing": _Tab(
        N_("Routing"),
        N_(
            "Your own rules are asked first, in this order. A rule that only tags lets the next one speak; of all "
            "others the first that applies decides, and what it does not say is left to Webcare's own rules. No rule "
            "can make danger wait."
        ),
        desk_routing.show,
    ),
    "queues": _Tab(
        N_("Queues"),
        N_("Queues of your own beside the three that every desk has. Rules send cases there."),
        desk_queues.show,
    ),
    "targets": _Tab(
        N_("Targets"),
        N_(
            "How soon an answer is due, in minutes. What is left empty counts as in the settings. The target nearest "
            "to a case counts: one for its queue and network before one for its queue, its network, or all."
        ),
        desk_targets.show,
    ),
    "hours": _Tab(
        N_("Opening hours"),
        N_("Where a queue has hours, targets run only while it is open. Without hours every minute counts."),
        desk_hours.show,
    ),
    "sharing": _Tab(
        N_("Giving out"),
        N_(
            "Cases can be given to colleagues by themselves: to those who are in, in turn, never more than they can "
            "have. A queue that is not given out waits for somebody to take its cases."
        ),
        desk_sharing.show,
    ),
    "skills": _Tab(
        N_("Skills"),
        N_(
            "Some cases take a colleague who knows the topic, the shop or the market. A skill that no colleague has is "
            "not asked for, or the case would wait for nobody; unless it is named below."
        ),
        desk_skills.show,
    ),
    "survey": _Tab(
        N_("Satisfaction"),
        N_(
            "After a case is closed Webcare can ask its customer, in the private conversation, how we helped: a number "
            "from 1 to 5. The question passes the guard like every reply, goes out only while the network lets "
            "programs write there, and counts as no answer. A rating does not bring the case back."
        ),
        desk_survey.show,
    ),
    "notifications": _Tab(
        N_("Notifications"),
        N_(
            "How people who do not look at the console are told of deadlines, incidents and figures: by mail, each "
            "role as decided here, and in shared chats and webhooks, which are in the settings file. What people "
            "choose for themselves under My account goes before it."
        ),
        desk_notifications.show,
    ),
    "retention": _Tab(
        N_("Retention"),
        N_(
            "Words and names of customers are let go after a time; figures and events stay. Open cases are never "
            "touched, and nothing is removed before somebody decides so here."
        ),
        desk_retention.show,
    ),
}


def show() -> None:
    """Draw the tab named in the address; raises NotAllowed for a role that decides no policies."""
    require(me_or_stop(), Permission.EDIT_POLICIES)
    safe.draw(safe.el("h1", _("Desk settings"), cls="wc-page"))
    wanted = st.query_params.get("tab", "")
    tab = wanted if wanted in _TABS else "routing"
    if st.session_state.get(_TAB) != tab:
        st.session_state[_TAB] = tab
    st.segmented_control(
        _("What to decide"),
        list(_TABS),
        format_func=lambda key: _(_TABS[key].title),
        required=True,
        key=_TAB,
        on_change=_turn,
        label_visibility="collapsed",
    )
    show_news(PLACE)
    safe.draw(safe.el("p", _(_TABS[tab].about), cls="wc-soft"))
    _TABS[tab].show()


def _turn() -> None:
    st.query_params["tab"] = st.session_state[_TAB]
