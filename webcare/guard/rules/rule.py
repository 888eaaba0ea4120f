"""One rule: what it looks for, where it applies and what it says. Knows nothing of files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from webcare.domain import Finding, Level, Override, Said
from webcare.guard.rules.formula import Condition, Formula
from webcare.guard.rules.patterns import Pattern
from webcare.guard.rules.situation import ALWAYS, Situation, When
from webcare.guard.rules.text import Text

#: Longest quotation in a message, in characters.
_QUOTED = 60

KINDS = ("existence", "substitution", "occurrence", "conditional", "metric")
SCOPES = ("draft", "paragraph", "sentence")


class Hit(NamedTuple):
    """Something a rule found. `better` may stand in its place, best first."""

    start: int
    end: int
    better: tuple[str, ...] = ()
    said: str = ""  #: what stands for %s; empty = the stretch itself


class Seen(NamedTuple):
    """A phrase of a rule that stands in the draft; `role` is "main", "second" or "except"."""

    role: str
    entry: str
    start: int
    end: int


class Phrase(NamedTuple):
    """A phrase a rule looks for literally, and in which role."""

    role: str
    entry: str


class Example(NamedTuple):
    """One inline test: this draft, in this situation, must or must not be found."""

    draft: str
    found: bool
    given: Mapping[str, str]  #: mention, customer and the names of `when`
    line: int


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as loaded. Findings carry its reason, level and override."""

    name: str
    source: str
    line: int
    kind: str
    message: str
    level: Level = Level.WARNING
    override: Override = Override.ACKNOWLEDGE
    reason: str = ""
    check: str = "brand"
    scope: str = "draft"
    link: str = ""
    ignorecase: bool = True
    nonword: bool = False
    when: When = ALWAYS
    phrases: tuple[Phrase, ...] = ()
    patterns: tuple[tuple[str, Pattern], ...] = ()  #: role and expression
    swap: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    most: int | None = None
    least: int | None = None
    formula: Formula | None = None
    condition: Condition | None = None
    examples: tuple[Example, ...] = ()

    @property
    def speaks_of_absence(self) -> bool:
        """True for rules that may have something to say where none of their words stand."""
        return self.kind == "metric" or self.least is not None

    def findings(self, text: Text, seen: Sequence[Seen]) -> Iterator[Finding]:
        """What the rule says of a draft in which its literal phrases were `seen`."""
        for hit in _KINDS[self.kind](self, text, [*seen, *self._matched(text)]):
            yield self._finding(text, hit)

    def applies(self, situation: Situation) -> bool:
        """True where all its conditions hold."""
        return self.when.holds(situation)

    def _matched(self, text: Text) -> Iterator[Seen]:
        for role, pattern in self.patterns:
            for start, end, caught in pattern.caught(text.plain):
                yield Seen(role, caught, start, end)

    def _finding(self, text: Text, hit: Hit) -> Finding:
        stretch = " ".join(text.draft[hit.start : hit.end].split())
        said = [hit.said or stretch]
        if self.kind == "substitution":
            said.insert(0, " / ".join(hit.better) or stretch)
        message = _filled(self.message, said)
        return Finding(
            self.check, self.level, self.reason, message, hit.start, hit.end, fixes=hit.better, override=self.override
        )


def _filled(message: str, said: Sequence[str]) -> Said:
    """Put the values in place of each %s; with fewer places than values the last values count, as in Vale."""
    places = message.count("%s")
    values = [*said, *[said[-1]] * places][max(0, len(said) - places) :] if places < len(said) else list(said)
    shown = [value if len(value) <= _QUOTED else f"{value[: _QUOTED - 1]}…" for value in values]
    named = {f"v{step + 1}": shown[min(step, len(shown) - 1)] for step in range(places)}
    return Said(template_of(message), **named) if named else Said(message)


def template_of(message: str) -> str:
    """A rule's message as the catalogues know it: its %s are {v1}, {v2} ..."""
    pieces = message.split("%s")
    if len(pieces) == 1:
        return message
    whole = [piece.replace("{", "{{").replace("}", "}}") for piece in pieces]
    return whole[0] + "".join(f"{{v{step}}}{piece}" for step, piece in enumerate(whole[1:], 1))


# --- the kinds of rules --------------------------------------------------------------------------------


def _kept(seen: Iterable[Seen], role: str = "main") -> list[Seen]:
    """What was seen in a role and is no exception, the longest where several overlap."""
    seen = list(seen)
    spared = [one for one in seen if one.role == "except"]
    found: list[Seen] = []
    for one in sorted((one for one in seen if one.role == role), key=lambda one: (one.start, -one.end)):
        inside = any(spare.start <= one.start and one.end <= spare.end for spare in spared)
        if not inside and not (found and one.start < found[-1].end):
            found.append(one)
    return found


def _existence(rule: Rule, text: Text, seen: Sequence[Seen]) -> Iterator[Hit]:
    for one in _kept(seen):
        yield Hit(one.start, one.end)


def _substitution(rule: Rule, text: Text, seen: Sequence[Seen]) -> Iterator[Hit]:
    for one in _kept(seen):
        stretch = text.draft[one.start : one.end]
        better = tuple(_like(stretch, word) for word in rule.swap.get(one.entry, ()) if word != stretch)
        if better or not rule.swap.get(one.entry):
            yield Hit(one.start, one.end, better)


def _like(stretch: str, word: str) -> str:
    """The better word with the capital of the one it replaces."""
    return word[:1].upper() + word[1:] if stretch[:1].isupper() and not word[:1].isupper() else word


def _occurrence(rule: Rule, text: Text, seen: Sequence[Seen]) -> Iterator[Hit]:
    found = _kept(seen)
    for start, end in text.stretches(rule.scope):
        here = [one for one in found if start <= one.start and one.end <= end]
        if rule.most is not None and len(here) > rule.most:
            yield Hit(here[rule.most].start, here[-1].end, said=str(len(here)))
        if rule.least is not None and len(here) < rule.least:
            yield Hit(start, end, said=str(len(here)))


def _conditional(rule: Rule, text: Text, seen: Sequence[Seen]) -> Iterator[Hit]:
    needed = _kept(seen, "second")
    for start, end in text.stretches(rule.scope):
        if not any(start <= one.start and one.end <= end for one in needed):
            yield from (Hit(one.start, one.end) for one in _kept(seen) if start <= one.start and one.end <= end)


def _metric(rule: Rule, text: Text, seen: Sequence[Seen]) -> Iterator[Hit]:
    assert rule.formula is not None
    assert rule.condition is not None
    for start, end in text.stretches(rule.scope):
        part = text if rule.scope == "draft" else Text(text.draft[start:end])
        value = rule.formula.value(part)
        if rule.condition.holds(value):
            yield Hit(start, end, said=f"{value:.0f}")


_KINDS: Mapping[str, Callable[[Rule, Text, Sequence[Seen]], Iterable[Hit]]] = {
    "existence": _existence,
    "substitution": _substitution,
    "occurrence": _occurrence,
    "conditional": _conditional,
    "metric": _metric,
}
