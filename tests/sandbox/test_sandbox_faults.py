"""Every fault, seen through the real clients: what breaks, and what had happened all the same."""

import json
import time
from pathlib import Path
from typing import Any

import facebook
import pytest
import requests
import tweepy
from sandbox_clients import HEMLUND_X, graph_client, graph_error, last_answer, redirect, x_client

from webcare.sandbox import Fault, Sandbox, SandboxError
from webcare.sandbox.fault_language import rules_from_file
from webcare.sandbox.faults import KINDS, Faults, fault_from

MENTIONS = "GET /x/2/users/*/mentions"
POSTING = "POST /x/2/tweets"


@pytest.fixture
def x(box: Sandbox) -> tweepy.Client:
    return x_client(box)


def read(x: tweepy.Client) -> Any:
    return x.get_users_mentions(HEMLUND_X, user_auth=True)


def test_a_rate_limit_says_when_it_ends(box: Sandbox, x: tweepy.Client) -> None:
    box.faults.add(MENTIONS, "rate_limited", count=1, seconds=120)
    with pytest.raises(tweepy.TooManyRequests) as raised:
        read(x)
    assert 100 < raised.value.reset_time - time.time() <= 121
    assert read(x).meta == {"result_count": 0}


def test_a_rate_limit_may_say_nothing(box: Sandbox, x: tweepy.Client) -> None:
    box.faults.add(MENTIONS, "rate_limited_no_reset", count=1)
    with pytest.raises(tweepy.TooManyRequests) as raised:
        read(x)
    assert raised.value.reset_time is None


def test_an_outage_is_an_html_page(box: Sandbox, x: tweepy.Client, graph: facebook.GraphAPI) -> None:
    box.faults.add("* *", "unavailable_html")
    with pytest.raises(tweepy.TwitterServerError):
        read(x)
    with pytest.raises(facebook.GraphAPIError, match="Maintype"):
        graph.get_object("me")
    assert last_answer(graph).status_code == 503


@pytest.mark.parametrize(
    ("kind", "posted"), [("error_before", 0), ("error_after_commit", 1), ("cut_before", 0), ("cut_after_commit", 1)]
)
def test_a_failed_post_may_have_landed_on_x(box: Sandbox, x: tweepy.Client, kind: Any, posted: int) -> None:
    box.faults.add(POSTING, kind, count=1)
    with pytest.raises((tweepy.TwitterServerError, requests.ConnectionError)):
        x.create_tweet(text="Hoi")
    assert len(box.world.x.posts) == posted
    assert len(x.get_users_tweets(HEMLUND_X, user_auth=True).data or []) == posted


@pytest.mark.parametrize(("kind", "posted"), [("error_after_commit", 1), ("cut_before", 0), ("cut_after_commit", 1)])
def test_a_failed_comment_may_have_landed_on_facebook(
    box: Sandbox, graph: facebook.GraphAPI, kind: Any, posted: int
) -> None:
    post = box.world.post_fb("Hallo", author="Jan")
    box.faults.add("POST /graph/*/comments", kind, count=1)
    with pytest.raises((facebook.GraphAPIError, requests.ConnectionError)):
        graph.put_comment(post.id, "Hoi")
    assert len(graph.get_connections(post.id, "comments")["data"]) == posted


def test_half_a_json_and_nothing_at_all_are_not_json(box: Sandbox, x: tweepy.Client) -> None:
    box.world.post_x("@hemlund hoi", author="jan")
    box.faults.add(MENTIONS, "malformed_json", count=1)
    box.faults.add(MENTIONS, "empty_200", count=1)
    for _ in range(2):
        with pytest.raises(requests.exceptions.JSONDecodeError):
            read(x)
        assert last_answer(x).status_code == 200


def test_errors_without_data_come_with_a_200(box: Sandbox, x: tweepy.Client, graph: facebook.GraphAPI) -> None:
    box.faults.add("GET *", "errors_only_200")
    found = read(x)
    assert (found.data, len(found.errors)) == (None, 1)
    with pytest.raises(facebook.GraphAPIError) as raised:
        graph.get_object("me")
    assert graph_error(raised.value)[0] == 1


