"""A Facebook page over real HTTP: the unmodified facebook-sdk against the sandbox, through our transport."""

import logging
from dataclasses import replace
from datetime import timedelta

import pytest
from stub_network import Clock, connect_fb

from webcare.channels.base import AccountConfig, Budget, HealthState, PollResult, ReplyTarget
from webcare.channels.facebook import Facebook
from webcare.channels.facebook_posts import NO_STORY
from webcare.domain import MentionKind, Reply
from webcare.errors import (
    AccountDisconnected,
    ChannelProtocolError,
    ChannelThrottled,
    ChannelUnavailable,
    DuplicateReply,
    OutcomeUnknown,
    ReplyRejected,
    SettingsError,
    TargetGone,
)
from webcare.sandbox.server import Sandbox

BUDGET = Budget()


def texts(result: PollResult) -> list[str]:
    return [mention.text for mention in result.mentions]


def test_a_first_start_gives_nothing_old_and_then_everything_new(box: Sandbox, clock: Clock) -> None:
    fb = connect_fb(box)
    brand = box.world.post_fb("Nieuwe bank", kind="post")
    box.world.comment_fb("oud", under=brand.id, author="lies")
    clock.later(minutes=5)
    first = fb.poll(None, BUDGET)
    assert (first.mentions, first.complete) == ((), True)
    clock.later(seconds=1)
    box.world.comment_fb("nieuw", under=brand.id, author="lies")
    box.world.post_fb("Hallo?", author="piet")
    assert sorted(texts(fb.poll(first.cursor, BUDGET))) == ["Hallo?", "nieuw"]


def test_everything_said_to_a_page_is_read_and_each_comment_on_a_brand_post_is_a_thread(
    box: Sandbox, box_fb: Facebook
) -> None:
    brand = box.world.post_fb("Nieuwe bank", kind="post")
    visit = box.world.post_fb("Waar is mijn kast?", author="piet")
    comment = box.world.comment_fb("Duur!", under=brand.id, author="lies")
    ours = box.world.comment_fb("Maar mooi", under=comment.id)
    under = box.world.comment_fb("Vind ik niet", under=comment.id, author="bo")
    more = box.world.comment_fb("Bij mij ook", under=visit.id, author="eva")
    deeper = box.world.comment_fb("En bij mij", under=more.id, author="cas")
    review = box.world.review_fb("Nooit meer", author="guus", positive=False)
    tag = box.world.post_fb("Net bij Hemlund geweest", author="dirk", kind="tagged")
    found = {one.external_id: one for one in box_fb.poll(None, BUDGET).mentions}
    expected = {
        brand.id: (MentionKind.MENTION, brand.id, None, True),
        visit.id: (MentionKind.VISITOR_POST, visit.id, None, False),
        comment.id: (MentionKind.COMMENT, comment.id, brand.id, False),
        ours.id: (MentionKind.REPLY, comment.id, comment.id, True),
        under.id: (MentionKind.REPLY, comment.id, comment.id, False),
        more.id: (MentionKind.REPLY, visit.id, visit.id, False),
        deeper.id: (MentionKind.REPLY, visit.id, more.id, False),
        review.id: (MentionKind.REVIEW, review.id, None, False),
        tag.id: (MentionKind.MENTION, tag.id, None, False),
    }
    assert {key: (one.kind, one.thread_id, one.parent_id, one.is_ours) for key, one in found.items()} == expected
    assert found[comment.id].author.name == "lies"


def test_more_comments_than_come_along_are_read_page_by_page(box: Sandbox, box_fb: Facebook, clock: Clock) -> None:
    brand = box.world.post_fb("Nieuwe bank", kind="post")
    for number in range(70):
        box.world.comment_fb(
            f"reactie {number}", under=brand.id, author=f"p{number}", at=clock.now - timedelta(seconds=number)
        )
    result = box_fb.poll(None, Budget(max_pages=10, page_size=20))
    assert len(result.mentions) == 71
    assert result.complete


