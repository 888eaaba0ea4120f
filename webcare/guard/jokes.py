"""Is there a joke in the draft, and does the customer stand for one?

A joke is welcome with somebody who plays along and does harm where somebody is angry, hurt, in danger or bereaved. It
is seen by what jokes are made of (`humour.toml`) and by the learned head, where one is at hand.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from webcare.domain import LANGUAGES, Finding, Level, Override
from webcare.guard.base import HOLDS, ReviewContext
from webcare.guard.customer import UPSET, State, states
from webcare.guard.learned.question import asked
from webcare.guard.literals import Literals, cut
from webcare.guard.rules.text import Text
from webcare.guard.spans import quote

_WORDS = Path(__file__).with_name("humour.toml")
#: Points that make a joke; a sign has all of them, an image half.
_JOKE = 1.0
_WEIGHT: Mapping[str, float] = {"signs": 1.0, "images": 0.5}
#: A cheerful mark in the same sentence as an image.
_CHEER = 0.5

_HARM = {
    State.BEREAVED: ("joke_to_hurt", "somebody has died"),
    State.DANGER: ("joke_to_hurt", "somebody was or is in danger"),
    State.HURT: ("joke_to_hurt", "somebody was hurt"),
    State.ANGRY: ("joke_to_angry", "the customer is angry"),
    State.COMPLAINT: ("joke_to_angry", "the customer complains"),
}


class Joke(NamedTuple):
    """A stretch of the draft that jokes."""

    start: int
    end: int


class Jokes:
    """Holds jokes to people who are in no mood for them."""

    name = "jokes"

    def review(self, draft: str, context: ReviewContext) -> Iterable[Finding]:
        """One finding per joke that does not fit; none where it may go out."""
        found = list(jokes(draft, context))
        if not found:
            return
        how = states(context)
        for joke in found:
            yield from self._judge(draft, joke, how, context)

    def _judge(self, draft: str, joke: Joke, how: frozenset[State], context: ReviewContext) -> Iterator[Finding]:
        said = quote(draft, *joke)
        if how & UPSET or (State.COMPLAINT in how and State.PLAYFUL not in how):
            reason, why = next(words for state, words in _HARM.items() if state in how)
            message = f"{said} reads as a joke, and {why}. Leave it out."
            yield Finding(self.name, Level.ERROR, reason, message, *joke, override=Override.JUSTIFICATION)
            return
        humour = context.brand.tone.get("humour", "welcome")
        if humour == "never" or (humour == "playful" and State.PLAYFUL not in how):
            message = f"{said} reads as a joke; the brand keeps jokes for {_KEPT_FOR[humour]}."
            yield Finding(self.name, Level.WARNING, "joke", message, *joke, override=Override.ACKNOWLEDGE)


_KEPT_FOR = {"never": "nobody", "playful": "customers who joke themselves"}


def jokes(draft: str, context: ReviewContext) -> Iterator[Joke]:
    """The sentences of a draft that joke, in order; a joke over several sentences is one."""
    text = Text(draft)
    points = _points(text, context)
    scores = _learned(draft, context)
    last: Joke | None = None
    for start, end in text.sentences:
        own = sum(weight for place, weight in points if start <= place < end)
        head = max((humour for place, humour in scores if start <= place < end), default=0.0)
        if own >= _JOKE or head >= HOLDS:
            if last is not None and not draft[last.end : start].strip():
                last = Joke(last.start, end)
            else:
                if last is not None:
                    yield last
                last = Joke(start, end)
    if last is not None:
        yield last
    elif sum(weight for _, weight in points) >= 2 * _JOKE:
        # Four images spread over as many sentences: no single one of them is the joke.
        yield Joke(*_whole(points, len(draft)))


def _whole(points: Sequence[tuple[int, float]], end: int) -> tuple[int, int]:
    return min(place for place, _ in points), end


def _points(text: Text, context: ReviewContext) -> list[tuple[int, float]]:
    """Where there is something to laugh about, and how much."""
    lang = context.lang
    known = {lang, "any"} if lang in LANGUAGES else {*LANGUAGES, "any"}
    theirs = {token.text for token in cut(context.mention)}
    ends: dict[int, tuple[int, float]] = {}
    for (code, kind), start, end in _lexicon().find(text.tokens):
        if code in known and not {token.text for token in cut(text.draft[start:end])} <= theirs:
            ends[start] = max(ends.get(start, (0, 0.0)), (end, _WEIGHT[kind]))
    points = [(start, weight) for start, (_, weight) in ends.items()]
    for start, end in text.sentences:
        if "!" in text.draft[start:end] and any(start <= place < end for place in ends):
            points.append((start, _CHEER))
    return points


def _learned(draft: str, context: ReviewContext) -> list[tuple[int, float]]:
    return [(score.start, score.humour) for score in asked(draft, context) or ()]


@lru_cache(maxsize=1)
def _lexicon() -> Literals[tuple[str, str]]:
    with _WORDS.open("rb") as file:
        languages = tomllib.load(file)
    return Literals(
        ((lang, kind), entry.strip())
        for lang, kinds in languages.items()
        for kind, words in kinds.items()
        for entry in words.split(",")
        if entry.strip()
    )
