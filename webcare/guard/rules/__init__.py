"""Brand rules that managers edit: YAML files, tested by themselves, asked of every draft."""

from __future__ import annotations

from webcare.guard.rules.ruleset import Loading, RuleSet, load_rules, read_folders, rules_of, shipped_rules

__all__ = ["Loading", "RuleSet", "load_rules", "read_folders", "rules_of", "shipped_rules"]
