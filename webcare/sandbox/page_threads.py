"""What the page shows: posts and private messages of any network as threads of the same kind of entry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from heapq import nlargest
from itertools import islice
from typing import TypeVar

from webcare.sandbox.timeline import Timeline
from webcare.sandbox.values import Conversation, FbItem, IgItem, Network, Platform, User, XMessage, XPost
from webcare.sandbox.world import World

Shown = TypeVar("Shown")
#: Threads on one page, newest activity first.
THREADS = 40
#: The newest comments, answers or messages that are shown under one of them.
BELOW = 60
#: Begins the ids of private messages on the page, for X gives posts and messages the same kind of number.
PRIVATE = "dm-"
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
    private: bool = False


def threads(world: World, network: Network) -> list[list[Entry]]:
    """The threads with the newest activity first, each from its first post on. Call with the lock held."""
    found = {"x": _x_threads, "facebook": _fb_threads, "instagram": _ig_threads}[network](world)
    found += _x_talks(world) if network == "x" else _meta_talks(world, network)
    return sorted(found, key=lambda thread: max(entry.posted_at for entry in thread), reverse=True)[:THREADS]


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
    roots = [item for one in world.brands("facebook") for item in islice(world.facebook.active(one.user_id), THREADS)]
    return [_fb_thread(world, root) for root in roots]


def _fb_thread(world: World, root: FbItem) -> list[Entry]:
    entries = [_fb_entry(world, root, depth=0)]
    for comment in _fb_under(world, root):
        entries.append(_fb_entry(world, comment, depth=1))
        entries += [_fb_entry(world, answer, depth=2) for answer in _fb_under(world, comment)]
    return entries


def _fb_under(world: World, item: FbItem) -> list[FbItem]:
    return _newest(world.facebook.under(item, stream=False), world.facebook.listed)


def _newest(line: Timeline, show: Callable[[str], Shown | None]) -> list[Shown]:
    """The newest of a list that show, oldest first."""
    found = (show(one) for _, one in line.walk(newest_first=True))
    return list(islice((one for one in found if one is not None), BELOW))[::-1]


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


def _ig_threads(world: World) -> list[list[Entry]]:
    network, roots = world.instagram, dict[str, IgItem]()
    for account in world.brands("instagram"):
        for line in (
            network.media(account.user_id),
            network.tagged(account.user_id),
            network.mentioned(account.user_id),
        ):
            for _, item_id in islice(line.walk(newest_first=True), 10 * THREADS):
                media = network.items[network.items[item_id].media_id]
                if network.listed(item_id) and network.listed(media.id):
                    roots[media.id] = media
    newest = nlargest(THREADS, roots.values(), key=lambda media: media.updated_at)
    return [_ig_thread(world, media) for media in newest]


def _ig_thread(world: World, media: IgItem) -> list[Entry]:
    entries = [_ig_entry(world, media, depth=0)]
    for comment in _ig_under(world, media):
        entries.append(_ig_entry(world, comment, depth=1))
        entries += [_ig_entry(world, answer, depth=2) for answer in _ig_under(world, comment)]
    return entries


def _ig_under(world: World, item: IgItem) -> list[IgItem]:
    return _newest(world.instagram.under(item), world.instagram.listed)


def _ig_entry(world: World, item: IgItem, *, depth: int) -> Entry:
    author = world.instagram.author(item)
    note = "a picture" if item.kind == "media" else ""
    if item.tags:
        note = "a picture showing " + ", ".join(world.instagram.user(one).name for one in item.tags)
    return Entry(
        id=item.id,
        author=author,
        brand=world.is_brand("instagram", author.id),
        text=item.text,
        posted_at=item.posted_at,
        depth=depth,
        note=note,
        hidden=item.hidden,
    )


# --- private messages ----------------------------------------------------------------------------------


def _x_talks(world: World) -> list[list[Entry]]:
    brands = [account.user_id for account in world.brands("x")]
    talks = {message.conversation_id for one in brands for message in _newest_on_x(world, one)}
    return [[_x_message(world, message) for message in _said_on_x(world, talk)] for talk in sorted(talks)]


def _newest_on_x(world: World, user_id: str) -> list[XMessage]:
    return list(islice(world.x_messages.newest(world.x_messages.by_person[user_id]), 20 * THREADS))


def _said_on_x(world: World, conversation_id: str) -> list[XMessage]:
    return list(islice(world.x_messages.newest(world.x_messages.by_conversation[conversation_id]), BELOW))[::-1]


def _x_message(world: World, message: XMessage) -> Entry:
    author = world.users[("x", message.sender_id)]
    return Entry(
        id=f"{PRIVATE}{message.id}",
        author=author,
        brand=world.is_brand("x", author.id),
        text=message.written,
        posted_at=message.sent_at,
        depth=0,
        note="privately",
        private=True,
    )


def _meta_talks(world: World, network: Network) -> list[list[Entry]]:
    platform: Platform = "instagram" if network == "instagram" else "messenger"
    talks: list[Conversation] = []
    for account in world.brands("facebook"):
        keys = world.inbox.of_page(account.user_id, platform).walk(newest_first=True)
        talks += [world.inbox.conversations[talk] for _, talk in islice(keys, THREADS)]
    found = [_meta_talk(world, network, talk) for talk in talks]
    return [entries for entries in found if entries]


def _meta_talk(world: World, network: Network, talk: Conversation) -> list[Entry]:
    entries = []
    for message in _newest(world.inbox.inside(talk), world.inbox.listed):
        by_person = message.author_id == talk.person_id
        entries.append(
            Entry(
                id=f"{PRIVATE}{message.id}",
                author=world.users[(network, message.author_id)],
                brand=not by_person,
                text=message.text,
                posted_at=message.posted_at,
                depth=0,
                note="privately, about a comment" if message.answers else "privately",
                private=True,
            )
        )
    return entries
