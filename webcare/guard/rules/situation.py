"""Where a rule applies: market, language, channel, and how the customer is. Read once per review, for all rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from webcare.domain import LANGUAGES, Sentiment, Topic, Urgency
from webcare.guard.base import ReviewContext
from webcare.guard.customer import State, states
from webcare.guard.literals import cut
from webcare.guard.marked import Marked
from webcare.guard.rules.text import Text
from webcare.guard.words import SMALL

#: A market nobody named is the home of the customer's language.
HOME = {"nl": "nl", "en": "uk", "sv": "se", "nb": "no", "da": "dk", "de": "de"}
MARKETS = (*HOME.values(), "be", "at", "ch", "ie", "us", "fi")
#: So many words of a language more than of the expected one, before the draft counts as written in it.
_LEAD = 2

#: What `when:` can ask for, and the values it knows; None = any text.
CHOICES: Mapping[str, tuple[str, ...] | None] = {
    "market": MARKETS,
    "reply_lang": LANGUAGES,
    "mention_lang": LANGUAGES,
    "channel": None,
    "sentiment": tuple(Sentiment),
    "urgency": tuple(Urgency),
    "topic": tuple(Topic),
    "state": tuple(State),
}


@dataclass(frozen=True, slots=True)
class Situation:
    """The values that hold for one review, by the names of `CHOICES`."""

    values: Mapping[str, frozenset[str]]

    def changed(self, **values: str) -> Situation:
        """The same with some values set."""
        return Situation({**self.values, **{name: frozenset({value}) for name, value in values.items()}})


@dataclass(frozen=True, slots=True)
class When:
    """The conditions of one rule; all must hold. `wanted` empty for a name = any but the `unwanted`."""

    wanted: Mapping[str, frozenset[str]]
    unwanted: Mapping[str, frozenset[str]]
    order: tuple[tuple[str, str], ...] = ()  #: the first wanted value of each name, for tests

    def holds(self, situation: Situation) -> bool:
        """True where the rule applies."""
        values = situation.values
        if any(not values[name] & wanted for name, wanted in self.wanted.items()):
            return False
        return not any(values[name] & unwanted for name, unwanted in self.unwanted.items())


ALWAYS = When({}, {})


def situation_of(text: Text, context: ReviewContext) -> Situation:
    """What holds for a draft and its surroundings."""
    found = states(context)
    customer = context.customer
    sentiment = customer.sentiment or _sentiment(found)
    urgency = customer.urgency or (Urgency.CRITICAL if found & {State.DANGER, State.HURT} else Urgency.NORMAL)
    lang = context.lang or ""
    given = {
        "market": context.market or HOME.get(lang, ""),
        "reply_lang": language_of(text.draft, lang),
        "mention_lang": lang,
        "channel": context.channel,
        "sentiment": str(sentiment),
        "urgency": str(urgency),
        "topic": customer.topic,
    }
    values = {name: frozenset({value} if value else ()) for name, value in given.items()}
    return Situation({**values, "state": frozenset(map(str, found))})


def _sentiment(found: frozenset[State]) -> Sentiment:
    if found & {State.ANGRY, State.COMPLAINT, State.HURT, State.DANGER}:
        return Sentiment.NEGATIVE
    return Sentiment.POSITIVE if State.PRAISE in found else Sentiment.NEUTRAL


@lru_cache(maxsize=256)
def language_of(draft: str, expected: str) -> str:
    """The language a draft is written in, by its small words; the expected one where they do not decide."""
    counts = dict.fromkeys(LANGUAGES, 0)
    for token in cut(draft):
        for lang in _OWNERS.get(token.text, ()):
            counts[lang] += 1
    best = max(counts, key=lambda lang: counts[lang])
    if not counts[best] or counts.get(expected, 0) > counts[best] - _LEAD:
        return expected
    return best


def read_when(value: Marked) -> When:
    """Read a `when:` block. Raises SettingsError naming file and line."""
    wanted: dict[str, frozenset[str]] = {}
    unwanted: dict[str, frozenset[str]] = {}
    order: list[tuple[str, str]] = []
    for name, one in _conditions(value):
        texts = [(item, item.text()) for item in one.items()]
        choices = CHOICES[name]
        for item, text in texts:
            if choices is not None and text.removeprefix("not ") not in choices:
                raise item.wrong(
                    "{name} knows no {text!r}; it can be {known}, or not one of them",
                    name=name,
                    text=text,
                    known=", ".join(choices),
                )
        yes = [text for _, text in texts if not text.startswith("not ")]
        no = [text.removeprefix("not ") for _, text in texts if text.startswith("not ")]
        if not texts:
            raise one.wrong("{name} is empty; name a value or take the line out", name=name)
        if yes:
            wanted[name] = frozenset(yes)
            order.append((name, yes[0]))
        if no:
            unwanted[name] = frozenset(no)
    return When(wanted, unwanted, tuple(order))


def _conditions(value: Marked) -> Iterator[tuple[str, Marked]]:
    for name, one in value.pairs():
        if name == "mention":
            # mention: {sentiment: negative} reads as well as mention.sentiment: negative.
            yield from (_named(f"mention.{inner}", deeper) for inner, deeper in one.pairs())
        else:
            yield _named(name, one)


def _named(name: str, value: Marked) -> tuple[str, Marked]:
    short = {"mention.lang": "mention_lang", "reply.lang": "reply_lang"}.get(name, name.removeprefix("mention."))
    if short not in CHOICES:
        raise value.wrong("when knows no {name!r}; it can ask for {known}", name=name, known=", ".join(CHOICES))
    return short, value


def _owners() -> dict[str, tuple[str, ...]]:
    owners: dict[str, list[str]] = {}
    for lang, words in SMALL.items():
        for word in words:
            owners.setdefault(word, []).append(lang)
    return {word: tuple(langs) for word, langs in owners.items()}


_OWNERS = _owners()
