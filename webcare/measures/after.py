"""Where else a customer wrote: the messages of the same customer in other cases, on any network linked to them."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session, col

from webcare.measures.lives import Contact
from webcare.store.marks import only_a_mark
from webcare.store.mentions import chunks
from webcare.store.tables import CaseRow, MentionRow, TriageRow
from webcare.store.tables_desk import CustomerIdentityRow

Author = tuple[str, str]  #: channel and the network's id of the author

#: No window that a figure looks into is longer: a repeat later than this is a new matter.
REACH = timedelta(days=40)


@dataclass(frozen=True, slots=True)
class Contacts:
    """The messages of the customers of one batch of cases."""

    person: Mapping[Author, str]  #: of the authors that are linked
    messages: Mapping[str, Sequence[Contact]]  #: by person, oldest first

    def of(self, case: Any, last_answer: datetime) -> tuple[Contact, ...]:
        """What the customer of this case wrote in other cases after it began, at most REACH after our last answer."""
        author = (case.channel, case.customer_id)
        found = self.messages.get(self.person.get(author, _alone(author)), ())
        first = bisect_right(found, case.first_posted_at, key=_posted)
        until = bisect_right(found, last_answer + REACH, key=_posted)
        return tuple(one for one in found[first:until] if one.case_id != case.id)


def contacts_of(session: Session, cases: Sequence[Any]) -> Contacts:
    """Read them for many cases (rows with `channel` and `customer_id`) in a few queries."""
    authors = {(case.channel, case.customer_id) for case in cases}
    person = _persons(session, authors)
    theirs: dict[str, dict[int, Author]] = defaultdict(dict)
    for case_id, author in _cases_of(session, {*authors, *person}):
        theirs[person.get(author, _alone(author))][case_id] = author
    # Whoever has one case wrote nowhere else.
    who_of = {case_id: who for who, ones in theirs.items() if len(ones) > 1 for case_id in ones}
    found: dict[str, list[Contact]] = defaultdict(list)
    for part in chunks(sorted(who_of)):
        for row in session.execute(_messages(part)):
            contact = Contact(row.case_id, row.id, row.posted_at, row.collected_at, row.needs_reply is not False)
            found[who_of[row.case_id]].append(contact)
    return Contacts(person, {who: sorted(ones, key=_posted) for who, ones in found.items()})


def same_customer(session: Session, case_ids: Iterable[int]) -> set[int]:
    """These cases and all others of their customers: what moves when one of them does."""
    wanted = set(case_ids)
    authors: set[Author] = set()
    for part in chunks(sorted(wanted)):
        asked = select(col(CaseRow.channel), col(CaseRow.customer_id)).where(col(CaseRow.id).in_(part)).distinct()
        authors |= {(row.channel, row.customer_id) for row in session.execute(asked)}
    return wanted | {case_id for case_id, _ in _cases_of(session, {*authors, *_persons(session, authors)})}


def _cases_of(session: Session, authors: Collection[Author]) -> Iterator[tuple[int, Author]]:
    """The cases of these authors; one network at a time, so that its index is used."""
    for channel, ids in _by_channel(authors):
        query = select(col(CaseRow.id), col(CaseRow.customer_id)).where(
            col(CaseRow.channel) == channel, col(CaseRow.customer_id).in_(ids)
        )
        yield from ((row.id, (channel, row.customer_id)) for row in session.execute(query))


def _persons(session: Session, authors: Collection[Author]) -> dict[Author, str]:
    """Who is linked: these authors and the ones they are linked with."""
    linked: set[str] = set()
    for channel, ids in _by_channel(authors):
        query = select(col(CustomerIdentityRow.customer_id)).where(
            col(CustomerIdentityRow.channel) == channel, col(CustomerIdentityRow.external_id).in_(ids)
        )
        linked.update(session.execute(query).scalars())
    found: dict[Author, str] = {}
    for part in chunks(sorted(linked)):
        everybody = select(
            col(CustomerIdentityRow.channel), col(CustomerIdentityRow.external_id), col(CustomerIdentityRow.customer_id)
        ).where(col(CustomerIdentityRow.customer_id).in_(part))
        found |= {(row.channel, row.external_id): f"person {row.customer_id}" for row in session.execute(everybody)}
    return found


def _by_channel(authors: Collection[Author]) -> Iterator[tuple[str, Sequence[str]]]:
    for channel in sorted({channel for channel, _ in authors}):
        for part in chunks(sorted(id_ for where, id_ in authors if where == channel)):
            yield channel, part


def _messages(case_ids: Sequence[int]) -> Any:
    newest = (
        select(func.max(col(TriageRow.id)))
        .where(col(TriageRow.mention_id) == col(MentionRow.id))
        .correlate(MentionRow)
        .scalar_subquery()
    )
    columns = (MentionRow.case_id, MentionRow.id, MentionRow.posted_at, MentionRow.collected_at)
    return (
        select(*columns, TriageRow.needs_reply)  # type: ignore[call-overload]
        .outerjoin(TriageRow, col(TriageRow.id) == newest)
        .where(
            col(MentionRow.case_id).in_(case_ids),
            col(MentionRow.is_ours).is_(False),
            col(MentionRow.is_repost).is_(False),
            ~only_a_mark(),
        )
    )


def _alone(author: Author) -> str:
    return f"author {author[0]} {author[1]}"


def _posted(one: Contact) -> datetime:
    return one.posted_at
