"""What it takes to answer a case, and what somebody can answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from webcare import audit, cases
from webcare.app import App
from webcare.cases import at_work, skills
from webcare.cases.skills import SkillRules, SkillsWrong, can_answer, mine_first, skill_of, stores_named
from webcare.cli import demo
from webcare.cli.initialise import DEMO_AGENTS, add_demo_agents
from webcare.domain import Role, Topic
from webcare.errors import NotAllowed
from webcare.settings import StoreSettings, load_settings
from webcare.store import Store
from webcare.store.tables import AccountRow, AgentRow
from webcare.testing import NOON, Desk, FakeClassifier, make_triage

STORES = {
    "utrecht": StoreSettings(names=["Utrecht", "Hoog Catharijne"]),
    "goteborg": StoreSettings(names=["Göteborg", "Bäckebol"], brand="hemlund"),
}


def learn(desk: Desk, role: Role, *held: str) -> None:
    with desk.store.write() as session:
        row = session.get_one(AgentRow, desk.people[role].id)
        row.skills = list(held)
        session.add(row)


def with_stores(desk: Desk) -> None:
    desk.settings = desk.settings.model_copy(
        update={"routing": desk.settings.routing.model_copy(update={"stores": STORES})}
    )


def about(desk: Desk, topic: Topic, language: str = "nl") -> None:
    desk.classifier = FakeClassifier(lambda text: make_triage(topic=topic, language=language))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Is de Bolma nog in de winkel in UTRECHT?", [("utrecht", "")]),
        ("hoog catharijne, wat een rij", [("utrecht", "")]),
        ("Bäckebol eller Utrecht? Bäckebol!", [("goteborg", "hemlund"), ("utrecht", "")]),
        ("Ik woon aan de Utrechtseweg", []),
        ("", []),
    ],
)
def test_shops_are_found_by_their_names_whole_words_only(text: str, named: Sequence[tuple[str, str]]) -> None:
    assert list(stores_named(text, STORES)) == named


def test_without_shops_nothing_is_looked_for() -> None:
    assert stores_named("Utrecht", {}) == ()


def test_a_shop_of_another_brand_is_not_ours() -> None:
    found = stores_named("Göteborg of Utrecht", STORES)
    assert skills.of_brand(found, "hemlund") == ("goteborg", "utrecht")
    assert skills.of_brand(found, "other.yaml") == ("utrecht",)


ALL = frozenset({"store:utrecht", "topic:product_fault", "topic:store", "market:sv"})


@pytest.mark.parametrize(
    ("topic", "language", "market", "stores", "skill"),
    [
        ("store", "nl", "", ["utrecht"], "store:utrecht"),
        ("store", "nl", "", ["breda", "utrecht"], "store:utrecht"),  # nobody knows Breda
        ("delivery", "nl", "", ["utrecht"], ""),  # a parcel for Utrecht has nothing to do with the shop
        ("product_fault", "nl", "", [], "topic:product_fault"),
        ("store", "nl", "", [], ""),  # somebody has it, but the desk does not ask for it
        ("safety_legal", "nl", "", [], ""),  # the desk asks for it, but nobody has it
        ("delivery", "sv", "", [], "market:sv"),
        ("delivery", "en", "sv", [], "market:sv"),
        ("delivery", "sv", "nl", [], ""),
        ("product_fault", "sv", "", [], "topic:product_fault"),  # the topic before the market
    ],
)
def test_a_case_takes_its_shop_else_its_topic_else_its_market(
    topic: str, language: str, market: str, stores: list[str], skill: str
) -> None:
    rules = SkillRules(markets=("sv",))
    assert skill_of(rules, ALL, topic=topic, language=language, market=market, stores=stores) == skill


def test_what_is_always_asked_for_is_asked_for_though_nobody_has_it() -> None:
    rules = SkillRules(always=("topic:safety_legal",))
    assert skill_of(rules, (), topic="safety_legal", language="nl", market="") == "topic:safety_legal"


@dataclass
class Line:
    name: str
    skill: str


def test_what_i_can_answer_comes_first_and_else_the_order_stays() -> None:
    lines = [Line("a", "topic:x"), Line("b", ""), Line("c", "store:u"), Line("d", ""), Line("e", "store:u")]
    assert [line.name for line in mine_first(lines, {"store:u"})] == ["c", "e", "b", "d", "a"]
    assert [line.name for line in lines if can_answer({"store:u"}, line.skill)] == ["b", "c", "d", "e"]
    assert skills.answerable(["store:u", "store:u"]) == ("", "store:u")


def test_a_case_gets_its_skill_when_it_comes_in(desk: Desk) -> None:
    with_stores(desk)
    learn(desk, Role.SECOND_LINE, "store:utrecht", "topic:product_fault")
    about(desk, Topic.STORE)
    assert desk.open_case("Hoe laat sluit Utrecht vandaag?").skill == "store:utrecht"
    about(desk, Topic.PRODUCT_FAULT)
    assert desk.open_case("De poot van mijn Bolma brak").skill == "topic:product_fault"
    about(desk, Topic.SAFETY_LEGAL)
    assert desk.open_case("Mijn advocaat leest mee").skill == ""


def test_the_market_of_the_account_comes_before_the_language_of_the_customer(desk: Desk) -> None:
    learn(desk, Role.SECOND_LINE, "market:sv")
    with desk.store.write() as session:
        skills.decide_skills(
            session, {"markets": ["sv"]}, valid_from=NOON - timedelta(days=1), by=desk.people[Role.MANAGER], now=NOON
        )
    about(desk, Topic.DELIVERY, "en")
    assert desk.open_case("Where is it?").skill == ""
    with desk.store.write() as session:
        for row in [session.get_one(AccountRow, 1)]:
            row.market = "sv"
            session.add(row)
    assert desk.open_case("And this one?").skill == "market:sv"


def test_a_corrected_topic_changes_what_the_case_takes(desk: Desk) -> None:
    learn(desk, Role.SECOND_LINE, "topic:product_fault")
    case = desk.open_case()
    with desk.store.write() as session:
        changed = cases.correct_triage(session, case.id, topic=Topic.PRODUCT_FAULT, by=desk.first, now=NOON)
        assert changed.skill == "topic:product_fault"
        changed = cases.correct_triage(session, case.id, topic=Topic.DELIVERY, by=desk.first, now=NOON)
        assert changed.skill == ""


def test_deciding_on_skills_is_for_those_who_decide_and_stands_in_the_log(desk: Desk) -> None:
    value = {"topics": ["payment"], "always": ["store:utrecht"]}
    with desk.store.write() as session, pytest.raises(NotAllowed):
        skills.decide_skills(session, value, valid_from=NOON, by=desk.first, now=NOON)
    with desk.store.write() as session:
        skills.decide_skills(session, value, valid_from=NOON, by=desk.people[Role.MANAGER], now=NOON)
        before = skills.rules_in_force(session, at=NOON - timedelta(seconds=1))
        assert before == skills.DEFAULT
        assert skills.rules_in_force(session, at=NOON) == SkillRules(topics=("payment",), always=("store:utrecht",))
        assert [entry.subject for entry in audit.entries(session)] == ["policy:skills"]


@pytest.mark.parametrize(
    "value",
    [{"topic": []}, {"topics": "delivery"}, {"topics": ["sofa"]}, {"markets": ["fr"]}, {"always": ["utrecht"]}],
)
def test_a_policy_of_skills_that_means_nothing_is_refused(desk: Desk, value: dict[str, object]) -> None:
    with desk.store.write() as session, pytest.raises(SkillsWrong):
        skills.decide_skills(session, value, valid_from=NOON, by=desk.people[Role.ADMIN], now=NOON)


def test_what_nobody_present_can_answer_is_counted(desk: Desk) -> None:
    learn(desk, Role.SECOND_LINE, "topic:product_fault")
    about(desk, Topic.PRODUCT_FAULT)
    case = desk.open_case("De poot brak")
    with desk.store.write() as session:
        assert skills.uncovered(session, []) == {}  # with the first line: they hand over what they cannot answer
        cases.hand_over(session, case.id, question="Bekend?", by=desk.first, now=NOON)
        assert skills.uncovered(session, []) == {"topic:product_fault": 1}
        assert skills.uncovered(session, [["topic:product_fault"]]) == {}


def test_the_demos_specialists_know_shops_that_the_demo_has_and_are_at_work(
    sqlite_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = demo.Site(tmp_path, "127.0.0.1", 1, "http://127.0.0.1:2")
    settings = load_settings(Path(demo._settings_of(site)["WEBCARE_CONFIG"]), env={})
    monkeypatch.setattr(App, "store", sqlite_store)
    assert add_demo_agents(App(settings)) == len(DEMO_AGENTS)
    with sqlite_store.read() as session:
        held = skills.held_skills(session)
        people = {one.name: one for one in at_work.colleagues_at_work(session)}
    assert {skill for skill in held if skill.startswith("store:")} == {
        f"store:{key}" for key in settings.routing.stores
    }
    assert all(map(skills.is_skill, held))
    assert at_work.within_hours(people["Lotte Bakker"].hours, people["Lotte Bakker"].zone, NOON)
    assert not any(one.skills for one in people.values() if one.role is not Role.SECOND_LINE)
