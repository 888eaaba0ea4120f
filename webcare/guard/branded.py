"""Does the draft keep to the rules that managers edit: brand words, tone, blame, promises?"""

from __future__ import annotations

from collections.abc import Iterable

from webcare.domain import Finding, Level
from webcare.guard.base import ReviewContext
from webcare.guard.lexicon import lexicon_findings
from webcare.guard.rules import shipped_rules

RANK = {Level.ERROR: 0, Level.WARNING: 1, Level.SUGGESTION: 2}
#: Found by more than one check: by a brand's rule, by its lexicon, and as a greeting of another language.
_SHARED = "brand_word"


class BrandRules:
    """Asks the brand's lexicon and every rule; where nobody chose rules, those that come with Webcare."""

    name = "brand"

    def review(self, draft: str, context: ReviewContext) -> Iterable[Finding]:
        """The findings of the rules; of several with one reason on one stretch only the hardest."""
        if not draft.strip():
            return []
        rules = context.rules if context.rules is not None else shipped_rules()
        hardest: dict[tuple[str, int, int], Finding] = {}
        for finding in (*rules.findings(draft, context), *lexicon_findings(draft, context)):
            place = (finding.reason, finding.start, finding.end)
            if place not in hardest or RANK[finding.level] < RANK[hardest[place].level]:
                hardest[place] = finding
        return hardest.values()


def joined(findings: Iterable[Finding]) -> list[Finding]:
    """The findings with each wrong word told once: of several on one stretch the hardest, then the brand's own.

    Only brand words are joined; two leaks on one stretch are two reasons to hold a reply.
    """
    kept: list[Finding] = []
    words: list[Finding] = []
    for finding in findings:
        (words if finding.reason == _SHARED else kept).append(finding)
    told: list[Finding] = []
    for finding in sorted(words, key=_weight):
        if not any(finding.start < other.end and other.start < finding.end for other in told):
            told.append(finding)
    return [*kept, *told]


def _weight(finding: Finding) -> tuple[int, bool, int, int, str]:
    length = finding.end - finding.start
    return (RANK[finding.level], finding.check != BrandRules.name, -length, finding.start, finding.message)
