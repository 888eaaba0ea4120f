"""Sentiment on public test sets, beside what others published for models of the 278 M parameter Twitter XLM-R class.

Published figures are quoted only where we know them, with their source; a set that is not at hand is named as missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from webcare.triage.base import Classifier
from webcare.triage.training.data import TEST, Row, read_public
from webcare.triage.training.evaluate import ask
from webcare.triage.training.measures import confusion, macro_f1
from webcare.triage.transformer import HEADS

#: Macro-F1 of XLM-T ("XLM-Tw Multi"), README of github.com/cardiffnlp/xlm-t at 023f763, read November 2026.
_XLM_T = "XLM-T {figure} macro-F1 (README of cardiffnlp/xlm-t){but}"


@dataclass(frozen=True, slots=True)
class PublicTest:
    """One test the goals speak of: which rows it is, and what is published for it."""

    name: str
    wanted: Callable[[Row], bool]
    published: str = "none known"


TESTS = (
    PublicTest(
        "tweets en: UMSAB, validation part (its test part is not at hand)",
        lambda row: row.source == "umsab" and row.lang == "en",
        _XLM_T.format(figure=".706", but=", on the test part: not the same texts"),
    ),
    PublicTest(
        "tweets de: UMSAB, test part",
        lambda row: row.id.startswith("umsab-de-test-"),
        _XLM_T.format(figure=".773", but=", the same texts"),
    ),
    PublicTest("tweets da: AngryTweets", lambda row: row.source == "angry_tweets"),
    PublicTest("web text da: LCC, test part (stands in for Danish tweets)", lambda row: row.source == "lcc"),
    PublicTest("reviews sv", lambda row: row.source == "reviews_sv"),
    PublicTest(
        "posts sv: BRIGHTER, test part, feeling from emotions (stands in for Swedish reviews)",
        lambda row: row.source == "brighter" and row.lang == "sv" and row.part == TEST,
    ),
    PublicTest(
        "reviews nb: NoReC sentences, validation part (its test part is not at hand)",
        lambda row: row.source == "norec_sentence",
    ),
    PublicTest("reviews nl", lambda row: row.source == "reviews_nl"),
)


def scores(classifiers: Mapping[str, Classifier], rows: Sequence[Row]) -> dict[str, tuple[float, float]]:
    """(macro-F1, macro-recall) of the sentiment of each classifier."""
    labels = len(HEADS["sentiment"])
    found = {}
    for name, classifier in classifiers.items():
        truth, said, _ = ask(classifier, rows).of("sentiment")
        table = confusion(truth, said, labels)
        recalls = [table[at, at] / table[at].sum() for at in range(labels) if table[at].sum()]
        found[name] = (macro_f1(truth, said, labels), float(np.mean(recalls)))
    return found


def markdown(classifiers: Mapping[str, Classifier], folder: Path) -> list[str]:
    """Lines of a table of every test; a set that is not in the folder says so."""
    rows = [row for row in read_public(folder) if row.part == TEST and "sentiment" in row.labels]
    names = " | ".join(f"{name}, F1 / recall" for name in classifiers)
    head = [f"| set | texts | {names} | published |", "|---|---|" + "---|" * len(classifiers) + "---|"]
    return head + list(_lines(classifiers, rows))


def _lines(classifiers: Mapping[str, Classifier], rows: Sequence[Row]) -> Iterator[str]:
    for test in TESTS:
        mine = [row for row in rows if test.wanted(row)]
        if not mine:
            yield f"| {test.name} | not at hand |" + " – |" * len(classifiers) + f" {test.published} |"
            continue
        found = scores(classifiers, mine)
        cells = " | ".join(f"{f1:.3f} / {recall:.3f}" for f1, recall in found.values())
        yield f"| {test.name} | {len(mine)} | {cells} | {test.published} |"
