"""Defects and gaps in how we work ("Tier 3"): registered from a case, counted in customers, told back when mended.

Cases are linked by hand. Customers are counted once however many cases they have, and stay counted when their names
go: cases of one customer share a number that says nothing else. No free text of a defect goes into events or the log.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache

from sqlalchemy import Executable, bindparam
from sqlalchemy import select as sa_select
from sqlmodel import Session, col, func, select

from webcare import audit
from webcare.cases.record import EventKind, changed, load_to_change, note_event
from webcare.domain import Actor, DeliveryState
from webcare.errors import CaseStateRefused, WebcareError
from webcare.people import Permission, person_id, require
from webcare.quality.departments import checked
from webcare.quality.texts import typed
from webcare.store.engine import LOCKED
from webcare.store.prepared import run
from webcare.store.tables import AgentRow, CaseRow, DeliveryRow
from webcare.store.tables_desk import CustomerIdentityRow
from webcare.store.tables_quality import DefectCaseRow, DefectRow

MAX_TITLE = 120
#: Defects on the list, cases shown of one.
_LISTED, _CASES = 200, 200


class DefectStatus(StrEnum):
    """What becomes of a defect."""

    OPEN = "open"  #: nobody said anything about it yet
    ACCEPTED = "accepted"  #: the owner agrees that it is one
    BEING_MENDED = "being_mended"
    MENDED = "mended"
    WILL_STAY = "will_stay"


#: Still going wrong, and somebody may mend it.
LIVING = (DefectStatus.OPEN.value, DefectStatus.ACCEPTED.value, DefectStatus.BEING_MENDED.value)


@dataclass(frozen=True, slots=True)
class Defect:
    """One defect with its counts."""

    id: int
    title: str
    what: str
    status: str
    department: str
    registered_by: str
    registered_at: datetime
    changed_at: datetime
    mended_at: datetime | None
    cases: int
    customers: int
    to_tell: int  #: linked cases whose customers nobody wrote to since it was mended


@dataclass(frozen=True, slots=True)
class LinkedCase:
    """A case linked to a defect."""

    case_id: int
    customer: str
    channel: str
    state: str
    linked_at: datetime
    told: bool | None  #: whether we wrote since it was mended; None while it is not


# --- from a case --------------------------------------------------------------------------------------------


def register_defect(
    session: Session,
    case_id: int,
    title: str,
    what: str,
    *,
    department: str = "",
    known: Collection[str] = (),
    by: Actor,
    now: datetime,
) -> int:
    """Register a defect that this case's customer met; gives its id. `known`: the departments there are.

    Raises NotAllowed without WORK_CASES, WebcareError for an empty title or an unknown department.
    """
    case = load_to_change(session, case_id, by=by, needs=Permission.WORK_CASES)
    title = " ".join(typed(title, most=MAX_TITLE).split())
    row = DefectRow(
        title=title,
        what=typed(what, may_be_empty=True),
        department=checked(department, known) if department else "",
        registered_by=person_id(by),
        registered_at=now,
        changed_at=now,
    )
    session.add(row)
    session.flush()
    assert row.id is not None
    _link(session, row.id, [case], by, now)
    changed(session, case, EventKind.DEFECT_LINKED, by=by, now=now, detail={"defect_id": row.id, "new": True})
    return row.id


def link_case(session: Session, case_id: int, defect_id: int, *, by: Actor, now: datetime) -> None:
    """Link one more case, in one act. Raises NotAllowed, CaseStateRefused when it is linked already."""
    case = load_to_change(session, case_id, by=by, needs=Permission.WORK_CASES)
    _locked(session, defect_id)
    if session.get(DefectCaseRow, (defect_id, case_id)) is not None:
        raise CaseStateRefused("This case is linked to that defect already.")
    _link(session, defect_id, [case], by, now)
    changed(session, case, EventKind.DEFECT_LINKED, by=by, now=now, detail={"defect_id": defect_id})


def unlink_case(session: Session, case_id: int, defect_id: int, *, by: Actor, now: datetime) -> None:
    """Take a link back that was a mistake. Raises NotAllowed, CaseStateRefused when there is none."""
    case = load_to_change(session, case_id, by=by, needs=Permission.WORK_CASES)
    row = session.get(DefectCaseRow, (defect_id, case_id))
    if row is None:
        raise CaseStateRefused("This case is not linked to that defect.")
    session.delete(row)
    changed(session, case, EventKind.DEFECT_UNLINKED, by=by, now=now, detail={"defect_id": defect_id})


# --- what becomes of it -------------------------------------------------------------------------------------


def settle_defect(
    session: Session,
    defect_id: int,
    *,
    status: DefectStatus,
    department: str,
    known: Collection[str],
    by: Actor,
    now: datetime,
) -> int:
    """Say how a defect stands and whose it is; mended is told back to every linked case. Gives how many were told.

    Raises NotAllowed without SETTLE_DEFECTS, WebcareError when nothing changes or the department is unknown.
    """
    require(by, Permission.SETTLE_DEFECTS)
    row = _locked(session, defect_id)
    before = {"status": row.status, "department": row.department}
    # One that stands there already may stay, though the desk has no such department any more.
    wanted = department if department in ("", row.department) else checked(department, known)
    old, new = audit.difference(before, {"status": status.value, "department": wanted})
    if not new:
        raise WebcareError("Nothing about this defect changes.")
    row.status, row.department, row.changed_at = status.value, wanted, now
    tells = "status" in new and status is DefectStatus.MENDED
    if "status" in new:
        row.mended_at = now if tells else None
    session.add(row)
    audit.record(session, "defect_settled", by=by, now=now, subject=f"defect:{defect_id}", before=old, after=new)
    return _tell_back(session, defect_id, by, now) if tells else 0


def _tell_back(session: Session, defect_id: int, by: Actor, now: datetime) -> int:
    linked = select(DefectCaseRow.case_id).where(DefectCaseRow.defect_id == defect_id)
    cases = list(session.exec(select(CaseRow).where(col(CaseRow.id).in_(linked)).order_by(col(CaseRow.id))))
    for case in cases:
        # The case itself does not change: whoever works on it must not be told that it did.
        note_event(session, case, EventKind.DEFECT_MENDED, by=by, now=now, detail={"defect_id": defect_id})
    session.flush()
    return len(cases)


# --- read ---------------------------------------------------------------------------------------------------


def defects(session: Session, *, living: bool = False, by: Actor) -> tuple[Defect, ...]:
    """The defects, those that hit most customers first, then the newest. Raises NotAllowed."""
    require(by, Permission.SEE_CASES)
    query = select(DefectRow, AgentRow.name).join(AgentRow, col(AgentRow.id) == col(DefectRow.registered_by))
    if living:
        query = query.where(col(DefectRow.status).in_(LIVING))
    rows = list(session.exec(query.order_by(col(DefectRow.id).desc()).limit(_LISTED)))
    found = _with_counts(session, rows)
    return tuple(sorted(found, key=lambda one: (-one.customers, -one.id)))


def defects_of(session: Session, case_id: int, *, by: Actor) -> tuple[Defect, ...]:
    """The defects a case is linked to. Raises NotAllowed."""
    require(by, Permission.SEE_CASES)
    ids = run(session, _linked(), case_id=case_id).scalars().all()
    if not ids:
        return ()
    query = (
        select(DefectRow, AgentRow.name)
        .join(AgentRow, col(AgentRow.id) == col(DefectRow.registered_by))
        .where(col(DefectRow.id).in_(ids))
        .order_by(col(DefectRow.id))
    )
    return _with_counts(session, list(session.exec(query)))


@cache
def _linked() -> Executable:
    return select(DefectCaseRow.defect_id).where(DefectCaseRow.case_id == bindparam("case_id"))


def linked_cases(session: Session, defect_id: int, *, by: Actor) -> tuple[LinkedCase, ...]:
    """The cases of a defect, the newest link first. Raises NotAllowed."""
    require(by, Permission.SEE_CASES)
    query = (
        select(DefectCaseRow, CaseRow, DefectRow.mended_at)
        .join(CaseRow, col(CaseRow.id) == col(DefectCaseRow.case_id))
        .join(DefectRow, col(DefectRow.id) == col(DefectCaseRow.defect_id))
        .where(DefectCaseRow.defect_id == defect_id)
        .order_by(col(DefectCaseRow.linked_at).desc(), col(DefectCaseRow.case_id).desc())
        .limit(_CASES)
    )
    written = _written_since(session, [defect_id])
    return tuple(
        LinkedCase(
            case_id=link.case_id,
            customer=case.customer_name or case.customer_handle,
            channel=case.channel,
            state=case.state,
            linked_at=link.linked_at,
            told=(defect_id, link.case_id) in written if mended is not None else None,
        )
        for link, case, mended in session.exec(query)
    )


def _written_since(session: Session, ids: Sequence[int | None]) -> set[tuple[int, int]]:
    """Pairs of defect and case where a reply of ours reached the network after the defect was mended."""
    query = (
        sa_select(col(DefectCaseRow.defect_id), col(DefectCaseRow.case_id))
        .select_from(DefectRow)
        .join(DefectCaseRow, col(DefectCaseRow.defect_id) == col(DefectRow.id))
        .join(DeliveryRow, col(DeliveryRow.case_id) == col(DefectCaseRow.case_id))
        .where(
            col(DefectRow.id).in_(ids),
            col(DefectRow.mended_at).is_not(None),
            col(DeliveryRow.state) == DeliveryState.SENT.value,
            col(DeliveryRow.posted_at) > col(DefectRow.mended_at),
        )
        .distinct()
    )
    return {(defect_id, case_id) for defect_id, case_id in session.execute(query)}


def _with_counts(session: Session, rows: Sequence[tuple[DefectRow, str]]) -> tuple[Defect, ...]:
    ids = [row.id for row, _ in rows]
    columns = (
        *(col(DefectCaseRow.defect_id), col(DefectCaseRow.case_id), col(DefectCaseRow.customer_no)),
        *(col(CaseRow.channel), col(CaseRow.customer_id), col(CustomerIdentityRow.customer_id)),
    )
    # Plain columns: a defect may have thousands of cases, and a case page asks this on every click.
    query = (
        sa_select(*columns)
        .select_from(DefectCaseRow)
        .join(CaseRow, col(CaseRow.id) == col(DefectCaseRow.case_id))
        .outerjoin(
            CustomerIdentityRow,
            (col(CustomerIdentityRow.channel) == col(CaseRow.channel))
            & (col(CustomerIdentityRow.external_id) == col(CaseRow.customer_id)),
        )
        .where(col(DefectCaseRow.defect_id).in_(ids))
    )
    linked: dict[int, list[tuple[int, str]]] = defaultdict(list)
    to_tell: dict[int, int] = defaultdict(int)
    mended = {row.id for row, _ in rows if row.mended_at is not None}
    written = _written_since(session, list(mended)) if mended else set()
    for defect_id, case_id, number, channel, customer, identity in session.execute(query):
        linked[defect_id].append((number, identity or f"{channel}/{customer}"))
        to_tell[defect_id] += defect_id in mended and (defect_id, case_id) not in written
    return tuple(_defect(row, name, linked[row.id or 0], to_tell[row.id or 0]) for row, name in rows)


def _defect(row: DefectRow, name: str, linked: Sequence[tuple[int, str]], to_tell: int) -> Defect:
    assert row.id is not None
    return Defect(
        id=row.id,
        title=row.title,
        what=row.what,
        status=row.status,
        department=row.department,
        registered_by=name,
        registered_at=row.registered_at,
        changed_at=row.changed_at,
        mended_at=row.mended_at,
        cases=len(linked),
        customers=distinct_customers(linked),
        to_tell=to_tell,
    )


def distinct_customers(linked: Iterable[tuple[int, str]]) -> int:
    """How many customers these cases have: one and the same where they share the number or who they are now."""
    parent: dict[int | str, int | str] = {}

    def root(one: int | str) -> int | str:
        while (above := parent.setdefault(one, one)) != one:
            parent[one] = one = parent[above]
        return one

    for number, who in linked:
        parent[root(number)] = root(who)
    return len({root(one) for one in list(parent)})


# --- inside -------------------------------------------------------------------------------------------------


def _locked(session: Session, defect_id: int) -> DefectRow:
    row = session.get(DefectRow, defect_id, with_for_update=LOCKED, populate_existing=True)
    if row is None:
        raise WebcareError("This defect does not exist.")
    return row


def _link(session: Session, defect_id: int, cases: Iterable[CaseRow], by: Actor, now: datetime) -> None:
    for case in cases:
        assert case.id is not None
        number = _number_of(session, defect_id, case)
        session.add(
            DefectCaseRow(
                defect_id=defect_id, case_id=case.id, customer_no=number, linked_by=person_id(by), linked_at=now
            )
        )
        session.flush()


def _number_of(session: Session, defect_id: int, case: CaseRow) -> int:
    """The number this customer has among those of the defect already, else the next."""
    who = _people_of(session, case)
    query = (
        select(DefectCaseRow.customer_no, CaseRow.channel, CaseRow.customer_id)
        .join(CaseRow, col(CaseRow.id) == col(DefectCaseRow.case_id))
        .where(DefectCaseRow.defect_id == defect_id)
    )
    for number, channel, customer in session.exec(query):
        if (channel, customer) in who:
            return number
    highest = select(func.max(DefectCaseRow.customer_no)).where(DefectCaseRow.defect_id == defect_id)
    return (session.exec(highest).one() or 0) + 1


def _people_of(session: Session, case: CaseRow) -> set[tuple[str, str]]:
    """The customer of a case under every name they are known by."""
    same = select(CustomerIdentityRow.customer_id).where(
        CustomerIdentityRow.channel == case.channel, CustomerIdentityRow.external_id == case.customer_id
    )
    query = select(CustomerIdentityRow.channel, CustomerIdentityRow.external_id).where(
        col(CustomerIdentityRow.customer_id).in_(same)
    )
    return {(case.channel, case.customer_id), *session.exec(query)}
