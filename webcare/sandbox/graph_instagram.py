"""An Instagram account over the Graph API: its pictures, comments, tags and mentions, and what it may do to them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from functools import partial
from typing import Any

from webcare.sandbox.graph_call import Call
from webcare.sandbox.graph_errors import GraphError, gone, known_error, no_field, no_right
from webcare.sandbox.graph_fields import Field
from webcare.sandbox.graph_lists import Listing, graph_time, listing, part_of
from webcare.sandbox.graph_nodes import picked
from webcare.sandbox.timeline import Timeline
from webcare.sandbox.values import IgItem, User

MAX_COMMENT = 2200
#: A list of comments shows at most so many at once, however many are asked for.
MAX_AT_ONCE = 50


# --- the account ---------------------------------------------------------------------------------------


def read_user(call: Call) -> dict[str, Any]:
    """GET of the Instagram account, or of one of its lists."""
    call.allow("read")
    if not call.edge:
        return _user(call, call.world.instagram.user(call.instagram_id), call.fields)
    return _user_edge(call, call.edge, listing(call.params), call.fields)


def account_of(call: Call) -> dict[str, Any]:
    """The list of Instagram accounts of the page: one or none."""
    user_id = call.instagram_id
    return {"data": [_user(call, call.world.instagram.user(user_id), call.fields)] if user_id else []}


def write_user(call: Call) -> dict[str, Any]:
    """POST /{account}/mentions: answer where somebody named the account."""
    if call.edge == "messages":
        # with a page's token, Instagram messages go through the page
        raise known_error(3)
    if call.edge != "mentions":
        raise no_field(call.edge, "IGUser")
    call.allow("reply")
    media = _mentioned(call, call.params.get("media_id", ""), "media", must_name=not call.params.get("comment_id"))
    comment_id = call.params.get("comment_id", "")
    target = _mentioned(call, comment_id, "comment") if comment_id else media
    return _commented(call, target)


def _user(call: Call, user: User, fields: Sequence[Field]) -> dict[str, Any]:
    instagram = call.world.instagram
    facts = {
        "id": user.id,
        "ig_id": int(user.id[-10:]),
        "username": user.handle,
        "name": user.name,
        "biography": f"{user.name}, for sitting well.",
        "followers_count": 20411,
        "follows_count": 112,
        "media_count": len(instagram.media(user.id)),
        "is_published": True,
        "website": f"https://{user.handle}.example",
    }
    edges = {
        name: lambda asked: _user_edge(call, asked.name, listing(asked.modifiers), asked.inner)
        for name in ("media", "tags")
    }
    special = {
        "mentioned_comment": partial(_mentioned_field, call, kind="comment"),
        "mentioned_media": partial(_mentioned_field, call, kind="media"),
    }
    return picked("IGUser", facts, fields, {**edges, **special})


def _mentioned_field(call: Call, asked: Field, *, kind: str) -> dict[str, Any]:
    item = _mentioned(call, asked.modifiers.get(f"{kind}_id", ""), kind)
    return _item(call, item, asked.inner)


def _mentioned(call: Call, item_id: str, kind: str, *, must_name: bool = True) -> IgItem:
    """A caption or comment that names the account. Raises GraphError for any other."""
    item = call.world.instagram.visible(item_id)
    if item is None or item.kind != kind or (must_name and call.instagram_id not in item.mentions):
        raise GraphError(100, f"(#100) The {kind} does not exist, or does not mention this account")
    return item


def _user_edge(call: Call, name: str, asked: Listing, fields: Sequence[Field]) -> dict[str, Any]:
    instagram = call.world.instagram
    lines = {"media": instagram.media, "tags": instagram.tagged}
    if name not in lines:
        raise no_field(name, "IGUser")
    path = f"{call.instagram_id}/{name}"
    return _listed(call, lines[name](call.instagram_id), asked, fields, path=path)


def _listed(
    call: Call, line: Timeline, asked: Listing, fields: Sequence[Field], *, path: str, newest_first: bool = True
) -> dict[str, Any]:
    part = part_of(line, asked, call.world.instagram.listed, newest_first=newest_first)
    return call.lists.written(part, asked, fields, path=path, write=partial(_item, call, fields=fields))


# --- pictures and comments -----------------------------------------------------------------------------


def item_of(call: Call) -> IgItem:
    """The picture asked for, or a comment under it. Raises GraphError for those of others.

    Pictures on which the account is marked show in the list of tags only, and cannot be answered.
    """
    instagram = call.world.instagram
    item = instagram.visible(call.node)
    if item is None:
        raise gone(call.method, call.node)
    media = instagram.items[item.media_id]
    if media.deleted or call.instagram_id != media.author_id:
        raise gone(call.method, call.node)
    return item


def read(call: Call) -> dict[str, Any]:
    """GET of a picture or comment, or of what stands under it."""
    call.allow("read")
    item = item_of(call)
    if not call.edge:
        return _item(call, item, call.fields)
    return _under(call, item, call.edge, listing(call.params), call.fields)


def write(call: Call) -> dict[str, Any]:
    """POST to a picture or comment: comment, answer, hide."""
    item = item_of(call)
    if call.edge == ("comments" if item.kind == "media" else "replies"):
        return _answer(call, item)
    if call.edge:
        raise no_field(call.edge, _kind(item))
    if item.kind != "comment" or "hide" not in call.params:
        raise GraphError(100, "(#100) Missing a field to change")
    call.allow("hide")
    _check_owner(call, item)
    if item.author_id == call.instagram_id:
        raise GraphError(100, "(#100) The account's own comments cannot be hidden")
    item.hidden = call.flag("hide")
    call.world.touch()
    return {"success": True}


def remove(call: Call) -> dict[str, Any]:
    """DELETE of a comment. Only the owner of the picture may, not even the comment's own author."""
    item = item_of(call)
    if call.edge or item.kind != "comment":
        raise no_field(call.edge or "delete", _kind(item))
    call.allow("delete")
    _check_owner(call, item)
    call.world.instagram.delete(item.id)
    return {"success": True}


