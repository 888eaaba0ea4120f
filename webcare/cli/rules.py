"""`webcare rules test [FOLDER ...]`: are the brand's rules well formed, and do they find what they say?"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from webcare.domain import Finding
from webcare.guard import CHECKS, ReviewContext
from webcare.guard.profile import DEFAULT, find_profile, load_profile
from webcare.guard.rules import RuleSet, read_folders, read_slips, require_caught


def run(options: argparse.Namespace) -> int:
    """Test the rules of the folders, of `--brand`, or the shipped ones; 1 when anything is wrong, each named."""
    folders = options.folder or _folders_of(options.brand or DEFAULT)
    loading = read_folders(*folders)
    for problem in loading.problems:
        print(problem, file=sys.stderr)
    print(f"{len(loading.rules)} rules, {loading.tests} tests, {len(loading.problems)} wrong")
    if loading.problems:
        return 1
    if options.slips.is_dir():
        slips = read_slips(options.slips)
        require_caught(RuleSet(loading.rules), slips, _other_checks)
        print(f"{len(slips)} recorded slips are caught")
    return 0


def _other_checks(draft: str, context: ReviewContext) -> list[Finding]:

    return [finding for check in CHECKS if check.name != "brand" for finding in check.review(draft, context)]


def _folders_of(brand: str) -> tuple[Path, ...]:
    return load_profile(find_profile(brand)).rules or load_profile(find_profile(DEFAULT)).rules or ()
