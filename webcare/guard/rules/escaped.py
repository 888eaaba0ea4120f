"""Slips that got out and were reported: each one a case that the guard must catch for ever after.

A folder of `.jsonl` files, one slip a line: `{id, lang, market, mention, notes, draft, must, reason, brand?}`; `must`
is `block` or `warn`, `reason` the finding's reason, or empty for any, `brand` whose it is, or empty for everybody's.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from webcare.domain import Finding, Level
from webcare.errors import SettingsError
from webcare.guard.base import ReviewContext

_TEXTS = ("id", "lang", "market", "mention", "draft", "must", "reason", "brand")
_MUST = {"block": (Level.ERROR,), "warn": (Level.ERROR, Level.WARNING)}


@dataclass(frozen=True, slots=True)
class Slip:
    """A reply that should not have gone out."""

    id: str
    lang: str
    market: str
    mention: str
    notes: tuple[str, ...]
    draft: str
    must: str
    reason: str
    brand: str = ""

    def context(self) -> ReviewContext:
        """Its surroundings, as far as they were recorded."""
        return ReviewContext(
            channel="", lang=self.lang or None, market=self.market, mention=self.mention, notes=self.notes
        )

    def is_caught(self, findings: Iterable[Finding]) -> bool:
        """True where the findings would have stopped it."""
        levels = _MUST[self.must]
        return any(one.level in levels and self.reason in ("", one.reason) for one in findings)


def read_slips(folder: Path) -> list[Slip]:
    """All recorded slips; none where there is no such folder. Raises SettingsError naming file and line."""
    return [slip for path in sorted(folder.glob("*.jsonl")) for slip in read_slip_file(path)]


def read_slip_file(path: Path) -> Iterator[Slip]:
    """The slips of one file. Raises SettingsError naming file and line."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError("{path} cannot be read as text: {why}", path=path, why=error) from error
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                yield _slip(json.loads(line))
            except (ValueError, RecursionError) as error:
                raise SettingsError(
                    "{path}, line {line} is no slip: {why}", path=path, line=number, why=error
                ) from error


def _slip(row: Any) -> Slip:
    if not isinstance(row, Mapping):
        raise ValueError("a slip is an object with id, draft and must")
    texts = {key: row.get(key) or "" for key in _TEXTS}
    for key, value in texts.items():
        if not isinstance(value, str):
            raise ValueError(f"{key} must be a text")
    notes = row.get("notes") or []
    if not isinstance(notes, list) or not all(isinstance(note, str) for note in notes):
        raise ValueError("notes must be a list of texts")
    if not texts["id"] or not texts["draft"] or texts["must"] not in _MUST:
        raise ValueError("it needs an id, a draft, and must: block or warn")
    return Slip(notes=tuple(notes), **texts)
