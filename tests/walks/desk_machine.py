"""The real services as a machine that Hypothesis drives: ingest and delivery, X through tweepy, the sandbox over HTTP.

Customers post, flood, edit and delete; networks fail; processes die between two steps or fall asleep and wake up late.
After every step nothing may stand twice on the network; at the end nothing may be missing and every reply settled.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlmodel import select

from webcare import cases, ingest
from webcare.channels.base import AccountConfig, Budget, Channel, PollResult
from webcare.channels.x import X
from webcare.delivery import reconcile_due, send_due
from webcare.domain import UNSETTLED_DELIVERIES, Actor, DeliveryState, Posted, Reply, Role
from webcare.errors import ChannelError, WebcareError
from webcare.people import add_agent
from webcare.sandbox import Sandbox
from webcare.settings import Settings, load_settings
from webcare.store import Store, open_store
from webcare.store.tables import AccountRow, CaseRow, DeliveryRow, GapRow, MentionRow
from webcare.triage import load_classifier

ACCOUNT = "x_hemlund"
BEGIN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
#: Small, so that a handful of posts is a flood and a walk ends before it arrives.
BUDGET = Budget(max_pages=1, page_size=5)
#: Late posts show up within the stretch that every poll reads again.
LATEST_S = 600.0
READ_FAULTS = ("unavailable_html", "error_before", "malformed_json", "empty_200", "errors_only_200", "cut_before")
#: Those after which the reply stands there though we were told otherwise come up most.
LANDED = ("cut_after_commit", "error_after_commit", "malformed_json")
SEND_FAULTS = (
    *LANDED, *LANDED, "cut_before", "error_before", "unavailable_html", "rate_limited_no_reset", "delay_visibility",
)  # fmt: skip


class Killed(BaseException):
    """The process died here."""


class Mortal:
    """The real channel, and a process around it that may die or fall asleep at a chosen point."""

    name, title, capabilities, secret_names = X.name, X.title, X.capabilities, X.secret_names

    def __init__(self, channel: X) -> None:
        self._channel = channel
        self.dies: str = ""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._channel, name)

    def _maybe_die(self, point: str) -> None:
        if self.dies == point:
            self.dies = ""
            raise Killed(point)

    def poll(self, cursor: str | None, budget: Budget) -> PollResult:
        result = self._channel.poll(cursor, budget)
        self._maybe_die("after_poll")
        return result

    def send(self, reply: Reply) -> Posted:
        self._maybe_die("before_send")
        posted = self._channel.send(reply)
        self._maybe_die("after_send")
        return posted

    def verify_sent(self, reply: Reply, *, since: datetime) -> tuple[Posted, ...]:
        found = self._channel.verify_sent(reply, since=since)
        self._maybe_die("after_verify")
        return found


class DeskMachine(RuleBasedStateMachine):
    """One desk with one account on X. `wrap` lets a test plant a fault of ours."""

    template: ClassVar[Path]
    wrap: ClassVar[Callable[[Channel], Channel]] = staticmethod(lambda channel: channel)

    def __init__(self) -> None:
        super().__init__()
        self.now = BEGIN
        # That X itself refuses the same words twice must not be what keeps us from saying them twice.
        self.box = Sandbox(clock=lambda: self.now, limit_scale=1000.0, refuse_x_duplicates=False).start()
        self.folder = Path(tempfile.mkdtemp(prefix="webcare-machine-"))
        shutil.copy(self.template, self.folder / "desk.db")
        self.store: Store = open_store(f"sqlite:///{self.folder / 'desk.db'}")
        self.settings: Settings = load_settings(env={"WEBCARE_DELIVERY__UNDO_S": "0"})
        self.classifier = load_classifier(self.settings.triage, self.folder)
        config = AccountConfig(
            ACCOUNT, "3300000001", "hemlund", self.box.x_base, timeout_s=2.0, secrets=self.box.credentials(ACCOUNT),
            options={"own_posts": False, "direct_messages": False},
        )  # fmt: skip
        self.mortal = Mortal(X.connect(config))
        self.channel: Channel = type(self).wrap(self.mortal)  # type: ignore[arg-type]
        self.written: dict[str, bool] = {}  #: by id, whether it still stands
        self.approved: dict[int, str] = {}
        self.handles = 0

    @initialize()
    def open_the_desk(self) -> None:
        with self.store.write() as session:
            session.add(AccountRow(key=ACCOUNT, channel="x", external_id="3300000001", handle="hemlund"))
        agent = add_agent(
            self.store, username="sanne", name="Sanne", role=Role.FIRST_LINE, password="a phrase for tests",
            by=Actor.system("test"), now=self.now,
        )  # fmt: skip
        self.agent = Actor(agent, "Sanne", Role.FIRST_LINE)
        self.collect()
        self.now += timedelta(minutes=1)

    # --- customers -----------------------------------------------------------------------------------

    @rule(count=st.integers(1, 3), late=st.sampled_from((0.0, 0.0, 120.0, LATEST_S)))
    def customers_post(self, count: int, late: float) -> None:
        for _ in range(count):
            self._post(late)

    @rule(count=st.integers(8, 14))
    def customers_flood(self, count: int) -> None:
        for _ in range(count):
            self._post(0.0)

    def _post(self, late: float) -> None:
        self.handles += 1
        self.now += timedelta(seconds=1)
        text = f"@hemlund message {self.handles}: where is my order?"
        made = self.box.world.post_x(text, author=f"customer{self.handles}", visible_after=late)
        self.written[str(made.id)] = True

    @precondition(lambda self: any(self.written.values()))
    @rule(data=st.data())
    def a_customer_deletes(self, data: st.DataObject) -> None:
        standing = [id_ for id_, stands in self.written.items() if stands]
        gone = data.draw(st.sampled_from(standing))
        self.box.world.delete_x(gone)
        self.written[gone] = False

    @rule(minutes=st.sampled_from((1, 5, 14, 60)))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    # --- the desk ------------------------------------------------------------------------------------

    @rule()
    def collect(self) -> None:
        self._collect()

    @rule(kind=st.sampled_from(READ_FAULTS), skip=st.integers(0, 2))
    def collect_while_the_network_fails(self, kind: str, skip: int) -> None:
        self.box.faults.add("GET /x/*", kind, count=1, skip=skip)  # type: ignore[arg-type]
        self._collect()
        self.box.faults.clear()

    @rule()
    def collect_and_die(self) -> None:
        self.mortal.dies = "after_poll"
        self._collect()
        self.mortal.dies = ""

    def _collect(self) -> None:
        try:
            ingest.poll_account(
                self.store, self.channel, self.classifier, self.settings.routing,
                account_key=ACCOUNT, now=self.now, budget=BUDGET, unsorted_below=0.65,
            )  # fmt: skip
        except (ChannelError, Killed):
            return

    @rule()
    def a_person_answers(self) -> None:
        if not (free := self._unanswered()):
            self._post(0.0)
            self._collect()
            free = self._unanswered()
        if not free:
            return
        text = f"Hi! Thanks for asking, we look into it right away. Your reference is {free[0]}."
        try:
            done = cases.check_and_send(
                self.store, free[0], text=text, by=self.agent, now=self.now, undo=timedelta(0), acknowledged=True
            )
        except WebcareError:
            return  # the customer took the message back, so there is nothing to answer
        assert done.delivery_id is not None, done.in_the_way
        self.approved[done.delivery_id] = text

    def _unanswered(self) -> list[int]:
        with self.store.read() as session:
            busy = set(session.exec(select(DeliveryRow.case_id)))
            return [id_ for id_ in session.exec(select(CaseRow.id).order_by(CaseRow.id)) if id_ and id_ not in busy]

    @rule()
    def send(self) -> None:
        self._send()

    @rule(kind=st.sampled_from(SEND_FAULTS))
    def send_while_the_network_fails(self, kind: str) -> None:
        self.box.faults.add("POST /x/2/tweets", kind, count=1, seconds=3.0)  # type: ignore[arg-type]
        self._send()
        self.box.faults.clear()

    @rule(point=st.sampled_from(("before_send", "after_send")))
    def send_and_die(self, point: str) -> None:
        self.mortal.dies = point
        self._send()
        self.mortal.dies = ""

    @rule(minutes=st.sampled_from((1, 30)))
    def send_and_fall_asleep(self, minutes: int) -> None:
        """The process sleeps between its claim and the call; others work meanwhile, and then it goes on."""
        slept = False

        def clock() -> datetime:
            nonlocal slept
            # The last look before the call: the claim is written, and nothing holds the database.
            if not slept and sys._getframe(1).f_code.co_name == "_post":
                slept = True
                self.now += timedelta(minutes=minutes)
                for _ in range(3):
                    self._reconcile()
                    self.now += timedelta(seconds=30)
                self._send()
            return self.now

        self._send(clock)

    @rule()
    def read_back(self) -> None:
        self._reconcile()

    @rule()
    def read_back_while_the_network_fails(self) -> None:
        self.box.faults.add("GET /x/*", "unavailable_html", count=1)
        self._reconcile()
        self.box.faults.clear()

    @rule()
    def read_back_and_die(self) -> None:
        self.mortal.dies = "after_verify"
        self._reconcile()
        self.mortal.dies = ""

    def _send(self, clock: Callable[[], datetime] | None = None) -> None:
        try:
            send_due(self.store, {ACCOUNT: self.channel}, self.settings.delivery, clock=clock or (lambda: self.now))
        except Killed:
            return

    def _reconcile(self) -> None:
        try:
            reconcile_due(self.store, {ACCOUNT: self.channel}, self.settings.delivery, clock=lambda: self.now)
        except Killed:
            return

    # --- what must hold ------------------------------------------------------------------------------

    @invariant()
    def nothing_of_ours_stands_twice(self) -> None:
        twice = {text: times for text, times in self._ours().items() if times > 1}
        assert not twice, f"posted more than once: {twice}"

    def _ours(self) -> Counter[str]:
        brand = self.box.world.account(ACCOUNT).user_id
        return Counter(post.written for post in self.box.world.x.posts.values() if post.author_id == brand)

    def teardown(self) -> None:
        """Let everything settle in good weather, then look for what is missing."""
        try:
            if hasattr(self, "agent"):
                self._settle()
                self._nothing_is_missing()
                self._every_reply_is_settled()
                self.nothing_of_ours_stands_twice()
        finally:
            self.box.stop()
            self.store.dispose()
            shutil.rmtree(self.folder)

    def _settle(self) -> None:
        self.box.faults.clear()
        self.now += timedelta(seconds=LATEST_S)
        for _ in range(8 + len(self.written) // BUDGET.page_size):
            self._collect()
            self._send()
            self._reconcile()
            self.now += timedelta(minutes=2)

    def _nothing_is_missing(self) -> None:
        with self.store.read() as session:
            stored = Counter(session.exec(select(MentionRow.external_id)))
            gaps = session.exec(select(GapRow)).all()
        missing = [id_ for id_, stands in self.written.items() if stands and id_ not in stored]
        assert not missing or gaps, f"missing: {missing}"
        assert not [id_ for id_, times in stored.items() if times > 1]

    def _every_reply_is_settled(self) -> None:
        standing = self._ours()
        with self.store.read() as session:
            rows = {row.id: row for row in session.exec(select(DeliveryRow))}
        for id_, text in self.approved.items():
            row = rows[id_]
            assert row.text == text
            assert row.state not in set(UNSETTLED_DELIVERIES) - {DeliveryState.NEEDS_HUMAN.value}, row.state
            if row.state == DeliveryState.SENT.value:
                assert standing[text] == 1, f"{text} counts as sent and stands {standing[text]} times"
            if row.state == DeliveryState.FAILED.value:
                assert standing[text] == 0, f"{text} counts as failed ({row.error}) and stands there"
