"""Edits: a changed post stays the same post, with its newest words and id, and keeps the earlier ones beside it.

Networks tell of an edit in two ways: the same id with other words, or a new id that names its first version. Versions
may arrive in any order, and none of them may open a case of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col, select

from webcare.cases.joining import Decided, bring_back, relabel, standing_excerpt
from webcare.cases.record import EventKind, changed
from webcare.domain import Actor, Mention
from webcare.store import mentions as stored
from webcare.store.bulk import insert_rows, storable, storable_json
from webcare.store.mentions import Known
from webcare.store.tables import CaseRow, MentionRow, MentionVersionRow, TriageRow

_COLLECTOR = Actor.system("ingest")


@dataclass(frozen=True, slots=True)
class Edit:
    """A newer version of a stored post."""

    mention_id: int
    one: Decided


@dataclass(slots=True)
class SortedOut:
    """What a batch holds beside what is known already."""

    news: list[Decided] = field(default_factory=list)
    edits: list[Edit] = field(default_factory=list)
    #: Versions that were replaced before we saw them, by the id of the stored post.
    older: list[tuple[int, Mention]] = field(default_factory=list)
    #: The same for posts of this very batch, by the external id of the newest version.
    older_of_news: dict[str, list[Mention]] = field(default_factory=dict)


def says_more(mention: Mention, known: Mapping[str, Known]) -> bool:
    """Whether a post is new, or brings words nobody has seen; `known` by its id and its first version's id."""
    found = known.get(mention.external_id)
    if found is None:
        first = known.get(mention.root_id or "")
        return first is None or not first.is_gone
    if found.is_gone or (found.is_ours and found.is_newest):
        # What the network makes of our own words (shortened links) is no edit.
        return False
    if found.is_newest:
        return not same_words(found.text, mention.text)
    return not found.text and bool(mention.text)


def same_words(before: str, after: str) -> bool:
    """Whether two texts differ in blanks at most."""
    return before == after or storable(before).split() == storable(after).split()


def lookup_ids(mentions: Iterable[Mention]) -> list[str]:
    """The ids by which `stored.known_posts` finds what `says_more` asks for."""
    return [id_ for mention in mentions for id_ in (mention.external_id, mention.root_id) if id_]


def sort_out(decided: Iterable[Decided], known: Mapping[str, Known]) -> SortedOut:
    """Part a batch into posts to open or join cases with, newer versions of stored ones, and older versions."""
    result = SortedOut()
    heads: dict[str, Decided] = {}
    for one in sorted(decided, key=_age):
        mention = one.mention
        if not says_more(mention, known):
            continue
        home = known.get(mention.external_id) or known.get(mention.root_id or "")
        if home is None:
            _head(result, heads, one)
        elif mention.external_id == home.external_id or is_newer(mention.external_id, home.external_id):
            result.edits.append(Edit(home.mention_id, one))
        else:
            result.older.append((home.mention_id, mention))
    result.news = sorted(heads.values(), key=_age)
    return result


def is_newer(one: str, other: str) -> bool:
    """Whether an id was given after another; ids without an order count as newer when they arrive later."""
    if one.isascii() and other.isascii() and one.isdigit() and other.isdigit():
        return int(one) > int(other)
    return True


def apply_edits(session: Session, edits: Sequence[Edit], *, now: datetime) -> int:
    """Give stored posts their newest words, judge them again, bring their cases back; gives how many changed."""
    return sum(_apply(session, edit, now) for edit in edits)


def keep_older(session: Session, older: Iterable[tuple[int, Mention]], *, now: datetime) -> None:
    """Store versions that were replaced before they reached us, so that they are known and can be read."""
    for mention_id, mention in older:
        row = session.get_one(MentionRow, mention_id)
        _keep_version(session, row, mention.external_id, mention.text, mention.posted_at, now)
        row.edited_at = row.edited_at or now
        session.add(row)


def older_values(
    mention_id: int, account_id: int, newest: Mention, older: Sequence[Mention], *, now: datetime
) -> list[dict[str, Any]]:
    """Version rows of a post that is new to us: its older versions, and its first one even where nobody saw it."""
    seen = {mention.external_id: (mention.text, mention.posted_at) for mention in older}
    if newest.root_id and newest.root_id != newest.external_id:
        # Without words: only so that the first version is known when it arrives late.
        seen.setdefault(newest.root_id, ("", newest.posted_at))
    return [
        {
            "mention_id": mention_id,
            "account_id": account_id,
            "external_id": id_,
            "text": storable(text),
            "posted_at": posted_at,
            "replaced_at": now,
        }
        for id_, (text, posted_at) in seen.items()
    ]


