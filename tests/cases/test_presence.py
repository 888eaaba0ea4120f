"""Who has a case on the screen and who types in it: what colleagues see of each other, how rarely it is written."""

import threading
from datetime import timedelta

import pytest
from sqlmodel import select

from webcare import cases
from webcare.cases import presence
from webcare.cases.presence import Looker
from webcare.domain import Actor, Role
from webcare.errors import NotAllowed
from webcare.store.tables_desk import PresenceRow
from webcare.testing import NOON, Desk


def test_colleagues_see_each_other_and_never_themselves(desk: Desk) -> None:
    case_id, other_id = (desk.open_case().id or 0 for _ in range(2))
    first, second = desk.first, desk.second
    with desk.store.write() as session:
        presence.look(session, case_id, by=first, now=NOON)
        presence.look(session, case_id, by=second, now=NOON, typing="reply")
        seen = presence.others(session, [case_id, other_id], me=first, now=NOON)
        assert seen == {case_id: (Looker(second.id or 0, second.name, "reply"),)}
        assert presence.others(session, [case_id], me=second, now=NOON)[case_id][0].name == first.name
        assert presence.others(session, [], me=first, now=NOON) == {}


def test_typing_fades_before_looking_does(desk: Desk) -> None:
    case_id = desk.open_case().id or 0
    with desk.store.write() as session:
        presence.look(session, case_id, by=desk.second, now=NOON, typing="note")

    def seen_after(seconds: float) -> list[str]:
        with desk.store.read() as session:
            moment = NOON + timedelta(seconds=seconds)
            return [
                one.typing for one in presence.others(session, [case_id], me=desk.first, now=moment).get(case_id, ())
            ]

    assert seen_after(14) == ["note"]
    assert seen_after(16) == [""]
    assert seen_after(31) == []


def test_saying_the_same_again_within_seconds_writes_nothing(desk: Desk) -> None:
    case_id = desk.open_case().id or 0
    steps = ((0, "", True), (3, "", False), (4, "reply", True), (6, "reply", False), (7, "", False), (9, "note", True))
    with desk.store.write() as session:
        wrote = [
            presence.look(session, case_id, by=desk.first, now=NOON + timedelta(seconds=at), typing=typing)
            for at, typing, _ in steps
        ]
        assert wrote == [expected for _, _, expected in steps]
        assert presence.look(session, case_id, by=desk.first, now=NOON + timedelta(seconds=18))


def test_who_leaves_is_no_longer_shown_and_old_looks_are_deleted(desk: Desk) -> None:
    case_id = desk.open_case().id or 0
    with desk.store.write() as session:
        for person in (desk.first, desk.second):
            presence.look(session, case_id, by=person, now=NOON)
        presence.leave(session, case_id, by=desk.second)
        presence.leave(session, case_id, by=desk.second)
        assert presence.others(session, [case_id], me=desk.first, now=NOON) == {}
        assert presence.prune(session, now=NOON + timedelta(seconds=59)) == 0
        assert presence.prune(session, now=NOON + timedelta(seconds=60)) == 1


def test_looking_leaves_the_case_as_it_is_and_takes_a_person_who_may_see_it(desk: Desk) -> None:
    case = desk.open_case()
    case_id = case.id or 0
    with desk.store.write() as session:
        presence.look(session, case_id, by=desk.first, now=NOON)
        assert cases.load(session, case_id).version == case.version
    assert desk.events(case_id) == ["opened"]
    with desk.store.write() as session, pytest.raises(NotAllowed):
        presence.look(session, case_id, by=Actor(None, "delivery", Role.SYSTEM), now=NOON)


def test_two_tabs_of_one_person_say_it_at_once(desk: Desk) -> None:
    case_id = desk.open_case().id or 0
    start, failures = threading.Barrier(4), []

    def tab() -> None:
        start.wait()
        try:
            with desk.store.write() as session:
                presence.look(session, case_id, by=desk.first, now=NOON, typing="reply")
        except Exception as error:  # whatever it is, the test tells it
            failures.append(error)

    tabs = [threading.Thread(target=tab) for _ in range(4)]
    for one in tabs:
        one.start()
    for one in tabs:
        one.join()
    with desk.store.read() as session:
        assert (failures, len(session.exec(select(PresenceRow)).all())) == ([], 1)
