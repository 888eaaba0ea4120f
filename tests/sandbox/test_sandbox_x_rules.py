"""The rules of X a desk runs into: edits, who may answer, search windows, caps, daily limits, late and lost posts."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
import tweepy
from sandbox_clients import HEMLUND_X, last_answer, x_client

from webcare.sandbox import Sandbox

START = datetime(2026, 11, 2, 8, tzinfo=UTC)


class Turned:
    """A clock turned by hand."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def turned() -> Turned:
    return Turned()


@pytest.fixture
def box(turned: Turned) -> Any:
    with Sandbox(clock=turned) as running:
        yield running


def detail(raised: pytest.ExceptionInfo[Any]) -> str:
    return str(raised.value.response.json().get("detail", "")) + str(raised.value.response.json().get("errors", ""))


def edited(x: tweepy.Client, post: str, text: str) -> str:
    body = {"text": text, "edit_options": {"previous_post_id": post}}
    return str(x.request("POST", "/2/tweets", json=body, user_auth=True).json()["data"]["id"])


# --- edits -----------------------------------------------------------------------------------------------


def test_a_post_of_ours_can_be_edited_five_times_within_an_hour(box: Sandbox, x: tweepy.Client, turned: Turned) -> None:
    versions = [str(x.create_tweet(text="Versie 0").data["id"])]
    for n in range(1, 6):
        turned.now += timedelta(minutes=5)
        versions.append(edited(x, versions[-1], f"Versie {n}"))
    assert len(set(versions)) == 6
    shown = x.get_users_tweets(HEMLUND_X, user_auth=True).data
    assert [(post.text, [str(one) for one in post.edit_history_tweet_ids]) for post in shown] == [
        ("Versie 5", versions)
    ]
    with pytest.raises(tweepy.Forbidden) as raised:
        edited(x, versions[-1], "Versie 6")
    assert "as often as it may be" in detail(raised)


def test_an_old_post_an_answer_and_a_stranger_s_post_cannot_be_edited(
    box: Sandbox, x: tweepy.Client, turned: Turned
) -> None:
    theirs = box.world.post_x("@hemlund help", author="jan")
    answer = x.create_tweet(text="Hoi", in_reply_to_tweet_id=theirs.id).data["id"]
    own = x.create_tweet(text="Nieuw").data["id"]
    for post in (str(theirs.id), answer):
        with pytest.raises(tweepy.Forbidden):
            edited(x, post, "Anders")
    turned.now += timedelta(hours=1)
    with pytest.raises(tweepy.Forbidden) as raised:
        edited(x, own, "Anders")
    assert "no longer be edited" in detail(raised)
    with pytest.raises(tweepy.BadRequest):
        edited(x, "no id", "Anders")


def test_an_edited_mention_is_new_to_who_reads_on_from_the_old_one(
    box: Sandbox, x: tweepy.Client, turned: Turned
) -> None:
    old = box.world.post_x("@hemlund mijn bnak", author="jan")
    turned.now += timedelta(minutes=1)
    new = box.world.edit_x(old.id, "@hemlund mijn bank")
    found = x.get_users_mentions(HEMLUND_X, since_id=old.id, user_auth=True).data
    assert [(post.id, post.edit_history_tweet_ids) for post in found] == [(new.id, [old.id, new.id])]


# --- who may answer ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "text", "allowed"),
    [
        ("everyone", "hemlund is duur", True),
        ("verified", "hemlund is duur", True),
        ("mentionedUsers", "hemlund is duur", False),
        ("following", "hemlund is duur", False),
        ("subscribers", "hemlund is duur", False),
        ("mentionedUsers", "@hemlund is duur", True),
    ],
)
def test_the_author_says_who_may_answer(
    box: Sandbox, x: tweepy.Client, settings: str, text: str, allowed: bool
) -> None:
    box.world.set_options({"summoned_only": False})
    post = box.world.post_x(text, author="jan", reply_settings=settings)
    shown = x.get_tweet(post.id, user_auth=True, tweet_fields=["reply_settings"]).data
    assert shown.reply_settings == settings
    if allowed:
        assert x.create_tweet(text="Hoi", in_reply_to_tweet_id=post.id).data["id"]
        return
    with pytest.raises(tweepy.Forbidden) as raised:
        x.create_tweet(text="Hoi", in_reply_to_tweet_id=post.id)
    assert "Reply to this conversation is not allowed" in detail(raised)


