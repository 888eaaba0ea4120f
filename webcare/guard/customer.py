"""How the customer is: angry, hurt, bereaved, in danger, pleased, or playing along.

What triage or a colleague said (`context.customer`) counts first; the message itself is judged by the words of
`feelings.toml` in any case, because jokes go wrong over things that a label of three values cannot say.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Sequence
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from webcare.domain import LANGUAGES, Sentiment, Topic, Urgency
from webcare.guard.base import ReviewContext
from webcare.guard.literals import Literals, Token, cut

_WORDS = Path(__file__).with_name("feelings.toml")
#: So many points make a customer angry: a word of anger counts two, all else one.
_ANGRY = 3
#: How far a "not" reaches, in tokens.
_NOT_REACH = 2
_SHOUTED = re.compile(r"\b[^\W\d_a-zß-ÿ]{4,}\b")


class State(StrEnum):
    """How a customer can be; several at once."""

    ANGRY = "angry"
    HURT = "hurt"
    DANGER = "danger"
    BEREAVED = "bereaved"
    COMPLAINT = "complaint"
    PRAISE = "praise"
    PLAYFUL = "playful"
    ASKS = "asks"


#: In these a joke does harm.
UPSET = frozenset({State.ANGRY, State.HURT, State.DANGER, State.BEREAVED})


def states(context: ReviewContext) -> frozenset[State]:
    """All that holds of the customer of this review. Pure; the word lists are read once per process."""
    found = set(judge(context.mention, context.lang))
    customer = context.customer
    if customer.urgency == Urgency.CRITICAL or (customer.topic == Topic.SAFETY_LEGAL and State.PLAYFUL not in found):
        found.add(State.DANGER)
    if customer.sentiment == Sentiment.NEGATIVE:
        found.discard(State.PRAISE)
        # A label says which side, the words how hard: a mild complaint that jokes along stays playful.
        found.add(State.COMPLAINT if State.PLAYFUL in found else State.ANGRY)
    elif customer.sentiment == Sentiment.POSITIVE and State.ANGRY not in found:
        # A machine's label may be wrong; words of anger outweigh it.
        found = (found - {State.COMPLAINT}) | {State.PRAISE}
    if customer.urgency == Urgency.HIGH and State.PLAYFUL not in found:
        # A loss or a deadline, however it is told, and whatever the sentiment says.
        found = (found - {State.PRAISE}) | {State.COMPLAINT}
    return frozenset(found)


@lru_cache(maxsize=512)
def judge(mention: str, lang: str | None) -> frozenset[State]:
    """What the words of a message alone say."""
    tokens = tuple(cut(mention))
    signs = _signs(tokens, lang)
    found = {state for state, sign in _PLAIN if signs[sign]}
    if "?" in mention:
        found.add(State.ASKS)
    points = _points(signs, mention)
    if points >= _ANGRY or (signs["anger"] and points >= _ANGRY - 1):
        found.add(State.ANGRY)
    if points >= 1:
        found.add(State.COMPLAINT)
    elif signs["praise"]:
        found.add(State.PRAISE)
    if signs["play"] and not found & UPSET:
        found.add(State.PLAYFUL)
    return frozenset(found)


_PLAIN = ((State.HURT, "hurt"), (State.DANGER, "danger"), (State.BEREAVED, "loss"))


class _Key(NamedTuple):
    lang: str
    sign: str


def _points(signs: Counter[str], mention: str) -> float:
    trouble = min(signs["problem"], 2) + min(signs["again"], 2)
    if trouble and not signs["problem"] and not signs["anger"] and signs["again"] < 2:
        # "Back again next week!" is no complaint.
        trouble = 0
    points: float = 2 * signs["anger"] + trouble
    if points and (mention.count("!") > 1 or _SHOUTED.search(mention)):
        points += 1
    if not trouble:
        # Praise beside trouble is politeness or irony; beside one strong word it is what was meant.
        points -= 1.5 * signs["praise"]
    return points - min(signs["play"], 2)


def _signs(tokens: Sequence[Token], lang: str | None) -> Counter[str]:
    known = {lang, "any"} if lang in LANGUAGES else {*LANGUAGES, "any"}
    hits = _longest((key.sign, start, end) for key, start, end in _lexicon().find(tokens) if key.lang in known)
    denied = _denied(tokens, [start for sign, start in hits if sign == "not"])
    signs: Counter[str] = Counter()
    for sign, start in set(hits):
        if start not in denied:
            signs[sign] += 1
        elif sign == "praise":
            signs["problem"] += 1
    return signs


def _longest(hits: Iterable[tuple[str, int, int]]) -> list[tuple[str, int]]:
    """Sign and place of each, without what is part of a longer phrase: "fingers crossed" hurts nobody."""
    found = list(hits)
    return [
        (sign, start)
        for sign, start, end in found
        if not any(first <= start and end <= last and last - first > end - start for _, first, last in found)
    ]


def _denied(tokens: Sequence[Token], nots: Iterable[int]) -> set[int]:
    """Where the words start that a "not" turns around."""
    starts = [token.start for token in tokens]
    return {after for start in nots for after in starts[starts.index(start) + 1 :][:_NOT_REACH]}


@lru_cache(maxsize=1)
def _lexicon() -> Literals[_Key]:
    with _WORDS.open("rb") as file:
        languages = tomllib.load(file)
    entries = (
        (_Key(lang, sign), entry.strip())
        for lang, signs in languages.items()
        for sign, words in signs.items()
        for entry in words.split(",")
        if entry.strip()
    )
    return Literals(entries)