def _answer(call: Call, item: IgItem) -> dict[str, Any]:
    call.allow("reply")
    if item.hidden:
        raise GraphError(100, "(#100) Hidden comments cannot be replied to")
    return _commented(call, item)


def _commented(call: Call, target: IgItem) -> dict[str, Any]:
    made = call.world.instagram.comment(
        call.text("message", MAX_COMMENT),
        under=target.id,
        author=call.world.instagram.user(call.instagram_id),
        visible_after=call.visible_after,
        origin="api",
    )
    return {"id": made.id}


def _is_near(call: Call, item: IgItem) -> bool:
    """Whether what stands under it is shown: under own pictures, and where somebody named the account."""
    owner = call.world.instagram.owner(item).id
    return call.instagram_id == owner or call.instagram_id in item.mentions


def _check_owner(call: Call, item: IgItem) -> None:
    if call.world.instagram.owner(item).id != call.instagram_id:
        raise no_right("edit")


def _kind(item: IgItem) -> str:
    return "IGMedia" if item.kind == "media" else "IGComment"


def _under(call: Call, item: IgItem, name: str, asked: Listing, fields: Sequence[Field]) -> dict[str, Any]:
    if name != ("comments" if item.kind == "media" else "replies"):
        raise no_field(name, _kind(item))
    if not _is_near(call, item):
        return {"data": []}
    capped = Listing(min(asked.limit, MAX_AT_ONCE), asked.after, asked.before)
    line = call.world.instagram.under(item)
    # comments come newest first, answers in the order of the talk
    return _listed(call, line, capped, fields, path=f"{item.id}/{name}", newest_first=item.kind == "media")


def _item(call: Call, item: IgItem, fields: Sequence[Field]) -> dict[str, Any]:
    facts = _media_facts(call, item) if item.kind == "media" else _comment_facts(call, item)
    name = "comments" if item.kind == "media" else "replies"
    edge = {name: lambda asked: _under(call, item, name, listing(asked.modifiers), asked.inner)}
    return picked(_kind(item), facts, fields, edge)


def _media_facts(call: Call, item: IgItem) -> dict[str, Any]:
    instagram = call.world.instagram
    author, code = instagram.author(item), _shortcode(item)
    return {
        "id": item.id,
        "ig_id": item.id,
        "caption": _caption(item, own=author.id == call.instagram_id) or None,
        "timestamp": graph_time(item.posted_at),
        "media_type": "IMAGE",
        "media_product_type": "FEED",
        "media_url": f"https://scontent.cdninstagram.example/{code}.jpg",
        "permalink": f"https://www.instagram.com/p/{code}/",
        "shortcode": code,
        "username": author.handle,
        # Instagram tells the owner's id only of one's own pictures
        "owner": {"id": author.id} if author.id == call.instagram_id else None,
        "like_count": len(item.likes),
        "comments_count": instagram.count_below(item),
        "is_comment_enabled": True,
    }


def _caption(item: IgItem, *, own: bool) -> str:
    """Captions of others come without the @ before names."""
    return item.text if own else re.sub(r"@(?=\w)", "", item.text)


def _comment_facts(call: Call, item: IgItem) -> dict[str, Any]:
    author, owner = call.world.instagram.author(item), call.world.instagram.owner(item)
    own = author.id == call.instagram_id
    # Instagram tells the owner's id only of one's own pictures
    owned = {"owner": {"id": owner.id}} if owner.id == call.instagram_id else {}
    return {
        "id": item.id,
        "text": item.text,
        "timestamp": graph_time(item.posted_at),
        "username": author.handle,
        "from": None if author.unseen else {"id": author.id, "username": author.handle},
        "user": {"id": author.id} if own else None,
        "like_count": len(item.likes),
        "hidden": item.hidden,
        "parent_id": item.parent_id,
        "media": {"id": item.media_id, "media_product_type": "FEED", **owned},
    }


def _shortcode(item: IgItem) -> str:
    return "C" + hashlib.sha256(f"webcare sandbox picture {item.id}".encode()).hexdigest()[:10]
