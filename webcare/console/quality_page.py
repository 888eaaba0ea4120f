"""Quality: replies to review, what reviews say, how far reviewers agree, one's own figures, coaching, the scorecard.

Everybody has the page; which tabs somebody has goes by their rights. One tab is drawn at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import streamlit as st

from webcare.console import quality_card, quality_coaching, quality_results, quality_review, safe
from webcare.console.acting import everything_is_drawn
from webcare.console.chrome import me_or_stop
from webcare.console.quality_parts import PLACE
from webcare.console.tongue import N_, _
from webcare.console.trouble import show_news
from webcare.domain import Actor
from webcare.people import Permission, may, require

_TAB = "quality_tab"


class _Tab(NamedTuple):
    title: str
    about: str
    show: Callable[[Actor], None]
    needs: Permission


_TABS: Mapping[str, _Tab] = {
    "review": _Tab(
        N_("To review"),
        N_(
            "A sample of the replies that went out: so many of each by chance, and those sent in spite of the guard or "
            "reported as a slip. You never get your own."
        ),
        quality_review.show,
        Permission.REVIEW_REPLIES,
    ),
    "results": _Tab(
        N_("Results"),
        N_("What reviews say of the desk. Scores help to learn; they rank nobody."),
        quality_results.show,
        Permission.REVIEW_REPLIES,
    ),
    "calibration": _Tab(
        N_("Calibration"),
        N_("Some replies are reviewed by two or more of you, unseen by each other: do you mean the same by a mark?"),
        quality_results.show_calibration,
        Permission.REVIEW_REPLIES,
    ),
    "mine": _Tab(
        N_("My replies"),
        N_("What reviewers say of your replies. Only you, your reviewers and your team lead see this."),
        quality_results.show_mine,
        Permission.SEE_CASES,
    ),
    "coaching": _Tab(
        N_("Coaching"),
        N_("Notes between you and one colleague. Nobody else reads them here or in an export, whatever their role."),
        quality_coaching.show,
        Permission.SEE_CASES,
    ),
    "card": _Tab(
        N_("Scorecard"),
        N_("The questions replies are reviewed by, and how the sample is drawn. What was reviewed stays as it was."),
        quality_card.show,
        Permission.EDIT_POLICIES,
    ),
}


def show() -> None:
    """Draw the tab named in the address, of those this person has."""
    me = me_or_stop()
    require(me, Permission.SEE_CASES)
    everything_is_drawn()
    mine = [key for key, tab in _TABS.items() if may(me, tab.needs)]
    wanted = st.query_params.get("tab", "")
    tab = wanted if wanted in mine else mine[0]
    if st.session_state.get(_TAB) != tab:
        st.session_state[_TAB] = tab
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        safe.draw(safe.el("h1", _("Quality"), cls="wc-page"), width="content")
        st.segmented_control(
            _("What to look at"), mine, format_func=lambda key: _(_TABS[key].title), required=True, key=_TAB,
            on_change=_turn, label_visibility="collapsed",
        )  # fmt: skip
    show_news(PLACE)
    safe.draw(safe.el("p", _(_TABS[tab].about), cls="wc-soft"))
    _TABS[tab].show(me)


def _turn() -> None:
    st.query_params["tab"] = st.session_state[_TAB]
