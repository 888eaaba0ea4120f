"""Looking out: the usual rhythm, one alarm for one matter, what joins it, and quiet after a person judged it."""

import math
import random
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import func, select

from tests.incidents.conftest import TEXTS
from webcare.domain import Role, Sentiment, Topic
from webcare.errors import ModelMissing
from webcare.incidents import counting, mode, noticing, reading
from webcare.incidents.counting import Names, series_of
from webcare.incidents.noticing import Lookout
from webcare.incidents.rhythm import HOUR, Rhythm
from webcare.incidents.spikes import allowed_chance, find_spikes, tail
from webcare.jobs import noticing as job
from webcare.store.tables_alerts import NotificationRow
from webcare.store.tables_incidents import IncidentCountRow, IncidentRow, IncidentSignalRow
from webcare.testing import NOON, Desk, FakeClassifier, make_mention, make_triage

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
SMALL_TALK = (
    "How deep is the BOKLUND shelf?", "When do you open on Sunday?", "My parcel is a day late",
    "Is the lamp on stock in Utrecht?", "A leg of my chair is broken", "Can I bring the rug back?",
)  # fmt: skip


class Meaning:
    """A stand-in for the encoder: one direction for the double charge, random ones for everything else."""

    def embed(self, texts: Sequence[str]) -> tuple[str, Any]:
        rows = [self._row(text) for text in texts]
        return "meaning-1", np.stack(rows).astype(np.float32)

    def _row(self, text: str) -> Any:
        spread = np.random.default_rng(zlib.crc32(text.encode())).normal(size=32)
        if text in TEXTS:
            spread = 0.2 * spread
            spread[0] += 4
        return spread / np.linalg.norm(spread)


class Nobody:
    """The process with the encoder is not there."""

    def embed(self, texts: Sequence[str]) -> tuple[str, Any]:
        raise ModelMissing("no process with the encoder runs")


