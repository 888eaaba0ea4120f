"""Where managers say how the brand speaks: forms of address, words per market, products, jokes, with tests beside them.

Nothing is saved that fails a test or lets a recorded slip pass; whatever stands in the way is told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from webcare.cases import rulebook
from webcare.cases.surroundings import staff_names
from webcare.console import safe, words
from webcare.console.acting import draw_everything_if_asked, draw_everything_next
from webcare.console.chrome import me_or_stop
from webcare.console.desk import desk, now
from webcare.console.tongue import N_, _, refusal
from webcare.console.trouble import alert, attempt, hush, keep_showing, say
from webcare.errors import SettingsError
from webcare.guard.beside import checks_beside
from webcare.guard.profile import HUMOUR, find_profile, load_profile
from webcare.guard.rules.own_profile import LANGUAGE_OF, ProfileTest, read_own
from webcare.people import Permission, may

PLACE = "profile"
_BRAND, _MARKET, _SHOWN = "profile_brand", "profile_market", "profile_shown"
_ADDRESS, _WORDS, _PRODUCTS, _JOKES = "profile_address", "profile_words", "profile_products", "profile_jokes"
_HELD, _PASSES = "profile_held", "profile_passes"
#: A rule like any other of the desk's own, so that it stands in their list, is tested and can be read there.
_SIGN_OFF = "sign-off"
_SIGNED = r"""
extends: occurrence
level: warning
override: acknowledge
reason: sign_off
message: "End with your initials, such as ^NS."
raw: ['\^[A-Z]{2,3}\s*$']
min: 1
nonword: true
ignorecase: false
tests:
  block: ["Thanks for your message, we look into it."]
  pass: ["Thanks for your message, we look into it. ^NS"]
"""
_MARKETS: Mapping[str, str] = {
    "nl": N_("Netherlands"),
    "uk": N_("United Kingdom"),
    "se": N_("Sweden"),
    "no": N_("Norway"),
    "dk": N_("Denmark"),
    "de": N_("Germany"),
}
_FORMS: Mapping[str, str] = {
    "": N_("as in the brand file"),
    "informal": N_("informal (je, du)"),
    "formal": N_("formal (u, Sie)"),
}
_HUMOUR: Mapping[str, str] = {
    "": N_("as in the brand file"),
    "welcome": N_("Jokes are welcome"),
    "playful": N_("Only back to somebody who jokes"),
    "never": N_("No jokes"),
}


def show() -> None:
    """Draw the editor, for those who may change rules; nothing for others."""
    if may(me_or_stop(), Permission.EDIT_RULES):
        safe.draw(safe.el("h2", _("How the brand speaks")))
        st.fragment(_edit)()


def _edit() -> None:
    draw_everything_if_asked()
    if not may(me_or_stop(), Permission.EDIT_RULES):
        return
    about = _(
        "What you set here is laid over the brand file. It is saved only if the drafts below are judged as you say, "
        "and every slip that was reported is still held."
    )
    safe.draw(safe.el("p", about, cls="wc-soft"))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if len(desk().brand_names) > 1:
            st.selectbox(_("Brand"), desk().brand_names, format_func=safe.line, key=_BRAND)
        st.selectbox(_("Market"), list(_MARKETS), format_func=lambda code: words.word(_MARKETS, code), key=_MARKET)
    try:
        _bring()
    except SettingsError as error:
        alert("bad", refusal(error))
        return
    _fields()
    with st.container(horizontal=True, gap="small"):
        st.button(_("Try it"), key="profile_try", on_click=_act, args=(False,))
        st.button(_("Save the profile"), key="profile_save", type="primary", on_click=_act, args=(True,))
        signs = _SIGN_OFF in desk().rule_book(_brand()).names()
        label = _("Ask for no sign-off") if signs else _("Ask for a sign-off such as ^NS")
        st.button(safe.label(label, limit=60), key="profile_sign", type="tertiary", on_click=_sign, args=(signs,))
    keep_showing(PLACE)


def _fields() -> None:
    left, right = st.columns(2)
    with left:
        st.selectbox(
            _("Form of address in this market"),
            list(_FORMS),
            format_func=lambda one: words.word(_FORMS, one),
            key=_ADDRESS,
        )
        st.selectbox(
            _("Jokes, in all markets"), list(_HUMOUR), format_func=lambda one: words.word(_HUMOUR, one), key=_JOKES
        )
        st.text_area(
            _("Greetings and words of this market, one a line"),
            key=_WORDS,
            height=140,
            placeholder=_("hej = hoi"),
            help=_("The word, and after = the one to say instead; such a word is held."),
        )
        st.text_area(
            _("Further products, in all markets, one a line"),
            key=_PRODUCTS,
            height=100,
            help=_("Names that are no spelling mistakes, beside those of the brand file."),
        )
    with right:
        st.text_area(_("Drafts that must be held in this market, one a line"), key=_HELD, height=180)
        st.text_area(_("Drafts that must go through in this market, one a line"), key=_PASSES, height=180)


def _brand() -> str:
    return st.session_state.get(_BRAND) or desk().brand_names[0]


def _market() -> str:
    return str(st.session_state.get(_MARKET) or "nl")


def _bring() -> None:
    """Fill the fields for the chosen market, once: what somebody types there stays. Raises SettingsError."""
    wanted = (_brand(), _market())
    if st.session_state.get(_SHOWN) == wanted:
        return
    value, tests = read_own(desk().brands.own_folder(wanted[0]))
    hush(PLACE)
    st.session_state[_SHOWN] = wanted
    st.session_state[_ADDRESS] = value.get("address", {}).get(LANGUAGE_OF[wanted[1]], "")
    st.session_state[_JOKES] = value.get("tone", {}).get("humour", "")
    lexicon = value.get("lexicon", {}).get(wanted[1], {})
    st.session_state[_WORDS] = "\n".join(f"{word} = {better}" if better else word for word, better in lexicon.items())
    st.session_state[_PRODUCTS] = "\n".join(value.get("products", []))
    for key, held in ((_HELD, True), (_PASSES, False)):
        drafts = [one.draft for one in tests if one.market == wanted[1] and one.held is held]
        st.session_state[key] = "\n".join(drafts)


def _value(kept: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept, with the fields of this market in place of what it had."""
    market, state = _market(), st.session_state
    address = dict(kept.get("address", {})) | {LANGUAGE_OF[market]: state.get(_ADDRESS, "")}
    lexicon = dict(kept.get("lexicon", {})) | {market: dict(_pairs(state.get(_WORDS, "")))}
    value = {
        "address": {lang: form for lang, form in address.items() if form},
        "lexicon": {code: found for code, found in lexicon.items() if found},
        "products": _lines(state.get(_PRODUCTS, "")),
        "tone": {"humour": state[_JOKES]} if state.get(_JOKES) in HUMOUR else {},
    }
    return {name: found for name, found in value.items() if found}


