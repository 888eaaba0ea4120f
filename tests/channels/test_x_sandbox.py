"""X over real HTTP: the unmodified tweepy against the sandbox, through our transport."""

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from stub_network import Clock, connect_x

from webcare.channels.base import AccountConfig, Budget, HealthState, PollResult, ReplyTarget
from webcare.channels.x import X
from webcare.domain import Mention, MentionKind, Reply
from webcare.errors import (
    AccountDisconnected,
    ChannelProtocolError,
    ChannelThrottled,
    ChannelUnavailable,
    DuplicateReply,
    OutcomeUnknown,
    ReplyRejected,
    TargetGone,
)
from webcare.sandbox.server import Sandbox

BUDGET = Budget()


def texts(result: PollResult) -> list[str]:
    return [mention.text for mention in result.mentions]


def test_a_first_start_gives_nothing_old_and_then_everything_new(box: Sandbox, clock: Clock) -> None:
    x = connect_x(box)
    box.world.post_x("@hemlund old", author="anna")
    clock.later(minutes=5)
    first = x.poll(None, BUDGET)
    assert (first.mentions, first.complete, first.gaps) == ((), True, ())
    clock.later(seconds=1)
    box.world.post_x("@hemlund new", author="anna", lang="nl")
    assert texts(x.poll(first.cursor, BUDGET)) == ["@hemlund new"]


def test_a_first_start_may_look_back_some_minutes(box: Sandbox, clock: Clock) -> None:
    box.world.post_x("@hemlund twenty", author="anna", at=clock.now - timedelta(minutes=20))
    box.world.post_x("@hemlund ten", author="anna", at=clock.now - timedelta(minutes=10))
    assert texts(connect_x(box, backfill_min=15).poll(None, BUDGET)) == ["@hemlund ten"]


def test_our_answers_retweets_edits_and_threads_come_out_as_what_they_are(box: Sandbox, box_x: X, clock: Clock) -> None:
    post = box.world.post_x("@hemlund waar is mijn kast? & <b> https://example.com/kast", author="anna", lang="no")
    clock.later(seconds=1)
    ours = box.world.post_x("We kijken het na", author="hemlund", in_reply_to=post.id)
    clock.later(seconds=1)
    follow_up = box.world.post_x("dank!", author="anna", in_reply_to=ours.id)
    clock.later(seconds=1)
    box.world.retweet_x(post.id, author="bo")
    clock.later(seconds=1)
    wrong = box.world.post_x("@hemlund tpyo", author="eva")
    edited = box.world.edit_x(wrong.id, "@hemlund typo")
    found = {one.external_id: one for one in box_x.poll(None, BUDGET).mentions}
    first = found[str(post.id)]
    assert first.text.startswith("@hemlund waar is mijn kast? & <b> https://t.co/")
    assert (first.lang, first.author.handle, first.kind) == ("nb", "anna", MentionKind.MENTION)
    assert first.url == f"https://x.com/anna/status/{post.id}"
    assert found[str(ours.id)].is_ours
    reply = found[str(follow_up.id)]
    assert (reply.kind, reply.thread_id, reply.parent_id) == (MentionKind.REPLY, str(post.id), str(ours.id))
    assert [one.is_repost for one in found.values()].count(True) == 1
    assert found[str(edited.id)].root_id == str(wrong.id)


def test_the_new_names_of_the_api_give_the_same_mentions(clock: Clock) -> None:
    seen = []
    for dialect in ("tweet", "post"):
        with Sandbox(clock=clock, dialect=dialect) as box:
            ago = [clock.now - timedelta(seconds=seconds) for seconds in (30, 20, 10)]
            post = box.world.post_x("@hemlund " + "lang " * 80, author="anna", at=ago[0])
            box.world.post_x("@hemlund ook", author="bo", in_reply_to=post.id, at=ago[1])
            wrong = box.world.post_x("@hemlund tpyo", author="eva", at=ago[2])
            box.world.edit_x(wrong.id, "@hemlund typo")
            found = connect_x(box, dialect=dialect, backfill_min=5).poll(None, BUDGET).mentions
            seen.append([(one.text, one.thread_id, one.parent_id, one.root_id, one.kind) for one in found])
    assert seen[0] == seen[1]
    assert len(seen[0]) == 3


