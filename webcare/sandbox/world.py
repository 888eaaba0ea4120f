"""Everything the stand-in networks know, held in memory and safe to use from several threads.

`World` owns the people, the brand accounts, the clock and the switches; what was posted lives in `world.x` and
`world.facebook`. Tests drive it directly (`world.post_x(...)`); the HTTP side only reads and writes through it.
"""

from __future__ import annotations

import hashlib
import re
import threading
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from webcare.sandbox import saving
from webcare.sandbox.facebook_network import FacebookNetwork
from webcare.sandbox.instagram_network import InstagramNetwork
from webcare.sandbox.limits import Windows
from webcare.sandbox.meta_inbox import MetaInbox
from webcare.sandbox.values import (
    BrandAccount,
    Clock,
    Dialect,
    IgItem,
    Network,
    SandboxError,
    User,
    clean,
    secrets_for,
    utc_now,
)
from webcare.sandbox.world_time import WorldTime
from webcare.sandbox.x_messages import XMessages
from webcare.sandbox.x_network import XNetwork

#: The brand of the demo: account key, network, id on the network, handle, name.
DEMO_BRAND: tuple[tuple[str, Network, str, str, str], ...] = (
    ("x_hemlund", "x", "3300000001", "hemlund", "Hemlund"),
    ("fb_hemlund", "facebook", "1100000001", "hemlund", "Hemlund"),
)
#: The demo brand's Instagram account, reached through its Facebook page.
DEMO_INSTAGRAM: tuple[str, Network, str, str, str] = (
    "ig_hemlund",
    "instagram",
    "17841400000000001",
    "hemlund",
    "Hemlund",
)


@dataclass(slots=True)
class Options:
    """Switches of the networks; may be changed while it runs."""

    #: Which spelling the X API answers in: "tweet" (up to 2.166) or "post" (from 2.167).
    dialect: Dialect = "tweet"
    #: X answers 403 to a reply to somebody who neither named nor quoted the brand.
    summoned_only: bool = True
    #: Seconds before a new post shows up in lists and searches; looking it up by id works at once.
    visible_delay_s: float = 0.0
    #: Seconds until a post can be found by search (X says 30); other lists show it at once.
    search_lag_s: float = 0.0
    #: How many posts an X account may read in a month, and how many dollars it has paid in; 0: nobody counts.
    x_post_cap: float = 0.0
    x_credit_usd: float = 0.0
    #: Multiplies every request limit; 1.0 = the real networks' numbers.
    limit_scale: float = 1.0
    #: X refuses the same text by the same account to the same people within a day.
    refuse_x_duplicates: bool = True
    #: Facebook refuses the same text by the same page under the same object within ten minutes.
    refuse_fb_duplicates: bool = True
    #: Which share of posts Facebook's /feed leaves out though /posts and /visitor_posts show them, from 0 to 1.
    feed_misses: float = 0.0
    #: Graph answers with more objects than this are refused: "Please reduce the amount of data".
    graph_objects: float = 5000.0


