"""Does the draft keep to the rules that managers edit: brand words, tone, blame, promises?"""

from __future__ import annotations

from collections.abc import Iterable

from webcare.domain import Finding, Level
from webcare.guard.base import ReviewContext
from webcare.guard.rules import shipped_rules

_RANK = {Level.ERROR: 0, Level.WARNING: 1, Level.SUGGESTION: 2}


class BrandRules:
    """Asks every rule of the brand; where nobody chose rules, those that come with Webcare."""

    name = "brand"

    def review(self, draft: str, context: ReviewContext) -> Iterable[Finding]:
        """The findings of the rules; of several with one reason on one stretch only the hardest."""
        if not draft.strip():
            return []
        rules = context.rules if context.rules is not None else shipped_rules()
        hardest: dict[tuple[str, int, int], Finding] = {}
        for finding in rules.findings(draft, context):
            place = (finding.reason, finding.start, finding.end)
            if place not in hardest or _RANK[finding.level] < _RANK[hardest[place].level]:
                hardest[place] = finding
        return hardest.values()
