"""Defects, wishes and praise: registered from a case, counted in customers, settled by their owners, told back."""

from dataclasses import replace
from typing import Any

import pytest
from sqlmodel import select

from webcare import audit, cases
from webcare.domain import Actor, Author, Resolution
from webcare.errors import CaseStateRefused, NotAllowed, WebcareError
from webcare.quality import defects, departments, feedback
from webcare.quality.defects import DefectStatus, distinct_customers
from webcare.quality.feedback import FeedbackKind
from webcare.retention import erase_person, export_person, find_person
from webcare.store.tables import AgentRow, CaseRow
from webcare.store.tables_desk import CustomerIdentityRow
from webcare.store.tables_quality import DefectRow
from webcare.testing import Desk, make_mention

KNOWN = ("own:Web shop", "queue:second_line")
ANNA, BO = Author("c-anna", "Anna Bakker", "annab"), Author("c-bo", "Bo Lind", "bol")


def case(desk: Desk, author: Author) -> CaseRow:
    """A case of its own of this customer."""
    post = make_mention("The app logs me out.", author=author, posted_at=desk.now)
    desk.receive(post)
    return desk.case_of(post)


def register(desk: Desk, of: CaseRow, title: str = "App logs out", **more: Any) -> int:
    with desk.store.write() as session:
        return defects.register_defect(
            session, of.id or 0, title, "After the update of the app.", by=desk.first, now=desk.now,
            **{"department": KNOWN[0], "known": KNOWN, **more},
        )  # fmt: skip


def link(desk: Desk, of: CaseRow, defect_id: int, by: Actor | None = None) -> None:
    with desk.store.write() as session:
        defects.link_case(session, of.id or 0, defect_id, by=by or desk.first, now=desk.now)


def settle(desk: Desk, defect_id: int, status: DefectStatus, by: Actor, department: str = KNOWN[0]) -> int:
    with desk.store.write() as session:
        return defects.settle_defect(
            session, defect_id, status=status, department=department, known=KNOWN, by=by, now=desk.now
        )


def the(desk: Desk, **how: Any) -> defects.Defect:
    with desk.store.read() as session:
        (one,) = defects.defects(session, by=desk.first, **how)
    return one


def test_a_defect_is_registered_linked_and_counts_customers_not_cases(desk: Desk):
    mine = case(desk, ANNA)
    defect_id = register(desk, mine)
    link(desk, case(desk, ANNA), defect_id)
    link(desk, case(desk, BO), defect_id)
    found = the(desk)
    assert (found.title, found.status, found.cases, found.customers) == ("App logs out", "open", 3, 2)
    assert (found.department, found.registered_by, found.to_tell) == (KNOWN[0], desk.first.name, 0)
    assert desk.events(mine.id)[-1] == "defect_linked"
    with desk.store.read() as session:
        assert [one.id for one in defects.defects_of(session, mine.id or 0, by=desk.first)] == [defect_id]
        assert defects.defects_of(session, 999, by=desk.first) == ()
    with pytest.raises(CaseStateRefused, match="already"):
        link(desk, mine, defect_id)
    with desk.store.write() as session:
        defects.unlink_case(session, mine.id or 0, defect_id, by=desk.first, now=desk.now)
    assert (the(desk).cases, the(desk).customers) == (2, 2)
    assert desk.events(mine.id)[-1] == "defect_unlinked"
    with desk.store.write() as session, pytest.raises(CaseStateRefused, match="not linked"):
        defects.unlink_case(session, mine.id or 0, defect_id, by=desk.first, now=desk.now)


def identify(desk: Desk, *people: Author) -> None:
    with desk.store.write() as session:
        for one in people:
            session.add(
                CustomerIdentityRow(
                    customer_id="one", channel="x", external_id=one.external_id, linked_by=desk.first.id,
                    linked_at=desk.now,
                )
            )  # fmt: skip


@pytest.mark.parametrize("first", [True, False])
def test_one_person_on_two_accounts_is_one_customer_whenever_that_became_known(desk: Desk, first: bool):
    if first:
        identify(desk, ANNA, BO)
    defect_id = register(desk, case(desk, ANNA))
    link(desk, case(desk, BO), defect_id)
    if not first:
        assert the(desk).customers == 2
        identify(desk, ANNA, BO)
    assert (the(desk).cases, the(desk).customers) == (2, 1)


