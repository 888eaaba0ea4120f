"""Hiding, liking and taking back: asked by people, done by a job, safe to repeat, and told in the case."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import col, select

from tests.cases.networks import Network, act, on_network
from tests.cases.test_answering import LONG, PLAIN_TEXT
from webcare import cases
from webcare.channels.base import Action, Capabilities
from webcare.channels.x import X
from webcare.domain import Author, CaseState, DeliveryState, Role
from webcare.errors import (
    AccountDisconnected,
    CaseStateRefused,
    ChannelThrottled,
    ChannelUnavailable,
    NotAllowed,
    OutcomeUnknown,
    ReplyRejected,
    TargetGone,
    WebcareError,
)
from webcare.store.tables import AccountRow, CaseEventRow, CaseRow, ChannelActionRow, DeliveryRow, MentionRow
from webcare.testing import Desk, Landed, make_mention


@pytest.fixture
def network(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Network:
    return on_network(desk, monkeypatch)


@pytest.fixture
def case(desk: Desk, network: Network) -> CaseRow:
    return desk.open_case("You are all crooks!")


def post_of(desk: Desk, case: CaseRow, *, ours: bool = False) -> str:
    with desk.store.read() as session:
        query = select(MentionRow.external_id).where(MentionRow.case_id == case.id, col(MentionRow.is_ours).is_(ours))
        return session.exec(query.order_by(col(MentionRow.id))).first() or ""


def ask(desk: Desk, case: CaseRow, action: Action, external_id: str = "", role: Role = Role.FIRST_LINE) -> None:
    with desk.store.write() as session:
        cases.ask_action(
            session, case.id or 0, action=action, external_id=external_id or post_of(desk, case),
            by=desk.people[role], now=desk.now,
        )  # fmt: skip


def retract(desk: Desk, case: CaseRow, external_id: str, reason: str = "Wrong price.") -> None:
    with desk.store.write() as session:
        cases.retract(session, case.id or 0, external_id=external_id, reason=reason, by=desk.first, now=desk.now)


def states(desk: Desk) -> list[tuple[str, str]]:
    with desk.store.read() as session:
        return [
            (row.action, row.state) for row in session.exec(select(ChannelActionRow).order_by(col(ChannelActionRow.id)))
        ]


def last_event(desk: Desk, case: CaseRow) -> CaseEventRow:
    with desk.store.read() as session:
        query = select(CaseEventRow).where(CaseEventRow.case_id == case.id).order_by(col(CaseEventRow.id).desc())
        found = session.exec(query).first()
        assert found is not None
        return found


def answered(desk: Desk, case: CaseRow, text: str = PLAIN_TEXT) -> list[str]:
    """Answer it, and give the ids of our posts."""
    with desk.store.read() as session:
        before = set(session.exec(select(DeliveryRow.id)))
    cases.check_and_send(
        desk.store, case.id or 0, text=text, by=desk.first, now=desk.now, undo=timedelta(seconds=10), acknowledged=True
    )
    desk.later(seconds=11)
    desk.deliver()
    with desk.store.read() as session:
        rows = [row for row in session.exec(select(DeliveryRow).order_by(col(DeliveryRow.id))) if row.id not in before]
    return [row.external_id or "" for row in rows]


def test_a_post_is_hidden_and_shown_again(desk: Desk, network: Network, case: CaseRow) -> None:
    post = post_of(desk, case)
    ask(desk, case, Action.HIDE)
    assert act(desk) == 1
    assert network.acts == [(Action.HIDE, post)]
    with desk.store.read() as session:
        (view,) = cases.actions_of(session, case.id or 0)[post]
    assert (view.action, view.state, view.agent_name) == (Action.HIDE, "done", desk.first.name)
    ask(desk, case, Action.UNHIDE)
    assert act(desk) == 1
    assert desk.events(case.id) == ["opened", "action_asked", "action_done", "action_asked", "action_done"]
    assert act(desk) == 0


def test_asking_twice_is_asking_once(desk: Desk, network: Network, case: CaseRow) -> None:
    ask(desk, case, Action.LIKE)
    ask(desk, case, Action.LIKE)
    assert states(desk) == [("like", "pending")]
    with pytest.raises(CaseStateRefused, match="Somebody just did"):
        ask(desk, case, Action.UNLIKE)
    act(desk)
    with pytest.raises(CaseStateRefused, match="done already"):
        ask(desk, case, Action.LIKE)
    ask(desk, case, Action.HIDE)  # another pair
    assert act(desk) == 1


@pytest.mark.parametrize("error", [ChannelUnavailable("down"), OutcomeUnknown("timed out"), RuntimeError("ours")])
def test_what_nobody_knows_the_outcome_of_is_done_again_later(
    desk: Desk, network: Network, case: CaseRow, error: Exception
) -> None:
    network.refusals += [error, error]
    ask(desk, case, Action.HIDE)
    assert act(desk) == 0
    desk.later(seconds=29)
    assert act(desk) == 0
    assert len(network.refusals) == 1
    desk.later(seconds=2)
    assert act(desk) == 0
    desk.later(seconds=61)
    assert act(desk) == 1
    assert states(desk) == [("hide", "done")]


def test_a_throttled_action_waits_until_the_network_says(desk: Desk, network: Network, case: CaseRow) -> None:
    network.refusals.append(ChannelThrottled("slow", retry_at=desk.now + timedelta(minutes=15)))
    ask(desk, case, Action.HIDE)
    act(desk)
    desk.later(minutes=14)
    assert act(desk) == 0
    desk.later(minutes=2)
    assert act(desk) == 1


@pytest.mark.parametrize("error", [ReplyRejected("X does not allow this."), TargetGone("It was deleted.")])
def test_a_refusal_for_good_ends_it_with_its_reason(
    desk: Desk, network: Network, case: CaseRow, error: Exception
) -> None:
    network.refusals.append(error)
    ask(desk, case, Action.HIDE)
    assert act(desk) == 0
    desk.later(days=1)
    assert act(desk) == 0
    assert states(desk) == [("hide", "failed")]
    assert last_event(desk, case).detail["error"] == str(error)
    ask(desk, case, Action.HIDE)  # and it may be asked again
    assert act(desk) == 1


def test_it_is_not_tried_for_ever(desk: Desk, network: Network, case: CaseRow) -> None:
    network.refusals += [ChannelUnavailable("down")] * 30
    ask(desk, case, Action.HIDE)
    for _ in range(12):
        act(desk)
        desk.later(hours=1)
    assert states(desk) == [("hide", "failed")]
    assert "6 hours" in last_event(desk, case).detail["error"]


def test_a_disconnected_account_does_it_when_it_is_back(desk: Desk, network: Network, case: CaseRow) -> None:
    network.refusals.append(AccountDisconnected("The token expired."))
    ask(desk, case, Action.HIDE)
    act(desk)
    assert act(desk) == 0
    with desk.store.write() as session:
        account = session.exec(select(AccountRow)).one()
        assert account.last_error == "The token expired."
        account.disconnected_at = None
        session.add(account)
    assert act(desk) == 1


def test_whoever_dies_in_the_middle_is_followed_by_another(
    desk: Desk, network: Network, case: CaseRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(action: Action, external_id: str) -> None:
        raise KeyboardInterrupt

    ask(desk, case, Action.HIDE)
    with monkeypatch.context() as patch:
        patch.setattr(network, "act", dies)
        with pytest.raises(KeyboardInterrupt):
            act(desk)
    assert act(desk) == 0  # its call might still be running
    desk.later(seconds=46)
    assert act(desk) == 1


def test_what_the_network_does_not_offer_cannot_be_asked(
    desk: Desk, network: Network, case: CaseRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(X, "capabilities", Capabilities(actions=frozenset({Action.LIKE})))
    with pytest.raises(CaseStateRefused, match="does not offer"):
        ask(desk, case, Action.HIDE)
    assert states(desk) == []


def test_only_posts_of_this_thread_and_not_ours_are_hidden(desk: Desk, network: Network, case: CaseRow) -> None:
    other = desk.open_case("Another thread")
    with pytest.raises(CaseStateRefused, match="does not stand"):
        ask(desk, case, Action.HIDE, post_of(desk, other))
    (ours,) = answered(desk, case)
    with pytest.raises(CaseStateRefused, match="retracted"):
        ask(desk, case, Action.HIDE, ours)
    with pytest.raises(CaseStateRefused, match="with a reason"):
        ask(desk, case, Action.DELETE, ours)


@pytest.mark.parametrize("role", [Role.SECOND_LINE, Role.MANAGER])
def test_only_who_speaks_for_the_brand_may_do_it(desk: Desk, network: Network, case: CaseRow, role: Role) -> None:
    with pytest.raises(NotAllowed):
        ask(desk, case, Action.HIDE, role=role)
    with desk.store.write() as session, pytest.raises(NotAllowed):
        cases.retract(session, case.id or 0, external_id="1", reason="Because.", by=desk.people[role], now=desk.now)


# --- retracting -------------------------------------------------------------------------------------


def test_a_retracted_reply_goes_and_its_text_becomes_a_draft_to_correct(
    desk: Desk, network: Network, case: CaseRow
) -> None:
    (ours,) = answered(desk, case)
    desk.later(minutes=4)
    retract(desk, case, ours)
    with desk.store.read() as session:
        assert cases.draft_of(session, case.id or 0, kind="reply", by=desk.first) == PLAIN_TEXT
    assert act(desk) == 1
    assert (network.acts, network.timeline) == ([(Action.DELETE, ours)], [])
    with desk.store.read() as session:
        row = session.exec(select(DeliveryRow)).one()
        post = session.exec(select(MentionRow).where(MentionRow.external_id == ours)).one()
        after = cases.load(session, case.id or 0)
    assert (row.state, row.retracted_at, row.retract_reason, row.text) == (
        DeliveryState.SENT, desk.now, "Wrong price.", PLAIN_TEXT,
    )  # fmt: skip
    assert (post.deleted_at, post.text, post.gone_reason) == (desk.now, "", "deleted")
    assert after.state == CaseState.OPEN
    assert after.waiting_since == after.first_posted_at
    told = last_event(desk, case)
    assert told.kind == "reply_retracted"
    assert (told.detail["stood_s"], told.detail["reason"]) == (240, "Wrong price.")
    assert answered(desk, case, "We asked the shop and write to you here.")  # the correction


def test_all_parts_of_an_answer_are_retracted_newest_first(desk: Desk, network: Network, case: CaseRow) -> None:
    first, second = answered(desk, case, LONG)
    retract(desk, case, first)
    assert act(desk) == 2
    assert network.acts == [(Action.DELETE, second), (Action.DELETE, first)]
    with desk.store.read() as session:
        assert cases.draft_of(session, case.id or 0, kind="reply", by=desk.first) == LONG


def test_a_part_that_has_not_left_never_does(desk: Desk, network: Network, case: CaseRow) -> None:
    network.faults += [None, ChannelThrottled("slow", retry_at=desk.now + timedelta(minutes=5))]
    first, unsent = answered(desk, case, LONG)
    assert unsent == ""
    retract(desk, case, first)
    desk.later(minutes=6)
    assert (act(desk), desk.deliver(), network.timeline) == (1, 0, [])


def test_a_reply_nobody_is_sure_about_is_not_retracted_in_part(desk: Desk, network: Network, case: CaseRow) -> None:
    network.faults += [None, Landed(OutcomeUnknown("timed out"))]
    first, _ = answered(desk, case, LONG)
    with pytest.raises(CaseStateRefused, match="still on its way"):
        retract(desk, case, first)


def test_a_post_that_is_gone_already_is_retracted_all_the_same(desk: Desk, network: Network, case: CaseRow) -> None:
    (ours,) = answered(desk, case)
    network.refusals.append(TargetGone("It was deleted."))
    retract(desk, case, ours)
    assert act(desk) == 1
    assert states(desk) == [("delete", "done")]


def test_a_colleagues_post_made_on_the_network_is_retracted_too(desk: Desk, network: Network) -> None:
    mention = make_mention(posted_at=desk.now)
    desk.receive(mention)
    case = desk.case_of(mention)
    theirs = make_mention(
        "Wrong!", thread_id=mention.thread_id, parent_id=mention.external_id, is_ours=True, author=Author("3300000001"),
        posted_at=desk.later(minutes=1),
    )  # fmt: skip
    desk.receive(theirs)
    retract(desk, case, theirs.external_id)
    assert act(desk) == 1
    assert last_event(desk, case).kind == "reply_retracted"


def test_a_retraction_takes_a_reason_and_a_post_of_ours(desk: Desk, network: Network, case: CaseRow) -> None:
    (ours,) = answered(desk, case)
    with pytest.raises(WebcareError, match="reason is empty"):
        retract(desk, case, ours, reason="  ")
    with pytest.raises(CaseStateRefused, match="Only posts of ours"):
        retract(desk, case, post_of(desk, case))
    assert states(desk) == []


def test_a_retracted_reply_is_not_taken_for_the_same_words_sent_again(
    desk: Desk, network: Network, case: CaseRow
) -> None:
    (ours,) = answered(desk, case)
    retract(desk, case, ours)  # asked for, not yet done: the old post still stands
    network.faults.append(OutcomeUnknown("timed out"))
    answered(desk, case)
    desk.later(seconds=30)
    assert desk.reconcile() == 0
    desk.later(seconds=30)
    assert desk.reconcile() == 1
    with desk.store.read() as session:
        rows = list(session.exec(select(DeliveryRow).order_by(col(DeliveryRow.id))))
    assert [row.state for row in rows] == [DeliveryState.SENT, DeliveryState.PENDING]
    assert act(desk) == 1
    assert desk.deliver() == 1
    assert len(network.timeline) == 1


def test_a_retraction_that_the_network_refuses_leaves_our_answer_as_it_was(
    desk: Desk, network: Network, case: CaseRow
) -> None:
    (ours,) = answered(desk, case)
    network.refusals.append(ReplyRejected("Too old to delete."))
    retract(desk, case, ours)
    assert act(desk) == 0
    with desk.store.read() as session:
        row = session.exec(select(DeliveryRow)).one()
        context = cases.draft_surroundings(session, case.id or 0, now=desk.now)
    assert (row.retracted_at, row.retract_reason) == (None, "")
    assert context.newest_reply[1] == PLAIN_TEXT
    assert last_event(desk, case).kind == "action_failed"
