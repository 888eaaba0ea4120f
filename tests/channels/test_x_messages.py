"""Direct messages on X: what an event means, and which message is an answer of ours."""

from datetime import UTC, datetime
from typing import Any

import pytest

from webcare.channels.x_messages import is_answer, read_messages
from webcare.domain import MentionKind, Reply, ReplyWay
from webcare.errors import AccountDisconnected, ChannelProtocolError

AT = datetime(2026, 2, 10, 10, 59, tzinfo=UTC)
PROBLEM = "https://api.twitter.com/2/problems/"


def event(**more: Any) -> dict[str, Any]:
    plain = {
        "id": "2021157812345600080",
        "event_type": "MessageCreate",
        "text": "Hallo &amp; goedemiddag",
        "created_at": "2026-02-10T10:59:00.000Z",
        "dm_conversation_id": "42-3300000001",
        "sender_id": "42",
    }
    return {name: value for name, value in (plain | more).items() if value is not None}


def page(*events: Any, **more: Any) -> dict[str, Any]:
    return {"data": list(events), "meta": {"result_count": len(events)}, **more}


def test_a_message_has_its_conversation_its_writer_and_an_id_that_is_no_posts() -> None:
    people = {"users": [{"id": "42", "name": "Anna", "username": "anna"}]}
    (message,) = read_messages(page(event(), includes=people), ours="3300000001").mentions
    assert (message.external_id, message.thread_id) == ("dm:2021157812345600080", "42-3300000001")
    assert (message.author.external_id, message.author.handle) == ("42", "anna")
    assert (message.kind, message.text, message.posted_at) == (MentionKind.DIRECT_MESSAGE, "Hallo & goedemiddag", AT)
    assert (message.is_ours, message.parent_id, message.root_id) == (False, None, None)


def test_what_we_wrote_is_ours() -> None:
    (message,) = read_messages(page(event(sender_id="3300000001")), ours="3300000001").mentions
    assert message.is_ours


@pytest.mark.parametrize("missing", ["id", "sender_id", "dm_conversation_id", "created_at", "text"])
def test_a_message_that_lacks_something_is_kept_as_it_came_and_costs_no_other(missing: str) -> None:
    found = read_messages(page(event(id="1"), event(**{missing: None}), "nonsense", None), ours="3300000001")
    assert [one.external_id for one in found.mentions] == ["dm:1"]
    assert len(found.bad) == 3


def test_a_picture_without_words_is_a_message_by_type_and_address() -> None:
    media = {"media": [{"media_key": "3_1", "type": "photo", "url": "https://ton.twitter.com/1.jpg"}]}
    payload = page(event(text=None, attachments={"media_keys": ["3_1"]}), includes=media)
    (message,) = read_messages(payload, ours="3300000001").mentions
    assert [(one.kind, one.url) for one in message.media] == [("photo", "https://ton.twitter.com/1.jpg")]


def test_joining_and_leaving_are_no_messages_and_no_faults() -> None:
    found = read_messages(page(event(event_type="ParticipantsLeave", text=None), event()), ours="3300000001")
    assert (len(found.mentions), found.bad) == (1, ())


def test_only_a_page_without_events_is_the_end() -> None:
    token = {"result_count": 2, "next_token": "ABC"}
    assert read_messages({"data": [event()], "meta": token}, ours="1").next_token == "ABC"
    assert read_messages({"meta": {"result_count": 0, "next_token": "ABC"}}, ours="1").next_token == ""


@pytest.mark.parametrize(
    ("payload", "error"),
    [
        ({}, ChannelProtocolError),
        ({"data": "x"}, ChannelProtocolError),
        ({"errors": [{"detail": "no", "type": f"{PROBLEM}not-authorized-for-resource"}]}, AccountDisconnected),
    ],
)
def test_what_is_no_list_of_messages_is_not_an_empty_one(payload: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        read_messages(payload, ours="1")


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({}, True),
        ({"text": "Se https://t.co/z9 &amp; ring"}, True),
        ({"sender_id": "42"}, False),
        ({"text": "Se något annat"}, False),
        ({"created_at": "2026-02-10T10:57:00.000Z"}, False),
    ],
)
def test_an_answer_is_by_us_in_the_same_words_and_not_older(changes: dict[str, Any], found: bool) -> None:
    urls = [{"url": "https://t.co/z9", "expanded_url": "https://hemlund.example/hjälp"}]
    plain = event(sender_id="3300000001", text="Se  https://t.co/z9 &amp; ring", urls=urls)
    (message,) = read_messages(page(plain | changes), ours="3300000001").mentions
    reply = Reply("dm:1", "42-3300000001", "Se https://hemlund.example/hjälp & ring", way=ReplyWay.PRIVATE)
    since = datetime(2026, 2, 10, 10, 58, tzinfo=UTC)
    assert is_answer(message, reply, since=since) is found
