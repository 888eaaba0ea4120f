"""Is the reply in the customer's language, greeted in its words, and does it address them in one way?

Says nothing where nobody could know: drafts of a few words, customers whose language is unknown. Norwegian and Danish
count as one unless words of their own decide. Greetings are data (`greetings`), and a brand can allow a word by putting
it on its spelling list for the market.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from webcare.domain import LANGUAGES, N_, Finding, Level, Override, Said
from webcare.guard.base import ReviewContext
from webcare.guard.detect import ENOUGH_WORDS, certain_language, customer_language, is_other, known_code, words_in
from webcare.guard.greetings import AT_HOME, INSTEAD, KINDS, OWN_MEANING, SHARED
from webcare.guard.spans import quote

_NAMES = {
    "nl": Said("Dutch"),
    "en": Said("English"),
    "sv": Said("Swedish"),
    "nb": Said("Norwegian"),
    "da": Said("Danish"),
    "de": Said("German"),
}
_BOTH_FORMS = N_("{quote} does not go with “{other}”: elsewhere it says “{other}”. Use one of them.")
_BRAND_FORM = N_("{quote} does not go with “{other}”: the brand says “{other}”. Use one of them.")
_SENTENCE = re.compile(r"[^.!?\n…]+(?:[.!?…]+(?![.!?…\s])[^.!?\n…]+)*[.!?…]*")
_BREAK = re.compile(r"[.!?\n…:]\s*$")
_QUOTED = re.compile(r"[\"“„»«”][^\"“”„»«\n]{1,300}[\"”“«»]")
_GAP = re.compile(r"[\s@#\W]*")
_READ_AT_MOST = 10_000
#: A sentence of this length in English is no set phrase any more ("Have a nice day").
_LONG_SENTENCE = 6


class Language:
    """Holds replies in another language than the customer's, whole, in part, or in a greeting.

    `lexicon` says which greetings are at home where: languages, parted by spaces -> words, parted by commas.
    """

    name = "language"

    def __init__(self, lexicon: Mapping[str, str] = AT_HOME) -> None:
        self._foreign = {lang: _Greetings(lexicon, lang) for lang in LANGUAGES}

    def review(self, draft: str, context: ReviewContext) -> Iterable[Finding]:
        """Errors for another language and foreign greetings, warnings for a mixed form of address."""
        draft = draft[:_READ_AT_MOST]
        expected = customer_language(context)
        if context.lang and not known_code(context.lang):
            return
        found = is_other(self._without_greetings(draft, expected), expected) if expected else ""
        if found and found != certain_language(context.mention):
            yield from self._elsewhere(draft, found, expected, context)
            return
        lang = found or expected or certain_language(draft)
        if lang:
            yield from self._mixed(draft, lang, context)
            yield from self._greetings(draft, lang, context)
            yield from self._address(draft, lang, context)

    def _elsewhere(self, draft: str, found: str, expected: str, context: ReviewContext) -> Iterable[Finding]:
        """The sentences in another language where some are in the right one, else the whole draft."""
        own = any(certain_language(match[0]) == expected for match in _SENTENCE.finditer(draft))
        return (list(self._mixed(draft, expected, context)) if own else []) or [self._wrong(draft, found, expected)]

    def _wrong(self, draft: str, found: str, expected: str) -> Finding:
        message = Said(
            "The reply is in {language}, the customer writes {theirs}. Answer in their language.",
            language=_NAMES[found],
            theirs=_NAMES[expected],
        )
        return self._finding(Level.ERROR, "wrong_language", message, 0, len(draft))

    def _mixed(self, draft: str, lang: str, context: ReviewContext) -> Iterator[Finding]:
        """Whole sentences in another language; what stands in quotation marks is somebody else's."""
        own = _QUOTED.sub(lambda match: " " * len(match[0]), self._without_greetings(draft, lang))
        for match in _SENTENCE.finditer(own):
            found = is_other(match[0], lang)
            if not found or match[0].strip() in context.mention or _is_said(match[0], context):
                continue
            short = len(words_in(match[0])) < _LONG_SENTENCE
            level = Level.WARNING if found == "en" and short else Level.ERROR
            start, end = _trimmed(match)
            message = Said(
                "{quote} is {language} in a {right} reply. Say it in {right}.",
                quote=quote(draft, start, end),
                language=_NAMES[found],
                right=_NAMES[lang],
            )
            yield self._finding(level, "mixed_language", message, start, end)

    def _without_greetings(self, draft: str, lang: str) -> str:
        """The draft with foreign greetings blanked: they are said by themselves, and do not make a language."""
        for _, start, end in self._foreign[lang].find(draft):
            draft = draft[:start] + " " * (end - start) + draft[end:]
        return draft

    def _greetings(self, draft: str, lang: str, context: ReviewContext) -> Iterator[Finding]:
        allowed = {word.lower() for word in (*context.brand.words(context.market), *context.brand.words(lang))}
        said = context.mention.lower()
        for word, start, end in self._foreign[lang].find(draft):
            if word in allowed:
                continue
            better = _instead(word, lang)
            quoted, right = quote(draft, start, end), _NAMES[lang]
            message = Said("{quote} is not {right}. Say it in {right}.", quote=quoted, right=right)
            if better:
                message = Said(
                    "{quote} is not {right}. Say “{better}” instead.", quote=quoted, right=right, better=better
                )
            theirs = re.search(rf"(?<!\w){re.escape(word)}(?!\w)", said) is not None
            fixes = (_like(better, draft[start:end]),) if better else ()
            level = Level.WARNING if theirs else Level.ERROR
            yield self._finding(level, "brand_word", message, start, end, fixes)

    def _address(self, draft: str, lang: str, context: ReviewContext) -> Iterator[Finding]:
        forms = _FORMS.get(lang)
        if forms is None:
            return
        informal, formal = list(forms.informal.finditer(draft)), list(forms.formal.finditer(draft))
        wanted = context.brand.address.get(lang, "")
        odd = formal if wanted == "informal" or (not wanted and len(formal) <= len(informal)) else informal
        if not odd or (not wanted and not (informal and formal)):
            return
        start, end = odd[0].span()
        other = forms.names[1] if odd is informal else forms.names[0]
        say = _BOTH_FORMS if informal and formal else _BRAND_FORM
        message = Said(say, quote=quote(draft, start, end), other=other)
        yield self._finding(forms.level, "mixed_address", message, start, end)

    def _finding(
        self, level: Level, reason: str, message: str, start: int, end: int, fixes: tuple[str, ...] = ()
    ) -> Finding:
        policy = Override.JUSTIFICATION if level is Level.ERROR else Override.ACKNOWLEDGE
        return Finding(self.name, level, reason, message, start, end, fixes, policy)