def test_the_count_outlives_the_names_and_the_texts_lose_them(desk: Desk, manager: Actor):
    defect_id = register(desk, case(desk, ANNA), title="Anna Bakker is logged out")
    link(desk, case(desk, ANNA), defect_id)
    link(desk, case(desk, BO), defect_id)
    with desk.store.write() as session:
        anna = find_person(session, "x", "annab", by=manager)
        exported = export_person(session, anna, by=manager, now=desk.now)
    assert exported["cases"][0]["defects"][0]["title"] == "Anna Bakker is logged out"
    erase_person(desk.store, anna, by=manager, now=desk.now)
    found = the(desk)
    assert (found.cases, found.customers) == (3, 2)
    assert "Anna" not in found.title
    assert found.title.endswith("is logged out")


@pytest.mark.parametrize(
    ("linked", "customers"),
    [
        ([], 0),
        ([(1, "a"), (1, "removed-1"), (2, "b")], 2),
        ([(1, "a"), (2, "a"), (3, "b")], 2),
        ([(1, "a"), (2, "b"), (1, "b")], 1),
        ([(1, "a"), (2, "b"), (3, "c"), (2, "a"), (3, "b")], 1),
    ],
)
def test_customers_are_the_same_by_number_or_by_who_they_are_now(linked: list[tuple[int, str]], customers: int):
    assert distinct_customers(linked) == customers
    assert distinct_customers(reversed(linked)) == customers


def test_owners_settle_it_and_mended_is_told_back_to_every_linked_case(desk: Desk, send: Any):
    one, two = case(desk, ANNA), case(desk, BO)
    defect_id = register(desk, one)
    link(desk, two, defect_id)
    with pytest.raises(NotAllowed):
        settle(desk, defect_id, DefectStatus.ACCEPTED, desk.first)
    assert settle(desk, defect_id, DefectStatus.BEING_MENDED, desk.second, KNOWN[1]) == 0
    with pytest.raises(WebcareError, match="Nothing about"):
        settle(desk, defect_id, DefectStatus.BEING_MENDED, desk.second, KNOWN[1])
    with pytest.raises(WebcareError, match="Choose a department"):
        settle(desk, defect_id, DefectStatus.MENDED, desk.second, "own:Nobody")
    with desk.store.write() as session:
        before = cases.load(session, one.id or 0).version
    assert settle(desk, defect_id, DefectStatus.MENDED, desk.second, KNOWN[1]) == 2
    assert desk.events(one.id)[-1] == desk.events(two.id)[-1] == "defect_mended"
    with desk.store.read() as session:
        row = audit.entries(session)[0]
        assert (row.what, row.subject, dict(row.before), dict(row.after)) == (
            "defect_settled", f"defect:{defect_id}", {"status": "being_mended"}, {"status": "mended"},
        )  # fmt: skip
        assert cases.load(session, one.id or 0).version == before
    found = the(desk)
    assert (found.mended_at, found.to_tell) == (desk.now, 2)
    with desk.store.read() as session:
        assert defects.defects(session, living=True, by=desk.first) == ()
    # Somebody writes to one of the two.
    desk.later(minutes=1)
    desk.reply(one.id or 0, "The app is mended, and it stays signed in now.")
    desk.later(minutes=1)
    assert desk.deliver() == 1
    assert the(desk).to_tell == 1
    with desk.store.read() as session:
        told = {line.case_id: line.told for line in defects.linked_cases(session, defect_id, by=desk.first)}
    assert told == {one.id: True, two.id: False}


def test_one_that_comes_back_is_no_longer_mended(desk: Desk, lead: Actor):
    defect_id = register(desk, case(desk, ANNA))
    settle(desk, defect_id, DefectStatus.MENDED, lead)
    settle(desk, defect_id, DefectStatus.OPEN, lead)
    found = the(desk, living=True)
    assert (found.mended_at, found.to_tell) == (None, 0)
    with desk.store.read() as session:
        (line,) = defects.linked_cases(session, defect_id, by=desk.first)
    assert line.told is None


