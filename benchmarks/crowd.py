"""How a room full of people waits on one console process: `python benchmarks/crowd.py [--people 100] [--minutes 2]`.

Fills a database as benchmarks/store.py does, starts the real console on it and lets so many people, each with an own
websocket and sign-in, look at their queue, open a case and go back, with a pause of 5 s on average in between. They
come in within half a minute, and what they wait for is counted from then on; their first page has a line of its own. As
real browsers do (components/watch.js), each also asks over HTTP every few seconds whether a part of its page has
changed, and has that part run when it has; a part that Streamlit runs at intervals would be asked for too. What HTTP
asks took has a line of its own: it is no run of a script. One person alone is measured first on the same server, so
that the table holds a ratio. A run is finished when the server says so. Goal: with 100 people half of the runs within
40 ms, 95 of 100 within 300 ms, and the process below 500 MB.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
import random
import secrets
import statistics
import tempfile
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
from console import prepare, resident_mb, serving
from sqlmodel import select
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

from webcare.domain import CaseState, Role
from webcare.store import open_store
from webcare.store.tables import AgentRow, CaseRow, SignInRow

THINK_S = 5.0
#: How long it takes until everybody is in.
ARRIVE_S = 30.0
FIRST = "first page"
SEED = 11
#: A run that takes longer than this is given up and told.
PATIENCE_S = 60.0
ENDS = (ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)


@dataclass
class Times:
    """Milliseconds of every run, by what was asked."""

    taken: dict[str, list[float]] = field(default_factory=dict)
    asked: list[float] = field(default_factory=list)  #: HTTP asks for news
    failed: int = 0  #: of those, without an answer
    given_up: int = 0
    since: float = 0.0  #: when everybody is in

    def add(self, what: str, seconds: float) -> None:
        """Keep one run that began when everybody was in."""
        if what == FIRST or time.monotonic() - seconds >= self.since:
            self.taken.setdefault(what, []).append(seconds * 1000)


@dataclass
class Watched:
    """A part of the page that asks for news, as components/watch.js keeps it."""

    widget: str
    fragment: str
    mark: str
    every: float
    at_most: float
    drawn: float
    due: float
    fired: tuple[str, float] = ("", 0.0)

    def wants_a_run(self, mark: str, now: float) -> bool:
        """Whether this mark has the part run."""
        old = self.at_most > 0 and now - self.drawn >= self.at_most
        again = self.fired[0] == mark and now - self.fired[1] < 2 * self.every
        return (mark != self.mark or old) and not again


@dataclass
class Browser:
    """One person's connections: sends what a browser sends, and knows when the page is finished."""

    socket: ClientConnection
    web: aiohttp.ClientSession
    chance: random.Random
    times: Times
    watched: dict[str, Watched] = field(default_factory=dict)
    pages: dict[str, str] = field(default_factory=dict)
    parts: dict[str, float] = field(default_factory=dict)
    page: str = ""
    query: str = ""

    async def run(self, what: str, *, part: str = "", pressed: tuple[str, str] | None = None) -> None:
        """Ask for the page, or one part of it, and read until it stands.

        `part` is run by itself, or because its listener `pressed` (widget, mark) says that its mark is another one.
        """
        asked = BackMsg()
        asked.rerun_script.query_string = self.query
        asked.rerun_script.page_script_hash = self.page
        asked.rerun_script.context_info.timezone = "Europe/Amsterdam"
        asked.rerun_script.context_info.locale = "nl-NL"
        if part:
            asked.rerun_script.fragment_id = part
            asked.rerun_script.is_auto_rerun = pressed is None
        else:
            self.parts.clear()
            self.watched.clear()
        if pressed is not None:
            widget = asked.rerun_script.widget_states.widgets.add()
            widget.id = f"$$STREAMLIT_INTERNAL_KEY_{pressed[0]}__events"
            widget.json_trigger_value = json.dumps([{"event": "changed", "value": pressed[1]}])
        start = time.perf_counter()
        await self.socket.send(asked.SerializeToString())
        try:
            await asyncio.wait_for(self._until_finished(), PATIENCE_S)
        except TimeoutError:
            self.times.given_up += 1
            return
        self.times.add(what, time.perf_counter() - start)

    async def _until_finished(self) -> None:
        while True:
            told = ForwardMsg()
            told.ParseFromString(await self.socket.recv(decode=False))
            match told.WhichOneof("type"):
                case "navigation":
                    self.pages = {page.url_pathname: page.page_script_hash for page in told.navigation.app_pages}
                    self.page = told.navigation.page_script_hash
                case "auto_rerun":
                    self.parts[told.auto_rerun.fragment_id] = told.auto_rerun.interval
                case "delta" if told.delta.new_element.bidi_component.component_name == "webcare.watch":
                    self._listens(told)
                case "script_finished" if told.script_finished in ENDS:
                    return

    def _listens(self, told: ForwardMsg) -> None:
        made = told.delta.new_element.bidi_component
        data: dict[str, Any] = json.loads(made.json)
        before, now = self.watched.get(data["question"]), time.monotonic()
        if before is not None and before.mark == data["mark"] and before.widget == made.id:
            return
        wait = data["every_s"] * self.chance.uniform(0.9, 1.1)
        self.watched[data["question"]] = Watched(
            made.id, told.delta.fragment_id, data["mark"], data["every_s"], data["at_most_s"], now, now + wait
        )

    async def ask(self) -> None:
        """One request for all parts that are due or soon will be; whatever changed is run."""
        start = time.monotonic()
        asked = {name: one for name, one in self.watched.items() if one.due <= start + one.every / 2}
        query = urlencode([("q", name) for name in asked])
        try:
            async with self.web.get(f"/desk/news?{query}") as answer:
                marks = (await answer.json())["marks"]
        except (aiohttp.ClientError, TimeoutError):
            self.times.failed += 1
            marks = {name: one.mark for name, one in asked.items()}
        now = time.monotonic()
        if start >= self.times.since:
            self.times.asked.append((now - start) * 1000)
        for name, one in asked.items():
            one.due = now + one.every * self.chance.uniform(0.9, 1.1)
            if one.wants_a_run(marks[name], now):
                one.fired, one.drawn = (marks[name], now), now
                await self.run("a part that changed", part=one.fragment, pressed=(one.widget, marks[name]))


