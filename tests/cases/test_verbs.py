"""What people do to a case: each verb, its refusals, its one event."""

from contextlib import suppress
from datetime import timedelta

import pytest
from sqlmodel import Session, select

from webcare import cases
from webcare.domain import Actor, CaseState, FactKind, Line, Resolution, Role, Sentiment, Topic, Urgency
from webcare.errors import CaseChanged, CaseNotFound, CaseStateRefused, NotAllowed, WebcareError
from webcare.people import PERMISSIONS, Permission, may
from webcare.store.tables import AgentRow, NoteRow, ShareableFactRow, TriageRow
from webcare.store.tables_desk import HandoverRow
from webcare.testing import NOON, Desk


def test_claiming_opens_the_case_and_a_second_person_is_told_who_has_it(desk: Desk) -> None:
    case_id = desk.open_case().id or 0
    with desk.store.write() as session:
        case = cases.claim(session, case_id, by=desk.first, now=NOON)
        assert (case.state, case.assignee_id) == (CaseState.OPEN, desk.first.id)
    with desk.store.write() as session, pytest.raises(CaseStateRefused, match=desk.first.name):
        cases.claim(session, case_id, by=desk.second, now=NOON)
    assert desk.events(case_id) == ["opened", "claimed"]


def test_acting_on_an_old_look_at_the_case_is_refused_and_says_who_changed_it(desk: Desk) -> None:
    case = desk.open_case()
    case_id = case.id or 0
    with desk.store.write() as session:
        cases.claim(session, case_id, by=desk.first, now=NOON, version=case.version)
    with desk.store.write() as session, pytest.raises(CaseChanged, match=f"{desk.first.name} \\(claimed\\)"):
        cases.assign(session, case_id, to=desk.second.id, by=desk.second, now=NOON, version=case.version)
    with desk.store.read() as session:
        assert cases.load(session, case_id).assignee_id == desk.first.id


def test_a_question_travels_to_the_second_line_and_the_answer_comes_back_as_notes(desk: Desk) -> None:
    case_id = desk.open_case().id or 0
    with desk.store.write() as session:
        cases.claim(session, case_id, by=desk.first, now=NOON)
        case = cases.hand_over(session, case_id, question="Is it in the warehouse?", by=desk.first, now=NOON)
        assert (case.queue, case.line, case.assignee_id, case.state) == ("second_line", "second_line", None, "new")
        case = cases.hand_back(session, case_id, answer="Yes, leaves tomorrow.", by=desk.second, now=NOON)
        assert (case.queue, case.handovers) == ("first_line", 2)
    with desk.store.read() as session:
        assert session.exec(select(NoteRow.text)).all() == ["Is it in the warehouse?", "Yes, leaves tomorrow."]
    assert desk.events(case_id) == ["opened", "claimed", "handed_over", "handed_back"]


def test_handing_over_twice_is_refused(desk: Desk) -> None:
    case_id = desk.open_case().id or 0
    with desk.store.write() as session:
        cases.hand_over(session, case_id, question="?", by=desk.first, now=NOON)
    with desk.store.write() as session, pytest.raises(CaseStateRefused, match="already"):
        cases.hand_over(session, case_id, question="?", by=desk.first, now=NOON)


def test_a_snoozed_case_leaves_the_queue_and_wakes_at_its_time(desk: Desk) -> None:
    case_id = desk.open_case().id or 0
    with desk.store.write() as session:
        cases.snooze(session, case_id, until=NOON + timedelta(hours=1), by=desk.first, now=NOON)
        assert cases.wake_snoozed(session, now=NOON + timedelta(minutes=59)) == 0
        assert cases.wake_snoozed(session, now=NOON + timedelta(hours=1)) == 1
    with desk.store.read() as session:
        assert cases.load(session, case_id).state == CaseState.NEW
    assert desk.events(case_id) == ["opened", "snoozed", "woken"]


def test_snoozing_into_the_past_is_refused(desk: Desk) -> None:
    case_id = desk.open_case().id or 0
    with desk.store.write() as session, pytest.raises(CaseStateRefused, match="future"):
        cases.snooze(session, case_id, until=NOON, by=desk.first, now=NOON)


