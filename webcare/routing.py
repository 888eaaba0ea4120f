"""Where a mention goes, how soon it is due, and why. Pure rules over the classifier's labels.

The rules stand in order and the first that applies decides; each writes a sentence with its name and what it saw.
Doubt never slows danger down: only a mention that is unlikely to be critical or high may wait in the unsorted lane.
Customer text never enters a reason, because reasons are logged and shown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from webcare import routing_rules
from webcare.domain import UNSORTED, Line, Mention, MentionKind, Route, Topic, Triage, Urgency
from webcare.routing_rules import Rule, Said, seen_of
from webcare.settings import RoutingSettings
from webcare.targets import Targets

#: From this probability of an urgency on, a person looks at once, whatever the first label says. Missing a
#: critical mention costs far more than a colleague's glance, so critical has the lower bar.
MATERIAL_CRITICAL = 0.15
MATERIAL_HIGH = 0.35
#: A mention that needs no answer waits only when the classifier is at least this sure of it.
SURE_OF_SILENCE = 0.6


@dataclass(frozen=True, slots=True)
class _Case:
    mention: Mention
    triage: Triage
    urgency: Urgency  #: the urgency in force, after doubt has been weighed
    unsorted_below: float

    def sure(self, head: str) -> float:
        return self.triage.confidence.get(head, 0.0)


@dataclass(frozen=True, slots=True)
class _Choice:
    queue: str
    line: Line
    urgency: Urgency
    reason: str


@dataclass(frozen=True, slots=True)
class Decisions:
    """What the desk decided in the browser and is in force; nothing of it by default."""

    rules: tuple[Rule, ...] = ()
    queues: Mapping[str, Line] = field(default_factory=dict)  #: the desk's own queues and whose they are
    targets: Targets = field(default_factory=Targets)


#: A desk that decided nothing.
NOTHING = Decisions()


def route(
    mention: Mention,
    triage: Triage,
    settings: RoutingSettings,
    *,
    unsorted_below: float,
    account: str = "",
    decisions: Decisions = NOTHING,
) -> Route:
    """Choose queue, line, priority (1 most urgent to 4) and the time a first answer is due.

    `unsorted_below` is the least probability of the line, 0..1, at which the classifier's word is taken; `account` the
    key of the account that collected it.
    """
    case = _Case(mention, triage, urgency_in_force(triage), unsorted_below)
    choice = next(found for rule in _RULES if (found := rule(case)) is not None)
    said = routing_rules.ask(decisions.rules, lambda: seen_of(mention, triage, case.urgency, account))
    return _timed(mention, _ruled(choice, said, decisions), said, settings, decisions.targets)


def _ruled(choice: _Choice, said: Said, decisions: Decisions) -> _Choice:
    """The choice with what the desk's own rules say of it."""
    did = []
    queue, line, urgency = choice.queue, choice.line, choice.urgency
    if said.queue:
        queue, line = said.queue, _line_of(said.queue, choice, decisions)
        did.append(f"queue {queue}")
    if said.priority:
        urgency = _prioritised(choice.urgency, said.priority)
        kept = urgency.priority != said.priority
        did.append(f"priority stays {urgency.priority}, danger never waits" if kept else f"priority {said.priority}")
    if said.skill:
        did.append(f"skill {said.skill}")
    told = [f"rule “{said.rule}”: {', '.join(did)}"] if said.rule else []
    told += [f"tagged by “{name}”" for name in said.tagged_by]
    return _Choice(queue, line, urgency, "; ".join([*told, choice.reason]))


def _line_of(queue: str, choice: _Choice, decisions: Decisions) -> Line:
    if queue in decisions.queues:
        return decisions.queues[queue]
    return Line(queue) if queue in set(Line) else choice.line


def _prioritised(urgency: Urgency, priority: int) -> Urgency:
    wanted = list(Urgency)[priority - 1]
    # Missing danger costs far more than a colleague's glance, so a rule may raise what is critical or high, not lower.
    danger = urgency in (Urgency.CRITICAL, Urgency.HIGH)
    return urgency if danger and wanted.priority > urgency.priority else wanted


