"""What X really answered, as recorded by others in 2021 and 2022: our parser and the unmodified client against it."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from stub_network import Answer, Stub, x_config

from webcare.channels.base import Action, Budget
from webcare.channels.walking import Place, write_places
from webcare.channels.x import X
from webcare.channels.x_messages import read_messages
from webcare.channels.x_posts import read_page
from webcare.domain import MentionKind, Reply, ReplyWay

CASSETTES = Path(__file__).resolve().parents[3] / "shared" / "contracts" / "x" / "cassettes"
#: Headers that describe how the recording was packed or that a small server cannot repeat.
_PACKING = (
    "content-encoding",
    "content-length",
    "transfer-encoding",
    "set-cookie",
    "date",
    "strict-transport-security",
)

pytestmark = [
    pytest.mark.contracts,
    pytest.mark.skipif(
        not CASSETTES.exists(), reason="the recordings in ../shared/contracts/x are not on this machine"
    ),
]
LISTS = [
    "test_client_get_users_mentions",
    "test_client_search_recent_tweets",
    "test_client_get_quote_tweets",
    "test_client_get_tweets",
]


def recorded(name: str) -> list[dict[str, Any]]:
    """The interactions of a cassette, their bodies unpacked."""
    found = yaml.safe_load((CASSETTES / f"{name}.yaml").read_text("utf-8"))["interactions"]
    for one in found:
        body = one["response"]["body"]["string"]
        data = body if isinstance(body, bytes) else body.encode()
        one["text"] = (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode()
        headers = one["response"]["headers"]
        one["headers"] = {key: values[0] for key, values in headers.items() if key not in _PACKING}
    return list(found)


def answer(one: dict[str, Any]) -> Answer:
    return Answer(one["response"]["status"]["code"], text=one["text"], headers=one["headers"])


@pytest.mark.parametrize("name", LISTS)
def test_each_recorded_post_is_read_or_kept_and_none_is_dropped(name: str) -> None:
    for one in recorded(name):
        payload = json.loads(one["text"])
        page = read_page(payload, ours="783214")
        # Recorded without author and date, which we ask for and which a case needs.
        assert len(page.bad) == len(payload["data"]) > 0
        assert page.next_token == payload.get("meta", {}).get("next_token", "")
        for post in payload["data"]:
            post |= {"author_id": "42", "created_at": "2022-10-07T22:43:18.000Z"}
        mentions = read_page(payload, ours="783214").mentions
        assert [mention.external_id for mention in mentions] == [post["id"] for post in payload["data"]]
        for mention, post in zip(mentions, payload["data"], strict=True):
            assert mention.text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") == post["text"]


def test_a_recorded_page_of_mentions_is_polled_with_its_limits(stub: Stub) -> None:
    one = recorded("test_client_get_users_mentions")[0]
    stub.on("GET", "/x/2/users/3300000001/mentions", answer(one))
    x = X.connect(x_config(f"{stub.url}/x", read_own=False))
    place = Place.start(datetime(2022, 10, 7, tzinfo=UTC))
    result = x.poll(write_places({"mentions": place}), Budget(max_pages=1))
    assert len(result.bad) == 10
    assert not result.complete, "the recording has a next_token"
    assert (result.rates["mentions"].limit, result.rates["mentions"].remaining) == (450, 448)
    assert result.rates["mentions"].reset_at == datetime.fromtimestamp(1665183228, UTC)


def test_a_recorded_post_is_a_proof_that_it_stands_there(stub: Stub) -> None:
    created = recorded("test_client_create_and_delete_tweet")[0]
    stub.on("POST", "/x/2/tweets", answer(created))
    posted = X.connect(x_config(f"{stub.url}/x")).send(Reply("1", "1", "Test Tweet"))
    assert posted.external_id == json.loads(created["text"])["data"]["id"]
    assert json.loads(stub.heard[0].body)["text"] == json.loads(created["request"]["body"])["text"]


def test_recorded_messages_are_sent_listed_and_end_at_an_empty_page(stub: Stub) -> None:
    first, second, _, nothing, listed, _ = recorded("test_manage_and_lookup_direct_messages")
    person, conversation = "750362064426721281", "750362064426721281-1072250532645998596"
    stub.on("POST", f"/x/2/dm_conversations/with/{person}/messages", answer(first))
    stub.on("POST", f"/x/2/dm_conversations/{conversation}/messages", answer(second))
    x = X.connect(x_config(f"{stub.url}/x"))
    sent = x.send(Reply("1", "1", "Testing 1", way=ReplyWay.PRIVATE, to_id=person))
    inside = x.send(Reply("dm:1", conversation, "Testing 2", MentionKind.DIRECT_MESSAGE, way=ReplyWay.PRIVATE))
    events = json.loads(listed["text"])
    assert [inside.external_id, sent.external_id] == [f"dm:{one['id']}" for one in events["data"]]
    assert sent.url.endswith(f"/messages/{conversation}")
    for heard, told in zip(stub.heard, (first, second), strict=True):
        assert json.loads(heard.body) == json.loads(told["request"]["body"])
    # Recorded without sender, date and conversation, which we ask for and which a case needs.
    assert len(read_messages(events, ours="783214").bad) == 2
    for event in events["data"]:
        event |= {"sender_id": "42", "dm_conversation_id": conversation, "created_at": "2022-10-28T01:00:00.000Z"}
    page = read_messages(events, ours="783214")
    assert [one.text for one in page.mentions] == ["Testing 2", "Testing 1"]
    assert page.next_token == events["meta"]["next_token"]
    assert read_messages(json.loads(nothing["text"]), ours="783214").next_token == ""


def test_a_recorded_reply_is_hidden_and_shown(stub: Stub) -> None:
    hide, show = recorded("test_client_hide_and_unhide_reply")
    number = "1344794616005066752"
    stub.on("PUT", f"/x/2/tweets/{number}/hidden", answer(hide), answer(show))
    x = X.connect(x_config(f"{stub.url}/x"))
    x.act(Action.HIDE, number)
    x.act(Action.UNHIDE, number)
    for heard, told in zip(stub.heard, (hide, show), strict=True):
        assert json.loads(heard.body) == json.loads(told["request"]["body"])


def test_a_recorded_post_is_deleted(stub: Stub) -> None:
    created, deleted = recorded("test_client_create_and_delete_tweet")
    number = json.loads(created["text"])["data"]["id"]
    stub.on("DELETE", f"/x/2/tweets/{number}", answer(deleted))
    X.connect(x_config(f"{stub.url}/x")).act(Action.DELETE, number)
    assert stub.heard


def test_recorded_posts_that_are_looked_up_are_not_gone(stub: Stub) -> None:
    (one,) = recorded("test_client_get_tweets")
    stub.on("GET", "/x/2/tweets", answer(one))
    ids = [post["id"] for post in json.loads(one["text"])["data"]]
    found = X.connect(x_config(f"{stub.url}/x")).refresh(ids)
    assert found.gone == {}
    assert stub.heard[0].query["ids"] == [",".join(ids)]
    assert found.rates["lookup"].limit == 300


def test_a_recorded_search_goes_on_with_its_token(stub: Stub) -> None:
    one = recorded("test_client_search_recent_tweets")[0]
    stub.otherwise(Answer(body={"meta": {"result_count": 0}}))
    stub.on("GET", "/x/2/tweets/search/recent", answer(one))
    x = X.connect(x_config(f"{stub.url}/x", read_own=False, own_posts=False, direct_messages=False, listen=["Tweepy"]))
    place = Place.start(datetime(2022, 10, 7, tzinfo=UTC))
    result = x.poll(write_places({"mentions": place, "listen:Tweepy": place}), Budget(max_pages=2))
    assert not result.complete, "the recording has a next_token"
    assert len(result.bad) == 20, "recorded without author and date"
    tokens = [heard.query.get("next_token") for heard in stub.heard if heard.path.endswith("recent")]
    assert tokens == [None, [json.loads(one["text"])["meta"]["next_token"]]]
    assert result.rates["search"].limit == 450


def test_a_recorded_answer_to_who_we_are_is_understood(stub: Stub) -> None:
    one = recorded("test_client_get_me")[0]
    stub.on("GET", "/x/2/users/me", answer(one))
    health = X.connect(x_config(f"{stub.url}/x")).health()
    user = json.loads(one["text"])["data"]
    assert (health.external_id, health.name) == (user["id"], user["username"])
