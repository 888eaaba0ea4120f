"""A Facebook page over real HTTP: the unmodified facebook-sdk against the sandbox, through our transport."""

from datetime import timedelta

import pytest
from stub_network import Clock, connect_fb

from webcare.channels.base import AccountConfig, Budget, HealthState, PollResult
from webcare.channels.facebook import Facebook
from webcare.domain import MentionKind
from webcare.errors import (
    AccountDisconnected,
    ChannelProtocolError,
    ChannelThrottled,
    ChannelUnavailable,
    SettingsError,
)
from webcare.sandbox.server import Sandbox

BUDGET = Budget()


def texts(result: PollResult) -> list[str]:
    return [mention.text for mention in result.mentions]


def test_a_first_start_of_a_page_gives_nothing_old_and_then_everything_new(box: Sandbox, clock: Clock) -> None:
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


def test_a_small_budget_reads_all_of_a_page_in_several_polls(box: Sandbox, box_fb: Facebook, clock: Clock) -> None:
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
    fb = connect_fb(box, watch_posts=3, older_posts=0)
    old = [box.world.post_fb(f"post {n}", kind="post", at=clock.now - timedelta(days=30 - n)) for n in range(4)]
    cursor = fb.poll(None, BUDGET).cursor
    clock.later(seconds=1)
    for post in old:
        box.world.comment_fb(f"onder {post.message}", under=post.id, author="lies")
    assert sorted(texts(fb.poll(cursor, BUDGET))) == ["onder post 1", "onder post 2", "onder post 3"]


def test_visitors_push_no_post_of_the_page_out_of_sight(box: Sandbox, clock: Clock) -> None:
    fb = connect_fb(box, watch_posts=3, older_posts=0)
    brand = box.world.post_fb("Nieuwe bank", kind="post", at=clock.now - timedelta(hours=30))
    for number in range(12):
        box.world.post_fb(f"vraag {number}", author=f"p{number}", at=clock.now - timedelta(hours=20 - number))
    cursor = fb.poll(None, BUDGET).cursor
    clock.later(seconds=1)
    box.world.comment_fb("onder de bank", under=brand.id, author="lies")
    assert texts(fb.poll(cursor, BUDGET)) == ["onder de bank"]


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
        rate = next(iter(first.rates.values()))
        assert rate.remaining is not None
        assert 0 < rate.remaining < 100
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
    "fault", ["unavailable_html", "error_before", "malformed_json", "empty_200", "errors_only_200"]
)
@pytest.mark.parametrize("edge", ["feed", "visitor_posts", "tagged", "ratings", "conversations"])
def test_one_list_that_fails_costs_no_other_and_is_told(
    box: Sandbox, box_fb: Facebook, clock: Clock, fault: str, edge: str
) -> None:
    cursor = box_fb.poll(None, BUDGET).cursor
    clock.later(seconds=5)
    said = {
        box.world.post_fb("bezoek", author="anna").message,
        box.world.post_fb("genoemd", author="bo", kind="tagged").message,
        box.world.review_fb("beoordeeld", author="cas", positive=True).message,
        box.world.inbox.receive("geschreven", author="dirk").text,
    }
    box.faults.add(f"GET /graph/*/{edge}", fault, count=1)  # type: ignore[arg-type]
    first = box_fb.poll(cursor, BUDGET)
    assert list(first.troubles) == [edge]
    assert len(said - set(texts(first))) <= 1
    second = box_fb.poll(first.cursor, BUDGET)
    assert not second.troubles
    assert {*texts(first), *texts(second)} == said


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
def test_a_poll_in_which_nothing_could_be_read_says_why_and_the_next_one_reads_everything(
    box: Sandbox, box_fb: Facebook, clock: Clock, fault: str, error: type[Exception]
) -> None:
    cursor = box_fb.poll(None, BUDGET).cursor
    clock.later(seconds=5)
    box.world.post_fb("hoi", author="anna")
    box.faults.add("GET /graph/*", fault)  # type: ignore[arg-type]
    with pytest.raises(error):
        box_fb.poll(cursor, BUDGET)
    box.faults.clear()
    assert texts(box_fb.poll(cursor, BUDGET)) == ["hoi"]


@pytest.mark.parametrize("fault", ["rate_limited", "cut_before"])
def test_a_network_that_throttles_or_is_gone_is_not_asked_for_the_other_lists(
    box: Sandbox, box_fb: Facebook, clock: Clock, fault: str
) -> None:
    cursor = box_fb.poll(None, BUDGET).cursor
    clock.later(seconds=5)
    box.world.post_fb("hoi", author="anna")
    box.faults.add("GET /graph/*/visitor_posts", fault, count=1)  # type: ignore[arg-type]
    later = box.faults.add("GET /graph/*/tagged", "error_before")
    first = box_fb.poll(cursor, BUDGET)
    assert (first.complete, later.struck, texts(first)) == (False, 0, ["hoi"])


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


def test_a_list_the_token_may_not_read_is_told_every_time_and_asked_again_after_an_hour(
    box: Sandbox, box_fb: Facebook, clock: Clock
) -> None:
    box.world.post_fb("hoi", author="anna")
    refused = {"error": {"code": 10, "message": "(#10) needs pages_read_user_content"}}
    rule = box.faults.add("GET /graph/*/ratings", "answer", status=403, body=refused)
    for _ in range(2):
        result = box_fb.poll(None, BUDGET)
        assert (texts(result), result.complete) == (["hoi"], True)
        assert "pages_read_user_content" in result.troubles["ratings"]
    assert rule.struck == 1
    clock.later(minutes=61)
    box.faults.clear()
    box.world.review_fb("mooi", author="cas", positive=True)
    assert "mooi" in texts(box_fb.poll(result.cursor, BUDGET))


def test_a_list_whose_answers_would_be_too_large_is_asked_for_in_smaller_pages(
    box: Sandbox, box_fb: Facebook, clock: Clock
) -> None:
    box.world.options.graph_objects = 40.0
    brand = box.world.post_fb("Nieuwe bank", kind="post")
    for number in range(30):
        box.world.comment_fb(
            f"reactie {number}", under=brand.id, author=f"p{number}", at=clock.now - timedelta(seconds=number)
        )
    for number in range(40):
        box.world.post_fb(f"bezoek {number}", author=f"p{number}")
    asked = box.faults.add("GET /graph/*/feed", "slow", seconds=0)
    first = box_fb.poll(None, BUDGET)
    assert len(first.mentions) == 71
    refused, asked.struck = asked.struck, 0
    assert box_fb.poll(first.cursor, BUDGET).complete
    assert asked.struck < refused, "what was too large once is not asked for again"


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
