"""What the web server asks of the desk about people: let in, let out, do you know this browser."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from webcare import people
from webcare.app import App
from webcare.errors import SignInRefused, StoreUnavailable
from webcare.settings import OidcSettings
from webcare.web.identity import Once, identity

_log = logging.getLogger(__name__)
#: Password checks at once. Each takes 0.3 s of one core and 64 MiB by design; more would only starve the desk.
_CHECKS_AT_ONCE = 2
#: How long a browser waits for its turn before it is told to try again, in seconds.
_WAIT_S = 10.0


class Doorkeeper:
    """Blocking calls; the routes run them in threads so that the event loop never waits for argon2 or a disk."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._checks = threading.BoundedSemaphore(_CHECKS_AT_ONCE)
        self._once = Once()

    @property
    def brand(self) -> str:
        """Whose desk this is."""
        return self._app.settings.desk.brand

    @property
    def lasts(self) -> timedelta:
        """How long a sign-in with a password is good for."""
        return timedelta(hours=self._app.settings.console.sign_in_hours)

    @property
    def secure_cookie(self) -> bool:
        """Whether browsers may send the cookie over HTTPS only."""
        return self._app.settings.console.secure_cookie

    @property
    def proxies(self) -> int:
        """How many reverse proxies stand in front."""
        return self._app.settings.console.proxies

    @property
    def oidc(self) -> OidcSettings:
        """The identity provider, if any."""
        return self._app.settings.oidc

    @property
    def provider_lasts(self) -> timedelta:
        """How long a sign-in through the provider is good for."""
        return timedelta(hours=self.oidc.sign_in_hours)

    def let_in(self, username: str, password: str, browser: str = "") -> str:
        """Check a password and give the cookie's token; raises SignInRefused with the words to show."""
        now = datetime.now(UTC)
        with _Turn(self._checks):
            token, _ = people.sign_in(self._app.store, username, password, now=now, lasts=self.lasts, browser=browser)
        return token

    def let_in_known(self, claims: Mapping[str, Any], browser: str = "") -> str:
        """Let in whom the provider knows and give the cookie's token; raises SignInRefused with the words to show."""
        now = datetime.now(UTC)
        self._once.take(claims, now)
        who = identity(claims, self.oidc)
        token, _ = people.sign_in_known(
            self._app.store, who, roles=self.oidc.roles, now=now, lasts=self.provider_lasts, browser=browser
        )
        return token

    def let_out(self, token: str) -> None:
        """End the sign-in behind a token."""
        if token:
            people.sign_out(self._app.store, token, now=datetime.now(UTC))

    def standing(self, token: str) -> people.Standing | None:
        """Who is signed in with a token, written down as seen now and then; None for nobody."""
        if not token:
            return None
        now = datetime.now(UTC)
        with self._app.store.read() as session:
            found = people.standing(session, token, now=now)
        if found is not None and now - found.seen_at > people.SEEN_EVERY:
            try:
                with self._app.store.write() as session:
                    people.seen(session, token, now=now)
            except StoreUnavailable as error:
                # A page that can be read must not fail over a time stamp.
                _log.warning("when somebody was last seen is not written down: %s", type(error).__name__)
        return found

    def change_password(self, token: str, old: str, new: str) -> None:
        """Choose a password of one's own; raises SignInRefused or WebcareError with the words to show."""
        found = self.standing(token)
        if found is None:
            raise SignInRefused("You are signed out.")
        with _Turn(self._checks):
            people.change_password(
                self._app.store, old=old, new=new, by=found.actor, now=datetime.now(UTC), token=token
            )

    def check_store(self) -> None:
        """Raise StoreUnavailable or StoreOutdated when the database cannot serve."""
        self._app.store.check()


class _Turn:
    """One of the few places for checking a password; raises SignInRefused when none comes free in time."""

    def __init__(self, places: threading.BoundedSemaphore) -> None:
        self._places = places

    def __enter__(self) -> None:
        if not self._places.acquire(timeout=_WAIT_S):
            raise SignInRefused("Too many people are signing in at this moment; try again in a few seconds.")

    def __exit__(self, *_: object) -> None:
        self._places.release()
