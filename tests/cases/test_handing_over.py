"""A question to the second line: how it travels, what comes back, and that the customer's clock never notices."""

import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from webcare import cases
from webcare.app import App
from webcare.cases import Fact, handing_over
from webcare.cases.fact_reply import draft_of_facts
from webcare.cases.handing_over import TIMES, open_question
from webcare.domain import Actor, CaseState, Resolution, Role, Urgency
from webcare.errors import CaseChanged, CaseStateRefused, WebcareError
from webcare.jobs import Runner
from webcare.jobs.tasks import QUESTIONS
from webcare.people import Permission
from webcare.settings import load_settings
from webcare.store.facts import facts_of
from webcare.store.tables import AgentRow, CaseEventRow, CaseRow, NoteRow
from webcare.store.tables_desk import HandoverFactRow, HandoverRow
from webcare.testing import NOON, Desk, FakeClassifier, make_mention, make_triage


def seen(desk: Desk, person: Actor, **changes: object) -> None:
    """Somebody is at their desk right now."""
    with desk.store.write() as session:
        row = session.get_one(AgentRow, person.id)
        row.seen_at = desk.now
        for name, value in changes.items():
            setattr(row, name, value)
        session.add(row)


def asked(desk: Desk, question: str = "Is part 12 in stock?", **options: Any) -> int:
    case_id = desk.open_case().id or 0
    with desk.store.write() as session:
        cases.claim(session, case_id, by=desk.first, now=desk.now)
        cases.hand_over(session, case_id, question=question, by=desk.first, now=desk.now, **options)
    return case_id


def answer(desk: Desk, case_id: int, *facts: Fact, remark: str = "", by: Actor | None = None) -> CaseRow:
    with desk.store.write() as session:
        return cases.hand_back(session, case_id, answer=remark, facts=facts, by=by or desk.second, now=desk.now)


def case_now(desk: Desk, case_id: int) -> CaseRow:
    with desk.store.read() as session:
        return cases.load(session, case_id)


def questions_of(desk: Desk, case_id: int) -> list[HandoverRow]:
    with desk.store.read() as session:
        return list(session.exec(select(HandoverRow).where(HandoverRow.case_id == case_id).order_by(HandoverRow.id)))


def told_of(desk: Desk, case_id: int, kind: str) -> list[dict[str, Any]]:
    with desk.store.read() as session:
        query = select(CaseEventRow.detail).where(CaseEventRow.case_id == case_id, CaseEventRow.kind == kind)
        return list(session.exec(query.order_by(col(CaseEventRow.id))))


def run_job(desk: Desk) -> int:
    runner = Runner(desk, clock=desk.clock)
    run = runner.run(QUESTIONS)
    runner.close()
    assert run.outcome in ("ok", "idle"), run.error
    return run.handled


# --- asking -----------------------------------------------------------------------------------------


def test_a_question_carries_what_it_takes_and_when_the_answer_is_wanted(desk: Desk) -> None:
    by = NOON + timedelta(minutes=25)
    case_id = asked(desk, skill="store:utrecht", answer_by=by)
    [row] = questions_of(desk, case_id)
    assert (row.question, row.skill, row.return_by, row.asked_by) == (
        "Is part 12 in stock?", "store:utrecht", by, desk.first.id,
    )  # fmt: skip
    assert case_now(desk, case_id).skill == "store:utrecht"
    with desk.store.read() as session:
        assert session.get_one(NoteRow, row.note_id).text == "Is part 12 in stock?"


@pytest.mark.parametrize(("urgency", "minutes"), [("critical", 10), ("high", 30), ("normal", 120), ("low", 720)])
def test_without_a_time_the_one_of_the_cases_urgency_counts(desk: Desk, urgency: str, minutes: int) -> None:
    case_id = desk.open_case().id or 0
    with desk.store.write() as session:
        session.get_one(CaseRow, case_id).urgency = urgency
        cases.hand_over(session, case_id, question="?", by=desk.first, now=NOON)
    [row] = questions_of(desk, case_id)
    assert row.return_by == NOON + timedelta(minutes=minutes)


