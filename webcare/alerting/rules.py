"""What each role and each shared place is told of, and when it is left in peace, unless somebody chose for themselves.

The policy "notifications" says so; where nothing was decided, what is usual here and in the settings counts.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session

from webcare import policies
from webcare.domain import Actor, Role
from webcare.errors import WebcareError
from webcare.hours import DAY_MIN, OpeningHours
from webcare.people import Permission, require
from webcare.policies import Policy
from webcare.settings import Notice, NotificationSettings
from webcare.store.tables import AgentRow

POLICY = "notifications"
#: What each role hears of by mail where nobody decided otherwise.
USUAL: Mapping[Role, frozenset[Notice]] = {
    Role.TEAM_LEAD: frozenset({Notice.DEADLINE_MISSED, Notice.INCIDENT}),
    Role.MANAGER: frozenset({Notice.INCIDENT, Notice.DIGEST}),
}


class NoticesWrong(WebcareError):
    """This policy of notifications cannot be used; the message says which part and why."""


@dataclass(frozen=True, slots=True)
class NoticeRule:
    """What one role or place is told of. Quiet hours are by the clock on the receiver's wall; both the same = none."""

    kinds: frozenset[Notice] = frozenset()
    quiet_from: str = "00:00"
    quiet_until: str = "00:00"
    loud: frozenset[Notice] = frozenset()  #: kinds that do not wait for the morning

    @property
    def value(self) -> dict[str, Any]:
        """As the policy keeps it."""
        return {
            "kinds": [kind.value for kind in Notice if kind in self.kinds],
            "quiet_from": self.quiet_from,
            "quiet_until": self.quiet_until,
            "loud": [kind.value for kind in Notice if kind in self.loud],
        }


@dataclass(frozen=True, slots=True)
class NoticeRules:
    """The rules of all roles and places."""

    roles: Mapping[Role, NoticeRule] = field(default_factory=dict)
    places: Mapping[str, NoticeRule] = field(default_factory=dict)

    def of(self, person: AgentRow) -> NoticeRule:
        """That of somebody's role."""
        return self.roles.get(Role(person.role), NoticeRule())


def rules_in_force(session: Session, settings: NotificationSettings, *, at: datetime) -> NoticeRules:
    """The rules that count at a moment; of each role and place that nobody decided on, what is usual."""
    policy = policies.in_force(session, POLICY, at=at)
    return with_usual(policy.value if policy else {}, settings)


def kinds_of_role(session: Session, role: Role, *, at: datetime) -> frozenset[Notice]:
    """What a role hears of by mail at a moment."""
    policy = policies.in_force(session, POLICY, at=at)
    decided = read_notices(policy.value).roles.get(role) if policy else None
    return decided.kinds if decided is not None else USUAL.get(role, frozenset())


def with_usual(value: Mapping[str, Any], settings: NotificationSettings) -> NoticeRules:
    """The policy, completed with what is usual. Raises NoticesWrong."""
    decided = read_notices(value)
    quiet = (settings.quiet_from, settings.quiet_until, frozenset(settings.loud))
    roles = {role: NoticeRule(USUAL.get(role, frozenset()), *quiet) for role in Role if role is not Role.SYSTEM}
    places = {name: NoticeRule(frozenset(place.kinds), *quiet) for name, place in settings.places.items()}
    # A place that left the settings has no address any more.
    kept = {name: rule for name, rule in decided.places.items() if name in places}
    return NoticeRules(roles | dict(decided.roles), places | kept)


def decide_notices(
    session: Session, value: Mapping[str, Any], *, valid_from: datetime, by: Actor, now: datetime
) -> Policy:
    """Decide who is told of what. Raises NotAllowed without EDIT_POLICIES, NoticesWrong for a bad value."""
    require(by, Permission.EDIT_POLICIES)
    read_notices(value)
    return policies.decide(session, POLICY, value, valid_from=valid_from, by=by, now=now)


def read_notices(value: Mapping[str, Any]) -> NoticeRules:
    """The policy as it is kept. Raises NoticesWrong naming what is wrong."""
    for part in value:
        if part not in ("roles", "places"):
            raise NoticesWrong("“{part}” is no part of who is told of what.", part=str(part)[:40])
    roles, places = value.get("roles", {}), value.get("places", {})
    if not isinstance(roles, Mapping) or not isinstance(places, Mapping):
        raise NoticesWrong("Who is told of what is decided for each role and place.")
    return NoticeRules(
        {_role(name): _rule(name, rule) for name, rule in roles.items()},
        {str(name): _rule(name, rule) for name, rule in places.items()},
    )


def quiet_until(rule: NoticeRule, zone: ZoneInfo, now: datetime) -> datetime | None:
    """When the quiet hours end; None outside of them. By the clock on the wall, also when it is changed."""
    begins, ends = (_minutes(clock) for clock in (rule.quiet_from, rule.quiet_until))
    if begins == ends:
        return None
    loud = ((ends, begins),) if ends < begins else tuple(r for r in ((0, begins), (ends, DAY_MIN)) if r[0] < r[1])
    hours = OpeningHours(zone, dict.fromkeys(range(1, 8), loud))
    return None if hours.is_open(now) else hours.next_opening(now)


def _minutes(clock: str) -> int:
    at = time.fromisoformat(clock)
    return at.hour * 60 + at.minute


def _role(name: Any) -> Role:
    if name not in set(Role) - {Role.SYSTEM}:
        raise NoticesWrong("There is no role “{role}”.", role=str(name)[:40])
    return Role(name)


def _rule(whose: Any, value: Any) -> NoticeRule:
    if not isinstance(value, Mapping) or set(value) != {"kinds", "quiet_from", "quiet_until", "loud"}:
        raise NoticesWrong("{whose}: kinds, quiet hours and what does not wait are needed.", whose=str(whose)[:40])
    begins, ends = _clock(whose, value["quiet_from"]), _clock(whose, value["quiet_until"])
    return NoticeRule(_kinds(whose, value["kinds"]), begins, ends, _kinds(whose, value["loud"]))


def _kinds(whose: Any, kinds: Any) -> frozenset[Notice]:
    known: Collection[str] = [kind.value for kind in Notice]
    wrong = not isinstance(kinds, list) or next((kind for kind in kinds if kind not in known), None)
    if wrong:
        raise NoticesWrong("{whose}: nobody can be told of “{kind}”.", whose=str(whose)[:40], kind=str(wrong)[:40])
    return frozenset(map(Notice, kinds))


def _clock(whose: Any, clock: Any) -> str:
    try:
        return f"{time.fromisoformat(clock):%H:%M}"
    except (TypeError, ValueError) as error:
        raise NoticesWrong("{whose}: “{clock}” is no time.", whose=str(whose)[:40], clock=str(clock)[:20]) from error