def test_a_stranger_s_post_cannot_be_quoted_either(box: Sandbox, x: tweepy.Client) -> None:
    stranger = box.world.post_x("hemlund is duur", author="jan")
    with pytest.raises(tweepy.Forbidden) as raised:
        x.create_tweet(text="Zie", quote_tweet_id=stranger.id)
    assert "where you are mentioned" in detail(raised)
    called = box.world.post_x("@hemlund is top", author="jan")
    assert x.create_tweet(text="Zie", quote_tweet_id=called.id).data["id"]


def test_a_token_may_run_out(box: Sandbox, x: tweepy.Client, turned: Turned) -> None:
    box.world.account("x_hemlund").expires_at = START + timedelta(hours=2)
    assert x.get_me().data.username == "hemlund"
    turned.now += timedelta(hours=2)
    with pytest.raises(tweepy.Unauthorized):
        x.get_me()


def test_thousands_of_posts_in_one_moment_have_ids_in_order(box: Sandbox, x: tweepy.Client) -> None:
    made = [post.id for post in box.world.bulk_x(3000, start=START - timedelta(minutes=1), every=timedelta(0))]
    assert made == list(range(made[0], made[0] + 3000))
    assert [post.id for post in x.get_users_mentions(HEMLUND_X, max_results=5, user_auth=True).data] == made[:-6:-1]


def test_a_post_of_a_closed_or_protected_account_cannot_be_answered(box: Sandbox, x: tweepy.Client) -> None:
    for handle, change in (("dicht", {"protected": True}), ("weg", {"suspended": True})):
        post = box.world.post_x("@hemlund hoi", author=handle)
        box.world.set_user("x", handle, **change)
        with pytest.raises(tweepy.Forbidden) as raised:
            x.create_tweet(text="Hoi", in_reply_to_tweet_id=post.id)
        assert "deleted or not visible to you" in detail(raised)


def test_a_renamed_customer_keeps_posts_and_gets_a_new_name_everywhere(box: Sandbox, x: tweepy.Client) -> None:
    post = box.world.post_x("@hemlund hoi", author="jan")
    box.world.set_user("x", "jan", handle="jan_nu", name="Jan Nu")
    found = x.get_users_mentions(HEMLUND_X, expansions=["author_id"], user_auth=True)
    assert [(user.username, user.name) for user in found.includes["users"]] == [("jan_nu", "Jan Nu")]
    assert found.data[0].author_id == int(post.author_id), "an expansion brings the field it expands"
    assert x.create_tweet(text="Hoi", in_reply_to_tweet_id=post.id).data["text"] == "@jan_nu Hoi"
    assert x.search_recent_tweets("from:jan_nu", user_auth=True).data[0].id == post.id


# --- search ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("(bank OR kast) -lang:sv", {"a", "b"}),
        ('"mijn bank" OR "min kast"', {"a", "c"}),
        ("(from:jan OR from:anna) (bank OR kast)", {"a", "c"}),
        ("bank has:media", {"b"}),
        ("bank has:videos", set()),
        ("kast -(bank OR is:reply)", {"c"}),
        ("url:hemlund.example", {"d"}),
        ("from:hemlund is:verified", {"e"}),
        ("hemlund -from:hemlund has:links", {"d"}),
        ("@hemlund OR #hemlund", {"a", "b", "c"}),
    ],
)
def test_search_combines_operators(box: Sandbox, x: tweepy.Client, query: str, found: set[str]) -> None:
    world = box.world
    posts = {
        "a": world.post_x("@hemlund waar is mijn bank", author="jan", lang="nl"),
        "b": world.post_x("bank #hemlund", author="piet", lang="nl", media=[("photo", "https://pbs.example/1.jpg")]),
        "c": world.post_x("@hemlund min kast är trasig", author="anna", lang="sv"),
        "d": world.post_x("kijk https://hemlund.example/x van hemlund", author="kees", lang="nl"),
        "e": world.post_x("Nieuw van ons", author=world.handles["x", "hemlund"]),
    }
    result = x.search_recent_tweets(query, user_auth=True)
    assert {name for name, post in posts.items() if post.id in {one.id for one in result.data or []}} == found


