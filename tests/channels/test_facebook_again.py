"""A Facebook page looked at again: edits, deletions, stretches of time, what is done to posts, limits, health."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from stub_network import Answer, Clock, Stub, connect_fb, fb_config

from webcare.channels.base import Action, Budget, Filled, Gap, GoneReason, HealthState, ReplyTarget
from webcare.channels.facebook import Facebook
from webcare.channels.facebook_reading import LIMITS
from webcare.domain import MentionKind, ReplyWay
from webcare.errors import AccountDisconnected, ChannelProtocolError, ChannelUnavailable, ReplyRejected, TargetGone
from webcare.sandbox.server import Sandbox

BUDGET = Budget()


# --- refresh --------------------------------------------------------------------------------------------


def test_edits_renames_and_deletions_on_facebook_are_seen(box: Sandbox, box_fb: Facebook) -> None:
    brand = box.world.post_fb("Nieuwe bank", kind="post")
    visit = box.world.post_fb("Waar is mijn kast?", author="piet")
    tag = box.world.post_fb("Net bij Hemlund geweest", author="dirk", kind="tagged")
    review = box.world.review_fb("Nooit meer", author="guus", positive=False)
    top = box.world.comment_fb("Duur!", under=brand.id, author="lies")
    under = box.world.comment_fb("Vind ik ook", under=top.id, author="bo")
    lost = box.world.comment_fb("weg", under=visit.id, author="eva")
    message = box.world.inbox.receive("vraag", author="piet")
    box.world.edit_fb(top.id, "Toch niet duur")
    box.world.edit_fb(review.id, "Misschien toch")
    box.world.set_user("facebook", "piet", name="Piet Bakker")
    box.world.delete_fb(lost.id)
    asked = [brand.id, visit.id, tag.id, review.id, top.id, under.id, lost.id, message.id, "review:abc"]
    again = box_fb.refresh([*asked, *asked])
    found = {one.external_id: one for one in again.mentions}
    assert set(found) == {brand.id, visit.id, tag.id, review.id, top.id, under.id}
    assert again.gone == {lost.id: GoneReason.DELETED}
    assert (found[top.id].text, found[review.id].text) == ("Toch niet duur", "Misschien toch")
    assert found[visit.id].author.name == "Piet Bakker"
    polled = {one.external_id: one for one in box_fb.poll(None, BUDGET).mentions}
    for id_ in (brand.id, visit.id, tag.id, review.id, top.id, under.id):
        told, before = found[id_], polled[id_]
        assert (told.thread_id, told.parent_id, told.kind, told.is_ours) == (
            before.thread_id,
            before.parent_id,
            before.kind,
            before.is_ours,
        )


def test_two_hundred_posts_are_looked_up_in_batches(box: Sandbox, box_fb: Facebook) -> None:
    posts = [box.world.post_fb(f"bezoek {n}", author="piet").id for n in range(120)]
    box.world.delete_fb(posts[60])
    rule = box.faults.add("POST /graph/*", "slow", seconds=0)
    again = box_fb.refresh(posts)
    assert len(again.mentions) == 119
    assert list(again.gone) == [posts[60]]
    assert rule.struck == 3


def test_nothing_counts_as_gone_while_the_page_may_not_read(box: Sandbox, box_fb: Facebook) -> None:
    visit = box.world.post_fb("hoi", author="piet")
    box.world.delete_fb(visit.id)
    refused = {"error": {"code": 10, "message": "(#10) needs pages_read_user_content"}}
    box.faults.add("GET /graph/*/visitor_posts", "answer", status=403, body=refused)
    with pytest.raises(AccountDisconnected):
        box_fb.refresh([visit.id])


def test_posts_that_could_not_be_looked_up_are_neither_there_nor_gone(stub: Stub, stub_fb: Facebook) -> None:
    there = {"id": "1100000001_1", "message": "a", "created_time": "2026-02-10T10:58:00+0000"}
    broken = [
        {"code": 200, "body": json.dumps(there)},
        None,
        {"code": 500, "body": "<html>"},
        {"code": 200, "body": "[]"},
        {"code": 400, "body": '{"error": {"code": 2, "message": "x"}}'},
    ]
    stub.on("POST", "/graph/v26.0/", Answer(body=broken))
    again = stub_fb.refresh([f"1100000001_{n}" for n in range(1, 6)])
    assert [one.external_id for one in again.mentions] == ["1100000001_1"]
    assert again.gone == {}


@pytest.mark.parametrize("body", [{"data": []}, [], [1, 2, 3], None])
def test_a_batch_answered_with_something_else_is_told(stub: Stub, stub_fb: Facebook, body: object) -> None:
    stub.on("POST", "/graph/v26.0/", Answer(body=body))
    with pytest.raises((ChannelProtocolError, ChannelUnavailable)):
        stub_fb.refresh(["1100000001_1"])


# --- backfill -------------------------------------------------------------------------------------------


def filled(fb: Facebook, gap: Gap, pages: int = 1) -> tuple[list[str], int]:
    found, token, steps = [], "", 0
    while steps < 60:
        step: Filled = fb.backfill(gap, token, Budget(max_pages=pages))
        found += [one.text for one in step.mentions]
        steps, token = steps + 1, step.token
        if not token:
            return found, steps
    raise AssertionError("the backfill does not end")


def test_a_stretch_of_visitors_posts_is_read_again_and_nothing_else(
    box: Sandbox, box_fb: Facebook, clock: Clock
) -> None:
    for number in range(80):
        box.world.post_fb(f"bezoek {number}", author="piet", at=clock.now - timedelta(hours=number))
    box_fb.health()
    gap = Gap(clock.now - timedelta(hours=70), clock.now - timedelta(hours=10), "test", "visitor_posts")
    found, steps = filled(box_fb, gap)
    assert found == [f"bezoek {n}" for n in range(10, 71)]
    assert steps > 1


def test_a_stretch_longer_than_six_months_is_asked_for_in_spans_that_graph_takes(
    box: Sandbox, box_fb: Facebook, clock: Clock
) -> None:
    for number in range(14):
        box.world.post_fb(f"maand {number}", author="piet", at=clock.now - timedelta(days=30 * number + 1))
    box_fb.health()
    gap = Gap(clock.now - timedelta(days=400), clock.now, "test", "feed")
    assert filled(box_fb, gap)[0] == [f"maand {n}" for n in range(14)]


@pytest.mark.parametrize("source", ["tagged", "ratings", "comments", "conversations"])
def test_every_list_of_a_page_can_be_read_again(box: Sandbox, box_fb: Facebook, clock: Clock, source: str) -> None:
    visit = box.world.post_fb("bezoek", author="anna", at=clock.now - timedelta(days=9))
    for number in range(9):
        at = clock.now - timedelta(hours=number)
        box.world.post_fb(f"tagged {number}", author=f"p{number}", kind="tagged", at=at)
        box.world.review_fb(f"ratings {number}", author=f"p{number}", positive=True, at=at)
        box.world.comment_fb(f"comments {number}", under=visit.id, author=f"p{number}", at=at)
        box.world.inbox.receive(f"conversations {number}", author=f"p{number}", at=at)
    box_fb.health()
    name = f"comments:{visit.id}" if source == "comments" else source
    gap = Gap(clock.now - timedelta(hours=6), clock.now - timedelta(hours=2), "test", name)
    assert filled(box_fb, gap)[0] == [f"{source} {n}" for n in range(2, 7)]


def test_a_list_nobody_knows_and_a_post_that_is_gone_cannot_be_read_again(
    box: Sandbox, box_fb: Facebook, clock: Clock
) -> None:
    hour = clock.now - timedelta(hours=1)
    with pytest.raises(ChannelProtocolError, match="no list"):
        box_fb.backfill(Gap(hour, clock.now, "test", "mentions"), "", BUDGET)
    visit = box.world.post_fb("bezoek", author="anna")
    box.world.delete_fb(visit.id)
    assert box_fb.backfill(Gap(hour, clock.now, "test", f"comments:{visit.id}"), "", BUDGET) == Filled()


# --- what is done to posts ------------------------------------------------------------------------------


def test_hiding_liking_and_deleting_can_be_repeated(box: Sandbox, box_fb: Facebook) -> None:
    brand = box.world.post_fb("Nieuwe bank", kind="post")
    said = box.world.comment_fb("Duur!", under=brand.id, author="lies")
    ours = box.world.comment_fb("Maar mooi", under=said.id)
    expected = {
        Action.HIDE: lambda: said.hidden,
        Action.UNHIDE: lambda: not said.hidden,
        Action.LIKE: lambda: bool(said.likes),
        Action.UNLIKE: lambda: not said.likes,
    }
    for action, holds in expected.items():
        for _ in range(2):
            box_fb.act(action, said.id)
            assert holds(), action
    for _ in range(2):
        box_fb.act(Action.DELETE, ours.id)
    assert ours.deleted


def test_what_may_not_be_done_is_refused_with_the_reason(box: Sandbox, box_fb: Facebook) -> None:
    said = box.world.comment_fb("Duur!", under=box.world.post_fb("Nieuwe bank", kind="post").id, author="lies")
    with pytest.raises(ReplyRejected, match="hide this instead"):
        box_fb.act(Action.DELETE, said.id)
    with pytest.raises(ReplyRejected, match="no id"):
        box_fb.act(Action.HIDE, "review:abc")
    box.world.account("fb_hemlund").denied.add("hide")
    with pytest.raises(ReplyRejected, match="pages_manage_engagement"):
        box_fb.act(Action.HIDE, said.id)
    box.world.delete_fb(said.id)
    with pytest.raises(TargetGone):
        box_fb.act(Action.LIKE, said.id)


@pytest.mark.parametrize("fault", ["cut_after_commit", "error_after_commit", "malformed_json", "unavailable_html"])
def test_an_action_whose_answer_was_lost_may_simply_be_done_again(box: Sandbox, box_fb: Facebook, fault: str) -> None:
    said = box.world.comment_fb("Duur!", under=box.world.post_fb("Nieuwe bank", kind="post").id, author="lies")
    box.faults.add("POST /graph/*", fault, count=1)  # type: ignore[arg-type]
    with pytest.raises(ChannelUnavailable):
        box_fb.act(Action.HIDE, said.id)
    box_fb.act(Action.HIDE, said.id)
    assert said.hidden


# --- limits and health ----------------------------------------------------------------------------------


def test_from_eighty_percent_on_reading_pauses_and_answers_still_go(box: Sandbox, clock: Clock) -> None:
    fb = connect_fb(box, backfill_min=15)
    visit = box.world.post_fb("hoi", author="anna")
    cursor = fb.poll(None, BUDGET).cursor
    box.world.options.limit_scale = 0.01  # 48 calls an hour
    calls = 0
    while (result := fb.poll(cursor, BUDGET)).rates["feed"].remaining:
        cursor, calls = result.cursor, calls + 1
        assert calls < 20
    pages, inbox = LIMITS
    assert {result.rates[name].remaining for name in pages} == {0}
    assert all(result.rates[name].reset_at == clock.now + timedelta(minutes=5) for name in pages)
    assert result.rates[inbox[0]].remaining
    rested = fb.poll(result.cursor, Budget(closed=frozenset(pages)))
    assert set(rested.rates) == {inbox[0]}
    assert fb.health().state is HealthState.OK
    permission = fb.can_reply(ReplyTarget(visit.id, visit.id, "1", MentionKind.VISITOR_POST, clock.now))
    assert permission.allowed


def test_lists_that_are_closed_are_not_asked_and_keep_their_place(box: Sandbox, box_fb: Facebook, clock: Clock) -> None:
    cursor = box_fb.poll(None, BUDGET).cursor
    clock.later(seconds=5)
    box.world.review_fb("mooi", author="cas", positive=True)
    box.world.inbox.receive("vraag", author="piet")
    rule = box.faults.add("GET /graph/*/ratings", "slow", seconds=0)
    closed = box_fb.poll(cursor, Budget(closed=frozenset({"ratings", "older"})))
    assert ([one.text for one in closed.mentions], rule.struck) == (["vraag"], 0)
    assert "mooi" in [one.text for one in box_fb.poll(closed.cursor, BUDGET).mentions]


def test_health_tells_how_long_the_token_lasts_and_what_it_may_not_do(
    box: Sandbox, box_fb: Facebook, clock: Clock
) -> None:
    account = box.world.account("fb_hemlund")
    assert (box_fb.health().token_expires_at, box_fb.health().missing) == (None, ())
    account.expires_at = clock.now + timedelta(days=12)
    account.denied |= {"reply", "message"}
    health = box_fb.health()
    assert (health.state, health.token_expires_at) == (HealthState.OK, account.expires_at)
    assert set(health.missing) == {"pages_manage_engagement", "pages_messaging"}
    assert "pages_manage_engagement" in health.message
    comment = ReplyTarget("7_1", "7_1", "42", MentionKind.COMMENT, clock.now)
    for way, lacks in ((ReplyWay.PUBLIC, "pages_manage_engagement"), (ReplyWay.PRIVATE, "pages_messaging")):
        permission = box_fb.can_reply(comment, way)
        assert not permission.allowed
        assert lacks in permission.reason
        assert permission.open_url
    clock.later(days=13)
    assert box_fb.health().state is HealthState.DISCONNECTED
    assert "has expired" in box_fb.health().message


def test_the_app_may_ask_about_its_page_token_with_a_token_of_its_own(box: Sandbox, clock: Clock) -> None:
    box.world.account("fb_hemlund").expires_at = clock.now + timedelta(days=12)
    assert connect_fb(box, app_id=900100200300400).health().token_expires_at is not None


def test_where_meta_tells_nothing_of_the_token_health_is_well_all_the_same(stub: Stub, stub_fb: Facebook) -> None:
    stub.on("GET", "/graph/v26.0/me", Answer(body={"id": "1100000001", "name": "Hemlund"}))
    health = stub_fb.health()
    assert (health.state, health.token_expires_at, health.missing) == (HealthState.OK, None, ())
    stub.on(
        "GET",
        "/graph/v26.0/me/permissions",
        Answer(body={"data": [{"permission": "pages_read_engagement", "status": "granted"}]}),
    )
    assert "pages_messaging" in stub_fb.health().missing


def test_the_token_is_never_in_an_address_not_even_when_it_is_asked_about(stub: Stub) -> None:
    stub.on("GET", "/graph/v26.0/me", Answer(body={"id": "1100000001", "name": "Hemlund"}))
    Facebook.connect(fb_config(f"{stub.url}/graph", app_id="12")).health()
    asked = [heard for heard in stub.heard if heard.path.endswith("debug_token")]
    assert [heard.method for heard in asked] == ["POST"]
    assert not [heard for heard in stub.heard if "token%2F" in heard.target or "token/0123" in heard.target]


@pytest.mark.parametrize(
    ("more", "allowed", "says"),
    [
        ({"gone": True}, False, "no longer"),
        ({"raw": {"is_hidden": True}}, True, "only its author"),
        ({"raw": {"can_comment": False}}, False, "does not let the page"),
        ({"kind": MentionKind.DIRECT_MESSAGE, "raw": {"conversation": {"can_reply": False}}}, False, "lets nobody"),
    ],
)
def test_closed_hidden_and_deleted_targets_are_told_apart(
    box_fb: Facebook, clock: Clock, more: dict[str, object], allowed: bool, says: str
) -> None:
    given: dict[str, object] = {"kind": MentionKind.COMMENT, **more}
    permission = box_fb.can_reply(ReplyTarget("7_1", "7_1", "42", posted_at=clock.now, **given))  # type: ignore[arg-type]
    assert (permission.allowed, says in permission.reason) == (allowed, True)