def test_the_times_without_settings_are_those_of_the_defaults() -> None:
    assert load_settings(env={}).second_line == TIMES


@pytest.mark.parametrize(
    ("options", "why"), [({"answer_by": NOON}, "future"), ({"skill": "magic"}, "skill"), ({"question": " "}, "empty")]
)
def test_a_question_nobody_could_answer_is_refused(desk: Desk, options: dict[str, Any], why: str) -> None:
    case_id = desk.open_case().id or 0
    with desk.store.write() as session, pytest.raises(WebcareError, match=why):
        cases.hand_over(session, case_id, by=desk.first, now=NOON, **{"question": "Is it?"} | options)


def test_there_is_one_open_question_a_case_and_a_second_one_later(desk: Desk) -> None:
    case_id = asked(desk)
    with desk.store.write() as session, pytest.raises(CaseStateRefused, match="already"):
        cases.hand_over(session, case_id, question="And part 13?", by=desk.first, now=NOON)
    answer(desk, case_id, remark="Yes.")
    with desk.store.write() as session:
        cases.hand_over(session, case_id, question="And part 13?", by=desk.first, now=NOON)
    assert [row.outcome for row in questions_of(desk, case_id)] == ["answered", ""]
    assert case_now(desk, case_id).handovers == handing_over.PING_PONG


def test_whoever_takes_the_case_has_the_question_and_lays_it_down_with_it(desk: Desk) -> None:
    case_id = asked(desk)
    with desk.store.write() as session:
        cases.claim(session, case_id, by=desk.second, now=NOON)
    [row] = questions_of(desk, case_id)
    assert (row.taken_by, row.taken_at) == (desk.second.id, NOON)
    with desk.store.write() as session:
        cases.assign(session, case_id, to=None, by=desk.second, now=NOON)
    assert questions_of(desk, case_id)[0].taken_by is None


def test_a_customer_who_writes_again_does_not_pull_the_case_out_of_the_second_line(desk: Desk) -> None:
    mention = make_mention("Where is it?", posted_at=desk.now)
    desk.receive(mention)
    case_id = desk.case_of(mention).id or 0
    with desk.store.write() as session:
        cases.hand_over(session, case_id, question="Where?", by=desk.first, now=desk.now)
    desk.classifier = FakeClassifier(lambda text: make_triage(urgency=Urgency.CRITICAL))
    desk.receive(
        make_mention(
            "It is on fire!", posted_at=desk.later(minutes=1), author=mention.author, thread_id=mention.thread_id
        )
    )
    case = case_now(desk, case_id)
    assert (case.urgency, case.priority, case.queue) == ("critical", 1, "second_line")


# --- answering --------------------------------------------------------------------------------------


def test_facts_come_back_to_whoever_asked_when_they_are_in(desk: Desk) -> None:
    case_id = asked(desk)
    seen(desk, desk.first)
    until = NOON + timedelta(days=3)
    case = answer(
        desk,
        case_id,
        Fact("Part 12 is back on Tuesday", public=True, source="warehouse", valid_until=until),
        Fact("The supplier owes us 40 of them"),
        remark="Call me if he asks for more.",
    )
    assert (case.line, case.queue, case.assignee_id, case.state) == (
        "first_line", "first_line", desk.first.id, CaseState.OPEN,
    )  # fmt: skip
    with desk.store.read() as session:
        note = session.exec(select(NoteRow.text).order_by(col(NoteRow.id).desc())).first()
        kept = session.exec(select(HandoverFactRow).order_by(HandoverFactRow.id)).all()
        marked = facts_of(session, case_id)
    assert note == (
        "Call me if he asks for more.\n• Part 12 is back on Tuesday (warehouse)\n• The supplier owes us 40 of them"
    )
    assert [(row.text, row.public, row.fact_id is not None) for row in kept] == [
        ("Part 12 is back on Tuesday", True, True), ("The supplier owes us 40 of them", False, False),
    ]  # fmt: skip
    assert [(fact.text, fact.source, fact.valid_until, fact.counts(NOON), fact.counts(until)) for fact in marked] == [
        ("Part 12 is back on Tuesday", "warehouse", until, True, False)
    ]


