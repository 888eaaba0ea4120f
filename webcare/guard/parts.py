"""Cutting an answer that is too long for one post into several, each answering the one before.

A part ends where a sentence ends. Only where one sentence fills a post is it cut between two words; a word, a link or
an emoji is never cut, because none of them holds a space.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

#: (used, limit) of a text.
Count = Callable[[str], tuple[int, int]]

_EMOJI = "\u2600-\u27bf\U0001f000-\U0001faff\ufe0f\u200d"
_SPACE = re.compile(r"\s+")
#: What ends a sentence before a space, with closing marks and the emoji that belong to it.
_ENDS = re.compile(rf"[.!?…]+[\"'”’)\]]*(?:\s*[{_EMOJI}]+)*\Z")
#: "nr. 12", "J. Smit", "5. mai": a full stop that ends no sentence.
_SHORT = re.compile(r"(?:\b\w|\d)\.\Z")
_SHORT_BEFORE_NUMBER = re.compile(r"\b\w{2,4}\.\Z")
#: A rest shorter than this, in characters, stays with what it follows: a signature is no post of its own.
_TOO_LITTLE = 15


@dataclass(frozen=True, slots=True)
class _Break:
    """A run of spaces: where the text before it ends and the text after it begins."""

    end: int
    start: int
    sentence: bool


def cut(text: str, length: Count, most: int) -> tuple[tuple[int, int], ...]:
    """Where each part starts and ends, as offsets into `text`; one pair when it fits, none when `most` are too few.

    Between two parts stands nothing but space.
    """
    start, stop = len(text) - len(text.lstrip()), len(text.rstrip())
    breaks = _breaks(text, stop)
    parts: list[tuple[int, int]] = []
    while len(parts) < most:
        if _fits(text[start:stop], length):
            return (*parts, (start, stop))
        ahead = [one for one in breaks if one.end > start]
        found = _last_fitting(text, start, [one for one in ahead if one.sentence], length)
        found = found or _last_fitting(text, start, ahead, length)
        if found is None:
            return ()
        parts.append((start, found.end))
        start = found.start
    return ()


def _breaks(text: str, stop: int) -> list[_Break]:
    found = []
    for space in _SPACE.finditer(text, 0, stop):
        if space.start() > 0 and stop - space.end() >= _TOO_LITTLE:
            found.append(_Break(space.start(), space.end(), _ends_sentence(text, space)))
    return found


def _ends_sentence(text: str, space: re.Match[str]) -> bool:
    if "\n" in space.group():
        return True
    before, after = text[max(0, space.start() - 40) : space.start()], text[space.end()]
    if after.islower() or re.match(rf"[{_EMOJI}]", after) or not _ENDS.search(before):
        return False
    return not (_SHORT.search(before) or (after.isdigit() and _SHORT_BEFORE_NUMBER.search(before)))


def _last_fitting(text: str, start: int, breaks: Sequence[_Break], length: Count) -> _Break | None:
    """The last of the breaks up to which the text fits, by halving: counting is slow on some networks."""
    low, high = 0, len(breaks)
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if _fits(text[start : breaks[middle].end], length) else (low, middle)
    return breaks[low - 1] if low else None


def _fits(text: str, length: Count) -> bool:
    used, limit = length(text)
    return used <= limit
