"""Faults as people write them: one rule a line, `[when and how often:] what`, described in docs/sandbox.md.

    from 00:10 for 5m: GET /x/2/users/*/mentions answers 429 without reset
    1 in 20: POST /x/2/tweets is cut after commit
    at 02:00: the token of x_hemlund expires

Times count from the moment the rules are put in, on the world's clock. What cannot be read is refused with the line
and what is wrong with it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from webcare.sandbox.faults import ALWAYS, Event, Fault, Kind, Late, Rule, When, faults_from_json, read_text
from webcare.sandbox.values import RIGHTS, SandboxError

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_SPAN = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+")
_CLOCK = re.compile(r"(?:(\d+)d\s*)?(\d{1,2}):(\d\d)(?::(\d\d))?")
_OPENERS = re.compile(r"(?:from|until|for|at|every|once|twice|always|after|\d+)\b", re.IGNORECASE)
_METHODS = ("GET", "POST", "PUT", "DELETE", "*")


class LineError(SandboxError):
    """A line of a scenario cannot be read; the message says which and why."""


@dataclass(frozen=True, slots=True)
class _How:
    """What stands before the colon: when, how often."""

    when: When = ALWAYS
    probability: float | None = None
    count: int | None = None
    skip: int = 0
    at_once: bool = False  #: "at 02:00": what comes then, and no more

    def striking(self) -> dict[str, Any]:
        """The same, as a rule about requests or posts takes it. Raises SandboxError if it would never hold."""
        if self.when.every_s is not None and not self.when.lasts_s:
            raise SandboxError("say for how long each time: 'every 30m for 2m: '")
        count = 1 if self.at_once and self.count is None else self.count
        return {"when": self.when, "probability": self.probability, "count": count, "skip": self.skip}


def rules_from_file(path: Path) -> list[Rule]:
    """The rules in a file, in this language or as JSON. Raises SandboxError."""
    return rules_from_text(read_text(path), name=path.name)


def rules_from_text(text: str, *, name: str = "the scenario") -> list[Rule]:
    """The rules in a text, in this language or as JSON. Raises SandboxError, naming the line."""
    if text.lstrip().startswith(("[", "{")):
        return faults_from_json(text)
    rules = []
    for number, line in enumerate(text.splitlines(), 1):
        bare = _without_comment(line)
        if not bare:
            continue
        try:
            rules.append(rule_from(bare))
        except SandboxError as error:
            raise LineError(f"{name}, line {number}: {error}\n    {bare}") from error
    return rules


def rule_from(line: str) -> Rule:
    """One rule. Raises SandboxError with what is wrong."""
    how, what = _How(), line.strip()
    if _OPENERS.match(what):
        head, colon, rest = what.partition(": ")
        if not colon or not rest.strip():
            raise SandboxError("there is no ': ' between when and what")
        how, what = _how(head), rest.strip()
    rule = _about_requests(what, how) or _about_posts(what, how) or _about_the_world(what, how)
    if rule is None:
        raise SandboxError(_not_understood(what))
    rule.says = line.strip()
    return rule


def _without_comment(line: str) -> str:
    return re.sub(r"(?:^|\s)#(?=\s|$).*", "", line).strip()


# --- when and how often ----------------------------------------------------------------------------------


def seconds(text: str) -> float:
    """A stretch of time such as 90s, 5m, 1h30m or 250ms, in seconds. Raises SandboxError."""
    if not _SPAN.fullmatch(text):
        raise SandboxError(f"{text!r} is not a stretch of time; write 90s, 5m, 1h30m or 250ms")
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)", text)
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


def _moment(text: str) -> float:
    found = _CLOCK.fullmatch(text)
    if found is None:
        return seconds(text) if _SPAN.fullmatch(text) else _no_moment(text)
    days, hours, minutes, rest = (int(part or 0) for part in found.groups())
    if minutes > 59 or rest > 59:
        return _no_moment(text)
    return days * 86_400.0 + hours * 3600.0 + minutes * 60.0 + rest


def _no_moment(text: str) -> float:
    raise SandboxError(f"{text!r} is not a time since the start; write 00:10, 02:00:30, 1d 06:00 or 90s")


_T = r"(\d+d\s*\d{1,2}:\S+|\S+)"


def _how(head: str) -> _How:
    how = _How()
    for part in (one.strip() for one in head.split(",")):
        reader = next(((read, found) for pattern, read in _HOWS if (found := pattern.fullmatch(part))), None)
        if reader is None:
            raise SandboxError(f"{part!r} says neither when nor how often")
        how = reader[0](how, [group for group in reader[1].groups() if group is not None])
    return how


def _timed(how: _How, begins: float, ends: float | None, every: float | None = None, lasts: float = 0.0) -> _How:
    if how.when is not ALWAYS:
        raise SandboxError("one rule has one time; write another line for the other")
    return replace(how, when=When(begins, ends, every, lasts))


def _chance(how: _How, given: list[str]) -> _How:
    part, whole = int(given[0]), int(given[1])
    if not 1 <= part <= whole:
        raise SandboxError(f"{part} in {whole} is not a chance")
    return replace(how, probability=part / whole)


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text.replace(" ", r"\s+"), re.IGNORECASE)


_HOWS: tuple[tuple[re.Pattern[str], Callable[[_How, list[str]], _How]], ...] = (
    (_pattern(f"from {_T} for (\\S+)"), lambda how, g: _timed(how, _moment(g[0]), _moment(g[0]) + seconds(g[1]))),
    (_pattern(f"from {_T} until {_T}"), lambda how, g: _timed(how, _moment(g[0]), _moment(g[1]))),
    (_pattern(f"from {_T}"), lambda how, g: _timed(how, _moment(g[0]), None)),
    (_pattern(f"until {_T}"), lambda how, g: _timed(how, 0.0, _moment(g[0]))),
    (_pattern(r"for (\S+)"), lambda how, g: _timed(how, 0.0, seconds(g[0]))),
    (_pattern(f"at {_T}"), lambda how, g: replace(_timed(how, _moment(g[0]), None), at_once=True)),
    (
        _pattern(f"every (\\S+) for (\\S+) from {_T}"),
        lambda how, g: _timed(how, _moment(g[2]), None, seconds(g[0]), seconds(g[1])),
    ),
    (_pattern(r"every (\S+) for (\S+)"), lambda how, g: _timed(how, 0.0, None, seconds(g[0]), seconds(g[1]))),
    (_pattern(f"every (\\S+) from {_T}"), lambda how, g: _timed(how, _moment(g[1]), None, seconds(g[0]))),
    (_pattern(r"every (\S+)"), lambda how, g: _timed(how, seconds(g[0]), None, seconds(g[0]))),
    (_pattern(r"always"), lambda how, g: how),
    (_pattern(r"once"), lambda how, g: replace(how, count=1)),
    (_pattern(r"twice"), lambda how, g: replace(how, count=2)),
    (_pattern(r"(\d+) times"), lambda how, g: replace(how, count=int(g[0]))),
    (_pattern(r"(\d+) in (\d+)"), _chance),
    (_pattern(r"after (\d+) requests?"), lambda how, g: replace(how, skip=int(g[0]))),
)


# --- what happens to requests ------------------------------------------------------------------------------

Effect = tuple[Kind, dict[str, Any]]
_WORDS = r'(?: (?:saying )?"([^"]*)")?'
_EFFECTS: tuple[tuple[re.Pattern[str], Callable[[list[Any]], Effect]], ...] = (
    (_pattern("answers 429 without reset"), lambda g: ("rate_limited_no_reset", {})),
    (_pattern(r"answers 429(?: with reset in (\S+))?"), lambda g: ("rate_limited", _in_s(g[0]))),
    (_pattern("answers usage-capped"), lambda g: ("usage_capped", {})),
    (_pattern("answers 402"), lambda g: ("credits_gone", {})),
    (_pattern("answers 503(?: html)?"), lambda g: ("unavailable_html", {})),
    (_pattern("answers 500(?: before commit)?"), lambda g: ("error_before", {})),
    (_pattern("answers 500 after commit"), lambda g: ("error_after_commit", {})),
    (_pattern("answers half of the JSON"), lambda g: ("malformed_json", {})),
    (_pattern("answers nothing"), lambda g: ("empty_200", {})),
    (_pattern("answers only errors"), lambda g: ("errors_only_200", {})),
    (
        _pattern(r"answers error (\d+)(?:/(\d+))?" + _WORDS),
        lambda g: ("refused", {"code": int(g[0]), "subcode": int(g[1]) if g[1] else None, "body": g[2]}),
    ),
    (_pattern(r"answers ([45]\d\d)" + _WORDS), lambda g: ("refused", {"status": int(g[0]), "body": g[1]})),
    (_pattern("is cut before commit"), lambda g: ("cut_before", {})),
    (_pattern("is cut after commit"), lambda g: ("cut_after_commit", {})),
    (_pattern(r"takes (\S+)"), lambda g: ("slow", {"seconds": seconds(g[0])})),
    (_pattern(r"takes (\S+) after commit"), lambda g: ("slow_after_commit", {"seconds": seconds(g[0])})),
    (_pattern(r"shows up (\S+) late"), lambda g: ("delay_visibility", {"seconds": seconds(g[0])})),
    (_pattern(r"holds (\d+) a page"), lambda g: ("short_page", {"size": int(g[0])})),
)
_EFFECT_NAMES = (
    "answers 429",
    "answers 429 without reset",
    "answers 429 with reset in 5m",
    "answers usage-capped",
    "answers 402",
    "answers 503 html",
    "answers 500",
    "answers 500 after commit",
    "answers half of the JSON",
    "answers nothing",
    "answers only errors",
    "answers error 190/463",
    'answers 403 "why"',
    "is cut before commit",
    "is cut after commit",
    "takes 30s",
    "takes 30s after commit",
    "shows up 90s late",
    "holds 2 a page",
)


def _in_s(given: str | None) -> dict[str, Any]:
    return {"seconds": seconds(given)} if given else {}


def _about_requests(what: str, how: _How) -> Fault | None:
    method, _, rest = what.partition(" ")
    if method not in _METHODS:
        if method.upper() in _METHODS:
            raise SandboxError(f"write {method!r} in capitals")
        return None
    path, _, effect = rest.strip().partition(" ")
    if not path.startswith(("/x/", "/graph/", "*")):
        raise SandboxError(f"a path begins with /x/ or /graph/ (or is *), not {path!r}")
    for pattern, read in _EFFECTS:
        if found := pattern.fullmatch(effect.strip()):
            kind, more = read(list(found.groups()))
            if kind == "refused" and "code" in more and not path.startswith("/graph/"):
                raise SandboxError('only Graph answers with error codes; on X write: answers 403 "why"')
            return Fault(f"{method} {path}", kind, **{**how.striking(), **more})
    near = get_close_matches(effect.strip(), _EFFECT_NAMES, n=1, cutoff=0.4)
    hint = f"did you mean {near[0]!r}?" if near else f"there is: {', '.join(_EFFECT_NAMES)}"
    raise SandboxError(f"no request {effect.strip()!r}; {hint}" if effect.strip() else f"{what!r} does not say what")


def _about_posts(what: str, how: _How) -> Late | None:
    found = _pattern(r"new posts(?: on (x|facebook))? show up (\S+) late").fullmatch(what)
    if found is None:
        return None
    return Late(seconds(found[2]), (found[1] or "").lower(), **how.striking())


# --- what happens to the world -----------------------------------------------------------------------------

_KEY, _HANDLE = r"([A-Za-z0-9_-]+)", r"@([A-Za-z0-9_]{1,15})"
_META = r"@([\w.]{1,30}) on (facebook|instagram)"
_ACTS: tuple[tuple[re.Pattern[str], Callable[[list[str]], tuple[str, dict[str, Any]]]], ...] = (
    (_pattern(f"the token of {_KEY} expires"), lambda g: ("token", {"account": g[0], "state": "expired"})),
    (_pattern(f"the token of {_KEY} is revoked"), lambda g: ("token", {"account": g[0], "state": "revoked"})),
    (_pattern(f"the token of {_KEY} works again"), lambda g: ("token", {"account": g[0], "state": ""})),
    (
        _pattern(f"the password of {_KEY} is changed"),
        lambda g: ("token", {"account": g[0], "state": "password_changed"}),
    ),
    (_pattern(f"{_KEY} may not ([a-z_]+)"), lambda g: ("deny", {"account": g[0], "right": _right(g[1])})),
    (_pattern(f"{_KEY} may do everything"), lambda g: ("allow", {"account": g[0], "right": ""})),
    (_pattern(f"{_KEY} may ([a-z_]+) again"), lambda g: ("allow", {"account": g[0], "right": _right(g[1])})),
    (_pattern(f"{_HANDLE} is suspended"), lambda g: ("person", {"handle": g[0], "suspended": True})),
    (_pattern(f"{_META} closes the account"), lambda g: ("person", {**_of_meta(g), "suspended": True})),
    (_pattern(f"{_META} hides from the brand"), lambda g: ("person", {**_of_meta(g), "unseen": True})),
    (_pattern(f"{_META} is back"), lambda g: ("person", {**_of_meta(g), "suspended": False, "unseen": False})),
    (_pattern(f"{_HANDLE} becomes protected"), lambda g: ("person", {"handle": g[0], "protected": True})),
    (_pattern(f"{_HANDLE} is back"), lambda g: ("person", {"handle": g[0], "suspended": False, "protected": False})),
    (_pattern(f"{_HANDLE} deletes every post"), lambda g: ("delete", {"handle": g[0]})),
    (_pattern(f"{_HANDLE} is renamed to {_HANDLE}"), lambda g: ("person", {"handle": g[0], "renamed": g[1]})),
    (_pattern(r"option ([a-z_]+) is (\S+)"), lambda g: ("option", {g[0]: _value(g[1])})),
)
_ACT_NAMES = (
    "the token of x_hemlund expires",
    "the token of x_hemlund is revoked",
    "the token of x_hemlund works again",
    "the password of fb_hemlund is changed",
    "x_hemlund may not reply",
    "x_hemlund may reply again",
    "x_hemlund may do everything",
    "@jan is suspended",
    "@jan becomes protected",
    "@jan is back",
    "@jan is renamed to @piet",
    "@jan deletes every post",
    "@jan on facebook closes the account",
    "@jan on instagram hides from the brand",
    "@jan on instagram is back",
    "option limit_scale is 0.5",
    "new posts show up 90s late",
    "GET /x/2/tweets answers 429",
)


def _of_meta(given: list[str]) -> dict[str, Any]:
    return {"handle": given[0], "network": given[1].lower()}


def _right(name: str) -> str:
    if name not in RIGHTS:
        raise SandboxError(f"there is no right {name!r}; there are {', '.join(RIGHTS)}")
    return name


def _value(text: str) -> Any:
    words = {"on": True, "off": False, "true": True, "false": False}
    if text.lower() in words:
        return words[text.lower()]
    try:
        return float(json.loads(text))
    except (ValueError, TypeError):
        return text


def _about_the_world(what: str, how: _How) -> Event | None:
    for pattern, read in _ACTS:
        if found := pattern.fullmatch(what):
            act, values = read(list(found.groups()))
            if how.probability is not None or how.count is not None or how.skip:
                raise SandboxError("what happens to the world happens at a time; write 'at 02:00: ' or 'every 6h: '")
            return Event(act, values, how.when)
    return None


def _not_understood(what: str) -> str:
    near = get_close_matches(what, _ACT_NAMES, n=1, cutoff=0.4)
    hint = f"did you mean something like {near[0]!r}?" if near else f"a rule reads like {_ACT_NAMES[-1]!r}"
    return f"{what!r} is not understood; {hint}"
