"""Deadlines: warned of once, kept and told once, whoever looks and whenever; what may pause and what never does."""

import subprocess
import sys
import threading
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.exc import DBAPIError
from sqlmodel import col, select

from webcare import cases, deciding
from webcare.alerting.notifying import subject_in
from webcare.alerting.watching import watch
from webcare.cases import presence
from webcare.cases.clocks import ClockKind, InForce, answer_clock, resolution_clocks, spent
from webcare.domain import DeliveryState, Resolution, Role, Urgency
from webcare.hours import read_hours
from webcare.languages import ENGLISH
from webcare.settings import load_settings
from webcare.store import Store
from webcare.store.tables import CaseRow, DeliveryRow
from webcare.store.tables_alerts import CaseLookRow, DeadlineAlertRow, NotificationRow
from webcare.testing import NOON, Desk, make_mention

ZONE = ZoneInfo("Europe/Amsterdam")
SETTINGS = load_settings(env={}).alerts


def look(desk: Desk) -> int:
    return watch(desk.store, SETTINGS, now=desk.now)


def kept(store: Store) -> list[tuple[str, str]]:
    with store.read() as session:
        rows = session.exec(select(DeadlineAlertRow).order_by(col(DeadlineAlertRow.id)))
        return [(row.clock, row.kind) for row in rows]


def told(store: Store) -> list[str]:
    with store.read() as session:
        return list(session.exec(select(NotificationRow.kind).order_by(col(NotificationRow.id))))


def targets(desk: Desk, *rows: dict[str, object]) -> None:
    with desk.store.write() as session:
        today = desk.now.astimezone(ZONE).date()
        boss = desk.people[Role.MANAGER]
        deciding.decide_targets(session, {"rows": list(rows)}, first_day=today, zone=ZONE, by=boss, now=desk.now)


def case_now(desk: Desk, case_id: int | None) -> CaseRow:
    with desk.store.read() as session:
        return cases.load(session, case_id or 0)


def clock_of(desk: Desk, case_id: int | None, kind: ClockKind) -> tuple[datetime, datetime | None] | None:
    """Since when it runs and until when; None where it does not run."""
    with desk.store.read() as session:
        case, in_force = cases.load(session, case_id or 0), InForce(session)
        found = answer_clock(case, in_force, 0.8)
        if kind is ClockKind.RESOLUTION:
            found = resolution_clocks(session, [case], in_force, part=0.8).get(case.id or 0)
    return (found.since, found.deadline) if found is not None and found.kind is kind else None


def test_a_warning_at_four_fifths_then_one_breach_each_told_once(desk: Desk) -> None:
    targets(desk, {"urgency": "normal", "first": 100})
    desk.open_case()
    for minutes, expected in ((79, 0), (2, 1), (1, 0), (17, 0), (1, 1), (1, 0), (600, 0)):
        desk.later(minutes=minutes)
        assert look(desk) == expected, desk.now
    assert kept(desk.store) == [("first", "warning"), ("first", "breach")]
    assert told(desk.store) == ["deadline_near", "deadline_missed"]


def test_neither_reassigning_nor_labels_nor_putting_aside_make_a_second_breach_or_stop_the_first(desk: Desk) -> None:
    targets(desk, {"urgency": "normal", "first": 60}, {"urgency": "low", "first": 600})
    waiting = desk.open_case().id or 0
    aside = desk.open_case().id or 0
    with desk.store.write() as session:
        cases.claim(session, waiting, by=desk.first, now=desk.now)
        cases.snooze(session, aside, until=desk.now + timedelta(days=3), by=desk.first, now=desk.now)
    desk.later(minutes=61)
    assert look(desk) == 2, "a case put aside waits as well"
    with desk.store.write() as session:
        cases.assign(session, waiting, to=desk.people[Role.TEAM_LEAD].id or 0, by=desk.first, now=desk.now)
        cases.correct_triage(
            session, waiting, urgency=Urgency.LOW, by=desk.first, now=desk.now, targets=desk.settings.routing
        )
    moved = case_now(desk, waiting)
    assert moved.respond_by > desk.now, "the label gives another deadline for the same wait"
    desk.later(minutes=700)
    assert look(desk) == 0
    assert kept(desk.store) == [("first", "breach")] * 2
    assert told(desk.store) == ["deadline_missed"] * 2