def _tests(kept: Sequence[ProfileTest]) -> list[ProfileTest]:
    market = _market()
    others = [one for one in kept if one.market != market]
    held = [ProfileTest(market, draft, True) for draft in _lines(st.session_state.get(_HELD, ""))]
    passes = [ProfileTest(market, draft, False) for draft in _lines(st.session_state.get(_PASSES, ""))]
    return [*others, *held, *passes]


def _act(write: bool) -> None:
    attempt(PLACE, lambda: _done(write))
    draw_everything_next()


def _sign(signs: bool) -> None:
    def do() -> None:
        me, name = me_or_stop(), _brand()
        with desk().store.read() as session:
            staff = staff_names(session)
        book = desk().rule_book(name, staff=staff)
        if signs:
            rulebook.delete_rule(book, _SIGN_OFF, by=me, now=now())
            told = _("Replies need no sign-off any more.")
        else:
            rulebook.save_rule(book, _SIGN_OFF, _SIGNED.lstrip(), by=me, now=now())
            told = _("Every reply without initials at its end asks for a tick now; the rule is called sign-off.")
        with desk().store.write() as session:
            did = "deleted" if signs else "saved"
            rulebook.note_rule(session, did, name, _SIGN_OFF, by=me, now=now())
        desk().brands.look_again()
        say(PLACE, "good", told)

    attempt(PLACE, do)
    draw_everything_next()


def _done(write: bool) -> None:
    name = _brand()
    found, folder = desk().brands.get(name), desk().brands.own_folder(name)
    with desk().store.read() as session:
        staff = staff_names(session)
    book, (kept, tests) = desk().rule_book(name, staff=staff), read_own(folder)
    slips, wanted = book.recorded(), _tests(tests)
    with desk().store.write() as session:
        rulebook.save_profile(
            session,
            name,
            folder,
            _value(kept),
            wanted,
            base=load_profile(find_profile(name)),
            rules=found.rules,
            slips=slips,
            others=lambda profile: checks_beside(profile, staff=staff, learned=desk().learned),
            by=me_or_stop(),
            now=now(),
            write=write,
        )
    desk().brands.look_again()
    told = _("All {tests} drafts are judged as you say, and {slips} recorded slips are still held.")
    said = told.format(tests=len(wanted), slips=len(slips))
    say(PLACE, "good", f"{said} {_('Saved and in force.') if write else _('It is not saved yet.')}")


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _pairs(text: str) -> list[tuple[str, str]]:
    cut = (line.partition("=") for line in _lines(text))
    return [(word.strip(), better.strip()) for word, _sign, better in cut]
