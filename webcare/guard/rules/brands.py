"""A brand as the guard needs it: who it is, and its rules."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from webcare.guard.profile import Profile, find_profile, load_profile
from webcare.guard.rules.ruleset import RuleSet, rules_of


@dataclass(frozen=True, slots=True)
class Brand:
    """For the `brand` and `rules` of a ReviewContext."""

    profile: Profile
    rules: RuleSet


def load_brand(name: str, base: Path | None = None) -> Brand:
    """Load a shipped brand by name, or a brand file by path. Raises SettingsError naming file and line."""
    profile = load_profile(find_profile(name, base))
    return Brand(profile, rules_of(profile))
