"""The same done to many cases: the plan says what happens to each, and exactly that happens."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import col, select

from webcare import cases
from webcare.cases.bulk import MAX_CASES, Action, Answer, Assign, Plan, Resolve, Tag, carry_out, preview, undo_all
from webcare.cases.bulk_steps import Done
from webcare.cases.presence import look
from webcare.cases.tagging import tag_case, tags_of
from webcare.cases.taking import take_next
from webcare.channels.base import Permission as ReplyPermission
from webcare.domain import Actor, DeliveryState, ReplyWay, Resolution, Role, Urgency
from webcare.errors import CaseStateRefused, NotAllowed, StoreUnavailable, WebcareError
from webcare.people import Permission, may
from webcare.store.tables import AgentRow, CaseRow, DeliveryRow
from webcare.testing import NOON, Desk, FakeChannel, FakeClassifier, make_triage

WORDS = (
    "Sorry, our website is down. We are working on it and tell you here when it is back.",
    "Our shop is not reachable right now, apologies! We post here as soon as you can order again.",
)
UNDO = timedelta(seconds=10)


def opened(desk: Desk, count: int) -> list[int]:
    return [desk.open_case(f"The website is down, number {number}").id or 0 for number in range(count)]


def plan(desk: Desk, action: Action, ids: list[int], **more: object) -> Plan:
    return preview(desk.store, action, ids, by=desk.first, now=desk.now, **more)


def do(desk: Desk, made: Plan) -> tuple[Done, ...]:
    return carry_out(desk.store, made, by=desk.first, clock=desk.clock, undo=UNDO)


def case_of(desk: Desk, case_id: int) -> CaseRow:
    with desk.store.read() as session:
        return cases.load(session, case_id)


def left_out(made: Plan) -> list[str]:
    return [str(step.left_out or "") for step in made.steps]


def test_assigning_many_leaves_out_who_has_it_already_and_can_be_undone(desk: Desk) -> None:
    ids = opened(desk, 3)
    with desk.store.write() as session:
        cases.claim(session, ids[1], by=desk.second, now=desk.now)
    made = plan(desk, Assign(desk.second.id), ids)
    assert left_out(made) == ["", f"{desk.second.name} has this case already.", ""]
    assert [desk.events(case_id) for case_id in ids] == [["opened"], ["opened", "claimed"], ["opened"]]
    done = do(desk, made)
    assert [one.done for one in done] == [True, True]
    assert [case_of(desk, case_id).assignee_id for case_id in ids] == [desk.second.id] * 3
    assert desk.events(ids[0]) == ["opened", "assigned"]
    assert all(one.done for one in undo_all(desk.store, made.action, done, by=desk.first, clock=desk.clock))
    assert [case_of(desk, case_id).assignee_id for case_id in ids] == [None, desk.second.id, None]


def test_a_case_that_changed_since_the_preview_is_left_as_it_is(desk: Desk) -> None:
    ids = opened(desk, 2)
    made = plan(desk, Resolve(Resolution.SPAM), ids)
    with desk.store.write() as session:
        cases.add_note(session, ids[0], text="Do not close, I am on it.", by=desk.second, now=desk.now)
    first, second = do(desk, made)
    assert "changed while you had it open" in str(first.refused)
    assert second.done
    assert [case_of(desk, case_id).state for case_id in ids] == ["new", "resolved"]


def test_resolving_many_leaves_out_the_resolved_and_those_with_a_reply_on_its_way(desk: Desk) -> None:
    ids = opened(desk, 3)
    with desk.store.write() as session:
        cases.resolve(session, ids[0], resolution=Resolution.SPAM, by=desk.second, now=desk.now)
    desk.reply(ids[1])
    made = plan(desk, Resolve(Resolution.DUPLICATE), [*ids, 404, ids[2]])
    assert [said[:12] for said in left_out(made)] == ["This case al", "A reply of t", "", "This case do"]
    done = do(desk, made)
    assert case_of(desk, ids[2]).resolution == Resolution.DUPLICATE
    (undone,) = undo_all(desk.store, made.action, done, by=desk.first, clock=desk.clock)
    assert undone.done
    case = case_of(desk, ids[2])
    assert (case.state, case.resolution, case.reopened) == ("new", "", 0)


def test_undoing_leaves_alone_what_somebody_touched_after_it(desk: Desk) -> None:
    (case_id,) = opened(desk, 1)
    made = plan(desk, Assign(desk.second.id), [case_id])
    done = do(desk, made)
    with desk.store.write() as session:
        cases.add_note(session, case_id, text="I take it from here.", by=desk.second, now=desk.now)
    (undone,) = undo_all(desk.store, made.action, done, by=desk.first, clock=desk.clock)
    assert not undone.done
    assert case_of(desk, case_id).assignee_id == desk.second.id


def test_tagging_many_says_which_tags_come_and_go_on_each(desk: Desk) -> None:
    ids = opened(desk, 3)
    with desk.store.write() as session:
        tag_case(session, ids[0], add=["lamp"], by=desk.first, now=desk.now)
        tag_case(session, ids[1], add=["lamp", "outage"], by=desk.first, now=desk.now)
    made = plan(desk, Tag(add=("Outage",), remove=("lamp",)), ids)
    assert [(step.added, step.removed) for step in made.steps] == [
        (("outage",), ("lamp",)),
        ((), ("lamp",)),
        (("outage",), ()),
    ]
    done = do(desk, made)
    with desk.store.read() as session:
        assert tags_of(session, ids) == dict.fromkeys(ids, ("outage",))
    undo_all(desk.store, made.action, done, by=desk.first, clock=desk.clock)
    with desk.store.read() as session:
        assert tags_of(session, ids) == {ids[0]: ("lamp",), ids[1]: ("lamp", "outage")}


def test_a_skill_the_colleague_lacks_is_remarked_not_refused(desk: Desk) -> None:
    ids = opened(desk, 1)
    needs(desk, ids[0], "store:utrecht")
    (step,) = plan(desk, Assign(desk.second.id), ids).steps
    assert step.left_out is None
    assert "store:utrecht" in str(step.remark)


def test_one_wording_is_not_enough_for_three_customers(desk: Desk) -> None:
    ids = opened(desk, 3)
    for wordings in ((WORDS[0],), (WORDS[0], f"  {WORDS[0].upper()}!! ")):
        with pytest.raises(WebcareError, match="at least two wordings"):
            plan(desk, Answer(wordings), ids)
    with pytest.raises(WebcareError, match="Write the answer first"):
        plan(desk, Answer(("  ", "")), ids)
    assert len(plan(desk, Answer((WORDS[0],)), ids[:2]).doing) == 2


def test_the_wordings_are_spread_and_the_answers_leave_one_after_the_other(desk: Desk) -> None:
    ids = opened(desk, 5)
    made = plan(desk, Answer(WORDS), ids)
    texts = [step.text for step in made.steps]
    assert sorted(texts.count(text) for text in WORDS) == [2, 3]
    assert all(one.done for one in do(desk, made))
    with desk.store.read() as session:
        rows = list(session.exec(select(DeliveryRow).order_by(col(DeliveryRow.id))))
    assert [row.text for row in rows] == texts
    times = [row.not_before for row in rows]
    assert times == sorted(set(times))
    assert times[0] >= desk.now + timedelta(seconds=30)


def test_answers_are_taken_back_together_while_they_wait(desk: Desk) -> None:
    ids = opened(desk, 3)
    made = plan(desk, Answer(WORDS), ids)
    done = do(desk, made)
    assert all(one.done for one in undo_all(desk.store, made.action, done, by=desk.first, clock=desk.clock))
    with desk.store.read() as session:
        assert set(session.exec(select(DeliveryRow.state))) == {DeliveryState.CANCELLED.value}


def test_what_the_guard_holds_is_left_out_with_its_reason(desk: Desk) -> None:
    ids = opened(desk, 3)
    with desk.store.write() as session:
        note = "Our website is down because the payment provider cut us off."
        cases.add_note(session, ids[1], text=note, by=desk.second, now=desk.now)
    leaking = (
        "Sorry! Our website is down because the payment provider cut us off.",
        "Hello, the payment provider cut us off because of which our website is down.",
    )
    made = plan(desk, Answer((leaking[0], leaking[0] + " We tell you here when it is back.")), ids)
    held = made.steps[1]
    assert held.left_out is not None
    assert held.findings
    assert held.text == ""
    assert [one.step.case_id for one in do(desk, made)] == [ids[0], ids[2]]
    assert desk.events(ids[1]) == ["opened", "noted"]


def test_a_note_written_after_the_preview_still_holds_the_answer(desk: Desk) -> None:
    ids = opened(desk, 2)
    made = plan(desk, Answer((WORDS[0],)), ids)
    with desk.store.write() as session:
        cases.add_note(session, ids[0], text=WORDS[0], by=desk.second, now=desk.now)
    first, second = do(desk, made)
    assert first.refused is not None
    assert second.done


def test_a_colleague_who_is_typing_is_not_talked_over(desk: Desk) -> None:
    ids = opened(desk, 2)
    with desk.store.write() as session:
        look(session, ids[0], by=desk.people[Role.TEAM_LEAD], now=desk.now, typing="reply")
    made = plan(desk, Answer((WORDS[0],)), ids)
    assert "is writing in this case right now" in left_out(made)[0]
    assert len(made.doing) == 1


class Closed(FakeChannel):
    """A network that takes no answer."""

    def can_reply(self, target: object, way: ReplyWay = ReplyWay.PUBLIC) -> ReplyPermission:
        return ReplyPermission(False, "The network closed this conversation.")


def test_what_the_network_would_refuse_is_left_out(desk: Desk) -> None:
    made = plan(desk, Answer((WORDS[0],)), opened(desk, 1), channels={desk.account_key: Closed()})
    assert left_out(made) == ["The network closed this conversation."]


def test_whoever_needs_a_yes_gets_answers_that_wait_for_it(desk: Desk) -> None:
    ids = opened(desk, 1)
    with desk.store.write() as session:
        row = session.get_one(AgentRow, desk.first.id)
        row.supervised = True
        session.add(row)
    new = Actor(desk.first.id, desk.first.name, desk.first.role, supervised=True)
    made = preview(desk.store, Answer((WORDS[0],)), ids, by=new, now=desk.now)
    (one,) = carry_out(desk.store, made, by=new, clock=desk.clock, undo=UNDO)
    assert (one.done, one.delivery_id) == (True, None)
    assert one.approval_id is not None


def test_a_database_that_goes_away_stops_the_rest(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = opened(desk, 3)
    made = plan(desk, Assign(desk.second.id), ids)
    write, calls = desk.store.write, []

    def broken() -> object:
        calls.append(1)
        if len(calls) == 2:
            raise StoreUnavailable("The database is gone.")
        return write()

    monkeypatch.setattr(desk.store, "write", broken)
    done = do(desk, made)
    assert [str(one.refused or "") for one in done] == ["", "The database is gone.", "The database is gone."]
    assert len(calls) == 2


def test_more_than_a_few_hundred_at_once_are_refused(desk: Desk) -> None:
    with pytest.raises(WebcareError, match=f"At most {MAX_CASES}"):
        plan(desk, Assign(None), list(range(1, MAX_CASES + 2)))


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("action", [Assign(None), Tag(add=("x",)), Resolve(Resolution.SPAM), Answer((WORDS[0],))])
def test_a_bulk_action_asks_the_role_first(desk: Desk, role: Role, action: Action) -> None:
    actor = desk.people.get(role) or Actor.system("a job")
    ids = opened(desk, 1)
    needed = Permission.SEND_REPLY if isinstance(action, Answer) else Permission.WORK_CASES
    if may(actor, needed):
        assert len(preview(desk.store, action, ids, by=actor, now=NOON).steps) == 1
        return
    with pytest.raises(NotAllowed, match=actor.name):
        preview(desk.store, action, ids, by=actor, now=NOON)
    # A plan somebody else made does not open the door either.
    made = plan(desk, action, ids)
    assert all(not one.done for one in carry_out(desk.store, made, by=actor, clock=desk.clock, undo=UNDO))
    assert desk.events(ids[0]) == ["opened"]


# --- the next most urgent -----------------------------------------------------------------------------


def needs(desk: Desk, case_id: int, skill: str) -> None:
    with desk.store.write() as session:
        case = cases.load(session, case_id)
        case.skill = skill
        session.add(case)


def set_up(desk: Desk, **values: object) -> None:
    with desk.store.write() as session:
        row = session.get_one(AgentRow, desk.first.id)
        for name, value in values.items():
            setattr(row, name, value)
        session.add(row)


def take(desk: Desk, at: datetime | None = None) -> int | None:
    with desk.store.write() as session:
        case = take_next(session, "first_line", by=desk.first, now=at or desk.now)
        return case.id if case else None


def test_the_next_case_is_the_most_urgent_one_this_person_can_answer(desk: Desk) -> None:
    ordinary = opened(desk, 1)[0]
    desk.classifier = FakeClassifier(lambda text: make_triage(urgency=Urgency.HIGH))
    special, urgent = opened(desk, 2)
    needs(desk, special, "store:utrecht")
    assert take(desk) == urgent
    assert take(desk) == ordinary
    assert take(desk) is None
    set_up(desk, skills=["store:utrecht", "market:nl"])
    assert take(desk) == special


def test_nobody_is_given_more_than_they_can_have_at_once(desk: Desk) -> None:
    ids = opened(desk, 3)
    set_up(desk, capacity=2)
    taken = [take(desk), take(desk)]
    with pytest.raises(CaseStateRefused, match="You have 2 open cases, and 2 is the most"):
        take(desk)
    with desk.store.write() as session:
        cases.resolve(session, taken[0] or 0, resolution=Resolution.ANSWERED, by=desk.first, now=desk.now)
    assert take(desk) == (set(ids) - set(taken)).pop()


@pytest.mark.parametrize("role", list(Role))
def test_taking_the_next_asks_the_role_first(desk: Desk, role: Role) -> None:
    actor = desk.people.get(role) or Actor.system("a job")
    (case_id,) = opened(desk, 1)
    with desk.store.write() as session:
        if may(actor, Permission.WORK_CASES):
            assert take_next(session, "first_line", by=actor, now=NOON).id == case_id
        else:
            with pytest.raises(NotAllowed, match=actor.name):
                take_next(session, "first_line", by=actor, now=NOON)


@pytest.mark.parametrize("role", [Role.MANAGER])
def test_who_may_not_work_cases_takes_nothing_back_for_many(desk: Desk, role: Role) -> None:
    ids = opened(desk, 2)
    made = plan(desk, Assign(desk.second.id), ids)
    done = do(desk, made)
    before = [(case_of(desk, case_id).version, desk.events(case_id)) for case_id in ids]
    stranger = desk.people[role]
    assert not may(stranger, Permission.WORK_CASES)
    with pytest.raises(NotAllowed):
        undo_all(desk.store, made.action, done, by=stranger, clock=desk.clock)
    assert [(case_of(desk, case_id).version, desk.events(case_id)) for case_id in ids] == before
    assert [case_of(desk, case_id).assignee_id for case_id in ids] == [desk.second.id] * 2


def test_what_many_tags_a_manager_may_not_take_back_either(desk: Desk) -> None:
    made = plan(desk, Tag(("outage",)), opened(desk, 1))
    done = do(desk, made)
    with pytest.raises(NotAllowed):
        undo_all(desk.store, made.action, done, by=desk.people[Role.MANAGER], clock=desk.clock)
    with desk.store.read() as session:
        assert tags_of(session, [done[0].step.case_id])[done[0].step.case_id] == ("outage",)
