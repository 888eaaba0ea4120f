"""Cases given out by themselves: who gets what, never too much, never to somebody who is not there, never twice."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from webcare import cases
from webcare.cases import sharing_out
from webcare.cases.at_work import AtWork, Colleague, within_hours
from webcare.cases.sharing_out import Mode, QueueRule, SharingWrong, Taker, Waiting, plan
from webcare.domain import Actor, CaseState, Role
from webcare.errors import NotAllowed
from webcare.jobs import Runner
from webcare.jobs.tasks import ABSENT, SHARE
from webcare.store.tables import AgentRow, CaseEventRow, CaseRow
from webcare.testing import NOON, Desk

SKILLS = ("store:utrecht", "topic:product_fault", "market:sv")
_skills = st.frozensets(st.sampled_from(SKILLS))
_waiting = st.lists(st.sampled_from(("", "", *SKILLS)), max_size=30).map(
    lambda found: [Waiting(id_, 1, skill) for id_, skill in enumerate(found, 1)]
)
_moments = st.none() | st.integers(0, 40_000).map(lambda minutes: NOON - timedelta(minutes=minutes))
_people = st.lists(st.tuples(_skills, st.integers(0, 5), st.integers(0, 6), _moments), max_size=6).map(
    lambda found: [Taker(id_, *values) for id_, values in enumerate(found, 1)]
)
_rules = st.builds(QueueRule, st.sampled_from(Mode), st.integers(0, 4))


# --- the plan -------------------------------------------------------------------------------------------


@given(_waiting, _people, _rules, _skills)
def test_nobody_gets_more_than_they_may_have_or_what_they_do_not_know(
    waiting: list[Waiting], people: list[Taker], rule: QueueRule, known: frozenset[str]
) -> None:
    given_out = plan(waiting, people, rule, known)
    by_id = {one.id: one for one in people}
    has = {one.id: one.open for one in people}
    known = known | {skill for one in people for skill in one.skills}
    for case, to in given_out:
        has[to] += 1
        limits = [limit for limit in (by_id[to].capacity, rule.most) if limit]
        assert not limits or has[to] <= min(limits)
        assert case.skill not in known or not case.skill or case.skill in by_id[to].skills
    assert len({case.id for case, _ in given_out}) == len(given_out)
    assert rule.mode is not Mode.OFF or not given_out


@given(_waiting, _people, _rules)
def test_the_same_desk_is_given_out_the_same_way_in_whatever_order_people_are_read(
    waiting: list[Waiting], people: list[Taker], rule: QueueRule
) -> None:
    first = plan(waiting, people, rule)
    assert plan(waiting, list(reversed(people)), rule) == first
    assert plan(waiting, people, rule) == first


@given(_waiting, _people, st.sampled_from([Mode.ROUND_ROBIN, Mode.SKILL_FIRST]))
def test_whatever_is_left_nobody_there_could_have_taken(
    waiting: list[Waiting], people: list[Taker], mode: Mode
) -> None:
    rule = QueueRule(mode, most=4)
    given_out = plan(waiting, people, rule)
    has = {one.id: one.open + sum(to == one.id for _, to in given_out) for one in people}
    known = {skill for one in people for skill in one.skills}
    for case in (case for case in waiting if case not in {done for done, _ in given_out}):
        for one in people:
            able = not case.skill or case.skill not in known or case.skill in one.skills
            assert not able or has[one.id] >= rule.limit(one) > 0


@given(st.integers(1, 7), st.integers(0, 40), _skills, st.sampled_from([Mode.ROUND_ROBIN, Mode.SKILL_FIRST]), st.data())
def test_equals_get_equally_many_give_or_take_one(
    people: int, count: int, skills: frozenset[str], mode: Mode, data: st.DataObject
) -> None:
    able = ("", *skills)
    waiting = [Waiting(id_, 1, data.draw(st.sampled_from(able))) for id_ in range(1, count + 1)]
    takers = [Taker(id_, skills, given_at=data.draw(_moments)) for id_ in range(1, people + 1)]
    given_out = plan(waiting, takers, QueueRule(mode))
    got = [sum(to == one.id for _, to in given_out) for one in takers]
    assert len(given_out) == count
    assert max(got) - min(got) <= 1


def test_whoever_got_no_case_for_longest_is_first() -> None:
    people = [
        Taker(1, given_at=NOON),
        Taker(2, given_at=NOON - timedelta(hours=1)),
        Taker(3),
    ]
    waiting = [Waiting(id_, 1) for id_ in (10, 11, 12, 13)]
    rule = QueueRule(Mode.ROUND_ROBIN)
    assert [(case.id, to) for case, to in plan(waiting, people, rule)] == [(10, 3), (11, 2), (12, 1), (13, 3)]


def test_skill_first_keeps_room_for_what_only_one_can_answer() -> None:
    people = [Taker(1, {"store:utrecht"}, capacity=1), Taker(2, capacity=1)]
    waiting = [Waiting(10, 1), Waiting(11, 1, "store:utrecht")]
    assert plan(waiting, people, QueueRule(Mode.ROUND_ROBIN)) == [(waiting[0], 1)]
    assert plan(waiting, people, QueueRule(Mode.SKILL_FIRST)) == [(waiting[1], 1), (waiting[0], 2)]


def test_a_skill_of_a_colleague_who_is_not_in_is_waited_for_one_of_nobodys_is_not() -> None:
    waiting, people = [Waiting(10, 1, "store:utrecht")], [Taker(1)]
    rule = QueueRule(Mode.ROUND_ROBIN)
    assert plan(waiting, people, rule, {"store:utrecht"}) == []
    assert plan(waiting, people, rule) == [(waiting[0], 1)]


# --- who is in ------------------------------------------------------------------------------------------


def colleague(**changes: Any) -> Colleague:
    values = {
        "id": 1, "name": "Robin", "role": Role.SECOND_LINE, "active": True, "skills": frozenset(), "capacity": 0,
        "hours": {}, "zone": "Europe/Amsterdam", "away_until": None, "seen_at": NOON, "given_at": None,
    }  # fmt: skip
    return Colleague(**values | changes)


# NOON is 12:00 on a Tuesday in Amsterdam, 11:00 UTC.
@pytest.mark.parametrize(
    ("changes", "is_in"),
    [
        ({}, True),
        ({"active": False}, False),
        ({"seen_at": None}, False),
        ({"seen_at": NOON - timedelta(minutes=5)}, True),
        ({"seen_at": NOON - timedelta(minutes=5, seconds=1)}, False),
        ({"away_until": NOON}, True),
        ({"away_until": NOON + timedelta(seconds=1)}, False),
        ({"hours": {"2": [["09:00", "12:00"]]}}, False),
        ({"hours": {"2": [["12:00", "17:00"]]}}, True),
        ({"hours": {"2": [["09:00", "12:00"]]}, "zone": ""}, True),  # on the desk's clock it is eleven
        ({"hours": {"1": [["09:00", "17:00"]]}}, False),
        ({"hours": {"1": [], "2": []}}, True),  # nothing written: always
    ],
)
def test_who_is_in(changes: dict[str, Any], is_in: bool) -> None:
    assert colleague(**changes).is_in(NOON, AtWork(zone="UTC")) is is_in


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({}, ""),
        ({"active": False}, "left"),
        ({"seen_at": None}, ""),
        ({"seen_at": NOON - timedelta(minutes=60)}, ""),
        ({"seen_at": NOON - timedelta(minutes=61)}, "absent"),
        ({"away_until": NOON + timedelta(minutes=60)}, ""),
        ({"away_until": NOON + timedelta(minutes=61)}, "away"),
        ({"away_until": NOON - timedelta(days=1)}, ""),
    ],
)
def test_who_is_gone(changes: dict[str, Any], why: str) -> None:
    assert colleague(**changes).is_gone(NOON) == why
    never = AtWork(absent_after=timedelta())
    assert colleague(**changes).is_gone(NOON, never) == (why if why == "left" else "")


def test_hours_that_nobody_can_read_keep_nobody_from_work() -> None:
    assert within_hours({"2": [["9", "17"]]}, "Europe/Amsterdam", NOON)
    assert within_hours({"1": [["09:00", "10:00"]]}, "Middle/Earth", NOON)


# --- at the desk ----------------------------------------------------------------------------------------


def decide(desk: Desk, **queues: dict[str, Any]) -> None:
    with desk.store.write() as session:
        sharing_out.decide_sharing(
            session, {"queues": queues}, valid_from=NOON - timedelta(days=1), by=desk.people[Role.MANAGER], now=NOON
        )


def present(desk: Desk, person: Actor, **changes: object) -> None:
    with desk.store.write() as session:
        row = session.get_one(AgentRow, person.id)
        row.seen_at = desk.now
        for name, value in changes.items():
            setattr(row, name, value)
        session.add(row)


def more_people(desk: Desk, count: int, **values: Any) -> list[int]:
    with desk.store.write() as session:
        rows = [
            AgentRow(username=f"more{number}", name=f"More {number}", created_at=NOON, **{"seen_at": NOON} | values)
            for number in range(count)
        ]
        session.add_all(rows)
        session.flush()
        return [row.id or 0 for row in rows]


def held(desk: Desk) -> dict[int, int | None]:
    with desk.store.read() as session:
        return dict(session.exec(select(CaseRow.id, CaseRow.assignee_id).order_by(CaseRow.id)).all())


def run_job(desk: Desk, job: Any) -> int:
    runner = Runner(desk, clock=desk.clock)
    run = runner.run(job)
    runner.close()
    assert run.outcome in ("ok", "idle"), run.error
    return run.handled


def test_nothing_is_given_out_where_nobody_decided_so(desk: Desk) -> None:
    desk.open_case()
    present(desk, desk.first)
    assert run_job(desk, SHARE) == 0
    decide(desk, first_line={"mode": "off"}, second_line={"mode": "round_robin"})
    assert run_job(desk, SHARE) == 0


def test_a_case_is_given_to_somebody_who_is_in_with_an_event_that_says_so(desk: Desk) -> None:
    case_id = desk.open_case().id or 0
    decide(desk, first_line={"mode": "round_robin"})
    assert run_job(desk, SHARE) == 0  # nobody is in
    present(desk, desk.first)
    present(desk, desk.second)
    assert run_job(desk, SHARE) == 1
    with desk.store.read() as session:
        case = cases.load(session, case_id)
        detail = session.exec(select(CaseEventRow.detail).where(CaseEventRow.kind == "shared_out")).one()
        given_at = session.get_one(AgentRow, desk.first.id).given_at
    assert (case.assignee_id, case.state, given_at) == (desk.first.id, CaseState.OPEN, NOON)
    assert detail == {"to": desk.first.id, "to_name": desk.first.name, "mode": "round_robin", "queue": "first_line"}
    assert run_job(desk, SHARE) == 0


def test_a_question_goes_to_the_specialist_who_knows_and_is_theirs_then(desk: Desk) -> None:
    decide(desk, second_line={"mode": "skill_first"})
    [other] = more_people(desk, 1, role="second_line")
    present(desk, desk.second, skills=["store:utrecht"])
    case_id = desk.open_case().id or 0
    with desk.store.write() as session:
        cases.hand_over(session, case_id, question="Open?", skill="store:utrecht", by=desk.first, now=NOON)
    assert run_job(desk, SHARE) == 1
    assert held(desk) == {case_id: desk.second.id}
    assert other != desk.second.id
    with desk.store.read() as session:
        question = sharing_question(session, case_id)
    assert question == desk.second.id


def sharing_question(session: Any, case_id: int) -> int | None:
    from webcare.cases.handing_over import open_question

    row = open_question(session, case_id)
    return row.taken_by if row else None


def test_two_workers_at_once_give_no_case_twice_and_nobody_too_much(desk: Desk) -> None:
    decide(desk, first_line={"mode": "round_robin", "most": 3})
    people = more_people(desk, 3, capacity=2)
    case_ids = [desk.open_case().id or 0 for _ in range(8)]
    counted: list[int] = []
    start = threading.Barrier(4)

    def work() -> None:
        start.wait()
        counted.append(sharing_out.share_out(desk.store, now=NOON))

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    # Whoever planned on an old look leaves the rest to the next run.
    counted += [sharing_out.share_out(desk.store, now=NOON)]
    after = held(desk)
    assert sum(counted) == 6
    assert sorted(filter(None, after.values())) == sorted([*people, *people])
    given = [desk.events(case_id).count("shared_out") for case_id in case_ids]
    assert given == [1 if after[case_id] else 0 for case_id in case_ids]


def test_a_person_who_left_between_plan_and_giving_gets_nothing(desk: Desk) -> None:
    decide(desk, first_line={"mode": "round_robin"})
    present(desk, desk.first)
    case = desk.open_case()
    rule = QueueRule(Mode.ROUND_ROBIN)
    waiting = Waiting(case.id or 0, case.version)
    present(desk, desk.first, away_until=NOON + timedelta(hours=1))
    assert not sharing_out._give(desk.store, "first_line", rule, waiting, desk.first.id or 0, NOON, AtWork())
    assert desk.events(case.id) == ["opened"]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"active": False}, "left"),
        ({"seen_at": NOON - timedelta(minutes=90)}, "absent"),
        ({"away_until": NOON + timedelta(hours=4)}, "away"),
    ],
)
def test_cases_of_somebody_who_is_gone_go_back_to_their_queue(desk: Desk, changes: dict[str, object], why: str) -> None:
    open_, waiting = desk.open_case().id or 0, desk.open_case().id or 0
    with desk.store.write() as session:
        cases.claim(session, open_, by=desk.second, now=NOON)
        cases.claim(session, waiting, by=desk.second, now=NOON)
        session.get_one(CaseRow, waiting).state = CaseState.WAITING.value
    present(desk, desk.second)
    assert run_job(desk, ABSENT) == 0
    present(desk, desk.second, **changes)
    assert [run_job(desk, ABSENT), run_job(desk, ABSENT)] == [1, 0]
    # What waits for the customer stays theirs until the customer writes again.
    assert held(desk) == {open_: None, waiting: desk.second.id}
    with desk.store.read() as session:
        detail = session.exec(select(CaseEventRow.detail).where(CaseEventRow.kind == "given_back")).one()
    assert detail == {"from": desk.second.id, "from_name": desk.second.name, "why": why}


def test_a_case_claimed_while_the_job_looks_stays_with_whoever_took_it(desk: Desk) -> None:
    case_id = desk.open_case().id or 0
    with desk.store.write() as session:
        cases.claim(session, case_id, by=desk.first, now=NOON)
    present(desk, desk.second, active=False)
    assert not sharing_out._take(desk.store, case_id, desk.second.id or 0, NOON, AtWork())
    assert held(desk) == {case_id: desk.first.id}


# --- the policy -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        {"queue": {}},
        {"queues": []},
        {"queues": {"first_line": {}}},
        {"queues": {"first_line": {"mode": "lottery"}}},
        {"queues": {"first_line": {"mode": ["off"]}}},
        {"queues": {"first_line": {"mode": "off", "most": -1}}},
        {"queues": {"first_line": {"mode": "off", "most": True}}},
        {"queues": {"first_line": {"mode": "off", "roles": ["manager"]}}},
        {"queues": {"first_line": {"mode": "off", "roles": []}}},
        {"queues": {"first_line": {"mode": "off", "when": "always"}}},
    ],
)
def test_a_policy_of_sharing_that_means_nothing_is_refused(desk: Desk, value: dict[str, Any]) -> None:
    with desk.store.write() as session, pytest.raises(SharingWrong):
        sharing_out.decide_sharing(session, value, valid_from=NOON, by=desk.people[Role.ADMIN], now=NOON)


def test_deciding_how_to_share_is_for_those_who_decide(desk: Desk) -> None:
    value = {"queues": {"second_line": {"mode": "round_robin", "most": 5}, "unsorted": {"mode": "off"}}}
    with desk.store.write() as session, pytest.raises(NotAllowed):
        sharing_out.decide_sharing(session, value, valid_from=NOON, by=desk.people[Role.TEAM_LEAD], now=NOON)
    with desk.store.write() as session:
        sharing_out.decide_sharing(session, value, valid_from=NOON, by=desk.people[Role.MANAGER], now=NOON)
        assert sharing_out.sharing_rules(session, at=NOON) == {
            "second_line": QueueRule(Mode.ROUND_ROBIN, 5, (Role.SECOND_LINE,))
        }
        assert sharing_out.sharing_rules(session, at=NOON - timedelta(seconds=1)) == {}
