from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator, Sequence
from itertools import islice

import pytest

from webcare.domain import Triage
from webcare.encoder import Encoder
from webcare.settings import RoutingSettings
from webcare.triage.base import Classifier
from webcare.triage.keywords import default_classifier
from webcare.triage.stream import WINDOW, triage_lines
from webcare.triage.transformer import TransformerClassifier

ROUTING = RoutingSettings(critical_within_min=15, high_within_min=60, normal_within_min=240, low_within_min=1440)


def run(lines: Sequence[str], classifier: Classifier | None = None) -> list[dict[str, object]]:
    return list(triage_lines(lines, classifier or default_classifier(), ROUTING, unsorted_below=0.45))


def test_each_line_is_answered_in_order() -> None:
    lines = [
        json.dumps({"id": "a", "text": "Waar blijft mijn pakket?"}),
        json.dumps({"id": 2, "text": "The lamp burned my hand, I am in hospital", "lang": "en"}) + "\n",
        json.dumps({"id": "c", "text": "", "lang": None}),
    ]
    found = run(lines)

    assert [row["id"] for row in found] == ["a", 2, "c"]
    assert set(found[0]) == {
        "id", "language", "sentiment", "urgency", "topic", "needs_reply", "route", "queue", "confidence", "reason"
    }  # fmt: skip
    assert (found[1]["urgency"], found[1]["route"], found[1]["queue"]) == ("critical", "second_line", "second_line")
    assert found[2]["queue"] == "unsorted"
    assert str(found[1]["reason"]).startswith("critical")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("", "empty"),
        ("   \n", "empty"),
        ("nonsense", "not valid JSON"),
        ('{"id": 1', "not valid JSON"),
        ("[1, 2]", "not a JSON object"),
        ("null", "not a JSON object"),
        ('{"text": "x"}', "id is missing"),
        ('{"id": null, "text": "x"}', "id is missing"),
        ('{"id": true, "text": "x"}', "id is missing or is neither"),
        ('{"id": 1.5, "text": "x"}', "neither text nor a whole number"),
        ('{"id": "\\ud800", "text": "x"}', "half a character"),
        ('{"id": 1}', "text is missing"),
        ('{"id": 1, "text": 5}', "text is missing or is not text"),
        ('{"id": 1, "text": "x", "lang": 7}', "lang is not text"),
        ("[" * 100_000, "nested too deeply"),
        ('{"id": ' + "9" * 5_000 + ', "text": "x"}', "not valid JSON"),
    ],
)
def test_a_bad_line_gets_its_number_and_a_reason_and_the_run_goes_on(line: str, says: str) -> None:
    good = '{"id": "ok", "text": "Hej"}'
    found = run([good, line, good])

    assert [row.get("id") for row in found] == ["ok", None, "ok"]
    assert set(found[1]) == {"line", "error"}
    assert found[1]["line"] == 2
    assert says in str(found[1]["error"])


def test_every_answer_can_be_written_as_json() -> None:
    texts = ["\ud800", "\x00", "a" * 10_000, "\u202eabc", '"quote"', "tab\there"]

    for row in run([json.dumps({"id": at, "text": text}) for at, text in enumerate(texts)]):
        assert json.loads(json.dumps(row, ensure_ascii=False).encode("utf-8")) == row


class Counting:
    """Asks the word lists, and remembers the largest batch it was given."""

    version = "counting"

    def __init__(self) -> None:
        self.largest = 0

    def classify(self, texts: Sequence[str], langs: Sequence[str | None] | None = None) -> list[Triage]:
        self.largest = max(self.largest, len(texts))
        return default_classifier().classify(texts, langs)


def endless() -> Iterator[str]:
    at = 0
    while True:
        at += 1
        yield json.dumps({"id": at, "text": "Tack!"})


def test_an_endless_stream_is_answered_with_bounded_memory() -> None:
    classifier = Counting()
    answers = triage_lines(endless(), classifier, ROUTING, unsorted_below=0.45)
    list(islice(answers, 3 * WINDOW))
    tracemalloc.start()
    list(islice(answers, WINDOW))
    before, _ = tracemalloc.get_traced_memory()
    for _ in islice(answers, 4 * WINDOW):
        pass
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert classifier.largest == WINDOW
    assert after - before < 2_000_000


def test_no_more_lines_are_taken_than_a_window_ahead_of_the_answers() -> None:
    taken = ahead = 0

    def counted() -> Iterator[str]:
        nonlocal taken
        for line in islice(endless(), 5 * WINDOW):
            taken += 1
            yield line

    answers = triage_lines(counted(), default_classifier(), ROUTING, unsorted_below=0.45)
    for answered, _ in enumerate(answers):
        ahead = max(ahead, taken - answered)

    assert taken == 5 * WINDOW
    assert ahead == WINDOW


def test_windows_do_not_show_in_the_answers() -> None:
    texts = ["Tack!", "Hvor er den?", "x", "kapot"] * 5
    lines = [json.dumps({"id": at, "text": text}) for at, text in enumerate(texts)]
    lines[3] = "broken"
    whole = run(lines)
    cut = list(triage_lines(lines, default_classifier(), ROUTING, unsorted_below=0.45, window=3))

    assert cut == whole
    assert cut[3] == {"line": 4, "error": whole[3]["error"]}


def test_the_transformer_answers_a_stream_too(tiny_encoder: Encoder) -> None:
    lines = [json.dumps({"id": at, "text": f"Waar blijft mijn kast {at}?"}) for at in range(40)]
    found = run(lines, TransformerClassifier(tiny_encoder))

    assert [row["id"] for row in found] == list(range(40))
    assert {"critical", "high"} < set(found[0]["confidence"])  # type: ignore[arg-type]
