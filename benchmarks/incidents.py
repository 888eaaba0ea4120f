"""How soon an incident is an alarm, and how often there is one without an incident.

    python benchmarks/incidents.py [--months 6] [--planted 20] [--seed 1]
    python benchmarks/incidents.py --demo

Without `--demo` months of usual traffic are made for a small desk and a large one: the rhythm of hours and weekdays,
rates that stray for hours and days, campaigns, slow news days, bad weather, each over the series of a desk (all, topics
and their groups, shops, products). The look-out looks after each case that comes, as the job does. Alarms in that
traffic are false ones. Then incidents of several sizes are planted, forty minutes long, at random times.

`--demo` plays the sandbox's day (twenty reports of one fault among 344 posts) through the real desk: database, labels
of the shipped model, vectors of the shipped encoder, one look after each post; on a fresh desk that has no weeks behind
it, at the pace of the day and at that of `make demo`.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from bisect import bisect_left, insort
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from webcare.app import App
from webcare.domain import Author, Mention, MentionKind
from webcare.incidents import noticing
from webcare.incidents.counting import GROUPS, Names
from webcare.incidents.noticing import STANDS_FOR, Lookout
from webcare.incidents.rhythm import ALL, HOUR, WEEKS, Rhythm
from webcare.incidents.spikes import Spike, find_spikes
from webcare.settings import load_settings
from webcare.store import open_store
from webcare.testing import make_desk

ROOT = Path(__file__).parents[1]
STORIES = ROOT / "webcare" / "sandbox" / "stories"
START = datetime(2026, 3, 2, tzinfo=UTC)
BUDGET = 0.5
TOPICS = {
    "delivery": 0.22, "order": 0.12, "payment": 0.09, "return": 0.08, "product_fault": 0.12, "product_advice": 0.12,
    "availability": 0.07, "store": 0.06, "website_app": 0.06, "safety_legal": 0.01, "brand": 0.03, "other": 0.02,
}  # fmt: skip
#: How busy an hour is: not the curve that the look-out starts from.
DAY = [
    0.3,
    0.2,
    0.1,
    0.1,
    0.1,
    0.2,
    0.5,
    0.9,
    1.5,
    1.8,
    1.7,
    1.5,
    1.6,
    1.5,
    1.3,
    1.2,
    1.2,
    1.3,
    1.5,
    1.9,
    2.0,
    1.7,
    1.0,
    0.5,
]
WEEK = [1.25, 1.1, 1.0, 1.0, 0.95, 0.8, 0.75]
SHOPS, PRODUCTS = 8, 20
SIZES = (10, 20, 40, 80)


@dataclass
class Traffic:
    """Cases as they come at a made-up desk."""

    per_hour: float
    chance: np.random.Generator
    slow: float = 0.0  #: how rates stray for hours, as a logarithm
    events: list[tuple[datetime, datetime, str, float]] = field(default_factory=list)

    def month(self, since: datetime) -> None:
        """Two campaigns, one slow news day and two days of bad weather, somewhere in the month."""
        for what, count, hours, times in (("campaign", 2, 60, 2.2), ("slow", 1, 24, 0.4), ("weather", 2, 20, 2.2)):
            for _ in range(count):
                at = since + timedelta(hours=float(self.chance.uniform(0, 29 * 24)))
                self.events.append((at, at + timedelta(hours=hours), what, times))

    def hour(self, at: datetime) -> list[tuple[datetime, list[str]]]:
        """The cases of one hour, in order, each with what it counts for."""
        self.slow = 0.85 * self.slow + float(self.chance.normal(0, 0.12))
        if at.hour == 0:
            self.day = float(self.chance.normal(0, 0.15))
            self.shares = {topic: share * float(self.chance.lognormal(0, 0.2)) for topic, share in TOPICS.items()}
        rate = self.per_hour * DAY[at.hour] * WEEK[at.weekday()] * float(np.exp(self.slow + self.day))
        shares = dict(self.shares)
        for since, until, what, times in self.events:
            if not since <= at < until:
                continue
            # A campaign is told at one moment and forgotten slowly; weather comes and goes.
            fade = 1 - (at - since) / (until - since)
            if what == "campaign":
                rate *= 1 + 0.5 * fade
                for topic in ("product_advice", "availability"):
                    shares[topic] *= 1 + (times - 1) * fade
            elif what == "weather":
                shares["delivery"] *= 1 + (times - 1) * min(1.0, 4 * fade * (1 - fade))
            else:
                rate *= times
        count = int(self.chance.poisson(rate))
        names, weights = list(shares), np.array(list(shares.values()))
        found = []
        for _ in range(count):
            topic = str(self.chance.choice(names, p=weights / weights.sum()))
            found.append((at + timedelta(seconds=float(self.chance.uniform(0, 3600))), self._series(topic)))
        return sorted(found)

    def _series(self, topic: str) -> list[str]:
        groups = [f"group:{name}" for name, topics in GROUPS.items() if topic in topics]
        more = []
        if topic in ("store", "availability", "return") and self.chance.random() < 0.6:
            more.append(f"store:{self.chance.integers(SHOPS)}")
        if topic in ("product_fault", "product_advice", "availability", "return") and self.chance.random() < 0.5:
            more.append(f"product:{int(PRODUCTS * self.chance.random() ** 2)}")
        return [ALL, f"topic:{topic}", *groups, *more]


class Watch:
    """The look-out over made-up cases: what came lately, the counts of hours, the alarms."""

    def __init__(self) -> None:
        self.counts: dict[str, dict[datetime, int]] = {}
        self.came: dict[str, list[datetime]] = {}
        self.first = START
        self.alarms: list[tuple[datetime, Spike]] = []
        self._rhythm: Rhythm | None = None
        self._spread_on = START

    def count(self, at: datetime, series: list[str]) -> None:
        """Keep a case of the weeks before the look-out begins."""
        hour = at.replace(minute=0, second=0, microsecond=0)
        for name in series:
            of_series = self.counts.setdefault(name, {})
            of_series[hour] = of_series.get(hour, 0) + 1

    def put(self, at: datetime, series: list[str]) -> None:
        """A case came and nobody looks."""
        self.count(at, series)
        for name in series:
            insort(self.came.setdefault(name, []), at)

    def take(self, at: datetime, series: list[str]) -> Spike | None:
        """A case came; look."""
        self.put(at, series)
        rhythm = self.rhythm(at)
        quiet = {spike.series for when, spike in self.alarms if at - when < STANDS_FOR}
        found = find_spikes(
            self.came, rhythm, now=at, since=self.first, budget=BUDGET, known=tuple(self.counts), only=series
        )
        spike = next((one for one in found if one.series not in quiet and not self._same(one, at, quiet)), None)
        if spike is not None:
            self.alarms.append((at, spike))
        return spike

    def _same(self, spike: Spike, now: datetime, quiet: set[str]) -> bool:
        """Whether most of a spike are cases of a series that stands already."""
        mine = set(self.came[spike.series][bisect_left(self.came[spike.series], now - spike.window) :])
        return any(2 * len(mine & set(self.came.get(name, ()))) > len(mine) for name in quiet - {ALL})

    def rhythm(self, at: datetime) -> Rhythm:
        """What is usual in this hour."""
        hour = at.replace(minute=0, second=0, microsecond=0)
        old = self._rhythm
        if old is None or old.until != hour:
            since = max(START, hour - timedelta(weeks=WEEKS))
            self._rhythm = Rhythm(self.counts, since, hour, UTC)
            if old is not None and hour - self._spread_on < timedelta(days=1):
                # The spread hardly moves in a day, and is most of the work.
                self._rhythm._spreads, self._rhythm._shares = old._spreads, old._shares
            else:
                self._spread_on = hour
            for moments in self.came.values():
                del moments[: bisect_left(moments, hour - timedelta(hours=28))]
        assert self._rhythm is not None
        return self._rhythm


def main() -> None:
    """Run what was asked for and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--months", type=int, default=6)
    parser.add_argument("--planted", type=int, default=20, help="incidents of each size")
    parser.add_argument("--desks", type=float, nargs="+", default=(6, 40), help="cases an hour that ask or complain")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--demo", action="store_true")
    options = parser.parse_args()
    if options.demo:
        demo()
        return
    for per_hour in options.desks:
        simulate(per_hour, options.months, options.planted, options.seed)


