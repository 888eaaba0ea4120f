"""The audit log: asked for, given away, checked."""

import csv
import io
from datetime import timedelta

import pytest
from sqlalchemy import text

from tests.people.conftest import Staff
from webcare import audit, people
from webcare.audit import Wanted
from webcare.errors import NotAllowed
from webcare.store import Store
from webcare.testing import NOON


@pytest.fixture
def log(staff: Staff) -> Staff:
    """Five changes by two people, an hour apart."""
    with staff.store.write() as session:
        for hour in range(5):
            by = staff.noor if hour % 2 else staff.admin
            what = "rule_saved" if hour == 4 else "person_changed"
            moment = NOON + timedelta(hours=hour)
            audit.record(session, what, by=by, now=moment, subject=f"person:{hour}", before={"a": 1}, after={"a": hour})
    return staff


def ask(staff: Staff, **wanted: object) -> list[str]:
    with staff.store.read() as session:
        found = people.read_log(session, Wanted(**wanted), by=staff.admin)  # type: ignore[arg-type]
    return [entry.subject for entry in found]


def test_the_log_is_narrowed_by_who_what_whom_and_when(log: Staff) -> None:
    assert ask(log) == ["person:4", "person:3", "person:2", "person:1", "person:0"]
    assert ask(log, person="Noor") == ["person:3", "person:1"]
    assert ask(log, what="rule_saved") == ["person:4"]
    assert ask(log, subject="person:2") == ["person:2"]
    assert ask(log, since=NOON + timedelta(hours=2), until=NOON + timedelta(hours=4)) == ["person:3", "person:2"]


def test_the_log_is_turned_page_by_page(log: Staff) -> None:
    with log.store.read() as session:
        first = people.read_log(session, Wanted(), by=log.admin, limit=2)
        second = people.read_log(session, Wanted(), by=log.admin, limit=2, before_id=first[-1].id)
        assert people.log_choices(session, by=log.admin) == (["Jonas", "Noor"], ["person_changed", "rule_saved"])
    assert [entry.subject for entry in (*first, *second)] == ["person:4", "person:3", "person:2", "person:1"]


def test_only_those_who_may_see_the_log_do(log: Staff) -> None:
    with log.store.read() as session:
        for ask_for in (people.read_log, people.export_log):
            with pytest.raises(NotAllowed, match="See the audit log"):
                ask_for(session, Wanted(), by=log.noor)


def test_no_cell_of_the_export_is_a_formula(staff: Staff) -> None:
    names = ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "  =cmd|' /C calc'!A0", "plain"]
    with staff.store.write() as session:
        for name in names:
            by = type(staff.admin)(staff.admin.id, name, staff.admin.role)
            audit.record(session, "person_changed", by=by, now=NOON, subject=name, after={"name": name})
        exported = people.export_log(session, Wanted(), by=staff.admin)
    rows = list(csv.DictReader(io.StringIO(exported, newline="")))
    assert len(rows) == len(names)
    for row in rows:
        assert not any(cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row.values())
    assert {row["by"].removeprefix("'") for row in rows} == set(names)


def test_a_row_changed_behind_its_back_is_found(sqlite_store: Store) -> None:
    with sqlite_store.write() as session:
        from webcare.domain import Actor

        for number in range(4):
            audit.record(session, "person_changed", by=Actor.system("test"), now=NOON, after={"n": number})
        whole = audit.chain(session)
        assert (whole.rows, whole.broken_at) == (4, None)
    with sqlite_store.write() as session:
        session.execute(text("DROP TRIGGER audit_no_update"))
        session.execute(text("UPDATE audit SET agent_name = 'somebody else' WHERE id = 3"))
        assert audit.chain(session).broken_at == 3


def test_rows_cut_off_at_the_end_are_found_with_a_seal_kept_elsewhere(sqlite_store: Store) -> None:
    from webcare.domain import Actor

    with sqlite_store.write() as session:
        for number in range(3):
            audit.record(session, "person_changed", by=Actor.system("test"), now=NOON, after={"n": number})
        head = audit.chain(session).head
        assert audit.chain(session, kept=head).has_seal
        session.execute(text("DROP TRIGGER audit_no_delete"))
        session.execute(text("DELETE FROM audit WHERE id = 3"))
        assert audit.chain(session).broken_at is None
        assert not audit.chain(session, kept=head).has_seal
