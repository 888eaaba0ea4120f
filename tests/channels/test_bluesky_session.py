"""How the Bluesky channel keeps its session, and what it makes of answers no recording has, over real HTTP."""

from __future__ import annotations

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from recorded import account, situations
from stub_network import Answer, Stub

from webcare.channels.base import Action, Budget, Gap, GoneReason
from webcare.channels.bluesky import Bluesky
from webcare.errors import AccountDisconnected, ChannelThrottled, ChannelUnavailable, ReplyRejected

KNOWN = account("bluesky")
SIGN_IN, RENEW = "/xrpc/com.atproto.server.createSession", "/xrpc/com.atproto.server.refreshSession"
LIST, POSTS = "/xrpc/app.bsky.notification.listNotifications", "/xrpc/app.bsky.feed.getPosts"
SEARCH, RECORD = "/xrpc/app.bsky.feed.searchPosts", "/xrpc/com.atproto.repo.getRecord"
CREATE, PUT = "/xrpc/com.atproto.repo.createRecord", "/xrpc/com.atproto.repo.putRecord"
NOTHING = Answer(body={"notifications": []})
ENDED = Answer(400, body={"error": "ExpiredToken", "message": "Token has expired"})
HOUR = timedelta(hours=1)
NOW = datetime(2026, 2, 10, 11, 0, tzinfo=UTC)


def token(name: str, *, lives: timedelta = 2 * HOUR) -> str:
    """A token as the network makes them, signed by nobody."""

    def part(plain: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode().rstrip("=")

    return (
        f"{part({'alg': 'HS256'})}.{part({'jti': name, 'exp': int((datetime.now(UTC) + lives).timestamp())})}.made-up"
    )


def session(name: str, *, lives: timedelta = 2 * HOUR, **more: Any) -> Answer:
    tokens = {
        "accessJwt": token(f"access-{name}", lives=lives),
        "refreshJwt": token(f"refresh-{name}", lives=90 * 24 * HOUR),
    }
    return Answer(body={"did": KNOWN.external_id, "handle": "hemlund.test", **tokens, **more})


@pytest.fixture
def network(stub: Stub) -> Stub:
    """One that knows nothing new, as recorded."""
    for one in KNOWN.otherwise:
        stub.on(one["method"], one["path"], Answer(one["status"], body=one["body"]))
    return stub


def connect(network: Stub, **options: Any) -> Bluesky:
    found = KNOWN.connect("bluesky", network.url, **options)
    assert isinstance(found, Bluesky)
    return found


def asked(network: Stub, path: str) -> list[Any]:
    return [one for one in network.heard if one.path == path]


def bearer(heard: Any) -> str:
    sent = next(value for name, value in heard.headers.items() if name.lower() == "authorization")
    part = sent.removeprefix("Bearer ").split(".")[1]
    return str(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))["jti"])


def poll(channel: Bluesky) -> Any:
    return channel.poll(KNOWN.cursor, Budget())


def test_one_sign_in_serves_every_later_call(network: Stub) -> None:
    network.on("POST", SIGN_IN, session("one")).on("GET", LIST, NOTHING)
    channel = connect(network)
    for _ in range(5):
        poll(channel)
    channel.health()
    assert len(asked(network, SIGN_IN)) == 1
    assert {bearer(one) for one in asked(network, LIST)} == {"access-one"}


def test_many_threads_sign_in_once(network: Stub) -> None:
    network.on("POST", SIGN_IN, session("one")).on("GET", LIST, NOTHING)
    channel = connect(network)
    with ThreadPoolExecutor(8) as pool:
        assert all(one.complete for one in pool.map(lambda _: poll(channel), range(16)))
    assert len(asked(network, SIGN_IN)) == 1


def test_a_session_that_ends_soon_is_renewed_without_the_password(network: Stub) -> None:
    network.on("POST", SIGN_IN, session("one", lives=timedelta(minutes=5))).on("POST", RENEW, session("two"))
    network.on("GET", LIST, NOTHING)
    channel = connect(network)
    poll(channel)
    poll(channel)
    assert len(asked(network, SIGN_IN)) == 1
    assert [bearer(one) for one in asked(network, RENEW)] == ["refresh-one"]
    assert {bearer(one) for one in asked(network, LIST)} == {"access-two"}


def test_where_renewing_is_refused_the_password_signs_in_anew_and_the_call_goes_on(network: Stub) -> None:
    network.on("POST", SIGN_IN, session("one", lives=timedelta(minutes=5)), session("two")).on("POST", RENEW, ENDED)
    network.on("GET", LIST, NOTHING)
    assert poll(connect(network)).complete
    assert len(asked(network, SIGN_IN)) == 2
    assert {bearer(one) for one in asked(network, LIST)} == {"access-two"}


