"""From approved reply to the network and back, on SQLite and PostgreSQL, with a network that misbehaves."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlmodel import select

from webcare import cases, guard
from webcare.cases import outcomes
from webcare.channels.leaving import may_leave
from webcare.delivery import send_due
from webcare.domain import CaseState, Decision, DeliveryState, Finding, Level, Posted, Reply, Verdict
from webcare.errors import (
    AccountDisconnected,
    CaseStateRefused,
    ChannelThrottled,
    ChannelUnavailable,
    DuplicateReply,
    GuardBlocked,
    OutcomeUnknown,
    ReplyPending,
    ReplyRejected,
    TargetGone,
    UndoTooLate,
    VerdictOutdated,
)
from webcare.store.tables import AccountRow, MentionRow
from webcare.testing import NOON, Desk, Landed, make_mention

TEXT = "It arrives tomorrow between nine and noon."


def sent_texts(desk: Desk) -> list[str]:
    return [reply.text for _, reply in desk.channel.timeline]


def case_now(desk: Desk, case_id: int | None):
    with desk.store.read() as session:
        return cases.load(session, case_id or 0)


def test_a_reply_leaves_after_the_undo_window_and_stops_the_clock(desk: Desk) -> None:
    case = desk.open_case()
    delivery = desk.reply(case.id or 0, TEXT)
    assert desk.deliver() == 0
    desk.later(seconds=11)
    assert desk.deliver() == 1
    assert desk.delivery(delivery.id).state == DeliveryState.SENT
    after = case_now(desk, case.id)
    assert (after.state, after.first_response_at, after.waiting_since) == (CaseState.WAITING, desk.now, None)
    assert sent_texts(desk) == [TEXT]
    assert desk.events(case.id) == ["opened", "reply_approved", "reply_sent"]
    with desk.store.read() as session:
        row = session.exec(select(MentionRow).where(MentionRow.is_ours)).one()  # type: ignore[arg-type]
    assert (row.text, row.case_id) == (TEXT, case.id)


def test_the_echo_of_our_own_reply_is_known_and_opens_nothing(desk: Desk) -> None:
    mention = make_mention()
    desk.receive(mention)
    desk.reply(desk.case_of(mention).id or 0)
    desk.later(seconds=11)
    desk.deliver()
    posted, reply = desk.channel.timeline[0]
    echo = make_mention(reply.text, external_id=posted.external_id, thread_id=mention.thread_id, is_ours=True)
    assert desk.receive(echo).stored == 0


def test_a_poller_that_sees_our_reply_before_we_recorded_it_does_not_double_it(desk: Desk) -> None:
    mention = make_mention()
    desk.receive(mention)
    case_id = desk.case_of(mention).id or 0
    desk.channel.faults.append(Landed(OutcomeUnknown("timed out")))
    desk.reply(case_id)
    desk.later(seconds=11)
    desk.deliver()
    posted, reply = desk.channel.timeline[0]
    desk.receive(make_mention(reply.text, external_id=posted.external_id, thread_id=mention.thread_id, is_ours=True))
    desk.later(seconds=30)
    assert desk.reconcile() == 1
    with desk.store.read() as session:
        assert len(session.exec(select(MentionRow.id).where(MentionRow.is_ours)).all()) == 1  # type: ignore[arg-type]
    assert case_now(desk, case_id).state == CaseState.WAITING


def test_taking_back_inside_the_window_returns_the_text_as_draft(desk: Desk) -> None:
    case = desk.open_case()
    delivery = desk.reply(case.id or 0, TEXT)
    with desk.store.write() as session:
        cases.take_back(session, delivery.id or 0, by=desk.first, now=desk.now)
        assert cases.draft_of(session, case.id or 0, kind="reply", by=desk.first) == TEXT
    desk.later(seconds=60)
    assert desk.deliver() == 0
    assert sent_texts(desk) == []
    assert desk.delivery(delivery.id).state == DeliveryState.CANCELLED
    desk.reply(case.id or 0, TEXT)  # and it may be sent again


def test_taking_back_a_reply_that_left_is_refused(desk: Desk) -> None:
    delivery = desk.reply(desk.open_case().id or 0)
    desk.later(seconds=11)
    desk.deliver()
    with desk.store.write() as session, pytest.raises(UndoTooLate):
        cases.take_back(session, delivery.id or 0, by=desk.first, now=desk.now)
    assert desk.delivery(delivery.id).state == DeliveryState.SENT


def test_a_second_reply_to_the_same_message_waits_for_the_first(desk: Desk) -> None:
    case = desk.open_case()
    desk.reply(case.id or 0, TEXT)
    with pytest.raises(ReplyPending):
        desk.reply(case.id or 0, "Another answer to the same message.")
    desk.later(seconds=11)
    desk.deliver()
    assert sent_texts(desk) == [TEXT]


def test_resolving_waits_for_a_reply_on_its_way(desk: Desk) -> None:
    from webcare.domain import Resolution

    case = desk.open_case()
    desk.reply(case.id or 0)
    with desk.store.write() as session, pytest.raises(CaseStateRefused, match="on its way"):
        cases.resolve(session, case.id or 0, resolution=Resolution.ANSWERED, by=desk.first, now=NOON)


@pytest.mark.parametrize("changed", [TEXT + "!", TEXT.replace("nine", "ten"), TEXT.replace(" ", "\u00a0", 1)])
def test_a_verdict_covers_only_the_bytes_it_saw(desk: Desk, changed: str) -> None:
    case = desk.open_case()
    with desk.store.write() as session:
        verdict = cases.review_reply(session, case.id or 0, text=TEXT, now=NOON)
        with pytest.raises(VerdictOutdated):
            cases.send_reply(
                session, case.id or 0, text=changed, verdict=verdict, by=desk.first, now=NOON, undo=timedelta(0)
            )


def test_a_note_pasted_into_the_reply_is_held(desk: Desk) -> None:
    case = desk.open_case()
    note = "Klant belt elke week, chauffeur Bert zegt dat hij nooit thuis is, niet compenseren"
    with desk.store.write() as session:
        cases.add_note(session, case.id or 0, text=note, by=desk.second, now=NOON)
    text = f"Wat vervelend! {note}."
    with desk.store.write() as session:
        verdict = cases.review_reply(session, case.id or 0, text=text, now=NOON)
        assert verdict.decision is Decision.BLOCK
        with pytest.raises(GuardBlocked):
            cases.send_reply(
                session, case.id or 0, text=text, verdict=verdict, by=desk.first, now=NOON, undo=timedelta(0)
            )


def test_a_forged_verdict_does_not_open_the_gate(desk: Desk) -> None:
    case = desk.open_case()
    note = "Klant belt elke week, chauffeur Bert zegt dat hij nooit thuis is, niet compenseren"
    with desk.store.write() as session:
        cases.add_note(session, case.id or 0, text=note, by=desk.second, now=NOON)
        honest = cases.review_reply(session, case.id or 0, text=note, now=NOON)
        forged = replace(honest, decision=Decision.PASS, findings=())
        with pytest.raises(GuardBlocked):
            cases.send_reply(
                session, case.id or 0, text=note, verdict=forged, by=desk.first, now=NOON, undo=timedelta(0)
            )


def test_warnings_must_be_acknowledged(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    warning = Finding("tone", Level.WARNING, "shouting", "This shouts.")
    real = guard.review

    def warns(draft, context):
        plain = real(draft, context)
        return Verdict(Decision.WARN, (warning,), plain.fingerprint, plain.rules_version)

    monkeypatch.setattr(guard, "review", warns)
    case = desk.open_case()
    with desk.store.write() as session:
        verdict = cases.review_reply(session, case.id or 0, text=TEXT, now=NOON)
        with pytest.raises(GuardBlocked, match="tick"):
            cases.send_reply(
                session, case.id or 0, text=TEXT, verdict=verdict, by=desk.first, now=NOON, undo=timedelta(0)
            )
        cases.send_reply(
            session,
            case.id or 0,
            text=TEXT,
            verdict=verdict,
            by=desk.first,
            now=NOON,
            undo=timedelta(0),
            acknowledged=True,
        )


def test_a_note_written_during_the_undo_window_still_stops_its_copy(desk: Desk) -> None:
    case = desk.open_case()
    text = "The driver lost the parcel near Gouda and refuses to drive back for it."
    delivery = desk.reply(case.id or 0, text)
    with desk.store.write() as session:
        cases.add_note(session, case.id or 0, text=f"INTERNAL: {text}", by=desk.second, now=NOON)
    desk.later(seconds=11)
    assert desk.deliver() == 0
    row = desk.delivery(delivery.id)
    assert (row.state, row.error_code) == (DeliveryState.FAILED, "guard")
    assert sent_texts(desk) == []
    with desk.store.read() as session:
        assert cases.draft_of(session, case.id or 0, kind="reply", by=desk.first) == text


def test_bytes_changed_in_the_database_after_approval_never_leave(desk: Desk) -> None:
    case = desk.open_case()
    delivery = desk.reply(case.id or 0)
    with desk.store.write() as session:
        row = desk.delivery(delivery.id)
        row.text = "Something nobody checked."
        session.add(row)
    desk.later(seconds=11)
    assert desk.deliver() == 0
    assert sent_texts(desk) == []
    assert desk.delivery(delivery.id).state == DeliveryState.FAILED


@pytest.mark.parametrize("error", [TargetGone("The post was deleted."), ReplyRejected("X does not allow this.")])
def test_a_final_refusal_keeps_the_text_and_says_why(desk: Desk, error: Exception) -> None:
    case = desk.open_case()
    delivery = desk.reply(case.id or 0, TEXT)
    desk.channel.faults.append(error)
    desk.later(seconds=11)
    assert desk.deliver() == 0
    row = desk.delivery(delivery.id)
    assert (row.state, row.error) == (DeliveryState.FAILED, str(error))
    assert case_now(desk, case.id).state == CaseState.OPEN
    with desk.store.read() as session:
        assert cases.draft_of(session, case.id or 0, kind="reply", by=desk.first) == TEXT
    assert desk.events(case.id)[-1] == "reply_failed"


@pytest.mark.parametrize("error", [ChannelUnavailable("refused"), ChannelThrottled("slow")])
def test_what_surely_was_not_posted_is_tried_again_later(desk: Desk, error: Exception) -> None:
    delivery = desk.reply(desk.open_case().id or 0, TEXT)
    desk.channel.faults.append(error)
    desk.later(seconds=11)
    assert desk.deliver() == 0
    assert desk.delivery(delivery.id).state == DeliveryState.PENDING
    desk.later(seconds=31)
    assert desk.deliver() == 1
    assert sent_texts(desk) == [TEXT]


def test_a_lost_connection_keeps_the_reply_until_the_account_is_back(desk: Desk) -> None:
    delivery = desk.reply(desk.open_case().id or 0, TEXT)
    desk.channel.faults.append(AccountDisconnected("The token expired."))
    desk.later(seconds=11)
    assert desk.deliver() == 0
    desk.later(seconds=60)
    assert desk.deliver() == 0
    with desk.store.write() as session:
        account = session.exec(select(AccountRow)).one()
        assert account.last_error == "The token expired."
        account.disconnected_at = None
        session.add(account)
    assert desk.deliver() == 1
    assert desk.delivery(delivery.id).state == DeliveryState.SENT


@pytest.mark.parametrize(
    "error", [OutcomeUnknown("timed out"), DuplicateReply("said already"), RuntimeError("a fault of ours")]
)
def test_a_reply_that_landed_despite_an_error_is_found_and_never_sent_again(desk: Desk, error: Exception) -> None:
    delivery = desk.reply(desk.open_case().id or 0, TEXT)
    desk.channel.faults.append(Landed(error))
    desk.later(seconds=11)
    assert desk.deliver() == 0
    assert desk.delivery(delivery.id).state == DeliveryState.UNCONFIRMED
    assert desk.deliver() == 0
    desk.later(seconds=10)
    assert desk.reconcile() == 1
    assert desk.delivery(delivery.id).state == DeliveryState.SENT
    assert sent_texts(desk) == [TEXT]


def test_a_reply_that_did_not_land_is_sent_again_only_after_two_read_backs(desk: Desk) -> None:
    delivery = desk.reply(desk.open_case().id or 0, TEXT)
    desk.channel.faults.append(OutcomeUnknown("timed out"))
    desk.later(seconds=11)
    desk.deliver()
    desk.later(seconds=6)
    assert desk.reconcile() == 0
    assert desk.deliver() == 0
    assert desk.reconcile() == 0  # not before the gap
    desk.later(seconds=11)
    assert desk.reconcile() == 1
    assert desk.deliver() == 1
    assert sent_texts(desk) == [TEXT]
    assert desk.delivery(delivery.id).attempt == 2


def test_unknown_twice_goes_to_a_person_who_decides(desk: Desk) -> None:
    case = desk.open_case()
    delivery = desk.reply(case.id or 0, TEXT)
    desk.channel.faults.extend([OutcomeUnknown("timed out"), OutcomeUnknown("timed out")])
    for _ in range(2):
        desk.later(seconds=11)
        desk.deliver()
        for _ in range(2):
            desk.later(seconds=30)
            desk.reconcile()
    row = desk.delivery(delivery.id)
    assert row.state == DeliveryState.NEEDS_HUMAN
    assert desk.events(case.id)[-1] == "reply_needs_human"
    with desk.store.write() as session:
        cases.settle_by_hand(session, row.id or 0, posted=False, by=desk.first, now=desk.now)
        assert cases.draft_of(session, case.id or 0, kind="reply", by=desk.first) == TEXT
    assert sent_texts(desk) == []


def test_two_lookalikes_on_the_network_go_to_a_person(desk: Desk) -> None:
    case = desk.open_case()
    delivery = desk.reply(case.id or 0, TEXT)
    desk.channel.faults.append(Landed(OutcomeUnknown("timed out")))
    desk.later(seconds=11)
    desk.deliver()
    posted, reply = desk.channel.timeline[0]
    desk.channel.timeline.append((replace(posted, external_id="twin"), reply))
    desk.later(seconds=10)
    assert desk.reconcile() == 1
    assert desk.delivery(delivery.id).state == DeliveryState.NEEDS_HUMAN
    with desk.store.write() as session:
        cases.settle_by_hand(session, delivery.id or 0, posted=True, by=desk.first, now=desk.now)
    assert case_now(desk, case.id).state == CaseState.WAITING


def test_an_earlier_reply_with_the_same_words_is_not_taken_for_this_one(desk: Desk) -> None:
    mention = make_mention()
    desk.receive(mention)
    case_id = desk.case_of(mention).id or 0
    desk.reply(case_id, TEXT)
    desk.later(seconds=11)
    desk.deliver()
    delivery = desk.reply(case_id, TEXT)
    desk.channel.faults.append(OutcomeUnknown("timed out"))
    desk.later(seconds=11)
    desk.deliver()
    desk.later(seconds=6)
    assert desk.reconcile() == 0
    assert desk.delivery(delivery.id).state == DeliveryState.UNCONFIRMED


def test_a_sender_that_died_after_claiming_is_followed_by_a_read_back_not_by_a_second_post(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    from webcare import delivery as sender

    row = desk.reply(desk.open_case().id or 0, TEXT)
    desk.later(seconds=11)

    def dies(*args: object) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(sender, "_post", dies)
        with pytest.raises(KeyboardInterrupt):
            desk.deliver()
    assert desk.delivery(row.id).state == DeliveryState.SENDING
    assert desk.deliver() == 0
    assert desk.reconcile() == 0  # its call might still be running
    desk.later(seconds=51)
    desk.reconcile()
    desk.later(seconds=11)
    assert desk.reconcile() == 1
    assert desk.deliver() == 1
    assert sent_texts(desk) == [TEXT]


def slow_clock(desk: Desk, *seconds: float) -> Callable[[], datetime]:
    times = iter([desk.now + timedelta(seconds=after) for after in seconds])
    return lambda: next(times)


def test_a_sender_that_slept_after_claiming_does_not_post_but_gives_the_reply_back(desk: Desk) -> None:
    row = desk.reply(desk.open_case().id or 0, TEXT)
    desk.later(seconds=11)
    sleepy = slow_clock(desk, 0, 0, 5, 0)  # looked, claimed, looked at the clock five seconds later, looked for more
    assert send_due(desk.store, {"x_hemlund": desk.channel}, desk.settings.delivery, clock=sleepy) == 0
    assert sent_texts(desk) == []
    assert desk.delivery(row.id).state == DeliveryState.PENDING
    desk.later(seconds=6)
    assert desk.deliver() == 1
    assert sent_texts(desk) == [TEXT]


def test_a_sender_that_falls_asleep_inside_the_call_may_not_let_it_leave_when_it_wakes(desk: Desk) -> None:
    looked: list[bool] = []
    send = desk.channel.send

    def sleepy(reply: Reply) -> Posted:
        looked.append(may_leave())
        desk.now += timedelta(minutes=20)
        looked.append(may_leave())
        return send(reply)

    desk.channel.send = sleepy  # type: ignore[method-assign]
    desk.reply(desk.open_case().id or 0, TEXT)
    desk.later(seconds=11)
    desk.deliver()
    assert looked == [True, False]
    assert may_leave()


def test_a_sender_that_slept_while_others_settled_its_reply_changes_nothing(desk: Desk) -> None:
    row = desk.reply(desk.open_case().id or 0, TEXT)
    desk.later(seconds=11)
    seconds = iter([0, 0, 5, 0])

    def while_asleep() -> datetime:
        moment = desk.now + timedelta(seconds=next(seconds))
        if moment > desk.now:
            with desk.store.write() as session:
                outcomes.record_failed(session, row.id or 0, 1, code="by hand", error="stopped", now=desk.now)
        return moment

    assert send_due(desk.store, {"x_hemlund": desk.channel}, desk.settings.delivery, clock=while_asleep) == 0
    assert desk.delivery(row.id).state == DeliveryState.FAILED
    assert sent_texts(desk) == []


def test_a_proof_that_comes_late_still_counts(desk: Desk) -> None:

    row = desk.reply(desk.open_case().id or 0, TEXT)
    desk.channel.faults.append(OutcomeUnknown("timed out"))
    desk.later(seconds=11)
    desk.deliver()
    with desk.store.write() as session:
        assert not outcomes.record_sent(session, row.id or 0, 7, posted=Posted("z", desk.now), now=desk.now)
        assert outcomes.record_sent(session, row.id or 0, 1, posted=Posted("z", desk.now), now=desk.now)
        assert not outcomes.record_sent(session, row.id or 0, 1, posted=Posted("z", desk.now), now=desk.now)


def test_a_read_back_that_fails_for_hours_goes_to_a_person(desk: Desk) -> None:
    row = desk.reply(desk.open_case().id or 0, TEXT)
    desk.channel.faults.append(OutcomeUnknown("timed out"))
    desk.channel.unreadable = ChannelUnavailable("X cannot be reached.")
    desk.later(seconds=11)
    desk.deliver()
    desk.later(hours=1)
    assert desk.reconcile() == 0
    desk.later(hours=6)
    assert desk.reconcile() == 1
    assert desk.delivery(row.id).state == DeliveryState.NEEDS_HUMAN


def test_a_message_that_came_while_the_network_took_the_reply_still_waits(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    mention = make_mention()
    desk.receive(mention)
    case_id = desk.case_of(mention).id or 0
    desk.reply(case_id, TEXT)
    now = desk.later(seconds=11)
    land = desk.channel._land

    def meanwhile(reply: Reply) -> Posted:
        again = make_mention("And the lamp?", thread_id=mention.thread_id, author=mention.author, posted_at=now)
        desk.receive(again)
        return land(reply)

    monkeypatch.setattr(desk.channel, "_land", meanwhile)
    assert desk.deliver() == 1
    case = case_now(desk, case_id)
    assert case.state == CaseState.OPEN
    assert case.waiting_since == now
    assert case.first_response_at is not None


def test_a_message_that_came_before_the_reply_left_holds_it(desk: Desk) -> None:
    mention = make_mention()
    desk.receive(mention)
    case_id = desk.case_of(mention).id or 0
    delivery = desk.reply(case_id, TEXT)
    now = desk.later(seconds=11)
    found = "Forget it, I found it!"
    desk.receive(make_mention(found, thread_id=mention.thread_id, author=mention.author, posted_at=now))
    assert desk.deliver() == 0
    row = desk.delivery(delivery.id)
    assert (row.state, row.error_code) == (DeliveryState.FAILED, "guard")
    assert "the customer's newest message changed" in row.error
    with desk.store.read() as session:
        assert cases.draft_of(session, case_id, kind="reply", by=desk.first) == TEXT
