"""The Facebook side through unmodified facebook-sdk, over real HTTP."""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import facebook
import pytest
import requests
from sandbox_clients import HEMLUND_FB, graph_client, graph_error, last_answer

from webcare.sandbox import Sandbox


def messages(found: dict[str, Any]) -> list[str]:
    return [one["message"] for one in found["data"]]


# --- tokens --------------------------------------------------------------------------------------------


def test_a_page_token_is_the_page(graph: facebook.GraphAPI) -> None:
    assert graph.get_object("me") == {"name": "Hemlund", "id": HEMLUND_FB}
    assert graph.get_object(HEMLUND_FB, fields="id,username,category")["username"] == "hemlund"


def test_an_unknown_token_is_a_190(box: Sandbox) -> None:
    with pytest.raises(facebook.GraphAPIError) as raised:
        graph_client(box, token="EAAmade-up").get_object("me")
    assert graph_error(raised.value) == (190, None, "OAuthException")


def test_no_token_at_all_is_refused(box: Sandbox) -> None:
    answer = requests.get(f"{box.graph_base}/v26.0/me", timeout=5)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, 2500)


@pytest.mark.parametrize(("state", "subcode"), [("expired", 463), ("password_changed", 460), ("revoked", 458)])
def test_a_token_that_stopped_working_says_why(
    box: Sandbox, graph: facebook.GraphAPI, state: str, subcode: int
) -> None:
    box.world.account("fb_hemlund").disconnected = state
    with pytest.raises(facebook.GraphAPIError) as raised:
        graph.get_object("me")
    assert graph_error(raised.value) == (190, subcode, "OAuthException")


def test_a_right_proof_is_taken_and_a_wrong_one_refused(box: Sandbox, graph: facebook.GraphAPI) -> None:
    secrets = box.credentials("fb_hemlund")
    proof = hmac.new(secrets["app_secret"].encode(), secrets["page_token"].encode(), hashlib.sha256).hexdigest()
    assert graph.get_object("me", appsecret_proof=proof)["id"] == HEMLUND_FB
    with pytest.raises(facebook.GraphAPIError) as raised:
        graph.get_object("me", appsecret_proof="0" * 64)
    assert graph_error(raised.value) == (100, None, "GraphMethodException")


def test_an_app_that_demands_the_proof_refuses_calls_without(box: Sandbox, graph: facebook.GraphAPI) -> None:
    box.world.account("fb_hemlund").require_proof = True
    with pytest.raises(facebook.GraphAPIError) as raised:
        graph.get_object("me")
    assert "appsecret_proof" in raised.value.message


@pytest.mark.parametrize(
    ("asked", "served"), [("v26.0", "v26.0"), ("v23.0", "v23.0"), ("v3.1", "v22.0"), ("v19.0", "v22.0")]
)
def test_an_expired_version_is_served_by_the_oldest_living_one(
    graph: facebook.GraphAPI, asked: str, served: str
) -> None:
    graph.version = asked
    graph.get_object("me")
    assert last_answer(graph).headers["facebook-api-version"] == served


def test_a_version_that_does_not_exist_is_refused(graph: facebook.GraphAPI) -> None:
    graph.version = "v99.0"
    with pytest.raises(facebook.GraphAPIError) as raised:
        graph.get_object("me")
    assert graph_error(raised.value)[0] == 2500


# --- reading -------------------------------------------------------------------------------------------


def test_the_page_lists_part_own_posts_from_those_of_visitors(box: Sandbox, graph: facebook.GraphAPI) -> None:
    world = box.world
    world.post_fb("Nieuw!", kind="post")
    world.post_fb("Waar is mijn bank?", author="Jan Jansen")
    world.post_fb("Bij @Hemlund geweest", author="Piet", kind="tagged")
    found = {
        edge: messages(graph.get_connections(HEMLUND_FB, edge))
        for edge in ("feed", "published_posts", "posts", "visitor_posts", "tagged")
    }
    assert found == {
        "feed": ["Waar is mijn bank?", "Nieuw!"],
        "published_posts": ["Nieuw!"],
        "posts": ["Nieuw!"],
        "visitor_posts": ["Waar is mijn bank?"],
        "tagged": ["Bij @Hemlund geweest"],
    }


def test_a_list_without_fields_shows_the_usual_three(box: Sandbox, graph: facebook.GraphAPI) -> None:
    at = datetime(2026, 11, 20, 8, 30, 15, tzinfo=UTC)
    post = box.world.post_fb("Hallo", author="Jan", at=at)
    shown = {"created_time": "2026-11-20T08:30:15+0000", "message": "Hallo", "id": post.id}
    assert graph.get_connections("me", "feed")["data"] == [shown]