def test_graph_has_a_limit_error_of_its_own(box: Sandbox, graph: facebook.GraphAPI) -> None:
    box.faults.add("GET /graph/*", "rate_limited", count=1, seconds=600)
    with pytest.raises(facebook.GraphAPIError) as raised:
        graph.get_object("me")
    assert graph_error(raised.value)[0] == 32
    assert '"estimated_time_to_regain_access": 10' in last_answer(graph).headers["x-business-use-case-usage"]


def test_slow_is_slow_and_then_right(box: Sandbox, x: tweepy.Client) -> None:
    box.faults.add(MENTIONS, "slow", count=1, seconds=0.4)
    started = time.monotonic()
    assert read(x).meta == {"result_count": 0}
    assert time.monotonic() - started >= 0.4


def test_a_slow_answer_does_not_hold_up_the_others(box: Sandbox, x: tweepy.Client) -> None:
    box.faults.add(MENTIONS, "slow", seconds=5)
    with pytest.raises(requests.Timeout):
        requests.get(f"{box.x_base}/2/users/{HEMLUND_X}/mentions", timeout=0.2)
    started = time.monotonic()
    x.get_me()
    assert time.monotonic() - started < 2


def test_a_fresh_post_may_stay_out_of_the_lists_for_a_while(box: Sandbox, x: tweepy.Client) -> None:
    box.faults.add(POSTING, "delay_visibility", count=1, seconds=3600)
    hidden = x.create_tweet(text="Straks").data["id"]
    shown = x.create_tweet(text="Nu").data["id"]
    assert [str(post.id) for post in x.get_users_tweets(HEMLUND_X, user_auth=True).data] == [shown]
    assert x.get_tweet(hidden, user_auth=True).data.text == "Straks"


def test_any_answer_can_be_scripted(box: Sandbox, x: tweepy.Client) -> None:
    body = {"title": "CreditsDepleted", "type": "about:blank", "status": 402, "detail": "No credits left."}
    box.faults.add(MENTIONS, "answer", status=402, body=body, headers={"x-why": "credits"})
    with pytest.raises(tweepy.HTTPException) as raised:
        read(x)
    assert (raised.value.response.status_code, raised.value.response.headers["x-why"]) == (402, "credits")


def test_faults_count_skip_and_add_up(box: Sandbox, x: tweepy.Client) -> None:
    box.faults.add(MENTIONS, "error_before", skip=1, count=2)
    outcome = []
    for _ in range(5):
        try:
            read(x)
            outcome.append("ok")
        except tweepy.TwitterServerError:
            outcome.append("500")
    assert outcome == ["ok", "500", "500", "ok", "ok"]
    assert box.faults.listed()[0]["struck"] == 2


def test_a_seed_makes_chance_repeatable() -> None:
    def outcome(seed: int) -> list[bool]:
        faults = Faults(seed=seed)
        faults.add("GET *", "slow", probability=0.3)
        return [faults.strike("GET", "/x/2/tweets") is not None for _ in range(200)]

    assert outcome(1) == outcome(1) != outcome(2)
    assert 30 < sum(outcome(1)) < 90


