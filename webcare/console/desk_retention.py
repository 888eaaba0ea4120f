"""Tab of the desk: how long words of customers stay, and one person's data on their request."""

from __future__ import annotations

import json
from datetime import datetime

import streamlit as st
from sqlmodel import Session

from webcare import retention
from webcare.console import safe, words
from webcare.console.acting import change
from webcare.console.chrome import me_or_stop
from webcare.console.desk import desk, now
from webcare.console.desk_parts import PLACE, history, row
from webcare.console.tongue import _
from webcare.console.trouble import alert, attempt, say
from webcare.domain import Actor
from webcare.retention import Due, Person, Trace
from webcare.retention.due import in_force

_PUBLIC, _PRIVATE, _SEEN = "retention_public", "retention_private", "retention_seen"
_NETWORK, _WHO, _FOUND, _SURE = "erase_network", "erase_who", "erase_found", "erase_sure"


def show() -> None:
    """Draw the retention, then the search for one person."""
    _months()
    history("retention")
    safe.draw(safe.el("h2", _("One person")))
    safe.draw(
        safe.el(
            "p",
            _(
                "On a customer's request: everything the desk knows about them as a file, or erased on all networks "
                "they are linked on. Old posts of theirs do not come back."
            ),
            cls="wc-soft",
        )
    )
    _person()


def _months() -> None:
    if _PUBLIC not in st.session_state:
        with desk().store.read() as session:
            kept = in_force(session, at=now())
        st.session_state[_PUBLIC], st.session_state[_PRIVATE] = kept.public_months, kept.private_months
    with st.container(horizontal=True, vertical_alignment="bottom"):
        for key, title in ((_PUBLIC, _("Months for public cases")), (_PRIVATE, _("Months for private cases"))):
            st.number_input(
                safe.label(title), min_value=1, max_value=240, step=1, placeholder=_("never"), key=key, on_change=_unsee
            )
        st.button(_("Show what it would remove"), key="retention_look", on_click=_look)
    told = _("Recommended: {public} months for public cases, {private} for private conversations.")
    advice = retention.RECOMMENDED
    safe.draw(
        safe.el("p", told.format(public=advice["public_months"], private=advice["private_months"]), cls="wc-soft")
    )
    due: Due | None = st.session_state.get(_SEEN)
    if due is not None:
        alert("warn" if due.cases else "info", _what(due))
    st.button(_("Save the retention"), key="retention_save", type="primary", on_click=_save, disabled=due is None)


def _what(due: Due) -> str:
    dates = [f"{at:%Y-%m-%d}" for at in (due.public_before, due.private_before) if at is not None]
    if not dates:
        return _("Nothing would ever be removed.")
    told = _("This would remove {messages} messages of {cases} cases closed before {dates}, and go on every day.")
    return told.format(messages=due.messages, cases=due.cases, dates=" / ".join(dates))


def _value() -> dict[str, int]:
    asked = {"public_months": st.session_state.get(_PUBLIC), "private_months": st.session_state.get(_PRIVATE)}
    return {name: int(months) for name, months in asked.items() if months}


def _unsee() -> None:
    st.session_state.pop(_SEEN, None)


def _look() -> None:
    def verb(session: Session, by: Actor, moment: datetime) -> None:
        wanted = retention.read_retention(_value())
        st.session_state[_SEEN] = retention.look_ahead(session, wanted, by=by, now=moment)

    change(PLACE, verb)


def _save() -> None:
    def verb(session: Session, by: Actor, moment: datetime) -> None:
        retention.decide_retention(session, _value(), seen=st.session_state.get(_SEEN), by=by, now=moment)

    if change(PLACE, verb):
        say(PLACE, "good", _("Saved; what is due goes within the hour."))
    _unsee()


def _person() -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(
            _("Network"),
            list(words.CHANNELS),
            format_func=lambda code: words.word(words.CHANNELS, code),
            key=_NETWORK,
            on_change=_lose,
        )
        st.text_input(_("Handle or id of the author"), key=_WHO, max_chars=200, on_change=_lose)
        st.button(_("Look up"), key="erase_look", on_click=_find)
    person: Person | None = st.session_state.get(_FOUND)
    if person is None:
        return
    with desk().store.read() as session:
        found = retention.trace(session, person, by=me_or_stop())
    safe.draw(_known(found))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.download_button(
            _("Save all that is known as JSON"), _export, file_name="person.json", mime="application/json", key="export"
        )
        st.checkbox(_("Erase this person for good"), key=_SURE)
        st.button(_("Erase"), key="erase_do", type="primary", on_click=_erase, disabled=not st.session_state.get(_SURE))


def _known(found: Trace) -> safe.Html:
    head = row("th", _("Network"), _("Name"), _("Handle"), _("Id"))
    rows = [
        row("td", words.word(words.CHANNELS, one.channel), safe.name(one.name), safe.name(one.handle), one.external_id)
        for one in found.people
    ]
    told = _("{messages} messages in {cases} cases, {open} of them open; {notes} notes and {replies} replies.").format(
        messages=found.messages, cases=found.cases, open=found.open_cases, notes=found.notes, replies=found.replies
    )
    return safe.join((safe.el("table", head, *rows, cls="wc-table"), safe.el("p", told)))


def _lose() -> None:
    for key in (_FOUND, _SURE):
        st.session_state.pop(key, None)


def _find() -> None:
    _lose()

    def verb(session: Session, by: Actor, moment: datetime) -> None:
        found = retention.find_person(session, st.session_state[_NETWORK], st.session_state.get(_WHO, ""), by=by)
        if found is None:
            say(PLACE, "info", _("Nobody of this name or id wrote to us on this network."))
        st.session_state[_FOUND] = found

    change(PLACE, verb)


def _export() -> str:
    with desk().store.write() as session:
        known = retention.export_person(session, st.session_state[_FOUND], by=me_or_stop(), now=now())
    return json.dumps(known, ensure_ascii=False, indent=2)


def _erase() -> None:
    def do() -> None:
        gone = retention.erase_person(desk().store, st.session_state[_FOUND], by=me_or_stop(), now=now())
        told = _("Erased: {messages} messages in {cases} cases.")
        say(PLACE, "good", told.format(messages=gone.messages, cases=gone.cases))

    if attempt(PLACE, do):
        _lose()
