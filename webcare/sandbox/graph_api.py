"""The Meta Graph API over HTTP, for a page's webcare: tokens, proofs, limits, versions, nodes and edges.

It answers as v22.0 to v26.0 do; an expired version is served by the oldest living one, as Meta does. Errors carry
Meta's codes, because clients have nothing else to go by.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from webcare.sandbox.graph_fields import Field, FieldsError, parse_fields
from webcare.sandbox.graph_view import PAGE_EDGES, GraphError, GraphView, listing
from webcare.sandbox.limits import Window
from webcare.sandbox.values import BrandAccount, FbItem, User
from webcare.sandbox.world import World

OLDEST, NEWEST = 22, 26
#: Calls per hour and page before Meta answers that there were too many.
CALLS_PER_HOUR = 4800
MAX_COMMENT = 8000
_VERSION = re.compile(r"v(\d{1,3})\.(\d{1,2})")
_DISCONNECTED: Mapping[str, tuple[int, str]] = {
    "expired": (463, "Error validating access token: Session has expired."),
    "password_changed": (
        460,
        "Error validating access token: The session has been invalidated because the user changed their password "
        "or Facebook has changed the session for security reasons.",
    ),
    "revoked": (458, "Error validating access token: The user has not authorized application."),
}


@dataclass(slots=True)
class Call:
    """One request being answered: who asks, for what, with which parameters."""

    world: World
    account: BrandAccount
    view: GraphView
    method: str
    node: str
    edge: str
    params: dict[str, str]
    visible_after: float | None

    @property
    def page(self) -> User:
        """The page whose token this is."""
        return self.world.users[("facebook", self.account.user_id)]

    @property
    def fields(self) -> tuple[Field, ...]:
        """The `fields` parameter. Raises GraphError."""
        text = self.params.get("fields", "")
        try:
            return parse_fields(text) if text.strip() else ()
        except FieldsError as error:
            raise GraphError(2500, str(error)) from error

    def allow(self, what: str) -> None:
        """Raises GraphError if the token lacks this right."""
        if what in self.account.denied:
            raise _no_right(what)


def _no_right(what: str) -> GraphError:
    if what == "read":
        message = "(#10) This endpoint requires the 'pages_read_engagement' permission."
        return GraphError(10, message, status=403)
    return GraphError(200, "(#200) Insufficient permission to post to target on behalf of the viewer", status=403)


def _gone(method: str, node: str) -> GraphError:
    message = (
        f"Unsupported {method.lower()} request. Object with ID '{node}' does not exist, cannot be loaded due to "
        "missing permissions, or does not support this operation. Please read the Graph API documentation at "
        "https://developers.facebook.com/docs/graph-api"
    )
    return GraphError(100, message, kind="GraphMethodException", error_subcode=33)


# --- reading -------------------------------------------------------------------------------------------


def _read(call: Call) -> dict[str, Any]:
    call.allow("read")
    if call.node in ("me", call.account.user_id):
        return _read_page(call)
    item = call.world.facebook.visible(call.node)
    if item is None or item.page_id != call.account.user_id:
        raise _gone(call.method, call.node)
    if not call.edge:
        return call.view.item(item, call.fields)
    if call.edge == "comments":
        return call.view.comments(item, listing(call.params), call.fields)
    if call.edge in ("likes", "reactions"):
        return call.view.likes(item)
    raise _no_edge(call.edge, "Comment" if item.kind == "comment" else "PagePost")


def _read_page(call: Call) -> dict[str, Any]:
    if not call.edge:
        return call.view.page(call.page, call.fields)
    if call.edge == "conversations":
        return {"data": []}
    if call.edge not in PAGE_EDGES:
        raise _no_edge(call.edge, "Page")
    return call.view.on_page(call.edge, listing(call.params), call.fields)


def _no_edge(edge: str, kind: str) -> GraphError:
    return GraphError(100, f"(#100) Tried accessing nonexisting field ({edge}) on node type ({kind})")


def _read_many(call: Call) -> dict[str, Any]:
    found = {}
    for one in call.params["ids"].split(","):
        try:
            found[one] = _read(Call(call.world, call.account, call.view, "GET", one, "", call.params, None))
        except GraphError as error:
            if error.error["code"] != 100:
                raise
            message = f"(#803) Some of the aliases you requested do not exist: {one}"
            raise GraphError(803, message, status=404) from error
    return found


# --- writing -------------------------------------------------------------------------------------------


def _write(call: Call) -> dict[str, Any]:
    if call.node in ("me", call.account.user_id):
        return _publish(call)
    item = call.world.facebook.visible(call.node)
    if item is None or item.page_id != call.account.user_id:
        raise _gone(call.method, call.node)
    if call.edge == "comments":
        return _comment(call, item)
    if call.edge == "likes":
        return _set_like(call, item, liked=True)
    if call.edge:
        raise _no_edge(call.edge, "Comment" if item.kind == "comment" else "PagePost")
    return _update(call, item)


def _publish(call: Call) -> dict[str, Any]:
    if call.edge != "feed":
        raise _gone(call.method, call.node)
    call.allow("reply")
    made = call.world.facebook.post(
        _message(call), kind="post", page_id=call.account.user_id, visible_after=call.visible_after, origin="api"
    )
    return {"id": made.id}


def _comment(call: Call, item: FbItem) -> dict[str, Any]:
    call.allow("reply")
    text = _message(call)
    duplicate = call.world.facebook.is_duplicate(text, author_id=call.account.user_id, under=item)
    if duplicate and call.world.options.refuse_fb_duplicates:
        message = "(#506) Duplicate status message"
        raise GraphError(506, message, error_user_title="Duplicate", error_user_msg="This was posted already.")
    made = call.world.facebook.comment(text, under=item.id, visible_after=call.visible_after, origin="api")
    return {"id": made.id}


def _message(call: Call) -> str:
    text = call.params.get("message", "")
    if not text.strip():
        raise GraphError(100, "(#100) Missing message or attachment")
    if len(text) > MAX_COMMENT:
        raise GraphError(100, "(#100) Param message must be shorter")
    return text


def _update(call: Call, item: FbItem) -> dict[str, Any]:
    own = item.author_id == call.account.user_id
    if "is_hidden" in call.params:
        call.allow("hide")
        if own:
            raise GraphError(200, "(#200) This comment cannot be hidden by its own author", status=403)
        item.hidden = call.params["is_hidden"].lower() in ("true", "1")
        call.world.touch()
    if "message" in call.params:
        if not own:
            raise _no_right("edit")
        call.world.facebook.edit(item.id, _message(call))
    if not {"is_hidden", "message"} & set(call.params):
        raise GraphError(100, "(#100) Missing a field to change")
    return {"success": True}


def _set_like(call: Call, item: FbItem, *, liked: bool) -> dict[str, Any]:
    call.allow("like")
    (item.likes.add if liked else item.likes.discard)(call.account.user_id)
    call.world.touch()
    return {"success": True}


def _remove(call: Call) -> dict[str, Any]:
    item = call.world.facebook.visible(call.node)
    if item is None or item.page_id != call.account.user_id:
        raise _gone(call.method, call.node)
    if call.edge == "likes":
        return _set_like(call, item, liked=False)
    if call.edge:
        raise _no_edge(call.edge, "Comment")
    call.allow("delete")
    call.world.facebook.delete(item.id)
    return {"success": True}


_METHODS: Mapping[str, Callable[[Call], dict[str, Any]]] = {"GET": _read, "POST": _write, "DELETE": _remove}


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


def _answer(world: World, request: Request, params: dict[str, str], headers: dict[str, str]) -> dict[str, Any]:
    version, parts = _path(request)
    headers["facebook-api-version"] = version
    token = params.pop("access_token", "") or request.headers.get("authorization", "").removeprefix("Bearer ")
    account = _signed_in(world, token)
    _check_proof(account, token, params.pop("appsecret_proof", None))
    _count(world, account, headers)
    method = params.pop("method", request.method).upper()
    if method not in _METHODS or len(parts) > 2:
        raise GraphError(2500, f"Unknown path components: /{'/'.join(parts[1:])}")
    node, edge = [*parts, "", ""][:2]
    view = GraphView(world, account, version=version, token=token)
    delay = request.scope.get("state", {}).get("visible_after")
    call = Call(world, account, view, method, node, edge, params, delay)
    if not node and method == "GET" and params.get("ids"):
        return _read_many(call)
    if not node:
        raise GraphError(100, f"Unsupported {method.lower()} request.", kind="GraphMethodException")
    return _METHODS[method](call)


def _path(request: Request) -> tuple[str, list[str]]:
    parts = [part for part in request.path_params["path"].split("/") if part]
    match = _VERSION.fullmatch(parts[0]) if parts else None
    if match is None:
        return f"v{OLDEST}.0", parts
    if int(match.group(1)) > NEWEST or match.group(2) not in ("0", "1", "2", "3", "4"):
        raise GraphError(2500, f"Unknown path components: /{'/'.join(parts)}")
    return f"v{max(OLDEST, int(match.group(1)))}.0", parts[1:]


def _signed_in(world: World, token: str) -> BrandAccount:
    if not token:
        raise GraphError(2500, "An active access token must be used to query information about the current user.")
    for account in world.brands("facebook"):
        if hmac.compare_digest(token.encode(), account.secrets["page_token"].encode()):
            break
    else:
        raise GraphError(190, "Invalid OAuth access token - Cannot parse access token")
    if account.disconnected:
        subcode, message = _DISCONNECTED.get(account.disconnected, _DISCONNECTED["expired"])
        raise GraphError(190, message, error_subcode=subcode)
    return account


def _check_proof(account: BrandAccount, token: str, proof: str | None) -> None:
    if proof is None:
        if account.require_proof:
            message = "API calls from the server require an appsecret_proof argument"
            raise GraphError(100, message, kind="GraphMethodException")
        return
    expected = hmac.new(account.secrets["app_secret"].encode(), token.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(proof, expected):
        raise GraphError(100, "Invalid appsecret_proof provided in the API argument", kind="GraphMethodException")


def _count(world: World, account: BrandAccount, headers: dict[str, str]) -> None:
    limit = max(1, int(CALLS_PER_HOUR * world.options.limit_scale))
    now = world.now()
    window = world.windows.take(f"graph {account.key}", limit=limit, lasts=timedelta(hours=1), now=now)
    wait = int((window.reset_at - now).total_seconds() // 60) + 1 if window.exceeded else 0
    headers["x-app-usage"] = json.dumps(_usage(window))
    usage = {"type": "pages", **_usage(window), "estimated_time_to_regain_access": wait}
    headers["x-business-use-case-usage"] = json.dumps({account.user_id: [usage]})
    if window.exceeded:
        raise GraphError(
            80001,
            "There have been too many calls to this Page account. Wait a bit and try again. For more info, please "
            "refer to https://developers.facebook.com/docs/graph-api/overview/rate-limiting.",
            error_subcode=2446079,
        )


def _usage(window: Window) -> dict[str, int]:
    return {"call_count": window.percent, "total_cputime": window.percent // 2, "total_time": window.percent // 2}


def _trace(world: World) -> str:
    return "A" + hashlib.sha256(f"{world.version} {world.now().isoformat()}".encode()).hexdigest()[:22]


def _response(status: int, body: Mapping[str, Any] | Sequence[Any], headers: dict[str, str]) -> Response:
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    kind = {"content-type": "application/json; charset=UTF-8", "cache-control": "private, no-store", **headers}
    if status == 400 and '"code":190' in text:
        kind["www-authenticate"] = 'OAuth "Facebook Platform" "invalid_token" "Error validating access token"'
    return Response(text.encode("utf-8", "replace"), status, kind)
