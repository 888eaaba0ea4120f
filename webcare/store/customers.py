"""What is known of a customer beside one case: their accounts, their other cases, how often and how they wrote.

Reads only; every list is bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, tuple_
from sqlmodel import Session, col

from webcare.store.tables import AgentRow, CaseRow, MentionRow, TriageRow
from webcare.store.tables_desk import CustomerIdentityRow

#: Other cases of one customer, the newest ones.
MAX_CASES = 60
#: Messages of one customer whose mood is looked at, the newest ones.
MAX_MOODS = 300
#: Authors found by a search.
MAX_FOUND = 12
#: Authors offered because they have the same name or handle.
MAX_OFFERED = 3
#: A shorter name says nothing of who somebody is.
_TELLING = 4
#: Newest cases that a search by name looks through; it reads them one by one.
_SEARCHED = 100_000


@dataclass(frozen=True, slots=True)
class Identity:
    """One author on one network."""

    channel: str
    external_id: str
    name: str
    handle: str

    @property
    def key(self) -> tuple[str, str]:
        """What tells authors apart: network and its id for them."""
        return self.channel, self.external_id


@dataclass(frozen=True, slots=True)
class OtherCase:
    """A case of the same customer, as one line."""

    id: int
    channel: str
    state: str
    topic: str
    sentiment: str
    excerpt: str
    customer_id: str
    opened_at: datetime
    last_posted_at: datetime
    assignee_name: str


@dataclass(frozen=True, slots=True)
class Mood:
    """Messages in a row that sound the same."""

    sentiment: str
    since: datetime
    until: datetime
    count: int


@dataclass(frozen=True, slots=True)
class Customer:
    """What this desk knows of one person; `accounts` begins with the one asked for."""

    accounts: tuple[Identity, ...]
    cases: tuple[OtherCase, ...]  #: newest first, the one asked for included; at most MAX_CASES
    case_count: int
    wrote: int  #: messages of theirs that were collected
    first_at: datetime | None
    moods: tuple[Mood, ...]  #: oldest first


@dataclass(frozen=True, slots=True)
class Found:
    """An author somebody may mean, with what can be told of their cases."""

    author: Identity
    cases: tuple[OtherCase, ...]
    case_count: int


def customer_of(session: Session, channel: str, external_id: str, *, name: str = "", handle: str = "") -> Customer:
    """What is known of the person behind this author, over all accounts linked to it."""
    accounts = _accounts(session, Identity(channel, external_id, name, handle))
    theirs = _of_authors(one.key for one in accounts)
    count = session.execute(select(func.count()).select_from(CaseRow).where(theirs)).scalar_one()
    wrote, first_at = session.execute(_messages(func.count(), func.min(col(MentionRow.posted_at)), accounts)).one()
    moods = _moods(session, accounts)
    return Customer(accounts, _cases(session, theirs), count, wrote, first_at, moods)


def known_author(session: Session, channel: str, external_id: str) -> Identity | None:
    """An author who opened a case, as they were called the last time; None when there is none."""
    query = (
        select(col(CaseRow.customer_name), col(CaseRow.customer_handle))
        .where(col(CaseRow.channel) == channel, col(CaseRow.customer_id) == external_id)
        .order_by(col(CaseRow.id).desc())
    )
    found = session.execute(query).first()
    return Identity(channel, external_id, *found) if found else None


def find_authors(session: Session, words: str, *, but: Sequence[Identity]) -> tuple[Found, ...]:
    """Authors of cases whose name or handle contains `words` (at least two letters), who wrote last first.

    `but` are left out: they are known already.
    """
    wanted = " ".join(words.replace("@", " ").split()).casefold()
    if len(wanted) < 2:
        return ()
    pattern = "%" + re.sub(r"([\\%_])", r"\\\1", wanted) + "%"
    like = [
        func.lower(column).like(pattern, escape="\\")
        for column in (col(CaseRow.customer_name), col(CaseRow.customer_handle))
    ]
    newest = select(func.max(col(CaseRow.id))).scalar_subquery()
    query = _grouped(and_(col(CaseRow.id) > newest - _SEARCHED, or_(*like)))
    return _found(session, query, but, MAX_FOUND)


def same_name(session: Session, author: Identity, *, but: Sequence[Identity]) -> tuple[Found, ...]:
    """Authors on other networks with the same handle or the same name. That is a hint and no proof."""
    alike: list[ColumnElement[bool]] = []
    if handles := _handles(author.handle):
        alike.append(col(CaseRow.customer_handle).in_(handles))
    if len(author.name) >= _TELLING and " " in author.name.strip():
        alike.append(col(CaseRow.customer_name) == author.name)
    if not alike:
        return ()
    query = _grouped(and_(or_(*alike), col(CaseRow.channel) != author.channel))
    return _found(session, query, but, MAX_OFFERED)


def _handles(handle: str) -> list[str]:
    """How somebody with this handle may be called on other networks."""
    base = handle.removeprefix("@").partition("@")[0].removesuffix(".bsky.social")
    if len(base) < _TELLING:
        return []
    return sorted({handle, base, base.lower(), f"{base}.bsky.social", f"{base.lower()}.bsky.social"})


def _grouped(where: ColumnElement[bool]) -> Select[Any]:
    newest: Any = func.max(col(CaseRow.id))
    return (
        select(newest, func.count())
        .where(where)
        .group_by(col(CaseRow.channel), col(CaseRow.customer_id))
        .order_by(newest.desc())
    )


def _found(session: Session, query: Select[Any], but: Sequence[Identity], limit: int) -> tuple[Found, ...]:
    counts: dict[int, int] = {id_: count for id_, count in session.execute(query.limit(limit + len(but)))}  # noqa: C416 - rows are no pairs to mypy
    rows = session.execute(select(*_AUTHOR, col(CaseRow.id)).where(col(CaseRow.id).in_(list(counts))))
    known = {one.key for one in but}
    authors = {id_: Identity(*author) for *author, id_ in rows}
    kept = [id_ for id_ in counts if id_ in authors and authors[id_].key not in known][:limit]
    theirs = _of_authors(authors[id_].key for id_ in kept)
    cases = _cases(session, theirs) if kept else ()
    return tuple(
        Found(
            authors[id_], tuple(one for one in cases if (one.channel, one.customer_id) == authors[id_].key), counts[id_]
        )
        for id_ in kept
    )


_AUTHOR = (
    col(CaseRow.channel),
    col(CaseRow.customer_id),
    col(CaseRow.customer_name),
    col(CaseRow.customer_handle),
)


def _accounts(session: Session, author: Identity) -> tuple[Identity, ...]:
    table = CustomerIdentityRow
    own = select(table.customer_id).where(  # type: ignore[call-overload]
        col(table.channel) == author.channel, col(table.external_id) == author.external_id
    )
    columns = (col(table.channel), col(table.external_id), col(table.name), col(table.handle))
    query = select(*columns).where(col(table.customer_id) == own.scalar_subquery()).order_by(col(table.id))
    linked = [Identity(*row) for row in session.execute(query)]
    return (author, *(one for one in linked if one.key != author.key))


def _of_authors(keys: Iterable[tuple[str, str]]) -> ColumnElement[bool]:
    """Cases that these authors opened, by index."""
    return tuple_(col(CaseRow.channel), col(CaseRow.customer_id)).in_(list(keys))


def _cases(session: Session, theirs: ColumnElement[bool]) -> tuple[OtherCase, ...]:
    columns = (
        *(col(CaseRow.id), col(CaseRow.channel), col(CaseRow.state), col(CaseRow.topic), col(CaseRow.sentiment)),
        *(col(CaseRow.excerpt), col(CaseRow.customer_id), col(CaseRow.opened_at), col(CaseRow.last_posted_at)),
        func.coalesce(col(AgentRow.name), ""),
    )
    query = select(*columns).outerjoin(AgentRow, col(AgentRow.id) == col(CaseRow.assignee_id)).where(theirs)
    newest_first = query.order_by(col(CaseRow.last_posted_at).desc(), col(CaseRow.id).desc()).limit(MAX_CASES)
    return tuple(OtherCase(*row) for row in session.execute(newest_first))


def _messages(*columns: Any) -> Select[Any]:
    """The messages these accounts wrote in cases of their own; the accounts stand last."""
    *wanted, accounts = columns
    return (
        select(*wanted)
        .select_from(MentionRow)
        .join(CaseRow, col(CaseRow.id) == col(MentionRow.case_id))
        .where(_of_authors(one.key for one in accounts), col(MentionRow.is_ours).is_(False))
        .where(col(MentionRow.author_external_id).in_([one.external_id for one in accounts]))
    )


def _moods(session: Session, accounts: Sequence[Identity]) -> tuple[Mood, ...]:
    """How they sounded, one entry for each run of messages of one mood, oldest first."""
    newest = select(func.max(col(TriageRow.id))).where(col(TriageRow.mention_id) == col(MentionRow.id))
    query = (
        _messages(col(MentionRow.posted_at), col(TriageRow.sentiment), accounts)
        .join(TriageRow, col(TriageRow.id) == newest.correlate(MentionRow).scalar_subquery())
        .order_by(col(MentionRow.posted_at).desc(), col(MentionRow.id).desc())
        .limit(MAX_MOODS)
    )
    runs: list[Mood] = []
    for at, sentiment in reversed(session.execute(query).all()):
        if runs and runs[-1].sentiment == sentiment:
            runs[-1] = Mood(sentiment, runs[-1].since, at, runs[-1].count + 1)
        else:
            runs.append(Mood(sentiment, at, at, 1))
    return tuple(runs)
