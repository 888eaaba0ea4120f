"""Pages, posts, comments and reviews as the Graph API shows them: default fields, chosen fields, lists inside."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from webcare.sandbox.graph_fields import Field
from webcare.sandbox.paging import TokenError, read_text_token, token_for
from webcare.sandbox.values import BrandAccount, FbItem, FbKind, User, names
from webcare.sandbox.world import World

HOST = "https://graph.facebook.com"
#: Field names per kind of node, from Meta's own descriptions; those without a value here are simply left out.
KNOWN: Mapping[str, frozenset[str]] = {
    "Page": names(
        "about access_token category category_list fan_count followers_count has_added_app id is_published link name "
        "overall_star_rating rating_count unread_message_count unread_notif_count unseen_message_count username "
        "verification_status website picture emails phone location "
        "feed posts published_posts visitor_posts tagged ratings"
    ),
    "PagePost": names(
        "actions admin_creator application backdated_time can_reply_privately child_attachments created_time from "
        "full_picture icon id is_expired is_hidden is_inline_created is_popular is_published is_spherical message "
        "message_tags parent_id permalink_url picture place privacy promotable_id properties scheduled_publish_time "
        "shares status_type story story_tags subscribed target timeline_visibility updated_time via width height "
        "attachments comments likes reactions sharedposts to"
    ),
    "Comment": names(
        "admin_creator application attachment can_comment can_hide can_like can_remove can_reply_privately "
        "comment_count created_time from id is_hidden is_private like_count live_broadcast_timestamp message "
        "message_tags object parent permalink_url private_reply_conversation user_likes comments likes reactions"
    ),
    "Recommendation": names(
        "created_time has_rating has_review open_graph_story rating recommendation_type review_text reviewer"
    ),
    "User": names("id name first_name last_name picture link"),
    "OpenGraphStory": names("id message created_time from comments type data"),
}
DEFAULTS: Mapping[str, tuple[str, ...]] = {
    "Page": ("name", "id"),
    "PagePost": ("created_time", "message", "id"),
    "Comment": ("created_time", "from", "message", "id"),
    "Recommendation": ("created_time", "recommendation_type", "review_text"),
    "User": ("name", "id"),
    "OpenGraphStory": ("id", "created_time", "type"),
}
MAX_LIMIT = 100
#: What the lists of a page hold.
PAGE_EDGES: Mapping[str, tuple[FbKind, ...]] = {
    "feed": ("post", "visitor_post"),
    "posts": ("post",),
    "published_posts": ("post",),
    "visitor_posts": ("visitor_post",),
    "tagged": ("tagged",),
    "ratings": ("review",),
}


class GraphError(Exception):
    """A refusal, ready to be sent: HTTP status and the contents of `error`."""

    def __init__(
        self, code: int, message: str, *, status: int = 400, kind: str = "OAuthException", **more: Any
    ) -> None:
        super().__init__(message)
        self.status = status
        self.error: dict[str, Any] = {"message": message, "type": kind, "code": code, **more}


def graph_time(moment: datetime) -> str:
    """A time as Facebook writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")


@dataclass(frozen=True, slots=True)
class Listing:
    """How a list is asked for: page size, cursors, time span, order."""

    limit: int = 25
    after: str | None = None
    before: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    newest_first: bool | None = None
    stream: bool = False
    summary: bool = False


def listing(params: Mapping[str, str]) -> Listing:
    """Read the parameters of a list, from the query or from modifiers. Raises GraphError."""
    limit = params.get("limit", "25")
    if not limit.isdecimal():
        raise GraphError(100, "(#100) Param limit must be an integer greater than or equal to 0")
    order = params.get("order")
    if order not in (None, "chronological", "reverse_chronological", "ranked"):
        raise GraphError(100, "(#100) Param order must be one of {CHRONOLOGICAL, REVERSE_CHRONOLOGICAL}")
    if params.get("filter", "toplevel") not in ("toplevel", "stream"):
        raise GraphError(100, "(#100) Param filter must be one of {TOPLEVEL, STREAM}")
    return Listing(
        limit=int(limit),
        after=params.get("after"),
        before=params.get("before"),
        since=_moment("since", params.get("since")),
        until=_moment("until", params.get("until")),
        newest_first=None if order is None else order == "reverse_chronological",
        stream=params.get("filter") == "stream",
        summary=params.get("summary", "").lower() in ("true", "1", "total_count"),
    )