def test_resolving_and_reopening(desk: Desk) -> None:
    case_id = desk.open_case().id or 0
    with desk.store.write() as session:
        cases.resolve(session, case_id, resolution=Resolution.SPAM, by=desk.first, now=NOON)
    with desk.store.write() as session, pytest.raises(CaseStateRefused, match="resolved"):
        cases.resolve(session, case_id, resolution=Resolution.SPAM, by=desk.first, now=NOON)
    with desk.store.write() as session:
        case = cases.reopen(session, case_id, by=desk.first, now=NOON)
        assert (case.state, case.reopened, case.resolution) == (CaseState.NEW, 1, "")
    assert desk.events(case_id) == ["opened", "resolved", "reopened"]


def test_a_correction_is_kept_beside_the_models_word_and_moves_queue_and_deadline(desk: Desk) -> None:
    case_id = desk.open_case().id or 0
    with desk.store.write() as session:
        case = cases.correct_triage(
            session,
            case_id,
            urgency=Urgency.HIGH,
            topic=Topic.PAYMENT,
            sentiment=Sentiment.NEGATIVE,
            line=Line.SECOND_LINE,
            targets=desk.settings.routing,
            by=desk.first,
            now=NOON,
        )
        assert (case.urgency, case.topic, case.queue, case.priority) == ("high", "payment", "second_line", 2)
        assert case.respond_by == NOON + timedelta(hours=1)
    with desk.store.read() as session:
        versions = session.exec(select(TriageRow.model_version, TriageRow.topic).order_by(TriageRow.id)).all()
    assert versions == [("fake-1", "delivery"), ("person", "payment")]


def test_correcting_nothing_is_refused(desk: Desk) -> None:
    case_id = desk.open_case().id or 0
    with desk.store.write() as session, pytest.raises(CaseStateRefused, match="already"):
        cases.correct_triage(session, case_id, topic=Topic.DELIVERY, by=desk.first, now=NOON)


def test_drafts_are_kept_per_person_and_kind_and_an_empty_one_is_forgotten(desk: Desk) -> None:
    case_id = desk.open_case().id or 0
    with desk.store.write() as session:
        cases.save_draft(session, case_id, kind="reply", text="Hi,", by=desk.first, now=NOON)
        cases.save_draft(session, case_id, kind="reply", text="Hi, we", by=desk.first, now=NOON)
        cases.save_draft(session, case_id, kind="note", text="he is upset", by=desk.first, now=NOON)
        assert cases.draft_of(session, case_id, kind="reply", by=desk.first) == "Hi, we"
        assert cases.draft_of(session, case_id, kind="reply", by=desk.second) == ""
        cases.save_draft(session, case_id, kind="reply", text=" ", by=desk.first, now=NOON)
        assert cases.draft_of(session, case_id, kind="reply", by=desk.first) == ""
        assert cases.draft_of(session, case_id, kind="note", by=desk.first) == "he is upset"


def test_a_saved_note_clears_its_draft(desk: Desk) -> None:
    case_id = desk.open_case().id or 0
    with desk.store.write() as session:
        cases.save_draft(session, case_id, kind="note", text="call the shop", by=desk.second, now=NOON)
        cases.add_note(session, case_id, text="call the shop", by=desk.second, now=NOON)
        assert cases.draft_of(session, case_id, kind="note", by=desk.second) == ""
    assert desk.events(case_id) == ["opened", "noted"]


@pytest.mark.parametrize("text", ["", "  \n ", "x" * 10_001])
def test_empty_and_endless_notes_are_refused_in_words(desk: Desk, text: str) -> None:
    case_id = desk.open_case().id or 0
    with desk.store.write() as session, pytest.raises(WebcareError, match="note"):
        cases.add_note(session, case_id, text=text, by=desk.first, now=NOON)


def test_a_case_that_does_not_exist_is_said_so(desk: Desk) -> None:
    with desk.store.write() as session, pytest.raises(CaseNotFound, match="404"):
        cases.claim(session, 404, by=desk.first, now=NOON)


def a_note(session: Session, case_id: int) -> int:
    author = session.exec(select(AgentRow.id).where(AgentRow.role == "second_line")).one() or 0
    row = NoteRow(case_id=case_id, agent_id=author, agent_name="Robin", text="It comes on Friday", created_at=NOON)
    session.add(row)
    session.flush()
    return row.id or 0


def a_question(session: Session, case_id: int) -> int:
    """A question of the manager, who may not ask, on the case with this id."""
    author = session.exec(select(AgentRow.id).where(AgentRow.role == "manager")).one() or 0
    session.add(HandoverRow(case_id=case_id, question="?", asked_by=author, asked_at=NOON, return_by=NOON))
    session.flush()
    return case_id


