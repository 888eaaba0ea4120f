"""Posts, comments and reviews of a page over the Graph API: what may be read, written, hidden, liked and deleted."""

from __future__ import annotations

from typing import Any

from webcare.sandbox.graph_call import Call
from webcare.sandbox.graph_errors import GraphError, gone, no_field, no_right
from webcare.sandbox.graph_lists import listing
from webcare.sandbox.graph_view import PageView
from webcare.sandbox.values import FbItem

MAX_COMMENT = 8000


def item_of(call: Call) -> FbItem:
    """The item that is asked for. Raises GraphError if it is gone or another page's."""
    item = call.world.facebook.visible(call.node)
    if item is None or item.page_id != call.page_id:
        raise gone(call.method, call.node)
    return item


def read(call: Call) -> dict[str, Any]:
    """GET of a post, comment or review, or of what hangs on it."""
    call.allow("read")
    item, view = item_of(call), PageView(call)
    if not call.edge:
        return view.item(item, call.fields)
    if call.edge == "comments":
        return view.comments(item, listing(call.params), call.fields)
    if call.edge in ("likes", "reactions"):
        return view.likes(item)
    raise no_field(call.edge, _kind(item))


def write(call: Call) -> dict[str, Any]:
    """POST to a post, comment or review: answer, like, hide or edit it."""
    item = item_of(call)
    if call.edge == "comments":
        return _comment(call, item)
    if call.edge == "likes":
        return _set_like(call, item, liked=True)
    if call.edge:
        raise no_field(call.edge, _kind(item))
    return _update(call, item)


def publish(call: Call) -> dict[str, Any]:
    """A post of the page itself."""
    call.allow("reply")
    made = call.world.facebook.post(
        call.text("message", MAX_COMMENT),
        kind="post",
        page_id=call.page_id,
        visible_after=call.visible_after,
        origin="api",
    )
    return {"id": made.id}


def remove(call: Call) -> dict[str, Any]:
    """DELETE of a post or comment, or of the page's like."""
    item = item_of(call)
    if call.edge == "likes":
        return _set_like(call, item, liked=False)
    if call.edge:
        raise no_field(call.edge, _kind(item))
    call.allow("delete")
    call.world.facebook.delete(item.id)
    return {"success": True}


def _kind(item: FbItem) -> str:
    return "Comment" if item.kind == "comment" else "PagePost"


def _comment(call: Call, item: FbItem) -> dict[str, Any]:
    call.allow("reply")
    text = call.text("message", MAX_COMMENT)
    duplicate = call.world.facebook.is_duplicate(text, author_id=call.page_id, under=item)
    if duplicate and call.world.options.refuse_fb_duplicates:
        message = "(#506) Duplicate status message"
        raise GraphError(506, message, error_user_title="Duplicate", error_user_msg="This was posted already.")
    made = call.world.facebook.comment(text, under=item.id, visible_after=call.visible_after, origin="api")
    return {"id": made.id}


def _update(call: Call, item: FbItem) -> dict[str, Any]:
    own = item.author_id == call.page_id
    if "is_hidden" in call.params:
        call.allow("hide")
        if own:
            raise GraphError(200, "(#200) This comment cannot be hidden by its own author", status=403)
        item.hidden = call.flag("is_hidden")
        call.world.touch()
    if "message" in call.params:
        if not own:
            raise no_right("edit")
        call.world.facebook.edit(item.id, call.text("message", MAX_COMMENT))
    if not {"is_hidden", "message"} & set(call.params):
        raise GraphError(100, "(#100) Missing a field to change")
    return {"success": True}


def _set_like(call: Call, item: FbItem, *, liked: bool) -> dict[str, Any]:
    call.allow("like")
    (item.likes.add if liked else item.likes.discard)(call.page_id)
    call.world.touch()
    return {"success": True}
