"""Which of the desk's six languages a short text is in; "" where nobody could be sure.

Uses eldc (C) where its wheel exists and eld (pure Python) elsewhere. Norwegian and Danish are told apart by words that
only one of them has, since letters alone mislead.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from threading import Lock
from typing import Any

from webcare.domain import LANGUAGES
from webcare.guard.base import ReviewContext

#: A language, how sure its detector is of it (0 to 1), and how far the next language is behind.
Guess = tuple[str, float, float]
Detector = Callable[[str], Guess]

_CHUNK = re.compile(r"\S+")
_SLOT = re.compile(r"\[[^\]\n]{0,80}\]|\{\{[^}\n]{0,80}\}\}|<[^>\n]{0,80}>|`[^`\n]{0,80}`")
_NO_WORD = re.compile(r"[@#\d]|^\W*(?:https?://|www\.)|^\W*(?:[\w-]{1,63}\.){1,5}[a-z]{2,10}(?:[/?:]\S*)?\W*$")
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
#: Codes that mean one of ours.
_ALIASES = {"no": "nb", "nn": "nb", "nob": "nb", "nld": "nl", "dut": "nl", "eng": "en", "swe": "sv", "nor": "nb",
            "dan": "da", "deu": "de", "ger": "de"}  # fmt: skip
#: Markets that do not go by the name of their language.
_SPOKEN_IN = {
    "uk": "en",
    "gb": "en",
    "ie": "en",
    "us": "en",
    "se": "sv",
    "dk": "da",
    "be": "nl",
    "at": "de",
    "ch": "de",
}
#: Fewer words than this say too little.
ENOUGH_WORDS = 4
_READ_AT_MOST = 2000


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Words that tell near languages apart; what two of them share decides only against the third.
MARKERS: Mapping[str, frozenset[str]] = {
    "nb": _set(
        """
        hva dere deg meg seg etter nå noe noen mye hei takk beskjed uke uker ukene jente gutt spørsmål øyeblikk skjønner
        melding meldinga meldingen nettsiden nettsida fått gått sjekk sjekke sjekker sjekket fortsatt ennå kjøpe kjøpt
        kjedelig gøy veldig skikkelig kanskje døra hylla boka virkedager ettermiddag tilbake vært blitt ble hjelp hjelpe
        hjelper gjøre gjør gjerne igjen enn opp sånn bra ut ute uten av oss dessverre åpent bruk bruke bruker lurer
        penger epost koselig lei følger trenger er og ikke til fra jeg hvor hvordan hvis også ja bestillingen kommer nei
        """
    ),
    "da": _set(
        """
        hvad jer dig mig sig efter nu noget nogle nogen meget hej tak vores besked uge uger pige dreng spørgsmål øjeblik
        øv ærgerligt ked hjemmesiden hjemmeside fået gået tjek tjekke tjekker tjekket stadig endnu købe købt kedeligt
        sjovt rigtig rigtigt hverdage desværre dejligt dejlig af op os ud ude uden tilbage været blevet blev hjælp
        hjælpe hjælper gøre gør gerne igen end åbent brug bruge bruger måske lige lad sige siger penge er og
        ikke til fra
        jeg hvor hvordan hvis også ja nej bestillingen kommer
        """
    ),
    "sv": _set(
        """
        och att inte jag ni finns också någon något några vad från till bara mycket skicka skickar tack kolla kollar
        vill alla efter vart dig mig sig oss era ert hjälp hjälpa återkommer eller gärna bra hemsidan genom utan
        hej nu ut igen  är åter kommer ja nej
        """
    ),
}
#: Letters that only these of the near languages write.
_LETTERS = {"sv": frozenset("äö"), "nb": frozenset("æø"), "da": frozenset("æø")}


def certain_language(text: str) -> str:
    """The language of `text` where it is beyond doubt: enough words and a clear lead; else empty."""
    return _certain(text[:_READ_AT_MOST], LANGUAGES)


def is_other(text: str, lang: str) -> str:
    """The language of `text` where that certainly is not `lang`, else empty. nb and da need words of their own."""
    found = certain_language(text)
    if found == lang or not found:
        return ""
    if found in MARKERS and lang in MARKERS:
        # Two languages this near are told apart by words and letters that only one of them has.
        need = 2 if {found, lang} == {"nb", "da"} else 1
        return found if _lead(text, found, lang) >= need else ""
    return found


def reply_language(draft: str, context: ReviewContext) -> str:
    """The draft's own language where it is certain, else the customer's; empty where neither is known."""
    expected = customer_language(context)
    if not expected:
        return certain_language(draft)
    return is_other(draft, expected) or expected


def customer_language(context: ReviewContext) -> str:
    """What the context says, else what the message itself shows, else the market's; empty where nothing does."""
    told = known_code(context.lang or "")
    market = context.market.lower()
    return told or certain_language(context.mention) or known_code(_SPOKEN_IN.get(market, market))


