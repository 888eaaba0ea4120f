"""The Mastodon channel against a running server over real HTTP (mastodon_mock), with the faults it can make."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from mastodon_mock.config import MastodonMockConfig, RateLimitConfig, SeedAccount, SeedConfig, SeedStatus
from mastodon_mock.testing.server import MockServer
from stub_network import Answer, Handler, Stub, reset

from webcare.channels.base import AccountConfig, Action, Budget, Gap, HealthState
from webcare.channels.mastodon import Mastodon
from webcare.domain import Mention, MentionKind, Reply, ReplyWay
from webcare.errors import (
    AccountDisconnected,
    ChannelError,
    ChannelProtocolError,
    ChannelThrottled,
    ChannelUnavailable,
    OutcomeUnknown,
    ReplyRejected,
    TargetGone,
)

SEED = SeedConfig(
    accounts=[
        SeedAccount(username="hemlund", display_name="Hemlund", access_token="hemlund_token"),
        SeedAccount(username="anna", display_name="Anna", access_token="anna_token"),
        SeedAccount(username="piet", display_name="Piet", access_token="piet_token"),
        SeedAccount(username="dave", display_name="Dave", domain="elders.example"),
    ],
    statuses=[SeedStatus(account="dave", text="Mijn #hemlundkast is stuk, @hemlund")],
)
ALL = Budget(max_pages=50)


@pytest.fixture(scope="module")
def running() -> Iterator[MockServer]:
    # Requests that a fault holds back would hold up the end for as long as they last.
    with MockServer(seed=SEED, shutdown_timeout=0.5, log_level="critical") as server:
        yield server


@pytest.fixture
def server(running: MockServer) -> MockServer:
    running.reset()
    return running


@pytest.fixture
def anna(server: MockServer) -> Any:
    return server.client("anna")


@pytest.fixture
def desk(server: MockServer) -> Mastodon:
    return connect(server)


def connect(
    server: MockServer, *, base: str = "", timeout_s: float = 15.0, token: str = "hemlund_token", **options: Any
) -> Mastodon:
    ours = str(server.client("hemlund").account_verify_credentials().id)
    options = {"instance": "social.example", **options}
    secrets = {"access_token": token}
    return Mastodon.connect(
        AccountConfig("fedi", ours, "hemlund", base or server.base_url, timeout_s, options, secrets)
    )


def drain(desk: Mastodon, cursor: str, budget: Budget = ALL) -> tuple[dict[str, Mention], str]:
    """Poll until the channel says that it is up to date."""
    found: dict[str, Mention] = {}
    for _ in range(200):
        result = desk.poll(cursor, budget)
        found |= {one.external_id: one for one in result.mentions}
        cursor = result.cursor
        if result.complete:
            return found, cursor
    raise AssertionError("the polling never came to its end")


def started(desk: Mastodon) -> str:
    first = desk.poll(None, ALL)
    assert not first.mentions
    return first.cursor


def reply_to(status: Any, text: str, **more: Any) -> Reply:
    return Reply(str(status.id), str(status.id), text, to_id=str(status.account.id), **more)


# --- collecting -----------------------------------------------------------------------------------------


def test_a_first_start_gives_nothing_old_and_the_next_poll_only_what_is_new(anna: Any, desk: Mastodon) -> None:
    anna.status_post("@hemlund long ago")
    cursor = started(desk)
    new = anna.status_post("@hemlund where is my cupboard?")
    found, _ = drain(desk, cursor)
    assert set(found) == {str(new.id)}


def test_a_first_start_may_look_back(anna: Any, server: MockServer) -> None:
    old = [anna.status_post(f"@hemlund number {n}") for n in range(7)]
    result = connect(server, backfill_min=30).poll(None, Budget(max_pages=20, page_size=3))
    assert {one.external_id for one in result.mentions} == {str(one.id) for one in old}
    assert not result.gaps


def test_a_first_start_that_may_not_read_far_enough_says_so(anna: Any, server: MockServer) -> None:
    for n in range(12):
        anna.status_post(f"@hemlund number {n}")
    # The server's clock cannot be turned; so the look back is longer than the server has been running.
    result = connect(server, backfill_min=30, read_own=False).poll(None, Budget(max_pages=1, page_size=3))
    assert [gap.source for gap in result.gaps] == ["notifications"]
    assert result.gaps[0].until > result.gaps[0].since
    filled, token = set(), ""
    desk = connect(server, backfill_min=30, read_own=False)
    for _ in range(20):
        step = desk.backfill(result.gaps[0], token, Budget(max_pages=1, page_size=3))
        filled |= {one.external_id for one in step.mentions}
        token = step.token
        if not token:
            break
    assert len(filled | {one.external_id for one in result.mentions}) == 12


def test_a_flood_larger_than_the_budget_is_read_over_several_polls_without_a_loss(anna: Any, desk: Mastodon) -> None:
    cursor = started(desk)
    flood = {str(anna.status_post(f"@hemlund number {n}").id) for n in range(45)}
    found, _ = drain(desk, cursor, Budget(max_pages=2, page_size=10))
    assert set(found) == flood


def test_kinds_threads_and_texts_come_out_as_people_meant_them(server: MockServer, anna: Any, desk: Mastodon) -> None:
    cursor = started(desk)
    first = anna.status_post("@hemlund kast\n\nstuk: https://winkel.example/1 ❤")
    second = server.client("piet").status_post(
        "@anna @hemlund ook hier", in_reply_to_id=first.id, spoiler_text="klacht"
    )
    third = anna.status_post("@piet @hemlund nog steeds", in_reply_to_id=second.id)
    direct = anna.status_post("@hemlund mijn nummer is 0612345678", visibility="direct")
    found, _ = drain(desk, cursor)
    texts = {id_: one.text for id_, one in found.items()}
    assert texts == {
        str(first.id): "@hemlund kast\n\nstuk: https://winkel.example/1 ❤",
        str(second.id): "CW: klacht\n\n@anna @hemlund ook hier",
        str(third.id): "@piet @hemlund nog steeds",
        str(direct.id): "@hemlund mijn nummer is 0612345678",
    }
    assert {found[str(one.id)].thread_id for one in (first, second, third)} == {str(first.id)}
    assert found[str(third.id)].parent_id == str(second.id)
    assert found[str(direct.id)].kind is MentionKind.DIRECT_MESSAGE
    assert found[str(second.id)].kind is MentionKind.REPLY
    assert found[str(first.id)].url == f"https://social.example/@anna/{first.id}"


def test_a_thread_is_the_same_whichever_process_reads_it(server: MockServer, anna: Any) -> None:
    cursor = started(connect(server))
    first = anna.status_post("no name in here")
    second = anna.status_post("@hemlund see above", in_reply_to_id=first.id)
    third = anna.status_post("@hemlund hello?", in_reply_to_id=second.id)
    for _ in range(2):
        found, _ = drain(connect(server), cursor)
        assert {found[str(one.id)].thread_id for one in (second, third)} == {str(first.id)}


def test_what_our_people_answer_elsewhere_is_known_as_ours(server: MockServer, anna: Any, desk: Mastodon) -> None:
    cursor = started(desk)
    question = anna.status_post("@hemlund open on Sunday?")
    ours = server.client("hemlund")
    answer = ours.status_post("@anna Yes, from ten.", in_reply_to_id=question.id)
    whisper = ours.status_post("@anna Psst.", in_reply_to_id=question.id, visibility="direct")
    ours.status_reblog(question.id)
    found, _ = drain(desk, cursor)
    assert found[str(answer.id)].is_ours
    assert found[str(answer.id)].text == "Yes, from ten."
    assert found[str(answer.id)].thread_id == str(question.id)
    assert found[str(whisper.id)].is_ours
    assert len(found) == 3


def test_an_edit_is_the_same_post_in_new_words_and_a_deletion_is_told(anna: Any, desk: Mastodon) -> None:
    cursor = started(desk)
    edited, deleted = anna.status_post("@hemlund frist"), anna.status_post("@hemlund never mind")
    _, cursor = drain(desk, cursor)
    anna.status_update(edited.id, "@hemlund first")
    anna.status_delete(deleted.id)
    result = desk.poll(cursor, ALL)
    assert [(one.external_id, one.text) for one in result.mentions] == [(str(edited.id), "@hemlund first")]
    assert result.mentions[0].raw["edited_at"]
    assert result.gone == (str(deleted.id),)
    refreshed = desk.refresh([str(edited.id), str(deleted.id)])
    assert [one.text for one in refreshed.mentions] == ["@hemlund first"]
    assert set(refreshed.gone) == {str(deleted.id)}


def test_people_who_change_their_name_are_shown_by_the_new_one(anna: Any, desk: Mastodon) -> None:
    cursor = started(desk)
    post = anna.status_post("@hemlund hello")
    drain(desk, cursor)
    anna.account_update_credentials(display_name="Anna Bakker :blobcat:")
    assert desk.refresh([str(post.id)]).mentions[0].author.name == "Anna Bakker :blobcat:"


def test_messages_of_strangers_that_the_server_holds_back_are_read_too(
    server: MockServer, anna: Any, desk: Mastodon
) -> None:
    cursor = started(desk)
    server.client("hemlund").update_notifications_policy(for_not_following="filter", for_private_mentions="filter")
    direct = anna.status_post("@hemlund are you there?", visibility="direct")
    held_back = {str(one.status.id) for one in server.client("hemlund").notifications(types=["mention"])}
    assert str(direct.id) not in held_back, "the server did not hold it back; this test shows nothing"
    found, _ = drain(desk, cursor)
    assert set(found) == {str(direct.id)}


def test_hashtags_are_listened_to_and_a_new_one_begins_now(server: MockServer, anna: Any) -> None:
    cursor = started(connect(server))
    listening = connect(server, hashtags=["#HemlundKast"])
    anna.status_post("before anybody listened #hemlundkast")
    found, cursor = drain(listening, cursor)
    assert not found
    hit = anna.status_post("mooie #hemlundkast hoor")
    anna.status_post("something else #kast")
    found, _ = drain(listening, cursor)
    assert set(found) == {str(hit.id)}


def test_cleared_notifications_are_a_gap_told_once(server: MockServer, anna: Any, desk: Mastodon) -> None:
    cursor = started(desk)
    for n in range(4):
        anna.status_post(f"@hemlund number {n}")
    _, cursor = drain(desk, cursor)
    server.client("hemlund").notifications_clear()
    late = anna.status_post("@hemlund after that")
    result = desk.poll(cursor, ALL)
    assert [one.external_id for one in result.mentions] == [str(late.id)]
    assert [gap.source for gap in result.gaps] == ["notifications"]
    assert not desk.poll(result.cursor, ALL).gaps
    left = desk.backfill(result.gaps[0], "", ALL).left
    assert [gap.since for gap in left] == [result.gaps[0].since]


def test_a_list_without_requests_left_is_not_asked_and_keeps_its_place(anna: Any, desk: Mastodon) -> None:
    cursor = started(desk)
    anna.status_post("@hemlund hello")
    closed = desk.poll(cursor, Budget(closed=frozenset({"notifications", "own"})))
    assert not closed.mentions
    assert json.loads(closed.cursor) == json.loads(cursor)
    assert len(drain(desk, closed.cursor)[0]) == 1


# --- answering ------------------------------------------------------------------------------------------


def test_an_answer_tells_its_reader_and_is_found_again(server: MockServer, anna: Any, desk: Mastodon) -> None:
    question = anna.status_post("@hemlund where is it?")
    began = datetime.now(UTC)
    reply = reply_to(question, "On its way & with you soon: https://hemlund.example/track\n\nKind regards", key="d-1")
    posted = desk.send(reply)
    told = anna.notifications(types=["mention"])[0].status
    assert str(told.id) == posted.external_id
    assert str(told.in_reply_to_id) == reply.target_id
    assert desk.verify_sent(reply, since=began) == (posted,)
    assert posted.url == f"https://social.example/@hemlund/{posted.external_id}"


def test_a_repeated_attempt_posts_nothing_twice(anna: Any, desk: Mastodon) -> None:
    question = anna.status_post("@hemlund where is it?")
    reply = reply_to(question, "On its way!", key="d-1")
    assert desk.send(reply) == desk.send(reply)
    assert len(anna.status_context(question.id).descendants) == 1
    other = desk.send(reply_to(question, "On its way!", key="d-2"))
    assert len(anna.status_context(question.id).descendants) == 2
    words = desk.send(reply_to(question, "Another answer under a key of before", key="d-1"))
    assert words.external_id not in {other.external_id, desk.send(reply).external_id}


@pytest.mark.parametrize("visibility", ["public", "unlisted", "private", "direct"])
@pytest.mark.parametrize("widest", ["public", "unlisted"])
@pytest.mark.parametrize("way", list(ReplyWay))
def test_an_answer_is_read_by_no_more_people_than_what_it_answers(
    server: MockServer, anna: Any, visibility: str, widest: str, way: ReplyWay
) -> None:
    circles = ["public", "unlisted", "private", "direct"]
    question = anna.status_post("@hemlund hello", visibility=visibility)
    posted = connect(server, visibility=widest).send(reply_to(question, "Hello Anna", way=way))
    narrowest = max(visibility, widest, "direct" if way is ReplyWay.PRIVATE else widest, key=circles.index)
    assert anna.status(posted.external_id).visibility == narrowest


def test_several_parts_follow_each_other_and_each_names_the_reader(anna: Any, desk: Mastodon) -> None:
    question = anna.status_post("@hemlund long story", spoiler_text="lang")
    first = desk.send(reply_to(question, "First part"))
    second = desk.send(Reply(first.external_id, str(question.id), "Second part"))
    standing = anna.status(second.external_id)
    assert str(standing.in_reply_to_id) == first.external_id
    assert [one.acct for one in standing.mentions] == ["anna"]
    assert standing.spoiler_text == "lang"


def test_a_reader_on_another_server_is_named_with_it(server: MockServer, desk: Mastodon) -> None:
    dave = server.client("anna").timeline_hashtag("hemlundkast")[0]
    reply = reply_to(dave, "Dat spijt ons, Dave")
    posted = desk.send(reply)
    assert [one.acct for one in server.client("anna").status(posted.external_id).mentions] == ["dave@elders.example"]
    assert desk.verify_sent(reply, since=posted.posted_at) == (posted,)


def test_a_name_the_writer_put_in_is_not_put_in_twice(anna: Any, desk: Mastodon) -> None:
    question = anna.status_post("@hemlund hello")
    reply = reply_to(question, "Hello @anna, it is coming")
    posted = desk.send(reply)
    assert anna.status(posted.external_id).content == "<p>Hello @anna, it is coming</p>"
    assert desk.verify_sent(reply, since=posted.posted_at) == (posted,)


def test_a_private_answer_names_nobody_but_its_reader(anna: Any, desk: Mastodon) -> None:
    question = anna.status_post("@hemlund my order?", visibility="direct")
    told = reply_to(question, "Dear @anna, it is 4711", way=ReplyWay.PRIVATE)
    assert anna.status(desk.send(told).external_id).visibility == "direct"
    with pytest.raises(ReplyRejected, match="@piet"):
        desk.send(reply_to(question, "It is 4711, says @piet", way=ReplyWay.PRIVATE))
    with pytest.raises(ReplyRejected, match="@piet"):
        desk.send(reply_to(question, "It is 4711, says @piet", kind=MentionKind.DIRECT_MESSAGE))
    with pytest.raises(ReplyRejected, match="Nobody"):
        desk.send(Reply(str(question.id), str(question.id), "Psst", way=ReplyWay.PRIVATE, to_id="1"))
    assert len(anna.status_context(question.id).descendants) == 1


def test_the_same_words_under_another_post_or_from_before_are_not_this_reply(anna: Any, desk: Mastodon) -> None:
    one, other = anna.status_post("@hemlund one"), anna.status_post("@hemlund other")
    posted = desk.send(reply_to(one, "On its way!"))
    assert desk.verify_sent(reply_to(other, "On its way!"), since=posted.posted_at) == ()
    assert desk.verify_sent(reply_to(one, "On its way!!"), since=posted.posted_at) == ()
    later = posted.posted_at + timedelta(minutes=2)
    assert desk.verify_sent(reply_to(one, "On its way!"), since=later) == ()


def test_a_deleted_post_is_not_answered_although_the_server_would_take_it(anna: Any, desk: Mastodon) -> None:
    question = anna.status_post("@hemlund hello")
    anna.status_delete(question.id)
    with pytest.raises(TargetGone):
        desk.send(reply_to(question, "Hello"))
    assert not desk.verify_sent(reply_to(question, "Hello"), since=datetime.now(UTC) - timedelta(minutes=1))


def test_a_reply_that_is_only_too_long_with_the_name_is_refused_before_it_leaves(anna: Any, desk: Mastodon) -> None:
    question = anna.status_post("@hemlund hello", spoiler_text="warning")
    limit = Mastodon.length("x").limit
    assert Mastodon.length("x" * limit).fits
    with pytest.raises(ReplyRejected, match=r"512 characters.* takes 500\. Shorten it by 12"):
        desk.send(reply_to(question, "x" * (limit - len("@anna ") + len("warning") - 2)))
    fits = desk.send(reply_to(question, "x" * (limit - len("@anna ") - len("warning"))))
    assert anna.status(fits.external_id)


def test_likes_and_deletions_may_be_repeated(anna: Any, server: MockServer, desk: Mastodon) -> None:
    question = anna.status_post("@hemlund great service")
    for action, count in [(Action.LIKE, 1), (Action.LIKE, 1), (Action.UNLIKE, 0), (Action.UNLIKE, 0)]:
        desk.act(action, str(question.id))
        assert anna.status(question.id).favourites_count == count
    posted = desk.send(reply_to(question, "Thanks"))
    desk.act(Action.DELETE, posted.external_id)
    with pytest.raises(TargetGone):
        desk.act(Action.DELETE, posted.external_id)
    with pytest.raises(ReplyRejected):
        desk.act(Action.DELETE, str(question.id))
    with pytest.raises(ReplyRejected, match="hide"):
        desk.act(Action.HIDE, str(question.id))


# --- a server that is not well --------------------------------------------------------------------------

POST = {"methods": ["POST"], "path": "/api/v1/statuses"}
FAULTS: list[tuple[dict[str, Any], type[ChannelError]]] = [
    ({"type": "status", "status": 503}, OutcomeUnknown),
    ({"type": "status", "status": 500}, OutcomeUnknown),
    ({"type": "malformed"}, OutcomeUnknown),
    ({"type": "timeout"}, OutcomeUnknown),
    ({"type": "ratelimit"}, ChannelThrottled),
    ({"type": "status", "status": 401}, AccountDisconnected),
    ({"type": "status", "status": 422}, ReplyRejected),
]


@pytest.mark.parametrize(
    ("fault", "error"), FAULTS, ids=lambda one: str(one.get("status", one["type"])) if isinstance(one, dict) else ""
)
def test_a_fault_while_posting_is_told_for_what_it_may_mean(
    server: MockServer, anna: Any, fault: dict[str, Any], error: type[ChannelError]
) -> None:
    question, desk = anna.status_post("@hemlund hello"), connect(server, timeout_s=1.0)
    with server.fault(**POST, **fault, count=1), pytest.raises(error):
        desk.send(reply_to(question, "Hello"))
    assert len(anna.status_context(question.id).descendants) <= 1
    posted = desk.send(reply_to(question, "Hello"))
    assert desk.verify_sent(reply_to(question, "Hello"), since=posted.posted_at)[0].external_id == posted.external_id


def test_a_post_that_landed_although_its_answer_was_lost_is_found_and_not_doubled(
    server: MockServer, anna: Any, stub: Stub
) -> None:
    question, began = anna.status_post("@hemlund hello"), datetime.now(UTC)
    stub.otherwise(Answer(act=lambda handler: pass_on(server, stub, handler)))
    stub.on("POST", "/api/v1/statuses", Answer(act=lambda handler: pass_on(server, stub, handler, cut=True)))
    desk, reply = connect(server, base=stub.url), reply_to(question, "Hello", key="d-9")
    with pytest.raises(OutcomeUnknown):
        desk.send(reply)
    found = desk.verify_sent(reply, since=began)
    assert len(found) == 1
    assert connect(server).send(reply) == found[0]
    assert len(anna.status_context(question.id).descendants) == 1
    sent = [one for one in stub.heard if one.method == "POST"]
    assert len(sent) == 1
    assert len(sent[0].headers["Idempotency-Key"]) == 64
    assert not [one for one in stub.heard if "hemlund_token" in one.target]


def test_a_fault_when_the_target_is_looked_at_posts_nothing(server: MockServer, anna: Any, desk: Mastodon) -> None:
    question = anna.status_post("@hemlund hello")
    fault = server.fault(methods=["GET"], path=f"/api/v1/statuses/{question.id}", type="status", status=502)
    with fault, pytest.raises(ChannelUnavailable):
        desk.send(reply_to(question, "Hello"))
    assert not anna.status_context(question.id).descendants


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"type": "status", "status": 503}, ChannelUnavailable),
        ({"type": "malformed"}, ChannelProtocolError),
        ({"type": "malformed", "truncate": False}, ChannelProtocolError),
        ({"type": "timeout"}, ChannelUnavailable),
        ({"type": "ratelimit"}, ChannelThrottled),
        ({"type": "status", "status": 401, "body": {"error": "The access token was revoked"}}, AccountDisconnected),
    ],
    ids=lambda one: str(one.get("status", one["type"])) if isinstance(one, dict) else "",
)
def test_a_poll_that_fails_loses_nothing(
    server: MockServer, anna: Any, fault: dict[str, Any], error: type[ChannelError]
) -> None:
    desk = connect(server, timeout_s=0.5)
    cursor = started(desk)
    post = anna.status_post("@hemlund hello")
    with server.fault(path="/api/v1/notifications", **fault, count=1), pytest.raises(error) as caught:
        desk.poll(cursor, ALL)
    if isinstance(caught.value, ChannelThrottled):
        assert caught.value.retry_at is not None
        assert caught.value.retry_at > datetime.now(UTC)
    assert set(drain(desk, cursor)[0]) == {str(post.id)}


def test_a_page_that_fails_on_the_way_leaves_the_rest_for_the_next_poll(server: MockServer, anna: Any) -> None:
    desk = connect(server, read_own=False)
    cursor = started(desk)
    posts = {str(anna.status_post(f"@hemlund number {n}").id) for n in range(9)}
    first = desk.poll(cursor, Budget(max_pages=1, page_size=4))
    assert not first.complete
    with (
        server.fault(path="/api/v1/notifications", type="status", status=503, count=1),
        pytest.raises(ChannelUnavailable),
    ):
        desk.poll(first.cursor, ALL)
    rest, _ = drain(desk, first.cursor)
    assert {one.external_id for one in first.mentions} | set(rest) == posts


def test_a_thread_that_cannot_be_shown_holds_the_list_up_only_for_a_while(server: MockServer, anna: Any) -> None:
    cursor = started(connect(server))
    first = anna.status_post("no name in here")
    second = anna.status_post("and on", in_reply_to_id=first.id)
    third = anna.status_post("@hemlund hello?", in_reply_to_id=second.id)
    desk = connect(server)
    with server.fault(path_regex="/context$", type="status", status=500, count=1):
        with pytest.raises(ChannelUnavailable):
            desk.poll(cursor, ALL)
        assert drain(desk, cursor)[0][str(third.id)].thread_id == str(first.id), "a passing fault splits no thread"
    desk = connect(server)
    with server.fault(path_regex="/context$", type="status", status=500):
        for _ in range(2):
            with pytest.raises(ChannelUnavailable):
                desk.poll(cursor, ALL)
        assert drain(desk, cursor)[0][str(third.id)].thread_id == str(second.id)


def test_our_own_statuses_that_cannot_be_read_are_told_and_cost_no_mention(
    server: MockServer, anna: Any, desk: Mastodon
) -> None:
    cursor = started(desk)
    post = anna.status_post("@hemlund hello")
    with server.fault(path_regex=r"/accounts/\d+/statuses", type="status", status=503):
        result = desk.poll(cursor, ALL)
    assert [one.external_id for one in result.mentions] == [str(post.id)]
    assert "Mastodon" in result.troubles["own"]
    assert json.loads(result.cursor)["own"] == json.loads(cursor)["own"]


def test_a_refresh_that_fails_calls_nothing_gone(server: MockServer, anna: Any, desk: Mastodon) -> None:
    post = anna.status_post("@hemlund hello")
    fault = server.fault(path_regex=r"^/api/v1/statuses", type="status", status=404, body={"detail": "no route"})
    with fault, pytest.raises(ChannelProtocolError):
        desk.refresh([str(post.id)])


def test_the_window_of_requests_is_announced_and_kept(anna: Any) -> None:
    config = MastodonMockConfig(seed=SEED, ratelimit=RateLimitConfig(enabled=True, limit=8, window_seconds=300))
    config.database.path = ":memory:"
    with MockServer(config=config) as limited:
        desk = connect(limited)
        result = desk.poll(started(desk), ALL)
        rate = result.rates["notifications"]
        assert rate.limit == 8
        assert rate.remaining is not None
        assert rate.reset_at is not None
        assert timedelta(0) < rate.reset_at - datetime.now(UTC) <= timedelta(minutes=5)
        with pytest.raises(ChannelThrottled) as caught:
            [desk.poll(result.cursor, ALL) for _ in range(10)]
        assert caught.value.retry_at == rate.reset_at


def test_health_says_who_we_are_and_what_to_do(server: MockServer, desk: Mastodon) -> None:
    assert desk.health().state is HealthState.OK
    assert desk.health().name == "hemlund"
    wrong = connect(server, token="nobodys_token").health()
    assert wrong.state is HealthState.DISCONNECTED
    assert "WEBCARE_SECRET_FEDI_ACCESS_TOKEN" in wrong.message
    other = connect(server, token="anna_token")
    assert other.health().state is HealthState.DISCONNECTED
    assert "@anna" in other.health().message
    with pytest.raises(AccountDisconnected, match="@anna"):
        other.poll(None, ALL)
    with server.fault(path="/api/v1/accounts/verify_credentials", type="status", status=503):
        assert desk.health().state is HealthState.UNREACHABLE


def test_a_gap_of_an_unknown_list_is_left_as_it_is(desk: Mastodon) -> None:
    gap = Gap(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC), "x", "tag:gone")
    assert desk.backfill(gap, "", ALL).left == (gap,)


def pass_on(server: MockServer, stub: Stub, handler: Handler, *, cut: bool = False) -> None:
    """Let the server have the request last heard; `cut` breaks the connection in place of its answer."""
    heard = stub.heard[-1]
    headers = {name: value for name, value in heard.headers.items() if name.lower() not in ("host", "content-length")}
    answer = requests.request(
        heard.method, server.base_url + heard.target, headers=headers, data=heard.body.encode(), timeout=5
    )
    if cut:
        reset(handler)
        return
    handler.send_response_only(answer.status_code)
    for name in ("content-type", "date"):
        handler.send_header(name, answer.headers[name])
    handler.send_header("connection", "close")
    handler.send_header("content-length", str(len(answer.content)))
    handler.end_headers()
    handler.wfile.write(answer.content)
    handler.wfile.flush()
