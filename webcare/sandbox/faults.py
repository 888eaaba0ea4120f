"""Making the networks fail on purpose, one rule at a time.

A rule names the requests it strikes ("GET /x/2/users/*/mentions"), what happens, and how often. The first rule that
strikes wins. A seed makes a run with probabilities repeatable.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import asdict, dataclass, field, fields
from fnmatch import fnmatchcase
from pathlib import Path
from threading import Lock
from typing import Any, Literal, get_args

from webcare.sandbox.values import SandboxError

Kind = Literal[
    "rate_limited",  # 429, or Graph's own limit error; `seconds` until the reset, default 60
    "rate_limited_no_reset",  # the same without saying when it ends
    "unavailable_html",  # 503 with an HTML page
    "error_before",  # 500 and nothing happened
    "error_after_commit",  # 500 although it happened
    "cut_before",  # the connection breaks and nothing happened
    "cut_after_commit",  # the connection breaks although it happened
    "slow",  # answers after `seconds`
    "malformed_json",  # 200, half of the JSON
    "empty_200",  # 200 without a body
    "errors_only_200",  # 200 with errors and no data
    "delay_visibility",  # what is posted shows in lists only after `seconds`
    "answer",  # `status`, `body` and `headers` as given; nothing happened
]
KINDS = get_args(Kind)
Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Cut = Callable[[Scope], None]


@dataclass(slots=True)
class Fault:
    """One rule. Without `probability` it strikes the next `count` requests (default: every one)."""

    match: str  #: "METHOD /path", with * for anything; the path begins with /x or /graph
    kind: Kind
    count: int | None = None
    probability: float | None = None
    skip: int = 0  #: let this many matching requests pass first
    seconds: float = 60.0
    status: int = 500
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    struck: int = 0  #: how often it struck so far

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise SandboxError(f"there is no fault {self.kind!r}; there are {', '.join(KINDS)}")
        method, _, path = self.match.partition(" ")
        if not path.startswith(("/", "*")) or not method:
            raise SandboxError(f"a fault's match reads like 'GET /x/2/users/*/mentions', not {self.match!r}")
        if self.probability is not None and not 0 <= self.probability <= 1:
            raise SandboxError(f"a probability lies between 0 and 1, not {self.probability}")


def fault_from(rule: Mapping[str, Any]) -> Fault:
    """A rule from JSON. Raises SandboxError with what is wrong."""
    known = {f.name for f in fields(Fault)} - {"struck"}
    unknown = set(rule) - known
    if unknown or not {"match", "kind"} <= set(rule):
        raise SandboxError(f"a fault has match, kind and some of {', '.join(sorted(known))}; got {dict(rule)}")
    return Fault(**rule)


def faults_from_file(path: Path) -> list[Fault]:
    """The rules in a JSON file: a list of objects. Raises SandboxError."""
    try:
        rules = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise SandboxError(f"cannot read the faults in {path}: {error}") from error
    if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
        raise SandboxError(f"{path} must hold a list of faults")
    return [fault_from(rule) for rule in rules]


class Faults:
    """The rules in force. Safe to change from another thread than the one that serves."""

    def __init__(self, *, seed: int = 0) -> None:
        self._lock = Lock()
        self._rules: list[Fault] = []
        self._random = random.Random(seed)

    def add(self, match: str, kind: Kind, **more: Any) -> Fault:
        """Add a rule, e.g. `add("POST /x/2/tweets", "cut_after_commit", count=1)`."""
        fault = Fault(match, kind, **more)
        with self._lock:
            self._rules.append(fault)
        return fault

    def replace(self, rules: list[Fault]) -> None:
        """Put these rules in the place of all others."""
        with self._lock:
            self._rules = list(rules)

    def clear(self, *, seed: int | None = None) -> None:
        """Let the networks work again; with a seed, start the dice anew."""
        with self._lock:
            self._rules = []
            if seed is not None:
                self._random = random.Random(seed)

    def listed(self) -> list[dict[str, Any]]:
        """The rules as plain data, with how often each struck."""
        with self._lock:
            return [asdict(rule) for rule in self._rules]

    def strike(self, method: str, path: str) -> Fault | None:
        """The rule that strikes this request, counted."""
        with self._lock:
            return next((rule for rule in self._rules if self._strikes(rule, f"{method} {path}")), None)

    def _strikes(self, rule: Fault, request: str) -> bool:
        if not fnmatchcase(request, rule.match) or (rule.count is not None and rule.struck >= rule.count):
            return False
        if rule.skip > 0:
            rule.skip -= 1
            return False
        if rule.probability is not None and self._random.random() >= rule.probability:
            return False
        rule.struck += 1
        return True


class FaultyNetworks:
    """Stands in front of the networks and lets the rules strike."""

    def __init__(self, app: App, faults: Faults, cut: Cut) -> None:
        self._app = app
        self._faults = faults
        self._cut = cut

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or make it fail."""
        path = scope.get("path", "")
        if scope["type"] != "http" or not path.startswith(("/x/", "/graph/")):
            return await self._app(scope, receive, send)
        fault = self._faults.strike(scope["method"], path)
        if fault is None:
            return await self._app(scope, receive, send)
        return await self._fail(fault, scope, receive, send)

    async def _fail(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        if fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
            return await self._app(scope, receive, send)
        if fault.kind == "delay_visibility":
            scope.setdefault("state", {})["visible_after"] = fault.seconds
            return await self._app(scope, receive, send)
        answer: list[Message] = []
        if fault.kind in ("error_after_commit", "cut_after_commit", "malformed_json"):
            await self._app(scope, receive, _into(answer))
        if fault.kind in ("cut_before", "cut_after_commit"):
            self._cut(scope)
            await asyncio.sleep(0.01)  # lets the loop notice that the connection is gone before we return
            return None
        status, headers, body = _failure(fault, scope["path"].startswith("/x/"), answer)
        return await _answer(send, status, headers, body)


def _into(answer: list[Message]) -> Send:
    async def send(message: Message) -> None:
        answer.append(message)

    return send


def _failure(fault: Fault, is_x: bool, answer: list[Message]) -> tuple[int, dict[str, str], bytes]:
    as_json = {"content-type": "application/json; charset=utf-8"}
    as_problem = {"content-type": "application/problem+json; charset=utf-8"} if is_x else as_json
    if fault.kind == "answer":
        text = fault.body if isinstance(fault.body, str) else json.dumps(fault.body)
        return fault.status, {**as_json, **fault.headers}, text.encode()
    if fault.kind == "unavailable_html":
        page = (
            b"<!DOCTYPE html><html><head><title>Over capacity</title></head><body><h1>Over capacity</h1></body></html>"
        )
        return 503, {"content-type": "text/html; charset=utf-8"}, page
    if fault.kind == "empty_200":
        return 200, as_json, b""
    if fault.kind == "malformed_json":
        body = b"".join(message.get("body", b"") for message in answer)
        return 200, as_json, body[: len(body) // 2]
    if fault.kind in ("rate_limited", "rate_limited_no_reset"):
        return _limited(fault, is_x, as_problem)
    if fault.kind == "errors_only_200":
        return 200, as_json, json.dumps(_errors_only(is_x)).encode()
    return 500, as_problem, json.dumps(_internal(is_x)).encode()


def _limited(fault: Fault, is_x: bool, as_json: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
    says_when = fault.kind == "rate_limited"
    if is_x:
        body: dict[str, Any] = {
            "title": "Too Many Requests",
            "detail": "Too Many Requests",
            "type": "about:blank",
            "status": 429,
        }
        until = {"x-rate-limit-limit": "300", "x-rate-limit-remaining": "0"}
        until["x-rate-limit-reset"] = str(int(time.time() + fault.seconds))
        return 429, {**as_json, **(until if says_when else {})}, json.dumps(body).encode()
    body = {"error": {"message": "(#32) Page request limit reached", "type": "OAuthException", "code": 32}}
    usage = {"type": "pages", "call_count": 100, "total_cputime": 20, "total_time": 20}
    usage["estimated_time_to_regain_access"] = max(1, round(fault.seconds / 60))
    headers = {"x-business-use-case-usage": json.dumps({"1100000001": [usage]})} if says_when else {}
    return 403, {**as_json, **headers}, json.dumps(body).encode()


def _errors_only(is_x: bool) -> dict[str, Any]:
    if not is_x:
        return {"error": {"message": "An unknown error has occurred.", "type": "OAuthException", "code": 1}}
    kind = "https://api.twitter.com/2/problems/resource-unavailable"
    return {"errors": [{"title": "Resource Unavailable", "type": kind, "detail": "The service is not available now."}]}


def _internal(is_x: bool) -> dict[str, Any]:
    if is_x:
        return {
            "title": "Internal Server Error",
            "type": "about:blank",
            "status": 500,
            "detail": "Something is broken.",
        }
    message = "An unexpected error has occurred. Please retry your request later."
    return {"error": {"message": message, "type": "OAuthException", "is_transient": True, "code": 2}}


async def _answer(send: Send, status: int, headers: dict[str, str], body: bytes) -> None:
    pairs = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    pairs.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": body})