def a_fact(session: Session, case_id: int) -> int:
    """A sentence marked by the manager, who may not: so nobody here is refused for having marked it themselves."""
    author = session.exec(select(AgentRow.id).where(AgentRow.role == "manager")).one() or 0
    row = ShareableFactRow(
        note_id=a_note(session, case_id), case_id=case_id, text="Friday", kind="date", marked_by=author,
        needs_second=True, created_at=NOON,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row.id or 0


VERBS = {
    "claim": (Permission.WORK_CASES, lambda s, c, a: cases.claim(s, c, by=a, now=NOON)),
    "assign": (Permission.WORK_CASES, lambda s, c, a: cases.assign(s, c, to=None, by=a, now=NOON)),
    "hand_over": (Permission.HAND_OVER, lambda s, c, a: cases.hand_over(s, c, question="?", by=a, now=NOON)),
    "hand_back": (Permission.HAND_OVER, lambda s, c, a: cases.hand_back(s, c, answer="!", by=a, now=NOON)),
    "withdraw_question": (
        Permission.HAND_OVER,
        lambda s, c, a: cases.withdraw_question(s, a_question(s, c), by=a, now=NOON),
    ),
    "add_note": (Permission.WORK_CASES, lambda s, c, a: cases.add_note(s, c, text="note", by=a, now=NOON)),
    "save_draft": (
        Permission.WORK_CASES,
        lambda s, c, a: cases.save_draft(s, c, kind="reply", text="draft", by=a, now=NOON),
    ),
    "snooze": (
        Permission.WORK_CASES,
        lambda s, c, a: cases.snooze(s, c, until=NOON + timedelta(hours=1), by=a, now=NOON),
    ),
    "resolve": (
        Permission.WORK_CASES,
        lambda s, c, a: cases.resolve(s, c, resolution=Resolution.SPAM, by=a, now=NOON),
    ),
    "reopen": (Permission.WORK_CASES, lambda s, c, a: cases.reopen(s, c, by=a, now=NOON)),
    "correct_triage": (
        Permission.CORRECT_TRIAGE,
        lambda s, c, a: cases.correct_triage(s, c, topic=Topic.STORE, by=a, now=NOON),
    ),
    "mark_shareable": (
        Permission.WORK_CASES,
        lambda s, c, a: cases.mark_shareable(s, a_note(s, c), "Friday", kind=FactKind.DATE, by=a, now=NOON),
    ),
    "second_fact": (Permission.WORK_CASES, lambda s, c, a: cases.second_fact(s, a_fact(s, c), by=a, now=NOON)),
    "withdraw_fact": (Permission.WORK_CASES, lambda s, c, a: cases.withdraw_fact(s, a_fact(s, c), by=a, now=NOON)),
    "send_reply": (
        Permission.SEND_REPLY,
        lambda s, c, a: cases.send_reply(
            s,
            c,
            text="We look into it for you.",
            verdict=cases.review_reply(s, c, text="We look into it for you.", now=NOON),
            by=a,
            now=NOON,
            undo=timedelta(0),
            acknowledged=True,
        ),
    ),
}


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_asks_the_role_first(desk: Desk, verb: str, role: Role) -> None:
    case_id = desk.open_case().id or 0
    actor = desk.people.get(role) or Actor.system("a job")
    needs, act = VERBS[verb]
    with desk.store.write() as session:
        if may(actor, needs):
            with suppress(CaseStateRefused):  # allowed, but a new case is not in a state for every verb
                act(session, case_id, actor)
        else:
            with pytest.raises(NotAllowed, match=actor.name):
                act(session, case_id, actor)


def test_the_verbs_above_are_all_the_verbs_there_are() -> None:
    elsewhere = {
        "EventKind",
        "load",
        "draft_of",
        "discard_draft",
        "draft_surroundings",
        "review_reply",
        "ask",
        "target_of",
        "message_to_answer",
        "ways_offered",
        "actions_of",
        "ByHand",
        "Fact",
    }  # they only read, or forget a draft
    # in test_delivery.py, test_sending.py, test_grading.py and test_acting.py
    tested_apart = {
        # test_approvals.py and test_promises.py
        "approve_reply", "refuse_reply", "withdraw_reply", "decide_approval", "keep_promise", "drop_promise",
        "move_promise", "break_promise",
        "take_back", "settle_by_hand", "wake_snoozed", "check_and_send", "grade_finding", "report_slip",
            "try_rule", "save_rule", "delete_rule", "ask_action", "retract",
    }  # fmt: skip
    assert set(cases.__all__) - elsewhere - tested_apart == set(VERBS)
    assert set(PERMISSIONS) == set(Role)
