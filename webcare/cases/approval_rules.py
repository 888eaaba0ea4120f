"""Which replies wait for a colleague's yes: what the desk decided, and the reasons that apply to one reply. Pure but
for reading the decision.

The decision is the policy "approval" (webcare.policies), so that it has a first day and stands in the audit log.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlmodel import Session, col, select

from webcare import policies
from webcare.domain import Actor, Level, Role, Said, Sentiment, Topic, Urgency, Verdict
from webcare.errors import WebcareError
from webcare.store.tables import CaseRow
from webcare.store.tables_desk import CaseTagRow

#: The name of the policy.
APPROVAL = "approval"
#: Longest list of tags that is believed.
_MOST_TAGS = 50


class Reason(StrEnum):
    """Why a reply waits."""

    NEW_COLLEAGUE = "new_colleague"  #: its author works under supervision
    JOKE = "joke"
    CRISIS = "crisis"
    OVERRIDE = "override"  #: sent in spite of something the guard holds


class JokePolicy(StrEnum):
    """Which jokes a second person reads."""

    NEVER = "never"
    UPSET = "upset"  #: those to a customer who is negative, or whose case is urgent
    ALWAYS = "always"


@dataclass(frozen=True, slots=True)
class ApprovalPolicy:
    """What waits. Replies of supervised colleagues always do: that is decided per person."""

    jokes: JokePolicy = JokePolicy.UPSET
    crisis_tags: frozenset[str] = frozenset({"crisis"})
    crisis_topics: frozenset[str] = frozenset()
    crisis_urgencies: frozenset[str] = frozenset()
    override_roles: frozenset[str] = frozenset()  #: whose overrides of what the guard holds wait

    @classmethod
    def from_value(cls, value: Mapping[str, Any]) -> ApprovalPolicy:
        """Read a policy's value; what is not said is as by default. Raises WebcareError for what cannot be meant."""
        if unknown := set(value) - set(cls().as_value()):
            raise WebcareError("Approval has no setting called “{name}”.", name=sorted(unknown)[0])
        kept = {**cls().as_value(), **value}
        try:
            return cls(
                JokePolicy(kept["jokes"]),
                frozenset(_tags(kept["crisis_tags"])),
                frozenset(Topic(one).value for one in kept["crisis_topics"]),
                frozenset(Urgency(one).value for one in kept["crisis_urgencies"]),
                frozenset(Role(one).value for one in kept["override_roles"]),
            )
        except (ValueError, TypeError) as error:
            raise WebcareError("These settings of approval cannot be used: {why}.", why=Said.of(error)) from error

    def as_value(self) -> dict[str, Any]:
        """As a policy keeps it."""
        return {
            "jokes": self.jokes.value,
            "crisis_tags": sorted(self.crisis_tags),
            "crisis_topics": sorted(self.crisis_topics),
            "crisis_urgencies": sorted(self.crisis_urgencies),
            "override_roles": sorted(self.override_roles),
        }


@dataclass(frozen=True, slots=True)
class Standing:
    """What of a case decides whether its replies wait."""

    topic: str
    urgency: str
    sentiment: str
    tags: frozenset[str] = frozenset()


def reasons_for(
    author: Actor,
    standing: Standing,
    verdict: Verdict,
    overrides: Mapping[str, str],
    *,
    joke: bool,
    policy: ApprovalPolicy,
) -> tuple[Reason, ...]:
    """Why this reply waits for a colleague's yes; empty when it may go at once. `overrides` is by `Finding.key`."""
    applies = {
        Reason.NEW_COLLEAGUE: author.supervised,
        Reason.JOKE: joke and _joke_waits(standing, policy),
        Reason.CRISIS: in_crisis(standing, policy),
        Reason.OVERRIDE: author.role.value in policy.override_roles and _overrides_hard(verdict, overrides),
    }
    return tuple(reason for reason in Reason if applies[reason])


def in_crisis(standing: Standing, policy: ApprovalPolicy) -> bool:
    """Whether every reply on such a case waits."""
    return (
        standing.topic in policy.crisis_topics
        or standing.urgency in policy.crisis_urgencies
        or not policy.crisis_tags.isdisjoint(standing.tags)
    )


def policy_at(session: Session, *, now: datetime) -> ApprovalPolicy:
    """What is decided, or the defaults where nobody decided."""
    found = policies.in_force(session, APPROVAL, at=now)
    return ApprovalPolicy.from_value(found.value) if found is not None else ApprovalPolicy()


def decide_approval(session: Session, value: Mapping[str, Any], *, by: Actor, now: datetime) -> None:
    """Decide anew what waits, from now on. Raises NotAllowed without EDIT_POLICIES, WebcareError for a wrong value."""
    policies.decide(session, APPROVAL, ApprovalPolicy.from_value(value).as_value(), valid_from=now, by=by, now=now)


def reasons_now(
    session: Session,
    case: CaseRow,
    author: Actor,
    verdict: Verdict,
    overrides: Mapping[str, str],
    *,
    joke: bool,
    now: datetime,
) -> tuple[Reason, ...]:
    """`reasons_for` with the case and the decision as they are now."""
    tags = session.exec(select(CaseTagRow.tag).where(col(CaseTagRow.case_id) == case.id))
    standing = Standing(case.topic, case.urgency, case.sentiment, frozenset(tags))
    policy = policy_at(session, now=now)
    return reasons_for(author, standing, verdict, overrides, joke=joke, policy=policy)


def _joke_waits(standing: Standing, policy: ApprovalPolicy) -> bool:
    if policy.jokes is JokePolicy.UPSET:
        urgent = standing.urgency in (Urgency.CRITICAL.value, Urgency.HIGH.value)
        return standing.sentiment == Sentiment.NEGATIVE.value or urgent
    return policy.jokes is JokePolicy.ALWAYS


def _overrides_hard(verdict: Verdict, overrides: Mapping[str, str]) -> bool:
    return any(found.level is Level.ERROR and found.key in overrides for found in verdict.findings)


def _tags(values: Iterable[str]) -> list[str]:
    found = [str(one).strip().lower() for one in values]
    if isinstance(values, str) or len(found) > _MOST_TAGS:
        raise ValueError(Said("at most {most} tags, as a list", most=_MOST_TAGS))
    return [one for one in found if one]