def test_a_session_that_the_network_ended_is_begun_again_once(network: Stub) -> None:
    network.on("POST", SIGN_IN, session("one"), session("two")).on("GET", LIST, ENDED, NOTHING)
    assert poll(connect(network)).complete
    assert [bearer(one) for one in asked(network, LIST)] == ["access-one", "access-two"]


def test_a_network_that_refuses_every_session_is_not_asked_for_ever(network: Stub) -> None:
    network.on("POST", SIGN_IN, session("one")).on("GET", LIST, ENDED)
    with pytest.raises(ChannelUnavailable, match="session"):
        poll(connect(network))
    assert len(asked(network, LIST)) == 2
    network.on("GET", POSTS, Answer(400, body={"error": "InvalidToken", "message": "Token could not be verified"}))
    with pytest.raises(AccountDisconnected):
        connect(network).refresh([KNOWN.target["id"]])


def test_a_session_that_ends_between_looking_and_posting_posts_nothing_and_may_be_tried_again(network: Stub) -> None:
    network.on("POST", SIGN_IN, session("one")).on("POST", CREATE, ENDED)
    shown = next(one for one in KNOWN.before_send if one["path"] == POSTS)
    network.on("GET", POSTS, Answer(body=shown["body"]))
    channel = connect(network)
    with pytest.raises(ChannelUnavailable, match="session"):
        channel.send(KNOWN.reply)
    with pytest.raises(ChannelUnavailable, match="session"):
        channel.send(KNOWN.reply)
    assert len(asked(network, CREATE)) == 2
    assert len(asked(network, SIGN_IN)) == 2


def test_too_many_sign_ins_are_told_with_the_time_to_wait_for(network: Stub) -> None:
    # As recorded: the 31st sign-in within five minutes.
    limits = {
        "ratelimit-limit": "30",
        "ratelimit-remaining": "0",
        "ratelimit-reset": "1770721500",
        "retry-after": "290",
    }
    network.on(
        "POST",
        SIGN_IN,
        Answer(429, body={"error": "RateLimitExceeded", "message": "Rate Limit Exceeded"}, headers=limits),
    )
    channel = connect(network)
    with pytest.raises(ChannelThrottled) as caught:
        poll(channel)
    assert caught.value.retry_at == datetime(2026, 2, 10, 11, 5, tzinfo=UTC)
    assert len(asked(network, SIGN_IN)) == 1


def test_a_wait_in_seconds_counts_from_the_networks_own_present(network: Stub) -> None:
    network.on("POST", SIGN_IN, session("one")).on("GET", LIST, Answer(429, body={}, headers={"retry-after": "60"}))
    with pytest.raises(ChannelThrottled) as caught:
        poll(connect(network))
    assert caught.value.retry_at == datetime(2026, 2, 10, 11, 1, tzinfo=UTC)


