"""What a failure looks like on the wire, on X and on Graph: statuses, headers, error objects."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from webcare.sandbox import graph_errors
from webcare.sandbox.faults import Fault

Failure = tuple[int, dict[str, str], bytes]
_PROBLEMS = "https://api.twitter.com/2/problems/"
_JSON = "application/json; charset=utf-8"
_HTML = b"<!DOCTYPE html><html><head><title>Over capacity</title></head><body><h1>Over capacity</h1></body></html>"
_TITLES = {400: "Bad Request", 401: "Unauthorized", 402: "Payment Required", 403: "Forbidden", 404: "Not Found"} | {
    409: "Conflict",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}


def failure(fault: Fault, *, is_x: bool, answer: Sequence[Any], now: datetime, page_id: str) -> Failure:
    """Status, headers and body of a request that was struck; `answer` is what would have been sent."""
    if fault.kind == "answer":
        text = fault.body if isinstance(fault.body, str) else json.dumps(fault.body)
        return fault.status, {"content-type": _JSON, **fault.headers}, text.encode()
    if fault.kind == "unavailable_html":
        return 503, {"content-type": "text/html; charset=utf-8"}, _HTML
    if fault.kind == "empty_200":
        return 200, {"content-type": _JSON}, b""
    if fault.kind == "malformed_json":
        body = b"".join(message.get("body", b"") for message in answer)
        return 200, {"content-type": _JSON}, body[: len(body) // 2]
    return _x_failure(fault, now) if is_x else _graph_failure(fault, page_id)


# --- X -------------------------------------------------------------------------------------------------


def _x_failure(fault: Fault, now: datetime) -> Failure:
    if fault.kind in ("rate_limited", "rate_limited_no_reset"):
        until = {"x-rate-limit-limit": "300", "x-rate-limit-remaining": "0"}
        until["x-rate-limit-reset"] = str(int(now.timestamp() + fault.seconds))
        return _problem(429, "Too Many Requests", headers=until if fault.kind == "rate_limited" else {})
    if fault.kind == "usage_capped":
        return usage_capped()
    if fault.kind == "credits_gone":
        return credits_gone()
    if fault.kind == "errors_only_200":
        kind = _PROBLEMS + "resource-unavailable"
        error = {"title": "Resource Unavailable", "type": kind, "detail": "The service is not available now."}
        error |= {"parameter": "id", "resource_id": "", "resource_type": "user"}
        return 200, {"content-type": _JSON}, json.dumps({"errors": [error]}).encode()
    if fault.kind == "refused":
        return _problem(fault.status, str(fault.body or _TITLES.get(fault.status, "Refused")))
    return _problem(500, "Something is broken.")


def usage_capped() -> Failure:
    """X's answer once the posts of the month are used up: 429 that no window explains."""
    more = {"period": "Monthly", "scope": "Product", "type": _PROBLEMS + "usage-capped", "title": "UsageCapExceeded"}
    return _problem(429, "Usage cap exceeded: Monthly product cap", more=more)


def credits_gone() -> Failure:
    """X's answer once nothing is paid for any more."""
    more = {"title": "CreditsDepleted"}
    return _problem(402, "Your enrolled account does not have any credits to fulfill this request.", more=more)


def _problem(
    status: int, detail: str, *, headers: dict[str, str] | None = None, more: dict[str, Any] | None = None
) -> Failure:
    body = {"title": _TITLES.get(status, "Error"), "type": "about:blank", "status": status, "detail": detail}
    kind = {"content-type": "application/problem+json; charset=utf-8"}
    return status, kind | (headers or {}), json.dumps(body | (more or {})).encode()


# --- Graph -----------------------------------------------------------------------------------------------


#: The code of Graph's error that stands for a status, and for a failure which X tells in another way.
_BY_STATUS = {400: 100, 401: 190, 403: 200, 404: 100, 429: 32}
_CODES = {"usage_capped": 4, "credits_gone": 368, "errors_only_200": 1}


def _graph_failure(fault: Fault, page_id: str) -> Failure:
    limited = fault.kind in ("rate_limited", "rate_limited_no_reset")
    code = 32 if limited else _CODES.get(fault.kind, 2)
    if fault.kind == "refused":
        code = _BY_STATUS.get(fault.status, 2) if fault.code is None else fault.code
    subcode, words = (fault.subcode, str(fault.body or "")) if fault.kind == "refused" else (None, "")
    status, headers, body = graph_errors.failure(code, subcode, words, seconds=fault.seconds, page_id=page_id)
    if fault.kind == "rate_limited_no_reset":
        headers = {"content-type": _JSON}
    return 200 if fault.kind == "errors_only_200" else status, headers, body
