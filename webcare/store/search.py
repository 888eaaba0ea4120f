"""Finding posts by their words, the same way on SQLite (FTS5) and PostgreSQL (tsvector).

What a person types is never search syntax: each word is a word, the last one also finds longer words that begin
with it, and all of them must be there. Case and accents do not matter. Emoji and punctuation alone find nothing,
because neither database keeps them. Newest first.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Integer, Select, String, Text, column, exists, func, literal_column, select, table
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR
from sqlalchemy.sql import ColumnElement
from sqlmodel import Session, col

from webcare.store.bulk import storable
from webcare.store.tables import MentionRow

MAX_PAGE = 200
#: More words than these are not looked at; nobody types them, but somebody pastes a whole letter.
MAX_WORDS = 12
#: Room for a pasted address; PostgreSQL refuses a single word of more than 2 KB.
MAX_WORD = 500
#: Characters of a post around its first hit.
SNIPPET = 180

_COLUMNS = ("id", "case_id", "channel", "author_name", "author_handle", "is_ours", "text", "posted_at")

# Runs of letters, digits and the accents that stand on them: what both databases take for one word.
_WORD = re.compile(r"(?:[^\W_]|[\u0300-\u036f])+")
_ACCENTS = re.compile(r"[\u0300-\u036f]+")


@dataclass(frozen=True, slots=True)
class Snippet:
    """A piece of a post. `hits` are [start, end) offsets into `text`: data, so that nobody has to trust markup."""

    text: str
    hits: tuple[tuple[int, int], ...]
    cut_before: bool = False  #: the post begins earlier
    cut_after: bool = False


@dataclass(frozen=True, slots=True)
class SearchHit:
    """One post that holds all the words, in its text or its author's name or handle."""

    mention_id: int
    case_id: int | None
    channel: str
    author_name: str
    author_handle: str
    is_ours: bool
    snippet: Snippet
    posted_at: datetime


#: The index of words on SQLite.
_FTS = table("mention_fts", column("rowid", Integer), column("mention_fts", String))


def search_mentions(
    session: Session, query: str, *, limit: int = 50, before_id: int | None = None
) -> tuple[SearchHit, ...]:
    """Posts with all the words of `query`, newest first, at most 200.

    `before_id` is the last hit's mention_id, for the next page. A query without letters or digits finds nothing.
    """
    words = _words(query)
    if not words:
        return ()
    limit = max(1, min(limit, MAX_PAGE))
    on = _on_postgres if session.get_bind().dialect.name == "postgresql" else _on_sqlite
    exact, begins = _folded(words)
    return tuple(_hit(row, exact, begins) for row in session.execute(on(words, limit, before_id)))


def found_ids(
    session: Session, query: str, *, limit: int, before_id: int | None = None
) -> list[tuple[int, int | None]]:
    """Ids of posts with all the words of `query` and of their cases, newest first; without their texts."""
    words = _words(query)
    if not words:
        return []
    on = _on_postgres if session.get_bind().dialect.name == "postgresql" else _on_sqlite
    found = on(words, limit, before_id).with_only_columns(col(MentionRow.id), col(MentionRow.case_id))
    return [(id_, case_id) for id_, case_id in session.execute(found)]


def held_in(session: Session, query: str, case_ids: Sequence[int], *, from_id: int) -> frozenset[int]:
    """Those of the cases that have a post with all the words whose id is `from_id` or higher."""
    words = _words(query)
    posts = select(col(MentionRow.case_id)).where(col(MentionRow.case_id).in_(case_ids), col(MentionRow.id) >= from_id)
    if session.get_bind().dialect.name == "postgresql":
        posts = posts.where(_matches_on_postgres(words))
    else:
        posts = posts.where(
            exists(select(_FTS.c.rowid).where(_matches_on_sqlite(words), _FTS.c.rowid == col(MentionRow.id)))
        )
    return frozenset(session.execute(posts).scalars())


