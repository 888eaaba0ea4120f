"""Where managers write rules of the brand's own: look at one, change it, try it, save it, take it away.

Nothing is saved that is broken, fails its own tests or lets a recorded slip pass; whatever stands in the way is told
with file and line.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import streamlit as st

from webcare import cases
from webcare.cases import rulebook
from webcare.cases.surroundings import staff_names
from webcare.console import safe, words
from webcare.console.acting import draw_everything_if_asked, draw_everything_next
from webcare.console.chrome import me_or_stop
from webcare.console.desk import desk, now
from webcare.console.tongue import N_, _, counted, refusal, said
from webcare.console.trouble import alert, attempt, hush, keep_showing, say
from webcare.domain import Said
from webcare.errors import SettingsError
from webcare.guard.beside import unread
from webcare.guard.rules.book import RuleBook
from webcare.guard.rules.ruleset import rule_files
from webcare.guard.rules.saving import FreesSlips
from webcare.people import Permission, may

PLACE = "rules"
_NEW = N_("A new rule")
_BRAND, _WHICH, _NAME, _TEXT, _SHOWN = "rules_brand", "rules_which", "rules_name", "rules_text", "rules_shown"
#: Changes told below the editor, the newest ones.
_CHANGES = 5
#: What a new rule starts from; it is good as it is, so that "Try it" works at once.
_START = """\
extends: substitution
level: error
override: justification
reason: brand_word
message: "Say '%s' here rather than '%s'."
when: {reply_lang: en}
swap: {purchase: buy}
tests:
  block: ["You can purchase it in the shop."]
  pass: ["You can buy it in the shop."]
