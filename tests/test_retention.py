"""Letting go: what closed cases lose and keep, that open ones lose nothing, and a person erased for good."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select, text

from webcare import audit, cases
from webcare.domain import Author, CaseState, Media, MentionKind, Resolution, Role
from webcare.errors import NotAllowed, WebcareError
from webcare.retention import (
    Person,
    Retention,
    decide_retention,
    erase_person,
    export_person,
    find_person,
    look_ahead,
    read_retention,
    remove_due,
    trace,
)
from webcare.retention.due import waits
from webcare.store import Store
from webcare.store.search import search_mentions
from webcare.store.tables import CaseEventRow, CaseRow, DeliveryRow, DraftRow, MentionRow, NoteRow, TriageRow
from webcare.store.tables_desk import ApprovalRow, CustomerIdentityRow, PromiseRow
from webcare.testing import Desk, make_desk, make_mention

ANNA = Author("c-anna", "Anna Bakker", "annab")
WORDS = "My wardrobe fell on my foot, call me on 06 12345678"


@pytest.fixture
def desk(store: Store) -> Desk:
    return make_desk(store)


def case_of_anna(desk: Desk, *, resolved: bool = True, **changes: Any) -> CaseRow:
    """A case with every sort of text in it."""
    post = make_mention(
        WORDS, author=ANNA, posted_at=desk.now, media=(Media("photo", "https://pics.example/foot.jpg"),),
        raw={"user": "annab"}, **changes,
    )  # fmt: skip
    desk.receive(post)
    case = desk.case_of(post)
    with desk.store.write() as session:
        cases.add_note(session, case.id, text="Anna Bakker was rude, 06 12345678.", by=desk.first, now=desk.now)
        cases.save_draft(session, case.id, kind="note", text="Dear Anna", by=desk.second, now=desk.now)
    desk.reply(case.id, "Sorry to hear that, Anna. We look into it and write to you here.")
    desk.later(minutes=1)
    desk.deliver()
    with desk.store.write() as session:
        session.add_all(_said_inside(desk, case.id))
    if resolved:
        with desk.store.write() as session:
            cases.resolve(session, case.id, resolution=Resolution.ANSWERED, by=desk.first, now=desk.now)
    return desk.case_of(post)


def _said_inside(desk: Desk, case_id: int | None) -> list[ApprovalRow | PromiseRow]:
    """A reply that a colleague did not let go, and what was promised in another one."""
    by = desk.first.id or 0
    with desk.store.read() as session:
        sent = session.exec(select(DeliveryRow).where(DeliveryRow.case_id == case_id)).one()
    return [
        ApprovalRow(
            case_id=case_id or 0,
            text="Dear Mrs Bakker, is 06 12345678 right?",
            decided_text="Anna, is 06 12345678 right?",
            words="Too much of Anna Bakker in it",
            author_id=by,
            asked_at=desk.now,
            state="refused",
        ),
        PromiseRow(
            case_id=case_id or 0,
            delivery_id=sent.id or 0,
            start=0,
            words="tomorrow",
            sentence="Anna, we ring you on 06 12345678 tomorrow.",
            due_at=desk.now + timedelta(days=1),
            found_at=desk.now,
            reason="Anna Bakker asked for a later day",
        ),
    ]


def everything(store: Store) -> str:
    """All that stands in the database, as one text."""
    with store.read() as session:
        names = sorted(MentionRow.metadata.tables)
        return "\n".join(str(list(session.execute(text(f'SELECT * FROM "{name}"')))) for name in names)


def decide(desk: Desk, **value: Any) -> None:
    by = desk.people[Role.MANAGER]
    with desk.store.write() as session:
        seen = look_ahead(session, read_retention(value), by=by, now=desk.now)
        decide_retention(session, value, seen=seen, by=by, now=desk.now)


def test_nothing_is_removed_before_somebody_decides_so(desk: Desk):
    case_of_anna(desk)
    desk.later(days=4000)
    with desk.store.read() as session:
        assert not waits(session, now=desk.now)
    assert remove_due(desk.store, now=desk.now) == 0


def test_a_closed_case_loses_words_and_person_and_keeps_figures_and_events(desk: Desk):
    case = case_of_anna(desk)
    before = desk.events(case.id)
    decide(desk, public_months=12)
    desk.later(days=360)
    assert remove_due(desk.store, now=desk.now) == 0
    desk.later(days=20)
    assert remove_due(desk.store, now=desk.now) == 1
    assert remove_due(desk.store, now=desk.now) == 0
    left = everything(desk.store)
    for gone in ("wardrobe", "Anna", "Bakker", "annab", "c-anna", "12345678", "foot.jpg"):
        assert gone not in left, gone
    with desk.store.read() as session:
        kept = session.get_one(CaseRow, case.id)
        assert (kept.topic, kept.first_response_at, kept.resolved_at) == (
            case.topic, case.first_response_at, case.resolved_at,
        )  # fmt: skip
        assert search_mentions(session, "wardrobe") == ()
        assert session.exec(select(DraftRow)).first() is None
        assert "was rude" in session.exec(select(NoteRow)).one().text
        assert "We look into it" in session.exec(select(DeliveryRow)).one().text
        assert session.exec(select(TriageRow)).one().words == []
        waited, promised = session.exec(select(ApprovalRow)).one(), session.exec(select(PromiseRow)).one()
        assert (waited.text[-6:], waited.decided_text[-6:], waited.words[:11]) == ("right?", "right?", "Too much of")
        assert "we ring you on" in promised.sentence
        assert "asked for a later day" in promised.reason
    assert desk.events(case.id) == before


def test_open_cases_are_never_touched_however_old(desk: Desk):
    case = case_of_anna(desk, resolved=False)
    decide(desk, public_months=1, private_months=1)
    desk.later(days=4000)
    assert remove_due(desk.store, now=desk.now) == 0
    assert "wardrobe" in everything(desk.store)
    assert case.state != CaseState.RESOLVED


def test_private_conversations_have_a_time_of_their_own(desk: Desk):
    case_of_anna(desk)
    private = case_of_anna(desk, kind=MentionKind.DIRECT_MESSAGE)
    desk.later(days=100)
    by = desk.people[Role.MANAGER]
    with desk.store.read() as session:
        due = look_ahead(session, Retention(private_months=3), by=by, now=desk.now)
        assert (due.cases, due.messages) == (1, 1)
        assert look_ahead(session, Retention(public_months=3, private_months=3), by=by, now=desk.now).cases == 2
    decide(desk, private_months=3)
    assert remove_due(desk.store, now=desk.now) == 1
    with desk.store.read() as session:
        assert session.get_one(CaseRow, private.id).customer_name == ""


def test_a_retention_is_saved_only_after_a_look_at_what_it_would_remove(desk: Desk):
    case_of_anna(desk)
    desk.later(days=100)
    by = desk.people[Role.MANAGER]
    with desk.store.write() as session, pytest.raises(WebcareError, match="Look at what it would remove"):
        decide_retention(session, {"public_months": 1}, seen=None, by=by, now=desk.now)
    with desk.store.read() as session:
        little = look_ahead(session, Retention(public_months=200), by=by, now=desk.now)
    with desk.store.write() as session, pytest.raises(WebcareError, match="Look at what it would remove"):
        decide_retention(session, {"public_months": 1}, seen=little, by=by, now=desk.now)
    with desk.store.read() as session, pytest.raises(NotAllowed):
        look_ahead(session, Retention(public_months=1), by=desk.first, now=desk.now)


@pytest.mark.parametrize("value", [{"public_months": 0}, {"public_months": 241}, {"public_months": True}, {"x": 1}])
def test_a_retention_that_means_nothing_is_refused(value: dict[str, Any]):
    with pytest.raises(WebcareError):
        read_retention(value)


def test_the_customer_of_a_stripped_case_may_come_back(desk: Desk):
    post = make_mention(WORDS, author=ANNA, posted_at=desk.now)
    desk.receive(post)
    with desk.store.write() as session:
        cases.resolve(session, desk.case_of(post).id, resolution=Resolution.ANSWERED, by=desk.first, now=desk.now)
    decide(desk, public_months=1)
    desk.later(days=40)
    remove_due(desk.store, now=desk.now)
    again = make_mention("Me again", author=ANNA, thread_id=post.thread_id, posted_at=desk.now)
    # With the old post once more in what the network shows.
    desk.channel.inbox.append(post)
    desk.receive(again)
    assert desk.case_of(again).customer_name == "Anna Bakker"
    assert "wardrobe" not in everything(desk.store)


def anna_everywhere(desk: Desk) -> tuple[CaseRow, CaseRow, Person]:
    first = case_of_anna(desk, resolved=False)
    other = make_mention("Nobody answers me, says Anna", author=Author("fb-7", "Anna B."), posted_at=desk.now)
    desk.receive(other)
    with desk.store.write() as session:
        for channel, id_ in (("x", "c-anna"), ("x", "fb-7")):
            session.add(
                CustomerIdentityRow(
                    customer_id="one", channel=channel, external_id=id_, linked_by=desk.first.id, linked_at=desk.now
                )
            )
        found = find_person(session, "x", "@AnnaB", by=desk.people[Role.MANAGER])
    assert found == Person("x", "c-anna", "Anna Bakker", "annab")
    return first, desk.case_of(other), found


def test_a_person_is_erased_across_identities_and_does_not_come_back(desk: Desk):
    first, second, anna = anna_everywhere(desk)
    stranger = desk.open_case("Somebody else's words")
    by = desk.people[Role.MANAGER]
    with desk.store.read() as session:
        found = trace(session, anna, by=by)
    assert (found.cases, found.open_cases, found.messages, found.notes, found.replies) == (2, 2, 2, 1, 1)
    erase_person(desk.store, anna, by=by, now=desk.now)
    left = everything(desk.store)
    for gone in ("wardrobe", "Anna", "annab", "c-anna", "fb-7", "12345678"):
        assert gone not in left, gone
    assert "Somebody else's words" in left
    with desk.store.read() as session:
        assert {session.get_one(CaseRow, case.id).state for case in (first, second)} == {"resolved"}
        assert session.get_one(CaseRow, stranger.id).state == "new"
        row = audit.entries(session)[0]
        assert (row.what, dict(row.after)) == ("person_erased", {"cases": 2, "messages": 2, "identities": 2})
        assert audit.broken_at(session) is None
    # A backfill brings an older post nobody had collected; a new one is a new matter.
    late = make_mention("An older complaint", author=ANNA, posted_at=desk.now - timedelta(days=3))
    desk.receive(late)
    assert "An older complaint" not in everything(desk.store)
    new = make_mention("A new question", author=ANNA, posted_at=desk.later(minutes=5))
    desk.receive(new)
    assert desk.case_of(new).customer_name == "Anna Bakker"


def test_erasing_waits_while_a_reply_is_on_its_way_and_can_be_done_twice(desk: Desk):
    post = make_mention(WORDS, author=ANNA, posted_at=desk.now)
    desk.receive(post)
    desk.reply(desk.case_of(post).id, "We look into it and write to you here.")
    anna = Person("x", "c-anna")
    by = desk.people[Role.MANAGER]
    with pytest.raises(WebcareError, match="on its way"):
        erase_person(desk.store, anna, by=by, now=desk.now)
    assert "wardrobe" in everything(desk.store)
    desk.later(minutes=1)
    desk.deliver()
    erase_person(desk.store, anna, by=by, now=desk.now)
    assert erase_person(desk.store, anna, by=by, now=desk.now).cases == 0


def test_only_those_who_decide_policies_look_a_person_up_export_or_erase(desk: Desk):
    anna = Person("x", "c-anna")
    for role in (Role.FIRST_LINE, Role.SECOND_LINE, Role.TEAM_LEAD):
        by = desk.people[role]
        with desk.store.write() as session:
            for refused in (
                lambda session=session, by=by: find_person(session, "x", "annab", by=by),
                lambda session=session, by=by: trace(session, anna, by=by),
                lambda session=session, by=by: export_person(session, anna, by=by, now=desk.now),
            ):
                with pytest.raises(NotAllowed):
                    refused()
        with pytest.raises(NotAllowed):
            erase_person(desk.store, anna, by=by, now=desk.now)


def test_an_export_holds_all_that_is_known_and_stands_in_the_audit_log_without_the_person(desk: Desk):
    _, _, anna = anna_everywhere(desk)
    with desk.store.write() as session:
        found = export_person(session, anna, by=desk.people[Role.ADMIN], now=desk.now)
        row = audit.entries(session)[0]
    plain = json.dumps(found)
    inside = ("Dear Mrs Bakker", "Too much of Anna", "Anna, we ring you", "asked for a later day")
    for known in (WORDS, "was rude", "We look into it", "fb-7", "annab", "pics.example", *inside):
        assert known in plain
    assert [case["customer"]["id"] for case in found["cases"]] == ["c-anna", "fb-7"]
    assert row.what == "person_exported"
    assert "anna" not in json.dumps([row.subject, dict(row.after)]).lower()


def test_events_of_an_erased_case_tell_what_happened(desk: Desk):
    case = case_of_anna(desk, resolved=False)
    erase_person(desk.store, Person("x", "c-anna"), by=desk.people[Role.ADMIN], now=desk.now)
    with desk.store.read() as session:
        rows = list(session.exec(select(CaseEventRow).where(CaseEventRow.case_id == case.id)))
    assert [row.kind for row in rows[-2:]] == ["message_gone", "resolved"]
    assert rows[-2].detail == {"why": "erased", "messages": 1}
    assert replace(ANNA).external_id not in str([row.detail for row in rows])
