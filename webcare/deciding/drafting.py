"""Decisions that somebody is still writing: kept for them, so that a reload or an ended sign-in loses nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session, select

from webcare.domain import Actor
from webcare.people import Permission, person_id, require
from webcare.store.tables_desk import PolicyDraftRow


def keep_draft(session: Session, name: str, value: Mapping[str, Any] | None, *, by: Actor, now: datetime) -> None:
    """Keep what a person made of a policy so far; None drops it. Nothing of it counts. Raises NotAllowed."""
    require(by, Permission.EDIT_POLICIES)
    row = _row(session, name, by)
    if value is None:
        if row is not None:
            session.delete(row)
        return
    row = row or PolicyDraftRow(agent_id=person_id(by), name=name, value={}, updated_at=now)
    row.value, row.updated_at = dict(value), now
    session.add(row)


def draft_of(session: Session, name: str, *, by: Actor) -> Mapping[str, Any] | None:
    """What this person made of a policy and has not saved; None where they changed nothing. Raises NotAllowed."""
    require(by, Permission.EDIT_POLICIES)
    row = _row(session, name, by)
    return row.value if row is not None else None


def _row(session: Session, name: str, by: Actor) -> PolicyDraftRow | None:
    query = select(PolicyDraftRow).where(PolicyDraftRow.agent_id == person_id(by), PolicyDraftRow.name == name)
    return session.exec(query).first()
