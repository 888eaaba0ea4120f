"""Making the networks fail on purpose, one rule at a time, on the world's own clock.

A rule names the requests it strikes ("GET /x/2/users/*/mentions"), what happens, how often and when. The first rule
that strikes wins. Other rules let new posts show up late, or do something to an account at a certain time. A seed
makes a run with chances repeatable. `fault_language.py` reads rules as people write them.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path
from threading import Lock
from typing import Any, Literal, get_args

from webcare.sandbox.values import Clock, SandboxError, utc_now

Kind = Literal[
    "rate_limited",  # 429, or Graph's own limit error; `seconds` until the reset, default 60
    "rate_limited_no_reset",  # the same without saying when it ends
    "usage_capped",  # X: 429 because the month's posts are used up
    "credits_gone",  # X: 402 because nothing is paid for any more
    "unavailable_html",  # 503 with an HTML page
    "error_before",  # 500 and nothing happened
    "error_after_commit",  # 500 although it happened
    "cut_before",  # the connection breaks and nothing happened
    "cut_after_commit",  # the connection breaks although it happened
    "slow",  # happens and is answered after `seconds`
    "slow_after_commit",  # happens at once, and is answered after `seconds`
    "malformed_json",  # 200, half of the JSON
    "empty_200",  # 200 without a body
    "errors_only_200",  # 200 with errors and no data
    "short_page",  # X lists hold only `size` posts a page, though more follow
    "delay_visibility",  # what is posted shows in lists only after `seconds`
    "refused",  # `status` with a problem of X's, or Graph's error `code` and `subcode`; nothing happened
    "answer",  # `status`, `body` and `headers` as given; nothing happened
]
KINDS = get_args(Kind)


@dataclass(frozen=True, slots=True)
class When:
    """When a rule is in force, in seconds of the world's clock since it was put in."""

    begins_s: float = 0.0
    ends_s: float | None = None
    every_s: float | None = None  #: in force again and again, `lasts_s` at a time
    lasts_s: float = 0.0

    def __post_init__(self) -> None:
        if self.begins_s < 0 or (self.ends_s is not None and self.ends_s <= self.begins_s):
            raise SandboxError("a rule ends after it begins")
        if self.every_s is not None and (self.every_s <= 0 or self.lasts_s > self.every_s):
            raise SandboxError("what comes again and again lasts no longer than until it comes again")

    def holds(self, elapsed: float) -> bool:
        """Whether the rule is in force so many seconds in."""
        if elapsed < self.begins_s or (self.ends_s is not None and elapsed >= self.ends_s):
            return False
        return self.every_s is None or (elapsed - self.begins_s) % self.every_s < self.lasts_s

    def times(self, elapsed: float) -> int:
        """How often something that happens at `begins_s`, and perhaps again and again, was due by then."""
        if elapsed < self.begins_s:
            return 0
        if self.every_s is None:
            return 1
        last = elapsed if self.ends_s is None else min(elapsed, self.ends_s)
        return 1 + int((last - self.begins_s) // self.every_s)


ALWAYS = When()


@dataclass(slots=True)
class Fault:
    """One rule about requests. Without `probability` it strikes the next `count` of them (default: every one)."""

    match: str  #: "METHOD /path", with * for anything; the path begins with /x or /graph
    kind: Kind
    count: int | None = None
    probability: float | None = None
    skip: int = 0  #: let this many matching requests pass first
    seconds: float = 60.0
    size: int = 2
    status: int = 500
    code: int | None = None
    subcode: int | None = None
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    when: When = ALWAYS
    says: str = ""  #: the rule as it was written
    struck: int = 0  #: how often it struck so far

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise SandboxError(f"there is no fault {self.kind!r}; there are {', '.join(KINDS)}")
        method, _, path = self.match.partition(" ")
        if not path.startswith(("/", "*")) or not method:
            raise SandboxError(f"a fault's match reads like 'GET /x/2/users/*/mentions', not {self.match!r}")
        check_probability(self.probability)


@dataclass(slots=True)
class Late:
    """A rule about posts and messages: they show up in lists only `seconds` after they were written."""

    seconds: float
    network: str = ""  #: "x", "facebook" (all of Meta), or empty for every network
    count: int | None = None
    probability: float | None = None
    skip: int = 0
    when: When = ALWAYS
    says: str = ""
    struck: int = 0

    def __post_init__(self) -> None:
        check_probability(self.probability)


@dataclass(slots=True)
class Event:
    """Something that happens to the world at a time, e.g. a token that expires; `fault_events.py` carries it out."""

    act: str
    values: dict[str, Any] = field(default_factory=dict)
    when: When = ALWAYS
    says: str = ""
    struck: int = 0


Rule = Fault | Late | Event


def check_probability(probability: float | None) -> None:
    """Raises SandboxError for a chance outside 0 to 1."""
    if probability is not None and not 0 <= probability <= 1:
        raise SandboxError(f"a probability lies between 0 and 1, not {probability}")


#: What a rule in JSON may hold where not everything will do.
_KINDS_OF_VALUES: dict[str, tuple[type, ...]] = {
    "match": (str,),
    "kind": (str,),
    "count": (int, type(None)),
    "probability": (int, float, type(None)),
    "skip": (int,),
    "seconds": (int, float),
    "size": (int,),
    "status": (int,),
    "code": (int, type(None)),
    "subcode": (int, type(None)),
    "headers": (dict,),
}


def fault_from(rule: Mapping[str, Any]) -> Fault:
    """A rule from JSON; `when` is an object. Raises SandboxError with what is wrong."""
    known = {f.name for f in fields(Fault)} - {"struck", "says"}
    unknown = set(rule) - known
    if unknown or not {"match", "kind"} <= set(rule):
        raise SandboxError(f"a fault has match, kind and some of {', '.join(sorted(known))}; got {dict(rule)}")
    when = rule.get("when", {})
    if not isinstance(when, dict) or not set(when) <= {f.name for f in fields(When)}:
        raise SandboxError(f"a fault's when holds begins_s, ends_s, every_s and lasts_s; got {when!r}")
    for name, kinds in _KINDS_OF_VALUES.items():
        if name in rule and (isinstance(rule[name], bool) or not isinstance(rule[name], kinds)):
            raise SandboxError(f"a fault's {name} cannot be {rule[name]!r}")
    if not all(value is None or isinstance(value, (int, float)) for value in when.values()):
        raise SandboxError(f"a fault's when holds numbers of seconds; got {when!r}")
    return Fault(**{**rule, "when": When(**when)})


def faults_from_json(text: str) -> list[Rule]:
    """The rules in a JSON text: a list of objects. Raises SandboxError."""
    try:
        rules = json.loads(text)
    except ValueError as error:
        raise SandboxError(f"the faults are not JSON: {error}") from error
    if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
        raise SandboxError("the faults must be a list of objects")
    return [fault_from(rule) for rule in rules]


def read_text(path: Path) -> str:
    """The text of a file of faults. Raises SandboxError."""
    try:
        return path.read_text("utf-8")
    except (OSError, ValueError) as error:
        raise SandboxError(f"cannot read the faults in {path}: {error}") from error


class Faults:
    """The rules in force. Safe to change from another thread than the one that serves."""

    def __init__(self, *, seed: int = 0, clock: Clock = utc_now) -> None:
        self._lock = Lock()
        self._clock = clock
        self._seed = seed
        #: Each rule with its own dice and the moment it was put in.
        self._rules: list[tuple[Rule, random.Random, datetime]] = []

    def add(self, match: str, kind: Kind, **more: Any) -> Fault:
        """Add a rule, e.g. `add("POST /x/2/tweets", "cut_after_commit", count=1)`."""
        fault = Fault(match, kind, **more)
        self.extend([fault])
        return fault

    def extend(self, rules: Sequence[Rule]) -> None:
        """Add rules that count from now."""
        now = self._clock()
        with self._lock:
            for rule in rules:
                self._rules.append((rule, random.Random(f"{self._seed} {len(self._rules)}"), now))

    def replace(self, rules: Sequence[Rule]) -> None:
        """Put these rules in the place of all others; their time begins now."""
        with self._lock:
            self._rules = []
        self.extend(rules)

    def clear(self, *, seed: int | None = None) -> None:
        """Let the networks work again; with a seed, start the dice anew."""
        with self._lock:
            self._rules = []
            self._seed = self._seed if seed is None else seed

    def listed(self) -> list[dict[str, Any]]:
        """The rules as plain data, with how often each struck."""
        with self._lock:
            return [asdict(rule) for rule, _, _ in self._rules]

    def strike(self, method: str, path: str) -> Fault | None:
        """The rule that strikes this request, counted."""
        now, request = self._clock(), f"{method} {path}"
        with self._lock:
            for rule, dice, since in self._rules:
                if isinstance(rule, Fault) and fnmatchcase(request, rule.match) and _strikes(rule, dice, since, now):
                    return rule
        return None

    def late(self, network: str) -> float:
        """How many seconds late what is written now on this network shows up in lists."""
        now, found = self._clock(), 0.0
        with self._lock:
            for rule, dice, since in self._rules:
                if isinstance(rule, Late) and rule.network in ("", network) and _strikes(rule, dice, since, now):
                    found = max(found, rule.seconds)
        return found

    def due(self) -> list[Event]:
        """What is to happen to the world now, each once for every time it fell due; in the order of the rules."""
        found: list[Event] = []
        now = self._clock()
        with self._lock:
            for rule, _, since in self._rules:
                if isinstance(rule, Event):
                    times = rule.when.times((now - since).total_seconds())
                    if times > rule.struck:
                        rule.struck = times
                        found.append(rule)
        return found


def _strikes(rule: Fault | Late, dice: random.Random, since: datetime, now: datetime) -> bool:
    if rule.count is not None and rule.struck >= rule.count:
        return False
    if not rule.when.holds((now - since).total_seconds()):
        return False
    if rule.skip > 0:
        rule.skip -= 1
        return False
    if rule.probability is not None and dice.random() >= rule.probability:
        return False
    rule.struck += 1
    return True
