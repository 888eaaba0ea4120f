"""Labels mentions by lists of words, so that the desk works without trained weights.

It cannot read irony, context or a word it does not know, and says so: its probabilities are modest by design, and a
text in which it recognises nothing gets a route below the usual threshold, which sends it to the unsorted lane.
"""

from __future__ import annotations

import math
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from webcare.domain import LANGUAGES, Line, Sentiment, Topic, Triage, Urgency
from webcare.triage.lexicon import Hit, Word, WordList, shown, split_words

VERSION = "keywords-1"
LEXICON = Path(__file__).with_name("lexicon.toml")
#: Longer texts are read to here; a post that long has said what it wants.
MAX_CHARS = 20_000
UNKNOWN_LANGUAGE = "und"

_NEGATION_REACH = 3  # words between "not" and what it turns around
_HINT_WEIGHT = 2.0  # the network's own guess, in units of log odds
_FUNCTION_WEIGHT = 1.5
_LETTER_WEIGHT = 0.3  # neighbouring groups share letters, so each counts for less than one
_SMOOTHING = 0.5
_POSSIBLE_GROUPS = 3_000
_WORDS_FOR_LANGUAGE = 80
_LONGEST_WORD = 24
_LABELS = ("negation", "ask", "unsolved", "authority", "positive", "negative", "critical", "high", "deadline")


@dataclass(frozen=True, slots=True)
class _Language:
    words: WordList
    function: Mapping[str, float]  #: how much each common word speaks for this language
    letters: Mapping[str, float]  #: how much each group of letters does
    rare: float  #: the same for a group its word lists never use


@dataclass(slots=True)
class _Signs:
    """What was seen in one text."""

    language: str
    sure_of_language: float
    asks: bool
    found: dict[str, list[str]] = field(default_factory=dict)  #: label -> words as written
    topics: Counter[Topic] = field(default_factory=Counter)
    good: int = 0
    bad: int = 0

    def has(self, label: str) -> bool:
        return label in self.found


class KeywordClassifier:
    """A `Classifier` that needs nothing but its word lists. Safe to share between threads."""

    def __init__(self, lexicon: Path = LEXICON) -> None:
        self._languages, self._good_signs, self._bad_signs = _read(lexicon)

    @property
    def version(self) -> str:
        """The name stored with every decision."""
        return VERSION

    def classify(self, texts: Sequence[str], langs: Sequence[str | None] | None = None) -> list[Triage]:
        """Label each text; result i belongs to texts[i]. Never raises on any text."""
        hints = langs if langs is not None else [None] * len(texts)
        return [self._one(text[:MAX_CHARS], hint) for text, hint in zip(texts, hints, strict=True)]

    def language(self, text: str, hint: str | None = None) -> tuple[str, float]:
        """The language of a text and how sure that is; `und` when nothing tells."""
        return self._language(split_words(text[:MAX_CHARS]), hint)

    def _one(self, text: str, hint: str | None) -> Triage:
        signs = self._look(text, hint)
        urgency, sure_urgency = _urgency(signs)
        topic, sure_topic = _topic(signs, urgency)
        sentiment, sure_sentiment = _sentiment(signs)
        needs, sure_needs = _needs_reply(signs, sentiment, urgency)
        line, sure_line = _line(signs, urgency, topic, needs=needs)
        return Triage(
            language=signs.language,
            sentiment=sentiment,
            urgency=urgency,
            topic=topic,
            needs_reply=needs,
            line=line,
            confidence={
                "language": signs.sure_of_language,
                "sentiment": sure_sentiment,
                "urgency": sure_urgency,
                "topic": sure_topic,
                "needs_reply": sure_needs,
                "route": sure_line,
            },
            model_version=VERSION,
            words=_weighing(signs),
        )

    def _look(self, text: str, hint: str | None) -> _Signs:
        words = split_words(text)
        language, sure = self._language(words, hint)
        signs = _Signs(language, sure, asks="?" in text or "？" in text)
        # A text in no known language is still searched in English: many brands' customers mix.
        lists = self._languages.get(language) or self._languages["en"]
        _collect(signs, words, list(lists.words.find(words)), text)
        signs.good += sum(text.count(sign) > 0 for sign in self._good_signs)
        signs.bad += sum(text.count(sign) > 0 for sign in self._bad_signs)
        # "Thanks for the help" holds a word of asking and asks nothing.
        signs.asks = signs.asks or (signs.has("ask") and signs.good <= signs.bad)
        return signs

    def _language(self, words: list[Word], hint: str | None) -> tuple[str, float]:
        words = [word for word in words[:_WORDS_FOR_LANGUAGE] if not word.text.isdigit()]
        if not any(_is_latin(word.text) for word in words) and hint not in self._languages:
            return UNKNOWN_LANGUAGE, 0.0
        groups = [group for word in words for group in _groups(word.text)]
        scores = {name: _speaks_for(language, words, groups) for name, language in self._languages.items()}
        if hint is not None and hint in scores:
            scores[hint] += _HINT_WEIGHT
        best = max(scores, key=lambda name: scores[name])
        weights = {name: math.exp(min(score - scores[best], 0.0)) for name, score in scores.items()}
        return best, round(1 / sum(weights.values()), 4)


