"""The interface in the language of whoever is looking: English in the code, catalogues beside this file for the others.

Every word of the console passes `_` (or `counted` where a number decides its form); words kept in tables are marked
with `N_` and pass `_` when they are shown. Sentences with names in them are templates:
`_("Reply to {name}").format(name=name)`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextvars import ContextVar
from functools import cache
from types import MappingProxyType

import streamlit as st
from babel.messages.pofile import read_po

from webcare.domain import N_ as N_  # the pages mark their words with it too
from webcare.domain import Said
from webcare.errors import WebcareError
from webcare.languages import CATALOGUES, catalogue
from webcare.languages import TONGUES as TONGUES
from webcare.languages import nearest as nearest

_STATE = "tongue"
#: Streamlit offers no other forms.
_DAYS = {"en": "DD/MM/YYYY", "nl": "DD-MM-YYYY", "sv": "YYYY-MM-DD", "nb": "DD.MM.YYYY"}
#: Where the sentences come from that the desk keeps in English.
_KEPT = (
    "webcare/guard/",
    "webcare/brands/",
    "webcare/console/case_reasons.py",
    "webcare/channels/",
    "webcare/actions.py",
)
#: Files of those whose sentences are said the moment they are made. Some fit any text with a colon in it.
_SAID_AT_ONCE = (
    "webcare/guard/literals.py",
    "webcare/guard/marked.py",
    "webcare/guard/profile.py",
    "webcare/guard/reported.py",
    "webcare/guard/rules/",
)
_PLACE = re.compile(r"\{(\w+)\}")
_speaking: ContextVar[str] = ContextVar("tongue")


def _(message: str) -> str:
    """The message in the reader's language; as it stands where the catalogue does not know it."""
    return catalogue(speaking()).gettext(message) if message else ""


def counted(one: str, many: str, count: int) -> str:
    """The form for this number, e.g. `counted("{count} case", "{count} cases", 3)`."""
    return catalogue(speaking()).ngettext(one, many, count).format(count=count)


def in_language(message: str, locale: str) -> str:
    """A message in the language nearest to a browser's locale, for pages made outside Streamlit's runs."""
    return catalogue(nearest(locale)).gettext(message)


def refusal(error: WebcareError) -> str:
    """What went wrong, in the reader's language where the catalogue knows the sentence."""
    return said(Said.of(error))


def said(sentence: str) -> str:
    """A sentence of the guard or of a rule in the reader's language, where it was made to be translated."""
    if not isinstance(sentence, Said):
        return sentence
    template = _(sentence.template)
    if not sentence.values:
        return template
    return template.format(**{name: _filled(value) for name, value in sentence.values.items()})


def _filled(value: object) -> object:
    if isinstance(value, WebcareError):
        return refusal(value)
    return said(value) if isinstance(value, str) else value


def kept(sentence: str, words: Mapping[str, Mapping[str, str]] = MappingProxyType({})) -> str:
    """A sentence that was kept in English, such as a finding's, in the reader's language where it is one of ours.

    `words` says by the name of a place, e.g. "topic", how codes that stand there are called.
    """
    whole = _(sentence)
    if whole != sentence:
        return whole
    for pattern, template in _sentences(speaking()):
        if found := pattern.fullmatch(sentence):
            return template.format(**{name: _called(said, words.get(name)) for name, said in found.groupdict().items()})
    return sentence


def _called(said: str, words: Mapping[str, str] | None) -> str:
    return _(words.get(said, said)).lower() if words else said


def speaking() -> str:
    """The language of the interface in this run, one of TONGUES."""
    # A thread of Streamlit's serves one browser, so the answer holds for as long as the thread lives.
    found = _speaking.get(None)
    if found is None:
        found = st.session_state.get(_STATE) or nearest(st.context.locale or "")
        _speaking.set(found)
    return found


def speak(chosen: str) -> None:
    """Use the language a person chose; empty for what their browser asks for."""
    wanted = chosen if chosen in TONGUES else nearest(st.context.locale or "")
    st.session_state[_STATE] = wanted
    _speaking.set(wanted)


def day_format() -> str:
    """How fields for days show them, as Streamlit names it, e.g. "DD-MM-YYYY" for a Dutch reader."""
    return _DAYS[speaking()]


@cache
def _sentences(language: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    """The sentences of a language that have places in them and are kept in English: how to know each, and what it is.

    Those with most words of their own come first.
    """
    file = CATALOGUES / f"{language}.po"
    if not file.is_file():
        return ()
    with file.open("rb") as opened:
        pairs = [
            (str(message.id), str(message.string))
            for message in read_po(opened, locale=language)
            if isinstance(message.id, str) and message.string and any(map(_is_kept, message.locations))
        ]
    pairs.sort(key=lambda pair: -len(_PLACE.sub("", pair[0])))
    return tuple((_known_by(english), said) for english, said in pairs if _PLACE.search(english))


def _is_kept(location: tuple[str, int | None]) -> bool:
    return location[0].startswith(_KEPT) and not location[0].startswith(_SAID_AT_ONCE)


def _known_by(template: str) -> re.Pattern[str]:
    """What a template looks like with its places filled in; a place that comes twice is the same both times."""
    made, seen = "", set()
    for text, name in zip(_PLACE.split(template)[::2], [*_PLACE.split(template)[1::2], ""], strict=True):
        made += re.escape(text) + (f"(?P={name})" if name in seen else f"(?P<{name}>.+?)" if name else "")
        seen.add(name)
    return re.compile(made, re.DOTALL)
