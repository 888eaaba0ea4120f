"""What the desk decides in the browser: targets, hours, routing, queues, retention. Each decision has a first day.

Nothing is ever changed in place: a decision is a new row that counts from its `valid_from` on, so that a report on last
month finds what was in force last month. What a policy's value means is checked by whoever owns its name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from webcare import audit
from webcare.domain import Actor
from webcare.people import Permission, require
from webcare.store.tables_desk import PolicyRow


@dataclass(frozen=True, slots=True)
class Policy:
    """One version of one decision."""

    name: str
    valid_from: datetime
    value: Mapping[str, Any]
    agent_name: str
    changed_at: datetime


def in_force(session: Session, name: str, *, at: datetime) -> Policy | None:
    """The version that counts at a moment; None where nothing was decided and the settings' default counts."""
    query = (
        select(PolicyRow)
        .where(PolicyRow.name == name, PolicyRow.valid_from <= at)
        .order_by(col(PolicyRow.valid_from).desc(), col(PolicyRow.id).desc())
        .limit(1)
    )
    row = session.exec(query).first()
    return _policy(row) if row else None


def versions(session: Session, name: str) -> list[Policy]:
    """All versions of one policy, the newest decision first."""
    query = select(PolicyRow).where(PolicyRow.name == name).order_by(col(PolicyRow.id).desc())
    return [_policy(row) for row in session.exec(query)]


def names(session: Session, prefix: str = "") -> list[str]:
    """The policies somebody decided on."""
    query = select(PolicyRow.name).where(col(PolicyRow.name).startswith(prefix, autoescape=True)).distinct()
    return sorted(session.exec(query))


def decide(
    session: Session, name: str, value: Mapping[str, Any], *, valid_from: datetime, by: Actor, now: datetime
) -> Policy:
    """Append a version and write it in the audit log. Raises NotAllowed without EDIT_POLICIES."""
    require(by, Permission.EDIT_POLICIES)
    before = in_force(session, name, at=valid_from)
    row = PolicyRow(
        name=name, valid_from=valid_from, value=dict(value), agent_id=by.id, agent_name=by.name, changed_at=now
    )
    session.add(row)
    session.flush()
    old, new = audit.difference(before.value if before else {}, value)
    new = {**new, "valid_from": valid_from.isoformat()}
    audit.record(session, "policy_changed", by=by, now=now, subject=f"policy:{name}", before=old, after=new)
    return _policy(row)


def _policy(row: PolicyRow) -> Policy:
    return Policy(row.name, row.valid_from, row.value, row.agent_name, row.changed_at)
