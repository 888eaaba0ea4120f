"""Coaching notes: for two people, whoever else asks and by whatever door; and what came after them."""

import ast
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

import webcare
from tests.quality.conftest import colleague, draw, keep, only_reviewers, reviews_of, rule
from webcare import audit, people
from webcare.domain import Actor, Role
from webcare.errors import NotAllowed, WebcareError
from webcare.people import Permission
from webcare.quality import coaching, results
from webcare.quality.coaching import compared
from webcare.retention import erase_person, export_person, find_person
from webcare.store.tables import CaseRow
from webcare.store.tables_quality import CoachingNoteRow, FeedbackRow
from webcare.testing import Desk

SECRET = "Begin with the answer, the sorry may follow."


def write(desk: Desk, by: Actor, to: Actor, text: str = SECRET, **more: Any) -> int:
    with desk.store.write() as session:
        return coaching.write_coaching_note(session, to.id or 0, text, by=by, now=desk.now, **more)


def everybody_else(desk: Desk, *but: Actor) -> list[Actor]:
    """All other roles, each with every right there is, and a namesake of the two."""
    all_rights = frozenset(permission.value for permission in Permission)
    others = [one for one in desk.people.values() if one.id not in {actor.id for actor in but}]
    return [replace(one, grants=all_rights) for one in others] + [colleague(desk, "Namesake", Role.ADMIN)]


def test_the_two_read_a_note_and_its_answer_and_see_that_it_was_read(desk: Desk, lead: Actor):
    note = write(desk, lead, desk.first, question="answers")
    with desk.store.write() as session:
        (mine,) = coaching.my_notes(session, by=desk.first)
        assert (mine.text, mine.author, mine.question, mine.read_at) == (SECRET, lead.name, "answers", None)
        assert coaching.read_coaching_notes(session, by=desk.first, now=desk.now) == 1
        assert coaching.read_coaching_notes(session, by=desk.first, now=desk.now) == 0
        answer = coaching.answer_coaching_note(session, note, "I will, thanks.", by=desk.first, now=desk.now)
    with desk.store.read() as session:
        told = coaching.my_notes(session, by=lead)
    assert [(one.id, one.text, one.answers_id) for one in told] == [
        (note, SECRET, None), (answer, "I will, thanks.", note),
    ]  # fmt: skip
    assert (told[0].read_at, told[1].read_at) == (desk.now, None)


def test_no_other_role_reads_answers_or_measures_it_whatever_rights_it_holds(desk: Desk, lead: Actor):
    note = write(desk, lead, desk.first)
    for other in everybody_else(desk, lead, desk.first):
        with desk.store.write() as session:
            assert coaching.my_notes(session, by=other) == ()
            assert coaching.read_coaching_notes(session, by=other, now=desk.now) == 0
            with pytest.raises(NotAllowed):
                coaching.answer_coaching_note(session, note, "Me too.", by=other, now=desk.now)
            with pytest.raises(NotAllowed):
                coaching.improvement(session, note, by=other, now=desk.now)
    with desk.store.read() as session, pytest.raises(NotAllowed):
        coaching.my_notes(session, by=Actor.system("digest"))


def test_neither_the_log_nor_an_export_holds_it(desk: Desk, send: Any, lead: Actor, manager: Actor, admin: Actor):
    reply = send()
    write(desk, lead, desk.first, delivery_id=reply)
    with desk.store.write() as session:
        (row,) = [one for one in audit.entries(session) if one.what == "coaching_note_written"]
        assert (dict(row.before), dict(row.after)) == ({}, {})
        assert desk.first.name not in row.subject + row.agent_name
        log = people.export_log(session, audit.Wanted(), by=admin)
        case = session.exec(select(CaseRow)).one()
        person = find_person(session, "x", case.customer_id, by=manager)
        exported = json.dumps(export_person(session, person, by=manager, now=desk.now))
    assert "coaching_note_written" in str(log)
    assert "Begin with" not in str(log)
    assert "It arrives tomorrow" in exported
    assert "Begin with" not in exported