def test_a_small_budget_reads_everything_in_several_polls(box: Sandbox, box_fb: Facebook, clock: Clock) -> None:
    brand = box.world.post_fb("Nieuwe bank", kind="post")
    for number in range(90):
        box.world.comment_fb(
            f"reactie {number}", under=brand.id, author=f"p{number}", at=clock.now - timedelta(seconds=number)
        )
    budget, cursor, seen, polls, complete = Budget(max_pages=2, page_size=10), None, set(), 0, False
    while not complete:
        result = box_fb.poll(cursor, budget)
        cursor, complete = result.cursor, result.complete
        seen |= {one.external_id for one in result.mentions}
        polls += 1
    assert len(seen) == 91
    assert 2 < polls < 9


def test_a_comment_on_an_old_post_is_seen_while_the_post_is_among_the_newest(box: Sandbox, clock: Clock) -> None:
    fb = connect_fb(box, watch_posts=3)
    old = [box.world.post_fb(f"post {n}", kind="post", at=clock.now - timedelta(days=30 - n)) for n in range(4)]
    cursor = fb.poll(None, BUDGET).cursor
    clock.later(seconds=1)
    for post in old:
        box.world.comment_fb(f"onder {post.message}", under=post.id, author="lies")
    assert sorted(texts(fb.poll(cursor, BUDGET))) == ["onder post 1", "onder post 2", "onder post 3"]


def test_a_comment_that_shows_up_late_under_the_mark_is_not_missed(
    box: Sandbox, box_fb: Facebook, clock: Clock
) -> None:
    brand = box.world.post_fb("Nieuwe bank", kind="post")
    cursor = box_fb.poll(None, BUDGET).cursor
    box.world.comment_fb("laat", under=brand.id, author="bo", visible_after=600)
    clock.later(seconds=30)
    box.world.comment_fb("nieuwer", under=brand.id, author="cas")
    second = box_fb.poll(cursor, BUDGET)
    assert "laat" not in texts(second)
    clock.later(minutes=11)
    assert "laat" in texts(box_fb.poll(second.cursor, BUDGET))


def test_a_person_the_page_may_not_see_is_heard_all_the_same(box: Sandbox, box_fb: Facebook) -> None:
    box.world.post_fb("Kapotte poot", author="piet")
    box.world.set_user("facebook", "piet", unseen=True)
    (mention,) = box_fb.poll(None, BUDGET).mentions
    assert (mention.author.external_id, mention.is_ours, mention.text) == ("", False, "Kapotte poot")


def test_the_share_of_the_limit_that_is_left_comes_with_the_result(clock: Clock) -> None:
    with Sandbox(clock=clock, limit_scale=0.005) as box:  # 24 calls an hour
        fb = connect_fb(box, backfill_min=15)
        first = fb.poll(None, BUDGET)
        assert first.rate is not None
        assert first.rate.remaining is not None
        assert 0 < first.rate.remaining < 100
        asked = 0
        while fb.health().state is HealthState.OK:
            asked += 1
        assert asked < 24
        with pytest.raises(ChannelThrottled) as caught:
            fb.poll(first.cursor, BUDGET)
        assert caught.value.retry_at is not None
        clock.now = caught.value.retry_at
        assert fb.poll(first.cursor, BUDGET).complete


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
        ("errors_only_200", ChannelUnavailable),
    ],
)
@pytest.mark.parametrize("edge", ["feed", "visitor_posts"])
def test_a_poll_that_fails_says_why_and_the_next_one_reads_everything(
    box: Sandbox, box_fb: Facebook, clock: Clock, fault: str, error: type[Exception], edge: str
) -> None:
    cursor = box_fb.poll(None, BUDGET).cursor
    clock.later(seconds=5)
    box.world.post_fb("hoi", author="anna")
    box.faults.add(f"GET /graph/*/{edge}", fault, count=1)  # type: ignore[arg-type]
    with pytest.raises(error):
        box_fb.poll(cursor, BUDGET)
    assert texts(box_fb.poll(cursor, BUDGET)) == ["hoi"]