def test_an_empty_list_has_no_paging(graph: facebook.GraphAPI) -> None:
    assert graph.get_connections("me", "visitor_posts") == {"data": []}


def test_fields_nest_with_their_own_limits_and_order(box: Sandbox, graph: facebook.GraphAPI) -> None:
    post = box.world.post_fb("Nieuw!", kind="post")
    first = box.world.comment_fb("een", under=post.id, author="Jan")
    box.world.comment_fb("antwoord", under=first.id)
    for text in ("twee", "drie"):
        box.world.comment_fb(text, under=post.id, author="Piet")
    nested = "comments.order(reverse_chronological).limit(2).summary(true){message,from{name}}"
    found = graph.get_object(post.id, fields=f"message,{nested}")
    assert messages(found["comments"]) == ["drie", "twee"]
    assert found["comments"]["data"][0]["from"] == {"name": "Piet"}
    assert found["comments"]["summary"]["total_count"] == 3
    assert "next" in found["comments"]["paging"]
    deeper = graph.get_object(post.id, fields="comments{message,comments{message,parent{id}}}")
    assert deeper["comments"]["data"][0]["comments"]["data"][0]["parent"] == {"id": first.id}
    assert "comments" not in deeper["comments"]["data"][1]


def test_a_page_shows_its_lists_inside_itself(box: Sandbox, graph: facebook.GraphAPI) -> None:
    post = box.world.post_fb("Waar is mijn bank?", author="Jan")
    box.world.comment_fb("Onderweg", under=post.id)
    found = graph.get_object("me", fields="name,feed.limit(5){message,comments{message}},ratings")
    assert found["feed"]["data"][0]["comments"]["data"][0]["message"] == "Onderweg"
    assert "ratings" not in found


def test_a_stream_of_comments_holds_the_answers_too(box: Sandbox, graph: facebook.GraphAPI) -> None:
    post = box.world.post_fb("Nieuw!", kind="post")
    first = box.world.comment_fb("een", under=post.id, author="Jan")
    box.world.comment_fb("twee", under=post.id, author="Piet")
    box.world.comment_fb("antwoord", under=first.id)
    assert messages(graph.get_connections(post.id, "comments")) == ["een", "twee"]
    stream = graph.get_connections(post.id, "comments", filter="stream", order="reverse_chronological", summary="1")
    assert messages(stream) == ["antwoord", "twee", "een"]
    assert stream["summary"]["total_count"] == 3
    assert messages(graph.get_connections(first.id, "comments")) == ["antwoord"]


def test_paging_by_cursor_reaches_everything_once(box: Sandbox, graph: facebook.GraphAPI) -> None:
    for number in range(7):
        box.world.post_fb(f"nr {number}", author="Jan")
    seen, cursor = [], None
    while True:
        page = graph.get_connections("me", "feed", limit=3, **({"after": cursor} if cursor else {}))
        seen += messages(page)
        if "next" not in page["paging"]:
            break
        cursor = page["paging"]["cursors"]["after"]
        box.world.post_fb("kwam er tussendoor", author="Piet")
    assert seen == [f"nr {number}" for number in range(6, -1, -1)]
    back = graph.get_connections("me", "feed", limit=3, before=page["paging"]["cursors"]["before"])
    assert messages(back) == ["nr 3", "nr 2", "nr 1"]


def test_the_next_address_holds_the_token_and_leads_on(box: Sandbox, graph: facebook.GraphAPI) -> None:
    for number in range(3):
        box.world.post_fb(f"nr {number}", author="Jan")
    page = graph.get_connections("me", "feed", limit=2, fields="message,from{name}")
    address = urlsplit(page["paging"]["next"])
    assert parse_qs(address.query)["access_token"] == [box.credentials("fb_hemlund")["page_token"]]
    assert address.netloc == "graph.facebook.com"
    follow = requests.get(f"{box.graph_base}{address.path}?{address.query}", timeout=5).json()
    assert follow["data"][0]["message"] == "nr 0"
    assert follow["data"][0]["from"] == {"name": "Jan"}


def test_the_librarys_own_paging_works_too(box: Sandbox, graph: facebook.GraphAPI) -> None:
    for number in range(5):
        box.world.post_fb(f"nr {number}", author="Jan")
    found = [post["message"] for post in graph.get_all_connections("me", "feed", limit=2)]
    assert found == ["nr 4", "nr 3", "nr 2", "nr 1", "nr 0"]


