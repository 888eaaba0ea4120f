"""How much each word of a draft proves when the same words stand in a note.

A weight is 0 for mortar, dates, hours and prices (facts a customer may have), 0.5 for desk words, 1 for content
and amounts. Words that already stand in public prove half; three in a row that do prove nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from webcare.guard.normalise import Token, fold, squeeze, tokens
from webcare.guard.words import DESK, FACT, MONEY, POLITE, PRICE, STOP

#: Words this long are compounds or terms of their own; they are rarely shared by chance.
_LONG = 10
#: How far a price word may stand from its amount, in tokens.
_PRICE_REACH = 3
#: How far a small number looks for a day, month or hour that explains it ("between 8 and 12").
_FACT_REACH = 3
_ENDINGS = ("erna", "arna", "orna", "erne", "ene", "ens", "ets", "en", "et", "er", "ar", "or", "n", "t", "s", "e", "r")
_SENTENCE_END = frozenset(".!?;\n\r")
_CLAUSE_END = _SENTENCE_END | frozenset(",:()–—")

Gram = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Print:
    """What is kept of a text between two reviews: its words, and the same without anything between."""

    words: tuple[str, ...]
    written: tuple[str, ...]  #: the same words before number words became digits
    vocabulary: frozenset[str]
    squeezed: str
    sentences: tuple[tuple[Token, ...], ...]
    clauses: tuple[tuple[Token, ...], ...]

    def grams(self) -> set[Gram]:
        """Every three words in a row."""
        return set(zip(self.words, self.words[1:], self.words[2:], strict=False))

    def around(self, words: Sequence[str]) -> Around:
        """Where any three of these words in a row stand."""
        wanted = set(zip(words, words[1:], words[2:], strict=False))
        grams = zip(self.words, self.words[1:], self.words[2:], strict=False)
        places = {place + step for place, gram in enumerate(grams) if gram in wanted for step in range(3)}
        return Around(*_parts_at(self.clauses, places), *_parts_at(self.sentences, places))


class Around(NamedTuple):
    """What stands around a run of words in a note, and straight after that."""

    clause: Sequence[Token]
    next_clause: Sequence[Token]
    sentence: Sequence[Token]
    next_sentence: Sequence[Token]


def _parts_at(parts: Sequence[tuple[Token, ...]], places: AbstractSet[int]) -> tuple[list[Token], Sequence[Token]]:
    """The tokens of the parts in which a place lies, and of the part behind the last of them."""
    found: list[Token] = []
    after: Sequence[Token] = ()
    first = 0
    for part in parts:
        if not places.isdisjoint(range(first, first + len(part))):
            found += part
            after = ()
        elif found and not after:
            after = part
        first += len(part)
    return found, after


@lru_cache(maxsize=2048)
def print_of(text: str) -> Print:
    """The print of a note or public text; texts on a desk are read again and again, so it is remembered."""
    found = tokens(text)
    words = tuple(token.text for token in found)
    written = tuple(token.word for token in found)
    parts = tuple(sentences(text, found)), tuple(_cut(text, found, _CLAUSE_END))
    return Print(words, written, frozenset(words), squeeze(written), *parts)


def sentences(text: str, found: Sequence[Token]) -> Iterator[tuple[Token, ...]]:
    """The tokens of each sentence, in order; a line end closes one too."""
    return _cut(text, found, _SENTENCE_END)


def _cut(text: str, found: Sequence[Token], ends: frozenset[str]) -> Iterator[tuple[Token, ...]]:
    first = 0
    for place, token in enumerate(found, start=1):
        following = found[place].start if place < len(found) else None
        if following is None or not ends.isdisjoint(text[token.end : following]):
            yield tuple(found[first:place])
            first = place


@lru_cache(maxsize=1)
def _polite_grams() -> frozenset[Gram]:
    return frozenset(gram for phrase in POLITE for gram in print_of(phrase).grams())


@dataclass(frozen=True, slots=True)
class Public:
    """What a reader outside can already know."""

    vocabulary: frozenset[str]
    grams: frozenset[Gram]


NOTHING_PUBLIC = Public(frozenset(), frozenset())


def public_of(texts: Iterable[str]) -> Public:
    """The public words, and the runs of three that stand in public or in everybody's manners."""
    prints = [print_of(text) for text in texts if text]
    vocabulary = frozenset(word for known in prints for word in known.vocabulary)
    grams = frozenset(gram for known in prints for gram in known.grams())
    return Public(vocabulary, grams | _polite_grams())