def main() -> None:
    """Fill, serve, let them in, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=200_000)
    parser.add_argument("--active", type=float, default=0.05, help="share of the cases that stand in a queue")
    parser.add_argument("--people", type=int, default=100)
    parser.add_argument("--minutes", type=float, default=2.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'desk.db'}"
        prepare(url, options.cases, options.active)
        tokens, cases = let_in(url, options.people)
        print(f"{options.cases} cases, {os.cpu_count()} cores shared with the browsers of this benchmark")
        with serving(url, folder) as (address, process):
            alone = asyncio.run(crowd(address, tokens[:1], cases, minutes=0.5, think=0.5))
            tell("one person", alone)
            before = resident_mb(process)
            spent = cpu_seconds(process)
            many = asyncio.run(crowd(address, tokens, cases, minutes=options.minutes, think=THINK_S))
            tell(f"{options.people} people", many)
            spent = cpu_seconds(process) - spent
            print(f"processor time of the console: {spent:.1f} s in {options.minutes} min and {ARRIVE_S:.0f} s before")
            print(f"memory of the console process: {before:.0f} MB with one, {resident_mb(process):.0f} MB with all")


def let_in(url: str, people: int) -> tuple[list[str], list[int]]:
    """Colleagues who are signed in already, and the cases they open."""
    store, now = open_store(url), datetime.now(UTC)
    tokens = [secrets.token_urlsafe(32) for _ in range(people)]
    with store.write() as session:
        for number, token in enumerate(tokens):
            agent = AgentRow(username=f"p{number}", name=f"Person {number}", role=Role.FIRST_LINE, created_at=now)
            session.add(agent)
            session.flush()
            hashed = hashlib.sha256(token.encode()).hexdigest()
            ends = now + timedelta(hours=8)
            session.add(SignInRow(token_hash=hashed, agent_id=agent.id or 0, created_at=now, expires_at=ends))
    with store.read() as session:
        found = session.exec(select(CaseRow.id).where(CaseRow.state == CaseState.OPEN.value).limit(2000))
        cases = [case_id for case_id in found if case_id is not None]
    store.dispose()
    return tokens, cases


async def crowd(address: str, tokens: list[str], cases: list[int], *, minutes: float, think: float) -> Times:
    """Everybody comes in, and works for some minutes."""
    times = Times()
    times.since = time.monotonic() + (ARRIVE_S if len(tokens) > 1 else 0.0)
    until = times.since + minutes * 60
    await asyncio.gather(
        *(person(address, token, cases, times, until, think, random.Random(SEED + n)) for n, token in enumerate(tokens))
    )
    return times


async def person(
    address: str, token: str, cases: list[int], times: Times, until: float, think: float, chance: random.Random
) -> None:
    """Queue, case, the same again, back; in between a pause, in which the page's parts refresh themselves."""
    await asyncio.sleep(chance.random() * max(0.0, times.since - time.monotonic()))
    headers = {"Cookie": f"webcare_session={token}", "Origin": address}
    where = address.replace("http", "ws", 1) + "/_stcore/stream"
    patience = aiohttp.ClientTimeout(total=10)
    async with (
        connect(where, additional_headers=headers, subprotocols=["streamlit"], max_size=None) as socket,
        aiohttp.ClientSession(address, headers=headers, timeout=patience) as web,
    ):
        browser = Browser(socket, web, chance, times)
        await browser.run(FIRST)
        queue = browser.page
        while time.monotonic() < until:
            await pause(browser, chance.expovariate(1 / think))
            await browser.run("the queue again")
            await pause(browser, chance.expovariate(1 / think))
            browser.page, browser.query = browser.pages["case"], f"case={chance.choice(cases)}"
            await browser.run("a case opened")
            await pause(browser, chance.expovariate(1 / think))
            await browser.run("the case again")
            await pause(browser, chance.expovariate(1 / think))
            browser.page, browser.query = queue, ""
            await browser.run("back to the queue")