"""


def show() -> None:
    """Draw the editor, for those who may change rules; nothing for others."""
    for brand, why in desk().brands.problems().items():
        told = _("Changed files of brand {brand} are not in force, the rules of before are. {why}")
        alert("bad", told.format(brand=brand, why=said(why)))
    if may(me_or_stop(), Permission.EDIT_RULES):
        safe.draw(safe.el("h2", _("Rules of your own")))
        st.fragment(_edit)()


def _edit() -> None:
    draw_everything_if_asked()
    if not may(me_or_stop(), Permission.EDIT_RULES):
        return
    brands = desk().brand_names
    if len(brands) > 1:
        st.selectbox(_("Brand"), brands, format_func=safe.line, key=_BRAND, on_change=_another)
    try:
        book = _book()
    except SettingsError as error:
        alert("bad", refusal(error))
        return
    safe.draw(safe.el("p", _about(book), cls="wc-soft"))
    st.selectbox(_("Rule"), [_NEW, *book.names()], format_func=_rule_name, key=_WHICH, on_change=_another)
    which = st.session_state[_WHICH]
    _bring(book, which)
    if which == _NEW:
        st.text_input(_("Name of the rule"), key=_NAME, max_chars=60, placeholder=_("letters, digits, - and _"))
    st.text_area(_("The rule, as YAML"), key=_TEXT, height=300)
    _buttons(which)
    keep_showing(PLACE)
    _reading(book)
    _history(book)


def _buttons(which: str) -> None:
    with st.container(horizontal=True, gap="small"):
        st.button(_("Try it"), key="rules_try", on_click=_act, args=("try",))
        st.button(_("Save the rule"), key="rules_save", type="primary", on_click=_act, args=("save",))
        if which != _NEW:
            st.button(_("Delete the rule"), key="rules_delete", type="tertiary", on_click=_act, args=("delete",))


def _act(what: str) -> None:
    which = st.session_state.get(_WHICH, _NEW)
    name: str = st.session_state.get(_NAME, "").strip() if which == _NEW else which
    text: str = st.session_state.get(_TEXT, "")
    attempt(PLACE, lambda: _done(what, _book(), name, text))
    draw_everything_next()


def _done(what: str, book: RuleBook, name: str, text: str) -> None:
    me = me_or_stop()
    try:
        if what == "try":
            tried = cases.try_rule(book, name or "new-rule", text, by=me)
            good = _("The rule is good: its tests pass, and {slips} still held. It is not saved yet.")
            say(PLACE, "good", good.format(slips=_slips(tried)))
            return
        if what == "save":
            kept = cases.save_rule(book, name, text, by=me, now=now())
            saved = _("Saved and in force; {slips} still held.").format(slips=_slips(kept.slips))
            settled = counted(
                "{count} reported slip is held now.", "{count} reported slips are held now.", kept.settled
            )
            say(PLACE, "good", f"{saved} {settled}" if kept.settled else saved)
        else:
            cases.delete_rule(book, name, by=me, now=now())
            say(PLACE, "good", _("The rule is taken away."))
    except FreesSlips as error:
        why = unread(desk().learned).partition(": ")[2]
        asked = _("The learned part of the guard could not be asked: {why}. It may hold them.")
        more = "\n" + asked.format(why=why) if why else ""
        raise SettingsError(Said.joined([Said.of(error), more], "")) from error
    with desk().store.write() as session:
        did = "saved" if what == "save" else "deleted"
        rulebook.note_rule(session, did, st.session_state.get(_BRAND) or desk().brand_names[0], name, by=me, now=now())
    desk().brands.look_again()
    _forget()
    st.session_state[_WHICH] = name if what == "save" else _NEW


def _slips(count: int) -> str:
    if not count:
        return _("no recorded slips are")
    return counted("{count} recorded slip is", "{count} recorded slips are", count)


def _rule_name(name: str) -> str:
    return _(name) if name == _NEW else safe.line(name)


def _book() -> RuleBook:
    with desk().store.read() as session:
        staff = staff_names(session)
    return desk().rule_book(st.session_state.get(_BRAND) or desk().brand_names[0], staff=staff)


def _about(book: RuleBook) -> str:
    return _(
        "Rules here hold for every reply of {brand}, beside those of its brand file. A rule is "
        "saved only if its own tests pass and every slip that was reported is still held. Files may also be changed by "
        "hand: a change counts within a second, without a restart. How to write one: docs/brand-rules.md."
    ).format(brand=book.brand or _("the brand"))


def _bring(book: RuleBook, which: str) -> None:
    """Put the chosen rule into the editor, once: what somebody types there stays."""
    if st.session_state.get(_SHOWN) != which or _TEXT not in st.session_state:
        st.session_state[_TEXT] = _START if which == _NEW else book.text(which)
        st.session_state[_SHOWN] = which


def _another() -> None:
    """Another rule was chosen: what was said of the last one is over."""
    hush(PLACE)
    _forget()


def _forget() -> None:
    for key in (_TEXT, _SHOWN, _NAME):
        st.session_state.pop(key, None)


def _reading(book: RuleBook) -> None:
    files = [path for folder in book.beside for path in rule_files(folder)]
    with st.expander(_("Read the rules of the brand file"), key="rules_read"):
        if not files:
            st.text(_("Its brand file names no rules."))
            return
        chosen: Path = st.selectbox(_("File"), files, format_func=_file_name, key="rules_file")
        safe.draw(safe.el("pre", chosen.read_text(encoding="utf-8", errors="replace"), cls="wc-yaml"))


def _file_name(path: Path) -> str:
    return safe.line("/".join(path.parts[-3:]))


def _history(book: RuleBook) -> None:
    rows = [safe.el("li", _change(row)) for row in reversed(book.history()[-_CHANGES:])]
    if rows:
        safe.draw(safe.el("h3", _("Last changes")), safe.el("ul", *rows, cls="wc-soft"))


def _change(row: Mapping[str, str]) -> safe.Html:
    told = _("{rule}: deleted by {name}, {time}") if row["did"] == "deleted" else _("{rule}: saved by {name}, {time}")
    when = words.clock_time(datetime.fromisoformat(row["at"]), now=now())
    return safe.filled(told, rule=safe.name(row["name"]), name=safe.name(row["by"]), time=when)
