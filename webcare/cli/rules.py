"""`webcare rules test | save | delete`: the brand's rules, each with its own tests, and the slips they must hold."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from webcare.app import App, build_app
from webcare.errors import SettingsError
from webcare.guard.beside import checks_beside, unread
from webcare.guard.profile import DEFAULT, Profile, find_profile, load_profile
from webcare.guard.rules import RuleSet, Slip, read_folders, require_caught
from webcare.guard.rules.book import RuleBook
from webcare.guard.rules.saving import FreesSlips

_WHO = "the command line"
_Answer = TypeVar("_Answer")


def run(options: argparse.Namespace) -> int:
    """Test rules, save one or take one away; 1 when a test found anything wrong, each named with file and line."""
    app = build_app()
    if options.action == "test":
        return max(_test(app, options, brand) for brand in _brands(app, options))
    if len(options.what) != 1:
        example = "FILE [--name NAME]" if options.action == "save" else "NAME"
        raise SettingsError(f"one rule at a time: webcare rules {options.action} {example}")
    book = app.rule_book(options.brand or app.brand_name())
    change = _save if options.action == "save" else _delete
    change(app, book, options)
    return 0


def _test(app: App, options: argparse.Namespace, brand: str) -> int:
    profile = load_profile(find_profile(brand))
    folders = options.what or _folders(app, brand, profile)
    loading = read_folders(*folders)
    for problem in loading.problems:
        print(problem, file=sys.stderr)
    told = f"{len(loading.rules)} rules, {loading.tests} tests, {len(loading.problems)} wrong"
    print(told if options.what else f"brand {brand}: {told}")
    if loading.problems:
        return 1
    others = checks_beside(profile, learned=app.learned)
    rules = RuleSet(loading.rules)
    for folder in options.slips or app.slips_for(folders):
        slips = _slips(folder, profile)
        _with_heads(app, lambda slips=slips: require_caught(rules, slips, others))  # type: ignore[misc]
        print(f"{len(slips)} recorded slips in {folder} are caught")
    return 0


def _save(app: App, book: RuleBook, options: argparse.Namespace) -> None:
    source: Path = options.what[0]
    name = options.name or source.stem
    text = _read(source)
    kept = _with_heads(app, lambda: book.save(name, text, by=_WHO, now=datetime.now(UTC)))
    print(f"saved as {kept.path}; {kept.slips} recorded slips are caught")
    if kept.settled:
        print(f"{kept.settled} reported slips that nothing held are held now")
    if kept.still_open:
        print(f"{kept.still_open} reported slips are held by nothing yet")


def _delete(app: App, book: RuleBook, options: argparse.Namespace) -> None:
    name = str(options.what[0])
    _with_heads(app, lambda: book.delete(name, by=_WHO, now=datetime.now(UTC)))
    print(f"{name} is taken away")


def _with_heads(app: App, judge: Callable[[], _Answer]) -> _Answer:
    """Judge slips without loading the encoder, which takes seconds; with it where a slip seems to pass."""
    try:
        return judge()
    except FreesSlips:
        if not unread(app.learned) or not app.load_heads():
            raise
        return judge()


def _brands(app: App, options: argparse.Namespace) -> tuple[str, ...]:
    if options.brand or options.what:
        return (options.brand or app.brand_name(),)
    return app.brand_names


def _folders(app: App, brand: str, profile: Profile) -> list[Path]:
    shipped = load_profile(find_profile(DEFAULT)).rules or ()
    own = app.brands.own_folder(brand)
    return [*(shipped if profile.rules is None else profile.rules), *([own] if own.is_dir() else [])]


def _slips(folder: Path, profile: Profile) -> list[Slip]:
    return RuleBook(folder, brand=profile.name, slips=(folder,)).recorded()


def _read(source: Path) -> str:
    if str(source) == "-":
        return sys.stdin.read()
    try:
        return source.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{source} cannot be read as text: {error}") from error
