"""What somebody types, kept on the server as they type it: the text box of a reply or a note, and versions beside it.

The text in the box is the only text. It is handed over at most about once a second, compared with what stands in the
database, and never overwrites words that another window kept meanwhile: those and these are both kept, and offered.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Literal

import streamlit as st
from sqlmodel import Session
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.state.common import user_key_from_element_id
from streamlit.runtime.state.session_state import Serialized

from webcare import cases
from webcare.cases import presence
from webcare.cases.drafts import (
    Drafts,
    Version,
    all_drafts,
    choose_way,
    drafts_of,
    drop_version,
    has_left,
    set_aside,
    take_up,
    way_of,
)
from webcare.console import safe, words
from webcare.console.acting import act, change
from webcare.console.components import mount
from webcare.console.desk import desk, now, once, person
from webcare.console.tongue import N_, _
from webcare.console.trouble import say
from webcare.domain import Actor, ReplyWay

Kind = Literal["reply", "note"]

#: Where sentences about a box are shown: under it, so that they never move it.
PLACES: Mapping[Kind, str] = {"reply": "reply_typing", "note": "notes_typing"}
_WINDOW = "window"
_FOUND = N_("What you typed before the connection broke is back.")
#: A browser that holds what was sent a moment ago was refreshed before it heard of it.
_JUST_LEFT = timedelta(minutes=10)
#: Versions shown with buttons; older ones show once these are dealt with.
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Box:
    """One text box of one case."""

    case_id: int
    kind: Kind

    @property
    def key(self) -> str:
        """The key of the text box, by which the browser finds it too."""
        return f"{self.kind}_{self.case_id}"

    @property
    def place(self) -> str:
        """Where sentences about it are shown."""
        return PLACES[self.kind]


def text_in(box: Box) -> str:
    """What stands in the box, as last handed over."""
    return st.session_state.get(box.key) or ""


def start(box: Box, me: Actor) -> None:
    """Before the whole page is drawn: fill the box with what is kept, and know what is kept.

    A browser that comes back to a server that was started anew has a box already, maybe with words that never arrived.
    It keeps them: filled with the older text, the box would take whatever is typed next for a continuation of that.
    """
    stored = _stored(box, me).text
    held = st.session_state.get(box.key, _held_by_browser(box.key))
    if held is None:
        st.session_state[box.key] = stored
    if held in (None, stored):
        _know(box, stored)
    elif box.key not in st.session_state:
        st.session_state[_kept(box)], st.session_state[_held(box)] = stored, True


def keep(box: Box) -> None:
    """Keep what stands in the box; what another window kept meanwhile stays the draft, and this is set aside."""
    text, seen = text_in(box), st.session_state.get(_seen(box), "")
    is_draft: list[bool] = []

    def save(session: Session, me: Actor, moment: datetime) -> None:
        is_draft.append(
            cases.save_draft(
                session, box.case_id, kind=box.kind, text=text, by=me, now=moment, seen=seen, window=window()
            )
        )
        presence.look(session, box.case_id, by=me, now=moment, typing=box.kind if text.strip() else "")

    if change(box.place, save):
        _know(box, text if is_draft[-1] else seen, kept=text)


def put(box: Box, text: str) -> None:
    """Put a text into the box and keep it; what stood there is set aside unless the text goes on with it.

    Only from a widget's callback: a box that is drawn already cannot be changed.
    """
    typed = text_in(box)
    if typed.strip() and not text.startswith(typed):
        put_aside(box, typed)
    _replace(box, text)
    keep(box)


def put_aside(box: Box, text: str) -> None:
    """Keep a text beside the box, to be taken up again."""
    change(
        box.place,
        lambda session, me, moment: set_aside(session, box.case_id, kind=box.kind, text=text, by=me, now=moment),
    )


def correct(box: Box, text: str) -> None:
    """Put a corrected text into the box in place of what stands there."""
    _replace(box, text)
    keep(box)


def empty(box: Box) -> None:
    """The text became a reply or a note: the box is empty, and nothing is kept of it."""
    _replace(box, "")
    _know(box, "")


def read_again(box: Box, me: Actor) -> None:
    """Fill an empty box with what is kept by now, after something gave a text back. Only from a callback."""
    if not text_in(box).strip():
        _replace(box, _stored(box, me).text)
        _know(box, text_in(box))


def start_way(case_id: int, me: Actor, key: str) -> None:
    """Before the switch with that key is drawn: who was to read the text, if this window does not know."""
    if key not in st.session_state:
        read_way_again(case_id, me, key)


def read_way_again(case_id: int, me: Actor, key: str) -> None:
    """Set the switch with that key to who is to read the text that is kept by now. Only before it is drawn."""
    way = way_of(_all(case_id, me))
    if way is not None:
        st.session_state[key] = way.value


def keep_way(case_id: int, key: str) -> None:
    """Keep who is to read the text, as the switch with that key says."""
    way = ReplyWay(st.session_state[key])
    change(PLACES["reply"], lambda session, me, moment: choose_way(session, case_id, way=way, by=me, now=moment))


def focus(box: Box, target: str = "") -> None:
    """Have the browser put the cursor into the box, or onto the element with that key, once it is drawn."""
    st.session_state[f"focus_{box.key}"] = {"key": target or box.key, "mark": secrets.token_hex(4)}


def window() -> str:
    """This browser window's name among those of the same person."""
    return str(st.session_state.setdefault(_WINDOW, secrets.token_hex(4)))