def test_the_sessions_tokens_are_told_to_nobody(network: Stub, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    signed = session("one")
    tokens = [signed.body["accessJwt"], signed.body["refreshJwt"]]
    told = {"error": "InvalidRequest", "message": f"{KNOWN.secrets['app_password']} {' '.join(tokens)}"}
    network.on("POST", SIGN_IN, signed).on("GET", LIST, Answer(400, body=told))
    channel = connect(network)
    said = channel.health().message + caplog.text + repr(vars(channel))
    with pytest.raises(Exception, match=r"\*\*\*") as caught:
        poll(channel)
    said += str(caught.value) + "".join(one.target for one in network.heard)
    assert not [one for one in (*tokens, KNOWN.secrets["app_password"]) if one in said]
    only = [one for one in network.heard if KNOWN.secrets["app_password"] in one.body]
    assert [one.path for one in only] == [SIGN_IN]


def test_with_a_stand_in_nothing_is_sent_to_the_server_the_account_says_it_has(network: Stub) -> None:
    service = {"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": "http://elsewhere.invalid"}
    document = {"id": KNOWN.external_id, "service": [service]}
    network.on("POST", SIGN_IN, session("one", didDoc=document)).on("GET", LIST, NOTHING)
    assert poll(connect(network)).complete


# --- answers that no recording has -------------------------------------------------------------------------


@pytest.fixture
def signed(network: Stub) -> Stub:
    return network.on("POST", SIGN_IN, session("one"))


def recorded_body(situation: str, path: str) -> Any:
    told = next(one for one in situations("bluesky") if one.name == situation).told["exchanges"]
    return next(one["body"] for one in told if one["path"] == path)


def test_everybody_is_listed_and_nothing_secret_stands_in_an_address(signed: Stub) -> None:
    signed.on("GET", LIST, NOTHING)
    poll(connect(signed))
    (heard,) = asked(signed, LIST)
    assert heard.query["priority"] == ["false"]
    assert heard.query["reasons"] == ["mention", "reply", "quote"]


def test_posts_whose_attachments_cannot_be_read_are_kept_all_the_same(signed: Stub) -> None:
    signed.on("GET", LIST, Answer(body=recorded_body("poll_posts", LIST))).on("GET", POSTS, Answer(502, text="<html>"))
    found = poll(connect(signed))
    whole = next(one for one in situations("bluesky") if one.name == "poll_posts").told["expect"]["mentions"]
    assert {one.external_id for one in found.mentions} <= {one["external_id"] for one in whole}
    assert len(found.mentions) == 3
    assert all(one.text for one in found.mentions)


def test_a_list_without_attachments_waits_when_the_network_asks_to(signed: Stub) -> None:
    signed.on("GET", LIST, Answer(body=recorded_body("poll_posts", LIST))).on("GET", POSTS, Answer(429, body={}))
    with pytest.raises(ChannelThrottled):
        poll(connect(signed))


def test_what_is_listened_to_comes_beside_the_mentions(signed: Stub) -> None:
    posts = recorded_body("refresh_posts", POSTS)["posts"]
    signed.on("GET", LIST, NOTHING).on("GET", SEARCH, Answer(body={"posts": posts}))
    found = connect(signed, listen=["hemlund kast", " ekeby "]).poll(KNOWN.cursor, Budget())
    assert {one.external_id for one in found.mentions} == {one["uri"] for one in posts}
    heard = asked(signed, SEARCH)
    assert [(one.query["q"], one.query["sort"]) for one in heard] == [
        (["hemlund kast"], ["latest"]),
        (["ekeby"], ["latest"]),
    ]
    assert "listen:ekeby" in json.loads(found.cursor)
    later = connect(signed).poll(found.cursor, Budget())
    assert "listen:ekeby" not in json.loads(later.cursor)


def test_a_search_that_is_refused_costs_no_mention(signed: Stub) -> None:
    signed.on("GET", LIST, Answer(body=recorded_body("poll_posts", LIST)))
    signed.on("GET", POSTS, Answer(body=recorded_body("poll_posts", POSTS)))
    signed.on("GET", SEARCH, Answer(400, body={"error": "InvalidRequest", "message": "bad query"}))
    found = connect(signed, listen=["(("]).poll(KNOWN.cursor, Budget())
    assert len(found.mentions) == 3
    assert "bad query" in found.troubles["listen:(("]


def test_a_closed_account_is_told_and_not_taken_for_silence(stub: Stub) -> None:
    # As recorded: the app view shows empty lists to an account that was closed, and has no profile for it.
    stub.on("POST", SIGN_IN, session("one")).on("GET", LIST, NOTHING)
    feed, who = "/xrpc/app.bsky.feed.getAuthorFeed", "/xrpc/com.atproto.server.getSession"
    stub.on("GET", feed, Answer(400, body={"error": "InvalidRequest", "message": "Profile not found"}))
    told = "Could not find user info for account: did:plc:hemlund"
    stub.on("GET", who, Answer(400, body={"error": "InvalidRequest", "message": told}), Answer(503))
    with pytest.raises(AccountDisconnected, match="closed or paused"):
        poll(connect(stub))
    # What cannot be asked is no reason to lose what was read.
    assert "own" in poll(connect(stub)).troubles


def test_a_search_with_more_posts_than_the_network_pages_through_says_what_is_missing(signed: Stub) -> None:
    posts = recorded_body("refresh_posts", POSTS)["posts"]
    pages = [Answer(body={"posts": posts, "cursor": str(at)}) for at in range(100, 10_100, 100)]
    signed.on("GET", LIST, NOTHING).on("GET", SEARCH, *pages)
    found = connect(signed, listen="ekeby").poll(KNOWN.cursor, Budget(max_pages=200))
    (gap,) = found.gaps
    assert gap.source == "listen:ekeby"
    assert "10000" in gap.reason
    assert len(asked(signed, SEARCH)) == 100
    whole = Gap(NOW - 24 * HOUR, NOW, "test", "listen:ekeby")
    with Stub() as again:
        again.on("POST", SIGN_IN, session("one")).on("GET", SEARCH, Answer(body={"posts": posts, "cursor": "9950"}))
        filled = connect(again, listen="ekeby").backfill(whole, "9900", Budget(max_pages=1))
    assert not filled.token
    assert [one.until for one in filled.left] == [min(one.posted_at for one in filled.mentions)]


def test_a_gap_of_a_search_that_is_no_longer_made_is_left_as_it_is(signed: Stub) -> None:
    gap = Gap(NOW - HOUR, NOW, "test", "listen:gone")
    filled = connect(signed).backfill(gap, "", Budget())
    assert (filled.token, filled.mentions) == ("", ())
    assert [(one.since, one.until, one.source) for one in filled.left] == [(gap.since, gap.until, gap.source)]
    assert not signed.heard


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answer(400, body={"error": "RecordNotFound", "message": "Could not locate record"}), GoneReason.DELETED),
        (
            Answer(400, body={"error": "InvalidRequest", "message": "Could not find repo: did:plc:x"}),
            GoneReason.SUSPENDED,
        ),
        (Answer(body={"uri": "at://x", "cid": "c", "value": {}}), None),
        (Answer(502, text="<html>"), None),
        (Answer(400, body={"error": "InvalidRequest"}), None),
    ],
)
def test_a_post_is_gone_only_where_its_record_says_so(stub: Stub, answer: Answer, reason: GoneReason | None) -> None:
    stub.on("POST", SIGN_IN, session("one")).on("GET", POSTS, Answer(body={"posts": []})).on("GET", RECORD, answer)
    uri = KNOWN.target["id"]
    assert connect(stub).refresh([uri, "not an address"]).gone == ({uri: reason} if reason else {})