class World:
    """The whole state. Every public method may be called from any thread."""

    def __init__(self, *, clock: Clock = utc_now, demo: bool = True, **options: Any) -> None:
        self.clock = clock
        self.time = WorldTime(clock)
        #: How many seconds late what is written now on a network shows up; the faults put theirs in.
        self.late: Callable[[str], float] = lambda network: 0.0
        #: Hears of every new picture and comment on Instagram; the webhooks put theirs in.
        self.told: Callable[[IgItem], None] = lambda item: None
        #: Lets webhooks go to an address that knows a token; raises SandboxError where it does not.
        self.subscribe: Callable[[str, str], None] = lambda url, token: None
        self.options = Options(**options)
        self.lock = threading.RLock()
        self.version = 0  #: grows with every change; pages and the state file watch it
        self.users: dict[tuple[str, str], User] = {}  #: by (network, id)
        self.handles: dict[tuple[str, str], User] = {}  #: by (network, lower-case handle)
        self.accounts: dict[str, BrandAccount] = {}
        self.windows = Windows()
        self.script: dict[str, Any] = {}  #: where the story player stands; it alone reads this
        self.x = XNetwork(self)
        self.x_messages = XMessages(self)
        self.facebook = FacebookNetwork(self)
        self.instagram = InstagramNetwork(self)
        self.inbox = MetaInbox(self)
        self.post_x = self.x.post
        self.retweet_x = self.x.retweet
        self.edit_x = self.x.edit
        self.delete_x = self.x.delete
        self.bulk_x = self.x.bulk
        self.message_x = self.x_messages.send
        self.post_fb = self.facebook.post
        self.comment_fb = self.facebook.comment
        self.review_fb = self.facebook.review
        self.delete_fb = self.facebook.delete
        self.edit_fb = self.facebook.edit
        if demo:
            for key, network, user_id, handle, name in (*DEMO_BRAND, DEMO_INSTAGRAM):
                self.add_account(key, network=network, user_id=user_id, handle=handle, name=name)

    # --- people and accounts -----------------------------------------------------------------------

    def now(self) -> datetime:
        """The sandbox's present, aware UTC."""
        return self.time()

    def visible_at(self, at: datetime | None, visible_after: float | None, network: str = "facebook") -> datetime:
        """When something posted at `at` (None: now) shows up in lists: `visible_after` seconds from now, if given."""
        now = self.now()
        delay = self.options.visible_delay_s + self.late(network) if visible_after is None else visible_after
        return max(at or now, now + timedelta(seconds=delay))

    def touch(self) -> None:
        """Note that something changed. Call with the lock held."""
        self.version += 1

    def add_account(
        self,
        key: str,
        *,
        network: Network,
        user_id: str,
        handle: str,
        name: str,
        secrets: dict[str, str] | None = None,
        linked: str = "",
    ) -> BrandAccount:
        """Add a brand's handle that clients can sign in as; adding one twice changes nothing.

        An Instagram account is `linked` to the Facebook page with this id; unless named, to the newest one.
        """
        with self.lock:
            if key in self.accounts:
                return self.accounts[key]
            self._add_user(User(user_id, network, handle, name, self.now() - timedelta(days=2000)))
            made = secrets_for(key, network=network, user_id=user_id)
            account = BrandAccount(key, network, user_id, made if secrets is None else secrets)
            if network == "instagram":
                account.linked = linked or next((one.user_id for one in reversed(self.brands("facebook"))), "")
            self.accounts[key] = account
            return account

    def instagram_of(self, page_id: str) -> BrandAccount | None:
        """The Instagram account linked to a Facebook page."""
        return next((one for one in self.brands("instagram") if one.linked == page_id), None)

    def account(self, key: str) -> BrandAccount:
        """The brand account with this key. Raises SandboxError."""
        if key not in self.accounts:
            raise SandboxError(f"the sandbox has no account {key!r}; it has {', '.join(sorted(self.accounts))}")
        return self.accounts[key]

    def brands(self, network: Network) -> list[BrandAccount]:
        """The brand accounts of a network, in the order they were added."""
        return [account for account in self.accounts.values() if account.network == network]

    def is_brand(self, network: Network, user_id: str) -> bool:
        """Whether this id is a brand account's."""
        return any(account.user_id == user_id for account in self.brands(network))

    def user(self, network: Network, handle: str, name: str = "") -> User:
        """The person with this handle, made on first use. Handles are cut to what X and Instagram allow."""
        handle, name = clean(handle), clean(name)
        with self.lock:
            wanted = _handle(network, handle) or name.strip()
            found = self.handles.get((network, wanted.lower()))
            if found is None:
                found = User(self._user_id(network, wanted), network, wanted, name or wanted, self._joined(wanted))
                self._add_user(found)
            return found

    def _add_user(self, user: User) -> None:
        self.users[(user.network, user.id)] = user
        self.handles[(user.network, user.handle.lower())] = user
        self.touch()

    def _user_id(self, network: Network, handle: str) -> str:
        number = int(hashlib.sha256(f"{network} {handle.lower()}".encode()).hexdigest()[:12], 16)
        base = {"x": 1_400_000_000_000_000_000, "facebook": 24_000_000_000_000_000, "instagram": 9_000_000_000_000_000}[
            network
        ]
        while (network, str(base + number)) in self.users:
            number += 1
        return str(base + number)

    def _joined(self, handle: str) -> datetime:
        days = 60 + int(hashlib.sha256(handle.encode()).hexdigest()[:6], 16) % 3500
        return self.now() - timedelta(days=days)

    def set_user(self, network: Network, who: str, /, **changes: Any) -> User:
        """Change the person with the handle `who`: name, handle, protected, suspended, unseen, takes_messages."""
        with self.lock:
            user = self.handles[(network, who.lower())]
            for name, value in changes.items():
                setattr(user, name, value)
            if "handle" in changes:
                del self.handles[(network, who.lower())]
                self.handles[(network, user.handle.lower())] = user
            self.touch()
            return user

    def set_options(self, changes: Mapping[str, Any]) -> None:
        """Flip switches by name. Raises SandboxError for an unknown name or a value of another kind."""
        with self.lock:
            for name, value in changes.items():
                _check_option(self.options, name, value)
            for name, value in changes.items():
                setattr(self.options, name, value)
            self.touch()

    # --- keeping it in a file ------------------------------------------------------------------------

    def dump(self) -> dict[str, Any]:
        """The whole state as plain data, for the state file and for people."""
        with self.lock:
            return {
                "options": asdict(self.options),
                "accounts": list(self.accounts.values()),
                "users": list(self.users.values()),
                "x": list(self.x.posts.values()),
                "x_messages": list(self.x_messages.all.values()),
                "facebook": list(self.facebook.items.values()),
                "instagram": list(self.instagram.items.values()),
                "conversations": list(self.inbox.conversations.values()),
                "messages": list(self.inbox.messages.values()),
                "script": self.script,
                "time": self.time.dump(),
            }

    def save(self, path: Path) -> None:
        """Write the state to `path` in one step, so that a crash leaves the old file or the new one."""
        with self.lock:
            data = saving.encode(self.dump())
        saving.write(path, data)

    def load(self, path: Path) -> None:
        """Take over the state in `path`. Raises SandboxError if it cannot be used."""
        state = saving.read(path)
        with self.lock:
            self.time.load(state.time)
            self.options = Options(**state.options)
            self.accounts = {account.key: account for account in state.accounts}
            self.users, self.handles = {}, {}
            for user in state.users:
                self._add_user(user)
            self.x.restore(state.x)
            self.x_messages.restore(state.x_messages)
            self.facebook.restore(state.facebook)
            self.instagram.restore(state.instagram)
            self.inbox.restore(state.conversations, state.messages)
            self.script = state.script
            self.touch()