# --- months of usual traffic ------------------------------------------------------------------------


def simulate(per_hour: float, months: int, planted: int, seed: int) -> None:
    """False alarms in so many months at one desk, and how soon planted incidents are seen."""
    began = time.perf_counter()
    traffic, watch = Traffic(per_hour, np.random.default_rng(seed)), Watch()
    at = _fill(traffic, watch)
    watch.first = at
    cases = 0
    for month in range(months):
        traffic.month(at)
        for _ in range(30 * 24):
            for when, series in traffic.hour(at):
                watch.take(when, series)
                cases += 1
            at += HOUR
        print(f"  month {month + 1}: {len(watch.alarms)} false so far", flush=True)
    for when, spike in watch.alarms:
        print(f"  false {when:%a %d %b %H:%M} {spike.series} {spike.count} of {spike.expected:.1f} in {spike.window}")
    took = time.perf_counter() - began
    print(
        f"{per_hour} cases an hour: {len(watch.alarms)} false alarms in {months} months "
        f"({len(watch.alarms) / months:.2f} a month), {cases} cases, {1000 * took / max(1, cases):.2f} ms a look"
    )
    for size in SIZES:
        at = _plant(traffic, watch, at, size, planted)


def _fill(traffic: Traffic, watch: Watch) -> datetime:
    """The weeks before the look-out begins."""
    at = START
    for week in range(WEEKS):
        if week % 4 == 0:
            traffic.month(at)
        for _ in range(7 * 24):
            for when, series in traffic.hour(at):
                watch.count(when, series)
            at += HOUR
    return at


