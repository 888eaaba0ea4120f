"""Collected posts become cases: a customer's post opens one, a follow-up of theirs joins it and brings it back.

A case is one customer's matter in one thread: under a brand's post, or when somebody else chimes in, each customer has
a case and a clock of their own. Own posts and reposts are stored, so that they are known, but never open a case. Works
on hundreds of posts in one transaction of the caller; network and model work happened before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session, col

from webcare.cases.closing import back_in_queue
from webcare.cases.jokes import Answer, answer_jokes
from webcare.cases.record import EXCERPT, EventKind
from webcare.domain import ACTIVE_STATES, Actor, CaseState, Mention, Route, Triage
from webcare.store import mentions as stored
from webcare.store.bulk import insert_rows, reserve_ids, storable
from webcare.store.tables import AccountRow, CaseEventRow, CaseRow, DeliveryRow, TriageRow

INGEST = Actor.system("ingest")


@dataclass(frozen=True, slots=True)
class Decided:
    """One post with what the machine made of it; own posts and reposts have no labels."""

    mention: Mention
    triage: Triage | None = None
    route: Route | None = None

    @property
    def wants_case(self) -> bool:
        """Whether a customer is speaking."""
        return self.route is not None and not self.mention.is_ours and not self.mention.is_repost


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What one batch came to."""

    stored: int
    opened: int
    joined: int


#: Our id of the thread and the network's id of the customer: what a case belongs to.
Matter = tuple[int, str]


@dataclass(slots=True)
class _Batch:
    """One transaction's worth of posts on its way into the tables."""

    account: AccountRow
    now: datetime
    threads: dict[str, int]
    cases: dict[Matter, CaseRow]  #: newest case of each matter
    fresh: dict[Matter, dict[str, Any]] = field(default_factory=dict)  #: values of the cases to open
    opened: dict[Matter, int] = field(default_factory=dict)  #: ids of the cases opened
    events: list[dict[str, Any]] = field(default_factory=list)
    joined: int = 0


def take_in(session: Session, account: AccountRow, decided: Sequence[Decided], *, now: datetime) -> TakenIn:
    """Store a batch, oldest first; open and reopen cases. Known posts are left out, so repeating is harmless."""
    assert account.id is not None
    news = _unknown(session, account.id, decided)
    if not news:
        return TakenIn(0, 0, 0)
    threads_by_post = _threads(session, account.id, news)
    threads, new = stored.ensure_threads(session, account.id, threads_by_post.values())
    batch = _Batch(account, now, threads, _newest_cases(session, set(threads.values()) - new))
    for one in news:
        if one.wants_case:
            _open_or_join(batch, one, _matter(one, threads[threads_by_post[one.mention.external_id]]))
    _write_cases(session, batch)
    case_ids = _write_mentions(session, batch, news, threads_by_post)
    _adopt_echoes(session, batch, news)
    _write_events(session, batch, case_ids)
    return TakenIn(len(news), len(batch.opened), batch.joined)


def _unknown(session: Session, account_id: int, decided: Iterable[Decided]) -> list[Decided]:
    by_id = {one.mention.external_id: one for one in decided}
    known = stored.known_ids(session, account_id, by_id)
    fresh = (one for id_, one in by_id.items() if id_ not in known)
    return sorted(fresh, key=lambda one: (one.mention.posted_at, one.mention.external_id))


def _threads(session: Session, account_id: int, news: Sequence[Decided]) -> dict[str, str]:
    """The external thread id of each post. A later version stays in the thread of the first."""
    roots = {one.mention.root_id for one in news if one.mention.root_id}
    of_roots = stored.threads_of_mentions(session, account_id, roots) if roots else {}
    return {one.mention.external_id: of_roots.get(one.mention.root_id or "", one.mention.thread_id) for one in news}


def _matter(one: Decided, thread_id: int) -> Matter:
    return thread_id, one.mention.author.external_id


