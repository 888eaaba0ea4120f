"""The line under the top bar that says what is wrong with the desk itself; nothing when all is well."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime

from webcare.console import safe, tongue, words
from webcare.console.desk import desk, now, zone
from webcare.console.incident_words import title
from webcare.console.tongue import _, counted, kept
from webcare.console.trouble import Tone, alert
from webcare.incidents.reading import Incident, open_now
from webcare.reports.collection import TOKEN_WARNING, silent_after
from webcare.settings import Settings
from webcare.store.gaps import GapView, open_gaps
from webcare.store.incident_mode import OPEN
from webcare.store.queries import AccountView, Counters, accounts, counters

#: How often the desk's health is looked at, in seconds, however many people are looking.
_EVERY_S = 5.0

Trouble = tuple[Tone, tuple[str, ...]]
#: Until when what is known holds, for whom, and each with whether it is an incident.
_known: tuple[float, str, tuple[tuple[bool, Trouble], ...]] = (0.0, "", ())


def show(*, incidents: bool = True) -> None:
    """Draw what is wrong, worst first; `incidents` False where the page shows them itself."""
    for is_incident, (tone, told) in _troubles():
        if incidents or not is_incident:
            alert(tone, *told)


def find_troubles(
    settings: Settings,
    found: tuple[AccountView, ...],
    counters_now: Counters,
    moment: datetime,
    gaps: Sequence[GapView] = (),
) -> list[Trouble]:
    """What people at the desk should know about accounts and jobs at this moment, worst first."""
    working = [account for account in found if account.active]
    if not working:
        return [("info", (_("No network is connected yet; an administrator adds accounts in webcare.toml."),))]
    troubles = [_disconnected(account, moment) for account in working if account.disconnected_at is not None]
    connected = [account for account in working if account.disconnected_at is None]
    missed = [one for one in connected if _is_silent(settings, one, moment)]
    if missed:
        troubles.append(_not_collected(missed, moment))
    troubles += [_failing(account) for account in connected if account not in missed and account.last_error]
    troubles += [told for account in connected for told in _warnings(account, moment)]
    if gaps:
        troubles.append(_incomplete(gaps, moment))
    if counters_now.needs_human:
        told = counted(
            "{count} reply needs a look: nobody could find out whether the network posted it.",
            "{count} replies need a look: nobody could find out whether the network posted it.",
            counters_now.needs_human,
        )
        troubles.append(("warn", (told,)))
    return troubles


def look_again() -> None:
    """Something changed here that the line should tell at once."""
    global _known
    _known = (0.0, "", ())


def _incident(one: Incident) -> Trouble:
    link = safe.el("a", _("Look at it"), href=f"/incidents?incident={one.id}", target="_self")
    name, cases = safe.line(title(one), limit=80), counted("{count} case", "{count} cases", one.hit)
    if one.state == OPEN:
        told = _("Incident: {name}, {cases}. Campaigns rest while it is open.")
        return "bad", (safe.filled(told, name=name, cases=cases), " ", link)
    told = _("Alarm: {name}, {cases} in a short time. Somebody has to look whether it is one.")
    return "warn", (safe.filled(told, name=name, cases=cases), " ", link)


def _disconnected(account: AccountView, moment: datetime) -> Trouble:
    assert account.disconnected_at is not None
    since = words.clock_time(account.disconnected_at, now=moment)
    told = _("{network} is disconnected since {since}: nothing comes in and no reply goes out.")
    return "bad", (safe.filled(told, network=_network(account), since=since), " ", safe.line(kept(account.last_error)))


def _not_collected(missed: list[AccountView], moment: datetime) -> Trouble:
    networks = safe.join(tuple(piece for account in missed for piece in (", ", _network(account)))[1:])
    polled = [account.last_polled_at for account in missed if account.last_polled_at is not None]
    if not polled:
        # A desk that has just started asks for the first time within seconds; that is no reason for alarm.
        told = _("Nothing was collected from {networks} yet. If this line stays for a minute, the jobs do not run.")
        return "info", (safe.filled(told, networks=networks),)
    told = _("Nothing was collected from {networks} since {since}: the jobs do not run. New messages are missing.")
    return "warn", (safe.filled(told, networks=networks, since=words.clock_time(min(polled), now=moment)),)


def _failing(account: AccountView) -> Trouble:
    told = _("Trouble with {network}: {error}")
    return "warn", (safe.filled(told, network=_network(account), error=safe.line(kept(account.last_error))),)


def _is_silent(settings: Settings, account: AccountView, moment: datetime) -> bool:
    waits = max((at for at in (account.not_before, account.resting_until) if at is not None), default=moment)
    if waits > moment:
        return False
    limit = silent_after(settings, account.capped_at)
    return account.last_polled_at is None or moment - account.last_polled_at > limit


def _warnings(account: AccountView, moment: datetime) -> list[Trouble]:
    """What will be wrong soon, or is slow on purpose."""
    told: list[Trouble] = []
    if account.not_before is not None and account.not_before > moment:
        until = words.clock_time(account.not_before, now=moment)
        waits = _("{network} asks us to wait until {until}; it goes on by itself.")
        told.append(("info", (safe.filled(waits, network=_network(account), until=until),)))
    if account.token_expires_at is not None and account.token_expires_at - moment < TOKEN_WARNING:
        days = max(0, (account.token_expires_at - moment).days)
        ends = words.clock_time(account.token_expires_at, now=moment)
        left = counted("{count} day", "{count} days", days)
        ending = _("The access to {network} ends on {ends}, {left} from now: renew it.")
        told.append(("warn", (safe.filled(ending, network=_network(account), ends=ends, left=left),)))
    if account.capped_at is not None:
        capped = _("The day's cap of {network} is reached: it is asked more seldom.")
        told.append(("warn", (safe.filled(capped, network=_network(account)),)))
    return told


def _incomplete(gaps: Sequence[GapView], moment: datetime) -> Trouble:
    first = gaps[0]
    where = safe.join((words.word(words.CHANNELS, first.channel), " (", safe.name(first.account_name), ")"))
    since, until = (words.clock_time(at, now=moment) for at in (first.since, first.until))
    told = _("Posts may be missing from {network}: {since} to {until}. The page Channels says more.")
    if len(gaps) > 1:
        told = counted(
            "Posts may be missing from {{network}}: {{since}} to {{until}}, and in {count} more stretch of time. "
            "The page Channels says more.",
            "Posts may be missing from {{network}}: {{since}} to {{until}}, and in {count} more stretches of time. "
            "The page Channels says more.",
            len(gaps) - 1,
        )
    return "warn", (safe.filled(told, network=where, since=since, until=until),)


def _network(account: AccountView) -> safe.Html:
    return safe.join((words.word(words.CHANNELS, account.channel), " (", safe.name(account.name or account.key), ")"))


def _troubles() -> tuple[tuple[bool, Trouble], ...]:
    global _known
    until, known_as, troubles = _known
    seen_as = f"{tongue.speaking()} {zone()} {desk().store.url}"
    if time.monotonic() < until and known_as == seen_as:
        return troubles
    moment = now()
    with desk().store.read() as session:
        found, standing, gaps = accounts(session), counters(session, moment), open_gaps(session)
        wrong = open_now(session)
    others = find_troubles(desk().settings, found, standing, moment, gaps)
    troubles = (*((True, _incident(one)) for one in wrong), *((False, one) for one in others))
    _known = (time.monotonic() + _EVERY_S, seen_as, troubles)
    return troubles