def test_search_finds_answers_and_quotes_of_one_post(box: Sandbox, x: tweepy.Client) -> None:
    own = x.create_tweet(text="Nieuw!").data["id"]
    answer = box.world.post_x("mooi", author="jan", in_reply_to=own)
    quote = box.world.post_x("kijk", author="piet", quote=own)
    assert [post.id for post in x.search_recent_tweets(f"in_reply_to_tweet_id:{own}", user_auth=True).data] == [
        answer.id
    ]
    assert [post.id for post in x.search_recent_tweets(f"quotes_of_tweet_id:{own}", user_auth=True).data] == [quote.id]


def test_search_pages_through_thousands_without_loss(box: Sandbox, x: tweepy.Client) -> None:
    made = [post.id for post in box.world.bulk_x(1500)]
    pages = tweepy.Paginator(x.search_recent_tweets, "message OR number", max_results=100, user_auth=True)
    assert [post.id for page in pages for post in page.data] == made[::-1]


@pytest.mark.parametrize(
    ("start", "end", "wrong"),
    [
        (-8 * 86_400, None, "must be on or after"),
        (-5, None, "10 seconds prior"),
        (-60, -5, "10 seconds prior"),
        (-60, -120, "must be before 'end_time'"),
    ],
)
def test_search_refuses_times_it_cannot_serve(
    box: Sandbox, x: tweepy.Client, start: int, end: int | None, wrong: str
) -> None:
    times = {"start_time": START + timedelta(seconds=start)}
    if end is not None:
        times["end_time"] = START + timedelta(seconds=end)
    with pytest.raises(tweepy.BadRequest) as raised:
        x.search_recent_tweets("hemlund", user_auth=True, **times)
    assert wrong in detail(raised)


def test_search_may_lag_behind_the_lists(box: Sandbox, x: tweepy.Client, turned: Turned) -> None:
    box.world.set_options({"search_lag_s": 30.0})
    post = box.world.post_x("@hemlund hoi", author="jan")
    turned.now += timedelta(seconds=1)
    assert x.search_recent_tweets("hemlund", user_auth=True).data is None
    assert x.get_users_mentions(HEMLUND_X, user_auth=True).data[0].id == post.id
    turned.now += timedelta(seconds=30)
    assert x.search_recent_tweets("hemlund", user_auth=True).data[0].id == post.id


# --- limits and money ----------------------------------------------------------------------------------------


def test_posting_has_a_window_of_a_day_that_all_accounts_of_an_app_share(box: Sandbox, turned: Turned) -> None:
    keys = {name: box.credentials("x_hemlund")[name] for name in ("api_key", "api_secret")}
    secrets = {**keys, "access_token": "3300000002-other", "access_token_secret": "other", "bearer_token": "other"}
    box.world.add_account("x_two", network="x", user_id="3300000002", handle="two", name="Two", secrets=secrets)
    box.world.set_options({"limit_scale": 0.00031})  # one post per 15 minutes, three a day
    x, two = x_client(box), x_client(box, key="x_two")
    for n, client in enumerate((x, two, x)):
        client.create_tweet(text=f"nummer {n}")
        turned.now += timedelta(minutes=15)
    told = last_answer(x).headers
    assert (told["x-app-limit-24hour-limit"], told["x-app-limit-24hour-remaining"]) == ("3", "0")
    assert int(told["x-app-limit-24hour-reset"]) == int((START + timedelta(hours=24)).timestamp())
    with pytest.raises(tweepy.TooManyRequests):
        two.create_tweet(text="te veel")
    assert last_answer(two).headers["x-rate-limit-remaining"] == "0"
    turned.now = START + timedelta(hours=24)
    assert two.create_tweet(text="een nieuwe dag").data["id"]


