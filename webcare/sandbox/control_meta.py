"""The part of the control door for Meta's networks: what customers do on Facebook, Instagram and Messenger."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from starlette.requests import Request

from webcare.sandbox import saving
from webcare.sandbox.graph_tokens import user_token
from webcare.sandbox.values import Network, Platform, SandboxError, User
from webcare.sandbox.world import World

Act = Callable[[Request, dict[str, Any]], Any]
_LISTS = ("feed", "posts", "published_posts", "visitor_posts", "tagged", "ratings")


def acts(world: World) -> tuple[tuple[str, str, Act], ...]:
    """Method, path and what is done, as `control.py` serves them."""
    desk = _Meta(world)
    return (
        ("POST", "/facebook/items/{id}/leave_out", desk.leave_out),
        ("POST", "/facebook/users/{handle}", desk.set_user("facebook")),
        ("POST", "/instagram/users/{handle}", desk.set_user("instagram")),
        ("POST", "/instagram/media", desk.post_media),
        ("POST", "/instagram/comments", desk.comment),
        ("POST", "/instagram/items/{id}/{act}", desk.act_on_instagram),
        ("GET", "/instagram/mentions/{key}", desk.mentions),
        ("POST", "/webhooks", desk.subscribe),
        ("POST", "/messages", desk.write_message),
        ("POST", "/messages/{id}/{act}", desk.act_on_message),
        ("GET", "/user_token/{key}", desk.user_token),
    )


def text_of(body: dict[str, Any], name: str) -> str:
    """A text that must be there. Raises SandboxError."""
    value = body.get(name)
    if not isinstance(value, str) or not value.strip():
        raise SandboxError(f"{name!r} is missing or not a text")
    return value


def moment_of(body: dict[str, Any], name: str) -> datetime | None:
    """A moment that may be given, with its offset from UTC. Raises SandboxError."""
    value = body.get(name)
    if value is None:
        return None
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError as error:
        raise SandboxError(f"{name!r} reads like 2026-11-01T08:00:00Z, not {value!r}") from error
    if found.tzinfo is None:
        raise SandboxError(f"{name!r} needs its offset from UTC, e.g. a Z at the end")
    return found


class _Meta:
    """One method per endpoint; each returns what is sent back."""

    def __init__(self, world: World) -> None:
        self._world = world

    def leave_out(self, request: Request, body: dict[str, Any]) -> Any:
        """Let one list not show an item, though others do."""
        name = text_of(body, "list")
        if name not in _LISTS:
            raise SandboxError(f"a page's lists are {', '.join(_LISTS)}")
        with self._world.lock:
            item = self._world.facebook.need(request.path_params["id"])
            item.left_out.add(name)
            self._world.touch()
        return saving.plain(item)

    def set_user(self, network: Network) -> Act:
        """A person renames or hides themselves, closes the account, or comes back."""

        def act(request: Request, body: dict[str, Any]) -> Any:
            if not body or not set(body) <= {"name", "handle", "suspended", "unseen", "protected"}:
                raise SandboxError("a person takes name, handle, suspended, unseen and protected")
            user = self._world.user(network, request.path_params["handle"])
            return self._world.set_user(network, user.handle, **body)

        return act

    def post_media(self, request: Request, body: dict[str, Any]) -> Any:
        """A picture: of a person, or without `author` of the brand. `tags` are keys of accounts marked on it."""
        keys = body.get("tags", [])
        if not isinstance(keys, list):
            raise SandboxError("tags is a list of account keys")
        tags = [self._world.account(str(key)).user_id for key in keys]
        author = self._author("instagram", body) if "author" in body else self._brand(str(body.get("account", "")))
        made = self._world.instagram.post(
            str(body.get("text", "")), author=author, tags=tags, at=moment_of(body, "at"), origin="control"
        )
        return saving.plain(made)

    def comment(self, request: Request, body: dict[str, Any]) -> Any:
        made = self._world.instagram.comment(
            text_of(body, "text"),
            under=text_of(body, "under"),
            author=self._author("instagram", body),
            at=moment_of(body, "at"),
            visible_after=body.get("visible_after"),
            origin="control",
        )
        return saving.plain(made)

    def act_on_instagram(self, request: Request, body: dict[str, Any]) -> Any:
        item_id, act = request.path_params["id"], request.path_params["act"]
        if act == "delete":
            self._world.instagram.delete(item_id)
            return {"deleted": item_id}
        if act == "edit":
            return saving.plain(self._world.instagram.edit(item_id, text_of(body, "text")))
        raise SandboxError(f"an item can be deleted or edited, not {act!r}")

    def mentions(self, request: Request, body: dict[str, Any]) -> Any:
        """What Instagram's webhook would have told: where others named the account, oldest first."""
        account = self._world.account(request.path_params["key"])
        with self._world.lock:
            instagram = self._world.instagram
            keys = instagram.mentioned(account.user_id).walk()
            found = [item for _, item_id in keys if (item := instagram.listed(item_id)) is not None]
            return [
                {"media_id": item.media_id, **({"comment_id": item.id} if item.kind == "comment" else {})}
                for item in found
            ]

    def subscribe(self, request: Request, body: dict[str, Any]) -> Any:
        """Send webhooks to an address, once it has shown that it knows the token."""
        self._world.subscribe(text_of(body, "url"), text_of(body, "verify_token"))
        return {"subscribed": body["url"]}

    def write_message(self, request: Request, body: dict[str, Any]) -> Any:
        """A person's message to a page, on Messenger or (`platform`) Instagram."""
        platform: Platform = "instagram" if body.get("platform", "messenger") == "instagram" else "messenger"
        if body.get("platform", platform) != platform:
            raise SandboxError("platform is messenger or instagram")
        made = self._world.inbox.receive(
            text_of(body, "text"),
            author=self._author("instagram" if platform == "instagram" else "facebook", body),
            platform=platform,
            page_id=body.get("page"),
            at=moment_of(body, "at"),
            visible_after=body.get("visible_after"),
            origin="control",
        )
        return saving.plain(made)

    def act_on_message(self, request: Request, body: dict[str, Any]) -> Any:
        message_id, act = request.path_params["id"], request.path_params["act"]
        if act == "delete":
            self._world.inbox.delete(message_id)
            return {"deleted": message_id}
        if act == "edit":
            return saving.plain(self._world.inbox.edit(message_id, text_of(body, "text")))
        raise SandboxError(f"a message can be deleted or edited, not {act!r}")

    def user_token(self, request: Request, body: dict[str, Any]) -> Any:
        """The made-up token of the person behind an account, with which Meta tells permissions and pages."""
        return {"user_token": user_token(self._world.account(request.path_params["key"]))}

    def _author(self, network: Network, body: dict[str, Any]) -> User:
        name = text_of(body, "author")
        return self._world.user(network, name, str(body.get("name", name)))

    def _brand(self, key: str) -> User:
        account = self._world.account(key) if key else next(iter(self._world.brands("instagram")), None)
        if account is None or account.network != "instagram":
            raise SandboxError("there is no such Instagram account")
        return self._world.instagram.user(account.user_id)
