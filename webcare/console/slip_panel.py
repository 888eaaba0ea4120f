"""Saying that a reply which went out should have been held, from the case it belongs to."""

from __future__ import annotations

import streamlit as st

from webcare import cases
from webcare.console import chrome, menus, safe
from webcare.console.acting import draw_everything_next
from webcare.console.desk import desk, now
from webcare.console.tongue import _
from webcare.console.trouble import attempt, say, show_news
from webcare.domain import DeliveryState
from webcare.store.queries import CaseView

PLACE = "slips"
#: Replies to choose from, the newest ones.
_CHOICE = 20


def show(view: CaseView) -> None:
    """Draw the form, where a reply of this case stands in public."""
    sent = {one.id: one.text for one in reversed(view.deliveries) if one.state == DeliveryState.SENT}
    show_news(PLACE)
    if not sent:
        return
    case_id = view.case.id
    with menus.folded(_("This should have been held"), key=f"slip_{case_id}") as is_made:
        if not is_made:
            return
        safe.draw(
            safe.el(
                "p",
                _(
                    "Tell the guard what it let pass. Names and numbers are taken out, and the reply becomes a case "
                    "that the guard's rules must hold from then on."
                ),
                cls="wc-soft",
            )
        )
        st.selectbox(
            _("Reply"),
            list(sent)[:_CHOICE],
            format_func=lambda id_: safe.line(sent[id_], limit=80),
            key=f"slip_of_{case_id}",
        )
        st.text_input(_("What should have been held, and why"), key=f"slip_why_{case_id}", max_chars=500)
        st.button(_("Report it"), key=f"slip_report_{case_id}", on_click=_report, args=(case_id,))


def _report(case_id: int) -> None:
    delivery_id, why = st.session_state[f"slip_of_{case_id}"], st.session_state.get(f"slip_why_{case_id}", "")

    def report() -> None:
        slip = cases.report_slip(
            desk().store,
            delivery_id,
            words=why,
            by=chrome.me_or_stop(),
            now=now(),
            folder=desk().slips_dir,
            reviewer=desk().reviewer,
        )
        st.session_state[f"slip_why_{case_id}"] = ""
        told = _("The guard holds it by now, and must go on to.") if slip.held_now else _("Nothing holds it yet.")
        say(PLACE, "good", f"{_('Reported.')} {told}")

    attempt(PLACE, report)
    draw_everything_next()
