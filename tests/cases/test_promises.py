"""Promises: found in what we sent, kept, moved, broken once, gone with a retraction."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import select

from webcare import cases, policies
from webcare.cases.by_hand import ByHand
from webcare.cases.promise_words import promises_in, zone_of
from webcare.cases.promises import (
    break_promise,
    drop_promise,
    keep_promise,
    late_count,
    mark_broken,
    move_promise,
    promise_list,
    promises_of,
    somebody_waits,
)
from webcare.cases.retracting import is_retracted
from webcare.cases.sending import check_and_send
from webcare.domain import Actor, Author, CaseState, Resolution, Role
from webcare.errors import CaseStateRefused, NotAllowed
from webcare.jobs import tasks
from webcare.people import Permission, may
from webcare.store.tables import CaseRow, ChannelActionRow, DeliveryRow
from webcare.store.tables_desk import PromiseRow
from webcare.testing import NOON, Desk, make_mention

HALVES = Path(__file__).parents[2] / "data" / "promises"
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
TUESDAY = datetime(2026, 2, 10, 12, 0, tzinfo=AMSTERDAM)
PROMISE = "Sorry about that. A colleague of the warehouse rings you tomorrow."
LATER = "Sorry about that. We asked the warehouse and write to you here as soon as they answer."


def rows(half: str) -> list[tuple[str, str, str]]:
    lines = (HALVES / f"{half}.tsv").read_text(encoding="utf-8").splitlines()
    return [tuple(line.split("\t")) for line in lines]  # type: ignore[misc]


def dues(text: str, lang: str, said_at: datetime = TUESDAY, **more: object) -> list[str]:
    found = promises_in(text, lang, said_at=said_at, zone="Europe/Amsterdam", **more)
    return [f"{one.due_at.astimezone(AMSTERDAM):%Y-%m-%dT%H:%M}" for one in found]


# --- the words -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("lang", "due", "text"), rows("first"), ids=lambda value: value[:40])
def test_a_sentence_of_the_first_half_says_what_it_says(lang: str, due: str, text: str) -> None:
    assert dues(text, lang) == ([] if due == "-" else [due])


def test_the_half_that_no_rule_was_written_for_keeps_its_figures() -> None:
    right = wrong = missed = in_time = 0
    for lang, due, text in rows("second"):
        found = dues(text, lang)
        right += bool(found) and due != "-"
        wrong += bool(found) and due == "-"
        missed += not found and due != "-"
        in_time += found == [due]
    assert right / (right + wrong) >= 0.98
    assert right / (right + missed) >= 0.95
    assert in_time / right >= 0.98


def test_each_half_has_every_language_and_as_many_that_promise_nothing() -> None:
    for half in ("first", "second"):
        found = rows(half)
        for lang in ("nl", "en", "sv", "nb", "da", "de"):
            ours = [due for one, due, _ in found if one == lang]
            assert len(ours) == 20
            assert 8 <= ours.count("-") <= 12


@pytest.mark.parametrize(
    ("text", "said_at", "expected"),
    [
        # Said on a Friday, "Friday" is the next one; "before 5 pm" is over at six.
        ("You will have it on Friday.", TUESDAY + timedelta(days=3), ["2026-02-20T23:59"]),
        ("You will have an answer before 5 pm.", TUESDAY + timedelta(hours=6), []),
        # Over the weekend, over the change to summer time, over the end of a year.
        ("You hear from us within 2 working days.", TUESDAY + timedelta(days=3), ["2026-02-17T23:59"]),
        ("You hear from us within 24 hours.", datetime(2026, 3, 28, 12, tzinfo=AMSTERDAM), ["2026-03-29T13:00"]),
        ("You hear from us tomorrow.", datetime(2026, 12, 31, 12, tzinfo=AMSTERDAM), ["2027-01-01T23:59"]),
        ("It arrives on 3 January.", datetime(2026, 12, 20, 12, tzinfo=AMSTERDAM), ["2027-01-03T23:59"]),
        # Two times are two promises, one time said twice is one.
        ("We call you tomorrow and deliver on Friday.", TUESDAY, ["2026-02-11T23:59", "2026-02-13T23:59"]),
        ("It comes tomorrow, Wednesday 11 February, between 9 and 12.", TUESDAY, ["2026-02-11T12:00"]),
    ],
)
def test_when_it_is_due(text: str, said_at: datetime, expected: list[str]) -> None:
    assert dues(text, "en", said_at) == expected


@pytest.mark.parametrize(
    ("lang", "text", "expected"),
    [
        # What replies of other hands taught: no promise in any of these, but one in each of the rest.
        ("sv", "Vi har kvällsöppet torsdag till 21, fredag till 18.", []),
        ("en", "Monday to Saturday 10am-8pm, Sunday 11:00-17:00.", []),
        ("en", "Last ferry is 21:45 all week.", []),
        ("nl", "Zaterdag zat de club vol, Ilias, dat spijt ons.", []),
        ("en", "So sorry about tonight, Nadia.", []),
        ("nl", "Bewaar de scherven als dat veilig kan; ons team neemt vandaag contact op.", ["2026-02-10T23:59"]),
        ("nb", "Svar kommer innen én måned.", ["2026-03-10T23:59"]),
        ("nl", "Goed nieuws: de witte boekenkast is weer leverbaar vanaf week 48!", ["2026-11-29T23:59"]),
        ("en", "We expect the red one back in shops and online in week 14.", ["2026-04-05T23:59"]),
        ("nb", "Takk for meldingen, vi finner ut av det og tar kontakt i løpet av dagen.", ["2026-02-10T23:59"]),
    ],
)
def test_what_other_hands_wrote(lang: str, text: str, expected: list[str]) -> None:
    assert dues(text, lang) == expected


def test_working_days_are_those_on_which_the_desk_works() -> None:
    def works(day: date) -> bool:
        return day.isoweekday() == 4

    assert dues("You hear from us within 2 working days.", "en", workday=works) == ["2026-02-19T23:59"]


def test_a_market_has_a_zone_and_a_desk_has_one_where_it_says_nothing() -> None:
    assert zone_of("uk", AMSTERDAM) == "Europe/London"
    assert zone_of("", AMSTERDAM) == "Europe/Amsterdam"
    assert zone_of("", UTC) == "UTC"


@pytest.mark.parametrize("text", ["tomorrow " * 2000, "in " * 5000, "1 " * 5000, "a" * 10_000, "before 12 " * 900])
def test_no_text_takes_long(text: str) -> None:
    assert len(promises_in(text, "en", said_at=TUESDAY)) <= 12


# --- found when it stands there -----------------------------------------------------------------------------


def promised(desk: Desk, text: str = PROMISE, case: CaseRow | None = None) -> tuple[CaseRow, PromiseRow]:
    case = case or desk.open_case()
    desk.reply(case.id or 0, text)
    desk.later(seconds=11)
    assert desk.deliver() == 1
    with desk.store.read() as session:
        return case, session.exec(select(PromiseRow).where(PromiseRow.case_id == case.id)).one()


def now_is(desk: Desk, promise: PromiseRow) -> PromiseRow:
    with desk.store.read() as session:
        return session.get_one(PromiseRow, promise.id)


def settle(
    desk: Desk, verb: Callable[..., object], promise: PromiseRow, by: Actor | None = None, **more: object
) -> None:
    with desk.store.write() as session:
        verb(session, promise.id, by=by or desk.first, now=desk.now, **more)


def run_job(desk: Desk) -> int:
    with desk.store.read() as session:
        waits = somebody_waits(session, now=desk.now)
    with desk.store.write() as session:
        marked = mark_broken(session, now=desk.now)
    assert waits is (marked > 0)
    return marked


def test_a_sent_reply_leaves_its_promise_and_one_on_its_way_does_not(desk: Desk) -> None:
    case = desk.open_case()
    desk.reply(case.id or 0, PROMISE)
    with desk.store.read() as session:
        assert promises_of(session, case.id or 0) == ()
    desk.later(seconds=11)
    desk.deliver()
    with desk.store.read() as session:
        (found,) = promises_of(session, case.id or 0)
    assert (found.words, found.state) == ("tomorrow", "open")
    assert PROMISE[PROMISE.index("tomorrow") :].startswith(found.words)
    # The desk of the tests lives in UTC; tomorrow is over at midnight there.
    assert found.due_at == datetime(2026, 2, 11, 23, 59, tzinfo=UTC)


def test_an_answer_given_by_hand_promises_too(desk: Desk) -> None:
    case = desk.open_case()
    check_and_send(
        desk.store, case.id or 0, text=PROMISE, by=desk.first, now=desk.now, undo=timedelta(0), acknowledged=True,
        by_hand=ByHand(desk.now),
    )  # fmt: skip
    with desk.store.read() as session:
        assert [one.words for one in promises_of(session, case.id or 0)] == ["tomorrow"]


def test_working_days_follow_the_hours_that_were_decided(quiet_desk: Callable[[], Desk]) -> None:
    desk = quiet_desk()
    hours = {
        "timezone": "Europe/Amsterdam",
        "week": {str(day): [["09:00", "17:30"]] for day in range(1, 8)},
        "holidays": [{"date": "2026-02-11", "name": "Closed"}],
    }
    with desk.store.write() as session:
        policies.decide(
            session, "hours:first_line", hours, valid_from=NOON - timedelta(days=1),
            by=desk.people[Role.MANAGER], now=desk.now,
        )  # fmt: skip
    _, promise = promised(desk, "Sorry about that. You hear from us within 4 working days.")
    assert promise.due_at.date() == date(2026, 2, 15)


# --- settled, moved, broken -----------------------------------------------------------------------------------


def test_a_promise_kept_in_time_is_never_late(desk: Desk) -> None:
    case, promise = promised(desk)
    settle(desk, keep_promise, promise)
    desk.later(days=3)
    assert run_job(desk) == 0
    assert (now_is(desk, promise).state, desk.events(case.id)[-1]) == ("kept", "promise_kept")
    with pytest.raises(CaseStateRefused, match="settled"):
        settle(desk, drop_promise, promise)


def test_a_broken_one_is_said_once_and_brings_its_case_back(desk: Desk) -> None:
    case, promise = promised(desk)
    with desk.store.read() as session:
        assert cases.load(session, case.id or 0).state == CaseState.WAITING
    assert run_job(desk) == 0
    desk.later(days=2)
    assert run_job(desk) == 1
    assert run_job(desk) == 0
    with desk.store.read() as session:
        back = cases.load(session, case.id or 0)
        assert late_count(session, now=desk.now) == 1
    assert (back.state, back.respond_by) == (CaseState.OPEN, promise.due_at)
    assert desk.events(case.id).count("promise_broken") == 1
    settle(desk, keep_promise, promise)
    kept = now_is(desk, promise)
    assert kept.state == "kept"
    assert kept.settled_at is not None
    assert kept.settled_at > kept.due_at


def test_a_resolved_case_comes_back_for_a_broken_promise(desk: Desk) -> None:
    case, _ = promised(desk)
    with desk.store.write() as session:
        cases.resolve(session, case.id or 0, resolution=Resolution.ANSWERED, by=desk.first, now=desk.now)
    desk.later(days=2)
    assert run_job(desk) == 1
    with desk.store.read() as session:
        assert cases.load(session, case.id or 0).state == CaseState.OPEN


def test_where_we_wrote_again_the_desk_asks_instead_of_judging(desk: Desk) -> None:
    mention = make_mention(posted_at=desk.now, author=Author("c1", "Anna", "anna"))
    desk.receive(mention)
    case, promise = promised(desk, case=desk.case_of(mention))
    desk.receive(
        make_mention("And?", thread_id=mention.thread_id, author=mention.author, posted_at=desk.later(hours=1))
    )
    desk.reply(case.id or 0, LATER)
    desk.later(seconds=11)
    assert desk.deliver() == 1
    with desk.store.read() as session:
        (found,) = promises_of(session, case.id or 0)
    assert found.written_since is not None
    desk.later(days=2)
    assert run_job(desk) == 0
    settle(desk, break_promise, promise)
    assert now_is(desk, promise).state == "broken"


def test_it_is_not_broken_before_its_time(desk: Desk) -> None:
    _, promise = promised(desk)
    with pytest.raises(CaseStateRefused, match="not due"):
        settle(desk, break_promise, promise)


def test_moving_one_takes_a_reason_and_keeps_the_first_time(desk: Desk) -> None:
    case, promise = promised(desk)
    settle(desk, move_promise, promise, due_at=desk.now + timedelta(days=3), reason="They are away until Friday.")
    settle(desk, move_promise, promise, due_at=desk.now + timedelta(days=5), reason="And until Sunday.")
    row = now_is(desk, promise)
    assert (row.moved_from, row.due_at, row.reason) == (
        promise.due_at,
        desk.now + timedelta(days=5),
        "And until Sunday.",
    )
    assert desk.events(case.id)[-2:] == ["promise_moved", "promise_moved"]
    with pytest.raises(CaseStateRefused, match="future"):
        settle(desk, move_promise, promise, due_at=desk.now, reason="Now.")


def test_what_was_none_counts_nowhere(desk: Desk) -> None:
    case, promise = promised(desk)
    settle(desk, drop_promise, promise)
    desk.later(days=3)
    assert run_job(desk) == 0
    with desk.store.read() as session:
        assert promise_list(session) == ()
    assert desk.events(case.id)[-1] == "promise_dropped"


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("verb", [keep_promise, drop_promise, break_promise, move_promise])
def test_only_people_who_work_cases_settle(
    quiet_desk: Callable[[], Desk], verb: Callable[..., object], role: Role
) -> None:
    desk = quiet_desk()
    _, promise = promised(desk)
    desk.later(days=2)
    by = desk.people.get(role) or Actor.system("a job")
    more = {"due_at": desk.now + timedelta(days=1), "reason": "They are away."} if verb is move_promise else {}
    if may(by, Permission.WORK_CASES):
        settle(desk, verb, promise, by=by, **more)
        assert now_is(desk, promise).state != "open" or verb is move_promise
    else:
        with pytest.raises(NotAllowed):
            settle(desk, verb, promise, by=by, **more)
        assert now_is(desk, promise) == promise


def test_a_retraction_takes_its_promise_along(desk: Desk) -> None:
    case, promise = promised(desk)
    with desk.store.write() as session:
        delivery = session.exec(select(DeliveryRow).where(DeliveryRow.case_id == case.id)).one()
        action = ChannelActionRow(
            case_id=case.id, account_id=delivery.account_id, target_external_id=delivery.external_id,
            action="delete", agent_id=desk.first.id, agent_name=desk.first.name, created_at=desk.now,
            not_before=desk.now,
        )  # fmt: skip
        session.add(action)
        session.flush()
        is_retracted(session, action, now=desk.now, by=Actor.system("actions"))
    assert now_is(desk, promise).state == "dropped"


def test_the_list_has_the_most_urgent_first_and_whose_they_are(desk: Desk) -> None:
    late, _ = promised(desk, "Sorry about that. A colleague of the warehouse rings you today.")
    soon, _ = promised(desk)
    desk.later(days=1)
    with desk.store.read() as session:
        found = promise_list(session)
        assert promise_list(session, assignee_id=desk.second.id) == ()
    assert [one.case_id for one in found] == [late.id, soon.id]
    assert [one.late(desk.now) for one in found] == [True, False]


def test_the_job_is_one_of_the_desks() -> None:
    assert tasks.PROMISES in tasks.JOBS