def test_a_used_up_month_is_a_429_that_no_window_explains(box: Sandbox, x: tweepy.Client, turned: Turned) -> None:
    box.world.bulk_x(12)
    box.world.set_options({"x_post_cap": 10.0})
    x.get_users_mentions(HEMLUND_X, max_results=10, user_auth=True)
    with pytest.raises(tweepy.TooManyRequests) as raised:
        x.get_users_mentions(HEMLUND_X, user_auth=True)
    assert raised.value.response.json()["period"] == "Monthly"
    assert int(raised.value.response.headers["x-rate-limit-remaining"]) > 0
    assert x.get_me().data.username == "hemlund"
    turned.now = datetime(2026, 12, 1, tzinfo=UTC)
    assert x.get_users_mentions(HEMLUND_X, user_auth=True).data


def test_no_credits_is_a_402_for_everything(box: Sandbox, x: tweepy.Client) -> None:
    box.world.set_options({"x_credit_usd": 0.02})
    x.create_tweet(text="een")
    x.create_tweet(text="twee")
    for act in (x.get_me, lambda: x.create_tweet(text="drie")):
        with pytest.raises(tweepy.HTTPException) as raised:
            act()
        assert raised.value.response.status_code == 402
    box.world.set_options({"x_credit_usd": 10.0})
    assert x.get_me().data.username == "hemlund"


def test_what_was_read_and_written_is_on_the_bill_once_a_day(box: Sandbox, x: tweepy.Client, turned: Turned) -> None:
    root = box.world.post_x("@hemlund help", author="jan")
    box.world.message_x("hoi", sender="jan", to="hemlund")
    for _ in range(3):
        x.get_users_mentions(HEMLUND_X, user_auth=True)
        x.search_recent_tweets("help", user_auth=True)
        x.get_direct_message_events(user_auth=True)
    x.create_tweet(text="Hoi", in_reply_to_tweet_id=root.id)
    x.create_tweet(text="Zie https://hemlund.example")
    x.create_tweet(text="Nieuw")
    x.create_direct_message(participant_id=root.author_id, text="Dag")
    turned.now += timedelta(days=1)
    x.get_users_mentions(HEMLUND_X, user_auth=True)
    bill = requests.get(f"{box.url}/sandbox/usage", timeout=5).json()
    read = {"owned_read": 1, "post_read": 1, "dm_read": 1}
    written = {"summoned_reply": 1, "post_create_url": 1, "post_create": 1, "dm_create": 1}
    assert [(day["day"], day["counts"]) for day in bill] == [
        ("2026-11-02", read | written),
        ("2026-11-03", {"owned_read": 1}),
    ]
    assert bill[0]["micros"] == 1_000 + 5_000 + 10_000 + 10_000 + 200_000 + 15_000 + 15_000


def test_a_token_that_may_not_read_messages_still_reads_posts(box: Sandbox, x: tweepy.Client) -> None:
    box.world.account("x_hemlund").denied = {"read_messages", "message"}
    box.world.message_x("hoi", sender="jan", to="hemlund")
    for act in (
        lambda: x.get_direct_message_events(user_auth=True),
        lambda: x.create_direct_message(participant_id=box.world.user("x", "jan").id, text="Dag"),
    ):
        with pytest.raises(tweepy.Forbidden):
            act()
    assert x.get_users_mentions(HEMLUND_X, user_auth=True).meta == {"result_count": 0}