def weigh(found: Sequence[Token], public: Public) -> list[float]:
    """The weight of each token, in order."""
    weights = [_weight(found, place) for place in range(len(found))]
    weights = [
        weight / 2 if token.text in public.vocabulary else weight for weight, token in zip(weights, found, strict=True)
    ]
    for place in range(len(found) - 2):
        if (found[place].text, found[place + 1].text, found[place + 2].text) in public.grams:
            weights[place : place + 3] = [0.0, 0.0, 0.0]
    return weights


def _weight(found: Sequence[Token], place: int) -> float:
    token = found[place]
    word = token.word
    # The original word decides: "fire" is 4 in Norwegian and still a fire in English.
    if token.text[0].isdigit():
        return _number_weight(found, place) if word[0].isdigit() else _worded_number(found, place)
    if word in STOP or word in MONEY or len(word) <= 2 or is_listed(word, FACT):
        return 0.0
    return 0.5 if "/" in word or "@" in word or is_listed(word, DESK) else 1.0


@lru_cache(maxsize=8192)
def is_listed(word: str, words: frozenset[str]) -> bool:
    """Whether the word or its stem is listed: the Nordic languages hang their article on the end."""
    return word in words or any(
        word.endswith(ending) and len(word) - len(ending) >= 4 and word[: -len(ending)] in words for ending in _ENDINGS
    )


def _worded_number(found: Sequence[Token], place: int) -> float:
    return 0.0 if found[place].word in STOP else _number_weight(found, place)


def _number_weight(found: Sequence[Token], place: int) -> float:
    number = found[place].text
    beside = {found[near].word for near in (place - 1, place + 1) if 0 <= near < len(found)}
    if beside & MONEY:
        around = found[max(0, place - _PRICE_REACH) : place + _PRICE_REACH + 1]
        return 0.0 if any(token.word in PRICE for token in around) else 1.0
    if "." in number or _is_year(number) or beside & FACT:
        return 0.0
    if len(number) >= 3:
        return 1.0
    return 0.0 if _reaches_fact(found, place, -1) or _reaches_fact(found, place, 1) else 0.5


def _reaches_fact(found: Sequence[Token], place: int, step: int) -> bool:
    """Whether a day, month or hour stands near with nothing but mortar and numbers between."""
    for near in range(place + step, place + step * (_FACT_REACH + 1), step):
        if not 0 <= near < len(found):
            return False
        if is_listed(found[near].word, FACT):
            return True
        if found[near].word not in STOP and not found[near].text[0].isdigit():
            return False
    return False


def _is_year(number: str) -> bool:
    return len(number) == 4 and number.startswith(("19", "20"))


def is_fact(token: Token) -> bool:
    """Whether a word belongs to a date, an hour, a measure or a price."""
    return token.text[0].isdigit() or token.word in MONEY or is_listed(token.word, FACT)


def is_telling(token: Token, draft: str, lang: str | None) -> bool:
    """Whether one word is so particular that three with it are no chance: long, numbered or a name."""
    if token.word[0].isdigit():
        return len(token.text) >= 4 and "." not in token.text and not _is_year(token.text)
    if token.word in STOP or token.word in FACT or token.word in DESK:
        return False
    return len(token.word) >= _LONG or (lang != "de" and _is_name(token, draft))


def _is_name(token: Token, draft: str) -> bool:
    """Capitalised where no sentence begins. German writes every noun so, and is left out by the caller."""
    if not draft[token.start].isupper() or len(token.word) < 3:
        return False
    before = draft[max(0, token.start - 6) : token.start].rstrip(" \t\"'“”‘’«»(")
    return bool(before) and before[-1] not in ".!?:\n\r•-–—" and draft[token.end - 1].islower()


@lru_cache(maxsize=8192)
def slips(word: str) -> frozenset[str]:
    """The word and every form with one letter left out: two words one slip apart share one of these."""
    if len(word) < 4 or len(word) > 40 or word[0].isdigit():
        return frozenset((word,))
    return frozenset([word, *(word[:place] + word[place + 1 :] for place in range(len(word)))])


def one_slip(left: str, right: str) -> bool:
    """Whether one letter added, dropped, changed or swapped with its neighbour makes one word the other."""
    if abs(len(left) - len(right)) > 1 or left == right:
        return left == right
    head = 0
    while head < min(len(left), len(right)) and left[head] == right[head]:
        head += 1
    a, b = left[head:], right[head:]
    if len(a) != len(b):
        return a[1:] == b or b[1:] == a
    return a[1:] == b[1:] or (len(a) >= 2 and a[0] == b[1] and a[1] == b[0] and a[2:] == b[2:])


def folded(word: str) -> str:
    """One word or name as tokens compare it, without spaces or punctuation."""
    return "".join(fold(part) for part in word.split())