def _plant(traffic: Traffic, watch: Watch, since: datetime, size: int, times: int) -> datetime:
    """Plant incidents one after the other, a week apart, and say how soon they were seen."""
    at, seen, delays, after_tenth = since, 0, [], []
    for number in range(times):
        start = at.replace(hour=int(traffic.chance.choice([8, 10, 12, 14, 16, 18, 20]))) + timedelta(
            minutes=float(traffic.chance.uniform(0, 59))
        )
        reports = sorted(start + timedelta(minutes=float(traffic.chance.uniform(0, 40))) for _ in range(size))
        kind = number % 3
        mine = [(when, _report(kind, one)) for one, when in enumerate(reports)]
        alarm = None
        for when, series in _day(traffic, at, mine):
            spike = watch.take(when, series)
            if spike is not None and alarm is None and when >= reports[0]:
                alarm = when
        if alarm is not None and alarm <= reports[-1] + timedelta(hours=3):
            seen += 1
            delays.append((alarm - reports[0]).total_seconds() / 60)
            after_tenth.append((alarm - reports[9]).total_seconds() / 60)
        at += timedelta(days=1)
        watch.alarms.clear()
        # A week between: a desk does not have an incident a day, and its rhythm is not made of them.
        for _ in range(6 * 24):
            for when, series in traffic.hour(at):
                watch.put(when, series)
            at += HOUR
    if not delays:
        print(f"  {size:3} reports in 40 min: seen 0 of {times}")
        return at
    late = sorted(after_tenth)[int(0.9 * (len(after_tenth) - 1))]
    within = sum(delay <= 10 for delay in after_tenth)
    print(
        f"  {size:3} reports in 40 min: seen {seen} of {times}, {statistics.median(delays):.0f} min after the first "
        f"(median); after the tenth: median {statistics.median(after_tenth):.0f}, p90 {late:.0f} min, "
        f"within 10 min {within} of {times}",
        flush=True,
    )
    return at


def _report(kind: int, one: int) -> list[str]:
    """A checkout that fails (told under two topics), a product that breaks, a shop that is shut."""
    if kind == 0:
        return [ALL, "topic:payment" if one % 2 else "topic:website_app", "group:checkout"]
    if kind == 1:
        return [ALL, "topic:product_fault", "group:goods", "product:3"]
    return [ALL, "topic:store", "store:2"]


def _day(
    traffic: Traffic, since: datetime, planted: list[tuple[datetime, list[str]]]
) -> Iterator[tuple[datetime, list[str]]]:
    usual = [case for hour in range(24) for case in traffic.hour(since + hour * HOUR)]
    yield from sorted([*usual, *planted])


# --- the demo's day ---------------------------------------------------------------------------------


def demo() -> None:
    """Play the sandbox's day through a fresh desk, at its own pace and at that of `make demo`."""
    app = App(load_settings(env={"WEBCARE_DESK__MODELS_DIR": str(ROOT / "models")}))
    if not app.load_heads():
        raise SystemExit("the shipped model is needed: models/")
    stories = [json.loads(line) for path in STORIES.glob("??.jsonl") for line in path.read_text("utf-8").splitlines()]
    stories.sort(key=lambda story: story["at_min"])
    fast = stories[-1]["at_min"] / (len(stories) * 5 / 60)
    for name, speed in (("the day at its own pace", 1.0), (f"make demo ({fast:.0f} times as fast)", fast)):
        _play(app, stories, name, speed)


def _play(app: App, stories: list[dict[str, object]], name: str, speed: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(f"sqlite:///{folder}/desk.db")
        store.upgrade()
        desk = make_desk(store)
        desk.classifier = app.classifier  # type: ignore[assignment]
        begin = datetime(2026, 11, 17, 7, 0, tzinfo=UTC)
        lookout = Lookout(Names.of(app.brand_of("").profile.products, {}), UTC, BUDGET)
        reports: list[datetime] = []
        for story in stories:
            desk.now = begin + timedelta(minutes=float(str(story["at_min"])) / speed)
            if story.get("incident"):
                reports.append(desk.now)
            desk.receive(_mention(story, desk.now))
            for alarm in noticing.look(store, app.learned, lookout, now=desk.now).alarms:
                _tell(desk, alarm, reports, speed)
        tenth = reports[9]
        minute = (tenth - begin) * speed / timedelta(minutes=1)
        print(f"{name}: the tenth of {len(reports)} reports came in minute {minute:.0f}")
        store.dispose()


def _tell(desk: object, alarm: int, reports: list[datetime], speed: float) -> None:
    from webcare.incidents import reading
    from webcare.testing import Desk

    assert isinstance(desk, Desk)
    with desk.store.read() as session:
        whole = reading.whole(session, alarm, by=desk.first)
    one = whole.incident
    print(
        f"  alarm {one.series}: {one.count} in {one.window}, {one.expected} usual; after {len(reports)} reports; "
        f"{len(whole.hit)} cases listed; in common: {', '.join(one.words)}"
    )


def _mention(story: dict[str, object], at: datetime) -> Mention:
    author = story["author"]
    assert isinstance(author, dict)
    return Mention(
        channel="x",
        external_id=str(story["id"]),
        thread_id=str(story["id"]),
        author=Author(f"c-{story['id']}", str(author["name"]), str(author["handle"])),
        text=str(story["text"]),
        posted_at=at,
        kind=MentionKind.MENTION,
    )


if __name__ == "__main__":
    main()
