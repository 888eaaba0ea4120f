"""Saving a rule: only one that is well formed, passes its own tests and lets no recorded slip through."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from webcare.domain import Finding, Said
from webcare.errors import SettingsError
from webcare.guard.base import ReviewContext
from webcare.guard.rules.escaped import Slip
from webcare.guard.rules.proving import failures
from webcare.guard.rules.reading import read_rules
from webcare.guard.rules.ruleset import RuleSet, read_folders, rule_files


class FreesSlips(SettingsError):
    """With this change a recorded slip would pass again."""


#: The checks beside the brand's rules, which may catch a slip as well.
Others = Callable[[str, ReviewContext], Iterable[Finding]]


def save_rule(
    folder: Path,
    name: str,
    yaml_text: str,
    *,
    beside: Sequence[Path] = (),
    slips: Sequence[Slip] = (),
    others: Others | None = None,
) -> Path:
    """Write `folder/name.yml` and give its path; the old text stays if anything is wrong.

    `beside` are the brand's other rule folders; `slips` must be caught by all rules together or by `others`. Raises
    SettingsError naming file and line: the rule is broken, fails a test of its own, or lets a slip pass again.
    """
    path = checked_rule(folder, name, yaml_text, beside=beside, slips=slips, others=others)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write(path, yaml_text)
    except OSError as error:
        raise SettingsError("{path} cannot be written: {why}", path=path, why=error) from error
    return path


def checked_rule(
    folder: Path,
    name: str,
    yaml_text: str,
    *,
    beside: Sequence[Path] = (),
    slips: Sequence[Slip] = (),
    others: Others | None = None,
) -> Path:
    """Look a rule over as `save_rule` does, and write nothing; gives the path it would get."""
    path = _path(folder, name)
    rules = list(read_rules(yaml_text, str(path), f"{folder.name}.{name}"))
    if not rules:
        raise SettingsError("{path}, line 1: there is no rule in the text", path=path)
    wrong = [failure.message for rule in rules for failure in failures(rule, RuleSet([rule]).judge)]
    if wrong:
        raise SettingsError(Said.joined(wrong, "\n"))
    kept = read_folders(folder, *beside) if folder.is_dir() else read_folders(*beside)
    together = RuleSet([*(rule for rule in kept.rules if rule.source != str(path)), *rules])
    require_caught(together, slips, others)
    return path


def delete_rule(
    folder: Path,
    name: str,
    *,
    beside: Sequence[Path] = (),
    slips: Sequence[Slip] = (),
    others: Others | None = None,
) -> None:
    """Take a rule's file away. Raises SettingsError if a slip would pass without it, or if there is no such rule."""
    path = _path(folder, name)
    if path not in rule_files(folder):
        raise SettingsError("{path}: there is no such rule", path=path)
    kept = read_folders(folder, *beside)
    require_caught(RuleSet(rule for rule in kept.rules if rule.source != str(path)), slips, others)
    path.unlink()


def require_caught(rules: RuleSet, slips: Iterable[Slip], others: Others | None = None) -> None:
    """Raises SettingsError naming the slips that neither these rules nor `others` would stop."""
    passed = []
    for slip in slips:
        context = slip.context()
        found = [*rules.findings(slip.draft, context), *(others(slip.draft, context) if others else ())]
        if not slip.is_caught(found):
            passed.append(slip.id)
    if passed:
        raise FreesSlips("with these rules recorded slips would pass again: {slips}", slips=", ".join(passed))


def _path(folder: Path, name: str) -> Path:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,60}", name):
        raise SettingsError("{name!r} cannot name a rule: use letters, digits, - and _", name=name)
    return folder / f"{name}.yml"


def _write(path: Path, text: str) -> None:
    # Beside the target, so that the last step is one rename: a reader sees the old rule or the new one.
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(temporary).replace(path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise
