"""Sending in spite of a finding: what it takes, and who did it.

A held leak has one way past it, which is not here: marking the sentence of the note shareable makes the finding go
away. Where no override is possible the text has to change.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlmodel import Session, select

from webcare.cases.parts import whole_text
from webcare.domain import N_, Actor, Finding, Override, Said
from webcare.errors import GuardBlocked
from webcare.people import person_id
from webcare.store.bulk import storable
from webcare.store.tables import DeliveryRow, ReplyOverrideRow

#: A reason shorter than this, in characters, says nothing to whoever reads it next month.
SHORTEST_REASON = 10

_ASKS = {
    Override.NONE: N_("Nothing but another text can be sent."),
    Override.SHAREABLE: N_(
        "It can be sent once that sentence of the note is marked as something the customer may know."
    ),
    Override.JUSTIFICATION: Said(
        "To send it all the same, say why, in at least {count} characters.", count=SHORTEST_REASON
    ),
    Override.ACKNOWLEDGE: N_("Read it, and tick that you did."),
}


def uncovered(findings: Iterable[Finding], overrides: Mapping[str, str]) -> tuple[Finding, ...]:
    """The findings that still stand in the way. `overrides` maps `Finding.key` to a reason, empty for a tick."""
    return tuple(finding for finding in findings if not _covered(finding, overrides))


def ticked(findings: Iterable[Finding]) -> dict[str, str]:
    """Overrides for all that a tick is enough for."""
    return {finding.key: "" for finding in findings if finding.asks is Override.ACKNOWLEDGE}


def require_covered(findings: Iterable[Finding], overrides: Mapping[str, str]) -> None:
    """Raise GuardBlocked, naming the first finding in the way and what it takes, unless all are covered."""
    left = uncovered(findings, overrides)
    if left:
        raise GuardBlocked(Said.joined((left[0].message, what_it_takes(left[0])), " "))


def what_it_takes(finding: Finding) -> str:
    """What a person has to do to send in spite of a finding, in one sentence; empty when nothing."""
    return Said(_ASKS[finding.asks]) if finding.asks is not None else ""


def record_overrides(
    session: Session,
    delivery: DeliveryRow,
    findings: Sequence[Finding],
    overrides: Mapping[str, str],
    *,
    by: Actor,
    now: datetime,
) -> list[str]:
    """Keep who sent this reply in spite of what, and why; gives the keys of the findings."""
    rows = [
        _row(delivery, finding, overrides.get(finding.key, ""), by, now)
        for finding in findings
        if finding.asks is not None
    ]
    session.add_all(rows)
    return [row.finding for row in rows]


def overridden(session: Session, delivery_id: int) -> frozenset[str]:
    """The keys of the findings in spite of which a reply was approved."""
    query = select(ReplyOverrideRow.finding).where(ReplyOverrideRow.delivery_id == delivery_id)
    return frozenset(session.exec(query))


def _covered(finding: Finding, overrides: Mapping[str, str]) -> bool:
    match finding.asks:
        case None:
            return True
        case Override.ACKNOWLEDGE:
            return finding.key in overrides
        case Override.JUSTIFICATION:
            return len(" ".join(overrides.get(finding.key, "").split())) >= SHORTEST_REASON
    return False


def _row(delivery: DeliveryRow, finding: Finding, words: str, by: Actor, now: datetime) -> ReplyOverrideRow:
    assert delivery.id is not None
    assert finding.asks is not None
    return ReplyOverrideRow(
        delivery_id=delivery.id,
        case_id=delivery.case_id,
        finding=finding.key,
        check_name=finding.check,
        reason=finding.reason,
        policy=finding.asks.value,
        words=storable(" ".join(words.split())),
        stretch=whole_text(delivery)[finding.start : finding.end],
        agent_id=person_id(by),
        at=now,
        fingerprint=delivery.fingerprint,
    )
