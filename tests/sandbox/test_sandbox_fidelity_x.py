"""Fidelity of the X side beyond single answers: what was recorded of X, what a fuzzer asks, what X's own client reads.

These read `../shared/contracts`, which is not part of the repository, and skip where it is absent; the tests with X's
own client need only that it is installed.
"""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
import tweepy
import yaml
from sandbox_clients import HEMLUND_X, Redirect, last_answer, x_client
from x_contract import CONTRACTS, DESCRIPTION, MISSING, Contract, Recorder

from webcare.sandbox import Sandbox
from webcare.sandbox.x_endpoints import ENDPOINTS

here = pytest.mark.skipif(not DESCRIPTION.exists(), reason=MISSING)


# --- every endpoint is judged ----------------------------------------------------------------------------


@pytest.mark.contracts
@here
def test_the_description_knows_every_endpoint_that_is_served(contract: Contract) -> None:
    example = {"{id}": "12345", "{username}": "hemlund", "{tweet_id}": "12345", "{event_id}": "12345"}
    example |= {"{participant_id}": "12345", "{dm_conversation_id}": "1-2"}
    for endpoint in ENDPOINTS:
        path = endpoint.path
        for name, value in example.items():
            path = path.replace(name, value)
        assert contract.knows(endpoint.method, path), endpoint.path


@pytest.mark.contracts
@here
def test_every_served_parameter_stands_in_the_description(contract: Contract) -> None:
    for endpoint in ENDPOINTS:
        described = contract.parameters(endpoint.method, endpoint.path)
        assert set(endpoint.params) == described, endpoint.path


@pytest.mark.contracts
@here
def test_the_recorder_notes_what_does_not_fit(box: Sandbox, judge: Contract) -> None:
    recorder = Recorder(judge)
    recorder.note(
        "GET", "/2/users/{id}", "/2/users/1", 200, "application/json", b'{"data":{"id":1,"name":"a","username":"a"}}'
    )
    recorder.note("GET", "/2/users/{id}", "/2/users/1", 200, "application/json", b'{"data":{"id":"1","name":"a"}}')
    good = b'{"data":{"id":"1","name":"a","username":"a","most_recent_post_id":"2"}}'
    recorder.note("GET", "/2/users/{id}", "/2/users/1", 200, "application/json", good)
    assert [("is not of type 'string'" in one, "'username'" in one) for one in recorder.judged()] == [
        (True, False),
        (False, True),
    ]


# --- what was recorded of X --------------------------------------------------------------------------------

Act = Callable[[Sandbox, tweepy.Client, str], tweepy.Client]


def _by(act: Callable[[tweepy.Client, str], Any]) -> Act:
    def run(box: Sandbox, x: tweepy.Client, post: str) -> tweepy.Client:
        act(x, post)
        return x

    return run


def _jan(box: Sandbox) -> str:
    return box.world.user("x", "jan").id


def _conversation(box: Sandbox) -> str:
    return "-".join(sorted((_jan(box), HEMLUND_X), key=int))


def _with_boxes(act: Callable[[Sandbox, tweepy.Client], Any]) -> Act:
    def run(box: Sandbox, x: tweepy.Client, post: str) -> tweepy.Client:
        act(box, x)
        return x

    return run


def _empty_mailbox(box: Sandbox, x: tweepy.Client, post: str) -> tweepy.Client:
    box.world.add_account("x_empty", network="x", user_id="3300000009", handle="empty", name="Empty")
    other = x_client(box, key="x_empty")
    other.get_direct_message_events(user_auth=True)
    return other


def _group(box: Sandbox, x: tweepy.Client) -> None:
    box.world.set_user("x", "jan", takes_messages=True)
    other = box.world.set_user("x", box.world.user("x", "piet").handle, takes_messages=True)
    x.create_direct_message_conversation(participant_ids=[_jan(box), other.id], text="Testing")


