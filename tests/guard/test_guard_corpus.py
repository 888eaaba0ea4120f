"""The pairs in data/guard: well formed, and judged by the deterministic checks as far as those can see."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from webcare.domain import Decision
from webcare.guard import ReviewContext, review

DATA = Path(__file__).parents[2] / "data" / "guard"
LANGUAGES = ("nl", "en", "sv", "nb")
LEAKS = {"copied", "paraphrase", "translation", "person_switch", "notelike"}
HARMLESS = {"clean", "shared_fact"}

Row = dict[str, Any]


def pairs(lang: str) -> list[Row]:
    lines = (DATA / f"pairs-{lang}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def held(row: Row) -> bool:
    notes = (row["note"],) if row["note"] else ()
    return review(row["reply"], ReviewContext(channel="x", lang=row["lang"], notes=notes)).decision is Decision.BLOCK


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_row_is_well_formed(lang: str) -> None:
    rows = pairs(lang)
    assert len({row["id"] for row in rows}) == len({row["reply"] for row in rows}) == len(rows)
    for row in rows:
        assert row["lang"] == lang
        assert row["kind"] in LEAKS | HARMLESS
        assert (row["note"] == "") == (row["kind"] == "notelike")
        assert (row["leak_span"] is None) == (row["kind"] in HARMLESS)
        if row["leak_span"] is not None:
            start, end = row["leak_span"]
            assert 0 <= start < end <= len(row["reply"])
            assert row["reply"][start:end].strip() == row["reply"][start:end]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_copied_note_is_held(lang: str) -> None:
    assert [row["id"] for row in pairs(lang) if row["kind"] == "copied" and not held(row)] == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_clean_reply_is_held(lang: str) -> None:
    assert [row["id"] for row in pairs(lang) if row["kind"] == "clean" and held(row)] == []


def test_at_most_five_in_a_hundred_harmless_replies_are_held_for_a_fact_nobody_marked_shareable() -> None:
    rows = [row for lang in LANGUAGES for row in pairs(lang) if row["kind"] in HARMLESS]
    assert sum(map(held, rows)) / len(rows) <= 0.05


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_fact_marked_shareable_is_not_held(lang: str) -> None:
    facts = [row for row in pairs(lang) if row["kind"] == "shared_fact"]
    assert facts
    for row in facts:
        context = ReviewContext(channel="x", lang=lang, notes=(row["note"],), public_texts=(row["note"],))
        assert review(row["reply"], context).decision is not Decision.BLOCK