def _is_said(sentence: str, context: ReviewContext) -> bool:
    """Made of the customer's and the brand's own words: a title, a product, a quotation."""
    known = set(words_in(" ".join((context.mention, *context.public_texts))))
    words = words_in(sentence)
    return sum(word in known for word in words) > len(words) - ENOUGH_WORDS + 1


def _trimmed(match: re.Match[str]) -> tuple[int, int]:
    start = match.start() + len(match[0]) - len(match[0].lstrip())
    return start, match.end() - (len(match[0]) - len(match[0].rstrip()))


# --- greetings --------------------------------------------------------------------------------------


class _Greetings:
    """The greetings that are foreign in one language, in one pattern; the longest goes first."""

    def __init__(self, lexicon: Mapping[str, str], lang: str) -> None:
        self._lang = lang
        at_home = {word for homes, words in lexicon.items() if lang in homes.split() for word in _listed(words)}
        every = {word for words in lexicon.values() for word in _listed(words)} - at_home
        foreign = sorted((word for word in every if (lang, word) not in SHARED), key=lambda word: (-len(word), word))
        words = "|".join(re.escape(word).replace(r"\ ", r"\s+") for word in foreign)
        self._pattern = re.compile(rf"(?<![\w@#'’.-])(?:{words})(?![\w'’@]|-\w|\.\w)", re.IGNORECASE) if words else None

    def find(self, draft: str) -> Iterator[tuple[str, int, int]]:
        """Each foreign greeting in small letters, with its place."""
        for match in self._pattern.finditer(draft) if self._pattern else ():
            word = " ".join(match[0].lower().split())
            ambiguous = (self._lang, word) in OWN_MEANING or word in _NEVER_ALONE
            if not ambiguous or _greets(draft, match):
                yield word, match.start(), match.end()


