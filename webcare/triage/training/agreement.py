"""Do two readers of the same text say the same? `python -m webcare.triage.training.agreement data/labels`.

`second/` beside the labels holds a second reading of one text in five, made without sight of the first. The guideline
asks for a weighted kappa of at least 0.6 on urgency; below it the guideline is rewritten, not the labels.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from webcare.domain import LANGUAGES, Urgency
from webcare.triage.training.data import Row, read_labels
from webcare.triage.training.measures import confusion, weighted_kappa

HEADS = ("sentiment", "urgency", "topic", "needs_reply", "route")
_LEVELS = [level.value for level in reversed(Urgency)]
Pair = tuple[Row, Mapping[str, str]]


def read_second(folder: Path) -> dict[str, dict[str, str]]:
    """The second reader's answers by row id."""
    lines = (line for file in sorted(folder.glob("*.jsonl")) for line in file.read_text("utf-8").splitlines())
    rows = (json.loads(line) for line in lines)
    return {row["id"]: {head: json.dumps(row[head]).strip('"') for head in HEADS} for row in rows}


def table(first: Sequence[Row], second: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    """Lines of a Markdown table: texts, share of equal answers and kappa, per head and for urgency per language."""
    pairs: list[Pair] = [(row, second[row.id]) for row in first if row.id in second]
    yield "| question | texts | same answer | kappa |"
    yield "|---|---|---|---|"
    for head in HEADS:
        yield _line(head, pairs, head)
    for lang in LANGUAGES:
        if of_lang := [pair for pair in pairs if pair[0].lang == lang]:
            yield _line(f"urgency, {lang}", of_lang, "urgency")


def _line(name: str, pairs: Sequence[Pair], head: str) -> str:
    answers = [(row.labels[head], other[head]) for row, other in pairs]
    words = _LEVELS if head == "urgency" else sorted({word for pair in answers for word in pair})
    one, two = (np.array([words.index(pair[side]) for pair in answers]) for side in (0, 1))
    kappa = weighted_kappa(one, two, len(words)) if head == "urgency" else _kappa(one, two, len(words))
    weighted = " (weighted)" if head == "urgency" else ""
    return f"| {name} | {len(answers)} | {np.mean(one == two):.1%} | {kappa:.2f}{weighted} |"


def _kappa(one: np.ndarray, two: np.ndarray, words: int) -> float:
    counts = confusion(one, two, words) / max(1, len(one))
    by_chance = float(counts.sum(axis=0) @ counts.sum(axis=1))
    return float((np.trace(counts) - by_chance) / (1 - by_chance)) if by_chance < 1 else 1.0


def main(folder: Path) -> None:
    """Print the table."""
    sys.stdout.write("\n".join(table(read_labels(folder), read_second(folder / "second"))) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "data/labels"))