@pytest.mark.parametrize("fault", ["unavailable_html", "rate_limited", "cut_before"])
def test_when_comments_cannot_all_be_read_the_rest_is_kept_and_the_next_poll_reads_them(
    box: Sandbox, box_fb: Facebook, clock: Clock, fault: str
) -> None:
    brand = box.world.post_fb("Nieuwe bank", kind="post")
    for number in range(40):
        box.world.comment_fb(
            f"reactie {number}", under=brand.id, author=f"p{number}", at=clock.now - timedelta(seconds=number)
        )
    box.faults.add("GET /graph/*/comments", fault, count=1)  # type: ignore[arg-type]
    first = box_fb.poll(None, BUDGET)
    assert not first.complete
    assert "Nieuwe bank" in texts(first)
    second = box_fb.poll(first.cursor, BUDGET)
    assert second.complete
    assert len({*texts(first), *texts(second)}) == 41


def test_comments_in_an_odd_shape_cost_only_themselves_and_are_shown_to_people(
    box: Sandbox, box_fb: Facebook, clock: Clock
) -> None:
    said = {"message": "hoi", "from": {"id": "5", "name": "Anna"}, "created_time": "2026-02-10T10:59:00+0000"}
    posts = [{"id": "1100000001_1", "comments": {"data": None}, **said}, {"id": "1100000001_2", **said}]
    box.faults.add("GET /graph/*/feed", "answer", status=200, body={"data": posts})
    result = box_fb.poll(None, BUDGET)
    assert [one.external_id for one in result.mentions] == ["1100000001_1", "1100000001_2"]
    assert [("1100000001_1" in one.raw, "without the list" in one.error) for one in result.bad] == [(True, True)]
    assert result.complete


def test_when_reviews_or_tags_fail_the_rest_still_comes(
    box: Sandbox, box_fb: Facebook, caplog: pytest.LogCaptureFixture
) -> None:
    box.world.post_fb("hoi", author="anna")
    box.faults.add("GET /graph/*/ratings", "answer", status=403, body={"error": {"code": 10, "message": "no"}})
    box.faults.add("GET /graph/*/tagged", "unavailable_html")
    for _ in range(2):
        result = box_fb.poll(None, BUDGET)
        assert (texts(result), result.complete) == (["hoi"], True)
    assert caplog.text.count("ratings cannot be read") == 1


def test_after_too_large_an_answer_the_next_poll_asks_for_less(box: Sandbox, box_fb: Facebook, clock: Clock) -> None:
    body = {"error": {"code": 1, "message": "Please reduce the amount of data you're asking for, then retry"}}
    box.faults.add("GET /graph/*/feed", "answer", count=1, status=500, body=body)
    brand = box.world.post_fb("Nieuwe bank", kind="post")
    for number in range(30):
        box.world.comment_fb(
            f"reactie {number}", under=brand.id, author=f"p{number}", at=clock.now - timedelta(seconds=number)
        )
    with pytest.raises(ChannelUnavailable):
        box_fb.poll(None, BUDGET)
    assert len(box_fb.poll(None, BUDGET).mentions) == 31


def test_a_page_id_facebook_does_not_know_is_told(box: Sandbox) -> None:
    secrets = box.credentials("fb_hemlund")
    wrong = Facebook.connect(AccountConfig("fb_hemlund", "999", "", box.graph_base, 2.0, {"backfill_min": 5}, secrets))
    with pytest.raises(AccountDisconnected, match="external_id"):
        wrong.poll(None, BUDGET)
    assert wrong.health().state is HealthState.DISCONNECTED


@pytest.mark.parametrize("value", [0, 101, "25", True])
def test_a_wrong_number_of_watched_posts_is_a_settings_error(box: Sandbox, value: object) -> None:
    with pytest.raises(SettingsError, match=r"options\.watch_posts"):
        connect_fb(box, watch_posts=value)


def test_the_proof_made_with_the_app_secret_is_sent_and_accepted(box: Sandbox, box_fb: Facebook) -> None:
    box.world.account("fb_hemlund").require_proof = True
    assert box_fb.health().state is HealthState.OK
    box_fb.poll(None, BUDGET)
    secrets = {**box.credentials("fb_hemlund"), "app_secret": "another app's secret"}
    other = Facebook.connect(AccountConfig("fb_hemlund", "1100000001", "", box.graph_base, 2.0, {}, secrets))
    assert other.health().state is HealthState.DISCONNECTED
    assert "app secret" in other.health().message


# --- posting --------------------------------------------------------------------------------------------


