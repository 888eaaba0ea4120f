"""The Meta Graph API over HTTP, for the webcare of pages and Instagram accounts: versions, tokens, limits, nodes.

It answers as v22.0 to v26.0 do; an expired version is served by the oldest living one, as Meta does. Errors carry
Meta's codes, because clients have nothing else to go by.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from webcare.sandbox import graph_facebook, graph_instagram, graph_messages, graph_tokens, graph_usage
from webcare.sandbox.graph_call import Call
from webcare.sandbox.graph_errors import GraphError, gone, no_field
from webcare.sandbox.graph_lists import Lister, listing
from webcare.sandbox.graph_view import PAGE_LISTS, PageView
from webcare.sandbox.values import SandboxError
from webcare.sandbox.world import World

OLDEST, NEWEST = 22, 26
MAX_BATCH = 50
#: From this version on, GET /?ids=... is refused: Meta wants single requests or a batch.
NO_IDS_FROM = 26
_VERSION = re.compile(r"v(\d{1,3})\.(\d{1,2})")
Answer = dict[str, Any] | list[Any]


@dataclass(slots=True)
class _Asked:
    """One request, or one of a batch: method, path without version, parameters."""

    method: str
    parts: list[str]
    params: dict[str, str]
    version: str
    visible_after: float | None
    page_size: int | None = None  #: the most a list may hold now, whatever is asked for

    @property
    def node(self) -> str:
        return self.parts[0] if self.parts else ""

    @property
    def edge(self) -> str:
        return self.parts[1] if len(self.parts) > 1 else ""


# --- HTTP ----------------------------------------------------------------------------------------------


def routes(world: World) -> list[Route]:
    """One route that takes every path, to be mounted under `/graph`."""

    async def serve(request: Request) -> Response:
        raw = await request.body()
        headers: dict[str, str] = {"facebook-api-version": f"v{NEWEST}.0"}
        with world.lock:
            try:
                params = dict(request.query_params) | _form(request, raw)
                status, body = 200, _answer(world, request, params, headers)
            except GraphError as error:
                status, body = error.status, {"error": {**error.error, "fbtrace_id": _trace(world)}}
        return _response(status, body, headers)

    return [Route("/{path:path}", serve, methods=["GET", "POST", "DELETE"])]


def _form(request: Request, raw: bytes) -> dict[str, str]:
    if "json" not in request.headers.get("content-type", ""):
        return dict(parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True))
    try:
        found = json.loads(raw or b"{}")
    except ValueError as error:
        raise GraphError(100, "(#100) The body is not valid JSON") from error
    if not isinstance(found, dict):
        raise GraphError(100, "(#100) The body must be a JSON object")
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in found.items()}


def _answer(world: World, request: Request, params: dict[str, str], headers: dict[str, str]) -> Answer:
    version, parts = _path(request.path_params["path"])
    headers["facebook-api-version"] = version
    token = params.pop("access_token", "") or request.headers.get("authorization", "").removeprefix("Bearer ")
    method = params.pop("method", request.method).upper()
    bent = request.scope.get("state", {})
    asked = _Asked(method, parts, params, version, bent.get("visible_after"), bent.get("page_size"))
    if asked.node == "debug_token" and method == "GET":
        return graph_tokens.debug(world, token, params.get("input_token", ""))
    signed = graph_tokens.signed_in(world, token)
    graph_tokens.check_proof(signed.account, token, params.pop("appsecret_proof", None))
    if not asked.parts and method == "POST" and "batch" in params:
        return _batch(world, signed, token, asked, headers)
    return _one(world, signed, token, asked, headers)


def _path(path: str) -> tuple[str, list[str]]:
    parts = [part for part in path.split("/") if part]
    match = _VERSION.fullmatch(parts[0]) if parts else None
    if match is None:
        return f"v{OLDEST}.0", parts
    if int(match.group(1)) > NEWEST or match.group(2) not in ("0", "1", "2", "3", "4"):
        raise GraphError(2500, f"Unknown path components: /{'/'.join(parts)}")
    return f"v{max(OLDEST, int(match.group(1)))}.0", parts[1:]


def _trace(world: World) -> str:
    return "A" + hashlib.sha256(f"{world.version} {world.now().isoformat()}".encode()).hexdigest()[:22]


def _response(status: int, body: Answer, headers: Mapping[str, str]) -> Response:
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    kind = {"content-type": "application/json; charset=UTF-8", "cache-control": "private, no-store", **headers}
    if status == 400 and '"code":190' in text:
        kind["www-authenticate"] = 'OAuth "Facebook Platform" "invalid_token" "Error validating access token"'
    return Response(text.encode("utf-8", "replace"), status, kind)


# --- one request, several ids, a batch -----------------------------------------------------------------


def _one(
    world: World, signed: graph_tokens.Signed, token: str, asked: _Asked, headers: dict[str, str]
) -> dict[str, Any]:
    kind = graph_usage.kind_of(world, asked.node, asked.edge)
    graph_usage.count(world, signed.account, kind, headers)
    if asked.method not in ("GET", "POST", "DELETE") or len(asked.parts) > 2:
        raise GraphError(2500, f"Unknown path components: /{'/'.join(asked.parts[1:])}")
    if asked.page_size is not None and asked.edge and asked.params.get("limit", "100").isdecimal():
        asked.params["limit"] = str(min(asked.page_size, int(asked.params.get("limit", "100"))))
    lists = Lister(asked.version, token, world.options.graph_objects)
    call = Call(
        world, signed.account, lists, token, asked.method, asked.node, asked.edge, asked.params, asked.visible_after
    )
    if not asked.node and asked.method == "GET" and asked.params.get("ids"):
        return _read_many(call, asked.version)
    if not asked.node:
        raise GraphError(100, f"Unsupported {asked.method.lower()} request.", kind="GraphMethodException")
    return graph_tokens.read_user(call) if signed.kind == "user" else _handle(call)


def _read_many(call: Call, version: str) -> dict[str, Any]:
    """GET /?ids=a,b: all of them, or the error of the first that cannot be read."""
    if int(version[1:].partition(".")[0]) >= NO_IDS_FROM:
        raise GraphError(100, "(#100) The parameter ids is not supported here any more. Use a batch of requests.")
    found = {}
    for one in call.params["ids"].split(","):
        if not one.replace("_", "").isalnum() or not any(letter.isdigit() for letter in one):
            message = f"(#803) Some of the aliases you requested do not exist: {one}"
            raise GraphError(803, message, status=404)
        call.node = one
        found[one] = _handle(call)
    return found


def _batch(
    world: World, signed: graph_tokens.Signed, token: str, asked: _Asked, headers: dict[str, str]
) -> list[dict[str, Any] | None]:
    """POST / with `batch`: an answer for each request, whatever became of the others. Raises GraphError.

    A batch that takes too long is broken off: what was not begun is answered with null.
    """
    try:
        requests = json.loads(asked.params["batch"])
    except ValueError as error:
        raise GraphError(100, "(#100) param batch must be an array.") from error
    if not isinstance(requests, list) or not all(isinstance(one, dict) for one in requests):
        raise GraphError(100, "(#100) param batch must be an array.")
    if len(requests) > MAX_BATCH:
        raise GraphError(100, f"(#100) Too many requests in batch message. Maximum batch size is {MAX_BATCH}")
    with_headers = asked.params.get("include_headers", "true").lower() != "false"
    begun = requests[: asked.page_size] if asked.page_size is not None else requests
    answers = [_batched(world, signed, token, asked, one, headers, with_headers=with_headers) for one in begun]
    return [*answers, *[None] * (len(requests) - len(begun))]


def _batched(
    world: World,
    signed: graph_tokens.Signed,
    token: str,
    asked: _Asked,
    one: Mapping[str, Any],
    headers: dict[str, str],
    *,
    with_headers: bool,
) -> dict[str, Any]:
    told = {"content-type": "application/json; charset=UTF-8", "facebook-api-version": asked.version}
    status, body = 200, dict[str, Any]()
    try:
        path, _, query = str(one.get("relative_url", "")).partition("?")
        params = dict(parse_qsl(query, keep_blank_values=True)) | dict(parse_qsl(str(one.get("body", ""))))
        if (proof := params.pop("appsecret_proof", None)) is not None:
            graph_tokens.check_proof(signed.account, token, proof)
        method = str(one.get("method", "GET")).upper()
        version, parts = _path(path) if _VERSION.match(path.lstrip("/")) else (asked.version, _path(path)[1])
        body = _one(world, signed, token, _Asked(method, parts, params, version, asked.visible_after), headers)
    except GraphError as error:
        status, body = error.status, {"error": {**error.error, "fbtrace_id": _trace(world)}}
    shown: dict[str, Any] = {"code": status, "body": json.dumps(body, ensure_ascii=False)}
    if with_headers:
        shown["headers"] = [{"name": name, "value": value} for name, value in {**told, **headers}.items()]
    return shown


# --- nodes ---------------------------------------------------------------------------------------------


def _handle(call: Call) -> dict[str, Any]:
    try:
        return _by_node(call)
    except SandboxError as error:
        # what was answered is gone by now, or another rule of the networks was broken
        raise GraphError(100, f"(#100) {error}") from error


def _by_node(call: Call) -> dict[str, Any]:
    if call.node in ("me", call.page_id):
        return _page(call)
    if call.instagram_id and call.node == call.instagram_id:
        return graph_instagram.read_user(call) if call.method == "GET" else graph_instagram.write_user(call)
    if call.node in call.world.instagram.items:
        area: Any = graph_instagram
    elif call.node in call.world.inbox.conversations or call.node in call.world.inbox.messages:
        if call.method != "GET":
            raise gone(call.method, call.node)
        return graph_messages.read(call)
    else:
        area = graph_facebook
    handler = {"GET": area.read, "POST": area.write, "DELETE": area.remove}[call.method]
    found: dict[str, Any] = handler(call)
    return found


def _page(call: Call) -> dict[str, Any]:
    if call.method == "POST" and call.edge == "messages":
        return graph_messages.send(call)
    if call.method == "POST" and call.edge == "feed":
        return graph_facebook.publish(call)
    if call.method != "GET":
        raise gone(call.method, call.node)
    if call.edge == "conversations":
        return graph_messages.conversations(call, call.params, call.fields)
    call.allow("read")
    view = PageView(call)
    if not call.edge:
        threads = {"conversations": lambda asked: graph_messages.conversations(call, asked.modifiers, asked.inner)}
        return view.page(call.page, call.fields, threads)
    if call.edge == "instagram_accounts":
        return graph_instagram.account_of(call)
    if call.edge not in PAGE_LISTS:
        raise no_field(call.edge, "Page")
    return view.on_page(call.edge, listing(call.params), call.fields)
