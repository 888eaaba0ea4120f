"""Corrections of staff as training rows, in the form of `data/labels/`, without personal data.

One row a mention: the labels as the last colleague left them, and where they come from. Labels that nobody touched are
the model's own word; `corrected` names the others, and only those teach. Colleagues stand there by role, customers not
at all, and times to the day: with the minute, role and rota would name a person.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from sqlmodel import Session, col, select

from webcare.cases.labels import PERSON
from webcare.domain import LANGUAGES
from webcare.personal import redacted
from webcare.store.tables import AgentRow, MentionRow, TriageRow

#: The reason of a decision that counts again because the correction after it was taken back.
TAKEN_BACK = "a correction was taken back"
#: Column of a triage row -> the name of that question in labelled text.
_QUESTIONS = {
    "sentiment": "sentiment",
    "urgency": "urgency",
    "topic": "topic",
    "needs_reply": "needs_reply",
    "line": "route",
}


@dataclass(frozen=True, slots=True)
class Exported:
    """Training rows, and how many corrected mentions gave none, by reason."""

    rows: tuple[dict[str, Any], ...]
    left_out: dict[str, int]


def export_corrections(session: Session, *, order_numbers: Sequence[str] = ()) -> Exported:
    """Every corrected mention of a customer as a training row, oldest first.

    Left out are mentions that the customer deleted, our own posts and reposts, and languages that no head knows.
    `order_numbers` are regular expressions of the brand's own numbers.
    """
    staff = {row.id: row for row in session.exec(select(AgentRow))}
    colleagues = [name for row in staff.values() for name in (row.name, row.username)]
    rows, left_out = [], defaultdict[str, int](int)
    for mention, decisions in _corrected(session):
        reason = _why_not(mention, decisions[-1])
        if reason:
            left_out[reason] += 1
            continue
        names = [*colleagues, mention.author_name, mention.author_handle]
        text = redacted(mention.text, decisions[-1].language, names=names, order_numbers=order_numbers)
        rows.append(_row(mention, text, decisions, staff))
    return Exported(tuple(rows), dict(left_out))


def _corrected(session: Session) -> Iterator[tuple[MentionRow, list[TriageRow]]]:
    """Mentions a person corrected, each with its decisions up to the last person's, oldest first."""
    of_people = select(TriageRow.mention_id).where(TriageRow.model_version == PERSON)
    query = select(TriageRow).where(col(TriageRow.mention_id).in_(of_people)).order_by(col(TriageRow.id))
    found: dict[int, list[TriageRow]] = defaultdict(list)
    for row in session.exec(query):
        found[row.mention_id].append(row)
    for mention in session.exec(
        select(MentionRow).where(col(MentionRow.id).in_(of_people)).order_by(col(MentionRow.id))
    ):
        rows = _standing(found[mention.id or 0])
        last = max((at for at, row in enumerate(rows) if row.model_version == PERSON), default=None)
        if last is not None:
            yield mention, rows[: last + 1]


def _standing(rows: Sequence[TriageRow]) -> list[TriageRow]:
    """Decisions without the corrections that were taken back."""
    kept: list[TriageRow] = []
    for row in rows:
        if row.reason == TAKEN_BACK and kept:
            kept.pop()
        else:
            kept.append(row)
    return kept


def _why_not(mention: MentionRow, last: TriageRow) -> str:
    if mention.deleted_at is not None:
        return "deleted by the customer"
    if mention.is_ours or mention.is_repost:
        return "not a customer's own words"
    if last.language not in LANGUAGES:
        return "in a language that the model does not know"
    return "" if mention.text.strip() else "without text"


def _row(
    mention: MentionRow, text: str, decisions: Sequence[TriageRow], staff: dict[int | None, AgentRow]
) -> dict[str, Any]:
    last = decisions[-1]
    labels = {name: getattr(last, column) for column, name in _QUESTIONS.items()}
    return {
        "id": f"correction-{mention.id}",
        # Mentions of one case tell one story, which must not stand on both sides of training and test.
        "scenario": f"correction-case-{mention.case_id or mention.id}",
        "lang": last.language,
        "text": text,
        **labels,
        "network": mention.channel,
        "industry": "",
        "tags": ["correction"],
        "corrected": sorted(_touched(decisions)),
        "provenance": _provenance(decisions, staff),
    }


def _touched(decisions: Sequence[TriageRow]) -> set[str]:
    """The questions in which a person changed something, even if another person changed it back."""
    return {
        name
        for before, after in pairwise(decisions)
        for column, name in _QUESTIONS.items()
        if after.model_version == PERSON and getattr(before, column) != getattr(after, column)
    }


def _provenance(decisions: Sequence[TriageRow], staff: dict[int | None, AgentRow]) -> dict[str, Any]:
    last = decisions[-1]
    machine = next((row for row in reversed(decisions) if row.model_version != PERSON), decisions[0])
    agent = staff.get(last.agent_id)
    touched = _touched(decisions)
    pairs = [(column, name) for column, name in _QUESTIONS.items() if name in touched]
    return {
        "corrected_on": f"{last.decided_at:%Y-%m-%d}",
        "by_role": agent.role if agent else "unknown",
        "model_version": machine.model_version,
        "said": {name: getattr(machine, column) for column, name in pairs},
        "became": {name: getattr(last, column) for column, name in pairs},
        "confidence": {name: machine.confidence[name] for _, name in pairs if name in machine.confidence},
    }