RECORDED: dict[str, list[Act]] = {
    "test_client_get_me": [_by(lambda x, post: x.get_me())],
    "test_client_get_user": [_by(lambda x, post: x.get_user(username="hemlund", user_auth=True))],
    "test_client_get_users_mentions": [_by(lambda x, post: x.get_users_mentions(HEMLUND_X, user_auth=True))],
    "test_client_search_recent_tweets": [_by(lambda x, post: x.search_recent_tweets("hemlund", user_auth=True))],
    "test_client_get_tweet": [_by(lambda x, post: x.get_tweet(post, user_auth=True))],
    "test_client_get_tweets": [_by(lambda x, post: x.get_tweets([post], user_auth=True))],
    "test_client_get_quote_tweets": [_by(lambda x, post: x.get_quote_tweets(post, user_auth=True))],
    "test_client_create_and_delete_tweet": [
        _by(lambda x, post: x.create_tweet(text="Test Tweet")),
        _by(lambda x, post: x.delete_tweet(json.loads(last_answer(x).text)["data"]["id"])),
    ],
    "test_client_hide_and_unhide_reply": [
        _by(lambda x, post: x.hide_reply(post)),
        _by(lambda x, post: x.unhide_reply(post)),
    ],
    "test_manage_and_lookup_direct_messages": [
        _with_boxes(lambda box, x: x.create_direct_message(participant_id=_jan(box), text="Testing 1")),
        _with_boxes(lambda box, x: x.create_direct_message(dm_conversation_id=_conversation(box), text="Testing 2")),
        _with_boxes(_group),
        _empty_mailbox,
        _with_boxes(lambda box, x: x.get_direct_message_events(dm_conversation_id=_conversation(box), user_auth=True)),
        _with_boxes(lambda box, x: x.get_direct_message_events(participant_id=_jan(box), user_auth=True)),
    ],
}
#: How an answer was packed, and what the machines in front of X added for themselves.
NOT_COMPARED = {"content-encoding", "set-cookie", "perf", "x-tsa-request-body-time"}
#: Headers whose words are always the same.
FIXED = ("content-type", "cache-control", "x-content-type-options", "x-frame-options", "x-xss-protection")
NUMBERS = ("x-rate-limit-limit", "x-rate-limit-remaining", "x-rate-limit-reset", "x-response-time", "content-length")


def shape(value: Any) -> Any:
    """Names and kinds of values, with lists reduced to what their members look like."""
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in sorted(value.items())}
    if isinstance(value, list):
        return sorted({json.dumps(shape(inner)) for inner in value})
    return type(value).__name__


@pytest.mark.contracts
@here
def test_every_cassette_is_replayed() -> None:
    assert sorted(path.stem for path in (CONTRACTS / "x" / "cassettes").glob("*.yaml")) == sorted(RECORDED)


@pytest.mark.contracts
@here
@pytest.mark.parametrize("name", sorted(RECORDED))
def test_a_recorded_request_gets_an_answer_of_the_same_shape(box: Sandbox, x: tweepy.Client, name: str) -> None:
    own = x.create_tweet(text="Nieuw van hemlund").data["id"]
    box.world.message_x("hoi", sender="jan", to="hemlund", at=box.world.now().replace(year=2020))
    post = str(box.world.post_x("@hemlund hemlund", author="jan", in_reply_to=own).id)
    box.world.bulk_x(12, text="@{to} hemlund {n}")
    for n in range(11):
        box.world.post_x(f"kijk {n}", author="jan", quote=post)
    recorded = yaml.safe_load((CONTRACTS / "x" / "cassettes" / f"{name}.yaml").read_text("utf-8"))["interactions"]
    for act, there in zip(RECORDED[name], recorded, strict=True):
        answer = last_answer(act(box, x, post))
        _compare(answer, there)


def _compare(here: requests.Response, there: dict[str, Any]) -> None:
    assert here.request.method == there["request"]["method"]
    assert here.status_code == there["response"]["status"]["code"]
    assert shape(here.json()) == shape(_body(there))
    sent = {name.lower(): values[0] for name, values in there["response"]["headers"].items()}
    assert sorted(set(sent) - NOT_COMPARED - {name.lower() for name in here.headers}) == []
    assert {name: here.headers[name] for name in FIXED if name in sent} == {
        name: sent[name] for name in FIXED if name in sent
    }
    assert all(here.headers[name].isdecimal() for name in NUMBERS if name in sent)