def test_paging_goes_on_when_the_post_at_the_cursor_is_deleted(box: Sandbox, graph: facebook.GraphAPI) -> None:
    made = [box.world.post_fb(f"nr {number}", author="Jan") for number in range(4)]
    page = graph.get_connections("me", "feed", limit=2)
    box.world.delete_fb(made[2].id)
    rest = graph.get_connections("me", "feed", limit=2, after=page["paging"]["cursors"]["after"])
    assert messages(rest) == ["nr 1", "nr 0"]


def test_since_and_until_take_seconds_and_dates(box: Sandbox, graph: facebook.GraphAPI) -> None:
    start = datetime(2026, 11, 20, 8, tzinfo=UTC)
    for hour in range(3):
        box.world.post_fb(f"uur {hour}", author="Jan", at=start + timedelta(hours=hour))
    since = int((start + timedelta(hours=1)).timestamp())
    assert messages(graph.get_connections("me", "feed", since=since)) == ["uur 2", "uur 1"]
    assert messages(graph.get_connections("me", "feed", until="2026-11-20T08:30:00")) == ["uur 0"]


def test_a_comment_moves_updated_time_but_not_the_place_of_its_post(box: Sandbox, graph: facebook.GraphAPI) -> None:
    start = datetime(2026, 11, 20, 8, tzinfo=UTC)
    old = box.world.post_fb("oud", kind="post", at=start)
    box.world.post_fb("nieuw", kind="post", at=start + timedelta(hours=1))
    box.world.comment_fb("nog vragen?", under=old.id, author="Jan", at=start + timedelta(hours=2))
    found = graph.get_connections("me", "feed", fields="message,created_time,updated_time")["data"]
    assert [post["message"] for post in found] == ["nieuw", "oud"]
    assert found[1]["updated_time"] == "2026-11-20T10:00:00+0000"


def test_reviews_show_as_recommendations_with_a_story_to_answer(box: Sandbox, graph: facebook.GraphAPI) -> None:
    box.world.review_fb("Nooit meer", author="Jan", positive=False)
    fields = "created_time,recommendation_type,review_text,reviewer,open_graph_story{id}"
    review = graph.get_connections("me", "ratings", fields=fields)["data"][0]
    assert (review["recommendation_type"], review["review_text"]) == ("negative", "Nooit meer")
    assert review["reviewer"]["name"] == "Jan"
    story = review["open_graph_story"]["id"]
    graph.put_comment(story, "Wat vervelend, Jan")
    assert messages(graph.get_connections(story, "comments")) == ["Wat vervelend, Jan"]
    assert "reviewer" not in graph.get_connections("me", "ratings")["data"][0]


def test_an_author_the_page_may_not_see_is_left_out(box: Sandbox, graph: facebook.GraphAPI) -> None:
    post = box.world.post_fb("Hallo", author="Stille Jan")
    box.world.set_user("facebook", "Stille Jan", unseen=True)
    assert graph.get_object(post.id, fields="id,message,from") == {"id": post.id, "message": "Hallo"}


def test_several_objects_come_in_one_answer(box: Sandbox, graph: facebook.GraphAPI) -> None:
    graph.version = "v25.0"
    posts = [box.world.post_fb(f"nr {number}", author="Jan") for number in range(2)]
    found = graph.get_objects([post.id for post in posts], fields="message")
    assert [found[post.id]["message"] for post in posts] == ["nr 0", "nr 1"]
    for other, code in (("1_2", (100, 33)), ("somebody", (803, None))):
        with pytest.raises(facebook.GraphAPIError) as raised:
            graph.get_objects([posts[0].id, other])
        assert graph_error(raised.value)[:2] == code


def test_the_newest_version_takes_several_objects_only_as_a_batch(box: Sandbox, graph: facebook.GraphAPI) -> None:
    post = box.world.post_fb("een", author="Jan")
    with pytest.raises(facebook.GraphAPIError) as raised:
        graph.get_objects([post.id])
    assert graph_error(raised.value)[0] == 100
    batch = [{"method": "GET", "relative_url": f"{one}?fields=message"} for one in (post.id, "1_2", "me/feed")]
    found = graph.request("", post_args={"batch": json.dumps(batch), "include_headers": "false"}, method="POST")
    bodies = [json.loads(one["body"]) for one in found]
    assert [one["code"] for one in found] == [200, 400, 200]
    assert bodies[0] == {"message": "een", "id": post.id}
    assert (bodies[1]["error"]["code"], bodies[1]["error"]["error_subcode"]) == (100, 33)
    assert messages(bodies[2]) == ["een"]


