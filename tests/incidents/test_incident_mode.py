"""Incident mode: opening, holding texts, the list of the hit, the outcome, closing, and what rests meanwhile."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import select

from tests.incidents.conftest import receive_many
from webcare import cases, retention
from webcare.cases import saved_replies
from webcare.cases.acting import retract
from webcare.cases.approvals import approve_reply
from webcare.domain import Actor, Decision, Role, Sentiment
from webcare.errors import NotAllowed, WebcareError
from webcare.incidents import hit, holding, mode, reading, texts
from webcare.store import Store
from webcare.store.tables import AgentRow, CaseRow, DeliveryRow, MentionRow
from webcare.store.tables_incidents import IncidentCaseRow, IncidentRow, IncidentSignalRow, IncidentUseRow
from webcare.testing import NOON, Desk, FakeClassifier, make_desk, make_mention, make_triage

WORDINGS = (
    "Sorry about the double charge. We are finding out what happened and write to you here.",
    "We are sorry: our app charges some orders twice. We are on it and tell you more here.",
    "How annoying, and thank you for telling us. The checkout has a fault; we answer you in this thread.",
)
OUTCOME = "The payment was taken twice because of a fault in the app. Everybody has their money back."
JOKE = "Haha, our lamp clearly has a great sense of humour 😂 Maybe it auditions for the circus!"


def lead(desk: Desk) -> Actor:
    return desk.people[Role.TEAM_LEAD]


def opened(desk: Desk, case_ids: Any = (), **more: Any) -> int:
    with desk.store.write() as session:
        return mode.open_incident(
            session, by=lead(desk), now=desk.now, name="Double charge", case_ids=tuple(case_ids), **more
        )


def told(desk: Desk, incident: int) -> None:
    with desk.store.write() as session:
        mode.tell_outcome(session, incident, outcome=OUTCOME, by=lead(desk), now=desk.now)


def whole(desk: Desk, incident: int) -> reading.Whole:
    with desk.store.read() as session:
        return reading.whole(session, incident, by=desk.first)


def answer(desk: Desk, case_id: int, text: str = "It was a fault of ours, and your money is back.") -> DeliveryRow:
    desk.later(seconds=1)
    reply = desk.reply(case_id, text)
    desk.later(seconds=60)
    desk.deliver()
    return reply


def close(desk: Desk, incident: int) -> None:
    with desk.store.write() as session:
        mode.close_incident(session, incident, by=lead(desk), now=desk.now)


def approved(desk: Desk, incident: int, wordings: Any = WORDINGS) -> list[int]:
    ids = [
        texts.write_text(desk.store, incident, language="en", text=text, by=desk.first, now=desk.now)
        for text in wordings
    ]
    with desk.store.write() as session:
        for text_id in ids:
            texts.approve_text(session, text_id, by=lead(desk), now=desk.now)
    return ids


def send(desk: Desk, incident: int, case_ids: list[int], window: float = 5) -> Any:
    return holding.send_holding(
        desk.store, incident, case_ids, by=desk.first, now=desk.now, undo=timedelta(seconds=20),
        window=timedelta(minutes=window),
    )  # fmt: skip


# --- opening and closing ----------------------------------------------------------------------------


def test_it_closes_only_when_everybody_was_told_or_left_out_for_a_reason(desk: Desk) -> None:
    first, second, third = receive_many(desk, 3)
    incident = opened(desk, [first, second, third])
    with pytest.raises(WebcareError, match="what came of it"):
        close(desk, incident)
    answer(desk, first, "Sorry, we are finding out what happened.")
    told(desk, incident)
    assert whole(desk, incident).left == 3, "an answer before the outcome told nobody the outcome"
    answer(desk, first)
    answer(desk, second)
    with pytest.raises(WebcareError, match="1 on the list"):
        close(desk, incident)
    with desk.store.write() as session:
        hit.leave_out(session, incident, [third], reason="Wrote about another shop", by=lead(desk), now=desk.now)
    close(desk, incident)
    assert whole(desk, incident).incident.state == "closed"


def test_a_reason_taken_back_puts_somebody_on_the_list_again(desk: Desk) -> None:
    (case_id,) = receive_many(desk, 1)
    incident = opened(desk, [case_id])
    for reason, left in (("Told by telephone", 0), ("", 1)):
        with desk.store.write() as session:
            hit.leave_out(session, incident, [case_id], reason=reason, by=lead(desk), now=desk.now)
        assert whole(desk, incident).left == left


def test_a_retracted_answer_told_nobody(desk: Desk) -> None:
    (case_id,) = receive_many(desk, 1)
    incident = opened(desk, [case_id])
    told(desk, incident)
    reply = answer(desk, case_id)
    assert whole(desk, incident).left == 0
    with desk.store.write() as session:
        external_id = desk.delivery(reply.id).external_id or ""
        retract(session, case_id, external_id=external_id, reason="Wrong customer", by=lead(desk), now=desk.now)
    assert whole(desk, incident).left == 1


def test_a_new_outcome_has_to_be_told_anew(desk: Desk) -> None:
    (case_id,) = receive_many(desk, 1)
    incident = opened(desk, [case_id])
    told(desk, incident)
    answer(desk, case_id)
    desk.later(minutes=1)
    told(desk, incident)
    assert whole(desk, incident).left == 1


def test_only_those_who_run_incidents_decide_and_the_first_line_sees(desk: Desk) -> None:
    incident = opened(desk)
    with desk.store.write() as session, pytest.raises(NotAllowed):
        mode.tell_outcome(session, incident, outcome=OUTCOME, by=desk.first, now=desk.now)
    with desk.store.read() as session:
        assert [one.id for one in reading.incidents(session, by=desk.first)] == [incident]


def test_false_alarms_are_counted(desk: Desk) -> None:
    with desk.store.write() as session:
        for number in range(3):
            session.add(IncidentRow(id=number + 1, series="topic:payment", found_at=NOON))
    with desk.store.write() as session:
        mode.call_false(session, 1, reason="A campaign of ours", by=lead(desk), now=desk.now)
        mode.open_incident(session, incident_id=2, name="Double charge", by=lead(desk), now=desk.now)
    with desk.store.read() as session:
        found = reading.precision(session, since=NOON - timedelta(days=1))
    assert (found.right, found.false, found.unjudged, found.share) == (1, 1, 1, 0.5)


def test_each_step_stands_in_the_timeline_once(desk: Desk) -> None:
    (case_id,) = receive_many(desk, 1)
    incident = opened(desk, [case_id])
    approved(desk, incident, WORDINGS[:1])
    send(desk, incident, [case_id])
    desk.later(minutes=2)
    desk.deliver()
    told(desk, incident)
    answer(desk, case_id)
    close(desk, incident)
    assert [entry.what.removeprefix("incident_") for entry in whole(desk, incident).timeline] == [
        "opened", "text", "text_approved", "holding", "outcome", "closed",
    ]  # fmt: skip


# --- what rests -------------------------------------------------------------------------------------


def jokes_blocked(desk: Desk, case_id: int) -> bool:
    with desk.store.write() as session:
        verdict = cases.review_reply(session, case_id, text=JOKE, now=desk.now)
    return verdict.decision is Decision.BLOCK and "joke_in_incident" in {one.reason for one in verdict.findings}


@pytest.mark.parametrize(("where", "elsewhere"), [("cases", False), ("desk", True), ("", None)])
def test_jokes_are_held_while_it_is_open(desk: Desk, where: str, elsewhere: bool | None) -> None:
    desk.classifier = FakeClassifier(lambda text: make_triage(sentiment=Sentiment.POSITIVE))
    hit_case, other = (desk.open_case("Lovely lamp 😂 it blinks like my granny").id or 0 for _ in range(2))
    assert not jokes_blocked(desk, hit_case)
    incident = opened(desk, [hit_case], jokes=where)
    assert (jokes_blocked(desk, hit_case), jokes_blocked(desk, other)) == (elsewhere is not None, bool(elsewhere))
    told(desk, incident)
    with desk.store.write() as session:
        hit.leave_out(session, incident, [hit_case], reason="None of it", by=lead(desk), now=desk.now)
    close(desk, incident)
    assert not jokes_blocked(desk, hit_case)


def test_texts_of_a_campaign_rest_while_it_is_open(desk: Desk) -> None:
    with desk.store.write() as session:
        for name, campaign in (("Spring sale", True), ("Opening hours", False)):
            wanted = saved_replies.Wanted(name, {"en": f"{name}: see our site."}, campaign=campaign)
            saved_replies.save(session, wanted, by=desk.first, now=desk.now)

    def offered() -> list[str]:
        with desk.store.read() as session:
            return [one.name for one in saved_replies.offered(session, by=desk.first, now=desk.now)]

    assert offered() == ["Opening hours", "Spring sale"]
    incident = opened(desk)
    assert offered() == ["Opening hours"]
    told(desk, incident)
    close(desk, incident)
    assert offered() == ["Opening hours", "Spring sale"]


# --- holding texts ----------------------------------------------------------------------------------


def test_a_wording_needs_the_guard_and_a_second_person(desk: Desk) -> None:
    incident = opened(desk)
    with pytest.raises(WebcareError, match="guard holds"):
        texts.write_text(desk.store, incident, language="en", text="See INC-40233, per Karin.", by=desk.first, now=NOON)
    with pytest.raises(WebcareError, match="without"):
        texts.write_text(desk.store, incident, language="en", text="Dear {name}, sorry.", by=desk.first, now=NOON)
    text_id = texts.write_text(desk.store, incident, language="en", text=WORDINGS[0], by=lead(desk), now=NOON)
    with pytest.raises(WebcareError, match="already"):
        texts.write_text(
            desk.store, incident, language="en", text=WORDINGS[0].replace(". ", ".  "), by=desk.first, now=NOON
        )
    (case_id,) = receive_many(desk, 1)
    with pytest.raises(WebcareError, match="No wording is approved"):
        send(desk, incident, [case_id])
    with desk.store.write() as session, pytest.raises(NotAllowed, match="Somebody else"):
        texts.approve_text(session, text_id, by=lead(desk), now=NOON)


def test_nobody_gets_it_twice_and_wordings_take_turns(desk: Desk) -> None:
    found = receive_many(desk, 6)
    incident = opened(desk, found)
    approved(desk, incident)
    assert all(one.done for one in send(desk, incident, found))
    again = send(desk, incident, found[:1])
    assert "already" in str(again[0].refused)
    with desk.store.read() as session:
        uses = list(session.exec(select(IncidentUseRow)))
        leaves = {row.id: (row.text, row.not_before) for row in session.exec(select(DeliveryRow))}
    assert len(uses) == 6
    by_text: dict[str, list[Any]] = {}
    for use in uses:
        text, at = leaves[use.delivery_id]
        assert at == use.at
        by_text.setdefault(text, []).append(at)
    assert len(by_text) == 3
    for moments in by_text.values():
        assert sorted(moments)[1] - sorted(moments)[0] >= timedelta(minutes=5)


def test_a_holding_text_that_waited_for_a_yes_takes_its_turn_and_is_counted(desk: Desk) -> None:
    wording = "Sorry about the double charge.\n\nWe are finding out what happened, and write to you here."
    found = receive_many(desk, 3)
    incident = opened(desk, found)
    approved(desk, incident, [wording])
    newcomer = replace(desk.first, supervised=True)
    with desk.store.write() as session:
        row = session.get(AgentRow, newcomer.id)
        assert row is not None
        row.supervised = True
    done = holding.send_holding(
        desk.store, incident, found, by=newcomer, now=desk.now, undo=timedelta(seconds=20), window=timedelta(minutes=5)
    )
    assert {one.holding for one in whole(desk, incident).hit} == {"waits"}
    desk.later(minutes=30)
    for one in done:
        approve_reply(
            desk.store, one.approval_id or 0, text=wording, by=lead(desk), now=desk.now, undo=timedelta(seconds=20)
        )
    with desk.store.read() as session:
        left = sorted(session.exec(select(DeliveryRow)), key=lambda row: row.not_before)
    assert [row.text for row in left] == [wording] * 3, "line breaks as they were written"
    assert all(b.not_before - a.not_before >= timedelta(minutes=5) for a, b in pairwise(left))
    assert {one.holding for one in whole(desk, incident).hit} == {"pending"}
    told(desk, incident)
    desk.later(minutes=20)
    desk.deliver()
    assert whole(desk, incident).left == 3, "a holding text told nobody the outcome"


def test_who_is_not_on_the_list_gets_no_holding_text(desk: Desk) -> None:
    on, off = receive_many(desk, 2)
    incident = opened(desk, [on])
    approved(desk, incident)
    refused = send(desk, incident, [off])[0]
    assert "not on the list" in str(refused.refused)


@given(
    used=st.lists(st.tuples(st.integers(1, 4), st.integers(0, 90)), max_size=12),
    window=st.integers(0, 30),
    cases=st.integers(1, 12),
)
@settings(max_examples=60, deadline=None)
def test_no_two_get_the_same_within_the_window(used: list[tuple[int, int]], window: int, cases: int) -> None:
    begun = [(one, NOON + timedelta(minutes=at)) for one, at in used]
    gap = timedelta(minutes=window)
    taken = list(begun)
    for number in range(cases):
        earliest = NOON + timedelta(minutes=30, seconds=2 * number)
        found = holding.turns([1, 2, 3], taken, earliest=earliest, window=gap)
        for turn in found[:1]:
            assert earliest <= turn.at <= earliest + holding.LONGEST_WAIT
            assert all(abs(turn.at - at) >= gap for one, at in taken if one == turn.wording_id and at <= turn.at)
            taken.append((turn.wording_id, turn.at))
        if not found:
            assert all(
                max((at for one, at in taken if one == wording), default=NOON) + gap > earliest + holding.LONGEST_WAIT
                for wording in (1, 2, 3)
            )


STEPS = st.lists(
    st.tuples(st.sampled_from(["link", "leave_out", "take_back", "answer", "outcome"]), st.integers(0, 2)), max_size=8
)


@given(steps=STEPS)
@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_the_list_of_the_hit_is_exact_whatever_happens(
    sqlite_template: Any, tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]
) -> None:
    import shutil

    from webcare.store import open_store

    path = tmp_path_factory.mktemp("hit") / "desk.db"
    shutil.copyfile(sqlite_template, path)
    store: Store = open_store(f"sqlite:///{path}")
    try:
        _walk(make_desk(store), steps)
    finally:
        store.dispose()


def _walk(desk: Desk, steps: list[tuple[str, int]]) -> None:
    found = receive_many(desk, 3)
    incident = opened(desk)
    linked: set[int] = set()
    out: set[int] = set()
    told_since: set[int] = set()
    has_outcome = False
    for act, which in steps:
        case_id = found[which]
        desk.later(minutes=2)
        if act == "answer":
            answer(desk, case_id)
            told_since |= {case_id} if has_outcome else set()
        elif act == "outcome":
            told(desk, incident)
            has_outcome, told_since = True, set()
        else:
            with desk.store.write() as session:
                if act == "link":
                    hit.link(session, incident, [case_id], by=desk.first, now=desk.now)
                    linked.add(case_id)
                else:
                    reason = "Not about this" if act == "leave_out" else ""
                    hit.leave_out(session, incident, [case_id], reason=reason, by=lead(desk), now=desk.now)
                    if case_id in linked:
                        out = out | {case_id} if reason else out - {case_id}
        left = linked - out - told_since
        seen = whole(desk, incident)
        assert {one.case_id for one in seen.hit if one.is_left} == left
        with desk.store.read() as session:
            assert hit.people_left(session, session.get_one(IncidentRow, incident)) == len(left)
    if left := linked - out - told_since if has_outcome else {0}:
        with pytest.raises(WebcareError):
            close(desk, incident)
    else:
        close(desk, incident)


# --- erasing ----------------------------------------------------------------------------------------


def test_an_erased_customer_leaves_no_words_and_holds_nothing_up(desk: Desk) -> None:
    (case_id,) = receive_many(desk, 1)
    incident = opened(desk, [case_id])
    with desk.store.write() as session:
        customer = session.get_one(CaseRow, case_id)
        who = retention.Person(customer.channel, customer.customer_id)
        mention = session.exec(select(MentionRow.id).where(MentionRow.case_id == case_id)).one()
        session.add(
            IncidentSignalRow(
                case_id=case_id, mention_id=mention or 0, posted_at=NOON, seen_at=NOON, language="en", series=["all"],
                vector=b"1234", model_version="m",
            )
        )  # fmt: skip
        words = f"{customer.customer_name} was told by telephone"
        hit.leave_out(session, incident, [case_id], reason=words, by=lead(desk), now=desk.now)
        manager = desk.people[Role.ADMIN]
        exported = retention.export_person(session, who, by=manager, now=desk.now)
    assert exported["cases"][0]["incidents"] == [{"name": "Double charge", "left_out": words}]
    retention.erase_person(desk.store, who, by=manager, now=desk.now)
    with desk.store.read() as session:
        row = session.get_one(IncidentCaseRow, (incident, case_id))
        assert customer.customer_name not in row.left_out
        assert session.exec(select(IncidentSignalRow)).all() == []
        one = reading.whole(session, incident, by=desk.first).hit[0]
    assert (one.is_gone, one.customer, one.is_left) == (True, "", False)


def test_a_post_that_is_not_hit_stays_off_the_list(desk: Desk) -> None:
    other = (
        desk.case_of(mention) if (mention := make_mention("Where is my parcel?")) and desk.receive(mention) else None
    )
    assert other is not None
    incident = opened(desk)
    assert whole(desk, incident).hit == ()
