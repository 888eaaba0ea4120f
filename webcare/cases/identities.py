"""Authors on several networks that a colleague knows to be one person.

Linking is by hand only. It changes nothing on the networks, every link and its undoing is an event of the case it was
made on, and unlinking leaves no trace but those two events.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Set
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from webcare.cases.record import EventKind, changed, load_to_change
from webcare.domain import Actor
from webcare.errors import CaseStateRefused, WebcareError
from webcare.people import Permission, person_id
from webcare.store.customers import Identity, known_author
from webcare.store.tables import CaseRow
from webcare.store.tables_desk import CustomerIdentityRow

#: One person on more accounts than this is no person.
MAX_LINKED = 20


def link(session: Session, case_id: int, *, channel: str, external_id: str, by: Actor, now: datetime) -> CaseRow:
    """Note that the case's customer is also this author, whose posts were collected before.

    Two groups that were linked before become one. Raises WebcareError for an author nobody collected, and
    CaseStateRefused when both are one already or the group would grow past MAX_LINKED.
    """
    case = load_to_change(session, case_id, by=by, needs=Permission.WORK_CASES)
    other = known_author(session, channel, external_id)
    if other is None:
        raise WebcareError("No message of this person was ever collected on that network.")
    ours = Identity(case.channel, case.customer_id, case.customer_name, case.customer_handle)
    first, second = (_row(session, one, by, now) for one in (ours, other))
    if ours.key == other.key or first.customer_id == second.customer_id:
        raise CaseStateRefused("These are linked already.")
    joining = _group(session, second.customer_id) or [second]
    if len(_group(session, first.customer_id)) + len(joining) > MAX_LINKED:
        raise CaseStateRefused("This customer has as many accounts as can be linked.")
    for row in joining:
        row.customer_id = first.customer_id
    session.add_all([first, *joining])
    detail = {"linked": _told(other.channel, other.external_id), "joined": [_told(*_key(row)) for row in joining]}
    return changed(session, case, EventKind.CUSTOMER_LINKED, by=by, now=now, detail=detail)


def unlink(session: Session, case_id: int, *, channel: str, external_id: str, by: Actor, now: datetime) -> CaseRow:
    """Take one author out of the customer's accounts again; the case's own author may be the one.

    Raises CaseStateRefused when it is not linked to the case's customer.
    """
    case = load_to_change(session, case_id, by=by, needs=Permission.WORK_CASES)
    return _take_apart(session, case, {(channel, external_id)}, _told(channel, external_id), by=by, now=now)


def undo_link(session: Session, case_id: int, detail: Mapping[str, Any], *, by: Actor, now: datetime) -> CaseRow:
    """Take apart what one link put together; `detail` is that of its event. Raises CaseStateRefused like `unlink`."""
    case = load_to_change(session, case_id, by=by, needs=Permission.WORK_CASES)
    joined = {(one["channel"], one["external_id"]) for one in detail["joined"]}
    return _take_apart(session, case, joined, detail["linked"], by=by, now=now)


def _take_apart(
    session: Session, case: CaseRow, keys: Set[tuple[str, str]], told: Mapping[str, str], *, by: Actor, now: datetime
) -> CaseRow:
    """Give these accounts of the customer's a group of their own; who is left alone in one is in none."""
    own = _find(session, case.channel, case.customer_id)
    group = _group(session, own.customer_id) if own is not None else []
    gone = [row for row in group if _key(row) in keys]
    if not gone:
        raise CaseStateRefused("These are not linked (any more).")
    apart = secrets.token_hex(8)
    for row in gone:
        row.customer_id = apart
    for part in (gone, [row for row in group if row not in gone]):
        if len(part) == 1:
            session.delete(part[0])
    detail = {"unlinked": dict(told)}
    return changed(session, case, EventKind.CUSTOMER_UNLINKED, by=by, now=now, detail=detail)


def _key(row: CustomerIdentityRow) -> tuple[str, str]:
    return row.channel, row.external_id


def _told(channel: str, external_id: str) -> dict[str, str]:
    return {"channel": channel, "external_id": external_id}


def _row(session: Session, author: Identity, by: Actor, now: datetime) -> CustomerIdentityRow:
    return _find(session, author.channel, author.external_id) or CustomerIdentityRow(
        customer_id=secrets.token_hex(8),
        channel=author.channel,
        external_id=author.external_id,
        name=author.name,
        handle=author.handle,
        linked_by=person_id(by),
        linked_at=now,
    )


def _find(session: Session, channel: str, external_id: str) -> CustomerIdentityRow | None:
    query = select(CustomerIdentityRow).where(
        CustomerIdentityRow.channel == channel, CustomerIdentityRow.external_id == external_id
    )
    return session.exec(query).first()


def _group(session: Session, customer_id: str) -> list[CustomerIdentityRow]:
    query = select(CustomerIdentityRow).where(col(CustomerIdentityRow.customer_id) == customer_id)
    return list(session.exec(query))
