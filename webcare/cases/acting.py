"""What people do to posts on the network beside answering them: hide, like, and retract what we posted ourselves.

Asking writes a row; `webcare.actions` does it, and writes here what became of it, fenced by the attempt.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Executable, bindparam, update
from sqlmodel import Session, col, select

from webcare.cases.record import EventKind, changed, load, load_to_change, typed_text
from webcare.cases.retracting import is_retracted, still_stands, take_off
from webcare.channels import channel_class
from webcare.channels.base import Action
from webcare.domain import Actor
from webcare.errors import CaseStateRefused
from webcare.people import Permission, person_id
from webcare.store.tables import CaseRow, ChannelActionRow, MentionRow

PENDING, DONE, FAILED = "pending", "done", "failed"
#: Which actions undo each other; a post has one newest one of each pair.
PAIRS = ((Action.HIDE, Action.UNHIDE), (Action.LIKE, Action.UNLIKE), (Action.DELETE,))
ACTIONS = Actor.system("actions")

_BUSY = "Somebody just did something to this post; wait until the network has it."


@dataclass(frozen=True, slots=True)
class ActionView:
    """The newest thing done, or about to be done, to one post, of each pair that undoes itself."""

    id: int
    external_id: str
    action: Action
    state: str  #: PENDING, DONE or FAILED
    agent_name: str
    created_at: datetime
    error: str


def ask_action(
    session: Session, case_id: int, *, action: Action, external_id: str, by: Actor, now: datetime
) -> ChannelActionRow:
    """Have one post of the case's thread hidden, liked, or that undone; asking twice is asking once.

    Raises CaseStateRefused where the network does not offer it, or for a post of ours, and NotAllowed.
    """
    case = load_to_change(session, case_id, by=by, needs=Permission.SEND_REPLY)
    if action is Action.DELETE:
        raise CaseStateRefused("A post of ours is retracted, with a reason.")
    if _post(session, case, external_id).is_ours:
        raise CaseStateRefused("This is a post of ours; it can be retracted.")
    return _queue_action(session, case, action, external_id, by=by, now=now)


def retract(
    session: Session, case_id: int, *, external_id: str, reason: str, by: Actor, now: datetime
) -> list[ChannelActionRow]:
    """Take a post of ours off the network, with all further parts of the same answer; gives what was asked for.

    Parts that have not left yet never do. The text becomes its author's draft, to be corrected; the reason and the
    time it took stand with the case and on the managers' page. Raises CaseStateRefused and NotAllowed.
    """
    reason = typed_text(reason, "reason")
    case = load_to_change(session, case_id, by=by, needs=Permission.SEND_REPLY)
    if not _post(session, case, external_id).is_ours:
        raise CaseStateRefused("Only posts of ours can be retracted.")
    parts = take_off(session, case, external_id, reason=reason, now=now)
    return [
        _queue_action(session, case, Action.DELETE, id_, by=by, now=now, reason=reason, delivery_id=delivery_id)
        for id_, delivery_id in parts
    ]


def _queue_action(
    session: Session, case: CaseRow, action: Action, external_id: str, *, by: Actor, now: datetime, **detail: Any
) -> ChannelActionRow:
    if action not in offered(case.channel):
        raise CaseStateRefused("This network does not offer that to us.")
    newest = _newest(session, case, action, external_id)
    if newest is not None and newest.state == PENDING:
        if newest.action == action.value:
            return newest
        raise CaseStateRefused(_BUSY)
    if newest is not None and (newest.action, newest.state) == (action.value, DONE):
        raise CaseStateRefused("That is done already.")
    assert case.id is not None
    row = ChannelActionRow(
        case_id=case.id,
        account_id=case.account_id,
        target_external_id=external_id,
        action=action.value,
        agent_id=person_id(by),
        agent_name=by.name,
        created_at=now,
        not_before=now,
    )
    session.add(row)
    session.flush()
    kind = EventKind.RETRACTION_ASKED if action is Action.DELETE else EventKind.ACTION_ASKED
    changed(session, case, kind, by=by, now=now, detail=_said(row, detail))
    return row


def offered(channel: str) -> frozenset[Action]:
    """What this network offers to do to a post."""
    return channel_class(channel).capabilities.actions


def _post(session: Session, case: CaseRow, external_id: str) -> MentionRow:
    """A post of the case's thread that stands; raises CaseStateRefused."""
    query = select(MentionRow).where(
        MentionRow.account_id == case.account_id,
        MentionRow.external_id == external_id,
        MentionRow.thread_id == case.thread_id,
    )
    post = session.exec(query).first()
    if post is None or post.deleted_at is not None:
        raise CaseStateRefused("This post does not stand on the network (any more).")
    return post


