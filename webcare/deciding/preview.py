"""What other rules would have done to the last week: the same mentions with their stored labels, routed both ways."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Row, Select, func
from sqlalchemy import select as sql_select
from sqlmodel import Session, col, select

from webcare.deciding.current import queue_names, standing
from webcare.deciding.saving import fingerprint
from webcare.domain import Actor, Author, Line, Mention, MentionKind, Route, Sentiment, Topic, Triage, Urgency
from webcare.people import Permission, require
from webcare.routing import route
from webcare.routing_rules import read_rules
from webcare.settings import RoutingSettings
from webcare.store.tables import AccountRow, MentionRow, TriageRow

#: Newest mentions that are looked at, and how far back.
MOST = 20_000
DAYS = 7
EXAMPLES = 12
_CHUNK = 1_000
#: Characters of an example.
_EXCERPT = 160
_PERSON = "person"
_NOBODY = Author("")


class _Found(NamedTuple):
    id: int
    case_id: int | None


@dataclass(frozen=True, slots=True)
class Moved:
    """One mention that would go elsewhere."""

    mention_id: int
    case_id: int | None
    text: str
    was: str  #: the queue by the rules in force
    now: str
    was_priority: int
    now_priority: int
    reason: str


@dataclass(frozen=True, slots=True)
class Preview:
    """What the rules looked at would have done. `moves` counts (from queue, to queue)."""

    fingerprint: str
    looked_at: int
    more: bool  #: there were more mentions than are looked at
    moves: Mapping[tuple[str, str], int] = field(default_factory=dict)
    other_priority: int = 0
    tagged: int = 0
    by_rule: Mapping[str, int] = field(default_factory=dict)  #: how many each rule decided or tagged
    examples: tuple[Moved, ...] = ()

    @property
    def moved(self) -> int:
        """How many would go to another queue."""
        return sum(self.moves.values())


@dataclass(slots=True)
class _Tally:
    moves: Counter[tuple[str, str]] = field(default_factory=Counter)
    by_rule: Counter[str] = field(default_factory=Counter)
    other_priority: int = 0
    tagged: int = 0
    looked_at: int = 0
    examples: list[Moved] = field(default_factory=list)


def preview(
    session: Session,
    value: Mapping[str, Any],
    settings: RoutingSettings,
    *,
    unsorted_below: float,
    by: Actor,
    now: datetime,
    progress: Callable[[float], object] = lambda share: None,
) -> Preview:
    """Route the last week's mentions by the rules in force and by these. `progress` hears the share done, 0..1.

    Raises NotAllowed, or RulesWrong naming rule and mistake. Reads at most MOST mentions, newest first, in chunks.
    """
    require(by, Permission.EDIT_POLICIES)
    rules = read_rules(value, queue_names(session, at=now))
    before = standing(session, at=now)
    after = replace(before, rules=rules)
    raw = any(rule.followers for rule in (*rules, *before.rules))
    ids = _ids(session, now)
    tally = _Tally()
    for start in range(0, min(len(ids), MOST), _CHUNK):
        for row, mention, triage, account in _mentions(session, ids[start : start + _CHUNK], raw=raw):
            both = [
                route(mention, triage, settings, unsorted_below=unsorted_below, account=account, decisions=decisions)
                for decisions in (before, after)
            ]
            _count(tally, row, mention, *both)
        progress(min(1.0, (start + _CHUNK) / max(1, min(len(ids), MOST))))
    return Preview(
        fingerprint(session, value, at=now),
        tally.looked_at,
        len(ids) > MOST,
        dict(tally.moves),
        tally.other_priority,
        tally.tagged,
        dict(tally.by_rule),
        tuple(tally.examples),
    )


def _count(tally: _Tally, row: _Found, mention: Mention, was: Route, now: Route) -> None:
    tally.looked_at += 1
    tally.by_rule.update(now.rules)
    tally.other_priority += was.priority != now.priority
    tally.tagged += was.tags != now.tags
    if was.queue != now.queue:
        tally.moves[was.queue, now.queue] += 1
    if (was.queue, was.priority) != (now.queue, now.priority) and len(tally.examples) < EXAMPLES:
        text = mention.text[:_EXCERPT]
        tally.examples.append(
            Moved(row.id, row.case_id, text, was.queue, now.queue, was.priority, now.priority, now.reason)
        )


def _ids(session: Session, now: datetime) -> list[int]:
    query = (
        select(MentionRow.id)
        .where(
            MentionRow.collected_at >= now - timedelta(days=DAYS),
            col(MentionRow.is_ours).is_(False),
            col(MentionRow.is_repost).is_(False),
            col(MentionRow.deleted_at).is_(None),
        )
        .order_by(col(MentionRow.id).desc())
        .limit(MOST + 1)
    )
    return [id_ for id_ in session.exec(query) if id_ is not None]


def _mentions(session: Session, ids: Sequence[int], *, raw: bool) -> Iterator[tuple[_Found, Mention, Triage, str]]:
    # The machine's newest word: what a colleague put right later was not known when it was routed.
    newest = (
        select(func.max(col(TriageRow.id)))
        .where(col(TriageRow.mention_id).in_(ids), TriageRow.model_version != _PERSON)
        .group_by(col(TriageRow.mention_id))
    )
    query = _columns(raw).where(col(TriageRow.id).in_(newest)).order_by(col(MentionRow.id).desc())
    for row in session.execute(query):
        yield _Found(row.id, row.case_id), _mention(row, raw), _triage(row), row.key


def _columns(raw: bool) -> Select[Any]:
    names = ("id", "case_id", "channel", "kind", "text", "posted_at", "external_id", *(("raw",) if raw else ()))
    labels = ("language", "sentiment", "urgency", "topic", "needs_reply", "line", "confidence", "model_version")
    return (
        sql_select(
            *(getattr(MentionRow, name) for name in names),
            *(getattr(TriageRow, name) for name in labels),
            col(AccountRow.key),
        )
        .join(TriageRow, col(TriageRow.mention_id) == col(MentionRow.id))
        .join(AccountRow, col(AccountRow.id) == col(MentionRow.account_id))
    )


def _mention(row: Row[Any], raw: bool) -> Mention:
    return Mention(
        channel=row.channel,
        external_id=row.external_id,
        thread_id="",
        author=_NOBODY,
        text=row.text,
        posted_at=row.posted_at,
        kind=MentionKind(row.kind),
        raw=row.raw if raw else {},
    )


def _triage(row: Row[Any]) -> Triage:
    return Triage(
        language=row.language,
        sentiment=Sentiment(row.sentiment),
        urgency=Urgency(row.urgency),
        topic=Topic(row.topic),
        needs_reply=row.needs_reply,
        line=Line(row.line),
        confidence=row.confidence,
        model_version=row.model_version,
    )
