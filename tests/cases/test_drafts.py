"""What people type is kept, and nothing that was typed is overwritten by something else."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from webcare import cases
from webcare.cases import drafts
from webcare.cases.sending import check_and_send
from webcare.domain import Actor, ReplyWay, Role
from webcare.errors import NotAllowed, WebcareError
from webcare.store.tables import AgentRow
from webcare.store.tables_desk import ApprovalRow
from webcare.testing import NOON, Desk

SOON = NOON + timedelta(minutes=1)
REPLY = "We asked the warehouse and write to you here as soon as they answer."


@pytest.fixture
def case_id(desk: Desk) -> int:
    return desk.open_case().id or 0


def keep(desk: Desk, case_id: int, text: str, **more: object) -> bool:
    with desk.store.write() as session:
        return cases.save_draft(session, case_id, kind="reply", text=text, by=desk.first, now=desk.now, **more)


def has_left(
    desk: Desk,
    case_id: int,
    text: str,
    *,
    kind: drafts.DraftKind = "reply",
    by: Actor | None = None,
    since: datetime | None = None,
) -> bool:
    with desk.store.read() as session:
        return drafts.has_left(session, case_id, kind=kind, text=text, by=by or desk.first, since=since or desk.now)


def kept(desk: Desk, case_id: int, kind: str = "reply", by: Actor | None = None) -> tuple[str, list[str]]:
    with desk.store.read() as session:
        found = drafts.drafts_of(session, case_id, kind=kind, by=by or desk.first)
        return found.text, [one.text for one in found.others]


def test_the_older_of_two_windows_overwrites_nothing(desk: Desk, case_id: int) -> None:
    assert keep(desk, case_id, "Hello", seen="", window="a")
    assert keep(desk, case_id, "Hello there", seen="Hello", window="b")
    assert not keep(desk, case_id, "Hello you", seen="Hello", window="a")
    assert not keep(desk, case_id, "Hello you two", seen="Hello", window="a")
    assert kept(desk, case_id) == ("Hello there", ["Hello you two"])
    assert keep(desk, case_id, "Hello there, hi", seen="Hello there", window="b")
    assert kept(desk, case_id) == ("Hello there, hi", ["Hello you two"])


def test_three_windows_keep_three_texts(desk: Desk, case_id: int) -> None:
    assert keep(desk, case_id, "one", seen="", window="a")
    assert not keep(desk, case_id, "two", seen="", window="b")
    desk.later(seconds=1)
    assert not keep(desk, case_id, "three", seen="", window="c")
    assert kept(desk, case_id) == ("one", ["three", "two"])


def test_emptying_the_older_window_leaves_the_newer_text(desk: Desk, case_id: int) -> None:
    keep(desk, case_id, "newer", seen="", window="b")
    assert not keep(desk, case_id, "old", seen="", window="a")
    assert not keep(desk, case_id, "", seen="", window="a")
    assert kept(desk, case_id) == ("newer", [])


def test_going_on_with_a_text_takes_its_beginnings_away(desk: Desk, case_id: int) -> None:
    keep(desk, case_id, "newer", seen="", window="b")
    keep(desk, case_id, "old", seen="", window="a")
    keep(desk, case_id, "older still", seen="", window="c")
    assert kept(desk, case_id) == ("newer", ["older still"])


def test_a_version_is_taken_up_and_what_it_replaces_is_set_aside(desk: Desk, case_id: int) -> None:
    keep(desk, case_id, "newer", seen="", window="b")
    keep(desk, case_id, "other", seen="", window="a")
    with desk.store.write() as session:
        (other,) = drafts.drafts_of(session, case_id, kind="reply", by=desk.first).others
        text = drafts.take_up(session, other.id, instead_of="newer still", by=desk.first, now=SOON)
    assert text == "other"
    assert kept(desk, case_id) == ("other", ["newer still"])


def test_a_version_that_is_gone_is_said_so(desk: Desk, case_id: int) -> None:
    keep(desk, case_id, "newer", seen="", window="b")
    keep(desk, case_id, "other", seen="", window="a")
    with desk.store.write() as session:
        (other,) = drafts.drafts_of(session, case_id, kind="reply", by=desk.first).others
        drafts.drop_version(session, other.id, by=desk.first)
    assert kept(desk, case_id) == ("newer", [])
    with desk.store.write() as session, pytest.raises(WebcareError, match="gone"):
        drafts.take_up(session, other.id, instead_of="", by=desk.first, now=SOON)


def test_nobody_takes_up_or_drops_a_colleagues_version(desk: Desk, case_id: int) -> None:
    keep(desk, case_id, "newer", seen="", window="b")
    keep(desk, case_id, "other", seen="", window="a")
    lead = desk.people[Role.TEAM_LEAD]
    with desk.store.write() as session:
        (other,) = drafts.drafts_of(session, case_id, kind="reply", by=desk.first).others
        drafts.drop_version(session, other.id, by=lead)
        with pytest.raises(WebcareError, match="gone"):
            drafts.take_up(session, other.id, instead_of="", by=lead, now=SOON)
    assert kept(desk, case_id) == ("newer", ["other"])
    assert kept(desk, case_id, by=lead) == ("", [])


ACTS = {
    "set_aside": lambda s, c, a: drafts.set_aside(s, c, kind="reply", text="x", by=a, now=NOON),
    "take_up": lambda s, c, a: drafts.take_up(s, 1, instead_of="", by=a, now=NOON),
    "drop_version": lambda s, c, a: drafts.drop_version(s, 1, by=a),
    "choose_way": lambda s, c, a: drafts.choose_way(s, c, way=ReplyWay.PRIVATE, by=a, now=NOON),
}


@pytest.mark.parametrize("act", ACTS)
def test_versions_are_for_those_who_work_cases(desk: Desk, case_id: int, act: str) -> None:
    manager = desk.people[Role.MANAGER]
    with desk.store.write() as session, pytest.raises(NotAllowed, match=manager.name):
        ACTS[act](session, case_id, manager)


def test_an_undone_reply_comes_back_beside_what_was_typed_since(desk: Desk, case_id: int) -> None:
    sent = desk.reply(case_id, REPLY)
    keep(desk, case_id, "One more thing:", seen="")
    with desk.store.write() as session:
        cases.take_back(session, sent.id or 0, by=desk.first, now=desk.now)
    assert kept(desk, case_id) == ("One more thing:", [REPLY])


def test_a_reply_has_left_until_it_is_taken_back(desk: Desk, case_id: int) -> None:
    assert not has_left(desk, case_id, REPLY)
    sent = desk.reply(case_id, REPLY)
    assert has_left(desk, case_id, f" {REPLY}\n")
    assert not has_left(desk, case_id, "Something else")
    assert not has_left(desk, case_id, REPLY, by=desk.second)
    assert not has_left(desk, case_id, REPLY, kind="note")
    assert not has_left(desk, desk.open_case("Another").id or 0, REPLY)
    assert not has_left(desk, case_id, REPLY, since=desk.now + timedelta(seconds=1))
    with desk.store.write() as session:
        cases.take_back(session, sent.id or 0, by=desk.first, now=desk.now)
    assert not has_left(desk, case_id, REPLY)


def test_a_note_has_left_as_a_note(desk: Desk, case_id: int) -> None:
    with desk.store.write() as session:
        cases.add_note(session, case_id, text="She wrote twice.", by=desk.first, now=desk.now)
    assert has_left(desk, case_id, "She wrote twice.", kind="note")
    assert not has_left(desk, case_id, "She wrote twice.")


def test_a_reply_that_waits_for_a_yes_has_left_until_it_is_withdrawn(desk: Desk, case_id: int) -> None:
    with desk.store.write() as session:
        session.get_one(AgentRow, desk.first.id).supervised = True
    newcomer = replace(desk.first, supervised=True)
    undo = timedelta(seconds=10)
    sent = check_and_send(desk.store, case_id, text=REPLY, by=newcomer, now=desk.now, undo=undo, acknowledged=True)
    assert sent.approval_id is not None
    assert has_left(desk, case_id, REPLY)
    with desk.store.write() as session:
        session.get_one(ApprovalRow, sent.approval_id).state = "withdrawn"
    assert not has_left(desk, case_id, REPLY)


def test_two_replies_taken_back_are_both_kept(desk: Desk, case_id: int) -> None:
    keep(desk, case_id, "typing", seen="")
    with desk.store.write() as session:
        for text in ("first", "second", "second", "first", ""):
            drafts.set_aside(session, case_id, kind="reply", text=text, by=desk.first, now=desk.now)
    assert sorted(kept(desk, case_id)[1]) == ["first", "second"]


def test_texts_set_aside_by_a_reply_and_by_hand_get_names_of_their_own(desk: Desk, case_id: int) -> None:
    def aside(text: str) -> None:
        with desk.store.write() as session:
            drafts.set_aside(session, case_id, kind="reply", text=text, by=desk.first, now=desk.now)

    aside("the first of them")
    keep(desk, case_id, "Something else altogether, written in another window.", seen="", window="b")
    desk.reply(case_id, REPLY)
    texts = ["the first of them", "Something else altogether, written in another window."]
    for text in ("the second of them", "one more of them", "and the last of them"):
        aside(text)
        texts.append(text)
        assert sorted(kept(desk, case_id)[1]) == sorted(texts)


def test_sending_takes_the_draft_it_was_and_leaves_another_windows(desk: Desk, case_id: int) -> None:
    keep(desk, case_id, REPLY, seen="")
    desk.reply(case_id, REPLY + " Bye!")
    assert kept(desk, case_id) == ("", [])
    other = desk.open_case("And my chair?").id or 0
    keep(desk, other, "Something else altogether, written in another window.", seen="", window="b")
    keep(desk, other, REPLY, seen="", window="a")
    desk.reply(other, REPLY)
    assert kept(desk, other) == ("", ["Something else altogether, written in another window."])


def test_the_two_kinds_and_their_versions_never_mix(desk: Desk, case_id: int) -> None:
    with desk.store.write() as session:
        for kind in ("reply", "note"):
            for window, text in (("a", f"{kind} one"), ("b", f"{kind} two")):
                cases.save_draft(
                    session, case_id, kind=kind, text=text, by=desk.first, now=NOON, seen="", window=window
                )
        cases.add_note(session, case_id, text="note one", by=desk.first, now=NOON)
    assert kept(desk, case_id) == ("reply one", ["reply two"])
    assert kept(desk, case_id, "note") == ("", ["note two"])


def test_who_is_to_read_it_is_kept_and_comes_back_with_a_text_taken_back(desk: Desk, case_id: int) -> None:
    def way() -> ReplyWay | None:
        with desk.store.read() as session:
            return drafts.way_of(drafts.all_drafts(session, case_id, by=desk.first))

    assert way() is None
    with desk.store.write() as session:
        drafts.choose_way(session, case_id, way=ReplyWay.PRIVATE, by=desk.first, now=NOON)
    assert way() is ReplyWay.PRIVATE
    sent = desk.reply(case_id, REPLY)
    assert way() is None
    with desk.store.write() as session:
        drafts.choose_way(session, case_id, way=ReplyWay.PRIVATE, by=desk.first, now=NOON)
        cases.take_back(session, sent.id or 0, by=desk.first, now=desk.now)
    assert way() is ReplyWay.PUBLIC


def test_a_draft_about_to_be_replaced_is_set_aside_too(desk: Desk, case_id: int) -> None:
    keep(desk, case_id, "typed by hand", seen="")
    with desk.store.write() as session:
        drafts.set_aside(session, case_id, kind="reply", text="typed by hand", by=desk.first, now=desk.now)
    keep(desk, case_id, "a saved reply", seen="typed by hand")
    assert kept(desk, case_id) == ("a saved reply", ["typed by hand"])


def test_a_text_that_goes_on_with_the_newest_one_is_the_draft_whatever_was_seen(desk: Desk, case_id: int) -> None:
    keep(desk, case_id, "It was kept", seen="")
    assert keep(desk, case_id, "It was kept and this was not", seen="It was", window="a")
    assert kept(desk, case_id) == ("It was kept and this was not", [])
