"""Conversations on Messenger and Instagram over the Graph API: reading them, and the rules for writing into them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import islice
from typing import Any

from webcare.sandbox.graph_call import Call
from webcare.sandbox.graph_errors import GraphError, gone, known_error, no_field
from webcare.sandbox.graph_fields import Field
from webcare.sandbox.graph_lists import Listing, graph_time, listing, part_of
from webcare.sandbox.graph_nodes import picked
from webcare.sandbox.meta_inbox import PRIVATE_REPLY_WITHIN
from webcare.sandbox.values import Conversation, FbItem, IgItem, MetaMessage, Platform

#: Only so many of the newest messages of a conversation tell more than their id and time.
TOLD = 20
MAX_TEXT = 2000
MAX_INSTAGRAM_BYTES = 1000
_CLOSED: dict[Platform, int] = {"messenger": 2018278, "instagram": 2534022}


# --- reading -------------------------------------------------------------------------------------------


def conversations(call: Call, params: dict[str, str], fields: Sequence[Field]) -> dict[str, Any]:
    """The conversations of the page, the one with the newest message first. Time spans are not supported here."""
    call.allow("read_messages")
    platform = _platform(params.get("platform", "messenger"))
    asked = listing({name: value for name, value in params.items() if name not in ("since", "until")})
    inbox, person = call.world.inbox, params.get("user_id")
    # nobody moves a conversation out of the inbox here
    elsewhere = params.get("folder", "inbox").lower() != "inbox"

    def show(conversation_id: str) -> Conversation | None:
        found = inbox.conversations[conversation_id]
        return None if elsewhere or person not in (None, found.person_id) else found

    part = part_of(inbox.of_page(call.page_id, platform), asked, show)
    more = {"platform": platform, **({"user_id": person} if person else {})}
    write = partial(_conversation, call, fields=fields)
    return call.lists.written(part, asked, fields, path=f"{call.page_id}/conversations", write=write, **more)


def _platform(text: str) -> Platform:
    if text.lower() not in ("messenger", "instagram"):
        raise GraphError(100, "(#100) Param platform must be one of {INSTAGRAM, MESSENGER}")
    return "instagram" if text.lower() == "instagram" else "messenger"


def read(call: Call) -> dict[str, Any]:
    """GET of a conversation, its messages, or one message."""
    call.allow("read_messages")
    conversation = call.world.inbox.conversations.get(call.node)
    if conversation is None:
        return _read_message(call)
    if conversation.page_id != call.page_id:
        raise gone(call.method, call.node)
    if not call.edge:
        return _conversation(call, conversation, call.fields)
    if call.edge == "messages":
        return _messages(call, conversation, listing(call.params), call.fields)
    raise no_field(call.edge, "UnifiedThread")


def _read_message(call: Call) -> dict[str, Any]:
    inbox = call.world.inbox
    message = inbox.messages.get(call.node)
    if message is None or message.deleted or inbox.conversations[message.conversation_id].page_id != call.page_id:
        raise gone(call.method, call.node)
    conversation = inbox.conversations[message.conversation_id]
    told = _newest(call, conversation)
    if told is not None and message.id not in told:
        raise GraphError(100, "(#100) This message has been deleted by the user or the business.")
    return _message(call, message, call.fields, conversation=conversation, told=None)


def _conversation(call: Call, conversation: Conversation, fields: Sequence[Field]) -> dict[str, Any]:
    inbox = call.world.inbox
    newest = next((inbox.messages[one] for one in islice(_newest_ids(call, conversation), 1)), None)
    people = [_person(call, conversation, one) for one in (conversation.person_id, None)]
    facts: dict[str, Any] = {
        "id": conversation.id,
        "link": f"/{conversation.page_id}/inbox/{conversation.id}/",
        "updated_time": graph_time(conversation.updated_at),
        "participants": {"data": people},
        "senders": {"data": people},
        "message_count": len(inbox.inside(conversation)),
        "unread_count": conversation.unread,
        "snippet": newest.text[:80] if newest else None,
        "can_reply": inbox.may_write(conversation, as_human=True),
        "is_subscribed": True,
        "folder": "inbox",
        "scoped_thread_key": conversation.id,
    }
    if conversation.platform == "instagram":
        del facts["link"]
    edge = lambda asked: _messages(call, conversation, listing(asked.modifiers), asked.inner)  # noqa: E731
    return picked("UnifiedThread", facts, fields, {"messages": edge})


def _messages(call: Call, conversation: Conversation, asked: Listing, fields: Sequence[Field]) -> dict[str, Any]:
    """The messages of a conversation, newest first."""
    inbox = call.world.inbox
    part = part_of(inbox.inside(conversation), asked, inbox.listed)
    write = partial(_message, call, fields=fields, conversation=conversation, told=_newest(call, conversation))
    return call.lists.written(part, asked, fields, path=f"{conversation.id}/messages", write=write)


def _newest_ids(call: Call, conversation: Conversation) -> Any:
    inbox = call.world.inbox
    keys = inbox.inside(conversation).walk(newest_first=True)
    return (message_id for _, message_id in keys if inbox.listed(message_id))


def _newest(call: Call, conversation: Conversation) -> frozenset[str] | None:
    """The ids of the messages that tell more than their id; None: all of them do."""
    if len(call.world.inbox.inside(conversation)) <= TOLD:
        return None
    return frozenset(islice(_newest_ids(call, conversation), TOLD))


def _message(
    call: Call,
    message: MetaMessage,
    fields: Sequence[Field],
    *,
    conversation: Conversation,
    told: frozenset[str] | None,
) -> dict[str, Any]:
    facts: dict[str, Any] = {"id": message.id, "created_time": graph_time(message.posted_at)}
    if told is None or message.id in told:
        by_person = message.author_id == conversation.person_id
        writer, reader = (conversation.person_id, None) if by_person else (None, conversation.person_id)
        facts |= {
            "from": _person(call, conversation, writer),
            "to": {"data": [_person(call, conversation, reader)]},
            "message": message.text,
            "tags": {"data": [{"name": "inbox"}, {"name": "read"}, {"name": "source:web"}]},
            "attachments": {"data": [_attachment(message, *one) for one in message.media]} if message.media else None,
        }
    return picked("UnifiedMessage", facts, fields)


def _attachment(message: MetaMessage, kind: str, url: str) -> dict[str, Any]:
    data = {"url": url, "preview_url": url, "width": 1080, "height": 1080}
    name = "image_data" if kind == "photo" else "video_data"
    mime = "image/jpeg" if kind == "photo" else "video/mp4"
    return {"id": message.id[-16:], "mime_type": mime, "name": "attachment", "size": 20480, name: data}


def _person(call: Call, conversation: Conversation, person_id: str | None) -> dict[str, Any]:
    """Somebody in a conversation: the person with this id, or the page."""
    inbox = call.world.inbox
    if conversation.platform == "instagram":
        user = call.world.users[("instagram", person_id or inbox.brand_of(conversation))]
        return {"username": user.handle, "id": user.id}
    user = call.world.users[("facebook", person_id or conversation.page_id)]
    return {"name": user.name, "email": f"{user.id}@facebook.com", "id": user.id}


# --- writing -------------------------------------------------------------------------------------------


def send(call: Call) -> dict[str, Any]:
    """POST /{page}/messages: to a person, or privately to who wrote a comment or post. Raises GraphError."""
    call.allow("message")
    recipient = call.object_of("recipient")
    if "message" not in call.params and call.params.get("sender_action"):
        return _sender_action(call, _known(call, str(recipient.get("id", ""))))
    text = _text(call)
    if "id" in recipient:
        return _write(call, _known(call, str(recipient["id"])), text)
    for name in ("comment_id", "post_id"):
        if name in recipient:
            return _reply_privately(call, str(recipient[name]), text)
    raise GraphError(100, "(#100) param recipient must be non-empty.")


def _text(call: Call) -> str:
    text = call.object_of("message").get("text")
    if not isinstance(text, str) or not text.strip():
        raise GraphError(
            100, "(#100) Message cannot be empty, must provide valid attachment or text", error_subcode=2018034
        )
    return text


def _check_length(text: str, platform: Platform) -> None:
    if platform == "instagram" and len(text.encode()) > MAX_INSTAGRAM_BYTES:
        raise GraphError(
            100, f"(#100) Length of param message[text] must be less than or equal to {MAX_INSTAGRAM_BYTES}"
        )
    if len(text) > MAX_TEXT:
        raise GraphError(100, f"(#100) Length of param message[text] must be less than or equal to {MAX_TEXT}")


def _known(call: Call, person_id: str) -> Conversation:
    """The conversation with this person; a page cannot write to somebody it never had to do with."""
    found = next(call.world.inbox.with_person(call.page_id, person_id), None)
    if found is None:
        raise GraphError(100, "(#100) No matching user found", error_subcode=2018001)
    return found


def _sender_action(call: Call, conversation: Conversation) -> dict[str, Any]:
    if call.params["sender_action"].lower() == "mark_seen":
        conversation.unread = 0
        call.world.touch()
    return {"recipient_id": conversation.person_id}


def _write(call: Call, conversation: Conversation, text: str) -> dict[str, Any]:
    tag = _tag(call)
    _check_length(text, conversation.platform)
    _check_reachable(call, conversation)
    if not call.world.inbox.may_write(conversation, as_human=tag == "HUMAN_AGENT"):
        message = (
            "(#10) This message is sent outside of allowed window. Learn more about the new policy here: "
            "https://developers.facebook.com/docs/messenger-platform/policy-overview"
        )
        raise GraphError(10, message, error_subcode=_CLOSED[conversation.platform])
    return _sent(call, conversation, text, tag=tag)


def _tag(call: Call) -> str:
    """The tag that is sent along. Raises GraphError for one that Meta has retired, or that the app may not use."""
    kind, tag = call.params.get("messaging_type", "RESPONSE").upper(), call.params.get("tag", "").upper()
    if kind not in ("RESPONSE", "UPDATE", "MESSAGE_TAG"):
        raise GraphError(100, "(#100) Param messaging_type must be one of {RESPONSE, UPDATE, MESSAGE_TAG}")
    if (kind == "MESSAGE_TAG") != bool(tag) or tag not in ("", "HUMAN_AGENT"):
        raise GraphError(100, "(#100) Invalid parameter", error_user_title="Invalid message tag")
    if tag:
        call.allow("human_agent")
    return tag


def _check_reachable(call: Call, conversation: Conversation) -> None:
    if call.world.inbox.person(conversation).suspended:
        raise known_error(551, 1545041)


def _reply_privately(call: Call, item_id: str, text: str) -> dict[str, Any]:
    item, platform = _answered(call, item_id)
    if item.author_id in (call.page_id, call.instagram_id):
        raise known_error(10902)
    if item.replied_privately:
        raise known_error(10900)
    if call.world.now() - item.posted_at > PRIVATE_REPLY_WITHIN:
        raise known_error(10903)
    _check_length(text, platform)
    conversation = call.world.inbox.between(call.page_id, item.author_id, platform)
    _check_reachable(call, conversation)
    item.replied_privately = True
    return _sent(call, conversation, text, answers=item.id)


def _answered(call: Call, item_id: str) -> tuple[FbItem | IgItem, Platform]:
    """The comment or visitor's post a private reply is for. Raises GraphError."""
    post = call.world.facebook.visible(item_id)
    if post is not None and post.page_id == call.page_id and post.kind in ("comment", "visitor_post"):
        return post, "messenger"
    comment = call.world.instagram.visible(item_id)
    ours = comment is not None and call.world.instagram.owner(comment).id == call.instagram_id
    if comment is not None and ours and comment.kind == "comment":
        return comment, "instagram"
    raise GraphError(100, "(#100) Invalid comment_id parameter", error_subcode=2018292)


def _sent(call: Call, conversation: Conversation, text: str, *, tag: str = "", answers: str = "") -> dict[str, Any]:
    made = call.world.inbox.send(
        text, to=conversation, answers=answers, tag=tag, visible_after=call.visible_after, origin="api"
    )
    return {"recipient_id": conversation.person_id, "message_id": made.id}
