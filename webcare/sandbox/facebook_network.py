"""The posts, comments and reviews on Facebook pages, and the rules Facebook has about them.

Nothing here knows HTTP; `graph_api.py` turns this into the wire format.
"""

from __future__ import annotations

from bisect import insort
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from webcare.sandbox.values import FbItem, FbKind, SandboxError, User, clean, to_ms

if TYPE_CHECKING:
    from webcare.sandbox.world import World

#: The same words by a page under the same object within this time are refused as a duplicate.
DUPLICATE_WITHIN = timedelta(minutes=10)
_FIRST_NUMBER = 122_000_000_000_000_000
POST_KINDS: tuple[FbKind, ...] = ("post", "visitor_post", "tagged")
Key = tuple[datetime, str]


class FacebookNetwork:
    """All items on Facebook pages, with the lists the API reads, each in order of time."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.restore([])

    def restore(self, items: Iterable[FbItem]) -> None:
        """Start over with these items."""
        self.items: dict[str, FbItem] = {}
        self._numbers: set[int] = set()
        self._on_page: dict[tuple[str, FbKind], list[Key]] = defaultdict(list)
        self._under_post: dict[str, list[Key]] = defaultdict(list)
        self._under_comment: dict[str, list[Key]] = defaultdict(list)
        for item in items:
            self._add(item)

    # --- writing -------------------------------------------------------------------------------------

    def post(
        self,
        text: str,
        *,
        author: User | str | None = None,
        kind: FbKind = "visitor_post",
        page_id: str | None = None,
        at: datetime | None = None,
        visible_after: float | None = None,
        origin: str = "test",
    ) -> FbItem:
        """A post on a page: a visitor's (`visitor_post`), one elsewhere naming it (`tagged`), or its own (`post`)."""
        with self.world.lock:
            page = self._page(page_id)
            writer = page if kind == "post" else self._writer(author)
            number = self._free_number(at)
            item_id = f"{writer.id if kind == 'tagged' else page.id}_{number}"
            return self._make(item_id, kind, page, writer, text, item_id, at, visible_after, origin)

    def comment(
        self,
        text: str,
        *,
        under: str,
        author: User | str | None = None,
        at: datetime | None = None,
        visible_after: float | None = None,
        origin: str = "test",
    ) -> FbItem:
        """A comment under a post or under another comment; without an author it is the page's own.

        Facebook has two levels: an answer to an answer stands under the first comment. Raises SandboxError if
        `under` does not exist or is gone.
        """
        with self.world.lock:
            target = self.visible(under)
            if target is None:
                raise SandboxError(f"there is no post or comment {under} on Facebook")
            page = self.world.users[("facebook", target.page_id)]
            writer = page if author is None else self._writer(author)
            number = self._free_number(at)
            parent_id = (target.parent_id or target.id) if target.kind == "comment" else None
            item_id = f"{target.post_id.rpartition('_')[2]}_{number}"
            made = self._make(item_id, "comment", page, writer, text, target.post_id, at, visible_after, origin)
            made.parent_id = parent_id
            if parent_id:
                insort(self._under_comment[parent_id], (made.posted_at, made.id))
            post = self.items[target.post_id]
            post.updated_at = max(post.updated_at, made.posted_at)
            return made

    def review(
        self,
        text: str,
        *,
        author: User | str,
        positive: bool,
        page_id: str | None = None,
        at: datetime | None = None,
        visible_after: float | None = None,
        origin: str = "test",
    ) -> FbItem:
        """A recommendation of the page, for or against it."""
        with self.world.lock:
            page, item_id = self._page(page_id), str(self._free_number(at))
            made = self._make(item_id, "review", page, self._writer(author), text, item_id, at, visible_after, origin)
            made.positive = positive
            return made

    def edit(self, item_id: str, text: str) -> FbItem:
        """Change the words of an item; Facebook keeps its id."""
        with self.world.lock:
            item = self.need(item_id)
            item.message = clean(text)
            item.updated_at = self.world.now()
            self.world.touch()
            return item

    def delete(self, item_id: str) -> None:
        """Take an item away, with everything under it."""
        with self.world.lock:
            item = self.need(item_id)
            item.deleted = True
            for _, below in [*self._under_comment.get(item_id, []), *self._under_post.get(item_id, [])]:
                self.items[below].deleted = True
            self.world.touch()

    def _page(self, page_id: str | None) -> User:
        found = page_id or self.world.brands("facebook")[0].user_id
        return self.world.users[("facebook", found)]

    def _writer(self, author: User | str | None) -> User:
        if author is None:
            raise SandboxError("say who writes this")
        return author if isinstance(author, User) else self.world.user("facebook", author)

    def _free_number(self, at: datetime | None) -> int:
        number = _FIRST_NUMBER + to_ms(at or self.world.now()) * 10
        while number in self._numbers:
            number += 1
        return number

    def _make(
        self,
        item_id: str,
        kind: FbKind,
        page: User,
        writer: User,
        text: str,
        post_id: str,
        at: datetime | None,
        visible_after: float | None,
        origin: str,
    ) -> FbItem:
        now = self.world.now()
        delay = self.world.options.visible_delay_s if visible_after is None else visible_after
        posted = at or now
        visible = max(posted, now + timedelta(seconds=delay))
        return self._add(
            FbItem(item_id, kind, page.id, writer.id, clean(text), posted, posted, visible, post_id, origin=origin)
        )

    def _add(self, item: FbItem) -> FbItem:
        self.items[item.id] = item
        self._numbers.add(int(item.id.rpartition("_")[2]))
        key = (item.posted_at, item.id)
        if item.kind == "comment":
            insort(self._under_post[item.post_id], key)
            if item.parent_id:
                insort(self._under_comment[item.parent_id], key)
        else:
            insort(self._on_page[(item.page_id, item.kind)], key)
        self.world.touch()
        return item

    # --- reading -------------------------------------------------------------------------------------

    def need(self, item_id: str) -> FbItem:
        """The item with this id, deleted or not. Raises SandboxError."""
        if item_id not in self.items:
            raise SandboxError(f"there is nothing with the id {item_id} on Facebook")
        return self.items[item_id]

    def visible(self, item_id: str) -> FbItem | None:
        """The item if it is there for anybody who has its id."""
        item = self.items.get(item_id)
        return None if item is None or item.deleted or self.author(item).suspended else item

    def author(self, item: FbItem) -> User:
        """Who wrote it."""
        return self.world.users[("facebook", item.author_id)]

    def on_page(self, page_id: str, *kinds: FbKind) -> list[FbItem]:
        """What stands on a page, newest first."""
        keys = sorted((key for kind in kinds for key in self._on_page.get((page_id, kind), [])), reverse=True)
        return list(self._listed(keys))

    def comments(self, item: FbItem, *, stream: bool) -> list[FbItem]:
        """The comments under an item, oldest first; `stream` adds the answers to comments."""
        if item.kind == "comment":
            return list(self._listed(self._under_comment.get(item.id, [])))
        found = self._listed(self._under_post.get(item.id, []))
        return [comment for comment in found if stream or comment.parent_id is None]

    def _listed(self, keys: Iterable[Key]) -> Iterator[FbItem]:
        now = self.world.now()
        for _, item_id in keys:
            item = self.visible(item_id)
            if item is not None and item.visible_at <= now:
                yield item

    def is_duplicate(self, text: str, *, author_id: str, under: FbItem) -> bool:
        """Whether this author lately wrote these very words under the same object."""
        keys = self._under_comment if under.kind == "comment" else self._under_post
        since = self.world.now() - DUPLICATE_WITHIN
        for posted_at, item_id in reversed(keys.get(under.parent_id or under.id, [])):
            if posted_at < since:
                return False
            item = self.items[item_id]
            if item.author_id == author_id and item.message == text and not item.deleted:
                return True
        return False

    def thread_of(self, item: FbItem) -> str:
        """The id of the first item of its thread: the top comment under a brand's post, else the visitor's post."""
        root = self.items[item.post_id]
        return (item.parent_id or item.id) if root.kind == "post" else root.id

    def answers(self, thread_id: str) -> list[FbItem]:
        """The page's own comments in a thread, oldest first, without deleted ones."""
        root = self.need(thread_id)
        keys = (self._under_comment if root.kind == "comment" else self._under_post).get(thread_id, [])
        items = (self.items[item_id] for _, item_id in keys)
        return [item for item in items if item.author_id == item.page_id and not item.deleted]
