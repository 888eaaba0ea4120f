"""Sentences of agents, so that the encoder also learns to tell an internal note from a reply.

They come from the pairs in `data/guard/`: a note, a reply, and the stretch of the reply that gives the note away.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from webcare.domain import AgentText
from webcare.errors import SettingsError
from webcare.triage.training.data import DEV, TEST, TRAIN, Row
from webcare.triage.transformer import HEADS

#: Every question the shipped network answers: those of triage, and the guard's.
TRAINED_HEADS: Mapping[str, tuple[str, ...]] = {**HEADS, "agent_text": tuple(AgentText)}
#: Authors are ways of writing; those of the test part write like nobody in the training part.
_TEST_AUTHORS, _DEV_AUTHORS = frozenset("efhmp"), frozenset("j")
#: Leaks that are said to the customer, in other words than the note's: neither label would be true of them.
_SAID_AGAIN = frozenset({"paraphrase", "translation", "person_switch"})
#: Not after a number (“8. november”) and not before a small letter (“ca. fem”).
_SENTENCE_END = re.compile(r"(?<=[!?…])\s+|(?<=[^\d\s.]\.)\s+(?=[^\Wa-zà-ÿ])")


def read_agent_text(folder: Path) -> list[Row]:
    """A row for each sentence of each pair in a folder. Raises SettingsError naming file, line and fault."""
    found: dict[tuple[str, str, str], Row] = {}
    for file in sorted(folder.glob("pairs-*.jsonl")):
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
            try:
                rows = list(_sentences(json.loads(line)))
            except (ValueError, KeyError, TypeError) as error:
                raise SettingsError(f"{file}, line {number}: {error!s}") from error
            # Where a sentence was copied from the note it comes twice.
            found |= {(row.part, row.text, row.labels["agent_text"]): row for row in rows}
    return list(found.values())


def part_of_author(author_topic: str) -> str:
    """The part a pair belongs to: an author's texts all stand in one."""
    author = author_topic[:1]
    return TEST if author in _TEST_AUTHORS else DEV if author in _DEV_AUTHORS else TRAIN


def _sentences(pair: Mapping[str, Any]) -> Iterator[Row]:
    reply, span = pair["reply"], pair["leak_span"]
    start, end = span or (len(reply), len(reply))
    said, thought, lang = AgentText.PUBLIC_REPLY, AgentText.INTERNAL_NOTE, pair["lang"]
    stretches = [(reply[:start], said, lang), (reply[end:], said, lang)]
    if pair["kind"] not in _SAID_AGAIN:
        stretches.append((reply[start:end], thought, lang))
    if pair["note"]:
        stretches.append((pair["note"], thought, pair["note_lang"]))
    texts = [(text.strip(" ()"), kind, of) for part, kind, of in stretches for text in _SENTENCE_END.split(part)]
    for at, (text, kind, of) in enumerate(one for one in texts if len(one[0].split()) > 1):
        labels = {"agent_text": kind.value, "language": of}
        part = part_of_author(pair["author_topic"])
        yield Row(f"{pair['id']}-{at}", text, of, labels, "agent text", pair["author_topic"], part)
