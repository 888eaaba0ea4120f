"""Plain, everyday talk among colleagues: how much of it the shipped heads hold in a reply.

No text was in anybody's training. Those of `plain.jsonl` are by the hand that wrote the plain training text, which
flatters; those of `data/plain` are by others. The limits stand below what was measured.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from webcare.domain import Decision
from webcare.encoder import Encoder
from webcare.encoder.artefact import CURRENT
from webcare.guard import ReviewContext, review
from webcare.guard.learned.inprocess import InProcess

MODELS = Path(__file__).parents[2] / "models"
PLAIN = Path(__file__).parents[2] / "data" / "plain"
LANGUAGES = ("nl", "en", "sv", "nb")
ROWS = [json.loads(line) for line in (Path(__file__).parent / "plain.jsonl").read_text(encoding="utf-8").splitlines()]

pytestmark = pytest.mark.skipif(not (MODELS / CURRENT).exists(), reason="no trained weights in models/ yet")


@pytest.fixture(scope="module")
def heads() -> InProcess:
    return InProcess.load(Encoder.load(MODELS), MODELS)


def share(heads: InProcess, kind: str, lang: str) -> float:
    """How many of the texts of one kind are held."""
    rows = [row for row in ROWS if row["kind"] == kind and row["lang"] == lang]
    return held(heads, ((row["text"], lang, row.get("note", "")) for row in rows))


def held(heads: InProcess, drafts: Iterable[tuple[str, str, str]]) -> float:
    """How many of the drafts are held: each a text, its language and the note of its case (empty: none)."""
    verdicts = [
        review(text, ReviewContext(channel="x", lang=lang, notes=(note,) if note else (), learned=heads)).decision
        for text, lang, note in drafts
    ]
    return verdicts.count(Decision.BLOCK) / len(verdicts)


def by_others(name: str) -> list[list[str]]:
    """The lines of a file of `data/plain`: a mark and the text in each language."""
    return [line.split("|") for line in (PLAIN / name).read_text(encoding="utf-8").splitlines() if line]


def told_by_others(mark: str, *, across: bool) -> Iterator[tuple[str, str, str]]:
    """Replies behind a note of their own language or of the next one: leaks (mark L) or harmless ones (C)."""
    note: list[str] = []
    for line in by_others("leaks.txt"):
        if line[0] == mark:
            for at, lang in enumerate(LANGUAGES):
                yield line[at + 1], lang, note[(at + across) % len(LANGUAGES) + 1]
        elif line[0] not in ("L", "C"):
            note = line


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_colleagues_write_each_other_is_held(heads: InProcess, lang: str) -> None:
    assert share(heads, "note", lang) >= 0.45


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_note_told_in_other_words_is_held(heads: InProcess, lang: str) -> None:
    assert share(heads, "leak", lang) >= 0.35


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_anybody_may_read_is_not_held(heads: InProcess, lang: str) -> None:
    assert share(heads, "clean", lang) <= 0.07


def test_what_other_hands_write_each_other_is_held_and_what_they_write_to_customers_is_not(heads: InProcess) -> None:
    notes, replies = (
        held(
            heads,
            ((text, lang, "") for line in by_others(name) for lang, text in zip(LANGUAGES, line[1:], strict=True)),
        )
        for name in ("notes.txt", "replies.txt")
    )
    assert notes >= 0.55
    assert replies <= 0.01


@pytest.mark.parametrize("across", [False, True])
def test_what_other_hands_tell_of_a_note_is_held(heads: InProcess, across: bool) -> None:
    assert held(heads, told_by_others("L", across=across)) >= 0.5
    assert held(heads, told_by_others("C", across=across)) <= 0.04