def _body(interaction: dict[str, Any]) -> Any:
    raw = interaction["response"]["body"]["string"]
    return json.loads(gzip.decompress(raw) if isinstance(raw, bytes) else raw)


# --- a fuzzer ----------------------------------------------------------------------------------------------

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


@pytest.mark.contracts
@here
def test_a_fuzzer_finds_no_answer_outside_the_description(box: Sandbox, recorder: Recorder, tmp_path: Path) -> None:
    pytest.importorskip("schemathesis", reason="schemathesis is not installed; it is one of the test extras")
    box.world.set_options({"limit_scale": 10_000.0})
    box.world.bulk_x(30)
    described = json.loads(DESCRIPTION.read_text("utf-8"))
    served = {(endpoint.method.lower(), endpoint.path) for endpoint in ENDPOINTS}
    described["paths"] = {
        path: {method: one for method, one in methods.items() if (method, path) in served}
        for path, methods in described["paths"].items()
        if any(path == where for _, where in served)
    }
    assert sum(len(methods) for methods in described["paths"].values()) == len(ENDPOINTS)
    subset = tmp_path / "subset.json"
    subset.write_text(json.dumps(described), "utf-8")
    before = recorder.answered.copy()
    ran = subprocess.run(
        [
            *(str(Path(sys.executable).with_name("schemathesis")), "run", str(subset), "--url", box.x_base),
            *("-H", f"Authorization: Bearer {box.user_token('x_hemlund')}", "--mode", "positive", "--seed", "1"),
            *("--phases", "examples,fuzzing", "--max-examples", "10", "--checks", CHECKS, "--no-color"),
        ],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "SCHEMATHESIS_HOOKS": ""},
    )
    assert ran.returncode == 0, ran.stdout[-6000:] + ran.stderr[-2000:]
    asked = {(method, where) for method, where, _ in recorder.answered - before}
    assert {(endpoint.method, endpoint.path) for endpoint in ENDPOINTS} - asked == set()


# --- X's own client, which speaks the newer dialect ----------------------------------------------------------


@pytest.fixture
def own_client(box: Sandbox) -> Any:
    xdk = pytest.importorskip("xdk", reason="X's own client is not installed; it is one of the test extras")
    from xdk.oauth1_auth import OAuth1

    box.world.set_options({"dialect": "post"})
    secrets = box.credentials("x_hemlund")
    keys = (secrets["api_key"], secrets["api_secret"], "http://127.0.0.1/", secrets["access_token"])
    client = xdk.Client(bearer_token=secrets["bearer_token"], auth=OAuth1(*keys, secrets["access_token_secret"]))
    client.session.mount("https://api.x.com", Redirect(box.x_base))
    return client


def _get(holder: Any, name: str) -> Any:
    return holder[name] if isinstance(holder, dict) else getattr(holder, name)


FIELDS = ["created_at", "conversation_id", "author_id", "public_metrics", "entities", "lang", "note_post", "text"]
EXPANSIONS = ["author_id", "referenced_posts", "in_reply_to_user_id", "attachments.media_keys", "edit_history_post_ids"]


def test_x_s_own_client_reads_mentions_page_by_page(box: Sandbox, own_client: Any) -> None:
    before = box.world.now() - timedelta(minutes=5)
    picture = ("photo", "https://pbs.example/1.jpg")
    root = box.world.post_x("@hemlund help", author="jan", media=[picture], at=before)
    box.world.post_x("hallo?", author="jan", in_reply_to=root.id, at=before + timedelta(seconds=9))
    made = [post.id for post in box.world.bulk_x(12)]
    pages = list(own_client.users.get_mentions(HEMLUND_X, max_results=10, post_fields=FIELDS, expansions=EXPANSIONS))
    posts = [post for page in pages for post in page.data]
    assert [int(post.id) for post in posts][:12] == made[::-1]
    assert posts[-1].attachments.media_keys == [pages[-1].includes.media[0].media_key]
    follow_up = posts[-2]
    assert [(one.type, one.id) for one in follow_up.referenced_posts] == [("replied_to", str(root.id))]
    assert follow_up.edit_history_post_ids == [follow_up.id]
    assert follow_up.public_metrics.repost_count == 0
    assert "jan" in {user.username for user in pages[-1].includes.users}


