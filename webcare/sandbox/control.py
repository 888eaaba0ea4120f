"""The control door under `/sandbox/`: what tests and people use to act as customers and to break things.

Requests and answers are JSON. It is reachable from this machine only, and not from other sites in a browser.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from webcare.sandbox import control_meta, saving
from webcare.sandbox.fault_language import rules_from_text
from webcare.sandbox.faults import Fault, Faults, Rule, fault_from
from webcare.sandbox.script import Player
from webcare.sandbox.values import RIGHTS, BrandAccount, FbItem, SandboxError, XPost
from webcare.sandbox.world import World

Act = Callable[[Request, dict[str, Any]], Any]


def routes(world: World, faults: Faults, player: Player | None) -> list[Route]:
    """The control endpoints, to be mounted under `/sandbox`."""
    desk = _Control(world, faults, player)
    acts: tuple[tuple[str, str, Act], ...] = (
        ("GET", "/health", desk.health),
        ("GET", "/state", desk.state),
        ("GET", "/options", desk.options),
        ("POST", "/options", desk.set_options),
        ("POST", "/accounts/{key}", desk.set_account),
        ("POST", "/limits/reset", desk.reset_limits),
        ("GET", "/usage", desk.usage),
        ("GET", "/clock", desk.clock),
        ("POST", "/clock", desk.set_clock),
        ("POST", "/x/posts", desk.post_x),
        ("POST", "/x/posts/{id}/{act}", desk.act_on_x),
        ("POST", "/x/users/{handle}", desk.set_x_user),
        ("POST", "/x/messages", desk.message_x),
        ("POST", "/x/messages/{id}/delete", desk.delete_message_x),
        ("POST", "/facebook/posts", desk.post_fb),
        ("POST", "/facebook/comments", desk.comment_fb),
        ("POST", "/facebook/reviews", desk.review_fb),
        *control_meta.acts(world),
        ("POST", "/facebook/items/{id}/{act}", desk.act_on_fb),
        ("GET", "/faults", desk.faults),
        ("POST", "/faults", desk.add_fault),
        ("PUT", "/faults", desk.set_faults),
        ("DELETE", "/faults", desk.clear_faults),
        ("GET", "/script", desk.script),
        ("POST", "/script", desk.set_script),
    )
    return [Route(path, _serve(act), methods=[method]) for method, path, act in acts]


def _serve(act: Act) -> Callable[[Request], Awaitable[Response]]:
    async def serve(request: Request) -> Response:
        try:
            body = await _body(request)
            text = json.dumps(act(request, body), default=saving.plain, ensure_ascii=False)
        except SandboxError as error:
            return JSONResponse({"error": str(error)}, 400)
        return Response(text.encode("utf-8", "replace"), media_type="application/json")

    return serve


async def _body(request: Request) -> dict[str, Any]:
    """The JSON object sent along. Demanding JSON keeps forms of other sites out."""
    raw = await request.body()
    if request.method in ("GET", "DELETE"):
        return {}
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise SandboxError("send JSON, with content-type: application/json")
    try:
        body = json.loads(raw or b"{}")
    except ValueError as error:
        raise SandboxError(f"this is not JSON: {error}") from error
    return body if isinstance(body, dict) else {"rules": body}


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value.strip():
        raise SandboxError(f"{name!r} is missing or not a text")
    return value


def _moment(body: dict[str, Any]) -> datetime:
    try:
        return datetime.fromisoformat(_text(body, "now"))
    except ValueError as error:
        raise SandboxError(f"a time reads like 2026-11-01T08:00:00Z, not {body['now']!r}") from error


class _Control:
    """One method per endpoint; each returns what is sent back."""

    def __init__(self, world: World, faults: Faults, player: Player | None) -> None:
        self._world = world
        self._faults = faults
        self._player = player

    def health(self, request: Request, body: dict[str, Any]) -> dict[str, Any]:
        world = self._world
        # asked before the world is locked: the player locks itself first and the world second
        progress = self._player.progress() if self._player else None
        with world.lock:
            return {
                "status": "ok",
                "accounts": sorted(world.accounts),
                "posts": {"x": len(world.x.posts), "facebook": len(world.facebook.items)},
                "version": world.version,
                "script": progress,
            }

    def state(self, request: Request, body: dict[str, Any]) -> dict[str, Any]:
        state = self._world.dump()
        for account in state["accounts"]:
            assert isinstance(account, BrandAccount)
        state["accounts"] = [{**saving.plain(account), "secrets": {}} for account in state["accounts"]]
        return state

    def options(self, request: Request, body: dict[str, Any]) -> Any:
        return self._world.options

    def set_options(self, request: Request, body: dict[str, Any]) -> Any:
        self._world.set_options(body)
        return self._world.options

    def set_account(self, request: Request, body: dict[str, Any]) -> dict[str, Any]:
        account = self._world.account(request.path_params["key"])
        if not set(body) <= {"disconnected", "denied", "require_proof", "expires_at"}:
            raise SandboxError("an account takes disconnected, denied, require_proof and expires_at")
        expires_at = control_meta.moment_of(body, "expires_at")
        if not set(body.get("denied", [])) <= set(RIGHTS):
            raise SandboxError(f"denied is a list of {', '.join(RIGHTS)}")
        with self._world.lock:
            account.disconnected = str(body.get("disconnected", account.disconnected))
            account.denied = set(body.get("denied", account.denied))
            account.require_proof = bool(body.get("require_proof", account.require_proof))
            account.expires_at = expires_at if "expires_at" in body else account.expires_at
            self._world.touch()
        return {**saving.plain(account), "secrets": {}}

    def reset_limits(self, request: Request, body: dict[str, Any]) -> dict[str, Any]:
        with self._world.lock:
            self._world.windows.clear()
        return {"reset": True}

    def usage(self, request: Request, body: dict[str, Any]) -> list[dict[str, Any]]:
        with self._world.lock:
            return self._world.x.meter.listed()

    def clock(self, request: Request, body: dict[str, Any]) -> dict[str, Any]:
        return {"now": self._world.now(), **self._world.time.dump()}

    def set_clock(self, request: Request, body: dict[str, Any]) -> dict[str, Any]:
        if not body or not set(body) <= {"now", "advance_s", "speed"}:
            raise SandboxError("the clock takes now, advance_s and speed")
        for name in {"advance_s", "speed"} & set(body):
            if isinstance(body[name], bool) or not isinstance(body[name], (int, float)):
                raise SandboxError(f"{name!r} is not a number")
        if "now" in body:
            self._world.time.set(_moment(body))
        if "advance_s" in body:
            self._world.time.advance(float(body["advance_s"]))
        if "speed" in body:
            self._world.time.run(float(body["speed"]))
        return self.clock(request, body)

    # --- acting as a customer ------------------------------------------------------------------------

    def post_x(self, request: Request, body: dict[str, Any]) -> dict[str, Any]:
        author = self._world.user("x", _text(body, "author"), str(body.get("name", "")))
        made = self._world.post_x(
            _text(body, "text"),
            author=author,
            in_reply_to=body.get("in_reply_to"),
            quote=body.get("quote"),
            lang=str(body.get("lang", "und")),
            visible_after=body.get("visible_after"),
            reply_settings=str(body.get("reply_settings", "everyone")),
            media=_media(body.get("media", [])),
            origin="control",
        )
        return _x_post(made)

    def act_on_x(self, request: Request, body: dict[str, Any]) -> dict[str, Any]:
        post_id, act = request.path_params["id"], request.path_params["act"]
        if act == "delete":
            self._world.delete_x(post_id)
            return {"deleted": post_id}
        if act == "edit":
            return _x_post(self._world.edit_x(post_id, _text(body, "text")))
        if act == "retweet":
            return _x_post(self._world.retweet_x(post_id, author=_text(body, "author")))
        raise SandboxError(f"a post can be deleted, edited or retweeted, not {act!r}")

    def set_x_user(self, request: Request, body: dict[str, Any]) -> Any:
        if not set(body) <= {"name", "handle", "protected", "suspended", "takes_messages"}:
            raise SandboxError("a person takes name, handle, protected, suspended and takes_messages")
        user = self._world.user("x", request.path_params["handle"])
        return self._world.set_user("x", user.handle, **body)

    def message_x(self, request: Request, body: dict[str, Any]) -> dict[str, Any]:
        brand = self._world.users[("x", self._world.account(str(body.get("to", "x_hemlund"))).user_id)]
        sent = self._world.message_x(
            _text(body, "text"),
            sender=self._world.user("x", _text(body, "author"), str(body.get("name", ""))),
            to=brand,
            visible_after=body.get("visible_after"),
            post=body.get("post"),
            origin="control",
        )
        return {**saving.plain(sent), "id": str(sent.id)}

    def delete_message_x(self, request: Request, body: dict[str, Any]) -> dict[str, Any]:
        self._world.x_messages.delete(request.path_params["id"])
        return {"deleted": request.path_params["id"]}

    def post_fb(self, request: Request, body: dict[str, Any]) -> dict[str, Any]:
        kind = body.get("kind", "visitor_post")
        if kind not in ("post", "visitor_post", "tagged"):
            raise SandboxError("kind is post, visitor_post or tagged")
        author = None if kind == "post" else self._fb_author(body)
        made = self._world.post_fb(_text(body, "text"), author=author, kind=kind, origin="control")
        return _fb_item(made)

    def comment_fb(self, request: Request, body: dict[str, Any]) -> dict[str, Any]:
        author, under = self._fb_author(body), _text(body, "under")
        return _fb_item(self._world.comment_fb(_text(body, "text"), under=under, author=author, origin="control"))

    def review_fb(self, request: Request, body: dict[str, Any]) -> dict[str, Any]:
        author, positive = self._fb_author(body), bool(body.get("positive", False))
        return _fb_item(self._world.review_fb(_text(body, "text"), author=author, positive=positive, origin="control"))

    def act_on_fb(self, request: Request, body: dict[str, Any]) -> dict[str, Any]:
        item_id, act = request.path_params["id"], request.path_params["act"]
        if act == "delete":
            self._world.delete_fb(item_id)
            return {"deleted": item_id}
        if act == "edit":
            return _fb_item(self._world.edit_fb(item_id, _text(body, "text")))
        raise SandboxError(f"an item can be deleted or edited, not {act!r}")

    def _fb_author(self, body: dict[str, Any]) -> Any:
        name = _text(body, "author")
        return self._world.user("facebook", name, str(body.get("name", name)))

    # --- faults and script ---------------------------------------------------------------------------

    def faults(self, request: Request, body: dict[str, Any]) -> list[dict[str, Any]]:
        return self._faults.listed()

    def add_fault(self, request: Request, body: dict[str, Any]) -> list[dict[str, Any]]:
        self._faults.extend(_rules(body) if "scenario" in body else [fault_from(body)])
        return self._faults.listed()

    def set_faults(self, request: Request, body: dict[str, Any]) -> list[dict[str, Any]]:
        self._faults.replace(_rules(body))
        return self._faults.listed()

    def clear_faults(self, request: Request, body: dict[str, Any]) -> list[dict[str, Any]]:
        self._faults.clear()
        return []

    def script(self, request: Request, body: dict[str, Any]) -> Any:
        return self._player.progress() if self._player else None

    def set_script(self, request: Request, body: dict[str, Any]) -> Any:
        if self._player is None:
            raise SandboxError("this sandbox runs without a script")
        speed, skip = body.get("speed", self._player.speed), body.get("skip_min", 0)
        if any(isinstance(n, bool) or not isinstance(n, (int, float)) or not 0 <= n <= 10_000 for n in (speed, skip)):
            raise SandboxError("speed and skip_min are numbers of minutes, 0 or more")
        self._player.speed = float(speed)
        self._player.paused = bool(body.get("paused", self._player.paused))
        if skip:
            self._player.advance(float(skip))
        return self._player.progress()


def _rules(body: dict[str, Any]) -> list[Rule]:
    if "scenario" in body:
        return rules_from_text(_text(body, "scenario"))
    rules = body.get("rules")
    if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
        raise SandboxError("send a list of faults, or a scenario as text")
    made: list[Fault] = [fault_from(rule) for rule in rules]
    return [*made]


def _media(given: Any) -> list[tuple[str, str]]:
    kinds = ("photo", "video", "animated_gif")
    if not isinstance(given, list) or not all(isinstance(one, dict) and one.get("type") in kinds for one in given):
        raise SandboxError(f"media is a list of objects with a type ({', '.join(kinds)}) and a url")
    return [(str(one["type"]), _text(one, "url")) for one in given]


def _x_post(post: XPost) -> dict[str, Any]:
    return {**saving.plain(post), "id": str(post.id), "conversation_id": str(post.conversation_id)}


def _fb_item(item: FbItem) -> dict[str, Any]:
    found = saving.plain(item)
    assert isinstance(found, dict)
    return found
