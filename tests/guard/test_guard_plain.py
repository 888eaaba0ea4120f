"""Plain, everyday talk among colleagues: how much of it the shipped heads hold in a reply.

The texts were in nobody's training, but they are by the hand that wrote the plain training text, which flatters; so the
limits stand well below what was measured.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from webcare.domain import Decision
from webcare.encoder import Encoder
from webcare.encoder.artefact import CURRENT
from webcare.guard import ReviewContext, review
from webcare.guard.learned.inprocess import InProcess

MODELS = Path(__file__).parents[2] / "models"
ROWS = [json.loads(line) for line in (Path(__file__).parent / "plain.jsonl").read_text(encoding="utf-8").splitlines()]

pytestmark = pytest.mark.skipif(not (MODELS / CURRENT).exists(), reason="no trained weights in models/ yet")


@pytest.fixture(scope="module")
def heads() -> InProcess:
    return InProcess.load(Encoder.load(MODELS), MODELS)


def share(heads: InProcess, kind: str, lang: str) -> float:
    """How many of the texts of one kind are held."""
    rows = [row for row in ROWS if row["kind"] == kind and row["lang"] == lang]
    contexts = (
        ReviewContext(channel="x", lang=lang, notes=(row["note"],) if "note" in row else (), learned=heads)
        for row in rows
    )
    verdicts = [review(row["text"], context).decision for row, context in zip(rows, contexts, strict=True)]
    return verdicts.count(Decision.BLOCK) / len(rows)


@pytest.mark.parametrize("lang", ["nl", "en", "sv", "nb"])
def test_what_colleagues_write_each_other_is_held(heads: InProcess, lang: str) -> None:
    assert share(heads, "note", lang) >= 0.45


@pytest.mark.parametrize("lang", ["nl", "en", "sv", "nb"])
def test_a_note_told_in_other_words_is_held(heads: InProcess, lang: str) -> None:
    assert share(heads, "leak", lang) >= 0.35


@pytest.mark.parametrize("lang", ["nl", "en", "sv", "nb"])
def test_what_anybody_may_read_is_not_held(heads: InProcess, lang: str) -> None:
    assert share(heads, "clean", lang) <= 0.07