def _moment(name: str, text: str | None) -> datetime | None:
    if text is None or text == "":
        return None
    try:
        if text.isdecimal():
            return datetime.fromtimestamp(int(text), UTC)
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError) as error:
        raise GraphError(100, f"(#100) Param {name} must be a valid UNIX timestamp or date") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class GraphView:
    """Builds answers for one request of one page. Use with the world's lock held."""

    def __init__(self, world: World, account: BrandAccount, *, version: str, token: str) -> None:
        self._world = world
        self._account = account
        self._version = version
        self._token = token

    # --- nodes ---------------------------------------------------------------------------------------

    def page(self, user: User, fields: Sequence[Field]) -> dict[str, Any]:
        """The page itself."""
        facts: dict[str, Any] = {
            "id": user.id,
            "name": user.name,
            "username": user.handle,
            "category": "Furniture store",
            "link": f"https://www.facebook.com/{user.handle}",
            "fan_count": 48210,
            "followers_count": 51377,
            "is_published": True,
            "access_token": self._token if user.id == self._account.user_id else None,
        }
        return self._picked("Page", facts, fields, dict.fromkeys(PAGE_EDGES, self._page_edge))

    def _page_edge(self, asked: Field) -> dict[str, Any]:
        return self.on_page(asked.name, listing(asked.modifiers), asked.inner)

    def item(self, item: FbItem, fields: Sequence[Field], *, rated: bool = False) -> dict[str, Any]:
        """A post, comment or review. A review shows as Recommendation in `ratings`, else as the story it is."""
        if item.kind == "comment":
            return self._picked("Comment", self._comment_facts(item), fields, self._edges(item))
        if item.kind == "review":
            return self._review(item, fields, rated=rated)
        return self._picked("PagePost", self._post_facts(item), fields, self._edges(item))

    def person(self, user: User) -> dict[str, Any] | None:
        """`from`: who wrote it, unless the page may not see that."""
        return None if user.unseen else {"name": user.name, "id": user.id}

    def _review(self, item: FbItem, fields: Sequence[Field], *, rated: bool) -> dict[str, Any]:
        story = {"id": item.id, "type": "og.recommends", "created_time": graph_time(item.posted_at)}
        if not rated:
            facts: dict[str, Any] = {
                **story,
                "message": item.message,
                "from": self.person(self._world.facebook.author(item)),
            }
            return self._picked("OpenGraphStory", facts, fields, self._edges(item))
        facts = {
            "created_time": graph_time(item.posted_at),
            "has_rating": False,
            "has_review": bool(item.message),
            "recommendation_type": "positive" if item.positive else "negative",
            "review_text": item.message,
            "reviewer": self.person(self._world.facebook.author(item)),
            "open_graph_story": story,
        }
        return self._picked("Recommendation", facts, fields, {})

    def _post_facts(self, item: FbItem) -> dict[str, Any]:
        own = item.author_id == self._account.user_id
        return {
            "id": item.id,
            "message": item.message,
            "created_time": graph_time(item.posted_at),
            "updated_time": graph_time(item.updated_at),
            "from": self.person(self._world.facebook.author(item)),
            "permalink_url": f"https://www.facebook.com/{item.id.replace('_', '/posts/')}",
            "status_type": "mobile_status_update" if own else "wall_post",
            "is_hidden": item.hidden,
            "is_published": True,
            "can_reply_privately": not own,
        }

    def _comment_facts(self, item: FbItem) -> dict[str, Any]:
        own = item.author_id == self._account.user_id
        parent = self._world.facebook.items.get(item.parent_id) if item.parent_id else None
        post, number = item.post_id.replace("_", "/posts/"), item.id.rpartition("_")[2]
        return {
            "id": item.id,
            "message": item.message,
            "created_time": graph_time(item.posted_at),
            "from": self.person(self._world.facebook.author(item)),
            "can_comment": True,
            "can_hide": not own,
            "can_like": True,
            "can_remove": True,
            "can_reply_privately": not own,
            "comment_count": len(self._world.facebook.comments(item, stream=True)),
            "is_hidden": item.hidden,
            "is_private": False,
            "like_count": len(item.likes),
            "object": {"id": item.post_id},
            "parent": self._parent(parent) if parent else None,
            "permalink_url": f"https://www.facebook.com/{post}?comment_id={number}",
            "user_likes": self._account.user_id in item.likes,
        }

    def _parent(self, parent: FbItem) -> dict[str, Any]:
        who = self.person(self._world.facebook.author(parent))
        facts = {
            "created_time": graph_time(parent.posted_at),
            "from": who,
            "message": parent.message,
            "id": parent.id,
        }
        return {name: value for name, value in facts.items() if value is not None}

    def _edges(self, item: FbItem) -> dict[str, Callable[[Field], dict[str, Any]]]:
        return {
            "comments": lambda asked: self.comments(item, listing(asked.modifiers), asked.inner),
            "likes": lambda asked: self.likes(item),
            "reactions": lambda asked: self.likes(item),
        }

    def _picked(
        self,
        kind: str,
        facts: Mapping[str, Any],
        fields: Sequence[Field],
        edges: Mapping[str, Callable[[Field], dict[str, Any]]],
    ) -> dict[str, Any]:
        asked = list(fields) or [Field(name) for name in DEFAULTS[kind]]
        shown: dict[str, Any] = {}
        for one in asked:
            if one.name not in KNOWN[kind]:
                raise GraphError(100, f"(#100) Tried accessing nonexisting field ({one.name}) on node type ({kind})")
            value = edges[one.name](one) if one.name in edges else _narrowed(facts.get(one.name), one)
            # Meta leaves out a list inside an object when it is empty and nothing else was asked of it
            if value not in (None, {"data": []}):
                shown[one.name] = value
        if "id" in facts and "id" not in shown:
            shown["id"] = facts["id"]
        return shown

    # --- lists ---------------------------------------------------------------------------------------

    def on_page(self, edge: str, asked: Listing, fields: Sequence[Field]) -> dict[str, Any]:
        """One of the lists of the page, newest first. Raises GraphError."""
        if asked.limit > MAX_LIMIT:
            raise GraphError(100, f"(#100) Param limit must be less than or equal to {MAX_LIMIT}")
        page_id = self._account.user_id
        items = self._world.facebook.on_page(page_id, *PAGE_EDGES[edge])
        return self.listed(items, asked, fields, path=f"{page_id}/{edge}", rated=edge == "ratings")

    def comments(self, item: FbItem, asked: Listing, fields: Sequence[Field]) -> dict[str, Any]:
        """The comments under an item, oldest first unless asked otherwise."""
        found = self._world.facebook.comments(item, stream=asked.stream)
        total = len(found)
        if asked.newest_first:
            found = found[::-1]
        newest_first = bool(asked.newest_first)
        answer = self.listed(found, asked, fields, path=f"{item.id}/comments", newest_first=newest_first)
        if asked.summary:
            order = "reverse_chronological" if asked.newest_first else "chronological"
            answer["summary"] = {"order": order, "total_count": total, "can_comment": True}
        return answer

    def likes(self, item: FbItem) -> dict[str, Any]:
        """Who likes it, as far as a page may know."""
        users = (self._world.users.get(("facebook", user_id)) for user_id in sorted(item.likes))
        return {"data": [{"id": user.id, "name": user.name} for user in users if user is not None]}

    def listed(
        self,
        items: Sequence[FbItem],
        asked: Listing,
        fields: Sequence[Field],
        *,
        path: str,
        newest_first: bool = True,
        rated: bool = False,
    ) -> dict[str, Any]:
        """One page of a list, with cursors and, where more follows, the whole address of the next page."""
        within = [item for item in items if _inside(item, asked)]
        page, more_before, more_after = _cut_out(within, asked, newest_first=newest_first)
        data = [self.item(item, fields, rated=rated) for item in page]
        if not page:
            return {"data": data}
        cursors = {"before": _cursor(page[0]), "after": _cursor(page[-1])}
        paging: dict[str, Any] = {"cursors": cursors}
        if more_after:
            paging["next"] = self._address(path, asked, fields, {"after": cursors["after"]})
        if more_before:
            paging["previous"] = self._address(path, asked, fields, {"before": cursors["before"]})
        return {"data": data, "paging": paging}

    def _address(self, path: str, asked: Listing, fields: Sequence[Field], cursor: dict[str, str]) -> str:
        query = {"access_token": self._token, "pretty": "0", "limit": str(asked.limit)}
        if fields:
            query["fields"] = ",".join(_written(one) for one in fields)
        if asked.stream:
            query["filter"] = "stream"
        if asked.newest_first is not None:
            query["order"] = "reverse_chronological" if asked.newest_first else "chronological"
        for name, moment in (("since", asked.since), ("until", asked.until)):
            if moment is not None:
                query[name] = str(int(moment.timestamp()))
        return f"{HOST}/{self._version}/{path}?{urlencode({**query, **cursor})}"


