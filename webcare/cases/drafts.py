"""The texts people are still writing: one per case, kind and person, and beside it whatever must not be lost.

Somebody may have a case open in two windows, or get a text back while they write another. What would then overwrite
newer words is set aside under the window it was written in, and offered. Nothing here can reach a network.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from itertools import count
from typing import Literal

from sqlalchemy import Executable, bindparam
from sqlmodel import Session, col, delete, select

from webcare.cases.record import MAX_TEXT, load
from webcare.domain import Actor, DeliveryState, ReplyWay
from webcare.errors import WebcareError
from webcare.people import Permission, person_id, require
from webcare.store.bulk import storable
from webcare.store.prepared import run
from webcare.store.tables import DeliveryRow, DraftRow, NoteRow
from webcare.store.tables_desk import ApprovalRow

DraftKind = Literal["reply", "note", "question", "facts"]

#: Between the kind of a draft and the window of a version that was set aside.
_ASIDE = "~"
#: Kept like a draft: who is to read the reply that is being written.
_WAY = "way"
#: The window of texts that a person did not type in one: taken back, or replaced by a saved reply.
RETURNED = "returned"


@dataclass(frozen=True, slots=True)
class Version:
    """A text that was set aside, to be taken up again or thrown away."""

    id: int
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Drafts:
    """What one person writes on one case: the draft, and versions set aside, the newest first."""

    text: str = ""
    others: tuple[Version, ...] = ()


def save_draft(
    session: Session,
    case_id: int,
    *,
    kind: DraftKind,
    text: str,
    by: Actor,
    now: datetime,
    seen: str | None = None,
    window: str = "",
) -> bool:
    """Keep what somebody is typing; an empty text discards it. Raises WebcareError when it is too long to keep.

    `seen` is the draft as the window last saw it: words that another window kept meanwhile stay the draft, and `text`
    is set aside under `window`. Gives whether `text` is the draft now. None overwrites whatever stands there.
    """
    require(by, Permission.WORK_CASES)
    if len(text) > MAX_TEXT:
        raise WebcareError(
            "The text has {length} characters; at most {limit} can be kept.", length=len(text), limit=MAX_TEXT
        )
    load(session, case_id)
    text = storable(text)
    rows = _rows(session, case_id, kind, by)
    newest = rows.get(kind)
    # A text that goes on with the newest one takes nothing away, whatever its window had seen.
    if seen is not None and newest is not None and newest.text != seen and not text.startswith(newest.text):
        _put_aside(session, rows, case_id, kind, text, by, now, window)
        return False
    if not text.strip():
        discard_draft(session, case_id, kind=kind, by=by)
        return True
    _put(session, newest, case_id, kind, text, by, now)
    # What was set aside of the same writing is in it by now.
    _drop(session, [row for name, row in rows.items() if name != kind and text.startswith(row.text)])
    return True


def has_left(session: Session, case_id: int, *, kind: DraftKind, text: str, by: Actor, since: datetime) -> bool:
    """Whether this person's text became a reply, a request for approval or a note after this moment.

    A browser that was refreshed before it heard of that still holds the words. A reply that was taken back has not
    left, nor has one that was cut into several posts: its words stand in none of them as a whole.
    """
    require(by, Permission.WORK_CASES)
    me = person_id(by)
    sent = select(DeliveryRow.text).where(
        DeliveryRow.case_id == case_id,
        DeliveryRow.author_id == me,
        DeliveryRow.created_at >= since,
        DeliveryRow.state != DeliveryState.CANCELLED.value,
    )
    asked = select(ApprovalRow.text).where(
        ApprovalRow.case_id == case_id,
        ApprovalRow.author_id == me,
        ApprovalRow.asked_at >= since,
        ApprovalRow.state == "pending",
    )
    noted = select(NoteRow.text).where(NoteRow.case_id == case_id, NoteRow.agent_id == me, NoteRow.created_at >= since)
    wanted = storable(text).strip()
    left = {"reply": (sent, asked), "note": (noted,)}.get(kind, ())
    return any(wanted == one.strip() for some in left for one in session.exec(some))


def set_aside(session: Session, case_id: int, *, kind: DraftKind, text: str, by: Actor, now: datetime) -> None:
    """Keep a text beside the draft, which may be about to be replaced, unless another such text has all of it."""
    require(by, Permission.WORK_CASES)
    rows = _rows(session, case_id, kind, by)
    rows.pop(kind, None)
    text = storable(text)
    if text.strip() and not any(row.text.startswith(text) for row in rows.values()):
        _put(session, None, case_id, _free(kind, rows), text, by, now)


def all_drafts(session: Session, case_id: int, *, by: Actor) -> dict[str, Drafts]:
    """Everything this person writes on this case, by kind, with the versions that were set aside. One query."""
    found: dict[str, Drafts] = {}
    for name, id_, text, at in run(session, _kept(), case_id=case_id, agent_id=person_id(by)):
        kind, aside, _ = name.partition(_ASIDE)
        known = found.get(kind, Drafts())
        version = Version(id_ or 0, text, at)
        found[kind] = replace(known, others=(*known.others, version)) if aside else replace(known, text=text)
    return found


def drafts_of(session: Session, case_id: int, *, kind: DraftKind, by: Actor) -> Drafts:
    """What this person was writing on this case, with every version that was set aside."""
    return all_drafts(session, case_id, by=by).get(kind, Drafts())


def draft_of(session: Session, case_id: int, *, kind: DraftKind, by: Actor) -> str:
    """What this person was writing on this case; empty when nothing is kept."""
    return drafts_of(session, case_id, kind=kind, by=by).text


def choose_way(session: Session, case_id: int, *, way: ReplyWay, by: Actor, now: datetime) -> None:
    """Keep who is to read what this person writes, so that no refresh turns a private answer into a public one."""
    require(by, Permission.WORK_CASES)
    _put(session, _rows(session, case_id, _WAY, by).get(_WAY), case_id, _WAY, way.value, by, now)


def way_of(drafts: Mapping[str, Drafts]) -> ReplyWay | None:
    """Who is to read what this person writes; None when they did not say."""
    return ReplyWay(drafts[_WAY].text) if _WAY in drafts else None


def take_up(session: Session, version_id: int, *, instead_of: str, by: Actor, now: datetime) -> str:
    """Make a version that was set aside the draft again, and set aside what stood in the box; gives its text.

    Raises WebcareError when it is gone.
    """
    row = _own(session, version_id, by)
    case_id, kind, text = row.case_id, _kind_of(row), row.text
    session.delete(row)
    session.flush()
    before = draft_of(session, case_id, kind=kind, by=by)
    save_draft(session, case_id, kind=kind, text=text, by=by, now=now)
    for replaced in (instead_of, before):
        if not text.startswith(replaced):
            set_aside(session, case_id, kind=kind, text=replaced, by=by, now=now)
    return text


def drop_version(session: Session, version_id: int, *, by: Actor) -> None:
    """Throw away a version that was set aside; one that is gone already is nothing to do."""
    require(by, Permission.WORK_CASES)
    row = session.get(DraftRow, version_id)
    if row is not None and row.agent_id == person_id(by) and _ASIDE in row.kind:
        session.delete(row)


def discard_draft(session: Session, case_id: int, *, kind: DraftKind, by: Actor, used: str | None = None) -> None:
    """Forget what this person was writing.

    `used` is the text that became a note or a reply: versions that begin it go too, and a draft with other words is
    another window's and becomes a version set aside.
    """
    rows = _rows(session, case_id, kind, by)
    own = rows.pop(kind, None)
    if kind == "reply" and used is not None:
        _drop(session, list(_rows(session, case_id, _WAY, by).values()))
    gone = [] if used is None else [row for row in rows.values() if used.strip().startswith(row.text.strip())]
    if own is not None and used is not None and _apart(own.text, used):
        own.kind = _free(kind, rows)
        session.add(own)
    elif own is not None:
        gone.append(own)
    _drop(session, gone)


def _free(kind: DraftKind, rows: Mapping[str, DraftRow]) -> str:
    """A name for one more version set aside."""
    names = (f"{kind}{_ASIDE}{RETURNED}{number or ''}" for number in count())
    return next(name for name in names if name not in rows)


def _apart(draft: str, used: str) -> bool:
    """Whether a draft says things that the text used does not: more than a slip of the pen put right."""
    words = set(draft.split()) - set(used.split())
    return len(words) > 2


def _put_aside(
    session: Session,
    rows: dict[str, DraftRow],
    case_id: int,
    kind: DraftKind,
    text: str,
    by: Actor,
    now: datetime,
    window: str,
) -> None:
    name = f"{kind}{_ASIDE}{window}"
    if not text.strip():
        _drop(session, [rows[name]] if name in rows else [])
        return
    _drop(session, [row for key, row in rows.items() if key not in (kind, name) and text.startswith(row.text)])
    _put(session, rows.get(name), case_id, name, text, by, now)


def _put(session: Session, row: DraftRow | None, case_id: int, name: str, text: str, by: Actor, now: datetime) -> None:
    row = row or DraftRow(case_id=case_id, agent_id=person_id(by), kind=name, text="", updated_at=now)
    row.text, row.updated_at = text, now
    session.add(row)
    session.flush()


def _drop(session: Session, rows: list[DraftRow]) -> None:
    if rows:
        session.exec(delete(DraftRow).where(col(DraftRow.id).in_([row.id for row in rows])))


def _rows(session: Session, case_id: int, kind: str, by: Actor) -> dict[str, DraftRow]:
    query = select(DraftRow).where(
        DraftRow.case_id == case_id,
        DraftRow.agent_id == person_id(by),
        (col(DraftRow.kind) == kind) | col(DraftRow.kind).startswith(f"{kind}{_ASIDE}", autoescape=True),
    )
    return {row.kind: row for row in session.exec(query)}


def _own(session: Session, version_id: int, by: Actor) -> DraftRow:
    require(by, Permission.WORK_CASES)
    row = session.get(DraftRow, version_id)
    if row is None or row.agent_id != person_id(by) or _ASIDE not in row.kind:
        raise WebcareError("This version is gone; another window may have used it.")
    return row


def _kind_of(row: DraftRow) -> DraftKind:
    kind: DraftKind = row.kind.partition(_ASIDE)[0]  # type: ignore[assignment]
    return kind


@cache
def _kept() -> Executable:
    return (
        select(DraftRow.kind, DraftRow.id, DraftRow.text, DraftRow.updated_at)
        .where(DraftRow.case_id == bindparam("case_id"), DraftRow.agent_id == bindparam("agent_id"))
        .order_by(col(DraftRow.updated_at).desc(), col(DraftRow.id).desc())
    )
