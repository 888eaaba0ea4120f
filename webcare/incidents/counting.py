"""What new cases count for, kept with their vectors for three days, and the counts of all hours for ten weeks.

Only cases that somebody has to answer, or that complain, count: praise and chatter after a campaign are no incident.
A case counts once, whatever else its customer writes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, exists
from sqlalchemy import select as select_many
from sqlmodel import Session, col, func, select

from webcare.cases.suggesting import Embedder
from webcare.domain import Sentiment, Topic
from webcare.errors import ModelMissing
from webcare.guard.literals import Literals, cut
from webcare.incidents.rhythm import ALL, WEEKS
from webcare.store import Store
from webcare.store.tables import CaseRow, MentionRow
from webcare.store.tables_incidents import IncidentCountRow, IncidentSignalRow
from webcare.store.vectors import packed

Floats = NDArray[np.float32]
#: Cases looked at in one run; the encoder reads so many in about a second.
AT_ONCE = 64
#: How long a case is kept with its vector, and an hour with its counts.
KEEP_SIGNALS, KEEP_COUNTS = timedelta(days=3), timedelta(weeks=10)
#: Older cases than this are not news when the look-out begins.
_NEWS = timedelta(hours=24)
#: On PostgreSQL a transaction may commit a smaller id after a larger one was seen; so many are looked at again.
_OVERLAP = 200
_PAGE = 5_000


#: Topics that one fault is told under: where the checkout hangs, some write of the app and some of their money.
GROUPS: Mapping[str, frozenset[str]] = {
    "checkout": frozenset({Topic.PAYMENT.value, Topic.WEBSITE_APP.value}),
    "parcels": frozenset({Topic.DELIVERY.value, Topic.ORDER.value}),
    "goods": frozenset({Topic.PRODUCT_FAULT.value, Topic.RETURN.value, Topic.SAFETY_LEGAL.value}),
}


@dataclass(frozen=True, slots=True)
class Names:
    """What a case may be about, by name: (series, name as it is written)."""

    phrases: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, products: Iterable[str], stores: Mapping[str, Iterable[str]]) -> Names:
        """Products by their names, shops by key with the names they go by."""
        named = [(f"product:{name.casefold()}", name) for name in products if name.strip()]
        named += [(f"store:{key}", name) for key, names in stores.items() for name in names if name.strip()]
        return cls(tuple(dict.fromkeys(named)))

    def found(self, text: str) -> tuple[str, ...]:
        """The series of what a text names, each once."""
        if not self.phrases:
            return ()
        return tuple(dict.fromkeys(series for series, _, _ in _literals(self.phrases).find(list(cut(text)))))


@lru_cache(maxsize=4)
def _literals(phrases: tuple[tuple[str, str], ...]) -> Literals[str]:
    return Literals(phrases)


def series_of(topic: str, skill: str, sentiment: str, needs_reply: bool, text: str, names: Names) -> list[str]:
    """What a case counts for; nothing where it neither asks nor complains."""
    if not needs_reply and sentiment != Sentiment.NEGATIVE:
        return []
    skilled = [skill] if skill.startswith("store:") else []
    groups = [f"group:{name}" for name, topics in GROUPS.items() if topic in topics]
    return list(dict.fromkeys([ALL, f"topic:{topic}", *groups, *skilled, *names.found(text)]))


# --- new cases --------------------------------------------------------------------------------------


def waits(session: Session, *, now: datetime) -> bool:
    """Whether a case came that was not looked at; a cheap look."""
    return session.execute(_fresh(session, now).limit(1)).first() is not None


def take_in(store: Store, embedder: Embedder, names: Names, *, now: datetime, at_once: int = AT_ONCE) -> int:
    """Look at some more new cases, oldest first; gives how many. The encoder reads outside of any transaction.

    Without an encoder cases count all the same, but nothing can say which of them are about the same.
    """
    with store.read() as session:
        rows = list(session.execute(_fresh(session, now).limit(at_once)))
    if not rows:
        return 0
    wanted = [series_of(one.topic, one.skill, one.sentiment, one.needs_reply, one.text, names) for one in rows]
    texts = [one.text for one, series in zip(rows, wanted, strict=True) if series]
    model, vectors = _vectors(embedder, texts)
    kept = iter(vectors)
    with store.write() as session:
        # Somebody may have been erased while the encoder read.
        there = set(session.exec(select(MentionRow.id).where(col(MentionRow.id).in_([one.mention_id for one in rows]))))
        counted: Counter[tuple[datetime, str]] = Counter()
        for one, series in zip(rows, wanted, strict=True):
            vector = next(kept) if series else b""
            if one.mention_id not in there:
                continue
            session.add(
                IncidentSignalRow(
                    case_id=one.case_id,
                    mention_id=one.mention_id,
                    posted_at=one.posted_at,
                    seen_at=now,
                    language=one.language,
                    series=series,
                    vector=vector,
                    model_version=model,
                )
            )
            hour = one.posted_at.replace(minute=0, second=0, microsecond=0)
            counted.update((hour, name) for name in series)
        _add_counts(session, counted)
    return len(rows)


def _fresh(session: Session, now: datetime) -> Any:
    """Cases that were not looked at, with their first message, oldest first."""
    last = session.exec(select(func.max(IncidentSignalRow.case_id))).one()
    known = exists().where(col(IncidentSignalRow.case_id) == col(CaseRow.id))
    first = (
        select_many(func.min(MentionRow.id))
        .where(
            col(MentionRow.case_id) == col(CaseRow.id),
            col(MentionRow.is_ours).is_(False),
            col(MentionRow.deleted_at).is_(None),
        )
        .correlate(CaseRow)
        .scalar_subquery()
    )
    query: Any = (
        select_many(
            col(CaseRow.id).label("case_id"),
            col(MentionRow.id).label("mention_id"),
            col(MentionRow.posted_at).label("posted_at"),
            col(CaseRow.language).label("language"),
            col(CaseRow.topic).label("topic"),
            col(CaseRow.skill).label("skill"),
            col(CaseRow.sentiment).label("sentiment"),
            col(CaseRow.needs_reply).label("needs_reply"),
            col(MentionRow.text).label("text"),
        )
        .join(MentionRow, col(MentionRow.id) == first)
        .where(~known)
        .order_by(col(CaseRow.id))
    )
    if last is not None:
        return query.where(col(CaseRow.id) > last - _OVERLAP, col(CaseRow.opened_at) > now - KEEP_SIGNALS)
    return query.where(col(CaseRow.opened_at) > now - _NEWS, col(CaseRow.first_posted_at) > now - _NEWS)


def _vectors(embedder: Embedder, texts: Sequence[str]) -> tuple[str, list[bytes]]:
    if not texts:
        return "", []
    try:
        model, vectors = embedder.embed(texts)
    except ModelMissing:
        return "", [b""] * len(texts)
    return model, [packed(vector) for vector in vectors]


# --- counts of hours --------------------------------------------------------------------------------


def fill_history(store: Store, names: Names, *, now: datetime) -> int:
    """Count the cases of past weeks, once, where nothing was counted yet; gives how many hours and series that made."""
    with store.read() as session:
        if session.exec(select(IncidentCountRow.hour).limit(1)).first() is not None:
            return 0
        counted: Counter[tuple[datetime, str]] = Counter()
        for row in _past_cases(session, now):
            hour = row.first_posted_at.replace(minute=0, second=0, microsecond=0)
            series = series_of(row.topic, row.skill, row.sentiment, row.needs_reply, row.excerpt, names)
            counted.update((hour, name) for name in series)
    if counted:
        with store.write() as session:
            _add_counts(session, counted)
    return len(counted)


def _past_cases(session: Session, now: datetime) -> Iterator[Any]:
    """Cases of the weeks before the look-out begins; those of the last day are looked at one by one."""
    wanted = ("topic", "skill", "sentiment", "needs_reply", "excerpt", "first_posted_at")
    columns = [getattr(CaseRow, name) for name in wanted]
    query: Any = (
        select_many(*columns)
        .where(
            col(CaseRow.first_posted_at) > now - timedelta(weeks=WEEKS),
            (col(CaseRow.first_posted_at) <= now - _NEWS) | (col(CaseRow.opened_at) <= now - _NEWS),
        )
        .execution_options(yield_per=_PAGE)
    )
    yield from session.execute(query)


def counts_since(session: Session, since: datetime, until: datetime) -> dict[str, dict[datetime, int]]:
    """The counts of past hours by series."""
    query = select(IncidentCountRow.series, IncidentCountRow.hour, IncidentCountRow.count).where(
        col(IncidentCountRow.hour) >= since, col(IncidentCountRow.hour) < until
    )
    found: dict[str, dict[datetime, int]] = {}
    for series, hour, count in session.exec(query):
        found.setdefault(series, {})[hour] = count
    return found


def first_hour(session: Session) -> datetime | None:
    """The first hour that was counted."""
    return session.exec(select(func.min(IncidentCountRow.hour))).one()


def _add_counts(session: Session, counted: Mapping[tuple[datetime, str], int]) -> None:
    hours = sorted({hour for hour, _ in counted})
    if not hours:
        return
    known = {
        (row.hour, row.series): row
        for row in session.exec(
            select(IncidentCountRow).where(
                col(IncidentCountRow.hour) >= hours[0], col(IncidentCountRow.hour) <= hours[-1]
            )
        )
    }
    for (hour, series), count in counted.items():
        row = known.get((hour, series)) or IncidentCountRow(hour=hour, series=series)
        row.count += count
        session.add(row)
    session.flush()


def prune(session: Session, *, now: datetime) -> int:
    """Drop cases and hours that are old enough; gives how many."""
    gone = 0
    for statement in (
        delete(IncidentSignalRow).where(col(IncidentSignalRow.seen_at) < now - KEEP_SIGNALS),
        delete(IncidentCountRow).where(col(IncidentCountRow.hour) < now - KEEP_COUNTS),
    ):
        gone += int(session.execute(statement).rowcount)  # type: ignore[attr-defined]
    return gone
