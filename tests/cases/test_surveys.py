"""Asking customers how we helped: who is asked, through the one gate, what an answer does and what it leaves alone."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import select

from webcare import cases, retention
from webcare.cases import survey_asking
from webcare.cases.record import EventKind
from webcare.cases.survey_policy import TEXTS, SurveyPolicy, decide_survey, policy_at
from webcare.cases.survey_reading import read_rating
from webcare.cases.surveys import LeftOut
from webcare.channels.base import Permission as ReplyPermission
from webcare.channels.base import ReplyTarget
from webcare.domain import Author, CaseState, DeliveryState, MentionKind, ReplyWay, Resolution, Role, Sentiment, Urgency
from webcare.errors import NotAllowed, WebcareError
from webcare.measures.clocks import Clocks
from webcare.measures.facts import facts_of
from webcare.measures.history import histories
from webcare.store.tables import CaseRow, DeliveryRow
from webcare.store.tables_desk import AuditRow, CaseTagRow
from webcare.store.tables_incidents import IncidentCaseRow, IncidentRow
from webcare.store.tables_quality import SurveyAnswerRow, SurveyOptOutRow, SurveyRow
from webcare.testing import Desk, make_mention, make_triage

ZONE = ZoneInfo("Europe/Amsterdam")
ANNA = Author("c77", "Anna Visser", "annavisser")


def decide(desk: Desk, **value: Any) -> None:
    with desk.store.write() as session:
        today = desk.now.astimezone(ZONE).date()
        by = desk.people[Role.MANAGER]
        decide_survey(session, {"on": True, **value}, first_day=today, zone=ZONE, by=by, now=desk.now)


def write(desk: Desk, text: str, *, author: Author = ANNA, thread: str = "dm1", **changes: Any) -> CaseRow:
    """The customer writes privately."""
    mention = make_mention(
        text, author=author, thread_id=thread, posted_at=desk.now, kind=MentionKind.DIRECT_MESSAGE, **changes
    )
    desk.receive(mention)
    return desk.case_of(mention)


def resolve(desk: Desk, case_id: int, how: Resolution = Resolution.ANSWERED) -> None:
    with desk.store.write() as session:
        cases.resolve(session, case_id, resolution=how, by=desk.first, now=desk.now)


def helped(desk: Desk, text: str = "Where is my sofa?", *, author: Author = ANNA, thread: str = "dm1") -> int:
    """A private case that was answered and closed."""
    case_id = write(desk, text, author=author, thread=thread).id or 0
    desk.later(minutes=5)
    desk.reply(case_id)
    desk.later(minutes=1)
    assert desk.deliver() == 1
    desk.later(minutes=1)
    resolve(desk, case_id)
    return case_id


def ask(desk: Desk) -> int:
    return survey_asking.ask_due(desk.store, {desk.account_key: desk.channel}, now=desk.now)


def asked(desk: Desk, **value: Any) -> int:
    """A case whose customer was asked just now."""
    decide(desk, **value)
    case_id = helped(desk)
    desk.later(minutes=61)
    assert ask(desk) == 1
    assert desk.deliver() == 1
    return case_id


def case_of(desk: Desk, case_id: int) -> CaseRow:
    with desk.store.read() as session:
        return cases.load(session, case_id)


def survey_of(desk: Desk, case_id: int) -> SurveyRow | None:
    with desk.store.read() as session:
        return session.exec(select(SurveyRow).where(SurveyRow.case_id == case_id)).first()


def marks(desk: Desk, case_id: int) -> list[tuple[int | None, bool]]:
    with desk.store.read() as session:
        query = select(SurveyAnswerRow).where(SurveyAnswerRow.case_id == case_id).order_by("id")  # type: ignore[arg-type]
        return [(row.score, row.only) for row in session.exec(query)]


def facts(desk: Desk, case_id: int, *names: str) -> list[tuple[str, float | None, str]]:
    with desk.store.read() as session:
        (history,) = histories(session, [case_id])
    found = facts_of(history, Clocks(), at=desk.now)
    return [(one.measure, one.value, one.reason) for one in found if one.measure in names]


# --- the decision ---------------------------------------------------------------------------------


def test_nobody_is_asked_before_somebody_decides(desk: Desk) -> None:
    case_id = helped(desk)
    desk.later(minutes=61)
    assert ask(desk) == 0
    assert survey_of(desk, case_id) is None
    decide(desk)
    desk.later(minutes=61)
    # It was closed before the decision counted.
    assert ask(desk) == 0


def test_the_decision_has_a_first_day_an_audit_row_and_asks_for_a_right(desk: Desk) -> None:
    tomorrow = (desk.now + timedelta(days=1)).astimezone(ZONE).date()
    with desk.store.write() as session:
        with pytest.raises(NotAllowed):
            decide_survey(session, {"on": True}, first_day=tomorrow, zone=ZONE, by=desk.first, now=desk.now)
        manager = desk.people[Role.MANAGER]
        decide_survey(
            session, {"on": True, "once_in_days": 30}, first_day=tomorrow, zone=ZONE, by=manager, now=desk.now
        )
    with desk.store.read() as session:
        assert not policy_at(session, now=desk.now).on
        then = policy_at(session, now=desk.now + timedelta(days=1))
        assert (then.on, then.once_in_days, then.by) == (True, 30, (manager.id, manager.name))
        row = session.exec(select(AuditRow).where(AuditRow.subject == "policy:survey")).one()
        assert row.after["on"] is True


@pytest.mark.parametrize("value", [
    {"wait_min": 0}, {"who": "everybody"}, {"languages": ["xx"]}, {"own_texts": {"nl": "Blij met ons? STOP"}},
    {"own_texts": {"nl": "Geef 1 tot 5"}}, {"once_in_days": "often"}, {"colour": "red"}, {"on": 1},
])  # fmt: skip
def test_what_cannot_be_meant_is_refused(value: dict[str, Any]) -> None:
    with pytest.raises(WebcareError):
        SurveyPolicy.from_value(value)


def test_our_own_texts_pass_their_own_rules_and_a_brand_may_have_others() -> None:
    policy = SurveyPolicy.from_value({"own_texts": {**TEXTS, "nl": "Van 1 tot 5? Na STOP is het stil."}})
    assert policy.text("nl") == "Van 1 tot 5? Na STOP is het stil."
    assert policy.text("sv") == TEXTS["sv"]
    assert SurveyPolicy.from_value({"languages": ["nl"]}).text("sv") == ""


# --- asking ---------------------------------------------------------------------------------------


def test_the_question_goes_out_once_and_is_no_answer(desk: Desk) -> None:
    decide(desk)
    case_id = helped(desk)
    before = case_of(desk, case_id)
    assert ask(desk) == 0  # not yet
    desk.later(minutes=61)
    assert ask(desk) == 1
    assert ask(desk) == 0
    assert desk.deliver() == 1
    _, reply = desk.channel.timeline[-1]
    assert (reply.text, reply.way, reply.kind) == (TEXTS["en"], ReplyWay.PRIVATE, MentionKind.DIRECT_MESSAGE)
    after = case_of(desk, case_id)
    assert (after.state, after.version, after.first_response_at) == (
        before.state,
        before.version,
        before.first_response_at,
    )
    row = survey_of(desk, case_id)
    assert row is not None
    assert (row.asked_at, row.agent_id) == (desk.now, desk.first.id)
    assert desk.events(case_id)[-2:] == [EventKind.SURVEY_ASKED, EventKind.SURVEY_SENT]
    assert [value for name, value, _ in facts(desk, case_id, "handled")] == [1.0]
    assert facts(desk, case_id, "csat", "csat_response") == [("csat", None, "open"), ("csat_response", None, "open")]


def test_public_cases_are_asked_only_through_an_open_private_conversation(desk: Desk) -> None:
    decide(desk)
    mention = make_mention("Where is my sofa?", author=ANNA, posted_at=desk.now)
    desk.receive(mention)
    public = desk.case_of(mention).id or 0
    desk.reply(public)
    desk.later(minutes=1)
    desk.deliver()
    resolve(desk, public)
    private = write(desk, "Here is my order number.").id or 0
    resolve(desk, private, Resolution.NO_REPLY_NEEDED)
    desk.later(minutes=61)
    assert ask(desk) == 0
    decide(desk, who="conversation", wait_min=1)
    desk.now += timedelta(minutes=1)
    with desk.store.write() as session:
        for id_ in (public, private):
            case = cases.load(session, id_)
            case.resolved_at = desk.now
            session.add(case)
    desk.later(minutes=2)
    assert ask(desk) == 1
    assert desk.deliver() == 1
    desk.later(minutes=1)
    write(desk, "5")
    assert marks(desk, public) == [(5, True)]
    row = survey_of(desk, public)
    assert row is not None
    assert row.asked_in_id == private


def test_a_customer_is_asked_once_in_so_many_days(desk: Desk) -> None:
    asked(desk)
    desk.later(days=30)
    again = helped(desk, thread="dm2")
    desk.later(minutes=61)
    assert ask(desk) == 0
    assert survey_of(desk, again).left_out == LeftOut.ASKED_BEFORE  # type: ignore[union-attr]
    assert ("csat", None, "survey_asked_before") in facts(desk, again, "csat")
    desk.later(days=61)
    third = helped(desk, thread="dm3")
    desk.later(minutes=61)
    assert ask(desk) == 1
    assert survey_of(desk, third).left_out == ""  # type: ignore[union-attr]


def in_danger(desk: Desk, case_id: int) -> None:
    with desk.store.write() as session:
        case = cases.load(session, case_id)
        case.urgency = Urgency.CRITICAL.value
        session.add(case)


def in_incident(desk: Desk, case_id: int) -> None:
    with desk.store.write() as session:
        lead = desk.people[Role.TEAM_LEAD]
        row = IncidentRow(name="Fire", state="open", found_at=desk.now, opened_at=desk.now, opened_by=lead.id)
        session.add(row)
        session.flush()
        session.add(IncidentCaseRow(incident_id=row.id, case_id=case_id, linked_at=desk.now))


def employee(desk: Desk, case_id: int) -> None:
    with desk.store.write() as session:
        session.add(CaseTagRow(case_id=case_id, tag="employee"))


def colleague(desk: Desk, case_id: int) -> None:
    with desk.store.write() as session:
        case = cases.load(session, case_id)
        case.customer_name = desk.second.name
        session.add(case)


def other_language(desk: Desk, case_id: int) -> None:
    with desk.store.write() as session:
        case = cases.load(session, case_id)
        case.language = "fi"
        session.add(case)


def opted_out(desk: Desk, case_id: int) -> None:
    with desk.store.write() as session:
        session.add(SurveyOptOutRow(channel="x", customer_id=ANNA.external_id, at=desk.now))


def retracted(desk: Desk, case_id: int) -> None:
    with desk.store.write() as session:
        for row in session.exec(select(DeliveryRow).where(DeliveryRow.case_id == case_id)):
            row.retracted_at = desk.now
            session.add(row)


@pytest.mark.parametrize(("happens", "why"), [
    (in_danger, LeftOut.CRITICAL), (in_incident, LeftOut.INCIDENT), (employee, LeftOut.OURS), (colleague, LeftOut.OURS),
    (other_language, LeftOut.LANGUAGE), (opted_out, LeftOut.OPTED_OUT), (retracted, LeftOut.NO_ANSWER),
])  # fmt: skip
def test_who_is_never_asked_and_the_figures_say_why(desk: Desk, happens: Any, why: LeftOut) -> None:
    decide(desk)
    case_id = helped(desk)
    happens(desk, case_id)
    desk.later(minutes=61)
    assert ask(desk) == 0
    assert survey_of(desk, case_id).left_out == why  # type: ignore[union-attr]
    assert ("csat", None, why.value) in facts(desk, case_id, "csat")
    assert ask(desk) == 0
    assert len(desk.channel.timeline) == 1


@pytest.mark.parametrize(
    ("after_anger", "writes_back", "count"), [(False, False, 0), (True, False, 1), (True, True, 0)]
)
def test_an_angry_customer_is_not_asked(desk: Desk, after_anger: bool, writes_back: bool, count: int) -> None:
    desk.classifier._decide = lambda text: make_triage(
        sentiment=Sentiment.NEGATIVE if "!" in text else Sentiment.NEUTRAL
    )
    decide(desk, after_anger=after_anger)
    case_id = helped(desk, "This is a disgrace!")
    if writes_back:
        desk.later(minutes=1)
        write(desk, "That is no answer!")
        resolve(desk, case_id)
    desk.later(minutes=61)
    assert ask(desk) == count
    assert survey_of(desk, case_id).left_out == ("" if count else LeftOut.ANGRY)  # type: ignore[union-attr]


def test_a_network_that_says_no_is_not_asked_to_take_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[ReplyTarget] = []

    def no(target: ReplyTarget, way: ReplyWay = ReplyWay.PUBLIC) -> ReplyPermission:
        seen.append(target)
        return ReplyPermission(not target.automated, "No machines.")

    monkeypatch.setattr(desk.channel, "can_reply", no)
    decide(desk)
    case_id = helped(desk)
    desk.later(minutes=61)
    assert ask(desk) == 0
    assert seen[-1].automated
    assert survey_of(desk, case_id).left_out == LeftOut.NOT_SENT  # type: ignore[union-attr]


def test_a_conversation_that_is_a_day_old_is_over(desk: Desk) -> None:
    decide(desk)
    case_id = helped(desk)
    desk.later(hours=25)
    assert ask(desk) == 0
    assert survey_of(desk, case_id).left_out == LeftOut.TOO_LATE  # type: ignore[union-attr]


def test_the_guard_reads_the_question_for_each_case(desk: Desk) -> None:
    note = "Klantenservice zegt dat de chauffeur van Visser nooit thuis belt en dat de klant liegt"
    decide(desk, own_texts={"en": f"From 1 to 5? STOP. {note}"})
    case_id = write(desk, "Where is my sofa?").id or 0
    with desk.store.write() as session:
        cases.add_note(session, case_id, text=note, by=desk.second, now=desk.now)
    desk.reply(case_id, "It arrives tomorrow between nine and noon.")
    desk.later(minutes=1)
    desk.deliver()
    resolve(desk, case_id)
    desk.later(minutes=61)
    assert ask(desk) == 0
    assert survey_of(desk, case_id).left_out == LeftOut.NOT_SENT  # type: ignore[union-attr]


@pytest.mark.parametrize("happens", ["reopened", "off", "opted_out"])
def test_a_question_on_its_way_stops_when_it_fits_no_more(desk: Desk, happens: str) -> None:
    decide(desk)
    case_id = helped(desk)
    desk.later(minutes=61)
    assert ask(desk) == 1
    if happens == "reopened":
        write(desk, "It did not come.")
    elif happens == "off":
        decide(desk, on=False)
    else:
        opted_out(desk, case_id)
    before = case_of(desk, case_id)
    desk.later(seconds=5)
    assert desk.deliver() == 0
    row = survey_of(desk, case_id)
    assert row is not None
    assert desk.delivery(row.delivery_id).state == DeliveryState.FAILED
    assert row.left_out == LeftOut.NOT_SENT
    assert desk.events(case_id)[-1] == EventKind.SURVEY_FAILED
    after = case_of(desk, case_id)
    assert (after.state, after.waiting_since, after.version) == (before.state, before.waiting_since, before.version)


def test_a_case_that_came_back_is_asked_about_after_its_last_closing(desk: Desk) -> None:
    decide(desk)
    case_id = helped(desk)
    desk.later(minutes=61)
    ask(desk)
    write(desk, "It did not come.")
    desk.later(seconds=5)
    desk.deliver()
    desk.reply(case_id, "We looked again, and the driver is on the way to you.")
    desk.later(minutes=1)
    assert desk.deliver() == 1
    resolve(desk, case_id)
    desk.later(minutes=61)
    assert ask(desk) == 1
    assert desk.deliver() == 1


# --- answering ------------------------------------------------------------------------------------


def test_a_mark_is_kept_and_brings_nothing_back(desk: Desk) -> None:
    case_id = asked(desk)
    before = case_of(desk, case_id)
    desk.later(minutes=10)
    write(desk, "5")
    after = case_of(desk, case_id)
    for name in ("state", "version", "waiting_since", "reopened", "respond_by", "excerpt", "last_posted_at"):
        assert getattr(after, name) == getattr(before, name), name
    assert marks(desk, case_id) == [(5, True)]
    assert desk.events(case_id)[-1] == EventKind.RATED
    assert facts(desk, case_id, "csat", "csat_response") == [("csat", 1.0, ""), ("csat_response", 1.0, "")]
    # It is no message of a customer to the other figures either.
    assert len(facts(desk, case_id, "volume")) == 1
    assert facts(desk, case_id, "next_response") == []
    assert facts(desk, case_id, "reopened") == [("reopened", 0.0, "")]


def test_a_second_mark_counts_instead_of_the_first(desk: Desk) -> None:
    case_id = asked(desk)
    desk.later(minutes=10)
    write(desk, "5")
    desk.later(minutes=1)
    write(desk, "3, sorry")
    assert marks(desk, case_id) == [(5, True), (3, False)]
    assert facts(desk, case_id, "csat") == [("csat", 0.0, "")]


def test_a_mark_with_words_is_a_mark_and_a_message(desk: Desk) -> None:
    case_id = asked(desk)
    desk.later(minutes=10)
    write(desk, "2, because a leg is missing")
    after = case_of(desk, case_id)
    assert (after.state, after.reopened, after.waiting_since) == (CaseState.NEW, 1, desk.now) or (
        after.state in (CaseState.OPEN, CaseState.NEW) and after.reopened == 1 and after.waiting_since == desk.now
    )
    assert marks(desk, case_id) == [(2, False)]
    assert facts(desk, case_id, "csat") == [("csat", 0.0, "")]
    assert len(facts(desk, case_id, "volume")) == 2


def test_anything_else_is_an_ordinary_message(desk: Desk) -> None:
    case_id = asked(desk)
    desk.later(minutes=10)
    write(desk, "4 chairs are missing")
    assert marks(desk, case_id) == []
    assert case_of(desk, case_id).reopened == 1


def test_a_number_that_answers_our_later_question_is_no_mark(desk: Desk) -> None:
    case_id = asked(desk)
    desk.later(minutes=10)
    write(desk, "Chairs are missing.")
    desk.reply(case_id, "How many chairs are missing?")
    desk.later(minutes=1)
    assert desk.deliver() == 1
    desk.later(minutes=1)
    write(desk, "4")
    assert marks(desk, case_id) == []


def test_a_mark_after_72_hours_is_an_ordinary_message_and_no_mark_is_not_zero(desk: Desk) -> None:
    case_id = asked(desk)
    desk.later(hours=72, seconds=1)
    assert facts(desk, case_id, "csat", "csat_response") == [("csat", None, "no_rating"), ("csat_response", 0.0, "")]
    write(desk, "5")
    assert marks(desk, case_id) == []
    assert case_of(desk, case_id).reopened == 1


def test_stop_is_kept_and_asks_for_nothing(desk: Desk) -> None:
    case_id = asked(desk, once_in_days=1)
    desk.later(minutes=10)
    write(desk, "STOP")
    assert case_of(desk, case_id).state == CaseState.RESOLVED
    assert desk.events(case_id)[-1] == EventKind.SURVEY_STOPPED
    desk.later(days=10)
    again = helped(desk, thread="dm2")
    desk.later(minutes=61)
    assert ask(desk) == 0
    assert survey_of(desk, again).left_out == LeftOut.OPTED_OUT  # type: ignore[union-attr]


def test_a_person_is_exported_and_erased_with_their_marks(desk: Desk) -> None:
    case_id = asked(desk)
    desk.later(minutes=10)
    write(desk, "5")
    desk.later(minutes=1)
    write(desk, "STOP")
    person = retention.Person("x", ANNA.external_id)
    manager = desk.people[Role.MANAGER]
    with desk.store.write() as session:
        told = retention.export_person(session, person, by=manager, now=desk.now)
    assert told["asks_for_no_surveys"] is True
    assert [(one["score"], one["asked_at"] is not None) for one in told["cases"][0]["marks"]] == [
        (5, True),
        (None, True),
    ]
    retention.erase_person(desk.store, person, by=manager, now=desk.now)
    with desk.store.read() as session:
        assert session.exec(select(SurveyOptOutRow)).all() == []
        assert ANNA.external_id not in [row.customer_id for row in session.exec(select(SurveyRow))]
    # The figure stays.
    assert facts(desk, case_id, "csat") == [("csat", 1.0, "")]


# --- reading --------------------------------------------------------------------------------------

MARKS = {
    1: "1|één|one|ett|eins|★☆☆☆☆|👎🏽|😡|1/5",
    2: "2|twee|two|två|to|zwei|⭐⭐|2 van de 5|2 sterren",
    3: "3|drie|three|tre|drei|3️⃣|3 out of 5|😐",
    4: " 4 !|vier|four|fyra|fire|4 av 5|4 von 5 Sternen|4 stjerner|👍",
    5: "5|vijf|five|fem|FÜNF|5/5|5 / 5|5 af 5|⭐️⭐️⭐️⭐️⭐️|5 stjärnor|5 😀|😍",
}
NO_MARKS = (
    "4 chairs are missing|8/10|5/10|4.5|4,50|5:30|5-6|10|0|6|1-2 days|4. Mai kommt niemand|5 dagen|One sofa|5/50|14/5"
    "|1 of 5 chairs broke|★★★★★★|2 stars, 3 stars|Thanks|stop calling me|2026|+31 5|"
)


def test_marks_are_read_in_six_languages_and_nothing_else_is_one() -> None:
    for score, texts in MARKS.items():
        for text in texts.split("|"):
            found = read_rating(text)
            assert found is not None, text
            assert (found.score, found.only) == (score, True), text
    for text in NO_MARKS.split("|"):
        assert read_rating(text) is None, text
    for text in ("5, super fast help", "Great help, 5/5!", "4 - maar de bank ontbreekt", "5\nThanks", "⭐⭐⭐ meh"):
        found = read_rating(text)
        assert found is not None, text
        assert (found.only, found.score is not None) == (False, True), text
