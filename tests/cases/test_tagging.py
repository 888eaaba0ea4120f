"""Tags: put on, taken off, each once, with one event; the list of all tags is read from the index."""

import pytest
from sqlmodel import select

from webcare.cases.tagging import MAX_TAG, MAX_TAGS, clean_tags, known_tags, tag_case, tags_of
from webcare.domain import Actor, Role
from webcare.errors import CaseChanged, CaseStateRefused, NotAllowed, WebcareError
from webcare.people import Permission, may
from webcare.store.queries import queue_page
from webcare.store.tables import CaseEventRow
from webcare.testing import NOON, Desk


def tagged(desk: Desk, *tags: str) -> int:
    case_id = desk.open_case().id or 0
    with desk.store.write() as session:
        tag_case(session, case_id, add=tags, by=desk.first, now=NOON)
    return case_id


def test_tags_come_and_go_with_one_event_each_time(desk: Desk) -> None:
    case_id = tagged(desk, "Recall  lamp", "press")
    with desk.store.write() as session:
        tag_case(session, case_id, add=["store"], remove=["PRESS"], by=desk.first, now=NOON)
    with desk.store.read() as session:
        assert tags_of(session, [case_id]) == {case_id: ("recall lamp", "store")}
        details = [row.detail for row in session.exec(select(CaseEventRow).where(CaseEventRow.kind == "tagged"))]
    assert details == [
        {"added": ["recall lamp", "press"], "removed": []},
        {"added": ["store"], "removed": ["press"]},
    ]


def test_a_tag_that_is_there_already_changes_nothing_and_is_refused(desk: Desk) -> None:
    case_id = tagged(desk, "press")
    with desk.store.write() as session, pytest.raises(CaseStateRefused, match="already"):
        tag_case(session, case_id, add=["Press"], by=desk.first, now=NOON)
    with desk.store.write() as session, pytest.raises(CaseStateRefused, match="no such tag"):
        tag_case(session, case_id, remove=["lamp"], by=desk.first, now=NOON)
    assert desk.events(case_id) == ["opened", "tagged"]


def test_tagging_what_a_colleague_changed_is_refused(desk: Desk) -> None:
    case = desk.open_case()
    with desk.store.write() as session:
        tag_case(session, case.id or 0, add=["press"], by=desk.second, now=NOON, version=case.version)
    with desk.store.write() as session, pytest.raises(CaseChanged):
        tag_case(session, case.id or 0, add=["lamp"], by=desk.first, now=NOON, version=case.version)


def test_endless_tags_and_too_many_are_refused_in_words(desk: Desk) -> None:
    case_id = desk.open_case().id or 0
    with desk.store.write() as session, pytest.raises(WebcareError, match=f"at most {MAX_TAG} characters"):
        tag_case(session, case_id, add=["x" * (MAX_TAG + 1)], by=desk.first, now=NOON)
    with desk.store.write() as session, pytest.raises(WebcareError, match=f"at most {MAX_TAGS} tags"):
        tag_case(session, case_id, add=map(str, range(MAX_TAGS + 1)), by=desk.first, now=NOON)


def test_what_is_typed_becomes_one_plain_tag() -> None:
    assert clean_tags(["  Lamp\n recall ", "LAMP RECALL", "", "\u202elamp", "a\x00b"]) == ("lamp recall", "lamp", "ab")


def test_every_tag_is_known_once_in_order(desk: Desk) -> None:
    with desk.store.read() as session:
        assert known_tags(session) == ()
    tagged(desk, "press", "lamp")
    tagged(desk, "press", "åhus")
    with desk.store.read() as session:
        known = known_tags(session)
    assert sorted(known) == sorted(["press", "lamp", "åhus"])


def test_a_queue_can_be_narrowed_to_a_tag_however_many_have_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = [tagged(desk, "press"), tagged(desk, "press", "lamp")]
    tagged(desk, "lamp")
    for many in (2_000, 1):
        monkeypatch.setattr("webcare.store.queue._MANY_TAGGED", many)
        with desk.store.read() as session:
            page = queue_page(session, queue="first_line", only={"tag": "press"})
            assert [item.id for item in page.items] == wanted
            assert queue_page(session, only={"tag": "press", "urgency": "critical"}).items == ()


@pytest.mark.parametrize("role", list(Role))
def test_tagging_asks_the_role_first(desk: Desk, role: Role) -> None:
    case_id = desk.open_case().id or 0
    actor = desk.people.get(role) or Actor.system("a job")
    with desk.store.write() as session:
        if may(actor, Permission.WORK_CASES):
            assert tag_case(session, case_id, add=["press"], by=actor, now=NOON).version == 2
        else:
            with pytest.raises(NotAllowed, match=actor.name):
                tag_case(session, case_id, add=["press"], by=actor, now=NOON)