def test_a_post_that_shows_up_late_under_the_mark_is_not_missed(box: Sandbox, box_x: X, clock: Clock) -> None:
    box.world.post_x("@hemlund first", author="anna")
    cursor = box_x.poll(None, BUDGET).cursor
    late = box.world.post_x("@hemlund late", author="bo", visible_after=600, at=clock.now)
    clock.later(seconds=30)
    box.world.post_x("@hemlund newer", author="cas")
    second = box_x.poll(cursor, BUDGET)
    assert "@hemlund late" not in texts(second)
    clock.later(minutes=11)
    third = box_x.poll(second.cursor, BUDGET)
    assert str(late.id) in [one.external_id for one in third.mentions]


def test_a_small_budget_reads_everything_in_several_polls(box: Sandbox, box_x: X, clock: Clock) -> None:
    box.world.bulk_x(57, start=clock.now - timedelta(minutes=5))
    budget, cursor, seen, polls = Budget(max_pages=2, page_size=10), None, [], 0
    complete = False
    while not complete:
        result = box_x.poll(cursor, budget)
        cursor, complete = result.cursor, result.complete
        seen += texts(result)
        polls += 1
    assert polls == 3
    assert sorted(seen) == sorted(f"@hemlund message number {n}" for n in range(57))
    assert result.gaps == ()


def test_more_mentions_than_x_shows_are_told_as_a_gap(box: Sandbox, box_x: X, clock: Clock) -> None:
    box.world.post_x("@hemlund before", author="anna")
    cursor = box_x.poll(None, BUDGET).cursor
    clock.later(minutes=30)
    box.world.bulk_x(900, start=clock.now - timedelta(minutes=10), every=timedelta(milliseconds=500))
    result = box_x.poll(cursor, BUDGET)
    assert len(result.mentions) == 800
    (gap,) = result.gaps
    assert gap.until == result.mentions[0].posted_at
    assert result.complete
    # What may still show up late in the stretch already told is told again; nothing new is missing.
    assert {one.until for one in box_x.poll(result.cursor, BUDGET).gaps} <= {gap.until}


def test_the_limits_x_announces_come_with_the_result(box: Sandbox, box_x: X) -> None:
    rate = box_x.poll(None, BUDGET).rates.get("mentions")
    assert rate is not None
    assert (rate.limit, rate.remaining) == (300, 299)


def test_when_the_window_is_used_up_nothing_read_is_lost(clock: Clock) -> None:
    with Sandbox(clock=clock, limit_scale=0.01) as box:  # three requests per quarter of an hour
        x = connect_x(box, backfill_min=15)
        box.world.bulk_x(50, start=clock.now - timedelta(minutes=2))
        budget = Budget(max_pages=10, page_size=10)
        first = x.poll(None, budget)
        assert not first.complete
        with pytest.raises(ChannelThrottled) as caught:
            x.poll(first.cursor, budget)
        assert caught.value.retry_at is not None
        clock.now = caught.value.retry_at + timedelta(seconds=1)
        second = x.poll(first.cursor, budget)
        assert second.complete
        assert len({one.external_id for one in (*first.mentions, *second.mentions) if not one.is_ours}) == 50


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("rate_limited", ChannelThrottled),
        ("rate_limited_no_reset", ChannelThrottled),
        ("unavailable_html", ChannelUnavailable),
        ("error_before", ChannelUnavailable),
        ("cut_before", ChannelUnavailable),
        ("malformed_json", ChannelProtocolError),
        ("empty_200", ChannelProtocolError),
        ("errors_only_200", ChannelProtocolError),
    ],
)
def test_a_poll_that_fails_says_why_and_the_next_one_reads_everything(
    box: Sandbox, box_x: X, clock: Clock, fault: str, error: type[Exception]
) -> None:
    cursor = box_x.poll(None, BUDGET).cursor
    clock.later(seconds=5)
    box.world.post_x("@hemlund hoi", author="anna")
    box.faults.add("GET /x/2/users/*/mentions", fault, count=1)  # type: ignore[arg-type]
    with pytest.raises(error):
        box_x.poll(cursor, BUDGET)
    assert texts(box_x.poll(cursor, BUDGET)) == ["@hemlund hoi"]


def test_an_account_id_x_does_not_know_is_told(box: Sandbox) -> None:
    wrong = X.connect(AccountConfig("x_hemlund", "999", "hemlund", box.x_base, 2.0, {}, box.credentials("x_hemlund")))
    with pytest.raises(AccountDisconnected, match="external_id"):
        wrong.poll(wrong.poll(None, BUDGET).cursor, BUDGET)
    assert wrong.health().state is HealthState.DISCONNECTED


