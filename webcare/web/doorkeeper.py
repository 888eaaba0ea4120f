"""What the web server asks of the desk about people: let in, let out, do you know this browser."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

from webcare import people
from webcare.app import App
from webcare.errors import SignInRefused

#: Password checks at once. Each takes 0.3 s of one core and 64 MiB by design; more would only starve the desk.
_CHECKS_AT_ONCE = 2
#: How long a browser waits for its turn before it is told to try again, in seconds.
_WAIT_S = 10.0


class Doorkeeper:
    """Blocking calls; the routes run them in threads so that the event loop never waits for argon2 or a disk."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._checks = threading.BoundedSemaphore(_CHECKS_AT_ONCE)

    @property
    def brand(self) -> str:
        """Whose desk this is."""
        return self._app.settings.desk.brand

    @property
    def lasts(self) -> timedelta:
        """How long a sign-in is good for."""
        return timedelta(hours=self._app.settings.console.sign_in_hours)

    @property
    def secure_cookie(self) -> bool:
        """Whether browsers may send the cookie over HTTPS only."""
        return self._app.settings.console.secure_cookie

    def let_in(self, username: str, password: str) -> str:
        """Check a password and give the cookie's token; raises SignInRefused with the words to show."""
        if not self._checks.acquire(timeout=_WAIT_S):
            raise SignInRefused("Too many people are signing in at this moment; try again in a few seconds.")
        try:
            token, _ = people.sign_in(self._app.store, username, password, now=datetime.now(UTC), lasts=self.lasts)
        finally:
            self._checks.release()
        return token

    def let_out(self, token: str) -> None:
        """End the sign-in behind a token."""
        if token:
            people.sign_out(self._app.store, token, now=datetime.now(UTC))

    def knows(self, token: str) -> bool:
        """Whether a token belongs to somebody who is signed in."""
        if not token:
            return False
        with self._app.store.read() as session:
            return people.actor_for_token(session, token, now=datetime.now(UTC)) is not None

    def check_store(self) -> None:
        """Raise StoreUnavailable or StoreOutdated when the database cannot serve."""
        self._app.store.check()
