"""Fidelity: every answer of the X side fits X's own description strictly; test_sandbox_fidelity_x.py goes on.

These tests read `../shared/contracts`, which is not part of the repository, and skip where it is absent. The other
tests of the X side are judged by the same description wherever it is at hand (see `conftest.py`).
"""

import json
from typing import Any

import jsonschema
import pytest
import tweepy
from sandbox_clients import HEMLUND_X, last_answer, x_client
from x_contract import Contract

from webcare.sandbox import Sandbox
from webcare.sandbox.x_view import POST_EXPANSIONS, POST_FIELDS, USER_FIELDS

pytestmark = pytest.mark.contracts
ALL_FIELDS = {
    "tweet_fields": sorted(POST_FIELDS),
    "user_fields": sorted(USER_FIELDS),
    "expansions": sorted(POST_EXPANSIONS),
    "user_auth": True,
}


@pytest.fixture
def x(box: Sandbox, contract: Contract) -> tweepy.Client:
    """Checks each answer as it comes, beside the recorder that all tests have."""
    return x_client(box, check=contract.check)


def lively(box: Sandbox, x: tweepy.Client) -> list[int]:
    """A bit of everything: threads, edits, quotes, retweets, long text, deletions, protected people."""
    world = box.world
    root = world.post_x("@hemlund <waar> & https://hemlund.example/x?a=1 #bank @unknown_one", author="jan", lang="nl")
    reply = int(x.create_tweet(text="Hoi https://hemlund.example", in_reply_to_tweet_id=root.id).data["id"])
    thanks = world.post_x("dank 😀", author="jan", in_reply_to=reply)
    long = world.post_x("@hemlund " + "langer " * 90, author="piet")
    quoting = world.post_x("@hemlund zie dit", author="kees", quote=root.id)
    edited = world.edit_x(world.post_x("@hemlund typo", author="anna", lang="nb").id, "@hemlund rettet")
    retweet = world.retweet_x(reply, author="fan")
    gone = world.post_x("weg", author="jan")
    orphan = world.post_x("@hemlund hierboven stond iets", author="piet", in_reply_to=gone.id)
    world.delete_x(gone.id)
    closed = world.post_x("@hemlund dicht", author="dicht")
    world.set_user("x", "dicht", protected=True)
    made = (root, thanks, long, quoting, edited, retweet, gone, orphan, closed)
    return [reply, *(post.id for post in made)]


def test_every_way_of_reading_fits_the_description(box: Sandbox, x: tweepy.Client, contract: Contract) -> None:
    before = contract.checked
    ids = lively(box, x)
    x.get_me(user_fields=sorted(USER_FIELDS))
    x.get_user(username="hemlund", user_auth=True, user_fields=sorted(USER_FIELDS))
    x.get_user(username="nobody_here", user_auth=True)
    x.get_user(id="42", user_auth=True)
    assert x.get_users_mentions(HEMLUND_X, max_results=5, **ALL_FIELDS).meta["next_token"]
    assert x.get_users_tweets(HEMLUND_X, **ALL_FIELDS).data
    assert x.search_recent_tweets("hemlund", **ALL_FIELDS).data
    assert x.get_tweets(ids, **ALL_FIELDS).errors
    for number in ids:
        x.get_tweet(number, **ALL_FIELDS)
    x.get_direct_message_events(user_auth=True)
    assert contract.checked - before >= len(ids) + 10


def test_every_way_of_writing_fits_the_description(box: Sandbox, x: tweepy.Client, contract: Contract) -> None:
    before = contract.checked
    root = box.world.post_x("@hemlund help", author="jan")
    own = x.create_tweet(text="Hoi", in_reply_to_tweet_id=root.id).data["id"]
    below = box.world.post_x("bah", author="piet", in_reply_to=x.create_tweet(text="Nieuw!").data["id"])
    x.hide_reply(below.id)
    x.like(root.id)
    x.unlike(root.id)
    x.delete_tweet(own)
    assert contract.checked - before == 6


@pytest.mark.parametrize(
    "refused",
    [
        lambda x: x.get_users_mentions(HEMLUND_X, max_results=3, user_auth=True),
        lambda x: x.search_recent_tweets("-spam", user_auth=True),
        lambda x: x.get_tweets(["12x"], user_auth=True),
        lambda x: x.create_tweet(text=""),
        lambda x: x.create_tweet(text="a" * 300),
        lambda x: x.create_tweet(text="Hoi", in_reply_to_tweet_id="12345"),
        lambda x: x.create_tweet(text="Hoi", user_auth=False),
        lambda x: x.delete_tweet("12345"),
    ],
)
def test_every_refusal_fits_the_description(x: tweepy.Client, contract: Contract, refused: Any) -> None:
    before = contract.checked
    with pytest.raises(tweepy.HTTPException):
        refused(x)
    assert contract.checked == before + 1


def test_a_stranger_and_a_spent_limit_fit_the_description(box: Sandbox, contract: Contract) -> None:
    stranger = x_client(box, check=contract.check, access_token_secret="wrong")
    with pytest.raises(tweepy.Unauthorized):
        stranger.get_me()
    box.world.set_options({"limit_scale": 0.001})
    x = x_client(box, check=contract.check)
    x.get_me()
    with pytest.raises(tweepy.TooManyRequests):
        x.get_me()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda post: post.update(id=int(post["id"])),
        lambda post: post.update(shoe_size="44"),
        lambda post: post["public_metrics"].update(like_count="0"),
        lambda post: post["public_metrics"].update(shoe_size=44),
        lambda post: post.update(created_at="gisteren"),
        lambda post: post.update(text=None),
        lambda post: post.update(referenced_tweets=[{"type": "answered", "id": "1"}]),
        lambda post: post["entities"]["mentions"][0].update(shoe_size=44),
        lambda post: post["entities"].update(mentions=[]),
        lambda post: post["edit_controls"].pop("edits_remaining"),
    ],
)
def test_the_judge_catches_what_does_not_fit(box: Sandbox, x: tweepy.Client, contract: Contract, spoil: Any) -> None:
    box.world.post_x("@hemlund hoi", author="jan")
    x.get_users_mentions(HEMLUND_X, **ALL_FIELDS)
    answer = last_answer(x)
    body = answer.json()
    spoil(body["data"][0])
    answer._content = json.dumps(body).encode()
    with pytest.raises(jsonschema.ValidationError):
        contract.check(answer)
