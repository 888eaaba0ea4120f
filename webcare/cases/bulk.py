"""Doing the same to many cases: first a plan that says what happens to each, then one transaction per case.

A plan holds the version of each case as it was shown, so whatever changed in between is left out and said, never
overwritten. Nothing is half done: each case is either done with its one event, or left as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from webcare.cases.assignment import assign
from webcare.cases.bulk_answers import Wordings, answer_one, choose_texts
from webcare.cases.bulk_steps import Done, Step
from webcare.cases.closing import resolve
from webcare.cases.presence import others
from webcare.cases.replies import take_back
from webcare.cases.skills import can_answer
from webcare.cases.surroundings import PLAIN, Reviewer
from webcare.cases.tagging import changes_of, clean_tags, tag_case, tags_of
from webcare.cases.undoing import undo as undo_step
from webcare.channels.base import Channel
from webcare.domain import UNSETTLED_DELIVERIES, Actor, CaseState, Resolution, Said
from webcare.errors import StoreUnavailable, WebcareError
from webcare.people import Permission, find_agent, require
from webcare.store import Store
from webcare.store.tables import AgentRow, CaseRow, DeliveryRow

#: Most cases in one go.
MAX_CASES = 200


@dataclass(frozen=True, slots=True)
class Assign:
    """Give the cases to a colleague, or with None back to their queue."""

    to: int | None


@dataclass(frozen=True, slots=True)
class Tag:
    """Put tags on the cases and take others off."""

    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Resolve:
    """Close the cases with one reason."""

    resolution: Resolution


@dataclass(frozen=True, slots=True)
class Answer:
    """Send the same holding answer, in several wordings spread over the cases."""

    wordings: tuple[str, ...]


Action = Assign | Tag | Resolve | Answer


@dataclass(frozen=True, slots=True)
class Plan:
    """What an action would do to each case, in the order they were given."""

    action: Action
    steps: tuple[Step, ...]

    @property
    def doing(self) -> tuple[Step, ...]:
        """The cases something happens to."""
        return tuple(step for step in self.steps if step.left_out is None)


def preview(
    store: Store,
    action: Action,
    case_ids: Sequence[int],
    *,
    by: Actor,
    now: datetime,
    reviewer: Reviewer = PLAIN,
    channels: Mapping[str, Channel] | None = None,
) -> Plan:
    """What an action would do to each of these cases, and which are left out and why; nothing is written.

    `channels` by account key are asked whether they would take an answer. Raises NotAllowed, and WebcareError for more
    than MAX_CASES, a colleague who left, no tag at all, or too few wordings.
    """
    require(by, Permission.SEND_REPLY if isinstance(action, Answer) else Permission.WORK_CASES)
    wanted = list(dict.fromkeys(case_ids))
    if len(wanted) > MAX_CASES:
        raise WebcareError("At most {most} cases can be changed in one go.", most=MAX_CASES)
    with store.read() as session:
        steps = _steps(session, wanted)
        judged = [_judged(session, action, step, by) for step in _with_obstacles(session, action, steps, by, now)]
    if isinstance(action, Answer):
        texts = Wordings.of(action.wordings, len(wanted))
        judged = choose_texts(store, judged, texts, now=now, reviewer=reviewer, channels=channels or {})
    return Plan(action, tuple(judged))


def carry_out(
    store: Store,
    plan: Plan,
    *,
    by: Actor,
    clock: Callable[[], datetime],
    undo: timedelta,
    reviewer: Reviewer = PLAIN,
) -> tuple[Done, ...]:
    """Do what the plan says, one transaction per case; gives what became of each case that was not left out.

    A case that changed since the plan was made, or that refuses, is left as it is and said. Answers leave after
    `undo`, one after the other.
    """
    results: list[Done] = []
    down: Said | None = None
    for number, step in enumerate(plan.doing):
        if down is not None:
            results.append(Done(step, refused=down))
            continue
        try:
            results.append(_do(store, plan.action, step, number, by, clock(), undo, reviewer))
        except StoreUnavailable as error:
            down = Said.of(error)
            results.append(Done(step, refused=down))
        except WebcareError as error:
            results.append(Done(step, refused=Said.of(error)))
    return tuple(results)


def undo_all(
    store: Store, action: Action, done: Sequence[Done], *, by: Actor, clock: Callable[[], datetime]
) -> tuple[Done, ...]:
    """Take back what `carry_out` did, case by case, where nobody did anything after it; gives what became of each.

    Raises NotAllowed for whoever could not have done it either.
    """
    require(by, Permission.SEND_REPLY if isinstance(action, Answer) else Permission.WORK_CASES)
    results = []
    for one in done:
        if not one.done:
            continue
        try:
            _undo(store, action, one, by, clock())
            results.append(replace(one, refused=None))
        except WebcareError as error:
            results.append(replace(one, refused=Said.of(error)))
    return tuple(results)


def _steps(session: Session, case_ids: Sequence[int]) -> list[Step]:
    query = (
        select(CaseRow, AgentRow.name)
        .outerjoin(AgentRow, col(AgentRow.id) == col(CaseRow.assignee_id))
        .where(col(CaseRow.id).in_(case_ids))
    )
    found = {case.id: Step.of(case, name or "") for case, name in session.exec(query)}
    gone = Said("This case does not exist (any more).")
    return [found.get(case_id) or Step(case_id, left_out=gone) for case_id in case_ids]


def _with_obstacles(session: Session, action: Action, steps: list[Step], by: Actor, now: datetime) -> list[Step]:
    """Leave out what stands in the way whatever the action is told to do, read for all cases at once."""
    ids = [step.case_id for step in steps]
    waiting = _with_reply_on_its_way(session, ids) if isinstance(action, Resolve | Answer) else frozenset()
    looking = others(session, ids, me=by, now=now) if isinstance(action, Resolve | Answer) else {}
    found = []
    for step in steps:
        typing = next((one.name for one in looking.get(step.case_id, ()) if one.typing), None)
        if step.left_out is not None:
            found.append(step)
        elif step.state == CaseState.RESOLVED and not isinstance(action, Tag):
            found.append(step.without("This case already is resolved."))
        elif step.case_id in waiting:
            found.append(step.without("A reply of this case is still on its way; wait for it or take it back first."))
        elif typing is not None:
            found.append(step.without("{name} is writing in this case right now.", name=typing))
        else:
            found.append(step)
    return found


def _with_reply_on_its_way(session: Session, case_ids: Sequence[int]) -> frozenset[int]:
    query = select(DeliveryRow.case_id).where(
        col(DeliveryRow.case_id).in_(case_ids), col(DeliveryRow.state).in_(UNSETTLED_DELIVERIES)
    )
    return frozenset(session.exec(query))


def _judged(session: Session, action: Action, step: Step, by: Actor) -> Step:
    match action:
        case Assign(to):
            return _assigned(session, step, to)
        case Tag(add, remove):
            return _tagged(session, step, clean_tags(add), clean_tags(remove))
        case Answer():
            if step.left_out is None and step.assignee_id not in (None, by.id):
                return step.with_remark("{name} works on this case.", name=step.assignee_name)
    return step


def _assigned(session: Session, step: Step, to: int | None) -> Step:
    person = find_agent(session, to) if to is not None else None
    if step.left_out is not None:
        return step
    if step.assignee_id == to:
        if person is None:
            return step.without("Nobody has this case.")
        return step.without("{name} has this case already.", name=person.name)
    if person is not None and not can_answer(session.get_one(AgentRow, to).skills, step.skill):
        return step.with_remark("{name} does not have the skill “{skill}”.", name=person.name, skill=step.skill)
    return step


def _tagged(session: Session, step: Step, add: tuple[str, ...], remove: tuple[str, ...]) -> Step:
    if not add and not remove:
        raise WebcareError("Choose at least one tag.")
    if step.left_out is not None:
        return step
    try:
        has = tags_of(session, [step.case_id]).get(step.case_id, ())
        added, removed = changes_of(has, add, remove)
    except WebcareError as error:
        return replace(step, left_out=Said.of(error))
    return replace(step, added=added, removed=removed)


def _do(
    store: Store,
    action: Action,
    step: Step,
    number: int,
    by: Actor,
    now: datetime,
    undo: timedelta,
    reviewer: Reviewer,
) -> Done:
    if isinstance(action, Answer):
        return answer_one(store, step, number, by=by, now=now, undo=undo, reviewer=reviewer)
    with store.write() as session:
        seen = {"by": by, "now": now, "version": step.version}
        match action:
            case Assign(to):
                case = assign(session, step.case_id, to=to, **seen)  # type: ignore[arg-type]
            case Resolve(resolution):
                case = resolve(session, step.case_id, resolution=resolution, **seen)  # type: ignore[arg-type]
            case Tag():
                case = tag_case(session, step.case_id, add=step.added, remove=step.removed, **seen)  # type: ignore[arg-type]
        return Done(step, version=case.version)


def _undo(store: Store, action: Action, one: Done, by: Actor, now: datetime) -> None:
    step = one.step
    with store.write() as session:
        match action:
            case Assign() | Resolve():
                undo_step(session, step.case_id, by=by, now=now, version=one.version)
            case Tag():
                tag_case(session, step.case_id, add=step.removed, remove=step.added, by=by, now=now)
            case Answer():
                if one.delivery_id is None:
                    raise WebcareError("This answer waits for a colleague; take it back on its case.")
                take_back(session, one.delivery_id, by=by, now=now)
