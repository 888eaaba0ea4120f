"""The tests inside a rule: what it must find and what it must let pass. They run before it is loaded or saved."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from webcare.domain import N_, Finding, Said
from webcare.guard.base import Customer, ReviewContext
from webcare.guard.rules.rule import Example, Rule
from webcare.guard.rules.situation import Situation, situation_of
from webcare.guard.rules.text import Text

_NOT_FOUND = N_("{draft!r} should be found and is not by {rule}")
_FOUND = N_("{draft!r} should pass and is found by {rule}")
Judge = Callable[[Text, Situation], Iterable[Finding]]


class Failure(NamedTuple):
    """A test that did not come out as written."""

    rule: str
    message: str  #: file, line and what happened


def failures(rule: Rule, judge: Judge) -> Iterator[Failure]:
    """The tests of a rule that fail; `judge` runs this rule alone. A rule without tests fails too."""
    if not any(example.found for example in rule.examples):
        why = Said("the rule has no test; give one draft it must find under tests: block")
        yield Failure(rule.name, _placed(rule, rule.line, why))
    for example in rule.examples:
        text = Text(example.draft)
        found = any(True for _ in judge(text, _situation(rule, example, text)))
        if found != example.found:
            said = _NOT_FOUND if example.found else _FOUND
            why = Said(said, draft=example.draft, rule=rule.name)
            yield Failure(rule.name, _placed(rule, example.line, why))


def _placed(rule: Rule, line: int, why: Said) -> Said:
    return Said("{source}, line {line}: {why}", source=rule.source, line=line, why=why)


def _situation(rule: Rule, example: Example, text: Text) -> Situation:
    """Where the test plays: as given, and else where the rule applies, so that a `pass` is not passed by chance."""
    given = dict(example.given)
    mention, name = given.pop("mention", ""), given.pop("customer", "")
    lang = given.get("mention_lang") or given.get("reply_lang") or dict(rule.when.order).get("reply_lang", "")
    context = ReviewContext(
        channel=given.get("channel", ""), mention=mention, lang=lang or None, customer=Customer(name=name)
    )
    judged = {"state", "sentiment", "urgency"} if mention else set()
    assumed = {key: value for key, value in rule.when.order if key not in judged}
    return situation_of(text, context).changed(**{**assumed, **given})