def test_a_late_reply_is_a_reply_and_the_next_message_has_a_clock_of_its_own(desk: Desk) -> None:
    targets(desk, {"urgency": "normal", "first": 60, "next": 30})
    mention = make_mention(posted_at=desk.now)
    desk.receive(mention)
    case_id = desk.case_of(mention).id
    desk.later(minutes=70)
    look(desk)
    desk.reply(case_id or 0)
    desk.later(seconds=30)
    desk.deliver()
    assert case_now(desk, case_id).first_response_at == desk.now
    assert clock_of(desk, case_id, ClockKind.NEXT) is None, "nothing waits"
    desk.later(minutes=500)
    assert look(desk) == 0
    again = desk.now
    desk.receive(make_mention(thread_id=mention.thread_id, author=mention.author, posted_at=again))
    assert clock_of(desk, case_id, ClockKind.NEXT) == (again, again + timedelta(minutes=30))
    desk.later(minutes=31)
    assert look(desk) == 1
    assert kept(desk.store) == [("first", "breach"), ("next", "breach")]


def test_what_was_late_while_nobody_looked_is_kept_all_the_same(desk: Desk) -> None:
    targets(desk, {"urgency": "normal", "first": 60, "resolution": 120})
    answered, closed, in_time = (desk.open_case().id or 0 for _ in range(3))
    desk.reply(in_time, "Which order is it about?")
    desk.later(minutes=1)
    desk.deliver()
    desk.later(minutes=130)
    desk.reply(answered, "Which order is it about?")
    desk.later(minutes=1)
    desk.deliver()
    with desk.store.write() as session:
        cases.resolve(session, closed, resolution=Resolution.SOLVED_ELSEWHERE, by=desk.first, now=desk.now)
    late = {(case_id, clock) for case_id in (answered, closed) for clock in ("first", "resolution")}

    def found() -> set[tuple[int, str]]:
        with desk.store.read() as session:
            return {(row.case_id, row.clock) for row in session.exec(select(DeadlineAlertRow))}

    assert found() == late
    assert told(desk.store) == [], "there is nothing left to do about them"
    assert look(desk) == 0
    assert found() == late, "since the answer in time it is the customer's turn"


def test_a_reply_that_may_stand_there_since_before_the_deadline_is_not_called_late(desk: Desk) -> None:
    targets(desk, {"urgency": "normal", "first": 60})
    case_id = desk.open_case().id or 0
    desk.later(minutes=59)
    row = desk.reply(case_id)
    desk.later(seconds=20)
    with desk.store.write() as session:
        session.get_one(DeliveryRow, row.id).state = DeliveryState.UNCONFIRMED.value
        session.get_one(DeliveryRow, row.id).attempt_started_at = desk.now
    desk.later(minutes=5)
    assert look(desk) == 0
    with desk.store.write() as session:
        session.get_one(DeliveryRow, row.id).state = DeliveryState.FAILED.value
    assert look(desk) == 1


def test_an_answer_is_not_the_solution(desk: Desk) -> None:
    targets(desk, {"urgency": "normal", "first": 60, "resolution": 240})
    mention = make_mention(posted_at=desk.now)
    desk.receive(mention)
    case_id, start = desk.case_of(mention).id or 0, desk.now
    assert clock_of(desk, case_id, ClockKind.RESOLUTION) == (start, start + timedelta(minutes=240))
    desk.later(minutes=30)
    desk.reply(case_id, "Which order is it about?")
    desk.later(minutes=1)
    desk.deliver()
    answered = desk.now
    assert clock_of(desk, case_id, ClockKind.FIRST) is None
    assert clock_of(desk, case_id, ClockKind.RESOLUTION) == (start, None), "it is the customer's turn"
    desk.later(hours=10)
    assert look(desk) == 0
    wrote = desk.now
    desk.receive(make_mention(thread_id=mention.thread_id, author=mention.author, posted_at=wrote))
    due = start + timedelta(minutes=240) + (wrote - answered)
    assert clock_of(desk, case_id, ClockKind.RESOLUTION) == (start, due), "the customer's time does not count"
    desk.now = due + timedelta(minutes=1)
    look(desk)
    assert ("resolution", "breach") in kept(desk.store)


