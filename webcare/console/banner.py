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
    """What people at the desk should know about accounts and jobs at this moment, worst first."""
    working = [account for account in found if account.active]
    if not working:
        return [("info", ("No network is connected yet; an administrator adds accounts in webcare.toml.",))]
    troubles = [_disconnected(account, moment) for account in working if account.disconnected_at is not None]
    connected = [account for account in working if account.disconnected_at is None]
    silent = max(_AT_LEAST, timedelta(seconds=settings.polling.every_s * _MISSED))
    missed = [one for one in connected if one.last_polled_at is None or moment - one.last_polled_at > silent]
    if missed:
        troubles.append(_not_collected(missed, moment))
    troubles += [_failing(account) for account in connected if account not in missed and account.last_error]
    if counted.needs_human:
        replies = words.plural(counted.needs_human, "reply needs", "replies need")
        troubles.append(("warn", (f"{replies} a look: nobody could find out whether the network posted it.",)))
    return troubles


def _disconnected(account: AccountView, moment: datetime) -> Trouble:
    assert account.disconnected_at is not None
    since = words.clock_time(account.disconnected_at, now=moment)
    told = f" is disconnected since {since}: nothing comes in and no reply goes out. "
    return "bad", (_network(account), told, safe.line(account.last_error))


def _not_collected(missed: list[AccountView], moment: datetime) -> Trouble:
    networks = [piece for account in missed for piece in (", ", _network(account))][1:]
    polled = [account.last_polled_at for account in missed if account.last_polled_at is not None]
    since = f" since {words.clock_time(min(polled), now=moment)}" if polled else " yet"
    return "warn", (
        "Nothing was collected from ",
        *networks,
        f"{since}: the jobs do not run. New messages are missing.",
    )


def _failing(account: AccountView) -> Trouble:
    return "warn", ("Trouble with ", _network(account), ": ", safe.line(account.last_error))


def _network(account: AccountView) -> safe.Html:
    return safe.join((words.word(words.CHANNELS, account.channel), " (", safe.name(account.name or account.key), ")"))


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