def _timed(mention: Mention, choice: _Choice, said: Said, settings: RoutingSettings, targets: Targets) -> Route:
    start, default = mention.posted_at, settings.within(choice.urgency.value)
    first, again = (
        targets.respond_by(
            choice.urgency, choice.queue, mention.channel, start=start, default=default, answered=answered
        )
        - start
        for answered in (False, True)
    )
    return Route(
        queue=choice.queue,
        line=choice.line,
        priority=choice.urgency.priority,
        respond_within=first,
        reason=choice.reason,
        next_within=again if again != first else None,
        skill=said.skill,
        tags=said.tags,
        rules=(*said.tagged_by, *([said.rule] if said.rule else [])),
    )


def urgency_in_force(triage: Triage) -> Urgency:
    """The label's urgency, raised where a higher one is likely enough to matter."""
    critical = triage.confidence.get(Urgency.CRITICAL.value, 0.0)
    high = critical + triage.confidence.get(Urgency.HIGH.value, 0.0)
    if triage.urgency is Urgency.CRITICAL or critical >= MATERIAL_CRITICAL:
        return Urgency.CRITICAL
    if triage.urgency is Urgency.HIGH or high >= MATERIAL_HIGH:
        return Urgency.HIGH
    return triage.urgency


def _critical(case: _Case) -> _Choice | None:
    if case.urgency is not Urgency.CRITICAL:
        return None
    saw = _seen(case, "critical")
    return _second(case, f"critical: at once to the people with the facts; saw {saw}")


def _unsorted(case: _Case) -> _Choice | None:
    sure = case.sure("route")
    if case.urgency is Urgency.HIGH or sure >= case.unsorted_below:
        return None
    reason = (
        f"unsorted: a person sorts this by hand; saw {case.triage.line.value} with probability {sure:.2f}, "
        f"below {case.unsorted_below:.2f}"
    )
    return _Choice(UNSORTED, case.triage.line, case.urgency, reason)


def _safety_legal(case: _Case) -> _Choice | None:
    if case.triage.topic is not Topic.SAFETY_LEGAL:
        return None
    return _second(case, f"safety_legal: always second line; saw topic safety_legal ({case.sure('topic'):.2f})")


def _high(case: _Case) -> _Choice | None:
    if case.urgency is not Urgency.HIGH:
        return None
    return _by_line(case, Urgency.HIGH, f"high: a deadline or a loss; saw {_seen(case, 'high')}")


def _no_answer_needed(case: _Case) -> _Choice | None:
    if case.triage.needs_reply or case.sure("needs_reply") < SURE_OF_SILENCE:
        return None
    saw = f"needs_reply false ({case.sure('needs_reply'):.2f})"
    return _by_line(case, Urgency.LOW, f"no_answer_needed: low priority; saw {saw}")


def _review(case: _Case) -> _Choice | None:
    if case.mention.kind is not MentionKind.REVIEW:
        return None
    saw = f"a review with urgency {case.urgency.value}"
    return _by_line(case, Urgency.LOW, f"review: low priority, nobody is waiting; saw {saw}")


def _line(case: _Case) -> _Choice | None:
    saw = f"{case.triage.line.value} ({case.sure('route'):.2f}), urgency {case.urgency.value}"
    return _by_line(case, case.urgency, f"line: as triaged; saw {saw}, topic {case.triage.topic.value}")


_RULES: tuple[Callable[[_Case], _Choice | None], ...] = (
    _critical,
    _unsorted,
    _safety_legal,
    _high,
    _no_answer_needed,
    _review,
    _line,
)


def _second(case: _Case, reason: str) -> _Choice:
    return _Choice(Line.SECOND_LINE.value, Line.SECOND_LINE, case.urgency, reason)


def _by_line(case: _Case, urgency: Urgency, reason: str) -> _Choice:
    return _Choice(case.triage.line.value, case.triage.line, urgency, reason)


def _seen(case: _Case, level: str) -> str:
    label = case.triage.urgency.value
    if label == level:
        return f"urgency {label} ({case.sure('urgency'):.2f})"
    return f"urgency {label}, but {level} with probability {case.sure(level):.2f}"
