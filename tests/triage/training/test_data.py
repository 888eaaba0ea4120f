from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path

import pytest

from webcare.errors import SettingsError
from webcare.triage.training.data import Row, only, part_of, read_labels, read_public, roughen
from webcare.triage.training.labels import near_duplicates, problems

GOOD = {
    "id": "nl-1",
    "scenario": "late-sofa",
    "lang": "nl",
    "text": "Waar blijft mijn bank?",
    "sentiment": "neutral",
    "urgency": "normal",
    "topic": "delivery",
    "needs_reply": True,
    "route": "first_line",
    "network": "x",
    "industry": "furniture",
    "tags": ["sarcasm"],
}


def write(folder: Path, *rows: dict[str, object], name: str = "nl-a.jsonl") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return folder


def test_a_row_is_read_with_an_answer_for_every_question(tmp_path: Path) -> None:
    row = read_labels(write(tmp_path, GOOD))[0]

    assert row.labels == {
        "sentiment": "neutral",
        "urgency": "normal",
        "topic": "delivery",
        "route": "first_line",
        "needs_reply": "true",
        "language": "nl",
    }
    assert (row.source, row.part, row.tags, row.network) == ("own", part_of("late-sofa"), ("sarcasm",), "x")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"urgency": "urgent"}, "'urgent' is not a label of urgency"),
        ({"lang": "no"}, "'no' is not a label of language"),
        ({"needs_reply": "yes"}, "needs_reply must be true or false"),
        ({"text": "  "}, "text is empty"),
        ({"part": "exam"}, "'exam' is not a part"),
    ],
)
def test_a_row_that_cannot_be_used_is_named_with_file_and_line(
    tmp_path: Path, change: dict[str, object], says: str
) -> None:
    with pytest.raises(SettingsError, match=rf"nl-a\.jsonl, line 2: .*{says}"):
        read_labels(write(tmp_path, GOOD, GOOD | change))


def test_a_row_may_name_its_part(tmp_path: Path) -> None:
    other = "train" if part_of("late-sofa") != "train" else "dev"

    assert read_labels(write(tmp_path, GOOD | {"part": other}))[0].part == other


def test_a_row_without_a_field_says_which(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="line 1: missing scenario, topic"):
        read_labels(write(tmp_path, {k: v for k, v in GOOD.items() if k not in ("topic", "scenario")}))


def test_a_scenario_stands_on_one_side_only_and_parts_have_their_shares() -> None:
    parts = [part_of(f"scenario-{at}") for at in range(4_000)]

    assert [part_of(f"scenario-{at}") for at in range(4_000)] == parts
    assert parts.count("test") / 4_000 == pytest.approx(0.15, abs=0.02)
    assert parts.count("dev") / 4_000 == pytest.approx(0.12, abs=0.02)


def test_public_sets_are_read_where_they_are_and_test_text_never_trains(tmp_path: Path) -> None:
    lcc = tmp_path / "lcc"
    lcc.mkdir()
    train = [{"text": "Det er godt.", "label": "positiv"}, {"text": "Det er skidt!", "label": "negativ"}]
    (lcc / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in train))
    (lcc / "test.jsonl").write_text(json.dumps({"text": "det er SKIDT", "label": "negativ"}) + "\n")

    rows = read_public(tmp_path)

    assert [(row.part, row.labels["sentiment"], row.lang) for row in rows] == [
        ("train", "positive", "da"),
        ("test", "negative", "da"),
    ]
    assert only(rows, part="test")[0].labels == {"sentiment": "negative", "language": "da"}


def row(key: str, text: str, **labels: str) -> Row:
    usual = {"urgency": "normal", "topic": "order", "route": "first_line", "needs_reply": "true"}
    return Row(key, text, "nl", usual | labels, "own")


def test_texts_that_say_the_same_are_found_and_others_are_not() -> None:
    rows = [
        row("a", "Waar blijft mijn bestelling? Ik wacht nu al drie weken."),
        row("b", "@merk waar blijft mijn bestelling!! Ik wacht nu al drie weken"),
        row("c", "Ik wacht op mijn bank, hij zou dinsdag komen."),
    ]

    assert [(one.id, other.id) for one, other, _ in near_duplicates(rows)] == [("a", "b")]


def test_a_scenario_that_stands_in_two_parts_is_told() -> None:
    one, two = row("a", "De kast kwam stuk aan"), row("b", "Wanneer zijn jullie open?")
    told = list(problems([replace(one, scenario="s1"), replace(two, scenario="s1", part="test")]))

    assert told == ["scenario s1 stands in test and train; it belongs to one part"]


def test_different_emoji_alone_do_not_say_the_same() -> None:
    hearts, hands, again = (Row(str(at), text, "nb", {}, "own") for at, text in enumerate(("💛💛💛", "🙌🙌", "💛💛💛")))

    assert [(one.id, other.id) for one, other, _ in near_duplicates([hearts, hands, again])] == [("0", "2")]


def test_rows_against_the_guideline_are_told() -> None:
    found = list(
        problems(
            [
                row("a", "De lamp vloog in brand", urgency="critical"),
                row("b", "Datalek bij jullie", topic="safety_legal"),
                row("c", "Mijn geld is weg", urgency="high", needs_reply="false"),
                row("d", "Wanneer komt de kast?"),
                row("d", "Hebben jullie nog stoelen?"),
            ]
        )
    )

    assert found == [
        "d stands there 2 times",
        "a: a critical mention goes to second line",
        "b: safety_legal goes to second line",
        "c: high, but needs no reply",
    ]


def test_roughening_is_repeatable_and_keeps_most_of_the_text() -> None:
    text = "Hallo @user, waar blijft mijn bestelling? Ik wacht al weken."
    rough = [roughen(text, random.Random(seed)) for seed in range(200)]

    assert rough == [roughen(text, random.Random(seed)) for seed in range(200)]
    assert len(set(rough)) > 50
    assert all(len(one) > len(text) - 15 for one in rough)