@pytest.mark.parametrize(
    "rule",
    [
        {"match": "GET /x/*"},
        {"match": "GET /x/*", "kind": "explode"},
        {"match": "everything", "kind": "slow"},
        {"match": "GET /x/*", "kind": "slow", "probability": 2},
        {"match": "GET /x/*", "kind": "slow", "colour": "red"},
        {"match": 5, "kind": "slow"},
        {"match": "GET /x/*", "kind": "slow", "count": "two"},
        {"match": "GET /x/*", "kind": "slow", "when": {"begins_s": "soon"}},
        {"match": "GET /x/*", "kind": "slow", "when": {"begins_s": 9, "ends_s": 8}},
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(rule: dict[str, Any]) -> None:
    with pytest.raises(SandboxError):
        fault_from(rule)


def test_rules_come_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "faults.json"
    path.write_text(json.dumps([{"match": MENTIONS, "kind": "error_before", "count": 1}]))
    with Sandbox(faults=rules_from_file(path)) as box:
        x = x_client(box)
        with pytest.raises(tweepy.TwitterServerError):
            read(x)
        read(x)
    for broken in ("[{", '{"a": 1}', "[1]", '[{"kind": "slow"}]'):
        path.write_text(broken)
        with pytest.raises(SandboxError):
            rules_from_file(path)
    with pytest.raises(SandboxError):
        rules_from_file(tmp_path / "none.json")


def test_used_up_posts_and_credits_are_not_windows(box: Sandbox, x: tweepy.Client) -> None:
    box.faults.add(MENTIONS, "usage_capped", count=1)
    with pytest.raises(tweepy.TooManyRequests) as raised:
        read(x)
    assert raised.value.reset_time is None
    assert raised.value.response.json()["type"].endswith("/usage-capped")
    box.faults.add(MENTIONS, "credits_gone", count=1)
    with pytest.raises(tweepy.HTTPException) as broke:
        read(x)
    assert broke.value.response.status_code == 402


def test_a_slow_answer_may_come_after_the_deed(box: Sandbox, x: tweepy.Client) -> None:
    box.faults.add(POSTING, "slow_after_commit", count=1, seconds=0.3)
    started = time.monotonic()
    x.create_tweet(text="Hoi")
    assert time.monotonic() - started >= 0.3
    box.faults.add(POSTING, "slow_after_commit", count=1, seconds=5)
    redirect(x).timeout = 0.2
    with pytest.raises(requests.Timeout):
        x.create_tweet(text="Daar")
    redirect(x).timeout = 10
    assert [post.text for post in x.get_users_tweets(HEMLUND_X, user_auth=True).data] == ["Daar", "Hoi"]


def test_a_short_page_still_leads_on(box: Sandbox, x: tweepy.Client) -> None:
    made = [post.id for post in box.world.bulk_x(9)]
    box.faults.add(MENTIONS, "short_page", size=2, count=2)
    pages = list(tweepy.Paginator(x.get_users_mentions, HEMLUND_X, max_results=5, user_auth=True))
    assert [len(page.data) for page in pages] == [2, 2, 5]
    assert [post.id for page in pages for post in page.data] == made[::-1]


def test_an_empty_page_may_lead_on_too(box: Sandbox, x: tweepy.Client) -> None:
    made = [post.id for post in box.world.bulk_x(3)]
    box.faults.add(MENTIONS, "short_page", size=0, count=1)
    pages = list(tweepy.Paginator(x.get_users_mentions, HEMLUND_X, user_auth=True))
    assert [page.meta["result_count"] for page in pages] == [0, 3]
    assert [post.id for post in pages[1].data] == made[::-1]


def test_a_refusal_speaks_each_network_s_language(box: Sandbox, x: tweepy.Client, graph: facebook.GraphAPI) -> None:
    box.faults.add(MENTIONS, "refused", status=403, body="You are not permitted to do this.", count=1)
    with pytest.raises(tweepy.Forbidden) as raised:
        read(x)
    assert raised.value.response.json()["detail"] == "You are not permitted to do this."
    box.faults.add("GET /graph/*", "refused", code=190, subcode=463)
    with pytest.raises(facebook.GraphAPIError) as expired:
        graph.get_object("me")
    assert graph_error(expired.value) == (190, 463, "OAuthException")


def test_every_kind_of_fault_is_tried_here() -> None:
    source = Path(__file__).read_text("utf-8")
    assert [kind for kind in KINDS if f'"{kind}"' not in source] == []
    assert Fault("GET /x/*", "slow").count is None


def test_the_control_door_and_the_page_are_never_struck(box: Sandbox) -> None:
    box.faults.add("* *", "error_before")
    assert requests.get(f"{box.url}/sandbox/health", timeout=5).json()["status"] == "ok"
    assert requests.get(box.url, timeout=5).status_code == 200
    assert graph_client(box).session.get("https://graph.facebook.com/me").status_code == 500
