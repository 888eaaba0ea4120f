"""The X API v2 over HTTP: which endpoints there are, who may call them, how often, and in which dialect.

It answers in the words of API description 2.166 ("tweet" dialect) or in the names of 2.167 ("post" dialect).
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from webcare.sandbox import oauth, x_read, x_view, x_write
from webcare.sandbox.limits import Window
from webcare.sandbox.values import BrandAccount, SandboxError
from webcare.sandbox.world import World
from webcare.sandbox.x_call import Answer, Call, Endpoint, Problem, forbidden, invalid, plain_problem

API_VERSION = "2.166"
WINDOW = timedelta(minutes=15)
_SHOW = frozenset({"tweet.fields", "user.fields", "media.fields", "poll.fields", "place.fields", "expansions"})
_LIST = frozenset({"since_id", "until_id", "start_time", "end_time", "max_results", "pagination_token"})
_DM_PARAMS = frozenset({"max_results", "pagination_token", "event_types", "dm_event.fields"}) | _SHOW
_USER_PARAMS = frozenset({"user.fields", "expansions", "tweet.fields"})
#: Requests per 15 minutes for a signed-in user and for an app, as X documents them.
ENDPOINTS = (
    Endpoint("GET", "/2/users/me", x_read.me, 75, 75, _USER_PARAMS, user_only=True),
    Endpoint("GET", "/2/users/by/username/{username}", x_read.user_by_name, 900, 300, _USER_PARAMS),
    Endpoint("GET", "/2/users/{id}", x_read.user_by_id, 900, 300, _USER_PARAMS),
    Endpoint("GET", "/2/users/{id}/mentions", x_read.mentions, 300, 450, _LIST | _SHOW),
    Endpoint("GET", "/2/users/{id}/tweets", x_read.timeline, 900, 10_000, _LIST | _SHOW | {"exclude"}),
    Endpoint(
        "GET", "/2/tweets/search/recent", x_read.search, 300, 450, _LIST | _SHOW | {"query", "next_token", "sort_order"}
    ),
    Endpoint("GET", "/2/tweets", x_read.lookup, 5000, 3500, _SHOW | {"ids"}),
    Endpoint("GET", "/2/tweets/{id}", x_read.lookup_one, 900, 450, _SHOW),
    Endpoint("POST", "/2/tweets", x_write.create, 100, 100, user_only=True, needs="reply"),
    Endpoint("DELETE", "/2/tweets/{id}", x_write.delete, 50, 50, user_only=True, needs="delete"),
    Endpoint("PUT", "/2/tweets/{tweet_id}/hidden", x_write.hide, 50, 50, user_only=True, needs="hide"),
    Endpoint("POST", "/2/users/{id}/likes", x_write.like, 50, 50, user_only=True, needs="like"),
    Endpoint("DELETE", "/2/users/{id}/likes/{tweet_id}", x_write.unlike, 50, 50, user_only=True, needs="like"),
    Endpoint("GET", "/2/dm_events", x_read.dm_events, 15, 15, _DM_PARAMS, user_only=True),
)


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
    async def serve(request: Request) -> Response:
        raw = await request.body()
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
        return _response(status, body, headers)

    return serve


def _answer(
    world: World, endpoint: Endpoint, request: Request, raw: bytes, nonces: oauth.Nonces, headers: dict[str, str]
) -> Answer:
    account, kind = _signed_in(world, request, raw, nonces)
    if endpoint.user_only and kind == "app":
        raise _wrong_kind()
    window = _count(world, endpoint, account, kind)
    headers |= {
        "x-rate-limit-limit": str(window.limit),
        "x-rate-limit-remaining": str(window.remaining),
        "x-rate-limit-reset": str(int(window.reset_at.timestamp())),
        "x-access-level": "read-write-directmessages",
    }
    if window.exceeded:
        raise plain_problem(429, "Too Many Requests", "Too Many Requests")
    if endpoint.needs in account.denied:
        raise forbidden("You are not permitted to perform this action.")
    params = _parameters(request, endpoint, world.options.dialect)
    delay = request.scope.get("state", {}).get("visible_after")
    call = Call(world, account, kind, params, dict(request.path_params), _json_body(request, raw), delay)
    return endpoint.handler(call)


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
        )
    except oauth.Refused as error:
        raise plain_problem(401, "Unauthorized", "Unauthorized") from error
    if account.disconnected:
        raise plain_problem(401, "Unauthorized", "Unauthorized")
    return account, kind


def _wrong_kind() -> Problem:
    detail = (
        "Authenticating with OAuth 2.0 Application-Only is forbidden for this endpoint.  "
        "Supported authentication types are [OAuth 1.0a User Context, OAuth 2.0 User Context]."
    )
    kind = x_view.PROBLEMS + "unsupported-authentication"
    return Problem(403, {"title": "Unsupported Authentication", "detail": detail, "type": kind, "status": 403})


def _count(world: World, endpoint: Endpoint, account: BrandAccount, kind: oauth.Kind) -> Window:
    limit = endpoint.user_limit if kind == "user" else endpoint.app_limit
    name = f"{account.key} {kind} {endpoint.method} {endpoint.path}"
    scaled = max(1, int(limit * world.options.limit_scale))
    return world.windows.take(name, limit=scaled, lasts=WINDOW, now=world.now())


_NEW_NAMES = {"post.fields": "tweet.fields"}


def _parameters(request: Request, endpoint: Endpoint, dialect: str) -> dict[str, str]:
    """The query, in the names of 2.166 whichever dialect it came in. The old names work in both dialects."""
    given = dict(request.query_params)
    if dialect == "post":
        given = {_NEW_NAMES.get(name, name): _old_names(name, value) for name, value in given.items()}
    for name, value in given.items():
        if name not in endpoint.params:
            allowed = ",".join(sorted(endpoint.params))
            raise invalid(name, value, f"The query parameter [{name}] is not one of [{allowed}]")
    return given


def _old_names(name: str, value: str) -> str:
    if name not in ("post.fields", "tweet.fields", "expansions"):
        return value
    old = {new: name for name, new in x_view.RENAMED.items()}
    parts = (part.split(".") for part in value.split(","))
    return ",".join(".".join([old.get(head, head), *rest]) for head, *rest in parts)


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
        {"content-type": f"{kind}; charset=utf-8", "api-version": API_VERSION, "cache-control": "no-store", **headers},
    )
