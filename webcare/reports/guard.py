"""How the guard fares, check by check: what it pointed at, what became of that, and how often it was right.

Precision is the share found right among the findings that a person judged; what nobody judged counts on neither side.
The interval is Wilson's at 95 %, which stays inside 0..1 and honest when few were judged.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, func, select

from webcare.domain import FindingOutcome, Grade, Sentiment
from webcare.guard.reported import slip_id
from webcare.measures import sums
from webcare.store.tables import AgentRow, GuardFindingRow, GuardSlipRow, JokeOutcomeRow, ReplyOverrideRow

#: Findings, overrides and slips listed on the page.
_RECENT = 40


@dataclass(frozen=True, slots=True)
class CheckMarks:
    """One check over a period."""

    check: str
    fired: int
    changed: int  #: the text was changed
    overridden: int
    sent: int  #: a suggestion nobody had to answer for
    right: int
    wrong: int
    interval: tuple[float, float] | None  #: of the precision; None while nothing was judged

    @property
    def precision(self) -> float | None:
        """The share found right; None while nothing was judged."""
        judged = self.right + self.wrong
        return self.right / judged if judged else None


@dataclass(frozen=True, slots=True)
class ShownFinding:
    """One finding somebody was shown, to be judged."""

    id: int
    case_id: int
    check: str
    level: str
    message: str
    stretch: str
    agent: str
    at: datetime
    outcome: str
    grade: str
    words: str  #: why it was overridden, where a reason was asked


@dataclass(frozen=True, slots=True)
class ReportedSlip:
    """A reply that should have been held."""

    case_id: int
    words: str
    by: str
    at: datetime
    slip_id: str  #: by which the files of slips know it


@dataclass(frozen=True, slots=True)
class GuardReport:
    """What the managers' page of the guard shows for one period."""

    checks: tuple[CheckMarks, ...]
    recent: tuple[ShownFinding, ...]
    slips: tuple[ReportedSlip, ...]
    jokes: dict[str, int]  #: customers' answers to jokes by sentiment; "" = not answered yet


def guard_report(session: Session, *, now: datetime, days: float) -> GuardReport:
    """The guard's marks over the last `days` days up to `now`."""
    since = now - timedelta(days=days)
    return GuardReport(_checks(session, since), _recent(session, since), _slips(session, since), _jokes(session, since))


def wilson(right: int, judged: int) -> tuple[float, float] | None:
    """The 95 % interval of a share; None of nothing."""
    return sums.wilson(right / judged, judged) if judged else None


def _checks(session: Session, since: datetime) -> tuple[CheckMarks, ...]:
    columns = (col(GuardFindingRow.check_name), col(GuardFindingRow.outcome), col(GuardFindingRow.grade))
    query = select(*columns, func.count()).where(col(GuardFindingRow.at) >= since).group_by(*columns)
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for check, outcome, grade, count in session.exec(query):
        counts[check].update({"fired": count, f"outcome {outcome}": count, f"grade {grade}": count})
    marks = (_marks(check, counted) for check, counted in counts.items())
    return tuple(sorted(marks, key=lambda one: (-one.fired, one.check)))


def _marks(check: str, counted: Counter[str]) -> CheckMarks:
    right, wrong = counted[f"grade {Grade.RIGHT}"], counted[f"grade {Grade.WRONG}"]
    return CheckMarks(
        check=check,
        fired=counted["fired"],
        changed=counted[f"outcome {FindingOutcome.CHANGED}"],
        overridden=counted[f"outcome {FindingOutcome.OVERRIDDEN}"],
        sent=counted[f"outcome {FindingOutcome.SENT}"],
        right=right,
        wrong=wrong,
        interval=wilson(right, right + wrong),
    )


def _recent(session: Session, since: datetime) -> tuple[ShownFinding, ...]:
    query = (
        select(GuardFindingRow, AgentRow.name)
        .join(AgentRow, col(AgentRow.id) == col(GuardFindingRow.agent_id))
        .where(col(GuardFindingRow.at) >= since)
        .order_by(col(GuardFindingRow.id).desc())
        .limit(_RECENT)
    )
    found = list(session.exec(query))
    reasons = _reasons(session, {row.case_id for row, _ in found})
    return tuple(_shown(row, name, reasons) for row, name in found)


def _reasons(session: Session, case_ids: set[int]) -> dict[tuple[int, str, str], str]:
    query = select(ReplyOverrideRow).where(col(ReplyOverrideRow.case_id).in_(case_ids), ReplyOverrideRow.words != "")
    return {(row.case_id, row.check_name, row.stretch): row.words for row in session.exec(query)}


def _shown(row: GuardFindingRow, agent: str, reasons: dict[tuple[int, str, str], str]) -> ShownFinding:
    return ShownFinding(
        id=row.id or 0,
        case_id=row.case_id,
        check=row.check_name,
        level=row.level,
        message=row.message,
        stretch=row.stretch,
        agent=agent,
        at=row.at,
        outcome=row.outcome or "",
        grade=row.grade or "",
        words=reasons.get((row.case_id, row.check_name, row.stretch), ""),
    )


def _slips(session: Session, since: datetime) -> tuple[ReportedSlip, ...]:
    query = (
        select(GuardSlipRow, AgentRow.name)
        .join(AgentRow, col(AgentRow.id) == col(GuardSlipRow.reported_by))
        .where(col(GuardSlipRow.at) >= since)
        .order_by(col(GuardSlipRow.id).desc())
        .limit(_RECENT)
    )
    return tuple(
        ReportedSlip(row.case_id, row.words, name, row.at, slip_id(row.delivery_id))
        for row, name in session.exec(query)
    )


def _jokes(session: Session, since: datetime) -> dict[str, int]:
    query = select(JokeOutcomeRow.sentiment, func.count()).group_by(col(JokeOutcomeRow.sentiment))
    recent = query.where((col(JokeOutcomeRow.answered_at) >= since) | col(JokeOutcomeRow.answered_at).is_(None))
    counted = dict(session.exec(recent).all())
    return {sentiment: counted.get(sentiment, 0) for sentiment in (*map(str, Sentiment), "")}
