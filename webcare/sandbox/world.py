"""Everything the stand-in networks know, held in memory and safe to use from several threads.

`World` owns the people, the brand accounts, the clock and the switches; what was posted lives in `world.x` and
`world.facebook`. Tests drive it directly (`world.post_x(...)`); the HTTP side only reads and writes through it.
"""

from __future__ import annotations

import hashlib
import re
import threading
import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from webcare.sandbox import saving
from webcare.sandbox.facebook_network import FacebookNetwork
from webcare.sandbox.limits import Windows
from webcare.sandbox.values import (
    BrandAccount,
    Clock,
    Dialect,
    Network,
    SandboxError,
    User,
    clean,
    secrets_for,
    utc_now,
)
from webcare.sandbox.x_network import XNetwork

#: The brand of the demo: account key, network, id on the network, handle, name.
DEMO_BRAND: tuple[tuple[str, Network, str, str, str], ...] = (
    ("x_hemlund", "x", "3300000001", "hemlund", "Hemlund"),
    ("fb_hemlund", "facebook", "1100000001", "hemlund", "Hemlund"),
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
    #: Multiplies every request limit; 1.0 = the real networks' numbers.
    limit_scale: float = 1.0
    #: Facebook refuses the same text by the same page under the same object within ten minutes.
    refuse_fb_duplicates: bool = True


class World:
    """The whole state. Every public method may be called from any thread."""

    def __init__(self, *, clock: Clock = utc_now, demo: bool = True, **options: Any) -> None:
        self.clock = clock
        self.options = Options(**options)
        self.lock = threading.RLock()
        self.version = 0  #: grows with every change; pages and the state file watch it
        self.users: dict[tuple[str, str], User] = {}  #: by (network, id)
        self.handles: dict[tuple[str, str], User] = {}  #: by (network, lower-case handle)
        self.accounts: dict[str, BrandAccount] = {}
        self.windows = Windows()
        self.script: dict[str, Any] = {}  #: where the story player stands; it alone reads this
        self.x = XNetwork(self)
        self.facebook = FacebookNetwork(self)
        self.post_x = self.x.post
        self.retweet_x = self.x.retweet
        self.edit_x = self.x.edit
        self.delete_x = self.x.delete
        self.bulk_x = self.x.bulk
        self.post_fb = self.facebook.post
        self.comment_fb = self.facebook.comment
        self.review_fb = self.facebook.review
        self.delete_fb = self.facebook.delete
        self.edit_fb = self.facebook.edit
        if demo:
            for key, network, user_id, handle, name in DEMO_BRAND:
                self.add_account(key, network=network, user_id=user_id, handle=handle, name=name)

    # --- people and accounts -----------------------------------------------------------------------

    def now(self) -> datetime:
        """The sandbox's present, aware UTC."""
        return self.clock()

    def touch(self) -> None:
        """Note that something changed. Call with the lock held."""
        self.version += 1

    def add_account(
        self, key: str, *, network: Network, user_id: str, handle: str, name: str, secrets: dict[str, str] | None = None
    ) -> BrandAccount:
        """Add a brand's handle that clients can sign in as; adding one twice changes nothing."""
        with self.lock:
            if key in self.accounts:
                return self.accounts[key]
            self._add_user(User(user_id, network, handle, name, self.now() - timedelta(days=2000)))
            made = secrets_for(key, network=network, user_id=user_id)
            account = BrandAccount(key, network, user_id, made if secrets is None else secrets)
            self.accounts[key] = account
            return account

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
        """The person with this handle, made on first use. X handles are cut to what X allows."""
        handle, name = clean(handle), clean(name)
        with self.lock:
            wanted = _x_handle(handle) if network == "x" else handle.strip() or name.strip()
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
        base = 1_400_000_000_000_000_000 if network == "x" else 24_000_000_000_000_000
        while (network, str(base + number)) in self.users:
            number += 1
        return str(base + number)

    def _joined(self, handle: str) -> datetime:
        days = 60 + int(hashlib.sha256(handle.encode()).hexdigest()[:6], 16) % 3500
        return self.now() - timedelta(days=days)

    def set_user(self, network: Network, who: str, /, **changes: Any) -> User:
        """Change the person with the handle `who`: name, handle, protected, suspended, unseen."""
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
                "facebook": list(self.facebook.items.values()),
                "script": self.script,
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
            self.options = Options(**state.options)
            self.accounts = {account.key: account for account in state.accounts}
            self.users, self.handles = {}, {}
            for user in state.users:
                self._add_user(user)
            self.x.restore(state.x)
            self.facebook.restore(state.facebook)
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


def _x_handle(handle: str) -> str:
    plain = unicodedata.normalize("NFKD", handle.lstrip("@")).encode("ascii", "ignore").decode()
    return re.sub(r"\W", "_", plain)[:15] or "somebody"


def demo_credentials(key: str) -> dict[str, str]:
    """The secrets of a demo account, without a running sandbox. Raises SandboxError for another key."""
    for known, network, user_id, _, _ in DEMO_BRAND:
        if known == key:
            return secrets_for(key, network=network, user_id=user_id)
    raise SandboxError(f"the demo has no account {key!r}")
