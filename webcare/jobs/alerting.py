"""The jobs that tell people outside the console: of deadlines, and whatever else was queued for them."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from webcare.alerting import notifying, places, sending
from webcare.alerting.watching import watch as watch_deadlines
from webcare.jobs.registry import Clock, Desk, Done, JobSpec
from webcare.languages import Speech
from webcare.reports.digest_making import due as digest_due
from webcare.reports.digest_making import make_due

_NOTIFY_EVERY_S = 5.0
_DIGEST_EVERY_S = 30.0


def watch(desk: Desk, _: str, clock: Clock) -> Done:
    """Warn of deadlines that are near, keep and tell those that passed."""
    return Done(watch_deadlines(desk.store, desk.settings.alerts, now=clock()))


def notify(desk: Desk, _: str, clock: Clock) -> Done:
    """Give what was queued to its places and people, and send what is due."""
    settings, mail = desk.settings.notifications, bool(places.address_of(places.MAIL))
    usual = Speech(desk.settings.desk.language, ZoneInfo(desk.settings.desk.timezone))
    with desk.store.write() as session:
        spread = notifying.spread(session, settings, usual, mail=mail, now=clock())
    sent = sending.send_due(desk.store, settings, clock=clock, usual=usual)
    return Done(spread + sent)


def digest(desk: Desk, _: str, clock: Clock) -> Done:
    """Put the figures of the day or week together when their time has come."""
    return Done(make_due(desk.store, desk.settings, now=clock()))


def _digest_is_due(desk: Desk, _: str, now: datetime) -> bool:
    if desk.settings.digest.every == "off":
        return False
    with desk.store.read() as session:
        return digest_due(session, desk.settings, now=now) is not None


def _something_waits(desk: Desk, _: str, now: datetime) -> bool:
    with desk.store.read() as session:
        return sending.is_due(session, now=now)


WATCH = JobSpec("deadlines", watch, lambda settings: settings.alerts.every_s, "upkeep")
DIGEST = JobSpec("digest", digest, lambda settings: _DIGEST_EVERY_S, "upkeep", has_work=_digest_is_due)
# Its own threads: a mail server that is slow holds up nobody's deadlines.
NOTIFY = JobSpec("notify", notify, lambda settings: _NOTIFY_EVERY_S, "notify", has_work=_something_waits)
