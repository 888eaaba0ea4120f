"""The faults of the soak, as a scenario in the sandbox's own language: a drizzle all the time, and episodes.

What a seed makes can be written to a file and given to `webcare sandbox --faults FILE` as it is.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from webcare.sandbox import Sandbox
from webcare.sandbox.fault_language import rules_from_text

#: All the time. Those on posting tempt a desk to send twice, those on reading to lose or to double.
DRIZZLE = """
1 in 20: POST /x/2/tweets is cut after commit
1 in 20: POST /x/2/tweets answers 500 after commit
1 in 50: POST /x/2/tweets answers half of the JSON
1 in 40: POST /x/2/tweets is cut before commit
1 in 50: POST /x/2/tweets answers 503 html
1 in 100: POST /x/2/tweets answers 429 without reset
1 in 20: POST /x/2/tweets shows up 3s late
1 in 20: POST /x/2/dm_conversations/* is cut after commit
1 in 40: POST /x/2/dm_conversations/* answers 500 after commit
1 in 20: POST /graph/* is cut after commit
1 in 20: POST /graph/* answers 500 after commit
1 in 50: POST /graph/* answers half of the JSON
1 in 40: POST /graph/* answers 500
1 in 100: POST /graph/* answers error 613
1 in 500: POST /graph/* takes 3s after commit
1 in 100: GET /x/* answers 503 html
1 in 200: GET /x/* answers half of the JSON
1 in 200: GET /x/* answers only errors
1 in 200: GET /x/* answers nothing
1 in 300: GET /x/* answers 429 with reset in 4m
1 in 300: GET /x/* answers 429 without reset
1 in 4000: GET /x/* takes 3s
1 in 20: GET /x/2/users/*/mentions holds 3 a page
1 in 300: GET /graph/* answers 503 html
1 in 300: GET /graph/* answers half of the JSON
1 in 300: GET /graph/* answers error 2
1 in 500: GET /graph/* is cut before commit
1 in 1000: GET /graph/* answers error 4
1 in 20: new posts show up 12m late
1 in 10: new posts on x show up 40s late
"""
_LASTS_MIN = (10, 20, 45, 90, 180)
#: One episode begins in this many hours of the networks' time, on average.
_EVERY_H = 4.0
#: (how it begins, how it ends); `{account}` is drawn. Those without an end last for as long as the line says.
EPISODES = (
    ("from {begin} for {lasts}: * /x/* answers 503 html", ""),
    ("from {begin} for {lasts}: * /graph/* answers 503 html", ""),
    ("from {begin} for {lasts}: GET /x/* answers usage-capped", ""),
    ("from {begin} for {lasts}: POST /x/* answers 402", ""),
    ("from {begin} for {lasts}: * /graph/* answers error 80001", ""),
    ("from {begin} for {lasts}: * /x/* is cut before commit", ""),
    ("from {begin} for {lasts}: POST /graph/* answers error 368", ""),
    ("at {begin}: the token of {account} expires", "at {end}: the token of {account} works again"),
    ("at {begin}: {account} may not reply", "at {end}: {account} may reply again"),
)


@dataclass(slots=True)
class Weather:
    """Makes the scenario of one soak, puts it in force, and tells how often it struck."""

    box: Sandbox
    accounts: tuple[str, ...]
    dice: random.Random
    hours: float
    scenario: str = ""
    episodes: int = 0
    struck: dict[str, int] = field(default_factory=dict)

    def begin(self) -> None:
        """Put the scenario in force; its time begins now."""
        lines = list(self._episodes())
        # The first rule that strikes wins, so an episode goes before the drizzle.
        self.scenario = "\n".join([*lines, DRIZZLE])
        self.box.faults.replace(rules_from_text(self.scenario))

    def end(self) -> None:
        """Let everything work from now on."""
        for rule in self.box.faults.listed():
            if rule.get("struck"):
                name = str(rule.get("kind") or "late")
                self.struck[name] = self.struck.get(name, 0) + rule["struck"]
        calm = [f"at 0s: the token of {key} works again\nat 0s: {key} may do everything" for key in self.accounts]
        self.box.faults.replace(rules_from_text("\n".join(calm)))

    def _episodes(self) -> Iterator[str]:
        moment = 0.5 + self.dice.expovariate(1 / _EVERY_H)
        while moment < self.hours:
            begins, ends = self.dice.choice(EPISODES)
            lasts = self.dice.choice(_LASTS_MIN)
            told = {
                "account": self.dice.choice(self.accounts),
                "begin": _clock(moment),
                "end": _clock(moment + lasts / 60),
                "lasts": f"{lasts}m",
            }
            yield begins.format(**told)
            if ends:
                yield ends.format(**told)
            self.episodes += 1
            moment += lasts / 60 + self.dice.expovariate(1 / _EVERY_H)


def _clock(hours: float) -> str:
    minutes = int(timedelta(hours=hours).total_seconds() // 60)
    return f"{minutes // 1440}d {minutes // 60 % 24:02}:{minutes % 60:02}"
