"""Under each account on the page of channels: new access, entered once and never shown, and pausing it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import streamlit as st
from sqlmodel import Session

from webcare.channels import channel_class
from webcare.console import safe
from webcare.console.acting import act, draw_everything_next
from webcare.console.chrome import me_or_stop
from webcare.console.desk import desk
from webcare.console.tongue import N_, _, refusal
from webcare.console.trouble import alert, attempt, say
from webcare.deciding.access import pause_account, resume_account
from webcare.domain import Actor
from webcare.errors import WebcareError
from webcare.people import Permission, may
from webcare.reports import AccountHealth

PLACE = "channels"
_OPEN = "access_open"
#: What networks call their secrets, for people.
_SECRETS: Mapping[str, str] = {
    "access_token": N_("Access token"),
    "access_token_secret": N_("Access token secret"),
    "api_key": N_("API key"),
    "api_secret": N_("API secret"),
    "app_secret": N_("App secret"),
    "page_token": N_("Page token"),
    "app_password": N_("App password"),
}


def show(account: AccountHealth) -> None:
    """The buttons of one account, and its form once somebody asked for it; nothing for those who may not."""
    if not may(me_or_stop(), Permission.MANAGE_ACCOUNTS) or account.key not in desk().settings.accounts:
        return
    with st.container(horizontal=True, gap="small"):
        st.button(_("Re-authorise"), key=f"access_{account.key}", on_click=_open, args=(account.key,))
        paused = account.paused_at is not None
        label = _("Resume") if paused else _("Pause")
        st.button(safe.label(label), key=f"pause_{account.key}", on_click=_pause, args=(account.key, paused))
    if st.session_state.get(_OPEN) == account.key:
        _form(account)


def _form(account: AccountHealth) -> None:
    try:
        names = channel_class(account.channel).secret_names
    except WebcareError as error:
        alert("bad", refusal(error))
        return
    told = _(
        "What you enter is tried on the network first, then kept sealed; it is never shown again. "
        "Leave a field empty to keep what it has."
    )
    with st.form(f"access_form_{account.key}", clear_on_submit=True, border=True):
        safe.draw(safe.el("p", told, cls="wc-soft"))
        for name in names:
            title = _(_SECRETS[name]) if name in _SECRETS else name.replace("_", " ")
            st.text_input(
                safe.label(title), type="password", key=_field(account.key, name), autocomplete="off", max_chars=5_000
            )
        with st.container(horizontal=True, gap="small"):
            st.form_submit_button(
                _("Try it and keep it"),
                type="primary",
                key=f"renew_{account.key}",
                on_click=_renew,
                args=(account.key, names),
            )
            st.form_submit_button(_("Leave it"), key=f"leave_{account.key}", on_click=_close)


def _field(key: str, name: str) -> str:
    return f"secret_{key}_{name}"


def _open(key: str) -> None:
    st.session_state[_OPEN] = None if st.session_state.get(_OPEN) == key else key
    draw_everything_next()


def _close() -> None:
    st.session_state.pop(_OPEN, None)
    draw_everything_next()


def _renew(key: str, names: tuple[str, ...]) -> None:
    # Taken out of the session at once: what was entered stays nowhere but in the database, sealed.
    given = {name: str(st.session_state.pop(_field(key, name), "") or "") for name in names}

    def do() -> None:
        health = desk().renew_access(key, given, by=me_or_stop())
        until = health.token_expires_at
        lasts = _("It lasts until {day}.").format(day=f"{until:%Y-%m-%d}") if until else _("It does not end.")
        say(PLACE, "good", f"{_('The network takes the new access; collecting goes on where it stopped.')} {lasts}")

    if attempt(PLACE, do):
        st.session_state.pop(_OPEN, None)
    draw_everything_next()


def _pause(key: str, paused: bool) -> None:
    def verb(session: Session, by: Actor, moment: datetime) -> None:
        (resume_account if paused else pause_account)(session, key, by=by, now=moment)

    act(PLACE, verb)
