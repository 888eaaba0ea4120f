"""All rules in force, asked at once. Literal phrases share one index and expressions one automaton, so that hundreds
of rules cost about as much as a few."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import re2

from webcare.domain import Finding, Said
from webcare.errors import SettingsError
from webcare.guard.base import ReviewContext
from webcare.guard.literals import Literals
from webcare.guard.profile import DEFAULT, Profile, find_profile, load_profile
from webcare.guard.rules.proving import Failure, failures
from webcare.guard.rules.reading import read_rules, rule_name
from webcare.guard.rules.rule import Rule, Seen
from webcare.guard.rules.situation import Situation, situation_of
from webcare.guard.rules.text import Text

_ENDINGS = (".yml", ".yaml")
#: Memory of the shared automaton; past it RE2 says so and every expression is tried.
_MEMORY = 64 << 20


@dataclass(frozen=True, slots=True)
class Loading:
    """What came of reading rule files: the good rules, and in words what is wrong with the rest."""

    rules: tuple[Rule, ...]
    problems: tuple[str, ...]
    tests: int


class RuleSet:
    """Rules that were read, tested and found good."""

    def __init__(self, rules: Iterable[Rule], version: str = "") -> None:
        self.rules = tuple(rules)
        self.version = version
        entries = [
            ((number, phrase.role, phrase.entry), phrase.entry)
            for number, rule in enumerate(self.rules)
            for phrase in rule.phrases
        ]
        self._literals = Literals(entries)
        self._silent = [number for number, rule in enumerate(self.rules) if rule.speaks_of_absence]
        self._owners, self._automaton = _automaton(self.rules)

    def findings(self, draft: str, context: ReviewContext) -> Iterator[Finding]:
        """What the rules that apply here say of the draft, rule by rule."""
        text = Text(draft)
        return self.judge(text, situation_of(text, context))

    def judge(self, text: Text, situation: Situation) -> Iterator[Finding]:
        """The same for a situation that is known already."""
        seen: dict[int, list[Seen]] = {}
        for (number, role, entry), start, end in self._literals.find(text.tokens):
            if self.rules[number].ignorecase or text.draft[start:end] == entry:
                seen.setdefault(number, []).append(Seen(role, entry, start, end))
        for number in sorted({*seen, *self._silent, *self._fitting(text)}):
            rule = self.rules[number]
            if rule.applies(situation):
                yield from rule.findings(text, seen.get(number, ()))

    def _fitting(self, text: Text) -> Iterator[int]:
        """Rules with an expression that stands in the text; all of them if the automaton ran out of memory."""
        if self._automaton is None:
            return
        places = set(self._automaton.Match(text.plain) or ())
        healthy = len(self._owners) in places
        yield from (owner for place, owner in enumerate(self._owners) if not healthy or place in places)


def _automaton(rules: Sequence[Rule]) -> tuple[list[int], re2.Set | None]:
    owners: list[int] = []
    options = re2.Options()
    options.max_mem = _MEMORY
    options.log_errors = False
    together = re2.Set.SearchSet(options)
    for number, rule in enumerate(rules):
        for _, pattern in rule.patterns:
            together.Add(pattern.source)
            owners.append(number)
    if not owners:
        return owners, None
    # Fits always: without it nobody could tell "nothing stands here" from "no memory left".
    together.Add("")
    together.Compile()
    return owners, together


def load_rules(*folders: Path) -> RuleSet:
    """Read every `.yml` and `.yaml` below the folders, and run the tests inside.

    Raises SettingsError naming each broken rule with its file and line; a set is loaded whole or not at all.
    """
    loading = read_folders(*folders)
    if loading.problems:
        raise SettingsError(Said.joined(loading.problems, "\n"))
    return RuleSet(loading.rules, version_of(*folders))


def read_folders(*folders: Path) -> Loading:
    """Read and test the rules below the folders without giving up at the first broken one."""
    rules: list[Rule] = []
    problems: list[str] = []
    for folder in folders:
        if not folder.is_dir():
            problems.append(Said("{folder} is no folder; rules lie in files ending in .yml below it", folder=folder))
        for path in rule_files(folder):
            try:
                rules += read_rules(_text_of(path), str(path), rule_name(path))
            except SettingsError as error:
                problems.append(Said.of(error))
    for rule in rules:
        problems += [failure.message for failure in _failures_alone(rule)]
    return Loading(tuple(rules), tuple(problems), sum(len(rule.examples) for rule in rules))


def rule_files(folder: Path) -> list[Path]:
    """The rule files below a folder, in order."""
    return sorted(path for path in folder.rglob("*") if path.suffix in _ENDINGS and path.is_file())


def version_of(*folders: Path) -> str:
    """Twelve letters that change with any change of any rule."""
    digest = hashlib.sha256()
    for folder in folders:
        for path in rule_files(folder):
            for part in (path.relative_to(folder).as_posix(), _text_of(path)):
                digest.update(len(part).to_bytes(8, "big") + part.encode())
    return digest.hexdigest()[:12]


def rules_of(profile: Profile) -> RuleSet:
    """The rules of a brand: those its file names, or the shipped ones. Raises SettingsError for a broken rule."""
    return shipped_rules() if profile.rules is None else load_rules(*profile.rules)


@lru_cache(maxsize=1)
def shipped_rules() -> RuleSet:
    """The rules that come with Webcare, read once per process."""
    folders = load_profile(find_profile(DEFAULT)).rules
    return load_rules(*(folders or ()))


def _failures_alone(rule: Rule) -> Iterator[Failure]:
    return failures(rule, RuleSet([rule]).judge)


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError("{path} cannot be read as text: {why}", path=path, why=error) from error