@pytest.mark.parametrize(
    ("edge", "more", "code"),
    [
        ("feed", {"fields": "shoe_size"}, 100),
        ("feed", {"fields": "id,comments{shoe_size}"}, 100),
        ("feed", {"fields": "id,comments{message"}, 2500),
        ("feed", {"fields": "id,,message"}, 2500),
        ("feed", {"limit": "many"}, 100),
        ("feed", {"limit": 101}, 100),
        ("feed", {"after": "nonsense"}, 100),
        ("feed", {"since": "last tuesday"}, 100),
        ("shoes", {}, 100),
    ],
)
def test_a_request_the_graph_cannot_read_is_refused(
    box: Sandbox, graph: facebook.GraphAPI, edge: str, more: dict[str, Any], code: int
) -> None:
    post = box.world.post_fb("Hallo", author="Jan")
    box.world.comment_fb("ook", under=post.id, author="Piet")
    with pytest.raises(facebook.GraphAPIError) as raised:
        graph.get_connections("me", edge, **more)
    assert graph_error(raised.value)[0] == code


# --- writing -------------------------------------------------------------------------------------------


def test_an_answer_to_a_comment_stands_under_it(box: Sandbox, graph: facebook.GraphAPI) -> None:
    post = box.world.post_fb("Nieuw!", kind="post")
    comment = box.world.comment_fb("Wat kost hij?", under=post.id, author="Jan")
    made = graph.put_comment(comment.id, "€ 399, Jan")["id"]
    found = graph.get_object(made, fields="message,from,parent,can_hide,object,permalink_url")
    assert (found["message"], found["parent"]["id"], found["object"]["id"]) == ("€ 399, Jan", comment.id, post.id)
    assert (found["from"]["id"], found["can_hide"]) == (HEMLUND_FB, False)


def test_an_answer_to_an_answer_stands_under_the_first_comment(box: Sandbox, graph: facebook.GraphAPI) -> None:
    post = box.world.post_fb("Nieuw!", kind="post")
    comment = box.world.comment_fb("Wat kost hij?", under=post.id, author="Jan")
    again = box.world.comment_fb("Iemand?", under=comment.id, author="Piet")
    made = graph.put_comment(again.id, "€ 399, Piet")["id"]
    assert graph.get_object(made, fields="parent")["parent"]["id"] == comment.id


def test_the_same_words_under_the_same_object_are_a_506(box: Sandbox, graph: facebook.GraphAPI) -> None:
    post = box.world.post_fb("Waar is mijn bank?", author="Jan")
    graph.put_comment(post.id, "Onderweg!")
    with pytest.raises(facebook.GraphAPIError) as raised:
        graph.put_comment(post.id, "Onderweg!")
    assert graph_error(raised.value)[0] == 506
    assert len(graph.get_connections(post.id, "comments")["data"]) == 1
    box.world.set_options({"refuse_fb_duplicates": False})
    graph.put_comment(post.id, "Onderweg!")


@pytest.mark.parametrize("text", ["", "   ", "x" * 8001])
def test_an_empty_or_endless_comment_is_refused(box: Sandbox, graph: facebook.GraphAPI, text: str) -> None:
    post = box.world.post_fb("Hallo", author="Jan")
    with pytest.raises(facebook.GraphAPIError) as raised:
        graph.put_comment(post.id, text)
    assert graph_error(raised.value)[0] == 100


def test_what_is_gone_is_a_100_33_for_reading_writing_and_deleting(box: Sandbox, graph: facebook.GraphAPI) -> None:
    post = box.world.post_fb("Hallo", author="Jan")
    box.world.delete_fb(post.id)
    for act in (
        lambda: graph.get_object(post.id),
        lambda: graph.put_comment(post.id, "Hoi"),
        lambda: graph.delete_object(post.id),
        lambda: graph.get_object("12345"),
    ):
        with pytest.raises(facebook.GraphAPIError) as raised:
            act()
        assert graph_error(raised.value) == (100, 33, "GraphMethodException")


