"""The pictures and comments on Instagram, and the rules Instagram has about them.

Nothing here knows HTTP; `graph_instagram.py` turns this into the wire format.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from webcare.sandbox.timeline import Timeline
from webcare.sandbox.values import IgItem, IgKind, SandboxError, User, clean, to_ms

if TYPE_CHECKING:
    from webcare.sandbox.world import World

_FIRST_NUMBER = 17_800_000_000_000_000
_NAME = re.compile(r"@([\w.]{1,30})")


class InstagramNetwork:
    """All pictures and comments, with the lists the API reads, each in order of time."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.restore([])

    def restore(self, items: Iterable[IgItem]) -> None:
        """Start over with these items."""
        self.items: dict[str, IgItem] = {}
        self._media: dict[str, Timeline] = defaultdict(Timeline)
        self._tagged: dict[str, Timeline] = defaultdict(Timeline)
        self._mentioned: dict[str, Timeline] = defaultdict(Timeline)
        self._comments: dict[str, Timeline] = defaultdict(Timeline)
        self._below: dict[str, Timeline] = defaultdict(Timeline)
        self._replies: dict[str, Timeline] = defaultdict(Timeline)
        for item in items:
            self._add(item)

    # --- writing -------------------------------------------------------------------------------------

    def post(
        self,
        text: str,
        *,
        author: User | str,
        tags: Iterable[str] = (),
        at: datetime | None = None,
        visible_after: float | None = None,
        origin: str = "test",
    ) -> IgItem:
        """A picture with this caption, by a brand or a person; `tags` are ids of the accounts marked on it."""
        with self.world.lock:
            made = self._new("media", self._writer(author), text, at, visible_after, origin)
            made.media_id, made.tags = made.id, tuple(tags)
            return self._tell(made)

    def comment(
        self,
        text: str,
        *,
        under: str,
        author: User | str,
        at: datetime | None = None,
        visible_after: float | None = None,
        origin: str = "test",
    ) -> IgItem:
        """A comment under a picture, or an answer under a comment: an answer to an answer joins the top comment.

        Raises SandboxError if `under` does not exist or is gone.
        """
        with self.world.lock:
            target = self.visible(under)
            if target is None:
                raise SandboxError(f"there is no picture or comment {under} on Instagram")
            made = self._new("comment", self._writer(author), text, at, visible_after, origin)
            made.media_id = target.media_id
            made.parent_id = (target.parent_id or target.id) if target.kind == "comment" else None
            media = self.items[target.media_id]
            media.updated_at = max(media.updated_at, made.posted_at)
            return self._tell(made)

    def edit(self, item_id: str, text: str) -> IgItem:
        """Change a caption or a comment; the id stays."""
        with self.world.lock:
            item = self.need(item_id)
            for line in self._lines(item):
                line.discard((item.posted_at, item.id))
            item.text, item.updated_at = clean(text), self.world.now()
            return self._add(item)

    def delete(self, item_id: str) -> None:
        """Take an item away, with everything under it."""
        with self.world.lock:
            item = self.need(item_id)
            below = [one for line in (self._comments, self._replies) for _, one in line[item_id].walk()]
            below += [one for comment in below for _, one in self._replies[comment].walk()]
            for one in (item, *(self.items[name] for name in below)):
                one.deleted = True
                for line in self._lines(one):
                    line.discard((one.posted_at, one.id))
            self.world.touch()

    def _tell(self, made: IgItem) -> IgItem:
        self.world.told(self._add(made))
        return made

    def _writer(self, author: User | str) -> User:
        return author if isinstance(author, User) else self.world.user("instagram", author)

    def _new(
        self,
        kind: IgKind,
        writer: User,
        text: str,
        at: datetime | None,
        visible_after: float | None,
        origin: str,
    ) -> IgItem:
        posted, visible = at or self.world.now(), self.world.visible_at(at, visible_after)
        item_id = self._free_id(posted)
        return IgItem(item_id, kind, writer.id, clean(text), posted, posted, visible, item_id, origin=origin)

    def _free_id(self, at: datetime) -> str:
        number = _FIRST_NUMBER + to_ms(at)
        while str(number) in self.items:
            number += 1
        return str(number)

    def _add(self, item: IgItem) -> IgItem:
        named = {name.lower() for name in _NAME.findall(item.text)}
        brands = ((one.user_id, self.user(one.user_id).handle.lower()) for one in self.world.brands("instagram"))
        item.mentions = tuple(user_id for user_id, handle in brands if handle in named)
        self.items[item.id] = item
        if not item.deleted:
            for line in self._lines(item):
                line.add((item.posted_at, item.id))
        self.world.touch()
        return item

    def _lines(self, item: IgItem) -> list[Timeline]:
        """The lists this item stands in."""
        found = [self._mentioned[one] for one in item.mentions if one != item.author_id]
        if item.kind == "media":
            return [*found, self._media[item.author_id], *(self._tagged[one] for one in item.tags)]
        found.append(self._below[item.media_id])
        return [*found, self._replies[item.parent_id] if item.parent_id else self._comments[item.media_id]]

    # --- reading -------------------------------------------------------------------------------------

    def need(self, item_id: str) -> IgItem:
        """The item with this id, deleted or not. Raises SandboxError."""
        if item_id not in self.items:
            raise SandboxError(f"there is nothing with the id {item_id} on Instagram")
        return self.items[item_id]

    def user(self, user_id: str) -> User:
        """The person or brand with this id."""
        return self.world.users[("instagram", user_id)]

    def author(self, item: IgItem) -> User:
        """Who wrote it."""
        return self.user(item.author_id)

    def owner(self, item: IgItem) -> User:
        """Whose picture it is, or stands under."""
        return self.user(self.items[item.media_id].author_id)

    def visible(self, item_id: str) -> IgItem | None:
        """The item if it is there for a brand: pictures of private accounts are not, with all below them."""
        item = self.items.get(item_id)
        if item is None or item.deleted or self.author(item).suspended or self.owner(item).protected:
            return None
        return item

    def listed(self, item_id: str) -> IgItem | None:
        """The item if lists show it now."""
        item = self.visible(item_id)
        return None if item is None or item.visible_at > self.world.now() else item

    def media(self, user_id: str) -> Timeline:
        """The pictures of one account."""
        return self._media[user_id]

    def tagged(self, user_id: str) -> Timeline:
        """Pictures of others on which this account is marked."""
        return self._tagged[user_id]

    def mentioned(self, user_id: str) -> Timeline:
        """Captions and comments that name this account; the API tells of them by webhook only."""
        return self._mentioned[user_id]

    def count_below(self, media: IgItem) -> int:
        """How many comments and answers stand under a picture."""
        return len(self._below[media.id])

    def under(self, item: IgItem) -> Timeline:
        """The top comments under a picture, or the answers under a comment."""
        return self._comments[item.id] if item.kind == "media" else self._replies[item.id]
