"""Answering on a Facebook page: comments, private replies and messages, and reading back what was posted."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from webcare.channels.base import Permission, ReplyTarget
from webcare.channels.facebook_posts import NO_STORY, WEB, answers
from webcare.channels.facebook_reading import PageReading
from webcare.channels.facebook_refusals import WRITES
from webcare.channels.graph_inbox import Inbox
from webcare.channels.graph_rules import Windows
from webcare.channels.graph_transport import GraphTransport, items_of, next_token, posted_id, step
from webcare.channels.wording import clean, identifier, parse_moment
from webcare.domain import MentionKind, Posted, Reply, ReplyWay
from webcare.errors import ChannelUnavailable, ReplyRejected, TargetGone

log = logging.getLogger(__name__)

COMMENT_LIMIT, MESSAGE_LIMIT = 8000, 2000
_READ_BACK_PAGES = 10
_SKEW = timedelta(seconds=30)
_NO_REVIEW = "Facebook lets nobody answer this review from outside."


class PageReplies:
    """Everything one page says."""

    def __init__(self, graph: GraphTransport, page_id: str, reading: PageReading, inbox: Inbox, windows: Windows):
        self._graph = graph
        self._page_id = page_id
        self._reading = reading
        self._inbox = inbox
        self._windows = windows

    # --- before ---------------------------------------------------------------------------------------

    def may(self, target: ReplyTarget, way: ReplyWay, missing: Collection[str]) -> Permission:
        """Say no where Facebook is known to refuse, without asking it."""
        url = self._url(target)
        if target.gone:
            return Permission(False, "This is no longer on Facebook.", url)
        if target.kind is MentionKind.DIRECT_MESSAGE:
            return self._windows.conversation(target, self._graph.now(), missing, url)
        if target.external_id.startswith(NO_STORY):
            return Permission(False, _NO_REVIEW, url)
        if way is ReplyWay.PRIVATE:
            if target.kind is MentionKind.REVIEW:
                return Permission(False, "Facebook takes no private replies to reviews.", url)
            return self._windows.private_reply(target, self._graph.now(), missing, url)
        return self._may_comment(target, missing, url)

    def _may_comment(self, target: ReplyTarget, missing: Collection[str], url: str) -> Permission:
        if WRITES[0] in missing:
            return Permission(False, f"The token may not comment; it lacks {WRITES[0]}.", url)
        if target.raw.get("can_comment") is False:
            return Permission(False, "Facebook does not let the page comment here.", url)
        if target.raw.get("is_hidden") is True:
            return Permission(True, "This is hidden: only its author and their friends will see an answer.")
        return Permission(True)

    def _url(self, target: ReplyTarget) -> str:
        """Where a person answers by hand."""
        if target.kind is MentionKind.DIRECT_MESSAGE:
            about = target.raw.get("conversation")
            return self._inbox.url(about if isinstance(about, Mapping) else {})
        if target.external_id.startswith(NO_STORY):
            return f"{WEB}/{self._page_id}/reviews"
        return clean(target.raw.get("permalink_url")) or f"{WEB}/{target.external_id}"

    # --- posting --------------------------------------------------------------------------------------

    def send(self, reply: Reply) -> Posted:
        """Post once. Raises ChannelError; OutcomeUnknown whenever it may stand there."""
        if reply.attachments:
            raise ReplyRejected("Attachments cannot be sent to Facebook here yet.")
        if reply.kind is MentionKind.DIRECT_MESSAGE:
            return self._inbox.answer(reply, self._windows)
        if reply.target_id.startswith(NO_STORY):
            raise ReplyRejected(_NO_REVIEW)
        if reply.way is ReplyWay.PRIVATE:
            return self._inbox.send_about(reply, self._recipient(reply.target_id))
        answer = self._graph.post(f"{step(reply.target_id)}/comments", {"message": reply.text})
        external_id = posted_id(answer, "id", "Facebook")
        return Posted(external_id, self._graph.answered_at(), f"{WEB}/{external_id}")

    def _recipient(self, target_id: str) -> dict[str, str]:
        """A post on the page has the page's id before the line; anything else that can be answered is a comment."""
        return {"post_id" if target_id.startswith(f"{self._page_id}_") else "comment_id": target_id}

    # --- after ----------------------------------------------------------------------------------------

    def verify(self, reply: Reply, since: datetime) -> tuple[Posted, ...]:
        """Read back what stands there of `reply`, oldest first. Raises ChannelError when it cannot be said."""
        if reply.kind is MentionKind.DIRECT_MESSAGE:
            return self._inbox.verify(reply, since, reply.thread_id)
        if reply.way is ReplyWay.PRIVATE:
            thread_id = self._private_thread(reply)
            return self._inbox.verify(reply, since, thread_id) if thread_id else ()
        return self._verify_comment(reply, since)

    def _private_thread(self, reply: Reply) -> str:
        """The conversation a private reply went into, empty where there is none. Raises ChannelError."""
        if "comment_id" in self._recipient(reply.target_id):
            about = self._graph.get(step(reply.target_id), fields="private_reply_conversation")
            found = about.get("private_reply_conversation")
            if isinstance(found, Mapping) and found.get("id"):
                return str(found["id"])
        return self._inbox.with_person(reply.to_id) if reply.to_id else ""

    def _verify_comment(self, reply: Reply, since: datetime) -> tuple[Posted, ...]:
        earliest, token = since - _SKEW, ""
        found: list[tuple[datetime, Any]] = []
        under = self._under(reply)
        for _ in range(_READ_BACK_PAGES):
            payload = self._reading.comments_page(reply.thread_id, 100, token)
            dated = _dated(items_of(payload))
            found += [(at, one) for at, one in dated if at >= earliest]
            token = next_token(payload)
            if not token or (dated and dated[-1][0] < earliest):
                break
        else:
            raise ChannelUnavailable("The thread on Facebook is too long to say whether the reply stands there.")
        matches = [pair for pair in found if answers(pair[1], reply, page_id=self._page_id, under=under)]
        return tuple(_posted(one, at) for at, one in sorted(matches, key=lambda pair: pair[0]))

    def _under(self, reply: Reply) -> frozenset[str]:
        """What our answer may stand under: Facebook has two levels, so an answer to an answer joins the first one."""
        if reply.target_id == reply.thread_id:
            return frozenset((reply.target_id, ""))
        try:
            parent = self._graph.get(step(reply.target_id), fields="parent{id}").get("parent")
        except TargetGone:
            return frozenset((reply.target_id, reply.thread_id))
        above = parent.get("id") if isinstance(parent, Mapping) else None
        return frozenset((reply.target_id, str(above))) if above else frozenset((reply.target_id,))


def _dated(comments: Iterable[Any]) -> list[tuple[datetime, Any]]:
    dated = []
    for one in comments:
        try:
            dated.append((parse_moment(one.get("created_time")), one))
        except (ValueError, AttributeError):
            log.info("a comment without a date was passed over while looking for a reply of ours")
    return dated


def _posted(comment: Mapping[str, Any], at: datetime) -> Posted:
    external_id = identifier(comment.get("id"))
    return Posted(external_id, at, clean(comment.get("permalink_url")) or f"{WEB}/{external_id}")