def test_the_solution_does_not_pause_while_we_owe_something(desk: Desk) -> None:
    targets(desk, {"urgency": "normal", "resolution": 240})
    promised, asked, aside, closed = (desk.open_case().id or 0 for _ in range(4))
    start = desk.now
    desk.later(minutes=1)
    desk.reply(promised, "We will send you the new date tomorrow.")
    for case_id in (asked, aside):
        desk.reply(case_id, "Which order is it about?")
    desk.later(minutes=1)
    desk.deliver()
    with desk.store.write() as session:
        cases.snooze(session, aside, until=desk.now + timedelta(days=2), by=desk.first, now=desk.now)
        cases.resolve(session, closed, resolution=Resolution.ANSWERED, by=desk.first, now=desk.now)
    due = start + timedelta(minutes=240)
    assert clock_of(desk, promised, ClockKind.RESOLUTION) == (start, due)
    assert clock_of(desk, aside, ClockKind.RESOLUTION) == (start, due)
    assert clock_of(desk, asked, ClockKind.RESOLUTION) == (start, None)
    assert clock_of(desk, closed, ClockKind.RESOLUTION) is None
    desk.later(minutes=1)
    with desk.store.write() as session:
        cases.reopen(session, closed, by=desk.first, now=desk.now)
    assert clock_of(desk, closed, ClockKind.RESOLUTION) == (start, due), "closing and reopening starts nothing anew"
    desk.later(minutes=240)
    look(desk)
    with desk.store.read() as session:
        late = {row.case_id for row in session.exec(select(DeadlineAlertRow)) if row.clock == "resolution"}
    assert late == {promised, aside, closed}


def test_only_the_customer_starts_the_solution_anew(desk: Desk) -> None:
    targets(desk, {"urgency": "normal", "resolution": 240})
    mention = make_mention(posted_at=desk.now)
    desk.receive(mention)
    case_id = desk.case_of(mention).id or 0
    with desk.store.write() as session:
        cases.resolve(session, case_id, resolution=Resolution.ANSWERED, by=desk.first, now=desk.now)
    desk.later(days=2)
    wrote = desk.now
    desk.receive(make_mention(thread_id=mention.thread_id, author=mention.author, posted_at=wrote))
    assert clock_of(desk, case_id, ClockKind.RESOLUTION) == (wrote, wrote + timedelta(minutes=240))


def test_moving_a_case_to_a_slower_queue_does_not_soften_its_solution(desk: Desk) -> None:
    targets(
        desk,
        {"urgency": "normal", "resolution": 240},
        {"urgency": "normal", "queue": "second_line", "resolution": 4000},
    )
    case_id, start = desk.open_case().id or 0, desk.now
    with desk.store.write() as session:
        cases.hand_over(session, case_id, question="Where is it?", by=desk.first, now=desk.now)
    assert case_now(desk, case_id).queue == "second_line"
    assert clock_of(desk, case_id, ClockKind.RESOLUTION) == (start, start + timedelta(minutes=240))


def test_targets_of_today_leave_older_cases_alone(desk: Desk) -> None:
    old = desk.open_case().id or 0
    desk.later(minutes=10)
    targets(desk, {"urgency": "normal", "resolution": 5})
    new = desk.open_case().id or 0
    desk.later(minutes=6)
    assert clock_of(desk, old, ClockKind.RESOLUTION) is None
    look(desk)
    with desk.store.read() as session:
        assert {row.case_id for row in session.exec(select(DeadlineAlertRow))} == {new}


def test_open_time_is_counted_across_the_night_of_summer_time() -> None:
    hours = read_hours(
        {"timezone": "Europe/Amsterdam", "week": {str(day): [["00:00", "24:00"]] for day in range(1, 8)}}
    )
    start = datetime(2026, 3, 28, 22, 0, tzinfo=UTC)
    assert spent(start, timedelta(hours=24), [], hours) == start + timedelta(hours=24)
    night = read_hours({"timezone": "Europe/Amsterdam", "week": {"7": [["01:00", "05:00"]]}})
    pause = (datetime(2026, 3, 29, 0, 30, tzinfo=UTC), datetime(2026, 3, 29, 1, 30, tzinfo=UTC))
    # Three hours are open that night; one of them is paused, half of it before the clock is set.
    assert spent(start, timedelta(hours=2), [pause], night) == datetime(2026, 3, 29, 3, 0, tzinfo=UTC)
    assert spent(start, timedelta(hours=1), [(start, None)], night) is None