def test_the_guard_lets_the_public_fact_through_and_holds_the_other(desk: Desk) -> None:
    case_id = asked(desk)
    answer(desk, case_id, Fact("Part 12 is back in the shop on Tuesday", public=True), Fact("The supplier lost forty"))
    with desk.store.read() as session:
        for text, held in (
            ("Part 12 is back in the shop on Tuesday.", False),
            ("The supplier lost forty of them.", True),
        ):
            verdict = cases.review_reply(session, case_id, text=text, now=desk.now)
            assert any(finding.reason == "note_leak" for finding in verdict.findings) is held, text


@pytest.mark.parametrize(
    "state",
    [{"seen_at": None}, {"seen_at": NOON - timedelta(minutes=6)}, {"away_until": NOON + timedelta(hours=1)},
     {"active": False}, {"hours": {"2": [["13:00", "17:00"]]}, "timezone": "Europe/Amsterdam"}],
)  # fmt: skip
def test_an_answer_goes_to_the_queue_when_whoever_asked_is_not_there(desk: Desk, state: dict[str, object]) -> None:
    case_id = asked(desk)
    seen(desk, desk.first, **state)
    case = answer(desk, case_id, remark="Yes.")
    assert (case.queue, case.assignee_id, case.state) == ("first_line", None, CaseState.NEW)
    assert told_of(desk, case_id, "handed_back")[0]["to"] is None


def test_a_public_fact_of_the_first_line_waits_for_a_second_person(desk: Desk) -> None:
    case_id = asked(desk)
    answer(desk, case_id, Fact("Part 12 is back on Tuesday", public=True), by=desk.first)
    with desk.store.read() as session:
        assert [fact.waits for fact in facts_of(session, case_id)] == [True]


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ([], "empty"),
        ([Fact(" ")], "empty"),
        ([Fact("On Tuesday"), Fact(" On  Tuesday ", public=True)], "twice"),
        ([Fact("x" * 1001)], "1000"),
        ([Fact(f"Fact {number}") for number in range(21)], "20"),
        ([Fact("On Tuesday", valid_until=NOON)], "over"),
    ],
)
def test_an_answer_that_says_nothing_or_too_much_is_refused_in_words(desk: Desk, facts: list[Fact], why: str) -> None:
    case_id = asked(desk)
    with pytest.raises(WebcareError, match=why):
        answer(desk, case_id, *facts)
    assert case_now(desk, case_id).line == "second_line"
    assert desk.events(case_id) == ["opened", "claimed", "handed_over"]


def test_facts_on_a_case_nobody_asked_about_are_kept_too(desk: Desk) -> None:
    case_id = desk.open_case().id or 0
    with desk.store.write() as session:
        session.get_one(CaseRow, case_id).line = "second_line"
    answer(desk, case_id, Fact("It is in Utrecht", public=True))
    [row] = questions_of(desk, case_id)
    assert (row.question, row.outcome, row.asked_by) == ("", "answered", desk.second.id)
    assert case_now(desk, case_id).assignee_id is None


def test_acting_on_an_old_look_keeps_the_answer_from_getting_lost_behind_a_colleagues(desk: Desk) -> None:
    case_id = asked(desk)
    old = case_now(desk, case_id).version
    answer(desk, case_id, remark="Yes.")
    with desk.store.write() as session, pytest.raises(CaseChanged, match="handed back"):
        cases.hand_back(session, case_id, answer="No.", by=desk.second, now=NOON, version=old)


