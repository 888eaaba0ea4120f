"""What an identity provider said of somebody, read strictly; and the protocol of the login that asked it."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from webcare.domain import N_
from webcare.errors import SignInRefused
from webcare.people import Identity
from webcare.settings import OidcSettings

#: How old a provider's word may be: the way back from it takes seconds, clocks differ by less than this.
_FRESH = timedelta(minutes=10)
_UNCLEAR = N_("The sign-in was not finished. Try it once more.")


class Login(Protocol):
    """How the provider is asked; Streamlit's own login does it (webcare/console/login.py)."""

    def address(self) -> str:
        """Where to send a browser that wants to sign in."""
        ...

    def arrived(self, cookies: Mapping[str, str]) -> Mapping[str, Any] | None:
        """The claims a browser brings back from the provider, their signature checked; None when there are none."""
        ...

    def leftovers(self, cookies: Iterable[str]) -> list[str]:
        """The cookies of that login to take away again."""
        ...


class Once:
    """Lets each word of the provider count once, so that a copy of a browser's cookies is no second key."""

    def __init__(self) -> None:
        self._used: dict[str, datetime] = {}
        self._lock = threading.Lock()

    def take(self, claims: Mapping[str, Any], now: datetime) -> None:
        """Use these claims up; raises SignInRefused when they are old or were used before."""
        issued = _moment(claims.get("iat"))
        if issued is None or abs(now - issued) > _FRESH:
            raise SignInRefused(_UNCLEAR)
        mark = hashlib.sha256(json.dumps(claims, sort_keys=True, default=str).encode()).hexdigest()
        with self._lock:
            self._used = {known: until for known, until in self._used.items() if until > now}
            if mark in self._used:
                raise SignInRefused(_UNCLEAR)
            self._used[mark] = issued + 2 * _FRESH


def identity(claims: Mapping[str, Any], settings: OidcSettings) -> Identity:
    """Who the claims speak of; raises SignInRefused when another provider wrote them or they name nobody."""
    subject, issuer = _text(claims.get("sub")), _text(claims.get("iss"))
    if not subject or issuer.rstrip("/") != settings.issuer.rstrip("/"):
        raise SignInRefused(_UNCLEAR)
    return Identity(
        subject=f"{issuer} {subject}",
        name=_text(claims.get("name")),
        username=_text(claims.get("preferred_username")).partition("@")[0],
        email=_text(claims.get("email")),
        # Some providers write "true" as a text.
        email_verified=claims.get("email_verified") in (True, "true"),
        groups=_groups(claims, settings.groups_claim),
    )


def _groups(claims: Mapping[str, Any], path: str) -> frozenset[str]:
    """The groups at a claim, or inside one ("realm_access.roles"); one group may stand there as a plain text."""
    found: Any = claims.get(path)
    if found is None:
        found = claims
        for step in path.split("."):
            found = found.get(step) if isinstance(found, Mapping) else None
    if isinstance(found, str):
        return frozenset({found})
    return frozenset(one for one in found if isinstance(one, str)) if isinstance(found, list) else frozenset()


def _text(value: object) -> str:
    return value.strip()[:254] if isinstance(value, str) else ""


def _moment(value: object) -> datetime | None:
    try:
        return datetime.fromtimestamp(float(value), UTC) if isinstance(value, int | float) else None
    except (OverflowError, OSError, ValueError):
        return None
