"""What managers add to a brand's profile in the browser: kept beside its own rules, laid over its brand file.

A profile is saved only if its tests pass and every recorded slip is still held with it. The tests are kept with it and
tried again with every later change.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from webcare.domain import Decision, Finding, Said
from webcare.errors import SettingsError
from webcare.guard.base import ReviewContext
from webcare.guard.profile import Profile, load_profile
from webcare.guard.rules.escaped import Slip
from webcare.guard.rules.ruleset import RuleSet
from webcare.guard.rules.saving import Others, require_caught

FILE = "profile.json"
_TESTS = "profile-tests.json"
#: What may be changed here; the rest of a brand file is for whoever keeps that file.
KEYS = ("address", "lexicon", "products", "tone")
#: The language customers of a market are answered in.
LANGUAGE_OF = {"nl": "nl", "uk": "en", "se": "sv", "no": "nb", "dk": "da", "de": "de"}

Judge = Callable[[str, ReviewContext], tuple[Decision, Sequence[Finding]]]


@dataclass(frozen=True, slots=True)
class ProfileTest:
    """A draft that must be held, or must go through, in a market."""

    market: str
    draft: str
    held: bool


def laid_over(base: Profile, folder: Path) -> Profile:
    """The brand file's profile with what managers added. Raises SettingsError naming file and line."""
    path = folder / FILE
    return merged(base, load_profile(path)) if path.is_file() else base


def merged(base: Profile, own: Profile) -> Profile:
    """Their own words win; products are added."""
    lexicon = {
        market: {**base.lexicon.get(market, {}), **own.lexicon.get(market, {})}
        for market in {*base.lexicon, *own.lexicon}
    }
    return replace(
        base,
        address={**base.address, **own.address},
        lexicon=lexicon,
        products=tuple(dict.fromkeys((*base.products, *own.products))),
        tone={**base.tone, **own.tone},
    )


def read_own(folder: Path) -> tuple[dict[str, Any], tuple[ProfileTest, ...]]:
    """What was added, as it is kept, and its tests; nothing where nobody added anything."""
    value = _read(folder / FILE, {})
    tests = _read(folder / _TESTS, [])
    return dict(value), tuple(ProfileTest(one["market"], one["draft"], one["held"]) for one in tests)


def save_own(
    folder: Path,
    value: Mapping[str, Any],
    tests: Sequence[ProfileTest],
    *,
    base: Profile,
    rules: RuleSet,
    judge: Judge,
    slips: Sequence[Slip],
    others: Callable[[Profile], Others],
    write: bool = True,
) -> Profile:
    """Try a profile and keep it; gives the profile together with the brand file.

    Raises SettingsError naming what is wrong, the tests that fail or the slips that would pass; nothing changes then.
    `write`: False tries only.
    """
    if unknown := sorted(set(value) - set(KEYS)):
        raise SettingsError("{key} is not changed here", key=unknown[0])
    together = merged(base, _parsed(value))
    if failing := list(_failing(tests, together, rules, judge)):
        raise SettingsError(Said.joined(failing, "\n"))
    require_caught(rules, slips, others(together))
    if write:
        folder.mkdir(parents=True, exist_ok=True)
        kept = [{"market": one.market, "draft": one.draft, "held": one.held} for one in tests]
        _write(folder / _TESTS, kept)
        _write(folder / FILE, dict(value))
    return together


def _parsed(value: Mapping[str, Any]) -> Profile:
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "profile.json"
        path.write_text(json.dumps(dict(value), ensure_ascii=False, indent=1), encoding="utf-8")
        the_profile = Said("the profile")
        try:
            return load_profile(path)
        except SettingsError as error:
            named = {name: the_profile if str(value) == str(path) else value for name, value in error.values.items()}
            raise SettingsError(error.template, **named) from error


def _failing(tests: Iterable[ProfileTest], profile: Profile, rules: RuleSet, judge: Judge) -> Iterable[str]:
    for one in tests:
        lang = LANGUAGE_OF.get(one.market)
        found, findings = judge(
            one.draft, ReviewContext(channel="", market=one.market, lang=lang, brand=profile, rules=rules)
        )
        if one.held and found is Decision.PASS:
            yield Said("“{draft}” ({market}) should be held, and nothing holds it", draft=one.draft, market=one.market)
        if not one.held and found is not Decision.PASS:
            why = findings[0].message if findings else ""
            yield Said(
                "“{draft}” ({market}) should go through, and is held: {why}",
                draft=one.draft,
                market=one.market,
                why=why,
            )


def _read(path: Path, nothing: Any) -> Any:
    if not path.is_file():
        return nothing
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError("{path} cannot be read: {why}", path=path, why=error) from error


def _write(path: Path, value: Any) -> None:
    beside = path.with_name(f".{path.name}.new")
    try:
        beside.write_text(json.dumps(value, ensure_ascii=False, indent=1), encoding="utf-8")
        os.replace(beside, path)
    except OSError as error:
        raise SettingsError("{path} cannot be written: {why}", path=path, why=error) from error
