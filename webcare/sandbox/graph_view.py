"""Pages, posts, comments and reviews as the Graph API shows them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from webcare.sandbox.graph_call import Call
from webcare.sandbox.graph_errors import GraphError
from webcare.sandbox.graph_fields import Field
from webcare.sandbox.graph_lists import Listing, check_span, graph_time, listing, part_of
from webcare.sandbox.graph_nodes import Edge, picked
from webcare.sandbox.meta_inbox import PRIVATE_REPLY_WITHIN
from webcare.sandbox.values import FbItem, User

MAX_LIMIT = 100
#: The lists of posts and reviews a page has.
PAGE_LISTS = ("feed", "posts", "published_posts", "visitor_posts", "tagged", "ratings")


class PageView:
    """Builds answers about one page. Use with the world's lock held."""

    def __init__(self, call: Call) -> None:
        self._world = call.world
        self._page_id = call.page_id
        self._token = call.token
        self._lists = call.lists

    # --- nodes ---------------------------------------------------------------------------------------

    def page(self, user: User, fields: Sequence[Field], edges: dict[str, Edge]) -> dict[str, Any]:
        """The page itself; `edges` are the lists it has besides those of posts."""
        instagram = self._world.instagram_of(user.id)
        facts: dict[str, Any] = {
            "id": user.id,
            "name": user.name,
            "username": user.handle,
            "category": "Furniture store",
            "link": f"https://www.facebook.com/{user.handle}",
            "fan_count": 48210,
            "followers_count": 51377,
            "is_published": True,
            "access_token": self._token,
            "instagram_business_account": {"id": instagram.user_id} if instagram else None,
            "connected_instagram_account": {"id": instagram.user_id} if instagram else None,
        }
        return picked("Page", facts, fields, {**dict.fromkeys(PAGE_LISTS, self._page_edge), **edges})

    def _page_edge(self, asked: Field) -> dict[str, Any]:
        return self.on_page(asked.name, listing(asked.modifiers), asked.inner)

    def item(self, item: FbItem, fields: Sequence[Field], *, rated: bool = False) -> dict[str, Any]:
        """A post, comment or review. A review shows as Recommendation in `ratings`, else as the story it is."""
        if item.kind == "comment":
            return picked("Comment", self._comment_facts(item), fields, self._edges(item))
        if item.kind == "review":
            return self._review(item, fields, rated=rated)
        return picked("PagePost", self._post_facts(item), fields, self._edges(item))

    def person(self, user: User) -> dict[str, Any] | None:
        """`from`: who wrote it, unless the page may not see that."""
        return None if user.unseen else {"name": user.name, "id": user.id}

    def _author(self, item: FbItem) -> dict[str, Any] | None:
        return self.person(self._world.facebook.author(item))

    def _review(self, item: FbItem, fields: Sequence[Field], *, rated: bool) -> dict[str, Any]:
        story = {"id": item.id, "type": "og.recommends", "created_time": graph_time(item.posted_at)}
        if not rated:
            facts: dict[str, Any] = {**story, "message": item.message, "from": self._author(item)}
            return picked("OpenGraphStory", facts, fields, self._edges(item))
        facts = {
            "created_time": graph_time(item.posted_at),
            "has_rating": False,
            "has_review": bool(item.message),
            "recommendation_type": "positive" if item.positive else "negative",
            "review_text": item.message,
            "reviewer": self._author(item),
            "open_graph_story": story,
        }
        return picked("Recommendation", facts, fields)

    def _post_facts(self, item: FbItem) -> dict[str, Any]:
        own = item.author_id == self._page_id
        return {
            "id": item.id,
            "message": item.message,
            "created_time": graph_time(item.posted_at),
            "updated_time": graph_time(item.updated_at),
            "from": self._author(item),
            "permalink_url": f"https://www.facebook.com/{item.id.replace('_', '/posts/')}",
            "status_type": "mobile_status_update" if own else "wall_post",
            "full_picture": item.media[0][1] if item.media else None,
            "is_hidden": item.hidden,
            "is_published": True,
            "can_reply_privately": self._can_reply_privately(item),
        }

    def _comment_facts(self, item: FbItem) -> dict[str, Any]:
        own = item.author_id == self._page_id
        parent = self._world.facebook.items.get(item.parent_id) if item.parent_id else None
        post, number = item.post_id.replace("_", "/posts/"), item.id.rpartition("_")[2]
        return {
            "id": item.id,
            "message": item.message,
            "created_time": graph_time(item.posted_at),
            "from": self._author(item),
            "attachment": _attachment(*item.media[0]) if item.media else None,
            "can_comment": True,
            "can_hide": not own,
            "can_like": True,
            "can_remove": True,
            "can_reply_privately": self._can_reply_privately(item),
            "comment_count": len(self._world.facebook.under(item, stream=True)),
            "is_hidden": item.hidden,
            "is_private": False,
            "like_count": len(item.likes),
            "object": {"id": item.post_id},
            "parent": self._parent(parent) if parent else None,
            "permalink_url": f"https://www.facebook.com/{post}?comment_id={number}",
            "private_reply_conversation": self._private_conversation(item),
            "user_likes": self._page_id in item.likes,
        }

    def _can_reply_privately(self, item: FbItem) -> bool:
        if item.author_id == self._page_id or item.replied_privately:
            return False
        return self._world.now() - item.posted_at <= PRIVATE_REPLY_WITHIN

    def _private_conversation(self, item: FbItem) -> dict[str, Any] | None:
        if not item.replied_privately:
            return None
        conversation = self._world.inbox.between(item.page_id, item.author_id, "messenger")
        return {"id": conversation.id, "link": f"/{item.page_id}/inbox/{conversation.id}/"}

    def _parent(self, parent: FbItem) -> dict[str, Any]:
        facts = {
            "created_time": graph_time(parent.posted_at),
            "from": self._author(parent),
            "message": parent.message,
            "id": parent.id,
        }
        return {name: value for name, value in facts.items() if value is not None}

    def _edges(self, item: FbItem) -> dict[str, Callable[[Field], dict[str, Any]]]:
        return {
            "comments": lambda asked: self.comments(item, listing(asked.modifiers), asked.inner),
            "likes": lambda asked: self.likes(item),
            "reactions": lambda asked: self.likes(item),
            "attachments": lambda asked: {"data": [_attachment(*one) for one in item.media]},
        }

    # --- lists ---------------------------------------------------------------------------------------

    def on_page(self, name: str, asked: Listing, fields: Sequence[Field]) -> dict[str, Any]:
        """One of the lists of the page, newest first. Raises GraphError."""
        if asked.limit > MAX_LIMIT:
            raise GraphError(100, f"(#100) Param limit must be less than or equal to {MAX_LIMIT}")
        check_span(asked)
        network = self._world.facebook
        part = part_of(network.on_page(self._page_id, name), asked, partial(network.listed, name=name))
        write = partial(self.item, fields=fields, rated=name == "ratings")
        return self._lists.written(part, asked, fields, path=f"{self._page_id}/{name}", write=write)

    def comments(self, item: FbItem, asked: Listing, fields: Sequence[Field]) -> dict[str, Any]:
        """The comments under an item, oldest first unless asked otherwise."""
        network = self._world.facebook
        line = network.under(item, stream=asked.stream)
        part = part_of(line, asked, network.listed, newest_first=bool(asked.newest_first))
        write = partial(self.item, fields=fields)
        answer = self._lists.written(part, asked, fields, path=f"{item.id}/comments", write=write)
        if asked.summary:
            order = "reverse_chronological" if asked.newest_first else "chronological"
            total = len(network.comments(item, stream=asked.stream))
            answer["summary"] = {"order": order, "total_count": total, "can_comment": True}
        return answer

    def likes(self, item: FbItem) -> dict[str, Any]:
        """Who likes it, as far as a page may know."""
        users = (self._world.users.get(("facebook", user_id)) for user_id in sorted(item.likes))
        return {"data": [{"id": user.id, "name": user.name} for user in users if user is not None]}


def _attachment(kind: str, url: str) -> dict[str, Any]:
    """A picture or film as posts and comments show it."""
    return {
        "media_type": kind,
        "type": "photo" if kind == "photo" else "video_inline",
        "url": url,
        "media": {"image": {"src": url, "width": 1080, "height": 1080}},
        "target": {"id": "", "url": url},
    }
