"""Two readings of the same texts, and what their agreement comes to."""

import json
from pathlib import Path

import pytest

from webcare.triage.training.agreement import read_second, table
from webcare.triage.training.data import read_labels

LABELS = Path(__file__).parents[2] / "data" / "labels"


def answers(**changes: object) -> dict[str, object]:
    plain = {"sentiment": "neutral", "urgency": "normal", "topic": "store", "needs_reply": True, "route": "first_line"}
    return plain | changes


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "second").mkdir()
    first = [
        {"id": str(n), "scenario": str(n), "lang": "nl", "text": f"text {n}", **answers(urgency=urgency)}
        for n, urgency in enumerate(["low", "normal", "high", "critical"])
    ]
    second = [{"id": row["id"], **{key: row[key] for key in answers()}} for row in first]
    second[0]["urgency"] = "critical"
    (tmp_path / "nl.jsonl").write_text("\n".join(json.dumps(row) for row in first))
    (tmp_path / "second" / "a.jsonl").write_text("\n".join(json.dumps(row) for row in second[:3]))
    return tmp_path


def test_only_texts_read_twice_count_and_far_apart_costs_most(folder: Path) -> None:
    lines = {line.split(" | ")[0]: line for line in table(read_labels(folder), read_second(folder / "second"))}
    assert "| 3 | 100.0% |" in lines["| needs_reply"]
    assert "| 3 | 66.7% |" in lines["| urgency"]
    assert "| 0 |" not in lines["| urgency, nl"]


def test_our_own_labels_were_read_twice_and_agree_as_the_guideline_asks() -> None:
    second = read_second(LABELS / "second")
    lines = list(table(read_labels(LABELS), second))
    urgency = next(line for line in lines if line.startswith("| urgency |"))
    assert len(second) >= len(read_labels(LABELS)) * 0.19
    assert float(urgency.rsplit("|", 2)[1].split()[0]) >= 0.6
