"""Messenger and Instagram conversations through unmodified facebook-sdk: windows, private replies, lists."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import facebook
import pytest
import requests
from sandbox_clients import HEMLUND_FB, graph_client, graph_error

from webcare.sandbox import Sandbox

START = datetime(2026, 11, 20, 8, tzinfo=UTC)
TOLD = "id,created_time,from,to,message"


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def box(clock: Clock) -> Iterator[Sandbox]:
    with Sandbox(clock=clock) as running:
        yield running


def send(graph: facebook.GraphAPI, recipient: dict[str, str], text: str, **more: str) -> dict[str, Any]:
    values = {"recipient": json.dumps(recipient), "message": json.dumps({"text": text}), **more}
    found = graph.request(f"v26.0/{HEMLUND_FB}/messages", post_args=values, method="POST")
    assert isinstance(found, dict)
    return found


def refused(graph: facebook.GraphAPI, recipient: dict[str, str], text: str = "Hallo", **more: str) -> tuple[Any, Any]:
    with pytest.raises(facebook.GraphAPIError) as raised:
        send(graph, recipient, text, **more)
    return graph_error(raised.value)[:2]


def threads(graph: facebook.GraphAPI, **more: Any) -> list[dict[str, Any]]:
    found = graph.get_connections(HEMLUND_FB, "conversations", **more)["data"]
    assert isinstance(found, list)
    return found


def words(thread: dict[str, Any]) -> list[str]:
    return [one["message"] for one in thread["messages"]["data"]]


def test_a_conversation_shows_people_and_words_newest_first(
    box: Sandbox, graph: facebook.GraphAPI, clock: Clock
) -> None:
    box.world.inbox.receive("Waar blijft mijn bank?", author="Jan Jansen")
    clock.move(minutes=5)
    box.world.inbox.receive("Hallo?", author="Jan Jansen")
    fields = f"id,updated_time,participants,unread_count,can_reply,snippet,message_count,messages.limit(5){{{TOLD}}}"
    thread = threads(graph, fields=fields)[0]
    jan = box.world.user("facebook", "Jan Jansen")
    assert words(thread) == ["Hallo?", "Waar blijft mijn bank?"]
    assert thread["updated_time"] == "2026-11-20T08:05:00+0000"
    assert thread["participants"]["data"][0] == {
        "name": "Jan Jansen",
        "email": f"{jan.id}@facebook.com",
        "id": jan.id,
    }
    assert (thread["unread_count"], thread["can_reply"], thread["snippet"]) == (2, True, "Hallo?")
    newest = thread["messages"]["data"][0]
    assert newest["from"]["id"] == jan.id
    assert newest["to"]["data"][0]["id"] == HEMLUND_FB
    alone = graph.get_connections(thread["id"], "messages", fields="message", limit=1)
    assert [one["message"] for one in alone["data"]] == ["Hallo?"]
    assert "next" in alone["paging"]


def test_the_conversation_with_the_newest_message_comes_first(
    box: Sandbox, graph: facebook.GraphAPI, clock: Clock
) -> None:
    for name in ("Jan", "Piet", "Jan"):
        box.world.inbox.receive(f"van {name}", author=name)
        clock.move(minutes=1)
    found = threads(graph, fields="messages{message}", limit=1)
    assert words(found[0]) == ["van Jan", "van Jan"]
    piet = box.world.user("facebook", "Piet")
    only = threads(graph, fields="messages{message}", user_id=piet.id)
    assert [words(one) for one in only] == [["van Piet"]]
    assert threads(graph, platform="instagram") == []
    assert threads(graph, folder="spam") == []
    assert len(threads(graph, folder="inbox")) == 2


def test_the_page_answers_and_finds_its_answer_again(box: Sandbox, graph: facebook.GraphAPI) -> None:
    made = box.world.inbox.receive("Waar blijft mijn bank?", author="Jan")
    sent = send(graph, {"id": made.author_id}, "Morgen!", messaging_type="RESPONSE")
    assert sent["recipient_id"] == made.author_id
    found = graph.get_connections(made.conversation_id, "messages", fields=TOLD)["data"]
    assert (found[0]["id"], found[0]["message"], found[0]["from"]["id"]) == (sent["message_id"], "Morgen!", HEMLUND_FB)
    assert graph.get_object(made.conversation_id, fields="unread_count") == {
        "id": made.conversation_id,
        "unread_count": 0,
    }
    assert graph.get_object(sent["message_id"], fields="message")["message"] == "Morgen!"


@pytest.mark.parametrize("platform", ["messenger", "instagram"])
def test_the_window_closes_after_a_day_and_for_people_after_a_week(
    box: Sandbox, graph: facebook.GraphAPI, clock: Clock, platform: Any
) -> None:
    made = box.world.inbox.receive("Waar blijft mijn bank?", author="jan", platform=platform)
    to, human = {"id": made.author_id}, {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
    closed = (10, 2018278 if platform == "messenger" else 2534022)
    clock.move(hours=24)
    send(graph, to, "net op tijd")
    clock.move(seconds=1)
    assert refused(graph, to) == closed
    send(graph, to, "als mens", **human)
    clock.move(days=6)
    assert refused(graph, to, **human) == closed
    found = threads(graph, platform=platform, fields="can_reply,messages{message}")[0]
    assert found["can_reply"] is False
    assert words(found) == ["als mens", "net op tijd", "Waar blijft mijn bank?"]
    box.world.inbox.receive("Ben er weer", author="jan", platform=platform)
    send(graph, to, "Fijn!")


@pytest.mark.parametrize(
    "more",
    [
        {"messaging_type": "MESSAGE_TAG", "tag": "ACCOUNT_UPDATE"},
        {"messaging_type": "MESSAGE_TAG", "tag": "POST_PURCHASE_UPDATE"},
        {"messaging_type": "MESSAGE_TAG"},
        {"messaging_type": "RESPONSE", "tag": "HUMAN_AGENT"},
        {"messaging_type": "SHOUT"},
    ],
)
def test_tags_that_are_retired_or_misplaced_are_invalid(
    box: Sandbox, graph: facebook.GraphAPI, more: dict[str, str]
) -> None:
    made = box.world.inbox.receive("Hallo", author="Jan")
    assert refused(graph, {"id": made.author_id}, **more) == (100, None)


def test_a_comment_is_answered_privately_once_and_the_person_goes_on(box: Sandbox, graph: facebook.GraphAPI) -> None:
    post = box.world.post_fb("Nieuw!", kind="post")
    comment = box.world.comment_fb("Mijn bank is kapot", under=post.id, author="Jan")
    asked = "can_reply_privately,private_reply_conversation"
    assert graph.get_object(comment.id, fields=asked) == {"can_reply_privately": True, "id": comment.id}
    sent = send(graph, {"comment_id": comment.id}, "Stuurt u ons uw nummer?")
    assert sent["recipient_id"] == comment.author_id
    assert refused(graph, {"comment_id": comment.id}) == (10900, None)
    assert refused(graph, {"id": comment.author_id}) == (10, 2018278)
    found = graph.get_object(comment.id, fields=asked)
    assert found["can_reply_privately"] is False
    assert found["private_reply_conversation"]["id"] == threads(graph)[0]["id"]
    box.world.inbox.receive("12345", author="Jan")
    send(graph, {"id": comment.author_id}, "Dank!")
    told = threads(graph, fields="messages{message}")[0]
    assert words(told) == ["Dank!", "12345", "Stuurt u ons uw nummer?"]


def test_a_private_reply_comes_within_a_week_and_only_to_others(
    box: Sandbox, graph: facebook.GraphAPI, clock: Clock
) -> None:
    post = box.world.post_fb("Nieuw!", kind="post")
    comment = box.world.comment_fb("Mooi", under=post.id, author="Jan")
    visitor = box.world.post_fb("Waar?", author="Piet")
    own = box.world.comment_fb("Dank", under=comment.id)
    assert refused(graph, {"comment_id": own.id}) == (10902, None)
    assert refused(graph, {"comment_id": "1_2"}) == (100, 2018292)
    send(graph, {"post_id": visitor.id}, "Hier!")
    clock.move(days=7, seconds=1)
    assert refused(graph, {"comment_id": comment.id}) == (10903, None)
    assert graph.get_object(comment.id, fields="can_reply_privately")["can_reply_privately"] is False


def test_an_instagram_comment_is_answered_privately_through_the_page(box: Sandbox, graph: facebook.GraphAPI) -> None:
    brand = box.world.instagram.user(box.world.account("ig_hemlund").user_id)
    media = box.world.instagram.post("Nieuwe bank", author=brand)
    comment = box.world.instagram.comment("kapot!", under=media.id, author="jan_j")
    sent = send(graph, {"comment_id": comment.id}, "Wat is uw nummer?")
    found = threads(graph, platform="instagram", fields="participants,messages{message,from}")[0]
    jan = box.world.user("instagram", "jan_j")
    assert found["participants"]["data"] == [
        {"username": "jan_j", "id": jan.id},
        {"username": "hemlund", "id": brand.id},
    ]
    assert found["messages"]["data"][0]["from"] == {"username": "hemlund", "id": brand.id}
    assert sent["recipient_id"] == jan.id
    assert refused(graph, {"id": jan.id}) == (10, 2534022)
    with pytest.raises(facebook.GraphAPIError) as raised:
        graph.request(f"v26.0/{brand.id}/messages", post_args={"recipient": "{}"}, method="POST")
    assert graph_error(raised.value)[0] == 3


@pytest.mark.parametrize(
    ("recipient", "text", "expected"),
    [
        ({"id": "1"}, "Hallo", (100, 2018001)),
        ({}, "Hallo", (100, None)),
        ({"id": "jan"}, " ", (100, 2018034)),
        ({"id": "jan"}, "x" * 2001, (100, None)),
    ],
)
def test_messages_that_cannot_be_sent_are_refused(
    box: Sandbox, graph: facebook.GraphAPI, recipient: dict[str, str], text: str, expected: tuple[int, int | None]
) -> None:
    made = box.world.inbox.receive("Hallo", author="Jan")
    to = {name: made.author_id if value == "jan" else value for name, value in recipient.items()}
    assert refused(graph, to, text) == expected
    assert len(box.world.inbox.messages) == 1


def test_a_person_who_closed_the_account_cannot_be_reached(box: Sandbox, graph: facebook.GraphAPI) -> None:
    made = box.world.inbox.receive("Hallo", author="Jan")
    box.world.set_user("facebook", "Jan", suspended=True)
    assert refused(graph, {"id": made.author_id}) == (551, 1545041)


def test_rights_for_messages_are_their_own(box: Sandbox, graph: facebook.GraphAPI) -> None:
    made = box.world.inbox.receive("Hallo", author="Jan")
    account = box.world.account("fb_hemlund")
    account.denied = {"human_agent"}
    human = {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
    assert refused(graph, {"id": made.author_id}, **human) == (10, None)
    account.denied = {"message"}
    assert refused(graph, {"id": made.author_id}) == (200, None)
    assert len(threads(graph)) == 1
    account.denied = {"read_messages"}
    with pytest.raises(facebook.GraphAPIError) as raised:
        threads(graph)
    assert graph_error(raised.value)[0] == 200
    assert graph.get_connections("me", "feed") == {"data": []}


def test_only_the_newest_twenty_messages_tell_more_than_their_id(
    box: Sandbox, graph: facebook.GraphAPI, clock: Clock
) -> None:
    made = []
    for number in range(22):
        made.append(box.world.inbox.receive(f"nr {number}", author="Jan"))
        clock.move(seconds=1)
    found = graph.get_connections(made[0].conversation_id, "messages", fields=TOLD, limit=30)["data"]
    assert [one.get("message") for one in found[-3:]] == ["nr 2", None, None]
    assert set(found[-1]) == {"id", "created_time"}
    with pytest.raises(facebook.GraphAPIError) as raised:
        graph.get_object(made[0].id, fields="message")
    assert "has been deleted" in raised.value.message


def test_a_late_message_moves_the_conversation_when_it_shows(
    box: Sandbox, graph: facebook.GraphAPI, clock: Clock
) -> None:
    box.world.inbox.receive("vroeg", author="Jan")
    box.world.inbox.receive("laat", author="Piet", visible_after=60)
    fields = "updated_time,messages{message}"
    assert [words(one) for one in threads(graph, fields=fields)] == [["vroeg"]]
    clock.move(minutes=1)
    found = threads(graph, fields=fields)
    assert sorted(words(one) for one in found) == [["laat"], ["vroeg"]]
    assert {one["updated_time"] for one in found} == {"2026-11-20T08:00:00+0000"}


def test_edited_messages_show_new_words_and_withdrawn_ones_go(box: Sandbox, graph: facebook.GraphAPI) -> None:
    made = box.world.inbox.receive("Hallo", author="Jan")
    box.world.inbox.edit(made.id, "Goedendag")
    assert graph.get_object(made.id, fields="message")["message"] == "Goedendag"
    box.world.inbox.delete(made.id)
    assert graph.get_connections(made.conversation_id, "messages") == {"data": []}
    with pytest.raises(facebook.GraphAPIError) as raised:
        graph.get_object(made.id)
    assert graph_error(raised.value)[:2] == (100, 33)


def test_another_pages_conversations_are_not_there(box: Sandbox) -> None:
    box.world.add_account("fb_other", network="facebook", user_id="1100000002", handle="other", name="Other")
    made = box.world.inbox.receive("Hallo", author="Jan")
    other = graph_client(box, key="fb_other")
    for path in (made.conversation_id, made.id):
        with pytest.raises(facebook.GraphAPIError) as raised:
            other.get_object(path)
        assert graph_error(raised.value)[:2] == (100, 33)
    assert other.get_connections("me", "conversations") == {"data": []}


def test_customers_write_edit_and_withdraw_messages_through_the_control_door(
    box: Sandbox, graph: facebook.GraphAPI
) -> None:
    def act(path: str, **body: Any) -> dict[str, Any]:
        answer = requests.post(f"{box.url}/sandbox{path}", json=body, timeout=5)
        assert answer.ok, answer.text
        found = answer.json()
        assert isinstance(found, dict)
        return found

    made = act("/messages", author="Jan", text="Hallo", at=START.isoformat())
    act("/messages", author="jan_j", text="hoi", platform="instagram")
    assert words(threads(graph, platform="instagram", fields="messages{message}")[0]) == ["hoi"]
    act(f"/messages/{made['id']}/edit", text="Goedendag")
    assert words(threads(graph, fields="messages{message}")[0]) == ["Goedendag"]
    act(f"/messages/{made['id']}/delete")
    assert threads(graph, fields="messages{message}")[0] == {"id": made["conversation_id"]}
    wrong = requests.post(f"{box.url}/sandbox/messages", json={"author": "J", "text": "x", "platform": "x"}, timeout=5)
    assert wrong.status_code == 400


@pytest.mark.parametrize(
    ("kind", "there"),
    [("cut_after_commit", 1), ("error_after_commit", 1), ("malformed_json", 1), ("cut_before", 0), ("error_before", 0)],
)
def test_a_message_whose_answer_was_lost_stands_in_the_conversation_or_not(
    box: Sandbox, graph: facebook.GraphAPI, kind: Any, there: int
) -> None:
    made = box.world.inbox.receive("Hallo", author="Jan")
    box.faults.add("POST /graph/*/messages", kind, count=1)
    with pytest.raises((facebook.GraphAPIError, requests.RequestException)):
        send(graph, {"id": made.author_id}, "Morgen")
    found = graph.get_connections(made.conversation_id, "messages", fields="message")["data"]
    assert [one["message"] for one in found] == ["Morgen"] * there + ["Hallo"]


def test_what_the_page_writes_may_be_late_to_show(box: Sandbox, graph: facebook.GraphAPI, clock: Clock) -> None:
    made = box.world.inbox.receive("Hallo", author="Jan")
    where = f"{box.url}/sandbox/faults"
    assert requests.put(where, json={"scenario": "new posts on facebook show up 90s late"}, timeout=5).ok
    sent = send(graph, {"id": made.author_id}, "Morgen")
    assert len(graph.get_connections(made.conversation_id, "messages")["data"]) == 1
    assert graph.get_object(sent["message_id"], fields="message")["message"] == "Morgen"
    clock.move(seconds=90)
    assert len(graph.get_connections(made.conversation_id, "messages")["data"]) == 2