def test_two_processes_that_look_at_once_keep_and_tell_one(desk: Desk) -> None:
    targets(desk, {"urgency": "normal", "first": 1})
    for _ in range(5):
        desk.open_case()
    desk.later(minutes=2)
    start, kept_by = threading.Barrier(3), []

    def go() -> None:
        start.wait()
        kept_by.append(look(desk))

    threads = [threading.Thread(target=go) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(kept_by) == 5
    assert kept(desk.store) == [("first", "breach")] * 5
    assert len(told(desk.store)) == 5


_KILLED = """
import os, sys
from datetime import datetime
import webcare.alerting.watching as watching
from webcare.settings import load_settings
from webcare.store import open_store
real, calls = watching.notify, []
def dies(*given, **named):
    real(*given, **named)
    calls.append(1)
    if len(calls) == 2:
        os.kill(os.getpid(), 9)
watching.notify = dies
watching._AT_ONCE = 1
store = open_store(sys.argv[1])
watching.watch(store, load_settings(env={}).alerts, now=datetime.fromisoformat(sys.argv[2]))
"""


def test_a_process_killed_in_between_leaves_the_rest_to_the_next_and_nothing_twice(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    targets(desk, {"urgency": "normal", "first": 1})
    for _ in range(4):
        desk.open_case()
    desk.later(minutes=2)
    given = [sys.executable, "-c", _KILLED, str(desk.store.url), desk.now.isoformat()]
    assert subprocess.run(given, cwd=Path(__file__).parents[2]).returncode == -9
    assert (len(kept(desk.store)), len(told(desk.store))) == (1, 1), "the second was told and not kept: both are gone"
    assert look(desk) == 3
    assert (len(kept(desk.store)), len(told(desk.store))) == (4, 4)


def test_what_is_found_long_afterwards_is_kept_and_not_told(desk: Desk) -> None:
    targets(desk, {"urgency": "normal", "first": 60})
    desk.open_case()
    desk.later(days=3)
    assert look(desk) == 1
    assert told(desk.store) == []


def test_alerts_are_append_only(desk: Desk) -> None:
    targets(desk, {"urgency": "normal", "first": 1})
    desk.open_case()
    desk.later(minutes=2)
    look(desk)
    for statement in ("UPDATE deadline_alert SET clock = 'x'", "DELETE FROM deadline_alert"):
        with pytest.raises(DBAPIError), desk.store.write() as session:
            session.connection().exec_driver_sql(statement)


def test_messages_hold_no_word_of_a_customer(desk: Desk) -> None:
    targets(desk, {"urgency": "normal", "first": 1})
    desk.open_case("My secret sofa from Lindbacken is broken")
    desk.later(minutes=2)
    look(desk)
    with desk.store.read() as session:
        row = session.exec(select(NotificationRow)).one()
    said = " ".join([subject_in(ENGLISH, row), str(row.lines)])
    assert "sofa" not in said
    assert "Customer" not in said
    assert f"Case {row.case_id}" in said


def test_the_first_look_by_somebody_who_may_work_on_it_is_kept_for_ever(desk: Desk) -> None:
    case_id = desk.open_case().id or 0
    with desk.store.write() as session:
        presence.look(session, case_id, by=desk.people[Role.MANAGER], now=NOON)
        assert session.get(CaseLookRow, case_id) is None, "a manager does not work on cases"
        presence.look(session, case_id, by=desk.first, now=NOON + timedelta(minutes=5))
        presence.look(session, case_id, by=desk.second, now=NOON + timedelta(minutes=6))
        presence.leave(session, case_id, by=desk.first)
        presence.look(session, case_id, by=desk.first, now=NOON + timedelta(hours=1))
    with desk.store.read() as session:
        row = session.get_one(CaseLookRow, case_id)
    assert (row.agent_id, row.at) == (desk.first.id, NOON + timedelta(minutes=5))
    assert date(2026, 2, 10) == row.at.date()
