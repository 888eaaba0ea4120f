"""Tab of the desk: queues of its own."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import streamlit as st
from sqlmodel import Session

from webcare import deciding
from webcare.console import own_queues, safe, words
from webcare.console.acting import change
from webcare.console.desk import desk, now
from webcare.console.desk_parts import PLACE, history, row
from webcare.console.tongue import TONGUES, _
from webcare.console.trouble import say
from webcare.domain import Actor, Line
from webcare.routing_rules import Queue

_WHICH, _NAME, _LINE = "queue_which", "queue_name", "queue_line"
_NEW = ""


def show() -> None:
    """Draw the queues there are, and the form for one."""
    own = _own()
    head = row("th", _("Queue"), _("Title"), _("Line"))
    built_in = [row("td", name, _(title), _("every desk has it")) for name, title in words.QUEUES.items()]
    rows = [row("td", one.name, _titles(one), words.word(words.LINES, one.line.value)) for one in own]
    safe.draw(safe.el("table", head, *built_in, *rows, cls="wc-table"))
    names = [_NEW, *(one.name for one in own)]
    st.selectbox(
        _("Queue"),
        names,
        format_func=lambda name: safe.line(name) if name else _("A new queue"),
        key=_WHICH,
        on_change=_bring,
    )
    if st.session_state[_WHICH] == _NEW:
        st.text_input(
            _("Name"),
            key=_NAME,
            max_chars=31,
            placeholder=_("small letters, digits and _"),
            help=_("It stays for ever."),
        )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        for code, name in TONGUES.items():
            st.text_input(_("Title in {language}").format(language=safe.label(name)), key=_title(code), max_chars=40)
    st.segmented_control(
        _("Whose it is"),
        [line.value for line in Line],
        format_func=lambda line: words.word(words.LINES, line),
        default=Line.FIRST_LINE.value,
        required=True,
        key=_LINE,
    )
    with st.container(horizontal=True, gap="small"):
        st.button(_("Save the queue"), key="queue_save", type="primary", on_click=_save)
        if st.session_state[_WHICH] != _NEW:
            st.button(_("Take the queue away"), key="queue_delete", type="tertiary", on_click=_delete)
    history("queues")


def _own() -> tuple[Queue, ...]:
    with desk().store.read() as session:
        return deciding.own_queues(session, at=now())


def _titles(one: Queue) -> str:
    return safe.line(" · ".join(f"{code}: {title}" for code, title in sorted(one.titles.items())))


def _title(code: str) -> str:
    return f"queue_title_{code}"


def _bring() -> None:
    found = next((one for one in _own() if one.name == st.session_state[_WHICH]), None)
    for code in TONGUES:
        st.session_state[_title(code)] = found.titles.get(code, "") if found else ""
    st.session_state[_LINE] = found.line.value if found else Line.FIRST_LINE.value


def _save() -> None:
    name = st.session_state[_WHICH] or st.session_state.get(_NAME, "").strip()
    titles = {code: st.session_state.get(_title(code), "").strip() for code in TONGUES}
    made = {"name": name, "titles": {code: title for code, title in titles.items() if title}}
    others = [_kept(one) for one in _own() if one.name != st.session_state[_WHICH]]
    if _decide([*others, made | {"line": st.session_state[_LINE]}]):
        say(PLACE, "good", _("Saved; rules can send cases there now."))
        _forget()


def _delete() -> None:
    gone = st.session_state[_WHICH]
    if _decide([_kept(one) for one in _own() if one.name != gone]):
        say(PLACE, "good", _("The queue is taken away."))
        _forget()


def _decide(queues: list[dict[str, Any]]) -> bool:
    def verb(session: Session, by: Actor, moment: datetime) -> None:
        deciding.decide_queues(session, {"queues": queues}, by=by, now=moment)

    return change(PLACE, verb)


def _kept(one: Queue) -> dict[str, Any]:
    return {"name": one.name, "titles": dict(one.titles), "line": one.line.value}


def _forget() -> None:
    own_queues.look_again()
    st.session_state[_WHICH] = _NEW
    st.session_state.pop(_NAME, None)
    _bring()