def _newest_cases(session: Session, thread_ids: Iterable[int]) -> dict[Matter, CaseRow]:
    result: dict[Matter, CaseRow] = {}
    for part in stored.chunks(list(thread_ids)):
        newest = (
            select(func.max(col(CaseRow.id)))
            .where(col(CaseRow.thread_id).in_(part))
            .group_by(col(CaseRow.thread_id), col(CaseRow.customer_id))
        )
        rows = session.execute(select(CaseRow).where(col(CaseRow.id).in_(newest)).with_for_update()).scalars()
        result.update(((row.thread_id, row.customer_id), row) for row in rows)
    return result


def _open_or_join(batch: _Batch, one: Decided, matter: Matter) -> None:
    if (case := batch.cases.get(matter)) is not None:
        _join(batch, case, one)
    elif (values := batch.fresh.get(matter)) is not None:
        # The second message of a case that this very batch opens.
        _join_fresh(values, one)
        batch.joined += 1
    else:
        batch.fresh[matter] = _new_case(batch, one, matter[0])


def _new_case(batch: _Batch, one: Decided, thread_id: int) -> dict[str, Any]:
    mention, route = one.mention, one.route
    assert route is not None
    return {
        "thread_id": thread_id,
        "account_id": batch.account.id,
        "channel": mention.channel,
        "state": CaseState.NEW.value,
        "customer_id": mention.author.external_id,
        "customer_name": storable(mention.author.name),
        "customer_handle": storable(mention.author.handle),
        "opened_at": batch.now,
        "first_posted_at": mention.posted_at,
        "last_posted_at": mention.posted_at,
        "waiting_since": mention.posted_at,
        "excerpt": excerpt(mention.text),
        "respond_by": mention.posted_at + route.respond_within,
        "first_respond_by": mention.posted_at + route.respond_within,
        "queue": route.queue,
        "line": route.line.value,
        "priority": route.priority,
        "route_reason": route.reason,
        "reopened": 0,
        "handovers": 0,
        "version": 1,
        "resolution": "",
        **_labels(one),
    }


def _labels(one: Decided) -> dict[str, Any]:
    triage = one.triage
    assert triage is not None
    return {
        "sentiment": triage.sentiment.value,
        "urgency": triage.urgency.value,
        "topic": triage.topic.value,
        "language": triage.language,
        "needs_reply": triage.needs_reply,
    }


def _join_fresh(values: dict[str, Any], one: Decided) -> None:
    mention, route = one.mention, one.route
    assert route is not None
    values["last_posted_at"] = max(values["last_posted_at"], mention.posted_at)
    values["excerpt"] = excerpt(mention.text)
    values["respond_by"] = min(values["respond_by"], mention.posted_at + route.respond_within)
    values["first_respond_by"] = values["respond_by"]
    if route.priority < values["priority"]:
        values.update(priority=route.priority, queue=route.queue, line=route.line.value, route_reason=route.reason)
        values.update(_labels(one))


def _join(batch: _Batch, case: CaseRow, one: Decided) -> None:
    """A further message: bring the case back, keep the stricter deadline, never hide an unanswered message."""
    mention, route = one.mention, one.route
    assert route is not None
    came_back = case.state not in ACTIVE_STATES
    if case.state in (CaseState.RESOLVED, CaseState.WAITING):
        case.reopened += 1
    if came_back:
        back_in_queue(case)
    respond_by = mention.posted_at + route.respond_within
    if case.waiting_since is None:
        case.waiting_since, case.respond_by = mention.posted_at, respond_by
        _relabel(case, one)
    else:
        case.respond_by = min(case.respond_by, respond_by)
        if route.priority < case.priority:
            _relabel(case, one)
    if case.first_response_at is None:
        case.first_respond_by = min(case.first_respond_by, respond_by)
    case.last_posted_at = max(case.last_posted_at, mention.posted_at)
    case.excerpt = excerpt(mention.text)
    case.version += 1
    kind = EventKind.EDITED if mention.root_id else EventKind.REOPENED if came_back else EventKind.JOINED
    assert case.id is not None
    batch.events.append(_event(batch, case.id, kind, one))
    batch.joined += 1


def _relabel(case: CaseRow, one: Decided) -> None:
    route = one.route
    assert route is not None
    case.priority, case.route_reason = route.priority, route.reason
    for name, value in _labels(one).items():
        setattr(case, name, value)
    if case.assignee_id is None:
        case.queue, case.line = route.queue, route.line.value


