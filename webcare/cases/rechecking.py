"""Reading an approved reply once more right before it leaves: is it still what was checked, and does it still fit?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from webcare.cases.binding import missing_since
from webcare.cases.overrides import overridden
from webcare.cases.parts import first_part, is_as_cut, is_made_up, part_before, whole_text
from webcare.cases.record import load
from webcare.cases.surroundings import PLAIN, Reviewer, answered_message, surroundings
from webcare.domain import CaseState, DeliveryState, Override, ReplyWay, Verdict
from webcare.guard.base import ReviewContext
from webcare.guard.binding import Part, Seen, changed_parts, marks_of, sentence
from webcare.guard.days import days_counted_from_today
from webcare.store.tables import DeliveryRow

_NOT_CHECKED = "It is not the reply that was checked."


def read_again(session: Session, delivery: DeliveryRow, *, now: datetime, reviewer: Reviewer = PLAIN) -> ReviewContext:
    """The surroundings of an approved reply as they are now; notes and public texts may have changed since.

    Its `guard.review` is one of `whole_text(delivery)`: a part is read with the answer it belongs to.
    """
    return surroundings(session, load(session, delivery.case_id), now=now, reviewer=reviewer, delivery=delivery)


def why_held(session: Session, delivery: DeliveryRow, context: ReviewContext, verdict: Verdict) -> str:
    """Why an approved reply may not leave after all, in words; empty when it may.

    Delivery asks this right before a text leaves, on the rules in force at that moment. Whatever the verdict of the
    approval was bound to must be as it was, but for notes: a new one is read against the reply instead, because
    people note what they just answered.
    """
    if verdict.fingerprint != delivery.fingerprint or not is_as_cut(delivery) or not _goes_to_them(session, delivery):
        return _NOT_CHECKED
    approved = delivery.verdict
    if parts := _void_parts(approved.get("seen", ()), approved.get("missing", ()), verdict):
        return sentence(parts)
    first = first_part(session, delivery)
    assert first.id is not None
    known = overridden(session, first.id)
    coverable = (None, Override.ACKNOWLEDGE, Override.JUSTIFICATION)
    for finding in verdict.findings:
        if finding.asks not in coverable or (finding.asks is not None and finding.key not in known):
            return finding.message
    return ""


def why_cut_off(session: Session, delivery: DeliveryRow) -> str:
    """Why a further part of an answer cannot be attached to the part before; empty when it can, or is the first."""
    before = part_before(session, delivery)
    if before is None:
        return ""
    if before.state != DeliveryState.SENT or before.retracted_at is not None:
        return "The part before this one does not stand on the network."
    if not before.external_id or is_made_up(before.external_id):
        return "A person found the part before this one; the rest has to be attached there by hand."
    return ""


def why_gone(session: Session, delivery: DeliveryRow) -> str:
    """Whether the message it answers is gone from the network, in words; empty when it stands."""
    target = answered_message(session, first_part(session, delivery))
    if target is None or target.deleted_at is None:
        return ""
    return "The customer's message is gone from the network; there is nothing left to answer."


def why_too_late(
    session: Session, delivery: DeliveryRow, *, now: datetime, reviewer: Reviewer, after: timedelta
) -> str:
    """Why a reply that had to wait does not fit the moment any more; empty when it does.

    Only of those that waited longer than `after` or were tried before: the undo window alone changes nothing.
    """
    if not delivery.attempt and now - delivery.created_at <= after:
        return ""
    case = load(session, delivery.case_id)
    if case.state == CaseState.RESOLVED and not delivery.survey:
        return "The case was closed while this reply waited for the network."
    written, today = (moment.astimezone(reviewer.zone).date() for moment in (delivery.created_at, now))
    if written != today and (words := days_counted_from_today(whole_text(delivery), case.language)):
        return f"It says “{words[0]}” and was written on {written:%A} {written.day} {written:%B}; it waited till today."
    if _answered_elsewhere(session, delivery):
        return "A colleague answered this message by hand while this reply waited for the network."
    return ""


def _answered_elsewhere(session: Session, delivery: DeliveryRow) -> bool:
    query = select(DeliveryRow.id).where(
        DeliveryRow.account_id == delivery.account_id,
        DeliveryRow.target_external_id == delivery.target_external_id,
        col(DeliveryRow.by_hand),
        col(DeliveryRow.retracted_at).is_(None),
        col(DeliveryRow.posted_at) >= delivery.created_at,
    )
    return session.exec(query).first() is not None


def _goes_to_them(session: Session, delivery: DeliveryRow) -> bool:
    """Whether a private answer still goes to the person who wrote the message; a public one goes to everybody."""
    if delivery.way != ReplyWay.PRIVATE.value:
        return True
    target = answered_message(session, first_part(session, delivery))
    return target is not None and target.author_external_id == delivery.to_external_id


def _void_parts(approved: Seen, missing: Sequence[str], verdict: Verdict) -> list[Part]:
    parts = set(changed_parts(approved, verdict.seen))
    heads_then, heads_now = (marks_of(seen).get(Part.HEADS, "") for seen in (approved, verdict.seen))
    if not (heads_then and heads_now):
        parts.discard(Part.HEADS)
    if not heads_then or (heads_now and not missing_since(missing, verdict.missing)):
        # The new notes were read by all that read the reply then.
        parts -= {Part.NOTES, Part.FACTS}
    return sorted(parts, key=list(Part).index)
