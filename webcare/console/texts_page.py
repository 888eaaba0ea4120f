"""The page of saved replies: one list, and an editor that says while somebody writes what the guard would say.

Those that are not offered any more (expired, owner gone) stand in the list with the reason, the reader's own first.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time
from typing import Any

import streamlit as st
from sqlmodel import Session

from webcare.cases import saved_files
from webcare.cases.saved_replies import LANGUAGES, SavedReply, Wanted, all_saved, delete_saved, matches, save, versions
from webcare.console import safe, texts_check, words
from webcare.console.acting import draw_everything_if_asked, draw_everything_next
from webcare.console.chrome import me_or_stop
from webcare.console.components import mount
from webcare.console.desk import desk, now, zone
from webcare.console.tongue import N_, _, counted, day_format
from webcare.console.trouble import attempt, hush, keep_showing, say
from webcare.domain import Actor, Topic
from webcare.errors import WebcareError
from webcare.people import Permission, colleagues, may, require

PLACE = "texts"
_CHOSEN, _SHOWN, _VERSION, _QUERY = "texts_chosen", "texts_shown", "texts_version", "texts_words"
_NAME, _TOPIC, _OWNER, _EXPIRES, _LANGUAGE = (
    "texts_name", "texts_topic", "texts_owner", "texts_expires", "texts_language",
)  # fmt: skip
_FILE, _CAMPAIGN = "texts_file", "texts_campaign"
#: Rows of the list; whoever has more searches.
_ROWS = 200
#: Changes told below the editor.
_CHANGES = 6
_EXCERPT = 120
#: Bytes of a file of saved replies.
_LARGEST = 1_000_000
_PROBLEMS = {"expired": N_("Expired"), "ownerless": N_("Owner has left"), "frozen": N_("Held: an incident is open")}
_DID = {
    "saved_reply_added": N_("added"),
    "saved_reply_changed": N_("changed"),
    "saved_reply_deleted": N_("deleted"),
}
_PARTS = {
    "name": N_("name"),
    "topic": N_("topic"),
    "owner": N_("owner"),
    "expires_at": N_("expiry"),
    "campaign": N_("campaign"),
}


def show() -> None:
    """Draw the page; raises NotAllowed for those who neither use nor write saved replies."""
    me = me_or_stop()
    if not may(me, Permission.EDIT_TEXTS):
        require(me, Permission.WORK_CASES)
    st.fragment(_page)()


def _page() -> None:
    draw_everything_if_asked()
    me = me_or_stop()
    with desk().store.read() as session:
        saved = all_saved(session, by=me, now=now())
        people = colleagues(session)
    left, right = st.columns([1, 1.25], gap="large")
    with left:
        _list(saved, me)
        if may(me, Permission.EDIT_TEXTS):
            _files(saved)
    with right:
        if may(me, Permission.EDIT_TEXTS):
            _editor(saved, people, me)
        else:
            told = _("You can use these texts on a case. The first line and team leads write them.")
            safe.draw(safe.el("p", told, cls="wc-soft"))


# --- the list ---------------------------------------------------------------------------------------


def _list(saved: tuple[SavedReply, ...], me: Actor) -> None:
    query: str = st.session_state.get(_QUERY, "")
    found = sorted((one for one in saved if matches(one, query)), key=lambda one: _rank(one, me))
    mine = sum(1 for one in saved if one.problem not in ("", "frozen") and one.owner_id == me.id)
    told = counted(
        "{count} text of yours is not offered any more.", "{count} texts of yours are not offered any more.", mine
    )
    empty = _("No saved reply has these words.") if query else _("No saved replies yet. Write the first one here.")
    mount.text_list()(
        key="texts_list",
        data={
            "title": _("Saved replies"),
            "search": _("Search the saved replies"),
            "query": query,
            "add": _("New text") if may(me, Permission.EDIT_TEXTS) else "",
            "told": told if mine else "",
            "empty": empty,
            "chosen": st.session_state.get(_CHOSEN, 0),
            "items": [_row(one, me) for one in found[:_ROWS]],
        },
        on_open_change=_open,
        on_search_change=_search,
    )


def _rank(one: SavedReply, me: Actor) -> tuple[bool, str]:
    return not (one.problem and one.owner_id == me.id), one.name.casefold()


def _row(one: SavedReply, me: Actor) -> dict[str, Any]:
    text = next(iter(one.texts.values()), "")
    problem = _(_PROBLEMS[one.problem]) if one.problem else ""
    owner = _("you") if one.owner_id == me.id else safe.line(one.owner_name, limit=40)
    return {
        "id": one.id,
        "name": safe.line(one.name),
        "topic": words.word(words.TOPICS, one.topic) if one.topic else "",
        "problem": problem,
        "languages": [code.upper() for code in one.texts],
        "excerpt": safe.line(text, limit=_EXCERPT),
        "owner": owner + (f", {_until(one)}" if one.expires_at else ""),
    }


def _until(one: SavedReply) -> str:
    assert one.expires_at is not None
    return _("until {day}").format(day=words.long_day(one.expires_at.astimezone(zone()).date()))


def _open() -> None:
    wish = st.session_state["texts_list"].get("open")
    if isinstance(wish, int):
        st.session_state[_CHOSEN] = wish
        hush(PLACE)
        _forget()


def _search() -> None:
    st.session_state[_QUERY] = str(st.session_state["texts_list"].get("search") or "")[:200]


# --- the editor -------------------------------------------------------------------------------------


def _editor(saved: tuple[SavedReply, ...], people: list[Actor], me: Actor) -> None:
    chosen = next((one for one in saved if one.id == st.session_state.get(_CHOSEN)), None)
    _bring(chosen, me)
    safe.draw(safe.el("h2", safe.line(chosen.name) if chosen else _("New text"), cls="wc-text-name"))
    keep_showing(PLACE)
    names = {person.id: safe.label(person.name) for person in people}
    st.text_input(_("Name"), key=_NAME, max_chars=80)
    with st.container(horizontal=True, gap="small"):
        st.selectbox(_("Topic"), ["", *Topic], format_func=_topic, key=_TOPIC)
        st.selectbox(_("Owner"), _owners(chosen, names), format_func=lambda id_: names.get(id_, "–"), key=_OWNER)
        st.date_input(_("Expires on"), key=_EXPIRES, format=day_format(), value=None)
    st.checkbox(
        _("Part of a campaign"), key=_CAMPAIGN, help=_("Nobody is offered such a text while an incident is open.")
    )
    st.segmented_control(
        _("Language"),
        list(LANGUAGES),
        key=_LANGUAGE,
        required=True,
        format_func=_language,
        label_visibility="collapsed",
    )
    language: str = st.session_state[_LANGUAGE]
    for code in LANGUAGES:
        # The boxes of the other languages are not drawn, but what was typed there stays.
        st.session_state[_box(code)] = st.session_state.get(_box(code), "")
    st.text_area(
        _("The text"),
        key=_box(language),
        height=170,
        label_visibility="collapsed",
        placeholder=_("Hi {name}, … Placeholders in braces are filled from the case, or by whoever answers."),
    )
    texts_check.show(st.session_state[_box(language)], language, me)
    _buttons(chosen)
    if chosen:
        _history(chosen, me)


def _owners(chosen: SavedReply | None, names: Mapping[int | None, str]) -> list[int | None]:
    ids = list(names)
    return ids if chosen is None or chosen.owner_id in names else [chosen.owner_id, *ids]


def _topic(topic: str) -> str:
    return words.word(words.TOPICS, topic) if topic else _("All topics")


def _language(code: str) -> str:
    written = "" if not st.session_state.get(_box(code), "").strip() else " ●"
    return words.word(words.LANGUAGES, code) + written


def _bring(chosen: SavedReply | None, me: Actor) -> None:
    """Put the chosen text into the editor, once: what somebody types there stays."""
    wanted = (chosen.id, chosen.version) if chosen else (0, 0)
    if st.session_state.get(_SHOWN) == wanted[0]:
        return
    state = st.session_state
    state[_SHOWN], state[_VERSION] = wanted
    state[_NAME] = chosen.name if chosen else ""
    state[_TOPIC] = chosen.topic if chosen else ""
    state[_OWNER] = chosen.owner_id if chosen else me.id
    state[_EXPIRES] = chosen.expires_at.astimezone(UTC).date() if chosen and chosen.expires_at else None
    state[_CAMPAIGN] = bool(chosen and chosen.campaign)
    for code in LANGUAGES:
        state[_box(code)] = chosen.texts.get(code, "") if chosen else ""
    state[_LANGUAGE] = next(iter(chosen.texts), LANGUAGES[0]) if chosen else LANGUAGES[0]


def _buttons(chosen: SavedReply | None) -> None:
    with st.container(horizontal=True, gap="small"):
        st.button(_("Save the text"), key="texts_save", type="primary", on_click=_save)
        if chosen:
            st.button(_("Delete"), key="texts_delete", type="tertiary", on_click=_delete)


def _save() -> None:
    attempt(PLACE, _do_save)
    draw_everything_next()


def _do_save() -> None:
    state, me = st.session_state, me_or_stop()
    saved_id: int = state.get(_CHOSEN, 0)
    expires = datetime.combine(state[_EXPIRES], time(), UTC) if state.get(_EXPIRES) else None
    texts = {code: state.get(_box(code), "") for code in LANGUAGES}
    campaign = bool(state.get(_CAMPAIGN))
    wanted = Wanted(state.get(_NAME, ""), texts, state.get(_TOPIC, ""), state.get(_OWNER), expires, campaign)
    ours, order_numbers = texts_check.ours()
    with desk().store.write() as session:
        state[_CHOSEN] = save(
            session, wanted, by=me, now=now(), saved_id=saved_id or None,
            version=state.get(_VERSION) if saved_id else None, ours=ours, order_numbers=order_numbers,
        )  # fmt: skip
    _forget()
    say(PLACE, "good", _("Saved; everybody can answer with it from now on."))


def _delete() -> None:
    attempt(PLACE, _do_delete)
    draw_everything_next()


def _do_delete() -> None:
    with desk().store.write() as session:
        delete_saved(
            session, st.session_state[_CHOSEN], by=me_or_stop(), now=now(), version=st.session_state.get(_VERSION)
        )
    st.session_state[_CHOSEN] = 0
    _forget()
    say(PLACE, "good", _("Deleted. What it said stays in the audit log."))


def _forget() -> None:
    """The editor shows what is stored again."""
    for key in (_SHOWN, _VERSION, _NAME, _TOPIC, _OWNER, _EXPIRES, _CAMPAIGN, _LANGUAGE, *map(_box, LANGUAGES)):
        st.session_state.pop(key, None)


def _box(code: str) -> str:
    return f"texts_box_{code}"


# --- versions ---------------------------------------------------------------------------------------


def _history(chosen: SavedReply, me: Actor) -> None:
    with st.expander(_("Earlier versions"), key="texts_versions"):
        with desk().store.read() as session:
            found = versions(session, chosen.id, by=me)
        safe.draw(*(_change(one.what, one.by, one.at, one.before) for one in found[:_CHANGES]))


def _change(what: str, by: str, at: datetime, before: Mapping[str, Any]) -> safe.Html:
    head = _("{what} by {name}, {time}").format(
        what=_(_DID[what]).capitalize(), name=safe.line(by, limit=60), time=words.clock_time(at, now=now())
    )
    told = [safe.el("p", head, cls="wc-soft")]
    for part, value in before.items():
        name = _(_PARTS[part]) if part in _PARTS else words.word(words.LANGUAGES, part.removeprefix("text_"))
        if part in ("name", "topic") or part.startswith("text_"):
            told.append(safe.el("div", safe.el("small", _("{part} before:").format(part=name)), safe.said(str(value))))
    return safe.el("div", *told, cls="wc-version")


# --- files ------------------------------------------------------------------------------------------


def _files(saved: tuple[SavedReply, ...]) -> None:
    with st.expander(_("Take along or bring in"), key="texts_files"):
        with st.container(horizontal=True, gap="small"):
            st.download_button(
                _("Take along as YAML"), lambda: saved_files.as_yaml(saved), "saved-replies.yaml", "application/yaml",
                key="texts_yaml", on_click="ignore",
            )  # fmt: skip
            st.download_button(
                _("Take along as CSV"), lambda: saved_files.as_csv(saved), "saved-replies.csv", "text/csv",
                key="texts_csv", on_click="ignore",
            )  # fmt: skip
        st.file_uploader(_("Bring in a YAML or CSV file"), type=["yaml", "yml", "csv"], key=_FILE, on_change=_bring_in)


def _bring_in() -> None:
    file = st.session_state.get(_FILE)
    if file is None:
        return
    attempt(PLACE, lambda: _do_bring_in(file.name, file.getvalue()))
    draw_everything_next()


def _do_bring_in(name: str, content: bytes) -> None:
    ours, order_numbers = texts_check.ours()
    with desk().store.write() as session:
        came = _brought(session, name, content, ours, order_numbers)
    _forget()
    told = _("{added} added, {changed} changed, {same} the same already.")
    say(PLACE, "good", told.format(added=came.added, changed=came.changed, same=came.same))


def _brought(
    session: Session, name: str, content: bytes, ours: tuple[str, ...], order_numbers: tuple[str, ...]
) -> saved_files.Brought:
    if len(content) > _LARGEST:
        raise WebcareError("The file is too large; saved replies take less than a megabyte.")
    return saved_files.bring_in(
        session, content, name, by=me_or_stop(), now=now(), ours=ours, order_numbers=order_numbers
    )
