"""How the machine did: what the guard pointed at and what became of it, and which labels people put right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import floor

from webcare.domain import FindingOutcome, Level
from webcare.measures.lives import Label, Message, Seen
from webcare.measures.reading import Of, Reading, names
from webcare.measures.values import Fact

#: The questions that a label answers.
QUESTIONS = ("sentiment", "urgency", "topic", "needs_reply", "line")


def guard(case: Reading) -> Iterator[Fact]:
    """Findings that asked for something: was the text changed, or sent in spite of them."""
    for seen in case.history.findings:
        of: Of = {"agent_id": seen.agent_id, "dims": {"check": seen.check}, "events": names(seen)}
        reason = _why_not(seen)
        for measure, wanted in _OUTCOMES:
            if reason:
                yield case.left_out(measure, seen.at, reason, **of)
            else:
                yield case.fact(measure, seen.at, float(seen.outcome == wanted), **of)


_OUTCOMES = (("guard_caught", FindingOutcome.CHANGED), ("guard_overridden", FindingOutcome.OVERRIDDEN))


def _why_not(seen: Seen) -> str:
    if seen.level == Level.SUGGESTION or seen.outcome == FindingOutcome.SENT:
        return "only_suggested"
    return "" if seen.outcome else "nothing_sent"


def corrections(case: Reading) -> Iterator[Fact]:
    """The labels of every message, and which of them a colleague changed."""
    looked = any(event.actor_id is not None for event in case.history.events)
    for message in case.history.messages:
        if message.labels:
            yield from _of_message(case, message, looked)


def _of_message(case: Reading, message: Message, looked: bool) -> Iterator[Fact]:
    standing = _standing(message.labels)
    said = _said(standing)
    at = message.labels[0].at
    for question in QUESTIONS:
        dims = {"question": question, "class": said.values[question]} | _sureness(said, question)
        of: Of = {"dims": dims, "events": names(message)}
        if not looked:
            yield case.left_out("corrected", at, "nobody_looked", **of)
            continue
        touched = any(
            after.by_person and before.values[question] != after.values[question]
            for before, after in pairwise(standing)
        )
        yield case.fact("corrected", at, float(touched), **of)


def _standing(labels: Sequence[Label]) -> list[Label]:
    """Without the corrections that were taken back."""
    kept: list[Label] = []
    for label in labels:
        if label.taken_back and kept:
            kept.pop()
        else:
            kept.append(label)
    return kept or [labels[0]]


def _said(standing: Sequence[Label]) -> Label:
    """What the model said last."""
    return next((label for label in reversed(standing) if not label.by_person), standing[0])


def _sureness(label: Label, question: str) -> dict[str, str]:
    """In tenths, so that sureness and corrections can be laid side by side."""
    sure = label.confidence.get(question)
    return {"confidence": f"{min(floor(sure * 10), 9) / 10:.1f}"} if sure is not None else {}
