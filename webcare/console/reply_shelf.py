"""The shelf below the reply: saved replies, and answers given before to messages like this one.

Taking a text from the shelf puts it into the reply, where it is read, changed and checked like any other. Nothing here
sends. What was answered before is looked for once the page stands, never while somebody waits for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st
from sqlmodel import Session

from webcare.cases import suggesting
from webcare.cases.saved_replies import SavedReply, choose_language, fill, offered, values_for
from webcare.cases.suggesting import Suggested, Suggestion
from webcare.console import asking, chrome, reply_panel, safe, words
from webcare.console.acting import draw_everything_if_asked
from webcare.console.components import mount
from webcare.console.desk import desk, now
from webcare.console.tongue import N_, _
from webcare.console.trouble import attempt, show_news
from webcare.domain import Actor, CaseState, ReplyWay
from webcare.errors import WebcareError
from webcare.people import Permission, may
from webcare.store.queries import CaseView

PLACE = "shelf"
_OPEN, _FOUND = "shelf_open", "shelf_found"
_KINDS = {"saved": N_("Saved replies"), "suggested": N_("Suggestions")}
#: Saved replies shown at a time; whoever wants others searches.
_SHOWN = 12
_TITLE = 110
_PLACEHOLDER = re.compile(r"(\{[^\W\d_][\w -]{0,30}\})")
_MISSING = {
    "": N_("Nothing like this was answered in public before."),
    "no_encoder": N_("Suggestions rest: the part of the desk that finds like messages is not running. All else works."),
    "nothing_to_answer": N_("There is no message of the customer left to answer."),
}


@dataclass(frozen=True, slots=True)
class Shelf:
    """What the shelf of one case needs to draw itself again without the rest of the page."""

    case_id: int
    account_key: str
    language: str
    topic: str
    newest: int  #: id of the customer's newest message: another one asks for other suggestions

    @property
    def mark(self) -> str:
        """What the suggestions belong to."""
        return f"{self.case_id}-{self.newest}"


def show(view: CaseView, me: Actor) -> None:
    """Draw the shelf, closed at first, for those who write replies on a case that is not resolved."""
    case = view.case
    if not (may(me, Permission.SEND_REPLY) and may(me, Permission.WORK_CASES)) or case.state == CaseState.RESOLVED:
        return
    theirs = [post.id for post in view.mentions if not post.is_ours and post.deleted_at is None]
    shelf = Shelf(case.id, view.account.key, case.language, case.topic, theirs[-1] if theirs else 0)
    with st.container(key="wc_shelf", gap="xsmall"):
        st.fragment(_shelf)(shelf)


def _shelf(shelf: Shelf) -> None:
    draw_everything_if_asked()
    me = chrome.me_or_stop()
    chosen = st.segmented_control(
        _("Texts to answer with"),
        [kind for kind in _KINDS if me.suggestions or kind != "suggested"],
        format_func=lambda kind: _(_KINDS[kind]),
        key=_OPEN,
        label_visibility="collapsed",
    )
    show_news(PLACE)
    if chosen == "saved":
        _saved(shelf, me)
    elif chosen == "suggested":
        _suggested(shelf, me)


# --- saved replies ----------------------------------------------------------------------------------


def _saved(shelf: Shelf, me: Actor) -> None:
    query: str = st.session_state.get(_query(shelf), "")
    with desk().store.read() as session:
        found = offered(session, by=me, now=now(), words=query, topic=shelf.topic, language=shelf.language)
        values = _values(session, shelf, me)
    empty = _("No saved reply has these words.") if query else _("No saved replies yet. They are written on “Texts”.")
    more = len(found) - _SHOWN
    told = _("{count} more: search to find them.").format(count=more) if more > 0 else ""
    items = [_saved_item(one, shelf.language, values) for one in found[:_SHOWN]]
    search = {"search": _("Search the saved replies"), "query": query}
    _mount("saved", shelf, {**_words(_("Saved replies"), empty, told), **search, "items": items})


def _saved_item(saved: SavedReply, language: str, values: Mapping[str, str]) -> dict[str, Any]:
    return {
        "id": saved.id,
        "title": safe.line(saved.name),
        "topic": words.word(words.TOPICS, saved.topic) if saved.topic else "",
        "language": choose_language(saved.texts, language),
        "texts": [_text(code, fill(text, values)) for code, text in saved.texts.items()],
    }


def _take_saved(shelf: Shelf, wish: Mapping[str, Any]) -> None:
    me = chrome.me_or_stop()
    with desk().store.read() as session:
        found = {one.id: one for one in offered(session, by=me, now=now())}
        values = _values(session, shelf, me)
    saved = found.get(int(wish["id"]))
    text = saved.texts.get(str(wish["language"])) if saved is not None else None
    if text is None:
        raise WebcareError("This saved reply is not offered any more.")
    reply_panel.put_text(shelf.case_id, fill(text, values))


# --- suggestions ------------------------------------------------------------------------------------


def _suggested(shelf: Shelf, me: Actor) -> None:
    found = _found(shelf)
    if found is None:
        waiting = {**_words(_("Looking for answers to messages like this one …"), "", ""), "wait": True, "items": []}
        _mount("suggested", shelf, waiting)
        return
    with desk().store.read() as session:
        values = _values(session, shelf, me)
    empty = _(_MISSING[found.missing])
    told = _("From answers of your own team that stand in public. They are never sent by themselves.")
    items = [_suggested_item(one, values) for one in found.items]
    _mount("suggested", shelf, {**_words(_("Suggestions"), empty, told if items else ""), "items": items})


def _suggested_item(one: Suggestion, values: Mapping[str, str]) -> dict[str, Any]:
    told = _("{name} answered this on {network}, {time}").format(
        name=safe.line(one.author, limit=60),
        network=words.word(words.CHANNELS, one.channel),
        time=words.clock_time(one.answered_at, now=now()),
    )
    return {
        "id": one.delivery_id,
        "title": f"“{safe.line(one.question, limit=_TITLE)}”",
        "topic": "",
        "language": one.language,
        "texts": [_text(one.language, fill(one.text, values))],
        "source": told,
    }


def _take_suggested(shelf: Shelf, wish: Mapping[str, Any]) -> None:
    me = chrome.me_or_stop()
    found = _found(shelf) or Suggested()
    chosen = next((one for one in found.items if one.delivery_id == int(wish["id"])), None)
    if chosen is None:
        raise WebcareError("This suggestion is not there any more.")
    with desk().store.read() as session:
        values = _values(session, shelf, me)
    reply_panel.put_text(shelf.case_id, fill(chosen.text, values))


def _found(shelf: Shelf) -> Suggested | None:
    mark, found = st.session_state.get(_FOUND, ("", None))
    return found if mark == shelf.mark else None


def _look(shelf: Shelf) -> None:
    """The browser stands and asks for the suggestions; what it asked for long ago is not looked for."""
    if _asked("suggested", "load") == shelf.mark:
        attempt(PLACE, lambda: _look_for(shelf))


def _look_for(shelf: Shelf) -> None:
    here = desk()
    brand = here.brand_name(shelf.account_key)
    found = suggesting.suggestions(
        here.store,
        here.nearest,
        here.learned,
        shelf.case_id,
        by=chrome.me_or_stop(),
        accounts=[key for key in here.settings.accounts if here.brand_name(key) == brand],
        reviewer=here.reviewer,
    )
    st.session_state[_FOUND] = (shelf.mark, found)


# --- both -------------------------------------------------------------------------------------------


def _mount(kind: str, shelf: Shelf, data: Mapping[str, Any]) -> None:
    take = _take_saved if kind == "saved" else _take_suggested
    mount.shelf()(
        key=_key(kind),
        data={"mark": shelf.mark, **data},
        on_insert_change=lambda: _take(kind, shelf, take),
        on_search_change=lambda: _search(shelf),
        on_load_change=lambda: _look(shelf),
    )


def _take(kind: str, shelf: Shelf, take: Callable[[Shelf, Mapping[str, Any]], None]) -> None:
    wish = _asked(kind, "insert")
    if isinstance(wish, Mapping):
        attempt(PLACE, lambda: take(shelf, wish))


def _search(shelf: Shelf) -> None:
    st.session_state[_query(shelf)] = str(_asked("saved", "search") or "")[:200]


def _words(title: str, empty: str, foot: str) -> dict[str, str]:
    return {"title": title, "empty": empty, "foot": foot, "insert": _("Insert")}


def _text(code: str, text: str) -> dict[str, Any]:
    """A text in one language, cut where its placeholders are."""
    pieces = [[piece, bool(_PLACEHOLDER.fullmatch(piece))] for piece in _PLACEHOLDER.split(safe.clean(text)) if piece]
    return {"code": code, "name": words.word(words.LANGUAGES, code), "pieces": pieces}


def _values(session: Session, shelf: Shelf, me: Actor) -> dict[str, str]:
    private = st.session_state.get(asking.key_of(shelf.case_id)) == ReplyWay.PRIVATE
    numbers = desk().brand_of(shelf.account_key).profile.order_numbers
    return values_for(session, shelf.case_id, by=me, private=private, order_numbers=numbers)


def _asked(kind: str, name: str) -> Any:
    """What the browser asked for with a trigger of the component."""
    return st.session_state[_key(kind)].get(name)


def _key(kind: str) -> str:
    return f"shelf_{kind}"


def _query(shelf: Shelf) -> str:
    return f"shelf_words_{shelf.case_id}"
