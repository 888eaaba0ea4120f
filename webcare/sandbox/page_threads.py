"""What the public page shows: posts of either network as threads of the same kind of entry."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from webcare.sandbox.values import FbItem, Network, User, XPost
from webcare.sandbox.world import World

#: Threads on one page, newest activity first.
THREADS = 40
_KINDS = {"visitor_post": "on the page's wall", "tagged": "named the page"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One post as the page shows it, whatever its network."""

    id: str
    author: User
    brand: bool
    text: str
    posted_at: datetime
    depth: int
    note: str = ""
    likes: int = 0
    hidden: bool = False
    edited: bool = False


def threads(world: World, network: Network) -> list[list[Entry]]:
    """The threads with the newest activity first, each from its first post on. Call with the lock held."""
    return _x_threads(world) if network == "x" else _fb_threads(world)


def _x_threads(world: World) -> list[list[Entry]]:
    found: dict[int, list[Entry]] = {}
    for number in reversed(world.x.ids):
        root = world.x.posts[number].conversation_id
        if len(found) == THREADS:
            break
        if root not in found:
            found[root] = _x_thread(world, root)
    return [thread for thread in found.values() if thread]


def _x_thread(world: World, root: int) -> list[Entry]:
    posts = [world.x.posts[number] for number in world.x.by_conversation[root]]
    shown = [post for post in posts if world.x.visible(post.id) and post.history[-1] == post.id]
    return [_x_entry(world, post, depth=0 if post.id == post.conversation_id else 1) for post in shown]


def _x_entry(world: World, post: XPost, *, depth: int) -> Entry:
    author = world.x.author(post)
    parent = world.x.posts.get(post.in_reply_to) if post.in_reply_to is not None else None
    note = ""
    if parent is not None:
        note = "goes on" if parent.author_id == author.id else f"answers @{world.x.author(parent).handle}"
    if post.retweeted is not None:
        note = "retweet"
    return Entry(
        id=str(post.id),
        author=author,
        brand=world.is_brand("x", author.id),
        text=post.written,
        posted_at=post.posted_at,
        depth=depth,
        note=note,
        likes=len(post.likes),
        hidden=post.hidden,
        edited=len(post.history) > 1,
    )


def _fb_threads(world: World) -> list[list[Entry]]:
    pages = [account.user_id for account in world.brands("facebook")]
    roots = [
        item for page in pages for item in world.facebook.on_page(page, "post", "visitor_post", "tagged", "review")
    ]
    newest = sorted(roots, key=lambda item: item.updated_at, reverse=True)[:THREADS]
    return [_fb_thread(world, root) for root in newest]


def _fb_thread(world: World, root: FbItem) -> list[Entry]:
    entries = [_fb_entry(world, root, depth=0)]
    for comment in world.facebook.comments(root, stream=False):
        entries.append(_fb_entry(world, comment, depth=1))
        entries += [_fb_entry(world, answer, depth=2) for answer in world.facebook.comments(comment, stream=True)]
    return entries


def _fb_entry(world: World, item: FbItem, *, depth: int) -> Entry:
    author = world.facebook.author(item)
    note = _KINDS.get(item.kind, "")
    if item.kind == "review":
        note = "recommends Hemlund" if item.positive else "does not recommend Hemlund"
        note = note.replace("Hemlund", world.users[("facebook", item.page_id)].name)
    return Entry(
        id=item.id,
        author=author,
        brand=author.id == item.page_id,
        text=item.message,
        posted_at=item.posted_at,
        depth=depth,
        note=note,
        likes=len(item.likes),
        hidden=item.hidden,
    )
