"""Is the reply spelt right, in its own language?

Holds a draft only for a slip with a confident correction, given as a fix; any other unknown word is said as a
suggestion. Handles, tags, links, numbers, capitals, names, the brand's words and the words the customer used are left
alone. Never asks the dictionary for suggestions while people type: `suggest` does, when somebody asks for them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from webcare.domain import Finding, Level, Override, Said
from webcare.guard.apart import joined
from webcare.guard.base import ReviewContext
from webcare.guard.detect import plain, reply_language
from webcare.guard.dictionaries import Correction, Words, undoubled, words_of
from webcare.guard.greetings import ALL as GREETINGS
from webcare.guard.slips import BEFORE_NOUN, GERMAN, NAMES, PHRASES, SLIPS, TITLES
from webcare.guard.spans import quote

_WORD = re.compile(r"[^\W\d_]+(?:['’.-](?=[^\W\d_])[^\W\d_]+)*")
_SENTENCE_END = re.compile(r"[.!?:…\n•*–—\"“”„»«(\[]$")
_VOWEL = re.compile("[aeiouyåäöæøáéíóúèëïüêô]", re.IGNORECASE)
_MAX_DRAFT = 10_000
#: The full stop after one of these ends no sentence.
_TITLED = frozenset(("mr", "mrs", "ms", "dr", "prof", "st", "hr", "fr", "ca", "nr", "bijv", "mevr", "dhr", "evt"))
#: Without a vowel, so short a word was cut on purpose.
_SHORTHAND = 5
#: How sure a correction of such a word must be, by its letters.
_CUT_SHORT = {4: 5.2, 5: 4.6}
#: German words that a name follows.
_PERSONS = frozenset(("herr", "herrn", "frau", "familie", "liebe", "lieber", "hallo", "hi", "kollege", "kollegin"))
#: Up to here an unknown word at the beginning of a sentence may well be a name.
_NAME_LIKE = 7
#: So long a word with one right word beside it, rare as that is, was hardly meant to be anything else.
_LONG = 10


@dataclass(frozen=True, slots=True)
class _Word:
    """A word of the draft and what stands around it."""

    text: str
    start: int
    end: int
    before: str  #: the word before it in the same sentence, else empty
    begins: bool  #: it begins a sentence
    last: bool  #: a comma, sentence end or nothing follows
    first: bool  #: nothing but a greeting stands before it

    @property
    def capital(self) -> bool:
        return self.text[0].isupper()


class Spelling:
    """Marks misspelt words, with the correction where it is sure.

    `allowed` are further words that are right everywhere, beside those of the context's brand.
    """

    name = "spelling"

    def __init__(self, allowed: Collection[str] = frozenset()) -> None:
        self._allowed = frozenset(part for word in allowed for part in _parts(word))

    def review(self, draft: str, context: ReviewContext) -> Iterable[Finding]:
        """Errors with a fix for clear slips, suggestions for words nobody knows; nothing without a dictionary."""
        words = _dictionary(draft, context)
        if words is None:
            return
        known = _Known(self._allowed | _allowed_here(context), words)
        found = list(scan(draft[:_MAX_DRAFT]))
        marked = list(self._phrases(draft, found, words))
        for word in found:
            if not known.takes(word) and not any(one.start <= word.start < one.end for one in marked):
                marked.extend(self._judge(draft, word, words))
        yield from sorted(marked, key=lambda one: one.start)

    def missing(self, draft: str, context: ReviewContext) -> Iterable[str]:
        """Says so where the draft's language has no dictionary here."""
        lang = reply_language(draft, context)
        if lang and words_of(lang) is None:
            yield f"spelling: no {lang} dictionary is installed (pip install 'webcare[spelling]')"

    def _phrases(self, draft: str, found: list[_Word], words: Words) -> Iterator[Finding]:
        """Slips that only show beside their neighbours: words written apart, verbs with the wrong ending."""
        lang = words.lang
        for one, two in pairwise(found):
            if not draft[one.end : two.start].isspace() or (two.capital and lang != "de"):
                continue
            whole = joined(one.text.lower(), two.text.lower(), one.before, words)
            if whole and not (one.capital and not one.begins and lang != "de"):
                fix = whole.capitalize() if lang == "de" else _like(whole, one)
                yield self._error(draft, one.start, two.end, fix)
        for pattern, right in PHRASES.get(lang, ()):
            for match in pattern.finditer(draft):
                start, end = match.span("wrong")
                yield self._error(draft, start, end, match.expand(right))

    def _judge(self, draft: str, word: _Word, words: Words) -> Iterator[Finding]:
        sure, maybe = _correction(word, words)
        if sure:
            yield self._error(draft, word.start, word.end, *maybe)
        elif not (word.capital and not word.begins):
            message = Said(
                "{quote} is in no {language} dictionary. Check the spelling.",
                quote=quote(draft, word.start, word.end),
                language=words.lang,
            )
            yield Finding(self.name, Level.SUGGESTION, "unknown_word", message, word.start, word.end, maybe)

    def _error(self, draft: str, start: int, end: int, *fixes: str) -> Finding:
        message = Said(
            "{quote} should be {better}.", quote=quote(draft, start, end), better=quote(fixes[0], 0, len(fixes[0]))
        )
        policy = Override.ACKNOWLEDGE
        return Finding(self.name, Level.ERROR, "misspelt", message, start, end, fixes, policy)


