"""Answering on Instagram: comments, mentions, private replies and messages, and reading back what was posted."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from webcare.channels.base import Permission, ReplyTarget
from webcare.channels.graph_inbox import Inbox
from webcare.channels.graph_rules import Windows
from webcare.channels.graph_transport import GraphTransport, items_of, next_token, posted_id, step
from webcare.channels.instagram_posts import COMMENT, COMMENT_FIELDS, MEDIA, WEB, Us, answers
from webcare.channels.instagram_reading import AccountReading
from webcare.channels.instagram_refusals import WRITES
from webcare.channels.wording import clean, identifier, parse_moment
from webcare.domain import MentionKind, Posted, Reply, ReplyWay
from webcare.errors import ChannelUnavailable, ReplyRejected

COMMENT_LIMIT = 2200
MESSAGE_BYTES = 1000
_READ_BACK_PAGES = 10
_SKEW = timedelta(seconds=30)


class AccountReplies:
    """Everything one account says."""

    def __init__(self, graph: GraphTransport, us: Us, reading: AccountReading, inbox: Inbox, windows: Windows) -> None:
        self._graph = graph
        self._us = us
        self._reading = reading
        self._inbox = inbox
        self._windows = windows

    # --- before ---------------------------------------------------------------------------------------

    def may(self, target: ReplyTarget, way: ReplyWay, missing: Collection[str]) -> Permission:
        """Say no where Instagram is known to refuse, without asking it."""
        direct = target.kind is MentionKind.DIRECT_MESSAGE
        url = clean(target.raw.get("permalink")) or (f"{WEB}/direct/inbox/" if direct else WEB)
        if target.gone:
            return Permission(False, "This is no longer on Instagram.", url)
        if direct:
            return self._windows.conversation(target, self._graph.now(), missing, url)
        elsewhere = target.external_id.startswith((MEDIA, COMMENT))
        if way is ReplyWay.PRIVATE:
            if elsewhere:
                why = "Instagram takes private replies only to comments under our own pictures."
                return Permission(False, why, url)
            return self._windows.private_reply(target, self._graph.now(), missing, url)
        return self._may_comment(target, missing, url)

    def _may_comment(self, target: ReplyTarget, missing: Collection[str], url: str) -> Permission:
        if WRITES[0] in missing:
            return Permission(False, f"The token may not comment; it lacks {WRITES[0]}.", url)
        if target.raw.get("hidden") is True:
            return Permission(False, "Instagram takes no answers to a hidden comment; show it again first.", url)
        if target.external_id.startswith(MEDIA) and not self._us.named_in(clean(target.raw.get("caption"))):
            why = "We are marked on this picture, not named in its caption; Instagram takes an answer by hand only."
            return Permission(False, why, url)
        return Permission(True)

    # --- posting --------------------------------------------------------------------------------------

    def send(self, reply: Reply) -> Posted:
        """Post once. Raises ChannelError; OutcomeUnknown whenever it may stand there."""
        if reply.attachments:
            raise ReplyRejected("Attachments cannot be sent to Instagram here yet.")
        if reply.kind is MentionKind.DIRECT_MESSAGE:
            return self._inbox.answer(reply, self._windows)
        if reply.way is ReplyWay.PRIVATE:
            if reply.target_id.startswith((MEDIA, COMMENT)):
                raise ReplyRejected("Instagram takes private replies only to comments under our own pictures.")
            return self._inbox.send_about(reply, {"comment_id": reply.target_id})
        answer = self._graph.post(*self._comment(reply))
        return Posted(posted_id(answer, "id", "Instagram"), self._graph.answered_at(), WEB)

    def _comment(self, reply: Reply) -> tuple[str, dict[str, str]]:
        """Where and what to post: answers join the top comment, mentions have a place of their own."""
        mentions = f"{step(self._us.id)}/mentions"
        if reply.target_id.startswith(MEDIA):
            return mentions, {"media_id": reply.target_id.removeprefix(MEDIA), "message": reply.text}
        if reply.target_id.startswith(COMMENT):
            ids = {"comment_id": reply.target_id.removeprefix(COMMENT), "media_id": reply.thread_id.removeprefix(MEDIA)}
            return mentions, {**ids, "message": reply.text}
        return f"{step(reply.thread_id)}/replies", {"message": reply.text}

    # --- after ----------------------------------------------------------------------------------------

    def verify(self, reply: Reply, since: datetime) -> tuple[Posted, ...]:
        """Read back what stands there of `reply`, oldest first. Raises ChannelError when it cannot be said."""
        if reply.kind is MentionKind.DIRECT_MESSAGE:
            return self._inbox.verify(reply, since, reply.thread_id)
        if reply.way is ReplyWay.PRIVATE:
            thread_id = self._inbox.with_person(reply.to_id) if reply.to_id else ""
            return self._inbox.verify(reply, since, thread_id) if thread_id else ()
        if reply.target_id.startswith((MEDIA, COMMENT)):
            return _matching(self._under_mention(reply), reply, self._us, since)
        found: list[Any] = []
        token = ""
        for _ in range(_READ_BACK_PAGES):
            payload = self._reading.answers_page(reply.thread_id, token)
            found += items_of(payload)
            if not (token := next_token(payload)):
                return _matching(found, reply, self._us, since)
        raise ChannelUnavailable("The thread on Instagram is too long to say whether the reply stands there.")

    def _under_mention(self, reply: Reply) -> list[Any]:
        """The comments where a mention is answered, as far as Instagram shows them. Raises ChannelError."""
        number = reply.target_id.partition(":")[2]
        if reply.target_id.startswith(MEDIA):
            fields = f"mentioned_media.media_id({number}){{comments.limit(50){{{COMMENT_FIELDS}}}}}"
            path = ("mentioned_media", "comments")
        else:
            fields = f"mentioned_comment.comment_id({number}){{replies.limit(50){{{COMMENT_FIELDS}}}}}"
            path = ("mentioned_comment", "replies")
        payload: Any = self._graph.get(step(self._us.id), fields=fields)
        for name in path:
            payload = payload.get(name) if isinstance(payload, Mapping) else None
        return items_of(payload) if isinstance(payload, Mapping) else []


def _matching(comments: list[Any], reply: Reply, us: Us, since: datetime) -> tuple[Posted, ...]:
    ours = []
    for one in comments:
        if answers(one, reply, us) and (at := _at(one)) is not None and at >= since - _SKEW:
            ours.append(Posted(identifier(one.get("id")), at, WEB))
    return tuple(sorted(ours, key=lambda one: one.posted_at))


def _at(comment: Mapping[str, Any]) -> datetime | None:
    try:
        return parse_moment(comment.get("timestamp"))
    except ValueError:
        return None