def test_comments_can_be_hidden_liked_edited_and_deleted(box: Sandbox, graph: facebook.GraphAPI) -> None:
    post = box.world.post_fb("Nieuw!", kind="post")
    comment = box.world.comment_fb("lelijk", under=post.id, author="Jan")
    assert graph.request(f"v26.0/{comment.id}", post_args={"is_hidden": "true"}) == {"success": True}
    assert graph.put_like(comment.id) == {"success": True}
    found = graph.get_object(comment.id, fields="is_hidden,user_likes,like_count")
    assert (found["is_hidden"], found["user_likes"], found["like_count"]) == (True, True, 1)
    graph.request(f"v26.0/{comment.id}/likes", method="DELETE")
    assert graph.get_object(comment.id, fields="like_count")["like_count"] == 0
    own = graph.put_comment(comment.id, "tikfuot")["id"]
    graph.request(f"v26.0/{own}", post_args={"message": "tikfout"})
    assert graph.get_object(own)["message"] == "tikfout"
    assert graph.delete_object(own) == {"success": True}
    assert graph.get_connections(comment.id, "comments") == {"data": []}


def test_the_page_neither_hides_itself_nor_edits_others(box: Sandbox, graph: facebook.GraphAPI) -> None:
    post = box.world.post_fb("Hallo", author="Jan")
    own = graph.put_comment(post.id, "Hoi")["id"]
    for target, change in ((own, {"is_hidden": "true"}), (post.id, {"message": "anders"})):
        with pytest.raises(facebook.GraphAPIError) as raised:
            graph.request(f"v26.0/{target}", post_args=change)
        assert graph_error(raised.value)[0] == 200


def test_deleting_a_comment_takes_its_answers_along(box: Sandbox, graph: facebook.GraphAPI) -> None:
    post = box.world.post_fb("Nieuw!", kind="post")
    comment = box.world.comment_fb("spam", under=post.id, author="Jan")
    answer = box.world.comment_fb("meer spam", under=comment.id, author="Jan")
    graph.delete_object(comment.id)
    assert answer.deleted
    assert graph.get_connections(post.id, "comments", filter="stream") == {"data": []}


@pytest.mark.parametrize(("right", "code"), [("read", 10), ("reply", 200)])
def test_a_right_that_is_missing_is_a_permission_error(
    box: Sandbox, graph: facebook.GraphAPI, right: str, code: int
) -> None:
    post = box.world.post_fb("Hallo", author="Jan")
    box.world.account("fb_hemlund").denied = {right}
    with pytest.raises(facebook.GraphAPIError) as raised:
        _ = graph.get_connections("me", "feed") if right == "read" else graph.put_comment(post.id, "Hoi")
    assert (graph_error(raised.value)[0], last_answer(graph).status_code) == (code, 403)


def test_a_page_sees_only_what_is_its_own(box: Sandbox, graph: facebook.GraphAPI) -> None:
    box.world.add_account("fb_other", network="facebook", user_id="1100000002", handle="other", name="Other")
    post = box.world.post_fb("Bij de buren", author="Jan", page_id="1100000002")
    assert messages(graph_client(box, key="fb_other").get_connections("me", "feed")) == ["Bij de buren"]
    with pytest.raises(facebook.GraphAPIError) as raised:
        graph.get_object(post.id)
    assert graph_error(raised.value)[:2] == (100, 33)


# --- limits --------------------------------------------------------------------------------------------


def test_usage_grows_in_the_headers_until_the_page_is_stopped() -> None:
    now = [datetime(2026, 11, 21, 12, tzinfo=UTC)]
    with Sandbox(clock=lambda: now[0], limit_scale=10 / 4800) as box:
        graph, seen = graph_client(box), []
        for _ in range(10):
            graph.get_object("me")
            usage = json.loads(last_answer(graph).headers["x-business-use-case-usage"])[HEMLUND_FB][0]
            seen.append(usage["call_count"])
        assert seen == list(range(10, 101, 10))
        with pytest.raises(facebook.GraphAPIError) as raised:
            graph.get_object("me")
        assert graph_error(raised.value)[0] == 80001
        usage = json.loads(last_answer(graph).headers["x-business-use-case-usage"])[HEMLUND_FB][0]
        assert usage["estimated_time_to_regain_access"] > 0
        now[0] += timedelta(hours=1)
        assert graph.get_object("me")["id"] == HEMLUND_FB


def test_text_comes_through_as_it_was_written(box: Sandbox, graph: facebook.GraphAPI) -> None:
    text = "<b>Åsa & Co</b> \u202eomgekeerd\u202c 👨‍👩‍👧 \u0000\t einde"
    post = box.world.post_fb(text, author="Åsa")
    assert graph.get_object(post.id)["message"] == text
    comment = graph.put_comment(post.id, "Hej Åsa 👋 & välkommen <3")["id"]
    assert graph.get_object(comment)["message"] == "Hej Åsa 👋 & välkommen <3"