def test_no_more_posts_are_looked_up_than_the_network_takes(signed: Stub) -> None:
    signed.on("GET", POSTS, Answer(body={"posts": []}))
    connect(signed).refresh([f"at://did:plc:x/app.bsky.feed.post/{number}" for number in range(40)])
    assert len(asked(signed, POSTS)[0].query["uris"]) == 25


def test_hiding_keeps_what_was_hidden_and_who_may_answer(stub: Stub) -> None:
    comment = recorded_body("act_hide", POSTS)["posts"][0]
    gate = {"$type": "app.bsky.feed.threadgate", "allow": [{"a": 1}], "hiddenReplies": ["at://other"], "post": "at://x"}
    stub.on("POST", SIGN_IN, session("one")).on("GET", POSTS, Answer(body={"posts": [comment]}))
    stub.on("GET", RECORD, Answer(body={"uri": "at://gate", "cid": "before", "value": gate}))
    stub.on("POST", PUT, Answer(body={"uri": "at://gate", "cid": "after"}), Answer(400, body={"error": "InvalidSwap"}))
    channel = connect(stub)
    channel.act(Action.HIDE, comment["uri"])
    body = json.loads(asked(stub, PUT)[0].body)
    assert body["swapRecord"] == "before"
    assert body["record"] == gate | {"hiddenReplies": ["at://other", comment["uri"]]}
    with pytest.raises(ChannelUnavailable, match="same time"):
        channel.act(Action.HIDE, comment["uri"])


def test_names_in_a_reply_become_links_where_somebody_has_them(signed: Stub) -> None:
    resolve = "/xrpc/com.atproto.identity.resolveHandle"
    shown = next(one for one in KNOWN.before_send if one["path"] == POSTS)
    signed.on("GET", POSTS, Answer(body=shown["body"]))
    unknown = Answer(400, body={"error": "HandleNotFound", "message": "Unable to resolve handle"})
    signed.on("GET", resolve, Answer(body={"did": "did:plc:anna"}), unknown)
    signed.on("POST", CREATE, Answer(body={"uri": "at://made", "cid": "c"}))
    text = "Hej @anna.test och @nobody.test 👋 #kast hemlund.example"
    connect(signed).send(replace(KNOWN.reply, text=text))
    record = json.loads(asked(signed, CREATE)[0].body)["record"]
    cut = [text.encode()[one["index"]["byteStart"] : one["index"]["byteEnd"]].decode() for one in record["facets"]]
    assert cut == ["@anna.test", "#kast"]
    assert record["facets"][0]["features"][0]["did"] == "did:plc:anna"
    assert record["text"] == text


def test_too_long_a_part_is_said_to_be_too_long(signed: Stub) -> None:
    shown = next(one for one in KNOWN.before_send if one["path"] == POSTS)
    signed.on("GET", POSTS, Answer(body=shown["body"]))
    told = "Invalid app.bsky.feed.post record: string too big (maximum 3000, got 3025) at $.record.text"
    signed.on("POST", CREATE, Answer(400, body={"error": "InvalidRequest", "message": told}))
    with pytest.raises(ReplyRejected, match="too long"):
        connect(signed).send(replace(KNOWN.reply, text="👨‍👩‍👧‍👦" * 121))
