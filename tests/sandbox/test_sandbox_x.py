"""The X side through unmodified tweepy, over real HTTP."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
import tweepy
from sandbox_clients import HEMLUND_X, last_answer, x_client

from webcare.sandbox import Sandbox

FULL = {
    "tweet_fields": [
        "author_id",
        "conversation_id",
        "created_at",
        "edit_controls",
        "entities",
        "in_reply_to_user_id",
        "lang",
        "note_tweet",
        "public_metrics",
        "referenced_tweets",
        "reply_settings",
    ],
    "user_fields": ["created_at", "protected", "public_metrics", "verified", "verified_type"],
    "expansions": [
        "author_id",
        "referenced_tweets.id",
        "referenced_tweets.id.author_id",
        "in_reply_to_user_id",
        "entities.mentions.username",
        "edit_history_tweet_ids",
    ],
    "user_auth": True,
}


def mentions(x: tweepy.Client, **more: Any) -> list[str]:
    found = x.get_users_mentions(HEMLUND_X, user_auth=True, max_results=100, **more)
    return [str(post.id) for post in found.data or []]


def problem(raised: pytest.ExceptionInfo[Any]) -> tuple[int, str]:
    response = raised.value.response
    return response.status_code, response.json()["detail"]


# --- who is asking -------------------------------------------------------------------------------------


def test_a_signed_request_is_answered_as_the_brand(x: tweepy.Client) -> None:
    assert (str(x.get_me().data.id), x.get_me().data.username) == (HEMLUND_X, "hemlund")


@pytest.mark.parametrize("secret", ["api_key", "api_secret", "access_token", "access_token_secret"])
def test_a_wrong_secret_is_refused(box: Sandbox, secret: str) -> None:
    with pytest.raises(tweepy.Unauthorized):
        x_client(box, **{secret: "wrong"}).get_me()


def test_a_changed_query_breaks_the_signature(box: Sandbox, x: tweepy.Client) -> None:
    x.get_users_mentions(HEMLUND_X, user_auth=True)
    sent = last_answer(x).request
    stolen = requests.get(f"{sent.url}?max_results=5", headers=sent.headers, timeout=5)
    assert stolen.status_code == 401


def test_a_request_cannot_be_played_again(x: tweepy.Client) -> None:
    x.get_me()
    sent = last_answer(x).request
    assert requests.get(sent.url, headers=sent.headers, timeout=5).status_code == 401


def test_a_signature_that_is_no_ascii_is_refused_like_any_other(box: Sandbox, x: tweepy.Client) -> None:
    x.get_me()
    sent = last_answer(x).request
    signed = re.sub(r'oauth_signature="[^"]*"', 'oauth_signature="%C3%A9"', sent.headers["Authorization"])
    assert requests.get(sent.url, headers={"Authorization": signed}, timeout=5).status_code == 401


def test_a_bearer_token_reads_but_does_not_write(box: Sandbox, x: tweepy.Client) -> None:
    box.world.post_x("@hemlund hej", author="anna")
    assert len(x.get_users_mentions(HEMLUND_X).data) == 1
    with pytest.raises(tweepy.Forbidden) as raised:
        x.create_tweet(text="Hej", user_auth=False)
    assert "Application-Only is forbidden" in problem(raised)[1]


def test_an_unknown_bearer_token_is_refused(box: Sandbox) -> None:
    with pytest.raises(tweepy.Unauthorized):
        x_client(box, bearer="made-up").get_users_mentions(HEMLUND_X)


def test_a_revoked_account_is_refused_until_it_is_back(box: Sandbox, x: tweepy.Client) -> None:
    box.world.account("x_hemlund").disconnected = "revoked"
    with pytest.raises(tweepy.Unauthorized):
        x.get_me()
    box.world.account("x_hemlund").disconnected = ""
    assert x.get_me().data.username == "hemlund"


# --- mentions ------------------------------------------------------------------------------------------


def test_an_empty_list_has_a_meta_and_no_data(x: tweepy.Client) -> None:
    x.get_users_mentions(HEMLUND_X, user_auth=True)
    assert last_answer(x).json() == {"meta": {"result_count": 0}}


def test_a_post_without_asking_shows_three_fields(box: Sandbox, x: tweepy.Client) -> None:
    post = box.world.post_x("@hemlund hej", author="anna")
    x.get_users_mentions(HEMLUND_X, user_auth=True)
    shown = {"id": str(post.id), "text": "@hemlund hej", "edit_history_tweet_ids": [str(post.id)]}
    assert last_answer(x).json()["data"] == [shown]


def test_mentions_come_newest_first_and_page_by_page(box: Sandbox, x: tweepy.Client) -> None:
    made = [str(post.id) for post in box.world.bulk_x(23)]
    pages = list(tweepy.Paginator(x.get_users_mentions, HEMLUND_X, max_results=10, user_auth=True))
    assert [len(page.data) for page in pages] == [10, 10, 3]
    assert [str(post.id) for page in pages for post in page.data] == made[::-1]
    assert "previous_token" not in pages[0].meta
    assert "next_token" not in pages[-1].meta
    back = x.get_users_mentions(
        HEMLUND_X, user_auth=True, max_results=10, pagination_token=pages[1].meta["previous_token"]
    )
    assert [post.id for post in back.data] == [post.id for post in pages[0].data]


def test_only_the_newest_800_mentions_can_be_read(box: Sandbox, x: tweepy.Client) -> None:
    made = box.world.bulk_x(830)
    pages = list(tweepy.Paginator(x.get_users_mentions, HEMLUND_X, max_results=100, user_auth=True))
    found = [post.id for page in pages for post in page.data or []]
    assert found == [post.id for post in made[:-801:-1]]


def test_since_id_and_start_time_leave_older_posts_out(box: Sandbox, x: tweepy.Client) -> None:
    start = datetime(2026, 11, 1, 12, tzinfo=UTC)
    made = box.world.bulk_x(5, start=start, every=timedelta(minutes=1))
    ids = [str(post.id) for post in made]
    assert mentions(x, since_id=ids[2]) == [ids[4], ids[3]]
    assert mentions(x, until_id=ids[2]) == [ids[1], ids[0]]
    assert mentions(x, start_time=start + timedelta(minutes=3)) == [ids[4], ids[3]]
    assert mentions(x, end_time=start + timedelta(minutes=1)) == [ids[0]]


def test_a_late_arrival_appears_below_the_newest_id(box: Sandbox, x: tweepy.Client) -> None:
    now = datetime.now(UTC)
    late = box.world.post_x("@hemlund laat", author="anna", at=now - timedelta(seconds=30), visible_after=0.3)
    early = box.world.post_x("@hemlund vroeg", author="piet", at=now - timedelta(seconds=10), visible_after=0)
    assert mentions(x) == [str(early.id)]
    assert x.get_tweet(late.id, user_auth=True).data.id == late.id  # a look-up by id does not wait for the index
    until = datetime.now(UTC) + timedelta(seconds=3)
    while len(mentions(x)) < 2 and datetime.now(UTC) < until:
        pass
    assert mentions(x) == [str(early.id), str(late.id)]
    assert mentions(x, since_id=early.id) == []


def test_expansions_bring_authors_and_what_is_answered(box: Sandbox, x: tweepy.Client) -> None:
    root = box.world.post_x("@hemlund waar blijft mijn bank?", author="jan", lang="nl")
    answer = x.create_tweet(text="Hoi Jan!", in_reply_to_tweet_id=root.id).data
    box.world.post_x("nog steeds niets", author="jan", in_reply_to=answer["id"])
    found = x.get_users_mentions(HEMLUND_X, **FULL)
    assert [post.text for post in found.data] == ["@hemlund nog steeds niets", "@hemlund waar blijft mijn bank?"]
    assert {user.username for user in found.includes["users"]} == {"jan", "hemlund"}
    assert [str(post.id) for post in found.includes["tweets"]] == [answer["id"]]
    follow_up = found.data[0]
    assert (follow_up.conversation_id, str(follow_up.in_reply_to_user_id)) == (root.id, HEMLUND_X)
    assert follow_up.referenced_tweets[0].type == "replied_to"


def test_a_deleted_post_that_was_answered_is_an_error_beside_the_data(box: Sandbox, x: tweepy.Client) -> None:
    root = box.world.post_x("eerst", author="jan")
    box.world.post_x("@hemlund zie hierboven", author="piet", in_reply_to=root.id)
    box.world.delete_x(root.id)
    found = x.get_users_mentions(HEMLUND_X, **FULL)
    assert len(found.data) == 1
    assert found.errors[0]["resource_id"] == str(root.id)


def test_text_is_escaped_and_links_are_shortened_as_on_x(box: Sandbox, x: tweepy.Client) -> None:
    box.world.post_x("@hemlund <bank> & stoel https://hemlund.example/hulp?x=1&y=2 #laat", author="anna")
    post = x.get_users_mentions(HEMLUND_X, **FULL).data[0]
    short = post.entities["urls"][0]["url"]
    assert post.text == f"@hemlund &lt;bank&gt; &amp; stoel {short} #laat"
    assert post.entities["urls"][0]["expanded_url"] == "https://hemlund.example/hulp?x=1&y=2"
    assert post.entities["hashtags"][0]["tag"] == "laat"
    assert post.entities["mentions"][0]["id"] == HEMLUND_X


def test_a_long_post_keeps_its_whole_text_in_note_tweet(box: Sandbox, x: tweepy.Client) -> None:
    box.world.post_x("@hemlund " + "lang verhaal " * 60, author="anna")
    post = x.get_users_mentions(HEMLUND_X, **FULL).data[0]
    assert len(post.text) == 280
    assert post.data["note_tweet"]["text"].count("lang verhaal") == 60


def test_an_edit_is_a_new_id_with_the_same_history(box: Sandbox, x: tweepy.Client) -> None:
    old = box.world.post_x("@hemlund mijn bnak", author="anna")
    new = box.world.edit_x(old.id, "@hemlund mijn bank")
    post = x.get_users_mentions(HEMLUND_X, **FULL).data
    assert [one.text for one in post] == ["@hemlund mijn bank"]
    assert post[0].edit_history_tweet_ids == [old.id, new.id]
    assert post[0].conversation_id == old.id
    assert x.get_tweet(old.id, user_auth=True).data.text == "@hemlund mijn bnak"


def test_a_retweet_is_among_the_mentions_and_says_so(box: Sandbox, x: tweepy.Client) -> None:
    brand = box.world.handles[("x", "hemlund")]
    own = box.world.post_x("Nieuw: de SOLVIKA", author=brand)
    box.world.retweet_x(own.id, author="fan")
    post = x.get_users_mentions(HEMLUND_X, **FULL).data[0]
    assert post.text == "RT @hemlund: Nieuw: de SOLVIKA"
    assert post.referenced_tweets[0].type == "retweeted"


def test_protected_and_suspended_authors_are_not_shown(box: Sandbox, x: tweepy.Client) -> None:
    closed = box.world.post_x("@hemlund geheim", author="dicht")
    banned = box.world.post_x("@hemlund spam", author="weg")
    box.world.set_user("x", "dicht", protected=True)
    box.world.set_user("x", "weg", suspended=True)
    assert mentions(x) == []
    errors = x.get_tweets([closed.id, banned.id], user_auth=True).errors
    assert [one["title"] for one in errors] == ["Authorization Error", "Not Found Error"]


def test_an_unknown_user_is_an_error_and_not_an_empty_list(x: tweepy.Client) -> None:
    found = x.get_users_mentions("424242", user_auth=True)
    assert found.data is None
    assert found.errors[0]["resource_type"] == "user"
    assert "meta" not in last_answer(x).json()


# --- parameters ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "parameter"),
    [
        ({"max_results": 4}, "max_results"),
        ({"max_results": 101}, "max_results"),
        ({"since_id": "12x"}, "since_id"),
        ({"pagination_token": "nonsense"}, "pagination_token"),
        ({"start_time": "yesterday"}, "start_time"),
        ({"start_time": "2026-13-41T00:00:00Z"}, "start_time"),
        ({"tweet_fields": ["shoe_size"]}, "tweet.fields"),
        ({"expansions": ["everything"]}, "expansions"),
    ],
)
def test_a_bad_parameter_is_named_in_a_400(x: tweepy.Client, more: dict[str, Any], parameter: str) -> None:
    with pytest.raises(tweepy.BadRequest) as raised:
        x.get_users_mentions(HEMLUND_X, user_auth=True, **more)
    assert parameter in raised.value.response.json()["errors"][0]["parameters"]


def test_an_unknown_parameter_is_refused(x: tweepy.Client) -> None:
    with pytest.raises(tweepy.BadRequest):
        x.request("GET", "/2/users/me", params={"colour": "red"}, user_auth=True)


# --- search --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("hemlund", {"a", "b", "d"}),
        ("bank", {"a", "b"}),
        ('"mijn bank"', {"a"}),
        ("bank -mijn", {"b"}),
        ("stoel OR kast", {"c", "d"}),
        ("(stoel OR kast) hemlund", {"d"}),
        ("@hemlund", {"a", "d"}),
        ("#hemlund", {"b"}),
        ("from:piet", {"b"}),
        ("hemlund lang:sv", {"d"}),
        ("hemlund -has:hashtags", {"a", "d"}),
        ("to:jan", {"e"}),
        ("precies is:reply", {"e"}),
        ("has:links hemlund.example", set()),
    ],
)
def test_search_speaks_the_operators_a_desk_uses(box: Sandbox, x: tweepy.Client, query: str, found: set[str]) -> None:
    world = box.world
    posts = {
        "a": world.post_x("@hemlund waar is mijn bank", author="jan", lang="nl"),
        "b": world.post_x("nieuwe bank van #hemlund!", author="piet", lang="nl"),
        "c": world.post_x("deze stoel niet", author="kees", lang="nl"),
    }
    posts["d"] = world.post_x("@hemlund min kast är trasig", author="anna", lang="sv")
    posts["e"] = world.post_x("precies", author="kees", in_reply_to=posts["a"].id)
    # an answer names the people it answers, so it belongs to "@hemlund" too
    found = found | ({"e"} if query in ("hemlund", "@hemlund", "hemlund -has:hashtags") else set())
    result = x.search_recent_tweets(query, user_auth=True)
    assert {name for name, post in posts.items() if post.id in {one.id for one in result.data or []}} == found


def test_search_finds_a_conversation_with_its_first_post(box: Sandbox, x: tweepy.Client) -> None:
    root = box.world.post_x("@hemlund hoi", author="jan")
    reply = x.create_tweet(text="Hoi Jan", in_reply_to_tweet_id=root.id).data
    box.world.post_x("iets anders", author="jan")
    found = x.search_recent_tweets(f"conversation_id:{root.id}", user_auth=True)
    assert [str(post.id) for post in found.data] == [reply["id"], str(root.id)]


def test_search_reaches_seven_days_back_and_refuses_older_marks(box: Sandbox, x: tweepy.Client) -> None:
    old = box.world.post_x("hemlund lang geleden", author="jan", at=datetime.now(UTC) - timedelta(days=8))
    box.world.post_x("hemlund vandaag", author="jan")
    assert len(x.search_recent_tweets("hemlund", user_auth=True).data) == 1
    with pytest.raises(tweepy.BadRequest) as raised:
        x.search_recent_tweets("hemlund", since_id=old.id, user_auth=True)
    assert "must be a tweet id created after" in str(raised.value)


@pytest.mark.parametrize(
    "query", ["", "-spam", "lang:nl", "(hemlund", "near:me hemlund", "hemlund OR", "is:funny bank"]
)
def test_a_query_x_would_not_take_is_refused(x: tweepy.Client, query: str) -> None:
    with pytest.raises(tweepy.BadRequest):
        x.search_recent_tweets(query, user_auth=True)


def test_search_leaves_retweets_out(box: Sandbox, x: tweepy.Client) -> None:
    post = box.world.post_x("hemlund is leuk", author="jan")
    box.world.retweet_x(post.id, author="fan")
    assert [one.id for one in x.search_recent_tweets("hemlund", user_auth=True).data] == [post.id]


# --- writing -------------------------------------------------------------------------------------------


def test_a_reply_names_the_customer_and_stands_in_the_thread(box: Sandbox, x: tweepy.Client) -> None:
    root = box.world.post_x("@hemlund help", author="jan")
    made = x.create_tweet(text="Hoi, we kijken mee", in_reply_to_tweet_id=root.id)
    assert last_answer(x).status_code == 201
    assert made.data["text"] == "@jan Hoi, we kijken mee"
    own = x.get_users_tweets(HEMLUND_X, **FULL).data[0]
    assert (own.conversation_id, own.referenced_tweets[0].id) == (root.id, root.id)


def test_the_same_words_to_the_same_customer_are_a_duplicate(box: Sandbox, x: tweepy.Client) -> None:
    jan, piet = (box.world.post_x("@hemlund help", author=name) for name in ("jan", "piet"))
    text = "Kijk op https://hemlund.example/a & bel ons"
    first = x.create_tweet(text=text, in_reply_to_tweet_id=jan.id).data
    with pytest.raises(tweepy.Forbidden) as raised:
        x.create_tweet(text=text, in_reply_to_tweet_id=jan.id)
    assert problem(raised) == (403, "You are not allowed to create a Tweet with duplicate content.")
    x.create_tweet(text=text, in_reply_to_tweet_id=piet.id)
    x.delete_tweet(first["id"])
    assert x.create_tweet(text=text, in_reply_to_tweet_id=jan.id).data["id"] != first["id"]


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("a" * 280, True),
        ("a" * 281, False),
        ("漢" * 140, True),
        ("漢" * 141, False),
        ("👨‍👩‍👧‍👦" * 140, True),
        ("👨‍👩‍👧‍👦" * 141, False),
        ("a" * 256 + " https://hemlund.example/" + "x" * 300, True),
        ("a" * 257 + " https://hemlund.example/" + "x" * 300, False),
    ],
)
def test_length_is_weighted_as_on_x(x: tweepy.Client, text: str, fits: bool) -> None:
    if fits:
        assert x.create_tweet(text=text).data["id"]
        return
    with pytest.raises(tweepy.Forbidden) as raised:
        x.create_tweet(text=text)
    assert "too long" in problem(raised)[1]


def test_names_in_front_of_a_reply_do_not_count(box: Sandbox, x: tweepy.Client) -> None:
    root = box.world.post_x("@hemlund help", author="jan")
    made = x.create_tweet(text="a" * 280, in_reply_to_tweet_id=root.id)
    assert made.data["text"] == "@jan " + "a" * 280
    own = x.get_users_tweets(HEMLUND_X, user_auth=True, tweet_fields=["note_tweet"]).data[0]
    assert own.text == "@jan " + "a" * 280


def test_a_reply_to_nobody_who_called_is_refused_by_the_rule(box: Sandbox, x: tweepy.Client) -> None:
    stranger = box.world.post_x("mijn hemlund bank is stuk", author="jan")
    with pytest.raises(tweepy.Forbidden) as raised:
        x.create_tweet(text="Hoi", in_reply_to_tweet_id=stranger.id)
    assert "where you are mentioned" in problem(raised)[1]
    box.world.set_options({"summoned_only": False})
    assert x.create_tweet(text="Hoi", in_reply_to_tweet_id=stranger.id).data["id"]


def test_who_quotes_the_brand_may_be_answered(box: Sandbox, x: tweepy.Client) -> None:
    own = x.create_tweet(text="Nieuw!").data
    quoting = box.world.post_x("mooi dit", author="jan", quote=own["id"])
    assert x.create_tweet(text="Dank!", in_reply_to_tweet_id=quoting.id).data["id"]


def test_a_closed_conversation_takes_no_reply(box: Sandbox, x: tweepy.Client) -> None:
    root = box.world.post_x("praatje", author="jan", reply_settings="mentionedUsers")
    inside = box.world.post_x("@hemlund zie je dit", author="piet", in_reply_to=root.id)
    with pytest.raises(tweepy.Forbidden) as raised:
        x.create_tweet(text="Ja", in_reply_to_tweet_id=inside.id)
    assert problem(raised)[1].startswith("Reply to this conversation is not allowed")


def test_a_reply_to_a_deleted_post_is_refused(box: Sandbox, x: tweepy.Client) -> None:
    root = box.world.post_x("@hemlund help", author="jan")
    box.world.delete_x(root.id)
    with pytest.raises(tweepy.Forbidden) as raised:
        x.create_tweet(text="Hoi", in_reply_to_tweet_id=root.id)
    assert "deleted or not visible" in problem(raised)[1]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"text": "   "},
        {"text": 7},
        {"text": "a", "colour": "red"},
        {"text": "a", "reply": {"in_reply_to_tweet_id": 12}},
        {"text": "a", "reply": "12"},
    ],
)
def test_a_malformed_post_is_a_400_and_nothing_is_posted(box: Sandbox, x: tweepy.Client, body: dict[str, Any]) -> None:
    with pytest.raises(tweepy.BadRequest):
        x.request("POST", "/2/tweets", json=body, user_auth=True)
    assert not box.world.x.posts


def test_a_deleted_post_is_gone_for_look_ups_and_lists(box: Sandbox, x: tweepy.Client) -> None:
    made = x.create_tweet(text="Oeps").data["id"]
    assert x.delete_tweet(made).data == {"deleted": True}
    found = x.get_tweets([made], user_auth=True)
    assert (found.data, found.errors[0]["resource_id"]) == (None, made)
    assert x.get_tweet(made, user_auth=True).errors[0]["type"].endswith("resource-not-found")
    assert x.get_users_tweets(HEMLUND_X, user_auth=True).data is None


def test_nobody_deletes_the_posts_of_others(box: Sandbox, x: tweepy.Client) -> None:
    post = box.world.post_x("@hemlund bah", author="jan")
    with pytest.raises(tweepy.Forbidden):
        x.delete_tweet(post.id)
    assert not post.deleted


def test_replies_under_our_own_post_can_be_hidden_and_shown(box: Sandbox, x: tweepy.Client) -> None:
    own = x.create_tweet(text="Nieuw!").data["id"]
    reply = box.world.post_x("lelijk", author="jan", in_reply_to=own)
    assert x.hide_reply(reply.id).data == {"hidden": True}
    assert reply.hidden
    assert x.unhide_reply(reply.id).data == {"hidden": False}
    elsewhere = box.world.post_x("@hemlund lelijk", author="jan")
    with pytest.raises(tweepy.Forbidden):
        x.hide_reply(elsewhere.id)


def test_liking_counts_and_can_be_undone(box: Sandbox, x: tweepy.Client) -> None:
    post = box.world.post_x("@hemlund top", author="jan")
    assert x.like(post.id).data == {"liked": True}
    assert x.get_tweet(post.id, **FULL).data.public_metrics["like_count"] == 1
    assert x.unlike(post.id).data == {"liked": False}
    assert x.get_tweet(post.id, **FULL).data.public_metrics["like_count"] == 0


def test_the_own_timeline_can_leave_replies_out(box: Sandbox, x: tweepy.Client) -> None:
    root = box.world.post_x("@hemlund help", author="jan")
    x.create_tweet(text="Hoi", in_reply_to_tweet_id=root.id)
    own = x.create_tweet(text="Nieuw!").data["id"]
    found = x.get_users_tweets(HEMLUND_X, user_auth=True, exclude=["replies"]).data
    assert [str(post.id) for post in found] == [own]


def test_people_are_found_by_name_and_missed_with_an_error(box: Sandbox, x: tweepy.Client) -> None:
    box.world.user("x", "jan", "Jan Jansen")
    assert x.get_user(username="Jan", user_auth=True).data.name == "Jan Jansen"
    assert x.get_user(username="nobody", user_auth=True).errors[0]["parameter"] == "username"
    assert x.get_user(id=HEMLUND_X, user_auth=True, user_fields=["verified_type"]).data.username == "hemlund"


def test_a_right_that_was_taken_away_is_a_403(box: Sandbox, x: tweepy.Client) -> None:
    box.world.account("x_hemlund").denied = {"reply"}
    with pytest.raises(tweepy.Forbidden):
        x.create_tweet(text="Hoi")


# --- limits and dialects -------------------------------------------------------------------------------


def test_limits_are_announced_and_kept_per_endpoint(box: Sandbox, x: tweepy.Client) -> None:
    left = []
    for _ in range(75):
        x.get_me()
        left.append(int(last_answer(x).headers["x-rate-limit-remaining"]))
    assert left == list(range(74, -1, -1))
    with pytest.raises(tweepy.TooManyRequests) as raised:
        x.get_me()
    wait = datetime.fromtimestamp(raised.value.reset_time, UTC) - datetime.now(UTC)
    assert timedelta(minutes=14) < wait <= timedelta(minutes=15)
    assert x.get_users_mentions(HEMLUND_X, user_auth=True).meta == {"result_count": 0}


def test_limits_open_again_when_the_window_is_over() -> None:
    now = [datetime(2026, 11, 21, 12, tzinfo=UTC)]
    with Sandbox(clock=lambda: now[0], limit_scale=0.01) as box:
        x = x_client(box)
        x.get_me()
        with pytest.raises(tweepy.TooManyRequests):
            x.get_me()
        now[0] += timedelta(minutes=15)
        assert x.get_me().data.username == "hemlund"


def test_the_newer_dialect_answers_in_the_new_names(box: Sandbox) -> None:
    box.world.set_options({"dialect": "post"})
    x = x_client(box)
    root = box.world.post_x("@hemlund help", author="jan")
    box.world.post_x("hallo?", author="jan", in_reply_to=root.id)
    new = {"post.fields": "referenced_posts,conversation_id", "expansions": "referenced_posts.id"}
    raw = x.request("GET", f"/2/users/{HEMLUND_X}/mentions", params=new, user_auth=True).json()
    assert raw["data"][0]["referenced_posts"] == [{"type": "replied_to", "id": str(root.id)}]
    assert raw["data"][0]["edit_history_post_ids"] == [raw["data"][0]["id"]]
    assert raw["includes"]["posts"][0]["id"] == str(root.id)
    old = {"tweet.fields": "referenced_tweets"}
    raw = x.request("GET", f"/2/users/{HEMLUND_X}/mentions", params=old, user_auth=True).json()
    assert "referenced_posts" in raw["data"][0]


def test_the_older_dialect_does_not_know_the_new_names(x: tweepy.Client) -> None:
    with pytest.raises(tweepy.BadRequest):
        x.request("GET", "/2/users/me", params={"post.fields": "text"}, user_auth=True)


def test_ids_tell_the_time_of_the_post(box: Sandbox, x: tweepy.Client) -> None:
    at = datetime(2026, 11, 20, 8, 30, 15, 250_000, tzinfo=UTC)
    post = box.world.post_x("@hemlund vroeg", author="jan", at=at)
    assert x.get_tweet(post.id, **FULL).data.created_at == at
    assert ((post.id >> 22) + 1_288_834_974_657) / 1000 == at.timestamp()