def steady(*, weeks: int = 4, per_hour: int = 3, share: int = 3) -> dict[str, dict[datetime, int]]:
    """Weeks of the same traffic each hour up to NOON; one in `share` is about payment."""
    start = NOON.replace(minute=0) - timedelta(weeks=weeks)
    hours = [start + at * HOUR for at in range(weeks * 7 * 24)]
    each = dict.fromkeys(hours, per_hour // share)
    topics = ("topic:payment", "group:checkout", "topic:delivery", "topic:order")
    both = dict.fromkeys(hours, 2 * per_hour // share)
    return {"all": dict.fromkeys(hours, per_hour), **{name: dict(each) for name in topics}, "group:parcels": both}


def settle(desk: Desk, **how: Any) -> None:
    """Give a desk weeks of rhythm behind it."""
    with desk.store.write() as session:
        for series, counted in steady(**how).items():
            for hour, count in counted.items():
                session.add(IncidentCountRow(hour=hour, series=series, count=count))


def write(desk: Desk, texts: Sequence[str], *, apart: float = 2.0) -> list[int]:
    """Customers write one after the other, and the look-out looks after each; gives the alarms raised."""
    raised: list[int] = []
    for text in texts:
        desk.later(minutes=apart)
        desk.receive(make_mention(text, posted_at=desk.now))
        raised += look(desk).alarms
    return raised


def look(desk: Desk, embedder: Any = None) -> noticing.Seen:
    return noticing.look(desk.store, embedder or Meaning(), Lookout(zone=UTC), now=desk.now, tell=job.tell)


def about(text: str) -> Any:
    if text in TEXTS:
        return make_triage(topic=Topic.PAYMENT, sentiment=Sentiment.NEGATIVE)
    return make_triage(topic=list(Topic)[SMALL_TALK.index(text) % 3], sentiment=Sentiment.NEUTRAL)


@pytest.fixture
def watching(desk: Desk) -> Desk:
    desk.classifier = FakeClassifier(about)
    settle(desk)
    return desk


# --- alarms -----------------------------------------------------------------------------------------


def test_one_matter_raises_one_alarm_and_the_rest_joins_it(watching: Desk) -> None:
    raised = write(watching, TEXTS[:2] + SMALL_TALK[:2] + TEXTS[2:8] + TEXTS[:8])
    assert len(raised) == 1
    with watching.store.read() as session:
        found = reading.whole(session, raised[0], by=watching.first)
        told = list(session.exec(select(NotificationRow)))
    assert {one.excerpt for one in found.hit} <= set(TEXTS)
    assert len(found.hit) == 16
    assert {"twice", "charged"} & set(found.incident.words)
    assert len(told) == 1
    assert not any(text in f"{told[0].subject} {told[0].lines}" for text in TEXTS)


def test_usual_traffic_raises_none(watching: Desk) -> None:
    assert write(watching, SMALL_TALK * 3, apart=20) == []


def test_after_a_false_alarm_the_same_is_quiet(watching: Desk) -> None:
    (alarm,) = write(watching, TEXTS)
    with watching.store.write() as session:
        mode.call_false(session, alarm, reason="A test", by=watching.people[Role.TEAM_LEAD], now=watching.now)
    assert write(watching, TEXTS) == []


def test_it_alarms_without_an_encoder_too(watching: Desk) -> None:
    for text in TEXTS:
        watching.later(minutes=1)
        watching.receive(make_mention(text, posted_at=watching.now))
    seen = look(watching, Nobody())
    with watching.store.read() as session:
        found = reading.whole(session, seen.alarms[0], by=watching.first)
    # Those of the window are listed; without vectors nobody can say more.
    assert {one.case_id for one in found.hit} <= set(range(1, len(TEXTS) + 1))
    assert len(found.hit) == found.incident.count >= 5


def test_one_customer_who_writes_ten_times_is_one(watching: Desk) -> None:
    author = make_mention().author
    posts = [make_mention(text, author=author, posted_at=watching.now) for text in TEXTS]
    watching.receive(*posts)
    assert look(watching).alarms == ()


def test_a_case_counts_once_and_old_ones_are_dropped(watching: Desk) -> None:
    with watching.store.read() as session:
        before = session.exec(select(func.sum(IncidentCountRow.count))).one()
    write(watching, TEXTS[:2])
    look(watching)
    with watching.store.read() as session:
        assert session.exec(select(func.sum(IncidentCountRow.count))).one() == before + 2 * 3
    with watching.store.write() as session:
        counting.prune(session, now=watching.now + timedelta(days=4))
        assert session.exec(select(IncidentSignalRow)).all() == []


def test_what_came_before_the_look_out_becomes_its_history(desk: Desk) -> None:
    desk.classifier = FakeClassifier(about)
    for day in range(6):
        desk.receive(make_mention(TEXTS[day], posted_at=desk.now))
        desk.later(days=1)
    assert counting.fill_history(desk.store, Names(), now=desk.now) > 0
    assert counting.fill_history(desk.store, Names(), now=desk.now) == 0
    look(desk)
    with desk.store.read() as session:
        counted = counting.counts_since(session, NOON - timedelta(days=1), desk.now)
        assert session.exec(select(IncidentRow)).all() == []
    assert sum(counted["all"].values()) == 6


# --- counting ---------------------------------------------------------------------------------------


def test_what_a_case_counts_for() -> None:
    names = Names.of(["BOKLUND"], {"utrecht": ["Utrecht", "Overvecht"]})
    text = "The BOKLUND of Overvecht broke"
    assert series_of("return", "store:utrecht", "negative", True, text, names) == [
        "all", "topic:return", "group:goods", "store:utrecht", "product:boklund",
    ]  # fmt: skip
    assert series_of("brand", "", "positive", False, text, names) == []


@given(count=st.integers(0, 60), mean=st.floats(0.01, 30), spread=st.floats(0.05, 3))
@settings(max_examples=60, deadline=None)
def test_the_tail_is_what_is_left_of_the_whole(count: int, mean: float, spread: float) -> None:
    shape = 1 / spread
    below = sum(
        math.exp(
            math.lgamma(k + shape) - math.lgamma(shape) - math.lgamma(k + 1)
            + shape * math.log(shape / (shape + mean)) + k * math.log(mean / (mean + shape))
        )
        for k in range(count)
    )  # fmt: skip
    assert tail(count, mean, spread) == pytest.approx(1 - below, abs=1e-9)


def test_the_budget_is_shared_out_over_windows() -> None:
    shares = [allowed_chance(1.0, timedelta(minutes=minutes)) * 30 * 24 * 60 / minutes for minutes in (2, 60, 180)]
    assert shares == pytest.approx([shares[0]] * 3)
    assert sum(shares) < 1


# --- the rhythm -------------------------------------------------------------------------------------


def test_the_rhythm_knows_the_hour_and_the_weekday_through_a_change_of_clocks() -> None:
    start = datetime(2026, 2, 2, tzinfo=UTC)
    until = datetime(2026, 4, 6, tzinfo=UTC)
    busy = {}
    at = start
    while at < until:
        local = at.astimezone(AMSTERDAM)
        busy[at] = 20 if local.weekday() == 0 and local.hour == 9 else 4
        at += HOUR
    rhythm = Rhythm({"all": busy}, start, until, AMSTERDAM)
    monday = datetime(2026, 4, 6, 9, tzinfo=AMSTERDAM).astimezone(UTC)
    assert rhythm.rate("all", monday) > 12
    assert rhythm.rate("all", monday + HOUR) < 6
    assert rhythm.rate("all", monday + timedelta(days=1)) < 6


def test_an_incident_of_the_past_does_not_become_usual() -> None:
    counts = steady(weeks=8)
    hour = NOON.replace(minute=0) - timedelta(weeks=1)
    counts["all"][hour] = 300
    rhythm = Rhythm(counts, min(counts["all"]), NOON.replace(minute=0), UTC)
    assert rhythm.rate("all", NOON.replace(minute=0)) < 5


def test_a_rush_of_everything_is_no_alarm_of_one_topic() -> None:
    counts = steady(weeks=8, per_hour=12, share=4)
    rhythm = Rhythm(counts, min(counts["all"]), NOON.replace(minute=0), UTC)
    chance = random.Random(1)
    busy = sorted(NOON - timedelta(minutes=chance.uniform(0, 60)) for _ in range(40))
    came = {"all": busy, "topic:payment": busy[::4]}
    found = find_spikes(came, rhythm, now=NOON, since=NOON - timedelta(days=1), budget=0.5)
    assert "topic:payment" not in {spike.series for spike in found}
    alone = {"all": busy[::4], "topic:payment": busy[::4]}
    found = find_spikes(alone, rhythm, now=NOON, since=NOON - timedelta(days=1), budget=0.5)
    assert "topic:payment" not in {spike.series for spike in found} or found[0].count >= 10
