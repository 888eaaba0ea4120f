"""Rules the desk writes itself: when a mention looks like this, it goes there. Pure, and fast enough for a whole week.

Rules stand in order. One that only adds tags adds them and lets the next rule speak; of all others the first that
applies decides, and what it does not say is left to the rules of routing. None of them can make danger wait: a rule
may not lower the priority of what is critical or high.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from webcare.domain import LANGUAGES, QUEUES, Line, Mention, MentionKind, Sentiment, Topic, Triage, Urgency
from webcare.errors import WebcareError

MAX_RULES = 200
MAX_WORDS = 100
#: No network allows longer posts; looking further would only cost time.
_LOOKED_AT = 10_000
_NAME = re.compile(r"[a-z][a-z0-9_]{1,30}")
_TAG = re.compile(r"[^\s,;#][^,;#\n]{0,39}")
#: Names that mean something else where queues are named.
_TAKEN = frozenset({*QUEUES, "all", "mine", "waiting", "aside", "done"})


class RulesWrong(WebcareError):
    """These rules cannot be used; the message says which one and why."""


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue of the desk's own. `titles` by language of the interface; "en" is always there."""

    name: str
    titles: Mapping[str, str]
    line: Line


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. An empty condition asks nothing; a rule needs at least one condition and one consequence."""

    name: str
    topics: frozenset[str] = frozenset()
    urgencies: frozenset[str] = frozenset()
    sentiments: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()
    accounts: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    words: re.Pattern[str] | None = None
    needles: tuple[str, ...] = ()  #: a piece of each word; where none is in the text, the pattern need not look
    followers: int = 0  #: at least so many, where the network tells
    unsure_below: float = 0.0  #: the line's probability is below this
    queue: str = ""
    priority: int = 0  #: 1..4; 0 = as the rules of routing say
    skill: str = ""
    tags: tuple[str, ...] = ()
    active: bool = True

    @property
    def only_tags(self) -> bool:
        """Whether the rules after it still speak."""
        return not (self.queue or self.priority or self.skill)

    @property
    def wanted(self) -> tuple[frozenset[str], ...]:
        """What it asks, in the order of `Seen.values`."""
        return (
            self.topics,
            self.urgencies,
            self.sentiments,
            self.languages,
            self.channels,
            self.accounts,
            self.kinds,
        )

    def applies(self, seen: Seen) -> bool:
        """Whether everything the rule asks is so. The cheap questions come first."""
        if not self.active:
            return False
        for wanted, value in zip(self.wanted, seen.values, strict=True):
            if wanted and value not in wanted:
                return False
        if self.unsure_below and seen.sure >= self.unsure_below:
            return False
        if self.followers and followers_of(seen.raw) < self.followers:
            return False
        if self.words is None:
            return True
        return any(needle in seen.text for needle in self.needles) and self.words.search(seen.text) is not None


@dataclass(frozen=True, slots=True)
class Seen:
    """What rules look at of one mention, made once for all of them."""

    values: tuple[str, ...]  #: topic, urgency, sentiment, language, network, account, kind
    sure: float  #: the line's probability
    text: str  #: as words are compared
    raw: Mapping[str, Any]


def seen_of(mention: Mention, triage: Triage, urgency: Urgency, account: str) -> Seen:
    """A mention as rules look at it, the urgency in force given."""
    values = (
        triage.topic.value,
        urgency.value,
        triage.sentiment.value,
        triage.language,
        mention.channel,
        account,
        mention.kind.value,
    )
    return Seen(values, triage.confidence.get("route", 0.0), _plain(mention.text[:_LOOKED_AT]), mention.raw)


@dataclass(frozen=True, slots=True)
class Said:
    """What the rules of the desk say of one mention; empty parts are left to the rules of routing."""

    rule: str = ""  #: the one that decided
    queue: str = ""
    priority: int = 0
    skill: str = ""
    tags: tuple[str, ...] = ()
    tagged_by: tuple[str, ...] = ()


#: What no rule has anything to say about.
_SILENT = Said()


def ask(rules: Sequence[Rule], seen: Callable[[], Seen]) -> Said:
    """What the rules say of a mention; it is looked at only where there are rules."""
    if not rules:
        return _SILENT
    looked_at = seen()
    tags: list[str] = []
    tagged_by: list[str] = []
    for rule in rules:
        if not rule.applies(looked_at):
            continue
        tags += [tag for tag in rule.tags if tag not in tags]
        if rule.only_tags:
            tagged_by.append(rule.name)
            continue
        return Said(rule.name, rule.queue, rule.priority, rule.skill, tuple(tags), tuple(tagged_by))
    return Said(tags=tuple(tags), tagged_by=tuple(tagged_by))


def followers_of(raw: Mapping[str, Any]) -> int:
    """How many follow the writer, where the network's post says so; else 0."""
    for name in ("account", "author", "user"):
        writer = raw.get(name)
        if isinstance(writer, Mapping):
            told = writer.get("followers_count", _metrics(writer).get("followers_count"))
            if isinstance(told, int) and not isinstance(told, bool):
                return told
    return 0


