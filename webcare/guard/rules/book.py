"""The rules a brand's managers write for themselves: read, tried, saved and taken away, each change on record.

A rule that is saved here passed its own tests and lets no recorded slip of the brand through; slips that nothing held
before and that are held now move to those that must stay held.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from webcare.errors import SettingsError
from webcare.guard.reported import open_slips, settle_open
from webcare.guard.rules.escaped import Slip, read_slips
from webcare.guard.rules.ruleset import RuleSet, read_folders
from webcare.guard.rules.saving import Others, checked_rule, delete_rule, save_rule

_HISTORY = "history.jsonl"


@dataclass(frozen=True, slots=True)
class Kept:
    """What came of saving a rule."""

    path: Path
    slips: int  #: recorded slips it was tried against
    settled: int  #: slips that were held by nothing before and are held now
    still_open: int


@dataclass(frozen=True, slots=True)
class RuleBook:
    """One brand's rules as its managers edit them."""

    folder: Path  #: its own rules, one file each
    beside: tuple[Path, ...] = ()  #: the folders its brand file names
    brand: str = ""  #: its name, by which slips are its own; empty = all slips are
    slips: tuple[Path, ...] = ()  #: folders of slips; the first is the desk's own
    others: Others | None = None  #: the checks beside its rules

    def names(self) -> tuple[str, ...]:
        """Its rules by name."""
        return tuple(sorted(path.stem for path in self.folder.glob("*.yml") if path.is_file()))

    def text(self, name: str) -> str:
        """The YAML of a rule. Raises SettingsError when there is none or it cannot be read."""
        path = self.folder / f"{name}.yml"
        if name not in self.names():
            raise SettingsError("{path}: there is no such rule", path=path)
        try:
            return path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError("{path} cannot be read as text: {why}", path=path, why=error) from error

    def test(self, name: str, yaml_text: str) -> int:
        """Do all that saving does but the saving; gives how many slips it was tried against. Raises SettingsError."""
        slips = self.recorded()
        checked_rule(self.folder, name, yaml_text, beside=self.beside, slips=slips, others=self.others)
        return len(slips)

    def save(self, name: str, yaml_text: str, *, by: str, now: datetime) -> Kept:
        """Save a rule under its name. Raises SettingsError naming file and line; the old rule stays then."""
        slips = self.recorded()
        path = save_rule(self.folder, name, yaml_text, beside=self.beside, slips=slips, others=self.others)
        self._note("saved", name, by, now, yaml_text)
        settled, still = self.settle()
        return Kept(path, len(slips), settled, still)

    def delete(self, name: str, *, by: str, now: datetime) -> None:
        """Take a rule away. Raises SettingsError if a slip would pass without it, or there is no such rule."""
        old = self.text(name)
        delete_rule(self.folder, name, beside=self.beside, slips=self.recorded(), others=self.others)
        self._note("deleted", name, by, now, old)

    def recorded(self) -> list[Slip]:
        """The slips that this brand's rules must hold."""
        return [slip for folder in self.slips for slip in read_slips(folder) if self._concerns(slip)]

    def settle(self) -> tuple[int, int]:
        """Move the open slips that are held by now; gives how many moved and how many are still open."""
        if not self.slips:
            return 0, 0
        folders = [folder for folder in (*self.beside, self.folder) if folder.is_dir()]
        rules = RuleSet(read_folders(*folders).rules)
        waiting = open_slips(self.slips[0])
        still = settle_open(self.slips[0], lambda slip: self._concerns(slip) and self._holds(rules, slip))
        return len(waiting) - len(still), sum(map(self._concerns, still))

    def history(self) -> tuple[dict[str, str], ...]:
        """Who changed which rule and when, oldest first: `{at, by, did, name, text}`."""
        path = self.folder / _HISTORY
        if not path.exists():
            return ()
        return tuple(json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())

    def _holds(self, rules: RuleSet, slip: Slip) -> bool:
        context = slip.context()
        beside = self.others(slip.draft, context) if self.others is not None else ()
        return slip.is_caught([*rules.findings(slip.draft, context), *beside])

    def _concerns(self, slip: Slip) -> bool:
        return not (self.brand and slip.brand) or slip.brand == self.brand

    def _note(self, did: str, name: str, by: str, now: datetime, text: str) -> None:
        row = {"at": now.isoformat(timespec="seconds"), "by": by, "did": did, "name": name, "text": text}
        with (self.folder / _HISTORY).open("a", encoding="utf-8") as history:
            history.write(json.dumps(row, ensure_ascii=False) + "\n")


def slip_folders(*folders: Path) -> tuple[Path, ...]:
    """The folders among these, each once, the first one even if it is not there yet."""
    known: dict[Path, Path] = {}
    for place, folder in enumerate(folders):
        if place == 0 or folder.is_dir():
            known.setdefault(folder.resolve(), folder)
    return tuple(known.values())
