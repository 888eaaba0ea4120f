"""The line under the top bar that says what is wrong with the desk itself; nothing when all is well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import streamlit as st

from webcare.console import safe, watching, words
from webcare.console.acting import draw_everything_if_asked
from webcare.console.desk import desk, now
from webcare.console.incident_words import title
from webcare.console.tongue import _, counted, kept
from webcare.console.trouble import Tone, alert
from webcare.console.watching import answers, digest, read_or_watch, shared, watch
from webcare.domain import Actor
from webcare.incidents.reading import Incident, open_now
from webcare.reports.collection import TOKEN_WARNING, silent_after
from webcare.settings import Settings
from webcare.store.gaps import GapView, open_gaps
from webcare.store.incident_mode import OPEN
from webcare.store.queries import AccountView, Counters, accounts, counters

#: How old what is known of the desk's health may be, however many people look, and how often a page asks, in seconds.
_KNOWN_S, _EVERY_S = 5.0, 10.0
_WATCHED = "health"

Trouble = tuple[Tone, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class _Health:
    """What the line is made of."""

    accounts: tuple[AccountView, ...]
    counts: Counters
    gaps: tuple[GapView, ...]
    incidents: tuple[Incident, ...]


def show(*, incidents: bool = True) -> None:
    """Draw what is wrong, worst first, and again when that changes; `incidents` False where the page shows them."""
    # A place of its own: what stands below it stays where it is when a line comes or goes.
    with st.container(key="wc_banner"):
        st.fragment(_lines)(incidents)


def _lines(incidents: bool) -> None:
    draw_everything_if_asked()
    moment = now()
    health = read_or_watch(_WATCHED, _EVERY_S, lambda: _health(moment))
    watch(_WATCHED, _mark_of(health, moment), every_s=_EVERY_S)
    wrong = [_incident(one) for one in health.incidents] if incidents else []
    for tone, told in (*wrong, *find_troubles(desk().settings, health.accounts, health.counts, moment, health.gaps)):
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
    watching.forget(_WATCHED)


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


def _waits(account: AccountView, moment: datetime) -> datetime | None:
    """Until when the network asks us to wait."""
    return account.not_before if account.not_before is not None and account.not_before > moment else None


def _ends_in(account: AccountView, moment: datetime) -> int | None:
    """After how many days the access ends, where that is soon."""
    left = None if account.token_expires_at is None else account.token_expires_at - moment
    return max(0, left.days) if left is not None and left < TOKEN_WARNING else None


def _warnings(account: AccountView, moment: datetime) -> list[Trouble]:
    """What will be wrong soon, or is slow on purpose."""
    told: list[Trouble] = []
    if (waits := _waits(account, moment)) is not None:
        until = words.clock_time(waits, now=moment)
        asks = _("{network} asks us to wait until {until}; it goes on by itself.")
        told.append(("info", (safe.filled(asks, network=_network(account), until=until),)))
    if account.token_expires_at is not None and (days := _ends_in(account, moment)) is not None:
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


def _health(moment: datetime) -> _Health:
    def read() -> _Health:
        with desk().store.read() as session:
            gaps = tuple(open_gaps(session))
            return _Health(accounts(session), counters(session, moment), gaps, open_now(session))

    return shared(_WATCHED, _KNOWN_S, read)


@answers(_WATCHED)
def _mark(_me: Actor, _argument: str, moment: datetime) -> str:
    return _mark_of(_health(moment), moment)


def _mark_of(health: _Health, moment: datetime) -> str:
    """What the sentences depend on, whatever the language they are told in."""
    settings = desk().settings
    each = [
        (one.key, one.active, one.disconnected_at, one.last_error, one.capped_at is None, one.last_polled_at is None,
         _is_silent(settings, one, moment), _waits(one, moment), _ends_in(one, moment))
        for one in health.accounts
    ]  # fmt: skip
    return digest(each, health.counts.needs_human, health.gaps, health.incidents)
