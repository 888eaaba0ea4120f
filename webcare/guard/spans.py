"""Stretches of a draft that a check points at: joined where they touch, quoted short."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

from webcare.domain import Level

_RANK = {Level.ERROR: 0, Level.WARNING: 1, Level.SUGGESTION: 2}
#: Longest quotation in a message, in characters; the span shows the rest.
_QUOTED = 60


class Span(NamedTuple):
    """A stretch of the draft, how hard it bites and what to say of it."""

    start: int
    end: int
    level: Level
    message: str
    reason: str = ""


def merge(spans: Iterable[Span]) -> list[Span]:
    """Spans in order, none overlapping: the hardest one speaks for all it touches."""
    merged: list[Span] = []
    for span in sorted(set(spans), key=lambda one: (one.start, one.end, _RANK[one.level], one.message)):
        if merged and span.start < merged[-1].end:
            last = merged[-1]
            voice = min(last, span, key=lambda one: _RANK[one.level])
            merged[-1] = voice._replace(start=last.start, end=max(last.end, span.end))
        else:
            merged.append(span)
    return merged


def quote(draft: str, start: int, end: int) -> str:
    """The stretch between quotation marks, invisible characters shown, the middle left out when long."""
    part = " ".join("".join(map(_visible, draft[start:end])).split())
    if len(part) > _QUOTED:
        part = f"{part[: _QUOTED - 20].rstrip()} … {part[-17:].lstrip()}"
    return f"“{part}”"


def _visible(character: str) -> str:
    category = unicodedata.category(character)
    if character.isspace():
        return " "
    return "·" if category in ("Cc", "Cf", "Cs", "Co", "Cn") else character