#: Greetings only where one stands: "Dear Anna", not "oh dear".
_NEVER_ALONE = frozenset({"dear", "kära", "kære", "kjære"})


def _greets(draft: str, match: re.Match[str]) -> bool:
    """It opens or closes a sentence, as a greeting does: "Tack!", "Hei Anna", "Hilsen"."""
    before, after = draft[max(0, match.start() - 100) : match.start()], draft[match.end() : match.end() + 20]
    opens = not _GAP.sub("", before) or _BREAK.search(before) is not None
    stands_alone = re.match(r"\s*(?:[,.!?\n]|$|[^\W\d_a-zß-ÿ]|(?:for|voor|för|für)\b)", after) is not None
    return opens and stands_alone


def _listed(words: str) -> list[str]:
    return [word.strip() for word in words.split(",") if word.strip()]


_KIND_OF = {word: kind for kind, words in KINDS.items() for word in _listed(words)}


def _instead(word: str, lang: str) -> str:
    kind = _KIND_OF.get(word)
    return INSTEAD[kind][lang] if kind else ""


def _like(better: str, written: str) -> str:
    return better[0].upper() + better[1:] if written[0].isupper() else better


# --- form of address --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Forms:
    """How one language says "you" to a friend and to a stranger."""

    informal: re.Pattern[str]
    formal: re.Pattern[str]
    names: tuple[str, str]
    level: Level = Level.WARNING


#: Not at the beginning of a sentence, where a capital says nothing.
_INSIDE = r"(?:(?<=[^\W_] )|(?<=[^\W_], ))"
_FORMS = {
    "nl": _Forms(
        re.compile(r"(?<![\w'’-])(?:[Jj]e|[Jj]ij|[Jj]ou|[Jj]ouw|[Jj]ezelf)(?![\w'’-])"),
        re.compile(r"(?<![\w'’.&-])(?<!\d )(?:[Uu]|[Uu]w|[Uu]zelf)(?![\w'’&.-])(?!\s?\d)"),
        ("je", "u"),
    ),
    "de": _Forms(
        re.compile(r"(?<![\w'’-])(?:[Dd]u|[Dd]ich|[Dd]ir|[Dd]ein(?:e[nmrs]?)?)(?![\w'’-])"),
        re.compile(_INSIDE + r"(?:Sie|Ihnen|Ihr(?:e[nmrs]?)?)(?![\w'’-])"),
        ("du", "Sie"),
    ),
    "nb": _Forms(
        re.compile(r"(?<![\w'’-])(?:[Dd]u|[Dd]eg|[Dd]in|[Dd]itt|[Dd]ine)(?![\w'’-])"),
        re.compile(_INSIDE + r"(?:De|Dem|Deres)(?![\w'’-])(?! [A-ZÆØÅ])"),
        ("du", "De"),
    ),
    "da": _Forms(
        re.compile(r"(?<![\w'’-])(?:[Dd]u|[Dd]ig|[Dd]in|[Dd]it|[Dd]ine)(?![\w'’-])"),
        re.compile(_INSIDE + r"(?:De|Dem|Deres)(?![\w'’-])(?! [A-ZÆØÅ])"),
        ("du", "De"),
    ),
    "sv": _Forms(
        re.compile(r"(?<![\w'’-])(?:[Dd]u|[Dd]ig|[Dd]in|[Dd]itt|[Dd]ina)(?![\w'’-])"),
        re.compile(_INSIDE + r"(?:Ni|Er|Ert|Era)(?![\w'’-])"),
        ("du", "Ni"),
        Level.SUGGESTION,
    ),
}
