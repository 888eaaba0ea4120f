"""The customers of the soak: what they write, edit and delete, when, and a ledger of it to check the desk against."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from webcare.sandbox import Sandbox
from webcare.sandbox.values import SandboxError

Network = Literal["x", "facebook", "instagram"]
_ANSWERS, _EDITED, _DELETED = 0.25, 0.03, 0.03
#: Shares of private messages and of reviews among what is written.
_PRIVATE, _REVIEWS = 0.08, 0.05
#: One customer in so many closes their account or protects their posts in the course of a soak.
_VANISHING = 150
#: A storm is this many times the usual number of posts.
_STORM = 60
#: How far back somebody still writes under a post.
_LIVELY = 20
#: X lets people edit for an hour.
_EDITABLE = timedelta(minutes=50)
_CUSTOMERS = 4_000
_BRAND_POSTS_EVERY = timedelta(hours=5)
#: Kinds that nobody can write under.
_CLOSED = frozenset({"review", "message"})


@dataclass(slots=True)
class Entry:
    """One thing a customer wrote. `ids` has an id for each version as the desk knows it, the newest last."""

    account: str
    ids: list[str]
    author: str
    text: str
    posted_at: datetime
    kind: str
    edited_at: datetime | None = None
    gone_at: datetime | None = None  #: deleted, or its writer is not to be seen any more


@dataclass(frozen=True, slots=True)
class Account:
    """One of the brand's accounts."""

    network: Network
    external_id: str
    handle: str