def suggest(word: str, lang: str) -> tuple[str, ...]:
    """Up to five words it may have been meant to be, for somebody who asked; may take half a second, then kept."""
    words = words_of(lang)
    return words.suggestions(word) if words is not None else ()


# --- which words are looked at --------------------------------------------------------------------


def _dictionary(draft: str, context: ReviewContext) -> Words | None:
    lang = reply_language(draft, context)
    return words_of(lang) if lang else None


def scan(draft: str) -> Iterator[_Word]:
    """The words of the draft in order, with everything that is no word left out."""
    hidden = plain(draft)
    last, before, count = 0, "", 0
    for match in _WORD.finditer(hidden):
        gap = hidden[last : match.start()]
        begins = last == 0 or bool(_SENTENCE_END.search(gap.strip() or " ")) or _has_symbol(gap)
        if gap == ". " and before in _TITLED:
            begins = False
        after = hidden[match.end() : match.end() + 1]
        yield _Word(
            text=match[0].replace("’", "'"),
            start=match.start(),
            end=match.end(),
            before="" if begins or gap.strip() else before,
            begins=begins,
            last=not after or not after.isspace(),
            first=count < 3,
        )
        last, before, count = match.end(), match[0].lower(), count + 1


def _has_symbol(gap: str) -> bool:
    """An emoji ends a sentence as well as a full stop."""
    return any(ord(character) > 0x2190 for character in gap)


def _allowed_here(context: ReviewContext) -> frozenset[str]:
    said = (context.mention, *context.public_texts, *context.facts, context.customer.name, *context.colleagues)
    brand = context.brand
    return _words_in(said) | _words_in(
        (*brand.words(context.market), *brand.words(context.lang or ""), *brand.colleagues)
    )


@lru_cache(maxsize=256)
def _words_in(texts: tuple[str, ...]) -> frozenset[str]:
    return frozenset(part for text in texts for part in _parts(text))


def _parts(text: str) -> Iterator[str]:
    for match in _WORD.finditer(text):
        word = match[0].replace("’", "'").lower()
        yield word
        yield from re.split(r"['.-]", word)


