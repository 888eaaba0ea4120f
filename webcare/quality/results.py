"""What reviews say: means with their number and interval, of teams for reviewers, of a person for that person.

Only replies drawn at random count; those looked at for a reason (an override, a slip) would make everybody look worse
than they are, so they are left out and counted apart. A reply that several reviewed counts once, with their mean.
Nothing is ever ranked: groups come in the order of their names, and one person is shown at a time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import sqrt
from statistics import fmean
from typing import Any, Literal, NamedTuple

from sqlalchemy import select as sa_select
from sqlmodel import Session, col, select

from webcare.domain import Actor, Role
from webcare.errors import NotAllowed
from webcare.people import Permission, person_id, require
from webcare.quality import scorecards
from webcare.quality.agreement import Agreement, agreement
from webcare.quality.reviewing import KEPT
from webcare.quality.sampling import RANDOM
from webcare.store.tables import AgentRow, CaseRow
from webcare.store.tables_quality import ReplyReviewRow

#: Fewer replies than these are too few to compare anybody by.
ENOUGH = 20
#: Agreement over time is counted by: a week has too few replies that several review.
FOUR_WEEKS = timedelta(weeks=4)
By = Literal["team", "queue", "topic", "week"]
#: Two-sided 95 % of Student's t for 1..30 degrees of freedom; beyond, 1.96 and a little.
_T = (
    *(12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131),
    *(2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042),
)


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean score (0..100) over `n` replies, with its 95 % interval; none below two replies."""

    n: int
    mean: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def enough(self) -> bool:
        """Whether there are so many that comparing with another means something."""
        return self.n >= ENOUGH


@dataclass(frozen=True, slots=True)
class Results:
    """The scores of a stretch of time."""

    total: Mean
    groups: tuple[tuple[str, Mean], ...]  #: by the order of their names
    questions: tuple[tuple[str, str, Mean], ...]  #: key, words, mean mark as a share of its scale (0..100)
    for_a_reason: int  #: reviewed replies left out, as they were looked at because of an override or a slip
    versions: tuple[int, ...]  #: of the scorecard, that these were marked by


@dataclass(frozen=True, slots=True)
class Calibrated:
    """How far reviewers agree on one question, or over all."""

    key: str
    text: str
    agreement: Agreement


@dataclass(frozen=True, slots=True)
class Course:
    """One question over time, oldest first; "" is the whole score."""

    key: str
    text: str
    weeks: tuple[tuple[str, Mean], ...]  #: "2026-W47", and the replies posted in it


@dataclass(frozen=True, slots=True)
class SharedReply:
    """One reply that several reviewed, shown to those who are done with it."""

    delivery_id: int
    case_id: int
    posted_at: datetime
    scores: tuple[tuple[str, float], ...]  #: reviewer, score
    waits_for: int  #: reviewers who are not done


class _Kept(NamedTuple):
    """A kept review, as far as results need it; the columns of `_kept` in their order."""

    delivery_id: int
    scorecard_id: int
    scores: Mapping[str, int | None]
    score: float
    why: str
    week: str
    team: str
    queue: str
    topic: str


@dataclass(frozen=True, slots=True)
class _Reply:
    """A reviewed reply: the means over its reviewers."""

    score: float
    shares: Mapping[str, float]  #: by question, 0..100
    team: str
    queue: str
    topic: str
    week: str

    def group(self, by: By) -> str:
        return {"team": self.team, "queue": self.queue, "topic": self.topic, "week": self.week}[by]


# --- pure ---------------------------------------------------------------------------------------------------


def mean_of(scores: Sequence[float]) -> Mean:
    """Mean and Student's 95 % interval, kept within 0..100."""
    n = len(scores)
    if n < 2:
        return Mean(n, scores[0] if scores else None)
    middle = fmean(scores)
    half = t_95(n - 1) * sqrt(variance(scores) / n)
    return Mean(n, middle, max(0.0, middle - half), min(100.0, middle + half))


def variance(scores: Sequence[float]) -> float:
    """The sample variance; the standard library's works with fractions and takes a hundred times as long."""
    middle = fmean(scores)
    return sum((score - middle) ** 2 for score in scores) / (len(scores) - 1)


def t_95(freedom: float) -> float:
    """The 97.5 % point of Student's t; `freedom` is rounded down, which widens."""
    whole = max(1, int(freedom))
    return _T[whole - 1] if whole <= len(_T) else 1.96 + 2.4 / whole


# --- at the desk --------------------------------------------------------------------------------------------


def team_results(session: Session, since: datetime, until: datetime, *, split: By = "team", by: Actor) -> Results:
    """Results of the desk and of its teams, queues, topics or weeks. Raises NotAllowed without REVIEW_REPLIES."""
    require(by, Permission.REVIEW_REPLIES)
    return _results(session, since, until, split, None)


def my_results(session: Session, since: datetime, until: datetime, *, by: Actor) -> Results:
    """Somebody's own results, by week. Raises NotAllowed for a job."""
    require(by, Permission.SEE_CASES)
    return _results(session, since, until, "week", person_id(by))