def _metrics(writer: Mapping[str, Any]) -> Mapping[str, Any]:
    found = writer.get("public_metrics")
    return found if isinstance(found, Mapping) else {}


# --- as they are kept -----------------------------------------------------------------------------------

_SETS: Mapping[str, tuple[str, frozenset[str] | None]] = {
    "topics": ("topic", frozenset(Topic)),
    "urgencies": ("urgency", frozenset(Urgency)),
    "sentiments": ("mood", frozenset(Sentiment)),
    "languages": ("language", frozenset(LANGUAGES)),
    "channels": ("network", None),
    "accounts": ("account", None),
    "kinds": ("kind of message", frozenset(MentionKind)),
}
_WHEN = frozenset({*_SETS, "words", "followers", "unsure_below"})
_THEN = frozenset({"queue", "priority", "skill", "tags"})


def read_queues(value: Mapping[str, Any]) -> tuple[Queue, ...]:
    """Queues as a policy keeps them: `{"queues": [{"name": "logistics", "titles": {"en": "Logistics"}, "line": ...}]}`.

    Raises RulesWrong naming what is wrong.
    """
    rows = _rows(value, "queues")
    found = [_queue(row) for row in rows]
    names = [queue.name for queue in found]
    for name in names:
        if names.count(name) > 1:
            raise RulesWrong("There are two queues with the name “{name}”.", name=name)
    return tuple(found)


def _queue(row: Mapping[str, Any]) -> Queue:
    name = str(row.get("name", ""))
    if not _NAME.fullmatch(name):
        raise RulesWrong(
            "“{name}” cannot name a queue: use small letters, digits and _, beginning with a letter.", name=name[:40]
        )
    if name in _TAKEN:
        raise RulesWrong("“{name}” is a name the desk uses itself.", name=name)
    titles = row.get("titles")
    if not isinstance(titles, Mapping) or not str(titles.get("en", "")).strip():
        raise RulesWrong("The queue “{name}” needs a title in English.", name=name)
    line = str(row.get("line", ""))
    if line not in set(Line):
        raise RulesWrong("The queue “{name}” must be the first or the second line's.", name=name)
    return Queue(name, {str(code): str(title).strip()[:40] for code, title in titles.items() if title}, Line(line))


def read_rules(value: Mapping[str, Any], queues: Sequence[str]) -> tuple[Rule, ...]:
    """Rules as a policy keeps them; `queues` are the names of all queues there are.

    `{"rules": [{"name": "Parcels", "when": {"topics": ["delivery"], "words": ["pakket*"]},
    "then": {"queue": "logistics", "tags": ["parcel"]}, "active": true}]}`. Raises RulesWrong naming rule and mistake.
    """
    rows = _rows(value, "rules")
    if len(rows) > MAX_RULES:
        raise RulesWrong("There are {count} rules; at most {most} fit.", count=len(rows), most=MAX_RULES)
    rules = [_rule(number, row, queues) for number, row in enumerate(rows, start=1)]
    names = [rule.name.casefold() for rule in rules]
    for rule in rules:
        if names.count(rule.name.casefold()) > 1:
            raise RulesWrong("Two rules are called “{name}”.", name=rule.name)
    return tuple(rules)


