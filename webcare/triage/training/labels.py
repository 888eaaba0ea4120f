"""Checks labelled text before anybody trains on it: the guideline's own logic, and texts that say the same."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from webcare.triage.training.data import Row

#: From this overlap of letter groups on, two texts count as one.
TOO_ALIKE = 0.6
_GROUP = 5


def problems(rows: Sequence[Row]) -> Iterator[str]:
    """A sentence for every row that contradicts the guideline, repeats an id, or nearly repeats another text."""
    yield from _repeated_ids(rows)
    yield from _torn_scenarios(rows)
    for row in rows:
        yield from _contradictions(row)
    for one, other, alike in near_duplicates(rows):
        yield f"{one.id} and {other.id} say nearly the same ({alike:.2f})"


def _repeated_ids(rows: Sequence[Row]) -> Iterator[str]:
    for key, count in Counter(row.id for row in rows).items():
        if count > 1:
            yield f"{key} stands there {count} times"


def _torn_scenarios(rows: Sequence[Row]) -> Iterator[str]:
    parts: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        parts[row.scenario].add(row.part)
    for scenario, found in parts.items():
        if len(found) > 1:
            yield f"scenario {scenario} stands in {' and '.join(sorted(found))}; it belongs to one part"


def _contradictions(row: Row) -> Iterator[str]:
    labels = row.labels
    if labels["urgency"] == "critical" and labels["route"] != "second_line":
        yield f"{row.id}: a critical mention goes to second line"
    if labels["topic"] == "safety_legal" and labels["route"] != "second_line":
        yield f"{row.id}: safety_legal goes to second line"
    if labels["urgency"] in ("critical", "high") and labels["needs_reply"] == "false":
        yield f"{row.id}: {labels['urgency']}, but needs no reply"


def near_duplicates(rows: Sequence[Row], *, too_alike: float = TOO_ALIKE) -> Iterator[tuple[Row, Row, float]]:
    """Pairs of one language whose letter groups overlap (Jaccard) by `too_alike` or more."""
    groups = [_groups(row.text) for row in rows]
    seen: dict[tuple[str, str], list[int]] = defaultdict(list)
    for at, row in enumerate(rows):
        shared: Counter[int] = Counter()
        for group in groups[at]:
            shared.update(seen[row.lang, group])
            seen[row.lang, group].append(at)
        for other, common in shared.items():
            alike = common / len(groups[at] | groups[other])
            if alike >= too_alike:
                yield rows[other], row, alike


def _groups(text: str) -> frozenset[str]:
    plain = re.sub(r"\W+", " ", re.sub(r"[@#]\w+|https?\S+", "", text.lower())).strip()
    # Of a text of emoji and hashtags alone nothing is left; such texts are alike only if they are the same.
    padded = f" {plain or text} "
    return frozenset(padded[at : at + _GROUP] for at in range(max(1, len(padded) - _GROUP + 1)))
