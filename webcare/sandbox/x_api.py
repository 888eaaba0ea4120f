"""The X API v2 over HTTP: which endpoints there are, who may call them, how often, and in which dialect.

It answers in the words of API description 2.166 ("tweet" dialect) or in the names of 2.167 ("post" dialect).
"""

from __future__ import annotations

import hashlib
import itertools
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from webcare.sandbox import oauth, x_view
from webcare.sandbox.limits import Window
from webcare.sandbox.values import BrandAccount, SandboxError
from webcare.sandbox.world import World
from webcare.sandbox.x_call import (
    Answer,
    Call,
    Endpoint,
    Problem,
    credits_gone,
    forbidden,
    invalid,
    plain_problem,
    usage_capped,
)
from webcare.sandbox.x_endpoints import ENDPOINTS

API_VERSION = "2.166"
WINDOW = timedelta(minutes=15)
DAY = timedelta(hours=24)
#: What X sends with every answer.
_ALWAYS = {
    "cache-control": "no-cache, no-store, max-age=0",
    "content-disposition": "attachment; filename=json.json",
    "server": "tsa_b",
    "strict-transport-security": "max-age=631138519",
    "x-content-type-options": "nosniff",
    "x-frame-options": "SAMEORIGIN",
    "x-xss-protection": "0",
    "x-connection-hash": hashlib.sha256(b"webcare sandbox connection").hexdigest(),
}


# --- HTTP ----------------------------------------------------------------------------------------------


def routes(world: World) -> list[Route]:
    """The endpoints, to be mounted under `/x`."""
    nonces = oauth.Nonces()
    by_path: dict[str, list[Endpoint]] = {}
    for endpoint in ENDPOINTS:
        by_path.setdefault(endpoint.path, []).append(endpoint)
    known = [
        Route(path, _serve(world, {e.method: e for e in group}, nonces), methods=[e.method for e in group])
        for path, group in by_path.items()
    ]
    return [*known, Route("/{rest:path}", _nowhere, methods=["GET", "POST", "PUT", "PATCH", "DELETE"])]


async def _nowhere(request: Request) -> Response:
    return _response(404, {"title": "Not Found", "detail": "Not Found", "type": "about:blank", "status": 404}, {})


def _serve(
    world: World, by_method: Mapping[str, Endpoint], nonces: oauth.Nonces
) -> Callable[[Request], Awaitable[Response]]:
    transactions = itertools.count(0x1018770493C7E885)

    async def serve(request: Request) -> Response:
        started, raw = time.monotonic(), await request.body()
        endpoint = by_method["GET" if request.method == "HEAD" else request.method]
        headers: dict[str, str] = {}
        with world.lock:
            try:
                status, body = _answer(world, endpoint, request, raw, nonces, headers)
            except Problem as problem:
                status, body = problem.status, problem.body
            except SandboxError as error:
                status, body = 400, plain_problem(400, "Invalid Request", str(error)).body
            if world.options.dialect == "post":
                body = x_view.in_dialect(body)
        headers |= _where_it_is(status, body)
        headers["x-response-time"] = str(round(1000 * (time.monotonic() - started)))
        headers["x-transaction-id"] = f"{next(transactions):016x}"
        return _response(status, body, headers)

    return serve


def _where_it_is(status: int, body: dict[str, Any]) -> dict[str, str]:
    """The address of something just made, quoted where X quotes it."""
    made = body.get("data", {}) if status == 201 else {}
    if "dm_event_id" in made:
        return {"location": f'https://api.twitter.com/2/dm_events/"{made["dm_event_id"]}"'}
    return {"location": f"https://api.twitter.com/2/tweets/{made['id']}"} if "id" in made else {}


def _answer(
    world: World, endpoint: Endpoint, request: Request, raw: bytes, nonces: oauth.Nonces, headers: dict[str, str]
) -> Answer:
    account, kind = _signed_in(world, request, raw, nonces)
    if endpoint.user_only and kind == "app":
        raise _wrong_kind()
    windows = _count(world, endpoint, account, kind)
    headers |= {"x-access-level": "read-write-directmessages"}
    for prefix, window in windows.items():
        headers |= _announced(prefix, window)
    if any(window.exceeded for window in windows.values()):
        raise plain_problem(429, "Too Many Requests", "Too Many Requests")
    _check_paid(world, endpoint, account)
    if endpoint.needs in account.denied:
        raise forbidden("You are not permitted to perform this action.")
    params = _parameters(request, endpoint, world.options.dialect)
    bent = request.scope.get("state", {})
    body = _json_body(request, raw)
    late, size = bent.get("visible_after"), bent.get("page_size")
    call = Call(world, account, kind, params, dict(request.path_params), body, late, size)
    status, answer = endpoint.handler(call)
    _meter(call, endpoint, answer)
    return status, answer


def _signed_in(world: World, request: Request, raw: bytes, nonces: oauth.Nonces) -> tuple[BrandAccount, oauth.Kind]:
    is_form = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
    try:
        account, kind = oauth.identify(
            request.headers.get("authorization", ""),
            method=request.method,
            path=path,
            query=request.scope.get("query_string", b"").decode("ascii", "replace"),
            form=raw.decode("utf-8", "replace") if is_form else "",
            accounts=world.brands("x"),
            nonces=nonces,
            own=[f"http://{request.headers.get('host', '')}{request.scope.get('root_path', '')}"],
        )
    except oauth.Refused as error:
        raise plain_problem(401, "Unauthorized", "Unauthorized") from error
    expired = account.expires_at is not None and account.expires_at <= world.now()
    if account.disconnected or expired:
        raise plain_problem(401, "Unauthorized", "Unauthorized")
    return account, kind


