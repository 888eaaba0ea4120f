"""What is done to cases from the list itself: assign, take back the last thing, take the next one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import streamlit as st
from sqlmodel import Session

from webcare.cases import bulk, taking
from webcare.cases.bulk import Action, Assign, Plan
from webcare.cases.bulk_steps import Done
from webcare.console import chrome, tongue
from webcare.console.acting import change
from webcare.console.desk import desk, now
from webcare.console.own_queues import queue_name
from webcare.console.tongue import N_, _, counted, refusal
from webcare.domain import Actor, Said
from webcare.errors import CaseStateRefused, WebcareError

PLACE = "queue"
_DID = "queue_did"
_TAKEN = "taken"
#: Stands for "back to the queue" in what the browser sends.
NOBODY = 0


@dataclass(frozen=True, slots=True)
class Did:
    """The last thing done from the list: what to say of it, and what taking it back needs."""

    text: str
    action: Action | None = None
    done: tuple[Done, ...] = ()

    @property
    def can_undo(self) -> bool:
        """Whether there is something to take back."""
        return self.action is not None and any(one.done for one in self.done)


def last() -> Did | None:
    """The last thing done, until somebody closes it."""
    found: Did | None = st.session_state.get(_DID)
    return found


def hush() -> None:
    """Say it no more."""
    st.session_state.pop(_DID, None)


def asked_to_assign(sent: Any) -> tuple[tuple[int, ...], int | None]:
    """The cases and the person the browser named; None for back to the queue."""
    to = int(sent["to"])
    return tuple(int(id_) for id_ in sent["ids"]), None if to == NOBODY else to


def assign_one(ids: Sequence[int], to: int | None) -> None:
    """Give one case to somebody at once; what it came to stands under the list."""
    try:
        plan = planned(Assign(to), ids)
        carry_out(plan)
    except WebcareError as error:
        st.session_state[_DID] = Did(refusal(error))


def planned(action: Action, ids: Sequence[int]) -> Plan:
    """What would happen. Raises what `bulk.preview` raises."""
    me = chrome.me_or_stop()
    return bulk.preview(desk().store, action, ids, by=me, now=now(), reviewer=desk().reviewer, channels=desk().channels)


def carry_out(plan: Plan) -> tuple[Done, ...]:
    """Do it, and remember it as the last thing done."""
    undo = timedelta(seconds=desk().settings.delivery.undo_s)
    me = chrome.me_or_stop()
    done = bulk.carry_out(desk().store, plan, by=me, clock=now, undo=undo, reviewer=desk().reviewer)
    st.session_state[_DID] = Did(summary(plan, done), plan.action, done)
    return done


def undo_last() -> tuple[Done, ...]:
    """Take back the last thing done from the list; gives what became of each case."""
    did = last()
    if did is None or did.action is None:
        return ()
    results = bulk.undo_all(desk().store, did.action, did.done, by=chrome.me_or_stop(), clock=now)
    undone = sum(one.done for one in results)
    refused = next((one.refused for one in results if one.refused is not None), None)
    text = counted("Undone for {count} case.", "Undone for {count} cases.", undone) if undone else ""
    st.session_state[_DID] = Did(" ".join(filter(None, (text, told(refused)))))
    return results


def summary(plan: Plan, done: Sequence[Done]) -> str:
    """One sentence on what was done."""
    made = sum(one.done for one in done)
    why = [step.left_out for step in plan.steps if step.left_out] + [one.refused for one in done if one.refused]
    if not made:
        return told(why[0]) if why else _("Nothing was changed.")
    text = _(_SUMS[type(plan.action)][0 if made == 1 else 1]).format(count=made)
    if why:
        text += " " + counted("{count} was left out.", "{count} were left out.", len(why))
    return text


#: By action, for one case and for more.
_SUMS: Mapping[type[Action], tuple[str, str]] = {
    bulk.Assign: (N_("{count} case assigned."), N_("{count} cases assigned.")),
    bulk.Tag: (N_("{count} case tagged."), N_("{count} cases tagged.")),
    bulk.Resolve: (N_("{count} case resolved."), N_("{count} cases resolved.")),
    bulk.Answer: (N_("{count} answer is on its way."), N_("{count} answers are on their way.")),
}


def told(said: Said | None) -> str:
    """A sentence of the services in the reader's language; empty for none."""
    return tongue.said(said) if said is not None else ""


def take_next(queue: str) -> int | None:
    """Take the most urgent case of a queue that this person can answer; None, and said why, when there is none."""

    def take(session: Session, me: Actor, moment: datetime) -> None:
        case = taking.take_next(session, queue, by=me, now=moment)
        if case is None:
            queue_word = queue_name(queue)
            raise CaseStateRefused("Nothing in {queue} waits for somebody to take it.", queue=queue_word)
        st.session_state[_TAKEN] = case.id

    if not change(PLACE, take):
        return None
    taken: int = st.session_state.pop(_TAKEN)
    return taken