async def pause(browser: Browser, seconds: float) -> None:
    """Wait, and let the parts of the page ask for news and refresh at their own times as a browser does."""
    until = time.monotonic() + seconds
    due = {part: time.monotonic() + every for part, every in browser.parts.items()}
    while (soon := min([*due.values(), *(one.due for one in browser.watched.values())], default=until)) < until:
        await asyncio.sleep(max(0.0, soon - time.monotonic()))
        if not due or soon < min(due.values()):
            await browser.ask()
            continue
        part = min(due, key=due.__getitem__)
        await browser.run("a part by itself", part=part)
        due[part] = time.monotonic() + browser.parts.get(part, THINK_S)
    await asyncio.sleep(max(0.0, until - time.monotonic()))


def cpu_seconds(process: int) -> float:
    """What a process used of the processors since it started, on Linux."""
    user, system = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def tell(who: str, times: Times) -> None:
    """The table."""
    print(f"\n{who:32}{'runs':>8}{'p50 ms':>9}{'p95 ms':>9}")
    again = [taken for what, runs in times.taken.items() if what != FIRST for taken in runs]
    for what, runs in [*times.taken.items(), ("all but the first", again)]:
        worst = statistics.quantiles(runs, n=20)[18] if len(runs) > 2 else max(runs, default=0.0)
        print(f"{what:32}{len(runs):8}{statistics.median(runs) if runs else 0:9.0f}{worst:9.0f}", flush=True)
    if times.asked:
        slow = statistics.quantiles(times.asked, n=20)[18] if len(times.asked) > 2 else max(times.asked)
        print(
            f"{'asks for news (HTTP, no run)':32}{len(times.asked):8}{statistics.median(times.asked):9.0f}{slow:9.0f}"
        )
    if times.failed:
        print(f"{times.failed} asks for news without an answer")
    if times.given_up:
        print(f"{times.given_up} runs did not end within {PATIENCE_S:.0f} s")


if __name__ == "__main__":
    main()
