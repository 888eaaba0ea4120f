"""What a customer's further words do to a case that is there already: bring it back, never soften what waits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col, select

from webcare.cases.closing import back_in_queue
from webcare.cases.record import EXCERPT, customer_messages
from webcare.cases.skills import StoreNamed
from webcare.domain import ACTIVE_STATES, Author, CaseState, Line, Mention, Route, Triage
from webcare.store.bulk import storable
from webcare.store.tables import CaseRow, MentionRow


@dataclass(frozen=True, slots=True)
class Decided:
    """One post with what the machine made of it; own posts and reposts have no labels."""

    mention: Mention
    triage: Triage | None = None
    route: Route | None = None
    stores: tuple[StoreNamed, ...] = ()  #: shops of ours that it names

    @property
    def wants_case(self) -> bool:
        """Whether a customer is speaking."""
        return self.route is not None and not self.mention.is_ours and not self.mention.is_repost


def bring_back(case: CaseRow, route: Route, *, written_at: datetime) -> bool:
    """The customer wrote: an inactive case comes back, the stricter deadline counts; gives whether it came back."""
    came_back = case.state not in ACTIVE_STATES
    if case.state in (CaseState.RESOLVED, CaseState.WAITING):
        case.reopened += 1
    if came_back:
        back_in_queue(case)
    within = route.respond_within if case.first_response_at is None else route.next_within or route.respond_within
    respond_by = written_at + within
    if case.waiting_since is None:
        case.waiting_since, case.respond_by = written_at, respond_by
    else:
        case.respond_by = min(case.respond_by, respond_by)
    if case.first_response_at is None:
        case.first_respond_by = min(case.first_respond_by, respond_by)
    return came_back


def relabel(case: CaseRow, one: Decided) -> None:
    """The case takes the labels of this message; its queue too while nobody has it or asked the second line."""
    route = one.route
    assert route is not None
    case.priority, case.route_reason = route.priority, route.reason
    for name, value in labels_of(one).items():
        setattr(case, name, value)
    asked = case.handovers and case.line == Line.SECOND_LINE
    if case.assignee_id is None and not asked:
        case.queue, case.line = route.queue, route.line.value


def labels_of(one: Decided) -> dict[str, Any]:
    """A decision as the columns of a case."""
    triage = one.triage
    assert triage is not None
    return {
        "sentiment": triage.sentiment.value,
        "urgency": triage.urgency.value,
        "topic": triage.topic.value,
        "language": triage.language,
        "needs_reply": triage.needs_reply,
    }


def take_name(session: Session, case: CaseRow, author: Author) -> bool:
    """The customer of a case is called otherwise now: the case and their posts in its thread say so; gives whether.

    A network that tells no name today takes away none that it told before.
    """
    name = storable(author.name) or case.customer_name
    handle = storable(author.handle) or case.customer_handle
    if author.external_id != case.customer_id or (name, handle) == (case.customer_name, case.customer_handle):
        return False
    case.customer_name, case.customer_handle = name, handle
    session.add(case)
    session.execute(
        update(MentionRow)
        .where(col(MentionRow.thread_id) == case.thread_id, col(MentionRow.author_external_id) == author.external_id)
        .values(author_name=name, author_handle=handle)
    )
    return True


def take_names(session: Session, account_id: int, mentions: Iterable[Mention]) -> int:
    """Give stored posts, and the cases their writers opened, the names they go by now; gives how many posts changed."""
    authors = {one.external_id: one.author for one in mentions}
    query = select(MentionRow).where(
        MentionRow.account_id == account_id,
        col(MentionRow.external_id).in_(list(authors)),
        col(MentionRow.deleted_at).is_(None),
    )
    changed = 0
    for row in list(session.exec(query)):
        author = authors[row.external_id]
        name, handle = storable(author.name) or row.author_name, storable(author.handle) or row.author_handle
        if author.external_id != row.author_external_id or (name, handle) == (row.author_name, row.author_handle):
            continue
        row.author_name, row.author_handle = name, handle
        session.add(row)
        changed += 1
        case = session.get(CaseRow, row.case_id) if row.case_id is not None else None
        if case is not None:
            take_name(session, case, author)
    return changed


def standing_excerpt(session: Session, case: CaseRow) -> str:
    """The start of the newest message of a case that still stands; empty when none does."""
    assert case.id is not None
    messages = customer_messages(session, case.id)
    return excerpt(messages[-1].text) if messages else ""


def excerpt(text: str) -> str:
    """The start of a message on one line, at most EXCERPT characters."""
    line = " ".join(storable(text[: EXCERPT * 4]).split())
    return line if len(line) <= EXCERPT else line[: EXCERPT - 1] + "…"
