"""The line under the top bar that says what is wrong with the desk itself; nothing when all is well."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from webcare.console import safe, words
from webcare.console.desk import desk, now
from webcare.console.trouble import Tone, alert
from webcare.settings import Settings
from webcare.store.queries import AccountView, Counters, accounts, counters

#: How often the desk's health is looked at, in seconds, however many people are looking.
_EVERY_S = 5.0
#: An account counts as not collected from after this many missed polls, and never before this time.
_MISSED, _AT_LEAST = 3, timedelta(seconds=90)

Trouble = tuple[Tone, tuple[str, ...]]
_known: tuple[float, str, tuple[Trouble, ...]] = (0.0, "", ())


def show() -> None:
    """Draw what is wrong, worst first."""
    for tone, told in _troubles():
        alert(tone, *told)


def find_troubles(
    settings: Settings, found: tuple[AccountView, ...], counted: Counters, moment: datetime
) -> list[Trouble]:
    """What people at the desk should know about accounts and jobs at this moment."""
    troubles: list[Trouble] = []
    silent = max(_AT_LEAST, timedelta(seconds=settings.polling.every_s * _MISSED))
    for account in found:
        if account.active:
            troubles += _of_account(account, silent, moment)
    if counted.needs_human:
        replies = words.plural(counted.needs_human, "reply needs", "replies need")
        troubles.append(("warn", (f"{replies} a look: nobody could find out whether the network posted it.",)))
    if not found:
        troubles.append(("info", ("No network is connected yet; an administrator adds accounts in webcare.toml.",)))
    return sorted(troubles, key=lambda trouble: trouble[0] != "bad")


def _of_account(account: AccountView, silent: timedelta, moment: datetime) -> list[Trouble]:
    network = safe.join(
        (words.word(words.CHANNELS, account.channel), " (", safe.name(account.name or account.key), ")")
    )
    if account.disconnected_at is not None:
        since = words.clock_time(account.disconnected_at, now=moment)
        return [
            (
                "bad",
                (
                    network,
                    f" is disconnected since {since}: nothing comes in and no reply goes out. ",
                    safe.line(account.last_error),
                ),
            )
        ]
    if account.last_polled_at is None:
        return [("warn", ("Nothing was collected from ", network, " yet; the jobs may not be running."))]
    if moment - account.last_polled_at > silent:
        since = words.clock_time(account.last_polled_at, now=moment)
        return [
            (
                "warn",
                (
                    "Nothing was collected from ",
                    network,
                    f" since {since}: the jobs do not run. New messages are missing here.",
                ),
            )
        ]
    if account.last_error:
        return [("warn", ("Trouble with ", network, ": ", safe.line(account.last_error)))]
    return []


def _troubles() -> tuple[Trouble, ...]:
    global _known
    until, url, troubles = _known
    if time.monotonic() < until and url == desk().store.url:
        return troubles
    moment = now()
    with desk().store.read() as session:
        troubles = tuple(find_troubles(desk().settings, accounts(session), counters(session, moment), moment))
    _known = (time.monotonic() + _EVERY_S, desk().store.url, troubles)
    return troubles
