"""How our answers sound, week by week, with examples: the signs of `measures.voice` in answers that were posted.

An answer in several posts is one answer. It belongs to the week in which its first post stood on the network (event
dating), in the zone asked for. Of a week with more answers than can be read at once an even share is read; the
intervals say how sure the shares are then. What is not read says why.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row
from sqlmodel import Session, col, select

from webcare.domain import N_, DeliveryState, FindingOutcome, Sentiment
from webcare.measures.voice import Voice, read_voice, speaks
from webcare.reports.guard import wilson
from webcare.store.tables import AgentRow, CaseRow, DeliveryRow, GuardFindingRow

#: Answers read of one week, at most; a share of 300 is known to about six points on either side.
WEEKLY = 300
#: Examples shown at most, the newest of those read.
EXAMPLES = 12
_CHUNK = 400
REASONS: Mapping[str, str] = {
    "sampled": N_("not among the even share that is read of a busy week"),
    "language": N_("in a language without word lists"),
    "removed": N_("their words were removed"),
    "retracted": N_("taken off the network again"),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which answers; empty parts do not narrow."""

    channel: str = ""
    topic: str = ""
    language: str = ""
    author_id: int | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole with Wilson's interval at 95 %; the interval is None of nothing."""

    part: int
    whole: int

    @property
    def value(self) -> float | None:
        """Between 0 and 1; None of nothing."""
        return self.part / self.whole if self.whole else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The lower and the upper end."""
        return wilson(self.part, self.whole) if self.whole else None


@dataclass(frozen=True, slots=True)
class Example:
    """An answer to look at, with its signs."""

    case_id: int
    channel: str
    language: str
    posted_at: datetime
    author: str
    text: str
    voice: Voice


@dataclass(frozen=True, slots=True)
class _Read:
    """One answer that was read, and what is known beside its words."""

    example: Example
    unhappy: bool  #: the case is a negative one
    clean: bool  #: nothing the guard called misspelt stands in it


@dataclass(slots=True)
class Tone:
    """The marks of some answers: how many show each sign."""

    read: int = 0
    human: int = 0  #: all three groups of the instrument in one answer
    groups: Counter[str] = field(default_factory=Counter)
    elements: Counter[str] = field(default_factory=Counter)
    unhappy: int = 0  #: answers to a negative case
    empathic: int = 0  #: of those, with an apology or sympathy
    addressed: int = 0  #: answers with a word for "you", where the language has a formal one
    formal_address: int = 0
    mixed_address: int = 0
    clean: int = 0  #: no finding on spelling was left standing when it was sent

    def share(self, part: int) -> Share:
        """A part of the answers read."""
        return Share(part, self.read)

    def add(self, read: _Read) -> None:
        """Count one answer."""
        voice = read.example.voice
        self.read += 1
        self.clean += read.clean
        self.human += voice.is_human
        self.groups.update(voice.groups)
        self.elements.update(voice.elements)
        self.unhappy += read.unhappy
        self.empathic += read.unhappy and voice.is_empathic
        if read.example.language != "en" and voice.address:
            self.addressed += 1
            self.formal_address += "you_formal" in voice.address
            self.mixed_address += voice.mixes_address


@dataclass(frozen=True, slots=True)
class ToneReport:
    """A period: its whole, its weeks (by their Monday), the same length of time before, and what was left out."""

    since: datetime
    until: datetime
    total: Tone
    weeks: Mapping[date, Tone]
    before: Tone
    sent: int  #: answers posted in the period, read or not
    left_out: Mapping[str, int]  #: by REASONS
    examples: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class _Sent:
    """The first post of one answer and the parts after it."""

    ids: tuple[int, ...]
    posted_at: datetime
    retracted: bool


def tone_report(
    session: Session, *, since: datetime, until: datetime, zone: ZoneInfo, wanted: Wanted = Wanted(), like: str = ""
) -> ToneReport:
    """The tone of the answers posted from `since` to `until`; `like` asks for examples that show this element."""
    left: Counter[str] = Counter()
    weeks: dict[date, Tone] = defaultdict(Tone)
    total, before, shown = Tone(), Tone(), list[Example]()
    answers = _answers(session, since, until, wanted)
    for read in _read(session, answers, zone, left):
        for tone in (total, weeks[_monday(read.example.posted_at, zone)]):
            tone.add(read)
        if not like or like in read.example.voice.elements or like in read.example.voice.groups:
            shown.append(read.example)
    for read in _read(session, _answers(session, since - (until - since), since, wanted), zone, Counter()):
        before.add(read)
    newest = sorted(shown, key=lambda one: one.posted_at, reverse=True)[:EXAMPLES]
    out = {reason: count for reason, count in left.items() if count}
    return ToneReport(since, until, total, dict(sorted(weeks.items())), before, len(answers), out, tuple(newest))


def _read(session: Session, answers: Sequence[_Sent], zone: ZoneInfo, left: Counter[str]) -> Iterator[_Read]:
    """The answers that are read; `left` counts those that are not, by why."""
    standing = [one for one in answers if not one.retracted]
    kept = _sampled(standing, zone)
    left["retracted"] += len(answers) - len(standing)
    left["sampled"] += len(standing) - len(kept)
    for start in range(0, len(kept), _CHUNK):
        chunk = kept[start : start + _CHUNK]
        rows = _texts(session, [id_ for one in chunk for id_ in one.ids])
        misspelt = _misspelt(session, {row.case_id for row in rows.values()})
        for answer in chunk:
            parts = [rows[id_] for id_ in answer.ids]
            text = "\n".join(part.text for part in parts).strip()
            if text and speaks(parts[0].language):
                yield _judged(answer, parts[0], text, misspelt.get(parts[0].case_id, set()))
            else:
                left["language" if text else "removed"] += 1


def _judged(answer: _Sent, first: Any, text: str, misspelt: set[str]) -> _Read:
    voice = _voice(text, first.language, first.customer_name)
    example = Example(first.case_id, first.channel, first.language, answer.posted_at, first.author, text, voice)
    unhappy = first.sentiment == Sentiment.NEGATIVE.value
    return _Read(example, unhappy, clean=not any(stretch in text for stretch in misspelt))


@lru_cache(maxsize=20_000)
def _voice(text: str, language: str, customer: str) -> Voice:
    return read_voice(text, language, customer=customer)


def _answers(session: Session, since: datetime, until: datetime, wanted: Wanted) -> list[_Sent]:
    """Every answer of the period, oldest first; parts stand with the post they follow."""
    rows = session.execute(_posted(since, until, wanted)).all()
    roots: dict[int, int] = {}
    parts: dict[int, list[Row[Any]]] = {}
    for row in rows:
        root = roots.get(row.follows_id or 0, row.id)
        roots[row.id] = root
        parts.setdefault(root, []).append(row)
    return [
        _Sent(tuple(row.id for row in found), found[0].posted_at, all(row.retracted_at for row in found))
        for found in parts.values()
    ]


def _posted(since: datetime, until: datetime, wanted: Wanted) -> Any:
    query = (
        select(
            col(DeliveryRow.id), col(DeliveryRow.follows_id), col(DeliveryRow.posted_at), col(DeliveryRow.retracted_at)
        )
        .where(col(DeliveryRow.state) == DeliveryState.SENT.value, col(DeliveryRow.survey).is_(False))
        .where(col(DeliveryRow.posted_at) >= since, col(DeliveryRow.posted_at) < until)
        .order_by(col(DeliveryRow.id))
    )
    if wanted.author_id is not None:
        query = query.where(col(DeliveryRow.author_id) == wanted.author_id)
    narrowed = {"channel": wanted.channel, "topic": wanted.topic, "language": wanted.language}
    if any(narrowed.values()):
        query = query.join(CaseRow, col(CaseRow.id) == col(DeliveryRow.case_id))
    for name, value in narrowed.items():
        if value:
            query = query.where(getattr(CaseRow, name) == value)
    return query


def _sampled(answers: Sequence[_Sent], zone: ZoneInfo) -> list[_Sent]:
    """At most WEEKLY answers of each week, evenly over it; always the same ones."""
    by_week: dict[date, list[_Sent]] = defaultdict(list)
    for one in answers:
        by_week[_monday(one.posted_at, zone)].append(one)
    return [one for week in sorted(by_week) for one in _evenly(by_week[week])]


def _evenly(answers: Sequence[_Sent]) -> Iterable[_Sent]:
    if len(answers) <= WEEKLY:
        return answers
    return [answers[index * len(answers) // WEEKLY] for index in range(WEEKLY)]


def _texts(session: Session, ids: Sequence[int]) -> dict[int, Row[Any]]:
    query = (
        select(  # type: ignore[call-overload]
            col(DeliveryRow.id), col(DeliveryRow.case_id), col(DeliveryRow.text), col(CaseRow.channel),
            col(CaseRow.language), col(CaseRow.sentiment), col(CaseRow.customer_name),
            col(AgentRow.name).label("author"),
        )
        .join(CaseRow, col(CaseRow.id) == col(DeliveryRow.case_id))
        .join(AgentRow, col(AgentRow.id) == col(DeliveryRow.author_id))
        .where(col(DeliveryRow.id).in_(ids))
    )  # fmt: skip
    return {row.id: row for row in session.execute(query)}


def _misspelt(session: Session, case_ids: Iterable[int]) -> dict[int, set[str]]:
    """Words the guard called misspelt that were sent all the same, by case."""
    left_standing = (FindingOutcome.SENT.value, FindingOutcome.OVERRIDDEN.value)
    query = select(GuardFindingRow.case_id, GuardFindingRow.stretch).where(
        GuardFindingRow.check_name == "spelling",
        col(GuardFindingRow.outcome).in_(left_standing),
        col(GuardFindingRow.case_id).in_(list(case_ids)),
    )
    found: dict[int, set[str]] = defaultdict(set)
    for case_id, stretch in session.exec(query):
        if stretch:
            found[case_id].add(stretch)
    return found


def _monday(moment: datetime, zone: ZoneInfo) -> date:
    local = moment.astimezone(zone).date()
    return local - timedelta(days=local.weekday())
