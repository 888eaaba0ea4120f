"""E-mail addresses (also in disguise), links, handles, and names that the caller knows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from webcare.personal.base import Span, spans_of

_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,5}[^\W\d_]{2,24}(?![\w-])")
_AT = r"(?:\(\s?(?:at|@|a)\s?\)|\[\s?(?:at|@|a)\s?\]|\{\s?(?:at|@)\s?\}|<\s?at\s?>|_at_|-at-)"
_AT_WORD = r"(?:at|apenstaart(?:je)?|apestaart(?:je)?|snabel-?a|krøllalfa|alfakrøll|klammeraffe|ät)"
_DOT_NAME = r"(?:dot|punt|punkt|punktum|prikk|prick)"
_DOT_WORD = rf"(?:\s?[(\[{{<]\s?(?:{_DOT_NAME}|\.)\s?[)\]}}>]\s?|\s{_DOT_NAME}\s)"
_DOT = rf"(?:\s?\.\s?|{_DOT_WORD})"
_HOST = r"[\w-]{1,63}"
_ENDING = r"[^\W\d_]{2,6}"
_PROVIDER = (
    r"(?:gmail|googlemail|hotmail|outlook|yahoo|icloud|live|msn|proton(?:mail)?|aol|gmx|web|ziggo|kpnmail|planet|xs4all|"
    r"telia|comhem|spray|online|broadpark|getmail|t-online|freenet|btinternet|sky|virginmedia|mail)"
)
_SHORT = r"(?:com|net|org|eu|co\.uk|uk|nl|be|se|nu|no|dk|de|at|ch)"
_DISGUISED = re.compile(
    rf"(?<![\w.+-])[\w.+-]{{1,64}}\s?(?:"
    rf"{_AT}\s?{_HOST}{_DOT}{_ENDING}"  # jane (at) example.com
    rf"|\s{_AT_WORD}\s{_HOST}{_DOT_WORD}{_ENDING}"  # jane at example dot com; "our page at example.com" is none
    rf"|@\s?{_HOST}{_DOT_WORD}{_ENDING}"  # jane@example dot com
    rf"|(?:\s?@\s?|\s{_AT_WORD}\s){_PROVIDER}(?:{_DOT}|\s){_SHORT}"  # jane @ gmail . com
    rf"|@{_PROVIDER}(?!\.?\w)"  # jane@gmail
    rf")(?!\w)",
    re.IGNORECASE,
)
_LINK = re.compile(r"(?:https?://|www\.)[^\s<>\"']+", re.IGNORECASE)
_HANDLE = re.compile(r"(?<![\w@./])@\w{2,50}(?:[.-]\w{1,50}){0,5}(?:@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4})?")
#: Parts of a name that are words of their own.
_PARTICLES = {"van", "von", "der", "den", "het", "ten", "ter", "the", "and", "bin", "del", "zum", "zur"}


def emails(text: str) -> Iterator[Span]:
    """E-mail addresses as typed, and those written so that a machine should not see them."""
    if "@" in text:
        yield from spans_of(_EMAIL, text)
    yield from spans_of(_DISGUISED, text)


def links(text: str) -> Iterator[Span]:
    """Web addresses; they can carry an order, an account or a name."""
    for start, end in spans_of(_LINK, text):
        yield start, start + len(text[start:end].rstrip(".,;:!?)"))


def handles(text: str) -> Iterator[Span]:
    """Names on a network, with their @."""
    return spans_of(_HANDLE, text)


def names(text: str, known: Iterable[str]) -> Iterator[Span]:
    """Names the caller knows: whole ones however they are written, single parts only with a capital letter."""
    for name in {name.strip() for name in known if len(name.strip()) > 1}:
        yield from spans_of(re.compile(rf"(?<!\w){re.escape(name)}(?:['’]?s)?(?!\w)", re.IGNORECASE), text)
        parts = [part for part in re.split(r"[\s.]+", name) if len(part) > 2 and part.lower() not in _PARTICLES]
        for part in parts if len(name.split()) > 1 else ():
            either = f"{re.escape(part[:1].upper() + part[1:])}|{re.escape(part.upper())}"
            yield from spans_of(re.compile(rf"(?<!\w)(?:{either})(?:['’]?s)?(?!\w)"), text)