def _wrong_kind() -> Problem:
    detail = (
        "Authenticating with OAuth 2.0 Application-Only is forbidden for this endpoint.  "
        "Supported authentication types are [OAuth 1.0a User Context, OAuth 2.0 User Context]."
    )
    kind = x_view.PROBLEMS + "unsupported-authentication"
    return Problem(403, {"title": "Unsupported Authentication", "detail": detail, "type": kind, "status": 403})


def _count(world: World, endpoint: Endpoint, account: BrandAccount, kind: oauth.Kind) -> dict[str, Window]:
    """The windows this request was counted in, by the beginning of the headers that announce them."""
    limit = endpoint.user_limit if kind == "user" else endpoint.app_limit
    name = f"{account.key} {kind} {endpoint.pool or f'{endpoint.method} {endpoint.path}'}"
    scale, now = world.options.limit_scale, world.now()
    found = {"x-rate-limit": world.windows.take(name, limit=int(limit * scale), lasts=WINDOW, now=now)}
    if endpoint.per_day:
        who = account.key if endpoint.day_of == "user" else account.secrets.get("api_key", account.key)
        day = f"{who} {endpoint.pool or f'{endpoint.method} {endpoint.path}'} day"
        whole = int(endpoint.per_day * scale)
        found[f"x-{endpoint.day_of}-limit-24hour"] = world.windows.take(day, limit=whole, lasts=DAY, now=now)
    return found


def _check_paid(world: World, endpoint: Endpoint, account: BrandAccount) -> None:
    """Raises Problem if the account's credits or its posts of the month are used up."""
    meter, options = world.x.meter, world.options
    if options.x_credit_usd and meter.spent(account.key) >= options.x_credit_usd * 1_000_000:
        raise credits_gone()
    capped = options.x_post_cap and endpoint.reads == "post_read"
    if capped and meter.posts_of_month(account.key, world.now()) >= options.x_post_cap:
        raise usage_capped()


def _meter(call: Call, endpoint: Endpoint, answer: dict[str, Any]) -> None:
    found = answer.get("data")
    if not endpoint.reads or not found:
        return
    # our own mentions and timeline are X's "owned reads"
    what = "owned_read" if endpoint.reads == "post_read" and call.path.get("id") == call.me.id else endpoint.reads
    ids = [one["id"] for one in (found if isinstance(found, list) else [found])]
    call.world.x.meter.read(call.account.key, what, ids, call.world.now())


def _announced(prefix: str, window: Window) -> dict[str, str]:
    return {
        f"{prefix}-limit": str(window.limit),
        f"{prefix}-remaining": str(window.remaining),
        f"{prefix}-reset": str(int(window.reset_at.timestamp())),
    }


_NEW_NAMES = {"post.fields": "tweet.fields"}
#: What 2.167 took in, by parameter; nothing here has them, so they are understood and left out.
_NEW_VALUES = {
    "tweet.fields": frozenset({"article_title"}),
    "user.fields": frozenset({"subscribes_to_you"}),
    "expansions": frozenset({"username"}),
}


def _parameters(request: Request, endpoint: Endpoint, dialect: str) -> dict[str, str]:
    """The query, in the names of 2.166 whichever dialect it came in. The old names work in both dialects."""
    given = dict(request.query_params)
    if dialect == "post":
        given = _in_old_names(given)
    for name, value in given.items():
        if name not in endpoint.params:
            allowed = ",".join(sorted(endpoint.params))
            raise invalid(name, value, f"The query parameter [{name}] is not one of [{allowed}]")
    return given


def _in_old_names(given: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for new, value in given.items():
        name = _NEW_NAMES.get(new, new)
        values = [one for one in _old_names(name, value) if one not in _NEW_VALUES.get(name, ())]
        if values:
            found[name] = ",".join(values)
    return found


def _old_names(name: str, value: str) -> list[str]:
    if name not in _NEW_VALUES:
        return [value]
    old = {new: name for name, new in x_view.RENAMED.items()}
    parts = (part.split(".") for part in value.split(","))
    found = [".".join([old.get(head, head), *rest]) for head, *rest in parts]
    if name == "expansions":  # 2.167 expands "referenced_posts", where 2.166 said "referenced_tweets.id"
        return ["referenced_tweets.id" if one == "referenced_tweets" else one for one in found]
    return found


def _json_body(request: Request, raw: bytes) -> dict[str, Any]:
    if request.method not in ("POST", "PUT", "PATCH") or not raw:
        return {}
    try:
        body = json.loads(raw)
    except ValueError as error:
        raise invalid("body", "", "Requests with bodies must have content-type of application/json.") from error
    if not isinstance(body, dict):
        raise invalid("body", "", "The body must be a JSON object.")
    return body


def _response(status: int, body: dict[str, Any], headers: dict[str, str]) -> Response:
    kind = "application/json" if status < 400 else "application/problem+json"
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Response(
        text.encode("utf-8", "replace"),
        status,
        {"content-type": f"{kind}; charset=utf-8", "api-version": API_VERSION, **_ALWAYS, **headers},
    )