@cache
def default_classifier() -> KeywordClassifier:
    """The one reader of the packaged lists, made once a process."""
    return KeywordClassifier()


def _read(path: Path) -> tuple[dict[str, _Language], tuple[str, ...], tuple[str, ...]]:
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    common = {name: set(raw[name]["function"].split()) for name in LANGUAGES}
    shared = Counter(word for words in common.values() for word in words)
    languages = {name: _language(raw[name], common[name], shared) for name in LANGUAGES}
    signs = raw["any"]
    return languages, tuple(signs["positive_signs"].split()), tuple(signs["negative_signs"].split())


def _language(raw: Mapping[str, Any], common: Iterable[str], shared: Mapping[str, int]) -> _Language:
    entries = {label: _entries(raw[label]) for label in _LABELS}
    entries |= {topic: _entries(listed) for topic, listed in raw["topic"].items()}
    # A word that only one language uses tells most; one that all six use tells nothing.
    function = {word: math.log(len(LANGUAGES) / shared[word]) for word in common}
    letters, rare = _letters([*common, *raw["marks"].split()] + [e for listed in entries.values() for e in listed])
    return _Language(WordList(entries), function, letters, rare)


def _letters(words: Iterable[str]) -> tuple[dict[str, float], float]:
    """Log frequency of groups of letters in a language's own lists, and of a group never seen."""
    seen = Counter(group for word in words for part in word.replace("*", "").split() for group in _groups(part))
    total = sum(seen.values()) + _SMOOTHING * _POSSIBLE_GROUPS
    scale = {group: math.log((count + _SMOOTHING) / total) for group, count in seen.items()}
    return scale, math.log(_SMOOTHING / total)


def _groups(word: str) -> list[str]:
    padded = f" {word[:_LONGEST_WORD]} "
    return [padded[at : at + 3] for at in range(len(padded) - 2)]


def _is_latin(word: str) -> bool:
    return any("a" <= letter <= "z" or "à" <= letter <= "ÿ" for letter in word)


def _speaks_for(language: _Language, words: list[Word], groups: list[str]) -> float:
    common = sum(language.function.get(word.text, 0.0) for word in words)
    return _FUNCTION_WEIGHT * common + _LETTER_WEIGHT * sum(language.letters.get(g, language.rare) for g in groups)


def _entries(listed: str) -> list[str]:
    return [entry.strip() for entry in listed.split(",")]


def _collect(signs: _Signs, words: list[Word], hits: list[Hit], text: str) -> None:
    turned = _negated(hits)
    for hit in hits:
        written = text[words[hit.first].start : words[hit.last - 1].end]
        if hit.label in _TOPICS:
            # A longer phrase is a surer sign than one word of it.
            signs.topics[Topic(hit.label)] += hit.last - hit.first
        elif hit.label == "positive" and hit.first in turned:
            signs.bad += 1
        elif hit.label == "positive":
            signs.good += 1
        elif hit.label == "negative" and hit.first not in turned:
            signs.bad += 1
        signs.found.setdefault(hit.label, []).append(written)


_TOPICS = frozenset(topic.value for topic in Topic)


def _negated(hits: list[Hit]) -> set[int]:
    """Word positions that stand shortly after a word of denial."""
    return {hit.first + step for hit in hits if hit.label == "negation" for step in range(1, _NEGATION_REACH + 1)}


