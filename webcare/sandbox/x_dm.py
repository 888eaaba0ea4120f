"""Direct messages through the X API: the lists of events, one event, writing and taking back."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

from webcare.sandbox import x_messages, x_text, x_view
from webcare.sandbox.paging import token_for
from webcare.sandbox.values import User, XMessage, names
from webcare.sandbox.x_call import (
    ID,
    Answer,
    Call,
    Problem,
    forbidden,
    invalid,
    number,
    post_id,
    read_page_token,
    wanted_of,
)

FIELDS = names("attachments created_at dm_conversation_id entities event_type id participant_ids") | names(
    "referenced_tweets sender_id text"
)
EXPANSIONS = names("attachments.media_keys participant_ids referenced_tweets.id sender_id")
DEFAULT_FIELDS = ("id", "event_type", "text")
_KINDS = names("MessageCreate ParticipantsJoin ParticipantsLeave")
_REFUSED = "You do not have permission to DM one or more participants."


# --- reading -------------------------------------------------------------------------------------------


def every_event(call: Call) -> Answer:
    """All messages from and to us of the last 30 days, newest first."""
    return _listed(call, call.world.x_messages.by_person.get(call.me.id, []))


def events_with(call: Call) -> Answer:
    """The messages between us and one person."""
    post_id("participant_id", call.path["participant_id"])
    return _listed(call, call.world.x_messages.with_person(call.me.id, call.path["participant_id"]))


def events_in(call: Call) -> Answer:
    """The messages of one conversation we take part in."""
    return _listed(call, call.world.x_messages.by_conversation.get(_own_conversation(call, "id"), []))


def one_event(call: Call) -> Answer:
    """One message by its id."""
    message = _own_message(call)
    if message is None:
        raise _no_such_event(call)
    answer = _view(call, [message])
    answer["data"] = answer["data"][0]
    return 200, answer


def _listed(call: Call, ids: Sequence[int]) -> Answer:
    limit = number(call, "max_results", low=1, high=100, default=100)
    kinds = call.params.get("event_types", "MessageCreate").split(",")
    if not set(kinds) <= _KINDS:
        raise invalid("event_types", call.params["event_types"], f"The `event_types` are some of {sorted(_KINDS)}")
    if "MessageCreate" not in kinds:
        ids = []
    page = _page(call, ids, limit)
    meta: dict[str, Any] = {"result_count": len(page)}
    if page:
        # X gives both tokens even where nothing follows, as its recorded answers show
        meta |= {"next_token": token_for("older", page[-1].id), "previous_token": token_for("newer", page[0].id)}
    return 200, {**(_view(call, page) if page else {}), "meta": meta}


def _page(call: Call, ids: Sequence[int], limit: int) -> list[XMessage]:
    newest = call.world.x_messages.newest
    if "pagination_token" not in call.params:
        return list(islice(newest(ids), limit))
    way, at = read_page_token(call.params["pagination_token"])
    if way == "newer":
        return [message for message in newest(ids) if message.id > at][-limit:]
    return list(islice(newest(ids, before=at), limit))


# --- what a message looks like ---------------------------------------------------------------------------


def _view(call: Call, messages: Sequence[XMessage]) -> dict[str, Any]:
    wanted = wanted_of(call, expansions=EXPANSIONS)
    chosen = x_view.brought(wanted.expansions, call.chosen("dm_event.fields", FIELDS, DEFAULT_FIELDS))
    view = x_view.View(call.world, wanted)
    answer: dict[str, Any] = {"data": [_event(call, message, chosen) for message in messages]}
    included = {
        "users": [view.user(user) for user in _people(call, messages, wanted.expansions)],
        "tweets": [view.post(call.world.x.posts[one]) for one in _posts(call, messages, wanted.expansions)],
    }
    included = {name: value for name, value in included.items() if value}
    return answer | ({"includes": included} if included else {})


def _event(call: Call, message: XMessage, chosen: Sequence[str]) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "id": str(message.id),
        "event_type": "MessageCreate",
        "text": message.text,
        "created_at": x_view.iso(message.sent_at),
        "dm_conversation_id": message.conversation_id,
        "sender_id": message.sender_id,
        "referenced_tweets": [{"id": str(number)} for number in message.posts],
    }
    shown = {name: facts[name] for name in chosen if facts.get(name)}
    if "entities" in chosen:
        handles = (handle for handle in x_text.mentioned(message.written))
        known = {handle: user.id for handle in handles if (user := call.world.handles.get(("x", handle)))}
        shown |= x_text.entities(message.text, links=message.links, ids=known)
    return shown


def _people(call: Call, messages: Sequence[XMessage], asked: frozenset[str]) -> list[User]:
    if "sender_id" not in asked:
        return []
    ids = dict.fromkeys(message.sender_id for message in messages)
    return [call.world.users[("x", user_id)] for user_id in ids]


def _posts(call: Call, messages: Sequence[XMessage], asked: frozenset[str]) -> list[int]:
    if "referenced_tweets.id" not in asked:
        return []
    shown = dict.fromkeys(number for message in messages for number in message.posts)
    return [number for number in shown if call.world.x.visible(number) is not None]


# --- writing -------------------------------------------------------------------------------------------


def write_to(call: Call) -> Answer:
    """Send a message to one person."""
    post_id("participant_id", call.path["participant_id"])
    text = _text(call.body)
    reader = _reader(call, call.path["participant_id"])
    made = call.world.x_messages.send(text, sender=call.me, to=reader, visible_after=call.visible_after, origin="api")
    return _written(call, made)


def write_in(call: Call) -> Answer:
    """Send a message in a conversation that is there."""
    conversation, text, messages = (
        _own_conversation(call, "dm_conversation_id"),
        _text(call.body),
        call.world.x_messages,
    )
    if messages.by_conversation.get(conversation):
        made = messages.answer(text, sender=call.me, conversation=conversation, visible_after=call.visible_after)
        return _written(call, made)
    if "-" not in conversation:
        raise forbidden(_REFUSED)
    other = next(one for one in conversation.split("-") if one != call.me.id)
    made = messages.send(text, sender=call.me, to=_reader(call, other), visible_after=call.visible_after, origin="api")
    return _written(call, made)


def start(call: Call) -> Answer:
    """Begin a conversation of several people."""
    people, message = call.body.get("participant_ids"), call.body.get("message")
    if call.body.get("conversation_type") != "Group" or not isinstance(message, dict):
        raise invalid("conversation_type", str(call.body.get("conversation_type")), "$.conversation_type: is not Group")
    if not isinstance(people, list) or not 2 <= len(people) <= 49 or not all(_is_id(one) for one in people):
        raise invalid("participant_ids", str(people), "$.participant_ids: must be 2 to 49 ids")
    text = _text(message)
    others = [_reader(call, one) for one in people]
    return _written(call, call.world.x_messages.start_group(text, sender=call.me, others=others))


def delete(call: Call) -> Answer:
    """Take a message of our own away."""
    message = _own_message(call)
    if message is None:
        raise _no_such_event(call)
    if message.sender_id != call.me.id:
        raise forbidden("You are not authorized to delete this message.")
    call.world.x_messages.delete(message.id)
    return 200, {"data": {"deleted": True}}


def _written(call: Call, message: XMessage) -> Answer:
    call.world.x.meter.wrote(call.account.key, "dm_create", call.world.now())
    found = {"dm_conversation_id": message.conversation_id, "dm_event_id": str(message.id)}
    return 201, {"data": found}


def _text(body: dict[str, Any]) -> str:
    text = body.get("text")
    if body.get("attachments"):
        raise invalid("attachments", str(body["attachments"]), "$.attachments: there is no such media")
    if not isinstance(text, str) or not text.strip():
        raise invalid("text", str(text), "$.text: must be at least 1 characters long")
    if len(text) > x_messages.MAX_LENGTH:
        raise invalid("text", text[:40], f"$.text: must be at most {x_messages.MAX_LENGTH} characters long")
    return text


def _reader(call: Call, user_id: str) -> User:
    reader = call.world.users.get(("x", user_id))
    if reader is None or reader.id == call.me.id or not call.world.x_messages.may_write(call.me, reader):
        raise forbidden(_REFUSED)
    return reader


def _own_conversation(call: Call, name: str) -> str:
    conversation = call.path[name]
    known = call.world.x_messages.by_conversation.get(conversation)
    ids = call.world.x_messages.all[known[0]].participants if known else tuple(conversation.split("-"))
    if not all(_is_id(one) for one in conversation.split("-")) or len(conversation) > 39:
        raise invalid(name, conversation, f"The `{name}` query parameter value [{conversation}] is not valid")
    if call.me.id not in ids:
        raise forbidden("You are not permitted to see this conversation.")
    return conversation


def _own_message(call: Call) -> XMessage | None:
    message = call.world.x_messages.all.get(post_id("event_id", call.path["event_id"]))
    if message is None or message.deleted or call.me.id not in message.participants:
        return None
    return message


def _no_such_event(call: Call) -> Problem:
    return Problem(
        404,
        {
            "title": "Not Found Error",
            "detail": f"Could not find dm event with event_id: [{call.path['event_id']}].",
            "type": "about:blank",
            "status": 404,
        },
    )


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and ID.fullmatch(value) is not None
