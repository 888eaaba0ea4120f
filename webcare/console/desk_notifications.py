"""Tab of the desk: who is told of what, and what did not arrive."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import streamlit as st
from sqlmodel import Session

from webcare import alerting
from webcare.alerting import DeadLetter
from webcare.alerting.rules import NoticeRule
from webcare.console import desk_notices, safe, tongue, words
from webcare.console.acting import act
from webcare.console.chrome import me_or_stop
from webcare.console.desk import desk, now, zone
from webcare.console.desk_parts import PLACE, row
from webcare.console.notify_words import ERRORS
from webcare.console.tongue import _
from webcare.console.trouble import say
from webcare.domain import Actor
from webcare.languages import Speech

_LETTER = "letters_one"


def show() -> None:
    """Draw who is told of what, then what did not arrive."""
    _standing()
    desk_notices.show()
    safe.draw(safe.el("h2", _("Did not arrive"), cls="wc-part"))
    with desk().store.read() as session:
        letters = alerting.dead_letters(session, by=me_or_stop(), speech=Speech(tongue.speaking(), zone()))
    if not letters:
        safe.draw(safe.el("p", _("Everything that was sent arrived."), cls="wc-soft"))
        return
    _letters(letters)
    _settling(letters)


def _standing() -> None:
    """What counts now, and what the settings file has to say."""
    rows = [
        row("td", title, desk_notices.names(rule.kinds) or "–", _quiet(rule), desk_notices.names(rule.loud) or "–")
        for title, rule in desk_notices.rules_now().values()
    ]
    head = row("th", _("Who"), _("Is told of"), _("Quiet"), _("Does not wait"))
    safe.draw(safe.el("table", head, *rows, cls="wc-table"))
    settings = desk().settings.notifications
    if not settings.places:
        told = _("No webhook, Slack or Teams is set up in the settings file; people get mail as they choose.")
        safe.draw(safe.el("p", told, cls="wc-soft"))
    if not settings.address:
        told = _("Messages hold no link: the settings file does not say where browsers find the desk.")
        safe.draw(safe.el("p", told, cls="wc-alert wc-info"))


def _quiet(rule: NoticeRule) -> str:
    if rule.quiet_from == rule.quiet_until:
        return _("never")
    return f"{rule.quiet_from}–{rule.quiet_until}"


def _letters(letters: list[DeadLetter]) -> None:
    moment = now()
    head = row("th", _("When"), _("Message"), _("To"), _("What happened"))
    rows = [
        row(
            "td",
            words.clock_time(one.created_at, now=moment),
            safe.line(one.subject, limit=120),
            safe.name(one.to),
            words.word(ERRORS, one.error),
        )
        for one in letters
    ]
    safe.draw(safe.el("table", head, *rows, cls="wc-table"))


def _settling(letters: list[DeadLetter]) -> None:
    names = {one.id: f"{one.subject} · {one.to}" for one in letters}
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.selectbox(
            _("Message"),
            list(names),
            format_func=lambda letter: safe.line(names.get(letter, ""), limit=100),
            key=_LETTER,
            width=420,
        )
        st.button(_("Send again"), key="letters_again", on_click=act, args=(PLACE, _settled(alerting.send_again)))
        st.button(_("Let go"), key="letters_drop", on_click=act, args=(PLACE, _settled(alerting.drop)))


def _settled(verb: Callable[..., None]) -> Callable[[Session, Actor, datetime], None]:
    def go(session: Session, by: Actor, moment: datetime) -> None:
        verb(session, st.session_state[_LETTER], by=by, now=moment)
        say(PLACE, "good", _("Done."))

    return go