def _sentiment(signs: _Signs) -> tuple[Sentiment, float]:
    # Harm and a broken promise are told without a single angry word.
    bad = signs.bad + 2 * signs.has("critical") + 2 * signs.has("unsolved")
    if bad == signs.good:
        return Sentiment.NEUTRAL, 0.5 if not bad else 0.4
    sure = min(0.45 + 0.06 * abs(bad - signs.good), 0.7)
    return (Sentiment.NEGATIVE if bad > signs.good else Sentiment.POSITIVE), sure


def _urgency(signs: _Signs) -> tuple[Urgency, float]:
    if signs.has("critical"):
        return Urgency.CRITICAL, min(0.5 + 0.08 * len(set(signs.found["critical"])), 0.74)
    pressing = signs.has("deadline") and (signs.asks or signs.bad) and signs.topics[Topic.STORE] == 0
    if signs.has("high") or signs.has("unsolved") or pressing:
        return Urgency.HIGH, 0.5
    if signs.asks or signs.bad > signs.good:
        return Urgency.NORMAL, 0.5
    if signs.good > signs.bad:
        return Urgency.LOW, 0.55
    # Nothing pressing was recognised, which is not the same as nothing pressing being said.
    return Urgency.NORMAL, 0.35


#: Which of two topics with equally many words is more likely what must be solved ("arrived broken").
_TIES = (
    Topic.SAFETY_LEGAL,
    Topic.PRODUCT_FAULT,
    Topic.RETURN,
    Topic.PAYMENT,
    Topic.WEBSITE_APP,
    Topic.STORE,
    Topic.AVAILABILITY,
    Topic.PRODUCT_ADVICE,
    Topic.ORDER,
    Topic.DELIVERY,
    Topic.BRAND,
    Topic.OTHER,
)


def _topic(signs: _Signs, urgency: Urgency) -> tuple[Topic, float]:
    if urgency is Urgency.CRITICAL and signs.topics[Topic.SAFETY_LEGAL]:
        return Topic.SAFETY_LEGAL, 0.6
    ranked = sorted(signs.topics.items(), key=lambda item: (-item[1], _TIES.index(item[0])))
    if not ranked or not ranked[0][1]:
        return (Topic.BRAND, 0.4) if signs.good > signs.bad else (Topic.OTHER, 0.25)
    if signs.good > signs.bad and not signs.asks:
        return Topic.BRAND, 0.5
    best, count = ranked[0]
    rival = ranked[1][1] if len(ranked) > 1 else 0
    return best, round(min(0.35 + 0.1 * (count - rival), 0.65), 4)


def _needs_reply(signs: _Signs, sentiment: Sentiment, urgency: Urgency) -> tuple[bool, float]:
    if urgency in (Urgency.CRITICAL, Urgency.HIGH) or signs.asks:
        return True, 0.7
    if sentiment is Sentiment.NEGATIVE:
        return True, 0.6
    return False, 0.65 if sentiment is Sentiment.POSITIVE else 0.5


def _line(signs: _Signs, urgency: Urgency, topic: Topic, *, needs: bool) -> tuple[Line, float]:
    if urgency is Urgency.CRITICAL or topic is Topic.SAFETY_LEGAL:
        return Line.SECOND_LINE, 0.7
    if signs.has("unsolved") or signs.has("authority"):
        return Line.SECOND_LINE, 0.5
    recognised = sum(signs.topics.values()) + signs.good + signs.bad
    if not recognised:
        return Line.FIRST_LINE, 0.3
    return Line.FIRST_LINE, 0.6 if needs else 0.55


_WEIGHT = {"critical": 1.0, "high": 0.7, "unsolved": 0.6, "authority": 0.5, "negative": 0.4, "positive": 0.4}


def _weighing(signs: _Signs, most: int = 6) -> tuple[tuple[str, float], ...]:
    weights: dict[str, float] = {}
    for label, written in signs.found.items():
        weight = _WEIGHT.get(label, 0.3 if label in _TOPICS else 0.0)
        for word in written:
            weights[shown(word)] = max(weights.get(shown(word), 0.0), weight)
    ranked = sorted((item for item in weights.items() if item[1]), key=lambda item: -item[1])
    return tuple(ranked[:most])
