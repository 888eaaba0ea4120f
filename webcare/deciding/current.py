"""The decisions in force at a moment, ready to route by. One small query; what it finds is parsed once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy import Pool
from sqlmodel import Session, col, select

from webcare.domain import QUEUES
from webcare.errors import WebcareError
from webcare.hours import read_hours
from webcare.routing import Decisions
from webcare.routing_rules import Queue, Rule, read_queues, read_rules
from webcare.store.tables_desk import PolicyRow
from webcare.targets import Target, Targets, read_targets

log = logging.getLogger(__name__)

ROUTING, QUEUES_NAME, TARGETS, HOURS = "routing", "queues", "targets", "hours:"
T = TypeVar("T")


def standing(session: Session, *, at: datetime) -> Decisions:
    """The rules, queues, targets and hours that count at a moment.

    A decision that cannot be read any more is left out and said in the log: mentions must find a queue all the same.
    """
    query = (
        select(PolicyRow.id, PolicyRow.name)
        .where(
            PolicyRow.valid_from <= at,
            col(PolicyRow.name).in_([ROUTING, QUEUES_NAME, TARGETS])
            | col(PolicyRow.name).startswith(HOURS, autoescape=True),
        )
        .order_by(col(PolicyRow.valid_from), col(PolicyRow.id))
    )
    ids = {name: id_ for id_, name in session.exec(query) if id_ is not None}
    # Readers and writers of one database have engines of their own and one pool.
    database, key = session.get_bind().engine.pool, tuple(sorted(ids.values()))
    kept = _parsed.get(database)
    if kept is None or kept[0] != key:
        rows = session.exec(select(PolicyRow).where(col(PolicyRow.id).in_(list(ids.values()))))
        kept = _parsed[database] = (key, _decisions({row.name: row.value for row in rows}))
    return kept[1]


#: The decisions read last, by database; policies are append-only, so the same rows always mean the same.
_parsed: WeakKeyDictionary[Pool, tuple[tuple[int, ...], Decisions]] = WeakKeyDictionary()


def own_queues(session: Session, *, at: datetime) -> tuple[Queue, ...]:
    """The desk's own queues, beyond the three that every desk has."""
    return _read(QUEUES_NAME, read_queues, standing_value(session, QUEUES_NAME, at=at)) or ()


def queue_names(session: Session, *, at: datetime) -> tuple[str, ...]:
    """All queues there are, the three that every desk has first."""
    return (*QUEUES, *(queue.name for queue in own_queues(session, at=at)))


def rules_value(session: Session, *, at: datetime) -> dict[str, Any]:
    """The rules of the desk as they are kept, for an editor."""
    return dict(standing_value(session, ROUTING, at=at)) or {"rules": []}


def standing_value(session: Session, name: str, *, at: datetime) -> Mapping[str, Any]:
    """The value of a policy as it counts at a moment; empty where nothing was decided."""
    query = (
        select(PolicyRow.value)
        .where(PolicyRow.name == name, PolicyRow.valid_from <= at)
        .order_by(col(PolicyRow.valid_from).desc(), col(PolicyRow.id).desc())
        .limit(1)
    )
    return session.exec(query).first() or {}


def _decisions(values: Mapping[str, Mapping[str, Any]]) -> Decisions:
    queues: tuple[Queue, ...] = _read(QUEUES_NAME, read_queues, values.get(QUEUES_NAME, {})) or ()
    names = (*QUEUES, *(queue.name for queue in queues))
    rules: tuple[Rule, ...] = _read(ROUTING, lambda value: read_rules(value, names), values.get(ROUTING, {})) or ()
    rows: tuple[Target, ...] = _read(TARGETS, lambda value: read_targets(value, names), values.get(TARGETS, {})) or ()
    hours = {
        name.removeprefix(HOURS): found
        for name, value in values.items()
        if name.startswith(HOURS) and value and (found := _read(name, read_hours, value)) is not None
    }
    return Decisions(rules, {queue.name: queue.line for queue in queues}, Targets(rows, hours))


def _read(name: str, read: Callable[[Mapping[str, Any]], T], value: Mapping[str, Any]) -> T | None:
    try:
        return read(value)
    except WebcareError as error:
        log.warning("the policy %s cannot be read and does not count: %s", name, error)
        return None
