"""How a reply sounds: a card of Conversational Human Voice, with the words behind every judgement.

The three sides are those of van Hooijdonk and Liebrecht (2018): personal, informal, inviting. The card judges nobody
and holds nothing; it is shown to the writer and counted over many replies for managers.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from webcare.domain import LANGUAGES
from webcare.guard.literals import Literals
from webcare.guard.rules.situation import language_of
from webcare.guard.rules.text import Text, lix

_WORDS = Path(__file__).with_name("voice.toml")
SIDES = ("personal", "informal", "inviting")
#: So many signs in a sentence make a side full; half of it is common in replies people find human.
_FULL = 2.0
#: "Hoi Anna," and a name or "^SV" in the last line.
_NAMED = re.compile(r"^\s*\w+\s([A-ZÀ-ÖØ-Þ][a-zß-öø-ÿ]+)(?=[,! ])")
_SIGNED = re.compile(r"(?:[\^/*~]\s?[A-ZÀ-Þ][\w]{0,15}|(?<=\n)[A-ZÀ-ÖØ-Þ][a-zß-öø-ÿ]+)\s*$")


@dataclass(frozen=True, slots=True)
class Sign:
    """One thing in the draft that speaks for a side."""

    side: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class ToneReport:
    """The card: each side from 0 to 1, the signs behind it, and how hard the reply is to read."""

    personal: float
    informal: float
    inviting: float
    signs: tuple[Sign, ...]
    lix: float  #: 0 for a reply too short to measure
    sentences: int

    def behind(self, side: str) -> tuple[Sign, ...]:
        """The signs of one side, in the order they stand."""
        return tuple(sign for sign in self.signs if sign.side == side)


def tone_report(draft: str, lang: str | None = None) -> ToneReport:
    """Read a draft for its voice. Pure; `lang` is the language expected, the draft's own words decide."""
    text = Text(draft)
    signs = tuple(sorted(_signs(text, language_of(draft, lang or "")), key=lambda sign: (sign.start, sign.side)))
    sentences = len(text.sentences)
    shares = {side: _share(sum(sign.side == side for sign in signs), sentences) for side in SIDES}
    return ToneReport(**shares, signs=signs, lix=lix(text), sentences=sentences)


def _share(signs: int, sentences: int) -> float:
    return min(1.0, signs / (_FULL * sentences)) if sentences else 0.0


def _signs(text: Text, lang: str) -> Iterator[Sign]:
    known = {lang, "any"} if lang in LANGUAGES else {*LANGUAGES, "any"}
    longest: dict[tuple[str, int], int] = {}
    for (code, side), start, end in _lexicon().find(text.tokens):
        if code in known:
            longest[side, start] = max(end, longest.get((side, start), 0))
    yield from (Sign(side, start, end) for (side, start), end in longest.items())
    if named := _NAMED.search(text.draft):
        yield Sign("personal", *named.span(1))
    if signed := _SIGNED.search(text.draft):
        yield Sign("personal", *signed.span())


@lru_cache(maxsize=1)
def _lexicon() -> Literals[tuple[str, str]]:
    with _WORDS.open("rb") as file:
        languages = tomllib.load(file)
    return Literals(
        ((lang, side), entry.strip())
        for lang, sides in languages.items()
        for side, words in sides.items()
        for entry in words.split(",")
        if entry.strip()
    )
