"""The job that remembers which answers were good, so that they can be suggested again."""

from __future__ import annotations

from datetime import datetime

from webcare.cases import suggesting
from webcare.errors import ModelMissing
from webcare.jobs.registry import Clock, Desk, Done, JobSpec

_EVERY_S = 30.0


def remember(desk: Desk, _: str, clock: Clock) -> Done:
    """Remember some more messages that were answered, and drop what may not be used any more."""
    try:
        done = suggesting.remember(desk.store, desk.learned, now=clock(), reviewer=desk.reviewer)
    except ModelMissing:
        # Nobody can be suggested to without an encoder either; the banner says that it is missing.
        return Done()
    with desk.store.write() as session:
        dropped = suggesting.forget(session)
    return Done(done + dropped, again=done == suggesting.AT_ONCE)


def _something_waits(desk: Desk, _: str, now: datetime) -> bool:
    with desk.store.read() as session:
        return suggesting.waits(session)


REMEMBER = JobSpec(
    "remember", remember, lambda settings: _EVERY_S, "heads", has_work=_something_waits, precedence="last"
)
