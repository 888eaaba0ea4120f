"""Collected posts become cases: a customer's post opens one, a follow-up of theirs joins it and brings it back.

A case is one customer's matter in one thread: under a brand's post, or when somebody else chimes in, each customer has
a case and a clock of their own. Own posts and reposts are stored, so that they are known, but never open a case. Works
on hundreds of posts in one transaction of the caller; network and model work happened before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session, col

from webcare.cases.approvals import overtake_by_posts
from webcare.cases.echoes import settle_by_echoes
from webcare.cases.editing import SortedOut, apply_edits, keep_older, lookup_ids, older_values, sort_out
from webcare.cases.joining import Decided, bring_back, excerpt, labels_of, relabel, take_name
from webcare.cases.jokes import Answer, answer_jokes
from webcare.cases.record import EventKind
from webcare.cases.skills import SkillRules, held_skills, of_brand, rules_in_force, skill_of
from webcare.cases.survey_reading import Rated, read_rating
from webcare.cases.surveys import Open, keep_answer, open_questions
from webcare.domain import Actor, CaseState, MentionKind
from webcare.store import mentions as stored
from webcare.store.bulk import insert_rows, reserve_ids, storable
from webcare.store.tables import AccountRow, CaseEventRow, CaseRow, DeliveryRow, MentionVersionRow, TriageRow
from webcare.store.tables_desk import CaseTagRow

__all__ = ["Decided", "TakenIn", "excerpt", "take_in"]

INGEST = Actor.system("ingest")


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What one batch came to."""

    stored: int
    opened: int
    joined: int
    edited: int = 0


#: Before the reason of a case that a backfill opened.
_LATE = "late, recovered from a gap; "
#: Our id of the thread and the network's id of the customer: what a case belongs to.
Matter = tuple[int, str]


@dataclass(slots=True)
class _Batch:
    """One transaction's worth of posts on its way into the tables."""

    account: AccountRow
    now: datetime
    late: bool
    threads: dict[str, int]
    cases: dict[Matter, CaseRow]  #: newest case of each matter
    skill_rules: SkillRules
    held_skills: frozenset[str]
    fresh: dict[Matter, dict[str, Any]] = field(default_factory=dict)  #: values of the cases to open
    opened: dict[Matter, int] = field(default_factory=dict)  #: ids of the cases opened
    events: list[dict[str, Any]] = field(default_factory=list)
    joined: int = 0
    asked: Mapping[int, Open] = field(default_factory=dict)  #: questions how we helped, by the case of a conversation
    rated: dict[str, tuple[Open, Rated]] = field(default_factory=dict)  #: answers to them, by the post's id

    def is_only_a_mark(self, one: Decided) -> bool:
        """Whether a post says nothing but how we helped."""
        found = self.rated.get(one.mention.external_id)
        return found is not None and found[1].only


def take_in(
    session: Session, account: AccountRow, decided: Sequence[Decided], *, now: datetime, late: bool = False
) -> TakenIn:
    """Store a batch, oldest first; open and reopen cases; give edited posts their newest words.

    Known posts are left out, so repeating is harmless. `late`: a backfill brought them, which their cases then say.
    """
    assert account.id is not None
    by_id = {one.mention.external_id: one for one in decided}
    known = stored.known_posts(session, account.id, lookup_ids(one.mention for one in by_id.values()))
    sorted_out = sort_out(by_id.values(), known)
    taken = _store_news(session, account, sorted_out, now=now, late=late)
    # After the new posts: an edit of a case that this batch reopens finds it as it then stands.
    keep_older(session, sorted_out.older, now=now)
    return replace(taken, edited=apply_edits(session, sorted_out.edits, now=now))


def _store_news(session: Session, account: AccountRow, sorted_out: SortedOut, *, now: datetime, late: bool) -> TakenIn:
    assert account.id is not None
    news = sorted_out.news
    if not news:
        return TakenIn(0, 0, 0)
    threads_by_post = {one.mention.external_id: one.mention.thread_id for one in news}
    threads, new = stored.ensure_threads(session, account.id, threads_by_post.values())
    asks = rules_in_force(session, at=now), held_skills(session)
    batch = _Batch(account, now, late, threads, _newest_cases(session, set(threads.values()) - new), *asks)
    batch.asked = _asked(session, batch, news)
    for one in news:
        if one.wants_case:
            matter = _matter(one, threads[threads_by_post[one.mention.external_id]])
            _read_mark(batch, one, matter)
            if not batch.is_only_a_mark(one):
                _open_or_join(session, batch, one, matter)
    _write_cases(session, batch)
    case_ids = _write_mentions(session, batch, sorted_out, threads_by_post)
    _write_tags(session, case_ids)
    _adopt_echoes(session, batch, news)
    settle_by_echoes(session, account.id, (one.mention for one in news), now=now)
    answered = [one.mention.parent_id for one in news if one.mention.is_ours and one.mention.parent_id]
    overtake_by_posts(session, account.id, answered, by=INGEST, now=now)
    _write_events(session, batch, case_ids)
    return TakenIn(len(news), len(batch.opened), batch.joined)


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
        rows = session.execute(
            select(CaseRow).where(col(CaseRow.id).in_(newest)).with_for_update(key_share=True)
        ).scalars()
        result.update(((row.thread_id, row.customer_id), row) for row in rows)
    return result


def _asked(session: Session, batch: _Batch, news: Sequence[Decided]) -> Mapping[int, Open]:
    """Questions how we helped that may be answered in this batch; only private messages answer them."""
    private = {
        one.mention.author.external_id
        for one in news
        if one.wants_case and one.mention.kind is MentionKind.DIRECT_MESSAGE
    }
    ids = [case.id for case in batch.cases.values() if case.id is not None and case.customer_id in private]
    return open_questions(session, ids) if ids else {}