def person_results(session: Session, agent_id: int, since: datetime, until: datetime, *, by: Actor) -> Results:
    """One person's results by week, for whoever reviewed them or leads the team; a manager who did neither is refused.

    Raises NotAllowed.
    """
    require(by, Permission.REVIEW_REPLIES)
    if agent_id not in readable_people(session, by=by):
        raise NotAllowed("Scores of one person are for that person, their reviewers and their team lead.")
    return _results(session, since, until, "week", agent_id)


def readable_people(session: Session, *, by: Actor) -> dict[int, str]:
    """Whose scores this reviewer may read, by name: of those they reviewed; a team lead's, of everybody reviewed."""
    require(by, Permission.REVIEW_REPLIES)
    query = (
        select(AgentRow.id, AgentRow.name)
        .join(ReplyReviewRow, col(ReplyReviewRow.agent_id) == col(AgentRow.id))
        .where(ReplyReviewRow.state == KEPT, AgentRow.id != person_id(by))
        .order_by(AgentRow.name)
        .distinct()
    )
    if by.role is not Role.TEAM_LEAD:
        query = query.where(ReplyReviewRow.reviewer_id == by.id)
    return {id_: name for id_, name in session.exec(query) if id_ is not None}


def my_comments(session: Session, *, by: Actor, limit: int = 20) -> list[tuple[datetime, int, float, str]]:
    """What reviewers said of one's own replies, newest first: posted, case, score, comment. Raises NotAllowed."""
    require(by, Permission.SEE_CASES)
    query = (
        select(ReplyReviewRow)
        .where(ReplyReviewRow.agent_id == person_id(by), ReplyReviewRow.state == KEPT)
        .order_by(col(ReplyReviewRow.updated_at).desc())
        .limit(limit)
    )
    return [(row.posted_at, row.case_id, row.score or 0.0, row.comment) for row in session.exec(query)]


# --- calibration --------------------------------------------------------------------------------------------


def calibration(session: Session, since: datetime, until: datetime, *, by: Actor) -> tuple[Calibrated, ...]:
    """Agreement per question over replies that several reviewed, marked by the newest card or one with its key.

    Raises NotAllowed without REVIEW_REPLIES.
    """
    require(by, Permission.REVIEW_REPLIES)
    return _calibrated(scorecards.current(session), _kept(session, since, until, col(ReplyReviewRow.calibration)))


