"""Direct messages, pictures, quotes and look-ups of people on the X side, through unmodified tweepy."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
import tweepy
from sandbox_clients import HEMLUND_X, last_answer

from webcare.sandbox import Sandbox

DM_FIELDS = ["created_at", "sender_id", "dm_conversation_id", "event_type", "text", "referenced_tweets", "entities"]


def texts(found: Any) -> list[str]:
    return [event.text for event in found.data or []]


def person(box: Sandbox, handle: str) -> str:
    return box.world.user("x", handle).id


def test_a_mailbox_without_messages_has_a_meta_and_no_data(x: tweepy.Client) -> None:
    assert x.get_direct_message_events(user_auth=True).meta == {"result_count": 0}


def test_messages_come_newest_first_with_their_senders(box: Sandbox, x: tweepy.Client) -> None:
    post = box.world.post_x("@hemlund help", author="jan")
    box.world.message_x("Waar is <mijn> bank?", sender="jan", to="hemlund", post=post.id)
    box.world.message_x("zie https://hemlund.example/x @hemlund", sender="piet", to="hemlund")
    found = x.get_direct_message_events(
        dm_event_fields=DM_FIELDS, expansions=["sender_id", "referenced_tweets.id"], user_auth=True
    )
    assert texts(found)[1] == "Waar is &lt;mijn&gt; bank?"
    assert found.data[1].data["referenced_tweets"] == [{"id": str(post.id)}]
    assert found.data[0].data["urls"][0]["expanded_url"] == "https://hemlund.example/x"
    assert {user.username for user in found.includes["users"]} == {"jan", "piet"}
    assert [str(one.id) for one in found.includes["tweets"]] == [str(post.id)]
    low, high = sorted([HEMLUND_X, person(box, "jan")], key=int)
    assert found.data[1].dm_conversation_id == f"{low}-{high}"


def test_a_conversation_can_be_read_by_its_person_and_by_its_id(box: Sandbox, x: tweepy.Client) -> None:
    box.world.message_x("hoi", sender="jan", to="hemlund")
    box.world.message_x("iets anders", sender="piet", to="hemlund")
    sent = x.create_direct_message(participant_id=person(box, "jan"), text="Dag Jan").data
    assert last_answer(x).status_code == 201
    with_jan = x.get_direct_message_events(participant_id=person(box, "jan"), user_auth=True)
    by_id = x.get_direct_message_events(dm_conversation_id=sent["dm_conversation_id"], user_auth=True)
    assert texts(with_jan) == texts(by_id) == ["Dag Jan", "hoi"]
    again = x.create_direct_message(dm_conversation_id=sent["dm_conversation_id"], text="Nog iets").data
    assert again["dm_conversation_id"] == sent["dm_conversation_id"]


def test_only_who_wrote_or_opened_the_door_gets_a_message(box: Sandbox, x: tweepy.Client) -> None:
    with pytest.raises(tweepy.Forbidden) as raised:
        x.create_direct_message(participant_id=person(box, "kees"), text="Hallo")
    assert raised.value.response.json()["detail"] == "You do not have permission to DM one or more participants."
    assert not x.get_user(username="kees", user_auth=True, user_fields=["receives_your_dm"]).data.data.get(
        "receives_your_dm"
    )
    box.world.set_user("x", "kees", takes_messages=True)
    assert x.create_direct_message(participant_id=person(box, "kees"), text="Hallo").data["dm_event_id"]
    box.world.message_x("hoi", sender="jan", to="hemlund")
    box.world.set_user("x", "jan", suspended=True)
    with pytest.raises(tweepy.Forbidden):
        x.create_direct_message(participant_id=person(box, "jan"), text="Hallo")


def test_messages_are_read_page_by_page_and_thirty_days_back(box: Sandbox, x: tweepy.Client) -> None:
    now = datetime.now(UTC)
    box.world.message_x("te oud", sender="jan", to="hemlund", at=now - timedelta(days=31))
    for n in range(7):
        box.world.message_x(f"nr {n}", sender="jan", to="hemlund", at=now - timedelta(minutes=30 - n))
    first = x.get_direct_message_events(max_results=4, user_auth=True)
    second = x.get_direct_message_events(max_results=4, pagination_token=first.meta["next_token"], user_auth=True)
    assert texts(first) + texts(second) == [f"nr {n}" for n in range(6, -1, -1)]
    # X hands out a token even after the last page; what it leads to is empty
    third = x.get_direct_message_events(max_results=4, pagination_token=second.meta["next_token"], user_auth=True)
    assert third.meta == {"result_count": 0}
    back = x.get_direct_message_events(max_results=4, pagination_token=second.meta["previous_token"], user_auth=True)
    assert texts(back) == texts(first)


def test_the_lists_of_messages_share_one_window(box: Sandbox, x: tweepy.Client) -> None:
    box.world.message_x("hoi", sender="jan", to="hemlund")
    x.get_direct_message_events(user_auth=True)
    x.get_direct_message_events(participant_id=person(box, "jan"), user_auth=True)
    limits = last_answer(x).headers
    assert (limits["x-rate-limit-limit"], limits["x-rate-limit-remaining"]) == ("15", "13")
    x.create_direct_message(participant_id=person(box, "jan"), text="Dag")
    limits = last_answer(x).headers
    assert (limits["x-rate-limit-remaining"], limits["x-user-limit-24hour-remaining"]) == ("14", "1439")


def test_strange_conversations_are_refused(box: Sandbox, x: tweepy.Client) -> None:
    ids = sorted([person(box, "jan"), person(box, "piet")], key=int)
    with pytest.raises(tweepy.Forbidden):
        x.get_direct_message_events(dm_conversation_id="-".join(ids), user_auth=True)
    with pytest.raises(tweepy.BadRequest):
        x.get_direct_message_events(dm_conversation_id="not-one", user_auth=True)
    with pytest.raises(tweepy.BadRequest):
        x.create_direct_message(participant_id=person(box, "jan"), text="   ")


def test_a_group_is_started_and_answered(box: Sandbox, x: tweepy.Client) -> None:
    for name in ("jan", "piet"):
        box.world.message_x("hoi", sender=name, to="hemlund")
    people = [person(box, "jan"), person(box, "piet")]
    made = x.create_direct_message_conversation(participant_ids=people, text="Dag").data
    x.create_direct_message(dm_conversation_id=made["dm_conversation_id"], text="Allemaal")
    found = x.get_direct_message_events(dm_conversation_id=made["dm_conversation_id"], user_auth=True)
    assert texts(found) == ["Allemaal", "Dag"]


def test_a_message_can_be_looked_up_and_taken_back(box: Sandbox, x: tweepy.Client) -> None:
    theirs = box.world.message_x("hoi", sender="jan", to="hemlund")
    mine = x.create_direct_message(participant_id=person(box, "jan"), text="Dag").data["dm_event_id"]
    assert x.request("GET", f"/2/dm_events/{mine}", user_auth=True).json()["data"]["text"] == "Dag"
    with pytest.raises(tweepy.Forbidden):
        x.request("DELETE", f"/2/dm_events/{theirs.id}", user_auth=True)
    assert x.request("DELETE", f"/2/dm_events/{mine}", user_auth=True).json() == {"data": {"deleted": True}}
    with pytest.raises(tweepy.NotFound):
        x.request("GET", f"/2/dm_events/{mine}", user_auth=True)
    assert texts(x.get_direct_message_events(user_auth=True)) == ["hoi"]


def test_a_customer_writes_through_the_control_door(box: Sandbox, x: tweepy.Client) -> None:
    door = f"{box.url}/sandbox"
    sent = requests.post(f"{door}/x/messages", json={"author": "jan", "text": "hoi daar"}, timeout=5).json()
    assert texts(x.get_direct_message_events(user_auth=True)) == ["hoi daar"]
    requests.post(f"{door}/x/messages/{sent['id']}/delete", json={}, timeout=5)
    assert texts(x.get_direct_message_events(user_auth=True)) == []
    renamed = requests.post(f"{door}/x/users/jan", json={"handle": "jan_2", "name": "Jan de Tweede"}, timeout=5)
    assert renamed.json()["handle"] == "jan_2"
    assert x.get_user(username="jan_2", user_auth=True).data.name == "Jan de Tweede"


def test_messages_outlive_a_restart(tmp_path: Any) -> None:
    state = tmp_path / "state.json"
    with Sandbox(state=state) as first:
        first.world.message_x("blijf hier https://hemlund.example", sender="jan", to="hemlund")
        first.world.post_x("@hemlund kijk", author="jan", media=[("photo", "https://pbs.example/1.jpg")])
        before = (list(first.world.x_messages.all.values()), list(first.world.x.posts.values()))
    with Sandbox(state=state) as second:
        assert (list(second.world.x_messages.all.values()), list(second.world.x.posts.values())) == before


def test_pictures_are_listed_by_kind_and_link(box: Sandbox, x: tweepy.Client) -> None:
    media = [("photo", "https://pbs.example/1.jpg"), ("video", "https://video.example/2.mp4")]
    box.world.post_x("@hemlund kijk", author="jan", media=media)
    found = x.get_users_mentions(
        HEMLUND_X,
        user_auth=True,
        tweet_fields=["attachments"],
        expansions=["attachments.media_keys"],
        media_fields=["url", "type", "variants", "preview_image_url"],
    )
    keys = found.data[0].attachments["media_keys"]
    assert [(one.media_key, one.type) for one in found.includes["media"]] == [(keys[0], "photo"), (keys[1], "video")]
    assert found.includes["media"][0].url == "https://pbs.example/1.jpg"
    assert found.includes["media"][1].data["variants"][0]["url"] == "https://video.example/2.mp4"


def test_quotes_of_a_post_are_a_list_of_their_own(box: Sandbox, x: tweepy.Client) -> None:
    own = x.create_tweet(text="Nieuw!").data["id"]
    quoting = [box.world.post_x(f"mooi {n}", author="jan", quote=own) for n in range(12)]
    first = x.get_quote_tweets(own, user_auth=True)
    assert "newest_id" not in first.meta
    rest = x.get_quote_tweets(own, pagination_token=first.meta["next_token"], user_auth=True)
    assert [one.id for one in (*first.data, *rest.data)] == [one.id for one in reversed(quoting)]
    assert x.get_quote_tweets("12345", user_auth=True).errors[0]["resource_id"] == "12345"


def test_people_are_looked_up_together_and_the_missing_are_named(box: Sandbox, x: tweepy.Client) -> None:
    box.world.user("x", "jan")
    box.world.user("x", "weg")
    box.world.set_user("x", "weg", suspended=True)
    found = x.get_users(usernames=["jan", "weg", "nobody"], user_auth=True)
    assert [user.username for user in found.data] == ["jan"]
    assert [one["title"] for one in found.errors] == ["Forbidden", "Not Found Error"]
    by_id = x.get_users(ids=[HEMLUND_X, person(box, "jan"), "42"], user_auth=True)
    assert [user.username for user in by_id.data] == ["hemlund", "jan"]
    assert by_id.errors[0]["value"] == "42"