class _Known:
    """Words that nobody has to check."""

    def __init__(self, allowed: frozenset[str], words: Words) -> None:
        self._allowed = allowed
        self._words = words

    def takes(self, word: _Word) -> bool:
        text, lower = word.text, word.text.lower()
        if len(text) == 1 or (text[1:] != text[1:].lower() and "-" not in text):
            return True
        if lower in SLIPS[self._words.lang]:
            return text == SLIPS[self._words.lang][lower] or (lower in self._allowed and word.capital)
        if self._is_allowed(text, lower) or self._words.knows(text) or self._is_made_of_known(text):
            return True
        return self._is_borrowed(text) or (word.begins and self._is_order(lower))

    def _is_order(self, lower: str) -> bool:
        """An imperative that the dictionaries of Norwegian and Danish lack: "Beregn fem dager"."""
        return (
            self._words.lang in ("nb", "da") and self._words.is_general(lower + "e") and self._words.spells(lower + "e")
        )

    def _is_borrowed(self, text: str) -> bool:
        """An English word or a regular form, unless a word of the language itself is far likelier."""
        own = self._words.is_loan(text) or self._words.has_regular_ending(text)
        enough = 5.0 if self._words.is_english(text) else 4.0 if own else 0.0
        return enough > max((one.score for one in self._words.corrections(text)), default=0.0)

    def _is_allowed(self, text: str, lower: str) -> bool:
        """A word of the brand or of the customer, with an ending or in a compound too (Bolmas, Bolma-kruk)."""
        if lower in self._allowed or lower in NAMES or lower in GREETINGS:
            return True
        stem = re.split(r"['-]", lower)[0]
        if stem != lower and (stem in self._allowed or stem in NAMES):
            return True
        return lower.rstrip("s") in self._allowed or lower.rstrip("s") in NAMES

    def _is_made_of_known(self, text: str) -> bool:
        parts = [part for part in re.split(r"['.-]", text) if part]
        if len(parts) < 2:
            return False
        return all(len(part) < 3 or self._knows_part(part) for part in parts)

    def _knows_part(self, part: str) -> bool:
        if part.lower() in SLIPS[self._words.lang]:
            return False
        return part.isupper() or part.lower() in self._allowed or self._words.knows(part)


# --- which slips are sure -------------------------------------------------------------------------


def _correction(word: _Word, words: Words) -> tuple[bool, tuple[str, ...]]:
    """Whether it is surely a slip, and the texts that may stand in its place, best first."""
    listed = SLIPS[words.lang].get(word.text.lower())
    if listed:
        return True, (_like(listed, word),)
    if _may_be_name(word, words.lang) or len(word.text) < 3:
        return False, ()
    every = words.corrections(word.text)
    alone = len(every) == 1 and len(word.text) >= _LONG and not words.is_rare_compound(word.text)
    sure = [one for one in every if _is_sure(word, one, words, alone)]
    if not sure or (not sure[0].common and not _is_worth_it(sure[0], word, words)):
        return False, tuple(one.word for one in every)
    return True, tuple(one.word for one in sure)


def _is_worth_it(one: Correction, word: _Word, words: Words) -> bool:
    """Whether a correction that the frequency list lacks is likelier than a compound nobody has written yet."""
    if words.lang == "en" or not words.is_compound(word.text):
        return words.lang != "en"
    # In a compound only a letter that stands twice is sure, and an s may well stand twice (reservedels-siden).
    return one.word.lower() in undoubled(word.text.lower()) and words.spells(one.word)


def _is_sure(word: _Word, one: Correction, words: Words, alone: bool) -> bool:
    need = {3: 6.0, 4: 4.6, 5: 3.4, 6: 3.0, 7: 3.0}.get(len(word.text), 2.6 if one.common or alone else 3.0)
    if len(word.text) <= _SHORTHAND and not _VOWEL.search(word.text):  # "dgr", "ssst"; but "krjgt"
        need = max(need, _CUT_SHORT.get(len(set(word.text)), 9.0))
    if word.capital and words.lang != "de":
        if not word.begins:
            return one.word in TITLES.get(words.lang, ())
        need = max(need + 0.4, 4.2 if len(word.text) <= _NAME_LIKE else 0.0)
        if not words.spells(one.word.lower()):
            return False
    if word.capital and words.lang == "de" and not word.begins and word.before not in BEFORE_NOUN:
        need = max(need, _german_need(word))
    return one.score >= need


def _german_need(word: _Word) -> float:
    """How sure a slip in what may be a noun or a name must be; long names are seldom one letter from a common noun."""
    if word.before in _PERSONS:
        return 5.0
    if GERMAN.search(word.text) or len(word.text) >= 8:
        return 3.0
    return 3.8 if len(word.text) >= 6 else 4.6


def _may_be_name(word: _Word, lang: str) -> bool:
    """A name that somebody is called by: "Sjoukje, wat vervelend"."""
    return word.capital and word.first and word.last and lang != "de"


def _like(right: str, word: _Word) -> str:
    return right[0].upper() + right[1:] if word.capital else right