def known_code(code: str) -> str:
    """One of the six codes for any way of writing it (no, nn, NL, nl-BE); empty for other languages."""
    short = re.split(r"[-_]", code.strip().lower())[0]
    short = _ALIASES.get(short, short)
    return short if short in LANGUAGES else ""


def plain(text: str) -> str:
    """The text with handles, tags, links, numbers and slots of templates blanked; every word keeps its place."""
    return _CHUNK.sub(_without_codes, _SLOT.sub(_blank, text))


def _without_codes(chunk: re.Match[str]) -> str:
    return _blank(chunk) if _NO_WORD.search(chunk[0][:200]) else chunk[0]


def _blank(match: re.Match[str]) -> str:
    return " " * len(match[0])


def words_in(text: str) -> list[str]:
    """The words of a text in small letters, handles and links left out."""
    return [match[0].replace("’", "'").lower() for match in _WORD.finditer(plain(text))]


@lru_cache(maxsize=256)
def _certain(text: str, languages: Collection[str]) -> str:
    words = words_in(text)
    if len(words) < ENOUGH_WORDS:
        return ""
    lang, score, lead = detector()(" ".join(_WORD.findall(plain(text))))
    if lang not in languages:
        return ""
    if lang in ("nb", "da"):
        return _norwegian_or_danish(words, lang)
    return lang if score > 0 and lead >= (0.06 if len(words) < 8 else 0.02) else ""


def _norwegian_or_danish(words: list[str], lang: str) -> str:
    other = "da" if lang == "nb" else "nb"
    return other if _count(words, other, lang) >= _count(words, lang, other) + 2 else lang


def _lead(text: str, lang: str, other: str) -> int:
    """How many words speak for `lang` against `other`, less those that speak the other way."""
    words = words_in(text)
    return _count(words, lang, other) - _count(words, other, lang)


def _count(words: list[str], lang: str, other: str) -> int:
    own, letters = MARKERS[lang] - MARKERS[other], _LETTERS[lang]
    return sum(word in own or (letters != _LETTERS[other] and bool(letters & set(word))) for word in words)


# --- the detectors ----------------------------------------------------------------------------------

_FOUND: list[Detector] = []
_FINDING = Lock()


def detector() -> Detector:
    """The detector of this machine, loaded once for the process."""
    if not _FOUND:
        with _FINDING:
            if not _FOUND:
                _FOUND.append(load_detector())
    return _FOUND[0]


def load_detector() -> Detector:
    """eldc where its wheel exists, else eld."""
    try:
        return _fast()
    except ImportError:
        return portable()


def _fast() -> Detector:
    import eldc

    eldc.init()
    own = eldc.instance()
    own.set_languages([_THEIRS.get(lang, lang) for lang in LANGUAGES])
    own.set_scores(3)

    def detect(text: str) -> Guess:
        found = own.detect_details(text)
        return _guess(found.language, found.scores)

    return detect


def portable() -> Detector:
    """eld, in pure Python. Its state is shared by the process, so one text at a time."""
    from eld import LanguageDetector

    own: Any = LanguageDetector()
    own.dynamic_lang_subset([_THEIRS.get(lang, lang) for lang in LANGUAGES])
    turn = Lock()

    def detect(text: str) -> Guess:
        with turn:
            found = own.detect(text)
            return _guess(found.language or "und", found.scores())

    return detect


#: The detectors' name for written Norwegian.
_THEIRS = {"nb": "no"}


def _guess(lang: str, scores: Mapping[str, float]) -> Guess:
    ranked = sorted(scores.values(), reverse=True)
    best = ranked[0] if ranked else 0.0
    return known_code(lang), best, best - (ranked[1] if len(ranked) > 1 else 0.0)
