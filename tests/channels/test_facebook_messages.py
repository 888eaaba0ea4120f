"""Messenger over real HTTP against the sandbox: conversations read, windows kept, messages sent and read back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from stub_network import Clock, connect_fb

from webcare.channels.base import Budget, PollResult, ReplyTarget
from webcare.channels.facebook import Facebook
from webcare.domain import Mention, MentionKind, Reply, ReplyWay
from webcare.errors import (
    ChannelThrottled,
    ChannelUnavailable,
    DuplicateReply,
    OutcomeUnknown,
    ReplyRejected,
    SettingsError,
)
from webcare.sandbox.server import Sandbox

BUDGET = Budget()
DIRECT = MentionKind.DIRECT_MESSAGE


def texts(result: PollResult) -> list[str]:
    return [mention.text for mention in result.mentions]


def answer(mention: Mention, text: str = "We zoeken het uit.", **more: Any) -> Reply:
    return Reply(
        mention.external_id,
        mention.thread_id,
        text,
        DIRECT,
        way=ReplyWay.PRIVATE,
        to_id=mention.author.external_id,
        **more,
    )


def target(mention: Mention, **more: Any) -> ReplyTarget:
    about = ReplyTarget(
        mention.external_id,
        mention.thread_id,
        mention.author.external_id,
        mention.kind,
        mention.posted_at,
        raw=mention.raw,
    )
    return replace(about, **more)


@pytest.fixture
def asked(box: Sandbox, box_fb: Facebook) -> Mention:
    """A question somebody wrote to the page."""
    box.world.inbox.receive("Mag ik iets vragen?", author="piet")
    (mention,) = box_fb.poll(None, BUDGET).mentions
    return mention


def test_a_first_start_gives_no_old_message_and_then_every_new_one(box: Sandbox, clock: Clock) -> None:
    fb = connect_fb(box)
    box.world.inbox.receive("oud", author="piet")
    clock.later(minutes=5)
    cursor = fb.poll(None, BUDGET).cursor
    clock.later(seconds=1)
    box.world.inbox.receive("nieuw", author="piet")
    box.world.inbox.receive("ook nieuw", author="lies")
    assert sorted(texts(fb.poll(cursor, BUDGET))) == ["nieuw", "ook nieuw"]


def test_both_sides_of_a_conversation_are_read_as_one_thread(box: Sandbox, box_fb: Facebook, asked: Mention) -> None:
    thread = box.world.inbox.conversations[asked.thread_id]
    box.world.inbox.send("Natuurlijk", to=thread)
    both = {one.text: one for one in box_fb.poll(None, BUDGET).mentions}
    assert {one.thread_id for one in both.values()} == {thread.id}
    assert {text: one.is_ours for text, one in both.items()} == {"Mag ik iets vragen?": False, "Natuurlijk": True}
    assert {one.kind for one in both.values()} == {DIRECT}
    assert asked.author.name == "piet"
    assert asked.url.startswith("https://www.facebook.com/1100000001/inbox/")


def test_more_conversations_than_fit_one_page_are_all_read(box: Sandbox, box_fb: Facebook, clock: Clock) -> None:
    for number in range(60):
        box.world.inbox.receive(f"vraag {number}", author=f"p{number}", at=clock.now - timedelta(seconds=number))
    result = box_fb.poll(None, BUDGET)
    assert (len(result.mentions), result.complete) == (60, True)


def test_a_small_budget_reads_all_conversations_in_several_polls(box: Sandbox, box_fb: Facebook, clock: Clock) -> None:
    for number in range(60):
        box.world.inbox.receive(f"vraag {number}", author=f"p{number}", at=clock.now - timedelta(seconds=number))
    cursor, seen = None, set()
    for _ in range(6):
        result = box_fb.poll(cursor, Budget(max_pages=1))
        cursor, seen = result.cursor, seen | set(texts(result))
        clock.later(seconds=5)
    assert len(seen) == 60


def test_a_message_that_shows_up_late_is_not_missed(
    box: Sandbox, box_fb: Facebook, clock: Clock, asked: Mention
) -> None:
    cursor = box_fb.poll(None, BUDGET).cursor
    box.world.inbox.receive("laat", author="piet", visible_after=300)
    clock.later(seconds=30)
    box.world.inbox.receive("nieuwer", author="piet")
    second = box_fb.poll(cursor, BUDGET)
    assert "laat" not in texts(second)
    clock.later(minutes=6)
    assert "laat" in texts(box_fb.poll(second.cursor, BUDGET))


def test_fifteen_messages_in_one_conversation_are_all_read(box: Sandbox, box_fb: Facebook, clock: Clock) -> None:
    for number in range(15):
        box.world.inbox.receive(f"regel {number}", author="piet", at=clock.now - timedelta(seconds=number))
    result = box_fb.poll(None, BUDGET)
    assert (len(result.mentions), result.gaps, result.bad) == (15, (), ())


def test_what_lies_beyond_the_messages_that_graph_tells_of_is_a_gap(
    box: Sandbox, box_fb: Facebook, clock: Clock, asked: Mention
) -> None:
    cursor = box_fb.poll(None, BUDGET).cursor
    for number in range(50):
        box.world.inbox.receive(f"regel {number}", author="piet", at=clock.later(seconds=10))
    result = box_fb.poll(cursor, BUDGET)
    assert {f"regel {n}" for n in range(30, 50)} <= set(texts(result))
    (gap,) = result.gaps
    assert gap.source == f"messages:{asked.thread_id}"
    assert gap.since == asked.posted_at
    assert gap.until == asked.posted_at + timedelta(seconds=310)
    assert box_fb.poll(result.cursor, BUDGET).gaps == ()
    filled = box_fb.backfill(gap, "", BUDGET)
    assert [(one.since, one.until) for one in filled.left] == [(gap.since, gap.until)]


def test_a_conversation_that_cannot_be_read_is_read_later_and_costs_no_other(
    box: Sandbox, box_fb: Facebook, clock: Clock, asked: Mention
) -> None:
    cursor = box_fb.poll(None, BUDGET).cursor
    for number in range(14):
        # Further back than what every poll reads again (a day), so that only the kept place can bring them.
        box.world.inbox.receive(f"regel {number}", author="piet", at=clock.later(hours=3))
    box.world.inbox.receive("anders", author="lies")
    box.faults.add("GET /graph/*/messages", "unavailable_html", count=1)
    first = box_fb.poll(cursor, BUDGET)
    assert "anders" in texts(first)
    assert not first.complete
    clock.later(hours=2)
    second = box_fb.poll(first.cursor, BUDGET)
    assert {f"regel {n}" for n in range(14)} <= {*texts(first), *texts(second)}
    third = box_fb.poll(box_fb.poll(second.cursor, BUDGET).cursor, BUDGET)
    assert "messages:" not in third.cursor


def test_without_the_permission_messages_are_told_and_posts_still_come(box: Sandbox, box_fb: Facebook) -> None:
    box.world.post_fb("hoi", author="anna")
    box.world.inbox.receive("stil", author="piet")
    box.world.account("fb_hemlund").denied.add("read_messages")
    result = box_fb.poll(None, BUDGET)
    assert texts(result) == ["hoi"]
    assert "pages_messaging" in result.troubles["conversations"]
    box.world.account("fb_hemlund").denied.clear()
    assert "stil" in texts(connect_fb(box, backfill_min=15).poll(result.cursor, BUDGET))


def test_messages_are_left_alone_where_they_are_switched_off(box: Sandbox) -> None:
    box.world.inbox.receive("stil", author="piet")
    rule = box.faults.add("GET /graph/*/conversations", "error_before")
    assert connect_fb(box, backfill_min=15, messages=False).poll(None, BUDGET).troubles == {}
    assert rule.struck == 0


# --- answering ------------------------------------------------------------------------------------------


def test_a_message_is_answered_and_read_back(box_fb: Facebook, clock: Clock, asked: Mention) -> None:
    reply, started = answer(asked), clock.now
    posted = box_fb.send(reply)
    assert [one.external_id for one in box_fb.verify_sent(reply, since=started)] == [posted.external_id]
    assert box_fb.verify_sent(replace(reply, text="iets anders"), since=started) == ()
    clock.later(minutes=2)
    assert box_fb.verify_sent(reply, since=clock.now) == ()


@pytest.mark.parametrize("fault", ["cut_after_commit", "error_after_commit", "malformed_json"])
def test_a_message_on_messenger_whose_answer_was_lost_is_unknown_and_then_found(
    box: Sandbox, box_fb: Facebook, clock: Clock, asked: Mention, fault: str
) -> None:
    box.faults.add("POST /graph/*/messages", fault, count=1)  # type: ignore[arg-type]
    with pytest.raises(OutcomeUnknown):
        box_fb.send(answer(asked))
    assert len(box_fb.verify_sent(answer(asked), since=clock.now)) == 1


def test_a_message_on_messenger_that_never_arrived_is_unknown_and_then_absent(
    box: Sandbox, box_fb: Facebook, clock: Clock, asked: Mention
) -> None:
    box.faults.add("POST /graph/*/messages", "cut_before", count=1)
    with pytest.raises(OutcomeUnknown):
        box_fb.send(answer(asked))
    assert box_fb.verify_sent(answer(asked), since=clock.now) == ()


def test_the_window_closes_after_a_day_and_with_human_agent_after_seven(
    box: Sandbox, box_fb: Facebook, clock: Clock, asked: Mention
) -> None:
    people = connect_fb(box, human_agent=True)
    people.health()
    day, week = asked.posted_at + timedelta(days=1), asked.posted_at + timedelta(days=7)
    assert (box_fb.can_reply(target(asked)).until, people.can_reply(target(asked)).until) == (day, week)
    clock.now = day + timedelta(minutes=1)
    box_fb.health(), people.health()
    assert not box_fb.can_reply(target(asked)).allowed
    assert "Human Agent" in people.can_reply(target(asked)).reason
    with pytest.raises(ReplyRejected, match="time in which"):
        box_fb.send(answer(asked))
    sent = people.send(answer(asked, heard_at=asked.posted_at))
    assert box.world.inbox.messages[sent.external_id].tag == "HUMAN_AGENT"
    clock.now = week + timedelta(minutes=1)
    people.health()
    permission = people.can_reply(target(asked))
    assert not permission.allowed
    assert permission.open_url.startswith("https://www.facebook.com/")


def test_where_nobody_says_when_the_person_wrote_facebook_is_asked(box: Sandbox, clock: Clock, asked: Mention) -> None:
    people = connect_fb(box, human_agent=True)
    first = people.send(answer(asked, "meteen"))
    clock.later(days=2)
    later = people.send(answer(asked, "later"))
    tags = [box.world.inbox.messages[one.external_id].tag for one in (first, later)]
    assert tags == ["", "HUMAN_AGENT"]


def test_a_plain_answer_goes_before_the_window_closes_and_is_refused_by_facebook_after(
    box: Sandbox, box_fb: Facebook, clock: Clock, asked: Mention
) -> None:
    clock.later(hours=25)
    with pytest.raises(ReplyRejected, match="wait until the person writes again"):
        box_fb.send(answer(asked))
    box.world.inbox.receive("Hallo?", author="piet")
    assert box_fb.send(answer(asked)).external_id


def test_somebody_who_blocked_the_page_cannot_be_written_to(box: Sandbox, box_fb: Facebook, asked: Mention) -> None:
    box.world.set_user("facebook", "piet", suspended=True)
    with pytest.raises(ReplyRejected, match="blocked"):
        box_fb.send(answer(asked))


def test_a_message_too_long_for_messenger_never_leaves(box: Sandbox, box_fb: Facebook, asked: Mention) -> None:
    rule = box.faults.add("POST /graph/*", "error_before")
    with pytest.raises(ReplyRejected, match="2000"):
        box_fb.send(answer(asked, "x" * 2001))
    with pytest.raises(ReplyRejected, match="who wrote this"):
        box_fb.send(replace(answer(asked), to_id=""))
    assert rule.struck == 0


# --- one private reply --------------------------------------------------------------------------------


@pytest.fixture
def comment(box: Sandbox, box_fb: Facebook) -> Mention:
    brand = box.world.post_fb("Nieuwe bank", kind="post")
    made = box.world.comment_fb("Duur!", under=brand.id, author="lies")
    return next(one for one in box_fb.poll(None, BUDGET).mentions if one.external_id == made.id)


def privately(mention: Mention) -> Reply:
    who = mention.author.external_id
    return Reply(mention.external_id, mention.thread_id, "Stuur ons uw nummer.", way=ReplyWay.PRIVATE, to_id=who)


def test_a_comment_gets_one_private_reply_which_is_read_back(box_fb: Facebook, clock: Clock, comment: Mention) -> None:
    assert box_fb.can_reply(target(comment), ReplyWay.PRIVATE).until == comment.posted_at + timedelta(days=7)
    posted = box_fb.send(privately(comment))
    assert [one.external_id for one in box_fb.verify_sent(privately(comment), since=clock.now)] == [posted.external_id]
    with pytest.raises(DuplicateReply):
        box_fb.send(privately(comment))
    again = box_fb.can_reply(target(comment, private_reply_sent=True), ReplyWay.PRIVATE)
    assert (again.allowed, "one private reply" in again.reason) == (False, True)


def test_a_private_reply_whose_answer_was_lost_is_found(
    box: Sandbox, box_fb: Facebook, clock: Clock, comment: Mention
) -> None:
    assert box_fb.verify_sent(privately(comment), since=clock.now) == ()
    box.faults.add("POST /graph/*/messages", "cut_after_commit", count=1)
    with pytest.raises(OutcomeUnknown):
        box_fb.send(privately(comment))
    assert len(box_fb.verify_sent(privately(comment), since=clock.now)) == 1


def test_after_seven_days_a_comment_gets_no_private_reply(box_fb: Facebook, clock: Clock, comment: Mention) -> None:
    clock.later(days=7, minutes=1)
    box_fb.health()
    permission = box_fb.can_reply(target(comment), ReplyWay.PRIVATE)
    assert (permission.allowed, permission.open_url) == (False, comment.url)
    with pytest.raises(ReplyRejected, match="seven days"):
        box_fb.send(privately(comment))


def test_a_visitors_post_gets_a_private_reply_too(box: Sandbox, box_fb: Facebook, clock: Clock) -> None:
    box.world.post_fb("Waar is mijn kast?", author="piet")
    (visit,) = box_fb.poll(None, BUDGET).mentions
    posted = box_fb.send(privately(visit))
    assert [one.external_id for one in box_fb.verify_sent(privately(visit), since=clock.now)] == [posted.external_id]


def test_without_the_permission_no_message_may_be_written(box: Sandbox, box_fb: Facebook, comment: Mention) -> None:
    box.world.account("fb_hemlund").denied.add("message")
    assert "pages_messaging" in box_fb.health().missing
    assert "pages_messaging" in box_fb.can_reply(target(comment), ReplyWay.PRIVATE).reason
    with pytest.raises(ReplyRejected, match="pages_messaging"):
        box_fb.send(privately(comment))


def test_a_throttled_inbox_says_until_when(box: Sandbox, box_fb: Facebook, asked: Mention, clock: Clock) -> None:
    box.faults.add("POST /graph/*/messages", "rate_limited", count=1, seconds=600)
    with pytest.raises(ChannelThrottled) as caught:
        box_fb.send(answer(asked))
    assert caught.value.retry_at == clock.now + timedelta(minutes=10)


def test_a_conversation_too_busy_to_be_read_back_is_told(
    box: Sandbox, box_fb: Facebook, clock: Clock, asked: Mention
) -> None:
    started = clock.now
    box_fb.send(answer(asked))
    for number in range(25):
        box.world.inbox.receive(f"regel {number}", author="piet", at=clock.later(seconds=1))
    with pytest.raises(ChannelUnavailable, match="too busy"):
        box_fb.verify_sent(answer(asked), since=started)


@pytest.mark.parametrize("option", ["messages", "human_agent"])
def test_a_switch_that_is_neither_on_nor_off_is_a_settings_error(box: Sandbox, option: str) -> None:
    with pytest.raises(SettingsError, match=rf"options\.{option}"):
        connect_fb(box, **{option: "yes"})