def _check_option(options: Options, name: str, value: Any) -> None:
    known = {field.name for field in fields(options)}
    if name not in known:
        raise SandboxError(f"there is no option {name!r}; there are {', '.join(sorted(known))}")
    if name == "dialect" and value not in ("tweet", "post"):
        raise SandboxError("dialect is 'tweet' or 'post'")
    kind = type(getattr(options, name))
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0
    if not (is_number if kind is float else isinstance(value, kind)):
        raise SandboxError(f"option {name!r} does not take {value!r}")


def _handle(network: Network, handle: str) -> str:
    """A handle as its network writes it; on Facebook it is only a key for us."""
    if network == "facebook":
        return handle.strip()
    plain = unicodedata.normalize("NFKD", handle.lstrip("@")).encode("ascii", "ignore").decode()
    if network == "x":
        return re.sub(r"\W", "_", plain)[:15] or "somebody"
    return re.sub(r"[^\w.]", "_", plain).lower()[:30] or "somebody"


def demo_credentials(key: str) -> dict[str, str]:
    """The secrets of a demo account, without a running sandbox. Raises SandboxError for another key."""
    for known, network, user_id, _, _ in (*DEMO_BRAND, DEMO_INSTAGRAM):
        if known == key:
            return secrets_for(key, network=network, user_id=user_id)
    raise SandboxError(f"the demo has no account {key!r}")
