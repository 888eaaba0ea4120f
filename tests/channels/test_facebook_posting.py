"""Comments of a page over real HTTP: posted, lost, refused and read back."""

import logging
from dataclasses import replace

import pytest
from stub_network import Clock

from webcare.channels.base import Budget, HealthState, ReplyTarget
from webcare.channels.facebook import Facebook
from webcare.channels.facebook_posts import NO_STORY
from webcare.domain import MentionKind, Reply
from webcare.errors import (
    AccountDisconnected,
    DuplicateReply,
    OutcomeUnknown,
    ReplyRejected,
    TargetGone,
)
from webcare.sandbox.server import Sandbox

BUDGET = Budget()


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
def test_a_comment_of_the_page_stands_there_and_is_found_again(
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
def test_a_comment_whose_answer_was_lost_is_unknown_and_then_found(
    box: Sandbox, box_fb: Facebook, targets: dict[str, Reply], clock: Clock, place: str, fault: str
) -> None:
    box.faults.add("POST /graph/*/comments", fault, count=1)  # type: ignore[arg-type]
    with pytest.raises(OutcomeUnknown):
        box_fb.send(targets[place])
    assert len(box_fb.verify_sent(targets[place], since=clock.now)) == 1


@pytest.mark.parametrize("fault", ["cut_before", "error_before", "unavailable_html", "empty_200", "errors_only_200"])
def test_a_comment_that_never_arrived_is_unknown_and_then_absent(
    box: Sandbox, box_fb: Facebook, targets: dict[str, Reply], clock: Clock, fault: str
) -> None:
    reply = targets["visitor's post"]
    box.faults.add("POST /graph/*/comments", fault, count=1)  # type: ignore[arg-type]
    with pytest.raises(OutcomeUnknown):
        box_fb.send(reply)
    assert box_fb.verify_sent(reply, since=clock.now) == ()
    assert box_fb.send(reply).external_id


def test_a_comment_that_is_not_visible_yet_is_absent_until_it_is(
    box: Sandbox, box_fb: Facebook, targets: dict[str, Reply], clock: Clock
) -> None:
    reply, started = targets["review"], clock.now
    box.faults.add("POST /graph/*/comments", "delay_visibility", count=1, seconds=20)
    sent = box_fb.send(reply)
    assert box_fb.verify_sent(reply, since=started) == ()
    clock.later(seconds=21)
    assert [one.external_id for one in box_fb.verify_sent(reply, since=started)] == [sent.external_id]


def test_an_earlier_comment_in_the_same_words_is_not_taken_for_this_one(
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
