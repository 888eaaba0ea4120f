"""Triage of JSON lines: one object in, one object out, in order, however many there are."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from webcare.domain import Author, Mention, Triage
from webcare.routing import route
from webcare.settings import RoutingSettings
from webcare.triage.base import Classifier

#: Lines held at a time: enough for the classifier to sort by length, little enough to stay small in memory.
WINDOW = 2048
_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Line:
    id: str | int
    text: str
    lang: str | None


@dataclass(frozen=True, slots=True)
class _Bad:
    number: int
    error: str


def triage_lines(
    lines: Iterable[str | bytes],
    classifier: Classifier,
    routing: RoutingSettings,
    *,
    unsorted_below: float,
    window: int = WINDOW,
) -> Iterator[dict[str, Any]]:
    """Label `{id, text, lang?}` lines; yield one dict per line, in order.

    A line that cannot be read yields `{"line": number, "error": sentence}` and the run goes on. At most `window`
    lines are held at a time. `route` is the line that answers; `queue` is where the desk would put the mention.
    """
    numbered = enumerate(lines, start=1)
    while batch := [_parse(number, line) for number, line in islice(numbered, window)]:
        yield from _answer(batch, classifier, routing, unsorted_below)


def _answer(
    batch: list[_Line | _Bad], classifier: Classifier, routing: RoutingSettings, unsorted_below: float
) -> Iterator[dict[str, Any]]:
    good = [line for line in batch if isinstance(line, _Line)]
    labels = iter(classifier.classify([line.text for line in good], [line.lang for line in good]))
    for line in batch:
        if isinstance(line, _Bad):
            yield {"line": line.number, "error": line.error}
        else:
            yield _result(line, next(labels), routing, unsorted_below)


def _result(line: _Line, triage: Triage, routing: RoutingSettings, unsorted_below: float) -> dict[str, Any]:
    mention = Mention("", str(line.id), str(line.id), Author(""), line.text, _NO_TIME, lang=line.lang)
    chosen = route(mention, triage, routing, unsorted_below=unsorted_below)
    return {
        "id": line.id,
        "language": triage.language,
        "sentiment": triage.sentiment.value,
        "urgency": triage.urgency.value,
        "topic": triage.topic.value,
        "needs_reply": triage.needs_reply,
        "route": chosen.line.value,
        "queue": chosen.queue,
        "confidence": {name: round(value, 4) for name, value in triage.confidence.items()},
        "reason": chosen.reason,
    }


def _parse(number: int, line: str | bytes) -> _Line | _Bad:
    if isinstance(line, bytes):
        try:
            line = line.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            return _Bad(number, f"the line is not UTF-8 text: {error.reason} at byte {error.start}")
    if not line.strip():
        return _Bad(number, "the line is empty; a line holds one JSON object with id and text")
    try:
        row = json.loads(line)
    except RecursionError:
        return _Bad(number, "the line is nested too deeply to be read")
    except ValueError as error:
        return _Bad(number, f"the line is not valid JSON: {error}")
    if not isinstance(row, dict):
        return _Bad(number, "the line is not a JSON object with id and text")
    return _checked(number, row)


def _checked(number: int, row: dict[str, Any]) -> _Line | _Bad:
    key, text, lang = row.get("id"), row.get("text"), row.get("lang")
    if isinstance(key, bool) or not isinstance(key, str | int):
        return _Bad(number, "id is missing or is neither text nor a whole number")
    if isinstance(key, str) and not _is_text(key):
        return _Bad(number, "id holds half a character (a lone surrogate), which cannot be written out again")
    if not isinstance(text, str):
        return _Bad(number, "text is missing or is not text")
    if lang is not None and not isinstance(lang, str):
        return _Bad(number, "lang is not text; write a code like nl, or leave it out")
    return _Line(key, text, lang)


def _is_text(value: str) -> bool:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
