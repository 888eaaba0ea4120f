"""A reply that counted as not posted and shows after all, and networks that would take it twice."""

from dataclasses import replace

import pytest

from webcare.domain import CaseState, DeliveryState
from webcare.errors import OutcomeUnknown
from webcare.testing import Desk, FakeChannel, Landed, make_mention

TEXT = "It arrives tomorrow between nine and noon."


def approved_and_lost(desk: Desk) -> tuple[int, str, str]:
    """A reply whose first attempt nobody knows the end of; gives delivery, target and thread."""
    mention = make_mention()
    desk.receive(mention)
    desk.channel.faults.append(OutcomeUnknown("timed out"))
    delivery = desk.reply(desk.case_of(mention).id or 0, TEXT)
    desk.later(seconds=11)
    desk.deliver()
    return delivery.id or 0, mention.external_id, mention.thread_id


def read_back_for(desk: Desk, minutes: int) -> None:
    for _ in range(minutes):
        desk.later(seconds=60)
        desk.reconcile()


def test_on_a_network_that_would_take_it_twice_absence_is_believed_late(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeChannel, "capabilities", replace(FakeChannel.capabilities, takes_once=False))
    delivery, _, _ = approved_and_lost(desk)
    read_back_for(desk, 14)
    assert desk.delivery(delivery).state == DeliveryState.UNCONFIRMED
    read_back_for(desk, 3)
    assert desk.delivery(delivery).state == DeliveryState.PENDING


@pytest.mark.parametrize("state", [DeliveryState.FAILED, DeliveryState.NEEDS_HUMAN, DeliveryState.PENDING])
def test_what_stands_in_public_after_all_counts_as_sent(desk: Desk, state: DeliveryState) -> None:
    delivery, target, thread = approved_and_lost(desk)
    with desk.store.write() as session:
        row = session.merge(desk.delivery(delivery))
        row.state = state.value
        session.add(row)
    echo = make_mention(TEXT, external_id="late-1", thread_id=thread, parent_id=target, is_ours=True)
    desk.receive(replace(echo, posted_at=desk.now))
    after = desk.delivery(delivery)
    assert (after.state, after.external_id) == (DeliveryState.SENT, "late-1")
    with desk.store.read() as session:
        from webcare import cases

        assert cases.load(session, after.case_id).state == CaseState.WAITING
    desk.later(seconds=60)
    assert desk.deliver() == 0


def test_other_words_under_the_same_message_prove_nothing(desk: Desk) -> None:
    delivery, target, thread = approved_and_lost(desk)
    read_back_for(desk, 2)
    other = make_mention("Another answer.", external_id="late-2", thread_id=thread, parent_id=target, is_ours=True)
    desk.receive(other)
    assert desk.delivery(delivery).state != DeliveryState.SENT


def test_a_reply_that_landed_is_found_before_any_second_attempt(desk: Desk) -> None:
    mention = make_mention()
    desk.receive(mention)
    desk.channel.faults.append(Landed(OutcomeUnknown("timed out")))
    desk.reply(desk.case_of(mention).id or 0, TEXT)
    desk.later(seconds=11)
    desk.deliver()
    desk.later(minutes=1)
    assert desk.reconcile() == 1
    assert len(desk.channel.timeline) == 1