def snippets_of(session: Session, query: str, mention_ids: Sequence[int]) -> dict[int, Snippet]:
    """The words around the first hit of each of these posts, by id."""
    exact, begins = _folded(_words(query)) if mention_ids else (frozenset(), "")
    texts = select(col(MentionRow.id), col(MentionRow.text)).where(col(MentionRow.id).in_(mention_ids))
    return {id_: _snippet(text, exact, begins) for id_, text in session.execute(texts)}


def _words(query: str) -> list[str]:
    """What was typed between blanks, as far as it holds a letter or digit; no more than anybody means."""
    words = (word[:MAX_WORD] for word in storable(query).split())
    return [word for word in words if any(map(str.isalnum, word))][:MAX_WORDS]


def _columns() -> Select[Any]:
    return select(*(getattr(MentionRow, name) for name in _COLUMNS))


def _on_sqlite(words: Sequence[str], limit: int, before_id: int | None) -> Select[Any]:
    found = select(_FTS.c.rowid).where(_matches_on_sqlite(words))
    if before_id is not None:
        found = found.where(_FTS.c.rowid < before_id)
    # The index gives its rows newest first and stops after `limit` of them; only those are then looked up.
    newest = found.order_by(_FTS.c.rowid.desc()).limit(limit).subquery("found")
    return _columns().join(newest, newest.c.rowid == col(MentionRow.id)).order_by(col(MentionRow.id).desc())


def _matches_on_sqlite(words: Sequence[str]) -> ColumnElement[bool]:
    # In double quotes a word is a word (or, with a hyphen in it, words in this order) and never an operator.
    quoted = " ".join('"' + word.replace('"', '""') + '"' for word in words)
    return _FTS.c.mention_fts.op("MATCH", is_comparison=True)(quoted + " *")


def _on_postgres(words: Sequence[str], limit: int, before_id: int | None) -> Select[Any]:
    found = _columns().where(_matches_on_postgres(words))
    if before_id is not None:
        found = found.where(col(MentionRow.id) < before_id)
    return found.order_by(col(MentionRow.id).desc()).limit(limit)


def _matches_on_postgres(words: Sequence[str]) -> ColumnElement[bool]:
    *whole, last = [func.phraseto_tsquery(literal_column("'simple'"), func.webcare_fold(word)) for word in words]
    # The words are parsed as plain text first; only the finished query gets its "begins with" mark.
    wanted: ColumnElement[Any] = func.nullif(last.cast(Text), "").op("||")(":*").cast(TSQUERY)
    for word in whole:
        wanted = word.op("&&")(wanted)
    return literal_column("mention.search", TSVECTOR).op("@@", is_comparison=True)(wanted)


def _hit(row: Any, exact: frozenset[str], begins: str) -> SearchHit:
    id_, case_id, channel, name, handle, is_ours, text, posted_at = row
    return SearchHit(id_, case_id, channel, name, handle, is_ours, _snippet(text, exact, begins), posted_at)


def _folded(words: Sequence[str]) -> tuple[frozenset[str], str]:
    """Every single word looked for, and the one that longer words may begin with."""
    parts = [folded for word in words for part in _WORD.findall(word) if (folded := _fold(part))]
    return frozenset(parts), parts[-1]


def _fold(word: str) -> str:
    if word.isascii():
        return word.lower()
    return unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFD", word))).lower()


def _snippet(text: str, exact: frozenset[str], begins: str) -> Snippet:
    hits = list(_hits(text, exact, begins))
    start = _start(text, hits[0][0]) if hits else 0
    end = min(len(text), start + SNIPPET)
    inside = tuple((first - start, last - start) for first, last in hits if first >= start and last <= end)
    return Snippet(text[start:end], inside, start > 0, end < len(text))


def _hits(text: str, exact: frozenset[str], begins: str) -> Iterable[tuple[int, int]]:
    for found in _WORD.finditer(text):
        word = _fold(found.group())
        if word in exact or word.startswith(begins):
            yield found.span()


def _start(text: str, hit: int) -> int:
    """Where to begin so that the first hit stands in the first third, at the start of a word if there is one near."""
    start = max(0, min(hit - SNIPPET // 3, len(text) - SNIPPET))
    blank = text.find(" ", start, hit)
    return start if start == 0 or blank < 0 else blank + 1
