"""Where a reply asks the customer for data, and whether it sends them to a private place for it.

The words are in `asking.toml`. A request is a word that asks, a noun for data of the customer in the same sentence,
and no "never" or "not" beside it. Pure; the file is read once per process.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from webcare.domain import LANGUAGES

_WORDS = Path(__file__).with_name("asking.toml")
#: Codes of Norwegian that networks and customers' systems use besides ours.
_SAME = {"no": "nb", "nn": "nb"}
_SENTENCE_END = re.compile(r"(?<!\bnr)(?<!\bno)(?<!\btel)[.!?…]+[\"'”’»)\]]*(?=\s|$)|\n+", re.IGNORECASE)
_CLAUSE_END = re.compile(r"[,;:]\s|\s[-–—]\s|[()]")
_PLEASE = r"(?:graag|svp|aub|alsjeblieft|alstublieft|please|pls|tack|takk|tak|bitte)"
#: A picture of an identity card, in any of the languages.
_PAPERS = (
    r"(?:foto|kopie|copy|photo|picture|scan|bild|bilde|billede|kopi|kopia)\s(?:van|of|på|av|af|von|vom)\s(?:\w{2,8}\s)?"
    r"(?:pas(?:s|set|sen)?|paspoort|passport|reisepass|legitim\w+|identi\w+|ausweis\w*|id(?:-?\w{2,8})?|rijbewijs|"
    r"driving licen[cs]e|körkort\w*|førerkort\w*|kørekort\w*|führerschein|bankpas|bank ?card|bankkort\w*|bankkarte)"
)
#: What follows a noun that is not the customer's: "the address of our shop".
_OURS = (
    r"(?!\s(?:van|of|von|for|till?|på)\s(?:onze|our|vår\w*|vores|unser\w*)\s|\s(?:unser\w*|vår\w*|vores)\s|"
    r"\s(?:van|of|von|for|till?|på)?\s?(?:de|the|der)\s(?:winkel|stores?|shop|web\w*|site|filiale|"
    r"klantenservice|customer service))"
)
_JOINED = r"\s?(?:,|en|and|och|og|und|&|\+|of|or|eller|oder)\s"
_OR = re.compile(r"\b(?:of|or|eller|oder)\b", re.IGNORECASE)
#: How far around a finding its sentence is read, in characters.
_NEAR = 300
#: Characters of a message of the customer that are read for what it is about.
_READ = 600


class Part(NamedTuple):
    """Characters `start` to `end` of a text."""

    start: int
    end: int


class Ask(NamedTuple):
    """A sentence that asks for data: its place, how bad it is in public, and the data's name as written."""

    sentence: Part
    sensitive: bool
    in_public: bool  #: it says "below", "in the comments"
    what: Part
    lang: str


@dataclass(frozen=True, slots=True)
class _Words:
    """The patterns of one language."""

    noun: re.Pattern[str]
    request: re.Pattern[str]
    negation: re.Pattern[str]
    message: re.Pattern[str]
    elsewhere: re.Pattern[str]
    public: re.Pattern[str]
    here: re.Pattern[str]
    harmless: re.Pattern[str]
    private: re.Pattern[str]
    bare: re.Pattern[str]  #: a sentence of the noun alone
    wished: re.Pattern[str]  #: a clause of the noun and "please"
    texts: dict[str, str]


def asks(text: str, lang: str | None) -> list[Ask]:
    """Requests for the customer's data that name no private way, in order; at most one for each sentence."""
    return [ask for code in languages(lang) for ask in _asks(text, code)]


def asks_for_anything(text: str, lang: str | None) -> bool:
    """Whether any data of the customer is named."""
    return any(_words(code).noun.search(text) for code in languages(lang))


def invitation(text: str, lang: str | None) -> Part | None:
    """The first sentence that asks the customer to send a direct message."""
    for code in languages(lang):
        words = _words(code)
        for part in sentences(text):
            said = text[part.start : part.end]
            if words.message.search(said) and words.request.search(said) and not words.negation.search(said):
                return part
    return None


def is_harmless(mention: str, lang: str | None) -> bool:
    """Whether a customer's message asks what anybody may hear the answer to: a price, a size, opening hours."""
    read = mention[:_READ]
    for code in languages(lang):
        words = _words(code)
        if words.harmless.search(read) and not words.private.search(read):
            return True
    return False


def in_private(ask: Ask, text: str, formal: bool) -> str:
    """A sentence that asks for the same data by direct message, in the language of the request."""
    texts = _words(ask.lang).texts
    # A German possessive as it stood need not fit the new sentence: "mit deiner IBAN" becomes "deine IBAN".
    what = re.sub(r"(?i)^(?:dein|ihr|eur)e[rmn]\s", "", text[ask.what.start : ask.what.end])
    if ask.lang != "de" and what[1:2].islower():
        what = what[0].lower() + what[1:]
    if not re.match(texts["own"] + r"\s", what, re.IGNORECASE):
        what = _your(texts, what, formal) + what
    return texts["ask_formal" if formal else "ask_informal"].format(what=what)


def moved(lang: str | None, formal: bool) -> str | None:
    """The sentence that promises the details by direct message; None for a language nobody here writes."""
    code = _SAME.get(lang or "", lang or "")
    return _words(code).texts["move_formal" if formal else "move_informal"] if code in LANGUAGES else None


@lru_cache(maxsize=8)
def sentences(text: str) -> tuple[Part, ...]:
    """The sentences and lines of a text, also those of a single word, without blanks around them."""
    return tuple(_cut(text))


