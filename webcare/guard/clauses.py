"""Cuts a draft or a note into sentences and clauses, with their places. Pure; works for any European language.

A slip hides anywhere: in the last clause, between brackets, under the signature. So the learned heads read every
sentence and, where one is long or made of pieces, every piece of it by itself. Short clauses torn from a sentence say
too little to be judged ("it has run out"), so a comma or conjunction cuts only a sentence that runs on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

#: More stretches than this are not read one by one; no network takes a reply that long.
_MOST = 120
#: A comma or conjunction cuts only a sentence of this many words, and leaves this many on either side.
_LONG_SENTENCE = 22
_CLAUSE_WORDS = 5
#: Words with a full stop that ends no sentence.
_SHORTENED = frozenset(
    [
        "bijv",
        "bv",
        "ca",
        "evt",
        "excl",
        "gem",
        "incl",
        "jl",
        "max",
        "min",
        "mr",
        "mevr",
        "nl",
        "nr",
        "o.a",
        "o.i.d",
        "p.s",
        "t.a.v",
        "t.n.v",
        "z.s.m",
        "d.w.z",
        "dhr",
        "dr",
        "drs",
        "ir",
        "kl",
        "m.b.t",
        "approx",
        "e.g",
        "etc",
        "i.e",
        "mrs",
        "ms",
        "no",
        "prof",
        "st",
        "vs",
        "bl.a",
        "dvs",
        "f.d",
        "fr.o.m",
        "m.a.o",
        "m.fl",
        "m.m",
        "osv",
        "s.k",
        "t.ex",
        "t.o.m",
        "tel",
        "a.s.a.p",
        "f.eks",
        "mvh",
        "o.l",
        "pga",
        "mao",
        "dvs",
        "hhv",
        "vedr",
        "bzw",
        "d.h",
        "ggf",
        "inkl",
        "usw",
        "vgl",
        "z.b",
        "str",
        "jf",
    ]
)
_END = re.compile(r"[.!?…]+[\"'”’»)\]]*(?=\s|$)|\n+|\s+(?://|\|)\s+")
_WORD = re.compile(r"\w+(?:['’.-]\w+)*")
_JOINTS = {
    "nl": "maar want omdat zodat terwijl dus en doordat aangezien",
    "en": "but because so since while and although as",
    "sv": "men eftersom så för och fast medan därför",
    "nb": "men fordi så for og selv siden mens derfor ettersom",
    "da": "men fordi så og selvom mens eftersom",
    "de": "aber weil denn sodass und obwohl da während",
}
_JOINT = "|".join(sorted({word for words in _JOINTS.values() for word in words.split()}))
#: Where a sentence may be cut: after these marks, or after a comma; and between brackets.
_CUT = re.compile(
    rf"\s+[-–—]+\s+|[;:](?=\s)|\s*(?:->|→)\s*|(?P<comma>,)\s+|(?P<joint>\s)(?=(?:{_JOINT})\s)", re.IGNORECASE
)
_BRACKETS = re.compile(r"\([^()\n]{3,400}\)|\[[^\[\]\n]{3,400}\]")


class Stretch(NamedTuple):
    """A sentence or clause: characters `start` to `end` of the text it was cut from."""

    start: int
    end: int

    def of(self, text: str) -> str:
        """The words themselves."""
        return text[self.start : self.end]


@lru_cache(maxsize=512)
def stretches(text: str) -> tuple[Stretch, ...]:
    """Every sentence of two words or more, and the clauses of those that have several; in order, none twice."""
    found: dict[Stretch, None] = {}
    for sentence in sentences(text):
        found[sentence] = None
        found |= dict.fromkeys(_clauses(text, sentence))
        if len(found) >= _MOST:
            break
    return tuple(sorted(found))[:_MOST]


@lru_cache(maxsize=512)
def sentences(text: str) -> tuple[Stretch, ...]:
    """The sentences and lines of a text that hold at least two words."""
    return tuple(part for part in _cut_sentences(text) if _words(text, part) >= 2)


def _cut_sentences(text: str) -> Iterator[Stretch]:
    begin = 0
    for mark in _END.finditer(text):
        if _ends(text, begin, mark):
            yield _trimmed(text, begin, mark.end())
            begin = mark.end()
    if begin < len(text):
        yield _trimmed(text, begin, len(text))


def _ends(text: str, begin: int, mark: re.Match[str]) -> bool:
    if not mark[0].startswith("."):
        return True
    last = text[begin : mark.start()].rsplit(maxsplit=1)[-1:] or [""]
    word = last[0].lstrip("(\"'“‘").casefold()
    following = text[mark.end() : mark.end() + 2].strip()[:1]
    if word in _SHORTENED or len(word) == 1:
        return not following or (following.isupper() and word in ("nl", "m.m", "osv", "etc", "usw"))
    # "8. november", "kl. 10": a number's full stop counts it.
    return not (word.isdigit() and len(word) <= 2 and following.islower())


def _clauses(text: str, sentence: Stretch) -> Iterator[Stretch]:
    """The parts of a sentence, and what stands in its brackets; nothing where it is all of one piece."""
    for inside in _BRACKETS.finditer(text, sentence.start, sentence.end):
        part = _trimmed(text, inside.start() + 1, inside.end() - 1)
        if _words(text, part) >= 2:
            yield part
    places = list(_places(text, sentence))
    if not places:
        return
    edges = [sentence.start, *places, sentence.end]
    for begin, end in pairwise(edges):
        part = _trimmed(text, begin, end)
        if _words(text, part) >= 2 and part != sentence:
            yield part


def _places(text: str, sentence: Stretch) -> Iterator[int]:
    """Where a sentence is cut: at a dash or colon always, at a comma or conjunction where it runs on."""
    begin = sentence.start
    runs_on = _words(text, sentence) >= _LONG_SENTENCE
    for mark in _CUT.finditer(text, sentence.start, sentence.end):
        soft = mark["comma"] is not None or mark["joint"] is not None
        if soft and not runs_on:
            continue
        before = _words(text, Stretch(begin, mark.start()))
        after = _words(text, Stretch(mark.end(), sentence.end))
        if not soft or (before >= _CLAUSE_WORDS and after >= _CLAUSE_WORDS):
            yield mark.end()
            begin = mark.end()


def _words(text: str, part: Stretch) -> int:
    return sum(1 for _ in _WORD.finditer(text, part.start, part.end))


def _trimmed(text: str, start: int, end: int) -> Stretch:
    """Without blanks, list marks and joints at the edges."""
    while start < end and (text[start].isspace() or text[start] in "-–—•*_,;:|>→"):
        start += 1
    while end > start and (text[end - 1].isspace() or text[end - 1] in "-–—•*_,;:|>→"):
        end -= 1
    return Stretch(start, end)
