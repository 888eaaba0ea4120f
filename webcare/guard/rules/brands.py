"""A brand as the guard needs it: who it is, and its rules; read again when one of its files changed."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from webcare.domain import Said
from webcare.errors import SettingsError
from webcare.guard.profile import DEFAULT, Profile, find_profile, load_profile
from webcare.guard.rules.own_profile import FILE as OWN_PROFILE
from webcare.guard.rules.own_profile import laid_over
from webcare.guard.rules.ruleset import RuleSet, load_rules, rule_files, rules_of

_log = logging.getLogger(__name__)
#: Between two looks at the files: a draft is judged many times a second, a rule changes now and then.
_LOOK_EVERY_S = 1.0

#: Path, time of the last change, size and inode of each file of a brand.
_Stamp = tuple[tuple[str, int, int, int], ...]


@dataclass(frozen=True, slots=True)
class Brand:
    """For the `brand` and `rules` of a ReviewContext."""

    profile: Profile
    rules: RuleSet
    folders: tuple[Path, ...] = ()  #: where its rules lie; the desk's own last


def load_brand(name: str, base: Path | None = None, *, own: Path | None = None) -> Brand:
    """Load a shipped brand by name, or a brand file by path, and beside its rules those of the folder `own`.

    Raises SettingsError naming file and line.
    """
    profile = load_profile(find_profile(name, base))
    folders = _folders(profile)
    if own is not None and own.is_dir():
        return Brand(laid_over(profile, own), load_rules(*folders, own), (*folders, own))
    return Brand(profile, rules_of(profile), folders)


def folder_name(brand: str) -> str:
    """What the folder of a brand's own rules is called: its name or path in letters, digits and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", brand.lower()).strip("-") or DEFAULT


class Brands:
    """Brands by name. A change of a file counts within a second, in every process, without a restart.

    A change that breaks a file does not: the brand of before stays in force, and `problems` names the file and line.
    """

    def __init__(self, own: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.own = own
        self._clock = clock
        self._brands: dict[str, Brand] = {}
        self._stamps: dict[str, _Stamp] = {}
        self._looked: dict[str, float] = {}
        self._problems: dict[str, str] = {}
        self._lock = threading.RLock()

    def get(self, name: str) -> Brand:
        """The brand as its files are now. Raises SettingsError if it never could be read."""
        with self._lock:
            if name not in self._brands or self._clock() - self._looked[name] >= _LOOK_EVERY_S:
                self._look(name)
            return self._brands[name]

    def own_folder(self, name: str) -> Path:
        """Where the desk keeps the rules that managers write for this brand; it need not be there."""
        return self.own / folder_name(name)

    def problems(self) -> dict[str, str]:
        """By brand: what is wrong with files that changed, and therefore are not in force."""
        return dict(self._problems)

    def look_again(self) -> None:
        """Look at the files before the next brand is given."""
        with self._lock:
            self._looked = dict.fromkeys(self._looked, float("-inf"))

    def _look(self, name: str) -> None:
        stamp = self._stamp(name)
        if stamp != self._stamps.get(name):
            self._load(name)
            self._stamps[name] = stamp
        self._looked[name] = self._clock()

    def _load(self, name: str) -> None:
        try:
            self._brands[name] = load_brand(name, own=self.own_folder(name))
        except SettingsError as error:
            if name not in self._brands:
                raise
            self._problems[name] = Said.of(error)
            _log.warning("the changed files of brand %s are not in force: %s", name, error)
        else:
            self._problems.pop(name, None)

    def _stamp(self, name: str) -> _Stamp:
        known = self._brands.get(name)
        own = self.own_folder(name)
        try:
            file = find_profile(name)
            folders = known.folders if known else _folders(load_profile(file))
        except SettingsError:
            # Gone or broken: reading it says what is wrong, once for each state it is in.
            return tuple(_marks([Path(name)]))
        files = [path for folder in dict.fromkeys((*folders, own)) for path in rule_files(folder)]
        added = own / OWN_PROFILE
        return tuple(_marks([file, *files, *([added] if added.is_file() else [])]))


def _folders(profile: Profile) -> tuple[Path, ...]:
    if profile.rules is not None:
        return profile.rules
    return load_profile(find_profile(DEFAULT)).rules or ()


def _marks(files: Iterable[Path]) -> Iterable[tuple[str, int, int, int]]:
    for path in files:
        try:
            found = path.stat()
        except OSError:
            yield str(path), 0, -1, 0  # gone a moment ago
        else:
            yield str(path), found.st_mtime_ns, found.st_size, found.st_ino