def test_when_only_our_own_timeline_fails_the_mentions_still_come(
    box: Sandbox, box_x: X, caplog: pytest.LogCaptureFixture
) -> None:
    box.world.post_x("@hemlund hoi", author="anna")
    box.faults.add("GET /x/2/users/*/tweets", "unavailable_html")
    for _ in range(3):
        result = box_x.poll(None, BUDGET)
        assert texts(result) == ["@hemlund hoi"]
        assert result.complete
    assert caplog.text.count("our own timeline cannot be read") == 1


# --- posting --------------------------------------------------------------------------------------------


def asked(box: Sandbox, text: str = "@hemlund help") -> Mention:
    post = box.world.post_x(text, author="anna")
    return Mention("x", str(post.id), str(post.id), author=None, text=text, posted_at=post.posted_at)  # type: ignore[arg-type]


def answer(mention: Mention, text: str = "Hej Anna & co! Se https://hemlund.example/hjälp eller ring 🙂 <3") -> Reply:
    return Reply(mention.external_id, mention.thread_id, text)


def test_a_reply_stands_on_the_network_and_is_found_again(box: Sandbox, box_x: X, clock: Clock) -> None:
    reply = answer(asked(box))
    posted = box_x.send(reply)
    assert posted.posted_at == clock.now
    assert box.world.x.answers(int(reply.thread_id))[0].id == int(posted.external_id)
    assert box_x.verify_sent(reply, since=clock.now) == (posted,)
    assert box_x.verify_sent(answer(asked(box)), since=clock.now) == ()
    assert posted.external_id in [one.external_id for one in box_x.poll(None, BUDGET).mentions if one.is_ours]


@pytest.mark.parametrize("fault", ["cut_after_commit", "error_after_commit", "malformed_json"])
def test_a_reply_whose_answer_was_lost_is_unknown_and_then_found(
    box: Sandbox, box_x: X, clock: Clock, fault: str
) -> None:
    reply = answer(asked(box))
    box.faults.add("POST /x/2/tweets", fault, count=1)  # type: ignore[arg-type]
    with pytest.raises(OutcomeUnknown):
        box_x.send(reply)
    assert len(box_x.verify_sent(reply, since=clock.now)) == 1
    assert len(box.world.x.answers(int(reply.thread_id))) == 1


@pytest.mark.parametrize("fault", ["cut_before", "error_before", "unavailable_html", "empty_200"])
def test_a_reply_that_never_arrived_is_unknown_and_then_absent(
    box: Sandbox, box_x: X, clock: Clock, fault: str
) -> None:
    reply = answer(asked(box))
    box.faults.add("POST /x/2/tweets", fault, count=1)  # type: ignore[arg-type]
    with pytest.raises(OutcomeUnknown):
        box_x.send(reply)
    assert box_x.verify_sent(reply, since=clock.now) == ()
    assert box_x.send(reply).external_id


def test_an_answer_that_takes_too_long_is_unknown(box: Sandbox, clock: Clock) -> None:
    reply = answer(asked(box))
    box.faults.add("POST /x/2/tweets", "slow", count=1, seconds=1.0)
    x = connect_x(box)
    quick = X.connect(replace(x._config, timeout_s=0.3))
    with pytest.raises(OutcomeUnknown):
        quick.send(reply)


def test_a_reply_that_is_not_visible_yet_is_absent_until_it_is(box: Sandbox, box_x: X, clock: Clock) -> None:
    reply = answer(asked(box))
    box.faults.add("POST /x/2/tweets", "delay_visibility", count=1, seconds=20)
    sent = box_x.send(reply)
    assert box_x.verify_sent(reply, since=clock.now) == ()
    started = clock.now
    clock.later(seconds=21)
    assert [one.external_id for one in box_x.verify_sent(reply, since=started)] == [sent.external_id]


def test_a_read_back_that_fails_is_not_an_absence(box: Sandbox, box_x: X, clock: Clock) -> None:
    box.faults.add("GET /x/2/users/*/tweets", "unavailable_html", count=1)
    with pytest.raises(ChannelUnavailable):
        box_x.verify_sent(answer(asked(box)), since=clock.now)


def test_an_earlier_reply_in_the_same_words_is_not_taken_for_this_one(box: Sandbox, box_x: X, clock: Clock) -> None:
    reply = answer(asked(box))
    box_x.send(reply)
    clock.later(minutes=2)
    assert box_x.verify_sent(reply, since=clock.now) == ()


