"""What a note says that the customer may be told: marked under a name, seconded, in time, and only then let through."""

from datetime import timedelta

import pytest
from sqlmodel import col, select

from webcare import cases
from webcare.cases.facts import note_sentences, sentence_behind
from webcare.cases.notes import Shareable
from webcare.domain import Decision, FactKind, Finding, Level, Override, Verdict
from webcare.errors import CaseStateRefused, GuardBlocked, NotAllowed, WebcareError
from webcare.store.facts import facts_of
from webcare.store.tables import CaseEventRow, NoteRow
from webcare.testing import NOON, Desk

SLOT = "Carrier confirmed delivery on Friday between nine and noon."
NOTE = f"Customer rang twice and shouted at Bea. {SLOT} Do not offer a voucher."
REPLY = "Hi! The carrier confirmed delivery on Friday between nine and noon."
TOMORROW = NOON + timedelta(days=1)


@pytest.fixture
def note(desk: Desk) -> NoteRow:
    case = desk.open_case()
    with desk.store.write() as session:
        return cases.add_note(session, case.id or 0, text=NOTE, by=desk.second, now=NOON)


def read(desk: Desk, note: NoteRow, text: str = REPLY, *, after: timedelta = timedelta(0)) -> Verdict:
    with desk.store.read() as session:
        return cases.review_reply(session, note.case_id, text=text, now=desk.now + after)


def leaks(verdict: Verdict) -> list[Finding]:
    """What the copied check holds; other checks may have views of their own on these texts."""
    return [finding for finding in verdict.findings if finding.reason == "note_leak" and finding.level is Level.ERROR]


def mark(desk: Desk, note: NoteRow, by: object, **about: object) -> int:
    with desk.store.write() as session:
        row = cases.mark_shareable(
            session,
            note.id or 0,
            SLOT,
            kind=FactKind.SLOT,
            by=by,
            now=NOON,
            **about,  # type: ignore[arg-type]
        )
        return row.id or 0


def test_a_held_sentence_says_that_it_can_be_marked(desk: Desk, note: NoteRow) -> None:
    verdict = read(desk, note)
    assert verdict.decision is Decision.BLOCK
    assert {finding.override for finding in leaks(verdict)} == {Override.SHAREABLE}


def test_a_mark_of_the_second_line_lets_the_sentence_through_and_nothing_else(desk: Desk, note: NoteRow) -> None:
    mark(desk, note, desk.second)
    assert not leaks(read(desk, note))
    assert leaks(read(desk, note, "Hi! You rang twice and shouted at Bea."))
    assert desk.events(note.case_id)[-1] == "marked_shareable"


def test_a_mark_of_the_first_line_counts_only_after_a_colleague_looked(desk: Desk, note: NoteRow) -> None:
    fact = mark(desk, note, desk.first)
    assert leaks(read(desk, note))
    with desk.store.write() as session, pytest.raises(NotAllowed, match="yourself"):
        cases.second_fact(session, fact, by=desk.first, now=NOON)
    with desk.store.write() as session:
        cases.second_fact(session, fact, by=desk.second, now=NOON)
    assert not leaks(read(desk, note))
    assert desk.events(note.case_id)[-2:] == ["marked_shareable", "fact_seconded"]
    with desk.store.read() as session:
        (view,) = facts_of(session, note.case_id)
    assert (view.marked_name, view.seconded_name) == (desk.first.name, desk.second.name)


def test_what_may_be_told_until_a_time_is_internal_after_it(desk: Desk, note: NoteRow) -> None:
    mark(desk, note, desk.second, valid_until=TOMORROW, source="carrier")
    assert not leaks(read(desk, note, after=timedelta(hours=23)))
    assert leaks(read(desk, note, after=timedelta(hours=24)))


def test_a_mark_taken_back_holds_again(desk: Desk, note: NoteRow) -> None:
    fact = mark(desk, note, desk.second)
    with desk.store.write() as session:
        cases.withdraw_fact(session, fact, by=desk.first, now=NOON)
    assert leaks(read(desk, note))
    with desk.store.write() as session, pytest.raises(CaseStateRefused, match="a moment ago"):
        cases.withdraw_fact(session, fact, by=desk.second, now=NOON)
    mark(desk, note, desk.second)  # and it may be marked anew
    assert not leaks(read(desk, note))


def test_only_what_the_note_says_can_be_marked_and_once(desk: Desk, note: NoteRow) -> None:
    with desk.store.write() as session, pytest.raises(WebcareError, match="does not say"):
        cases.mark_shareable(session, note.id or 0, "We give you 50 %", kind=FactKind.PRICE, by=desk.second, now=NOON)
    mark(desk, note, desk.second)
    with pytest.raises(CaseStateRefused, match="already"):
        mark(desk, note, desk.second)
    with pytest.raises(CaseStateRefused, match="over"):
        mark(desk, note, desk.second, valid_until=NOON)


def test_a_note_written_with_a_shareable_part_is_marked_at_once(desk: Desk) -> None:
    case = desk.open_case()
    part = Shareable(SLOT, FactKind.SLOT, source="carrier", valid_until=TOMORROW)
    with desk.store.write() as session:
        text = "Shouted at Bea again."
        note = cases.add_note(session, case.id or 0, text=text, by=desk.second, now=NOON, shareable=part)
    assert note.text == f"Shouted at Bea again.\n{SLOT}"
    assert not leaks(read(desk, note))
    with desk.store.read() as session:
        query = select(CaseEventRow).where(CaseEventRow.kind == "marked_shareable").order_by(col(CaseEventRow.id))
        event = session.exec(query).one()
    assert event.actor_id == desk.second.id
    assert event.detail | {"fact_id": 0} == {
        "fact_id": 0,
        "note_id": note.id,
        "text": SLOT,
        "kind": "slot",
        "source": "carrier",
        "valid_until": TOMORROW.isoformat(),
    }


def test_a_leak_cannot_be_ticked_or_explained_away(desk: Desk, note: NoteRow) -> None:
    verdict = read(desk, note)
    overrides = {finding.key: "The customer asked for exactly this." for finding in verdict.findings}
    with desk.store.write() as session, pytest.raises(GuardBlocked, match="marked as something the customer may know"):
        cases.send_reply(
            session, note.case_id, text=REPLY, verdict=verdict, by=desk.first, now=NOON, undo=timedelta(0),
            overrides=overrides, acknowledged=True,
        )  # fmt: skip


def test_a_mark_taken_back_in_the_undo_window_holds_the_reply(desk: Desk, note: NoteRow) -> None:
    fact = mark(desk, note, desk.second)
    delivery = desk.reply(note.case_id, REPLY)
    with desk.store.write() as session:
        cases.withdraw_fact(session, fact, by=desk.second, now=NOON)
    desk.later(seconds=11)
    assert desk.deliver() == 0
    assert "internal note" in desk.delivery(delivery.id).error


def test_notes_are_cut_into_sentences_that_can_be_marked() -> None:
    assert note_sentences(NOTE) == ("Customer rang twice and shouted at Bea.", SLOT, "Do not offer a voucher.")
    assert note_sentences("One line\nanother line") == ("One line", "another line")
    assert note_sentences("  ") == ()


def test_the_sentence_behind_a_held_stretch_is_found() -> None:
    notes = [(7, "Ordinary matter. Nothing here."), (9, NOTE)]
    assert sentence_behind("confirmed delivery on Friday", notes) == (9, SLOT)
    assert sentence_behind("zebra", notes) is None
