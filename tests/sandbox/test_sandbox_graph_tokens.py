"""What Meta tells of tokens, and how it counts: expiry, permissions, usage headers, limits, large answers."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import facebook
import pytest
import requests
from sandbox_clients import HEMLUND_FB, graph_client, graph_error, last_answer

from webcare.sandbox import Sandbox
from webcare.sandbox.graph_tokens import APP_ID

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)


@pytest.fixture
def box() -> Iterator[Sandbox]:
    with Sandbox(clock=lambda: NOW) as running:
        yield running


def debug(box: Sandbox, asked: str, token: str) -> dict[str, Any]:
    params = {"input_token": asked, "access_token": token}
    found = requests.get(f"{box.graph_base}/v26.0/debug_token", params=params, timeout=5).json()
    assert isinstance(found, dict)
    return found


def test_a_token_tells_about_itself(box: Sandbox) -> None:
    secrets = box.credentials("fb_hemlund")
    box.world.account("fb_hemlund").denied = {"message"}
    box.world.account("fb_hemlund").expires_at = NOW + timedelta(days=3)
    told = debug(box, secrets["page_token"], secrets["page_token"])["data"]
    assert (told["type"], told["is_valid"], told["profile_id"]) == ("PAGE", True, HEMLUND_FB)
    assert told["expires_at"] == int((NOW + timedelta(days=3)).timestamp())
    assert "pages_messaging" not in told["scopes"]
    assert {"pages_read_engagement", "pages_manage_engagement", "instagram_basic"} <= set(told["scopes"])
    assert debug(box, secrets["page_token"], f"{APP_ID}|{secrets['app_secret']}")["data"] == told


def test_a_token_tells_of_no_other_and_a_made_up_one_is_invalid(box: Sandbox) -> None:
    one, other = (box.credentials(key) for key in ("fb_hemlund", "ig_hemlund"))
    assert debug(box, one["page_token"], other["page_token"])["error"]["code"] == 100
    app = f"{APP_ID}|{one['app_secret']}"
    assert debug(box, "EAAmadeup", app)["data"]["is_valid"] is False
    assert debug(box, "", app)["error"]["code"] == 100


def test_an_expired_token_is_a_190_with_463_and_is_told_as_invalid(box: Sandbox, graph: facebook.GraphAPI) -> None:
    box.world.account("fb_hemlund").expires_at = NOW
    with pytest.raises(facebook.GraphAPIError) as raised:
        graph.get_object("me")
    assert graph_error(raised.value)[:2] == (190, 463)
    assert "20-Nov-26 08:00:00" in raised.value.message
    secrets = box.credentials("fb_hemlund")
    told = debug(box, secrets["page_token"], f"{APP_ID}|{secrets['app_secret']}")["data"]
    assert (told["is_valid"], told["error"]["subcode"]) == (False, 463)


def test_expiry_is_set_through_the_control_door(box: Sandbox, graph: facebook.GraphAPI) -> None:
    where = f"{box.url}/sandbox/accounts/fb_hemlund"
    assert requests.post(where, json={"expires_at": "2026-11-20T07:59:59Z"}, timeout=5).ok
    with pytest.raises(facebook.GraphAPIError):
        graph.get_object("me")
    assert requests.post(where, json={"expires_at": None}, timeout=5).ok
    assert graph.get_object("me")["id"] == HEMLUND_FB
    assert requests.post(where, json={"expires_at": "soon"}, timeout=5).status_code == 400


def test_permissions_and_pages_are_told_to_the_person_not_to_the_page(box: Sandbox, graph: facebook.GraphAPI) -> None:
    with pytest.raises(facebook.GraphAPIError) as raised:
        graph.get_connections("me", "permissions")
    assert graph_error(raised.value)[0] == 100
    box.world.account("fb_hemlund").denied = {"read_messages"}
    token = requests.get(f"{box.url}/sandbox/user_token/fb_hemlund", timeout=5).json()["user_token"]
    person = graph_client(box, token=token)
    told = {one["permission"]: one["status"] for one in person.get_connections("me", "permissions")["data"]}
    assert (told["pages_messaging"], told["pages_read_engagement"]) == ("declined", "granted")
    page = person.get_connections("me", "accounts")["data"][0]
    assert (page["id"], page["access_token"]) == (HEMLUND_FB, box.credentials("fb_hemlund")["page_token"])
    with pytest.raises(facebook.GraphAPIError):
        person.get_connections(HEMLUND_FB, "feed")


def usage(graph: facebook.GraphAPI) -> tuple[int, dict[str, Any]]:
    headers = last_answer(graph).headers
    [(owner, told)] = json.loads(headers["x-business-use-case-usage"]).items()
    return json.loads(headers["x-app-usage"])["call_count"], {"owner": owner, **told[0]}


@pytest.mark.parametrize(
    ("path", "kind", "code", "owner"),
    [
        ("me/feed", "pages", 80001, HEMLUND_FB),
        ("me/conversations", "messenger", 80006, HEMLUND_FB),
        ("17841400000000001/media", "instagram", 80002, "17841400000000001"),
    ],
)
def test_usage_grows_call_by_call_until_it_is_too_much(
    box: Sandbox, path: str, kind: str, code: int, owner: str
) -> None:
    graph = graph_client(box, key="ig_hemlund")
    box.world.set_options({"limit_scale": 4 / (7200 if kind == "messenger" else 4800)})
    grown = []
    for _ in range(4):
        graph.request(f"v26.0/{path}")
        app, told = usage(graph)
        grown.append(told["call_count"])
        assert (told["type"], told["owner"], told["estimated_time_to_regain_access"]) == (kind, owner, 0)
        assert 0 < app < told["call_count"]
    assert grown == [25, 50, 75, 100]
    with pytest.raises(facebook.GraphAPIError) as raised:
        graph.request(f"v26.0/{path}")
    assert graph_error(raised.value)[0] == code
    assert usage(graph)[1]["estimated_time_to_regain_access"] == 61
    graph.request("v26.0/me/feed" if kind != "pages" else "v26.0/me/conversations")


def test_the_whole_app_has_a_limit_of_its_own(box: Sandbox, graph: facebook.GraphAPI) -> None:
    box.world.set_options({"limit_scale": 5 / 48_000})
    codes = []
    for path in ("me/feed", "me/conversations", "17841400000000001", "me/feed", "me/feed", "me/feed"):
        try:
            graph.request(f"v26.0/{path}")
            codes.append(0)
        except facebook.GraphAPIError as error:
            codes.append(graph_error(error)[0])
    assert codes == [0, 0, 0, 80001, 80001, 4]


def test_too_large_an_answer_asks_to_be_made_smaller(box: Sandbox, graph: facebook.GraphAPI) -> None:
    box.world.set_options({"graph_objects": 20})
    for number in range(4):
        post = box.world.post_fb(f"nr {number}", kind="post")
        for _ in range(5):
            box.world.comment_fb("mooi", under=post.id, author="Jan")
    with pytest.raises(facebook.GraphAPIError) as raised:
        graph.get_connections("me", "feed", fields="message,comments.limit(5){message}")
    assert graph_error(raised.value)[0] == 1
    assert "Please reduce the amount of data" in raised.value.message
    found = graph.get_connections("me", "feed", fields="message,comments.limit(4){message}")
    assert len(found["data"]) == 4


def test_since_and_until_lie_half_a_year_apart_at_most(graph: facebook.GraphAPI) -> None:
    until = int(NOW.timestamp())
    assert graph.get_connections("me", "feed", since=until - 180 * 86_400, until=until) == {"data": []}
    assert graph.get_connections("me", "feed", since=until - 900 * 86_400) == {"data": []}
    with pytest.raises(facebook.GraphAPIError) as raised:
        graph.get_connections("me", "feed", since=until - 200 * 86_400, until=until)
    assert graph_error(raised.value)[0] == 100


def test_feed_leaves_out_what_other_lists_show(box: Sandbox, graph: facebook.GraphAPI) -> None:
    post = box.world.post_fb("Waar is mijn bank?", author="Jan")
    where = f"{box.url}/sandbox/facebook/items/{post.id}/leave_out"
    assert requests.post(where, json={"list": "feed"}, timeout=5).ok
    assert graph.get_connections("me", "feed") == {"data": []}
    assert [one["id"] for one in graph.get_connections("me", "visitor_posts")["data"]] == [post.id]
    for number in range(40):
        box.world.post_fb(f"nr {number}", kind="post")
    box.world.set_options({"feed_misses": 0.5})
    fed = {one["id"] for one in graph.get_connections("me", "feed", limit=100)["data"]}
    posted = {one["id"] for one in graph.get_connections("me", "posts", limit=100)["data"]}
    assert len(posted) == 40
    assert 8 <= len(fed) <= 32
    assert fed < posted
    assert requests.post(where, json={"list": "shoes"}, timeout=5).status_code == 400


def test_a_batch_counts_each_request_and_takes_fifty(box: Sandbox, graph: facebook.GraphAPI) -> None:
    post = box.world.post_fb("een", author="Jan")

    def batch(requests_: list[dict[str, str]]) -> Any:
        return graph.request("", post_args={"batch": json.dumps(requests_)}, method="POST")

    made = batch([{"method": "POST", "relative_url": f"{post.id}/comments", "body": "message=Hallo+daar"}])
    answer = json.loads(made[0]["body"])["id"]
    assert box.world.facebook.items[answer].message == "Hallo daar"
    assert {"name": "content-type", "value": "application/json; charset=UTF-8"} in made[0]["headers"]
    batch([{"method": "GET", "relative_url": f"v26.0/{post.id}"}] * 47)
    assert usage(graph)[1]["call_count"] == 1
    for wrong in ([{"relative_url": "me"}] * 51, {"relative_url": "me"}):
        with pytest.raises(facebook.GraphAPIError) as raised:
            batch(wrong)  # type: ignore[arg-type]
        assert graph_error(raised.value)[0] == 100


@pytest.mark.parametrize(
    ("code", "subcode", "status", "kind"),
    [
        (1, None, 500, ""),
        (2, None, 500, ""),
        (4, None, 403, "app"),
        (17, None, 403, "app"),
        (32, None, 403, "pages"),
        (613, None, 403, "pages"),
        (341, None, 403, "pages"),
        (80001, 2446079, 400, "pages"),
        (80002, None, 400, "instagram"),
        (80006, None, 400, "messenger"),
        (10, 2018278, 403, ""),
        (200, None, 403, ""),
        (299, None, 403, ""),
        (100, 33, 400, ""),
        (102, 463, 400, ""),
        (190, 459, 400, ""),
        (190, 467, 400, ""),
        (368, None, 400, ""),
        (506, None, 400, ""),
    ],
)
def test_every_code_of_meta_can_be_made_to_come(
    box: Sandbox, graph: facebook.GraphAPI, code: int, subcode: int | None, status: int, kind: str
) -> None:
    box.faults.add("GET /graph/*", "refused", code=code, subcode=subcode, count=1, seconds=600)
    with pytest.raises(facebook.GraphAPIError) as raised:
        graph.get_object("me")
    assert graph_error(raised.value)[:2] == (code, subcode)
    answer = last_answer(graph)
    assert answer.status_code == status
    told = json.loads(answer.headers.get("x-business-use-case-usage", "{}"))
    assert ("x-app-usage" in answer.headers) == bool(kind)
    if kind in ("pages", "instagram", "messenger"):
        assert [(one[0]["type"], one[0]["estimated_time_to_regain_access"]) for one in told.values()] == [(kind, 10)]
    else:
        assert told == {}
    assert graph.get_object("me")["id"] == HEMLUND_FB


def test_a_fault_cuts_the_pages_of_a_list_short_and_empty(box: Sandbox, graph: facebook.GraphAPI) -> None:
    for number in range(5):
        box.world.post_fb(f"nr {number}", author="Jan")
    box.faults.add("GET /graph/*/feed", "short_page", size=0, count=1)
    box.faults.add("GET /graph/*/feed", "short_page", size=2, count=1)
    box.faults.add("GET /graph/*/feed", "short_page", size=0, count=1)
    seen, cursor, pages = [], None, []
    while True:
        found = graph.get_connections("me", "feed", limit=100, **({"after": cursor} if cursor else {}))
        seen += [one["message"] for one in found["data"]]
        pages.append(len(found["data"]))
        if "next" not in found["paging"]:
            break
        cursor = found["paging"]["cursors"]["after"]
    assert pages == [0, 2, 0, 3]
    assert seen == [f"nr {number}" for number in (4, 3, 2, 1, 0)]


def test_a_scenario_knows_people_on_metas_networks(box: Sandbox, graph: facebook.GraphAPI) -> None:
    post = box.world.post_fb("Waar is mijn bank?", author="jan")
    media = box.world.instagram.post("Nieuw", author=box.world.instagram.user("17841400000000001"))
    box.world.instagram.comment("mooi", under=media.id, author="jan.j")

    def lines(text: str) -> None:
        where = f"{box.url}/sandbox/faults"
        assert requests.put(where, json={"scenario": text}, timeout=5).ok

    lines("at 0s: @jan on facebook hides from the brand\nat 0s: @jan.j on instagram closes the account")
    assert "from" not in graph.get_object(post.id, fields="from,message")
    assert graph.get_connections(media.id, "comments") == {"data": []}
    lines("at 0s: @jan on facebook is back\nat 0s: @jan.j on instagram is back")
    assert graph.get_object(post.id, fields="from")["from"]["name"] == "jan"
    assert len(graph.get_connections(media.id, "comments")["data"]) == 1


def test_a_batch_that_is_broken_off_answers_the_rest_with_null(box: Sandbox, graph: facebook.GraphAPI) -> None:
    posts = [box.world.post_fb(f"nr {number}", author="Jan").id for number in range(3)]
    batch = json.dumps([{"method": "GET", "relative_url": post} for post in posts])
    box.faults.add("POST /graph/*", "short_page", size=2, count=1)
    found = graph.request("v26.0/", post_args={"batch": batch}, method="POST")
    assert [one and one["code"] for one in found] == [200, 200, None]