def test_x_s_own_client_answers_and_takes_back(box: Sandbox, own_client: Any) -> None:
    from xdk.posts.models import CreateRequest

    root = box.world.post_x("@hemlund help", author="jan")
    body = {"text": "Hoi Jan", "reply": {"in_reply_to_tweet_id": str(root.id)}}
    made = own_client.posts.create(CreateRequest(**body)).data
    assert _get(made, "text") == "@jan Hoi Jan"
    found = own_client.posts.get_by_ids([_get(made, "id"), "12345"], expansions=["referenced_posts"])
    assert _get(found.includes.posts[0], "id") == str(root.id)
    assert found.errors[0].type == "https://api.x.com/2/problems/resource-not-found"
    thread = next(own_client.posts.search_recent(f"conversation_id:{root.id}", max_results=10))
    assert [post.id for post in thread.data] == [_get(made, "id"), str(root.id)]
    assert _get(own_client.posts.delete(_get(made, "id")).data, "deleted")
    assert box.world.x.posts[int(_get(made, "id"))].deleted


def test_x_s_own_client_hides_likes_and_looks_people_up(box: Sandbox, own_client: Any) -> None:
    from xdk.posts.models import HideReplyRequest
    from xdk.users.models import LikePostRequest

    own = box.world.post_x("Nieuw!", author=box.world.handles["x", "hemlund"])
    reply = box.world.post_x("lelijk", author="jan", in_reply_to=own.id)
    assert _get(own_client.posts.hide_reply(str(reply.id), HideReplyRequest(hidden=True)).data, "hidden")
    liked = own_client.users.like_post(HEMLUND_X, LikePostRequest(tweet_id=str(reply.id)))
    assert (_get(liked.data, "liked"), reply.hidden, reply.likes) == (True, True, {HEMLUND_X})
    own_client.users.unlike_post(HEMLUND_X, str(reply.id))
    assert reply.likes == set()
    assert own_client.users.get_by_username("jan").data.name == "jan"
    assert [user.username for user in own_client.users.get_by_ids([HEMLUND_X]).data] == ["hemlund"]
    assert own_client.users.get_me().data.id == HEMLUND_X


def test_x_s_own_client_writes_messages(box: Sandbox, own_client: Any) -> None:
    from xdk.direct_messages.models import CreateByParticipantIdRequest

    post = box.world.post_x("@hemlund help", author="jan")
    box.world.message_x("Waar is mijn bank?", sender="jan", to="hemlund", post=post.id)
    messages = own_client.direct_messages
    sent = messages.create_by_participant_id(_jan(box), CreateByParticipantIdRequest(text="Dag Jan"))
    assert _get(sent.data, "dm_conversation_id") == _conversation(box)
    page = next(messages.get_events(dm_event_fields=["text", "sender_id", "created_at", "event_type", "id"]))
    assert [(event.text, event.event_type) for event in page.data] == [
        ("Dag Jan", "MessageCreate"),
        ("Waar is mijn bank?", "MessageCreate"),
    ]


def test_x_s_own_client_acts_with_an_oauth_2_token_at_our_own_address(box: Sandbox) -> None:
    xdk = pytest.importorskip("xdk", reason="X's own client is not installed; it is one of the test extras")
    box.world.set_options({"dialect": "post"})
    client = xdk.Client(base_url=box.x_base, access_token=box.user_token("x_hemlund"))
    assert client.users.get_me().data.username == "hemlund"