def _rows(value: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    rows = value.get(name, [])
    if set(value) - {name} or not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise RulesWrong("This is not a list of {name}.", name=name)
    return rows


def _rule(number: int, row: Mapping[str, Any], queues: Sequence[str]) -> Rule:
    name = str(row.get("name", "")).strip()
    if not name or len(name) > 60:
        raise RulesWrong("Rule {number} needs a name of at most 60 characters.", number=number)
    when, then = _part(name, row, "when", _WHEN), _part(name, row, "then", _THEN)
    sets = {key: _chosen(name, key, when.get(key, [])) for key in _SETS}
    rule = Rule(
        name=name,
        **sets,
        words=_words(name, when.get("words", [])),
        needles=_needles(when.get("words", [])),
        followers=int(_number(name, "followers", when.get("followers", 0), 0, 1e9)),
        unsure_below=_number(name, "unsure_below", when.get("unsure_below", 0), 0, 1),
        queue=_known_queue(name, str(then.get("queue", "")), queues),
        priority=int(_number(name, "priority", then.get("priority", 0), 0, 4)),
        skill=str(then.get("skill", "")).strip()[:60],
        tags=_tags(name, then.get("tags", [])),
        active=bool(row.get("active", True)),
    )
    if not (any(sets.values()) or rule.words or rule.followers or rule.unsure_below):
        raise RulesWrong("“{name}”: say when it applies; without a condition it would catch everything.", name=name)
    if rule.only_tags and not rule.tags:
        raise RulesWrong("“{name}”: say what it does: a queue, a priority, a skill or a tag.", name=name)
    return rule


def _part(name: str, row: Mapping[str, Any], part: str, known: frozenset[str]) -> Mapping[str, Any]:
    found = row.get(part, {})
    if not isinstance(found, Mapping):
        raise RulesWrong("“{name}”: its part “{part}” cannot be read.", name=name, part=part)
    if unknown := sorted(set(found) - known):
        raise RulesWrong("“{name}”: nothing is called “{what}” there.", name=name, what=unknown[0])
    return found


def _chosen(name: str, key: str, values: Any) -> frozenset[str]:
    what, known = _SETS[key]
    if not isinstance(values, list):
        raise RulesWrong("“{name}”: give a list for {what}.", name=name, what=what)
    chosen = frozenset(map(str, values))
    if known is not None and (wrong := sorted(chosen - known)):
        raise RulesWrong("“{name}”: “{value}” is not a {what}.", name=name, value=wrong[0][:40], what=what)
    return chosen


def _words(name: str, values: Any) -> re.Pattern[str] | None:
    if not isinstance(values, list) or len(values) > MAX_WORDS:
        raise RulesWrong("“{name}”: give at most {most} words.", name=name, most=MAX_WORDS)
    parts = []
    for value in values:
        word = " ".join(_plain(str(value)).split())
        bare = word.removesuffix("*")
        if not any(map(str.isalnum, bare)) or len(word) > 80:
            raise RulesWrong("“{name}”: “{value}” is not a word to look for.", name=name, value=str(value)[:40])
        spaced = r"\s+".join(re.escape(piece) for piece in bare.split())
        parts.append(spaced + (r"" if word.endswith("*") else r"(?!\w)"))
    return re.compile(rf"(?<!\w)(?:{'|'.join(parts)})") if parts else None


def _needles(values: Sequence[Any]) -> tuple[str, ...]:
    return tuple(max(_plain(str(value)).removesuffix("*").split(), key=len) for value in values)


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()


def _number(name: str, what: str, value: Any, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise RulesWrong(
            "“{name}”: {what} must be a number from {low} to {high}.", name=name, what=what, low=low, high=high
        )
    return float(value)


def _known_queue(name: str, queue: str, queues: Sequence[str]) -> str:
    if queue and queue not in queues:
        raise RulesWrong("“{name}”: there is no queue “{queue}”.", name=name, queue=queue[:40])
    return queue


def _tags(name: str, values: Any) -> tuple[str, ...]:
    if not isinstance(values, list):
        raise RulesWrong("“{name}”: give a list of tags.", name=name)
    tags = tuple(dict.fromkeys(" ".join(str(value).split()) for value in values))
    for tag in tags:
        if not _TAG.fullmatch(tag):
            raise RulesWrong("“{name}”: “{tag}” cannot be a tag.", name=name, tag=tag[:40])
    return tags
