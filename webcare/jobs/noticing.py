"""The job that looks out for incidents: more cases of a kind than are usual, and what they have in common."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session

from webcare import wording
from webcare.domain import Said
from webcare.incidents import counting, noticing
from webcare.incidents.noticing import Lookout
from webcare.jobs.registry import Clock, Desk, Done, JobSpec
from webcare.settings import Notice


def notice(desk: Desk, _: str, clock: Clock) -> Done:
    """Take in new cases and raise an alarm where there are too many of a kind."""
    now = clock()
    seen = noticing.look(desk.store, desk.learned, lookout_of(desk), now=now, tell=tell)
    with desk.store.write() as session:
        dropped = counting.prune(session, now=now)
    return Done(seen.looked_at + seen.joined + len(seen.alarms) + dropped, again=seen.looked_at == counting.AT_ONCE)


def tell(session: Session, incident_id: int, series: str, count: int, now: datetime) -> None:
    """Queue the message about an alarm, for whoever wants to hear of incidents. No words of customers."""
    from webcare.alerting import notify

    told = Said("{count} cases came in a short time, far more than usual.", count=count)
    subject = Said("Alarm: {about}", about=_about(series))
    notify(session, Notice.INCIDENT, subject, [told], now=now, path=f"/incidents?incident={incident_id}")


def _about(series: str) -> str:
    kind, _, name = series.partition(":")
    if kind == "topic":
        return Said(wording.TOPICS.get(name, name))
    if kind == "group":
        return Said(wording.GROUPS.get(name, name))
    if kind == "store":
        return Said("Shop {name}", name=name.capitalize())
    return name.upper() if name else Said("All messages")


def lookout_of(desk: Desk) -> Lookout:
    """How a desk looks out: its products and shops by name, its clock, its budget of false alarms."""
    settings = desk.settings
    brands = [desk.reviewer.brand_of(key) for key in settings.accounts] if desk.reviewer.brand_of is not None else []
    products = dict.fromkeys(name for brand in brands for name in brand.profile.products)
    stores = {key: tuple(store.names) for key, store in settings.routing.stores.items()}
    return Lookout(
        names=counting.Names.of(products, stores),
        zone=ZoneInfo(settings.desk.timezone),
        budget=settings.incidents.false_alarms_a_month,
        order_numbers=tuple(dict.fromkeys(form for brand in brands for form in brand.profile.order_numbers)),
    )


def _something_came(desk: Desk, _: str, now: datetime) -> bool:
    with desk.store.read() as session:
        return counting.waits(session, now=now)


NOTICE = JobSpec(
    "incidents",
    notice,
    lambda settings: settings.incidents.every_s,
    "heads",
    has_work=_something_came,
    precedence="last",
)