def _cut(text: str) -> Iterator[Part]:
    begin = 0
    for mark in (*_SENTENCE_END.finditer(text), None):
        end = mark.end() if mark else len(text)
        said = text[begin:end]
        if said.strip():
            yield Part(begin + len(said) - len(said.lstrip()), begin + len(said.rstrip()))
        begin = end


def sentence_at(text: str, place: int) -> Part:
    """The sentence a place stands in."""
    parts = sentences(text)
    at = bisect_right(parts, place, key=lambda part: part.start) - 1
    return parts[at] if at >= 0 and place < parts[at].end else Part(0, len(text))


def around(text: str, place: int) -> Part:
    """The sentence a place stands in, as far as it is near: what is said of it."""
    part = sentence_at(text, place)
    return Part(max(part.start, place - _NEAR), min(part.end, place + _NEAR))


def languages(lang: str | None) -> tuple[str, ...]:
    """The languages whose words count: the one given where we have it, else all."""
    code = _SAME.get(lang or "", lang or "")
    return (code,) if code in LANGUAGES else LANGUAGES


def _asks(text: str, lang: str) -> Iterator[Ask]:
    words = _words(lang)
    if not words.noun.search(text):
        return
    by_message = bool(words.message.search(text))
    for part in sentences(text):
        named = _asked(text, part, words)
        if not named:
            continue
        said = text[part.start : part.end]
        public = _in_public(said, words)
        hidden = by_message or words.elsewhere.search(said)
        if public or not hidden:
            sensitive = any(one["sensitive"] for one in named)
            open_here = public or bool(words.here.search(said))
            yield Ask(part, sensitive, open_here, _first_group(text, named), lang)


def _in_public(said: str, words: _Words) -> bool:
    """Whether a sentence sends the answer to a public place; a direct message beside it is no excuse after an "or"."""
    if not words.public.search(said):
        return False
    return not words.message.search(said) or bool(_OR.search(said))


def _asked(text: str, part: Part, words: _Words) -> list[re.Match[str]]:
    """The nouns of a sentence that something in it asks for."""
    nouns = list(words.noun.finditer(text, part.start, part.end))
    if not nouns:
        return []
    if words.bare.fullmatch(text, part.start, part.end):
        return nouns
    clauses = _clauses(text, part)
    asking = [clause for clause in clauses if _has_request(text, clause, words)]
    if not asking:
        return []
    negated = {clause for clause in clauses if words.negation.search(text, clause.start, clause.end)}
    return [noun for noun in nouns if not {_at(clauses, noun.start()), _at(asking, noun.start())} & negated]


def _has_request(text: str, clause: Part, words: _Words) -> bool:
    start, end = clause
    return bool(words.request.search(text, start, end) or words.wished.fullmatch(text, start, end))


def _at(clauses: list[Part], place: int) -> Part:
    """The clause of a place, or the last one before it; the first where there is none."""
    return clauses[max(0, bisect_right(clauses, place, key=lambda clause: clause.start) - 1)]


def _clauses(text: str, part: Part) -> list[Part]:
    found, begin = [], part.start
    for mark in _CLAUSE_END.finditer(text, part.start, part.end):
        found.append(Part(begin, mark.end()))
        begin = mark.end()
    return [*found, Part(begin, part.end)]


def _first_group(text: str, named: list[re.Match[str]]) -> Part:
    """From the first noun to the last one joined to it: "your address and date of birth"."""
    end = named[0].end()
    for noun in named[1:]:
        if not re.fullmatch(_JOINED, text[end : noun.start()], re.IGNORECASE):
            break
        end = noun.end()
    return Part(named[0].start(), end)


def _your(texts: dict[str, str], what: str, formal: bool) -> str:
    your = texts["your_formal" if formal else "your"]
    if your.startswith(("deine", "Ihre")) and re.match(
        r"\w*(?:datum|passwort|kennwort|konto|kennzeichen)\b", what, re.I
    ):
        return your.replace("e ", " ")
    return your


@lru_cache(maxsize=len(LANGUAGES))
def _words(lang: str) -> _Words:
    given = _read()[lang]
    noun = (
        rf"(?:\b{given['own']}\s)?(?:\b{given['own']}\s)?"
        rf"(?:(?P<sensitive>(?<![\w-])(?:{given['sensitive']}|{_PAPERS}))|(?<![\w-])(?:{given['ordinary']}))(?!\w){_OURS}"
    )
    plain = noun.replace("?P<sensitive>", "?:")
    bare = rf"[\W_]*{plain}(?:{_JOINED}{plain}){{0,3}}"
    please = rf"[\s,]{{1,2}}{_PLEASE}"
    patterns = {key: re.compile(rf"(?<![\w-])(?:{value})(?!\w)", re.I) for key, value in given.items()}
    return _Words(
        noun=re.compile(noun, re.IGNORECASE),
        negation=patterns["not"],
        bare=re.compile(rf"{bare}(?:{please})?[\W_]*", re.IGNORECASE),
        wished=re.compile(rf"{bare}{please}[\W_]*", re.IGNORECASE),
        texts=given,
        **{key: patterns[key] for key in ("request", "message", "elsewhere", "public", "here", "harmless", "private")},
    )


@lru_cache(maxsize=1)
def _read() -> dict[str, dict[str, str]]:
    return tomllib.loads(_WORDS.read_text(encoding="utf-8"))