@pytest.fixture
def targets(box: Sandbox) -> dict[str, Reply]:
    """One reply to each place an answer can go."""
    brand = box.world.post_fb("Nieuwe bank", kind="post")
    visit = box.world.post_fb("Waar is mijn kast?", author="piet")
    comment = box.world.comment_fb("Duur!", under=brand.id, author="lies")
    under = box.world.comment_fb("Vind ik ook", under=comment.id, author="bo")
    more = box.world.comment_fb("Bij mij ook", under=visit.id, author="eva")
    deeper = box.world.comment_fb("En bij mij", under=more.id, author="cas")
    review = box.world.review_fb("Nooit meer", author="guus", positive=False)
    places = {
        "comment on a brand post": (comment.id, comment.id),
        "answer to a comment": (under.id, comment.id),
        "visitor's post": (visit.id, visit.id),
        "comment on a visitor's post": (more.id, visit.id),
        "answer under a visitor's post": (deeper.id, visit.id),
        "review": (review.id, review.id),
    }
    return {name: Reply(to, thread, f"Hoi! We zoeken het uit & <3 {name}") for name, (to, thread) in places.items()}


PLACES = [
    "comment on a brand post",
    "answer to a comment",
    "visitor's post",
    "comment on a visitor's post",
    "answer under a visitor's post",
    "review",
]


@pytest.mark.parametrize("place", PLACES)
def test_a_reply_stands_on_the_network_and_is_found_again(
    box_fb: Facebook, targets: dict[str, Reply], clock: Clock, place: str
) -> None:
    reply = targets[place]
    posted = box_fb.send(reply)
    assert [one.external_id for one in box_fb.verify_sent(reply, since=clock.now)] == [posted.external_id]
    assert box_fb.verify_sent(replace(reply, text="iets anders"), since=clock.now) == ()
    for other in PLACES:
        if other != place:
            assert box_fb.verify_sent(targets[other], since=clock.now) == ()


@pytest.mark.parametrize("place", PLACES[:3])
@pytest.mark.parametrize("fault", ["cut_after_commit", "error_after_commit", "malformed_json"])
def test_a_reply_whose_answer_was_lost_is_unknown_and_then_found(
    box: Sandbox, box_fb: Facebook, targets: dict[str, Reply], clock: Clock, place: str, fault: str
) -> None:
    box.faults.add("POST /graph/*/comments", fault, count=1)  # type: ignore[arg-type]
    with pytest.raises(OutcomeUnknown):
        box_fb.send(targets[place])
    assert len(box_fb.verify_sent(targets[place], since=clock.now)) == 1


@pytest.mark.parametrize("fault", ["cut_before", "error_before", "unavailable_html", "empty_200", "errors_only_200"])
def test_a_reply_that_never_arrived_is_unknown_and_then_absent(
    box: Sandbox, box_fb: Facebook, targets: dict[str, Reply], clock: Clock, fault: str
) -> None:
    reply = targets["visitor's post"]
    box.faults.add("POST /graph/*/comments", fault, count=1)  # type: ignore[arg-type]
    with pytest.raises(OutcomeUnknown):
        box_fb.send(reply)
    assert box_fb.verify_sent(reply, since=clock.now) == ()
    assert box_fb.send(reply).external_id


def test_a_reply_that_is_not_visible_yet_is_absent_until_it_is(
    box: Sandbox, box_fb: Facebook, targets: dict[str, Reply], clock: Clock
) -> None:
    reply, started = targets["review"], clock.now
    box.faults.add("POST /graph/*/comments", "delay_visibility", count=1, seconds=20)
    sent = box_fb.send(reply)
    assert box_fb.verify_sent(reply, since=started) == ()
    clock.later(seconds=21)
    assert [one.external_id for one in box_fb.verify_sent(reply, since=started)] == [sent.external_id]


def test_an_earlier_reply_in_the_same_words_is_not_taken_for_this_one(
    box_fb: Facebook, targets: dict[str, Reply], clock: Clock
) -> None:
    box_fb.send(targets["review"])
    clock.later(minutes=2)
    assert box_fb.verify_sent(targets["review"], since=clock.now) == ()


