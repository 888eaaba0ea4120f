"""The question how we helped, end to end over real HTTP: Messenger and X direct messages, on both databases."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import select

from tests.channels.stub_network import Clock, connect_fb, connect_x
from webcare import cases
from webcare.cases import survey_asking
from webcare.cases.survey_policy import TEXTS, decide_survey
from webcare.channels.base import Budget, Channel
from webcare.delivery import send_due
from webcare.domain import Actor, CaseState, Resolution, Role
from webcare.ingest import poll_account
from webcare.measures.clocks import Clocks
from webcare.measures.facts import facts_of
from webcare.measures.history import histories
from webcare.sandbox.server import Sandbox
from webcare.settings import load_settings
from webcare.store import Store
from webcare.store.tables import AccountRow, AgentRow, CaseRow, DeliveryRow
from webcare.store.tables_quality import SurveyAnswerRow, SurveyRow
from webcare.testing import FakeClassifier

SETTINGS = load_settings(env={})
ZONE = ZoneInfo("Europe/Amsterdam")


@dataclass
class Line:
    """One network of the sandbox with the desk it is collected for."""

    store: Store
    box: Sandbox
    clock: Clock
    key: str
    channel: Channel
    write: Callable[[str], object]  #: as the customer, privately
    agent: Actor
    manager: Actor

    def poll(self) -> None:
        poll_account(
            self.store, self.channel, FakeClassifier(), SETTINGS.routing, account_key=self.key, now=self.clock(),
            budget=Budget(), unsorted_below=0.65,
        )  # fmt: skip

    def hear(self, text: str) -> None:
        self.clock.later(minutes=1)
        self.write(text)
        self.clock.later(minutes=16)  # X lets direct messages be read 15 times in 15 minutes
        self.poll()

    def deliver(self) -> int:
        return send_due(self.store, {self.key: self.channel}, SETTINGS.delivery, clock=self.clock)

    def ask(self) -> int:
        return survey_asking.ask_due(self.store, {self.key: self.channel}, now=self.clock())

    def case(self) -> CaseRow:
        with self.store.read() as session:
            return session.exec(select(CaseRow)).one()

    def survey(self) -> SurveyRow:
        with self.store.read() as session:
            return session.exec(select(SurveyRow)).one()

    def scores(self) -> list[int | None]:
        with self.store.read() as session:
            return list(session.exec(select(SurveyAnswerRow.score)))


def on_network(network: str, store: Store, box: Sandbox, clock: Clock) -> Line:
    key, external_id = {"x": ("x_hemlund", "3300000001"), "facebook": ("fb_hemlund", "1100000001")}[network]
    with store.write() as session:
        session.add(AccountRow(key=key, channel=network, external_id=external_id))
        people = []
        for role in (Role.FIRST_LINE, Role.MANAGER):
            row = AgentRow(username=role.value, name=f"Robin {role.value}", role=role.value, created_at=clock())
            session.add(row)
            session.flush()
            people.append(Actor(row.id, row.name, role))
        today = clock().astimezone(ZONE).date()
        decide_survey(session, {"on": True}, first_day=today, zone=ZONE, by=people[1], now=clock())
    if network == "x":

        def write(text: str) -> object:
            return box.world.message_x(text, sender="anna", to="hemlund")

        return Line(store, box, clock, key, connect_x(box), write, *people)

    def message(text: str) -> object:
        return box.world.inbox.receive(text, author="anna")

    return Line(store, box, clock, key, connect_fb(box, human_agent=True), message, *people)


@pytest.fixture
def town_clock() -> Clock:
    return Clock()


@pytest.fixture
def town(town_clock: Clock) -> Iterator[Sandbox]:
    with Sandbox(clock=town_clock) as running:
        yield running


@pytest.fixture(params=["x", "facebook"])
def line(request: pytest.FixtureRequest, store: Store, town: Sandbox, town_clock: Clock) -> Line:
    made = on_network(request.param, store, town, town_clock)
    made.poll()
    return made


def helped(line: Line) -> CaseRow:
    line.hear("Where is my sofa?")
    case = line.case()
    verdict_of, undo = cases.check_and_send, timedelta(seconds=10)
    sent = verdict_of(
        line.store, case.id or 0, text="It arrives tomorrow between nine and noon.", by=line.agent, now=line.clock(),
        undo=undo, acknowledged=True,
    )  # fmt: skip
    assert sent.delivery_id is not None
    line.clock.later(minutes=1)
    assert line.deliver() == 1
    with line.store.write() as session:
        cases.resolve(session, case.id or 0, resolution=Resolution.ANSWERED, by=line.agent, now=line.clock())
    return line.case()


def test_asked_and_rated_over_the_network(line: Line) -> None:
    before = helped(line)
    line.clock.later(minutes=61)
    assert line.ask() == 1
    assert line.deliver() == 1
    line.clock.later(seconds=30)
    line.poll()  # our own question comes back as a post
    with line.store.read() as session:
        question = session.exec(select(DeliveryRow).where(DeliveryRow.survey)).one()
    assert (question.text, question.state) == (TEXTS["en"], "sent")
    assert line.survey().asked_at == question.posted_at
    line.hear("⭐⭐⭐⭐")
    assert line.scores() == [4]
    after = line.case()
    assert (after.state, after.version, after.waiting_since) == (CaseState.RESOLVED, before.version, None)
    with line.store.read() as session:
        (history,) = histories(session, [after.id or 0])
    facts = {one.measure: one.value for one in facts_of(history, Clocks(), at=line.clock())}
    assert (facts["csat"], facts["csat_response"], facts["handled"], facts["volume"]) == (1.0, 1.0, 1.0, 1.0)
    line.hear("5, but where is the second box?")
    assert line.scores() == [4, 5]
    assert line.case().state == CaseState.NEW or line.case().reopened == 1
    assert line.case().waiting_since is not None


def test_a_question_never_goes_out_as_a_persons_answer_after_the_window(
    store: Store, town: Sandbox, town_clock: Clock
) -> None:
    """Meta's seven days are for people: what leaves by itself has to leave within the 24 hours."""
    line = on_network("facebook", store, town, town_clock)
    line.poll()
    case = helped(line)
    line.clock.later(hours=22, minutes=30)
    assert line.ask() == 1
    line.clock.later(hours=1, minutes=30)
    assert line.deliver() == 0
    row = line.survey()
    assert (row.case_id, row.asked_at, row.left_out) == (case.id, None, "survey_not_sent")
    assert all(one.tag != "HUMAN_AGENT" for one in town.world.inbox.messages.values())
