"""Brand rules that managers edit: YAML files, tested by themselves, asked of every draft."""

from __future__ import annotations

from webcare.guard.rules.escaped import Slip, read_slips
from webcare.guard.rules.ruleset import Loading, RuleSet, load_rules, read_folders, rules_of, shipped_rules
from webcare.guard.rules.saving import checked_rule, delete_rule, require_caught, save_rule

__all__ = [
    "Loading",
    "RuleSet",
    "Slip",
    "checked_rule",
    "delete_rule",
    "load_rules",
    "read_folders",
    "read_slips",
    "require_caught",
    "rules_of",
    "save_rule",
    "shipped_rules",
]
