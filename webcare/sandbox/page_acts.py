"""What a visitor of the public page may do: write as a customer, publicly or privately, and take it back."""

from __future__ import annotations

from collections.abc import Mapping

from webcare.sandbox.page_threads import PRIVATE
from webcare.sandbox.values import MetaMessage, Network, Platform, SandboxError, User, XMessage
from webcare.sandbox.world import World

MAX_TEXT = 5000
_PLATFORMS: Mapping[Network, Platform] = {"facebook": "messenger", "instagram": "instagram"}


def write(world: World, network: Network, form: Mapping[str, str]) -> None:
    """Post what stands in the form. Raises SandboxError with a sentence for whoever filled it in."""
    text, name, under = form.get("text", "").strip(), form.get("author", "").strip(), form.get("reply_to", "")
    if not text or not name:
        raise SandboxError("Write a name and a message.")
    if len(text) > MAX_TEXT or len(name) > 60:
        raise SandboxError(f"That is too long: at most {MAX_TEXT} characters, and 60 for the name.")
    with world.lock:
        author = world.user(network, name, name.lstrip("@"))
        if world.is_brand(network, author.id):
            raise SandboxError("The brand answers from its desk, not from here. Choose another name.")
        if under.startswith(PRIVATE):
            _check_party(world, network, under, author)
        if under.startswith(PRIVATE) or (form.get("kind") == "message" and not under):
            return _write_privately(world, network, author, text)
        return _write_publicly(world, network, author, text, under, form.get("kind", ""))


def remove(world: World, network: Network, entry_id: str) -> None:
    """Take a customer's words back. Raises SandboxError for anybody else's."""
    with world.lock:
        if entry_id.startswith(PRIVATE):
            message = _message(world, network, entry_id)
            _check_customer(world, network, _sender(message))
            (world.x_messages if isinstance(message, XMessage) else world.inbox).delete(str(message.id))
        elif network == "x":
            _check_customer(world, network, world.x.need(entry_id).author_id)
            world.delete_x(entry_id)
        elif network == "facebook":
            _check_customer(world, network, world.facebook.need(entry_id).author_id)
            world.delete_fb(entry_id)
        else:
            _check_customer(world, network, world.instagram.need(entry_id).author_id)
            world.instagram.delete(entry_id)


def _write_publicly(world: World, network: Network, author: User, text: str, under: str, kind: str) -> None:
    if network == "x":
        world.post_x(text, author=author, in_reply_to=under or None, origin="page")
    elif network == "instagram":
        _write_on_instagram(world, author, text, under, kind)
    elif under:
        world.comment_fb(text, under=under, author=author, origin="page")
    elif kind in ("positive", "negative"):
        world.review_fb(text, author=author, positive=kind == "positive", origin="page")
    else:
        world.post_fb(text, author=author, origin="page")


def _write_on_instagram(world: World, author: User, text: str, under: str, kind: str) -> None:
    brand = world.instagram.user(_brand(world, "instagram"))
    if kind == "picture" and not under:
        world.instagram.post(text, author=author, tags=[brand.id], origin="page")
        return
    newest = next(world.instagram.media(brand.id).walk(newest_first=True), None)
    if not under and newest is None:
        # without a picture of the brand there is nothing to comment on
        under = world.instagram.post(f"{brand.name}: new in the shop", author=brand, origin="page").id
    elif not under and newest is not None:
        under = newest[1]
    world.instagram.comment(text, under=under, author=author, origin="page")


def _write_privately(world: World, network: Network, author: User, text: str) -> None:
    if network == "x":
        brand = world.users[("x", _brand(world, "x"))]
        world.message_x(text, sender=author, to=brand, origin="page")
    else:
        world.inbox.receive(text, author=author, platform=_PLATFORMS[network], origin="page")


def _brand(world: World, network: Network) -> str:
    brands = world.brands(network)
    if not brands:
        raise SandboxError("The brand has no account on this network.")
    return brands[0].user_id


def _message(world: World, network: Network, entry_id: str) -> XMessage | MetaMessage:
    message_id = entry_id.removeprefix(PRIVATE)
    if network != "x":
        return world.inbox.need(message_id)
    found = world.x_messages.all.get(int(message_id)) if message_id.isdecimal() else None
    if found is None:
        raise SandboxError(f"there is no message {message_id}")
    return found


def _sender(message: XMessage | MetaMessage) -> str:
    return message.sender_id if isinstance(message, XMessage) else message.author_id


def _check_customer(world: World, network: Network, user_id: str) -> None:
    if world.is_brand(network, user_id):
        raise SandboxError("A customer cannot delete the brand's post.")


def _check_party(world: World, network: Network, entry_id: str, author: User) -> None:
    """Nobody else may write into a private conversation."""
    message = _message(world, network, entry_id)
    if isinstance(message, XMessage):
        people = {one for one in message.participants if not world.is_brand("x", one)}
    else:
        people = {world.inbox.conversations[message.conversation_id].person_id}
    if author.id not in people:
        names = ", ".join(sorted(world.users[(network, one)].name for one in people))
        raise SandboxError(f"Only {names} can write in this conversation; put that name above.")
