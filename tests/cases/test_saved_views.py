"""Saved views: one's own and everybody's, who may change which, and what the audit log is told."""

import pytest

from webcare import audit
from webcare.cases.views import MAX_VIEWS, SavedView, delete_view, rename_view, save_view, views_of
from webcare.domain import Actor, Role
from webcare.errors import NotAllowed, WebcareError
from webcare.people import Permission, may
from webcare.testing import NOON, Desk

DUTCH = {"queue": "first_line", "language": "nl", "sort": "oldest"}


def saved(desk: Desk, name: str = "Dutch", *, shared: bool = False, role: Role = Role.FIRST_LINE) -> SavedView:
    with desk.store.write() as session:
        return save_view(session, name, DUTCH, shared=shared, by=desk.people[role], now=NOON)


def names(desk: Desk, me: Actor) -> list[str]:
    with desk.store.read() as session:
        return [view.name for view in views_of(session, me=me)]


def log(desk: Desk) -> list[tuple[str, object, object]]:
    with desk.store.read() as session:
        return [(entry.what, dict(entry.before), dict(entry.after)) for entry in reversed(audit.entries(session))]


def test_everybody_sees_their_own_views_first_and_those_of_all(desk: Desk) -> None:
    saved(desk, "All critical", shared=True, role=Role.MANAGER)
    saved(desk, "Dutch")
    saved(desk, "Hers", role=Role.SECOND_LINE)
    assert names(desk, desk.first) == ["Dutch", "All critical"]
    assert names(desk, desk.second) == ["Hers", "All critical"]


def test_the_same_name_replaces_what_it_stood_for(desk: Desk) -> None:
    first = saved(desk)
    with desk.store.write() as session:
        again = save_view(session, " dutch ", {"queue": "mine", "q": ""}, by=desk.first, now=NOON)
    assert (again.id, dict(again.query)) == (first.id, {"queue": "mine"})
    assert names(desk, desk.first) == ["Dutch"]


def test_a_view_is_renamed_and_deleted_by_its_owner_only(desk: Desk) -> None:
    view = saved(desk)
    saved(desk, "Other")
    with desk.store.write() as session, pytest.raises(NotAllowed, match="colleague"):
        rename_view(session, view.id, "Mine now", by=desk.second, now=NOON)
    with desk.store.write() as session, pytest.raises(WebcareError, match="already is a view called other"):
        rename_view(session, view.id, "other", by=desk.first, now=NOON)
    with desk.store.write() as session:
        assert rename_view(session, view.id, "Nederlands", by=desk.first, now=NOON).name == "Nederlands"
        delete_view(session, view.id, by=desk.first, now=NOON)
    with desk.store.write() as session, pytest.raises(WebcareError, match="does not exist"):
        delete_view(session, view.id, by=desk.first, now=NOON)
    assert names(desk, desk.first) == ["Other"]
    assert log(desk) == []


def test_a_view_of_everybody_is_on_record_without_what_is_searched_for(desk: Desk) -> None:
    manager = desk.people[Role.MANAGER]
    query = {"queue": "first_line", "q": "Sanne de Wit"}
    with desk.store.write() as session:
        view = save_view(session, "Sanne", query, shared=True, by=manager, now=NOON)
        rename_view(session, view.id, "The lamp", by=manager, now=NOON)
        delete_view(session, view.id, by=manager, now=NOON)
    assert log(desk) == [
        ("view_saved", {}, {"queue": "first_line"}),
        ("view_renamed", {"name": "Sanne"}, {"name": "The lamp"}),
        ("view_deleted", {"queue": "first_line"}, {}),
    ]


@pytest.mark.parametrize("name", ["", "  ", "x" * 61])
def test_a_view_needs_a_name_that_can_be_read(desk: Desk, name: str) -> None:
    with desk.store.write() as session, pytest.raises(WebcareError, match="at most 60 characters"):
        save_view(session, name, DUTCH, by=desk.first, now=NOON)


def test_a_view_keeps_parts_of_the_queues_address_only(desk: Desk) -> None:
    with desk.store.write() as session, pytest.raises(WebcareError, match="cannot keep case"):
        save_view(session, "x", {"case": "3"}, by=desk.first, now=NOON)
    with desk.store.write() as session, pytest.raises(WebcareError, match="longer than"):
        save_view(session, "x", {"q": "x" * 201}, by=desk.first, now=NOON)


def test_nobody_fills_the_menu_without_end(desk: Desk) -> None:
    for number in range(MAX_VIEWS):
        saved(desk, f"View {number}")
    with pytest.raises(WebcareError, match="delete one first"):
        saved(desk, "One more")


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.SYSTEM])
@pytest.mark.parametrize("shared", [False, True])
def test_views_ask_the_role_first(desk: Desk, role: Role, shared: bool) -> None:
    actor = desk.people[role]
    theirs = saved(desk, "There already", shared=True, role=Role.MANAGER)
    with desk.store.write() as session:
        if may(actor, Permission.EDIT_POLICIES if shared else Permission.SEE_CASES):
            assert save_view(session, "x", DUTCH, shared=shared, by=actor, now=NOON).shared is shared
        else:
            with pytest.raises(NotAllowed, match=actor.name):
                save_view(session, "x", DUTCH, shared=shared, by=actor, now=NOON)
    if not may(actor, Permission.EDIT_POLICIES):
        with desk.store.write() as session, pytest.raises(NotAllowed):
            delete_view(session, theirs.id, by=actor, now=NOON)


def test_a_job_has_no_views(desk: Desk) -> None:
    with desk.store.write() as session, pytest.raises(NotAllowed, match="only a person"):
        save_view(session, "x", DUTCH, by=Actor.system("a job"), now=NOON)