def _read_mark(batch: _Batch, one: Decided, matter: Matter) -> None:
    case = batch.cases.get(matter)
    asked = batch.asked.get(case.id) if case is not None and case.id is not None else None
    if asked is None or one.mention.kind is not MentionKind.DIRECT_MESSAGE or not asked.takes(one.mention):
        return
    rated = read_rating(one.mention.text)
    if rated is not None:
        batch.rated[one.mention.external_id] = (asked, rated)


def _keep_marks(session: Session, batch: _Batch, news: Sequence[Decided], ids: Sequence[int]) -> None:
    for one, id_ in zip(news, ids, strict=True):
        if (found := batch.rated.get(one.mention.external_id)) is not None:
            keep_answer(session, *found, one.mention, id_, now=batch.now)


def _open_or_join(session: Session, batch: _Batch, one: Decided, matter: Matter) -> None:
    if (case := batch.cases.get(matter)) is not None:
        _join(session, batch, case, one)
    elif (values := batch.fresh.get(matter)) is not None:
        # The second message of a case that this very batch opens.
        _join_fresh(batch, values, one)
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
        "route_reason": f"{_LATE}{route.reason}" if batch.late else route.reason,
        "reopened": 0,
        "handovers": 0,
        "version": 1,
        "resolution": "",
        "skill": _skill(batch, one),
        **labels_of(one),
    }


def _skill(batch: _Batch, one: Decided) -> str:
    """What this message takes: as a rule of the desk's own says, else by its shop, topic and market."""
    triage, account = one.triage, batch.account
    assert triage is not None
    said = one.route.skill if one.route is not None else ""
    return said or skill_of(
        batch.skill_rules,
        batch.held_skills,
        topic=triage.topic.value,
        language=triage.language,
        market=account.market,
        stores=of_brand(one.stores, account.brand),
    )


def _join_fresh(batch: _Batch, values: dict[str, Any], one: Decided) -> None:
    mention, route = one.mention, one.route
    assert route is not None
    values["last_posted_at"] = max(values["last_posted_at"], mention.posted_at)
    values["excerpt"] = excerpt(mention.text)
    values["respond_by"] = min(values["respond_by"], mention.posted_at + route.respond_within)
    values["first_respond_by"] = values["respond_by"]
    if route.priority < values["priority"]:
        values.update(priority=route.priority, queue=route.queue, line=route.line.value, route_reason=route.reason)
        values["skill"] = _skill(batch, one) or values["skill"]
        values.update(labels_of(one))


def _join(session: Session, batch: _Batch, case: CaseRow, one: Decided) -> None:
    """A further message: bring the case back, keep the stricter deadline, never hide an unanswered message."""
    mention, route = one.mention, one.route
    assert route is not None
    was_answered = case.waiting_since is None
    came_back = bring_back(case, route, written_at=mention.posted_at)
    if was_answered or route.priority < case.priority:
        relabel(case, one)
        case.skill = _skill(batch, one) or case.skill
    if mention.posted_at >= case.last_posted_at:
        take_name(session, case, mention.author)
        case.last_posted_at, case.excerpt = mention.posted_at, excerpt(mention.text)
    case.version += 1
    assert case.id is not None
    batch.events.append(_event(batch, case.id, EventKind.REOPENED if came_back else EventKind.JOINED, one))
    batch.joined += 1


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
    session: Session, batch: _Batch, sorted_out: SortedOut, threads_by_post: Mapping[str, str]
) -> list[tuple[Decided, int | None]]:
    placed: list[tuple[Decided, int | None]] = []
    rows, news = [], sorted_out.news
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
    _keep_marks(session, batch, news, ids)
    _write_older(session, batch, sorted_out, ids)
    _answer_jokes(session, batch, placed, ids)
    return placed


def _write_tags(session: Session, placed: Sequence[tuple[Decided, int | None]]) -> None:
    """What the desk's own rules say of a message, on its case; a tag that is there stays."""
    wanted = {(case_id, tag) for one, case_id in placed if case_id and one.route for tag in one.route.tags}
    ids = sorted({case_id for case_id, _ in wanted})
    for part in stored.chunks(ids):
        query = select(col(CaseTagRow.case_id), col(CaseTagRow.tag)).where(col(CaseTagRow.case_id).in_(part))
        wanted -= {(case_id, tag) for case_id, tag in session.execute(query)}
    insert_rows(session, CaseTagRow, [{"case_id": case_id, "tag": tag} for case_id, tag in sorted(wanted)])


def _write_older(session: Session, batch: _Batch, sorted_out: SortedOut, ids: Sequence[int]) -> None:
    """Earlier versions of the posts just stored, those that nobody saw included."""
    assert batch.account.id is not None
    rows: list[dict[str, Any]] = []
    for one, id_ in zip(sorted_out.news, ids, strict=True):
        older = sorted_out.older_of_news.get(one.mention.external_id, ())
        if older or one.mention.root_id:
            rows += older_values(id_, batch.account.id, one.mention, older, now=batch.now)
    insert_rows(session, MentionVersionRow, rows)


def _answer_jokes(
    session: Session, batch: _Batch, placed: Sequence[tuple[Decided, int | None]], ids: Sequence[int]
) -> None:
    """The first new message in each case that was known before is the answer to a joke made there."""
    known = {case.id for case in batch.cases.values()}
    answers: dict[int, Answer] = {}
    for (one, case_id), id_ in zip(placed, ids, strict=True):
        if case_id is not None and case_id in known and one.triage is not None and not batch.is_only_a_mark(one):
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
        "detail": {"post": one.mention.external_id, "queue": one.route.queue, "reason": one.route.reason}
        | ({"late": True} if batch.late else {}),
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