def _write_cases(session: Session, batch: _Batch) -> None:
    for case in batch.cases.values():
        session.add(case)
    session.flush()
    ids = reserve_ids(session, CaseRow, len(batch.fresh))
    for id_, row in zip(ids, batch.fresh.values(), strict=True):
        row["id"] = id_
    insert_rows(session, CaseRow, list(batch.fresh.values()))
    batch.opened = dict(zip(batch.fresh, ids, strict=True))


def _write_mentions(
    session: Session, batch: _Batch, news: Sequence[Decided], threads_by_post: Mapping[str, str]
) -> list[tuple[Decided, int | None]]:
    placed: list[tuple[Decided, int | None]] = []
    rows = []
    assert batch.account.id is not None
    for one in news:
        thread_id = batch.threads[threads_by_post[one.mention.external_id]]
        case_id = _case_id(batch, _matter(one, thread_id)) if one.wants_case else None
        placed.append((one, case_id))
        rows.append(
            stored.mention_values(
                one.mention, account_id=batch.account.id, thread_id=thread_id, case_id=case_id, now=batch.now
            )
        )
    ids = stored.insert_mentions(session, rows)
    labelled = [
        stored.triage_values(one.triage, mention_id=id_, reason=one.route.reason, now=batch.now)
        for one, id_ in zip(news, ids, strict=True)
        if one.triage is not None and one.route is not None
    ]
    insert_rows(session, TriageRow, labelled)
    _answer_jokes(session, batch, placed, ids)
    return placed


def _answer_jokes(
    session: Session, batch: _Batch, placed: Sequence[tuple[Decided, int | None]], ids: Sequence[int]
) -> None:
    """The first new message in each case that was known before is the answer to a joke made there."""
    known = {case.id for case in batch.cases.values()}
    answers: dict[int, Answer] = {}
    for (one, case_id), id_ in zip(placed, ids, strict=True):
        if case_id is not None and case_id in known and one.triage is not None:
            answers.setdefault(case_id, Answer(id_, one.triage.sentiment.value, one.mention.posted_at))
    answer_jokes(session, answers)


def _case_id(batch: _Batch, matter: Matter) -> int | None:
    case = batch.cases.get(matter)
    return case.id if case is not None else batch.opened.get(matter)


def _write_events(session: Session, batch: _Batch, placed: Sequence[tuple[Decided, int | None]]) -> None:
    seen: set[int] = set()
    opened = set(batch.opened.values())
    events = list(batch.events)
    for one, case_id in placed:
        if case_id not in opened or not one.wants_case:
            continue
        events.append(_event(batch, case_id, EventKind.JOINED if case_id in seen else EventKind.OPENED, one))
        seen.add(case_id)
    insert_rows(session, CaseEventRow, events)


def _event(batch: _Batch, case_id: int, kind: EventKind, one: Decided) -> dict[str, Any]:
    assert one.route is not None
    return {
        "case_id": case_id,
        "at": batch.now,
        "actor_id": None,
        "actor_name": INGEST.name,
        "kind": kind.value,
        "detail": {"post": one.mention.external_id, "queue": one.route.queue, "reason": one.route.reason},
    }


def _adopt_echoes(session: Session, batch: _Batch, news: Sequence[Decided]) -> None:
    """Our own posts that a poller sees belong to the case whose delivery sent them."""
    ours = [one.mention.external_id for one in news if one.mention.is_ours]
    for part in stored.chunks(ours):
        query = select(col(DeliveryRow.external_id), col(DeliveryRow.case_id)).where(
            col(DeliveryRow.account_id) == batch.account.id, col(DeliveryRow.external_id).in_(part)
        )
        for external_id, case_id in session.execute(query):
            stored.set_case(session, batch.account.id or 0, external_id or "", case_id)


def excerpt(text: str) -> str:
    """The start of a message on one line, at most EXCERPT characters."""
    line = " ".join(storable(text[: EXCERPT * 4]).split())
    return line if len(line) <= EXCERPT else line[: EXCERPT - 1] + "…"
