"""Many words and phrases looked for at once: one look-up per token, however many phrases there are.

Phrases and texts are cut the same way: words and single marks, case folded, blanks between them left out. A star behind
a word stands for any end of it ("verzend*").
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import Generic, NamedTuple, TypeVar

from webcare.domain import Said

_TOKEN = re.compile(r"\w+|[^\w\s]")
#: A star needs so many letters before it, else it would fit half the language.
_SHORTEST_BEGINNING = 3

Key = TypeVar("Key", bound=Hashable)


class Token(NamedTuple):
    """A word or a mark: case folded, and where it stands."""

    text: str
    start: int
    end: int


class _Part(NamedTuple):
    text: str
    begins: bool  #: any word that begins like this

    def fits(self, token: Token) -> bool:
        return token.text.startswith(self.text) if self.begins else token.text == self.text


class Literals(Generic[Key]):
    """Phrases, each under a key of the caller's."""

    def __init__(self, phrases: Iterable[tuple[Key, str]]) -> None:
        """Raises ValueError for a phrase with nothing in it, or with a star after fewer than three letters."""
        self._exact: dict[str, list[tuple[Key, tuple[_Part, ...]]]] = {}
        self._begins: dict[str, list[tuple[Key, tuple[_Part, ...]]]] = {}
        for key, phrase in phrases:
            parts = _parts(phrase)
            first = parts[0]
            place = self._begins if first.begins else self._exact
            place.setdefault(first.text[:_SHORTEST_BEGINNING] if first.begins else first.text, []).append((key, parts))

    def find(self, tokens: Sequence[Token]) -> Iterator[tuple[Key, int, int]]:
        """Every phrase that stands in the tokens, with the offsets of its first and behind its last character."""
        for at, token in enumerate(tokens):
            candidates = self._exact.get(token.text, [])
            if self._begins and (more := self._begins.get(token.text[:_SHORTEST_BEGINNING])):
                candidates = [*candidates, *more]
            for key, parts in candidates:
                if _stand_at(parts, tokens, at):
                    yield key, token.start, tokens[at + len(parts) - 1].end


def cut(text: str) -> Iterator[Token]:
    """The tokens of any text."""
    for found in _TOKEN.finditer(text):
        yield Token(found[0].replace("’", "'").casefold(), *found.span())


def _parts(phrase: str) -> tuple[_Part, ...]:
    parts: list[_Part] = []
    end = -1
    for token in cut(phrase):
        if token.text == "*" and parts and token.start == end and parts[-1].text[-1].isalnum():
            if len(parts[-1].text) < _SHORTEST_BEGINNING:
                raise ValueError(
                    Said("{phrase!r}: a star needs {least} letters before it", phrase=phrase, least=_SHORTEST_BEGINNING)
                )
            parts[-1] = parts[-1]._replace(begins=True)
        else:
            parts.append(_Part(token.text, begins=False))
        end = token.end
    if not parts:
        raise ValueError(Said("{phrase!r} holds no word", phrase=phrase))
    return tuple(parts)


def _stand_at(parts: tuple[_Part, ...], tokens: Sequence[Token], at: int) -> bool:
    if at + len(parts) > len(tokens):
        return False
    return all(part.fits(tokens[at + step]) for step, part in enumerate(parts))
