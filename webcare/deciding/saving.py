"""Keeping decisions: each checked whole before it counts, none of them back-dated."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, func, select

from webcare import policies
from webcare.deciding.current import HOURS, QUEUES_NAME, ROUTING, TARGETS, queue_names, rules_value, standing_value
from webcare.domain import QUEUES, Actor, CaseState
from webcare.errors import WebcareError
from webcare.hours import read_hours
from webcare.people import Permission, require
from webcare.policies import Policy
from webcare.routing_rules import read_queues, read_rules
from webcare.store.tables import CaseRow
from webcare.targets import EVERY_QUEUE, read_targets


def fingerprint(session: Session, value: Mapping[str, Any], *, at: datetime) -> str:
    """What a preview of these rules was made of: the rules themselves and those they would stand in place of."""
    said = [value, rules_value(session, at=at), dict(standing_value(session, QUEUES_NAME, at=at))]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def decide_routing(session: Session, value: Mapping[str, Any], *, previewed: str, by: Actor, now: datetime) -> Policy:
    """Put rules of the desk in force from now on. `previewed` is the fingerprint of their preview.

    Raises NotAllowed, RulesWrong naming rule and mistake, or WebcareError when it is not exactly these rules that were
    looked at.
    """
    require(by, Permission.EDIT_POLICIES)
    read_rules(value, queue_names(session, at=now))
    if previewed != fingerprint(session, value, at=now):
        raise WebcareError("Look at what exactly these rules would have done to last week first, then save them.")
    return policies.decide(session, ROUTING, value, valid_from=now, by=by, now=now)


def decide_queues(session: Session, value: Mapping[str, Any], *, by: Actor, now: datetime) -> Policy:
    """Put the desk's own queues in force. Raises NotAllowed, RulesWrong, or WebcareError for a queue still in use."""
    require(by, Permission.EDIT_POLICIES)
    names = (*QUEUES, *(queue.name for queue in read_queues(value)))
    _require_unused(session, set(queue_names(session, at=now)) - set(names))
    read_rules(rules_value(session, at=now), names)
    read_targets(standing_value(session, TARGETS, at=now), names)
    return policies.decide(session, QUEUES_NAME, value, valid_from=now, by=by, now=now)


def decide_targets(
    session: Session, value: Mapping[str, Any], *, first_day: date, zone: ZoneInfo, by: Actor, now: datetime
) -> Policy:
    """Put targets in force from a day on. Raises NotAllowed, TargetsWrong, or WebcareError for a day that is over."""
    require(by, Permission.EDIT_POLICIES)
    read_targets(value, queue_names(session, at=now))
    return policies.decide(session, TARGETS, value, valid_from=from_day(first_day, zone, now=now), by=by, now=now)


def decide_hours(
    session: Session,
    queue: str,
    value: Mapping[str, Any],
    *,
    first_day: date,
    zone: ZoneInfo,
    by: Actor,
    now: datetime,
) -> Policy:
    """Put the opening hours of a queue (EVERY_QUEUE: of all without their own) in force from a day on.

    An empty value takes them away. Raises NotAllowed, HoursWrong, or WebcareError for an unknown queue or a day that
    is over.
    """
    require(by, Permission.EDIT_POLICIES)
    if queue not in (EVERY_QUEUE, *queue_names(session, at=now)):
        raise WebcareError("There is no queue “{queue}”.", queue=queue[:40])
    if value:
        read_hours(value)
    start = from_day(first_day, zone, now=now)
    return policies.decide(session, f"{HOURS}{queue}", value, valid_from=start, by=by, now=now)


def from_day(day: date, zone: ZoneInfo, *, now: datetime) -> datetime:
    """The moment from which a decision with this first day counts; today's from now. Raises WebcareError."""
    today = now.astimezone(zone).date()
    if day < today:
        raise WebcareError("The first day is over already; what was in force then stays as it was.")
    return now if day == today else datetime.combine(day, time(), zone)


def _require_unused(session: Session, gone: Iterable[str]) -> None:
    for name in sorted(gone):
        query = select(func.count()).where(CaseRow.queue == name, col(CaseRow.state) != CaseState.RESOLVED.value)
        if count := session.exec(query).one():
            raise WebcareError(
                "The queue “{queue}” still has {count} unresolved cases; move or resolve them first.",
                queue=name,
                count=count,
            )