@dataclass(slots=True)
class Town:
    """Everybody who writes to the brand's accounts."""

    box: Sandbox
    accounts: dict[str, Account]
    dice: random.Random
    items: int  #: how many will be written in all
    rounds: int
    ledger: list[Entry] = field(default_factory=list)
    storms: frozenset[int] = frozenset()
    _brand_posts: dict[str, list[str]] = field(default_factory=dict)
    _next_brand_post: datetime | None = None
    _vanished: set[tuple[str, str]] = field(default_factory=set)

    def plan(self) -> None:
        """Choose the rounds in which everybody writes at once."""
        self.storms = frozenset(self.dice.sample(range(self.rounds // 6, self.rounds), k=max(1, self.rounds // 250)))

    def act(self, number: int, since: datetime, until: datetime) -> None:
        """What happens between two moments: posts, answers, edits, deletions."""
        self._brand_writes(since)
        # What is left, shared out over the rounds that are left, so that all of it is written in the end.
        to_come = self.rounds - number + sum(_STORM - 1 for storm in self.storms if storm >= number)
        wanted = (self.items - len(self.ledger)) / to_come * (_STORM if number in self.storms else 1)
        count = int(wanted) + (self.dice.random() < wanted % 1)
        # A storm breaks over one account; otherwise everybody writes everywhere.
        keys = [self.dice.choice(list(self.accounts))] if number in self.storms else list(self.accounts)
        for moment in sorted(since + (until - since) * self.dice.random() for _ in range(count)):
            self._write(self.dice.choice(keys), moment)
        self._change(until)

    # --- writing -------------------------------------------------------------------------------------

    def _brand_writes(self, now: datetime) -> None:
        if self._next_brand_post is not None and now < self._next_brand_post:
            return
        self._next_brand_post = now + _BRAND_POSTS_EVERY
        for key, account in self.accounts.items():
            posts = self._brand_posts.setdefault(key, [])
            if account.network == "facebook":
                made = self.box.world.post_fb("New in our shops", kind="post", page_id=account.external_id, at=now)
                posts.append(made.id)
            elif account.network == "instagram":
                brand = self.box.world.users["instagram", account.external_id]
                posts.append(self.box.world.instagram.post("New in our shops", author=brand, at=now).id)

    def _write(self, key: str, moment: datetime) -> None:
        ways: dict[Network, Callable[[str, str, datetime], Entry]] = {
            "x": self._on_x, "facebook": self._on_facebook, "instagram": self._on_instagram,
        }  # fmt: skip
        account = self.accounts[key]
        author = self._somebody(account.network)
        private = self.dice.random() < _PRIVATE
        write = self._message if private else ways[account.network]
        try:
            self.ledger.append(write(key, author, moment))
        except SandboxError:
            # What they wanted to answer was deleted a moment ago, so they say it in private.
            self.ledger.append(self._message(key, author, moment))

    def _somebody(self, network: Network) -> str:
        while True:
            name = f"customer{self.dice.randrange(_CUSTOMERS)}"
            if (network, name) not in self._vanished:
                return name

    def _text(self) -> str:
        return f"message {len(self.ledger)}: where is my order?"

    def _on_x(self, key: str, author: str, moment: datetime) -> Entry:
        text, above = f"@{self.accounts[key].handle} {self._text()}", self._something(key)
        made = self.box.world.post_x(text, author=author, at=moment, in_reply_to=above.ids[-1] if above else None)
        return Entry(key, [str(made.id)], author, text, moment, "mention")

    def _on_facebook(self, key: str, author: str, moment: datetime) -> Entry:
        world, page, text = self.box.world, self.accounts[key].external_id, self._text()
        above = self._something(key)
        if above is not None:
            made = world.comment_fb(text, under=above.ids[-1], author=author, at=moment)
        elif self.dice.random() < 0.5:
            made = world.comment_fb(text, under=self.dice.choice(self._brand_posts[key]), author=author, at=moment)
        elif self.dice.random() < _REVIEWS:
            made = world.review_fb(text, author=author, positive=False, page_id=page, at=moment)
        else:
            made = world.post_fb(text, author=author, page_id=page, at=moment)
        return Entry(key, [made.id], author, text, moment, made.kind)

    def _on_instagram(self, key: str, author: str, moment: datetime) -> Entry:
        text, above = self._text(), self._something(key)
        under = above.ids[-1] if above else self.dice.choice(self._brand_posts[key])
        made = self.box.world.instagram.comment(text, under=under, author=author, at=moment)
        return Entry(key, [made.id], author, text, moment, "comment")

    def _message(self, key: str, author: str, moment: datetime) -> Entry:
        world, account, text = self.box.world, self.accounts[key], self._text()
        if account.network == "x":
            sent = world.message_x(text, sender=author, to=account.handle, at=moment)
            return Entry(key, [f"dm:{sent.id}"], author, text, moment, "message")
        platform: Literal["messenger", "instagram"] = "messenger" if account.network == "facebook" else "instagram"
        page = account.external_id if account.network == "facebook" else world.account(key).linked
        made = world.inbox.receive(text, author=author, platform=platform, page_id=page, at=moment)
        return Entry(key, [made.id], author, text, moment, "message")

    def _something(self, key: str) -> Entry | None:
        """Something to write under, one time in four."""
        if self.dice.random() >= _ANSWERS:
            return None
        lately = [one for one in self.ledger[-400:] if one.account == key and one.gone_at is None]
        open_to_all = [one for one in lately if one.kind not in _CLOSED][-_LIVELY:]
        return self.dice.choice(open_to_all) if open_to_all else None

    # --- changing ------------------------------------------------------------------------------------

    def _change(self, now: datetime) -> None:
        for entry in self.ledger[-300:]:
            # Over the time an entry is among the last these come to the shares above.
            chance = self.dice.random() * 40
            if entry.gone_at is not None or entry.kind == "message":
                continue
            if chance < _EDITED and entry.edited_at is None:
                self._edit(entry, now)
            elif _EDITED <= chance < _EDITED + _DELETED:
                self._delete(entry, now)
        if self.ledger and self.dice.random() < _CUSTOMERS / _VANISHING / self.rounds:
            self._vanish(self.ledger[-1], now)

    def _edit(self, entry: Entry, now: datetime) -> None:
        text, world = f"{entry.text} (edited)", self.box.world
        network = self.accounts[entry.account].network
        if network == "x":
            if now - entry.posted_at > _EDITABLE:
                return
            try:
                entry.ids.append(str(world.edit_x(entry.ids[-1], text, at=now).id))
            except SandboxError:
                return  # what it answers was deleted, and the sandbox edits no answer to that
        elif network == "facebook":
            world.edit_fb(entry.ids[-1], text)
        else:
            return  # Instagram lets nobody edit a comment
        entry.text, entry.edited_at = text, now

    def _delete(self, entry: Entry, now: datetime) -> None:
        world, network = self.box.world, self.accounts[entry.account].network
        if network == "x":
            world.delete_x(entry.ids[-1])
            entry.gone_at = now
            return
        things = world.facebook if network == "facebook" else world.instagram
        things.delete(entry.ids[-1])
        # With an item goes what stands under it.
        for one in self.ledger:
            if one.account == entry.account and one.kind != "message" and things.need(one.ids[-1]).deleted:
                one.gone_at = one.gone_at or now

    def _vanish(self, entry: Entry, now: datetime) -> None:
        """The writer of an entry on X protects their posts, or X closes the account; all they wrote is gone."""
        if self.accounts[entry.account].network != "x":
            return
        how = self.dice.choice(("protected", "suspended"))
        self.box.world.set_user("x", entry.author, **{how: True})
        self._vanished.add(("x", entry.author))
        for one in self.ledger:
            if one.author == entry.author and self.accounts[one.account].network == "x" and one.kind != "message":
                one.gone_at = one.gone_at or now
