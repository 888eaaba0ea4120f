"""Which sent replies are reviewed, and by whom: random but reproducible by a seed, and those that call for a look.

Per week so many replies of each person, queue or topic, and always those sent in spite of a finding or reported as a
slip. Chance is a hash of seed, week and reply, so that the same replies give the same sample wherever it is drawn.
Nobody is given a reply they wrote or approved, and nobody the same reply twice.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import exists
from sqlmodel import Session, col, select

from webcare import audit, policies
from webcare.domain import Actor, DeliveryState
from webcare.errors import WebcareError
from webcare.people import Permission, colleagues, may, require
from webcare.policies import Policy
from webcare.store.tables import CaseRow, DeliveryRow, GuardSlipRow, ReplyOverrideRow
from webcare.store.tables_quality import ReplyReviewRow

POLICY = "quality_sampling"
RANDOM, OVERRIDE, SLIP = "random", "override", "slip"
BY = ("person", "queue", "topic")
#: Most replies of each person, queue or topic a week, most calibration replies, most reviewers of one of them.
MOST, MOST_SHARED, MOST_REVIEWERS = 50, 50, 6
_WEEK = re.compile(r"(\d{4})-W(\d{2})")


@dataclass(frozen=True, slots=True)
class Rule:
    """How many replies of a week are reviewed."""

    per_week: int = 3  #: of each person, queue or topic
    by: str = "person"
    always: tuple[str, ...] = (OVERRIDE, SLIP)
    shared: int = 2  #: of the random ones, how many go to several reviewers (calibration)
    reviewers: int = 2  #: to how many
    seed: int = 1


DEFAULT = Rule()


@dataclass(frozen=True, slots=True)
class Sent:
    """A reply that stands, or stood, on its network."""

    id: int
    case_id: int
    author_id: int
    approver_id: int
    posted_at: datetime
    queue: str
    topic: str
    override: bool = False
    slip: bool = False

    def group(self, by: str) -> str:
        """The stratum it is drawn from."""
        return {"person": str(self.author_id), "queue": self.queue, "topic": self.topic}[by]


@dataclass(frozen=True, slots=True)
class Pick:
    """One reply of a sample, why it is in it, and whether several review it."""

    sent: Sent
    why: str
    calibration: bool = False


@dataclass(frozen=True, slots=True)
class Draw:
    """What drawing a sample brought."""

    week: str
    replies: int  #: new in the sample
    reviews: int  #: given to reviewers; more than the replies where several review one
    nobody: int  #: replies that nobody may review: the only reviewers wrote or approved them


# --- the rule -----------------------------------------------------------------------------------------------


def rule_in_force(session: Session, *, at: datetime) -> Rule:
    """The rule that counts at a moment."""
    found = policies.in_force(session, POLICY, at=at)
    return read_rule(found.value) if found else DEFAULT


def decide_sampling(session: Session, value: Mapping[str, Any], *, by: Actor, now: datetime) -> Policy:
    """Decide how samples are drawn from now on. Raises NotAllowed without EDIT_POLICIES, WebcareError if wrong."""
    require(by, Permission.EDIT_POLICIES)
    rule = asdict(read_rule(value))
    return policies.decide(session, POLICY, rule | {"always": list(rule["always"])}, valid_from=now, by=by, now=now)


def read_rule(value: Mapping[str, Any]) -> Rule:
    """The rule as a policy keeps it; parts left out are as in DEFAULT. Raises WebcareError naming what is wrong."""
    if unknown := set(value) - set(asdict(DEFAULT)):
        raise WebcareError("Sampling has no part called {name}.", name=sorted(unknown)[0])
    made = replace(DEFAULT, **{**value, "always": tuple(value.get("always", DEFAULT.always))})
    limits = {"per_week": (0, MOST), "shared": (0, MOST_SHARED), "reviewers": (2, MOST_REVIEWERS), "seed": (0, 10**9)}
    for name, (least, most) in limits.items():
        number = getattr(made, name)
        if isinstance(number, bool) or not isinstance(number, int) or not least <= number <= most:
            raise WebcareError("{name} is a whole number from {least} to {most}.", name=name, least=least, most=most)
    if made.by not in BY or set(made.always) - {OVERRIDE, SLIP}:
        raise WebcareError("Samples are drawn by person, queue or topic, and always of overrides or slips.")
    return made


# --- pure ---------------------------------------------------------------------------------------------------


def week_of(moment: datetime, zone: ZoneInfo) -> str:
    """The week a moment lies in, as "2026-W47", where the desk is."""
    year, number, _ = moment.astimezone(zone).isocalendar()
    return f"{year}-W{number:02d}"


def bounds(week: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """First moment of a week and first one after it. Raises WebcareError for what names no week."""
    found = _WEEK.fullmatch(week)
    try:
        monday = date.fromisocalendar(int(found[1]), int(found[2]), 1) if found else None
    except ValueError:
        monday = None
    if monday is None:
        raise WebcareError("{week} is no week; write it like 2026-W47.", week=week[:20])
    return tuple(datetime.combine(day, datetime.min.time(), zone) for day in (monday, monday + timedelta(7)))  # type: ignore[return-value]


def pick(replies: Iterable[Sent], rule: Rule, week: str, *, drawn: Mapping[int, str] | None = None) -> tuple[Pick, ...]:
    """The sample of a week. `drawn`: replies that are in it already and why; they count and are not given again."""
    drawn = drawn or {}
    ordered = sorted(replies, key=lambda one: _chance(rule.seed, week, one.id))
    had = Counter(one.group(rule.by) for one in ordered if drawn.get(one.id) == RANDOM)
    picks: list[Pick] = []
    shared = rule.shared - sum(had.values())
    for one in ordered:
        group = one.group(rule.by)
        if one.id in drawn:
            continue
        if had[group] < rule.per_week:
            had[group] += 1
            # The random ones alone calibrate: what was picked for a reason is no fair sight of how reviewers mark.
            picks.append(Pick(one, RANDOM, calibration=shared > 0))
            shared -= 1
        elif why := _calls_for_a_look(one, rule):
            picks.append(Pick(one, why))
    return tuple(picks)


def share(
    picks: Sequence[Pick], reviewers: Sequence[int], rule: Rule, week: str, *, had: Iterable[tuple[int, int]] = ()
) -> dict[int, tuple[int, ...]]:
    """Who reviews what: by reply, those who do. `had`: pairs of reply and reviewer there are already.

    The one with the fewest comes first, chance decides between equals; nobody gets what they wrote or approved.
    """
    before, load = set(had), Counter(dict.fromkeys(reviewers, 0))
    given: dict[int, tuple[int, ...]] = {}
    for one in picks:
        sent = one.sent
        may_have = [
            reviewer
            for reviewer in reviewers
            if reviewer not in (sent.author_id, sent.approver_id) and (sent.id, reviewer) not in before
        ]
        may_have.sort(key=lambda reviewer: (load[reviewer], _chance(rule.seed, week, sent.id, reviewer)))
        given[sent.id] = tuple(may_have[: rule.reviewers if one.calibration else 1])
        load.update(given[sent.id])
    return given


def _calls_for_a_look(one: Sent, rule: Rule) -> str:
    if one.slip and SLIP in rule.always:
        return SLIP
    return OVERRIDE if one.override and OVERRIDE in rule.always else ""


def _chance(*parts: object) -> str:
    return sha256(":".join(map(str, parts)).encode()).hexdigest()


# --- at the desk --------------------------------------------------------------------------------------------


def draw(session: Session, week: str, *, zone: ZoneInfo, by: Actor, now: datetime) -> Draw:
    """Draw the sample of a week and give it to the reviewers; again adds only what came since.

    Raises NotAllowed without REVIEW_REPLIES, WebcareError for a week that has not begun or when there is nothing new.
    """
    require(by, Permission.REVIEW_REPLIES)
    since, until = bounds(week, zone)
    if since > now:
        raise WebcareError("This week has not begun.")
    rule = rule_in_force(session, at=min(until, now))
    there = list(session.exec(select(ReplyReviewRow).where(ReplyReviewRow.week == week)))
    replies = sent_between(session, since, until)
    picks = pick(replies, rule, week, drawn={row.delivery_id: row.why for row in there})
    given = share(picks, reviewers(session), rule, week, had=((row.delivery_id, row.reviewer_id) for row in there))
    rows = [_row(one, reviewer, given, week, now) for one in picks for reviewer in given[one.sent.id]]
    if not rows:
        raise WebcareError("There is nothing new to review in this week.")
    session.add_all(rows)
    session.flush()
    nobody = sum(not given[one.sent.id] for one in picks)
    made = Draw(week, len(picks) - nobody, len(rows), nobody)
    told = {"replies": made.replies, "reviews": made.reviews, "seed": rule.seed, "per_week": rule.per_week}
    audit.record(session, "sample_drawn", by=by, now=now, subject=f"week:{week}", after={**told, "by": rule.by})
    return made


def reviewers(session: Session) -> tuple[int, ...]:
    """Everybody who may review."""
    return tuple(one.id for one in colleagues(session) if one.id is not None and may(one, Permission.REVIEW_REPLIES))


def sent_between(session: Session, since: datetime, until: datetime) -> list[Sent]:
    """Replies that networks took in a stretch of time; of an answer in parts the first stands for all."""
    of_reply = (
        exists().where(col(ReplyOverrideRow.delivery_id) == col(DeliveryRow.id)),
        exists().where(col(GuardSlipRow.delivery_id) == col(DeliveryRow.id)),
    )
    query = (
        select(DeliveryRow, CaseRow.queue, CaseRow.topic, *of_reply)  # type: ignore[call-overload]
        .join(CaseRow, col(CaseRow.id) == col(DeliveryRow.case_id))
        .where(
            DeliveryRow.state == DeliveryState.SENT.value,
            col(DeliveryRow.follows_id).is_(None),
            col(DeliveryRow.survey).is_(False),
            col(DeliveryRow.posted_at) >= since,
            col(DeliveryRow.posted_at) < until,
        )
        .order_by(col(DeliveryRow.id))
    )
    return [
        Sent(
            row.id, row.case_id, row.author_id, row.approver_id, row.posted_at, queue, topic, bool(override), bool(slip)
        )
        for row, queue, topic, override, slip in session.exec(query)
    ]


def _row(one: Pick, reviewer: int, given: Mapping[int, tuple[int, ...]], week: str, now: datetime) -> ReplyReviewRow:
    sent = one.sent
    return ReplyReviewRow(
        delivery_id=sent.id,
        case_id=sent.case_id,
        agent_id=sent.author_id,
        reviewer_id=reviewer,
        posted_at=sent.posted_at,
        week=week,
        why=one.why,
        calibration=len(given[sent.id]) > 1,
        drawn_at=now,
    )
