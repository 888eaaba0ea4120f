"""Texts of agents, so that the encoder also learns the guard's three questions.

Is a sentence meant for colleagues or for the customer? Read behind a note, does it give away what the note says? Both
come from the pairs in `data/guard/`: a note, a reply, and the stretch of the reply that gives the note away. And does a
reply joke? That comes from the jokes there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from webcare.domain import AgentText, Humour, SaidAgain
from webcare.encoder.pairs import FRESH_AUTHORS, FRESH_JOKERS, ROUNDS, TEST_AUTHORS, beside
from webcare.errors import SettingsError
from webcare.triage.training.data import DEV, TEST, TRAIN, Row
from webcare.triage.transformer import HEADS

#: Every question the shipped network answers: those of triage, and the guard's.
TRAINED_HEADS: Mapping[str, tuple[str, ...]] = {
    **HEADS,
    "agent_text": tuple(AgentText),
    "said_again": tuple(SaidAgain),
    "humour": tuple(Humour),
}
#: Leaks that are said to the customer, in other words than the note's: neither label would be true of them.
_SAID_AGAIN = frozenset({"paraphrase", "translation", "person_switch"})
#: Not after a number (“8. november”) and not before a small letter (“ca. fem”).
_SENTENCE_END = re.compile(r"(?<=[!?…])\s+|(?<=[^\d\s.]\.)\s+(?=[^\Wa-zà-ÿ])")


def read_agent_text(folder: Path) -> list[Row]:
    """Rows for the sentences of each pair in a folder, and for jokes. Raises SettingsError naming file, line, fault."""
    pairs = list(_lines(folder, *ROUNDS))
    made = chain(
        (_told(where, _of_pair, pair, _of_same_author(pairs, at)) for at, (pair, where) in enumerate(pairs)),
        (_told(where, _of_joke, joke) for joke, where in _lines(folder, "jokes")),
    )
    # Where a sentence was copied from the note it comes twice.
    return list({(row.part, row.text, str(sorted(row.labels.items()))): row for rows in made for row in rows}.values())


def _told(where: str, rows_of: Callable[..., Iterable[Row]], *given: Any) -> list[Row]:
    try:
        return list(rows_of(*given))
    except (ValueError, KeyError, TypeError) as error:
        raise SettingsError(f"{where}: {error!s}") from error


def _of_pair(pair: Mapping[str, Any], other: str) -> Iterator[Row]:
    yield from _sentences(pair)
    yield from _beside_notes(pair, other)


def _lines(folder: Path, *names: str) -> Iterator[tuple[dict[str, Any], str]]:
    for file in sorted(file for name in names for file in folder.glob(f"{name}-*.jsonl")):
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
            where = f"{file}, line {number}"
            try:
                yield dict(json.loads(line)), where
            except ValueError as error:
                raise SettingsError(f"{where}: {error!s}") from error


def _of_same_author(pairs: Sequence[tuple[Mapping[str, Any], str]], at: int) -> str:
    """A note that another pair of the same author has; empty where there is none near."""
    pair = pairs[at][0]
    others = (pairs[(at + step) % len(pairs)][0] for step in (7, 11, 13, 3, 1))
    found = (other["note"] for other in others if other["author_topic"][:1] == pair["author_topic"][:1])
    return next((note for note in found if note and note != pair["note"]), "")


def part_of_author(author_topic: str) -> str:
    """The part a pair belongs to: an author's texts all stand in one."""
    author = author_topic[:1]
    return TEST if author in TEST_AUTHORS else DEV if author in FRESH_AUTHORS else TRAIN


def _beside_notes(pair: Mapping[str, Any], other: str) -> Iterator[Row]:
    """The sentences of a reply behind its note, and behind a note of another case."""
    reply, span = pair["reply"], pair["leak_span"]
    start, end = span or (len(reply), len(reply))
    harmless = [text for part in (reply[:start], reply[end:]) for text in _split(part)]
    told = reply[start:end].strip(" ()")
    asked = [(pair["note"], text, SaidAgain.NO) for text in harmless]
    asked += [(pair["note"], told, SaidAgain.YES), (other, told, SaidAgain.NO)]
    for at, (note, text, answer) in enumerate(one for one in asked if one[0] and len(one[1].split()) > 1):
        labels = {"said_again": answer.value}
        part = part_of_author(pair["author_topic"])
        where = (f"{pair['id']}-beside-{at}", beside(note, text), pair["lang"])
        yield Row(*where, labels, "agent text", pair["author_topic"], part)


def _sentences(pair: Mapping[str, Any]) -> Iterator[Row]:
    reply, span = pair["reply"], pair["leak_span"]
    start, end = span or (len(reply), len(reply))
    said, thought, lang = AgentText.PUBLIC_REPLY, AgentText.INTERNAL_NOTE, pair["lang"]
    stretches = [(reply[:start], said, lang), (reply[end:], said, lang)]
    if pair["kind"] not in _SAID_AGAIN:
        stretches.append((reply[start:end], thought, lang))
    if pair["note"]:
        stretches.append((pair["note"], thought, pair["note_lang"]))
    texts = [(text, kind, of) for part, kind, of in stretches for text in _split(part)]
    for at, (text, kind, of) in enumerate(texts):
        labels = {"agent_text": kind.value, "language": of}
        part = part_of_author(pair["author_topic"])
        yield Row(f"{pair['id']}-{at}", text, of, labels, "agent text", pair["author_topic"], part)


def _of_joke(joke: Mapping[str, Any]) -> Iterator[Row]:
    """A reply, whole: which sentence of it jokes is not marked."""
    told = Humour.JOKE if joke["joke"] else Humour.NONE
    part = TEST if joke["part"] == TEST else DEV if joke["author"] in FRESH_JOKERS else TRAIN
    labels = {"humour": told.value, "language": joke["lang"]}
    yield Row(joke["id"], joke["draft"], joke["lang"], labels, "agent text", f"joke-{joke['author']}", part)


def _split(text: str) -> list[str]:
    """Sentences of two words or more."""
    found = (part.strip(" ()") for part in _SENTENCE_END.split(text))
    return [part for part in found if len(part.split()) > 1]
