"""Which way an answer goes, whether its network takes it, in how many posts, and what is given by hand instead."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlmodel import col, select

from tests.cases.networks import Network, on_network
from webcare import cases
from webcare.cases import outcomes
from webcare.cases.sending import Outcome
from webcare.channels.base import Permission
from webcare.domain import (
    Author,
    CaseState,
    DeliveryState,
    Mention,
    MentionKind,
    Posted,
    ReplyWay,
    Resolution,
)
from webcare.errors import (
    CaseStateRefused,
    ChannelThrottled,
    ChannelUnavailable,
    GuardBlocked,
    OutcomeUnknown,
    ReplyPending,
    ReplyRejected,
    TargetGone,
    UndoTooLate,
    WebcareError,
)
from webcare.store.tables import CaseEventRow, DeliveryRow, MentionRow
from webcare.testing import Desk, Landed, make_mention

TEXT = "It arrives tomorrow between nine and noon."
PLAIN_TEXT = "We asked the warehouse and write to you here."
LONG = (
    "We looked at your order with the people of the warehouse in Tilburg, and they found the second parcel there. "
    "It goes with the same carrier as the first one, so you get a message with the time an hour before. "
    "You need not be at home for it: the driver leaves it with the neighbours you named when you ordered. ^NS"
)


@pytest.fixture
def network(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Network:
    return on_network(desk, monkeypatch)


def send(desk: Desk, case_id: int | None, text: str = TEXT, **how: object) -> Outcome:
    undo = timedelta(seconds=10)
    return cases.check_and_send(
        desk.store, case_id or 0, text=text, by=desk.first, now=desk.now, undo=undo, acknowledged=True, **how
    )  # type: ignore[arg-type]


def rows(desk: Desk) -> list[DeliveryRow]:
    with desk.store.read() as session:
        return list(session.exec(select(DeliveryRow).order_by(col(DeliveryRow.id))))


def states(desk: Desk) -> list[str]:
    return [row.state for row in rows(desk)]


def draft(desk: Desk, case_id: int | None) -> str:
    with desk.store.read() as session:
        return cases.draft_of(session, case_id or 0, kind="reply", by=desk.first)


def refuse(reason: str) -> Callable[..., Permission]:
    return lambda target, way: Permission(False, reason)


# --- asked before, and again before it goes ---------------------------------------------------------


def test_the_channel_is_told_all_that_a_networks_rules_ask_about(desk: Desk, network: Network) -> None:
    mention = make_mention(posted_at=desk.now, raw={"reply_settings": "everyone"})
    desk.receive(mention)
    later = desk.later(minutes=3)
    again = make_mention("Hello?", thread_id=mention.thread_id, author=mention.author, posted_at=later)
    desk.receive(again)
    case = desk.case_of(mention)
    with desk.store.read() as session:
        message = cases.message_to_answer(session, case.id or 0)
        assert message is not None
        target = cases.target_of(session, message)
    assert (target.external_id, target.thread_id, target.author_id) == (
        again.external_id, again.thread_id, again.author.external_id,
    )  # fmt: skip
    assert (target.last_customer_message_at, target.private_reply_sent, target.gone) == (later, False, False)
    network.permit = refuse("Closed.")
    assert cases.ask(network, target, ReplyWay.PUBLIC) == Permission(False, "Closed.")
    assert network.asked == [(target, ReplyWay.PUBLIC)]


def test_a_message_that_is_gone_is_refused_without_asking(desk: Desk, network: Network) -> None:
    case = desk.open_case()
    with desk.store.write() as session:
        row = session.exec(select(MentionRow)).one()
        row.deleted_at, row.text = desk.now, ""
        session.add(row)
    with desk.store.read() as session:
        message = cases.message_to_answer(session, case.id or 0)
        assert message is not None
        target = cases.target_of(session, message)
    assert target.gone
    assert not cases.ask(network, target, ReplyWay.PUBLIC).allowed
    assert network.asked == []


@pytest.mark.parametrize(
    ("error", "allowed"), [(ChannelUnavailable("down"), True), (TargetGone("deleted"), False), (KeyError("ours"), True)]
)
def test_a_network_that_cannot_be_asked_takes_it_until_it_says_no(
    desk: Desk, network: Network, error: Exception, allowed: bool
) -> None:
    def fails(target: object, way: object) -> Permission:
        raise error

    network.permit = fails
    desk.open_case()
    with desk.store.read() as session:
        target = cases.target_of(session, session.exec(select(MentionRow)).one())
    assert cases.ask(network, target, ReplyWay.PUBLIC).allowed is allowed


def test_a_window_that_closed_while_a_reply_waited_ends_it_with_the_reason_and_the_text(
    desk: Desk, network: Network
) -> None:
    case = desk.open_case()
    send(desk, case.id)
    desk.later(seconds=11)
    network.faults.append(ChannelThrottled("slow"))
    assert desk.deliver() == 0
    network.permit = refuse("The 24 hours in which Messenger takes an answer are over.")
    desk.later(minutes=1)
    assert desk.deliver() == 0
    (row,) = rows(desk)
    assert (row.state, row.error_code) == (DeliveryState.FAILED, "refused")
    assert row.error == "The 24 hours in which Messenger takes an answer are over."
    assert draft(desk, case.id) == TEXT
    assert network.timeline == []


# --- two ways ---------------------------------------------------------------------------------------


def test_a_reply_goes_the_way_its_message_came_unless_chosen_otherwise(desk: Desk, network: Network) -> None:
    public = desk.open_case("Where is it?")
    private = desk.open_case("Between us: where is it?", kind=MentionKind.DIRECT_MESSAGE)
    aside = desk.open_case("And mine?")
    for case, way in ((public, None), (private, None), (aside, ReplyWay.PRIVATE)):
        assert send(desk, case.id, way=way).delivery_id
    assert [(row.way, row.kind) for row in rows(desk)] == [
        ("public", "reply"), ("private", "direct_message"), ("private", "reply"),
    ]  # fmt: skip
    desk.later(seconds=11)
    assert desk.deliver() == 3
    assert [(reply.way, reply.to_id) for _, reply in network.timeline] == [
        (ReplyWay.PUBLIC, public.customer_id), (ReplyWay.PRIVATE, private.customer_id),
        (ReplyWay.PRIVATE, aside.customer_id),
    ]  # fmt: skip


def test_what_was_said_in_private_is_not_said_in_public(desk: Desk, network: Network) -> None:
    case = desk.open_case()
    send(desk, case.id, way=ReplyWay.PRIVATE)
    desk.later(seconds=11)
    desk.deliver()
    with desk.store.read() as session:
        ours = session.exec(select(MentionRow).where(col(MentionRow.is_ours))).one()
        context = cases.draft_surroundings(session, case.id or 0, now=desk.now)
    assert ours.kind == MentionKind.DIRECT_MESSAGE
    assert TEXT not in context.public_texts


def test_a_public_post_is_answered_privately_once(desk: Desk, network: Network) -> None:
    mention = make_mention(posted_at=desk.now)
    desk.receive(mention)
    case = desk.case_of(mention)
    send(desk, case.id, way=ReplyWay.PRIVATE)
    desk.later(seconds=11)
    desk.deliver()
    with desk.store.read() as session:
        row = session.exec(select(MentionRow).where(MentionRow.external_id == mention.external_id)).one()
        assert cases.target_of(session, row).private_reply_sent
    network.permit = lambda target, way: Permission(not target.private_reply_sent, "Once only.")
    send(desk, case.id, PLAIN_TEXT, way=ReplyWay.PRIVATE)
    desk.later(seconds=11)
    assert desk.deliver() == 0
    assert rows(desk)[-1].error == "Once only."


def test_the_way_is_part_of_what_was_checked(desk: Desk, network: Network) -> None:
    case = desk.open_case()
    send(desk, case.id, way=ReplyWay.PRIVATE)
    with desk.store.write() as session:
        row = session.exec(select(DeliveryRow)).one()
        row.way = ReplyWay.PUBLIC.value
        session.add(row)
    desk.later(seconds=11)
    assert desk.deliver() == 0
    assert (states(desk), network.timeline) == ([DeliveryState.FAILED], [])


def test_a_private_answer_goes_to_nobody_but_the_writer(desk: Desk, network: Network) -> None:
    case = desk.open_case()
    send(desk, case.id, way=ReplyWay.PRIVATE)
    with desk.store.write() as session:
        row = session.exec(select(DeliveryRow)).one()
        row.to_external_id = "somebody-else"
        session.add(row)
    desk.later(seconds=11)
    assert desk.deliver() == 0
    assert network.timeline == []


# --- several parts ----------------------------------------------------------------------------------


def test_a_long_answer_goes_out_in_parts_each_answering_the_one_before(desk: Desk, network: Network) -> None:
    mention = make_mention(posted_at=desk.now)
    desk.receive(mention)
    case = desk.case_of(mention)
    assert send(desk, case.id, LONG).delivery_id == rows(desk)[0].id
    assert len(rows(desk)) == 2
    assert " ".join(row.text for row in rows(desk)) == LONG
    desk.later(seconds=11)
    assert desk.deliver() == 2
    (first, _), (_, second) = network.timeline
    assert [reply.target_id for _, reply in network.timeline] == [mention.external_id, first.external_id]
    assert second.text.endswith("^NS")
    assert states(desk) == [DeliveryState.SENT] * 2
    with desk.store.read() as session:
        assert cases.load(session, case.id or 0).state == CaseState.WAITING


def test_a_part_waits_until_the_one_before_surely_stands(desk: Desk, network: Network) -> None:
    case = desk.open_case()
    send(desk, case.id, LONG)
    network.faults.append(Landed(OutcomeUnknown("timed out")))
    desk.later(seconds=11)
    assert desk.deliver() == 0
    assert states(desk) == [DeliveryState.UNCONFIRMED, DeliveryState.PENDING]
    assert desk.deliver() == 0
    desk.later(seconds=30)
    assert desk.reconcile() == 1
    assert desk.deliver() == 1
    assert states(desk) == [DeliveryState.SENT] * 2
    assert len(network.timeline) == 2


def test_a_refused_first_part_gives_the_whole_text_back(desk: Desk, network: Network) -> None:
    case = desk.open_case()
    send(desk, case.id, LONG)
    network.faults.append(ReplyRejected("Not here."))
    desk.later(seconds=11)
    assert desk.deliver() == 0
    assert states(desk) == [DeliveryState.FAILED] * 2
    assert draft(desk, case.id) == LONG
    assert send(desk, case.id, LONG).delivery_id  # and it may be tried again


def test_a_refused_second_part_gives_the_rest_back(desk: Desk, network: Network) -> None:
    case = desk.open_case()
    send(desk, case.id, LONG)
    network.faults.extend([None, ReplyRejected("Not here.")])
    desk.later(seconds=11)
    assert desk.deliver() == 1
    assert states(desk) == [DeliveryState.SENT, DeliveryState.FAILED]
    assert draft(desk, case.id) == rows(desk)[1].text
    with desk.store.read() as session:
        assert cases.load(session, case.id or 0).state == CaseState.OPEN


def test_undo_takes_every_part_back(desk: Desk, network: Network) -> None:
    case = desk.open_case()
    send(desk, case.id, LONG)
    with desk.store.write() as session:
        cases.take_back(session, rows(desk)[1].id or 0, by=desk.first, now=desk.now)
    assert states(desk) == [DeliveryState.CANCELLED] * 2
    assert draft(desk, case.id) == LONG
    desk.later(seconds=11)
    assert desk.deliver() == 0
    with desk.store.write() as session, pytest.raises(UndoTooLate):
        cases.take_back(session, rows(desk)[0].id or 0, by=desk.first, now=desk.now)


def test_a_part_changed_in_the_database_never_leaves(desk: Desk, network: Network) -> None:
    case = desk.open_case()
    send(desk, case.id, LONG)
    with desk.store.write() as session:
        row = session.get_one(DeliveryRow, rows(desk)[1].id)
        row.text = "Nobody read this."
        session.add(row)
    desk.later(seconds=11)
    assert desk.deliver() == 1
    assert states(desk) == [DeliveryState.SENT, DeliveryState.FAILED]


def test_a_part_found_by_a_person_has_no_number_to_attach_the_rest_to(desk: Desk, network: Network) -> None:
    case = desk.open_case()
    send(desk, case.id, LONG)
    first = rows(desk)[0]
    with desk.store.write() as session:
        row = session.get_one(DeliveryRow, first.id)
        row.state = DeliveryState.NEEDS_HUMAN.value
        session.add(row)
    with desk.store.write() as session:
        cases.settle_by_hand(session, first.id or 0, posted=True, by=desk.first, now=desk.now)
    desk.later(seconds=11)
    assert desk.deliver() == 0
    assert states(desk) == [DeliveryState.SENT, DeliveryState.FAILED]
    assert draft(desk, case.id) == rows(desk)[1].text


def test_a_text_too_long_for_all_parts_is_held(desk: Desk, network: Network) -> None:
    outcome = send(desk, desk.open_case().id, LONG * 5)
    assert outcome.delivery_id is None
    assert "too_long" in {found.reason for found in outcome.in_the_way}


# --- replies that had to wait -----------------------------------------------------------------------


def wait_out(desk: Desk, network: Network, text: str, **delta: float) -> DeliveryRow:
    """A reply meets an outage; after this time the network is back."""
    case = desk.open_case()
    send(desk, case.id, text)
    network.faults.append(ChannelUnavailable("down"))
    desk.later(seconds=11)
    assert desk.deliver() == 0
    desk.later(**delta)
    return rows(desk)[-1]


def test_a_reply_that_waited_over_night_does_not_say_tomorrow(desk: Desk, network: Network) -> None:
    row = wait_out(desk, network, TEXT, hours=20)
    assert desk.deliver() == 0
    after = desk.delivery(row.id)
    assert (after.state, after.error_code) == (DeliveryState.FAILED, "waited")
    assert "“tomorrow”" in after.error
    assert "Tuesday 10 February" in after.error
    assert draft(desk, row.case_id) == TEXT


def test_a_reply_without_such_words_goes_after_the_outage(desk: Desk, network: Network) -> None:
    row = wait_out(desk, network, PLAIN_TEXT, hours=20)
    assert desk.deliver() == 1
    assert desk.delivery(row.id).state == DeliveryState.SENT


def test_a_reply_waiting_for_its_account_is_read_again_too(desk: Desk, network: Network) -> None:
    case = desk.open_case()
    send(desk, case.id, TEXT)
    desk.later(hours=20)
    assert desk.deliver() == 0
    assert rows(desk)[0].error_code == "waited"


def test_a_reply_to_a_message_that_was_deleted_meanwhile_goes_back(desk: Desk, network: Network) -> None:
    row = wait_out(desk, network, PLAIN_TEXT, minutes=40)
    with desk.store.write() as session:
        mention = session.exec(select(MentionRow)).one()
        mention.deleted_at, mention.text = desk.now, ""
        session.add(mention)
    assert desk.deliver() == 0
    after = desk.delivery(row.id)
    assert (after.state, after.error_code) == (DeliveryState.FAILED, "TargetGone")
    assert draft(desk, row.case_id) == PLAIN_TEXT


def test_a_reply_to_a_case_that_was_closed_meanwhile_goes_back(desk: Desk, network: Network) -> None:
    row = wait_out(desk, network, PLAIN_TEXT, minutes=40)
    with desk.store.write() as session:
        case = cases.load(session, row.case_id)
        case.state, case.resolution = CaseState.RESOLVED.value, Resolution.TARGET_GONE.value
        session.add(case)
    assert desk.deliver() == 0
    assert desk.delivery(row.id).error_code == "waited"


def test_an_answer_a_colleague_gave_on_the_network_meanwhile_stops_ours(desk: Desk, network: Network) -> None:
    row = wait_out(desk, network, PLAIN_TEXT, minutes=40)
    with desk.store.read() as session:
        thread = session.exec(select(DeliveryRow.thread_external_id)).one()
    desk.receive(
        make_mention(
            "Answered by phone.", thread_id=thread, parent_id=row.target_external_id, is_ours=True, posted_at=desk.now,
            author=Author("3300000001"),
        )
    )  # fmt: skip
    assert desk.deliver() == 0
    assert "our newest reply changed" in desk.delivery(row.id).error


# --- given by hand ----------------------------------------------------------------------------------


def by_hand(desk: Desk, case_id: int | None, text: str = PLAIN_TEXT, link: str = "", **back: float) -> Outcome:
    given = cases.ByHand(desk.now - timedelta(**back), link)
    return send(desk, case_id, text, by_hand=given)


def test_an_answer_given_by_hand_counts_as_one_of_ours(desk: Desk, network: Network) -> None:
    case = desk.open_case()
    desk.later(minutes=9)
    link = "https://x.com/hemlund/status/1790000000000000001"
    assert by_hand(desk, case.id, link=link, minutes=2).delivery_id
    (row,) = rows(desk)
    assert (row.state, row.by_hand, row.url, row.external_id) == ("sent", True, link, "1790000000000000001")
    with desk.store.read() as session:
        after = cases.load(session, case.id or 0)
        event = session.exec(select(CaseEventRow).order_by(col(CaseEventRow.id).desc())).first()
    assert (after.state, after.waiting_since) == (CaseState.WAITING, None)
    assert after.first_response_at == desk.now - timedelta(minutes=2)
    assert desk.events(case.id) == ["opened", "answered_by_hand"]
    assert event is not None
    assert event.detail["url"] == link
    desk.later(seconds=30)
    assert (desk.deliver(), network.timeline) == (0, [])


def test_the_post_of_an_answer_given_by_hand_is_known_when_it_is_collected(desk: Desk, network: Network) -> None:
    mention = make_mention(posted_at=desk.now)
    desk.receive(mention)
    case = desk.case_of(mention)
    by_hand(desk, case.id, link="https://x.com/hemlund/status/1790000000000000002")
    echo = make_mention(PLAIN_TEXT, external_id="1790000000000000002", thread_id=mention.thread_id, is_ours=True)
    assert desk.receive(echo).stored == 0


def test_a_post_that_was_collected_before_it_was_recorded_is_the_same_answer(desk: Desk, network: Network) -> None:
    mention = make_mention(posted_at=desk.now)
    desk.receive(mention)
    now = desk.later(minutes=2)
    desk.receive(
        make_mention(
            PLAIN_TEXT, external_id="55501", thread_id=mention.thread_id, parent_id=mention.external_id, is_ours=True,
            posted_at=now,
        )
    )  # fmt: skip
    by_hand(desk, desk.case_of(mention).id)
    assert rows(desk)[0].external_id == "55501"


def test_an_answer_given_by_hand_is_read_by_the_guard_like_any_reply(desk: Desk, network: Network) -> None:
    case = desk.open_case()
    note = "Klant belt elke week, chauffeur Bert zegt dat hij nooit thuis is, niet compenseren"
    with desk.store.write() as session:
        cases.add_note(session, case.id or 0, text=note, by=desk.second, now=desk.now)
    assert by_hand(desk, case.id, f"Sorry! {note}.").in_the_way
    assert rows(desk) == []


@pytest.mark.parametrize("back", [{"minutes": 10}, {"minutes": -10}])
def test_a_time_that_cannot_be_is_refused(desk: Desk, network: Network, back: dict[str, float]) -> None:
    case = desk.open_case()
    with pytest.raises(CaseStateRefused, match="mend the time"):
        by_hand(desk, case.id, **back)
    assert rows(desk) == []


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "x.com/hemlund", "https://", "http://[", "https://x/" + "a" * 3000]
)
def test_a_link_that_is_none_is_refused(desk: Desk, network: Network, link: str) -> None:
    case = desk.open_case()
    with pytest.raises(WebcareError, match="link"):
        by_hand(desk, case.id, link=link)


def test_what_is_on_its_way_is_not_recorded_by_hand_as_well(desk: Desk, network: Network) -> None:
    case = desk.open_case()
    send(desk, case.id)
    with pytest.raises(ReplyPending):
        by_hand(desk, case.id)


def test_an_answer_by_hand_without_a_link_shows_no_second_post(desk: Desk, network: Network) -> None:
    case = desk.open_case()
    by_hand(desk, case.id)
    with desk.store.read() as session:
        assert not session.exec(select(MentionRow).where(col(MentionRow.is_ours))).all()
    assert rows(desk)[0].external_id.startswith("by-hand-")  # type: ignore[union-attr]


# --- read-back --------------------------------------------------------------------------------------


def doubtful(desk: Desk, network: Network, mention: Mention, *, landed: bool = False) -> DeliveryRow:
    desk.receive(mention)
    send(desk, desk.case_of(mention).id, PLAIN_TEXT)
    error = OutcomeUnknown("timed out")
    network.faults.append(Landed(error) if landed else error)
    desk.later(seconds=11)
    desk.deliver()
    return rows(desk)[-1]


def ours(mention: Mention, text: str, desk: Desk) -> Mention:
    return make_mention(
        text, thread_id=mention.thread_id, parent_id=mention.external_id, is_ours=True, posted_at=desk.now
    )


def test_a_reply_that_only_the_poller_saw_is_found(desk: Desk, network: Network) -> None:
    mention = make_mention(posted_at=desk.now)
    row = doubtful(desk, network, mention)
    echo = ours(mention, f"@customer {PLAIN_TEXT}", desk)
    desk.receive(echo)
    desk.later(seconds=30)
    assert desk.reconcile() == 1
    after = desk.delivery(row.id)
    assert (after.state, after.external_id) == (DeliveryState.SENT, echo.external_id)


def test_a_reply_edited_on_the_network_before_it_was_found_goes_to_a_person(desk: Desk, network: Network) -> None:
    mention = make_mention(posted_at=desk.now)
    row = doubtful(desk, network, mention)
    desk.receive(ours(mention, "We asked the warehouse, and it is there!", desk))
    desk.later(seconds=30)
    assert desk.reconcile() == 1
    assert desk.delivery(row.id).state == DeliveryState.NEEDS_HUMAN
    assert network.timeline == []


def test_an_outage_before_an_unknown_outcome_does_not_count_as_one(desk: Desk, network: Network) -> None:
    case = desk.open_case()
    send(desk, case.id, PLAIN_TEXT)
    network.faults.extend([ChannelUnavailable("down")] * 3 + [OutcomeUnknown("timed out")])
    desk.later(seconds=11)
    for _ in range(4):
        desk.deliver()
        desk.later(seconds=31)
    for _ in range(2):
        desk.reconcile()
        desk.later(seconds=31)
    assert states(desk) == [DeliveryState.PENDING]
    assert desk.deliver() == 1
    assert len(network.timeline) == 1


def test_two_read_backs_at_once_count_as_one(desk: Desk, network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    row = doubtful(desk, network, make_mention(posted_at=desk.now))
    desk.later(seconds=30)
    look, meanwhile = network.verify_sent, []

    def slow(reply: object, *, since: object) -> tuple[Posted, ...]:
        if not meanwhile:
            meanwhile.append(True)
            desk.reconcile()
        return look(reply, since=since)  # type: ignore[arg-type]

    monkeypatch.setattr(network, "verify_sent", slow)
    desk.reconcile()
    after = desk.delivery(row.id)
    assert (after.state, after.absent_checks) == (DeliveryState.UNCONFIRMED, 1)


def test_a_fault_of_ours_in_one_read_back_does_not_keep_the_others_waiting(
    desk: Desk, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    doubtful(desk, network, make_mention(posted_at=desk.now), landed=True)
    doubtful(desk, network, make_mention(posted_at=desk.now), landed=True)
    look, failed = network.verify_sent, []

    def faulty(reply: object, *, since: object) -> tuple[Posted, ...]:
        if not failed:
            failed.append(True)
            raise RuntimeError("a fault of ours")
        return look(reply, since=since)  # type: ignore[arg-type]

    monkeypatch.setattr(network, "verify_sent", faulty)
    desk.later(seconds=30)
    assert desk.reconcile() == 1
    desk.later(seconds=30)
    assert desk.reconcile() == 1
    assert states(desk) == [DeliveryState.SENT] * 2


def test_the_guard_holds_a_forged_approval_by_hand(desk: Desk, network: Network) -> None:
    from webcare.cases.by_hand import record_answer
    from webcare.cases.replies import Approval

    case = desk.open_case()
    note = "Klant belt elke week, chauffeur Bert zegt dat hij nooit thuis is, niet compenseren"
    with desk.store.write() as session:
        cases.add_note(session, case.id or 0, text=note, by=desk.second, now=desk.now)
        verdict = cases.review_reply(session, case.id or 0, text=note, now=desk.now)
        with pytest.raises(GuardBlocked):
            record_answer(
                session, case.id or 0, Approval(note, verdict), cases.ByHand(desk.now), by=desk.first, now=desk.now
            )


def test_a_late_proof_of_a_part_lets_the_next_one_go(desk: Desk, network: Network) -> None:
    send(desk, desk.open_case().id, LONG)
    network.faults.append(OutcomeUnknown("timed out"))
    desk.later(seconds=11)
    desk.deliver()
    first = rows(desk)[0]
    with desk.store.write() as session:
        proof = Posted("77", desk.now)
        assert outcomes.record_sent(session, first.id or 0, first.attempt, posted=proof, now=desk.now)
    assert desk.deliver() == 1
    assert network.timeline[-1][1].target_id == "77"