def listen(box: Box, me: Actor, *, send: str = "", give_up: str = "") -> None:
    """Hand the box over as somebody types. `send` and `give_up` are keys of the buttons for Ctrl+Enter and Escape."""
    name = f"typed_{box.key}"
    mount.as_typed()(
        key=name,
        data={
            "key": box.key,
            "person": me.id,
            "window": window(),
            "saved": st.session_state.get(_kept(box), ""),
            "found": st.session_state.get(f"found_{box.key}", ""),
            "send": send,
            "give_up": give_up,
            "focus": st.session_state.get(f"focus_{box.key}"),
            "replaced": st.session_state.get(_wish(box)),
            "kept": _("Draft kept"),
        },
        on_found_change=partial(_found, box, name),
        on_pasted_change=partial(_pasted, box, name),
        on_untold_change=partial(_untold, box, name),
    )


def pasted(box: Box) -> str:
    """What was last pasted into the box; empty for nothing."""
    return str(st.session_state.get(f"pasted_{box.key}", ""))


def show_versions(box: Box, me: Actor) -> None:
    """Draw what was set aside, with a way back to each and a way to be rid of it. Moves nothing above it."""
    stored = _stored(box, me)
    typed = text_in(box).strip()
    if stored.text.strip() not in ("", typed) and stored.text != st.session_state.get(_seen(box)):
        _newer(box, stored.text)
    for version in stored.others[:_SHOWN]:
        if version.text.strip() != typed:
            _version(box, version)


def _newer(box: Box, text: str) -> None:
    """Another window of the same person kept something since: both are kept, and one is chosen."""
    told = _("You wrote this in another window meanwhile. Both texts are kept.")
    safe.draw(safe.el("div", safe.el("strong", told), safe.said(text), cls="wc-version", role="status"))
    with st.container(horizontal=True, gap="xsmall"):
        st.button(_("Use the other text"), key=f"newer_{box.key}", on_click=_use_newer, args=(box,))
        st.button(_("Go on with mine"), key=f"mine_{box.key}", on_click=_go_on, args=(box,))


def _version(box: Box, version: Version) -> None:
    when = words.clock_time(version.at, now=now())
    told = _("Another version of this text is kept, from {time}:").format(time=when)
    safe.draw(
        safe.el("div", safe.el("strong", told), safe.said(version.text), cls="wc-version", role="status"),
    )
    with st.container(horizontal=True, gap="xsmall"):
        st.button(_("Use that version"), key=f"use_{version.id}", on_click=_use, args=(box, version.id))
        st.button(
            _("Throw it away"),
            key=f"drop_{version.id}",
            type="tertiary",
            on_click=act,
            args=(box.place, _drop(version.id)),
        )


def _use_newer(box: Box) -> None:
    me = person()
    if me is None:
        return
    keep(box)
    _replace(box, _stored(box, me).text)
    _know(box, text_in(box))
    focus(box)


def _go_on(box: Box) -> None:
    me = person()
    if me is None:
        return
    put_aside(box, _stored(box, me).text)
    st.session_state[_seen(box)] = _stored(box, me).text
    keep(box)
    focus(box)