def agreement_over_time(
    session: Session, since: datetime, until: datetime, *, by: Actor
) -> tuple[tuple[str, tuple[Calibrated, ...]], ...]:
    """As `calibration`, by stretches of four weeks, each named by its first; those of which nobody marked are left out.

    Raises NotAllowed without REVIEW_REPLIES.
    """
    require(by, Permission.REVIEW_REPLIES)
    stretches: dict[date, list[_Kept]] = defaultdict(list)
    first = _monday(f"{since:%G-W%V}")
    for row in _kept(session, since, until, col(ReplyReviewRow.calibration)):
        stretches[first + (_monday(row.week) - first) // FOUR_WEEKS * FOUR_WEEKS].append(row)
    card = scorecards.current(session)
    found = ((f"{monday:%G-W%V}", _calibrated(card, rows)) for monday, rows in sorted(stretches.items()))
    return tuple((week, some) for week, some in found if any(one.agreement.units for one in some))


def _calibrated(card: scorecards.Card, rows: Iterable[_Kept]) -> tuple[Calibrated, ...]:
    marks: dict[str, dict[tuple[int, int], list[int]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        for key, mark in row.scores.items():
            if mark is not None:
                # Marks by different versions of a question are no answers to the same one.
                marks[key][row.delivery_id, row.scorecard_id].append(mark)
    return tuple(Calibrated(one.key, one.text, agreement(list(marks[one.key].values()))) for one in card.questions)


def _monday(week: str) -> date:
    """The day on which a week such as "2026-W47" begins."""
    return date.fromisocalendar(int(week[:4]), int(week[-2:]), 1)


def shared_replies(session: Session, *, by: Actor, limit: int = 30) -> tuple[SharedReply, ...]:
    """Replies that several review and this reviewer is done with, newest first; nobody's marks before one's own.

    Raises NotAllowed without REVIEW_REPLIES.
    """
    require(by, Permission.REVIEW_REPLIES)
    mine = select(ReplyReviewRow.delivery_id).where(
        ReplyReviewRow.reviewer_id == person_id(by), ReplyReviewRow.state == KEPT, ReplyReviewRow.calibration
    )
    query = (
        select(ReplyReviewRow, AgentRow.name)
        .join(AgentRow, col(AgentRow.id) == col(ReplyReviewRow.reviewer_id))
        .where(col(ReplyReviewRow.delivery_id).in_(mine))
        .order_by(col(ReplyReviewRow.posted_at).desc(), col(ReplyReviewRow.delivery_id), AgentRow.name)
    )
    found: dict[int, list[tuple[ReplyReviewRow, str]]] = defaultdict(list)
    for row, name in session.exec(query):
        found[row.delivery_id].append((row, name))
    return tuple(_shared(rows) for rows in list(found.values())[:limit])


def _shared(rows: Sequence[tuple[ReplyReviewRow, str]]) -> SharedReply:
    first = rows[0][0]
    done = tuple((name, row.score) for row, name in rows if row.state == KEPT and row.score is not None)
    return SharedReply(first.delivery_id, first.case_id, first.posted_at, done, len(rows) - len(done))


def improvement(session: Session, since: datetime, until: datetime, *, by: Actor) -> tuple[Course, ...]:
    """Each question of the card by week over the whole desk, the whole score first. Nobody is told apart in it.

    Raises NotAllowed without REVIEW_REPLIES.
    """
    require(by, Permission.REVIEW_REPLIES)
    replies, cards, _others = _random(session, _kept(session, since, until))
    questions = [(key, text) for key, text, _mean in _questions(session, replies, cards)]
    marks = [("", "", lambda one: one.score), *((key, text, _share_of(key)) for key, text in questions)]
    return tuple(Course(key, text, _by_week(replies, mark)) for key, text, mark in marks)


def _share_of(key: str) -> Callable[[_Reply], float | None]:
    return lambda one: one.shares.get(key)


def _by_week(replies: Iterable[_Reply], mark: Callable[[_Reply], float | None]) -> tuple[tuple[str, Mean], ...]:
    weeks: dict[str, list[float]] = defaultdict(list)
    for one in replies:
        if (given := mark(one)) is not None:
            weeks[one.week].append(given)
    return tuple((week, mean_of(some)) for week, some in sorted(weeks.items()))


# --- inside -------------------------------------------------------------------------------------------------


def _results(session: Session, since: datetime, until: datetime, split: By, agent_id: int | None) -> Results:
    conditions = [] if agent_id is None else [col(ReplyReviewRow.agent_id) == agent_id]
    random, cards, others = _random(session, _kept(session, since, until, *conditions))
    groups: dict[str, list[float]] = defaultdict(list)
    for one in random:
        groups[one.group(split)].append(one.score)
    return Results(
        total=mean_of([one.score for one in random]),
        groups=tuple((name, mean_of(scores)) for name, scores in sorted(groups.items())),
        questions=tuple(_questions(session, random, cards)),
        for_a_reason=others,
        versions=tuple(sorted({card.version for card in cards})),
    )


def _random(session: Session, rows: Iterable[_Kept]) -> tuple[list[_Reply], list[scorecards.Card], int]:
    """The replies drawn at random, the cards that any were marked by, and how many were looked at for a reason."""
    by_reply: dict[int, list[_Kept]] = defaultdict(list)
    for row in rows:
        by_reply[row.delivery_id].append(row)
    ids = {row.scorecard_id for some in by_reply.values() for row in some}
    cards = {id_: scorecards.card_of(session, id_) for id_ in ids}
    random = [_reply(some, cards) for some in by_reply.values() if some[0].why == RANDOM]
    return random, list(cards.values()), len(by_reply) - len(random)


def _questions(
    session: Session, replies: Sequence[_Reply], cards: Iterable[scorecards.Card]
) -> Iterable[tuple[str, str, Mean]]:
    words = {one.key: one.text for card in cards for one in card.questions}
    words |= {one.key: one.text for one in scorecards.current(session).questions}
    for key, text in words.items():
        if shares := [one.shares[key] for one in replies if key in one.shares]:
            yield key, text, mean_of(shares)


def _kept(session: Session, since: datetime, until: datetime, *conditions: Any) -> list[_Kept]:
    review = ReplyReviewRow
    columns = (
        *(col(review.delivery_id), col(review.scorecard_id), col(review.scores), col(review.score), col(review.why)),
        *(col(review.week), col(AgentRow.role), col(CaseRow.queue), col(CaseRow.topic)),
    )
    query = (
        sa_select(*columns)
        .select_from(review)
        .join(AgentRow, col(AgentRow.id) == col(review.agent_id))
        .join(CaseRow, col(CaseRow.id) == col(review.case_id))
        .where(col(review.state) == KEPT, col(review.posted_at) >= since, col(review.posted_at) < until, *conditions)
        .order_by(col(review.id))
    )
    return [_Kept(*row) for row in session.execute(query)]


def _reply(rows: Sequence[_Kept], cards: Mapping[int, scorecards.Card]) -> _Reply:
    shares: dict[str, list[float]] = {}
    for row in rows:
        for one in cards[row.scorecard_id].questions:
            if (mark := row.scores.get(one.key)) is not None:
                shares.setdefault(one.key, []).append(100 * mark / one.top)
    first = rows[0]
    score = sum(row.score for row in rows) / len(rows)
    means = {key: sum(some) / len(some) for key, some in shares.items()}
    return _Reply(score, means, first.team, first.queue, first.topic, first.week)
