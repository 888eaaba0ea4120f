"""The guard's own marks: what it pointed at, what became of it, whether it was right, and what it let pass."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from sqlmodel import Session, col, select

from webcare import guard
from webcare.cases.record import EventKind, changed, load, load_to_change, typed_text
from webcare.cases.surroundings import PLAIN, Reviewer, surroundings
from webcare.domain import Actor, Decision, DeliveryState, Finding, FindingOutcome, Grade, Level, Verdict
from webcare.errors import CaseStateRefused, NotAllowed, WebcareError
from webcare.guard.base import ReviewContext
from webcare.guard.reported import alone, save_slip, slip_id, without_personal_data
from webcare.guard.rules.escaped import Slip
from webcare.people import Permission, may, person_id, require
from webcare.store import Store
from webcare.store.bulk import storable
from webcare.store.tables import CaseRow, DeliveryRow, GuardFindingRow, GuardSlipRow


def keep_findings(session: Session, case_id: int, verdict: Verdict, text: str, *, by: Actor, now: datetime) -> None:
    """Keep what somebody was shown when they pressed Send; one row each, however often they press.

    A finding they were shown before and that is gone now was answered by a change.
    """
    shown = {(found.check, found.reason, _stretch(text, found)): found for found in verdict.findings}
    for row in _open(session, case_id, by):
        if shown.pop((row.check_name, row.reason, row.stretch), None) is None:
            row.outcome = FindingOutcome.CHANGED.value
            session.add(row)
    session.add_all(_row(case_id, verdict, found, stretch, by, now) for (_, _, stretch), found in shown.items())
    session.flush()


def settle_findings(session: Session, case_id: int, *, by: Actor) -> None:
    """The reply was approved: what was still open was overridden, or was a suggestion."""
    for row in _open(session, case_id, by):
        suggestion = row.level == Level.SUGGESTION
        row.outcome = (FindingOutcome.SENT if suggestion else FindingOutcome.OVERRIDDEN).value
        session.add(row)
    session.flush()


def grade_finding(session: Session, finding_id: int, *, right: bool, by: Actor, now: datetime) -> GuardFindingRow:
    """Say whether a finding was right; the last word of a person counts. Managers may, and whoever works cases."""
    if not (may(by, Permission.SEE_REPORTS) or may(by, Permission.WORK_CASES)):
        raise NotAllowed("{name} may not judge what the guard found.", name=by.name)
    row = session.get(GuardFindingRow, finding_id)
    if row is None:
        raise WebcareError("This finding does not exist.")
    row.grade, row.graded_by, row.graded_at = (Grade.RIGHT if right else Grade.WRONG).value, person_id(by), now
    session.add(row)
    session.flush()
    return row


def report_slip(
    store: Store,
    delivery_id: int,
    *,
    words: str,
    by: Actor,
    now: datetime,
    folder: Path,
    reviewer: Reviewer = PLAIN,
) -> GuardSlipRow:
    """Say that a reply which went out should have been held, and why: it becomes a case that must be held from now on.

    The case, without personal data, is added to `folder`. Raises CaseStateRefused for a reply that never went out,
    SettingsError when the folder cannot be written.
    """
    words = typed_text(words, "reason")
    require(by, Permission.SEE_CASES)
    with store.read() as session:
        delivery = _posted(session, delivery_id)
        case = load(session, delivery.case_id)
        context = surroundings(session, case, now=now, reviewer=reviewer, delivery=delivery)
    slip = _slip(case, delivery, context)
    held_now = guard.review(slip.draft, alone(slip, context)).decision is Decision.BLOCK
    # The file first: a line that no row tells of is still a case to hold, a row without its line would be forgotten.
    file = save_slip(folder, slip, held=held_now)
    row = GuardSlipRow(
        delivery_id=delivery_id,
        case_id=delivery.case_id,
        reported_by=person_id(by),
        words=storable(words),
        file=file.name,
        held_now=held_now,
        rules_version=guard.RULES_VERSION,
        at=now,
    )
    with store.write() as session:
        case = load_to_change(session, delivery.case_id, by=by, needs=Permission.SEE_CASES)
        session.add(row)
        detail = {"delivery_id": delivery_id, "file": row.file, "held_now": held_now}
        changed(session, case, EventKind.SLIP_REPORTED, by=by, now=now, detail=detail)
    return row


def _posted(session: Session, delivery_id: int) -> DeliveryRow:
    delivery = session.get(DeliveryRow, delivery_id)
    if delivery is None or delivery.state != DeliveryState.SENT:
        raise CaseStateRefused("Only a reply that stands on the network can be reported as a slip.")
    return delivery


def _slip(case: CaseRow, delivery: DeliveryRow, context: ReviewContext) -> Slip:
    assert delivery.id is not None
    slip = Slip(
        id=slip_id(delivery.id),
        lang=case.language,
        market=context.market,
        mention=context.mention,
        notes=context.notes,
        draft=delivery.text,
        must="block",
        reason="",
        brand=context.brand.name,
    )
    names = (case.customer_name, case.customer_handle, *context.colleagues)
    return without_personal_data(slip, names=names, order_numbers=context.brand.order_numbers)


def _open(session: Session, case_id: int, by: Actor) -> list[GuardFindingRow]:
    query = select(GuardFindingRow).where(
        GuardFindingRow.case_id == case_id,
        GuardFindingRow.agent_id == person_id(by),
        col(GuardFindingRow.outcome).is_(None),
    )
    return list(session.exec(query.order_by(col(GuardFindingRow.id))))


def _row(case_id: int, verdict: Verdict, found: Finding, stretch: str, by: Actor, now: datetime) -> GuardFindingRow:
    return GuardFindingRow(
        case_id=case_id,
        agent_id=person_id(by),
        finding=found.key,
        check_name=found.check,
        reason=found.reason,
        level=found.level.value,
        message=storable(found.message),
        stretch=stretch,
        rules_version=verdict.rules_version,
        at=now,
    )


def _stretch(text: str, found: Finding) -> str:
    return storable(text[found.start : found.end])
