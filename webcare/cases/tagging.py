"""Tags: words of the team's own on a case, such as "recall lamp" or "press"."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from functools import cache

from sqlalchemy import Executable, bindparam, func, literal_column, select
from sqlmodel import Session, col, delete

from webcare.cases.record import EventKind, changed, load_to_change
from webcare.domain import Actor
from webcare.errors import CaseStateRefused, WebcareError
from webcare.people import Permission
from webcare.store.bulk import storable
from webcare.store.prepared import run
from webcare.store.tables import CaseRow
from webcare.store.tables_desk import CaseTagRow

#: Longest tag in characters, most tags on one case, most tags offered to choose from.
MAX_TAG, MAX_TAGS, MAX_KNOWN = 40, 20, 300


def tag_case(
    session: Session,
    case_id: int,
    *,
    add: Iterable[str] = (),
    remove: Iterable[str] = (),
    by: Actor,
    now: datetime,
    version: int | None = None,
) -> CaseRow:
    """Put tags on a case and take others off. Raises CaseStateRefused when that changes nothing or makes too many."""
    wanted, unwanted = clean_tags(add), frozenset(clean_tags(remove))
    case = load_to_change(session, case_id, by=by, needs=Permission.WORK_CASES, version=version)
    has = tags_of(session, [case_id]).get(case_id, ())
    added, removed = changes_of(has, wanted, unwanted)
    for tag in added:
        session.add(CaseTagRow(case_id=case_id, tag=tag))
    session.exec(delete(CaseTagRow).where(col(CaseTagRow.case_id) == case_id, col(CaseTagRow.tag).in_(removed)))
    detail = {"added": list(added), "removed": list(removed)}
    return changed(session, case, EventKind.TAGGED, by=by, now=now, detail=detail)


def changes_of(
    has: Collection[str], add: Iterable[str], remove: Collection[str] = ()
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Which tags come and which go. Raises CaseStateRefused when none do, or when there would be too many."""
    added = tuple(tag for tag in add if tag not in has and tag not in remove)
    removed = tuple(tag for tag in has if tag in remove)
    if not added and not removed:
        if remove:
            raise CaseStateRefused("This case has no such tag.")
        raise CaseStateRefused("This case has these tags already.")
    if len(has) - len(removed) + len(added) > MAX_TAGS:
        raise CaseStateRefused("A case takes at most {most} tags.", most=MAX_TAGS)
    return added, removed


def clean_tags(typed: Iterable[str]) -> tuple[str, ...]:
    """Tags as they are kept: small letters, single blanks, each once. Raises WebcareError for one that is too long."""
    tags = dict.fromkeys(_clean(tag) for tag in typed)
    for tag in tags:
        if len(tag) > MAX_TAG:
            raise WebcareError("A tag has at most {most} characters.", most=MAX_TAG)
    return tuple(tag for tag in tags if tag)


def tags_of(session: Session, case_ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """The tags of these cases, by case, in the order of the alphabet; cases without any are left out. One query."""
    found: dict[int, tuple[str, ...]] = {}
    for case_id, tag in run(session, _tags(), case_ids=case_ids) if case_ids else ():
        found[case_id] = (*found.get(case_id, ()), tag)
    return found


def known_tags(session: Session) -> tuple[str, ...]:
    """Every tag some case has, in the order of the alphabet; at most MAX_KNOWN."""
    # From one tag to the next in the index: DISTINCT would read a row for every case that has one.
    first = select(func.min(col(CaseTagRow.tag)).label("tag"))
    tag = first.cte("known", recursive=True)
    following = select(func.min(col(CaseTagRow.tag))).where(col(CaseTagRow.tag) > tag.c.tag).scalar_subquery()
    walk = tag.union_all(select(following).where(tag.c.tag.is_not(None)))
    query = select(walk.c.tag).where(walk.c.tag.is_not(None)).limit(literal_column(str(MAX_KNOWN)))
    return tuple(session.execute(query).scalars())


def _clean(tag: str) -> str:
    shown = (char for char in unicodedata.normalize("NFC", storable(tag)) if unicodedata.category(char)[0] != "C")
    return " ".join("".join(shown).lower().split())


@cache
def _tags() -> Executable:
    wanted = col(CaseTagRow.case_id).in_(bindparam("case_ids", expanding=True))
    return select(col(CaseTagRow.case_id), col(CaseTagRow.tag)).where(wanted).order_by(col(CaseTagRow.tag))
