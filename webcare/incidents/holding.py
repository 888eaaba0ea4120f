"""Sending the holding text to those who are hit: the guard reads it for each case, and wordings take turns.

Networks suspend who posts the same text again and again. So no wording goes to two customers of one network within
a window: it waits for its turn, and a case is left out where every wording would have to wait too long.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from webcare.cases.bulk import Answer, Plan, carry_out, preview
from webcare.cases.bulk_answers import PACE, UNDO_AT_LEAST
from webcare.cases.bulk_steps import Done, Step
from webcare.cases.record import load as load_case
from webcare.cases.saved_replies import choose_language
from webcare.cases.surroundings import PLAIN, Reviewer
from webcare.channels.base import Channel
from webcare.domain import Actor, Said
from webcare.errors import WebcareError
from webcare.incidents.mode import load_open, note
from webcare.incidents.texts import Wording, wordings
from webcare.people import Permission, require
from webcare.store import Store
from webcare.store.tables_incidents import IncidentCaseRow, IncidentUseRow

#: The longest a holding text waits for its turn; later it holds nobody.
LONGEST_WAIT = timedelta(minutes=60)


@dataclass(frozen=True, slots=True)
class Turn:
    """When a wording may leave, at the earliest, for one more customer of a network."""

    wording_id: int
    at: datetime


def turns(
    offered: Sequence[int], used: Sequence[tuple[int, datetime]], *, earliest: datetime, window: timedelta
) -> list[Turn]:
    """The wordings in the order to try, the soonest first; of those that may leave at once the least used.

    `used` are (wording, when it leaves) on this network. Those that would wait longer than LONGEST_WAIT are left out.
    """
    found = []
    for wording in offered:
        moments = [at for one, at in used if one == wording]
        at = max([earliest, *(moment + window for moment in moments)])
        if at - earliest <= LONGEST_WAIT:
            found.append((at, len(moments), wording))
    return [Turn(wording, at) for at, _, wording in sorted(found)]


def send_holding(
    store: Store,
    incident_id: int,
    case_ids: Sequence[int],
    *,
    by: Actor,
    now: datetime,
    undo: timedelta,
    window: timedelta,
    reviewer: Reviewer = PLAIN,
    channels: Mapping[str, Channel] | None = None,
) -> tuple[Done, ...]:
    """Send the holding text to these cases of the list; gives what became of each.

    Each reply is checked, waits for a colleague where the desk decided so, and can be taken back until it leaves. Who
    got it before does not get it again. Raises NotAllowed without SEND_REPLY, WebcareError where it is not open.
    """
    require(by, Permission.SEND_REPLY)
    with store.read() as session:
        offered = [one for one in wordings(session, incident_id) if one.approved_at is not None]
    if not offered:
        raise WebcareError("No wording is approved yet; a colleague has to say yes first.")
    sender = _Sender(store, incident_id, offered, by, now, undo, window, reviewer, channels or {})
    done = tuple(sender.answer(case_id, number) for number, case_id in enumerate(dict.fromkeys(case_ids)))
    with store.write() as session:
        row = load_open(session, incident_id)
        sent = [one.step.case_id for one in done if one.done]
        note(session, row, "incident_holding", by=by, now=now, after={"cases": sent, "refused": len(done) - len(sent)})
    return done


@dataclass(frozen=True, slots=True)
class _Sender:
    store: Store
    incident_id: int
    offered: Sequence[Wording]
    by: Actor
    now: datetime
    undo: timedelta
    window: timedelta
    reviewer: Reviewer
    channels: Mapping[str, Channel]

    def answer(self, case_id: int, number: int) -> Done:
        held: Done | None = None
        earliest = self.now + max(self.undo, UNDO_AT_LEAST) + PACE * number
        tried: set[int] = set()
        while True:
            try:
                turn = self._take_turn(case_id, earliest, tried)
            except WebcareError as error:
                return Done(Step(case_id), refused=Said.of(error))
            if turn is None:
                return held or Done(Step(case_id), refused=Said("No approved wording may go to this customer now."))
            tried.add(turn.wording_id)
            done = self._try(case_id, turn)
            self._settle(case_id, done)
            if done.done or not done.step.findings:
                return done
            held = done

    def _take_turn(self, case_id: int, earliest: datetime, tried: set[int]) -> Turn | None:
        """Take the next wording for a case, so that nobody else does at the same moment."""
        with self.store.write() as session:
            load_open(session, self.incident_id)
            case = load_case(session, case_id)
            if session.get(IncidentCaseRow, (self.incident_id, case_id)) is None:
                raise WebcareError("This case is not on the list.")
            if _use_of(session, self.incident_id, case_id) is not None:
                raise WebcareError("This customer got the holding text already.")
            language = choose_language([one.language for one in self.offered], case.language)
            mine = [one.id for one in self.offered if one.language == language and one.id not in tried]
            query = select(IncidentUseRow.text_id, IncidentUseRow.at).where(
                col(IncidentUseRow.text_id).in_(mine), IncidentUseRow.channel == case.channel
            )
            found = turns(mine, list(session.exec(query)), earliest=earliest, window=self.window)
            if not found:
                return None
            turn = found[0]
            session.add(
                IncidentUseRow(
                    incident_id=self.incident_id,
                    case_id=case_id,
                    text_id=turn.wording_id,
                    channel=case.channel,
                    at=turn.at,
                )
            )
            return turn

    def _try(self, case_id: int, turn: Turn) -> Done:
        text = next(one.text for one in self.offered if one.id == turn.wording_id)
        action = Answer((text,))
        try:
            plan = preview(
                self.store, action, [case_id], by=self.by, now=self.now, reviewer=self.reviewer, channels=self.channels
            )
            step = plan.steps[0]
            if step.left_out is not None:
                return Done(step, refused=step.left_out)
            clock: Callable[[], datetime] = lambda: self.now  # noqa: E731
            sent = carry_out(
                self.store, Plan(action, (replace(step, text=text),)), by=self.by, clock=clock,
                undo=turn.at - self.now, reviewer=self.reviewer,
            )  # fmt: skip
        except WebcareError as error:
            return Done(Step(case_id), refused=Said.of(error))
        return sent[0]

    def _settle(self, case_id: int, done: Done) -> None:
        """Keep what the wording's turn came to; give it back where nothing is sent."""
        with self.store.write() as session:
            use = _use_of(session, self.incident_id, case_id)
            if use is None:
                return
            if done.done:
                use.delivery_id, use.approval_id = done.delivery_id, done.approval_id
                session.add(use)
            else:
                session.delete(use)


def _use_of(session: Session, incident_id: int, case_id: int) -> IncidentUseRow | None:
    query = select(IncidentUseRow).where(IncidentUseRow.incident_id == incident_id, IncidentUseRow.case_id == case_id)
    return session.exec(query).first()