def test_the_specialists_own_public_answer_closes_the_question_a_holding_answer_does_not(desk: Desk) -> None:
    holding, own = asked(desk), asked(desk)
    desk.reply(holding, "Thanks for your message. We asked a colleague.")
    assert [row.outcome for row in questions_of(desk, holding)] == [""]
    speaks = Actor(desk.second.id, desk.second.name, Role.SECOND_LINE, grants=frozenset({Permission.SEND_REPLY.value}))
    text = "It is back on Tuesday."
    with desk.store.write() as session:
        verdict = cases.review_reply(session, own, text=text, now=desk.now)
        cases.send_reply(
            session, own, text=text, verdict=verdict, by=speaks, now=desk.now, undo=timedelta(0), acknowledged=True
        )
    [row] = questions_of(desk, own)
    assert (row.outcome, row.closed_by) == ("replied", desk.second.id)
    assert told_of(desk, own, "reply_approved")[0]["outcome"] == "replied"
    with desk.store.write() as session, pytest.raises(CaseStateRefused, match="waits"):
        cases.withdraw_question(session, own, by=desk.first, now=desk.now)


def test_a_withdrawn_question_brings_the_case_back_to_whoever_withdrew_it(desk: Desk) -> None:
    case_id = asked(desk)
    with desk.store.write() as session:
        case = cases.withdraw_question(session, case_id, by=desk.first, now=desk.later(minutes=2))
    assert (case.queue, case.assignee_id, case.state) == ("first_line", desk.first.id, CaseState.OPEN)
    assert told_of(desk, case_id, "question_withdrawn") == [
        {"handover_id": 1, "outcome": "withdrawn", "asked_by": desk.first.id, "taken_by": None, "waited_s": 120}
    ]


# --- figures ----------------------------------------------------------------------------------------


def test_consulting_leaves_everything_that_first_contact_is_counted_by_alone(desk: Desk) -> None:
    case_id = desk.open_case().id or 0
    counted = ("opened_at", "first_posted_at", "waiting_since", "respond_by", "first_respond_by", "first_response_at",
               "reopened", "resolution")  # fmt: skip
    before = {name: getattr(case_now(desk, case_id), name) for name in counted}
    with desk.store.write() as session:
        cases.hand_over(session, case_id, question="?", by=desk.first, now=desk.later(minutes=3))
    desk.later(minutes=7)
    answer(desk, case_id, remark="Yes.")
    assert {name: getattr(case_now(desk, case_id), name) for name in counted} == before
    [detail] = told_of(desk, case_id, "handed_back")
    assert (detail["outcome"], detail["waited_s"], detail["asked_by"]) == ("answered", 420, desk.first.id)


# --- the return timer -------------------------------------------------------------------------------


def test_it_is_said_once_that_an_answer_is_nearly_due_and_stops_nobody_from_answering(desk: Desk) -> None:
    case_id = asked(desk)
    version = case_now(desk, case_id).version
    desk.now = NOON + timedelta(minutes=89)
    assert run_job(desk) == 0
    desk.now = NOON + timedelta(minutes=90)
    assert [run_job(desk), run_job(desk)] == [1, 0]
    assert desk.events(case_id)[-1] == "question_due"
    assert case_now(desk, case_id).version == version


