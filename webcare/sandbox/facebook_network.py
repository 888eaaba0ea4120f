"""The posts, comments and reviews on Facebook pages, and the rules Facebook has about them.

Nothing here knows HTTP; `graph_api.py` turns this into the wire format.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from webcare.sandbox.timeline import Key, Timeline
from webcare.sandbox.values import FbItem, FbKind, SandboxError, User, clean, to_ms

if TYPE_CHECKING:
    from webcare.sandbox.world import World

#: The same words by a page under the same object within this time are refused as a duplicate.
DUPLICATE_WITHIN = timedelta(minutes=10)
_FIRST_NUMBER = 122_000_000_000_000_000
#: The lists of a page that hold each kind of item.
LISTS: Mapping[FbKind, tuple[str, ...]] = {
    "post": ("feed", "posts", "published_posts"),
    "visitor_post": ("feed", "visitor_posts"),
    "tagged": ("tagged",),
    "review": ("ratings",),
    "comment": (),
}


class FacebookNetwork:
    """All items on Facebook pages, with the lists the API reads, each in order of time."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.restore([])

    def restore(self, items: Iterable[FbItem]) -> None:
        """Start over with these items."""
        self.items: dict[str, FbItem] = {}
        self._numbers: set[int] = set()
        self._on_page: dict[tuple[str, str], Timeline] = defaultdict(Timeline)
        self._active: dict[str, Timeline] = defaultdict(Timeline)
        self._under_post: dict[str, Timeline] = defaultdict(Timeline)
        self._top: dict[str, Timeline] = defaultdict(Timeline)
        self._under_comment: dict[str, Timeline] = defaultdict(Timeline)
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
            made = self._make(
                item_id, "comment", page, writer, text, target.post_id, at, visible_after, origin, parent_id=parent_id
            )
            post = self.items[target.post_id]
            self._moved(post, max(post.updated_at, made.posted_at))
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
            self._moved(item, self.world.now())
            self.world.touch()
            return item

    def delete(self, item_id: str) -> None:
        """Take an item away, with everything under it."""
        with self.world.lock:
            item = self.need(item_id)
            below = [self._under_comment.get(item_id), self._under_post.get(item_id)]
            gone = [item, *(self.items[one] for line in below if line for _, one in line.walk())]
            for one in gone:
                one.deleted = True
                for line in self._lines(one):
                    line.discard((one.posted_at, one.id))
                self._active[one.page_id].discard((one.updated_at, one.id))
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
        *,
        parent_id: str | None = None,
    ) -> FbItem:
        posted, visible = at or self.world.now(), self.world.visible_at(at, visible_after)
        made = FbItem(item_id, kind, page.id, writer.id, clean(text), posted, posted, visible, post_id, parent_id)
        made.origin = origin
        return self._add(made)

    def _add(self, item: FbItem) -> FbItem:
        self.items[item.id] = item
        self._numbers.add(int(item.id.rpartition("_")[2]))
        if not item.deleted:
            for line in self._lines(item):
                line.add((item.posted_at, item.id))
            if item.kind != "comment":
                self._active[item.page_id].add((item.updated_at, item.id))
        self.world.touch()
        return item

    def _moved(self, item: FbItem, at: datetime) -> None:
        """Something happened to an item or below it."""
        if item.kind != "comment":
            self._active[item.page_id].discard((item.updated_at, item.id))
            self._active[item.page_id].add((at, item.id))
        item.updated_at = at

    def _lines(self, item: FbItem) -> list[Timeline]:
        """The lists this item stands in."""
        found = [self._on_page[item.page_id, name] for name in LISTS[item.kind]]
        if item.kind == "comment":
            found.append(self._under_post[item.post_id])
            found.append(self._under_comment[item.parent_id] if item.parent_id else self._top[item.post_id])
        return found

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

    def on_page(self, page_id: str, name: str) -> Timeline:
        """One of the lists of a page: feed, posts, published_posts, visitor_posts, tagged or ratings."""
        return self._on_page[page_id, name]

    def active(self, page_id: str) -> Iterator[FbItem]:
        """All posts and reviews on a page that show, the one with the newest activity first."""
        return self._shown(self._active[page_id].walk(newest_first=True))

    def under(self, item: FbItem, *, stream: bool) -> Timeline:
        """The comments under an item; `stream` adds the answers to comments."""
        if item.kind == "comment":
            return self._under_comment[item.id]
        return (self._under_post if stream else self._top)[item.id]

    def listed(self, item_id: str, *, name: str = "") -> FbItem | None:
        """The item if the list called `name` shows it now."""
        item = self.visible(item_id)
        if item is None or item.visible_at > self.world.now() or name in item.left_out:
            return None
        return None if name == "feed" and self._missing_from_feed(item_id) else item

    def _missing_from_feed(self, item_id: str) -> bool:
        share = self.world.options.feed_misses
        return share > 0 and int(hashlib.sha256(item_id.encode()).hexdigest()[:8], 16) / 2**32 < share

    def comments(self, item: FbItem, *, stream: bool) -> list[FbItem]:
        """All comments under an item that show, oldest first."""
        return list(self._shown(self.under(item, stream=stream).walk()))

    def _shown(self, keys: Iterable[Key]) -> Iterator[FbItem]:
        for _, item_id in keys:
            item = self.listed(item_id)
            if item is not None:
                yield item

    def is_duplicate(self, text: str, *, author_id: str, under: FbItem) -> bool:
        """Whether this author lately wrote these very words under the same object."""
        since = self.world.now() - DUPLICATE_WITHIN
        line = (
            self._under_comment[under.parent_id or under.id] if under.kind == "comment" else self._under_post[under.id]
        )
        items = (self.items[item_id] for _, item_id in line.walk((since, "")))
        return any(item.author_id == author_id and item.message == text for item in items)

    def thread_of(self, item: FbItem) -> str:
        """The id of the first item of its thread: the top comment under a brand's post, else the visitor's post."""
        root = self.items[item.post_id]
        return (item.parent_id or item.id) if root.kind == "post" else root.id

    def answers(self, thread_id: str) -> list[FbItem]:
        """The page's own comments in a thread, oldest first, without deleted ones."""
        root = self.need(thread_id)
        line = (self._under_comment if root.kind == "comment" else self._under_post)[thread_id]
        items = (self.items[item_id] for _, item_id in line.walk())
        return [item for item in items if item.author_id == item.page_id]
