"""Notes of other cases are known to the guard as soon as they are written, and what stands in public is not secret."""

from webcare import cases
from webcare.cases.memory import StoredNotes
from webcare.cases.surroundings import Reviewer
from webcare.domain import Verdict
from webcare.testing import NOON, Desk

NOTE = "Bert the driver could not find the bell and left the wardrobe with neighbours at number twelve."
COPY = "Hi! The driver could not find the bell and left the wardrobe with neighbours."


def leaks(verdict: Verdict) -> list[str]:
    return [finding.message for finding in verdict.findings if finding.reason == "note_leak"]


def read(desk: Desk, reviewer: Reviewer, case_id: int | None) -> Verdict:
    with desk.store.read() as session:
        return cases.review_reply(session, case_id or 0, text=COPY, now=NOON, reviewer=reviewer)


def test_a_note_of_another_case_holds_the_reply_and_our_own_case_is_not_counted_twice(desk: Desk) -> None:
    reviewer = Reviewer(others=StoredNotes())
    noted, other = desk.open_case(), desk.open_case()
    assert leaks(read(desk, reviewer, other.id)) == []
    with desk.store.write() as session:
        cases.add_note(session, noted.id or 0, text=NOTE, by=desk.second, now=NOON)
    (held,) = leaks(read(desk, reviewer, other.id))
    assert "another case" in held
    (own,) = leaks(read(desk, reviewer, noted.id))
    assert "another case" not in own


def test_what_we_said_in_public_before_is_no_secret_of_another_case(desk: Desk) -> None:
    reviewer = Reviewer(others=StoredNotes())
    noted, other = desk.open_case(), desk.open_case()
    desk.reply(desk.open_case().id or 0, COPY)
    desk.later(seconds=11)
    assert desk.deliver() == 1
    with desk.store.write() as session:
        cases.add_note(session, noted.id or 0, text=NOTE, by=desk.second, now=NOON)
    assert leaks(read(desk, reviewer, other.id)) == []


def test_every_note_is_learnt_once_however_often_it_looks(desk: Desk) -> None:
    memory, case = StoredNotes(), desk.open_case()
    for number in range(3):
        with desk.store.write() as session:
            cases.add_note(session, case.id or 0, text=f"Note {number}", by=desk.second, now=NOON)
        for _ in range(2):
            with desk.store.read() as session:
                memory.refresh(session)
    assert len(memory) == 3