def test_an_unanswered_question_comes_back_once_whoever_runs_the_job(desk: Desk) -> None:
    case_id = asked(desk)
    desk.now = NOON + timedelta(minutes=120)
    seen(desk, desk.first)
    done: list[bool] = []

    def bring_back() -> None:
        with desk.store.write() as session:
            done.append(handing_over.return_question(session, case_id, now=desk.now))

    threads = [threading.Thread(target=bring_back) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == [False, False, False, True]
    case = case_now(desk, case_id)
    assert (case.queue, case.assignee_id, case.handovers) == ("first_line", desk.first.id, 2)
    assert desk.events(case_id).count("question_returned") == 1
    assert questions_of(desk, case_id)[0].outcome == "returned"


def test_a_return_that_broke_off_in_the_middle_happened_not_at_all_and_then_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    case_id = asked(desk)
    desk.now = NOON + timedelta(minutes=121)
    with monkeypatch.context() as patched:
        patched.setattr(handing_over, "changed", lambda *args, **options: 1 / 0)
        with pytest.raises(ZeroDivisionError), desk.store.write() as session:
            handing_over.return_question(session, case_id, now=desk.now)
    assert (case_now(desk, case_id).line, questions_of(desk, case_id)[0].outcome) == ("second_line", "")
    assert [run_job(desk), run_job(desk)] == [1, 0]
    assert desk.events(case_id)[-1] == "question_returned"


def test_an_answer_that_comes_too_late_is_added_where_the_case_is(desk: Desk) -> None:
    case_id = asked(desk)
    desk.now = NOON + timedelta(minutes=120)
    run_job(desk)
    before = case_now(desk, case_id)
    case = answer(desk, case_id, Fact("It is back on Tuesday", public=True))
    assert (case.queue, case.handovers, case.assignee_id) == (before.queue, before.handovers, before.assignee_id)
    assert questions_of(desk, case_id)[0].outcome == "answered"
    assert told_of(desk, case_id, "handed_back")[0]["late"] is True
    with pytest.raises(CaseStateRefused, match="first line"):
        answer(desk, case_id, remark="Once more.")


def test_a_question_of_a_case_that_was_closed_waits_no_longer(desk: Desk) -> None:
    case_id = asked(desk)
    with desk.store.write() as session:
        cases.resolve(session, case_id, resolution=Resolution.SPAM, by=desk.second, now=desk.now)
    assert run_job(desk) == 1
    case = case_now(desk, case_id)
    assert (case.state, case.line) == (CaseState.RESOLVED, "first_line")
    with desk.store.read() as session:
        assert open_question(session, case_id) is None
    assert desk.events(case_id)[-1] == "question_withdrawn"


def test_the_desk_runs_the_job() -> None:
    from webcare.jobs import JOBS

    assert QUESTIONS in JOBS
    assert App(load_settings(env={})).settings.second_line.answer_within("high") == timedelta(minutes=30)


# --- a reply made of facts --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "address", "customer", "draft"),
    [
        ("nl", {}, "Anna de Vries", "Hoi Anna,\nWe hebben het voor je nagevraagd. Dinsdag is hij er weer. Op is op!"),
        (
            "nl",
            {"nl": "formal"},
            "Anna de Vries",
            "Beste Anna,\nWe hebben het voor u nagevraagd. Dinsdag is hij er weer. Op is op!",
        ),
        ("nl", {"nl": "formal"}, "", "Goedendag,\nWe hebben het voor u nagevraagd. Dinsdag is hij er weer. Op is op!"),
        (
            "de",
            {"de": "formal"},
            "K@rl",
            "Guten Tag,\nWir haben für Sie nachgefragt. Dinsdag is hij er weer. Op is op!",
        ),
        ("sv", {"nl": "formal"}, "ANNA", "Hej,\nVi har kollat upp det åt dig. Dinsdag is hij er weer. Op is op!"),
        ("xx", {}, "", "Hi,\nWe looked into this for you. Dinsdag is hij er weer. Op is op!"),
    ],
)
def test_a_draft_greets_in_the_customers_language_and_the_brands_form_of_address(
    language: str, address: dict[str, str], customer: str, draft: str
) -> None:
    facts = ["dinsdag is hij er weer", "Op is op!"]
    assert draft_of_facts(facts, language=language, address=address, customer=customer) == draft


def test_without_facts_there_is_no_draft() -> None:
    assert draft_of_facts([], language="nl") == ""


def _at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def test_an_answer_is_nearly_due_after_its_part_of_the_time() -> None:
    assert handing_over.warn_at(NOON, _at(100), 0.75) == _at(75)
