"""The posts on X and the rules X has about them: threads, edits, retweets, who sees what, and when.

Nothing here knows HTTP; `x_api.py` turns this into the wire format.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from webcare.sandbox import x_text
from webcare.sandbox.values import SandboxError, User, XPost, clean, snowflake
from webcare.sandbox.x_usage import Meter

if TYPE_CHECKING:
    from webcare.sandbox.world import World

#: The same words by the same author within this time are refused as a duplicate.
DUPLICATE_WITHIN = timedelta(hours=24)
#: No post has a greater id.
MAX_ID = 2**63 - 1
PostId = int | str


@dataclass(frozen=True, slots=True)
class Span:
    """Which part of a list is asked for. Ids are exclusive; `start` is inclusive, `end` exclusive."""

    since_id: int | None = None
    until_id: int | None = None
    start: datetime | None = None
    end: datetime | None = None

    def is_past(self, post: XPost) -> bool:
        """Whether this post, and so every older one, lies before the span."""
        return (self.since_id is not None and post.id <= self.since_id) or (
            self.start is not None and post.posted_at < self.start
        )

    def is_ahead(self, post: XPost) -> bool:
        """Whether this post lies after the span."""
        return (self.until_id is not None and post.id >= self.until_id) or (
            self.end is not None and post.posted_at >= self.end
        )


def _descending(lists: Sequence[Sequence[int]], until: int) -> Iterator[int]:
    """What several ascending lists hold below `until`, from the greatest on, each once."""
    parts = [map(ids.__getitem__, range(bisect_left(ids, until) - 1, -1, -1)) for ids in lists]
    if len(parts) == 1:
        yield from parts[0]
        return
    last = None
    for number in heapq.merge(*parts, reverse=True):
        if number != last:
            yield number
        last = number


class XNetwork:
    """All posts on X, with the lists the API reads."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.meter = Meter()
        self.restore([])

    def restore(self, posts: Iterable[XPost]) -> None:
        """Start over with these posts."""
        self.posts: dict[int, XPost] = {}
        self.ids: list[int] = []
        self.by_author: dict[str, list[int]] = defaultdict(list)
        self.by_conversation: dict[int, list[int]] = defaultdict(list)
        self.by_mention: dict[str, list[int]] = defaultdict(list)
        self.by_quoted: dict[int, list[int]] = defaultdict(list)
        self.by_answered: dict[int, list[int]] = defaultdict(list)
        self._crowded: dict[int, int] = {}
        self._said: dict[tuple[str, str], list[int]] = defaultdict(list)
        self.by_word: dict[str, list[int]] = defaultdict(list)
        for post in posts:
            self._index(post)

    # --- writing -------------------------------------------------------------------------------------

    def post(
        self,
        text: str,
        *,
        author: User | str,
        in_reply_to: PostId | None = None,
        quote: PostId | None = None,
        at: datetime | None = None,
        lang: str = "und",
        visible_after: float | None = None,
        reply_settings: str = "everyone",
        media: Sequence[tuple[str, str]] = (),
        origin: str = "test",
    ) -> XPost:
        """Post as anybody, brand or customer. `at` may lie in the past; `visible_after` is in seconds from now.

        As on X, a reply names the people it answers in front of its text, links are shortened, `&<>` are escaped,
        and a text over 280 keeps its whole form aside. Raises SandboxError if the post answered is not there.
        """
        text = clean(text)
        with self.world.lock:
            writer = author if isinstance(author, User) else self.world.user("x", author)
            parent = self.need(in_reply_to) if in_reply_to is not None else None
            if parent is not None and parent.deleted:
                raise SandboxError(f"post {parent.id} is deleted; nobody can answer it")
            number = self._free_id(at or self.world.now())
            shown = x_text.with_names(text, self._answered(parent, writer)) if parent else text
            if quote is not None:
                quoted = self.need(quote)
                shown = f"{shown} https://x.com/{self.author(quoted).handle}/status/{quoted.id}"
            shown, links = x_text.shorten(shown, salt=str(number))
            return self._add(
                XPost(
                    id=number,
                    author_id=writer.id,
                    text=x_text.escaped(shown),
                    written=text,
                    posted_at=at or self.world.now(),
                    visible_at=self.world.visible_at(at, visible_after, "x"),
                    conversation_id=parent.conversation_id if parent else number,
                    lang="no" if lang == "nb" else lang,
                    mentions=x_text.mentioned(shown),
                    links=links,
                    in_reply_to=parent.id if parent else None,
                    quoted=int(quote) if quote is not None else None,
                    history=(number,),
                    reply_settings=reply_settings,
                    media=tuple(media),
                    origin=origin,
                )
            )

    def retweet(self, post_id: PostId, *, author: User | str, at: datetime | None = None) -> XPost:
        """Retweet a post; the retweet names the first author, as X's own do."""
        with self.world.lock:
            original = self.need(post_id)
            text = f"RT @{self.author(original).handle}: {original.written}"
            made = self.post(text[:140], author=author, at=at, lang=original.lang)
            made.retweeted = original.id
            return made

    def edit(
        self,
        post_id: PostId,
        text: str,
        *,
        at: datetime | None = None,
        visible_after: float | None = None,
        origin: str = "",
    ) -> XPost:
        """Edit a post: a new version with a new id; lists show only the newest version."""
        with self.world.lock:
            old = self.need(post_id)
            new = self.post(
                text,
                author=self.author(old),
                in_reply_to=old.in_reply_to,
                at=at,
                lang=old.lang,
                visible_after=visible_after,
                reply_settings=old.reply_settings,
                media=old.media,
            )
            if old.in_reply_to is None:
                self.by_conversation[new.conversation_id].remove(new.id)
                new.conversation_id = old.conversation_id
                insort(self.by_conversation[new.conversation_id], new.id)
            else:
                self.need(old.in_reply_to).reply_count -= 1
            for version in old.history:
                self.posts[version].history = (*old.history, new.id)
            new.history, new.origin = self.posts[old.history[0]].history, origin or old.origin
            return new

    def delete(self, post_id: PostId) -> None:
        """Take a post away, with all its versions."""
        with self.world.lock:
            for version in self.need(post_id).history:
                self.posts[version].deleted = True
            self.world.touch()

    def bulk(
        self,
        count: int,
        *,
        to: str = "hemlund",
        author: str = "crowd",
        text: str = "@{to} message number {n}",
        start: datetime | None = None,
        every: timedelta = timedelta(milliseconds=20),
    ) -> list[XPost]:
        """Post `count` mentions at once, the last one at `start + count * every` (default: ending now)."""
        with self.world.lock:
            first = start or self.world.now() - every * count
            people = [self.world.user("x", f"{author}{n}") for n in range(min(count, 200))]
            return [
                self.post(text.format(to=to, n=n), author=people[n % len(people)], at=first + every * n, lang="en")
                for n in range(count)
            ]

    def _free_id(self, at: datetime) -> int:
        """The id of the moment; posts of one millisecond count on from the last, however many there are."""
        first = snowflake(at)
        number = self._crowded.get(first, first)
        while number in self.posts:
            number += 1
        if number != first:
            self._crowded[first] = number
        return number

    def _answered(self, parent: XPost, writer: User) -> list[str]:
        """The @names X puts in front of a reply: the author answered, then everybody named there."""
        names = [self.author(parent).handle]
        for handle in parent.mentions:
            known = self.world.handles.get(("x", handle))
            names.append(known.handle if known else handle)
        unique = {name.lower(): name for name in reversed(names)}
        unique.pop(writer.handle.lower(), None)
        return list(reversed(unique.values()))

    def _add(self, post: XPost) -> XPost:
        self._index(post)
        if post.in_reply_to in self.posts:
            self.posts[post.in_reply_to].reply_count += 1
        self.world.touch()
        return post

    def _index(self, post: XPost) -> None:
        self.posts[post.id] = post
        insort(self.ids, post.id)
        insort(self.by_author[post.author_id], post.id)
        insort(self.by_conversation[post.conversation_id], post.id)
        for handle in post.mentions:
            insort(self.by_mention[handle], post.id)
        if post.quoted is not None:
            insort(self.by_quoted[post.quoted], post.id)
        if post.in_reply_to is not None:
            insort(self.by_answered[post.in_reply_to], post.id)
        self._said[(post.author_id, self._unshortened(post))].append(post.id)
        for word in set(x_text.words(post.text)):
            insort(self.by_word[word], post.id)

    # --- reading -------------------------------------------------------------------------------------

    def need(self, post_id: PostId) -> XPost:
        """The post with this id, deleted or not. Raises SandboxError."""
        found = self.posts.get(int(post_id)) if str(post_id).isdecimal() else None
        if found is None:
            raise SandboxError(f"there is no post {post_id} on X")
        return found

    def author(self, post: XPost) -> User:
        """Who wrote it."""
        return self.world.users[("x", post.author_id)]

    def visible(self, post_id: int) -> XPost | None:
        """The post if a stranger can look it up by its id."""
        post = self.posts.get(post_id)
        if post is None or post.deleted or self.author(post).suspended or self.author(post).protected:
            return None
        return post

    def newest(
        self,
        ids: Sequence[int],
        span: Span,
        *,
        cap: int | None = None,
        match: Callable[[XPost], bool] | None = None,
        before: int | None = None,
        more: Sequence[Sequence[int]] = (),
    ) -> Iterator[XPost]:
        """The listed posts of `span`, newest first. `ids` ascend; `cap` counts from the newest of all.

        `before` is an id, exclusive; `more` are lists to be read along with `ids`. What lies after the span or
        `before` is stepped over by bisection, so a page deep in a list costs what the page holds; only under a cap
        the posts above it are counted.
        """
        until = min((one for one in (before, span.until_id) if one is not None), default=MAX_ID)
        left = -1 if cap is None else cap - self._shown(ids, bisect_left(ids, until))
        now = self.world.now()
        for number in _descending([ids, *more], until):
            post = self.posts[number]
            if span.is_past(post) or left == 0:
                return
            if self._listed(post, now):
                left -= 1
                if not span.is_ahead(post) and (match is None or match(post)):
                    yield post

    def _shown(self, ids: Sequence[int], start: int) -> int:
        """How many posts from `start` to the newest are listed."""
        now = self.world.now()
        return sum(self._listed(self.posts[ids[index]], now) for index in range(start, len(ids)))

    def _listed(self, post: XPost, now: datetime) -> bool:
        if post.deleted or post.visible_at > now or (len(post.history) > 1 and post.history[-1] != post.id):
            return False
        author = self.world.users[("x", post.author_id)]
        return not (author.suspended or author.protected)

    def mentions_of(self, user: User) -> list[int]:
        """Ids of the posts naming this person, ascending."""
        return self.by_mention.get(user.handle.lower(), [])

    # --- rules about replies -------------------------------------------------------------------------

    def is_duplicate(self, text: str, *, author: User, in_reply_to: int | None) -> bool:
        """Whether this author lately posted these very words to the same people."""
        parent = self.posts.get(in_reply_to) if in_reply_to is not None else None
        shown = x_text.with_names(text, self._answered(parent, author)) if parent else text
        since = self.world.now() - DUPLICATE_WITHIN
        same = (self.posts[number] for number in reversed(self._said.get((author.id, shown), [])))
        return any(not post.deleted and post.posted_at >= since for post in same)

    def _unshortened(self, post: XPost) -> str:
        text = post.text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
        for short, original in post.links:
            text = text.replace(short, original)
        return text

    def is_summoned(self, brand: User, parent: XPost) -> bool:
        """Whether the author of `parent` named the brand, quoted it, or is the brand."""
        quoted = self.posts.get(parent.quoted) if parent.quoted is not None else None
        return (
            parent.author_id == brand.id
            or brand.handle.lower() in parent.mentions
            or (quoted is not None and quoted.author_id == brand.id)
        )

    def may_join(self, brand: User, parent: XPost) -> bool:
        """Whether the conversation's `reply_settings` let this account answer."""
        root = self.posts.get(parent.conversation_id, parent)
        if root.reply_settings in ("everyone", "verified"):  # brands are verified here
            return True
        return root.author_id == brand.id or brand.handle.lower() in root.mentions

    def answers(self, conversation_id: int) -> list[XPost]:
        """The brand's own posts in a conversation, oldest first, without deleted ones."""
        posts = (self.posts[number] for number in self.by_conversation.get(conversation_id, []))
        return [post for post in posts if not post.deleted and self.world.is_brand("x", post.author_id)]
