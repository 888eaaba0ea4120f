"""Taking back one's own last step on a case: what comes back, what is refused, what the export keeps of it."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlmodel import Session

from webcare import cases
from webcare.cases import tagging, undoing
from webcare.cases.corrections import export_corrections
from webcare.cases.record import RESTORED
from webcare.domain import Actor, Resolution, Topic, Urgency
from webcare.errors import CaseStateRefused
from webcare.testing import NOON, Desk, make_mention

Verb = Callable[[Session, int, Actor, datetime], object]

STEPS: dict[str, Verb] = {
    "claimed": lambda session, id_, by, now: cases.claim(session, id_, by=by, now=now),
    "assigned": lambda session, id_, by, now: cases.assign(session, id_, to=by.id, by=by, now=now),
    "snoozed": lambda session, id_, by, now: cases.snooze(session, id_, until=now + timedelta(days=1), by=by, now=now),
    "resolved": lambda session, id_, by, now: cases.resolve(session, id_, resolution=Resolution.SPAM, by=by, now=now),
    "corrected": lambda session, id_, by, now: cases.correct_triage(
        session, id_, urgency=Urgency.CRITICAL, topic=Topic.PAYMENT, needs_reply=False, by=by, now=now
    ),
}


def state(desk: Desk, case_id: int) -> dict[str, object]:
    with desk.store.read() as session:
        case = cases.load(session, case_id)
        return {name: getattr(case, name) for name in RESTORED}


def do(desk: Desk, case_id: int, verb: Verb, by: Actor | None = None) -> None:
    with desk.store.write() as session:
        verb(session, case_id, by or desk.first, desk.now)


def undo(desk: Desk, case_id: int, by: Actor | None = None) -> str:
    with desk.store.write() as session:
        return undoing.undo(session, case_id, by=by or desk.first, now=desk.now).kind


@pytest.mark.parametrize("kind", STEPS)
def test_a_step_taken_back_leaves_the_case_as_it_was(desk: Desk, kind: str) -> None:
    case_id = desk.open_case().id or 0
    before = state(desk, case_id)
    do(desk, case_id, STEPS[kind])
    assert state(desk, case_id) != before
    assert undo(desk, case_id) == kind
    assert state(desk, case_id) == before
    assert desk.events(case_id) == ["opened", kind, "undone"]


def test_steps_are_taken_back_one_by_one_newest_first(desk: Desk) -> None:
    case_id = desk.open_case().id or 0
    before = state(desk, case_id)
    for kind in ("claimed", "corrected", "resolved"):
        do(desk, case_id, STEPS[kind])
    assert [undo(desk, case_id) for _ in range(3)] == ["resolved", "corrected", "claimed"]
    assert state(desk, case_id) == before
    with pytest.raises(CaseStateRefused, match="nothing of yours"):
        undo(desk, case_id)


def test_reopening_taken_back_does_not_count_as_a_case_that_came_back(desk: Desk) -> None:
    case_id = desk.open_case().id or 0
    do(desk, case_id, STEPS["resolved"])
    do(desk, case_id, lambda session, id_, by, now: cases.reopen(session, id_, by=by, now=now))
    assert undo(desk, case_id) == "reopened"
    assert (state(desk, case_id)["state"], state(desk, case_id)["reopened"]) == ("resolved", 0)


def test_what_others_did_since_is_not_pulled_from_under_them(desk: Desk) -> None:
    case_id = desk.open_case().id or 0
    do(desk, case_id, STEPS["claimed"])
    with pytest.raises(CaseStateRefused):
        undo(desk, case_id, by=desk.second)
    do(
        desk,
        case_id,
        lambda session, id_, by, now: cases.add_note(session, id_, text="Hm.", by=by, now=now),
        desk.second,
    )
    with desk.store.read() as session:
        step = undoing.last_step(session, case_id, by=desk.first, now=desk.now)
        assert step is not None
        assert step.kind == "claimed"
    do(desk, case_id, STEPS["assigned"], desk.second)
    with pytest.raises(CaseStateRefused):
        undo(desk, case_id)


def test_the_customer_writing_again_and_an_hour_end_the_undoing(desk: Desk) -> None:
    mention = make_mention(posted_at=desk.now)
    desk.receive(mention)
    case_id = desk.case_of(mention).id or 0
    do(desk, case_id, STEPS["claimed"])
    desk.later(minutes=61)
    with pytest.raises(CaseStateRefused):
        undo(desk, case_id)
    do(desk, case_id, STEPS["snoozed"])
    desk.receive(
        make_mention("And?", thread_id=mention.thread_id, author=mention.author, posted_at=desk.later(minutes=1))
    )
    with pytest.raises(CaseStateRefused):
        undo(desk, case_id)


def test_tags_put_on_by_mistake_go_again(desk: Desk) -> None:
    case_id = desk.open_case().id or 0
    do(desk, case_id, lambda session, id_, by, now: tagging.tag_case(session, id_, add=["press"], by=by, now=now))
    change = {"add": ["recall"], "remove": ["press"]}
    do(desk, case_id, lambda session, id_, by, now: tagging.tag_case(session, id_, **change, by=by, now=now))
    assert undo(desk, case_id) == "tagged"
    with desk.store.read() as session:
        assert tagging.tags_of(session, [case_id]) == {case_id: ("press",)}
    assert undo(desk, case_id) == "tagged"
    with desk.store.read() as session:
        assert tagging.tags_of(session, [case_id]) == {}


def test_a_case_put_aside_before_is_not_put_aside_into_the_past(desk: Desk) -> None:
    case_id = desk.open_case().id or 0
    soon = NOON + timedelta(minutes=5)
    do(desk, case_id, lambda session, id_, by, now: cases.snooze(session, id_, until=soon, by=by, now=now))
    do(desk, case_id, STEPS["resolved"])
    desk.later(minutes=10)
    assert undo(desk, case_id) == "resolved"
    assert (state(desk, case_id)["state"], state(desk, case_id)["snoozed_until"]) == ("new", None)


def test_a_correction_taken_back_teaches_nothing(desk: Desk) -> None:
    case_id = desk.open_case().id or 0
    do(desk, case_id, STEPS["corrected"])
    undo(desk, case_id)
    with desk.store.read() as session:
        assert export_corrections(session).rows == ()
    do(
        desk,
        case_id,
        lambda session, id_, by, now: cases.correct_triage(session, id_, topic=Topic.STORE, by=by, now=now),
    )
    do(desk, case_id, STEPS["corrected"])
    undo(desk, case_id)
    with desk.store.read() as session:
        rows = export_corrections(session).rows
    assert [(row["topic"], row["urgency"], row["corrected"]) for row in rows] == [("store", "normal", ["topic"])]
