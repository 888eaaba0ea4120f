"""The job that keeps the figures up to date: it counts the cases that changed since it looked last."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from webcare.domain import Urgency
from webcare.jobs.registry import Clock, Desk, Done, JobSpec
from webcare.measures import rollup
from webcare.settings import Settings

#: Looking costs two reads of an index; a wallboard should not lag behind what people just did.
_EVERY_S = 5.0


def counting_rule(settings: Settings) -> rollup.Counting:
    """By what the figures of this desk are counted."""
    defaults = {urgency.value: settings.routing.within(urgency.value) for urgency in Urgency}
    return rollup.counting(ZoneInfo(settings.desk.timezone), defaults)


def count(desk: Desk, _: str, clock: Clock) -> Done:
    """Count some of the cases that changed."""
    done = rollup.step(desk.store, counting_rule(desk.settings), now=clock())
    return Done(done.counted, again=done.again)


def _something_changed(desk: Desk, _: str, now: datetime) -> bool:
    with desk.store.read() as session:
        return rollup.waits(session, counting_rule(desk.settings), now=now)


FIGURES = JobSpec(
    "figures", count, lambda settings: _EVERY_S, "figures", has_work=_something_changed, precedence="last"
)
