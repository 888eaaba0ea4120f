"""Sentences of notes and replies as training rows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from webcare.errors import SettingsError
from webcare.triage.training.agent_text import part_of_author, read_agent_text
from webcare.triage.training.data import DEV, TEST, TRAIN, Row

ROOT = Path(__file__).parents[3]


def pair(**changes: object) -> dict[str, object]:
    reply = "Hoi Noor! Kl belt al drie keer. Fijne dag."
    leak = [reply.index("Kl"), reply.index(" Fijne")]
    usual = {"id": "nl-1", "lang": "nl", "author_topic": "a-delivery", "note": "Kl belt al drie keer. Chauffeur ziek."}
    return usual | {"note_lang": "nl", "reply": reply, "kind": "copied", "leak_span": leak} | changes


def written(folder: Path, *pairs: dict[str, object]) -> Path:
    (folder / "pairs-nl.jsonl").write_text("".join(json.dumps(one) + "\n" for one in pairs), encoding="utf-8")
    return folder


def alone(folder: Path) -> list[Row]:
    return [row for row in read_agent_text(folder) if "agent_text" in row.labels]


def test_a_pair_gives_a_row_for_each_sentence_and_copies_count_once(tmp_path: Path) -> None:
    rows = alone(written(tmp_path, pair()))

    assert {(row.text, row.labels["agent_text"]) for row in rows} == {
        ("Hoi Noor!", "public_reply"),
        ("Fijne dag.", "public_reply"),
        ("Kl belt al drie keer.", "internal_note"),
        ("Chauffeur ziek.", "internal_note"),
    }
    assert len(rows) == 4


def test_a_leak_told_to_the_customer_is_neither_and_a_note_keeps_its_language(tmp_path: Path) -> None:
    said_again = pair(kind="translation", note="Driver called in sick.", note_lang="en")

    rows = alone(written(tmp_path, said_again))

    assert {row.text: row.lang for row in rows} == {
        "Hoi Noor!": "nl",
        "Fijne dag.": "nl",
        "Driver called in sick.": "en",
    }


def test_a_leak_gives_away_its_own_note_and_no_other(tmp_path: Path) -> None:
    other = pair(id="nl-2", note="Marge is hoog.", reply="Dank je wel!", kind="clean", leak_span=None)
    rows = read_agent_text(written(tmp_path, pair(), other))

    assert {(row.text, row.labels["said_again"]) for row in rows if "said_again" in row.labels} == {
        ("Kl belt al drie keer. Chauffeur ziek. ||| Hoi Noor!", "no"),
        ("Kl belt al drie keer. Chauffeur ziek. ||| Kl belt al drie keer.", "yes"),
        ("Kl belt al drie keer. Chauffeur ziek. ||| Fijne dag.", "no"),
        ("Marge is hoog. ||| Kl belt al drie keer.", "no"),
        ("Marge is hoog. ||| Dank je wel!", "no"),
    }


def test_a_number_or_an_abbreviation_ends_no_sentence(tmp_path: Path) -> None:
    reply = "Dat wordt 8. november, ca. vijf uur."
    rows = alone(written(tmp_path, pair(note="", reply=reply, leak_span=None)))

    assert [row.text for row in rows] == [reply]


def test_a_line_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    broken = pair()
    del broken["kind"]

    with pytest.raises(SettingsError, match=r"pairs-nl\.jsonl, line 2: 'kind'"):
        read_agent_text(written(tmp_path, pair(), broken))


def test_a_reply_that_jokes_is_one_row_and_belongs_to_the_part_it_names(tmp_path: Path) -> None:
    told = {"id": "joke-1", "lang": "nl", "author": "a", "part": "train", "mention": "Help", "draft": "Wat een mop."}
    lines = [told | {"joke": True}, told | {"joke": False, "draft": "Vervelend."}]
    lines += [told | {"joke": True, "author": "n", "draft": "Nog een."}, told | {"joke": True, "part": "test"}]
    (tmp_path / "jokes-nl.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines), encoding="utf-8")

    assert [(row.text, row.labels["humour"], row.part) for row in read_agent_text(tmp_path)] == [
        ("Wat een mop.", "joke", TRAIN),
        ("Vervelend.", "none", TRAIN),
        ("Nog een.", "joke", DEV),
        ("Wat een mop.", "joke", TEST),
    ]


def test_the_shipped_pairs_keep_their_authors_apart() -> None:
    rows = [row for row in read_agent_text(ROOT / "data" / "guard") if "humour" not in row.labels]

    assert len(rows) > 3_500
    parts = {row.scenario[:1]: row.part for row in rows}
    assert parts["e"] == parts["h"] == TEST
    assert parts["a"] == TRAIN
    assert all(row.part == part_of_author(row.scenario) for row in rows)
