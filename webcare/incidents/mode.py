"""What people decide about an incident: open it, call it a false alarm, say what it is, tell its outcome, close it.

Every verb writes one row of the audit log, which is the incident's timeline; no words of customers are in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from webcare import audit
from webcare.cases.record import typed_text
from webcare.domain import Actor
from webcare.errors import CaseChanged, WebcareError
from webcare.incidents.hit import cases_there, people_left
from webcare.incidents.noticing import link_cases
from webcare.people import Permission, person_id, require
from webcare.store.bulk import storable
from webcare.store.engine import LOCKED
from webcare.store.incident_mode import EVERYWHERE, ON_CASES, OPEN
from webcare.store.tables_incidents import IncidentRow

ALARM, CLOSED, FALSE_ALARM = "alarm", "closed", "false_alarm"
#: Where jokes can be held; empty = nowhere.
JOKES = (ON_CASES, EVERYWHERE, "")
MAX_NAME = 80
_MAX_LINE = 300


def open_incident(
    session: Session,
    *,
    by: Actor,
    now: datetime,
    incident_id: int | None = None,
    name: str = "",
    jokes: str = ON_CASES,
    case_ids: Sequence[int] = (),
) -> int:
    """Open the incident of an alarm, or one by hand; gives its id. From now on jokes and campaigns rest.

    Raises NotAllowed without RUN_INCIDENTS, WebcareError for one that is open or over, or that has no name.
    """
    require(by, Permission.RUN_INCIDENTS)
    me = person_id(by)
    row = IncidentRow(found_at=now, state=ALARM, version=0) if incident_id is None else load(session, incident_id)
    if row.state != ALARM:
        raise WebcareError("This incident is open already, or it is over.")
    row.name = _name(name)
    row.jokes = _jokes(jokes)
    row.state, row.opened_at, row.opened_by = OPEN, now, me
    _save(session, row)
    assert row.id is not None
    linked = link_cases(session, row.id, cases_there(session, case_ids), now=now, agent_id=me)
    after = {"name": row.name, "jokes": row.jokes, "by_hand": incident_id is None, "cases": linked}
    note(session, row, "incident_opened", by=by, now=now, after=after)
    return row.id


def call_false(session: Session, incident_id: int, *, reason: str, by: Actor, now: datetime) -> None:
    """Say that an alarm was none, with a reason; it is counted. Its series is quiet for some hours.

    Raises NotAllowed without RUN_INCIDENTS, WebcareError where it is no alarm any more.
    """
    require(by, Permission.RUN_INCIDENTS)
    row = load(session, incident_id)
    if row.state != ALARM:
        raise WebcareError("Only an alarm that nobody opened can be a false one.")
    row.reason = _line(reason, "reason")
    row.state, row.closed_at, row.closed_by = FALSE_ALARM, now, person_id(by)
    _save(session, row)
    note(session, row, "incident_false_alarm", by=by, now=now, after={"reason": row.reason})


def describe(
    session: Session,
    incident_id: int,
    *,
    name: str,
    defect: str,
    jokes: str,
    by: Actor,
    now: datetime,
    version: int | None = None,
) -> None:
    """Say what an open incident is called, what it comes from, and where jokes are held.

    Raises NotAllowed without RUN_INCIDENTS, CaseChanged when a colleague changed it meanwhile.
    """
    require(by, Permission.RUN_INCIDENTS)
    row = load_open(session, incident_id, version=version)
    before = {"name": row.name, "defect": row.defect, "jokes": row.jokes}
    row.name, row.jokes = _name(name), _jokes(jokes)
    row.defect = " ".join(storable(defect).split())[:_MAX_LINE]
    old, new = audit.difference(before, {"name": row.name, "defect": row.defect, "jokes": row.jokes})
    if not new:
        return
    _save(session, row)
    note(session, row, "incident_changed", by=by, now=now, before=old, after=new)


def tell_outcome(session: Session, incident_id: int, *, outcome: str, by: Actor, now: datetime) -> None:
    """Write down what came of it, for colleagues to tell everyone who is hit. A new outcome has to be told anew.

    Raises NotAllowed without RUN_INCIDENTS, WebcareError where it is not open.
    """
    require(by, Permission.RUN_INCIDENTS)
    row = load_open(session, incident_id)
    before = {"outcome": row.outcome} if row.outcome else {}
    row.outcome, row.outcome_at = storable(typed_text(outcome, "outcome")), now
    _save(session, row)
    note(session, row, "incident_outcome", by=by, now=now, before=before, after={"outcome": row.outcome})


def close_incident(session: Session, incident_id: int, *, by: Actor, now: datetime) -> None:
    """Close an incident; jokes and campaigns are free again.

    Raises NotAllowed without RUN_INCIDENTS, and WebcareError while nobody wrote what came of it, or while somebody on
    the list was neither told nor left out for a reason.
    """
    require(by, Permission.RUN_INCIDENTS)
    row = load_open(session, incident_id)
    if row.outcome_at is None:
        raise WebcareError("Write what came of it before you close the incident.")
    if left := people_left(session, row):
        raise WebcareError(
            "{count} on the list were not told the outcome yet. Tell them, or say why they are left out.", count=left
        )
    row.state, row.closed_at, row.closed_by = CLOSED, now, person_id(by)
    _save(session, row)
    note(session, row, "incident_closed", by=by, now=now)


# --- parts ------------------------------------------------------------------------------------------


def load(session: Session, incident_id: int) -> IncidentRow:
    """The incident, locked for this transaction. Raises WebcareError where there is none."""
    row = session.get(IncidentRow, incident_id, with_for_update=LOCKED, populate_existing=True)
    if row is None:
        raise WebcareError("There is no such incident.")
    return row


def load_open(session: Session, incident_id: int, *, version: int | None = None) -> IncidentRow:
    """The incident, locked; raises WebcareError where it is not open, CaseChanged for another version."""
    row = load(session, incident_id)
    if row.state != OPEN:
        raise WebcareError("This incident is not open.")
    if version is not None and row.version != version:
        raise CaseChanged("A colleague changed this incident while you had it open. Look at it again.")
    return row


def note(
    session: Session,
    row: IncidentRow,
    what: str,
    *,
    by: Actor,
    now: datetime,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Write a line of the incident's timeline."""
    audit.record(session, what, by=by, now=now, subject=subject_of(row.id), before=before, after=after)


def subject_of(incident_id: int | None) -> str:
    """How the audit log names an incident."""
    return f"incident:{incident_id}"


def _save(session: Session, row: IncidentRow) -> None:
    row.version += 1
    session.add(row)
    session.flush()


def _name(name: str) -> str:
    name = " ".join(storable(name).split())
    if not name:
        raise WebcareError("Give the incident a name that colleagues understand.")
    if len(name) > MAX_NAME:
        raise WebcareError("The name has {count} characters; at most {most} fit.", count=len(name), most=MAX_NAME)
    return name


def _jokes(where: str) -> str:
    if where not in JOKES:
        raise WebcareError("Jokes can be held on the cases that are hit, everywhere, or nowhere.")
    return where


def _line(text: str, what: str) -> str:
    return " ".join(storable(typed_text(text, what)).split())[:_MAX_LINE]
