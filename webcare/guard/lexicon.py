"""The brand file's own words: which word stands for which in a market ("hej" is not said to Dutch customers)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

from webcare.domain import N_, Finding, Level, Override, Said
from webcare.guard.base import ReviewContext
from webcare.guard.literals import Literals, cut
from webcare.guard.profile import ANY
from webcare.guard.rules.situation import HOME, language_of

_SAY = N_("Say “{better}” here: the brand does not say “{word}” to these customers.")
_NOT = N_("The brand does not say “{word}” to these customers. Find another word.")
_LANGUAGE = {market: lang for lang, market in HOME.items()}


def lexicon_findings(draft: str, context: ReviewContext) -> Iterator[Finding]:
    """An error with a correction for each word the brand replaces; where several overlap, the longest."""
    words = _words(context, draft)
    end = 0
    found = _literals(tuple(words)).find(tuple(cut(draft))) if words else ()
    for word, start, stop in sorted(found, key=lambda hit: (hit[1], -hit[2])):
        if start >= end:
            end = stop
            yield _finding(draft[start:stop], words[word], start, stop)


def _words(context: ReviewContext, draft: str) -> Mapping[str, str]:
    """The words that count here: those for everybody, for the language written, and for the market.

    A market's words are meant for its own language: a Swede who writes to the Dutch account is greeted with "hej".
    """
    lexicon, lang = context.brand.lexicon, context.lang or ""
    if not lexicon:
        return {}
    market = context.market or HOME.get(lang, "")
    written = language_of(draft, lang)
    home = _LANGUAGE.get(market, "")
    at_home = not (home and lang and written == lang != home)
    return {**lexicon.get(ANY, {}), **lexicon.get(lang, {}), **(lexicon.get(market, {}) if at_home else {})}


def _finding(stretch: str, better: str, start: int, end: int) -> Finding:
    if stretch[:1].isupper():
        better = better[:1].upper() + better[1:]
    message = Said(_SAY if better else _NOT, better=better, word=" ".join(stretch.split()))
    fixes = (better,) if better else ()
    return Finding(
        "brand", Level.ERROR, "brand_word", message, start, end, fixes=fixes, override=Override.JUSTIFICATION
    )


@lru_cache(maxsize=64)
def _literals(words: tuple[str, ...]) -> Literals[str]:
    return Literals((word, word) for word in words)