def test_one_module_reads_the_table_and_the_removal_of_names(desk: Desk):
    """Whoever adds a reader has to come by here."""
    root = Path(webcare.__file__).parent
    naming = {
        str(file.relative_to(root))
        for file in root.rglob("*.py")
        if "CoachingNoteRow" in (source := file.read_text(encoding="utf-8")) or '"coaching_note"' in source
    }
    assert naming == {
        "quality/coaching.py", "retention/stripping.py", "store/tables_quality.py",
        "store/migrations/versions/0008_quality.py",
    }  # fmt: skip
    tree = ast.parse((root / "quality" / "coaching.py").read_text(encoding="utf-8"))
    public = {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")}
    assert public == {
        "write_coaching_note", "answer_coaching_note", "my_notes", "read_coaching_notes", "improvement", "compared",
        "unread_by_reader",
    }  # fmt: skip


def test_who_may_write_to_whom_about_what(desk: Desk, send: Any, lead: Actor):
    reply = send()
    for wrong, told in (
        ({"to": lead}, "somebody else"),
        ({"to": desk.second, "delivery_id": reply}, "did not write this reply"),
        ({"to": desk.first, "question": "colour"}, "no such question"),
        ({"to": desk.first, "text": "  "}, "Write something"),
        ({"to": desk.first, "text": "x" * 4001}, "4001 characters"),
    ):
        with pytest.raises(WebcareError, match=told):
            write(desk, lead, **wrong)
    with pytest.raises(NotAllowed):
        write(desk, desk.first, desk.second)


def test_a_customers_name_leaves_a_note_and_a_wish_when_they_are_erased(
    desk: Desk, send: Any, lead: Actor, manager: Actor
):
    reply = send()
    with desk.store.read() as session:
        case = session.exec(select(CaseRow)).one()
    write(desk, lead, desk.first, f"Say {case.customer_name}, not sir. Ring 06 12345678.", delivery_id=reply)
    with desk.store.write() as session:
        session.add(
            FeedbackRow(
                case_id=case.id, kind="wish", text=f"{case.customer_name} wants it in red", department="own:x",
                passed_by=lead.id, passed_at=desk.now, outcome=f"Told {case.customer_name}",
            )
        )  # fmt: skip
        person = find_person(session, "x", case.customer_id, by=manager)
    erase_person(desk.store, person, by=manager, now=desk.now)
    with desk.store.read() as session:
        (note,) = coaching.my_notes(session, by=desk.first)
        wish = session.exec(select(FeedbackRow)).one()
        assert session.exec(select(CoachingNoteRow)).one().case_id == case.id
    for kept in (note.text, wish.text, wish.outcome):
        assert case.customer_name not in kept
        assert "12345678" not in kept
    assert "not sir" in note.text
    assert "wants it in red" in wish.text


# --- what came of it ----------------------------------------------------------------------------------------


def test_the_difference_comes_with_welchs_interval():
    # Worked by hand: variances 100/3*4=133.3 and 33.3 over 4 each; standard error 6.455; 4.41 degrees of freedom.
    found = compared([50.0, 70.0, 50.0, 70.0], [75.0, 85.0, 75.0, 85.0])
    assert found.difference == 20.0
    assert found.high == pytest.approx(20 + 2.776 * 6.4550, abs=0.01)
    assert found.low == pytest.approx(20 - 2.776 * 6.4550, abs=0.01)
    assert compared([50.0], [80.0, 90.0]).difference is None
    assert compared([50.0, 50.0], [80.0, 80.0]).low == 30.0


def test_improvement_is_of_replies_posted_before_and_after_on_the_notes_question(
    desk: Desk, send: Any, lead: Actor, manager: Actor
):
    only_reviewers(desk, lead)
    rule(desk, manager, per_week=50, shared=0)
    early = [send(), send()]
    desk.later(minutes=1)
    note = write(desk, lead, desk.first, question="answers")
    everything = write(desk, lead, desk.first)
    desk.later(minutes=1)
    late = [send(), send(), send()]
    draw(desk, lead)
    with desk.store.read() as session:
        first_new = session.get_one(CoachingNoteRow, note).created_at
    for item in reviews_of(desk, lead):
        keep(desk, item.id, lead, answers=2 if item.posted_at < first_new else 4)
    with desk.store.read() as session:
        found = coaching.improvement(session, note, by=desk.first, now=desk.now + timedelta(days=1))
        overall = coaching.improvement(session, everything, by=lead, now=desk.now + timedelta(days=1))
    assert (found.before.n, found.before.mean, found.after.n, found.after.mean) == (2, 50.0, 3, 100.0)
    assert found.difference == 50.0
    assert overall.before.mean == pytest.approx(100 - 100 * 5 / 19 / 2)
    assert overall.after.mean == 100.0
    assert (len(early), len(late)) == (2, 3)


def test_a_reviewer_comments_and_the_author_alone_reads_it_among_their_figures(
    desk: Desk, send: Any, lead: Actor, manager: Actor
):
    only_reviewers(desk, lead)
    send()
    draw(desk, lead)
    (item,) = reviews_of(desk, lead)
    keep(desk, item.id, lead)
    with desk.store.read() as session:
        assert [one[3] for one in results.my_comments(session, by=desk.first)] == ["Warm, thanks."]
        assert results.my_comments(session, by=manager) == []
