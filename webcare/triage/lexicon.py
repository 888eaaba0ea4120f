"""Finds words and phrases of a hand-written list in a text. Knows nothing of what they mean."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_PREFIX_KEY = 3
_LONGEST_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a text: lower case, and where it stands."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Hit:
    """An entry of the list found in a text, at word positions [first, last)."""

    label: str
    entry: str
    first: int
    last: int


def split_words(text: str) -> list[Word]:
    """Cut a text into lower-case words with their character offsets."""
    return [Word(found.group().lower().replace("’", "'"), *found.span()) for found in _WORD.finditer(text)]


def shown(word: str) -> str:
    """A customer's word as it may be stored and shown: not endless, and without half characters."""
    return word[:_LONGEST_SHOWN].encode("utf-8", "ignore").decode("utf-8")


class WordList:
    """Entries under labels: a word, a phrase, or a beginning marked with `*` ("lever*")."""

    def __init__(self, entries: Mapping[str, Iterable[str]]) -> None:
        self._exact: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
        self._begins: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
        for label, phrases in entries.items():
            for phrase in phrases:
                self._add(label, _pattern(phrase))

    def _add(self, label: str, pattern: tuple[str, ...]) -> None:
        first = pattern[0]
        if not first.endswith("*"):
            self._exact.setdefault(first, []).append((label, pattern))
        elif len(first) > _PREFIX_KEY:
            self._begins.setdefault(first[:_PREFIX_KEY], []).append((label, pattern))
        else:
            raise ValueError(f"a beginning needs at least {_PREFIX_KEY} letters: {first!r}")

    def find(self, words: list[Word]) -> Iterator[Hit]:
        """Every entry that stands in the words, also overlapping ones, by position."""
        for at, word in enumerate(words):
            candidates = self._exact.get(word.text, []) + self._begins.get(word.text[:_PREFIX_KEY], [])
            for label, pattern in candidates:
                if _matches(pattern, words, at):
                    yield Hit(label, " ".join(pattern), at, at + len(pattern))


def _pattern(phrase: str) -> tuple[str, ...]:
    """The words of an entry, cut as a text is cut, so that "t-shirt" meets "T-shirt"."""
    spaced = phrase.replace("*", "* ")
    return tuple(part for chunk in spaced.split() for part in _keep_star(chunk))


def _keep_star(chunk: str) -> list[str]:
    parts = [word.text for word in split_words(chunk)]
    if chunk.endswith("*"):
        parts[-1] += "*"
    return parts


def _matches(pattern: tuple[str, ...], words: list[Word], at: int) -> bool:
    if at + len(pattern) > len(words):
        return False
    return all(_same(wanted, word.text) for wanted, word in zip(pattern, words[at:], strict=False))


def _same(wanted: str, word: str) -> bool:
    return word.startswith(wanted[:-1]) if wanted.endswith("*") else word == wanted