def test_a_reply_is_found_in_a_long_thread(
    box: Sandbox, box_fb: Facebook, targets: dict[str, Reply], clock: Clock
) -> None:
    reply = targets["visitor's post"]
    started = clock.now
    sent = box_fb.send(reply)
    for number in range(250):
        box.world.comment_fb(f"ook {number}", under=reply.target_id, author=f"p{number}", at=clock.later(seconds=1))
    assert [one.external_id for one in box_fb.verify_sent(reply, since=started)] == [sent.external_id]


def test_the_refusals_of_facebook_come_out_as_ours(box: Sandbox, box_fb: Facebook, targets: dict[str, Reply]) -> None:
    reply = targets["comment on a brand post"]
    box_fb.send(reply)
    with pytest.raises(DuplicateReply):
        box_fb.send(reply)
    with pytest.raises(ReplyRejected, match="must be shorter"):
        box_fb.send(replace(reply, text="x" * 8001))
    box.world.account("fb_hemlund").denied.add("reply")
    with pytest.raises(ReplyRejected, match="pages_manage_engagement"):
        box_fb.send(replace(reply, text="again"))
    box.world.account("fb_hemlund").denied.clear()
    box.world.delete_fb(reply.target_id)
    with pytest.raises(TargetGone):
        box_fb.send(replace(reply, text="again"))
    box.world.account("fb_hemlund").denied.add("read")
    with pytest.raises(AccountDisconnected, match="pages_read_engagement"):
        box_fb.poll(None, Budget())
    box.world.account("fb_hemlund").disconnected = "password_changed"
    with pytest.raises(AccountDisconnected, match="WEBCARE_SECRET_FB_HEMLUND_PAGE_TOKEN"):
        box_fb.send(targets["review"])
    assert box_fb.health().state is HealthState.DISCONNECTED


def test_a_deleted_post_is_simply_no_longer_watched(box: Sandbox, box_fb: Facebook, targets: dict[str, Reply]) -> None:
    cursor = box_fb.poll(None, BUDGET).cursor
    box.world.delete_fb(targets["visitor's post"].target_id)
    after = box_fb.poll(cursor, BUDGET)
    assert after.complete
    assert targets["visitor's post"].target_id not in after.cursor


@pytest.mark.parametrize(
    ("target", "allowed", "says"),
    [
        ({}, True, ""),
        ({"raw": {"can_comment": True}}, True, ""),
        (
            {"raw": {"can_comment": False, "permalink_url": "https://www.facebook.com/1"}},
            False,
            "does not let the page",
        ),
        ({"external_id": f"{NO_STORY}abc", "kind": MentionKind.REVIEW}, False, "this review"),
        ({"kind": MentionKind.DIRECT_MESSAGE}, False, "Messages"),
    ],
)
def test_whether_facebook_takes_a_reply_is_known_before_it_is_written(
    box_fb: Facebook, clock: Clock, target: dict[str, object], allowed: bool, says: str
) -> None:
    plain = ReplyTarget("1", "1", "42", MentionKind.COMMENT, clock.now)
    permission = box_fb.can_reply(replace(plain, **target))  # type: ignore[arg-type]
    assert permission.allowed is allowed
    assert says in permission.reason
    assert permission.open_url.startswith("https://www.facebook.com/") is not allowed


def test_a_review_nobody_can_answer_is_refused_without_asking(box: Sandbox, box_fb: Facebook) -> None:
    rule = box.faults.add("POST /graph/*", "error_before")
    with pytest.raises(ReplyRejected):
        box_fb.send(Reply(f"{NO_STORY}abc", f"{NO_STORY}abc", "hi"))
    assert rule.struck == 0


def test_health_tells_whose_page_it_is(box_fb: Facebook) -> None:
    health = box_fb.health()
    assert (health.state, health.external_id, health.name) == (HealthState.OK, "1100000001", "Hemlund")


def test_no_debug_log_and_no_address_holds_a_secret(
    box: Sandbox, box_fb: Facebook, targets: dict[str, Reply], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    box_fb.send(targets["review"])
    result = box_fb.poll(None, BUDGET)
    for secret in box.credentials("fb_hemlund").values():
        assert secret not in caplog.text + repr(result)
