"""Writing to X: posts and direct messages, reading them back, and what else is done to a post."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import requests

from webcare.channels.base import Action
from webcare.channels.transport import CallFailed, json_object
from webcare.channels.walking import in_order
from webcare.channels.wording import identifier
from webcare.channels.x_client import FIELDS, XClient, is_private
from webcare.channels.x_messages import MESSAGE_FIELDS, PREFIX, conversation_url, is_answer, read_messages
from webcare.channels.x_posts import answers, post_url, read_page, written_at
from webcare.channels.x_refusals import ACTING
from webcare.domain import Mention, MentionKind, Posted, Reply
from webcare.errors import (
    ChannelError,
    ChannelProtocolError,
    ChannelUnavailable,
    OutcomeUnknown,
    ReplyRejected,
)

#: Pages read back when looking for a reply of ours.
_READ_BACK_PAGES = 10
#: How far the clocks of X and of this machine may differ when a reply is looked for.
_SKEW = timedelta(seconds=30)
#: Where X says how it stands now.
_DONE: Mapping[Action, str] = {
    Action.HIDE: "hidden",
    Action.UNHIDE: "hidden",
    Action.LIKE: "liked",
    Action.UNLIKE: "liked",
    Action.DELETE: "deleted",
}


def send(x: XClient, reply: Reply) -> Posted:
    """Post or write once. Raises ChannelError; OutcomeUnknown whenever it may stand there."""
    if reply.attachments:
        raise ReplyRejected("Attachments cannot be sent to X here; send the text without them.")
    return _send_message(x, reply) if is_private(reply) else _send_post(x, reply)


def verify_sent(x: XClient, reply: Reply, since: datetime) -> tuple[Posted, ...]:
    """Read `reply` back. Raises ChannelError when the list could not be read to its end."""
    found = _messages_back(x, reply, since - _SKEW) if is_private(reply) else _posts_back(x, reply, since - _SKEW)
    unique = {one.external_id: one for one in found}
    return tuple(Posted(one.external_id, one.posted_at, one.url) for one in in_order(unique.values()))


def act(x: XClient, action: Action, external_id: str) -> None:
    """Do it to one post; a message can only be taken back. Raises ChannelError, TargetGone when it is not there."""
    if external_id.startswith(PREFIX):
        if action is not Action.DELETE:
            raise ReplyRejected("A direct message on X can only be deleted.")
        number = external_id.removeprefix(PREFIX)
        _do(x, action, lambda: x.api.request("DELETE", f"/2/dm_events/{number}", user_auth=True))
        return
    methods: Mapping[Action, Callable[[str], requests.Response]] = {
        Action.HIDE: x.api.hide_reply,
        Action.UNHIDE: x.api.unhide_reply,
        Action.LIKE: x.api.like,
        Action.UNLIKE: x.api.unlike,
        Action.DELETE: x.api.delete_tweet,
    }
    _do(x, action, lambda: methods[action](external_id))


# --- writing --------------------------------------------------------------------------------------


def _send_post(x: XClient, reply: Reply) -> Posted:
    data = _write(x, lambda: x.api.create_tweet(text=reply.text, in_reply_to_tweet_id=reply.target_id))
    external_id = _proof(data.get("id"))
    return Posted(external_id, written_at(external_id, x.now()), post_url(external_id, x.handle, x.web))


def _send_message(x: XClient, reply: Reply) -> Posted:
    where = _conversation(reply)
    data = _write(x, lambda: x.api.create_direct_message(text=reply.text, **where))
    number = _proof(data.get("dm_event_id"))
    conversation = str(data.get("dm_conversation_id") or reply.thread_id)
    return Posted(PREFIX + number, written_at(number, x.now()), conversation_url(conversation, x.web))


def _conversation(reply: Reply) -> dict[str, str]:
    """Which conversation a private reply belongs to. Raises ReplyRejected where nobody knows."""
    if reply.kind is MentionKind.DIRECT_MESSAGE:
        return {"dm_conversation_id": reply.thread_id}
    if not reply.to_id:
        raise ReplyRejected("A direct message on X needs somebody to write to, and nobody is named.")
    return {"participant_id": reply.to_id}


def _write(x: XClient, call: Callable[[], requests.Response]) -> Mapping[str, Any]:
    try:
        data = (json_object(call()) or {}).get("data")
    except CallFailed as failure:
        raise x.explain.send_error(failure) from failure
    return data if isinstance(data, Mapping) else {}


def _proof(value: object) -> str:
    try:
        return identifier(value)
    except ValueError as error:
        raise OutcomeUnknown("X answered our post with something we cannot read.") from error


def _do(x: XClient, action: Action, call: Callable[[], requests.Response]) -> None:
    try:
        data = (json_object(call()) or {}).get("data")
    except CallFailed as failure:
        raise _act_error(x, failure) from failure
    if not isinstance(data, Mapping) or not isinstance(data.get(_DONE[action]), bool):
        raise ChannelProtocolError("X did not say whether it did what was asked; it is tried again.")


def _act_error(x: XClient, failure: CallFailed) -> ChannelError:
    """Doing it twice is as doing it once, so an unknown outcome is only tried again."""
    if failure.status is None or failure.may_have_landed:
        return x.explain.read_error(failure)
    return x.explain.refused(x.explain.listen(failure), ACTING)


# --- reading back ---------------------------------------------------------------------------------


def _posts_back(x: XClient, reply: Reply, earliest: datetime) -> list[Mention]:
    token, found = None, []
    for _ in range(_READ_BACK_PAGES):
        payload = x.ask(
            x.api.get_users_tweets,
            x.ours,
            user_auth=True,
            max_results=100,
            start_time=earliest,
            pagination_token=token,
            **FIELDS,
        )
        page = read_page(payload, ours=x.ours, web=x.web)
        fresh = [one for one in page.mentions if one.posted_at >= earliest]
        found += [one for one in fresh if answers(one.raw, reply, ours=x.ours)]
        token = page.next_token
        if not token:
            return found
    raise ChannelUnavailable("Our timeline on X is too long to say whether the reply stands there.")


def _messages_back(x: XClient, reply: Reply, earliest: datetime) -> list[Mention]:
    token, found, where = None, [], _conversation(reply)
    for _ in range(_READ_BACK_PAGES):
        payload = x.ask(
            x.api.get_direct_message_events,
            user_auth=True,
            max_results=100,
            pagination_token=token,
            **where,
            **MESSAGE_FIELDS,
        )
        page = read_messages(payload, ours=x.ours, web=x.web)
        found += [one for one in page.mentions if is_answer(one, reply, since=earliest)]
        token = page.next_token
        if not token or any(one.posted_at < earliest for one in page.mentions):
            return found
    raise ChannelUnavailable("The conversation on X is too long to say whether the message stands there.")