def _age(one: Decided) -> tuple[datetime, int, str]:
    return one.mention.posted_at, len(one.mention.external_id), one.mention.external_id


def _head(result: SortedOut, heads: dict[str, Decided], one: Decided) -> None:
    """Of several versions of one new post the newest is stored, the others go beside it."""
    lineage = one.mention.root_id or one.mention.external_id
    before = heads.get(lineage)
    if before is None:
        heads[lineage] = one
        return
    newer = is_newer(one.mention.external_id, before.mention.external_id)
    head, other = (one, before) if newer else (before, one)
    heads[lineage] = head
    kept = result.older_of_news.pop(before.mention.external_id, [])
    if other.mention.external_id != head.mention.external_id:
        kept.append(other.mention)
    result.older_of_news[head.mention.external_id] = kept


def _apply(session: Session, edit: Edit, now: datetime) -> bool:
    row = session.get(MentionRow, edit.mention_id, with_for_update=True, populate_existing=True)
    mention = edit.one.mention
    if row is None or row.deleted_at is not None:
        return False
    same_id = mention.external_id == row.external_id
    if not same_id and not is_newer(mention.external_id, row.external_id):
        keep_older(session, [(edit.mention_id, mention)], now=now)
        return False
    if same_id and same_words(row.text, mention.text):
        return False
    told = _is_a_version(session, row, mention.external_id, mention.text)
    before = row.external_id
    _keep_version(session, row, row.external_id, row.text, row.posted_at, now)
    _take_words(row, mention, now)
    session.add(row)
    session.flush()
    if before != row.external_id:
        _answers_follow(session, row, before)
    if edit.one.triage is not None and edit.one.route is not None:
        _judge_again(session, row, edit.one, told, now if same_id else mention.posted_at, now)
    return True


def _take_words(row: MentionRow, mention: Mention, now: datetime) -> None:
    """The newest words and id; when the post was first written stays, because that is when the customer asked."""
    row.root_external_id = row.root_external_id or mention.root_id
    row.external_id, row.text = mention.external_id, storable(mention.text)
    row.url = mention.url or row.url
    row.media = [{"kind": media.kind, "url": media.url} for media in mention.media]
    row.raw = storable_json(mention.raw)
    row.edited_at = row.checked_at = now


def _answers_follow(session: Session, row: MentionRow, before: str) -> None:
    """Posts of the thread that answer the version before answer this post as it is called now."""
    session.execute(
        update(MentionRow)
        .where(col(MentionRow.thread_id) == row.thread_id, col(MentionRow.parent_external_id) == before)
        .values(parent_external_id=row.external_id)
    )


def _judge_again(
    session: Session, row: MentionRow, one: Decided, told: bool, written_at: datetime, now: datetime
) -> None:
    assert one.triage is not None
    assert one.route is not None
    assert row.id is not None
    values = stored.triage_values(one.triage, mention_id=row.id, reason=one.route.reason, now=now)
    insert_rows(session, TriageRow, [values])
    case = session.get(CaseRow, row.case_id, with_for_update=True) if row.case_id is not None else None
    if case is None:
        return
    before = case.urgency
    bring_back(case, one.route, written_at=written_at)
    if one.route.priority < case.priority:
        relabel(case, one)
    case.excerpt = standing_excerpt(session, case)
    if told:
        # An edit back to words that are on record: the thread shows it, one more event each time would hide others.
        session.add(case)
        return
    judged = one.triage.urgency.value
    detail = {"post": row.external_id, "urgency": judged, "urgency_before": before, "reason": one.route.reason}
    changed(session, case, EventKind.EDITED, by=_COLLECTOR, now=now, detail=detail)


def _is_a_version(session: Session, row: MentionRow, external_id: str, text: str) -> bool:
    query = select(MentionVersionRow.id).where(
        MentionVersionRow.mention_id == row.id,
        MentionVersionRow.external_id == external_id,
        MentionVersionRow.text == storable(text),
    )
    return session.exec(query.limit(1)).first() is not None


def _keep_version(
    session: Session, row: MentionRow, external_id: str, text: str, posted_at: datetime, now: datetime
) -> None:
    """Keep an earlier text once; one that was known by its id only gets its words."""
    assert row.id is not None
    if _is_a_version(session, row, external_id, text):
        return
    query = select(MentionVersionRow).where(
        MentionVersionRow.mention_id == row.id,
        MentionVersionRow.external_id == external_id,
        MentionVersionRow.text == "",
    )
    version = session.exec(query).first() or MentionVersionRow(
        mention_id=row.id,
        account_id=row.account_id,
        external_id=external_id,
        text="",
        posted_at=posted_at,
        replaced_at=now,
    )
    version.text, version.posted_at = storable(text), posted_at
    session.add(version)
    session.flush()