def _written(asked: Field) -> str:
    modifiers = "".join(f".{name}({value})" for name, value in asked.modifiers.items())
    inner = "{" + ",".join(_written(one) for one in asked.inner) + "}" if asked.inner else ""
    return asked.name + modifiers + inner


def _narrowed(value: Any, asked: Field) -> Any:
    if not asked.inner or not isinstance(value, dict):
        return value
    names = [one.name for one in asked.inner]
    return {name: value[name] for name in names if name in value}


def _inside(item: FbItem, asked: Listing) -> bool:
    return (asked.since is None or item.posted_at >= asked.since) and (
        asked.until is None or item.posted_at <= asked.until
    )


def _cut_out(items: Sequence[FbItem], asked: Listing, *, newest_first: bool) -> tuple[Sequence[FbItem], bool, bool]:
    """The page, and whether the list goes on before and after it."""
    if asked.before is not None:
        end, _ = _around(items, asked.before, newest_first=newest_first)
        start = max(0, end - asked.limit)
    else:
        start = _around(items, asked.after, newest_first=newest_first)[1] if asked.after is not None else 0
        end = start + asked.limit
    return items[start:end], start > 0, end < len(items)


def _cursor(item: FbItem) -> str:
    return token_for(item.posted_at.isoformat(), item.id)


def _around(items: Sequence[FbItem], cursor: str, *, newest_first: bool) -> tuple[int, int]:
    """Where the item of this cursor begins and ends; both the same if it is gone, so that paging goes on."""
    try:
        moment, item_id = read_text_token(cursor)
        key = (datetime.fromisoformat(moment), item_id)
    except (TokenError, ValueError) as error:
        raise GraphError(100, "(#100) Invalid cursors values passed in paging params") from error
    keys = [(item.posted_at, item.id) for item in items]
    begin = sum(1 for one in keys if (one > key if newest_first else one < key))
    return begin, begin + (begin < len(keys) and keys[begin] == key)
