"""Is there a joke in the draft, and does the customer stand for one?

A joke is welcome with somebody who plays along and does harm where somebody is angry, hurt, in danger or bereaved. It
is seen by what jokes are made of (`humour.toml`) and by the learned head, where one is at hand. Weak signs add up, and
fewer of them are enough where a joke would hurt.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from webcare.domain import LANGUAGES, N_, Finding, Level, Override, Said, Sentiment, Urgency
from webcare.guard.base import HOLDS, WARNS, ReviewContext
from webcare.guard.customer import UPSET, State, judge, states
from webcare.guard.learned.question import asked
from webcare.guard.literals import Literals, cut
from webcare.guard.rules.text import Text
from webcare.guard.spans import quote
from webcare.guard.words import STOP

_WORDS = Path(__file__).with_name("humour.toml")
#: Points that make a joke; a sign has more than that, an image or a turn of phrase half.
_JOKE = 1.0
_WEIGHT: Mapping[str, float] = {"signs": 1.25, "images": 0.5, "turns": 0.5, "hints": 0.25}
#: A cheerful mark in the same sentence as an image.
_CHEER = 0.5
#: Points of a sentence that the head would only warn of, and points that are enough where somebody is upset.
_MAYBE, _SUSPECT = 0.6, 0.7
#: Points of a sentence that the head is certain of.
_SURELY = 1.4
#: Points that are enough where triage and the words of the message disagree about the customer.
_DOUBTFUL = 1.2
#: Words that begin alike are forms of one word, or compounds with it.
_ALIKE = 4
_EMOJI = re.compile(r"[\U0001f300-\U0001faff☀-➿]")
#: "Hi Mr Short," and "Hej Seierstad!": a name of at least four letters after one to three words of greeting.
_GREETED = re.compile(r"\s*[^\W\d_]+\.?\s(?:[^\W\d_]+\.?\s){0,2}?([^\W\d_a-zß-ÿ][^\W\d_]{3,})(?=\s?[,!.])")
_LOWER = re.compile(r"\b[a-zß-ÿ][^\W\d_]{3,}")
_LONGEST_STEM = 6
#: A pause before the point ("a bit... short"), and a word said three times.
_TEASED = re.compile(r"(?<=\w)(?:\.\.\.|…)\s?(?=[a-zß-ÿ])|\b([^\W\d_]+)(?:,?\s\1\b){2,}", re.IGNORECASE)

_HARM = {
    State.BEREAVED: ("joke_to_hurt", N_("somebody has died")),
    State.DANGER: ("joke_to_hurt", N_("somebody was or is in danger")),
    State.HURT: ("joke_to_hurt", N_("somebody was hurt")),
    State.ANGRY: ("joke_to_angry", N_("the customer is angry")),
    State.COMPLAINT: ("joke_to_angry", N_("the customer complains")),
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
        how = states(context)
        for joke in jokes(draft, context, _enough(how, context)):
            yield from self._judge(draft, joke, how, context)

    def _judge(self, draft: str, joke: Joke, how: frozenset[State], context: ReviewContext) -> Iterator[Finding]:
        said = quote(draft, *joke)
        if context.jokes_held:
            message = Said("{quote} reads as a joke; jokes are held while the incident is open.", quote=said)
            yield Finding(self.name, Level.ERROR, "joke_in_incident", message, *joke, override=Override.JUSTIFICATION)
            return
        if how & UPSET or (State.COMPLAINT in how and State.PLAYFUL not in how):
            reason, why = next(words for state, words in _HARM.items() if state in how)
            message = Said("{quote} reads as a joke, and {why}. Leave it out.", quote=said, why=Said(why))
            yield Finding(self.name, Level.ERROR, reason, message, *joke, override=Override.JUSTIFICATION)
            return
        humour = context.brand.tone.get("humour", "welcome")
        if humour == "never" or (humour == "playful" and State.PLAYFUL not in how):
            message = Said(
                "{quote} reads as a joke; the brand keeps jokes for {whom}.", quote=said, whom=_KEPT_FOR[humour]
            )
            yield Finding(self.name, Level.WARNING, "joke", message, *joke, override=Override.ACKNOWLEDGE)


_KEPT_FOR = {"never": Said("nobody"), "playful": Said("customers who joke themselves")}


def _enough(how: frozenset[State], context: ReviewContext) -> float:
    """Points from which on a sentence is taken for a joke: fewer where two things say that the customer is upset."""
    if not how & {*UPSET, State.COMPLAINT}:
        return _JOKE
    customer, words = context.customer, judge(context.mention, context.lang)
    pressing = customer.urgency in (Urgency.HIGH, Urgency.CRITICAL) and words & {*UPSET, State.COMPLAINT}
    agreed = words & UPSET and customer.sentiment in ("", Sentiment.NEGATIVE)
    if how & UPSET and (pressing or agreed or State.BEREAVED in words):
        return _SUSPECT
    return _DOUBTFUL if customer.urgency else _JOKE


def jokes(draft: str, context: ReviewContext, enough: float = _JOKE) -> Iterator[Joke]:
    """The sentences of a draft with points enough, in order; a joke over several sentences is one."""
    text = Text(draft)
    points = _points(text, context)
    scores = _learned(draft, context)
    last: Joke | None = None
    for start, end in text.sentences:
        own = sum(weight for place, weight in points if start <= place < end)
        head = max((humour for place, humour in scores if start <= place < end), default=0.0)
        if own + _likeness(head) >= enough:
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


def _likeness(humour: float) -> float:
    """Points for what the head says: a joke where it would hold a draft, less where it has a doubt, more where none."""
    marks = ((0.0, 0.0), (WARNS, _MAYBE), (HOLDS, _JOKE), (1.0, _SURELY))
    for (low, least), (high, most) in pairwise(marks):
        if humour <= high:
            return least + (most - least) * (humour - low) / (high - low)
    return _SURELY


def _whole(points: Sequence[tuple[int, float]], end: int) -> tuple[int, int]:
    return min(place for place, _ in points), end


def _points(text: Text, context: ReviewContext) -> list[tuple[int, float]]:
    """Where there is something to laugh about, and how much."""
    points = dict(_listed(text, context))
    points |= {start: _WEIGHT["images"] for start in _odd_emoji(text, context) if start not in points}
    cheerful = [
        (start, _CHEER)
        for start, end in text.sentences
        if "!" in text.draft[start:end]
        and any(start <= at < end and it > _WEIGHT["hints"] for at, it in points.items())
    ]
    played = (*_names_played_with(text.draft), *(found.start() for found in _TEASED.finditer(text.draft)))
    return [*points.items(), *cheerful, *((start, _WEIGHT["turns"]) for start in played)]


def _listed(text: Text, context: ReviewContext) -> Iterator[tuple[int, float]]:
    """Where words of the list stand that the customer did not use first; the longest counts at each place."""
    lang = context.lang
    known = {lang, "any"} if lang in LANGUAGES else {*LANGUAGES, "any"}
    theirs = {token.text[:_ALIKE] for token in cut(context.mention)}
    ends: dict[int, tuple[int, float]] = {}
    for (code, kind), start, end in _lexicon().find(text.tokens):
        said = {token.text[:_ALIKE] for token in cut(text.draft[start:end])}
        if code in known and not said <= theirs:
            ends[start] = max(ends.get(start, (0, 0.0)), (end, _WEIGHT[kind]))
    yield from ((start, weight) for start, (_, weight) in ends.items())


def _odd_emoji(text: Text, context: ReviewContext) -> Iterator[int]:
    """Where emoji stand that are not those of a care team's sober replies, nor the customer's own."""
    sober = _sober_emoji()
    for found in _EMOJI.finditer(text.draft):
        if found[0] not in sober and found[0] not in context.mention:
            yield found.start()


def _names_played_with(draft: str) -> Iterator[int]:
    """Where the name in the greeting comes back as a plain word: "Hi Mr Short, ... a bit short"."""
    greeted = _GREETED.match(draft)
    if greeted is None or greeted[1].casefold() in STOP:
        return
    stem = greeted[1][:_LONGEST_STEM].casefold()
    for found in _LOWER.finditer(draft, greeted.end()):
        if found[0].startswith(stem):
            yield found.start()


def _learned(draft: str, context: ReviewContext) -> list[tuple[int, float]]:
    return [(score.start, score.humour) for score in asked(draft, context) or ()]


@lru_cache(maxsize=1)
def _lexicon() -> Literals[tuple[str, str]]:
    return Literals(((lang, kind), entry) for lang, kind, entry in _entries() if kind in _WEIGHT)


@lru_cache(maxsize=1)
def _sober_emoji() -> frozenset[str]:
    return frozenset(entry for _, kind, entry in _entries() if kind == "sober")


def _entries() -> Iterator[tuple[str, str, str]]:
    """Language, kind and words of every entry of the list."""
    with _WORDS.open("rb") as file:
        languages = tomllib.load(file)
    for lang, kinds in languages.items():
        for kind, words in kinds.items():
            yield from ((lang, kind, entry.strip()) for entry in words.split(",") if entry.strip())
