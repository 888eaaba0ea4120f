"""The labelled texts in `data/guard`, as the heads learn from them; see README.md there."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from webcare.encoder.pairs import ROUNDS, TEST_AUTHORS
from webcare.errors import SettingsError
from webcare.guard.clauses import Stretch, sentences, stretches
from webcare.guard.learned.inprocess import note_parts

HARMLESS = frozenset({"clean", "shared_fact"})
#: Begins the ids of further replies.
REPLY = "reply-"
#: Leaks that stand in the note's own kind of words, so that they also sound like a note.
_NOTE_WORDS = frozenset({"copied", "notelike"})
#: A stretch is a leak when this much of it lies in the marked part, and none of it when nothing does.
_MOSTLY = 0.6
#: Parts that may be learned from, in files that name them.
_TRAINING = frozenset({"train", "tune", "tuning"})


@dataclass(frozen=True, slots=True)
class Pair:
    """A note, a reply, and what of the reply gives the note away."""

    id: str
    lang: str
    author: str
    kind: str
    note: str
    note_lang: str
    reply: str
    leak: tuple[int, int] | None

    @property
    def is_test(self) -> bool:
        """Written by an author nobody learns from."""
        return self.author in TEST_AUTHORS


@dataclass(frozen=True, slots=True)
class Joke:
    """A reply to a customer, with a joke in it or not."""

    id: str
    lang: str
    author: str
    mention: str
    draft: str
    is_joke: bool
    fits: bool
    is_test: bool


class Example(NamedTuple):
    """A stretch of a draft, beside a part of a note where there is one, and whether it is what a head looks for."""

    draft: str
    text: str
    note: str
    wanted: bool
    author: str
    lang: str
    source: str  #: id of the row it comes from
    whole: str = ""  #: the note


def read_pairs(folder: Path) -> list[Pair]:
    """Every pair. Raises SettingsError naming file, line and fault."""
    return [_pair(row, where) for name in (*ROUNDS, "facts") for row, where in _rows(folder, f"{name}-*.jsonl")]


def read_jokes(folder: Path) -> list[Joke]:
    """Every joke and every reply without one. Raises SettingsError."""
    found = []
    for row, where in _rows(folder, "jokes-*.jsonl"):
        try:
            said = (row["id"], row["lang"], row["author"], row["mention"], row["draft"])
            found.append(Joke(*said, row["joke"], row["fits"], row["part"] not in _TRAINING))
        except KeyError as error:
            raise SettingsError(f"{where}: {error} is missing") from error
    return found


class Reply(NamedTuple):
    """A public reply with nothing internal in it, from the part of a set that nobody is tested on."""

    lang: str
    author: str
    draft: str
    is_joke: bool


def read_replies(folder: Path) -> list[Reply]:
    """Further replies, jokes among them, which sound most like colleagues among themselves."""
    found: dict[str, Reply] = {}
    for name in ("jokes", "personal", "language", "spelling"):
        for row, _ in _rows(folder, f"{name}-*.jsonl"):
            if row.get("part") in _TRAINING:
                # Every other one teaches, the others say what a score means.
                author = "t" if len(found) % 2 else "a"
                found[row["draft"]] = Reply(row["lang"], author, row["draft"], row.get("joke") is True)
    return list(found.values())


def leak_examples(pairs: Sequence[Pair], replies: Sequence[Reply], seed: int) -> list[Example]:
    """Stretches of replies beside parts of notes: wanted where the stretch gives the note away."""
    chance = random.Random(seed)
    noted = [pair for pair in pairs if pair.note]
    found = [
        Example(pair.reply, place.of(pair.reply), part, wanted, pair.author, pair.lang, pair.id, pair.note)
        for pair in noted
        for place, wanted in _marked(pair)
        for part in note_parts(pair.note)
    ]
    # A sentence for customers is harmless beside any note.
    by_author = {author: [pair for pair in noted if pair.author == author] for author in {p.author for p in noted}}
    for pair in noted:
        other = chance.choice(by_author[pair.author])
        for place, wanted in _marked(pair):
            if not wanted and other.id != pair.id:
                part = chance.choice(note_parts(other.note))
                said = place.of(pair.reply)
                found.append(Example(pair.reply, said, part, False, pair.author, pair.lang, pair.id, other.note))
    for number, (lang, author, draft, _) in enumerate(replies):
        note = chance.choice(noted).note
        part, source = chance.choice(note_parts(note)), f"{REPLY}{number}"
        found += [
            Example(draft, place.of(draft), part, False, author, lang, source, note) for place in stretches(draft)
        ]
    return found


def note_like_examples(pairs: Sequence[Pair], replies: Sequence[Reply]) -> list[Example]:
    """Stretches of replies, and notes: wanted where it is talk among colleagues."""
    found = []
    for pair in pairs:
        for place, wanted in _marked(pair):
            # Said to the customer in other words, a leak sounds like neither.
            if not wanted or pair.kind in _NOTE_WORDS:
                text = place.of(pair.reply)
                found.append(Example(pair.reply, text, "", wanted, pair.author, pair.lang, pair.id))
        if pair.note and pair.kind != "shared_fact":
            # A note as it lies there, and as it slips into a reply.
            opening = sentences(pair.reply)[:1]
            slipped = f"{opening[0].of(pair.reply)} {pair.note}" if opening else pair.note
            for draft in (pair.note, slipped):
                parts = note_parts(pair.note)
                found += [Example(draft, part, "", True, pair.author, pair.note_lang, "") for part in parts]
    for number, (lang, author, draft, is_joke) in enumerate(replies):
        # Jokes are far rarer at a desk than here, so they teach but do not set the limit.
        source = "" if is_joke else f"{REPLY}{number}"
        found += [Example(draft, place.of(draft), "", False, author, lang, source) for place in stretches(draft)]
    return found


def humour_examples(jokes: Sequence[Joke], replies: Sequence[Reply]) -> list[Example]:
    """Stretches of replies: wanted, for now, wherever the reply jokes somewhere."""
    found = [
        Example(joke.draft, place.of(joke.draft), "", joke.is_joke, joke.author, joke.lang, joke.id)
        for joke in jokes
        for place in stretches(joke.draft)
    ]
    known = {joke.draft for joke in jokes}
    for number, (lang, author, draft, is_joke) in enumerate(replies):
        if not is_joke and draft not in known:
            source = f"{REPLY}{number}"
            found += [Example(draft, place.of(draft), "", False, author, lang, source) for place in stretches(draft)]
    return found


def _marked(pair: Pair) -> Iterator[tuple[Stretch, bool]]:
    """Each stretch of the reply that is clearly a leak or clearly none."""
    for place in stretches(pair.reply):
        start, end = pair.leak or (0, 0)
        inside = max(0, min(end, place.end) - max(start, place.start))
        share = inside / (place.end - place.start)
        if share == 0 or share > _MOSTLY:
            yield place, share > _MOSTLY


def _pair(row: dict[str, Any], where: str) -> Pair:
    try:
        span = row["leak_span"]
        return Pair(
            id=row["id"],
            lang=row["lang"],
            author=row["author_topic"][:1],
            kind=row["kind"],
            note=row["note"] or "",
            note_lang=row["note_lang"] or row["lang"],
            reply=row["reply"],
            leak=(int(span[0]), int(span[1])) if span else None,
        )
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise SettingsError(f"{where}: {error!r}") from error


def _rows(folder: Path, pattern: str) -> Iterator[tuple[dict[str, Any], str]]:
    for file in sorted(folder.glob(pattern)):
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
            where = f"{file}, line {number}"
            try:
                row = json.loads(line)
            except ValueError as error:
                raise SettingsError(f"{where}: {error}") from error
            if not isinstance(row, dict):
                raise SettingsError(f"{where}: not a JSON object")
            yield row, where
