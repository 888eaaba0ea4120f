"""Handing one message to one place: mail, a webhook, Slack, Teams and the like, through Apprise.

Addresses hold passwords and tokens. They come from the environment, go to Apprise and nowhere else: Apprise's own log
is silenced, and what it raises is told by its kind only.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import Any

from webcare.settings import account_secrets

#: What an address may begin with; the others run programs, write to this machine's screen, or were never tried.
SCHEMES = frozenset(
    {"mailto", "mailtos", "json", "jsons", "slack", "msteams", "workflow", "workflows", "mmost", "mmosts"}
    | {"rocket", "rockets", "matrix", "matrixs", "ntfy", "ntfys", "gotify", "gotifys", "zulip", "discord"}
)
#: Outcomes, where empty is delivered; the first two are for good.
NO_ADDRESS, BAD_ADDRESS, NOT_DELIVERED, FAULT = "no_address", "bad_address", "not_delivered", "fault"
FOR_GOOD = frozenset({NO_ADDRESS, BAD_ADDRESS})
#: Whether this thread is sending, so that nothing is logged of where to.
_sending: ContextVar[bool] = ContextVar("sending", default=False)
#: The name under which the address of the mail server is kept.
MAIL = "mail"


@dataclass(frozen=True, slots=True)
class Message:
    """What is said; `html` is the same as a page, for mail."""

    subject: str
    body: str
    html: str = ""


def address_of(place: str, env: Mapping[str, str] | None = None) -> str:
    """The secret address of a place of the settings, or of the mail server; empty where the environment has none.

    Raises SettingsError where a file that should hold it cannot be read.
    """
    return account_secrets(f"notify_{place}", ("url",), env).get("url", "")


def deliver(address: str, message: Message, *, timeout_s: float, to: str = "") -> str:
    """Send now; "" when the other side took it, else a code of ours. `to` is a person's mail address.

    Never raises for what the other side does. Takes at most the time to connect and to answer, `timeout_s` each.
    """
    if not address:
        return NO_ADDRESS
    if address.partition("://")[0].lower() not in SCHEMES:
        return BAD_ADDRESS
    _sending.set(True)
    try:
        server = _server(address, timeout_s)
        if server is None:
            return BAD_ADDRESS
        return _notify(server, message, to)
    except Exception as error:
        # Its text may hold the address.
        logging.getLogger(__name__).debug("a notification failed: %s", type(error).__name__)
        return FAULT
    finally:
        _sending.set(False)


def is_usable(address: str) -> bool:
    """Whether an address could be sent to at all; asks no network."""
    known = address.partition("://")[0].lower() in SCHEMES
    return known and _server(address, 1.0) is not None


def _server(address: str, timeout_s: float) -> Any:
    server = _apprise().Apprise.instantiate(address, suppress_exceptions=True)
    if server is not None:
        server.socket_connect_timeout = server.socket_read_timeout = timeout_s
        # A redirect could carry the message, and the token in its address, to somebody else.
        server.redirects = False
        # Tries are counted and spread by the desk.
        server.retry = 0
    return server


def _notify(server: Any, message: Message, to: str) -> str:
    kinds = _apprise().NotifyFormat
    by_mail = hasattr(server, "smtp_host")
    if by_mail and to:
        server.targets, server.cc, server.bcc = [(False, to)], set(), set()
    html = message.html if by_mail else ""
    if by_mail:
        server.notify_format = kinds.HTML if html else kinds.TEXT
    took = server.notify(
        body=html or message.body, title=message.subject, body_format=kinds.HTML if html else kinds.TEXT
    )
    return "" if took else NOT_DELIVERED


@cache
def _apprise() -> Any:
    # Here, because loading it takes a second and only the jobs send.
    import apprise

    quiet = logging.getLogger("apprise")
    quiet.setLevel(logging.CRITICAL + 1)
    quiet.propagate = False
    # It writes the path of each request down, which is where webhooks have their tokens.
    logging.getLogger("urllib3.connectionpool").addFilter(lambda record: not _sending.get())
    return apprise