def test_the_refusals_of_x_come_out_as_ours(box: Sandbox, box_x: X) -> None:
    mention = asked(box)
    box_x.send(answer(mention))
    with pytest.raises(DuplicateReply):
        box_x.send(answer(mention))
    unasked = box.world.post_x("just talking", author="bo")
    with pytest.raises(ReplyRejected, match="mentioned or quoted us"):
        box_x.send(Reply(str(unasked.id), str(unasked.id), "hi"))
    with pytest.raises(ReplyRejected, match="too long"):
        box_x.send(answer(mention, "x" * 281))
    box.world.delete_x(mention.external_id)
    with pytest.raises(TargetGone):
        box_x.send(answer(mention, "again"))
    box.world.account("x_hemlund").disconnected = "revoked"
    with pytest.raises(AccountDisconnected, match="WEBCARE_SECRET_X_HEMLUND_API_KEY"):
        box_x.send(answer(asked(box)))
    assert box_x.health().state is HealthState.DISCONNECTED


def test_our_count_and_the_sandboxs_own_count_agree_on_what_fits(box: Sandbox, box_x: X) -> None:
    for text in (
        "å" * 280,
        "日" * 140,
        "🙂" * 140,
        "e\u0301" * 280,
        "see https://hemlund.com/" + "a" * 400 + " " + "b" * 252,
    ):
        assert X.length(text).fits, text[:20]
        box_x.send(answer(asked(box), text))


@pytest.mark.parametrize(
    ("target", "allowed", "says"),
    [
        ({}, True, ""),
        ({"summons_us": False}, False, "mentioned or quoted us"),
        ({"raw": {"entities": {"mentions": [{"username": "Hemlund"}]}}, "summons_us": False}, True, ""),
        ({"raw": {"entities": {"mentions": [{"username": "other"}]}}}, False, "mentioned or quoted us"),
        ({"raw": {"entities": {"mentions": []}, "referenced_tweets": [{"type": "quoted", "id": "1"}]}}, True, ""),
    ],
)
def test_whether_x_takes_a_reply_is_known_before_it_is_written(
    box_x: X, clock: Clock, target: dict[str, object], allowed: bool, says: str
) -> None:
    plain = ReplyTarget("1", "1", "42", MentionKind.MENTION, clock.now)
    permission = box_x.can_reply(replace(plain, **target))  # type: ignore[arg-type]
    assert permission.allowed is allowed
    assert says in permission.reason
    if not allowed:
        assert permission.open_url == "https://x.com/i/web/status/1"


def test_enterprise_access_may_answer_anybody_but_not_in_a_closed_conversation(box: Sandbox, clock: Clock) -> None:
    x = connect_x(box, needs_summon=False)
    open_to_all = {"entities": {"mentions": []}, "reply_settings": "everyone"}
    closed = {"entities": {"mentions": []}, "reply_settings": "mentionedUsers"}
    target = ReplyTarget("1", "1", "42", MentionKind.MENTION, clock.now, summons_us=False)
    assert x.can_reply(replace(target, raw=open_to_all)).allowed
    assert "limits who may answer" in x.can_reply(replace(target, raw=closed)).reason


def test_health_tells_who_we_are(box_x: X) -> None:
    health = box_x.health()
    assert (health.state, health.external_id, health.name) == (HealthState.OK, "3300000001", "hemlund")


def test_one_channel_may_poll_and_send_from_several_threads(box: Sandbox, box_x: X, clock: Clock) -> None:
    mentions = [asked(box, f"@hemlund number {number}") for number in range(12)]
    cursor = box_x.poll(None, BUDGET).cursor

    def work(mention: Mention) -> tuple[int, bool]:
        posted = box_x.send(answer(mention, f"answer to {mention.external_id}"))
        return len(box_x.poll(cursor, BUDGET).mentions), posted.external_id in map(
            str, [post.id for post in box.world.x.answers(int(mention.thread_id))]
        )

    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(work, mentions))
    assert all(ours for _, ours in results)
    assert min(count for count, _ in results) >= 12


def test_no_debug_log_of_any_library_holds_a_secret(box: Sandbox, box_x: X, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    reply = answer(asked(box))
    box_x.send(reply)
    box_x.poll(None, BUDGET)
    for secret in box.credentials("x_hemlund").values():
        assert secret not in caplog.text