def test_what_cannot_be_registered_is_refused_in_words(desk: Desk, manager: Actor):
    of = case(desk, ANNA)
    with pytest.raises(WebcareError, match="Choose a department"):
        register(desk, of, department="own:Nobody")
    with pytest.raises(WebcareError, match="Write something"):
        register(desk, of, title=" ")
    with pytest.raises(WebcareError, match="does not exist"):
        link(desk, of, 999)
    with desk.store.write() as session, pytest.raises(NotAllowed):
        defects.register_defect(session, of.id or 0, "t", "w", by=manager, now=desk.now)
    with desk.store.read() as session:
        assert session.exec(select(DefectRow)).all() == []
    assert desk.events(of.id) == ["opened"]


def test_the_worst_come_first(desk: Desk):
    small, big = register(desk, case(desk, ANNA), "Small"), register(desk, case(desk, ANNA), "Big")
    link(desk, case(desk, BO), big)
    with desk.store.read() as session:
        assert [one.id for one in defects.defects(session, by=desk.first)] == [big, small]


# --- wishes and praise --------------------------------------------------------------------------------------


def test_praise_is_passed_on_acknowledged_once_and_told_back(desk: Desk):
    of = case(desk, ANNA)
    with desk.store.write() as session:
        given = feedback.pass_on(
            session, of.id or 0, FeedbackKind.PRAISE, "The driver carried it upstairs.", department=KNOWN[1],
            known=KNOWN, by=desk.first, now=desk.now,
        )  # fmt: skip
    with desk.store.write() as session, pytest.raises(NotAllowed):
        feedback.acknowledge(session, given, "Nice.", by=desk.first, now=desk.now)
    later = desk.later(hours=1)
    with desk.store.write() as session:
        feedback.acknowledge(session, given, "Read out at the depot.", by=desk.second, now=later)
    with desk.store.read() as session:
        (one,) = feedback.feedback(session, by=desk.first)
        assert feedback.feedback(session, case_id=999, by=desk.first) == ()
    assert (one.kind, one.passed_by, one.acknowledged_by, one.acknowledged_at, one.outcome, one.customer) == (
        "praise", desk.first.name, desk.second.name, later, "Read out at the depot.", "Anna Bakker",
    )  # fmt: skip
    assert desk.events(of.id)[-2:] == ["feedback_passed", "feedback_acknowledged"]
    with desk.store.write() as session, pytest.raises(WebcareError, match="already"):
        feedback.acknowledge(session, given, "Again.", by=desk.second, now=later)


def test_what_waits_for_a_department_comes_first(desk: Desk):
    of = case(desk, ANNA)
    ids = []
    for text in ("In red, please.", "In blue, please."):
        with desk.store.write() as session:
            ids.append(
                feedback.pass_on(
                    session, of.id or 0, FeedbackKind.WISH, text, department=KNOWN[0], known=KNOWN, by=desk.first,
                    now=desk.now,
                )
            )  # fmt: skip
    with desk.store.write() as session:
        feedback.acknowledge(session, ids[1], "No.", by=desk.second, now=desk.now)
    with desk.store.read() as session:
        assert [one.id for one in feedback.feedback(session, by=desk.first)] == ids


# --- departments --------------------------------------------------------------------------------------------


def test_departments_are_the_desks_names_then_queues_shops_and_skills(desk: Desk, manager: Actor):
    with desk.store.write() as session:
        session.get_one(AgentRow, desk.second.id).skills = ["topic:product_fault", "store:utrecht"]
        departments.decide_departments(session, ["Web  shop", "Web shop", "Design"], by=manager, now=desk.now)
    with desk.store.read() as session:
        found = departments.departments(session, ["utrecht"], at=desk.now)
    assert found == ("own:Web shop", "own:Design", "queue:second_line", "store:utrecht", "topic:product_fault")
    with desk.store.write() as session, pytest.raises(NotAllowed):
        departments.decide_departments(session, ["Mine"], by=desk.first, now=desk.now)
    for wrong in (
        {"names": "x"},
        {"names": [" "]},
        {"names": ["x" * 41]},
        {"x": []},
        {"names": list(map(str, range(41)))},
    ):
        with pytest.raises(WebcareError):
            departments.read_departments(wrong)


def test_a_closed_case_can_be_linked_too(desk: Desk):
    of = case(desk, ANNA)
    with desk.store.write() as session:
        cases.resolve(session, of.id or 0, resolution=Resolution.NO_REPLY_NEEDED, by=desk.first, now=desk.now)
    defect_id = register(desk, case(desk, BO))
    link(desk, of, defect_id, by=replace(desk.second))
    assert the(desk).customers == 2