def actions_of(session: Session, case_id: int) -> dict[str, tuple[ActionView, ...]]:
    """The newest of each pair, by the external id of the post, whichever case of the thread it was asked in."""
    newest: dict[tuple[str, tuple[Action, ...]], ActionView] = {}
    for row in session.execute(_actions(), {"case_id": case_id}).scalars():
        newest[row.target_external_id, _pair(Action(row.action))] = _view(row)
    found: dict[str, tuple[ActionView, ...]] = {}
    for (external_id, _), view in newest.items():
        found[external_id] = (*found.get(external_id, ()), view)
    return found


# --- what became of it ------------------------------------------------------------------------------


def record_done(session: Session, action_id: int, attempt: int, *, now: datetime) -> bool:
    """The network did it. False, and nothing written, when the row has moved on."""
    row = _settle(session, action_id, attempt, state=DONE, done_at=now, error="")
    if row is None:
        return False
    if row.action == Action.DELETE.value:
        is_retracted(session, row, now=now, by=ACTIONS)
    else:
        case = load(session, row.case_id)
        changed(session, case, EventKind.ACTION_DONE, by=ACTIONS, now=now, detail=_said(row, {}))
    return True


def record_failed(session: Session, action_id: int, attempt: int, *, error: str, now: datetime) -> bool:
    """The network refuses it for good, or could not be reached for too long."""
    row = _settle(session, action_id, attempt, state=FAILED, error=error)
    if row is None:
        return False
    if row.action == Action.DELETE.value:
        still_stands(session, row)
    case = load(session, row.case_id)
    changed(session, case, EventKind.ACTION_FAILED, by=ACTIONS, now=now, detail=_said(row, {"error": error}))
    return True


def record_postponed(session: Session, action_id: int, attempt: int, *, until: datetime, error: str) -> bool:
    """Try again later; doing it twice is doing it once."""
    return _settle(session, action_id, attempt, not_before=until, error=error) is not None


def _settle(session: Session, action_id: int, attempt: int, **values: Any) -> ChannelActionRow | None:
    result = session.execute(
        update(ChannelActionRow)
        .where(
            col(ChannelActionRow.id) == action_id,
            col(ChannelActionRow.attempts) == attempt,
            col(ChannelActionRow.state) == PENDING,
        )
        .values(**values)
    )
    if result.rowcount != 1:  # type: ignore[attr-defined]
        return None
    return session.get(ChannelActionRow, action_id, populate_existing=True)


def _newest(session: Session, case: CaseRow, action: Action, external_id: str) -> ChannelActionRow | None:
    query = (
        select(ChannelActionRow)
        .where(
            ChannelActionRow.account_id == case.account_id,
            ChannelActionRow.target_external_id == external_id,
            col(ChannelActionRow.action).in_([one.value for one in _pair(action)]),
        )
        .order_by(col(ChannelActionRow.id).desc())
    )
    return session.exec(query).first()


def _pair(action: Action) -> tuple[Action, ...]:
    return next(pair for pair in PAIRS if action in pair)


def _view(row: ChannelActionRow) -> ActionView:
    assert row.id is not None
    action = Action(row.action)
    return ActionView(row.id, row.target_external_id, action, row.state, row.agent_name, row.created_at, row.error)


def _said(row: ChannelActionRow, more: Mapping[str, Any]) -> dict[str, Any]:
    return {"action_id": row.id, "action": row.action, "post": row.target_external_id, **more}


@cache
def _actions() -> Executable:
    thread = select(CaseRow.thread_id).where(CaseRow.id == bindparam("case_id")).scalar_subquery()
    return (
        select(ChannelActionRow)
        .join(CaseRow, col(CaseRow.id) == col(ChannelActionRow.case_id))
        .where(CaseRow.thread_id == thread)
        .order_by(col(ChannelActionRow.id))
    )