def _use(box: Box, version_id: int) -> None:
    typed, taken = text_in(box), list[str]()

    def take(session: Session, me: Actor, moment: datetime) -> None:
        taken.append(take_up(session, version_id, instead_of=typed, by=me, now=moment))

    if change(box.place, take):
        _replace(box, taken[-1])
        _know(box, taken[-1])
        focus(box)


def _drop(version_id: int) -> Any:
    return lambda session, me, moment: drop_version(session, version_id, by=me)


def _found(box: Box, name: str) -> None:
    """The browser still has words that never arrived: before a refresh, a crash of ours, or an ended sign-in."""
    got = st.session_state[name].get("found")
    if not isinstance(got, dict):
        return
    text, known = str(got.get("text", "")), [str(one) for one in got.get("seen") or [""]]
    is_draft: list[bool] = []

    def save(session: Session, me: Actor, moment: datetime) -> None:
        if has_left(session, box.case_id, kind=box.kind, text=text, by=me, since=moment - _JUST_LEFT):
            is_draft.append(False)
            return
        stands = drafts_of(session, box.case_id, kind=box.kind, by=me).text
        seen = stands if stands in known else known[0]
        is_draft.append(
            cases.save_draft(
                session, box.case_id, kind=box.kind, text=text, by=me, now=moment, seen=seen, window=window()
            )
        )

    if not change(box.place, save):
        return
    st.session_state[f"found_{box.key}"] = text
    if is_draft[-1]:
        # A box that kept its words may have more of them by now.
        if not st.session_state.get(_held(box)):
            _replace(box, text)
        _know(box, text)
        say(box.place, "info", _(_FOUND))


def _pasted(box: Box, name: str) -> None:
    got = st.session_state[name].get("pasted")
    if isinstance(got, str):
        st.session_state[f"pasted_{box.key}"] = got


def _untold(box: Box, name: str) -> None:
    """The browser still shows what was replaced: by now it may have been taken for typed, and is replaced again."""
    wish = st.session_state.get(_wish(box))
    if wish is None or st.session_state[name].get("untold") != wish["mark"]:
        return
    if text_in(box) in (wish["was"], wish["by"]):
        _wish_for(box, was=wish["was"], by=wish["by"])
        keep(box)


def _stored(box: Box, me: Actor) -> Drafts:
    return _all(box.case_id, me).get(box.kind, Drafts())


def _all(case_id: int, me: Actor) -> Mapping[str, Drafts]:
    def read() -> Mapping[str, Drafts]:
        with desk().store.read() as session:
            return all_drafts(session, case_id, by=me)

    return once(f"drafts {case_id} {me.id}", read)


def _replace(box: Box, text: str) -> None:
    """Change what stands in a box that is drawn already, and have the browser say so if it was not told.

    What is on its way when a connection breaks is lost. The run after it believes that the browser has the text, and
    the box would go on with the old one: with a reply that was sent already.
    """
    _wish_for(box, was=text_in(box), by=text)


def _wish_for(box: Box, *, was: str, by: str) -> None:
    st.session_state[_wish(box)] = {"mark": secrets.token_hex(4), "was": was, "by": by}
    st.session_state[box.key] = by


def _know(box: Box, seen: str, *, kept: str | None = None) -> None:
    """Remember the draft as this window knows it, and what of this window is kept."""
    st.session_state[_seen(box)] = seen
    st.session_state[_kept(box)] = seen if kept is None else kept


def _seen(box: Box) -> str:
    return f"seen_{box.key}"


def _kept(box: Box) -> str:
    return f"kept_{box.key}"


def _wish(box: Box) -> str:
    return f"replaced_{box.key}"


def _held(box: Box) -> str:
    return f"held_{box.key}"


def _held_by_browser(key: str) -> str | None:
    """What a reconnecting browser has in the text box with that key; None where it has no such box.

    Streamlit shows it to a page only once the box is drawn (1.67, `WStates.__getitem__`).
    """
    context = get_script_run_ctx()
    if context is None:
        return None
    for element, state in context.session_state._state._new_widget_state.states.items():
        if isinstance(state, Serialized) and user_key_from_element_id(element) == key:
            return str(state.value.string_value)
    return None
