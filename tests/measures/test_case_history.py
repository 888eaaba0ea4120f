"""Histories as read from the tables of a desk that really worked, and the facts that come of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event
from sqlmodel import select

from tests.cases.networks import Network, act, on_network
from webcare import cases, deciding
from webcare.cases import identities
from webcare.cases.promises import keep_promise
from webcare.cases.sending import check_and_send
from webcare.domain import Author, ReplyWay, Resolution, Role, Sentiment
from webcare.measures import VERSIONS, Fact
from webcare.measures.after import same_customer
from webcare.measures.clocks import read_clocks
from webcare.measures.facts import backlog, facts_of
from webcare.measures.history import histories
from webcare.measures.lives import CaseHistory
from webcare.people import administration
from webcare.store import Store
from webcare.store.tables import AgentRow, CaseRow, TriageRow
from webcare.store.tables_desk import PromiseRow
from webcare.testing import NOON, Desk, make_desk, make_mention, make_triage

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
OFFICE = {"timezone": "Europe/Amsterdam", "week": {str(day): [["09:00", "17:00"]] for day in range(1, 6)}}
PLAIN_TEXT = "It arrives tomorrow between nine and noon."


@pytest.fixture
def desk(store: Store) -> Desk:
    return make_desk(store)


def history_of(desk: Desk, case_id: int | None) -> CaseHistory:
    with desk.store.read() as session:
        return next(histories(session, [case_id or 0]))


def facts(desk: Desk, case_id: int | None, *measures: str, at: datetime | None = None) -> list[Fact]:
    with desk.store.read() as session:
        clocks = read_clocks(session)
        history = next(histories(session, [case_id or 0]))
    found = facts_of(history, clocks, at=at or desk.now, wanted=VERSIONS)
    return [fact for fact in found if not measures or fact.measure in measures]


def said(found: Sequence[Fact]) -> list[tuple[Any, ...]]:
    return [(fact.measure, fact.version, fact.value, fact.reason) for fact in found]


def answer(desk: Desk, case_id: int | None, text: str = PLAIN_TEXT, **more: Any) -> int:
    """Answer a case, and let it out; gives the delivery."""
    outcome = check_and_send(
        desk.store, case_id or 0, text=text, by=desk.first, now=desk.now, undo=timedelta(0), acknowledged=True, **more
    )
    assert outcome.delivery_id is not None, outcome.in_the_way
    desk.later(seconds=30)
    desk.deliver()
    return outcome.delivery_id


def writes_again(desk: Desk, case: CaseRow, text: str, **more: Any) -> None:
    first = desk.channel.inbox[0]
    thread = next(one for one in desk.channel.inbox if desk.case_of(one).id == case.id)
    author = Author(case.customer_id, case.customer_name, case.customer_handle)
    parent = more.pop("parent", first.external_id)
    desk.receive(
        make_mention(text, thread_id=thread.thread_id, author=author, posted_at=desk.now, parent_id=parent, **more)
    )


def test_first_and_next_response_run_from_the_post_to_the_answer_and_credit_its_writer(desk: Desk) -> None:
    mention = make_mention(posted_at=NOON - timedelta(minutes=10))
    desk.receive(mention)
    case = desk.case_of(mention)
    desk.later(minutes=20)
    answer(desk, case.id)
    desk.later(hours=2)
    writes_again(desk, case, "And where is the table?")
    desk.later(minutes=5)
    writes_again(desk, case, "Hello?")
    desk.later(minutes=10)
    answer(desk, case.id, "The table comes on Friday.")
    found = facts(desk, case.id, "first_response", "next_response", "collecting_lag")
    assert [(one.measure, one.version, one.value, one.agent_id) for one in found if one.counted] == [
        ("collecting_lag", 1, 600.0, None),
        ("collecting_lag", 1, 0.0, None),
        ("collecting_lag", 1, 0.0, None),
        ("first_response", 2, 1830.0, desk.first.id),
        ("next_response", 1, 930.0, desk.first.id),
        ("first_response", 1, 1830.0, desk.first.id),
    ]


def test_credit_stays_with_the_writer_when_the_case_moves_on_and_the_writer_leaves(desk: Desk) -> None:
    case = desk.open_case()
    answer(desk, case.id)
    before = facts(desk, case.id, "handled", "first_response", "answering")
    with desk.store.write() as session:
        cases.assign(session, case.id or 0, to=desk.second.id, by=desk.people[Role.TEAM_LEAD], now=desk.later(hours=1))
    with desk.store.write() as session:
        cases.assign(session, case.id or 0, to=None, by=desk.second, now=desk.later(hours=1))
    with desk.store.write() as session:
        administration.close_person(session, desk.first.id or 0, by=desk.people[Role.ADMIN], now=desk.now)
    with desk.store.read() as session:
        assert not session.get_one(AgentRow, desk.first.id).active
    assert facts(desk, case.id, "handled", "first_response", "answering") == before
    assert [(fact.agent_id, fact.share) for fact in before if fact.measure == "handled"] == [(desk.first.id, 1.0)]


def test_the_second_line_shares_the_credit_for_the_facts_it_gave(desk: Desk) -> None:
    case = desk.open_case()
    with desk.store.write() as session:
        cases.hand_over(session, case.id or 0, question="Where is it?", by=desk.first, now=desk.now)
    desk.later(minutes=40)
    with desk.store.write() as session:
        cases.hand_back(session, case.id or 0, answer="On the lorry.", by=desk.second, now=desk.now)
    desk.later(minutes=5)
    answer(desk, case.id)
    found = facts(desk, case.id, "handled", "question_answered", "waiting_second_line", "waiting_first_line")
    assert [(fact.measure, fact.value, fact.agent_id, fact.share) for fact in found] == [
        ("waiting_first_line", 330.0, None, 1.0),
        ("waiting_second_line", 2400.0, None, 1.0),
        ("handled", 1.0, desk.first.id, 0.5),
        ("handled", 1.0, desk.second.id, 0.5),
        ("question_answered", 2400.0, desk.second.id, 1.0),
    ]


def test_an_answer_taken_back_is_no_answer_since_version_2(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    on_network(desk, monkeypatch)
    case = desk.open_case()
    delivery = desk.delivery(answer(desk, case.id))
    desk.later(minutes=5)
    with desk.store.write() as session:
        cases.retract(
            session, case.id or 0, external_id=delivery.external_id or "", reason="Wrong.", by=desk.first, now=desk.now
        )
    act(desk)
    found = facts(desk, case.id, "first_response", "retraction")
    assert said(found) == [
        ("first_response", 2, None, "open"),
        ("first_response", 2, None, "retracted"),
        ("first_response", 1, 30.0, ""),
        ("retraction", 1, 300.0, ""),
    ]
    before = facts(desk, case.id, "first_response", at=desk.now - timedelta(minutes=1))
    assert said(before)[0] == ("first_response", 2, 30.0, "")


def test_a_post_made_outside_is_said_and_stops_no_clock(desk: Desk) -> None:
    mention = make_mention(posted_at=NOON)
    desk.receive(mention)
    desk.later(minutes=3)
    ours = Author("3300000001", "Hemlund", "hemlund")
    desk.receive(
        make_mention(
            "We are on it.",
            author=ours,
            is_ours=True,
            parent_id=mention.external_id,
            thread_id=mention.thread_id,
            posted_at=desk.now,
        )
    )
    assert said(facts(desk, desk.case_of(mention).id, "first_response")) == [
        ("first_response", 2, None, "open"),
        ("first_response", 2, None, "outside"),
        ("first_response", 1, None, "open"),
    ]


def test_thanks_needs_no_answer_is_no_repeat_and_may_be_closed(desk: Desk) -> None:
    case = desk.open_case()
    answer(desk, case.id)
    desk.classifier._decide = lambda text: make_triage(needs_reply=False, sentiment=Sentiment.POSITIVE)
    desk.later(minutes=9)
    writes_again(desk, case, "Thank you so much!")
    with desk.store.write() as session:
        cases.resolve(session, case.id or 0, resolution=Resolution.ANSWERED, by=desk.first, now=desk.now)
    assert said(facts(desk, case.id, "next_response")) == [("next_response", 1, None, "needs_no_reply")]
    later = desk.now + timedelta(days=9)
    assert said(facts(desk, case.id, "first_contact", "sentiment_shift", at=later)) == [
        ("first_contact", 1, 1.0, ""),
        ("sentiment_shift", 1, 1.0, ""),
    ]


def test_the_same_customer_on_another_network_is_a_repeat_once_linked(desk: Desk) -> None:
    case = desk.open_case()
    answer(desk, case.id)
    desk.later(hours=5)
    other = desk.open_case("I asked you elsewhere already!")
    at = desk.now + timedelta(days=9)
    assert said(facts(desk, case.id, "first_contact", at=at)) == [("first_contact", 1, 1.0, "")]
    with desk.store.write() as session:
        identities.link(
            session,
            case.id or 0,
            channel=other.channel,
            external_id=other.customer_id,
            by=desk.first,
            now=desk.now,
        )
    assert said(facts(desk, case.id, "first_contact", at=at)) == [("first_contact", 1, 0.0, "")]
    with desk.store.read() as session:
        assert same_customer(session, [other.id or 0]) == {case.id, other.id}


def test_waiting_for_a_yes_and_the_approvers_part_of_the_credit(desk: Desk) -> None:
    case, lead = desk.open_case(), desk.people[Role.TEAM_LEAD]
    supervised = replace(desk.first, supervised=True)
    desk.later(minutes=10)
    asked = check_and_send(
        desk.store, case.id or 0, text=PLAIN_TEXT, by=supervised, now=desk.now, undo=timedelta(0), acknowledged=True
    )
    desk.later(minutes=20)
    cases.approve_reply(desk.store, asked.approval_id or 0, text=PLAIN_TEXT, by=lead, now=desk.now, undo=timedelta(0))
    desk.later(seconds=30)
    desk.deliver()
    found = facts(desk, case.id, "waiting_approval", "waiting_first_line", "handled")
    assert [(fact.measure, fact.value, fact.agent_id, fact.share) for fact in found] == [
        ("waiting_first_line", 630.0, None, 1.0),
        ("waiting_approval", 1200.0, None, 1.0),
        ("handled", 1.0, desk.first.id, 0.5),
        ("handled", 1.0, lead.id, 0.5),
    ]


def test_a_slip_and_a_joke_are_counted_with_the_answer_they_were_in(desk: Desk, tmp_path: Path) -> None:
    case = desk.open_case("Which cupboard do you recommend?")
    delivery_id = answer(desk, case.id, "The big one, of course! Your socks will throw a party 😂")
    desk.classifier._decide = lambda text: make_triage(sentiment=Sentiment.NEGATIVE)
    desk.later(minutes=4)
    writes_again(desk, case, "Not funny.")
    assert said(facts(desk, case.id, "slips")) == [("slips", 1, 0.0, "")]
    cases.report_slip(
        desk.store, delivery_id, words="No jokes, please.", by=desk.first, now=desk.later(hours=1), folder=tmp_path
    )
    found = facts(desk, case.id, "slips", "jokes_liked", "jokes_disliked", "sentiment_shift")
    assert said(found) == [
        ("slips", 1, 1.0, ""),
        ("sentiment_shift", 1, -1.0, ""),
        ("jokes_liked", 1, 0.0, ""),
        ("jokes_disliked", 1, 1.0, ""),
    ]


def test_a_needless_move_to_private_has_no_personal_data_around_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    network: Network = on_network(desk, monkeypatch)
    harmless, needed = desk.open_case("When do you open?"), desk.open_case("My order has not come.")
    asking = desk.open_case("And mine?")
    for case, text in (
        (harmless, "We open at nine."),
        (needed, "We look it up for you."),
        (asking, "Please tell us your order number."),
    ):
        answer(desk, case.id, text, way=ReplyWay.PRIVATE)
    author = Author(needed.customer_id, needed.customer_name, needed.customer_handle)
    thread = network.inbox[1].thread_id
    desk.later(minutes=1)
    desk.receive(make_mention("It is 06 12345678", thread_id=thread, author=author, posted_at=desk.now))
    found = [facts(desk, case.id, "moved_private", "moved_needlessly") for case in (harmless, needed, asking)]
    assert [said(one)[:2] for one in found] == [
        [("moved_private", 1, 1.0, ""), ("moved_needlessly", 1, 1.0, "")],
        [("moved_private", 1, 1.0, ""), ("moved_needlessly", 1, 0.0, "")],
        [("moved_private", 1, 1.0, ""), ("moved_needlessly", 1, 0.0, "")],
    ]


def test_a_correction_and_a_kept_promise_are_counted(desk: Desk) -> None:
    case = desk.open_case()
    with desk.store.write() as session:
        cases.correct_triage(
            session, case.id or 0, sentiment=Sentiment.NEGATIVE, by=desk.people[Role.TEAM_LEAD], now=desk.now
        )
    answer(desk, case.id, "Sorry about that. A colleague of the warehouse rings you tomorrow.")
    with desk.store.write() as session:
        promise = session.exec(select(PromiseRow)).one()
        keep_promise(session, promise.id or 0, by=desk.first, now=desk.later(hours=2))
        due = promise.due_at
    corrected = facts(desk, case.id, "corrected")
    assert {fact.dims["question"]: (fact.value, fact.dims["class"]) for fact in corrected} == {
        "sentiment": (1.0, "neutral"),
        "urgency": (0.0, "normal"),
        "topic": (0.0, "delivery"),
        "needs_reply": (0.0, "yes"),
        "line": (0.0, "first_line"),
    }
    assert said(facts(desk, case.id, "promises_kept")) == [("promises_kept", 1, None, "open")]
    assert said(facts(desk, case.id, "promises_kept", at=due)) == [("promises_kept", 1, 1.0, "")]


def test_the_backlog_of_a_past_moment_is_as_it_was(desk: Desk) -> None:
    case = desk.open_case()
    desk.later(hours=3)
    answer(desk, case.id)
    with desk.store.read() as session:
        history, clocks = next(histories(session, [case.id or 0])), read_clocks(session)
    waiting = backlog(history, clocks, at=NOON + timedelta(hours=2))
    assert [(fact.measure, fact.value) for fact in waiting] == [("backlog_age", 7200.0)]
    assert backlog(history, clocks, at=desk.now) == ()


def test_hours_and_targets_that_change_today_leave_last_month_as_it_was(desk: Desk) -> None:
    admin = desk.people[Role.ADMIN]
    desk.now = datetime(2026, 1, 5, 6, 0, tzinfo=UTC)
    decide(desk, OFFICE, first_day=date(2026, 1, 5))
    with desk.store.write() as session:
        deciding.decide_targets(
            session,
            {"rows": [{"urgency": "normal", "first": 30, "next": 30, "resolution": 960}]},
            first_day=date(2026, 1, 5),
            zone=AMSTERDAM,
            by=admin,
            now=desk.now,
        )
    old = []
    for day in (9, 10, 14):  # a Friday evening, a Saturday, a Wednesday
        desk.now = datetime(2026, 1, day, 15, 50, tzinfo=UTC)
        case = desk.open_case()
        desk.later(hours=20)
        answer(desk, case.id)
        old.append(case.id)
    month_end = datetime(2026, 2, 1, tzinfo=UTC)
    before = repr([facts(desk, id_, at=month_end) for id_ in old]).encode()
    assert b"business=600.0" in before
    desk.now = datetime(2026, 2, 2, 8, 0, tzinfo=UTC)
    night = {"timezone": "Europe/Stockholm", "week": {"7": [["00:00", "24:00"]]}}
    decide(desk, night | {"holidays": [{"date": "2026-01-14", "name": "Late"}]}, first_day=date(2026, 2, 2))
    with desk.store.write() as session:
        deciding.decide_targets(
            session,
            {"rows": [{"urgency": "normal", "first": 1, "resolution": 2}]},
            first_day=date(2026, 2, 2),
            zone=AMSTERDAM,
            by=admin,
            now=desk.now,
        )
    assert repr([facts(desk, id_, at=month_end) for id_ in old]).encode() == before
    desk.now = datetime(2026, 2, 4, 9, 0, tzinfo=UTC)
    new = desk.open_case()
    desk.later(hours=1)
    answer(desk, new.id)
    assert [fact.business for fact in facts(desk, new.id, "first_response")] == [0.0, 0.0]


def decide(desk: Desk, value: dict[str, Any], *, first_day: date) -> None:
    with desk.store.write() as session:
        deciding.decide_hours(
            session,
            "all",
            value,
            first_day=first_day,
            zone=AMSTERDAM,
            by=desk.people[Role.ADMIN],
            now=desk.now,
        )


def test_a_thousand_histories_take_no_more_queries_than_a_batch_each(desk: Desk) -> None:
    desk.receive(*(make_mention(f"Number {number}", posted_at=desk.now) for number in range(40)))
    with desk.store.read() as session:
        ids = sorted(session.exec(select(CaseRow.id)))
        assert statements(session, ids[:2]) == statements(session, ids) < 18
        assert [history.case_id for history in histories(session, [*ids, 999_999])] == ids


def statements(session: Any, ids: Sequence[int | None]) -> int:
    seen: list[str] = []
    connection = session.connection()

    def note(connection: Any, cursor: Any, text: str, *rest: Any) -> None:
        seen.append(text)

    event.listen(connection, "before_cursor_execute", note)
    list(histories(session, [id_ or 0 for id_ in ids]))
    event.remove(connection, "before_cursor_execute", note)
    return len(seen)


def test_labels_of_an_earlier_moment_count_at_that_moment(desk: Desk) -> None:
    case = desk.open_case()
    desk.later(hours=1)
    with desk.store.write() as session:
        cases.correct_triage(session, case.id or 0, needs_reply=False, by=desk.people[Role.TEAM_LEAD], now=desk.now)
        assert session.exec(select(TriageRow)).all()
    assert said(facts(desk, case.id, "first_response"))[0] == ("first_response", 2, None, "needs_no_reply")
    assert said(facts(desk, case.id, "first_response", at=NOON))[0] == ("first_response", 2, None, "open")
